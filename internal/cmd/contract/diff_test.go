package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDiffOfEndpoints(t *testing.T) {
	const (
		list = `{"id": "pets-list", "method": "GET", "path": "/pets", "tags": ["Pets"],
			"parameters": [{"in": "query", "name": "limit", "type": "integer", "maximum": 120, "default": 10}],
			"response": {"type": "array", "items": {"type": "string"}}}`
		create = `{"id": "pets-create", "method": "POST", "path": "/pets",
			"request": {"required": true, "type": "object", "fields": [{"name": "kind", "required": true, "type": "string", "enum": ["cat", "dog"]}]}}`
	)
	for name, test := range map[string]struct {
		before, after string
		want          []string
	}{
		"same":      {list + "," + create, list + "," + create, nil},
		"reordered": {list + "," + create, create + "," + list, nil},
		"added": {list, list + "," + create, []string{
			"+ pets-create: POST /pets",
			"  + request: object, required",
			"  + request kind: string, required, values cat dog",
		}},
		"removed": {list + "," + create, create, []string{
			"- pets-list: GET /pets",
			"  - query limit: integer, maximum 120, default 10",
			"  - response: array",
			"  - response[]: string",
		}},
		"added without content": {list, list + `,{"id": "a", "method": "GET", "path": "/a"}`, []string{"+ a: GET /a"}},
		"attributes": {
			`{"id": "a", "method": "GET", "path": "/a", "tags": ["A"]}`,
			`{"id": "a", "method": "PUT", "path": "/b", "tags": ["A", "B"], "noKey": true, "deprecated": true}`,
			[]string{
				"~ a: PUT /b",
				"  ~ endpoint: method GET -> PUT",
				"  ~ endpoint: path /a -> /b",
				"  ~ endpoint: tags A -> A, B",
				"  ~ endpoint: needs a key yes -> no",
				"  ~ endpoint: deprecated no -> yes",
			}},
		"parameters": {
			`{"id": "a", "method": "GET", "path": "/a", "parameters": [{"in": "query", "name": "x", "type": "string"}, {"in": "query", "name": "y", "type": "string"}]}`,
			`{"id": "a", "method": "GET", "path": "/a", "parameters": [{"in": "header", "name": "x", "type": "string"}, {"in": "query", "name": "y", "required": true, "type": "string"}]}`,
			[]string{
				"~ a: GET /a",
				"  - query x: string",
				"  ~ query y: required no -> yes",
				"  + header x: string",
			}},
		"request": {
			`{"id": "a", "method": "PUT", "path": "/a", "request": {"required": true, "type": "object"}}`,
			`{"id": "a", "method": "PUT", "path": "/a", "request": {"type": "object"}}`,
			[]string{"~ a: PUT /a", "  ~ request: required yes -> no"}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, diff(parse(t, test.before), parse(t, test.after)))
		})
	}
}

func TestDiffOfSchemas(t *testing.T) {
	object := func(fields string) string { return `{"type": "object", "fields": [` + fields + `]}` }
	for name, test := range map[string]struct {
		before, after string
		want          []string
	}{
		"reordered": {
			object(`{"name": "a", "type": "string", "enum": ["x", "y"]}, {"name": "b", "type": "string"}`),
			object(`{"name": "b", "type": "string"}, {"name": "a", "type": "string", "enum": ["y", "x"]}`),
			nil},
		"field added": {object(``), object(`{"name": "a", "required": true, "type": "string", "format": "uuid", "nullable": true}`),
			[]string{"  + response a: string, required, nullable, format uuid"}},
		"field removed": {object(`{"name": "a", "type": "string"}`), object(``),
			[]string{"  - response a: string"}},
		"renamed by case": {object(`{"name": "a", "type": "string"}`), object(`{"name": "A", "type": "string"}`),
			[]string{"  - response a: string", "  + response A: string"}},
		"field with nested fields": {object(``), object(`{"name": "a", "type": "array", "items": {"type": "object", "fields": [{"name": "b", "type": "number"}]}}`),
			[]string{"  + response a: array", "  + response a[]: object", "  + response a[].b: number"}},
		"enum": {`{"type": "string", "enum": ["x", "y"]}`, `{"type": "string", "enum": ["y", "z"]}`,
			[]string{"  - response: value x", "  + response: value z"}},
		"enum of numbers": {`{"type": "number", "enum": [1]}`, `{"type": "number", "enum": [1, 2]}`,
			[]string{"  + response: value 2"}},
		"default null": {`{"type": "string", "nullable": true}`, `{"type": "string", "nullable": true, "default": null}`,
			[]string{"  ~ response: default none -> null"}},
		"every attribute": {
			`{"type": "string"}`,
			`{"type": "number", "nullable": true, "deprecated": true, "open": true, "format": "f", "pattern": "p", "minLength": 0, "maxLength": 2,
				"minimum": 3, "exclusiveMinimum": 4, "maximum": 5, "default": 6}`,
			[]string{
				"  ~ response: type string -> number",
				"  ~ response: nullable no -> yes",
				"  ~ response: deprecated no -> yes",
				"  ~ response: open no -> yes",
				"  ~ response: format none -> f",
				"  ~ response: pattern none -> p",
				"  ~ response: minLength none -> 0",
				"  ~ response: maxLength none -> 2",
				"  ~ response: minimum none -> 3",
				"  ~ response: exclusiveMinimum none -> 4",
				"  ~ response: maximum none -> 5",
				"  ~ response: default none -> 6",
			}},
		"closed": {`{"type": "object", "open": true}`, `{"type": "object"}`,
			[]string{"  ~ response: open yes -> no"}},
		"additional": {`{"type": "object", "additional": {"type": "string"}}`, `{"type": "object", "additional": {}}`,
			[]string{"  ~ response *: type string -> any"}},
		"items": {`{"type": "array", "items": {"type": "string"}}`, `{"type": "array", "items": {"type": "string", "nullable": true}}`,
			[]string{"  ~ response[]: nullable no -> yes"}},
		"became a union": {`{"type": "string"}`, `{"variants": [{"type": "string"}, {"type": "number"}]}`,
			[]string{"  ~ response: type string -> union", "  + response(string): string", "  + response(number): number"}},
		"variant by constant": {
			`{"variants": [{"type": "object", "fields": [{"name": "v", "required": true, "type": "string", "enum": ["1"]}]},
				{"type": "object", "fields": [{"name": "v", "required": true, "type": "string", "enum": ["2"]}]}]}`,
			`{"variants": [{"type": "object", "fields": [{"name": "v", "required": true, "type": "string", "enum": ["2", "latest"]}, {"name": "x", "type": "string"}]},
				{"type": "object", "fields": [{"name": "v", "required": true, "type": "string", "enum": ["3"]}]}]}`,
			[]string{
				"  - response(v=1): object",
				"  - response(v=1).v: string, required, values 1",
				"  + response(v=2).v: value latest",
				"  + response(v=2).x: string",
				"  + response(v=3): object",
				"  + response(v=3).v: string, required, values 3",
			}},
		"variant by required constant": {
			`{"variants": [{"type": "object", "fields": [{"name": "o", "type": "string", "enum": ["1"]}, {"name": "v", "required": true, "type": "string", "enum": ["1"]}]}]}`,
			`{"variants": [{"type": "object", "fields": [{"name": "o", "type": "string", "enum": ["2"]}, {"name": "v", "required": true, "type": "string", "enum": ["1"]}]}]}`,
			[]string{"  - response(v=1).o: value 1", "  + response(v=1).o: value 2"}},
		"variant by required fields": {
			`{"variants": [{"type": "object", "fields": [{"name": "a", "required": true, "type": "string"}]}, {"type": "array", "items": {"type": "object", "fields": [{"name": "b", "required": true, "type": "string"}]}}]}`,
			`{"variants": [{"type": "array", "items": {"type": "object", "fields": [{"name": "b", "required": true, "type": "number"}]}}, {"type": "object", "fields": [{"name": "a", "required": true, "type": "number"}]}]}`,
			[]string{
				"  ~ response(a).a: type string -> number",
				"  ~ response([]b)[].b: type string -> number",
			}},
	} {
		t.Run(name, func(t *testing.T) {
			endpoint := func(response string) string {
				return `{"id": "a", "method": "GET", "path": "/a", "response": ` + response + `}`
			}
			got := diff(parse(t, endpoint(test.before)), parse(t, endpoint(test.after)))
			if test.want == nil {
				assert.Empty(t, got)
				return
			}
			assert.Equal(t, append([]string{"~ a: GET /a"}, test.want...), got)
		})
	}
}
