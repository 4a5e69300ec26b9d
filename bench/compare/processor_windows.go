package compare

import (
	"syscall"
	"time"
)

// processorTime returns the processor time of this process, including the garbage collector and a server in it.
func processorTime() time.Duration {
	var created, exited, kernel, user syscall.Filetime
	process, _ := syscall.GetCurrentProcess()
	_ = syscall.GetProcessTimes(process, &created, &exited, &kernel, &user)
	since := func(t syscall.Filetime) time.Duration { // in units of 100 ns
		return time.Duration(int64(t.HighDateTime)<<32+int64(t.LowDateTime)) * 100
	}
	return since(kernel) + since(user)
}
