package paperspace

import (
	"context"
	"iter"
)

// StorageService manages storage providers, the buckets that store a team's files, and returns how much storage the
// team uses (tag Storage).
type StorageService struct{ client *Client }

var (
	storageProvidersCreate      = post("storageProviders-create", "/storage-providers")
	storageProvidersList        = get("storageProviders-list", "/storage-providers")
	storageProvidersUpdate      = put("storageProviders-update", "/storage-providers/{id}").reserves("utilization")
	storageProvidersGet         = get("storageProviders-get", "/storage-providers/{id}").reserves("utilization")
	storageProvidersDelete      = remove("storageProviders-delete", "/storage-providers/{id}").reserves("utilization")
	storageUtilizationGetPublic = get("storageUtilization-getPublic", "/storage-providers/utilization")
)

// Create adds a storage provider to the team.
//
// API: storageProviders-create, POST /storage-providers
func (s *StorageService) Create(ctx context.Context, params StorageProviderCreateParams, opts ...RequestOption) (*StorageProvider, error) {
	return call[StorageProvider](ctx, s.client, storageProvidersCreate, nil, &params, opts)
}

// List fetches one page of the team's storage providers, newest first. They include their access keys.
//
// API: storageProviders-list, GET /storage-providers
func (s *StorageService) List(ctx context.Context, params StorageProviderListParams, opts ...RequestOption) (*Page[StorageProvider], error) {
	return call[Page[StorageProvider]](ctx, s.client, storageProvidersList, nil, &params, opts)
}

// All iterates over the team's storage providers, newest first. Calls storageProviders-list for each page.
func (s *StorageService) All(ctx context.Context, params StorageProviderListParams, opts ...RequestOption) iter.Seq2[StorageProvider, error] {
	return all[StorageProvider](ctx, s.client, storageProvidersList, nil, params, opts)
}

// Update replaces a storage provider's name and its complete configuration, including the keys.
//
// API: storageProviders-update, PUT /storage-providers/{id}
func (s *StorageService) Update(ctx context.Context, id string, params StorageProviderUpdateParams, opts ...RequestOption) (*StorageProvider, error) {
	return call[StorageProvider](ctx, s.client, storageProvidersUpdate, pathParams(id), &params, opts)
}

// Get fetches the storage provider with the given ID.
//
// API: storageProviders-get, GET /storage-providers/{id}
func (s *StorageService) Get(ctx context.Context, id string, opts ...RequestOption) (*StorageProvider, error) {
	return call[StorageProvider](ctx, s.client, storageProvidersGet, pathParams(id), nil, opts)
}

// Delete removes a storage provider from the team.
//
// API: storageProviders-delete, DELETE /storage-providers/{id}
func (s *StorageService) Delete(ctx context.Context, id string, opts ...RequestOption) (*Deleted, error) {
	return deleted(ctx, s.client, storageProvidersDelete, pathParams(id), Deleted{ID: id}, opts)
}

// GetUtilization fetches how much storage the team uses, by purpose.
//
// API: storageUtilization-getPublic, GET /storage-providers/utilization
func (s *StorageService) GetUtilization(ctx context.Context, opts ...RequestOption) (*StorageUtilization, error) {
	return call[StorageUtilization](ctx, s.client, storageUtilizationGetPublic, nil, nil, opts)
}

// StorageProviderCreateParams describe the storage provider to add.
type StorageProviderCreateParams struct {
	// Name is the storage provider's name. It need not be unique.
	Name string `json:"name"`
	// StorageProviderType is the protocol of the bucket.
	StorageProviderType StorageProviderType `json:"storageProviderType" check:"required"`
	// IsTeamDefault makes this the team's default storage provider.
	IsTeamDefault *bool `json:"isTeamDefault,omitzero"`
	// S3Config is the bucket and its credentials.
	S3Config S3Config `json:"s3Config"`
}

// StorageProviderListParams page through the list of storage providers.
type StorageProviderListParams struct{ ListParams }

// StorageProviderUpdateParams are the new name and configuration of a storage provider.
type StorageProviderUpdateParams struct {
	// Name is the storage provider's name. It need not be unique.
	Name string `json:"name"`
	// IsTeamDefault makes this the team's default storage provider; nil leaves it as it is.
	IsTeamDefault *bool `json:"isTeamDefault,omitzero"`
	// S3Config replaces the complete configuration. To change a part of it, change the S3Config of a [StorageProvider]
	// and send it back.
	S3Config S3Config `json:"s3Config"`
}

// StorageProvider is a bucket that stores a team's files.
type StorageProvider struct {
	ID string `json:"id"`
	// Name is the storage provider's name. It need not be unique.
	Name string `json:"name"`
	// IsTeamDefault reports whether this is the team's default storage provider; nil if unknown.
	IsTeamDefault *bool `json:"isTeamDefault"`
	// IsManaged reports whether the service manages the bucket.
	IsManaged bool `json:"isManaged"`
	// S3Config is the bucket and its credentials.
	S3Config S3Config `json:"s3Config"`
}

// StorageProviderType is the protocol of a bucket.
type StorageProviderType string

// StorageProviderTypeS3 is Amazon S3 or a compatible service.
const StorageProviderTypeS3 StorageProviderType = "s3"

// Known reports whether the API documents the value.
func (t StorageProviderType) Known() bool { return t == StorageProviderTypeS3 }

// S3Config is an S3 bucket and its credentials.
type S3Config struct {
	// Endpoint is the URL of the service, if it is not Amazon S3.
	Endpoint Nullable[string] `json:"endpoint,omitzero"`
	// Bucket is the bucket's name.
	Bucket string `json:"bucket" check:"required"`
	// Region is the name that the bucket's provider uses for its region, such as "us-east-1". It is not a [Region].
	Region Nullable[string] `json:"region,omitzero"`
	// AccessKey is the access key ID.
	AccessKey Sensitive `json:"accessKey" check:"required"`
	// SecretAccessKey is the secret access key.
	SecretAccessKey Sensitive `json:"secretAccessKey" check:"required"`
	// SignatureVersion is the version of the request signature.
	SignatureVersion Nullable[string] `json:"signatureVersion,omitzero"`
	// RetainData retains the data in the bucket; false by default.
	RetainData Nullable[bool] `json:"retainData,omitzero"`
}

// StorageUtilization is how much storage a team uses, by purpose.
type StorageUtilization struct {
	// TotalFreeStorage is the free storage that the team's plan includes.
	TotalFreeStorage Bytes `json:"totalFreeStorage"`
	// RemainingFreeStorage is the free storage that is left.
	RemainingFreeStorage Bytes `json:"remainingFreeStorage"`
	// TotalUsage is the total storage in use.
	TotalUsage Bytes `json:"totalUsage"`
	// ModelUsage is the storage that models use.
	ModelUsage Bytes `json:"modelUsage"`
	// DatasetUsage is the storage that datasets use.
	DatasetUsage Bytes `json:"datasetUsage"`
	// SharedStorageUsage is the storage that the shared directory of notebooks uses.
	SharedStorageUsage Bytes `json:"sharedStorageUsage"`
	// NotebookWorkspaceUsage is the storage that the files of notebooks use.
	NotebookWorkspaceUsage Bytes `json:"notebookWorkspaceUsage"`
}
