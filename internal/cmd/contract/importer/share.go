package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// A schema of fewer lines is easier to read where it is used.
const sharedFrom = 4

// share moves the objects and unions that stand in several places to a section
// of their own, so that the file shows each of them, and each change to one of
// them, once.
func share(operations []*contract.Operation) *contract.File {
	s := sharer{known: map[string]*definition{}, file: &contract.File{Schemas: map[string]*contract.Schema{}}}
	for _, op := range operations {
		for _, root := range op.Schemas() {
			s.collect(root, place{op: op})
		}
	}
	for _, d := range s.inOrder {
		if d.shared = len(d.places) > 1 && s.lines(d.schema) >= sharedFrom; d.shared {
			d.name = s.nameFor(d)
			s.file.Schemas[d.name] = nil // taken
		}
	}
	for _, d := range s.inOrder {
		if d.shared {
			s.file.Schemas[d.name] = s.parts(d.schema)
		}
	}
	for _, op := range operations {
		stored := *op
		stored.Parameters = nil
		for _, p := range op.Parameters {
			p.Schema = s.use(p.Schema)
			stored.Parameters = append(stored.Parameters, p)
		}
		if op.Request != nil {
			stored.Request = &contract.Body{Required: op.Request.Required, Schema: s.use(op.Request.Schema)}
		}
		stored.Response = s.use(op.Response)
		s.file.Operations = append(s.file.Operations, &stored)
	}
	return s.file
}

// A definition is one object or union, however many places have it.
type definition struct {
	schema *contract.Schema
	places []place
	shared bool
	name   string
}

// A place is where a schema stands: in an operation, below these fields.
type place struct {
	op     *contract.Operation
	fields []string
	inList bool
}

type sharer struct {
	known   map[string]*definition // by identity
	inOrder []*definition
	file    *contract.File
}

// collect does not look twice into what it has seen before, so that a part of
// a shared schema is counted once and stays in it.
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
		s.collect(f.Schema, place{op: at.op, fields: append(slices.Clone(at.fields), f.Name)})
	}
	if schema.Items != nil {
		s.collect(schema.Items, place{op: at.op, fields: at.fields, inList: true})
	}
	if schema.Additional != nil {
		s.collect(schema.Additional, at)
	}
	for _, v := range schema.Variants {
		s.collect(v, at)
	}
}

func isComposite(s *contract.Schema) bool { return len(s.Fields) > 0 || len(s.Variants) > 0 }

// identity is the same for schemas that differ in nothing but how they are used.
func identity(s *contract.Schema) string {
	bare := *s
	bare.Nullable, bare.Deprecated, bare.Default = false, false, nil
	text, err := json.Marshal(bare)
	if err != nil {
		panic(err) // it was made from JSON
	}
	return string(text)
}

// lines says how long a schema would be where it stands.
func (s *sharer) lines(schema *contract.Schema) int {
	n := len(schema.Fields) + len(schema.Variants)
	for _, child := range schema.Children() {
		if d := s.known[identity(child)]; d == nil || len(d.places) == 1 || s.lines(child) < sharedFrom {
			n += s.lines(child)
		}
	}
	return n
}

// use returns the schema as its place shows it: the name of a shared one, or
// the whole of any other.
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
	whole := s.parts(schema)
	whole.Nullable, whole.Deprecated, whole.Default = schema.Nullable, schema.Deprecated, schema.Default
	return whole
}

func (s *sharer) parts(schema *contract.Schema) *contract.Schema {
	whole := *schema
	whole.Ref = ""
	whole.Nullable, whole.Deprecated, whole.Default = false, false, nil
	whole.Fields, whole.Variants = nil, nil
	for _, f := range schema.Fields {
		whole.Fields = append(whole.Fields, contract.Field{Name: f.Name, Required: f.Required, Schema: s.use(f.Schema)})
	}
	for _, v := range schema.Variants {
		whole.Variants = append(whole.Variants, s.use(v))
	}
	whole.Items = s.use(schema.Items)
	whole.Additional = s.use(schema.Additional)
	return &whole
}

// nameFor asks the places what they call the schema. Where the name is taken,
// the first place itself is the name.
func (s *sharer) nameFor(d *definition) string {
	name := noun(d.places)
	if _, taken := s.file.Schemas[name]; !taken {
		return name
	}
	first := d.places[0]
	base := strings.Join(append([]string{first.op.ID}, first.fields...), ".")
	name = base
	for n := 2; ; n++ {
		if _, taken := s.file.Schemas[name]; !taken {
			return name
		}
		name = fmt.Sprintf("%s.%d", base, n)
	}
}

// noun prefers the name of a field to the one in the paths of operations. When
// fields disagree ("liveness", "readiness"), the object around them knows what
// they all are.
func noun(places []place) string {
	var fields, around, paths []string
	for _, p := range places {
		switch n := len(p.fields); {
		case n == 0 || isEnvelope(p.fields[n-1]):
			paths = append(paths, pathNoun(p.op.Path))
		case p.inList:
			fields = append(fields, singular(p.fields[n-1]))
		default:
			fields = append(fields, p.fields[n-1])
			if n > 1 {
				around = append(around, singular(p.fields[n-2]))
			}
		}
	}
	if name, agreed := mostFrequent(fields); agreed {
		return name
	} else if common, agreed := mostFrequent(around); agreed {
		return common
	} else if name != "" {
		return name
	}
	name, _ := mostFrequent(paths)
	return name
}

// isEnvelope reports whether a field only wraps what an operation is about.
func isEnvelope(field string) bool { return field == "items" || field == "data" }

// mostFrequent returns the first of those that occur most often, and whether
// it is the only one.
func mostFrequent(names []string) (most string, alone bool) {
	counts := map[string]int{}
	for _, name := range names {
		counts[name]++
	}
	for _, name := range names {
		switch {
		case counts[name] > counts[most]:
			most, alone = name, true
		case counts[name] == counts[most] && name != most:
			alone = false
		}
	}
	return most, alone
}

// pathNoun turns /startup-scripts/{id} into startupScript.
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
