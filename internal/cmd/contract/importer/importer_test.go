package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// document returns an OpenAPI document with the paths. By default its endpoints need a key.
func document(paths string) string {
	return `{"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "security": [{"key": []}], "paths": {` + paths + `}}`
}

// withResponse returns a document with one endpoint whose response has the schema.
func withResponse(schema string) string {
	return document(`"/a": {"get": {"operationId": "a-get", "responses": {"200": {"description": "d", "content": {"application/json": {"schema": ` + schema + `}}}}}}`)
}

func imported(t *testing.T, document string) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(strings.NewReader(document), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func equal(t *testing.T, want, got string) {
	t.Helper()
	if want != got {
		t.Errorf("want:\n%s\ngot:\n%s", want, got)
	}
}

func TestSchemas(t *testing.T) {
	for name, test := range map[string]struct{ schema, want string }{
		"plain": {
			`{"type": "string", "description": "prose", "example": "prose", "x-prose": 1, "format": "uuid", "minLength": 0, "maxLength": 3, "pattern": "<&>", "default": "d"}`,
			`{"type": "string", "format": "uuid", "default": "d", "pattern": "<&>", "minLength": 0, "maxLength": 3}`},
		"bounds":            {`{"type": "number", "minimum": 0.01, "maximum": 9007199254740991}`, `{"type": "number", "minimum": 0.01, "maximum": 9007199254740991}`},
		"zero is a bound":   {`{"type": "number", "minimum": 0}`, `{"type": "number", "minimum": 0}`},
		"exclusive":         {`{"type": "number", "minimum": 0, "exclusiveMinimum": true}`, `{"type": "number", "exclusiveMinimum": 0}`},
		"not exclusive":     {`{"type": "number", "minimum": 0, "exclusiveMinimum": false}`, `{"type": "number", "minimum": 0}`},
		"nullable":          {`{"type": "string", "nullable": true, "default": null}`, `{"type": "string", "nullable": true, "default": null}`},
		"null in an enum":   {`{"type": "string", "nullable": true, "enum": ["a", null]}`, `{"type": "string", "nullable": true, "enum": ["a"]}`},
		"enum of numbers":   {`{"type": "number", "enum": [50, 1.5]}`, `{"type": "number", "enum": [50, 1.5]}`},
		"deprecated":        {`{"type": "string", "deprecated": true}`, `{"type": "string", "deprecated": true}`},
		"array":             {`{"type": "array", "items": {"type": "string", "nullable": true}}`, `{"type": "array", "items": {"type": "string", "nullable": true}}`},
		"map":               {`{"type": "object", "additionalProperties": {"type": "string"}}`, `{"type": "object", "additional": {"type": "string"}}`},
		"map of anything":   {`{"type": "object", "additionalProperties": {}}`, `{"type": "object", "additional": {}}`},
		"closed":            {`{"type": "object", "additionalProperties": false}`, `{"type": "object"}`},
		"open":              {`{"type": "object", "additionalProperties": true}`, `{"type": "object", "open": true}`},
		"open by default":   {`{"type": "object"}`, `{"type": "object", "open": true}`},
		"merged enum":       {`{"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["b"]}]}`, `{"type": "string", "enum": ["a", "b"]}`},
		"oneOf is the same": {`{"oneOf": [{"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["b"]}]}`, `{"type": "string", "enum": ["a", "b"]}`},
		"open enum": {
			`{"anyOf": [{"type": "number", "enum": [50]}, {"type": "number", "enum": [100]}, {"type": "number", "minimum": 0, "exclusiveMinimum": true}], "nullable": true}`,
			`{"type": "number", "nullable": true, "enum": [50, 100], "open": true, "exclusiveMinimum": 0}`},
		"nullable variant":     {`{"anyOf": [{"type": "string", "nullable": true}, {"not": {}}]}`, `{"type": "string", "nullable": true}`},
		"deprecated variant":   {`{"anyOf": [{"type": "string", "deprecated": true}, {"not": {}}]}`, `{"type": "string", "deprecated": true}`},
		"one array":            {`{"anyOf": [{"not": {}}, {"type": "array", "items": {"type": "string"}}]}`, `{"type": "array", "items": {"type": "string"}}`},
		"any value in union":   {`{"anyOf": [{}, {"type": "string"}]}`, `{"variants": [{}, {"type": "string"}]}`},
		"two formats":          {`{"anyOf": [{"type": "string", "format": "uuid"}, {"type": "string", "format": "email"}]}`, `{"variants": [{"type": "string", "format": "uuid"}, {"type": "string", "format": "email"}]}`},
		"two types":            {`{"anyOf": [{"type": "string"}, {"type": "number"}]}`, `{"variants": [{"type": "string"}, {"type": "number"}]}`},
		"type of all variants": {`{"type": "string", "anyOf": [{"type": "string", "format": "uuid"}, {"type": "string", "format": "email"}]}`, `{"variants": [{"type": "string", "format": "uuid"}, {"type": "string", "format": "email"}]}`},
		"keywords beside variants": {
			`{"description": "prose", "x-prose": 1, "anyOf": [{"type": "string"}, {"type": "number"}], "nullable": true, "deprecated": true, "default": 1}`,
			`{"nullable": true, "deprecated": true, "default": 1, "variants": [{"type": "string"}, {"type": "number"}]}`},
		"nested unions": {
			`{"anyOf": [{"anyOf": [{"type": "string"}, {"type": "number"}]}, {"type": "boolean"}]}`,
			`{"variants": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			var file struct {
				Endpoints []struct{ Response json.RawMessage }
			}
			if err := json.Unmarshal([]byte(imported(t, withResponse(test.schema))), &file); err != nil {
				t.Fatal(err)
			}
			var compact, got bytes.Buffer
			if err := json.Compact(&compact, file.Endpoints[0].Response); err != nil {
				t.Fatal(err)
			}
			writeLine(&got, compact.Bytes())
			equal(t, test.want, got.String())
		})
	}
}

// OpenAPI 3.1 expresses the same facts differently.
func TestOpenAPI31(t *testing.T) {
	got := imported(t, strings.Replace(withResponse(`{"type": "object", "additionalProperties": false, "properties": {
		"a": {"type": ["string", "null"]},
		"b": {"anyOf": [{"type": "string"}, {"type": "null"}]},
		"c": {"type": "number", "minimum": 1, "exclusiveMinimum": 0}
	}}`), "3.0.3", "3.1.0", 1))
	for _, want := range []string{
		`{"name": "a", "type": "string", "nullable": true}`,
		`{"name": "b", "type": "string", "nullable": true}`,
		`{"name": "c", "type": "number", "minimum": 1, "exclusiveMinimum": 0}`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}

func TestFields(t *testing.T) {
	got := imported(t, withResponse(`{"type": "object", "additionalProperties": false, "required": ["z", "maybe", "healthchecks"], "properties": {
		"z": {"type": "string"},
		"a": {"type": "string"},
		"maybe": {"anyOf": [{"not": {}}, {"type": "string", "format": "date-time"}], "nullable": true},
		"healthchecks": {"type": "string"},
		"healthChecks": {"type": "number"}
	}}`))
	equal(t, `{
  "endpoints": [
    {
      "id": "a-get", "method": "GET", "path": "/a",
      "response": {
        "type": "object",
        "fields": [
          {"name": "z", "required": true, "type": "string"},
          {"name": "a", "type": "string"},
          {"name": "maybe", "type": "string", "format": "date-time", "nullable": true},
          {"name": "healthchecks", "required": true, "type": "string"},
          {"name": "healthChecks", "type": "number"}
        ]
      }
    }
  ],
  "schemas": {}
}
`, got)
}

func TestEndpoints(t *testing.T) {
	got := imported(t, document(`
		"/pets/{id}": {
			"parameters": [
				{"in": "path", "name": "id", "required": true, "schema": {"type": "string"}},
				{"in": "query", "name": "limit", "schema": {"type": "integer"}},
				{"in": "header", "name": "kind", "schema": {"type": "string"}}
			],
			"put": {
				"operationId": "pets-update", "tags": ["Pets", "Owners"], "deprecated": true,
				"requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "string"}}}},
				"responses": {"204": {"description": "d"}, "default": {"description": "d"}}
			},
			"get": {
				"operationId": "pets-get", "security": [],
				"parameters": [
					{"in": "query", "name": "limit", "required": true, "deprecated": true, "schema": {"type": "integer", "maximum": 9}},
					{"in": "query", "name": "kind", "required": true, "schema": {"anyOf": [{"not": {}}, {"type": "string"}]}}
				],
				"responses": {"200": {"description": "d", "content": {"application/json": {"schema": {"type": "string"}}}}}
			}
		},
		"/owners": {
			"post": {
				"operationId": "owners-create", "security": [{}, {"key": []}],
				"requestBody": {"content": {"application/json": {"schema": {"type": "string"}}}},
				"responses": {"201": {"description": "d"}}
			}
		}`))
	equal(t, `{
  "endpoints": [
    {
      "id": "pets-update", "method": "PUT", "path": "/pets/{id}", "tags": ["Pets", "Owners"], "deprecated": true,
      "parameters": [
        {"in": "path", "name": "id", "required": true, "type": "string"},
        {"in": "query", "name": "limit", "type": "integer"},
        {"in": "header", "name": "kind", "type": "string"}
      ],
      "request": {"required": true, "type": "string"}
    },
    {
      "id": "pets-get", "method": "GET", "path": "/pets/{id}", "noKey": true,
      "parameters": [
        {"in": "path", "name": "id", "required": true, "type": "string"},
        {"in": "header", "name": "kind", "type": "string"},
        {"in": "query", "name": "limit", "required": true, "type": "integer", "deprecated": true, "maximum": 9},
        {"in": "query", "name": "kind", "type": "string"}
      ],
      "response": {"type": "string"}
    },
    {"id": "owners-create", "method": "POST", "path": "/owners", "noKey": true, "request": {"type": "string"}}
  ],
  "schemas": {}
}
`, got)
}

// In a document without line breaks, all endpoints are on the same line.
func TestOrderOfAMinifiedDocument(t *testing.T) {
	const responses = `"responses":{"204":{"description":"d"}}`
	got := imported(t, document(`"/a":{"summary":"get","patch":{"operationId":"one",`+responses+`},"get":{"operationId":"two",`+responses+`}},"/":{"put":{"operationId":"three",`+responses+`}}`))
	one, two, three := strings.Index(got, `"one"`), strings.Index(got, `"two"`), strings.Index(got, `"three"`)
	if one < 0 || one > two || two > three || strings.Count(got, `"two"`) > 1 {
		t.Error(got)
	}
}

func TestReferences(t *testing.T) {
	got := imported(t, `
openapi: 3.0.3
info: {title: t, version: "1"}
paths:
  /a:
    get:
      operationId: a-get
      parameters: [{$ref: '#/components/parameters/limit'}]
      responses: {200: {$ref: '#/components/responses/a'}}
components:
  parameters: {limit: {in: query, name: limit, schema: {$ref: '#/components/schemas/limit'}}}
  responses: {a: {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/limit'}}}}}
  schemas: {limit: {type: integer, maximum: 9}}
`)
	for _, want := range []string{
		`{"in": "query", "name": "limit", "type": "integer", "maximum": 9}`,
		`"response": {"type": "integer", "maximum": 9}`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}

func TestSharedSchemas(t *testing.T) {
	const (
		probe = `{"type": "object", "additionalProperties": false, "properties": {"a": {"type": "string"}, "b": {"type": "string"}, "c": {"type": "string"}, "d": {"type": "string"}}`
		small = `{"type": "object", "additionalProperties": false, "properties": {"x": {"type": "string"}}}`
		pet   = `{"type": "object", "additionalProperties": false, "properties": {
			"name": {"type": "string"}, "small": ` + small + `,
			"checks": {"type": "object", "additionalProperties": false, "properties": {
				"early": ` + probe + `}, "late": ` + probe + `, "nullable": true, "default": null}}}}}`
		other = `{"type": "object", "additionalProperties": false, "properties": {"e": {"type": "string"}, "f": {"type": "string"}, "h": ` + small + `}}`
	)
	get := func(id, path, schema string) string {
		return fmt.Sprintf(`"%s": {"get": {"operationId": "%s", "responses": {"200": {"description": "d", "content": {"application/json": {"schema": %s}}}}}}`, path, id, schema)
	}
	list := `{"type": "object", "additionalProperties": false, "properties": {"items": {"type": "array", "items": ` + pet + `}}}`
	got := imported(t, document(strings.Join([]string{
		get("pets-get", "/house-pets/{id}", pet),
		get("pets-list", "/house-pets", list),
		get("others-get", "/x/house-pets", other),
		get("others-again", "/y/house-pets", other),
	}, ",")))
	equal(t, `{
  "endpoints": [
    {"id": "pets-get", "method": "GET", "path": "/house-pets/{id}", "response": {"ref": "housePet"}},
    {
      "id": "pets-list", "method": "GET", "path": "/house-pets",
      "response": {
        "type": "object",
        "fields": [
          {"name": "items", "type": "array", "items": {"ref": "housePet"}}
        ]
      }
    },
    {"id": "others-get", "method": "GET", "path": "/x/house-pets", "response": {"ref": "others-get"}},
    {"id": "others-again", "method": "GET", "path": "/y/house-pets", "response": {"ref": "others-get"}}
  ],
  "schemas": {
    "check": {
      "type": "object",
      "fields": [
        {"name": "a", "type": "string"},
        {"name": "b", "type": "string"},
        {"name": "c", "type": "string"},
        {"name": "d", "type": "string"}
      ]
    },
    "housePet": {
      "type": "object",
      "fields": [
        {"name": "name", "type": "string"},
        {
          "name": "small", "type": "object",
          "fields": [
            {"name": "x", "type": "string"}
          ]
        },
        {
          "name": "checks", "type": "object",
          "fields": [
            {"name": "early", "ref": "check"},
            {"name": "late", "ref": "check", "nullable": true, "default": null}
          ]
        }
      ]
    },
    "others-get": {
      "type": "object",
      "fields": [
        {"name": "e", "type": "string"},
        {"name": "f", "type": "string"},
        {
          "name": "h", "type": "object",
          "fields": [
            {"name": "x", "type": "string"}
          ]
        }
      ]
    }
  }
}
`, got)
}

// Variants of one field all get the name of the field.
func TestDuplicateNamesAreNumbered(t *testing.T) {
	variant := func(prefix string) string {
		var fields []string
		for n := range minSharedLines {
			fields = append(fields, fmt.Sprintf(`"%s%d": {"type": "string"}`, prefix, n))
		}
		return `{"type": "object", "additionalProperties": false, "properties": {` + strings.Join(fields, ",") + `}}`
	}
	union := func(variants ...string) string { return `{"anyOf": [` + strings.Join(variants, ",") + `]}` }
	got := imported(t, withResponse(`{"type": "object", "additionalProperties": false, "properties": {"x": `+
		union(variant("a"), variant("b"), variant("c"))+`, "y": `+
		union(variant("a"), variant("b"), variant("c"), variant("d"))+`}}`))
	for _, want := range []string{`"ref": "x"`, `"ref": "a-get.x"`, `"ref": "a-get.x.2"`} {
		if strings.Count(got, want) != 2 {
			t.Errorf("%s should be used twice in\n%s", want, got)
		}
	}
}

func TestSingular(t *testing.T) {
	for plural, want := range map[string]string{"machines": "machine", "registries": "registry", "access": "access", "history": "history"} {
		equal(t, want, singular(plural))
	}
}

// The importer must not drop a fact that it does not support.
func TestUnsupportedDocuments(t *testing.T) {
	endpoint := func(members string) string {
		return document(`"/a": {"post": {"operationId": "a-post", ` + members + `}}`)
	}
	const responses = `"responses": {"204": {"description": "d"}}`
	for name, test := range map[string]struct{ document, want string }{
		"no document":                   {``, "read document: "},
		"no OpenAPI":                    {`{"a": 1}`, "read document: "},
		"no paths":                      {`{"openapi": "3.0.3", "info": {"title": "t", "version": "1"}}`, "it has no paths"},
		"no id":                         {document(`"/a": {"get": {` + responses + `}}`), "GET /a: no operationId"},
		"keyword":                       {withResponse(`{"type": "object", "additionalProperties": false, "properties": {"b": {"type": "array", "items": {"type": "string", "multipleOf": 2}}}}`), "a-get: response: b: items: keyword multipleOf is not supported"},
		"allOf":                         {withResponse(`{"allOf": [{"type": "string"}]}`), "keyword allOf"},
		"not something":                 {withResponse(`{"not": {"type": "string"}}`), "keyword not is supported in a union only"},
		"not in a union":                {withResponse(`{"anyOf": [{"not": {"type": "string"}}, {"type": "number"}]}`), "keyword not is supported in a union only"},
		"nothing but null":              {strings.Replace(withResponse(`{"type": "null"}`), "3.0.3", "3.1.0", 1), "schema without a type"},
		"two types":                     {strings.Replace(withResponse(`{"type": ["string", "number"]}`), "3.0.3", "3.1.0", 1), "more than one type"},
		"lost reference":                {withResponse(`{"anyOf": [{"$ref": "#/components/schemas/lost"}]}`), "lost"},
		"endless":                       {strings.Replace(withResponse(`{"$ref": "#/components/schemas/list"}`), `"paths"`, `"components": {"schemas": {"list": {"type": "array", "items": {"$ref": "#/components/schemas/list"}}}}, "paths"`, 1), "#/components/schemas/list contains itself"},
		"no type":                       {withResponse(`{"properties": {"b": {"type": "string"}}}`), "schema without a type"},
		"no items":                      {withResponse(`{"type": "array"}`), "array without items"},
		"no type but some are required": {withResponse(`{"required": ["b"]}`), "schema without a type"},
		"no type but no others":         {withResponse(`{"additionalProperties": false}`), "schema without a type"},
		"both unions":                   {withResponse(`{"anyOf": [{"type": "string"}], "oneOf": [{"type": "string"}]}`), "keyword oneOf is not supported beside variants"},
		"type of no variant":            {withResponse(`{"type": "number", "anyOf": [{"type": "string"}]}`), "type number beside variants of type string"},
		"type of one variant":           {withResponse(`{"type": "string", "anyOf": [{"type": "string"}, {"type": "number"}]}`), "type string beside variants of type number"},
		"type of values, not of null":   {withResponse(`{"type": "string", "anyOf": [{"type": "string"}, {"type": "string", "nullable": true}]}`), "type string beside a variant that may be null"},
		"type beside anything":          {withResponse(`{"type": "string", "anyOf": [{}]}`), "type string beside variants of type any"},
		"default of an inner union":     {withResponse(`{"anyOf": [{"anyOf": [{"type": "string"}, {"type": "number"}], "default": 1}, {"type": "boolean"}]}`), "a union within a union"},
		"deprecated inner union":        {withResponse(`{"anyOf": [{"anyOf": [{"type": "string"}, {"type": "number"}], "deprecated": true}, {"type": "boolean"}]}`), "a union within a union"},
		"beside a reference":            {strings.NewReplacer("3.0.3", "3.1.0", `"paths"`, `"components": {"schemas": {"a": {"type": "string"}}}, "paths"`).Replace(withResponse(`{"$ref": "#/components/schemas/a", "pattern": "x"}`)), "nothing is supported beside $ref"},
		"empty union":                   {withResponse(`{"anyOf": [{"not": {}}]}`), "union without a variant"},
		"required, absent":              {withResponse(`{"type": "object", "required": ["b"]}`), "required field b is not described"},
		"no success":                    {endpoint(`"responses": {"400": {"description": "d"}}`), "response: no 2xx"},
		"two of them":                   {endpoint(`"responses": {"200": {"description": "d"}, "201": {"description": "d"}}`), "response: more than one 2xx"},
		"no JSON":                       {endpoint(`"responses": {"200": {"description": "d", "content": {"text/plain": {"schema": {"type": "string"}}}}}`), "response: only application/json"},
		"JSON and more":                 {endpoint(`"responses": {"200": {"description": "d", "content": {"application/json": {"schema": {}}, "text/plain": {"schema": {}}}}}`), "response: only application/json"},
		"no content":                    {endpoint(`"requestBody": {"required": true}, ` + responses), "request: no content"},
		"no schema":                     {endpoint(`"requestBody": {"content": {"application/json": {}}}, ` + responses), "request: no schema"},
		"list parameter":                {endpoint(`"parameters": [{"in": "query", "name": "b", "schema": {"type": "array", "items": {"type": "string"}}}], ` + responses), "a-post: query parameter b: only scalar values"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := run(strings.NewReader(test.document), &out)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("want %q, got %v", test.want, err)
			}
			if out.Len() > 0 {
				t.Error("wrote", out.String())
			}
		})
	}
}

// Keywords beside variants apply to all of them, which the contract cannot express.
func TestKeywordsBesideVariantsAreRefused(t *testing.T) {
	values := map[string]string{
		"format": `"uuid"`, "enum": `["a"]`, "pattern": `"a"`, "minLength": `1`, "maxLength": `1`, "minimum": `1`,
		"exclusiveMinimum": `true`, "maximum": `1`, "items": `{}`, "properties": `{}`, "required": `["a"]`,
		"additionalProperties": `false`, "not": `{"type": "number"}`,
	}
	for keyword, isUsed := range keywords {
		if !isUsed || besideVariants[keyword] || keyword == "anyOf" || keyword == "oneOf" {
			continue
		}
		for _, union := range []string{"anyOf", "oneOf"} {
			err := run(strings.NewReader(withResponse(`{"`+union+`": [{"type": "string"}], "`+keyword+`": `+values[keyword]+`}`)), io.Discard)
			if err == nil || !strings.Contains(err.Error(), "keyword "+keyword+" is not supported beside variants") {
				t.Errorf("%s beside %s: %v", keyword, union, err)
			}
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error)  { return 0, errors.New("cut off") }
func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestBrokenStreams(t *testing.T) {
	if err := run(broken{}, &bytes.Buffer{}); err == nil || err.Error() != "read standard input: cut off" {
		t.Error(err)
	}
	if err := run(strings.NewReader(withResponse(`{}`)), broken{}); err == nil || err.Error() != "disk full" {
		t.Error(err)
	}
}

// A contract that was edited by hand can be imported itself, which formats it.
func TestStoredContractIsFormatted(t *testing.T) {
	want, err := os.ReadFile("../../../contract/contract.json")
	if err != nil {
		t.Fatal(err)
	}
	var compact, got bytes.Buffer
	if err := json.Compact(&compact, want); err != nil {
		t.Fatal(err)
	}
	if err := run(&compact, &got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got.Bytes()) {
		t.Error("contract.json is not formatted; run: go run ./internal/cmd/contract import internal/contract/contract.json")
	}
}

// The commands run as in the repository, in a copy of the files that they need.
func TestCommands(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "internal/contract", "internal/cmd/contract"} {
		from, to := filepath.Join("../../../..", name), filepath.Join(root, name)
		info, err := os.Stat(from)
		if err != nil {
			t.Fatal(err)
		}
		if info.IsDir() {
			err = os.CopyFS(to, os.DirFS(from))
		} else {
			var data []byte
			if data, err = os.ReadFile(from); err == nil {
				err = os.WriteFile(to, data, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	older := withResponse(`{"type": "string", "enum": ["a"]}`)
	newer := withResponse(`{"type": "string", "enum": ["a", "b"]}`)
	for name, data := range map[string]string{"older.json": older, "newer.json": newer} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := func(name string, args ...string) (stdout string, exit int) {
		t.Helper()
		var stderr bytes.Buffer
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.Stderr = root, &stderr
		out, err := cmd.Output()
		if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
			t.Fatal(err)
		}
		t.Log(args, stderr.String())
		return string(out), cmd.ProcessState.ExitCode()
	}
	expect := func(what, wantOut string, wantExit int, out string, exit int) {
		t.Helper()
		if out != wantOut || exit != wantExit {
			t.Errorf("%s: exit %d, output %q", what, exit, out)
		}
	}

	out, exit := command("go", "run", "./internal/cmd/contract", "import", "older.json")
	expect("import", "", 0, out, exit)
	built := filepath.Join(root, "contract.exe")
	out, exit = command("go", "build", "-o", built, "./internal/cmd/contract")
	expect("build", "", 0, out, exit)
	out, exit = command(built, "diff", "older.json")
	expect("diff of the same document", "", 0, out, exit)
	out, exit = command(built, "diff", "newer.json")
	expect("diff of a newer document", "~ a-get: GET /a\n  + response: value b\n", 1, out, exit)
	out, exit = command(built, "diff", "go.mod")
	expect("diff of an invalid document", "", 2, out, exit)
}
