package paperspace

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"
)

// waiter is one call that waits. It polls in its own goroutine for one target, and in one more for each further target at
// the same time.
type waiter struct {
	group   *pollGroup
	client  *Client
	ctx     context.Context
	stop    context.CancelFunc
	wake    chan struct{}
	pollers map[target]*poller
	own     *poller    // the one that this goroutine polls for
	unread  []*subject // those with a reading that was not returned yet
	others  sync.WaitGroup
	broke   func() // repeats the panic, or the Goexit, of another goroutine
}

func newWaiter(ctx context.Context, c *Client) *waiter {
	ctx, stop := context.WithCancel(ctx)
	return &waiter{group: c.polls, client: c, ctx: ctx, stop: stop, wake: make(chan struct{}, 1), pollers: map[target]*poller{}}
}

// start begins to poll for a target, now and then at intervals. Since is for machineEventsKind only.
func (w *waiter) start(t target, since time.Time) {
	w.group.mu.Lock()
	defer w.group.unlock()
	if w.pollers[t] != nil {
		return
	}
	shortest, longest := w.client.pollRange()
	x := &subject{target: t, since: since, waiter: w, wake: w.wake}
	p := &poller{Target: x, List: t.kind.list, Shortest: shortest, Longest: longest, MaxPause: w.client.policy.MaxRetryAfter}
	w.group.rules.Add(p, time.Now())
	w.pollers[t] = p
	if w.own == nil {
		w.own = p
		return
	}
	x.wake = make(chan struct{}, 1)
	w.others.Go(func() { w.pollBeside(p) })
}

// pollBeside polls in a goroutine of its own. If that panics, so does the call.
func (w *waiter) pollBeside(p *poller) {
	w.group.mu.Lock()
	defer w.group.unlock()
	broke := runtime.Goexit
	defer func() {
		if r := recover(); r != nil {
			broke = func() { panic(r) }
		}
		if broke != nil {
			w.broke = broke
			signal(w.wake)
		}
	}()
	w.group.poll(p, func() bool { return p.Target.stopped || w.ctx.Err() != nil })
	broke = nil
}

// finish ends what start began.
func (w *waiter) finish(t target) {
	w.group.mu.Lock()
	defer w.group.unlock()
	w.remove(t)
}

func (w *waiter) remove(t target) {
	p := w.pollers[t]
	if p == nil {
		return
	}
	p.Target.stopped = true
	signal(p.Target.wake)
	delete(w.pollers, t)
	w.unread = slices.DeleteFunc(w.unread, func(x *subject) bool { return x == p.Target })
	if w.own == p {
		w.own = nil
	}
	w.group.rules.Remove(p, time.Now())
}

// end ends the wait and all that it has started.
func (w *waiter) end() {
	w.stop()
	w.others.Wait()
	w.group.mu.Lock()
	defer w.group.unlock()
	for t := range w.pollers {
		w.remove(t)
	}
	if len(w.group.rules.Pollers) == 0 {
		w.group.histories = nil
	}
}

// next polls until there is a reading, and returns it. The error is the context's.
func (w *waiter) next() (target, reading, error) {
	g := w.group
	g.mu.Lock()
	defer g.unlock()
	done := func() bool { return len(w.unread) > 0 || w.broke != nil || w.ctx.Err() != nil }
	if w.own != nil {
		g.poll(w.own, done)
	}
	for !done() {
		g.block(w.ctx, w.wake, time.Time{})
	}
	if w.broke != nil {
		w.broke()
	}
	if len(w.unread) == 0 {
		return target{}, reading{}, w.ctx.Err()
	}
	x := w.unread[0] // before the end of the context: what was learned is true
	w.unread = w.unread[1:]
	x.unread = false
	return x.target, x.latest, nil
}

// hurry polls for a target again at once; restart has the intervals grow from the shortest again.
func (w *waiter) hurry(t target)   { w.reschedule(t, w.group.rules.Hurry) }
func (w *waiter) restart(t target) { w.reschedule(t, w.group.rules.Restart) }

func (w *waiter) reschedule(t target, f func(*poller, time.Time)) {
	w.group.mu.Lock()
	defer w.group.unlock()
	f(w.pollers[t], time.Now())
}

// failure is the error of the last poll for a target, if that failed.
func (w *waiter) failure(t target) error {
	w.group.mu.Lock()
	defer w.group.unlock()
	if p := w.pollers[t]; p != nil {
		return p.Target.failed
	}
	return nil
}
