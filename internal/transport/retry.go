package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The functions that retryablehttp calls find the attempt in the request's context.

// checkRetry is called at the end of each attempt. While retryablehttp waits for the next one it looks at the request's
// context, so it gets a request with the caller's: the attempt's has ended.
func checkRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	a := ctx.Value(attemptKey{}).(*attempt)
	c := a.call
	if !a.end(resp, err) {
		return false, nil
	}
	c.waiting = true
	c.request.Request = new(http.Request).WithContext(context.WithValue(c.ctx, attemptKey{}, a))
	c.retry.RetryWaitMin = c.delay
	return true, nil
}

func backoff(delay, _ time.Duration, _ int, _ *http.Response) time.Duration { return delay }

// prepareRetry is called after the wait, which may have ended together with the caller's context.
func prepareRetry(req *http.Request) error {
	c := req.Context().Value(attemptKey{}).(*attempt).call
	if c.ctx.Err() != nil {
		return c.ctx.Err()
	}
	c.waiting = false
	*req = *c.begin()
	return nil
}

// mayRepeat says whether the attempt that just ended may be followed by another.
func (a *attempt) mayRepeat(err error) bool {
	c := a.call
	switch {
	case a.number >= c.Policy.MaxAttempts, err != nil && final(err):
		return false
	case c.StatusCode == http.StatusTooManyRequests, err != nil && a.stayed():
		return true
	default:
		return c.Repeatable && (err != nil || repeatable(c.StatusCode))
	}
}

// repeatable lists the answers after which an operation that may be repeated is worth repeating.
func repeatable(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// Unsettled lists the answers that leave open whether the service did what was asked; 0 is no answer.
func Unsettled(status int) bool {
	return status == 0 || status/100 == 1 || status/100 == 3 || status == http.StatusRequestTimeout ||
		status == 499 || status >= 500
}

// nextDelay is the time until the next attempt: what Retry-After asks for, else an exponential back-off with full
// jitter. It is negative when Retry-After asks for more than the policy or the deadline allows: then the answer that
// we have is worth more than a wait that cannot end well.
func (c *Call) nextDelay() time.Duration {
	if c.ctx.Err() != nil && c.StatusCode == 0 { // the attempt's error says so already
		return -1
	}
	if c.StatusCode == http.StatusTooManyRequests || c.StatusCode == http.StatusServiceUnavailable {
		if delay, ok := RetryAfter(c.Header, time.Now()); ok {
			deadline, bounded := c.ctx.Deadline()
			if delay > c.Policy.MaxRetryAfter || bounded && delay >= time.Until(deadline) {
				return -1
			}
			return delay
		}
	}
	ceiling := c.Policy.MaxDelay
	if doublings := len(c.Attempts) - 1; doublings < 62 && c.Policy.MinDelay <= c.Policy.MaxDelay>>doublings {
		ceiling = c.Policy.MinDelay << doublings
	}
	return rand.N(ceiling)
}

// RetryAfter reads a Retry-After header, in seconds or as a date. What is not a time to come (junk, a negative number,
// a date in the past, a number that overflows) counts as absent.
func RetryAfter(header http.Header, now time.Time) (time.Duration, bool) {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if value == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil {
		if seconds > uint64(math.MaxInt64/time.Second) {
			return 0, false
		}
		return time.Duration(seconds) * time.Second, true
	}
	date, err := http.ParseTime(value)
	if err != nil || !date.After(now) {
		return 0, false
	}
	return date.Sub(now), true
}

// final says that another attempt would meet the same error.
func final(err error) bool {
	if _, ok := errors.AsType[*finalError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		return true
	}
	if errors.Is(err, http.ErrSchemeMismatch) {
		return true
	}
	return strings.Contains(err.Error(), "unsupported protocol scheme") // net/http has no type for it
}

// badLocation is how net/http begins the text of an error that it has no type for.
const badLocation = "failed to parse Location header"

// brokenAnswers are how net/http begins the errors that go on with what the server sent.
var brokenAnswers = []string{
	"malformed HTTP response", "malformed HTTP version", "malformed HTTP status code", "malformed MIME header",
	"bad Content-Length", "unsupported transfer encoding", "invalid trailer key",
}

// finalError marks an error that no other attempt can mend.
type finalError struct{ error }

func (e *finalError) Unwrap() error { return e.error }

// attemptTimeout is the end of an attempt that ran out of time, or was cancelled by something below us, while the
// caller's context went on. It shows its cause, but never as an end of that context.
type attemptTimeout struct{ cause error }

func (e *attemptTimeout) Error() string { return "the attempt timed out: " + e.cause.Error() }
func (e *attemptTimeout) Timeout() bool { return true }
func (e *attemptTimeout) As(target any) bool {
	return errors.As(e.cause, target)
}

func (e *attemptTimeout) Is(target error) bool {
	return target != context.DeadlineExceeded && target != context.Canceled && errors.Is(e.cause, target)
}

// contextError is the context's error, with the cause that its owner gave where there is one.
func contextError(ctx context.Context) error {
	err := ctx.Err()
	switch cause := context.Cause(ctx); {
	case cause == nil, cause == err:
		return err
	case errors.Is(cause, err):
		return cause
	default:
		return fmt.Errorf("%w: %w", err, cause)
	}
}
