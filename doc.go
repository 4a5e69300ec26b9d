// Package paperspace is a client for the Paperspace v1 API: GPU machines, deployments, datasets, networks and related
// resources.
//
// # Getting started
//
// Create a [Client] and call the methods of its services:
//
//	client, err := paperspace.NewClient(paperspace.FromEnv())
//	machine, err := client.Machines.Get(ctx, "psm9u09bwu5i")
//
// A client is safe for concurrent use. Optional fields of params are pointers, such as new(true) or new("text") in Go
// 1.26. Optional fields that can also be null are [Nullable].
//
// # Lists
//
// The List methods fetch one [Page]. The All methods iterate over all pages and fetch each page when it is needed:
//
//	for machine, err := range client.Machines.All(ctx, paperspace.MachineListParams{Region: paperspace.RegionNY2}) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(machine.Name)
//	}
//
// # Operations
//
// Methods that start work in the service return an [Operation], which an event tracks. [Operation.Wait] waits until the
// event ends, and [Operation.Watch] yields its changes. [MachineEventsService.Wait] waits for events by ID, such as in
// another process. A failed poll does not fail the operation. When a wait ends early, with a [*WaitError], the
// operation continues. Waits share pages of lists and a budget of 10 requests per second, so a program can wait for
// hundreds of machines at once; see [WithPollInterval].
//
// An operation that is done does not mean that a machine is ready or a deployment is healthy. To wait for that, use
// [MachinesService.WaitForState] or [DeploymentsService.WaitUntilHealthy].
//
// # Ensure methods
//
// An Ensure method brings an object into a state, whatever its state is, and waits until it is there. It sends only the
// requests that are needed, and can be called again after an error or in another process:
//
//   - [MachinesService.EnsureCreated]: the machine of a name exists.
//   - [MachinesService.EnsureReady], [MachinesService.EnsureOff], [MachinesService.EnsureState]: a machine is ready or off.
//   - [MachinesService.EnsureDeleted]: a machine does not exist.
//   - [DeploymentsService.Apply]: a deployment has a configuration and is healthy.
//   - [DeploymentsService.EnsureDeleted]: a deployment does not exist.
//   - [PublicIPsService.EnsureReleased]: the team does not have an address.
//
// A response that is lost does not end them: they find out whether the request was carried out. EnsureCreated sends a
// create at most once, and returns [ErrOutcomeUnknown] if it cannot find out. It cannot prevent that two programs create
// a machine of one name at the same time; the module [github.com/paperspace-go/paperspace/temporal] can.
// [MachinesService.FindOrCreate] is EnsureCreated without the wait, for a program that stores what it waits for.
//
// # Updates
//
// An update leaves fields that are not set as they are. [Changed] returns the fields of an update that differ from what
// an object has now:
//
//	change := paperspace.Changed(machine.UpdateParams(), want)
//	if !change.IsZero() {
//		op, err := client.Machines.Update(ctx, machine.ID, change)
//	}
//
// # Errors
//
// Test for errors with errors.Is, and read their details with errors.AsType:
//
//	op, err := client.Machines.Create(ctx, params)
//	switch {
//	case errors.Is(err, paperspace.ErrOutcomeUnknown):
//		// The machine may exist: look for its name before you send the request again.
//	case errors.Is(err, paperspace.ErrTooManyRequests):
//		// Nothing was created.
//	}
//	if e, ok := errors.AsType[*paperspace.Error](err); ok {
//		log.Print(e.Code, e.Issues)
//	}
//
// These are the types:
//
//   - [*ParamError]: a parameter or an option is invalid. Nothing was sent.
//   - [*Error]: a call failed. [ErrNotFound] and the like match only errors of the API itself, so the 404 of a proxy is
//     not mistaken for a deletion.
//   - [*EventError]: an operation failed or was cancelled.
//   - [*DeploymentError]: a deployment did not become healthy.
//   - [*WaitError]: a wait ended early. It names what is pending.
//
// # Responses
//
// The service does not always keep to its contract. A number in a string or a time without a zone is decoded. Any other
// odd value leaves its field zero and the rest of the response intact; [CallResult.Odd] and the logger report it. See
// [Odd] and [WithStrictDecoding].
//
// # Retries
//
// Whether a failed request is retried depends on its endpoint, its error and the retry policy; see [Class],
// [RetryPolicy] and [WithRetryPolicy].
//
// # Secrets
//
// The API key is sent only to the origin of the base URL. Secrets in params and results are [Sensitive] and print as
// [REDACTED].
//
// # Options
//
// An [Option] configures a client, a [RequestOption] one call and a [WaitOption] one wait. An [EnsureOption] configures
// [MachinesService.EnsureCreated] and [MachinesService.FindOrCreate], which also take request and wait options. This
// table lists all options, and the methods that refuse them because they have no effect there:
//
//	option                  configures       refused by
//	FromEnv                 client
//	JoinOptions             client
//	WithAPIKey              client
//	WithAPIKeyFunc          client
//	WithBaseURL             client
//	WithHTTPClient          client
//	WithHeaderFunc          client
//	WithHook                client
//	WithLogger              client
//	WithMaxResponseBody     client
//	WithPollInterval        client
//	WithStrictDecoding      client
//	WithUserAgent           client
//	WithLimiter             client, request
//	WithRetryPolicy         client, request
//	WithBodyField           request          methods that send no body
//	WithHeader              request
//	WithPrefetch            request          all but the All methods
//	WithQuery               request
//	WithResponse            request
//	WithTimeout             request
//	WithFailureGrace        wait             all but Deployments.WaitUntilHealthy, Deployments.Apply
//	WithNotFoundGrace       wait             Machines.WaitUntilDeleted, Machines.EnsureDeleted,
//	                                         Deployments.EnsureDeleted, PublicIPs.EnsureReleased
//	WithOnChange            wait             Deployments.FollowLogs, Deployments.EnsureDeleted,
//	                                         PublicIPs.EnsureReleased
//	WithSilentErrorsAsDone  wait             Machines.WaitUntilDeleted, Machines.Watch, Deployments.WaitUntilHealthy,
//	                                         Deployments.Apply, Deployments.Watch, Deployments.FollowLogs,
//	                                         Deployments.EnsureDeleted, PublicIPs.EnsureReleased
//	WithUpsertOptions       wait             all but Deployments.Apply
//	WithWaitTimeout         wait
//	WithMatch               Machines.EnsureCreated, Machines.FindOrCreate
//	WithSearchTimeout       Machines.EnsureCreated, Machines.FindOrCreate
//
// [WithHeader], [WithHeaderFunc], [WithQuery] and [WithBodyField] send what this package does not know yet, and
// [Client.Do] calls endpoints that it has no method for. [WithResponse] captures the HTTP response.
//
// # When a wait does not end
//
// [WithOnChange] reports each change that the wait sees. [WithLogger] logs failed polls at level warn, and all polls at
// level debug. The [*WaitError] names what is pending, its last state, and the error of the last poll. The service may
// leave an event in progress when there is no capacity for a machine: [MachineEventsService.List] shows the team's
// events, the newest first.
//
// # Logs, traces and metrics
//
// [WithLogger] logs every attempt with slog, without IDs, bodies or secrets. [WithHook] runs a function around every
// call, and [EndpointFromContext] returns the endpoint of a request to a RoundTripper. The module
// [github.com/paperspace-go/paperspace/otel] records traces and metrics with them.
//
// # What the API does not offer
//
// The API has no endpoint that uploads the files of a dataset or a model, lists the machine types and their prices, lists
// a user's teams, returns the text of a startup script or the value of a secret, or manages notebooks and workflows.
// [Session] contains the memberships of the user, and [OSTemplate] the machine types that a template is available on.
//
// # Tests
//
// Package [github.com/paperspace-go/paperspace/paperspacetest] is an in-memory Paperspace for tests: it implements all
// endpoints, keeps state, and injects faults on demand.
package paperspace

//go:generate go run ./internal/cmd/format
//go:generate go run ./internal/cmd/apidoc
//go:generate go run ./internal/cmd/exported
