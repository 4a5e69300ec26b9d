package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unsent fails as net/http does when it gets no connection.
func unsent(r *http.Request) (*http.Response, error) {
	httptrace.ContextClientTrace(r.Context()).GetConn("api.example.com:443")
	return nil, errBroken
}

// sent fails as net/http does when the connection breaks after the request was written.
func sent(r *http.Request) (*http.Response, error) {
	trace := httptrace.ContextClientTrace(r.Context())
	trace.GetConn("api.example.com:443")
	trace.GotConn(httptrace.GotConnInfo{})
	trace.WroteHeaderField("Host", []string{"api.example.com"})
	return nil, errBroken
}

// cut returns a response whose body ends early.
func cut(r *http.Request) (*http.Response, error) {
	resp, _ := reply(200, "")(r)
	resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"id":`), readerFunc(func([]byte) (int, error) { return 0, io.ErrUnexpectedEOF })))
	return resp, nil
}

var errNotJSON = &Failure{Reason: "not JSON (text/html)", Err: errors.New("not a response of the API")}

// judge accepts JSON only.
func judge(r *Result) error {
	if strings.HasPrefix(string(r.Body), "<") {
		return errNotJSON
	}
	return nil
}

// The table lists how many attempts a call of each class makes if the first attempt ends as named and the second one
// succeeds, and whether the outcome of a write is unknown if all attempts end as named.
func TestRetryTable(t *testing.T) {
	for _, tc := range []struct {
		name                      string
		step                      step
		safe, idempotent, neither int
		unknown                   bool
	}{
		{"no connection", unsent, 2, 2, 2, false},
		{"a lost connection", sent, 2, 2, 1, true},
		{"an error of a transport that reports nothing", fail(errBroken), 2, 2, 1, true},
		{"a cut body", cut, 2, 2, 1, true},
		{"a certificate", fail(&tls.CertificateVerificationError{Err: errBroken}), 1, 1, 1, true},
		{"200, not JSON", reply(200, "<html>"), 2, 2, 1, true},
		{"403, not JSON", reply(403, "<html>"), 1, 1, 1, true},
		{"403", reply(403, "{}"), 1, 1, 1, false},
		{"404, not JSON", reply(404, "<html>"), 1, 1, 1, true},
		{"429, not JSON", reply(429, "<html>"), 2, 2, 2, false},
		{"503, not JSON", reply(503, "<html>"), 2, 2, 1, true},
		{"101", reply(101, ""), 1, 1, 1, true},
		{"302", reply(302, "{}"), 1, 1, 1, true},
		{"400", reply(400, "{}"), 1, 1, 1, false},
		{"408", reply(408, "{}"), 2, 2, 1, true},
		{"425", reply(425, "{}"), 2, 2, 1, false},
		{"429", reply(429, "{}"), 2, 2, 2, false},
		{"499", reply(499, "{}"), 1, 1, 1, true},
		{"500", reply(500, "{}"), 2, 2, 1, true},
		{"501", reply(501, "{}"), 1, 1, 1, true},
		{"502", reply(502, "{}"), 2, 2, 1, true},
		{"503", reply(503, "{}"), 2, 2, 1, true},
		{"504", reply(504, "{}"), 2, 2, 1, true},
		{"505", reply(505, "{}"), 1, 1, 1, true},
		{"520", reply(520, "{}"), 2, 2, 1, true},
		{"530", reply(530, "{}"), 2, 2, 1, true},
		{"600", reply(600, "{}"), 1, 1, 1, true},
		{"999", reply(999, "{}"), 1, 1, 1, true},
		{"99", reply(99, "{}"), 1, 1, 1, true},
	} {
		for c, want := range map[class]int{safe: tc.safe, idempotent: tc.idempotent, neither: tc.neither} {
			for _, body := range []string{"", "{}"} {
				t.Run(fmt.Sprintf("%s/%s/body %q", tc.name, c.name, body), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						call := newCall(c, body)
						call.Receiver = receiver(judge)
						rt := play(tc.step, reply(200, "{}"))
						res, err := newClient(t, rt, "https://api.example.com").Do(t.Context(), call)
						assert.Equal(t, want, rt.count(), "attempts (%v)", err)
						if want == 2 {
							assert.NoError(t, err)
							assert.Equal(t, http.StatusOK, res.StatusCode)
						}

						rt = play(tc.step)
						res, err = newClient(t, rt, "https://api.example.com").Do(t.Context(), call)
						assert.Equal(t, tc.unknown && c.write, res.OutcomeUnknown, "outcome unknown (%v)", err)
						assert.Len(t, res.Attempts, rt.count())
						if want == 2 {
							assert.Equal(t, 4, rt.count(), "attempts")
						}
					})
				})
			}
		}
	}
}

// A body that the RoundTripper did not read was not sent, even if the RoundTripper reports no connections.
func TestBodyThatNobodyRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		rt := roundTripper(func(*http.Request) (*http.Response, error) { n++; return nil, errBroken })
		res, err := newClient(t, rt, "https://api.example.com").Do(t.Context(), newCall(neither, "{}"))
		require.ErrorIs(t, err, errBroken)
		assert.Equal(t, 4, n)
		assert.False(t, res.OutcomeUnknown)
	})
}

func TestResultOfTheLastAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		call := newCall(idempotent, "")
		call.Receiver = receiver(judge)
		res, err := newClient(t, play(sent, reply(404, `{"code":"NOT_FOUND"}`, "X-Request-Id: r")), "https://api.example.com").Do(t.Context(), call)
		require.NoError(t, err)
		assert.Equal(t, 404, res.StatusCode)
		assert.Equal(t, `{"code":"NOT_FOUND"}`, string(res.Body))
		assert.Equal(t, "r", res.Header.Get("X-Request-Id"))
		assert.True(t, res.OutcomeUnknown, "the first attempt may have been carried out, although the second was refused")
		require.Len(t, res.Attempts, 2)
		assert.ErrorIs(t, res.Attempts[0].Err, errBroken)
		res.Release()
		assert.Nil(t, res.Body)

		res, err = newClient(t, play(reply(200, "<html>")), "https://api.example.com").Do(t.Context(), call)
		require.ErrorIs(t, err, errNotJSON)
		assert.Equal(t, 200, res.StatusCode, "the result has the refused response")
		assert.Equal(t, "<html>", string(res.Body))
	})
}

func TestContextThatEndsInABackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		call := newCall(safe, "")
		policy := quick
		policy.MinDelay, policy.MaxDelay, policy.MaxAttempts = time.Hour, time.Hour, 1000
		call.Policy = &policy
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		res, err := newClient(t, play(reply(503, "later")), "https://api.example.com").Do(ctx, call)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 503, res.StatusCode)
		assert.Equal(t, "later", string(res.Body))

		ctx, cancelCause := context.WithCancelCause(t.Context())
		why := errors.New("shutting down")
		time.AfterFunc(time.Second, func() { cancelCause(why) })
		_, err = newClient(t, play(fail(errBroken)), "https://api.example.com").Do(ctx, call)
		require.ErrorIs(t, err, why)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, errBroken)
	})
}

func TestDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		call := newCall(safe, "")
		policy := quick
		policy.MaxAttempts, policy.MinDelay, policy.MaxDelay = 6, time.Second, 4*time.Second
		call.Policy = &policy
		longest := make([]time.Duration, 5)
		for range 50 {
			rt := play(reply(503, ""))
			_, err := newClient(t, rt, "https://api.example.com").Do(t.Context(), call)
			require.NoError(t, err)
			for i := range longest {
				longest[i] = max(longest[i], rt.times[i+1].Sub(rt.times[i]))
			}
		}
		for i, ceiling := range []time.Duration{1, 2, 4, 4, 4} {
			assert.LessOrEqual(t, longest[i], ceiling*time.Second, "delay %d", i)
			assert.Greater(t, longest[i], ceiling*time.Second/2, "delay %d", i)
		}
	})
}

func TestRetryAfterIsWaitedForAndCapped(t *testing.T) {
	for _, tc := range []struct {
		header   string
		status   int
		deadline time.Duration
		attempts int
		delay    time.Duration
	}{
		{"Retry-After: 7", 429, 0, 2, 7 * time.Second},
		{"Retry-After: 30.0", 429, 0, 2, 30 * time.Second},
		{"Retry-After: 7", 503, 0, 2, 7 * time.Second},
		{"Retry-After: 60", 429, 0, 2, time.Minute},
		{"Retry-After: 61", 429, 0, 1, 0},
		{"Retry-After: 7", 429, 5 * time.Second, 1, 0},
		{"Retry-After: 7", 408, 0, 2, 7 * time.Second},
		{"Retry-After: 7", 500, 0, 2, 7 * time.Second},
		{"Retry-After: 61", 502, 0, 1, 0},
		{"Retry-After: 7", 520, 0, 2, 7 * time.Second},
		{"Retry-After: soon", 429, 0, 2, -1}, // by the policy
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx := t.Context()
			if tc.deadline > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, tc.deadline)
				defer cancel()
			}
			rt := play(reply(tc.status, "", tc.header), reply(200, ""))
			res, err := newClient(t, rt, "https://api.example.com").Do(ctx, newCall(safe, ""))
			require.NoError(t, err)
			assert.Len(t, res.Attempts, tc.attempts, tc.header)
			switch {
			case tc.delay > 0:
				assert.Equal(t, tc.delay, rt.times[1].Sub(rt.times[0]), tc.header)
			case tc.delay < 0:
				assert.LessOrEqual(t, rt.times[1].Sub(rt.times[0]), quick.MaxDelay, tc.header)
			}
		})
	}
}

func TestAttemptTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		res, err := newClient(t, play(hang), "https://api.example.com").Do(t.Context(), newCall(safe, ""))
		require.Error(t, err)
		assert.Len(t, res.Attempts, 4)
		assert.InDelta(t, 4*quick.AttemptTimeout, time.Since(start), float64(time.Second))
		assert.NotErrorIs(t, err, context.DeadlineExceeded, "the caller's context has not ended")
		assert.NotErrorIs(t, err, context.Canceled)
		var timeout interface{ Timeout() bool }
		require.ErrorAs(t, err, &timeout)
		assert.True(t, timeout.Timeout())

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		res, err = newClient(t, play(hang), "https://api.example.com").Do(ctx, newCall(neither, "{}"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Len(t, res.Attempts, 1)
		assert.True(t, res.OutcomeUnknown)
	})
}
