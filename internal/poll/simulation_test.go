package poll

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var seeds = flag.Uint64("poll.seeds", 300, "how many random schedules TestRandomSchedules runs")

// failedSeeds once failed.
var failedSeeds = []uint64{92, 820}

func TestRandomSchedules(t *testing.T) {
	for _, seed := range failedSeeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { newWorld(t, seed).run() })
	}
	for seed := range *seeds {
		newWorld(t, seed).run()
		if t.Failed() {
			t.Fatalf("seed %d fails: add it to failedSeeds", seed)
		}
	}
}

// world is a service and the waits that poll it, on a clock of its own. Pollers come, go, and are busy at times; for a
// while requests fail in all ways. When that is over, every poller must learn in time how its target ended.
type world struct {
	*testing.T
	seed  uint64
	rand  *rand.Rand
	group Group[*subject]
	now   time.Time
	calm  time.Time // from then on nothing fails
	lists [Lists + 1][]*subject
	sends []time.Time

	pageSize, shift int
	faulty          float64
	latency         time.Duration
	events          []event
}

// subject is a target and its poller.
type subject struct {
	name   string
	poller *Poller[*subject]
	added  time.Time
	ends   time.Time
	news   time.Time // when the request was sent that told its latest news
	paused time.Time // the service wants no request of it before
	ended  bool      // as far as it knows
	gone   bool
	hangs  bool
}

type event struct {
	at time.Time
	do func()
}

func newWorld(t *testing.T, seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 1))
	w := &world{
		T: t, seed: seed, rand: r, now: start, calm: start.Add(3 * time.Minute),
		pageSize: 1 + r.IntN(30), shift: r.IntN(3), faulty: r.Float64() * r.Float64(),
		latency: time.Duration(r.IntN(4)) * 400 * time.Millisecond,
	}
	for range 1 + r.IntN(80) {
		w.after(w.upTo(time.Minute)*time.Duration(r.IntN(2)), w.join)
	}
	return w
}

func (w *world) upTo(d time.Duration) time.Duration {
	return time.Duration(w.rand.Int64N(int64(d) + 1))
}
func (w *world) chance(p float64) bool { return w.rand.Float64() < p }

func (w *world) after(d time.Duration, do func()) {
	w.events = append(w.events, event{w.now.Add(d), do})
}

// join adds a poller, and plans its life.
func (w *world) join() {
	s := &subject{name: strconv.Itoa(len(w.group.Pollers)), added: w.now, ends: w.now.Add(w.upTo(5 * time.Minute)), hangs: w.chance(0.1)}
	list := w.rand.IntN(Lists + 1)
	s.poller = &Poller[*subject]{Target: s, List: list, Shortest: time.Second, Longest: 10 * time.Second, MaxPause: time.Minute}
	if list > 0 && w.chance(0.9) {
		w.lists[list] = slices.Insert(w.lists[list], w.rand.IntN(len(w.lists[list])+1), s)
	}
	w.group.Add(s.poller, w.now)
	s.poller.Ready = true
	if w.chance(0.2) {
		w.after(w.upTo(2*time.Minute), func() { w.leave(s) })
	}
	for range w.rand.IntN(3) {
		w.after(w.upTo(2*time.Minute), func() {
			if s.gone {
				return
			}
			s.poller.Ready = false
			w.after(w.upTo(time.Minute), func() {
				if !s.gone {
					s.poller.Ready = true
				}
			})
		})
	}
}

func (w *world) leave(s *subject) {
	if !s.gone {
		s.gone = true
		w.group.Remove(s.poller, w.now)
	}
}

func (w *world) run() {
	w.Helper()
	defer func() {
		if cause := recover(); cause != nil {
			panic(fmt.Sprintf("seed %d: %v", w.seed, cause))
		}
	}()
	for len(w.events) > 0 || len(w.group.Pollers) > 0 {
		require.Less(w, w.now.Sub(start), 15*time.Minute, "seed %d: nobody may be stuck", w.seed)
		slices.SortStableFunc(w.events, func(a, b event) int { return a.at.Compare(b.at) })
		next, at := w.group.Next(w.now)
		w.consistent(next)
		if at = latest(at, w.now); next != nil && (len(w.events) == 0 || !at.After(w.events[0].at)) {
			w.now = at
			w.send(next.Target)
			continue
		}
		require.NotEmpty(w, w.events, "seed %d: somebody is to poll", w.seed)
		e := w.events[0]
		w.events = w.events[1:]
		w.now = e.at
		e.do()
	}
}

// consistent checks that all pollers have their places, in order.
func (w *world) consistent(next *Poller[*subject]) {
	queued := 0
	for _, q := range w.group.queues {
		queued += len(q)
		require.True(w, slices.IsSortedFunc(q, (*Poller[*subject]).compare), "seed %d: queues are sorted", w.seed)
	}
	require.Len(w, w.group.Pollers, queued, "seed %d: pollers that are queued", w.seed)
	require.Equal(w, slices.ContainsFunc(w.group.Pollers, (*Poller[*subject]).isIdle), next != nil, "seed %d: it is somebody's turn", w.seed)
}

func (w *world) send(s *subject) {
	require.False(w, w.now.Before(s.paused), "seed %d: the service wants no request yet", w.seed)
	w.sends = append(w.sends, w.now)
	if n := len(w.sends); n > Burst {
		require.GreaterOrEqual(w, w.now.Sub(w.sends[n-1-Burst]), time.Second, "seed %d: ten requests a second at most", w.seed)
	}
	w.group.Send(s.poller, w.now, w.rand.Float64())
	r := s.poller.Request
	latency := w.upTo(w.latency)
	fails := w.now.Before(w.calm) && w.chance(w.faulty)
	if s.hangs && r.List == 0 && w.now.Before(w.calm) || fails && w.chance(0.2) {
		w.after(10*time.Second, func() { w.group.Failed(s.poller, Failure{}, w.now) }) // it times out
		return
	}
	if fails {
		f := Failure{}
		switch w.rand.IntN(4) {
		case 0:
			f.Limited = true
		case 1:
			f = Failure{Limited: true, RetryAfter: w.upTo(20 * time.Second)}
		case 2:
			f.RetryAfter = w.upTo(5 * time.Second)
		}
		w.after(latency, func() {
			if s.gone && w.chance(0.5) {
				return // it broke off its request
			}
			w.group.Failed(s.poller, f, w.now)
			for _, p := range w.group.Pollers {
				p.Target.paused = latest(p.Target.paused, w.now.Add(f.RetryAfter))
			}
		})
		return
	}
	asked := w.now
	if r.List == 0 {
		ended := !asked.Before(s.ends)
		w.after(latency, func() {
			w.group.Responded(s.poller, "", w.now, func(s *subject) bool { w.tell(s, asked, ended); return true })
		})
		return
	}
	w.readPage(s, r, asked, latency)
}

// readPage reads a page as it is now; items may have moved since the page before it.
func (w *world) readPage(s *subject, r Request, asked time.Time, latency time.Duration) {
	for range w.rand.IntN(w.shift + 1) { // newer items that nobody polls for
		w.lists[r.List] = slices.Insert(w.lists[r.List], 0, &subject{name: "other"})
	}
	all := w.lists[r.List]
	from, _ := strconv.Atoi(r.Cursor)
	from = min(from, len(all))
	to := min(from+w.pageSize, len(all))
	page := map[*subject]bool{}
	for _, item := range all[from:to] {
		page[item] = !asked.Before(item.ends)
	}
	next := strconv.Itoa(to)
	if to == len(all) {
		next = ""
	}
	w.after(latency, func() {
		w.group.Responded(s.poller, next, w.now, func(s *subject) bool {
			ended, ok := page[s]
			if ok {
				w.tell(s, asked, ended)
			}
			return ok
		})
	})
}

// tell has a poller learn how its target was when a request was sent.
func (w *world) tell(s *subject, asked time.Time, ended bool) {
	require.False(w, asked.Before(s.added), "seed %d: no news is from before the poller was added", w.seed)
	require.False(w, asked.Before(s.news), "seed %d: no news is older than the one before it", w.seed)
	s.news = asked
	if s.gone || !ended {
		return
	}
	s.ended = true
	w.after(0, func() { w.leave(s) })
	if from := latest(s.ends, w.calm.Add(time.Minute)); s.poller.Ready {
		// Two intervals, the time to ask for each by itself, and a sweep of all pages.
		bound := 20*time.Second + time.Duration(80+len(w.lists[s.poller.List])/w.pageSize)*(w.latency+Window/Burst)
		require.LessOrEqual(w, w.now.Sub(from), bound, "seed %d: %s is late", w.seed, s.name)
	}
}
