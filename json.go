package paperspace

import (
	"cmp"
	"errors"
	"fmt"
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

	// storedConfigs decode the configurations in a response, which are not held to what a file is.
	storedConfigs = json.UnmarshalFromFunc(func(dec *jsontext.Decoder, c *DeploymentConfig) error {
		data, err := dec.ReadValue()
		if err != nil {
			return err
		}
		return c.unmarshalResponse(data)
	})

	// lenientOptions also accept numbers and booleans in strings, 50.0 for an int, "" for a number or a time, a time
	// without a zone, and anything for a string. They are for what decodeOptions refuse, since they cost a third of the
	// speed.
	lenientOptions = json.JoinOptions(decodeOptions, json.WithUnmarshalers(json.JoinUnmarshalers(storedConfigs, lenient)))

	lenient = json.JoinUnmarshalers(
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
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *int64) error {
			data, err := dec.ReadValue()
			if err == nil {
				*v, err = parseInteger(data)
			}
			return err
		}),
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *string) error {
			data, err := dec.ReadValue()
			*v = text(data)
			return err
		}),
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *Sensitive) error {
			data, err := dec.ReadValue()
			*v = Sensitive(text(data))
			return err
		}),
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v interface{ Known() bool }) error { // an enum
			if kind := dec.PeekKind(); kind == '"' || kind == 'n' {
				return errors.ErrUnsupported
			}
			data, err := dec.ReadValue()
			reflect.ValueOf(v).Elem().SetString(text(data))
			return err
		}),
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *bool) error {
			if dec.PeekKind() != '"' {
				return errors.ErrUnsupported
			}
			data, err := dec.ReadValue()
			if err != nil {
				return err
			}
			switch text(data) {
			case "true":
				*v = true
			case "false", "":
				*v = false
			default:
				return fmt.Errorf("%.40s is not a boolean", data)
			}
			return nil
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
			if *v, err = parseFloat([]byte(text)); err != nil {
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
			for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime, time.DateOnly} {
				if t, err := time.Parse(layout, text(data)); err == nil {
					*v = t
					return nil
				}
			}
			return fmt.Errorf("%.40s is not a time", data)
		}),
	)

	// encodeOptions are for the way to the service, the only one on which a Sensitive shows its value.
	encodeOptions = json.JoinOptions(jsontext.AllowDuplicateNames(true), json.WithMarshalers(json.JoinMarshalers(
		json.MarshalToFunc(func(enc *jsontext.Encoder, s Sensitive) error {
			if s == mask {
				return errors.New(holdsMask)
			}
			return enc.WriteToken(jsontext.String(s.Reveal()))
		}),
		json.MarshalToFunc(func(_ *jsontext.Encoder, r RawJSON) error {
			if reason := r.check(); reason != "" {
				return errors.New(reason)
			}
			return errors.ErrUnsupported // its own method does the rest
		}),
	)))
)

// nanoseconds has a duration encoded as encoding/json does it, since encoding/json/v2 has no way of its own.
var nanoseconds = json.WithMarshalers(json.MarshalToFunc(func(enc *jsontext.Encoder, d time.Duration) error {
	return enc.WriteToken(jsontext.Int(int64(d)))
}))

// decode reads an answer into the value that out points to. What is there already stays only if the answer is as the
// contract has it.
func decode(data []byte, out any) error {
	if json.Unmarshal(data, out, decodeOptions, json.WithUnmarshalers(storedConfigs)) == nil {
		return nil
	}
	reflect.ValueOf(out).Elem().SetZero()
	return json.Unmarshal(data, out, lenientOptions)
}

func encode(v any) ([]byte, error) { return json.Marshal(v, encodeOptions) }

// fieldOf names the field that could not be encoded, as far as that is known.
func fieldOf(err error) string {
	var pointer jsontext.Pointer
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		pointer = e.JSONPointer
	} else if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		pointer = e.JSONPointer
	}
	return cmp.Or(strings.ReplaceAll(strings.TrimPrefix(string(pointer), "/"), "/", "."), "body")
}

// addFields adds fields to a JSON object that has none of their names.
func addFields(object []byte, fields []bodyField, taken map[string]bool) ([]byte, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(object, &members); err != nil || members == nil {
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
	return json.Marshal(members, maskedOptions)
}
