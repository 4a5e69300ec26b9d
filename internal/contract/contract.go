// Package contract holds the contract of the Paperspace v1 API as data: its endpoints, their parameters, requests and
// responses.
//
// The data is in contract.json. The command internal/cmd/contract imports it from an OpenAPI document, reports what a
// newer document changes, and formats the file after an edit by hand. Facts that an OpenAPI document does not have, such
// as which requests may be retried, do not belong here.
//
// The package is for tests, paperspacetest and paperspace-probe. The SDK does not import it.
package contract

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sync"
)

//go:embed contract.json
var embedded []byte

// An Endpoint is a method and a path that the API offers.
type Endpoint struct {
	ID         string      `json:"id"`
	Method     string      `json:"method"`
	Path       string      `json:"path"` // a template: /machines/{id}
	Tags       []string    `json:"tags,omitempty"`
	NoKey      bool        `json:"noKey,omitempty"` // needs no API key
	Deprecated bool        `json:"deprecated,omitempty"`
	Parameters []Parameter `json:"parameters,omitempty"`
	Request    *Body       `json:"request,omitempty"`  // nil if it has no body
	Response   *Schema     `json:"response,omitempty"` // the body with status 2xx, nil if there is none
}

// Values of [Parameter].In.
const (
	InPath   = "path"
	InQuery  = "query"
	InHeader = "header"
)

// A Parameter is a parameter in the path, the query or a header.
type Parameter struct {
	In string `json:"in"`
	Field
}

// A Field is a named member of an object.
type Field struct {
	Name     string `json:"name"`
	Required bool   `json:"required,omitempty"`
	*Schema
}

// A Body is a JSON request body.
type Body struct {
	Required bool `json:"required,omitempty"`
	*Schema
}

// A Schema describes the valid JSON values. The zero Schema accepts every value.
type Schema struct {
	// Ref is the name of the shared schema that this one refers to. [Parse] copies the other members from there, except
	// Nullable, Deprecated and Default, which belong to the reference.
	Ref string `json:"ref,omitempty"`

	// Type is object, array, string, number, integer or boolean. It is empty in a union and where every value is valid.
	Type       string          `json:"type,omitempty"`
	Format     string          `json:"format,omitempty"`
	Nullable   bool            `json:"nullable,omitempty"`
	Deprecated bool            `json:"deprecated,omitempty"`
	Default    json.RawMessage `json:"default,omitempty"`

	Enum []any `json:"enum,omitempty"` // strings, or json.Numbers
	// Open allows values that Enum does not list, and fields that Fields does not list.
	Open bool `json:"open,omitempty"`

	Pattern   string `json:"pattern,omitempty"`
	MinLength *int   `json:"minLength,omitempty"`
	MaxLength *int   `json:"maxLength,omitempty"`

	Minimum          json.Number `json:"minimum,omitempty"`
	ExclusiveMinimum json.Number `json:"exclusiveMinimum,omitempty"`
	Maximum          json.Number `json:"maximum,omitempty"`

	Items      *Schema   `json:"items,omitempty"`
	Fields     []Field   `json:"fields,omitempty"`
	Additional *Schema   `json:"additional,omitempty"` // schema of the fields that Fields does not list
	Variants   []*Schema `json:"variants,omitempty"`   // a valid value matches one of them
}

// Field returns the field with the name, or nil. Names are case-sensitive.
func (s *Schema) Field(name string) *Field {
	for i := range s.Fields {
		if s.Fields[i].Name == name {
			return &s.Fields[i]
		}
	}
	return nil
}

// Children returns the schemas directly inside s.
func (s *Schema) Children() []*Schema {
	var all []*Schema
	for _, f := range s.Fields {
		all = append(all, f.Schema)
	}
	for _, one := range []*Schema{s.Items, s.Additional} {
		if one != nil {
			all = append(all, one)
		}
	}
	return append(all, s.Variants...)
}

// IsList reports whether the response is a page of a list.
func (e *Endpoint) IsList() bool {
	return e.Response.has("hasMore", "nextPage", "items")
}

// ReturnsEvent reports whether the response has an event and the object that it concerns.
func (e *Endpoint) ReturnsEvent() bool {
	return e.Response.has("event", "data")
}

// has reports whether the fields of s have exactly these names, in this order.
func (s *Schema) has(names ...string) bool {
	return s != nil && slices.EqualFunc(s.Fields, names, func(f Field, name string) bool { return f.Name == name })
}

// Schemas returns the schemas of the parameters, the request and the response.
func (e *Endpoint) Schemas() []*Schema {
	var all []*Schema
	for _, p := range e.Parameters {
		all = append(all, p.Schema)
	}
	if e.Request != nil {
		all = append(all, e.Request.Schema)
	}
	if e.Response != nil {
		all = append(all, e.Response)
	}
	return all
}

// A File is the stored form of a contract. Schemas holds the schemas that are used in several places.
type File struct {
	Endpoints []*Endpoint        `json:"endpoints"`
	Schemas   map[string]*Schema `json:"schemas"`
}

// Parse reads a stored contract and resolves references to shared schemas.
func Parse(data []byte) ([]*Endpoint, error) {
	var file File
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("contract: data after the end")
	}
	r := resolver{shared: file.Schemas, done: map[*Schema]bool{}}
	seen := map[string]bool{}
	for _, e := range file.Endpoints {
		if seen[e.ID] {
			return nil, fmt.Errorf("contract: duplicate endpoint %s", e.ID)
		}
		seen[e.ID] = true
		for _, s := range e.Schemas() {
			if err := r.resolve(s); err != nil {
				return nil, fmt.Errorf("contract: %s: %w", e.ID, err)
			}
		}
	}
	return file.Endpoints, nil
}

type resolver struct {
	shared map[string]*Schema
	done   map[*Schema]bool // false while a schema is being resolved
}

func (r *resolver) resolve(s *Schema) error {
	if done, seen := r.done[s]; done {
		return nil
	} else if seen {
		return errors.New("schema contains itself")
	}
	r.done[s] = false
	if s.Ref != "" {
		target := r.shared[s.Ref]
		if target == nil {
			return fmt.Errorf("no shared schema %q", s.Ref)
		}
		if err := r.resolve(target); err != nil {
			return fmt.Errorf("%s: %w", s.Ref, err)
		}
		reference := *s
		*s = *target
		s.Ref, s.Nullable, s.Deprecated, s.Default = reference.Ref, reference.Nullable, reference.Deprecated, reference.Default
	}
	if _, err := regexp.Compile(s.Pattern); err != nil {
		return err
	}
	for _, child := range s.Children() {
		if err := r.resolve(child); err != nil {
			return err
		}
	}
	r.done[s] = true
	return nil
}

// load panics on an invalid file, which is a bug in this repository.
var load = sync.OnceValue(func() []*Endpoint {
	endpoints, err := Parse(embedded)
	if err != nil {
		panic(err)
	}
	return endpoints
})

// Endpoints returns all endpoints, in the order of the OpenAPI document. Callers must not modify them.
func Endpoints() []*Endpoint { return load() }

// Lookup returns the endpoint with the id, or nil.
func Lookup(id string) *Endpoint {
	for _, e := range load() {
		if e.ID == id {
			return e
		}
	}
	return nil
}
