package contract_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// ids returns the ids of the endpoints for which the predicate holds, in the contract's order.
func ids(holds func(*contract.Endpoint) bool) []string {
	var matching []string
	for _, e := range contract.Endpoints() {
		if holds(e) {
			matching = append(matching, e.ID)
		}
	}
	return matching
}

// visit calls f for s and for all schemas inside it.
func visit(path string, s *contract.Schema, f func(path string, s *contract.Schema)) {
	f(path, s)
	for _, field := range s.Fields {
		visit(path+"."+field.Name, field.Schema, f)
	}
	if s.Items != nil {
		visit(path+"[]", s.Items, f)
	}
	if s.Additional != nil {
		visit(path+".*", s.Additional, f)
	}
	for _, variant := range s.Variants {
		visit(path, variant, f)
	}
}

func fieldNames(s *contract.Schema) []string {
	var names []string
	for _, f := range s.Fields {
		names = append(names, f.Name)
	}
	return names
}

func endpoint(t *testing.T, id string) *contract.Endpoint {
	t.Helper()
	e := contract.Lookup(id)
	require.NotNil(t, e, id)
	return e
}

func TestEndpoints(t *testing.T) {
	endpoints := contract.Endpoints()
	assert.Equal(t, "auth-session", endpoints[0].ID)
	routes := map[string]bool{}
	for _, e := range endpoints {
		assert.Same(t, e, contract.Lookup(e.ID))
		assert.NotNil(t, e.Response, e.ID)
		assert.NotEmpty(t, e.Tags, e.ID)
		routes[e.Method+" "+e.Path] = true
	}
	assert.Len(t, routes, len(endpoints), "two endpoints have the same method and path")
	assert.Nil(t, contract.Lookup("machines-explode"))
}

func TestPathParametersMatchTheTemplate(t *testing.T) {
	for _, e := range contract.Endpoints() {
		var inPath, inTemplate []string
		for _, p := range e.Parameters {
			if p.In == contract.InPath {
				inPath = append(inPath, p.Name)
				assert.True(t, p.Required, "%s: %s", e.ID, p.Name)
			}
		}
		for _, m := range regexp.MustCompile(`{(\w+)}`).FindAllStringSubmatch(e.Path, -1) {
			inTemplate = append(inTemplate, m[1])
		}
		assert.ElementsMatch(t, inTemplate, inPath, e.ID)
	}
}

func TestOnlyOSTemplatesListNeedsNoKey(t *testing.T) {
	assert.Equal(t, []string{"osTemplates-list"}, ids(func(e *contract.Endpoint) bool { return e.NoKey }))
}

func TestResponseShapes(t *testing.T) {
	lists := ids((*contract.Endpoint).IsList)
	for _, id := range lists {
		e := endpoint(t, id)
		for _, name := range []string{"after", "limit", "orderBy", "order"} {
			assert.True(t, slices.ContainsFunc(e.Parameters, func(p contract.Parameter) bool {
				return p.In == contract.InQuery && p.Name == name
			}), "%s: %s", id, name)
		}
		assert.False(t, e.Response.Field("nextPage").Required, id)
	}

	events := ids((*contract.Endpoint).ReturnsEvent)
	assert.Equal(t, []string{"machines-update"}, slices.DeleteFunc(events, func(id string) bool {
		return contract.Lookup(id).Response.Field("event").Required
	}), "the event must be optional in machines-update only")

	assert.Equal(t, []string{"deploymentRuns-get"}, ids(func(e *contract.Endpoint) bool {
		return e.Response.Type == "array"
	}))
	assert.Equal(t, []string{"deploymentMetrics-get"}, ids(func(e *contract.Endpoint) bool {
		return len(e.Response.Variants) > 0
	}))
	assert.Equal(t, []string{"auth-session", "privateNetworks-get"}, ids(func(e *contract.Endpoint) bool {
		return e.Response.Nullable
	}))
}

func TestResponsesWithKeysOnly(t *testing.T) {
	keys := []string{"id", "userId", "name", "datasetId", "version", "ip", "deploymentId"}
	keysOnly := ids(func(e *contract.Endpoint) bool {
		names := fieldNames(e.Response)
		return len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(keys, name) })
	})
	assert.Equal(t, []string{
		"deployments-delete", "deployments-upsert", "privateNetworks-delete", "projectCollaborators-delete",
		"projectSecrets-delete", "datasets-delete", "datasetVersions-delete", "models-delete",
		"publicIps-release", "sharedDrives-delete", "storageProviders-delete", "teamSecrets-delete",
	}, keysOnly)
}

func TestRequests(t *testing.T) {
	assert.ElementsMatch(t, []string{"machines-start", "machines-stop", "machines-restart", "projectModels-add"},
		ids(func(e *contract.Endpoint) bool {
			return e.Request == nil && slices.Contains([]string{"POST", "PUT", "PATCH"}, e.Method)
		}))
	assert.Empty(t, ids(func(e *contract.Endpoint) bool { return e.Request != nil && !e.Request.Required }))
	assert.Equal(t, []string{"projectTags-remove"}, ids(func(e *contract.Endpoint) bool {
		return e.Method != "GET" && slices.ContainsFunc(e.Parameters, func(p contract.Parameter) bool {
			return p.In == contract.InQuery
		})
	}))
}

func TestNullableRequestFields(t *testing.T) {
	var nullable []string
	for _, e := range contract.Endpoints() {
		if e.Request == nil {
			continue
		}
		visit(e.ID, e.Request.Schema, func(path string, s *contract.Schema) {
			if s.Nullable {
				nullable = append(nullable, path)
			}
		})
	}
	assert.ElementsMatch(t, []string{
		"deployments-upsert.deploymentId",
		"datasets-create.description", "datasets-update.description", "models-create.description",
		"publicIps-assign.machineId",
		"storageProviders-create.s3Config.endpoint", "storageProviders-create.s3Config.region",
		"storageProviders-create.s3Config.signatureVersion", "storageProviders-create.s3Config.retainData",
		"storageProviders-update.s3Config.endpoint", "storageProviders-update.s3Config.region",
		"storageProviders-update.s3Config.signatureVersion", "storageProviders-update.s3Config.retainData",
	}, nullable)
	assert.True(t, endpoint(t, "publicIps-assign").Request.Field("machineId").Required)
}

func TestOrderBy(t *testing.T) {
	sets := map[string]bool{}
	for _, e := range contract.Endpoints() {
		for _, p := range e.Parameters {
			if p.Name == "orderBy" {
				sets[strings.Trim(fmt.Sprint(p.Enum), "[]")] = true
			}
		}
	}
	assert.Equal(t, map[string]bool{
		"dtCreated": true, "dtCreated name": true, "dtCreated name state": true, "id": true, "name": true, "dtConfirmed": true,
	}, sets)
}

func TestOpenEnums(t *testing.T) {
	create := endpoint(t, "machines-create").Request
	region := create.Field("region")
	assert.Equal(t, []any{"ny2", "ca1", "ams1"}, region.Enum)
	assert.True(t, region.Open)

	size := create.Field("diskSize")
	assert.Len(t, size.Enum, 10)
	assert.Equal(t, json.Number("50"), size.Enum[0])
	assert.True(t, size.Open)
	assert.Equal(t, json.Number("0"), size.ExclusiveMinimum)

	assert.False(t, create.Field("publicIpType").Open)
}

func TestOptionalAndNullableFields(t *testing.T) {
	deleted := endpoint(t, "customTemplates-get").Response.Field("dtDeleted")
	assert.False(t, deleted.Required)
	assert.True(t, deleted.Nullable)
	assert.Equal(t, "date-time", deleted.Format)

	params := endpoint(t, "datasets-list").Parameters
	privacy := params[slices.IndexFunc(params, func(p contract.Parameter) bool { return p.Name == "privacy" })]
	assert.False(t, privacy.Required)
	assert.Equal(t, []any{"PUBLIC", "PRIVATE"}, privacy.Enum)
	assert.JSONEq(t, `"PRIVATE"`, string(privacy.Default))
}

func TestDeploymentConfig(t *testing.T) {
	config := endpoint(t, "deployments-upsert").Request.Field("config")
	require.Len(t, config.Variants, 3)
	assert.Equal(t, "apiVersion", config.Discriminator())
	assert.Equal(t, []any{"v1", "latest"}, config.Variants[2].Field("apiVersion").Enum)
	for _, variant := range config.Variants[1:] {
		assert.NotNil(t, variant.Field("healthchecks"))
		assert.NotNil(t, variant.Field("healthChecks"))
		assert.NotSame(t, variant.Field("healthchecks"), variant.Field("healthChecks"))
		assert.Equal(t, "type", variant.Field("integrations").Items.Discriminator())
		assert.Len(t, variant.Field("integrations").Items.Variants, 5)
	}
	checks := config.Variants[0].Field("healthChecks")
	assert.Nil(t, config.Variants[0].Field("healthchecks"))
	assert.Len(t, checks.Field("liveness").Variants, 2)
	assert.Empty(t, checks.Field("liveness").Discriminator(), "HTTP and exec checks have no discriminator")
	assert.Equal(t, "metric", config.Variants[2].Field("resources").Field("autoscaling").Field("metrics").Items.Discriminator())
}

func TestSharedSchemas(t *testing.T) {
	places := map[string]int{}
	for _, e := range contract.Endpoints() {
		for _, s := range e.Schemas() {
			visit(e.ID, s, func(_ string, s *contract.Schema) {
				if s.Ref != "" {
					places[s.Ref]++
				}
			})
		}
	}
	for _, e := range contract.Endpoints() {
		if e.ReturnsEvent() {
			assert.Equal(t, "event", e.Response.Field("event").Ref, e.ID)
		}
	}
	get, list := endpoint(t, "machines-get").Response, endpoint(t, "machines-list").Response.Field("items").Items
	assert.Equal(t, get, list)
	assert.Contains(t, fieldNames(get), "publicIp")
	for _, name := range slices.Sorted(maps.Keys(places)) {
		assert.Greater(t, places[name], 1, name)
	}
}

func TestParse(t *testing.T) {
	endpoints, err := contract.Parse([]byte(`{
		"endpoints": [{
			"id": "pets-get", "method": "GET", "path": "/pets/{id}",
			"response": {"ref": "pet", "nullable": true, "default": null}
		}],
		"schemas": {
			"pet": {"type": "object", "fields": [
				{"name": "owner", "required": true, "ref": "owner"},
				{"name": "vet", "ref": "owner", "nullable": true, "deprecated": true}
			]},
			"owner": {"type": "object", "fields": [{"name": "name", "type": "string"}]}
		}
	}`))
	require.NoError(t, err)
	pet := endpoints[0].Response
	assert.Equal(t, "pet", pet.Ref)
	assert.Equal(t, "object", pet.Type)
	assert.True(t, pet.Nullable)
	assert.Equal(t, "null", string(pet.Default))
	assert.Equal(t, "string", pet.Field("owner").Field("name").Type)
	assert.False(t, pet.Field("owner").Nullable, "nullable belongs to the reference")
	assert.True(t, pet.Field("vet").Nullable)
	assert.True(t, pet.Field("vet").Deprecated)
}

func TestParseErrors(t *testing.T) {
	for name, test := range map[string]struct{ data, want string }{
		"not JSON":      {`{`, "unexpected EOF"},
		"trailing data": {`{} {}`, "data after the end"},
		"unknown member": {`{"endpoints": [{"id": "a", "summary": "prose"}]}`,
			"unknown field"},
		"same id twice": {`{"endpoints": [{"id": "a"}, {"id": "a"}]}`,
			"duplicate endpoint a"},
		"no such schema": {`{"endpoints": [{"id": "a", "response": {"ref": "b"}}]}`,
			`a: no shared schema "b"`},
		"schema within itself": {`{"endpoints": [{"id": "a", "response": {"ref": "b"}}],
			"schemas": {"b": {"type": "array", "items": {"ref": "b"}}}}`,
			"contains itself"},
		"bad pattern": {`{"endpoints": [{"id": "a", "response": {"type": "string", "pattern": "("}}]}`,
			"missing closing )"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := contract.Parse([]byte(test.data))
			assert.ErrorContains(t, err, test.want)
		})
	}
}
