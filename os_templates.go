package paperspace

import (
	"context"
	"iter"
	"time"
)

// OSTemplatesService has the operation that lists the operating systems that machines can start from, of the tag OS
// Templates. It needs no API key.
type OSTemplatesService struct{ client *Client }

var osTemplatesList = get("osTemplates-list", "/os-templates").withoutKey()

// List fetches one page of the operating systems. It can be ordered by [OrderByName] only.
//
// API: osTemplates-list, GET /os-templates
func (s *OSTemplatesService) List(ctx context.Context, params OSTemplateListParams, opts ...RequestOption) (*Page[OSTemplate], error) {
	return call[Page[OSTemplate]](ctx, s.client, osTemplatesList, nil, params, opts)
}

// All iterates over the operating systems. Calls osTemplates-list for each page.
func (s *OSTemplatesService) All(ctx context.Context, params OSTemplateListParams, opts ...RequestOption) iter.Seq2[OSTemplate, error] {
	return all[OSTemplate](ctx, s.client, osTemplatesList, nil, params, opts)
}

// OSTemplateListParams filter the list of operating systems.
type OSTemplateListParams struct {
	ListParams
	// Name asks for templates of the name. The service may also return others whose name contains it.
	Name string `url:"name,omitempty"`
}

// OSTemplate is an operating system that machines can start from.
type OSTemplate struct {
	// ID is the template's id, for [MachineCreateParams.TemplateID].
	ID string `json:"id"`
	// Name is the template's name.
	Name string `json:"name"`
	// AgentType is the kind of agent that runs on its machines, such as "LinuxHeadless".
	AgentType string `json:"agentType"`
	// OperatingSystemLabel is the operating system's name.
	OperatingSystemLabel string `json:"operatingSystemLabel"`
	// DefaultSizeGB is the disk size of its machines, in GB, unless they ask for another; nil if there is none.
	DefaultSizeGB *int `json:"defaultSizeGb"`
	// AvailableMachineTypes are the machine types that it knows of.
	AvailableMachineTypes []TemplateMachineType `json:"availableMachineTypes"`
	// CreatedAt is when it was created.
	CreatedAt time.Time `json:"dtCreated"`
}

// TemplateMachineType reports whether a template works on a machine type.
type TemplateMachineType struct {
	// MachineTypeLabel is the machine type, such as "A4000" or "C5".
	MachineTypeLabel string `json:"machineTypeLabel"`
	// IsAvailable reports whether the template can be used on it.
	IsAvailable bool `json:"isAvailable"`
}
