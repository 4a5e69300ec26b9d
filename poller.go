package paperspace

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/paperspace-go/paperspace/internal/poll"
)

// pollTimeout bounds a poll. One that takes longer is repeated with twice the time, up to the policy's AttemptTimeout.
const pollTimeout = 10 * time.Second

// The lists whose pages answer polls.
const (
	eventList = iota + 1
	machineList
)

// targetKind is what the targets of one kind have in common.
type targetKind struct {
	list int // the list whose pages may hold the target, 0 for none
	read func(ctx context.Context, c *Client, id string, opts ...RequestOption) (any, error)
}

var (
	eventKind = &targetKind{eventList, func(ctx context.Context, c *Client, id string, opts ...RequestOption) (any, error) {
		return c.MachineEvents.Get(ctx, id, opts...)
	}}
	// machineEventsKind is the newest events of a machine: at least those of the last stuckAge, or of the time given.
	machineEventsKind = &targetKind{eventList, func(ctx context.Context, c *Client, id string, opts ...RequestOption) (any, error) {
		params := MachineEventListParams{ListParams: ListParams{Limit: maxLimit}, MachineID: id}
		page, err := c.MachineEvents.List(ctx, params, opts...)
		if err != nil {
			return nil, err
		}
		return page.Items, nil
	}}
	machineKind = &targetKind{machineList, func(ctx context.Context, c *Client, id string, opts ...RequestOption) (any, error) {
		return c.Machines.Get(ctx, id, opts...)
	}}
	deploymentKind = &targetKind{0, func(ctx context.Context, c *Client, id string, opts ...RequestOption) (any, error) {
		return c.Deployments.Get(ctx, id, opts...)
	}}
	deploymentRunsKind = &targetKind{0, func(ctx context.Context, c *Client, id string, opts ...RequestOption) (any, error) {
		return c.Deployments.ListRuns(ctx, id, DeploymentRunListParams{}, opts...)
	}}
)

// target is one thing to poll for.
type target struct {
	kind *targetKind
	id   string
}

// reading is what a poll learned of a target.
type reading struct {
	value any           // *MachineEvent, []MachineEvent, *Machine, *Deployment or []DeploymentRun; shared, so not to be changed
	at    time.Time     // by the service's clock
	err   error         // instead of a value: the API refused the request
	gone  time.Duration // how long the API has returned nothing but 404, as far as polls saw
}

type poller = poll.Poller[*subject]

// subject is what a poller polls for.
type subject struct {
	target  target
	since   time.Time // the age of the oldest event of a machine that matters, if not stuckAge
	waiter  *waiter
	wake    chan struct{}
	stopped bool

	timeout    time.Duration
	failed     error // the last poll's, without a reading
	latest     reading
	unread     bool
	notFoundAt time.Time // the first 404 since the last value
}

// pollGroup is what the waits of a client share, and those of its copies with the same origin, http.Client and key.
type pollGroup struct {
	mu    sync.Mutex
	rules poll.Group[*subject]
	// histories are the events on the pages of the latest sweep, by machine, newest first.
	histories map[string][]MachineEvent
	// woken was told that its turn is at a time. Whoever has the next turn is awake; all others sleep.
	woken *poller
	turn  time.Time
}

// unlock wakes the poller whose turn is next, since it may be another one now.
func (g *pollGroup) unlock() {
	if next, at := g.rules.Next(time.Now()); next != g.woken || !at.Equal(g.turn) {
		if g.woken, g.turn = next, at; next != nil {
			signal(next.Target.wake)
		}
	}
	g.mu.Unlock()
}

// block gives up the lock until there is a signal or the time has come.
func (g *pollGroup) block(ctx context.Context, wake <-chan struct{}, until time.Time) {
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
			g.block(x.waiter.ctx, x.wake, time.Time{})
		case time.Until(at) > 0:
			g.block(x.waiter.ctx, x.wake, at)
		default:
			g.send(p)
		}
	}
}

// send sends one request. If it panics, in a hook for instance, another poller has its turn.
func (g *pollGroup) send(p *poller) {
	r := g.rules.Send(p, time.Now(), rand.Float64())
	returned := false
	defer func() {
		if !returned {
			g.rules.Failed(p, r, poll.Failure{Aborted: true}, time.Now())
		}
	}()
	var response Response
	value, err := g.request(p.Target, r, &response)
	returned = true
	at, dateErr := http.ParseTime(response.Header.Get("Date"))
	if dateErr != nil {
		at = time.Now()
	}
	switch page := value.(type) {
	case *Page[MachineEvent]:
		g.rules.Read(p, r, nextPage(page), time.Now(), g.eventReader(r, page, at))
	case *Page[Machine]:
		g.rules.Read(p, r, nextPage(page), time.Now(), machineReader(page, at))
	default:
		if err != nil {
			g.failed(p, r, err, at)
		} else if g.rules.Answered(p, r, time.Now()) {
			p.Target.deliver(reading{value: value, at: at})
		}
	}
}

// request makes one attempt, without the lock: the next poll is its retry.
func (g *pollGroup) request(x *subject, r poll.Request, response *Response) (value any, err error) {
	read, c := x.target.kind.read, x.waiter.client
	policy := c.config.retry
	timeout := max(x.timeout, pollTimeout)
	if r.List > 0 {
		read, timeout = pageReader(r), pollTimeout
	}
	policy.MaxAttempts, policy.AttemptTimeout = 1, min(timeout, c.policy.AttemptTimeout)
	g.unlock()
	defer g.mu.Lock()
	if value, err = read(x.waiter.ctx, c, x.target.id, WithRetryPolicy(policy), WithResponse(response)); err == nil {
		return value, nil
	}
	if timedOut(err) {
		x.timeout = 2 * policy.AttemptTimeout
	}
	return nil, err
}

func timedOut(err error) bool {
	e, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && e.Timeout()
}

func pageReader(r poll.Request) func(context.Context, *Client, string, ...RequestOption) (any, error) {
	params := ListParams{After: r.Cursor, Limit: maxLimit}
	return func(ctx context.Context, c *Client, _ string, opts ...RequestOption) (any, error) {
		if r.List == eventList {
			return c.MachineEvents.List(ctx, MachineEventListParams{ListParams: params}, opts...)
		}
		return c.Machines.List(ctx, MachineListParams{ListParams: params}, opts...)
	}
}

// nextPage returns the cursor of the next page, empty if there is none.
func nextPage[T any](p *Page[T]) string {
	if !p.HasMore {
		return ""
	}
	return p.NextPage
}

// machineReader returns a function that delivers a subject's reading, if the page has it.
func machineReader(page *Page[Machine], at time.Time) func(*subject) bool {
	machines := make(map[string]*Machine, len(page.Items))
	for i := range page.Items {
		machines[page.Items[i].ID] = &page.Items[i]
	}
	return func(x *subject) bool {
		m, ok := machines[x.target.id]
		if ok {
			x.deliver(reading{value: m, at: at})
		}
		return ok
	}
}

// eventReader is the same for events, and for the events of a machine once the pages reach back far enough.
func (g *pollGroup) eventReader(r poll.Request, page *Page[MachineEvent], at time.Time) func(*subject) bool {
	events := make(map[string]*MachineEvent, len(page.Items))
	var oldest time.Time // stays zero, and reaches nowhere, on an empty page
	for i := range page.Items {
		events[page.Items[i].ID], oldest = &page.Items[i], page.Items[i].CreatedAt
	}
	remember := sync.OnceFunc(func() { // only if the page counts
		if r.Page == 0 {
			g.histories = map[string][]MachineEvent{}
		}
		for _, e := range page.Items {
			g.histories[e.MachineID] = append(g.histories[e.MachineID], e)
		}
	})
	return func(x *subject) bool {
		remember()
		if x.target.kind == machineEventsKind {
			since := x.since
			if since.IsZero() {
				since = at.Add(-stuckAge)
			}
			if nextPage(page) != "" && (oldest.IsZero() || !oldest.Before(since)) {
				return false
			}
			x.deliver(reading{value: g.histories[x.target.id], at: at})
			return true
		}
		e, ok := events[x.target.id]
		if ok {
			x.deliver(reading{value: e, at: at})
		}
		return ok
	}
}

// failed records a failed poll, which is no failure of what is polled for, unless the API refused it.
func (g *pollGroup) failed(p *poller, r poll.Request, err error, at time.Time) {
	x, f := p.Target, poll.Failure{}
	if e, ok := errors.AsType[*Error](err); ok {
		f.Limited, f.RetryAfter = errors.Is(err, ErrTooManyRequests), e.RetryAfter
	}
	switch refused := isRefusal(err); {
	case x.waiter.ctx.Err() != nil:
		f = poll.Failure{Aborted: true}
	case errors.Is(err, ErrUnauthorized): // all would meet it; what they have learned is still true
		for _, q := range g.rules.Pollers {
			if !q.Target.unread {
				q.Target.deliver(reading{err: err, at: at})
			}
		}
	case refused && r.List == 0:
		if g.rules.Answered(p, r, time.Now()) {
			x.deliver(reading{err: err, at: at})
		}
		return
	case r.List > 0:
		f.Refused = refused
		for _, q := range g.rules.Pollers {
			if q.List == r.List {
				q.Target.failed = err
			}
		}
	default:
		x.failed = err
	}
	g.rules.Failed(p, r, f, time.Now())
}

// isRefusal reports whether the same request would be refused again: by the API itself, or before it was sent.
func isRefusal(err error) bool {
	_, unsent := errors.AsType[*ParamError](err)
	return unsent || errors.Is(err, ErrNoAPIKey) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrBadRequest) || errors.Is(err, ErrForbidden)
}

// deliver has a subject's wait learn a reading.
func (x *subject) deliver(r reading) {
	if r.err == nil {
		x.notFoundAt = time.Time{}
	} else if errors.Is(r.err, ErrNotFound) {
		now := time.Now()
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

// pollRange is the range of the intervals between polls.
func (c *Client) pollRange() (shortest, longest time.Duration) {
	return orDefaults(c.config.pollMin, c.config.pollMax, time.Second, 10*time.Second)
}
