package paperspace

import (
	"context"
	"iter"
	"time"
)

// StartupScriptsService has the operations on scripts that machines run as they start, of the tag Startup Scripts.
type StartupScriptsService struct{ client *Client }

var (
	startupScriptsGet      = get("startupScripts-get", "/startup-scripts/{id}")
	startupScriptsUpdate   = put("startupScripts-update", "/startup-scripts/{id}")
	startupScriptsDelete   = remove("startupScripts-delete", "/startup-scripts/{id}")
	startupScriptsList     = get("startupScripts-list", "/startup-scripts")
	startupScriptsCreate   = post("startupScripts-create", "/startup-scripts")
	startupScriptsAssign   = post("startupScripts-assign", "/startup-scripts/{id}/assign").idempotent()
	startupScriptsUnassign = post("startupScripts-unassign", "/startup-scripts/{id}/unassign").idempotent()
)

// Get fetches the script with the given ID, without its text.
//
// API: startupScripts-get, GET /startup-scripts/{id}
func (s *StartupScriptsService) Get(ctx context.Context, id string, opts ...RequestOption) (*StartupScript, error) {
	return call[StartupScript](ctx, s.client, startupScriptsGet, pathParams(id), nil, opts)
}

// Update changes a script.
//
// API: startupScripts-update, PUT /startup-scripts/{id}
func (s *StartupScriptsService) Update(ctx context.Context, id string, params StartupScriptUpdateParams, opts ...RequestOption) (*StartupScript, error) {
	return call[StartupScript](ctx, s.client, startupScriptsUpdate, pathParams(id), params, opts)
}

// Delete deletes a script, and returns what it was.
//
// API: startupScripts-delete, DELETE /startup-scripts/{id}
func (s *StartupScriptsService) Delete(ctx context.Context, id string, opts ...RequestOption) (*StartupScript, error) {
	return deleted(ctx, s.client, startupScriptsDelete, pathParams(id), StartupScript{ID: id}, opts)
}

// List fetches one page of the team's scripts, newest first. It can be ordered by [OrderByCreatedAt] and
// [OrderByName].
//
// API: startupScripts-list, GET /startup-scripts
func (s *StartupScriptsService) List(ctx context.Context, params StartupScriptListParams, opts ...RequestOption) (*Page[StartupScript], error) {
	return call[Page[StartupScript]](ctx, s.client, startupScriptsList, nil, params, opts)
}

// All iterates over the team's scripts, in the order of [StartupScriptsService.List]. Calls startupScripts-list for each page.
func (s *StartupScriptsService) All(ctx context.Context, params StartupScriptListParams, opts ...RequestOption) iter.Seq2[StartupScript, error] {
	return all[StartupScript](ctx, s.client, startupScriptsList, nil, params, opts)
}

// Create makes a script. It runs on the machines that it is assigned to, and on those that are created with its id.
//
// API: startupScripts-create, POST /startup-scripts
func (s *StartupScriptsService) Create(ctx context.Context, params StartupScriptCreateParams, opts ...RequestOption) (*StartupScript, error) {
	return call[StartupScript](ctx, s.client, startupScriptsCreate, nil, params, opts)
}

// Assign has a machine run the script as it starts.
//
// API: startupScripts-assign, POST /startup-scripts/{id}/assign
func (s *StartupScriptsService) Assign(ctx context.Context, id string, params StartupScriptAssignParams, opts ...RequestOption) (*StartupScript, error) {
	return call[StartupScript](ctx, s.client, startupScriptsAssign, pathParams(id), params, opts)
}

// Unassign has a machine no longer run the script.
//
// API: startupScripts-unassign, POST /startup-scripts/{id}/unassign
func (s *StartupScriptsService) Unassign(ctx context.Context, id string, params StartupScriptAssignParams, opts ...RequestOption) (*StartupScript, error) {
	return call[StartupScript](ctx, s.client, startupScriptsUnassign, pathParams(id), params, opts)
}

// StartupScriptUpdateParams are what changes of a script; what is nil stays.
type StartupScriptUpdateParams struct {
	// Name need not be unique.
	Name *string `json:"name,omitzero"`
	// Script is the script's text.
	Script *Sensitive `json:"script,omitzero"`
	// IsRunOnce has it run at a machine's first start only.
	IsRunOnce *bool `json:"isRunOnce,omitzero"`
	// IsEnabled has it run at all.
	IsEnabled *bool `json:"isEnabled,omitzero"`
}

// StartupScriptListParams filter the list of scripts.
type StartupScriptListParams struct {
	ListParams
	// Name asks for scripts of the name. The service may also return others whose name contains it.
	Name string `url:"name,omitempty"`
}

// StartupScriptCreateParams describe a script to be made.
type StartupScriptCreateParams struct {
	// Name need not be unique.
	Name string `json:"name"`
	// Script is the script's text.
	Script Sensitive `json:"script"`
	// IsRunOnce has it run at a machine's first start only; it runs at every start unless this is true.
	IsRunOnce *bool `json:"isRunOnce,omitzero"`
}

// StartupScriptAssignParams name a machine that a script is assigned to or taken from.
type StartupScriptAssignParams struct {
	// MachineID is the machine.
	MachineID string `json:"machineId" check:"required"`
}

// StartupScript is a script that machines run as they start. The service never returns its text.
type StartupScript struct {
	// ID is the script's id.
	ID string `json:"id"`
	// Name need not be unique.
	Name string `json:"name"`
	// Description is empty if there is none.
	Description string `json:"description"`
	// IsEnabled reports whether it runs at all.
	IsEnabled bool `json:"isEnabled"`
	// IsRunOnce reports whether it runs at a machine's first start only.
	IsRunOnce bool `json:"isRunOnce"`
	// AssignedMachineIDs are the machines that run it.
	AssignedMachineIDs []string `json:"assignedMachineIds"`
	// CreatedAt is when it was created.
	CreatedAt time.Time `json:"dtCreated"`
	// DeletedAt is when it was deleted; zero while it is not.
	DeletedAt time.Time `json:"dtDeleted"`
}
