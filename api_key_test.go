package paperspace

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sentAPIKeys returns the API keys that the requests carried.
func sentAPIKeys(rt *script) (keys []string) {
	for _, r := range rt.requests {
		keys = append(keys, r.Header.Get("Authorization"))
	}
	return keys
}

func TestAPIKeyFunc(t *testing.T) {
	next, fails := "first", error(nil)
	client := func(rt http.RoundTripper) *Client {
		c, err := NewClient(WithHTTPClient(&http.Client{Transport: rt}), WithRetryPolicy(RetryPolicy{MinDelay: time.Millisecond, MaxDelay: time.Millisecond}),
			WithAPIKeyFunc(func(ctx context.Context) (string, error) {
				_, isAttempt := EndpointFromContext(ctx)
				assert.True(t, isAttempt, "the context belongs to an attempt")
				return next + "\n", fails
			}))
		require.NoError(t, err)
		return c
	}
	rotating := func(r *http.Request) (*http.Response, error) {
		next = "second"
		return reply(503, "")(r)
	}
	rt := play(rotating, reply(200, okMachine))
	_, err := client(rt).Machines.Get(t.Context(), "m")
	require.NoError(t, err)
	assert.Equal(t, []string{"Bearer first", "Bearer second"}, sentAPIKeys(rt), "each attempt calls the function")

	for _, bad := range []string{"", "a b", "a\r\nX-Evil: 1"} {
		rt, next = play(reply(200, okMachine)), bad
		_, err = client(rt).Projects.Create(t.Context(), ProjectCreateParams{Name: "p"})
		require.ErrorContains(t, err, "WithAPIKeyFunc", "%q", bad)
		assert.NotErrorIs(t, err, ErrOutcomeUnknown)
		assert.Zero(t, rt.count(), "requests sent")
	}
	next, fails = "key", errors.New("the vault is sealed")
	_, err = client(rt).Projects.Create(t.Context(), ProjectCreateParams{Name: "p"})
	require.ErrorIs(t, err, fails)
	assert.NotErrorIs(t, err, ErrOutcomeUnknown)
	assert.Zero(t, rt.count())

	_, err = NewClient(WithAPIKeyFunc(nil))
	require.ErrorContains(t, err, "WithAPIKeyFunc: is nil")
}

func TestChangedKeyFileIsReread(t *testing.T) {
	name := filepath.Join(t.TempDir(), "key")
	write := func(key string, at time.Time) {
		require.NoError(t, os.WriteFile(name, []byte(key), 0o600))
		require.NoError(t, os.Chtimes(name, at, at))
	}
	t.Setenv("PAPERSPACE_API_KEY", "")
	t.Setenv("PAPERSPACE_API_KEY_FILE", name)
	began := time.Now()
	write("first\n", began)
	rt := play(reply(200, okMachine))
	c, err := NewClient(FromEnv(), WithHTTPClient(&http.Client{Transport: rt}))
	require.NoError(t, err)
	get := func() error {
		_, err := c.Machines.Get(t.Context(), "m")
		return err
	}
	require.NoError(t, get())
	write("second", began.Add(time.Second))
	require.NoError(t, get())
	write(" ", began.Add(2*time.Second)) // half written
	require.NoError(t, get())
	require.NoError(t, os.Remove(name))
	require.NoError(t, get())
	assert.Equal(t, []string{"Bearer first", "Bearer second", "Bearer second", "Bearer second"}, sentAPIKeys(rt))

	// A change that the modification time does not show is found after a 401, once.
	write("third1", began)
	require.NoError(t, get())
	write("third2", began)
	rt.requests, rt.steps = nil, []step{refuse(401), reply(200, okMachine)}
	require.NoError(t, get())
	assert.Equal(t, []string{"Bearer third1", "Bearer third2"}, sentAPIKeys(rt))
	rt.requests, rt.steps = nil, []step{refuse(401)}
	require.ErrorIs(t, get(), ErrUnauthorized)
	assert.Equal(t, []string{"Bearer third2"}, sentAPIKeys(rt))
}

// The attempts with the old key belong to the call: a delete that may have been carried out before the key changed is
// not simply refused.
func TestAttemptsBeforeAKeyChangesCount(t *testing.T) {
	name := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(name, []byte("first"), 0o600))
	t.Setenv("PAPERSPACE_API_KEY", "")
	t.Setenv("PAPERSPACE_API_KEY_FILE", name)
	rt := play(reply(502, ""), func(r *http.Request) (*http.Response, error) {
		require.NoError(t, os.WriteFile(name, []byte("second"), 0o600))
		return refuse(401)(r)
	}, refuse(404))
	c, err := NewClient(FromEnv(), WithHTTPClient(&http.Client{Transport: rt}), WithRetryPolicy(RetryPolicy{MaxDelay: time.Millisecond}))
	require.NoError(t, err)
	var captured Response
	_, err = c.Machines.Delete(t.Context(), "m", WithResponse(&captured))
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorIs(t, err, ErrOutcomeUnknown)
	assert.Equal(t, []string{"Bearer first", "Bearer first", "Bearer second"}, sentAPIKeys(rt))
	e, _ := errors.AsType[*Error](err)
	assert.Equal(t, 3, e.Attempts)
	assert.Len(t, captured.Attempts, 3)
}

// A call that is refused for its key finds the new one even if another call has loaded it meanwhile.
func TestKeyThatAnotherCallHasReloaded(t *testing.T) {
	name := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(name, []byte("old"), 0o600))
	t.Setenv("PAPERSPACE_API_KEY", "")
	t.Setenv("PAPERSPACE_API_KEY_FILE", name)
	var c *Client
	rt := play(func(r *http.Request) (*http.Response, error) {
		require.NoError(t, os.WriteFile(name, []byte("another"), 0o600))
		_, err := c.Machines.Get(t.Context(), "other")
		require.NoError(t, err)
		return refuse(401)(r)
	}, reply(200, okMachine))
	c, err := NewClient(FromEnv(), WithHTTPClient(&http.Client{Transport: rt}))
	require.NoError(t, err)
	_, err = c.Machines.Get(t.Context(), "m")
	require.NoError(t, err)
	assert.Equal(t, []string{"Bearer old", "Bearer another", "Bearer another"}, sentAPIKeys(rt))
}

// countingLimiter counts the calls of Wait.
type countingLimiter struct {
	waits int
	fails error
}

func (l *countingLimiter) Wait(context.Context) error { l.waits++; return l.fails }

func TestLimiter(t *testing.T) {
	l := new(countingLimiter)
	rt := play(reply(503, ""), reply(200, okMachine))
	c := newTestClient(t, rt, WithLimiter(l), WithRetryPolicy(RetryPolicy{MinDelay: time.Millisecond, MaxDelay: time.Millisecond}))
	_, err := c.Machines.Get(t.Context(), "m")
	require.NoError(t, err)
	assert.Equal(t, 2, l.waits, "each attempt waits for the limiter")

	l.fails = errors.New("too fast")
	_, err = c.Projects.Create(t.Context(), ProjectCreateParams{Name: "p"})
	require.ErrorIs(t, err, l.fails)
	assert.NotErrorIs(t, err, ErrOutcomeUnknown)
	assert.Equal(t, 2, rt.count(), "requests sent")

	_, err = NewClient(WithLimiter(nil))
	require.ErrorContains(t, err, "WithLimiter: is nil")
	_, err = c.Machines.Get(t.Context(), "m", WithLimiter(nil))
	require.ErrorContains(t, err, "WithLimiter: is nil")
}

// orderedLimiter notes when it is asked.
type orderedLimiter struct {
	name  string
	asked *[]string
	fails error
}

func (l orderedLimiter) Wait(context.Context) error {
	*l.asked = append(*l.asked, l.name)
	return l.fails
}

func TestLimiterOfACall(t *testing.T) {
	var asked []string
	rt := play(reply(503, ""), reply(200, okMachine))
	c := newTestClient(t, rt, WithLimiter(orderedLimiter{"client", &asked, nil}),
		WithRetryPolicy(RetryPolicy{MinDelay: time.Millisecond, MaxDelay: time.Millisecond}))
	_, err := c.Machines.Get(t.Context(), "m", WithLimiter(orderedLimiter{"call", &asked, nil}))
	require.NoError(t, err)
	assert.Equal(t, []string{"client", "call", "client", "call"}, asked, "each attempt asks both, the client's first")

	asked = nil
	changedMind := errors.New("not any more")
	_, err = c.Projects.Create(t.Context(), ProjectCreateParams{Name: "p"}, WithLimiter(orderedLimiter{"call", &asked, changedMind}))
	require.ErrorIs(t, err, changedMind)
	assert.NotErrorIs(t, err, ErrOutcomeUnknown)
	assert.Equal(t, []string{"client", "call"}, asked, "an error of the limiter is final")
	assert.Equal(t, 2, rt.count(), "requests sent")
}
