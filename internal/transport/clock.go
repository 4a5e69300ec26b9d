package transport

import (
	"context"
	"time"
)

// The clock of an attempt stops while the attempt waits for a free connection: the time that other calls take to give
// one back is not the attempt's. The timer is adjusted only when it fires, since most attempts get a connection at once.

// maxQueued bounds that wait, in attempt timeouts, in case that something else hides behind it.
const maxQueued = 10

// startClock starts the time that the attempt may take.
func (a *attempt) startClock() {
	limit := a.call.Policy.AttemptTimeout
	a.deadline = a.start.Add(limit)
	if deadline, ok := a.Deadline(); ok && !deadline.After(a.deadline) {
		a.deadline = deadline
		return
	}
	a.mu.Lock() // for expire, where the limit is short
	a.timer = time.AfterFunc(limit, a.expire)
	a.mu.Unlock()
}

// expire is called when the timer fires.
func (a *attempt) expire() {
	if err := a.expired(); err != nil {
		a.cancel(err)
	}
}

// expired returns what the attempt's time ran out for, and nil, with the timer set again, if it has not.
func (a *attempt) expired() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err, end := errAttemptTimeout, a.deadline
	if !a.paused.IsZero() {
		err, end = errNoFreeConnection, a.paused.Add(maxQueued*a.call.Policy.AttemptTimeout)
	}
	switch left := time.Until(end); {
	case a.ended:
		return nil
	case left > 0:
		a.timer.Reset(left)
		a.extended = !a.paused.IsZero()
		return nil
	}
	return err
}

// pause stops the clock. a.mu is held.
func (a *attempt) pause() {
	if a.timer != nil && a.paused.IsZero() && !a.ended {
		a.paused = time.Now()
	}
}

// resume starts it again. a.mu is held.
func (a *attempt) resume() {
	if a.paused.IsZero() || a.ended {
		return
	}
	a.deadline = a.deadline.Add(time.Since(a.paused))
	if deadline, ok := a.Deadline(); ok && deadline.Before(a.deadline) {
		a.deadline = deadline // which the wall clock holds a body to
	}
	a.paused = time.Time{}
	if a.extended {
		a.extended = false
		a.timer.Reset(time.Until(a.deadline))
	}
}

// over returns why nothing of the attempt may be sent any more, or nil. It goes by the wall clock too: the clock that
// timers use stands still while the machine is suspended. a.mu is held.
func (a *attempt) over() error {
	switch {
	case a.ended:
		return errEnded
	case a.Err() != nil:
		return context.Cause(a)
	case a.paused.IsZero() && time.Now().Round(0).After(a.deadline.Round(0)):
		return errAttemptTimeout
	}
	return nil
}
