// Package transport carries one API call over HTTP: it makes the attempts, decides which of them may be repeated and
// when, and keeps what is known of each. It knows HTTP and the retry classes, and nothing of the API behind them.
package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	// maxErrorBody is how much of the body of a failed answer is kept.
	maxErrorBody = 64 << 10
	// maxDrain is how much more of it is read so that its connection can be used again.
	maxDrain = 1 << 20
	// maxErrorRead is how long that may take.
	maxErrorRead = 5 * time.Second
	// maxPooled keeps one huge answer from pinning its buffer for the life of the process.
	maxPooled = 1 << 20
)

// Policy says how often, how fast and how long an operation is tried. All fields are set.
type Policy struct {
	MaxAttempts    int
	MinDelay       time.Duration
	MaxDelay       time.Duration
	MaxRetryAfter  time.Duration
	AttemptTimeout time.Duration
}

// Endpoint names a call in logs and contexts without any id in it.
type Endpoint struct {
	ID           string
	Method       string
	PathTemplate string
}

// Attempt is what is known of one attempt after its end.
type Attempt struct {
	Start      time.Time
	Duration   time.Duration
	StatusCode int // 0 when no answer came
	Err        error
}

// Client is what the calls of one client share.
type Client struct {
	// HTTP sends the requests. It is made by [NewHTTPClient].
	HTTP *http.Client
	// Base is the API's URL.
	Base *url.URL
	// Product is the User-Agent header, unless a call has one of its own.
	Product string
	// Authorization returns the header of that name; nil sends none.
	Authorization func() string
	Logger        *slog.Logger // nil: no log
	MaxBody       int64        // of a 2xx answer, in bytes
}

// NewHTTPClient returns a copy of hc that calls can share. Redirects go by [RedirectPolicy], and the time that an attempt
// may take is the calls' to limit.
func NewHTTPClient(hc *http.Client, base *url.URL) *http.Client {
	own := *hc
	own.CheckRedirect = RedirectPolicy(base, hc.CheckRedirect)
	own.Transport = keeper{hc.Transport}
	own.Timeout = 0
	return &own
}

// keeper hides that a RoundTripper can close its idle connections, which retryablehttp has it do after every failure,
// though other calls use them.
type keeper struct{ http.RoundTripper }

// Request is what a call sends. Every attempt makes it anew, so that nothing that a RoundTripper or a cookie jar does to
// one reaches the next.
type Request struct {
	// Path comes after that of the base URL, and EscapedPath is its escaped form.
	Path, EscapedPath string
	Query             string
	// Header is what is sent besides what always is.
	Header http.Header
	// Body is JSON; nil sends no body and no Content-Type.
	Body []byte
}

// Call is one operation on its way. The fields up to Repeatable are the caller's to set before [Call.Do]; the others
// tell what came of it.
type Call struct {
	*Client
	Endpoint
	Request Request
	Policy  *Policy
	// Write says that the operation changes something, so that its outcome matters.
	Write bool
	// Repeatable says that carrying it out twice is the same as once.
	Repeatable bool

	// OutcomeUnknown says that an attempt of a write may have been carried out although no good answer to it came.
	OutcomeUnknown bool
	// Attempts holds every attempt made, in order.
	Attempts []Attempt
	// StatusCode, Header and Body are the last answer's; Body is valid until Release.
	StatusCode int
	Header     http.Header
	Body       []byte

	ctx     context.Context       // the caller's
	retry   retryablehttp.Client  // counts and waits
	request retryablehttp.Request // the attempt's; between two attempts one that is never sent
	cancel  context.CancelFunc    // ends the attempt's context
	delay   time.Duration         // until the next attempt
	waiting bool                  // between two attempts
	buffer  *bytes.Buffer
	limited io.LimitedReader // of the answer's body
	first   [1]Attempt
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Do sends the request until an attempt settles the call. The answer, of whatever status, is then in c; the error says
// that there was none, or that the context ended during a back-off (c then still holds the last answer).
func (c *Call) Do(ctx context.Context) error {
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	c.ctx = ctx
	c.Attempts = c.first[:0]
	c.retry.HTTPClient = c.HTTP
	c.retry.RetryMax = c.Policy.MaxAttempts - 1
	c.retry.CheckRetry = checkRetry
	c.retry.Backoff = backoff
	c.retry.PrepareRetry = prepareRetry
	c.retry.ErrorHandler = retryablehttp.PassthroughErrorHandler

	c.request.Request = c.begin()
	defer func() { c.cancel() }()
	_, _ = c.retry.Do(&c.request)
	last := c.Attempts[len(c.Attempts)-1].Err
	switch {
	case !c.waiting:
		return last
	case last != nil:
		return errors.Join(contextError(ctx), last)
	default:
		return contextError(ctx)
	}
}

// Release gives the response buffer back. Body is gone after it.
func (c *Call) Release() {
	if c.buffer != nil && c.buffer.Cap() <= maxPooled {
		c.buffer.Reset()
		buffers.Put(c.buffer)
	}
	c.buffer, c.Body = nil, nil
}

// begin makes the request of an attempt, which lasts until the last byte of the answer, over all redirects that are
// followed.
func (c *Call) begin() *http.Request {
	a := &attempt{call: c, number: len(c.Attempts) + 1, start: time.Now()}
	if deadline, ok := c.ctx.Deadline(); ok && deadline.Sub(a.start) <= c.Policy.AttemptTimeout {
		a.Context, c.cancel = context.WithCancel(c.ctx)
	} else {
		a.Context, c.cancel = context.WithTimeout(c.ctx, c.Policy.AttemptTimeout)
	}
	ctx := context.Context(a)
	if c.Write {
		ctx = httptrace.WithClientTrace(a, &httptrace.ClientTrace{
			GetConn: func(string) { a.asked.Store(true) },
			GotConn: func(httptrace.GotConnInfo) { a.got.Store(true) },
		})
	}
	return a.newRequest(ctx)
}

func (a *attempt) newRequest(ctx context.Context) *http.Request {
	c, r := a.call, &a.call.Request
	a.values = [3]string{c.Product, "application/json"}
	header := make(http.Header, 4+len(r.Header))
	header["User-Agent"] = a.values[0:1:1]
	header["Accept"] = a.values[1:2:2]
	for name, values := range r.Header {
		header[name] = slices.Clone(values)
	}
	if c.Authorization != nil {
		a.values[2] = c.Authorization()
		header["Authorization"] = a.values[2:3:3]
	}
	a.url = url.URL{Scheme: c.Base.Scheme, Host: c.Base.Host, Path: c.Base.Path + r.Path, RawQuery: r.Query}
	if c.Base.RawPath != c.Base.Path || r.EscapedPath != r.Path {
		a.url.RawPath = c.Base.RawPath + r.EscapedPath
	}
	req := (&http.Request{
		Method: c.Method, URL: &a.url, Header: header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if body := r.Body; body != nil {
		header["Content-Type"] = []string{"application/json"}
		req.ContentLength = int64(len(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		req.Body, _ = req.GetBody()
	}
	return req
}

// end takes in how an attempt ended, and says whether another one follows.
func (a *attempt) end(resp *http.Response, err error) (again bool) {
	c := a.call
	c.StatusCode, c.Header, c.Body = 0, nil, nil
	if err == nil {
		a.got.Store(true) // an answer proves it, whatever the trace says
		c.StatusCode, c.Header = resp.StatusCode, resp.Header
		err = c.read(resp)
		resp.Body = http.NoBody // there is nothing for retryablehttp to drain
	}
	c.cancel() // what a RoundTripper may have left running must not connect after we looked whether it did
	if err != nil {
		c.StatusCode, c.Header, c.Body = 0, nil, nil
		err = attemptError(c.ctx, err)
	}
	if c.Write && !a.stayed() && Unsettled(c.StatusCode) {
		c.OutcomeUnknown = true
	}
	c.Attempts = append(c.Attempts, Attempt{Start: a.start, Duration: time.Since(a.start), StatusCode: c.StatusCode, Err: err})
	c.delay = -1
	if a.mayRepeat(err) {
		c.delay = c.nextDelay()
	}
	c.log(a.number)
	return c.delay >= 0
}

// read takes the body to its end, so that the connection can be used again, and at most to the bound.
func (c *Call) read(resp *http.Response) error {
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return nil // the body is the bare connection, whose reads know no context
	}
	if c.buffer == nil {
		c.buffer = buffers.Get().(*bytes.Buffer)
	}
	c.buffer.Reset()
	success := resp.StatusCode/100 == 2
	limit := int64(maxErrorBody)
	if success {
		limit = c.MaxBody
	} else { // its body is not worth a long wait
		defer time.AfterFunc(maxErrorRead, c.cancel).Stop()
	}
	if resp.ContentLength > 0 {
		c.buffer.Grow(int(min(resp.ContentLength, maxPooled)) + bytes.MinRead) // a header is no promise
	}
	c.limited = io.LimitedReader{R: resp.Body, N: limit + 1}
	n, err := c.buffer.ReadFrom(&c.limited)
	c.Body = c.buffer.Bytes()
	switch {
	case !success: // what the status says stands, however its body ends
		c.Body = c.Body[:min(n, limit)]
		_, _ = io.CopyN(io.Discard, resp.Body, maxDrain)
		return nil
	case err != nil:
		return fmt.Errorf("reading the response body: %w", err)
	case n > limit:
		return &finalError{fmt.Errorf("the response body is larger than %d bytes", limit)}
	}
	return nil
}

// attemptError makes the error of an attempt fit for a caller: without the URL, which holds ids, and so that it matches
// a context's error when the caller's own context has ended, and only then.
func attemptError(ctx context.Context, err error) error {
	for e, ok := errors.AsType[*url.Error](err); ok; e, ok = errors.AsType[*url.Error](err) {
		err = e.Err
	}
	text := err.Error() // what is in it from here on came from the service, and not from the URL
	if strings.Contains(text, badLocation) {
		return &finalError{errors.New("the Location of a redirect cannot be read")}
	}
	if ctx.Err() == nil {
		for _, broken := range brokenAnswers {
			if strings.Contains(text, broken) {
				return errors.New("the answer is no HTTP: " + broken)
			}
		}
	}
	if ctx.Err() != nil {
		if errors.Is(err, ctx.Err()) || err == context.Cause(ctx) {
			return contextError(ctx)
		}
		return fmt.Errorf("%w: %w", contextError(ctx), err)
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return &attemptTimeout{cause: err}
	}
	return err
}

func (c *Call) log(number int) {
	if c.Logger == nil {
		return
	}
	a := c.Attempts[len(c.Attempts)-1]
	level := slog.LevelDebug
	if c.delay >= 0 {
		level = slog.LevelWarn
	}
	// An allowlist: nothing from the URL, the headers we sent, the bodies or an error's text.
	c.Logger.LogAttrs(c.ctx, level, "paperspace attempt",
		slog.String("endpoint", c.ID),
		slog.String("method", c.Method),
		slog.String("path_template", c.PathTemplate),
		slog.Int("status", a.StatusCode),
		slog.Int("attempt", number),
		slog.Duration("duration", a.Duration),
		slog.String("request_id", c.Header.Get("X-Request-Id")),
	)
}

// attempt is the context of one attempt: it tells a RoundTripper which operation it serves, and learns from
// net/http whether anything can have left.
type attempt struct {
	context.Context
	call   *Call
	number int
	start  time.Time
	asked  atomic.Bool // net/http looked for a connection
	got    atomic.Bool // and got one
	url    url.URL     // of its request
	values [3]string   // of its request's header
}

type attemptKey struct{}

func (a *attempt) Value(key any) any {
	if key == (attemptKey{}) {
		return a
	}
	return a.Context.Value(key)
}

// stayed says that nothing of the attempt can have reached the service. A RoundTripper that reports neither event
// proves nothing.
func (a *attempt) stayed() bool { return a.asked.Load() && !a.got.Load() }

// FromContext returns the operation that a request's context belongs to, the API's URL and the number of the attempt,
// from 1.
func FromContext(ctx context.Context) (ep Endpoint, base *url.URL, number int, ok bool) {
	a, ok := ctx.Value(attemptKey{}).(*attempt)
	if !ok {
		return Endpoint{}, nil, 0, false
	}
	return a.call.Endpoint, a.call.Base, a.number, true
}
