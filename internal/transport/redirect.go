package transport

import (
	"net/http"
	"net/url"
	"strings"
)

// maxRedirects is net/http's own default.
const maxRedirects = 10

// redirectPolicy returns a policy that follows redirects of a GET within the base URL's origin if the caller's own
// policy allows it. Any other redirect is the response of the call, so that neither the key nor a body is sent
// elsewhere.
func redirectPolicy(base *url.URL, own func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		if via[0].Method != http.MethodGet || !sameOrigin(req.URL, base) || len(via) >= maxRedirects {
			return http.ErrUseLastResponse
		}
		if own == nil {
			return nil
		}
		if r, ok := req.Context().Value(runKey{}).(*run); ok {
			r.shown = true
		}
		err := own(req, via)
		if err == nil && !sameOrigin(req.URL, base) { // own may have changed the URL
			return http.ErrUseLastResponse
		}
		if err == nil || err == http.ErrUseLastResponse { // net/http compares likewise
			return err
		}
		return &Failure{Reason: "redirect", Err: err, Final: true}
	}
}

// sameOrigin reports whether two URLs have the same scheme, host and port.
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && Port(a) == Port(b)
}

// Port returns the port of a URL, or the default of its scheme.
func Port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	default:
		return "80"
	}
}
