package paperspace

import (
	"context"
	"iter"
	"time"
)

// PrivateNetworksService manages the networks that connect the machines of a region (tag Private Networks).
type PrivateNetworksService struct{ client *Client }

var (
	privateNetworksGet    = get("privateNetworks-get", "/private-networks/{id}").nullMeans("NOT_FOUND")
	privateNetworksUpdate = put("privateNetworks-update", "/private-networks/{id}")
	privateNetworksDelete = remove("privateNetworks-delete", "/private-networks/{id}")
	privateNetworksList   = get("privateNetworks-list", "/private-networks")
	privateNetworksCreate = post("privateNetworks-create", "/private-networks")
)

// Get fetches the network with the given ID. It fails with [ErrNotFound] for an unknown ID, and for the team's default
// network, which holds the machines that were created without a network.
//
// API: privateNetworks-get, GET /private-networks/{id}
func (s *PrivateNetworksService) Get(ctx context.Context, id string, opts ...RequestOption) (*PrivateNetwork, error) {
	return call[PrivateNetwork](ctx, s.client, privateNetworksGet, pathParams(id), nil, opts)
}

// Update renames a network.
//
// API: privateNetworks-update, PUT /private-networks/{id}
func (s *PrivateNetworksService) Update(ctx context.Context, id string, params PrivateNetworkUpdateParams, opts ...RequestOption) (*PrivateNetwork, error) {
	return call[PrivateNetwork](ctx, s.client, privateNetworksUpdate, pathParams(id), &params, opts)
}

// Delete deletes a network.
//
// API: privateNetworks-delete, DELETE /private-networks/{id}
func (s *PrivateNetworksService) Delete(ctx context.Context, id string, opts ...RequestOption) (*Deleted, error) {
	return deleted(ctx, s.client, privateNetworksDelete, pathParams(id), Deleted{ID: id}, opts)
}

// List fetches one page of the team's networks, newest first. OrderBy can be [OrderByCreatedAt] or [OrderByName].
//
// API: privateNetworks-list, GET /private-networks
func (s *PrivateNetworksService) List(ctx context.Context, params PrivateNetworkListParams, opts ...RequestOption) (*Page[PrivateNetwork], error) {
	return call[Page[PrivateNetwork]](ctx, s.client, privateNetworksList, nil, &params, opts)
}

// All iterates over the team's networks, in the order of [PrivateNetworksService.List]. Calls privateNetworks-list for
// each page.
func (s *PrivateNetworksService) All(ctx context.Context, params PrivateNetworkListParams, opts ...RequestOption) iter.Seq2[PrivateNetwork, error] {
	return all[PrivateNetwork](ctx, s.client, privateNetworksList, nil, params, opts)
}

// Create creates a network.
//
// API: privateNetworks-create, POST /private-networks
func (s *PrivateNetworksService) Create(ctx context.Context, params PrivateNetworkCreateParams, opts ...RequestOption) (*PrivateNetwork, error) {
	return call[PrivateNetwork](ctx, s.client, privateNetworksCreate, nil, &params, opts)
}

// PrivateNetworkUpdateParams are the fields to change; nil fields are left as they are.
type PrivateNetworkUpdateParams struct {
	// Name is the network's name. It need not be unique.
	Name *string `json:"name,omitzero"`
}

// PrivateNetworkListParams filter the list of networks.
type PrivateNetworkListParams struct {
	ListParams
	// Name selects networks with this name. The service may also return networks whose names contain it.
	Name string `url:"name,omitempty"`
	// Region selects networks in this region.
	Region Region `url:"region,omitempty"`
}

// PrivateNetworkCreateParams describe the network to create.
type PrivateNetworkCreateParams struct {
	// Name is the network's name. It need not be unique.
	Name string `json:"name"`
	// Region is the region to create the network in.
	Region Region `json:"region" check:"required"`
	// MigrateMachines moves the machines that are in no private network into this one. The service may still be moving
	// them when Create returns. There is no event to wait for; [MachineEventsService.List] shows the progress.
	MigrateMachines *bool `json:"migrateMachines,omitzero"`
}

// PrivateNetwork is a network that connects machines of a region.
type PrivateNetwork struct {
	ID string `json:"id"`
	// Name is the network's name. It need not be unique.
	Name string `json:"name"`
	// Region is the region that the network is in.
	Region Region `json:"region"`
	// Network is the prefix of the network's addresses.
	Network string `json:"network"`
	// Netmask is the subnet mask.
	Netmask string `json:"netmask"`
	// CreatedAt is when the network was created.
	CreatedAt time.Time `json:"dtCreated"`
	// DeletedAt is when the network was deleted; zero if it was not.
	DeletedAt time.Time `json:"dtDeleted,omitzero"`
}
