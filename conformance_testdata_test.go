package paperspace

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// testdata holds a realistic response for each endpoint. The result of the endpoint's method has all of it. Apart from
// known deviations of the live service, each response matches the contract.
func TestRealisticResponses(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	for _, file := range files {
		assert.NotNil(t, contract.Lookup(strings.TrimSuffix(filepath.Base(file), ".json")), "%s names no endpoint of the contract", file)
	}

	seen := map[string]bool{}
	eachEndpoint(t, func(t *testing.T, m conformingMethod) {
		data, err := os.ReadFile("testdata/" + m.op.ID + ".json")
		require.NoError(t, err)
		assert.Empty(t, m.op.Response.Check(asDocumented(m.op.Response, fromJSON(t, data), seen)))
		assertEncodes(t, fromJSON(t, data), m.resultOf(t, fromJSON(t, data)))
	})
	assert.Equal(t, map[string]bool{"region": true, "integer": true, "null": true}, seen, "deviations of the service")
}

// asDocumented undoes the deviations of the live service, which spells out regions, encodes integers as strings, and
// sends null for fields that a new machine does not have yet and for the page after the last.
func asDocumented(s *contract.Schema, value any, seen map[string]bool) any {
	for _, variant := range s.Variants {
		if undone := asDocumented(variant, value, map[string]bool{}); len(variant.Check(undone)) == 0 {
			return asDocumented(variant, value, seen)
		}
	}
	switch value := value.(type) {
	case map[string]any:
		object := map[string]any{}
		for name, v := range value {
			switch f := s.Field(name); {
			case f == nil:
				object[name] = v
			case v == nil && name == "nextPage": // the last page
				seen["null"] = true
			case v == nil && (name == "ram" || name == "storageUsed" || name == "region"): // of a new machine
				seen["null"] = true
				if object[name] = json.Number("0"); f.Type == "string" {
					object[name] = f.Enum[0]
				}
			default:
				object[name] = asDocumented(f.Schema, v, seen)
			}
		}
		return object
	case []any:
		if s.Items == nil {
			return value
		}
		items := make([]any, len(value))
		for i, v := range value {
			items[i] = asDocumented(s.Items, v, seen)
		}
		return items
	case string:
		if s.Type == "integer" {
			seen["integer"] = true
			return json.Number(value)
		}
		if region, err := ParseRegion(value); err == nil && len(s.Enum) > 0 && value == region.Long() {
			seen["region"] = true
			return string(region)
		}
	}
	return value
}
