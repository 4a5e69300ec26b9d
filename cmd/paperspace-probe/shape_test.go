package main

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
)

var testSchema = &contract.Schema{Type: "object", Fields: []contract.Field{
	{Name: "id", Required: true, Schema: &contract.Schema{Type: "string", Format: "uuid"}},
	{Name: "state", Schema: &contract.Schema{Type: "string", Enum: []any{"on", "off"}}},
	{Name: "region", Schema: &contract.Schema{Type: "string", Enum: []any{"ny2"}, Open: true}},
	{Name: "size", Schema: &contract.Schema{Type: "integer", Format: "int64"}},
	{Name: "note", Schema: &contract.Schema{Type: "string", Nullable: true}},
	{Name: "parts", Schema: &contract.Schema{Type: "array", Items: &contract.Schema{Type: "number"}}},
	{Name: "labels", Schema: &contract.Schema{Type: "object", Additional: &contract.Schema{Type: "string"}}},
	{Name: "free", Schema: &contract.Schema{}},
	{Name: "config", Schema: &contract.Schema{Variants: []*contract.Schema{
		{Type: "object", Fields: []contract.Field{
			{Name: "version", Required: true, Schema: &contract.Schema{Type: "string", Enum: []any{"v1"}}},
			{Name: "image", Required: true, Schema: &contract.Schema{Type: "string"}},
		}},
		{Type: "object", Fields: []contract.Field{
			{Name: "version", Required: true, Schema: &contract.Schema{Type: "string", Enum: []any{"v2"}}},
			{Name: "ports", Schema: &contract.Schema{Type: "array", Items: &contract.Schema{Type: "number"}}},
		}},
	}}},
}}

const uuid = `"id":"2f1e8a64-6a25-4f0e-9a55-d6b3d4c7e5f1"`

func TestDifferencesFromTheContract(t *testing.T) {
	for body, want := range map[string][]string{
		`{` + uuid + `}`:                              nil,
		`{` + uuid + `,"state":"on"}`:                 nil,
		`{` + uuid + `,"region":"East"}`:              nil,
		`{` + uuid + `,"note":null}`:                  nil,
		`{` + uuid + `,"free":{"a":[1,null]}}`:        nil,
		`{` + uuid + `,"labels":{"secret-name":"x"}}`: nil,
		`{}`:                                                      {"id missing"},
		`{"id":"x"}`:                                              {"id format"},
		`{` + uuid + `,"state":"asleep"}`:                         {"state value"},
		`{` + uuid + `,"state":null}`:                             {"state null"},
		`{` + uuid + `,"state":true}`:                             {"state type"},
		`{` + uuid + `,"size":"50"}`:                              {"size integer in a string"},
		`{` + uuid + `,"size":""}`:                                {"size integer in a string"},
		`{` + uuid + `,"size":"large"}`:                           {"size type"},
		`{` + uuid + `,"size":0.5}`:                               {"size type"},
		`{` + uuid + `,"size":1e30}`:                              {"size format"},
		`{` + uuid + `,"parts":[1,"2",null]}`:                     {"parts[] null", "parts[] type"},
		`{` + uuid + `,"parts":{"a":1}}`:                          {"parts type"},
		`{` + uuid + `,"labels":{"secret":5}}`:                    {"labels{} type"},
		`{` + uuid + `,"colour":"red"}`:                           {"colour unknown member"},
		`{` + uuid + `,"psm9u09bwu5i":"red"}`:                     {"(a name that is not shown) unknown member"},
		`{` + uuid + `,"DATABASE_URL":"red"}`:                     {"(a name that is not shown) unknown member"},
		`{` + uuid + `,"config":{"version":"v1"}}`:                {"config.image missing"},
		`{` + uuid + `,"config":{"version":"v2","ports":8000}}`:   {"config.ports type"},
		`{` + uuid + `,"config":{"version":"v3","ports":[8000]}}`: {"config.version value"},
		`{` + uuid + `,"config":"none"}`:                          {"config type"},
		`[]`:                                                      {" type"},
	} {
		value, ok := decode([]byte(body))
		require.True(t, ok, body)
		s := shape{}
		s.add(testSchema, value)
		var got []string
		for _, path := range slices.Sorted(maps.Keys(s)) {
			for d := range s[path].differences {
				got = append(got, path+" "+string(d.category))
			}
		}
		slices.Sort(got)
		assert.Equal(t, want, got, body)
	}
}

func TestKindsAreCountedByPlace(t *testing.T) {
	s := shape{}
	for _, body := range []string{`{"parts":[1,2]}`, `{"parts":[]}`, `{"parts":null}`, `{}`} {
		value, _ := decode([]byte(body))
		s.add(testSchema, value)
	}
	assert.Equal(t, map[string]int{"array": 2, "null": 1, "absent": 1}, s["parts"].kinds)
	assert.Equal(t, map[string]int{"number": 2}, s["parts[]"].kinds)
}

func TestNullsOfANewMachineAreExpected(t *testing.T) {
	schema := contract.Lookup("machines-get").Response
	for state, want := range map[string]category{"provisioning": nullWhileNew, "ready": unexpectedNull} {
		s := shape{}
		s.add(schema, object{"state": state, "ram": nil})
		assert.Equal(t, map[difference]int{{want, "null, which the contract does not allow"}: 1}, s["ram"].differences, state)
	}
}

func TestOnlyCategoriesThatTheSDKExpectsAreExpected(t *testing.T) {
	for c, want := range map[category]bool{
		textInteger: true, nullCursor: true, nullWhileNew: true,
		missingMember: false, unknownMember: false, unexpectedNull: false, otherType: false, otherValue: false, otherFormat: false,
	} {
		assert.Equal(t, want, c.expected(), c)
	}
}
