package wire

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// decodeScalar decodes strings, booleans, numbers and times.
func decodeScalar(s *scanner, v reflect.Value, c byte) bool {
	if s.null(v, c) {
		return true
	}
	start := s.at
	switch v.Kind() {
	case reflect.String:
		if c == '"' {
			v.SetString(s.share(s.text()))
			return true
		}
	case reflect.Bool:
		if v.SetBool(c == 't'); s.has("true") || s.has("false") {
			return true
		}
	case reflect.Float64:
		if '0' <= c && c <= '9' && s.number() {
			if f, err := strconv.ParseFloat(string(s.data[start:s.at]), 64); err == nil {
				v.SetFloat(f)
				return true
			}
		}
	case reflect.Struct:
		if text := s.textOrJSON(c); bytes.HasSuffix(text, []byte("Z")) && v.Addr().Interface().(*time.Time).UnmarshalText(text) == nil {
			return true
		}
	default:
		text, quotes := s.data[start:], 0
		if c == '"' { // as the service sends most sizes
			text, quotes = text[1:], 2
		}
		n, width := leadingInteger(text)
		if width > 0 && (quotes == 0 || bytes.HasPrefix(text[width:], []byte(`"`))) && !v.OverflowInt(n) {
			v.SetInt(n)
			s.at += width + quotes
			return true
		}
	}
	if s.err == nil {
		s.at = start
	}
	value := s.skip()
	return s.err != nil || lenient(v, value) || s.report(start, v)
}

// lenient sets v to what a value in an unexpected form means, and reports whether it means anything. It reads
//
//   - null as the zero value of any type, and "" as that of any but an array or an object
//   - an integer or a number in a string, and an integer with a point or an exponent if it is whole
//   - 0, 1, and "true", "false", "0" and "1" as booleans
//   - a time in any of timeLayouts
//   - as a string, the JSON of what is not one
func lenient(v reflect.Value, json []byte) (ok bool) {
	text := unquoted(json)
	if text == "" || string(json) == "null" {
		v.SetZero()
		return true
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(string(json))
		return true
	case reflect.Bool:
		text = strings.ToLower(text)
		v.SetBool(text == "true" || text == "1")
		return v.Bool() || text == "false" || text == "0"
	case reflect.Float64:
		f, err := parseFloat(text)
		v.SetFloat(f)
		return err == nil
	case reflect.Struct:
		t, ok := parseTime(text)
		v.Set(reflect.ValueOf(t))
		return ok
	}
	n, err := ParseInteger(json)
	ok = err == nil && !v.OverflowInt(n)
	v.SetInt(n)
	return ok
}

func unquoted(json []byte) string { return string(bytes.TrimSpace(bytes.Trim(json, `"`))) }

// ParseInteger reads the JSON of an integer in any of the forms in which the service sends one: 50, 50.0, "50", "" and
// null. Its error is [strconv.ErrSyntax] or [strconv.ErrRange].
func ParseInteger(json []byte) (int64, error) {
	if n, width := leadingInteger(json); width > 0 && width == len(json) {
		return n, nil
	}
	text := unquoted(json)
	if text == "" || string(json) == "null" {
		return 0, nil
	}
	whole, fraction, _ := strings.Cut(text, ".")
	if n, err := strconv.ParseInt(whole, 10, 64); err == nil && strings.Trim(fraction, "0") == "" {
		return n, nil // all digits of it, which a float64 might not have
	}
	f, err := parseFloat(text)
	switch {
	case err != nil:
		return 0, err
	case f != math.Trunc(f):
		return 0, strconv.ErrSyntax
	case f < -1<<63 || f >= 1<<63:
		return 0, strconv.ErrRange
	}
	return int64(f), nil
}

// leadingInteger reads a JSON integer of up to 18 digits and returns its width, which is 0 for anything else.
func leadingInteger(json []byte) (n int64, width int) {
	for width < len(json) && '0' <= json[width] && json[width] <= '9' {
		n = n*10 + int64(json[width]-'0')
		width++
	}
	isFloat := width < len(json) && (json[width] == '.' || json[width]|0x20 == 'e')
	if width > 18 || isFloat || width > 1 && json[0] == '0' {
		return 0, 0
	}
	return n, width
}

// parseFloat reads a number as JSON writes it; strconv also takes hexadecimal ones, NaN and infinities.
func parseFloat(text string) (float64, error) {
	if strings.Trim(text, "0123456789+-.eE") != "" {
		return 0, strconv.ErrSyntax
	}
	f, err := strconv.ParseFloat(text, 64)
	if e, ok := errors.AsType[*strconv.NumError](err); ok {
		err = e.Err // does not hold the text
	}
	return f, err
}

// timeLayouts are those that [time.Time.UnmarshalText] does not accept. A time without a zone is taken as UTC.
var timeLayouts = []string{
	time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07",
	"2006-01-02T15:04:05 Z07:00", "2006-01-02T15:04:05 Z0700", "2006-01-02T15:04:05 UTC",
	"2006-01-02T15:04", "2006-01-02T15:04Z07:00", time.DateOnly,
}

func parseTime(text string) (time.Time, bool) {
	if day := len(time.DateOnly); len(text) > day && (text[day] == ' ' || text[day] == 't') {
		text = text[:day] + "T" + text[day+1:]
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			_, err = t.MarshalText() // fails for a zone that is a day or more away
			return t, err == nil
		}
	}
	return time.Time{}, false
}
