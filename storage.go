package paperspace

import (
	"context"
	"iter"
)

// StorageService has the operations on the buckets that keep a team's files, and the one that tells how much storage is
// used, of the tag Storage.
type StorageService struct{ client *Client }

var (
	storageProvidersCreate      = post("storageProviders-create", "/storage-providers")
	storageProvidersList        = get("storageProviders-list", "/storage-providers")
	storageProvidersUpdate      = put("storageProviders-update", "/storage-providers/{id}").reserves("utilization")
	storageProvidersGet         = get("storageProviders-get", "/storage-providers/{id}").reserves("utilization")
	storageProvidersDelete      = remove("storageProviders-delete", "/storage-providers/{id}").reserves("utilization")
	storageUtilizationGetPublic = get("storageUtilization-getPublic", "/storage-providers/utilization")
)

// Create makes a bucket known to the team.
//
// API: storageProviders-create, POST /storage-providers
func (s *StorageService) Create(ctx context.Context, params StorageProviderCreateParams, opts ...RequestOption) (*StorageProvider, error) {
	return call[StorageProvider](ctx, s.client, storageProvidersCreate, nil, params, opts)
}

// List fetches one page of the team's storage providers, newest first, with their keys.
//
// API: storageProviders-list, GET /storage-providers
func (s *StorageService) List(ctx context.Context, params StorageProviderListParams, opts ...RequestOption) (*Page[StorageProvider], error) {
	return call[Page[StorageProvider]](ctx, s.client, storageProvidersList, nil, params, opts)
}

// All iterates over the team's storage providers, newest first. Calls storageProviders-list for each page.
func (s *StorageService) All(ctx context.Context, params StorageProviderListParams, opts ...RequestOption) iter.Seq2[StorageProvider, error] {
	return all[StorageProvider](ctx, s.client, storageProvidersList, nil, params, opts)
}

// Update replaces a storage provider's name and the whole of its configuration, keys included.
//
// API: storageProviders-update, PUT /storage-providers/{id}
func (s *StorageService) Update(ctx context.Context, id string, params StorageProviderUpdateParams, opts ...RequestOption) (*StorageProvider, error) {
	return call[StorageProvider](ctx, s.client, storageProvidersUpdate, pathParams(id), params, opts)
}

// Get fetches the storage provider with the given ID.
//
// API: storageProviders-get, GET /storage-providers/{id}
func (s *StorageService) Get(ctx context.Context, id string, opts ...RequestOption) (*StorageProvider, error) {
	return call[StorageProvider](ctx, s.client, storageProvidersGet, pathParams(id), nil, opts)
}

// Delete takes a storage provider from the team.
//
// API: storageProviders-delete, DELETE /storage-providers/{id}
func (s *StorageService) Delete(ctx context.Context, id string, opts ...RequestOption) (*Deleted, error) {
	return deleted(ctx, s.client, storageProvidersDelete, pathParams(id), Deleted{ID: id}, opts)
}

// GetUtilization tells how much storage the team uses, and for what.
//
// API: storageUtilization-getPublic, GET /storage-providers/utilization
func (s *StorageService) GetUtilization(ctx context.Context, opts ...RequestOption) (*StorageUtilization, error) {
	return call[StorageUtilization](ctx, s.client, storageUtilizationGetPublic, nil, nil, opts)
}

// StorageProviderCreateParams describe a bucket.
type StorageProviderCreateParams struct {
	// Name need not be unique.
	Name string `json:"name"`
	// StorageProviderType is the protocol that the bucket speaks.
	StorageProviderType StorageProviderType `json:"storageProviderType" check:"required"`
	// IsTeamDefault makes it the one that the team uses unless told otherwise.
	IsTeamDefault *bool `json:"isTeamDefault,omitzero"`
	// S3Config is where the bucket is and how to get in.
	S3Config S3Config `json:"s3Config"`
}

// StorageProviderListParams page through the list of storage providers.
type StorageProviderListParams struct{ ListParams }

// StorageProviderUpdateParams are what a storage provider is to be.
type StorageProviderUpdateParams struct {
	// Name need not be unique.
	Name string `json:"name"`
	// IsTeamDefault makes it the one that the team uses unless told otherwise; nil leaves that as it is.
	IsTeamDefault *bool `json:"isTeamDefault,omitzero"`
	// S3Config replaces the whole configuration: that of a [StorageProvider] can be changed and sent back.
	S3Config S3Config `json:"s3Config"`
}

// StorageProvider is a bucket that keeps a team's files.
type StorageProvider struct {
	// ID is the storage provider's id.
	ID string `json:"id"`
	// Name need not be unique.
	Name string `json:"name"`
	// IsTeamDefault reports whether the team uses it unless told otherwise; nil if that is not known.
	IsTeamDefault *bool `json:"isTeamDefault"`
	// IsManaged reports whether it is the service's own.
	IsManaged bool `json:"isManaged"`
	// S3Config is where the bucket is and how to get in.
	S3Config S3Config `json:"s3Config"`
}

// StorageProviderType is the protocol that a bucket speaks.
type StorageProviderType string

// StorageProviderTypeS3 is Amazon's S3, and what is compatible with it.
const StorageProviderTypeS3 StorageProviderType = "s3"

// Known reports whether the API documents the value.
func (t StorageProviderType) Known() bool { return t == StorageProviderTypeS3 }

// S3Config is where an S3 bucket is and how to get in.
type S3Config struct {
	// Endpoint is the URL of a service that is compatible with S3.
	Endpoint Nullable[string] `json:"endpoint,omitzero"`
	// Bucket is the bucket's name.
	Bucket string `json:"bucket" check:"required"`
	// Region is the bucket's region as its provider calls it, such as "us-east-1". It is no [Region].
	Region Nullable[string] `json:"region,omitzero"`
	// AccessKey is the id of the key that gets in.
	AccessKey Sensitive `json:"accessKey" check:"required"`
	// SecretAccessKey is the key itself.
	SecretAccessKey Sensitive `json:"secretAccessKey" check:"required"`
	// SignatureVersion is how requests to the bucket are signed.
	SignatureVersion Nullable[string] `json:"signatureVersion,omitzero"`
	// RetainData has the data in the bucket kept; that is not so unless it is true.
	RetainData Nullable[bool] `json:"retainData,omitzero"`
}

// StorageUtilization tells how much storage a team uses, and for what.
type StorageUtilization struct {
	// TotalFreeStorage is how much the team's plan has in it.
	TotalFreeStorage Bytes `json:"totalFreeStorage"`
	// RemainingFreeStorage is how much of that is left.
	RemainingFreeStorage Bytes `json:"remainingFreeStorage"`
	// TotalUsage is how much is used in all.
	TotalUsage Bytes `json:"totalUsage"`
	// ModelUsage is how much models use.
	ModelUsage Bytes `json:"modelUsage"`
	// DatasetUsage is how much datasets use.
	DatasetUsage Bytes `json:"datasetUsage"`
	// SharedStorageUsage is how much the storage uses that notebooks share.
	SharedStorageUsage Bytes `json:"sharedStorageUsage"`
	// NotebookWorkspaceUsage is how much the files of notebooks use.
	NotebookWorkspaceUsage Bytes `json:"notebookWorkspaceUsage"`
}
