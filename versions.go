package paperspace

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"time"
)

// VersionsService has the operations on the versions of datasets, of the tags Dataset and Versions.
type VersionsService struct{ client *Client }

var (
	datasetVersionsCreate = post("datasetVersions-create", "/datasets/{datasetId}/versions")
	datasetVersionsList   = get("datasetVersions-list", "/datasets/{datasetId}/versions")
	datasetVersionsGet    = get("datasetVersions-get", "/datasets/{datasetId}/versions/{version}")
	datasetVersionsDelete = remove("datasetVersions-delete", "/datasets/{datasetId}/versions/{version}")
	datasetVersionsUpdate = put("datasetVersions-update", "/datasets/{datasetId}/versions/{version}")
)

// Create makes a version of the dataset.
//
// API: datasetVersions-create, POST /datasets/{datasetId}/versions
func (s *VersionsService) Create(ctx context.Context, datasetID string, params DatasetVersionCreateParams, opts ...RequestOption) (*DatasetVersion, error) {
	return call[DatasetVersion](ctx, s.client, datasetVersionsCreate, pathParams(datasetID), params, opts)
}

// List fetches one page of the dataset's versions, newest first.
//
// API: datasetVersions-list, GET /datasets/{datasetId}/versions
func (s *VersionsService) List(ctx context.Context, datasetID string, params DatasetVersionListParams, opts ...RequestOption) (*Page[DatasetVersion], error) {
	return call[Page[DatasetVersion]](ctx, s.client, datasetVersionsList, pathParams(datasetID), params, opts)
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
	return call[DatasetVersion](ctx, s.client, datasetVersionsUpdate, pathParams(datasetID, version), params, opts)
}

// DatasetVersionCreateParams describe a version of a dataset.
type DatasetVersionCreateParams struct {
	// Message is what the version is about.
	Message *string `json:"message,omitzero"`
	// Tags are the version's tags.
	Tags VersionTags `json:"tags,omitzero"`
	// Metadata is what else is to be kept with the version: anything that can be encoded as JSON.
	Metadata map[string]any `json:"metadata,omitzero"`
}

// DatasetVersionListParams filter the list of versions.
type DatasetVersionListParams struct {
	ListParams
	// Tags asks for versions with the tags.
	Tags VersionTags `url:"tags,omitempty"`
}

// DatasetVersionUpdateParams are what changes of a version; what is nil stays.
type DatasetVersionUpdateParams struct {
	// Message is what the version is about.
	Message *string `json:"message,omitzero"`
	// Tags replace the version's tags; an empty list that is not nil removes them all.
	Tags VersionTags `json:"tags,omitzero"`
	// Metadata is what else is to be kept with the version: anything that can be encoded as JSON.
	Metadata map[string]any `json:"metadata,omitzero"`
	// IsCommitted says that the version is complete.
	IsCommitted *bool `json:"isCommitted,omitzero"`
}

// VersionTags are the tags of a version on their way to the service, which wants them in one text with commas between
// them. So a tag that is empty or holds a comma is an error, before anything is sent. Nil sends nothing.
type VersionTags []string

func (t VersionTags) check() string {
	for _, tag := range t {
		if tag == "" || strings.Contains(tag, ",") {
			return fmt.Sprintf("a tag must not be empty or hold a comma, as %q does", tag)
		}
	}
	return ""
}

// MarshalText joins the tags with commas.
func (t VersionTags) MarshalText() ([]byte, error) {
	if reason := t.check(); reason != "" {
		return nil, errors.New("paperspace: " + reason)
	}
	return []byte(strings.Join(t, ",")), nil
}

// UnmarshalText reads tags with commas between them.
func (t *VersionTags) UnmarshalText(text []byte) error {
	*t = VersionTags{}
	if len(text) > 0 {
		*t = strings.Split(string(text), ",")
	}
	return nil
}

// EncodeValues puts the tags into a query, as one value.
func (t VersionTags) EncodeValues(key string, v *url.Values) error {
	text, err := t.MarshalText()
	v.Set(key, string(text))
	return err
}

// DatasetVersion is a version of a dataset.
type DatasetVersion struct {
	// Version is the version's key within the dataset.
	Version string `json:"version"`
	// UserID is who made it; empty if that is not known.
	UserID string `json:"userId"`
	// DatasetID is the dataset.
	DatasetID string `json:"datasetId"`
	// Message is what it is about; empty if there is none.
	Message string `json:"message"`
	// Metadata is what else is kept with it, as encoding/json decodes it; nil if there is nothing.
	Metadata map[string]any `json:"metadata"`
	// IsCommitted reports whether it is complete.
	IsCommitted bool `json:"isCommitted"`
	// URL is where its files are; empty if there are none.
	URL string `json:"url"`
	// CreatedAt is when it was created.
	CreatedAt time.Time `json:"dtCreated"`
	// ModifiedAt is when it was last changed.
	ModifiedAt time.Time `json:"dtModified"`
	// Tags are its tags.
	Tags []string `json:"tags"`
	// UsageBytes is the size of the dataset at this version; 0 until it is known.
	UsageBytes Bytes `json:"usageBytes"`
}

// DeletedVersion is the response to the delete of a version.
type DeletedVersion struct {
	// DatasetID is the dataset.
	DatasetID string `json:"datasetId"`
	// Version is the version's key within the dataset.
	Version string `json:"version"`
}
