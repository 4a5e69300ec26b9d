package paperspacetemporal

import (
	"math"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/paperspace-go/paperspace"
)

// Register registers the workflows [Provision], [Deprovision], [Fleet] and [FleetDown], those that fleets are made of,
// and the [Activities] with a worker, which then runs them with the client. It panics, as the worker does, if one of
// the names is taken. Give each API key a task queue of its own: the workers of a queue share its pace and its key.
//
// The workflows are registered as pinned: with worker versioning, a workflow stays on the build that started it.
func Register(w worker.Registry, c *paperspace.Client) {
	if c == nil {
		panic("paperspacetemporal: Register: the client is nil")
	}
	a := newActivities(c)
	if _, ok := w.(worker.Worker); ok { // and not Temporal's test environment, which has no server
		a.ending = workflowEnding
	}
	register(w, a)
}

func register(w worker.Registry, a *Activities) {
	for _, f := range []any{Provision, Deprovision, Fleet, FleetDown, FleetGroup, FleetAudit} {
		w.RegisterWorkflowWithOptions(f, workflow.RegisterOptions{VersioningBehavior: workflow.VersioningBehaviorPinned})
	}
	w.RegisterActivity(a)
}

// WorkerOptions returns options for a worker that sends requests at a rate: the requests a second that the API key
// allows, divided by the number of workers. The client needs a limiter of the same rate, with a burst of 1:
// [paperspace.WithLimiter]. The worker then holds no more activities than it can send in a second: what it does not
// hold, another worker can take, and a cancel can recall.
//
// They set no TaskQueueActivitiesPerSecond: Temporal divides that among the partitions of the queue, which lets twice
// the rate through in some seconds and, at low rates, leaves workers idle in others.
func WorkerOptions(rate float64) worker.Options {
	return worker.Options{
		MaxConcurrentActivityExecutionSize: max(1, int(math.Ceil(rate))),
		DisableEagerActivities:             true,
		WorkerStopTimeout:                  2 * time.Minute, // lets requests end before the process does
	}
}

// WorkflowID returns the ID for the [Provision] and the [Deprovision] of a machine: its name, after the team and a
// slash if the team is not empty.
func WorkflowID(team, name string) string {
	if team == "" {
		return name
	}
	return team + "/" + name
}

// StartOptions returns the options to start a workflow of this package with. The ID of a [Provision] and of a
// [Deprovision] is the machine's [WorkflowID], so that they exclude each other: while one runs, starting another is an
// error, and after it has ended, however it did, the next may run. [Fleet] and [FleetDown] take a name for the fleet,
// which no machine has.
//
// Leave unset what is not set here: a time limit of the workflow, or a policy that terminates a running one, ends it
// while a create may be on its way, and a rerun could then search too early.
func StartOptions(taskQueue, id string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                                       id,
		TaskQueue:                                taskQueue,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}
}

// ChildOptions returns the options to run a workflow of this package with as a child of your own, as
// workflow.WithChildOptions(ctx, ChildOptions(taskQueue, id)); the ID is as for [StartOptions]. When the parent ends
// first, whether it timed out, failed or was terminated, the child is cancelled. Temporal's default would terminate it,
// and a rerun of the parent could then create a machine a second time.
func ChildOptions(taskQueue, id string) workflow.ChildWorkflowOptions {
	return workflow.ChildWorkflowOptions{
		WorkflowID:            id,
		TaskQueue:             taskQueue,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
		WaitForCancellation:   true,
	}
}
