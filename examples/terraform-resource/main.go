// Terraform-resource is a Terraform provider with one resource, paperspace_machine. It shows how the SDK fits into
// terraform-plugin-framework: timeouts, import, drift, logs, lost responses, and applies that are interrupted.
//
// Terraform starts it as a plugin. Started by hand, it applies some configurations to an in-memory Paperspace without
// Terraform, and needs neither an API key nor a network. To use it with Terraform, build it, and name its directory in
// the CLI configuration:
//
//	provider_installation {
//	  dev_overrides { "paperspace-go/paperspace" = "/directory/of/terraform-provider-paperspace" }
//	  direct {}
//	}
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/examples/terraform-resource/inprocess"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

const address = "registry.terraform.io/paperspace-go/paperspace"

func main() {
	var err error
	if os.Getenv("TF_PLUGIN_MAGIC_COOKIE") != "" { // set by Terraform
		err = providerserver.Serve(context.Background(), func() provider.Provider { return newProvider() },
			providerserver.ServeOpts{Address: address})
	} else {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		err = demonstrate(ctx)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// demonstrate creates, changes, loses and deletes a machine. A minute passes in a second.
func demonstrate(ctx context.Context) error {
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(60))
	terraform, err := inprocess.New(ctx, providerserver.NewProtocol6(newProvider(fakeOptions(srv)...))(), "paperspace_machine", nil)
	if err != nil {
		return err
	}
	config := map[string]any{
		"name": "trainer", "machine_type": "C5", "template_id": paperspacetest.UbuntuID, "disk_size": 50, "region": "ny2",
	}
	apply := func(what string) error {
		action, err := terraform.Plan(ctx, config)
		if err != nil {
			return err
		}
		err = terraform.Apply(ctx, config)
		state := terraform.State()
		fmt.Printf("%-35s %-8s %v: %v, %v, %v GB\n", what, action, state["name"], state["machine_type"], state["state"], state["disk_size"])
		return err
	}
	if err := apply("a new machine"); err != nil {
		return err
	}
	config["machine_type"], config["disk_size"] = "A4000", 100
	if err := apply("another type and a larger disk"); err != nil {
		return err
	}
	config["running"] = false
	if err := apply("off"); err != nil {
		return err
	}
	if err := srv.Client().Machines.EnsureDeleted(ctx, fmt.Sprint(terraform.State()["id"])); err != nil {
		return err
	}
	if err := apply("after someone else has deleted it"); err != nil {
		return err
	}
	if err := terraform.Destroy(ctx); err != nil {
		return err
	}
	fmt.Println("destroyed")
	return nil
}

// fakeOptions make the provider use an in-memory Paperspace, whose time passes fast.
func fakeOptions(srv *paperspacetest.Server) []paperspace.Option {
	return []paperspace.Option{
		paperspace.WithBaseURL(srv.URL()), paperspace.WithAPIKey(srv.Key()), paperspace.WithHTTPClient(srv.HTTPClient()),
		paperspace.WithPollInterval(50*time.Millisecond, 500*time.Millisecond),
	}
}
