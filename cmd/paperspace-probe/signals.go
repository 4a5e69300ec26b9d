//go:build !js && !wasip1 && !plan9

package main

import (
	"os"
	"syscall"
)

// interrupts are the signals that end the probe.
var interrupts = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}
