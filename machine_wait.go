package paperspace

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
)

// Watch yields the machine as it is now, and then at every change that a poll sees, until the consumer breaks off, the
// context ends or the service refuses to answer, which is then yielded as an error. A machine that is deleted ends it
// with [ErrNotFound], after the grace time of [WithNotFoundGrace]. It has no time limit of its own.
//
// Calls machines-get, or machines-list when many wait.
func (s *MachinesService) Watch(ctx context.Context, id string, opts ...WaitOption) iter.Seq2[Machine, error] {
	if _, err := machinesGet.expand(pathParams(id)); err != nil {
		return func(yield func(Machine, error) bool) { yield(Machine{}, err) }
	}
	return watch(ctx, s.client, machinesGet, target{machineKind, id}, opts, func(n news) (*Machine, string) {
		return n.machine, string(n.machine.State)
	})
}

// WaitForState waits until the machine's unfinished events have ended, however they end, and then until it is in the
// state. Without the first a machine would count as ready right after a restart was asked for. Events that are older
// than the wait is long are taken for stuck, and do not hold it up.
//
// It waits 30 minutes at most, unless an option or the context's deadline says otherwise; a machine that never got into
// the state is a [*WaitError] that matches [ErrWaitTimeout] and tells the last state. A machine that is not there, or
// no more, is [ErrNotFound], after the grace time of [WithNotFoundGrace].
//
// Calls machineEvents-list and machines-get, or machines-list when many wait.
func (s *MachinesService) WaitForState(ctx context.Context, id string, state MachineState, opts ...WaitOption) (*Machine, error) {
	if state == "" {
		return nil, machinesGet.paramError("state", "is required")
	}
	w, err := s.wait(ctx, id, machinesGet, waitKind{}, opts)
	if err != nil {
		return nil, err
	}
	defer w.end()
	if err := w.settle(); err != nil {
		return nil, err
	}
	return w.until(state)
}

// EnsureReady makes the machine ready with the least that is needed: one that is ready is left alone, one that is
// starting is waited for, one that is off is started, and one that is stopping is waited for and then started. It
// starts the machine once at most. Limits and errors are those of [MachinesService.WaitForState]; a start that the
// service refuses, or that fails, is returned as it is.
//
// Calls machineEvents-list, machines-get, machines-start and machineEvents-get.
func (s *MachinesService) EnsureReady(ctx context.Context, id string, opts ...WaitOption) (*Machine, error) {
	return s.ensure(ctx, id, MachineStateReady, MachineStateOff, s.Start, opts)
}

// EnsureOff turns the machine off with the least that is needed, as [MachinesService.EnsureReady] makes it ready.
//
// Calls machineEvents-list, machines-get, machines-stop and machineEvents-get.
func (s *MachinesService) EnsureOff(ctx context.Context, id string, opts ...WaitOption) (*Machine, error) {
	return s.ensure(ctx, id, MachineStateOff, MachineStateReady, s.Stop, opts)
}

// ensure brings a machine into one of two states; act leads there from the other one.
func (s *MachinesService) ensure(
	ctx context.Context, id string, wanted, opposite MachineState,
	act func(context.Context, string, ...RequestOption) (*Operation[Machine], error), opts []WaitOption,
) (*Machine, error) {
	w, err := s.wait(ctx, id, machinesGet, waitKind{}, opts)
	if err != nil {
		return nil, err
	}
	defer w.end()
	if err := w.settle(); err != nil {
		return nil, err
	}
	m, err := w.until(wanted, opposite)
	if err != nil || m.State == wanted {
		return m, err
	}
	op, refusal := act(w.ctx, id)
	if refusal != nil {
		if w.ctx.Err() != nil || !mayHaveChanged(refusal) {
			return nil, w.failedCall(refusal, w.target)
		}
		// Somebody else may have been quicker, or our own call may have been carried out after all.
		if err := w.settle(); err != nil {
			return nil, errors.Join(refusal, err)
		}
		if m, err = w.once(); err != nil || m.State == opposite {
			return m, errors.Join(refusal, err)
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
			return m, errors.Join(failed, err)
		}
	}
	return w.until(wanted)
}

// mayHaveChanged says whether a refused start or stop tells more of the machine's state than of the caller.
func mayHaveChanged(err error) bool {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok || endsAllWaits(err) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrTooManyRequests):
		return false
	}
	return e.OutcomeUnknown || e.StatusCode/100 == 4 || codes[e.Code].status/100 == 4
}

// WaitUntilDeleted waits until the service does not know the machine any more. It waits 10 minutes at most, unless an
// option or the context's deadline says otherwise.
//
// Calls machines-get, or machines-list when many wait.
func (s *MachinesService) WaitUntilDeleted(ctx context.Context, id string, opts ...WaitOption) error {
	w, err := s.wait(ctx, id, machinesDelete, waitKind{unused: []string{"WithNotFoundGrace", "WithSilentErrorsAsDone"}}, opts)
	if err != nil {
		return err
	}
	defer w.end()
	w.config.grace = 0
	if _, err = w.until(); errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// machineWait is a wait for one machine.
type machineWait struct {
	*wait
	target  target
	current *Machine // as the last poll saw it
}

func (s *MachinesService) wait(ctx context.Context, id string, ep *endpoint, kind waitKind, opts []WaitOption) (*machineWait, error) {
	if _, err := machinesGet.expand(pathParams(id)); err != nil {
		return nil, err
	}
	w, err := newWait(ctx, s.client, ep, kind, opts)
	if err != nil {
		return nil, err
	}
	return &machineWait{wait: w, target: target{machineKind, id}}, nil
}

// settle waits until the events have ended that the machine has now, but for those that are older than the wait may
// last.
func (w *machineWait) settle() error {
	t := target{machineEventsKind, w.target.id}
	deadline, _ := w.ctx.Deadline()
	w.want(t, w.start.Add(w.start.Sub(deadline)))
	defer w.drop(t)
	for {
		inbox, err := w.next()
		n := inbox[t]
		switch {
		case err != nil:
			return w.broken(err, t) // whose id is the machine's
		case n.err != nil && w.refused(t, n.err):
			return w.broken(n.err, t)
		case n.err != nil:
			continue
		}
		w.drop(t)
		f := w.follow(slices.DeleteFunc(n.events, MachineEvent.Finished)...)
		own := w.name
		w.name = func(t target) (id, state string) {
			return w.target.id, fmt.Sprintf("event %s %s", t.id, w.states[t.id])
		}
		defer func() { w.name = own }()
		return f.run()
	}
}

// until waits until the machine is in one of the states, and returns it.
func (w *machineWait) until(states ...MachineState) (*Machine, error) {
	return w.watch(func(m *Machine) bool { return slices.Contains(states, m.State) })
}

// once asks for the machine once more.
func (w *machineWait) once() (*Machine, error) {
	return w.watch(func(*Machine) bool { return true })
}

func (w *machineWait) watch(enough func(*Machine) bool) (*Machine, error) {
	return w.machine(w.target.id, true, func(m *Machine) bool {
		if !reflect.DeepEqual(m, w.current) {
			w.current = clone(m)
			w.config.onChange(WaitUpdate{Machine: clone(m)})
		}
		return enough(m)
	})
}
