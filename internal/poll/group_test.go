package poll

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// start is when the tests begin.
var start = time.Unix(1_000_000, 0)

// table is a group under test: each call of turn is one line of what is expected of it.
type table struct {
	*testing.T
	Group[string]
	now time.Time
}

func newTable(t *testing.T) *table {
	return &table{T: t, now: start}
}

// add adds pollers that are ready, for a list.
func (g *table) add(list int, targets ...string) {
	for _, target := range targets {
		p := &Poller[string]{Target: target, List: list, Shortest: time.Second, Longest: 10 * time.Second, MaxPause: time.Minute}
		g.Add(p, g.now)
		p.Ready = true
	}
}

func (g *table) addMany(list, n int) (targets []string) {
	for i := range n {
		targets = append(targets, "t"+strconv.Itoa(len(g.Pollers)+i))
	}
	g.add(list, targets...)
	return targets
}

func (g *table) poller(target string) *Poller[string] {
	i := slices.IndexFunc(g.Pollers, func(p *Poller[string]) bool { return p.Target == target })
	require.GreaterOrEqual(g, i, 0, "no poller for %s", target)
	return g.Pollers[i]
}

// whenever is for tests that expect a turn without regard to its time.
const whenever = -1

// turn expects that it is a target's turn after a while, and sends its request.
func (g *table) turn(target string, after time.Duration) Request {
	g.Helper()
	p, at := g.Next(g.now)
	require.NotNil(g, p)
	require.Equal(g, target, p.Target, "whose turn it is")
	if after != whenever {
		require.Equal(g, after, max(0, at.Sub(g.now)), "when it is %s's turn", target)
	}
	g.now = latest(at, g.now)
	g.Send(p, g.now, 0)
	return p.Request
}

func (g *table) single(target string, after time.Duration) {
	g.Helper()
	r := g.turn(target, after)
	require.Zero(g, r.List, "a request for %s alone", target)
}

func (g *table) page(target string, after time.Duration, page int) {
	g.Helper()
	r := g.turn(target, after)
	require.NotZero(g, r.List, "a request for a page")
	require.Equal(g, page, r.Page)
}

// responded has the response to a target's request arrive, and reports whether it is new to the target.
func (g *table) responded(target string) (isNew bool) {
	g.Responded(g.poller(target), "", g.now, func(string) bool { isNew = true; return true })
	return isNew
}

// read has the page arrive that was requested for a target.
func (g *table) read(target, next string, found ...string) {
	g.Responded(g.poller(target), next, g.now, func(t string) bool { return slices.Contains(found, t) })
}

func (g *table) failed(target string, f Failure) { g.Failed(g.poller(target), f, g.now) }

func TestOnePollerPollsByItself(t *testing.T) {
	for _, list := range []int{0, 1, 2} {
		g := newTable(t)
		g.add(list, "a")
		after := time.Duration(0)
		for _, interval := range []time.Duration{1000, 1500, 2250, 3375, 5062, 7593, 10000, 10000} {
			g.single("a", after)
			g.responded("a")
			after = interval * time.Millisecond
			_, at := g.Next(g.now)
			require.InDelta(t, after, at.Sub(g.now), float64(time.Millisecond))
			after = at.Sub(g.now)
		}
	}
}

func TestIntervals(t *testing.T) {
	for name, tc := range map[string]struct {
		age, took time.Duration
		jitter    float64
		want      time.Duration // from the request to the next
	}{
		"at first":          {want: time.Second},
		"jitter":            {jitter: 1, want: 800 * time.Millisecond},
		"after a while":     {age: 4 * time.Second, want: 3 * time.Second},
		"the longest":       {age: time.Hour, want: 10 * time.Second},
		"from the request":  {age: time.Hour, took: 4 * time.Second, want: 10 * time.Second},
		"a slow response":   {age: time.Hour, took: 12 * time.Second, want: 13 * time.Second},
		"slow, with jitter": {age: time.Hour, took: 12 * time.Second, jitter: 1, want: 12800 * time.Millisecond},
	} {
		p := &Poller[string]{Shortest: time.Second, Longest: 10 * time.Second, began: start}
		sent := start.Add(tc.age)
		assert.Equal(t, tc.want, p.next(sent, tc.jitter, sent.Add(tc.took)).Sub(sent), name)
	}
}

func TestBudget(t *testing.T) {
	g := newTable(t)
	g.addMany(0, 25)
	for i := range 10 {
		g.single("t"+strconv.Itoa(i), 0)
	}
	g.single("t10", Window)
	g.now = g.now.Add(300 * time.Millisecond)
	for i := 11; i < 20; i++ {
		g.single("t"+strconv.Itoa(i), 0)
	}
	g.single("t20", Window-300*time.Millisecond)
	g.single("t21", 300*time.Millisecond)
}

// A request that leaves after another one of its turn, or long after its turn, takes a place of its own, and waits for it.
func TestLeave(t *testing.T) {
	g := newTable(t)
	g.addMany(0, 25)
	for i := range 8 {
		g.single("t"+strconv.Itoa(i), 0)
	}
	p := g.poller("t0")
	for _, after := range []time.Duration{0, 0, 0, Window, Window} {
		assert.Equal(t, after, g.Leave(p, g.now).Sub(g.now))
	}
	for i := 8; i < 14; i++ {
		g.single("t"+strconv.Itoa(i), map[int]time.Duration{8: Window}[i])
	}
	g.failed("t8", Failure{RetryAfter: 30 * time.Second})
	assert.Equal(t, 30*time.Second, g.Leave(p, g.now).Sub(g.now))
	g.now = g.now.Add(30 * time.Second)
	g.single("t14", 0)
	g.now = g.now.Add(maxDelay)
	g.responded("t14")
	for i := 15; i < 23; i++ {
		g.single("t"+strconv.Itoa(i), 0)
	}
	assert.Zero(t, g.Leave(g.poller("t22"), g.now).Sub(g.now))
	g.now = g.now.Add(maxDelay + 1)
	assert.Equal(t, Window-2*maxDelay-1, g.Leave(g.poller("t21"), g.now).Sub(g.now))
}

// While a page is on its way, those that are due later leave some of the budget to the rest of its sweep.
func TestBudgetIsKeptForASweep(t *testing.T) {
	g := newTable(t)
	g.add(0, "early")
	g.now = g.now.Add(time.Millisecond)
	g.add(1, "a", "b", "c")
	g.now = g.now.Add(time.Millisecond)
	late := g.addMany(0, 10)
	g.single("early", 0)
	g.page("a", 0, 0)
	for i := range Burst - pageReserve - 2 {
		g.single(late[i], 0)
	}
	p, at := g.Next(g.now)
	require.Equal(t, late[Burst-pageReserve-2], p.Target)
	require.Equal(t, Window, at.Sub(g.now))
	g.read("a", "2", "a")
	g.page("b", 0, 1)
	g.read("b", "3")
	g.page("c", 0, 2)
	g.read("c", "4")
	for _, target := range []string{"b", "c"} {
		g.single(target, 0)
	}
	g.single(late[Burst-pageReserve-2], 0) // nobody waits for a page
}

// The pollers of one list that wait for a page earn the reserve, although those of the other are due later.
func TestBudgetIsKeptForTheListThatIsDueFirst(t *testing.T) {
	for _, first := range []int{1, 2} {
		g := newTable(t)
		g.add(first, "a", "b")
		g.now = g.now.Add(time.Millisecond)
		late := g.addMany(0, 10)
		g.now = g.now.Add(time.Millisecond)
		g.add(3-first, "x", "y")
		g.page("a", 0, 0)
		for i := range Burst - pageReserve - 1 {
			g.single(late[i], 0)
		}
		g.page("x", 0, 0)
		p, at := g.Next(g.now)
		require.Equal(t, late[Burst-pageReserve-1], p.Target, "list %d first", first)
		require.Equal(t, Window, at.Sub(g.now), "list %d first", first)
	}
}

func TestTurnsAreInTheOrderOfDueTimes(t *testing.T) {
	g := newTable(t)
	g.add(0, "a", "b")
	g.now = g.now.Add(time.Millisecond)
	g.add(1, "c")
	g.add(0, "d")
	g.now = g.now.Add(time.Millisecond)
	g.single("a", 0)
	g.responded("a")
	g.single("b", 0)
	g.responded("b")
	g.add(0, "e") // due at last, but before a and b are again
	g.single("c", 0)
	g.single("d", 0)
	g.single("e", 0)
	g.single("a", whenever)
	g.single("b", 0)
}

func TestPollerThatIsNotReady(t *testing.T) {
	g := newTable(t)
	g.add(1, "busy", "b", "c")
	g.poller("busy").Ready = false
	g.page("b", 0, 0)
	g.read("b", "", "busy", "b", "c")
	g.poller("b").Ready = false
	g.poller("c").Ready = false
	p, _ := g.Next(g.now)
	require.Nil(t, p, "nobody is ready")
	g.poller("busy").Ready = true
	_, at := g.Next(g.now)
	assert.Equal(t, time.Second, at.Sub(g.now), "a page had its target while it was busy")
	g.page("busy", time.Second, 0)
	g.poller("busy").Ready = false // while its request is under way
	g.read("busy", "")
	p, _ = g.Next(g.now)
	require.Nil(t, p)
}

func TestPageHasTheTargetsOfAList(t *testing.T) {
	g := newTable(t)
	g.add(1, "a", "b")
	g.add(2, "x")
	g.page("a", 0, 0)
	g.single("x", 0)
	g.read("a", "2", "a", "b", "x")
	p, at := g.Next(g.now)
	assert.Equal(t, "a", p.Target)
	assert.Equal(t, time.Second, at.Sub(g.now), "both are due together")
	g.page("a", time.Second, 0)
	g.read("a", "2", "a", "b")
	g.page("a", 1500*time.Millisecond, 0)
}

// A target that a page does not have is looked for on the next ones, and then polled for by itself for a while.
func TestSweep(t *testing.T) {
	g := newTable(t)
	g.add(1, "a", "b", "c", "d")
	g.page("a", 0, 0)
	g.read("a", "2", "b")
	g.page("c", 0, 1)
	assert.Equal(t, "2", g.poller("c").Request.Cursor)
	g.read("c", "3", "a")
	g.page("d", 0, 2) // two are left
	g.read("d", "4")
	g.page("c", 0, 3)
	g.read("c", "5")
	g.single("c", 0) // two pages for two pollers, and nothing found
	g.responded("c")
	g.single("d", 0)
	g.responded("d")
	asked := map[string]int{}
	for {
		p, _ := g.Next(g.now)
		r := g.turn(p.Target, whenever)
		if r.List == 0 {
			asked[p.Target]++
			g.responded(p.Target)
			continue
		}
		if p.Target == "c" || p.Target == "d" {
			break // it is looked for once more
		}
		g.read(p.Target, "2", "a", "b")
	}
	assert.Equal(t, singlePolls, max(asked["c"], asked["d"]))
	assert.Zero(t, asked["a"]+asked["b"])
}

func TestHowFarASweepGoes(t *testing.T) {
	for name, tc := range map[string]struct {
		pollers, foundOn, pages, singles int
	}{
		"two, on the first page":          {pollers: 2, foundOn: 1, pages: 1},
		"two, too far back":               {pollers: 2, foundOn: 3, pages: 2, singles: 2},
		"as many pages as pollers":        {pollers: 5, foundOn: 6, pages: 5, singles: 5},
		"fifty, on the eighth page":       {pollers: 50, foundOn: 8, pages: 8},
		"fifty, too far back":             {pollers: 50, foundOn: 9, pages: 8, singles: 50},
		"five hundred, behind 5,000":      {pollers: 500, foundOn: 42, pages: 42},
		"five hundred, behind 20,000":     {pollers: 500, foundOn: 167, pages: 50, singles: 500},
		"the list ends":                   {pollers: 50, foundOn: 0, pages: 4, singles: 50},
		"ten thousand, on the 84th page":  {pollers: 10_000, foundOn: 84, pages: 84},
		"one, which costs as much itself": {pollers: 1, foundOn: 1, singles: 1},
	} {
		t.Run(name, func(t *testing.T) {
			g := newTable(t)
			targets := g.addMany(1, tc.pollers)
			pages, singles := 0, 0
			for len(g.Pollers) > 0 && pages+singles < 20_000 {
				p, at := g.Next(g.now)
				g.now = latest(at, g.now)
				g.Send(p, g.now, 0)
				r := p.Request
				if r.List == 0 {
					singles++
					g.responded(p.Target)
					g.Remove(p, g.now)
					continue
				}
				pages++
				next := "more"
				if tc.foundOn == 0 && r.Page == 3 {
					next = ""
				} else {
					next += strconv.Itoa(r.Page)
				}
				var found []*Poller[string]
				g.Responded(p, next, g.now, func(target string) bool {
					if r.Page+1 != tc.foundOn {
						return false
					}
					found = append(found, g.poller(target))
					return true
				})
				for _, p := range found {
					g.Remove(p, g.now)
				}
			}
			assert.Equal(t, tc.pages, pages, "pages")
			assert.Equal(t, tc.singles, singles, "single requests")
			assert.LessOrEqual(t, g.now.Sub(start), time.Minute, "for %d targets", len(targets))
		})
	}
}

// A page shows the state at the beginning of its sweep: to a poller that was added later it is not new.
func TestNewcomersBeginASweepOfTheirOwn(t *testing.T) {
	g := newTable(t)
	g.add(1, "a", "b")
	g.page("a", 0, 0)
	g.now = g.now.Add(time.Second)
	g.add(1, "new")
	g.read("a", "2", "a", "b", "new")
	g.page("new", 0, 0)
	g.read("new", "2", "new")
	_, at := g.Next(g.now)
	assert.Equal(t, time.Second, at.Sub(g.now))
}

func TestResponseThatIsOlderThanAPage(t *testing.T) {
	g := newTable(t)
	g.add(1, "a")
	g.single("a", 0)
	g.now = g.now.Add(time.Millisecond)
	g.add(1, "b")
	g.page("b", 0, 0)
	g.read("b", "2", "a", "b")
	assert.False(t, g.responded("a"), "the page is newer")
	assert.False(t, g.poller("a").Sending)
	g.page("b", time.Second, 0)
	g.read("b", "", "b")
	g.single("a", whenever)
	assert.True(t, g.responded("a"))
}

func TestPageThatDoesNotCome(t *testing.T) {
	g := newTable(t)
	g.add(1, "a", "b", "c", "d")
	g.page("a", 0, 0)
	g.page("b", pagePatience, 0)
	g.single("c", 0)
	g.single("d", 0)
	g.responded("c")
	g.responded("d")
	_, at := g.Next(g.now)
	g.single("c", at.Sub(g.now)) // they do without the list while it does not respond
	g.responded("c")
	g.single("d", 0)
	g.responded("d")
	g.read("b", "2", "a", "b", "c", "d") // the late page counts once
	g.read("a", "3", "a", "b", "c", "d")
	_, at = g.Next(g.now)
	g.page("a", at.Sub(g.now), 0)
}

func TestPageThatIsReadTwice(t *testing.T) {
	g := newTable(t)
	g.add(1, "a", "b", "c", "d")
	g.page("a", 0, 0)
	g.page("b", pagePatience, 0)
	g.read("b", "2", "a", "b")
	g.read("a", "2", "c") // "c" has moved onto it, but the cursor of the next page is that of the other response
	g.page("c", 0, 1)
}

// One newcomer is not worth many pages to those whose targets were found a moment ago.
func TestSweepForOneThatIsDue(t *testing.T) {
	g := newTable(t)
	g.add(1, "a", "b", "c")
	for _, p := range g.Pollers {
		p.Shortest = 10 * time.Second
	}
	g.page("a", 0, 0)
	g.read("a", "2", "a", "b", "c")
	g.now = g.now.Add(time.Second)
	g.add(1, "new")
	g.page("new", 0, 0)
	g.read("new", "2")
	g.single("new", 0)
}

// A sweep for others, a while ago, may not have looked for a target where it is now.
func TestSweepThatIsTooOldToContinue(t *testing.T) {
	g := newTable(t)
	g.add(1, "a", "b", "c")
	for _, p := range g.Pollers[:2] {
		p.Shortest = 10 * time.Second
	}
	g.page("a", 0, 0)
	g.read("a", "2", "a", "b", "c")
	g.page("c", time.Second, 0)
	g.read("c", "2", "c")
	g.Remove(g.poller("c"), g.now)
	g.page("a", whenever, 0)
}

// A sweep goes to where the last one found something, if that costs less than single requests, and until it does not.
func TestSweepRemembersHowDeepItWent(t *testing.T) {
	for n, want := range map[int][]int{30: {12, 12, 8}, 3: {12, 3, 3}} {
		g := newTable(t)
		g.addMany(1, 200)
		for _, p := range g.Pollers {
			p.Shortest, p.Longest = 10*time.Second, 10*time.Second
		}
		sweep := func(foundOn int) (pages int) {
			for {
				p, at := g.Next(g.now)
				if at.Sub(g.now) > 2*Window {
					g.now = g.now.Add(10 * time.Second)
					return pages
				}
				if r := g.turn(p.Target, whenever); r.List == 0 {
					g.responded(p.Target)
				} else {
					pages++
					g.Responded(p, strconv.Itoa(r.Page+1), g.now, func(string) bool { return r.Page+1 == foundOn })
				}
			}
		}
		pages := []int{sweep(12)} // as many barren pages may be read for 200 pollers
		for _, p := range slices.Clone(g.Pollers[n:]) {
			g.Remove(p, g.now)
		}
		if pages = append(pages, sweep(12)); pages[1] == 12 {
			sweep(0) // in vain
		}
		for _, p := range g.Pollers {
			p.singles = 1
		}
		sweep(0)
		assert.Equal(t, want, append(pages, sweep(0)), "for %d pollers", n)
	}
}

// A few newcomers to a large group search no further than they are worth.
func TestSweepForAFewOfMany(t *testing.T) {
	g := newTable(t)
	for _, target := range g.addMany(1, 400) {
		g.poller(target).Shortest = time.Minute
	}
	g.page("t0", 0, 0)
	g.Responded(g.poller("t0"), "1", g.now, func(string) bool { return true })
	g.now = g.now.Add(5 * time.Second)
	g.addMany(1, 48)
	pages := 0
	for ; ; pages++ {
		p, _ := g.Next(g.now)
		r := g.turn(p.Target, whenever)
		if r.List == 0 {
			break
		}
		g.Responded(p, "more"+strconv.Itoa(pages), g.now, func(string) bool { return false })
	}
	require.Equal(t, 48/openShare, pages)
}

// A poller that is not due yet reads no page for others.
func TestPageIsReadByOneThatIsDue(t *testing.T) {
	g := newTable(t)
	g.add(1, "a", "b", "c", "d")
	for _, target := range []string{"b", "c", "d"} {
		g.poller(target).Shortest = 2 * time.Second
	}
	g.page("a", 0, 0)
	g.read("a", "2", "a", "b", "c", "d")
	g.page("a", time.Second, 0)
	g.read("a", "2")
	g.page("a", 0, 1) // the others are due soon, but not yet
}

func TestCursorThatRepeatsItself(t *testing.T) {
	g := newTable(t)
	g.add(1, "a", "b", "c", "d")
	g.page("a", 0, 0)
	g.read("a", "2")
	g.page("b", 0, 1)
	g.read("b", "2")
	g.single("a", 0)
}

func TestListThatIsRefused(t *testing.T) {
	g := newTable(t)
	g.add(1, "a", "b")
	g.page("a", 0, 0)
	g.failed("a", Failure{})
	begin, pages := g.now, 0
	for g.now.Sub(begin) < 5*time.Minute {
		p, at := g.Next(g.now)
		g.now = latest(at, g.now)
		if g.Send(p, g.now, 0); p.Request.List > 0 {
			pages++
			g.failed(p.Target, Failure{})
		} else {
			g.responded(p.Target)
		}
	}
	assert.InDelta(t, 9, pages, 1, "after 1.5 s, and less and less often until it is once a minute")
}

func TestPageThatFails(t *testing.T) {
	g := newTable(t)
	g.add(1, "a", "b", "c")
	g.page("a", 0, 0)
	g.failed("a", Failure{})
	g.single("a", 0)
	g.responded("a")
	g.add(0, "clock")
	g.poller("a").Ready = false
	g.single("clock", 0)
	g.page("b", pagePatience, 0) // by another one
	g.failed("b", Failure{})
	g.single("b", 0)
	g.single("c", 0)
}

func TestReaderOfAPageThatIsRemoved(t *testing.T) {
	g := newTable(t)
	g.add(1, "a", "b", "c")
	g.page("a", 0, 0)
	g.now = g.now.Add(time.Second)
	a := g.poller("a")
	g.Remove(a, g.now)
	g.page("b", 0, 0)
	g.Failed(a, Failure{Limited: true}, g.now) // it does not give away b's page
	g.Responded(a, "", g.now, func(string) bool { t.Fatal("it was removed"); return true })
	g.page("c", pagePatience, 0)
}

func TestPauses(t *testing.T) {
	for name, tc := range map[string]struct {
		failure Failure
		pause   time.Duration
		another time.Duration // from the first request after the pause
		age     time.Duration // of the poller
	}{
		"429":                      {Failure{Limited: true}, Window, Window, 0},
		"429 to one that is older": {Failure{Limited: true}, 4 * time.Second, Window, 6 * time.Second},
		"429 with Retry-After":     {Failure{Limited: true, RetryAfter: 33 * time.Second}, 33 * time.Second, Window, 0},
		"longer than MaxPause":     {Failure{Limited: true, RetryAfter: time.Hour}, time.Minute, Window, 0},
		"503 with Retry-After":     {Failure{RetryAfter: 5 * time.Second}, 5 * time.Second, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := newTable(t)
			g.add(0, "a", "b", "c")
			g.now = g.now.Add(tc.age)
			g.single("a", 0)
			g.failed("a", tc.failure)
			g.add(0, "d", "e")
			first, _ := g.Next(g.now)
			g.single(first.Target, tc.pause)
			second, _ := g.Next(g.now)
			g.single(second.Target, tc.another)
			g.responded(second.Target)
			third, _ := g.Next(g.now)
			g.single(third.Target, 0)
		})
	}
}

func TestPauseIsOnlyAsLongAsEachPollerGrants(t *testing.T) {
	g := newTable(t)
	g.add(0, "a", "b")
	g.single("a", 0)
	g.failed("a", Failure{Limited: true, RetryAfter: time.Hour})
	g.poller("a").Ready = false
	g.poller("b").MaxPause = 5 * time.Second
	g.single("b", 5*time.Second)
}

// A slow poller does not read all the pages of a sweep, and those that have read one keep their place.
func TestPagesAreReadInTurns(t *testing.T) {
	g := newTable(t)
	g.add(1, "a", "b", "c")
	g.now = g.now.Add(10 * time.Millisecond)
	g.add(0, "x")
	for i, target := range []string{"a", "b", "c"} {
		g.page(target, 0, i)
		g.now = g.now.Add(100 * time.Millisecond)
		g.read(target, "more"+strconv.Itoa(i))
	}
	for _, target := range []string{"a", "b", "c", "x"} {
		g.single(target, 0)
	}
}

// A sweep has the place of its first poller, whoever reads its pages.
func TestSweepKeepsItsPlace(t *testing.T) {
	g := newTable(t)
	for _, target := range []string{"a", "x", "b", "c"} {
		list := 1
		if target == "x" {
			list = 0
		}
		g.add(list, target)
		g.now = g.now.Add(time.Millisecond)
	}
	for i, target := range []string{"a", "b", "c"} {
		g.page(target, 0, i)
		g.read(target, strconv.Itoa(i+1))
	}
	for _, target := range []string{"a", "x", "b", "c"} {
		g.single(target, 0)
	}
}

func TestLastPollerTakesAllWithIt(t *testing.T) {
	g := newTable(t)
	g.add(1, "a", "b")
	g.page("a", 0, 0)
	g.failed("a", Failure{})
	g.Remove(g.poller("a"), g.now)
	g.Remove(g.poller("b"), g.now)
	p, _ := g.Next(g.now)
	require.Nil(t, p)
	g.add(1, "c", "d")
	g.page("c", 0, 0)
}

func TestAnotherClock(t *testing.T) {
	g := newTable(t)
	g.add(0, "a")
	g.single("a", 0)
	g.failed("a", Failure{Limited: true, RetryAfter: time.Minute})
	g.now = g.now.Add(time.Second)
	g.Remove(g.poller("a"), g.now)
	g.add(0, "b")
	g.poller("b").Ready = false
	_, at := g.Next(g.now)
	assert.Zero(t, at)
	g.Remove(g.poller("b"), g.now)
	g.now = start.Add(-24 * time.Hour)
	g.add(0, "c")
	g.single("c", 0)
}
