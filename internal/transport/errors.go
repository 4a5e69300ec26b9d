package transport

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"syscall"
	"time"
)

// Failure is the error of a failed attempt, with a reason for the log.
type Failure struct {
	// Reason is the kind of failure. It contains no URL, body or secret.
	Reason string
	Err    error
	// Final reports whether another attempt would fail in the same way.
	Final bool
}

func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap returns Err.
func (f *Failure) Unwrap() error { return f.Err }

var (
	errEnded            = errors.New("the attempt has ended")
	errAttemptTimeout   = errors.New("the attempt took too long")
	errNoFreeConnection = errors.New("no connection became free")
	// errSentAgain ends an attempt whose request a RoundTripper is about to send again.
	errSentAgain = errors.New("the connection was lost or the stream was reset before a response came")
)

// attemptTimeout is the error of an attempt that timed out, or that a RoundTripper cancelled, although the caller's
// context had not ended. So it matches its cause, but no error of a context.
type attemptTimeout struct{ cause error }

func (e *attemptTimeout) Error() string { return "the attempt timed out: " + e.cause.Error() }

// Timeout makes it a timeout in the sense of package net: a [net.Error].
func (e *attemptTimeout) Timeout() bool { return true }

// Temporary is part of that interface.
func (e *attemptTimeout) Temporary() bool { return true }

func (e *attemptTimeout) As(target any) bool { return errors.As(e.cause, target) }

func (e *attemptTimeout) Is(target error) bool {
	return target != context.DeadlineExceeded && target != context.Canceled && errors.Is(e.cause, target)
}

// explain makes the error of an attempt presentable to the caller: without the URL, which contains IDs, and without
// what the peer sent instead of HTTP. It matches an error of a context if and only if the caller's own context has
// ended.
func (r *run) explain(err error) error {
	err = withoutURL(err)
	a, caller := r.attempt, r.Context
	switch {
	case a.stoppedResend:
		err = &Failure{Reason: "connection lost", Err: errSentAgain}
		if a.refusedByPeer {
			err = &Failure{Reason: "http2 REFUSED_STREAM", Err: errors.New("the peer refused to process the request")}
		}
	case caller.Err() != nil && (errors.Is(err, caller.Err()) || isSame(err, context.Cause(caller))):
		return contextError(caller)
	default:
		err = presentable(err)
	}
	deadline, limited := caller.Deadline()
	switch {
	case caller.Err() != nil:
		return fmt.Errorf("%w: %w", contextError(caller), err)
	case limited && !time.Now().Before(deadline): // the context's timer is late
		return fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		errors.Is(err, errAttemptTimeout), errors.Is(err, errNoFreeConnection):
		if cause := context.Cause(a); cause == errAttemptTimeout || cause == errNoFreeConnection {
			err = cause // instead of the cancellation that it caused
		}
		return &attemptTimeout{cause: err}
	case alwaysFinal(err):
		return &Failure{Reason: reason(err), Err: err, Final: true}
	}
	return err
}

// isSame reports whether two errors are the same. The operator == panics for some types, such as a slice of errors.
func isSame(a, b error) bool { return reflect.TypeOf(a) == reflect.TypeOf(b) && a.Error() == b.Error() }

// withoutURL removes the *url.Error that http.Client wraps around an error.
func withoutURL(err error) error {
	for e, ok := errors.AsType[*url.Error](err); ok; e, ok = errors.AsType[*url.Error](err) {
		err = e.Err
	}
	return err
}

// presentable replaces errors of net/http whose text contains what the peer sent.
func presentable(err error) error {
	text := err.Error()
	switch _, ok := errors.AsType[*Failure](err); {
	case ok:
		return err
	case strings.Contains(text, badLocation):
		return &Failure{Reason: "redirect", Err: errors.New("the Location of a redirect cannot be read"), Final: true}
	case strings.Contains(text, goAwayDebug):
		before, _, _ := strings.Cut(text, goAwayDebug)
		return errors.New(before)
	case strings.HasPrefix(text, cannotRetry):
		return errors.New(withoutAdvice(text))
	}
	for _, broken := range brokenResponses {
		if strings.Contains(text, broken) {
			return &Failure{Reason: "not HTTP", Err: errors.New("the response is not HTTP: " + broken)}
		}
	}
	return err
}

// net/http has no types for these errors, only texts.
const (
	badLocation = "failed to parse Location header"
	goAwayDebug = `, debug="` // followed by what the peer sent

	goAway         = "http2: Transport received Server's graceful shutdown GOAWAY"
	goAwayCode     = "http2: Transport received GOAWAY from server ErrCode:" // the first request was not processed
	streamError    = "stream error: stream ID "
	refusedStream  = "; REFUSED_STREAM; received from peer"
	cannotRetry    = "http2: Transport: cannot retry err ["
	cannotRetryEnd = "] after Request.Body was written; define Request.GetBody to avoid this error"
)

// brokenResponses are the beginnings of errors of net/http that continue with what the server sent.
var brokenResponses = []string{
	"malformed HTTP response", "malformed HTTP version", "malformed HTTP status code", "malformed MIME header",
	"bad Content-Length", "multiple Content-Length headers", "unsupported transfer encoding", "too many transfer encodings",
	"invalid trailer key",
}

// notProcessed reports whether an error of net/http or x/net/http2 says that the peer did not process the request.
func notProcessed(err error) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		text := withoutAdvice(err.Error())
		if text == goAway || strings.HasPrefix(text, goAwayCode) || strings.HasPrefix(text, streamError) && strings.HasSuffix(text, refusedStream) {
			return true
		}
	}
	return false
}

// withoutAdvice returns the error that kept HTTP/2 from sending a request again, without net/http's advice to set
// GetBody.
func withoutAdvice(text string) string {
	if inner, ok := strings.CutPrefix(text, cannotRetry); ok {
		return strings.TrimSuffix(inner, cannotRetryEnd)
	}
	return text
}

// isFinal reports whether another attempt would fail with the same error.
func isFinal(err error) bool {
	f, ok := errors.AsType[*Failure](err)
	return ok && f.Final
}

// alwaysFinal reports whether an error of the transport would be the same in every attempt.
func alwaysFinal(err error) bool {
	return isCertificate(err) || errors.Is(err, http.ErrSchemeMismatch) ||
		strings.Contains(err.Error(), "unsupported protocol scheme") // net/http has no type for it
}

func isCertificate(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return true
	}
	_, ok := errors.AsType[x509.CertificateInvalidError](err)
	return ok
}

// otherReason is the reason of any other error.
const otherReason = "transport error"

// reason returns the kind of an error, for the log.
func reason(err error) string {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f.Reason
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "dns"
	}
	timeout, isTimeout := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	switch text := err.Error(); {
	case isTimeout && timeout.Timeout(), errors.Is(err, os.ErrDeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case isCertificate(err):
		return "certificate"
	case isTLS(err):
		return "tls"
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		return "gzip"
	case errors.Is(err, http.ErrSchemeMismatch), strings.Contains(text, "unsupported protocol scheme"):
		return "scheme"
	case strings.Contains(text, "stream error: "):
		return strings.TrimSpace("http2 " + http2Code(text))
	case strings.Contains(text, "GOAWAY"):
		return "http2 GOAWAY"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(text, "server closed idle connection"):
		return "connection closed"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "dial" || op.Op == "proxyconnect") {
		return "connection failed"
	}
	return otherReason
}

// http2Code returns the code in a text such as "stream error: stream ID 1; PROTOCOL_ERROR; received from peer".
func http2Code(text string) string {
	_, text, _ = strings.Cut(text, streamError)
	_, text, _ = strings.Cut(text, "; ")
	end := strings.IndexFunc(text, func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') && (r < '0' || r > '9') })
	if end >= 0 {
		text = text[:end]
	}
	return text
}

func isTLS(err error) bool {
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return true
	}
	return strings.Contains(err.Error(), "tls: ")
}

// contextError returns the context's error, with its cause if there is one.
func contextError(ctx context.Context) error {
	err := ctx.Err()
	switch cause := context.Cause(ctx); {
	case cause == nil:
		return err
	case errors.Is(cause, err):
		return cause
	default:
		return fmt.Errorf("%w: %w", err, cause)
	}
}
