package paperspace

import (
	"context"
	"iter"
	"time"
)

// PrivateNetworksService has the operations on the networks that connect a region's machines, of the tag Private
// Networks.
type PrivateNetworksService struct{ client *Client }

var (
	privateNetworksGet    = get("privateNetworks-get", "/private-networks/{id}").nullMeans("NOT_FOUND")
	privateNetworksUpdate = put("privateNetworks-update", "/private-networks/{id}")
	privateNetworksDelete = remove("privateNetworks-delete", "/private-networks/{id}")
	privateNetworksList   = get("privateNetworks-list", "/private-networks")
	privateNetworksCreate = post("privateNetworks-create", "/private-networks")
)

// Get fetches the network with the given ID. The team's default network, which machines without one of their own are
// in, is [ErrNotFound], as are ids that the service does not know.
//
// API: privateNetworks-get, GET /private-networks/{id}
func (s *PrivateNetworksService) Get(ctx context.Context, id string, opts ...RequestOption) (*PrivateNetwork, error) {
	return call[PrivateNetwork](ctx, s.client, privateNetworksGet, pathParams(id), nil, opts)
}

// Update renames a network.
//
// API: privateNetworks-update, PUT /private-networks/{id}
func (s *PrivateNetworksService) Update(ctx context.Context, id string, params PrivateNetworkUpdateParams, opts ...RequestOption) (*PrivateNetwork, error) {
	return call[PrivateNetwork](ctx, s.client, privateNetworksUpdate, pathParams(id), params, opts)
}

// Delete deletes a network.
//
// API: privateNetworks-delete, DELETE /private-networks/{id}
func (s *PrivateNetworksService) Delete(ctx context.Context, id string, opts ...RequestOption) (*Deleted, error) {
	return deleted(ctx, s.client, privateNetworksDelete, pathParams(id), Deleted{ID: id}, opts)
}

// List fetches one page of the team's networks, newest first. It can be ordered by [OrderByCreatedAt] and
// [OrderByName].
//
// API: privateNetworks-list, GET /private-networks
func (s *PrivateNetworksService) List(ctx context.Context, params PrivateNetworkListParams, opts ...RequestOption) (*Page[PrivateNetwork], error) {
	return call[Page[PrivateNetwork]](ctx, s.client, privateNetworksList, nil, params, opts)
}

// All iterates over the team's networks, in the order of [PrivateNetworksService.List]. Calls privateNetworks-list for each
// page.
func (s *PrivateNetworksService) All(ctx context.Context, params PrivateNetworkListParams, opts ...RequestOption) iter.Seq2[PrivateNetwork, error] {
	return all[PrivateNetwork](ctx, s.client, privateNetworksList, nil, params, opts)
}

// Create makes a network.
//
// API: privateNetworks-create, POST /private-networks
func (s *PrivateNetworksService) Create(ctx context.Context, params PrivateNetworkCreateParams, opts ...RequestOption) (*PrivateNetwork, error) {
	return call[PrivateNetwork](ctx, s.client, privateNetworksCreate, nil, params, opts)
}

// PrivateNetworkUpdateParams are what changes of a network; what is nil stays.
type PrivateNetworkUpdateParams struct {
	// Name need not be unique.
	Name *string `json:"name,omitzero"`
}

// PrivateNetworkListParams filter the list of networks.
type PrivateNetworkListParams struct {
	ListParams
	// Name asks for networks of the name. The service may also return others whose name contains it.
	Name string `url:"name,omitempty"`
	// Region asks for networks of the region.
	Region Region `url:"region,omitempty"`
}

// PrivateNetworkCreateParams describe a network to be made.
type PrivateNetworkCreateParams struct {
	// Name need not be unique.
	Name string `json:"name"`
	// Region is where the network will be.
	Region Region `json:"region" check:"required"`
	// MigrateMachines moves the machines that are in no private network into this one. That goes on after the answer,
	// which has no event to wait for; [MachineEventsService.List] shows it.
	MigrateMachines *bool `json:"migrateMachines,omitzero"`
}

// PrivateNetwork is a network that connects machines of a region.
type PrivateNetwork struct {
	// ID is the network's id.
	ID string `json:"id"`
	// Name need not be unique.
	Name string `json:"name"`
	// Region is where it is.
	Region Region `json:"region"`
	// Network is the prefix of its addresses.
	Network string `json:"network"`
	// Netmask is its subnet mask.
	Netmask string `json:"netmask"`
	// CreatedAt is when it was created.
	CreatedAt time.Time `json:"dtCreated"`
	// DeletedAt is when it was deleted; zero while it is not.
	DeletedAt time.Time `json:"dtDeleted,omitzero"`
}
