package paperspace

import (
	"context"
	"iter"
	"time"
)

// PublicIPsService has the operations on static public addresses, of the tag Public IPs.
type PublicIPsService struct{ client *Client }

var (
	publicIPsList    = get("publicIps-list", "/public-ips")
	publicIPsClaim   = post("publicIps-claim", "/public-ips")
	publicIPsAssign  = put("publicIps-assign", "/public-ips/{ip}")
	publicIPsRelease = remove("publicIps-release", "/public-ips/{ip}")
)

// List fetches one page of the team's addresses, newest first.
//
// API: publicIps-list, GET /public-ips
func (s *PublicIPsService) List(ctx context.Context, params PublicIPListParams, opts ...RequestOption) (*Page[PublicIP], error) {
	return call[Page[PublicIP]](ctx, s.client, publicIPsList, nil, params, opts)
}

// All iterates over the team's addresses, newest first. Calls publicIps-list for each page.
func (s *PublicIPsService) All(ctx context.Context, params PublicIPListParams, opts ...RequestOption) iter.Seq2[PublicIP, error] {
	return all[PublicIP](ctx, s.client, publicIPsList, nil, params, opts)
}

// Claim gets the team a new address, which is the team's until it is released.
//
// API: publicIps-claim, POST /public-ips
func (s *PublicIPsService) Claim(ctx context.Context, params PublicIPClaimParams, opts ...RequestOption) (*PublicIP, error) {
	return call[PublicIP](ctx, s.client, publicIPsClaim, nil, params, opts)
}

// Assign gives an address to a machine, or takes it from the one that has it.
//
// API: publicIps-assign, PUT /public-ips/{ip}
func (s *PublicIPsService) Assign(ctx context.Context, ip string, params PublicIPAssignParams, opts ...RequestOption) (*PublicIP, error) {
	return call[PublicIP](ctx, s.client, publicIPsAssign, pathParams(ip), params, opts)
}

// Release gives an address back.
//
// API: publicIps-release, DELETE /public-ips/{ip}
func (s *PublicIPsService) Release(ctx context.Context, ip string, opts ...RequestOption) (*ReleasedIP, error) {
	return deleted(ctx, s.client, publicIPsRelease, pathParams(ip), ReleasedIP{IP: ip}, opts)
}

// PublicIPListParams filter the list of addresses.
type PublicIPListParams struct {
	ListParams
	// Region asks for addresses of the region.
	Region Region `url:"region,omitempty"`
}

// PublicIPClaimParams describe an address to be claimed.
type PublicIPClaimParams struct {
	// Region is that of the machines that it is for.
	Region Region `json:"region" check:"required"`
}

// PublicIPAssignParams name the machine that gets an address.
type PublicIPAssignParams struct {
	// MachineID is the [Value] of the machine's id, or [Null] to take the address from the machine that has it. It must
	// be set.
	MachineID Nullable[string] `json:"machineId" check:"required"`
}

// PublicIP is a static public address of the team.
type PublicIP struct {
	// IP is the address, and its key.
	IP string `json:"ip"`
	// Region is where it can be used.
	Region Region `json:"region"`
	// AssignedMachineID is the machine that has it; empty while none does.
	AssignedMachineID string `json:"assignedMachineId,omitzero"`
	// CreatedAt is when it was claimed.
	CreatedAt time.Time `json:"dtCreated"`
}

// ReleasedIP is the response to the release of an address.
type ReleasedIP struct {
	// IP is the address.
	IP string `json:"ip"`
}
