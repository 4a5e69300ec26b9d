package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/internal/contract"
)

// each counts for how many of the exchanges a condition is true.
func each(exchanges []*exchange, agrees func(*exchange) bool) (t tally) {
	for _, x := range exchanges {
		if x.answered() {
			t.add(agrees(x))
		}
	}
	return t
}

// answered reports whether there is a response that can confirm or contradict an assumption: not one about the load of
// the service, or of a gateway that did not reach it.
func (x *exchange) answered() bool {
	status := x.response.StatusCode
	return status != 0 && status != http.StatusTooManyRequests && status <= http.StatusNotImplemented
}

// succeeded returns the exchanges with a status of 2xx.
func (p *probe) succeeded() (found []*exchange) {
	for _, x := range p.exchanges {
		if x.succeeded() {
			found = append(found, x)
		}
	}
	return found
}

// pages returns the exchanges whose response is a page.
func (p *probe) pages() (found []*exchange) {
	for _, x := range p.succeeded() {
		if x.endpoint != nil && x.endpoint.IsList() {
			found = append(found, x)
		}
	}
	return found
}

// Responses.

func isJSON(p *probe) tally {
	return each(p.succeeded(), func(x *exchange) bool {
		return x.isJSON && mediaType(x.response.Header.Get("Content-Type")) == "application/json"
	})
}

func hasDate(p *probe) tally {
	return each(p.exchanges, func(x *exchange) bool {
		_, err := http.ParseTime(x.response.Header.Get("Date"))
		return err == nil
	})
}

func hasRequestID(p *probe) tally {
	return each(p.exchanges, func(x *exchange) bool { return x.response.Header.Get("X-Request-Id") != "" })
}

func decodes(p *probe) tally {
	return each(p.succeeded(), func(x *exchange) bool { return x.err == nil && x.odd == 0 || x.isNull() })
}

// without counts the values that differ from the contract in a category, and those that do not.
func without(c category) func(*probe) tally {
	return func(p *probe) (t tally) {
		for _, s := range p.shapes {
			for _, place := range s {
				differing := 0
				for d, n := range place.differences {
					if d.category == c {
						differing += n
					}
				}
				t.contradict += differing
				for _, n := range place.kinds {
					t.agree += n
				}
				t.agree -= differing
			}
		}
		return t
	}
}

func sizesAreStrings(p *probe) (t tally) {
	for _, s := range p.shapes {
		for _, place := range s {
			if place.isSize {
				t.agree += place.kinds["string"]
				t.contradict += place.kinds["number"]
			}
		}
	}
	return t
}

func ramInBytes(p *probe) (t tally) {
	for _, machine := range append(p.listed("machines-list"), bodies(p.of(reading, polling))...) {
		if ram, ok := numberAt(machine, "ram"); ok && ram > 0 {
			t.add(ram >= 256<<20)
		}
	}
	return t
}

func bodies(exchanges []*exchange) (bodies []any) {
	for _, x := range exchanges {
		bodies = append(bodies, x.body)
	}
	return bodies
}

// numberAt returns the number at a path, or the number in a string there.
func numberAt(value any, path string) (float64, bool) {
	text := textAt(value, path)
	if n, ok := at(value, path).(json.Number); ok {
		text = n.String()
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

// regions returns the regions in lists, where the contract has an enumeration of them.
func (p *probe) regions() (regions []string) {
	for _, s := range plan() {
		if !s.isList() {
			continue
		}
		field := contract.Lookup(s.endpoint).Response.Field("items").Items.Field("region")
		if field == nil || len(field.Enum) == 0 {
			continue
		}
		for _, object := range p.listed(s.endpoint) {
			if region := textAt(object, "region"); region != "" {
				regions = append(regions, region)
			}
		}
	}
	return regions
}

func regionsAreKnown(p *probe) (t tally) {
	for _, region := range p.regions() {
		_, err := paperspace.ParseRegion(region)
		t.add(err == nil)
	}
	return t
}

func regionsAreLong(p *probe) (t tally) {
	for _, region := range p.regions() {
		known, err := paperspace.ParseRegion(region)
		t.add(err == nil && region == known.Long())
	}
	return t
}

func secretsAreHidden(p *probe) (t tally) {
	for endpoint, member := range map[string]string{
		"containerRegistries-list": "password", "startupScripts-list": "script",
		"projectSecrets-list": "value", "teamSecrets-list": "value",
	} {
		for _, object := range p.listed(endpoint) {
			t.add(at(object, member) == nil)
		}
	}
	return t
}

// Errors.

func errorsHaveCodes(p *probe) (t tally) {
	for _, x := range p.exchanges {
		if x.answered() && x.response.StatusCode/100 == 4 {
			t.add(x.refused())
		}
	}
	return t
}

func unknownIDIsNotFound(p *probe) (t tally) {
	for _, x := range p.of(unknownID) {
		if x.endpoint.ID != "privateNetworks-get" && x.answered() {
			t.add(x.isError(http.StatusNotFound, "NOT_FOUND"))
		}
	}
	return t
}

func unknownNetworkIsNull(p *probe) tally {
	return each(p.to("privateNetworks-get", unknownID), func(x *exchange) bool { return x.succeeded() && x.isNull() })
}

func notFoundFor(purpose purpose) func(*probe) tally {
	return func(p *probe) tally {
		return each(p.of(purpose), func(x *exchange) bool { return x.isError(http.StatusNotFound, "NOT_FOUND") })
	}
}

func wrongKeyIsUnauthorized(p *probe) tally {
	return each(p.to("machines-list", wrongKey), func(x *exchange) bool {
		return x.isError(http.StatusUnauthorized, "UNAUTHORIZED")
	})
}

func wrongSessionIsNull(p *probe) tally {
	return each(p.to("auth-session", wrongKey), func(x *exchange) bool { return x.succeeded() && x.isNull() })
}

func templatesNeedNoKey(p *probe) tally {
	return each(p.of(withoutKey), (*exchange).succeeded)
}

func invalidQueryIsBadRequest(p *probe) tally {
	return each(p.of(badQuery), func(x *exchange) bool { return x.isError(http.StatusBadRequest, "BAD_REQUEST") })
}

func errorHasIssues(p *probe) tally {
	return each(p.of(badQuery), func(x *exchange) bool {
		issues, _ := at(x.body, "issues").([]any)
		return x.refused() && len(issues) > 0
	})
}

// Lists.

func limitIsAccepted(p *probe) (t tally) {
	for _, x := range p.of(reading) {
		if x.endpoint.IsList() && x.response.StatusCode < http.StatusInternalServerError && x.answered() {
			t.add(x.succeeded())
		}
	}
	return t
}

func firstPageHasFirst(p *probe) tally   { return each(p.of(pageOne), hasOnlyItsObject) }
func secondPageHasSecond(p *probe) tally { return each(p.of(pageTwo), hasOnlyItsObject) }

// hasOnlyItsObject reports whether a page has nothing but the object that it should have.
func hasOnlyItsObject(x *exchange) bool {
	keys := stepFor(x.endpoint.ID).keys(x)
	return len(x.items()) == 1 && len(keys) == 1 && keys[0] == x.object
}

func stepFor(endpoint string) step {
	for _, s := range plan() {
		if s.endpoint == endpoint {
			return s
		}
	}
	return step{}
}

func moreHasCursor(p *probe) (t tally) {
	for _, x := range p.pages() {
		if at(x.body, "hasMore") == true {
			t.add(textAt(x.body, "nextPage") != "")
		}
	}
	return t
}

func lastPageHasNull(p *probe) (t tally) {
	for _, x := range p.pages() {
		if body, _ := x.body.(map[string]any); body["hasMore"] == false {
			next, given := body["nextPage"]
			t.add(given && next == nil)
		}
	}
	return t
}

func newestFirst(p *probe) (t tally) {
	for _, x := range p.of(reading) {
		if !x.endpoint.IsList() || !sortedByCreation(x.endpoint) {
			continue
		}
		for i, object := range x.items() {
			if i > 0 {
				t.add(!created(object).After(created(x.items()[i-1])))
			}
		}
	}
	return t
}

func created(object any) time.Time { return parseTime(textAt(object, "dtCreated")) }

func sortedByCreation(e *contract.Endpoint) bool {
	for _, parameter := range e.Parameters {
		if parameter.Name == "orderBy" {
			return string(parameter.Default) == `"dtCreated"`
		}
	}
	return false
}

// finds counts the searches whose response has the object with the name.
func finds(purpose purpose) func(*probe) tally {
	return func(p *probe) tally {
		return each(p.of(purpose), func(x *exchange) bool {
			for _, object := range x.items() {
				if textAt(object, "id") == x.object {
					return true
				}
			}
			return false
		})
	}
}

func filterSelectsMachine(p *probe) tally {
	return each(p.of(machineFilter, ownEvents), func(x *exchange) bool {
		for _, event := range x.items() {
			if textAt(event, "machineId") != x.object {
				return false
			}
		}
		return len(x.items()) > 0
	})
}

func datasetsArePrivate(p *probe) (t tally) {
	for _, dataset := range p.listed("datasets-list") {
		t.add(at(dataset, "isPublic") == false)
	}
	return t
}

// Events and deployments.

func silentErrorTookEffect(p *probe) (t tally) {
	for _, x := range p.of(silentError) {
		state, gone := stateOf(x), stateOf(x) == notFound
		switch x.object { // the event's name
		case "create":
			t.add(!gone && state != "provisioning")
		case "start", "restart":
			t.add(state == "ready" || state == "serviceready")
		case "stop":
			t.add(state == "off")
		case "deactivate":
			t.add(gone)
		}
	}
	return t
}

func deploymentNamesAreUnique(p *probe) (t tally) {
	perProject, perName := map[string]int{}, map[[2]string]int{}
	for _, d := range p.listed("deployments-list") {
		perProject[textAt(d, "projectId")]++
		perName[[2]string{textAt(d, "projectId"), textAt(d, "name")}]++
	}
	for key, n := range perName {
		if perProject[key[0]] > 1 {
			t.add(n == 1)
		}
	}
	return t
}

// specs returns the specs of deployments, the latest ones and those in the histories.
func (p *probe) specs() (specs []any) {
	for _, d := range p.listed("deployments-list") {
		specs = append(specs, at(d, "latestSpec"))
	}
	return append(specs, p.listed("deploymentHistory-list")...)
}

func appliedBeforeHealthy(p *probe) (t tally) {
	for _, spec := range p.specs() {
		if healthy := parseTime(textAt(spec, "dtHealthy")); !healthy.IsZero() {
			applied := parseTime(textAt(spec, "externalApplied"))
			t.add(!applied.IsZero() && !applied.After(healthy))
		}
	}
	return t
}

func endpointIsHost(p *probe) (t tally) {
	for _, d := range p.listed("deployments-list") {
		if endpoint := textAt(d, "endpoint"); endpoint != "" {
			t.add(!strings.ContainsAny(endpoint, ":/"))
		}
	}
	return t
}

func latestSpecIsFirst(p *probe) (t tally) {
	latest := map[string]string{} // specs by deployment
	for _, x := range p.to("deployments-get", reading) {
		latest[textAt(x.body, "id")] = textAt(x.body, "latestSpec.id")
	}
	for _, x := range p.to("deploymentHistory-list", reading) {
		if items := x.items(); len(items) > 0 {
			if id, ok := latest[strings.TrimSpace(textAt(items[0], "deploymentId"))]; ok {
				t.add(id == textAt(items[0], "id"))
			}
		}
	}
	return t
}
