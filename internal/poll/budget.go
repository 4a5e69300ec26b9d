package poll

import (
	"slices"
	"time"
)

const (
	// Burst is how many requests a group sends within a Window.
	Burst = 10
	// pageReserve is how many of these are kept for the pages of a sweep, from pollers that are due later than those of the sweep.
	pageReserve = 5
	// Window is a little longer than a second, since requests that leave a second apart may arrive closer together.
	Window = time.Second + maxDelay
	// maxDelay is how long after its turn a request may leave without another place in the budget.
	maxDelay = 50 * time.Millisecond
)

// budget limits how many requests are sent, and pauses when the service asks for it.
type budget struct {
	sent     [Burst]time.Time // the times of the last requests, a ring
	last     int              // the index of the latest
	limited  bool             // there was no response since the last 429
	pausedAt time.Time
	pause    time.Duration
}

// free returns when the next request may be sent, in addition to a reserve, by a poller that accepts pauses up to
// maxPause. After a 429 they are sent one by one, at intervals: to wait for each response could block a wait that runs
// inside the hook of another.
func (b *budget) free(maxPause time.Duration, reserve int) time.Time {
	before := b.sent[(b.last+1+reserve)%Burst]
	if b.limited {
		before = b.sent[b.last]
	}
	return latest(before.Add(Window), b.pausedAt.Add(min(b.pause, maxPause)))
}

func (b *budget) spend(now time.Time) {
	b.last = (b.last + 1) % Burst
	b.sent[b.last] = now
}

// pauseFor extends the pause; it never shortens it.
func (b *budget) pauseFor(d time.Duration, now time.Time) {
	if now.Add(d).After(b.pausedAt.Add(b.pause)) {
		b.pausedAt, b.pause = now, d
	}
}

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }
