package wire

import (
	"encoding/json"
	"reflect"
)

// A Form decodes a type with several forms from a value's JSON, which is not null, into a zero value. To try a form it
// calls decode, which decodes the JSON into what out points to and reports whether all of it fits; only what the last
// try met is reported as odd. A Form reports whether it holds the whole value, be it as raw JSON. Then nothing is lost,
// and a form around it still fits. It must not keep the slice data.
type Form func(data []byte, decode func(out any) bool) (holds bool)

func decodeForm(s *scanner, v reflect.Value, c byte) bool {
	start, odd, lost, fits := s.at, len(s.odd), s.lost, true
	data := s.skip()
	end := s.at
	if v.SetZero(); c == 'n' || s.err != nil {
		return true
	}
	holds := s.decoder.FormOf(v.Addr().Interface())(data, func(out any) bool {
		s.at, s.odd, s.lost = start, s.odd[:odd], lost
		fits = s.decode(reflect.ValueOf(out).Elem())
		return s.lost == lost && s.err == nil
	})
	if s.at = end; holds {
		s.lost = lost
	}
	return fits || holds
}

// decodeJSON leaves a value to the type's UnmarshalJSON.
func decodeJSON(s *scanner, v reflect.Value, _ byte) bool {
	start := s.at
	data := s.skip()
	return s.err != nil || v.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(data) == nil || s.report(start, v)
}
