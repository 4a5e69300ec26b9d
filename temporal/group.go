package paperspacetemporal

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// maxGroup is how many names one workflow works on. It bounds the workflow's history, to about 2,500 events and 1 MB.
const maxGroup = 200

// GroupInput is the input of [FleetGroup].
type GroupInput struct {
	Roster
	// Provision is the input of each name, without the name.
	Provision ProvisionInput
	// Down deletes the machines.
	Down bool `json:",omitzero"`
	// Open is how many names are worked on at once.
	Open int
	// Failures is how many failures the result describes.
	Failures int
	// IDs determines whether the result has the machines' IDs.
	IDs bool `json:",omitzero"`
	// Report says when the group reports to its fleet.
	Report GroupReport `json:",omitzero"`
}

// GroupReport says when a [FleetGroup] reports its progress to its fleet.
type GroupReport struct {
	// Fleet is the ID of the fleet's workflow; empty: never.
	Fleet string
	// Group is the group's number.
	Group int
	// Step is after how many names.
	Step int
}

// GroupSignal is what a [FleetGroup] reports.
type GroupSignal struct {
	// Group is the group's number.
	Group int
	// Progress is how far it is.
	Progress FleetProgress
}

const groupSignal = "group"

// GroupResult is the result of [FleetGroup].
type GroupResult struct {
	FleetProgress
	// Failures describes some of the names that failed.
	Failures []Failure
	// Created has a bit for each name whose machine this run created.
	Created bits `json:",omitempty"`
	// ListLag is the longest of the machines.
	ListLag time.Duration `json:",omitzero"`
	// Lag is the reason of the first ErrorListLag, which cancelled the rest.
	Lag string `json:",omitzero"`
}

// bits is a set of small numbers.
type bits []byte

func (b *bits) set(i int) {
	for len(*b) <= i/8 {
		*b = append(*b, 0)
	}
	(*b)[i/8] |= 1 << (i % 8)
}

func (b bits) has(i int) bool { return i/8 < len(b) && b[i/8]&(1<<(i%8)) != 0 }

// FleetGroup is the workflow that a large [Fleet] or [FleetDown] starts for every 200 of its names. It returns its own
// [FleetProgress] to a [ProgressQuery]. It is exported for its history; do not start it yourself.
func FleetGroup(ctx workflow.Context, in GroupInput) (*GroupResult, error) {
	g := newGroup(in)
	err := workflow.SetQueryHandler(ctx, ProgressQuery, func() (FleetProgress, error) { return g.result.FleetProgress, nil })
	if err != nil {
		return nil, err
	}
	cancelled := g.run(ctx) != nil
	if cancelled && in.Provision.DeleteOnCancel {
		g.undo(ctx)
	}
	result := g.result
	if !in.IDs {
		result.FleetProgress = result.counts()
	}
	if cancelled {
		return nil, temporal.NewCanceledError(result)
	}
	return &result, nil
}

// group is up to maxGroup names at work.
type group struct {
	in       GroupInput
	result   GroupResult
	reported FleetProgress // at the last report
	fewer    int           // with this many open names the next report is due, once all have begun
}

func newGroup(in GroupInput) *group {
	g := &group{in: in, fewer: in.Open / 2}
	g.result.Names, g.result.MachineIDs = in.len(), map[string]string{}
	return g
}

// run runs a child workflow for each name, Open at once, and waits for all that it has begun. The error is a cancel's.
func (g *group) run(ctx workflow.Context) error {
	names, cancel := workflow.WithCancel(ctx)
	defer cancel()
	c := newChildren(ctx)
	c.machines(func(m MachineRef) { g.result.set(m.Name, m.ID) })
	for {
		for c.open < g.in.Open && g.result.Begun < g.result.Names && ctx.Err() == nil && g.result.Lag == "" {
			i := g.result.Begun
			g.result.Begun++
			c.run(func() workflow.Future { return g.begin(names, i) }, func(f workflow.Future) {
				if g.end(ctx, i, f); g.result.Lag != "" {
					cancel()
				}
			})
		}
		if c.open == 0 {
			break
		}
		c.selector.Select(ctx)
		g.report(ctx, c.open)
	}
	return ctx.Err()
}

func (g *group) begin(ctx workflow.Context, i int) workflow.Future {
	in, name := g.in.Provision, g.in.at(i)
	ctx = workflow.WithChildOptions(ctx, ChildOptions("", WorkflowID(in.Team, name)))
	if g.in.Down {
		return workflow.ExecuteChildWorkflow(ctx, Deprovision, DeprovisionInput{Team: in.Team, Name: name, Timing: in.Timing})
	}
	in.Machine.Name = name
	return workflow.ExecuteChildWorkflow(ctx, Provision, in)
}

// end takes in how a name has ended.
func (g *group) end(ctx workflow.Context, i int, f workflow.Future) {
	r, name := &g.result, g.in.at(i)
	r.Ended++
	var err error
	var ids []string
	if g.in.Down {
		var result DeprovisionResult
		err = f.Get(ctx, &result)
		r.Deleted += len(result.MachineIDs)
	} else {
		var result ProvisionResult
		if err = f.Get(ctx, &result); err == nil {
			ids = []string{result.Machine.ID}
			r.Ready++
			r.ListLag = max(r.ListLag, result.ListLag)
			if result.Adopted {
				r.Adopted++
			}
			if result.Created {
				r.Created.set(i)
			}
		}
	}
	if err != nil {
		ids = MachineIDs(err)
		recalled := temporal.IsCanceledError(err) || temporal.IsWorkflowExecutionAlreadyStartedError(err)
		if !recalled || ctx.Err() == nil && r.Lag == "" {
			r.Failed++
			if len(r.Failures) < g.in.Failures {
				r.Failures = append(r.Failures, Failure{Name: name, Kind: kindOf(err), Reason: reason(err), MachineIDs: ids})
			}
		}
		if is(err, ErrorListLag) && r.Lag == "" {
			r.Lag = reason(err)
		}
	}
	switch {
	case len(ids) > 0:
		r.set(name, ids[0])
	case !temporal.IsTerminatedError(err) && !temporal.IsTimeoutError(err): // these end a Provision that has a machine, too
		r.set(name, "")
	}
}

// report sends the fleet a signal after every step of names that have ended or have a machine. In the end it does so
// whenever the number of open names has halved, so that other groups get the places. That the group has ended, the fleet
// learns from its result.
func (g *group) report(ctx workflow.Context, open int) {
	r, to := &g.result, g.in.Report
	freed := r.Begun == r.Names && open <= g.fewer
	news := max(r.Ended-g.reported.Ended, r.Existing-g.reported.Existing)
	if to.Fleet == "" || open == 0 || ctx.Err() != nil || !freed && news < to.Step {
		return
	}
	g.reported = r.counts()
	if freed {
		g.fewer = open / 2
	}
	workflow.SignalExternalWorkflow(ctx, to.Fleet, "", groupSignal, GroupSignal{Group: to.Group, Progress: g.reported})
}

// undo deletes the machines that the group has created. A Provision that was cancelled has done so itself.
func (g *group) undo(ctx workflow.Context) {
	steady, _ := workflow.NewDisconnectedContext(ctx)
	if in := g.undone(); in.len() > 0 {
		down := newGroup(in)
		_ = down.run(steady) // nobody cancels it
		g.result.remove(in.Names, &down.result)
	}
}

// undone is the input of the group that deletes what this one has created.
func (g *group) undone() GroupInput {
	in := GroupInput{Provision: g.in.Provision, Down: true, Open: g.in.Open, Failures: maxGroup}
	in.Provision.DeleteOnCancel = false
	for i := range g.in.len() {
		if g.result.Created.has(i) {
			in.Names = append(in.Names, g.in.at(i))
		}
	}
	return in
}

// remove takes the machines of the names out of the progress, except those that could not be deleted.
func (p *FleetProgress) remove(names []string, down *GroupResult) {
	p.Deleted += down.Deleted
	p.Existing -= len(names) - down.Failed
	left := map[string]bool{}
	for _, failure := range down.Failures {
		left[failure.Name] = true
	}
	for _, name := range names {
		if !left[name] {
			delete(p.MachineIDs, name)
		}
	}
}

// children runs child workflows in one loop over futures: with a coroutine for each child, every event would wake all
// coroutines.
type children struct {
	ctx      workflow.Context
	selector workflow.Selector
	open     int
}

func newChildren(ctx workflow.Context) *children {
	return &children{ctx: ctx, selector: workflow.NewSelector(ctx)}
}

// machines calls known for each machine that a Provision reports to this workflow.
func (c *children) machines(known func(MachineRef)) {
	c.selector.AddReceive(workflow.GetSignalChannel(c.ctx, MachineSignal), func(signals workflow.ReceiveChannel, _ bool) {
		var m MachineRef
		if signals.Receive(c.ctx, &m); m.Name != "" {
			known(m)
		}
	})
}

// run begins a child, again and again as long as another workflow has its ID, and calls ended when it has ended.
func (c *children) run(begin func() workflow.Future, ended func(workflow.Future)) {
	c.open++
	var try func(patience time.Duration)
	try = func(patience time.Duration) {
		c.selector.AddFuture(begin(), func(f workflow.Future) {
			if !temporal.IsWorkflowExecutionAlreadyStartedError(f.Get(c.ctx, nil)) || c.ctx.Err() != nil {
				c.open--
				ended(f)
				return
			}
			c.selector.AddFuture(workflow.NewTimer(c.ctx, patience), func(workflow.Future) { try(min(2*patience, 10*time.Minute)) })
		})
	}
	try(5 * time.Second)
}
