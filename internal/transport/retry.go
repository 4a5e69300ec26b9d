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

// prepareRetry is called after the back-off. The caller's context may have ended at the same time.
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

// mayRepeat reports whether the attempt that just ended may be followed by another, regardless of MaxAttempts. arrived
// reports whether the service may have received the whole request.
func (r *run) mayRepeat(err error, arrived bool) bool {
	switch {
	case isFinal(err):
		return false
	case r.StatusCode == http.StatusTooManyRequests:
		return true
	case r.StatusCode == 0:
		return r.call.Repeatable || !arrived
	case r.StatusCode/100 == 2:
		return r.call.Repeatable && err != nil
	default:
		return r.call.Repeatable && isTemporary(r.StatusCode)
	}
}

// isTemporary reports whether the next attempt may get another status.
func isTemporary(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return status/100 == 5
}

// Unsettled reports whether a request with this status may have been carried out or not; 0 means no response.
func Unsettled(status int) bool {
	switch {
	case status < 200, status >= 500:
		return true
	case status == http.StatusRequestTimeout, status == 499: // 499: the client closed the connection to a proxy
		return true
	}
	return status/100 == 3
}

// nextDelay returns the time until the next attempt: the Retry-After, or else an exponential back-off with full jitter.
// It is negative if the Retry-After exceeds the policy's limit or the deadline: the caller then gets the response now,
// instead of after a wait that cannot succeed.
func (r *run) nextDelay() time.Duration {
	if r.Err() != nil && r.StatusCode == 0 { // the attempt's error is the context's
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
