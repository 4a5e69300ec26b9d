package main

import (
	"math"
	"net/http"
	"slices"
	"time"
)

// tolerated is how long the SDK tolerates that a new machine is not found, or not listed.
const tolerated = time.Minute

// momentsOf returns what polls saw in a step of the machine's life.
func (p *probe) momentsOf(steps ...purpose) (moments []moment) {
	if p.life == nil {
		return nil
	}
	for _, m := range p.life.moments {
		if slices.Contains(steps, m.step) {
			moments = append(moments, m)
		}
	}
	return moments
}

// first returns the first moment for which a condition is true.
func first(moments []moment, is func(moment) bool) (m moment, ok bool) {
	if i := slices.IndexFunc(moments, is); i >= 0 {
		return moments[i], true
	}
	return moment{}, false
}

func operationsReturnEvents(p *probe) (t tally) {
	for _, x := range p.of(creating, restarting, stopping, stoppingPlain, starting, deleting) {
		if x.succeeded() {
			t.add(textAt(x.body, "event.id") != "" && textAt(x.body, "data.id") != "")
		}
	}
	return t
}

func newMachineHasNulls(p *probe) (t tally) {
	for _, x := range p.of(creating) {
		if machine, ok := at(x.body, "data").(map[string]any); ok && x.succeeded() {
			for _, name := range []string{"ram", "storageTotal", "storageUsed", "region"} {
				t.add(machine[name] == nil)
			}
		}
	}
	return t
}

func eventsAreDatedByDate(p *probe) (t tally) {
	for _, x := range p.of(creating) {
		created := parseTime(textAt(x.body, "event.dtCreated"))
		date, err := http.ParseTime(x.response.Header.Get("Date"))
		if err == nil && !created.IsZero() {
			t.add(date.Sub(created).Abs() <= time.Minute)
		}
	}
	return t
}

func newMachineIsFound(p *probe) tally {
	return within(p.momentsOf(creating), func(m moment) bool { return m.machine != notFound && m.machine != noResponse })
}

func newMachineIsListed(p *probe) tally {
	return within(p.momentsOf(creating), func(m moment) bool { return m.listed == "yes" })
}

// within reports whether a condition became true in the tolerated time.
func within(moments []moment, is func(moment) bool) (t tally) {
	m, ok := first(moments, is)
	if ok || len(moments) > 0 && moments[len(moments)-1].after > tolerated {
		t.add(ok && m.after <= tolerated)
	}
	return t
}

func eventsGoForward(p *probe) (t tally) {
	order := map[string]int{"new": 1, "in progress": 2, "done": 3, "error": 3, "cancelled": 3}
	for _, step := range lifeSteps {
		var seen []int
		for _, m := range p.momentsOf(step) {
			if order[m.event] > 0 {
				seen = append(seen, order[m.event])
			}
		}
		if len(seen) > 0 {
			t.add(slices.IsSorted(seen))
		}
	}
	return t
}

func isDone(m moment) bool { return m.event == "done" }

func doneBeforeReady(p *probe) (t tally) {
	if m, ok := first(p.momentsOf(creating), isDone); ok {
		t.add(m.machine != "ready")
	}
	return t
}

func readyAfterRestart(p *probe) (t tally) {
	if moments := p.momentsOf(restarting); len(moments) > 0 {
		t.add(moments[0].machine == "ready" && !moments[0].eventEnded())
	}
	return t
}

func doneInState(p *probe) (t tally) {
	for step, state := range map[purpose]string{restarting: "ready", stopping: "off", stoppingPlain: "off", starting: "ready"} {
		if m, ok := first(p.momentsOf(step), isDone); ok {
			t.add(m.machine == state)
		}
	}
	return t
}

func ownEventIsListed(p *probe) (t tally) {
	for _, created := range p.of(creating) {
		for _, x := range p.of(ownEvents) {
			t.add(slices.ContainsFunc(x.items(), func(e any) bool { return textAt(e, "id") == textAt(created.body, "event.id") }))
		}
	}
	return t
}

func storageIsInBytes(p *probe) (t tally) {
	const low, high = 0.9 * diskSize * 1e9, 1.1 * diskSize * (1 << 30)
	for _, x := range p.of(polling) {
		if total, ok := numberAt(x.body, "storageTotal"); ok && total > 0 {
			t.add(low <= total && total <= math.Floor(high))
		}
	}
	return t
}

func addressWhileReady(p *probe) (t tally) {
	for _, step := range []purpose{creating, restarting, stopping, stoppingPlain, starting} {
		moments := p.momentsOf(step)
		if len(moments) == 0 {
			continue
		}
		switch last := moments[len(moments)-1]; last.machine {
		case "ready":
			t.add(last.address)
		case "off":
			t.add(!last.address)
		}
	}
	return t
}

func renameHasNoEvent(p *probe) tally {
	return each(p.of(renaming), func(x *exchange) bool { return x.succeeded() && at(x.body, "event") == nil })
}

func isAccepted(step purpose) func(*probe) tally {
	return func(p *probe) tally { return each(p.of(step), (*exchange).succeeded) }
}

// isRefused expects an error of the API itself about the request.
func isRefused(step purpose) func(*probe) tally {
	return func(p *probe) tally {
		return each(p.of(step), func(x *exchange) bool { return x.refused() && x.response.StatusCode/100 == 4 })
	}
}

func deletedIsNotFound(p *probe) (t tally) {
	moments := p.momentsOf(deleting)
	if _, ended := first(moments, moment.eventEnded); ended {
		_, gone := first(moments, func(m moment) bool { return m.machine == notFound })
		t.add(gone)
	}
	return t
}

func deletedIsNotListed(p *probe) (t tally) {
	var listed []string
	for _, m := range p.momentsOf(deleting) {
		if m.machine == notFound && m.listed != "" {
			listed = append(listed, m.listed)
		}
	}
	if len(listed) > 0 {
		t.add(listed[len(listed)-1] == "no")
	}
	return t
}
