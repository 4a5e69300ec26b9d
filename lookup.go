package paperspace

import (
	"context"
	"fmt"
	"iter"
	"slices"
)

// GetByName fetches the machine with exactly this name: names need not be unique, and the service's own filter also
// finds names that contain it. None is [ErrNotFound], several are [ErrAmbiguous] with their ids in the text.
//
// Calls machines-list for each page.
func (s *MachinesService) GetByName(ctx context.Context, name string, opts ...RequestOption) (*Machine, error) {
	if name == "" {
		return nil, machinesList.paramError("name", "is required")
	}
	all := s.All(ctx, MachineListParams{Name: name}, opts...)
	return byName(machinesList, name, all, func(m *Machine) (id, name string) { return m.ID, m.Name })
}

// GetByName fetches the deployment with exactly this name. None is [ErrNotFound], several are [ErrAmbiguous] with their
// ids in the text.
//
// Calls deployments-list for each page.
func (s *DeploymentsService) GetByName(ctx context.Context, name string, opts ...RequestOption) (*Deployment, error) {
	if name == "" {
		return nil, deploymentsList.paramError("name", "is required")
	}
	all := s.All(ctx, DeploymentListParams{}, opts...)
	return byName(deploymentsList, name, all, func(d *Deployment) (id, name string) { return d.ID, d.Name })
}

// byName finds the one item of a list that has a name.
func byName[T any](ep *endpoint, name string, all iter.Seq2[T, error], of func(*T) (id, name string)) (*T, error) {
	var found *T
	var ids []string
	for item, err := range all {
		if err != nil {
			return nil, err
		}
		if id, itsName := of(&item); itsName == name && !slices.Contains(ids, id) { // lists may repeat an item
			found, ids = &item, append(ids, id)
		}
	}
	switch len(ids) {
	case 0:
		return nil, fmt.Errorf("%w: %s: nothing has the name %q", ErrNotFound, ep.id, name)
	case 1:
		return found, nil
	}
	return nil, fmt.Errorf("%w: %s: the name %q belongs to %q", ErrAmbiguous, ep.id, name, ids)
}
