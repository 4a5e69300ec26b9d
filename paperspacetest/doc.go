// Package paperspacetest provides an in-memory Paperspace for testing programs that use package paperspace.
//
//	srv := paperspacetest.New(t)
//	client := srv.Client()
//
// The server implements every endpoint of the API and keeps state: an object that was created can be listed, read,
// changed and deleted, and deleting it deletes what belongs to it. Machines, events and deployments change state over
// time. The server starts no goroutine and needs no network, so it also works inside a testing/synctest bubble, where a
// wait of half an hour takes a millisecond. Outside a bubble, [WithClock], [WithSpeed] and [WithDurations] control
// time.
//
// The server is strict: it refuses every request that violates the API's contract (an unknown or missing field, a wrong
// type, a value out of range, another content type) with the error of the real service.
//
// A new server has a user and a team ([UserID], [TeamID]), another team member, machine types, OS templates, private
// networks and custom templates. The Add methods add objects that the API itself cannot create.
//
// # Faults
//
// [Server.Inject] makes calls fail: with a status, an HTML page, no body, a slow or truncated body, or a connection
// that is cut before or after the call takes effect. [Server.NextEvent], [Server.EndEvent] and [Server.NextSpec] make
// events and deployment specs fail, be cancelled or hang. [Server.SetAvailable] removes the capacity for a machine
// type. [Server.Calls] returns the requests that the server received.
//
// # Deviations
//
// Where the live service is known to deviate from its contract, the server deviates too. [WithStrictContract] turns
// deviations off, one by one or all at once. Each [Deviation] has its own documentation:
//
//	long-regions          regions in responses are "East Coast (NY2)", not "ny2"
//	integers-as-strings   sizes in bytes are strings
//	null-in-new-machines  ram, storageTotal, storageUsed and region are null while a machine is provisioned
//	null-next-page        nextPage is null, not absent, on the last page
//	null-session          auth-session returns null for a wrong key
//	null-private-network  privateNetworks-get returns null for an unknown network, and for the team's default one
//	no-405                a wrong method on a known path returns 404
//	issues                a validation error lists its issues in a field of their own
//	empty-object-body     {} is accepted by writes that have no body
//
// # Limits
//
// The server runs no machines. Logs, metrics and storage utilization are made up, and schedules (automatic shutdowns
// and snapshots) are stored but never run. What the service refuses beyond its contract is known in few cases and
// guessed in the others.
package paperspacetest
