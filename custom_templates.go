package paperspace

import (
	"context"
	"iter"
	"time"
)

// CustomTemplatesService has the operations on templates that are made from machines, of the tag Custom Templates.
type CustomTemplatesService struct{ client *Client }

var (
	customTemplatesGet    = get("customTemplates-get", "/custom-templates/{id}")
	customTemplatesUpdate = put("customTemplates-update", "/custom-templates/{id}")
	customTemplatesDelete = remove("customTemplates-delete", "/custom-templates/{id}")
	customTemplatesList   = get("customTemplates-list", "/custom-templates")
	customTemplatesCreate = post("customTemplates-create", "/custom-templates").startsOperation(customTemplatesGet)
)

// Get fetches the template with the given ID.
//
// API: customTemplates-get, GET /custom-templates/{id}
func (s *CustomTemplatesService) Get(ctx context.Context, id string, opts ...RequestOption) (*CustomTemplate, error) {
	return call[CustomTemplate](ctx, s.client, customTemplatesGet, pathParams(id), nil, opts)
}

// Update renames a template.
//
// API: customTemplates-update, PUT /custom-templates/{id}
func (s *CustomTemplatesService) Update(ctx context.Context, id string, params CustomTemplateUpdateParams, opts ...RequestOption) (*CustomTemplate, error) {
	return call[CustomTemplate](ctx, s.client, customTemplatesUpdate, pathParams(id), params, opts)
}

// Delete deletes a template, and returns what it was. There is no event to wait for.
//
// API: customTemplates-delete, DELETE /custom-templates/{id}
func (s *CustomTemplatesService) Delete(ctx context.Context, id string, opts ...RequestOption) (*CustomTemplate, error) {
	return deleted(ctx, s.client, customTemplatesDelete, pathParams(id), CustomTemplate{ID: id}, opts)
}

// List fetches one page of the team's templates, newest first. It can be ordered by [OrderByCreatedAt] and
// [OrderByName]. The service may list a template more than once.
//
// API: customTemplates-list, GET /custom-templates
func (s *CustomTemplatesService) List(ctx context.Context, params CustomTemplateListParams, opts ...RequestOption) (*Page[CustomTemplate], error) {
	return call[Page[CustomTemplate]](ctx, s.client, customTemplatesList, nil, params, opts)
}

// All iterates over the team's templates, in the order of [CustomTemplatesService.List]. Calls customTemplates-list for each
// page.
func (s *CustomTemplatesService) All(ctx context.Context, params CustomTemplateListParams, opts ...RequestOption) iter.Seq2[CustomTemplate, error] {
	return all[CustomTemplate](ctx, s.client, customTemplatesList, nil, params, opts)
}

// Create makes a template from a machine. It can be used when the operation has ended.
//
// API: customTemplates-create, POST /custom-templates
func (s *CustomTemplatesService) Create(ctx context.Context, params CustomTemplateCreateParams, opts ...RequestOption) (*Operation[CustomTemplate], error) {
	return operate[CustomTemplate](ctx, s.client, customTemplatesCreate, nil, params, opts)
}

// CustomTemplateUpdateParams are what changes of a template.
type CustomTemplateUpdateParams struct {
	// Name need not be unique.
	Name string `json:"name"`
}

// CustomTemplateListParams filter the list of templates.
type CustomTemplateListParams struct {
	ListParams
	// Name asks for templates of the name. The service may also return others whose name contains it.
	Name string `url:"name,omitempty"`
	// MachineID asks for templates that were made from the machine.
	MachineID string `url:"machineId,omitempty"`
}

// CustomTemplateCreateParams describe a template to be made.
type CustomTemplateCreateParams struct {
	// Name need not be unique.
	Name string `json:"name"`
	// MachineID is the machine that it is made from.
	MachineID string `json:"machineId" check:"required"`
}

// CustomTemplate is a template that was made from a machine.
type CustomTemplate struct {
	// ID is the template's id, for [MachineCreateParams.TemplateID].
	ID string `json:"id"`
	// Name need not be unique.
	Name string `json:"name"`
	// AgentType is the kind of agent that runs on its machines, such as "LinuxHeadless".
	AgentType string `json:"agentType"`
	// OperatingSystemLabel is the operating system's name.
	OperatingSystemLabel string `json:"operatingSystemLabel"`
	// Region is where it is.
	Region Region `json:"region"`
	// DefaultSizeGB is the disk size of its machines, in GB, unless they ask for another.
	DefaultSizeGB int `json:"defaultSizeGb"`
	// AvailableMachineTypes are the machine types that it knows of.
	AvailableMachineTypes []TemplateMachineType `json:"availableMachineTypes"`
	// ParentMachineID is the machine that it was made from.
	ParentMachineID string `json:"parentMachineId"`
	// CreatedAt is when it was created.
	CreatedAt time.Time `json:"dtCreated"`
	// DeletedAt is when it was deleted; zero while it is not.
	DeletedAt time.Time `json:"dtDeleted,omitzero"`
}
