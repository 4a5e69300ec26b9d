package paperspace

import (
	"context"
	"iter"
	"time"
)

// TagsService manages the tags of projects (tags Projects and Tags).
type TagsService struct{ client *Client }

var (
	projectTagsList   = get("projectTags-list", "/projects/{id}/tags")
	projectTagsAdd    = post("projectTags-add", "/projects/{id}/tags")
	projectTagsRemove = remove("projectTags-remove", "/projects/{id}/tags")
)

// List fetches one page of the project's tags, newest first.
//
// API: projectTags-list, GET /projects/{id}/tags
func (s *TagsService) List(ctx context.Context, projectID string, params TagListParams, opts ...RequestOption) (*Page[Tag], error) {
	return call[Page[Tag]](ctx, s.client, projectTagsList, pathParams(projectID), &params, opts)
}

// All iterates over the project's tags, newest first. Calls projectTags-list for each page.
func (s *TagsService) All(ctx context.Context, projectID string, params TagListParams, opts ...RequestOption) iter.Seq2[Tag, error] {
	return all[Tag](ctx, s.client, projectTagsList, pathParams(projectID), params, opts)
}

// Add adds a tag to the project.
//
// API: projectTags-add, POST /projects/{id}/tags
func (s *TagsService) Add(ctx context.Context, projectID string, params TagAddParams, opts ...RequestOption) (*Tag, error) {
	return call[Tag](ctx, s.client, projectTagsAdd, pathParams(projectID), &params, opts)
}

// Remove removes a tag from the project and returns it.
//
// API: projectTags-remove, DELETE /projects/{id}/tags
func (s *TagsService) Remove(ctx context.Context, projectID string, params TagRemoveParams, opts ...RequestOption) (*Tag, error) {
	r, err := projectTagsRemove.request(pathParams(projectID), &params, opts)
	if err != nil {
		return nil, err
	}
	return exchange(ctx, s.client, r, &Tag{Name: params.Name})
}

// TagListParams page through the tags of a project.
type TagListParams struct{ ListParams }

// TagAddParams describe the tag to add.
type TagAddParams struct {
	Name string `json:"name"`
}

// TagRemoveParams name the tag to remove.
type TagRemoveParams struct {
	Name string `url:"name" check:"required"`
}

// Tag is a tag of a project.
type Tag struct {
	// ID is the tag's numeric ID.
	ID   int64  `json:"id"`
	Name string `json:"name"`
	// CreatedAt is when the tag was added.
	CreatedAt time.Time `json:"dtCreated"`
}
