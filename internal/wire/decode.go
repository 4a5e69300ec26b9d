package wire

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"time"
)

// A decodeFunc decodes the value that begins here, with the byte c, into v.
type decodeFunc func(s *scanner, v reflect.Value, c byte)

// null reads a null as the zero value, and reports whether there is one.
func (s *scanner) null(v reflect.Value, c byte) bool {
	if c != 'n' {
		return false
	}
	s.skip()
	v.SetZero()
	return true
}

// decodeScalar decodes strings, booleans, numbers and times.
func decodeScalar(s *scanner, v reflect.Value, c byte) {
	start := s.at
	switch kind := v.Kind(); {
	case c == 'n':
		s.null(v, c)
		return
	case kind == reflect.String && c == '"':
		v.SetString(s.share(s.text()))
		return
	case kind == reflect.Bool && (c == 't' || c == 'f'):
		v.SetBool(c == 't')
		s.skip()
		return
	case kind == reflect.Struct && c == '"':
		text := s.text() // with a zone in any other form it is left to lenient
		if bytes.HasSuffix(text, []byte("Z")) && v.Addr().Interface().(*time.Time).UnmarshalText(text) == nil {
			return
		}
	case kind == reflect.Float64 && '0' <= c && c <= '9' && s.number():
		if f, err := strconv.ParseFloat(string(s.data[start:s.at]), 64); err == nil {
			v.SetFloat(f)
			return
		}
	case v.CanInt():
		if n, width := leadingInteger(s.data[s.at:]); width > 0 && !v.OverflowInt(n) {
			v.SetInt(n)
			s.at += width
			return
		}
	}
	if s.err == nil {
		s.at = start
		if value := s.skip(); s.err == nil && !lenient(v, value) {
			s.report(start, v)
		}
	}
}

// mistyped reads a value that v cannot hold, and reports it unless it is null.
func (s *scanner) mistyped(v reflect.Value, c byte) {
	if start := s.at; !s.null(v, c) {
		s.skip()
		s.report(start, v)
	}
}

// decodeJSON leaves a value to the type's UnmarshalJSON.
func decodeJSON(s *scanner, v reflect.Value, _ byte) {
	start := s.at
	data := s.skip()
	if s.err == nil && v.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(data) != nil {
		s.report(start, v)
	}
}

// decodeText leaves a string to the type's UnmarshalText.
func decodeText(s *scanner, v reflect.Value, c byte) {
	start := s.at
	if s.null(v, c) {
		return
	}
	var text []byte
	if c == '"' {
		text = s.text()
	} else {
		text = s.skip()
	}
	if s.err == nil && v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(text) != nil {
		s.report(start, v)
	}
}

// memoryOfAny is about what a value in an any or in a map takes beside what it holds.
const memoryOfAny = 64

var anyTypes = map[byte]reflect.Type{
	'{': reflect.TypeFor[map[string]any](), '[': reflect.TypeFor[[]any](), '"': reflect.TypeFor[string](),
	't': reflect.TypeFor[bool](), 'f': reflect.TypeFor[bool](),
}

// decodeAny decodes a value into the type that encoding/json gives it.
func decodeAny(s *scanner, v reflect.Value, c byte) {
	v.SetZero()
	t, ok := anyTypes[c]
	if !ok {
		t = reflect.TypeFor[float64]()
	}
	start, value := s.at, reflect.New(t).Elem()
	if !s.take(memoryOfAny) {
		return
	}
	if s.decoder.of(t)(s, value, c); c != 'n' && s.unfit != start {
		v.Set(value)
	}
}

func pointerDecoder(t reflect.Type, elem *decodeFunc) decodeFunc {
	return func(s *scanner, v reflect.Value, c byte) {
		start := s.at
		if s.null(v, c) {
			return
		}
		if v.IsNil() {
			s.take(int(t.Elem().Size()))
			v.Set(reflect.New(t.Elem()))
		}
		if (*elem)(s, v.Elem(), c); s.unfit == start {
			v.SetZero()
		}
	}
}

func sliceDecoder(t reflect.Type, elem *decodeFunc) decodeFunc {
	empty, size := reflect.MakeSlice(t, 0, 0), int(t.Elem().Size())
	mayBeNull := t.Elem().Kind() == reflect.Pointer || t.Elem().Kind() == reflect.Interface
	return func(s *scanner, v reflect.Value, c byte) {
		if c != '[' {
			s.mistyped(v, c)
			return
		}
		if v.IsNil() {
			v.Set(empty)
		}
		n, used := 0, v.Cap() // whose elements may not be zero
		for i := 0; s.element(']', i); i++ {
			if n == v.Cap() {
				if !s.take((n + max(n, 1)) * size) {
					return
				}
				v.Grow(max(n, 1))
			}
			v.SetLen(n + 1)
			item := v.Index(n)
			if n < used {
				item.SetZero()
			}
			start, c := s.at, s.next()
			if (*elem)(s, item, c); c == 'n' && !mayBeNull {
				s.report(start, item)
			}
			if s.unfit == start {
				item.SetZero()
			} else {
				n++
			}
		}
		v.SetLen(n)
	}
}

func mapDecoder(t reflect.Type, elem *decodeFunc) decodeFunc {
	return func(s *scanner, v reflect.Value, c byte) {
		if c != '{' {
			s.mistyped(v, c)
			return
		}
		if v.IsNil() {
			v.Set(reflect.MakeMap(t))
		}
		for n := 0; s.element('}', n); n++ {
			s.entry(v, s.share(s.name()), elem)
		}
	}
}

// entry decodes the value of a member into a map.
func (s *scanner) entry(m reflect.Value, name string, elem *decodeFunc) {
	t, c := m.Type(), s.next()
	start, value := s.at, reflect.New(t.Elem()).Elem()
	if !s.take(2*int(t.Key().Size()+t.Elem().Size()) + memoryOfAny) {
		return
	}
	if m.IsNil() {
		m.Set(reflect.MakeMap(t))
	}
	if (*elem)(s, value, c); s.unfit != start {
		m.SetMapIndex(reflect.ValueOf(name).Convert(t.Key()), value)
	}
}
