package paperspace

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const testKey = "test-key-4711"

// step answers one request.
type step func(*http.Request) (*http.Response, error)

// script is a RoundTripper that answers one request after the other, and the last step's way from then on.
type script struct {
	mu       sync.Mutex
	steps    []step
	requests []*http.Request
	bodies   []string
}

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

func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// reply answers with a status, a body and header lines such as "Retry-After: 2".
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

// refuse responds with the API's own error of a status.
func refuse(status int) step {
	for code, known := range codes {
		if known.status == status {
			return reply(status, fmt.Sprintf(`{"message":"refused","code":%q}`, code))
		}
	}
	panic(fmt.Sprintf("the API has no code for %d", status))
}

// fail answers with a transport error.
func fail(err error) step {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// hang answers when the request's context ends.
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

// assertStated asserts that the README states the figures that a test has counted.
func assertStated(t *testing.T, format string, figures ...int) {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var texts []any
	for _, n := range figures {
		text := strconv.Itoa(n)
		for i := len(text) - 3; i > 0; i -= 3 {
			text = text[:i] + "," + text[i:]
		}
		texts = append(texts, text)
	}
	sentence := fmt.Sprintf(format, texts...)
	assert.True(t, strings.Contains(strings.Join(strings.Fields(string(readme)), " "), sentence), "README.md does not state: %s", sentence)
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
