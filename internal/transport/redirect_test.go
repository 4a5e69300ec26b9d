package transport

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSameOrigin(t *testing.T) {
	base := "https://api.example.com/v1"
	for other, want := range map[string]bool{
		"https://api.example.com/other":   true,
		"https://API.example.com:443/":    true,
		"https://api.example.com:8443/":   false,
		"http://api.example.com/":         false,
		"https://example.com/":            false,
		"https://api.example.com.evil.x/": false,
	} {
		a, err := url.Parse(base)
		require.NoError(t, err)
		b, err := url.Parse(other)
		require.NoError(t, err)
		assert.Equal(t, want, sameOrigin(a, b), other)
	}
}

func TestRedirects(t *testing.T) {
	var reached []string
	record := func(name string) http.HandlerFunc {
		return func(_ http.ResponseWriter, r *http.Request) {
			reached = append(reached, strings.TrimSpace(name+" "+r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")))
		}
	}
	other := httptest.NewServer(record("other"))
	defer other.Close()
	var location string
	status := http.StatusTemporaryRedirect
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			record("home")(w, r)
			return
		}
		w.Header().Set("Location", location)
		w.WriteHeader(status)
	}))
	defer home.Close()
	port := home.URL[strings.LastIndex(home.URL, ":"):]
	for _, tc := range []struct {
		name, to string
		class    class
		body     string
		followed bool
	}{
		{"a read within the origin", "/moved", safe, "", true},
		{"a read within the origin, by its URL", home.URL + "/moved", safe, "", true},
		{"a read to another host", other.URL + "/moved", safe, "", false},
		{"a read to another name of the host", "http://localhost" + port + "/moved", safe, "", false},
		{"a read to another scheme", strings.Replace(home.URL, "http", "https", 1) + "/moved", safe, "", false},
		{"a read in a ring", "/again", safe, "", false},
		{"a write within the origin", "/moved", neither, "{}", false},
		{"a write without a body", "/moved", neither, "", false},
		{"a delete within the origin", "/moved", idempotent, "", false},
		{"a write to another host", other.URL + "/moved", neither, "{}", false},
	} {
		for _, status = range []int{301, 302, 303, 307, 308} {
			t.Run(tc.name, func(t *testing.T) {
				reached, location = nil, tc.to
				res, err := newClient(t, http.DefaultTransport, home.URL).Do(t.Context(), newCall(tc.class, tc.body))
				require.NoError(t, err)
				assert.Len(t, res.Attempts, 1)
				if tc.followed {
					assert.Equal(t, []string{"home GET /moved " + key}, reached)
					return
				}
				assert.Equal(t, status, res.StatusCode)
				assert.Empty(t, reached)
				assert.Equal(t, tc.class.write, res.OutcomeUnknown)
			})
		}
	}
	status = http.StatusFound
	t.Run("a Location that cannot be read", func(t *testing.T) {
		location = "http://[::1"
		res, err := newClient(t, http.DefaultTransport, home.URL).Do(t.Context(), newCall(safe, ""))
		require.EqualError(t, err, "the Location of a redirect cannot be read")
		assert.Len(t, res.Attempts, 1)
	})
	t.Run("a policy of the caller's own", func(t *testing.T) {
		base, err := url.Parse(home.URL)
		require.NoError(t, err)
		do := func(policy func(*http.Request, []*http.Request) error) (*Result, error) {
			reached, location = nil, "/moved"
			c := newClient(t, http.DefaultTransport, home.URL)
			c.HTTP = NewHTTPClient(&http.Client{CheckRedirect: policy}, base)
			return c.Do(t.Context(), newCall(safe, ""))
		}
		no := errors.New("not with me")
		res, err := do(func(*http.Request, []*http.Request) error { return no })
		require.ErrorIs(t, err, no)
		assert.Len(t, res.Attempts, 1, "it is final")

		res, err = do(func(r *http.Request, via []*http.Request) error {
			assert.Empty(t, via[0].Header.Get("Authorization"), "the policy must not see the key")
			r.URL.Host = strings.TrimPrefix(other.URL, "http://")
			return nil
		})
		require.NoError(t, err)
		assert.Equal(t, status, res.StatusCode)
		assert.Empty(t, reached, "the policy must not redirect to another host")
	})
}

// Each request of an attempt has its own guard: the request after a redirect is not the first one sent again.
func TestRedirectOverHTTP2(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/moved" {
			http.Redirect(w, r, "/moved", http.StatusFound)
		}
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	res, err := newClient(t, srv.Client().Transport, srv.URL).Do(t.Context(), newCall(safe, ""))
	require.NoError(t, err)
	assert.Equal(t, 200, res.StatusCode)
	assert.Len(t, res.Attempts, 1)
}

// The headers of AddHeaders are sent with each request within the origin, and nowhere else.
func TestAddedHeadersAndRedirects(t *testing.T) {
	var traces []string
	record := func(_ http.ResponseWriter, r *http.Request) {
		traces = append(traces, r.Host+" "+r.URL.Path+" "+r.Header.Get("Traceparent"))
	}
	other := httptest.NewServer(http.HandlerFunc(record))
	defer other.Close()
	var location string
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		record(w, r)
		if r.URL.Path == "/things/a" {
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusFound)
		}
	}))
	defer home.Close()
	host := strings.TrimPrefix(home.URL, "http://")
	for to, want := range map[string][]string{
		"/moved":             {host + " /things/a 00-1", host + " /moved 00-1"},
		other.URL + "/moved": {host + " /things/a 00-1"},
	} {
		location, traces = to, nil
		c := newClient(t, http.DefaultTransport, home.URL)
		calls := 0
		c.AddHeaders = func(_ context.Context, h http.Header) error {
			calls++
			h.Set("Traceparent", "00-1")
			return nil
		}
		res, err := c.Do(t.Context(), newCall(safe, ""))
		require.NoError(t, err)
		res.Release()
		assert.Equal(t, want, traces)
		assert.Equal(t, 1, calls, "calls of AddHeaders in one attempt")
	}
}
