package paperspace

import (
	"context"
	"iter"
	"time"
)

// DeploymentsService runs containers as deployments, and tells how they fare. Its operations are those of the tag
// Deployments, and the list of a project's deployments of the tag Projects.
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
	return call[Page[Deployment]](ctx, s.client, deploymentsList, nil, params, opts)
}

// All iterates over the team's deployments, newest first. Calls deployments-list for each page.
func (s *DeploymentsService) All(ctx context.Context, params DeploymentListParams, opts ...RequestOption) iter.Seq2[Deployment, error] {
	return all[Deployment](ctx, s.client, deploymentsList, nil, params, opts)
}

// Upsert creates a deployment, or gives an existing one a new spec. The spec is the whole configuration: what it
// leaves out is not kept from the spec before it. The answer comes before the spec is applied, and holds the ID only:
// [DeploymentsService.Get] tells how far the spec is.
//
// There is no idempotency key: an Upsert without a DeploymentID that fails with [ErrOutcomeUnknown] may have made a
// deployment, so look for its name before trying again.
//
// API: deployments-upsert, POST /deployments
func (s *DeploymentsService) Upsert(ctx context.Context, params DeploymentUpsertParams, opts ...RequestOption) (*DeploymentUpsertResult, error) {
	return call[DeploymentUpsertResult](ctx, s.client, deploymentsUpsert, nil, params, opts)
}

// ListRuns fetches the latest active runs of a deployment. There are none until its first spec is applied.
//
// API: deploymentRuns-get, GET /deployments/{id}/runs
func (s *DeploymentsService) ListRuns(ctx context.Context, id string, params DeploymentRunListParams, opts ...RequestOption) ([]DeploymentRun, error) {
	runs, err := call[[]DeploymentRun](ctx, s.client, deploymentRunsGet, pathParams(id), params, opts)
	if err != nil {
		return nil, err
	}
	return *runs, nil
}

// GetMetrics fetches one metric of a deployment.
//
// API: deploymentMetrics-get, GET /deployments/{id}/metrics
func (s *DeploymentsService) GetMetrics(ctx context.Context, id string, params DeploymentMetricsParams, opts ...RequestOption) (*DeploymentMetrics, error) {
	return call[DeploymentMetrics](ctx, s.client, deploymentMetricsGet, pathParams(id), params, opts)
}

// ListLogs fetches one page of what a deployment's instances have written, newest first.
//
// API: deploymentLogs-list, GET /deployments/{id}/logs
func (s *DeploymentsService) ListLogs(ctx context.Context, id string, params DeploymentLogListParams, opts ...RequestOption) (*Page[LogLine], error) {
	return call[Page[LogLine]](ctx, s.client, deploymentLogsList, pathParams(id), params, opts)
}

// AllLogs iterates over what a deployment's instances have written, newest first. Calls deploymentLogs-list for each page.
func (s *DeploymentsService) AllLogs(ctx context.Context, id string, params DeploymentLogListParams, opts ...RequestOption) iter.Seq2[LogLine, error] {
	return all[LogLine](ctx, s.client, deploymentLogsList, pathParams(id), params, opts)
}

// ListHistory fetches one page of the specs that a deployment has had, newest first.
//
// API: deploymentHistory-list, GET /deployments/{id}/history
func (s *DeploymentsService) ListHistory(ctx context.Context, id string, params DeploymentHistoryListParams, opts ...RequestOption) (*Page[DeploymentHistoryItem], error) {
	return call[Page[DeploymentHistoryItem]](ctx, s.client, deploymentHistoryList, pathParams(id), params, opts)
}

// AllHistory iterates over the specs that a deployment has had, newest first. Calls deploymentHistory-list for each page.
func (s *DeploymentsService) AllHistory(ctx context.Context, id string, params DeploymentHistoryListParams, opts ...RequestOption) iter.Seq2[DeploymentHistoryItem, error] {
	return all[DeploymentHistoryItem](ctx, s.client, deploymentHistoryList, pathParams(id), params, opts)
}

// ListByProject fetches one page of a project's deployments, newest first.
//
// API: projectDeployments-list, GET /projects/{id}/deployments
func (s *DeploymentsService) ListByProject(ctx context.Context, projectID string, params DeploymentListByProjectParams, opts ...RequestOption) (*Page[Deployment], error) {
	return call[Page[Deployment]](ctx, s.client, projectDeploymentsList, pathParams(projectID), params, opts)
}

// AllByProject iterates over a project's deployments, newest first. Calls projectDeployments-list for each page.
func (s *DeploymentsService) AllByProject(ctx context.Context, projectID string, params DeploymentListByProjectParams, opts ...RequestOption) iter.Seq2[Deployment, error] {
	return all[Deployment](ctx, s.client, projectDeploymentsList, pathParams(projectID), params, opts)
}

// DeploymentListParams page through the team's deployments.
type DeploymentListParams struct{ ListParams }

// DeploymentListByProjectParams filter the list of a project's deployments.
type DeploymentListByProjectParams struct {
	ListParams
	// Name asks for deployments of the name. The service may also return others whose name contains it.
	Name string `url:"name,omitempty"`
}

// DeploymentUpsertParams describe a deployment to be created, or the new spec of one.
type DeploymentUpsertParams struct {
	// DeploymentID is the deployment that gets the spec; nil creates one.
	DeploymentID *string `json:"deploymentId,omitzero" check:"nonzero"`
	// ProjectID is the project that the deployment belongs to.
	ProjectID string `json:"projectId" check:"required"`
	// Config is the spec. It must be of one version.
	Config DeploymentConfig `json:"config" check:"required"`
}

// DeploymentUpsertResult tells which deployment was created or changed.
type DeploymentUpsertResult struct {
	// DeploymentID is the deployment's id.
	DeploymentID string `json:"deploymentId"`
}

// DeploymentRunListParams limit the list of runs.
type DeploymentRunListParams struct {
	// Limit is the number of runs, the latest ones; 0 is 10.
	Limit int `url:"limit,omitempty"`
}

// DeploymentLogListParams filter a deployment's logs.
type DeploymentLogListParams struct {
	ListParams
	// InstanceID asks for what one instance has written.
	InstanceID string `url:"instanceId,omitempty"`
}

// DeploymentHistoryListParams page through the specs of a deployment.
type DeploymentHistoryListParams struct{ ListParams }

// Deployment is a container that the service runs, in as many instances as its spec asks for.
type Deployment struct {
	// ID is the deployment's id.
	ID string `json:"id"`
	// Name need not be unique.
	Name string `json:"name"`
	// ProjectID is the project that it belongs to.
	ProjectID string `json:"projectId"`
	// TeamID is the team that it belongs to.
	TeamID string `json:"teamId"`
	// Endpoint is where it can be reached.
	Endpoint string `json:"endpoint"`
	// LatestSpecHash is a hash of the latest spec; empty if there is none.
	LatestSpecHash string `json:"latestSpecHash,omitzero"`
	// LatestSpec is the latest spec and what became of it; nil if the service has none, or no valid one.
	LatestSpec *DeploymentSpec `json:"latestSpec,omitzero"`
	// BasicAuthKey is the key that secures the endpoint; empty if there is none.
	BasicAuthKey Sensitive `json:"basicAuthKey,omitzero"`
	// CreatedAt is when it was created.
	CreatedAt time.Time `json:"dtCreated"`
}

// DeploymentSpec is a configuration that was given to a deployment, and what became of it.
type DeploymentSpec struct {
	// ID is the spec's id. Each upsert makes a new one.
	ID string `json:"id"`
	// Data is the configuration; nil if the service has none.
	Data *DeploymentConfig `json:"data,omitzero"`
	// DeploymentID is the deployment that it was given to.
	DeploymentID string `json:"deploymentId"`
	// ExternalApplied is when it was applied to the cluster; zero before that.
	ExternalApplied time.Time `json:"externalApplied,omitzero"`
	// HealthyAt is when the deployment became healthy with it; zero before that.
	HealthyAt time.Time `json:"dtHealthy,omitzero"`
	// UserID is the user who gave it.
	UserID string `json:"userId"`
	// Error is why it could not be applied at all; empty if it could. The errors of instances are in
	// [DeploymentInstance].
	Error string `json:"error,omitzero"`
	// Metadata tells where it came from; nil if that is not known.
	Metadata *DeploymentMetadata `json:"metadata,omitzero"`
}

// DeploymentMetadata tells where a spec came from.
type DeploymentMetadata struct {
	// GitHeaders are the commit that it was in; nil if it was in none.
	GitHeaders *GitHeaders `json:"gitHeaders,omitzero"`
}

// GitHeaders name a commit.
type GitHeaders struct {
	// Host is where the repository is.
	Host GitHost `json:"x-git-host"`
	// Actor is the user there who pushed the commit.
	Actor string `json:"x-git-actor"`
	// SHA is the commit's hash.
	SHA string `json:"x-git-sha"`
	// Ref is the branch or tag.
	Ref string `json:"x-git-ref"`
	// Owner is who owns the repository.
	Owner string `json:"x-git-owner"`
	// Repo is the repository's name.
	Repo string `json:"x-git-repo"`
}

// GitHost is where a git repository is.
type GitHost string

// The hosts of git repositories.
const (
	GitHostGitHub GitHost = "github"
	GitHostGitLab GitHost = "gitlab"
)

// Known reports whether the API documents the value.
func (h GitHost) Known() bool { return h == GitHostGitHub || h == GitHostGitLab }

// DeploymentHistoryItem is a spec that a deployment has had.
type DeploymentHistoryItem struct {
	DeploymentSpec
	// WorkflowRun is the workflow run that gave it; nil if it was given in another way.
	WorkflowRun *WorkflowRun `json:"workflowRun,omitzero"`
}

// WorkflowRun is one run of a workflow.
type WorkflowRun struct {
	// ID is the run's id.
	ID string `json:"id"`
	// WorkflowID is the workflow's id.
	WorkflowID string `json:"workflowId"`
	// Phase is how far it is.
	Phase WorkflowPhase `json:"phase"`
	// Message is what is to be said about it; empty if nothing is.
	Message string `json:"message,omitzero"`
	// CreatedAt is when it was asked for; zero if that is not known.
	CreatedAt time.Time `json:"dtCreated,omitzero"`
	// StartedAt is when it began; zero before that.
	StartedAt time.Time `json:"dtStarted,omitzero"`
	// FinishedAt is when it ended; zero before that.
	FinishedAt time.Time `json:"dtFinished,omitzero"`
	// Workflow is what was run.
	Workflow Workflow `json:"workflow"`
}

// Workflow is the workflow of a [WorkflowRun].
type Workflow struct {
	// ID is the workflow's id.
	ID string `json:"id"`
	// Name is empty if it has none.
	Name string `json:"name"`
	// CreatedAt is when it was created; zero if that is not known.
	CreatedAt time.Time `json:"dtCreated,omitzero"`
}

// WorkflowPhase is how far a workflow run is.
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

// DeploymentRun is the instances that run one spec of a deployment.
type DeploymentRun struct {
	// ID is the run's id.
	ID string `json:"id"`
	// Replicas is how many instances there are to be; nil if the service does not say.
	Replicas *int `json:"replicas,omitzero"`
	// AvailableReplicas is how many are there but not ready; nil if the service does not say.
	AvailableReplicas *int `json:"availableReplicas,omitzero"`
	// ReadyReplicas is how many are ready; nil if the service does not say.
	ReadyReplicas *int `json:"readyReplicas,omitzero"`
	// Instances are the instances, those that have ended among them.
	Instances []DeploymentInstance `json:"instances"`
}

// DeploymentInstance is one container of a deployment.
type DeploymentInstance struct {
	// ID is the id of this record.
	ID string `json:"id"`
	// InstanceID is what logs and metrics call it.
	InstanceID string `json:"instanceId"`
	// State is how it is. The API does not list the states; seen are healthy, pending, error, errored and failed.
	State string `json:"state"`
	// StateMessage says why; empty if the service does not.
	StateMessage string `json:"stateMessage,omitzero"`
	// History are the states that it has had.
	History []DeploymentInstanceState `json:"history"`
	// CreatedAt is when it was created.
	CreatedAt time.Time `json:"dtCreated"`
	// FinishedAt is when it ended; zero before that.
	FinishedAt time.Time `json:"dtFinished,omitzero"`
}

// DeploymentInstanceState is how an instance was at a time.
type DeploymentInstanceState struct {
	// State is how it was.
	State string `json:"state"`
	// Message says why; empty if the service does not.
	Message string `json:"message,omitzero"`
	// Timestamp is when that was.
	Timestamp time.Time `json:"timestamp"`
}

// LogLine is a line that an instance of a deployment has written.
type LogLine struct {
	// ID is the line's id.
	ID string `json:"id"`
	// JobID is the job that wrote it.
	JobID string `json:"jobId"`
	// InstanceID is the instance that wrote it; empty if that is not known.
	InstanceID string `json:"instanceId,omitzero"`
	// Message is the line.
	Message string `json:"message"`
	// UUID is another id of the line; empty if it has none.
	UUID string `json:"uuid,omitzero"`
	// CreatedAt is when it was written.
	CreatedAt time.Time `json:"dtCreated"`
}
