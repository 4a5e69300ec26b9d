package transport

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"io"
	"math/big"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// http2Server implements just enough of HTTP/2 to fail in the ways that the protocol allows. It counts the requests
// that it received as a whole: headers, and body to the end of the stream. It needs no HPACK: each stream is a request.
type http2Server struct {
	URL   string
	roots *x509.CertPool
	// on determines what the server does while it receives a request; nil serves all requests.
	on func(*http2Stream, moment)

	whole, connections atomic.Int64
}

// moment is a point in time while a request is received.
type moment string

const (
	headersCame moment = "before the body" // or after the headers of a request without a body
	dataCame    moment = "during the body" // after its first part
	requestCame moment = "after the request"
)

// http2Stream is a request on its connection.
type http2Stream struct {
	*http2Conn
	id      uint32
	gotData bool
}

type http2Conn struct {
	net.Conn
	number int // of the connection, from 1
	mu     sync.Mutex
}

const (
	frameData = iota
	frameHeaders
	_
	frameReset
	frameSettings
	_
	framePing
	frameGoAway
	frameWindow

	flagEnd        = 1 // of the stream
	flagAck        = 1
	flagEndHeaders = 4
)

func newHTTP2Server(t *testing.T, on func(*http2Stream, moment)) *http2Server {
	t.Helper()
	s := &http2Server{on: on}
	certificate, roots := newCertificate()
	s.roots = roots
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}})
	require.NoError(t, err)
	s.URL = "https://" + listener.Addr().String()
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			c := &http2Conn{Conn: conn, number: int(s.connections.Add(1))}
			wg.Go(func() { s.serve(c) })
			t.Cleanup(func() { _ = c.Close() })
		}
	})
	t.Cleanup(func() { _ = listener.Close() })
	return s
}

// transport returns net/http's own transport for the server.
func (s *http2Server) transport(t *testing.T) *http.Transport {
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.roots}, ForceAttemptHTTP2: true}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

func (s *http2Server) serve(c *http2Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	if _, err := io.CopyN(io.Discard, r, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	c.write(frameSettings, 0, 0, nil)
	streams := map[uint32]*http2Stream{}
	for {
		var head [9]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(r, payload); err != nil {
			return
		}
		flags, id := head[4], binary.BigEndian.Uint32(head[5:])
		switch head[3] {
		case frameSettings:
			if flags&flagAck == 0 {
				c.write(frameSettings, flagAck, 0, nil)
			}
		case framePing:
			if flags&flagAck == 0 {
				c.write(framePing, flagAck, 0, payload)
			}
		case frameHeaders:
			streams[id] = &http2Stream{http2Conn: c, id: id}
			s.happens(streams[id], headersCame)
		case frameData:
			if len(payload) > 0 { // room for more
				more := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))
				c.write(frameWindow, 0, 0, more)
				c.write(frameWindow, 0, id, more)
			}
			if !streams[id].gotData && len(payload) > 0 {
				streams[id].gotData = true
				s.happens(streams[id], dataCame)
			}
		}
		if (head[3] == frameHeaders || head[3] == frameData) && flags&flagEnd != 0 {
			s.whole.Add(1)
			s.happens(streams[id], requestCame)
		}
	}
}

func (s *http2Server) happens(stream *http2Stream, m moment) {
	if s.on != nil {
		s.on(stream, m)
	} else if m == requestCame {
		stream.respond()
	}
}

func (c *http2Conn) write(kind, flags byte, stream uint32, payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	frame := append([]byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}, 0, 0, 0, 0)
	binary.BigEndian.PutUint32(frame[5:], stream)
	_, _ = c.Write(append(frame, payload...))
}

// respond sends 200 and {}.
func (s *http2Stream) respond() {
	s.respondHeaders()
	s.write(frameData, flagEnd, s.id, []byte("{}"))
}

func (s *http2Stream) respondHeaders() {
	s.write(frameHeaders, flagEndHeaders, s.id, []byte{0x88}) // :status 200
}

func (s *http2Stream) reset(code uint32) {
	s.write(frameReset, 0, s.id, binary.BigEndian.AppendUint32(nil, code))
}

// goAway announces that streams above last are not processed.
func (c *http2Conn) goAway(last, code uint32, debug string) {
	payload := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last), code)
	c.write(frameGoAway, 0, 0, append(payload, debug...))
}

// newCertificate returns a certificate for 127.0.0.1, and a pool that contains it.
var newCertificate = sync.OnceValues(func() (tls.Certificate, *x509.CertPool) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	must(err)
	parsed, err := x509.ParseCertificate(der)
	must(err)
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, roots
})

func must(err error) {
	if err != nil {
		panic(err)
	}
}
