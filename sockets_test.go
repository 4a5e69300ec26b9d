package paperspace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whether a write may be sent again depends on what net/http does on a real connection, so these tests use sockets.

// socketClient returns a client with short delays and the default transport.
func socketClient(t *testing.T, baseURL string, opts ...Option) *Client {
	t.Helper()
	quick := RetryPolicy{MinDelay: time.Millisecond, MaxDelay: time.Millisecond, AttemptTimeout: 5 * time.Second}
	c, err := NewClient(append([]Option{WithAPIKey(testKey), WithBaseURL(baseURL), WithRetryPolicy(quick)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func startServer(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return srv
}

// hangUp closes the connection without a response.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

func TestRefusedConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	for class, call := range callsByClass(socketClient(t, "http://"+listener.Addr().String())) {
		err := call(t.Context())
		e, ok := errors.AsType[*Error](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, 4, e.Attempts, "nothing was sent, so class %d is retried", class)
		assert.NotErrorIs(t, err, ErrOutcomeUnknown)
	}
}

// A request that a RoundTripper abandons before it has a connection is not sent later, in addition to the retry.
func TestAbandonedRequestIsNotSentLater(t *testing.T) {
	for name, limit := range map[string]time.Duration{"no deadline": 0, "a deadline": time.Minute} {
		t.Run(name, func(t *testing.T) {
			var acted atomic.Int64
			srv := startServer(t, func(w http.ResponseWriter, _ *http.Request) {
				acted.Add(1)
				_, _ = io.WriteString(w, `{"id":"p"}`)
			})
			var dials, requests atomic.Int64
			dialing, dialed, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
			slow := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if dials.Add(1) == 1 {
					close(dialing)
					<-dialed // ignores ctx
				}
				return new(net.Dialer).DialContext(context.WithoutCancel(ctx), network, address)
			}}
			t.Cleanup(slow.CloseIdleConnections)
			abandoning := step(func(r *http.Request) (*http.Response, error) {
				if requests.Add(1) > 1 {
					return slow.RoundTrip(r)
				}
				go func() {
					defer close(ended)
					if resp, err := slow.RoundTrip(r); err == nil {
						_ = resp.Body.Close()
					}
				}()
				<-dialing
				return nil, errors.New("that takes too long")
			})
			ctx := t.Context()
			if limit > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, limit)
				defer cancel()
			}
			c := socketClient(t, srv.URL, WithHTTPClient(&http.Client{Transport: abandoning}))
			_, err := c.Projects.Create(ctx, ProjectCreateParams{Name: "p"})
			require.NoError(t, err)
			close(dialed)
			<-ended
			assert.EqualValues(t, 1, acted.Load())
		})
	}
}

// A server that does not speak HTTP may send anything. No error shows it.
func TestResponsesThatAreNotHTTP(t *testing.T) {
	for name, response := range map[string]string{
		"status line":    `{"password":"` + marker + `"}` + "\r\n\r\n",
		"version":        "HTTP/" + marker + " 200 OK\r\n\r\n",
		"status code":    "HTTP/1.1 " + marker + " OK\r\n\r\n",
		"header":         "HTTP/1.1 200 OK\r\n" + marker + "\r\n\r\n",
		"content length": "HTTP/1.1 200 OK\r\nContent-Length: " + marker + "\r\n\r\n",
		"encoding":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + marker + "\r\n\r\n",
		"trailer":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n0\r\n" + marker + "\r\n\r\n",
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				_, _ = conn.Read(make([]byte, 4096))
				_, _ = io.WriteString(conn, response)
				_ = conn.Close()
			}
		}()
		_, err = socketClient(t, "http://"+listener.Addr().String()).Projects.Create(t.Context(), ProjectCreateParams{Name: "p"})
		assert.ErrorIs(t, err, ErrOutcomeUnknown, name)
		assert.False(t, showsMarker(err.Error()), "%s: %v", name, err)
		require.NoError(t, listener.Close())
	}
}

// A long error body is read to its end, up to a limit, so that the connection is reused.
func TestConnectionAfterALongError(t *testing.T) {
	var connections atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"message":"no","code":"BAD_REQUEST","details":"`+strings.Repeat("x", 512<<10)+`"}`)
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	c := socketClient(t, srv.URL)
	for range 5 {
		_, err := c.Machines.Get(t.Context(), "a")
		require.ErrorIs(t, err, ErrBadRequest)
	}
	assert.EqualValues(t, 1, connections.Load())
}

func TestResetAfterTheServerActed(t *testing.T) {
	var acted atomic.Int32
	srv := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		acted.Add(1)
		hangUp(w)
	})
	for class, want := range map[Class]int32{ClassSafe: 4, ClassIdempotent: 4, ClassOnce: 1} {
		acted.Store(0)
		err := callsByClass(socketClient(t, srv.URL))[class](t.Context())
		require.Error(t, err)
		assert.Equal(t, class != ClassSafe, errors.Is(err, ErrOutcomeUnknown), "%v", err)
		if class == ClassOnce {
			assert.Equal(t, want, acted.Load())
		} else {
			assert.GreaterOrEqual(t, acted.Load(), want)
		}
	}
}

// A server may close an idle connection just as the next request uses it. net/http retries if it has written nothing. A
// request that was written may have been carried out, so it is not sent again.
func TestIdleConnectionThatTheServerClosed(t *testing.T) {
	var posts, connections atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			posts.Add(1)
		}
		fmt.Fprint(w, `{"id":"a","user":{"id":"b"}}`)
	}))
	srv.Config.ConnState = func(c net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			connections.Add(1)
		case http.StateIdle:
			_ = c.Close()
		}
	}
	srv.Start()
	defer srv.Close()
	const rounds = 200
	unknown := 0
	all := callsByClass(socketClient(t, srv.URL))
	for range rounds {
		for class, call := range all {
			switch err := call(t.Context()); {
			case class != ClassOnce:
				assert.NoError(t, err, "class %d", class)
			case err != nil:
				require.ErrorIs(t, err, ErrOutcomeUnknown)
				unknown++
			}
		}
	}
	assert.LessOrEqual(t, int(posts.Load()), rounds, "writes that were carried out")
	assert.GreaterOrEqual(t, int(posts.Load())+unknown, rounds, "writes that were carried out or reported as unknown")
	assert.Greater(t, connections.Load(), int32(rounds), "connections, one for each that the server closed")
}

func TestCutBody(t *testing.T) {
	var served atomic.Int32
	srv := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if served.Add(1) == 1 {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"id":"a","name":"`)
			_ = http.NewResponseController(w).Flush()
			hangUp(w)
			return
		}
		fmt.Fprint(w, `{"id":"a","user":{"id":"b"}}`)
	})
	for class, want := range map[Class]int32{ClassSafe: 2, ClassIdempotent: 2, ClassOnce: 1} {
		served.Store(0)
		err := callsByClass(socketClient(t, srv.URL))[class](t.Context())
		assert.Equal(t, want, served.Load())
		assert.Equal(t, class == ClassOnce, errors.Is(err, ErrOutcomeUnknown), "%v", err)
	}
}

func TestTimeoutWaitingForTheHeader(t *testing.T) {
	quick := WithRetryPolicy(RetryPolicy{MaxAttempts: 2, MinDelay: time.Millisecond, AttemptTimeout: time.Second})
	var wg sync.WaitGroup
	for class, want := range map[Class]int32{ClassSafe: 2, ClassIdempotent: 2, ClassOnce: 1} {
		var acted atomic.Int32
		srv := startServer(t, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			acted.Add(1)
			<-r.Context().Done()
		})
		call := callsByClass(socketClient(t, srv.URL, quick))[class]
		wg.Go(func() {
			err := call(t.Context())
			assert.Error(t, err)
			assert.NotErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, class != ClassSafe, errors.Is(err, ErrOutcomeUnknown))
			assert.Equal(t, want, acted.Load(), "requests of class %d", class)
		})
	}
	wg.Wait()
}

func TestCertificatesAndSchemes(t *testing.T) {
	var handshakes atomic.Int32
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			handshakes.Add(1)
		}
	}
	secure.Config.ErrorLog = nil
	secure.StartTLS()
	defer secure.Close()
	plain := startServer(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") })
	for name, base := range map[string]string{
		"unknown certificate":      secure.URL,
		"http behind an https URL": strings.Replace(plain.URL, "http://", "https://", 1),
	} {
		t.Run(name, func(t *testing.T) {
			for _, call := range callsByClass(socketClient(t, base)) {
				err := call(t.Context())
				e, ok := errors.AsType[*Error](err)
				require.True(t, ok, "%v", err)
				assert.Equal(t, 1, e.Attempts)
				assert.NotErrorIs(t, err, ErrOutcomeUnknown)
			}
		})
	}
	assert.Equal(t, int32(3), handshakes.Load())
}

func TestRedirects(t *testing.T) {
	var reached []string
	record := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			reached = append(reached, name+" "+r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
			fmt.Fprint(w, `{"id":"a","user":{"id":"b"}}`)
		}
	}
	other := startServer(t, record("other"))
	var location string
	home := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/moved") {
			record("home")(w, r)
			return
		}
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", other.URL+"/moved")
		w.WriteHeader(http.StatusFound)
	}))
	defer secure.Close()
	port := home.URL[strings.LastIndex(home.URL, ":"):]

	for _, tc := range []struct {
		name, to string
		class    Class
		followed bool
	}{
		{"a read within the origin", "/moved", ClassSafe, true},
		{"a read within the origin, by its URL", home.URL + "/moved", ClassSafe, true},
		{"a read to another host", other.URL + "/moved", ClassSafe, false},
		{"a read to another name of the host", "http://localhost" + port + "/moved", ClassSafe, false},
		{"a read to another scheme", strings.Replace(home.URL, "http", "https", 1) + "/moved", ClassSafe, false},
		{"a write within the origin", "/moved", ClassOnce, false},
		{"a delete within the origin", "/moved", ClassIdempotent, false},
		{"a write to another host", other.URL + "/moved", ClassOnce, false},
		{"an invalid address", "http://[::1", ClassSafe, false},
		{"in a ring", "/again", ClassSafe, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			reached, location = nil, tc.to
			err := callsByClass(socketClient(t, home.URL))[tc.class](t.Context())
			if tc.followed {
				require.NoError(t, err)
				assert.Equal(t, []string{"home GET /moved Bearer " + testKey}, reached)
				return
			}
			e, ok := errors.AsType[*Error](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, 1, e.Attempts)
			assert.Empty(t, reached)
			assert.Equal(t, tc.class != ClassSafe, errors.Is(err, ErrOutcomeUnknown))
			assert.NotContains(t, err.Error(), "moved")
		})
	}
	t.Run("from https to http", func(t *testing.T) {
		reached = nil
		_, err := socketClient(t, secure.URL, WithHTTPClient(secure.Client())).Machines.Get(t.Context(), "a")
		require.ErrorContains(t, err, "was not followed")
		assert.Empty(t, reached)
	})
	t.Run("the caller's own policy", func(t *testing.T) {
		location = "/moved"
		no := errors.New("not with me")
		refuse := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return no }}
		_, err := socketClient(t, home.URL, WithHTTPClient(refuse)).Machines.Get(t.Context(), "a")
		require.ErrorIs(t, err, no)
		e, _ := errors.AsType[*Error](err)
		assert.Equal(t, 1, e.Attempts)

		asked := false
		watch := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { asked = true; return nil }}
		_, err = socketClient(t, home.URL, WithHTTPClient(watch)).Machines.Get(t.Context(), "a")
		require.NoError(t, err)
		assert.True(t, asked)
		sneaky := &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			r.URL.Host = strings.TrimPrefix(other.URL, "http://")
			return nil
		}}
		reached = nil
		_, err = socketClient(t, home.URL, WithHTTPClient(sneaky)).Machines.Get(t.Context(), "a")
		require.Error(t, err)
		assert.Empty(t, reached, "a policy must not change the target of a redirect")

		location = other.URL + "/moved"
		_, err = socketClient(t, home.URL, WithHTTPClient(watch)).Machines.Get(t.Context(), "a")
		require.Error(t, err)
		assert.Empty(t, reached, "a lenient policy does not allow other origins")
	})
}

// Sixty-four goroutines open sixty-four connections, whatever the length of the bodies and however late they end.
func TestConnectionsAreReused(t *testing.T) {
	var connections atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, okMachine)
		if strings.HasSuffix(r.URL.Path, "1") { // chunked, with a delayed end
			_ = http.NewResponseController(w).Flush()
			time.Sleep(time.Millisecond)
		}
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	srv.Start()
	before := runtime.NumGoroutine()
	c := socketClient(t, srv.URL)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for i := range 40 {
				_, err := c.Machines.Get(context.Background(), fmt.Sprint(i%2))
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	assert.LessOrEqual(t, connections.Load(), int32(66))
	c.CloseIdleConnections()
	srv.Close()
	assert.Eventually(t, func() bool { return runtime.NumGoroutine() <= before }, 5*time.Second, 10*time.Millisecond, "goroutines still running")
}

func TestHTTP2(t *testing.T) {
	var connections atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, 2, r.ProtoMajor)
		fmt.Fprint(w, okMachine)
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	transport := newTransport(http.DefaultTransport.(*http.Transport))
	transport.TLSClientConfig = srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	c := socketClient(t, srv.URL, WithHTTPClient(&http.Client{Transport: transport}))
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			for range 10 {
				_, err := c.Machines.Get(context.Background(), "a")
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	assert.LessOrEqual(t, connections.Load(), int32(128), "200 goroutines share a few connections")
}

// The body of a 101 response is the bare connection, and would outlive any context.
func TestSwitchingProtocols(t *testing.T) {
	srv := startServer(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
			time.AfterFunc(time.Minute, func() { _ = conn.Close() })
		}
	})
	begin := time.Now()
	_, err := socketClient(t, srv.URL).Machines.Get(t.Context(), "a")
	require.Error(t, err)
	assert.Less(t, time.Since(begin), 30*time.Second)
}
