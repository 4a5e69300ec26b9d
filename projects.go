package paperspace

import (
	"context"
	"iter"
	"time"
)

// ProjectsService manages projects, and their collaborators, models, secrets and activity (tag Projects). Their
// deployments are in [DeploymentsService], their tags in [TagsService].
type ProjectsService struct{ client *Client }

var (
	projectsCreate                 = post("projects-create", "/projects")
	projectsList                   = get("projects-list", "/projects")
	projectsGet                    = get("projects-get", "/projects/{id}")
	projectsUpdate                 = put("projects-update", "/projects/{id}")
	projectsDelete                 = remove("projects-delete", "/projects/{id}")
	projectActivityList            = get("projectActivity-list", "/projects/{id}/activity")
	projectCollaboratorsList       = get("projectCollaborators-list", "/projects/{id}/collaborators")
	projectCollaboratorsCreate     = post("projectCollaborators-create", "/projects/{id}/collaborators")
	projectCollaboratorsDelete     = remove("projectCollaborators-delete", "/projects/{id}/collaborators/{userId}")
	projectModelsList              = get("projectModels-list", "/projects/{id}/models")
	projectModelsAdd               = post("projectModels-add", "/projects/{id}/models/{modelId}").idempotent()
	projectModelsRemove            = remove("projectModels-remove", "/projects/{id}/models/{modelId}")
	projectSecretsList             = get("projectSecrets-list", "/projects/{id}/secrets")
	projectSecretsCreate           = post("projectSecrets-create", "/projects/{id}/secrets")
	projectSecretsGetProjectSecret = get("projectSecrets-getProjectSecret", "/projects/{id}/secrets/{name}")
	projectSecretsUpdate           = patch("projectSecrets-update", "/projects/{id}/secrets/{name}").idempotent()
	projectSecretsDelete           = remove("projectSecrets-delete", "/projects/{id}/secrets/{name}")
)

// Create creates a project.
//
// API: projects-create, POST /projects
func (s *ProjectsService) Create(ctx context.Context, params ProjectCreateParams, opts ...RequestOption) (*Project, error) {
	return call[Project](ctx, s.client, projectsCreate, nil, &params, opts)
}

// List fetches one page of the team's projects, newest first.
//
// API: projects-list, GET /projects
func (s *ProjectsService) List(ctx context.Context, params ProjectListParams, opts ...RequestOption) (*Page[Project], error) {
	return call[Page[Project]](ctx, s.client, projectsList, nil, &params, opts)
}

// All iterates over the team's projects, newest first. Calls projects-list for each page.
func (s *ProjectsService) All(ctx context.Context, params ProjectListParams, opts ...RequestOption) iter.Seq2[Project, error] {
	return all[Project](ctx, s.client, projectsList, nil, params, opts)
}

// Get fetches the project with the given ID.
//
// API: projects-get, GET /projects/{id}
func (s *ProjectsService) Get(ctx context.Context, id string, opts ...RequestOption) (*Project, error) {
	return call[Project](ctx, s.client, projectsGet, pathParams(id), nil, opts)
}

// Update renames a project.
//
// API: projects-update, PUT /projects/{id}
func (s *ProjectsService) Update(ctx context.Context, id string, params ProjectUpdateParams, opts ...RequestOption) (*Project, error) {
	return call[Project](ctx, s.client, projectsUpdate, pathParams(id), &params, opts)
}

// Delete deletes a project and returns it.
//
// API: projects-delete, DELETE /projects/{id}
func (s *ProjectsService) Delete(ctx context.Context, id string, opts ...RequestOption) (*Project, error) {
	return deleted(ctx, s.client, projectsDelete, pathParams(id), Project{ID: id}, opts)
}

// ListActivity fetches one page of the changes to the project's deployments, newest first.
//
// API: projectActivity-list, GET /projects/{id}/activity
func (s *ProjectsService) ListActivity(ctx context.Context, id string, params ProjectActivityListParams, opts ...RequestOption) (*Page[ProjectActivity], error) {
	return call[Page[ProjectActivity]](ctx, s.client, projectActivityList, pathParams(id), &params, opts)
}

// AllActivity iterates over the changes to the project's deployments, newest first. Calls projectActivity-list for
// each page.
func (s *ProjectsService) AllActivity(ctx context.Context, id string, params ProjectActivityListParams, opts ...RequestOption) iter.Seq2[ProjectActivity, error] {
	return all[ProjectActivity](ctx, s.client, projectActivityList, pathParams(id), params, opts)
}

// ListCollaborators fetches one page of the project's collaborators, newest first.
//
// API: projectCollaborators-list, GET /projects/{id}/collaborators
func (s *ProjectsService) ListCollaborators(ctx context.Context, id string, params ProjectCollaboratorListParams, opts ...RequestOption) (*Page[ProjectCollaborator], error) {
	return call[Page[ProjectCollaborator]](ctx, s.client, projectCollaboratorsList, pathParams(id), &params, opts)
}

// AllCollaborators iterates over the project's collaborators, newest first. Calls projectCollaborators-list for each
// page.
func (s *ProjectsService) AllCollaborators(ctx context.Context, id string, params ProjectCollaboratorListParams, opts ...RequestOption) iter.Seq2[ProjectCollaborator, error] {
	return all[ProjectCollaborator](ctx, s.client, projectCollaboratorsList, pathParams(id), params, opts)
}

// CreateCollaborator gives a user access to the project.
//
// API: projectCollaborators-create, POST /projects/{id}/collaborators
func (s *ProjectsService) CreateCollaborator(ctx context.Context, id string, params ProjectCollaboratorCreateParams, opts ...RequestOption) (*ProjectCollaborator, error) {
	return call[ProjectCollaborator](ctx, s.client, projectCollaboratorsCreate, pathParams(id), &params, opts)
}

// DeleteCollaborator removes a user's access to the project.
//
// API: projectCollaborators-delete, DELETE /projects/{id}/collaborators/{userId}
func (s *ProjectsService) DeleteCollaborator(ctx context.Context, id, userID string, opts ...RequestOption) (*DeletedCollaborator, error) {
	return deleted(ctx, s.client, projectCollaboratorsDelete, pathParams(id, userID), DeletedCollaborator{UserID: userID}, opts)
}

// ListModels fetches one page of the project's models, newest first.
//
// API: projectModels-list, GET /projects/{id}/models
func (s *ProjectsService) ListModels(ctx context.Context, id string, params ProjectModelListParams, opts ...RequestOption) (*Page[Model], error) {
	return call[Page[Model]](ctx, s.client, projectModelsList, pathParams(id), &params, opts)
}

// AllModels iterates over the project's models, newest first. Calls projectModels-list for each page.
func (s *ProjectsService) AllModels(ctx context.Context, id string, params ProjectModelListParams, opts ...RequestOption) iter.Seq2[Model, error] {
	return all[Model](ctx, s.client, projectModelsList, pathParams(id), params, opts)
}

// AddModel adds a model to the project.
//
// API: projectModels-add, POST /projects/{id}/models/{modelId}
func (s *ProjectsService) AddModel(ctx context.Context, id, modelID string, opts ...RequestOption) (*Model, error) {
	return call[Model](ctx, s.client, projectModelsAdd, pathParams(id, modelID), nil, opts)
}

// RemoveModel removes a model from the project and returns it.
//
// API: projectModels-remove, DELETE /projects/{id}/models/{modelId}
func (s *ProjectsService) RemoveModel(ctx context.Context, id, modelID string, opts ...RequestOption) (*Model, error) {
	return deleted(ctx, s.client, projectModelsRemove, pathParams(id, modelID), Model{ID: modelID}, opts)
}

// ListSecrets fetches one page of the project's secrets, newest first.
//
// API: projectSecrets-list, GET /projects/{id}/secrets
func (s *ProjectsService) ListSecrets(ctx context.Context, id string, params SecretListParams, opts ...RequestOption) (*Page[Secret], error) {
	return call[Page[Secret]](ctx, s.client, projectSecretsList, pathParams(id), &params, opts)
}

// AllSecrets iterates over the project's secrets, newest first. Calls projectSecrets-list for each page.
func (s *ProjectsService) AllSecrets(ctx context.Context, id string, params SecretListParams, opts ...RequestOption) iter.Seq2[Secret, error] {
	return all[Secret](ctx, s.client, projectSecretsList, pathParams(id), params, opts)
}

// CreateSecret creates a secret of the project.
//
// API: projectSecrets-create, POST /projects/{id}/secrets
func (s *ProjectsService) CreateSecret(ctx context.Context, id string, params SecretCreateParams, opts ...RequestOption) (*Secret, error) {
	return call[Secret](ctx, s.client, projectSecretsCreate, pathParams(id), &params, opts)
}

// GetSecret fetches the project's secret with the given name, without its value.
//
// API: projectSecrets-getProjectSecret, GET /projects/{id}/secrets/{name}
func (s *ProjectsService) GetSecret(ctx context.Context, id, name string, opts ...RequestOption) (*Secret, error) {
	return call[Secret](ctx, s.client, projectSecretsGetProjectSecret, pathParams(id, name), nil, opts)
}

// UpdateSecret changes the value of a secret of the project.
//
// API: projectSecrets-update, PATCH /projects/{id}/secrets/{name}
func (s *ProjectsService) UpdateSecret(ctx context.Context, id, name string, params SecretUpdateParams, opts ...RequestOption) (*Secret, error) {
	return call[Secret](ctx, s.client, projectSecretsUpdate, pathParams(id, name), &params, opts)
}

// DeleteSecret deletes a secret of the project.
//
// API: projectSecrets-delete, DELETE /projects/{id}/secrets/{name}
func (s *ProjectsService) DeleteSecret(ctx context.Context, id, name string, opts ...RequestOption) (*DeletedSecret, error) {
	return deleted(ctx, s.client, projectSecretsDelete, pathParams(id, name), DeletedSecret{Name: name}, opts)
}

// ProjectCreateParams describe the project to create.
type ProjectCreateParams struct {
	// Name is the project's name, 1 to 128 characters long. It need not be unique.
	Name string `json:"name" check:"required"`
}

// ProjectListParams page through the list of projects.
type ProjectListParams struct{ ListParams }

// ProjectUpdateParams are the fields to change.
type ProjectUpdateParams struct {
	// Name is the project's name, 1 to 128 characters long. It need not be unique.
	Name string `json:"name" check:"required"`
}

// Project groups deployments, models and secrets.
type Project struct {
	ID string `json:"id"`
	// Name is the project's name. It need not be unique.
	Name string `json:"name"`
	// CreatedAt is when the project was created.
	CreatedAt time.Time `json:"dtCreated"`
	// DeletedAt is when the project was deleted; zero if it was not.
	DeletedAt time.Time `json:"dtDeleted,omitzero"`
	// RepoNodeID is the node ID of the project's GitHub repository; empty if there is none.
	RepoNodeID string `json:"repoNodeId,omitzero"`
	// RepoName is the name of the GitHub repository; empty if there is none.
	RepoName string `json:"repoName,omitzero"`
	// RepoURL is the URL of the GitHub repository; empty if there is none.
	RepoURL string `json:"repoUrl,omitzero"`
}

// ProjectActivityListParams filter the list of a project's activity. After must be a UUID.
type ProjectActivityListParams struct {
	ListParams
	// DeploymentID selects the changes to this deployment. It must be a UUID.
	DeploymentID string `url:"deploymentId,omitempty"`
}

// ProjectActivity is a change to a deployment of a project.
type ProjectActivity struct {
	ID string `json:"id"`
	// Data is the change in replicas; nil if the action is not a scaling.
	Data *ProjectActivityData `json:"data,omitzero"`
	// Action is the kind of change.
	Action ProjectActivityAction `json:"action"`
	// CreatedAt is when the change was made.
	CreatedAt time.Time `json:"dtCreated"`
	// Deployment is the changed deployment; nil if unknown.
	Deployment *ProjectActivityDeployment `json:"deployment,omitzero"`
	// Actor is the user or system that made the change; nil if unknown.
	Actor *ProjectActivityActor `json:"actor,omitzero"`
}

// ProjectActivityData is the change in replicas of a scaling.
type ProjectActivityData struct {
	// To is the number of replicas after the change.
	To int `json:"to"`
	// From is the number of replicas before the change.
	From int `json:"from"`
}

// ProjectActivityDeployment is the deployment of a [ProjectActivity].
type ProjectActivityDeployment struct {
	Name string `json:"name"`
	ID   string `json:"id"`
	// DeletedAt is when the deployment was deleted; zero if it was not.
	DeletedAt time.Time `json:"dtDeleted"`
}

// ProjectActivityActor is the user or system that made a [ProjectActivity].
type ProjectActivityActor struct {
	// AvatarURL is the URL of the actor's image; empty if there is none.
	AvatarURL string `json:"avatarUrl,omitzero"`
	// FullName is the actor's full name; empty if unknown.
	FullName string `json:"fullName,omitzero"`
	// Email is the actor's email address; empty if unknown.
	Email string `json:"email,omitzero"`
}

// ProjectActivityAction is a kind of change to a deployment.
type ProjectActivityAction string

// The kinds of changes to a deployment.
const (
	ProjectActivityActionDeploymentScaled              ProjectActivityAction = "deployment.scaled"
	ProjectActivityActionDeploymentCreated             ProjectActivityAction = "deployment.created"
	ProjectActivityActionDeploymentDeleted             ProjectActivityAction = "deployment.deleted"
	ProjectActivityActionDeploymentUpdated             ProjectActivityAction = "deployment.updated"
	ProjectActivityActionDeploymentEnabled             ProjectActivityAction = "deployment.enabled"
	ProjectActivityActionDeploymentDisabled            ProjectActivityAction = "deployment.disabled"
	ProjectActivityActionDeploymentAutoscalingEnabled  ProjectActivityAction = "deployment.autoscaling.enabled"
	ProjectActivityActionDeploymentAutoscalingDisabled ProjectActivityAction = "deployment.autoscaling.disabled"
)

// Known reports whether the API documents the value.
func (a ProjectActivityAction) Known() bool {
	switch a {
	case ProjectActivityActionDeploymentScaled, ProjectActivityActionDeploymentCreated,
		ProjectActivityActionDeploymentDeleted, ProjectActivityActionDeploymentUpdated,
		ProjectActivityActionDeploymentEnabled, ProjectActivityActionDeploymentDisabled,
		ProjectActivityActionDeploymentAutoscalingEnabled, ProjectActivityActionDeploymentAutoscalingDisabled:
		return true
	}
	return false
}

// ProjectCollaboratorListParams page through the collaborators of a project.
type ProjectCollaboratorListParams struct{ ListParams }

// ProjectCollaboratorCreateParams name the user who gets access to a project.
type ProjectCollaboratorCreateParams struct {
	UserID string `json:"userId" check:"required"`
}

// ProjectCollaborator is a user with access to a project.
type ProjectCollaborator struct {
	User AccessorUser `json:"user"`
	// CreatedAt is when the access was given.
	CreatedAt time.Time `json:"dtCreated"`
	// DeletedAt is when the access was removed; zero if it was not.
	DeletedAt time.Time `json:"dtDeleted,omitzero"`
}

// DeletedCollaborator is the response to [ProjectsService.DeleteCollaborator].
type DeletedCollaborator struct {
	// UserID is the user whose access was removed.
	UserID string `json:"userId"`
}

// ProjectModelListParams filter the list of a project's models.
type ProjectModelListParams struct {
	ListParams
	// Name selects models with this name. The service may also return models whose names contain it.
	Name string `url:"name,omitempty"`
}
