// Package inprocess plans and applies a resource in process, by the calls of the plugin protocol that Terraform makes. It
// checks of the provider what Terraform checks: a plan that fits the configuration, and a result that fits the plan.
package inprocess

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Terraform manages one resource. It is not safe for concurrent use.
type Terraform struct {
	server   tfprotov6.ProviderServer
	typeName string
	schema   *tfprotov6.Schema
	object   tftypes.Type

	state    tftypes.Value // null if there is no resource
	private  []byte
	tainted  bool
	warnings []string
}

// New configures the provider, and returns a Terraform without state for a resource of the given type.
func New(ctx context.Context, server tfprotov6.ProviderServer, typeName string, config map[string]any) (*Terraform, error) {
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, err
	}
	t := &Terraform{server: server, typeName: typeName, schema: schemas.ResourceSchemas[typeName]}
	if err := t.check(schemas.Diagnostics); err != nil {
		return nil, err
	}
	t.object = t.schema.ValueType()
	t.state = tftypes.NewValue(t.object, nil)
	provider, err := pack(schemas.Provider.ValueType(), config)
	if err != nil {
		return nil, err
	}
	resp, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{Config: provider, TerraformVersion: "1.11.4"})
	if err != nil {
		return nil, err
	}
	return t, t.check(resp.Diagnostics)
}

// State returns the attributes of the resource, or nil if there is none.
func (t *Terraform) State() map[string]any {
	m, _ := unpack(t.state).(map[string]any)
	return m
}

// Warnings returns the warnings of the last call.
func (t *Terraform) Warnings() string { return strings.Join(t.warnings, "\n") }

// plan is what an apply would do.
type plan struct {
	action  string
	config  tftypes.Value
	planned tftypes.Value
	private []byte
}

// Plan refreshes the state and returns what an apply would do: "create", "update", "replace" or "no-op".
func (t *Terraform) Plan(ctx context.Context, config map[string]any) (action string, err error) {
	t.warnings = nil
	p, err := t.plan(ctx, config)
	return p.action, err
}

// Apply refreshes the state, plans, and carries out the plan. An interrupt of Terraform is the end of the context.
func (t *Terraform) Apply(ctx context.Context, config map[string]any) error {
	t.warnings = nil
	p, err := t.plan(ctx, config)
	if err != nil {
		return err
	}
	switch p.action {
	case "no-op":
		return nil
	case "replace":
		if err := t.destroy(ctx); err != nil {
			return err
		}
	}
	return t.apply(ctx, p)
}

// Destroy refreshes the state and destroys the resource.
func (t *Terraform) Destroy(ctx context.Context) error {
	t.warnings = nil
	if err := t.refresh(ctx); err != nil || t.state.IsNull() {
		return err
	}
	return t.destroy(ctx)
}

// Import imports a resource by its ID.
func (t *Terraform) Import(ctx context.Context, id string) error {
	t.warnings = nil
	resp, err := t.server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: t.typeName, ID: id})
	if err != nil {
		return err
	}
	if err := t.check(resp.Diagnostics); err != nil {
		return err
	}
	imported := resp.ImportedResources[0]
	if t.state, err = imported.State.Unmarshal(t.object); err != nil {
		return err
	}
	t.private = imported.Private
	if err := t.refresh(ctx); err != nil {
		t.state = tftypes.NewValue(t.object, nil)
		return err
	}
	if t.state.IsNull() {
		return errors.New("cannot import non-existent remote object")
	}
	return nil
}

// Untaint keeps a resource whose create has failed.
func (t *Terraform) Untaint() { t.tainted = false }

func (t *Terraform) refresh(ctx context.Context) error {
	if t.state.IsNull() {
		return nil
	}
	current, err := tfprotov6.NewDynamicValue(t.object, t.state)
	if err != nil {
		return err
	}
	resp, err := t.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: t.typeName, CurrentState: &current, Private: t.private,
	})
	if err != nil {
		return err
	}
	if err := t.check(resp.Diagnostics); err != nil {
		return err
	}
	t.private = resp.Private
	t.state, err = resp.NewState.Unmarshal(t.object)
	return err
}

func (t *Terraform) plan(ctx context.Context, config map[string]any) (p plan, err error) {
	if err := t.refresh(ctx); err != nil {
		return p, err
	}
	packed, err := pack(t.object, config)
	if err != nil {
		return p, err
	}
	validated, err := t.server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: t.typeName, Config: packed})
	if err != nil {
		return p, err
	}
	if err := t.check(validated.Diagnostics); err != nil {
		return p, err
	}
	if p.config, err = packed.Unmarshal(t.object); err != nil {
		return p, err
	}
	none := tftypes.NewValue(t.object, nil)
	if t.state.IsNull() {
		p.action = "create"
		_, err = t.planFrom(ctx, &p, none, nil)
		return p, err
	}
	replace, err := t.planFrom(ctx, &p, t.state, t.private)
	switch {
	case err != nil:
		return p, err
	case replace || t.tainted:
		p.action = "replace"
		_, err = t.planFrom(ctx, &p, none, nil)
		return p, err
	case p.planned.Equal(t.state):
		p.action = "no-op"
	default:
		p.action = "update"
	}
	return p, nil
}

// planFrom plans the change from a prior state, and reports whether the provider requires a replacement.
func (t *Terraform) planFrom(ctx context.Context, p *plan, prior tftypes.Value, private []byte) (replace bool, err error) {
	proposed, err := t.proposed(prior, p.config)
	if err != nil {
		return false, err
	}
	req := &tfprotov6.PlanResourceChangeRequest{TypeName: t.typeName, PriorPrivate: private}
	if err := t.marshal(map[**tfprotov6.DynamicValue]tftypes.Value{
		&req.PriorState: prior, &req.ProposedNewState: proposed, &req.Config: p.config,
	}); err != nil {
		return false, err
	}
	resp, err := t.server.PlanResourceChange(ctx, req)
	if err != nil {
		return false, err
	}
	if err := t.check(resp.Diagnostics); err != nil {
		return false, err
	}
	p.private = resp.PlannedPrivate
	if p.planned, err = resp.PlannedState.Unmarshal(t.object); err != nil {
		return false, err
	}
	for _, path := range resp.RequiresReplace {
		before, _, err := tftypes.WalkAttributePath(prior, path)
		if err != nil {
			continue // there was no resource
		}
		after, _, err := tftypes.WalkAttributePath(p.planned, path)
		if err != nil {
			return false, err
		}
		replace = replace || !before.(tftypes.Value).Equal(after.(tftypes.Value))
	}
	return replace, t.checkPlan(prior, p)
}

// proposed merges the configuration with the values of computed attributes that it does not set.
func (t *Terraform) proposed(prior, config tftypes.Value) (tftypes.Value, error) {
	before, err := attributes(prior)
	if err != nil {
		return tftypes.Value{}, err
	}
	proposed, err := attributes(config)
	if err != nil {
		return tftypes.Value{}, err
	}
	for _, a := range t.schema.Block.Attributes {
		if value, ok := before[a.Name]; ok && a.Computed && proposed[a.Name].IsNull() {
			proposed[a.Name] = value
		}
	}
	return tftypes.NewValue(t.object, proposed), nil
}

// checkPlan checks that the plan has the configured values, and no others where nothing may be computed.
func (t *Terraform) checkPlan(prior tftypes.Value, p *plan) error {
	before, err := attributes(prior)
	if err != nil {
		return err
	}
	config, err := attributes(p.config)
	if err != nil {
		return err
	}
	planned, err := attributes(p.planned)
	if err != nil {
		return err
	}
	for _, a := range t.schema.Block.Attributes {
		is := planned[a.Name]
		old, existed := before[a.Name]
		if !is.Equal(config[a.Name]) && !(existed && is.Equal(old)) && !(config[a.Name].IsNull() && a.Computed) {
			return fmt.Errorf("provider produced invalid plan: %s is neither the configured value nor the prior one", a.Name)
		}
	}
	return nil
}

// apply carries out a plan for a resource that is created or updated.
func (t *Terraform) apply(ctx context.Context, p plan) error {
	isNew := t.state.IsNull()
	state, private, failed := t.change(ctx, p.planned, p.config, p.private)
	if state.IsNull() && !isNew {
		return errors.Join(failed, errors.New("provider produced no state for a resource that exists"))
	}
	t.state, t.private, t.tainted = state, private, isNew && failed != nil && !state.IsNull()
	if failed != nil {
		return failed
	}
	planned, err := attributes(p.planned)
	if err != nil {
		return err
	}
	applied, err := attributes(state)
	if err != nil {
		return err
	}
	for name, value := range planned {
		if !applied[name].IsFullyKnown() || value.IsFullyKnown() && !value.Equal(applied[name]) {
			return fmt.Errorf("provider produced inconsistent result after apply: %s was planned as %v, and is %v", name, value, applied[name])
		}
	}
	return nil
}

func (t *Terraform) destroy(ctx context.Context) error {
	none := tftypes.NewValue(t.object, nil)
	state, private, err := t.change(ctx, none, none, t.private)
	t.state, t.private = state, private
	t.tainted = t.tainted && err != nil
	return err
}

// change asks the provider to apply a planned state, and returns the new state and private state. If the context ends, it
// tells the provider to stop, as Terraform does when it is interrupted.
func (t *Terraform) change(ctx context.Context, planned, config tftypes.Value, private []byte) (tftypes.Value, []byte, error) {
	req := &tfprotov6.ApplyResourceChangeRequest{TypeName: t.typeName, PlannedPrivate: private}
	if err := t.marshal(map[**tfprotov6.DynamicValue]tftypes.Value{
		&req.PriorState: t.state, &req.PlannedState: planned, &req.Config: config,
	}); err != nil {
		return t.state, t.private, err
	}
	stop := context.AfterFunc(ctx, func() {
		_, _ = t.server.StopProvider(context.WithoutCancel(ctx), &tfprotov6.StopProviderRequest{})
	})
	defer stop()
	resp, err := t.server.ApplyResourceChange(context.WithoutCancel(ctx), req)
	if err != nil {
		return t.state, t.private, err
	}
	failed := t.check(resp.Diagnostics)
	state, err := resp.NewState.Unmarshal(t.object)
	return state, resp.Private, errors.Join(failed, err)
}

func (t *Terraform) marshal(values map[**tfprotov6.DynamicValue]tftypes.Value) error {
	for to, value := range values {
		packed, err := tfprotov6.NewDynamicValue(t.object, value)
		if err != nil {
			return err
		}
		*to = &packed
	}
	return nil
}

// check records the warnings, and returns the errors as one.
func (t *Terraform) check(list []*tfprotov6.Diagnostic) error {
	var errs []error
	for _, d := range list {
		text := fmt.Sprintf("%s: %s", d.Summary, d.Detail)
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			errs = append(errs, errors.New(text))
		} else {
			t.warnings = append(t.warnings, text)
		}
	}
	return errors.Join(errs...)
}
