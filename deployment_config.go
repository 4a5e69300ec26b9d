package paperspace

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// DeploymentConfig is the configuration of a deployment, in one of the API's versions. Exactly one field is set. Use V1
// for new configurations:
//
//	paperspace.DeploymentConfig{V1: &paperspace.DeploymentConfigV1{
//		Name:      "api",
//		Image:     "ghcr.io/acme/api:1.4",
//		Resources: paperspace.DeploymentResources{MachineType: "C5", Replicas: new(2), Ports: []int{8080}},
//		HealthChecks: &paperspace.HealthChecks{Readiness: paperspace.HTTPCheck("/healthz")},
//	}}
//
// It encodes as JSON, and as YAML with yaml.v3, goccy/go-yaml or sigs.k8s.io/yaml, and decodes from them into the field
// for its apiVersion. Decoding is strict, because files may have mistakes: no value is converted, and a value of the
// wrong type is a [*ParamError] that names the member. So is a missing apiVersion, and "latest" with the members of
// v0alpha0. A null member counts as absent. Required members such as name and image may be missing, so that a program can
// set them; sending the configuration without them is an error.
//
// Members that this package does not know are kept at every level and encoded again, and so is a configuration of an
// unknown version. $schema, which is for editors, is dropped.
//
// Each [Sensitive] value is encoded as a mask. A configuration that was decoded with a mask is refused when it is sent.
type DeploymentConfig struct {
	// V1 is set for version v1, and for "latest", which is sent back as "latest".
	V1       *DeploymentConfigV1
	V0Alpha1 *DeploymentConfigV0Alpha1
	V0Alpha0 *DeploymentConfigV0Alpha0
	// Raw is set for any other version, and for a configuration in a response that does not fit its version.
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

// The versions without their methods, since json does not embed a type that has methods.
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

// MarshalJSON encodes the configuration as the API expects it, with secrets masked.
func (c DeploymentConfig) MarshalJSON() ([]byte, error) { return json.Marshal(c, maskedOptions) }

// MarshalJSONTo implements MarshalerTo of encoding/json/v2. A configuration with nothing set is null.
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
		return "must be a JSON object"
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
// beside the known ones. They may contain secrets, so fmt prints only their names and lengths. encoding/json encodes
// them only as part of a [DeploymentConfig], a [HealthCheck] or an [Integration].
type UnknownMembers map[string]RawJSON

// The members of a field with the tag embed become members of the surrounding object. In Go 1.26 with
// GOEXPERIMENT=jsonv2, whose encoding/json/v2 replaces go-json-experiment, this tag is called inline. Each ignores the
// other's tag.

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

// DeploymentConfigV1 is a configuration of version v1.
type DeploymentConfigV1 struct {
	Name string `json:"name,omitzero" check:"required"`
	// Image is the container image, with its tag or digest.
	Image string `json:"image,omitzero" check:"required"`
	// ContainerRegistry is the name, not the ID, of the team's registry that has a private image; nil for a public image.
	ContainerRegistry *string `json:"containerRegistry,omitzero"`
	// Command replaces the command of the image.
	Command []string `json:"command,omitzero"`
	// Env are the environment variables of the container.
	Env []EnvVar `json:"env,omitzero"`
	// Enabled determines whether the deployment runs instances; nil means true.
	Enabled *bool `json:"enabled,omitzero"`
	// Region is where the instances run. If nil, the service chooses.
	Region *Region `json:"region,omitzero" check:"nonzero"`
	// Resources are the machine type, the number of instances and the ports.
	Resources DeploymentResources `json:"resources,omitzero"`
	// HealthChecks are the health checks of each instance.
	HealthChecks *HealthChecks `json:"healthChecks,omitzero"`
	// Healthchecks are the same as HealthChecks, under another JSON name. The API has both, and does not document which
	// of them takes precedence. Use HealthChecks in new configurations.
	Healthchecks *HealthChecks `json:"healthchecks,omitzero"`
	// Integrations are mounted in the container.
	Integrations []Integration `json:"integrations,omitzero"`
	// BasicAuthKey is the key that secures the endpoint.
	BasicAuthKey *Sensitive     `json:"basicAuthKey,omitzero"`
	Unknown      UnknownMembers `json:",embed,inline"`
}

// DeploymentConfigV0Alpha1 is a configuration of version v0alpha1. It has the fields of v1 and can be converted to it:
//
//	DeploymentConfigV1(*config.V0Alpha1)
type DeploymentConfigV0Alpha1 DeploymentConfigV1

// DeploymentConfigV0Alpha0 is a configuration of version v0alpha0.
type DeploymentConfigV0Alpha0 struct {
	Name string `json:"name,omitzero" check:"required"`
	// Image is the container image, with its tag or digest.
	Image string `json:"image,omitzero" check:"required"`
	// ContainerRegistry is the name, not the ID, of the team's registry that has a private image; nil for a public image.
	ContainerRegistry *string `json:"containerRegistry,omitzero"`
	// Command replaces the command of the image.
	Command []string `json:"command,omitzero"`
	// Env are the environment variables of the container.
	Env []EnvVar `json:"env,omitzero"`
	// Enabled determines whether the deployment runs instances; nil means true.
	Enabled *bool `json:"enabled,omitzero"`
	// Region is where the instances run. If nil, the service chooses.
	Region *Region `json:"region,omitzero" check:"nonzero"`
	// Port is the TCP port that the container listens on, from 1 to 65535; nil means 80.
	Port *int `json:"port,omitzero" check:"min=1,max=65535"`
	// Resources are the machine type and the number of instances.
	Resources DeploymentResourcesV0Alpha0 `json:"resources,omitzero"`
	// HealthChecks are the health checks of each instance.
	HealthChecks *HealthChecks `json:"healthChecks,omitzero"`
	// Models are mounted in the container.
	Models []DeploymentModel `json:"models,omitzero"`
	// Repositories are mounted in the container.
	Repositories *DeploymentRepositories `json:"repositories,omitzero"`
	Unknown      UnknownMembers          `json:",embed,inline"`
}

// EnvVar is an environment variable.
type EnvVar struct {
	Name string `json:"name,omitzero" check:"required"`
	// Value is the variable's value, which must not be empty.
	Value   Sensitive      `json:"value,omitzero" check:"required"`
	Unknown UnknownMembers `json:",embed,inline"`
}

// DeploymentResources are the machines that a deployment runs on, and its ports.
type DeploymentResources struct {
	// MachineType is the label of a machine type, such as "A4000" or "C5".
	MachineType string `json:"machineType,omitzero" check:"required"`
	// Replicas is the number of instances, at least 0; nil means 1.
	Replicas *int `json:"replicas,omitzero" check:"min=0"`
	// Ports are the TCP ports that the container listens on, from 1 to 65535.
	Ports []int `json:"ports" check:"min=1,max=65535"`
	// Autoscaling adapts the number of instances to the load.
	Autoscaling *Autoscaling   `json:"autoscaling,omitzero"`
	Unknown     UnknownMembers `json:",embed,inline"`
}

// DeploymentResourcesV0Alpha0 are the machines that a deployment of version v0alpha0 runs on.
type DeploymentResourcesV0Alpha0 struct {
	// InstanceType is the label of a machine type, such as "A4000" or "C5".
	InstanceType string `json:"instanceType,omitzero" check:"required"`
	// Replicas is the number of instances, at least 0; nil means 1.
	Replicas *int `json:"replicas,omitzero" check:"min=0"`
	// Autoscaling adapts the number of instances to the load.
	Autoscaling *Autoscaling   `json:"autoscaling,omitzero"`
	Unknown     UnknownMembers `json:",embed,inline"`
}

// Autoscaling adapts the number of instances to the load, between Replicas and MaxReplicas.
type Autoscaling struct {
	// Enabled turns autoscaling on. If nil, the service chooses.
	Enabled *bool `json:"enabled,omitzero"`
	// MaxReplicas is the maximum number of instances, from 1 to 25.
	MaxReplicas int `json:"maxReplicas,omitzero" check:"required,min=1,max=25"`
	// Metrics are the metrics of the load. It must not be nil, but may be empty.
	Metrics []AutoscalingMetric `json:"metrics,omitzero" check:"required"`
	Unknown UnknownMembers      `json:",embed,inline"`
}

// AutoscalingMetric is a metric of the load and its target value. [CPUMetric], [MemoryMetric] and [RequestDurationMetric]
// return one.
type AutoscalingMetric struct {
	// Metric is the name of the metric.
	Metric AutoscalingMetricName `json:"metric,omitzero" check:"required"`
	// Summary is how the values of all instances are combined.
	Summary AutoscalingSummary `json:"summary,omitzero" check:"required"`
	// Value is the target, more than 0 and at most 100: a whole number of percent for CPU and memory, and more than 0.01
	// seconds for the duration of requests.
	Value   float64        `json:"value,omitzero" check:"required,min=0,max=100"`
	Unknown UnknownMembers `json:",embed,inline"`
}

// CPUMetric returns a metric that keeps the average CPU usage at percent.
func CPUMetric(percent int) AutoscalingMetric {
	return AutoscalingMetric{Metric: AutoscalingMetricCPU, Summary: AutoscalingSummaryAverage, Value: float64(percent)}
}

// MemoryMetric returns a metric that keeps the average memory usage at percent.
func MemoryMetric(percent int) AutoscalingMetric {
	return AutoscalingMetric{Metric: AutoscalingMetricMemory, Summary: AutoscalingSummaryAverage, Value: float64(percent)}
}

// RequestDurationMetric returns a metric that keeps the average duration of requests at seconds.
func RequestDurationMetric(seconds float64) AutoscalingMetric {
	return AutoscalingMetric{Metric: AutoscalingMetricRequestDuration, Summary: AutoscalingSummaryAverage, Value: seconds}
}

// AutoscalingMetricName is the name of a metric of the load.
type AutoscalingMetricName string

// The names of metrics of the load.
const (
	AutoscalingMetricCPU             AutoscalingMetricName = "cpu"
	AutoscalingMetricMemory          AutoscalingMetricName = "memory"
	AutoscalingMetricRequestDuration AutoscalingMetricName = "requestDuration"
)

// Known reports whether the API documents the value.
func (n AutoscalingMetricName) Known() bool {
	return n == AutoscalingMetricCPU || n == AutoscalingMetricMemory || n == AutoscalingMetricRequestDuration
}

// AutoscalingSummary is how the values of all instances are combined.
type AutoscalingSummary string

// AutoscalingSummaryAverage is the average of the values.
const AutoscalingSummaryAverage AutoscalingSummary = "average"

// Known reports whether the API documents the value.
func (s AutoscalingSummary) Known() bool { return s == AutoscalingSummaryAverage }

// HealthChecks are the health checks of each instance.
type HealthChecks struct {
	// Liveness checks whether an instance still works.
	Liveness *HealthCheck `json:"liveness,omitzero"`
	// Readiness checks whether an instance can serve requests.
	Readiness *HealthCheck `json:"readiness,omitzero"`
	// Startup checks whether an instance has started.
	Startup *HealthCheck   `json:"startup,omitzero"`
	Unknown UnknownMembers `json:",embed,inline"`
}

// HealthCheck is a check of an instance, by HTTP or by Exec. [HTTPCheck] and [ExecCheck] return one. The service has a
// default for each field that is nil.
type HealthCheck struct {
	// HTTP is the request of the check; nil if Exec is set.
	HTTP *HTTPHealthCheck `json:",embed,inline"`
	// Exec is the command of the check; nil if HTTP is set.
	Exec *ExecHealthCheck `json:"exec,omitzero"`
	// InitialDelaySeconds is the time from the start of an instance to its first check, from 0 to 1000.
	InitialDelaySeconds *int `json:"initialDelaySeconds,omitzero" check:"min=0,max=1000"`
	// PeriodSeconds is the time between two checks, from 1 to 1000.
	PeriodSeconds *int `json:"periodSeconds,omitzero" check:"min=1,max=1000"`
	// TimeoutSeconds is the time limit of a check, from 1 to 1000.
	TimeoutSeconds *int `json:"timeoutSeconds,omitzero" check:"min=1,max=1000"`
	// FailureThreshold is the number of checks that must fail in a row, from 1 to 1000.
	FailureThreshold *int           `json:"failureThreshold,omitzero" check:"min=1,max=1000"`
	Unknown          UnknownMembers `json:",embed,inline"`
}

// HTTPCheck returns a check that requests path.
func HTTPCheck(path string) *HealthCheck { return &HealthCheck{HTTP: &HTTPHealthCheck{Path: path}} }

// ExecCheck returns a check that runs command in the container.
func ExecCheck(command ...string) *HealthCheck {
	return &HealthCheck{Exec: &ExecHealthCheck{Command: command}}
}

type plainHealthCheck HealthCheck

// Format prints the check as %v does, whatever the verb.
func (h HealthCheck) Format(f fmt.State, _ rune) { formatAsV(f, plainHealthCheck(h)) }

// MarshalJSON encodes the check as the API expects it, with secrets masked.
func (h HealthCheck) MarshalJSON() ([]byte, error) { return json.Marshal(h, maskedOptions) }

// MarshalJSONTo implements MarshalerTo of encoding/json/v2.
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
	// Host is the host of the request. If nil, the service chooses.
	Host *string `json:"host,omitzero"`
	// Port is the TCP port, from 1 to 65535. If nil, the service chooses.
	Port *int `json:"port,omitzero" check:"min=1,max=65535"`
	// Headers are sent with the request.
	Headers []HTTPHeader `json:"headers,omitzero"`
}

// HTTPHeader is a header of an [HTTPHealthCheck].
type HTTPHeader struct {
	Name string `json:"name"`
	// Value is masked, because it may be a credential.
	Value   Sensitive      `json:"value"`
	Unknown UnknownMembers `json:",embed,inline"`
}

// ExecHealthCheck checks with a command in the container.
type ExecHealthCheck struct {
	// Command is the program and its arguments.
	Command []string       `json:"command"`
	Unknown UnknownMembers `json:",embed,inline"`
}

// Integration is something that is mounted in the container. Exactly one field is set.
type Integration struct {
	Model *ModelIntegration
	// S3 is an S3 bucket.
	S3 *S3Integration
	// Spaces is a DigitalOcean Space.
	Spaces *SpacesIntegration
	Volume *VolumeIntegration
	// GitLFS is a git repository with large files.
	GitLFS *GitLFSIntegration
	// Raw is an integration of a type that this package does not know.
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

// MarshalJSON encodes the integration as the API expects it, with secrets masked.
func (i Integration) MarshalJSON() ([]byte, error) { return json.Marshal(i, maskedOptions) }

// MarshalJSONTo implements MarshalerTo of encoding/json/v2.
func (i Integration) MarshalJSONTo(enc *jsontext.Encoder) error {
	switch reason := i.conflict(); {
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

func (i Integration) conflict() string {
	if setFields(i) != 1 {
		return "must set exactly one of Model, S3, Spaces, Volume, GitLFS and Raw"
	}
	return ""
}

func (i Integration) check() string {
	if reason := i.conflict(); reason != "" || i.Raw == nil {
		return reason
	}
	var t integrationType
	if json.Unmarshal(i.Raw, &t, decodeOptions) != nil || t.Type == "" {
		return "must be a JSON object with a type"
	}
	return ""
}

// ModelIntegration mounts a model.
type ModelIntegration struct {
	ID   string `json:"id,omitzero" check:"required"`
	Name string `json:"name"`
	// Path is where the model is mounted; nil means /opt/models.
	Path    *string        `json:"path,omitzero"`
	Unknown UnknownMembers `json:",embed,inline"`
}

// S3Integration mounts an S3 bucket, or the objects below a prefix of one.
type S3Integration struct {
	Name string `json:"name,omitzero" check:"required"`
	// URL is the bucket and the prefix, s3://BUCKET/PREFIX.
	URL string `json:"url,omitzero" check:"required"`
	// Path is the mount path. If nil, the service chooses.
	Path *string `json:"path,omitzero"`
	// Region is the region of the bucket. If nil, the service chooses.
	Region *Region `json:"region,omitzero" check:"nonzero"`
	// Endpoint is the URL of the S3 service. If nil, Paperspace chooses.
	Endpoint *string `json:"endpoint,omitzero"`
	// AccessKeyID is the ID of the bucket's access key.
	AccessKeyID *Sensitive `json:"accessKeyId,omitzero" check:"nonzero"`
	// SecretAccessKey names the secret that holds the key: "secret:NAME".
	SecretAccessKey *Sensitive     `json:"secretAccessKey,omitzero" check:"nonzero"`
	Unknown         UnknownMembers `json:",embed,inline"`
}

// SpacesIntegration mounts a DigitalOcean Space. Its type is "spaces". The type "do-spaces" of older files, which the
// API does not document, decodes into Raw and is sent unchanged.
type SpacesIntegration struct {
	Name string `json:"name,omitzero" check:"required"`
	// Endpoint is the URL of the Space, https://SPACE.REGION.digitaloceanspaces.com.
	Endpoint string `json:"endpoint,omitzero" check:"required"`
	// Path is the mount path. If nil, the service chooses.
	Path *string `json:"path,omitzero"`
	// AccessKeyID is the ID of the Space's access key.
	AccessKeyID *Sensitive `json:"accessKeyId,omitzero" check:"nonzero"`
	// SecretAccessKey names the secret that holds the key: "secret:NAME".
	SecretAccessKey *Sensitive     `json:"secretAccessKey,omitzero" check:"nonzero"`
	Unknown         UnknownMembers `json:",embed,inline"`
}

// VolumeIntegration mounts a volume.
type VolumeIntegration struct {
	Name    string         `json:"name"`
	Unknown UnknownMembers `json:",embed,inline"`
}

// GitLFSIntegration mounts a git repository with large files.
type GitLFSIntegration struct {
	Name string `json:"name,omitzero" check:"required"`
	// URL is the URL of the repository.
	URL string `json:"url,omitzero" check:"required"`
	// Path is the mount path. If nil, the service chooses.
	Path    *string        `json:"path,omitzero"`
	Unknown UnknownMembers `json:",embed,inline"`
}

// DeploymentModel is a model that a deployment of version v0alpha0 mounts.
type DeploymentModel struct {
	ID string `json:"id,omitzero" check:"required"`
	// Path is the mount path. If nil, the service chooses.
	Path    *string        `json:"path,omitzero"`
	Unknown UnknownMembers `json:",embed,inline"`
}

// DeploymentRepositories are the git repositories that a deployment of version v0alpha0 mounts.
type DeploymentRepositories struct {
	// Dataset is the dataset that stores the repositories.
	Dataset string `json:"dataset"`
	// MountPath is the mount path. If nil, the service chooses.
	MountPath    *string                `json:"mountPath,omitzero"`
	Repositories []DeploymentRepository `json:"repositories"`
	Unknown      UnknownMembers         `json:",embed,inline"`
}

// DeploymentRepository is a git repository.
type DeploymentRepository struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	// Ref is a branch, tag or commit. If nil, the service chooses.
	Ref *string `json:"ref,omitzero"`
	// Username is masked like the password, because it may be a token.
	Username *Sensitive `json:"username,omitzero"`
	// Password is the password of a private repository.
	Password *Sensitive     `json:"password,omitzero"`
	Unknown  UnknownMembers `json:",embed,inline"`
}
