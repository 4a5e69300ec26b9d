package paperspace

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
)

// DeploymentsService runs containers as deployments, and returns their state, metrics and logs (tag Deployments; a
// project's deployments are also under the tag Projects).
type DeploymentsService struct{ client *Client }

var (
	deploymentsGet         = get("deployments-get", "/deployments/{id}")
	deploymentsDelete      = remove("deployments-delete", "/deployments/{id}")
	deploymentsList        = get("deployments-list", "/deployments")
	deploymentsUpsert      = post("deployments-upsert", "/deployments")
	deploymentRunsGet      = get("deploymentRuns-get", "/deployments/{id}/runs")
	deploymentMetricsGet   = get("deploymentMetrics-get", "/deployments/{id}/metrics")
	deploymentLogsList     = get("deploymentLogs-list", "/deployments/{id}/logs")
	deploymentHistoryList  = get("deploymentHistory-list", "/deployments/{id}/history")
	projectDeploymentsList = get("projectDeployments-list", "/projects/{id}/deployments")
)

// Get fetches the deployment with the given ID.
//
// API: deployments-get, GET /deployments/{id}
func (s *DeploymentsService) Get(ctx context.Context, id string, opts ...RequestOption) (*Deployment, error) {
	return call[Deployment](ctx, s.client, deploymentsGet, pathParams(id), nil, opts)
}

// Delete deletes a deployment.
//
// API: deployments-delete, DELETE /deployments/{id}
func (s *DeploymentsService) Delete(ctx context.Context, id string, opts ...RequestOption) (*Deleted, error) {
	return deleted(ctx, s.client, deploymentsDelete, pathParams(id), Deleted{ID: id}, opts)
}

// List fetches one page of the team's deployments, newest first.
//
// API: deployments-list, GET /deployments
func (s *DeploymentsService) List(ctx context.Context, params DeploymentListParams, opts ...RequestOption) (*Page[Deployment], error) {
	return call[Page[Deployment]](ctx, s.client, deploymentsList, nil, &params, opts)
}

// All iterates over the team's deployments, newest first. Calls deployments-list for each page.
func (s *DeploymentsService) All(ctx context.Context, params DeploymentListParams, opts ...RequestOption) iter.Seq2[Deployment, error] {
	return all[Deployment](ctx, s.client, deploymentsList, nil, params, opts)
}

// Upsert creates a deployment, or replaces the spec of an existing one: the one with the DeploymentID, or else the one
// with the configuration's name in the project. The new spec is complete: fields that it leaves out are not copied from
// the previous spec. Upsert returns before the service applies the spec; [DeploymentsService.WaitUntilHealthy] waits for
// that.
//
// There is no idempotency key: an Upsert that fails with [ErrOutcomeUnknown] may have created a spec. To try again
// creates another spec, but no second deployment.
//
// API: deployments-upsert, POST /deployments
func (s *DeploymentsService) Upsert(ctx context.Context, params DeploymentUpsertParams, opts ...RequestOption) (*DeploymentUpsertResult, error) {
	return call[DeploymentUpsertResult](ctx, s.client, deploymentsUpsert, nil, &params, opts)
}

// SetEnabled turns a deployment on or off. The API can do that only with a new spec, so SetEnabled sends the latest one
// again, as received except for its member enabled. [DeploymentsService.WaitUntilHealthy] waits for the new spec.
//
// Calls deployments-get and deployments-upsert.
func (s *DeploymentsService) SetEnabled(ctx context.Context, id string, enabled bool, opts ...RequestOption) (*DeploymentUpsertResult, error) {
	type received struct {
		ProjectID  string `json:"projectId"`
		LatestSpec *struct {
			Data map[string]RawJSON `json:"data"`
		} `json:"latestSpec"`
	}
	d, err := call[received](ctx, s.client, deploymentsGet, pathParams(id), nil, opts)
	if err != nil {
		return nil, err
	}
	if d.LatestSpec == nil || d.LatestSpec.Data == nil {
		return nil, deploymentsUpsert.paramError("id", "the deployment has no spec that could be sent again")
	}
	config := maps.Clone(d.LatestSpec.Data)
	config["enabled"] = RawJSON(fmt.Sprint(enabled))
	return call[DeploymentUpsertResult](ctx, s.client, deploymentsUpsert, nil, struct {
		DeploymentID string             `json:"deploymentId"`
		ProjectID    string             `json:"projectId"`
		Config       map[string]RawJSON `json:"config"`
	}{id, d.ProjectID, config}, opts)
}

// ListRuns fetches the latest active runs of a deployment. There are none until the first spec is applied.
//
// API: deploymentRuns-get, GET /deployments/{id}/runs
func (s *DeploymentsService) ListRuns(ctx context.Context, id string, params DeploymentRunListParams, opts ...RequestOption) ([]DeploymentRun, error) {
	runs, err := call[[]DeploymentRun](ctx, s.client, deploymentRunsGet, pathParams(id), &params, opts)
	if err != nil {
		return nil, err
	}
	return *runs, nil
}

// GetMetrics fetches one metric of a deployment.
//
// API: deploymentMetrics-get, GET /deployments/{id}/metrics
func (s *DeploymentsService) GetMetrics(ctx context.Context, id string, params DeploymentMetricsParams, opts ...RequestOption) (*DeploymentMetrics, error) {
	return call[DeploymentMetrics](ctx, s.client, deploymentMetricsGet, pathParams(id), &params, opts)
}

// ListLogs fetches one page of the lines that a deployment's instances have logged, newest first.
//
// API: deploymentLogs-list, GET /deployments/{id}/logs
func (s *DeploymentsService) ListLogs(ctx context.Context, id string, params DeploymentLogListParams, opts ...RequestOption) (*Page[LogLine], error) {
	return call[Page[LogLine]](ctx, s.client, deploymentLogsList, pathParams(id), &params, opts)
}

// AllLogs iterates over the lines that a deployment's instances have logged, newest first. Calls deploymentLogs-list
// for each page.
func (s *DeploymentsService) AllLogs(ctx context.Context, id string, params DeploymentLogListParams, opts ...RequestOption) iter.Seq2[LogLine, error] {
	return all[LogLine](ctx, s.client, deploymentLogsList, pathParams(id), params, opts)
}

// ListHistory fetches one page of the deployment's specs, newest first.
//
// API: deploymentHistory-list, GET /deployments/{id}/history
func (s *DeploymentsService) ListHistory(ctx context.Context, id string, params DeploymentHistoryListParams, opts ...RequestOption) (*Page[DeploymentHistoryItem], error) {
	return call[Page[DeploymentHistoryItem]](ctx, s.client, deploymentHistoryList, pathParams(id), &params, opts)
}

// AllHistory iterates over the deployment's specs, newest first. Calls deploymentHistory-list for each page.
func (s *DeploymentsService) AllHistory(ctx context.Context, id string, params DeploymentHistoryListParams, opts ...RequestOption) iter.Seq2[DeploymentHistoryItem, error] {
	return all[DeploymentHistoryItem](ctx, s.client, deploymentHistoryList, pathParams(id), params, opts)
}

// ListByProject fetches one page of a project's deployments, newest first.
//
// API: projectDeployments-list, GET /projects/{id}/deployments
func (s *DeploymentsService) ListByProject(ctx context.Context, projectID string, params DeploymentListByProjectParams, opts ...RequestOption) (*Page[Deployment], error) {
	return call[Page[Deployment]](ctx, s.client, projectDeploymentsList, pathParams(projectID), &params, opts)
}

// AllByProject iterates over a project's deployments, newest first. Calls projectDeployments-list for each page.
func (s *DeploymentsService) AllByProject(ctx context.Context, projectID string, params DeploymentListByProjectParams, opts ...RequestOption) iter.Seq2[Deployment, error] {
	return all[Deployment](ctx, s.client, projectDeploymentsList, pathParams(projectID), params, opts)
}

// DeploymentListParams page through the list of deployments.
type DeploymentListParams struct{ ListParams }

// DeploymentListByProjectParams filter the list of a project's deployments.
type DeploymentListByProjectParams struct {
	ListParams
	// Name selects deployments with this name. The service may also return deployments whose names contain it.
	Name string `url:"name,omitempty"`
}

// DeploymentUpsertParams describe the deployment to create, or the new spec of an existing one.
type DeploymentUpsertParams struct {
	// DeploymentID is the deployment to change; nil changes the one with the configuration's name in the project, or
	// creates it.
	DeploymentID *string `json:"deploymentId,omitzero" check:"nonzero"`
	// ProjectID is the project that the deployment belongs to.
	ProjectID string `json:"projectId" check:"required"`
	// Config is the spec. Exactly one of its versions must be set.
	Config DeploymentConfig `json:"config" check:"required"`
}

// DeploymentUpsertResult identifies the deployment that was created or changed.
type DeploymentUpsertResult struct {
	// DeploymentID is the deployment's ID.
	DeploymentID string `json:"deploymentId"`
}

// DeploymentRunListParams limit the list of runs.
type DeploymentRunListParams struct {
	// Limit is the number of runs, counted from the latest; 0 means 10.
	Limit int `url:"limit,omitempty"`
}

// DeploymentLogListParams filter a deployment's logs.
type DeploymentLogListParams struct {
	ListParams
	// InstanceID selects the lines of this instance.
	InstanceID string `url:"instanceId,omitempty"`
}

// DeploymentHistoryListParams page through the specs of a deployment.
type DeploymentHistoryListParams struct{ ListParams }

// Deployment is a container image that the service runs in as many instances as the spec asks for.
type Deployment struct {
	ID string `json:"id"`
	// Name is the deployment's name, which is unique within its project.
	Name string `json:"name"`
	// ProjectID is the project that it belongs to.
	ProjectID string `json:"projectId"`
	// TeamID is the team that it belongs to.
	TeamID string `json:"teamId"`
	// Endpoint is the host that the deployment serves requests at, without a scheme; see [Deployment.URL].
	Endpoint string `json:"endpoint"`
	// LatestSpecHash is the hash of the latest spec; empty if there is none.
	LatestSpecHash string `json:"latestSpecHash,omitzero"`
	// LatestSpec is the latest spec and its progress; nil if there is none or it is invalid.
	LatestSpec *DeploymentSpec `json:"latestSpec,omitzero"`
	// BasicAuthKey is the key that protects the endpoint; empty if there is none.
	BasicAuthKey Sensitive `json:"basicAuthKey,omitzero"`
	// CreatedAt is when the deployment was created.
	CreatedAt time.Time `json:"dtCreated"`
}

// URL returns the URL of the deployment's endpoint, such as "https://d1a2b3c4.example.com", or "" if it has none.
func (d *Deployment) URL() string {
	if d.Endpoint == "" || strings.Contains(d.Endpoint, "://") {
		return d.Endpoint
	}
	return "https://" + d.Endpoint
}

// DeploymentSpec is a configuration that was given to a deployment, and its progress.
type DeploymentSpec struct {
	// ID is the spec's ID. Each upsert makes a new spec.
	ID string `json:"id"`
	// Data is the configuration; nil if the service has none.
	Data *DeploymentConfig `json:"data,omitzero"`
	// DeploymentID is the deployment that the spec belongs to.
	DeploymentID string `json:"deploymentId"`
	// ExternalApplied is when the spec was applied to the cluster; zero if it is not applied yet.
	ExternalApplied time.Time `json:"externalApplied,omitzero"`
	// HealthyAt is when the deployment became healthy with this spec; zero if it is not yet.
	HealthyAt time.Time `json:"dtHealthy,omitzero"`
	// UserID is the user who submitted the spec.
	UserID string `json:"userId"`
	// Error is why the cluster could not apply the spec; empty if it could. Errors of single instances are in
	// [DeploymentInstance].
	Error string `json:"error,omitzero"`
	// Metadata describes the source of the spec; nil if unknown.
	Metadata *DeploymentMetadata `json:"metadata,omitzero"`
}

// DeploymentMetadata describes the source of a spec.
type DeploymentMetadata struct {
	// GitHeaders identify the commit that the spec comes from; nil if it comes from none.
	GitHeaders *GitHeaders `json:"gitHeaders,omitzero"`
}

// GitHeaders identify a commit.
type GitHeaders struct {
	// Host is the service that hosts the repository.
	Host GitHost `json:"x-git-host"`
	// Actor is the user who pushed the commit.
	Actor string `json:"x-git-actor"`
	// SHA is the commit's hash.
	SHA string `json:"x-git-sha"`
	// Ref is the branch or tag.
	Ref string `json:"x-git-ref"`
	// Owner is the owner of the repository.
	Owner string `json:"x-git-owner"`
	// Repo is the repository's name.
	Repo string `json:"x-git-repo"`
}

// GitHost is a service that hosts git repositories.
type GitHost string

// The services that host git repositories.
const (
	GitHostGitHub GitHost = "github"
	GitHostGitLab GitHost = "gitlab"
)

// Known reports whether the API documents the value.
func (h GitHost) Known() bool { return h == GitHostGitHub || h == GitHostGitLab }

// DeploymentHistoryItem is a current or previous spec of a deployment.
type DeploymentHistoryItem struct {
	DeploymentSpec
	// WorkflowRun is the workflow run that submitted the spec; nil if none did.
	WorkflowRun *WorkflowRun `json:"workflowRun,omitzero"`
}

// WorkflowRun is one run of a workflow.
type WorkflowRun struct {
	ID         string `json:"id"`
	WorkflowID string `json:"workflowId"`
	// Phase is the current phase of the run.
	Phase WorkflowPhase `json:"phase"`
	// Message describes the run's phase; empty if there is no message.
	Message string `json:"message,omitzero"`
	// CreatedAt is when the run was created; zero if unknown.
	CreatedAt time.Time `json:"dtCreated,omitzero"`
	// StartedAt is when the run started; zero if it has not started.
	StartedAt time.Time `json:"dtStarted,omitzero"`
	// FinishedAt is when the run finished; zero if it has not finished.
	FinishedAt time.Time `json:"dtFinished,omitzero"`
	// Workflow is the workflow of the run.
	Workflow Workflow `json:"workflow"`
}

// Workflow is the workflow of a [WorkflowRun].
type Workflow struct {
	ID string `json:"id"`
	// Name is the workflow's name; empty if it has none.
	Name string `json:"name"`
	// CreatedAt is when the workflow was created; zero if unknown.
	CreatedAt time.Time `json:"dtCreated,omitzero"`
}

// WorkflowPhase is the phase of a workflow run.
type WorkflowPhase string

// The phases of a workflow run.
const (
	WorkflowPhaseInitializing WorkflowPhase = "Initializing"
	WorkflowPhaseSubmitting   WorkflowPhase = "Submitting"
	WorkflowPhasePending      WorkflowPhase = "Pending"
	WorkflowPhaseRunning      WorkflowPhase = "Running"
	WorkflowPhaseSucceeded    WorkflowPhase = "Succeeded"
	WorkflowPhaseSkipped      WorkflowPhase = "Skipped"
	WorkflowPhaseFailed       WorkflowPhase = "Failed"
	WorkflowPhaseError        WorkflowPhase = "Error"
	WorkflowPhaseOmitted      WorkflowPhase = "Omitted"
	WorkflowPhaseCanceled     WorkflowPhase = "Canceled"
)

// Known reports whether the API documents the value.
func (p WorkflowPhase) Known() bool {
	switch p {
	case WorkflowPhaseInitializing, WorkflowPhaseSubmitting, WorkflowPhasePending, WorkflowPhaseRunning,
		WorkflowPhaseSucceeded, WorkflowPhaseSkipped, WorkflowPhaseFailed, WorkflowPhaseError, WorkflowPhaseOmitted,
		WorkflowPhaseCanceled:
		return true
	}
	return false
}

// DeploymentRun is a set of instances that run one spec of a deployment.
type DeploymentRun struct {
	ID string `json:"id"`
	// Replicas is the desired number of instances; nil if unknown.
	Replicas *int `json:"replicas,omitzero"`
	// AvailableReplicas is the number of instances that are available but not ready; nil if unknown.
	AvailableReplicas *int `json:"availableReplicas,omitzero"`
	// ReadyReplicas is the number of instances that are ready; nil if unknown.
	ReadyReplicas *int `json:"readyReplicas,omitzero"`
	// Instances are the run's instances, including finished ones.
	Instances []DeploymentInstance `json:"instances"`
}

// DeploymentInstance is one container of a deployment.
type DeploymentInstance struct {
	// ID is the ID of this record.
	ID string `json:"id"`
	// InstanceID is the instance's ID in logs and metrics.
	InstanceID string `json:"instanceId"`
	// State is the current state. The API does not list the states; known ones are healthy, pending, error, errored and
	// failed.
	State string `json:"state"`
	// StateMessage explains the state; empty if there is no message.
	StateMessage string `json:"stateMessage,omitzero"`
	// History lists the states of the instance over time.
	History []DeploymentInstanceState `json:"history"`
	// CreatedAt is when the instance was created.
	CreatedAt time.Time `json:"dtCreated"`
	// FinishedAt is when the instance finished; zero if it has not.
	FinishedAt time.Time `json:"dtFinished,omitzero"`
}

// Failed reports whether the instance is in a failed state: error, errored or failed.
func (i *DeploymentInstance) Failed() bool {
	return slices.Contains([]string{"error", "errored", "failed"}, i.State)
}

// DeploymentInstanceState is the state of an instance at a point in time.
type DeploymentInstanceState struct {
	State string `json:"state"`
	// Message explains the state; empty if there is no message.
	Message string `json:"message,omitzero"`
	// Timestamp is when the instance was in that state.
	Timestamp time.Time `json:"timestamp"`
}

// LogLine is a line that an instance of a deployment has logged.
type LogLine struct {
	ID string `json:"id"`
	// JobID is the job that logged the line.
	JobID string `json:"jobId"`
	// InstanceID is the instance that logged the line; empty if unknown.
	InstanceID string `json:"instanceId,omitzero"`
	// Message is the text of the line.
	Message string `json:"message"`
	// UUID is another ID of the line; empty if it has none.
	UUID string `json:"uuid,omitzero"`
	// CreatedAt is when the line was logged.
	CreatedAt time.Time `json:"dtCreated"`
}
