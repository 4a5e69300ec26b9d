package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
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

	mu     sync.Mutex
	times  []time.Time     // of the requests
	victim string          // the worker, by its User-Agent, whose creates are held
	before int             // how many of them are still to be held before they are carried out
	after  int             // and how many after that
	held   chan struct{}   // gets one for each that is held
	stale  map[string]bool // the ids that lists leave out
	lags   bool            // new machines get stale
}

func newGateway(t *testing.T) *gateway {
	g := &gateway{
		srv:  paperspacetest.New(t, paperspacetest.WithSpeed(20)), // a machine takes 4 s
		held: make(chan struct{}, 100), stale: map[string]bool{},
	}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	g.url = server.URL + "/v1"
	return g
}

// hold keeps creates of a worker from being answered: some before, and some after they were carried out.
func (g *gateway) hold(victim string, before, after int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.victim, g.before, g.after = victim, before, after
}

// lag says whether lists leave out what is created from now on; with false they catch up.
func (g *gateway) lag(on bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lags = on; !on {
		clear(g.stale)
	}
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // only after this does net/http notice that the client is gone
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	create := r.Method == http.MethodPost && r.URL.Path == "/v1/machines"

	g.mu.Lock()
	g.times = append(g.times, time.Now())
	holdBefore, holdAfter := false, false
	if create && g.victim != "" && strings.HasPrefix(r.UserAgent(), g.victim) {
		switch {
		case g.after > 0:
			g.after--
			holdAfter = true
		case g.before > 0:
			g.before--
			holdBefore = true
		}
	}
	g.mu.Unlock()

	if holdBefore {
		g.hang(r)
	}
	answer := httptest.NewRecorder()
	g.srv.ServeHTTP(answer, r)
	if holdAfter {
		g.remember(answer.Body.Bytes())
		g.hang(r)
	}
	content := answer.Body.Bytes()
	switch {
	case create:
		g.remember(content)
	case r.Method == http.MethodGet && r.URL.Path == "/v1/machines" && answer.Code == http.StatusOK:
		content = g.withoutStale(content)
	}
	for name, values := range answer.Header() {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(content)
}

// hang waits until the client is gone.
func (g *gateway) hang(r *http.Request) {
	g.held <- struct{}{}
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

func (g *gateway) remember(created []byte) {
	var answer struct{ Data struct{ ID string } }
	_ = json.Unmarshal(created, &answer)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lags {
		g.stale[answer.Data.ID] = true
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

// machines are those that there are, whatever lists say, by name.
func (g *gateway) machines(t *testing.T) map[string][]string {
	t.Helper()
	ids := map[string][]string{}
	for m, err := range g.srv.Client().Machines.All(t.Context(), paperspace.MachineListParams{}) {
		require.NoError(t, err)
		ids[m.Name] = append(ids[m.Name], m.ID)
	}
	return ids
}

// busiest is the largest number of requests in any span of time.
func (g *gateway) busiest(span time.Duration) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	most, first := 0, 0
	for i, at := range g.times {
		for at.Sub(g.times[first]) >= span {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}
