// Package contract holds the Paperspace v1 API as facts: which operations
// there are, what each of them takes and what it answers.
//
// The facts live in contract.json. The command internal/cmd/contract imports
// them from an OpenAPI document and says what a newer document changes; nobody
// edits them by hand. What the document cannot know, such as which call may be
// sent twice, does not belong here.
//
// The package serves tests and the in-memory server. The SDK itself never
// imports it.
package contract

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sync"
)

//go:embed contract.json
var embedded []byte

// An Operation is one call of the API.
type Operation struct {
	ID         string      `json:"id"`
	Method     string      `json:"method"`
	Path       string      `json:"path"` // a template: /machines/{id}
	Tags       []string    `json:"tags,omitempty"`
	NoKey      bool        `json:"noKey,omitempty"` // answers callers without an API key too
	Deprecated bool        `json:"deprecated,omitempty"`
	Parameters []Parameter `json:"parameters,omitempty"`
	Request    *Body       `json:"request,omitempty"`  // nil when the call has no body
	Response   *Schema     `json:"response,omitempty"` // of the 2xx answer, nil when it has no body
}

// Where a [Parameter] travels.
const (
	InPath   = "path"
	InQuery  = "query"
	InHeader = "header"
)

// A Parameter is what an operation takes outside its body.
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

// A Body is what an operation takes as JSON.
type Body struct {
	Required bool `json:"required,omitempty"`
	*Schema
}

// A Schema says which JSON values are valid. The zero Schema takes any value.
type Schema struct {
	// Ref names the shared schema that this one is a use of. All other
	// members are filled in from there, except those that belong to the use:
	// Nullable, Deprecated and Default.
	Ref string `json:"ref,omitempty"`

	// Type is object, array, string, number, integer or boolean. It is empty
	// in a union, and where any value will do.
	Type       string          `json:"type,omitempty"`
	Format     string          `json:"format,omitempty"`
	Nullable   bool            `json:"nullable,omitempty"`
	Deprecated bool            `json:"deprecated,omitempty"`
	Default    json.RawMessage `json:"default,omitempty"`

	Enum []any `json:"enum,omitempty"` // strings, or json.Numbers
	// Open turns the enum into a list of known values among others, and lets
	// an object have fields that are not listed.
	Open bool `json:"open,omitempty"`

	Pattern   string `json:"pattern,omitempty"`
	MinLength *int   `json:"minLength,omitempty"`
	MaxLength *int   `json:"maxLength,omitempty"`

	Minimum          json.Number `json:"minimum,omitempty"`
	ExclusiveMinimum json.Number `json:"exclusiveMinimum,omitempty"`
	Maximum          json.Number `json:"maximum,omitempty"`

	Items      *Schema   `json:"items,omitempty"`
	Fields     []Field   `json:"fields,omitempty"`
	Additional *Schema   `json:"additional,omitempty"` // of all fields that are not listed
	Variants   []*Schema `json:"variants,omitempty"`   // a valid value fits one of them
}

// Field returns the field with exactly this name, or nil. Names that differ
// only in case are different fields.
func (s *Schema) Field(name string) *Field {
	for i := range s.Fields {
		if s.Fields[i].Name == name {
			return &s.Fields[i]
		}
	}
	return nil
}

// Children returns the schemas that s is directly made of.
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

// Schemas returns the schemas of the parameters, the request and the response.
func (o *Operation) Schemas() []*Schema {
	var all []*Schema
	for _, p := range o.Parameters {
		all = append(all, p.Schema)
	}
	if o.Request != nil {
		all = append(all, o.Request.Schema)
	}
	if o.Response != nil {
		all = append(all, o.Response)
	}
	return all
}

// A File is the form in which a contract is stored: schemas that are used in
// several places stand in Schemas once.
type File struct {
	Operations []*Operation       `json:"operations"`
	Schemas    map[string]*Schema `json:"schemas"`
}

// Parse reads a stored contract and puts shared schemas in their places.
func Parse(data []byte) ([]*Operation, error) {
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
	for _, op := range file.Operations {
		if seen[op.ID] {
			return nil, fmt.Errorf("contract: two operations %s", op.ID)
		}
		seen[op.ID] = true
		for _, s := range op.Schemas() {
			if err := r.resolve(s); err != nil {
				return nil, fmt.Errorf("contract: %s: %w", op.ID, err)
			}
		}
	}
	return file.Operations, nil
}

type resolver struct {
	shared map[string]*Schema
	done   map[*Schema]bool // false while at work on it
}

func (r *resolver) resolve(s *Schema) error {
	if done, met := r.done[s]; done {
		return nil
	} else if met {
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
		use := *s
		*s = *target
		s.Ref, s.Nullable, s.Deprecated, s.Default = use.Ref, use.Nullable, use.Deprecated, use.Default
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

// A broken file is a mistake in this repository, so every test should say so.
var load = sync.OnceValue(func() []*Operation {
	operations, err := Parse(embedded)
	if err != nil {
		panic(err)
	}
	return operations
})

// Operations returns all operations, in the order of the API's own document.
// They are shared: callers must not change them.
func Operations() []*Operation { return load() }

// Lookup returns the operation with the given id, or nil.
func Lookup(id string) *Operation {
	for _, op := range load() {
		if op.ID == id {
			return op
		}
	}
	return nil
}
