package contract

import (
	"net/url"
	"strings"
)

// Match returns the endpoint for a method and an escaped path below the base URL ("/machines/ps1a2b3c"), and the
// unescaped path parameters. If knownPath is true and e is nil, the path has other methods only.
func Match(method, path string) (e *Endpoint, pathParams map[string]string, knownPath bool) {
	segments := strings.Split(path, "/")
	for _, candidate := range load() {
		params, ok := candidate.matchPath(segments)
		if !ok {
			continue
		}
		knownPath = true
		if candidate.Method == method && (e == nil || moreLiteral(candidate.Path, e.Path)) {
			e, pathParams = candidate, params
		}
	}
	return e, pathParams, knownPath
}

func (e *Endpoint) matchPath(segments []string) (params map[string]string, ok bool) {
	template := strings.Split(e.Path, "/")
	if len(template) != len(segments) {
		return nil, false
	}
	params = map[string]string{}
	for i, want := range template {
		got, err := url.PathUnescape(segments[i])
		if err != nil {
			return nil, false
		}
		if name, ok := placeholder(want); ok && got != "" {
			params[name] = got
		} else if got != want {
			return nil, false
		}
	}
	return params, true
}

func placeholder(segment string) (name string, ok bool) {
	name, opened := strings.CutPrefix(segment, "{")
	name, closed := strings.CutSuffix(name, "}")
	return name, opened && closed
}

// moreLiteral reports whether template a takes precedence over b for a path that matches both: where they first differ,
// a has a literal segment.
func moreLiteral(a, b string) bool {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	for i := range as {
		_, placeholderA := placeholder(as[i])
		_, placeholderB := placeholder(bs[i])
		if placeholderA != placeholderB {
			return placeholderB
		}
	}
	return false
}
