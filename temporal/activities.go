package paperspacetemporal

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/grpc/codes"

	"github.com/paperspace-go/paperspace"
)

// Activities are the requests that [Register] registers, each under the name of its method. Each sends one HTTP request
// and does not retry: Temporal repeats the activity. The request gets three quarters of the activity's StartToClose,
// and is not sent after that. A Retry-After determines when Temporal repeats it, up to 5 minutes or the MaximumInterval
// of the activity's policy, whichever is longer.
//
// The workflows of this package call them with the options of [Timing]. Workflows of your own can, too: with a nil
// *Activities called a, as workflow.ExecuteActivity(ctx, a.Find, …).
type Activities struct {
	client *paperspace.Client
	// elapsed is how long ago an activity was scheduled. Tests replace it: their engine does not count it.
	elapsed func(activity.Info) time.Duration
	// ending reports whether a workflow was cancelled or has ended. It is nil where there is no server to ask.
	ending func(ctx context.Context, workflowID string) (bool, error)
}

func newActivities(c *paperspace.Client) *Activities {
	return &Activities{client: c, elapsed: func(info activity.Info) time.Duration {
		return info.StartedTime.Sub(info.ScheduledTime) // both by the clock of Temporal's server
	}}
}

// request is the one request of an activity.
type request struct {
	context.Context
	cancel context.CancelFunc
	info   activity.Info
	once   paperspace.RequestOption // leaves retries to Temporal

	mu   sync.Mutex
	sent []string // the Authorization headers
}

// begin starts the time of a request. The last quarter of the activity's time is for the response's way back to
// Temporal, so that no request is sent after Temporal has given the activity up.
func begin(ctx context.Context) *request {
	r := &request{info: activity.GetInfo(ctx)}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaderField: r.wrote})
	limit := requestTime(r.info, time.Now())
	r.Context, r.cancel = context.WithTimeout(ctx, limit)
	// The deadline of the context is the only one: it does not move while the request waits for a connection.
	r.once = paperspace.WithRetryPolicy(paperspace.RetryPolicy{MaxAttempts: 1, AttemptTimeout: max(limit, 0) + time.Minute})
	return r
}

// requestTime is how long a request may take. It counts from when Temporal says that the activity started, which may be
// long ago if this process was suspended, and also from now, in case the clocks of server and worker disagree.
func requestTime(info activity.Info, now time.Time) time.Duration {
	given := info.StartToCloseTimeout
	if whole := info.ScheduleToCloseTimeout; whole > 0 {
		left := info.ScheduledTime.Add(whole).Sub(info.StartedTime)
		if given == 0 || left < given {
			given = left
		}
	}
	given = given * 3 / 4
	return min(given, info.StartedTime.Add(given).Sub(now))
}

// wrote keeps the API key as it was sent, so that it can be masked in what the response repeats.
func (r *request) wrote(name string, values []string) {
	if !strings.EqualFold(name, "Authorization") {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, values...)
}

// keys returns the API keys that were sent.
func (r *request) keys() (keys []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, value := range r.sent {
		if _, key, ok := strings.Cut(value, " "); ok && key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// CreateInput is the input of [Activities.Create].
type CreateInput struct {
	// Machine describes the machine.
	Machine paperspace.MachineCreateParams
	// RunID is the run of the workflow that has searched for the machine and found none. In any other run nothing is
	// sent: after a reset Temporal may repeat what an earlier run began. If it is empty, any run may create.
	RunID string
	// FleetID is a workflow for which the machine is created, as in [FleetMember]. Once it is cancelled or has ended,
	// nothing is sent. If it is empty, only the workflow of the activity counts.
	FleetID string `json:",omitzero"`
}

// CreateResult is the result of [Activities.Create].
type CreateResult struct {
	// MachineID is the new machine's ID.
	MachineID string
	// EventID is the event that tracks its creation; may be empty.
	EventID string
}

// Create rents a machine. Call it with [Timing.CreateOptions], which allow one attempt: the API has no idempotency key,
// so a second attempt sends nothing and ends with [ErrorOutcomeUnknown], as does everything that leaves open whether
// there is a machine. [ErrorRefused] and [ErrorUnavailable] mean that there is none.
//
// When its pace allows the request, and before it is sent, Temporal's server is asked whether the activity is still
// wanted: nothing is sent for a workflow that was cancelled, terminated or reset, nor for a fleet that was cancelled.
func (a *Activities) Create(ctx context.Context, in CreateInput) (*CreateResult, error) {
	r := begin(ctx)
	defer r.cancel()
	switch {
	case r.info.Attempt > 1:
		return nil, unknown("an earlier attempt may have created it: create machines in one attempt")
	case in.RunID != "" && in.RunID != r.info.WorkflowExecution.RunID:
		return nil, unknown("the run that searched for it, " + in.RunID + ", was reset, and may have created it")
	}
	op, err := a.client.Machines.Create(r, in.Machine, r.once, paperspace.WithLimiter(lastLook{a, in.FleetID}))
	switch {
	case err != nil:
		return nil, r.failure(err)
	case op.Data.ID == "":
		return nil, unknown("the response has no ID")
	}
	return &CreateResult{MachineID: op.Data.ID, EventID: op.EventID()}, nil
}

// lastLook stops a create that is not wanted any more when it may be sent. A cancel of a fleet reaches its workflow at
// once, but its hundreds of members only one after the other, and no activity that a worker has begun.
type lastLook struct {
	activities *Activities
	fleetID    string
}

func (l lastLook) Wait(ctx context.Context) error {
	activity.RecordHeartbeat(ctx) // the first one of an activity asks the server before it returns
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if l.fleetID == "" || l.activities.ending == nil {
		return nil
	}
	ending, err := l.activities.ending(ctx, l.fleetID)
	if err != nil {
		return fmt.Errorf("asking Temporal for the workflow %q: %w", l.fleetID, err)
	}
	if ending {
		return fmt.Errorf("the workflow %q was cancelled or has ended", l.fleetID)
	}
	return nil
}

// workflowEnding asks Temporal's server whether a workflow was cancelled or has ended. It reports false for a workflow
// that does not exist and where the worker may not ask.
func workflowEnding(ctx context.Context, workflowID string) (bool, error) {
	described, err := activity.GetClient(ctx).DescribeWorkflowExecution(ctx, workflowID, "")
	switch serviceerror.ToStatus(err).Code() {
	case codes.OK:
		return described.GetWorkflowExtendedInfo().GetCancelRequested() || described.GetWorkflowExecutionInfo().GetCloseTime() != nil, nil
	case codes.NotFound, codes.PermissionDenied, codes.Unimplemented:
		return false, nil
	}
	return false, err
}

// unknown is the error of a create that was not sent, or whose response is of no use.
func unknown(reason string) error {
	return temporal.NewNonRetryableApplicationError("paperspace: machines-create: "+reason, ErrorOutcomeUnknown, nil)
}

// FindInput is the input of [Activities.Find].
type FindInput struct {
	// Name is the exact name; empty: all machines.
	Name string
	// After is the cursor of the page: the Next of the page before, empty for the first page.
	After string
}

// FindResult is one page of a search.
type FindResult struct {
	// Machines are the machines of the page that have the name, oldest first.
	Machines []MachineRef
	// Next is the cursor of the next page, empty on the last one. Read all pages: the API's filter also returns names
	// that contain the wanted one.
	Next string
}

// MachineRef names a machine.
type MachineRef struct {
	// ID is the machine's ID.
	ID string
	// Name need not be unique.
	Name string
}

// Find fetches one page, of up to 120 machines, of the search for a name. It begins with the oldest machine, so that
// one that appears during the search is on a later page.
func (a *Activities) Find(ctx context.Context, in FindInput) (*FindResult, error) {
	r := begin(ctx)
	defer r.cancel()
	page, err := a.client.Machines.List(r, paperspace.MachineListParams{
		Name: in.Name,
		ListParams: paperspace.ListParams{
			After: in.After, Limit: 120, OrderBy: paperspace.OrderByCreatedAt, Order: paperspace.OrderAsc,
		},
	}, r.once)
	switch {
	case err != nil:
		return nil, r.failure(err)
	case page.HasMore && (page.NextPage == "" || page.NextPage == in.After):
		return nil, temporal.NewApplicationError("paperspace: machines-list: there are more pages, but no cursor for the next", ErrorUnavailable)
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

// Get fetches a machine. One that does not exist is [ErrorNotFound].
func (a *Activities) Get(ctx context.Context, machineID string) (*paperspace.Machine, error) {
	r := begin(ctx)
	defer r.cancel()
	machine, err := a.client.Machines.Get(r, machineID, r.once)
	if err != nil {
		return nil, r.failure(err)
	}
	return machine, nil
}

// CreatedSince returns the IDs of the machines that were created since a time, newest first, as far as the newest 120
// events name them. Events may show a machine that the list of machines does not show yet.
func (a *Activities) CreatedSince(ctx context.Context, since time.Time) ([]string, error) {
	r := begin(ctx)
	defer r.cancel()
	page, err := a.client.MachineEvents.List(r, paperspace.MachineEventListParams{ListParams: paperspace.ListParams{Limit: 120}}, r.once)
	if err != nil {
		return nil, r.failure(err)
	}
	var ids []string
	for _, event := range page.Items {
		if event.Name == paperspace.MachineEventNameCreate && event.MachineID != "" && !event.CreatedAt.Before(since) {
			ids = append(ids, event.MachineID)
		}
	}
	return ids, nil
}

// AwaitInput says what [Activities.Await] waits for: the first of EventID, States, ListedAs and Gone that is set, else
// for the machine's creation.
type AwaitInput struct {
	// EventID is an event that has to end.
	EventID string
	// MachineID is the machine, unless EventID is set.
	MachineID string
	// States are the states of which the machine has to be in one.
	States []paperspace.MachineState
	// ListedAs is the name under which the list of machines has to show the machine.
	ListedAs string
	// Gone waits until the API does not know the machine any more.
	Gone bool
	// Limit is how long to wait, counted from when the activity was scheduled; no limit if zero. Only a response that
	// came after that can end the wait, so that time in a queue, and an outage, are no failure.
	Limit time.Duration
}

// Await checks its condition once, and ends with [ErrorPending] if it does not hold yet: Temporal polls by repeating
// the activity, so that waiting occupies no worker and no history. Call it with [Timing.PollOptions]. It returns the
// machine if it waits for States, else nil.
//
// An event that failed is [ErrorEventFailed]; one in state error with a finish time and without a reason counts as
// done, because the service reports completed operations so. A machine that is not listed in time is [ErrorListLag].
// Where the machine's creation is waited for, its own events are read, and a machine that was deleted is
// [ErrorNotFound].
func (a *Activities) Await(ctx context.Context, in AwaitInput) (*paperspace.Machine, error) {
	r := begin(ctx)
	defer r.cancel()
	machine, err := a.check(r, in)
	if is(err, ErrorPending) && in.Limit > 0 && a.elapsed(r.info) >= in.Limit {
		return nil, late(err, in)
	}
	return machine, err
}

// late is the error of a wait whose limit has passed.
func late(err error, in AwaitInput) error {
	kind := ErrorPending
	if in.ListedAs != "" {
		kind = ErrorListLag
	}
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf("%s after %s", reason(err), in.Limit), kind, nil)
}

func (a *Activities) check(r *request, in AwaitInput) (*paperspace.Machine, error) {
	switch {
	case in.EventID != "":
		event, err := a.client.MachineEvents.Get(r, in.EventID, r.once)
		if err != nil {
			return nil, r.failure(err)
		}
		return nil, r.ended(*event)
	case len(in.States) > 0:
		machine, err := a.client.Machines.Get(r, in.MachineID, r.once)
		switch {
		case err != nil:
			return nil, r.failure(err)
		case !slices.Contains(in.States, machine.State):
			return nil, pending("machine %s is %s", machine.ID, machine.State)
		}
		return machine, nil
	case in.ListedAs != "":
		return nil, a.listed(r, in)
	case in.Gone:
		machine, err := a.client.Machines.Get(r, in.MachineID, r.once)
		switch {
		case errors.Is(err, paperspace.ErrNotFound):
			return nil, nil
		case err != nil:
			return nil, r.failure(err)
		}
		return nil, pending("machine %s still exists, in state %s", machine.ID, machine.State)
	}
	return nil, a.created(r, in.MachineID)
}

// listed looks for the machine among the newest of its name.
func (a *Activities) listed(r *request, in AwaitInput) error {
	page, err := a.client.Machines.List(r, paperspace.MachineListParams{
		Name: in.ListedAs,
		ListParams: paperspace.ListParams{
			Limit: 120, OrderBy: paperspace.OrderByCreatedAt, Order: paperspace.OrderDesc,
		},
	}, r.once)
	if err != nil {
		return r.failure(err)
	}
	for _, m := range page.Items {
		if m.ID == in.MachineID {
			return nil
		}
	}
	return pending("the list does not show machine %s", in.MachineID)
}

// created looks in the machine's events, newest first, for its creation, and for a deletion after it.
func (a *Activities) created(r *request, machineID string) error {
	if machineID == "" {
		return refused("Await: neither EventID nor MachineID is set")
	}
	page, err := a.client.MachineEvents.List(r, paperspace.MachineEventListParams{
		MachineID: machineID, ListParams: paperspace.ListParams{Limit: 120},
	}, r.once)
	switch {
	case err != nil:
		return r.failure(err)
	case len(page.Items) == 0:
		return notFound("machine " + machineID + " has no events")
	}
	for _, event := range page.Items {
		switch event.Name {
		case paperspace.MachineEventNameCreate:
			return r.ended(event)
		case paperspace.MachineEventNameDeactivate:
			switch err := r.ended(event); {
			case is(err, ErrorEventFailed): // the machine still exists
			case err != nil:
				return err
			default:
				return notFound("machine " + machineID + " is deleted")
			}
		}
	}
	return nil // it was created long ago
}

// ended is nil for an event that is done.
func (r *request) ended(event paperspace.MachineEvent) error {
	silent := event.State == paperspace.MachineEventStateError && event.Error == "" && !event.FinishedAt.IsZero()
	switch {
	case !event.Finished():
		return pending("event %s (%s) is %s", event.ID, event.Name, event.State)
	case event.State == paperspace.MachineEventStateDone || silent:
		return nil
	}
	return temporal.NewNonRetryableApplicationError(r.text(&paperspace.EventError{Event: event}), ErrorEventFailed, nil)
}

// pending is benign: the engine's logs and metrics do not count it as a failure.
func pending(format string, args ...any) error {
	return temporal.NewApplicationErrorWithOptions(clip("paperspace: "+fmt.Sprintf(format, args...), maxText), ErrorPending,
		temporal.ApplicationErrorOptions{Category: temporal.ApplicationErrorCategoryBenign})
}

func notFound(reason string) error {
	return temporal.NewNonRetryableApplicationError("paperspace: "+reason, ErrorNotFound, nil)
}

// Start starts the machine, which has to be off, and returns the ID of the event that tracks it; the ID may be empty.
// The service refuses to start a machine that is starting already.
func (a *Activities) Start(ctx context.Context, machineID string) (string, error) {
	return change(ctx, machineID, a.client.Machines.Start)
}

// Stop stops the machine, as [Activities.Start] starts it.
func (a *Activities) Stop(ctx context.Context, machineID string) (string, error) {
	return change(ctx, machineID, a.client.Machines.Stop)
}

// Delete deletes the machine and its disk, and returns the ID of the event that tracks it; the ID may be empty. A
// machine that is gone is [ErrorNotFound]; the service refuses to delete one that is being deleted. A static public IP
// is not released, and is charged until it is.
func (a *Activities) Delete(ctx context.Context, machineID string) (string, error) {
	return change(ctx, machineID, a.client.Machines.Delete)
}

func change(
	ctx context.Context, machineID string,
	call func(context.Context, string, ...paperspace.RequestOption) (*paperspace.Operation[paperspace.Machine], error),
) (string, error) {
	r := begin(ctx)
	defer r.cancel()
	op, err := call(r, machineID, r.once)
	if err != nil {
		return "", r.failure(err)
	}
	return op.EventID(), nil
}
