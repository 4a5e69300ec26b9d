package transport

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// The time that an attempt waits for a free connection counts towards the caller's deadline only.
func TestPausedClock(t *testing.T) {
	for name, tc := range map[string]struct {
		caller time.Duration
		pauses []time.Duration
		want   time.Duration
		cause  error // nil: either timer may fire first
	}{
		"no pause":                        {10 * time.Minute, nil, time.Minute, errAttemptTimeout},
		"a pause":                         {10 * time.Minute, []time.Duration{45 * time.Second}, 105 * time.Second, errAttemptTimeout},
		"longer than an attempt may take": {10 * time.Minute, []time.Duration{3 * time.Minute}, 4 * time.Minute, errAttemptTimeout},
		"two pauses":                      {10 * time.Minute, []time.Duration{2 * time.Minute, time.Second}, 181 * time.Second, errAttemptTimeout},
		"until the caller's deadline":     {90 * time.Second, []time.Duration{45 * time.Second}, 90 * time.Second, nil},
		"too long":                        {20 * time.Minute, []time.Duration{11 * time.Minute}, maxQueued * time.Minute, errNoFreeConnection},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tc.caller)
				defer cancel()
				begin := time.Now()
				a := &attempt{call: &Call{Policy: &Policy{AttemptTimeout: time.Minute}}, start: begin}
				a.Context, a.cancel = context.WithCancelCause(ctx)
				defer a.close()
				var ended time.Duration
				stop := context.AfterFunc(a, func() { ended = time.Since(begin) })
				defer stop()
				a.startClock()
				for _, pause := range tc.pauses {
					a.mu.Lock()
					a.pause()
					a.mu.Unlock()
					time.Sleep(pause)
					a.mu.Lock()
					a.resume()
					a.mu.Unlock()
				}
				<-a.Done()
				synctest.Wait()
				assert.Equal(t, tc.want, ended)
				if tc.cause != nil {
					assert.Equal(t, tc.cause, context.Cause(a))
				}
			})
		})
	}
}
