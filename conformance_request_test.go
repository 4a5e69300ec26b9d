package paperspace

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// send calls the method with params that hold the fields. It returns the params, and the body or query that was sent.
func (m conformingMethod) send(t *testing.T, fields any) (params reflect.Value, sent any) {
	t.Helper()
	params = m.paramsFrom(t, fields)
	rt := play(reply(http.StatusOK, string(m.response(t))))
	_, err := m.call(t.Context(), newTestClient(t, rt), params)
	require.NoError(t, err, "%s", toJSON(t, fields))
	query, body := lastRequest(t, rt, m.op.ID)
	if m.op.Request != nil {
		assert.Empty(t, query)
		return params, fromJSON(t, []byte(body))
	}
	object := map[string]any{}
	for name := range query {
		object[name] = query.Get(name)
	}
	return params, object
}

// Every field and value that the contract allows in a request can be sent unchanged, and params have no other fields.
func TestRequestsWithAllFields(t *testing.T) {
	fields := 0
	secrets := map[string]bool{}
	eachEndpoint(t, func(t *testing.T, m conformingMethod) {
		schema := m.requestSchema()
		set := map[string]bool{}
		made := maker{}.eachChoice(schema, func(value any) {
			require.Empty(t, schema.Check(value), "the value made by the test")
			params, sent := m.send(t, value)
			assertSame(t, value, sent)
			if m.params == nil {
				return
			}
			data, err := json.Marshal(params.Interface())
			require.NoError(t, err)
			if m.op.Request != nil {
				diffJSON("", value, fromJSON(t, data), func(path string, _, _ any) {
					secrets[path[strings.LastIndex(path, ".")+1:]] = true
				})
			}
			collectSet("", params, set)
			assertParamsRoundTrip(t, params)
		})
		for s := range nestedSchemas(schema) {
			assert.True(t, made.met[s], "not sent: %+v", *s)
		}
		fields += fieldCount(schema)
		if m.params != nil {
			var never []string
			for field := range allFields("", m.params) {
				if !set[field] {
					never = append(never, field)
				}
			}
			slices.Sort(never)
			assert.Empty(t, never, "fields of %s that the contract lacks", m.params)
		}
	})
	assert.Equal(t, []string{
		"accessKey", "accessKeyId", "basicAuthKey", "password", "script", "secretAccessKey", "username", "value",
	}, slices.Sorted(maps.Keys(secrets)), "masked members")
	t.Logf("%d fields of requests", fields)
}

func TestRequestsWithRequiredFields(t *testing.T) {
	eachEndpoint(t, func(t *testing.T, m conformingMethod) {
		schema := m.requestSchema()
		maker{required: true}.eachChoice(schema, func(value any) {
			require.Empty(t, schema.Check(value), "the value made by the test")
			params, sent := m.send(t, value)
			assertSame(t, value, sent)
			assertParamsRoundTrip(t, params)
		})
	})
}

// Null is sent where the contract allows it, except for the id of the deployment to change: null creates one, as does
// its absence.
func TestRequestsWithNull(t *testing.T) {
	places := 0
	eachEndpoint(t, func(t *testing.T, m conformingMethod) {
		schema := m.requestSchema()
		maker{null: true}.eachChoice(schema, func(value any) {
			params, sent := m.send(t, value)
			assertParamsRoundTrip(t, params)
			if m.op.ID == "deployments-upsert" {
				delete(value.(map[string]any), "deploymentId")
			}
			assertSame(t, value, sent)
		})
		for s := range nestedSchemas(schema) {
			if s.Nullable {
				places++
			}
		}
	})
	assert.Equal(t, 13, places)
}

// assertParamsRoundTrip asserts that encoding/json encodes and decodes params without a change except masked secrets.
func assertParamsRoundTrip(t *testing.T, params reflect.Value) {
	t.Helper()
	if !params.IsValid() { // the method has no params
		return
	}
	data, err := json.Marshal(params.Interface())
	require.NoError(t, err)
	again := reflect.New(params.Type())
	require.NoError(t, json.Unmarshal(data, again.Interface()), "%s", data)
	want := reflect.New(params.Type()).Elem()
	want.Set(params)
	maskSecrets(want)
	if list, is := again.Interface().(*DatasetVersionListParams); is && len(list.Tags) == 0 {
		list.Tags = nil // a query cannot distinguish empty tags from none
	}
	assert.Equal(t, want.Interface(), again.Elem().Interface())
}

// maskSecrets replaces every encoded Sensitive in v by the mask.
func maskSecrets(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			maskSecrets(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			maskSecrets(v.Index(i))
		}
	case reflect.Struct:
		for f, field := range v.Fields() {
			if f.IsExported() && !(field.IsZero() && strings.Contains(f.Tag.Get("json"), ",omitzero")) {
				maskSecrets(field)
			}
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[Sensitive]() {
			v.SetString(mask)
		}
	}
}

// extraMemberTypes are the types of fields that hold members that the contract lacks.
var extraMemberTypes = []reflect.Type{reflect.TypeFor[RawJSON](), reflect.TypeFor[UnknownMembers]()}

// allFields returns the paths of all fields of a params type.
func allFields(path string, t reflect.Type) map[string]bool {
	fields := map[string]bool{}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		return allFields(path, t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if !f.IsExported() || slices.Contains(extraMemberTypes, f.Type) {
				continue
			}
			fields[path+"."+f.Name] = true
			for field := range allFields(path+"."+f.Name, f.Type) {
				fields[field] = true
			}
		}
	}
	return fields
}

// collectSet adds the paths of the nonzero fields to set.
func collectSet(path string, v reflect.Value, set map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			collectSet(path, v.Elem(), set)
		}
	case reflect.Slice:
		for i := range v.Len() {
			collectSet(path, v.Index(i), set)
		}
	case reflect.Struct:
		for f, field := range v.Fields() {
			if f.IsExported() && !field.IsZero() {
				set[path+"."+f.Name] = true
				collectSet(path+"."+f.Name, field, set)
			}
		}
	}
}

// Invalid zero values and numbers out of range are refused before anything is sent. The limits of a range are accepted.
func TestInvalidRequestsAreRefused(t *testing.T) {
	refused := 0
	eachEndpoint(t, func(t *testing.T, m conformingMethod) {
		tried := map[string]bool{}
		maker{}.eachChoice(m.requestSchema(), func(value any) {
			eachLeaf("", "", m.requestSchema(), value, func(path, name string, s *contract.Schema, set func(any)) {
				for _, wrong := range m.wrongValues(path, name, s) {
					id := fmt.Sprint(path, wrong)
					if tried[id] {
						continue
					}
					tried[id] = true
					set(wrong)
					rt := play(reply(http.StatusOK, string(m.response(t))))
					_, err := m.call(t.Context(), newTestClient(t, rt), m.paramsFrom(t, value))
					e, ok := errors.AsType[*ParamError](err)
					if assert.True(t, ok, "%s = %v: %v", path, wrong, err) {
						assert.Equal(t, path, e.Field)
						assert.Equal(t, m.op.ID, e.Endpoint)
					}
					assert.Zero(t, rt.count(), "%s = %v", path, wrong)
					refused++
				}
				for _, bound := range []json.Number{s.Minimum, s.Maximum} {
					if bound != "" && !tried[path+" "+bound.String()] {
						tried[path+" "+bound.String()] = true
						set(bound)
						_, sent := m.send(t, value)
						assertSame(t, value, sent)
					}
				}
				set(nil)
			})
		})
	})
	t.Logf("%d wrong values", refused)
}

// eachLeaf calls f for each string and number in a value of the schema. Its set function replaces the value, or
// restores it when given nil.
func eachLeaf(path, name string, s *contract.Schema, value any, f func(path, name string, s *contract.Schema, set func(any))) {
	for _, variant := range s.Variants {
		if len(variant.Check(value)) == 0 {
			s = variant
			break
		}
	}
	at := func(path, name string, s *contract.Schema, value any, put func(any)) {
		switch value.(type) {
		case string, json.Number:
			f(path, name, s, func(other any) {
				if other == nil {
					other = value
				}
				put(other)
			})
		default:
			eachLeaf(path, name, s, value, f)
		}
	}
	switch value := value.(type) {
	case map[string]any:
		for _, field := range s.Fields {
			if v, given := value[field.Name]; given {
				at(strings.TrimPrefix(path+"."+field.Name, "."), field.Name, field.Schema, v, func(other any) { value[field.Name] = other })
			}
		}
	case []any:
		for i, item := range value {
			at(fmt.Sprintf("%s[%d]", path, i), name, s.Items, item, func(other any) { value[i] = other })
		}
	}
}

// wrongValues returns values of a field that a call must refuse.
func (m conformingMethod) wrongValues(path, name string, s *contract.Schema) []any {
	if name == "apiVersion" || name == "type" { // not fields in Go
		return nil
	}
	if strings.HasSuffix(path, "]") && s.Type == "string" { // texts in lists are left to the service
		return nil
	}
	var wrong []any
	optionalQuery := m.op.Request == nil && !m.requestSchema().Field(name).Required // zero is not sent
	switch {
	case s.Type != "string":
		if s.Maximum != "" {
			greatest, err := s.Maximum.Int64()
			if err != nil {
				panic(err)
			}
			wrong = append(wrong, json.Number(fmt.Sprint(greatest+1)))
		}
		if s.Minimum != "" {
			wrong = append(wrong, json.Number("-1"))
		}
		if len(s.Check(json.Number("0"))) > 0 && !optionalQuery {
			wrong = append(wrong, json.Number("0"))
		}
	case !optionalQuery && m.refusesEmpty(path, name, s):
		wrong = append(wrong, "")
	}
	return wrong
}

// refusesEmpty reports whether the method must refuse an empty string in the field.
func (m conformingMethod) refusesEmpty(path, name string, s *contract.Schema) bool {
	switch {
	case s.Nullable: // null stands for no value, except for an id
		return strings.HasSuffix(name, "Id")
	case name == "region", name == "machineType", name == "instanceType", name == "id", strings.HasSuffix(name, "Id"):
		return true
	case path == "config.name", path == "config.image": // optional in a file, required in a request
		return true
	case len(s.Enum) > 0, s.Pattern != "", s.MinLength != nil:
		return true
	}
	return m.op.Request == nil // required in a query
}

// Free text is sent unchanged, even if it is empty.
func TestEmptyStringsAreSent(t *testing.T) {
	sentEmpty := 0
	eachEndpoint(t, func(t *testing.T, m conformingMethod) {
		if m.op.Request == nil {
			return
		}
		tried := map[string]bool{}
		maker{}.eachChoice(m.requestSchema(), func(value any) {
			eachLeaf("", "", m.requestSchema(), value, func(path, name string, s *contract.Schema, set func(any)) {
				if tried[path] || s.Type != "string" || name == "type" || name == "apiVersion" || s.Format != "" || m.refusesEmpty(path, name, s) {
					return
				}
				tried[path] = true
				set("")
				_, sent := m.send(t, value)
				assertSame(t, value, sent)
				set(nil)
				sentEmpty++
			})
		})
	})
	t.Logf("%d empty strings", sentEmpty)
}
