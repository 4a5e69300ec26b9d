package paperspace

import (
	"cmp"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// location is a path in its two forms: as its segments read, and as it is sent.
type location struct{ plain, escaped string }

// parseBaseURL accepts what the API key may be sent to: https anywhere, http on this machine only.
func parseBaseURL(s string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(cmp.Or(s, DefaultBaseURL)))
	if err != nil {
		return nil, errors.New("is not a URL") // url.Error would repeat it, and a password in it
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Hostname(), ".") == "":
		return nil, errors.New("must be an https URL such as " + DefaultBaseURL)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, errors.New("must be https: plain http would show the API key to the network (loopback addresses may be http)")
	case u.User != nil:
		return nil, errors.New("must not hold a user or password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("must not have a query or fragment")
	case dotted(u.Path):
		return nil, errors.New("must not have dot segments")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, errors.New("must have a port from 1 to 65535, or none")
		}
	}
	escaped := strings.TrimRight(u.EscapedPath(), "/")
	plain, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, errors.New("has a path that cannot be unescaped")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: plain, RawPath: escaped}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// dotted takes a backslash for a slash, as some servers do.
func dotted(path string) bool {
	for segment := range strings.SplitSeq(strings.ReplaceAll(path, `\`, "/"), "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// checkPath accepts the path of a [Request].
func checkPath(path string) (location, error) {
	u, err := url.Parse(path)
	switch {
	case !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//"):
		return location{}, errors.New("must begin with one slash")
	case err != nil:
		return location{}, errors.New("is not an escaped path")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(path, "#"):
		return location{}, errors.New("must not have a query or fragment; a query goes into Query")
	case dotted(u.Path):
		return location{}, errors.New("must not have dot segments")
	}
	return location{u.Path, u.EscapedPath()}, nil
}
