package exported_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/exported"
)

func TestLines(t *testing.T) {
	lines, err := exported.Lines("../..")
	require.NoError(t, err)
	for _, line := range []string{
		"paperspace NewClient func (...Option) (*Client, error)",
		"paperspace Machine.ID field string `json:\"id\"`",
		"paperspace MachinesService.Get method (*MachinesService) (context.Context, string, ...RequestOption) (*Machine, error)",
		"paperspace Collect func [T any](iter.Seq2[T, error]) ([]T, error)",
		"paperspace Operation.Wait method (*Operation[T]) (context.Context, ...WaitOption) (*T, error)",
		"paperspace ClassIdempotent const Class = iota + 1 (1)",
		"paperspace MachineListParams.ListParams embeds ListParams",
		"paperspace Option.applyClient requires (*config) error",
		"paperspace ErrNotFound var",
	} {
		assert.Contains(t, lines, line)
	}
	for _, line := range lines {
		assert.NotContains(t, line, "paperspace config", "it is not exported")
	}
}

func TestRecord(t *testing.T) {
	record := []string{"  paperspace A type struct", "  paperspace A.F field string", "  paperspace MachinesService.Get method ()", "+ paperspace New func ()"}
	assert.Equal(t, record, exported.Update(record, []string{
		"paperspace A type struct", "paperspace A.F field string", "paperspace MachinesService.Get method ()", "paperspace New func ()",
	}))
	changed := exported.Update(record, []string{"paperspace A type struct", "paperspace A.F field int", "paperspace Other func ()"})
	assert.Equal(t, []string{
		"  paperspace A type struct", "+ paperspace A.F field int", "- paperspace A.F field string",
		"- paperspace MachinesService.Get method ()", "+ paperspace Other func ()",
	}, changed)
	const changelog = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- `A.F`\n\n### Changed\n\n%\n\n## [0.1.0]\n\n### Removed\n\n- `A.F` `Machines.Get`\n"
	named := func(text string) []string { return exported.Unnamed(changed, strings.Replace(changelog, "%", text, 1)) }
	assert.Equal(t, []string{"- paperspace A.F field string", "- paperspace MachinesService.Get method ()"}, named("- nothing"))
	assert.Equal(t, []string{"- paperspace MachinesService.Get method ()"}, named("- `A.F` is a number"))
	assert.Empty(t, named("- `A.F` is a number\n- `Machines.Get` has become `Machines.Fetch`"))
	assert.Equal(t, []string{"  paperspace A type struct", "  paperspace A.F field int", "  paperspace Other func ()"}, exported.Release(changed))
}
