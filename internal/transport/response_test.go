package transport

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

func TestResponseBodies(t *testing.T) {
	const bound = 1 << 20 // of newClient
	for _, tc := range []struct {
		name   string
		step   step
		body   string
		reason string // of the failure, if any
	}{
		{"plain", reply(200, `{"a":1}`), `{"a":1}`, ""},
		{"a byte order mark", reply(200, "\uFEFF"+`{"a":1}`), `{"a":1}`, ""},
		{"a byte order mark in an error", reply(400, "\uFEFF"+`{"a":1}`), `{"a":1}`, ""},
		{"gzip", reply(200, gzipped(`{"a":1}`), "Content-Encoding: gzip"), `{"a":1}`, ""},
		{"GZIP in an error", reply(400, gzipped(`{"a":1}`), "Content-Encoding: GZIP"), `{"a":1}`, ""},
		{"gzip with a byte order mark", reply(200, gzipped("\uFEFF{}"), "Content-Encoding: x-gzip"), `{}`, ""},
		{"gzip of nothing", reply(204, "", "Content-Encoding: gzip"), "", ""},
		{"not gzip", reply(200, `{"name":"no gzip"}`, "Content-Encoding: gzip"), "", "gzip"},
		{"truncated gzip", reply(200, gzipped(strings.Repeat("a", 1000))[:20], "Content-Encoding: gzip"), "", "connection closed"},
		{"not gzip, in an error", reply(400, `{"name":"no gzip"}`, "Content-Encoding: gzip"), "", ""},
		{"at the bound", reply(200, strings.Repeat("a", bound)), strings.Repeat("a", bound), ""},
		{"above the bound", reply(200, strings.Repeat("a", bound+1)), "", "body too large"},
		{"a gzip bomb", reply(200, gzipped(strings.Repeat("a", 50<<20)), "Content-Encoding: gzip"), "", "body too large"},
		{"a gzip bomb in an error", reply(400, gzipped(strings.Repeat("a", 50<<20)), "Content-Encoding: gzip"), strings.Repeat("a", maxErrorBody), ""},
		{"a long error", reply(400, strings.Repeat("a", bound)), strings.Repeat("a", maxErrorBody), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			call := newCall(neither, "{}")
			res, err := newClient(t, play(tc.step), "https://api.example.com").Do(t.Context(), call)
			if tc.reason != "" {
				require.Error(t, err)
				assert.Equal(t, tc.reason, reason(err), "%v", err)
				assert.True(t, res.OutcomeUnknown)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tc.body, string(res.Body))
			assert.Empty(t, res.Header.Get("Content-Encoding"))
		})
	}
}

// A RoundTripper may return the same header for several responses.
func TestHeaderOfAResponseIsNotChanged(t *testing.T) {
	header := http.Header{"Content-Encoding": {"gzip"}}
	rt := roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: header, Body: io.NopCloser(strings.NewReader(gzipped("{}"))), Request: r}, nil
	})
	for range 2 {
		res, err := newClient(t, rt, "https://api.example.com").Do(t.Context(), newCall(safe, ""))
		require.NoError(t, err)
		assert.Equal(t, "{}", string(res.Body))
	}
}

// A slow body of a failed response delays the call by a limited time only.
func TestFailedResponseWithASlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(r *http.Request) (*http.Response, error) {
			resp, _ := reply(429, "", "Retry-After: 1")(r)
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader("slow down"), readerFunc(func([]byte) (int, error) {
				<-r.Context().Done()
				return 0, r.Context().Err()
			})))
			return resp, nil
		}
		start := time.Now()
		res, err := newClient(t, play(slow, reply(200, "{}")), "https://api.example.com").Do(t.Context(), newCall(neither, "{}"))
		require.NoError(t, err)
		assert.Equal(t, 200, res.StatusCode)
		assert.Equal(t, maxErrorRead+time.Second, time.Since(start))
	})
}

func TestRequestID(t *testing.T) {
	assert.Equal(t, "r", RequestID(http.Header{"X-Request-Id": {"r"}, "Cf-Ray": {"c"}}))
	assert.Equal(t, "c", RequestID(http.Header{"Cf-Ray": {"c"}}))
	assert.Equal(t, "r\ufffd", RequestID(http.Header{"X-Request-Id": {"r\xff"}}))
	assert.Empty(t, RequestID(nil))
}
