package paperspace

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/paperspace-go/paperspace/internal/transport"
)

const (
	// maxResponseBody is far more than any response of the API.
	maxResponseBody = 64 << 20
	// maxErrorBody is how much of a response's body an Error keeps.
	maxErrorBody = 64 << 10
)

// errIsError is a response whose body is an error although its status is 2xx.
var errIsError = errors.New("the response is an error")

// read decodes the body of a 2xx response into out, a pointer to a zero value.
func (ep *endpoint) read(body []byte, out any) error {
	if err := ep.checkBody(body); err != nil {
		return err
	}
	text := bytes.TrimSpace(body)
	switch string(text) {
	case "":
		return errors.New("the response is empty")
	case "null":
		return errors.New("the response is null")
	}
	if page, ok := out.(interface{ reserve(bytes int) }); ok {
		page.reserve(len(body))
	}
	if err := decode(body, out); err != nil {
		return fmt.Errorf("the response cannot be decoded: %w", err)
	}
	v := reflect.ValueOf(out).Elem()
	e, isEnvelope := out.(envelope)
	if isEnvelope && !e.isEmpty() || !isEnvelope && (v.Kind() != reflect.Struct || !v.IsZero() || string(text) == "{}") {
		return nil
	}
	if !hasAny(body, v.Type()) {
		return errors.New("the response has none of the expected fields")
	}
	return nil
}

// checkBody returns errIsError if the body of a 2xx response is an error.
func (ep *endpoint) checkBody(body []byte) error {
	isNull := ep.nullCode != "" && string(bytes.TrimSpace(body)) == "null"
	if isNull || mayBeError(body) && parseErrorBody(body).isError() {
		return errIsError
	}
	return nil
}

// envelope is a result that is worth nothing without its contents: a page or an operation.
type envelope interface{ isEmpty() bool }

// hasAny reports whether a JSON object has any of the members that a response of the type must have. One that has none
// comes from something that is not the API, and must not pass for an empty list.
func hasAny(object []byte, t reflect.Type) bool {
	var members map[string]jsontext.Value
	if decode(object, &members) != nil {
		return true
	}
	required := 0
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || strings.Contains(options, "omitzero") {
			continue
		}
		if required++; members[name] != nil {
			return true
		}
	}
	return required == 0
}

// newError returns the error of a call without a usable response.
func newError(ep *endpoint, t *transport.Call, cause error) *Error {
	e := &Error{
		Endpoint: ep.id, Method: ep.method, PathTemplate: ep.path,
		StatusCode: t.StatusCode, Attempts: len(t.Attempts), RequestID: t.Header.Get("X-Request-Id"),
		OutcomeUnknown: t.OutcomeUnknown, Err: cause,
	}
	e.RetryAfter, _ = transport.RetryAfter(t.Header, time.Now())
	if len(t.Body) > 0 {
		e.Body = bytes.Clone(t.Body[:min(len(t.Body), maxErrorBody)])
	}
	succeeded := t.StatusCode/100 == 2
	if succeeded && cause != errIsError {
		e.OutcomeUnknown = t.Write
		return e
	}
	parsed := parseErrorBody(t.Body)
	e.Code, e.Message, e.Issues, e.Details = parsed.code, parsed.message, parsed.issues, parsed.details
	e.fromAPI = parsed.message != ""
	if cause == errIsError {
		e.Err = nil
		if parsed.members == nil {
			e.Code, e.Message, e.fromAPI = ep.nullCode, "the response is null", true
		}
		known, ok := codes[e.Code]
		e.OutcomeUnknown = e.OutcomeUnknown || t.Write && (!ok || transport.Unsettled(known.status))
	}
	if to := t.Header.Get("Location"); to != "" && t.StatusCode/100 == 3 {
		e.Err = errors.Join(e.Err, fmt.Errorf("a redirect %swas not followed", origin(to)))
	}
	return e
}

// origin names the origin that a Location leads to, if it names one; its path and query may hold secrets.
func origin(location string) string {
	u, err := url.Parse(location)
	if err != nil || u.Host == "" {
		return ""
	}
	return "to " + (&url.URL{Scheme: u.Scheme, Host: u.Host}).String() + " "
}

// errorBody is the parts of an error's body that could be read.
type errorBody struct {
	code, message string
	issues        []Issue
	details       RawJSON
	members       map[string]jsontext.Value
}

// parseErrorBody reads as much of an error's body as it can: it may be HTML, empty, cut short or oddly typed.
func parseErrorBody(body []byte) (parsed errorBody) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), decodeOptions)
	if dec.PeekKind() != '{' {
		return parsed
	}
	_, _ = dec.ReadToken()
	for parsed.members = map[string]jsontext.Value{}; dec.PeekKind() == '"'; {
		name, _ := dec.ReadToken()
		key := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			break // the body was cut here
		}
		parsed.members[key] = value.Clone()
	}
	parsed.message, parsed.code = text(parsed.members["message"]), text(parsed.members["code"])
	if details := parsed.members["details"]; len(details) > 0 && details.Kind() != 'n' {
		parsed.details = RawJSON(details)
	}
	var issues []jsontext.Value
	_ = json.Unmarshal(parsed.members["issues"], &issues, decodeOptions)
	for _, value := range issues {
		parsed.issues = append(parsed.issues, parseIssue(value))
	}
	return parsed
}

func parseIssue(value jsontext.Value) Issue {
	var members map[string]jsontext.Value
	if json.Unmarshal(value, &members, decodeOptions) != nil {
		return Issue{Message: text(value)}
	}
	var path []jsontext.Value
	_ = json.Unmarshal(members["path"], &path, decodeOptions)
	parts := make([]string, len(path))
	for i, part := range path {
		parts[i] = text(part)
	}
	return Issue{Code: text(members["code"]), Path: strings.Join(parts, "."), Message: text(members["message"])}
}

// text returns the value of a JSON string, and other JSON as it stands. Null and absent are "".
func text(value jsontext.Value) string {
	var s string
	switch {
	case len(value) == 0, value.Kind() == 'n':
		return ""
	case json.Unmarshal(value, &s, decodeOptions) == nil:
		return s
	default:
		return string(value)
	}
}

// errorMembers are the members that the body of an error may have.
var errorMembers = []string{"message", "code", "details", "issues"}

// mayBeError reports whether the first name in a body is one of an error's. It spares most bodies a closer look.
func mayBeError(body []byte) bool {
	first := bytes.TrimLeft(body, "{ \t\r\n")
	return slices.ContainsFunc(errorMembers, func(name string) bool {
		return len(first) > len(name) && string(first[1:len(name)+1]) == name
	})
}

// isError reports whether a body is an error whatever its status: it has a message and a code, both strings, and
// nothing that an object of the API would have.
func (b errorBody) isError() bool {
	for name := range b.members {
		if !slices.Contains(errorMembers, name) {
			return false
		}
	}
	return b.members["message"].Kind() == '"' && b.members["code"].Kind() == '"'
}
