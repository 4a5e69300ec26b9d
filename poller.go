package paperspace

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"time"
)

const (
	// pollBudget is how many requests a tick may cost, however many wait.
	pollBudget = 10
	// pollPages is how far back in a list a round looks.
	pollPages = 8
	// pollListTries is how often a page may fail in a round before the list is given up for it.
	pollListTries = 3
	// pollSkip is for how many ticks a list is left alone whose pages answered fewer targets than they cost requests.
	pollSkip = 20
)

// kind is what there is to poll for.
type kind int

const (
	eventKind          kind = iota // an event, by its id
	machineEventsKind              // the events of a machine that are not too old, by the machine's id
	machineKind                    // a machine, by its id
	deploymentKind                 // a deployment, by its id
	deploymentRunsKind             // what a deployment runs, by its id
)

// target is one thing to poll for.
type target struct {
	kind kind
	id   string
}

// news is what a poll learned of a target: the thing itself, or that the service refuses to tell of it.
type news struct {
	event      *MachineEvent
	events     []MachineEvent
	machine    *Machine
	deployment *Deployment
	runs       []DeploymentRun
	err        error
}

// poller asks the service on behalf of all calls that wait. It has no goroutine: one of the calls that are blocked in
// it leads, which is to say that it polls for all, and hands that on when it leaves. All channels and timers are made
// by the call that waits on them.
//
// A round asks for every target once, from list pages where that is cheaper than one by one. A tick is what of it fits
// into pollBudget requests. The rest follows in the next tick, after the shortest interval, and so do targets that are
// new since.
type poller struct {
	mu      sync.Mutex
	waiters []*waiter
	entries map[target]*entry
	leader  *waiter

	interval  time.Duration // between rounds, before jitter
	next      time.Time     // when the next tick is due
	nextRound time.Time     // when the next round is due, once this one is complete
	notBefore time.Time     // what the service asked for
	spent     int           // requests, in the tick under way
	turns     int           // how many targets were asked for
	sent      int           // requests, ever
	rounds    int
	round     *round
	skip      [2]int // for how many ticks a list is left alone
}

// entry is a target and who waits for it.
type entry struct {
	waiters []*waiter
	born    int   // the round that was under way when it came
	tried   int   // the round that asked for it last
	turn    int   // its place among all that were asked for
	failed  error // why that did not answer
}

// round is how far a round has come.
type round struct {
	ticks    int
	complete bool // all that it began with was asked for
	lists    [2]listing
	// histories are the events on the pages so far, by machine, and since is the request that began them.
	histories map[string][]MachineEvent
	since     int
}

// listing is how far a list was read in a round.
type listing struct {
	cursor string
	pages  int
	hits   int // targets that its pages answered
	failed int // pages that failed in passing
	done   bool
}

// The lists that answer for many targets.
const (
	eventList = iota
	machineList
)

// waiter is one call that waits. Only that call uses it, but for what the leader puts into inbox and fatal.
type waiter struct {
	poller *poller
	client *Client
	ctx    context.Context
	wake   chan struct{}
	joined bool
	parked bool
	wants  map[target]*want
	inbox  map[target]news
	fatal  error
}

// want is what a waiter knows of a target.
type want struct {
	since time.Time // of a machine's events: the oldest that matters
	after int       // the last request before it: what that or an older one answers is too old
	seen  bool
	last  news
}

func (p *poller) newWaiter(ctx context.Context, c *Client) *waiter {
	return &waiter{
		poller: p, client: c, ctx: ctx, wake: make(chan struct{}, 1),
		wants: map[target]*want{}, inbox: map[target]news{},
	}
}

// join takes in a waiter. A newcomer makes the poller quick again.
func (p *poller) join(w *waiter) {
	w.joined = true
	p.waiters = append(p.waiters, w)
	now := time.Now()
	shortest, _ := p.pollRange()
	p.interval = shortest
	if len(p.waiters) > 1 {
		if soon := now.Add(shortest); p.nextRound.After(soon) {
			p.nextRound = soon
		}
		return
	}
	p.entries, p.next = map[target]*entry{}, now
	if p.notBefore.After(now.Add(w.client.policy.MaxRetryAfter)) {
		p.notBefore = time.Time{} // it is of another clock
	}
	if p.notBefore.After(now) {
		p.next = p.notBefore
	}
}

// leave ends the wait.
func (w *waiter) leave() {
	p := w.poller
	p.mu.Lock()
	defer p.mu.Unlock()
	for t := range w.wants {
		p.forget(w, t)
	}
	p.waiters = slices.DeleteFunc(p.waiters, func(other *waiter) bool { return other == w })
	if len(p.waiters) == 0 { // nothing of one wait may reach the next but what the service asked for
		p.leader, p.round, p.spent, p.skip = nil, nil, 0, [2]int{}
	}
}

// want has the target polled for, soon. Since is the age of the oldest event that matters, for a machine's events.
func (w *waiter) want(t target, since time.Time) {
	p := w.poller
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.wants[t] != nil {
		return
	}
	if !w.joined {
		p.join(w)
	}
	w.wants[t] = &want{since: since, after: p.sent}
	e := p.entries[t]
	if e == nil {
		e = &entry{turn: p.turns}
		p.entries[t] = e
		if list := listOf(t.kind); list >= 0 {
			p.skip[list] = max(0, p.skip[list]-1) // enough newcomers make a list worth another look
		}
	}
	e.waiters = append(e.waiters, w)
	e.born, e.tried = p.rounds, p.rounds-1
	shortest, _ := p.pollRange()
	soon := time.Now().Add(shortest)
	if p.notBefore.After(soon) {
		soon = p.notBefore
	}
	if p.next.After(soon) {
		p.next = soon
		p.leader.signal()
	}
}

// drop ends what want began.
func (w *waiter) drop(t target) {
	w.poller.mu.Lock()
	defer w.poller.mu.Unlock()
	w.poller.forget(w, t)
}

// failure is why the last poll for the target did not answer.
func (w *waiter) failure(t target) error {
	w.poller.mu.Lock()
	defer w.poller.mu.Unlock()
	if e := w.poller.entries[t]; e != nil {
		return e.failed
	}
	return nil
}

func (p *poller) forget(w *waiter, t target) {
	delete(w.wants, t)
	delete(w.inbox, t)
	if e := p.entries[t]; e != nil {
		e.waiters = slices.DeleteFunc(e.waiters, func(other *waiter) bool { return other == w })
		if len(e.waiters) == 0 {
			delete(p.entries, t)
		}
	}
}

// next blocks until there is news of what the waiter wants: a target that changed, or that the service refuses to tell
// of. The error says that the context ended, or that the service answers nobody any more.
func (w *waiter) next() (map[target]news, error) {
	p := w.poller
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.handOn(w)
	for {
		switch {
		case w.fatal != nil:
			return nil, w.fatal
		case len(w.inbox) > 0:
			inbox := w.inbox
			w.inbox = map[target]news{}
			return inbox, nil
		case w.ctx.Err() != nil:
			return nil, w.ctx.Err()
		}
		if p.leader == nil {
			p.leader = w
		}
		if p.leader != w {
			w.block(nil)
			continue
		}
		until := time.Until(p.next)
		if until <= 0 {
			p.lead(w)
			continue
		}
		timer := time.NewTimer(until)
		w.block(timer.C)
		timer.Stop()
	}
}

// block gives up the lock until something happens.
func (w *waiter) block(due <-chan time.Time) {
	w.parked = true
	w.poller.mu.Unlock()
	select {
	case <-w.ctx.Done():
	case <-w.wake:
	case <-due:
	}
	w.poller.mu.Lock()
	w.parked = false
}

func (w *waiter) signal() {
	if w == nil {
		return
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// handOn makes another call lead, the blocked one that will stay the longest.
func (p *poller) handOn(w *waiter) {
	if p.leader != w {
		return
	}
	p.leader = nil
	var latest time.Time
	for _, other := range p.waiters {
		deadline, limited := other.ctx.Deadline()
		if !other.parked || other == w {
			continue
		}
		if p.leader == nil || !latest.IsZero() && (!limited || deadline.After(latest)) {
			p.leader, latest = other, deadline
		}
	}
	p.leader.signal()
}

// lead runs a tick, or what another leader left of it.
func (p *poller) lead(w *waiter) {
	if p.round == nil || p.round.complete && !p.nextRound.After(time.Now()) {
		p.round = new(round)
		p.rounds++
	}
	for w.ctx.Err() == nil && p.spent < pollBudget && !p.notBefore.After(time.Now()) && w.fatal == nil {
		next, ok := p.oldest()
		if !ok {
			break
		}
		if list := listOf(next.kind); list >= 0 && p.worthAPage(list) {
			p.readPage(w, list)
		} else {
			p.ask(w, next)
		}
	}
	if w.ctx.Err() != nil {
		return // the heir goes on
	}
	p.spent = 0
	p.round.ticks++
	for i := range p.skip {
		p.skip[i] = max(0, p.skip[i]-1)
	}
	shortest, longest := p.pollRange()
	jittered := func(d time.Duration) time.Time { return time.Now().Add(d - rand.N(d/5+1)) }
	if !p.round.complete && !p.left(p.rounds-1) {
		p.round.complete = true
		p.nextRound = jittered(p.interval)
		if p.round.ticks == 1 {
			p.interval = min(p.interval+p.interval/2, longest)
		}
	}
	if p.round.complete {
		p.learn()
	}
	p.next = p.nextRound
	if p.left(p.rounds) {
		p.next = jittered(shortest)
	}
	if p.notBefore.After(p.next) {
		p.next = p.notBefore
	}
}

// left says whether the round still has to ask for a target that came in a round up to born.
func (p *poller) left(born int) bool {
	for _, e := range p.entries {
		if e.tried < p.rounds && e.born <= born {
			return true
		}
	}
	return false
}

// learn draws from the lists that were read whether they are worth it, and has them read anew for latecomers.
func (p *poller) learn() {
	for list, l := range p.round.lists {
		if (l.done || l.pages == pollPages) && l.hits < l.pages {
			p.skip[list] = pollSkip
		}
	}
	p.round.lists, p.round.histories = [2]listing{}, nil
}

// oldest returns the target that was asked for the longest time ago, of those that the round has not asked for.
func (p *poller) oldest() (oldest target, ok bool) {
	for t, e := range p.entries {
		if e.tried < p.rounds && (!ok || e.turn < p.entries[oldest].turn) {
			oldest, ok = t, true
		}
	}
	return oldest, ok
}

// listOf is the list that answers for a kind, -1 for none.
func listOf(k kind) int {
	switch k {
	case eventKind, machineEventsKind:
		return eventList
	case machineKind:
		return machineList
	}
	return -1
}

// worthAPage says whether to read on in a list: for two targets, when it has been of use lately.
func (p *poller) worthAPage(list int) bool {
	l := &p.round.lists[list]
	if l.done || l.pages == pollPages || p.skip[list] > 0 {
		return false
	}
	open := 0
	for t, e := range p.entries {
		if listOf(t.kind) == list && e.tried < p.rounds {
			open++
		}
	}
	return open > 1
}

// readPage reads on in a list and answers all targets that stand on the page.
func (p *poller) readPage(w *waiter, list int) {
	round := p.round
	l := &round.lists[list]
	params := ListParams{After: l.cursor, Limit: maxLimit}
	var events *Page[MachineEvent]
	var machines *Page[Machine]
	err, ok := p.poll(w, func(once RequestOption) (err error) {
		if list == eventList {
			events, err = w.client.MachineEvents.List(w.ctx, MachineEventListParams{ListParams: params}, once)
		} else {
			machines, err = w.client.Machines.List(w.ctx, MachineListParams{ListParams: params}, once)
		}
		return err
	})
	switch {
	case !ok:
	case errors.Is(err, ErrBadRequest) || errors.Is(err, ErrForbidden) || errors.Is(err, ErrNotFound):
		l.done, p.skip[list] = true, pollSkip // the targets are asked for one by one
	case err != nil:
		p.failed(w, err)
		l.failed++
		l.done = l.failed == pollListTries
		p.spent = pollBudget // the next tick is the retry
	case list == eventList:
		p.answerEvents(round, events)
	default:
		l.pages, l.cursor, l.done = l.pages+1, machines.NextPage, !machines.HasMore || machines.NextPage == ""
		for i := range machines.Items {
			l.hits += p.answer(target{machineKind, machines.Items[i].ID}, news{machine: &machines.Items[i]}, p.sent)
		}
	}
}

// answerEvents answers single events, and the histories that reach back far enough.
func (p *poller) answerEvents(round *round, page *Page[MachineEvent]) {
	l := &round.lists[eventList]
	l.pages, l.cursor, l.done = l.pages+1, page.NextPage, !page.HasMore || page.NextPage == ""
	if round.histories == nil {
		round.histories, round.since = map[string][]MachineEvent{}, p.sent
	}
	var oldest time.Time
	for i := range page.Items {
		e := &page.Items[i]
		l.hits += p.answer(target{eventKind, e.ID}, news{event: e}, p.sent)
		round.histories[e.MachineID] = append(round.histories[e.MachineID], *e)
		oldest = e.CreatedAt
	}
	for tg, e := range p.entries {
		if tg.kind == machineEventsKind && e.tried < p.rounds && (!page.HasMore || oldest.Before(e.since(tg))) {
			l.hits += p.answer(tg, news{events: round.histories[tg.id]}, round.since)
		}
	}
}

// since is the age of the oldest event that one of the waiters for a machine's events cares for.
func (e *entry) since(t target) time.Time {
	oldest := e.waiters[0].wants[t].since
	for _, w := range e.waiters[1:] {
		if s := w.wants[t].since; s.Before(oldest) {
			oldest = s
		}
	}
	return oldest
}

// ask polls for one target. Of a machine's own events the newest page must do.
func (p *poller) ask(w *waiter, tg target) {
	var n news
	err, ok := p.poll(w, func(once RequestOption) (err error) {
		switch tg.kind {
		case eventKind:
			n.event, err = w.client.MachineEvents.Get(w.ctx, tg.id, once)
		case machineKind:
			n.machine, err = w.client.Machines.Get(w.ctx, tg.id, once)
		case deploymentKind:
			n.deployment, err = w.client.Deployments.Get(w.ctx, tg.id, once)
		case deploymentRunsKind:
			n.runs, err = w.client.Deployments.ListRuns(w.ctx, tg.id, DeploymentRunListParams{}, once)
		case machineEventsKind:
			params := MachineEventListParams{ListParams: ListParams{Limit: maxLimit}, MachineID: tg.id}
			var page *Page[MachineEvent]
			if page, err = w.client.MachineEvents.List(w.ctx, params, once); err == nil {
				n.events = page.Items
			}
		}
		return err
	})
	switch {
	case !ok:
	case err == nil:
		p.answer(tg, n, p.sent)
	case isLastWord(err):
		p.answer(tg, news{err: err}, p.sent)
	default:
		p.asked(p.entries[tg], err)
		p.failed(w, err)
	}
}

// poll makes one request without the lock. It is not ok if the leader's own end broke it.
func (p *poller) poll(w *waiter, request func(once RequestOption) error) (err error, ok bool) {
	p.spent++
	p.sent++
	p.mu.Unlock()
	defer p.mu.Lock()
	err = request(w.client.once())
	return err, err == nil || w.ctx.Err() == nil
}

// answer tells the waiters of a target what changed of it, and returns how many targets that answers. The answer tells
// how things were when its request was sent: to one who came later that is no news.
func (p *poller) answer(t target, n news, request int) int {
	e := p.entries[t]
	if e == nil || e.tried == p.rounds {
		return 0
	}
	for _, w := range e.waiters {
		if w.wants[t].after >= request {
			return 0
		}
	}
	p.asked(e, n.err)
	for _, w := range e.waiters {
		known, mine := w.wants[t], n
		if t.kind == machineEventsKind {
			mine.events = slices.DeleteFunc(slices.Clone(n.events), func(e MachineEvent) bool { return e.CreatedAt.Before(known.since) })
		}
		if n.err == nil && known.seen && reflect.DeepEqual(mine, known.last) {
			continue
		}
		known.seen, known.last = true, mine
		w.inbox[t] = mine
		w.signal()
	}
	return 1
}

func (p *poller) asked(e *entry, failed error) {
	if e != nil {
		p.turns++
		e.tried, e.turn, e.failed = p.rounds, p.turns, failed
	}
}

// failed takes in that a poll failed, which is no failure of what is polled for.
func (p *poller) failed(w *waiter, err error) {
	if endsAllWaits(err) {
		for _, w := range p.waiters {
			w.fatal = err
			w.signal()
		}
		return
	}
	pause := w.client.wantsPause(err)
	if errors.Is(err, ErrTooManyRequests) {
		pause = max(pause, p.interval)
	}
	if pause > 0 {
		p.notBefore = time.Now().Add(pause)
	}
}

// pollTimeout bounds a poll, so that one that hangs does not hold up the others for long.
const pollTimeout = 10 * time.Second

// once has a poll make one attempt: the next tick is its retry.
func (c *Client) once() RequestOption {
	p := c.retry
	p.MaxAttempts = 1
	p.AttemptTimeout = min(c.policy.AttemptTimeout, pollTimeout)
	return WithRetryPolicy(p)
}

// wantsPause is for how long the service asked to be left alone, as far as the policy goes along with it.
func (c *Client) wantsPause(err error) time.Duration {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return 0
	}
	return min(e.RetryAfter, c.policy.MaxRetryAfter)
}

// endsAllWaits says whether no poll will be answered any more.
func endsAllWaits(err error) bool {
	return errors.Is(err, ErrNoAPIKey) || errors.Is(err, ErrUnauthorized) || errors.Is(err, ErrForbidden)
}

// isLastWord says whether an error tells of the target that was asked for, and not of the way to the service.
func isLastWord(err error) bool {
	_, unsent := errors.AsType[*ParamError](err)
	return unsent || errors.Is(err, ErrNotFound) || errors.Is(err, ErrBadRequest)
}

// pollRange is the range of the intervals between ticks.
func (c *Client) pollRange() (shortest, longest time.Duration) {
	return orDefaults(c.pollMin, c.pollMax, time.Second, 10*time.Second)
}

// pollRange is that of the most impatient of the clients that wait.
func (p *poller) pollRange() (shortest, longest time.Duration) {
	shortest, longest = p.waiters[0].client.pollRange()
	for _, w := range p.waiters[1:] {
		s, l := w.client.pollRange()
		shortest, longest = min(shortest, s), min(longest, l)
	}
	return shortest, longest
}

// clone copies what several waits may have been told of, before it is handed to a caller who may change it.
func clone[T any](v *T) *T {
	out := new(T)
	b, err := encode(v)
	if err != nil || decode(b, out) != nil {
		*out = *v
	}
	return out
}
