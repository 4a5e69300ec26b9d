// Package yamltest tests deployment configurations with the YAML packages that Go programs use. It is a module of its own
// so that the SDK depends on none of them.
package yamltest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	goccy "github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	yaml "go.yaml.in/yaml/v3"
	gopkg "gopkg.in/yaml.v3"
	sigs "sigs.k8s.io/yaml"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/internal/contract"
)

const sigsName = "sigs.k8s.io/yaml"

var unmarshalers = map[string]func([]byte, any) error{
	"go.yaml.in/yaml/v3":       yaml.Unmarshal,
	"gopkg.in/yaml.v3":         gopkg.Unmarshal,
	"github.com/goccy/go-yaml": func(data []byte, out any) error { return goccy.Unmarshal(data, out) },
	sigsName:                   func(data []byte, out any) error { return sigs.Unmarshal(data, out) },
}

var marshalers = map[string]func(any) ([]byte, error){
	"go.yaml.in/yaml/v3":       yaml.Marshal,
	"gopkg.in/yaml.v3":         gopkg.Marshal,
	"github.com/goccy/go-yaml": func(value any) ([]byte, error) { return goccy.Marshal(value) },
	sigsName:                   sigs.Marshal,
}

func eachPackage(t *testing.T, f func(t *testing.T, name string, unmarshal func([]byte, any) error)) {
	for name, unmarshal := range unmarshalers {
		t.Run(name, func(t *testing.T) { f(t, name, unmarshal) })
	}
}

const file = `
# a comment
apiVersion: v1
name: &name api
image: "acme/api:1.4" # another
command: [run, *name]
enabled: True
env:
  - name: TOKEN
    value: hunter2
  - {name: EMPTY, value: " "}
  - name: TEXT
    value: |
      two
      lines
resources:
  machineType: C5
  replicas: 2
  ports:
    - 80
    - 8080
  autoscaling:
    maxReplicas: 3
    metrics:
      - {metric: requestDuration, summary: average, value: 0.15}
healthChecks:
  liveness: &check
    path: /healthz
    port: 80
  readiness: *check
  startup:
    exec: {command: ["true"]}
integrations:
  - type: volume
    name: data
  - type: s3
    name: s3
    url: s3://bucket/prefix
    region: us-east-1
region: null
basicAuthKey:
later: {count: 1, none: ~}
`

func want() paperspace.DeploymentConfigV1 {
	check := func() *paperspace.HealthCheck {
		return &paperspace.HealthCheck{HTTP: &paperspace.HTTPHealthCheck{Path: "/healthz", Port: new(80)}}
	}
	return paperspace.DeploymentConfigV1{
		Name: "api", Image: "acme/api:1.4", Command: []string{"run", "api"}, Enabled: new(true),
		Env: []paperspace.EnvVar{{Name: "TOKEN", Value: "hunter2"}, {Name: "EMPTY", Value: " "}, {Name: "TEXT", Value: "two\nlines\n"}},
		Resources: paperspace.DeploymentResources{
			MachineType: "C5", Replicas: new(2), Ports: []int{80, 8080},
			Autoscaling: &paperspace.Autoscaling{MaxReplicas: 3, Metrics: []paperspace.AutoscalingMetric{paperspace.RequestDurationMetric(0.15)}},
		},
		HealthChecks: &paperspace.HealthChecks{Liveness: check(), Readiness: check(), Startup: paperspace.ExecCheck("true")},
		Integrations: []paperspace.Integration{
			{Volume: &paperspace.VolumeIntegration{Name: "data"}},
			{S3: &paperspace.S3Integration{Name: "s3", URL: "s3://bucket/prefix", Region: new(paperspace.Region("us-east-1"))}},
		},
		Unknown: paperspace.UnknownMembers{"later": paperspace.RawJSON(`{"count":1,"none":null}`)},
	}
}

func TestPackagesDecodeConfigs(t *testing.T) {
	eachPackage(t, func(t *testing.T, name string, unmarshal func([]byte, any) error) {
		var config paperspace.DeploymentConfig
		require.NoError(t, unmarshal([]byte(file), &config))
		assert.Equal(t, want(), *config.V1)

		var v1 paperspace.DeploymentConfigV1
		require.NoError(t, unmarshal([]byte(file), &v1))
		assert.Equal(t, want(), v1)

		var own struct {
			Deployment *paperspace.DeploymentConfig `yaml:"deployment" json:"deployment"`
			Check      paperspace.HealthCheck       `yaml:"check" json:"check"`
			Mounts     []paperspace.Integration     `yaml:"mounts" json:"mounts"`
			None       *paperspace.DeploymentConfig `yaml:"none" json:"none"`
		}
		text := "deployment:" + strings.ReplaceAll(file, "\n", "\n  ") + "\ncheck: {path: /}\nmounts: [{type: volume, name: v}]\nnone:\n"
		require.NoError(t, unmarshal([]byte(text), &own), name)
		assert.Equal(t, want(), *own.Deployment.V1)
		assert.Equal(t, *paperspace.HTTPCheck("/"), own.Check)
		assert.Equal(t, []paperspace.Integration{{Volume: &paperspace.VolumeIntegration{Name: "v"}}}, own.Mounts)
		assert.Nil(t, own.None)
	})
}

func TestVersionsDecode(t *testing.T) {
	eachPackage(t, func(t *testing.T, name string, unmarshal func([]byte, any) error) {
		var config paperspace.DeploymentConfig
		require.NoError(t, unmarshal([]byte("apiVersion: v0alpha0\nname: api\nport: 80\nresources: {instanceType: C5}"), &config))
		assert.Equal(t, 80, *config.V0Alpha0.Port)
		require.NoError(t, unmarshal([]byte("apiVersion: v0alpha1\nname: api\nresources: {machineType: C5, ports: []}"), &config))
		assert.Equal(t, "api", config.V0Alpha1.Name)
		var alpha0 paperspace.DeploymentConfigV0Alpha0
		require.NoError(t, unmarshal([]byte("name: api\nmodels: [{id: m, path: /m}]"), &alpha0))
		assert.Equal(t, "m", alpha0.Models[0].ID)
		var alpha1 paperspace.DeploymentConfigV0Alpha1
		require.NoError(t, unmarshal([]byte("name: api"), &alpha1))
		assert.Equal(t, "api", alpha1.Name)
		require.NoError(t, unmarshal([]byte("apiVersion: v9\nsize: 1.50"), &config))
		assert.Contains(t, string(config.Raw), `"apiVersion":"v9"`)
	})
}

// plain are scalars without quotes that YAML may read as something else than a text.
var plain = []string{
	"1.10", "012", "1e5", "1e400", "0x1F", "0o17", "0b11", "1_000", ".5", "1.", "+1", "-0", "0.0", ".inf", ".nan", "yes", "no", "on", "Off", "y",
	"true", "True", "FALSE", "2024-05-01", "2024-05-01T10:00:00Z", "12:30:45", "123456789012345678901234567890", "1.4.2", "5e3f", "x",
}

// An environment variable has the text of the file, or the error names it. No package gives it another value.
func TestPlainScalarsKeepTheirText(t *testing.T) {
	eachPackage(t, func(t *testing.T, name string, unmarshal func([]byte, any) error) {
		for _, scalar := range plain {
			for _, comment := range []string{"", " # a comment"} {
				text := fmt.Sprintf("apiVersion: v1\nenv:\n- name: A\n  value: %s%s\ncommand: [run, %s]\nbasicAuthKey: %s\n", scalar, comment, scalar, scalar)
				var config paperspace.DeploymentConfig
				err := unmarshal([]byte(text), &config)
				if err != nil {
					assert.Equal(t, sigsName, name, "%s: %v", scalar, err)
					if scalar == ".inf" || scalar == ".nan" {
						continue // it refuses them itself
					}
					e, ok := errors.AsType[*paperspace.ParamError](err)
					require.True(t, ok, "%s: %v", scalar, err)
					assert.Contains(t, []string{"config.env[0].value", "config.command[1]", "config.basicAuthKey"}, e.Field)
					continue
				}
				assert.Equal(t, scalar, config.V1.Env[0].Value.Reveal(), "%q", text)
				assert.Equal(t, []string{"run", scalar}, config.V1.Command)
				assert.Equal(t, scalar, config.V1.BasicAuthKey.Reveal())
			}
		}
	})
}

func TestTagsAndAnchorsAreNoText(t *testing.T) {
	eachPackage(t, func(t *testing.T, name string, unmarshal func([]byte, any) error) {
		for text, want := range map[string]string{
			"!!str 1.10": "1.10", "!!str 012": "012", "!!str 0x1F # a comment": "0x1F", "!!str &a 1e5": "1e5", "&a !!str 2024-05-01": "2024-05-01",
			"!!str yes": "yes", "!!str '012'": "012", "!!str two words": "two words", "&a text": "text", "'!!str 1.10'": "!!str 1.10", `"&a b"`: "&a b",
			"|\n    !!str 1.10": "!!str 1.10\n",
		} {
			var config paperspace.DeploymentConfig
			require.NoError(t, unmarshal([]byte("apiVersion: v1\nenv:\n- name: A\n  value: "+text+"\n"), &config), text)
			assert.Equal(t, want, config.V1.Env[0].Value.Reveal(), text)
		}
		if name == sigsName {
			return // it takes these for numbers
		}
		for _, text := range []string{"!!float 1.10", "&a 1.10", "!!float &a 1.10", "&a !!float 1.10"} {
			var config paperspace.DeploymentConfig
			require.NoError(t, unmarshal([]byte("apiVersion: v1\nname: "+text), &config), text)
			assert.Equal(t, "1.10", config.V1.Name, text)
		}
	})
}

func TestPackagesEncodeConfigs(t *testing.T) {
	for name, marshal := range marshalers {
		unmarshal := unmarshalers[name]
		v1 := want()
		text, err := marshal(paperspace.Deployment{LatestSpec: &paperspace.DeploymentSpec{Data: &paperspace.DeploymentConfig{V1: &v1}}})
		require.NoError(t, err, name)
		assert.NotContains(t, string(text), "hunter2", name)
		for i := range v1.Env {
			v1.Env[i].Value = "[REDACTED]"
		}
		var deployment paperspace.Deployment
		require.NoError(t, unmarshal(text, &deployment), "%s:\n%s", name, text)
		assert.Equal(t, v1, *deployment.LatestSpec.Data.V1, name)

		text, err = marshal(v1)
		require.NoError(t, err, name)
		var decoded paperspace.DeploymentConfigV1
		require.NoError(t, unmarshal(text, &decoded), "%s:\n%s", name, text)
		assert.Equal(t, v1, decoded, name)
	}
}

// Where a number or a boolean belongs, a text is none, and neither is a number that YAML packages read in different ways.
func TestValuesOfTheWrongType(t *testing.T) {
	eachPackage(t, func(t *testing.T, name string, unmarshal func([]byte, any) error) {
		for text, field := range map[string]string{
			"resources: {machineType: C5, ports: 8000}":            "config.resources.ports",
			"resources: {machineType: C5, ports: ['80']}":          "config.resources.ports[0]",
			"resources: {machineType: C5, ports: [80.5]}":          "config.resources.ports[0]",
			"resources: {machineType: C5, ports: [~]}":             "config.resources.ports[0]",
			"resources: {machineType: C5, ports: [], replicas: x}": "config.resources.replicas",
			"enabled: 'true'": "config.enabled",
			"enabled: 1":      "config.enabled",
			"command: run":    "config.command",
			"env: {A: x}":     "config.env",
			"env: [A=x]":      "config.env[0]",
			"healthChecks: {liveness: {path: /, port: http}}": "config.healthChecks.liveness.port",
			"integrations: [{type: volume}]":                  "config.integrations[0].name",
		} {
			var config paperspace.DeploymentConfig
			err := unmarshal([]byte("apiVersion: v1\n"+text), &config)
			e, ok := errors.AsType[*paperspace.ParamError](err)
			require.True(t, ok, "%s: %v", text, err)
			assert.Equal(t, field, e.Field)
		}
		var config paperspace.DeploymentConfig
		require.NoError(t, unmarshal([]byte("apiVersion: v1\nname: !!binary YXBp\nresources: {machineType: C5, ports: [], replicas: !!int 2}"), &config))
		assert.Equal(t, "api", config.V1.Name)
		assert.Equal(t, 2, *config.V1.Resources.Replicas)
		assert.ErrorContains(t, unmarshal([]byte("name: api\nport: 80\nresources: {instanceType: C5}"), &config), `write "v0alpha0"`)
		if name == sigsName {
			return // it has read them before it asks what they should be
		}
		for _, number := range []string{"012", "0x1F", "1_000", "+2", ".5"} {
			text := "apiVersion: v1\nresources: {machineType: C5, ports: [], replicas: " + number + "}"
			err := unmarshal([]byte(text), &config)
			e, ok := errors.AsType[*paperspace.ParamError](err)
			require.True(t, ok, "%s: %v", text, err)
			assert.Equal(t, "config.resources.replicas", e.Field)
		}
	})
}

// Every configuration that the contract allows goes from YAML through the types to JSON unchanged.
func TestRandomConfigsGoThroughUnchanged(t *testing.T) {
	variants := contract.Lookup("deployments-upsert").Request.Field("config").Schema.Variants
	eachPackage(t, func(t *testing.T, name string, unmarshal func([]byte, any) error) {
		for seed := range uint64(300) {
			r := rand.New(rand.NewPCG(seed, 1))
			value := variants[r.IntN(len(variants))].Random(r)
			wanted, err := json.Marshal(value)
			require.NoError(t, err)
			text, err := yaml.Marshal(native(value))
			require.NoError(t, err)
			var config, fromJSON paperspace.DeploymentConfig
			require.NoError(t, unmarshal(text, &config), "seed %d:\n%s", seed, text)
			require.NoError(t, json.Unmarshal(wanted, &fromJSON))
			if !assert.Equal(t, fromJSON, config, "seed %d:\n%s", seed, text) {
				return
			}
			if name == "github.com/goccy/go-yaml" {
				continue // it writes some texts so that no package reads them back, such as one that begins with a tab
			}
			text, err = marshalers[name](config)
			require.NoError(t, err)
			var again paperspace.DeploymentConfig
			require.NoError(t, unmarshal(text, &again), "seed %d:\n%s", seed, text)
			masked, err := json.Marshal(config)
			require.NoError(t, err)
			got, err := json.Marshal(again)
			require.NoError(t, err)
			require.Equal(t, string(masked), string(got), "seed %d:\n%s", seed, text)
		}
	})
}

// native replaces the numbers of JSON by those of Go, which yaml.Marshal writes without quotes.
func native(value any) any {
	switch value := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, member := range value {
			out[name] = native(member)
		}
		return out
	case []any:
		out := []any{}
		for _, item := range value {
			out = append(out, native(item))
		}
		return out
	case json.Number:
		if n, err := value.Int64(); err == nil {
			return n
		}
		f, _ := value.Float64()
		return f
	}
	return value
}
