package transport

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReasons(t *testing.T) {
	dial := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: &os.SyscallError{Syscall: "connect", Err: err}}
	}
	for _, tc := range []struct {
		err  error
		want string
	}{
		{dial(syscall.ECONNREFUSED), "connection refused"},
		{dial(syscall.EHOSTUNREACH), "connection failed"},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, "connection reset"},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "secret.example.com"}}, "dns"},
		{&attemptTimeout{errAttemptTimeout}, "timeout"},
		{os.ErrDeadlineExceeded, "timeout"},
		{&tls.CertificateVerificationError{Err: errBroken}, "certificate"},
		{errors.New("remote error: tls: handshake failure"), "tls"},
		{http.ErrSchemeMismatch, "scheme"},
		{io.ErrUnexpectedEOF, "connection closed"},
		{errors.New("http: server closed idle connection"), "connection closed"},
		{errors.New("stream error: stream ID 1; PROTOCOL_ERROR; received from peer"), "http2 PROTOCOL_ERROR"},
		{errors.New("stream error: stream ID 1; secret; received from peer"), "http2"},
		{errors.New(goAway), "http2 GOAWAY"},
		{fmt.Errorf("wrapped: %w", errNotJSON), "not JSON (text/html)"},
		{errBroken, "transport error"},
	} {
		assert.Equal(t, tc.want, reason(tc.err), "%v", tc.err)
	}
}

func TestNotProcessed(t *testing.T) {
	for text, want := range map[string]bool{
		goAway: true,
		"http2: Transport received GOAWAY from server ErrCode:PROTOCOL_ERROR":                                           true,
		cannotRetry + goAway + cannotRetryEnd:                                                                           true,
		"stream error: stream ID 7; REFUSED_STREAM; received from peer":                                                 true,
		cannotRetry + "stream error: stream ID 7; REFUSED_STREAM; received from peer" + cannotRetryEnd:                  true,
		cannotRetry + "stream error: stream ID 7; PROTOCOL_ERROR; received from peer" + cannotRetryEnd:                  false,
		"stream error: stream ID 7; CANCEL; received from peer":                                                         false,
		"stream error: stream ID 7; REFUSED_STREAM":                                                                     false, // sent by this side
		`http2: server sent GOAWAY and closed the connection; LastStreamID=7, ErrCode=NO_ERROR, debug="` + goAway + `"`: false,
		"the peer said: stream error: stream ID 7; REFUSED_STREAM; received from peer":                                  false,
	} {
		assert.Equal(t, want, notProcessed(errors.New(text)), text)
		assert.Equal(t, want, notProcessed(fmt.Errorf("round trip: %w", errors.New(text))), "wrapped: %s", text)
	}
}

// What a server sends instead of HTTP may contain secrets, and is in no error.
func TestResponsesThatAreNotHTTP(t *testing.T) {
	const secret = "hunter2"
	for name, response := range map[string]string{
		"two lengths":    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: " + secret + "\r\n\r\n",
		"two encodings":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: a\r\nTransfer-Encoding: " + secret + "\r\n\r\n",
		"status line":    `{"password":"` + secret + `"}` + "\r\n\r\n",
		"version":        "HTTP/" + secret + " 200 OK\r\n\r\n",
		"status code":    "HTTP/1.1 " + secret + " OK\r\n\r\n",
		"header":         "HTTP/1.1 200 OK\r\n" + secret + "\r\n\r\n",
		"content length": "HTTP/1.1 200 OK\r\nContent-Length: " + secret + "\r\n\r\n",
		"encoding":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + secret + "\r\n\r\n",
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		go func() {
			for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
				if req, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					_, _ = io.Copy(io.Discard, req.Body)
				}
				_, _ = io.WriteString(conn, response)
				_ = conn.Close()
			}
		}()
		tr := &http.Transport{}
		res, err := newClient(t, tr, "http://"+listener.Addr().String()).Do(t.Context(), newCall(neither, "{}"))
		require.Error(t, err, name)
		assert.True(t, res.OutcomeUnknown, name)
		assert.NotContains(t, err.Error(), secret, name)
		assert.Equal(t, "not HTTP", reason(err), "%s: %v", name, err)
		tr.CloseIdleConnections()
		require.NoError(t, listener.Close())
	}
	s := newHTTP2Server(t, func(s *http2Stream, m moment) {
		if m == requestCame {
			s.goAway(s.id, 11, secret)
			_ = s.Close()
		}
	})
	_, err := newClient(t, s.transport(t), s.URL).Do(t.Context(), newCall(neither, "{}"))
	require.ErrorContains(t, err, "GOAWAY")
	assert.NotContains(t, err.Error(), secret)
}
