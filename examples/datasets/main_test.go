package main

import (
	"strings"
	"testing"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/internal/exampletest"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func TestOnlyReadsWithoutCreate(t *testing.T) {
	exampletest.OnlyReads(t, func() error { return run(t.Context(), false) })
}

// The newest version has the tag, and only it. The dataset is deleted, even if the response to its create is lost.
func TestOneVersionHasTheTag(t *testing.T) {
	srv := exampletest.Service(t)
	srv.Inject(paperspacetest.Fault{Endpoint: "datasets-create", Times: 1, Cut: true, CarriedOut: true})
	output := exampletest.Output(t, func() error { return run(t.Context(), true) })
	if first, _, _ := strings.Cut(output, "\n"); !strings.HasSuffix(first, "latest") || strings.Count(output, "latest") != 1 {
		t.Error(output)
	}
	for d, err := range srv.Client().Datasets.All(t.Context(), paperspace.DatasetListParams{}) {
		t.Error("found a dataset:", d.Name, err)
	}
}
