package paperspace

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// resultOf returns the result of a call to which the service responds with the value.
func (m conformingMethod) resultOf(t *testing.T, value any) any {
	t.Helper()
	response := string(toJSON(t, value))
	result, err := m.call(t.Context(), newTestClient(t, play(reply(http.StatusOK, response))), m.minimal(t))
	require.NoError(t, err, "%s", response)
	return result
}

// encodeUnmasked encodes a result with its secrets.
func encodeUnmasked(t *testing.T, result any) any {
	t.Helper()
	data, err := encode(result)
	require.NoError(t, err)
	return fromJSON(t, data)
}

// encodeReceived encodes the part of a result that the service sent: an operation's endpoint is not in the response.
func encodeReceived(t *testing.T, result any) any {
	t.Helper()
	value := encodeUnmasked(t, result)
	if typ := reflect.TypeOf(result); typ.Kind() == reflect.Pointer && strings.HasPrefix(typ.Elem().Name(), "Operation[") {
		delete(value.(map[string]any), "endpoint")
	}
	return value
}

// assertEncodes asserts that every JSON package encodes a result with the meaning of the response it was decoded from,
// that only this package encodes its secrets, and that encoding/json decodes what it encoded. It returns the paths of
// secrets.
func assertEncodes(t *testing.T, response, result any) map[string]bool {
	t.Helper()
	assertSameMeaning(t, response, encodeReceived(t, result))

	v1, err := json.Marshal(result)
	require.NoError(t, err)
	v2, err := jsonv2.Marshal(result)
	require.NoError(t, err)
	secrets := map[string]bool{}
	for _, data := range [][]byte{v1, v2} {
		diffJSON("", encodeUnmasked(t, result), fromJSON(t, data), func(path string, want, got any) {
			if got == mask {
				secrets[indices.ReplaceAllString(path, "[]")] = true
			} else if !isEmpty(want) || !isEmpty(got) { // nil is null in one and [] in the other
				t.Errorf("%s: %v is encoded as %v", path, want, got)
			}
		})
	}

	again := reflect.New(reflect.TypeOf(result))
	require.NoError(t, json.Unmarshal(v1, again.Interface()), "%s", v1)
	masked := reflect.New(reflect.TypeOf(result)).Elem()
	masked.Set(reflect.ValueOf(result))
	maskSecrets(masked)
	assertEqualExported(t, masked, again.Elem())
	return secrets
}

var indices = regexp.MustCompile(`\[\d+\]`)

// assertSameMeaning is like assertSame, but an empty value may have become another empty value, or absent.
func assertSameMeaning(t *testing.T, want, got any) {
	t.Helper()
	diffJSON("", want, got, func(path string, want, got any) {
		if !isEmpty(want) || got != absent && !isEmpty(got) {
			t.Errorf("%s: want %v, got %v", path, want, got)
		}
	})
}

func isEmpty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case bool:
		return !value
	case []any:
		return len(value) == 0
	case map[string]any:
		return len(value) == 0
	case string:
		return value == "" || value == "0001-01-01T00:00:00Z"
	case json.Number:
		return value == "0"
	}
	return false
}

// assertEqualExported compares two results without the unexported fields of an Operation.
func assertEqualExported(t *testing.T, want, got reflect.Value) {
	t.Helper()
	if want.Kind() == reflect.Pointer && strings.HasPrefix(want.Type().Elem().Name(), "Operation[") {
		for f, field := range want.Elem().Fields() {
			if f.IsExported() {
				assert.Equal(t, field.Interface(), got.Elem().FieldByIndex(f.Index).Interface())
			}
		}
		return
	}
	assert.Equal(t, want.Interface(), got.Interface())
}

// The result holds every field and value that the contract allows in a response.
func TestFullResponses(t *testing.T) {
	fields, variants := 0, 0
	secrets := map[string]bool{}
	eachEndpoint(t, func(t *testing.T, m conformingMethod) {
		schema := m.op.Response
		made := maker{}.eachChoice(schema, func(value any) {
			require.Empty(t, schema.Check(value), "the value made by the test")
			for path := range assertEncodes(t, value, m.resultOf(t, value)) {
				secrets[path[strings.LastIndex(path, ".")+1:]] = true
				if strings.HasSuffix(path, ".value") {
					assert.Regexp(t, `\.(env|headers)\[\]\.value$`, path)
				}
			}
		})
		for s := range nestedSchemas(schema) {
			assert.True(t, made.met[s], "not in any response: %+v", *s)
			variants += len(s.Variants)
		}
		fields += fieldCount(schema)
	})
	assert.Equal(t, []string{
		"accessKey", "accessKeyId", "basicAuthKey", "password", "secretAccessKey", "username", "value",
	}, slices.Sorted(maps.Keys(secrets)), "masked members")
	t.Logf("%d fields and %d variants of responses", fields, variants)
}

func TestResponsesWithRequiredFields(t *testing.T) {
	eachEndpoint(t, func(t *testing.T, m conformingMethod) {
		maker{required: true}.eachChoice(m.op.Response, func(value any) {
			require.Empty(t, m.op.Response.Check(value), "the value made by the test")
			assertEncodes(t, value, m.resultOf(t, value))
		})
	})
}

// Nulls do not make a response fail, whatever the contract declares: in an object of any depth, every field may be
// null. The encoded result still has all required members, and no others. Only a create must return its key, because
// its outcome is unknown otherwise.
func TestResponsesWithNulls(t *testing.T) {
	withoutKey := map[string]bool{}
	eachEndpoint(t, func(t *testing.T, m conformingMethod) {
		for depth := 1; ; depth++ {
			isNull := false
			maker{nullAt: depth}.eachChoice(m.op.Response, func(value any) {
				isNull = isNull || hasNullObject(value)
				result, err := m.call(t.Context(), newTestClient(t, play(reply(http.StatusOK, string(toJSON(t, value))))), m.minimal(t))
				if err != nil && m.op.Method == http.MethodPost && retryClasses[m.op.ID] == "once" {
					require.ErrorIs(t, err, ErrOutcomeUnknown)
					require.ErrorContains(t, err, "lacks the key of what was created")
					withoutKey[m.op.ID] = true
					return
				}
				require.NoError(t, err)
				if object, is := encodeReceived(t, result).(map[string]any); is && depth == 1 && len(m.op.Response.Variants) == 0 {
					want := slices.DeleteFunc(required(m.op.Response), func(name string) bool {
						return name == "event" || name == "hasDeploymentAttached" // optional for other operations of the type
					})
					assert.ElementsMatch(t, want, slices.Collect(maps.Keys(object)))
				}
			})
			if !isNull {
				return
			}
		}
	})
	for id, class := range retryClasses {
		creates := class == "once" && contract.Lookup(id).Method == http.MethodPost
		assert.Equal(t, creates, withoutKey[id], id)
	}
}

func required(s *contract.Schema) []string {
	names := []string{}
	for _, f := range s.Fields {
		if f.Required {
			names = append(names, f.Name)
		}
	}
	return names
}

// hasNullObject reports whether a value contains an object whose fields are all null.
func hasNullObject(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		all := len(value) > 0
		for _, v := range value {
			if hasNullObject(v) {
				return true
			}
			all = all && v == nil
		}
		return all
	case []any:
		return slices.ContainsFunc(value, hasNullObject)
	}
	return false
}

// Integers and byte counts decode from numbers, strings and "", whatever the contract declares, with or without a
// decimal point. Byte counts beyond 2^53 are exact.
func TestResponsesWithIntegersInAnyForm(t *testing.T) {
	integers := 0
	eachEndpoint(t, func(t *testing.T, m conformingMethod) {
		maker{integers: "number"}.eachChoice(m.op.Response, func(value any) {
			assertEncodes(t, value, m.resultOf(t, value))
		})
		maker{integers: "text"}.eachChoice(m.op.Response, func(value any) {
			assertEncodes(t, value, m.resultOf(t, value))
		})
		maker{integers: "empty"}.eachChoice(m.op.Response, func(value any) {
			diffJSON("", value, encodeReceived(t, m.resultOf(t, value)), func(path string, want, got any) {
				if want == "" && (got == absent || sameScalar(got, json.Number("0"))) { // a config does not encode a zero that it refuses
					integers++
				} else if want != false || got != absent {
					t.Errorf("%s: want %v, got %v", path, want, got)
				}
			})
		})
	})
	assert.Positive(t, integers)
}

// New enum values are kept. New members are ignored, except in deployment configs, where they are kept and sent back.
func TestResponsesWithUnknownMembers(t *testing.T) {
	eachEndpoint(t, func(t *testing.T, m conformingMethod) {
		maker{newer: true}.eachChoice(m.op.Response, func(value any) {
			if m.op.Response.Additional != nil {
				return
			}
			diffJSON("", value, encodeReceived(t, m.resultOf(t, value)), func(path string, want, got any) {
				if !strings.HasSuffix(path, ".newer") || got != absent {
					assert.True(t, want == false && got == absent, "%s: want %v, got %v", path, want, got)
				} else if m.Service == "Deployments" && strings.Contains(path, ".data.") {
					t.Errorf("%s is not kept", path)
				}
			})
		})
	})
}
