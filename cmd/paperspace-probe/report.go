package main

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"math"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/paperspace-go/paperspace"
)

// reportFormat is the version of the JSON report, for comparisons.
const reportFormat = 1

// A report is what the probe publishes. It has names of the contract, counts, times and shapes. It has no value of a
// response, and no ID, name, address or key.
type report struct {
	Format      int                `json:"format"`
	SDK         string             `json:"sdk"`
	Go          string             `json:"go"`
	Platform    string             `json:"platform"`
	Began       time.Time          `json:"began"`
	Seconds     float64            `json:"seconds"`
	Service     string             `json:"service"`
	Calls       int                `json:"calls"`
	Traffic     trafficReport      `json:"traffic"`
	Endpoints   []endpointReport   `json:"endpoints"`
	Unreached   []unreached        `json:"unreached"`
	Refusals    []callReport       `json:"refusals"`
	Deployments []callReport       `json:"deployments,omitempty"`
	Life        *lifeReport        `json:"life,omitempty"`
	Assumptions []assumptionReport `json:"assumptions"`
}

type trafficReport struct {
	Attempts    int                       `json:"attempts"`
	Statuses    map[string]int            `json:"statuses"`
	Protocols   map[string]int            `json:"protocols"`
	Headers     map[string]map[string]int `json:"headers"`
	ClockOffset float64                   `json:"clockOffsetSeconds"`
}

type endpointReport struct {
	Endpoint    string                    `json:"endpoint"`
	Statuses    map[string]int            `json:"statuses"`
	NotDecoded  int                       `json:"notDecoded"` // calls with status 2xx that the SDK returned an error for
	Kinds       map[string]map[string]int `json:"kinds"`      // by place
	Differences []differenceReport        `json:"differences"`
}

type differenceReport struct {
	Place    string   `json:"place"`
	Category category `json:"category"`
	Detail   string   `json:"detail"`
	Count    int      `json:"count"`
	Of       int      `json:"of"`
	Expected bool     `json:"expected"` // whether the SDK knows that the service differs in this way
}

// callReport is a call that the service should refuse, or a step of an operation.
type callReport struct {
	Purpose     purpose  `json:"purpose"`
	Endpoint    string   `json:"endpoint,omitempty"`
	Status      int      `json:"status"`
	ContentType string   `json:"contentType"`
	Code        string   `json:"code"`
	Members     []string `json:"members"` // of the body
	Issue       []string `json:"issue"`   // members of the first issue
}

type lifeReport struct {
	EndedEarly bool           `json:"endedEarly"`
	MayExist   bool           `json:"mayExist"` // whether the machine may still exist
	Steps      []callReport   `json:"steps"`
	Moments    []momentReport `json:"moments"`
}

type momentReport struct {
	Step    purpose `json:"step"`
	After   float64 `json:"afterSeconds"`
	Event   string  `json:"event"`
	Reason  bool    `json:"reason"`
	Machine string  `json:"machine"`
	Address bool    `json:"address"`
	Listed  string  `json:"listed,omitempty"`
}

type assumptionReport struct {
	Name       string  `json:"name"`
	Claim      string  `json:"claim"`
	Used       string  `json:"used"`
	How        string  `json:"how"`
	Verdict    verdict `json:"verdict"`
	Agree      int     `json:"agree"`
	Contradict int     `json:"contradict"`
}

// report reduces what the probe saw to what may be published.
func (p *probe) report(began time.Time) *report {
	r := &report{
		Format: reportFormat, SDK: paperspace.Version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Began: began.UTC().Truncate(time.Minute), Seconds: seconds(time.Since(began)), Service: p.service,
		Calls: len(p.exchanges), Unreached: p.unreached, Traffic: p.traffic.report(),
	}
	for _, x := range p.of(refusals...) {
		r.Refusals = append(r.Refusals, x.report())
	}
	for _, step := range deploymentSteps {
		if x := p.last(step); x != nil {
			r.Deployments = append(r.Deployments, x.report())
		}
	}
	for _, endpoint := range slices.Sorted(maps.Keys(p.shapes)) {
		r.Endpoints = append(r.Endpoints, p.endpointReport(endpoint))
	}
	if p.life != nil {
		r.Life = p.life.report()
	}
	for _, a := range assumptions() {
		t := a.check(p)
		r.Assumptions = append(r.Assumptions, assumptionReport{a.name, a.claim, a.used, a.how, t.verdict(), t.agree, t.contradict})
	}
	return r
}

func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*10) / 10 }

func (t *traffic) report() trafficReport {
	t.mu.Lock()
	defer t.mu.Unlock()
	headers := map[string]map[string]int{}
	for name, forms := range t.headers {
		headers[name] = maps.Clone(forms)
	}
	return trafficReport{t.attempts, maps.Clone(t.statuses), maps.Clone(t.protocols), headers, math.Round(t.offset.Seconds())}
}

func (p *probe) endpointReport(endpoint string) endpointReport {
	r := endpointReport{Endpoint: endpoint, Statuses: map[string]int{}, Kinds: map[string]map[string]int{}}
	for _, x := range p.exchanges {
		if x.endpoint != nil && x.endpoint.ID == endpoint {
			r.Statuses[strconv.Itoa(x.response.StatusCode)]++
			if x.succeeded() && x.err != nil && !x.isNull() {
				r.NotDecoded++
			}
		}
	}
	for path, place := range p.shapes[endpoint] {
		r.Kinds[path] = place.kinds
		total := 0
		for _, n := range place.kinds {
			total += n
		}
		for d, n := range place.differences {
			r.Differences = append(r.Differences, differenceReport{path, d.category, d.detail, n, total, d.category.expected()})
		}
	}
	slices.SortFunc(r.Differences, func(a, b differenceReport) int {
		return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(a.Category, b.Category), cmp.Compare(a.Detail, b.Detail))
	})
	return r
}

func (x *exchange) report() callReport {
	r := callReport{
		Purpose: x.purpose, Status: x.response.StatusCode, ContentType: mediaType(x.response.Header.Get("Content-Type")),
	}
	if x.endpoint != nil {
		r.Endpoint = x.endpoint.ID
	}
	if x.succeeded() {
		if x.isNull() {
			r.Code = "null"
		}
		return r
	}
	r.Code = publicCode(textAt(x.body, "code"))
	r.Members = publicNames(x.body)
	if issues, _ := at(x.body, "issues").([]any); len(issues) > 0 {
		r.Issue = publicNames(issues[0])
	}
	return r
}

// codes are the error codes that may be published: those that the SDK knows, and others of the framework that the
// service appears to use.
var codes = []string{
	"BAD_REQUEST", "PARSE_ERROR", "UNAUTHORIZED", "PAYMENT_REQUIRED", "FORBIDDEN", "NOT_FOUND", "METHOD_NOT_SUPPORTED",
	"TIMEOUT", "CONFLICT", "PRECONDITION_FAILED", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE", "UNPROCESSABLE_CONTENT",
	"PRECONDITION_REQUIRED", "TOO_MANY_REQUESTS", "CLIENT_CLOSED_REQUEST", "INTERNAL_SERVER_ERROR", "NOT_IMPLEMENTED",
	"BAD_GATEWAY", "SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT",
}

func publicCode(code string) string {
	switch {
	case code == "":
		return "none"
	case slices.Contains(codes, code):
		return code
	}
	return "another code"
}

func publicNames(value any) []string {
	object, _ := value.(map[string]any)
	names := map[string]bool{}
	for name := range object {
		names[publicName(name)] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func (l *life) report() *lifeReport {
	r := &lifeReport{EndedEarly: l.endedEarly, MayExist: l.mayExist}
	for _, x := range l.of(lifeSteps...) {
		r.Steps = append(r.Steps, x.report())
	}
	for _, m := range l.moments {
		r.Moments = append(r.Moments, momentReport{m.step, seconds(m.after), m.event, m.reason, m.machine, m.address, m.listed})
	}
	return r
}

func (r *report) writeJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// count returns how many assumptions have the verdict.
func (r *report) count(v verdict) (n int) {
	for _, a := range r.Assumptions {
		if a.Verdict == v {
			n++
		}
	}
	return n
}
