package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSameServiceHasNoChanges(t *testing.T) {
	_, before, _ := run{live: true}.probe(t)
	_, after, _ := run{live: true}.probe(t)
	assert.Empty(t, compare(before, after))
	assert.NotNil(t, compare(before, after), "the Markdown must say that there are no changes")
}

func TestWhatAReportDoesNotSeeIsNoChange(t *testing.T) {
	_, before, _ := run{live: true}.probe(t)
	_, after, _ := run{}.probe(t)
	assert.Empty(t, compare(before, after))
	assert.Empty(t, compare(after, before))
}

func TestChangesBetweenReports(t *testing.T) {
	_, before, _ := run{}.probe(t)
	for name, want := range turned() {
		if want.live {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, after, _ := want.probe(t)
			assert.Contains(t, strings.Join(compare(before, after), "\n"), "assumption `"+name+"` was held and is now refuted")
		})
	}
	_, after, _ := setTo("/machines", "colour", "red").probe(t)
	assert.Contains(t, compare(before, after),
		"machines-list, differences from the contract: `items[].colour` unknown member (not in the contract) is new")
	assert.Contains(t, compare(after, before),
		"machines-list, differences from the contract: `items[].colour` unknown member (not in the contract) was not seen this time")
	_, after, _ = turned()["unknown-path"].probe(t)
	assert.Contains(t, compare(before, after), "unknown path : 404 none application/json [message] is new")
}

func TestFilesThatAreNoReports(t *testing.T) {
	for content, want := range map[string]string{
		"# Probe": "is not a report", `{"format":99}`: "is not a report of format 1", `{}`: "is not a report of format 1",
	} {
		name := filepath.Join(t.TempDir(), "report.json")
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
		_, err := readReport(name)
		assert.ErrorContains(t, err, want, content)
	}
	_, err := readReport(filepath.Join(t.TempDir(), "missing.json"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}
