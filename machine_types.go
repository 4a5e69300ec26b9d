package paperspace

import (
	"context"
)

// MachineTypesService has the operation that tells whether a machine type is available, of the tag Machine Types.
type MachineTypesService struct{ client *Client }

var machineAvailabilityList = get("machineAvailability-list", "/machine-availability")

// GetAvailability reports whether machines of a type can be had in a region now.
//
// API: machineAvailability-list, GET /machine-availability
func (s *MachineTypesService) GetAvailability(ctx context.Context, params MachineAvailabilityParams, opts ...RequestOption) (*MachineAvailability, error) {
	return call[MachineAvailability](ctx, s.client, machineAvailabilityList, nil, params, opts)
}

// MachineAvailabilityParams name a machine type and a region.
type MachineAvailabilityParams struct {
	// MachineType is the label of a machine type, such as "A4000" or "C5".
	MachineType string `url:"machineType" check:"required"`
	// Region is where the machine would be.
	Region Region `url:"region" check:"required"`
}

// MachineAvailability reports whether machines of a type can be had in a region.
type MachineAvailability struct {
	// Available reports whether they can.
	Available bool `json:"available"`
}
