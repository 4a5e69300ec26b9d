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
	order  []*followedEvent // as they were added
	// yield is called for every change; false ends the wait.
	yield func(MachineEvent, error) bool
	// deleted is the object that the events delete, if they do. Its events may disappear with it.
	deleted  target
	seen     bool // a poll has found the object or an event
	notFound int  // the latest polls, in a row, that have not found the object
}

// followedEvent is an event of a wait.
type followedEvent struct {
	event    MachineEvent
	seen     bool
	notFound bool
	ended    bool
	err      error // if it failed, or the API refused to return it
}

// Watch yields an event as it is now, and then each change that a poll sees, until the event ends. If the event fails,
// its last state is yielded with an [*EventError]. If the wait ends first, a [*WaitError] is yielded. The default time
// limit is 30 minutes.
//
// Calls machineEvents-get, or machineEvents-list when several waits run.
func (s *MachineEventsService) Watch(ctx context.Context, id string, opts ...WaitOption) iter.Seq2[MachineEvent, error] {
	begin := func() (*wait, error) {
		return newWait(ctx, s.client, machineEventsGet, pathParams(id), eventsKind, opts)
	}
	return watch(begin, func(w *wait, yield func(MachineEvent, error) bool) (none MachineEvent, err error) {
		f := w.follow(MachineEvent{ID: id})
		f.yield = yield
		return none, cmp.Or(f.run(), f.lost())
	})
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
		f.order = append(f.order, f.events[e.ID])
	}
	return f.events[e.ID]
}

func (e *followedEvent) target() target { return target{kind: eventKind, id: e.event.ID} }

// run waits until all events have ended. An error means that the wait ended first. The events' own errors are in
// failures.
func (f *eventWait) run() error {
	var targets []target
	for _, e := range f.order {
		if !e.event.Finished() {
			f.states[e.target()] = string(e.event.State)
			targets = append(targets, e.target())
		} else if err := f.see(e, e.event); err != nil {
			return err
		}
	}
	f.start(targets...)
	for f.isUnfinished() {
		t, r, err := f.next()
		if err != nil {
			return f.broken(err, f.unfinished()...)
		}
		if e := f.events[t.id]; e != nil {
			if err := f.take(e, r); err != nil {
				return err
			}
		} else if t == f.deleted {
			f.seen = f.seen || r.err == nil
			if f.notFound++; !errors.Is(r.err, ErrNotFound) {
				f.notFound = 0
			}
		}
		f.endDeleted()
	}
	f.finish(f.deleted)
	return nil
}

// take records a reading of an event.
func (f *eventWait) take(e *followedEvent, r reading) (err error) {
	e.notFound = errors.Is(r.err, ErrNotFound)
	switch {
	case r.err == nil:
		now := *r.value.(*MachineEvent)
		now.ID, f.seen = e.event.ID, true
		err = f.see(e, now)
		e.ended = e.ended || f.machineID != "" && isStuck(now, r.at)
	case e.notFound && f.deleted.id != "" && r.gone < pollTimeout: // until the object has been looked for
		f.start(f.deleted)
	case f.refused(r):
		e.ended, e.err = true, f.broken(r.err, e.target())
	}
	if e.ended {
		f.finish(e.target())
	}
	return err
}

// endDeleted ends the events that were not found if the object is deleted. If nothing has been found yet, the object may
// be too new to be found, and one 404 is not enough.
func (f *eventWait) endDeleted() {
	if f.notFound > 1 || f.notFound == 1 && f.seen {
		for _, e := range f.order {
			if e.notFound {
				e.ended = true
				f.finish(e.target())
			}
		}
	}
}

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
		_, r, err := f.nextFor(all, f.unfinished()...)
		if err != nil {
			return err
		}
		for _, e := range slices.Backward(r.value.([]MachineEvent)) { // oldest first
			isOurs := !e.CreatedAt.Before(since) || !e.Finished() && !e.CreatedAt.Before(since.Add(-siblingAge))
			if last := f.lastEnd(); !last.IsZero() && e.CreatedAt.After(last) {
				isOurs = startedBy[e.Name] == nil && !e.CreatedAt.After(last.Add(siblingAge))
			}
			if f.events[e.ID] == nil && !isOurs {
				continue
			}
			if sibling := f.add(e); !sibling.ended {
				if err := f.see(sibling, e); err != nil {
					return err
				}
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

// see records the state of an event. It returns errStopped if the consumer has stopped.
func (f *eventWait) see(e *followedEvent, now MachineEvent) error {
	changed := !e.seen || !equal(&e.event, &now)
	e.event, e.seen = now, true
	f.states[e.target()] = string(now.State)
	if e.ended = now.Finished(); e.ended && now.State != MachineEventStateDone {
		silent := now.State == MachineEventStateError && now.Error == "" && !now.FinishedAt.IsZero()
		if !silent || !f.config.silentErrorsAsDone {
			e.err = &EventError{now}
		}
	}
	if !changed {
		return nil
	}
	f.config.onChange(WaitUpdate{Event: clone(&now)})
	if !f.yield(now, e.err) {
		return errStopped
	}
	return nil
}

func (f *eventWait) isUnfinished() bool {
	return slices.ContainsFunc(f.order, func(e *followedEvent) bool { return !e.ended })
}

// unfinished returns the events that have not ended.
func (f *eventWait) unfinished() (list []target) {
	for _, e := range f.order {
		if !e.ended {
			list = append(list, e.target())
		}
	}
	return list
}

// failures returns the joined errors of the events.
func (f *eventWait) failures() error {
	var errs []error
	for _, e := range f.order {
		errs = append(errs, e.err)
	}
	return join(errs...)
}

// lost returns the first error that does not mean that an event failed, but that the API refused to return it.
func (f *eventWait) lost() error {
	if err, ok := errors.AsType[*WaitError](f.failures()); ok {
		return err
	}
	return nil
}
