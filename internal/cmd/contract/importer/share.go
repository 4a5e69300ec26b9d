package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// A schema with fewer lines is easier to read inline.
const minSharedLines = 4

// share moves objects and unions that are used in several places to a separate section, so that the file has each of
// them, and a diff each change, once.
func share(endpoints []*contract.Endpoint) *contract.File {
	s := sharer{known: map[string]*definition{}, file: &contract.File{Schemas: map[string]*contract.Schema{}}}
	for _, e := range endpoints {
		for _, root := range e.Schemas() {
			s.collect(root, place{endpoint: e})
		}
	}
	for _, d := range s.inOrder {
		if d.shared = len(d.places) > 1 && s.lines(d.schema) >= minSharedLines; d.shared {
			d.name = s.nameFor(d)
			s.file.Schemas[d.name] = nil // reserve the name
		}
	}
	for _, d := range s.inOrder {
		if d.shared {
			s.file.Schemas[d.name] = s.inline(d.schema)
		}
	}
	for _, e := range endpoints {
		stored := *e
		stored.Parameters = nil
		for _, p := range e.Parameters {
			p.Schema = s.use(p.Schema)
			stored.Parameters = append(stored.Parameters, p)
		}
		if e.Request != nil {
			stored.Request = &contract.Body{Required: e.Request.Required, Schema: s.use(e.Request.Schema)}
		}
		stored.Response = s.use(e.Response)
		s.file.Endpoints = append(s.file.Endpoints, &stored)
	}
	return s.file
}

// A definition is an object or a union with all its uses.
type definition struct {
	schema *contract.Schema
	places []place
	shared bool
	name   string
}

// A place is where a schema is used: in an endpoint, below these fields.
type place struct {
	endpoint *contract.Endpoint
	fields   []string
	inList   bool
}

type sharer struct {
	known   map[string]*definition // by identity
	inOrder []*definition
	file    *contract.File
}

// collect records the uses of composite schemas. It visits each definition once, so that a schema used only inside a
// shared one counts once and remains inline there.
func (s *sharer) collect(schema *contract.Schema, at place) {
	if isComposite(schema) {
		id := identity(schema)
		d := s.known[id]
		if d != nil {
			d.places = append(d.places, at)
			return
		}
		d = &definition{schema: schema, places: []place{at}}
		s.known[id] = d
		s.inOrder = append(s.inOrder, d)
	}
	for _, f := range schema.Fields {
		s.collect(f.Schema, place{endpoint: at.endpoint, fields: append(slices.Clone(at.fields), f.Name)})
	}
	if schema.Items != nil {
		s.collect(schema.Items, place{endpoint: at.endpoint, fields: at.fields, inList: true})
	}
	if schema.Additional != nil {
		s.collect(schema.Additional, at)
	}
	for _, v := range schema.Variants {
		s.collect(v, at)
	}
}

func isComposite(s *contract.Schema) bool { return len(s.Fields) > 0 || len(s.Variants) > 0 }

// identity returns the same string for schemas that differ only in the members that belong to a use.
func identity(s *contract.Schema) string {
	bare := *s
	bare.Nullable, bare.Deprecated, bare.Default = false, false, nil
	text, err := json.Marshal(bare)
	if err != nil {
		panic(err) // cannot happen: the schema was decoded from JSON
	}
	return string(text)
}

// lines returns the number of lines of an inline schema.
func (s *sharer) lines(schema *contract.Schema) int {
	n := len(schema.Fields) + len(schema.Variants)
	for _, child := range schema.Children() {
		if d := s.known[identity(child)]; d == nil || len(d.places) == 1 || s.lines(child) < minSharedLines {
			n += s.lines(child)
		}
	}
	return n
}

// use returns a reference to a shared schema, or an inline copy of any other.
func (s *sharer) use(schema *contract.Schema) *contract.Schema {
	if schema == nil {
		return nil
	}
	if d := s.known[identity(schema)]; d != nil && d.shared {
		return &contract.Schema{
			Ref:        d.name,
			Nullable:   schema.Nullable,
			Deprecated: schema.Deprecated,
			Default:    schema.Default,
		}
	}
	inline := s.inline(schema)
	inline.Nullable, inline.Deprecated, inline.Default = schema.Nullable, schema.Deprecated, schema.Default
	return inline
}

// inline returns a copy of the schema without the members that belong to a use.
func (s *sharer) inline(schema *contract.Schema) *contract.Schema {
	copied := *schema
	copied.Ref = ""
	copied.Nullable, copied.Deprecated, copied.Default = false, false, nil
	copied.Fields, copied.Variants = nil, nil
	for _, f := range schema.Fields {
		copied.Fields = append(copied.Fields, contract.Field{Name: f.Name, Required: f.Required, Schema: s.use(f.Schema)})
	}
	for _, v := range schema.Variants {
		copied.Variants = append(copied.Variants, s.use(v))
	}
	copied.Items = s.use(schema.Items)
	copied.Additional = s.use(schema.Additional)
	return &copied
}

// nameFor returns a name for a shared schema: the noun of its places or, if that is taken, the path of the first place.
func (s *sharer) nameFor(d *definition) string {
	name := noun(d.places)
	if _, taken := s.file.Schemas[name]; !taken {
		return name
	}
	first := d.places[0]
	base := strings.Join(append([]string{first.endpoint.ID}, first.fields...), ".")
	name = base
	for n := 2; ; n++ {
		if _, taken := s.file.Schemas[name]; !taken {
			return name
		}
		name = fmt.Sprintf("%s.%d", base, n)
	}
}

// noun derives a name from the places of a schema: the name of its fields or, if they differ ("liveness", "readiness"),
// of the fields around them. Without fields, it is the noun in the path of the endpoint.
func noun(places []place) string {
	var fields, parents, paths []string
	for _, p := range places {
		switch n := len(p.fields); {
		case n == 0 || isEnvelope(p.fields[n-1]):
			paths = append(paths, pathNoun(p.endpoint.Path))
		case p.inList:
			fields = append(fields, singular(p.fields[n-1]))
		default:
			fields = append(fields, p.fields[n-1])
			if n > 1 {
				parents = append(parents, singular(p.fields[n-2]))
			}
		}
	}
	if name, unique := mostFrequent(fields); unique {
		return name
	} else if parent, unique := mostFrequent(parents); unique {
		return parent
	} else if name != "" {
		return name
	}
	name, _ := mostFrequent(paths)
	return name
}

// isEnvelope reports whether a field only wraps the object of an endpoint.
func isEnvelope(field string) bool { return field == "items" || field == "data" }

// mostFrequent returns the most frequent name, the first of several, and reports whether it is the only one.
func mostFrequent(names []string) (most string, unique bool) {
	counts := map[string]int{}
	for _, name := range names {
		counts[name]++
	}
	for _, name := range names {
		switch {
		case counts[name] > counts[most]:
			most, unique = name, true
		case counts[name] == counts[most] && name != most:
			unique = false
		}
	}
	return most, unique
}

// pathNoun returns the noun of a path: startupScript for /startup-scripts/{id}.
func pathNoun(path string) string {
	segments := strings.Split(path, "/")
	segments = slices.DeleteFunc(segments, func(s string) bool { return strings.HasPrefix(s, "{") })
	words := strings.Split(segments[len(segments)-1], "-")
	for i, word := range words[1:] {
		words[i+1] = strings.ToUpper(word[:1]) + word[1:]
	}
	return singular(strings.Join(words, ""))
}

func singular(plural string) string {
	if stem, ok := strings.CutSuffix(plural, "ies"); ok {
		return stem + "y"
	}
	if strings.HasSuffix(plural, "ss") {
		return plural
	}
	return strings.TrimSuffix(plural, "s")
}
