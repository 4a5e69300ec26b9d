package paperspace

import (
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/exported"
)

// TestExportedAPI checks that testdata/api.txt lists the exported API, and that CHANGELOG.md names each incompatible
// change.
func TestExportedAPI(t *testing.T) {
	lines, err := exported.Lines(exported.Dirs...)
	require.NoError(t, err)
	record, err := exported.Read("testdata/api.txt")
	require.NoError(t, err)
	if !slices.Equal(exported.Update(record, lines), record) {
		t.Error("testdata/api.txt is not current; run: go generate .")
	}
	changelog, err := os.ReadFile("CHANGELOG.md")
	require.NoError(t, err)
	for _, entry := range exported.Unnamed(record, string(changelog)) {
		t.Errorf("incompatible change: CHANGELOG.md must name `%s` under Changed or Removed in its unreleased section: %s", exported.Name(entry[2:]), entry)
	}
}
