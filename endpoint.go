package paperspace

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/paperspace-go/paperspace/internal/transport"
)

// Class determines when a failed request may be sent again.
//
// A request of any class is sent again after a 429, and after an attempt that was provably not sent, or that the
// service reports as not processed. Safe and idempotent requests are also sent again after a transport error, a 2xx
// response that cannot be read, 408, 425, and any 5xx but 501 and 505. No class is sent again after an error that would
// recur, such as an invalid certificate or a proxy's refusal.
type Class int

const (
	// ClassSafe requests only read.
	ClassSafe Class = iota + 1
	// ClassIdempotent requests have the same effect if they are carried out twice.
	ClassIdempotent
	// ClassOnce requests must not be carried out twice: each creates an object or acts again.
	ClassOnce
)

func classOf(method string) Class {
	switch method {
	case http.MethodGet, http.MethodHead:
		return ClassSafe
	case http.MethodPut, http.MethodDelete:
		return ClassIdempotent
	}
	return ClassOnce
}

// endpoint describes an endpoint of the API, apart from the types of its params and response. Its class is the default
// of its method unless set here, since the API contract does not define classes.
type endpoint struct {
	id, method, path string
	class            Class
	// keyless endpoints need no API key.
	keyless bool
	// nullCode is the error code of a 200 response with the body null.
	nullCode string
	// reserved is a value of the path parameter that would reach another endpoint.
	reserved string
	// waitLimit is the default time limit of waits for its operation; 0 means defaultWaitTimeout.
	waitLimit time.Duration
	// subject fetches the object of its operation.
	subject *endpoint
	// mayStartSeveral endpoints start any number of events: none, only the one in the response, or more.
	mayStartSeveral bool
}

func newEndpoint(method, id, path string) *endpoint {
	return &endpoint{id: id, method: method, path: path, class: classOf(method)}
}

func get(id, path string) *endpoint    { return newEndpoint(http.MethodGet, id, path) }
func post(id, path string) *endpoint   { return newEndpoint(http.MethodPost, id, path) }
func put(id, path string) *endpoint    { return newEndpoint(http.MethodPut, id, path) }
func patch(id, path string) *endpoint  { return newEndpoint(http.MethodPatch, id, path) }
func remove(id, path string) *endpoint { return newEndpoint(http.MethodDelete, id, path) }

func (ep *endpoint) idempotent() *endpoint { ep.class = ClassIdempotent; return ep }

func (ep *endpoint) withoutKey() *endpoint { ep.keyless = true; return ep }

func (ep *endpoint) nullMeans(code string) *endpoint { ep.nullCode = code; return ep }

func (ep *endpoint) reserves(segment string) *endpoint { ep.reserved = segment; return ep }

func (ep *endpoint) waitsUpTo(limit time.Duration) *endpoint { ep.waitLimit = limit; return ep }

func (ep *endpoint) startsSeveral() *endpoint { ep.mayStartSeveral = true; return ep }

// operations are the endpoints that start operations.
var operations []*endpoint

// startsOperation marks an endpoint whose response is {event, data}.
func (ep *endpoint) startsOperation(subject *endpoint) *endpoint {
	ep.subject = subject
	operations = append(operations, ep)
	return ep
}

func (ep *endpoint) deletes() bool { return ep.method == http.MethodDelete }

// creates reports whether each call of the endpoint creates something. An endpoint without a path is that of
// [Client.Do], whose results are not known.
func (ep *endpoint) creates() bool {
	return ep.method == http.MethodPost && ep.class == ClassOnce && ep.path != ""
}

// names returns what identifies the endpoint in logs and contexts.
func (ep *endpoint) names() transport.Endpoint {
	return transport.Endpoint{ID: ep.id, Method: ep.method, PathTemplate: ep.path}
}

func (ep *endpoint) paramError(field, reason string) error {
	return &ParamError{Endpoint: ep.id, Field: field, Reason: reason}
}

// pathParams returns the values for a path's placeholders, in order.
func pathParams(values ...string) []string { return values }

// expand replaces the path's placeholders with the values, each escaped as one segment.
func (ep *endpoint) expand(values []string) (urlPath, error) {
	template := ep.path
	if len(values) == 0 {
		return urlPath{template, template}, nil
	}
	plain, escaped := "", "" // escaped is empty until a value has to be escaped
	for _, value := range values {
		before, rest, _ := strings.Cut(template, "{")
		name, after, _ := strings.Cut(rest, "}")
		switch {
		case value == "" || value == "." || value == "..":
			return urlPath{}, ep.paramError(name, "must not be empty or a dot segment")
		case value == ep.reserved:
			return urlPath{}, ep.paramError(name, "must not be a path segment of another endpoint")
		}
		if segment := url.PathEscape(value); escaped != "" || segment != value {
			escaped = cmp.Or(escaped, plain) + before + segment
		}
		plain += before + value
		template = after
	}
	plain += template
	if escaped == "" {
		return urlPath{plain, plain}, nil
	}
	return urlPath{plain, escaped + template}, nil
}
