package transport

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"reflect"
	"strings"
	"sync"
)

// guard watches one request of an attempt through httptrace, so that it leaves this machine as a whole at most once.
//
// net/http sends a request again by itself: on HTTP/1 when a kept connection breaks, on HTTP/2 after REFUSED_STREAM, a
// GOAWAY below the stream, or a reset with PROTOCOL_ERROR, without limit or delay. A RoundTripper around it may do so for
// reasons of its own. A body is read only once (see body), which stops that for requests that have one. For the others:
// once the request was written, the next connection that the RoundTripper gets for it means a second sending. The guard
// then cancels the attempt. HTTP/2 looks at the context right before it writes the headers; HTTP/1 does not, so there the
// guard closes the connection, which nobody else uses. The attempt has failed, and the retry policy decides what follows.
type guard struct {
	attempt *attempt
	direct  *http.Transport // the RoundTripper, if it is net/http's own
	host    string          // of the request

	mu        sync.Mutex
	asking    string   // the address that net/http last looked for a connection to
	dumping   bool     // that was for httputil.DumpRequestOut, which sends nothing
	conn      net.Conn // the connection that it last got
	wrote     bool     // the request was written, at least in part,
	address   string   // through a connection to this address,
	http2     bool     // over HTTP/2
	responded bool     // a response to it began

	hooks   httptrace.ClientTrace
	request http.Request
	url     url.URL   // of the request
	values  [4]string // of its headers
	body    body
}

// trace returns the hooks through which net/http reports.
func (g *guard) trace() *httptrace.ClientTrace {
	t := &g.hooks
	t.GetConn, t.GotConn, t.WroteHeaderField = g.getConn, g.gotConn, g.wroteHeaderField
	switch {
	case g.direct == nil && g.attempt.call.Repeatable: // see again
		t.GotFirstResponseByte = g.gotFirstResponseByte
		t.Got1xxResponse = g.got1xxResponse
	case g.queues():
		t.DNSStart = func(httptrace.DNSStartInfo) { g.dialing() }
		t.ConnectStart = func(string, string) { g.dialing() }
		t.TLSHandshakeStart = g.dialing
	}
	return t
}

// queues reports whether the RoundTripper lets a request wait for a connection although it could make one.
func (g *guard) queues() bool { return g.direct != nil && g.direct.MaxConnsPerHost > 0 }

func (g *guard) getConn(address string) {
	g.mu.Lock()
	g.asking, g.dumping = address, false
	again := g.again()
	g.mu.Unlock()
	a := g.attempt
	a.mu.Lock()
	a.asked = true
	if again {
		a.resent = true
	} else if g.queues() {
		a.pause()
	}
	a.mu.Unlock()
	if again {
		a.cancel(errSentAgain) // most often before a connection is taken for nothing
	}
}

// dialing is called when a connection is being made for the request, which then no longer waits for a free one.
func (g *guard) dialing() {
	g.attempt.mu.Lock()
	g.attempt.resume()
	g.attempt.mu.Unlock()
}

func (g *guard) gotConn(info httptrace.GotConnInfo) {
	err := g.judge(info.Conn)
	if err == nil {
		return
	}
	g.attempt.cancel(err)
	if info.Conn != nil && !g.isShared(info.Conn) {
		_ = info.Conn.Close()
	}
}

// judge returns why nothing may be sent over a connection that the RoundTripper got, or nil.
func (g *guard) judge(conn net.Conn) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.attempt
	a.mu.Lock()
	defer a.mu.Unlock()
	a.resume()
	if g.dumping = g.direct == nil && isDump(conn); g.dumping {
		a.asked = false
		return nil
	}
	if g.again() {
		a.resent = true
		// HTTP/2 keeps to a connection only after REFUSED_STREAM: any other reason to send again makes it unusable.
		before, ok := g.conn.(*tls.Conn)
		a.refused = ok && g.direct != nil && g.http2 && conn == before
		return errSentAgain
	}
	if err := a.over(); err != nil {
		return err
	}
	a.got = true
	g.conn = conn
	return nil
}

// isDump reports whether a connection is the one through which [net/http/httputil.DumpRequestOut] runs a request to see
// its bytes, as RoundTrippers that log do before they send it. Nothing leaves through it.
func isDump(conn net.Conn) bool {
	return conn != nil && reflect.TypeOf(conn).String() == "*httputil.dumpConn"
}

// again reports whether the connection that the RoundTripper got is for sending the request a second time.
func (g *guard) again() bool {
	switch {
	case !g.wrote:
		return false
	case g.direct != nil:
		// On HTTP/1 net/http sends none of these again unless nothing of it was written.
		return g.http2 || isReplayed(g.attempt.call.Endpoint.Method)
	case g.responded && g.attempt.call.Repeatable:
		return false // a RoundTripper may repeat what was answered, with a fresh token say
	}
	// Else it is for a request of the RoundTripper's own, such as one for a token. net/http may have a connection at hand
	// without asking for it: then there is no address.
	return g.address == "" || g.asking == g.address
}

// isReplayed reports whether net/http sends a request without a body again that it had written to an HTTP/1 connection.
func isReplayed(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// wroteHeaderField learns from the first headers of a request that it is ours, and not one that a RoundTripper makes for
// itself with our context.
func (g *guard) wroteHeaderField(name string, values []string) {
	if len(values) != 1 {
		return
	}
	own := false
	switch name {
	case "Host", ":authority":
		own = strings.EqualFold(values[0], g.host)
	case "User-Agent", "user-agent": // a RoundTripper may send the request to another host
		own = values[0] == g.values[0]
	}
	if !own {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.dumping {
		return
	}
	g.wrote, g.address = true, g.asking
	g.http2 = g.http2 || name == ":authority"
}

func (g *guard) gotFirstResponseByte() {
	g.mu.Lock()
	g.responded = g.wrote
	g.mu.Unlock()
}

// got1xxResponse takes back that a response began: what came only announces it, and a reset may follow.
func (g *guard) got1xxResponse(int, textproto.MIMEHeader) error {
	g.mu.Lock()
	g.responded = false
	g.mu.Unlock()
	return nil
}

// isShared reports whether a connection carries other requests too, as those of HTTP/2 do.
func (g *guard) isShared(conn net.Conn) bool {
	if t, ok := conn.(interface{ ConnectionState() tls.ConnectionState }); ok {
		return t.ConnectionState().NegotiatedProtocol == "h2"
	}
	if g.direct != nil && g.direct.Protocols != nil && g.direct.Protocols.UnencryptedHTTP2() {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.http2
}

// unwritten reports whether nothing was seen of the request being written, which a RoundTripper need not show.
func (g *guard) unwritten() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.wrote
}
