package contract_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// schema parses a stored schema.
func schema(t *testing.T, text string) *contract.Schema {
	t.Helper()
	endpoints, err := contract.Parse([]byte(`{"endpoints": [{"id": "test", "response": ` + text + `}]}`))
	require.NoError(t, err)
	return endpoints[0].Response
}

func texts(issues []contract.Issue) []string {
	var all []string
	for _, issue := range issues {
		all = append(all, issue.String())
	}
	return all
}

func TestCheckPlainValues(t *testing.T) {
	for name, test := range map[string]struct {
		schema string
		good   string // JSON values, separated by |
		bad    string
		want   string
	}{
		"string":       {`{"type": "string"}`, `""|"a"`, `1`, "must be a string, not a number"},
		"number":       {`{"type": "number"}`, `1|-1.5|1e3`, `"1"`, "must be a number, not a string"},
		"integer":      {`{"type": "integer"}`, `1|50.0|5e1|123456789012345678901234567890`, `1.5|1e999999999`, "must be an integer, not a number"},
		"boolean":      {`{"type": "boolean"}`, `true|false`, `"true"`, "must be a boolean, not a string"},
		"array":        {`{"type": "array", "items": {"type": "string"}}`, `[]|["a"]`, `{}`, "must be an array, not an object"},
		"object":       {`{"type": "object"}`, `{}`, `[]`, "must be an object, not an array"},
		"anything":     {`{}`, `null|1|"a"|[{}]`, `{`, "is not JSON: unexpected EOF"},
		"null":         {`{"type": "string", "nullable": true}`, `null|"a"`, `false`, "must be a string, not a boolean"},
		"not null":     {`{"type": "string"}`, `"null"`, `null`, "must not be null"},
		"enum":         {`{"type": "string", "enum": ["a", "b"]}`, `"a"|"b"`, `"c"|""`, "must be one of a, b"},
		"constant":     {`{"type": "string", "enum": ["a"]}`, `"a"`, `"A"`, "must be a"},
		"numbers":      {`{"type": "number", "enum": [1, 2.5]}`, `1|1.0|25e-1`, `2`, "must be one of 1, 2.5"},
		"open enum":    {`{"type": "number", "enum": [1], "open": true, "exclusiveMinimum": 0}`, `1|7`, `0|-1`, "must be more than 0"},
		"minimum":      {`{"type": "number", "minimum": 1}`, `1|1.5`, `0.99`, "must be at least 1"},
		"maximum":      {`{"type": "number", "maximum": 9007199254740992}`, `9007199254740992`, `9007199254740993|1e400`, "must be at most 9007199254740992"},
		"int64":        {`{"type": "integer", "format": "int64"}`, `9223372036854775807|-9223372036854775808`, `9223372036854775808`, "must fit in 64 bits"},
		"minLength":    {`{"type": "string", "minLength": 2}`, `"éé"`, `"é"`, "must have at least 2 characters"},
		"maxLength":    {`{"type": "string", "maxLength": 2}`, `"éé"`, `"abc"`, "must have at most 2 characters"},
		"pattern":      {`{"type": "string", "pattern": "^[a-z]+$"}`, `"abc"`, `"aBc"`, "must match ^[a-z]+$"},
		"date-time":    {`{"type": "string", "format": "date-time"}`, `"2024-02-29T12:00:00Z"|"2024-02-29T12:00:00.123+02:00"`, `"2024-02-30T12:00:00Z"|"2024-02-29"`, "must be a valid date-time"},
		"uuid":         {`{"type": "string", "format": "uuid"}`, `"0f8fad5b-d9cb-469f-a165-70867728950e"`, `"0f8fad5b"|""`, "must be a valid uuid"},
		"email":        {`{"type": "string", "format": "email"}`, `"a@example.com"`, `"a"|"A <a@example.com>"`, "must be a valid email"},
		"uri":          {`{"type": "string", "format": "uri"}`, `"https://example.com"`, `"example.com"`, "must be a valid uri"},
		"other format": {`{"type": "string", "format": "color"}`, `"blue"`, `1`, "must be a string, not a number"},
		"one value":    {`{"type": "number"}`, `1`, `1 2`, "is not JSON: data after the end"},
	} {
		t.Run(name, func(t *testing.T) {
			s := schema(t, test.schema)
			for value := range strings.SplitSeq(test.good, "|") {
				assert.Empty(t, s.CheckJSON([]byte(value)), value)
			}
			for value := range strings.SplitSeq(test.bad, "|") {
				assert.Equal(t, []string{test.want}, texts(s.CheckJSON([]byte(value))), value)
			}
		})
	}
}

func TestCheckRefusesInexactNumbers(t *testing.T) {
	assert.Equal(t, []string{"must be a number, not a Go float64"}, texts(schema(t, `{"type": "number"}`).Check(1.5)))
}

func TestCheckObjects(t *testing.T) {
	const closed = `{"type": "object", "fields": [
		{"name": "a", "required": true, "type": "string"},
		{"name": "b", "type": "array", "items": {"type": "object", "fields": [{"name": "c", "type": "number"}]}}
	]`
	for name, test := range map[string]struct {
		schema, value string
		want          []string
	}{
		"good":               {closed + `}`, `{"a": "x", "b": [{}, {"c": 1}]}`, nil},
		"missing":            {closed + `}`, `{"b": []}`, []string{"a: is required"}},
		"required null":      {closed + `}`, `{"a": null}`, []string{"a: must not be null"}},
		"unknown":            {closed + `}`, `{"a": "x", "z": 1, "y": 1}`, []string{"y: is not a known field", "z: is not a known field"}},
		"case matters":       {closed + `}`, `{"A": "x"}`, []string{"a: is required", "A: is not a known field"}},
		"deep":               {closed + `}`, `{"a": "x", "b": [{}, {"c": "1", "d": 1}]}`, []string{"b[1].c: must be a number, not a string", "b[1].d: is not a known field"}},
		"open":               {closed + `, "open": true}`, `{"a": "x", "z": 1}`, nil},
		"additional":         {closed + `, "additional": {"type": "number"}}`, `{"a": "x", "z": 1}`, nil},
		"additional and bad": {closed + `, "additional": {"type": "number"}}`, `{"a": "x", "z": "1"}`, []string{"z: must be a number, not a string"}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, texts(schema(t, test.schema).CheckJSON([]byte(test.value))))
		})
	}
}

func TestCheckUnions(t *testing.T) {
	config := endpoint(t, "deployments-upsert").Request.Field("config").Schema
	metrics := endpoint(t, "deploymentMetrics-get").Response
	const v1 = `{"apiVersion": "v1", "name": "n", "image": "i", "resources": {"machineType": "C2", "ports": [80]}`
	for name, test := range map[string]struct {
		schema *contract.Schema
		value  string
		want   []string
	}{
		"by discriminator": {config, v1 + `}`, nil},
		"issues of the discriminated variant": {config, `{"apiVersion": "v0alpha0", "name": "n", "image": "i", "resources": {"machineType": "C2"}}`,
			[]string{"resources.instanceType: is required", "resources.machineType: is not a known field"}},
		"no discriminator":      {config, `{}`, []string{"apiVersion: is required"}},
		"unknown discriminator": {config, `{"apiVersion": "v2"}`, []string{"apiVersion: must be one of v0alpha0, v0alpha1, v1, latest"}},
		"null discriminator":    {config, `{"apiVersion": null}`, []string{"apiVersion: must be one of v0alpha0, v0alpha1, v1, latest"}},
		"not an object":         {config, `"v1"`, []string{"must be an object, not a string"}},
		"both spellings":        {config, v1 + `, "healthchecks": {"liveness": {"path": "/"}}, "healthChecks": {"liveness": {"exec": {"command": ["true"]}}}}`, nil},
		"nearest: exec": {config, v1 + `, "healthChecks": {"startup": {"exec": {}}}}`,
			[]string{"healthChecks.startup.exec.command: is required"}},
		"nearest: HTTP": {config, v1 + `, "healthchecks": {"startup": {"path": "/", "port": 70000}}}`,
			[]string{"healthchecks.startup.port: must be at most 65535"}},
		"within": {config, v1 + `, "integrations": [{"type": "s3", "name": "n", "url": "http://x"}]}`,
			[]string{`integrations[0].url: must match ^(s3:\/\/[a-zA-Z0-9_-]*\/[a-zA-Z0-9_-]*)`}},
		"by type":         {metrics, `[]`, nil},
		"null":            {metrics, `null`, []string{"must not be null"}},
		"object":          {metrics, `{"timestamp": "2024-01-01T00:00:00Z", "value": 1}`, []string{"value: must be a string, not a number"}},
		"nearest variant": {metrics, `[{"instanceId": "i", "values": [{"timestamp": "now", "value": "1"}]}]`, []string{"[0].values[0].timestamp: must be a valid date-time"}},
		"no variant fits": {metrics, `"x"`, []string{"must be an object, not a string"}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, texts(test.schema.CheckJSON([]byte(test.value))))
		})
	}
}

func TestDiscriminator(t *testing.T) {
	variants := func(a, b string) string {
		return `{"variants": [{"type": "object", "fields": [` + a + `]}, {"type": "object", "fields": [` + b + `]}]}`
	}
	const x = `{"name": "kind", "required": true, "type": "string", "enum": ["x"]}`
	for name, test := range map[string]struct{ schema, want string }{
		"no union":      {`{"type": "string"}`, ""},
		"constant":      {variants(x, `{"name": "kind", "required": true, "type": "string", "enum": ["y", "z"]}`), "kind"},
		"not the first": {variants(`{"name": "a", "type": "string"}, `+x, `{"name": "kind", "required": true, "type": "string", "enum": ["y"]}`), "kind"},
		"optional":      {variants(x, `{"name": "kind", "type": "string", "enum": ["y"]}`), ""},
		"overlapping":   {variants(x, `{"name": "kind", "required": true, "type": "string", "enum": ["y", "x"]}`), ""},
		"open":          {variants(x, `{"name": "kind", "required": true, "type": "string", "enum": ["y"], "open": true}`), ""},
		"any string":    {variants(x, `{"name": "kind", "required": true, "type": "string"}`), ""},
		"not in all":    {variants(x, `{"name": "Kind", "required": true, "type": "string", "enum": ["y"]}`), ""},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, schema(t, test.schema).Discriminator())
		})
	}
}

// Issues inside a value of the right type are more useful than an issue of the value's type.
func TestCheckUnionReportsTheVariantOfTheRightType(t *testing.T) {
	s := schema(t, `{"variants": [
		{"type": "string"},
		{"type": "object", "fields": [{"name": "a", "required": true, "type": "string"}, {"name": "b", "required": true, "type": "string"}]}
	]}`)
	assert.Equal(t, []string{"a: is required", "b: is required"}, texts(s.CheckJSON([]byte(`{}`))))
}

func TestCheckQuery(t *testing.T) {
	for name, test := range map[string]struct {
		endpoint, query string
		want            []string
	}{
		"empty":       {"machines-list", "", nil},
		"good":        {"machines-list", "limit=120&orderBy=name&order=asc&region=sgp1&after=", nil},
		"unknown":     {"machines-list", "Limit=1&colour=blue", []string{"Limit: is not a query parameter of machines-list", "colour: is not a query parameter of machines-list"}},
		"path param":  {"machines-get", "id=ps1", []string{"id: is not a query parameter of machines-get"}},
		"repeated":    {"machines-list", "limit=1&limit=1", []string{"limit: must be given once, not 2 times"}},
		"range":       {"machines-list", "limit=121", []string{"limit: must be at most 120"}},
		"type":        {"machines-list", "limit=many", []string{"limit: must be an integer, not a string"}},
		"no value":    {"machines-list", "limit=", []string{"limit: must be an integer, not a string"}},
		"not number":  {"machines-list", "limit=true", []string{"limit: must be an integer, not a string"}},
		"hexadecimal": {"machines-list", "limit=0x10", []string{"limit: must be an integer, not a string"}},
		"enum":        {"machines-list", "orderBy=region", []string{"orderBy: must be one of dtCreated, name, state"}},
		"missing":     {"machineAvailability-list", "region=ny2", []string{"machineType: is required"}},
		"on a delete": {"projectTags-remove", "name=x", nil},
	} {
		t.Run(name, func(t *testing.T) {
			query, err := url.ParseQuery(test.query)
			require.NoError(t, err)
			assert.Equal(t, test.want, texts(endpoint(t, test.endpoint).CheckQuery(query)))
		})
	}
}

func TestCheckQueryBooleans(t *testing.T) {
	endpoints, err := contract.Parse([]byte(`{"endpoints": [{"id": "a", "parameters": [{"in": "query", "name": "b", "type": "boolean"}]}]}`))
	require.NoError(t, err)
	assert.Empty(t, endpoints[0].CheckQuery(url.Values{"b": {"true"}}))
	assert.Equal(t, []string{"b: must be a boolean, not a string"}, texts(endpoints[0].CheckQuery(url.Values{"b": {"1"}})))
}

func TestCheckPath(t *testing.T) {
	secret := endpoint(t, "projectSecrets-getProjectSecret")
	assert.Empty(t, secret.CheckPath(map[string]string{"id": "p1", "name": "TOKEN_2"}))
	assert.Equal(t, []string{"name: must match ^[a-zA-Z][a-zA-Z0-9_]*$"}, texts(secret.CheckPath(map[string]string{"id": "p1", "name": "2"})))
	assert.Equal(t, []string{"id: is required"}, texts(secret.CheckPath(map[string]string{"name": "TOKEN"})))

	deployment := endpoint(t, "deployments-get")
	assert.Equal(t, []string{"id: must be a valid uuid"}, texts(deployment.CheckPath(map[string]string{"id": "d1"})))
}
