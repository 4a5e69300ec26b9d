package paperspace

import (
	"context"
	"iter"
	"time"
)

// MachinesService has the operations on machines and on who may use them, of the tag Machine. The events of that tag
// are in [MachineEventsService].
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

// Create rents a machine. The machine exists, and costs, from the answer on; it is there to use when the operation has
// ended and, with StartOnCreate, when its state is [MachineStateReady].
//
// There is no idempotency key: a Create that fails with [ErrOutcomeUnknown] may have made a machine, so look for its
// name before trying again.
//
// API: machines-create, POST /machines
func (s *MachinesService) Create(ctx context.Context, params MachineCreateParams, opts ...RequestOption) (*Operation[Machine], error) {
	return operate[Machine](ctx, s.client, machinesCreate, nil, params, opts)
}

// List fetches one page of the team's machines, newest first. It can be ordered by [OrderByCreatedAt], [OrderByName]
// and [OrderByState].
//
// API: machines-list, GET /machines
func (s *MachinesService) List(ctx context.Context, params MachineListParams, opts ...RequestOption) (*Page[Machine], error) {
	return call[Page[Machine]](ctx, s.client, machinesList, nil, params, opts)
}

// All iterates over the team's machines, in the order of [MachinesService.List]. Calls machines-list for each page.
func (s *MachinesService) All(ctx context.Context, params MachineListParams, opts ...RequestOption) iter.Seq2[Machine, error] {
	return all[Machine](ctx, s.client, machinesList, nil, params, opts)
}

// Get fetches the machine with the given ID. A machine that is deleted is [ErrNotFound], and so, for a while, may one
// be that was just created.
//
// API: machines-get, GET /machines/{id}
func (s *MachinesService) Get(ctx context.Context, id string, opts ...RequestOption) (*Machine, error) {
	return call[Machine](ctx, s.client, machinesGet, pathParams(id), nil, opts)
}

// Update changes a machine that is off or ready; MachineType and DiskSize need it off. The operation has no event if
// the change needed no work on the machine, and its Wait follows all events that the change began.
//
// API: machines-update, PUT /machines/{id}
func (s *MachinesService) Update(ctx context.Context, id string, params MachineUpdateParams, opts ...RequestOption) (*Operation[Machine], error) {
	return operate[Machine](ctx, s.client, machinesUpdate, pathParams(id), params, opts)
}

// Delete deletes a machine and its disk. A static public IP is not released with it.
//
// API: machines-delete, DELETE /machines/{id}
func (s *MachinesService) Delete(ctx context.Context, id string, opts ...RequestOption) (*Operation[Machine], error) {
	return operate[Machine](ctx, s.client, machinesDelete, pathParams(id), nil, opts)
}

// Restart restarts a machine. Its state stays ready for some seconds after that, so wait for the operation.
//
// API: machines-restart, PATCH /machines/{id}/restart
func (s *MachinesService) Restart(ctx context.Context, id string, opts ...RequestOption) (*Operation[Machine], error) {
	return operate[Machine](ctx, s.client, machinesRestart, pathParams(id), nil, opts)
}

// Start starts a machine that is off. The service refuses it for one that is starting or ready already;
// [MachinesService.EnsureReady] starts a machine only if that is needed.
//
// API: machines-start, PATCH /machines/{id}/start
func (s *MachinesService) Start(ctx context.Context, id string, opts ...RequestOption) (*Operation[Machine], error) {
	return operate[Machine](ctx, s.client, machinesStart, pathParams(id), nil, opts)
}

// Stop stops a machine, which then costs its storage only. The service refuses it for one that is stopping or off
// already; [MachinesService.EnsureOff] stops a machine only if that is needed.
//
// API: machines-stop, PATCH /machines/{id}/stop
func (s *MachinesService) Stop(ctx context.Context, id string, opts ...RequestOption) (*Operation[Machine], error) {
	return operate[Machine](ctx, s.client, machinesStop, pathParams(id), nil, opts)
}

// AddAccessor lets a user of the team use the machine.
//
// API: machines-addAccessor, POST /machines/{id}/accessors
func (s *MachinesService) AddAccessor(ctx context.Context, id string, params MachineAccessorAddParams, opts ...RequestOption) (*Accessor, error) {
	return call[Accessor](ctx, s.client, machinesAddAccessor, pathParams(id), params, opts)
}

// ListAccessors fetches one page of the users who may use the machine. It can be ordered by [OrderByID] only.
//
// API: machines-listAccessors, GET /machines/{id}/accessors
func (s *MachinesService) ListAccessors(ctx context.Context, id string, params MachineAccessorListParams, opts ...RequestOption) (*Page[Accessor], error) {
	return call[Page[Accessor]](ctx, s.client, machinesListAccessors, pathParams(id), params, opts)
}

// AllAccessors iterates over the users who may use the machine. Calls machines-listAccessors for each page.
func (s *MachinesService) AllAccessors(ctx context.Context, id string, params MachineAccessorListParams, opts ...RequestOption) iter.Seq2[Accessor, error] {
	return all[Accessor](ctx, s.client, machinesListAccessors, pathParams(id), params, opts)
}

// RemoveAccessor takes the machine from a user, and returns who that was.
//
// API: machines-removeAccessor, DELETE /machines/{id}/accessors/{userId}
func (s *MachinesService) RemoveAccessor(ctx context.Context, id, userID string, opts ...RequestOption) (*Accessor, error) {
	return deleted(ctx, s.client, machinesRemoveAccessor, pathParams(id, userID), Accessor{User: AccessorUser{ID: userID}}, opts)
}

// GetAccessor fetches one of the users who may use the machine.
//
// API: machines-getAccessor, GET /machines/{id}/accessors/{userId}
func (s *MachinesService) GetAccessor(ctx context.Context, id, userID string, opts ...RequestOption) (*Accessor, error) {
	return call[Accessor](ctx, s.client, machinesGetAccessor, pathParams(id, userID), nil, opts)
}

// GetDesktop fetches how to see the machine's desktop. It may have VNC, Windows remote desktop, both or neither.
//
// API: machines-getDesktop, GET /machines/{id}/desktop
func (s *MachinesService) GetDesktop(ctx context.Context, id string, opts ...RequestOption) (*MachineDesktop, error) {
	return call[MachineDesktop](ctx, s.client, machinesGetDesktop, pathParams(id), nil, opts)
}

// MachineCreateParams describe a machine to be rented.
type MachineCreateParams struct {
	// Name need not be unique.
	Name string `json:"name" check:"required"`
	// MachineType is the label of a machine type, such as "A4000" or "C5".
	MachineType string `json:"machineType" check:"required"`
	// TemplateID is an OS template's or a custom template's id.
	TemplateID string `json:"templateId" check:"required"`
	// DiskSize is in GB: 50, 100, 250, 500, 1000, 2000, 4000, 8000, 12000 or 16000 are the usual ones.
	DiskSize int `json:"diskSize" check:"required,min=1"`
	// Region is where the machine will be.
	Region Region `json:"region" check:"required"`
	// NetworkID is a private network of the same region; the team's default network if nil.
	NetworkID *string `json:"networkId,omitzero" check:"nonzero"`
	// PublicIPType is the kind of public address. The API does not say what it is if nil: set it where you need one.
	PublicIPType *PublicIPType `json:"publicIpType,omitzero" check:"nonzero"`
	// AutoSnapshotEnabled has snapshots taken at AutoSnapshotFrequency.
	AutoSnapshotEnabled *bool `json:"autoSnapshotEnabled,omitzero"`
	// AutoSnapshotFrequency is how often.
	AutoSnapshotFrequency *AutoSnapshotFrequency `json:"autoSnapshotFrequency,omitzero" check:"nonzero"`
	// AutoSnapshotSaveCount is how many of them are kept.
	AutoSnapshotSaveCount *int `json:"autoSnapshotSaveCount,omitzero"`
	// AutoShutdownEnabled has the machine stopped after AutoShutdownTimeout.
	AutoShutdownEnabled *bool `json:"autoShutdownEnabled,omitzero"`
	// AutoShutdownTimeout is in hours.
	AutoShutdownTimeout *int `json:"autoShutdownTimeout,omitzero"`
	// AutoShutdownForce stops the machine even while it is in use.
	AutoShutdownForce *bool `json:"autoShutdownForce,omitzero"`
	// TakeInitialSnapshot has a snapshot taken of the new machine.
	TakeInitialSnapshot *bool `json:"takeInitialSnapshot,omitzero"`
	// RestorePointEnabled has a restore point kept, made at RestorePointFrequency.
	RestorePointEnabled *bool `json:"restorePointEnabled,omitzero"`
	// RestorePointFrequency is when it is made.
	RestorePointFrequency *RestorePointFrequency `json:"restorePointFrequency,omitzero" check:"nonzero"`
	// StartupScriptID is a script that runs when the machine starts.
	StartupScriptID *string `json:"startupScriptId,omitzero" check:"nonzero"`
	// EmailPassword mails the machine's password to the team; the service does unless it is false.
	EmailPassword *bool `json:"emailPassword,omitzero"`
	// StartOnCreate starts the machine once it is made.
	StartOnCreate *bool `json:"startOnCreate,omitzero"`
	// EnableNVLink connects the GPUs of a multi-GPU machine with NVLink.
	EnableNVLink *bool `json:"enableNvlink,omitzero"`
	// AccessorIDs are the ids of the users who may use the machine.
	AccessorIDs []string `json:"accessorIds,omitzero"`
}

// MachineListParams filter the list of machines.
type MachineListParams struct {
	ListParams
	// Name asks for machines of the name. The service may also return others whose name contains it.
	Name string `url:"name,omitempty"`
	// Region asks for machines of the region.
	Region Region `url:"region,omitempty"`
	// AgentType asks for machines of the agent type, such as "LinuxHeadless".
	AgentType string `url:"agentType,omitempty"`
	// MachineType asks for machines of the machine type.
	MachineType string `url:"machineType,omitempty"`
}

// MachineUpdateParams are what changes of a machine; what is nil stays.
type MachineUpdateParams struct {
	// Name need not be unique.
	Name *string `json:"name,omitzero"`
	// MachineType is the label of a machine type. The machine must be off.
	MachineType *string `json:"machineType,omitzero" check:"nonzero"`
	// DiskSize is in GB, and cannot shrink. The machine must be off.
	DiskSize *int `json:"diskSize,omitzero" check:"nonzero,min=1"`
	// NetworkID is a private network of the same region.
	NetworkID *string `json:"networkId,omitzero" check:"nonzero"`
	// PublicIPType is the kind of public address.
	PublicIPType *PublicIPType `json:"publicIpType,omitzero" check:"nonzero"`
	// AutoSnapshotEnabled has snapshots taken at AutoSnapshotFrequency.
	AutoSnapshotEnabled *bool `json:"autoSnapshotEnabled,omitzero"`
	// AutoSnapshotFrequency is how often.
	AutoSnapshotFrequency *AutoSnapshotFrequency `json:"autoSnapshotFrequency,omitzero" check:"nonzero"`
	// AutoSnapshotSaveCount is how many of them are kept.
	AutoSnapshotSaveCount *int `json:"autoSnapshotSaveCount,omitzero"`
	// AutoShutdownEnabled has the machine stopped after AutoShutdownTimeout.
	AutoShutdownEnabled *bool `json:"autoShutdownEnabled,omitzero"`
	// AutoShutdownTimeout is in hours.
	AutoShutdownTimeout *int `json:"autoShutdownTimeout,omitzero"`
	// AutoShutdownForce stops the machine even while it is in use.
	AutoShutdownForce *bool `json:"autoShutdownForce,omitzero"`
	// RestorePointEnabled has a restore point kept, made at RestorePointFrequency.
	RestorePointEnabled *bool `json:"restorePointEnabled,omitzero"`
	// RestorePointFrequency is when it is made.
	RestorePointFrequency *RestorePointFrequency `json:"restorePointFrequency,omitzero" check:"nonzero"`
	// RestorePointSnapshotID is the snapshot to restore to.
	RestorePointSnapshotID *string `json:"restorePointSnapshotId,omitzero" check:"nonzero"`
}

// Machine is a rented machine.
type Machine struct {
	// ID is the machine's id.
	ID string `json:"id"`
	// Name need not be unique.
	Name string `json:"name"`
	// State is what the machine does. There is no state for failed or deleted.
	State MachineState `json:"state"`
	// OS is the operating system's name.
	OS string `json:"os"`
	// MachineType is the label of the machine type.
	MachineType string `json:"machineType"`
	// AgentType is the kind of agent that runs on it, such as "LinuxHeadless".
	AgentType string `json:"agentType"`
	// CPUs is the number of virtual CPUs.
	CPUs int `json:"cpus"`
	// RAM is the size of its memory; 0 until it is known.
	RAM Bytes `json:"ram"`
	// StorageTotal is the size of its disk; 0 until it is known.
	StorageTotal Bytes `json:"storageTotal"`
	// StorageUsed is how much of the disk is used.
	StorageUsed Bytes `json:"storageUsed"`
	// Accelerators are its GPUs.
	Accelerators []Accelerator `json:"accelerators,omitzero"`
	// Region is where it is.
	Region Region `json:"region"`
	// PrivateIP is its address in the private network; empty until it has one.
	PrivateIP string `json:"privateIp"`
	// NetworkID is its private network; empty until it is in one.
	NetworkID string `json:"networkId"`
	// PublicIP is empty while it has none: a dynamic one comes with the start.
	PublicIP string `json:"publicIp"`
	// PublicIPType is the kind of public address.
	PublicIPType PublicIPType `json:"publicIpType"`

	// The switches stand side by side: apart, a page of 120 machines would take 8 KB more.

	// AutoShutdownEnabled reports whether it is stopped after AutoShutdownTimeout.
	AutoShutdownEnabled bool `json:"autoShutdownEnabled"`
	// AutoSnapshotEnabled reports whether snapshots are taken at AutoSnapshotFrequency.
	AutoSnapshotEnabled bool `json:"autoSnapshotEnabled"`
	// RestorePointEnabled reports whether a restore point is kept.
	RestorePointEnabled bool `json:"restorePointEnabled"`
	// UpdatesPending reports whether a change waits for the next restart.
	UpdatesPending bool `json:"updatesPending"`

	// AutoShutdownTimeout is in hours; nil if there is none.
	AutoShutdownTimeout *int `json:"autoShutdownTimeout"`
	// AutoShutdownForce reports whether it is stopped even while it is in use; nil if that is not set.
	AutoShutdownForce *bool `json:"autoShutdownForce"`
	// AutoSnapshotFrequency is how often; empty if that is not set.
	AutoSnapshotFrequency AutoSnapshotFrequency `json:"autoSnapshotFrequency"`
	// AutoSnapshotSaveCount is how many of them are kept; nil if that is not set.
	AutoSnapshotSaveCount *int `json:"autoSnapshotSaveCount"`
	// RestorePointFrequency is when it is made; empty if that is not set.
	RestorePointFrequency RestorePointFrequency `json:"restorePointFrequency"`
	// RestorePointSnapshotID is the snapshot that it is; empty if there is none.
	RestorePointSnapshotID string `json:"restorePointSnapshotId"`
	// UsageRate is the price of its use, by all accounts in US dollars an hour; the API does not say.
	UsageRate float64 `json:"usageRate"`
	// StorageRate is the price of its storage, likewise.
	StorageRate float64 `json:"storageRate"`
	// CreatedAt is when it was created.
	CreatedAt time.Time `json:"dtCreated"`
	// ModifiedAt is when it was last changed.
	ModifiedAt time.Time `json:"dtModified"`
	// DeletedAt is when it was deleted; zero while it is not.
	DeletedAt time.Time `json:"dtDeleted"`
	// Reservation is what it was reserved with; nil if it was not.
	Reservation *MachineReservation `json:"reservation"`
}

// Accelerator is the GPUs of one kind in a machine.
type Accelerator struct {
	// Name is the GPU's name.
	Name string `json:"name"`
	// Memory is the memory of each; nil if it is not known.
	Memory *Bytes `json:"memory"`
	// Count is how many there are.
	Count int `json:"count"`
}

// MachineReservation is the reservation that a machine belongs to.
type MachineReservation struct {
	// ID is the reservation's id.
	ID string `json:"id"`
	// Name is the reservation's name.
	Name string `json:"name"`
	// StartedAt is when it begins.
	StartedAt time.Time `json:"dtStarted"`
	// FinishedAt is when it ends.
	FinishedAt time.Time `json:"dtFinished"`
	// IsActive reports whether it is in force.
	IsActive bool `json:"isActive"`
}

// MachineState is what a machine does.
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

// PublicIPType is the kind of a machine's public address.
type PublicIPType string

// The kinds of public addresses.
const (
	// PublicIPTypeStatic is an address that the team claimed, and that stays.
	PublicIPTypeStatic PublicIPType = "static"
	// PublicIPTypeDynamic is an address that the machine has while it runs.
	PublicIPTypeDynamic PublicIPType = "dynamic"
	// PublicIPTypeNone is no address.
	PublicIPTypeNone PublicIPType = "none"
)

// Known reports whether the API documents the value.
func (t PublicIPType) Known() bool {
	return t == PublicIPTypeStatic || t == PublicIPTypeDynamic || t == PublicIPTypeNone
}

// AutoSnapshotFrequency is how often snapshots are taken.
type AutoSnapshotFrequency string

// How often snapshots can be taken.
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

// RestorePointFrequency is when a restore point is made.
type RestorePointFrequency string

// RestorePointFrequencyShutdown makes one at every shutdown.
const RestorePointFrequencyShutdown RestorePointFrequency = "shutdown"

// Known reports whether the API documents the value.
func (f RestorePointFrequency) Known() bool { return f == RestorePointFrequencyShutdown }

// MachineAccessorAddParams name who may use the machine.
type MachineAccessorAddParams struct {
	// UserID is a user of the team.
	UserID string `json:"userId" check:"required"`
}

// MachineAccessorListParams page through the users who may use a machine.
type MachineAccessorListParams struct{ ListParams }

// Accessor is someone who may use something.
type Accessor struct {
	// User is who it is.
	User AccessorUser `json:"user"`
	// DeletedAt is when that ended; zero while it has not.
	DeletedAt time.Time `json:"dtDeleted,omitzero"`
}

// AccessorUser is the user of an [Accessor].
type AccessorUser struct {
	// ID is the user's id.
	ID string `json:"id"`
	// Email is the user's email address.
	Email string `json:"email"`
	// FirstName is empty if the user gave none.
	FirstName string `json:"firstName,omitzero"`
	// LastName is empty if the user gave none.
	LastName string `json:"lastName,omitzero"`
	// PublicProfileImageURL is empty if there is no image.
	PublicProfileImageURL string `json:"publicProfileImageUrl,omitzero"`
}

// MachineDesktop is how to see a machine's desktop.
type MachineDesktop struct {
	// VNC is how to reach it with VNC; nil if that is not possible.
	VNC *VNCDesktop `json:"vnc,omitzero"`
	// Windows is how to reach it with Windows remote desktop; nil if that is not possible.
	Windows *WindowsDesktop `json:"windows,omitzero"`
}

// VNCDesktop is a desktop that can be seen with VNC.
type VNCDesktop struct {
	// Hostname is where it is served.
	Hostname string `json:"hostname"`
	// Port is the TCP port, from 1 to 65535.
	Port int `json:"port"`
	// Password opens it.
	Password Sensitive `json:"password"`
}

// WindowsDesktop is a desktop that can be seen with Windows remote desktop.
type WindowsDesktop struct {
	// Hostname is where it is served.
	Hostname string `json:"hostname"`
	// Port is the TCP port, from 1 to 65535.
	Port int `json:"port"`
	// PublicIP is the machine's public address; empty if it has none.
	PublicIP string `json:"publicIp,omitzero"`
}
