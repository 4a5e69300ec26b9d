package paperspace

import (
	"bytes"
	"encoding"
	stdjson "encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// member is how a field of params is encoded.
type member struct {
	index     int
	start     string // `"name":`
	omitsZero bool
	isRegion  bool // the field is a Region
	isPlain   bool // the field is, or points to, a string, a boolean or an integer without methods for encoding
}

var members sync.Map // of reflect.Type to []member, which is nil for a type that only encode knows

// encodeParams encodes a body as encode does. It takes a third of the time for params, most of whose fields are plain.
func encodeParams(params any) ([]byte, error) {
	v := reflect.Indirect(reflect.ValueOf(params))
	if v.Kind() != reflect.Struct || membersOf(v.Type()) == nil {
		return encode(params)
	}
	var room [512]byte // more is allocated
	object := append(room[:0], '{')
	for _, m := range membersOf(v.Type()) {
		field := v.Field(m.index)
		if m.omitsZero && field.IsZero() {
			continue
		}
		if len(object) > 1 {
			object = append(object, ',')
		}
		var err error
		if object, err = m.append(append(object, m.start...), field); err != nil {
			return encode(params) // its error names the field
		}
	}
	return bytes.Clone(append(object, '}')), nil
}

func (m *member) append(object []byte, field reflect.Value) ([]byte, error) {
	switch {
	case m.isRegion:
		return jsontext.AppendQuote(object, normalRegion(field.String()))
	case !m.isPlain:
		value, err := encode(field.Interface())
		return append(object, value...), err
	case field.Kind() == reflect.Pointer && field.IsNil():
		return append(object, "null"...), nil
	}
	switch field = reflect.Indirect(field); field.Kind() {
	case reflect.String:
		return jsontext.AppendQuote(object, field.String())
	case reflect.Bool:
		return strconv.AppendBool(object, field.Bool()), nil
	default:
		return strconv.AppendInt(object, field.Int(), 10), nil
	}
}

func membersOf(t reflect.Type) []member {
	if known, ok := members.Load(t); ok {
		return known.([]member)
	}
	list := []member{}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		isUsual := f.IsExported() && name != "" && name != "-" && (options == "" || options == "omitzero")
		if !isUsual || encodesItself(t) || implements[interface{ IsZero() bool }](f.Type) {
			list = nil
			break
		}
		list = append(list, member{
			index: f.Index[0], start: `"` + name + `":`, omitsZero: options != "",
			isRegion: f.Type == reflect.TypeFor[Region](), isPlain: isPlain(f.Type),
		})
	}
	members.Store(t, list)
	return list
}

// isPlain reports whether values of the type, or what they point to, are strings, booleans or integers in JSON. A
// Sensitive is not, nor is any other type with methods for encoding.
func isPlain(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	isKnown := t.PkgPath() == "" || t.PkgPath() == packagePath // encodeOptions are for some others
	return isKnown && !encodesItself(t) &&
		slices.Contains([]reflect.Kind{reflect.String, reflect.Bool, reflect.Int, reflect.Int64}, t.Kind())
}

func encodesItself(t reflect.Type) bool {
	return implements[stdjson.Marshaler](t) || implements[json.MarshalerTo](t) ||
		implements[encoding.TextMarshaler](t) || implements[encoding.TextAppender](t)
}

// implements reports whether t or a pointer to it implements the interface I.
func implements[I any](t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[I]())
}
