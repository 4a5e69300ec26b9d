package paperspace

import "time"

// outlook tells from the events of a machine whether the machine can still get into a state.
type outlook struct {
	wanted MachineState
	// forgiving means that a failure from before the wait does not end it while the machine is ready or off.
	forgiving bool
	acted     time.Time // when the event of the wait's own start or stop was created; zero before it

	looks     int           // how often the events were checked
	at        time.Time     // when they were checked last, by the service's clock
	failed    *MachineEvent // the newest event that could have led to the wanted state, if it failed with a reason
	oldFailed string        // the ID of the event that had failed before the wait began
	cancelled *MachineEvent // the newest such event, if it is a create that was cancelled without a reason
	undoing   *MachineEvent // a later event that has undone the wait's own start or stop
}

// look checks the events, at a time of the service's clock.
func (o *outlook) look(events []MachineEvent, at time.Time) {
	o.looks, o.at = o.looks+1, at
	o.failed, o.cancelled, o.undoing = nil, nil, nil
	leading, other := newestTo(o.wanted, events), newestTo(opposite(o.wanted), events)
	if !o.acted.IsZero() && other != nil && other.State == MachineEventStateDone && other.CreatedAt.After(o.acted) &&
		(leading == nil || other.CreatedAt.After(leading.CreatedAt)) {
		o.undoing = other
	}
	switch {
	case leading == nil || !leading.Finished() || leading.State == MachineEventStateDone:
	case leading.Error != "":
		o.failed = leading
	case leading.Name == MachineEventNameCreate && leading.State == MachineEventStateCancelled:
		o.cancelled = leading
	}
	if o.looks == 1 && o.failed != nil {
		o.oldFailed = o.failed.ID
	}
}

// verdict returns the event that keeps a machine, which is in a state, from the wanted one: an event that has failed, or
// one that has undone the wait's own start or stop. It returns nil twice if the machine may still get there.
func (o *outlook) verdict(state MachineState) (failed, undoing *MachineEvent) {
	switch {
	case o.isHopeless(state):
		return o.failed, nil
	case state == MachineStateProvisioning && o.cancelled != nil:
		return o.cancelled, nil
	case o.undoing != nil && leadsTo(o.undoing.Name, state):
		return nil, o.undoing
	}
	return nil, nil
}

// hasFailed reports whether the event failed during this wait.
func (o *outlook) hasFailed() bool { return o.failed != nil && o.failed.ID != o.oldFailed }

// isHopeless reports whether a failure keeps the machine from the wanted state. A start that failed before the wait
// counts only from the second look on, since a start that has just been accepted may not be listed at the first.
func (o *outlook) isHopeless(state MachineState) bool {
	switch {
	case o.failed == nil || o.hasFailed():
		return o.failed != nil
	case state == MachineStateProvisioning && o.failed.Name == MachineEventNameCreate:
		return true
	case state == MachineStateReady || state == MachineStateOff || !state.Known():
		return o.looks > 1 && !o.forgiving && o.at.Sub(o.failed.CreatedAt) < stuckAge
	default:
		return o.looks > 1 && leadsTo(o.failed.Name, state)
	}
}

// newestTo returns the newest event that can bring a machine into a state, or nil.
func newestTo(state MachineState, events []MachineEvent) (newest *MachineEvent) {
	for i, e := range events {
		if leadsTo(e.Name, state) && (newest == nil || e.CreatedAt.After(newest.CreatedAt)) {
			newest = &events[i]
		}
	}
	return newest
}

// opposite returns the state that a machine leaves for a state, ready or off.
func opposite(state MachineState) MachineState {
	if state == MachineStateOff {
		return MachineStateReady
	}
	return MachineStateOff
}

// leadsTo reports whether an event with this name can bring a machine into a state.
func leadsTo(name MachineEventName, state MachineState) bool {
	switch name {
	case MachineEventNameCreate:
		return state != ""
	case MachineEventNameStop, MachineEventNameVMShutdownForce:
		return state == MachineStateOff || state == MachineStateStopping
	case MachineEventNameStart, MachineEventNameRestart:
		return state != "" && state != MachineStateOff && state != MachineStateStopping
	}
	return false
}
