// Package transporttest holds the transport against RoundTrippers that its own module does not depend on: those of
// x/net/http2, otelhttp and oauth2.
package transporttest

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/time/rate"

	"github.com/paperspace-go/paperspace/internal/transport"
)

var policy = transport.Policy{
	MaxAttempts: 4, MinDelay: time.Millisecond, MaxDelay: time.Millisecond, MaxRetryAfter: time.Minute, AttemptTimeout: 10 * time.Second,
}

func do(t *testing.T, rt http.RoundTripper, base, method, body string) (*transport.Result, error) {
	t.Helper()
	u, err := url.Parse(base)
	require.NoError(t, err)
	client := &transport.Client{HTTP: transport.NewHTTPClient(&http.Client{Transport: rt}, u), Base: u, Product: "test/1", MaxBody: 1 << 20}
	call := &transport.Call{
		Endpoint: transport.Endpoint{ID: "a", Method: method}, Request: transport.Request{Path: "/a", EscapedPath: "/a"},
		Policy: &policy, Write: method != http.MethodGet, Repeatable: method != http.MethodPatch,
	}
	if body != "" {
		call.Request.Body = []byte(body)
	}
	return client.Do(t.Context(), call)
}

// server speaks HTTP/2 and ends every request as fail says, but for the first one of its first connection.
type server struct {
	URL   string
	roots *tls.Config
	whole atomic.Int64
}

func newServer(t *testing.T, fail func(*http2.Framer, uint32)) *server {
	ca := httptest.NewUnstartedServer(nil) // for its certificate
	ca.StartTLS()
	t.Cleanup(ca.Close)
	s := &server{roots: ca.Client().Transport.(*http.Transport).TLSClientConfig}
	config := ca.TLS.Clone()
	config.NextProtos = []string{"h2"}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	s.URL = "https://" + listener.Addr().String()
	go func() {
		for n := 0; ; n++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn, n == 0, fail)
		}
	}()
	return s
}

func (s *server) serve(conn net.Conn, first bool, fail func(*http2.Framer, uint32)) {
	defer conn.Close()
	if _, err := io.CopyN(io.Discard, conn, int64(len(http2.ClientPreface))); err != nil {
		return
	}
	fr := http2.NewFramer(conn, conn)
	_ = fr.WriteSettings()
	for {
		frame, err := fr.ReadFrame()
		if err != nil {
			return
		}
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				_ = fr.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !f.IsAck() {
				_ = fr.WritePing(true, f.Data)
			}
		}
		if h, id := frame.Header(), frame.Header().StreamID; (h.Type == http2.FrameHeaders || h.Type == http2.FrameData) && h.Flags.Has(http2.FlagDataEndStream) {
			if first && id == 1 {
				var b bytes.Buffer
				_ = hpack.NewEncoder(&b).WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
				_ = fr.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: b.Bytes(), EndHeaders: true, EndStream: true})
				continue
			}
			s.whole.Add(1)
			fail(fr, id)
		}
	}
}

func TestWholeRequests(t *testing.T) {
	reset := func(code http2.ErrCode) func(*http2.Framer, uint32) {
		return func(fr *http2.Framer, id uint32) { _ = fr.WriteRSTStream(id, code) }
	}
	faults := map[string]struct {
		does      func(*http2.Framer, uint32)
		processed bool // for all that the client can know
	}{
		"PROTOCOL_ERROR": {reset(http2.ErrCodeProtocol), true},
		"INTERNAL_ERROR": {reset(http2.ErrCodeInternal), true},
		"CANCEL":         {reset(http2.ErrCodeCancel), true},
		"REFUSED_STREAM": {reset(http2.ErrCodeRefusedStream), false},
		"GOAWAY below":   {func(fr *http2.Framer, id uint32) { _ = fr.WriteGoAway(id-min(id, 2), http2.ErrCodeNo, nil) }, false},
	}
	token := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "t"})
	transports := map[string]func(*tls.Config) http.RoundTripper{
		"x/net/http2": func(c *tls.Config) http.RoundTripper { return &http2.Transport{TLSClientConfig: c} },
		"x/net/http2 in net/http": func(c *tls.Config) http.RoundTripper {
			tr := &http.Transport{TLSClientConfig: c}
			must(http2.ConfigureTransport(tr))
			return tr
		},
		"otelhttp": func(c *tls.Config) http.RoundTripper {
			return otelhttp.NewTransport(&http.Transport{TLSClientConfig: c, ForceAttemptHTTP2: true})
		},
		"oauth2": func(c *tls.Config) http.RoundTripper {
			return &oauth2.Transport{Source: token, Base: &http.Transport{TLSClientConfig: c, ForceAttemptHTTP2: true}}
		},
		"otelhttp and oauth2 on x/net/http2": func(c *tls.Config) http.RoundTripper {
			return otelhttp.NewTransport(&oauth2.Transport{Source: token, Base: &http2.Transport{TLSClientConfig: c}})
		},
	}
	for fault, f := range faults {
		for name, rt := range transports {
			for _, method := range []string{http.MethodGet, http.MethodDelete, http.MethodPatch} {
				for _, body := range []string{"", `{"name":"a"}`} {
					t.Run(fmt.Sprintf("%s/%s/%s/body %q", fault, name, method, body), func(t *testing.T) {
						s := newServer(t, f.does)
						tr := rt(s.roots.Clone())
						_, err := do(t, tr, s.URL, http.MethodGet, "")
						require.NoError(t, err)
						res, err := do(t, tr, s.URL, method, body)
						require.Error(t, err)
						whole := int(s.whole.Load())
						assert.LessOrEqual(t, whole, len(res.Attempts), "more whole requests than attempts")
						if method == http.MethodPatch && f.processed {
							assert.Equal(t, 1, whole, "whole requests")
							assert.True(t, res.OutcomeUnknown, "%v", err)
						}
						if method == http.MethodPatch && !f.processed && body != "" {
							assert.Len(t, res.Attempts, 4, "%v", err)
							assert.False(t, res.OutcomeUnknown, "%v", err)
						}
					})
				}
			}
		}
	}
}

// Without a token nothing left, whether the token's server refuses, cannot be reached or sends nonsense.
func TestTokenSourceThatFails(t *testing.T) {
	var served atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served.Add(1) }))
	defer api.Close()
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	defer refuses.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, tokens := range map[string]string{"refused": refuses.URL, "unreachable": gone.URL} {
		for _, method := range []string{http.MethodGet, http.MethodDelete, http.MethodPatch} {
			for _, body := range []string{"", "{}"} {
				config := clientcredentials.Config{ClientID: "id", ClientSecret: "hunter2", TokenURL: tokens}
				res, err := do(t, config.Client(context.Background()).Transport, api.URL, method, body)
				require.Error(t, err)
				assert.False(t, res.OutcomeUnknown, "%s, %s, body %q: %v", name, method, body, err)
				assert.Len(t, res.Attempts, 4, "%s, %s, body %q: %v", name, method, body, err)
				assert.NotContains(t, err.Error(), "hunter2")
			}
		}
	}
	assert.Zero(t, served.Load())
}

// A limiter of x/time/rate fits, and one that cannot let the attempt through before the deadline ends the call.
func TestRateLimiter(t *testing.T) {
	var served atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served.Add(1) }))
	defer api.Close()
	u, err := url.Parse(api.URL)
	require.NoError(t, err)
	client := &transport.Client{
		HTTP: transport.NewHTTPClient(&http.Client{}, u), Base: u, MaxBody: 1 << 20,
		Limiter: rate.NewLimiter(rate.Every(time.Hour), 1),
	}
	call := &transport.Call{Endpoint: transport.Endpoint{Method: http.MethodPatch}, Policy: &policy, Write: true}
	_, err = client.Do(t.Context(), call)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	res, err := client.Do(ctx, call)
	f, ok := errors.AsType[*transport.Failure](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, "limiter", f.Reason)
	assert.False(t, res.OutcomeUnknown)
	assert.EqualValues(t, 1, served.Load())
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
