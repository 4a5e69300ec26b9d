package paperspace

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// callsByClass returns a call of each class.
func callsByClass(c *Client) map[Class]func(context.Context, ...RequestOption) error {
	return map[Class]func(context.Context, ...RequestOption) error{
		ClassSafe: func(ctx context.Context, opts ...RequestOption) error {
			_, err := c.Machines.Get(ctx, "a", opts...)
			return err
		},
		ClassIdempotent: func(ctx context.Context, opts ...RequestOption) error {
			_, err := c.Machines.RemoveAccessor(ctx, "a", "b", opts...)
			return err
		},
		ClassOnce: func(ctx context.Context, opts ...RequestOption) error {
			_, err := c.Machines.AddAccessor(ctx, "a", MachineAccessorAddParams{UserID: "b"}, opts...)
			return err
		},
	}
}

// The table has the number of attempts per class if the first attempt ends as named and the second succeeds, and
// whether the outcome of a write is unknown if every attempt ends so.
func TestRetriesByClass(t *testing.T) {
	for _, tc := range []struct {
		name                   string
		step                   step
		safe, idempotent, once int
		unknown                bool
	}{
		{"no connection", failUnsent, 2, 2, 2, false},
		{"reset after sending", failSent, 2, 2, 1, true},
		{"transport without trace events", fail(errBroken), 2, 2, 1, true},
		{"cut body", cutBody, 2, 2, 1, true},
		{"408", reply(408, ""), 2, 2, 1, true},
		{"429", reply(429, ""), 2, 2, 2, false},
		{"499", reply(499, ""), 1, 1, 1, true},
		{"500", reply(500, ""), 2, 2, 1, true},
		{"425", reply(425, ""), 2, 2, 1, true},
		{"501", reply(501, ""), 1, 1, 1, true},
		{"505", reply(505, ""), 1, 1, 1, true},
		{"520", reply(520, ""), 2, 2, 1, true},
		{"502", reply(502, "<html>"), 2, 2, 1, true},
		{"503", reply(503, ""), 2, 2, 1, true},
		{"504", reply(504, ""), 2, 2, 1, true},
		{"302", reply(302, "", "Location: https://elsewhere.example.com/"), 1, 1, 1, true},
		{"400", reply(400, `{"message":"no","code":"BAD_REQUEST"}`), 1, 1, 1, false},
		{"HTML 403", reply(403, "<html>"), 1, 1, 1, true},
		{"401", refuse(401), 1, 1, 1, false},
		{"404", refuse(404), 1, 1, 1, false},
		{"409", refuse(409), 1, 1, 1, false},
		{"empty 200", reply(200, ""), 2, 1, 1, true},
		{"null", reply(200, "null"), 2, 2, 1, true},
		{"HTML with 200", reply(200, "<html>"), 2, 2, 1, true},
		{"refusal with 200", reply(200, `{"message":"no","code":"CONFLICT"}`), 1, 1, 1, false},
		{"failure with 200", reply(200, `{"message":"no","code":"INTERNAL_SERVER_ERROR"}`), 1, 1, 1, true},
		{"certificate", fail(&tls.CertificateVerificationError{Err: errBroken}), 1, 1, 1, true},
		{"scheme", fail(http.ErrSchemeMismatch), 1, 1, 1, true},
	} {
		for class, want := range map[Class]int{ClassSafe: tc.safe, ClassIdempotent: tc.idempotent, ClassOnce: tc.once} {
			t.Run(fmt.Sprintf("%s/%d", tc.name, class), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					rt := play(tc.step, reply(200, `{"id":"a","user":{"id":"b"}}`))
					err := callsByClass(newTestClient(t, rt))[class](t.Context())
					assert.Equal(t, want, rt.count(), "attempts")
					emptyDelete := tc.name == "empty 200" && class == ClassIdempotent // a success
					assert.Equal(t, want == 2 || emptyDelete, err == nil, "%v", err)

					rt = play(tc.step)
					err = callsByClass(newTestClient(t, rt))[class](t.Context())
					assert.Equal(t, tc.unknown && class != ClassSafe && !emptyDelete, errors.Is(err, ErrOutcomeUnknown), "%v", err)
					if !emptyDelete {
						e, ok := errors.AsType[*Error](err)
						require.True(t, ok)
						assert.Equal(t, rt.count(), e.Attempts)
						if want == 2 {
							assert.Equal(t, 4, rt.count(), "attempts by default")
						}
					}
				})
			})
		}
	}
}

// An unknown outcome of one attempt remains unknown when the next attempt is refused.
func TestRefusedRetryKeepsTheOutcomeUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := play(failSent, reply(404, `{"message":"Not found","code":"NOT_FOUND"}`))
		_, err := newTestClient(t, rt).Machines.Delete(t.Context(), "a")
		require.ErrorIs(t, err, ErrOutcomeUnknown)
		require.ErrorIs(t, err, ErrNotFound)
		assert.Equal(t, 2, rt.count())

		rt = play(failSent, failSent, reply(200, `{"event":null,"data":`+okMachine+`}`))
		_, err = newTestClient(t, rt).Machines.Delete(t.Context(), "a")
		require.NoError(t, err, "a retry that succeeds makes the outcome known")
	})
}

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var drawn [5]struct{ least, most time.Duration } // range of 50 delays
		for round := range 50 {
			var starts []time.Time
			rt := play(func(r *http.Request) (*http.Response, error) {
				starts = append(starts, time.Now())
				return reply(503, "")(r)
			})
			c := newTestClient(t, rt, WithRetryPolicy(RetryPolicy{MaxAttempts: 6, MinDelay: time.Second, MaxDelay: 4 * time.Second}))
			_, err := c.Machines.Get(t.Context(), "a")
			require.ErrorIs(t, err, ErrServer)
			require.Len(t, starts, 6)
			for i, ceiling := range []time.Duration{1, 2, 4, 4, 4} {
				delay := starts[i+1].Sub(starts[i])
				assert.LessOrEqual(t, delay, ceiling*time.Second)
				if d := &drawn[i]; round == 0 {
					d.least, d.most = delay, delay
				} else {
					d.least, d.most = min(d.least, delay), max(d.most, delay)
				}
			}
		}
		for i, ceiling := range []time.Duration{1, 2, 4, 4, 4} { // full jitter; the chance that a correct one fails is one in a million
			assert.Less(t, drawn[i].least, ceiling*time.Second/4)
			assert.Greater(t, drawn[i].most, ceiling*time.Second*3/4)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	for _, tc := range []struct {
		name     string
		header   string
		status   int
		deadline time.Duration
		attempts int
		least    time.Duration // delay between the attempts
		most     time.Duration
	}{
		{name: "seconds", header: "7", status: 429, attempts: 2, least: 7 * time.Second, most: 7 * time.Second},
		{name: "503", header: "7", status: 503, attempts: 2, least: 7 * time.Second, most: 7 * time.Second},
		{name: "date", header: "Sat, 01 Jan 2000 00:00:09 GMT", status: 429, attempts: 2, least: 9 * time.Second, most: 9 * time.Second},
		{name: "zero", header: "0", status: 429, attempts: 2},
		{name: "the cap", header: "60", status: 429, attempts: 2, least: time.Minute, most: time.Minute},
		{name: "above the cap", header: "61", status: 429, attempts: 1},
		{name: "date above the cap", header: "Sat, 01 Jan 2000 01:00:00 GMT", status: 429, attempts: 1},
		{name: "past the deadline", header: "7", status: 429, deadline: 5 * time.Second, attempts: 1},
		{name: "past date", header: "Fri, 31 Dec 1999 00:00:00 GMT", status: 429, attempts: 2, most: 500 * time.Millisecond},
		{name: "negative", header: "-5", status: 429, attempts: 2, most: 500 * time.Millisecond},
		{name: "with a sign", header: "+5", status: 429, attempts: 2, most: 500 * time.Millisecond},
		{name: "junk", header: "soon", status: 429, attempts: 2, most: 500 * time.Millisecond},
		{name: "overflow", header: "9223372036854775807", status: 429, attempts: 2, most: 500 * time.Millisecond},
		{name: "greater overflow", header: "99999999999999999999999", status: 429, attempts: 2, most: 500 * time.Millisecond},
		{name: "500", header: "7", status: 500, attempts: 2, least: 7 * time.Second, most: 7 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tc.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tc.deadline)
					defer cancel()
				}
				rt := play(reply(tc.status, `{"message":"slow down","code":"TOO_MANY_REQUESTS"}`, "Retry-After: "+tc.header), reply(200, okMachine))
				start := time.Now()
				_, err := newTestClient(t, rt).Machines.Get(ctx, "a")
				took := time.Since(start)
				assert.Equal(t, tc.attempts, rt.count())
				assert.GreaterOrEqual(t, took, tc.least)
				assert.LessOrEqual(t, took, tc.most)
				if tc.attempts == 1 {
					require.ErrorIs(t, err, ErrTooManyRequests)
					e, _ := errors.AsType[*Error](err)
					assert.GreaterOrEqual(t, e.RetryAfter, 7*time.Second)
					assert.Equal(t, "slow down", e.Message)
					assert.Contains(t, err.Error(), fmt.Sprintf("(retry after %s)", e.RetryAfter))
					assert.NotErrorIs(t, err, context.DeadlineExceeded)
				}
			})
		})
	}
}

func TestCancelledBackoffReturnsTheLastError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		slow := WithRetryPolicy(RetryPolicy{MaxAttempts: 1000, MinDelay: time.Minute, MaxDelay: time.Minute})
		_, err := newTestClient(t, play(reply(503, `{"message":"later","code":"INTERNAL_SERVER_ERROR"}`)), slow).Machines.Get(ctx, "a")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, ErrServer)
		assert.ErrorContains(t, err, "later")

		ctx, cancelCause := context.WithCancelCause(t.Context())
		why := errors.New("shutting down")
		time.AfterFunc(5*time.Second, func() { cancelCause(why) })
		_, err = newTestClient(t, play(fail(errBroken)), slow).Machines.Get(ctx, "a")
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, why)
		require.ErrorIs(t, err, errBroken)
	})
}

func TestEndedContextSendsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	rt := play(reply(200, okMachine))
	for class, call := range callsByClass(newTestClient(t, rt)) {
		err := call(ctx)
		require.ErrorIs(t, err, context.Canceled)
		assert.NotErrorIs(t, err, ErrOutcomeUnknown, "class %d", class)
	}
	assert.Zero(t, rt.count())
}

func TestCancelledAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for class := range callsByClass(newTestClient(t, play(hang))) {
			rt := play(hang)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			err := callsByClass(newTestClient(t, rt))[class](ctx)
			cancel()
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, class != ClassSafe, errors.Is(err, ErrOutcomeUnknown))
			assert.Equal(t, 1, rt.count())
		}
	})
}

// An attempt that times out does not look as if the caller's context had ended, whoever set the limit.
func TestAttemptTimeout(t *testing.T) {
	timeouts := map[string]step{
		"ours":      hang,
		"net":       fail(&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}),
		"context":   fail(context.DeadlineExceeded),
		"cancelled": fail(context.Canceled),
	}
	for name, timeout := range timeouts {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := play(timeout)
				_, err := newTestClient(t, rt).Machines.Get(t.Context(), "a")
				require.Error(t, err)
				assert.Equal(t, 4, rt.count())
				assert.NotErrorIs(t, err, context.DeadlineExceeded)
				assert.NotErrorIs(t, err, context.Canceled)
				var timedOut net.Error
				require.ErrorAs(t, err, &timedOut)
				assert.True(t, timedOut.Timeout())
			})
		})
	}
	t.Run("the default is 60 s", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			c := newTestClient(t, play(hang), WithRetryPolicy(RetryPolicy{MaxAttempts: 1}))
			_, err := c.Machines.Get(t.Context(), "a")
			require.Error(t, err)
			assert.Equal(t, time.Minute, time.Since(start))
		})
	})
	t.Run("timeout of the caller's http.Client", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			rt := play(hang, reply(200, okMachine))
			start := time.Now()
			c, err := NewClient(WithAPIKey(testKey), WithHTTPClient(&http.Client{Transport: rt, Timeout: 5 * time.Second}))
			require.NoError(t, err)
			_, err = c.Machines.Get(t.Context(), "a")
			require.NoError(t, err)
			assert.Less(t, time.Since(start), 6*time.Second)

			rt = play(hang)
			c, err = NewClient(WithAPIKey(testKey), WithHTTPClient(&http.Client{Transport: rt, Timeout: 5 * time.Second}))
			require.NoError(t, err)
			_, err = c.Machines.Get(t.Context(), "a")
			require.Error(t, err)
			assert.NotErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, 4, rt.count())
		})
	})
	t.Run("a slow body", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			rt := play(func(r *http.Request) (*http.Response, error) {
				resp, _ := reply(200, "")(r)
				resp.Body = io.NopCloser(readerFunc(func([]byte) (int, error) {
					<-r.Context().Done()
					return 0, r.Context().Err()
				}))
				return resp, nil
			}, reply(200, okMachine))
			_, err := newTestClient(t, rt).Machines.Get(t.Context(), "a")
			require.NoError(t, err)
			assert.Equal(t, 2, rt.count())
		})
	})
}

func TestRetryPolicyOfOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := play(reply(500, ""))
		c := newTestClient(t, rt, WithRetryPolicy(RetryPolicy{MaxAttempts: 2}))
		_, err := c.Machines.Get(t.Context(), "a", WithRetryPolicy(RetryPolicy{MaxAttempts: 7}))
		require.Error(t, err)
		assert.Equal(t, 7, rt.count())
		_, err = c.Machines.Get(t.Context(), "a", WithRetryPolicy(RetryPolicy{MaxAttempts: 1}))
		require.Error(t, err)
		assert.Equal(t, 8, rt.count())
		_, err = c.Machines.Get(t.Context(), "a")
		require.Error(t, err)
		assert.Equal(t, 10, rt.count())
	})
}

func TestTimeoutOfOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := newTestClient(t, play(reply(500, ""), hang)).Machines.Get(t.Context(), "a", WithTimeout(3*time.Second))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 3*time.Second, time.Since(start))
	})
}

// Every attempt sends the whole body.
func TestEveryAttemptSendsTheWholeBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := play(reply(429, ""), failUnsent, reply(200, `{"user":{"id":"b"}}`))
		a, err := newTestClient(t, rt).Machines.AddAccessor(t.Context(), "a", MachineAccessorAddParams{UserID: "b"})
		require.NoError(t, err)
		assert.Equal(t, "b", a.User.ID)
		assert.Equal(t, []string{`{"userId":"b"}`, `{"userId":"b"}`, `{"userId":"b"}`}, rt.bodies)
	})
}

// A context may end at any moment, even between two checks of it.
func TestTinyDeadlines(t *testing.T) {
	c := newTestClient(t, play(reply(200, okMachine)))
	for i := range 3000 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*time.Nanosecond)
		if _, err := c.Machines.Get(ctx, "a"); err != nil {
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		cancel()
	}
}

// A response proves that the request was sent, whatever the transport reports of its connections.
func TestResponseOfATransportThatReportsNoConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, response := range []step{cutBody, reply(500, "")} {
			rt := play(func(r *http.Request) (*http.Response, error) {
				_, _ = failUnsent(r)
				return response(r)
			})
			err := callsByClass(newTestClient(t, rt))[ClassOnce](t.Context())
			require.ErrorIs(t, err, ErrOutcomeUnknown)
			assert.Equal(t, 1, rt.count())
		}
	})
}

func TestContextEndsWhileAnErrorBodyIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		rt := play(func(r *http.Request) (*http.Response, error) {
			resp, _ := reply(503, "")(r)
			resp.Body = io.NopCloser(readerFunc(func([]byte) (int, error) {
				<-r.Context().Done()
				return 0, r.Context().Err()
			}))
			return resp, nil
		})
		_, err := newTestClient(t, rt).Machines.Get(ctx, "a")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, ErrServer)
	})
}

func TestInvalidRetryAfterIsNotReported(t *testing.T) {
	for _, value := range []string{"-5", "9223372036854775807", "soon"} {
		once := WithRetryPolicy(RetryPolicy{MaxAttempts: 1})
		_, err := newTestClient(t, play(reply(429, "", "Retry-After: "+value)), once).Machines.Get(t.Context(), "a")
		e, ok := errors.AsType[*Error](err)
		require.True(t, ok)
		assert.Zero(t, e.RetryAfter, value)
	}
}

// A cookie jar adds to the header of each attempt, which must not reach the next attempt.
func TestCookiesDoNotReachTheNextAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		jar, err := cookiejar.New(nil)
		require.NoError(t, err)
		n := 0
		rt := play(func(r *http.Request) (*http.Response, error) {
			n++
			return reply(503, "", fmt.Sprintf("Set-Cookie: lb=v%d", n))(r)
		})
		c, err := NewClient(WithAPIKey(testKey), WithHTTPClient(&http.Client{Transport: rt, Jar: jar}))
		require.NoError(t, err)
		_, err = c.Machines.Get(t.Context(), "a")
		require.Error(t, err)
		assert.Equal(t, "lb=v3", rt.requests[3].Header.Get("Cookie"))
	})
}

// errorList is an error that cannot be compared with ==.
type errorList []error

func (l errorList) Error() string   { return fmt.Sprint([]error(l)) }
func (l errorList) Unwrap() []error { return l }

// A cause that wraps the context's own error is kept.
func TestCancellationCauses(t *testing.T) {
	why := errors.New("shutting down")
	causes := map[string]error{"plain": why, "wrapping": fmt.Errorf("%w: %w", why, context.Canceled), "a list": errorList{why}}
	for name, cause := range causes {
		for when, rt := range map[string]step{
			"in an attempt": hang, "in an attempt, as net/http returns it": hangForCause, "in a back-off": reply(429, "", "Retry-After: 5"),
		} {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				began := time.Now()
				time.AfterFunc(time.Second, func() { cancel(cause) })
				_, err := newTestClient(t, rt).Machines.Get(ctx, "a")
				assert.ErrorIs(t, err, why, "%s, %s", name, when)
				assert.ErrorIs(t, err, context.Canceled, "%s, %s", name, when)
				assert.Equal(t, time.Second, time.Since(began), "%s, %s", name, when)
			})
		}
	}
}

// hangForCause responds with the cause when the request's context ends.
func hangForCause(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}

// Some error responses do not reveal whether a write was carried out.
func TestErrorsThatLeaveTheOutcomeUnknown(t *testing.T) {
	for status, unknown := range map[int]bool{101: true, 302: true, 408: true, 499: true, 500: true, 600: true, 999: true, 400: false, 404: false, 429: false} {
		for body, unknown := range map[string]bool{
			`{"message":"m","code":"C"}`: unknown,
			"<html>":                     status != 429, // does not come from the API
		} {
			rt := play(reply(status, body))
			_, err := newTestClient(t, rt, WithRetryPolicy(RetryPolicy{MaxAttempts: 1})).Projects.Create(t.Context(), ProjectCreateParams{Name: "p"})
			require.Error(t, err)
			assert.Equal(t, unknown, errors.Is(err, ErrOutcomeUnknown), "%d %s", status, body)
		}
	}
}

// slowBody returns its content, and then blocks until it is closed or its request ends.
type slowBody struct {
	io.Reader
	ctx    context.Context
	closed atomic.Int64
}

func (b *slowBody) Read(p []byte) (int, error) {
	if n, err := b.Reader.Read(p); err == nil {
		return n, nil
	}
	<-b.ctx.Done()
	return 0, b.ctx.Err()
}

func (b *slowBody) Close() error { b.closed.Add(1); return nil }

// An error body that does not end does not delay the error.
func TestErrorWithASlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(r *http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: 429, Header: http.Header{"Retry-After": {"0"}}, Request: r,
				Body: &slowBody{Reader: strings.NewReader(`{"message":"slow down","code":"TOO_MANY_REQUESTS"`), ctx: r.Context()},
			}, nil
		}
		began := time.Now()
		_, err := newTestClient(t, play(slow, reply(200, okMachine))).Machines.Get(t.Context(), "a")
		require.NoError(t, err)
		assert.Equal(t, 5*time.Second, time.Since(began))

		_, err = newTestClient(t, play(slow), WithRetryPolicy(RetryPolicy{MaxAttempts: 1})).Machines.Get(t.Context(), "a")
		require.ErrorIs(t, err, ErrTooManyRequests)
		assert.ErrorContains(t, err, "slow down")
	})
}

// Every body is closed, however the call ends.
func TestBodiesAreClosed(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		body   io.Reader
	}{
		"success": {200, strings.NewReader(okMachine)}, "error": {400, strings.NewReader("{}")},
		"a long error": {400, strings.NewReader(strings.Repeat("x", 3<<20))}, "too long": {200, strings.NewReader(strings.Repeat("x", 3<<10))},
		"broken": {200, iotest.ErrReader(io.ErrUnexpectedEOF)}, "broken error": {500, iotest.ErrReader(io.ErrUnexpectedEOF)},
		"switching protocols": {101, strings.NewReader("")},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // ends bodies that would not end on their own
		body := &slowBody{Reader: tc.body, ctx: ctx}
		rt := step(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: tc.status, Header: http.Header{}, Body: body, Request: r}, nil
		})
		c := newTestClient(t, rt, WithMaxResponseBody(1<<10), WithRetryPolicy(RetryPolicy{MaxAttempts: 1}))
		_, _ = c.Machines.Get(t.Context(), "a")
		assert.EqualValues(t, 1, body.closed.Load(), name)
	}
}
