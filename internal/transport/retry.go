package transport

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"
)

// retry makes the attempts of the call.
func (r *run) retry() {
	r.retrier.HTTPClient, r.retried.Request = r.client.HTTP, &r.request
	_, _ = r.retrier.Do(&r.retried)
}

// checkRetry is called at the end of each attempt.
func (r *run) checkRetry(_ context.Context, resp *http.Response, err error) (bool, error) {
	r.waiting = r.end(resp, err)
	return r.waiting, nil
}

func (r *run) backoff(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return r.delay }

// prepareRetry is called after the back-off, which may have ended together with the caller's context.
func (r *run) prepareRetry(req *http.Request) error {
	if err := r.Err(); err != nil {
		return err
	}
	r.waiting = false
	r.begin()
	r.header = http.Header{}
	r.setHeader()
	req.Header = r.header
	return nil
}

// mayRepeat reports whether the attempt that just ended may be followed by another, whatever their number. left reports
// whether the service may have got the whole request.
func (r *run) mayRepeat(err error, left bool) bool {
	switch {
	case isFinal(err):
		return false
	case r.StatusCode == http.StatusTooManyRequests:
		return true
	case r.StatusCode == 0:
		return r.call.Repeatable || !left
	case r.StatusCode/100 == 2:
		return r.call.Repeatable && err != nil
	default:
		return r.call.Repeatable && repeatable(r.StatusCode)
	}
}

// repeatable reports whether a status may be gone at the next attempt.
func repeatable(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return status/100 == 5
}

// Unsettled reports whether a status leaves open if the service did what was asked; 0 is no response.
func Unsettled(status int) bool {
	switch {
	case status < 200, status >= 500:
		return true
	case status == http.StatusRequestTimeout, status == 499: // 499: a proxy saw the client go
		return true
	}
	return status/100 == 3
}

// nextDelay is the time until the next attempt: what Retry-After asks for, else an exponential back-off with full
// jitter. It is negative when Retry-After asks for more than the policy or the deadline allows: then the response that
// we have is worth more than a wait that cannot end well.
func (r *run) nextDelay() time.Duration {
	if r.Err() != nil && r.StatusCode == 0 { // the attempt's error is already that of the context
		return -1
	}
	if delay, ok := RetryAfter(r.Header, time.Now()); ok {
		deadline, bounded := r.Deadline()
		if delay > r.call.Policy.MaxRetryAfter || bounded && delay >= time.Until(deadline) {
			return -1
		}
		return delay
	}
	p := r.call.Policy
	ceiling := p.MaxDelay
	if doublings := len(r.Attempts) - 1; doublings < 62 && p.MinDelay <= p.MaxDelay>>doublings {
		ceiling = p.MinDelay << doublings
	}
	return rand.N(ceiling)
}
