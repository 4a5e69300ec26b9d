package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// gateway serves an in-memory Paperspace on a loopback socket, and does to its requests what happens to requests.
type gateway struct {
	srv *paperspacetest.Server
	url string

	mu      sync.Mutex
	sent    []time.Time            // when the requests were sent
	granted []time.Time            // when the workers' limiters let them through; shorter than sent if one did not ask
	senders map[string][]string    // the workers, by their User-Agent, that sent a create for a name
	begun   map[string][]time.Time // when each worker sent its creates
	victim  string                 // the worker whose creates are held
	before  int                    // how many of them are still to be held before they are carried out
	after   int                    // how many after that
	late    time.Duration          // carries out creates that are held before, so long after they came
	later   bool                   // carries them out after the next create of the same name
	pending map[string]func()      // carries out the create of a name
	held    chan struct{}          // gets one for each that is held
	stale   map[string]bool        // the IDs that lists leave out
	lags    bool                   // lists leave out new machines
	down    bool                   // no request is carried out
}

func newGateway(t *testing.T) *gateway {
	g := &gateway{
		srv:  paperspacetest.New(t, paperspacetest.WithSpeed(20)), // a machine takes 4 s
		held: make(chan struct{}, 100), stale: map[string]bool{}, senders: map[string][]string{}, begun: map[string][]time.Time{}, pending: map[string]func(){},
	}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	g.url = server.URL + "/v1"
	return g
}

// hold keeps the responses to creates of a worker back: of some before, and of some after they were carried out.
func (g *gateway) hold(victim string, before, after int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.victim, g.before, g.after = victim, before, after
}

// lag determines whether lists leave out what is created from now on; with false they catch up.
func (g *gateway) lag(on bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lags = on; !on {
		clear(g.stale)
	}
}

// outage determines whether the service is down.
func (g *gateway) outage(on bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.down = on
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // only after this does net/http notice that the client is gone
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	create := r.Method == http.MethodPost && r.URL.Path == "/v1/machines"
	worker, _, _ := strings.Cut(r.UserAgent(), " ")

	sent, err := time.Parse(time.RFC3339Nano, r.Header.Get(sentHeader))
	if err != nil {
		sent = time.Now()
	}

	g.mu.Lock()
	g.sent = append(g.sent, sent)
	if granted, err := time.Parse(time.RFC3339Nano, r.Header.Get(grantedHeader)); err == nil {
		g.granted = append(g.granted, granted)
	}
	holdBefore, holdAfter := false, false
	var pending func()
	if create {
		name := nameIn(body)
		g.senders[name] = append(g.senders[name], worker)
		g.begun[worker] = append(g.begun[worker], sent)
		pending = g.pending[name]
		delete(g.pending, name)
		switch {
		case worker != g.victim:
		case g.after > 0:
			g.after--
			holdAfter = true
		case g.before > 0:
			g.before--
			holdBefore = true
			carryOut := func() {
				late := r.Clone(context.Background())
				late.Body = io.NopCloser(bytes.NewReader(body))
				g.srv.ServeHTTP(httptest.NewRecorder(), late)
			}
			if g.later {
				g.pending[name] = carryOut
			} else if g.late > 0 {
				time.AfterFunc(g.late, carryOut)
			}
		}
	}
	down := g.down
	g.mu.Unlock()
	if pending != nil {
		defer pending()
	}

	if down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if holdBefore {
		g.hang(r)
	}
	response := httptest.NewRecorder()
	g.srv.ServeHTTP(response, r)
	if holdAfter {
		g.remember(response.Body.Bytes())
		g.hang(r)
	}
	content := response.Body.Bytes()
	switch {
	case create:
		g.remember(content)
	case r.Method == http.MethodGet && r.URL.Path == "/v1/machines" && response.Code == http.StatusOK:
		content = g.withoutStale(content)
	}
	for name, values := range response.Header() {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(response.Code)
	_, _ = w.Write(content)
}

func nameIn(create []byte) string {
	var params struct{ Name string }
	_ = json.Unmarshal(create, &params)
	return params.Name
}

// hang waits until the client is gone.
func (g *gateway) hang(r *http.Request) {
	g.held <- struct{}{}
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// waitHeld waits until a create is held.
func (g *gateway) waitHeld(ctx context.Context, t *testing.T) {
	t.Helper()
	select {
	case <-g.held:
	case <-ctx.Done():
		t.Fatal("no create was held")
	}
}

func (g *gateway) remember(created []byte) {
	var response struct{ Data struct{ ID string } }
	_ = json.Unmarshal(created, &response)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lags {
		g.stale[response.Data.ID] = true
	}
}

func (g *gateway) withoutStale(list []byte) []byte {
	var page map[string]any
	if err := json.Unmarshal(list, &page); err != nil {
		panic(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	items := []any{}
	for _, item := range page["items"].([]any) {
		if id, _ := item.(map[string]any)["id"].(string); !g.stale[id] {
			items = append(items, item)
		}
	}
	page["items"] = items
	content, err := json.Marshal(page)
	if err != nil {
		panic(err)
	}
	return content
}

// machines returns the IDs of all machines by name, whatever lists show.
func (g *gateway) machines(t *testing.T) map[string][]string {
	t.Helper()
	ids := map[string][]string{}
	for m, err := range g.srv.Client().Machines.All(t.Context(), paperspace.MachineListParams{}) {
		require.NoError(t, err)
		ids[m.Name] = append(ids[m.Name], m.ID)
	}
	return ids
}

// creates is how many creates have come.
func (g *gateway) creates() (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, senders := range g.senders {
		n += len(senders)
	}
	return n
}

// createsAfter is how many creates each worker has sent after a time.
func (g *gateway) createsAfter(begin time.Time) map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := map[string]int{}
	for worker, times := range g.begun {
		for _, sent := range times {
			if sent.After(begin) {
				n[worker]++
			}
		}
	}
	return n
}

// requests is how many requests have come.
func (g *gateway) requests() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.sent)
}

// requirePace requires that each request was let through by its worker's limiter, and at most so many in any second. It
// goes by when the limiters let them through: a busy machine may send some of them late, together with the next. It
// returns how many there were in the busiest second.
func (g *gateway) requirePace(t *testing.T, most int) int {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	require.Len(t, g.granted, len(g.sent))
	granted := busiest(g.granted)
	t.Logf("%d requests; %d were let through in the busiest second, and %d sent", len(g.sent), granted, busiest(g.sent))
	require.LessOrEqual(t, granted, most)
	return granted
}

// busiest is the largest number of times in any second.
func busiest(times []time.Time) (most int) {
	times = slices.SortedFunc(slices.Values(times), time.Time.Compare)
	first := 0
	for i, at := range times {
		for at.Sub(times[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// count is how the machines compare with the names that were wanted.
type count struct{ wanted, existing, doubled, lost int }

func (g *gateway) count(t *testing.T, names []string) count {
	t.Helper()
	c := count{wanted: len(names)}
	machines := g.machines(t)
	for _, name := range names {
		switch n := len(machines[name]); n {
		case 0:
			c.lost++
		case 1:
			c.existing++
		default:
			c.existing += n
			c.doubled++
		}
	}
	return c
}

// requireExactlyOnce requires that each name has one machine, and that there are no others.
func (g *gateway) requireExactlyOnce(t *testing.T, names []string) {
	t.Helper()
	c := g.count(t, names)
	t.Logf("wanted %d, existing %d, doubled %d, lost %d", c.wanted, c.existing, c.doubled, c.lost)
	require.Equal(t, count{wanted: len(names), existing: len(names)}, c)
	require.Len(t, g.machines(t), len(names))
}
