// Package paperspacetest is a Paperspace in memory, for the tests of programs that use package paperspace.
//
//	srv := paperspacetest.New(t)
//	client := srv.Client()
//
// It has all operations of the API and remembers what they do: what is created is listed, read, changed and deleted,
// and what belongs to something goes with it. Machines go through their states, events from new through in progress to
// done, and deployments get applied and healthy, by a clock. Nothing runs in the background, and no network is needed,
// so it also works inside a testing/synctest bubble, where a wait of half an hour takes a millisecond. [WithClock],
// [WithSpeed] and [WithDurations] set the time elsewhere.
//
// It is strict: a request that breaks the API's contract in any way (an unknown or missing field, a wrong type, a value
// out of range, another content type) is refused, with the service's own errors.
//
// A new server has a user and a team ([UserID], [TeamID]), another member, machine types, OS templates, private networks
// and custom templates. The Add methods add more of what the API itself cannot create.
//
// # What goes wrong
//
// [Server.Inject] makes calls fail: with a status, a cut connection before or after the call was carried out, an HTML
// page, no body, a slow or truncated one. [Server.NextEvent], [Server.EndEvent] and [Server.NextSpec] make what calls
// have begun fail, be cancelled or hang, and [Server.SetAvailable] takes away the room for machines. [Server.Calls]
// tells what was received.
//
// # Deviations
//
// Where the live service is known to differ from its contract, the server does as the live service.
// [WithStrictContract] switches that off, one by one or all at once. Each [Deviation] says what it is:
//
//	long-regions          regions are "East Coast (NY2)" in answers, not "ny2"
//	integers-as-strings   sizes in bytes are strings
//	null-in-new-machines  ram, storageTotal, storageUsed and region are null while a machine is provisioned
//	null-next-page        nextPage is null, not absent, on the last page
//	null-session          auth-session answers null to a wrong key
//	null-private-network  privateNetworks-get answers null for an unknown network, and for the team's default one
//	no-405                a wrong method on a known path is 404
//	issues                a refused input has its issues in a field of their own
//	empty-object-body     {} is taken where no body is
//
// # What it does not do
//
// It makes no machines and runs nothing: logs, metrics and storage utilization are made up, schedules (automatic
// shutdowns and snapshots) are kept and never act. What the service refuses beyond its contract is known for few things
// only, and guessed for others.
package paperspacetest
