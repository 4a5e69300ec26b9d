package paperspace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/paperspace-go/paperspace/internal/poll"
)

// pollTimeout is how long a poll may take. A poll that takes longer is repeated with twice the time, up to the
// AttemptTimeout of the retry policy.
const pollTimeout = 10 * time.Second

// target is one thing to poll for.
type target struct {
	kind  *targetKind
	id    string
	since time.Time // for machineEventsKind: the oldest event that is needed; zero means stuckAge ago
}

// targetKind is a kind of target.
type targetKind struct {
	list int // the list whose pages contain such targets, 0 for none
	read func(ctx context.Context, c *Client, id string, opts ...RequestOption) (any, error)
}

// reading is the result of a poll.
type reading struct {
	value any           // what the kind's read returned; read-only, since waits share it
	at    time.Time     // the time of the response by the service's clock
	err   error         // if there is no value: why the API refused the request
	gone  time.Duration // how long all responses have been a 404
}

// subject is a target of a wait, and what its polls have returned.
type subject struct {
	target  target
	waiter  *waiter
	wake    chan struct{}
	stopped bool

	timeout    time.Duration // of the next poll, if longer than pollTimeout
	failed     error         // the error of the last poll
	latest     reading
	unread     bool      // the wait does not know latest yet
	notFoundAt time.Time // when the first 404 since the last value came
}

type poller = poll.Poller[*subject]

// pollGroup is shared by the waits of a client, and of its copies with the same origin, http.Client and API key.
type pollGroup struct {
	mu    sync.Mutex
	rules poll.Group[*subject]
	// histories are the events on the pages of the latest sweep, by machine, newest first.
	histories map[string][]MachineEvent
	pausedBy  error // the response that asked for the latest pause
	// woken is the poller whose turn is next, at the time turn. It sleeps until then, the others until they are woken.
	woken *poller
	turn  time.Time
}

// unlock wakes the poller whose turn is next, if that has changed.
func (g *pollGroup) unlock() {
	if next, at := g.rules.Next(time.Now()); next != g.woken || !at.Equal(g.turn) {
		if g.woken, g.turn = next, at; next != nil {
			signal(next.Target.wake)
		}
	}
	g.mu.Unlock()
}

// sleep releases the lock until it gets a signal or the time comes. A zero time never comes.
func (g *pollGroup) sleep(ctx context.Context, wake <-chan struct{}, until time.Time) {
	var due <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		due = timer.C
	}
	g.unlock()
	defer g.mu.Lock()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-due:
	}
}

func signal(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// poll sends a poller's requests, each in its turn, until done reports true.
func (g *pollGroup) poll(p *poller, done func() bool) {
	g.rules.SetReady(p, true)
	defer g.rules.SetReady(p, false)
	for x := p.Target; !done(); {
		switch next, at := g.rules.Next(time.Now()); {
		case next != p:
			g.sleep(x.waiter.ctx, x.wake, time.Time{})
		case time.Until(at) > 0:
			g.sleep(x.waiter.ctx, x.wake, at)
		default:
			g.send(p)
		}
	}
}

// send sends one request and records its response.
func (g *pollGroup) send(p *poller) {
	r := g.rules.Send(p, time.Now(), rand.Float64())
	returned := false
	defer func() {
		if !returned { // it panicked, such as in a hook
			g.rules.Failed(p, r, poll.Failure{Aborted: true}, time.Now())
		}
	}()
	var response Response
	value, err := g.request(p, r, &response)
	returned = true
	at, dateErr := http.ParseTime(response.Header.Get("Date"))
	if dateErr != nil {
		at = time.Now()
	}
	if err != nil {
		g.failed(p, r, err, at)
		return
	}
	switch page := value.(type) {
	case *Page[MachineEvent]:
		g.read(p, r, nextPage(page), at, g.eventFinder(r, page, at))
	case *Page[Machine]:
		g.read(p, r, nextPage(page), at, machineFinder(page))
	default:
		if g.rules.Answered(p, r, time.Now()) {
			p.Target.deliver(reading{value: value, at: at})
		}
	}
}

// request makes one attempt, without the lock: the next poll is its retry.
func (g *pollGroup) request(p *poller, r poll.Request, response *Response) (value any, err error) {
	x := p.Target
	ctx, c, policy, timeout := x.waiter.ctx, x.waiter.client, x.waiter.client.config.retry, pollTimeout
	if r.List == 0 {
		timeout = max(timeout, x.timeout)
	}
	policy.MaxAttempts, policy.AttemptTimeout = 1, min(timeout, c.policy.AttemptTimeout)
	opts := []RequestOption{WithRetryPolicy(policy), WithResponse(response), WithLimiter(&turn{g, p, r.Sent})}
	g.unlock()
	defer g.mu.Lock()
	switch params := (ListParams{After: r.Cursor, Limit: maxLimit}); r.List {
	case eventList:
		value, err = c.MachineEvents.List(ctx, MachineEventListParams{ListParams: params}, opts...)
	case machineList:
		value, err = c.Machines.List(ctx, MachineListParams{ListParams: params}, opts...)
	default:
		value, err = x.target.kind.read(ctx, c, x.target.id, opts...)
	}
	if e, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && e.Timeout() {
		x.timeout = 2 * policy.AttemptTimeout
	}
	return value, err
}

// turn is the limiter of a poll. The budget has room for one request at the time of the turn. A request that leaves later,
// such as after a slow hook, and each further one of the same poll, waits for room of its own.
type turn struct {
	group  *pollGroup
	poller *poller
	at     time.Time
}

func (t *turn) Wait(ctx context.Context) error {
	t.group.mu.Lock()
	defer t.group.unlock()
	if now := time.Now(); now.Sub(t.at) > poll.MaxDelay {
		at := t.group.rules.Reserve(t.poller, now)
		for time.Until(at) > 0 && ctx.Err() == nil {
			t.group.sleep(ctx, nil, at)
		}
	}
	t.at = time.Time{}
	return ctx.Err()
}

// read records a page, and delivers the values that find returns.
func (g *pollGroup) read(p *poller, r poll.Request, next string, at time.Time, find func(*subject) any) {
	g.rules.Read(p, r, next, time.Now(), func(x *subject) bool {
		value := find(x)
		if value != nil {
			x.deliver(reading{value: value, at: at})
		}
		return value != nil
	})
}

// failed records a failed poll. Only a refusal by the API is a reading.
func (g *pollGroup) failed(p *poller, r poll.Request, err error, at time.Time) {
	x, refused, f := p.Target, isRefusal(err), poll.Failure{}
	if e, ok := errors.AsType[*Error](err); ok {
		f.Limited, f.RetryAfter = errors.Is(err, ErrTooManyRequests), e.RetryAfter
	}
	switch {
	case x.waiter.ctx.Err() != nil:
		f = poll.Failure{Aborted: true}
		if took := time.Since(r.Sent); took > time.Second {
			x.failed = cmp.Or(x.failed, fmt.Errorf("no response after %s", took.Round(time.Second)))
		}
	case refused && r.List == 0:
		if g.rules.Answered(p, r, time.Now()) {
			x.deliver(reading{err: err, at: at})
		}
		return
	case errors.Is(err, ErrUnauthorized): // it concerns all waits, but does not replace what they have not read yet
		for _, q := range g.rules.Pollers {
			if !q.Target.unread {
				q.Target.deliver(reading{err: err, at: at})
			}
		}
	default:
		f.Refused = refused
		pauses := f.Limited || f.RetryAfter > 0
		if pauses {
			g.pausedBy = err
		}
		for _, q := range g.rules.Pollers {
			if q == p || r.List > 0 && q.List == r.List || pauses { // all that it delays
				q.Target.failed = err
			}
		}
	}
	g.rules.Failed(p, r, f, time.Now())
}

// isRefusal reports whether the API, or this package, would refuse the same request again.
func isRefusal(err error) bool {
	_, unsent := errors.AsType[*ParamError](err)
	return unsent || errors.Is(err, ErrNoAPIKey) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrBadRequest) || errors.Is(err, ErrForbidden)
}

// deliver passes a reading to the wait.
func (x *subject) deliver(r reading) {
	if r.err == nil {
		x.notFoundAt = time.Time{}
	} else if now := time.Now(); errors.Is(r.err, ErrNotFound) {
		if x.notFoundAt.IsZero() {
			x.notFoundAt = now
		}
		r.gone = now.Sub(x.notFoundAt)
	}
	x.latest, x.failed = r, r.err
	if !x.unread {
		x.unread = true
		x.waiter.unread = append(x.waiter.unread, x)
		signal(x.waiter.wake)
	}
}
