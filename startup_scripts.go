package paperspace

import (
	"context"
	"iter"
	"time"
)

// StartupScriptsService manages scripts that machines run when they start (tag Startup Scripts).
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
	return call[StartupScript](ctx, s.client, startupScriptsUpdate, pathParams(id), &params, opts)
}

// Delete deletes a script and returns it.
//
// API: startupScripts-delete, DELETE /startup-scripts/{id}
func (s *StartupScriptsService) Delete(ctx context.Context, id string, opts ...RequestOption) (*StartupScript, error) {
	return deleted(ctx, s.client, startupScriptsDelete, pathParams(id), StartupScript{ID: id}, opts)
}

// List fetches one page of the team's scripts, newest first. OrderBy can be [OrderByCreatedAt] or [OrderByName].
//
// API: startupScripts-list, GET /startup-scripts
func (s *StartupScriptsService) List(ctx context.Context, params StartupScriptListParams, opts ...RequestOption) (*Page[StartupScript], error) {
	return call[Page[StartupScript]](ctx, s.client, startupScriptsList, nil, &params, opts)
}

// All iterates over the team's scripts, in the order of [StartupScriptsService.List]. Calls startupScripts-list for
// each page.
func (s *StartupScriptsService) All(ctx context.Context, params StartupScriptListParams, opts ...RequestOption) iter.Seq2[StartupScript, error] {
	return all[StartupScript](ctx, s.client, startupScriptsList, nil, params, opts)
}

// Create creates a script. It runs on the machines that it is assigned to, and on those that are created with its ID.
//
// API: startupScripts-create, POST /startup-scripts
func (s *StartupScriptsService) Create(ctx context.Context, params StartupScriptCreateParams, opts ...RequestOption) (*StartupScript, error) {
	return call[StartupScript](ctx, s.client, startupScriptsCreate, nil, &params, opts)
}

// Assign assigns the script to a machine, which then runs it when it starts.
//
// API: startupScripts-assign, POST /startup-scripts/{id}/assign
func (s *StartupScriptsService) Assign(ctx context.Context, id string, params StartupScriptAssignParams, opts ...RequestOption) (*StartupScript, error) {
	return call[StartupScript](ctx, s.client, startupScriptsAssign, pathParams(id), &params, opts)
}

// Unassign removes the script from a machine, which then no longer runs it.
//
// API: startupScripts-unassign, POST /startup-scripts/{id}/unassign
func (s *StartupScriptsService) Unassign(ctx context.Context, id string, params StartupScriptAssignParams, opts ...RequestOption) (*StartupScript, error) {
	return call[StartupScript](ctx, s.client, startupScriptsUnassign, pathParams(id), &params, opts)
}

// StartupScriptUpdateParams are the fields to change; nil fields are left as they are.
type StartupScriptUpdateParams struct {
	// Name is the script's name. It need not be unique.
	Name *string `json:"name,omitzero"`
	// Script is the script's text.
	Script *Sensitive `json:"script,omitzero"`
	// IsRunOnce makes the script run only at a machine's first start.
	IsRunOnce *bool `json:"isRunOnce,omitzero"`
	// IsEnabled enables the script.
	IsEnabled *bool `json:"isEnabled,omitzero"`
}

// StartupScriptListParams filter the list of scripts.
type StartupScriptListParams struct {
	ListParams
	// Name selects scripts with this name. The service may also return scripts whose names contain it.
	Name string `url:"name,omitempty"`
}

// StartupScriptCreateParams describe the script to create.
type StartupScriptCreateParams struct {
	// Name is the script's name. It need not be unique.
	Name string `json:"name"`
	// Script is the script's text.
	Script Sensitive `json:"script"`
	// IsRunOnce makes the script run only at a machine's first start. By default it runs at every start.
	IsRunOnce *bool `json:"isRunOnce,omitzero"`
}

// StartupScriptAssignParams name the machine to assign a script to, or to unassign it from.
type StartupScriptAssignParams struct {
	MachineID string `json:"machineId" check:"required"`
}

// StartupScript is a script that machines run when they start. The service never returns its text.
type StartupScript struct {
	ID string `json:"id"`
	// Name is the script's name. It need not be unique.
	Name string `json:"name"`
	// Description is a free text about the script; empty if there is none.
	Description string `json:"description"`
	// IsEnabled reports whether the script is enabled.
	IsEnabled bool `json:"isEnabled"`
	// IsRunOnce reports whether the script runs only at a machine's first start.
	IsRunOnce bool `json:"isRunOnce"`
	// AssignedMachineIDs are the machines that the script is assigned to.
	AssignedMachineIDs []string `json:"assignedMachineIds"`
	// CreatedAt is when the script was created.
	CreatedAt time.Time `json:"dtCreated"`
	// DeletedAt is when the script was deleted; zero if it was not.
	DeletedAt time.Time `json:"dtDeleted"`
}
