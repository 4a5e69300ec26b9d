//go:build js || wasip1 || plan9

package main

import "os"

var interrupts = []os.Signal{os.Interrupt}
