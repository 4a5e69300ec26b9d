package paperspace

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var schedules = flag.Uint64("schedules", 60, "how many random schedules TestWaitsOnRandomSchedules runs")

// failedSchedules once failed.
var failedSchedules = []uint64{}

// Whatever waits meet, none ends too early, none is lost or stuck, nothing is left running, and the budget is kept.
func TestWaitsOnRandomSchedules(t *testing.T) {
	for _, seed := range failedSchedules {
		runSchedule(t, seed)
	}
	for seed := range *schedules {
		if runSchedule(t, seed); t.Failed() {
			t.Fatalf("schedule %d fails: add it to failedSchedules", seed)
		}
	}
}

func runSchedule(t *testing.T, seed uint64) {
	synctest.Test(t, func(t *testing.T) {
		s := newSimulation(t, seed)
		var wg sync.WaitGroup
		for range 1 + s.upTo(40) {
			s.begin(&wg)
		}
		wg.Wait()
		assert.LessOrEqual(t, busiestSecond(s.requests), 10, "seed %d: requests a second", seed)
		assertNothingIsLeft(t, s.client)
	})
}

// simulation is a service that misbehaves in all ways for some minutes, and the waits on it. Each of its machines has
// one event, and is ready once that has ended.
type simulation struct {
	*testing.T
	seed   uint64
	client *Client

	mu       sync.Mutex
	rand     *rand.Rand
	calm     time.Time // from then on nothing misbehaves
	ends     map[int]time.Time
	order    []int // the machines as the lists have them, newest first; other teams' are negative
	requests []received

	pageSize       int
	latency        time.Duration
	skew           time.Duration // of the service's clock
	faults         float64
	shift, repeats float64
	hangs          map[int]bool
	refusesLists   bool
}

const simulated = 60 // machines

func newSimulation(t *testing.T, seed uint64) *simulation {
	s := &simulation{T: t, seed: seed, rand: rand.New(rand.NewPCG(seed, 2)), ends: map[int]time.Time{}, hangs: map[int]bool{}}
	begin := time.Now()
	s.calm = begin.Add(s.duration(5 * time.Minute))
	for i := range simulated {
		s.ends[i] = begin.Add(s.duration(8 * time.Minute))
		s.hangs[i] = s.chance(0.1)
		s.order = append(s.order, i)
	}
	s.shuffle()
	s.pageSize = 1 + s.upTo(maxLimit)
	s.latency = s.duration(time.Second)
	s.skew = s.duration(time.Hour) - 30*time.Minute
	s.faults, s.shift, s.repeats = s.fraction()*s.fraction(), s.fraction()*0.2, s.fraction()*0.2
	s.refusesLists = s.chance(0.2)
	s.client = newTestClient(t, s)
	return s
}

func (s *simulation) locked(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *simulation) upTo(n int) (i int)    { s.locked(func() { i = s.rand.IntN(n) }); return i }
func (s *simulation) fraction() (f float64) { s.locked(func() { f = s.rand.Float64() }); return f }
func (s *simulation) chance(p float64) bool { return s.fraction() < p }
func (s *simulation) shuffle() {
	s.rand.Shuffle(len(s.order), func(i, j int) { s.order[i], s.order[j] = s.order[j], s.order[i] })
}
func (s *simulation) isCalm() bool        { return !time.Now().Before(s.calm) }
func (s *simulation) hasEnded(i int) bool { return !time.Now().Before(s.ends[i]) }
func (s *simulation) duration(d time.Duration) time.Duration {
	return time.Duration(s.fraction() * float64(d))
}

func (s *simulation) event(i int) string {
	state := "in progress"
	if s.hasEnded(i) {
		state = "done"
	}
	created := epochOf(s.T).Add(s.skew).Format(time.RFC3339)
	return event(fmt.Sprint("e", i), state, fmt.Sprint("machineId=m", i), "dtCreated="+created)
}

func (s *simulation) machine(i int) string {
	state := "starting"
	if s.hasEnded(i) {
		state = "ready"
	}
	return fmt.Sprintf(`{"id":"m%d","state":%q}`, i, state)
}

// RoundTrip responds as things are when the request comes, after a while.
func (s *simulation) RoundTrip(r *http.Request) (*http.Response, error) {
	s.locked(func() { s.requests = append(s.requests, received{time.Now(), r.URL.Path}) })
	p := strings.TrimPrefix(r.URL.Path, "/v1")
	id := path.Base(p)
	index, _ := strconv.Atoi(strings.TrimLeft(id, "emd"))
	owner := r.URL.Query().Get("machineId")
	isList := owner == "" && (id == "machine-events" || id == "machines")
	next := s.fault(isList, index)
	if next == nil {
		date := "Date: " + time.Now().Add(s.skew).UTC().Format(http.TimeFormat)
		switch {
		case owner != "":
			i, _ := strconv.Atoi(owner[1:])
			next = reply(200, `{"hasMore":false,"items":[`+s.event(i)+`]}`, date)
		case isList:
			next = reply(200, s.page(r, id), date)
		case strings.HasPrefix(p, "/machine-events/"):
			next = reply(200, s.event(index), date)
		case strings.HasPrefix(p, "/deployments/") && s.hasEnded(index):
			next = spec("1", "healthy")
		case strings.HasPrefix(p, "/deployments/"):
			next = spec("1")
		default:
			next = reply(200, s.machine(index), date)
		}
	}
	if err := sleep(r.Context(), s.duration(s.latency)); err != nil {
		return nil, err
	}
	return next(r)
}

// fault returns how a request misbehaves, nil if it does not.
func (s *simulation) fault(isList bool, index int) step {
	switch {
	case isList && s.refusesLists:
		return refuse([]int{400, 403, 404}[s.upTo(3)])
	case s.isCalm():
		return nil
	case !isList && s.hangs[index]:
		return hang
	case !s.chance(s.faults):
		return nil
	}
	return []step{
		hang, fail(errBroken), refuse(404), reply(404, "<html>"), reply(403, "<html>"), reply(401, ""), reply(500, ""), reply(503, ""),
		reply(503, "", "Retry-After: 3"), reply(429, ""), reply(429, "", "Retry-After: 7"), reply(200, "<html>"), reply(200, `{"items":`),
		reply(200, ""), func(*http.Request) (*http.Response, error) { runtime.Goexit(); return nil, nil }, func(*http.Request) (*http.Response, error) { panic(errSimulated) },
	}[s.upTo(16)]
}

var errSimulated = errors.New("simulated")

// page is one of a list, whose newer items move the others back, and which repeats some.
func (s *simulation) page(r *http.Request, list string) string {
	if s.chance(s.shift) {
		s.locked(func() { s.order = slices.Insert(s.order, 0, -1) })
	}
	item := s.event
	if list == "machines" {
		item = s.machine
	}
	s.mu.Lock()
	order := slices.Clone(s.order)
	s.mu.Unlock()
	from, _ := strconv.Atoi(r.URL.Query().Get("after"))
	from = min(from, len(order))
	to := min(from+s.pageSize, len(order))
	items := []string{}
	for _, i := range order[from:to] {
		if items = append(items, item(i)); s.chance(s.repeats) {
			items = append(items, item(i))
		}
	}
	next, _ := json.Marshal(strconv.Itoa(to))
	return fmt.Sprintf(`{"hasMore":%t,"nextPage":%s,"items":[%s]}`, to < len(order), next, strings.Join(items, ","))
}

// begin starts a wait of some kind at some time.
func (s *simulation) begin(wg *sync.WaitGroup) {
	ids := []int{s.upTo(simulated)}
	for s.chance(0.2) {
		ids = append(ids, s.upTo(simulated))
	}
	kind, delay, leaves := s.upTo(4), s.duration(4*time.Minute), s.chance(0.3)
	client, err := s.client.With(s.options()...)
	require.NoError(s, err)
	wg.Go(func() {
		time.Sleep(delay)
		ctx := s.Context()
		if leaves {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, s.duration(2*time.Minute))
			defer cancel()
		}
		begin, ended := time.Now(), false
		defer func() { // also after a panic or Goexit
			if cause := recover(); cause != nil {
				assert.Equal(s, errSimulated, cause, "seed %d", s.seed)
			}
			if ended {
				return
			}
			assert.True(s, leaves || begin.Before(s.calm), "seed %d: a wait has not ended", s.seed)
		}()
		ended = s.wait(ctx, client, kind, ids)
		if !ended {
			return
		}
		last := latestTime(begin, s.calm.Add(time.Minute))
		for _, i := range ids {
			assert.True(s, s.hasEnded(i), "seed %d: a wait of kind %d for %d has ended too early", s.seed, kind, i)
			last = latestTime(last, s.ends[i])
		}
		assert.LessOrEqual(s, time.Since(last), 45*time.Second, "seed %d: a wait of kind %d for %v is late", s.seed, kind, ids)
	})
}

func latestTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// wait waits, and reports whether it ended with what it waited for.
func (s *simulation) wait(ctx context.Context, c *Client, kind int, ids []int) bool {
	var err error
	note := WithOnChange(func(WaitUpdate) {
		switch n := s.upTo(30); {
		case s.isCalm():
		case n == 0:
			time.Sleep(s.duration(time.Minute))
		case n == 1:
			runtime.Goexit()
		case n == 2:
			panic(errSimulated)
		}
	})
	opts := []WaitOption{WithNotFoundGrace(10 * time.Minute), WithWaitTimeout(time.Hour)}
	if s.chance(0.5) {
		opts = append(opts, note)
	}
	switch kind {
	case 0:
		var names []string
		for _, i := range ids {
			names = append(names, fmt.Sprint("e", i))
		}
		_, err = c.MachineEvents.Wait(ctx, names, opts...)
	case 1:
		for _, i := range ids {
			if _, err = c.Machines.WaitForState(ctx, fmt.Sprint("m", i), MachineStateReady, opts...); err != nil {
				break
			}
		}
	case 2:
		for _, i := range ids {
			if _, err = c.Deployments.WaitUntilHealthy(ctx, fmt.Sprint("d", i), WaitUntilHealthyParams{}, opts...); err != nil {
				break
			}
		}
	case 3:
		for _, i := range ids {
			var m Machine
			for m, err = range c.Machines.Watch(ctx, fmt.Sprint("m", i), opts...) {
				if m.State == MachineStateReady || err != nil {
					break
				}
			}
			if err != nil {
				break
			}
		}
	}
	if err != nil {
		assert.ErrorIs(s, err, context.DeadlineExceeded, "seed %d: %v", s.seed, err)
	}
	return err == nil
}

// options are those of a copy of the client: some are impatient, have slow hooks, or wait in a hook.
func (s *simulation) options() (opts []Option) {
	type nested struct{}
	if s.chance(0.2) {
		opts = append(opts, WithRetryPolicy(RetryPolicy{AttemptTimeout: time.Second + s.duration(20*time.Second), MaxRetryAfter: time.Second + s.duration(time.Minute)}))
	}
	if s.chance(0.2) {
		opts = append(opts, WithPollInterval(100*time.Millisecond+s.duration(4*time.Second), 5*time.Second+s.duration(5*time.Second)))
	}
	if s.chance(0.3) {
		opts = append(opts, WithHook(func(ctx context.Context, _ CallInfo) (context.Context, func(CallResult)) {
			switch n := s.upTo(30); {
			case s.isCalm():
			case n == 0:
				time.Sleep(s.duration(time.Minute))
			case n == 1:
				runtime.Goexit()
			case n == 2:
				panic(errSimulated)
			case n == 3 && ctx.Value(nested{}) == nil:
				inner := context.WithValue(ctx, nested{}, true)
				_, _ = s.client.MachineEvents.Wait(inner, []string{fmt.Sprint("e", s.upTo(simulated))}, WithWaitTimeout(time.Minute))
			case n == 4:
				return ctx, func(CallResult) { time.Sleep(s.duration(time.Minute)) }
			}
			return ctx, nil
		}))
	}
	return opts
}
