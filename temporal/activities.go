package paperspacetemporal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/paperspace-go/paperspace"
)

// Activities are the calls of the Paperspace API that [Register] registers, each by the name of its method. Each makes
// one HTTP request and no retry of its own: the engine repeats it. A request gets three quarters of the activity's
// StartToClose, and is not sent after that; a Retry-After of the service decides when the engine tries again.
//
// The workflows of this package call them with the right options. Workflows of your own can, too: with a nil *Activities
// called a, as workflow.ExecuteActivity(ctx, a.Find, …).
type Activities struct{ client *paperspace.Client }

// once leaves the retries to the engine.
var once = paperspace.WithRetryPolicy(paperspace.RetryPolicy{MaxAttempts: 1})

// bounded is the context of the activity's request. The last quarter of the activity's time belongs to the answer's way
// back to the engine, so that a request never leaves when the engine has given the activity up.
//
// The time is counted from when the engine says that the activity started, which may be long ago if this process was
// stopped meanwhile, and also from now, in case the clocks of engine and worker disagree.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, requestTime(activity.GetInfo(ctx), time.Now()))
}

func requestTime(info activity.Info, now time.Time) time.Duration {
	whole := info.StartToCloseTimeout
	if whole == 0 { // only one of the two need be set
		whole = info.ScheduleToCloseTimeout
	}
	request := whole * 3 / 4
	return min(request, info.StartedTime.Add(request).Sub(now))
}

// CreateInput is what [Activities.Create] is given.
type CreateInput struct {
	// Machine describes the machine.
	Machine paperspace.MachineCreateParams
	// RunID is the run of the workflow that has searched for the machine and found none. In any other run nothing is
	// sent: after a reset the engine may repeat what an earlier run began. Empty: any run may create.
	RunID string
}

// CreateResult is what [Activities.Create] has begun.
type CreateResult struct {
	// MachineID is the new machine's id.
	MachineID string
	// EventID is the event that tells how far it is; may be empty.
	EventID string
}

// Create rents a machine. Call it with a RetryPolicy of one attempt: the API has no idempotency key, so a second attempt
// sends nothing and ends with [ErrorOutcomeUnknown], as does everything that leaves open whether there is a machine.
func (a *Activities) Create(ctx context.Context, in CreateInput) (*CreateResult, error) {
	info := activity.GetInfo(ctx)
	switch {
	case info.Attempt > 1:
		return nil, unknown("an earlier attempt may have created it: create machines in one attempt")
	case in.RunID != "" && in.RunID != info.WorkflowExecution.RunID:
		return nil, unknown("the run that searched for it, " + in.RunID + ", was reset, and may have created it")
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	op, err := a.client.Machines.Create(ctx, in.Machine, once)
	switch {
	case err != nil:
		return nil, failure(err)
	case op.Data.ID == "":
		return nil, unknown("the answer has no id")
	}
	return &CreateResult{MachineID: op.Data.ID, EventID: eventID(op)}, nil
}

// unknown is the error of a create that was not sent, or was answered with nothing of use.
func unknown(reason string) error {
	return temporal.NewNonRetryableApplicationError("paperspace: machines-create: "+reason, ErrorOutcomeUnknown, nil)
}

func eventID(op *paperspace.Operation[paperspace.Machine]) string {
	if op.Event == nil {
		return ""
	}
	return op.Event.ID
}

// FindInput is what [Activities.Find] looks for.
type FindInput struct {
	// Name is the exact name; empty: all machines.
	Name string
	// After is the cursor of the page: the Next of the page before, empty for the first one.
	After string
}

// FindResult is one page of a search.
type FindResult struct {
	// Machines are those of the page that have the name, oldest first.
	Machines []MachineRef
	// Next is the cursor of the next page, empty on the last one. A search that stops earlier may miss a machine: the
	// service's filter also lets names through that contain the one that is looked for.
	Next string
}

// MachineRef names a machine.
type MachineRef struct {
	// ID is the machine's id.
	ID string
	// Name need not be unique.
	Name string
}

// Find fetches one page, of up to 120 machines, of the search for a name. It begins with the oldest machine, so that one
// that appears during the search is on a page that is still to come.
func (a *Activities) Find(ctx context.Context, in FindInput) (*FindResult, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	page, err := a.client.Machines.List(ctx, paperspace.MachineListParams{
		Name: in.Name,
		ListParams: paperspace.ListParams{
			After: in.After, Limit: 120, OrderBy: paperspace.OrderByCreatedAt, Order: paperspace.OrderAsc,
		},
	}, once)
	switch {
	case err != nil:
		return nil, failure(err)
	case page.HasMore && (page.NextPage == "" || page.NextPage == in.After):
		return nil, temporal.NewApplicationError("paperspace: machines-list: there are more pages, and no cursor of the next", ErrorUnavailable)
	}
	result := &FindResult{}
	if page.HasMore {
		result.Next = page.NextPage
	}
	for _, m := range page.Items {
		if (in.Name == "" || m.Name == in.Name) && m.DeletedAt.IsZero() {
			result.Machines = append(result.Machines, MachineRef{ID: m.ID, Name: m.Name})
		}
	}
	return result, nil
}

// AwaitInput is what [Activities.Await] waits for: the first of these that is set, else the machine's create.
type AwaitInput struct {
	// EventID is an event that has to end.
	EventID string
	// MachineID is the machine, unless EventID is set.
	MachineID string
	// States are the states of which the machine has to be in one.
	States []paperspace.MachineState
	// Gone says that the service must not know the machine any more.
	Gone bool
}

// Await looks once whether the time has come, and ends with [ErrorPending] if it has not: the engine polls by repeating
// it, so that no worker is busy with waiting and nothing has to be kept anywhere. The machine is returned where States
// are waited for, nil otherwise.
//
// An event that ended badly is [ErrorEventFailed]; one that ended in state error with a finish time and no reason
// counts as done, since the service reports so what it did. Without an EventID and States, and unless Gone is set, the
// machine's own events tell how far its create is, and a machine that has been deleted is [ErrorNotFound].
func (a *Activities) Await(ctx context.Context, in AwaitInput) (*paperspace.Machine, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	switch {
	case in.EventID != "":
		event, err := a.client.MachineEvents.Get(ctx, in.EventID, once)
		if err != nil {
			return nil, failure(err)
		}
		return nil, ended(*event)
	case len(in.States) > 0:
		machine, err := a.client.Machines.Get(ctx, in.MachineID, once)
		switch {
		case err != nil:
			return nil, failure(err)
		case !slices.Contains(in.States, machine.State):
			return nil, pending("machine %s is %s", machine.ID, machine.State)
		}
		return machine, nil
	case in.Gone:
		machine, err := a.client.Machines.Get(ctx, in.MachineID, once)
		switch {
		case errors.Is(err, paperspace.ErrNotFound):
			return nil, nil
		case err != nil:
			return nil, failure(err)
		}
		return nil, pending("machine %s is still there, and %s", machine.ID, machine.State)
	}
	return nil, a.created(ctx, in.MachineID)
}

// created looks at the machine's events, newest first, for its create, and for a delete that has followed it.
func (a *Activities) created(ctx context.Context, machineID string) error {
	if machineID == "" {
		return temporal.NewNonRetryableApplicationError("paperspace: Await: there is nothing to wait for", ErrorRefused, nil)
	}
	page, err := a.client.MachineEvents.List(ctx, paperspace.MachineEventListParams{
		MachineID: machineID, ListParams: paperspace.ListParams{Limit: 120},
	}, once)
	switch {
	case err != nil:
		return failure(err)
	case len(page.Items) == 0:
		return temporal.NewNonRetryableApplicationError("paperspace: machine "+machineID+" has no events", ErrorNotFound, nil)
	}
	for _, event := range page.Items {
		switch event.Name {
		case paperspace.MachineEventNameCreate:
			return ended(event)
		case paperspace.MachineEventNameDeactivate:
			switch err := ended(event); {
			case is(err, ErrorEventFailed): // it is still there
			case err != nil:
				return err
			default:
				return temporal.NewNonRetryableApplicationError("paperspace: machine "+machineID+" is deleted", ErrorNotFound, nil)
			}
		}
	}
	return nil // it was created long ago
}

// ended is nil for an event that is done.
func ended(event paperspace.MachineEvent) error {
	silent := event.State == paperspace.MachineEventStateError && event.Error == "" && !event.FinishedAt.IsZero()
	switch {
	case !event.Finished():
		return pending("event %s (%s) is %s", event.ID, event.Name, event.State)
	case event.State == paperspace.MachineEventStateDone || silent:
		return nil
	}
	return temporal.NewNonRetryableApplicationError((&paperspace.EventError{Event: event}).Error(), ErrorEventFailed, nil)
}

// pending is benign: the engine's logs and metrics do not count it as a failure.
func pending(format string, args ...any) error {
	return temporal.NewApplicationErrorWithOptions("paperspace: "+fmt.Sprintf(format, args...), ErrorPending,
		temporal.ApplicationErrorOptions{Category: temporal.ApplicationErrorCategoryBenign})
}

// Start starts the machine that is off, and returns the id of the event that tells how far it is; it may be empty. A
// repeat of a start that was carried out is refused by the service.
func (a *Activities) Start(ctx context.Context, machineID string) (string, error) {
	return a.change(ctx, machineID, a.client.Machines.Start)
}

// Stop stops the machine, as [Activities.Start] starts it.
func (a *Activities) Stop(ctx context.Context, machineID string) (string, error) {
	return a.change(ctx, machineID, a.client.Machines.Stop)
}

// Delete deletes the machine and its disk, and returns the id of the event; it may be empty. A machine that is gone is
// [ErrorNotFound], one that is being deleted is refused. A static public address stays, and costs, until it is released.
func (a *Activities) Delete(ctx context.Context, machineID string) (string, error) {
	return a.change(ctx, machineID, a.client.Machines.Delete)
}

func (a *Activities) change(
	ctx context.Context, machineID string,
	call func(context.Context, string, ...paperspace.RequestOption) (*paperspace.Operation[paperspace.Machine], error),
) (string, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	op, err := call(ctx, machineID, once)
	if err != nil {
		return "", failure(err)
	}
	return eventID(op), nil
}
