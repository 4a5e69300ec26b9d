package paperspace

import (
	"cmp"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// urlPath is a path in two forms: unescaped, and escaped as it is sent.
type urlPath struct{ plain, escaped string }

// parseBaseURL accepts the URLs that the API key may be sent to: https, and http on a loopback address.
func parseBaseURL(s string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(cmp.Or(s, DefaultBaseURL)))
	if err != nil {
		return nil, errors.New("is not a URL") // a url.Error would contain the URL, which may have a password
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Hostname(), ".") == "":
		return nil, errors.New("must be an https URL such as " + DefaultBaseURL)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, errors.New("must be https, since http would send the API key unencrypted (loopback addresses may be http)")
	case u.User != nil:
		return nil, errors.New("must not contain a user or password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("must not have a query or fragment")
	case hasDotSegment(u.Path):
		return nil, errors.New("must not have dot segments")
	case strings.EqualFold(u.Hostname(), "api.paperspace.com") && strings.TrimRight(u.Path, "/") != "/v1":
		return nil, errors.New("must be " + DefaultBaseURL + " on that host") // which responds to other paths with 404s
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, errors.New("must have a port from 1 to 65535, or none")
		}
	}
	escaped := strings.TrimRight(u.EscapedPath(), "/")
	plain, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, errors.New("has a path with an invalid escape")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: plain, RawPath: escaped}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// hasDotSegment treats a backslash as a slash, as some servers do.
func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(strings.ReplaceAll(path, `\`, "/"), "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// checkPath parses and validates the path of a [Request].
func checkPath(path string) (urlPath, error) {
	u, err := url.Parse(path)
	switch {
	case !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//"):
		return urlPath{}, errors.New("must begin with one slash")
	case err != nil:
		return urlPath{}, errors.New("is not a valid escaped path")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(path, "#"):
		return urlPath{}, errors.New("must not have a query or fragment; use Query for a query")
	case hasDotSegment(u.Path):
		return urlPath{}, errors.New("must not have dot segments")
	}
	return urlPath{u.Path, u.EscapedPath()}, nil
}
