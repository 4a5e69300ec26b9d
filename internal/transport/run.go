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

// run is a call under way, as the goroutine that makes it, retryablehttp and http.Client see it. It serves another call
// when this one has ended: what a RoundTripper may have left running looks at the attempt and its [Call] only.
//
// It is also the context of the request that retryablehttp and http.Client hold: the caller's context, which leads the
// RoundTripper to the attempt under way.
type run struct {
	context.Context
	Result
	client  *Client
	call    *Call
	attempt *attempt      // the one under way, or the last one
	delay   time.Duration // until the next attempt; negative if there is none
	waiting bool          // between two attempts
	shown   bool          // the request was shown to somebody who may have kept it

	retrier retryablehttp.Client
	retried retryablehttp.Request
	request http.Request
	url     url.URL
	header  http.Header
	limited io.LimitedReader // of the response's body
	buffer  bytes.Buffer     // its bytes
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

// Release gives back what the call worked with, and ends what is valid until then.
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

// Value finds the call and the attempt under way.
func (r *run) Value(key any) any {
	switch key {
	case runKey{}:
		return r
	case attemptKey{}:
		return r.attempt
	}
	return r.Context.Value(key)
}

// buildRequest makes the request that retryablehttp and http.Client see. It serves all attempts, and holds neither a
// body nor a secret: those are added below, for each attempt.
func (r *run) buildRequest() {
	base, q := r.client.Base, &r.call.Request
	r.url = url.URL{Scheme: base.Scheme, Host: base.Host, Path: base.Path + q.Path, RawQuery: q.Query}
	if base.RawPath != base.Path || q.EscapedPath != q.Path {
		r.url.RawPath = base.RawPath + q.EscapedPath
	}
	r.setHeader()
	r.request.Method, r.request.Header = r.call.Endpoint.Method, r.header
}

// setHeader adds what an attempt begins with to the empty header. A cookie jar adds to it.
func (r *run) setHeader() {
	for name, values := range r.call.Request.Header {
		r.header[name] = slices.Clone(values)
	}
}
