package paperspace_test

// The ten most common jobs, as the README shows them: snippets_test.go compares the two.

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func Example_checkTheKey() {
	client, ctx := newClient(newServer()), context.Background()

	session, err := client.Auth.Session(ctx)
	if err != nil {
		log.Fatal(err) // a wrong key matches paperspace.ErrUnauthorized
	}
	fmt.Println(session.User.Email, "works for team", session.Team.Namespace)

	// Output: ada@example.com works for team example
}

func Example_connect() {
	client, ctx := newClient(newServer()), context.Background()
	newMachine(client, "trainer")

	machine, err := client.Machines.GetByName(ctx, "trainer") // exactly this name, and only one
	if err != nil {
		log.Fatal(err)
	}
	machine, err = client.Machines.EnsureReady(ctx, machine.ID) // starts it, or waits, or does nothing
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ssh paperspace@" + machine.PublicIP)

	// Output: ssh paperspace@184.105.0.3
}

func Example_turnOff() {
	client, ctx := newClient(newServer()), context.Background()
	machine := newMachine(client, "trainer")
	if _, err := client.Machines.EnsureReady(ctx, machine.ID); err != nil {
		log.Fatal(err)
	}

	machine, err := client.Machines.EnsureOff(ctx, machine.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(machine.Name, "is", machine.State) // and costs its storage only

	// Output: trainer is off
}

func Example_findTemplate() {
	client, ctx := newClient(newServer()), context.Background()

	var ubuntu paperspace.OSTemplate
	for template, err := range client.OSTemplates.All(ctx, paperspace.OSTemplateListParams{Name: "Ubuntu 22.04"}) {
		if err != nil {
			log.Fatal(err)
		}
		if template.Name == "Ubuntu 22.04" { // the service also finds names that contain it
			ubuntu = template
		}
	}

	fmt.Println(ubuntu.ID)
	// Output: t0nspur5
}

func Example_createWithKey() {
	client, ctx := newClient(newServer()), context.Background()
	publicKey, ubuntu := "ssh-ed25519 AAAA ada@example.com", paperspace.OSTemplate{ID: paperspacetest.UbuntuID}

	script, err := client.StartupScripts.Create(ctx, paperspace.StartupScriptCreateParams{
		Name:      "install the SSH key",
		Script:    paperspace.Sensitive("#!/bin/sh\necho '" + publicKey + "' >> /home/paperspace/.ssh/authorized_keys\n"),
		IsRunOnce: new(true),
	})
	if err != nil {
		log.Fatal(err)
	}
	op, err := client.Machines.Create(ctx, paperspace.MachineCreateParams{
		Name: "trainer", MachineType: "A4000", TemplateID: ubuntu.ID, DiskSize: 100, Region: paperspace.RegionNY2,
		StartupScriptID: &script.ID, StartOnCreate: new(true),
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := op.Wait(ctx); err != nil { // fails at once if the machine cannot be created
		log.Fatal(err)
	}
	machine, err := client.Machines.WaitForState(ctx, op.Data.ID, paperspace.MachineStateReady)
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println(machine.Name, machine.State)
	// Output: trainer ready
}

func Example_filter() {
	client, ctx := newClient(newServer()), context.Background()
	newMachine(client, "worker-1")
	newMachine(client, "trainer")

	params := paperspace.MachineListParams{Region: paperspace.RegionNY2}
	for machine, err := range client.Machines.All(ctx, params) {
		if err != nil {
			log.Fatal(err)
		}
		if strings.HasPrefix(machine.Name, "worker-") {
			fmt.Printf("%s %s $%.2f/h\n", machine.Name, machine.State, machine.UsageRate)
		}
	}

	// Output: worker-1 off $0.08/h
}

func Example_deploy() {
	client, ctx := newClient(newServer()), context.Background()
	project := newProject(client)

	params := paperspace.DeploymentUpsertParams{
		ProjectID: project.ID,
		Config: paperspace.DeploymentConfig{V1: &paperspace.DeploymentConfigV1{
			Name: "api", Image: "ghcr.io/acme/api:1.4",
			Resources: paperspace.DeploymentResources{MachineType: "C5", Replicas: new(2), Ports: []int{8080}},
		}},
	}
	// Changes the project's deployment with this name, or creates it, and waits until this very spec is healthy.
	deployment, err := client.Deployments.Apply(ctx, params)
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println(deployment.Name, deployment.LatestSpec.Data.V1.Image, strings.HasPrefix(deployment.URL(), "https://"))
	// Output: api ghcr.io/acme/api:1.4 true
}

func Example_switchOff() {
	client, ctx := newClient(newServer()), context.Background()
	projectID := newDeployment(client).ProjectID

	deployment, err := client.Deployments.GetByName(ctx, projectID, "api")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Deployments.SetEnabled(ctx, deployment.ID, false); err != nil {
		log.Fatal(err)
	}
	before := deployment.LatestSpec.ID
	deployment, err = client.Deployments.WaitUntilHealthy(ctx, deployment.ID, paperspace.WaitUntilHealthyParams{AfterSpecID: before})
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println("enabled:", *deployment.LatestSpec.Data.V1.Enabled)
	// Output: enabled: false
}

func Example_remove() {
	srv := newServer()
	client, ctx := newClient(srv), context.Background()
	machine := newMachine(client, "trainer")
	address, err := client.PublicIPs.Claim(ctx, paperspace.PublicIPClaimParams{Region: machine.Region})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.PublicIPs.Assign(ctx, address.IP, paperspace.PublicIPAssignParams{MachineID: paperspace.Value(machine.ID)}); err != nil {
		log.Fatal(err)
	}
	if machine, err = client.Machines.Get(ctx, machine.ID); err != nil {
		log.Fatal(err)
	}

	op, err := client.Machines.Delete(ctx, machine.ID)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := op.Wait(ctx); err != nil {
		log.Fatal(err)
	}
	if machine.PublicIPType == paperspace.PublicIPTypeStatic { // it stays, and costs, until it is released
		if _, err := client.PublicIPs.Release(ctx, machine.PublicIP); err != nil {
			log.Fatal(err)
		}
	}

	fmt.Println("released:", len(srv.Calls("publicIps-release")) == 1)
	// Output: released: true
}

func Example_createOnce() {
	srv := newServer()
	client, ctx := newClient(srv), context.Background()
	srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Cut: true, CarriedOut: true})
	params := paperspace.MachineCreateParams{
		Name: "trainer-7f3a", MachineType: "C5", TemplateID: paperspacetest.UbuntuID, DiskSize: 50, Region: paperspace.RegionNY2,
	}
	var id string

	switch op, err := client.Machines.Create(ctx, params); {
	case err == nil:
		id = op.Data.ID
	case errors.Is(err, paperspace.ErrOutcomeUnknown): // the response was lost: look before you create another
		machine, err := client.Machines.GetByName(ctx, params.Name)
		for wait := time.Second; errors.Is(err, paperspace.ErrNotFound) && wait < time.Minute; wait *= 2 {
			time.Sleep(wait) // a new machine may not show for a while
			machine, err = client.Machines.GetByName(ctx, params.Name)
		}
		if err != nil {
			log.Fatal(err)
		}
		id = machine.ID
	default:
		log.Fatal(err)
	}

	fmt.Println(id != "", len(srv.Calls("machines-create")))
	// Output: true 1
}
