// Package wire decodes the API's responses. It gives the values that encoding/json/v2 gives, in a fraction of the time,
// and gets past what does not fit: a member with an unexpected value costs that member only.
//
//   - Names match case-sensitively, and unknown members are skipped. A byte order mark, repeated names and invalid
//     UTF-8 are tolerated.
//   - A value in an unexpected form is read if its meaning is clear: see scalar.go.
//   - Any other value is odd: it is reported, and leaves its Go value zero. In an array or a map, where a zero could be
//     mistaken for a value of the service, it is left out, and so is a null among the elements of an array.
//   - Only what is not JSON is an error, and a [LimitError] what nests too deeply or takes too much memory for its size.
package wire

import (
	"bytes"
	"cmp"
	"reflect"
	"sync"
)

// Decoder decodes responses. It is safe for concurrent use.
type Decoder struct {
	own   map[reflect.Type]decodeFunc // by overrides
	types sync.Map                    // of reflect.Type to decodeFunc
}

// NewDecoder returns a decoder with the overrides.
func NewDecoder(overrides ...Override) *Decoder {
	d := &Decoder{own: map[reflect.Type]decodeFunc{}}
	for _, o := range overrides {
		d.own[o.t] = o.decode
	}
	return d
}

// Decode decodes JSON into the value that out points to, and returns the odd values in the order of the document. For
// what no response has in Go, such as a channel or an array, any value is odd.
func (d *Decoder) Decode(data []byte, out any) ([]Odd, error) {
	s := scanners.Get().(*scanner)
	s.reset(d, bytes.TrimPrefix(data, []byte("\ufeff")))
	v := reflect.ValueOf(out).Elem()
	d.of(v.Type())(s, v, s.next())
	if s.next(); s.at < len(s.data) {
		s.fail()
	}
	odd, err := s.locate(), s.err
	s.reset(nil, nil)
	scanners.Put(s)
	return odd, err
}

// Override is a type that is decoded in a way of its own.
type Override struct {
	t      reflect.Type
	decode decodeFunc
}

// Plain decodes T, a string or a number, as its kind is decoded, whatever methods it has.
func Plain[T any]() Override { return Override{reflect.TypeFor[T](), decodeScalar} }

// Union decodes T, a type with several forms, with f. The function f gets a zero T and a value's JSON, which is not null
// and which f must not keep. To try a form f calls decode, which decodes that JSON into what out points to and reports
// whether all of it fits; only what the last try met is reported as odd. f reports whether v holds the whole value, be it
// as raw JSON. Then nothing is lost, and a union around it still fits. The forms are decoded by within, which may have
// other overrides; nil is the decoder that has this one.
func Union[T any](within *Decoder, f func(v *T, data []byte, decode func(out any) bool) bool) Override {
	return Override{reflect.TypeFor[T](), func(s *scanner, v reflect.Value, c byte) bool {
		start, odd, lost, outer := s.at, len(s.odd), s.lost, s.decoder
		data := s.skip()
		end := s.at
		v.SetZero()
		if c == 'n' || s.err != nil {
			return true
		}
		fits := true
		kept := f(v.Addr().Interface().(*T), data, func(out any) bool {
			if s.err != nil {
				return false
			}
			s.at, s.odd, s.lost, s.decoder = start, s.odd[:odd], lost, cmp.Or(within, outer)
			v := reflect.ValueOf(out).Elem()
			fits = s.decoder.of(v.Type())(s, v, c)
			s.decoder = outer
			return s.lost == lost && s.err == nil
		})
		if kept {
			s.lost, fits = lost, true
		}
		if s.err == nil {
			s.at = end
		}
		return fits
	}}
}
