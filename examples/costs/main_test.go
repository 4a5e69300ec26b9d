package main

import (
	"testing"

	"github.com/paperspace-go/paperspace/internal/exampletest"
)

func TestOutput(t *testing.T) {
	exampletest.InMemory(t)
	exampletest.Output(t, func() error { return run(t.Context()) })
}

func TestRate(t *testing.T) {
	for r, want := range map[float64]string{0: "0.00", 0.5: "0.50", 0.0068: "0.0068", 12.345: "12.345", 3: "3.00", 100: "100.00"} {
		if got := rate(r); got != want {
			t.Errorf("%v is %s, not %s", r, got, want)
		}
	}
}
