package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pb33f/libopenapi"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"github.com/pb33f/libopenapi/orderedmap"

	"github.com/paperspace-go/paperspace/internal/contract"
)

const jsonType = "application/json"

// readOpenAPI converts an OpenAPI 3 document. It refuses what the contract cannot express: if it dropped a fact, later
// changes of it would go unnoticed.
func readOpenAPI(data []byte) ([]*contract.Endpoint, error) {
	document, err := libopenapi.NewDocument(data)
	if err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	built, err := document.BuildV3Model()
	if err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	if built.Model.Paths == nil {
		return nil, errors.New("read document: it has no paths")
	}

	var r reader
	var endpoints []*contract.Endpoint
	for path, item := range built.Model.Paths.PathItems.FromOldest() {
		byMethod := item.GetOperations()
		// The library sorts by line, which is not the order of a document without line breaks.
		members := item.GoLow().RootNode.Content
		for i := 0; i < len(members); i += 2 {
			op, ok := byMethod.Get(members[i].Value)
			if !ok {
				continue
			}
			method := strings.ToUpper(members[i].Value)
			if op.OperationId == "" {
				return nil, fmt.Errorf("%s %s: no operationId", method, path)
			}
			facts, err := r.endpoint(op, item.Parameters, built.Model.Security)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", op.OperationId, err)
			}
			facts.Method, facts.Path = method, path
			endpoints = append(endpoints, facts)
		}
	}
	return endpoints, nil
}

// A reader converts the parts of a document.
type reader struct {
	following []string // references that led to the current schema
}

func (r *reader) endpoint(op *v3.Operation, shared []*v3.Parameter, security []*base.SecurityRequirement) (*contract.Endpoint, error) {
	facts := &contract.Endpoint{
		ID:         op.OperationId,
		Tags:       op.Tags,
		Deprecated: isTrue(op.Deprecated),
	}
	if op.Security != nil {
		security = op.Security
	}
	facts.NoKey = len(security) == 0 || slices.ContainsFunc(security, func(requirement *base.SecurityRequirement) bool {
		return orderedmap.Len(requirement.Requirements) == 0
	})

	for _, p := range parameters(shared, op.Parameters) {
		schema, optional, err := r.convert(p.Schema)
		if err != nil {
			return nil, fmt.Errorf("%s parameter %s: %w", p.In, p.Name, err)
		}
		switch schema.Type {
		case "string", "number", "integer", "boolean":
		default:
			return nil, fmt.Errorf("%s parameter %s: only scalar values are supported", p.In, p.Name)
		}
		schema.Deprecated = schema.Deprecated || p.Deprecated
		facts.Parameters = append(facts.Parameters, contract.Parameter{
			In:    p.In,
			Field: contract.Field{Name: p.Name, Required: isTrue(p.Required) && !optional, Schema: schema},
		})
	}

	if op.RequestBody != nil {
		schema, err := r.content(op.RequestBody.Content)
		if err != nil {
			return nil, fmt.Errorf("request: %w", err)
		}
		if schema == nil {
			return nil, errors.New("request: no content")
		}
		facts.Request = &contract.Body{Required: isTrue(op.RequestBody.Required), Schema: schema}
	}

	response, err := r.success(op.Responses)
	if err != nil {
		return nil, fmt.Errorf("response: %w", err)
	}
	facts.Response = response
	return facts, nil
}

// parameters merges the parameters that all methods of a path share with those of one method, which take precedence.
func parameters(shared, own []*v3.Parameter) []*v3.Parameter {
	var all []*v3.Parameter
	for _, p := range shared {
		if !slices.ContainsFunc(own, func(o *v3.Parameter) bool { return o.Name == p.Name && o.In == p.In }) {
			all = append(all, p)
		}
	}
	return append(all, own...)
}

func (r *reader) success(responses *v3.Responses) (*contract.Schema, error) {
	var found *v3.Response
	if responses != nil {
		for code, response := range responses.Codes.FromOldest() {
			if !strings.HasPrefix(code, "2") {
				continue
			}
			if found != nil {
				return nil, errors.New("more than one 2xx")
			}
			found = response
		}
	}
	if found == nil {
		return nil, errors.New("no 2xx")
	}
	return r.content(found.Content)
}

func (r *reader) content(types *orderedmap.Map[string, *v3.MediaType]) (*contract.Schema, error) {
	if orderedmap.Len(types) == 0 {
		return nil, nil
	}
	media, ok := types.Get(jsonType)
	if !ok || orderedmap.Len(types) > 1 {
		return nil, errors.New("only " + jsonType + " is supported")
	}
	schema, _, err := r.convert(media.Schema)
	return schema, err
}

// keywords are the supported members of a schema object. Convert uses those that are true and ignores those that are
// false (documentation). It refuses all others.
var keywords = map[string]bool{
	"type": true, "format": true, "nullable": true, "deprecated": true, "default": true,
	"enum": true, "pattern": true, "minLength": true, "maxLength": true,
	"minimum": true, "exclusiveMinimum": true, "maximum": true,
	"items": true, "properties": true, "required": true, "additionalProperties": true,
	"anyOf": true, "oneOf": true, "not": true,
	"description": false, "title": false, "example": false, "examples": false, "externalDocs": false,
}

// besideVariants are the keywords allowed beside anyOf and oneOf. A type must match those of the variants.
var besideVariants = map[string]bool{"type": true, "nullable": true, "deprecated": true, "default": true}

// convert converts a schema. optional reports whether the value may be absent, which a union expresses with the variant
// {"not": {}}.
func (r *reader) convert(proxy *base.SchemaProxy) (schema *contract.Schema, optional bool, err error) {
	if proxy == nil {
		return nil, false, errors.New("no schema")
	}
	if reference := proxy.GetReference(); reference != "" {
		if slices.Contains(r.following, reference) {
			return nil, false, fmt.Errorf("%s contains itself", reference)
		}
		if node := proxy.GetReferenceNode(); node != nil && len(node.Content) > 2 { // the library would ignore the reference
			return nil, false, errors.New("nothing is supported beside $ref")
		}
		r.following = append(r.following, reference)
		defer func() { r.following = r.following[:len(r.following)-1] }()
	}
	s := proxy.Schema()
	if s == nil {
		return nil, false, fmt.Errorf("read schema: %w", proxy.GetBuildError())
	}
	variants := slices.Concat(s.AnyOf, s.OneOf)
	root := s.GoLow().RootNode
	union := "" // anyOf or oneOf, once seen
	for i := 0; i < len(root.Content); i += 2 {
		keyword := root.Content[i].Value
		isUsed, known := keywords[keyword]
		switch {
		case !known && !strings.HasPrefix(keyword, "x-"):
			return nil, false, fmt.Errorf("keyword %s is not supported", keyword)
		case len(variants) == 0 || !isUsed || besideVariants[keyword]:
		case union == "" && (keyword == "anyOf" || keyword == "oneOf"):
			union = keyword
		default: // it would apply to all variants
			return nil, false, fmt.Errorf("keyword %s is not supported beside variants", keyword)
		}
	}
	if s.Not != nil {
		return nil, false, errors.New("keyword not is supported in a union only, as {}")
	}

	if len(variants) > 0 {
		schema, optional, err = r.union(s.Type, variants)
	} else {
		schema, err = r.single(s)
	}
	if err != nil {
		return nil, false, err
	}
	schema.Nullable = schema.Nullable || isTrue(s.Nullable)
	schema.Deprecated = schema.Deprecated || isTrue(s.Deprecated)
	if s.Default != nil {
		var value any
		if err := s.Default.Decode(&value); err != nil {
			return nil, false, fmt.Errorf("default: %w", err)
		}
		if schema.Default, err = json.Marshal(value); err != nil {
			return nil, false, fmt.Errorf("default: %w", err)
		}
	}
	return schema, optional, nil
}

func (r *reader) single(s *base.Schema) (*contract.Schema, error) {
	facts := &contract.Schema{
		Format:    s.Format,
		Pattern:   s.Pattern,
		MinLength: length(s.MinLength),
		MaxLength: length(s.MaxLength),
		Maximum:   bound(s.Maximum),
	}
	for _, name := range s.Type {
		switch {
		case name == "null":
			facts.Nullable = true
		case facts.Type == "":
			facts.Type = name
		default:
			return nil, errors.New("more than one type is not supported")
		}
	}

	switch exclusive := s.ExclusiveMinimum; {
	case exclusive != nil && exclusive.IsB():
		facts.Minimum, facts.ExclusiveMinimum = bound(s.Minimum), bound(&exclusive.B)
	case exclusive != nil && exclusive.A:
		facts.ExclusiveMinimum = bound(s.Minimum)
	default:
		facts.Minimum = bound(s.Minimum)
	}

	for _, node := range s.Enum {
		var value any
		if err := node.Decode(&value); err != nil {
			return nil, fmt.Errorf("enum: %w", err)
		}
		switch value.(type) {
		case string, bool:
			facts.Enum = append(facts.Enum, value)
		case nil:
			facts.Nullable = true
		default:
			facts.Enum = append(facts.Enum, json.Number(node.Value))
		}
	}

	switch facts.Type {
	case "object":
		return facts, r.object(facts, s)
	case "array":
		if s.Items == nil || s.Items.IsB() {
			return nil, errors.New("array without items")
		}
		items, _, err := r.convert(s.Items.A)
		if err != nil {
			return nil, fmt.Errorf("items: %w", err)
		}
		facts.Items = items
	case "":
		if len(s.Type) > 0 || s.Properties != nil || s.Items != nil || len(s.Enum) > 0 ||
			len(s.Required) > 0 || s.AdditionalProperties != nil {
			return nil, errors.New("schema without a type")
		}
	}
	return facts, nil
}

func (r *reader) object(facts *contract.Schema, s *base.Schema) error {
	for name, proxy := range s.Properties.FromOldest() {
		schema, optional, err := r.convert(proxy)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		facts.Fields = append(facts.Fields, contract.Field{
			Name:     name,
			Required: slices.Contains(s.Required, name) && !optional,
			Schema:   schema,
		})
	}
	for _, name := range s.Required {
		if facts.Field(name) == nil {
			return fmt.Errorf("required field %s is not described", name)
		}
	}

	switch others := s.AdditionalProperties; {
	case others == nil:
		facts.Open = true
	case others.IsB():
		facts.Open = others.B
	default:
		schema, _, err := r.convert(others.A)
		if err != nil {
			return fmt.Errorf("additionalProperties: %w", err)
		}
		facts.Additional = schema
	}
	return nil
}

// union converts the variants of a union, and merges them into one schema if they differ only in their enums. If there
// are types beside the union, all variants must have them.
func (r *reader) union(types []string, proxies []*base.SchemaProxy) (schema *contract.Schema, optional bool, err error) {
	var variants []*contract.Schema
	nullable := false
	for _, proxy := range proxies {
		if matchesNothing(proxy) {
			optional = true
			continue
		}
		if slices.Equal(proxy.Schema().Type, []string{"null"}) {
			nullable = true
			continue
		}
		variant, variantOptional, err := r.convert(proxy)
		if err != nil {
			return nil, false, err
		}
		optional = optional || variantOptional
		nullable = nullable || variant.Nullable
		variant.Nullable = false
		switch {
		case len(variant.Variants) == 0:
			variants = append(variants, variant)
		case variant.Deprecated || variant.Default != nil:
			return nil, false, errors.New("a union within a union can be neither deprecated nor have a default")
		default:
			variants = append(variants, variant.Variants...)
		}
	}
	if len(types) > 0 && nullable {
		return nil, false, fmt.Errorf("type %s beside a variant that may be null is not supported", strings.Join(types, ", "))
	}
	for _, variant := range variants {
		if len(types) > 0 && !slices.Equal(types, []string{variant.Type}) {
			return nil, false, fmt.Errorf("type %s beside variants of type %s is not supported", strings.Join(types, ", "), cmp.Or(variant.Type, "any"))
		}
	}
	switch merged := merge(variants); {
	case len(variants) == 0:
		return nil, false, errors.New("union without a variant")
	case merged != nil:
		schema = merged
	default:
		schema = &contract.Schema{Variants: variants}
	}
	schema.Nullable = nullable
	return schema, optional, nil
}

// matchesNothing reports whether a schema is {"not": {}}.
func matchesNothing(proxy *base.SchemaProxy) bool {
	root := proxy.Schema().GoLow().RootNode.Content
	return len(root) == 2 && root[0].Value == "not" && len(root[1].Content) == 0
}

// merge merges variants of one type into a single schema, or returns nil. All but one must have an enum. A variant
// without an enum makes the result open: its limits apply to values that are not listed.
func merge(variants []*contract.Schema) *contract.Schema {
	var listed []any
	var other *contract.Schema
	for _, v := range variants {
		switch {
		case v.Type != variants[0].Type:
			return nil
		case len(v.Enum) > 0:
			listed = append(listed, v.Enum...)
		case other != nil:
			return nil
		default:
			other = v
		}
	}
	if len(variants) == 0 {
		return nil
	}
	merged := *cmp.Or(other, variants[0])
	merged.Enum = listed
	merged.Open = other != nil && len(listed) > 0
	return &merged
}

func bound(f *float64) json.Number {
	if f == nil {
		return ""
	}
	return json.Number(strconv.FormatFloat(*f, 'f', -1, 64))
}

func length(n *int64) *int {
	if n == nil {
		return nil
	}
	return new(int(*n))
}

func isTrue(b *bool) bool { return b != nil && *b }
