// Package wire decodes the API's responses. It gives the values that encoding/json/v2 gives, in a fraction of the time,
// and gets past what does not fit: a member with an unexpected value costs that member only.
//
//   - Names match case-sensitively, and unknown members are skipped. A byte order mark, repeated names and invalid
//     UTF-8 are tolerated.
//   - A value in an unexpected form is read if its meaning is clear: see scalar.go.
//   - Any other value is odd: it is reported, and leaves its Go value zero. In an array or a map, where a zero could be
//     mistaken for a value of the service, it is left out, and so is a null among the elements of an array.
//   - Only what is not JSON is an error, and what nests too deeply ([ErrDepth]) or takes too much memory for its size
//     ([ErrMemory]).
package wire

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"sync"
	"time"
)

// Decoder decodes responses. It is safe for concurrent use.
type Decoder struct {
	// FormOf returns the form of the value that v points to, or nil if its type has none.
	FormOf func(v any) Form

	types sync.Map // of reflect.Type to decodeFunc
}

// Decode decodes JSON into the value that out points to, and returns the odd values in the order of the document. For
// what no response has in Go, such as a channel or an array, any value is odd.
func (d *Decoder) Decode(data []byte, out any) ([]Odd, error) {
	s := scanners.Get().(*scanner)
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	s.document = document{decoder: d, data: data, memory: memoryAtLeast + memoryPerByte*len(data)}
	s.decode(reflect.ValueOf(out).Elem())
	if s.next(); s.at < len(s.data) {
		s.fail()
	}
	odd, err := s.locate(), s.err
	s.document = document{}
	scanners.Put(s)
	return odd, err
}

// A decodeFunc decodes the value that begins here, with the byte c, into v, and reports whether v holds it now. If not,
// the value is odd, and v is zero.
type decodeFunc func(s *scanner, v reflect.Value, c byte) bool

// decode decodes the next value.
func (s *scanner) decode(v reflect.Value) bool {
	return s.decoder.of(v.Type())(s, v, s.next())
}

// of returns the function that decodes the type. Reflection looks at each type once.
func (d *Decoder) of(t reflect.Type) decodeFunc {
	if known, ok := d.types.Load(t); ok {
		return known.(decodeFunc)
	}
	decode := d.make(t)
	d.types.Store(t, decode)
	return decode
}

// make returns the function that decodes the type. A type can contain itself only in a pointer, a slice or a map: their
// functions look up that of their elements when they decode.
func (d *Decoder) make(t reflect.Type) decodeFunc {
	pointer, kind := reflect.New(t).Interface(), t.Kind()
	if d.FormOf(pointer) != nil {
		return decodeForm
	}
	if kind == reflect.Int || kind == reflect.Int64 {
		return decodeInteger // whatever methods it has
	}
	switch pointer.(type) {
	case *any:
		return decodeAny
	case *time.Time:
		return scalar(setTime)
	case json.Unmarshaler:
		return decodeJSON
	case encoding.TextUnmarshaler:
		return scalar(setText)
	}
	switch {
	case kind == reflect.String:
		return decodeString
	case kind == reflect.Bool:
		return scalar(setBool)
	case kind == reflect.Float64:
		return scalar(setFloat)
	case kind == reflect.Pointer:
		return decodePointer
	case kind == reflect.Slice:
		return sliceDecoder(reflect.MakeSlice(t, 0, 0))
	case kind == reflect.Map && t.Key().Kind() == reflect.String:
		return decodeMap
	case kind == reflect.Struct:
		st := &structure{fields: map[string]*field{}}
		st.add(d, t, nil)
		return st.decode
	}
	return (*scanner).mistyped // no response has such a type
}
