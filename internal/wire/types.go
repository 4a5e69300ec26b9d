package wire

import (
	"cmp"
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// of returns the function that decodes the type. Reflection looks at each type once.
func (d *Decoder) of(t reflect.Type) decodeFunc {
	if known, ok := d.types.Load(t); ok {
		return known.(decodeFunc)
	}
	decode := *builder{d, map[reflect.Type]*decodeFunc{}}.of(t)
	d.types.Store(t, decode)
	return decode
}

// builder makes functions that refer to each other by pointer, since types can contain themselves.
type builder struct {
	decoder *Decoder
	made    map[reflect.Type]*decodeFunc
}

func (b builder) of(t reflect.Type) *decodeFunc {
	if b.made[t] == nil {
		b.made[t] = new(decodeFunc)
		*b.made[t] = b.make(t)
	}
	return b.made[t]
}

// make returns the function that decodes the type.
func (b builder) make(t reflect.Type) decodeFunc {
	kind, pointer := t.Kind(), reflect.PointerTo(t)
	switch own := b.decoder.own[t]; {
	case own != nil:
		return own
	case t == reflect.TypeFor[time.Time]():
		return decodeScalar
	case kind == reflect.Pointer:
		return pointerDecoder(b.of(t.Elem()))
	case pointer.Implements(reflect.TypeFor[json.Unmarshaler]()):
		return decodeJSON
	case pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return decodeText
	case t == reflect.TypeFor[any]():
		return decodeAny
	case kind == reflect.Struct:
		st := &structure{fields: map[string]*field{}}
		b.add(st, t, nil)
		return st.decode
	case kind == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		return sliceDecoder(t, b.of(t.Elem()))
	case kind == reflect.Map && t.Key().Kind() == reflect.String:
		return mapDecoder(t, b.of(t.Elem()))
	case slices.Contains([]reflect.Kind{reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64}, kind):
		return decodeScalar
	}
	return (*scanner).mistyped // no response has such a type
}

// structure says how to decode a struct.
type structure struct {
	fields map[string]*field
	start  field  // precedes the first
	rest   *field // the map that keeps unknown members; nil if there is none
}

type field struct {
	decode *decodeFunc
	index  []int
	start  string                // `,"name":`
	next   atomic.Pointer[field] // the field that came next the last time, and probably comes next again
}

// add adds the fields of t, which is the struct itself or embedded at the index.
func (b builder) add(st *structure, t reflect.Type, index []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(slices.Clip(index), i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		embeds := options == "embed,inline" || f.Anonymous && name == ""
		switch kind := f.Type.Kind(); {
		case name == "-", !f.IsExported() && !(embeds && kind == reflect.Struct):
		case embeds && kind == reflect.Map:
			st.rest = &field{decode: b.of(f.Type.Elem()), index: index}
		case embeds && kind == reflect.Struct:
			b.add(st, f.Type, index)
		case embeds && kind == reflect.Pointer:
			b.add(st, f.Type.Elem(), index)
		case st.fields[cmp.Or(name, f.Name)] == nil:
			name = cmp.Or(name, f.Name)
			st.fields[name] = &field{decode: b.of(f.Type), index: index, start: `,"` + name + `":`}
		}
	}
}

func (st *structure) decode(s *scanner, v reflect.Value, c byte) bool {
	if c != '{' {
		return s.mistyped(v, c)
	}
	last := &st.start
	for n := 0; ; n++ {
		f := last.next.Load()
		if n == 0 || f == nil || !s.has(f.start) {
			if !s.element('}', n) {
				return true
			}
			if f == nil || !s.has(f.start[1:]) {
				name := s.name()
				if f = st.fields[string(name)]; f == nil {
					st.decodeUnknown(s, v, name)
					continue
				}
				last.next.Store(f)
			}
		}
		last = f
		value := f.of(s, v)
		(*f.decode)(s, value, s.next())
	}
}

func (st *structure) decodeUnknown(s *scanner, v reflect.Value, name []byte) {
	if st.rest == nil {
		s.skip()
	} else {
		s.entry(st.rest.of(s, v), string(name), st.rest.decode)
	}
}

// of returns the field's value in a struct.
func (f *field) of(s *scanner, v reflect.Value) reflect.Value {
	for i, index := range f.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			v = s.elem(v)
		}
		v = v.Field(index)
	}
	return v
}

// elem returns what a pointer points to, and makes it if there is nothing.
func (s *scanner) elem(pointer reflect.Value) reflect.Value {
	if t := pointer.Type().Elem(); pointer.IsNil() {
		s.take(int(t.Size()))
		pointer.Set(reflect.New(t))
	}
	return pointer.Elem()
}
