package paperspacetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/internal/contract"
)

// endpoint is an endpoint of the contract with its handler.
type endpoint struct {
	*contract.Endpoint
	pathNames []string          // of the path parameters, in order
	defaults  map[string]string // of the query parameters
	handle    handler
}

// handler carries out a call and returns the result: an object, a list of objects, or nil for null. The response has
// only the fields that the response schema names.
type handler func(*call) (any, error)

var placeholder = regexp.MustCompile(`{(\w+)}`)

var endpoints = sync.OnceValue(func() map[string]*endpoint {
	all := map[string]*endpoint{}
	for _, described := range contract.Endpoints() {
		e := &endpoint{Endpoint: described, handle: handlers[described.ID], defaults: map[string]string{}}
		for _, match := range placeholder.FindAllStringSubmatch(e.Path, -1) {
			e.pathNames = append(e.pathNames, match[1])
		}
		for _, p := range e.Parameters {
			if len(p.Default) > 0 {
				e.defaults[p.Name] = strings.Trim(string(p.Default), `"`)
			}
		}
		all[e.ID] = e
	}
	return all
})

// call is a call being carried out, with the server locked.
type call struct {
	*Server
	endpoint *endpoint
	path     []string // the values of the path parameters, in order
	query    url.Values
	header   http.Header
	body     object
}

// apiError refuses a call.
type apiError struct {
	status  int
	code    string
	message string
	issues  []contract.Issue
}

func (e *apiError) Error() string { return e.message }

func badRequest(format string, args ...any) error {
	return &apiError{status: http.StatusBadRequest, code: "BAD_REQUEST", message: fmt.Sprintf(format, args...)}
}

func conflict(format string, args ...any) error {
	return &apiError{status: http.StatusConflict, code: "CONFLICT", message: fmt.Sprintf(format, args...)}
}

func notFound(k kind) error {
	return &apiError{status: http.StatusNotFound, code: "NOT_FOUND", message: string(k) + " not found"}
}

var (
	errNoRoute            = &apiError{status: http.StatusNotFound, code: "NOT_FOUND", message: "Not found"}
	errMethodNotSupported = &apiError{status: http.StatusMethodNotAllowed, code: "METHOD_NOT_SUPPORTED", message: "Method not supported"}
	errUnauthorized       = &apiError{status: http.StatusUnauthorized, code: "UNAUTHORIZED", message: "You must be logged in to access this method."}
	errMalformedBody      = &apiError{status: http.StatusBadRequest, code: "BAD_REQUEST", message: "Failed to parse request body"}
	errTooLarge           = &apiError{status: http.StatusRequestEntityTooLarge, code: "PAYLOAD_TOO_LARGE", message: "Request body is too large"}
)

func invalid(issues []contract.Issue) error {
	return &apiError{status: http.StatusBadRequest, code: "BAD_REQUEST", message: "Input validation failed", issues: issues}
}

const maxBody = 8 << 20 // bytes

// received is a request as it arrived.
type received struct {
	method string
	query  string
	header http.Header
	body   []byte
}

type response struct {
	status int
	header http.Header
	body   []byte
}

// route returns the endpoint with the method and the path, which is escaped and below the base URL, and the values of
// its path parameters.
func (s *Server) route(method, path string) (*endpoint, []string, error) {
	matched, params, knownPath := contract.Match(method, path)
	switch {
	case matched == nil && knownPath && s.strict[No405]:
		return nil, nil, errMethodNotSupported
	case matched == nil:
		return nil, nil, errNoRoute
	}
	e := endpoints()[matched.ID]
	values := make([]string, len(e.pathNames))
	for i, name := range e.pathNames {
		values[i] = params[name]
	}
	return e, values, nil
}

// carryOut carries out a request and returns the response.
func (s *Server) carryOut(x *exchange) response {
	if x.err != nil {
		return s.errorResponse(x.err)
	}
	e := x.endpoint
	c := &call{Server: s, endpoint: e, path: x.path, header: x.header}
	if err := c.validate(&x.received); err != nil {
		if err == errUnauthorized && e.ID == "auth-session" && x.header.Get("Authorization") != "" && !s.strict[NullSession] {
			return jsonResponse(http.StatusOK, nil)
		}
		return s.errorResponse(err)
	}
	result, err := c.handle(x.call)
	if err != nil {
		return s.errorResponse(err)
	}
	if issues := e.Response.Check(result); len(issues) > 0 {
		panic(fmt.Sprintf("paperspacetest: bug: the response to %s violates the contract: %v", e.ID, issues))
	}
	return jsonResponse(http.StatusOK, s.deviate(e.Response, result))
}

// validate checks the key, and the request against the contract. It sets the query and the body of the call.
func (c *call) validate(r *received) error {
	if !c.endpoint.NoKey && r.header.Get("Authorization") != "Bearer "+c.key {
		return errUnauthorized
	}
	query, err := url.ParseQuery(r.query)
	if err != nil {
		return badRequest("Failed to parse query string")
	}
	c.query = query
	params := make(map[string]string, len(c.path))
	for i, name := range c.endpoint.pathNames {
		params[name] = c.path[i]
	}
	if issues := append(c.endpoint.CheckPath(params), c.endpoint.CheckQuery(query)...); len(issues) > 0 {
		return invalid(issues)
	}
	return c.readBody(r)
}

func (c *call) readBody(r *received) error {
	if len(r.body) > maxBody {
		return errTooLarge
	}
	contentType := r.header.Get("Content-Type")
	mediaType, _, err := mime.ParseMediaType(contentType)
	isJSON := err == nil && mediaType == "application/json"
	allowsBody := c.endpoint.Method != http.MethodGet && c.endpoint.Method != http.MethodDelete
	switch {
	case len(r.body) == 0 && c.endpoint.Request == nil && !(allowsBody && isJSON):
		return nil
	case len(r.body) > 0 && !isJSON, len(r.body) == 0 && contentType != "" && allowsBody && !isJSON:
		return &apiError{
			status: http.StatusUnsupportedMediaType, code: "UNSUPPORTED_MEDIA_TYPE",
			message: fmt.Sprintf("Unsupported content-type %q", contentType),
		}
	case len(r.body) == 0:
		return errMalformedBody
	}
	var value any
	dec := json.NewDecoder(bytes.NewReader(r.body))
	dec.UseNumber()
	if err := dec.Decode(&value); err != nil {
		return errMalformedBody
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errMalformedBody
	}
	if c.endpoint.Request == nil {
		if empty, ok := value.(object); ok && len(empty) == 0 && allowsBody && !c.strict[EmptyObjectBody] {
			return nil
		}
		return invalid([]contract.Issue{{Message: c.endpoint.ID + " accepts no body"}})
	}
	if issues := c.endpoint.Request.CheckUnions(value); len(issues) > 0 {
		return invalid(issues)
	}
	c.body = value.(object)
	return nil
}

// handle runs the endpoint's handler and returns the fields of its result that the response schema names.
func (c *call) handle(log *Call) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	if c.endpoint.handle == nil {
		return nil, &apiError{status: http.StatusNotImplemented, code: "NOT_IMPLEMENTED", message: c.endpoint.ID + " has no handler"}
	}
	result, err := c.endpoint.handle(c)
	if err != nil {
		return nil, err
	}
	log.CarriedOut = true
	return selectFields(c.endpoint.Response, result), nil
}

// selectFields copies the parts of a value that the schema names. Copying keeps objects of the store behind the lock.
func selectFields(s *contract.Schema, value any) any {
	switch value := value.(type) {
	case func() any:
		return selectFields(s, value())
	case object:
		if len(s.Variants) > 0 || s.Fields == nil {
			return clone(value)
		}
		out := make(object, len(s.Fields))
		for _, f := range s.Fields {
			if v, ok := value[f.Name]; ok {
				out[f.Name] = selectFields(f.Schema, v)
			}
		}
		return out
	case []any:
		if s.Items == nil {
			return clone(value)
		}
		out := make([]any, len(value))
		for i, v := range value {
			out[i] = selectFields(s.Items, v)
		}
		return out
	default:
		return value
	}
}

// clone deep-copies a value decoded from JSON.
func clone(value any) any {
	switch value := value.(type) {
	case object:
		out := make(object, len(value))
		for name, v := range value {
			out[name] = clone(v)
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i, v := range value {
			out[i] = clone(v)
		}
		return out
	default:
		return value
	}
}

func jsonResponse(status int, value any) response {
	body, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("paperspacetest: bug: %v", err))
	}
	return response{status, http.Header{"Content-Type": {"application/json; charset=utf-8"}}, body}
}

func (s *Server) errorResponse(err error) response {
	e, ok := errors.AsType[*apiError](err)
	if !ok {
		panic(fmt.Sprintf("paperspacetest: bug: %v", err))
	}
	body := struct {
		Message string         `json:"message"`
		Code    string         `json:"code"`
		Issues  []any          `json:"issues,omitempty"`
		Details map[string]any `json:"details,omitempty"`
	}{Message: e.message, Code: e.code}
	for _, issue := range e.issues {
		body.Issues = append(body.Issues, issueJSON(issue))
	}
	if s.strict[Issues] && body.Issues != nil {
		body.Details, body.Issues = map[string]any{"issues": body.Issues}, nil
	}
	return jsonResponse(e.status, body)
}

// The building blocks of handlers.

// param returns a query parameter or its default.
func (c *call) param(name string) string {
	if c.query.Has(name) {
		return c.query.Get(name)
	}
	return c.endpoint.defaults[name]
}

func (c *call) str(name string) string { return text(c.body[name]) }

// given reports whether the body has the field with a value other than null.
func (c *call) given(name string) bool { return c.body[name] != nil }

// find returns the object at the path. Its parent must exist.
func (c *call) find(k kind) (*row, error) {
	parent, err := c.parent(k)
	if err != nil {
		return nil, err
	}
	if r := c.store.get(k, parent, c.path[len(c.path)-1]); r != nil {
		return r, nil
	}
	return nil, notFound(k)
}

// parent returns the key of the parent in the path, or "" for a kind without a parent.
func (c *call) parent(k kind) (string, error) {
	parent, ok := parents[k]
	if !ok {
		return "", nil
	}
	if c.store.get(parent, "", c.path[0]) == nil {
		return "", notFound(parent)
	}
	return c.path[0], nil
}

// lookup returns the object with the key, which the request refers to.
func (c *call) lookup(k kind, key string) (*row, error) {
	if r := c.store.get(k, "", key); r != nil {
		return r, nil
	}
	return nil, notFound(k)
}

// region returns the short id of a region in any spelling.
func (c *call) region(name string) (string, error) {
	r, err := paperspace.ParseRegion(name)
	if err != nil {
		return "", badRequest("Region %s not found", name)
	}
	return string(r), nil
}

// checkInteger refuses a fraction or a number above the limit, which the contract allows but the server cannot handle.
func checkInteger(name string, v any, limit int64) error {
	n, given := v.(json.Number)
	if f, _ := n.Float64(); given && (f != math.Trunc(f) || f > float64(limit)) {
		return badRequest("%s must be a whole number of at most %d", name, limit)
	}
	return nil
}

// get returns the object at the path.
func get(k kind) handler {
	return func(c *call) (any, error) {
		r, err := c.find(k)
		if err != nil {
			return nil, err
		}
		return r.data, nil
	}
}

// create adds an object with the default fields and those of the body, and returns it. Each prepare function may refuse
// the call or change the fields.
func create(k kind, key func(*call) string, defaults object, prepare ...func(c *call, data object) error) handler {
	return func(c *call) (any, error) {
		parent, err := c.parent(k)
		if err != nil {
			return nil, err
		}
		id := key(c)
		if c.store.get(k, parent, id) != nil {
			return nil, conflict("%s %s already exists", k, id)
		}
		data := object{"id": id, "dtCreated": c.stamp(), "dtModified": c.stamp()}
		maps.Copy(data, defaults)
		maps.Copy(data, c.body)
		for _, f := range prepare {
			if err := f(c, data); err != nil {
				return nil, err
			}
		}
		c.store.add(k, parent, id, data)
		return data, nil
	}
}

// newID generates the key of a created object.
func newID(prefix string, length int) func(*call) string {
	return func(c *call) string { return c.id(prefix, length) }
}

func newUUID(c *call) string { return c.uuid() }

// keyIs uses a field of the body as the key of a created object.
func keyIs(field string) func(*call) string {
	return func(c *call) string { return c.str(field) }
}

// update sets the fields of the body, unless a check refuses, and returns the object.
func update(k kind, checks ...func(c *call, r *row) error) handler {
	return func(c *call) (any, error) {
		r, err := c.find(k)
		if err != nil {
			return nil, err
		}
		for _, check := range checks {
			if err := check(c, r); err != nil {
				return nil, err
			}
		}
		maps.Copy(r.data, c.body)
		if _, ok := r.data["dtModified"]; ok {
			r.data["dtModified"] = c.stamp()
		}
		return r.data, nil
	}
}

// remove deletes the object, unless a check refuses, and returns it.
func remove(k kind, checks ...func(c *call, r *row) error) handler {
	return func(c *call) (any, error) {
		r, err := c.find(k)
		if err != nil {
			return nil, err
		}
		for _, check := range checks {
			if err := check(c, r); err != nil {
				return nil, err
			}
		}
		if _, ok := r.data["dtDeleted"]; ok {
			r.data["dtDeleted"] = c.stamp()
		}
		c.store.remove(k, r)
		return r.data, nil
	}
}

// filter returns a predicate that selects the objects of a list, or nil to select all.
type filter func(c *call) (func(object) bool, error)

// contains selects by a substring of the field with the parameter's name, ignoring case.
func contains(name string) filter {
	return func(c *call) (func(object) bool, error) {
		if !c.query.Has(name) {
			return nil, nil
		}
		want := strings.ToLower(c.query.Get(name))
		return func(o object) bool { return strings.Contains(strings.ToLower(text(o[name])), want) }, nil
	}
}

// equals selects by the field with the parameter's name.
func equals(name string) filter {
	return func(c *call) (func(object) bool, error) {
		if !c.query.Has(name) {
			return nil, nil
		}
		want := c.query.Get(name)
		return func(o object) bool { return text(o[name]) == want }, nil
	}
}

func byRegion(c *call) (func(object) bool, error) {
	if !c.query.Has("region") {
		return nil, nil
	}
	want, err := c.region(c.query.Get("region"))
	return func(o object) bool { return o["region"] == want }, err
}

const defaultLimit = 25

// list returns a page of the objects that all filters select.
func list(k kind, filters ...filter) handler {
	return func(c *call) (any, error) {
		var parent string
		if _, ok := parents[k]; ok {
			var err error
			if parent, err = c.parent(k); err != nil {
				return nil, err
			}
		}
		var keep []func(object) bool
		for _, f := range filters {
			fits, err := f(c)
			if err != nil {
				return nil, err
			}
			if fits != nil {
				keep = append(keep, fits)
			}
		}
		var rows []*row
		for _, r := range c.store.rows(k) {
			if r.parent == parent && !slices.ContainsFunc(keep, func(fits func(object) bool) bool { return !fits(r.data) }) {
				rows = append(rows, r)
			}
		}
		return c.page(k, parent, rows)
	}
}

// page sorts the rows and returns the requested page.
func (c *call) page(k kind, parent string, rows []*row) (any, error) {
	orderBy, descending := c.param("orderBy"), c.param("order") != "asc"
	order := orderBy + " " + c.param("order")
	compare := func(a, b position) int {
		if descending {
			a, b = b, a
		}
		return a.compare(b)
	}
	slices.SortFunc(rows, func(a, b *row) int { return compare(positionOf(a, orderBy), positionOf(b, orderBy)) })
	if after := c.query.Get("after"); after != "" {
		from, ok := parseCursor(after, order)
		if uuidCursors[k] {
			if last := c.store.get(k, parent, after); last != nil {
				from, ok = positionOf(last, orderBy), true
			}
		}
		if !ok {
			return nil, badRequest("Invalid cursor")
		}
		first, found := slices.BinarySearchFunc(rows, from, func(r *row, p position) int { return compare(positionOf(r, orderBy), p) })
		if found {
			first++
		}
		rows = rows[first:]
	}
	limit := defaultLimit
	if c.query.Has("limit") {
		limit = int(integer(json.Number(c.query.Get("limit"))))
	}
	result := object{"hasMore": len(rows) > limit}
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		if result["nextPage"] = positionOf(last, orderBy).cursor(order); uuidCursors[k] {
			result["nextPage"] = last.key
		}
	}
	items := make([]any, len(rows))
	for i, r := range rows {
		items[i] = r.data
	}
	result["items"] = items
	return result, nil
}
