package main

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
)

// markdown writes the report as Markdown. The changes are the differences from an earlier report, nil if there is none.
func (r *report) markdown(w io.Writer, changes []string) error {
	m := &markdown{}
	m.line("# Probe of the Paperspace API\n")
	m.line("SDK %s, %s, %s. %s, %s. %d calls in %.0f s.\n", r.SDK, r.Go, r.Platform, r.Service,
		r.Began.Format("2006-01-02 15:04 MST"), r.Calls, r.Seconds)
	m.line("%d assumptions held, **%d refuted**, %d not seen.", r.count(held), r.count(refuted), r.count(notSeen))
	if changes != nil {
		m.section("Changes since the earlier report")
		m.list(changes, "None.")
	}
	m.traffic(r.Traffic)
	m.differences(r.Endpoints)
	if len(r.Unreached) > 0 {
		m.section("Not called")
		m.table("endpoint", "reason")
		for _, u := range r.Unreached {
			m.row(u.Endpoint, u.Reason)
		}
	}
	m.section("Harmless errors")
	m.exchanges(r.Refusals)
	if len(r.Deployments) > 0 {
		m.section("Disabled deployments")
		m.exchanges(r.Deployments)
	}
	if r.Life != nil {
		m.life(r.Life)
	}
	m.section("Assumptions")
	m.table("assumption", "verdict", "agree", "contradict", "relied on by", "checked with")
	for _, a := range r.Assumptions {
		verdict := string(a.Verdict)
		if a.Verdict == refuted {
			verdict = "**refuted**"
		}
		m.row(fmt.Sprintf("`%s`: %s", a.Name, a.Claim), verdict, fmt.Sprint(a.Agree), fmt.Sprint(a.Contradict), a.Used, a.How)
	}
	_, err := io.WriteString(w, m.String())
	return err
}

// A markdown builds a document.
type markdown struct{ strings.Builder }

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(m, format+"\n", args...) }

func (m *markdown) section(title string) { m.line("\n## %s\n", title) }

func (m *markdown) list(lines []string, none string) {
	if len(lines) == 0 {
		m.line("%s", none)
	}
	for _, line := range lines {
		m.line("- %s", line)
	}
}

func (m *markdown) table(columns ...string) {
	m.row(columns...)
	m.line("|%s", strings.Repeat(" --- |", len(columns)))
}

func (m *markdown) row(cells ...string) {
	for i, cell := range cells {
		cells[i] = strings.ReplaceAll(cell, "|", `\|`)
	}
	m.line("| %s |", strings.Join(cells, " | "))
}

func (m *markdown) traffic(t trafficReport) {
	m.section("Traffic")
	m.line("%d attempts. The header Date and the local clock differ by up to %.0f s.\n", t.Attempts, math.Abs(t.ClockOffset))
	m.table("", "seen")
	m.row("status", counts(t.Statuses))
	m.row("protocol", counts(t.Protocols))
	for _, name := range slices.Sorted(maps.Keys(t.Headers)) {
		m.row(name, counts(t.Headers[name]))
	}
}

// counts formats counts as "present 12, absent 3".
func counts(of map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, of[name]))
	}
	return strings.Join(parts, ", ")
}

func (m *markdown) differences(endpoints []endpointReport) {
	m.section("Differences from the contract")
	m.line("The responses of %d endpoints were compared.\n", len(endpoints))
	m.table("endpoint", "place", "difference", "count")
	expected := map[category][]string{}
	for _, e := range endpoints {
		if e.NotDecoded > 0 {
			m.row(e.Endpoint, "", "the SDK returned an error for a successful response", fmt.Sprint(e.NotDecoded))
		}
		for _, d := range e.Differences {
			if d.Expected {
				expected[d.Category] = append(expected[d.Category], fmt.Sprintf("%s `%s`", e.Endpoint, d.Place))
				continue
			}
			m.row(e.Endpoint, "`"+d.Place+"`", fmt.Sprintf("%s: %s", d.Category, d.Detail), fmt.Sprintf("%d of %d", d.Count, d.Of))
		}
	}
	m.line("\nThe SDK expects these:\n")
	var lines []string
	for _, c := range slices.Sorted(maps.Keys(expected)) {
		lines = append(lines, fmt.Sprintf("%s: %s", c, strings.Join(expected[c], ", ")))
	}
	m.list(lines, "None.")
}

func (m *markdown) exchanges(list []callReport) {
	m.table("call", "endpoint", "status", "code", "content type", "members")
	for _, x := range list {
		members := strings.Join(x.Members, ", ")
		if len(x.Issue) > 0 {
			members += "; of an issue: " + strings.Join(x.Issue, ", ")
		}
		m.row(string(x.Purpose), x.Endpoint, fmt.Sprint(x.Status), x.Code, x.ContentType, members)
	}
}

func (m *markdown) life(l *lifeReport) {
	m.section("The life of a machine")
	if l.EndedEarly {
		m.line("It ended early.\n")
	}
	if l.MayExist {
		m.line("**The machine could not be deleted.**\n")
	}
	m.exchanges(l.Steps)
	m.line("")
	m.table("step", "after", "event", "machine", "public IP", "listed")
	for _, moment := range l.Moments {
		event, address := moment.Event, "no"
		if moment.Reason {
			event += ", with a reason"
		}
		if moment.Address {
			address = "yes"
		}
		m.row(string(moment.Step), fmt.Sprintf("%.1f s", moment.After), event, moment.Machine, address, moment.Listed)
	}
}
