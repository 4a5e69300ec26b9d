package paperspace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// WaitOption changes one wait. A method returns a [*ParamError] for an option that it has no use for.
type WaitOption interface {
	applyWait(*waitConfig) error
	name() string
}

type waitOption struct {
	optionName string
	apply      func(*waitConfig) error
}

func (o waitOption) applyWait(c *waitConfig) error { return o.apply(c) }
func (o waitOption) name() string                  { return o.optionName }

type waitConfig struct {
	timeout            time.Duration
	grace              time.Duration
	silentErrorsAsDone bool
	onChange           func(WaitUpdate)
}

// waitKind is what a method's waits have in common.
type waitKind struct {
	// endless waits have no time limit unless an option sets one.
	endless bool
	// unused are the names of the options that mean nothing to the method.
	unused []string
}

// WithWaitTimeout limits how long the wait takes, from the call of the method to its return. At the limit it ends with
// a [*WaitError] that matches [ErrWaitTimeout].
func WithWaitTimeout(d time.Duration) WaitOption {
	return waitOption{"WithWaitTimeout", func(c *waitConfig) error {
		if d <= 0 {
			return &ParamError{Field: "WithWaitTimeout", Reason: "must be positive"}
		}
		c.timeout = d
		return nil
	}}
}

// WithNotFoundGrace sets how long a 404 is tolerated: right after a create the service may not know the new object yet.
// The default is 60 s; with zero the first 404 ends the wait.
func WithNotFoundGrace(d time.Duration) WaitOption {
	return waitOption{"WithNotFoundGrace", func(c *waitConfig) error {
		if d < 0 {
			return &ParamError{Field: "WithNotFoundGrace", Reason: "must not be negative"}
		}
		c.grace = d
		return nil
	}}
}

// WithSilentErrorsAsDone treats an event that ended in state error as done if it has a finish time and no reason: the
// service has usually completed such an operation.
func WithSilentErrorsAsDone() WaitOption {
	return waitOption{"WithSilentErrorsAsDone", func(c *waitConfig) error {
		c.silentErrorsAsDone = true
		return nil
	}}
}

// WaitUpdate is a change that a wait saw: one of its fields is set.
type WaitUpdate struct {
	Event      *MachineEvent
	Machine    *Machine
	Deployment *Deployment
}

// WithOnChange calls f for every change that a poll of the wait sees, in the goroutine that waits. It shows the progress
// of waits that take several steps. The Watch methods call f before they yield.
func WithOnChange(f func(WaitUpdate)) WaitOption {
	return waitOption{"WithOnChange", func(c *waitConfig) error {
		if f == nil {
			return &ParamError{Field: "WithOnChange", Reason: "is nil"}
		}
		c.onChange = f
		return nil
	}}
}

const (
	defaultWaitTimeout = 30 * time.Minute
	defaultGrace       = time.Minute
)

// wait is one call of a method that waits.
type wait struct {
	*waiter
	config waitConfig
	caller context.Context // the caller's, while the waiter's may end before it at the wait's own limit
	cancel context.CancelFunc
	start  time.Time
	states map[string]string    // the last state of each id
	absent map[target]time.Time // since when a target answers 404
	// name is what errors call a pending target, and its state.
	name func(target) (id, state string)
}

// newWait begins a wait for an endpoint, with its own time limit unless it is endless. It must end with [wait.end].
func newWait(ctx context.Context, c *Client, ep *endpoint, kind waitKind, opts []WaitOption) (*wait, error) {
	if ctx == nil {
		return nil, ep.paramError("ctx", "is nil")
	}
	w := &wait{
		caller: ctx, cancel: func() {}, start: time.Now(), config: waitConfig{grace: defaultGrace, onChange: func(WaitUpdate) {}},
		states: map[string]string{}, absent: map[target]time.Time{},
	}
	for _, opt := range opts {
		if opt == nil {
			return nil, ep.paramError("opts", "has a nil option")
		}
		if slices.Contains(kind.unused, opt.name()) {
			return nil, ep.paramError(opt.name(), "has no effect on this method")
		}
		if err := opt.applyWait(&w.config); err != nil {
			return nil, err
		}
	}
	w.name = func(t target) (id, state string) { return t.id, w.states[t.id] }
	limit := w.config.timeout
	if _, ok := ctx.Deadline(); limit == 0 && !ok && !kind.endless {
		limit = cmp.Or(ep.waitLimit, defaultWaitTimeout)
	}
	if limit > 0 {
		ctx, w.cancel = context.WithDeadline(ctx, w.start.Add(limit))
	}
	w.waiter = c.poller.newWaiter(ctx, c)
	return w, nil
}

func (w *wait) end() {
	w.leave()
	w.cancel()
}

// refused says whether the service has said its last word on a target: a 400, or a 404 that has lasted for longer than
// the grace time.
func (w *wait) refused(t target, err error) bool {
	if !errors.Is(err, ErrNotFound) {
		return err != nil
	}
	if w.absent[t].IsZero() {
		w.absent[t] = time.Now()
	}
	return time.Since(w.absent[t]) >= w.config.grace
}

// broken is the error of a wait that ended before what it waited for; the pending ids are named.
func (w *wait) broken(err error, pending ...target) error {
	_, answered := errors.AsType[*Error](err)
	if !answered && w.ctx.Err() == nil {
		return err // it never began
	}
	e := &WaitError{LastStates: map[string]string{}, Waited: time.Since(w.start), Err: w.outcome(err)}
	for _, t := range pending {
		id, state := w.name(t)
		if !slices.Contains(e.IDs, id) {
			e.IDs = append(e.IDs, id)
			if state != "" {
				e.LastStates[id] = state
			}
		}
		if failed := w.failure(t); failed != nil && failed != err {
			e.LastPoll = failed
		}
	}
	return e
}

// outcome tells the wait's own time limit from other errors. What a write that the limit cut off may have done stays in
// the error.
func (w *wait) outcome(err error) error {
	if _, told := errors.AsType[*WaitError](err); told {
		return err
	}
	e, answered := errors.AsType[*Error](err)
	switch ended := w.caller.Err(); {
	case w.ctx.Err() == nil || ended != nil && errors.Is(err, ended):
		return err
	case ended != nil:
		return fmt.Errorf("%w: %w", ended, err)
	case answered && e.OutcomeUnknown:
		cut := *e
		cut.Err = nil // the end of our context, which is not the caller's
		return fmt.Errorf("%w: %w", ErrWaitTimeout, &cut)
	default:
		return ErrWaitTimeout
	}
}

// machine polls for a machine until what is seen of it is enough. With many waits that end at once it is read from the
// list. A patient wait takes a 404 for normal for a while.
func (w *wait) machine(id string, patient bool, enough func(*Machine) bool) (*Machine, error) {
	t := target{machineKind, id}
	w.want(t, time.Time{})
	defer w.drop(t)
	for {
		inbox, err := w.next()
		n := inbox[t]
		switch {
		case err != nil:
			return nil, w.broken(err, t)
		case n.err != nil && (!patient || w.refused(t, n.err)):
			return nil, w.broken(n.err, t)
		case n.machine == nil:
			continue
		}
		delete(w.absent, t)
		w.states[id] = string(n.machine.State)
		if m := clone(n.machine); enough(m) {
			return m, nil
		}
	}
}

// failedCall is the error of a call that is a step of the wait: its own, unless the wait ended meanwhile.
func (w *wait) failedCall(err error, pending ...target) error {
	if w.ctx.Err() == nil {
		return err
	}
	return w.broken(err, pending...)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
