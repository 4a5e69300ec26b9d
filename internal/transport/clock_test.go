package transport

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// The time that an attempt waits for a free connection is not its own, but it is the caller's.
func TestPausedClock(t *testing.T) {
	for name, tc := range map[string]struct{ caller, want time.Duration }{
		"a late deadline":   {10 * time.Minute, 105 * time.Second},
		"an early deadline": {90 * time.Second, 90 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tc.caller)
				defer cancel()
				begin := time.Now()
				a := &attempt{call: &Call{Policy: &Policy{AttemptTimeout: time.Minute}}, start: begin}
				a.Context, a.cancel = context.WithCancelCause(ctx)
				defer a.close()
				a.startClock()
				a.pause()
				time.Sleep(45 * time.Second)
				a.resume()
				assert.Equal(t, tc.want, a.deadline.Sub(begin))
			})
		})
	}
}
