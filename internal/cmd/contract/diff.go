package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// diff returns what newer adds, removes or changes: a heading for each endpoint, followed by a line for each change.
// The order of a document does not matter.
func diff(older, newer []*contract.Endpoint) []string {
	var lines []string
	report := func(mark string, before, after *contract.Endpoint) {
		var d differ
		d.endpoint(cmp.Or(before, &contract.Endpoint{}), cmp.Or(after, &contract.Endpoint{}))
		if mark != "~" || len(d.lines) > 0 {
			e := cmp.Or(after, before)
			lines = append(lines, fmt.Sprintf("%s %s: %s %s", mark, e.ID, e.Method, e.Path))
			lines = append(lines, d.lines...)
		}
	}
	for _, before := range older {
		if after := lookup(newer, before.ID); after != nil {
			report("~", before, after)
		} else {
			report("-", before, nil)
		}
	}
	for _, after := range newer {
		if lookup(older, after.ID) == nil {
			report("+", nil, after)
		}
	}
	return lines
}

func lookup(endpoints []*contract.Endpoint, id string) *contract.Endpoint {
	if i := slices.IndexFunc(endpoints, func(e *contract.Endpoint) bool { return e.ID == id }); i >= 0 {
		return endpoints[i]
	}
	return nil
}

type differ struct{ lines []string }

func (d *differ) add(format string, args ...any) {
	d.lines = append(d.lines, "  "+fmt.Sprintf(format, args...))
}

func (d *differ) endpoint(before, after *contract.Endpoint) {
	if before.ID != "" && after.ID != "" {
		d.attributes("endpoint", []attribute{
			{"method", before.Method, after.Method},
			{"path", before.Path, after.Path},
			{"tags", strings.Join(before.Tags, ", "), strings.Join(after.Tags, ", ")},
			{"needs a key", yes(!before.NoKey), yes(!after.NoKey)},
			{"deprecated", yes(before.Deprecated), yes(after.Deprecated)},
		})
	}

	for _, p := range before.Parameters {
		d.value(p.In+" "+p.Name, &p.Field, parameter(after, p.In, p.Name))
	}
	for _, p := range after.Parameters {
		if parameter(before, p.In, p.Name) == nil {
			d.value(p.In+" "+p.Name, nil, &p.Field)
		}
	}
	d.value("request", request(before), request(after))
	d.value("response", unnamed(before.Response), unnamed(after.Response))
}

func parameter(e *contract.Endpoint, in, name string) *contract.Field {
	for i, p := range e.Parameters {
		if p.In == in && p.Name == name {
			return &e.Parameters[i].Field
		}
	}
	return nil
}

func request(e *contract.Endpoint) *contract.Field {
	if e.Request == nil {
		return nil
	}
	return &contract.Field{Required: e.Request.Required, Schema: e.Request.Schema}
}

func unnamed(s *contract.Schema) *contract.Field {
	if s == nil {
		return nil
	}
	return &contract.Field{Schema: s}
}

// value compares two fields, either of which may be nil, and then the schemas inside them.
func (d *differ) value(path string, before, after *contract.Field) {
	empty := &contract.Field{Schema: &contract.Schema{}}
	switch {
	case before == nil && after == nil:
		return
	case before == nil:
		d.add("+ %s: %s", path, describe(after))
		before = empty
	case after == nil:
		d.add("- %s: %s", path, describe(before))
		after = empty
	default:
		d.attributes(path, compare(before, after))
		d.enum(path, before.Enum, after.Enum)
	}

	for _, f := range before.Fields {
		d.value(member(path, f.Name), &f, after.Field(f.Name))
	}
	for _, f := range after.Fields {
		if before.Field(f.Name) == nil {
			d.value(member(path, f.Name), nil, &f)
		}
	}
	d.value(path+"[]", unnamed(before.Items), unnamed(after.Items))
	d.value(member(path, "*"), unnamed(before.Additional), unnamed(after.Additional))
	d.variants(path, before.Variants, after.Variants)
}

func (d *differ) variants(path string, before, after []*contract.Schema) {
	left := slices.Clone(after)
	for _, b := range before {
		i := slices.IndexFunc(left, func(a *contract.Schema) bool { return sameVariant(b, a) })
		if i < 0 {
			d.value(path+label(b), unnamed(b), nil)
			continue
		}
		d.value(path+label(b), unnamed(b), unnamed(left[i]))
		left = slices.Delete(left, i, i+1)
	}
	for _, a := range left {
		d.value(path+label(a), nil, unnamed(a))
	}
}

func sameVariant(a, b *contract.Schema) bool {
	return slices.ContainsFunc(variantKeys(a), func(key string) bool { return slices.Contains(variantKeys(b), key) })
}

func label(s *contract.Schema) string { return "(" + strings.Join(variantKeys(s), "|") + ")" }

// variantKeys returns what identifies a variant in its union: the values of its first required enum field, else its
// required fields. Variants of two documents correspond if they share a key, whatever else has changed.
func variantKeys(s *contract.Schema) []string {
	var all, required []string
	switch {
	case s.Items != nil:
		for _, key := range variantKeys(s.Items) {
			all = append(all, "[]"+key)
		}
		return all
	case s.Type != "object":
		return []string{s.Type}
	}
	for _, f := range s.Fields {
		if !f.Required {
			continue
		}
		for _, value := range f.Enum {
			all = append(all, fmt.Sprintf("%s=%v", f.Name, value))
		}
		if len(all) > 0 {
			return all
		}
		required = append(required, f.Name)
	}
	return []string{strings.Join(required, ",")}
}

func (d *differ) attributes(path string, all []attribute) {
	for _, a := range all {
		if a.before != a.after {
			d.add("~ %s: %s %s -> %s", path, a.name, cmp.Or(a.before, "none"), cmp.Or(a.after, "none"))
		}
	}
}

func (d *differ) enum(path string, before, after []any) {
	for _, value := range before {
		if !slices.Contains(after, value) {
			d.add("- %s: value %v", path, value)
		}
	}
	for _, value := range after {
		if !slices.Contains(before, value) {
			d.add("+ %s: value %v", path, value)
		}
	}
}

// An attribute is a property of a value, as text.
type attribute struct{ name, before, after string }

// compare returns all attributes of two fields except the enum, which is compared value by value.
func compare(before, after *contract.Field) []attribute {
	return []attribute{
		{"type", kind(before.Schema), kind(after.Schema)},
		{"required", yes(before.Required), yes(after.Required)},
		{"nullable", yes(before.Nullable), yes(after.Nullable)},
		{"deprecated", yes(before.Deprecated), yes(after.Deprecated)},
		{"open", yes(before.Open), yes(after.Open)},
		{"format", before.Format, after.Format},
		{"pattern", before.Pattern, after.Pattern},
		{"minLength", length(before.MinLength), length(after.MinLength)},
		{"maxLength", length(before.MaxLength), length(after.MaxLength)},
		{"minimum", before.Minimum.String(), after.Minimum.String()},
		{"exclusiveMinimum", before.ExclusiveMinimum.String(), after.ExclusiveMinimum.String()},
		{"maximum", before.Maximum.String(), after.Maximum.String()},
		{"default", string(before.Default), string(after.Default)},
	}
}

// describe returns all attributes of a field on one line.
func describe(f *contract.Field) string {
	words := []string{kind(f.Schema)}
	for _, a := range compare(f, &contract.Field{Schema: &contract.Schema{}})[1:] {
		switch a.before {
		case "", "no":
		case "yes":
			words = append(words, a.name)
		default:
			words = append(words, a.name+" "+a.before)
		}
	}
	if len(f.Enum) > 0 {
		values := make([]string, len(f.Enum))
		for i, value := range f.Enum {
			values[i] = fmt.Sprint(value)
		}
		words = append(words, "values "+strings.Join(values, " "))
	}
	return strings.Join(words, ", ")
}

func kind(s *contract.Schema) string {
	if len(s.Variants) > 0 {
		return "union"
	}
	return cmp.Or(s.Type, "any")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func length(n *int) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}

// member appends a field name to a path, separated by a space after request or response, by a dot otherwise.
func member(path, name string) string {
	if path == "request" || path == "response" {
		return path + " " + name
	}
	return path + "." + name
}
