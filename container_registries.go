package paperspace

import (
	"context"
	"iter"
	"time"
)

// ContainerRegistriesService has the operations on private image registries and their credentials, of the tag
// Container Registries.
type ContainerRegistriesService struct{ client *Client }

var (
	containerRegistriesCreate         = post("containerRegistries-create", "/container-registries")
	containerRegistriesList           = get("containerRegistries-list", "/container-registries")
	containerRegistriesGet            = get("containerRegistries-get", "/container-registries/{id}")
	containerRegistriesUpdate         = put("containerRegistries-update", "/container-registries/{id}")
	containerRegistriesDelete         = remove("containerRegistries-delete", "/container-registries/{id}")
	containerRegistriesTestConnection = get("containerRegistries-testConnection", "/container-registries/{id}/test-connection")
)

// Create makes a registry known to the team.
//
// API: containerRegistries-create, POST /container-registries
func (s *ContainerRegistriesService) Create(ctx context.Context, params ContainerRegistryCreateParams, opts ...RequestOption) (*ContainerRegistry, error) {
	return call[ContainerRegistry](ctx, s.client, containerRegistriesCreate, nil, params, opts)
}

// List fetches one page of the team's registries, newest first.
//
// API: containerRegistries-list, GET /container-registries
func (s *ContainerRegistriesService) List(ctx context.Context, params ContainerRegistryListParams, opts ...RequestOption) (*Page[ContainerRegistry], error) {
	return call[Page[ContainerRegistry]](ctx, s.client, containerRegistriesList, nil, params, opts)
}

// All iterates over the team's registries, newest first. Calls containerRegistries-list for each page.
func (s *ContainerRegistriesService) All(ctx context.Context, params ContainerRegistryListParams, opts ...RequestOption) iter.Seq2[ContainerRegistry, error] {
	return all[ContainerRegistry](ctx, s.client, containerRegistriesList, nil, params, opts)
}

// Get fetches the registry with the given ID.
//
// API: containerRegistries-get, GET /container-registries/{id}
func (s *ContainerRegistriesService) Get(ctx context.Context, id string, opts ...RequestOption) (*ContainerRegistry, error) {
	return call[ContainerRegistry](ctx, s.client, containerRegistriesGet, pathParams(id), nil, opts)
}

// Update changes a registry or its credentials.
//
// API: containerRegistries-update, PUT /container-registries/{id}
func (s *ContainerRegistriesService) Update(ctx context.Context, id string, params ContainerRegistryUpdateParams, opts ...RequestOption) (*ContainerRegistry, error) {
	return call[ContainerRegistry](ctx, s.client, containerRegistriesUpdate, pathParams(id), params, opts)
}

// Delete forgets a registry, and returns what it was.
//
// API: containerRegistries-delete, DELETE /container-registries/{id}
func (s *ContainerRegistriesService) Delete(ctx context.Context, id string, opts ...RequestOption) (*ContainerRegistry, error) {
	return deleted(ctx, s.client, containerRegistriesDelete, pathParams(id), ContainerRegistry{ID: id}, opts)
}

// TestConnection has the service log in to the registry with the credentials that it has. That it cannot is an answer,
// not an error.
//
// API: containerRegistries-testConnection, GET /container-registries/{id}/test-connection
func (s *ContainerRegistriesService) TestConnection(ctx context.Context, id string, opts ...RequestOption) (*ConnectionTest, error) {
	return call[ConnectionTest](ctx, s.client, containerRegistriesTestConnection, pathParams(id), nil, opts)
}

// ContainerRegistryCreateParams describe a registry and how to log in to it.
type ContainerRegistryCreateParams struct {
	// Kind has the service hold the other fields to the rules of the provider; it does not if Kind is nil.
	Kind *ContainerRegistryKind `json:"kind,omitzero" check:"nonzero"`
	// Name need not be unique.
	Name string `json:"name" check:"required"`
	// Namespace is the part of the registry that the images are in; some registries have none.
	Namespace string `json:"namespace"`
	// URL is where the registry is.
	URL string `json:"url" check:"required"`
	// Username logs in to the registry.
	Username string `json:"username" check:"required"`
	// Password logs in to the registry, and may be empty.
	Password Sensitive `json:"password"`
}

// ContainerRegistryListParams page through the list of registries.
type ContainerRegistryListParams struct{ ListParams }

// ContainerRegistryUpdateParams are what changes of a registry; what is nil stays.
type ContainerRegistryUpdateParams struct {
	// Name need not be unique.
	Name *string `json:"name,omitzero" check:"nonzero"`
	// Kind has the service hold the other fields to the rules of the provider.
	Kind *ContainerRegistryKind `json:"kind,omitzero" check:"nonzero"`
	// Namespace is the part of the registry that the images are in.
	Namespace *string `json:"namespace,omitzero"`
	// URL is where the registry is.
	URL *string `json:"url,omitzero" check:"nonzero"`
	// Username logs in to the registry.
	Username *string `json:"username,omitzero" check:"nonzero"`
	// Password logs in to the registry, and may be empty.
	Password *Sensitive `json:"password,omitzero"`
}

// ContainerRegistry is a private image registry. The service never returns its password.
type ContainerRegistry struct {
	// ID is the registry's id.
	ID string `json:"id"`
	// Name need not be unique.
	Name string `json:"name"`
	// URL is where the registry is.
	URL string `json:"url"`
	// Namespace is the part of the registry that the images are in; empty if there is none.
	Namespace string `json:"namespace"`
	// Username logs in to the registry.
	Username string `json:"username"`
	// CreatedAt is when it was created.
	CreatedAt time.Time `json:"dtCreated"`
	// ModifiedAt is when it was last changed.
	ModifiedAt time.Time `json:"dtModified"`
	// Kind is the registry's provider.
	Kind ContainerRegistryKind `json:"kind"`
}

// ContainerRegistryKind is the provider of a registry.
type ContainerRegistryKind string

// The providers of registries.
const (
	ContainerRegistryKindOther        ContainerRegistryKind = "other"
	ContainerRegistryKindDockerHub    ContainerRegistryKind = "dockerhub"
	ContainerRegistryKindGCR          ContainerRegistryKind = "gcr"
	ContainerRegistryKindGHCR         ContainerRegistryKind = "ghcr"
	ContainerRegistryKindDigitalOcean ContainerRegistryKind = "digitalocean"
	ContainerRegistryKindAzure        ContainerRegistryKind = "azure"
)

// Known reports whether the API documents the value.
func (k ContainerRegistryKind) Known() bool {
	switch k {
	case ContainerRegistryKindOther, ContainerRegistryKindDockerHub, ContainerRegistryKindGCR, ContainerRegistryKindGHCR,
		ContainerRegistryKindDigitalOcean, ContainerRegistryKindAzure:
		return true
	}
	return false
}

// ConnectionTest reports whether the service can log in to a registry.
type ConnectionTest struct {
	// Success reports whether it can.
	Success bool `json:"success"`
	// Message is why it cannot; empty if it can.
	Message string `json:"error,omitzero"`
}
