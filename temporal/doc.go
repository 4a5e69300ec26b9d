// Package paperspacetemporal makes machines with Temporal, a durable execution engine, so that a fleet survives the
// crashes of its workers: a worker may be killed between a create and the note of its answer, and no machine is created
// twice, nor lost.
//
// A worker takes one line beyond Temporal's own:
//
//	w := worker.New(temporalClient, "paperspace", worker.Options{TaskQueueActivitiesPerSecond: 5})
//	paperspacetemporal.Register(w, paperspaceClient)
//
// And any program starts workflows:
//
//	run, err := temporalClient.ExecuteWorkflow(ctx, paperspacetemporal.StartOptions("paperspace", "trainer"),
//		paperspacetemporal.Provision, paperspacetemporal.ProvisionInput{Machine: params})
//
// [Provision] makes one machine, [Fleet] many; [Deprovision] and [FleetDown] delete them. The [Activities] under them are
// there for workflows of your own.
//
// # What keeps a machine from being doubled
//
// The API has no idempotency key, so a machine's name is its identity, and these hold together:
//   - The id of the workflow is the machine's name: no two run at once in a namespace.
//   - Each create follows upon a search, over all pages, that found no machine of the exact name.
//   - A create is sent once. Its request ends before the engine gives its activity up: [Timing.Request].
//   - Unless the service certainly did not carry it out, nothing is created again before the settle time has passed and
//     another search has found nothing: [Timing.Settle].
//   - A create belongs to the run that made the search. After a reset of the workflow, nothing is sent on the strength of
//     a search from before it, and the next search waits for what may be on its way.
//   - A cancelled workflow does not end while a create is on its way.
//
// What is left:
//   - a machine that shows in no list for longer than the settle time;
//   - a request that reaches the service later than that, because a network or a proxy kept it, or because the worker was
//     suspended between its last look at the clock and the request;
//   - a workflow that is terminated, or meets a time limit of its own, and is started again before Request and Settle
//     together have passed;
//   - an engine that forgets: one that is restored from a backup, or fails over to a cluster that lags behind;
//   - someone else who creates a machine of the same name, from another namespace, say.
//
// [Fleet] ends with an audit that finds doubled machines, and [Provision] refuses to go on with a name that is doubled.
//
// # What the engine keeps
//
// Inputs, results and errors are in the history of a workflow, as JSON, for whoever may read the namespace: names,
// addresses and ids, but no API key and nothing of type [paperspace.Sensitive]. MachineCreateParams have none: a startup
// script is given by its id. A Sensitive in an input of a workflow of your own would arrive as its mask, which the SDK
// refuses to send; let an activity fetch it where it is kept, or see the SDK's package converter for a codec that
// encrypts.
package paperspacetemporal
