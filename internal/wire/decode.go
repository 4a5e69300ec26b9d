package wire

import (
	"encoding"
	"encoding/json"
	"reflect"
)

// A decodeFunc decodes the value that begins here, with the byte c, into v, and reports whether v holds it now. If not,
// the value is odd, and v is zero.
type decodeFunc func(s *scanner, v reflect.Value, c byte) bool

// null reads a null as the zero value, and reports whether there is one.
func (s *scanner) null(v reflect.Value, c byte) bool {
	if c != 'n' {
		return false
	}
	if !s.has("null") {
		s.fail()
	}
	v.SetZero()
	return true
}

// mistyped reads a value that v cannot hold unless it is null.
func (s *scanner) mistyped(v reflect.Value, c byte) bool {
	start := s.at
	if s.null(v, c) {
		return true
	}
	s.skip()
	return s.report(start, v)
}

// decodeJSON leaves a value to the type's UnmarshalJSON.
func decodeJSON(s *scanner, v reflect.Value, _ byte) bool {
	start := s.at
	data := s.skip()
	return s.err != nil || v.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(data) == nil || s.report(start, v)
}

// decodeText leaves a string to the type's UnmarshalText.
func decodeText(s *scanner, v reflect.Value, c byte) bool {
	start := s.at
	if s.null(v, c) {
		return true
	}
	text := s.textOrJSON(c)
	return s.err != nil || v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(text) == nil || s.report(start, v)
}

// memoryOfAny is about what a value in an any or in a map takes beside what it holds.
const memoryOfAny = 64

var anyTypes = map[byte]reflect.Type{
	'{': reflect.TypeFor[map[string]any](), '[': reflect.TypeFor[[]any](), '"': reflect.TypeFor[string](),
	't': reflect.TypeFor[bool](), 'f': reflect.TypeFor[bool](),
}

// decodeAny decodes a value into the type that encoding/json gives it.
func decodeAny(s *scanner, v reflect.Value, c byte) bool {
	v.SetZero()
	t, ok := anyTypes[c]
	if !ok {
		t = reflect.TypeFor[float64]()
	}
	value := reflect.New(t).Elem()
	if !s.take(memoryOfAny) || !s.decoder.of(t)(s, value, c) {
		return false
	}
	if c != 'n' {
		v.Set(value)
	}
	return true
}

func pointerDecoder(elem *decodeFunc) decodeFunc {
	return func(s *scanner, v reflect.Value, c byte) bool {
		if s.null(v, c) || (*elem)(s, s.elem(v), c) {
			return true
		}
		v.SetZero()
		return false
	}
}

func sliceDecoder(t reflect.Type, elem *decodeFunc) decodeFunc {
	empty, size := reflect.MakeSlice(t, 0, 0), int(t.Elem().Size())
	mayBeNull := t.Elem().Kind() == reflect.Pointer || t.Elem().Kind() == reflect.Interface
	return func(s *scanner, v reflect.Value, c byte) bool {
		if c != '[' {
			return s.mistyped(v, c)
		}
		if v.IsNil() {
			v.Set(empty)
		}
		n, used := 0, v.Cap() // whose elements may not be zero
		for i := 0; s.element(']', i); i++ {
			if n == v.Cap() {
				if !s.take((n + max(n, 1)) * size) {
					break
				}
				v.Grow(max(n, 1))
			}
			v.SetLen(n + 1)
			item := v.Index(n)
			if n < used {
				item.SetZero()
			}
			start, c := s.at, s.next()
			fits := (*elem)(s, item, c)
			if c == 'n' && !mayBeNull {
				fits = s.report(start, item)
			}
			if fits {
				n++
			} else {
				item.SetZero()
			}
		}
		v.SetLen(n)
		return true
	}
}

func mapDecoder(t reflect.Type, elem *decodeFunc) decodeFunc {
	return func(s *scanner, v reflect.Value, c byte) bool {
		if c != '{' {
			return s.mistyped(v, c)
		}
		if v.IsNil() {
			v.Set(reflect.MakeMap(t))
		}
		for n := 0; s.element('}', n); n++ {
			s.entry(v, s.share(s.name()), elem)
		}
		return true
	}
}

// entry decodes the value of a member into a map.
func (s *scanner) entry(m reflect.Value, name string, elem *decodeFunc) {
	t, value := m.Type(), reflect.New(m.Type().Elem()).Elem()
	if !s.take(2*int(t.Key().Size()+t.Elem().Size()) + memoryOfAny) {
		return
	}
	if m.IsNil() {
		m.Set(reflect.MakeMap(t))
	}
	if (*elem)(s, value, s.next()) {
		m.SetMapIndex(reflect.ValueOf(name).Convert(t.Key()), value)
	}
}
