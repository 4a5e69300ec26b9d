package paperspace

import (
	"bytes"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// UpdateParams are the params of the updates that leave unset fields as they are. Their IsZero method reports whether no
// field is set, so that the update would change nothing.
type UpdateParams interface {
	ContainerRegistryUpdateParams | DatasetUpdateParams | DatasetVersionUpdateParams | MachineUpdateParams |
		PrivateNetworkUpdateParams | SharedDriveUpdateParams | SnapshotUpdateParams | StartupScriptUpdateParams

	IsZero() bool
}

// Changed returns the fields of want that are set and differ from have. Send them, unless there are none:
//
//	if change := paperspace.Changed(machine.UpdateParams(), want); !change.IsZero() {
//		op, err := client.Machines.Update(ctx, machine.ID, change)
//	}
//
// The UpdateParams method of an object returns its current values. A program that stores what it applied, such as a
// Terraform provider, can compare with that instead.
//
// Fields that are not set in have differ from every value. These are the fields that the API does not return, such as the
// password of a registry, the text of a script and the disk size of a machine in GB, and fields that are null. The order
// of tags does not matter.
func Changed[P UpdateParams](have, want P) P {
	old, change := reflect.ValueOf(have), reflect.ValueOf(&want).Elem()
	for i := range change.NumField() {
		if field := change.Field(i); !field.IsZero() && isSame(old.Field(i), field) {
			field.SetZero()
		}
	}
	return want
}

// isSame reports whether a field of update params is set to the same value in both.
func isSame(have, want reflect.Value) bool {
	a, b := canonical(have), canonical(want)
	return !have.IsZero() && a != nil && bytes.Equal(a, b)
}

// canonical returns the value of a field as canonical JSON, or nil if it cannot be encoded.
func canonical(field reflect.Value) jsontext.Value {
	value := field.Interface()
	if tags, ok := value.(VersionTags); ok {
		value = slices.Sorted(slices.Values(tags))
	}
	encoded, err := encode(value)
	if text := jsontext.Value(encoded); err == nil && text.Canonicalize() == nil {
		return text
	}
	return nil
}

// IsZero reports whether no field is set.
func (p ContainerRegistryUpdateParams) IsZero() bool { return p == ContainerRegistryUpdateParams{} }

// UpdateParams returns the registry's values. The password is not set, since the service does not return it.
func (r ContainerRegistry) UpdateParams() ContainerRegistryUpdateParams {
	return ContainerRegistryUpdateParams{
		Name: known(r.Name), Kind: known(r.Kind), Namespace: &r.Namespace, URL: known(r.URL), Username: known(r.Username),
	}
}

// IsZero reports whether no field is set.
func (p DatasetUpdateParams) IsZero() bool { return p == DatasetUpdateParams{} }

// UpdateParams returns the dataset's values.
func (d Dataset) UpdateParams() DatasetUpdateParams {
	return DatasetUpdateParams{Name: &d.Name, Description: NullableFrom(d.Description)}
}

// IsZero reports whether no field is set. An empty slice of tags is set: it removes them all.
func (p DatasetVersionUpdateParams) IsZero() bool { return reflect.ValueOf(p).IsZero() }

// UpdateParams returns the version's values.
func (v DatasetVersion) UpdateParams() DatasetVersionUpdateParams {
	params := *clone(&DatasetVersionUpdateParams{Message: &v.Message, Tags: v.Tags, Metadata: v.Metadata, IsCommitted: &v.IsCommitted})
	if params.Tags == nil {
		params.Tags = VersionTags{}
	}
	if params.Metadata == nil {
		params.Metadata = map[string]any{}
	}
	return params
}

// IsZero reports whether no field is set.
func (p MachineUpdateParams) IsZero() bool { return p == MachineUpdateParams{} }

// UpdateParams returns the machine's values. DiskSize is not set, since the API does not document how it relates to
// [Machine.StorageTotal]. Fields that are null or empty because they are not known are not set either.
func (m Machine) UpdateParams() MachineUpdateParams {
	return *clone(&MachineUpdateParams{
		Name:                   &m.Name,
		MachineType:            known(m.MachineType),
		NetworkID:              known(m.NetworkID),
		PublicIPType:           known(m.PublicIPType),
		AutoSnapshotEnabled:    &m.AutoSnapshotEnabled,
		AutoSnapshotFrequency:  known(m.AutoSnapshotFrequency),
		AutoSnapshotSaveCount:  m.AutoSnapshotSaveCount,
		AutoShutdownEnabled:    &m.AutoShutdownEnabled,
		AutoShutdownTimeout:    m.AutoShutdownTimeout,
		AutoShutdownForce:      m.AutoShutdownForce,
		RestorePointEnabled:    &m.RestorePointEnabled,
		RestorePointFrequency:  known(m.RestorePointFrequency),
		RestorePointSnapshotID: known(m.RestorePointSnapshotID),
	})
}

// IsZero reports whether no field is set.
func (p PrivateNetworkUpdateParams) IsZero() bool { return p == PrivateNetworkUpdateParams{} }

// UpdateParams returns the network's values.
func (n PrivateNetwork) UpdateParams() PrivateNetworkUpdateParams {
	return PrivateNetworkUpdateParams{Name: &n.Name}
}

// IsZero reports whether no field is set.
func (p SharedDriveUpdateParams) IsZero() bool { return p == SharedDriveUpdateParams{} }

// UpdateParams returns the drive's values.
func (d SharedDrive) UpdateParams() SharedDriveUpdateParams {
	return SharedDriveUpdateParams{Name: &d.Name}
}

// IsZero reports whether no field is set.
func (p SnapshotUpdateParams) IsZero() bool { return p == SnapshotUpdateParams{} }

// UpdateParams returns the snapshot's values.
func (s Snapshot) UpdateParams() SnapshotUpdateParams { return SnapshotUpdateParams{Name: &s.Name} }

// IsZero reports whether no field is set.
func (p StartupScriptUpdateParams) IsZero() bool { return p == StartupScriptUpdateParams{} }

// UpdateParams returns the script's values. Its text is not set, since the service does not return it.
func (s StartupScript) UpdateParams() StartupScriptUpdateParams {
	return StartupScriptUpdateParams{Name: &s.Name, IsRunOnce: &s.IsRunOnce, IsEnabled: &s.IsEnabled}
}

// known returns a pointer to a value, or nil if it is zero: the fields in question are zero only while they are
// unknown.
func known[T comparable](value T) *T {
	if value == *new(T) {
		return nil
	}
	return &value
}
