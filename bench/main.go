// Bench compares the SDK with other clients of the same API. See README.md.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"

	"github.com/paperspace-go/paperspace/bench/compare"
)

func main() {
	options := compare.Flags()
	flag.Parse()
	if options.Quick {
		fmt.Fprintln(os.Stderr, "a quick run is without ogen")
	} else if err := generateOgen(); err != nil {
		fmt.Fprintf(os.Stderr, "RUNNING WITHOUT OGEN: cannot generate its client: %v\n", err)
	} else {
		os.Exit(runWithOgen())
	}
	if err := compare.Run(os.Stdout, *options); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// runWithOgen runs the generated command, which also has ogen as a contestant, and returns its exit status.
func runWithOgen() int {
	cmd := exec.Command("go", append([]string{"run", "."}, os.Args[1:]...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = ogenDir, os.Stdout, os.Stderr
	err := cmd.Run()
	if err == nil {
		return 0
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	fmt.Fprintln(os.Stderr, "bench:", err)
	return 1
}
