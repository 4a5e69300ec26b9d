package paperspace

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// The table has the outcome of a call in which every attempt meets a fault. Each column has a value for each class of
// endpoints: safe, idempotent and once.
//
//	attempts  number of attempts; the default policy allows 4
//	acted     how often the service carries out the request
//	ends      ok: a result; fails: an error, known not to have changed anything; unsure: ErrOutcomeUnknown
//
// A request of class once is never carried out twice, and retried only if it cannot have been carried out. A write that
// may have been carried out ends unsure.
var faults = []fault{
	// No request is sent, so any can be sent again.
	{name: "refused", net: refusing, attempts: n{4, 4, 4}, acted: n{0, 0, 0}, ends: e{fails, fails, fails}, is: matches(syscall.ECONNREFUSED)},
	{name: "DNS error", net: unresolved, attempts: n{4, 4, 4}, acted: n{0, 0, 0}, ends: e{fails, fails, fails}, is: isA[*net.DNSError]},
	{name: "TLS: unknown certificate", net: untrusted, attempts: n{1, 1, 1}, acted: n{0, 0, 0}, ends: e{fails, fails, fails}, is: isA[x509.UnknownAuthorityError]},
	{name: "TLS: server speaks plain HTTP", net: plainHTTP, attempts: n{1, 1, 1}, acted: n{0, 0, 0}, ends: e{fails, fails, fails}, is: matches(http.ErrSchemeMismatch)},
	{name: "TLS: cut handshake", net: closingTLS, attempts: n{4, 4, 4}, acted: n{0, 0, 0}, ends: e{fails, fails, fails}},

	// An established connection broke, so the request may have been carried out.
	{name: "reset before sending", net: closing, attempts: n{4, 4, 1}, acted: n{0, 0, 0}, ends: e{fails, unsure, unsure}, bubble: true}, // on sockets see TestResetBeforeSending
	{name: "reset before the server acted", serves: hangsUp, attempts: n{4, 4, 1}, acted: n{0, 0, 0}, ends: e{fails, unsure, unsure}},
	{name: "reset after the server acted", serves: actsAnd(hangsUp), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}},
	{name: "timeout waiting for headers", serves: actsAnd(hangs), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}, is: timesOut, each: time.Minute, bubble: true},
	{name: "body cut in the middle", serves: actsAnd(cutsTheBody), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}},
	{name: "gzip cut in the middle", serves: actsAnd(cutsTheGzip), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}},

	// A kept connection is closed. The retry policy, not net/http, sends idempotent requests again.
	{name: "kept connection, closed while idle", kept: true, attempts: n{1, 1, 1}, acted: n{1, 1, 1}, ends: e{ok, ok, ok}, bubble: true},
	{name: "kept connection, closed before the server acted", kept: true, serves: hangsUp, attempts: n{2, 2, 1}, acted: n{1, 1, 0}, ends: e{ok, ok, unsure}},
	{name: "kept connection, closed after the server acted", kept: true, serves: actsAnd(hangsUp), attempts: n{2, 2, 1}, acted: n{2, 2, 1}, ends: e{ok, ok, unsure}},

	// The same over HTTP/2, where net/http retries on its own. internal/transport tests other resets and GOAWAY frames.
	{name: "HTTP/2: stream reset before the server acted", net: http2, serves: resetsTheStream, attempts: n{4, 4, 1}, acted: n{0, 0, 0}, ends: e{fails, unsure, unsure}},
	{name: "HTTP/2: stream reset after the server acted", net: http2, serves: actsAnd(resetsTheStream), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}},
	{name: "HTTP/2: stream reset within the body", net: http2, serves: actsAnd(resetsWithinTheBody), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}},
	{name: "HTTP/2: connection closed after the server acted", net: http2, serves: actsAnd(closesTheConnection), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}},
	{name: "HTTP/2: HTML 403", net: http2, serves: html(403), attempts: n{1, 1, 1}, acted: n{0, 0, 0}, ends: e{fails, unsure, unsure}, status: 403, is: not(ErrForbidden)},
	{name: "HTTP/2: gzip", net: http2, serves: actsAnd(gzips), attempts: n{1, 1, 1}, acted: n{1, 1, 1}, ends: e{ok, ok, ok}},

	// The service, or a proxy before it, responds with an error. It may have acted, except before a 429.
	{name: "408", serves: actsAnd(status(408)), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}, status: 408},
	{name: "429", serves: status(429), attempts: n{4, 4, 4}, acted: n{0, 0, 0}, ends: e{fails, fails, fails}, status: 429, is: matches(ErrTooManyRequests)},
	{name: "429 with Retry-After", serves: status(429, "Retry-After: 7"), attempts: n{4, 4, 4}, acted: n{0, 0, 0}, ends: e{fails, fails, fails}, status: 429, is: matches(ErrTooManyRequests), retryAfter: 7 * time.Second, bubble: true},
	{name: "500", serves: actsAnd(status(500)), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}, status: 500, is: matches(ErrServer)},
	{name: "502", serves: actsAnd(status(502)), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}, status: 502, is: matches(ErrServer)},
	{name: "503", serves: actsAnd(status(503)), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}, status: 503, is: matches(ErrServer)},
	{name: "503 with Retry-After", serves: actsAnd(status(503, "Retry-After: 7")), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}, status: 503, is: matches(ErrServer), retryAfter: 7 * time.Second, bubble: true},
	{name: "504", serves: actsAnd(status(504)), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}, status: 504, is: matches(ErrServer)},
	{name: "HTML 502", serves: actsAnd(html(502)), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}, status: 502, is: matches(ErrServer)},
	{name: "HTML 404", serves: html(404), attempts: n{1, 1, 1}, acted: n{0, 0, 0}, ends: e{fails, unsure, unsure}, status: 404, is: not(ErrNotFound)},
	{name: "HTML 401", serves: html(401), attempts: n{1, 1, 1}, acted: n{0, 0, 0}, ends: e{fails, unsure, unsure}, status: 401, is: not(ErrUnauthorized)},
	{name: "HTML 403", serves: html(403), attempts: n{1, 1, 1}, acted: n{0, 0, 0}, ends: e{fails, unsure, unsure}, status: 403, is: not(ErrForbidden)},
	{name: "JSON 404 of a gateway", serves: gateway404, attempts: n{1, 1, 1}, acted: n{0, 0, 0}, ends: e{fails, unsure, unsure}, status: 404, is: not(ErrNotFound)},
	{name: "HTML 520", serves: actsAnd(html(520)), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}, status: 520, is: matches(ErrServer)},
	{name: "500 with 5 MiB", serves: actsAnd(hugeError), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}, status: 500, is: keepsShortBody},

	// The response has status 200 but an unexpected body. The request has probably been carried out.
	{name: "empty body", serves: actsAnd(body("application/json", "")), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}, status: 200, except: mayRespondEmpty},
	{name: "null", serves: actsAnd(body("application/json", "null")), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}, status: 200},
	{name: "HTML 200", serves: actsAnd(html(200)), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}, status: 200},
	{name: "wrong content type", serves: actsAnd(respondsWith("text/plain")), attempts: n{1, 1, 1}, acted: n{1, 1, 1}, ends: e{ok, ok, ok}},
	{name: "empty object", serves: actsAnd(body("application/json", "{}")), attempts: n{4, 4, 1}, acted: n{4, 4, 1}, ends: e{fails, unsure, unsure}, status: 200, except: expectsNoField},
	{name: "byte order mark", serves: actsAnd(byteOrderMark), attempts: n{1, 1, 1}, acted: n{1, 1, 1}, ends: e{ok, ok, ok}},
	{name: "gzip", serves: actsAnd(gzips), attempts: n{1, 1, 1}, acted: n{1, 1, 1}, ends: e{ok, ok, ok}},

	// Redirects are followed for reads within the origin. The redirected request is the one that is carried out.
	{name: "redirect to the same host", serves: redirects("/v1/moved"), attempts: n{1, 1, 1}, acted: n{1, 0, 0}, ends: e{ok, unsure, unsure}, status: 307},
	{name: "redirect to another host", serves: redirects("http://localhost/v1/moved"), attempts: n{1, 1, 1}, acted: n{0, 0, 0}, ends: e{fails, unsure, unsure}, status: 307},
	{name: "redirect from https to http", net: secure, serves: redirects("http://127.0.0.1/v1/moved"), attempts: n{1, 1, 1}, acted: n{0, 0, 0}, ends: e{fails, unsure, unsure}, status: 307},
}

// fault is something that goes wrong with a call, and the expected outcome.
type fault struct {
	name       string
	net        network   // the state of the connections
	serves     behaviour // how the service responds; nil: correctly
	kept       bool      // happens on connections that have served a request before
	attempts   n
	acted      n
	ends       e
	status     int                         // status in the error; 0 for none
	is         func(error) bool            // another condition on the error
	except     func(conformingMethod) bool // endpoints whose calls succeed nevertheless
	each       time.Duration               // duration of an attempt
	retryAfter time.Duration               // delay that the service asks for
	bubble     bool                        // too slow for real sockets, or not reproducible there: runs only in a bubble
}

// n and e have a value for each class: safe, idempotent, once.
type (
	n [3]int
	e [3]end
)

type end string

const (
	ok     end = "ok"
	fails  end = "fails"
	unsure end = "unsure"
)

func matches(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func not(target error) func(error) bool {
	return func(err error) bool { return !errors.Is(err, target) }
}

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// timesOut reports whether an attempt timed out, rather than the caller's context.
func timesOut(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout() && !errors.Is(err, context.DeadlineExceeded)
}

func keepsShortBody(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && len(e.Body) == maxErrorBody && len(err.Error()) < 500
}

// mayRespondEmpty reports whether an empty response is a success: for deletes whose result needs only the given key.
func mayRespondEmpty(m conformingMethod) bool {
	return m.op.Method == http.MethodDelete && !strings.HasPrefix(m.result.Elem().Name(), "Operation[")
}

// expectsNoField reports whether a response needs none of its fields.
func expectsNoField(m conformingMethod) bool {
	return m.op.ID == "machines-getDesktop" || m.op.ID == "deploymentMetrics-get"
}

// nullErrors are the errors that a null response means, by endpoint.
var nullErrors = map[string]error{"auth-session": ErrUnauthorized, "privateNetworks-get": ErrNotFound}

// faultyCase is an endpoint with the params and response of a call.
type faultyCase struct {
	conformingMethod
	params   reflect.Value
	response []byte
	class    int // the index of its class
}

func faultyCases(t *testing.T) []faultyCase {
	methods := allMethods(t)
	var cases []faultyCase
	for _, op := range contract.Endpoints() {
		m := methods[op.ID]
		class := slices.Index([]string{"safe", "idempotent", "once"}, retryClasses[op.ID])
		cases = append(cases, faultyCase{m, m.minimal(t), m.response(t), class})
	}
	return cases
}

// run calls a service that has the fault once or with every attempt, and compares the outcome with the table.
func (c *faultyCase) run(t *testing.T, f *fault, once, real bool, opts ...Option) {
	times := -1
	if once {
		times = 1
	}
	var result CallResult
	opts = append(opts, WithHook(func(ctx context.Context, _ CallInfo) (context.Context, func(CallResult)) {
		return ctx, func(r CallResult) { result = r }
	}))
	s, client := newFaultyService(t, f, times, real, func(*http.Request) []byte { return c.response }, opts...)
	defer s.close(client)
	if f.kept {
		_, err := c.call(t.Context(), client, c.params)
		assert.NoError(t, err, c.op.ID)
		if s.settle(); f.serves == nil {
			s.closeIdle()
			s.settle()
		}
		s.reset()
	}
	start := time.Now()
	_, err := c.call(t.Context(), client, c.params)
	took := time.Since(start)
	acted, strayed := s.counts()

	attempts, wantActed, end := f.attempts[c.class], f.acted[c.class], f.ends[c.class]
	_, meant := nullErrors[c.op.ID]
	if f.net == closing && !errors.Is(err, ErrOutcomeUnknown) { // the connection broke before net/http used it, so nothing was sent
		attempts, end = 4, fails
	}
	failing := attempts
	switch {
	case f.except != nil && f.except(c.conformingMethod):
		attempts, failing, wantActed, end = 1, 1, 1, ok
	case f.name == "null" && meant:
		attempts, failing, wantActed = 1, 1, 1
	case once && !f.kept && attempts > 1:
		wantActed, end = wantActed/attempts+1, ok // the second attempt succeeds
		attempts, failing = 2, 1
	}
	fail := func(format string, arguments ...any) {
		t.Errorf("%s: %s", c.op.ID, fmt.Sprintf(format, arguments...))
	}
	if len(result.Attempts) != attempts {
		fail("%d attempts, not %d (%v)", len(result.Attempts), attempts, err)
	}
	if acted != wantActed {
		fail("carried out %d times, not %d", acted, wantActed)
	}
	if strayed > 0 {
		fail("%d connections to the target of a redirect", strayed)
	}
	least, most := f.expectedTime(attempts, failing)
	if !real && (took < least || took > most) {
		fail("took %s, not %s to %s", took, least, most)
	}
	if end == ok {
		if err != nil {
			fail("failed: %v", err)
		}
		return
	}
	e, isError := errors.AsType[*Error](err)
	if !isError {
		fail("ended with %v, which is not an *Error", err)
		return
	}
	if e.Attempts != attempts || e.Endpoint != c.op.ID || e.StatusCode != f.status || e.RetryAfter != f.retryAfter {
		fail("the error has other details: %#v", e)
	}
	if errors.Is(err, ErrOutcomeUnknown) != (end == unsure) {
		fail("want the outcome %s, got %v", end, err)
	}
	if f.is != nil && !f.is(err) {
		fail("unexpected error: %v", err)
	}
	if means, ok := nullErrors[c.op.ID]; ok && f.name == "null" && !errors.Is(err, means) {
		fail("does not match %v: %v", means, err)
	}
}

// expectedTime returns how long the attempts may take with the default policy.
func (f *fault) expectedTime(attempts, failing int) (least, most time.Duration) {
	least = time.Duration(failing) * f.each
	most = least
	for ceiling := 500 * time.Millisecond; attempts > 1; attempts, ceiling = attempts-1, 2*ceiling {
		least += f.retryAfter
		most += cmp.Or(f.retryAfter, ceiling)
	}
	return least, most
}

// onceOrAlways returns the values of once to run with: false, and true too if the call is retried.
func (f *fault) onceOrAlways() (once []bool) {
	if f.kept || f.attempts == (n{1, 1, 1}) {
		return []bool{false}
	}
	return []bool{false, true}
}

// Every endpoint meets every fault, with every attempt and with only the first. Connections are pipes, and the clock is
// synctest's: the measured time is the time that a program would wait. A leaked goroutine fails the test.
func TestFaultMatrix(t *testing.T) {
	cases := faultyCases(t)
	if raceEnabled { // TestFaultMatrixOnSockets has all of them
		cases = cases[:7] // has each class
	}
	cells := 0
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			for _, once := range f.onceOrAlways() {
				synctest.Test(t, func(t *testing.T) {
					for i := range cases {
						cases[i].run(t, &f, once, false)
						cells++
					}
				})
			}
		})
	}
	t.Logf("%d endpoints, %d faults, %d cells", len(cases), len(faults), cells)
	if !raceEnabled {
		assertStated(t, "A matrix of %s faults", len(faults))
		assertStated(t, "runs over all %s endpoints on every change, %s cells in all", len(cases), cells)
	}
}

// The same table over real sockets, without the slow faults.
func TestFaultMatrixOnSockets(t *testing.T) {
	cases := faultyCases(t)
	quick := WithRetryPolicy(RetryPolicy{MinDelay: time.Millisecond, MaxDelay: time.Millisecond})
	cells := 0
	for _, f := range faults {
		if f.bubble {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			var wg sync.WaitGroup
			free := make(chan bool, 16)
			for i := range cases {
				for _, once := range f.onceOrAlways() {
					cells++
					free <- true
					wg.Go(func() {
						cases[i].run(t, &f, once, true, quick)
						<-free
					})
				}
			}
			wg.Wait()
		})
	}
	t.Logf("%d cells", cells)
	assertStated(t, "%s of them again on TCP sockets", cells)
}

// On sockets, a connection that is reset at once breaks before or after net/http uses it for the request. Before, the
// call is retried. After, a request of class once is not. Either way, the outcome is reported and the service acts at
// most once.
func TestResetBeforeSending(t *testing.T) {
	quick := WithRetryPolicy(RetryPolicy{MinDelay: time.Millisecond, MaxDelay: time.Millisecond})
	for _, c := range faultyCases(t) {
		if c.class != 2 {
			continue
		}
		for range 10 {
			s, client := newFaultyService(t, &fault{net: closing}, 1, true, func(*http.Request) []byte { return c.response }, quick)
			_, err := c.call(t.Context(), client, c.params)
			acted, _ := s.counts()
			s.close(client)
			if err != nil {
				assert.ErrorIs(t, err, ErrOutcomeUnknown, c.op.ID)
				assert.Zero(t, acted, c.op.ID)
			} else {
				assert.Equal(t, 1, acted, c.op.ID)
			}
		}
	}
}
