package paperspace

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
)

const (
	specMembers = `"id":"s1","data":{"apiVersion":"v1","image":"i","name":"n","resources":{"machineType":"C5","ports":[80]}},
		"deploymentId":"d1","externalApplied":"2024-05-01T12:00:00Z","dtHealthy":"2024-05-01T12:01:00Z","userId":"u1","error":"bad",
		"metadata":{"gitHeaders":{"x-git-host":"github","x-git-actor":"a","x-git-sha":"0123","x-git-ref":"main","x-git-owner":"o","x-git-repo":"r"}}`
	fullDeployment = `{"id":"d1","name":"api","projectId":"p1","teamId":"t1","endpoint":"d1.example","latestSpecHash":"h",
		"dtCreated":"2024-05-01T11:00:00Z","basicAuthKey":"hunter2","latestSpec":{` + specMembers + `}}`
	nullDeployment = `{"id":"d1","name":"api","projectId":"p1","teamId":"t1","endpoint":"d1.example","latestSpecHash":null,
		"dtCreated":"2024-05-01T11:00:00Z","basicAuthKey":null,"latestSpec":null}`
)

func wantSpec() DeploymentSpec {
	return DeploymentSpec{
		ID: "s1", DeploymentID: "d1", UserID: "u1", Error: "bad",
		Data: &DeploymentConfig{V1: &DeploymentConfigV1{
			Image: "i", Name: "n", Resources: DeploymentResources{MachineType: "C5", Ports: []int{80}},
		}},
		ExternalApplied: time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC),
		HealthyAt:       time.Date(2024, 5, 1, 12, 1, 0, 0, time.UTC),
		Metadata: &DeploymentMetadata{GitHeaders: &GitHeaders{
			Host: GitHostGitHub, Actor: "a", SHA: "0123", Ref: "main", Owner: "o", Repo: "r",
		}},
	}
}

func TestDeploymentsGet(t *testing.T) {
	get := func(c *Client) (*Deployment, error) { return c.Deployments.Get(t.Context(), "d1") }
	spec := wantSpec()
	want := &Deployment{
		ID: "d1", Name: "api", ProjectID: "p1", TeamID: "t1", Endpoint: "d1.example",
		CreatedAt: time.Date(2024, 5, 1, 11, 0, 0, 0, time.UTC),
	}
	assert.Equal(t, want, checkCall(t, "deployments-get", http.MethodGet, "/deployments/d1", nullDeployment, get))
	want.LatestSpecHash, want.BasicAuthKey, want.LatestSpec = "h", "hunter2", &spec
	got := checkCall(t, "deployments-get", http.MethodGet, "/deployments/d1", fullDeployment, get)
	assert.Equal(t, want, got)
	assert.NotContains(t, fmt.Sprintf("%+v", got), "hunter2")

	b, err := encode(got)
	require.NoError(t, err)
	assert.JSONEq(t, fullDeployment, string(b))
	b, err = json.Marshal(got)
	require.NoError(t, err)
	assert.NotContains(t, string(b), "hunter2")
	var plain Deployment
	require.NoError(t, json.Unmarshal([]byte(fullDeployment), &plain))
	assert.Equal(t, *got, plain)
}

func TestDeploymentsDelete(t *testing.T) {
	for _, response := range []step{reply(200, `{"id":"d1"}`), reply(204, ``)} {
		rt := play(response)
		got, err := newTestClient(t, rt).Deployments.Delete(t.Context(), "d1")
		require.NoError(t, err)
		assert.Equal(t, &Deleted{ID: "d1"}, got)
		assert.Equal(t, http.MethodDelete, rt.requests[0].Method)
		assert.Equal(t, "/v1/deployments/d1", rt.requests[0].URL.RequestURI())
	}
}

func TestDeploymentsList(t *testing.T) {
	one := ListParams{Limit: 1}
	for _, tc := range []struct {
		operation, uri string
		list           func(*Client) (*Page[Deployment], error)
		all            func(*Client) ([]Deployment, error)
	}{
		{
			"deployments-list", "/deployments?",
			func(c *Client) (*Page[Deployment], error) {
				return c.Deployments.List(t.Context(), DeploymentListParams{one})
			},
			func(c *Client) ([]Deployment, error) {
				return Collect(c.Deployments.All(t.Context(), DeploymentListParams{}))
			},
		},
		{
			"projectDeployments-list", "/projects/p1/deployments?",
			func(c *Client) (*Page[Deployment], error) {
				return c.Deployments.ListByProject(t.Context(), "p1", DeploymentListByProjectParams{ListParams: one})
			},
			func(c *Client) ([]Deployment, error) {
				return Collect(c.Deployments.AllByProject(t.Context(), "p1", DeploymentListByProjectParams{}))
			},
		},
	} {
		list := checkCall(t, tc.operation, http.MethodGet, tc.uri+"limit=1", page(fullDeployment), tc.list)
		all := checkCall(t, tc.operation, http.MethodGet, tc.uri+"limit=120", page(fullDeployment), tc.all)
		assert.Equal(t, "d1", list.Items[0].ID)
		assert.Equal(t, list.Items, all)
	}
	checkCall(t, "projectDeployments-list", http.MethodGet, "/projects/p1/deployments?name=api", page(""), func(c *Client) (*Page[Deployment], error) {
		return c.Deployments.ListByProject(t.Context(), "p1", DeploymentListByProjectParams{Name: "api"})
	})
}

func TestDeploymentsListRuns(t *testing.T) {
	const response = `[{"id":"r1","availableReplicas":0,"readyReplicas":2,"replicas":3,"instances":[{
		"id":"x1","dtCreated":"2024-05-01T11:00:00Z","dtFinished":"2024-05-01T12:00:00Z","state":"failed","instanceId":"i1",
		"stateMessage":"no","history":[{"state":"pending","message":"why","timestamp":"2024-05-01T11:30:00Z"}]}]},
		{"id":"r2","replicas":null,"instances":[]}]`
	got := checkCall(t, "deploymentRuns-get", http.MethodGet, "/deployments/d1/runs?limit=2", response, func(c *Client) ([]DeploymentRun, error) {
		return c.Deployments.ListRuns(t.Context(), "d1", DeploymentRunListParams{Limit: 2})
	})
	day := func(hour, minute int) time.Time { return time.Date(2024, 5, 1, hour, minute, 0, 0, time.UTC) }
	assert.Equal(t, []DeploymentRun{
		{ID: "r1", AvailableReplicas: new(0), ReadyReplicas: new(2), Replicas: new(3), Instances: []DeploymentInstance{{
			ID: "x1", InstanceID: "i1", State: "failed", StateMessage: "no", CreatedAt: day(11, 0), FinishedAt: day(12, 0),
			History: []DeploymentInstanceState{{State: "pending", Message: "why", Timestamp: day(11, 30)}},
		}}},
		{ID: "r2", Instances: []DeploymentInstance{}},
	}, got)

	none := checkCall(t, "deploymentRuns-get", http.MethodGet, "/deployments/d1/runs", `[]`, func(c *Client) ([]DeploymentRun, error) {
		return c.Deployments.ListRuns(t.Context(), "d1", DeploymentRunListParams{})
	})
	assert.Empty(t, none)
	_, err := newTestClient(t, play(reply(404, `{"message":"Not found","code":"NOT_FOUND"}`))).
		Deployments.ListRuns(t.Context(), "d1", DeploymentRunListParams{})
	require.ErrorIs(t, err, ErrNotFound)
}

func TestDeploymentsLogs(t *testing.T) {
	const response = `{"id":"1","jobId":"j1","message":"hello","uuid":null,"dtCreated":"2024-05-01T11:00:00Z","instanceId":"i1"},
		{"id":"2","jobId":"j1","message":"","uuid":"a-b","dtCreated":"2024-05-01T11:00:00Z"}`
	params := DeploymentLogListParams{InstanceID: "i1", ListParams: ListParams{Limit: 5, Order: OrderAsc}}
	const uri = "/deployments/d1/logs?instanceId=i1&limit=5&order=asc"
	list := checkCall(t, "deploymentLogs-list", http.MethodGet, uri, page(response), func(c *Client) (*Page[LogLine], error) {
		return c.Deployments.ListLogs(t.Context(), "d1", params)
	})
	all := checkCall(t, "deploymentLogs-list", http.MethodGet, uri, page(response), func(c *Client) ([]LogLine, error) {
		return Collect(c.Deployments.AllLogs(t.Context(), "d1", params))
	})
	at := time.Date(2024, 5, 1, 11, 0, 0, 0, time.UTC)
	assert.Equal(t, []LogLine{
		{ID: "1", JobID: "j1", Message: "hello", InstanceID: "i1", CreatedAt: at},
		{ID: "2", JobID: "j1", UUID: "a-b", CreatedAt: at},
	}, list.Items)
	assert.Equal(t, list.Items, all)
}

func TestDeploymentsHistory(t *testing.T) {
	const response = `{` + specMembers + `,"workflowRun":{"id":"w1","workflowId":"w2","dtStarted":"2024-05-01T11:01:00Z",
		"dtFinished":"2024-05-01T11:02:00Z","dtCreated":"2024-05-01T11:00:00Z","message":"m","phase":"Succeeded",
		"workflow":{"id":"w2","name":null,"dtCreated":"2024-05-01T10:00:00Z"}}}`
	check := func(got DeploymentHistoryItem) {
		assert.Equal(t, DeploymentHistoryItem{DeploymentSpec: wantSpec(), WorkflowRun: &WorkflowRun{
			ID: "w1", WorkflowID: "w2", Phase: WorkflowPhaseSucceeded, Message: "m",
			CreatedAt:  time.Date(2024, 5, 1, 11, 0, 0, 0, time.UTC),
			StartedAt:  time.Date(2024, 5, 1, 11, 1, 0, 0, time.UTC),
			FinishedAt: time.Date(2024, 5, 1, 11, 2, 0, 0, time.UTC),
			Workflow:   Workflow{ID: "w2", CreatedAt: time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)},
		}}, got)
	}
	// The contract requires UUIDs as ids of workflows. The short ids here read better, so the response is not checked.
	rt := play(reply(200, page(response)))
	client := newTestClient(t, rt)
	list, err := client.Deployments.ListHistory(t.Context(), "d1", DeploymentHistoryListParams{})
	require.NoError(t, err)
	check(list.Items[0])
	all, err := Collect(client.Deployments.AllHistory(t.Context(), "d1", DeploymentHistoryListParams{}))
	require.NoError(t, err)
	check(all[0])
	assert.Equal(t, "/v1/deployments/d1/history", rt.requests[0].URL.RequestURI())
	assert.Equal(t, "/v1/deployments/d1/history?limit=120", rt.requests[1].URL.RequestURI())

	got := checkCall(t, "deploymentHistory-list", http.MethodGet, "/deployments/d1/history",
		page(`{"id":"s1","data":null,"deploymentId":"d1","userId":"u1","metadata":null,"workflowRun":null}`),
		func(c *Client) (*Page[DeploymentHistoryItem], error) {
			return c.Deployments.ListHistory(t.Context(), "d1", DeploymentHistoryListParams{})
		})
	assert.Equal(t, DeploymentHistoryItem{DeploymentSpec: DeploymentSpec{ID: "s1", DeploymentID: "d1", UserID: "u1"}}, got.Items[0])
}

func TestUpsertIsNotRetried(t *testing.T) {
	rt := play(reply(502, `bad gateway`))
	_, err := newTestClient(t, rt).Deployments.Upsert(t.Context(), DeploymentUpsertParams{
		ProjectID: "p1", Config: DeploymentConfig{V1: &DeploymentConfigV1{Name: "n", Image: "i", Resources: DeploymentResources{MachineType: "C5"}}},
	})
	require.ErrorIs(t, err, ErrOutcomeUnknown)
	assert.Equal(t, 1, rt.count())
}

func TestUpsertRefusesEmptyIDs(t *testing.T) {
	config := DeploymentConfig{V1: &DeploymentConfigV1{Name: "n", Image: "i", Resources: DeploymentResources{MachineType: "C5"}}}
	for field, params := range map[string]DeploymentUpsertParams{
		"projectId":    {Config: config},
		"deploymentId": {ProjectID: "p1", DeploymentID: new(""), Config: config},
		"config":       {ProjectID: "p1"},
	} {
		rt := play(reply(200, `{"deploymentId":"d1"}`))
		_, err := newTestClient(t, rt).Deployments.Upsert(t.Context(), params)
		var e *ParamError
		require.ErrorAs(t, err, &e)
		assert.Equal(t, field, e.Field)
		assert.Zero(t, rt.count())
	}
}

func TestDeploymentEnumsKnowTheirValues(t *testing.T) {
	type known interface{ Known() bool }
	enum := func(schema *contract.Schema, of func(string) known) {
		t.Helper()
		require.NotEmpty(t, schema.Enum)
		for _, v := range schema.Enum {
			assert.True(t, of(v.(string)).Known(), "%v", v)
		}
		assert.False(t, of("other").Known())
	}
	parameter := func(operation, name string) *contract.Schema {
		for _, p := range contract.Lookup(operation).Parameters {
			if p.Name == name {
				return p.Schema
			}
		}
		return nil
	}
	item := contract.Lookup("deploymentHistory-list").Response.Field("items").Items
	enum(parameter("deploymentMetrics-get", "metric"), func(s string) known { return DeploymentMetric(s) })
	enum(parameter("deploymentMetrics-get", "timeframe"), func(s string) known { return DeploymentTimeframe(s) })
	enum(item.Field("workflowRun").Field("phase").Schema, func(s string) known { return WorkflowPhase(s) })
	enum(item.Field("metadata").Field("gitHeaders").Field("x-git-host").Schema, func(s string) known { return GitHost(s) })
	config := contract.Lookup("deployments-upsert").Request.Field("config").Variants[0]
	for _, variant := range config.Field("resources").Field("autoscaling").Field("metrics").Items.Variants {
		enum(variant.Field("metric").Schema, func(s string) known { return AutoscalingMetricName(s) })
		enum(variant.Field("summary").Schema, func(s string) known { return AutoscalingSummary(s) })
	}
}

func TestDeploymentURL(t *testing.T) {
	for endpoint, want := range map[string]string{
		"": "", "d1.example": "https://d1.example", "https://d1.example": "https://d1.example", "http://d1.example": "http://d1.example",
	} {
		assert.Equal(t, want, (&Deployment{Endpoint: endpoint}).URL())
	}
}

func TestGetByNameSearchesOneProject(t *testing.T) {
	rt := play(reply(200, page(`{"id":"d2","name":"api-2","projectId":"p1"},{"id":"d1","name":"api","projectId":"p1"}`)))
	d, err := newTestClient(t, rt).Deployments.GetByName(t.Context(), "p1", "api")
	require.NoError(t, err)
	assert.Equal(t, "d1", d.ID)
	assert.Equal(t, "/v1/projects/p1/deployments", rt.requests[0].URL.Path)
	assert.Equal(t, "api", rt.requests[0].URL.Query().Get("name"))
	for projectID, name := range map[string]string{"": "api", "p1": ""} {
		_, err := newTestClient(t, rt).Deployments.GetByName(t.Context(), projectID, name)
		_, ok := errors.AsType[*ParamError](err)
		assert.True(t, ok, "%v", err)
	}
	assert.Equal(t, 1, rt.count())
}
