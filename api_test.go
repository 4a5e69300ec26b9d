package paperspace

import (
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/exported"
)

// What is exported is recorded, and what breaks callers is named in the changelog.
func TestExportedAPI(t *testing.T) {
	lines, err := exported.Lines(".", "paperspacetest")
	require.NoError(t, err)
	record, err := exported.Read("testdata/api.txt")
	require.NoError(t, err)
	assert.True(t, slices.Equal(exported.Update(record, lines), record), `testdata/api.txt is not current: run "go run ./internal/cmd/exported"`)
	changelog, err := os.ReadFile("CHANGELOG.md")
	require.NoError(t, err)
	for _, entry := range exported.Unnamed(record, string(changelog)) {
		t.Errorf("callers break, and CHANGELOG.md does not name `%s` under Changed or Removed of its unreleased section: %s", exported.Name(entry[2:]), entry)
	}
}
