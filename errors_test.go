package paperspace

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var sentinels = []error{
	ErrBadRequest, ErrUnauthorized, ErrForbidden, ErrNotFound, ErrConflict, ErrPreconditionFailed, ErrTooManyRequests, ErrServer,
}

func TestErrorBodies(t *testing.T) {
	for _, tc := range []struct {
		name    string
		status  int
		body    string
		want    Error
		foreign bool // the response does not come from the API
		matches []error
	}{
		{name: "as documented", status: 404, body: `{"message":"Not found","code":"NOT_FOUND"}`,
			want: Error{Code: "NOT_FOUND", Message: "Not found"}, matches: []error{ErrNotFound}},
		{name: "issues", status: 400, body: `{"message":"Input validation failed","code":"BAD_REQUEST","issues":[{"message":"Required","path":["a",0,"b"],"code":"invalid_type"},"odd",{"message":7}]}`,
			want: Error{Code: "BAD_REQUEST", Message: "Input validation failed", Issues: []Issue{
				{Code: "invalid_type", Path: "a.0.b", Message: "Required"}, {Message: "odd"}, {Message: "7"}}},
			matches: []error{ErrBadRequest}},
		{name: "details", status: 409, body: `{"message":"m","code":"CONFLICT","details":{"a":1}}`,
			want: Error{Code: "CONFLICT", Message: "m", Details: RawJSON(`{"a":1}`)}, matches: []error{ErrConflict}},
		{name: "403 without a code", status: 403, body: `{"message":"m"}`, foreign: true},
		{name: "unknown code", status: 403, body: `{"message":"m","code":"NO_BILLING"}`, want: Error{Code: "NO_BILLING", Message: "m"}, matches: []error{ErrForbidden}},
		{name: "code that contradicts the status", status: 400, body: `{"message":"m","code":"PRECONDITION_FAILED"}`,
			want: Error{Code: "PRECONDITION_FAILED", Message: "m"}, matches: []error{ErrBadRequest, ErrPreconditionFailed}},
		{name: "404 of a proxy", status: 404, body: `<html>not here</html>`, foreign: true},
		{name: "empty 404", status: 404, foreign: true},
		{name: "404 without a message", status: 404, body: `{"error":"x"}`, foreign: true},
		{name: "404 with code and no message", status: 404, body: `{"code":"NOT_FOUND"}`, foreign: true},
		{name: "401 of a proxy", status: 401, body: `<html>`, foreign: true},
		{name: "404 of a gateway", status: 404, body: `{"message":"no Route matched with those values"}`, foreign: true},
		{name: "members of wrong types", status: 412, body: `{"message":{"a":1},"code":7,"issues":"x","details":null}`, foreign: true},
		{name: "nulls", status: 400, body: `{"message":null,"code":null,"issues":null}`, foreign: true},
		{name: "array", status: 400, body: `[1]`, foreign: true},
		{name: "truncated", status: 429, body: `{"message":"slow`, foreign: true, matches: []error{ErrTooManyRequests}},
		{name: "truncated after the message", status: 404, body: `{"message":"Not found","code":"NOT_FOUND","issues":[{"mess`,
			want: Error{Code: "NOT_FOUND", Message: "Not found"}, matches: []error{ErrNotFound}},
		{name: "longer than the kept body", status: 404, body: `{"message":"Not found","code":"NOT_FOUND","details":"` + strings.Repeat("x", 70_000) + `"}`,
			want: Error{Code: "NOT_FOUND", Message: "Not found"}, matches: []error{ErrNotFound}},
		{name: "empty 500", status: 500, foreign: true, matches: []error{ErrServer}},
		{name: "599", status: 599, body: "null", foreign: true, matches: []error{ErrServer}},
		{name: "700", status: 700, foreign: true, matches: []error{ErrServer}},
		{name: "deeply nested", status: 400, body: strings.Repeat("[", 100_000), foreign: true},
		{name: "error with status 200", status: 200, body: ` {"message":"no","code":"NOT_FOUND"}`, want: Error{Code: "NOT_FOUND", Message: "no"}, matches: []error{ErrNotFound}},
		{name: "error with status 201 and issues", status: 201, body: `{"message":"no","code":"BAD_REQUEST","issues":[{"message":"x"}]}`,
			want: Error{Code: "BAD_REQUEST", Message: "no", Issues: []Issue{{Message: "x"}}}, matches: []error{ErrBadRequest}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rt := play(reply(tc.status, tc.body, "X-Request-Id: r1"))
			_, err := newTestClient(t, rt, WithRetryPolicy(RetryPolicy{MaxAttempts: 1})).Machines.Get(t.Context(), "a")
			e, ok := errors.AsType[*Error](err)
			require.True(t, ok, "%v", err)
			for _, sentinel := range sentinels {
				assert.Equal(t, slices.Contains(tc.matches, sentinel), errors.Is(err, sentinel), "%v", sentinel)
			}
			want := tc.want
			want.Endpoint, want.Method, want.PathTemplate = "machines-get", "GET", "/machines/{id}"
			want.StatusCode, want.Attempts, want.RequestID = tc.status, 1, "r1"
			if len(tc.body) > 0 {
				want.Body = RawJSON(tc.body[:min(len(tc.body), maxErrorBody)])
			}
			if tc.foreign {
				require.ErrorContains(t, e.Err, "not a response of the API (no content type)")
				want.Err = e.Err
			}
			assert.Equal(t, want, *e)
			assert.Contains(t, err.Error(), fmt.Sprintf("paperspace: machines-get: %d", tc.status))
		})
	}
}

// A proxy may encode a body in a way that nothing asked for.
func TestErrorNamesAnUnknownEncoding(t *testing.T) {
	for encoding, want := range map[string]string{"br": "(application/json, encoded as br)", "x-\x1b": "(application/json)"} {
		rt := play(reply(200, "\x8b\x01", "Content-Type: application/json", "Content-Encoding: "+encoding))
		_, err := newTestClient(t, rt, WithRetryPolicy(RetryPolicy{MaxAttempts: 1})).Machines.Get(t.Context(), "a")
		require.ErrorContains(t, err, "not a response of the API "+want)
	}
}

// A result that has a message and a code among other members is not an error.
func TestObjectsThatLookLikeErrors(t *testing.T) {
	for _, body := range []string{
		`{"id":"a","message":"m","code":"NOT_FOUND"}`,
		`{"message":"m","code":"NOT_FOUND","name":"x"}`,
	} {
		_, err := newTestClient(t, play(reply(200, body))).Machines.Get(t.Context(), "a")
		assert.NoError(t, err, body)
	}
}

func TestErrorPrintsNoBody(t *testing.T) {
	body := `{"message":"no","code":"BAD_REQUEST","details":{"env":"hunter2"},"extra":"hunter2"}`
	_, err := newTestClient(t, play(reply(400, body))).Machines.Get(t.Context(), "a")
	e, _ := errors.AsType[*Error](err)
	require.Equal(t, body, string(e.Body))
	var out strings.Builder
	for _, v := range []any{err, *e, struct{ E error }{err}} {
		fmt.Fprintf(&out, "%v %+v %#v %s\n", v, v, v, v)
		b, _ := json.Marshal(v)
		out.Write(b)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "err", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "err", v)
	}
	assert.NotContains(t, out.String(), "hunter2")
	assert.NotContains(t, out.String(), testKey)
	assert.Contains(t, out.String(), "BAD_REQUEST")
}

func TestTransportErrorsShowNoURL(t *testing.T) {
	rt := play(fail(errBroken))
	_, err := newTestClient(t, rt, WithRetryPolicy(RetryPolicy{MaxAttempts: 1})).Machines.Get(t.Context(), "psm-secret-id")
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, "paperspace: machines-get: connection broken", err.Error())
}

func TestBoundedBodies(t *testing.T) {
	huge := strings.Repeat("x", 5<<20)
	_, err := newTestClient(t, play(reply(404, huge))).Machines.Get(t.Context(), "a")
	e, ok := errors.AsType[*Error](err)
	require.True(t, ok)
	assert.Len(t, e.Body, maxErrorBody)

	endless := readerFunc(func(p []byte) (int, error) {
		for i := range p {
			p[i] = ' '
		}
		return len(p), nil
	})
	rt := play(func(r *http.Request) (*http.Response, error) {
		resp, _ := reply(200, "")(r)
		resp.Body, resp.ContentLength = io.NopCloser(endless), -1
		return resp, nil
	})
	_, err = newTestClient(t, rt).Machines.AddAccessor(t.Context(), "a", MachineAccessorAddParams{UserID: "u"})
	require.ErrorContains(t, err, "larger than")
	require.ErrorIs(t, err, ErrOutcomeUnknown)
	_, err = newTestClient(t, rt).Machines.Get(t.Context(), "a")
	require.ErrorContains(t, err, "larger than")
	assert.Equal(t, 2, rt.count(), "a response that is too long is not retried")
}

func TestResponseBodiesWithoutALimit(t *testing.T) {
	c := newTestClient(t, play(reply(200, okMachine)), WithMaxResponseBody(math.MaxInt64))
	m, err := c.Machines.Get(t.Context(), "a")
	require.NoError(t, err)
	assert.Equal(t, "trainer", m.Name)
}

// Every JSON encoder that a program may log with encodes errors the same way.
func TestErrorsAsJSON(t *testing.T) {
	_, err := newTestClient(t, play(reply(429, `{"message":"slow down","code":"TOO_MANY_REQUESTS"}`, "Retry-After: 90"))).
		Machines.Get(t.Context(), "a")
	want := `{"endpoint":"machines-get","method":"GET","pathTemplate":"/machines/{id}","statusCode":429,
		"code":"TOO_MANY_REQUESTS","message":"slow down","attempts":1,"retryAfter":90000000000}`
	wait := &WaitError{IDs: []string{"a"}, LastStates: map[string]string{"a": "off"}, Waited: time.Second, Err: ErrWaitTimeout, LastPoll: errBroken}
	wantWait := `{"ids":["a"],"lastStates":{"a":"off"},"waited":1000000000,"error":"paperspace: the wait timed out","lastPoll":"connection broken"}`
	_, lost := newTestClient(t, play(fail(errBroken)), WithRetryPolicy(RetryPolicy{MaxAttempts: 1})).Machines.Get(t.Context(), "a")
	wantLost := `{"endpoint":"machines-get","method":"GET","pathTemplate":"/machines/{id}","attempts":1,"error":"connection broken"}`
	failed := &DeploymentError{DeploymentID: "d", SpecID: "s", Err: ErrSpecFailed}
	wantFailed := `{"deploymentId":"d","specId":"s","error":"paperspace: the spec failed"}`
	attempt := Attempt{Start: time.Unix(0, 0).UTC(), Duration: time.Second, StatusCode: 503, Err: errBroken}
	wantAttempt := `{"Start":"1970-01-01T00:00:00Z","Duration":1000000000,"StatusCode":503,"Err":"connection broken"}`
	for name, marshal := range map[string]func(any) ([]byte, error){
		"v1": json.Marshal, "v2": func(v any) ([]byte, error) { return jsonv2.Marshal(v) },
	} {
		for want, v := range map[string]any{
			want: err, wantLost: lost, wantWait: wait, wantFailed: failed, wantAttempt: attempt,
		} {
			b, err := marshal(v)
			require.NoError(t, err, name)
			assert.JSONEq(t, want, string(b), name)
		}
	}
}

// A header, and an error of the system, may hold bytes that are not UTF-8.
func TestErrorsAsJSONWithBytesThatAreNotUTF8(t *testing.T) {
	const raw = "a\xffb"
	rt := play(reply(404, `{"message":"`+raw+`","code":"NOT_FOUND"}`, "X-Request-Id: "+raw))
	_, err := newTestClient(t, rt).Machines.Get(t.Context(), "a")
	cause := errors.New(raw)
	for _, v := range []any{
		err, &Error{Err: cause}, &WaitError{IDs: []string{raw}, Err: cause}, &DeploymentError{SpecID: raw, Err: cause}, Attempt{Err: cause},
	} {
		b, err := json.Marshal(v)
		require.NoError(t, err, "%T", v)
		assert.Contains(t, string(b), "a\ufffdb", "%T", v)
	}
}

// The text of an error is one line of a bounded length, whatever the service and the transport say.
func TestErrorTextsAreOneBoundedLine(t *testing.T) {
	const odd = "one\ntwo\x1b[31m\xff"
	long := odd + strings.Repeat("x", 5000)
	once := WithRetryPolicy(RetryPolicy{MaxAttempts: 1})
	get := func(ctx context.Context, rt http.RoundTripper, opts ...Option) error {
		_, err := newTestClient(t, rt, opts...).Machines.Get(ctx, "a")
		return err
	}
	ended, end := context.WithCancelCause(t.Context())
	end(errors.New(long))
	failed := make([]DeploymentInstance, 1000)
	for i := range failed {
		failed[i] = DeploymentInstance{ID: "i", State: "failed", StateMessage: long}
	}
	for name, err := range map[string]error{
		"an error of the transport":  get(t.Context(), play(fail(errors.New(long))), once),
		"the cause of a context":     get(ended, play()),
		"a request ID":               get(t.Context(), play(reply(404, "<html>", "X-Request-Id: "+odd))),
		"a redirect from a firewall": get(t.Context(), play(reply(302, "<html>", "Location: https://other.example.com/"))),
		"an event":                   &EventError{MachineEvent{ID: "e", Name: MachineEventName(odd), Error: long}},
		"the instances of a spec":    &DeploymentError{DeploymentID: "d", Failed: failed, Err: ErrSpecFailed},
	} {
		require.Error(t, err, name)
		text := err.Error()
		assert.Less(t, len(text), 6000, name)
		assert.NotContains(t, text, "\n", name)
		assert.NotContains(t, text, "\x1b", name)
		assert.True(t, utf8.ValidString(text), "%s: %q is not UTF-8, which trace exporters refuse", name, text)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := get(ctx, play(reply(503, "<html>")), WithRetryPolicy(RetryPolicy{MaxAttempts: 100, MinDelay: time.Hour}))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.NotContains(t, err.Error(), "\n", "a context that ends in a back-off")
	})
}

func TestMaxResponseBody(t *testing.T) {
	size := int64(len(okMachine))
	_, err := newTestClient(t, play(reply(200, okMachine)), WithMaxResponseBody(size)).Machines.Get(t.Context(), "a")
	require.NoError(t, err)
	_, err = newTestClient(t, play(reply(200, okMachine)), WithMaxResponseBody(size-1)).Machines.Get(t.Context(), "a")
	require.ErrorContains(t, err, "larger than")
	_, err = NewClient(WithMaxResponseBody(0))
	require.ErrorContains(t, err, "WithMaxResponseBody")
}

func TestEventError(t *testing.T) {
	failed := &EventError{MachineEvent{ID: "e1", Name: "start", MachineID: "m1", State: "error", Error: "out of capacity"}}
	assert.Equal(t, `paperspace: event e1 (start) of machine m1 ended in state "error": out of capacity`, failed.Error())
	failed.Event.MachineID, failed.Event.Error = "", ""
	assert.Equal(t, `paperspace: event e1 (start) ended in state "error", without a reason`, failed.Error())
	assert.ErrorIs(t, failed, ErrEventFailed)
	assert.NotErrorIs(t, failed, ErrEventCancelled)
	cancelled := &EventError{MachineEvent{ID: "e1", State: MachineEventStateCancelled}}
	assert.ErrorIs(t, cancelled, ErrEventCancelled)
	assert.NotErrorIs(t, cancelled, ErrEventFailed)
}

func TestWaitErrorNamesWhatIsPending(t *testing.T) {
	e := &WaitError{
		IDs: []string{"a", "b", "c", "d", "e", "f", "g"}, LastStates: map[string]string{"a": "new"},
		Waited: 90 * time.Second, Err: ErrWaitTimeout, LastPoll: &Error{Endpoint: "machineEvents-get", StatusCode: 503},
	}
	assert.Equal(t, "paperspace: waited 1m30s for a (new), b (not seen), c (not seen), d (not seen), e (not seen) and 2 more: "+
		"the wait timed out; the last poll failed: machineEvents-get: 503 Service Unavailable", e.Error())
	assert.ErrorIs(t, e, ErrWaitTimeout)
}

func TestErrorsNameThePackageOnce(t *testing.T) {
	c := newTestClient(t, play(), WithAPIKeyFunc(func(context.Context) (string, error) { return "", errors.New("no network") }))
	_, err := c.Machines.Get(t.Context(), "a")
	assert.EqualError(t, err, "paperspace: machines-get: getting the API key: no network")
}

// A fake may return an error of which it sets only what its test needs.
func TestErrorsWithoutACause(t *testing.T) {
	for want, err := range map[string]error{
		"paperspace: waited 0s for a (not seen): no reason given":    &WaitError{IDs: []string{"a"}},
		"paperspace: deployment d, spec unknown: no reason given":    &DeploymentError{DeploymentID: "d"},
		`paperspace: event e () ended in state "", without a reason`: &EventError{MachineEvent{ID: "e"}},
		"paperspace: machines-get: 404 NOT_FOUND":                    &Error{Endpoint: "machines-get", StatusCode: 404, Code: "NOT_FOUND"},
	} {
		assert.Equal(t, want, err.Error())
		_, marshalErr := json.Marshal(err)
		assert.NoError(t, marshalErr, want)
	}
}

type contextKey struct{}

// contextHandler is a slog handler that records a value of its context.
type contextHandler struct {
	slog.Handler
	seen *[]any
}

func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	*h.seen = append(*h.seen, ctx.Value(contextKey{}))
	return nil
}

// The logger receives the caller's context, so that a handler can use its values.
func TestLoggerGetsTheContext(t *testing.T) {
	var seen []any
	logger := slog.New(contextHandler{slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelDebug}), &seen})
	_, err := newTestClient(t, play(reply(200, okMachine)), WithLogger(logger)).
		Machines.Get(context.WithValue(t.Context(), contextKey{}, "caller's"), "a")
	require.NoError(t, err)
	assert.Equal(t, []any{"caller's"}, seen)
}

func TestLogger(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	rt := play(reply(429, `{"message":"m","code":"TOO_MANY_REQUESTS"}`, "Retry-After: 0", "X-Request-Id: r1"), reply(200, okMachine, "X-Request-Id: r2"))
	_, err := newTestClient(t, rt, WithLogger(logger)).Machines.Get(t.Context(), "psm9u09bwu5i", WithQuery("q", "hunter2"))
	require.NoError(t, err)
	var records []map[string]any
	for line := range strings.Lines(out.String()) {
		var r map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		delete(r, "time")
		assert.NotNil(t, r["duration"])
		delete(r, "duration")
		records = append(records, r)
	}
	assert.Equal(t, []map[string]any{
		{"level": "WARN", "msg": "paperspace attempt", "endpoint": "machines-get", "method": "GET", "path_template": "/machines/{id}",
			"status": 429.0, "attempt": 1.0, "request_id": "r1", "retry_in": 0.0},
		{"level": "DEBUG", "msg": "paperspace attempt", "endpoint": "machines-get", "method": "GET", "path_template": "/machines/{id}",
			"status": 200.0, "attempt": 2.0, "request_id": "r2"},
	}, records)
}

// A failed poll is a warning, though no other attempt of its call follows. A poll that the end of its wait cuts short is not.
func TestLoggerWarnsOfFailedPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn}))
		rt := play(reply(502, "<html>"), fail(io.ErrUnexpectedEOF), reply(200, `{"unexpected":1}`), reply(200, `{"id":"e","state":"new"}`), hang)
		_, err := newTestClient(t, rt, WithLogger(logger)).MachineEvents.Wait(t.Context(), []string{"e"}, WithWaitTimeout(12*time.Second))
		require.ErrorIs(t, err, ErrWaitTimeout)
		assert.Equal(t, 5, rt.count())
		assert.Equal(t, 3, strings.Count(out.String(), "level=WARN"), out.String())
		assert.Contains(t, out.String(), `reason="unusable response"`)
	})
}

func TestJoinedErrors(t *testing.T) {
	require.NoError(t, join(nil, nil))
	require.Equal(t, errBroken, join(nil, errBroken))
	failed := &EventError{MachineEvent{ID: "e"}}
	err := join(failed, nil, ErrWaitTimeout)
	require.EqualError(t, err, failed.Error()+"; "+ErrWaitTimeout.Error())
	require.ErrorIs(t, err, ErrEventFailed)
	require.ErrorIs(t, err, ErrWaitTimeout)
	require.EqualError(t, join(slices.Repeat([]error{errBroken}, 12)...), strings.Repeat("connection broken; ", 10)+"and 2 more")
}
