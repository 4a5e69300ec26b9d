package paperspace

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"time"
)

// eventWait follows events to their end.
type eventWait struct {
	*wait
	events map[string]*followed
	order  []string // the ids, as they came
	// changed is told of every change that a poll sees; false stops the wait.
	changed func(MachineEvent, error) bool
	// object is the machine that is to be deleted: when it is gone, so may its events be. Gone asks for other objects.
	object     target
	objectSeen bool
	objectGone bool
	gone       func() bool
}

// followed is one event of a wait.
type followed struct {
	event MachineEvent
	seen  bool
	ended bool
	err   error // why it did not end well
}

// errStopped is a wait whose consumer broke off.
var errStopped = errors.New("stopped")

// Watch yields the event, whoever began it, as it is now and then at every change that a poll sees, to its end. One that
// fails is yielded at last together with an [*EventError]; what ends the wait before that is yielded as a [*WaitError].
// Unless an option or the context says otherwise, it waits 30 minutes at most.
//
// Calls machineEvents-get, or machineEvents-list when many wait.
func (s *MachineEventsService) Watch(ctx context.Context, id string, opts ...WaitOption) iter.Seq2[MachineEvent, error] {
	begin := func() (*eventWait, error) {
		if _, err := machineEventsGet.expand(pathParams(id)); err != nil {
			return nil, err
		}
		w, err := newWait(ctx, s.client, machineEventsGet, waitKind{}, opts)
		if err != nil {
			return nil, err
		}
		return w.follow(MachineEvent{ID: id}), nil
	}
	return watchEvents(begin, func(f *eventWait) error { return cmp.Or(f.run(), f.lost()) })
}

// watchEvents yields what a wait sees of its events.
func watchEvents(begin func() (*eventWait, error), run func(*eventWait) error) iter.Seq2[MachineEvent, error] {
	return func(yield func(MachineEvent, error) bool) {
		f, err := begin()
		if err != nil {
			yield(MachineEvent{}, err)
			return
		}
		defer f.end()
		f.changed = yield
		if err := run(f); err != nil && err != errStopped {
			yield(MachineEvent{}, err)
		}
	}
}

func (w *wait) follow(events ...MachineEvent) *eventWait {
	f := &eventWait{wait: w, events: map[string]*followed{}, changed: func(MachineEvent, error) bool { return true }}
	for _, e := range events {
		f.add(e)
	}
	return f
}

func (f *eventWait) add(e MachineEvent) *followed {
	if f.events[e.ID] == nil {
		f.events[e.ID] = &followed{event: e}
		f.order = append(f.order, e.ID)
	}
	return f.events[e.ID]
}

// run waits until every event has ended. An error says that the wait broke off before that; how the events ended is
// in failures.
func (f *eventWait) run() error {
	for _, id := range f.order {
		e := f.events[id]
		if e.event.Finished() {
			if !f.see(e, e.event) {
				return errStopped
			}
			continue
		}
		f.states[id] = string(e.event.State)
		f.want(target{eventKind, id}, time.Time{})
	}
	for pending := f.pending(); len(pending) > 0; pending = f.pending() {
		inbox, err := f.next()
		if err != nil {
			return f.broken(err, pending...)
		}
		if n, ok := inbox[f.object]; ok {
			f.objectSeen, f.objectGone = true, errors.Is(n.err, ErrNotFound)
		}
		for _, t := range pending {
			if n, ok := inbox[t]; ok && !f.take(t, n) {
				return errStopped
			}
		}
	}
	return nil
}

// take takes in what a poll learned of an event, and returns false if the consumer has had enough.
func (f *eventWait) take(t target, n news) (goesOn bool) {
	e := f.events[t.id]
	goesOn = true
	switch {
	case n.err == nil:
		now := *n.event
		now.ID = t.id
		delete(f.absent, t)
		goesOn = f.see(e, now)
	case errors.Is(n.err, ErrNotFound) && (f.objectGone || f.gone != nil && f.gone()):
		e.ended = true
	case f.object.id != "" && !f.objectSeen && f.failure(f.object) == nil: // its answer comes first
	case f.refused(t, n.err):
		e.ended, e.err = true, f.broken(n.err, t)
	}
	switch {
	case e.ended:
		f.drop(t)
	case n.err != nil && f.object.id != "":
		f.want(f.object, time.Time{})
	}
	return goesOn
}

// siblingAge is by how much one of the events that a call begins may be older than the one that the answer names.
const siblingAge = 10 * time.Second

// runSiblings waits until all events of a machine have ended that are not older than a time, or little older and not
// at their end when they are seen first.
func (f *eventWait) runSiblings(machineID string, since time.Time) error {
	t := target{machineEventsKind, machineID}
	f.want(t, since.Add(-siblingAge))
	defer f.drop(t)
	for {
		inbox, err := f.next()
		if err != nil {
			return f.broken(err, append(f.pending(), t)...)
		}
		n := inbox[t]
		if n.err != nil {
			if f.refused(t, n.err) {
				return f.broken(n.err, t)
			}
			continue
		}
		for _, e := range slices.Backward(n.events) { // oldest first
			if f.events[e.ID] == nil && e.Finished() && e.CreatedAt.Before(since) {
				continue
			}
			if sibling := f.add(e); !sibling.ended && !f.see(sibling, e) {
				return errStopped
			}
		}
		if len(f.pending()) == 0 {
			return nil
		}
	}
}

// readMachine reads the machine again after its events. A 404 is normal for a while after they went well; after a delete,
// or a create that failed, it is what there is to know.
func (f *eventWait) readMachine(id string) (*Machine, error) {
	return f.machine(id, f.failures() == nil, func(*Machine) bool { return true })
}

// see takes in how far an event is, and returns false if the consumer has had enough.
func (f *eventWait) see(e *followed, now MachineEvent) bool {
	changed := !e.seen || e.event != now
	e.event, e.seen = now, true
	f.states[now.ID] = string(now.State)
	if e.ended = now.Finished(); e.ended && now.State != MachineEventStateDone {
		silent := now.State == MachineEventStateError && now.Error == "" && !now.FinishedAt.IsZero()
		if !silent || !f.config.silentErrorsAsDone {
			e.err = &EventError{now}
		}
	}
	if !changed {
		return true
	}
	f.config.onChange(WaitUpdate{Event: &now})
	return f.changed(now, e.err)
}

func (f *eventWait) pending() (targets []target) {
	for _, id := range f.order {
		if !f.events[id].ended {
			targets = append(targets, target{eventKind, id})
		}
	}
	return targets
}

// failures are the ends of the events that did not end well, joined.
func (f *eventWait) failures() error {
	var errs []error
	for _, id := range f.order {
		errs = append(errs, f.events[id].err)
	}
	return errors.Join(errs...)
}

// lost is the first of the failures that is not an event's own end, but the service's refusal to tell of it.
func (f *eventWait) lost() error {
	if err, ok := errors.AsType[*WaitError](f.failures()); ok {
		return err
	}
	return nil
}
