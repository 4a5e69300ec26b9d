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
	// pollPages is how far back in a list a round looks, however few wait. Where many do it looks further: pages are
	// cheaper than single requests as long as each answers a few.
	pollPages = 8
	// pollPageShare is for how many open targets a list is worth a page more.
	pollPageShare = 5
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
// new since. When a request times out, the round does without the other targets that may hang.
type poller struct {
	mu      sync.Mutex
	waiters []*waiter
	entries map[target]*entry
	leader  *waiter

	interval  time.Duration // from round to round, before jitter
	next      time.Time     // when the next tick is due
	nextRound time.Time     // when the next round is due, once this one is complete
	notBefore time.Time     // what the service asked for
	spent     int           // requests, in the tick under way
	turns     int           // how often a target came or was asked for
	sent      int           // requests, ever
	rounds    int
	round     *round
	emptied   time.Time        // when the last waiter left
	skip      [2]int           // for how many ticks a list is left alone
	patience  [2]time.Duration // for how long a page is waited for, if not pollTimeout
}

// entry is a target and who waits for it.
type entry struct {
	waiters []*waiter
	born    int   // the round that was under way when it came
	tried   int   // the round that asked for it last
	turn    int   // its place among all that wait to be asked for
	failed  error // why that did not answer
	trust   trust
	// patience is for how long it is waited for, if not pollTimeout.
	patience time.Duration
}

// trust is what a target is to be expected to do when it is asked for.
type trust int

const (
	hanging  trust = iota - 1 // it let the last request time out
	untested                  // it was not asked for yet
	answering
)

// round is how far a round has come.
type round struct {
	began    time.Time
	ticks    int
	complete bool // all that it began with was asked for
	putOff   bool // some of it without having been asked for
	lists    [2]listing
	// histories are the events on the pages so far, by machine, and since is the request that began them.
	histories map[string][]MachineEvent
	since     int
}

// listing is how far a list was read in a round.
type listing struct {
	cursor string
	pages  int
	failed int // pages that failed in passing
	done   bool
	// read and hits are the pages of the whole round, and the targets that they answered.
	read, hits int
}

// passed takes in that a page was read.
func (l *listing) passed(next string, more bool) {
	l.pages, l.read = l.pages+1, l.read+1
	l.cursor, l.done = next, !more || next == ""
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
	if now.Before(p.emptied) {
		p.notBefore = time.Time{} // it is of another clock, that of an earlier bubble
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
		p.leader, p.round, p.spent, p.skip, p.patience = nil, nil, 0, [2]int{}, [2]time.Duration{}
		p.emptied = time.Now()
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
		p.turns++
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
		case len(w.inbox) > 0: // first: what was learned is true, whatever came after it
			inbox := w.inbox
			w.inbox = map[target]news{}
			return inbox, nil
		case w.fatal != nil:
			return nil, w.fatal
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
		p.round = &round{began: time.Now()}
		p.rounds++
	}
	goesOn := func() bool { return w.ctx.Err() == nil && len(w.inbox) == 0 }
	for goesOn() && p.spent < pollBudget && !p.notBefore.After(time.Now()) && w.fatal == nil {
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
	if !goesOn() {
		return // the heir does
	}
	p.spent = 0
	p.round.ticks++
	for i := range p.skip {
		p.skip[i] = max(0, p.skip[i]-1)
	}
	shortest, longest := p.pollRange()
	jittered := func(d time.Duration) time.Duration { return d - rand.N(d/5+1) }
	if !p.round.complete && !p.left(p.rounds-1) {
		p.round.complete = true
		p.nextRound = p.round.began.Add(jittered(p.interval))
		if p.round.ticks == 1 && !p.round.putOff {
			p.interval = min(p.interval+p.interval/2, longest)
		}
	}
	if p.round.complete {
		p.learn()
	}
	p.next = time.Now().Add(jittered(shortest))
	if p.nextRound.After(p.next) && !p.left(p.rounds) {
		p.next = p.nextRound
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
		if l.hits < l.read {
			p.skip[list] = max(0, pollSkip-p.open(list)) // newcomers shorten it, also those that came meanwhile
		}
		p.round.lists[list] = listing{read: l.read, hits: l.hits}
	}
	p.round.histories = nil
}

// oldest returns the target that was asked for the longest time ago, of those that the round has not asked for. Those
// that hang come last.
func (p *poller) oldest() (oldest target, ok bool) {
	var first *entry
	for t, e := range p.entries {
		if e.tried < p.rounds && (first == nil || e.before(first)) {
			oldest, first = t, e
		}
	}
	return oldest, first != nil
}

func (e *entry) before(other *entry) bool {
	if (e.trust == hanging) != (other.trust == hanging) {
		return other.trust == hanging
	}
	return e.turn < other.turn
}

// putOff has the round do without the targets that hang, and without those of a kind that may: one request that times
// out is enough to hold up the others.
func (p *poller) putOff(k kind) {
	for t, e := range p.entries {
		if e.tried < p.rounds && (e.trust == hanging || e.trust == untested && t.kind == k) {
			e.tried, p.round.putOff = p.rounds, true
		}
	}
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
	if l.done || p.skip[list] > 0 {
		return false
	}
	open := p.open(list)
	return open > 1 && l.pages < max(pollPages, open/pollPageShare)
}

// open is how many targets the round has yet to ask for that a list answers for.
func (p *poller) open(list int) (n int) {
	for t, e := range p.entries {
		if listOf(t.kind) == list && e.tried < p.rounds {
			n++
		}
	}
	return n
}

// readPage reads on in a list and answers all targets that stand on the page.
func (p *poller) readPage(w *waiter, list int) {
	round := p.round
	l := &round.lists[list]
	params := ListParams{After: l.cursor, Limit: maxLimit}
	var events *Page[MachineEvent]
	var machines *Page[Machine]
	err, ok := p.poll(w, &p.patience[list], func(once RequestOption) (err error) {
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
		p.pageFailed(list, err)
	case list == eventList:
		l.passed(events.NextPage, events.HasMore)
		p.answerEvents(round, events)
	default:
		l.passed(machines.NextPage, machines.HasMore)
		for i := range machines.Items {
			l.hits += p.answer(target{machineKind, machines.Items[i].ID}, news{machine: &machines.Items[i]}, p.sent)
		}
	}
}

// pageFailed leaves the retry to the next tick, or gives the list up for the round. A 429 says nothing of the list.
func (p *poller) pageFailed(list int, err error) {
	p.spent = pollBudget
	for t, e := range p.entries {
		if listOf(t.kind) == list && e.tried < p.rounds {
			e.failed = err
		}
	}
	if errors.Is(err, ErrTooManyRequests) {
		return
	}
	l := &p.round.lists[list]
	l.failed++
	if l.done = l.failed == pollListTries; l.done && timedOut(err) {
		p.skip[list], p.patience[list] = pollSkip, 0 // not so soon again, for that took long
	}
}

// answerEvents answers single events, and the histories that reach back far enough.
func (p *poller) answerEvents(round *round, page *Page[MachineEvent]) {
	l := &round.lists[eventList]
	if round.histories == nil {
		round.histories, round.since = map[string][]MachineEvent{}, p.sent
	}
	var oldest time.Time // zero, and no help, on an empty page
	for i := range page.Items {
		e := &page.Items[i]
		l.hits += p.answer(target{eventKind, e.ID}, news{event: e}, p.sent)
		round.histories[e.MachineID] = append(round.histories[e.MachineID], *e)
		oldest = e.CreatedAt
	}
	for tg, e := range p.entries {
		if tg.kind == machineEventsKind && e.tried < p.rounds && (!page.HasMore || !oldest.IsZero() && oldest.Before(e.since(tg))) {
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
	e := p.entries[tg]
	err, ok := p.poll(w, &e.patience, func(once RequestOption) (err error) {
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
		p.asked(e, err)
		if timedOut(err) {
			e.trust = hanging
			p.putOff(tg.kind)
		}
		p.failed(w, err)
	}
}

// poll makes one request without the lock. One that times out makes the next one more patient, as far as the policy
// goes. It is not ok if the leader's own end broke it.
func (p *poller) poll(w *waiter, patience *time.Duration, request func(once RequestOption) error) (err error, ok bool) {
	p.spent++
	p.sent++
	limit := min(max(*patience, pollTimeout), w.client.policy.AttemptTimeout)
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		if ok && timedOut(err) {
			*patience = 2 * limit
		}
	}()
	err = request(w.client.once(limit))
	return err, err == nil || w.ctx.Err() == nil
}

// answer tells the waiters of a target what changed of it, and returns how many targets that answers. The answer tells
// how things were when its request was sent: to one who came later that is no news, and the round asks once more.
func (p *poller) answer(t target, n news, request int) int {
	e := p.entries[t]
	if e == nil || e.tried == p.rounds {
		return 0
	}
	cameLater := func(w *waiter) bool { return w.wants[t].after >= request }
	newcomers := slices.ContainsFunc(e.waiters, cameLater)
	if newcomers && !slices.ContainsFunc(e.waiters, func(w *waiter) bool { return !cameLater(w) }) {
		return 0
	}
	if p.asked(e, n.err); newcomers {
		e.tried = p.rounds - 1
	}
	for _, w := range e.waiters {
		if cameLater(w) {
			continue
		}
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
	p.turns++
	e.tried, e.turn, e.failed, e.trust = p.rounds, p.turns, failed, answering
}

// failed takes in that a poll failed, which is no failure of what is polled for.
func (p *poller) failed(w *waiter, err error) {
	if endsAllWaits(err) {
		for _, other := range p.waiters {
			other.fatal = err
			other.signal()
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

// pollTimeout bounds a poll at first, so that one that hangs does not hold up the others for long.
const pollTimeout = 10 * time.Second

// once has a poll make one attempt: the next tick is its retry.
func (c *Client) once(limit time.Duration) RequestOption {
	p := c.config.retry
	p.MaxAttempts, p.AttemptTimeout = 1, limit
	return WithRetryPolicy(p)
}

// timedOut says whether a poll, whose context has not ended, was not answered in time.
func timedOut(err error) bool {
	e, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && e.Timeout()
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
	return orDefaults(c.config.pollMin, c.config.pollMax, time.Second, 10*time.Second)
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
	if v == nil {
		return nil
	}
	out := *v
	unshare(reflect.ValueOf(&out).Elem())
	return &out
}

// unshare puts copies in the place of what a value points to. Fields that are not exported are of types that do not
// change, such as time.Time.
func unshare(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			to := reflect.New(v.Type().Elem())
			to.Elem().Set(v.Elem())
			unshare(to.Elem())
			v.Set(to)
		}
	case reflect.Slice:
		if !v.IsNil() {
			to := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(to, v)
			for i := range to.Len() {
				unshare(to.Index(i))
			}
			v.Set(to)
		}
	case reflect.Map:
		if !v.IsNil() {
			to := reflect.MakeMapWithSize(v.Type(), v.Len())
			for name, value := range v.Seq2() {
				item := reflect.New(value.Type()).Elem()
				item.Set(value)
				unshare(item)
				to.SetMapIndex(name, item)
			}
			v.Set(to)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Field(i); field.CanSet() {
				unshare(field)
			}
		}
	}
}
