package main

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/paperspace-go/paperspace"
)

// machineModel is the machine in a configuration, a plan or a state.
type machineModel struct {
	ID              types.String   `tfsdk:"id"`
	Name            types.String   `tfsdk:"name"`
	MachineType     types.String   `tfsdk:"machine_type"`
	TemplateID      types.String   `tfsdk:"template_id"`
	StartupScriptID types.String   `tfsdk:"startup_script_id"`
	DiskSize        types.Int64    `tfsdk:"disk_size"`
	Region          types.String   `tfsdk:"region"`
	NetworkID       types.String   `tfsdk:"network_id"`
	PublicIPType    types.String   `tfsdk:"public_ip_type"`
	Running         types.Bool     `tfsdk:"running"`
	State           types.String   `tfsdk:"state"`
	PublicIP        types.String   `tfsdk:"public_ip"`
	PrivateIP       types.String   `tfsdk:"private_ip"`
	Timeouts        timeouts.Value `tfsdk:"timeouts"`
}

func (m machineModel) createParams() paperspace.MachineCreateParams {
	return paperspace.MachineCreateParams{
		Name: m.Name.ValueString(), MachineType: m.MachineType.ValueString(), TemplateID: m.TemplateID.ValueString(),
		DiskSize: int(m.DiskSize.ValueInt64()), Region: paperspace.Region(m.Region.ValueString()),
		StartupScriptID: known(m.StartupScriptID), NetworkID: known(m.NetworkID),
		PublicIPType: (*paperspace.PublicIPType)(known(m.PublicIPType)), StartOnCreate: new(m.Running.ValueBool()),
	}
}

// updateParams returns the values that an update can change.
func (m machineModel) updateParams() paperspace.MachineUpdateParams {
	return paperspace.MachineUpdateParams{
		Name: known(m.Name), MachineType: known(m.MachineType), DiskSize: new(int(m.DiskSize.ValueInt64())),
		NetworkID: known(m.NetworkID), PublicIPType: (*paperspace.PublicIPType)(known(m.PublicIPType)),
	}
}

// refresh copies what the API returns. It leaves alone what the API does not return: the template, the script and the
// size of the disk, which StorageTotal need not equal. Some values of a new machine are empty, and are not copied either.
func (m *machineModel) refresh(now *paperspace.Machine) {
	m.ID, m.Name, m.MachineType = types.StringValue(now.ID), types.StringValue(now.Name), types.StringValue(now.MachineType)
	m.State, m.PublicIP, m.PrivateIP = types.StringValue(string(now.State)), orNull(now.PublicIP), orNull(now.PrivateIP)
	for field, value := range map[*types.String]string{
		&m.Region: string(now.Region), &m.NetworkID: now.NetworkID, &m.PublicIPType: string(now.PublicIPType),
	} {
		if value != "" || field.IsUnknown() {
			*field = orNull(value)
		}
	}
	switch now.State {
	case paperspace.MachineStateOff, paperspace.MachineStateStopping:
		m.Running = types.BoolValue(false)
	case paperspace.MachineStateProvisioning, paperspace.MachineStateUpgrading: // on the way to either state
	default:
		m.Running = types.BoolValue(true)
	}
}

// wantedState returns the state that the machine should be in.
func (m machineModel) wantedState() paperspace.MachineState {
	if m.Running.ValueBool() {
		return paperspace.MachineStateReady
	}
	return paperspace.MachineStateOff
}

// known returns a pointer to the value, or nil if it is null or unknown.
func known(s types.String) *string {
	if s.IsUnknown() {
		return nil
	}
	return s.ValueStringPointer()
}

func orNull(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}
