package paperspace

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"
)

// machineKind is a machine, by its ID. One that the service still returns after it was deleted is not found.
var machineKind = &targetKind{machineList, func(ctx context.Context, c *Client, id string, opts ...RequestOption) (any, error) {
	m, err := c.Machines.Get(ctx, id, opts...)
	if err == nil && !m.DeletedAt.IsZero() {
		return nil, &Error{
			Endpoint: machinesGet.id, Method: machinesGet.method, PathTemplate: machinesGet.path, StatusCode: http.StatusOK,
			Code: "NOT_FOUND", Message: "the machine was deleted at " + m.DeletedAt.Format(time.RFC3339), Attempts: 1,
		}
	}
	return m, err
}}

// lookInterval is how often a wait for a machine checks its events for failures.
const lookInterval = time.Minute

// Watch yields a machine as it is now, and then each change that a poll sees. It has no default time limit. It ends
// with an error when the context ends or the API refuses a poll: with [ErrNotFound] when the machine is deleted, after
// the grace period of [WithNotFoundGrace]. When a create, start or restart fails with a reason, it yields the machine
// with an [*EventError] and ends.
//
// Calls machines-get, or machines-list when several waits run, and machineEvents-list once a minute.
func (s *MachinesService) Watch(ctx context.Context, id string, opts ...WaitOption) iter.Seq2[Machine, error] {
	begin := func() (*machineWait, error) { return s.wait(ctx, id, machinesGet, watchKind, opts) }
	return watch(begin, func(w *machineWait, yield func(Machine, error) bool) (Machine, error) {
		w.wanted = MachineStateReady
		m, err := w.watch(func(m *Machine, changed bool) bool { return changed && !yield(*clone(m), nil) })
		return *cmp.Or(m, new(Machine)), err
	})
}

// WaitForState waits until the unfinished events of a machine have ended, and then until the machine is in a state.
// Without the first step, a machine would still be ready right after a restart was accepted. An unfinished event that
// is an hour old by the clock of the service is stuck and is ignored. A state that a machine only passes through, such as
// [MachineStateStarting], is waited for without the first step, and may last too short for a poll to see it.
//
// The default time limit is 30 minutes; at the limit, the error matches [ErrWaitTimeout] and has the last state. When
// the newest event that could have led to the state has failed with a reason, WaitForState returns the machine and an
// [*EventError], and so it does if the create of a machine that is provisioning was cancelled. A machine that does not
// exist is [ErrNotFound], after the grace period of [WithNotFoundGrace]. A state that the API does not document is a
// [*ParamError], unless the machine is in that state.
//
// Calls machineEvents-list, machineEvents-get and machines-get, or machines-list when several waits run.
func (s *MachinesService) WaitForState(ctx context.Context, id string, state MachineState, opts ...WaitOption) (*Machine, error) {
	if state == "" {
		return nil, machinesGet.paramError("state", "is required")
	}
	w, err := s.wait(ctx, id, machinesGet, eventsKind, opts)
	if err != nil {
		return nil, err
	}
	defer w.end()
	if !state.Known() {
		if m, err := w.once(); err != nil || m.State != state {
			return nil, cmp.Or(err, machinesGet.paramError("state", "is not a state of the API, and the machine is not in it"))
		}
	}
	if w.wanted = state; state == MachineStateReady || state == MachineStateOff || !state.Known() {
		if err := w.settle(state); err != nil {
			return nil, err
		}
	}
	return w.until(state)
}

// WaitUntilDeleted waits until a machine does not exist any more. If the first poll does not find the machine, a second
// poll must not find it either, since the machine may be too new to be found. The default time limit is 10 minutes.
//
// Calls machines-get, or machines-list when several waits run.
func (s *MachinesService) WaitUntilDeleted(ctx context.Context, id string, opts ...WaitOption) error {
	w, err := s.wait(ctx, id, machinesDelete, waitKind{options: []string{"WithOnChange"}}, opts)
	if err != nil {
		return err
	}
	defer w.end()
	_, err = w.untilGone(untilWaitEnds)
	return err
}

// machineWait is a wait for one machine.
type machineWait struct {
	*wait
	outlook
	target   target
	latest   *Machine  // as of the last poll
	lookedAt time.Time // when the events were checked last
}

func (s *MachinesService) wait(ctx context.Context, id string, ep *endpoint, kind waitKind, opts []WaitOption) (*machineWait, error) {
	w, err := newWait(ctx, s.client, ep, pathParams(id), kind, opts)
	if err != nil {
		return nil, err
	}
	w.machineID = id
	return &machineWait{wait: w, target: target{kind: machineKind, id: id}, outlook: outlook{forgiving: kind.endless}}, nil
}

// settle waits until the machine's unfinished events have ended, and checks them for failures.
func (w *machineWait) settle(wanted MachineState) error {
	w.wanted = wanted
	r, err := w.read(target{kind: machineEventsKind, id: w.target.id})
	if err != nil {
		return err
	}
	events, f := slices.Clone(r.value.([]MachineEvent)), w.follow()
	for _, e := range slices.Backward(events) { // oldest first
		if !e.Finished() && !isStuck(e, r.at) {
			f.add(e)
		}
	}
	if err := f.run(); err != nil {
		return err
	}
	for i, e := range events {
		if followed := f.events[e.ID]; followed != nil {
			events[i] = followed.event
		}
	}
	w.look(events, r.at)
	w.lookedAt = time.Now()
	if w.failed != nil && f.events[w.failed.ID] != nil {
		w.oldFailed = ""
	}
	return nil
}

// until waits until the machine is in one of the states. If that has become impossible, it returns the machine and an
// error.
func (w *machineWait) until(states ...MachineState) (*Machine, error) {
	return w.watch(func(m *Machine, _ bool) bool { return slices.Contains(states, m.State) })
}

// once polls for the machine once.
func (w *machineWait) once() (*Machine, error) {
	return w.watch(func(*Machine, bool) bool { return true })
}

// watch polls for the machine until done reports true, or until the wanted state has become impossible.
func (w *machineWait) watch(done func(m *Machine, changed bool) bool) (*Machine, error) {
	events := target{kind: machineEventsKind, id: w.target.id}
	w.start(w.target)
	defer w.finish(w.target)
	defer w.finish(events)
	for {
		t, r, err := w.nextFor(w.target)
		switch {
		case err != nil:
			return nil, err
		case t == events:
			if w.finish(events); r.err == nil {
				w.look(r.value.([]MachineEvent), r.at)
				w.lookedAt = time.Now()
			}
		case t == w.target:
			m := r.value.(*Machine)
			changed := !equal(m, w.latest)
			if w.states[t] = string(m.State); changed {
				w.latest = clone(m)
				w.config.onChange(WaitUpdate{Machine: clone(m)})
			}
			if done(m, changed) {
				return clone(m), nil
			}
		}
		if w.latest != nil {
			switch failed, undoing := w.verdict(w.latest.State); {
			case failed != nil:
				return clone(w.latest), &EventError{*failed}
			case undoing != nil:
				return clone(w.latest), &WaitError{
					IDs: []string{w.target.id}, LastStates: map[string]string{w.target.id: string(w.latest.State)}, Waited: time.Since(w.begun),
					Err: fmt.Errorf("paperspace: a later event, %s (%s), has undone it", undoing.ID, undoing.Name),
				}
			}
		}
		if w.wanted != "" && time.Since(w.lookedAt) >= lookInterval {
			w.lookedAt = time.Now()
			w.start(events)
		}
	}
}
