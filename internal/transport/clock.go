package transport

import (
	"context"
	"time"
)

// The time that an attempt waits for a free connection does not count towards its timeout, because it depends on other
// calls. The timer is adjusted only when it fires, since most attempts get a connection at once.

// maxQueued limits that wait, in attempt timeouts, in case no connection ever becomes free.
const maxQueued = 10

// startClock starts the attempt's timeout.
func (a *attempt) startClock() {
	limit := a.call.Policy.AttemptTimeout
	a.deadline = a.start.Add(limit)
	if deadline, ok := a.Deadline(); ok && !deadline.After(a.deadline) {
		a.deadline = deadline
		return
	}
	a.mu.Lock() // expire may run before timer is assigned
	a.timer = time.AfterFunc(limit, a.expire)
	a.mu.Unlock()
}

// expire is called when the timer fires.
func (a *attempt) expire() {
	if err := a.expired(); err != nil {
		a.cancel(err)
	}
}

// expired returns the error of an attempt whose timeout has expired. Otherwise it sets the timer again and returns nil.
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

// resume starts the clock again. a.mu is held.
func (a *attempt) resume() {
	if a.paused.IsZero() || a.ended {
		return
	}
	a.deadline = a.deadline.Add(time.Since(a.paused))
	if deadline, ok := a.Deadline(); ok && deadline.Before(a.deadline) {
		a.deadline = deadline // for over, which compares it with the wall clock
	}
	a.paused = time.Time{}
	if a.extended {
		a.extended = false
		a.timer.Reset(time.Until(a.deadline))
	}
}

// over returns why nothing of the attempt may be sent any more, or nil. It also checks the wall clock, because timers
// do not run while the machine is suspended. a.mu is held.
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
