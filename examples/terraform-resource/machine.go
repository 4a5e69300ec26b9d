package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paperspace-go/paperspace"
)

// Config is the desired state of the machine.
type Config struct {
	Name        string
	MachineType string
	DiskSize    int // in GB
	Running     bool
	TemplateID  string            // immutable: a change requires a new machine
	Region      paperspace.Region // immutable
}

// State is the saved state of the machine.
type State struct {
	ID          string
	Name        string
	MachineType string
	DiskSize    int // in GB
	Running     bool
	PublicIP    string
	EventID     string // of an unfinished operation
}

// Save persists a state. In Terraform, Create and Update can persist only when they return, so they set the last saved
// state, even on an error.
type Save func(State) error

// ErrExists is returned if another machine already has the name.
var ErrExists = errors.New("a machine with this name already exists: import it or choose another name")

// Machine manages one machine.
type Machine struct{ Client *paperspace.Client }

// Create creates the machine. It saves the id before it waits, so that an interrupted run leaves no machine behind.
//
// The API has no idempotency keys, so the name serves as one: no machine may have it before the create, and one that
// has it after a create with an unknown outcome is ours.
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
		m, findErr := r.find(ctx, config.Name)
		if findErr != nil {
			return errors.Join(err, findErr)
		}
		state = State{ID: m.ID}
	default:
		return err
	}
	if err := save(state); err != nil {
		return fmt.Errorf("machine %s was created but could not be saved: %w", state.ID, err)
	}
	if op != nil {
		if _, err := op.Wait(ctx); err != nil {
			return err
		}
	}
	return r.finish(ctx, state.ID, config, save)
}

// find finds the machine after a create with an unknown outcome. It retries for about half a minute, since a new
// machine may not be listed at once. It ignores the end of the context, which may have ended the create.
func (r Machine) find(ctx context.Context, name string) (*paperspace.Machine, error) {
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

// Read returns the current state and reports whether the machine exists. Only a response of the API means that it does
// not; every other failure is an error, because a machine reported as missing is created again.
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
	// A new machine may not be visible yet.
	event, err := r.Client.MachineEvents.Get(ctx, state.EventID)
	switch {
	case errors.Is(err, paperspace.ErrNotFound), err == nil && event.Finished():
		return State{}, false, nil
	default:
		return state, true, err
	}
}

// Update changes the machine to the config. It first waits for an operation that an interrupted run began.
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
			return err // if the outcome is unknown, the next Read resolves it
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

// finish turns the machine on or off, as the config wants, and saves the resulting state.
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

// Delete deletes the machine and waits until it does not exist. It is no error if it did not.
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

// observe returns the state of a machine with a pending event, if any.
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
