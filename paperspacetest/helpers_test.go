package paperspacetest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/paperspacetest"
)

// clock is a clock that only Advance moves.
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

// bench is a test bench: a server, its clock, and methods that send requests without the SDK.
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

// request returns an authorized request, with a JSON content type if it has a body.
func (b *bench) request(ctx context.Context, method, path, body string) *http.Request {
	b.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, b.URL()+path, strings.NewReader(body))
	require.NoError(b.t, err)
	req.Header.Set("Authorization", "Bearer "+b.Key())
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req
}

// send sends a request; headers are alternating names and values.
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
	response, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	return resp.StatusCode, string(response)
}

// call sends an authorized request, with a JSON content type if it has a body.
func (b *bench) call(method, path, body string) (int, object) {
	b.t.Helper()
	headers := []string{"Authorization", "Bearer " + b.Key()}
	if body != "" {
		headers = append(headers, "Content-Type", "application/json")
	}
	status, response := b.send(method, path, body, headers...)
	var o object
	require.NoError(b.t, json.Unmarshal([]byte(response), &o), response)
	return status, o
}

// ok is call for requests that must succeed.
func (b *bench) ok(method, path, body string) object {
	b.t.Helper()
	status, response := b.call(method, path, body)
	require.Equal(b.t, http.StatusOK, status, "%v", response)
	return response
}

// refused is call for requests that must fail with the status. It returns the error message.
func (b *bench) refused(want int, method, path, body string) string {
	b.t.Helper()
	status, response := b.call(method, path, body)
	require.Equal(b.t, want, status, "%v", response)
	message, _ := response["message"].(string)
	require.NotEmpty(b.t, message)
	require.NotEmpty(b.t, response["code"])
	return message
}

// at returns the value at a path such as "data.id".
func at(o object, path string) any {
	var v any = o
	for _, name := range strings.Split(path, ".") {
		inner, _ := v.(object)
		v = inner[name]
	}
	return v
}

const machineBody = `{"name":"trainer","machineType":"C2","templateId":"t0nspur5","diskSize":50,"region":"ny2"`

// machine creates a machine, waits until it is off or ready, and returns its id.
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

func (b *bench) event(response object) object {
	b.t.Helper()
	return b.ok("GET", "/machine-events/"+at(response, "event.id").(string), "")
}

// create creates an object and returns its key.
func (b *bench) create(path, body string) string {
	b.t.Helper()
	o := b.ok("POST", path, body)
	if data, ok := o["data"].(object); ok { // with an event
		o = data
	}
	return key(o)
}

// key returns what identifies an object.
func key(item any) string {
	for _, path := range []string{"id", "ip", "version", "name", "user.id"} {
		if v := at(item.(object), path); v != nil {
			return fmt.Sprint(v)
		}
	}
	return ""
}

const project = `{"name":"a"}`

// projects returns the number of projects.
func (b *bench) projects() int {
	b.t.Helper()
	return len(b.ok("GET", "/projects", "")["items"].([]any))
}

const deploymentBody = `{"projectId":"%s","config":{"apiVersion":"v1","name":"web","image":"nginx",` +
	`"resources":{"machineType":"C5","replicas":3,"ports":[80]}}}`

// upsert creates a deployment, or changes the one with the id, and returns its id.
func (b *bench) upsert(id, project, config string) string {
	b.t.Helper()
	body := `{"projectId":"` + project + `","config":` + config + `}`
	if id != "" {
		body = `{"deploymentId":"` + id + `",` + body[1:]
	}
	return b.ok("POST", "/deployments", body)["deploymentId"].(string)
}

// config returns a deployment config with more fields of the resources, which must close the braces.
func config(more string) string {
	return `{"apiVersion":"v1","name":"web","image":"nginx","resources":{"machineType":"C5","ports":[80]` + more + `}`
}
