//go:build unix

package compare

import (
	"syscall"
	"time"
)

// processorTime returns the processor time of this process, including the garbage collector and a server in it.
func processorTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
