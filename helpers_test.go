package paperspace

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
)

const testKey = "test-key-4711"

// step responds to one request.
type step func(*http.Request) (*http.Response, error)

// script is a RoundTripper that takes one step per request, and repeats the last step.
type script struct {
	mu       sync.Mutex
	steps    []step
	requests []*http.Request
	bodies   []string
}

// play returns a script of the steps.
func play(steps ...step) *script { return &script{steps: steps} }

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	body := ""
	if r.Body != nil {
		b, _ := io.ReadAll(r.Body)
		_ = r.Body.Close()
		body = string(b)
	}
	next := s.steps[min(len(s.requests), len(s.steps)-1)]
	s.requests, s.bodies = append(s.requests, r), append(s.bodies, body)
	s.mu.Unlock()
	return next(r)
}

// count returns the number of requests so far.
func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// reply responds with a status, a body and header lines such as "Retry-After: 2".
func reply(status int, body string, header ...string) step {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{}
		for _, line := range header {
			name, value, _ := strings.Cut(line, ": ")
			h.Add(name, value)
		}
		return &http.Response{
			StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)),
			ContentLength: int64(len(body)), Request: r,
		}, nil
	}
}

// refuse responds with the API's own error for the status.
func refuse(status int) step {
	for code, known := range codes {
		if known.status == status {
			return reply(status, fmt.Sprintf(`{"message":"refused","code":%q}`, code))
		}
	}
	panic(fmt.Sprintf("the API has no code for %d", status))
}

// fail returns a transport error.
func fail(err error) step {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// hang blocks until the request's context ends.
func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func newTestClient(t testing.TB, rt http.RoundTripper, opts ...Option) *Client {
	t.Helper()
	c, err := NewClient(append([]Option{WithAPIKey(testKey), WithHTTPClient(&http.Client{Transport: rt})}, opts...)...)
	require.NoError(t, err)
	return c
}

var update = flag.Bool("update", false, "write the figures that tests count to TESTING.md")

// assertStated asserts that TESTING.md has a sentence with the figures that a test has counted. Each %s of the sentence
// stands for a figure.
func assertStated(t *testing.T, sentence string, figures ...int) {
	t.Helper()
	page, err := os.ReadFile("TESTING.md")
	require.NoError(t, err)
	pattern := strings.ReplaceAll(regexp.QuoteMeta(sentence), "%s", "([0-9,]*[0-9])")
	stated := regexp.MustCompile(strings.ReplaceAll(pattern, " ", `\s+`)).FindSubmatchIndex(page)
	require.NotNil(t, stated, "TESTING.md has no sentence %q", sentence)
	for i, n := range slices.Backward(figures) {
		want := strconv.Itoa(n)
		for i := len(want) - 3; i > 0; i -= 3 {
			want = want[:i] + "," + want[i:]
		}
		start, end := stated[2*i+2], stated[2*i+3]
		if got := string(page[start:end]); got != want && !*update {
			t.Errorf("TESTING.md states %s, but it is %s now; run: go test -run Fault . -update", got, want)
		}
		page = slices.Replace(page, start, end, []byte(want)...)
	}
	if *update {
		require.NoError(t, os.WriteFile("TESTING.md", page, 0o644))
	}
}

const okMachine = `{"id":"psm9u09bwu5i","name":"trainer","state":"ready"}`

func readJSON(r *http.Request, v any) error { return json.NewDecoder(r.Body).Decode(v) }

// decode decodes a response. An odd value is an error.
func decode(data []byte, out any) error {
	odd, err := decodeResponse(data, out)
	if err == nil && len(odd) > 0 {
		err = fmt.Errorf("odd: %v", odd)
	}
	return err
}

// pages serves a list. Each page has its items and the cursor of the next page; "" means the last.
type pages map[string]struct {
	items string
	next  string
	more  bool
}

func (p pages) step(r *http.Request) (*http.Response, error) {
	page, ok := p[r.URL.Query().Get("after")]
	if !ok {
		return reply(400, `{"message":"no such cursor","code":"BAD_REQUEST"}`)(r)
	}
	var items []string
	for _, id := range strings.Fields(page.items) {
		items = append(items, fmt.Sprintf(`{"id":%q}`, id))
	}
	return reply(200, fmt.Sprintf(`{"items":[%s],"hasMore":%t,"nextPage":%q}`, strings.Join(items, ","), page.more, page.next))(r)
}

func ids(machines []Machine) string {
	var s []string
	for _, m := range machines {
		s = append(s, m.ID)
	}
	return strings.Join(s, " ")
}

// page returns the last page of a list, with the item.
func page(item string) string { return `{"hasMore":false,"items":[` + item + `]}` }

var errBroken = errors.New("connection broken")

// failUnsent fails as net/http does when it gets no connection.
func failUnsent(r *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil {
		trace.GetConn("api.paperspace.com:443")
	}
	return nil, errBroken
}

// failSent fails as net/http does when the connection breaks after the request was written.
func failSent(r *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil {
		trace.GetConn("api.paperspace.com:443")
		trace.GotConn(httptrace.GotConnInfo{})
	}
	return nil, errBroken
}

// cutBody responds with a body that ends early.
func cutBody(r *http.Request) (*http.Response, error) {
	resp, _ := reply(200, "")(r)
	resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"id":"a`), failingReader{}))
	return resp, nil
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// checkCall calls a method, and checks its request and that the response matches the contract.
func checkCall[T any](t *testing.T, operation, method, uri, response string, call func(*Client) (T, error)) T {
	t.Helper()
	assert.Empty(t, contract.Lookup(operation).Response.CheckJSON([]byte(response)))
	rt := play(reply(200, response))
	got, err := call(newTestClient(t, rt))
	require.NoError(t, err)
	assert.Equal(t, method, rt.requests[0].Method)
	assert.Equal(t, "/v1"+uri, rt.requests[0].URL.RequestURI())
	return got
}

// lastRequest returns the query and body of the last request, and fails the test if they do not match the contract.
func lastRequest(t *testing.T, s *script, id string) (query url.Values, body string) {
	t.Helper()
	require.NotEmpty(t, s.requests, "no request was sent")
	r, body := s.requests[len(s.requests)-1], s.bodies[len(s.bodies)-1]
	op, path, _ := contract.Match(r.Method, strings.TrimPrefix(r.URL.EscapedPath(), "/v1"))
	require.NotNil(t, op, "%s %s", r.Method, r.URL)
	require.Equal(t, id, op.ID)
	query = r.URL.Query()
	assert.Empty(t, op.CheckPath(path))
	assert.Empty(t, op.CheckQuery(query))
	if op.Request == nil {
		assert.Empty(t, body)
		assert.Empty(t, r.Header.Values("Content-Type"))
	} else {
		assert.Empty(t, op.Request.CheckJSON([]byte(body)))
	}
	return query, body
}

// conformingReply replies with a response, and fails the test if it does not match the contract.
func conformingReply(t *testing.T, id, response string) step {
	t.Helper()
	require.Empty(t, contract.Lookup(id).Response.CheckJSON([]byte(response)), id)
	return reply(http.StatusOK, response)
}

// assertRefused asserts that the call fails before anything is sent, with a ParamError for the field.
func assertRefused(t *testing.T, id, field string, call func(*Client) error) {
	t.Helper()
	rt := play(reply(http.StatusOK, `{}`))
	err := call(newTestClient(t, rt))
	e, ok := errors.AsType[*ParamError](err)
	require.True(t, ok, "%s %s: %v", id, field, err)
	assert.Equal(t, [2]string{id, field}, [2]string{e.Endpoint, e.Field}, e.Error())
	assert.Zero(t, rt.count(), "%s %s", id, field)
}
