package paperspace

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"strings"
	"time"
)

// VersionsService manages the versions of datasets (tags Dataset and Versions).
type VersionsService struct{ client *Client }

var (
	datasetVersionsCreate = post("datasetVersions-create", "/datasets/{datasetId}/versions")
	datasetVersionsList   = get("datasetVersions-list", "/datasets/{datasetId}/versions")
	datasetVersionsGet    = get("datasetVersions-get", "/datasets/{datasetId}/versions/{version}")
	datasetVersionsDelete = remove("datasetVersions-delete", "/datasets/{datasetId}/versions/{version}")
	datasetVersionsUpdate = put("datasetVersions-update", "/datasets/{datasetId}/versions/{version}")
)

// Create creates a version of the dataset.
//
// API: datasetVersions-create, POST /datasets/{datasetId}/versions
func (s *VersionsService) Create(ctx context.Context, datasetID string, params DatasetVersionCreateParams, opts ...RequestOption) (*DatasetVersion, error) {
	return call[DatasetVersion](ctx, s.client, datasetVersionsCreate, pathParams(datasetID), &params, opts)
}

// List fetches one page of the dataset's versions, newest first.
//
// API: datasetVersions-list, GET /datasets/{datasetId}/versions
func (s *VersionsService) List(ctx context.Context, datasetID string, params DatasetVersionListParams, opts ...RequestOption) (*Page[DatasetVersion], error) {
	return call[Page[DatasetVersion]](ctx, s.client, datasetVersionsList, pathParams(datasetID), &params, opts)
}

// All iterates over the dataset's versions, newest first. Calls datasetVersions-list for each page.
func (s *VersionsService) All(ctx context.Context, datasetID string, params DatasetVersionListParams, opts ...RequestOption) iter.Seq2[DatasetVersion, error] {
	return all[DatasetVersion](ctx, s.client, datasetVersionsList, pathParams(datasetID), params, opts)
}

// Get fetches a version of the dataset.
//
// API: datasetVersions-get, GET /datasets/{datasetId}/versions/{version}
func (s *VersionsService) Get(ctx context.Context, datasetID, version string, opts ...RequestOption) (*DatasetVersion, error) {
	return call[DatasetVersion](ctx, s.client, datasetVersionsGet, pathParams(datasetID, version), nil, opts)
}

// Delete deletes a version of the dataset.
//
// API: datasetVersions-delete, DELETE /datasets/{datasetId}/versions/{version}
func (s *VersionsService) Delete(ctx context.Context, datasetID, version string, opts ...RequestOption) (*DeletedVersion, error) {
	return deleted(ctx, s.client, datasetVersionsDelete, pathParams(datasetID, version), DeletedVersion{DatasetID: datasetID, Version: version}, opts)
}

// Update changes or commits a version of the dataset.
//
// API: datasetVersions-update, PUT /datasets/{datasetId}/versions/{version}
func (s *VersionsService) Update(ctx context.Context, datasetID, version string, params DatasetVersionUpdateParams, opts ...RequestOption) (*DatasetVersion, error) {
	return call[DatasetVersion](ctx, s.client, datasetVersionsUpdate, pathParams(datasetID, version), &params, opts)
}

// DatasetVersionCreateParams describe the version to create.
type DatasetVersionCreateParams struct {
	// Message describes the version.
	Message *string     `json:"message,omitzero"`
	Tags    VersionTags `json:"tags,omitzero"`
	// Metadata is stored with the version. Its values can be anything that encodes as JSON.
	Metadata map[string]any `json:"metadata,omitzero"`
}

// DatasetVersionListParams filter the list of versions.
type DatasetVersionListParams struct {
	ListParams
	// Tags selects versions with these tags.
	Tags VersionTags `url:"tags,omitempty"`
}

// DatasetVersionUpdateParams are the fields to change; nil fields are left as they are.
type DatasetVersionUpdateParams struct {
	// Message describes the version.
	Message *string `json:"message,omitzero"`
	// Tags replace the version's tags. An empty slice removes them all.
	Tags VersionTags `json:"tags,omitzero"`
	// Metadata is stored with the version. Its values can be anything that encodes as JSON.
	Metadata map[string]any `json:"metadata,omitzero"`
	// IsCommitted commits the version: it is complete.
	IsCommitted *bool `json:"isCommitted,omitzero"`
}

// VersionTags are the tags of a version in a request. The service reads them from one string, separated by commas, so
// a tag that is empty or contains a comma is an error before anything is sent. Nil sends nothing.
type VersionTags []string

func (t VersionTags) check() string {
	for _, tag := range t {
		if tag == "" || strings.Contains(tag, ",") {
			return "a tag must not be empty or contain a comma"
		}
	}
	return ""
}

// MarshalText returns the tags separated by commas.
func (t VersionTags) MarshalText() ([]byte, error) {
	if reason := t.check(); reason != "" {
		return nil, errors.New("paperspace: " + reason)
	}
	return []byte(strings.Join(t, ",")), nil
}

// UnmarshalText reads tags that are separated by commas.
func (t *VersionTags) UnmarshalText(text []byte) error {
	*t = VersionTags{}
	if len(text) > 0 {
		*t = strings.Split(string(text), ",")
	}
	return nil
}

// EncodeValues adds the tags to a query as one value.
func (t VersionTags) EncodeValues(key string, v *url.Values) error {
	text, err := t.MarshalText()
	v.Set(key, string(text))
	return err
}

// DatasetVersion is a version of a dataset.
type DatasetVersion struct {
	// Version identifies the version within the dataset.
	Version string `json:"version"`
	// UserID is the user who created the version; empty if unknown.
	UserID    string `json:"userId"`
	DatasetID string `json:"datasetId"`
	// Message describes the version; empty if there is no message.
	Message string `json:"message"`
	// Metadata is stored with the version. Values have the types that encoding/json decodes to; nil if there is none.
	Metadata map[string]any `json:"metadata"`
	// IsCommitted reports whether the version is committed.
	IsCommitted bool `json:"isCommitted"`
	// URL is where the version's files are stored; empty if there are none.
	URL string `json:"url"`
	// CreatedAt is when the version was created.
	CreatedAt time.Time `json:"dtCreated"`
	// ModifiedAt is when the version was last changed.
	ModifiedAt time.Time `json:"dtModified"`
	Tags       []string  `json:"tags"`
	// UsageBytes is the size of the dataset at this version; 0 until it is known.
	UsageBytes Bytes `json:"usageBytes"`
}

// DeletedVersion is the response to [VersionsService.Delete].
type DeletedVersion struct {
	DatasetID string `json:"datasetId"`
	// Version identifies the version within the dataset.
	Version string `json:"version"`
}
