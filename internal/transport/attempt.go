package transport

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"
	"time"
)

// attempt is one attempt of a call, including the redirects that it follows. It is also the context of its requests. It
// ends with the last byte of the response.
type attempt struct {
	context.Context
	cancel context.CancelCauseFunc
	client *Client
	call   *Call
	number int
	start  time.Time

	admitted      bool        // the limiters, AddHeaders and Authorization have succeeded
	authorization string      // the Authorization header
	added         http.Header // from AddHeaders
	first         guard       // of the first request
	notSent       bool        // the request was not sent, for a reason that the fields below do not show
	responded     bool        // a response arrived

	mu       sync.Mutex // guards the fields below, which net/http's goroutines also set
	ended    bool
	deadline time.Time
	timer    *time.Timer // nil if the caller's deadline comes first
	paused   time.Time   // when the attempt began to wait for a free connection; zero if it does not wait
	extended bool        // timer is set for the end of that wait

	bodyRead      bool // a RoundTripper began to read the request's body
	soughtConn    bool // net/http looked for a connection
	gotConn       bool // net/http got a connection, and was allowed to use it
	stoppedResend bool // a RoundTripper was stopped when it began to send the request again
	refusedByPeer bool // stoppedResend, because the peer had refused to process the request
}

// perAttempt is the RoundTripper of our http.Client. It adds to each request what belongs to the current attempt:
// context, headers and body. It hides the CloseIdleConnections method of the RoundTripper below, which retryablehttp
// would call after every failure although other calls use the connections.
type perAttempt struct {
	below http.RoundTripper
	// direct is below if that is net/http's own, which sends requests again only in known cases.
	direct *http.Transport
}

func newPerAttempt(below http.RoundTripper) perAttempt {
	if below == nil {
		below = http.DefaultTransport
	}
	direct, _ := below.(*http.Transport)
	return perAttempt{below, direct}
}

// RoundTrip sends one request of the current attempt.
func (t perAttempt) RoundTrip(outer *http.Request) (*http.Response, error) {
	r := outer.Context().Value(runKey{}).(*run)
	a := r.attempt
	if err := a.admit(); err != nil {
		return nil, err
	}
	g := &a.first
	if g.attempt != nil { // after a redirect
		g = new(guard)
	}
	g.attempt, g.direct, g.host = a, t.direct, outer.URL.Host
	req := a.newRequest(outer, g)
	r.logRequest(req)
	resp, err := t.send(req)
	if err != nil && g.unwritten() {
		err = a.explainUnsent(t.direct, req, err)
	}
	return resp, err
}

// send calls the RoundTripper and corrects results that break the rules of [http.RoundTripper], for which http.Client
// would blame perAttempt.
func (t perAttempt) send(req *http.Request) (*http.Response, error) {
	resp, err := t.below.RoundTrip(req)
	switch {
	case resp == nil && err == nil:
		return nil, fmt.Errorf("the RoundTripper %T returned neither a response nor an error", t.below)
	case resp == nil:
		return nil, err
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	if err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

// begin starts an attempt.
func (r *run) begin() {
	a := &r.call.first
	if a.call != nil {
		a = new(attempt) // a request that is left running may still use the first
	}
	a.client, a.call, a.number, a.start = r.client, r.call, len(r.Attempts)+1, time.Now()
	a.Context, a.cancel = context.WithCancelCause(r.Context)
	r.attempt = a
}

// admit waits for the limiters and gets the added headers and the API key, before the first request of an attempt. The
// wait for the limiters is not part of the attempt's time.
func (a *attempt) admit() (err error) {
	if a.admitted {
		return nil
	}
	a.notSent = true // unless admit succeeds
	c := a.client
	for _, l := range [...]Limiter{c.Limiter, a.call.Limiter} {
		if l == nil {
			continue
		}
		if err := l.Wait(a); err != nil {
			return &Failure{Reason: "limiter", Err: err, Final: true}
		}
		a.start = time.Now()
	}
	a.startClock()
	if c.AddHeaders != nil {
		a.added = make(http.Header)
		if err := c.AddHeaders(a, a.added); err != nil {
			return &Failure{Reason: "header", Err: err, Final: true}
		}
	}
	if c.Authorization != nil {
		if a.authorization, err = c.Authorization(a); err != nil {
			return &Failure{Reason: "key", Err: err, Final: true}
		}
	}
	if a.Err() != nil {
		return context.Cause(a)
	}
	a.notSent, a.admitted = false, true
	return nil
}

// newRequest returns the request to send. It has no GetBody, which would let net/http send it again.
func (a *attempt) newRequest(outer *http.Request, g *guard) *http.Request {
	c, r := a.client, &a.call.Request
	g.request = *outer.WithContext(httptrace.WithClientTrace(a, g.trace()))
	req := &g.request
	g.url = *outer.URL
	req.URL = &g.url
	g.values = [...]string{c.Product, "application/json", "application/json", a.authorization}
	header := make(http.Header, 4+len(a.added)+len(outer.Header))
	header["User-Agent"] = g.values[0:1:1]
	header["Accept"] = g.values[1:2:2]
	for name, values := range a.added {
		header[name] = slices.Clone(values) // a RoundTripper may change it, and a redirect may follow
	}
	for name, values := range outer.Header {
		header[name] = values
	}
	if r.Body != nil {
		header["Content-Type"] = g.values[2:3:3]
		req.ContentLength = int64(len(r.Body))
		g.body = body{attempt: a, rest: r.Body}
		req.Body = &g.body
	}
	if c.Authorization != nil {
		header["Authorization"] = g.values[3:4:4]
	}
	req.Header = header
	return req
}

// body is the body of a request. It can be read only once, and only during its attempt. So a request whose body was not
// read during the attempt is never sent as a whole, not even by a process that was suspended while it connected.
type body struct {
	attempt *attempt
	rest    []byte
}

func (b *body) Read(p []byte) (int, error) {
	if err := b.attempt.readBody(); err != nil {
		return 0, err
	}
	n := copy(p, b.rest)
	if b.rest = b.rest[n:]; len(b.rest) == 0 {
		return n, io.EOF
	}
	return n, nil
}

// Close does nothing: x/net/http2 may close a body that it has not read, and then read it on another connection.
func (b *body) Close() error { return nil }

func (a *attempt) readBody() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.over(); err != nil {
		return err
	}
	a.bodyRead = true
	return nil
}

// close ends the attempt. A request that a RoundTripper has left running can send nothing afterwards.
func (a *attempt) close() {
	a.mu.Lock()
	a.ended = true
	if a.timer != nil {
		a.timer.Stop()
	}
	a.mu.Unlock()
	a.cancel(nil)
}

// end records how the attempt ended, and reports whether another one follows.
func (r *run) end(resp *http.Response, err error) (again bool) {
	a := r.attempt
	r.StatusCode, r.Header, r.Body = 0, nil, nil
	if err == nil {
		a.responded = true
		r.StatusCode, r.Header = resp.StatusCode, resp.Header
		err = r.read(resp)
		resp.Body = http.NoBody // there is nothing for retryablehttp to drain
	}
	a.close()
	arrived := a.mayHaveArrived(err)
	unusable := false
	if err != nil {
		r.StatusCode, r.Header, r.Body = 0, nil, nil
		err = r.explain(err)
	} else if r.call.Receiver != nil {
		err = r.call.Receiver.Receive(&r.Result)
		unusable = err != nil && r.StatusCode != http.StatusTooManyRequests
	}
	if r.call.Write && arrived && (unusable || Unsettled(r.StatusCode)) {
		r.OutcomeUnknown = true
	}
	r.Attempts = append(r.Attempts, Attempt{
		Start: a.start, Duration: time.Since(a.start), StatusCode: r.StatusCode, Err: err,
	})
	r.delay = -1
	mayRepeat := r.mayRepeat(err, arrived)
	if mayRepeat && len(r.Attempts) < r.call.Policy.MaxAttempts {
		r.delay = r.nextDelay()
	}
	r.log(mayRepeat)
	return r.delay >= 0
}

// mayHaveArrived reports whether the service may have received the whole request. It is called after the end of the
// attempt, with the error as net/http returned it. If a RoundTripper read the body and reports no connections, the
// request may have arrived.
func (a *attempt) mayHaveArrived(err error) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.responded:
		return true
	case a.notSent, a.refusedByPeer:
		return false
	case a.stoppedResend:
		return true
	case a.call.Request.Body != nil && !a.bodyRead:
		return false
	case a.soughtConn && !a.gotConn:
		return false
	}
	return !notProcessed(err)
}

// Value returns the attempt itself for attemptKey, even after the attempt has ended.
func (a *attempt) Value(key any) any {
	if key == (attemptKey{}) {
		return a
	}
	return a.Context.Value(key)
}
