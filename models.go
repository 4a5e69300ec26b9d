package paperspace

import (
	"context"
	"iter"
	"time"
)

// ModelsService has the operations on models, of the tag Model. There is no update. Models are put into and taken out
// of a project with [ProjectsService.AddModel] and [ProjectsService.RemoveModel].
type ModelsService struct{ client *Client }

var (
	modelsCreate = post("models-create", "/models")
	modelsList   = get("models-list", "/models")
	modelsGet    = get("models-get", "/models/{id}")
	modelsDelete = remove("models-delete", "/models/{id}")
)

// Create makes a model.
//
// API: models-create, POST /models
func (s *ModelsService) Create(ctx context.Context, params ModelCreateParams, opts ...RequestOption) (*Model, error) {
	return call[Model](ctx, s.client, modelsCreate, nil, params, opts)
}

// List fetches one page of the team's models, newest first.
//
// API: models-list, GET /models
func (s *ModelsService) List(ctx context.Context, params ModelListParams, opts ...RequestOption) (*Page[Model], error) {
	return call[Page[Model]](ctx, s.client, modelsList, nil, params, opts)
}

// All iterates over the team's models, newest first. Calls models-list for each page.
func (s *ModelsService) All(ctx context.Context, params ModelListParams, opts ...RequestOption) iter.Seq2[Model, error] {
	return all[Model](ctx, s.client, modelsList, nil, params, opts)
}

// Get fetches the model with the given ID.
//
// API: models-get, GET /models/{id}
func (s *ModelsService) Get(ctx context.Context, id string, opts ...RequestOption) (*Model, error) {
	return call[Model](ctx, s.client, modelsGet, pathParams(id), nil, opts)
}

// Delete deletes a model.
//
// API: models-delete, DELETE /models/{id}
func (s *ModelsService) Delete(ctx context.Context, id string, opts ...RequestOption) (*Deleted, error) {
	return deleted(ctx, s.client, modelsDelete, pathParams(id), Deleted{ID: id}, opts)
}

// ModelCreateParams describe a model to be made.
type ModelCreateParams struct {
	// Name need not be unique.
	Name string `json:"name"`
	// Description is what the model is about.
	Description Nullable[string] `json:"description,omitzero"`
	// StorageProviderID is where its files will be; the service chooses if nil.
	StorageProviderID *string `json:"storageProviderId,omitzero" check:"nonzero"`
	// IsPublic lets everyone read it.
	IsPublic *bool `json:"isPublic,omitzero"`
	// ProjectID is the project that it is put into; none if nil.
	ProjectID *string `json:"projectId,omitzero" check:"nonzero"`
}

// ModelListParams filter the list of models.
type ModelListParams struct {
	ListParams
	// ProjectID asks for the models of one project.
	ProjectID string `url:"projectId,omitempty"`
}

// Model is a model that is kept by the service.
type Model struct {
	// ID is the model's id.
	ID string `json:"id"`
	// Name need not be unique.
	Name string `json:"name"`
	// CreatedAt is when it was created.
	CreatedAt time.Time `json:"dtCreated"`
	// ModifiedAt is when it was last changed.
	ModifiedAt time.Time `json:"dtModified"`
	// IsPublic reports whether everyone can read it.
	IsPublic bool `json:"isPublic"`
	// TeamID is the team that it belongs to.
	TeamID string `json:"teamId"`
	// StorageProviderID is where its files are; empty if that is not known.
	StorageProviderID string `json:"storageProviderId"`
	// Description is what it is about; nil if there is none.
	Description *string `json:"description"`
	// ProjectID is the project that it is in; empty if it is in none.
	ProjectID string `json:"projectId"`
}
