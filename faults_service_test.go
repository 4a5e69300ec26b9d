package paperspace

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// network is the state of the connections to a faulty service.
type network int

const (
	direct     network = iota
	refusing           // connections are refused
	unresolved         // the host name cannot be resolved
	closing            // connections are closed at once
	closingTLS         // likewise, before the TLS handshake
	untrusted          // TLS with an unknown certificate
	plainHTTP          // the client speaks TLS and the service does not
	secure             // TLS
	http2              // HTTP/2 over TLS
)

func (n network) tls() bool { return n >= closingTLS }

// faultyService is a service with a fault, for one endpoint. It runs on net/http and on real connections or, in a
// synctest bubble, on pipes.
type faultyService struct {
	fault    *fault
	response func(*http.Request) []byte
	backend  http.Handler // if not nil, carries out the requests, and response returns its responses
	real     bool

	listener net.Listener
	server   *http.Server
	address  string

	mu      sync.Mutex
	skip    int // requests before the first fault
	left    int // number of faults after that; -1 for no limit
	acted   int
	strayed int // connections to any other address
	idle    map[net.Conn]bool
}

var testCertificate = sync.OnceValue(func() *httptest.Server {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	s.Close()
	return s
})

// newFaultyBackend starts a service with a backend whose fault happens the given number of times, after skip requests.
func newFaultyBackend(t *testing.T, f *fault, skip, times int, backend http.Handler) (*faultyService, *Client) {
	s, client := newFaultyService(t, f, times, false, func(r *http.Request) []byte {
		return r.Context().Value(backendKey{}).([]byte)
	})
	s.skip, s.backend = skip, backend
	if f.net == closing || f.net == closingTLS || f.net == refusing || f.net == unresolved {
		client.config.httpClient.Transport.(*http.Transport).DisableKeepAlives = true // these faults are those of a dial
	}
	return s, client
}

// newFaultyService starts a service whose fault happens the given number of times, and returns a client of it.
func newFaultyService(
	t *testing.T, f *fault, times int, real bool, response func(*http.Request) []byte, opts ...Option,
) (*faultyService, *Client) {
	s := &faultyService{fault: f, left: times, real: real, response: response, idle: map[net.Conn]bool{}}
	var listener net.Listener = newPipes()
	s.address = "127.0.0.1:80"
	if f.net.tls() {
		s.address = "127.0.0.1:443"
	}
	if real {
		var err error
		listener, err = net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		s.address = listener.Addr().String()
	}
	s.listener = listener
	listener = closingListener{listener, s}
	scheme := "http://"
	if f.net.tls() {
		scheme = "https://"
		if f.net != plainHTTP {
			config := &tls.Config{Certificates: testCertificate().TLS.Certificates}
			if f.net == http2 {
				config.NextProtos = []string{"h2"}
			}
			listener = tls.NewListener(listener, config)
		}
	}
	s.server = &http.Server{
		Handler:  s,
		ErrorLog: log.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connectionKey{}, &connection{Conn: conn})
		},
		ConnState: func(c net.Conn, state http.ConnState) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if delete(s.idle, c); state == http.StateIdle {
				s.idle[c] = true
			}
		},
	}
	go func() { _ = s.server.Serve(listener) }()

	transport := newTransport(http.DefaultTransport.(*http.Transport))
	transport.DialContext = s.dial
	if f.net != untrusted {
		roots := x509.NewCertPool()
		roots.AddCert(testCertificate().Certificate())
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	c, err := NewClient(append([]Option{
		WithAPIKey(testKey), WithBaseURL(scheme + s.address + "/v1"), WithHTTPClient(&http.Client{Transport: transport}),
	}, opts...)...)
	require.NoError(t, err)
	return s, c
}

func (s *faultyService) close(c *Client) {
	c.config.httpClient.CloseIdleConnections()
	_ = s.server.Close()
}

// happens reports whether the fault happens now, and counts it.
func (s *faultyService) happens() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.skip > 0 {
		s.skip--
		return false
	}
	if s.left == 0 {
		return false
	}
	s.left--
	return true
}

func (s *faultyService) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if address != s.address {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.strayed++
		return nil, errors.New("there is nothing at " + address)
	}
	switch {
	case s.fault.net == refusing && s.happens():
		if !s.real {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		address = "127.0.0.1:1" // not a port that was just free, because another service may get it
	case s.fault.net == unresolved && s.happens():
		if !s.real {
			return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: "api", IsNotFound: true}}
		}
		silent := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no name server") }
		dialer := net.Dialer{Resolver: &net.Resolver{PreferGo: true, Dial: silent}}
		return dialer.DialContext(ctx, network, "api.invalid.:443")
	}
	if s.real {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	return s.listener.(*pipes).dial()
}

// connection is the connection of a request.
type connection struct {
	net.Conn
	served int // number of requests
}

type connectionKey struct{}

func (s *faultyService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(connectionKey{}).(*connection)
	c.served++
	isRedirected := strings.HasPrefix(r.URL.Path, "/v1/moved")
	if from, err := url.ParseRequestURI(r.URL.Query().Get("from")); isRedirected && err == nil {
		r.URL = from
	}
	good := actsAnd(respondsWith("application/json"))
	switch f := s.fault; {
	case f.serves == nil, f.kept && c.served == 1, isRedirected, !s.happens():
		good(s, w, r)
	default:
		f.serves(s, w, r)
	}
}

// reset sets the count of carried-out requests to zero.
func (s *faultyService) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acted = 0
}

// closeIdle closes the idle connections.
func (s *faultyService) closeIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.idle {
		_ = c.Close()
	}
}

func (s *faultyService) counts() (acted, strayed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.acted, s.strayed
}

// behaviour responds to a request.
type behaviour func(*faultyService, http.ResponseWriter, *http.Request)

// actsAnd carries out the request before it responds.
func actsAnd(then behaviour) behaviour {
	return func(s *faultyService, w http.ResponseWriter, r *http.Request) {
		if s.backend != nil {
			response := httptest.NewRecorder()
			s.backend.ServeHTTP(response, r)
			w = &statusWriter{w, response.Code}
			r = r.WithContext(context.WithValue(r.Context(), backendKey{}, response.Body.Bytes()))
		}
		_, _ = io.Copy(io.Discard, r.Body)
		s.mu.Lock()
		s.acted++
		s.mu.Unlock()
		then(s, w, r)
	}
}

type backendKey struct{}

// statusWriter writes a status, unless the handler writes another.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = 0
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status != 0 {
		w.WriteHeader(w.status)
	}
	return w.ResponseWriter.Write(b)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func hangsUp(_ *faultyService, w http.ResponseWriter, _ *http.Request) { hangUp(w) }

// resetsTheStream ends an HTTP/2 stream with INTERNAL_ERROR.
func resetsTheStream(*faultyService, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// closesTheConnection breaks an HTTP/2 connection under all of its streams.
func closesTheConnection(_ *faultyService, _ http.ResponseWriter, r *http.Request) {
	_ = r.Context().Value(connectionKey{}).(*connection).Close()
}

// resetsWithinTheBody ends an HTTP/2 stream in the middle of the response.
func resetsWithinTheBody(s *faultyService, w http.ResponseWriter, r *http.Request) {
	response := s.response(r)
	_, _ = w.Write(response[:len(response)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func hangs(_ *faultyService, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func respondsWith(contentType string) behaviour {
	return func(s *faultyService, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(s.response(r))
	}
}

func body(contentType, text string) behaviour {
	return func(_ *faultyService, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, text)
	}
}

func status(code int, header ...string) behaviour {
	return func(_ *faultyService, w http.ResponseWriter, _ *http.Request) {
		for _, line := range header {
			name, value, _ := strings.Cut(line, ": ")
			w.Header().Set(name, value)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, `{"message":"something is wrong"}`)
	}
}

func html(code int) behaviour {
	return func(_ *faultyService, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "<html><body><h1>Something is wrong</h1></body></html>")
	}
}

// gateway404 is the response of a gateway without a route for the path.
func gateway404(_ *faultyService, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, `{"message":"no Route matched with those values"}`)
}

// byteOrderMark starts the response with a byte order mark, as some proxies do.
func byteOrderMark(s *faultyService, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append([]byte("\ufeff"), s.response(r)...))
}

var fiveMiB = bytes.Repeat([]byte("<p>sorry</p>\n"), 5<<20/13)

func hugeError(_ *faultyService, w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = w.Write(fiveMiB)
}

func redirects(to string) behaviour {
	return func(s *faultyService, w http.ResponseWriter, r *http.Request) {
		location := to
		if s.backend != nil {
			location += "?from=" + url.QueryEscape(r.URL.RequestURI())
		}
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
}

// cutsTheBody sends less than its Content-Length.
func cutsTheBody(s *faultyService, w http.ResponseWriter, r *http.Request) {
	response := s.response(r)
	w.Header().Set("Content-Length", fmt.Sprint(len(response)))
	_, _ = w.Write(response[:len(response)/2])
	_ = http.NewResponseController(w).Flush()
	hangUp(w)
}

func zipped(w http.ResponseWriter, r *http.Request, response []byte) []byte {
	if r.Header.Get("Accept-Encoding") != "gzip" {
		return response // the client must ask for gzip; its tests fail otherwise
	}
	w.Header().Set("Content-Encoding", "gzip")
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(response)
	_ = z.Close()
	return b.Bytes()
}

func gzips(s *faultyService, w http.ResponseWriter, r *http.Request) {
	_, _ = w.Write(zipped(w, r, s.response(r)))
}

// cutsTheGzip ends the response correctly, but the gzip stream within it too early.
func cutsTheGzip(s *faultyService, w http.ResponseWriter, r *http.Request) {
	response := zipped(w, r, s.response(r))
	_, _ = w.Write(response[:len(response)/2])
}

// closingListener closes connections if that is the fault.
type closingListener struct {
	net.Listener
	service *faultyService
}

func (l closingListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		kind := l.service.fault.net
		if err != nil || kind != closing && kind != closingTLS || !l.service.happens() {
			return c, err
		}
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset instead of an orderly close
		}
		_ = c.Close()
	}
}

// pipes is a net.Listener in memory, for use in a synctest bubble.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) dial() (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return new(net.TCPAddr) }

// settle waits until all goroutines of the bubble are blocked.
func (s *faultyService) settle() {
	if !s.real {
		synctest.Wait()
	}
}
