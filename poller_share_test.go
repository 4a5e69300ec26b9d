package paperspace

import (
	"context"
	"errors"
	"net/http"
	"path"
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

// singles is a service with deployments, which no list answers for, and a record of when which was asked for.
type singles struct {
	mu       sync.Mutex
	requests []received
	answer   func(r *http.Request, id string) (*http.Response, error) // nil: not applied yet
}

func (s *singles) RoundTrip(r *http.Request) (*http.Response, error) {
	id := path.Base(r.URL.Path)
	s.mu.Lock()
	s.requests = append(s.requests, received{time.Now(), id})
	s.mu.Unlock()
	if s.answer != nil {
		return s.answer(r, id)
	}
	return spec("1")(r)
}

// seen are the requests so far.
func (s *singles) seen() []received {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// waits begins waits for so many deployments. They end with the context.
func (s *singles) waits(ctx context.Context, c *Client, wg *sync.WaitGroup, names ...string) {
	for _, name := range names {
		wg.Go(func() { _, _ = c.Deployments.WaitUntilHealthy(ctx, name, WaitUntilHealthyParams{}) })
	}
}

func names(from, to int) (list []string) {
	for i := from; i < to; i++ {
		list = append(list, "d"+strconv.Itoa(i))
	}
	return list
}

// Newcomers to a target that is being asked for do not keep the answer from those who asked for it.
func TestNewcomersKeepNothingFromTheOthers(t *testing.T) {
	for name, wait := range map[string]func(ctx context.Context, c *Client) error{
		"event": func(ctx context.Context, c *Client) error {
			_, err := c.MachineEvents.Wait(ctx, []string{"e1"})
			return err
		},
		"machine": func(ctx context.Context, c *Client) error {
			_, err := c.Machines.WaitForState(ctx, "m1", MachineStateReady)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(10, time.Nanosecond) // all has ended
				f.latency = 300 * time.Millisecond
				c := newTestClient(t, f)
				var wg sync.WaitGroup
				for i := range 300 {
					wg.Go(func() {
						time.Sleep(time.Duration(i) * 200 * time.Millisecond)
						begin := time.Now()
						assert.NoError(t, wait(t.Context(), c))
						assert.LessOrEqual(t, time.Since(begin), 5*time.Second)
					})
				}
				wg.Wait()
				assert.LessOrEqual(t, len(f.requests), 600, "one for each step at most")
			})
		})
	}
}

// What a page does not reach back to, it says nothing of: not an empty one, and not one whose last event has no time.
func TestPageThatDoesNotReachBack(t *testing.T) {
	for name, first := range map[string]string{
		"empty":   ``,
		"too new": event("other", "done", "machineId=other", "dtCreated="+epochOf(t).Format(time.RFC3339)),
		"no time": strings.Replace(event("other", "done", "machineId=other"), epoch.Format(time.RFC3339), "", 1),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				end := time.Now().Add(40 * time.Second)
				restart := func(machine string) string {
					state := "in progress"
					if time.Now().After(end) {
						state = "done"
					}
					return event("e-"+machine, state, "machineId="+machine, "dtCreated="+epochOf(t).Format(time.RFC3339))
				}
				c := newTestClient(t, step(func(r *http.Request) (*http.Response, error) {
					q := r.URL.Query()
					switch p := strings.TrimPrefix(r.URL.Path, "/v1"); {
					case p == "/machine-events" && q.Get("machineId") != "":
						return reply(200, `{"hasMore":false,"items":[`+restart(q.Get("machineId"))+`]}`)(r)
					case p == "/machine-events" && q.Get("after") == "":
						return reply(200, `{"hasMore":true,"nextPage":"2","items":[`+first+`]}`)(r)
					case p == "/machine-events":
						return reply(200, `{"hasMore":false,"items":[`+restart("m1")+`,`+restart("m2")+`]}`)(r)
					case strings.HasPrefix(p, "/machine-events/"):
						return reply(200, restart(strings.TrimPrefix(path.Base(p), "e-")))(r)
					case p == "/machines":
						return reply(200, `{"hasMore":false,"items":[{"id":"m1","state":"ready"},{"id":"m2","state":"ready"}]}`)(r)
					default:
						return reply(200, `{"id":"`+path.Base(p)+`","state":"ready"}`)(r)
					}
				}))
				var wg sync.WaitGroup
				for _, id := range []string{"m1", "m2"} {
					wg.Go(func() {
						_, err := c.Machines.WaitForState(t.Context(), id, MachineStateReady)
						assert.NoError(t, err)
						assert.True(t, time.Now().After(end), "the restart has ended")
					})
				}
				wg.Wait()
			})
		})
	}
}

// Pages that answer fewer targets than they cost are left alone, until enough newcomers make them worth another look.
func TestPagesThatDoNotPay(t *testing.T) {
	for name, first := range map[string]int{"page seven": 800, "too old": 3000} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(4000, time.Second)
				for i := range 2 {
					f.ends["e"+strconv.Itoa(first+i)] = time.Now().Add(10 * time.Minute)
				}
				c := newTestClient(t, f)
				wait := func(i int) error {
					_, err := c.MachineEvents.Wait(t.Context(), []string{"e" + strconv.Itoa(i)})
					return err
				}
				pages := func(since int) (n int) {
					for _, r := range f.requests[since:] {
						if r.path == "/machine-events" {
							n++
						}
					}
					return n
				}
				var wg sync.WaitGroup
				wg.Go(func() { f.waitForAll(t, []int{first, first + 1}, wait) })
				time.Sleep(5*time.Minute - time.Second)
				synctest.Wait()
				f.mu.Lock()
				assert.Less(t, len(f.requests), 120, "two a tick, and the pages once in twenty")
				before := len(f.requests)
				f.mu.Unlock()
				f.waitForAll(t, numbers(25), wait)
				f.mu.Lock()
				assert.NotZero(t, pages(before), "for the newcomers")
				assert.Less(t, len(f.requests)-before, 20)
				f.mu.Unlock()
				wg.Wait()
			})
		})
	}
}

// A team that is busy costs more pages, and no machine's wait is late for it.
func TestBusyTeam(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(2000, 2*time.Minute)
		c := newTestClient(t, f)
		latest := f.waitForAll(t, numbers(500), func(i int) error {
			_, err := c.Machines.WaitForState(t.Context(), "m"+strconv.Itoa(i), MachineStateReady)
			return err
		})
		assert.LessOrEqual(t, latest, 20*time.Second)
		assert.LessOrEqual(t, f.busiestSecond(), 10)
		assert.Less(t, len(f.requests), 600)
		t.Logf("%d requests, at most %s late", len(f.requests), latest)
	})
}

// A rate limit says nothing of the list that was asked for, and ends the tick although it names no time.
func TestRateLimitWithoutRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(500, time.Minute)
		for id := range f.ends {
			f.ends[id] = f.ends[id].Add(100 * time.Second)
		}
		var refused []time.Time
		f.answer = func(r *http.Request) *http.Response {
			if at := time.Since(epochOf(t)); at < time.Minute || at > 90*time.Second {
				return nil
			}
			refused = append(refused, time.Now())
			resp, _ := reply(429, "")(r)
			return resp
		}
		c := newTestClient(t, f)
		latest := f.waitForAll(t, numbers(500), func(i int) error {
			_, err := c.MachineEvents.Wait(t.Context(), []string{"e" + strconv.Itoa(i)})
			return err
		})
		assert.LessOrEqual(t, latest, 20*time.Second)
		assert.Less(t, len(f.requests), 200)
		require.NotEmpty(t, refused)
	})
	synctest.Test(t, func(t *testing.T) {
		s := &singles{answer: func(r *http.Request, _ string) (*http.Response, error) { return reply(429, "")(r) }}
		c := newTestClient(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		s.waits(ctx, c, &wg, names(0, 8)...)
		wg.Wait()
		assert.LessOrEqual(t, len(s.requests), 8+30, "all at first, and then one a second at most")
	})
}

// What a poll learned stands, although the key is refused in the same tick.
func TestAnswerBeforeTheKeyIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var revoked atomic.Bool
		s := &singles{answer: func(r *http.Request, id string) (*http.Response, error) {
			switch {
			case revoked.Load():
				return refuse(401)(r)
			case id == "runs":
				return reply(200, `[]`)(r)
			case id == "d0" && time.Since(epochOf(t)) > 20*time.Second:
				revoked.Store(true)
				return spec("1", "healthy")(r)
			}
			return spec("1")(r)
		}}
		c := newTestClient(t, s)
		var wg sync.WaitGroup
		for _, name := range names(0, 3) {
			wg.Go(func() {
				_, err := c.Deployments.WaitUntilHealthy(t.Context(), name, WaitUntilHealthyParams{})
				if name == "d0" {
					assert.NoError(t, err)
				} else {
					assert.ErrorIs(t, err, ErrUnauthorized)
				}
			})
			synctest.Wait()
		}
		wg.Wait()
	})
}

// A reading that its wait has not got yet is not replaced by the refusal of the key.
func TestUnreadReadingAndTheRefusalOfTheKey(t *testing.T) {
	c := newTestClient(t, service{})
	w, err := newWait(t.Context(), c, machinesGet, nil, waitKind{}, nil)
	require.NoError(t, err)
	defer w.end()
	a, b := target{kind: deploymentKind, id: "a"}, target{kind: deploymentKind, id: "b"}
	w.start(a, b)
	w.locked(func(g *pollGroup) {
		w.pollers[a].Target.deliver(reading{value: "what a poll returned"})
		p := w.pollers[b]
		g.rules.Send(p, time.Now(), 0)
		g.failed(p, &Error{StatusCode: 401, Code: "UNAUTHORIZED"})
	})
	got, r, err := w.next()
	require.NoError(t, err)
	assert.Equal(t, a, got)
	assert.Equal(t, "what a poll returned", r.value)
	got, r, err = w.next()
	require.NoError(t, err)
	assert.Equal(t, b, got)
	require.ErrorIs(t, r.err, ErrUnauthorized)
}

// The leader returns its own answer at once, whatever is left of the tick; the heir goes on with the same budget.
func TestLeaderWithItsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answered sync.Map
		s := &singles{answer: func(r *http.Request, id string) (*http.Response, error) {
			time.Sleep(300 * time.Millisecond)
			answered.LoadOrStore(id, time.Now())
			return spec("1", "healthy")(r)
		}}
		c := newTestClient(t, s)
		var wg sync.WaitGroup
		for _, name := range names(0, 15) {
			wg.Go(func() {
				_, err := c.Deployments.WaitUntilHealthy(t.Context(), name, WaitUntilHealthyParams{})
				assert.NoError(t, err)
				at, _ := answered.Load(name)
				assert.Equal(t, at, time.Now())
			})
			synctest.Wait()
		}
		wg.Wait()
		assert.Equal(t, 10, busiestSecond(s.requests))
	})
}

// What does not fit into the budget goes first when there is room again, before what is new since.
func TestWhatDidNotFitGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &singles{}
		c := newTestClient(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		s.waits(ctx, c, &wg, names(0, 13)...)
		require.Len(t, s.seen(), 10)
		time.Sleep(10 * time.Millisecond)
		s.waits(ctx, c, &wg, names(100, 120)...)
		for len(s.seen()) == 10 {
			time.Sleep(10 * time.Millisecond)
		}
		requested := map[string]int{} // requests at one instant come in any order
		for _, r := range s.seen() {
			requested[r.path]++
		}
		for _, name := range names(0, 13) {
			assert.Equal(t, 1, requested[name], "requests for %s, which was there before the newcomers", name)
		}
		assert.Len(t, requested, 20, "the rest of the second ten are newcomers")
		cancel()
		wg.Wait()
	})
}

// Two programs that began at the same time do not go on polling at the same time.
func TestJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &singles{}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		var wg sync.WaitGroup
		s.waits(ctx, newTestClient(t, s, WithPollInterval(10*time.Second, 10*time.Second)), &wg, "d")
		wg.Wait()
		gaps := map[time.Duration]bool{}
		for i := range s.requests[1:] {
			gaps[s.requests[i+1].at.Sub(s.requests[i].at)] = true
		}
		assert.Greater(t, len(gaps), 50)
	})
}

// Nothing of a wait reaches those that begin when it and all others are over.
func TestNothingOutlastsTheLastWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(3000, time.Hour)
		f.latency = 100 * time.Millisecond
		c := newTestClient(t, f)
		var wg sync.WaitGroup
		leave := func(after time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			for i := range 20 {
				wg.Go(func() { _, _ = c.MachineEvents.Wait(ctx, []string{"e" + strconv.Itoa(2900+i)}) })
			}
			wg.Wait()
		}
		leave(550 * time.Millisecond) // in the middle of a tick
		assertNothingIsLeft(t, c)
		leave(10 * time.Second) // the pages were found to be of no use
		assertNothingIsLeft(t, c)
		time.Sleep(2 * time.Second) // until the budget is free
		before := len(f.requests)
		leave(50 * time.Millisecond)
		require.Greater(t, len(f.requests), before, "a new wait is served at once")
	})
}

// The clock of a bubble begins anew in the next one: what an earlier one's Retry-After was does not count there.
func TestRetryAfterOfAnotherBubble(t *testing.T) {
	s := service{"GET /machine-events/e": play(reply(429, "", "Retry-After: 60"), is("e", "done"))}
	c := newTestClient(t, s)
	synctest.Test(t, func(t *testing.T) {
		_, err := c.MachineEvents.Wait(t.Context(), []string{"e"}, WithWaitTimeout(time.Second))
		require.ErrorIs(t, err, ErrWaitTimeout)
	})
	synctest.Test(t, func(t *testing.T) {
		_, err := c.MachineEvents.Wait(t.Context(), []string{"e"})
		require.NoError(t, err)
		assert.Zero(t, time.Since(epochOf(t)))
	})
}

// Targets that hang hold up no other.
func TestTargetsThatHang(t *testing.T) {
	for name, tc := range map[string]struct {
		end, late time.Duration
		opts      []Option
	}{
		"soon":           {time.Minute, 13 * time.Second, nil},
		"later":          {20 * time.Minute, 13 * time.Second, nil},
		"impatient":      {20 * time.Minute, 13 * time.Second, []Option{WithRetryPolicy(RetryPolicy{AttemptTimeout: 10 * time.Second})}},
		"very impatient": {20 * time.Minute, 13 * time.Second, []Option{WithRetryPolicy(RetryPolicy{AttemptTimeout: 3 * time.Second})}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				end := time.Now().Add(tc.end)
				c := newTestClient(t, step(func(r *http.Request) (*http.Response, error) {
					if strings.Contains(r.URL.Path, "/deployments/") {
						return hang(r)
					}
					if time.Now().Before(end) {
						return is("e", "new")(r)
					}
					return is("e", "done")(r)
				}), tc.opts...)
				ctx, cancel := context.WithCancel(t.Context())
				var wg sync.WaitGroup
				(&singles{}).waits(ctx, c, &wg, names(0, 9)...)
				_, err := c.MachineEvents.Wait(t.Context(), []string{"e"}, WithWaitTimeout(time.Hour))
				require.NoError(t, err)
				assert.LessOrEqual(t, time.Since(end), tc.late)
				t.Logf("%s late", time.Since(end))
				cancel()
				wg.Wait()
			})
		})
	}
}

// A newcomer does not queue behind targets that hang.
func TestNewcomerBesideTargetsThatHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &singles{answer: func(r *http.Request, id string) (*http.Response, error) {
			if id == "new" {
				return spec("1", "healthy")(r)
			}
			return hang(r)
		}}
		c := newTestClient(t, s, WithRetryPolicy(RetryPolicy{AttemptTimeout: 10 * time.Second}))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		s.waits(ctx, c, &wg, names(0, 9)...)
		time.Sleep(3 * time.Minute)
		begin := time.Now()
		_, err := c.Deployments.WaitUntilHealthy(t.Context(), "new", WaitUntilHealthyParams{})
		require.NoError(t, err)
		assert.LessOrEqual(t, time.Since(begin), 12*time.Second)
		cancel()
		wg.Wait()
	})
}

// A service that takes long to answer is given the time, up to that of the policy; so are its lists.
func TestSlowService(t *testing.T) {
	for _, waits := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			f := newFleet(3, time.Nanosecond)
			f.latency = 12 * time.Second
			c := newTestClient(t, f)
			f.waitForAll(t, numbers(waits), func(i int) error {
				_, err := c.MachineEvents.Wait(t.Context(), []string{"e" + strconv.Itoa(i)})
				return err
			})
			assert.Less(t, time.Since(epochOf(t)), 40*time.Second)
			require.Greater(t, len(f.requests), 1)
			if waits > 1 {
				return // whoever would wait for another's page asks by itself after a while
			}
			second := f.requests[1].at.Sub(f.requests[0].at)
			assert.GreaterOrEqual(t, second, 10*time.Second, "what is not answered by then is asked for again")
			assert.Less(t, second, 12*time.Second)
		})
	}
}

// A list that hangs is done without for longer and longer, and its targets are asked for one by one.
func TestListThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(3, time.Nanosecond)
		for id := range f.ends {
			f.ends[id] = time.Now().Add(5 * time.Minute)
		}
		var hung atomic.Int32
		rt := step(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/v1/machine-events" {
				hung.Add(1)
				return hang(r)
			}
			return f.RoundTrip(r)
		})
		c := newTestClient(t, rt)
		latest := f.waitForAll(t, numbers(3), func(i int) error {
			_, err := c.MachineEvents.Wait(t.Context(), []string{"e" + strconv.Itoa(i)})
			return err
		})
		assert.LessOrEqual(t, latest, 20*time.Second, "an interval, and the time that one of them reads the page in vain")
		assert.LessOrEqual(t, hung.Load(), int32(12))
	})
}

// In an outage of a list, the errors of the waits tell of it.
func TestLastPollOfAList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(500, time.Hour)
		for id := range f.ends {
			f.ends[id] = time.Now().Add(time.Hour)
		}
		f.answer = func(r *http.Request) *http.Response {
			if time.Since(epochOf(t)) < 30*time.Second {
				return nil
			}
			resp, _ := reply(502, "")(r)
			return resp
		}
		c := newTestClient(t, f)
		f.waitForAll(t, numbers(500), func(i int) error {
			_, err := c.MachineEvents.Wait(t.Context(), []string{"e" + strconv.Itoa(i)}, WithWaitTimeout(45*time.Second))
			we, ok := errors.AsType[*WaitError](err)
			if !ok || we.LastPoll == nil {
				return errors.New("no last poll")
			}
			return nil
		})
	})
}

// hanging is a hook that blocks for a time whenever it runs.
func hanging(d time.Duration) Option {
	return WithHook(func(ctx context.Context, _ CallInfo) (context.Context, func(CallResult)) {
		time.Sleep(d)
		return ctx, nil
	})
}

// The budget counts a poll when it leaves: one that a hook has delayed, and each page of a poll that needs several.
func TestBudgetOfRequestsAfterTheTurn(t *testing.T) {
	t.Run("a hook that delays", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &singles{}
			c := newTestClient(t, s)
			delayed, err := c.With(hanging(525 * time.Millisecond))
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			var wg sync.WaitGroup
			s.waits(ctx, delayed, &wg, names(0, 20)...)
			synctest.Wait()
			s.waits(ctx, c, &wg, names(20, 40)...)
			wg.Wait()
			assert.LessOrEqual(t, busiestSecond(s.requests), 10)
			for name, n := range countByPath(s.requests) {
				assert.Greater(t, n, 20, "requests for %s", name)
			}
		})
	})
	t.Run("several pages", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFleet(12*maxLimit, time.Minute)
			_, err := newTestClient(t, f).Machines.EnsureCreated(t.Context(), MachineCreateParams{
				Name: "new", MachineType: "C5", TemplateID: "t", DiskSize: 50, Region: RegionNY2,
			}, WithWaitTimeout(time.Minute))
			require.ErrorIs(t, err, ErrOutcomeUnknown, "the fleet creates no machine")
			require.Greater(t, len(f.requests), 50)
			polls := slices.Delete(f.requests, 12, 13) // the create
			assert.LessOrEqual(t, busiestSecond(polls), 10)
		})
	})
}

func countByPath(requests []received) map[string]int {
	counts := map[string]int{}
	for _, r := range requests {
		counts[r.path]++
	}
	return counts
}

// The settings, hooks and slowness of one wait change nothing for the others.
func TestOtherWaitsAreNotDelayed(t *testing.T) {
	for name, tc := range map[string]struct {
		latency time.Duration
		other   []Option        // of the copies that wait too
		others  int             // how many do
		hang    map[string]bool // events whose requests hang
		noList  bool
	}{
		"a hook that hangs":                        {other: []Option{hanging(10 * time.Minute)}, others: 1},
		"hooks that hang":                          {other: []Option{hanging(10 * time.Minute)}, others: 3},
		"a slow hook":                              {other: []Option{hanging(1400 * time.Millisecond)}, others: 1},
		"an impatient copy and a slow service":     {latency: 3 * time.Second, other: []Option{WithRetryPolicy(RetryPolicy{AttemptTimeout: 2 * time.Second})}, others: 20},
		"a copy that polls seldom":                 {other: []Option{WithPollInterval(time.Minute, time.Minute)}, others: 20},
		"a copy that accepts no pause":             {other: []Option{WithRetryPolicy(RetryPolicy{MaxRetryAfter: time.Millisecond})}, others: 20},
		"events that hang":                         {hang: map[string]bool{"e99": true, "e98": true, "e97": true}, others: 3, noList: true},
		"as many events that hang as others":       {hang: eventIDs(50, 100), others: 50, noList: true},
		"a hook that hangs, and no list":           {other: []Option{hanging(10 * time.Minute)}, others: 3, noList: true},
		"a hook that hangs, and events that do so": {other: []Option{hanging(10 * time.Minute)}, hang: eventIDs(50, 100), others: 20, noList: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(100, 4*time.Minute)
				f.latency = tc.latency
				refuseList := refuse(400)
				rt := step(func(r *http.Request) (*http.Response, error) {
					switch id := path.Base(r.URL.Path); {
					case tc.hang[id]:
						return hang(r)
					case tc.noList && id == "machine-events":
						return refuseList(r)
					}
					return f.RoundTrip(r)
				})
				c := newTestClient(t, rt)
				other, err := c.With(tc.other...)
				require.NoError(t, err)
				ctx, cancel := context.WithCancel(t.Context())
				var wg sync.WaitGroup
				for i := range tc.others {
					wg.Go(func() { _, _ = other.MachineEvents.Wait(ctx, []string{"e" + strconv.Itoa(99-i)}) })
					synctest.Wait() // they come first
				}
				latest := f.waitForAll(t, numbers(40), func(i int) error {
					_, err := c.MachineEvents.Wait(t.Context(), []string{"e" + strconv.Itoa(i)})
					return err
				})
				bound := 10*time.Second + 3*time.Second + 4*tc.latency
				if tc.noList {
					bound += 10 * time.Second // one by one, within the budget
				}
				assert.LessOrEqual(t, latest, bound)
				t.Logf("at most %s late", latest)
				cancel()
				wg.Wait()
				assertNothingIsLeft(t, c)
			})
		})
	}
}

// A slow hook delays each page that its wait reads. The waits take turns, so that it is not the same one for all pages.
func TestSlowHooksBesideManyPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(900, 3*time.Minute)
		c := newTestClient(t, f)
		slow, err := c.With(hanging(1400 * time.Millisecond))
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() { _, _ = slow.MachineEvents.Wait(ctx, []string{"e" + strconv.Itoa(899-i)}) })
			synctest.Wait() // they come first
		}
		latest := f.waitForAll(t, numbers(800), func(i int) error {
			_, err := c.MachineEvents.Wait(t.Context(), []string{"e" + strconv.Itoa(i)})
			return err
		})
		assert.LessOrEqual(t, latest, 15*time.Second)
		t.Logf("at most %s late", latest)
		cancel()
		wg.Wait()
	})
}

func eventIDs(from, to int) map[string]bool {
	ids := map[string]bool{}
	for i := from; i < to; i++ {
		ids["e"+strconv.Itoa(i)] = true
	}
	return ids
}

// Half of five hundred targets hang, and no list helps: the others are late by a minute at most.
func TestHalfOfTheTargetsHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(500, 3*time.Minute)
		refuseList := refuse(403)
		c := newTestClient(t, step(func(r *http.Request) (*http.Response, error) {
			id := path.Base(r.URL.Path)
			if n, err := strconv.Atoi(strings.TrimPrefix(id, "e")); err == nil && n%2 == 1 {
				return hang(r)
			}
			if id == "machine-events" {
				return refuseList(r)
			}
			return f.RoundTrip(r)
		}))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		var latest time.Duration
		var mu sync.Mutex
		var even sync.WaitGroup
		for i := range 500 {
			id := "e" + strconv.Itoa(i)
			if i%2 == 1 {
				wg.Go(func() { _, _ = c.MachineEvents.Wait(ctx, []string{id}) })
				continue
			}
			even.Go(func() {
				_, err := c.MachineEvents.Wait(t.Context(), []string{id})
				assert.NoError(t, err)
				mu.Lock()
				defer mu.Unlock()
				latest = max(latest, time.Since(f.ends[id]))
			})
		}
		even.Wait()
		cancel()
		wg.Wait()
		assert.LessOrEqual(t, latest, time.Minute)
		assert.LessOrEqual(t, f.busiestSecond(), 10)
		t.Logf("at most %s late", latest)
	})
}

// A wait may run inside a hook, on the same client, also while the service limits the rate.
func TestWaitInAHook(t *testing.T) {
	for name, limited := range map[string]bool{"": false, "under a rate limit": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(10, 30*time.Second)
				polls := 0
				f.answer = func(r *http.Request) *http.Response {
					if polls++; limited && polls%3 != 0 {
						resp, _ := reply(429, "")(r)
						return resp
					}
					return nil
				}
				type nested struct{}
				var c *Client
				waits := WithHook(func(ctx context.Context, info CallInfo) (context.Context, func(CallResult)) {
					if ctx.Value(nested{}) == nil {
						_, err := c.MachineEvents.Wait(context.WithValue(ctx, nested{}, true), []string{"e9"})
						assert.NoError(t, err)
					}
					return ctx, nil
				})
				c = newTestClient(t, f, waits)
				latest := f.waitForAll(t, numbers(3), func(i int) error {
					_, err := c.MachineEvents.Wait(t.Context(), []string{"e" + strconv.Itoa(i)})
					return err
				})
				assert.LessOrEqual(t, latest, 3*time.Minute)
				assertNothingIsLeft(t, c)
			})
		})
	}
}

// What a hook or a transport panics with, the wait panics with, also where it polls for several targets, and so it is
// with Goexit.
func TestPanicOfAPoll(t *testing.T) {
	for name, ids := range map[string][]string{"one target": {"b"}, "several": {"a", "b", "c"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				broke := func() { panic("boom") }
				c := newTestClient(t, step(func(r *http.Request) (*http.Response, error) {
					switch id := path.Base(r.URL.Path); id {
					case "b":
						broke()
					case "machine-events":
						return refuse(400)(r)
					case "other":
						if time.Since(epochOf(t)) > 20*time.Second {
							return is(id, "done")(r)
						}
					}
					return is(path.Base(r.URL.Path), "new")(r)
				}))
				var wg sync.WaitGroup
				wg.Go(func() {
					_, err := c.MachineEvents.Wait(t.Context(), []string{"other"})
					assert.NoError(t, err)
				})
				synctest.Wait()
				assert.PanicsWithValue(t, "boom", func() { _, _ = c.MachineEvents.Wait(t.Context(), ids) })
				broke = runtime.Goexit
				returned := false
				wg.Go(func() {
					_, _ = c.MachineEvents.Wait(t.Context(), ids)
					returned = true
				})
				wg.Wait()
				assert.False(t, returned, "the goroutine has ended")
				assertNothingIsLeft(t, c)
			})
		})
	}
}

// One of many targets of a call that hangs holds up no other, and the call leaves nothing running.
func TestOneOfManyTargetsHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(40, time.Minute)
		rt := step(func(r *http.Request) (*http.Response, error) {
			switch r.URL.Path {
			case "/v1/machine-events":
				return refuse(400)(r)
			case "/v1/machine-events/e7":
				return hang(r)
			}
			return f.RoundTrip(r)
		})
		var ids []string
		for i := range 40 {
			ids = append(ids, "e"+strconv.Itoa(i))
		}
		ended := map[string]bool{}
		progress := WithOnChange(func(u WaitUpdate) {
			if u.Event.Finished() {
				ended[u.Event.ID] = true
				assert.LessOrEqual(t, time.Since(f.ends[u.Event.ID]), 15*time.Second)
			}
		})
		c := newTestClient(t, rt)
		before := runtime.NumGoroutine()
		var during atomic.Int64
		time.AfterFunc(4*time.Minute, func() { during.Store(int64(runtime.NumGoroutine())) })
		_, err := c.MachineEvents.Wait(t.Context(), ids, progress, WithWaitTimeout(5*time.Minute))
		we, ok := errors.AsType[*WaitError](err)
		require.True(t, ok)
		assert.Equal(t, []string{"e7"}, we.IDs)
		require.Error(t, we.LastPoll)
		assert.ErrorContains(t, we.LastPoll, "timed out")
		assert.Len(t, ended, 39)
		assert.LessOrEqual(t, during.Load()-int64(before), int64(5), "goroutines for the one event that has not ended")
		assertNothingIsLeft(t, c)
	})
}

// A call returns only when all its requests have ended.
func TestNoRequestOutlastsItsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running atomic.Int32
		c := newTestClient(t, step(func(r *http.Request) (*http.Response, error) {
			running.Add(1)
			defer running.Add(-1)
			id := path.Base(r.URL.Path)
			if id == "machine-events" {
				return refuse(400)(r)
			}
			<-r.Context().Done()
			if id != "a" {
				time.Sleep(time.Second) // a transport that is slow to cancel
			}
			return nil, r.Context().Err()
		}))
		_, err := c.MachineEvents.Wait(t.Context(), []string{"a", "b", "c"}, WithWaitTimeout(5*time.Second))
		require.ErrorIs(t, err, ErrWaitTimeout)
		assert.Zero(t, running.Load())
	})
}

// The API's refusal to show one event ends the wait for it, and no other; a page of a firewall ends none.
func TestRefusalsEndTheirOwnWait(t *testing.T) {
	blocked := reply(403, "<html>you have been blocked</html>", "Content-Type: text/html", "Cf-Ray: 1")
	for name, tc := range map[string]struct {
		response step
		is       error // nil: no wait ends
	}{
		"the API's 403":           {refuse(403), ErrForbidden},
		"the API's 400":           {refuse(400), ErrBadRequest},
		"a firewall's 403":        {blocked, nil},
		"a firewall's 401":        {reply(401, "<html>"), nil},
		"a firewall's 400":        {reply(400, ""), nil},
		"a gateway's 404":         {reply(404, `{"message":"no Route matched with those values"}`), nil},
		"a 404 page":              {reply(404, "<html>"), nil},
		"an HTML page with a 200": {reply(200, "<html>"), nil},
	} {
		for _, list := range []string{"by page", "one by one"} {
			t.Run(name+", "+list, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFleet(6, 5*time.Minute)
					trouble := func() bool {
						at := time.Since(epochOf(t))
						return at > 20*time.Second && at < 4*time.Minute
					}
					c := newTestClient(t, step(func(r *http.Request) (*http.Response, error) {
						id := path.Base(r.URL.Path)
						if trouble() && (id == "e0" || id == "machine-events" && list == "by page") || id == "machine-events" && list == "one by one" {
							return tc.response(r)
						}
						return f.RoundTrip(r)
					}))
					f.ends["e0"] = time.Now().Add(5 * time.Minute)
					latest := f.waitForAll(t, numbers(6), func(i int) error {
						_, err := c.MachineEvents.Wait(t.Context(), []string{"e" + strconv.Itoa(i)})
						if i == 0 && tc.is != nil {
							assert.ErrorIs(t, err, tc.is)
							return nil
						}
						return err
					})
					assert.LessOrEqual(t, latest, 14*time.Second)
				})
			})
		}
	}
}

func TestWaitsKeepTheCause(t *testing.T) {
	why := errors.New("shutting down")
	for name, wait := range map[string]func(ctx context.Context, c *Client) error{
		"Wait": func(ctx context.Context, c *Client) error {
			_, err := c.MachineEvents.Wait(ctx, []string{"e"})
			return err
		},
		"EnsureReady": func(ctx context.Context, c *Client) error { _, err := c.Machines.EnsureReady(ctx, "m"); return err },
		"FollowLogs": func(ctx context.Context, c *Client) (err error) {
			for _, err = range c.Deployments.FollowLogs(ctx, "d", FollowLogsParams{}) {
			}
			return err
		},
		"Watch": func(ctx context.Context, c *Client) (err error) {
			for _, err = range c.Machines.Watch(ctx, "m") {
			}
			return err
		},
	} {
		for _, poll := range []step{hang, is("e", "new")} {
			synctest.Test(t, func(t *testing.T) {
				c := newTestClient(t, poll)
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(5*time.Second, func() { cancel(why) })
				err := wait(ctx, c)
				require.ErrorIs(t, err, why, name)
				require.ErrorIs(t, err, context.Canceled, name)
				assert.NotErrorIs(t, err, ErrWaitTimeout, name)

				ctx, end := context.WithTimeoutCause(t.Context(), 5*time.Second, why)
				defer end()
				err = wait(ctx, c)
				require.ErrorIs(t, err, why, name)
				require.ErrorIs(t, err, context.DeadlineExceeded, name)
			})
		}
	}
}

// While OnChange runs, a wait for several targets polls for none of them.
func TestNoPollDuringOnChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &singles{answer: func(r *http.Request, id string) (*http.Response, error) {
			if id == "machine-events" {
				return refuse(400)(r)
			}
			return is(id, "done")(r)
		}}
		slow := WithOnChange(func(WaitUpdate) {
			before := len(s.seen())
			time.Sleep(time.Hour)
			assert.Len(t, s.seen(), before)
		})
		_, err := newTestClient(t, s).MachineEvents.Wait(t.Context(), names(0, 15), slow, WithWaitTimeout(24*time.Hour))
		require.NoError(t, err)
	})
}
