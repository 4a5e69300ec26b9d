package paperspace

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// SharedDrivesService has the operations on drives that the machines of a private network share, of the tag Shared
// Drives.
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
	return call[SharedDrive](ctx, s.client, sharedDrivesUpdate, pathParams(id), params, opts)
}

// Delete deletes a drive and what is on it.
//
// API: sharedDrives-delete, DELETE /shared-drives/{id}
func (s *SharedDrivesService) Delete(ctx context.Context, id string, opts ...RequestOption) (*Deleted, error) {
	return deleted(ctx, s.client, sharedDrivesDelete, pathParams(id), Deleted{ID: id}, opts)
}

// List fetches one page of the team's drives, newest first. It can be ordered by [OrderByCreatedAt] and [OrderByName].
//
// API: sharedDrives-list, GET /shared-drives
func (s *SharedDrivesService) List(ctx context.Context, params SharedDriveListParams, opts ...RequestOption) (*Page[SharedDrive], error) {
	return call[Page[SharedDrive]](ctx, s.client, sharedDrivesList, nil, params, opts)
}

// All iterates over the team's drives, in the order of [SharedDrivesService.List]. Calls sharedDrives-list for each page.
func (s *SharedDrivesService) All(ctx context.Context, params SharedDriveListParams, opts ...RequestOption) iter.Seq2[SharedDrive, error] {
	return all[SharedDrive](ctx, s.client, sharedDrivesList, nil, params, opts)
}

// Create makes a drive.
//
// API: sharedDrives-create, POST /shared-drives
func (s *SharedDrivesService) Create(ctx context.Context, params SharedDriveCreateParams, opts ...RequestOption) (*SharedDrive, error) {
	return call[SharedDrive](ctx, s.client, sharedDrivesCreate, nil, params, opts)
}

// SharedDriveUpdateParams are what changes of a drive; what is nil stays.
type SharedDriveUpdateParams struct {
	// Name need not be unique.
	Name *string `json:"name,omitzero"`
}

// SharedDriveListParams filter the list of drives.
type SharedDriveListParams struct {
	ListParams
	// Name asks for drives of the name. The service may also return others whose name contains it.
	Name string `url:"name,omitempty"`
	// Region asks for drives of the region.
	Region Region `url:"region,omitempty"`
}

// SharedDriveCreateParams describe a drive to be made.
type SharedDriveCreateParams struct {
	// Name need not be unique.
	Name string `json:"name"`
	// Size is in GB: 50, 100, 250, 500, 1000, 2000, 4000, 8000, 12000 or 16000 are the usual ones.
	Size int `json:"size" check:"required,min=1"`
	// Region is where the drive will be.
	Region Region `json:"region" check:"required"`
	// NetworkID is the private network, of the same region, whose machines can mount it.
	NetworkID string `json:"networkId" check:"required"`
}

// SharedDrive is a drive that the machines of a private network share.
type SharedDrive struct {
	// ID is the drive's id.
	ID string `json:"id"`
	// Name need not be unique.
	Name string `json:"name"`
	// CreatedAt is when it was created.
	CreatedAt time.Time `json:"dtCreated"`
	// DeletedAt is when it was deleted; zero while it is not.
	DeletedAt time.Time `json:"dtDeleted,omitzero"`
	// Size is its size, in a unit that the API does not document.
	Size SharedDriveSize `json:"size"`
	// MountPoint is what machines mount.
	MountPoint string `json:"mountPoint"`
	// Username mounts it.
	Username string `json:"username"`
	// Password mounts it.
	Password Sensitive `json:"password"`
	// NetworkID is the private network whose machines can mount it.
	NetworkID string `json:"networkId"`
	// Region is where it is.
	Region Region `json:"region"`
}

// SharedDriveSize is the size of a drive as the service tells it. The API does not document the unit: do not take it
// for that of [SharedDriveCreateParams.Size]. It decodes from a number, from a number in a string, and from null and ""
// as 0. It encodes as a number.
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
