package paperspace

import (
	"context"
	"iter"
	"time"
)

// DatasetsService manages datasets (tag Dataset). Their versions are in [VersionsService].
type DatasetsService struct{ client *Client }

var (
	datasetsCreate = post("datasets-create", "/datasets")
	datasetsList   = get("datasets-list", "/datasets")
	datasetsGet    = get("datasets-get", "/datasets/{id}")
	datasetsDelete = remove("datasets-delete", "/datasets/{id}")
	datasetsUpdate = put("datasets-update", "/datasets/{id}")
)

// Create creates a dataset.
//
// API: datasets-create, POST /datasets
func (s *DatasetsService) Create(ctx context.Context, params DatasetCreateParams, opts ...RequestOption) (*Dataset, error) {
	return call[Dataset](ctx, s.client, datasetsCreate, nil, &params, opts)
}

// List fetches one page of the private or the public datasets, newest first. Without Privacy the service lists the
// private ones: listing both takes two calls.
//
// API: datasets-list, GET /datasets
func (s *DatasetsService) List(ctx context.Context, params DatasetListParams, opts ...RequestOption) (*Page[Dataset], error) {
	return call[Page[Dataset]](ctx, s.client, datasetsList, nil, &params, opts)
}

// All iterates over the private or the public datasets, as [DatasetsService.List] lists them. Listing both takes two
// iterations. Calls datasets-list for each page.
func (s *DatasetsService) All(ctx context.Context, params DatasetListParams, opts ...RequestOption) iter.Seq2[Dataset, error] {
	return all[Dataset](ctx, s.client, datasetsList, nil, params, opts)
}

// Get fetches the dataset with the given ID.
//
// API: datasets-get, GET /datasets/{id}
func (s *DatasetsService) Get(ctx context.Context, id string, opts ...RequestOption) (*Dataset, error) {
	return call[Dataset](ctx, s.client, datasetsGet, pathParams(id), nil, opts)
}

// Delete deletes a dataset.
//
// API: datasets-delete, DELETE /datasets/{id}
func (s *DatasetsService) Delete(ctx context.Context, id string, opts ...RequestOption) (*Deleted, error) {
	return deleted(ctx, s.client, datasetsDelete, pathParams(id), Deleted{ID: id}, opts)
}

// Update changes a dataset's name or description.
//
// API: datasets-update, PUT /datasets/{id}
func (s *DatasetsService) Update(ctx context.Context, id string, params DatasetUpdateParams, opts ...RequestOption) (*Dataset, error) {
	return call[Dataset](ctx, s.client, datasetsUpdate, pathParams(id), &params, opts)
}

// DatasetCreateParams describe the dataset to create.
type DatasetCreateParams struct {
	// Name is the dataset's name. It need not be unique.
	Name string `json:"name"`
	// Description is a free text about the dataset.
	Description Nullable[string] `json:"description,omitzero"`
	// StorageProviderID is the storage provider that stores the files. If nil, the service chooses one.
	StorageProviderID *string `json:"storageProviderId,omitzero" check:"nonzero"`
	// IsPublic lets everyone read the dataset.
	IsPublic *bool `json:"isPublic,omitzero"`
}

// DatasetListParams filter the list of datasets.
type DatasetListParams struct {
	ListParams
	// TeamID selects the datasets of this team.
	TeamID string `url:"teamId,omitempty"`
	// Privacy selects the private or the public datasets. No value selects both; the service treats an empty one as
	// [DatasetPrivacyPrivate].
	Privacy DatasetPrivacy `url:"privacy,omitempty"`
}

// DatasetUpdateParams are the fields to change; nil and unset fields are left as they are.
type DatasetUpdateParams struct {
	// Name is the dataset's name. It need not be unique.
	Name *string `json:"name,omitzero"`
	// Description is a free text about the dataset; [Null] removes it.
	Description Nullable[string] `json:"description,omitzero"`
}

// Dataset is a set of files, kept in versions.
type Dataset struct {
	ID string `json:"id"`
	// Name is the dataset's name; empty if it has none.
	Name string `json:"name"`
	// CreatedAt is when the dataset was created.
	CreatedAt time.Time `json:"dtCreated"`
	// ModifiedAt is when the dataset was last changed.
	ModifiedAt time.Time `json:"dtModified"`
	// IsPublic reports whether everyone can read the dataset.
	IsPublic bool `json:"isPublic"`
	// TeamID is the team that owns the dataset.
	TeamID string `json:"teamId"`
	// StorageProviderID is the storage provider that stores the files; empty if unknown.
	StorageProviderID string `json:"storageProviderId"`
	// Description is a free text about the dataset; nil if there is none.
	Description *string `json:"description"`
}

// DatasetPrivacy determines who can read a dataset: everyone or its team.
type DatasetPrivacy string

// The values of DatasetPrivacy.
const (
	DatasetPrivacyPublic  DatasetPrivacy = "PUBLIC"
	DatasetPrivacyPrivate DatasetPrivacy = "PRIVATE"
)

// Known reports whether the API documents the value.
func (p DatasetPrivacy) Known() bool { return p == DatasetPrivacyPublic || p == DatasetPrivacyPrivate }
