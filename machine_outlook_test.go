package paperspace

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestOutlook(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	event := func(name MachineEventName, state MachineEventState, age time.Duration, reason string) MachineEvent {
		e := MachineEvent{ID: string(name) + " " + age.String(), Name: name, State: state, Error: reason, CreatedAt: now.Add(-age)}
		if state != MachineEventStateNew && state != MachineEventStateInProgress {
			e.FinishedAt = e.CreatedAt
		}
		return e
	}
	const (
		create, start, stop = MachineEventNameCreate, MachineEventNameStart, MachineEventNameStop
		done, failed        = MachineEventStateDone, MachineEventStateError
		cancelled, running  = MachineEventStateCancelled, MachineEventStateInProgress
		ready, off          = MachineStateReady, MachineStateOff
	)
	old := []MachineEvent{event(start, failed, time.Minute, "no capacity")} // it failed before the wait began
	older := []MachineEvent{event(start, failed, stuckAge, "no capacity")}
	for name, tc := range map[string]struct {
		wanted, state MachineState
		forgiving     bool
		acted         time.Duration  // how long ago, 0 if the wait did nothing
		first, later  []MachineEvent // at the first look and at the second one, if there is one
		failed        string
		undoing       string
	}{
		"no events":                              {wanted: ready, state: off},
		"a start that is done":                   {wanted: ready, state: off, first: []MachineEvent{event(start, done, 1, "")}},
		"a start that runs":                      {wanted: ready, state: off, first: old, later: []MachineEvent{event(start, running, 1, ""), old[0]}},
		"a start that fails":                     {wanted: ready, state: off, later: []MachineEvent{event(start, failed, 1, "gone")}, failed: "start 1ns"},
		"a start that fails without a reason":    {wanted: ready, state: off, later: []MachineEvent{event(start, failed, 1, "")}},
		"a stop that fails":                      {wanted: off, state: ready, later: []MachineEvent{event(stop, failed, 1, "gone")}, failed: "stop 1ns"},
		"a failed stop of a machine to start":    {wanted: ready, state: off, later: []MachineEvent{event(stop, failed, 1, "gone")}},
		"an old failure, at the first look":      {wanted: ready, state: off, first: old},
		"an old failure, at the second":          {wanted: ready, state: off, first: old, later: old, failed: old[0].ID},
		"an old failure, of a forgiving wait":    {wanted: ready, state: off, forgiving: true, first: old, later: old},
		"an old failure, while it starts":        {wanted: ready, state: MachineStateStarting, first: old, later: old, failed: old[0].ID},
		"an old failure, while it stops":         {wanted: ready, state: MachineStateStopping, first: old, later: old},
		"a failure of an hour ago":               {wanted: ready, state: off, first: older, later: older},
		"a create that failed":                   {wanted: ready, state: MachineStateProvisioning, first: []MachineEvent{event(create, failed, 1, "x")}, failed: "create 1ns"},
		"a create that was cancelled":            {wanted: ready, state: MachineStateProvisioning, first: []MachineEvent{event(create, cancelled, 1, "")}, failed: "create 1ns"},
		"a cancelled create, but it is off":      {wanted: ready, state: off, first: []MachineEvent{event(create, cancelled, 1, "")}},
		"a later stop":                           {wanted: ready, state: off, acted: 5, first: []MachineEvent{event(stop, done, 1, ""), event(start, done, 5, "")}, undoing: "stop 1ns"},
		"a later stop that runs":                 {wanted: ready, state: off, acted: 5, first: []MachineEvent{event(stop, running, 1, ""), event(start, done, 5, "")}},
		"a later stop, but it is ready":          {wanted: ready, state: ready, acted: 5, first: []MachineEvent{event(stop, done, 1, ""), event(start, done, 5, "")}},
		"a later stop and a start after it":      {wanted: ready, state: off, acted: 5, first: []MachineEvent{event(start, running, 1, ""), event(stop, done, 3, ""), event(start, done, 5, "")}},
		"an earlier stop":                        {wanted: ready, state: off, acted: 5, first: []MachineEvent{event(start, done, 5, ""), event(stop, done, 9, "")}},
		"a later stop where the wait only waits": {wanted: ready, state: off, first: []MachineEvent{event(stop, done, 1, ""), event(start, done, 5, "")}},
	} {
		o := outlook{wanted: tc.wanted, forgiving: tc.forgiving}
		if tc.acted > 0 {
			o.acted = now.Add(-tc.acted)
		}
		o.look(tc.first, now)
		if tc.later != nil {
			o.look(tc.later, now)
		}
		id := func(e *MachineEvent) string {
			if e == nil {
				return ""
			}
			return e.ID
		}
		failed, undoing := o.verdict(tc.state)
		assert.Equal(t, tc.failed, id(failed), "%s: the failed event", name)
		assert.Equal(t, tc.undoing, id(undoing), "%s: the undoing event", name)
	}
}
