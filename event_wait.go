package paperspace

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"time"
)

// eventKind is events by their id, machineEventsKind the newest events of a machine, by its id: at least those of the last
// stuckAge, or since the time that is given to start.
var (
	eventKind = &targetKind{eventList, func(ctx context.Context, c *Client, id string, opts ...RequestOption) (any, error) {
		return c.MachineEvents.Get(ctx, id, opts...)
	}}
	machineEventsKind = &targetKind{eventList, func(ctx context.Context, c *Client, id string, opts ...RequestOption) (any, error) {
		params := MachineEventListParams{ListParams: ListParams{Limit: maxLimit}, MachineID: id}
		page, err := c.MachineEvents.List(ctx, params, opts...)
		if err != nil {
			return nil, err
		}
		return page.Items, nil
	}}
)

// stuckAge is the age from which an unfinished event is stuck: a wait for a machine ignores it.
const stuckAge = time.Hour

// siblingAge is how much older than the event that the response names another event of the same call may be.
const siblingAge = 10 * time.Second

// eventWait follows events until they have ended.
type eventWait struct {
	*wait
	events map[string]*followedEvent
	order  []string // the ids, as they were added
	rest   []string // those of them that may be unfinished
	// yield is called for every change that a poll sees; false ends the wait.
	yield func(MachineEvent, error) bool
	// machineID is set if the wait is for a machine whose events must end first: errors then name the machine, and
	// events end when they are stuck.
	machineID string
	// deleted is the object of a delete, if it is one. When it is gone, its event may be gone too.
	deleted  target
	seen     bool // a poll has seen the object or its event
	found    bool // the last poll has found the object
	notFound int  // polls in a row that have not
}

// followedEvent is one event of a wait.
type followedEvent struct {
	event    MachineEvent
	seen     bool
	notFound bool
	ended    bool
	err      error // why it did not end well
}

// errStopped means that the consumer wants no more.
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

// run waits until every event has ended. An error means that the wait ended before that; how the events ended is in
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
			f.lookedFor(r)
		} else if e := f.events[t.id]; e != nil && !f.take(e, t, r) {
			return errStopped
		}
	}
	return nil
}

// take records a reading of an event, and returns false if the consumer wants no more.
func (f *eventWait) take(e *followedEvent, t target, r reading) (more bool) {
	more = true
	e.notFound = errors.Is(r.err, ErrNotFound)
	switch {
	case r.err == nil:
		now := *r.value.(*MachineEvent)
		now.ID, f.seen = t.id, true
		more = f.see(e, now)
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
	return more
}

// lookedFor records a reading of the object that is deleted.
func (f *eventWait) lookedFor(r reading) {
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

// isGone reports whether the object is gone. One that no poll has seen may also be too new to be found, and is looked
// for twice.
func (f *eventWait) isGone() bool { return f.notFound > 1 || f.notFound == 1 && f.seen }

// isStuck reports whether an event is unfinished for so long that it will not end any more, by the service's clock.
func isStuck(e MachineEvent, now time.Time) bool {
	return !e.Finished() && !e.CreatedAt.IsZero() && now.Sub(e.CreatedAt) >= stuckAge
}

// runSiblings waits until all events of a machine have ended that are not older than a time, or are little older and
// were unfinished at first sight.
func (f *eventWait) runSiblings(machineID string, since time.Time) error {
	all := target{machineEventsKind, machineID, since.Add(-siblingAge)}
	f.start(all)
	defer f.finish(all)
	for {
		t, r, err := f.next()
		switch {
		case err != nil:
			return f.broken(err, append(f.unfinished(), f.pending(all))...)
		case t != all || r.err != nil && !f.refused(r):
			continue
		case r.err != nil:
			return f.broken(r.err, f.pending(all))
		}
		for _, e := range slices.Backward(r.value.([]MachineEvent)) { // oldest first
			isOurs := !e.CreatedAt.Before(since) || !e.Finished() && !e.CreatedAt.Before(since.Add(-siblingAge))
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

// see records how far an event is, and returns false if the consumer wants no more.
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
	// The first of order have mostly ended: they need not be looked at again.
	for len(f.rest) > 0 && f.events[f.rest[0]].ended {
		f.rest = f.rest[1:]
	}
	return len(f.rest) > 0
}

// unfinished returns the events that have not ended, as errors name them.
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

// failures are the ends of the events that did not end well, joined.
func (f *eventWait) failures() error {
	var errs []error
	for _, id := range f.order {
		errs = append(errs, f.events[id].err)
	}
	return errors.Join(errs...)
}

// lost is the first of the failures that is not an event's own end, but a refusal of the API.
func (f *eventWait) lost() error {
	if err, ok := errors.AsType[*WaitError](f.failures()); ok {
		return err
	}
	return nil
}
