package paperspacetemporal

import (
	"slices"

	"go.temporal.io/sdk/workflow"
)

// DeprovisionInput is the input of [Deprovision].
type DeprovisionInput struct {
	// Team is the first part of the workflow's ID, as for [ProvisionInput].
	Team string
	// Name is the exact name.
	Name string
	// Timing determines how long things may take.
	Timing Timing
}

// DeprovisionResult is the result of [Deprovision].
type DeprovisionResult struct {
	// MachineIDs are the machines that were deleted; nil if there was none.
	MachineIDs []string
}

// Deprovision is a workflow that deletes every machine of exactly one name, with its disk, and waits until they are
// gone. It removes doubled machines: all of them. Start it with [StartOptions] and [WorkflowID] as its ID; any other ID
// is refused.
//
// A delete that is refused is sent again, five times over [Timing.Gone]. The last search comes a settle time after the
// start, so that no machine is left that did not show at first. It fails only if a delete is refused or does not end in
// time; [MachineIDs] then returns the machines that are left. A static public IP is not released.
func Deprovision(ctx workflow.Context, in DeprovisionInput) (*DeprovisionResult, error) {
	if err := check(ctx, in.Team, in.Name, in.Timing); err != nil {
		return nil, err
	}
	t := in.Timing.withDefaults()
	settled := workflow.Now(ctx).Add(t.Settle)
	result := &DeprovisionResult{}
	for round := range 2 {
		if wait := settled.Sub(workflow.Now(ctx)); round > 0 && wait > 0 {
			if err := workflow.Sleep(ctx, wait); err != nil {
				return nil, err
			}
		}
		found, err := t.search(ctx, in.Name)
		if err != nil {
			return nil, err
		}
		var left []string
		for _, id := range found {
			if failed := t.remove(ctx, id); failed != nil {
				left, err = append(left, id), failed
			} else if !slices.Contains(result.MachineIDs, id) {
				result.MachineIDs = append(result.MachineIDs, id)
			}
		}
		if err != nil {
			return nil, withMachines(err, left)
		}
	}
	return result, nil
}
