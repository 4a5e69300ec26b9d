package paperspacetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// basePath is where the API is served.
const basePath = "/v1"

// RoundTrip answers a request in the calling goroutine. It tells of its "connection" through
// [net/http/httptrace] as net/http does.
func (s *Server) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	body, err := readBody(req.Body)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	trace := httptrace.ContextClientTrace(ctx)
	if trace == nil {
		trace = &httptrace.ClientTrace{}
	}
	host := req.URL.Host
	if trace.GetConn != nil {
		trace.GetConn(host)
	}
	if err != nil {
		return nil, err
	}
	c := s.receive(req, body)
	if c.fault.Cut && !c.fault.CarriedOut {
		if err := sleep(ctx, c.fault.Latency); err != nil {
			return nil, err
		}
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: address(host), Err: syscall.ECONNREFUSED}
	}
	if trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: connection{host: address(host)}, Reused: true})
	}
	if trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{})
	}
	a, err := s.respond(ctx, c)
	if err != nil {
		return nil, err
	}
	if c.fault.Cut {
		return nil, &net.OpError{Op: "read", Net: "tcp", Addr: address(host), Err: syscall.ECONNRESET}
	}
	if trace.GotFirstResponseByte != nil {
		trace.GotFirstResponseByte()
	}
	return &http.Response{
		Status: strconv.Itoa(a.status) + " " + http.StatusText(a.status), StatusCode: a.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, ContentLength: int64(len(a.body)), Request: req,
		Body: &bodyReader{ctx: ctx, chunks: c.fault.chunks(a.body), pause: c.fault.pause(), cut: c.fault.Truncate},
	}, nil
}

// ServeHTTP serves the API below /v1.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := readBody(req.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	c := s.receive(req, body)
	if c.fault.Cut && !c.fault.CarriedOut {
		panic(http.ErrAbortHandler)
	}
	a, err := s.respond(req.Context(), c)
	if err != nil || c.fault.Cut {
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if len(a.body) > 0 { // net/http knows which others have a length
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	for _, chunk := range c.fault.chunks(a.body) {
		if sleep(req.Context(), c.fault.pause()) != nil {
			return
		}
		_, _ = w.Write(chunk)
		if c.fault.SlowBody > 0 || c.fault.Truncate {
			_ = http.NewResponseController(w).Flush()
		}
	}
	if c.fault.Truncate {
		panic(http.ErrAbortHandler)
	}
}

// readBody reads a request's body to its end, or to where it is larger than any that is taken, and closes it.
func readBody(body io.ReadCloser) ([]byte, error) {
	if body == nil || body == http.NoBody {
		return nil, nil
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, maxBody+1))
}

// sleep waits on the caller's own timer.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// bodyReader gives a response's body, as slowly and as incompletely as a fault wants it.
type bodyReader struct {
	ctx    context.Context
	chunks [][]byte
	pause  time.Duration
	cut    bool
	rest   []byte
	closed bool
}

func (b *bodyReader) Read(p []byte) (int, error) {
	for len(b.rest) == 0 {
		switch {
		case b.closed:
			return 0, http.ErrBodyReadAfterClose
		case len(b.chunks) == 0 && b.cut:
			return 0, io.ErrUnexpectedEOF
		case len(b.chunks) == 0:
			return 0, io.EOF
		}
		if err := sleep(b.ctx, b.pause); err != nil {
			return 0, err
		}
		b.rest, b.chunks = b.chunks[0], b.chunks[1:]
	}
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func (b *bodyReader) Close() error {
	b.closed, b.rest = true, nil
	return nil
}

// address is a net.Addr of a host.
type address string

func (a address) Network() string { return "tcp" }
func (a address) String() string  { return string(a) }

var errNoConnection = errors.New("paperspacetest: this connection is none")

// connection is what a trace is shown of a connection that does not exist.
type connection struct{ host address }

func (c connection) LocalAddr() net.Addr              { return address("paperspacetest") }
func (c connection) RemoteAddr() net.Addr             { return c.host }
func (c connection) Read([]byte) (int, error)         { return 0, errNoConnection }
func (c connection) Write([]byte) (int, error)        { return 0, errNoConnection }
func (c connection) Close() error                     { return nil }
func (c connection) SetDeadline(time.Time) error      { return nil }
func (c connection) SetReadDeadline(time.Time) error  { return nil }
func (c connection) SetWriteDeadline(time.Time) error { return nil }

// exchange is a request on its way through the server.
type exchange struct {
	received
	call  *Call
	fault Fault
	op    *endpoint // nil, if err
	path  []string
	err   error
}

// receive takes a request in: it is recorded, and it is settled what will go wrong with it.
func (s *Server) receive(req *http.Request, body []byte) *exchange {
	x := &exchange{received: received{
		method: req.Method, query: req.URL.RawQuery, header: req.Header, body: body, rawPath: req.URL.EscapedPath(),
	}}
	path, ok := strings.CutPrefix(x.rawPath, basePath)
	x.err = errNoRoute
	if ok {
		x.received.path = path
		x.op, x.path, x.err = s.route(&x.received)
	}
	x.call = &Call{Method: x.method, Path: x.rawPath, Body: bytes.Clone(body), Header: req.Header.Clone()}
	x.call.Header.Del("Authorization")
	x.call.Query, _ = url.ParseQuery(x.query)
	if x.op != nil {
		x.call.Operation = x.op.ID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x.call.Time = s.time()
	if !s.forgetful {
		s.calls = append(s.calls, x.call)
	}
	x.fault = s.nextFault(x.call.Operation)
	x.call.Fault = x.fault != Fault{}
	return x
}

// respond carries a request out and answers it, or what a fault makes of that. The error is the context's.
func (s *Server) respond(ctx context.Context, x *exchange) (answer, error) {
	f := &x.fault
	var a answer
	if f.CarriedOut {
		a = s.carryOut(x)
	}
	if err := sleep(ctx, f.Latency); err != nil {
		return answer{}, err
	}
	if f.Status != 0 {
		a = f.answer()
	} else if !f.CarriedOut {
		a = s.carryOut(x)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !f.Cut {
		x.call.Status = a.status
	}
	s.requests++
	a.header.Set("X-Request-Id", "req-"+strconv.Itoa(s.requests))
	return a, nil
}
