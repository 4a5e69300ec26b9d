package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

func (r *machineResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	notEmpty := []validator.String{stringvalidator.LengthAtLeast(1)}
	keep := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	const unread = " The API does not return it: the first apply after an import records it and changes nothing."
	resp.Schema = schema.Schema{
		Description: "A machine. A static public IP is not released with the machine.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Computed: true, PlanModifiers: keep, Description: "The machine's ID."},
			"name": schema.StringAttribute{
				Required: true, Validators: notEmpty,
				Description: "The name. No other machine may have it: a create whose response is lost is recognized by it.",
			},
			"machine_type": schema.StringAttribute{
				Required: true, Validators: notEmpty, Description: `The type, such as "A4000". A change stops the machine.`,
			},
			"template_id": schema.StringAttribute{
				Required: true, Validators: notEmpty, PlanModifiers: []planmodifier.String{replaceUnlessImported()},
				Description: "The OS template or custom template. A change replaces the machine." + unread,
			},
			"startup_script_id": schema.StringAttribute{
				Optional: true, Validators: notEmpty, PlanModifiers: []planmodifier.String{replaceUnlessImported()},
				Description: "A script that runs when the machine starts. A change replaces the machine." + unread,
			},
			"disk_size": schema.Int64Attribute{
				Required: true, Validators: []validator.Int64{int64validator.AtLeast(1)},
				PlanModifiers: []planmodifier.Int64{replaceIfSmaller()},
				Description:   "The size of the disk in GB. A change stops the machine; a smaller disk replaces it." + unread,
			},
			"region": schema.StringAttribute{
				Required: true, Validators: []validator.String{stringvalidator.OneOf("ny2", "ca1", "ams1")},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Description:   "The region: ny2, ca1 or ams1. A change replaces the machine.",
			},
			"network_id": schema.StringAttribute{
				Optional: true, Computed: true, Validators: notEmpty, PlanModifiers: keep,
				Description: "The private network. The default is the team's default network.",
			},
			"public_ip_type": schema.StringAttribute{
				Optional: true, Computed: true, PlanModifiers: keep,
				Validators:  []validator.String{stringvalidator.OneOf("static", "dynamic", "none")},
				Description: "The type of the public IP: static, dynamic or none.",
			},
			"running": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				Description: "Whether the machine is ready (the default) or off, when it costs only its storage.",
			},
			"state":      schema.StringAttribute{Computed: true, Description: "The state, such as ready or off."},
			"public_ip":  schema.StringAttribute{Computed: true, Description: "The public address, if there is one."},
			"private_ip": schema.StringAttribute{Computed: true, Description: "The address in the private network, if there is one."},
			"timeouts":   timeouts.Attributes(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
		},
	}
}

// replaceUnlessImported replaces the machine if an attribute changes that the API does not return. After an import it
// is null in the state, which means unknown.
func replaceUnlessImported() planmodifier.String {
	const doc = "A change replaces the machine, except after an import."
	return stringplanmodifier.RequiresReplaceIf(
		func(_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
			resp.RequiresReplace = !req.StateValue.IsNull()
		}, doc, doc)
}

// replaceIfSmaller replaces the machine if its disk is to be smaller: the API only lets a disk grow.
func replaceIfSmaller() planmodifier.Int64 {
	const doc = "A smaller disk replaces the machine."
	return int64planmodifier.RequiresReplaceIf(
		func(_ context.Context, req planmodifier.Int64Request, resp *int64planmodifier.RequiresReplaceIfFuncResponse) {
			resp.RequiresReplace = req.PlanValue.ValueInt64() < req.StateValue.ValueInt64()
		}, doc, doc)
}
