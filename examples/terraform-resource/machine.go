package main

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/paperspace-go/paperspace"
)

// machineResource is the resource paperspace_machine.
type machineResource struct{ client *paperspace.Client }

var (
	_ resource.ResourceWithConfigure   = (*machineResource)(nil)
	_ resource.ResourceWithImportState = (*machineResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*machineResource)(nil)
)

func (r *machineResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_machine"
}

func (r *machineResource) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	r.client, _ = req.ProviderData.(*paperspace.Client) // nil while Terraform only validates
}

func (r *machineResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resource.ImportStatePassthroughID(ctx, path.Root("id"), req, resp)
}

func (r *machineResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan machineModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	limit, diags := plan.Timeouts.Create(ctx, 45*time.Minute)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	// An interrupt ends the wait below, but not this call: it returns the ID, without which the machine would be lost.
	created, err := r.client.Machines.FindOrCreate(context.WithoutCancel(ctx), plan.createParams(),
		paperspace.WithSearchTimeout(time.Minute), paperspace.WithWaitTimeout(5*time.Minute))
	switch {
	case err != nil:
		resp.Diagnostics.AddError("The machine was not created", err.Error())
		return
	case !created.Created:
		resp.Diagnostics.AddAttributeError(path.Root("name"), "The name is taken",
			"Machine "+created.ID+" has it. Import that machine, or choose another name.")
		return
	}
	plan.ID = types.StringValue(created.ID)
	waitCtx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	machine, p, err := r.finish(waitCtx, &pending{Operation: created.Operation}, &plan, plan.wantedState())
	switch {
	case err == nil:
	case ctx.Err() != nil: // a warning only: Terraform replaces a machine whose create returns an error
		machine = &created.Machine
		resp.Diagnostics.AddWarning("The machine is not ready yet", "The next apply continues to wait for it: "+err.Error())
	default:
		machine = &created.Machine
		resp.Diagnostics.AddError("The machine was created, but is not ready", err.Error()+"\n\nThe next apply replaces it. "+
			"To keep it and wait for it again, use terraform untaint.")
	}
	plan.refresh(machine)
	resp.Diagnostics.Append(p.save(ctx, resp.Private)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *machineResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state machineModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	p, diags := loadPending(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	machine, err := r.client.Machines.Get(ctx, state.ID.ValueString())
	switch {
	case err == nil:
		state.refresh(machine)
		resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	case errors.Is(err, paperspace.ErrNotFound): // of the API, not of a proxy
		unfinished, err := r.isUnfinished(ctx, p)
		if err != nil {
			resp.Diagnostics.AddError("The machine cannot be read", err.Error())
		} else if !unfinished {
			resp.State.RemoveResource(ctx)
		}
	default:
		resp.Diagnostics.AddError("The machine cannot be read", err.Error())
	}
}

// ModifyPlan plans an update for a machine with a pending operation, even if nothing else differs.
func (r *machineResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	p, diags := loadPending(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if p == nil || req.Plan.Raw.IsNull() {
		return
	}
	for _, name := range []string{"state", "public_ip", "private_ip", "network_id", "public_ip_type"} {
		var configured types.String
		resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root(name), &configured)...)
		if configured.IsNull() {
			resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root(name), types.StringUnknown())...)
		}
	}
}

func (r *machineResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state machineModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	limit, diags := plan.Timeouts.Update(ctx, 45*time.Minute)
	resp.Diagnostics.Append(diags...)
	p, diags := loadPending(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	waitCtx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	machine, p, err := r.update(waitCtx, p, &state, plan)
	resp.Diagnostics.Append(p.save(ctx, resp.Private)...)
	if err != nil {
		resp.Diagnostics.AddError("The machine was not updated", err.Error())
	} else {
		state = plan
		state.refresh(machine)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

func (r *machineResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state machineModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	limit, diags := state.Timeouts.Delete(ctx, 10*time.Minute)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if err := r.client.Machines.EnsureDeleted(ctx, state.ID.ValueString(), paperspace.WithWaitTimeout(limit)); err != nil {
		resp.Diagnostics.AddError("The machine was not deleted", err.Error())
	}
}
