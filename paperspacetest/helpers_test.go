package paperspacetest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/paperspacetest"
)

// clock is a clock that stands until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is a server, its clock, and a way to call it that does not know the contract.
type bench struct {
	*paperspacetest.Server
	t     *testing.T
	clock *clock
}

func newBench(t *testing.T, opts ...paperspacetest.Option) *bench {
	t.Helper()
	c := newClock()
	return &bench{paperspacetest.New(t, append([]paperspacetest.Option{paperspacetest.WithClock(c.Now)}, opts...)...), t, c}
}

type object = map[string]any

// send sends a request as it is given; headers are names and values in turn.
func (b *bench) send(method, path, body string, headers ...string) (int, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.URL()+path, strings.NewReader(body))
	require.NoError(b.t, err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := b.RoundTrip(req)
	require.NoError(b.t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	return resp.StatusCode, string(answer)
}

// call sends an authorized request, with a JSON content type if there is a body.
func (b *bench) call(method, path, body string) (int, object) {
	b.t.Helper()
	headers := []string{"Authorization", "Bearer " + b.Key()}
	if body != "" {
		headers = append(headers, "Content-Type", "application/json")
	}
	status, answer := b.send(method, path, body, headers...)
	var o object
	require.NoError(b.t, json.Unmarshal([]byte(answer), &o), answer)
	return status, o
}

// ok is call for what succeeds.
func (b *bench) ok(method, path, body string) object {
	b.t.Helper()
	status, answer := b.call(method, path, body)
	require.Equal(b.t, http.StatusOK, status, "%v", answer)
	return answer
}

// refused is call for what does not; it returns the message.
func (b *bench) refused(want int, method, path, body string) string {
	b.t.Helper()
	status, answer := b.call(method, path, body)
	require.Equal(b.t, want, status, "%v", answer)
	message, _ := answer["message"].(string)
	require.NotEmpty(b.t, message)
	require.NotEmpty(b.t, answer["code"])
	return message
}

// at returns what stands at a path like "data.id".
func at(o object, path string) any {
	var v any = o
	for _, name := range strings.Split(path, ".") {
		inner, _ := v.(object)
		v = inner[name]
	}
	return v
}

const machineBody = `{"name":"trainer","machineType":"C2","templateId":"t0nspur5","diskSize":50,"region":"ny2"`

// machine creates a machine that is off, or ready.
func (b *bench) machine(ready bool) string {
	b.t.Helper()
	body := machineBody + `}`
	if ready {
		body = machineBody + `,"startOnCreate":true}`
	}
	id := at(b.ok("POST", "/machines", body), "data.id").(string)
	b.clock.Advance(2 * time.Minute)
	want := "off"
	if ready {
		want = "ready"
	}
	require.Equal(b.t, want, b.state(id))
	return id
}

func (b *bench) state(machineID string) any {
	b.t.Helper()
	return b.ok("GET", "/machines/"+machineID, "")["state"]
}

func (b *bench) event(answer object) object {
	b.t.Helper()
	return b.ok("GET", "/machine-events/"+at(answer, "event.id").(string), "")
}
