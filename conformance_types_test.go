package paperspace

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// pairedField is a struct field with its properties in the contract, over all its uses.
type pairedField struct {
	reflect.StructField
	owner    reflect.Type
	name     string // JSON name
	sent     bool   // used in a request body
	optional bool   // in at least one use
	nullable bool   // in at least one use
	kind     string // JSON type
}

func (f pairedField) String() string { return f.owner.Name() + "." + f.Name }

// pairing pairs the fields of types with those of schemas.
type pairing struct {
	t      *testing.T
	fields map[string]pairedField
	enums  map[reflect.Type]map[string]bool
	sent   bool
}

func pairAll(t *testing.T) *pairing {
	p := &pairing{t: t, fields: map[string]pairedField{}, enums: map[reflect.Type]map[string]bool{}}
	methods, err := conformingMethods()
	require.NoError(t, err)
	for _, m := range methods {
		if m.op.Request != nil {
			p.sent = true
			p.pair(m.op.ID, m.params, m.op.Request.Schema)
			p.sent = false
		} else if m.params != nil {
			for _, f := range reflect.VisibleFields(m.params) {
				if name, _, _ := strings.Cut(f.Tag.Get("url"), ","); name != "" {
					field := m.requestSchema().Field(name)
					require.NotNil(t, field, "%s has no parameter %s", m.op.ID, name)
					p.pair(m.op.ID+"?"+name, f.Type, field.Schema)
				}
			}
		}
		p.pair(m.op.ID, m.result, m.op.Response)
	}
	return p
}

var variantOf = map[string]string{
	"V0Alpha0": "v0alpha0", "V0Alpha1": "v0alpha1", "V1": "v1",
	"Model": "model", "S3": "s3", "Spaces": "spaces", "Volume": "volume", "GitLFS": "git-lfs",
}

func (p *pairing) pair(path string, t reflect.Type, s *contract.Schema) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if strings.HasPrefix(t.Name(), "Nullable[") {
		get, _ := t.MethodByName("Get")
		t = get.Type.Out(0)
	}
	switch {
	case t == reflect.TypeFor[DeploymentConfig]() || t == reflect.TypeFor[Integration]():
		for f := range t.Fields() {
			for _, variant := range s.Variants {
				if slices.Contains(variant.Field(s.Discriminator()).Enum, any(variantOf[f.Name])) {
					p.pair(path+"."+f.Name, f.Type, variant)
				}
			}
		}
	case t == reflect.TypeFor[DeploymentMetrics]():
		for i, variant := range s.Variants {
			p.pair(path, t.Field(i).Type, variant)
		}
	case t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[VersionTags]():
		assert.Equal(p.t, "string", s.Type, path)
	case t.Kind() == reflect.Slice:
		p.pair(path+"[]", t.Elem(), s.Items)
	case t.Kind() == reflect.Map:
		require.NotNil(p.t, s.Additional, path)
	case t.Kind() == reflect.Struct:
		p.object(path, t, merged(s))
	case t.Kind() == reflect.String:
		p.text(path, t, s)
	}
}

// merged returns one object schema for the variants of a union that one struct represents.
func merged(s *contract.Schema) *contract.Schema {
	if len(s.Variants) == 0 {
		return s
	}
	all := &contract.Schema{Type: "object"}
	for _, variant := range s.Variants {
		for _, f := range variant.Fields {
			known := all.Field(f.Name)
			if known == nil {
				schema := *f.Schema
				all.Fields = append(all.Fields, contract.Field{Name: f.Name, Required: f.Required, Schema: &schema})
				continue
			}
			known.Enum = append(slices.Clip(known.Enum), f.Enum...)
		}
	}
	return all
}

func (p *pairing) object(path string, t reflect.Type, s *contract.Schema) {
	for f := range t.Fields() {
		tag, _ := f.Tag.Lookup("json")
		name, _, _ := strings.Cut(tag, ",")
		switch {
		case slices.Contains(extraMemberTypes, f.Type) || !f.IsExported():
		case f.Anonymous || strings.Contains(tag, "inline"):
			p.pair(path, f.Type, s)
		default:
			field := s.Field(name)
			id := fmt.Sprint(t, ".", f.Name)
			known, met := p.fields[id]
			if !met {
				known = pairedField{StructField: f, owner: t, name: name}
			}
			known.sent = known.sent || p.sent
			if field == nil { // another use of the type has the field, which TestFullResponses and the like check
				known.optional = true
			} else {
				known.optional = known.optional || !field.Required
				known.nullable = known.nullable || field.Nullable
				known.kind = field.Type
				p.pair(path+"."+name, f.Type, field.Schema)
			}
			p.fields[id] = known
		}
	}
}

func (p *pairing) text(path string, t reflect.Type, s *contract.Schema) {
	if len(s.Enum) == 0 {
		return
	}
	if t == reflect.TypeFor[string]() {
		assert.True(p.t, s.Open, "%s is a plain string, but the contract limits its values to %v", path, s.Enum)
		return
	}
	if p.enums[t] == nil {
		p.enums[t] = map[string]bool{}
	}
	for _, value := range s.Enum {
		p.enums[t][value.(string)] = true
	}
}

// A required body field is a plain value that is always sent, or refused if zero. An optional field can be omitted. A
// nullable field is a Nullable.
func TestTypesOfBodyFields(t *testing.T) {
	p := pairAll(t)
	count := 0
	for _, f := range p.fields {
		if !f.sent {
			continue
		}
		count++
		omitzero := strings.HasSuffix(f.Tag.Get("json"), ",omitzero")
		isNullable := strings.HasPrefix(f.Type.Name(), "Nullable[")
		switch f.String() {
		case "DeploymentUpsertParams.DeploymentID": // null means the same as absence
			assert.True(t, omitzero)
			continue
		case "HealthCheck.Exec": // its presence selects the kind of check
			assert.True(t, omitzero)
			continue
		}
		refusedAsZero := strings.Contains(f.Tag.Get("check"), "required") || f.Name == "Resources" // which has a required field
		assert.Equal(t, f.nullable, isNullable, "%s: want a Nullable exactly if the field is nullable", f)
		assert.True(t, omitzero == f.optional || refusedAsZero, "%s: want omitzero exactly if the field is optional", f)
		canBeNil := slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map}, f.Type.Kind())
		if f.optional {
			assert.True(t, canBeNil || isNullable, "%s is optional, but its type cannot distinguish absent from zero", f)
		} else {
			assert.NotEqual(t, reflect.Pointer, f.Type.Kind(), "%s is required and must not be a pointer", f)
		}
	}
	assert.Greater(t, count, 100)
}

// Zero params encode the required fields and nothing else.
func TestZeroParams(t *testing.T) {
	eachEndpoint(t, func(t *testing.T, m conformingMethod) {
		if m.params == nil {
			return
		}
		zero := reflect.New(m.params).Elem().Interface()
		if m.op.Request == nil {
			r, err := newEndpoint(m.op.Method, "", "/").request(nil, zero, nil)
			if err == nil { // otherwise a parameter is required
				assert.Empty(t, r.query)
			}
			assert.Equal(t, len(required(m.requestSchema())) > 0, err != nil)
			return
		}
		body, err := encode(zero)
		require.NoError(t, err)
		object := fromJSON(t, body).(map[string]any)
		assert.ElementsMatch(t, required(m.op.Request.Schema), slices.Collect(maps.Keys(object)))
		for name, value := range object {
			if f := m.op.Request.Field(name); f.Type == "array" {
				assert.Equal(t, []any{}, value, name)
			}
		}
	})
}

// Query parameters are plain values, omitted if zero unless required. Lists embed ListParams.
func TestTypesOfQueryParams(t *testing.T) {
	lists := 0
	eachEndpoint(t, func(t *testing.T, m conformingMethod) {
		for _, p := range m.requestSchema().Fields {
			if m.op.Request != nil {
				break
			}
			require.NotNil(t, m.params, "the method takes no params, but the contract has %s", p.Name)
			i := slices.IndexFunc(reflect.VisibleFields(m.params), func(f reflect.StructField) bool {
				name, _, _ := strings.Cut(f.Tag.Get("url"), ",")
				return name == p.Name
			})
			require.GreaterOrEqual(t, i, 0, p.Name)
			f := reflect.VisibleFields(m.params)[i]
			assert.NotEqual(t, reflect.Pointer, f.Type.Kind(), p.Name)
			assert.Equal(t, !p.Required, strings.HasSuffix(f.Tag.Get("url"), ",omitempty"), p.Name)
			assert.Equal(t, goName(p.Name), f.Name)
		}
		if !m.op.IsList() {
			return
		}
		lists++
		f, ok := m.params.FieldByName("ListParams")
		assert.True(t, ok && f.Anonymous, "%s does not embed ListParams", m.params)
		assert.NotEmpty(t, m.All, "no method iterates over all pages")
	})
	assert.Equal(t, countLists(), lists)
}

// Optional result fields have omitzero, and nullable numbers and booleans are pointers.
func TestTypesOfResultFields(t *testing.T) {
	for _, f := range pairAll(t).fields {
		if f.sent || f.Name == "Event" && strings.HasPrefix(f.owner.Name(), "Operation[") { // optional for one endpoint
			continue
		}
		omitzero := strings.HasSuffix(f.Tag.Get("json"), ",omitzero")
		assert.Equal(t, f.optional, omitzero, "%s: want omitzero exactly if the field is optional", f)
		if f.nullable && (f.kind == "boolean" || f.kind == "number" || f.kind == "integer") {
			assert.Equal(t, reflect.Pointer, f.Type.Kind(), "%s is nullable and must be a pointer", f)
		}
	}
}

// otherNames are the JSON names of fields whose Go name differs from the rule of goName.
var otherNames = map[string]string{
	"ConnectionTest.Message":           "error",
	"Machine.CPUs":                     "cpus",
	"MachineCreateParams.EnableNVLink": "enableNvlink",
}

var (
	words       = regexp.MustCompile(`[A-Z]?[a-z0-9]+|[A-Z]+`)
	initialisms = []string{"Id", "Ip", "Url", "Os", "Ram", "Gpu", "Sha", "Vnc", "Uuid", "Mfa", "Qr", "Gb", "Ssl"}
)

// goName returns the Go name of a JSON field.
func goName(name string) string {
	name = strings.TrimPrefix(name, "x-git-")
	event, isTime := strings.CutPrefix(name, "dt")
	if isTime {
		name = event + "At"
	}
	var b strings.Builder
	for _, word := range words.FindAllString(name, -1) {
		word = strings.ToUpper(word[:1]) + word[1:]
		single, plural := strings.CutSuffix(word, "s")
		switch {
		case slices.Contains(initialisms, word):
			word = strings.ToUpper(word)
		case plural && slices.Contains(initialisms, single):
			word = strings.ToUpper(single) + "s"
		}
		b.WriteString(word)
	}
	return b.String()
}

// A JSON tag on the wrong field would round-trip, so other tests would miss it.
func TestFieldsAreNamedAfterTheContract(t *testing.T) {
	for _, f := range pairAll(t).fields {
		if other, ok := otherNames[f.String()]; ok {
			assert.Equal(t, other, f.name, "%s", f)
		} else {
			assert.Equal(t, goName(f.name), f.Name, "%s has the JSON name %s", f, f.name)
		}
	}
}

// Every enum has a constant for each of the contract's values and no others, and its Known method agrees.
func TestEnumsMatchTheContract(t *testing.T) {
	p := pairAll(t)
	everything := []string{"", "newer"}
	byName := map[string]reflect.Type{}
	for enum, values := range p.enums {
		byName[enum.Name()] = enum
		everything = slices.AppendSeq(everything, maps.Keys(values))
	}
	types, constants := stringTypes(t)
	for _, name := range types {
		if name == "Sensitive" {
			continue
		}
		enum, ok := byName[name]
		if !assert.True(t, ok, "the contract has no enum %s", name) {
			continue
		}
		want := p.enums[enum]
		assert.ElementsMatch(t, slices.Collect(maps.Keys(want)), constants[name], "the constants of %s", name)
		for _, value := range everything {
			v := reflect.New(enum).Elem()
			v.SetString(value)
			enumerated, ok := v.Interface().(interface{ Known() bool })
			if !assert.True(t, ok, "%s has no method Known", name) {
				break
			}
			assert.Equal(t, want[value], enumerated.Known(), "%s(%q)", name, value)
		}
	}
	assert.Len(t, byName, len(types)-1)
}

// stringTypes returns the exported string types of the package and the values of their constants.
func stringTypes(t *testing.T) (types []string, constants map[string][]string) {
	constants = map[string][]string{}
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		for _, declaration := range file.Decls {
			general, is := declaration.(*ast.GenDecl)
			if !is {
				continue
			}
			for _, spec := range general.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if base, is := spec.Type.(*ast.Ident); is && base.Name == "string" && spec.Name.IsExported() {
						types = append(types, spec.Name.Name)
					}
				case *ast.ValueSpec:
					if kind, is := spec.Type.(*ast.Ident); is && general.Tok == token.CONST {
						for i, value := range spec.Values {
							if literal, is := value.(*ast.BasicLit); is && literal.Kind == token.STRING {
								text, err := strconv.Unquote(literal.Value)
								require.NoError(t, err)
								assert.True(t, strings.HasPrefix(spec.Names[i].Name, strings.TrimSuffix(kind.Name, "Name")), spec.Names[i].Name)
								constants[kind.Name] = append(constants[kind.Name], text)
							}
						}
					}
				}
			}
		}
	}
	return types, constants
}
