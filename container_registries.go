package paperspace

import (
	"context"
	"iter"
	"time"
)

// ContainerRegistriesService manages private image registries and their credentials (tag Container Registries).
type ContainerRegistriesService struct{ client *Client }

var (
	containerRegistriesCreate         = post("containerRegistries-create", "/container-registries")
	containerRegistriesList           = get("containerRegistries-list", "/container-registries")
	containerRegistriesGet            = get("containerRegistries-get", "/container-registries/{id}")
	containerRegistriesUpdate         = put("containerRegistries-update", "/container-registries/{id}")
	containerRegistriesDelete         = remove("containerRegistries-delete", "/container-registries/{id}")
	containerRegistriesTestConnection = get("containerRegistries-testConnection", "/container-registries/{id}/test-connection")
)

// Create adds a registry to the team.
//
// API: containerRegistries-create, POST /container-registries
func (s *ContainerRegistriesService) Create(ctx context.Context, params ContainerRegistryCreateParams, opts ...RequestOption) (*ContainerRegistry, error) {
	return call[ContainerRegistry](ctx, s.client, containerRegistriesCreate, nil, &params, opts)
}

// List fetches one page of the team's registries, newest first.
//
// API: containerRegistries-list, GET /container-registries
func (s *ContainerRegistriesService) List(ctx context.Context, params ContainerRegistryListParams, opts ...RequestOption) (*Page[ContainerRegistry], error) {
	return call[Page[ContainerRegistry]](ctx, s.client, containerRegistriesList, nil, &params, opts)
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
	return call[ContainerRegistry](ctx, s.client, containerRegistriesUpdate, pathParams(id), &params, opts)
}

// Delete removes a registry from the team and returns it.
//
// API: containerRegistries-delete, DELETE /container-registries/{id}
func (s *ContainerRegistriesService) Delete(ctx context.Context, id string, opts ...RequestOption) (*ContainerRegistry, error) {
	return deleted(ctx, s.client, containerRegistriesDelete, pathParams(id), ContainerRegistry{ID: id}, opts)
}

// TestConnection makes the service log in to the registry with the stored credentials. A failed login is a
// [ConnectionTest] without Success, not an error.
//
// API: containerRegistries-testConnection, GET /container-registries/{id}/test-connection
func (s *ContainerRegistriesService) TestConnection(ctx context.Context, id string, opts ...RequestOption) (*ConnectionTest, error) {
	return call[ConnectionTest](ctx, s.client, containerRegistriesTestConnection, pathParams(id), nil, opts)
}

// ContainerRegistryCreateParams describe a registry and its credentials.
type ContainerRegistryCreateParams struct {
	// Kind is the registry's provider, whose rules the service then applies to the other fields. If nil, the service
	// applies none.
	Kind *ContainerRegistryKind `json:"kind,omitzero" check:"nonzero"`
	// Name is the registry's name. It need not be unique.
	Name string `json:"name" check:"required"`
	// Namespace is the part of the registry that holds the images; empty if the registry has no namespaces.
	Namespace string `json:"namespace"`
	URL       string `json:"url" check:"required"`
	// Username is the user name to log in with.
	Username string `json:"username" check:"required"`
	// Password is the password to log in with. It may be empty.
	Password Sensitive `json:"password"`
}

// ContainerRegistryListParams page through the list of registries.
type ContainerRegistryListParams struct{ ListParams }

// ContainerRegistryUpdateParams are the fields to change; nil fields are left as they are.
type ContainerRegistryUpdateParams struct {
	// Name is the registry's name. It need not be unique.
	Name *string `json:"name,omitzero" check:"nonzero"`
	// Kind is the registry's provider, whose rules the service then applies to the other fields.
	Kind *ContainerRegistryKind `json:"kind,omitzero" check:"nonzero"`
	// Namespace is the part of the registry that holds the images.
	Namespace *string `json:"namespace,omitzero"`
	URL       *string `json:"url,omitzero" check:"nonzero"`
	// Username is the user name to log in with.
	Username *string `json:"username,omitzero" check:"nonzero"`
	// Password is the password to log in with. It may be empty.
	Password *Sensitive `json:"password,omitzero"`
}

// ContainerRegistry is a private image registry. The service never returns its password.
type ContainerRegistry struct {
	ID string `json:"id"`
	// Name is the registry's name. It need not be unique.
	Name string `json:"name"`
	URL  string `json:"url"`
	// Namespace is the part of the registry that holds the images; empty if there is none.
	Namespace string `json:"namespace"`
	// Username is the user name that the service logs in with.
	Username string `json:"username"`
	// CreatedAt is when the registry was added.
	CreatedAt time.Time `json:"dtCreated"`
	// ModifiedAt is when the registry was last changed.
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

// ConnectionTest is the result of [ContainerRegistriesService.TestConnection].
type ConnectionTest struct {
	// Success reports whether the service could log in.
	Success bool `json:"success"`
	// Message is why the service could not log in; empty if it could.
	Message string `json:"error,omitzero"`
}
