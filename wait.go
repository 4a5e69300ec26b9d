package paperspace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"
)

// WaitOption configures a wait. A method returns a [*ParamError] for an option that has no effect on it.
type WaitOption interface {
	EnsureOption
	option() waitOption
}

type waitOption struct {
	name    string
	invalid string // why the option is refused, if it is
	apply   func(*waitConfig)
}

func (o waitOption) option() waitOption { return o }

func (o waitOption) applyEnsure(c *ensureConfig) error {
	c.wait = append(c.wait, o)
	return nil
}

// unless returns a reason to refuse an option, unless it is valid.
func unless(valid bool, reason string) string {
	if valid {
		return ""
	}
	return reason
}

type waitConfig struct {
	timeout            time.Duration
	grace              time.Duration
	failureGrace       time.Duration
	silentErrorsAsDone bool
	onChange           func(WaitUpdate)
	upsert             []RequestOption
}

// waitKind is what the waits of a method have in common.
type waitKind struct {
	// endless waits have no time limit unless an option sets one.
	endless bool
	// options are the names of the options that have an effect, besides WithWaitTimeout.
	options []string
}

var (
	eventsKind = waitKind{options: []string{"WithNotFoundGrace", "WithOnChange", "WithSilentErrorsAsDone"}}
	watchKind  = waitKind{endless: true, options: []string{"WithNotFoundGrace", "WithOnChange"}}
)

// WithWaitTimeout sets the time limit of a wait, from the call of the method to its return. At the limit, the method
// returns a [*WaitError] that matches [ErrWaitTimeout].
func WithWaitTimeout(d time.Duration) WaitOption {
	return waitOption{"WithWaitTimeout", unless(d > 0, "must be positive"), func(c *waitConfig) { c.timeout = d }}
}

// WithNotFoundGrace sets how long a 404 is tolerated: right after a create the service may not know the new object yet.
// The default is 60 s; with zero the first 404 ends the wait. A wait that ends earlier has the 404 as LastPoll of its
// [*WaitError].
func WithNotFoundGrace(d time.Duration) WaitOption {
	return waitOption{"WithNotFoundGrace", unless(d >= 0, "must not be negative"), func(c *waitConfig) { c.grace = d }}
}

// WithSilentErrorsAsDone treats an event that ended in state error as done if it has a finish time and no reason: the
// service has usually completed such an operation.
func WithSilentErrorsAsDone() WaitOption {
	return waitOption{"WithSilentErrorsAsDone", "", func(c *waitConfig) { c.silentErrorsAsDone = true }}
}

// WithFailureGrace sets how long [DeploymentsService.Apply] and [DeploymentsService.WaitUntilHealthy] tolerate that all
// instances of the spec are in a failed state: the service restarts them, and a cause such as an unreachable registry
// may pass. The default is 2 minutes. With zero, the first poll that sees this ends the wait.
func WithFailureGrace(d time.Duration) WaitOption {
	return waitOption{"WithFailureGrace", unless(d >= 0, "must not be negative"), func(c *waitConfig) { c.failureGrace = d }}
}

// WithUpsertOptions applies options to the upsert of [DeploymentsService.Apply], and to none of its other requests. For
// example, WithHeader sets the x-git headers, from which the service makes the spec's [GitHeaders]. Several
// WithUpsertOptions add up.
func WithUpsertOptions(opts ...RequestOption) WaitOption {
	return waitOption{"WithUpsertOptions", "", func(c *waitConfig) { c.upsert = append(c.upsert, opts...) }}
}

// WaitUpdate is a change that a poll of a wait has seen. Exactly one of Event, Machine and Deployment is set.
type WaitUpdate struct {
	// Event is a new event, or one that has changed.
	Event *MachineEvent
	// Machine is the machine after the change.
	Machine *Machine
	// Deployment is the deployment after the change.
	Deployment *Deployment
	// Instances are the instances of the spec that [DeploymentsService.Apply] or [DeploymentsService.WaitUntilHealthy]
	// waits for; nil until the service has applied the spec and lists them.
	Instances []DeploymentInstance
}

// WithOnChange calls f for each change that a poll of the wait sees, in the goroutine that waits, to show the progress
// of a wait with several steps. The Watch methods call f before they yield. While f runs, the wait does not poll. Other
// waits are not delayed.
func WithOnChange(f func(WaitUpdate)) WaitOption {
	return waitOption{"WithOnChange", unless(f != nil, "is nil"), func(c *waitConfig) { c.onChange = f }}
}

const (
	defaultWaitTimeout = 30 * time.Minute
	defaultGrace       = time.Minute
	// defaultFailureGrace is time for a few restarts.
	defaultFailureGrace = 2 * time.Minute
)

// wait is a call of a method that waits.
type wait struct {
	client *Client
	config waitConfig
	caller context.Context // the caller's
	ctx    context.Context // ends also at the wait's own limit
	stop   context.CancelFunc
	begun  time.Time
	states map[target]string // the last states that polls saw
	// machineID is the machine that the wait is for. Its errors then name the machine instead of events, and it ignores
	// stuck events.
	machineID string

	group    *pollGroup
	wake     chan struct{}
	pollers  map[target]*poller
	unread   []*subject     // those with readings for next to return
	requests sync.WaitGroup // those that are sent in goroutines of their own
	broke    func()         // repeats the panic or Goexit of one of these
}

// newWait begins a wait with the default time limit of an endpoint, unless it is endless. It checks path, the path
// parameters of the endpoint, unless it is nil. Call [wait.end] in the end.
func newWait(ctx context.Context, c *Client, ep *endpoint, path []string, kind waitKind, opts []WaitOption) (*wait, error) {
	if ctx == nil {
		return nil, ep.paramError("ctx", "is nil")
	}
	if _, err := ep.expand(path); path != nil && err != nil {
		return nil, err
	}
	w := &wait{
		client: c, caller: ctx, begun: time.Now(), states: map[target]string{},
		group: c.polls, wake: make(chan struct{}, 1), pollers: map[target]*poller{},
		config: waitConfig{grace: defaultGrace, failureGrace: defaultFailureGrace, onChange: func(WaitUpdate) {}},
	}
	for _, opt := range opts {
		if opt == nil {
			return nil, ep.paramError("opts", "has a nil option")
		}
		o := opt.option()
		switch {
		case o.name != "WithWaitTimeout" && !slices.Contains(kind.options, o.name):
			return nil, ep.paramError(o.name, "has no effect on this method")
		case o.invalid != "":
			return nil, ep.paramError(o.name, o.invalid)
		}
		o.apply(&w.config)
	}
	limit := w.config.timeout
	if _, ok := ctx.Deadline(); limit == 0 && !ok && !kind.endless {
		limit = cmp.Or(ep.waitLimit, defaultWaitTimeout)
	}
	if limit > 0 {
		w.ctx, w.stop = context.WithDeadline(ctx, w.begun.Add(limit))
	} else {
		w.ctx, w.stop = context.WithCancel(ctx)
	}
	return w, nil
}

// watch yields what run yields. At the end, it yields what run returns if that is an error.
func watch[W interface{ end() }, T any](begin func() (W, error), run func(W, func(T, error) bool) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		w, err := begin()
		if err != nil {
			yield(*new(T), err)
			return
		}
		defer w.end()
		if last, err := run(w, yield); err != nil && err != errStopped {
			yield(last, err)
		}
	}
}

// errStopped means that the consumer of a watch has stopped.
var errStopped = errors.New("stopped")

// refused reports whether the API refused to return the target, with something else than a 404 that is still tolerated.
func (w *wait) refused(r reading) bool {
	return r.err != nil && (!errors.Is(r.err, ErrNotFound) || r.gone >= w.config.grace)
}

// broken returns the error of a wait that ends early, before the end of the pending targets.
func (w *wait) broken(err error, pending ...target) error {
	if _, isResponse := errors.AsType[*Error](err); !isResponse && w.ctx.Err() == nil {
		return err // nothing was sent
	}
	e := &WaitError{LastStates: map[string]string{}, Waited: time.Since(w.begun), Err: w.outcome(err), LastPoll: w.lastPoll(err, pending...)}
	for _, t := range pending {
		id, state := t.id, w.states[t]
		if w.machineID != "" && t.kind == eventKind {
			id, state = w.machineID, "event "+t.id+" "+state
		}
		if !slices.Contains(e.IDs, id) {
			e.IDs = append(e.IDs, id)
			if state != "" {
				e.LastStates[id] = state
			}
		}
	}
	return e
}

// lastPoll returns the error of the last poll, if it failed and not with err: for what is pending, or else for another
// target, such as the instances of a deployment, or else the poll after which the service asked for a pause.
func (w *wait) lastPoll(err error, pending ...target) (failed error) {
	w.locked(func(g *pollGroup) {
		for _, t := range pending {
			failed = cmp.Or(failureOf(w.pollers[t], err), failed)
		}
		for _, p := range w.pollers {
			failed = cmp.Or(failed, failureOf(p, err))
		}
		if g.rules.Paused(time.Now()) {
			failed = cmp.Or(failed, g.pausedBy)
		}
	})
	return failed
}

// failureOf returns the error of a poller's last poll, unless that is err.
func failureOf(p *poller, err error) error {
	switch {
	case p == nil:
		return nil
	case p.Target.failed != nil && p.Target.failed != err:
		return p.Target.failed
	case p.Sending && time.Since(p.Request.Sent) > time.Second:
		return fmt.Errorf("no response after %s", time.Since(p.Request.Sent).Round(time.Second))
	}
	return nil
}

// outcome returns the error of a step of the wait, or if the wait ended meanwhile, why: by its own limit, or with the
// caller's context and its cause. [ErrOutcomeUnknown] is kept.
func (w *wait) outcome(err error) error {
	if w.ctx.Err() == nil {
		return err
	}
	if ended := w.caller.Err(); ended != nil {
		if cause := context.Cause(w.caller); !errors.Is(err, cause) {
			err = fmt.Errorf("%w: %w", cause, err)
		}
		if !errors.Is(err, ended) {
			err = fmt.Errorf("%w: %w", ended, err)
		}
		return err
	}
	if e, ok := errors.AsType[*Error](err); ok && e.OutcomeUnknown {
		cut := *e
		cut.Err = nil // the end of our context, which is not the caller's
		return fmt.Errorf("%w: %w", ErrWaitTimeout, &cut)
	}
	return ErrWaitTimeout
}

// failedCall returns the error of a call that is a step of the wait: the call's own, unless the wait ended meanwhile.
func (w *wait) failedCall(err error, pending ...target) error {
	if _, done := errors.AsType[*WaitError](err); done || w.ctx.Err() == nil {
		return err
	}
	return w.broken(err, pending...)
}

// nextFor returns the next reading of a wait for object, which is a value if it is of the object. A refusal of the object
// ends the wait. The error names what is pending, which is the object unless it is given.
func (w *wait) nextFor(object target, pending ...target) (target, reading, error) {
	if len(pending) == 0 {
		pending = []target{object}
	}
	for {
		t, r, err := w.next()
		switch {
		case err != nil:
			return t, r, w.broken(err, pending...)
		case t != object || r.err == nil:
			return t, r, nil
		case w.refused(r):
			return t, r, w.broken(r.err, pending...)
		}
	}
}

// read polls for a target until a poll returns its value.
func (w *wait) read(t target) (reading, error) {
	w.start(t)
	defer w.finish(t)
	for {
		if got, r, err := w.nextFor(t); got == t || err != nil {
			return r, err
		}
	}
}
