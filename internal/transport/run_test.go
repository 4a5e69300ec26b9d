package transport

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keepingJar is a cookie jar that keeps the URLs that it is called with.
type keepingJar struct{ urls []*url.URL }

func (j *keepingJar) SetCookies(u *url.URL, _ []*http.Cookie) { j.urls = append(j.urls, u) }
func (j *keepingJar) Cookies(u *url.URL) (cookies []*http.Cookie) {
	j.urls = append(j.urls, u)
	return nil
}

// The memory of a call is reused for the next one, unless a cookie jar or a redirect policy has seen the request and
// may have kept it.
func TestRequestsThatOthersSawAreNotReused(t *testing.T) {
	base, err := url.Parse("https://api.example.com/v1")
	require.NoError(t, err)
	rt := roundTripper(func(r *http.Request) (*http.Response, error) {
		if name, isOld := strings.CutPrefix(r.URL.Path, "/v1/old/"); isOld {
			return reply(http.StatusFound, "", "Location: /v1/new/"+name)(r)
		}
		return reply(http.StatusOK, "{}")(r)
	})
	var vias []*http.Request
	jar := new(keepingJar)
	policy := func(_ *http.Request, via []*http.Request) error { vias = append(vias, via[0]); return nil }
	for name, hc := range map[string]*http.Client{
		"nobody":            {Transport: rt},
		"a cookie jar":      {Transport: rt, Jar: jar},
		"a redirect policy": {Transport: rt, CheckRedirect: policy},
	} {
		c := newClient(t, rt, base.String())
		c.HTTP = NewHTTPClient(hc, base)
		for _, path := range []string{"/old/a", "/old/b", "/old/c"} {
			call := newCall(safe, "")
			call.Endpoint.ID, call.Request.Path, call.Request.EscapedPath = path, path, path
			call.Request.Header = http.Header{"X-Path": {path}}
			res, err := c.Do(context.WithValue(t.Context(), keptKey{}, path), call)
			require.NoError(t, err, name)
			res.Release()
		}
	}
	require.Len(t, vias, 3)
	for i, via := range vias {
		path := []string{"/old/a", "/old/b", "/old/c"}[i]
		assert.Equal(t, "/v1"+path, via.URL.Path)
		assert.Equal(t, http.Header{"X-Path": {path}}, via.Header)
		assert.Equal(t, path, via.Context().Value(keptKey{}))
		endpoint, _, _, ok := FromContext(via.Context())
		assert.True(t, ok)
		assert.Equal(t, path, endpoint.ID)
	}
	var paths []string
	for _, u := range jar.urls {
		paths = append(paths, u.Path)
	}
	assert.Equal(t, []string{"/v1/old/a", "/v1/new/a", "/v1/old/b", "/v1/new/b", "/v1/old/c", "/v1/new/c"}, paths)
}

type keptKey struct{}

// A call that reuses the memory of another one starts with none of its state.
func TestCallsDoNotShareState(t *testing.T) {
	rt := play(reply(503, "busy", "X-Request-Id: first"), reply(200, `{"first":1}`, "X-Request-Id: second"), fail(errBroken), reply(200, ""))
	c := newClient(t, rt, "https://api.example.com")
	call := newCall(safe, "")
	call.Request.Query, call.Request.Header = "q=1", http.Header{"X-First": {"1"}}
	res, err := c.Do(t.Context(), call)
	require.NoError(t, err)
	assert.Len(t, res.Attempts, 2)
	res.Release()
	assert.Nil(t, res.Body)
	assert.Empty(t, res.Attempts)

	once := quick
	once.MaxAttempts = 1
	call = newCall(neither, "{}")
	call.Policy = &once
	res, err = c.Do(t.Context(), call)
	require.ErrorIs(t, err, errBroken)
	assert.Len(t, res.Attempts, 1)
	assert.Nil(t, res.Header)
	assert.Nil(t, res.Body)
	assert.True(t, res.OutcomeUnknown)
	res.Release()

	res, err = c.Do(t.Context(), newCall(safe, ""))
	require.NoError(t, err)
	assert.Len(t, res.Attempts, 1)
	assert.Empty(t, res.Body)
	assert.False(t, res.OutcomeUnknown)
	res.Release()
	last := rt.requests[len(rt.requests)-1]
	assert.Empty(t, last.URL.RawQuery)
	assert.NotContains(t, last.Header, "X-First")
	assert.Nil(t, last.Body)
}
