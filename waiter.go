package paperspace

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"
)

// waiter polls for the targets of a wait: for one in the goroutine of the call, and for each other target at the same
// time in a goroutine of its own, which ends before the call returns.
type waiter struct {
	group   *pollGroup
	client  *Client
	ctx     context.Context
	stop    context.CancelFunc
	wake    chan struct{}
	pollers map[target]*poller
	own     *poller    // the poller of the call's goroutine
	unread  []*subject // with readings for next to return
	others  sync.WaitGroup
	broke   func() // repeats the panic or Goexit of another goroutine
}

// locked calls f with the lock, and wakes the poller whose turn is next.
func (w *waiter) locked(f func(*pollGroup)) {
	w.group.mu.Lock()
	defer w.group.unlock()
	f(w.group)
}

// start polls for targets until finish is called.
func (w *waiter) start(targets ...target) {
	w.locked(func(g *pollGroup) {
		shortest, longest := w.client.pollRange()
		for _, t := range targets {
			if w.pollers[t] != nil {
				continue
			}
			x := &subject{target: t, waiter: w, wake: w.wake}
			if g.rules.Paused(time.Now()) {
				x.failed = g.pausedBy
			}
			p := &poller{Target: x, List: t.kind.list, Shortest: shortest, Longest: longest, MaxPause: w.client.policy.MaxRetryAfter}
			g.rules.Add(p, time.Now())
			if w.pollers[t] = p; w.own == nil {
				w.own = p
			} else {
				x.wake = make(chan struct{}, 1)
				w.others.Go(func() { w.pollBeside(p) })
			}
		}
	})
}

// pollBeside polls in a goroutine of its own. A panic or Goexit there is repeated in the goroutine of the call.
func (w *waiter) pollBeside(p *poller) {
	w.locked(func(g *pollGroup) {
		broke := runtime.Goexit
		defer func() {
			if cause := recover(); cause != nil {
				broke = func() { panic(cause) }
			}
			if broke != nil {
				w.broke = broke
				signal(w.wake)
			}
		}()
		g.poll(p, func() bool { return p.Target.stopped || w.ctx.Err() != nil })
		broke = nil
	})
}

func (w *waiter) finish(t target) { w.locked(func(g *pollGroup) { w.remove(g, t) }) }

func (w *waiter) remove(g *pollGroup, t target) {
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
	g.rules.Remove(p, time.Now())
}

// end stops all polls and waits until their goroutines have ended.
func (w *waiter) end() {
	w.stop()
	w.others.Wait()
	w.locked(func(g *pollGroup) {
		for t := range w.pollers {
			w.remove(g, t)
		}
		if len(g.rules.Pollers) == 0 {
			g.histories = nil
		}
	})
}

// next returns the next reading. It polls until there is one, or returns the context's error.
func (w *waiter) next() (t target, r reading, err error) {
	w.locked(func(g *pollGroup) {
		done := func() bool { return len(w.unread) > 0 || w.broke != nil || w.ctx.Err() != nil }
		if w.own != nil {
			g.poll(w.own, done)
		}
		for !done() {
			g.sleep(w.ctx, w.wake, time.Time{})
		}
		if w.broke != nil {
			w.broke()
		}
		if err = w.ctx.Err(); len(w.unread) > 0 { // readings are valid although the context has ended
			x := w.unread[0]
			w.unread, x.unread = w.unread[1:], false
			t, r, err = x.target, x.latest, nil
		}
	})
	return t, r, err
}

// restart polls for a target again after a delay. The intervals then grow from the shortest again.
func (w *waiter) restart(t target, delay time.Duration) {
	w.locked(func(g *pollGroup) { g.rules.Restart(w.pollers[t], delay, time.Now()) })
}
