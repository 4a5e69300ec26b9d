package paperspace

import (
	"context"
	"iter"
	"time"
)

// PublicIPsService claims, assigns and releases static public IPs (tag Public IPs).
type PublicIPsService struct{ client *Client }

var (
	publicIPsList    = get("publicIps-list", "/public-ips")
	publicIPsClaim   = post("publicIps-claim", "/public-ips")
	publicIPsAssign  = put("publicIps-assign", "/public-ips/{ip}")
	publicIPsRelease = remove("publicIps-release", "/public-ips/{ip}")
)

// List fetches one page of the team's public IPs, newest first.
//
// API: publicIps-list, GET /public-ips
func (s *PublicIPsService) List(ctx context.Context, params PublicIPListParams, opts ...RequestOption) (*Page[PublicIP], error) {
	return call[Page[PublicIP]](ctx, s.client, publicIPsList, nil, &params, opts)
}

// All iterates over the team's public IPs, newest first. Calls publicIps-list for each page.
func (s *PublicIPsService) All(ctx context.Context, params PublicIPListParams, opts ...RequestOption) iter.Seq2[PublicIP, error] {
	return all[PublicIP](ctx, s.client, publicIPsList, nil, params, opts)
}

// Claim claims a new public IP for the team, which keeps it until it is released.
//
// API: publicIps-claim, POST /public-ips
func (s *PublicIPsService) Claim(ctx context.Context, params PublicIPClaimParams, opts ...RequestOption) (*PublicIP, error) {
	return call[PublicIP](ctx, s.client, publicIPsClaim, nil, &params, opts)
}

// Assign assigns a public IP to a machine, or unassigns it.
//
// API: publicIps-assign, PUT /public-ips/{ip}
func (s *PublicIPsService) Assign(ctx context.Context, ip string, params PublicIPAssignParams, opts ...RequestOption) (*PublicIP, error) {
	return call[PublicIP](ctx, s.client, publicIPsAssign, pathParams(ip), &params, opts)
}

// Release returns a public IP to the service: the team no longer has it.
//
// API: publicIps-release, DELETE /public-ips/{ip}
func (s *PublicIPsService) Release(ctx context.Context, ip string, opts ...RequestOption) (*ReleasedIP, error) {
	return deleted(ctx, s.client, publicIPsRelease, pathParams(ip), ReleasedIP{IP: ip}, opts)
}

// PublicIPListParams filter the list of public IPs.
type PublicIPListParams struct {
	ListParams
	// Region selects public IPs in this region.
	Region Region `url:"region,omitempty"`
}

// PublicIPClaimParams describe the public IP to claim.
type PublicIPClaimParams struct {
	// Region is the region of the machines that the public IP is for.
	Region Region `json:"region" check:"required"`
}

// PublicIPAssignParams name the machine to assign a public IP to.
type PublicIPAssignParams struct {
	// MachineID is the [Value] of the machine's ID, or [Null] to unassign the public IP. It must be set.
	MachineID Nullable[string] `json:"machineId" check:"required"`
}

// PublicIP is a static public IP of the team.
type PublicIP struct {
	// IP is the address, which identifies the public IP.
	IP string `json:"ip"`
	// Region is the region that the public IP can be used in.
	Region Region `json:"region"`
	// AssignedMachineID is the machine that the public IP is assigned to; empty if there is none.
	AssignedMachineID string `json:"assignedMachineId,omitzero"`
	// CreatedAt is when the public IP was claimed.
	CreatedAt time.Time `json:"dtCreated"`
}

// ReleasedIP is the response to [PublicIPsService.Release].
type ReleasedIP struct {
	// IP is the released address.
	IP string `json:"ip"`
}
