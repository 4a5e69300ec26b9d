package paperspace

import (
	"context"
	"iter"
	"time"
)

// MachineEventsService lists and follows the events of machines, snapshots and templates (tag Machine).
type MachineEventsService struct{ client *Client }

var (
	machineEventsGet  = get("machineEvents-get", "/machine-events/{id}")
	machineEventsList = get("machineEvents-list", "/machine-events")
)

// Get fetches the event with the given ID.
//
// API: machineEvents-get, GET /machine-events/{id}
func (s *MachineEventsService) Get(ctx context.Context, id string, opts ...RequestOption) (*MachineEvent, error) {
	return call[MachineEvent](ctx, s.client, machineEventsGet, pathParams(id), nil, opts)
}

// List fetches one page of the team's events, newest first.
//
// API: machineEvents-list, GET /machine-events
func (s *MachineEventsService) List(ctx context.Context, params MachineEventListParams, opts ...RequestOption) (*Page[MachineEvent], error) {
	return call[Page[MachineEvent]](ctx, s.client, machineEventsList, nil, &params, opts)
}

// All iterates over the team's events, newest first. Calls machineEvents-list for each page.
func (s *MachineEventsService) All(ctx context.Context, params MachineEventListParams, opts ...RequestOption) iter.Seq2[MachineEvent, error] {
	return all[MachineEvent](ctx, s.client, machineEventsList, nil, params, opts)
}

// Wait waits until all the events have ended, whoever started them, and returns them in the order of ids. If some
// failed or were cancelled, the error joins one [*EventError] for each. If the wait ends early, the error is a
// [*WaitError] that names the pending events, and the events are returned as last seen.
//
// The time limit is 30 minutes, unless an option or the context's deadline sets another.
//
// Calls machineEvents-get, or machineEvents-list when many wait.
func (s *MachineEventsService) Wait(ctx context.Context, ids []string, opts ...WaitOption) ([]MachineEvent, error) {
	w, err := newWait(ctx, s.client, machineEventsGet, nil, eventsKind, opts)
	if err != nil {
		return nil, err
	}
	defer w.end()
	f := w.follow()
	for _, id := range ids {
		if _, err := machineEventsGet.expand(pathParams(id)); err != nil {
			return nil, err
		}
		f.add(MachineEvent{ID: id})
	}
	if err = f.run(); err == nil {
		err = f.failures()
	}
	events := make([]MachineEvent, len(ids))
	for i, id := range ids {
		events[i] = f.events[id].event
	}
	return events, err
}

// MachineEventListParams filter the list of events.
type MachineEventListParams struct {
	ListParams
	// MachineID selects the events of this machine.
	MachineID string `url:"machineId,omitempty"`
}

// MachineEvent tracks work that the service does on a machine, a snapshot or a template.
type MachineEvent struct {
	ID string `json:"id"`
	// Name is the kind of work.
	Name MachineEventName `json:"name"`
	// State is the progress of the event.
	State MachineEventState `json:"state"`
	// MachineID is the machine that the event belongs to; empty if it belongs to none.
	MachineID string `json:"machineId"`
	// CreatedAt is when the event was created.
	CreatedAt time.Time `json:"dtCreated"`
	// StartedAt is when the work started; zero if it has not started.
	StartedAt time.Time `json:"dtStarted"`
	// FinishedAt is when the work finished; zero if it has not finished.
	FinishedAt time.Time `json:"dtFinished"`
	// Error is why the event failed. It may be empty for a failed event.
	Error string `json:"error"`
}

// Finished reports whether the event has ended: it is done, failed or cancelled, or has a finish time and a state that
// this package does not know.
func (e MachineEvent) Finished() bool {
	switch e.State {
	case MachineEventStateDone, MachineEventStateError, MachineEventStateCancelled:
		return true
	case MachineEventStateNew, MachineEventStateInProgress:
		return false
	}
	return !e.FinishedAt.IsZero()
}

// MachineEventName is the kind of work that an event tracks.
type MachineEventName string

// The names of events.
const (
	MachineEventNameBillSessions       MachineEventName = "bill-sessions"
	MachineEventNameBillUpgrade        MachineEventName = "bill-upgrade"
	MachineEventNameCreate             MachineEventName = "create"
	MachineEventNameDeactivate         MachineEventName = "deactivate"
	MachineEventNameRestart            MachineEventName = "restart"
	MachineEventNameSnapshotCreate     MachineEventName = "snapshot-create"
	MachineEventNameSnapshotDelete     MachineEventName = "snapshot-delete"
	MachineEventNameSnapshotRestore    MachineEventName = "snapshot-restore"
	MachineEventNameStart              MachineEventName = "start"
	MachineEventNameStop               MachineEventName = "stop"
	MachineEventNameTemplateCreate     MachineEventName = "template-create"
	MachineEventNameTemplateDelete     MachineEventName = "template-delete"
	MachineEventNameTemplateDistribute MachineEventName = "template-distribute"
	MachineEventNameTemplateImport     MachineEventName = "template-import"
	MachineEventNameVMMigrate          MachineEventName = "vm-migrate"
	MachineEventNameVMShutdownForce    MachineEventName = "vm-shutdown-force"
	MachineEventNameVMUpgrade          MachineEventName = "vm-upgrade"
)

// Known reports whether the API documents the value.
func (n MachineEventName) Known() bool {
	switch n {
	case MachineEventNameBillSessions, MachineEventNameBillUpgrade, MachineEventNameCreate, MachineEventNameDeactivate,
		MachineEventNameRestart, MachineEventNameSnapshotCreate, MachineEventNameSnapshotDelete,
		MachineEventNameSnapshotRestore, MachineEventNameStart, MachineEventNameStop, MachineEventNameTemplateCreate,
		MachineEventNameTemplateDelete, MachineEventNameTemplateDistribute, MachineEventNameTemplateImport,
		MachineEventNameVMMigrate, MachineEventNameVMShutdownForce, MachineEventNameVMUpgrade:
		return true
	}
	return false
}

// MachineEventState is the progress of an event.
type MachineEventState string

// The states of an event. Done, error and cancelled are final.
const (
	MachineEventStateNew        MachineEventState = "new"
	MachineEventStateInProgress MachineEventState = "in progress"
	MachineEventStateDone       MachineEventState = "done"
	MachineEventStateError      MachineEventState = "error"
	MachineEventStateCancelled  MachineEventState = "cancelled"
)

// Known reports whether the API documents the value.
func (s MachineEventState) Known() bool {
	switch s {
	case MachineEventStateNew, MachineEventStateInProgress, MachineEventStateDone, MachineEventStateError, MachineEventStateCancelled:
		return true
	}
	return false
}
