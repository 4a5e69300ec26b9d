package paperspace

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// DeploymentConfig is the configuration of a deployment, in one of the versions that the API knows. Exactly one field
// is set. Use V1 for new configurations:
//
//	paperspace.DeploymentConfig{V1: &paperspace.DeploymentConfigV1{
//		Name:      "api",
//		Image:     "ghcr.io/acme/api:1.4",
//		Resources: paperspace.DeploymentResources{MachineType: "C5", Replicas: new(2), Ports: []int{8080}},
//		HealthChecks: &paperspace.HealthChecks{Readiness: paperspace.HTTPCheck("/healthz")},
//	}}
//
// It decodes from JSON, and from YAML with yaml.v3, goccy/go-yaml or sigs.k8s.io/yaml, into the field for its
// apiVersion. Decoding is strict, since files need it: no value is converted, and a value of the wrong type is a
// [*ParamError] that names the member. So is a missing apiVersion, and "latest" in the shape of v0alpha0. A member that
// is null counts as absent. A file may lack a required member whose zero value is not valid, such as name or image, so
// that a program can set it; sending the configuration without it is an error.
//
// Members that this package does not know are kept at every level and encoded again; so is a whole configuration of an
// unknown version. $schema, which is for editors, is dropped.
//
// Encoded with encoding/json it shows no [Sensitive] value, and a mask that is decoded again is refused.
type DeploymentConfig struct {
	// V1 is the version v1. A configuration received as "latest" is V1 too, and is sent back as "latest".
	V1 *DeploymentConfigV1
	// V0Alpha1 is the version v0alpha1.
	V0Alpha1 *DeploymentConfigV0Alpha1
	// V0Alpha0 is the version v0alpha0.
	V0Alpha0 *DeploymentConfigV0Alpha0
	// Raw is a configuration of any other version, or one in a response that does not fit its version.
	Raw RawJSON

	latest bool // V1 was received as "latest"
}

const (
	versionV1       = "v1"
	versionLatest   = "latest"
	versionV0Alpha1 = "v0alpha1"
	versionV0Alpha0 = "v0alpha0"
)

type apiVersion struct {
	APIVersion string `json:"apiVersion"`
}

// The versions without their methods, as a type that is embedded may have none.
type (
	plainConfigV1       DeploymentConfigV1
	plainConfigV0Alpha0 DeploymentConfigV0Alpha0
)

// Equal reports whether two configurations have the same members and values.
func (c DeploymentConfig) Equal(other DeploymentConfig) bool { return reflect.DeepEqual(c, other) }

// Format prints the configuration as %v does, whatever the verb.
func (c DeploymentConfig) Format(f fmt.State, _ rune) {
	type plain DeploymentConfig
	formatAsV(f, plain(c))
}

// MarshalJSON encodes the configuration as the API has it, with masks in place of secrets.
func (c DeploymentConfig) MarshalJSON() ([]byte, error) { return json.Marshal(c, maskedOptions) }

// MarshalJSONTo implements the MarshalerTo of encoding/json/v2. A configuration with nothing set is null.
func (c DeploymentConfig) MarshalJSONTo(enc *jsontext.Encoder) error {
	switch reason := c.conflict(); {
	case reason != "":
		return errors.New(reason)
	case c.V1 != nil && c.latest:
		return encodeVariant(enc, apiVersion{versionLatest}, (*plainConfigV1)(c.V1))
	case c.V1 != nil:
		return encodeVariant(enc, apiVersion{versionV1}, (*plainConfigV1)(c.V1))
	case c.V0Alpha1 != nil:
		return encodeVariant(enc, apiVersion{versionV0Alpha1}, (*plainConfigV1)(c.V0Alpha1))
	case c.V0Alpha0 != nil:
		return encodeVariant(enc, apiVersion{versionV0Alpha0}, (*plainConfigV0Alpha0)(c.V0Alpha0))
	}
	return json.MarshalEncode(enc, c.Raw)
}

func (c DeploymentConfig) conflict() string {
	if setFields(c) > 1 {
		return "sets several of V1, V0Alpha1, V0Alpha0 and Raw, which exclude each other"
	}
	return ""
}

func (c DeploymentConfig) check() string {
	if reason := c.conflict(); reason != "" || c.Raw == nil {
		return reason
	}
	var members configObject
	if json.Unmarshal(c.Raw, &members, decodeOptions) != nil {
		return "" // the encoder reports the position of the error
	}
	if _, reason := members.version(); reason != "" {
		return "apiVersion " + reason
	}
	return ""
}

// name returns the deployment's name; "" if it is unknown.
func (c *DeploymentConfig) name() string {
	var config struct {
		Name string `json:"name"`
	}
	_ = c.read(&config)
	return config.Name
}

// runs reports whether the configuration asks for any instances.
func (c *DeploymentConfig) runs() bool {
	var config struct {
		Enabled   *bool `json:"enabled"`
		Resources struct {
			Replicas *int `json:"replicas"`
		} `json:"resources"`
	}
	if c == nil || c.read(&config) != nil {
		return true
	}
	enabled, replicas := config.Enabled, config.Resources.Replicas
	return (enabled == nil || *enabled) && (replicas == nil || *replicas > 0)
}

// holds reports whether the configuration has all members of another one.
func (c *DeploymentConfig) holds(other *DeploymentConfig) bool {
	var all, some any
	return c.read(&all) == nil && other.read(&some) == nil && contains(all, some)
}

// read decodes the members of the configuration, whatever its version.
func (c *DeploymentConfig) read(members any) error {
	b, err := encode(*c)
	if err != nil {
		return err
	}
	return unmarshal(b, members)
}

// contains reports whether a JSON value has all members of another one, and equal elements and values.
func contains(value, part any) bool {
	switch part := part.(type) {
	case nil:
		return value == nil
	case map[string]any:
		value, ok := value.(map[string]any)
		for name, member := range part {
			ok = ok && contains(value[name], member)
		}
		return ok || len(part) == 0 && value == nil
	case []any:
		value, ok := value.([]any)
		return ok && slices.EqualFunc(value, part, contains) || len(part) == 0 && len(value) == 0
	}
	return value == part
}

// UnknownMembers are the members of a JSON object that this package does not know, by their names. They are encoded
// beside the known ones, and may hold secrets: fmt prints their names and lengths only. What [DeploymentConfig],
// [HealthCheck] and [Integration] hold keeps them; on its own, encoding/json knows nothing of them.
type UnknownMembers map[string]RawJSON

// The tag that puts a field's members into the object around it is embed in go-json-experiment and from Go 1.27 on,
// and inline where GOEXPERIMENT=jsonv2 has Go 1.26 take that package's place. Each ignores the other's.

// variant is one of several forms of an object, with the member that selects it.
type variant[K, T any] struct {
	Kind  K `json:",embed,inline"`
	Value T `json:",embed,inline"`
}

func encodeVariant[K, T any](enc *jsontext.Encoder, kind K, value *T) error {
	marshalers, _ := json.GetOption(enc.Options(), json.WithMarshalers)
	return json.MarshalEncode(enc, variant[K, T]{kind, *value}, json.WithMarshalers(json.JoinMarshalers(regionAsIs, marshalers)))
}

// regionAsIs encodes a region of a configuration as it is written there: it may also be a region of S3 or a cluster.
var regionAsIs = json.MarshalToFunc(func(enc *jsontext.Encoder, r Region) error {
	return enc.WriteToken(jsontext.String(string(r)))
})

func decodeVariant[K, T any](data []byte, value **T, opts json.Options) error {
	var v variant[K, T]
	err := json.Unmarshal(data, &v, opts)
	*value = &v.Value
	return err
}

// setFields counts the exported fields of a union that are set.
func setFields(union any) (n int) {
	for f, v := range reflect.ValueOf(union).Fields() {
		if f.IsExported() && !v.IsZero() {
			n++
		}
	}
	return n
}

// maskedOptions are for MarshalJSON, where a Sensitive is a mask, and for values that are encoded already. Members whose
// name was repeated when received can be encoded again.
var maskedOptions = json.JoinOptions(json.Deterministic(true), jsontext.AllowDuplicateNames(true))

// DeploymentConfigV1 is a configuration of the version v1.
type DeploymentConfigV1 struct {
	// Name is the deployment's name.
	Name string `json:"name,omitzero" check:"required"`
	// Image is the container image, with its tag or digest.
	Image string `json:"image,omitzero" check:"required"`
	// ContainerRegistry is the name (not the id) of the team's registry that a private image is pulled from; nil for a
	// public image.
	ContainerRegistry *string `json:"containerRegistry,omitzero"`
	// Command is run in place of the image's own.
	Command []string `json:"command,omitzero"`
	// Env are environment variables.
	Env []EnvVar `json:"env,omitzero"`
	// Enabled is whether the deployment runs instances; nil means true.
	Enabled *bool `json:"enabled,omitzero"`
	// Region is where the instances run; nil leaves it to the service.
	Region *Region `json:"region,omitzero" check:"nonzero"`
	// Resources are the machines and the ports.
	Resources DeploymentResources `json:"resources,omitzero"`
	// HealthChecks are how instances are checked.
	HealthChecks *HealthChecks `json:"healthChecks,omitzero"`
	// Healthchecks is the same under another name, healthchecks in JSON. The API has both, and does not document which
	// one takes precedence. Use HealthChecks in new configurations.
	Healthchecks *HealthChecks `json:"healthchecks,omitzero"`
	// Integrations are mounted in the container.
	Integrations []Integration `json:"integrations,omitzero"`
	// BasicAuthKey is the key that secures the endpoint.
	BasicAuthKey *Sensitive `json:"basicAuthKey,omitzero"`
	// Unknown are the members that this package does not know.
	Unknown UnknownMembers `json:",embed,inline"`
}

// DeploymentConfigV0Alpha1 is a configuration of the version v0alpha1. It has what v1 has, and can be converted to it:
//
//	DeploymentConfigV1(*config.V0Alpha1)
type DeploymentConfigV0Alpha1 DeploymentConfigV1

// DeploymentConfigV0Alpha0 is a configuration of the version v0alpha0.
type DeploymentConfigV0Alpha0 struct {
	// Name is the deployment's name.
	Name string `json:"name,omitzero" check:"required"`
	// Image is the container image, with its tag or digest.
	Image string `json:"image,omitzero" check:"required"`
	// ContainerRegistry is the name (not the id) of the team's registry that a private image is pulled from; nil for a
	// public image.
	ContainerRegistry *string `json:"containerRegistry,omitzero"`
	// Command is run in place of the image's own.
	Command []string `json:"command,omitzero"`
	// Env are environment variables.
	Env []EnvVar `json:"env,omitzero"`
	// Enabled is whether the deployment runs instances; nil means true.
	Enabled *bool `json:"enabled,omitzero"`
	// Region is where the instances run; nil leaves it to the service.
	Region *Region `json:"region,omitzero" check:"nonzero"`
	// Port is the TCP port that the container listens on, from 1 to 65535; nil is 80.
	Port *int `json:"port,omitzero" check:"min=1,max=65535"`
	// Resources are the machines.
	Resources DeploymentResourcesV0Alpha0 `json:"resources,omitzero"`
	// HealthChecks are how instances are checked.
	HealthChecks *HealthChecks `json:"healthChecks,omitzero"`
	// Models are models that are mounted in the container.
	Models []DeploymentModel `json:"models,omitzero"`
	// Repositories are git repositories that are mounted in the container.
	Repositories *DeploymentRepositories `json:"repositories,omitzero"`
	// Unknown are the members that this package does not know.
	Unknown UnknownMembers `json:",embed,inline"`
}

// EnvVar is an environment variable.
type EnvVar struct {
	// Name is the variable's name.
	Name string `json:"name,omitzero" check:"required"`
	// Value must not be empty.
	Value Sensitive `json:"value,omitzero" check:"required"`
	// Unknown are the members that this package does not know.
	Unknown UnknownMembers `json:",embed,inline"`
}

// DeploymentResources are the machines that a deployment runs on, and its ports.
type DeploymentResources struct {
	// MachineType is the label of a machine type, such as "A4000" or "C5".
	MachineType string `json:"machineType,omitzero" check:"required"`
	// Replicas is the number of instances; nil is 1.
	Replicas *int `json:"replicas,omitzero"`
	// Ports are the TCP ports that the container listens on, from 1 to 65535.
	Ports []int `json:"ports"`
	// Autoscaling changes the number of instances with the load.
	Autoscaling *Autoscaling `json:"autoscaling,omitzero"`
	// Unknown are the members that this package does not know.
	Unknown UnknownMembers `json:",embed,inline"`
}

// DeploymentResourcesV0Alpha0 are the machines that a deployment of the version v0alpha0 runs on.
type DeploymentResourcesV0Alpha0 struct {
	// InstanceType is the label of a machine type, such as "A4000" or "C5".
	InstanceType string `json:"instanceType,omitzero" check:"required"`
	// Replicas is the number of instances; nil is 1.
	Replicas *int `json:"replicas,omitzero"`
	// Autoscaling changes the number of instances with the load.
	Autoscaling *Autoscaling `json:"autoscaling,omitzero"`
	// Unknown are the members that this package does not know.
	Unknown UnknownMembers `json:",embed,inline"`
}

// Autoscaling changes the number of instances with the load, between the replicas and MaxReplicas.
type Autoscaling struct {
	// Enabled switches it on; nil leaves that to the service.
	Enabled *bool `json:"enabled,omitzero"`
	// MaxReplicas is the greatest number of instances, from 1 to 25.
	MaxReplicas int `json:"maxReplicas,omitzero" check:"required,max=25"`
	// Metrics are what the load is measured by; empty, not nil, for none.
	Metrics []AutoscalingMetric `json:"metrics,omitzero" check:"required"`
	// Unknown are the members that this package does not know.
	Unknown UnknownMembers `json:",embed,inline"`
}

// AutoscalingMetric is a measure of load and its target value. [CPUMetric], [MemoryMetric] and [RequestDurationMetric]
// return one.
type AutoscalingMetric struct {
	// Metric names the measure.
	Metric AutoscalingMetricName `json:"metric,omitzero" check:"required"`
	// Summary is how the measures of all instances become one.
	Summary AutoscalingSummary `json:"summary,omitzero" check:"required"`
	// Value is more than 0 and at most 100: a whole number of percent for CPU and memory, and more than 0.01 seconds
	// for the duration of requests.
	Value float64 `json:"value,omitzero" check:"required,max=100"`
	// Unknown are the members that this package does not know.
	Unknown UnknownMembers `json:",embed,inline"`
}

// CPUMetric keeps the average use of CPUs at the percentage.
func CPUMetric(percent int) AutoscalingMetric {
	return AutoscalingMetric{Metric: AutoscalingMetricCPU, Summary: AutoscalingSummaryAverage, Value: float64(percent)}
}

// MemoryMetric keeps the average use of memory at the percentage.
func MemoryMetric(percent int) AutoscalingMetric {
	return AutoscalingMetric{Metric: AutoscalingMetricMemory, Summary: AutoscalingSummaryAverage, Value: float64(percent)}
}

// RequestDurationMetric keeps the average duration of requests at the number of seconds.
func RequestDurationMetric(seconds float64) AutoscalingMetric {
	return AutoscalingMetric{Metric: AutoscalingMetricRequestDuration, Summary: AutoscalingSummaryAverage, Value: seconds}
}

// AutoscalingMetricName is what load is measured by.
type AutoscalingMetricName string

// What load is measured by.
const (
	AutoscalingMetricCPU             AutoscalingMetricName = "cpu"
	AutoscalingMetricMemory          AutoscalingMetricName = "memory"
	AutoscalingMetricRequestDuration AutoscalingMetricName = "requestDuration"
)

// Known reports whether the API documents the value.
func (n AutoscalingMetricName) Known() bool {
	return n == AutoscalingMetricCPU || n == AutoscalingMetricMemory || n == AutoscalingMetricRequestDuration
}

// AutoscalingSummary is how the measures of all instances become one.
type AutoscalingSummary string

// AutoscalingSummaryAverage takes their average.
const AutoscalingSummaryAverage AutoscalingSummary = "average"

// Known reports whether the API documents the value.
func (s AutoscalingSummary) Known() bool { return s == AutoscalingSummaryAverage }

// HealthChecks are how instances are checked.
type HealthChecks struct {
	// Liveness reports whether an instance still works.
	Liveness *HealthCheck `json:"liveness,omitzero"`
	// Readiness reports whether an instance can take requests.
	Readiness *HealthCheck `json:"readiness,omitzero"`
	// Startup reports whether an instance has started.
	Startup *HealthCheck `json:"startup,omitzero"`
	// Unknown are the members that this package does not know.
	Unknown UnknownMembers `json:",embed,inline"`
}

// HealthCheck is one way of checking an instance: either HTTP or Exec is set. [HTTPCheck] and [ExecCheck] make one.
type HealthCheck struct {
	// HTTP checks with a request.
	HTTP *HTTPHealthCheck `json:",embed,inline"`
	// Exec checks with a command.
	Exec *ExecHealthCheck `json:"exec,omitzero"`
	// InitialDelaySeconds is how long after its start an instance is first checked, from 0 to 1000; nil leaves it to
	// the service.
	InitialDelaySeconds *int `json:"initialDelaySeconds,omitzero" check:"max=1000"`
	// PeriodSeconds is how often it is checked, from 1 to 1000; nil leaves it to the service.
	PeriodSeconds *int `json:"periodSeconds,omitzero" check:"min=1,max=1000"`
	// TimeoutSeconds is how long a check may take, from 1 to 1000; nil leaves it to the service.
	TimeoutSeconds *int `json:"timeoutSeconds,omitzero" check:"min=1,max=1000"`
	// FailureThreshold is how many checks in a row have to fail, from 1 to 1000; nil leaves it to the service.
	FailureThreshold *int `json:"failureThreshold,omitzero" check:"min=1,max=1000"`
	// Unknown are the members that this package does not know.
	Unknown UnknownMembers `json:",embed,inline"`
}

// HTTPCheck makes a check that asks for the path.
func HTTPCheck(path string) *HealthCheck { return &HealthCheck{HTTP: &HTTPHealthCheck{Path: path}} }

// ExecCheck makes a check that runs the command in the container.
func ExecCheck(command ...string) *HealthCheck {
	return &HealthCheck{Exec: &ExecHealthCheck{Command: command}}
}

type plainHealthCheck HealthCheck

// Format prints the check as %v does, whatever the verb.
func (h HealthCheck) Format(f fmt.State, _ rune) { formatAsV(f, plainHealthCheck(h)) }

// MarshalJSON encodes the check as the API has it, with masks in place of secrets.
func (h HealthCheck) MarshalJSON() ([]byte, error) { return json.Marshal(h, maskedOptions) }

// MarshalJSONTo implements the MarshalerTo of encoding/json/v2.
func (h HealthCheck) MarshalJSONTo(enc *jsontext.Encoder) error {
	return json.MarshalEncode(enc, plainHealthCheck(h))
}

func (h HealthCheck) check() string {
	switch {
	case h.HTTP != nil && h.Exec != nil:
		return "sets HTTP and Exec, which exclude each other"
	case h.HTTP == nil && h.Exec == nil && len(h.Unknown) == 0:
		return "sets neither HTTP nor Exec"
	}
	return ""
}

// HTTPHealthCheck checks with an HTTP request.
type HTTPHealthCheck struct {
	// Path is the path of the request.
	Path string `json:"path,omitzero" check:"required"`
	// Host is the host of the request; nil leaves it to the service.
	Host *string `json:"host,omitzero"`
	// Port is the TCP port, from 1 to 65535; nil leaves it to the service.
	Port *int `json:"port,omitzero" check:"min=1,max=65535"`
	// Headers are sent with the request.
	Headers []HTTPHeader `json:"headers,omitzero"`
}

// HTTPHeader is a header of an [HTTPHealthCheck].
type HTTPHeader struct {
	// Name is the header's name.
	Name string `json:"name"`
	// Value is masked, because it may open something.
	Value Sensitive `json:"value"`
	// Unknown are the members that this package does not know.
	Unknown UnknownMembers `json:",embed,inline"`
}

// ExecHealthCheck checks with a command in the container.
type ExecHealthCheck struct {
	// Command is the program and its arguments.
	Command []string `json:"command"`
	// Unknown are the members that this package does not know.
	Unknown UnknownMembers `json:",embed,inline"`
}

// Integration is something that is mounted in the container. Exactly one field is set.
type Integration struct {
	// Model is a model.
	Model *ModelIntegration
	// S3 is an S3 bucket.
	S3 *S3Integration
	// Spaces is a DigitalOcean Space.
	Spaces *SpacesIntegration
	// Volume is a volume.
	Volume *VolumeIntegration
	// GitLFS is a git repository with large files.
	GitLFS *GitLFSIntegration
	// Raw is an integration of a type that this package does not know, whole.
	Raw RawJSON
}

const (
	integrationModel  = "model"
	integrationS3     = "s3"
	integrationSpaces = "spaces"
	integrationVolume = "volume"
	integrationGitLFS = "git-lfs"
)

type integrationType struct {
	Type string `json:"type"`
}

// Format prints the integration as %v does, whatever the verb.
func (i Integration) Format(f fmt.State, _ rune) {
	type plain Integration
	formatAsV(f, plain(i))
}

// MarshalJSON encodes the integration as the API has it, with masks in place of secrets.
func (i Integration) MarshalJSON() ([]byte, error) { return json.Marshal(i, maskedOptions) }

// MarshalJSONTo implements the MarshalerTo of encoding/json/v2.
func (i Integration) MarshalJSONTo(enc *jsontext.Encoder) error {
	switch reason := i.check(); {
	case reason != "":
		return errors.New(reason)
	case i.Model != nil:
		return encodeVariant(enc, integrationType{integrationModel}, i.Model)
	case i.S3 != nil:
		return encodeVariant(enc, integrationType{integrationS3}, i.S3)
	case i.Spaces != nil:
		return encodeVariant(enc, integrationType{integrationSpaces}, i.Spaces)
	case i.Volume != nil:
		return encodeVariant(enc, integrationType{integrationVolume}, i.Volume)
	case i.GitLFS != nil:
		return encodeVariant(enc, integrationType{integrationGitLFS}, i.GitLFS)
	}
	return json.MarshalEncode(enc, i.Raw)
}

func (i Integration) check() string {
	if setFields(i) != 1 {
		return "must set exactly one of Model, S3, Spaces, Volume, GitLFS and Raw"
	}
	return ""
}

// ModelIntegration mounts a model.
type ModelIntegration struct {
	// ID is the model's id.
	ID string `json:"id,omitzero" check:"required"`
	// Name is the integration's name.
	Name string `json:"name"`
	// Path is where it is mounted; nil is /opt/models.
	Path *string `json:"path,omitzero"`
	// Unknown are the members that this package does not know.
	Unknown UnknownMembers `json:",embed,inline"`
}

// S3Integration mounts an S3 bucket, or the objects below a prefix of one.
type S3Integration struct {
	// Name is the integration's name.
	Name string `json:"name,omitzero" check:"required"`
	// URL is s3://BUCKET/PREFIX.
	URL string `json:"url,omitzero" check:"required"`
	// Path is where it is mounted; nil leaves it to the service.
	Path *string `json:"path,omitzero"`
	// Region is where the bucket is; nil leaves it to the service.
	Region *Region `json:"region,omitzero" check:"nonzero"`
	// Endpoint is the address of the S3 service; nil leaves it to Paperspace.
	Endpoint *string `json:"endpoint,omitzero"`
	// AccessKeyID is the id of the key that opens the bucket.
	AccessKeyID *Sensitive `json:"accessKeyId,omitzero" check:"nonzero"`
	// SecretAccessKey is not the key but "secret:NAME", the secret that holds it.
	SecretAccessKey *Sensitive `json:"secretAccessKey,omitzero" check:"nonzero"`
	// Unknown are the members that this package does not know.
	Unknown UnknownMembers `json:",embed,inline"`
}

// SpacesIntegration mounts a DigitalOcean Space. Its type is "spaces". Older files say "do-spaces", with the address as
// url: the API does not document that. It decodes into Raw and is sent as it is.
type SpacesIntegration struct {
	// Name is the integration's name.
	Name string `json:"name,omitzero" check:"required"`
	// Endpoint is the Space's address, https://SPACE.REGION.digitaloceanspaces.com.
	Endpoint string `json:"endpoint,omitzero" check:"required"`
	// Path is where it is mounted; nil leaves it to the service.
	Path *string `json:"path,omitzero"`
	// AccessKeyID is the id of the key that opens the Space.
	AccessKeyID *Sensitive `json:"accessKeyId,omitzero" check:"nonzero"`
	// SecretAccessKey is not the key but "secret:NAME", the secret that holds it.
	SecretAccessKey *Sensitive `json:"secretAccessKey,omitzero" check:"nonzero"`
	// Unknown are the members that this package does not know.
	Unknown UnknownMembers `json:",embed,inline"`
}

// VolumeIntegration mounts a volume.
type VolumeIntegration struct {
	// Name is the volume's name.
	Name string `json:"name"`
	// Unknown are the members that this package does not know.
	Unknown UnknownMembers `json:",embed,inline"`
}

// GitLFSIntegration mounts a git repository with large files.
type GitLFSIntegration struct {
	// Name is the integration's name.
	Name string `json:"name,omitzero" check:"required"`
	// URL is the repository's address.
	URL string `json:"url,omitzero" check:"required"`
	// Path is where it is mounted; nil leaves it to the service.
	Path *string `json:"path,omitzero"`
	// Unknown are the members that this package does not know.
	Unknown UnknownMembers `json:",embed,inline"`
}

// DeploymentModel is a model that a deployment of the version v0alpha0 mounts.
type DeploymentModel struct {
	// ID is the model's id.
	ID string `json:"id,omitzero" check:"required"`
	// Path is where it is mounted; nil leaves it to the service.
	Path *string `json:"path,omitzero"`
	// Unknown are the members that this package does not know.
	Unknown UnknownMembers `json:",embed,inline"`
}

// DeploymentRepositories are the git repositories that a deployment of the version v0alpha0 mounts.
type DeploymentRepositories struct {
	// Dataset is the dataset that they are kept in.
	Dataset string `json:"dataset"`
	// MountPath is where they are mounted; nil leaves it to the service.
	MountPath *string `json:"mountPath,omitzero"`
	// Repositories are the repositories.
	Repositories []DeploymentRepository `json:"repositories"`
	// Unknown are the members that this package does not know.
	Unknown UnknownMembers `json:",embed,inline"`
}

// DeploymentRepository is a git repository.
type DeploymentRepository struct {
	// Name is the repository's name.
	Name string `json:"name"`
	// URL is its address.
	URL string `json:"url"`
	// Ref is a branch, tag or commit; nil leaves it to the service.
	Ref *string `json:"ref,omitzero"`
	// Username is masked like the password, because a token may stand in its place.
	Username *Sensitive `json:"username,omitzero"`
	// Password opens a private repository.
	Password *Sensitive `json:"password,omitzero"`
	// Unknown are the members that this package does not know.
	Unknown UnknownMembers `json:",embed,inline"`
}
