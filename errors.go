package paperspace

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Errors to test for with [errors.Is]. Those of the service match an [Error] by its code or by its status.
var (
	// ErrBadRequest is 400, BAD_REQUEST: the service refused the request's content.
	ErrBadRequest = errors.New("paperspace: bad request")
	// ErrUnauthorized is 401, UNAUTHORIZED: the API key is missing or wrong.
	ErrUnauthorized = errors.New("paperspace: unauthorized")
	// ErrForbidden is 403, FORBIDDEN: the key may not do this.
	ErrForbidden = errors.New("paperspace: forbidden")
	// ErrNotFound is 404, NOT_FOUND, and only when the API itself says so: the 404 of a proxy, or of a wrong base URL,
	// does not match, so that nothing is taken for deleted because of it.
	ErrNotFound = errors.New("paperspace: not found")
	// ErrConflict is 409, CONFLICT.
	ErrConflict = errors.New("paperspace: conflict")
	// ErrPreconditionFailed is 412, PRECONDITION_FAILED.
	ErrPreconditionFailed = errors.New("paperspace: precondition failed")
	// ErrTooManyRequests is 429, TOO_MANY_REQUESTS, after the last attempt that the retry policy allows.
	ErrTooManyRequests = errors.New("paperspace: too many requests")
	// ErrServer is any status from 500 on, INTERNAL_SERVER_ERROR.
	ErrServer = errors.New("paperspace: server error")

	// ErrNoAPIKey is a call that needs an API key, on a client that has none. Nothing was sent.
	ErrNoAPIKey = errors.New("paperspace: no API key")
	// ErrOutcomeUnknown is a write that failed in a way that leaves open whether the service carried it out: look
	// before you send it again. It stands beside the cause, never alone.
	ErrOutcomeUnknown = errors.New("paperspace: the outcome is unknown")

	// ErrAmbiguous is a name that several things have.
	ErrAmbiguous = errors.New("paperspace: ambiguous name")

	// ErrEventFailed is an asynchronous operation whose event ended in state error.
	ErrEventFailed = errors.New("paperspace: the event failed")
	// ErrEventCancelled is an asynchronous operation whose event was cancelled.
	ErrEventCancelled = errors.New("paperspace: the event was cancelled")
	// ErrWaitTimeout is a wait that met its own time limit; see [WaitError].
	ErrWaitTimeout = errors.New("paperspace: the wait timed out")
)

// codes maps the service's error codes to their sentinel and to the status that they usually come with.
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

// Error is a call that failed after it was begun: the service refused it, no answer came, the answer could not be read,
// or the context ended. Get it with errors.AsType[*paperspace.Error](err), and test it with the Err… sentinels.
//
// An Error holds no HTTP objects and no API key, and printing or logging one shows neither Body nor Details.
type Error struct {
	// Endpoint is the endpoint's id in the API reference, such as "machines-get", or "do" for [Client.Do].
	Endpoint string `json:"endpoint"`
	// Method is the HTTP method.
	Method string `json:"method"`
	// PathTemplate is the operation's path without ids, such as "/machines/{id}"; empty for [Client.Do].
	PathTemplate string `json:"pathTemplate,omitzero"`
	// StatusCode is the HTTP status of the last answer, 0 if there was none, or none that was whole.
	StatusCode int `json:"statusCode,omitzero"`
	// Code is the service's own code, such as "NOT_FOUND"; empty when the answer had none.
	Code string `json:"code,omitzero"`
	// Message is the service's own message; empty when the answer had none.
	Message string `json:"message,omitzero"`
	// Issues are the service's complaints about single fields, if it sent any.
	Issues []Issue `json:"issues,omitzero"`
	// Details is what the service sent as details, if anything.
	Details RawJSON `json:"-"`
	// Body is the beginning of the response's body, at most 64 KiB.
	Body RawJSON `json:"-"`
	// Attempts is how often the request was sent, or tried to be.
	Attempts int `json:"attempts"`
	// RequestID is the response's X-Request-Id.
	RequestID string `json:"requestId,omitzero"`
	// RetryAfter is how long the service asked to wait before another request, 0 if it did not.
	RetryAfter time.Duration `json:"retryAfter,omitzero"`
	// OutcomeUnknown says that the call is a write that may have been carried out; the error then matches
	// [ErrOutcomeUnknown].
	OutcomeUnknown bool `json:"outcomeUnknown,omitzero"`
	// Err is the cause where there is one besides the answer: a transport error, an undecodable answer or the
	// context's error.
	Err error `json:"-"`

	// fromAPI says that the service itself answered, and not something on the way to it.
	fromAPI bool
}

// Issue is what the service found wrong with one field of a request.
type Issue struct {
	// Code is the kind of the issue, such as "invalid_type"; may be empty.
	Code string `json:"code,omitempty"`
	// Path names the field, with dots between its parts; may be empty.
	Path string `json:"path,omitempty"`
	// Message is the service's text.
	Message string `json:"message"`
}

// Error tells operation, answer, cause and attempts.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("paperspace: " + e.Endpoint)
	if e.StatusCode != 0 {
		b.WriteString(strings.TrimSuffix(fmt.Sprintf(": %d %s", e.StatusCode, e.label()), " "))
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	for _, issue := range e.Issues {
		b.WriteString("; ")
		if issue.Path != "" {
			b.WriteString(issue.Path + ": ")
		}
		b.WriteString(issue.Message)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.OutcomeUnknown {
		b.WriteString(" (the outcome is unknown)")
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (after %d attempts)", e.Attempts)
	}
	return b.String()
}

func (e *Error) label() string {
	if e.Code != "" {
		return e.Code
	}
	return http.StatusText(e.StatusCode)
}

// Format prints the error's text, whatever the verb.
func (e *Error) Format(f fmt.State, verb rune) {
	if !strings.ContainsRune("vsqxX", verb) {
		verb = 'v'
	}
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), e.Error())
}

// MarshalJSON encodes the error, without Details and Body.
func (e *Error) MarshalJSON() ([]byte, error) {
	type plain Error
	return json.Marshal((*plain)(e), nanoseconds)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches the sentinels of this package.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrOutcomeUnknown:
		return e.OutcomeUnknown
	case ErrServer:
		return e.StatusCode >= 500 || codes[e.Code].sentinel == ErrServer
	case ErrNotFound:
		return e.fromAPI && (e.Code == "NOT_FOUND" || e.StatusCode == http.StatusNotFound)
	}
	if known := codes[e.Code]; known.sentinel != nil && known.sentinel == target {
		return true
	}
	for _, known := range codes {
		if known.status == e.StatusCode && known.sentinel != nil && known.sentinel == target {
			return true
		}
	}
	return false
}

// LogValue gives the error to slog as a group, without Body and Details.
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

// ParamError is a parameter that cannot be sent. Nothing was.
type ParamError struct {
	// Endpoint is the id of the endpoint that was to be called; empty for an option of [NewClient].
	Endpoint string
	// Field is the name of the parameter: of a field as the API spells it, else of the option or argument.
	Field string
	// Reason says what is wrong with it, without repeating a value.
	Reason string
}

// Error tells what is wrong with which parameter of which operation.
func (e *ParamError) Error() string {
	prefix := "paperspace: "
	if e.Endpoint != "" {
		prefix += e.Endpoint + ": "
	}
	return prefix + e.Field + ": " + e.Reason
}

// EventError is an asynchronous operation whose event did not end well.
type EventError struct {
	Event MachineEvent
}

// Error tells the event's id, name, end and reason.
func (e *EventError) Error() string {
	s := fmt.Sprintf("paperspace: event %s (%s) ended in state %s", e.Event.ID, e.Event.Name, strconv.Quote(string(e.Event.State)))
	if e.Event.Error != "" {
		return s + ": " + e.Event.Error
	}
	return s + ", without a reason"
}

// Is matches [ErrEventCancelled] for a cancelled event, else [ErrEventFailed].
func (e *EventError) Is(target error) bool {
	if e.Event.State == MachineEventStateCancelled {
		return target == ErrEventCancelled
	}
	return target == ErrEventFailed
}

// WaitError is a wait that ended before what it waited for: at its time limit ([ErrWaitTimeout]), with its context, or
// because the service refused to answer. The operations themselves go on; wait for IDs again to resume.
type WaitError struct {
	// IDs are what was still pending, in the order in which it was given.
	IDs []string
	// LastStates holds the last state that a poll saw for each of IDs; ids that none saw are missing.
	LastStates map[string]string
	// Waited is how long the wait took.
	Waited time.Duration
	// Err is why it ended.
	Err error
	// LastPoll is the error of the last poll when that failed.
	LastPoll error
}

// Error tells what is pending, in which state, and why the wait ended.
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
	b.WriteString(": " + strings.TrimPrefix(e.Err.Error(), "paperspace: "))
	if e.LastPoll != nil {
		b.WriteString("; the last poll failed: " + strings.TrimPrefix(e.LastPoll.Error(), "paperspace: "))
	}
	return b.String()
}

// MarshalJSON encodes the error with the texts of Err and LastPoll.
func (e *WaitError) MarshalJSON() ([]byte, error) {
	out := struct {
		IDs        []string          `json:"ids"`
		LastStates map[string]string `json:"lastStates"`
		Waited     time.Duration     `json:"waited"`
		Err        string            `json:"error"`
		LastPoll   string            `json:"lastPoll,omitempty"`
	}{IDs: e.IDs, LastStates: e.LastStates, Waited: e.Waited, Err: e.Err.Error()}
	if e.LastPoll != nil {
		out.LastPoll = e.LastPoll.Error()
	}
	return json.Marshal(out, nanoseconds)
}

// Unwrap returns why the wait ended.
func (e *WaitError) Unwrap() error { return e.Err }
