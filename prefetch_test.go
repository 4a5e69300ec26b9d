package paperspace

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hundredPages serves 100 pages of 120 machines. Each takes 20 ms.
func hundredPages(r *http.Request) (*http.Response, error) {
	const pages = 100
	number := 0
	_, _ = fmt.Sscan(r.URL.Query().Get("after"), &number)
	select {
	case <-time.After(20 * time.Millisecond):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	items := make([]byte, 0, 120*20)
	for i := range 120 {
		if i > 0 {
			items = append(items, ',')
		}
		items = fmt.Appendf(items, `{"id":"%d-%d"}`, number, i)
	}
	return reply(200, fmt.Sprintf(`{"items":[%s],"hasMore":%t,"nextPage":"%d"}`, items, number+1 < pages, number+1))(r)
}

func TestAllSendsOneRequestPerPage(t *testing.T) {
	for name, opts := range map[string][]RequestOption{"plain": nil, "prefetch": {WithPrefetch()}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt, start := play(hundredPages), time.Now()
				machines, err := Collect(newTestClient(t, rt).Machines.All(t.Context(), MachineListParams{}, opts...))
				require.NoError(t, err)
				assert.Equal(t, 12_000, len(machines))
				for i, m := range machines { // yielded items must not change when a later page is decoded
					require.Equal(t, fmt.Sprintf("%d-%d", i/120, i%120), m.ID)
				}
				assert.Equal(t, 100, rt.count())
				assert.Equal(t, 100*20*time.Millisecond, time.Since(start))
			})
		})
	}
}

func TestPrefetchOverlapsWithTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := func(opts ...RequestOption) time.Duration {
			rt, start, items := play(hundredPages), time.Now(), 0
			for _, err := range newTestClient(t, rt).Machines.All(t.Context(), MachineListParams{}, opts...) {
				require.NoError(t, err)
				if items++; items%120 == 0 {
					time.Sleep(20 * time.Millisecond)
				}
				synctest.Wait()
				assert.LessOrEqual(t, rt.count(), (items-1)/120+2, "requests, with at most one page ahead")
			}
			return time.Since(start)
		}
		plain, ahead := list(), list(WithPrefetch())
		t.Logf("%v without prefetch, %v with it: %.3f", plain, ahead, ahead.Seconds()/plain.Seconds())
		assert.LessOrEqual(t, ahead.Seconds(), 0.60*plain.Seconds())
	})
}

func TestPrefetchEndsWithTheLoop(t *testing.T) {
	for name, list := range map[string]func(context.Context, *Client){
		"break": func(ctx context.Context, c *Client) {
			for range c.Machines.All(ctx, MachineListParams{}, WithPrefetch()) {
				break
			}
		},
		"panics": func(ctx context.Context, c *Client) {
			defer func() { _ = recover() }()
			for range c.Machines.All(ctx, MachineListParams{}, WithPrefetch()) {
				panic("consumer")
			}
		},
		"context ends": func(ctx context.Context, c *Client) {
			ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			_, _ = Collect(c.Machines.All(ctx, MachineListParams{}, WithPrefetch()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // fails if a goroutine is left
				var running atomic.Int64
				rt := play(func(r *http.Request) (*http.Response, error) {
					running.Add(1)
					defer running.Add(-1)
					return hundredPages(r)
				})
				start := time.Now()
				list(t.Context(), newTestClient(t, rt))
				assert.Zero(t, running.Load(), "requests in flight after the loop")
				assert.Equal(t, 20*time.Millisecond, time.Since(start), "the loop does not wait for the next page")
			})
		})
	}
}

func TestPrefetchYieldsErrors(t *testing.T) {
	first := reply(200, `{"items":[{"id":"a"},{"id":"b"}],"hasMore":true,"nextPage":"2"}`)
	client := func(second step) *Client { return newTestClient(t, play(first, second)) }

	machines, err := Collect(client(reply(403, `{"message":"no","code":"FORBIDDEN"}`)).Machines.
		All(t.Context(), MachineListParams{}, WithPrefetch()))
	assert.Equal(t, "a b", ids(machines), "items before the error")
	assert.ErrorIs(t, err, ErrForbidden)

	assert.PanicsWithValue(t, "transport", func() {
		_, _ = Collect(client(func(*http.Request) (*http.Response, error) { panic("transport") }).Machines.
			All(t.Context(), MachineListParams{}, WithPrefetch()))
	})

	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	for m, err := range client(hang).Machines.All(ctx, MachineListParams{}, WithPrefetch()) {
		if m.ID == "b" {
			cancel(errors.New("enough"))
		} else if m.ID == "" {
			assert.ErrorIs(t, err, context.Canceled)
			assert.ErrorContains(t, err, "enough")
		}
	}
}

func TestPrefetchIsRefused(t *testing.T) {
	rt := play(reply(200, `{"items":[]}`))
	c := newTestClient(t, rt)
	_, err := c.Machines.List(t.Context(), MachineListParams{}, WithPrefetch())
	assert.ErrorContains(t, err, "machines-list: WithPrefetch: ")
	_, err = c.Machines.Get(t.Context(), "m", WithPrefetch())
	assert.ErrorContains(t, err, "machines-get: WithPrefetch: ")
	var captured Response
	_, err = Collect(c.Machines.All(t.Context(), MachineListParams{}, WithPrefetch(), WithResponse(&captured)))
	assert.ErrorContains(t, err, "machines-list: WithResponse: ")
	//lint:ignore SA1012 the test passes a nil context on purpose
	_, err = Collect(c.Machines.All(nil, MachineListParams{}, WithPrefetch()))
	assert.ErrorContains(t, err, "machines-list: ctx: ")
	assert.Zero(t, rt.count())
}
