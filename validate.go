package paperspace

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// rule is a condition on the value of a field of a params struct. It comes from the field's `check` tag:
//
//	required   it must be set: its zero value is not valid, as for an ID, an enum or a name. A member of a
//	           configuration may be omitted from a file until it is sent
//	nonzero    it may be omitted, but must not be set to its zero value
//	min=N      it must be at least N
//	max=N      it must be at most N; only with min
//
// An optional field is checked only if it is set. For a pointer, the value that it points to is checked. The bounds of a
// slice are those of its elements.
type rule struct {
	index    int
	name     string // in the API; "" for an embedded struct
	goName   string
	optional bool
	required bool
	min, max float64 // infinite: no bound
	nested   bool    // check the parts of the value, too
}

var rules sync.Map // of reflect.Type to []rule

// checker is a type with values that cannot be sent. Its check method returns the reason, or "" if the value is valid.
type checker interface{ check() string }

// validate finds params that the service would reject or misread, before anything is sent.
func validate(ep *endpoint, params any) error {
	if path, reason := check(reflect.Indirect(reflect.ValueOf(params)), 0); reason != "" {
		return ep.paramError(strings.TrimPrefix(path, "."), reason)
	}
	return nil
}

// maxNesting is deeper than any request of the API, and stops the check of a value that contains itself.
const maxNesting = 1000

// check returns the path of the first value in v that cannot be sent, and the reason. The reason is "" if there is
// none.
func check(v reflect.Value, depth int) (path, reason string) {
	if depth++; depth > maxNesting {
		return "", "is nested too deeply or contains itself"
	}
	if c := checkerOf(v); c != nil {
		if reason := c.check(); reason != "" || v.Kind() != reflect.Struct {
			return "", reason
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return check(v.Elem(), depth)
		}
	case reflect.Slice:
		for i := range v.Len() {
			if path, reason := check(v.Index(i), depth); reason != "" {
				return fmt.Sprintf("[%d]%s", i, path), reason
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if path, reason := check(it.Value(), depth); reason != "" {
				return fmt.Sprintf("[%v]%s", it.Key(), path), reason
			}
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[Sensitive]() && v.String() == mask {
			return "", holdsMask
		}
	case reflect.Struct:
		for _, r := range rulesOf(v.Type()) {
			if path, reason := r.check(v.Field(r.index)); reason != "" {
				return "." + r.name + path, fmt.Sprintf("%s (%s.%s)", reason, v.Type().Name(), r.goName)
			}
			if !r.nested {
				continue
			}
			if path, reason := check(v.Field(r.index), depth); reason != "" {
				if r.name != "" {
					path = "." + r.name + path
				}
				return path, reason
			}
		}
	}
	return "", ""
}

// checkerOf returns v as a checker, or nil if it is none.
func checkerOf(v reflect.Value) (c checker) {
	switch {
	case v.Kind() == reflect.Pointer, v.Kind() == reflect.Interface: // check follows them
	case v.CanAddr():
		c, _ = v.Addr().Interface().(checker) // does not copy v
	default:
		c, _ = v.Interface().(checker)
	}
	return c
}

// check returns the path within the field of the first value that breaks the rule, and the reason.
func (r *rule) check(v reflect.Value) (path, reason string) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return "", ""
		}
		v = v.Elem()
	} else if r.optional && v.IsZero() {
		return "", ""
	}
	if r.required && (v.IsZero() || isEmptyID(v)) {
		if r.optional {
			return "", "must not be set to its zero value"
		}
		return "", "is required"
	}
	if v.Kind() == reflect.Slice && r.isBounded() {
		for i := range v.Len() {
			if reason := r.checkBounds(v.Index(i)); reason != "" {
				return fmt.Sprintf("[%d]", i), reason
			}
		}
		return "", ""
	}
	return "", r.checkBounds(v)
}

func (r *rule) isBounded() bool { return !math.IsInf(r.min, 0) || !math.IsInf(r.max, 0) }

func (r *rule) checkBounds(v reflect.Value) string {
	n := 0.0
	switch {
	case v.CanInt():
		n = float64(v.Int())
	case v.CanFloat():
		n = v.Float()
	}
	switch {
	case r.min <= n && n <= r.max:
		return ""
	case math.IsInf(r.max, 0):
		return fmt.Sprintf("must be at least %v", r.min)
	}
	return fmt.Sprintf("must be from %v to %v", r.min, r.max)
}

// isEmptyID reports whether a value is an empty ID in a Nullable.
func isEmptyID(v reflect.Value) bool {
	return v.Kind() == reflect.Struct && v.Interface() == any(Value(""))
}

func rulesOf(t reflect.Type) []rule {
	if known, ok := rules.Load(t); ok {
		return known.([]rule)
	}
	var list []rule
	for i := range t.NumField() {
		f := t.Field(i)
		r := rule{index: i, goName: f.Name, min: math.Inf(-1), max: math.Inf(1), nested: needsCheck(f.Type)}
		tag, ok := f.Tag.Lookup("json")
		if !ok {
			tag = f.Tag.Get("url")
		}
		r.name, tag, _ = strings.Cut(tag, ",")
		r.optional = strings.Contains(tag, "omit")
		for part := range strings.SplitSeq(f.Tag.Get("check"), ",") {
			key, value, _ := strings.Cut(part, "=")
			switch key {
			case "required":
				r.required, r.optional = true, false
			case "nonzero":
				r.required = true
			case "min":
				r.min, _ = strconv.ParseFloat(value, 64)
			case "max":
				r.max, _ = strconv.ParseFloat(value, 64)
			}
		}
		if f.IsExported() && (r.nested || r.required || r.isBounded()) {
			list = append(list, r)
		}
	}
	rules.Store(t, list)
	return list
}

// needsCheck reports whether values of type t, a part of the outer types, can contain fields with rules, or secrets.
func needsCheck(t reflect.Type, outer ...reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if !slices.Contains(outer, t) && needsCheck(t.Elem(), append(outer, t)...) {
			return true
		}
	}
	return t == reflect.TypeFor[Sensitive]() || t.Implements(reflect.TypeFor[checker]())
}

// fieldNames returns the names of the fields of params in the given struct tag.
func fieldNames(params any, tag string) map[string]bool {
	names := map[string]bool{}
	if params == nil {
		return names
	}
	for _, f := range reflect.VisibleFields(reflect.Indirect(reflect.ValueOf(params)).Type()) {
		if name, _, _ := strings.Cut(f.Tag.Get(tag), ","); name != "" {
			names[name] = true
		}
	}
	return names
}
