package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/paperspace-go/paperspace"
)

// paperspaceProvider makes the client that the resources use.
type paperspaceProvider struct{ options []paperspace.Option }

// newProvider returns the provider. The options are for tests, and apply after those of the configuration.
func newProvider(options ...paperspace.Option) provider.Provider {
	return &paperspaceProvider{options}
}

type providerModel struct {
	APIKey  types.String `tfsdk:"api_key"`
	BaseURL types.String `tfsdk:"base_url"`
}

func (p *paperspaceProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "paperspace"
}

func (p *paperspaceProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"api_key": schema.StringAttribute{
			Optional: true, Sensitive: true,
			Description: "The API key. The default is PAPERSPACE_API_KEY, or the file that PAPERSPACE_API_KEY_FILE names.",
		},
		"base_url": schema.StringAttribute{
			Optional: true, Description: "The base URL of the API. The default is PAPERSPACE_API_URL, or the public API.",
		},
	}}
}

func (p *paperspaceProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if config.APIKey.IsUnknown() {
		resp.Diagnostics.AddAttributeError(path.Root("api_key"), "The API key is unknown", "It must be known before the plan.")
	}
	if config.BaseURL.IsUnknown() {
		resp.Diagnostics.AddAttributeError(path.Root("base_url"), "The base URL is unknown", "It must be known before the plan.")
	}
	options := []paperspace.Option{
		paperspace.FromEnv(), paperspace.WithUserAgent("terraform-provider-paperspace/0.1"), paperspace.WithHook(logCall),
	}
	if key := config.APIKey.ValueString(); key != "" {
		options = append(options, paperspace.WithAPIKey(key))
	}
	if url := config.BaseURL.ValueString(); url != "" {
		options = append(options, paperspace.WithBaseURL(url))
	}
	client, err := paperspace.NewClient(append(options, p.options...)...)
	if err != nil {
		resp.Diagnostics.AddError("The provider is not configured", err.Error())
	}
	resp.ResourceData = client
}

// logCall logs each call to the API with TF_LOG_PROVIDER=DEBUG. The context of a call is that of the request from
// Terraform, which has the logger.
func logCall(ctx context.Context, info paperspace.CallInfo) (context.Context, func(paperspace.CallResult)) {
	return ctx, func(r paperspace.CallResult) {
		fields := map[string]any{
			"endpoint": info.Endpoint, "status": r.StatusCode, "attempts": len(r.Attempts), "duration_ms": r.Duration.Milliseconds(),
			"request_id": r.RequestID,
		}
		if r.Err != nil {
			fields["error"] = r.Err.Error()
		}
		tflog.Debug(ctx, "Paperspace API call", fields)
	}
}

func (p *paperspaceProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return new(machineResource) }}
}

func (p *paperspaceProvider) DataSources(context.Context) []func() datasource.DataSource { return nil }
