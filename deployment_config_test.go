package paperspace

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// configMembers are all members of a configuration of the versions v1 and v0alpha1, except apiVersion.
const configMembers = `
	"name": "api", "image": "acme/api:1", "containerRegistry": "acme", "command": ["run", "-v"], "enabled": false,
	"region": "ny2", "basicAuthKey": "hunter2-basic",
	"env": [{"name": "TOKEN", "value": "hunter2-env"}],
	"resources": {"machineType": "C5", "replicas": 0, "ports": [80, 8080], "autoscaling": {
		"enabled": false, "maxReplicas": 25, "metrics": [
			{"metric": "cpu", "summary": "average", "value": 70},
			{"metric": "memory", "summary": "average", "value": 80},
			{"metric": "requestDuration", "summary": "average", "value": 0.15}]}},
	"healthChecks": {
		"liveness": {"path": "/a", "host": "h", "port": 81, "headers": [{"name": "Authorization", "value": "hunter2-header"}],
			"timeoutSeconds": 1, "initialDelaySeconds": 0, "periodSeconds": 2, "failureThreshold": 3},
		"readiness": {"exec": {"command": ["true"]}, "timeoutSeconds": 4},
		"startup": {"path": "/b"}},
	"healthchecks": {"liveness": {"path": "/c"}},
	"integrations": [
		{"type": "model", "id": "m1", "name": "model", "path": "/m"},
		{"type": "s3", "name": "s3", "url": "s3://bucket/prefix", "path": "/s", "region": "us-east-1", "endpoint": "https://s3",
			"accessKeyId": "hunter2-id", "secretAccessKey": "secret:hunter2-key"},
		{"type": "spaces", "name": "do", "endpoint": "https://a.nyc3.digitaloceanspaces.com", "path": "/d",
			"accessKeyId": "hunter2-id", "secretAccessKey": "secret:hunter2-key"},
		{"type": "volume", "name": "v"},
		{"type": "git-lfs", "name": "g", "url": "https://git.example/a", "path": "/g"}]`

var fullConfigs = map[string]string{
	"v1":       `{"apiVersion": "v1",` + configMembers + `}`,
	"latest":   `{"apiVersion": "latest",` + configMembers + `}`,
	"v0alpha1": `{"apiVersion": "v0alpha1",` + configMembers + `}`,
	"v0alpha0": `{"apiVersion": "v0alpha0",
		"name": "api", "image": "acme/api:1", "containerRegistry": "acme", "command": ["run"], "enabled": true, "region": "ca1",
		"port": 80, "env": [{"name": "TOKEN", "value": "hunter2-env"}],
		"healthChecks": {"startup": {"exec": {"command": []}}},
		"models": [{"id": "m1", "path": "/m"}],
		"repositories": {"mountPath": "/r", "dataset": "d1", "repositories": [
			{"name": "r", "url": "https://git.example/r", "ref": "main", "username": "hunter2-user", "password": "hunter2-password"}]},
		"resources": {"instanceType": "C5", "replicas": 2, "autoscaling": {"maxReplicas": 3, "metrics": []}}}`,
}

// withUnknown adds unknown members to every object, at every level.
func withUnknown(t *testing.T, config string) string {
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, member := range v {
				walk(member)
			}
			v["later"] = map[string]any{"n": json.Number("12345678901234567890"), "none": nil}
			v["z"], v["Name"] = nil, []any{"x"}
		case []any:
			for _, item := range v {
				walk(item)
			}
		}
	}
	v := parse(t, config)
	walk(v)
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

// parse decodes JSON with its numbers unchanged.
func parse(t *testing.T, text string) any {
	t.Helper()
	return fromJSON(t, []byte(text))
}

// masked replaces the secrets of a fixture by the mask.
func masked(text string) string {
	for _, secret := range []string{
		"hunter2-basic", "hunter2-env", "hunter2-header", "hunter2-id", "secret:hunter2-key", "hunter2-user", "hunter2-password",
	} {
		text = strings.ReplaceAll(text, `"`+secret+`"`, `"`+mask+`"`)
	}
	return text
}

func TestDeploymentConfigRoundTrips(t *testing.T) {
	for version, full := range fullConfigs {
		for _, text := range []string{full, withUnknown(t, full)} {
			var ours, plain DeploymentConfig
			require.NoError(t, decode([]byte(text), &ours))
			require.NoError(t, json.Unmarshal([]byte(text), &plain))
			assert.Equal(t, ours, plain, version)
			assert.Nil(t, ours.Raw, version)

			sent, err := encode(ours)
			require.NoError(t, err)
			assert.Equal(t, parse(t, text), parse(t, string(sent)), version)

			logged, err := json.Marshal(ours)
			require.NoError(t, err)
			assert.Equal(t, parse(t, masked(text)), parse(t, string(logged)), version)
			assert.NotContains(t, string(logged), "hunter2")
			again, err := json.Marshal(ours)
			require.NoError(t, err)
			assert.Equal(t, string(logged), string(again), "the encoding is deterministic")
		}
		schema := contract.Lookup("deployments-upsert").Request.Field("config").Schema
		assert.Empty(t, schema.Check(parse(t, full)), "the fixture of %s", version)
	}
}

func TestDeploymentConfigVersions(t *testing.T) {
	get := func(version string) (c DeploymentConfig) {
		require.NoError(t, json.Unmarshal([]byte(fullConfigs[version]), &c))
		return c
	}
	v1, latest, alpha1, alpha0 := get("v1"), get("latest"), get("v0alpha1"), get("v0alpha0")
	assert.Equal(t, v1.V1, latest.V1)
	assert.Equal(t, *v1.V1, DeploymentConfigV1(*alpha1.V0Alpha1))
	assert.Equal(t, 80, *alpha0.V0Alpha0.Port)
	for _, c := range []DeploymentConfig{v1, latest, alpha1, alpha0} {
		assert.Equal(t, 1, setFields(c))
	}
	assert.True(t, v1.Equal(get("v1")))
	assert.False(t, v1.Equal(latest), "they have different apiVersions")

	built, err := encode(DeploymentConfig{V1: latest.V1})
	require.NoError(t, err)
	assert.Equal(t, parse(t, fullConfigs["v1"]), parse(t, string(built)), "a config built in Go has the apiVersion v1")

	var reused = v1
	require.NoError(t, json.Unmarshal([]byte(fullConfigs["v0alpha0"]), &reused))
	assert.Equal(t, alpha0, reused, "decoding replaces all earlier fields")
	require.NoError(t, json.Unmarshal([]byte(`null`), &reused))
	assert.Zero(t, reused)
}

func TestDeploymentConfigHasBothHealthChecks(t *testing.T) {
	var c DeploymentConfig
	require.NoError(t, json.Unmarshal([]byte(fullConfigs["v1"]), &c))
	assert.Equal(t, "/a", c.V1.HealthChecks.Liveness.HTTP.Path)
	assert.Equal(t, "/c", c.V1.Healthchecks.Liveness.HTTP.Path)

	for _, version := range []string{"v1", "v0alpha1"} {
		text := `{"apiVersion":"` + version + `","healthchecks":{"startup":{"path":"/"}}}`
		require.NoError(t, json.Unmarshal([]byte(text), &c))
		v1 := c.V1
		if version == "v0alpha1" {
			v1 = (*DeploymentConfigV1)(c.V0Alpha1)
		}
		assert.Nil(t, v1.HealthChecks)
		assert.NotNil(t, v1.Healthchecks)
	}
	require.NoError(t, json.Unmarshal([]byte(`{"apiVersion":"v0alpha0","healthchecks":{"startup":null}}`), &c))
	assert.Nil(t, c.V0Alpha0.HealthChecks, "v0alpha0 has only one spelling")
	assert.Equal(t, `{"startup":null}`, string(c.V0Alpha0.Unknown["healthchecks"]))
}

func TestDeploymentConfigOfAnUnknownVersion(t *testing.T) {
	for _, text := range []string{
		`{"apiVersion":"v7","env":[{"name":"A","value":"hunter2"}],"n":12345678901234567890,"none":null}`,
		`{"apiVersion":"v8"}`,
	} {
		for _, unmarshal := range []func([]byte, any) error{json.Unmarshal, decode} {
			buffer := []byte(text)
			var c DeploymentConfig
			require.NoError(t, unmarshal(buffer, &c), text)
			clear(buffer)
			for _, marshal := range []func(any) ([]byte, error){json.Marshal, encode} {
				b, err := marshal(c)
				require.NoError(t, err)
				assert.Equal(t, text, string(b))
			}
			assert.NotContains(t, fmt.Sprintf("%v %+v %#v", c, c, &c), "hunter2")
			var log strings.Builder
			slog.New(slog.NewTextHandler(&log, nil)).Info("m", "config", c)
			assert.NotContains(t, log.String(), "hunter2")
			assert.Contains(t, log.String(), fmt.Sprintf("%d bytes", len(text)))
		}
	}
	b, err := json.Marshal(DeploymentUpsertParams{})
	require.NoError(t, err, "params can be logged before they are complete")
	assert.Contains(t, string(b), `"config":null`)
}

func TestDeploymentConfigPrintsNoSecrets(t *testing.T) {
	var c DeploymentConfig
	require.NoError(t, json.Unmarshal([]byte(`{"apiVersion":"v1","later":"hunter2-later",`+configMembers[1:]+`}`), &c))
	v1 := c.V1
	v1.HealthChecks.Liveness.Unknown = UnknownMembers{"later": RawJSON(`"hunter2"`)}
	v1.Integrations[0].Model.Unknown = v1.HealthChecks.Liveness.Unknown
	var out strings.Builder
	for _, v := range []any{
		c, &c, []DeploymentConfig{c}, DeploymentUpsertParams{Config: c}, DeploymentSpec{Data: &c}, &Deployment{LatestSpec: &DeploymentSpec{Data: &c}}, v1, *v1, v1.Env, v1.Unknown, *v1.BasicAuthKey, v1.Integrations, *v1.Integrations[1].S3, *v1.Integrations[2].Spaces,
		*v1.HealthChecks.Liveness, v1.HealthChecks.Liveness.HTTP.Headers,
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
	}
	assert.NotContains(t, out.String(), "hunter2")
	assert.NotContains(t, out.String(), fmt.Sprintf("%x", "hunter2"))
	assert.NotContains(t, out.String(), strings.Trim(fmt.Sprint([]byte("hunter2")), "[]"))
	assert.Contains(t, out.String(), mask)
	assert.Contains(t, out.String(), "later:RawJSON(15 bytes)")
	assert.Contains(t, fmt.Sprintf("%+v", DeploymentUpsertParams{Config: c}), "Config:{V1:{Name:")
	assert.Contains(t, fmt.Sprint(DeploymentSpec{ID: "s1"}), "{s1 <nil> ", "a nil config prints as nil")
}

func TestIntegrations(t *testing.T) {
	for text, want := range map[string]Integration{
		`{"type":"model","id":"m1","name":"n"}`:               {Model: &ModelIntegration{ID: "m1", Name: "n"}},
		`{"type":"s3","name":"n","url":"s3://b/p"}`:           {S3: &S3Integration{Name: "n", URL: "s3://b/p"}},
		`{"type":"spaces","name":"n","endpoint":"https://x"}`: {Spaces: &SpacesIntegration{Name: "n", Endpoint: "https://x"}},
		`{"type":"volume","name":"n"}`:                        {Volume: &VolumeIntegration{Name: "n"}},
		`{"type":"git-lfs","name":"n","url":"https://x"}`:     {GitLFS: &GitLFSIntegration{Name: "n", URL: "https://x"}},
		`{"type":"tape","name":"n","reel":1e3}`:               {Raw: RawJSON(`{"type":"tape","name":"n","reel":1e3}`)},
	} {
		for _, unmarshal := range []func([]byte, any) error{json.Unmarshal, decode} {
			got := Integration{Volume: &VolumeIntegration{}, Raw: RawJSON(`{}`)}
			require.NoError(t, unmarshal([]byte(text), &got))
			assert.Equal(t, want, got)
		}
		for _, marshal := range []func(any) ([]byte, error){json.Marshal, encode} {
			b, err := marshal(want)
			require.NoError(t, err)
			assert.JSONEq(t, text, string(b))
		}
	}
}

func TestHealthChecks(t *testing.T) {
	for text, want := range map[string]*HealthCheck{
		`{"path":"/healthz"}`:                  HTTPCheck("/healthz"),
		`{"path":"/","port":80}`:               {HTTP: &HTTPHealthCheck{Path: "/", Port: new(80)}},
		`{"exec":{"command":["a","b"]}}`:       ExecCheck("a", "b"),
		`{"tcp":{"port":1},"periodSeconds":5}`: {PeriodSeconds: new(5), Unknown: UnknownMembers{"tcp": RawJSON(`{"port":1}`)}},
	} {
		for _, unmarshal := range []func([]byte, any) error{json.Unmarshal, decode} {
			got := HealthCheck{Exec: &ExecHealthCheck{}, TimeoutSeconds: new(1)}
			require.NoError(t, unmarshal([]byte(text), &got))
			assert.Equal(t, *want, got)
		}
		for _, marshal := range []func(any) ([]byte, error){json.Marshal, encode} {
			b, err := marshal(want)
			require.NoError(t, err)
			assert.JSONEq(t, text, string(b))
		}
	}
}

func TestAutoscalingMetrics(t *testing.T) {
	b, err := encode(Autoscaling{MaxReplicas: 2, Metrics: []AutoscalingMetric{CPUMetric(70), MemoryMetric(100), RequestDurationMetric(0.15)}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"maxReplicas":2,"metrics":[
		{"metric":"cpu","summary":"average","value":70},
		{"metric":"memory","summary":"average","value":100},
		{"metric":"requestDuration","summary":"average","value":0.15}]}`, string(b))
}

func TestUpsertRefusesBadConfigs(t *testing.T) {
	v1 := func(change func(*DeploymentConfigV1)) DeploymentConfig {
		c := &DeploymentConfigV1{Name: "n", Image: "i", Resources: DeploymentResources{MachineType: "C5"}}
		change(c)
		return DeploymentConfig{V1: c}
	}
	for name, tc := range map[string]struct {
		config DeploymentConfig
		want   []string
	}{
		"no version":       {DeploymentConfig{}, []string{"config", "is required"}},
		"several versions": {DeploymentConfig{V1: &DeploymentConfigV1{Resources: DeploymentResources{MachineType: "C5"}}, Raw: RawJSON(`{}`)}, []string{"config: sets several"}},
		"empty raw JSON":   {DeploymentConfig{Raw: RawJSON{}}, []string{"config: must be a JSON object"}},
		"raw list":         {DeploymentConfig{Raw: RawJSON(`[]`)}, []string{"config: must be a JSON object"}},
		"raw null":         {DeploymentConfig{Raw: RawJSON(`null`)}, []string{"config: apiVersion is required"}},
		"integration without a type": {v1(func(c *DeploymentConfigV1) { c.Integrations = []Integration{{Raw: RawJSON(`{"name":"n"}`)}} }),
			[]string{"config.integrations[0]: must be a JSON object with a type"}},
		"empty integration": {v1(func(c *DeploymentConfigV1) { c.Integrations = []Integration{{Raw: RawJSON{}}} }),
			[]string{"config.integrations[0]: must be a JSON object with a type"}},
		"integration that is a list": {v1(func(c *DeploymentConfigV1) { c.Integrations = []Integration{{Raw: RawJSON(`["s3"]`)}} }),
			[]string{"config.integrations[0]: must be a JSON object with a type"}},
		"port 0 of a list": {v1(func(c *DeploymentConfigV1) { c.Resources.Ports = []int{80, 0} }),
			[]string{"config.resources.ports[1]: must be from 1 to 65535"}},
		"negative replicas": {v1(func(c *DeploymentConfigV1) { c.Resources.Replicas = new(-1) }),
			[]string{"config.resources.replicas: must be at least 0"}},
		"bad raw JSON": {DeploymentConfig{Raw: RawJSON(`{`)}, []string{"config: must be a JSON object"}},
		"machine type": {DeploymentConfig{V1: &DeploymentConfigV1{Name: "n", Image: "i"}}, []string{"config.resources.machineType", "is required"}},
		"machine type of v0alpha1": {
			DeploymentConfig{V0Alpha1: &DeploymentConfigV0Alpha1{Name: "n", Image: "i"}}, []string{"config.resources.machineType", "is required"},
		},
		"instance type": {DeploymentConfig{V0Alpha0: &DeploymentConfigV0Alpha0{Name: "n", Image: "i"}}, []string{"config.resources.instanceType", "is required"}},
		"mask": {v1(func(c *DeploymentConfigV1) { c.Env = []EnvVar{{Name: "A", Value: "x"}, {Name: "B", Value: mask}} }),
			[]string{"config.env[1].value", "holds the mask"}},
		"mask in a variant": {v1(func(c *DeploymentConfigV1) {
			c.Integrations = []Integration{{S3: &S3Integration{Name: "n", URL: "u", AccessKeyID: new(Sensitive(mask))}}}
		}), []string{"config.integrations[0].accessKeyId", "holds the mask"}},
		"no integration": {v1(func(c *DeploymentConfigV1) { c.Integrations = make([]Integration, 1) }),
			[]string{"config.integrations[0]: must set exactly one"}},
		"mask in an unknown member": {v1(func(c *DeploymentConfigV1) {
			c.Env = []EnvVar{{Name: "A", Value: "x", Unknown: UnknownMembers{"later": RawJSON(`["` + mask + `"]`)}}}
		}), []string{"config.env[0][later]", "holds the mask"}},
		"mask in an unknown version": {DeploymentConfig{Raw: RawJSON(`{"apiVersion":"v9","a":"` + mask + `"}`)}, []string{"config", "holds the mask"}},
		"two integrations in one": {v1(func(c *DeploymentConfigV1) {
			c.Integrations = []Integration{{Model: &ModelIntegration{ID: "m"}, Volume: &VolumeIntegration{}}}
		}), []string{"config.integrations[0]: must set exactly one"}},
		"no health check": {v1(func(c *DeploymentConfigV1) { c.HealthChecks = &HealthChecks{Startup: &HealthCheck{}} }),
			[]string{"config.healthChecks.startup: sets neither"}},
		"two health checks in one": {v1(func(c *DeploymentConfigV1) {
			c.Healthchecks = &HealthChecks{Startup: &HealthCheck{HTTP: &HTTPHealthCheck{Path: "/"}, Exec: &ExecHealthCheck{}}}
		}), []string{"config.healthchecks.startup: sets HTTP and Exec"}},
		"no path": {v1(func(c *DeploymentConfigV1) { c.HealthChecks = &HealthChecks{Liveness: HTTPCheck("")} }),
			[]string{"config.healthChecks.liveness.path", "is required"}},
		"port 0": {v1(func(c *DeploymentConfigV1) {
			c.HealthChecks = &HealthChecks{Liveness: &HealthCheck{HTTP: &HTTPHealthCheck{Path: "/", Port: new(0)}}}
		}), []string{"config.healthChecks.liveness.port", "from 1 to 65535"}},
		"too many replicas": {v1(func(c *DeploymentConfigV1) { c.Resources.Autoscaling = &Autoscaling{MaxReplicas: 26} }),
			[]string{"config.resources.autoscaling.maxReplicas", "from 1 to 25"}},
	} {
		t.Run(name, func(t *testing.T) {
			rt := play(reply(200, `{"deploymentId":"d1"}`))
			_, err := newTestClient(t, rt).Deployments.Upsert(t.Context(), DeploymentUpsertParams{ProjectID: "p1", Config: tc.config})
			var e *ParamError
			require.ErrorAs(t, err, &e)
			for _, want := range tc.want {
				assert.Contains(t, err.Error(), want)
			}
			assert.Zero(t, rt.count())
		})
	}
}

func TestUpsertSendsConfigsOfEachVersion(t *testing.T) {
	schema := contract.Lookup("deployments-upsert").Request.Schema
	for version, text := range fullConfigs {
		for _, id := range []*string{nil, new("d1")} {
			rt := play(reply(200, `{"deploymentId":"d1"}`))
			params := DeploymentUpsertParams{DeploymentID: id, ProjectID: "p1"}
			require.NoError(t, json.Unmarshal([]byte(text), &params.Config))
			result, err := newTestClient(t, rt).Deployments.Upsert(t.Context(), params)
			require.NoError(t, err)
			assert.Equal(t, "d1", result.DeploymentID)
			assert.Equal(t, http.MethodPost, rt.requests[0].Method)
			body := parse(t, rt.bodies[0]).(map[string]any)
			assert.Empty(t, schema.Check(body), version)
			assert.Equal(t, parse(t, text), body["config"])
			_, has := body["deploymentId"]
			assert.Equal(t, id != nil, has)
		}
	}
	for _, config := range []DeploymentConfig{
		{V1: &DeploymentConfigV1{Name: "n", Image: "i", Resources: DeploymentResources{MachineType: "C5"}}},
		{V0Alpha1: &DeploymentConfigV0Alpha1{Name: "n", Image: "i", Resources: DeploymentResources{MachineType: "C5"}}},
		{V0Alpha0: &DeploymentConfigV0Alpha0{Name: "n", Image: "i", Resources: DeploymentResourcesV0Alpha0{InstanceType: "C5"}}},
	} {
		rt := play(reply(200, `{"deploymentId":"d1"}`))
		_, err := newTestClient(t, rt).Deployments.Upsert(t.Context(), DeploymentUpsertParams{ProjectID: "p1", Config: config})
		require.NoError(t, err)
		assert.Empty(t, schema.CheckJSON([]byte(rt.bodies[0])), rt.bodies[0])
	}
}

func TestReceivedConfigIsSentBack(t *testing.T) {
	text := withUnknown(t, fullConfigs["latest"])
	rt := play(reply(200, `{"id":"d1","latestSpec":{"id":"s1","data":`+text+`}}`), reply(200, `{"deploymentId":"d1"}`))
	client := newTestClient(t, rt)
	d, err := client.Deployments.Get(t.Context(), "d1")
	require.NoError(t, err)
	_, err = client.Deployments.Upsert(t.Context(), DeploymentUpsertParams{DeploymentID: &d.ID, ProjectID: "p1", Config: *d.LatestSpec.Data})
	require.NoError(t, err)
	assert.Equal(t, parse(t, text), parse(t, rt.bodies[1]).(map[string]any)["config"])
}
