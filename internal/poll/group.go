// Package poll has the rules by which concurrent waits poll a service: whose turn it is and when, which request is
// sent, and which pollers the response is new to. The pollers of a group share a budget of requests and the pages of
// lists; apart from that each polls for itself. There is no I/O, clock, lock or goroutine here: time is a parameter,
// and the caller holds a lock around every call.
package poll

import (
	"slices"
	"time"
)

// Lists is how many lists a group has, numbered from 1.
const Lists = 2

// Poller polls for one target on behalf of one wait.
type Poller[T any] struct {
	Target            T             // what is polled for; the rules do not look at it
	List              int           // the list whose pages may have the target, 0 for none
	Shortest, Longest time.Duration // the range of intervals from poll to poll, which grow with the age of the poller
	MaxPause          time.Duration // the longest pause that the poller accepts
	// Ready is whether the poller can send a request. One that is not ready never gets a turn, so that a wait that is busy
	// with something else holds up nobody.
	Ready bool

	Request Request // the latest one; read only
	Sending bool    // whether that has no response yet; read only

	began   time.Time // when it was added
	order   int       // among all that were added
	due     time.Time // when to poll next
	known   int       // the latest request whose response it knows, or that was sent before it was added
	singles int       // polls that it makes by itself, since a sweep did not find its target
}

// Request is a request of a poller.
type Request struct {
	List   int       // the list of which a page is requested, 0 for a request for the poller's target alone
	Page   int       // the page's place in its sweep, 0 for the newest
	Cursor string    // the page's cursor
	Sent   time.Time // when the poller had its turn

	number, sweep int // of the request, and of the first one of its sweep
	jitter        float64
	left          bool // the poll has sent a request
}

// Failure is why a request has no usable response. The zero Failure is a fault that may pass.
type Failure struct {
	Limited    bool          // a 429; until there is another response, requests are sent one by one
	RetryAfter time.Duration // how long the service wants no requests
}

// Group is the pollers that share pages and a budget. The zero Group is empty. While it has pollers, all times are of
// one clock.
type Group[T any] struct {
	// Pollers are those that were added and not removed. It is to be read only.
	Pollers []*Poller[T]

	budget  budget
	lists   [Lists + 1]list
	queues  [Lists + 1][]*Poller[T] // all pollers, by due time: first those that poll by themselves
	count   int                     // of pollers that were added and requests that were sent
	emptied time.Time
}

// Add has a poller poll, from a time on and then at intervals, whenever it is ready.
func (g *Group[T]) Add(p *Poller[T], begin time.Time) {
	if len(g.Pollers) == 0 {
		g.lists = [Lists + 1]list{} // what earlier waits found out is out of date
		if begin.Before(g.emptied) {
			g.budget = budget{} // its times are of another clock, such as that of an earlier synctest bubble
		}
	}
	g.count++
	p.began, p.due, p.order, p.known = begin, begin, g.count, g.count
	g.Pollers = append(g.Pollers, p)
	g.lists[p.List].pollers++
	q, i, _ := g.place(p)
	*q = slices.Insert(*q, i, p)
}

// Remove undoes Add. If the poller is sending a request for a page, another poller requests the page again. The response
// may still be recorded, but concerns the budget only.
func (g *Group[T]) Remove(p *Poller[T], now time.Time) {
	g.release(p)
	p.Sending = false
	q, i, _ := g.place(p)
	*q = slices.Delete(*q, i, i+1)
	g.lists[p.List].pollers--
	g.Pollers = slices.DeleteFunc(g.Pollers, func(q *Poller[T]) bool { return q == p })
	g.emptied = now
}

// Next returns the poller that has the next turn, and when; nil if none is ready.
func (g *Group[T]) Next(now time.Time) (next *Poller[T], at time.Time) {
	var front, held *Poller[T] // the first in the queue of next, and the first that waits for a page
	for i, q := range slices.Backward(g.queues[:]) {
		first := slices.IndexFunc(q, (*Poller[T]).isIdle)
		if first < 0 {
			continue
		}
		q = q[first:]
		p, reserve := g.reader(q, now), 0
		if i == 0 && held != nil && held.compare(p) < 0 {
			reserve = pageReserve
		}
		_, wait := g.route(p, now)
		if wait.After(now) && (held == nil || q[0].compare(held) < 0) {
			held = q[0]
		}
		t := latest(q[0].due, wait, g.budget.free(p.MaxPause, reserve))
		if next == nil || t.Before(at) || t.Equal(at) && q[0].compare(front) < 0 {
			next, at, front = p, t, q[0]
		}
	}
	return next, at
}

// reader returns the poller of a queue that sends its next request: the first, or if that has read a page of the sweep
// already, one that has not. So one slow poller does not slow down a whole sweep.
func (g *Group[T]) reader(queue []*Poller[T], now time.Time) *Poller[T] {
	list, _ := g.route(queue[0], now)
	for _, p := range queue {
		if list == 0 || !g.swept(p) || p.due.After(now) {
			break
		}
		if p.isIdle() && p.Request.sweep != g.lists[list].first {
			return p
		}
	}
	return queue[0]
}

// route returns the list that a poller requests a page of, 0 if it polls by itself, and until when it waits for a page
// that another poller has requested.
func (g *Group[T]) route(p *Poller[T], now time.Time) (list int, wait time.Time) {
	l, swept := &g.lists[p.List], g.swept(p)
	switch {
	case p.List == 0 || p.singles > 0 || swept && !l.pays() || !swept && l.pollers < 2:
		return 0, wait
	case !now.Before(l.retry):
		return p.List, wait
	case l.tries > 1:
		return 0, wait
	}
	return 0, l.retry
}

// swept reports whether the latest sweep looks for the target of a poller and has not found it so far.
func (g *Group[T]) swept(p *Poller[T]) bool {
	l := &g.lists[p.List]
	return p.known < l.first && p.due.Sub(l.began) < sweepAge
}

// Send makes the Request of a poller whose turn has come. The jitter, from 0 to 1, shortens the intervals that follow by
// up to a fifth.
func (g *Group[T]) Send(p *Poller[T], now time.Time, jitter float64) {
	list, _ := g.route(p, now)
	l, swept := &g.lists[p.List], g.swept(p)
	g.count++
	g.budget.spend(now)
	p.Request, p.Sending = Request{List: list, Sent: now, number: g.count, jitter: jitter}, true
	switch {
	case list > 0:
		if !swept {
			l.sweep = sweep{first: g.count, began: now, jitter: jitter, open: l.pollers}
		}
		l.request(now)
		p.Request.sweep, p.Request.Page, p.Request.Cursor = l.first, l.pages, l.cursor
	case p.singles > 0:
		g.change(p, func() { p.singles-- })
	case swept && !l.pays():
		g.change(p, func() { p.singles, l.depth = singlePolls, 0 })
	}
}

// Leave returns when the request of a poller may leave. The budget has room for it at the time of the turn. If it leaves
// more than maxDelay later, such as after a slow hook, it needs room of its own, as do further requests of the same poll.
func (g *Group[T]) Leave(p *Poller[T], now time.Time) time.Time {
	at := now
	if p.Request.left || now.Sub(p.Request.Sent) > maxDelay {
		at = latest(now, g.budget.free(p.MaxPause, 0))
		g.budget.spend(at)
	}
	p.Request.left = true
	return at
}

// Paused reports whether the service has asked for a pause that is not over, or has not responded since.
func (g *Group[T]) Paused(now time.Time) bool {
	return g.budget.limited || now.Before(g.budget.pausedAt.Add(g.budget.pause))
}

// Responded records the response to a poller's request, and for a page the cursor of the next one, empty if there is
// none. It calls found for each poller that the response is new to: for a page, those of the list; found reports whether
// the response has the poller's target. A page that was read before is ignored.
func (g *Group[T]) Responded(p *Poller[T], next string, now time.Time, found func(T) bool) {
	g.budget.limited = false
	if !p.Sending {
		return // it was removed
	}
	r, l := p.Request, g.awaited(p)
	p.Sending = false
	if r.List == 0 && r.number > p.known && found(p.Target) {
		g.change(p, func() { p.known, p.due = r.number, p.next(r.Sent, r.jitter, now) })
	}
	if l == nil {
		return
	}
	targets, open := 0, 0
	for _, q := range g.Pollers {
		switch {
		case q.List != r.List || q.known >= l.first:
		case found(q.Target):
			targets++
			g.change(q, func() { q.singles, q.known, q.due = 0, r.number, q.next(l.began, l.jitter, now) })
		case q.singles == 0 && q.due.Before(now.Add(sweepAge)):
			open++
		}
	}
	l.read(next, targets, open)
}

// Failed records that a request has no usable response. A request for the target alone is repeated after an interval. A
// page is requested again by another poller, while this one polls by itself. After a 429 either is repeated after a pause.
func (g *Group[T]) Failed(p *Poller[T], f Failure, now time.Time) {
	switch r := p.Request; {
	case f.Limited:
		g.release(p)
		g.budget.limited, f.RetryAfter = true, max(f.RetryAfter, p.interval(now))
	case r.List > 0:
		g.change(p, func() { p.singles = 1 })
	default:
		g.change(p, func() { p.due = p.next(r.Sent, r.jitter, now) })
	}
	p.Sending = false
	g.budget.pauseFor(f.RetryAfter, now)
}

// awaited returns the list that is waiting for the page that a poller has requested, nil if none is.
func (g *Group[T]) awaited(p *Poller[T]) *list {
	r := &p.Request
	if l := &g.lists[r.List]; p.Sending && r.List > 0 && r.sweep == l.first && r.Page == l.pages {
		return l
	}
	return nil
}

// release lets another poller request the page that a poller has requested.
func (g *Group[T]) release(p *Poller[T]) {
	if l := g.awaited(p); l != nil {
		l.tries, l.retry = l.tries-1, time.Time{}
	}
}

// change changes a poller, and its place in the queues if it was not removed.
func (g *Group[T]) change(p *Poller[T], f func()) {
	q, i, found := g.place(p)
	if f(); found {
		*q = slices.Delete(*q, i, i+1)
		q, i, _ = g.place(p)
		*q = slices.Insert(*q, i, p)
	}
}

func (g *Group[T]) place(p *Poller[T]) (queue *[]*Poller[T], i int, found bool) {
	queue = &g.queues[p.List]
	if p.singles > 0 {
		queue = &g.queues[0]
	}
	i, found = slices.BinarySearchFunc(*queue, p, (*Poller[T]).compare)
	return queue, i, found
}

func (p *Poller[T]) compare(q *Poller[T]) int {
	if c := p.due.Compare(q.due); c != 0 {
		return c
	}
	return p.order - q.order
}

func (p *Poller[T]) isIdle() bool { return p.Ready && !p.Sending }

// interval grows by half from poll to poll.
func (p *Poller[T]) interval(sent time.Time) time.Duration {
	return min(p.Shortest+sent.Sub(p.began)/2, p.Longest)
}

// next returns when to poll after a request: an interval after it was sent, but not before the shortest one has passed.
func (p *Poller[T]) next(sent time.Time, jitter float64, now time.Time) time.Time {
	shorten := func(d time.Duration) time.Duration { return d - time.Duration(jitter*float64(d)/5) }
	return latest(sent.Add(shorten(p.interval(sent))), now.Add(shorten(p.Shortest)))
}
