package paperspace

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/assert/yaml"
	"github.com/stretchr/testify/require"
)

// internal/yamltest tests every YAML package.

func TestYAMLKeepsTheTextOfStrings(t *testing.T) {
	var config DeploymentConfig
	require.NoError(t, yaml.Unmarshal([]byte(`
apiVersion: v1
name: 012
image: 1.10
env: [{name: A, value: True}, {name: B, value: 2024-05-01}, {name: C, value: "1e5"}, {name: D, value: !!binary eA==}]
enabled: True
resources: {machineType: 1e5, ports: [80], replicas: 2}
healthChecks: {liveness: {path: 0x1F, port: 80}}
integrations: [{type: volume, name: 7}, {type: s3, name: n, url: u, region: 1}]
later: {count: 1.50, on: yes, none: ~}
`), &config))
	v1 := config.V1
	assert.Equal(t, "012", v1.Name)
	assert.Equal(t, "1.10", v1.Image)
	assert.Equal(t, []EnvVar{{Name: "A", Value: "True"}, {Name: "B", Value: "2024-05-01"}, {Name: "C", Value: "1e5"}, {Name: "D", Value: "x"}}, v1.Env)
	assert.True(t, *v1.Enabled)
	assert.Equal(t, DeploymentResources{MachineType: "1e5", Ports: []int{80}, Replicas: new(2)}, v1.Resources)
	assert.Equal(t, "0x1F", v1.HealthChecks.Liveness.HTTP.Path)
	assert.Equal(t, "7", v1.Integrations[0].Volume.Name)
	assert.Equal(t, Region("1"), *v1.Integrations[1].S3.Region)
	assert.JSONEq(t, `{"count":1.50,"on":"yes","none":null}`, string(v1.Unknown["later"]))
}

func TestYAMLErrorsNameTheMember(t *testing.T) {
	for text, want := range map[string]string{
		"apiVersion: v1\nresources: {machineType: C5, ports: [], replicas: 012}": "config.resources.replicas: must be written as a decimal number",
		"apiVersion: v1\nlater: [.inf]":                                          "config.later[0]: must be written as a decimal number",
		"apiVersion: v1\ncommand: [a, ~]":                                        "config.command[1]: must not be null",
		"apiVersion: v1\nenv: {A: 1}":                                            "config.env: must be a list, not an object",
		"port: 80":                                                               `write "v0alpha0"`,
	} {
		assert.ErrorContains(t, yaml.Unmarshal([]byte(text), new(DeploymentConfig)), want, text)
	}
}

func TestYAMLUsesJSONMethods(t *testing.T) {
	var file struct {
		V1          DeploymentConfigV1
		V0Alpha1    DeploymentConfigV0Alpha1
		V0Alpha0    DeploymentConfigV0Alpha0
		Check       HealthCheck
		Integration Integration
	}
	require.NoError(t, yaml.Unmarshal([]byte(`
v1: {name: 1, resources: {machineType: C5, ports: []}}
v0alpha1: {name: 2}
v0alpha0: {name: 3, port: 80}
check: {exec: {command: [1]}}
integration: {type: volume, name: 4}
`), &file))
	assert.Equal(t, "1", file.V1.Name)
	assert.Equal(t, "2", file.V0Alpha1.Name)
	assert.Equal(t, 80, *file.V0Alpha0.Port)
	assert.Equal(t, *ExecCheck("1"), file.Check)
	assert.Equal(t, "4", file.Integration.Volume.Name)
}

func TestYAMLEncodesTheMembersOfJSON(t *testing.T) {
	config := DeploymentConfig{V1: &DeploymentConfigV1{
		Name: "api", Image: "acme/api", Env: []EnvVar{{Name: "A", Value: "hunter2"}}, Enabled: new(true),
		Resources:    DeploymentResources{MachineType: "C5", Ports: []int{80}},
		HealthChecks: &HealthChecks{Liveness: HTTPCheck("/")},
		Integrations: []Integration{{Volume: &VolumeIntegration{Name: "data"}}},
		Unknown:      UnknownMembers{"later": RawJSON(`{"whole":9007199254740993,"fraction":1.5,"none":null}`)},
	}}
	want := map[string]any{
		"apiVersion": "v1", "name": "api", "image": "acme/api", "env": []any{map[string]any{"name": "A", "value": mask}}, "enabled": true,
		"resources":    map[string]any{"machineType": "C5", "ports": []any{int64(80)}},
		"healthChecks": map[string]any{"liveness": map[string]any{"path": "/"}},
		"integrations": []any{map[string]any{"type": "volume", "name": "data"}},
		"later":        map[string]any{"whole": int64(9007199254740993), "fraction": 1.5, "none": nil},
	}
	for name, value := range map[string]interface{ MarshalYAML() (any, error) }{"any version": config, "v1": *config.V1} {
		got, err := value.MarshalYAML()
		require.NoError(t, err, name)
		assert.Equal(t, want, got, name)
	}
	for name, value := range map[string]interface{ MarshalYAML() (any, error) }{
		"v0alpha1": DeploymentConfigV0Alpha1{Name: "api"}, "v0alpha0": DeploymentConfigV0Alpha0{Name: "api"},
	} {
		got, err := value.MarshalYAML()
		require.NoError(t, err, name)
		assert.Subset(t, got, map[string]any{"apiVersion": name, "name": "api"})
	}
	check, err := HTTPCheck("/").MarshalYAML()
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"path": "/"}, check)
	_, err = Integration{}.MarshalYAML()
	assert.ErrorContains(t, err, "must set exactly one")
}
