package paperspace

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// v1File returns a configuration of version v1 with one more member.
func v1File(member string) string {
	return `{"apiVersion":"v1","name":"n","image":"i","resources":{"machineType":"C5","ports":[80]},` + member + `}`
}

func TestConfigFilesAreReadStrictly(t *testing.T) {
	resources := func(members string) string {
		return `{"apiVersion":"v1","name":"n","image":"i","resources":{"machineType":"C5",` + members + `}}`
	}
	check := func(members string) string { return v1File(`"healthChecks":{"liveness":{"path":"/",` + members + `}}`) }
	for file, want := range map[string]string{
		v1File(`"env":[{"name":"A","value":1.10}]`):                            "config.env[0].value: must be a string, not a number: put it in quotes",
		v1File(`"env":[{"name":"A","value":true}]`):                            "config.env[0].value: must be a string, not a boolean: put it in quotes",
		v1File(`"env":{"A":"x"}`):                                              "config.env: must be a list, not an object",
		v1File(`"env":["A=x"]`):                                                "config.env[0]: must be an object, not a string",
		v1File(`"env":[null]`):                                                 "config.env[0]: must not be null",
		v1File(`"command":["a",null]`):                                         "config.command[1]: must not be null",
		v1File(`"integrations":[null]`):                                        "config.integrations[0]: must not be null",
		v1File(`"healthChecks":{"liveness":{"path":"/","headers":[null]}}`):    "config.healthChecks.liveness.headers[0]: must not be null",
		v1File(`"command":"run -v"`):                                           "config.command: must be a list, not a string",
		v1File(`"enabled":"false"`):                                            "config.enabled: must be true or false, not a string",
		v1File(`"region":7`):                                                   "config.region: must be a string, not a number: put it in quotes",
		v1File(`"basicAuthKey":1e5`):                                           "config.basicAuthKey: must be a string, not a number: put it in quotes",
		v1File(`"later":{"a":1,"a":2}`):                                        "config.later.a: is set twice",
		v1File(`"name":"again"`):                                               "config.name: is set twice",
		resources(`"ports":8000`):                                              "config.resources.ports: must be a list, not a number",
		resources(`"ports":["80"]`):                                            "config.resources.ports[0]: must be a number, not a string",
		resources(`"ports":[80.5]`):                                            "config.resources.ports[0]: must be a whole number, of a size that fits",
		resources(`"ports":[null]`):                                            "config.resources.ports[0]: must not be null",
		resources(`"ports":null`):                                              "config.resources.ports: is required",
		resources(`"replicas":1`):                                              "config.resources.ports: is required",
		resources(`"ports":[],"replicas":"2"`):                                 "config.resources.replicas: must be a number, not a string",
		resources(`"ports":[],"replicas":1e99`):                                "config.resources.replicas: must be a whole number, of a size that fits",
		check(`"port":"http"`):                                                 "config.healthChecks.liveness.port: must be a number, not a string",
		check(`"headers":[{"name":"A"}]`):                                      "config.healthChecks.liveness.headers[0].value: is required",
		v1File(`"healthChecks":{"liveness":{"exec":{"command":"true"}}}`):      "config.healthChecks.liveness.exec.command: must be a list, not a string",
		v1File(`"integrations":[{"type":"volume"}]`):                           "config.integrations[0].name: is required",
		v1File(`"integrations":["model"]`):                                     "config.integrations[0]: must be an object, not a string",
		v1File(`"integrations":[{"type":"s3","name":"n","url":"u","path":7}]`): "config.integrations[0].path: must be a string, not a number: put it in quotes",
		`"v1"`:                 "config: must be an object, not a string",
		`["v1"]`:               "config: must be an object, not a list",
		`{"apiVersion":7}`:     "config.apiVersion: must be a string, not a number",
		`{"apiVersion":"v1",}`: "config: is not JSON",
	} {
		var config DeploymentConfig
		err := config.UnmarshalJSON([]byte(file))
		if assert.Error(t, err, file) {
			e, ok := errors.AsType[*ParamError](err)
			require.True(t, ok, "%T", err)
			assert.Contains(t, "paperspace: "+want, "paperspace: "+e.Field)
			assert.True(t, strings.HasPrefix(err.Error(), "paperspace: "+want), "%s\nwant: %s\ngot:  %s", file, want, err)
		}
		if json.Valid([]byte(file)) {
			assert.EqualError(t, json.Unmarshal([]byte(file), &config), err.Error(), "by encoding/json")
		}
	}
}

func TestConfigErrorsRepeatNoValue(t *testing.T) {
	for _, file := range []string{
		v1File(`"env":[{"name":"A","value":918273}]`), v1File(`"env":[{"name":"A","value":["hunter2"]}]`), v1File(`"env":"hunter2"`),
		v1File(`"basicAuthKey":918273`), v1File(`"enabled":"hunter2"`), v1File(`"env":[{"name":"A","value":"hunter2"`),
	} {
		err := new(DeploymentConfig).UnmarshalJSON([]byte(file))
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "hunter2")
		assert.NotContains(t, err.Error(), "918273")
	}
	err := new(DeploymentConfig).UnmarshalJSON([]byte(`{"apiVersion":"v1","a\nb":{"c":1,"c":2}}`))
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "\n")
}

func TestConfigVersionIsInferredFromItsMembers(t *testing.T) {
	const (
		v0Alpha0 = `"name":"n","image":"i","port":80,"resources":{"instanceType":"C5"}`
		v1       = `"name":"n","image":"i","resources":{"machineType":"C5","ports":[80]}`
	)
	for file, want := range map[string]string{
		`{` + v0Alpha0 + `}`:                              `config.apiVersion: is required, and the shape is that of v0alpha0 (it has resources.instanceType and port): write "v0alpha0"`,
		`{"apiVersion":null,` + v0Alpha0 + `}`:            `write "v0alpha0"`,
		`{"apiVersion":"latest",` + v0Alpha0 + `}`:        `config.apiVersion: is "latest", which means v1 today, and the shape is that of v0alpha0`,
		`{"apiVersion":"latest","name":"n","port":80}`:    `write "v0alpha0"`,
		`{` + v1 + `}`:                                    `config.apiVersion: is required, and the shape is that of v1 (it has resources.machineType and resources.ports): write "v1"`,
		`{"name":"n"}`:                                    `config.apiVersion: is required: write "v1" for`,
		`{}`:                                              `config.apiVersion: is required: write "v1" for`,
		`{"resources":{"machineType":"C5"},"port":80}`:    `config.apiVersion: is required: write "v1" for`,
		`{"resources":["machineType"],"integrations":[]}`: `(it has integrations): write "v1"`,
	} {
		var config DeploymentConfig
		assert.ErrorContains(t, json.Unmarshal([]byte(file), &config), want, file)
		rt := play()
		_, err := newTestClient(t, rt).Deployments.Upsert(t.Context(), DeploymentUpsertParams{
			ProjectID: "p1", Config: DeploymentConfig{Raw: RawJSON(file)},
		})
		assert.ErrorContains(t, err, strings.Replace(want, "config.apiVersion:", "config: apiVersion", 1), file)
		assert.Zero(t, rt.count())
	}
	var config DeploymentConfig
	require.NoError(t, json.Unmarshal([]byte(`{"apiVersion":"latest",`+v1+`}`), &config))
	assert.Equal(t, "C5", config.V1.Resources.MachineType)
	require.NoError(t, json.Unmarshal([]byte(`{"apiVersion":"latest","name":"n"}`), &config), "missing members may be set later")
	assert.Equal(t, "n", config.V1.Name)
}

// A program can fill in what a file omits. A required member that is still missing is refused by name before sending.
func TestRequiredMembersOfAConfigFile(t *testing.T) {
	const resources = `"resources":{"machineType":"C5","ports":[80]}`
	for file, field := range map[string]string{
		`{"apiVersion":"v1","image":null,` + resources + `}`:                                                                                    "config.name",
		`{"apiVersion":"v1","name":"n","image":null,` + resources + `}`:                                                                         "config.image",
		`{"apiVersion":"v0alpha1","name":"n",` + resources + `}`:                                                                                "config.image",
		`{"apiVersion":"v0alpha0","name":"n","resources":{"instanceType":"C5"}}`:                                                                "config.image",
		`{"apiVersion":"v1","name":"n","image":"i"}`:                                                                                            "config.resources.machineType",
		`{"apiVersion":"v1","name":"n","image":"i","resources":null}`:                                                                           "config.resources.machineType",
		`{"apiVersion":"v0alpha0","name":"n","image":"i"}`:                                                                                      "config.resources.instanceType",
		v1File(`"env":[{"name":"A"}]`):                                                                                                          "config.env[0].value",
		v1File(`"env":[{"name":null,"value":"x"}]`):                                                                                             "config.env[0].name",
		v1File(`"healthChecks":{"startup":{"path":null}}`):                                                                                      "config.healthChecks.startup.path",
		v1File(`"integrations":[{"type":"s3","name":"n"}]`):                                                                                     "config.integrations[0].url",
		v1File(`"integrations":[{"type":"spaces","name":"n"}]`):                                                                                 "config.integrations[0].endpoint",
		`{"apiVersion":"v1","name":"n","image":"i","resources":{"machineType":"C5","ports":[],"autoscaling":{"enabled":false}}}`:                "config.resources.autoscaling.maxReplicas",
		`{"apiVersion":"v1","name":"n","image":"i","resources":{"machineType":"C5","ports":[],"autoscaling":{"maxReplicas":2}}}`:                "config.resources.autoscaling.metrics",
		`{"apiVersion":"v1","name":"n","image":"i","resources":{"machineType":"C5","ports":[],"autoscaling":{"maxReplicas":2,"metrics":[{}]}}}`: "config.resources.autoscaling.metrics[0].metric",
	} {
		var config DeploymentConfig
		require.NoError(t, json.Unmarshal([]byte(file), &config), file)
		rt := play()
		_, err := newTestClient(t, rt).Deployments.Upsert(t.Context(), DeploymentUpsertParams{ProjectID: "p1", Config: config})
		e, ok := errors.AsType[*ParamError](err)
		require.True(t, ok, "%s: %v", file, err)
		assert.Equal(t, field, e.Field, file)
		assert.Zero(t, rt.count())
	}
}

func TestConfigFilesRoundTrip(t *testing.T) {
	for _, file := range []string{
		`{"apiVersion":"v1"}`, `{"apiVersion":"latest"}`, `{"apiVersion":"v0alpha1"}`, `{"apiVersion":"v0alpha0"}`,
		`{"apiVersion":"v1","resources":{"machineType":"C5","ports":[],"autoscaling":{"enabled":false}}}`,
		v1File(`"region":"East Coast (NY2)"`), v1File(`"region":"NY2"`), v1File(`"region":"cluster-7"`), v1File(`"env":[]`),
		v1File(`"later":{"n":12345678901234567890,"none":null,"big":1e999999999}`),
		v1File(`"integrations":[{"type":"do-spaces","name":"n","url":"https://a.nyc3.digitaloceanspaces.com"}]`),
		v1File(`"containerRegistry":""`),
	} {
		for _, unmarshal := range []func([]byte, any) error{json.Unmarshal, decode} {
			var config DeploymentConfig
			require.NoError(t, unmarshal([]byte(file), &config), file)
			for _, marshal := range []func(any) ([]byte, error){json.Marshal, encode} {
				got, err := marshal(config)
				require.NoError(t, err)
				assert.Equal(t, parse(t, file), parse(t, string(got)), file)
			}
		}
	}

	var config DeploymentConfig
	require.NoError(t, json.Unmarshal([]byte(`{"$schema":"https://example.com/schema.json","apiVersion":"v1","name":"n","region":null}`), &config))
	got, err := encode(config)
	require.NoError(t, err)
	assert.JSONEq(t, `{"apiVersion":"v1","name":"n"}`, string(got), "$schema is dropped, and null means absent")
}

// Every configuration that the contract allows decodes and encodes unchanged, including unknown members.
func FuzzConfigFilesRoundTrip(f *testing.F) {
	for seed := range uint64(200) {
		f.Add(seed)
	}
	variants := contract.Lookup("deployments-upsert").Request.Field("config").Schema.Variants
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 0))
		value := variants[r.IntN(len(variants))].Random(r).(map[string]any)
		fillEmptyTexts(value)
		if seed%4 == 0 {
			value["later"] = map[string]any{"value": json.Number("1.10"), "none": nil}
		}
		file, err := json.Marshal(value)
		require.NoError(t, err)
		for _, unmarshal := range []func([]byte, any) error{json.Unmarshal, decode} {
			var config DeploymentConfig
			require.NoError(t, unmarshal(file, &config), "%s", file)
			assert.Nil(t, config.Raw)
			sent, err := encode(config)
			require.NoError(t, err)
			assert.Equal(t, fromJSON(t, file), fromJSON(t, sent))
			assert.NoError(t, validate(&endpoint{}, DeploymentUpsertParams{ProjectID: "p1", Config: config}), "%s", file)
		}
	})
}

// fillEmptyTexts sets required strings that the contract allows to be empty and the SDK refuses.
func fillEmptyTexts(value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			switch name {
			case "name", "image", "machineType", "instanceType", "id", "url", "path", "region", "accessKeyId", "secretAccessKey":
				if member == "" {
					value[name] = "x"
				}
			}
			fillEmptyTexts(member)
		}
	case []any:
		for _, item := range value {
			fillEmptyTexts(item)
		}
	}
}

func TestInvalidStoredConfigsAreKeptRaw(t *testing.T) {
	good := v1File(`"enabled":true`)
	for _, stored := range []string{
		`{"apiVersion":"v1","name":"n","image":"i","resources":{"machineType":"C5","ports":8000}}`,
		`{"apiVersion":"v1","name":{},"env":1}`, `{"apiVersion":"latest","port":80,"resources":{"instanceType":"C5"}}`,
		`{"apiVersion":7}`, `{"image":"x"}`, `{}`, v1File(`"integrations":["model"]`), v1File(`"healthChecks":{"startup":[]}`),
	} {
		rt := play(reply(200, page(`{"id":"d1","latestSpec":{"id":"s1","data":`+stored+`}},{"id":"d2","latestSpec":{"id":"s2","data":`+good+`}}`)),
			reply(200, `{"deploymentId":"d1"}`))
		client := newTestClient(t, rt)
		list, err := client.Deployments.List(t.Context(), DeploymentListParams{})
		require.NoError(t, err, stored)
		assert.Equal(t, stored, string(list.Items[0].LatestSpec.Data.Raw))
		assert.Equal(t, "n", list.Items[1].LatestSpec.Data.V1.Name)
	}
}

// A region of a configuration may also be one of S3 or a cluster, so that none of its spellings is changed.
func TestRegionsOfStoredConfigsAreKeptAsWritten(t *testing.T) {
	for version, region := range map[string]func(*DeploymentConfig) *Region{
		versionV1:       func(c *DeploymentConfig) *Region { return c.V1.Region },
		versionLatest:   func(c *DeploymentConfig) *Region { return c.V1.Region },
		versionV0Alpha1: func(c *DeploymentConfig) *Region { return c.V0Alpha1.Region },
		versionV0Alpha0: func(c *DeploymentConfig) *Region { return c.V0Alpha0.Region },
	} {
		for json, want := range map[string]*Region{
			`"NY2"`: new(Region("NY2")), `"East Coast (NY2)"`: new(Region("East Coast (NY2)")), `7`: new(Region("7")), `null`: nil,
		} {
			var d Deployment
			odd, err := decodeResponse([]byte(`{"latestSpec":{"data":{"apiVersion":"`+version+`","region":`+json+`}}}`), &d)
			require.NoError(t, err)
			assert.Empty(t, odd)
			assert.Equal(t, want, region(d.LatestSpec.Data), "%s %s", version, json)
		}
	}
	var i Integration
	_, err := decodeResponse([]byte(`{"type":"s3","region":"NY2"}`), &i)
	require.NoError(t, err)
	assert.Equal(t, &S3Integration{Region: new(Region("NY2"))}, i.S3)
}

func TestEachConfigVersionDecodes(t *testing.T) {
	v1, alpha1, alpha0 := new(DeploymentConfigV1), new(DeploymentConfigV0Alpha1), new(DeploymentConfigV0Alpha0)
	for version, value := range map[string]any{"v1": v1, "v0alpha1": alpha1, "v0alpha0": alpha0} {
		file := fullConfigs[version]
		require.NoError(t, json.Unmarshal([]byte(file), value))
		sent, err := encode(value)
		require.NoError(t, err)
		assert.Equal(t, parse(t, file), parse(t, string(sent)))
		shown, err := json.Marshal(value)
		require.NoError(t, err)
		assert.Equal(t, parse(t, masked(file)), parse(t, string(shown)))

		require.NoError(t, json.Unmarshal([]byte(`{"name":"n"}`), value), "the Go type determines the version")
		sent, err = encode(value)
		require.NoError(t, err)
		assert.JSONEq(t, `{"apiVersion":"`+version+`","name":"n"}`, string(sent))
		assert.ErrorContains(t, json.Unmarshal([]byte(`{"apiVersion":"v9"}`), value), "config.apiVersion: must be \""+version+`"`)
		assert.ErrorContains(t, json.Unmarshal([]byte(`{"name":7}`), value), "config.name: must be a string")
	}
	assert.Equal(t, "n", v1.Name)
}
