package main

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// A shape is what responses of an endpoint look like, by place. A place is the path of a member without indexes and
// keys, such as "items[].ram": it is made of names of the contract, so it contains no value. The place "" is the body.
type shape map[string]*place

// A place counts the JSON kinds of the values at it, "absent" among them, and in how many of them something differs
// from the contract.
type place struct {
	kinds       map[string]int
	differences map[difference]int
	isSize      bool // whether the contract has a size in bytes here
}

// A difference is a way in which a value differs from the contract.
type difference struct {
	category category
	detail   string
}

// A category is a kind of difference.
type category string

const (
	missingMember  category = "missing"
	unknownMember  category = "unknown member"
	unexpectedNull category = "null"
	otherType      category = "type"
	otherValue     category = "value"
	otherFormat    category = "format"

	// The categories that the SDK expects of the service.
	textInteger  category = "integer in a string"
	nullCursor   category = "null nextPage"
	nullWhileNew category = "null in a new machine"
)

// expected reports whether the SDK knows that the service differs in this way.
func (c category) expected() bool { return c == textInteger || c == nullCursor || c == nullWhileNew }

// add counts a response that should have the schema.
func (s shape) add(schema *contract.Schema, value any) {
	if schema != nil {
		s.value("", schema, value, unexpectedNull)
	}
}

func (s shape) at(path string) *place {
	if s[path] == nil {
		s[path] = &place{kinds: map[string]int{}, differences: map[difference]int{}}
	}
	return s[path]
}

func (p *place) differs(c category, detail string) { p.differences[difference{c, detail}]++ }

// value counts a value. A null that the contract does not allow has the category onNull.
func (s shape) value(path string, schema *contract.Schema, value any, onNull category) {
	p, kind := s.at(path), kindOf(value)
	p.kinds[kind]++
	p.isSize = schema.Type == "integer" && (schema.Format == "int64" || strings.HasSuffix(path, ".memory"))
	variants := schema.Variants
	if len(variants) > 0 && value != nil {
		schema = variantFor(schema, value)
	}
	switch value := value.(type) {
	case nil:
		if !schema.Nullable && (schema.Type != "" || len(variants) > 0) {
			p.differs(onNull, "null, which the contract does not allow")
		}
	case string:
		if schema.Type == "integer" && isInteger(value) {
			p.differs(textInteger, "a string with an integer")
			return
		}
		s.scalar(p, schema, value)
	case []any:
		if s.scalar(p, schema, value) && schema.Items != nil {
			for _, item := range value {
				s.value(path+"[]", schema.Items, item, unexpectedNull)
			}
		}
	case map[string]any:
		if s.scalar(p, schema, value) {
			s.object(path, schema, value)
		}
	default:
		s.scalar(p, schema, value)
	}
}

// scalar compares a value with the schema, apart from what is inside it, and reports whether it has the right type.
func (s shape) scalar(p *place, schema *contract.Schema, value any) bool {
	kind := kindOf(value)
	number, _ := value.(json.Number)
	switch {
	case schema.Type == "", schema.Type == kind, schema.Type == "integer" && isWhole(number):
	default:
		p.differs(otherType, kind+", not "+schema.Type)
		return false
	}
	outside := *schema
	outside.Fields, outside.Items, outside.Additional, outside.Variants = nil, nil, nil, nil
	if outside.Type == "object" || outside.Type == "array" {
		return true
	}
	listed := contract.Schema{Type: outside.Type, Enum: outside.Enum, Open: outside.Open}
	if len(listed.Check(value)) > 0 {
		p.differs(otherValue, "not one of the values in the contract")
	}
	outside.Enum = nil
	for _, issue := range outside.Check(value) { // its messages are made of the contract, not of the value
		p.differs(otherFormat, issue.Message)
	}
	return true
}

func (s shape) object(path string, schema *contract.Schema, object map[string]any) {
	inNew := unexpectedNull
	if schema.Ref == "machine" && object["state"] == "provisioning" {
		inNew = nullWhileNew
	}
	for _, f := range schema.Fields {
		value, given := object[f.Name]
		onNull := inNew
		if f.Name == "nextPage" && path == "" {
			onNull = nullCursor
		}
		if given {
			s.value(join(path, f.Name), f.Schema, value, onNull)
			continue
		}
		p := s.at(join(path, f.Name))
		p.kinds["absent"]++
		if f.Required {
			p.differs(missingMember, "absent, but required")
		}
	}
	for name, value := range object {
		switch {
		case schema.Field(name) != nil:
		case schema.Additional != nil:
			s.value(path+"{}", schema.Additional, value, unexpectedNull)
		case !schema.Open && (schema.Type != "" || len(schema.Fields) > 0):
			p := s.at(join(path, publicName(name)))
			p.kinds[kindOf(value)]++
			p.differs(unknownMember, "not in the contract")
		}
	}
}

// variantFor returns the variant of a union that a value fits best.
func variantFor(union *contract.Schema, value any) *contract.Schema {
	if name := union.Discriminator(); name != "" {
		for _, variant := range union.Variants {
			tag := variant.Field(name).Schema
			if len(tag.Check(at(value, name))) == 0 {
				return variant
			}
		}
	}
	best, fewest := union.Variants[0], -1
	for _, variant := range union.Variants {
		issues := len(variant.Check(value))
		if variant.Type != "" && variant.Type != kindOf(value) {
			issues += 1 << 20 // worse than any number of issues inside
		}
		if fewest < 0 || issues < fewest {
			best, fewest = variant, issues
		}
	}
	return best
}

// memberName matches names in the style of the API. A name in another style may be the key of a map, and so a value.
var memberName = regexp.MustCompile(`^[a-z]{1,20}([A-Z][a-z]{1,20}){0,4}$`)

// publicName returns the name of a member that the contract does not have, if it is fit for a report.
func publicName(name string) string {
	if memberName.MatchString(name) {
		return name
	}
	return "(a name that is not shown)"
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// kindOf returns the JSON type of a decoded value.
func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case json.Number:
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

// isWhole reports whether a number is an integer, such as 50 or 50.0.
func isWhole(n json.Number) bool {
	return n != "" && len((&contract.Schema{Type: "integer"}).Check(n)) == 0
}

// isInteger reports whether a string has an integer, or nothing: the SDK decodes both.
func isInteger(s string) bool {
	s = strings.TrimSpace(s)
	_, err := strconv.ParseInt(s, 10, 64)
	return s == "" || err == nil
}
