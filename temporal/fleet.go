package paperspacetemporal

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/paperspace-go/paperspace"
)

const (
	// maxOpen is how many machines a fleet works on at once. The engine keeps the state of all open children together.
	maxOpen = 500
	// maxNames keeps the input and the result of a fleet below what the engine takes, 2 MB.
	maxNames = 5000
	// maxReason is how much of each error a result keeps, in bytes, for the same reason.
	maxReason = 200
)

// FleetInput is what [Fleet] is given.
type FleetInput struct {
	// Names are the machines' names, each once, at most 5000; more make several fleets. The fleet's own workflow id may
	// not be among them.
	Names []string
	// Machine describes each machine; its Name is left empty.
	Machine paperspace.MachineCreateParams
	// Timing is how long things may take.
	Timing Timing
	// Progress is what earlier runs of the same workflow have done. Leave it nil.
	Progress *FleetProgress `json:",omitzero"`
}

// FleetResult is what [Fleet] ends with.
type FleetResult struct {
	// MachineIDs are the ids of the machines by name, of those that are as they should be.
	MachineIDs map[string]string
	// Adopted is how many of these were found, and not created by a request that was answered.
	Adopted int
	// Failed says of the other names why.
	Failed map[string]string
	// Doubled holds the ids of the machines of every name that has several.
	Doubled map[string][]string
}

// FleetProgress is what a fleet carries from one run to the next.
type FleetProgress struct {
	// Done is how many of the names, from the first, are done.
	Done int
	// Fleet is the result of a [Fleet] so far.
	Fleet FleetResult
	// Down is the result of a [FleetDown] so far.
	Down FleetDownResult
}

// Fleet is a workflow that provisions many machines alike, each by a [Provision] of its own, of which 500 at most are
// open at once. It continues as new when its history gets long. In the end, a settle time later, it walks the list of all
// machines and looks for names that several have.
//
// It ends well if every name has exactly one machine. If not, it fails with [ErrorDoubled] or else [ErrorIncomplete],
// whose details hold the [FleetResult]; running it again does what is left. A name that another workflow works on is
// waited for.
//
// When it is cancelled, or ends in any other way before its children, these are cancelled too, and the machines that are
// there stay: [FleetDown] removes them.
func Fleet(ctx workflow.Context, in FleetInput) (*FleetResult, error) {
	if in.Machine.Name != "" {
		return nil, refused("Fleet: Machine.Name must be empty: Names has the names")
	}
	p, err := begin(ctx, in.Names, in.Timing, in.Progress)
	if err != nil {
		return nil, err
	}
	result := &p.Fleet
	err = p.each(ctx, in.Names, result.Failed, func(ctx workflow.Context, name string) workflow.Future {
		machine := in.Machine
		machine.Name = name
		return workflow.ExecuteChildWorkflow(ctx, Provision, ProvisionInput{Machine: machine, Timing: in.Timing})
	}, func(name string, f workflow.Future) error {
		var provisioned ProvisionResult
		if err := f.Get(ctx, &provisioned); err != nil {
			return err
		}
		result.MachineIDs[name] = provisioned.Machine.ID
		if provisioned.Adopted {
			result.Adopted++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if p.Done < len(in.Names) {
		in.Progress = p
		return nil, workflow.NewContinueAsNewError(ctx, Fleet, in)
	}
	if err := audit(ctx, in.Timing.withDefaults(), in.Names, result); err != nil {
		return nil, err
	}
	switch {
	case len(result.Doubled) > 0:
		names := slices.Sorted(maps.Keys(result.Doubled))
		return nil, temporal.NewNonRetryableApplicationError(fmt.Sprintf("paperspace: %d of %d names have several machines, such as %q: %q",
			len(names), len(in.Names), names[0], result.Doubled[names[0]]), ErrorDoubled, nil, result)
	case len(result.Failed) > 0:
		return nil, incomplete(result.Failed, len(in.Names), result)
	}
	return result, nil
}

// audit looks for machines that have a name in common, when those had time to show that were created last.
func audit(ctx workflow.Context, t Timing, names []string, result *FleetResult) error {
	if err := workflow.Sleep(ctx, t.Settle); err != nil {
		return err
	}
	all, err := t.search(ctx, "")
	if err != nil {
		return err
	}
	ids := make(map[string][]string, len(names))
	for _, name := range names {
		ids[name] = nil
		if id := result.MachineIDs[name]; id != "" {
			ids[name] = []string{id}
		}
	}
	for _, m := range all {
		if known, ours := ids[m.Name]; ours && !slices.Contains(known, m.ID) {
			ids[m.Name] = append(known, m.ID)
		}
	}
	for _, name := range names {
		if len(ids[name]) > 1 {
			result.Doubled[name] = ids[name]
		}
	}
	return nil
}

// FleetDownInput is what [FleetDown] is given.
type FleetDownInput struct {
	// Names are the machines' names, as [FleetInput] has them.
	Names []string
	// Timing is how long things may take.
	Timing Timing
	// Progress is what earlier runs of the same workflow have done. Leave it nil.
	Progress *FleetProgress `json:",omitzero"`
}

// FleetDownResult is what [FleetDown] ends with.
type FleetDownResult struct {
	// Deleted is how many machines were deleted.
	Deleted int
	// Failed says of the names of which not every machine is gone why.
	Failed map[string]string
}

// FleetDown is a workflow that deletes the machines of a fleet, doubled ones too, each name by a [Deprovision] of its
// own. A name that another workflow works on is waited for, so cancel the fleet first, if it is still running. It fails
// with [ErrorIncomplete], whose details hold the [FleetDownResult], if anything may be left.
func FleetDown(ctx workflow.Context, in FleetDownInput) (*FleetDownResult, error) {
	p, err := begin(ctx, in.Names, in.Timing, in.Progress)
	if err != nil {
		return nil, err
	}
	result := &p.Down
	err = p.each(ctx, in.Names, result.Failed, func(ctx workflow.Context, name string) workflow.Future {
		return workflow.ExecuteChildWorkflow(ctx, Deprovision, DeprovisionInput{Name: name, Timing: in.Timing})
	}, func(_ string, f workflow.Future) error {
		var gone DeprovisionResult
		err := f.Get(ctx, &gone)
		result.Deleted += len(gone.MachineIDs)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case p.Done < len(in.Names):
		in.Progress = p
		return nil, workflow.NewContinueAsNewError(ctx, FleetDown, in)
	case len(result.Failed) > 0:
		return nil, incomplete(result.Failed, len(in.Names), result)
	}
	return result, nil
}

// begin checks a fleet's input and returns where it stands.
func begin(ctx workflow.Context, names []string, t Timing, p *FleetProgress) (*FleetProgress, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	if len(names) > maxNames {
		return nil, refused(fmt.Sprintf("Names: there are %d, and %d at most make a fleet", len(names), maxNames))
	}
	taken := map[string]bool{"": true, workflow.GetInfo(ctx).WorkflowExecution.ID: true}
	for _, name := range names {
		if taken[name] {
			return nil, refused(fmt.Sprintf("Names: %q is empty, there twice, or the id of this workflow", name))
		}
		taken[name] = true
	}
	if p == nil {
		p = &FleetProgress{}
	}
	for _, m := range []*map[string]string{&p.Fleet.MachineIDs, &p.Fleet.Failed, &p.Down.Failed} {
		if *m == nil {
			*m = map[string]string{}
		}
	}
	if p.Fleet.Doubled == nil {
		p.Fleet.Doubled = map[string][]string{}
	}
	return p, nil
}

// each runs a child workflow for each name that is not done, until all are, or the history is so long that no more should
// be begun. It always waits for those that it has begun; ended takes their results, and what it returns goes into failed.
// The error is a cancel's.
//
// It is one loop over futures: with a coroutine for each child, each of their events would wake all coroutines.
func (p *FleetProgress) each(
	ctx workflow.Context, names []string, failed map[string]string,
	begin func(ctx workflow.Context, name string) workflow.Future, ended func(name string, f workflow.Future) error,
) error {
	open := 0
	selector := workflow.NewSelector(ctx)
	settle := func(name string, err error) {
		open--
		if err != nil {
			failed[name] = reason(err)
		}
	}
	var run func(name string, patience time.Duration)
	run = func(name string, patience time.Duration) {
		selector.AddFuture(begin(childContext(ctx, name), name), func(f workflow.Future) {
			err := ended(name, f)
			if !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
				settle(name, err)
				return
			}
			selector.AddFuture(workflow.NewTimer(ctx, patience), func(f workflow.Future) {
				if err := f.Get(ctx, nil); err != nil {
					settle(name, err)
					return
				}
				run(name, min(2*patience, 10*time.Minute))
			})
		})
	}
	for {
		for open < maxOpen && p.Done < len(names) && ctx.Err() == nil && !workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			run(names[p.Done], 5*time.Second)
			p.Done++
			open++
		}
		if open == 0 {
			return ctx.Err()
		}
		selector.Select(ctx)
	}
}

// childContext is for a child whose id is the name.
func childContext(ctx workflow.Context, name string) workflow.Context {
	return workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            name,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		// A child that is terminated while its create is on its way could not wait for what came of that.
		ParentClosePolicy:   enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
		WaitForCancellation: true,
	})
}

// reason is what a result tells of an error: the innermost message, which is that of the service or of its client.
func reason(err error) string {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	text := err.Error()
	if e, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		text = e.Message()
	}
	return strings.ToValidUTF8(text[:min(len(text), maxReason)], "")
}

func incomplete(failed map[string]string, all int, result any) error {
	names := slices.Sorted(maps.Keys(failed))
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf("paperspace: %d of %d machines failed, such as %q: %s",
		len(names), all, names[0], failed[names[0]]), ErrorIncomplete, nil, result)
}
