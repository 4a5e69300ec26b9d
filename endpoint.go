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
// Every class is retried after a 429, and after an attempt that provably did not leave this machine. Safe and
// idempotent requests are also retried after a transport error, 408, 500, 502, 503 and 504. No class is retried after an
// error that would recur, such as an invalid certificate.
type Class int

const (
	// ClassSafe requests only read.
	ClassSafe Class = iota + 1
	// ClassIdempotent requests have the same effect when they are carried out twice.
	ClassIdempotent
	// ClassOnce requests must not be carried out twice: they create, or act again each time.
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

// endpoint is what the API offers at one method and path, apart from the types that go there and come back. Its class
// is the default of its method unless it says otherwise: the API contract knows no classes.
type endpoint struct {
	id, method, path string
	class            Class
	// keyless endpoints work without an API key.
	keyless bool
	// nullCode is the error code that a 200 with the body null means.
	nullCode string
	// reserved is a path segment that would reach another endpoint.
	reserved string
	// waitLimit is how long its event may take before a wait gives up; 0 means defaultWaitTimeout.
	waitLimit time.Duration
	// subject fetches the object that its operation works on.
	subject *endpoint
	// mayStartSeveral endpoints start any number of events: none, the one that the response names, or more.
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

// startsOperation marks an endpoint that returns {event, data}.
func (ep *endpoint) startsOperation(subject *endpoint) *endpoint { ep.subject = subject; return ep }

func (ep *endpoint) deletes() bool { return ep.method == http.MethodDelete }

// names identify the endpoint in logs and contexts.
func (ep *endpoint) names() transport.Endpoint {
	return transport.Endpoint{ID: ep.id, Method: ep.method, PathTemplate: ep.path}
}

func (ep *endpoint) paramError(field, reason string) error {
	return &ParamError{Endpoint: ep.id, Field: field, Reason: reason}
}

// pathParams are the values of a path's placeholders, in their order.
func pathParams(values ...string) []string { return values }

// expand puts the values into the path's placeholders, each as one segment.
func (ep *endpoint) expand(values []string) (location, error) {
	template := ep.path
	if len(values) == 0 {
		return location{template, template}, nil
	}
	plain, escaped := "", "" // escaped is empty for as long as nothing had to be escaped
	for _, value := range values {
		before, rest, _ := strings.Cut(template, "{")
		name, after, _ := strings.Cut(rest, "}")
		switch {
		case value == "" || value == "." || value == "..":
			return location{}, ep.paramError(name, "must not be empty or a dot segment")
		case value == ep.reserved:
			return location{}, ep.paramError(name, "must not be the name of another endpoint")
		}
		if segment := url.PathEscape(value); escaped != "" || segment != value {
			escaped = cmp.Or(escaped, plain) + before + segment
		}
		plain += before + value
		template = after
	}
	plain += template
	if escaped == "" {
		return location{plain, plain}, nil
	}
	return location{plain, escaped + template}, nil
}
