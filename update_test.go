package paperspace

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// updateParams are the types of the params of updates, by name, as the methods take them.
func updateParams(t *testing.T) map[string]reflect.Type {
	t.Helper()
	methods, err := conformingMethods()
	require.NoError(t, err)
	types := map[string]reflect.Type{}
	for _, m := range methods {
		if m.params != nil && strings.HasSuffix(m.params.Name(), "UpdateParams") {
			types[m.params.Name()] = m.params
		}
	}
	require.GreaterOrEqual(t, len(types), 12)
	return types
}

// A program tests params with ==, such as params == (MachineUpdateParams{}). Only these types have fields that Go cannot
// compare: a slice and a map.
func TestUpdateParamsStayComparable(t *testing.T) {
	for name, typ := range updateParams(t) {
		assert.Equal(t, name != "DatasetVersionUpdateParams", typ.Comparable(), name)
	}
}

// A type is in UpdateParams, and has IsZero, if none of its fields is required.
func TestIsZeroOfUpdateParams(t *testing.T) {
	zero := map[string]interface{ IsZero() bool }{}
	for _, params := range []interface{ IsZero() bool }{
		ContainerRegistryUpdateParams{}, DatasetUpdateParams{}, DatasetVersionUpdateParams{}, MachineUpdateParams{},
		PrivateNetworkUpdateParams{}, SharedDriveUpdateParams{}, SnapshotUpdateParams{}, StartupScriptUpdateParams{},
	} {
		zero[reflect.TypeOf(params).Name()] = params
		assert.True(t, params.IsZero(), "%T", params)
	}
	var want []string
	for name, typ := range updateParams(t) {
		optional := 0
		for field := range typ.Fields() {
			if strings.HasSuffix(field.Tag.Get("json"), ",omitzero") {
				optional++
			}
		}
		if optional < typ.NumField() {
			continue
		}
		want = append(want, name)
		for i := range typ.NumField() {
			params := reflect.New(typ).Elem()
			params.Field(i).Set(someValue(typ.Field(i).Type))
			assert.False(t, params.Interface().(interface{ IsZero() bool }).IsZero(), "%s with %s", name, typ.Field(i).Name)
		}
	}
	assert.ElementsMatch(t, want, slices.Collect(maps.Keys(zero)))
}

// someValue returns a value that is set, but holds a zero: false, 0, "", null or empty.
func someValue(typ reflect.Type) reflect.Value {
	switch typ.Kind() {
	case reflect.Pointer:
		return reflect.New(typ.Elem())
	case reflect.Slice:
		return reflect.MakeSlice(typ, 0, 0)
	case reflect.Map:
		return reflect.MakeMap(typ)
	}
	return reflect.ValueOf(Null[string]())
}

// UpdateParams of an object has all of its values that an update can set, and nothing else. Changed finds no difference
// between them and themselves.
func TestUpdateParamsOfObjects(t *testing.T) {
	testUpdateParamsOf(t, ContainerRegistry.UpdateParams, "password")
	testUpdateParamsOf(t, Dataset.UpdateParams)
	testUpdateParamsOf(t, DatasetVersion.UpdateParams)
	testUpdateParamsOf(t, Machine.UpdateParams, "diskSize")
	testUpdateParamsOf(t, PrivateNetwork.UpdateParams)
	testUpdateParamsOf(t, SharedDrive.UpdateParams)
	testUpdateParamsOf(t, Snapshot.UpdateParams)
	testUpdateParamsOf(t, StartupScript.UpdateParams, "script")
}

func testUpdateParamsOf[T any, P UpdateParams](t *testing.T, paramsOf func(T) P, notReturned ...string) {
	t.Helper()
	text := map[string]any{
		"diskSize": 50, "autoSnapshotSaveCount": 3, "autoShutdownTimeout": 8, "tags": []any{"raw"}, "metadata": map[string]any{"n": 1.0},
	}
	typ := reflect.TypeFor[P]()
	want := map[string]any{}
	for field := range typ.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch value, ok := text[name]; {
		case ok:
			want[name] = value
		case field.Type == reflect.TypeFor[*bool]():
			want[name] = true
		default:
			want[name] = "some " + name
		}
	}
	var object T
	encoded, err := json.Marshal(want)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(encoded, &object))
	for _, name := range notReturned {
		delete(want, name)
	}
	if want["tags"] != nil {
		want["tags"] = "raw" // as requests have them
	}
	have := paramsOf(object)
	encoded, err = encode(have)
	require.NoError(t, err)
	assert.JSONEq(t, string(toJSON(t, want)), string(encoded), "%T", have)
	assert.True(t, Changed(have, have).IsZero(), "%T", have)
	assert.True(t, Changed(have, *new(P)).IsZero(), "%T", have)
	assert.Equal(t, have, Changed(*new(P), have), "%T: what is not known has changed", have)

	empty := paramsOf(*new(T)) // every field that the service may return without a value
	encoded, err = encode(empty)
	require.NoError(t, err)
	for name, value := range want {
		if _, isText := value.(string); isText && name != "description" {
			assert.NotContains(t, string(encoded), `"`+name+`":null`, "%T", have)
		}
	}
	assert.True(t, Changed(empty, empty).IsZero(), "%T", have)
}

func TestChanged(t *testing.T) {
	t.Run("plain fields", func(t *testing.T) {
		machine := Machine{Name: "a", MachineType: "C5", AutoShutdownEnabled: true, AutoShutdownTimeout: new(8), PublicIPType: "static"}
		want := MachineUpdateParams{
			Name: new("a"), MachineType: new("A4000"), AutoShutdownEnabled: new(false), AutoShutdownTimeout: new(8),
			AutoShutdownForce: new(false), PublicIPType: new(PublicIPTypeStatic), DiskSize: new(50), NetworkID: new("n1"),
		}
		sent := want
		assert.Equal(t, MachineUpdateParams{
			MachineType: new("A4000"), AutoShutdownEnabled: new(false),
			AutoShutdownForce: new(false), DiskSize: new(50), NetworkID: new("n1"), // not known
		}, Changed(machine.UpdateParams(), want))
		assert.Equal(t, sent, want)
		applied := machine.UpdateParams()
		applied.DiskSize = new(50)
		assert.Nil(t, Changed(applied, want).DiskSize)
	})
	t.Run("params share nothing with the object", func(t *testing.T) {
		machine := Machine{AutoShutdownTimeout: new(8)}
		*machine.UpdateParams().AutoShutdownTimeout = 9
		assert.Equal(t, 8, *machine.AutoShutdownTimeout)
		version := DatasetVersion{Tags: []string{"raw"}, Metadata: map[string]any{"n": 1.0}}
		params := version.UpdateParams()
		params.Tags[0], params.Metadata["n"] = "cooked", 2.0
		assert.Equal(t, DatasetVersion{Tags: []string{"raw"}, Metadata: map[string]any{"n": 1.0}}, version)
	})
	t.Run("nullable fields", func(t *testing.T) {
		unset, null, empty, cats := Nullable[string]{}, Null[string](), Value(""), Value("cats")
		for _, tc := range []struct {
			have, want Nullable[string]
			differs    bool
		}{
			{null, unset, false}, {cats, unset, false}, {unset, unset, false},
			{null, null, false}, {cats, null, true}, {empty, null, true}, {unset, null, true},
			{null, empty, true}, {cats, empty, true}, {empty, empty, false}, {unset, empty, true},
			{null, cats, true}, {cats, cats, false}, {empty, cats, true}, {unset, cats, true},
		} {
			got := Changed(DatasetUpdateParams{Description: tc.have}, DatasetUpdateParams{Description: tc.want})
			if tc.differs {
				assert.Equal(t, tc.want, got.Description, "from %v", tc.have)
			} else {
				assert.True(t, got.IsZero(), "from %v to %v: %v", tc.have, tc.want, got)
			}
		}
		assert.True(t, Changed(Dataset{}.UpdateParams(), DatasetUpdateParams{Description: null}).IsZero())
	})
	t.Run("slices and maps", func(t *testing.T) {
		version := DatasetVersion{Tags: []string{"raw", "old"}, Metadata: map[string]any{"n": 1.0, "of": []any{"a", map[string]any{"b": nil}}}}
		have := version.UpdateParams()
		for name, tc := range map[string]struct {
			have, want DatasetVersionUpdateParams
			differs    bool
		}{
			"tags in another order": {have, DatasetVersionUpdateParams{Tags: VersionTags{"old", "raw"}}, false},
			"other tags":            {have, DatasetVersionUpdateParams{Tags: VersionTags{"old"}}, true},
			"no tags":               {have, DatasetVersionUpdateParams{Tags: VersionTags{}}, true},
			"still no tags":         {DatasetVersion{}.UpdateParams(), DatasetVersionUpdateParams{Tags: VersionTags{}}, false},
			"still no metadata":     {DatasetVersion{}.UpdateParams(), DatasetVersionUpdateParams{Metadata: map[string]any{}}, false},
			"other types in Go": {have, DatasetVersionUpdateParams{
				Metadata: map[string]any{"of": []any{"a", map[string]*int{"b": nil}}, "n": 1},
			}, false},
			"other metadata": {have, DatasetVersionUpdateParams{Metadata: map[string]any{"n": 2}}, true},
			"metadata without JSON": {
				DatasetVersionUpdateParams{Metadata: map[string]any{"n": t.Run}}, DatasetVersionUpdateParams{Metadata: map[string]any{"n": t.Log}}, true,
			},
		} {
			assert.Equal(t, tc.differs, !Changed(tc.have, tc.want).IsZero(), name)
		}
		assert.Equal(t, []string{"raw", "old"}, version.Tags, "the comparison does not sort the caller's slice")
	})
	t.Run("secrets", func(t *testing.T) {
		script := func(text Sensitive) StartupScriptUpdateParams { return StartupScriptUpdateParams{Script: &text} }
		assert.True(t, Changed(script("a"), script("a")).IsZero())
		assert.Equal(t, script("b"), Changed(script("a"), script("b")))
		assert.Equal(t, script(mask), Changed(script(mask), script(mask)), "a mask is kept, for Update to refuse")
		assert.Equal(t, script("a"), Changed(StartupScript{}.UpdateParams(), script("a")))
	})
}
