package paperspacetemporal

import "go.temporal.io/sdk/workflow"

// DeprovisionInput is what [Deprovision] is given.
type DeprovisionInput struct {
	// Name is the exact name.
	Name string
	// Timing is how long things may take.
	Timing Timing
}

// DeprovisionResult is what [Deprovision] ends with.
type DeprovisionResult struct {
	// MachineIDs are the machines that were deleted; none if there was none.
	MachineIDs []string
}

// Deprovision is a workflow that deletes every machine that has exactly the name, with its disk, and waits until they
// are gone. That is how doubled machines are removed: all of them. Start it with [StartOptions] and the name as its id; any
// other id is refused.
//
// It fails only if a delete is refused or does not come to its end in time. That there is none is believed when a second
// search, a settle time later, says so too. A static public address is not released.
func Deprovision(ctx workflow.Context, in DeprovisionInput) (*DeprovisionResult, error) {
	if err := check(ctx, in.Name, in.Timing); err != nil {
		return nil, err
	}
	t := in.Timing.withDefaults()
	found, err := t.search(ctx, in.Name)
	if err == nil && len(found) == 0 {
		if err := workflow.Sleep(ctx, t.Settle); err != nil {
			return nil, err
		}
		found, err = t.search(ctx, in.Name)
	}
	if err != nil {
		return nil, err
	}
	result := &DeprovisionResult{}
	for _, m := range found {
		if err := remove(ctx, t, m.ID); err != nil {
			return nil, err
		}
		result.MachineIDs = append(result.MachineIDs, m.ID)
	}
	return result, nil
}

// remove deletes a machine and waits until it is gone. It may be gone by another's doing, and a repeated delete is
// refused: what counts is whether the machine goes.
func remove(ctx workflow.Context, t Timing, id string) error {
	var a *Activities
	refusal := workflow.ExecuteActivity(t.repeated(ctx), a.Delete, id).Get(ctx, nil)
	switch {
	case is(refusal, ErrorNotFound):
		return nil
	case refusal != nil && !is(refusal, ErrorRefused):
		return refusal
	}
	_, err := t.await(ctx, t.Gone, AwaitInput{MachineID: id, Gone: true})
	if err != nil && refusal != nil {
		return refusal // which says why it is still there
	}
	return err
}
