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

// basePath is the path prefix of the API.
const basePath = "/v1"

// RoundTrip handles a request in the calling goroutine. Like net/http, it reports its (pretended) connection through
// [net/http/httptrace].
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
	x := s.receive(req, body)
	if x.fault.Cut && !x.fault.CarriedOut {
		if err := sleep(ctx, x.fault.Latency); err != nil {
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
	resp, err := s.respond(ctx, x)
	if err != nil {
		return nil, err
	}
	if x.fault.Cut {
		return nil, &net.OpError{Op: "read", Net: "tcp", Addr: address(host), Err: syscall.ECONNRESET}
	}
	if trace.GotFirstResponseByte != nil {
		trace.GotFirstResponseByte()
	}
	return &http.Response{
		Status: strconv.Itoa(resp.status) + " " + http.StatusText(resp.status), StatusCode: resp.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: resp.header, ContentLength: int64(len(resp.body)), Request: req,
		Body: &bodyReader{ctx: ctx, chunks: x.fault.chunks(resp.body), pause: x.fault.pause(), truncate: x.fault.Truncate},
	}, nil
}

// ServeHTTP serves the API below /v1.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := readBody(req.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	x := s.receive(req, body)
	if x.fault.Cut && !x.fault.CarriedOut {
		panic(http.ErrAbortHandler)
	}
	resp, err := s.respond(req.Context(), x)
	if err != nil || x.fault.Cut {
		panic(http.ErrAbortHandler)
	}
	for name, values := range resp.header {
		w.Header()[name] = values
	}
	if len(resp.body) > 0 { // for an empty body, net/http sets it where it belongs
		w.Header().Set("Content-Length", strconv.Itoa(len(resp.body)))
	}
	w.WriteHeader(resp.status)
	for _, chunk := range x.fault.chunks(resp.body) {
		if sleep(req.Context(), x.fault.pause()) != nil {
			return
		}
		_, _ = w.Write(chunk)
		if x.fault.SlowBody > 0 || x.fault.Truncate {
			_ = http.NewResponseController(w).Flush()
		}
	}
	if x.fault.Truncate {
		panic(http.ErrAbortHandler)
	}
}

// readBody reads a request's body, up to one byte more than maxBody, and closes it.
func readBody(body io.ReadCloser) ([]byte, error) {
	if body == nil || body == http.NoBody {
		return nil, nil
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, maxBody+1))
}

// sleep waits on a timer made in the calling goroutine, as synctest requires.
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

// bodyReader is a response body that can be slow or truncated.
type bodyReader struct {
	ctx      context.Context
	chunks   [][]byte
	pause    time.Duration // before each chunk
	truncate bool
	rest     []byte // of the current chunk
	closed   bool
}

func (b *bodyReader) Read(p []byte) (int, error) {
	for len(b.rest) == 0 {
		switch {
		case b.closed:
			return 0, http.ErrBodyReadAfterClose
		case len(b.chunks) == 0 && b.truncate:
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

// address is a host as a net.Addr.
type address string

func (a address) Network() string { return "tcp" }
func (a address) String() string  { return string(a) }

var errNoConnection = errors.New("paperspacetest: this connection carries no data")

// connection is the net.Conn that traces get. It carries no data.
type connection struct{ host address }

func (c connection) LocalAddr() net.Addr              { return address("paperspacetest") }
func (c connection) RemoteAddr() net.Addr             { return c.host }
func (c connection) Read([]byte) (int, error)         { return 0, errNoConnection }
func (c connection) Write([]byte) (int, error)        { return 0, errNoConnection }
func (c connection) Close() error                     { return nil }
func (c connection) SetDeadline(time.Time) error      { return nil }
func (c connection) SetReadDeadline(time.Time) error  { return nil }
func (c connection) SetWriteDeadline(time.Time) error { return nil }

// exchange is a request while the server handles it.
type exchange struct {
	received
	call     *Call
	fault    Fault
	endpoint *endpoint // nil if err is set
	path     []string  // the values of the path parameters, in order
	err      error
}

// receive records a request and decides which fault affects it.
func (s *Server) receive(req *http.Request, body []byte) *exchange {
	x := &exchange{received: received{
		method: req.Method, query: req.URL.RawQuery, header: req.Header, body: body,
	}}
	path := req.URL.EscapedPath()
	if below, ok := strings.CutPrefix(path, basePath); ok {
		x.endpoint, x.path, x.err = s.route(x.method, below)
	} else {
		x.err = errNoRoute
	}
	x.call = &Call{Method: x.method, Path: path, Body: bytes.Clone(body), Header: req.Header.Clone()}
	x.call.Header.Del("Authorization")
	x.call.Query, _ = url.ParseQuery(x.query)
	if x.endpoint != nil {
		x.call.Endpoint = x.endpoint.ID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x.call.Time = s.time()
	if !s.withoutCalls {
		s.calls = append(s.calls, x.call)
	}
	x.fault = s.nextFault(x.call.Endpoint)
	x.call.Fault = x.fault != Fault{}
	return x
}

// respond carries out a request, applies its fault and returns the response. The error is the context's.
func (s *Server) respond(ctx context.Context, x *exchange) (response, error) {
	f := &x.fault
	var resp response
	if f.CarriedOut {
		resp = s.carryOut(x)
	}
	if err := sleep(ctx, f.Latency); err != nil {
		return response{}, err
	}
	if f.Status != 0 {
		resp = f.response()
	} else if !f.CarriedOut {
		resp = s.carryOut(x)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !f.Cut {
		x.call.Status = resp.status
	}
	s.requests++
	resp.header.Set("X-Request-Id", "req-"+strconv.Itoa(s.requests))
	resp.header.Set("Date", s.time().UTC().Format(http.TimeFormat)) // by the same clock as the times in the body
	return resp, nil
}
