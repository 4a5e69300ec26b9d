package paperspace

import (
	"bytes"
	"cmp"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/paperspace-go/paperspace/internal/wire"
)

var (
	// decodeOptions accept what encoding/json accepts: neither invalid UTF-8 nor a repeated name is an error.
	decodeOptions json.Options = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

	// encodeOptions are for the way to the service, the only one on which a Sensitive shows its value.
	encodeOptions = json.JoinOptions(jsontext.AllowDuplicateNames(true), json.WithMarshalers(json.JoinMarshalers(
		json.MarshalToFunc(func(enc *jsontext.Encoder, s Sensitive) error {
			if s == mask {
				return errors.New(holdsMask)
			}
			return enc.WriteToken(jsontext.String(s.Reveal()))
		}),
		json.MarshalToFunc(func(enc *jsontext.Encoder, r RawJSON) error {
			if reason := r.check(); reason != "" {
				return errors.New(reason)
			}
			return enc.WriteValue(jsontext.Value(cmp.Or(string(r), "null")))
		}),
		json.MarshalToFunc(func(enc *jsontext.Encoder, n stdjson.Number) error {
			return enc.WriteValue(jsontext.Value(cmp.Or(n, "0"))) // as encoding/json writes it
		}),
	)))
)

// recordOptions are for errors and records of attempts. Durations are encoded as encoding/json does it, since
// encoding/json/v2 has no way of its own, and the bytes of a header or of a system's error need not be UTF-8.
var recordOptions = json.JoinOptions(jsontext.AllowInvalidUTF8(true),
	json.WithMarshalers(json.MarshalToFunc(func(enc *jsontext.Encoder, d time.Duration) error {
		return enc.WriteToken(jsontext.Int(int64(d)))
	})))

// union is a type with several forms in responses.
type union interface {
	fromResponse(data []byte, decode func(out any) bool) bool
}

// responses decodes the bodies of responses. It names no union, so that a program has only those that it uses.
var responses = &wire.Decoder{FormOf: func(v any) wire.Form {
	if u, ok := v.(union); ok {
		return u.fromResponse
	}
	return nil
}}

// decodeResponse decodes a body into the value that out points to. Odd values are an error only where they leave nothing
// that could be relied on: when the body is odd as a whole, when a member of an envelope is, since a page without its
// items must not pass for an empty list, and when nothing else is there.
func decodeResponse(body []byte, out any) ([]Odd, error) {
	found, err := responses.Decode(body, out)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	_, isEnvelope := out.(envelope)
	isEmpty := isHollow(reflect.ValueOf(out))
	odd := make([]Odd, len(found))
	for i, o := range found {
		odd[i] = Odd(o)
		depth, isNull := strings.Count(o.Pointer, "/"), strings.HasPrefix(o.Kind, "null ")
		if err == nil && (depth == 0 || depth == 1 && isEnvelope || isEmpty && !isNull) {
			err = &oddError{odd[i : i+1]}
		}
	}
	return odd, err
}

// isHollow reports whether a value holds nothing but zeros, empty lists and empty maps.
func isHollow(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Pointer:
		return v.IsNil() || isHollow(v.Elem())
	case reflect.Struct:
		for _, field := range v.Fields() {
			if !isHollow(field) {
				return false
			}
		}
		return true
	}
	return v.IsZero()
}

// packagePath is the path of this package. It is that of a small type: reflection on Client would link every type that
// Client refers to, with its methods, into every program.
var packagePath = reflect.TypeFor[Odd]().PkgPath()

// decodeInto decodes a body as encoding/json does, with names in any case, unless out points to a type of this package or
// to one that any type fits.
func decodeInto(body []byte, out any) ([]Odd, error) {
	t := reflect.TypeOf(out)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	_, argument, isGeneric := strings.Cut(t.Name(), "[")
	if t == reflect.TypeFor[any]() || t.PkgPath() == packagePath && (!isGeneric || strings.HasPrefix(argument, packagePath+".")) {
		return decodeResponse(body, out)
	}
	err := stdjson.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), out)
	if err != nil && strings.Contains(err.Error(), "exceeded max depth") { // encoding/json has no type for it
		err = wire.ErrDepth
	}
	return nil, err
}

// unmarshal decodes JSON other than responses, strictly.
func unmarshal(data []byte, out any) error { return json.Unmarshal(data, out, decodeOptions) }

func encode(v any) ([]byte, error) { return json.Marshal(v, encodeOptions) }

// encodingError returns the error of a request whose body, or the field of the body with the name, cannot be encoded.
func (ep *endpoint) encodingError(field string, err error) error {
	reason := oneLine(err.Error(), maxText)
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		reason = syntaxError(e)
	}
	return ep.paramError(cmp.Or(memberPath(field, memberOf(err)), "body"), "cannot be encoded: "+reason)
}

// memberOf returns the place of an error of the JSON package, as far as that is known.
func memberOf(err error) jsontext.Pointer {
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return e.JSONPointer
	}
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		return e.JSONPointer
	}
	return ""
}

// memberPath returns a place below root as a path of a bounded length, such as config.env[0].value.
func memberPath(root string, place jsontext.Pointer) string {
	const longest = 200
	path := root
	for token := range place.Tokens() {
		switch _, err := strconv.ParseUint(token, 10, 64); {
		case len(path) > longest:
			return path + "…"
		case err == nil:
			path += "[" + token + "]"
		case len(token) > 64 || strconv.Quote(token) != `"`+token+`"`:
			path += fmt.Sprintf(".%.64q", token)
		default:
			path += "." + token
		}
	}
	return strings.TrimPrefix(path, ".")
}

// syntaxError describes an error without the part of a string that it may quote, and which may be of a secret.
func syntaxError(e *jsontext.SyntacticError) string {
	for _, what := range []string{"invalid surrogate pair", "invalid escape sequence"} {
		if strings.HasPrefix(e.Err.Error(), what) {
			return what + " in string"
		}
	}
	return e.Err.Error()
}

// addFields adds fields to a JSON object that has none of their names.
func (ep *endpoint) addFields(object []byte, fields []bodyField, taken map[string]bool) ([]byte, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(object, &members); err != nil || members == nil {
		return nil, ep.paramError("WithBodyField", "only a JSON object takes more fields")
	}
	for _, f := range fields {
		if _, ok := members[f.name]; ok || taken[f.name] {
			return nil, ep.paramError("WithBodyField", fmt.Sprintf("the body already has a field named %q", f.name))
		}
		value, err := encode(f.value)
		if err != nil {
			return nil, ep.encodingError(f.name, err)
		}
		members[f.name] = value
	}
	return json.Marshal(members, maskedOptions)
}
