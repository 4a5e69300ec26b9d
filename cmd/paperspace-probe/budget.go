package main

import (
	"errors"
	"fmt"
	"time"
)

const (
	maxLife    = 90 * time.Minute // whatever the machine costs
	deleteTime = 10 * time.Minute // the longest delete, which is paid for too
)

var (
	errSpent   = errors.New("the spending limit is reached")
	errTooLong = fmt.Errorf("the machine has existed for %s", maxLife)
)

// A budget ends a machine's life before it costs more than the spending limit, or takes too long.
type budget struct {
	limit float64 // US dollars
	begin time.Time
	stop  func(cause error)
	timer *time.Timer
}

func newBudget(limit float64, stop func(cause error)) *budget {
	return &budget{limit, time.Now(), stop, time.AfterFunc(maxLife, func() { stop(errTooLong) })}
}

func (b *budget) end() { b.timer.Stop() }

// setRate sets the price of an hour, in US dollars. The service returns it only with a machine, perhaps not at once:
// rates that are not positive are ignored.
func (b *budget) setRate(hourly float64) {
	if hourly <= 0 {
		return
	}
	hours := b.limit/hourly - deleteTime.Hours()
	if hours >= maxLife.Hours() {
		return
	}
	b.timer.Stop()
	left := time.Duration(hours*float64(time.Hour)) - time.Since(b.begin)
	if left <= 0 {
		b.stop(errSpent)
		return
	}
	b.timer = time.AfterFunc(left, func() { b.stop(errSpent) })
}
