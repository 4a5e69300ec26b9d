package paperspace

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/paperspace-go/paperspace/internal/transport"
)

// CallInfo identifies a call without IDs, so that it can name spans and label metrics.
type CallInfo struct {
	// Endpoint is the endpoint's ID in the API reference, such as "machines-get", or "do" for [Client.Do].
	Endpoint string
	// Method is the HTTP method.
	Method string
	// PathTemplate is the endpoint's path with placeholders, such as "/machines/{id}"; empty for [Client.Do].
	PathTemplate string
	// ServerAddress is the host of the base URL, such as "api.paperspace.com".
	ServerAddress string
	// ServerPort is the port of the base URL, such as 443.
	ServerPort int
	// Attempt is the number of the current attempt, from 1. It is 0 in a hook, which runs around all attempts.
	Attempt int
}

// CallResult is the outcome of a call, for a hook.
type CallResult struct {
	// Err is the error that the call returns.
	Err error
	// StatusCode is the HTTP status of the last response; 0 if there was no complete response.
	StatusCode int
	// RequestID is the X-Request-Id header of the response, or else its Cf-Ray header.
	RequestID string
	// Duration is the time from before the first attempt until after decoding.
	Duration time.Duration
	// Attempts are the attempts of the call, in order.
	Attempts []Attempt
	// Odd are the values in the response that do not fit the API's contract, in the order of the body.
	Odd []Odd
}

// Attempt is one attempt of a call.
type Attempt struct {
	// Start is when the attempt began.
	Start time.Time
	// Duration is the time until the last byte of the response, or until the attempt failed.
	Duration time.Duration
	// StatusCode is the HTTP status; 0 if there was no complete response.
	StatusCode int
	// Err is why there was no complete response, or why it is unusable. It is nil if the API responded, even with an error.
	Err error
}

// MarshalJSON encodes the attempt, with Err as text.
func (a Attempt) MarshalJSON() ([]byte, error) {
	out := struct {
		Start      time.Time
		Duration   time.Duration
		StatusCode int
		Err        string `json:",omitzero"`
	}{a.Start, a.Duration, a.StatusCode, causeText(a.Err)}
	return json.Marshal(out, recordOptions)
}

type hook = func(context.Context, CallInfo) (context.Context, func(CallResult))

// WithHook runs h around every call, from before its first attempt until after decoding. The call continues with the
// context that h returns, and the returned function, if not nil, runs when the call ends. The context must derive from
// the one that was passed to h, or the caller's cancellation and the call's timeout are lost. Hooks add up, the first
// one outermost.
//
// Each page of a list and each poll of a wait is a call of its own; see [WithPollInterval]. A hook may itself wait. Calls
// with invalid arguments, or without the API key that they need, run no hooks.
func WithHook(h func(context.Context, CallInfo) (context.Context, func(CallResult))) Option {
	return clientOption(func(c *config) error {
		if h == nil {
			return &ParamError{Field: "WithHook", Reason: "is nil"}
		}
		c.hooks = append(c.hooks, h)
		return nil
	})
}

// EndpointFromContext returns the endpoint of a request, from the request's context, for use in an
// [http.RoundTripper]. It returns false for a request that this package did not make.
func EndpointFromContext(ctx context.Context) (CallInfo, bool) {
	ep, base, attempt, ok := transport.FromContext(ctx)
	if !ok {
		return CallInfo{}, false
	}
	info := callInfo(ep, base)
	info.Attempt = attempt
	return info, true
}

func callInfo(ep transport.Endpoint, base *url.URL) CallInfo {
	port, _ := strconv.Atoi(transport.Port(base))
	return CallInfo{
		Endpoint: ep.ID, Method: ep.Method, PathTemplate: ep.PathTemplate, ServerAddress: base.Hostname(), ServerPort: port,
	}
}

// endHooks calls the end functions, last to first, and all of them even if one panics.
func endHooks(ends []func(CallResult), r CallResult) {
	if last := len(ends) - 1; last >= 0 {
		defer endHooks(ends[:last], r)
		ends[last](r)
	}
}

func appendAttempts(to []Attempt, list []transport.Attempt) []Attempt {
	to = slices.Grow(to, len(list))
	for _, a := range list {
		to = append(to, Attempt(a))
	}
	return to
}
