package paperspacetemporal

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// ProgressQuery is the name of the query for the progress of a workflow: a [ProvisionProgress] of [Provision], a
// [FleetProgress] of [Fleet] and [FleetDown].
const ProgressQuery = "progress"

// The search attributes that [Provision] sets if asked to, both of type Keyword. Temporal's own attributes
// ParentWorkflowId and RootWorkflowId name the fleet.
var (
	// MachineIDAttribute is the machine's ID.
	MachineIDAttribute = temporal.NewSearchAttributeKeyKeyword("PaperspaceMachineID")
	// PhaseAttribute is the [Phase].
	PhaseAttribute = temporal.NewSearchAttributeKeyKeyword("PaperspacePhase")
)

// Phase is what a [Provision] is doing.
type Phase string

// The phases of a [Provision], in their usual order.
const (
	PhaseSearching Phase = "searching" // for a machine of the name
	PhaseCreating  Phase = "creating"  // the create is queued or sent
	PhaseWaiting   Phase = "waiting"   // a machine exists
	PhaseReady     Phase = "ready"     // the workflow has succeeded
	PhaseFailed    Phase = "failed"    // the workflow has failed
)

// ProvisionProgress is what a [Provision] returns to a [ProgressQuery].
type ProvisionProgress struct {
	Phase Phase
	// MachineID is the machine; empty while none is known.
	MachineID string
}

// FleetProgress is what a [Fleet] or a [FleetDown] returns to a [ProgressQuery]. In a fleet of more than 200 names it
// is up to 2 % behind.
type FleetProgress struct {
	// Names is how many names there are.
	Names int
	// Begun is how many of them have been begun, Ended how many have ended, well or not.
	Begun, Ended int
	// Ready is how many machines are as they should be; Adopted is how many of these were found, and not created by a
	// request with a response.
	Ready, Adopted int
	// Existing is how many of the names that have ended have a machine, whether it is as it should be or not.
	Existing int
	// Failed is how many names have failed.
	Failed int
	// Deleted is how many machines a [FleetDown] has deleted.
	Deleted int
}

func (p *FleetProgress) add(q FleetProgress) {
	p.Names += q.Names
	p.Begun += q.Begun
	p.Ended += q.Ended
	p.Ready += q.Ready
	p.Adopted += q.Adopted
	p.Existing += q.Existing
	p.Failed += q.Failed
	p.Deleted += q.Deleted
}

// enter begins a phase.
func (p *provision) enter(ctx workflow.Context, phase Phase) {
	p.progress.Phase = phase
	if p.in.SearchAttributes {
		_ = workflow.UpsertTypedSearchAttributes(ctx, PhaseAttribute.ValueSet(string(phase))) // fails for reserved names only
	}
}

// found notes that a machine exists.
func (p *provision) found(ctx workflow.Context, id string) {
	p.progress.MachineID = id
	if p.in.SearchAttributes {
		_ = workflow.UpsertTypedSearchAttributes(ctx, MachineIDAttribute.ValueSet(id))
	}
	p.enter(ctx, PhaseWaiting)
}
