package wire

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
)

// tolerant accepts what encoding/json accepts in invalid UTF-8 and repeated names.
var tolerant = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// expect decodes a document with encoding/json/v2 into a new value of the type. Where v2 refuses a value, it gives the
// value the form that v2 reads, by the rules of canonical, or takes the value away and counts it as odd. It fails
// for what is not JSON. The document must not repeat names or have a null in an array.
func expect(t *testing.T, document []byte, typ reflect.Type) (value any, odd int, err error) {
	t.Helper()
	if !jsontext.Value(document).IsValid(tolerant) {
		return nil, 0, errors.New("it is not JSON")
	}
	for range 1000 {
		out := reflect.New(typ)
		err := json.Unmarshal(document, out.Interface(), tolerant)
		refused, ok := errors.AsType[*json.SemanticError](err)
		if !ok {
			return out.Interface(), odd, err
		}
		pointer := refused.JSONPointer
		start, end := position(t, document, pointer)
		replacement, ok := canonical(refused.GoType, string(document[start:end]))
		if !ok {
			odd++
			replacement = "null"
			if isElement(typ, pointer) {
				document = remove(document, start, end)
				continue
			}
		}
		document = []byte(string(document[:start]) + replacement + string(document[end:]))
	}
	t.Fatalf("no end with %s", document)
	return nil, 0, nil
}

// canonical is what wire reads and encoding/json/v2 refuses, and how v2 reads it.
func canonical(t reflect.Type, value string) (string, bool) {
	text := strings.TrimSpace(strings.Trim(value, `"`))
	isString := strings.HasPrefix(value, `"`)
	switch {
	case t == reflect.TypeFor[time.Time]():
		return canonicalTime(text, isString)
	case t.Kind() == reflect.String, reflect.PointerTo(t).Implements(reflect.TypeFor[interface{ UnmarshalText([]byte) error }]()):
		quoted, _ := jsontext.AppendQuote(nil, value) // a number or a boolean for a string
		return string(quoted), !isString && !strings.ContainsAny(value[:1], "{[")
	case isString && text == "" && t.Kind() == reflect.Bool:
		return "false", true
	case isString && text == "" && (t.Kind() == reflect.Int || t.Kind() == reflect.Int64 || t.Kind() == reflect.Float64):
		return "0", true
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		number, ok := rational(text)
		if !ok || !number.IsInt() || !number.Num().IsInt64() {
			return "", false
		}
		_, err := strconv.ParseInt(number.Num().String(), 10, t.Bits())
		return number.Num().String(), err == nil
	case reflect.Float64:
		_, ok := rational(text)
		f, err := strconv.ParseFloat(text, 64)
		return strconv.FormatFloat(f, 'g', -1, 64), ok && err == nil
	case reflect.Bool:
		switch strings.ToLower(text) {
		case "true", "1":
			return "true", true
		case "false", "0":
			return "false", true
		}
	}
	return "", false
}

var numbers = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$`)

func rational(text string) (*big.Rat, bool) {
	if !numbers.MatchString(text) {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

var times = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?(?: ?(Z|UTC|[+-]\d\d(?::?\d\d)?))?)?$`)

func canonicalTime(text string, isString bool) (string, bool) {
	if isString && text == "" {
		return `"0001-01-01T00:00:00Z"`, true
	}
	parts := times.FindStringSubmatch(text)
	if parts == nil || !isString {
		return "", false
	}
	day, minute, second, zone := parts[1], parts[2], parts[3], parts[4]
	if minute == "" {
		minute = "00:00"
	}
	if second == "" {
		second = ":00"
	}
	switch {
	case zone == "", zone == "UTC":
		zone = "Z"
	case len(zone) == 3:
		zone += ":00"
	case len(zone) == 5:
		zone = zone[:3] + ":" + zone[3:]
	}
	text = day + "T" + minute + second + zone
	return `"` + text + `"`, new(time.Time).UnmarshalText([]byte(text)) == nil
}

// position finds the value that a pointer names.
func position(t *testing.T, document []byte, pointer jsontext.Pointer) (start, end int) {
	t.Helper()
	dec := jsontext.NewDecoder(bytes.NewReader(document), tolerant)
	for {
		dec.PeekKind()
		before := int(dec.InputOffset())
		token, err := dec.ReadToken()
		require.NoError(t, err, "no value at %s of %s", pointer, document)
		if dec.StackPointer() != pointer || token.Kind() == '}' || token.Kind() == ']' {
			continue
		}
		start = before + len(document[before:]) - len(bytes.TrimLeft(document[before:], " \n\r\t,:"))
		if kind, _ := dec.StackIndex(dec.StackDepth()); kind == '{' && token.Kind() == '"' {
			if after := bytes.TrimLeft(document[dec.InputOffset():], " \n\r\t"); len(after) > 0 && after[0] == ':' {
				continue // the name of the member
			}
		}
		rest := jsontext.NewDecoder(bytes.NewReader(document[start:]), tolerant)
		require.NoError(t, rest.SkipValue())
		return start, start + int(rest.InputOffset())
	}
}

// isElement reports whether the pointer names an element of a slice or map, and not a field.
func isElement(t reflect.Type, pointer jsontext.Pointer) bool {
	isElement := false
	for token := range pointer.Tokens() {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		switch t.Kind() {
		case reflect.Slice, reflect.Map:
			t, isElement = t.Elem(), true
		case reflect.Struct:
			field, ok := fieldNamed(t, token)
			if t, isElement = field.Type, !ok; !ok {
				t = reflect.TypeFor[any]()
			}
		default: // in an any
			return true
		}
	}
	return isElement
}

func fieldNamed(t reflect.Type, name string) (reflect.StructField, bool) {
	for _, f := range reflect.VisibleFields(t) {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag == name || tag == "" && f.Name == name && !f.Anonymous {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// remove takes an element or a member away, with its comma.
func remove(document []byte, start, end int) []byte {
	before := bytes.TrimRight(document[:start], " \n\r\t")
	if bytes.HasSuffix(before, []byte(":")) {
		before = bytes.TrimRight(before[:len(before)-1], " \n\r\t")
		for quoted := true; quoted; quoted = bytes.HasSuffix(before, []byte(`\`)) { // a quote in the name
			before = before[:bytes.LastIndexByte(before[:len(before)-1], '"')]
		}
		before = bytes.TrimRight(before, " \n\r\t")
	}
	after := bytes.TrimLeft(document[end:], " \n\r\t")
	switch {
	case bytes.HasPrefix(after, []byte(",")):
		after = after[1:]
	case bytes.HasSuffix(before, []byte(",")):
		before = before[:len(before)-1]
	}
	return fmt.Appendf(nil, "%s%s", before, after)
}
