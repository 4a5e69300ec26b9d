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
	List              int           // the list whose pages may answer the poller, 0 for none
	Shortest, Longest time.Duration // the range of intervals from poll to poll, which grow with the age of the poller
	MaxPause          time.Duration // the longest pause that the poller grants the service

	began   time.Time // when it was added
	order   int       // among all that were added
	due     time.Time // when to poll next
	known   int       // the latest request whose response it knows, or that was sent before it was added
	ready   bool      // to send a request
	sending bool
	singles int // polls that it will make by itself, since a sweep did not answer it
	sweep   int // the latest sweep that it has read a page of
}

// Request is a request to send.
type Request struct {
	List   int       // the list of which a page is requested, 0 for a request for the poller's target alone
	Page   int       // the page's place in its sweep, 0 for the newest
	Cursor string    // the page's cursor
	Sent   time.Time // when the poller had its turn

	number, sweep int // of the request, and of the first one of its sweep
	jitter        float64
}

// Failure is why a request has no usable response. The zero Failure is a fault that may pass.
type Failure struct {
	Aborted    bool          // the poller broke off its request; another one sends it again
	Refused    bool          // the service refuses the list
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
	queues  [Lists + 1][]*Poller[T] // those that are ready, by due time: first those that ask by themselves
	added   int
	sent    int // requests
	emptied time.Time
}

// Add has a poller poll, at once and then at intervals, whenever it is ready.
func (g *Group[T]) Add(p *Poller[T], now time.Time) {
	if len(g.Pollers) == 0 {
		g.lists = [Lists + 1]list{} // what earlier waits found out is out of date
		if now.Before(g.emptied) {
			g.budget = budget{} // its times are of another clock, such as that of an earlier synctest bubble
		}
	}
	g.added++
	p.began, p.due, p.order, p.known = now, now, g.added, g.sent
	g.Pollers = append(g.Pollers, p)
	g.lists[p.List].pollers++
}

// Remove undoes Add. What comes of a request that the poller has sent may still be recorded.
func (g *Group[T]) Remove(p *Poller[T], now time.Time) {
	g.SetReady(p, false)
	g.lists[p.List].pollers--
	g.Pollers = slices.DeleteFunc(g.Pollers, func(q *Poller[T]) bool { return q == p })
	g.emptied = now
}

// SetReady says whether the poller can send a request. One that is not ready never gets a turn, so that a wait that is
// busy with something else holds up nobody.
func (g *Group[T]) SetReady(p *Poller[T], ready bool) { g.change(p, func() { p.ready = ready }) }

// Restart has the poller poll again after a delay, and then at intervals that grow from the shortest again.
func (g *Group[T]) Restart(p *Poller[T], delay time.Duration, now time.Time) {
	g.change(p, func() { p.began, p.due = now, now.Add(delay) })
}

// Next returns the poller that has the next turn, and when; nil if none is ready.
func (g *Group[T]) Next(now time.Time) (next *Poller[T], at time.Time) {
	var front, held *Poller[T] // the first in the queue of next, and the first that waits for a page
	for i, q := range slices.Backward(g.queues[:]) {
		if len(q) == 0 {
			continue
		}
		p, reserve := g.reader(q, now), 0
		if i == 0 && held != nil && held.compare(p) < 0 {
			reserve = pageReserve
		}
		_, wait := g.way(p, now)
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
	list, _ := g.way(queue[0], now)
	for _, p := range queue {
		if list == 0 || !g.swept(p) || p.due.After(now) {
			break
		}
		if p.sweep != g.lists[list].first {
			return p
		}
	}
	return queue[0]
}

// way returns the list that a poller requests a page of, 0 if it asks by itself, and until when it waits for a page
// that another poller has requested.
func (g *Group[T]) way(p *Poller[T], now time.Time) (list int, wait time.Time) {
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

// swept reports whether the latest sweep looked for the poller and has not found it so far.
func (g *Group[T]) swept(p *Poller[T]) bool {
	l := &g.lists[p.List]
	return p.known < l.first && p.due.Sub(l.began) < sweepAge
}

// Send returns the request of a poller whose turn has come. The jitter, from 0 to 1, shortens the intervals that follow
// by up to a fifth.
func (g *Group[T]) Send(p *Poller[T], now time.Time, jitter float64) Request {
	g.sent++
	g.budget.spend(now)
	r := Request{number: g.sent, Sent: now, jitter: jitter}
	r.List, _ = g.way(p, now)
	l, swept := &g.lists[p.List], g.swept(p)
	if r.List > 0 {
		if !swept {
			l.sweep = sweep{first: g.sent, began: now, jitter: jitter, open: l.pollers}
		}
		l.request(now)
		p.sweep, r.sweep, r.Page, r.Cursor = l.first, l.first, l.pages, l.cursor
	}
	g.change(p, func() {
		p.sending = true
		if p.singles > 0 {
			p.singles--
		} else if swept && !l.pays() {
			p.singles, l.depth = singlePolls, 0
		}
	})
	return r
}

// Paused reports whether the service has asked for a pause that is not over, or has not responded since.
func (g *Group[T]) Paused(now time.Time) bool {
	return g.budget.limited || now.Before(g.budget.pausedAt.Add(g.budget.pause))
}

// Reserve takes a place in the budget for a request that a poller sends in addition to that of its turn, and returns when
// to send it.
func (g *Group[T]) Reserve(p *Poller[T], now time.Time) time.Time {
	at := latest(now, g.budget.free(p.MaxPause, 0))
	g.budget.spend(at)
	return at
}

// Answered records the response to a request for the target alone, and reports whether it is newer than what the poller
// knows.
func (g *Group[T]) Answered(p *Poller[T], r Request, now time.Time) (isNew bool) {
	g.budget.limited = false
	if isNew = r.number > p.known; isNew {
		p.known, p.due = r.number, p.next(r.Sent, r.jitter, now)
	}
	g.change(p, func() { p.sending = false })
	return isNew
}

// Read records a page and the cursor of the next one, empty if there is none. It calls answers for each poller of the
// list that the page is new to; answers reports whether the poller's target is on it. A page that was read before is
// ignored.
func (g *Group[T]) Read(p *Poller[T], r Request, next string, now time.Time, answers func(T) bool) {
	g.budget.limited = false
	if l := g.awaited(r); l != nil {
		answered, open := 0, 0
		for _, q := range g.Pollers {
			switch {
			case q.List != r.List || q.known >= l.first:
			case answers(q.Target):
				answered++
				g.change(q, func() { q.singles, q.known, q.due = 0, r.number, q.next(l.began, l.jitter, now) })
			case q.singles == 0 && q.due.Before(now.Add(sweepAge)):
				open++
			}
		}
		l.read(next, answered, open)
	}
	g.change(p, func() { p.sending = false })
}

// Failed records a request without a usable response. A request for the target alone is repeated after an interval. A
// page is requested again by another poller, while this one asks by itself.
func (g *Group[T]) Failed(p *Poller[T], r Request, f Failure, now time.Time) {
	l := g.awaited(r)
	switch {
	case f.Aborted || f.Limited:
		if l != nil {
			l.tries, l.retry = l.tries-1, time.Time{}
		}
	case r.List == 0:
		p.due = p.next(r.Sent, r.jitter, now)
	default:
		if p.singles = 1; l != nil && f.Refused {
			l.tries, l.retry = 2, now.Add(maxPageRetry)
		}
	}
	if f.Limited {
		g.budget.limited, f.RetryAfter = true, max(f.RetryAfter, p.interval(now))
	}
	g.budget.pauseFor(f.RetryAfter, now)
	g.change(p, func() { p.sending = false })
}

// awaited returns the list of which a request is for the next page, nil if that was read or is none.
func (g *Group[T]) awaited(r Request) *list {
	if l := &g.lists[r.List]; r.List > 0 && r.sweep == l.first && r.Page == l.pages {
		return l
	}
	return nil
}

// change changes a poller and its place in a queue.
func (g *Group[T]) change(p *Poller[T], f func()) {
	if q, i := g.place(p); q != nil {
		*q = slices.Delete(*q, i, i+1)
	}
	f()
	if q, i := g.place(p); q != nil {
		*q = slices.Insert(*q, i, p)
	}
}

func (g *Group[T]) place(p *Poller[T]) (*[]*Poller[T], int) {
	if !p.ready || p.sending {
		return nil, 0
	}
	q := &g.queues[p.List]
	if p.singles > 0 {
		q = &g.queues[0]
	}
	i, _ := slices.BinarySearchFunc(*q, p, (*Poller[T]).compare)
	return q, i
}

func (p *Poller[T]) compare(q *Poller[T]) int {
	if c := p.due.Compare(q.due); c != 0 {
		return c
	}
	return p.order - q.order
}

// interval grows by half from poll to poll.
func (p *Poller[T]) interval(sent time.Time) time.Duration {
	return min(p.Shortest+sent.Sub(p.began)/2, p.Longest)
}

// next returns when to poll after a request: an interval after it was sent, but not before the shortest one has passed.
func (p *Poller[T]) next(sent time.Time, jitter float64, now time.Time) time.Time {
	shorten := func(d time.Duration) time.Duration { return d - time.Duration(jitter*float64(d)/5) }
	return latest(sent.Add(shorten(p.interval(sent))), now.Add(shorten(p.Shortest)))
}
