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

// Operation names a call in logs and contexts without any id in it.
type Operation struct {
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

// Call is one operation on its way. The fields up to MaxBody are the caller's to set before [Call.Do]; the others
// tell what came of it.
type Call struct {
	Operation Operation
	// Write says that the operation changes something, so that its outcome matters.
	Write bool
	// Repeatable says that carrying it out twice is the same as once.
	Repeatable bool
	Policy     Policy
	Logger     *slog.Logger // nil: no log
	HTTP       *http.Client
	MaxBody    int64 // of a 2xx answer, in bytes

	// Attempts holds every attempt made, in order.
	Attempts []Attempt
	// StatusCode, Header and Body are the last answer's; Body is valid until Release.
	StatusCode int
	Header     http.Header
	Body       []byte
	// OutcomeUnknown says that an attempt of a write may have been carried out although no good answer to it came.
	OutcomeUnknown bool

	client  http.Client          // gives each attempt of retry to RoundTrip
	retry   retryablehttp.Client // counts, waits and rewinds
	delay   time.Duration        // until the next attempt
	waiting bool                 // between two attempts
	buffer  *bytes.Buffer
	first   [1]Attempt
}

// answered is all that retryablehttp is told of an answer. The answer itself stays in the Call, which judges it.
var answered = &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Do sends the request until an attempt settles the call. The answer, of whatever status, is then in c; the error says
// that there was none, or that the context ended during a back-off (c then still holds the last answer).
func (c *Call) Do(req *http.Request, body []byte) error {
	ctx := req.Context()
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	c.Attempts = c.first[:0]
	c.client.Transport = c
	c.retry.HTTPClient = &c.client
	c.retry.RetryMax = c.Policy.MaxAttempts - 1
	c.retry.CheckRetry = c.checkRetry
	c.retry.Backoff = c.backoff
	c.retry.ErrorHandler = retryablehttp.PassthroughErrorHandler

	r := &retryablehttp.Request{Request: req}
	if body != nil {
		if err := r.SetBody(body); err != nil {
			return err
		}
	}
	_, err := c.retry.Do(r)
	switch {
	case err == nil:
		return nil
	case len(c.Attempts) == 0: // the context ended after the check above
		return contextError(ctx)
	case c.waiting:
		if last := c.Attempts[len(c.Attempts)-1].Err; last != nil {
			return errors.Join(contextError(ctx), last)
		}
		return contextError(ctx)
	default:
		return c.Attempts[len(c.Attempts)-1].Err
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

// RoundTrip makes one attempt, to the last byte of the answer and over all redirects that are followed.
func (c *Call) RoundTrip(req *http.Request) (*http.Response, error) {
	parent := req.Context()
	if parent.Err() != nil { // it ended together with the back-off
		c.delay = -1
		return nil, parent.Err()
	}
	c.waiting = false
	c.StatusCode, c.Header, c.Body = 0, nil, nil

	start := time.Now()
	ctx, cancel := parent, context.CancelFunc(func() {})
	if deadline, ok := parent.Deadline(); !ok || deadline.Sub(start) > c.Policy.AttemptTimeout {
		ctx, cancel = context.WithTimeout(parent, c.Policy.AttemptTimeout)
	}
	defer cancel()
	a := &attempt{Context: ctx, operation: &c.Operation, number: len(c.Attempts) + 1}
	ctx = a
	if c.Write {
		ctx = httptrace.WithClientTrace(a, &httptrace.ClientTrace{
			GetConn: func(string) { a.asked.Store(true) },
			GotConn: func(httptrace.GotConnInfo) { a.got.Store(true) },
		})
	}

	req = req.WithContext(ctx)
	req.Header = req.Header.Clone() // a cookie jar adds to it
	resp, err := c.HTTP.Do(req)
	if err == nil {
		a.got.Store(true) // an answer proves it, whatever the trace says
		c.StatusCode, c.Header = resp.StatusCode, resp.Header
		err = c.read(resp)
	}
	if err != nil {
		c.StatusCode, c.Header, c.Body = 0, nil, nil
		err = c.attemptError(parent, err)
	}
	if c.Write && !a.stayed() && Unsettled(c.StatusCode) {
		c.OutcomeUnknown = true
	}
	c.Attempts = append(c.Attempts, Attempt{Start: start, Duration: time.Since(start), StatusCode: c.StatusCode, Err: err})
	c.delay = -1
	if c.mayRepeat(a, err) {
		c.delay = c.nextDelay(parent)
	}
	c.log(parent, a.number)
	if err != nil {
		return nil, err
	}
	return answered, nil
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
	}
	if resp.ContentLength > 0 {
		c.buffer.Grow(int(min(resp.ContentLength, maxPooled)) + bytes.MinRead) // a header is no promise
	}
	n, err := c.buffer.ReadFrom(io.LimitReader(resp.Body, limit+1))
	c.Body = c.buffer.Bytes()
	switch {
	case !success:
		// What the status says stands, however its body ends.
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
func (c *Call) attemptError(ctx context.Context, err error) error {
	if strings.Contains(err.Error(), badLocation) { // and so does the text of this one
		return &finalError{errors.New("the Location of a redirect cannot be read")}
	}
	for e, ok := errors.AsType[*url.Error](err); ok; e, ok = errors.AsType[*url.Error](err) {
		err = e.Err
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

func (c *Call) log(ctx context.Context, number int) {
	if c.Logger == nil {
		return
	}
	a := c.Attempts[len(c.Attempts)-1]
	level := slog.LevelDebug
	if c.delay >= 0 {
		level = slog.LevelWarn
	}
	// An allowlist: nothing from the URL, the headers we sent, the bodies or an error's text.
	c.Logger.LogAttrs(ctx, level, "paperspace attempt",
		slog.String("operation", c.Operation.ID),
		slog.String("method", c.Operation.Method),
		slog.String("path_template", c.Operation.PathTemplate),
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
	operation *Operation
	number    int
	asked     atomic.Bool // net/http looked for a connection
	got       atomic.Bool // and got one
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

// FromContext returns the operation that a request's context belongs to and the number of the attempt, from 1.
func FromContext(ctx context.Context) (op Operation, number int, ok bool) {
	a, ok := ctx.Value(attemptKey{}).(*attempt)
	if !ok {
		return Operation{}, 0, false
	}
	return *a.operation, a.number, true
}
