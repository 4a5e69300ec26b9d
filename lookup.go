package paperspace

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"
)

// The GetByName methods compare names exactly, since the service's filter also matches parts of a name: for "web" it
// also returns "web-2". They ignore objects that were deleted and are still listed.

// GetByName fetches the machine with exactly this name. It fails with [ErrNotFound] if there is none, and with
// [ErrAmbiguous], which lists the IDs, if there are several.
//
// Calls machines-list for each page.
func (s *MachinesService) GetByName(ctx context.Context, name string, opts ...RequestOption) (*Machine, error) {
	list := s.All(ctx, MachineListParams{Name: name}, opts...)
	return byName(machinesList, name, list, func(m *Machine) namedObject { return namedObject{m.ID, m.Name, m.DeletedAt} })
}

// GetByName fetches the project's deployment with exactly this name. It fails with [ErrNotFound] if there is none, and
// with [ErrAmbiguous], which lists the IDs, if there are several.
//
// Calls projectDeployments-list for each page.
func (s *DeploymentsService) GetByName(ctx context.Context, projectID, name string, opts ...RequestOption) (*Deployment, error) {
	list := s.AllByProject(ctx, projectID, DeploymentListByProjectParams{Name: name}, opts...)
	return byName(projectDeploymentsList, name, list, func(d *Deployment) namedObject { return namedObject{id: d.ID, name: d.Name} })
}

// GetByName fetches the project with exactly this name. It fails with [ErrNotFound] if there is none, and with
// [ErrAmbiguous], which lists the IDs, if there are several.
//
// Calls projects-list for each page.
func (s *ProjectsService) GetByName(ctx context.Context, name string, opts ...RequestOption) (*Project, error) {
	list := s.All(ctx, ProjectListParams{}, opts...)
	return byName(projectsList, name, list, func(p *Project) namedObject { return namedObject{p.ID, p.Name, p.DeletedAt} })
}

// GetByName fetches the dataset with exactly this name, private or public. It fails with [ErrNotFound] if there is
// none, and with [ErrAmbiguous], which lists the IDs, if there are several.
//
// Calls datasets-list for each page, first of the private datasets and then of the public ones.
func (s *DatasetsService) GetByName(ctx context.Context, name string, opts ...RequestOption) (*Dataset, error) {
	list := func(yield func(Dataset, error) bool) {
		for _, privacy := range []DatasetPrivacy{DatasetPrivacyPrivate, DatasetPrivacyPublic} {
			for dataset, err := range s.All(ctx, DatasetListParams{Privacy: privacy}, opts...) {
				if !yield(dataset, err) {
					return
				}
			}
		}
	}
	return byName(datasetsList, name, list, func(d *Dataset) namedObject { return namedObject{id: d.ID, name: d.Name} })
}

// GetByName fetches the model with exactly this name. It fails with [ErrNotFound] if there is none, and with
// [ErrAmbiguous], which lists the IDs, if there are several.
//
// Calls models-list for each page.
func (s *ModelsService) GetByName(ctx context.Context, name string, opts ...RequestOption) (*Model, error) {
	list := s.All(ctx, ModelListParams{}, opts...)
	return byName(modelsList, name, list, func(m *Model) namedObject { return namedObject{id: m.ID, name: m.Name} })
}

// GetByName fetches the private network with exactly this name. It fails with [ErrNotFound] if there is none, and with
// [ErrAmbiguous], which lists the IDs, if there are several.
//
// Calls privateNetworks-list for each page.
func (s *PrivateNetworksService) GetByName(ctx context.Context, name string, opts ...RequestOption) (*PrivateNetwork, error) {
	list := s.All(ctx, PrivateNetworkListParams{Name: name}, opts...)
	return byName(privateNetworksList, name, list, func(n *PrivateNetwork) namedObject { return namedObject{n.ID, n.Name, n.DeletedAt} })
}

// GetByName fetches the startup script with exactly this name. It fails with [ErrNotFound] if there is none, and with
// [ErrAmbiguous], which lists the IDs, if there are several.
//
// Calls startupScripts-list for each page.
func (s *StartupScriptsService) GetByName(ctx context.Context, name string, opts ...RequestOption) (*StartupScript, error) {
	list := s.All(ctx, StartupScriptListParams{Name: name}, opts...)
	return byName(startupScriptsList, name, list, func(s *StartupScript) namedObject { return namedObject{s.ID, s.Name, s.DeletedAt} })
}

// GetByName fetches the operating system with exactly this name. It fails with [ErrNotFound] if there is none, and
// with [ErrAmbiguous], which lists the IDs, if there are several.
//
// Calls osTemplates-list for each page.
func (s *OSTemplatesService) GetByName(ctx context.Context, name string, opts ...RequestOption) (*OSTemplate, error) {
	list := s.All(ctx, OSTemplateListParams{Name: name}, opts...)
	return byName(osTemplatesList, name, list, func(t *OSTemplate) namedObject { return namedObject{id: t.ID, name: t.Name} })
}

// GetByName fetches the custom template with exactly this name. It fails with [ErrNotFound] if there is none, and with
// [ErrAmbiguous], which lists the IDs, if there are several.
//
// Calls customTemplates-list for each page.
func (s *CustomTemplatesService) GetByName(ctx context.Context, name string, opts ...RequestOption) (*CustomTemplate, error) {
	list := s.All(ctx, CustomTemplateListParams{Name: name}, opts...)
	return byName(customTemplatesList, name, list, func(t *CustomTemplate) namedObject { return namedObject{t.ID, t.Name, t.DeletedAt} })
}

// GetByName fetches the container registry with exactly this name. It fails with [ErrNotFound] if there is none, and
// with [ErrAmbiguous], which lists the IDs, if there are several.
//
// Calls containerRegistries-list for each page.
func (s *ContainerRegistriesService) GetByName(ctx context.Context, name string, opts ...RequestOption) (*ContainerRegistry, error) {
	list := s.All(ctx, ContainerRegistryListParams{}, opts...)
	return byName(containerRegistriesList, name, list, func(r *ContainerRegistry) namedObject { return namedObject{id: r.ID, name: r.Name} })
}

// GetByName fetches the shared drive with exactly this name. It fails with [ErrNotFound] if there is none, and with
// [ErrAmbiguous], which lists the IDs, if there are several.
//
// Calls sharedDrives-list for each page.
func (s *SharedDrivesService) GetByName(ctx context.Context, name string, opts ...RequestOption) (*SharedDrive, error) {
	list := s.All(ctx, SharedDriveListParams{Name: name}, opts...)
	return byName(sharedDrivesList, name, list, func(d *SharedDrive) namedObject { return namedObject{d.ID, d.Name, d.DeletedAt} })
}

// GetByName fetches the snapshot with exactly this name. It fails with [ErrNotFound] if there is none, and with
// [ErrAmbiguous], which lists the IDs, if there are several.
//
// Calls snapshots-list for each page.
func (s *SnapshotsService) GetByName(ctx context.Context, name string, opts ...RequestOption) (*Snapshot, error) {
	list := s.All(ctx, SnapshotListParams{}, opts...)
	return byName(snapshotsList, name, list, func(s *Snapshot) namedObject { return namedObject{id: s.ID, name: s.Name} })
}

// namedObject identifies an object. If deletedAt is not zero, the object was deleted then.
type namedObject struct {
	id, name  string
	deletedAt time.Time
}

// byName returns the only item of a list that has the name and was not deleted.
func byName[T any](ep *endpoint, name string, list iter.Seq2[T, error], identify func(*T) namedObject) (*T, error) {
	if name == "" {
		return nil, ep.paramError("name", "is required")
	}
	var found *T
	var ids []string
	for item, err := range list {
		if err != nil {
			return nil, err
		}
		o := identify(&item)
		if o.name == name && o.deletedAt.IsZero() && !slices.Contains(ids, o.id) { // lists may repeat an item
			found, ids = &item, append(ids, o.id)
		}
	}
	switch len(ids) {
	case 0:
		return nil, fmt.Errorf("%w: %s: no object has the name %q", ErrNotFound, ep.id, name)
	case 1:
		return found, nil
	}
	return nil, fmt.Errorf("%w: %s: the name %q belongs to several objects: %q", ErrAmbiguous, ep.id, name, ids)
}
