package paperspace

import (
	"context"
	"iter"
)

// SnapshotsService has the operations that take snapshots of machines and restore them, of the tag Snapshots.
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
	return call[Snapshot](ctx, s.client, snapshotsUpdate, pathParams(id), params, opts)
}

// Delete deletes a snapshot. It is gone when the operation has ended.
//
// API: snapshots-delete, DELETE /snapshots/{id}
func (s *SnapshotsService) Delete(ctx context.Context, id string, opts ...RequestOption) (*Operation[Snapshot], error) {
	return operate[Snapshot](ctx, s.client, snapshotsDelete, pathParams(id), nil, opts)
}

// List fetches one page of the team's snapshots, newest first. It can be ordered by [OrderByCreatedAt] and
// [OrderByName].
//
// API: snapshots-list, GET /snapshots
func (s *SnapshotsService) List(ctx context.Context, params SnapshotListParams, opts ...RequestOption) (*Page[Snapshot], error) {
	return call[Page[Snapshot]](ctx, s.client, snapshotsList, nil, params, opts)
}

// All iterates over the team's snapshots, in the order of [SnapshotsService.List]. Calls snapshots-list for each page.
func (s *SnapshotsService) All(ctx context.Context, params SnapshotListParams, opts ...RequestOption) iter.Seq2[Snapshot, error] {
	return all[Snapshot](ctx, s.client, snapshotsList, nil, params, opts)
}

// Create takes a snapshot of a machine. It can be restored when the operation has ended.
//
// API: snapshots-create, POST /snapshots
func (s *SnapshotsService) Create(ctx context.Context, params SnapshotCreateParams, opts ...RequestOption) (*Operation[Snapshot], error) {
	return operate[Snapshot](ctx, s.client, snapshotsCreate, nil, params, opts)
}

// Restore puts the snapshot's machine back to what it was when the snapshot was taken; what has changed on it since
// then is lost. The operation's Wait returns the snapshot. To see the machine after that, give the snapshot's MachineID
// to [MachinesService.Get].
//
// API: snapshots-restore, POST /snapshots/{id}/restore
func (s *SnapshotsService) Restore(ctx context.Context, id string, params SnapshotRestoreParams, opts ...RequestOption) (*Operation[Snapshot], error) {
	return operate[Snapshot](ctx, s.client, snapshotsRestore, pathParams(id), params, opts)
}

// SnapshotUpdateParams are what changes of a snapshot; what is nil stays.
type SnapshotUpdateParams struct {
	// Name need not be unique.
	Name *string `json:"name,omitzero"`
}

// SnapshotListParams filter the list of snapshots.
type SnapshotListParams struct {
	ListParams
	// MachineID asks for the snapshots of one machine.
	MachineID string `url:"machineId,omitempty"`
}

// SnapshotCreateParams describe a snapshot to be taken.
type SnapshotCreateParams struct {
	// Name need not be unique.
	Name string `json:"name"`
	// MachineID is the machine that it is taken of.
	MachineID string `json:"machineId" check:"required"`
}

// SnapshotRestoreParams say how a snapshot is restored.
type SnapshotRestoreParams struct {
	// CreateSnapshotBeforeRestore takes a snapshot of the machine as it is before that.
	CreateSnapshotBeforeRestore *bool `json:"createSnapshotBeforeRestore,omitzero"`
}

// Snapshot is a machine as it was at one time.
type Snapshot struct {
	// ID is the snapshot's id.
	ID string `json:"id"`
	// Name need not be unique.
	Name string `json:"name"`
	// MachineID is the machine that it was taken of.
	MachineID string `json:"machineId"`
	// IsAutoSnapshot reports whether the service took it by itself, as the machine's AutoSnapshotFrequency says.
	IsAutoSnapshot bool `json:"isAutoSnapshot"`
}
