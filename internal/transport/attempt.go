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

// attempt is one attempt of a call, over all redirects that are followed, and the context of its requests. It lasts until
// the last byte of the response.
type attempt struct {
	context.Context
	cancel context.CancelCauseFunc
	client *Client
	call   *Call
	number int
	start  time.Time

	admitted      bool        // by the limiter and the source of the key
	authorization string      // the header
	added         http.Header // by a function
	first         guard       // of the first request

	mu       sync.Mutex // for what follows: net/http reports from goroutines of its own
	ended    bool
	deadline time.Time
	timer    *time.Timer // nil where the caller's own deadline comes first
	paused   time.Time   // since when the attempt has been waiting for a free connection; zero if it is not
	extended bool        // timer is set for that wait

	bodyRead bool // somebody began to read the request's body
	asked    bool // net/http looked for a connection,
	got      bool // and got one on which the request could be written
	resent   bool // a RoundTripper was stopped as it began to send the request again,
	refused  bool // and the peer had refused to process it
	kept     bool // the request is known not to have been sent, for a reason that the fields above do not show
	answered bool // a response came
}

// perAttempt is the RoundTripper of our http.Client. It adds to each request what belongs to the attempt under way:
// context, headers and body. It does not show that the RoundTripper below can close its idle connections, which
// retryablehttp would do after every failure although other calls use them.
type perAttempt struct {
	below http.RoundTripper
	// direct is below, if that is net/http's own: then we know what it does by itself.
	direct *http.Transport
}

func newPerAttempt(below http.RoundTripper) perAttempt {
	if below == nil {
		below = http.DefaultTransport
	}
	direct, _ := below.(*http.Transport)
	return perAttempt{below, direct}
}

// RoundTrip sends one request of the attempt under way.
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

// send makes up for a RoundTripper that breaks the rules for its results, of which http.Client would accuse ours.
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
		a = new(attempt) // what an earlier attempt left running still looks at that one
	}
	a.client, a.call, a.number, a.start = r.client, r.call, len(r.Attempts)+1, time.Now()
	a.Context, a.cancel = context.WithCancelCause(r.Context)
	r.attempt = a
}

// admit asks the limiters, the source of further headers and that of the key, before the first request of an attempt.
// The time that the limiters take is not the attempt's.
func (a *attempt) admit() (err error) {
	if a.admitted {
		return nil
	}
	a.kept = true // until there is no error
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
	if c.AddHeaders != nil { // for each attempt that the limiters let through
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
	a.kept, a.admitted = false, true
	return nil
}

// newRequest is the request that leaves. It has no GetBody, which would let net/http send it again.
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

// body is the body of a request. It can be read once, and only while its attempt lasts: so what nobody read by the
// attempt's end never leaves as a whole, and a process that was stopped while it connected sends nothing late.
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

// close ends the attempt: what a RoundTripper may have left running can send nothing from here on.
func (a *attempt) close() {
	a.mu.Lock()
	a.ended = true
	if a.timer != nil {
		a.timer.Stop()
	}
	a.mu.Unlock()
	a.cancel(nil)
}

// end takes in how the attempt ended, and reports whether another one follows.
func (r *run) end(resp *http.Response, err error) (again bool) {
	a := r.attempt
	r.StatusCode, r.Header, r.Body = 0, nil, nil
	if err == nil {
		a.answered = true
		r.StatusCode, r.Header = resp.StatusCode, resp.Header
		err = r.read(resp)
		resp.Body = http.NoBody // there is nothing for retryablehttp to drain
	}
	a.close()
	left := a.left(err)
	unusable := false
	if err != nil {
		r.StatusCode, r.Header, r.Body = 0, nil, nil
		err = r.explain(err)
	} else if r.call.Receiver != nil {
		err = r.call.Receiver.Receive(&r.Result)
		unusable = err != nil && r.StatusCode != http.StatusTooManyRequests
	}
	if r.call.Write && left && (unusable || Unsettled(r.StatusCode)) {
		r.OutcomeUnknown = true
	}
	r.Attempts = append(r.Attempts, Attempt{
		Start: a.start, Duration: time.Since(a.start), StatusCode: r.StatusCode, Err: err,
	})
	r.delay = -1
	mayRepeat := r.mayRepeat(err, left)
	if mayRepeat && len(r.Attempts) < r.call.Policy.MaxAttempts {
		r.delay = r.nextDelay()
	}
	r.log(mayRepeat)
	return r.delay >= 0
}

// left reports whether the service may have got the whole request. It is called after the end of the attempt, with the
// error as net/http returned it. A RoundTripper that reports nothing, and read the body, proves nothing.
func (a *attempt) left(err error) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.answered:
		return true
	case a.kept, a.refused:
		return false
	case a.resent:
		return true
	case a.call.Request.Body != nil && !a.bodyRead:
		return false
	case a.asked && !a.got:
		return false
	}
	return !notProcessed(err)
}

// Value finds the attempt, also for what it left running after its end.
func (a *attempt) Value(key any) any {
	if key == (attemptKey{}) {
		return a
	}
	return a.Context.Value(key)
}
