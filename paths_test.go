package paperspace

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// hostileIDs are ids that could change a path.
var hostileIDs = []string{
	"a/b", "/", "//", "a?b=c", "a#b", "%", "a%b", "%2f", "a%2Fb", "%2e", "%2e%2e", ".%2e", "%252e%252e", "../..", "..\\..",
	"a/../b", "...", "..;", ";a=b", "a;b", "a b", " ", "+", "a+b", "a&b=c", "a=b", "a:b", "a@b", "@host/", "http://other.example.com/",
	"\\", "\n", "a\nb", "a\r\nX-Evil: 1", "\t", "\x00", "\x7f", "\xff\xfe", "ä", "日本語", "🦀", "\u202e", "\ufeff", "\u2025", "．．",
	"null", "utilisation", "{id}", "{", "}", "*", "'", "\"", "<>", "|", "^", "`", "~", "-", "_", "$", ",", "!", strings.Repeat("x", 5000),
}

// Any id reaches the server as one path segment and decodes to the same id. The path of the base URL precedes it.
func TestHostileIDs(t *testing.T) {
	var got *http.Request
	var response []byte
	srv := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		_, _ = w.Write(response)
	})
	bases := []string{"/v1", "", "/", "/sub/path/v1/", "/a%2Fb/v1", "/with space/%C3%A4/%25"}
	calls := 0
	eachEndpoint(t, func(t *testing.T, m conformingMethod) {
		count := len(m.keys())
		if count == 0 {
			return
		}
		response = m.response(t)
		params := m.minimal(t)
		for b, base := range bases {
			client := socketClient(t, srv.URL+strings.ReplaceAll(base, " ", "%20"))
			for i, id := range hostileIDs {
				if b > 0 && i%len(bases) != b { // a sample of the combinations
					continue
				}
				keys := []string{id, "second"}[:count]
				if i%2 == 1 && count == 2 {
					keys = []string{"first", id}
				}
				got = nil
				_, err := m.callWithKeys(t.Context(), client, keys, params)
				require.NoError(t, err, "%q", keys)
				calls++
				prefix := strings.TrimRight(strings.ReplaceAll(base, " ", "%20"), "/")
				path, query, _ := strings.Cut(got.RequestURI, "?")
				rest, isBelow := strings.CutPrefix(path, prefix)
				require.True(t, isBelow, "%q is not below %q", path, prefix)
				template := strings.Split(m.op.Path, "/")
				segments := strings.Split(rest, "/")
				require.Len(t, segments, len(template), "%q", path)
				var arrived []string
				for i, segment := range segments {
					if !strings.HasPrefix(template[i], "{") {
						assert.Equal(t, template[i], segment)
						continue
					}
					value, err := url.PathUnescape(segment)
					require.NoError(t, err)
					arrived = append(arrived, value)
					assert.NotContains(t, []string{".", ".."}, segment)
				}
				assert.Equal(t, keys, arrived)
				assert.Equal(t, m.op.Method, got.Method)
				assert.Empty(t, got.Header.Get("X-Evil"))
				for name := range got.URL.Query() {
					assert.True(t, m.op.Request == nil && m.requestSchema().Field(name) != nil, "%q in %q", name, query)
				}
			}
		}
	})
	t.Logf("%d calls", calls)
}

// An id that would make the path ambiguous is refused, and nothing is sent.
func TestRefusedIDs(t *testing.T) {
	refusals := 0
	eachEndpoint(t, func(t *testing.T, m conformingMethod) {
		for i := range m.keys() {
			ids := []string{"", ".", ".."}
			if m.op.Path == "/storage-providers/{id}" {
				ids = append(ids, "utilization")
			}
			for _, id := range ids {
				keys := []string{"first", "second"}[:len(m.keys())]
				keys[i] = id
				rt := play(reply(200, string(m.response(t))))
				_, err := m.callWithKeys(t.Context(), newTestClient(t, rt), keys, m.minimal(t))
				e, ok := errors.AsType[*ParamError](err)
				if assert.True(t, ok, "%q: %v", id, err) {
					assert.Equal(t, m.op.ID, e.Endpoint)
					assert.Contains(t, m.op.Path, "{"+e.Field+"}")
				}
				assert.Zero(t, rt.count())
				refusals++
			}
		}
	})
	t.Logf("%d refusals", refusals)
}

// Do accepts an escaped path, and refuses one that leads outside the base URL.
func TestHostilePathsOfDo(t *testing.T) {
	const base = "https://api.example.com/sub/v1"
	for _, path := range []string{
		"", "x", "//other.example.com/x", "https://other.example.com/x", "/..", "/../x", "/a/..", "/a/../b", "/.", "/a/./b",
		"/%2e%2e/x", "/a/%2E%2e", "/..%2f..", "/a%2f..%2fb", "/a\\..\\b", "/..%5c..", "/%2e", "/a?b", "/a?", "/a#b", "/a#", "/%", "/%zz",
		"/a\nb", "/\x00", "/\x7f", "@other.example.com/", ":80/x", "?x", "#x", "\\x", "/\\..",
	} {
		rt := play(reply(200, "{}"))
		err := newTestClient(t, rt, WithBaseURL(base)).Do(t.Context(), Request{Method: "GET", Path: path}, nil)
		assert.Error(t, err, "%q", path)
		assert.Zero(t, rt.count(), "%q", path)
	}
	for path, want := range map[string]string{
		"/a": "/sub/v1/a", "/a%2Fb": "/sub/v1/a%2Fb", "/a//b": "/sub/v1/a//b", "/a/": "/sub/v1/a/", "/a b": "/sub/v1/a%20b",
		"/ä": "/sub/v1/%C3%A4", "/...": "/sub/v1/...", "/a%3Fb%23c": "/sub/v1/a%3Fb%23c", "/%25": "/sub/v1/%25", "/@x:y": "/sub/v1/@x:y",
	} {
		rt := play(reply(200, "{}"))
		require.NoError(t, newTestClient(t, rt, WithBaseURL(base)).Do(t.Context(), Request{Method: "GET", Path: path}, nil), "%q", path)
		assert.Equal(t, "https://api.example.com"+want, rt.requests[0].URL.String())
	}
}

// No id can turn one path of the contract into another, not even into one with another method.
func TestPathsOfTheContractAreDistinct(t *testing.T) {
	for _, op := range contract.Endpoints() {
		for _, other := range contract.Endpoints() {
			if op.Path == other.Path {
				continue
			}
			a, b := strings.Split(op.Path, "/"), strings.Split(other.Path, "/")
			fits := len(a) == len(b)
			for i := 0; fits && i < len(a); i++ {
				fits = a[i] == b[i] || strings.HasPrefix(a[i], "{")
			}
			if fits {
				assert.Equal(t, "/storage-providers/{id} /storage-providers/utilization", op.Path+" "+other.Path,
					"these paths can be confused: refuse the id in expand, or expect the pair here")
			}
		}
	}
}
