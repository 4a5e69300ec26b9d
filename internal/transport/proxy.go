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

// RefusedByProxy is an [http.Transport.OnProxyConnectResponse]. It turns a proxy's refusal of a CONNECT into a final
// [*Failure] with the proxy's status, where net/http keeps only its text.
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

// explainUnsent finds out why a RoundTripper failed without a sign of having written the request. That the proxy
// function failed, or a request that the RoundTripper made before ours, proves that ours was not sent.
func (a *attempt) explainUnsent(direct *http.Transport, req *http.Request, err error) error {
	if direct != nil && direct.Proxy != nil {
		if _, failed := direct.Proxy(req); failed != nil && failed.Error() == err.Error() {
			a.kept = true
			return &Failure{Reason: "proxy function", Err: &proxyFunctionError{err}}
		}
	}
	if isForeign(err, req.URL) {
		a.kept = true
		return &Failure{Reason: "token source", Err: err}
	}
	if status := a.refusedStatus(err, req.URL); status != 0 {
		return proxyRefusal(status)
	}
	return err
}

// proxyFunctionError is an error of Transport.Proxy. Its text may hold the password of a proxy, and is then not shown.
type proxyFunctionError struct{ error }

func (e *proxyFunctionError) Error() string {
	if text := e.error.Error(); !strings.Contains(text, "@") {
		return "the proxy function failed: " + text
	}
	return "the proxy function failed: the address of the proxy is not valid"
}

func (e *proxyFunctionError) Unwrap() error { return e.error }

// isForeign reports whether an error is about a request that a RoundTripper made for itself: one to another host, or one
// for a token by golang.org/x/oauth2.
func isForeign(err error, own *url.URL) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if e, ok := err.(*url.Error); ok {
			u, parseErr := url.Parse(e.URL)
			return parseErr == nil && u.Host != "" && !SameOrigin(u, own)
		}
		if t := reflect.TypeOf(err); t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "golang.org/x/oauth2" {
			return true
		}
	}
	return false
}

// refusedStatus is the status of a proxy that refused a CONNECT, or 0. All that net/http keeps of it is its text, as an
// error without a type, when it looked for a connection to an address that is not the API's and got none.
func (a *attempt) refusedStatus(err error, own *url.URL) int {
	a.mu.Lock()
	connecting := a.asked && !a.got
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
