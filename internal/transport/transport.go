// Package transport carries one API call over HTTP: it makes the attempts, decides which of them may be repeated and
// when, and records what is known of each. It knows HTTP and the retry classes, and nothing of the API behind them.
//
// A call flows one way: [Client.Do] → retryablehttp, which counts and waits (retry.go), and http.Client, which follows
// redirects (redirect.go), both on the request of run.go → one attempt (attempt.go), with a guard for each of its
// requests (guard.go) → the caller's RoundTripper → the response (response.go).
package transport

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// Policy says how often, how fast and how long a call is tried. All fields are set.
type Policy struct {
	MaxAttempts    int
	MinDelay       time.Duration
	MaxDelay       time.Duration
	MaxRetryAfter  time.Duration
	AttemptTimeout time.Duration
}

// Endpoint names what a call is for, in logs and contexts, without any id in it.
type Endpoint struct {
	ID           string
	Method       string
	PathTemplate string
}

// Attempt is what is known of one attempt after its end.
type Attempt struct {
	Start      time.Time // after the limiter let it through
	Duration   time.Duration
	StatusCode int   // 0 when there was no whole response
	Err        error // why there was no whole response, or why it is not usable
}

// Limiter paces attempts. Wait returns when the next one may begin, and an error if it may not.
type Limiter interface {
	Wait(ctx context.Context) error
}

// Client is what the calls of one client share.
type Client struct {
	// HTTP sends the requests. It is made by [NewHTTPClient].
	HTTP *http.Client
	// Base is the API's URL.
	Base *url.URL
	// Product is the User-Agent header, unless a call has one of its own.
	Product string
	// Authorization returns the header of that name, and is asked at each attempt; nil sends none.
	Authorization func(context.Context) (string, error)
	// AddHeaders adds headers to an attempt, with canonical names; nil adds none. Those of the call take precedence.
	AddHeaders func(context.Context, http.Header) error
	// Limiter is asked before each attempt; nil sets no limit.
	Limiter Limiter
	// Logger gets a record of each attempt; nil logs nothing.
	Logger *slog.Logger
	// Mask hides the secrets in the body of a request or response before it is logged at [LevelTrace]; nil logs no
	// bodies. It must not change the body.
	Mask func(body, request []byte) []byte
	// MaxBody bounds the decoded body of a 2xx response, in bytes.
	MaxBody int64
}

// NewHTTPClient returns a copy of hc that calls can share. Redirects go by [RedirectPolicy], and the time that an attempt
// may take is limited by the calls' policy.
func NewHTTPClient(hc *http.Client, base *url.URL) *http.Client {
	own := *hc
	own.CheckRedirect = RedirectPolicy(base, hc.CheckRedirect)
	own.Transport = newPerAttempt(hc.Transport)
	own.Timeout = 0
	return &own
}

// Request is what a call sends. Each attempt builds its HTTP request anew, so that nothing that a RoundTripper or a cookie
// jar does to one reaches the next.
type Request struct {
	// Path is appended to that of the base URL, and EscapedPath is its escaped form.
	Path, EscapedPath string
	Query             string
	// Header is sent besides the headers that every request has.
	Header http.Header
	// Body is JSON; nil sends no body and no Content-Type.
	Body []byte
}

// Call is what goes into [Client.Do]. It must not be changed afterwards: what a RoundTripper has left running still looks
// at it.
type Call struct {
	Endpoint Endpoint
	Request  Request
	Policy   *Policy
	// Limiter is asked before each attempt, after that of the client; nil sets no limit.
	Limiter Limiter
	// Write reports whether the call changes something, so that its outcome matters.
	Write bool
	// Repeatable reports whether carrying the call out twice is the same as once.
	Repeatable bool
	// Receiver judges the responses; nil accepts all.
	Receiver Receiver

	first attempt // most calls have only one, which is allocated with them
}

// Receiver judges and decodes the responses to a call.
type Receiver interface {
	// Receive is called once for each attempt that got a whole response, whatever its status. An error means that the
	// response is not usable, or not the API's own: the attempt has then failed with that error, the outcome of a write is
	// unknown (except under a 429), and a 2xx is worth another attempt. A [*Failure] names the reason for the log.
	Receive(*Result) error
}

// Result is what came out of a call.
type Result struct {
	// OutcomeUnknown reports whether an attempt of a write may have been carried out without a usable response to it. A
	// later attempt that succeeds settles the call all the same.
	OutcomeUnknown bool
	// Attempts holds every attempt made, in order. It is valid until [Result.Release].
	Attempts []Attempt
	// StatusCode, Header and Body are those of the last response, decoded and without a byte order mark; zero if the last
	// attempt got no whole one. Body is valid until [Result.Release].
	StatusCode int
	Header     http.Header
	Body       []byte

	run *run
}

// Do sends the request until an attempt settles the call. The result is never nil. The error is nil when the last
// response, whatever its status, is whole and accepted by the Receiver; otherwise it is why the last attempt failed, or that the
// context ended during a back-off (the result then still holds the last response).
func (c *Client) Do(ctx context.Context, call *Call) (*Result, error) {
	r := newRun(ctx, c, call)
	if ctx.Err() != nil {
		return &r.Result, contextError(ctx)
	}
	r.begin()
	defer func() { r.attempt.close() }() // also when something below panics
	r.retry()
	last := r.Attempts[len(r.Attempts)-1].Err
	switch {
	case !r.waiting:
		return &r.Result, last
	case last != nil:
		return &r.Result, fmt.Errorf("%w: %w", contextError(ctx), last)
	default:
		return &r.Result, contextError(ctx)
	}
}

// FromContext returns the endpoint that a request's context belongs to, the API's URL and the number of the attempt,
// from 1.
func FromContext(ctx context.Context) (endpoint Endpoint, base *url.URL, number int, ok bool) {
	a, ok := ctx.Value(attemptKey{}).(*attempt)
	if !ok {
		return Endpoint{}, nil, 0, false
	}
	return a.call.Endpoint, a.client.Base, a.number, true
}
