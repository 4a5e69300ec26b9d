package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const key = "Bearer key-4711"

var quick = Policy{
	MaxAttempts: 4, MinDelay: time.Millisecond, MaxDelay: time.Millisecond, MaxRetryAfter: time.Minute, AttemptTimeout: 10 * time.Second,
}

// class is a retry class.
type class struct {
	name              string
	write, repeatable bool
}

var (
	safe       = class{"safe", false, true}
	idempotent = class{"idempotent", true, true}
	neither    = class{"neither", true, false}
	classes    = []class{safe, idempotent, neither}
)

// newClient returns a client for the API at base.
func newClient(t *testing.T, rt http.RoundTripper, base string) *Client {
	t.Helper()
	u, err := url.Parse(base)
	require.NoError(t, err)
	return &Client{
		HTTP: NewHTTPClient(&http.Client{Transport: rt}, u), Base: u, Product: "test/1", MaxBody: 1 << 20,
		Authorization: func(context.Context) (string, error) { return key, nil },
	}
}

// newCall returns a call of a class, with a method that the API uses for that class.
func newCall(c class, body string) *Call {
	call := &Call{
		Endpoint: Endpoint{ID: "things-get", Method: http.MethodGet, PathTemplate: "/things/{id}"},
		Request:  Request{Path: "/things/a", EscapedPath: "/things/a"},
		Policy:   &quick, Write: c.write, Repeatable: c.repeatable,
	}
	switch c {
	case idempotent:
		call.Endpoint.Method = http.MethodDelete
	case neither:
		call.Endpoint.Method = http.MethodPatch
	}
	if body != "" {
		call.Request.Body = []byte(body)
	}
	return call
}

// receiver is a function that is a [Receiver].
type receiver func(*Result) error

func (r receiver) Receive(res *Result) error { return r(res) }

// step returns one response.
type step func(*http.Request) (*http.Response, error)

// script is a RoundTripper that takes one step for each request, and the last one for all further requests. It reads
// each request's body, as a real one does.
type script struct {
	mu       sync.Mutex
	steps    []step
	requests []*http.Request
	times    []time.Time
}

func play(steps ...step) *script { return &script{steps: steps} }

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close()
	}
	s.mu.Lock()
	next := s.steps[min(len(s.requests), len(s.steps)-1)]
	s.requests, s.times = append(s.requests, r), append(s.times, time.Now())
	s.mu.Unlock()
	return next(r)
}

func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// reply responds with a status, a body and header lines such as "Retry-After: 2".
func reply(status int, body string, header ...string) step {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{}
		for _, line := range header {
			name, value, _ := strings.Cut(line, ": ")
			h.Add(name, value)
		}
		return &http.Response{
			StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
		}, nil
	}
}

func fail(err error) step { return func(*http.Request) (*http.Response, error) { return nil, err } }

// hang returns when the request's context ends.
func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// serveInMemory serves connections that exist in memory, so that a test can run in a synctest bubble, and returns the
// function that dials them.
func serveInMemory(t *testing.T, handler http.HandlerFunc) func(context.Context, string, string) (net.Conn, error) {
	l := &memoryListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	srv := &http.Server{Handler: handler}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	return func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		select {
		case l.conns <- there:
			return here, nil
		case <-l.closed:
			return nil, net.ErrClosed
		}
	}
}

type memoryListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *memoryListener) Addr() net.Addr { return new(net.UnixAddr) }

var errBroken = errors.New("connection broken")

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
