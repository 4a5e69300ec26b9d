package paperspace

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-querystring/query"

	"github.com/paperspace-go/paperspace/internal/transport"
)

// Class determines when a failed request may be sent again.
//
// A request of any class is sent again after a 429, and after an attempt that provably did not leave this machine or that
// the peer says it did not process. Safe and idempotent operations are also sent again after a transport error, a 2xx
// that cannot be read, 408, 425 and any 5xx but 501 and 505. Nothing is sent again after an error that would come again,
// such as that of a certificate or a proxy's refusal.
type Class int

const (
	// ClassSafe only reads.
	ClassSafe Class = iota + 1
	// ClassIdempotent has the same effect when it is carried out twice.
	ClassIdempotent
	// ClassNeither may have its effect twice when it is carried out twice.
	ClassNeither
)

func classOf(method string) Class {
	switch method {
	case http.MethodGet, http.MethodHead:
		return ClassSafe
	case http.MethodPut, http.MethodDelete:
		return ClassIdempotent
	}
	return ClassNeither
}

// operation is what an API operation is apart from its types. Its class stands here, beside the method, and not in the
// contract, which knows nothing of it.
type operation struct {
	id, method, path string
	class            Class
	// noKey says that the operation works without an API key.
	noKey bool
	// null is the error code that a 200 with the body null stands for.
	null string
	// wait is how long its event may take before a wait gives up; 0 is defaultWaitTimeout.
	wait time.Duration
	// eventOptional says that the answer may lack an event, and that one call may begin several.
	eventOptional bool
}

func (op *operation) transport() transport.Endpoint {
	return transport.Endpoint{ID: op.id, Method: op.method, PathTemplate: op.path}
}

func (op *operation) deletes() bool { return op.method == http.MethodDelete }

func (op *operation) paramError(field, reason string) error {
	return &ParamError{Operation: op.id, Field: field, Reason: reason}
}

// pathParams are the values of a path's placeholders, in their order.
func pathParams(values ...string) []string { return values }

// request is one call, ready to be sent but for the request options.
type request struct {
	path   location
	keys   []string // the values in path
	params any      // where query and body came from: its names are taken
	query  url.Values
	body   any
	// anyAnswer says that nothing is needed from a 2xx answer.
	anyAnswer bool
	// walks says that it is for one page of many.
	walks bool
	// err is why it cannot be sent.
	err error
}

// keyed is a result that an empty answer to a delete leaves no doubt about: the keys that it was called with are it.
type keyed interface{ setKeys(keys []string) }

// call is the road that every operation takes. Params become the query of a GET or DELETE, and the body of anything
// else; nil means neither.
func call[T any](ctx context.Context, c *Client, op *operation, path []string, params any, opts []RequestOption) (*T, error) {
	out := new(T)
	if err := c.do(ctx, op, op.request(path, params), out, opts); err != nil {
		return nil, err
	}
	return out, nil
}

func (op *operation) request(path []string, params any) request {
	r := request{keys: path, params: params}
	if r.path, r.err = op.expand(path); r.err != nil || params == nil {
		return r
	}
	if r.err = validate(op, params); r.err != nil {
		return r
	}
	if op.method == http.MethodGet || op.deletes() {
		r.query, r.err = query.Values(params)
	} else {
		r.body = params
	}
	return r
}

// do sends a request and decodes the answer into out, a pointer to a zero value.
func (c *Client) do(ctx context.Context, op *operation, r request, out any, opts []RequestOption) error {
	rc, err := op.configure(opts) // first, so that a captured response is never an earlier call's
	switch {
	case ctx == nil:
		return op.paramError("ctx", "is nil")
	case r.err != nil:
		return r.err
	case err != nil:
		return err
	case rc.prefetch && !r.walks:
		return op.paramError("WithPrefetch", "is for the All methods")
	case rc.prefetch && rc.response != nil:
		return op.paramError("WithResponse", "cannot tell which page it is of, with WithPrefetch")
	case c.authorization == nil && !op.noKey:
		return fmt.Errorf("%w, and %s needs one", ErrNoAPIKey, op.id)
	}
	body, err := r.encode(op, &rc)
	if err != nil {
		return err
	}
	if rc.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, rc.timeout)
		defer cancel()
	}
	if len(c.hooks) == 0 {
		return c.send(ctx, op, r, body, out, &rc, nil)
	}
	start := time.Now()
	result := CallResult{Err: errPanicked} // unless it returns
	var room [4]func(CallResult)           // who has more hooks than that can spare an allocation
	ends := room[:0]
	defer func() {
		result.Duration = time.Since(start)
		endHooks(ends, result)
	}()
	ctx = beginHooks(ctx, c.hooks, callInfo(op.transport(), c.shared.Base), &ends)
	result.Err = c.send(ctx, op, r, body, out, &rc, &result)
	return result.Err
}

// configure applies the options of a call, and returns the first error among them.
func (op *operation) configure(opts []RequestOption) (_ requestConfig, first error) {
	if len(opts) == 0 {
		return requestConfig{}, nil
	}
	rc := new(requestConfig)
	for _, opt := range opts {
		var err error
		if opt == nil {
			err = op.paramError("opts", "has a nil option")
		} else {
			err = opt.applyRequest(rc)
		}
		if e, ok := errors.AsType[*ParamError](err); ok {
			e.Operation = op.id
		}
		first = cmp.Or(first, err)
	}
	return *rc, first
}

// encode puts the options into the query and returns the body.
func (r *request) encode(op *operation, rc *requestConfig) ([]byte, error) {
	if len(rc.query) > 0 {
		taken := fieldNames(r.params, "url")
		merged := make(url.Values, len(r.query)+len(rc.query))
		for name, values := range r.query {
			merged[name] = values
		}
		for name, values := range rc.query {
			if taken[name] || merged.Has(name) {
				return nil, op.paramError("WithQuery", "the operation has a parameter of the name "+name)
			}
			merged[name] = values
		}
		r.query = merged
	}
	if r.body == nil {
		if len(rc.body) > 0 {
			return nil, op.paramError("WithBodyField", "the operation has no body")
		}
		return nil, nil
	}
	body, err := encode(r.body)
	if err == nil && len(rc.body) > 0 {
		body, err = addFields(body, rc.body, fieldNames(r.params, "json"))
	}
	if err != nil {
		return nil, op.paramError(fieldOf(err), "cannot be encoded: "+err.Error())
	}
	return body, nil
}

// send makes the call and fills result, if there is one, and the captured response, if one is asked for.
func (c *Client) send(
	ctx context.Context, op *operation, r request, body []byte, out any, rc *requestConfig, result *CallResult,
) error {
	refused := false // by the API itself, although the status is 2xx
	t := transport.Call{
		Endpoint: op.transport(),
		Request: transport.Request{
			Path: r.path.plain, EscapedPath: r.path.escaped, Query: r.query.Encode(), Header: rc.header, Body: body,
		},
		Write:      op.class != ClassSafe,
		Repeatable: op.class != ClassNeither,
		Policy:     &c.policy,
		Read: func(res *transport.Result) error {
			if res.StatusCode/100 != 2 {
				return nil
			}
			if len(res.Attempts) > 0 && out != nil {
				reflect.ValueOf(out).Elem().SetZero() // of what an earlier attempt left there
			}
			err := r.read(op, res.Body, out)
			if refused = err == errAnswered; refused {
				return nil
			}
			return err
		},
	}
	if rc.retry != nil {
		policy := c.transportPolicy(*rc.retry)
		t.Policy = &policy
	}
	res, err := c.shared.Do(ctx, &t)
	defer res.Release()
	if refused {
		err = errAnswered
	}
	if err != nil || res.StatusCode/100 != 2 {
		err = newError(op, t.Write, res, err)
	}
	if result != nil {
		result.StatusCode, result.RequestID = res.StatusCode, res.Header.Get("X-Request-Id")
		result.Attempts = attempts(res.Attempts)
	}
	if rc.response != nil {
		*rc.response = Response{
			StatusCode: res.StatusCode, Header: res.Header.Clone(), Body: bytes.Clone(res.Body), Attempts: attempts(res.Attempts),
		}
	}
	return err
}

// maxResponseBody is far more than any answer of the API.
const maxResponseBody = 64 << 20

// origin names the origin that a Location leads to, if it is one of its own; its path and query may hold anything.
func origin(location string) string {
	u, err := url.Parse(location)
	if err != nil || u.Host == "" {
		return ""
	}
	return "to " + (&url.URL{Scheme: u.Scheme, Host: u.Host}).String() + " "
}

var errPanicked = errors.New("paperspace: the call panicked")

// errAnswered says that the answer itself is an error, whatever its status says.
var errAnswered = errors.New("the answer is an error")

// read decodes the body of a 2xx answer.
func (r *request) read(op *operation, body []byte, out any) error {
	if mayBeError(body) && readAnswer(body).isError() {
		return errAnswered
	}
	text := bytes.TrimSpace(body)
	deleted, isKeyed := out.(keyed)
	switch {
	case r.anyAnswer:
		return nil
	case string(text) == "null" && op.null != "":
		return errAnswered
	case string(text) == "null":
		return errors.New("the answer is null")
	case len(text) == 0 && op.deletes() && isKeyed:
		deleted.setKeys(r.keys)
		return nil
	case len(text) == 0:
		return errors.New("the answer is empty")
	}
	if page, ok := out.(interface{ reserve(bytes int) }); ok {
		page.reserve(len(body))
	}
	if err := decode(body, out); err != nil {
		return fmt.Errorf("the answer cannot be read: %w", err)
	}
	v := reflect.ValueOf(out).Elem()
	e, isEnvelope := out.(envelope)
	if isEnvelope && !e.isEmpty() || !isEnvelope && (v.Kind() != reflect.Struct || !v.IsZero() || string(text) == "{}") {
		return nil
	}
	if !hasAny(body, v.Type()) {
		return errors.New("the answer has nothing of what is due")
	}
	return nil
}

// envelope is a result that is worth nothing without what is in it: a page or an operation.
type envelope interface{ isEmpty() bool }

// hasAny says whether a JSON object has any member that an answer of the type must have. One that has none comes from
// something that is not the API, and must not pass for an empty list.
func hasAny(object []byte, t reflect.Type) bool {
	var members map[string]jsontext.Value
	if decode(object, &members) != nil {
		return true
	}
	required := 0
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || strings.Contains(options, "omitzero") {
			continue
		}
		if required++; members[name] != nil {
			return true
		}
	}
	return required == 0
}

// newError makes the error of a call that has no answer to decode, or none that can be.
func newError(op *operation, write bool, t *transport.Result, cause error) *Error {
	e := &Error{
		Operation: op.id, Method: op.method, PathTemplate: op.path,
		StatusCode: t.StatusCode, Attempts: len(t.Attempts), RequestID: t.Header.Get("X-Request-Id"),
		OutcomeUnknown: t.OutcomeUnknown, Err: cause,
	}
	e.RetryAfter, _ = transport.RetryAfter(t.Header, time.Now())
	if len(t.Body) > 0 {
		e.Body = bytes.Clone(t.Body[:min(len(t.Body), maxErrorBody)])
	}
	succeeded := t.StatusCode/100 == 2
	if succeeded && cause != errAnswered {
		return e
	}
	a := readAnswer(t.Body)
	e.Code, e.Message, e.Issues, e.Details = a.code, a.message, a.issues, a.details
	e.fromAPI = a.message != ""
	if cause == errAnswered {
		e.Err = nil
		if a.members == nil {
			e.Code, e.Message, e.fromAPI = op.null, "the answer is null", true
		}
		known, ok := codes[e.Code]
		e.OutcomeUnknown = e.OutcomeUnknown || write && (!ok || transport.Unsettled(known.status))
	}
	if to := t.Header.Get("Location"); to != "" && t.StatusCode/100 == 3 {
		e.Err = errors.Join(e.Err, fmt.Errorf("a redirect %swas not followed", origin(to)))
	}
	return e
}
