package paperspace

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/paperspace-go/paperspace/internal/transport"
	"github.com/paperspace-go/paperspace/internal/wire"
)

const (
	// maxResponseBody is the default limit, which no response of the API comes near.
	maxResponseBody = 64 << 20
	// maxErrorBody is the length of a response's body that an Error keeps.
	maxErrorBody = 64 << 10
)

// errErrorBody is a response with a 2xx status whose body is an error.
var errErrorBody = errors.New("the response is an error")

// destination is what a response is decoded into.
type destination struct {
	// out is a pointer; nil discards the response.
	out any
	// dirty reports whether out may already hold a value, from the caller or from an earlier attempt.
	dirty bool
	// whenEmpty is a pointer to the result of an empty response; nil makes such a response an error.
	whenEmpty any
	decode    func(body []byte, out any) ([]Odd, error)
}

// receiver checks and decodes the responses to a call, which is allocated with it.
type receiver struct {
	destination
	ctx      context.Context
	config   *config
	endpoint *endpoint
	call     transport.Call
	odd      []Odd
	isError  bool // the response has a 2xx status, and its body is an error
}

// Receive implements [transport.Receiver].
func (r *receiver) Receive(res *transport.Result) (err error) {
	r.odd, r.isError = nil, false
	if res.StatusCode/100 != 2 || !isJSON(res.Body) {
		if res.StatusCode/100 != 2 && parseErrorBody(res.Body).isFromAPI() {
			return nil
		}
		return notFromAPI(res)
	}
	if r.odd, err = r.read(res.Body); err == nil {
		err = r.config.reportOdd(r.ctx, r.endpoint, r.odd)
	}
	if r.isError = err == errErrorBody; r.isError {
		return nil
	}
	if errors.Is(err, wire.ErrDepth) || errors.Is(err, wire.ErrMemory) { // the service would send the same again
		return &transport.Failure{Reason: "response limit", Err: err, Final: true}
	}
	return err
}

// read decodes the body of a 2xx response.
func (r *receiver) read(body []byte) ([]Odd, error) {
	ep, out := r.endpoint, r.out
	if err := ep.checkBody(body); err != nil || out == nil {
		return nil, err
	}
	v := reflect.ValueOf(out).Elem()
	if r.dirty {
		v.SetZero()
	}
	r.dirty = true
	text := bytes.TrimSpace(body)
	switch {
	case len(text) == 0 && r.whenEmpty != nil:
		v.Set(reflect.ValueOf(r.whenEmpty).Elem())
		return nil, nil
	case len(text) == 0:
		return nil, errors.New("the response is empty")
	case string(text) == "null":
		return nil, errors.New("the response is null")
	}
	page, isPage := out.(interface {
		reserve(size int)
		complete(body []byte)
	})
	if isPage {
		page.reserve(len(body))
	}
	odd, err := r.decode(body, out)
	if err != nil {
		return odd, fmt.Errorf("the response cannot be decoded: %w", err)
	}
	if isPage {
		page.complete(body)
	}
	if ep.creates() && !hasKey(out) {
		return odd, errors.New("the response lacks the key of what was created")
	}
	e, isEnvelope := out.(envelope)
	if isEnvelope && !e.isEmpty() || !isEnvelope && (v.Kind() != reflect.Struct || !v.IsZero() || ep.path == "") {
		return odd, nil
	}
	if !hasExpectedField(body, v.Type()) {
		return odd, errors.New("the response has none of the expected fields")
	}
	return odd, nil
}

// checkBody returns errErrorBody if the body of a 2xx response is an error.
func (ep *endpoint) checkBody(body []byte) error {
	isNull := ep.nullCode != "" && string(bytes.TrimSpace(body)) == "null"
	if isNull || mayBeError(body) && parseErrorBody(body).isError() {
		return errErrorBody
	}
	return nil
}

// hasKey reports whether a result has its key. By convention that is its first field, and for an operation that of its
// data.
func hasKey(result any) bool {
	if operation, ok := result.(interface{ data() any }); ok {
		result = operation.data()
	}
	v := reflect.ValueOf(result).Elem()
	for v.Kind() == reflect.Struct {
		v = v.Field(0)
	}
	return !v.IsZero()
}

// envelope is a page or an operation, which is invalid without its contents.
type envelope interface{ isEmpty() bool }

// hasExpectedField reports whether a JSON object has any of the fields that a response of type t must have. An object
// without one does not come from the API, and must not pass for an empty list.
func hasExpectedField(object []byte, t reflect.Type) bool {
	var members map[string]jsontext.Value
	if unmarshal(object, &members) != nil {
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
func newError(ep *endpoint, call *transport.Call, res *transport.Result, cause error) *Error {
	e := &Error{
		Endpoint: ep.id, Method: ep.method, PathTemplate: ep.path,
		StatusCode: res.StatusCode, Attempts: len(res.Attempts), RequestID: transport.RequestID(res.Header),
		OutcomeUnknown: res.OutcomeUnknown, Err: cause,
	}
	e.RetryAfter, _ = transport.RetryAfter(res.Header, time.Now())
	if len(res.Body) > 0 {
		e.Body = bytes.Clone(res.Body[:min(len(res.Body), maxErrorBody)])
	}
	if to := res.Header.Get("Location"); to != "" && res.StatusCode/100 == 3 {
		redirect := "a redirect " + origin(to) + "was not followed"
		e.Err = errors.New(redirect)
		if cause != nil {
			e.Err = fmt.Errorf("%s: %w", redirect, cause)
		}
	}
	parsed := parseErrorBody(res.Body)
	if !parsed.isFromAPI() && cause != nil {
		return e
	}
	e.Code, e.Message, e.Issues, e.Details = parsed.code, parsed.message, parsed.issues, parsed.details
	if parsed.members == nil {
		e.Code, e.Message = ep.nullCode, "the response is null"
	}
	if res.StatusCode/100 == 2 {
		known, ok := codes[e.Code]
		e.OutcomeUnknown = e.OutcomeUnknown || call.Write && (!ok || transport.Unsettled(known.status))
	}
	return e
}

// notFromAPI returns the failure of an attempt whose response is not the API's own, but that of a proxy, a firewall or
// another server.
func notFromAPI(res *transport.Result) error {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	kind = cmp.Or(kind, "no content type")
	switch encoding := strings.ToLower(res.Header.Get("Content-Encoding")); encoding {
	case "br", "compress", "deflate", "zstd": // the transport requests and decodes only gzip
		kind += ", encoded as " + encoding
	}
	reason := "not a response of the API (" + kind + ")"
	return &transport.Failure{Reason: reason, Err: errors.New(reason)}
}

// isJSON reports whether a body is empty or begins as JSON does.
func isJSON(body []byte) bool {
	text := bytes.TrimSpace(body)
	return len(text) == 0 || strings.IndexByte(`{["-0123456789tfn`, text[0]) >= 0
}

// origin returns the origin of a Location header, if it has one. The rest of the URL may contain secrets.
func origin(location string) string {
	u, err := url.Parse(location)
	if err != nil || u.Host == "" {
		return ""
	}
	return "to " + (&url.URL{Scheme: u.Scheme, Host: u.Host}).String() + " "
}

// errorBody is the part of an error's body that could be read.
type errorBody struct {
	code, message string
	issues        []Issue
	details       RawJSON
	members       map[string]jsontext.Value
}

// parseErrorBody reads as much of an error's body as possible. The body may be HTML, empty, truncated, or JSON with
// unexpected types.
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
			break // the body is truncated here
		}
		parsed.members[key] = value.Clone()
	}
	parsed.message, parsed.code = text(parsed.members["message"]), text(parsed.members["code"])
	if details := parsed.members["details"]; len(details) > 0 && details.Kind() != 'n' {
		parsed.details = RawJSON(details)
	}
	parsed.issues = parseIssues(parsed.members["issues"], 0)
	return parsed
}

// text returns the value of a JSON string, and any other JSON as its source text. Null and absent values are "".
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

// errorMembers are the members of an error's body.
var errorMembers = []string{"message", "code", "details", "issues"}

// mayBeError reports whether the first member of a body is a member of an error. It saves parsing most bodies twice.
func mayBeError(body []byte) bool {
	first := bytes.TrimLeft(body, "{ \t\r\n")
	return slices.ContainsFunc(errorMembers, func(name string) bool {
		return len(first) > len(name) && string(first[1:len(name)+1]) == name
	})
}

// isFromAPI reports whether the body is that of an error of the API: message and code are strings.
func (b errorBody) isFromAPI() bool {
	return b.members["message"].Kind() == '"' && b.members["code"].Kind() == '"'
}

// isError reports whether the body is an error whatever its status: it has no members other than those of an error.
func (b errorBody) isError() bool {
	for name := range b.members {
		if !slices.Contains(errorMembers, name) {
			return false
		}
	}
	return b.isFromAPI()
}
