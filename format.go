package paperspace

import "fmt"

// fmt asks nobody how to print what is behind a pointer for a verb that does not fit a pointer. So the types that hold
// a [Sensitive] or a [RawJSON] print as for %v, whatever the verb, and thereby as those want to be printed.

// Format prints the value as %v does, whatever the verb.
func (v Request) Format(f fmt.State, _ rune) { type plain Request; formatAsV(f, plain(v)) }

// Format prints the value as %v does, whatever the verb.
func (v Response) Format(f fmt.State, _ rune) { type plain Response; formatAsV(f, plain(v)) }

// Format prints the value as %v does, whatever the verb.
func (v WaitUpdate) Format(f fmt.State, _ rune) { type plain WaitUpdate; formatAsV(f, plain(v)) }

// Format prints the value as %v does, whatever the verb.
func (v HTTPHealthCheck) Format(f fmt.State, _ rune) {
	type plain HTTPHealthCheck
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v HealthChecks) Format(f fmt.State, _ rune) { type plain HealthChecks; formatAsV(f, plain(v)) }

// Format prints the value as %v does, whatever the verb.
func (v DeploymentRepositories) Format(f fmt.State, _ rune) {
	type plain DeploymentRepositories
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v ContainerRegistryCreateParams) Format(f fmt.State, _ rune) {
	type plain ContainerRegistryCreateParams
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v ContainerRegistryUpdateParams) Format(f fmt.State, _ rune) {
	type plain ContainerRegistryUpdateParams
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v Deployment) Format(f fmt.State, _ rune) { type plain Deployment; formatAsV(f, plain(v)) }

// Format prints the value as %v does, whatever the verb.
func (v DeploymentSpec) Format(f fmt.State, _ rune) {
	type plain DeploymentSpec
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v MachineDesktop) Format(f fmt.State, _ rune) {
	type plain MachineDesktop
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v VNCDesktop) Format(f fmt.State, _ rune) { type plain VNCDesktop; formatAsV(f, plain(v)) }

// Format prints the value as %v does, whatever the verb.
func (v S3Config) Format(f fmt.State, _ rune) { type plain S3Config; formatAsV(f, plain(v)) }

// Format prints the value as %v does, whatever the verb.
func (v SecretCreateParams) Format(f fmt.State, _ rune) {
	type plain SecretCreateParams
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v SecretUpdateParams) Format(f fmt.State, _ rune) {
	type plain SecretUpdateParams
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v SharedDrive) Format(f fmt.State, _ rune) { type plain SharedDrive; formatAsV(f, plain(v)) }

// Format prints the value as %v does, whatever the verb.
func (v StartupScriptCreateParams) Format(f fmt.State, _ rune) {
	type plain StartupScriptCreateParams
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v StartupScriptUpdateParams) Format(f fmt.State, _ rune) {
	type plain StartupScriptUpdateParams
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v StorageProvider) Format(f fmt.State, _ rune) {
	type plain StorageProvider
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v StorageProviderCreateParams) Format(f fmt.State, _ rune) {
	type plain StorageProviderCreateParams
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v StorageProviderUpdateParams) Format(f fmt.State, _ rune) {
	type plain StorageProviderUpdateParams
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v EnvVar) Format(f fmt.State, _ rune) { type plain EnvVar; formatAsV(f, plain(v)) }

// Format prints the value as %v does, whatever the verb.
func (v HTTPHeader) Format(f fmt.State, _ rune) { type plain HTTPHeader; formatAsV(f, plain(v)) }

// Format prints the value as %v does, whatever the verb.
func (v S3Integration) Format(f fmt.State, _ rune) { type plain S3Integration; formatAsV(f, plain(v)) }

// Format prints the value as %v does, whatever the verb.
func (v SpacesIntegration) Format(f fmt.State, _ rune) {
	type plain SpacesIntegration
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v DeploymentRepository) Format(f fmt.State, _ rune) {
	type plain DeploymentRepository
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v DeploymentConfigV1) Format(f fmt.State, _ rune) {
	type plain DeploymentConfigV1
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v DeploymentConfigV0Alpha1) Format(f fmt.State, _ rune) {
	type plain DeploymentConfigV0Alpha1
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v DeploymentConfigV0Alpha0) Format(f fmt.State, _ rune) {
	type plain DeploymentConfigV0Alpha0
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v DeploymentUpsertParams) Format(f fmt.State, _ rune) {
	type plain DeploymentUpsertParams
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v DeploymentResources) Format(f fmt.State, _ rune) {
	type plain DeploymentResources
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v Autoscaling) Format(f fmt.State, _ rune) {
	type plain Autoscaling
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v GitLFSIntegration) Format(f fmt.State, _ rune) {
	type plain GitLFSIntegration
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v DeploymentModel) Format(f fmt.State, _ rune) {
	type plain DeploymentModel
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v AutoscalingMetric) Format(f fmt.State, _ rune) {
	type plain AutoscalingMetric
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v ModelIntegration) Format(f fmt.State, _ rune) {
	type plain ModelIntegration
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v VolumeIntegration) Format(f fmt.State, _ rune) {
	type plain VolumeIntegration
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v ExecHealthCheck) Format(f fmt.State, _ rune) {
	type plain ExecHealthCheck
	formatAsV(f, plain(v))
}

// Format prints the value as %v does, whatever the verb.
func (v DeploymentResourcesV0Alpha0) Format(f fmt.State, _ rune) {
	type plain DeploymentResourcesV0Alpha0
	formatAsV(f, plain(v))
}
