package paperspace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// EnsureReady makes the machine ready; it is [MachinesService.EnsureState] with [MachineStateReady].
//
// Calls machineEvents-list, machines-get, machines-start and machineEvents-get.
func (s *MachinesService) EnsureReady(ctx context.Context, id string, opts ...WaitOption) (*Machine, error) {
	return s.EnsureState(ctx, id, MachineStateReady, opts...)
}

// EnsureOff turns the machine off; it is [MachinesService.EnsureState] with [MachineStateOff].
//
// Calls machineEvents-list, machines-get, machines-stop and machineEvents-get.
func (s *MachinesService) EnsureOff(ctx context.Context, id string, opts ...WaitOption) (*Machine, error) {
	return s.EnsureState(ctx, id, MachineStateOff, opts...)
}

// EnsureState brings the machine into a state, [MachineStateReady] or [MachineStateOff], with as little as possible: a
// machine in that state is left alone, one on its way there is waited for, and any other is started or stopped once,
// after its unfinished events have ended. Time limit and errors are those of [MachinesService.WaitForState]. A start or
// stop that the service refuses, or that fails, is returned as an error. So is one that a later event has undone, such as
// the stop of another caller; the error is then a [*WaitError]. If the response is lost, EnsureState polls for a minute to
// see whether the machine starts or stops.
//
// Calls machineEvents-list, machines-get, machines-start or machines-stop, and machineEvents-get.
func (s *MachinesService) EnsureState(ctx context.Context, id string, state MachineState, opts ...WaitOption) (*Machine, error) {
	w, err := s.wait(ctx, id, machinesGet, eventsKind, opts)
	if err != nil {
		return nil, err
	}
	defer w.end()
	if state != MachineStateReady && state != MachineStateOff {
		return nil, machinesGet.paramError("state", "must be ready or off")
	}
	return w.ensure(state)
}

// ensure brings the machine into a state, ready or off.
func (w *machineWait) ensure(wanted MachineState) (*Machine, error) {
	act := w.client.Machines.Start
	if wanted == MachineStateOff {
		act = w.client.Machines.Stop
	}
	if err := w.settle(wanted); err != nil {
		return nil, err
	}
	m, err := w.until(wanted, opposite(wanted))
	if err != nil || m.State == wanted {
		return m, err
	}
	if w.hasFailed() {
		return m, &EventError{*w.failed}
	}
	op, refusal := act(w.ctx, w.target.id)
	w.forgiving = true
	if refusal != nil {
		if w.ctx.Err() != nil || !mayHaveChanged(refusal) {
			return nil, w.failedCall(refusal, w.target)
		}
		// Another caller may have been faster, or our own call may have been carried out after all.
		if err := w.settle(wanted); err != nil {
			return nil, join(refusal, err)
		}
		var patience time.Duration
		if errors.Is(refusal, ErrOutcomeUnknown) {
			patience = lostGrace // responses may lag
		}
		begun := time.Now()
		m, err = w.watch(func(m *Machine, _ bool) bool { return m.State != opposite(wanted) || time.Since(begun) >= patience })
		if err != nil || m.State == opposite(wanted) {
			return m, join(refusal, err)
		}
		return w.until(wanted)
	}
	if op.Event != nil {
		f := w.follow(*op.Event)
		if err := f.run(); err != nil {
			return nil, err
		}
		if failed := f.failures(); failed != nil {
			if m, err = w.once(); err == nil && m.State == wanted {
				return m, nil
			}
			return m, join(failed, err)
		}
		w.acted, w.lookedAt = op.Event.CreatedAt, time.Time{} // look at once unless the machine is in the wanted state
	}
	return w.until(wanted)
}

// mayHaveChanged reports whether a refused request may be due to the machine's state, and not to the caller.
func mayHaveChanged(err error) bool {
	e, ok := errors.AsType[*Error](err)
	for _, other := range []error{ErrUnauthorized, ErrForbidden, ErrNotFound, ErrTooManyRequests} {
		ok = ok && !errors.Is(err, other)
	}
	return ok && (e.OutcomeUnknown || e.StatusCode/100 == 4 || codes[e.Code].status/100 == 4)
}

// EnsureOption configures [MachinesService.EnsureCreated] and [MachinesService.FindOrCreate]. Every [RequestOption] and
// [WaitOption] is one, too.
type EnsureOption interface{ applyEnsure(*ensureConfig) error }

type ensureOption func(*ensureConfig) error

func (o ensureOption) applyEnsure(c *ensureConfig) error { return o(c) }

type ensureConfig struct {
	request       []RequestOption
	wait          []WaitOption
	match         func(Machine) bool
	searchTimeout time.Duration
}

func (c *ensureConfig) addRequestOption(o RequestOption) error {
	c.request = append(c.request, o)
	return nil
}

const defaultSearchTimeout = 5 * time.Minute

// WithMatch makes [MachinesService.EnsureCreated] and [MachinesService.FindOrCreate] consider only machines that match,
// such as those in one private network. The machine that the params describe must match. Some fields of a machine are
// empty while it is provisioned, so both wait until a machine that they find is provisioned before they call match.
func WithMatch(match func(Machine) bool) EnsureOption {
	return ensureOption(func(c *ensureConfig) error {
		if match == nil {
			return &ParamError{Field: "WithMatch", Reason: "is nil"}
		}
		c.match = match
		return nil
	})
}

// WithSearchTimeout sets how long [MachinesService.EnsureCreated] and [MachinesService.FindOrCreate] search for the
// machine of a create whose outcome is unknown. The default is 5 minutes.
func WithSearchTimeout(d time.Duration) EnsureOption {
	return ensureOption(func(c *ensureConfig) error {
		if d <= 0 {
			return &ParamError{Field: "WithSearchTimeout", Reason: "must be positive"}
		}
		c.searchTimeout = d
		return nil
	})
}

// EnsuredMachine is the result of [MachinesService.EnsureCreated] and [MachinesService.FindOrCreate].
type EnsuredMachine struct {
	Machine
	// Created reports whether this call created the machine, and did not find it.
	Created bool `json:"created"`
	// Operation is the create that this call sent. It is nil if the machine was found, or the response was lost.
	Operation *Operation[Machine] `json:"operation,omitzero"`
}

// EnsureCreated finds the machine that has the name of params, or creates it. If StartOnCreate is true, it then makes the
// machine ready, and starts one that it finds off. Otherwise it waits until the machine is ready or off, and leaves it in
// that state: it never stops a machine, which may be in use. Nothing else of a machine that it finds is changed or compared
// with params; [WithMatch] adds conditions. Several such machines are [ErrAmbiguous].
//
// The create is sent at most once. If its outcome is unknown, EnsureCreated searches for a new machine of the name, and
// continues with it. If there is none within [WithSearchTimeout], or more than one, the error matches
// [ErrOutcomeUnknown]; before you call EnsureCreated again, wait until the create cannot take effect any more.
//
// The service does not enforce unique names, so EnsureCreated cannot prevent duplicates if two callers create a machine
// of one name at the same time, or if the list does not show a machine yet that another call has just created. Use one
// caller for each name, or the module [github.com/paperspace-go/paperspace/temporal], which has one workflow for each
// name and continues it after a crash.
//
// Request options apply to the create. The time limit of the whole call is 45 minutes, unless an option or the context's
// deadline sets another. Beside an error, the machine is returned as last seen, if it is known.
//
// Calls machines-list, machines-create, and what [MachinesService.EnsureState] calls.
func (s *MachinesService) EnsureCreated(ctx context.Context, params MachineCreateParams, opts ...EnsureOption) (*EnsuredMachine, error) {
	c, err := s.creation(ctx, params, opts)
	if err != nil {
		return nil, err
	}
	defer c.end()
	var last *EnsuredMachine
	for {
		result, failed := c.findOrCreate()
		switch {
		case failed != nil:
			return nil, failed
		case result.Created:
			return c.follow(result)
		case last != nil && last.ID == result.ID: // it is gone, but still listed
			return last, err
		}
		if last, err = c.finish(result); !errors.Is(err, ErrNotFound) || c.ctx.Err() != nil {
			return last, err
		}
	}
}

// FindOrCreate finds the machine that has the name of params, or creates it, as [MachinesService.EnsureCreated] does, but
// neither waits until it is ready nor changes its state. It is for a program that stores the ID of the machine and the
// operation before it waits, or that does not wait: then use [Operation.Wait] and [MachinesService.EnsureState].
//
// A machine that is being deleted is found as well while it is listed. WithMatch is not called for the machine that the
// response to the create describes.
//
// Calls machines-list and machines-create, and with [WithMatch] also machines-get and machineEvents-list.
func (s *MachinesService) FindOrCreate(ctx context.Context, params MachineCreateParams, opts ...EnsureOption) (*EnsuredMachine, error) {
	c, err := s.creation(ctx, params, opts)
	if err != nil {
		return nil, err
	}
	defer c.end()
	return c.findOrCreate()
}

// creation begins a call of EnsureCreated or FindOrCreate. It checks the options before anything is sent.
func (s *MachinesService) creation(ctx context.Context, params MachineCreateParams, opts []EnsureOption) (*creation, error) {
	config := ensureConfig{searchTimeout: defaultSearchTimeout}
	for _, opt := range opts {
		if opt == nil {
			return nil, machinesCreate.paramError("opts", "contains a nil option")
		}
		if err := opt.applyEnsure(&config); err != nil {
			return nil, err
		}
	}
	r, err := machinesCreate.request(nil, &params, config.request) // to check them before the search
	if err == nil && r.options.prefetch {
		err = machinesCreate.paramError("WithPrefetch", "has no effect on this method, only on the All methods")
	}
	if err != nil {
		return nil, err
	}
	w, err := newWait(ctx, s.client, machinesCreate, nil, eventsKind, config.wait)
	if err != nil {
		return nil, err
	}
	return &creation{wait: w, params: params, config: config}, nil
}

// creation is one call of EnsureCreated or FindOrCreate.
type creation struct {
	*wait
	params MachineCreateParams
	config ensureConfig
	known  []string // the IDs of all machines that had the name before the create
}

// machinesByNameKind reads, by name, the listed machines with exactly that name.
var machinesByNameKind = &targetKind{read: func(ctx context.Context, c *Client, name string, opts ...RequestOption) (any, error) {
	var found []Machine
	// Oldest first: a machine that is created meanwhile is then on a later page.
	params := MachineListParams{Name: name, ListParams: ListParams{OrderBy: OrderByCreatedAt, Order: OrderAsc}}
	for m, err := range c.Machines.All(ctx, params, opts...) {
		if err != nil {
			return nil, err
		}
		isKnown := slices.ContainsFunc(found, func(other Machine) bool { return other.ID == m.ID })
		if m.Name == name && m.DeletedAt.IsZero() && !isKnown {
			found = append(found, m)
		}
	}
	return found, nil
}}

// find returns the machine with the name that matches, or none. It records which machines have the name.
func (c *creation) find() ([]Machine, error) {
	listed, err := c.search(0, func(Machine) bool { return true })
	if err != nil {
		return nil, err
	}
	c.known = nil
	for _, m := range listed {
		c.known = append(c.known, m.ID)
	}
	return c.single(listed)
}

// search returns the listed machines with the name that are wanted. With a limit, it polls until there is one. If the
// limit is reached first, it returns none, and the error of the last poll if that failed.
func (c *creation) search(limit time.Duration, wanted func(Machine) bool) ([]Machine, error) {
	var opts []WaitOption
	if limit > 0 {
		opts = append(opts, WithWaitTimeout(limit))
	}
	w, err := newWait(c.ctx, c.client, machinesList, nil, waitKind{endless: true}, opts)
	if err != nil {
		return nil, err
	}
	defer w.end()
	w.caller, w.begun = c.caller, c.begun // for the error
	w.start(target{kind: machinesByNameKind, id: c.params.Name})
	for {
		_, r, err := w.next()
		switch {
		case err != nil && c.ctx.Err() == nil: // the limit
			return nil, w.lastPoll(nil)
		case err != nil:
			return nil, w.broken(err)
		case r.err != nil:
			return nil, c.failedCall(r.err)
		}
		found := slices.Clone(r.value.([]Machine))
		if found = slices.DeleteFunc(found, func(m Machine) bool { return !wanted(m) }); len(found) > 0 || limit == 0 {
			return found, nil
		}
	}
}

// single returns the machine that matches, or none. Several are ErrAmbiguous.
func (c *creation) single(machines []Machine) ([]Machine, error) {
	var matching []Machine
	var ids []string
	for _, m := range machines {
		if c.config.match != nil && m.State == MachineStateProvisioning {
			w := c.machine(m.ID)
			w.wanted = MachineStateReady
			provisioned, err := w.watch(func(m *Machine, _ bool) bool { return m.State != MachineStateProvisioning })
			switch {
			case err == nil:
				m = *provisioned
			case errors.Is(err, ErrNotFound) && c.ctx.Err() == nil:
				continue
			default:
				return nil, err
			}
		}
		if c.config.match == nil || c.config.match(*clone(&m)) {
			matching, ids = append(matching, m), append(ids, m.ID)
		}
	}
	if len(ids) > 1 {
		return nil, fmt.Errorf("%w: %s: the name %q belongs to several machines: %q", ErrAmbiguous, machinesList.id, c.params.Name, ids)
	}
	return matching, nil
}

// findOrCreate returns the machine with the name that matches. If there is none, it creates the machine, and searches for
// it if the outcome of that is unknown.
func (c *creation) findOrCreate() (*EnsuredMachine, error) {
	found, err := c.find()
	switch {
	case err != nil:
		return nil, err
	case len(found) > 0:
		return &EnsuredMachine{Machine: *clone(&found[0])}, nil
	}
	op, unknown := c.client.Machines.Create(c.ctx, c.params, c.config.request...)
	switch {
	case unknown == nil:
		return &EnsuredMachine{Machine: *clone(&op.Data), Created: true, Operation: op}, nil
	case !errors.Is(unknown, ErrOutcomeUnknown) || c.ctx.Err() != nil:
		return nil, c.failedCall(unknown)
	}
	found, err = c.search(c.config.searchTimeout, func(m Machine) bool { return !slices.Contains(c.known, m.ID) })
	if err == nil {
		found, err = c.single(found)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w; the search for the machine failed: %w", unknown, err)
	case len(found) == 0:
		return nil, fmt.Errorf("%w; found no new machine named %q within %s", unknown, c.params.Name, c.config.searchTimeout)
	}
	return &EnsuredMachine{Machine: *clone(&found[0]), Created: true}, nil
}

// follow waits for the operation of the create, if it is known, and then finishes it.
func (c *creation) follow(created *EnsuredMachine) (*EnsuredMachine, error) {
	op := created.Operation
	if op == nil || op.Event == nil {
		return c.finish(created)
	}
	w := c.machine(created.ID)
	f := w.follow(*op.Event)
	if err := f.run(); err != nil {
		return created, err
	}
	failed := f.failures()
	if failed == nil {
		return c.finish(created)
	}
	m, err := w.once()
	if m != nil {
		created.Machine = *m
	}
	if err == nil && c.isDone(m.State) {
		return created, nil
	}
	return created, join(failed, err)
}

// starts reports whether the machine is to be started.
func (c *creation) starts() bool { return c.params.StartOnCreate != nil && *c.params.StartOnCreate }

// isDone reports whether a machine in this state needs nothing more.
func (c *creation) isDone(state MachineState) bool {
	return state == MachineStateReady || state == MachineStateOff && !c.starts()
}

// finish makes a machine ready if it is to be started, and otherwise waits until it is ready or off.
func (c *creation) finish(result *EnsuredMachine) (*EnsuredMachine, error) {
	w := c.machine(result.ID)
	var m *Machine
	var err error
	if c.starts() {
		m, err = w.ensure(MachineStateReady)
	} else if err = w.settle(MachineStateReady); err == nil {
		m, err = w.until(MachineStateReady, MachineStateOff)
	}
	if m != nil {
		result.Machine = *m
	}
	if err == nil && result.Created && c.config.match != nil && !c.config.match(*clone(m)) {
		err = machinesCreate.paramError("WithMatch", "does not match the machine that was created, "+m.ID)
	}
	return result, err
}

func (c *creation) machine(id string) *machineWait {
	c.machineID = id
	return &machineWait{wait: c.wait, target: target{kind: machineKind, id: id}}
}

// lostGrace is how long to poll for the effect of a start, stop or delete whose outcome is unknown.
const lostGrace = time.Minute

// untilWaitEnds makes untilGone poll until the wait itself ends.
const untilWaitEnds time.Duration = 1<<63 - 1

// EnsureDeleted deletes the machine, and waits until its operation has ended and the machine is gone. It succeeds if the
// machine is gone already, or if the response to the delete is lost but the machine is then gone. If the service refuses
// the delete, EnsureDeleted sends it once more after the machine's unfinished events have ended. A delete that fails is
// an [*EventError]. The time limit is 10 minutes, unless an option or the context's deadline sets another.
//
// Calls machines-delete, machineEvents-get, machineEvents-list and machines-get, or machines-list when several waits run.
func (s *MachinesService) EnsureDeleted(ctx context.Context, id string, opts ...WaitOption) error {
	w, err := s.wait(ctx, id, machinesDelete, waitKind{options: []string{"WithOnChange", "WithSilentErrorsAsDone"}}, opts)
	if err != nil {
		return err
	}
	defer w.end()
	remove := func() (settled bool, err error) {
		op, err := s.Delete(w.ctx, id)
		if err == nil && op.Event != nil {
			f := w.follow(*op.Event)
			f.deleted = w.target
			if err = f.run(); err == nil {
				err = f.failures()
			}
			return false, err
		}
		if err == nil || w.ctx.Err() != nil || !mayHaveChanged(err) {
			return false, err
		}
		// The deletion may be in progress, or another event may prevent it.
		w.config.grace = 0 // the events of a deleted machine may be gone as well
		if failed := w.settle(""); failed != nil && !errors.Is(failed, ErrNotFound) {
			return false, join(err, failed)
		}
		return true, err
	}
	return w.ensureGone(w.target, remove, w.untilGone)
}

// EnsureDeleted deletes the deployment, and waits until it is gone. It succeeds if the deployment is gone already, or if
// the response to the delete is lost but the deployment is then gone. The time limit is 30 minutes, unless an option or
// the context's deadline sets another.
//
// Calls deployments-delete and deployments-get.
func (s *DeploymentsService) EnsureDeleted(ctx context.Context, id string, opts ...WaitOption) error {
	w, err := newWait(ctx, s.client, deploymentsDelete, pathParams(id), waitKind{}, opts)
	if err != nil {
		return err
	}
	defer w.end()
	t := target{kind: deploymentKind, id: id}
	remove := func() (bool, error) { _, err := s.Delete(w.ctx, id); return false, err }
	return w.ensureGone(t, remove, func(patience time.Duration) (bool, error) {
		return w.pollUntilGone(t, patience, func(r reading) bool { return errors.Is(r.err, ErrNotFound) })
	})
}

// EnsureReleased releases the public IP, and waits until the team does not have it any more. It succeeds if the team does
// not have it, or if the response to the release is lost but the team then does not have it. The service refuses to
// release an address that is assigned to a machine: delete the machine or unassign the address first. The time limit is
// 30 minutes, unless an option or the context's deadline sets another.
//
// Calls publicIps-release and publicIps-list.
func (s *PublicIPsService) EnsureReleased(ctx context.Context, ip string, opts ...WaitOption) error {
	w, err := newWait(ctx, s.client, publicIPsRelease, pathParams(ip), waitKind{}, opts)
	if err != nil {
		return err
	}
	defer w.end()
	t := target{kind: publicIPKind, id: ip}
	remove := func() (bool, error) { _, err := s.Release(w.ctx, ip); return false, err }
	return w.ensureGone(t, remove, func(patience time.Duration) (bool, error) {
		return w.pollUntilGone(t, patience, func(r reading) bool { return r.err == nil && !r.value.(bool) })
	})
}

// publicIPKind reads, by IP, whether the team has a public IP.
var publicIPKind = &targetKind{read: func(ctx context.Context, c *Client, ip string, opts ...RequestOption) (any, error) {
	for found, err := range c.PublicIPs.All(ctx, PublicIPListParams{}, opts...) {
		if err != nil || found.IP == ip {
			return err == nil, err
		}
	}
	return false, nil
}}

// ensureGone deletes an object and waits until it is gone. It sends a second delete if the object is still there after
// the first one returned a 404, had an unknown outcome, or was refused and remove has waited for the events that may be
// why (settled). The function gone polls until the object is gone, or until it is still there after the given time.
func (w *wait) ensureGone(object target, remove func() (settled bool, err error), gone func(time.Duration) (bool, error)) error {
	for attempt := 1; ; attempt++ {
		settled, failed := remove()
		unknown := errors.Is(failed, ErrOutcomeUnknown)
		again := settled || unknown || errors.Is(failed, ErrNotFound)
		var patience time.Duration
		switch {
		case failed == nil:
			patience = untilWaitEnds
		case w.ctx.Err() != nil || !again && !errors.Is(failed, ErrEventFailed) && !errors.Is(failed, ErrEventCancelled):
			return w.failedCall(failed, object)
		case unknown:
			patience = lostGrace
		}
		switch isGone, err := gone(patience); {
		case isGone:
			return nil
		case err != nil:
			return join(failed, err)
		case attempt == 2 || !again:
			return failed
		}
	}
}

// untilGone polls until the machine is gone, or until a poll after the given time still finds it.
func (w *machineWait) untilGone(patience time.Duration) (gone bool, err error) {
	begun := time.Now()
	w.config.grace = 1 // a machine that the first poll does not find may be too new: tolerate one 404
	_, err = w.watch(func(*Machine, bool) bool {
		w.config.grace = 0
		return time.Since(begun) >= patience
	})
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	return false, err
}

// pollUntilGone polls for a target until isGone reports that a reading shows no object, or until a poll after the given
// time still finds it.
func (w *wait) pollUntilGone(t target, patience time.Duration, isGone func(reading) bool) (gone bool, err error) {
	begun := time.Now()
	w.start(t)
	defer w.finish(t)
	for polls, seen := 1, false; ; polls++ {
		_, r, err := w.next()
		switch {
		case err != nil:
			return false, w.broken(err, t)
		case isGone(r):
			if seen || polls > 1 { // one that the first poll does not find may be too new
				return true, nil
			}
		case r.err != nil:
			return false, w.broken(r.err, t)
		default:
			if seen = true; time.Since(begun) >= patience {
				return false, nil
			}
		}
	}
}
