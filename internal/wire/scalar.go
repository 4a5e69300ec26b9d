package wire

import (
	"bytes"
	"encoding"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// A setter sets v to what a text means, and reports whether it means anything.
type setter func(v reflect.Value, text []byte) bool

// scalar returns a function that decodes a scalar in any form whose meaning is clear, be it in a string or not:
//
//   - null as the zero value, and "" as that of any type but a string
//   - numbers, booleans and times with space around them
//   - an integer with a point or an exponent if it is whole
//   - a boolean in any form that [strconv.ParseBool] accepts, such as 1
//   - a time in any of timeLayouts
func scalar(set setter) decodeFunc {
	return func(s *scanner, v reflect.Value, c byte) bool {
		if c == 'n' || c == '{' || c == '[' {
			return s.mistyped(v, c)
		}
		start := s.at
		text := s.textOrJSON(c)
		if set(v, text) {
			return true
		}
		v.SetZero()
		trimmed := bytes.TrimSpace(text)
		return len(trimmed) == 0 || len(trimmed) < len(text) && set(v, trimmed) || s.report(start, v)
	}
}

// decodeString decodes a string, and as a string the JSON of a number or a boolean.
func decodeString(s *scanner, v reflect.Value, c byte) bool {
	if c == 'n' || c == '{' || c == '[' {
		return s.mistyped(v, c)
	}
	v.SetString(s.share(s.textOrJSON(c)))
	return true
}

// setText leaves the text to the type's UnmarshalText.
func setText(v reflect.Value, text []byte) bool {
	return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(text) == nil
}

func setBool(v reflect.Value, text []byte) bool {
	b, err := strconv.ParseBool(string(text))
	v.SetBool(b)
	return err == nil
}

func setFloat(v reflect.Value, text []byte) bool {
	f, ok := parseFloat(text)
	v.SetFloat(f)
	return ok
}

// parseFloat refuses what strconv reads and JSON does not have: infinities, NaN and hexadecimal numbers.
func parseFloat(text []byte) (f float64, ok bool) {
	f, err := strconv.ParseFloat(string(text), 64)
	return f, err == nil && f-f == 0 && bytes.IndexByte(text, 'x') < 0 && bytes.IndexByte(text, 'X') < 0
}

// decodeInteger decodes digits in quotes or before a comma, the usual forms of an integer, in a shorter time.
func decodeInteger(s *scanner, v reflect.Value, c byte) bool {
	n, start, end := int64(0), s.at, byte(',')
	if c == '"' {
		start, end = start+1, c
	}
	at := start
	for at < len(s.data) && s.data[at]-'0' <= 9 {
		n = n*10 + int64(s.data[at]-'0')
		at++
	}
	if start < at && at <= start+18 && at < len(s.data) && s.data[at] == end && s.data[start] != '0' && !v.OverflowInt(n) {
		s.at = at
		s.hasByte('"')
		v.SetInt(n)
		return true
	}
	return scalar(setInteger)(s, v, c)
}

func setInteger(v reflect.Value, text []byte) bool {
	whole, fraction, _ := strings.Cut(string(text), ".")
	n, err := strconv.ParseInt(whole, 10, 64) // all digits of it, which a float64 might not have
	if err != nil || strings.Trim(fraction, "0") != "" {
		f, ok := parseFloat(text)
		if n = int64(f); !ok || float64(n) != f || f >= 1<<63 {
			return false
		}
	}
	v.SetInt(n)
	return !v.OverflowInt(n)
}

// timeLayouts are those that [time.Time.UnmarshalText] does not accept. A time without a zone is taken as UTC.
var timeLayouts = []string{
	time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07",
	"2006-01-02T15:04:05 Z07:00", "2006-01-02T15:04:05 Z0700", "2006-01-02T15:04:05 UTC",
	"2006-01-02T15:04", "2006-01-02T15:04Z07:00", time.DateOnly,
}

func setTime(v reflect.Value, text []byte) bool {
	t, value := v.Addr().Interface().(*time.Time), string(text)
	if strings.HasSuffix(value, "Z") && t.UnmarshalText(text) == nil {
		return true
	}
	if day := len(time.DateOnly); len(value) > day && (value[day] == ' ' || value[day] == 't') {
		value = value[:day] + "T" + value[day+1:]
	}
	for _, layout := range timeLayouts {
		var err error
		if *t, err = time.Parse(layout, value); err == nil {
			_, offset := t.Zone()
			return max(offset, -offset) < 24*60*60 // as in encoding/json
		}
	}
	return false
}
