package paperspacetemporal

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/paperspace-go/paperspace"
)

const (
	// lanes is how many groups of a large fleet are worked on at once.
	lanes = 5
	// defaultOpen is how many machines a fleet works on at once.
	defaultOpen = 500
	// maxOpen is the most of them: Temporal refuses more than 2000 open children of a workflow, and a group has a
	// lane's.
	maxOpen = lanes * maxGroup
	// maxFailures is how many failures, missing and doubled names a result describes.
	maxFailures = 100
	// maxIDs is up to how many names a result has the machines' IDs.
	maxIDs = 1000
)

// FleetInput is the input of [Fleet].
type FleetInput struct {
	// Names are the machines' names, each once, up to 1 MiB together. Set either Names or Series.
	Names []string `json:",omitempty"`
	// Series is a row of numbered names, up to 100,000.
	Series Series `json:",omitzero"`
	// Team is as for [ProvisionInput].
	Team string
	// Machine describes each machine; its Name is empty.
	Machine paperspace.MachineCreateParams
	// Alternatives are as for [ProvisionInput].
	Alternatives []Alternative
	// Open is how many machines are worked on at once, from their search until they are ready; 500 by default, 1000 at
	// most.
	Open int
	// ReplaceFailed is as for [ProvisionInput].
	ReplaceFailed bool
	// DeleteOnCancel deletes the machines that this run created when the workflow is cancelled.
	DeleteOnCancel bool
	// SearchAttributes is as for [ProvisionInput].
	SearchAttributes bool
	// Timing determines how long things may take.
	Timing Timing
}

// FleetResult is the result of [Fleet]. Its size is bounded however large the fleet is and whatever has failed.
type FleetResult struct {
	// FleetProgress has, among others, the machines that are known to exist. In a fleet of more than 1000 names, the
	// result of each machine's [Provision] has its ID.
	FleetProgress
	// Failures describes up to 100 of the names that failed.
	Failures []Failure
	// ListLag is the longest of the machines that were created: see [ProvisionResult].
	ListLag time.Duration
	// AuditResult has the names that were missing or doubled in the end.
	AuditResult
}

// Failure is a name that failed.
type Failure struct {
	Name string
	// Kind is the type of the error, such as [ErrorRefused].
	Kind string
	// Reason is the beginning of its text.
	Reason string
	// MachineIDs are the machines of the name that are known to exist.
	MachineIDs []string
}

// Fleet is a workflow that provisions many machines of one kind, each by a [Provision] of its own, Open at once. One
// that takes long occupies only its own place. A fleet of more than 200 names works through groups of 200, each a
// workflow of its own ([FleetGroup]), so that no history grows with the fleet. In the end, a settle time later,
// [FleetAudit] reads the list of all machines and looks for names that are missing or doubled.
//
// It succeeds if every name has exactly one machine and each is ready. If not, it fails with [ErrorListLag],
// [ErrorDoubled] or [ErrorIncomplete], in this order, with the [FleetResult] in the details. Running it again adopts
// what there is and creates what is missing; for machines whose creation failed see ReplaceFailed. A name that another
// workflow works on is waited for.
//
// When it is cancelled, or ends in any other way before its children, these are cancelled too. A create that a worker has
// not sent by then is not sent any more: each worker asks just before, so that at a few requests a second at most one
// create per worker leaves after the cancel. The machines that exist stay unless DeleteOnCancel is set; the details of
// its [temporal.CanceledError] are the FleetResult, and [FleetDown] removes them.
func Fleet(ctx workflow.Context, in FleetInput) (*FleetResult, error) {
	if in.Machine.Name != "" {
		return nil, refused("Fleet: Machine.Name must be empty: the names are in Names or Series")
	}
	f, err := newFleet(ctx, GroupInput{
		Roster: Roster{Names: in.Names, Series: in.Series},
		Provision: ProvisionInput{
			Team: in.Team, Machine: in.Machine, Alternatives: in.Alternatives, ReplaceFailed: in.ReplaceFailed,
			DeleteOnCancel: in.DeleteOnCancel, SearchAttributes: in.SearchAttributes, Timing: in.Timing,
		},
		Open: in.Open,
	})
	if err != nil {
		return nil, err
	}
	g, err := f.run(ctx)
	audit := &AuditResult{}
	if err == nil && g.Lag == "" {
		audit, err = f.audit(ctx)
	}
	if ctx.Err() != nil && in.DeleteOnCancel {
		f.undo(ctx, g)
	}
	result := &FleetResult{
		FleetProgress: g.FleetProgress, Failures: g.Failures, ListLag: g.ListLag, AuditResult: *audit,
	}
	switch {
	case ctx.Err() != nil:
		return nil, temporal.NewCanceledError(*result)
	case err != nil:
		return nil, temporal.NewNonRetryableApplicationError(reason(err), ErrorIncomplete, nil, result)
	case g.Lag != "":
		return nil, temporal.NewNonRetryableApplicationError(g.Lag, ErrorListLag, nil, result)
	}
	switch {
	case result.DoubledNames > 0:
		name := slices.Sorted(maps.Keys(result.Doubled))[0]
		return nil, temporal.NewNonRetryableApplicationError(fmt.Sprintf("paperspace: %d of %d names belong to several machines, such as %q to %q",
			result.DoubledNames, result.Names, name, result.Doubled[name]), ErrorDoubled, nil, result)
	case result.Failed > 0:
		return nil, incomplete(g, result)
	case result.MissingNames > 0:
		return nil, temporal.NewNonRetryableApplicationError(fmt.Sprintf("paperspace: %d of %d machines are gone, such as %q",
			result.MissingNames, result.Names, result.Missing[0]), ErrorIncomplete, nil, result)
	}
	return result, nil
}

// FleetDownInput is the input of [FleetDown].
type FleetDownInput struct {
	// Names are the machines' names, as in [FleetInput]. Set either Names or Series.
	Names []string `json:",omitempty"`
	// Series is a row of numbered names.
	Series Series `json:",omitzero"`
	// Team is as for [ProvisionInput].
	Team string
	// Open is how many names are worked on at once, as in [FleetInput].
	Open int
	// Timing determines how long things may take.
	Timing Timing
}

// FleetDownResult is the result of [FleetDown].
type FleetDownResult struct {
	FleetProgress
	// Failures describes up to 100 of the names of which a machine is left, or may be.
	Failures []Failure
}

// FleetDown is a workflow that deletes the machines of a fleet, doubled ones too, each name by a [Deprovision] of its
// own. A name that another workflow works on is waited for, so cancel the fleet first if it is still running. It fails
// with [ErrorIncomplete], with the [FleetDownResult] in the details, if a machine may be left.
func FleetDown(ctx workflow.Context, in FleetDownInput) (*FleetDownResult, error) {
	f, err := newFleet(ctx, GroupInput{
		Roster:    Roster{Names: in.Names, Series: in.Series},
		Provision: ProvisionInput{Team: in.Team, Timing: in.Timing},
		Down:      true, Open: in.Open,
	})
	if err != nil {
		return nil, err
	}
	g, err := f.run(ctx)
	result := &FleetDownResult{FleetProgress: g.FleetProgress, Failures: g.Failures}
	switch {
	case temporal.IsCanceledError(err):
		return nil, temporal.NewCanceledError(*result)
	case err != nil:
		return nil, temporal.NewNonRetryableApplicationError(reason(err), ErrorIncomplete, nil, result)
	case g.Failed > 0:
		return nil, incomplete(g, result)
	}
	return result, nil
}

func incomplete(g *GroupResult, result any) error {
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf("paperspace: %d of %d machines failed, such as %q: %s",
		g.Failed, g.Names, g.Failures[0].Name, g.Failures[0].Reason), ErrorIncomplete, nil, result)
}

// fleet is a Fleet or a FleetDown at work.
type fleet struct {
	in     GroupInput
	id     string // of its workflow
	group  *group // if it is small
	groups []part // if it is large

	machines FleetProgress // of all groups, if the result has them
}

// part is one group of a large fleet.
type part struct {
	in       GroupInput
	progress FleetProgress
	created  bits
	running  bool
	// cancelled reports whether the group itself was cancelled.
	cancelled bool
}

// open is how many of its names are open, as far as is known.
func (p *part) open() int {
	if !p.running {
		return 0
	}
	return min(p.in.Open, p.in.len()-p.progress.Ended)
}

// newFleet checks the input of a fleet and divides it.
func newFleet(ctx workflow.Context, in GroupInput) (*fleet, error) {
	f := &fleet{in: in, id: workflow.GetInfo(ctx).WorkflowExecution.ID}
	wrong := in.check(f.id, in.Provision.Team)
	if wrong == "" {
		wrong = in.Provision.Timing.check()
	}
	if wrong == "" && (in.Open < 0 || in.Open > maxOpen) {
		wrong = fmt.Sprintf("Open is %d, and must be from 1 to %d", in.Open, maxOpen)
	}
	if wrong != "" {
		return nil, refused(wrong)
	}
	if f.in.Open == 0 {
		f.in.Open = defaultOpen
	}
	f.in.Failures, f.in.IDs = maxFailures, in.len() <= maxIDs
	f.in.Provision.Fleet = FleetMember{ID: f.id, ReportTo: f.id}
	if n := in.len(); n > maxGroup {
		f.divide(n)
	} else {
		f.group = newGroup(f.in)
	}
	return f, workflow.SetQueryHandler(ctx, ProgressQuery, func() (FleetProgress, error) { return f.progress(), nil })
}

func (f *fleet) divide(n int) {
	if f.in.IDs {
		f.machines.MachineIDs = map[string]string{}
	}
	count := (n + maxGroup - 1) / maxGroup
	for i := range count {
		in := f.in
		in.Roster = f.in.part(i*maxGroup, min(n, (i+1)*maxGroup))
		in.Open = max(1, f.in.Open/min(count, lanes))
		in.Failures = max(2, maxFailures/count)
		in.Report = GroupReport{Fleet: f.id, Group: i, Step: max(5, n/50/lanes)}
		if !in.IDs {
			in.Provision.Fleet.ReportTo = f.groupID(i)
		}
		f.groups = append(f.groups, part{in: in})
	}
}

func (f *fleet) groupID(i int) string { return fmt.Sprintf("%s/group-%04d", f.id, i) }

func (f *fleet) progress() (sum FleetProgress) {
	if f.group != nil {
		return f.group.result.FleetProgress
	}
	for _, g := range f.groups {
		sum.add(g.progress)
	}
	sum.Names = f.in.len()
	if f.in.IDs {
		sum.Existing, sum.MachineIDs = f.machines.Existing, f.machines.MachineIDs
	}
	return sum
}

// run works on all names. The result is never nil; the error is a cancel's, or that of a group that failed itself.
func (f *fleet) run(ctx workflow.Context) (*GroupResult, error) {
	if f.group != nil {
		err := f.group.run(ctx)
		return &f.group.result, err
	}
	groups, cancel := workflow.WithCancel(ctx)
	defer cancel()
	result := &GroupResult{}
	var failed error
	c := newChildren(ctx)
	find := f.in.finder()
	c.machines(func(m MachineRef) {
		if i, ours := find(m.Name); ours && f.in.IDs && f.groups[i/maxGroup].running {
			f.machines.set(m.Name, m.ID)
		}
	})
	c.selector.AddReceive(workflow.GetSignalChannel(ctx, groupSignal), func(signals workflow.ReceiveChannel, _ bool) {
		var s GroupSignal
		if signals.Receive(ctx, &s); s.Group < 0 || s.Group >= len(f.groups) {
			return
		}
		if g := &f.groups[s.Group]; g.running {
			g.progress = s.Progress
		}
	})
	for next := 0; ; {
		for next < len(f.groups) && f.room() && ctx.Err() == nil && result.Lag == "" && failed == nil {
			i := next
			next++
			f.groups[i].running = true
			c.run(func() workflow.Future {
				child := workflow.WithChildOptions(groups, ChildOptions("", f.groupID(i)))
				return workflow.ExecuteChildWorkflow(child, FleetGroup, f.groups[i].in)
			}, func(future workflow.Future) {
				f.groups[i].running = false
				if err := f.end(ctx, i, future, result); err != nil {
					failed = err
				}
				if failed != nil || result.Lag != "" {
					cancel()
				}
			})
		}
		if c.open == 0 {
			break
		}
		c.selector.Select(ctx)
	}
	result.FleetProgress = f.progress()
	if ctx.Err() != nil {
		return result, ctx.Err()
	}
	return result, failed
}

// room reports whether another group may start. Groups report late, so a tenth more may be open.
func (f *fleet) room() bool {
	open := 0
	for i := range f.groups {
		open += f.groups[i].open()
	}
	return open == 0 || open+f.groups[0].in.Open <= f.in.Open+f.in.Open/10
}

// end takes in the result of a group. One that was cancelled has it in the details of its error.
func (f *fleet) end(ctx workflow.Context, i int, future workflow.Future, result *GroupResult) error {
	var g GroupResult
	if err := future.Get(ctx, &g); temporal.IsCanceledError(err) {
		g, _ = details[GroupResult](err)
		f.groups[i].cancelled = true
	} else if err != nil {
		return err
	}
	f.groups[i].progress, f.groups[i].created = g.counts(), g.Created
	for n := 0; f.in.IDs && n < f.groups[i].in.len(); n++ {
		name := f.groups[i].in.at(n)
		f.machines.set(name, g.MachineIDs[name])
	}
	if result.Lag == "" {
		result.Lag = g.Lag
	}
	result.Failures = append(result.Failures, g.Failures[:min(len(g.Failures), maxFailures-len(result.Failures))]...)
	result.ListLag = max(result.ListLag, g.ListLag)
	return nil
}

// undo deletes the machines that the fleet has created, when it was cancelled. Groups that were cancelled have done so
// themselves.
func (f *fleet) undo(ctx workflow.Context, result *GroupResult) {
	if f.group != nil {
		f.group.undo(ctx)
		return
	}
	steady, _ := workflow.NewDisconnectedContext(ctx)
	for i, p := range f.groups {
		in := (&group{in: p.in, result: GroupResult{Created: p.created}}).undone()
		if in.len() == 0 || p.cancelled {
			continue
		}
		child := workflow.WithChildOptions(steady, ChildOptions("", fmt.Sprintf("%s/undo-%04d", f.id, i)))
		var down GroupResult
		if workflow.ExecuteChildWorkflow(child, FleetGroup, in).Get(steady, &down) == nil {
			result.remove(in.Names, &down)
		}
	}
}
