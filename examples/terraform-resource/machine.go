package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paperspace-go/paperspace"
)

// Config is what the user wrote: the machine as it shall be.
type Config struct {
	Name        string
	MachineType string
	DiskSize    int // in GB
	Running     bool
	TemplateID  string            // cannot be changed: another one is another machine
	Region      paperspace.Region // likewise
}

// State is what is remembered of the machine from one run to the next.
type State struct {
	ID          string
	Name        string
	MachineType string
	DiskSize    int // in GB
	Running     bool
	PublicIP    string
	EventID     string // of an operation that has begun and whose end was not seen
}

// Save stores a state so that it outlives the process. Terraform's own Create and Update can do so only as they return;
// they set the state that was saved last, whether there is an error or not.
type Save func(State) error

// ErrExists is a name that another machine has already.
var ErrExists = errors.New("a machine of this name exists already: import it, or choose another name")

// Machine keeps one machine as its Config wants it.
type Machine struct{ Client *paperspace.Client }

// Create rents the machine. Its id is saved before anything is waited for, so that an interrupted run strands nothing.
//
// The API has no idempotency key, so the name stands in for one: it must be free before, and what has it after a create
// whose outcome is unknown is ours.
func (r Machine) Create(ctx context.Context, config Config, save Save) error {
	switch _, err := r.Client.Machines.GetByName(ctx, config.Name); {
	case err == nil:
		return fmt.Errorf("%w: %q", ErrExists, config.Name)
	case !errors.Is(err, paperspace.ErrNotFound):
		return err
	}
	var state State
	op, err := r.Client.Machines.Create(ctx, paperspace.MachineCreateParams{
		Name: config.Name, MachineType: config.MachineType, DiskSize: config.DiskSize,
		TemplateID: config.TemplateID, Region: config.Region, StartOnCreate: new(config.Running),
	})
	switch {
	case err == nil:
		state = State{ID: op.Data.ID, EventID: eventID(op)}
	case errors.Is(err, paperspace.ErrOutcomeUnknown):
		m, lookErr := r.look(ctx, config.Name)
		if lookErr != nil {
			return errors.Join(err, lookErr)
		}
		state = State{ID: m.ID}
	default:
		return err
	}
	if err := save(state); err != nil {
		return fmt.Errorf("machine %s was created, but not remembered: %w", state.ID, err)
	}
	if op != nil {
		if _, err := op.Wait(ctx); err != nil {
			return err
		}
	}
	return r.finish(ctx, state.ID, config, save)
}

// look finds the machine that a lost create may have made. A new machine may take a while to show. The context may have
// ended with the create, so the search, of about half a minute, is not bound to it.
func (r Machine) look(ctx context.Context, name string) (*paperspace.Machine, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	const tries, pause = 6, 5 * time.Second
	for try := 1; ; try++ {
		m, err := r.Client.Machines.GetByName(ctx, name)
		if !errors.Is(err, paperspace.ErrNotFound) || try == tries {
			return m, err
		}
		time.Sleep(pause)
	}
}

// Read returns the state as it is now; false says that the machine is gone. That is the API's own word only: any other
// failure is an error, since what is taken for gone is created again.
func (r Machine) Read(ctx context.Context, state State) (now State, ok bool, err error) {
	m, err := r.Client.Machines.Get(ctx, state.ID)
	switch {
	case err == nil:
		return observe(m, state.EventID), true, nil
	case !errors.Is(err, paperspace.ErrNotFound):
		return state, true, err
	case state.EventID == "":
		return State{}, false, nil
	}
	// It may be too new to be seen.
	event, err := r.Client.MachineEvents.Get(ctx, state.EventID)
	switch {
	case errors.Is(err, paperspace.ErrNotFound), err == nil && event.Finished():
		return State{}, false, nil
	default:
		return state, true, err
	}
}

// Update brings the machine to what the config wants, after the end of what an interrupted run began.
func (r Machine) Update(ctx context.Context, state State, config Config, save Save) error {
	if state.EventID != "" {
		_, err := r.Client.MachineEvents.Wait(ctx, []string{state.EventID})
		if _, failed := errors.AsType[*paperspace.EventError](err); err != nil && !failed {
			return err
		}
	}
	var change paperspace.MachineUpdateParams
	if state.Name != config.Name {
		change.Name = new(config.Name)
	}
	if state.MachineType != config.MachineType {
		change.MachineType = new(config.MachineType)
	}
	if state.DiskSize != config.DiskSize {
		change.DiskSize = new(config.DiskSize)
	}
	if change.MachineType != nil || change.DiskSize != nil {
		if _, err := r.Client.Machines.EnsureOff(ctx, state.ID); err != nil {
			return err
		}
	}
	if change.Name != nil || change.MachineType != nil || change.DiskSize != nil {
		op, err := r.Client.Machines.Update(ctx, state.ID, change)
		if err != nil {
			return err // if its outcome is unknown, the next Read tells it
		}
		state.EventID = eventID(op)
		if err := save(state); err != nil {
			return err
		}
		if _, err := op.Wait(ctx); err != nil {
			return err
		}
	}
	return r.finish(ctx, state.ID, config, save)
}

// finish has the machine run or not, as the config wants it, and saves what it then is.
func (r Machine) finish(ctx context.Context, id string, config Config, save Save) error {
	ensure := r.Client.Machines.EnsureOff
	if config.Running {
		ensure = r.Client.Machines.EnsureReady
	}
	m, err := ensure(ctx, id)
	if err != nil {
		return err
	}
	return save(observe(m, ""))
}

// Delete deletes the machine and waits until it is gone. One that is gone already is no error.
func (r Machine) Delete(ctx context.Context, state State) error {
	op, err := r.Client.Machines.Delete(ctx, state.ID)
	switch {
	case err == nil:
		_, err = op.Wait(ctx)
		return err
	case errors.Is(err, paperspace.ErrOutcomeUnknown):
		if goneErr := r.Client.Machines.WaitUntilDeleted(ctx, state.ID); goneErr != nil {
			return errors.Join(err, goneErr)
		}
		return nil
	case errors.Is(err, paperspace.ErrNotFound):
		return nil
	}
	return err
}

// observe is the state of a machine. An event stays pending until its end was seen.
func observe(m *paperspace.Machine, eventID string) State {
	const gb = 1 << 30
	return State{
		ID: m.ID, Name: m.Name, MachineType: m.MachineType, DiskSize: int(m.StorageTotal / gb),
		Running: m.State != paperspace.MachineStateOff, PublicIP: m.PublicIP, EventID: eventID,
	}
}

func eventID(op *paperspace.Operation[paperspace.Machine]) string {
	if op.Event == nil {
		return ""
	}
	return op.Event.ID
}
