package paperspace

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBaseURL(t *testing.T) {
	for _, tc := range []struct {
		url  string
		want string // URL of the request for the machine a/b; "" means an error
	}{
		{"https://api.example.com/v1", "https://api.example.com/v1/machines/a%2Fb"},
		{"https://api.example.com/v1/", "https://api.example.com/v1/machines/a%2Fb"},
		{"https://api.example.com", "https://api.example.com/machines/a%2Fb"},
		{"https://api.example.com/a%2F", "https://api.example.com/a%2F/machines/a%2Fb"},
		{"https://api.example.com:8443/gate%2Fway/v1", "https://api.example.com:8443/gate%2Fway/v1/machines/a%2Fb"},
		{"http://localhost:8080/v1", "http://localhost:8080/v1/machines/a%2Fb"},
		{"http://127.1.2.3/v1", "http://127.1.2.3/v1/machines/a%2Fb"},
		{"http://[::1]:80/v1", "http://[::1]:80/v1/machines/a%2Fb"},
		{" https://api.example.com/v1\n", "https://api.example.com/v1/machines/a%2Fb"},
		{"http://api.example.com/v1", ""},
		{"http://localhost.example.com", ""},
		{"ftp://api.example.com", ""},
		{"api.example.com/v1", ""},
		{"https://user:hunter2@api.example.com/v1", ""},
		{"https://api.example.com/v1?x=1", ""},
		{"https://api.example.com/v1#x", ""},
		{"https://api.example.com/../v1", ""},
		{`https://api.example.com/a\..\v1`, ""},
		{"https://", ""},
		{"https://.", ""},
		{"https://api.example.com:0", ""},
		{"https://api.example.com:65536/v1", ""},
		{"https://api.example.com:99999999999999/v1", ""},
		{"https://user:hunter2@api.example.com:port", ""},
		{" ", ""},
	} {
		t.Run(tc.url, func(t *testing.T) {
			rt := play(reply(200, okMachine))
			c, err := NewClient(WithAPIKey(testKey), WithHTTPClient(&http.Client{Transport: rt}), WithBaseURL(tc.url))
			if tc.want == "" {
				var param *ParamError
				require.ErrorAs(t, err, &param)
				assert.Equal(t, "WithBaseURL", param.Field)
				assert.NotContains(t, err.Error(), "hunter2")
				return
			}
			require.NoError(t, err)
			_, err = c.Machines.Get(t.Context(), "a/b")
			require.NoError(t, err)
			assert.Equal(t, tc.want, rt.requests[0].URL.String())
		})
	}
}

func TestAPIKey(t *testing.T) {
	rt := play(reply(200, okMachine))
	c := newTestClient(t, rt, WithAPIKey(" \t"+testKey+"\r\n"))
	_, err := c.Machines.Get(t.Context(), "a")
	require.NoError(t, err)
	assert.Equal(t, "Bearer "+testKey, rt.requests[0].Header.Get("Authorization"))

	for _, key := range []string{"", " \n", "se\x00cret", "se\ncret", "se\x7fcret", "\ufeffsecret", "se cret", "secr\xffet"} {
		_, err := NewClient(WithAPIKey(key))
		var param *ParamError
		require.ErrorAs(t, err, &param, "%q", key)
		assert.Equal(t, "WithAPIKey", param.Field)
		assert.NotContains(t, err.Error(), "cr")
	}
}

func TestNoAPIKey(t *testing.T) {
	rt := play(reply(200, okMachine))
	c, err := NewClient(WithHTTPClient(&http.Client{Transport: rt}))
	require.NoError(t, err)
	_, err = c.Machines.Get(t.Context(), "a")
	require.ErrorIs(t, err, ErrNoAPIKey)
	assert.Contains(t, err.Error(), "machines-get")
	assert.Zero(t, rt.count())
}

func TestFromEnv(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(file, []byte("from-file\n"), 0o600))
	for _, tc := range []struct {
		name            string
		key, file, url  string
		opts            []Option
		wantKey, wantAt string
		wantErr         string
	}{
		{name: "key", key: " from-env \n", file: file, wantKey: "from-env"},
		{name: "file", file: file, wantKey: "from-file"},
		{name: "blank key, file", key: " ", file: file, wantKey: "from-file"},
		{name: "url", key: "k", url: "https://gw.example.com/v1", wantKey: "k", wantAt: "gw.example.com"},
		{name: "no key", wantErr: "PAPERSPACE_API_KEY"},
		{name: "missing file", file: file + "x", wantErr: "PAPERSPACE_API_KEY_FILE"},
		{name: "control character", key: "se\x01cret", wantErr: "PAPERSPACE_API_KEY"},
		{name: "bad url", key: "k", url: "http://gw.example.com", wantErr: "PAPERSPACE_API_URL"},
		{name: "no key, WithAPIKey before FromEnv", opts: []Option{WithAPIKey("other")}, wantKey: "other"},
		{name: "key, WithAPIKey before FromEnv", key: "from-env", opts: []Option{WithAPIKey("other")}, wantKey: "from-env"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("PAPERSPACE_API_KEY", tc.key)
			t.Setenv("PAPERSPACE_API_KEY_FILE", tc.file)
			t.Setenv("PAPERSPACE_API_URL", tc.url)
			rt := play(reply(200, okMachine))
			c, err := NewClient(append(tc.opts, WithHTTPClient(&http.Client{Transport: rt}), FromEnv())...)
			if tc.wantErr != "" {
				require.ErrorContains(t, err, tc.wantErr)
				assert.NotContains(t, err.Error(), "cret")
				return
			}
			require.NoError(t, err)
			_, err = c.Machines.Get(t.Context(), "a")
			require.NoError(t, err)
			assert.Equal(t, "Bearer "+tc.wantKey, rt.requests[0].Header.Get("Authorization"))
			if tc.wantAt != "" {
				assert.Equal(t, tc.wantAt, rt.requests[0].URL.Host)
			}
		})
	}
	t.Run("no key, WithAPIKey after FromEnv", func(t *testing.T) {
		t.Setenv("PAPERSPACE_API_KEY", "")
		t.Setenv("PAPERSPACE_API_KEY_FILE", "")
		_, err := NewClient(FromEnv(), WithAPIKey("k"))
		require.NoError(t, err)
	})
}

func TestInvalidOptions(t *testing.T) {
	for name, opt := range map[string]Option{
		"WithHTTPClient":   WithHTTPClient(nil),
		"WithHook":         WithHook(nil),
		"WithRetryPolicy":  WithRetryPolicy(RetryPolicy{MaxAttempts: -1}),
		"option 1 of 1":    nil,
		"WithUserAgent":    WithUserAgent("a\nb"),
		"WithPollInterval": WithPollInterval(time.Minute, time.Second),
	} {
		_, err := NewClient(opt)
		var param *ParamError
		require.ErrorAs(t, err, &param, name)
		assert.Equal(t, name, param.Field)
	}
	_, err := NewClient(WithRetryPolicy(RetryPolicy{MinDelay: time.Minute, MaxDelay: time.Second}))
	assert.Error(t, err)
	for _, p := range []RetryPolicy{{MaxDelay: time.Millisecond}, {MinDelay: time.Hour}} {
		_, err := NewClient(WithRetryPolicy(p))
		assert.NoError(t, err, "a delay that is set adjusts the default of the other")
	}
}

func TestUserAgent(t *testing.T) {
	rt := play(reply(200, okMachine))
	for _, c := range []*Client{newTestClient(t, rt), newTestClient(t, rt, WithUserAgent("my-tool/1.2"))} {
		_, err := c.Machines.Get(t.Context(), "a")
		require.NoError(t, err)
	}
	assert.Equal(t, "paperspace-go/"+Version, rt.requests[0].Header.Get("User-Agent"))
	assert.Equal(t, "my-tool/1.2 paperspace-go/"+Version, rt.requests[1].Header.Get("User-Agent"))
}

func TestWith(t *testing.T) {
	rt := play(reply(200, okMachine))
	original := newTestClient(t, rt, WithUserAgent("a"))
	changed, err := original.With(WithAPIKey("other"), WithUserAgent("b"))
	require.NoError(t, err)
	for _, c := range []*Client{original, changed} {
		_, err := c.Machines.Get(t.Context(), "m")
		require.NoError(t, err)
	}
	assert.Equal(t, "Bearer "+testKey, rt.requests[0].Header.Get("Authorization"))
	assert.Equal(t, "Bearer other", rt.requests[1].Header.Get("Authorization"))
	assert.True(t, strings.HasPrefix(rt.requests[1].Header.Get("User-Agent"), "b "))

	_, err = original.With(WithAPIKey(""))
	assert.Error(t, err)

	first, err := NewClient()
	require.NoError(t, err)
	second, err := first.With(WithAPIKey("k"))
	require.NoError(t, err)
	assert.Same(t, first.config.httpClient.Transport, second.config.httpClient.Transport, "a copy shares the transport")
	third, err := NewClient()
	require.NoError(t, err)
	assert.Same(t, first.config.httpClient.Transport, third.config.httpClient.Transport, "clients without WithHTTPClient share a transport")
}

func TestCallersHTTPClientIsNotChanged(t *testing.T) {
	mine := &http.Client{Timeout: time.Second}
	c, err := NewClient(WithHTTPClient(mine))
	require.NoError(t, err)
	assert.Nil(t, mine.Transport)
	assert.Nil(t, mine.CheckRedirect)
	mine.Timeout = time.Hour
	assert.Equal(t, time.Second, c.config.httpClient.Timeout)
}

func TestDefaultTransport(t *testing.T) {
	c, err := NewClient()
	require.NoError(t, err)
	transport := c.config.httpClient.Transport.(*http.Transport)
	assert.NotSame(t, http.DefaultTransport, transport)
	assert.NotNil(t, transport.Proxy, "proxies from the environment are used")
	assert.NotNil(t, transport.DialContext)
	assert.Positive(t, transport.TLSHandshakeTimeout)
	assert.Zero(t, transport.ResponseHeaderTimeout, "AttemptTimeout covers it")
	assert.GreaterOrEqual(t, transport.MaxIdleConnsPerHost, 64)
	assert.Equal(t, 90*time.Second, transport.IdleConnTimeout)
	assert.Positive(t, transport.HTTP2.SendPingTimeout)
	assert.Positive(t, transport.HTTP2.PingTimeout)

	standard := http.DefaultTransport
	defer func() { http.DefaultTransport = standard }()
	rt := play(reply(200, okMachine))
	http.DefaultTransport = rt
	c, err = NewClient(WithAPIKey(testKey))
	require.NoError(t, err)
	_, err = c.Machines.Get(t.Context(), "a")
	require.NoError(t, err)
	assert.Equal(t, 1, rt.count(), "a replaced http.DefaultTransport is used unchanged")
	c.CloseIdleConnections()
}

// TestClientPrintsNoKey prints a client alone and inside other values.
func TestClientPrintsNoKey(t *testing.T) {
	c := newTestClient(t, play(reply(200, okMachine)))
	type holder struct {
		Exported *Client
		Value    Client
		hidden   *Client
		copied   Client
		machines MachinesService
	}
	h := holder{c, *c, c, *c, *c.Machines}
	var out strings.Builder
	for _, v := range []any{c, *c, h, &h, []any{c, *c}, map[string]any{"c": *c}, c.Machines, *c.Machines, c.transport, *c.transport} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		b, _ := json.Marshal(v)
		out.Write(b)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
	}
	assert.NotContains(t, out.String(), testKey)
	assert.NotContains(t, out.String(), fmt.Sprintf("%x", testKey))
	assert.Contains(t, c.String(), DefaultBaseURL)
	assert.Equal(t, c.String(), fmt.Sprintf("%+v", *c))
}

func TestBaseURLNeedsTheVersion(t *testing.T) {
	for _, bad := range []string{"https://api.paperspace.com", "https://API.paperspace.com/", "https://api.paperspace.com/v2"} {
		_, err := NewClient(WithBaseURL(bad))
		assert.ErrorContains(t, err, "must be https://api.paperspace.com/v1 on that host", bad)
	}
	for _, good := range []string{"https://api.paperspace.com/v1", "https://api.paperspace.com/v1/", "https://proxy.example.com/paperspace"} {
		_, err := NewClient(WithBaseURL(good))
		assert.NoError(t, err, good)
	}
}

// Fields that a policy does not set keep their value, in a client's copy and in a call.
func TestRetryPoliciesMerge(t *testing.T) {
	c, err := NewClient(WithAPIKey("k"), WithRetryPolicy(RetryPolicy{AttemptTimeout: 5 * time.Minute, MaxRetryAfter: time.Hour, MinDelay: time.Second}))
	require.NoError(t, err)
	copied, err := c.With(WithRetryPolicy(RetryPolicy{MaxAttempts: 7}), WithRetryPolicy(RetryPolicy{MaxDelay: 100 * time.Millisecond}))
	require.NoError(t, err)
	assert.Equal(t, RetryPolicy{
		MaxAttempts: 7, MinDelay: 100 * time.Millisecond, MaxDelay: 100 * time.Millisecond, MaxRetryAfter: time.Hour, AttemptTimeout: 5 * time.Minute,
	}, copied.config.retry)

	options, err := machinesGet.configure([]RequestOption{
		WithRetryPolicy(RetryPolicy{MaxAttempts: 1}), WithRetryPolicy(RetryPolicy{MaxDelay: time.Minute}),
	})
	require.NoError(t, err)
	policy := c.config.transportPolicy(c.config.retry.with(*options.retry))
	assert.Equal(t, 1, policy.MaxAttempts)
	assert.Equal(t, 5*time.Minute, policy.AttemptTimeout)
	assert.Equal(t, time.Second, policy.MinDelay)
	assert.Equal(t, time.Minute, policy.MaxDelay)
}
