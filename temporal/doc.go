// Package paperspacetemporal creates machines with Temporal, a durable execution engine, so that a fleet survives the
// crashes of its workers: a worker may be killed between a create and its response, and no machine is created twice,
// nor lost.
//
// A worker takes one line beyond Temporal's own:
//
//	w := worker.New(temporalClient, "paperspace", paperspacetemporal.WorkerOptions(5))
//	paperspacetemporal.Register(w, paperspaceClient)
//
// And any program starts workflows:
//
//	run, err := temporalClient.ExecuteWorkflow(ctx, paperspacetemporal.StartOptions("paperspace", "trainer"),
//		paperspacetemporal.Provision, paperspacetemporal.ProvisionInput{Machine: params})
//
// [Provision] creates one machine, [Fleet] many; [Deprovision] and [FleetDown] delete them. Workflows of your own run
// them as children with [ChildOptions], or call the [Activities] with the options of [Timing].
//
// # What keeps a machine from being doubled
//
// The API has no idempotency key, so a machine's name is its identity, and these hold together:
//   - The ID of the workflow is the machine's name: no two run at once in a namespace.
//   - Each create follows a search, over all pages, that found no machine of the exact name.
//   - A create is sent once. Its request ends before Temporal gives its activity up: [Timing.Request].
//   - Unless the service certainly did not carry it out, nothing is created again before the settle time has passed,
//     and another search has found nothing, nor have the newest events: [Timing.Settle].
//   - Every new machine has to show in the list within half of the settle time, else nothing more is created:
//     [ErrorListLag].
//   - A create belongs to the run that made the search. After a reset of the workflow, nothing is sent on the strength
//     of a search from before it, and the next search waits for what may be on its way.
//   - When its pace allows the create, the activity asks Temporal whether it is still wanted: by a workflow that was
//     not cancelled, terminated or reset meanwhile, and by a fleet that was not cancelled.
//   - A cancelled workflow does not end while a create is on its way.
//
// # What a frozen worker may do
//
// A worker that is frozen (a suspended VM, SIGSTOP) sends nothing after three quarters of Request, by its own clock,
// however long it was frozen. A request that it had sent before may still reach the service late, because a network or
// a proxy kept it. That is safe as long as its machine shows in the list within Request and Settle together, from when
// the activity began: the search that decides about another create comes after that, and finds it. Later than that, the
// machine is doubled, and the audit of [Fleet] says so. With the defaults that is 6.5 minutes.
//
// # What is left
//
//   - a request that reaches the service later than Request and Settle together;
//   - a list that shows some machines in time and others not;
//   - a workflow that is terminated, or meets a time limit of its own, and is started again before Request and Settle
//     together have passed;
//   - a Temporal that forgets: restored from a backup, or failed over to a cluster that lags behind;
//   - someone else who creates a machine of the same name, from another namespace, for example.
//
// # What may end or stall a workflow
//
// Only the API itself: a response that is not its own, from a proxy or a firewall, is a failed attempt. A Retry-After
// is obeyed up to 5 minutes. An outage is waited out, however long it takes; cancel workflows that should not wait. A
// wait ends at its limit by a response that came after it: time in a task queue counts against no limit.
//
// # What Temporal keeps
//
// Inputs, results and errors are in the history of a workflow, as JSON, for whoever may read the namespace: names,
// addresses and IDs, but nothing of type [paperspace.Sensitive] and no API key, also where a response repeats it.
// MachineCreateParams have no secrets: a startup script is given by its ID. A Sensitive in an input of a workflow of
// your own would arrive as its mask, which the SDK refuses to send; let an activity fetch it where it is kept, or see
// the Temporal SDK's package converter for a codec that encrypts.
//
// The sizes are bounded: a text has at most 1 KB, a result about 200 KB, a group of a fleet about 2,500 events and 1
// MB, and the workflow of a fleet about 5,000 events for 1000 names, and 20,000 events and 5 MB for 100,000, of
// Temporal's 51,200 and 50 MB. What breaks first is the API: at 5 requests a second, 100,000 machines of 5 requests
// each take 28 hours.
package paperspacetemporal
