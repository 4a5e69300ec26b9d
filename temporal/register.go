package paperspacetemporal

import (
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/paperspace-go/paperspace"
)

// Register has a worker carry out the workflows [Provision], [Deprovision], [Fleet] and [FleetDown], by these names, and
// the [Activities], with the client. It panics, as the worker does, if the worker has something of one of the names: give
// Paperspace a task queue of its own, which the rate limit needs anyway.
func Register(w worker.Registry, c *paperspace.Client) {
	if c == nil {
		panic("paperspacetemporal: Register: the client is nil")
	}
	w.RegisterWorkflow(Provision)
	w.RegisterWorkflow(Deprovision)
	w.RegisterWorkflow(Fleet)
	w.RegisterWorkflow(FleetDown)
	w.RegisterActivity(&Activities{client: c})
}

// StartOptions are the options to start a workflow of this package with. The id of a [Provision] and of a [Deprovision]
// is the machine's name, so that they exclude each other: while one runs, starting another is an error, and after it has
// ended, however it did, the next may run. [Fleet] and [FleetDown] take a name for the fleet, which no machine has.
//
// What is not set here is better left so: a time limit of the workflow, or a policy that terminates one that runs, ends
// it while a create may be on its way, and a rerun could then search too early.
func StartOptions(taskQueue, id string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                                       id,
		TaskQueue:                                taskQueue,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}
}
