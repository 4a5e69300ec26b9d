package paperspace

import (
	"context"
	"iter"
	"time"
)

// ModelsService manages models (tag Model). [ProjectsService.AddModel] and [ProjectsService.RemoveModel] add them to a
// project and remove them from it. The API cannot update a model.
type ModelsService struct{ client *Client }

var (
	modelsCreate = post("models-create", "/models")
	modelsList   = get("models-list", "/models")
	modelsGet    = get("models-get", "/models/{id}")
	modelsDelete = remove("models-delete", "/models/{id}")
)

// Create creates a model.
//
// API: models-create, POST /models
func (s *ModelsService) Create(ctx context.Context, params ModelCreateParams, opts ...RequestOption) (*Model, error) {
	return call[Model](ctx, s.client, modelsCreate, nil, &params, opts)
}

// List fetches one page of the team's models, newest first.
//
// API: models-list, GET /models
func (s *ModelsService) List(ctx context.Context, params ModelListParams, opts ...RequestOption) (*Page[Model], error) {
	return call[Page[Model]](ctx, s.client, modelsList, nil, &params, opts)
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

// ModelCreateParams describe the model to create.
type ModelCreateParams struct {
	// Name is the model's name. It need not be unique.
	Name string `json:"name"`
	// Description is a free text about the model.
	Description Nullable[string] `json:"description,omitzero"`
	// StorageProviderID is the storage provider that stores the files. If nil, the service chooses one.
	StorageProviderID *string `json:"storageProviderId,omitzero" check:"nonzero"`
	// IsPublic lets everyone read the model.
	IsPublic *bool `json:"isPublic,omitzero"`
	// ProjectID is the project to add the model to; nil means none.
	ProjectID *string `json:"projectId,omitzero" check:"nonzero"`
}

// ModelListParams filter the list of models.
type ModelListParams struct {
	ListParams
	// ProjectID selects the models of this project.
	ProjectID string `url:"projectId,omitempty"`
}

// Model is a machine learning model that the service stores.
type Model struct {
	ID string `json:"id"`
	// Name is the model's name. It need not be unique.
	Name string `json:"name"`
	// CreatedAt is when the model was created.
	CreatedAt time.Time `json:"dtCreated"`
	// ModifiedAt is when the model was last changed.
	ModifiedAt time.Time `json:"dtModified"`
	// IsPublic reports whether everyone can read the model.
	IsPublic bool `json:"isPublic"`
	// TeamID is the team that owns the model.
	TeamID string `json:"teamId"`
	// StorageProviderID is the storage provider that stores the files; empty if unknown.
	StorageProviderID string `json:"storageProviderId"`
	// Description is a free text about the model; nil if there is none.
	Description *string `json:"description"`
	// ProjectID is the project that the model belongs to; empty if it belongs to none.
	ProjectID string `json:"projectId"`
}
