package paperspace

import (
	"context"
	"iter"
	"time"
)

// MachinesService rents, changes and deletes machines, and manages who has access to them (tag Machine). Their events,
// under the same tag, are in [MachineEventsService].
type MachinesService struct{ client *Client }

var (
	machinesCreate         = post("machines-create", "/machines").waitsUpTo(45 * time.Minute).startsOperation(machinesGet)
	machinesList           = get("machines-list", "/machines")
	machinesGet            = get("machines-get", "/machines/{id}")
	machinesUpdate         = put("machines-update", "/machines/{id}").startsSeveral().startsOperation(machinesGet)
	machinesDelete         = remove("machines-delete", "/machines/{id}").waitsUpTo(10 * time.Minute).startsOperation(machinesGet)
	machinesRestart        = patch("machines-restart", "/machines/{id}/restart").startsOperation(machinesGet)
	machinesStart          = patch("machines-start", "/machines/{id}/start").idempotent().waitsUpTo(15 * time.Minute).startsOperation(machinesGet)
	machinesStop           = patch("machines-stop", "/machines/{id}/stop").idempotent().waitsUpTo(30 * time.Minute).startsOperation(machinesGet)
	machinesAddAccessor    = post("machines-addAccessor", "/machines/{id}/accessors")
	machinesListAccessors  = get("machines-listAccessors", "/machines/{id}/accessors")
	machinesRemoveAccessor = remove("machines-removeAccessor", "/machines/{id}/accessors/{userId}")
	machinesGetAccessor    = get("machines-getAccessor", "/machines/{id}/accessors/{userId}")
	machinesGetDesktop     = get("machines-getDesktop", "/machines/{id}/desktop")
)

// Create rents a machine. The machine exists and costs money as soon as Create returns. It can be used once the
// operation has ended and, with StartOnCreate, its state is [MachineStateReady].
//
// There is no idempotency key: a Create that fails with [ErrOutcomeUnknown] may have created a machine, so look for
// its name before you try again.
//
// API: machines-create, POST /machines
func (s *MachinesService) Create(ctx context.Context, params MachineCreateParams, opts ...RequestOption) (*Operation[Machine], error) {
	return operate[Machine](ctx, s.client, machinesCreate, nil, &params, opts)
}

// List fetches one page of the team's machines, newest first. OrderBy can be [OrderByCreatedAt], [OrderByName] or
// [OrderByState].
//
// API: machines-list, GET /machines
func (s *MachinesService) List(ctx context.Context, params MachineListParams, opts ...RequestOption) (*Page[Machine], error) {
	return call[Page[Machine]](ctx, s.client, machinesList, nil, &params, opts)
}

// All iterates over the team's machines, in the order of [MachinesService.List]. Calls machines-list for each page.
func (s *MachinesService) All(ctx context.Context, params MachineListParams, opts ...RequestOption) iter.Seq2[Machine, error] {
	return all[Machine](ctx, s.client, machinesList, nil, params, opts)
}

// Get fetches the machine with the given ID. It fails with [ErrNotFound] if the machine was deleted, and may do so for
// a short time after a Create.
//
// API: machines-get, GET /machines/{id}
func (s *MachinesService) Get(ctx context.Context, id string, opts ...RequestOption) (*Machine, error) {
	return call[Machine](ctx, s.client, machinesGet, pathParams(id), nil, opts)
}

// Update changes a machine that is off or ready; to change MachineType or DiskSize it must be off. The operation has
// no event if the change needs no work on the machine. Its Wait waits for all events that the change started.
//
// API: machines-update, PUT /machines/{id}
func (s *MachinesService) Update(ctx context.Context, id string, params MachineUpdateParams, opts ...RequestOption) (*Operation[Machine], error) {
	return operate[Machine](ctx, s.client, machinesUpdate, pathParams(id), &params, opts)
}

// Delete deletes a machine, its disk and its snapshots. It does not release a static public IP.
//
// API: machines-delete, DELETE /machines/{id}
func (s *MachinesService) Delete(ctx context.Context, id string, opts ...RequestOption) (*Operation[Machine], error) {
	return operate[Machine](ctx, s.client, machinesDelete, pathParams(id), nil, opts)
}

// Restart restarts a machine. The state remains ready for some seconds after the call, so wait for the operation.
//
// API: machines-restart, PATCH /machines/{id}/restart
func (s *MachinesService) Restart(ctx context.Context, id string, opts ...RequestOption) (*Operation[Machine], error) {
	return operate[Machine](ctx, s.client, machinesRestart, pathParams(id), nil, opts)
}

// Start starts a machine that is off. The service refuses to start one that is starting or ready;
// [MachinesService.EnsureReady] starts a machine only if needed.
//
// API: machines-start, PATCH /machines/{id}/start
func (s *MachinesService) Start(ctx context.Context, id string, opts ...RequestOption) (*Operation[Machine], error) {
	return operate[Machine](ctx, s.client, machinesStart, pathParams(id), nil, opts)
}

// Stop stops a machine, which then costs only its storage. The service refuses to stop one that is stopping or off;
// [MachinesService.EnsureOff] stops a machine only if needed.
//
// API: machines-stop, PATCH /machines/{id}/stop
func (s *MachinesService) Stop(ctx context.Context, id string, opts ...RequestOption) (*Operation[Machine], error) {
	return operate[Machine](ctx, s.client, machinesStop, pathParams(id), nil, opts)
}

// AddAccessor gives a user of the team access to the machine.
//
// API: machines-addAccessor, POST /machines/{id}/accessors
func (s *MachinesService) AddAccessor(ctx context.Context, id string, params MachineAccessorAddParams, opts ...RequestOption) (*Accessor, error) {
	return call[Accessor](ctx, s.client, machinesAddAccessor, pathParams(id), &params, opts)
}

// ListAccessors fetches one page of the users with access to the machine. OrderBy can only be [OrderByID].
//
// API: machines-listAccessors, GET /machines/{id}/accessors
func (s *MachinesService) ListAccessors(ctx context.Context, id string, params MachineAccessorListParams, opts ...RequestOption) (*Page[Accessor], error) {
	return call[Page[Accessor]](ctx, s.client, machinesListAccessors, pathParams(id), &params, opts)
}

// AllAccessors iterates over the users with access to the machine. Calls machines-listAccessors for each page.
func (s *MachinesService) AllAccessors(ctx context.Context, id string, params MachineAccessorListParams, opts ...RequestOption) iter.Seq2[Accessor, error] {
	return all[Accessor](ctx, s.client, machinesListAccessors, pathParams(id), params, opts)
}

// RemoveAccessor removes a user's access to the machine, and returns the user.
//
// API: machines-removeAccessor, DELETE /machines/{id}/accessors/{userId}
func (s *MachinesService) RemoveAccessor(ctx context.Context, id, userID string, opts ...RequestOption) (*Accessor, error) {
	return deleted(ctx, s.client, machinesRemoveAccessor, pathParams(id, userID), Accessor{User: AccessorUser{ID: userID}}, opts)
}

// GetAccessor fetches one of the users with access to the machine.
//
// API: machines-getAccessor, GET /machines/{id}/accessors/{userId}
func (s *MachinesService) GetAccessor(ctx context.Context, id, userID string, opts ...RequestOption) (*Accessor, error) {
	return call[Accessor](ctx, s.client, machinesGetAccessor, pathParams(id, userID), nil, opts)
}

// GetDesktop fetches how to connect to the machine's desktop: by VNC, by Windows remote desktop, by both or by
// neither.
//
// API: machines-getDesktop, GET /machines/{id}/desktop
func (s *MachinesService) GetDesktop(ctx context.Context, id string, opts ...RequestOption) (*MachineDesktop, error) {
	return call[MachineDesktop](ctx, s.client, machinesGetDesktop, pathParams(id), nil, opts)
}

// MachineCreateParams describe the machine to rent.
type MachineCreateParams struct {
	// Name is the machine's name. It need not be unique.
	Name string `json:"name" check:"required"`
	// MachineType is the label of a machine type, such as "A4000" or "C5".
	MachineType string `json:"machineType" check:"required"`
	// TemplateID is the ID of an OS template or a custom template.
	TemplateID string `json:"templateId" check:"required"`
	// DiskSize is the size of the disk in GB, at least 1. The usual sizes are 50, 100, 250, 500, 1000, 2000, 4000, 8000,
	// 12000 and 16000.
	DiskSize int `json:"diskSize" check:"required,min=1"`
	// Region is the region to create the machine in.
	Region Region `json:"region" check:"required"`
	// NetworkID is a private network in the same region; nil means the team's default network.
	NetworkID *string `json:"networkId,omitzero" check:"nonzero"`
	// PublicIPType is the type of the public IP. The API does not document the default: set it if you need a public IP.
	PublicIPType *PublicIPType `json:"publicIpType,omitzero" check:"nonzero"`
	// AutoSnapshotEnabled enables snapshots at AutoSnapshotFrequency.
	AutoSnapshotEnabled *bool `json:"autoSnapshotEnabled,omitzero"`
	// AutoSnapshotFrequency is how often automatic snapshots are taken.
	AutoSnapshotFrequency *AutoSnapshotFrequency `json:"autoSnapshotFrequency,omitzero" check:"nonzero"`
	// AutoSnapshotSaveCount is the number of automatic snapshots to keep.
	AutoSnapshotSaveCount *int `json:"autoSnapshotSaveCount,omitzero"`
	// AutoShutdownEnabled enables automatic shutdown after AutoShutdownTimeout.
	AutoShutdownEnabled *bool `json:"autoShutdownEnabled,omitzero"`
	// AutoShutdownTimeout is the time until the automatic shutdown, in hours.
	AutoShutdownTimeout *int `json:"autoShutdownTimeout,omitzero"`
	// AutoShutdownForce shuts the machine down even if it is in use.
	AutoShutdownForce *bool `json:"autoShutdownForce,omitzero"`
	// TakeInitialSnapshot takes a snapshot of the new machine.
	TakeInitialSnapshot *bool `json:"takeInitialSnapshot,omitzero"`
	// RestorePointEnabled makes the initial snapshot a restore point.
	RestorePointEnabled *bool `json:"restorePointEnabled,omitzero"`
	// RestorePointFrequency is the frequency of the restore point.
	RestorePointFrequency *RestorePointFrequency `json:"restorePointFrequency,omitzero" check:"nonzero"`
	// StartupScriptID is a script that runs when the machine starts.
	StartupScriptID *string `json:"startupScriptId,omitzero" check:"nonzero"`
	// EmailPassword sends the machine's password to the team by email. The service does so unless this is false.
	EmailPassword *bool `json:"emailPassword,omitzero"`
	// StartOnCreate starts the machine after it is created.
	StartOnCreate *bool `json:"startOnCreate,omitzero"`
	// EnableNVLink connects the GPUs of a machine with several GPUs by NVLink.
	EnableNVLink *bool `json:"enableNvlink,omitzero"`
	// AccessorIDs are the IDs of the users who get access to the machine.
	AccessorIDs []string `json:"accessorIds,omitzero"`
}

// MachineListParams filter the list of machines.
type MachineListParams struct {
	ListParams
	// Name selects machines with this name. The service may also return machines whose names contain it.
	Name string `url:"name,omitempty"`
	// Region selects machines in this region.
	Region Region `url:"region,omitempty"`
	// AgentType selects machines with this type of agent, such as "LinuxHeadless".
	AgentType string `url:"agentType,omitempty"`
	// MachineType selects machines of this type.
	MachineType string `url:"machineType,omitempty"`
}

// MachineUpdateParams are the fields to change; nil fields are left as they are.
type MachineUpdateParams struct {
	// Name is the machine's name. It need not be unique.
	Name *string `json:"name,omitzero"`
	// MachineType is the label of a machine type, such as "A4000" or "C5". The machine must be off.
	MachineType *string `json:"machineType,omitzero" check:"nonzero"`
	// DiskSize is the size of the disk in GB, and cannot be reduced. The machine must be off.
	DiskSize *int `json:"diskSize,omitzero" check:"nonzero,min=1"`
	// NetworkID is a private network in the same region. The service does not find the team's default network, even if the
	// machine is in it.
	NetworkID *string `json:"networkId,omitzero" check:"nonzero"`
	// PublicIPType is the type of the public IP.
	PublicIPType *PublicIPType `json:"publicIpType,omitzero" check:"nonzero"`
	// AutoSnapshotEnabled enables snapshots at AutoSnapshotFrequency.
	AutoSnapshotEnabled *bool `json:"autoSnapshotEnabled,omitzero"`
	// AutoSnapshotFrequency is how often automatic snapshots are taken.
	AutoSnapshotFrequency *AutoSnapshotFrequency `json:"autoSnapshotFrequency,omitzero" check:"nonzero"`
	// AutoSnapshotSaveCount is the number of automatic snapshots to keep.
	AutoSnapshotSaveCount *int `json:"autoSnapshotSaveCount,omitzero"`
	// AutoShutdownEnabled enables automatic shutdown after AutoShutdownTimeout.
	AutoShutdownEnabled *bool `json:"autoShutdownEnabled,omitzero"`
	// AutoShutdownTimeout is the time until the automatic shutdown, in hours.
	AutoShutdownTimeout *int `json:"autoShutdownTimeout,omitzero"`
	// AutoShutdownForce shuts the machine down even if it is in use.
	AutoShutdownForce *bool `json:"autoShutdownForce,omitzero"`
	// RestorePointEnabled enables the restore point.
	RestorePointEnabled *bool `json:"restorePointEnabled,omitzero"`
	// RestorePointFrequency is the frequency of the restore point.
	RestorePointFrequency *RestorePointFrequency `json:"restorePointFrequency,omitzero" check:"nonzero"`
	// RestorePointSnapshotID is the snapshot to use as the restore point.
	RestorePointSnapshotID *string `json:"restorePointSnapshotId,omitzero" check:"nonzero"`
}

// Machine is a rented machine.
type Machine struct {
	ID string `json:"id"`
	// Name is the machine's name. It need not be unique.
	Name string `json:"name"`
	// State is the machine's state. No state means failed or deleted.
	State MachineState `json:"state"`
	// OS is the name of the operating system.
	OS string `json:"os"`
	// MachineType is the label of the machine type.
	MachineType string `json:"machineType"`
	// AgentType is the type of agent that the machine runs, such as "LinuxHeadless".
	AgentType string `json:"agentType"`
	// CPUs is the number of virtual CPUs.
	CPUs int `json:"cpus"`
	// RAM is the size of the memory in bytes; 0 until it is known.
	RAM Bytes `json:"ram"`
	// StorageTotal is the size of the disk in bytes; 0 until it is known.
	StorageTotal Bytes `json:"storageTotal"`
	// StorageUsed is the used part of the disk in bytes.
	StorageUsed Bytes `json:"storageUsed"`
	// Accelerators are the machine's GPUs, by kind.
	Accelerators []Accelerator `json:"accelerators,omitzero"`
	// Region is the region that the machine is in.
	Region Region `json:"region"`
	// PrivateIP is the address in the private network; empty until it is assigned.
	PrivateIP string `json:"privateIp"`
	// NetworkID is the private network; empty until the machine is in one.
	NetworkID string `json:"networkId"`
	// PublicIP is the public address; empty if there is none. A dynamic one is assigned when the machine starts.
	PublicIP string `json:"publicIp"`
	// PublicIPType is the type of the public IP.
	PublicIPType PublicIPType `json:"publicIpType"`

	// These bools are adjacent to save padding: 8 KB for a page of 120 machines.

	// AutoShutdownEnabled reports whether the machine is shut down after AutoShutdownTimeout.
	AutoShutdownEnabled bool `json:"autoShutdownEnabled"`
	// AutoSnapshotEnabled reports whether snapshots are taken at AutoSnapshotFrequency.
	AutoSnapshotEnabled bool `json:"autoSnapshotEnabled"`
	// RestorePointEnabled reports whether the restore point is enabled.
	RestorePointEnabled bool `json:"restorePointEnabled"`
	// UpdatesPending reports whether updates are pending.
	UpdatesPending bool `json:"updatesPending"`

	// AutoShutdownTimeout is the time until the automatic shutdown, in hours; nil if not set.
	AutoShutdownTimeout *int `json:"autoShutdownTimeout"`
	// AutoShutdownForce reports whether the automatic shutdown happens even if the machine is in use; nil if not set.
	AutoShutdownForce *bool `json:"autoShutdownForce"`
	// AutoSnapshotFrequency is how often automatic snapshots are taken; empty if not set.
	AutoSnapshotFrequency AutoSnapshotFrequency `json:"autoSnapshotFrequency"`
	// AutoSnapshotSaveCount is the number of automatic snapshots that are kept; nil if not set.
	AutoSnapshotSaveCount *int `json:"autoSnapshotSaveCount"`
	// RestorePointFrequency is the frequency of the restore point; empty if not set.
	RestorePointFrequency RestorePointFrequency `json:"restorePointFrequency"`
	// RestorePointSnapshotID is the snapshot that is used as the restore point; empty if there is none.
	RestorePointSnapshotID string `json:"restorePointSnapshotId"`
	// UsageRate is the price of running the machine. The API does not document the unit, which appears to be US dollars
	// per hour.
	UsageRate float64 `json:"usageRate"`
	// StorageRate is the price of the machine's storage. The API does not document the unit.
	StorageRate float64 `json:"storageRate"`
	// CreatedAt is when the machine was created.
	CreatedAt time.Time `json:"dtCreated"`
	// ModifiedAt is when the machine was last changed.
	ModifiedAt time.Time `json:"dtModified"`
	// DeletedAt is when the machine was deleted; zero if it was not.
	DeletedAt time.Time `json:"dtDeleted"`
	// Reservation is the reservation that the machine belongs to; nil if it belongs to none.
	Reservation *MachineReservation `json:"reservation"`
}

// Accelerator describes the GPUs of one kind in a machine.
type Accelerator struct {
	// Name is the name of the GPU.
	Name string `json:"name"`
	// Memory is the memory of each GPU in bytes; nil if unknown.
	Memory *Bytes `json:"memory"`
	// Count is the number of GPUs.
	Count int `json:"count"`
}

// MachineReservation is a reservation that a machine belongs to.
type MachineReservation struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// StartedAt is when the reservation starts.
	StartedAt time.Time `json:"dtStarted"`
	// FinishedAt is when the reservation ends.
	FinishedAt time.Time `json:"dtFinished"`
	// IsActive reports whether the reservation is active.
	IsActive bool `json:"isActive"`
}

// MachineState is the state of a machine.
type MachineState string

// The states of a machine.
const (
	MachineStateOff          MachineState = "off"
	MachineStateStarting     MachineState = "starting"
	MachineStateStopping     MachineState = "stopping"
	MachineStateRestarting   MachineState = "restarting"
	MachineStateServiceReady MachineState = "serviceready"
	MachineStateReady        MachineState = "ready"
	MachineStateUpgrading    MachineState = "upgrading"
	MachineStateProvisioning MachineState = "provisioning"
)

// Known reports whether the API documents the value.
func (s MachineState) Known() bool {
	switch s {
	case MachineStateOff, MachineStateStarting, MachineStateStopping, MachineStateRestarting, MachineStateServiceReady,
		MachineStateReady, MachineStateUpgrading, MachineStateProvisioning:
		return true
	}
	return false
}

// PublicIPType is the type of a machine's public IP.
type PublicIPType string

// The types of public IPs.
const (
	// PublicIPTypeStatic is an address that the team has claimed and keeps.
	PublicIPTypeStatic PublicIPType = "static"
	// PublicIPTypeDynamic is an address that the machine has only while it runs.
	PublicIPTypeDynamic PublicIPType = "dynamic"
	// PublicIPTypeNone means no public IP.
	PublicIPTypeNone PublicIPType = "none"
)

// Known reports whether the API documents the value.
func (t PublicIPType) Known() bool {
	return t == PublicIPTypeStatic || t == PublicIPTypeDynamic || t == PublicIPTypeNone
}

// AutoSnapshotFrequency is how often automatic snapshots are taken.
type AutoSnapshotFrequency string

// The frequencies of automatic snapshots.
const (
	AutoSnapshotFrequencyHourly  AutoSnapshotFrequency = "hourly"
	AutoSnapshotFrequencyDaily   AutoSnapshotFrequency = "daily"
	AutoSnapshotFrequencyWeekly  AutoSnapshotFrequency = "weekly"
	AutoSnapshotFrequencyMonthly AutoSnapshotFrequency = "monthly"
)

// Known reports whether the API documents the value.
func (f AutoSnapshotFrequency) Known() bool {
	switch f {
	case AutoSnapshotFrequencyHourly, AutoSnapshotFrequencyDaily, AutoSnapshotFrequencyWeekly, AutoSnapshotFrequencyMonthly:
		return true
	}
	return false
}

// RestorePointFrequency is the frequency of a restore point.
type RestorePointFrequency string

// RestorePointFrequencyShutdown means at each shutdown.
const RestorePointFrequencyShutdown RestorePointFrequency = "shutdown"

// Known reports whether the API documents the value.
func (f RestorePointFrequency) Known() bool { return f == RestorePointFrequencyShutdown }

// MachineAccessorAddParams name the user who gets access to a machine.
type MachineAccessorAddParams struct {
	// UserID is the ID of a user of the team.
	UserID string `json:"userId" check:"required"`
}

// MachineAccessorListParams page through the users with access to a machine.
type MachineAccessorListParams struct{ ListParams }

// Accessor is a user with access to a machine.
type Accessor struct {
	User AccessorUser `json:"user"`
	// DeletedAt is when the access was removed; zero if it was not.
	DeletedAt time.Time `json:"dtDeleted,omitzero"`
}

// AccessorUser is the user of an [Accessor] or a [ProjectCollaborator].
type AccessorUser struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	// FirstName is the user's first name; empty if not set.
	FirstName string `json:"firstName,omitzero"`
	// LastName is the user's last name; empty if not set.
	LastName string `json:"lastName,omitzero"`
	// PublicProfileImageURL is the URL of the user's profile image; empty if there is none.
	PublicProfileImageURL string `json:"publicProfileImageUrl,omitzero"`
}

// MachineDesktop is how to connect to a machine's desktop.
type MachineDesktop struct {
	// VNC is how to connect by VNC; nil if that is not possible.
	VNC *VNCDesktop `json:"vnc,omitzero"`
	// Windows is how to connect by Windows remote desktop; nil if that is not possible.
	Windows *WindowsDesktop `json:"windows,omitzero"`
}

// VNCDesktop is how to connect to a desktop by VNC.
type VNCDesktop struct {
	// Hostname is the host to connect to.
	Hostname string `json:"hostname"`
	// Port is the TCP port, from 1 to 65535.
	Port int `json:"port"`
	// Password is the VNC password.
	Password Sensitive `json:"password"`
}

// WindowsDesktop is how to connect to a desktop by Windows remote desktop.
type WindowsDesktop struct {
	// Hostname is the host to connect to.
	Hostname string `json:"hostname"`
	// Port is the TCP port, from 1 to 65535.
	Port int `json:"port"`
	// PublicIP is the machine's public address; empty if there is none.
	PublicIP string `json:"publicIp,omitzero"`
}
