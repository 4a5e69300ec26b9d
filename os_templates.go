package paperspace

import (
	"context"
	"iter"
	"time"
)

// OSTemplatesService lists the operating systems that machines can be created with (tag OS Templates). It needs no API
// key.
type OSTemplatesService struct{ client *Client }

var osTemplatesList = get("osTemplates-list", "/os-templates").withoutKey()

// List fetches one page of the operating systems. OrderBy can only be [OrderByName].
//
// API: osTemplates-list, GET /os-templates
func (s *OSTemplatesService) List(ctx context.Context, params OSTemplateListParams, opts ...RequestOption) (*Page[OSTemplate], error) {
	return call[Page[OSTemplate]](ctx, s.client, osTemplatesList, nil, &params, opts)
}

// All iterates over the operating systems. Calls osTemplates-list for each page.
func (s *OSTemplatesService) All(ctx context.Context, params OSTemplateListParams, opts ...RequestOption) iter.Seq2[OSTemplate, error] {
	return all[OSTemplate](ctx, s.client, osTemplatesList, nil, params, opts)
}

// OSTemplateListParams filter the list of operating systems.
type OSTemplateListParams struct {
	ListParams
	// Name selects templates with this name. The service may also return templates whose names contain it.
	Name string `url:"name,omitempty"`
}

// OSTemplate is an operating system that machines can be created with.
type OSTemplate struct {
	// ID is the template's ID, for [MachineCreateParams.TemplateID].
	ID   string `json:"id"`
	Name string `json:"name"`
	// AgentType is the type of agent that the template's machines run, such as "LinuxHeadless".
	AgentType string `json:"agentType"`
	// OperatingSystemLabel is the name of the operating system.
	OperatingSystemLabel string `json:"operatingSystemLabel"`
	// DefaultSizeGB is the template's default disk size in GB; nil if there is none.
	DefaultSizeGB *int `json:"defaultSizeGb"`
	// AvailableMachineTypes lists machine types, and whether the template is available on each.
	AvailableMachineTypes []TemplateMachineType `json:"availableMachineTypes"`
	// CreatedAt is when the template was created.
	CreatedAt time.Time `json:"dtCreated"`
}

// TemplateMachineType reports whether a template is available on a machine type.
type TemplateMachineType struct {
	// MachineTypeLabel is the machine type, such as "A4000" or "C5".
	MachineTypeLabel string `json:"machineTypeLabel"`
	// IsAvailable reports whether the template is available on it.
	IsAvailable bool `json:"isAvailable"`
}
