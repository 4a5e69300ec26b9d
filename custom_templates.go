package paperspace

import (
	"context"
	"iter"
	"time"
)

// CustomTemplatesService manages the templates that a team makes from its machines (tag Custom Templates).
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
	return call[CustomTemplate](ctx, s.client, customTemplatesUpdate, pathParams(id), &params, opts)
}

// Delete deletes a template and returns it. There is no event to wait for.
//
// API: customTemplates-delete, DELETE /custom-templates/{id}
func (s *CustomTemplatesService) Delete(ctx context.Context, id string, opts ...RequestOption) (*CustomTemplate, error) {
	return deleted(ctx, s.client, customTemplatesDelete, pathParams(id), CustomTemplate{ID: id}, opts)
}

// List fetches one page of the team's templates, newest first. OrderBy can be [OrderByCreatedAt] or [OrderByName]. The
// service may list a template more than once.
//
// API: customTemplates-list, GET /custom-templates
func (s *CustomTemplatesService) List(ctx context.Context, params CustomTemplateListParams, opts ...RequestOption) (*Page[CustomTemplate], error) {
	return call[Page[CustomTemplate]](ctx, s.client, customTemplatesList, nil, &params, opts)
}

// All iterates over the team's templates, in the order of [CustomTemplatesService.List]. Calls customTemplates-list
// for each page.
func (s *CustomTemplatesService) All(ctx context.Context, params CustomTemplateListParams, opts ...RequestOption) iter.Seq2[CustomTemplate, error] {
	return all[CustomTemplate](ctx, s.client, customTemplatesList, nil, params, opts)
}

// Create makes a template from a machine, which must be off. The template can be used once the operation has ended, in
// the region of the machine.
//
// API: customTemplates-create, POST /custom-templates
func (s *CustomTemplatesService) Create(ctx context.Context, params CustomTemplateCreateParams, opts ...RequestOption) (*Operation[CustomTemplate], error) {
	return operate[CustomTemplate](ctx, s.client, customTemplatesCreate, nil, &params, opts)
}

// CustomTemplateUpdateParams are the fields to change.
type CustomTemplateUpdateParams struct {
	// Name is the template's name. It need not be unique.
	Name string `json:"name"`
}

// CustomTemplateListParams filter the list of templates.
type CustomTemplateListParams struct {
	ListParams
	// Name selects templates with this name. The service may also return templates whose names contain it.
	Name string `url:"name,omitempty"`
	// MachineID selects templates that were made from this machine.
	MachineID string `url:"machineId,omitempty"`
}

// CustomTemplateCreateParams describe the template to create.
type CustomTemplateCreateParams struct {
	// Name is the template's name. It need not be unique.
	Name string `json:"name"`
	// MachineID is the machine to make the template from.
	MachineID string `json:"machineId" check:"required"`
}

// CustomTemplate is a template that was made from a machine.
type CustomTemplate struct {
	// ID is the template's ID, for [MachineCreateParams.TemplateID].
	ID string `json:"id"`
	// Name is the template's name. It need not be unique.
	Name string `json:"name"`
	// AgentType is the type of agent that the template's machines run, such as "LinuxHeadless".
	AgentType string `json:"agentType"`
	// OperatingSystemLabel is the name of the operating system.
	OperatingSystemLabel string `json:"operatingSystemLabel"`
	// Region is the region that the template is in.
	Region Region `json:"region"`
	// DefaultSizeGB is the template's default disk size in GB.
	DefaultSizeGB int `json:"defaultSizeGb"`
	// AvailableMachineTypes lists machine types, and whether the template is available on each.
	AvailableMachineTypes []TemplateMachineType `json:"availableMachineTypes"`
	// ParentMachineID is the machine that the template was made from.
	ParentMachineID string `json:"parentMachineId"`
	// CreatedAt is when the template was created.
	CreatedAt time.Time `json:"dtCreated"`
	// DeletedAt is when the template was deleted; zero if it was not.
	DeletedAt time.Time `json:"dtDeleted,omitzero"`
}
