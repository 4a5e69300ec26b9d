package paperspace

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
)

// Errors to test for with [errors.Is]. The first group matches an [Error] by its code or status, and the last one the
// error of a wait.
var (
	// ErrBadRequest means 400, BAD_REQUEST: the service rejected the content of the request.
	ErrBadRequest = errors.New("paperspace: bad request")
	// ErrUnauthorized means 401, UNAUTHORIZED: the API key is missing or wrong.
	ErrUnauthorized = errors.New("paperspace: unauthorized")
	// ErrForbidden means 403, FORBIDDEN: the API key does not permit the request.
	ErrForbidden = errors.New("paperspace: forbidden")
	// ErrNotFound means 404, NOT_FOUND, from the API itself. The 404 of a proxy, or of a server that is not the API, does
	// not match, so that it is not mistaken for a deletion.
	ErrNotFound = errors.New("paperspace: not found")
	// ErrConflict means 409, CONFLICT.
	ErrConflict = errors.New("paperspace: conflict")
	// ErrPreconditionFailed means 412, PRECONDITION_FAILED.
	ErrPreconditionFailed = errors.New("paperspace: precondition failed")
	// ErrTooManyRequests means 429, TOO_MANY_REQUESTS, after the last attempt that the retry policy allows.
	ErrTooManyRequests = errors.New("paperspace: too many requests")
	// ErrServer means any status from 500, or INTERNAL_SERVER_ERROR.
	ErrServer = errors.New("paperspace: server error")

	// ErrNoAPIKey means that the call needs an API key and the client has none. Nothing was sent.
	ErrNoAPIKey = errors.New("paperspace: no API key")
	// ErrOutcomeUnknown means that a write failed, but the service may have carried it out: check before you send it
	// again. The error also contains the cause.
	ErrOutcomeUnknown = errors.New("paperspace: the outcome is unknown")

	// ErrAmbiguous means that several objects have the name.
	ErrAmbiguous = errors.New("paperspace: ambiguous name")

	// ErrEventFailed means that the event of an operation ended in state error.
	ErrEventFailed = errors.New("paperspace: the event failed")
	// ErrEventCancelled means that the event of an operation was cancelled.
	ErrEventCancelled = errors.New("paperspace: the event was cancelled")
	// ErrWaitTimeout means that a wait reached its time limit; see [WaitError].
	ErrWaitTimeout = errors.New("paperspace: the wait timed out")
	// ErrSpecReplaced means that another spec has replaced the spec that was waited for; see [DeploymentError].
	ErrSpecReplaced = errors.New("paperspace: another spec took its place")
	// ErrSpecFailed means that a spec cannot become healthy: the service could not apply it, or all its instances have
	// been in a failed state for the time of [WithFailureGrace].
	ErrSpecFailed = errors.New("paperspace: the spec failed")
)

// codes maps the service's error codes to their sentinels and usual statuses.
var codes = map[string]struct {
	sentinel error
	status   int
}{
	"BAD_REQUEST":           {ErrBadRequest, 400},
	"UNAUTHORIZED":          {ErrUnauthorized, 401},
	"FORBIDDEN":             {ErrForbidden, 403},
	"NOT_FOUND":             {ErrNotFound, 404},
	"METHOD_NOT_SUPPORTED":  {nil, 405},
	"TIMEOUT":               {nil, 408},
	"CONFLICT":              {ErrConflict, 409},
	"PRECONDITION_FAILED":   {ErrPreconditionFailed, 412},
	"PAYLOAD_TOO_LARGE":     {nil, 413},
	"UNPROCESSABLE_CONTENT": {nil, 422},
	"TOO_MANY_REQUESTS":     {ErrTooManyRequests, 429},
	"CLIENT_CLOSED_REQUEST": {nil, 499},
	"INTERNAL_SERVER_ERROR": {ErrServer, 500},
}

// Error is the error of a call that failed after validation: the service refused the request, there was no readable
// response, or the context ended. Get it with errors.AsType[*paperspace.Error](err), and test it with the Err…
// sentinels.
//
// An Error holds no HTTP objects and no API key. Printing or logging it shows neither Body nor Details.
type Error struct {
	// Endpoint is the endpoint's ID in the API reference, such as "machines-get", or "do" for [Client.Do].
	Endpoint string `json:"endpoint"`
	// Method is the HTTP method.
	Method string `json:"method"`
	// PathTemplate is the endpoint's path without IDs, such as "/machines/{id}"; empty for [Client.Do].
	PathTemplate string `json:"pathTemplate,omitzero"`
	// StatusCode is the HTTP status of the last response; 0 if there was no complete response.
	StatusCode int `json:"statusCode,omitzero"`
	// Code is the service's error code, such as "NOT_FOUND"; empty if the response had none.
	Code string `json:"code,omitzero"`
	// Message is the service's error message; empty if the response had none.
	Message string `json:"message,omitzero"`
	// Issues are the service's errors for single fields of the request, if any.
	Issues []Issue `json:"issues,omitzero"`
	// Details are the details that the service sent, if any.
	Details RawJSON `json:"-"`
	// Body is the first part of the response's body, at most 64 KiB.
	Body RawJSON `json:"-"`
	// Attempts is the number of attempts, including those that could not be sent.
	Attempts int `json:"attempts"`
	// RequestID is the X-Request-Id header of the response, or else its Cf-Ray header.
	RequestID string `json:"requestId,omitzero"`
	// RetryAfter is the delay that the service asked for before another request; 0 if it asked for none.
	RetryAfter time.Duration `json:"retryAfter,omitzero"`
	// OutcomeUnknown reports whether the call is a write that may have been carried out. The error then matches
	// [ErrOutcomeUnknown].
	OutcomeUnknown bool `json:"outcomeUnknown,omitzero"`
	// Err is the cause, unless that is the response itself: a transport error, a response that cannot be decoded, or the
	// context's error.
	Err error `json:"-"`
}

// Error returns the endpoint, the service's error, the cause, the number of attempts and the delay of a Retry-After.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("paperspace: " + e.Endpoint)
	if e.StatusCode != 0 {
		b.WriteString(strings.TrimSuffix(fmt.Sprintf(": %d %s", e.StatusCode, e.label()), " "))
	}
	if e.Message != "" {
		b.WriteString(": " + oneLine(e.Message, maxText))
	}
	for i, issue := range e.Issues {
		if i == maxIssuesInText {
			fmt.Fprintf(&b, "; and %d more", len(e.Issues)-i)
			break
		}
		b.WriteString("; ")
		if issue.Path != "" {
			b.WriteString(oneLine(issue.Path, maxText) + ": ")
		}
		b.WriteString(oneLine(issue.Message, maxText))
	}
	if e.Err != nil {
		b.WriteString(": " + reason(e.Err))
	}
	if e.OutcomeUnknown {
		b.WriteString(" (the outcome is unknown)")
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (after %d attempts)", e.Attempts)
	}
	if e.RetryAfter > 0 { // which may be why there were no more attempts
		fmt.Fprintf(&b, " (retry after %s)", e.RetryAfter.Round(time.Millisecond))
	}
	if e.RequestID != "" {
		b.WriteString(" (request " + oneLine(e.RequestID, maxText) + ")")
	}
	return b.String()
}

const (
	// maxText is how many characters of a text of the service an error's text holds.
	maxText = 500
	// maxCause is how many characters of the text of another error it holds.
	maxCause = 2000
	// maxIssuesInText is how many issues, instances or errors it holds.
	maxIssuesInText = 10
)

// oneLine returns a text of the service, or of another error, as valid UTF-8 without control and formatting characters,
// cut to a length.
func oneLine(text string, length int) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\ufffd"), func(r rune) bool {
		return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
	}), " ")
	if runes := []rune(text); len(runes) > length {
		text = string(runes[:length]) + "…"
	}
	return text
}

func (e *Error) label() string {
	if e.Code != "" {
		return oneLine(e.Code, maxText)
	}
	return http.StatusText(e.StatusCode)
}

// Format prints the text of [Error.Error], whatever the verb.
func (e *Error) Format(f fmt.State, verb rune) {
	if !strings.ContainsRune("vsqxX", verb) {
		verb = 'v'
	}
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), e.Error())
}

// MarshalJSON encodes the error, with Err as text and without Details and Body.
func (e *Error) MarshalJSON() ([]byte, error) {
	type plain Error
	return json.Marshal(struct {
		plain
		Err string `json:"error,omitzero"`
	}{plain(*e), causeText(e.Err)}, recordOptions)
}

// causeText returns the text of an error in JSON.
func causeText(err error) string {
	if err == nil {
		return ""
	}
	return oneLine(err.Error(), maxCause)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether the error matches target, a sentinel of this package. Those of the service match only errors with a
// Code, which the API's own errors have; [ErrTooManyRequests] and [ErrServer] also match by StatusCode.
func (e *Error) Is(target error) bool {
	known := codes[e.Code]
	switch {
	case target == ErrOutcomeUnknown:
		return e.OutcomeUnknown
	case known.sentinel != nil && known.sentinel == target:
		return true
	case target == ErrServer:
		return e.StatusCode >= 500
	case e.Code == "" && target != ErrTooManyRequests:
		return false
	}
	for _, known := range codes {
		if known.status == e.StatusCode && known.sentinel != nil && known.sentinel == target {
			return true
		}
	}
	return false
}

// LogValue returns the error as a group, without Body and Details.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("endpoint", e.Endpoint),
		slog.String("error", e.Error()),
		slog.Int("attempts", e.Attempts),
	}
	if e.StatusCode != 0 {
		attrs = append(attrs, slog.Int("status", e.StatusCode))
	}
	if e.Code != "" {
		attrs = append(attrs, slog.String("code", e.Code))
	}
	if e.RequestID != "" {
		attrs = append(attrs, slog.String("request_id", e.RequestID))
	}
	return slog.GroupValue(attrs...)
}

// ParamError is the error for a parameter or an option that is not valid. Nothing was sent.
type ParamError struct {
	// Endpoint is the ID of the endpoint that was to be called; empty for an option of [NewClient] and for a
	// configuration that is decoded.
	Endpoint string
	// Field is the name of the parameter: the field as the API spells it, or else the option or argument.
	Field string
	// Reason describes the error. It does not contain the value.
	Reason string
}

// Error returns the endpoint, the field and the reason.
func (e *ParamError) Error() string {
	prefix := "paperspace: "
	if e.Endpoint != "" {
		prefix += e.Endpoint + ": "
	}
	return prefix + e.Field + ": " + e.Reason
}

// EventError is the error for an event that failed or was cancelled.
type EventError struct {
	// Event is the event as it ended.
	Event MachineEvent
}

// Error returns the event's ID, name, machine, state and reason.
func (e *EventError) Error() string {
	s := fmt.Sprintf("paperspace: event %s (%s)", e.Event.ID, oneLine(string(e.Event.Name), maxText))
	if e.Event.MachineID != "" {
		s += " of machine " + e.Event.MachineID
	}
	s += " ended in state " + strconv.Quote(string(e.Event.State))
	if e.Event.Error != "" {
		return s + ": " + oneLine(e.Event.Error, maxText)
	}
	return s + ", without a reason"
}

// Is reports whether target is [ErrEventCancelled] for a cancelled event, or [ErrEventFailed] for any other.
func (e *EventError) Is(target error) bool {
	if e.Event.State == MachineEventStateCancelled {
		return target == ErrEventCancelled
	}
	return target == ErrEventFailed
}

// WaitError is the error of a wait that ended early: at its time limit ([ErrWaitTimeout]), with its context, because the
// service refused a poll, or because a later event has undone what an Ensure method did. The operations themselves
// continue; to resume, wait for IDs again.
type WaitError struct {
	// IDs are the pending IDs, in the order in which they were given.
	IDs []string
	// LastStates maps each of IDs to its state in the last poll. IDs that no poll has seen are missing.
	LastStates map[string]string
	// Waited is the duration of the wait.
	Waited time.Duration
	// Err is why the wait ended.
	Err error
	// LastPoll is the error of the last poll; nil if it succeeded. If the service has asked for a pause, it is the error of
	// the poll that it refused, which may be another wait's. A poll that was running when the wait ended is an error if
	// it had taken more than a second.
	LastPoll error
}

// Error returns the pending IDs with their states, and why the wait ended.
func (e *WaitError) Error() string {
	const shown = 5
	var b strings.Builder
	fmt.Fprintf(&b, "paperspace: waited %s", e.Waited.Round(time.Millisecond))
	if len(e.IDs) > 0 {
		b.WriteString(" for ")
	}
	for i, id := range e.IDs {
		if i == shown {
			fmt.Fprintf(&b, " and %d more", len(e.IDs)-shown)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(id)
		if state := e.LastStates[id]; state != "" {
			b.WriteString(" (" + state + ")")
		} else {
			b.WriteString(" (not seen)")
		}
	}
	b.WriteString(": " + reason(e.Err))
	if e.LastPoll != nil {
		b.WriteString("; the last poll failed: " + reason(e.LastPoll))
	}
	return b.String()
}

// reason returns the text of an error within another one. A fake may leave the error out.
func reason(err error) string {
	return cmp.Or(strings.TrimPrefix(causeText(err), "paperspace: "), "no reason given")
}

// MarshalJSON encodes the error, with Err and LastPoll as text.
func (e *WaitError) MarshalJSON() ([]byte, error) {
	out := struct {
		IDs        []string          `json:"ids"`
		LastStates map[string]string `json:"lastStates"`
		Waited     time.Duration     `json:"waited"`
		Err        string            `json:"error"`
		LastPoll   string            `json:"lastPoll,omitzero"`
	}{e.IDs, e.LastStates, e.Waited, causeText(e.Err), causeText(e.LastPoll)}
	return json.Marshal(out, recordOptions)
}

// Unwrap returns why the wait ended.
func (e *WaitError) Unwrap() error { return e.Err }

// DeploymentError is the error for a spec that did not become healthy. Err is the reason: the spec failed, it was
// replaced, or the wait ended.
type DeploymentError struct {
	// DeploymentID is the ID of the deployment.
	DeploymentID string
	// SpecID is the ID of the spec; empty if no poll has seen the spec.
	SpecID string
	// Failed are the failed instances of the spec, as of the last poll.
	Failed []DeploymentInstance
	// Err is why the wait ended.
	Err error
}

// Error returns why the wait ended, and the messages of the failed instances.
func (e *DeploymentError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "paperspace: deployment %s, spec %s: %s", e.DeploymentID, cmp.Or(e.SpecID, "unknown"), reason(e.Err))
	for i, instance := range e.Failed {
		if i == maxIssuesInText {
			fmt.Fprintf(&b, "; and %d more", len(e.Failed)-i)
			break
		}
		message := cmp.Or(oneLine(instance.StateMessage, maxText), "no message")
		fmt.Fprintf(&b, "; instance %s is in state %s: %s", instance.ID, oneLine(string(instance.State), maxText), message)
	}
	return b.String()
}

// MarshalJSON encodes the error, with Err as text.
func (e *DeploymentError) MarshalJSON() ([]byte, error) {
	out := struct {
		DeploymentID string               `json:"deploymentId"`
		SpecID       string               `json:"specId,omitzero"`
		Failed       []DeploymentInstance `json:"failed,omitzero"`
		Err          string               `json:"error"`
	}{e.DeploymentID, e.SpecID, e.Failed, causeText(e.Err)}
	return json.Marshal(out, recordOptions)
}

// Unwrap returns why the wait ended.
func (e *DeploymentError) Unwrap() error { return e.Err }

// joined is several errors.
type joined struct{ errs []error }

// join is errors.Join, but the text of the error is one line.
func join(errs ...error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	return &joined{errs}
}

// Error returns the texts of the errors, of the first ten of them.
func (e *joined) Error() string {
	var texts []string
	for _, err := range e.errs[:min(len(e.errs), maxIssuesInText)] {
		texts = append(texts, err.Error())
	}
	if more := len(e.errs) - len(texts); more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the errors.
func (e *joined) Unwrap() []error { return e.errs }
