package main

// An assumption is something that the SDK, its documentation or paperspacetest expects of the service, beyond the API's
// contract or because of it.
type assumption struct {
	name  string
	claim string // what is assumed, as a sentence
	used  string // what relies on it
	how   string // how the probe checks it
	check func(*probe) tally
}

// A tally counts the observations that agree with an assumption and those that contradict it.
type tally struct{ agree, contradict int }

func (t *tally) add(agrees bool) {
	if agrees {
		t.agree++
	} else {
		t.contradict++
	}
}

// A verdict is what the observations say about an assumption.
type verdict string

const (
	held    verdict = "held"
	refuted verdict = "refuted"
	notSeen verdict = "not seen"
)

func (t tally) verdict() verdict {
	switch {
	case t.contradict > 0:
		return refuted
	case t.agree > 0:
		return held
	}
	return notSeen
}

// assumptions returns all assumptions.
func assumptions() []assumption {
	return []assumption{
		// Responses.
		{"json", "Successful responses are JSON, with the Content-Type application/json.",
			"decoding; a response of another type does not come from the API", "all responses", isJSON},
		{"date", "Every response has a Date.",
			"waits judge the age of events by the service's clock, and Retry-After dates", "all responses", hasDate},
		{"request-id", "Every response has an X-Request-Id.",
			"Error.RequestID, CallResult.RequestID", "all responses", hasRequestID},
		{"decodes", "The SDK decodes every successful response, and finds no odd values.",
			"all methods", "all successful calls", decodes},
		{"required-members", "No member is missing that the contract requires.",
			"fields without a pointer", "all responses", without(missingMember)},
		{"known-members", "Responses have no members that the contract does not have.",
			"the types of responses", "all responses", without(unknownMember)},
		{"nulls", "Nulls are only where the contract allows them, in nextPage and in new machines.",
			"fields without a pointer", "all responses", without(unexpectedNull)},
		{"types", "Values have the types of the contract, except that integers may be strings.",
			"the types of responses", "all responses", without(otherType)},
		{"values", "Values that the contract lists are complete.",
			"the constants of states, event names and so on", "all responses", without(otherValue)},
		{"formats", "Times, UUIDs and ranges are as the contract says.",
			"time.Time fields", "all responses", without(otherFormat)},
		{"integers-as-strings", "Sizes in bytes are strings.",
			"paperspacetest", "all members that the contract calls int64, and accelerators' memory", sizesAreStrings},
		{"ram-in-bytes", "The RAM of a machine is in bytes.",
			"Machine.RAM", "at least 256 MiB", ramInBytes},
		{"known-regions", "Regions are ny2, ca1 or ams1, in a spelling that ParseRegion reads.",
			"Region", "all regions in lists", regionsAreKnown},
		{"long-regions", "Regions are spelled like \"East Coast (NY2)\".",
			"Region.Long, paperspacetest", "all regions in lists", regionsAreLong},
		{"no-secrets", "Secrets, registries and startup scripts are returned without value, password and script.",
			"Secret, ContainerRegistry, StartupScript", "the objects in lists", secretsAreHidden},

		// Errors.
		{"api-errors", "Errors of the API have a message and a code, both strings.",
			"ErrNotFound and other errors must come from the API itself", "all refused calls", errorsHaveCodes},
		{"unknown-id", "An unknown id is a 404, NOT_FOUND.",
			"ErrNotFound", "get, with a random UUID, for each kind of object but private networks", unknownIDIsNotFound},
		{"null-private-network", "An unknown private network is null, with status 200.",
			"PrivateNetworks.Get, paperspacetest", "get, with a random UUID", unknownNetworkIsNull},
		{"unknown-path", "An unknown path is a 404, NOT_FOUND, of the API itself.",
			"ErrNotFound does not distinguish it from an unknown id", "GET /paperspace-probe", notFoundFor(unknownPath)},
		{"no-405", "A wrong method on a known path is a 404, NOT_FOUND.",
			"paperspacetest", "PATCH /os-templates, with a wrong key", notFoundFor(wrongMethod)},
		{"base-url", "A base URL without /v1 is a 404, NOT_FOUND, of the API itself.",
			"ErrNotFound does not distinguish it from an unknown id", "GET /machines, with a wrong key", notFoundFor(withoutVersion)},
		{"wrong-key", "A wrong key is a 401, UNAUTHORIZED.",
			"ErrUnauthorized ends all waits", "machines-list, with a wrong key", wrongKeyIsUnauthorized},
		{"null-session", "The session of a wrong key is null, with status 200.",
			"Auth.Session, paperspacetest", "auth-session, with a wrong key", wrongSessionIsNull},
		{"no-key", "OS templates are listed without a key.",
			"OSTemplates.List needs none", "osTemplates-list, without a key", templatesNeedNoKey},
		{"bad-request", "An invalid value in the query is a 400, BAD_REQUEST.",
			"ErrBadRequest", "machines-list, with an unknown order", invalidQueryIsBadRequest},
		{"issues", "A validation error has its issues in the member issues.",
			"Error.Issues, paperspacetest", "machines-list, with an unknown order", errorHasIssues},

		// Lists.
		{"page-size", "Lists accept a limit of 120.",
			"the All methods", "each list", limitIsAccepted},
		{"limit", "The first page of a list has its first objects, no more than the limit.",
			"Page", "each list with several objects, with a limit of 1", firstPageHasFirst},
		{"cursor", "The cursor of a page continues with the next object.",
			"the All methods", "each list with several objects, with a limit of 1", secondPageHasSecond},
		{"more-has-cursor", "A page with hasMore has a nextPage.",
			"the All methods end with an error otherwise", "all pages", moreHasCursor},
		{"null-next-page", "The last page has a nextPage of null.",
			"paperspacetest", "all pages", lastPageHasNull},
		{"newest-first", "Lists are sorted by creation, newest first, unless the contract says otherwise.",
			"waits that read the newest machines and events, Deployments.FollowLogs", "each list", newestFirst},
		{"name-filter", "The filter name finds objects with exactly this name.",
			"GetByName", "each list with the filter", finds(exactName)},
		{"partial-names", "The filter name finds objects whose names contain the text, too.",
			"GetByName compares names itself; paperspacetest", "each list with the filter", finds(partOfName)},
		{"machine-filter", "The filter machineId selects the events of the machine.",
			"WaitForState, EnsureReady, EnsureOff", "the machine of the newest event, and the new machine", filterSelectsMachine},
		{"private-datasets", "Without a filter, datasets-list lists private datasets only.",
			"Datasets.List, Datasets.GetByName", "datasets-list", datasetsArePrivate},

		// Events and deployments.
		{"silent-errors", "An event in state error with a finish time and without a reason had its effect.",
			"WithSilentErrorsAsDone", "the state of a machine whose newest event ended so", silentErrorTookEffect},
		{"deployment-names", "A project has one deployment of a name.",
			"Deployments.Apply and GetByName know a deployment by project and name", "projects with several deployments",
			deploymentNamesAreUnique},
		{"applied-before-healthy", "A healthy spec was applied before.",
			"Deployments.WaitUntilHealthy, Deployments.Apply", "all specs", appliedBeforeHealthy},
		{"latest-spec", "A deployment's latest spec is the first in its history.",
			"waits for the spec of an upsert", "deployments-get and deploymentHistory-list", latestSpecIsFirst},

		{"endpoint-host", "A deployment's endpoint is a host, without a scheme.",
			"Deployment.Endpoint", "deployments-list", endpointIsHost},

		// Disabled deployments, with -live.
		{"deployment-by-name", "An upsert without an ID updates the project's deployment of the name.",
			"Deployments.Upsert and Apply", "two upserts of a disabled deployment", upsertUpdatesByName},
		{"deployment-by-project", "The same name in another project is another deployment.",
			"Deployments.Upsert and Apply", "an upsert in another project", projectsAreSeparate},
		{"new-spec", "An upsert makes a spec with an ID of its own, within a minute.",
			"Deployments.Apply", "polls after the second upsert", upsertMakesSpec},
		{"spec-kept", "A spec holds every member that was sent, with its value.",
			"Deployments.Apply recognizes its spec by that", "polls after the first upsert", specHoldsWhatWasSent},
		{"disabled-applied", "The spec of a disabled deployment is applied.",
			"WaitUntilHealthy ends when it is", "polls after the first upsert, for five minutes", disabledIsApplied},
		{"deleted-deployment", "A deleted deployment is a 404, NOT_FOUND.",
			"ErrNotFound", "polls after the delete, for a minute", deletedDeploymentIsNotFound},

		// The life of a machine, with -live.
		{"operations", "Operations return an event and the machine.",
			"Operation", "create, restart, stop, start, delete", operationsReturnEvents},
		{"null-in-new-machines", "RAM, storage and region of a new machine are null.",
			"Machine decodes nulls; paperspacetest", "the response to create", newMachineHasNulls},
		{"service-clock", "Events are dated by the clock of the header Date.",
			"waits judge the age of events by Date", "the response to create, within a minute", eventsAreDatedByDate},
		{"new-machine-404", "A new machine is found within 60 s.",
			"WithNotFoundGrace", "polls after create", newMachineIsFound},
		{"new-machine-listed", "A new machine is listed within 60 s.",
			"looking for the machine of a create whose outcome is unknown", "polls after create", newMachineIsListed},
		{"event-order", "Events go from new to in progress to their end, and never back.",
			"Operation.Wait", "polls after each step", eventsGoForward},
		{"done-before-ready", "A machine is not ready yet when the event of its create is done.",
			"Operation.Wait after a create must be followed by WaitForState", "polls after create", doneBeforeReady},
		{"ready-after-restart", "A machine remains ready for some seconds after a restart was accepted.",
			"WaitForState waits for events before states", "the first poll after restart", readyAfterRestart},
		{"done-in-state", "When a restart, stop or start is done, the machine is in its state.",
			"Operation.Wait returns the machine in this state", "polls after restart, stop and start", doneInState},
		{"own-events", "A machine's events include the one of its create.",
			"WaitForState, EnsureReady, EnsureOff", "machineEvents-list after create", ownEventIsListed},
		{"storage-unit", "StorageTotal is the size of the disk, in bytes.",
			"Machine.StorageTotal", "a disk of 50 GB, ± 10 %", storageIsInBytes},
		{"dynamic-address", "A dynamic address is there when the machine is ready, and not when it is off.",
			"Machine.PublicIP, README", "polls after create, restart, stop and start", addressWhileReady},
		{"update-without-event", "An update without work on the machine has no event.",
			"Operation.Event is nil", "renaming the machine", renameHasNoEvent},
		{"empty-object-body", "A write without a body accepts {}.",
			"paperspacetest", "stop with {}", isAccepted(stopping)},
		{"start-while-ready", "A start is refused while the machine is ready.",
			"EnsureReady", "start, after create", isRefused(startingReady)},
		{"start-while-starting", "A start is refused while the machine is starting.",
			"a repeated start is not a failed start; EnsureReady", "start, twice", isRefused(startingAgain)},
		{"stop-while-off", "A stop is refused while the machine is off.",
			"EnsureOff", "stop, twice", isRefused(stoppingOff)},
		{"delete-again", "A second delete is refused.",
			"a repeated delete is not a failed delete", "delete, twice", isRefused(deletingAgain)},
		{"deleted-404", "A deleted machine is a 404, NOT_FOUND.",
			"WaitUntilDeleted, Operation.Wait after a delete", "polls after delete", deletedIsNotFound},
		{"deleted-unlisted", "A deleted machine is not listed.",
			"waits that read the list of machines", "polls after delete", deletedIsNotListed},
		{"deleted-event", "The event of a delete can be read after the delete.",
			"Operation.Wait after a delete, which also accepts that it cannot", "machineEvents-get", isAccepted(deletedEvent)},
	}
}
