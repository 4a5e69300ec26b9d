package paperspace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// leftGoroutines returns the stacks of goroutines that run code of this package, its server or net/http's client.
func leftGoroutines() []string {
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var found []string
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		for _, function := range []string{"net/http.", "paperspace.(*", "internal/transport.", "go-retryablehttp."} {
			if strings.Contains(stack, function) && !strings.Contains(stack, "paperspace.leftover") {
				found = append(found, stack)
				break
			}
		}
	}
	return found
}

// assertNoGoroutineLeft asserts that no more goroutines run than before.
func assertNoGoroutineLeft(t *testing.T, before int) {
	t.Helper()
	for range 500 {
		if len(leftGoroutines()) <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("goroutines still running:\n%s", strings.Join(leftGoroutines(), "\n\n"))
}

// One client serves 64 goroutines that make 10,000 calls, a tenth of which meet a fault. Every response reaches the
// call that asked for it, no create is carried out twice, and a connection is opened only for each goroutine and in
// place of each connection that a fault broke.
func TestConcurrentCallsUnderFaults(t *testing.T) {
	const goroutines, total = 64, 10_000
	before := len(leftGoroutines())
	var connections, broken atomic.Int64
	var created sync.Map // number of creates by name
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		chance := rand.IntN(100)
		if chance < 2 {
			status(429, "Retry-After: 0")(nil, w, r)
			return
		}
		id := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		if r.Method == http.MethodPost {
			id = string(body)
			count, _ := created.LoadOrStore(id, new(atomic.Int64))
			count.(*atomic.Int64).Add(1)
			id = strings.Split(id, `"`)[3]
		}
		switch {
		case chance < 4:
			broken.Add(1)
			hangUp(w)
		case chance < 6:
			status(503)(nil, w, r)
		case chance < 8:
			html(502)(nil, w, r)
		case chance < 10:
			broken.Add(1)
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"id":"`)
			_ = http.NewResponseController(w).Flush()
			hangUp(w)
		default:
			fmt.Fprintf(w, `{"id":%q,"name":%q}`, id, id)
		}
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	srv.Start()
	c := socketClient(t, srv.URL, WithRetryPolicy(RetryPolicy{
		MaxAttempts: 10, MinDelay: time.Millisecond, MaxDelay: time.Millisecond, AttemptTimeout: 5 * time.Second,
	}))
	var wg sync.WaitGroup
	var unknown atomic.Int64
	for g := range goroutines {
		wg.Go(func() {
			for i := range total / goroutines {
				id := fmt.Sprintf("id-%d-%d", g, i)
				if i%4 != 0 {
					m, err := c.Machines.Get(context.Background(), id)
					if assert.NoError(t, err) {
						assert.Equal(t, id, m.ID)
					}
					continue
				}
				p, err := c.Projects.Create(context.Background(), ProjectCreateParams{Name: id})
				switch {
				case errors.Is(err, ErrOutcomeUnknown):
					unknown.Add(1)
				case assert.NoError(t, err):
					assert.Equal(t, id, p.ID)
				}
			}
		})
	}
	wg.Wait()
	names := 0
	created.Range(func(name, count any) bool {
		names++
		assert.Equal(t, int64(1), count.(*atomic.Int64).Load(), name)
		return true
	})
	assert.Equal(t, goroutines*((total/goroutines+3)/4), names, "distinct creates that were carried out")
	assert.Positive(t, unknown.Load())

	// Each broken connection is replaced, and the guard may close one more to keep net/http from sending a request
	// again.
	assert.LessOrEqual(t, connections.Load(), goroutines+2*broken.Load())
	t.Logf("%d connections, of which %d were broken; %d of %d creates with an unknown outcome", connections.Load(), broken.Load(), unknown.Load(), names)
	c.CloseIdleConnections()
	srv.Close()
	assertNoGoroutineLeft(t, before)
}

// Memory does not grow with the number of calls, whatever their outcome.
func TestMemoryDoesNotGrow(t *testing.T) {
	total := 100_000
	if raceEnabled {
		total = 20_000
	}
	before := len(leftGoroutines())
	rt := http.RoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		switch n := rand.IntN(20); n {
		case 0:
			return reply(400, `{"message":"no","code":"BAD_REQUEST"}`)(r)
		case 1:
			return failSent(r)
		case 2:
			return cutBody(r)
		case 3:
			return reply(200, `{"id":"a","user":{"id":"b"},"items":[`+strings.Repeat(`{"id":"x"},`, 1000)+`{}]}`)(r)
		default:
			return reply(200, `{"id":"a","name":"trainer","user":{"id":"b"}}`)(r)
		}
	}))
	c := newTestClient(t, rt, WithRetryPolicy(RetryPolicy{MaxAttempts: 2, MinDelay: 1, MaxDelay: 1}))
	all := callsByClass(c)
	used := func() uint64 {
		debug.FreeOSMemory()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	run := func(n int) {
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				for range n / 10 {
					_ = all[ClassSafe](context.Background())
				}
			})
		}
		wg.Wait()
	}
	run(total / 10)
	early := used()
	for range 8 {
		run(total / 10)
		for range total / 100 { // writes and options take other code paths
			_ = all[ClassOnce](context.Background(), WithHeader("X-A", "b"))
		}
	}
	late := used()
	const slack = 1 << 20
	assert.LessOrEqual(t, late, early+slack, "bytes on the heap")
	assertNoGoroutineLeft(t, before)
	t.Logf("%d KiB on the heap after a tenth of %d calls, %d KiB after all", early>>10, total, late>>10)
}

// A call that ends early for any reason leaves no connection or goroutine behind.
func TestCallsLeaveNothingOpen(t *testing.T) {
	before := len(leftGoroutines())
	var open atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if strings.HasSuffix(r.URL.Path, "/endless") { // longer than the client drains
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"message":"no","code":"BAD_REQUEST","details":"`)
			for {
				if _, err := w.Write(fiveMiB); err != nil {
					return
				}
			}
		}
		if strings.HasSuffix(r.URL.Path, "/slow") {
			_, _ = io.WriteString(w, `{"id":`)
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed, http.StateHijacked:
			open.Add(-1)
		}
	}
	srv.Start()
	c := socketClient(t, srv.URL)
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(20+rand.IntN(50))*time.Millisecond)
			defer cancel()
			start := time.Now()
			var err error
			switch i % 4 {
			case 3:
				_, err = c.Machines.Get(context.Background(), "endless")
				assert.ErrorIs(t, err, ErrBadRequest)
				return
			case 0:
				_, err = c.Machines.Get(ctx, "slow")
			case 1:
				_, err = c.Machines.Delete(ctx, "a")
			case 2:
				for _, err = range c.Machines.All(ctx, MachineListParams{}) {
				}
			}
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Less(t, time.Since(start), 30*time.Second)
		})
	}
	wg.Wait()
	require.Eventually(t, func() bool {
		c.CloseIdleConnections() // a dial that outlived its call leaves an idle connection
		return open.Load() == 0
	}, 5*time.Second, 5*time.Millisecond, "connections still open")
	srv.Close()
	assertNoGoroutineLeft(t, before)
}
