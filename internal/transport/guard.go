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

// guard watches one request of an attempt through httptrace, so that it is sent as a whole at most once.
//
// net/http sends a request again by itself, without limit or delay: on HTTP/1 when an idle connection breaks, on HTTP/2
// after REFUSED_STREAM, a GOAWAY below the stream, or a reset with PROTOCOL_ERROR. Other RoundTrippers may do so for
// reasons of their own. A body can be read only once (see body), which stops that for requests that have one. For the
// others: once the request was written, the next connection that the RoundTripper gets for it would send it again. The
// guard then cancels the attempt. HTTP/2 checks the context right before it writes the headers. HTTP/1 does not, so the
// guard closes the connection, which no other request uses. The attempt then fails, and the retry policy applies.
type guard struct {
	attempt *attempt
	direct  *http.Transport // the RoundTripper, if it is net/http's own
	host    string          // of the request

	mu        sync.Mutex
	seeking   string   // the address that net/http last looked for a connection to
	dumping   bool     // it did so for httputil.DumpRequestOut, which sends nothing
	conn      net.Conn // the connection that it last got
	wrote     bool     // the request was written, at least in part
	address   string   // where it was written to
	http2     bool     // it was written over HTTP/2
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
	case g.direct == nil && g.attempt.call.Repeatable: // for sendsAgain
		t.GotFirstResponseByte = g.gotFirstResponseByte
		t.Got1xxResponse = g.got1xxResponse
	case g.queues():
		t.DNSStart = func(httptrace.DNSStartInfo) { g.dialing() }
		t.ConnectStart = func(string, string) { g.dialing() }
		t.TLSHandshakeStart = g.dialing
	}
	return t
}

// queues reports whether a request may have to wait until another one gives back its connection.
func (g *guard) queues() bool { return g.direct != nil && g.direct.MaxConnsPerHost > 0 }

func (g *guard) getConn(address string) {
	g.mu.Lock()
	g.seeking, g.dumping = address, false
	again := g.sendsAgain()
	g.mu.Unlock()
	a := g.attempt
	a.mu.Lock()
	a.soughtConn = true
	if again {
		a.stoppedResend = true
	} else if g.queues() {
		a.pause()
	}
	a.mu.Unlock()
	if again {
		a.cancel(errSentAgain) // usually early enough that no connection is used
	}
}

// dialing is called when a new connection is made for the request, which then no longer waits for a free one.
func (g *guard) dialing() {
	g.attempt.mu.Lock()
	g.attempt.resume()
	g.attempt.mu.Unlock()
}

func (g *guard) gotConn(info httptrace.GotConnInfo) {
	err := g.checkConn(info.Conn)
	if err == nil {
		return
	}
	g.attempt.cancel(err)
	if info.Conn != nil && !g.isShared(info.Conn) {
		_ = info.Conn.Close()
	}
}

// checkConn returns why nothing may be sent over a connection that the RoundTripper got, or nil.
func (g *guard) checkConn(conn net.Conn) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.attempt
	a.mu.Lock()
	defer a.mu.Unlock()
	a.resume()
	if g.dumping = g.direct == nil && isDump(conn); g.dumping {
		a.soughtConn = false
		return nil
	}
	if g.sendsAgain() {
		a.stoppedResend = true
		// HTTP/2 uses the same connection again only after REFUSED_STREAM: every other reason makes it unusable.
		before, ok := g.conn.(*tls.Conn)
		a.refusedByPeer = ok && g.direct != nil && g.http2 && conn == before
		return errSentAgain
	}
	if err := a.over(); err != nil {
		return err
	}
	a.gotConn = true
	g.conn = conn
	return nil
}

// isDump reports whether a connection is that of [net/http/httputil.DumpRequestOut], to which RoundTrippers that log
// write a request before they send it. It sends nothing.
func isDump(conn net.Conn) bool {
	return conn != nil && reflect.TypeOf(conn).String() == "*httputil.dumpConn"
}

// sendsAgain reports whether the RoundTripper wants the connection in order to send the request a second time.
func (g *guard) sendsAgain() bool {
	switch {
	case !g.wrote:
		return false
	case g.direct != nil:
		// On HTTP/1 net/http sends none of these again unless nothing of it was written.
		return g.http2 || isReplayed(g.attempt.call.Endpoint.Method)
	case g.responded && g.attempt.call.Repeatable:
		return false // a RoundTripper may repeat a request after a response, for example with a fresh token
	}
	// A connection to another address is for a request of the RoundTripper's own, such as one for a token. The address
	// is empty if net/http had a connection without looking for one.
	return g.address == "" || g.seeking == g.address
}

// isReplayed reports whether net/http may send a request without a body again after it has written it to an HTTP/1
// connection.
func isReplayed(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// wroteHeaderField records that the request was written. Its first headers distinguish it from a request that a
// RoundTripper makes for itself with our context.
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
	g.wrote, g.address = true, g.seeking
	g.http2 = g.http2 || name == ":authority"
}

func (g *guard) gotFirstResponseByte() {
	g.mu.Lock()
	g.responded = g.wrote
	g.mu.Unlock()
}

// got1xxResponse undoes gotFirstResponseByte: the final response has not begun, and a reset may follow.
func (g *guard) got1xxResponse(int, textproto.MIMEHeader) error {
	g.mu.Lock()
	g.responded = false
	g.mu.Unlock()
	return nil
}

// isShared reports whether other requests may use the connection at the same time, as with HTTP/2.
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

// unwritten reports whether no part of the request is known to have been written. A RoundTripper need not report that.
func (g *guard) unwritten() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.wrote
}
