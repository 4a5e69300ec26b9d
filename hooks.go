package paperspace

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/paperspace-go/paperspace/internal/transport"
)

// CallInfo names a call without any id in it, so that it can name spans and label metrics.
type CallInfo struct {
	// Operation is the operation's id in the API reference, such as "machines-get", or "do" for [Client.Do].
	Operation string
	// Method is the HTTP method.
	Method string
	// PathTemplate is the path with placeholders, such as "/machines/{id}"; empty for [Client.Do].
	PathTemplate string
	// ServerAddress is the host of the base URL, such as "api.paperspace.com".
	ServerAddress string
	// ServerPort is its port, such as 443.
	ServerPort int
	// Attempt is the number of the attempt under way, from 1; 0 in a hook, which runs around all of them.
	Attempt int
}

// CallResult tells a hook how a call ended.
type CallResult struct {
	// Err is the error that the call returns.
	Err error
	// StatusCode is the HTTP status of the last answer, 0 if there was none.
	StatusCode int
	// RequestID is the answer's X-Request-Id.
	RequestID string
	// Duration runs from before the first attempt to after decoding.
	Duration time.Duration
	// Attempts are the attempts that were made, in order.
	Attempts []Attempt
}

// Attempt is one attempt of a call.
type Attempt struct {
	// Start is when it began.
	Start time.Time
	// Duration is how long it took, to the last byte of the answer.
	Duration time.Duration
	// StatusCode is the HTTP status, 0 if no whole answer came.
	StatusCode int
	// Err is why no whole answer came.
	Err error
}

// MarshalJSON encodes the attempt with the text of Err.
func (a Attempt) MarshalJSON() ([]byte, error) {
	out := struct {
		Start      time.Time
		Duration   time.Duration
		StatusCode int
		Err        string `json:",omitempty"`
	}{Start: a.Start, Duration: a.Duration, StatusCode: a.StatusCode}
	if a.Err != nil {
		out.Err = a.Err.Error()
	}
	return json.Marshal(out, nanoseconds)
}

type hook = func(context.Context, CallInfo) (context.Context, func(CallResult))

// WithHook runs h around every call, from before its first attempt to after decoding. The context that h returns is
// what the call goes on with, and the function, if there is one, runs at the call's end. Hooks add up, the first one
// outermost. The context must derive from the one that h was given, or else the caller's cancellation and the call's
// timeout are lost. Each page of a list and each poll of a wait is a call of its own. Calls that are refused before anything
// could be sent do not reach the hooks.
func WithHook(h func(context.Context, CallInfo) (context.Context, func(CallResult))) Option {
	return clientOption(func(c *config) error {
		if h == nil {
			return &ParamError{Field: "WithHook", Reason: "is nil"}
		}
		c.hooks = append(c.hooks, h)
		return nil
	})
}

// OperationFromContext tells an [http.RoundTripper] which operation a request belongs to, from the request's context.
// It returns false for a request that is not of this package.
func OperationFromContext(ctx context.Context) (CallInfo, bool) {
	op, base, attempt, ok := transport.FromContext(ctx)
	if !ok {
		return CallInfo{}, false
	}
	info := callInfo(op, base)
	info.Attempt = attempt
	return info, true
}

func callInfo(op transport.Endpoint, base *url.URL) CallInfo {
	port, _ := strconv.Atoi(transport.Port(base))
	return CallInfo{
		Operation: op.ID, Method: op.Method, PathTemplate: op.PathTemplate, ServerAddress: base.Hostname(), ServerPort: port,
	}
}

// beginHooks returns the context to go on with. What runs at the end is in ends, also when one of the hooks panics.
func beginHooks(ctx context.Context, hooks []hook, info CallInfo, ends *[]func(CallResult)) context.Context {
	for _, h := range hooks {
		inner, end := h(ctx, info)
		if inner != nil {
			ctx = inner
		}
		if end != nil {
			*ends = append(*ends, end)
		}
	}
	return ctx
}

// endHooks ends the hooks, last to first, and all of them even if one panics.
func endHooks(ends []func(CallResult), r CallResult) {
	if last := len(ends) - 1; last >= 0 {
		defer endHooks(ends[:last], r)
		ends[last](r)
	}
}

func attempts(list []transport.Attempt) []Attempt {
	out := make([]Attempt, len(list))
	for i, a := range list {
		out[i] = Attempt(a)
	}
	return out
}
