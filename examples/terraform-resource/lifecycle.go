package main

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/paperspace-go/paperspace"
)

// update waits for the pending operation and then changes what differs. Beside an error, it returns the operation that is
// still pending, and state has the size of the disk that is known.
func (r *machineResource) update(ctx context.Context, p *pending, state *machineModel, plan machineModel) (*paperspace.Machine, *pending, error) {
	p, err := r.wait(ctx, p, state)
	if err != nil {
		return nil, p, err
	}
	id, change := state.ID.ValueString(), paperspace.Changed(state.updateParams(), plan.updateParams())
	if state.DiskSize.IsNull() {
		change.DiskSize = nil // after an import: it is unknown, and may be what is planned
	}
	if change.MachineType != nil || change.DiskSize != nil {
		if _, err := r.client.Machines.EnsureOff(ctx, id); err != nil {
			return nil, p, err
		}
	}
	if !change.IsZero() {
		op, err := r.client.Machines.Update(ctx, id, change)
		if err != nil {
			return nil, p, err
		}
		p = &pending{Operation: op, DiskSize: plan.DiskSize.ValueInt64()}
	}
	return r.finish(ctx, p, state, plan.wantedState())
}

// finish waits for the pending operation and then brings the machine into its state.
func (r *machineResource) finish(ctx context.Context, p *pending, state *machineModel, wanted paperspace.MachineState) (*paperspace.Machine, *pending, error) {
	p, err := r.wait(ctx, p, state)
	if err != nil {
		return nil, p, err
	}
	machine, err := r.client.Machines.EnsureState(ctx, state.ID.ValueString(), wanted)
	if err != nil {
		return nil, p, err
	}
	return machine, nil, nil
}

// wait waits for the pending operation. It returns what is then pending: nothing if the operation failed.
func (r *machineResource) wait(ctx context.Context, p *pending, state *machineModel) (*pending, error) {
	if p == nil || p.Operation == nil {
		return p, nil
	}
	_, err := p.Operation.Bind(r.client).Wait(ctx)
	if _, failed := errors.AsType[*paperspace.EventError](err); failed {
		return nil, err
	}
	if err != nil {
		return p, err
	}
	if p.DiskSize != 0 {
		state.DiskSize = types.Int64Value(p.DiskSize)
	}
	return &pending{}, nil // the machine may not be in its state yet
}

// isUnfinished reports whether the pending operation is unfinished: a machine that is being created may not be visible.
func (r *machineResource) isUnfinished(ctx context.Context, p *pending) (bool, error) {
	if p == nil || p.Operation == nil {
		return false, nil
	}
	event, err := r.client.MachineEvents.Get(ctx, p.Operation.EventID())
	if errors.Is(err, paperspace.ErrNotFound) {
		return false, nil
	}
	return err == nil && !event.Finished(), err
}
