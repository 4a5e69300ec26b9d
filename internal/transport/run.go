package transport

import (
	"bytes"
	"context"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// run is the state of a call in progress. It is reused for another call when this one has ended: a request that a
// RoundTripper has left running uses only its attempt and [Call].
//
// It is also the context of the request that retryablehttp and http.Client hold. It adds the current attempt to the
// caller's context.
type run struct {
	context.Context
	Result
	client  *Client
	call    *Call
	attempt *attempt      // the current or last one
	delay   time.Duration // until the next attempt; negative if there is none
	waiting bool          // between two attempts
	shown   bool          // a cookie jar or redirect policy has seen the request and may have kept it

	retrier retryablehttp.Client
	retried retryablehttp.Request
	request http.Request
	url     url.URL
	header  http.Header
	limited io.LimitedReader // reads the response's body
	buffer  bytes.Buffer     // holds the response's body
}

var runs = sync.Pool{New: func() any {
	r := &run{header: http.Header{}}
	r.request = *(&http.Request{URL: &r.url, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(r)
	r.retrier = retryablehttp.Client{
		RetryMax: math.MaxInt, CheckRetry: r.checkRetry, Backoff: r.backoff, PrepareRetry: r.prepareRetry,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	return r
}}

func newRun(ctx context.Context, c *Client, call *Call) *run {
	r := runs.Get().(*run)
	r.Context, r.client, r.call, r.run = ctx, c, call, r
	r.shown = c.HTTP.Jar != nil
	r.buildRequest()
	return r
}

// Release makes the memory of the call available to other calls.
func (r *Result) Release() {
	if r.run != nil {
		r.run.release()
	}
}

func (r *run) release() {
	attempts := r.Attempts
	clear(attempts)
	r.Result = Result{Attempts: attempts[:0]}
	if r.shown || r.buffer.Cap() > maxPooled {
		return
	}
	clear(r.header)
	r.buffer.Reset()
	r.Context, r.client, r.call, r.attempt, r.retrier.HTTPClient, r.retried.Request = nil, nil, nil, nil, nil, nil
	r.delay, r.waiting, r.limited = 0, false, io.LimitedReader{}
	runs.Put(r)
}

type (
	runKey     struct{}
	attemptKey struct{}
)

// Value also returns the run for runKey and the current attempt for attemptKey.
func (r *run) Value(key any) any {
	switch key {
	case runKey{}:
		return r
	case attemptKey{}:
		return r.attempt
	}
	return r.Context.Value(key)
}

// buildRequest builds the request for retryablehttp and http.Client. It serves all attempts and has neither a body nor
// the API key, which perAttempt adds.
func (r *run) buildRequest() {
	base, q := r.client.Base, &r.call.Request
	r.url = url.URL{Scheme: base.Scheme, Host: base.Host, Path: base.Path + q.Path, RawQuery: q.Query}
	if base.RawPath != base.Path || q.EscapedPath != q.Path {
		r.url.RawPath = base.RawPath + q.EscapedPath
	}
	r.setHeader()
	r.request.Method, r.request.Header = r.call.Endpoint.Method, r.header
}

// setHeader adds the call's headers to the empty header. A cookie jar adds to it, too.
func (r *run) setHeader() {
	for name, values := range r.call.Request.Header {
		r.header[name] = slices.Clone(values)
	}
}
