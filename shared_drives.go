package paperspace

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// SharedDrivesService manages drives that the machines of a private network share (tag Shared Drives).
type SharedDrivesService struct{ client *Client }

var (
	sharedDrivesGet    = get("sharedDrives-get", "/shared-drives/{id}")
	sharedDrivesUpdate = put("sharedDrives-update", "/shared-drives/{id}")
	sharedDrivesDelete = remove("sharedDrives-delete", "/shared-drives/{id}")
	sharedDrivesList   = get("sharedDrives-list", "/shared-drives")
	sharedDrivesCreate = post("sharedDrives-create", "/shared-drives")
)

// Get fetches the drive with the given ID.
//
// API: sharedDrives-get, GET /shared-drives/{id}
func (s *SharedDrivesService) Get(ctx context.Context, id string, opts ...RequestOption) (*SharedDrive, error) {
	return call[SharedDrive](ctx, s.client, sharedDrivesGet, pathParams(id), nil, opts)
}

// Update renames a drive.
//
// API: sharedDrives-update, PUT /shared-drives/{id}
func (s *SharedDrivesService) Update(ctx context.Context, id string, params SharedDriveUpdateParams, opts ...RequestOption) (*SharedDrive, error) {
	return call[SharedDrive](ctx, s.client, sharedDrivesUpdate, pathParams(id), &params, opts)
}

// Delete deletes a drive and its contents.
//
// API: sharedDrives-delete, DELETE /shared-drives/{id}
func (s *SharedDrivesService) Delete(ctx context.Context, id string, opts ...RequestOption) (*Deleted, error) {
	return deleted(ctx, s.client, sharedDrivesDelete, pathParams(id), Deleted{ID: id}, opts)
}

// List fetches one page of the team's drives, newest first. OrderBy can be [OrderByCreatedAt] or [OrderByName].
//
// API: sharedDrives-list, GET /shared-drives
func (s *SharedDrivesService) List(ctx context.Context, params SharedDriveListParams, opts ...RequestOption) (*Page[SharedDrive], error) {
	return call[Page[SharedDrive]](ctx, s.client, sharedDrivesList, nil, &params, opts)
}

// All iterates over the team's drives, in the order of [SharedDrivesService.List]. Calls sharedDrives-list for each
// page.
func (s *SharedDrivesService) All(ctx context.Context, params SharedDriveListParams, opts ...RequestOption) iter.Seq2[SharedDrive, error] {
	return all[SharedDrive](ctx, s.client, sharedDrivesList, nil, params, opts)
}

// Create creates a drive.
//
// API: sharedDrives-create, POST /shared-drives
func (s *SharedDrivesService) Create(ctx context.Context, params SharedDriveCreateParams, opts ...RequestOption) (*SharedDrive, error) {
	return call[SharedDrive](ctx, s.client, sharedDrivesCreate, nil, &params, opts)
}

// SharedDriveUpdateParams are the fields to change; nil fields are left as they are.
type SharedDriveUpdateParams struct {
	// Name is the drive's name. It need not be unique.
	Name *string `json:"name,omitzero"`
}

// SharedDriveListParams filter the list of drives.
type SharedDriveListParams struct {
	ListParams
	// Name selects drives with this name. The service may also return drives whose names contain it.
	Name string `url:"name,omitempty"`
	// Region selects drives in this region.
	Region Region `url:"region,omitempty"`
}

// SharedDriveCreateParams describe the drive to create.
type SharedDriveCreateParams struct {
	// Name is the drive's name. It need not be unique.
	Name string `json:"name"`
	// Size is the size of the drive in GB, at least 1. The usual sizes are 50, 100, 250, 500, 1000, 2000, 4000, 8000,
	// 12000 and 16000.
	Size int `json:"size" check:"required,min=1"`
	// Region is the region to create the drive in.
	Region Region `json:"region" check:"required"`
	// NetworkID is the private network, in the same region, whose machines can mount the drive.
	NetworkID string `json:"networkId" check:"required"`
}

// SharedDrive is a drive that the machines of a private network share.
type SharedDrive struct {
	ID string `json:"id"`
	// Name is the drive's name. It need not be unique.
	Name string `json:"name"`
	// CreatedAt is when the drive was created.
	CreatedAt time.Time `json:"dtCreated"`
	// DeletedAt is when the drive was deleted; zero if it was not.
	DeletedAt time.Time `json:"dtDeleted,omitzero"`
	// Size is the size of the drive, in a unit that the API does not document.
	Size SharedDriveSize `json:"size"`
	// MountPoint is the path or URL that machines mount.
	MountPoint string `json:"mountPoint"`
	// Username is the user name to mount the drive with.
	Username string `json:"username"`
	// Password is the password to mount the drive with.
	Password Sensitive `json:"password"`
	// NetworkID is the private network whose machines can mount the drive.
	NetworkID string `json:"networkId"`
	// Region is the region that the drive is in.
	Region Region `json:"region"`
}

// SharedDriveSize is the size of a drive as the service returns it. The API does not document its unit, which may
// differ from that of [SharedDriveCreateParams.Size]. It decodes from a number or from a number in a string; null and
// "" decode as 0. It encodes as a number.
type SharedDriveSize int64

// UnmarshalJSON implements [encoding/json.Unmarshaler].
func (s *SharedDriveSize) UnmarshalJSON(data []byte) error {
	n, err := parseInteger(data)
	if err != nil {
		return fmt.Errorf("size of a shared drive: %w", err)
	}
	*s = SharedDriveSize(n)
	return nil
}
