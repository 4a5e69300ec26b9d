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

// Fault is something that goes wrong with calls. Which calls is said by Operation, Skip, Times and Chance; the other
// fields say what goes wrong, and can be combined.
type Fault struct {
	// Operation is the id of the only operation that it happens to, such as "machines-create". Empty: to all, and to
	// requests that are for no operation.
	Operation string
	// Skip is how many calls are let through first.
	Skip int
	// Times is how many calls it happens to. Zero: to all, until it is lifted.
	Times int
	// Chance is the probability, up to 1, that it happens to a call; see [WithSeed]. Zero: it happens.
	Chance float64

	// CarriedOut has the call take effect all the same. Without it, a call that is cut or answered with Status does
	// not take effect.
	CarriedOut bool
	// Latency is how long the call takes, of the real clock (or the bubble's), before it is carried out, or with
	// CarriedOut after that. The end of the request's context interrupts it.
	Latency time.Duration
	// Cut cuts the connection: without CarriedOut there is none to be had, with it there is no answer.
	// Over a socket there always is a connection, and it is closed.
	Cut bool
	// Status answers with this status.
	Status int
	// Body is the body that goes with Status; without one it is an error of the API, and nothing with a status that
	// has no body (204, 304).
	Body string
	// HTML answers Status with the page of a proxy, or with Body as such a page. Status is 502 unless set.
	HTML bool
	// NoBody answers Status with no body at all. Status is 502 unless set.
	NoBody bool
	// RetryAfter adds a Retry-After header in full seconds. Status is 429 unless set.
	RetryAfter time.Duration
	// SlowBody is how long the body of the answer takes to arrive.
	SlowBody time.Duration
	// Truncate ends the answer in the middle of its body.
	Truncate bool
}

// fault is a Fault that was injected.
type fault struct {
	Fault
	met, happened int
}

// Inject adds a fault, behind those that were added before: one fault at most happens to a call. Lift takes it away.
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
	effect.Operation, effect.Skip, effect.Times, effect.Chance, effect.CarriedOut = "", 0, 0, 0, false
	switch {
	case f.Operation != "" && contract.Lookup(f.Operation) == nil:
		return "there is no operation " + strconv.Quote(f.Operation)
	case f.Skip < 0, f.Times < 0, f.Latency < 0, f.RetryAfter < 0, f.SlowBody < 0:
		return "a number is negative"
	case !(f.Chance >= 0 && f.Chance <= 1):
		return "Chance is not a probability"
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return "there is no status " + strconv.Itoa(f.Status)
	case f.hasNoBody() && (f.Body != "" || f.HTML || f.SlowBody > 0 || f.Truncate):
		return "the answer has no body"
	case f.Body != "" && f.Status == 0 && !f.HTML && f.RetryAfter == 0:
		return "Body needs a Status"
	case f.Cut && (f.Status != 0 || f.HTML || f.NoBody || f.RetryAfter > 0 || f.SlowBody > 0 || f.Truncate):
		return "what is cut has no answer"
	case effect == Fault{}:
		return "nothing goes wrong"
	}
	return ""
}

// nextFault returns the fault that happens to the next call of an operation.
func (s *Server) nextFault(operation string) Fault {
	for _, f := range s.faults {
		if f.Operation != "" && f.Operation != operation || f.Times > 0 && f.happened == f.Times {
			continue
		}
		if f.met++; f.met <= f.Skip || f.Chance > 0 && s.dice.Float64() >= f.Chance {
			continue
		}
		f.happened++
		return f.Fault
	}
	return Fault{}
}

// codes are the API's codes of statuses.
var codes = map[int]string{
	400: "BAD_REQUEST", 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 405: "METHOD_NOT_SUPPORTED",
	408: "TIMEOUT", 409: "CONFLICT", 412: "PRECONDITION_FAILED", 413: "PAYLOAD_TOO_LARGE",
	415: "UNSUPPORTED_MEDIA_TYPE", 422: "UNPROCESSABLE_CONTENT", 429: "TOO_MANY_REQUESTS",
	499: "CLIENT_CLOSED_REQUEST",
}

// hasNoBody reports whether the answer has no body, because none is wanted or because HTTP allows none.
func (f *Fault) hasNoBody() bool {
	return f.NoBody || f.Status == http.StatusNoContent || f.Status == http.StatusNotModified
}

func (f *Fault) answer() answer {
	a := answer{f.Status, http.Header{"Content-Type": {"application/json; charset=utf-8"}}, []byte(f.Body)}
	switch {
	case f.hasNoBody():
		a.header.Del("Content-Type")
	case f.HTML:
		a.header.Set("Content-Type", "text/html; charset=utf-8")
		page := "<!DOCTYPE html>\n<html><head><title>" + http.StatusText(f.Status) + "</title></head></html>\n"
		a.body = []byte(cmp.Or(f.Body, page))
	case f.Body == "":
		a.body, _ = json.Marshal(map[string]string{
			"message": cmp.Or(http.StatusText(f.Status), "Error"),
			"code":    cmp.Or(codes[f.Status], "INTERNAL_SERVER_ERROR"),
		})
	}
	if f.RetryAfter > 0 {
		a.header.Set("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	}
	return a
}

// slowChunks is in how many pieces a slow body arrives.
const slowChunks = 10

// chunks are the pieces in which a body arrives.
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
	// Operation is the operation's id, empty if the request is for none.
	Operation string
	// Method is the HTTP method.
	Method string
	// Path is the escaped path, with /v1.
	Path string
	// Query holds the query's values.
	Query url.Values
	// Header is what came with it, but for Authorization.
	Header http.Header
	// Body is the body as it came.
	Body []byte
	// Time is when it came, by the server's clock.
	Time time.Time
	// Status is the status of the answer, 0 if there is none (yet).
	Status int
	// Fault tells whether a [Fault] happened to it.
	Fault bool
	// CarriedOut tells whether it took effect: it was not refused, and no fault kept it from that. The caller may not
	// have heard of it.
	CarriedOut bool
}

// Calls returns what was received so far, in order: all of it, or the calls of these operations.
func (s *Server) Calls(operations ...string) []Call {
	s.t.Helper()
	for _, id := range operations {
		if contract.Lookup(id) == nil {
			s.t.Fatalf("paperspacetest: Calls: there is no operation %q", id)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var calls []Call
	for _, c := range s.calls {
		if len(operations) == 0 || slices.Contains(operations, c.Operation) {
			calls = append(calls, *c)
		}
	}
	return calls
}

// ResetCalls forgets what was received so far.
func (s *Server) ResetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = nil
}

// String names the call, for messages.
func (c Call) String() string {
	return strings.TrimSpace(c.Method + " " + c.Path + " " + c.Operation)
}
