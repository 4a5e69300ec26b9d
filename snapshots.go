package paperspace

import (
	"context"
	"iter"
)

// SnapshotsService takes, restores and deletes snapshots of machines (tag Snapshots).
type SnapshotsService struct{ client *Client }

var (
	snapshotsGet     = get("snapshots-get", "/snapshots/{id}")
	snapshotsUpdate  = put("snapshots-update", "/snapshots/{id}")
	snapshotsDelete  = remove("snapshots-delete", "/snapshots/{id}").startsOperation(snapshotsGet)
	snapshotsList    = get("snapshots-list", "/snapshots")
	snapshotsCreate  = post("snapshots-create", "/snapshots").startsOperation(snapshotsGet)
	snapshotsRestore = post("snapshots-restore", "/snapshots/{id}/restore").startsOperation(snapshotsGet)
)

// Get fetches the snapshot with the given ID.
//
// API: snapshots-get, GET /snapshots/{id}
func (s *SnapshotsService) Get(ctx context.Context, id string, opts ...RequestOption) (*Snapshot, error) {
	return call[Snapshot](ctx, s.client, snapshotsGet, pathParams(id), nil, opts)
}

// Update renames a snapshot.
//
// API: snapshots-update, PUT /snapshots/{id}
func (s *SnapshotsService) Update(ctx context.Context, id string, params SnapshotUpdateParams, opts ...RequestOption) (*Snapshot, error) {
	return call[Snapshot](ctx, s.client, snapshotsUpdate, pathParams(id), &params, opts)
}

// Delete deletes a snapshot. The snapshot is gone once the operation has ended.
//
// API: snapshots-delete, DELETE /snapshots/{id}
func (s *SnapshotsService) Delete(ctx context.Context, id string, opts ...RequestOption) (*Operation[Snapshot], error) {
	return operate[Snapshot](ctx, s.client, snapshotsDelete, pathParams(id), nil, opts)
}

// List fetches one page of the team's snapshots, newest first. OrderBy can be [OrderByCreatedAt] or [OrderByName].
//
// API: snapshots-list, GET /snapshots
func (s *SnapshotsService) List(ctx context.Context, params SnapshotListParams, opts ...RequestOption) (*Page[Snapshot], error) {
	return call[Page[Snapshot]](ctx, s.client, snapshotsList, nil, &params, opts)
}

// All iterates over the team's snapshots, in the order of [SnapshotsService.List]. Calls snapshots-list for each page.
func (s *SnapshotsService) All(ctx context.Context, params SnapshotListParams, opts ...RequestOption) iter.Seq2[Snapshot, error] {
	return all[Snapshot](ctx, s.client, snapshotsList, nil, params, opts)
}

// Create takes a snapshot of a machine. The snapshot can be restored once the operation has ended.
//
// API: snapshots-create, POST /snapshots
func (s *SnapshotsService) Create(ctx context.Context, params SnapshotCreateParams, opts ...RequestOption) (*Operation[Snapshot], error) {
	return operate[Snapshot](ctx, s.client, snapshotsCreate, nil, &params, opts)
}

// Restore returns the snapshot's machine to its state at the time of the snapshot; later changes on it are lost. The
// operation's Wait returns the snapshot. To fetch the machine after that, call [MachinesService.Get] with the
// snapshot's MachineID.
//
// API: snapshots-restore, POST /snapshots/{id}/restore
func (s *SnapshotsService) Restore(ctx context.Context, id string, params SnapshotRestoreParams, opts ...RequestOption) (*Operation[Snapshot], error) {
	return operate[Snapshot](ctx, s.client, snapshotsRestore, pathParams(id), &params, opts)
}

// SnapshotUpdateParams are the fields to change; nil fields are left as they are.
type SnapshotUpdateParams struct {
	// Name is the snapshot's name. It need not be unique.
	Name *string `json:"name,omitzero"`
}

// SnapshotListParams filter the list of snapshots.
type SnapshotListParams struct {
	ListParams
	// MachineID selects the snapshots of this machine.
	MachineID string `url:"machineId,omitempty"`
}

// SnapshotCreateParams describe the snapshot to take.
type SnapshotCreateParams struct {
	// Name is the snapshot's name. It need not be unique.
	Name string `json:"name"`
	// MachineID is the machine to take the snapshot of.
	MachineID string `json:"machineId" check:"required"`
}

// SnapshotRestoreParams are the options for restoring a snapshot.
type SnapshotRestoreParams struct {
	// CreateSnapshotBeforeRestore takes a snapshot of the machine's current state first.
	CreateSnapshotBeforeRestore *bool `json:"createSnapshotBeforeRestore,omitzero"`
}

// Snapshot is the state of a machine at a point in time.
type Snapshot struct {
	ID string `json:"id"`
	// Name is the snapshot's name. It need not be unique.
	Name string `json:"name"`
	// MachineID is the machine that the snapshot was taken of.
	MachineID string `json:"machineId"`
	// IsAutoSnapshot reports whether the snapshot was taken automatically, at the machine's AutoSnapshotFrequency.
	IsAutoSnapshot bool `json:"isAutoSnapshot"`
}
