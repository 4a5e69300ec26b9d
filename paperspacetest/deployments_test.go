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

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func TestSpecOutcomes(t *testing.T) {
	for name, test := range map[string]struct {
		outcome          paperspacetest.Outcome
		applied, healthy bool
		reason           any
	}{
		"done":           {paperspacetest.Done(), true, true, nil},
		"fails":          {paperspacetest.Fails("no such image"), false, false, "no such image"},
		"unfinished":     {paperspacetest.FailsUnfinished(), false, false, "error"},
		"without reason": {paperspacetest.Fails(""), false, false, "error"},
		"cancelled":      {paperspacetest.Cancelled(""), false, false, "cancelled"},
		"with a reason":  {paperspacetest.Cancelled("by hand"), false, false, "by hand"},
		"hangs":          {paperspacetest.Hangs(), false, false, nil},
		"never healthy":  {paperspacetest.Unhealthy("it crashes"), true, false, nil},
		"fails silently": {paperspacetest.FailsSilently(), true, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			project := b.ok("POST", "/projects", project)["id"].(string)
			b.NextSpec(test.outcome)
			id := b.upsert("", project, config("}"))
			spec := b.ok("GET", "/deployments/"+id, "")["latestSpec"].(object)
			assert.Nil(t, spec["externalApplied"])
			assert.Nil(t, spec["dtHealthy"])
			b.clock.Advance(5 * time.Second)
			spec = b.ok("GET", "/deployments/"+id, "")["latestSpec"].(object)
			assert.Equal(t, test.applied, spec["externalApplied"] != nil)
			assert.Nil(t, spec["dtHealthy"], "a spec is applied before it is healthy")
			b.clock.Advance(time.Hour)
			spec = b.ok("GET", "/deployments/"+id, "")["latestSpec"].(object)
			assert.Equal(t, test.healthy, spec["dtHealthy"] != nil)
			assert.Equal(t, test.reason, spec["error"])

			b.upsert(id, project, config(`,"replicas":2}`))
			b.clock.Advance(time.Hour)
			spec = b.ok("GET", "/deployments/"+id, "")["latestSpec"].(object)
			assert.NotNil(t, spec["dtHealthy"], "the outcome applies to one spec only")
			assert.Nil(t, spec["error"])
		})
	}
}

func TestSupersededSpecs(t *testing.T) {
	b := newBench(t)
	project := b.ok("POST", "/projects", project)["id"].(string)
	id := b.upsert("", project, config("}"))
	b.clock.Advance(3 * time.Second)
	b.upsert(id, project, config(`,"replicas":0}`))
	b.clock.Advance(time.Hour)
	history := b.ok("GET", "/deployments/"+id+"/history?order=asc", "")["items"].([]any)
	require.Len(t, history, 2)
	assert.Nil(t, history[0].(object)["externalApplied"], "a newer spec superseded it")
	assert.NotNil(t, history[1].(object)["externalApplied"])
	assert.Nil(t, history[1].(object)["dtHealthy"], "no instance runs that could be healthy")

	b.upsert(id, project, config("}"))
	b.ok("DELETE", "/deployments/"+id, "")
	b.clock.Advance(time.Hour)
	b.refused(http.StatusNotFound, "GET", "/deployments/"+id, "")
	b.refused(http.StatusNotFound, "GET", "/deployments/"+id+"/runs", "")
	b.refused(http.StatusNotFound, "GET", "/deployments/"+id+"/history", "")
}

func TestDeploymentRefersToExistingObjects(t *testing.T) {
	b := newBench(t)
	id := b.ok("POST", "/projects", project)["id"].(string)
	for _, body := range []string{
		fmt.Sprintf(deploymentBody, "pnothing"),
		`{"projectId":"` + id + `","config":{"apiVersion":"v1","name":"a","image":"i","resources":{"machineType":"Z1","ports":[]}}}`,
		`{"projectId":"` + id + `","config":{"apiVersion":"v0alpha0","name":"a","image":"i","resources":{"instanceType":"Z1"}}}`,
		`{"deploymentId":"nothing","projectId":"` + id + `","config":` + config("}") + `}`,
	} {
		b.refused(http.StatusNotFound, "POST", "/deployments", body)
	}
	b.refused(http.StatusBadRequest, "POST", "/deployments", `{"projectId":"`+id+`","config":{"apiVersion":"v2"}}`)
}

func TestMetrics(t *testing.T) {
	b := newBench(t)
	id := b.upsert("", b.ok("POST", "/projects", project)["id"].(string), config("}"))
	metrics := func(metric string) any {
		_, response := b.send("GET", "/deployments/"+id+"/metrics?metric="+metric, "", "Authorization", "Bearer "+b.Key())
		var v any
		require.NoError(t, json.Unmarshal([]byte(response), &v))
		return v
	}
	assert.Empty(t, metrics("cpu"), "no instance runs yet")
	b.clock.Advance(time.Hour)
	assert.Contains(t, metrics("cpu").([]any)[0], "values")
	assert.Contains(t, metrics("gpu").([]any)[0], "gpu")
	assert.Equal(t, "1", metrics("requests_total").(object)["value"])
	b.refused(http.StatusBadRequest, "GET", "/deployments/"+id+"/metrics", "")
}

func TestRunsLimit(t *testing.T) {
	b := newBench(t)
	id := b.upsert("", b.ok("POST", "/projects", project)["id"].(string), config("}"))
	runs := func(query string) int {
		_, response := b.send("GET", "/deployments/"+id+"/runs"+query, "", "Authorization", "Bearer "+b.Key())
		var v []any
		require.NoError(t, json.Unmarshal([]byte(response), &v), response)
		return len(v)
	}
	assert.Equal(t, 0, runs(""))
	for range 12 {
		b.clock.Advance(time.Minute)
		b.upsert(id, b.ok("GET", "/deployments/"+id, "")["projectId"].(string), config("}"))
	}
	b.clock.Advance(time.Minute)
	assert.Equal(t, 10, runs(""), "the default limit")
	assert.Equal(t, 3, runs("?limit=3"))
	assert.Equal(t, 13, runs("?limit=100"))
	assert.Equal(t, 13, runs("?limit=1e30"))
	b.refused(http.StatusBadRequest, "GET", "/deployments/"+id+"/runs?limit=-1", "")
	b.refused(http.StatusBadRequest, "GET", "/deployments/"+id+"/runs?limit=-1e30", "")
}

func TestChangedSpecIsAppliedAfterItIsVisible(t *testing.T) {
	b := newBench(t)
	project := b.ok("POST", "/projects", project)["id"].(string)
	id := b.upsert("", project, `{"apiVersion":"v1","name":"web","image":"nginx","region":"ny2","resources":{"machineType":"C5","ports":[80]}}`)
	b.clock.Advance(time.Hour)
	assert.Equal(t, "ny2", at(b.ok("GET", "/deployments/"+id, ""), "latestSpec.data.region"), "a config is returned as it was sent")
	b.upsert(id, project, config("}"))
	applied := func() bool { return at(b.ok("GET", "/deployments/"+id, ""), "latestSpec.externalApplied") != nil }
	b.clock.Advance(time.Second)
	assert.False(t, applied())
	b.clock.Advance(4900 * time.Millisecond)
	assert.False(t, applied())
	b.clock.Advance(100 * time.Millisecond)
	assert.True(t, applied())
}

func TestInvalidReplicas(t *testing.T) {
	b := newBench(t)
	project := b.ok("POST", "/projects", project)["id"].(string)
	for _, replicas := range []string{"1e30", "1e400", "1000000", "1001", "2.5"} {
		message := b.refused(http.StatusBadRequest, "POST", "/deployments", `{"projectId":"`+project+`","config":`+config(`,"replicas":`+replicas+`}`)+`}`)
		assert.Contains(t, message, "replicas", replicas)
	}
	id := b.upsert("", project, config(`,"replicas":2.0}`))
	b.clock.Advance(time.Hour)
	_, response := b.send("GET", "/deployments/"+id+"/runs", "", "Authorization", "Bearer "+b.Key())
	var runs []object
	require.NoError(t, json.Unmarshal([]byte(response), &runs), response)
	assert.Len(t, runs[0]["instances"], 2)
}

func TestReplicaCounts(t *testing.T) {
	b := newBench(t)
	id := b.upsert("", b.ok("POST", "/projects", project)["id"].(string), config(`,"replicas":3}`))
	counts := func() []any {
		_, response := b.send("GET", "/deployments/"+id+"/runs", "", "Authorization", "Bearer "+b.Key())
		var runs []object
		require.NoError(t, json.Unmarshal([]byte(response), &runs), response)
		return []any{runs[0]["replicas"], runs[0]["readyReplicas"], runs[0]["availableReplicas"]}
	}
	b.clock.Advance(6 * time.Second)
	assert.Equal(t, []any{3.0, 0.0, 0.0}, counts())
	b.clock.Advance(time.Hour)
	assert.Equal(t, []any{3.0, 3.0, 0.0}, counts(), "ready replicas no longer count as available")
}

func TestHistoryHasSpecsThatWereNeverVisible(t *testing.T) {
	b := newBench(t)
	project := b.ok("POST", "/projects", project)["id"].(string)
	id := b.upsert("", project, config("}"))
	b.clock.Advance(time.Hour)
	b.upsert(id, project, config(`,"replicas":2}`))
	b.upsert(id, project, config(`,"replicas":3}`))
	b.clock.Advance(time.Hour)
	var replicas []any
	for _, spec := range b.ok("GET", "/deployments/"+id+"/history?order=asc", "")["items"].([]any) {
		replicas = append(replicas, at(spec.(object), "data.resources.replicas"))
	}
	assert.Equal(t, []any{nil, 2.0, 3.0}, replicas)
}

func TestActivityHasTheNewNameOfADeployment(t *testing.T) {
	b := newBench(t)
	project := b.ok("POST", "/projects", project)["id"].(string)
	id := b.upsert("", project, config("}"))
	b.upsert(id, project, strings.Replace(config("}"), "web", "site", 1))
	b.clock.Advance(time.Hour)
	activity := b.ok("GET", "/projects/"+project+"/activity", "")["items"].([]any)
	require.Len(t, activity, 2)
	for _, a := range activity {
		assert.Equal(t, "site", at(a.(object), "deployment.name"))
	}
}

func TestUpsertUpdatesTheDeploymentOfThatNameInTheProject(t *testing.T) {
	b := newBench(t)
	one, other := b.create("/projects", project), b.create("/projects", project)
	id := b.upsert("", one, config("}"))
	b.clock.Advance(time.Hour)
	before := at(b.ok("GET", "/deployments/"+id, ""), "latestSpec.id")

	assert.Equal(t, id, b.upsert("", one, config(`,"replicas":2}`)))
	assert.Equal(t, before, at(b.ok("GET", "/deployments/"+id, ""), "latestSpec.id"), "the new spec is not visible at once")
	b.clock.Advance(time.Hour)
	assert.NotEqual(t, before, at(b.ok("GET", "/deployments/"+id, ""), "latestSpec.id"))
	assert.Len(t, b.ok("GET", "/projects/"+one+"/deployments", "")["items"], 1)
	body := `{"deploymentId":null,"projectId":"` + one + `","config":` + config("}") + `}`
	assert.Equal(t, id, b.ok("POST", "/deployments", body)["deploymentId"], "null is as good as absent")

	elsewhere := b.upsert("", other, config("}"))
	assert.NotEqual(t, id, elsewhere, "the name in another project is another deployment")
	body = `{"deploymentId":"` + id + `","projectId":"` + other + `","config":` + config("}") + `}`
	b.refused(http.StatusNotFound, "POST", "/deployments", body)

	site := strings.Replace(config("}"), "web", "site", 1)
	second := b.upsert("", one, site)
	body = `{"deploymentId":"` + second + `","projectId":"` + one + `","config":` + config("}") + `}`
	b.refused(http.StatusConflict, "POST", "/deployments", body)
	b.upsert(id, one, strings.Replace(config("}"), "web", "renamed", 1))
	assert.NotEqual(t, id, b.upsert("", one, config("}")), "its name is free again")

	b.ok("DELETE", "/deployments/"+second, "")
	assert.NotEqual(t, second, b.upsert("", one, site), "what is deleted has no name")
}

func TestEndpointIsAHost(t *testing.T) {
	b := newBench(t)
	id := b.upsert("", b.create("/projects", project), config("}"))
	host := b.ok("GET", "/deployments/"+id, "")["endpoint"].(string)
	assert.Regexp(t, `^d[0-9a-f]{32}(\.[a-z]+)+$`, host)
	assert.True(t, strings.HasPrefix(host, "d"+strings.ReplaceAll(id, "-", "")))
}

func TestContainerRegistryIsAName(t *testing.T) {
	b := newBench(t)
	p := b.create("/projects", project)
	withRegistry := func(name string) string {
		return strings.Replace(config("}"), `"image"`, `"containerRegistry":"`+name+`","image"`, 1)
	}
	registry := b.create("/container-registries", `{"name":"acme","namespace":"","url":"u","username":"u","password":""}`)
	b.upsert("", p, withRegistry("acme"))
	for _, name := range []string{registry, "Acme", "other"} {
		message := b.refused(http.StatusBadRequest, "POST", "/deployments", `{"projectId":"`+p+`","config":`+withRegistry(name)+`}`)
		assert.Contains(t, message, "no container registry with the name "+name)
	}
}

func TestGitHeadersAreInTheMetadata(t *testing.T) {
	b := newBench(t)
	body := fmt.Sprintf(deploymentBody, b.create("/projects", project))
	headers := []string{
		"Authorization", "Bearer " + b.Key(), "Content-Type", "application/json", "x-git-host", "github", "x-git-actor", "ada",
		"x-git-sha", "0123", "x-git-ref", "main", "x-git-owner", "acme", "x-git-repo", "api",
	}
	metadata := func(headers ...string) any {
		status, response := b.send("POST", "/deployments", body, headers...)
		require.Equal(t, http.StatusOK, status, response)
		b.clock.Advance(time.Hour)
		var created map[string]string
		require.NoError(t, json.Unmarshal([]byte(response), &created))
		return at(b.ok("GET", "/deployments/"+created["deploymentId"], ""), "latestSpec.metadata")
	}
	want := object{"x-git-host": "github", "x-git-actor": "ada", "x-git-sha": "0123", "x-git-ref": "main", "x-git-owner": "acme", "x-git-repo": "api"}
	assert.Equal(t, object{"gitHeaders": want}, metadata(headers...))
	assert.Nil(t, metadata(headers[:len(headers)-2]...), "only a whole commit is kept")
}

// A config that fits no version is refused with the issues of every version, as the service's validation has them. The
// SDK shows those of the version that was sent.
func TestRefusedConfigs(t *testing.T) {
	b := newBench(t)
	p := b.create("/projects", project)
	for sent, want := range map[string]string{
		`{"apiVersion":"v1","name":"a","image":"i","resources":{"machineType":"C5","ports":8000}}`: "config.resources.ports: must be an array, not a number",
		`{"apiVersion":"v0alpha1","name":"a","image":"i","resources":{"machineType":"C5"}}`:        "config.resources.ports: is required",
		`{"apiVersion":"v0alpha0","name":"a","image":"i","resources":{"machineType":"C5"}}`:        "config.resources.instanceType: is required; config.resources.machineType: is not a known field",
		`{"apiVersion":"latest","name":"a","resources":{"machineType":"C5","ports":[]}}`:           "config.image: is required",
		`{"apiVersion":"v9"}`: "config.apiVersion: must be v0alpha0; config.apiVersion: must be v0alpha1; config.apiVersion: must be one of v1, latest",
		strings.Replace(config("}"), `"image"`, `"integrations":[{"type":"do-spaces","name":"n","url":"u"}],"image"`, 1): "config.integrations.0.type: must be model; config.integrations.0.type: must be s3; config.integrations.0.type: must be spaces",
		strings.Replace(config("}"), `"image"`, `"healthChecks":{"startup":{"exec":{}}},"image"`, 1):                     "config.healthChecks.startup.exec.command: is required",
	} {
		body := `{"projectId":"` + p + `","config":` + sent + `}`
		b.refused(http.StatusBadRequest, "POST", "/deployments", body)
		_, response := b.send("POST", "/deployments", body, "Authorization", "Bearer "+b.Key(), "Content-Type", "application/json")
		var refusal struct{ Issues []object }
		require.NoError(t, json.Unmarshal([]byte(response), &refusal))
		require.Len(t, refusal.Issues, 1)
		assert.Equal(t, "invalid_union", refusal.Issues[0]["code"])
		assert.Equal(t, []any{"config"}, refusal.Issues[0]["path"])
		assert.Len(t, refusal.Issues[0]["unionErrors"], 3)

		_, err := b.Client().Deployments.Upsert(t.Context(), paperspace.DeploymentUpsertParams{
			ProjectID: p, Config: paperspace.DeploymentConfig{Raw: paperspace.RawJSON(sent)},
		})
		assert.ErrorIs(t, err, paperspace.ErrBadRequest)
		assert.ErrorContains(t, err, "Input validation failed; "+want)
	}
}
