package paperspace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/apidoc"
	"github.com/paperspace-go/paperspace/internal/contract"
)

// The tests in the conformance files compare the SDK with the contract. They find the method of each endpoint by the
// API line in its doc, and make requests and responses from the contract alone.

// conformingMethod is the method that calls an endpoint.
type conformingMethod struct {
	apidoc.Method
	op     *contract.Endpoint
	params reflect.Type // nil if the method has none
	result reflect.Type
}

var conformingMethods = sync.OnceValues(func() (map[string]conformingMethod, error) {
	found, err := apidoc.Methods(".")
	if err != nil {
		return nil, err
	}
	methods := map[string]conformingMethod{}
	for _, m := range found {
		if _, second := methods[m.Endpoint]; second {
			return nil, fmt.Errorf("there are two methods for %s", m.Endpoint)
		}
		op := contract.Lookup(m.Endpoint)
		if op == nil {
			return nil, fmt.Errorf("%s.%s calls %s, which the contract lacks: import it as CONTRIBUTING.md describes", m.Service, m.Name, m.Endpoint)
		}
		service, ok := reflect.TypeFor[Client]().FieldByName(m.Service)
		if !ok {
			return nil, fmt.Errorf("Client has no service %s", m.Service)
		}
		method, ok := service.Type.MethodByName(m.Name)
		if !ok {
			return nil, fmt.Errorf("%s has no method %s", m.Service, m.Name)
		}
		c := conformingMethod{Method: m, op: op, result: method.Type.Out(0)}
		for in := range method.Type.Ins() {
			if strings.HasSuffix(in.Name(), "Params") {
				c.params = in
			}
		}
		methods[m.Endpoint] = c
	}
	return methods, nil
})

// countLists returns how many endpoints of the contract return pages.
func countLists() (n int) {
	for _, ep := range contract.Endpoints() {
		if ep.IsList() {
			n++
		}
	}
	return n
}

// nextSteps returns a line for each part that an endpoint lacks: what to add.
var nextSteps = sync.OnceValue(func() (steps []string) {
	methods, err := conformingMethods()
	if err != nil {
		return []string{err.Error()}
	}
	for id := range retryClasses {
		if contract.Lookup(id) == nil {
			steps = append(steps, id+": remove it from retryClasses in conformance_test.go; the contract lacks it")
		}
	}
	for _, op := range contract.Endpoints() {
		if methods[op.ID].op == nil {
			step := fmt.Sprintf(`%s: add a method that has the line "API: %s, %s %s" in its doc`, op.ID, op.ID, op.Method, op.Path)
			tag, _, _ := strings.Cut(op.ID, "-")
			for id, m := range methods {
				if strings.HasPrefix(id, tag+"-") {
					step += " to " + m.Service + "Service"
					break
				}
			}
			steps = append(steps, step)
		}
		if retryClasses[op.ID] == "" {
			steps = append(steps, op.ID+": add its class, safe, idempotent or once, to retryClasses in conformance_test.go")
		}
		if _, err := os.Stat("testdata/" + op.ID + ".json"); err != nil {
			steps = append(steps, op.ID+": add a realistic response of the service as testdata/"+op.ID+".json")
		}
	}
	return steps
})

func TestEveryEndpointIsComplete(t *testing.T) {
	for _, step := range nextSteps() {
		t.Error(step)
	}
}

// allMethods returns the method of each endpoint. It ends the test if an endpoint is not complete.
func allMethods(t testing.TB) map[string]conformingMethod {
	t.Helper()
	if steps := nextSteps(); len(steps) > 0 {
		t.Fatal(steps[0])
	}
	methods, err := conformingMethods()
	require.NoError(t, err)
	return methods
}

// eachEndpoint runs a subtest for the method of each endpoint.
func eachEndpoint(t *testing.T, f func(t *testing.T, m conformingMethod)) {
	t.Helper()
	methods := allMethods(t)
	for _, op := range contract.Endpoints() {
		t.Run(op.ID, func(t *testing.T) { f(t, methods[op.ID]) })
	}
}

// keys returns a value for each path parameter, in the order of the path. They need escaping where the contract allows
// it.
func (m conformingMethod) keys() []string {
	var keys []string
	mk := maker{turns: map[*contract.Schema]int{}, sizes: map[*contract.Schema]int{}, met: map[*contract.Schema]bool{}}
	for segment := range strings.SplitSeq(m.op.Path, "/") {
		for _, p := range m.op.Parameters {
			if p.In == contract.InPath && segment == "{"+p.Name+"}" {
				key := mk.value(p.Name, p.Schema).(string)
				if p.Pattern == "" && p.Format == "" {
					key += "/ä %2F?"
				}
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// call calls the method. An invalid Value stands for a method without params.
func (m conformingMethod) call(ctx context.Context, c *Client, params reflect.Value) (any, error) {
	return m.callWithKeys(ctx, c, m.keys(), params)
}

// callWithKeys calls the method with other keys.
func (m conformingMethod) callWithKeys(ctx context.Context, c *Client, keys []string, params reflect.Value) (any, error) {
	results := m.invoke(ctx, c, m.Name, keys, params)
	err, _ := results[1].Interface().(error)
	return results[0].Interface(), err
}

// invoke calls a method of the service that takes what the endpoint's method takes.
func (m conformingMethod) invoke(ctx context.Context, c *Client, name string, keys []string, params reflect.Value) []reflect.Value {
	arguments := []reflect.Value{reflect.ValueOf(ctx)}
	for _, key := range keys {
		arguments = append(arguments, reflect.ValueOf(key))
	}
	if m.params != nil {
		arguments = append(arguments, params)
	}
	return reflect.ValueOf(c).Elem().FieldByName(m.Service).MethodByName(name).Call(arguments)
}

// paramsFrom returns params with the given fields of a query or body.
func (m conformingMethod) paramsFrom(t testing.TB, fields any) reflect.Value {
	t.Helper()
	if m.params == nil {
		return reflect.Value{}
	}
	params := reflect.New(m.params)
	if m.op.Request != nil {
		require.NoError(t, json.Unmarshal(toJSON(t, fields), params.Interface()))
		return params.Elem()
	}
	for _, f := range reflect.VisibleFields(m.params) {
		name, _, _ := strings.Cut(f.Tag.Get("url"), ",")
		value, given := fields.(map[string]any)[name]
		if name == "" || !given {
			continue
		}
		field := params.Elem().FieldByIndex(f.Index)
		if text, is := value.(string); !is || field.Kind() != reflect.String {
			data := toJSON(t, value) // a number, or a list of tags
			require.NoError(t, json.Unmarshal(data, field.Addr().Interface()), "%s: %s", name, data)
		} else {
			field.SetString(text)
		}
	}
	return params.Elem()
}

// requestSchema is the schema of the body, or an object of the query parameters.
func (m conformingMethod) requestSchema() *contract.Schema {
	if m.op.Request != nil {
		return m.op.Request.Schema
	}
	query := &contract.Schema{Type: "object"}
	for _, p := range m.op.Parameters {
		if p.In == contract.InQuery {
			query.Fields = append(query.Fields, p.Field)
		}
	}
	return query
}

// minimal returns params with only the required fields.
func (m conformingMethod) minimal(t testing.TB) (params reflect.Value) {
	t.Helper()
	mk := maker{required: true}
	done := false
	mk.eachChoice(m.requestSchema(), func(value any) {
		if !done {
			params, done = m.paramsFrom(t, value), true
		}
	})
	return params
}

// response returns a response that the contract allows.
func (m conformingMethod) response(t testing.TB) []byte {
	t.Helper()
	var response []byte
	maker{}.eachChoice(m.op.Response, func(value any) {
		if response == nil {
			response = toJSON(t, value)
		}
	})
	require.Empty(t, m.op.Response.CheckJSON(response))
	return response
}

func TestEveryEndpointHasAMethod(t *testing.T) {
	eachEndpoint(t, func(t *testing.T, m conformingMethod) {
		assert.Equal(t, m.op.Method+" "+m.op.Path, m.Verb+" "+m.Path, "the doc of %s.%s", m.Service, m.Name)

		rt := play(reply(http.StatusOK, string(m.response(t))))
		_, err := m.call(t.Context(), newTestClient(t, rt), m.minimal(t))
		require.NoError(t, err)
		require.Len(t, rt.requests, 1)
		lastRequest(t, rt, m.op.ID)
		r := rt.requests[0]
		_, keys, _ := contract.Match(r.Method, strings.TrimPrefix(r.URL.EscapedPath(), "/v1"))
		var inOrder []string
		for segment := range strings.SplitSeq(m.op.Path, "/") {
			if name, is := strings.CutPrefix(segment, "{"); is {
				inOrder = append(inOrder, keys[strings.TrimSuffix(name, "}")])
			}
		}
		assert.Equal(t, m.keys(), inOrder)
		assert.Equal(t, "Bearer "+testKey, r.Header.Get("Authorization"))
		info, ok := EndpointFromContext(r.Context())
		assert.True(t, ok)
		assert.Equal(t, CallInfo{
			Endpoint: m.op.ID, Method: m.op.Method, PathTemplate: m.op.Path,
			ServerAddress: "api.paperspace.com", ServerPort: 443, Attempt: 1,
		}, info)

		rt = play(reply(http.StatusOK, string(m.response(t))))
		keyless, err := NewClient(WithHTTPClient(&http.Client{Transport: rt}))
		require.NoError(t, err)
		if _, err = m.call(t.Context(), keyless, m.minimal(t)); m.op.NoKey {
			assert.NoError(t, err)
			assert.Equal(t, 1, rt.count())
			assert.Empty(t, rt.requests[0].Header.Values("Authorization"))
		} else {
			assert.ErrorIs(t, err, ErrNoAPIKey)
			assert.Zero(t, rt.count())
		}
	})
}

// retryClasses repeats the class of each endpoint on purpose: a wrong class creates machines twice.
var retryClasses = map[string]string{
	"auth-session":                       "safe",
	"containerRegistries-create":         "once",
	"containerRegistries-list":           "safe",
	"containerRegistries-get":            "safe",
	"containerRegistries-update":         "idempotent",
	"containerRegistries-delete":         "idempotent",
	"containerRegistries-testConnection": "safe",
	"customTemplates-get":                "safe",
	"customTemplates-update":             "idempotent",
	"customTemplates-delete":             "idempotent",
	"customTemplates-list":               "safe",
	"customTemplates-create":             "once",
	"machineEvents-get":                  "safe",
	"machineEvents-list":                 "safe",
	"deployments-get":                    "safe",
	"deployments-delete":                 "idempotent",
	"deployments-list":                   "safe",
	"deployments-upsert":                 "once",
	"deploymentRuns-get":                 "safe",
	"deploymentMetrics-get":              "safe",
	"deploymentLogs-list":                "safe",
	"deploymentHistory-list":             "safe",
	"machineAvailability-list":           "safe",
	"machines-create":                    "once",
	"machines-list":                      "safe",
	"machines-delete":                    "idempotent",
	"machines-get":                       "safe",
	"machines-update":                    "idempotent",
	"machines-restart":                   "once",
	"machines-start":                     "idempotent",
	"machines-stop":                      "idempotent",
	"machines-addAccessor":               "once",
	"machines-listAccessors":             "safe",
	"machines-removeAccessor":            "idempotent",
	"machines-getAccessor":               "safe",
	"machines-getDesktop":                "safe",
	"privateNetworks-get":                "safe",
	"privateNetworks-update":             "idempotent",
	"privateNetworks-delete":             "idempotent",
	"privateNetworks-list":               "safe",
	"privateNetworks-create":             "once",
	"projects-create":                    "once",
	"projects-list":                      "safe",
	"projects-get":                       "safe",
	"projects-update":                    "idempotent",
	"projects-delete":                    "idempotent",
	"projectActivity-list":               "safe",
	"projectCollaborators-list":          "safe",
	"projectCollaborators-create":        "once",
	"projectCollaborators-delete":        "idempotent",
	"projectDeployments-list":            "safe",
	"projectModels-list":                 "safe",
	"projectModels-add":                  "idempotent",
	"projectModels-remove":               "idempotent",
	"projectSecrets-list":                "safe",
	"projectSecrets-create":              "once",
	"projectSecrets-getProjectSecret":    "safe",
	"projectSecrets-update":              "idempotent",
	"projectSecrets-delete":              "idempotent",
	"projectTags-list":                   "safe",
	"projectTags-add":                    "once",
	"projectTags-remove":                 "idempotent",
	"datasets-create":                    "once",
	"datasets-list":                      "safe",
	"datasets-get":                       "safe",
	"datasets-delete":                    "idempotent",
	"datasets-update":                    "idempotent",
	"datasetVersions-create":             "once",
	"datasetVersions-list":               "safe",
	"datasetVersions-get":                "safe",
	"datasetVersions-delete":             "idempotent",
	"datasetVersions-update":             "idempotent",
	"models-create":                      "once",
	"models-list":                        "safe",
	"models-get":                         "safe",
	"models-delete":                      "idempotent",
	"osTemplates-list":                   "safe",
	"publicIps-list":                     "safe",
	"publicIps-claim":                    "once",
	"publicIps-assign":                   "idempotent",
	"publicIps-release":                  "idempotent",
	"sharedDrives-get":                   "safe",
	"sharedDrives-update":                "idempotent",
	"sharedDrives-delete":                "idempotent",
	"sharedDrives-list":                  "safe",
	"sharedDrives-create":                "once",
	"snapshots-get":                      "safe",
	"snapshots-update":                   "idempotent",
	"snapshots-delete":                   "idempotent",
	"snapshots-list":                     "safe",
	"snapshots-create":                   "once",
	"snapshots-restore":                  "once",
	"startupScripts-get":                 "safe",
	"startupScripts-update":              "idempotent",
	"startupScripts-delete":              "idempotent",
	"startupScripts-list":                "safe",
	"startupScripts-create":              "once",
	"startupScripts-assign":              "idempotent",
	"startupScripts-unassign":            "idempotent",
	"storageProviders-create":            "once",
	"storageProviders-list":              "safe",
	"storageProviders-update":            "idempotent",
	"storageProviders-get":               "safe",
	"storageProviders-delete":            "idempotent",
	"storageUtilization-getPublic":       "safe",
	"teamMemberships-listByTeamId":       "safe",
	"teamMemberships-update":             "idempotent",
	"teamMemberships-removeUser":         "idempotent",
	"teamSecrets-list":                   "safe",
	"teamSecrets-create":                 "once",
	"teamSecrets-get":                    "safe",
	"teamSecrets-update":                 "idempotent",
	"teamSecrets-delete":                 "idempotent",
}

// Responses of 500 reveal the class: only safe and idempotent requests are sent again, and only writes leave the
// outcome unknown.
func TestRetryClasses(t *testing.T) {
	eachEndpoint(t, func(t *testing.T, m conformingMethod) {
		params := m.minimal(t)
		synctest.Test(t, func(t *testing.T) {
			rt := play(reply(http.StatusInternalServerError, `{"message":"no","code":"INTERNAL_SERVER_ERROR"}`))
			_, err := m.call(t.Context(), newTestClient(t, rt), params)
			require.Error(t, err)
			class := "once"
			switch write := errors.Is(err, ErrOutcomeUnknown); {
			case rt.count() == 4 && !write:
				class = "safe"
			case rt.count() == 4:
				class = "idempotent"
			default:
				assert.Equal(t, 1, rt.count())
				assert.True(t, write)
			}
			if want := retryClasses[m.op.ID]; want != class {
				t.Errorf("the endpoint is of class %s, but retryClasses in conformance_test.go has %s: correct the wrong one", class, want)
			}
			assert.Equal(t, class, m.Class, "class in API.md")
		})
	})
}

func TestAPIPageIsCurrent(t *testing.T) {
	want, err := apidoc.Page(".")
	require.NoError(t, err)
	got, err := os.ReadFile("API.md")
	require.NoError(t, err)
	if string(want) != string(got) {
		t.Error("API.md is not current; run: go generate .")
	}
}
