package paperspace

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"time"
)

var (
	// eventKind is an event, by its ID.
	eventKind = &targetKind{eventList, func(ctx context.Context, c *Client, id string, opts ...RequestOption) (any, error) {
		return c.MachineEvents.Get(ctx, id, opts...)
	}}
	// machineEventsKind is the newest events of a machine, by its ID.
	machineEventsKind = &targetKind{eventList, func(ctx context.Context, c *Client, id string, opts ...RequestOption) (any, error) {
		params := MachineEventListParams{ListParams: ListParams{Limit: maxLimit}, MachineID: id}
		page, err := c.MachineEvents.List(ctx, params, opts...)
		if err != nil {
			return nil, err
		}
		return page.Items, nil
	}}
)

const (
	// stuckAge is the age at which an unfinished event is stuck. Waits for a machine ignore it.
	stuckAge = time.Hour
	// siblingAge is how much older than the event in the response another event of the same call may be, and how long
	// after the end of the others it may be created.
	siblingAge = 10 * time.Second
)

// eventWait follows events until they end.
type eventWait struct {
	*wait
	events map[string]*followedEvent
	order  []string // the IDs in the order in which they were added
	rest   []string // those of them that may be unfinished
	// yield is called for every change; false ends the wait.
	yield func(MachineEvent, error) bool
	// machineID is the machine that the wait is for, if it waits for events only because of that. Errors name the
	// machine, and stuck events are ignored.
	machineID string
	// deleted is the object that the events delete, if they do. Its events may disappear with it.
	deleted  target
	seen     bool // a poll has found the object or an event
	found    bool // the last poll has found the object
	notFound int  // the latest polls, in a row, that have not
}

// followedEvent is an event of a wait.
type followedEvent struct {
	event    MachineEvent
	seen     bool
	notFound bool
	ended    bool
	err      error // if it failed, or the API refused to return it
}

// errStopped means that the consumer has stopped.
var errStopped = errors.New("stopped")

// Watch yields an event as it is now, and then each change that a poll sees, until the event ends. If the event fails,
// its last state is yielded with an [*EventError]. If the wait ends first, a [*WaitError] is yielded. The default time
// limit is 30 minutes.
//
// Calls machineEvents-get, or machineEvents-list when several waits run.
func (s *MachineEventsService) Watch(ctx context.Context, id string, opts ...WaitOption) iter.Seq2[MachineEvent, error] {
	begin := func() (*eventWait, error) {
		if _, err := machineEventsGet.expand(pathParams(id)); err != nil {
			return nil, err
		}
		w, err := newWait(ctx, s.client, machineEventsGet, eventsKind, opts)
		if err != nil {
			return nil, err
		}
		return w.follow(MachineEvent{ID: id}), nil
	}
	return watchEvents(begin, func(f *eventWait) error { return cmp.Or(f.run(), f.lost()) })
}

// watchEvents yields the changes of the events of a wait.
func watchEvents(begin func() (*eventWait, error), run func(*eventWait) error) iter.Seq2[MachineEvent, error] {
	return func(yield func(MachineEvent, error) bool) {
		f, err := begin()
		if err != nil {
			yield(MachineEvent{}, err)
			return
		}
		defer f.end()
		f.yield = yield
		if err := run(f); err != nil && err != errStopped {
			yield(MachineEvent{}, err)
		}
	}
}

func (w *wait) follow(events ...MachineEvent) *eventWait {
	f := &eventWait{wait: w, events: map[string]*followedEvent{}, yield: func(MachineEvent, error) bool { return true }}
	for _, e := range events {
		f.add(e)
	}
	return f
}

func (f *eventWait) add(e MachineEvent) *followedEvent {
	if f.events[e.ID] == nil {
		f.events[e.ID] = &followedEvent{event: e}
		f.order, f.rest = append(f.order, e.ID), append(f.rest, e.ID)
	}
	return f.events[e.ID]
}

// run waits until all events have ended. An error means that the wait ended first. The events' own errors are in
// failures.
func (f *eventWait) run() error {
	var targets []target
	for _, id := range f.order {
		t := target{kind: eventKind, id: id}
		if e := f.events[id]; !e.event.Finished() {
			f.states[t] = string(e.event.State)
			targets = append(targets, t)
		} else if !f.see(e, e.event) {
			return errStopped
		}
	}
	f.start(targets...)
	for f.isUnfinished() {
		t, r, err := f.next()
		if err != nil {
			return f.broken(err, f.unfinished()...)
		}
		if t == f.deleted {
			f.takeDeleted(r)
		} else if e := f.events[t.id]; e != nil && !f.take(e, t, r) {
			return errStopped
		}
	}
	f.finish(f.deleted)
	return nil
}

// take records a reading of an event, and returns false if the consumer has stopped.
func (f *eventWait) take(e *followedEvent, t target, r reading) (goOn bool) {
	goOn = true
	e.notFound = errors.Is(r.err, ErrNotFound)
	switch {
	case r.err == nil:
		now := *r.value.(*MachineEvent)
		now.ID, f.seen = t.id, true
		goOn = f.see(e, now)
		e.ended = e.ended || f.machineID != "" && isStuck(now, r.at)
	case e.notFound && f.deleted.id != "" && f.isGone():
		e.ended = true
	case e.notFound && f.deleted.id != "" && !f.found && r.gone < pollTimeout: // until the object has been looked for
		f.start(f.deleted)
	case f.refused(r):
		e.ended, e.err = true, f.broken(r.err, f.pending(t))
	}
	if e.ended {
		f.finish(t)
	}
	return goOn
}

// takeDeleted records a reading of the object that is deleted.
func (f *eventWait) takeDeleted(r reading) {
	f.found = r.err == nil
	f.seen = f.seen || f.found
	if f.notFound++; !errors.Is(r.err, ErrNotFound) {
		f.notFound = 0
	}
	for id, e := range f.events {
		if e.notFound && f.isGone() {
			e.ended = true
			f.finish(target{kind: eventKind, id: id})
		}
	}
}

// isGone reports whether the object is deleted. If nothing has been found yet, the object may be too new to be found,
// and one 404 is not enough.
func (f *eventWait) isGone() bool { return f.notFound > 1 || f.notFound == 1 && f.seen }

// isStuck reports whether an event has been unfinished for stuckAge. The time must be by the service's clock.
func isStuck(e MachineEvent, now time.Time) bool {
	return !e.Finished() && !e.CreatedAt.IsZero() && now.Sub(e.CreatedAt) >= stuckAge
}

// runSiblings waits until all events that one call has started for a machine have ended: those that are not older than
// since, and those that are up to siblingAge older and were unfinished when they were first seen. An event that is created
// after these have ended is another call's if a method of its own starts such events, or siblingAge has passed.
func (f *eventWait) runSiblings(machineID string, since time.Time) error {
	all := target{machineEventsKind, machineID, since.Add(-siblingAge)}
	f.start(all)
	defer f.finish(all)
	for {
		t, r, err := f.next()
		switch {
		case err != nil:
			pending := f.unfinished()
			if len(pending) == 0 {
				pending = append(pending, f.pending(all))
			}
			return f.broken(err, pending...)
		case t != all || r.err != nil && !f.refused(r):
			continue
		case r.err != nil:
			return f.broken(r.err, f.pending(all))
		}
		for _, e := range slices.Backward(r.value.([]MachineEvent)) { // oldest first
			isOurs := !e.CreatedAt.Before(since) || !e.Finished() && !e.CreatedAt.Before(since.Add(-siblingAge))
			if last := f.lastEnd(); !last.IsZero() && e.CreatedAt.After(last) {
				isOurs = startedBy[e.Name] == nil && !e.CreatedAt.After(last.Add(siblingAge))
			}
			if f.events[e.ID] == nil && !isOurs {
				continue
			}
			if sibling := f.add(e); !sibling.ended && !f.see(sibling, e) {
				return errStopped
			}
		}
		if !f.isUnfinished() {
			return nil
		}
	}
}

// lastEnd returns when the last of the events ended; the zero time if that is not known, or not all have.
func (f *eventWait) lastEnd() (last time.Time) {
	for _, e := range f.events {
		switch at := e.event.FinishedAt; {
		case at.IsZero():
			return at
		case at.After(last):
			last = at
		}
	}
	return last
}

// see records the state of an event, and returns false if the consumer has stopped.
func (f *eventWait) see(e *followedEvent, now MachineEvent) bool {
	changed := !e.seen || !equal(&e.event, &now)
	e.event, e.seen = now, true
	f.states[target{kind: eventKind, id: now.ID}] = string(now.State)
	if e.ended = now.Finished(); e.ended && now.State != MachineEventStateDone {
		silent := now.State == MachineEventStateError && now.Error == "" && !now.FinishedAt.IsZero()
		if !silent || !f.config.silentErrorsAsDone {
			e.err = &EventError{now}
		}
	}
	if !changed {
		return true
	}
	f.config.onChange(WaitUpdate{Event: clone(&now)})
	return f.yield(now, e.err)
}

func (f *eventWait) isUnfinished() bool {
	for len(f.rest) > 0 && f.events[f.rest[0]].ended {
		f.rest = f.rest[1:]
	}
	return len(f.rest) > 0
}

// unfinished returns the events that have not ended.
func (f *eventWait) unfinished() (list []pendingTarget) {
	for _, id := range f.order {
		if f.events[id].ended {
			continue
		}
		p := f.pending(target{kind: eventKind, id: id})
		if f.machineID != "" {
			p.id, p.state = f.machineID, "event "+id+" "+p.state
		}
		list = append(list, p)
	}
	return list
}

// failures returns the joined errors of the events.
func (f *eventWait) failures() error {
	var errs []error
	for _, id := range f.order {
		errs = append(errs, f.events[id].err)
	}
	return errors.Join(errs...)
}

// lost returns the first error that does not mean that an event failed, but that the API refused to return it.
func (f *eventWait) lost() error {
	if err, ok := errors.AsType[*WaitError](f.failures()); ok {
		return err
	}
	return nil
}
