package paperspace

import (
	"context"
)

// MachineTypesService reports whether machine types are available (tag Machine Types).
type MachineTypesService struct{ client *Client }

var machineAvailabilityList = get("machineAvailability-list", "/machine-availability")

// GetAvailability reports whether machines of a type are available in a region now.
//
// API: machineAvailability-list, GET /machine-availability
func (s *MachineTypesService) GetAvailability(ctx context.Context, params MachineAvailabilityParams, opts ...RequestOption) (*MachineAvailability, error) {
	return call[MachineAvailability](ctx, s.client, machineAvailabilityList, nil, &params, opts)
}

// MachineAvailabilityParams select a machine type and a region.
type MachineAvailabilityParams struct {
	// MachineType is the label of a machine type, such as "A4000" or "C5".
	MachineType string `url:"machineType" check:"required"`
	// Region is the region to look in.
	Region Region `url:"region" check:"required"`
}

// MachineAvailability reports whether machines of a type are available in a region.
type MachineAvailability struct {
	// Available reports whether they are available.
	Available bool `json:"available"`
}
