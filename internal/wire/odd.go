package wire

import (
	"bytes"
	"cmp"
	"reflect"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Odd is a value in a document that does not fit.
type Odd struct {
	// Pointer is where the value stands, as a JSON pointer (RFC 6901).
	Pointer string
	// Kind is the kind of the value and the one that was expected, such as "string where an integer was expected". It
	// never holds the value.
	Kind string
}

type oddValue struct {
	at   int // its offset
	kind string
}

// memoryOfOdd is about what the report of an odd value takes.
const memoryOfOdd = 256

var kinds = map[jsontext.Kind]string{
	'n': "null", 't': "boolean", 'f': "boolean", '"': "string", '0': "number", '[': "array", '{': "object",
}

var expected = map[reflect.Kind]string{
	reflect.Bool: "a boolean", reflect.Int: "an integer", reflect.Int64: "an integer", reflect.Float64: "a number that fits",
	reflect.String: "a string", reflect.Slice: "an array",
}

// report reports the value that begins at start and does not fit v, leaves v zero and returns false.
func (s *scanner) report(start int, v reflect.Value) bool {
	v.SetZero()
	if s.err != nil || !s.take(memoryOfOdd) {
		return false
	}
	want := cmp.Or(expected[v.Kind()], "an object")
	if v.Type() == reflect.TypeFor[time.Time]() {
		want = "a time"
	}
	s.odd = append(s.odd, oddValue{start, kinds[jsontext.Value(s.data[start:]).Kind()] + " where " + want + " was expected"})
	s.lost++
	return false
}

// locate finds the pointers of the odd values. Decoding keeps only their offsets, so that a document without them does
// not pay for the path to every value.
func (s *scanner) locate() (located []Odd) {
	if len(s.odd) == 0 || s.err != nil {
		return nil
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(s.data), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for _, odd := range s.odd {
		var err error
		for err == nil && dec.InputOffset() <= int64(odd.at) {
			_, err = dec.ReadToken()
		}
		located = append(located, Odd{string(dec.StackPointer()), odd.kind})
	}
	return located
}
