package paperspacetemporal

import (
	"errors"
	"net/http"

	"go.temporal.io/sdk/temporal"

	"github.com/paperspace-go/paperspace"
)

// The types of the errors that activities and workflows end with: what Type returns of the
// [go.temporal.io/sdk/temporal.ApplicationError] in the chain of an error. No error holds an API key.
const (
	// ErrorRefused is a definite no: the service refused what was asked for, or it could not be sent at all. Nothing was
	// carried out, and asking again would not help.
	ErrorRefused = "Refused"
	// ErrorUnavailable is a request that was certainly not carried out, or a read that failed, and that may go well
	// later: 429, a connection that could not be made, and for reads also what no answer came to.
	ErrorUnavailable = "Unavailable"
	// ErrorOutcomeUnknown is a write that may have been carried out.
	ErrorOutcomeUnknown = "OutcomeUnknown"
	// ErrorNotFound is a machine or an event that the service does not know: not yet, or not any more.
	ErrorNotFound = "NotFound"
	// ErrorPending is an [Activities.Await] whose time has not come yet. The engine repeats it, and what a workflow ends
	// with is the last one before its limit.
	ErrorPending = "Pending"
	// ErrorEventFailed is something that the service began and that did not end well.
	ErrorEventFailed = "EventFailed"
	// ErrorDoubled is a name that several machines have. The details hold their ids: a []string of [Provision], a
	// [FleetResult] of [Fleet].
	ErrorDoubled = "Doubled"
	// ErrorIncomplete is a [Fleet] or a [FleetDown] of which some machines failed. The details hold its result.
	ErrorIncomplete = "Incomplete"
)

// failure turns an error of a call into one that the engine understands: whether to repeat the activity, and when.
func failure(err error) error {
	var opts temporal.ApplicationErrorOptions
	e, answered := errors.AsType[*paperspace.Error](err)
	_, unsendable := errors.AsType[*paperspace.ParamError](err)
	if answered {
		opts.NextRetryDelay = e.RetryAfter
	}
	kind := ErrorOutcomeUnknown // unless the opposite is proven
	switch {
	case errors.Is(err, paperspace.ErrOutcomeUnknown):
	case errors.Is(err, paperspace.ErrNotFound):
		kind, opts.NonRetryable = ErrorNotFound, true
	case unsendable, errors.Is(err, paperspace.ErrNoAPIKey), answered && refusal(e.StatusCode):
		kind, opts.NonRetryable = ErrorRefused, true
	case answered:
		kind = ErrorUnavailable
	}
	return temporal.NewApplicationErrorWithOptions(err.Error(), kind, opts)
}

// refusal tells the statuses that are the service's last word. A 404 that is not the API's own comes from something on
// the way to it, and says nothing.
func refusal(status int) bool {
	switch status {
	case http.StatusNotFound, http.StatusRequestTimeout, http.StatusTooManyRequests, 499:
		return false
	}
	return status/100 == 4
}

// is reports whether an activity or a workflow ended with an error of the type.
func is(err error, kind string) bool {
	e, ok := errors.AsType[*temporal.ApplicationError](err)
	return ok && e.Type() == kind
}
