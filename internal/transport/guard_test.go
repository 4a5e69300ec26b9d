package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A request is sent as a whole at most once per attempt, and one that is neither safe nor idempotent at most once per
// call, unless the peer reports that it did not process it.

var http2Codes = map[uint32]string{
	0: "NO_ERROR", 1: "PROTOCOL_ERROR", 2: "INTERNAL_ERROR", 3: "FLOW_CONTROL_ERROR", 5: "STREAM_CLOSED", 7: "REFUSED_STREAM",
	8: "CANCEL", 11: "ENHANCE_YOUR_CALM", 13: "HTTP_1_1_REQUIRED",
}

// http2Fault is something that a server does to every request.
type http2Fault struct {
	name string
	at   moment
	does func(*http2Stream)
	// processes reports whether the server leaves open that it processed the request.
	processes bool
}

func http2Faults() []http2Fault {
	var faults []http2Fault
	for code, name := range http2Codes {
		for _, at := range []moment{headersCame, dataCame, requestCame} {
			faults = append(faults, http2Fault{
				"RST_STREAM " + name + " " + string(at), at, func(s *http2Stream) { s.reset(code) }, name != "REFUSED_STREAM",
			})
		}
		faults = append(faults, http2Fault{
			"RST_STREAM " + name + " after the response headers", requestCame,
			func(s *http2Stream) { s.respondHeaders(); s.reset(code) }, true,
		})
	}
	for _, code := range []uint32{0, 1, 11} {
		faults = append(faults,
			http2Fault{
				"GOAWAY " + http2Codes[code] + " below the stream", requestCame,
				func(s *http2Stream) { s.goAway(s.id-min(s.id, 2), code, "") }, false,
			},
			http2Fault{
				"GOAWAY " + http2Codes[code] + " at the stream, then closed", requestCame,
				func(s *http2Stream) { s.goAway(s.id, code, ""); _ = s.Close() }, true,
			},
		)
	}
	return append(faults,
		http2Fault{"closed before the body", headersCame, func(s *http2Stream) { _ = s.Close() }, true},
		http2Fault{"closed after the request", requestCame, func(s *http2Stream) { _ = s.Close() }, true},
		http2Fault{"early hints, then PROTOCOL_ERROR", requestCame, func(s *http2Stream) {
			s.write(frameHeaders, flagEndHeaders, s.id, []byte{0x08, 3, '1', '0', '3'}) // :status 103
			s.reset(1)
		}, true},
	)
}

// wrapped hides the type of a RoundTripper.
type wrapped struct{ http.RoundTripper }

func TestWholeRequestsOverHTTP2(t *testing.T) {
	bodies := map[string]string{"no body": "", "small body": `{"name":"a"}`, "long body": `{"name":"` + strings.Repeat("a", 200<<10) + `"}`}
	wrap := map[string]func(http.RoundTripper) http.RoundTripper{
		"net/http": func(rt http.RoundTripper) http.RoundTripper { return rt },
		"wrapped":  func(rt http.RoundTripper) http.RoundTripper { return wrapped{rt} },
	}
	for _, f := range http2Faults() {
		t.Run(f.name, func(t *testing.T) {
			for bodyName, body := range bodies {
				if f.at == dataCame && body == "" {
					continue
				}
				for wrapName, wrap := range wrap {
					for _, c := range classes {
						f.run(t, fmt.Sprintf("%s, %s, %s", c.name, bodyName, wrapName), c, body, wrap)
					}
				}
			}
		})
	}
}

func (f *http2Fault) run(t *testing.T, name string, c class, body string, wrap func(http.RoundTripper) http.RoundTripper) {
	s := newHTTP2Server(t, func(s *http2Stream, m moment) {
		switch {
		case s.number == 1 && s.id == 1: // succeeds, so that the faults meet a connection that was used before
			if m == requestCame {
				s.respond()
			}
		case m == f.at:
			f.does(s)
		}
	})
	tr := s.transport(t)
	defer tr.CloseIdleConnections()
	client := newClient(t, wrap(tr), s.URL)
	_, err := client.Do(t.Context(), newCall(safe, ""))
	require.NoError(t, err, name)
	s.whole.Store(0)

	res, err := client.Do(t.Context(), newCall(c, body))
	require.Error(t, err, name)
	whole, attempts := int(s.whole.Load()), len(res.Attempts)
	assert.LessOrEqual(t, whole, attempts, "%s: more whole requests than attempts", name)
	switch {
	case c.repeatable:
		assert.Equal(t, 4, attempts, "%s: attempts (%v)", name, err)
	case f.processes:
		assert.Equal(t, 1, attempts, "%s: attempts (%v)", name, err)
		assert.True(t, res.OutcomeUnknown, "%s: %v", name, err)
	// Without a body, a refusal shows only in what net/http does next, and a GOAWAY not at all.
	case body != "" || strings.Contains(f.name, "REFUSED_STREAM") && strings.HasSuffix(name, "net/http"):
		assert.Equal(t, 4, attempts, "%s: attempts (%v)", name, err)
		assert.False(t, res.OutcomeUnknown, "%s: %v", name, err)
	}
}

// repeater is a RoundTripper that keeps the body and sends a request again after an error.
type repeater struct {
	http.RoundTripper
	times int
}

func (r repeater) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	var body []byte
	if req.Body != nil {
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	for range r.times {
		again := req.Clone(req.Context())
		if body != nil {
			again.Body = io.NopCloser(bytes.NewReader(body))
		}
		if resp, err = r.RoundTripper.RoundTrip(again); err == nil && resp.StatusCode < 500 {
			return resp, nil
		}
	}
	return resp, err
}

// hangUp reads the request and closes its connection without a response.
func hangUp(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_ = conn.Close()
	}
}

func TestRoundTripperThatRepeats(t *testing.T) {
	for name, responds := range map[string]http.HandlerFunc{
		"after a lost connection": hangUp,
		"after a 503": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusServiceUnavailable)
		},
	} {
		for _, protocol := range []string{"HTTP/1.1", "HTTP/2"} {
			for _, body := range []string{"", `{"name":"a"}`} {
				t.Run(fmt.Sprintf("%s, %s, body %q", name, protocol, body), func(t *testing.T) {
					var whole atomic.Int64
					srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						whole.Add(1)
						if r.ProtoMajor == 2 && name == "after a lost connection" {
							panic(http.ErrAbortHandler) // resets the stream
						}
						responds(w, r)
					}))
					srv.EnableHTTP2 = protocol == "HTTP/2"
					srv.StartTLS()
					defer srv.Close()
					res, err := newClient(t, repeater{srv.Client().Transport, 3}, srv.URL).Do(t.Context(), newCall(neither, body))
					assert.EqualValues(t, 1, whole.Load(), "whole requests of a write")
					assert.Len(t, res.Attempts, 1)
					assert.True(t, res.OutcomeUnknown, "%v", err)
				})
			}
		}
	}
}

// A RoundTripper may send a read again after a response, such as one that then fetches a fresh token.
func TestReadThatARoundTripperRepeatsAfterAResponse(t *testing.T) {
	var served atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if served.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer srv.Close()
	res, err := newClient(t, repeater{srv.Client().Transport, 2}, srv.URL).Do(t.Context(), newCall(safe, ""))
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, res.StatusCode)
	assert.Len(t, res.Attempts, 1)
}

// tokens makes a request of its own, with the request's context, before and after each request.
type tokens struct {
	http.RoundTripper
	url string
}

func (a tokens) RoundTrip(req *http.Request) (*http.Response, error) {
	fetch := func() error {
		r, err := http.NewRequestWithContext(req.Context(), http.MethodPost, a.url, strings.NewReader("grant"))
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		return resp.Body.Close()
	}
	if err := fetch(); err != nil {
		return nil, err
	}
	resp, err := a.RoundTripper.RoundTrip(req)
	if err == nil {
		err = fetch()
	}
	return resp, err
}

func TestRoundTripperWithRequestsOfItsOwn(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer other.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	for _, c := range classes {
		res, err := newClient(t, tokens{srv.Client().Transport, other.URL}, srv.URL).Do(t.Context(), newCall(c, ""))
		require.NoError(t, err, c.name)
		assert.Len(t, res.Attempts, 1, c.name)
	}

	other.Close()
	for _, c := range classes {
		res, err := newClient(t, tokens{srv.Client().Transport, other.URL}, srv.URL).Do(t.Context(), newCall(c, ""))
		require.Error(t, err, c.name)
		assert.Len(t, res.Attempts, 4, "%s: without a token nothing is sent", c.name)
		assert.False(t, res.OutcomeUnknown, c.name)
	}
}

// dumper is a RoundTripper that logs each request as it will be sent.
type dumper struct{ http.RoundTripper }

func (d dumper) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, err := httputil.DumpRequestOut(req, true); err != nil {
		return nil, err
	}
	return d.RoundTripper.RoundTrip(req)
}

func TestRoundTripperThatDumpsRequests(t *testing.T) {
	var served atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		if r.Header.Get("X-Break") != "" {
			hangUp(w, r)
		}
	}))
	defer srv.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, c := range classes {
		for _, body := range []string{"", `{"name":"a"}`} {
			call := func(base, header string) (*Result, error) {
				call := newCall(c, body)
				call.Request.Header = http.Header{}
				if header != "" {
					call.Request.Header.Set(header, "1")
				}
				served.Store(0)
				return newClient(t, dumper{dumper{new(http.Transport)}}, base).Do(t.Context(), call)
			}
			res, err := call(srv.URL, "")
			require.NoError(t, err, "%s, body %q", c.name, body)
			assert.Len(t, res.Attempts, 1, "%s, body %q", c.name, body)
			assert.EqualValues(t, 1, served.Load(), "%s, body %q: requests", c.name, body)

			res, err = call(gone.URL, "")
			require.Error(t, err)
			assert.Len(t, res.Attempts, 4, "%s, body %q: no connection was made", c.name, body)
			assert.False(t, res.OutcomeUnknown, "%s, body %q: no connection was made", c.name, body)

			res, err = call(srv.URL, "X-Break")
			require.Error(t, err)
			assert.EqualValues(t, len(res.Attempts), served.Load(), "%s, body %q: requests and attempts", c.name, body)
			assert.Equal(t, c.write, res.OutcomeUnknown, "%s, body %q: the connection broke after the request", c.name, body)
		}
	}
}

// net/http sends a read again when an idle connection has broken, once for each idle connection. Each time is an
// attempt.
func TestKeptConnectionsThatBreak(t *testing.T) {
	const kept = 8
	for _, c := range classes {
		for range 10 {
			var whole, warm atomic.Int64
			together := make(chan bool)
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("X-Break") != "" {
					whole.Add(1)
					hangUp(w, r)
					return
				}
				if warm.Add(1) == kept {
					close(together)
				}
				<-together
			}))
			tr := &http.Transport{MaxIdleConnsPerHost: kept}
			client := newClient(t, tr, srv.URL)
			var wg sync.WaitGroup
			for range kept {
				wg.Go(func() {
					_, err := client.Do(t.Context(), newCall(safe, ""))
					assert.NoError(t, err)
				})
			}
			wg.Wait()
			call := newCall(c, "")
			call.Request.Header = http.Header{"X-Break": {"1"}}
			res, err := client.Do(t.Context(), call)
			require.Error(t, err)
			assert.LessOrEqual(t, whole.Load(), int64(len(res.Attempts)), "%s: whole requests and attempts", c.name)
			if c == neither {
				assert.EqualValues(t, 1, whole.Load())
			}
			assert.Equal(t, c.write, res.OutcomeUnknown, c.name)
			tr.CloseIdleConnections()
			srv.Close()
		}
	}
}

// impatient is a RoundTripper that returns before its request has ended.
type impatient struct {
	http.RoundTripper
	patience time.Duration
}

func (i impatient) RoundTrip(r *http.Request) (*http.Response, error) {
	done := make(chan *http.Response, 1)
	go func() {
		if resp, err := i.RoundTripper.RoundTrip(r); err == nil {
			done <- resp
		}
	}()
	select {
	case resp := <-done:
		return resp, nil
	case <-time.After(i.patience):
		return nil, errBroken
	}
}

// A request that a RoundTripper left running is not sent after the end of its attempt, so that another attempt may send
// it.
func TestRequestThatIsLeftRunning(t *testing.T) {
	for _, body := range []string{"", "{}"} {
		synctest.Test(t, func(t *testing.T) {
			var whole atomic.Int64
			dial := serveInMemory(t, func(http.ResponseWriter, *http.Request) { whole.Add(1) })
			tr := &http.Transport{DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
				time.Sleep(time.Minute) // ignores the end of the context
				return dial(context.Background(), network, address)
			}}
			res, err := newClient(t, impatient{tr, time.Second}, "http://api.example.com").Do(t.Context(), newCall(neither, body))
			require.ErrorIs(t, err, errBroken)
			assert.Len(t, res.Attempts, 4)
			assert.False(t, res.OutcomeUnknown)
			time.Sleep(2 * time.Minute) // until all dials have ended
			assert.Zero(t, whole.Load(), "requests with body %q that were sent", body)
			tr.CloseIdleConnections()
		})
	}
}

func TestConnectionForASecondSendingIsClosedUnlessItIsShared(t *testing.T) {
	for _, shared := range []bool{false, true} {
		r := &run{Context: t.Context(), call: newCall(safe, ""), client: new(Client)}
		r.begin()
		r.attempt.deadline = time.Now().Add(time.Minute)
		g := &guard{attempt: r.attempt, direct: new(http.Transport), host: "api.example.com"}
		g.getConn("api.example.com:443")
		g.gotConn(httptrace.GotConnInfo{})
		if shared {
			g.wroteHeaderField(":authority", []string{"api.example.com"})
		} else {
			g.wroteHeaderField("Host", []string{"api.example.com"})
		}
		here, there := net.Pipe()
		require.NoError(t, there.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
		g.gotConn(httptrace.GotConnInfo{Conn: here})
		require.ErrorIs(t, context.Cause(r.attempt), errSentAgain)
		_, err := there.Read(make([]byte, 1))
		assert.Equal(t, !shared, errors.Is(err, io.EOF), "closed (%v)", err)
		r.attempt.close()
		_ = here.Close()
	}
}
