package paperspacetest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// Fault makes calls fail. Endpoint, Skip, Times and Chance select the calls; the other fields describe the failure and
// can be combined.
type Fault struct {
	// Endpoint is the id of the affected endpoint, such as "machines-create". If empty, the fault affects all requests,
	// including those that match no endpoint.
	Endpoint string
	// Skip is how many matching calls succeed first.
	Skip int
	// Times is how many calls the fault affects. Zero means all, until the fault is lifted.
	Times int
	// Chance is the probability, from 0 to 1, that a matching call is affected; see [WithSeed]. Zero means always.
	Chance float64

	// CarriedOut makes the call take effect in spite of the fault. Without it, a call with Cut or Status has no effect.
	CarriedOut bool
	// Latency delays the call, by the real clock or the bubble's: before it takes effect or, with CarriedOut, after. The
	// delay ends early when the request's context does.
	Latency time.Duration
	// Cut breaks the connection: without CarriedOut it is refused, with CarriedOut it is reset before the response. Over a
	// socket the connection is closed in both cases.
	Cut bool
	// Status is the status of the response.
	Status int
	// Body is the body of the response with Status. If empty, it is an API error, or nothing for a status that allows no
	// body (204, 304).
	Body string
	// HTML makes the response an HTML page, as from a proxy. The page is Body if set. Status defaults to 502.
	HTML bool
	// NoBody makes the response body empty. Status defaults to 502.
	NoBody bool
	// RetryAfter adds a Retry-After header, rounded up to seconds. Status defaults to 429.
	RetryAfter time.Duration
	// SlowBody is how long the response body takes to arrive.
	SlowBody time.Duration
	// Truncate ends the response in the middle of its body.
	Truncate bool
}

// fault is an injected Fault.
type fault struct {
	Fault
	matched, applied int // calls
}

// Inject adds a fault. If several faults match a call, the one injected first affects it. Lift removes the fault.
func (s *Server) Inject(f Fault) (lift func()) {
	s.t.Helper()
	if problem := f.check(); problem != "" {
		s.t.Fatalf("paperspacetest: Inject: %s", problem)
	}
	if f.HTML || f.NoBody {
		f.Status = cmp.Or(f.Status, http.StatusBadGateway)
	}
	if f.RetryAfter > 0 {
		f.Status = cmp.Or(f.Status, http.StatusTooManyRequests)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	added := &fault{Fault: f}
	s.faults = append(s.faults, added)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.faults = slices.DeleteFunc(s.faults, func(f *fault) bool { return f == added })
	}
}

func (f *Fault) check() string {
	effect := *f
	effect.Endpoint, effect.Skip, effect.Times, effect.Chance, effect.CarriedOut = "", 0, 0, 0, false
	switch {
	case f.Endpoint != "" && contract.Lookup(f.Endpoint) == nil:
		return "no endpoint " + strconv.Quote(f.Endpoint)
	case f.Skip < 0, f.Times < 0, f.Latency < 0, f.RetryAfter < 0, f.SlowBody < 0:
		return "a field is negative"
	case !(f.Chance >= 0 && f.Chance <= 1):
		return "Chance is not between 0 and 1"
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return strconv.Itoa(f.Status) + " is not a response status"
	case f.hasNoBody() && (f.Body != "" || f.HTML || f.SlowBody > 0 || f.Truncate):
		return "a response without a body cannot have Body, HTML, SlowBody or Truncate"
	case f.Body != "" && f.Status == 0 && !f.HTML && f.RetryAfter == 0:
		return "Body needs a Status"
	case f.Cut && (f.Status != 0 || f.HTML || f.NoBody || f.RetryAfter > 0 || f.SlowBody > 0 || f.Truncate):
		return "a cut connection returns no response"
	case effect == Fault{}:
		return "the fault has no failure"
	}
	return ""
}

// nextFault returns the fault that affects the next call of an endpoint, or the zero Fault.
func (s *Server) nextFault(endpoint string) Fault {
	for _, f := range s.faults {
		if f.Endpoint != "" && f.Endpoint != endpoint || f.Times > 0 && f.applied == f.Times {
			continue
		}
		if f.matched++; f.matched <= f.Skip || f.Chance > 0 && s.faultRandom.Float64() >= f.Chance {
			continue
		}
		f.applied++
		return f.Fault
	}
	return Fault{}
}

// codes are the API's error codes by status.
var codes = map[int]string{
	400: "BAD_REQUEST", 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 405: "METHOD_NOT_SUPPORTED",
	408: "TIMEOUT", 409: "CONFLICT", 412: "PRECONDITION_FAILED", 413: "PAYLOAD_TOO_LARGE",
	415: "UNSUPPORTED_MEDIA_TYPE", 422: "UNPROCESSABLE_CONTENT", 429: "TOO_MANY_REQUESTS",
	499: "CLIENT_CLOSED_REQUEST",
}

// hasNoBody reports whether the response has no body, because of NoBody or because HTTP allows none.
func (f *Fault) hasNoBody() bool {
	return f.NoBody || f.Status == http.StatusNoContent || f.Status == http.StatusNotModified
}

func (f *Fault) response() response {
	resp := response{f.Status, http.Header{"Content-Type": {"application/json; charset=utf-8"}}, []byte(f.Body)}
	switch {
	case f.hasNoBody():
		resp.header.Del("Content-Type")
	case f.HTML:
		resp.header.Set("Content-Type", "text/html; charset=utf-8")
		page := "<!DOCTYPE html>\n<html><head><title>" + http.StatusText(f.Status) + "</title></head></html>\n"
		resp.body = []byte(cmp.Or(f.Body, page))
	case f.Body == "":
		resp.body, _ = json.Marshal(map[string]string{
			"message": cmp.Or(http.StatusText(f.Status), "Error"),
			"code":    cmp.Or(codes[f.Status], "INTERNAL_SERVER_ERROR"),
		})
	}
	if f.RetryAfter > 0 {
		resp.header.Set("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	}
	return resp
}

// slowChunks is the number of pieces in which a slow body arrives.
const slowChunks = 10

// chunks splits a body into the pieces in which it arrives.
func (f *Fault) chunks(body []byte) [][]byte {
	if f.Truncate {
		body = body[:len(body)/2]
	}
	if f.SlowBody == 0 {
		return [][]byte{body}
	}
	return slices.Collect(slices.Chunk(body, max(1, (len(body)+slowChunks-1)/slowChunks)))
}

func (f *Fault) pause() time.Duration { return f.SlowBody / slowChunks }

// Call is a request that the server received.
type Call struct {
	// Endpoint is the id of the endpoint, empty if the request matches none.
	Endpoint string
	// Method is the HTTP method.
	Method string
	// Path is the escaped path, including /v1.
	Path string
	// Query holds the query parameters.
	Query url.Values
	// Header is the request header without Authorization.
	Header http.Header
	// Body is the request body.
	Body []byte
	// Time is when the request arrived, by the server's clock.
	Time time.Time
	// Status is the status of the response, 0 if none was sent yet.
	Status int
	// Fault reports whether a [Fault] affected the call.
	Fault bool
	// CarriedOut reports whether the call took effect: it was neither refused nor prevented by a fault. The caller may not
	// have received the response.
	CarriedOut bool
}

// Calls returns the requests received so far, in order. If endpoint ids are given, it returns only requests to those.
func (s *Server) Calls(endpoints ...string) []Call {
	s.t.Helper()
	for _, id := range endpoints {
		if contract.Lookup(id) == nil {
			s.t.Fatalf("paperspacetest: Calls: no endpoint %q", id)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var calls []Call
	for _, c := range s.calls {
		if len(endpoints) == 0 || slices.Contains(endpoints, c.Endpoint) {
			calls = append(calls, *c)
		}
	}
	return calls
}

// ResetCalls discards the recorded requests.
func (s *Server) ResetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = nil
}

// String returns the method, the path and the endpoint's id.
func (c Call) String() string {
	return strings.TrimSpace(c.Method + " " + c.Path + " " + c.Endpoint)
}
