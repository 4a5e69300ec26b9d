package paperspacetemporal

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/paperspace-go/paperspace"
)

// The types of the errors that activities and workflows end with: what Type returns of the
// [go.temporal.io/sdk/temporal.ApplicationError] in an error's chain. [MachineIDs] returns the machines that such an
// error is about.
const (
	// ErrorRefused is a definite no: the API itself refused the request, or it could not be sent. Nothing was carried
	// out, and repeating it would not help. Responses of proxies and firewalls are never ErrorRefused.
	ErrorRefused = "Refused"
	// ErrorUnavailable is a request that was certainly not carried out, or a read that failed, and that may succeed
	// later: 429, no connection, and for reads also every response that is not the API's own.
	ErrorUnavailable = "Unavailable"
	// ErrorOutcomeUnknown is a write that may have been carried out.
	ErrorOutcomeUnknown = "OutcomeUnknown"
	// ErrorNotFound is a machine or an event that the API does not know: not yet, or no longer.
	ErrorNotFound = "NotFound"
	// ErrorPending is an [Activities.Await] whose condition does not hold yet. Temporal repeats it until the limit has
	// passed; a workflow that fails with it gave up on a machine that exists, and a rerun waits for it again.
	ErrorPending = "Pending"
	// ErrorEventFailed is an operation that the service began and that failed.
	ErrorEventFailed = "EventFailed"
	// ErrorMismatch is a machine of the wanted name with another machine type or region than asked for.
	ErrorMismatch = "Mismatch"
	// ErrorDoubled is a name that several machines have.
	ErrorDoubled = "Doubled"
	// ErrorListLag is a list that did not show a new machine within half of [Timing.Settle]. With a longer lag a
	// machine could be created twice, so nothing more is created: raise Settle and run the workflow again.
	ErrorListLag = "ListLag"
	// ErrorIncomplete is a [Fleet] or a [FleetDown] in which some machines failed. The details hold its result.
	ErrorIncomplete = "Incomplete"
)

const (
	// maxRetryAfter is the longest Retry-After that is obeyed, unless the activity's own policy has longer intervals.
	maxRetryAfter = 5 * time.Minute
	// maxText is how much of an error's text goes into a history, in bytes.
	maxText = 1000
	// maxReason is how much of it goes into a result, in bytes as JSON.
	maxReason = 200
)

// failure turns an error of a request into one that tells Temporal whether to repeat the activity, and when.
func (r *request) failure(err error) error {
	var opts temporal.ApplicationErrorOptions
	e, sent := errors.AsType[*paperspace.Error](err)
	_, invalid := errors.AsType[*paperspace.ParamError](err)
	if sent {
		opts.NextRetryDelay = retryDelay(e.RetryAfter, r.info)
	}
	kind := ErrorOutcomeUnknown // unless the opposite is proven
	switch {
	case errors.Is(err, paperspace.ErrOutcomeUnknown):
	case errors.Is(err, paperspace.ErrNotFound):
		kind, opts.NonRetryable = ErrorNotFound, true
	case invalid, errors.Is(err, paperspace.ErrNoAPIKey):
		kind, opts.NonRetryable = ErrorRefused, true
	case sent && refuses(e):
		kind, opts.NonRetryable = ErrorRefused, true
		opts.Details = []any{e.Code}
	case sent && notCarriedOut(e):
		kind = ErrorUnavailable
	}
	return temporal.NewApplicationErrorWithOptions(r.text(err), kind, opts)
}

// refuses reports whether the response is a final no of the API itself.
func refuses(e *paperspace.Error) bool {
	switch e.StatusCode {
	case http.StatusNotFound, http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, 499:
		return false
	}
	return e.StatusCode/100 == 4 && e.Code != "" // which only the API's own responses have
}

// notCarriedOut reports whether a failed request, whose outcome the client does not call unknown, had no effect. A read
// never has one. A write has none if nothing left, or if it met a 429; any other response may come from a proxy that
// lost the real one.
func notCarriedOut(e *paperspace.Error) bool {
	return e.Method == http.MethodGet || e.StatusCode == 0 || e.StatusCode == http.StatusTooManyRequests
}

// retryDelay is when to repeat an activity after a response with a Retry-After; zero leaves it to the activity's
// policy. It is capped, so that no response stalls a workflow, and ends before a ScheduleToClose, which would otherwise
// fail the activity at once.
func retryDelay(retryAfter time.Duration, info activity.Info) time.Duration {
	most := maxRetryAfter
	if info.RetryPolicy != nil {
		most = max(most, info.RetryPolicy.MaximumInterval)
	}
	if info.ScheduleToCloseTimeout > 0 {
		left := info.ScheduledTime.Add(info.ScheduleToCloseTimeout).Sub(info.StartedTime)
		most = min(most, left/2)
	}
	return max(0, min(retryAfter, most))
}

// scheme finds the API key in an Authorization header that a response repeats.
var scheme = regexp.MustCompile(`(?i)\b(bearer|basic)(\s+|%20)[^\s"'<>,;&)]+`)

// text is the text of an error, bounded and without the API key: some proxies repeat the request's headers in their
// responses, and histories are for everybody who may read the namespace.
func (r *request) text(err error) string {
	text := err.Error()
	for _, key := range r.keys() {
		text = strings.ReplaceAll(text, key, "[REDACTED]")
	}
	text = scheme.ReplaceAllString(text, "$1 [REDACTED]")
	return clip(text, maxText)
}

// clip returns as much of the text as takes the given number of bytes in JSON, as valid UTF-8.
func clip(text string, most int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	size := 0
	for i, r := range text {
		if size += runeSize(r); size > most {
			return text[:i]
		}
	}
	return text
}

// encodedSize is how many bytes the text takes in JSON, without its quotes.
func encodedSize(text string) (size int) {
	for _, r := range text {
		size += runeSize(r)
	}
	return size
}

func runeSize(r rune) int {
	switch {
	case r == '"', r == '\\':
		return 2
	case r < ' ', r == 0x7f, r == '<', r == '>', r == '&', r == '\u2028', r == '\u2029', r == utf8.RuneError:
		return 6
	}
	return utf8.RuneLen(r)
}

// is reports whether an activity or a workflow ended with an error of the type.
func is(err error, kind string) bool { return kindOf(err) == kind }

func kindOf(err error) string {
	if e, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return e.Type()
	}
	return ""
}

// reason is what a result says of an error: the message closest to the cause.
func reason(err error) string {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	text := err.Error()
	if e, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		text = e.Message()
	}
	return clip(text, maxReason)
}

// MachineIDs returns the IDs of the machines that exist although a [Provision] or a [Deprovision] ended with the error,
// or was cancelled: the machine that it gave up on, or all machines of a name that is doubled. It returns nil where no
// machine is known to exist.
func MachineIDs(err error) []string {
	ids, _ := details[[]string](err)
	return ids
}

// details returns the details of an error, if it has some of the type.
func details[T any](err error) (value T, ok bool) {
	defer func() { // an error that has not been encoded yet panics if its details have another type
		if recover() != nil {
			ok = false
		}
	}()
	if e, is := errors.AsType[*temporal.ApplicationError](err); is && e.HasDetails() {
		ok = e.Details(&value) == nil
	} else if e, is := errors.AsType[*temporal.CanceledError](err); is && e.HasDetails() {
		ok = e.Details(&value) == nil
	}
	return value, ok
}

// withMachines adds the IDs of the machines that exist to the error of a workflow.
func withMachines(err error, ids []string) error {
	if len(ids) == 0 || temporal.IsCanceledError(err) || kindOf(err) == "" {
		return err
	}
	return temporal.NewApplicationErrorWithOptions("paperspace: machine "+strings.Join(ids, ", ")+": "+
		strings.TrimPrefix(reason(err), "paperspace: "), kindOf(err),
		temporal.ApplicationErrorOptions{NonRetryable: true, Details: []any{ids}})
}

// refused is the error of an input that cannot be carried out.
func refused(reason string) error {
	return temporal.NewNonRetryableApplicationError("paperspace: "+reason, ErrorRefused, nil)
}
