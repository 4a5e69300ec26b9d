package paperspace

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// YAML packages decode an unquoted 1.10 as the number 1.1, and 012 as 10. The methods below use the source text instead
// where a configuration has a string, so that an environment variable gets the value that its file shows.
// sigs.k8s.io/yaml does not call them: it converts to JSON first, and UnmarshalJSON then refuses such a value.

// UnmarshalYAML decodes a configuration of any version with yaml.v3 or goccy/go-yaml. A string has the text of the
// file, with or without quotes.
func (c *DeploymentConfig) UnmarshalYAML(unmarshal func(any) error) error {
	return unmarshalYAML(c, unmarshal)
}

// UnmarshalYAML decodes a configuration of version v1; see [DeploymentConfig.UnmarshalYAML].
func (c *DeploymentConfigV1) UnmarshalYAML(unmarshal func(any) error) error {
	return unmarshalYAML(c, unmarshal)
}

// UnmarshalYAML decodes a configuration of version v0alpha1; see [DeploymentConfig.UnmarshalYAML].
func (c *DeploymentConfigV0Alpha1) UnmarshalYAML(unmarshal func(any) error) error {
	return unmarshalYAML(c, unmarshal)
}

// UnmarshalYAML decodes a configuration of version v0alpha0; see [DeploymentConfig.UnmarshalYAML].
func (c *DeploymentConfigV0Alpha0) UnmarshalYAML(unmarshal func(any) error) error {
	return unmarshalYAML(c, unmarshal)
}

// UnmarshalYAML decodes either kind of check; see [DeploymentConfig.UnmarshalYAML].
func (h *HealthCheck) UnmarshalYAML(unmarshal func(any) error) error {
	return unmarshalYAML(h, unmarshal)
}

// UnmarshalYAML decodes an integration of any type; see [DeploymentConfig.UnmarshalYAML].
func (i *Integration) UnmarshalYAML(unmarshal func(any) error) error {
	return unmarshalYAML(i, unmarshal)
}

// MarshalYAML returns what yaml.v3 or goccy/go-yaml encode: the members of MarshalJSON, with secrets masked.
func (c DeploymentConfig) MarshalYAML() (any, error) { return marshalYAML(c) }

// MarshalYAML returns what yaml.v3 or goccy/go-yaml encode; see [DeploymentConfig.MarshalYAML].
func (c DeploymentConfigV1) MarshalYAML() (any, error) { return marshalYAML(c) }

// MarshalYAML returns what yaml.v3 or goccy/go-yaml encode; see [DeploymentConfig.MarshalYAML].
func (c DeploymentConfigV0Alpha1) MarshalYAML() (any, error) { return marshalYAML(c) }

// MarshalYAML returns what yaml.v3 or goccy/go-yaml encode; see [DeploymentConfig.MarshalYAML].
func (c DeploymentConfigV0Alpha0) MarshalYAML() (any, error) { return marshalYAML(c) }

// MarshalYAML returns what yaml.v3 or goccy/go-yaml encode; see [DeploymentConfig.MarshalYAML].
func (h HealthCheck) MarshalYAML() (any, error) { return marshalYAML(h) }

// MarshalYAML returns what yaml.v3 or goccy/go-yaml encode; see [DeploymentConfig.MarshalYAML].
func (i Integration) MarshalYAML() (any, error) { return marshalYAML(i) }

func marshalYAML(v any) (any, error) {
	data, err := json.Marshal(v, maskedOptions)
	if err != nil {
		return nil, err
	}
	var value any
	dec := stdjson.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&value); err != nil {
		return nil, err
	}
	return withNumbers(value), nil
}

// withNumbers replaces each json.Number, which YAML packages take for a string.
func withNumbers(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = withNumbers(member)
		}
	case []any:
		for i, item := range v {
			v[i] = withNumbers(item)
		}
	case stdjson.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		value, _ = v.Float64()
	}
	return value
}

// unmarshalYAML converts to JSON, with a JSON string wherever the Go type has a string, and decodes that.
func unmarshalYAML(out interface{ UnmarshalJSON([]byte) error }, unmarshal func(any) error) error {
	var value yamlValue
	if err := value.UnmarshalYAML(unmarshal); err != nil {
		return err
	}
	data, err := value.toJSON("config", reflect.TypeOf(out))
	if err != nil {
		return err
	}
	return out.UnmarshalJSON(data)
}

// yamlValue is a YAML value whose Go type is not known yet. nil is null.
type yamlValue struct {
	mapping  map[string]*yamlValue
	sequence []*yamlValue
	scalar   any    // as the YAML package decodes it
	text     string // the source text, which is that of the scalar if it is no string
}

// UnmarshalYAML implements the interface of yaml.v3 and goccy/go-yaml.
func (v *yamlValue) UnmarshalYAML(unmarshal func(any) error) error {
	*v = yamlValue{}
	var value any
	if err := unmarshal(&value); err != nil {
		return err
	}
	switch value.(type) {
	case nil:
		return nil
	case map[string]any, map[any]any:
		return unmarshal(&v.mapping)
	case []any:
		return unmarshal(&v.sequence)
	}
	var source yamlText
	err := unmarshal(&source)
	v.scalar, v.text = value, strings.TrimSpace(string(source))
	if value == any(string(source)) {
		return err
	}
	isString := false
	for strings.HasPrefix(v.text, "!") || strings.HasPrefix(v.text, "&") { // goccy/go-yaml keeps tags and anchors
		isString = isString || strings.HasPrefix(v.text, "!!str ")
		_, v.text, _ = strings.Cut(v.text, " ")
	}
	if isString && !strings.ContainsAny(v.text, " \t\n\"'|>") {
		v.scalar = v.text // of !!str 1.10, goccy/go-yaml makes 1.1
	}
	return err
}

// yamlText is the source text of a scalar. yaml.v3 decodes it into any string type; goccy/go-yaml formats the decoded
// number instead, but passes the source text to this method.
type yamlText string

// UnmarshalYAML implements the BytesUnmarshaler of goccy/go-yaml.
func (t *yamlText) UnmarshalYAML(text []byte) error {
	*t = yamlText(text)
	return nil
}

// toJSON converts the value to JSON that decodes into one of the types. A member of a union may have several.
func (v *yamlValue) toJSON(path string, types ...reflect.Type) (jsontext.Value, error) {
	switch {
	case v == nil:
		return jsontext.Value("null"), nil
	case v.mapping != nil:
		object := make(map[string]jsontext.Value, len(v.mapping))
		for name, member := range v.mapping {
			var err error
			if object[name], err = member.toJSON(path+"."+name, memberTypes(name, types)...); err != nil {
				return nil, err
			}
		}
		return json.Marshal(object, maskedOptions)
	case v.sequence != nil:
		array := make([]jsontext.Value, len(v.sequence))
		for i, item := range v.sequence {
			var err error
			if array[i], err = item.toJSON(fmt.Sprintf("%s[%d]", path, i), itemTypes(types)...); err != nil {
				return nil, err
			}
		}
		return json.Marshal(array)
	}
	return v.scalarToJSON(path, types)
}

func (v *yamlValue) scalarToJSON(path string, types []reflect.Type) (jsontext.Value, error) {
	switch scalar := v.scalar.(type) {
	case nil:
		return jsontext.Value("null"), nil
	case string:
		return json.Marshal(scalar)
	case []byte: // !!binary
		return json.Marshal(string(scalar))
	case time.Time:
		return json.Marshal(v.text)
	}
	for _, t := range types {
		if indirect(t).Kind() == reflect.String {
			return json.Marshal(v.text)
		}
	}
	if truth, ok := v.scalar.(bool); ok {
		return json.Marshal(truth)
	}
	number := jsontext.Value(v.text)
	if !number.IsValid() || number.Kind() != '0' {
		return nil, &ParamError{Field: path, Reason: "must be written as a decimal number, or in quotes if it is a text"}
	}
	return number, nil
}

func indirect(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// memberTypes returns the types that the member has in the structs of the types. Fields without a JSON name are the
// variants of a union and embedded structs, whose members belong to the struct.
func memberTypes(name string, types []reflect.Type) (members []reflect.Type) {
	for _, t := range types {
		if t = indirect(t); t.Kind() != reflect.Struct {
			continue
		}
		for f := range t.Fields() {
			switch known, _, _ := strings.Cut(f.Tag.Get("json"), ","); known {
			case "":
				members = append(members, memberTypes(name, []reflect.Type{f.Type})...)
			case name:
				members = append(members, f.Type)
			}
		}
	}
	return members
}

func itemTypes(types []reflect.Type) (items []reflect.Type) {
	for _, t := range types {
		if t = indirect(t); t.Kind() == reflect.Slice {
			items = append(items, t.Elem())
		}
	}
	return items
}
