package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
)

// readReport reads a JSON report.
func readReport(name string) (*report, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := new(report)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%s is not a report: %w", name, err)
	}
	if r.Format != reportFormat {
		return nil, fmt.Errorf("%s is not a report of format %d", name, reportFormat)
	}
	return r, nil
}

// compare returns how the service changed between two reports. It ignores counts, times, calls and headers that only one
// of the reports has, and differences that the contract allows, such as a null in a nullable member.
func compare(before, after *report) (changes []string) {
	changes = []string{} // not nil: the reports were compared
	note := func(format string, args ...any) { changes = append(changes, fmt.Sprintf(format, args...)) }

	verdicts := map[string]verdict{}
	for _, a := range before.Assumptions {
		verdicts[a.Name] = a.Verdict
	}
	for _, a := range after.Assumptions {
		if old := verdicts[a.Name]; old != "" && old != a.Verdict && old != notSeen && a.Verdict != notSeen {
			note("assumption `%s` was %s and is now %s: %s", a.Name, old, a.Verdict, a.Claim)
		}
	}

	facts := before.facts()
	for _, f := range after.facts() {
		i := slices.IndexFunc(facts, func(old fact) bool { return old.subject == f.subject })
		if i < 0 {
			continue
		}
		for _, value := range slices.Sorted(maps.Keys(f.values)) {
			if !facts[i].values[value] {
				note("%s: %s is new", f.subject, value)
			}
		}
		for _, value := range slices.Sorted(maps.Keys(facts[i].values)) {
			if !f.values[value] {
				note("%s: %s was not seen this time", f.subject, value)
			}
		}
	}
	return changes
}

// A fact is the set of what was seen of a subject.
type fact struct {
	subject string
	values  map[string]bool
}

// facts returns what a report has about the service, in a form that can be compared.
func (r *report) facts() (facts []fact) {
	index := map[string]int{}
	add := func(subject string, values ...string) {
		i, ok := index[subject]
		if !ok {
			i = len(facts)
			index[subject] = i
			facts = append(facts, fact{subject, map[string]bool{}})
		}
		for _, value := range values {
			facts[i].values[value] = true
		}
	}
	add("protocols", slices.Collect(maps.Keys(r.Traffic.Protocols))...)
	for _, name := range slices.Sorted(maps.Keys(r.Traffic.Headers)) {
		add("header "+name, slices.Collect(maps.Keys(r.Traffic.Headers[name]))...)
	}
	for _, e := range r.Endpoints {
		add(e.Endpoint + ", differences from the contract")
		for _, d := range e.Differences {
			if d.Expected { // there are assumptions about these
				continue
			}
			add(e.Endpoint+", differences from the contract", fmt.Sprintf("`%s` %s (%s)", d.Place, d.Category, d.Detail))
		}
	}
	steps := slices.Concat(r.Refusals, r.Deployments)
	if r.Life != nil {
		steps = slices.Concat(steps, r.Life.Steps)
	}
	for _, x := range steps {
		add(fmt.Sprintf("%s %s", x.Purpose, x.Endpoint), fmt.Sprintf("%d %s %s %v", x.Status, x.Code, x.ContentType, x.Members))
	}
	return facts
}
