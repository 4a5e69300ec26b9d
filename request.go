package paperspace

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/google/go-querystring/query"

	"github.com/paperspace-go/paperspace/internal/transport"
)

// request is a validated request to an endpoint.
type request struct {
	endpoint *endpoint
	path     urlPath
	query    url.Values
	body     []byte
	options  requestConfig
	into     destination
}

// call calls an endpoint and returns the decoded response. Params become the query of a GET or DELETE, and the body of
// any other request; nil means neither.
func call[T any](ctx context.Context, c *Client, ep *endpoint, path []string, params any, opts []RequestOption) (*T, error) {
	r, err := ep.request(path, params, opts)
	if err != nil {
		return nil, err
	}
	return exchange[T](ctx, c, r, nil)
}

// deleted calls an endpoint that deletes an object. If the response is empty, it returns whenEmpty, which identifies
// the object.
func deleted[T any](ctx context.Context, c *Client, ep *endpoint, path []string, whenEmpty T, opts []RequestOption) (*T, error) {
	r, err := ep.request(path, nil, opts)
	if err != nil {
		return nil, err
	}
	return exchange(ctx, c, r, &whenEmpty)
}

// exchange sends a request and returns the decoded response. For an empty response it returns whenEmpty, or an error
// if that is nil.
func exchange[T any](ctx context.Context, c *Client, r request, whenEmpty *T) (*T, error) {
	out := new(T)
	r.into = destination{out: out, decode: decodeResponse}
	if whenEmpty != nil {
		r.into.whenEmpty = whenEmpty
	}
	if err := c.do(ctx, r); err != nil {
		return nil, err
	}
	return out, nil
}

// request returns the request that a method's arguments describe, or an error if they cannot be sent.
func (ep *endpoint) request(path []string, params any, opts []RequestOption) (request, error) {
	options, err := ep.configure(opts) // first, since it clears the Response of an earlier call
	r := request{endpoint: ep, options: options}
	if err != nil {
		return r, err
	}
	if r.path, err = ep.expand(path); err != nil {
		return r, err
	}
	if params == nil {
		return r, r.addOptions(nil, nil)
	}
	if err := validate(ep, params); err != nil {
		return r, err
	}
	if ep.method == http.MethodGet || ep.deletes() {
		if r.query, err = query.Values(params); err != nil {
			return r, err
		}
		return r, r.addOptions(params, nil)
	}
	return r, r.addOptions(params, params)
}

// configure applies the options of a call and returns the first error.
func (ep *endpoint) configure(opts []RequestOption) (_ requestConfig, first error) {
	if len(opts) == 0 {
		return requestConfig{}, nil
	}
	rc := new(requestConfig)
	for _, opt := range opts {
		var err error
		if opt == nil {
			err = ep.paramError("opts", "contains a nil option")
		} else {
			err = opt.applyRequest(rc)
		}
		if e, ok := errors.AsType[*ParamError](err); ok {
			e.Endpoint = ep.id
		}
		first = cmp.Or(first, err)
	}
	if first == nil && rc.prefetch && rc.response != nil {
		first = ep.paramError("WithResponse", "cannot be combined with WithPrefetch, which fetches two pages at the same time")
	}
	return *rc, first
}

// addOptions encodes the body and adds the query parameters and body fields of the options. They must not have the
// name of a field of params.
func (r *request) addOptions(params, body any) error {
	ep, options := r.endpoint, &r.options
	if len(options.query) > 0 {
		taken := fieldNames(params, "url")
		merged := make(url.Values, len(r.query)+len(options.query))
		maps.Copy(merged, r.query)
		for name, values := range options.query {
			if taken[name] || merged.Has(name) {
				return ep.paramError("WithQuery", "the endpoint already has a parameter named "+name)
			}
			merged[name] = values
		}
		r.query = merged
	}
	if body == nil {
		if len(options.body) > 0 {
			return ep.paramError("WithBodyField", "the endpoint has no body")
		}
		return nil
	}
	encoded, err := encodeParams(body)
	if err != nil {
		return ep.encodingError("", err)
	}
	r.body = encoded
	if len(options.body) > 0 {
		r.body, err = ep.addFields(encoded, options.body, fieldNames(params, "json"))
	}
	return err
}

// do runs a request with its hooks and timeout, and decodes the response into the request's destination.
func (c *Client) do(ctx context.Context, r request) error {
	switch ep := r.endpoint; {
	case ctx == nil:
		return ep.paramError("ctx", "is nil")
	case r.options.prefetch:
		return ep.paramError("WithPrefetch", "has no effect on this method, only on the All methods")
	case c.config.key == nil && !ep.keyless:
		return fmt.Errorf("%w, and %s needs one", ErrNoAPIKey, ep.id)
	}
	if timeout := r.options.timeout; timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	if len(c.config.hooks) == 0 {
		return c.sendWithKey(ctx, &r, nil)
	}
	start := time.Now()
	result := CallResult{Err: errPanicked} // unless send returns
	var room [4]func(CallResult)           // more hooks need an allocation
	ends := room[:0]
	defer func() {
		result.Duration = time.Since(start)
		endHooks(ends, result)
	}()
	info := callInfo(r.endpoint.names(), c.transport.Base)
	for _, h := range c.config.hooks {
		inner, end := h(ctx, info)
		if inner != nil {
			ctx = inner
		}
		if end != nil {
			ends = append(ends, end)
		}
	}
	result.Err = c.sendWithKey(ctx, &r, &result)
	return result.Err
}

// sendWithKey sends a request, and sends it once more if the service refuses the API key and its source has another one.
func (c *Client) sendWithKey(ctx context.Context, r *request, result *CallResult) error {
	key := c.config.key
	if key == nil || key.version == nil {
		return c.send(ctx, r, result)
	}
	version := key.version(false) // other calls may reload the key meanwhile
	err := c.send(ctx, r, result)
	if !errors.Is(err, ErrUnauthorized) || key.version(true) == version {
		return err
	}
	refused, _ := errors.AsType[*Error](err)
	r.into.dirty = true
	err = c.send(ctx, r, result)
	if e, ok := errors.AsType[*Error](err); ok { // the attempts with the old key count
		e.Attempts += refused.Attempts
		e.OutcomeUnknown = e.OutcomeUnknown || refused.OutcomeUnknown
	}
	return err
}

// send sends a request and decodes the response. It fills in result, if not nil, and the response that the caller wants
// to capture.
func (c *Client) send(ctx context.Context, r *request, result *CallResult) error {
	ep := r.endpoint
	rec := &receiver{destination: r.into, ctx: ctx, config: &c.config, endpoint: ep, call: transport.Call{
		Endpoint: ep.names(),
		Request: transport.Request{
			Path: r.path.plain, EscapedPath: r.path.escaped, Query: r.query.Encode(), Header: r.options.header, Body: r.body,
		},
		Write:      ep.class != ClassSafe,
		Repeatable: ep.class != ClassOnce,
		Policy:     &c.policy,
		Limiter:    r.options.limiter,
	}}
	rec.call.Receiver = rec
	if r.options.retry != nil {
		policy := c.config.transportPolicy(c.config.retry.with(*r.options.retry))
		rec.call.Policy = &policy
	}
	res, err := c.transport.Do(ctx, &rec.call)
	defer res.Release()
	if err != nil || rec.isError || res.StatusCode/100 != 2 {
		err = newError(ep, &rec.call, res, err)
	}
	if result != nil {
		result.StatusCode, result.RequestID = res.StatusCode, transport.RequestID(res.Header)
		result.Attempts = appendAttempts(result.Attempts, res.Attempts)
		result.Odd = rec.odd
	}
	if captured := r.options.response; captured != nil {
		*captured = Response{
			StatusCode: res.StatusCode, Header: res.Header.Clone(), Body: bytes.Clone(res.Body), Attempts: appendAttempts(captured.Attempts, res.Attempts),
		}
	}
	return err
}

var errPanicked = errors.New("paperspace: the call panicked")
