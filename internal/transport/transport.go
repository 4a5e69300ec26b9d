// Package transport sends an API call over HTTP. It makes the attempts, decides whether and when a failed one is
// retried, and records each. It knows nothing about the API.
//
// A call flows one way:
//
//  1. [Client.Do] builds one request for all attempts (run.go).
//  2. retryablehttp makes the attempts and waits between them (retry.go).
//  3. http.Client follows redirects (redirect.go).
//  4. perAttempt adds what belongs to the attempt, such as the API key (attempt.go). A guard watches each request of the
//     attempt (guard.go).
//  5. The caller's RoundTripper sends the request.
//  6. The response is read (response.go).
package transport

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// Policy determines how often and how fast a call is retried, and how long an attempt may take. All fields are set.
type Policy struct {
	MaxAttempts    int
	MinDelay       time.Duration
	MaxDelay       time.Duration
	MaxRetryAfter  time.Duration
	AttemptTimeout time.Duration
}

// Endpoint identifies the endpoint of a call in logs and contexts, without IDs.
type Endpoint struct {
	ID           string
	Method       string
	PathTemplate string
}

// Attempt describes an attempt that has ended.
type Attempt struct {
	Start      time.Time // after the wait for the limiters
	Duration   time.Duration
	StatusCode int   // 0 if there was no complete response
	Err        error // why there was no complete response, or why it is unusable
}

// Limiter paces attempts. Wait returns when the next one may begin, or an error if it may not.
type Limiter interface {
	Wait(ctx context.Context) error
}

// Client holds what the calls of one client share.
type Client struct {
	// HTTP sends the requests. It is made by [NewHTTPClient].
	HTTP *http.Client
	// Base is the API's URL.
	Base *url.URL
	// Product is the User-Agent header of calls that do not set their own.
	Product string
	// Authorization returns the Authorization header of an attempt; nil sends none.
	Authorization func(context.Context) (string, error)
	// AddHeaders adds headers to an attempt, with canonical names; nil adds none. Those of the call take precedence.
	AddHeaders func(context.Context, http.Header) error
	// Limiter paces the attempts; nil sets no limit.
	Limiter Limiter
	// Logger receives a record of each attempt; nil logs nothing.
	Logger *slog.Logger
	// Mask hides the secrets in the body of a request or response before it is logged at [LevelTrace]; nil logs no
	// bodies. It must not change the body.
	Mask func(body, request []byte) []byte
	// MaxBody is the maximum size of the decoded body of a 2xx response, in bytes.
	MaxBody int64
}

// NewHTTPClient returns a copy of hc that calls can share. It follows fewer redirects, and the policy of a
// call replaces hc's timeout.
func NewHTTPClient(hc *http.Client, base *url.URL) *http.Client {
	own := *hc
	own.CheckRedirect = redirectPolicy(base, hc.CheckRedirect)
	own.Transport = newPerAttempt(hc.Transport)
	own.Timeout = 0
	return &own
}

// Request is what a call sends. Each attempt builds a new HTTP request from it, so that what a RoundTripper or a cookie
// jar does to one does not affect the next.
type Request struct {
	// Path is appended to that of the base URL, and EscapedPath is its escaped form.
	Path, EscapedPath string
	Query             string
	// Header is sent in addition to the headers of every request.
	Header http.Header
	// Body is JSON; nil sends no body and no Content-Type.
	Body []byte
}

// Call is a call for [Client.Do]. It must not be changed afterwards, because a request that a RoundTripper has left
// running still uses it.
type Call struct {
	Endpoint Endpoint
	Request  Request
	Policy   *Policy
	// Limiter paces the attempts, after that of the client; nil sets no limit.
	Limiter Limiter
	// Write reports whether the call changes something, so that its outcome matters.
	Write bool
	// Repeatable reports whether carrying out the call twice has the same effect as once.
	Repeatable bool
	// Receiver checks the responses; nil accepts all.
	Receiver Receiver

	first attempt // most calls have only one, which is allocated with them
}

// Receiver checks and decodes the responses to a call.
type Receiver interface {
	// Receive is called once for each attempt that got a complete response, whatever its status. An error means that
	// the response is unusable, or not the API's own: the attempt has failed with that error, the outcome of a write is
	// unknown (except after a 429), and a 2xx may be retried. A [*Failure] contains the reason for the log.
	Receive(*Result) error
}

// Result is the result of a call.
type Result struct {
	// OutcomeUnknown reports whether an attempt of a write may have been carried out without a usable response. It
	// remains true if a later attempt succeeds.
	OutcomeUnknown bool
	// Attempts are all attempts, in order. They are valid until [Result.Release].
	Attempts []Attempt
	// StatusCode, Header and Body are those of the last response, decoded and without a byte order mark. They are zero
	// if the last attempt got no complete response. Body is valid until [Result.Release].
	StatusCode int
	Header     http.Header
	Body       []byte

	run *run
}

// Do makes attempts until one settles the call. The result is never nil. The error is nil if the last response is
// complete, whatever its status, and the Receiver accepts it. Otherwise it is the error of the last attempt. If the
// context ended during a back-off, it is also the context's error, and the result still holds the last response.
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

// FromContext returns the endpoint of the request that has the context, the API's URL and the number of the attempt,
// from 1. It returns false for a context of another request.
func FromContext(ctx context.Context) (endpoint Endpoint, base *url.URL, number int, ok bool) {
	a, ok := ctx.Value(attemptKey{}).(*attempt)
	if !ok {
		return Endpoint{}, nil, 0, false
	}
	return a.call.Endpoint, a.client.Base, a.number, true
}
