// Package paperspace is a client for the Paperspace v1 API: GPU machines, deployments, datasets, networks and what
// belongs to them.
//
// # Start
//
// Make a [Client] and call the operations of its services:
//
//	client, err := paperspace.NewClient(paperspace.FromEnv())
//	machine, err := client.Machines.Get(ctx, "psm9u09bwu5i")
//
// A client is safe for concurrent use. Optional fields of params are pointers, which Go 1.26 makes with new(true) or
// new("text"); fields that can be set to null are [Nullable].
//
// # Lists
//
// List methods fetch a [Page]; All methods walk all pages and fetch each when it is needed:
//
//	for machine, err := range client.Machines.All(ctx, paperspace.MachineListParams{Region: paperspace.RegionNY2}) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(machine.Name)
//	}
//
// # Operations that take time
//
// Calls that start work return an [Operation]. [Operation.Wait] follows its event to the end, [Operation.Watch] yields
// each change on the way, and [MachineEventsService.Wait] goes on with an event's id in another process. A failed
// poll is no failed operation, and a wait that ends early, with a [WaitError], leaves the operation going on. All waits
// of a client share their polls, so that a fleet may wait in as many goroutines as it has machines.
//
// That an operation is done does not mean that a machine is ready or a deployment healthy:
// [MachinesService.EnsureReady], [MachinesService.WaitForState] and [DeploymentsService.WaitUntilHealthy] wait for that.
//
// # Errors
//
// A call that failed is an [*Error]; test it with errors.Is and the sentinels of this package, such as [ErrNotFound].
// [ErrOutcomeUnknown] marks a write that may have been carried out all the same. A parameter that cannot be sent is a
// [*ParamError], and nothing was sent.
//
// # Retries
//
// What may be sent again is decided for each operation; see [Class], [RetryPolicy] and [WithRetryPolicy].
//
// # Secrets
//
// The API key goes only to the origin of the base URL. Secrets in params and results are [Sensitive] and print as
// [REDACTED].
//
// # Options
//
// An [Option] changes a client, as it is made or as a copy by [Client.With]; a [RequestOption] changes one call and a
// [WaitOption] one wait. What this package does not know yet is sent with [WithHeader], [WithQuery] and [WithBodyField],
// and [Client.Do] calls endpoints that have no method. [WithResponse] captures what came back.
//
// # Logs, traces and metrics
//
// [WithLogger] logs every attempt through slog, without ids, bodies or secrets. [WithHook] runs around every call, and
// [EndpointFromContext] returns the endpoint that a RoundTripper serves; the module
// [github.com/paperspace-go/paperspace/otel] makes traces and metrics of that.
//
// # Tests
//
// Package [github.com/paperspace-go/paperspace/paperspacetest] is a Paperspace in memory: it has all operations,
// remembers what they do, and fails on demand.
package paperspace
