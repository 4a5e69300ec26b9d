package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestFormsOfHeaders(t *testing.T) {
	date := time.Now().UTC().Format(http.TimeFormat)
	for _, c := range []struct{ name, value, want string }{
		{"Retry-After", "30", "seconds"}, {"Retry-After", "30.0", "fractional seconds"}, {"Retry-After", date, "HTTP date"},
		{"Retry-After", "soon", "another value"}, {"Retry-After", "", "absent"}, {"Retry-After", "-5", "fractional seconds"},
		{"Date", date, "HTTP date"}, {"Date", "today", "another value"}, {"Date", "", "absent"},
		{"Content-Type", "application/json; charset=utf-8", "application/json"}, {"Content-Type", "text/html", "text/html"},
		{"Content-Type", "application/secret", "another value"}, {"Content-Type", "", "absent"},
		{"Cf-Ray", "8f1", "present"}, {"Cf-Ray", "", "absent"}, {"Server", "cloudflare", "cloudflare"}, {"Server", "host-7", "another value"},
		{"Content-Encoding", "GZIP", "gzip"}, {"X-Ratelimit-Remaining", "7", "present"}, {"RateLimit", "limit=7", "present"},
	} {
		traffic := newTraffic(roundTripper(func(*http.Request) (*http.Response, error) {
			resp := &http.Response{StatusCode: 200, Proto: "HTTP/1.1", Header: http.Header{}}
			if c.value != "" {
				resp.Header.Set(c.name, c.value)
			}
			return resp, nil
		}))
		_, err := traffic.RoundTrip(httptest.NewRequest(http.MethodGet, "/", nil))
		require.NoError(t, err)
		assert.Equal(t, map[string]int{c.want: 1}, traffic.report().Headers[http.CanonicalHeaderKey(c.name)], "%s: %s", c.name, c.value)
	}
}

func TestTrafficCountsAttemptsThatTheSDKRetries(t *testing.T) {
	n := 0
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		switch n++; n {
		case 1:
			return nil, errors.New("connection refused")
		case 2:
			return &http.Response{
				StatusCode: 429, Proto: "HTTP/2.0", Header: http.Header{"Retry-After": {"0"}}, Body: http.NoBody, Request: r,
			}, nil
		}
		return &http.Response{
			StatusCode: 200, Proto: "HTTP/2.0", Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"items":[],"hasMore":false}`)), Request: r,
		}, nil
	})
	p, err := newProbe("https://paperspace.test/v1", transport, io.Discard, paperspace.WithAPIKey("key"),
		paperspace.WithRetryPolicy(paperspace.RetryPolicy{MinDelay: time.Millisecond, MaxDelay: time.Millisecond}))
	require.NoError(t, err)
	_, err = p.client.Machines.List(context.Background(), paperspace.MachineListParams{})
	require.NoError(t, err)
	r := p.traffic.report()
	assert.Equal(t, 3, r.Attempts)
	assert.Equal(t, map[string]int{"no response": 1, "429": 1, "200": 1}, r.Statuses)
	assert.Equal(t, map[string]int{"HTTP/2.0": 2}, r.Protocols)
	assert.Equal(t, map[string]int{"seconds": 1, "absent": 1}, r.Headers["Retry-After"])
}
