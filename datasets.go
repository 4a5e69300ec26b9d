package paperspace

import (
	"context"
	"iter"
	"time"
)

// DatasetsService has the operations on datasets, of the tag Dataset. The versions of a dataset are in
// [VersionsService].
type DatasetsService struct{ client *Client }

var (
	datasetsCreate = post("datasets-create", "/datasets")
	datasetsList   = get("datasets-list", "/datasets")
	datasetsGet    = get("datasets-get", "/datasets/{id}")
	datasetsDelete = remove("datasets-delete", "/datasets/{id}")
	datasetsUpdate = put("datasets-update", "/datasets/{id}")
)

// Create makes a dataset.
//
// API: datasets-create, POST /datasets
func (s *DatasetsService) Create(ctx context.Context, params DatasetCreateParams, opts ...RequestOption) (*Dataset, error) {
	return call[Dataset](ctx, s.client, datasetsCreate, nil, params, opts)
}

// List fetches one page of the private or of the public datasets, newest first. Unless Privacy says otherwise, the
// service lists the private ones: to see all takes two calls.
//
// API: datasets-list, GET /datasets
func (s *DatasetsService) List(ctx context.Context, params DatasetListParams, opts ...RequestOption) (*Page[Dataset], error) {
	return call[Page[Dataset]](ctx, s.client, datasetsList, nil, params, opts)
}

// All iterates over the private or the public datasets, as [DatasetsService.List] does: to see all takes two walks. Calls
// datasets-list for each page.
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
	return call[Dataset](ctx, s.client, datasetsUpdate, pathParams(id), params, opts)
}

// DatasetCreateParams describe a dataset to be made.
type DatasetCreateParams struct {
	// Name need not be unique.
	Name string `json:"name"`
	// Description is what the dataset is about.
	Description Nullable[string] `json:"description,omitzero"`
	// StorageProviderID is where its files will be; the service chooses if nil.
	StorageProviderID *string `json:"storageProviderId,omitzero" check:"nonzero"`
	// IsPublic lets everyone read it.
	IsPublic *bool `json:"isPublic,omitzero"`
}

// DatasetListParams filter the list of datasets.
type DatasetListParams struct {
	ListParams
	// TeamID asks for the datasets of the team.
	TeamID string `url:"teamId,omitempty"`
	// Privacy asks for the private or for the public datasets. There is no value for both, and the service takes an
	// empty one for [DatasetPrivacyPrivate].
	Privacy DatasetPrivacy `url:"privacy,omitempty"`
}

// DatasetUpdateParams are what changes of a dataset; what is not set stays.
type DatasetUpdateParams struct {
	// Name need not be unique.
	Name *string `json:"name,omitzero"`
	// Description is what the dataset is about; [Null] removes it.
	Description Nullable[string] `json:"description,omitzero"`
}

// Dataset is a set of files that is kept in versions.
type Dataset struct {
	// ID is the dataset's id.
	ID string `json:"id"`
	// Name is empty if it has none.
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
}

// DatasetPrivacy is who can read a dataset.
type DatasetPrivacy string

// Who can read a dataset.
const (
	DatasetPrivacyPublic  DatasetPrivacy = "PUBLIC"
	DatasetPrivacyPrivate DatasetPrivacy = "PRIVATE"
)

// Known reports whether the API documents the value.
func (p DatasetPrivacy) Known() bool { return p == DatasetPrivacyPublic || p == DatasetPrivacyPrivate }
