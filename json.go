package paperspace

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

var (
	// decodeOptions accept what encoding/json accepts: neither invalid UTF-8 nor a repeated name is a reason to lose
	// an answer.
	decodeOptions json.Options = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

	// lenientOptions also accept numbers in strings, 50.0 for an int, "" for a number or a time, and anything for a
	// string. They are for what decodeOptions refuse, since they cost a third of the speed.
	lenientOptions = json.JoinOptions(decodeOptions, json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *int) error {
			data, err := dec.ReadValue()
			if err != nil {
				return err
			}
			n, err := parseInteger(data)
			if err == nil && int64(int(n)) != n {
				err = strconv.ErrRange
			}
			*v = int(n)
			return err
		}),
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *string) error {
			data, err := dec.ReadValue()
			*v = text(data)
			return err
		}),
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *float64) error {
			data, err := dec.ReadValue()
			if err != nil {
				return err
			}
			text := strings.Trim(string(data), `"`)
			if *v = 0; text == "" || text == "null" {
				return nil
			}
			*v, err = strconv.ParseFloat(text, 64)
			if err != nil || math.IsNaN(*v) || math.IsInf(*v, 0) {
				return fmt.Errorf("%.40q is not a number", text) // strconv's error would hold all of it
			}
			return nil
		}),
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *time.Time) error {
			if dec.PeekKind() != '"' {
				return errors.ErrUnsupported
			}
			data, err := dec.ReadValue()
			if err != nil {
				return err
			}
			if *v = (time.Time{}); string(data) == `""` {
				return nil
			}
			if v.UnmarshalJSON(data) != nil {
				return fmt.Errorf("%.40s is not a time", data)
			}
			return nil
		}),
	)))

	// encodeOptions are for the way to the service, the only one on which a Sensitive shows its value.
	encodeOptions = json.WithMarshalers(json.MarshalToFunc(func(enc *jsontext.Encoder, s Sensitive) error {
		if s == mask {
			return errors.New("holds the mask " + mask + " in place of a secret")
		}
		return enc.WriteToken(jsontext.String(s.Reveal()))
	}))
)

// decode reads an answer into the value that out points to. What is there already stays only if the answer is as the
// contract has it.
func decode(data []byte, out any) error {
	if json.Unmarshal(data, out, decodeOptions) == nil {
		return nil
	}
	reflect.ValueOf(out).Elem().SetZero()
	return json.Unmarshal(data, out, lenientOptions)
}

func encode(v any) ([]byte, error) { return json.Marshal(v, encodeOptions) }

// addFields adds fields to a JSON object that has none of their names.
func addFields(object []byte, fields []bodyField, taken map[string]bool) ([]byte, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(object, &members); err != nil {
		return nil, errors.New("only a JSON object takes more fields")
	}
	for _, f := range fields {
		if _, ok := members[f.name]; ok || taken[f.name] {
			return nil, fmt.Errorf("it has a field %q already", f.name)
		}
		value, err := encode(f.value)
		if err != nil {
			return nil, err
		}
		members[f.name] = value
	}
	return json.Marshal(members, json.Deterministic(true))
}
