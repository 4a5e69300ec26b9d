package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
)

// RefusedByProxy is an [http.Transport.OnProxyConnectResponse]. It converts a proxy's refusal of a CONNECT to a final
// [*Failure] with the proxy's status, of which net/http keeps only the text.
func RefusedByProxy(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return proxyRefusal(resp.StatusCode)
}

func proxyRefusal(status int) error {
	return &Failure{
		Reason: fmt.Sprintf("proxy %d", status),
		Err:    fmt.Errorf("the proxy refused the connection: %s", strings.TrimSpace(fmt.Sprint(status, " ", http.StatusText(status)))),
		Final:  true,
	}
}

// explainUnsent finds out why a RoundTripper failed before it reported that it wrote the request. If the proxy function
// failed, or a request that the RoundTripper made before ours, then ours was not sent.
func (a *attempt) explainUnsent(direct *http.Transport, req *http.Request, err error) error {
	if direct != nil && direct.Proxy != nil {
		if _, failed := direct.Proxy(req); failed != nil && failed.Error() == err.Error() {
			a.notSent = true
			return &Failure{Reason: "proxy function", Err: &proxyFunctionError{err}}
		}
	}
	if isForeign(err, req.URL) {
		a.notSent = true
		return &Failure{Reason: "token source", Err: err}
	}
	if status := a.refusedStatus(err, req.URL); status != 0 {
		return proxyRefusal(status)
	}
	return err
}

// proxyFunctionError is an error of Transport.Proxy. It hides a text that may contain the password of a proxy.
type proxyFunctionError struct{ error }

func (e *proxyFunctionError) Error() string {
	if text := e.error.Error(); !strings.Contains(text, "@") {
		return "the proxy function failed: " + text
	}
	return "the proxy function failed: the address of the proxy is not valid"
}

func (e *proxyFunctionError) Unwrap() error { return e.error }

// isForeign reports whether an error comes from a request that a RoundTripper made for itself: one to another host, or
// one for a token by golang.org/x/oauth2.
func isForeign(err error, own *url.URL) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if e, ok := err.(*url.Error); ok {
			u, parseErr := url.Parse(e.URL)
			return parseErr == nil && u.Host != "" && !sameOrigin(u, own)
		}
		if t := reflect.TypeOf(err); t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "golang.org/x/oauth2" {
			return true
		}
	}
	return false
}

// refusedStatus returns the status with which a proxy refused a CONNECT, or 0. Without RefusedByProxy, net/http returns
// the status text as a plain error, after it has looked for a connection and got none.
func (a *attempt) refusedStatus(err error, own *url.URL) int {
	a.mu.Lock()
	connecting := a.soughtConn && !a.gotConn
	a.mu.Unlock()
	plain := reflect.TypeOf(err) == reflect.TypeOf(errors.New("")) && err != io.EOF && err != io.ErrUnexpectedEOF
	if !connecting || !plain || own.Scheme != "https" {
		return 0
	}
	for status := 300; status < 600; status++ {
		if text := http.StatusText(status); text != "" && strings.EqualFold(err.Error(), text) {
			return status
		}
	}
	return 0
}
