package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// suspended returns an attempt on a machine that was suspended: no timer has fired, but by the wall clock its time is
// over.
func suspended(call *Call) *attempt {
	r := &run{Context: context.Background(), call: call, client: new(Client)}
	r.begin()
	r.attempt.deadline = time.Now().Add(-time.Second)
	return r.attempt
}

func TestNothingIsSentAfterTheDeadlineByTheWallClock(t *testing.T) {
	a := suspended(newCall(neither, "{}"))
	_, err := io.ReadAll(&body{attempt: a, rest: []byte("{}")})
	require.ErrorIs(t, err, errAttemptTimeout)
	a.close()
	assert.False(t, a.mayHaveArrived(err), "no body was read")

	a = suspended(newCall(neither, ""))
	g := &guard{attempt: a}
	g.getConn("127.0.0.1:80")
	g.gotConn(httptrace.GotConnInfo{})
	require.ErrorIs(t, context.Cause(a), errAttemptTimeout)
	a.close()
	assert.False(t, a.mayHaveArrived(context.Cause(a)), "the connection came too late")
}

func TestBodyIsReadOnceAndOnlyDuringItsAttempt(t *testing.T) {
	r := &run{Context: t.Context(), call: newCall(neither, "{}"), client: new(Client)}
	r.begin()
	r.attempt.deadline = time.Now().Add(time.Minute)
	b := &body{attempt: r.attempt, rest: []byte("{}")}
	text, err := io.ReadAll(b)
	require.NoError(t, err)
	assert.Equal(t, "{}", string(text))
	text, err = io.ReadAll(b)
	require.NoError(t, err)
	assert.Empty(t, text, "the second time")
	r.attempt.close()
	_, err = b.Read(make([]byte, 1))
	require.ErrorIs(t, err, errEnded)
}

func TestSourcesBeforeAnAttempt(t *testing.T) {
	t.Run("each attempt gets the key anew", func(t *testing.T) {
		rt := play(reply(503, ""), reply(200, "{}"))
		c := newClient(t, rt, "https://api.example.com")
		n := 0
		c.Authorization = func(ctx context.Context) (string, error) {
			n++
			_, _, number, ok := FromContext(ctx)
			assert.True(t, ok)
			assert.Equal(t, n, number)
			return fmt.Sprint("Bearer ", n), nil
		}
		_, err := c.Do(t.Context(), newCall(safe, ""))
		require.NoError(t, err)
		assert.Equal(t, "Bearer 1", rt.requests[0].Header.Get("Authorization"))
		assert.Equal(t, "Bearer 2", rt.requests[1].Header.Get("Authorization"))
	})
	t.Run("nothing is sent without a key or against the limiter", func(t *testing.T) {
		for reason, set := range map[string]func(*Client){
			"key":     func(c *Client) { c.Authorization = func(context.Context) (string, error) { return "", errBroken } },
			"limiter": func(c *Client) { c.Limiter = limiter(func(context.Context) error { return errBroken }) },
		} {
			for _, class := range classes {
				rt := play(reply(200, "{}"))
				c := newClient(t, rt, "https://api.example.com")
				set(c)
				res, err := c.Do(t.Context(), newCall(class, ""))
				require.ErrorIs(t, err, errBroken)
				f, ok := errors.AsType[*Failure](err)
				require.True(t, ok)
				assert.Equal(t, reason, f.Reason)
				assert.False(t, res.OutcomeUnknown)
				assert.Len(t, res.Attempts, 1, "it is final: the source can retry by itself")
				assert.Zero(t, rt.count())
			}
		}
	})
	t.Run("the limiter's time is not the attempt's", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			rt := play(reply(503, ""), reply(200, "{}"))
			c := newClient(t, rt, "https://api.example.com")
			waits := 0
			c.Limiter = limiter(func(ctx context.Context) error { waits++; time.Sleep(time.Hour); return ctx.Err() })
			res, err := c.Do(t.Context(), newCall(safe, ""))
			require.NoError(t, err)
			assert.Equal(t, 2, waits)
			for _, a := range res.Attempts {
				assert.Zero(t, a.Duration)
			}
		})
	})
}

type limiter func(context.Context) error

func (l limiter) Wait(ctx context.Context) error { return l(ctx) }

// The default transport lets a call wait when all its connections are in use. The wait does not count towards the
// attempt's timeout.
func TestTimeInTheQueueIsNotTheAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var served atomic.Int64
		dial := serveInMemory(t, func(http.ResponseWriter, *http.Request) {
			served.Add(1)
			time.Sleep(time.Second)
		})
		tr := &http.Transport{MaxConnsPerHost: 1, DialContext: dial}
		defer tr.CloseIdleConnections()
		c := newClient(t, tr, "http://api.example.com")
		policy := quick
		policy.MaxAttempts, policy.AttemptTimeout = 1, 5*time.Second
		const calls = 12 // 12 s in all
		results := make(chan error, calls)
		for range calls {
			go func() {
				call := newCall(neither, "{}")
				call.Policy = &policy
				_, err := c.Do(t.Context(), call)
				results <- err
			}()
		}
		for range calls {
			assert.NoError(t, <-results)
		}
		assert.EqualValues(t, calls, served.Load())
	})
}

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// A RoundTripper that reports that it waits, and nothing else.
		c := newClient(t, play(), "https://api.example.com")
		c.HTTP.Transport = perAttempt{
			below: roundTripper(func(r *http.Request) (*http.Response, error) {
				httptrace.ContextClientTrace(r.Context()).GetConn("api.example.com:443")
				return hang(r)
			}),
			direct: &http.Transport{MaxConnsPerHost: 1},
		}
		call := newCall(neither, "{}")
		policy := quick
		policy.MaxAttempts = 1
		call.Policy = &policy
		start := time.Now()
		res, err := c.Do(t.Context(), call)
		require.ErrorIs(t, err, errNoFreeConnection)
		assert.Equal(t, maxQueued*policy.AttemptTimeout, time.Since(start))
		assert.False(t, res.OutcomeUnknown)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// What a RoundTripper and a cookie jar do to the request of one attempt does not affect the next.
func TestEachAttemptHasARequestOfItsOwn(t *testing.T) {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	var sent []string
	rt := roundTripper(func(r *http.Request) (*http.Response, error) {
		sent = append(sent, fmt.Sprint(r.URL, " ", r.Header["Cookie"], " ", r.Header["X-Own"]))
		assert.Nil(t, r.GetBody, "net/http would use it")
		r.URL.Path = "/elsewhere"
		r.Header.Set("X-Own", "changed")
		return reply(503, "", fmt.Sprintf("Set-Cookie: n=%d", len(sent)))(r)
	})
	base, err := url.Parse("https://api.example.com")
	require.NoError(t, err)
	c := &Client{HTTP: NewHTTPClient(&http.Client{Transport: rt, Jar: jar}, base), Base: base, MaxBody: 1 << 10}
	call := newCall(idempotent, "{}")
	call.Request.Header = http.Header{"X-Own": {"mine"}}
	_, err = c.Do(t.Context(), call)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"https://api.example.com/things/a [] [mine]", "https://api.example.com/things/a [n=1] [mine]",
		"https://api.example.com/things/a [n=2] [mine]", "https://api.example.com/things/a [n=3] [mine]",
	}, sent)
	assert.Equal(t, http.Header{"X-Own": {"mine"}}, call.Request.Header)
}

func TestNothingIsSentWithAContextThatHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errBroken)
	rt := play(reply(200, "{}"))
	res, err := newClient(t, rt, "https://api.example.com").Do(ctx, newCall(neither, "{}"))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, errBroken)
	assert.Empty(t, res.Attempts)
	assert.Zero(t, rt.count())
}

// http.Client would name our own RoundTripper, and leave the body open.
func TestRoundTripperThatBreaksTheRules(t *testing.T) {
	var logged strings.Builder
	log.SetOutput(&logged)
	defer log.SetOutput(os.Stderr)
	get := func(rt roundTripper) (*Result, error) {
		return newClient(t, rt, "https://api.example.com").Do(t.Context(), newCall(safe, ""))
	}
	_, err := get(func(*http.Request) (*http.Response, error) { return nil, nil })
	require.EqualError(t, err, "the RoundTripper transport.roundTripper returned neither a response nor an error")

	closed := 0
	_, err = get(func(r *http.Request) (*http.Response, error) {
		resp, _ := reply(200, "{}")(r)
		resp.Body = &closeCounter{resp.Body, &closed}
		return resp, errBroken
	})
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, 4, closed, "bodies closed")

	res, err := get(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, ContentLength: 2}, nil
	})
	require.NoError(t, err)
	assert.Empty(t, res.Body)
	assert.Empty(t, logged.String())
}

// closeCounter counts how often bodies are closed.
type closeCounter struct {
	io.ReadCloser
	n *int
}

func (c *closeCounter) Close() error {
	*c.n++
	return c.ReadCloser.Close()
}
