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

// MachineSignal is the name of the signal with which a [Provision] reports its machine to [FleetMember.ReportTo]. It
// sends a [MachineRef] as soon as it knows that the machine exists, and one with an empty ID when it exists no longer.
const MachineSignal = "machine"

// FleetProgress is what a [Fleet] or a [FleetDown] returns to a [ProgressQuery]. In a fleet of more than 200 names the
// counts are up to 2 % or 20 names behind; Existing and MachineIDs are not, up to 1000 names.
type FleetProgress struct {
	// Names is how many names there are.
	Names int
	// Begun is how many of them have been begun, Ended how many have ended, well or not.
	Begun, Ended int
	// Ready is how many machines are as they should be; Adopted is how many of these were found, and not created by a
	// request with a response.
	Ready, Adopted int
	// Existing is how many names are known to have a machine, whether it is pending, ready or failed.
	Existing int
	// MachineIDs are these machines, by name; nil in a fleet of more than 1000 names. There, each [FleetGroup] returns
	// those of its 200 names to the same query; the groups' IDs are the fleet's with "/group-0000", "/group-0001" and so
	// on.
	MachineIDs map[string]string `json:",omitempty"`
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

// set notes the machine of a name; an empty ID means that none is known to exist.
func (p *FleetProgress) set(name, id string) {
	if id == "" {
		delete(p.MachineIDs, name)
	} else {
		p.MachineIDs[name] = id
	}
	p.Existing = len(p.MachineIDs)
}

// counts is the progress without the machines.
func (p FleetProgress) counts() FleetProgress {
	p.MachineIDs = nil
	return p
}

// enter begins a phase.
func (p *provision) enter(ctx workflow.Context, phase Phase) {
	p.progress.Phase = phase
	if p.in.SearchAttributes {
		_ = workflow.UpsertTypedSearchAttributes(ctx, PhaseAttribute.ValueSet(string(phase))) // fails for reserved names only
	}
}

// know notes which machine is known to exist, if any, and reports a change.
func (p *provision) know(id string) {
	p.progress.MachineID = id
	if to := p.in.Fleet.ReportTo; to != "" && id != p.reported {
		p.reported = id
		workflow.SignalExternalWorkflow(p.steady, to, "", MachineSignal, MachineRef{ID: id, Name: p.in.Machine.Name})
	}
}

// found notes that a machine exists.
func (p *provision) found(ctx workflow.Context, id string) {
	p.know(id)
	if p.in.SearchAttributes {
		_ = workflow.UpsertTypedSearchAttributes(ctx, MachineIDAttribute.ValueSet(id))
	}
	p.enter(ctx, PhaseWaiting)
}
