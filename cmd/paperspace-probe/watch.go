package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/paperspace-go/paperspace"
)

// A moment is what one poll saw of the machine and of the event of the current step.
type moment struct {
	step    purpose
	after   time.Duration // since the step was accepted
	event   string        // its state, or one of the words below
	reason  bool          // whether the event has an error text
	machine string        // its state, or one of the words below
	address bool          // whether the machine has a public IP
	listed  string        // "yes", "no", or "" if the list was not read
}

// What a moment has instead of a state.
const (
	notFound     = "not found"
	noResponse   = "no usable response"
	anotherState = "a state that the contract does not have"
)

func (m moment) eventEnded() bool {
	return slices.Contains([]string{"done", "error", "cancelled", notFound}, m.event)
}

// stepLimits are how long each step may take, as long as in the waits of the SDK.
var stepLimits = map[purpose]time.Duration{
	creating: 45 * time.Minute, restarting: 30 * time.Minute, stopping: 30 * time.Minute, stoppingPlain: 30 * time.Minute,
	starting: 15 * time.Minute, deleting: deleteTime,
}

// unlistedTime is how long the probe looks for a deleted machine in the list.
const unlistedTime = time.Minute

// watch polls after an accepted step until its event has ended and the machine is in the state. After a delete, it
// polls until the machine is no longer listed, too.
func (l *life) watch(ctx context.Context, accepted *exchange, state string) error {
	if accepted.err != nil {
		return accepted.err
	}
	step, event := accepted.purpose, textAt(accepted.body, "event.id")
	if event == "" { // without which nothing tells when the step ends, while the machine costs money
		return fmt.Errorf("the response to %s has no event", step)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, stepLimits[step], fmt.Errorf("%s took too long", step))
	defer cancel()
	begin, gone := time.Now(), time.Time{}
	for {
		m := moment{step: step}
		m.event, m.reason = l.eventState(ctx, event)
		m.machine, m.address = l.machineState(ctx)
		if m.machine == notFound && state == notFound && gone.IsZero() {
			gone = time.Now()
		}
		if !l.listedSince(step) || !gone.IsZero() {
			m.listed = l.listState(ctx)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		m.after = time.Since(begin)
		l.note(m)
		switch {
		case m.event == "cancelled", m.event == "error" && m.reason:
			return fmt.Errorf("%s failed: its event is in state %s", step, m.event)
		case !m.eventEnded() || m.machine != state:
		case gone.IsZero(), m.listed == "no", time.Since(gone) > unlistedTime:
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(l.poll):
		}
	}
}

// note keeps a moment if it differs from the one before.
func (l *life) note(m moment) {
	if n := len(l.moments); n > 0 {
		last := l.moments[n-1]
		last.after = m.after
		if last == m {
			return
		}
	}
	l.moments = append(l.moments, m)
	fmt.Fprintf(l.log, "%6.0fs  %s: event %s, machine %s\n", time.Since(l.start).Seconds(), m.step, m.event, m.machine)
}

// listedSince reports whether the machine was seen in the list, or no list needs to be read for the step.
func (l *life) listedSince(step purpose) bool {
	return step != creating || slices.ContainsFunc(l.moments, func(m moment) bool { return m.listed == "yes" })
}

func (l *life) eventState(ctx context.Context, id string) (state string, reason bool) {
	x := l.call(polling, "machineEvents-get", func(opts []paperspace.RequestOption) error {
		return drop(l.client.MachineEvents.Get(ctx, id, opts...))
	})
	return stateOf(x), textAt(x.body, "error") != ""
}

func (l *life) machineState(ctx context.Context) (state string, address bool) {
	x := l.call(polling, "machines-get", func(opts []paperspace.RequestOption) error {
		return drop(l.client.Machines.Get(ctx, l.id, opts...))
	})
	if rate, ok := numberAt(x.body, "usageRate"); ok {
		l.spending.setRate(rate)
	}
	return stateOf(x), textAt(x.body, "publicIp") != ""
}

// listState reports whether the newest machines include the machine.
func (l *life) listState(ctx context.Context) string {
	x := l.call(polling, "machines-list", func(opts []paperspace.RequestOption) error {
		params := paperspace.MachineListParams{ListParams: paperspace.ListParams{Limit: largestPage}}
		return drop(l.client.Machines.List(ctx, params, opts...))
	})
	switch {
	case !x.succeeded():
		return ""
	case slices.ContainsFunc(x.items(), func(m any) bool { return textAt(m, "id") == l.id }):
		return "yes"
	}
	return "no"
}

// stateOf returns the state of a machine or an event in a response, if the contract has it.
func stateOf(x *exchange) string {
	switch state := textAt(x.body, "state"); {
	case x.isError(404, "NOT_FOUND"):
		return notFound
	case !x.succeeded() || state == "":
		return noResponse
	case len(x.endpoint.Response.Field("state").Check(state)) > 0:
		return anotherState
	default:
		return state
	}
}
