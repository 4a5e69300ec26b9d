package main

import (
	"testing"
	"time"

	"github.com/paperspace-go/paperspace/internal/exampletest"
)

func TestOnlyReadsWithoutCreate(t *testing.T) {
	exampletest.OnlyReads(t, func() error { return run(t.Context(), 3, time.Second, false) })
}

// Each machine is created and deleted once, whenever the first controller is stopped.
func TestNoMachineIsCreatedTwice(t *testing.T) {
	srv := exampletest.Service(t)
	for _, crash := range []time.Duration{0, 300 * time.Millisecond} {
		srv.ResetCalls()
		if err := run(t.Context(), 2, crash, true); err != nil {
			t.Fatal(err)
		}
		if n := len(srv.Calls("machines-create")); n != 2 {
			t.Errorf("%d creates of 2 machines", n)
		}
		if n := len(srv.Calls("machines-delete")); n != 2 {
			t.Errorf("%d deletes of 2 machines", n)
		}
	}
}
