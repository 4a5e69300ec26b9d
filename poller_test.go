package paperspace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fleet is a service with many machines, each with one event, and a count of what is asked of it.
type fleet struct {
	mu       sync.Mutex
	latency  time.Duration // of an answer, which tells how things were when its request came
	now      func() time.Time
	events   []MachineEvent // newest first
	ends     map[string]time.Time
	after    map[string]MachineState // the state of a machine once its event has ended
	requests []received
	answer   func(r *http.Request) *http.Response // nil goes on
}

type received struct {
	at   time.Time
	path string
}

// newFleet has n events, e0 the newest, which end at random times within a span.
func newFleet(n int, span time.Duration) *fleet {
	f := &fleet{now: time.Now, ends: map[string]time.Time{}, after: map[string]MachineState{}}
	start := time.Now()
	for i := range n {
		id := strconv.Itoa(i)
		f.events = append(f.events, MachineEvent{
			ID: "e" + id, Name: "start", MachineID: "m" + id, CreatedAt: start.Add(-time.Duration(i) * time.Millisecond),
		})
		f.ends["e"+id] = start.Add(time.Duration(rand.Int64N(int64(span))))
	}
	return f
}

func (f *fleet) event(i int) MachineEvent {
	e := f.events[i]
	e.State = MachineEventStateInProgress
	if !f.now().Before(f.ends[e.ID]) {
		e.State, e.FinishedAt = MachineEventStateDone, f.ends[e.ID]
	}
	return e
}

func (f *fleet) machine(i int) Machine {
	m := Machine{ID: f.events[i].MachineID, State: MachineStateStarting}
	if f.event(i).Finished() {
		m.State = MachineStateReady
	}
	return m
}

func (f *fleet) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := f.respond(r)
	if f.latency > 0 && sleep(r.Context(), f.latency) != nil {
		return nil, r.Context().Err()
	}
	return resp, err
}

func (f *fleet) respond(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	path := strings.TrimPrefix(r.URL.Path, "/v1")
	f.requests = append(f.requests, received{f.now(), path})
	if f.answer != nil {
		if resp := f.answer(r); resp != nil {
			return resp, nil
		}
	}
	var v any
	list, id, single := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	index, _ := strconv.Atoi(strings.TrimLeft(id, "em"))
	owner := r.URL.Query().Get("machineId")
	switch {
	case single && index >= len(f.events):
		return notFound(r)
	case list == "machine-events" && single:
		v = f.event(index)
	case list == "machine-events" && owner != "":
		i, _ := strconv.Atoi(owner[1:])
		v = Page[MachineEvent]{Items: []MachineEvent{f.event(i)}}
	case list == "machine-events":
		v = pageOf(r, len(f.events), f.event)
	case list == "machines" && single:
		v = f.machine(index)
	case list == "machines":
		v = pageOf(r, len(f.events), f.machine)
	}
	b, _ := json.Marshal(v)
	return reply(200, string(b))(r)
}

func pageOf[T any](r *http.Request, n int, item func(int) T) (p Page[T]) {
	from, _ := strconv.Atoi(r.URL.Query().Get("after"))
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	for i := from; i < min(from+limit, n); i++ {
		p.Items = append(p.Items, item(i))
	}
	if p.HasMore = from+limit < n; p.HasMore {
		p.NextPage = strconv.Itoa(from + limit)
	}
	return p
}

// busiestSecond is the most requests within any second.
func (f *fleet) busiestSecond() int { return busiestSecond(f.requests) }

func busiestSecond(requests []received) (most int) {
	for first, last := 0, 0; last < len(requests); last++ {
		for requests[last].at.Sub(requests[first].at) >= time.Second {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
}

// sleep returns early, with its error, when the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// assertNothingIsLeft checks that no wait has left anything in what the waits of a client share.
func assertNothingIsLeft(t *testing.T, c *Client) {
	t.Helper()
	c.polls.mu.Lock()
	defer c.polls.mu.Unlock()
	assert.Empty(t, c.polls.rules.Pollers)
	assert.Empty(t, c.polls.histories)
	next, _ := c.polls.rules.Next(time.Now())
	assert.Nil(t, next, "nobody has a turn")
}

// waitForAll waits for one event, or one machine, in each of many goroutines, and returns how late the latest was.
func (f *fleet) waitForAll(t *testing.T, ids []int, wait func(i int) error) (latest time.Duration) {
	return f.waitForAllWithin(t, 0, ids, wait)
}

// waitForAllWithin has the waits begin one after the other, within a span.
func (f *fleet) waitForAllWithin(t *testing.T, span time.Duration, ids []int, wait func(i int) error) (latest time.Duration) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for n, i := range ids {
		wg.Go(func() {
			time.Sleep(span * time.Duration(n) / time.Duration(len(ids)))
			begin := time.Now()
			assert.NoError(t, wait(i))
			late := min(time.Since(f.ends["e"+strconv.Itoa(i)]), time.Since(begin))
			mu.Lock()
			defer mu.Unlock()
			latest = max(latest, late)
		})
	}
	wg.Wait()
	return latest
}

func numbers(n int) (list []int) {
	for i := range n {
		list = append(list, i)
	}
	return list
}

func TestFiveHundredWaits(t *testing.T) {
	for name, wait := range map[string]func(ctx context.Context, c *Client, i int) error{
		"on events": func(ctx context.Context, c *Client, i int) error {
			_, err := c.MachineEvents.Wait(ctx, []string{"e" + strconv.Itoa(i)})
			return err
		},
		"on machines": func(ctx context.Context, c *Client, i int) error {
			m, err := c.Machines.WaitForState(ctx, "m"+strconv.Itoa(i), MachineStateReady)
			if err == nil && m.ID != "m"+strconv.Itoa(i) {
				err = errors.New("another machine: " + m.ID)
			}
			return err
		},
	} {
		for _, latency := range []time.Duration{0, 300 * time.Millisecond} {
			for _, span := range []time.Duration{0, 30 * time.Second} {
				t.Run(fmt.Sprintf("%s, %s away, within %s", name, latency, span), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						f := newFleet(900, 3*time.Minute)
						f.latency = latency
						c := newTestClient(t, f)
						ids := rand.Perm(900)[:500]
						latest := f.waitForAllWithin(t, span, ids, func(i int) error { return wait(t.Context(), c, i) })
						assert.LessOrEqual(t, f.busiestSecond(), 10, "requests a second")
						assert.LessOrEqual(t, latest, 20*time.Second+16*latency, "two intervals, and the time of the pages")
						assert.Less(t, len(f.requests), 1200, "of some 20,000 that one for each and tick would be")
						t.Logf("%d requests, at most %d a second, at most %s late", len(f.requests), f.busiestSecond(), latest)
					})
				})
			}
		}
	}
}

func TestWaitsOnOldEvents(t *testing.T) {
	for newer, late := range map[int]time.Duration{2000: time.Minute, 5000: time.Minute, 20_000: 75 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			f := newFleet(newer+500, 3*time.Minute)
			c := newTestClient(t, f)
			latest := f.waitForAll(t, numbers(newer + 500)[newer:], func(i int) error {
				_, err := c.MachineEvents.Wait(t.Context(), []string{"e" + strconv.Itoa(i)})
				return err
			})
			assert.LessOrEqual(t, f.busiestSecond(), 10)
			assert.LessOrEqual(t, latest, late)
			assert.Less(t, len(f.requests), 3000)
			t.Logf("%d newer ones: %d requests, at most %d a second, at most %s late", newer, len(f.requests), f.busiestSecond(), latest)
		})
	}
}

func TestOneCallForManyEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(300, time.Minute)
		var ids []string
		for i := range 300 {
			ids = append(ids, "e"+strconv.Itoa(i))
		}
		events, err := newTestClient(t, f).MachineEvents.Wait(t.Context(), ids)
		require.NoError(t, err)
		require.Len(t, events, 300)
		for i, e := range events {
			assert.Equal(t, ids[i], e.ID)
			assert.Equal(t, MachineEventStateDone, e.State)
		}
		assert.LessOrEqual(t, f.busiestSecond(), 6, "three pages hold them all, twice in a second at most")
	})
}

func TestOneWaitCostsOneRequestAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(300, time.Hour)
		f.ends["e7"] = time.Now().Add(5 * time.Minute)
		_, err := newTestClient(t, f).MachineEvents.Wait(t.Context(), []string{"e7"})
		require.NoError(t, err)
		assert.LessOrEqual(t, f.busiestSecond(), 2)
		assert.InDelta(t, 38, len(f.requests), 4)
		for _, r := range f.requests {
			assert.Equal(t, "/machine-events/e7", r.path)
		}
	})
}

// A page whose reader leaves is read again at once, and no one else notices.
func TestReaderOfAPageThatLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(3, time.Hour)
		for _, id := range []string{"e0", "e1", "e2"} {
			f.ends[id] = time.Now().Add(time.Minute)
		}
		reader, leave := context.WithCancel(t.Context())
		var slow sync.Once
		var left time.Time
		rt := step(func(r *http.Request) (*http.Response, error) {
			blocked := false
			if time.Since(epochOf(t)) > 20*time.Second {
				slow.Do(func() { blocked = true })
			}
			if blocked {
				time.Sleep(time.Second)
				left = time.Now()
				leave()
				return hang(r)
			}
			return f.RoundTrip(r)
		})
		c := newTestClient(t, rt)
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.MachineEvents.Wait(reader, []string{"e0"})
			assert.ErrorIs(t, err, context.Canceled)
		})
		synctest.Wait()
		for _, id := range []string{"e1", "e2"} {
			wg.Go(func() {
				_, err := c.MachineEvents.Wait(t.Context(), []string{id})
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		assert.Less(t, time.Since(epochOf(t)), 80*time.Second)
		assert.True(t, slices.ContainsFunc(f.requests, func(r received) bool { return r.at.Equal(left) }), "repeated at once")
	})
}

func (s step) RoundTrip(r *http.Request) (*http.Response, error) { return s(r) }

// epochOf is when a bubble's clock begins.
func epochOf(*testing.T) time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// Waits come and go at random, and those that stay end in time.
func TestWaitersComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(200, 5*time.Minute)
		c := newTestClient(t, f)
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				time.Sleep(time.Duration(rand.Int64N(int64(2 * time.Minute))))
				ctx := t.Context()
				leaves := i%3 == 0
				if leaves {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, time.Duration(rand.Int64N(int64(time.Minute))))
					defer cancel()
				}
				begin := time.Now()
				_, err := c.MachineEvents.Wait(ctx, []string{"e" + strconv.Itoa(i)})
				if err == nil {
					assert.LessOrEqual(t, min(time.Since(f.ends["e"+strconv.Itoa(i)]), time.Since(begin)), 20*time.Second)
				} else {
					assert.True(t, leaves)
					assert.ErrorIs(t, err, context.DeadlineExceeded)
				}
			})
		}
		wg.Wait()
		assert.LessOrEqual(t, f.busiestSecond(), 10)
		assertNothingIsLeft(t, c)
	})
}

func TestNewcomerDoesNotWaitForTheIntervalOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(2, time.Hour)
		f.ends["e0"], f.ends["e1"] = time.Now().Add(time.Hour), time.Now().Add(5*time.Minute+1500*time.Millisecond)
		c := newTestClient(t, f)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = c.MachineEvents.Wait(ctx, []string{"e0"}) })
		time.Sleep(5 * time.Minute)
		_, err := c.MachineEvents.Wait(t.Context(), []string{"e1"})
		require.NoError(t, err)
		assert.Less(t, time.Since(f.ends["e1"]), 2*time.Second)
		cancel()
		wg.Wait()
	})
}

// Without a list the targets are asked for one by one.
func TestRefusedList(t *testing.T) {
	for _, status := range []int{400, 403, 404, 500} {
		for n, late := range map[int]time.Duration{8: 20 * time.Second, 500: time.Minute} {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(n, 3*time.Minute)
				list := refuse(status)
				f.answer = func(r *http.Request) *http.Response {
					if r.URL.Path == "/v1/machine-events" {
						resp, _ := list(r)
						return resp
					}
					return nil
				}
				c := newTestClient(t, f)
				latest := f.waitForAll(t, numbers(n), func(i int) error {
					_, err := c.MachineEvents.Wait(t.Context(), []string{"e" + strconv.Itoa(i)})
					return err
				})
				assert.LessOrEqual(t, latest, late, "status %d", status)
				assert.LessOrEqual(t, f.busiestSecond(), 10)
				lists := 0
				for _, r := range f.requests {
					if r.path == "/machine-events" {
						lists++
					}
				}
				assert.NotZero(t, lists)
				assert.LessOrEqual(t, lists, 10, "a list that fails is requested less and less often, until it is once a minute")
				t.Logf("%d waits, status %d: %d requests, %d of them for the list, at most %s late", n, status, len(f.requests), lists, latest)
			})
		}
	}
}

func TestRevokedKeyEndsAllWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(50, time.Hour)
		for id := range f.ends {
			f.ends[id] = time.Now().Add(time.Hour)
		}
		f.answer = func(r *http.Request) *http.Response {
			if time.Since(epochOf(t)) < time.Minute {
				return nil
			}
			resp, _ := reply(401, `{"message":"You must be logged in","code":"UNAUTHORIZED"}`)(r)
			return resp
		}
		c := newTestClient(t, f)
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				_, err := c.MachineEvents.Wait(t.Context(), []string{"e" + strconv.Itoa(i)})
				assert.ErrorIs(t, err, ErrUnauthorized)
				var we *WaitError
				assert.ErrorAs(t, err, &we)
			})
		}
		wg.Wait()
		assert.Less(t, time.Since(epochOf(t)), 75*time.Second)
	})
}

func TestRateLimitStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(300, 4*time.Minute)
		f.answer = func(r *http.Request) *http.Response {
			if at := time.Since(epochOf(t)); at > time.Minute && at < 3*time.Minute {
				resp, _ := reply(429, "", "Retry-After: 20")(r)
				return resp
			}
			return nil
		}
		c := newTestClient(t, f)
		latest := f.waitForAll(t, numbers(300), func(i int) error {
			_, err := c.MachineEvents.Wait(t.Context(), []string{"e" + strconv.Itoa(i)})
			return err
		})
		assert.LessOrEqual(t, latest, 2*time.Minute+40*time.Second)
		during := 0
		for _, r := range f.requests {
			if at := r.at.Sub(epochOf(t)); at > time.Minute && at < 3*time.Minute {
				during++
			}
		}
		assert.LessOrEqual(t, during, 8, "the service is left alone for as long as it asks")
	})
}

// A client serves waits in a bubble, out of it, and in another one.
func TestClientInAndOutOfBubbles(t *testing.T) {
	s := service{"GET /machine-events/e": play(is("e", "done"))}
	c := newTestClient(t, s)
	wait := func(t *testing.T) {
		_, err := c.MachineEvents.Wait(t.Context(), []string{"e"})
		require.NoError(t, err)
	}
	synctest.Test(t, func(t *testing.T) { time.Sleep(time.Hour); wait(t) })
	wait(t)
	synctest.Test(t, wait)
}

func TestWhoSharesPagesAndBudget(t *testing.T) {
	c := newTestClient(t, play(notFound))
	for name, tc := range map[string]struct {
		opt    Option
		shared bool
	}{
		"hook":        {WithHook(func(ctx context.Context, _ CallInfo) (context.Context, func(CallResult)) { return ctx, nil }), true},
		"same key":    {WithAPIKey(testKey), true},
		"other key":   {WithAPIKey("other"), false},
		"other URL":   {WithBaseURL("https://other.example.com/v1"), false},
		"http.Client": {WithHTTPClient(&http.Client{}), false},
	} {
		other, err := c.With(tc.opt)
		require.NoError(t, err)
		assert.Equal(t, tc.shared, other.polls == c.polls, name)
	}
	assert.NotSame(t, c.polls, newTestClient(t, play(notFound)).polls, "another call of NewClient")
}

// Two kinds of waits and deployments at once still fit into the budget, and end in time.
func TestMixOfWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(900, 3*time.Minute)
		c := newTestClient(t, f)
		latest := f.waitForAll(t, numbers(800), func(i int) error {
			if i%2 == 0 {
				_, err := c.MachineEvents.Wait(t.Context(), []string{"e" + strconv.Itoa(i)})
				return err
			}
			_, err := c.Machines.WaitForState(t.Context(), "m"+strconv.Itoa(i), MachineStateReady)
			return err
		})
		assert.LessOrEqual(t, f.busiestSecond(), 10)
		assert.LessOrEqual(t, latest, 20*time.Second)
		t.Logf("%d requests, at most %d a second, at most %s late", len(f.requests), f.busiestSecond(), latest)
	})
}

// Operations that end together read their machines again from the list, not each for itself.
func TestRereadsShareTheirPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(400, time.Minute)
		for id := range f.ends {
			f.ends[id] = time.Now().Add(time.Minute)
		}
		c := newTestClient(t, f)
		f.waitForAll(t, numbers(400), func(i int) error {
			e, err := c.MachineEvents.Get(t.Context(), "e"+strconv.Itoa(i))
			require.NoError(t, err)
			op := &Operation[Machine]{Event: e, Data: Machine{ID: e.MachineID}, Endpoint: machinesStart.id, client: c}
			m, err := op.Wait(t.Context())
			if err == nil && m.State != MachineStateReady {
				err = errors.New("state " + string(m.State))
			}
			return err
		})
		perTick := map[time.Time]int{}
		for _, r := range f.requests[400:] {
			perTick[r.at]++
			assert.LessOrEqual(t, perTick[r.at], 10)
		}
	})
}

// A page that fails in passing is read again in the next tick; the fleet does not fall back to single requests for it.
func TestOneFailedPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(500, 2*time.Minute)
		failed := false
		f.answer = func(r *http.Request) *http.Response {
			if !failed && time.Since(epochOf(t)) > 30*time.Second && r.URL.Path == "/v1/machine-events" {
				failed = true
				resp, _ := reply(500, "")(r)
				return resp
			}
			return nil
		}
		c := newTestClient(t, f)
		latest := f.waitForAll(t, numbers(500), func(i int) error {
			_, err := c.MachineEvents.Wait(t.Context(), []string{"e" + strconv.Itoa(i)})
			return err
		})
		assert.LessOrEqual(t, latest, 20*time.Second)
		assert.Less(t, len(f.requests), 250)
	})
}

// What the service answered to a request that was sent before a wait began is no news to that wait.
func TestAnswersFromBeforeTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var begun atomic.Bool // the restart, whose event is in progress from then on
		slow := step(func(r *http.Request) (*http.Response, error) {
			before := begun.Load()
			time.Sleep(300 * time.Millisecond)
			items := ""
			if before {
				items = event("e", "in progress", "dtCreated="+time.Now().Format(time.RFC3339))
			}
			switch r.URL.Path {
			case "/v1/machine-events":
				return reply(200, `{"hasMore":false,"items":[`+items+`]}`)(r)
			case "/v1/machine-events/e":
				return reply(200, items)(r)
			}
			return ready(r)
		})
		c := newTestClient(t, slow)
		var wg sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() { _, _ = c.Machines.WaitForState(ctx, "m", MachineStateOff) })
		time.Sleep(100 * time.Millisecond) // its first request is on its way
		begun.Store(true)
		_, err := c.Machines.WaitForState(t.Context(), "m", MachineStateReady, WithWaitTimeout(5*time.Minute))
		require.ErrorIs(t, err, ErrWaitTimeout, "the restart is still going on")
		cancel()
		wg.Wait()
	})
}

// An event without an id ends the wait for it, and no other.
func TestEventWithoutAnID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := service{
			"PATCH /machines/m/start": play(operation200(event("", "new"))),
			"GET /machine-events/ok":  play(is("ok", "new"), is("ok", "new"), is("ok", "done")),
		}
		c := newTestClient(t, s)
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.MachineEvents.Wait(t.Context(), []string{"ok"})
			assert.NoError(t, err)
		})
		op, err := c.Machines.Start(t.Context(), "m")
		require.NoError(t, err)
		_, err = op.Wait(t.Context())
		require.ErrorContains(t, err, "id")
		wg.Wait()
	})
}

func TestRetryAfterOutlastsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := service{"GET /machine-events/e": play(reply(429, "", "Retry-After: 60"))}
		c := newTestClient(t, s)
		for range 20 {
			_, err := c.MachineEvents.Wait(t.Context(), []string{"e"}, WithWaitTimeout(time.Second))
			require.ErrorIs(t, err, ErrWaitTimeout)
		}
		assert.Equal(t, 1, s.polls("e"))
	})
}

// Ten thousand waits in one process stay within the budget, and cost little memory and time each.
func TestTenThousandWaits(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("it measures memory and time")
	}
	const waits = 10_000
	begin := time.Now()
	var perWait atomic.Uint64
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(waits, time.Nanosecond)
		for id := range f.ends {
			f.ends[id] = time.Now().Add(2*time.Minute + rand.N(time.Minute))
		}
		c := newTestClient(t, f)
		before := memoryInUse()
		time.AfterFunc(time.Minute, func() { perWait.Store((memoryInUse() - before) / waits) })
		latest := f.waitForAll(t, numbers(waits), func(i int) error {
			_, err := c.MachineEvents.Wait(t.Context(), []string{"e" + strconv.Itoa(i)})
			return err
		})
		assert.LessOrEqual(t, f.busiestSecond(), 10)
		assert.LessOrEqual(t, latest, 40*time.Second, "84 pages take nine seconds, and as many singles as are left")
		t.Logf("%d requests, at most %s late", len(f.requests), latest)
	})
	took := time.Since(begin)
	assert.LessOrEqual(t, perWait.Load(), uint64(20<<10), "bytes a wait")
	t.Logf("%d bytes a wait; %s of this machine for some three minutes of %d waits, service included", perWait.Load(), took, waits)
}

// memoryInUse is that of the heap and of all stacks.
func memoryInUse() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapInuse + stats.StackInuse
}
