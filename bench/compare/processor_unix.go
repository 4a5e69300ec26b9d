//go:build unix

package compare

import (
	"syscall"
	"time"
)

// processorTime is what this process, the collector and a server in it included, has taken so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
