package wire

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
)

// structure is how a struct is decoded.
type structure struct {
	fields map[string]*field
	before field  // precedes the first
	rest   *field // the map of unknown members; nil if there is none
}

type field struct {
	decode decodeFunc
	index  []int
	start  string                // `,"name":`
	next   atomic.Pointer[field] // the field that came next the last time, and probably comes next again
}

// add adds the fields of t, which is the struct itself or embedded at the index.
func (st *structure) add(d *Decoder, t reflect.Type, index []int) {
	for i := range t.NumField() {
		f, index := t.Field(i), append(slices.Clip(index), i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		embeds := options == "embed,inline" || f.Anonymous && name == ""
		switch kind := f.Type.Kind(); {
		case name == "-", !f.IsExported() && !(embeds && kind == reflect.Struct):
		case embeds && kind == reflect.Map:
			st.rest = &field{index: index}
		case embeds && kind == reflect.Struct:
			st.add(d, f.Type, index)
		case embeds && kind == reflect.Pointer:
			st.add(d, f.Type.Elem(), index)
		default:
			if name = cmp.Or(name, f.Name); st.fields[name] == nil {
				st.fields[name] = &field{decode: d.of(f.Type), index: index, start: `,"` + name + `":`}
			}
		}
	}
}

func (st *structure) decode(s *scanner, v reflect.Value, c byte) bool {
	if c != '{' {
		return s.mistyped(v, c)
	}
	last := &st.before
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
		f.decode(s, f.of(s, v), s.next())
	}
}

func (st *structure) decodeUnknown(s *scanner, v reflect.Value, name []byte) {
	if st.rest == nil {
		s.skip()
	} else {
		s.entry(st.rest.of(s, v), name)
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
