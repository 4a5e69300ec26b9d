package paperspace

import (
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"
)

// locked calls f with the lock, and wakes the wait whose turn is next.
func (w *wait) locked(f func(*pollGroup)) {
	w.group.mu.Lock()
	defer w.group.unlock()
	f(w.group)
}

func (w *wait) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// start polls for targets, whenever next is called, until finish is.
func (w *wait) start(targets ...target) { w.startAt(time.Now(), targets...) }

func (w *wait) startAt(begin time.Time, targets ...target) {
	w.locked(func(g *pollGroup) {
		shortest, longest := w.client.pollRange()
		for _, t := range targets {
			if w.pollers[t] == nil {
				w.pollers[t] = &poller{
					Target: &subject{target: t, wait: w}, List: t.kind.list,
					Shortest: shortest, Longest: longest, MaxPause: w.client.policy.MaxRetryAfter,
				}
				g.rules.Add(w.pollers[t], begin)
			}
		}
	})
}

// finish undoes start.
func (w *wait) finish(targets ...target) {
	w.locked(func(g *pollGroup) {
		for _, t := range targets {
			if p := w.pollers[t]; p != nil {
				delete(w.pollers, t)
				w.unread = slices.DeleteFunc(w.unread, func(x *subject) bool { return x == p.Target })
				g.rules.Remove(p, time.Now())
			}
		}
		if len(g.rules.Pollers) == 0 {
			g.histories = nil
		}
	})
}

// end cancels all polls and waits until their goroutines have ended.
func (w *wait) end() {
	w.stop()
	w.finish(slices.Collect(maps.Keys(w.pollers))...)
	w.requests.Wait()
}

// restart polls for a target again after a delay. The intervals then grow from the shortest again.
func (w *wait) restart(t target, delay time.Duration) {
	w.finish(t)
	w.startAt(time.Now().Add(delay), t)
}

// next returns the next reading. It polls until there is one, or returns the context's error.
func (w *wait) next() (t target, r reading, err error) {
	w.locked(func(g *pollGroup) {
		if len(w.unread) == 0 {
			w.poll(g)
		}
		if w.broke != nil {
			w.broke()
		}
		if err = w.ctx.Err(); len(w.unread) > 0 { // readings are valid although the context has ended
			x := w.unread[0]
			t, r, err = x.target, *x.unread, nil
			w.unread, x.unread = w.unread[1:], nil
		}
	})
	return t, r, err
}

// poll sends requests, each in its turn, until there is a reading or the context ends.
func (w *wait) poll(g *pollGroup) {
	ready := func(ready bool) {
		for _, p := range w.pollers {
			p.Ready = ready
		}
	}
	ready(true)
	defer ready(false)
	for len(w.unread) == 0 && w.broke == nil && w.ctx.Err() == nil {
		switch p, at := g.rules.Next(time.Now()); {
		case p == nil || p.Target.wait != w:
			g.sleep(w.ctx, w.wake, time.Time{})
		case time.Until(at) > 0:
			g.sleep(w.ctx, w.wake, at)
		default:
			w.send(g, p)
		}
	}
}

// send sends a request whose turn has come: in the goroutine of the call if the wait has one target, and otherwise in a
// goroutine of its own, whose panic or Goexit the call repeats.
func (w *wait) send(g *pollGroup, p *poller) {
	if g.rules.Send(p, time.Now(), rand.Float64()); len(w.pollers) == 1 {
		g.roundTrip(p)
		return
	}
	w.requests.Go(func() {
		w.locked(func(g *pollGroup) {
			broke := runtime.Goexit
			defer func() {
				if cause := recover(); cause != nil {
					broke = func() { panic(cause) }
				}
				if broke != nil {
					w.broke = broke
					w.signal()
				}
			}()
			g.roundTrip(p)
			broke = nil
		})
	})
}
