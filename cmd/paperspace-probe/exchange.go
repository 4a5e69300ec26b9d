package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/internal/contract"
)

// A purpose is why a call was made. Assumptions find the exchanges that they judge by it.
type purpose string

// An exchange is a call and its response. It stays in memory: the report has only names, counts and shapes.
type exchange struct {
	purpose  purpose
	endpoint *contract.Endpoint // nil if the contract does not have it
	response paperspace.Response
	body     any      // the decoded body, with json.Number; nil if it is not JSON
	isJSON   bool     // whether the body is JSON
	path     []string // the values of the path parameters, of calls in the plan
	object   string   // what the response is compared with: an object's key, or the name of an event
	odd      int      // how many values in it are odd
	err      error
}

// call calls an endpoint through the SDK, and records the exchange. The endpoint is an ID of the contract, or "".
func (p *probe) call(purpose purpose, endpoint string, f func(opts []paperspace.RequestOption) error) *exchange {
	x := &exchange{purpose: purpose, endpoint: contract.Lookup(endpoint)}
	p.odd = 0
	x.err = f([]paperspace.RequestOption{paperspace.WithResponse(&x.response)})
	x.odd = p.odd
	x.body, x.isJSON = decode(x.response.Body)
	p.record(x)
	return x
}

// record keeps an exchange, and compares its response with the contract.
func (p *probe) record(x *exchange) {
	p.exchanges = append(p.exchanges, x)
	if x.endpoint != nil && x.succeeded() && x.isJSON && x.body != nil {
		p.shape(x.endpoint.ID).add(x.endpoint.Response, x.body)
	}
}

func (p *probe) shape(endpoint string) shape {
	if p.shapes[endpoint] == nil {
		p.shapes[endpoint] = shape{}
	}
	return p.shapes[endpoint]
}

// decode decodes JSON with exact numbers.
func decode(data []byte) (value any, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if dec.Decode(&value) != nil {
		return nil, false
	}
	_, err := dec.Token()
	return value, err == io.EOF
}

func (x *exchange) succeeded() bool { return x.response.StatusCode/100 == 2 }

// isNull reports whether the body is null.
func (x *exchange) isNull() bool { return x.isJSON && x.body == nil }

// refused reports whether the response is an error of the API itself: an object whose message and code are strings.
func (x *exchange) refused() bool {
	return !x.succeeded() && textAt(x.body, "code") != "" && textAt(x.body, "message") != ""
}

// isError reports whether the response is an error of the API itself, with this status and code.
func (x *exchange) isError(status int, code string) bool {
	return x.refused() && x.response.StatusCode == status && textAt(x.body, "code") == code
}

// items returns the objects on a page.
func (x *exchange) items() []any {
	items, _ := at(x.body, "items").([]any)
	return items
}

// at returns the member at a path such as "latestSpec.data" of a decoded value, or nil.
func at(value any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

// textAt returns the string at a path of a decoded value, and "" for anything else.
func textAt(value any, path string) string {
	text, _ := at(value, path).(string)
	return text
}

// keyAt returns the string or the number at a path of a decoded value, as a path parameter.
func keyAt(value any, path string) string {
	switch key := at(value, path).(type) {
	case string:
		return key
	case json.Number:
		return key.String()
	}
	return ""
}
