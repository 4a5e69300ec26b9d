package paperspace

import (
	"cmp"
	"context"
	"errors"
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
	target
	wait       *wait
	timeout    time.Duration // of the next poll, if longer than pollTimeout
	failed     error         // the error of the last poll
	unread     *reading      // the latest, until the wait takes it
	notFoundAt time.Time     // when the first 404 since the last value came
}

type poller = poll.Poller[*subject]

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
	if x.failed = r.err; x.unread == nil {
		x.wait.unread = append(x.wait.unread, x)
		x.wait.signal()
	}
	x.unread = &r
}

// pollGroup is shared by the waits of a client, and of its copies with the same origin, http.Client and API key.
type pollGroup struct {
	mu    sync.Mutex
	rules poll.Group[*subject]
	// histories are the events on the pages of the latest sweep, by machine, newest first.
	histories map[string][]MachineEvent
	pausedBy  error // the response that asked for the latest pause
	// next is the poller whose turn is next, and at the time of its turn. Its wait sleeps until then, the others until they
	// are woken.
	next *poller
	at   time.Time
}

// unlock wakes the wait whose turn is next, if that has changed.
func (g *pollGroup) unlock() {
	if next, at := g.rules.Next(time.Now()); next != g.next || !at.Equal(g.at) {
		if g.next, g.at = next, at; next != nil {
			next.Target.wait.signal()
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

// roundTrip sends the request of a poller and records its response.
func (g *pollGroup) roundTrip(p *poller) {
	var response Response
	value, err := g.request(p, &response)
	if err != nil && (p.Request.List > 0 || !isRefusal(err)) {
		g.failed(p, err)
		return
	}
	at, dateErr := http.ParseTime(response.Header.Get("Date"))
	if dateErr != nil {
		at = time.Now()
	}
	find, next := g.find(p.Request, value, at)
	g.rules.Responded(p, next, time.Now(), func(x *subject) bool {
		value := find(x)
		found := value != nil || err != nil
		if found {
			x.deliver(reading{value: value, at: at, err: err})
		}
		return found
	})
}

// request makes one attempt, without the lock: the next poll is its retry.
func (g *pollGroup) request(p *poller, response *Response) (value any, err error) {
	x, r := p.Target, p.Request
	ctx, c, policy, timeout := x.wait.ctx, x.wait.client, x.wait.client.config.retry, pollTimeout
	if r.List == 0 {
		timeout = max(timeout, x.timeout)
	}
	policy.MaxAttempts, policy.AttemptTimeout = 1, min(timeout, c.policy.AttemptTimeout)
	opts := []RequestOption{WithRetryPolicy(policy), WithResponse(response), WithLimiter(turn{g, p})}
	g.unlock()
	defer g.mu.Lock()
	switch params := (ListParams{After: r.Cursor, Limit: maxLimit}); r.List {
	case eventList:
		value, err = c.MachineEvents.List(ctx, MachineEventListParams{ListParams: params}, opts...)
	case machineList:
		value, err = c.Machines.List(ctx, MachineListParams{ListParams: params}, opts...)
	default:
		value, err = x.kind.read(ctx, c, x.id, opts...)
	}
	if e, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && e.Timeout() {
		x.timeout = 2 * policy.AttemptTimeout
	}
	return value, err
}

// turn is the limiter of a poll, which may send several requests.
type turn struct {
	group  *pollGroup
	poller *poller
}

func (t turn) Wait(ctx context.Context) error {
	t.group.mu.Lock()
	defer t.group.unlock()
	at := t.group.rules.Leave(t.poller, time.Now())
	for time.Until(at) > 0 && ctx.Err() == nil {
		t.group.sleep(ctx, nil, at)
	}
	return ctx.Err()
}

// failed records a failed poll. Only a refusal by the API is a reading.
func (g *pollGroup) failed(p *poller, err error) {
	x, f := p.Target, poll.Failure{}
	if e, ok := errors.AsType[*Error](err); ok {
		f.Limited, f.RetryAfter = errors.Is(err, ErrTooManyRequests), e.RetryAfter
	}
	if x.wait.ctx.Err() != nil {
		return // the request was broken off
	}
	isUnauthorized := errors.Is(err, ErrUnauthorized)
	for _, q := range g.rules.Pollers {
		switch {
		case isUnauthorized && q.Target.unread == nil: // it ends all waits, but does not replace what they have not read yet
			q.Target.deliver(reading{err: err})
		case q == p || p.Request.List > 0 && q.List == p.Request.List: // all that wait for the page
			q.Target.failed = err
		}
	}
	if f.Limited || f.RetryAfter > 0 {
		g.pausedBy = err
	}
	g.rules.Failed(p, f, time.Now())
}

// isRefusal reports whether the API, or this package, would refuse the same request again.
func isRefusal(err error) bool {
	_, unsent := errors.AsType[*ParamError](err)
	return unsent || errors.Is(err, ErrNoAPIKey) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrBadRequest) || errors.Is(err, ErrForbidden)
}

// The lists whose pages may have what many polls are for.
const (
	eventList = iota + 1
	machineList
)

// nextPage returns the cursor of the next page, empty if there is none.
func nextPage[T any](p *Page[T]) string {
	if !p.HasMore {
		return ""
	}
	return p.NextPage
}

// find returns the cursor of the page after a response, and a function that returns what a subject polls for if the
// response has it, else nil. For machineEventsKind that is the events of a machine, when the pages of the sweep reach
// back far enough.
func (g *pollGroup) find(r poll.Request, response any, at time.Time) (find func(*subject) any, next string) {
	items := map[string]any{}
	switch page := response.(type) {
	case *Page[Machine]:
		for i, m := range page.Items {
			if m.DeletedAt.IsZero() {
				items[m.ID] = &page.Items[i]
			}
		}
		return func(x *subject) any { return items[x.id] }, nextPage(page)
	case *Page[MachineEvent]:
		var oldest time.Time // zero on an empty page
		for i, e := range page.Items {
			items[e.ID], oldest = &page.Items[i], e.CreatedAt
		}
		next, remember := nextPage(page), sync.OnceFunc(func() { // not if the page is ignored
			if r.Page == 0 {
				g.histories = map[string][]MachineEvent{}
			}
			for _, e := range page.Items {
				g.histories[e.MachineID] = append(g.histories[e.MachineID], e)
			}
		})
		return func(x *subject) any {
			switch remember(); {
			case x.kind == eventKind:
				return items[x.id]
			case next == "" || !oldest.IsZero() && oldest.Before(cmp.Or(x.since, at.Add(-stuckAge))):
				return g.histories[x.id]
			}
			return nil
		}, next
	}
	return func(*subject) any { return response }, ""
}
