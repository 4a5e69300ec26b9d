package main

import (
	"testing"

	"github.com/paperspace-go/paperspace/internal/exampletest"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func TestNothingIsCreatedWithoutCreate(t *testing.T) {
	exampletest.OnlyReads(t, func() error { return run(t.Context(), 3, "C5", false) })
}

// A create whose response is lost is not sent again, and its machine is deleted with the others.
func TestAllMachinesAreDeleted(t *testing.T) {
	srv := exampletest.Service(t)
	srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Skip: 1, Times: 1, Cut: true, CarriedOut: true})
	if err := run(t.Context(), 3, "C5", true); err != nil {
		t.Fatal(err)
	}
	if n := len(srv.Calls("machines-create")); n != 3 {
		t.Errorf("%d creates for 3 machines", n)
	}
	if n := len(srv.Calls("machines-delete")); n != 3 {
		t.Errorf("%d deletes of 3 machines", n)
	}
}
