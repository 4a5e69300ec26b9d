package paperspacetemporal

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/paperspace-go/paperspace"
)

// maxRounds is how many creates with an unknown outcome, or machines that vanish, one Provision tolerates.
const maxRounds = 10

// ProvisionInput is the input of [Provision].
type ProvisionInput struct {
	// Team is the first part of the workflow's ID, as in [WorkflowID]. Set it where several teams use one namespace;
	// anything that names the team will do. Empty: the ID is the machine's name.
	Team string
	// Machine describes the machine. Its Name is what it is found by, so no two machines of the team may share it.
	Machine paperspace.MachineCreateParams
	// Alternatives are tried in order when the service has refused the one before, or has failed to create its machine,
	// which is then deleted. Refusals of the API key (401, 403) end the workflow.
	Alternatives []Alternative
	// ReplaceFailed deletes a machine of the name whose creation failed in an earlier run, and creates it anew.
	// Otherwise the workflow ends with [ErrorEventFailed] as long as there is such a machine.
	ReplaceFailed bool
	// DeleteOnCancel deletes the machine that this run created when the workflow is cancelled. An adopted machine is
	// never deleted.
	DeleteOnCancel bool
	// SearchAttributes sets the search attributes [MachineIDAttribute] and [PhaseAttribute] of the workflow. Register
	// both in the namespace first: Temporal suspends workflows that set others.
	SearchAttributes bool
	// Fleet connects the machine with a fleet of your own. [Fleet] sets it for its machines.
	Fleet FleetMember `json:",omitzero"`
	// Timing determines how long things may take.
	Timing Timing
}

// FleetMember connects a [Provision] with the workflow for which it works.
type FleetMember struct {
	// ID is that workflow's ID. Once it is cancelled or has ended, no create is sent, although the cancel may not have
	// reached the Provision yet. Then cancel the Provision, too: until it is cancelled, it tries again later.
	ID string
	// ReportTo is the ID of the workflow that gets the signal [MachineSignal] for the machine. Empty: none.
	ReportTo string
}

// Alternative is a machine type and a region to fall back to. Empty fields are those of the machine.
type Alternative struct {
	// MachineType is the label of a machine type.
	MachineType string
	// Region is where the machine will be.
	Region paperspace.Region
	// TemplateID is the template in that region.
	TemplateID string
	// NetworkID is a private network of that region.
	NetworkID string
}

func (a Alternative) of(m paperspace.MachineCreateParams) paperspace.MachineCreateParams {
	m.MachineType = cmp.Or(a.MachineType, m.MachineType)
	m.Region = cmp.Or(a.Region, m.Region)
	m.TemplateID = cmp.Or(a.TemplateID, m.TemplateID)
	if a.NetworkID != "" {
		m.NetworkID = &a.NetworkID
	}
	return m
}

// ProvisionResult is the result of [Provision].
type ProvisionResult struct {
	// Machine is the machine as it was last read.
	Machine paperspace.Machine
	// Adopted reports whether the machine was found, and not created by a request with a response.
	Adopted bool
	// Created reports whether this run created the machine, also if it was then found because its response was lost.
	Created bool
	// Alternative is which of the Alternatives was created, from 1; 0 is the machine itself, or one that was adopted.
	Alternative int
	// ListLag is how long after its creation the list showed the machine, at most: it counts the time in the task
	// queue. It is 0 for an adopted machine.
	ListLag time.Duration
}

// Provision is a workflow that ensures that there is one machine of a name, and waits until it is created and, with
// StartOnCreate, ready. Start it with [StartOptions], or as a child with [ChildOptions], and [WorkflowID] as its ID, so
// that no other workflow creates or deletes the machine at the same time; any other ID is refused.
//
// It searches for the exact name first, whether this is the first run, a rerun or a reset:
//   - One machine of the name is adopted: its creation is awaited, and with StartOnCreate it is started if it is off.
//     If its type or region is not among those asked for, the workflow fails with [ErrorMismatch]. One that is being
//     deleted is awaited, and then searched for again.
//   - Several fail the workflow with [ErrorDoubled]. It guesses no favourite.
//   - If there is none, one is created, in one attempt. A refusal fails the workflow with [ErrorRefused], unless there
//     is an alternative. After a request that was certainly not carried out (429, no connection) it waits and searches
//     again. After an unknown outcome, which any failure is unless the opposite is proven, it waits for the settle time
//     and searches again.
//
// A new machine has to show in the list within half of the settle time, else the workflow fails with [ErrorListLag].
//
// A creation that the service began and that failed is [ErrorEventFailed]: the machine is left for you to look at.
// Deprovision removes it, and so does a rerun with ReplaceFailed; a rerun without fails again. A machine that is not
// ready in time is [ErrorPending]; a rerun waits for it again. After ten creates with an unknown outcome and without a
// machine it fails with [ErrorUnavailable]. [MachineIDs] returns the machines that exist although the workflow failed.
//
// Cancelling it recalls a create that no worker has sent, and leaves the machine unless DeleteOnCancel is set: see
// [MachineIDs]. A create that was sent is awaited, and with it the settle time if its outcome is unknown, before the
// workflow ends, so that a rerun may begin at once. Terminating the workflow gives no such time.
func Provision(ctx workflow.Context, in ProvisionInput) (*ProvisionResult, error) {
	if err := check(ctx, in.Team, in.Machine.Name, in.Timing); err != nil {
		return nil, err
	}
	p := &provision{in: in, t: in.Timing.withDefaults(), lastRun: workflow.GetInfo(ctx).OriginalRunID}
	p.steady, _ = workflow.NewDisconnectedContext(ctx)
	if err := workflow.SetQueryHandler(ctx, ProgressQuery, func() (ProvisionProgress, error) { return p.progress, nil }); err != nil {
		return nil, err
	}
	result, err := p.run(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, p.cancelled()
	case err != nil:
		p.enter(ctx, PhaseFailed)
		return nil, withMachines(err, p.machines())
	}
	p.enter(ctx, PhaseReady)
	return result, nil
}

// check refuses a workflow that could not be told from another one of the same machine. An empty name would find all.
func check(ctx workflow.Context, team, name string, t Timing) error {
	id := workflow.GetInfo(ctx).WorkflowExecution.ID
	switch wrong := t.check(); {
	case name == "":
		return refused("the machine's name is empty")
	case id != WorkflowID(team, name):
		return refused(fmt.Sprintf("the workflow's ID is %q, and must be %q", id, WorkflowID(team, name)))
	case wrong != "":
		return refused(wrong)
	}
	return nil
}

// provision is a Provision at work.
type provision struct {
	in     ProvisionInput
	t      Timing
	steady workflow.Context // for what a cancel must not cut short

	progress    ProvisionProgress
	reported    string // the machine of the last signal
	rounds      int
	pauses      int       // for creates that were not carried out
	alternative int       // which one is next
	lastRun     string    // the run that searched last
	doubled     []string  // the machines of the name, if there are several
	made        bool      // progress.MachineID was created by this run
	lost        bool      // a create of this run has an unknown outcome
	lostAt      time.Time // when the first of them was begun
	reset       bool      // so may one of the run before the reset
	listLag     time.Duration
}

// machines returns the machines that are known to exist.
func (p *provision) machines() []string {
	if len(p.doubled) > 0 || p.progress.MachineID == "" {
		return p.doubled
	}
	return []string{p.progress.MachineID}
}

// run searches, and adopts or creates, until there is a machine or a reason why there is none.
func (p *provision) run(ctx workflow.Context) (*ProvisionResult, error) {
	for {
		run, err := currentRun(ctx)
		if err != nil {
			return nil, err
		}
		if p.lastRun != "" && run != p.lastRun { // a reset: a create of the run before may just have been sent
			p.reset = true
			if err := workflow.Sleep(p.steady, p.t.Request+p.t.Settle); err != nil {
				return nil, err
			}
		}
		p.lastRun = run
		p.made = false
		p.know("")
		p.enter(ctx, PhaseSearching)
		found, err := p.t.search(ctx, p.in.Machine.Name)
		if err == nil && len(found) == 0 && p.lost {
			found, err = p.unlisted(ctx)
		}
		var result *ProvisionResult
		switch {
		case err != nil:
			return nil, err
		case len(found) > 1:
			p.doubled = found[:min(len(found), maxFailures)]
			return nil, temporal.NewNonRetryableApplicationError(
				fmt.Sprintf("paperspace: the name %q belongs to %d machines", p.in.Machine.Name, len(found)), ErrorDoubled, nil)
		case len(found) == 1:
			result, err = p.adopt(ctx, found[0])
		default:
			result, err = p.create(ctx, run)
		}
		if result != nil {
			return result, nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err = p.resume(ctx, err); err != nil {
			return nil, err
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return nil, p.none("in days")
		}
	}
}

// resume decides whether to search again after an error, and returns it if not.
func (p *provision) resume(ctx workflow.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case is(err, ErrorNotFound) && p.rounds < maxRounds: // the machine was on its way out
		p.rounds++
		return nil
	case is(err, ErrorEventFailed) && p.made && p.alternative < len(p.in.Alternatives):
		p.alternative++
	case is(err, ErrorEventFailed) && !p.made && p.in.ReplaceFailed && p.rounds < maxRounds:
		p.rounds++
	default:
		return err
	}
	return p.t.remove(ctx, p.progress.MachineID)
}

func (p *provision) none(after string) error {
	return temporal.NewNonRetryableApplicationError(
		fmt.Sprintf("paperspace: no machine of the name %q %s", p.in.Machine.Name, after), ErrorUnavailable, nil)
}

// create creates a machine and follows it. No result and no error mean that it may be searched for again.
func (p *provision) create(ctx workflow.Context, run string) (*ProvisionResult, error) {
	if p.rounds == maxRounds {
		return nil, p.none(fmt.Sprintf("after %d rounds", p.rounds))
	}
	spec := p.in.Machine
	if p.alternative > 0 {
		spec = p.in.Alternatives[p.alternative-1].of(spec)
	}
	p.enter(ctx, PhaseCreating)
	sent := workflow.Now(ctx)
	var a *Activities
	var created CreateResult
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, p.t.CreateOptions()), a.Create,
		CreateInput{Machine: spec, RunID: run, FleetID: p.in.Fleet.ID}).Get(p.steady, &created)
	switch {
	case err == nil:
		p.made = true
		p.found(ctx, created.MachineID)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		machine, err := p.follow(ctx, created)
		if err != nil {
			return nil, err
		}
		return &ProvisionResult{Machine: *machine, Created: true, Alternative: p.alternative, ListLag: p.listLag}, nil
	case temporal.IsCanceledError(err): // Temporal recalled it before a worker began it
		return nil, err
	case is(err, ErrorRefused):
		if p.alternative == len(p.in.Alternatives) || !refusesMachine(err) {
			return nil, err
		}
		p.alternative++
		return nil, nil
	case is(err, ErrorUnavailable):
		p.pauses++
		return nil, workflow.Sleep(ctx, pause(err, p.pauses))
	}
	p.rounds++
	if !p.lost {
		p.lost, p.lostAt = true, sent
	}
	return nil, workflow.Sleep(p.steady, p.t.Settle)
}

// unlisted looks for the machine of a create with an unknown outcome among the newest events: the last doubt before
// another create, should the list lag. Where many machines are created at once, each of them proves the list instead.
func (p *provision) unlisted(ctx workflow.Context) ([]string, error) {
	const few = 10
	var a *Activities
	var ids []string
	since := p.lostAt.Add(-2 * time.Minute) // the clocks of Temporal and of the service may differ
	if err := p.t.request(ctx, a.CreatedSince, since).Get(ctx, &ids); err != nil || len(ids) > few {
		return nil, err
	}
	for _, id := range ids {
		var machine paperspace.Machine
		err := p.t.request(ctx, a.Get, id).Get(ctx, &machine)
		switch {
		case err != nil && !is(err, ErrorNotFound):
			return nil, err
		case err == nil && machine.Name == p.in.Machine.Name:
			return []string{id}, nil
		}
	}
	return nil, nil
}

// refusesMachine reports whether a refused create may succeed for another type or region: the API refused it, and not
// because of the key.
func refusesMachine(err error) bool {
	code, ok := details[string](err)
	return ok && code != "UNAUTHORIZED" && code != "FORBIDDEN"
}

// currentRun returns the ID of the run that asks for it first: a reset leaves what lies before it as it was, and what
// comes after it gets the new ID.
func currentRun(ctx workflow.Context) (run string, err error) {
	err = workflow.SideEffect(ctx, func(ctx workflow.Context) any {
		return workflow.GetInfo(ctx).WorkflowExecution.RunID
	}).Get(&run)
	return run, err
}

// pause is how long to wait before the next create after one that was not carried out.
func pause(err error, times int) time.Duration {
	if e, ok := errors.AsType[*temporal.ApplicationError](err); ok && e.NextRetryDelay() > 0 {
		return e.NextRetryDelay()
	}
	return min(5*time.Second<<min(times, 10), 5*time.Minute)
}

func (p *provision) starts() bool {
	start := p.in.Machine.StartOnCreate
	return start != nil && *start
}

// follow waits for a machine that was just created.
func (p *provision) follow(ctx workflow.Context, created CreateResult) (*paperspace.Machine, error) {
	id, begin := created.MachineID, workflow.Now(ctx)
	_, err := p.t.await(ctx, AwaitInput{MachineID: id, ListedAs: p.in.Machine.Name, Limit: p.t.Settle / 2})
	if is(err, ErrorListLag) {
		if _, gone := p.t.await(ctx, AwaitInput{MachineID: id, Gone: true, Limit: 1}); gone == nil {
			return nil, notFound("machine " + id + " was deleted")
		}
	}
	if err != nil {
		return nil, err
	}
	p.listLag = workflow.Now(ctx).Sub(begin)
	if _, err := p.t.await(ctx, AwaitInput{EventID: created.EventID, MachineID: id, Limit: p.t.Ready}); err != nil {
		return nil, err
	}
	states := []paperspace.MachineState{paperspace.MachineStateReady}
	if !p.starts() {
		states = append(states, paperspace.MachineStateOff)
	}
	return p.t.await(ctx, AwaitInput{MachineID: id, States: states, Limit: p.t.Ready})
}

// adopt waits for a machine that was found, and starts it if it should run and does not. A machine that is gone by then
// is ErrorNotFound.
func (p *provision) adopt(ctx workflow.Context, id string) (*ProvisionResult, error) {
	p.made = p.lost // then the name belonged to no machine before
	p.found(ctx, id)
	// An old machine may have no events any more; whether there is one at all is asked below.
	if _, err := p.t.await(ctx, AwaitInput{MachineID: id, Limit: p.t.Ready}); err != nil && !is(err, ErrorNotFound) {
		return nil, err
	}
	atRest := AwaitInput{
		MachineID: id, States: []paperspace.MachineState{paperspace.MachineStateReady, paperspace.MachineStateOff}, Limit: p.t.Ready,
	}
	machine, err := p.t.await(ctx, atRest)
	if err == nil {
		err = p.compare(*machine)
	}
	if err == nil && machine.State == paperspace.MachineStateOff && p.starts() {
		machine, err = p.start(ctx, atRest)
	}
	if err != nil {
		return nil, err
	}
	return &ProvisionResult{Machine: *machine, Adopted: true, Created: p.made}, nil
}

// compare refuses a machine that is none of those asked for. Some fields of a new machine are empty.
func (p *provision) compare(machine paperspace.Machine) error {
	wanted := []paperspace.MachineCreateParams{p.in.Machine}
	for _, alternative := range p.in.Alternatives {
		wanted = append(wanted, alternative.of(p.in.Machine))
	}
	for _, w := range wanted {
		if (machine.MachineType == "" || strings.EqualFold(machine.MachineType, w.MachineType)) &&
			(machine.Region == "" || machine.Region == region(w.Region)) {
			return nil
		}
	}
	return temporal.NewNonRetryableApplicationError(clip(fmt.Sprintf("paperspace: it is a %s in %s, and none of those asked for",
		machine.MachineType, machine.Region), maxText), ErrorMismatch, nil)
}

// region returns the short ID of a region however it is spelled.
func region(r paperspace.Region) paperspace.Region {
	if parsed, err := paperspace.ParseRegion(string(r)); err == nil {
		return parsed
	}
	return r
}

// start starts a machine that is off.
func (p *provision) start(ctx workflow.Context, atRest AwaitInput) (*paperspace.Machine, error) {
	var a *Activities
	var event string
	refusal := p.t.request(ctx, a.Start, atRest.MachineID).Get(ctx, &event)
	switch {
	case refusal == nil && event != "":
		if _, err := p.t.await(ctx, AwaitInput{EventID: event, Limit: p.t.Ready}); err != nil {
			return nil, err
		}
	case refusal != nil && !is(refusal, ErrorRefused):
		return nil, refusal
	}
	if refusal == nil {
		atRest.States = []paperspace.MachineState{paperspace.MachineStateReady}
	}
	machine, err := p.t.await(ctx, atRest)
	if err == nil && refusal != nil && machine.State == paperspace.MachineStateOff {
		return nil, refusal // it is not starting already, by itself or by a start whose response was lost
	}
	return machine, err
}

// cancelled ends a cancelled workflow: it finds out what is left, and deletes it if asked to.
func (p *provision) cancelled() error {
	left := p.machines()
	if (p.lost || p.reset) && len(left) == 0 {
		found, err := p.t.search(p.steady, p.in.Machine.Name)
		if err != nil {
			return err
		}
		left, p.made = found, p.lost
	}
	if p.in.DeleteOnCancel && p.made {
		left = slices.DeleteFunc(left, func(id string) bool { return p.t.remove(p.steady, id) == nil })
	}
	if len(left) == 0 {
		return temporal.NewCanceledError()
	}
	return temporal.NewCanceledError(left)
}
