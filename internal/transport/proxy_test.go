package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// proxyURL returns the URL of a proxy with a password, which no error may show.
func proxyURL(t *testing.T, srv *httptest.Server) *url.URL {
	u, err := url.Parse(srv.URL)
	require.NoError(t, err)
	u.User = url.UserPassword("me", "hunter2")
	return u
}

func TestProxyThatRefuses(t *testing.T) {
	for _, status := range []int{403, 407, 429, 502, 503} {
		for name, own := range map[string]bool{"our default transport": true, "the caller's": false} {
			for _, c := range classes {
				for _, wrap := range []bool{false, true} {
					var asked atomic.Int64
					proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
						asked.Add(1)
						w.WriteHeader(status)
					}))
					tr := &http.Transport{Proxy: http.ProxyURL(proxyURL(t, proxy))}
					if own {
						tr.OnProxyConnectResponse = RefusedByProxy
					}
					var rt http.RoundTripper = tr
					if wrap {
						rt = wrapped{tr}
					}
					res, err := newClient(t, rt, "https://api.example.com").Do(t.Context(), newCall(c, ""))
					label := fmt.Sprintf("%d, %s, %s, wrapped %t", status, name, c.name, wrap)
					require.EqualError(t, err, fmt.Sprintf("the proxy refused the connection: %d %s", status, http.StatusText(status)), label)
					assert.Equal(t, fmt.Sprint("proxy ", status), reason(err), label)
					assert.Len(t, res.Attempts, 1, "%s: it is final", label)
					assert.Zero(t, res.StatusCode, "%s: the status is not the API's", label)
					assert.False(t, res.OutcomeUnknown, label)
					assert.EqualValues(t, 1, asked.Load(), label)
					proxy.Close()
				}
			}
		}
	}
}

func TestProxyThatIsGone(t *testing.T) {
	proxy := httptest.NewServer(http.NotFoundHandler())
	proxy.Close()
	tr := &http.Transport{Proxy: http.ProxyURL(proxyURL(t, proxy))}
	res, err := newClient(t, tr, "https://api.example.com").Do(t.Context(), newCall(neither, ""))
	require.Error(t, err)
	assert.Len(t, res.Attempts, 4)
	assert.False(t, res.OutcomeUnknown)
	assert.NotContains(t, err.Error(), "hunter2")
	assert.Equal(t, "connection refused", reason(err))
}

func TestProxyFunctionThatFails(t *testing.T) {
	for text, shown := range map[string]string{
		"no response from the PAC server":                      "the proxy function failed: no response from the PAC server",
		`invalid proxy address "http://me:hunter2@proxy:port"`: "the proxy function failed: the address of the proxy is not valid",
	} {
		broken := errors.New(text)
		tr := &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return nil, broken }}
		for _, c := range classes {
			for _, body := range []string{"", "{}"} {
				res, err := newClient(t, tr, "https://api.example.com").Do(t.Context(), newCall(c, body))
				require.EqualError(t, err, shown)
				require.ErrorIs(t, err, broken)
				assert.Len(t, res.Attempts, 4, "%s: nothing was sent", c.name)
				assert.False(t, res.OutcomeUnknown, c.name)
			}
		}
	}
}

// A request through a proxy is guarded like any other.
func TestGuardBehindAProxy(t *testing.T) {
	for _, wrap := range []bool{false, true} {
		s := newHTTP2Server(t, func(s *http2Stream, m moment) {
			if m == requestCame {
				s.reset(1)
			}
		})
		proxy := httptest.NewServer(http.HandlerFunc(tunnel))
		tr := s.transport(t)
		tr.Proxy = http.ProxyURL(proxyURL(t, proxy))
		var rt http.RoundTripper = tr
		if wrap {
			rt = wrapped{tr}
		}
		res, err := newClient(t, rt, s.URL).Do(t.Context(), newCall(neither, ""))
		require.Error(t, err)
		assert.True(t, res.OutcomeUnknown, "%v", err)
		assert.EqualValues(t, 1, s.whole.Load(), "whole requests, wrapped %t", wrap)
		tr.CloseIdleConnections()
		proxy.CloseClientConnections()
		proxy.Close()
	}
}

// tunnel serves CONNECT.
func tunnel(w http.ResponseWriter, r *http.Request) {
	there, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", r.Host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	here, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { _, _ = io.Copy(there, here); _ = there.Close() }()
	_, _ = io.Copy(here, there)
	_ = here.Close()
}
