package paperspacetest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/internal/contract"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func TestFaultResponses(t *testing.T) {
	for name, test := range map[string]struct {
		fault       paperspacetest.Fault
		status      int
		contains    string
		header      string
		contentType string
	}{
		"status":             {paperspacetest.Fault{Status: 503}, 503, "INTERNAL_SERVER_ERROR", "", "application/json; charset=utf-8"},
		"code of the status": {paperspacetest.Fault{Status: 409}, 409, `"code":"CONFLICT"`, "", "application/json; charset=utf-8"},
		"body":               {paperspacetest.Fault{Status: 400, Body: `{"message":"No."}`}, 400, `{"message":"No."}`, "", "application/json; charset=utf-8"},
		"retry after":        {paperspacetest.Fault{RetryAfter: 1500 * time.Millisecond}, 429, "TOO_MANY_REQUESTS", "2", "application/json; charset=utf-8"},
		"unavailable":        {paperspacetest.Fault{Status: 503, RetryAfter: time.Minute}, 503, "", "60", "application/json; charset=utf-8"},
		"HTML":               {paperspacetest.Fault{HTML: true}, 502, "<html>", "", "text/html; charset=utf-8"},
		"no body":            {paperspacetest.Fault{NoBody: true}, 502, "", "", ""},
		"no body 504":        {paperspacetest.Fault{NoBody: true, Status: 504, RetryAfter: time.Second}, 504, "", "1", ""},
		"no content":         {paperspacetest.Fault{Status: 204}, 204, "", "", ""},
		"HTML with a body": {paperspacetest.Fault{Status: 404, HTML: true, Body: "<p>lost</p>"}, 404, "<p>lost</p>", "",
			"text/html; charset=utf-8"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			test.fault.Endpoint, test.fault.Times = "projects-create", 1
			b.Inject(test.fault)
			assert.Equal(t, 0, b.projects(), "calls of other endpoints succeed")
			resp, err := b.RoundTrip(b.request(t.Context(), "POST", "/projects", project))
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, test.status, resp.StatusCode)
			assert.Contains(t, string(body), test.contains)
			assert.Equal(t, test.contentType == "", len(body) == 0)
			assert.Equal(t, test.header, resp.Header.Get("Retry-After"))
			assert.Equal(t, test.contentType, resp.Header.Get("Content-Type"))
			assert.Equal(t, 0, b.projects(), "the call was not carried out")
			b.ok("POST", "/projects", project)
			assert.Equal(t, 1, b.projects(), "the fault affects one call only")
		})
	}
}

func TestFaultWithCarriedOut(t *testing.T) {
	b := newBench(t)
	b.Inject(paperspacetest.Fault{Status: 500, CarriedOut: true})
	status, _ := b.send("POST", "/projects", project, "Authorization", "Bearer "+b.Key(), "Content-Type", "application/json")
	assert.Equal(t, 500, status)
	b.Inject(paperspacetest.Fault{Status: 501}) // the first fault affects every call
	status, _ = b.send("GET", "/projects", "")
	assert.Equal(t, 500, status)
	calls := b.Calls("projects-create")
	require.Len(t, calls, 1)
	assert.True(t, calls[0].Fault)
	assert.True(t, calls[0].CarriedOut)
}

func TestFaultSelectsCalls(t *testing.T) {
	statuses := func(b *bench, n int) (got string) {
		for range n {
			status, _ := b.send("GET", "/projects", "", "Authorization", "Bearer "+b.Key())
			got += string(rune('0' + status/100))
		}
		return got
	}
	b := newBench(t)
	b.Inject(paperspacetest.Fault{Status: 500, Skip: 1, Times: 2})
	b.Inject(paperspacetest.Fault{Status: 404, Skip: 1, Times: 1})
	assert.Equal(t, "255422", statuses(b, 6))
	lift := b.Inject(paperspacetest.Fault{Status: 500})
	assert.Equal(t, "55", statuses(b, 2))
	lift()
	assert.Equal(t, "2", statuses(b, 1))

	random := func(seed uint64) string {
		b := newBench(t, paperspacetest.WithSeed(seed))
		b.Inject(paperspacetest.Fault{Status: 500, Chance: 0.5})
		return statuses(b, 64)
	}
	assert.Equal(t, random(7), random(7))
	assert.NotEqual(t, random(7), random(8))
	assert.InDelta(t, 32, strings.Count(random(7), "5"), 16)
}

func TestCutConnections(t *testing.T) {
	for name, carriedOut := range map[string]bool{"before": false, "after": true} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.Inject(paperspacetest.Fault{Endpoint: "projects-create", Cut: true, CarriedOut: carriedOut, Times: 1})
			var asked, got bool
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
				GetConn: func(string) { asked = true },
				GotConn: func(info httptrace.GotConnInfo) { got = info.Conn.RemoteAddr() != nil },
			})
			_, err := b.RoundTrip(b.request(ctx, "POST", "/projects", project))
			require.Error(t, err)
			assert.True(t, asked)
			assert.Equal(t, carriedOut, got, "a refused connection has no GotConn")
			assert.Equal(t, carriedOut, errors.Is(err, syscall.ECONNRESET))
			assert.Equal(t, !carriedOut, errors.Is(err, syscall.ECONNREFUSED))
			assert.Equal(t, carriedOut, b.projects() == 1)
			assert.Equal(t, 0, b.Calls("projects-create")[0].Status)
			assert.Equal(t, carriedOut, b.Calls("projects-create")[0].CarriedOut)
		})
	}
}

func TestCutConnectionsThroughTheSDK(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, srv := t.Context(), paperspacetest.New(t)
		c := srv.Client()
		srv.Inject(paperspacetest.Fault{Endpoint: "projects-create", Cut: true, Times: 2})
		_, err := c.Projects.Create(ctx, paperspace.ProjectCreateParams{Name: "a"})
		require.NoError(t, err)
		assert.Len(t, srv.Calls("projects-create"), 3, "a request that was not sent is retried")
		srv.Inject(paperspacetest.Fault{Endpoint: "projects-create", Cut: true, CarriedOut: true, Times: 1})
		_, err = c.Projects.Create(ctx, paperspace.ProjectCreateParams{Name: "b"})
		require.ErrorIs(t, err, paperspace.ErrOutcomeUnknown)
		assert.Len(t, srv.Calls("projects-create"), 4, "a request that may have taken effect is not retried")
		assert.Len(t, ids(t, c.Projects.All(ctx, paperspace.ProjectListParams{}), func(p paperspace.Project) string { return p.ID }), 2)
	})
}

func TestLatencyAndSlowBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bench{Server: paperspacetest.New(t), t: t}
		timed := func(f paperspacetest.Fault) (time.Duration, string, error) {
			f.Times = 1
			b.Inject(f)
			start := time.Now()
			resp, err := b.RoundTrip(b.request(t.Context(), "GET", "/projects", ""))
			require.NoError(t, err)
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			return time.Since(start), string(body), err
		}
		_, whole, err := timed(paperspacetest.Fault{Latency: time.Nanosecond})
		require.NoError(t, err)
		took, body, err := timed(paperspacetest.Fault{Latency: 3 * time.Second})
		require.NoError(t, err)
		assert.Equal(t, 3*time.Second, took)
		assert.Equal(t, whole, body)
		took, body, err = timed(paperspacetest.Fault{SlowBody: 10 * time.Second})
		require.NoError(t, err)
		assert.InDelta(t, 10, took.Seconds(), 1)
		assert.Equal(t, whole, body)
		_, body, err = timed(paperspacetest.Fault{Truncate: true})
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.Equal(t, whole[:len(whole)/2], body)

		for name, f := range map[string]paperspacetest.Fault{
			"latency":        {Latency: time.Hour, Times: 1},
			"latency of cut": {Latency: time.Hour, Cut: true, Times: 1},
			"slow body":      {SlowBody: time.Hour, Times: 1},
		} {
			b.Inject(f)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			start := time.Now()
			resp, err := b.RoundTrip(b.request(ctx, "GET", "/projects", ""))
			if err == nil {
				_, err = io.ReadAll(resp.Body)
			}
			require.ErrorIs(t, err, context.DeadlineExceeded, name)
			assert.Equal(t, time.Second, time.Since(start), name)
			cancel()
		}
	})
}

func TestLatencyWithCarriedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for carriedOut, want := range map[bool]int{false: 0, true: 1} {
			b := &bench{Server: paperspacetest.New(t), t: t}
			b.Inject(paperspacetest.Fault{Endpoint: "projects-create", Latency: time.Hour, CarriedOut: carriedOut})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := b.RoundTrip(b.request(ctx, "POST", "/projects", project))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			cancel()
			assert.Equal(t, want, b.projects())
		}
	})
}

// tracked is a request body that records whether it was closed.
type tracked struct {
	io.Reader
	closed bool
}

func (r *tracked) Close() error {
	r.closed = true
	return nil
}

func TestRoundTripperContract(t *testing.T) {
	b := newBench(t)
	req := b.request(t.Context(), "POST", "/projects", project)
	body := &tracked{Reader: strings.NewReader(project)}
	req.Body = body
	header := req.Header.Clone()
	resp, err := b.RoundTrip(req)
	require.NoError(t, err)
	assert.True(t, body.closed)
	assert.Equal(t, header, req.Header)
	assert.Same(t, req, resp.Request)
	response, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.EqualValues(t, len(response), resp.ContentLength)
	assert.Equal(t, "200 OK", resp.Status)
	assert.NotEmpty(t, resp.Header.Get("X-Request-Id"))
	assert.Equal(t, b.clock.Now().Format(http.TimeFormat), resp.Header.Get("Date"), "the Date is by the server's clock")
	require.NoError(t, resp.Body.Close())
	_, err = resp.Body.Read(make([]byte, 1))
	assert.ErrorIs(t, err, http.ErrBodyReadAfterClose)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req = b.request(ctx, "POST", "/projects", project)
	body = &tracked{Reader: strings.NewReader(project)}
	req.Body = body
	_, err = b.RoundTrip(req)
	require.ErrorIs(t, err, context.Canceled)
	assert.True(t, body.closed)
	assert.Equal(t, 1, b.projects())

	req = b.request(t.Context(), "POST", "/projects", "")
	req.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"na`), brokenReader{}))
	_, err = b.RoundTrip(req)
	require.ErrorIs(t, err, errBroken)
	assert.Len(t, b.Calls("projects-create"), 1)
}

var errBroken = errors.New("broken")

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBroken }

func TestServeHTTPOverSockets(t *testing.T) {
	fake := paperspacetest.New(t)
	ts := httptest.NewUnstartedServer(fake)
	ts.Config.ErrorLog = log.New(io.Discard, "", 0)
	ts.Start()
	defer ts.Close()
	ts.Client().Transport.(*http.Transport).DisableKeepAlives = true // net/http would retry a GET on a reused connection
	get := func(path string) (*http.Response, string, error) {
		req, err := http.NewRequestWithContext(t.Context(), "GET", ts.URL+path, nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+fake.Key())
		resp, err := ts.Client().Do(req)
		if err != nil {
			return nil, "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return resp, string(body), err
	}
	resp, whole, err := get("/v1/projects")
	require.NoError(t, err)
	assert.Equal(t, 200, resp.StatusCode)
	assert.EqualValues(t, len(whole), resp.ContentLength)
	resp, _, err = get("/projects")
	require.NoError(t, err)
	assert.Equal(t, 404, resp.StatusCode, "the API is served below /v1")

	fake.Inject(paperspacetest.Fault{Cut: true, CarriedOut: true, Times: 1})
	_, _, err = get("/v1/os-templates")
	require.Error(t, err)
	lift := fake.Inject(paperspacetest.Fault{Cut: true})
	_, _, err = get("/v1/os-templates")
	require.Error(t, err)
	lift()
	fake.Inject(paperspacetest.Fault{Truncate: true, Times: 1})
	_, body, err := get("/v1/projects")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, whole[:len(whole)/2], body)
	fake.Inject(paperspacetest.Fault{SlowBody: 50 * time.Millisecond, Times: 1})
	start := time.Now()
	_, body, err = get("/v1/projects")
	require.NoError(t, err)
	assert.Equal(t, whole, body)
	assert.GreaterOrEqual(t, time.Since(start), 25*time.Millisecond)
	fake.Inject(paperspacetest.Fault{HTML: true, Times: 1})
	resp, _, err = get("/v1/projects")
	require.NoError(t, err)
	assert.Equal(t, 502, resp.StatusCode)
	for _, f := range []paperspacetest.Fault{{NoBody: true, Status: 500}, {Status: 204}} {
		f.Times = 1
		fake.Inject(f)
		resp, body, err = get("/v1/projects")
		require.NoError(t, err)
		assert.Equal(t, f.Status, resp.StatusCode)
		assert.Empty(t, body)
		assert.Empty(t, resp.Header.Get("Content-Type"))
	}
}

func TestCalls(t *testing.T) {
	b := newBench(t)
	b.ok("POST", "/projects", project)
	b.clock.Advance(time.Second)
	b.refused(404, "GET", "/projects/pnothing", "")
	b.refused(404, "GET", "/nothing?a=b", "")
	calls := b.Calls()
	require.Len(t, calls, 3)
	create := calls[0]
	assert.Equal(t, "projects-create", create.Endpoint)
	assert.Equal(t, "/v1/projects", create.Path)
	assert.Equal(t, project, string(create.Body))
	assert.Equal(t, 200, create.Status)
	assert.Equal(t, "application/json", create.Header.Get("Content-Type"))
	assert.Empty(t, create.Header.Get("Authorization"))
	assert.False(t, create.Fault)
	assert.True(t, create.CarriedOut)
	assert.False(t, calls[1].CarriedOut, "it was refused")
	assert.Equal(t, time.Second, calls[1].Time.Sub(create.Time))
	assert.Equal(t, 404, calls[1].Status)
	assert.Empty(t, calls[2].Endpoint)
	assert.Equal(t, "b", calls[2].Query.Get("a"))
	assert.Equal(t, "POST /v1/projects projects-create", create.String())
	assert.Equal(t, calls[:2], b.Calls("projects-create", "projects-get"))
	b.ResetCalls()
	assert.Empty(t, b.Calls())
}

// failing is a testing.TB that records the failure message and the function that failed.
type failing struct {
	testing.TB
	helpers map[string]bool
	message string
	failed  string // the innermost function that is not a helper
}

func (f *failing) Helper() {
	pc, _, _, _ := runtime.Caller(1)
	f.helpers[runtime.FuncForPC(pc).Name()] = true
}

func (f *failing) Fatalf(format string, args ...any) {
	f.message = fmt.Sprintf(format, args...)
	pcs := make([]uintptr, 16)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		frame, more := frames.Next()
		if !f.helpers[frame.Function] || !more {
			f.failed = frame.Function
			break
		}
	}
	runtime.Goexit()
}

// misused runs a misuse, which must fail, and returns the recorded failure.
func misused(t *testing.T, misuse func(*failing)) *failing {
	t.Helper()
	f := &failing{TB: t, helpers: map[string]bool{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		misuse(f)
	}()
	<-done
	assert.Contains(t, f.message, "paperspacetest: ")
	return f
}

func TestMisuseFailsAtTheLineOfTheCaller(t *testing.T) {
	type server = *paperspacetest.Server
	for name, misuse := range map[string]func(server){
		"fault for unknown endpoint": func(s server) { s.Inject(paperspacetest.Fault{Endpoint: "machines-explode", Status: 500}) },
		"fault without failure":      func(s server) { s.Inject(paperspacetest.Fault{Endpoint: "machines-get", CarriedOut: true}) },
		"chance above 1":             func(s server) { s.Inject(paperspacetest.Fault{Chance: 2, Status: 500}) },
		"negative times":             func(s server) { s.Inject(paperspacetest.Fault{Times: -1, Status: 500}) },
		"cut with status":            func(s server) { s.Inject(paperspacetest.Fault{Cut: true, Status: 500}) },
		"body without status":        func(s server) { s.Inject(paperspacetest.Fault{Body: "x", Latency: 1}) },
		"HTML with no body":          func(s server) { s.Inject(paperspacetest.Fault{NoBody: true, HTML: true}) },
		"cut with no body":           func(s server) { s.Inject(paperspacetest.Fault{NoBody: true, Cut: true}) },
		"status 204 with body":       func(s server) { s.Inject(paperspacetest.Fault{Status: 204, Body: "x"}) },
		"invalid status":             func(s server) { s.Inject(paperspacetest.Fault{Status: 99}) },
		"calls of unknown endpoint":  func(s server) { s.Calls("machines-explode") },
		"unknown event name":         func(s server) { s.NextEvent("explode", paperspacetest.Hangs()) },
		"spec outcome for event":     func(s server) { s.NextEvent("create", paperspacetest.Unhealthy("x")) },
		"empty event outcome":        func(s server) { s.NextEvent("create", paperspacetest.Done(), paperspacetest.Outcome{}) },
		"empty spec outcome":         func(s server) { s.NextSpec(paperspacetest.Outcome{}) },
		"empty outcome in EndEvent":  func(s server) { s.EndEvent("nothing", paperspacetest.Outcome{}) },
		"unknown event id":           func(s server) { s.EndEvent("nothing", paperspacetest.Done()) },
		"spec outcome in EndEvent":   func(s server) { s.EndEvent("nothing", paperspacetest.Unhealthy("x")) },
		"user without email":         func(s server) { s.AddUser(paperspacetest.User{}) },
		"user of unknown team":       func(s server) { s.AddUser(paperspacetest.User{Email: "a@b.c", TeamID: "tnothing"}) },
		"duplicate user id":          func(s server) { s.AddUser(paperspacetest.User{Email: "a@b.c", ID: paperspacetest.UserID}) },
		"user id invalid in path":    func(s server) { s.AddUser(paperspacetest.User{Email: "a@b.c", ID: ".."}) },
		"team id invalid in path":    func(s server) { s.AddTeam(paperspacetest.Team{Name: "a", Namespace: "a", ID: "."}) },
		"team without name":          func(s server) { s.AddTeam(paperspacetest.Team{}) },
		"template without name":      func(s server) { s.AddOSTemplate(paperspacetest.OSTemplate{}) },
		"negative template size":     func(s server) { s.AddOSTemplate(paperspacetest.OSTemplate{Name: "a", DefaultSize: -1}) },
		"duplicate machine type":     func(s server) { s.AddMachineType(paperspacetest.MachineType{Label: "C2", CPUs: 1, RAM: 1}) },
		"machine type without CPUs":  func(s server) { s.AddMachineType(paperspacetest.MachineType{Label: "C99"}) },
		"price not a number": func(s server) {
			s.AddMachineType(paperspacetest.MachineType{Label: "C99", CPUs: 1, RAM: 1, UsageRate: math.NaN()})
		},
		"infinite price": func(s server) {
			s.AddMachineType(paperspacetest.MachineType{Label: "C99", CPUs: 1, RAM: 1, UsageRate: math.Inf(1)})
		},
		"too much RAM": func(s server) {
			s.AddMachineType(paperspacetest.MachineType{Label: "C99", CPUs: 1, RAM: 1 << 33})
		},
		"too much GPU memory": func(s server) {
			s.AddMachineType(paperspacetest.MachineType{Label: "C99", CPUs: 1, RAM: 1, GPU: "a", GPUs: 1, GPUMemory: 1 << 33})
		},
		"GPUs without name": func(s server) {
			s.AddMachineType(paperspacetest.MachineType{Label: "C99", CPUs: 1, RAM: 1, GPUs: 1})
		},
		"GPU name without GPUs": func(s server) {
			s.AddMachineType(paperspacetest.MachineType{Label: "C99", CPUs: 1, RAM: 1, GPU: "a"})
		},
		"GPU memory without GPUs": func(s server) {
			s.AddMachineType(paperspacetest.MachineType{Label: "C99", CPUs: 1, RAM: 1, GPUMemory: 1})
		},
		"unknown machine type":      func(s server) { s.SetAvailable("C99", paperspace.RegionNY2, false) },
		"unknown region":            func(s server) { s.SetAvailable("C2", "mars", false) },
		"log of unknown deployment": func(s server) { s.AddLog("nothing", "", "x") },
		"invalid client option":     func(s server) { s.Client(paperspace.WithAPIKey("")) },
	} {
		t.Run(name, func(t *testing.T) {
			f := misused(t, func(f *failing) { misuse(paperspacetest.New(f)) })
			assert.Contains(t, f.failed, "TestMisuseFailsAtTheLineOfTheCaller", "the failure must be reported outside the package")

			panics := paperspacetest.NewServer()
			assert.Panics(t, func() { misuse(panics) })
			panics.Calls() // the server must not remain locked
		})
	}
}

func TestInvalidOptionsFailAtTheLineOfTheCaller(t *testing.T) {
	for name, option := range map[string]paperspacetest.Option{
		"zero speed":         paperspacetest.WithSpeed(0),
		"negative speed":     paperspacetest.WithSpeed(-1),
		"infinite speed":     paperspacetest.WithSpeed(math.Inf(1)),
		"speed not a number": paperspacetest.WithSpeed(math.NaN()),
		"nil clock":          paperspacetest.WithClock(nil),
		"empty key":          paperspacetest.WithKey(""),
		"unknown deviation":  paperspacetest.WithStrictContract("strange"),
		"negative duration":  paperspacetest.WithDurations(paperspacetest.Durations{Stop: -1}),
	} {
		t.Run(name, func(t *testing.T) {
			f := misused(t, func(f *failing) { paperspacetest.New(f, option) })
			assert.Contains(t, f.failed, "TestInvalidOptionsFailAtTheLineOfTheCaller", "the failure must be reported outside the package")
			assert.Panics(t, func() { paperspacetest.NewServer(option) })
		})
	}
}

func TestSpeed(t *testing.T) {
	b := newBench(t, paperspacetest.WithSpeed(60))
	created := b.ok("POST", "/machines", machineBody+`}`)
	b.clock.Advance(time.Second)
	event := b.event(created)
	assert.Equal(t, "done", event["state"])
	assert.Equal(t, "2026-03-01T12:01:00.000Z", event["dtFinished"])
}

func TestSpeedBeyondTheRangeOfDuration(t *testing.T) {
	b := newBench(t, paperspacetest.WithSpeed(1e300))
	created := b.ok("POST", "/machines", machineBody+`}`)
	b.clock.Advance(time.Hour)
	assert.Equal(t, "done", b.event(created)["state"])
	b.clock.Advance(time.Hour)
	b.ok("PATCH", "/machines/"+at(created, "data.id").(string)+"/start", "")
}

func TestDurations(t *testing.T) {
	b := newBench(t, paperspacetest.WithDurations(paperspacetest.Durations{Create: time.Millisecond}))
	created := b.ok("POST", "/machines", machineBody+`}`)
	b.clock.Advance(time.Millisecond)
	assert.Equal(t, "done", b.event(created)["state"])
}

func TestConcurrentUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which waits for every goroutine to end
		srv := paperspacetest.New(t)
		var wg sync.WaitGroup
		var names sync.Map
		for n := range 8 {
			wg.Go(func() {
				c := srv.Client()
				for range 10 {
					op, err := c.Machines.Create(t.Context(), trainer)
					if !assert.NoError(t, err) {
						return
					}
					_, dup := names.LoadOrStore(op.Data.ID, n)
					assert.False(t, dup)
					_, err = c.Machines.Get(t.Context(), op.Data.ID)
					assert.NoError(t, err)
					_, err = c.Machines.List(t.Context(), paperspace.MachineListParams{})
					assert.NoError(t, err)
					srv.Calls("machines-get")
				}
			})
		}
		wg.Wait()
		machines, err := paperspace.Collect(srv.Client().Machines.All(t.Context(), paperspace.MachineListParams{}))
		require.NoError(t, err)
		assert.Len(t, machines, 80)
	})
}

// mild faults are survived by every call: it was not sent, was rejected by a rate limit, or was slow.
var mild = []paperspacetest.Fault{
	{Cut: true}, {Status: 429}, {RetryAfter: time.Second}, {Latency: 2 * time.Second}, {SlowBody: 2 * time.Second},
}

// harsh faults are survived by reads, and leave the outcome of a write unknown.
var harsh = []paperspacetest.Fault{
	{Status: 500}, {Status: 503, RetryAfter: time.Second}, {HTML: true}, {NoBody: true}, {Cut: true, CarriedOut: true},
	{Status: 502, HTML: true, CarriedOut: true}, {Status: 500, NoBody: true, CarriedOut: true},
}

var (
	// truncated makes a response unreadable, so that even a read may not learn that an object does not exist.
	truncated = paperspacetest.Fault{Truncate: true}
	// late makes a response arrive after the attempt has timed out.
	late = paperspacetest.Fault{Latency: 2 * time.Minute, CarriedOut: true}
)

// injectAll injects the faults with the chance, for one endpoint or, if that is empty, for all.
func injectAll(srv *paperspacetest.Server, endpoint string, chance float64, faults ...paperspacetest.Fault) {
	for _, f := range faults {
		f.Endpoint, f.Chance = endpoint, chance
		srv.Inject(f)
	}
}

// isIdempotent reports whether repeating a call has no further effect.
func isIdempotent(endpoint, method string) bool {
	switch endpoint {
	case "projectModels-add", "startupScripts-assign", "startupScripts-unassign":
		return true
	case "machines-restart":
		return false
	}
	return method != http.MethodPost
}

// audit returns a hook that checks that each write took effect as often as the client reports.
func audit(t *testing.T, srv *paperspacetest.Server) paperspace.Option {
	return paperspace.WithHook(func(ctx context.Context, call paperspace.CallInfo) (context.Context, func(paperspace.CallResult)) {
		if call.Method == http.MethodGet {
			return ctx, nil
		}
		before := carriedOut(srv, call.Endpoint)
		return ctx, func(result paperspace.CallResult) {
			times := carriedOut(srv, call.Endpoint) - before
			if !isIdempotent(call.Endpoint, call.Method) {
				assert.LessOrEqual(t, times, 1, "%s took effect twice", call.Endpoint)
			}
			switch {
			case result.Err == nil:
				assert.Positive(t, times, "%s succeeded without effect", call.Endpoint)
			case !errors.Is(result.Err, paperspace.ErrOutcomeUnknown):
				assert.Zero(t, times, "%s took effect, but the error does not say that the outcome is unknown: %v", call.Endpoint, result.Err)
			}
		}
	})
}

// TestLifecyclesUnderFaults runs all lifecycles under random faults; the seed is part of the test name. Even seeds
// inject only mild faults into writes, so every lifecycle must complete. Odd seeds inject harsh ones too, so a
// lifecycle ends early when the outcome of a write is unknown.
func TestLifecyclesUnderFaults(t *testing.T) {
	const seeds = 6
	completed, endedEarly := 0, 0
	for name, run := range lifecycles {
		for seed := range uint64(seeds) {
			isHarsh := seed%2 == 1
			t.Run(fmt.Sprintf("%s, seed %d", name, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := paperspacetest.New(t, paperspacetest.WithSeed(seed), paperspacetest.WithDurations(slowDurations))
					injectAll(srv, "", 0.04, mild...)
					for _, e := range contract.Endpoints() {
						if e.Method == http.MethodGet {
							injectAll(srv, e.ID, 0.03, harsh...)
						} else if isHarsh {
							injectAll(srv, e.ID, 0.02, harsh...)
						}
						if isHarsh && !isIdempotent(e.ID, e.Method) { // a late repeat would undo later changes
							injectAll(srv, e.ID, 0.02, late)
						}
					}
					if isHarsh {
						injectAll(srv, "", 0.01, truncated)
					}
					c := srv.Client(audit(t, srv), paperspace.WithRetryPolicy(paperspace.RetryPolicy{
						MaxAttempts: 20, MinDelay: time.Millisecond, MaxDelay: time.Second,
					}))
					defer func() {
						switch r := recover(); r {
						case nil:
							completed++
						case outcomeUnknown{}:
							endedEarly++
							assert.True(t, isHarsh, "mild faults must not leave an outcome unknown")
						default:
							panic(r)
						}
					}()
					run(&lifecycle{T: t, underFaults: true}, t.Context(), srv, c)
				})
			})
		}
	}
	if completed+endedEarly == seeds*len(lifecycles) { // not with -run, which selects some
		assert.Positive(t, completed)
		assert.Positive(t, endedEarly)
	}
}

// TestNoCreateIsDuplicatedOrLost creates machines concurrently under random faults; the seed is part of the test name.
func TestNoCreateIsDuplicatedOrLost(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := paperspacetest.New(t, paperspacetest.WithSeed(seed))
				var lifts []func()
				for _, f := range []paperspacetest.Fault{
					{Status: 500}, {Status: 503, RetryAfter: time.Second}, {RetryAfter: time.Second}, {HTML: true}, {Cut: true},
					{Cut: true, CarriedOut: true}, {Status: 502, HTML: true, CarriedOut: true}, {Truncate: true},
					{Latency: 2 * time.Second}, {SlowBody: 2 * time.Second}, {Latency: 2 * time.Minute, CarriedOut: true},
				} {
					f.Chance = 0.03
					lifts = append(lifts, srv.Inject(f))
				}
				c := srv.Client(paperspace.WithRetryPolicy(paperspace.RetryPolicy{MaxAttempts: 8}))
				var mu sync.Mutex
				ended := map[string]error{} // the result of each create, by name
				var wg sync.WaitGroup
				for n := range 8 {
					wg.Go(func() {
						for i := range 3 {
							params := trainer
							params.Name = fmt.Sprintf("m-%d-%d", n, i)
							op, err := c.Machines.Create(t.Context(), params)
							mu.Lock()
							ended[params.Name] = err
							mu.Unlock()
							if err == nil {
								m, err := op.Wait(t.Context())
								if assert.NoError(t, err) {
									assert.Equal(t, params.Name, m.Name)
								}
							}
						}
					})
				}
				wg.Wait()
				underFaults := ids(t, c.Machines.All(t.Context(), paperspace.MachineListParams{ListParams: paperspace.ListParams{Limit: 3}}),
					func(m paperspace.Machine) string { return m.Name })
				for _, lift := range lifts {
					lift()
				}
				names := ids(t, c.Machines.All(t.Context(), paperspace.MachineListParams{}), func(m paperspace.Machine) string { return m.Name })
				assert.Equal(t, names, underFaults)
				for name, err := range ended {
					count := 0
					for _, n := range names {
						if n == name {
							count++
						}
					}
					switch {
					case err == nil:
						assert.Equal(t, 1, count, "%s must exist once", name)
					case errors.Is(err, paperspace.ErrOutcomeUnknown):
						assert.LessOrEqual(t, count, 1, "%s was created twice", name)
					default:
						assert.Zero(t, count, "%s exists, but the error does not say that the outcome is unknown: %v", name, err)
					}
				}
			})
		})
	}
}

func BenchmarkGet(b *testing.B) {
	srv := paperspacetest.New(b, paperspacetest.WithoutCalls())
	c := srv.Client()
	op, err := c.Machines.Create(b.Context(), trainer)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Machines.Get(b.Context(), op.Data.ID); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkList(b *testing.B) {
	srv := paperspacetest.New(b, paperspacetest.WithoutCalls())
	c := srv.Client()
	for range 1000 {
		_, err := c.Machines.Create(b.Context(), trainer)
		require.NoError(b, err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Machines.List(b.Context(), paperspace.MachineListParams{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCreate(b *testing.B) {
	srv := paperspacetest.New(b, paperspacetest.WithoutCalls())
	c := srv.Client()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Machines.Create(b.Context(), trainer); err != nil {
			b.Fatal(err)
		}
	}
}
