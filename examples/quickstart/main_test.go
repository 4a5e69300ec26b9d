package main

import (
	"strings"
	"testing"

	"github.com/paperspace-go/paperspace/internal/exampletest"
)

func TestOnlyReadsWithoutCreate(t *testing.T) {
	exampletest.OnlyReads(t, func() error { return run(t.Context(), false, "C5", "t0nspur5") })
}

func TestOutput(t *testing.T) {
	exampletest.InMemory(t)
	output := exampletest.Output(t, func() error { return run(t.Context(), false, "C5", "t0nspur5") })
	for _, text := range []string{" ready at ", " deleted\n"} { // polls may miss the states between
		if strings.Count(output, text) != 1 {
			t.Errorf("not exactly one %q in %s", text, output)
		}
	}
}
