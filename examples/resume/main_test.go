package main

import (
	"path/filepath"
	"testing"

	"github.com/paperspace-go/paperspace/internal/exampletest"
)

func TestOnlyReadsWithoutCreate(t *testing.T) {
	exampletest.OnlyReads(t, func() error { return begin(t.Context(), filepath.Join(t.TempDir(), "operation.json"), false) })
}

func TestBeginAndFinish(t *testing.T) {
	srv := exampletest.Service(t)
	file := filepath.Join(t.TempDir(), "operation.json")
	for range 2 { // the second time, begin finds the machine
		if err := begin(t.Context(), file, true); err != nil {
			t.Fatal(err)
		}
		if err := finish(t.Context(), file); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(srv.Calls("machines-create")); n != 1 {
		t.Errorf("%d creates", n)
	}
}
