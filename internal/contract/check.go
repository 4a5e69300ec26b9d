package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// An Issue is one way in which a value violates the contract.
type Issue struct {
	Path    string // "config.env[2].name", or "" for the value as a whole
	Code    string // as the service calls it, such as "invalid_type"
	Message string
	// Branches are the issues of each variant of a union. Only CheckUnions has them.
	Branches [][]Issue
}

// String returns the path and the message on one line.
func (i Issue) String() string {
	if i.Path == "" {
		return i.Message
	}
	return i.Path + ": " + i.Message
}

// CheckJSON is [Schema.Check] for encoded JSON.
func (s *Schema) CheckJSON(data []byte) []Issue {
	var value any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&value); err != nil {
		return []Issue{{Message: "is not JSON: " + err.Error()}}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return []Issue{{Message: "is not JSON: data after the end"}}
	}
	return s.Check(value)
}

// Check returns the issues of a value that was decoded from JSON. Numbers must be json.Numbers: a float64 cannot hold
// every byte count.
func (s *Schema) Check(value any) []Issue {
	var c checker
	c.value("", s, value)
	return c.issues
}

// CheckUnions is [Schema.Check] as the service reports it: a value that fits no variant of a union is a single issue,
// with those of each variant in it.
func (s *Schema) CheckUnions(value any) []Issue {
	c := checker{nested: true}
	c.value("", s, value)
	return c.issues
}

// CheckQuery returns the issues of a query.
func (e *Endpoint) CheckQuery(query url.Values) []Issue {
	return e.checkParameters(InQuery, query)
}

// CheckPath returns the issues of path parameters as [Match] returns them.
func (e *Endpoint) CheckPath(params map[string]string) []Issue {
	values := url.Values{}
	for name, value := range params {
		values.Set(name, value)
	}
	return e.checkParameters(InPath, values)
}

func (e *Endpoint) checkParameters(in string, values url.Values) []Issue {
	var c checker
	known := map[string]bool{}
	for _, p := range e.Parameters {
		if p.In != in {
			continue
		}
		known[p.Name] = true
		switch given := values[p.Name]; {
		case len(given) > 1:
			c.report(p.Name, "invalid_type", "must be given once, not %d times", len(given))
		case len(given) == 1:
			c.value(p.Name, p.Schema, p.fromText(given[0]))
		case p.Required:
			c.report(p.Name, "invalid_type", "is required")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !known[name] {
			c.report(name, "unrecognized_keys", "is not a %s parameter of %s", in, e.ID)
		}
	}
	return c.issues
}

// fromText converts text to the type of the schema. Text that cannot be converted is returned as a string, which the
// check then reports.
func (s *Schema) fromText(text string) any {
	switch s.Type {
	case "number", "integer":
		if n := json.Number(text); isNumber(n) {
			return n
		}
	case "boolean":
		if text == "true" || text == "false" {
			return text == "true"
		}
	}
	return text
}

type checker struct {
	issues []Issue
	nested bool // for CheckUnions
}

func (c *checker) report(path, code, format string, args ...any) {
	c.issues = append(c.issues, Issue{Path: path, Code: code, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) value(path string, s *Schema, value any) {
	switch {
	case value == nil && (s.Nullable || s.acceptsAnything()):
		return
	case value == nil:
		c.report(path, "invalid_type", "must not be null")
		return
	case len(s.Variants) > 0:
		c.union(path, s, value)
		return
	case s.acceptsAnything():
		return
	case !s.hasType(value):
		c.report(path, "invalid_type", "must be %s, not %s", article(s.Type), article(kind(value)))
		return
	}

	if len(s.Enum) > 0 && !s.Open && !slices.ContainsFunc(s.Enum, func(v any) bool { return equal(v, value) }) {
		code := "invalid_enum_value"
		if len(s.Enum) == 1 {
			code = "invalid_literal"
		}
		c.report(path, code, "must be %s", oneOf(s.Enum))
	}
	switch value := value.(type) {
	case string:
		c.text(path, s, value)
	case json.Number:
		c.number(path, s, value)
	case []any:
		for i, item := range value {
			c.value(fmt.Sprintf("%s[%d]", path, i), s.Items, item)
		}
	case map[string]any:
		c.object(path, s, value)
	}
}

func (c *checker) text(path string, s *Schema, value string) {
	length := utf8.RuneCountInString(value)
	if s.MinLength != nil && length < *s.MinLength {
		c.report(path, "too_small", "must have at least %d characters", *s.MinLength)
	}
	if s.MaxLength != nil && length > *s.MaxLength {
		c.report(path, "too_big", "must have at most %d characters", *s.MaxLength)
	}
	if s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(value) {
		c.report(path, "invalid_string", "must match %s", s.Pattern)
	}
	if fits, known := formats[s.Format]; known && !fits(value) {
		c.report(path, "invalid_string", "must be a valid %s", s.Format)
	}
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

var formats = map[string]func(string) bool{
	"date-time": func(s string) bool { _, err := time.Parse(time.RFC3339, s); return err == nil },
	"uuid":      uuid.MatchString,
	"email":     func(s string) bool { a, err := mail.ParseAddress(s); return err == nil && a.Address == s },
	"uri":       func(s string) bool { u, err := url.Parse(s); return err == nil && u.IsAbs() },
}

func (c *checker) number(path string, s *Schema, value json.Number) {
	v := exact(value)
	if s.Format == "int64" && !isInt64(v) {
		c.report(path, "too_big", "must fit in 64 bits")
	}
	if s.Minimum != "" && v.Cmp(exact(s.Minimum)) < 0 {
		c.report(path, "too_small", "must be at least %s", s.Minimum)
	}
	if s.ExclusiveMinimum != "" && v.Cmp(exact(s.ExclusiveMinimum)) <= 0 {
		c.report(path, "too_small", "must be more than %s", s.ExclusiveMinimum)
	}
	if s.Maximum != "" && v.Cmp(exact(s.Maximum)) > 0 {
		c.report(path, "too_big", "must be at most %s", s.Maximum)
	}
}

func (c *checker) object(path string, s *Schema, value map[string]any) {
	for _, f := range s.Fields {
		if v, given := value[f.Name]; given {
			c.value(member(path, f.Name), f.Schema, v)
		} else if f.Required {
			c.report(member(path, f.Name), "invalid_type", "is required")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(value)) {
		switch {
		case s.Field(name) != nil:
		case s.Additional != nil:
			c.value(member(path, name), s.Additional, value[name])
		case !s.Open:
			c.report(member(path, name), "unrecognized_keys", "is not a known field")
		}
	}
}

// union reports the issues of one variant only, the one that the value fits best.
func (c *checker) union(path string, s *Schema, value any) {
	if c.nested {
		c.branches(path, s, value)
		return
	}
	if object, ok := value.(map[string]any); ok {
		if name := s.Discriminator(); name != "" {
			c.discriminated(path, s, name, object)
			return
		}
	}
	var best []Issue
	for i, variant := range s.Variants {
		var try checker
		try.value(path, variant, value)
		if len(try.issues) == 0 {
			return
		}
		if i == 0 || closer(try.issues, best, path) {
			best = try.issues
		}
	}
	c.issues = append(c.issues, best...)
}

// branches reports the issues of every variant.
func (c *checker) branches(path string, s *Schema, value any) {
	all := make([][]Issue, len(s.Variants))
	for i, variant := range s.Variants {
		try := checker{nested: true}
		if try.value(path, variant, value); len(try.issues) == 0 {
			return
		}
		all[i] = try.issues
	}
	c.issues = append(c.issues, Issue{Path: path, Code: "invalid_union", Message: "Invalid input", Branches: all})
}

// closer reports whether a value with the issues a fits its variant better than one with the issues b: fewer issues are
// better, but an issue of the value as a whole (a wrong type) is worse than any number inside it.
func closer(a, b []Issue, path string) bool {
	wholeA, wholeB := a[0].Path == path, b[0].Path == path
	if wholeA != wholeB {
		return wholeB
	}
	return len(a) < len(b)
}

func (c *checker) discriminated(path string, s *Schema, name string, object map[string]any) {
	got, given := object[name]
	if !given {
		c.report(member(path, name), "invalid_union_discriminator", "is required")
		return
	}
	var known []any
	for _, variant := range s.Variants {
		enum := variant.Field(name).Enum
		if slices.ContainsFunc(enum, func(v any) bool { return equal(v, got) }) {
			c.value(path, variant, object)
			return
		}
		known = append(known, enum...)
	}
	c.report(member(path, name), "invalid_union_discriminator", "must be %s", oneOf(known))
}

// Discriminator returns the name of the field whose value alone selects the variant of a union, or "".
func (s *Schema) Discriminator() string {
	if len(s.Variants) == 0 {
		return ""
	}
	for _, f := range s.Variants[0].Fields {
		if s.discriminatedBy(f.Name) {
			return f.Name
		}
	}
	return ""
}

func (s *Schema) discriminatedBy(name string) bool {
	taken := map[any]bool{}
	for _, variant := range s.Variants {
		f := variant.Field(name)
		if f == nil || !f.Required || f.Open || len(f.Enum) == 0 {
			return false
		}
		for _, value := range f.Enum {
			if taken[value] {
				return false
			}
			taken[value] = true
		}
	}
	return true
}

func (s *Schema) acceptsAnything() bool { return s.Type == "" && len(s.Variants) == 0 }

func (s *Schema) hasType(value any) bool {
	got := kind(value)
	if s.Type == "integer" && got == "number" {
		return exact(value.(json.Number)).IsInt()
	}
	return s.Type == got
}

// kind returns the JSON type of a value, or its Go type if it is none that JSON decodes to.
func kind(value any) string {
	switch value := value.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case json.Number:
		if isNumber(value) {
			return "number"
		}
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return fmt.Sprintf("Go %T", value)
}

// isNumber reports whether n is a JSON number. Unlike big.Float, it accepts neither 0x10 nor Inf.
func isNumber(n json.Number) bool {
	return n != "" && strings.ContainsRune("-0123456789", rune(n[0])) && json.Valid([]byte(n))
}

// exact returns n with enough precision for every number of the API. Unlike big.Rat, it is fast for 1e999999999.
func exact(n json.Number) *big.Float {
	f, _, err := big.ParseFloat(string(n), 10, 256, big.ToNearestEven)
	if err != nil { // out of range
		return new(big.Float).SetInf(strings.HasPrefix(string(n), "-"))
	}
	return f
}

func isInt64(f *big.Float) bool {
	_, accuracy := f.Int64()
	return accuracy == big.Exact
}

func equal(a, b any) bool {
	if na, ok := a.(json.Number); ok {
		nb, ok := b.(json.Number)
		return ok && isNumber(nb) && exact(na).Cmp(exact(nb)) == 0
	}
	return a == b
}

func member(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func article(noun string) string {
	if strings.ContainsRune("aio", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

func oneOf(values []any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = fmt.Sprint(v)
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return "one of " + strings.Join(texts, ", ")
}
