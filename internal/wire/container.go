package wire

import "reflect"

func decodePointer(s *scanner, v reflect.Value, c byte) bool {
	if c == 'n' {
		return s.null(v)
	}
	fits := s.decode(s.elem(v))
	if !fits {
		v.SetZero()
	}
	return fits
}

// elem returns what a pointer points to, and makes it if there is nothing.
func (s *scanner) elem(pointer reflect.Value) reflect.Value {
	if t := pointer.Type().Elem(); pointer.IsNil() {
		s.take(int(t.Size()))
		pointer.Set(reflect.New(t))
	}
	return pointer.Elem()
}

// sliceDecoder returns a function that decodes a slice of the type of empty.
func sliceDecoder(empty reflect.Value) decodeFunc {
	elem := empty.Type().Elem()
	mayBeNull := elem.Kind() == reflect.Pointer || elem.Kind() == reflect.Interface
	return func(s *scanner, v reflect.Value, c byte) bool {
		if c != '[' {
			return s.mistyped(v, c)
		}
		if v.IsNil() {
			v.Set(empty)
		}
		n := 0
		for i := 0; s.element(']', i); i++ {
			if more := max(n, 1); n == v.Cap() {
				if !s.take((n + more) * int(elem.Size())) {
					break
				}
				v.Grow(more)
			}
			v.SetLen(n + 1)
			item, start, isNull := v.Index(n), s.at, s.next() == 'n'
			item.SetZero() // it may be left from another list
			if s.decode(item) && (!isNull || mayBeNull || s.report(start, item)) {
				n++
			}
		}
		v.SetLen(n)
		return true
	}
}

// memoryOfEntry is about what a value in a map or an any takes beside what it holds.
const memoryOfEntry = 64

func decodeMap(s *scanner, v reflect.Value, c byte) bool {
	if c != '{' {
		return s.mistyped(v, c)
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	for n := 0; s.element('}', n); n++ {
		s.entry(v, s.name())
	}
	return true
}

// entry decodes the value of a member into a map.
func (s *scanner) entry(m reflect.Value, name []byte) {
	t := m.Type()
	key, value := reflect.ValueOf(s.share(name)).Convert(t.Key()), reflect.New(t.Elem()).Elem()
	if !s.take(2*int(t.Key().Size()+t.Elem().Size())+memoryOfEntry) || !s.decode(value) {
		return
	}
	if m.IsNil() {
		m.Set(reflect.MakeMap(t))
	}
	m.SetMapIndex(key, value)
}

var anyTypes = map[byte]reflect.Type{
	'{': reflect.TypeFor[map[string]any](), '[': reflect.TypeFor[[]any](), '"': reflect.TypeFor[string](),
	't': reflect.TypeFor[bool](), 'f': reflect.TypeFor[bool](),
}

// decodeAny decodes a value into the type that encoding/json gives it.
func decodeAny(s *scanner, v reflect.Value, c byte) bool {
	if c == 'n' {
		return s.null(v)
	}
	t := anyTypes[c]
	if t == nil {
		t = reflect.TypeFor[float64]()
	}
	value := reflect.New(t).Elem()
	fits := s.take(memoryOfEntry) && s.decode(value)
	if v.SetZero(); fits {
		v.Set(value)
	}
	return fits
}

// mistyped reads a value that v cannot hold unless it is null.
func (s *scanner) mistyped(v reflect.Value, c byte) bool {
	if c == 'n' {
		return s.null(v)
	}
	start := s.at
	s.skip()
	return s.report(start, v)
}
