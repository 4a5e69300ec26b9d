package paperspacetemporal

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/paperspace-go/paperspace"
)

// maxRounds is how often one Provision tries to get a machine.
const maxRounds = 10

// ProvisionInput is what [Provision] is given.
type ProvisionInput struct {
	// Machine describes the machine. Its Name is what it is found by, so no two machines of the team may share it.
	Machine paperspace.MachineCreateParams
	// Timing is how long things may take.
	Timing Timing
}

// ProvisionResult is what [Provision] ends with.
type ProvisionResult struct {
	// Machine is the machine as it was last read.
	Machine paperspace.Machine
	// Adopted says that the machine was found, and not created by a request that was answered.
	Adopted bool
}

// Provision is a workflow that sees to it that there is one machine of a name, and waits until it is created and, with
// StartOnCreate, ready. Start it with [StartOptions] and the machine's name as its id, so that no other workflow creates
// or deletes the machine at the same time; any other id is refused.
//
// It searches for the exact name first, whether this is the first run, a rerun or a reset:
//   - One machine of the name is adopted: its create is waited for, and with StartOnCreate it is started if it is off.
//     One that is being deleted is waited for, and then looked for again.
//   - Several fail the workflow with [ErrorDoubled] and their ids. It guesses no favourite.
//   - Where there is none, one is created, in one attempt. A refusal fails the workflow with [ErrorRefused]. After a
//     request that was certainly not carried out (429, no connection) it waits and searches again. After an unknown
//     outcome, which any failure is unless the opposite is proven, it waits for the settle time and searches again.
//
// After ten rounds without a machine it fails with [ErrorUnavailable]. A create that the service began and that failed is [ErrorEventFailed]:
// the machine is left for you to look at, and [Deprovision] removes it. A machine that does not get ready in time is
// [ErrorPending]; a rerun goes on waiting.
//
// Cancelling it leaves the machine. A create that is on its way is waited for, and with it the settle time if its outcome
// is unknown, before the workflow ends, so that a rerun may begin at once. Terminating it gives no such time.
func Provision(ctx workflow.Context, in ProvisionInput) (*ProvisionResult, error) {
	if err := check(ctx, in.Machine.Name, in.Timing); err != nil {
		return nil, err
	}
	t := in.Timing.withDefaults()
	steady, _ := workflow.NewDisconnectedContext(ctx) // for what a cancel must not cut short
	lastRun := workflow.GetInfo(ctx).OriginalRunID
	for rounds := 0; ; {
		run, err := currentRun(ctx)
		if err != nil {
			return nil, err
		}
		if lastRun != "" && run != lastRun { // a reset: a create of the run before may just have been begun
			if err := workflow.Sleep(steady, t.Request+t.Settle); err != nil {
				return nil, err
			}
		}
		lastRun = run
		found, err := t.search(ctx, in.Machine.Name)
		switch {
		case err != nil:
			return nil, err
		case len(found) > 1:
			ids := make([]string, len(found))
			for i, m := range found {
				ids[i] = m.ID
			}
			return nil, temporal.NewNonRetryableApplicationError(
				fmt.Sprintf("paperspace: the name %q belongs to %q", in.Machine.Name, ids), ErrorDoubled, nil, ids)
		case len(found) == 1:
			machine, err := adopt(ctx, t, in.Machine, found[0].ID)
			if is(err, ErrorNotFound) && rounds < maxRounds { // it was on its way out
				rounds++
				continue
			}
			if err != nil {
				return nil, err
			}
			return &ProvisionResult{Machine: *machine, Adopted: true}, nil
		case rounds == maxRounds:
			return nil, temporal.NewNonRetryableApplicationError(
				fmt.Sprintf("paperspace: no machine of the name %q after %d rounds", in.Machine.Name, rounds), ErrorUnavailable, nil)
		}

		rounds++
		var a *Activities
		var created CreateResult
		err = workflow.ExecuteActivity(t.single(steady), a.Create, CreateInput{Machine: in.Machine, RunID: run}).Get(steady, &created)
		switch {
		case err == nil && ctx.Err() != nil:
			return nil, ctx.Err()
		case err == nil:
			machine, err := follow(ctx, t, in.Machine, created)
			if err != nil {
				return nil, err
			}
			return &ProvisionResult{Machine: *machine}, nil
		case is(err, ErrorRefused):
			return nil, err
		case is(err, ErrorUnavailable):
			err = workflow.Sleep(ctx, pause(err, rounds))
		default:
			err = workflow.Sleep(steady, t.Settle)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
	}
}

// check refuses a workflow that could not be told from another one of the same machine. An empty name would find all.
func check(ctx workflow.Context, name string, t Timing) error {
	if id := workflow.GetInfo(ctx).WorkflowExecution.ID; name == "" || id != name {
		return refused(fmt.Sprintf("the id of the workflow, %q, must be the machine's name, %q", id, name))
	}
	return t.check()
}

// currentRun is the id of the run that asks for it first: a reset leaves what lies before it as it was, and what comes
// after it gets the new id.
func currentRun(ctx workflow.Context) (run string, err error) {
	err = workflow.SideEffect(ctx, func(ctx workflow.Context) any {
		return workflow.GetInfo(ctx).WorkflowExecution.RunID
	}).Get(&run)
	return run, err
}

// pause is how long to wait with the next create after one that was not carried out.
func pause(err error, rounds int) time.Duration {
	if e, ok := errors.AsType[*temporal.ApplicationError](err); ok && e.NextRetryDelay() > 0 {
		return e.NextRetryDelay()
	}
	return min(5*time.Second<<rounds, 5*time.Minute)
}

func starts(m paperspace.MachineCreateParams) bool { return m.StartOnCreate != nil && *m.StartOnCreate }

// follow waits for a machine that was just created.
func follow(ctx workflow.Context, t Timing, m paperspace.MachineCreateParams, created CreateResult) (*paperspace.Machine, error) {
	if _, err := t.await(ctx, t.Ready, AwaitInput{EventID: created.EventID, MachineID: created.MachineID}); err != nil {
		return nil, err
	}
	states := []paperspace.MachineState{paperspace.MachineStateReady}
	if !starts(m) {
		states = append(states, paperspace.MachineStateOff)
	}
	return t.await(ctx, t.Ready, AwaitInput{MachineID: created.MachineID, States: states})
}

// adopt waits for a machine that was found, and starts it if it should run and does not. A machine that is gone by then
// is ErrorNotFound.
func adopt(ctx workflow.Context, t Timing, m paperspace.MachineCreateParams, id string) (*paperspace.Machine, error) {
	// An old machine may have no events any more; whether there is one at all is asked below.
	if _, err := t.await(ctx, t.Ready, AwaitInput{MachineID: id}); err != nil && !is(err, ErrorNotFound) {
		return nil, err
	}
	atRest := AwaitInput{MachineID: id, States: []paperspace.MachineState{paperspace.MachineStateReady, paperspace.MachineStateOff}}
	machine, err := t.await(ctx, t.Ready, atRest)
	if err != nil || machine.State == paperspace.MachineStateReady || !starts(m) {
		return machine, err
	}
	var a *Activities
	var event string
	refusal := workflow.ExecuteActivity(t.repeated(ctx), a.Start, id).Get(ctx, &event)
	switch {
	case refusal == nil && event != "":
		if _, err := t.await(ctx, t.Ready, AwaitInput{EventID: event}); err != nil {
			return nil, err
		}
	case refusal != nil && !is(refusal, ErrorRefused):
		return nil, refusal
	}
	if refusal != nil { // it may be starting already: by itself, or by a start whose answer was lost
		if machine, err = t.await(ctx, t.Ready, atRest); err == nil && machine.State == paperspace.MachineStateOff {
			err = refusal
		}
		return machine, err
	}
	return t.await(ctx, t.Ready, AwaitInput{MachineID: id, States: []paperspace.MachineState{paperspace.MachineStateReady}})
}
