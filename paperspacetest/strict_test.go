package paperspacetest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func TestEveryEndpointIsServed(t *testing.T) {
	b := newBench(t)
	for _, e := range contract.Endpoints() {
		path := strings.NewReplacer("{", "", "}", "").Replace(e.Path)
		if e.ID == "storageProviders-get" {
			path = "/storage-providers/spnothing"
		}
		status, response := b.send(e.Method, path, "", "Authorization", "Bearer "+b.Key())
		assert.NotContains(t, response, `"Not found"`, e.ID)
		assert.Less(t, status, 500, e.ID)
	}
	assert.Len(t, b.Calls(), len(contract.Endpoints()))
}

func TestRequestsThatViolateTheContractAreRefused(t *testing.T) {
	b := newBench(t)
	id := b.machine(false)
	authorization, contentType := "Bearer "+b.Key(), "application/json"
	for name, test := range map[string]struct {
		method, path, body         string
		authorization, contentType string
		status                     int
		code, contains             string
	}{
		"no key":                    {"GET", "/machines", "", "", "", 401, "UNAUTHORIZED", "You must be logged in to access this method."},
		"wrong key":                 {"GET", "/machines", "", "Bearer wrong", "", 401, "UNAUTHORIZED", "You must be logged in to access this method."},
		"no bearer":                 {"GET", "/machines", "", b.Key(), "", 401, "UNAUTHORIZED", "You must be logged in"},
		"unknown path":              {"GET", "/machine", "", authorization, "", 404, "NOT_FOUND", `"Not found"`},
		"unknown query":             {"GET", "/machines?colour=red", "", authorization, "", 400, "BAD_REQUEST", "colour: is not"},
		"query twice":               {"GET", "/machines?name=a&name=b", "", authorization, "", 400, "BAD_REQUEST", "name: must be given once"},
		"broken query":              {"GET", "/machines?name=%zz", "", authorization, "", 400, "BAD_REQUEST", "query"},
		"limit too small":           {"GET", "/machines?limit=0", "", authorization, "", 400, "BAD_REQUEST", "limit"},
		"limit too large":           {"GET", "/machines?limit=121", "", authorization, "", 400, "BAD_REQUEST", "limit"},
		"limit not a number":        {"GET", "/machines?limit=many", "", authorization, "", 400, "BAD_REQUEST", "limit"},
		"wrong order":               {"GET", "/machines?order=up", "", authorization, "", 400, "BAD_REQUEST", "order"},
		"wrong orderBy":             {"GET", "/machine-events?orderBy=name", "", authorization, "", 400, "BAD_REQUEST", "orderBy"},
		"invalid cursor":            {"GET", "/machines?after=junk", "", authorization, "", 400, "BAD_REQUEST", "Invalid cursor"},
		"missing query":             {"GET", "/machine-availability?region=ny2", "", authorization, "", 400, "BAD_REQUEST", "machineType: is required"},
		"malformed id":              {"GET", "/deployments/psm9u09bwu5i", "", authorization, "", 400, "BAD_REQUEST", "uuid"},
		"missing field":             {"POST", "/machines", `{"name":"a"}`, authorization, contentType, 400, "BAD_REQUEST", "diskSize: is required"},
		"unknown field":             {"POST", "/machines", machineBody + `,"colour":"red"}`, authorization, contentType, 400, "BAD_REQUEST", "colour: is not a known field"},
		"wrong type":                {"POST", "/machines", machineBody + `,"startOnCreate":"yes"}`, authorization, contentType, 400, "BAD_REQUEST", "startOnCreate: must be a boolean"},
		"null":                      {"POST", "/machines", machineBody + `,"networkId":null}`, authorization, contentType, 400, "BAD_REQUEST", "networkId: must not be null"},
		"enum":                      {"POST", "/machines", machineBody + `,"publicIpType":"fixed"}`, authorization, contentType, 400, "BAD_REQUEST", "publicIpType: must be one of"},
		"range":                     {"POST", "/machines", strings.Replace(machineBody, "50", "0", 1) + `}`, authorization, contentType, 400, "BAD_REQUEST", "diskSize: must be more than 0"},
		"pattern":                   {"POST", "/teams/taekk107hp/secrets", `{"name":"1st","value":"x"}`, authorization, contentType, 400, "BAD_REQUEST", "name: must match"},
		"too long":                  {"POST", "/projects", `{"name":"` + strings.Repeat("x", 129) + `"}`, authorization, contentType, 400, "BAD_REQUEST", "name: must have at most 128"},
		"not an object":             {"POST", "/projects", `[]`, authorization, contentType, 400, "BAD_REQUEST", "must be an object"},
		"broken JSON":               {"POST", "/projects", `{"name":`, authorization, contentType, 400, "BAD_REQUEST", "Failed to parse"},
		"two bodies":                {"POST", "/projects", `{"name":"a"}{}`, authorization, contentType, 400, "BAD_REQUEST", "Failed to parse"},
		"no body":                   {"POST", "/projects", ``, authorization, contentType, 400, "BAD_REQUEST", "Failed to parse"},
		"content type":              {"POST", "/projects", `{"name":"a"}`, authorization, "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE", "text/plain"},
		"no content type":           {"POST", "/projects", `{"name":"a"}`, authorization, "", 415, "UNSUPPORTED_MEDIA_TYPE", "content-type"},
		"content type without body": {"PATCH", "/machines/" + id + "/start", ``, authorization, contentType, 400, "BAD_REQUEST", "Failed to parse"},
		"unexpected body":           {"PATCH", "/machines/" + id + "/start", `{"now":true}`, authorization, contentType, 400, "BAD_REQUEST", "accepts no body"},
		"GET with body":             {"GET", "/machines", `{}`, authorization, contentType, 400, "BAD_REQUEST", "accepts no body"},
		"body too large":            {"POST", "/projects", `{"name":"` + strings.Repeat("x", 9<<20) + `"}`, authorization, contentType, 413, "PAYLOAD_TOO_LARGE", "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			b := *b
			b.t = t
			var headers []string
			if test.authorization != "" {
				headers = append(headers, "Authorization", test.authorization)
			}
			if test.contentType != "" {
				headers = append(headers, "Content-Type", test.contentType)
			}
			status, response := b.send(test.method, test.path, test.body, headers...)
			assert.Equal(t, test.status, status, response)
			var e map[string]any
			require.NoError(t, json.Unmarshal([]byte(response), &e))
			assert.Contains(t, response+flatIssues(e), test.contains)
			assert.Equal(t, test.code, e["code"])
			assert.NotEmpty(t, e["message"])
		})
	}
	assert.Empty(t, b.ok("GET", "/projects", "")["items"], "a refused call has no effect")
	assert.Equal(t, "off", b.state(id))
}

func TestWritesWithoutABody(t *testing.T) {
	b := newBench(t)
	id := b.machine(false)
	b.ok("PATCH", "/machines/"+id+"/start", "")
	b.clock.Advance(time.Hour)
	status, _ := b.send("GET", "/machines", "", "Authorization", "Bearer "+b.Key(), "Content-Type", "application/json")
	assert.Equal(t, http.StatusOK, status, "a GET may have a content type")
	project := b.ok("POST", "/projects", `{"name":"a"}`)["id"].(string)
	model := b.ok("POST", "/models", `{"name":"m"}`)["id"].(string)
	assert.Equal(t, project, b.ok("POST", "/projects/"+project+"/models/"+model, "")["projectId"])
}

func TestOSTemplatesNeedNoKey(t *testing.T) {
	b := newBench(t)
	status, response := b.send("GET", "/os-templates?name=22.04", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, response, "t0nspur5")
}

// TestDeviations tests that each deviation exists and can be turned off alone.
func TestDeviations(t *testing.T) {
	created := machineBody + `,"startOnCreate":true}`
	type observation = func(b *bench) any
	authorized := func(b *bench) []string { return []string{"Authorization", "Bearer " + b.Key()} }
	tests := map[paperspacetest.Deviation]struct {
		observe      observation
		live, strict any
	}{
		paperspacetest.LongRegions: {func(b *bench) any { return b.ok("GET", "/machines/"+b.machine(false), "")["region"] },
			"East Coast (NY2)", "ny2"},
		paperspacetest.IntegersAsStrings: {func(b *bench) any { return b.ok("GET", "/machines/"+b.machine(false), "")["ram"] },
			"2147483648", 2147483648.0},
		paperspacetest.NullInNewMachines: {func(b *bench) any {
			m := b.ok("POST", "/machines", created)["data"].(object)
			return []bool{m["ram"] == nil, m["storageTotal"] == nil, m["storageUsed"] == nil, m["region"] == nil}
		}, []bool{true, true, true, true}, []bool{false, false, false, false}},
		paperspacetest.NullNextPage: {func(b *bench) any {
			page := b.ok("GET", "/machines", "")
			_, ok := page["nextPage"]
			return ok && page["nextPage"] == nil
		}, true, false},
		paperspacetest.NullSession: {func(b *bench) any {
			status, response := b.send("GET", "/auth/session", "", "Authorization", "Bearer wrong")
			return []any{status, response == "null"}
		}, []any{200, true}, []any{401, false}},
		paperspacetest.NullPrivateNetwork: {func(b *bench) any {
			unknown, response := b.send("GET", "/private-networks/nnothing", "", authorized(b)...)
			_, ofDefault := b.send("GET", "/private-networks/"+paperspacetest.DefaultNetworkID, "", authorized(b)...)
			return []any{unknown, response == "null", ofDefault == "null"}
		}, []any{200, true, true}, []any{404, false, false}},
		paperspacetest.No405: {func(b *bench) any {
			status, _ := b.send("PUT", "/machines", "", authorized(b)...)
			return status
		}, 404, 405},
		paperspacetest.Issues: {func(b *bench) any {
			_, response := b.call("GET", "/machines?limit=0&colour=red", "")
			_, details := response["details"]
			issues, _ := response["issues"].([]any)
			return []any{len(issues), details}
		}, []any{2, false}, []any{0, true}},
		paperspacetest.EmptyObjectBody: {func(b *bench) any {
			status, _ := b.call("PATCH", "/machines/"+b.machine(false)+"/start", "{}")
			return status
		}, 200, 400},
	}
	require.Len(t, tests, len(paperspacetest.Deviations()), "every deviation needs a test")
	for d, test := range tests {
		t.Run(string(d), func(t *testing.T) {
			assert.Equal(t, test.live, test.observe(newBench(t)))
			assert.Equal(t, test.strict, test.observe(newBench(t, paperspacetest.WithStrictContract(d))))
			assert.Equal(t, test.strict, test.observe(newBench(t, paperspacetest.WithStrictContract())))
			for _, other := range paperspacetest.Deviations() {
				if other != d {
					assert.Equal(t, test.live, test.observe(newBench(t, paperspacetest.WithStrictContract(other))), other)
				}
			}
		})
	}
}

func TestChangesAreVisible(t *testing.T) {
	b := newBench(t)
	path := "/datasets/" + b.ok("POST", "/datasets", `{"name":"a"}`)["id"].(string)
	b.clock.Advance(time.Second)
	changed := b.ok("PUT", path, `{"name":"b"}`)
	assert.Equal(t, "2026-03-01T12:00:01.000Z", changed["dtModified"])
	assert.Equal(t, "2026-03-01T12:00:00.000Z", changed["dtCreated"])

	provider := `{"name":"p","storageProviderType":"s3","isTeamDefault":true,"s3Config":{"bucket":"b","accessKey":"a","secretAccessKey":"s"}}`
	first := "/storage-providers/" + b.ok("POST", "/storage-providers", provider)["id"].(string)
	b.ok("POST", "/storage-providers", provider)
	assert.Equal(t, false, b.ok("GET", first, "")["isTeamDefault"], "a team has one default provider")

	project := b.ok("POST", "/projects", project)["id"].(string)
	model := b.ok("POST", "/models", `{"name":"m","projectId":"`+project+`"}`)["id"].(string)
	b.ok("DELETE", "/projects/"+project, "")
	assert.Nil(t, b.ok("GET", "/models/"+model, "")["projectId"], "a model outlives its project")

	available := func() (is any) {
		for _, template := range b.ok("GET", "/os-templates?name=22.04", "")["items"].([]any) {
			for _, machineType := range template.(object)["availableMachineTypes"].([]any) {
				if machineType.(object)["machineTypeLabel"] == "A4000" {
					is = machineType.(object)["isAvailable"]
				}
			}
		}
		return is
	}
	b.SetAvailable("A4000", "ny2", false)
	b.SetAvailable("A4000", "ca1", false)
	assert.Equal(t, true, available(), "the type is still available in ams1")
	b.SetAvailable("A4000", "ams1", false)
	assert.Equal(t, false, available())
}

// The contract allows any number in requests, but only integers in responses.
func TestInvalidSizes(t *testing.T) {
	b := newBench(t)
	for _, size := range []string{"50.5", "1e30", "1e400"} {
		message := b.refused(http.StatusBadRequest, "POST", "/shared-drives", `{"name":"d","region":"ny2","size":`+size+`,"networkId":"n8fw0k2me"}`)
		assert.Contains(t, message, "size", size)
	}
	m := b.ok("POST", "/machines", strings.Replace(machineBody, "50", "1e30", 1)+`}`)
	b.clock.Advance(time.Hour)
	assert.Equal(t, "9223372035781033984", b.ok("GET", "/machines/"+at(m, "data.id").(string), "")["storageTotal"])
}

// flatIssues returns the issues of a refusal as "path: message", one a line.
func flatIssues(refusal object) string {
	var lines strings.Builder
	issues, _ := refusal["issues"].([]any)
	for _, issue := range issues {
		path := fmt.Sprint(issue.(object)["path"].([]any)...)
		fmt.Fprintf(&lines, "%s: %s\n", path, issue.(object)["message"])
	}
	return lines.String()
}
