package paperspace

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/url"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
	"github.com/paperspace-go/paperspace/internal/transport"
)

// Each fuzz target checks that input from outside causes no panic, no hang and no disproportionate memory use. The
// seeds are in testdata/fuzz and run with every go test; .ci/fuzz generates more.

// assertBounded runs f and asserts that its time, and its memory relative to the size of the input, are bounded.
func assertBounded(t *testing.T, input int, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	f()
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	if took > 30*time.Second {
		t.Errorf("took %s", took)
	}
	if used, most := after.TotalAlloc-before.TotalAlloc, uint64(4<<20+200*input); used > most {
		t.Errorf("allocated %d bytes for %d bytes of input", used, input)
	}
}

// caseByIndex returns a function that maps a fuzzed number to one of the suitable endpoints.
func caseByIndex(f *testing.F, suits func(conformingMethod) bool) func(uint8) faultyCase {
	methods := allMethods(f)
	var cases []faultyCase
	for _, op := range contract.Endpoints() {
		if m := methods[op.ID]; suits(m) {
			cases = append(cases, faultyCase{conformingMethod: m, params: m.minimal(f)})
		}
	}
	return func(index uint8) faultyCase { return cases[int(index)%len(cases)] }
}

var once = WithRetryPolicy(RetryPolicy{MaxAttempts: 1})

// A call with a 200 response returns a result or an error, never both and never neither.
func FuzzResponse(f *testing.F) {
	operation := caseByIndex(f, func(conformingMethod) bool { return true })
	f.Fuzz(func(t *testing.T, index uint8, body []byte) {
		c := operation(index)
		client := newTestClient(t, play(reply(http.StatusOK, string(body))), once)
		assertBounded(t, len(body), func() {
			result, err := c.call(t.Context(), client, c.params)
			v := reflect.ValueOf(result)
			if isNil := v.Kind() == reflect.Pointer && v.IsNil() || v.Kind() == reflect.Slice && v.IsNil(); isNil && err == nil {
				t.Errorf("%s: neither a result nor an error", c.op.ID)
			}
			if err == nil {
				_, err = json.Marshal(result)
				require.NoError(t, err, "encoding the decoded result")
				return
			}
			assert.LessOrEqual(t, len(err.Error()), 4<<10+len(body)*8)
		})
	})
}

// A failed call returns an *Error with a status, code and message that are safe to print.
func FuzzError(f *testing.F) {
	f.Fuzz(func(t *testing.T, status uint16, body []byte) {
		code := 100 + int(status)%900
		if code/100 == 2 || code == 101 {
			code = 400
		}
		client := newTestClient(t, play(reply(code, string(body))), once)
		assertBounded(t, len(body), func() {
			_, err := client.Machines.Get(context.Background(), "a")
			e, ok := errors.AsType[*Error](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, code, e.StatusCode)
			assert.LessOrEqual(t, len(e.Body), maxErrorBody)
			assert.Contains(t, err.Error(), "machines-get")
			_, err = json.Marshal(e)
			assert.NoError(t, err)
			if errors.Is(e, ErrNotFound) {
				assert.NotEmpty(t, e.Message, "ErrNotFound without a message from the API")
			}
		})
	})
}

// A Retry-After is a positive delay or nothing, and never overflows.
func FuzzRetryAfter(f *testing.F) {
	f.Fuzz(func(t *testing.T, value string) {
		now := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
		assertBounded(t, len(value), func() {
			delay, ok := transport.RetryAfter(http.Header{"Retry-After": {value}}, now)
			assert.GreaterOrEqual(t, delay, time.Duration(0))
			if !ok {
				assert.Zero(t, delay)
			}
		})
	})
}

// A list with fuzzed cursors ends, and sends each cursor once.
func FuzzCursors(f *testing.F) {
	f.Fuzz(func(t *testing.T, cursors string) {
		pages := strings.Split(cursors, "|")
		if len(pages) > 1000 {
			return
		}
		requests := 0
		sent := map[string]bool{}
		client := newTestClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			after := r.URL.Query().Get("after")
			assert.False(t, sent[after], "%q is sent twice", after)
			sent[after] = true
			next := pages[requests%len(pages)]
			requests++
			page, err := json.Marshal(map[string]any{"items": []any{map[string]any{"id": next}}, "hasMore": next != "end", "nextPage": next})
			require.NoError(t, err)
			return reply(http.StatusOK, string(page))(r)
		}), once)
		items := 0
		assertBounded(t, 100*len(cursors), func() {
			for _, err := range client.Machines.All(context.Background(), MachineListParams{}) {
				if err == nil {
					items++
				}
			}
		})
		assert.Equal(t, requests, items)
		assert.LessOrEqual(t, requests, len(pages)+1)
	})
}

// Each id reaches the server as one path segment, or is refused.
func FuzzPathSegment(f *testing.F) {
	operation := caseByIndex(f, func(m conformingMethod) bool { return strings.Contains(m.op.Path, "{") })
	f.Fuzz(func(t *testing.T, index uint8, first, second string) {
		c := operation(index)
		keys := []string{first, second}[:len(c.keys())]
		rt := play(reply(http.StatusBadRequest, ""))
		client := newTestClient(t, rt, once, WithBaseURL("https://api.example.com/a%2Fb/v1"))
		var err error
		assertBounded(t, len(first)+len(second), func() { _, err = c.callWithKeys(t.Context(), client, keys, c.params) })
		if _, refused := errors.AsType[*ParamError](err); refused {
			assert.Zero(t, rt.count())
			for _, key := range keys {
				if key == "" || key == "." || key == ".." || c.op.Path == "/storage-providers/{id}" && key == "utilization" {
					return
				}
			}
			t.Errorf("%q is refused: %v", keys, err)
			return
		}
		require.Equal(t, 1, rt.count())
		u, err := url.Parse(rt.requests[0].URL.String()) // as a server reads it
		require.NoError(t, err)
		assert.Equal(t, "api.example.com", u.Host)
		rest, below := strings.CutPrefix(u.EscapedPath(), "/a%2Fb/v1")
		assert.True(t, below, u.EscapedPath())
		template, segments := strings.Split(c.op.Path, "/"), strings.Split(rest, "/")
		require.Len(t, segments, len(template))
		for i, segment := range segments {
			if !strings.HasPrefix(template[i], "{") {
				assert.Equal(t, template[i], segment)
				continue
			}
			value, err := url.PathUnescape(segment)
			require.NoError(t, err)
			assert.Equal(t, keys[0], value)
			keys = keys[1:]
		}
	})
}

// An accepted base URL uses https, or http on this machine, and all requests go below it.
func FuzzBaseURL(f *testing.F) {
	f.Fuzz(func(t *testing.T, base string) {
		rt := play(reply(http.StatusBadRequest, ""))
		var client *Client
		var err error
		assertBounded(t, len(base), func() {
			client, err = NewClient(WithAPIKey(testKey), WithBaseURL(base), WithHTTPClient(&http.Client{Transport: rt}), once)
		})
		if err != nil {
			_, ok := errors.AsType[*ParamError](err)
			assert.True(t, ok)
			return
		}
		_, _ = client.Machines.Get(t.Context(), "a/../b")
		require.Equal(t, 1, rt.count())
		u := rt.requests[0].URL
		if u.Scheme != "https" {
			assert.Equal(t, "http", u.Scheme)
			assert.True(t, loopback(u.Hostname()), u.Host)
		}
		assert.True(t, strings.HasSuffix(u.String(), "/machines/a%2F..%2Fb"), "%s", u)
		assert.Empty(t, u.RawQuery+u.Fragment)
		assert.Nil(t, u.User)
		assert.NotContains(t, strings.Split(u.Path[:strings.LastIndex(u.Path, "/machines/")], "/"), "..")
		given, err := url.Parse(strings.TrimSpace(base))
		require.NoError(t, err)
		assert.Equal(t, given.Host, u.Host)
		assert.Equal(t, strings.TrimRight(given.EscapedPath(), "/")+"/machines/a%2F..%2Fb", u.EscapedPath())
		_, err = url.Parse(u.String())
		assert.NoError(t, err)
	})
}

// A decoded deployment config can be encoded and decodes again to the same value. The service receives its secrets;
// encoding/json writes masks, which are then refused.
func FuzzDeploymentConfig(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		var config DeploymentConfig
		var err error
		assertBounded(t, len(data), func() { err = json.Unmarshal(data, &config) })
		if err != nil {
			return
		}
		assertBounded(t, len(data), func() { _ = validate(&endpoint{}, DeploymentUpsertParams{Config: config, ProjectID: "p"}) })
		sent, err := encode(config)
		if err != nil {
			return // such as a mask, or an integration without a type
		}
		var again DeploymentConfig
		require.NoError(t, json.Unmarshal(sent, &again), "%s", sent)
		twice, err := encode(again)
		require.NoError(t, err)
		assert.Equal(t, fromJSON(t, sent), fromJSON(t, twice))

		secrets := 0
		eachSensitive(reflect.ValueOf(&config), func(v reflect.Value) {
			v.SetString(marker)
			secrets++
		})
		shown, err := json.Marshal(config)
		require.NoError(t, err)
		if !bytes.Contains(data, []byte("hunter2")) {
			assert.False(t, showsMarker(string(shown)), "%s", shown)
		}
		if secrets > 0 {
			var masked DeploymentConfig
			require.NoError(t, json.Unmarshal(shown, &masked), "%s", shown)
			_, err = encode(masked)
			assert.ErrorContains(t, err, mask)
		}
	})
}

// Deeply nested responses fail. A huge number costs only its own field.
func TestDeepNestingAndHugeNumbers(t *testing.T) {
	if raceEnabled {
		t.Skip("no concurrency, so no races to detect")
	}
	deep := func(open, close string, depth int) string {
		return strings.Repeat(open, depth) + strings.Repeat(close, depth)
	}
	for name, tc := range map[string]struct {
		value string
		fails bool
	}{
		"arrays":                  {deep("[", "]", 1_000_000), true},
		"objects":                 {deep(`{"a":`, "}", 200_000), true},
		"unclosed":                {strings.Repeat("[", 1_000_000), true},
		"nested within the limit": {deep("[", "]", 9_000), false},
		"a huge exponent":         {"1e999999999", false},
		"many digits":             {strings.Repeat("9", 1<<20), false},
		"many zeros":              {"0." + strings.Repeat("0", 1<<20) + "1", false},
		"a long string":           {`"` + strings.Repeat(`\u00e4`, 1<<18) + `"`, false},
		"repeated names":          {"{" + strings.Repeat(`"a":1,`, 1<<18) + `"a":1}`, false},
		"a long array":            {"[" + strings.Repeat("1,", 1<<18) + "1]", false},
		"invalid UTF-8":           {`"` + strings.Repeat("\xff", 1<<18) + `"`, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, place := range []string{"unknown", "cpus", "ram", "usageRate", "name", "dtCreated", "region", "publicIp"} {
				body := `{"id":"a","` + place + `":` + tc.value + `}`
				assertBounded(t, len(body), func() {
					_, err := newTestClient(t, play(reply(200, body)), once).Machines.Get(t.Context(), "a")
					assert.Equal(t, tc.fails, err != nil, "%s: %.200v", place, err)
					if err != nil {
						assert.LessOrEqual(t, len(err.Error()), 1000, place)
					}
				})
			}
			for _, body := range []string{
				tc.value, `{"message":` + tc.value + `,"code":` + tc.value + `}`, `{"message":"no","issues":` + tc.value + `}`,
				`{"message":"no","issues":[{"path":` + tc.value + `}]}`, `{"message":"no","details":` + tc.value + `}`,
			} {
				assertBounded(t, len(body), func() {
					_, err := newTestClient(t, play(reply(400, body)), once).Machines.Get(t.Context(), "a")
					_, ok := errors.AsType[*Error](err)
					assert.True(t, ok, "%v", err)
					assert.LessOrEqual(t, len(err.Error()), 2*maxErrorBody)
				})
			}
			config := `{"apiVersion":"v1","name":"a","later":` + tc.value + `}`
			assertBounded(t, len(config), func() {
				err := json.Unmarshal([]byte(config), new(DeploymentConfig))
				refused := tc.fails || name == "repeated names" || name == "invalid UTF-8" // errors in a file
				assert.Equal(t, refused, err != nil, "%.100v", err)
				if err != nil {
					assert.LessOrEqual(t, len(err.Error()), 1000)
				}
			})
		})
	}
	var b Bytes
	assert.Error(t, b.UnmarshalJSON([]byte("1e19")))
	assert.NoError(t, b.UnmarshalJSON([]byte("9223372036854775807")))
	assert.Equal(t, Bytes(math.MaxInt64), b)
}

// The client reads slightly more of an error body than it keeps, so that the connection can be reused, and no more.
func TestEndlessErrorBodies(t *testing.T) {
	for _, status := range []int{400, 500} {
		read := 0
		endless := func(r *http.Request) (*http.Response, error) {
			resp, _ := reply(status, "")(r)
			resp.ContentLength = -1
			resp.Body = io.NopCloser(readerFunc(func(p []byte) (int, error) {
				read += len(p)
				return len(p), nil
			}))
			return resp, nil
		}
		_, err := newTestClient(t, play(endless), once).Machines.Get(t.Context(), "a")
		require.Error(t, err)
		assert.LessOrEqual(t, read, 2<<20)
	}
}

// A response of 3 MB takes memory in proportion to its size, whatever it decodes to. Most of it is the body itself.
func TestResponsesTakeBoundedMemory(t *testing.T) {
	if raceEnabled {
		t.Skip("no concurrency, so no races to detect")
	}
	list := func(element string) string {
		return "[" + strings.Repeat(element+",", 3<<20/(len(element)+1)) + element + "]"
	}
	for name, body := range map[string]string{
		"items":         `{"items":` + list(`{}`) + `}`,
		"null items":    `{"items":` + list(`null`) + `}`,
		"odd items":     `{"items":` + list(`1`) + `}`,
		"accelerators":  `{"items":[{"id":"m","accelerators":` + list(`null`) + `}]}`,
		"unknown":       `{"items":[],"hasMore":false,"more":` + list(`{}`) + `}`,
		"issues":        `{"message":"m","code":"BAD_REQUEST","issues":` + list(`{}`) + `}`,
		"paths":         `{"message":"m","code":"BAD_REQUEST","issues":[{"path":` + list(`1`) + `}]}`,
		"branches":      `{"message":"m","code":"BAD_REQUEST","issues":[{"unionErrors":` + list(`{}`) + `}]}`,
		"nested unions": `{"message":"m","code":"BAD_REQUEST","issues":` + strings.Repeat(`[{"errors":[`, 1000) + list(`{}`) + strings.Repeat(`]}]`, 1000) + `}`,
		"deep":          strings.Repeat(`{"items":[`, 3<<20/10),
		"details":       `{"message":"m","code":"BAD_REQUEST","details":` + list(`{}`) + `}`,
	} {
		for _, status := range []int{200, 400} {
			var before, after runtime.MemStats
			c := newTestClient(t, play(reply(status, body)), once)
			runtime.ReadMemStats(&before)
			_, err := c.Machines.List(t.Context(), MachineListParams{})
			runtime.ReadMemStats(&after)
			used := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(body))
			assert.Less(t, used, 40.0, "%s with status %d: allocated bytes per byte of the body", name, status)
			assert.Equal(t, name == "unknown" && status == 200, err == nil, "%s with status %d: %.200v", name, status, err)
		}
	}
	metadata := `{"metadata":{"a":` + list(`{}`) + `}}`
	var v DatasetVersion
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := decodeResponse([]byte(metadata), &v)
	runtime.ReadMemStats(&after)
	assert.ErrorContains(t, err, "too many elements")
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(20*len(metadata)))
}

// The limit applies to the decompressed body: here 100 KiB decompress to more than the limit.
func TestCompressedBodiesAreBounded(t *testing.T) {
	if raceEnabled {
		t.Skip("no concurrency, so no races to detect")
	}
	spaces := bytes.Repeat([]byte(" "), maxResponseBody+1)
	srv := startServer(t, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(zipped(w, r, spaces)) })
	patient := WithRetryPolicy(RetryPolicy{MinDelay: time.Millisecond, MaxDelay: time.Millisecond})
	err := callsByClass(socketClient(t, srv.URL, patient))[ClassIdempotent](t.Context())
	assert.ErrorContains(t, err, "larger than")
	assert.ErrorIs(t, err, ErrOutcomeUnknown)
	e, _ := errors.AsType[*Error](err)
	assert.Equal(t, 1, e.Attempts, "a body that is too large is not retried")
}

// A complete response that exceeds a limit, or that strict decoding refuses, is the same at every attempt.
func TestUnusableResponsesAreFinal(t *testing.T) {
	nested := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	elements := "[" + strings.Repeat("{},", 200_000) + "{}]"
	type own struct{ Items [][]string }
	for name, tc := range map[string]struct {
		body string
		call func(*Client) error
		text string
	}{
		"elements":        {`{"items":` + elements + `,"hasMore":false}`, listMachines, "too many elements"},
		"unknown members": {`{"id":"m","new":` + nested + `}`, getMachine, "nested too deeply"},
		"a write": {`{"event":{"id":"e"},"data":{"id":"m","accelerators":` + elements + `}}`, func(c *Client) error {
			_, err := c.Machines.Create(t.Context(), minimalMachine)
			assert.ErrorIs(t, err, ErrOutcomeUnknown)
			return err
		}, "too many elements"},
		"odd values": {`{"items":[` + strings.Repeat(`{"cpus":"x"},`, 60_000) + `{}],"hasMore":false}`, listMachines, "too many elements"},
		"a caller's type": {`{"Items":` + nested + `}`, func(c *Client) error {
			return c.Do(t.Context(), Request{Method: "GET", Path: "/x"}, new(own))
		}, "nested too deeply"},
		"strict decoding": {`{"id":"m","cpus":"x"}`, func(c *Client) error {
			strict, err := c.With(WithStrictDecoding())
			require.NoError(t, err)
			return getMachine(strict)
		}, "/cpus: string where an integer was expected"},
	} {
		t.Run(name, func(t *testing.T) {
			rt := play(reply(http.StatusOK, tc.body))
			err := tc.call(newTestClient(t, rt, WithRetryPolicy(RetryPolicy{MinDelay: time.Millisecond, MaxDelay: time.Millisecond})))
			assert.ErrorContains(t, err, tc.text)
			assert.Equal(t, 1, rt.count(), "attempts")
		})
	}
}

func listMachines(c *Client) error {
	_, err := c.Machines.List(context.Background(), MachineListParams{})
	return err
}

func getMachine(c *Client) error {
	_, err := c.Machines.Get(context.Background(), "m")
	return err
}
