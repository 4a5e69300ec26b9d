package paperspace_test

// Common jobs. The README's snippets are paragraphs of these examples; snippets_test.go compares the two.

import (
	"context"
	"fmt"
	"log"
	"strings"

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

func Example_create() {
	client, ctx := newClient(newServer()), context.Background()

	ubuntu, err := client.OSTemplates.GetByName(ctx, "Ubuntu 22.04")
	if err != nil {
		log.Fatal(err)
	}
	machine, err := client.Machines.EnsureCreated(ctx, paperspace.MachineCreateParams{
		Name: "trainer", MachineType: "A4000", TemplateID: ubuntu.ID, DiskSize: 100, Region: paperspace.RegionNY2,
		StartOnCreate: new(true),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ssh paperspace@" + machine.PublicIP)

	// Output: ssh paperspace@184.105.0.3
}

func Example_turnOffAndOn() {
	srv := newServer()
	client, ctx := newClient(srv), context.Background()
	newMachine(client, "trainer")

	machine, err := client.Machines.GetByName(ctx, "trainer")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Machines.EnsureOff(ctx, machine.ID); err != nil {
		log.Fatal(err)
	}
	if _, err := client.Machines.EnsureReady(ctx, machine.ID); err != nil {
		log.Fatal(err)
	}

	fmt.Println("starts:", len(srv.Calls("machines-start")))
	// Output: starts: 1
}

func Example_stopAll() {
	srv := newServer()
	client, ctx := newClient(srv), context.Background()
	for _, name := range []string{"worker-1", "worker-2", "trainer"} {
		id := newMachine(client, name).ID
		if name == "trainer" {
			continue // it is off
		}
		if _, err := client.Machines.EnsureReady(ctx, id); err != nil {
			log.Fatal(err)
		}
	}

	var events []string
	for machine, err := range client.Machines.All(ctx, paperspace.MachineListParams{Region: paperspace.RegionNY2}) {
		if err != nil {
			log.Fatal(err)
		}
		if machine.State != paperspace.MachineStateReady {
			continue
		}
		op, err := client.Machines.Stop(ctx, machine.ID)
		if err != nil {
			log.Fatal(err)
		}
		events = append(events, op.EventID())
	}
	if _, err := client.MachineEvents.Wait(ctx, events); err != nil {
		log.Fatal(err)
	}

	fmt.Println("stops:", len(srv.Calls("machines-stop")))
	// Output: stops: 2
}

func Example_deploy() {
	client, ctx := newClient(newServer()), context.Background()
	newProject(client)

	project, err := client.Projects.GetByName(ctx, "search")
	if err != nil {
		log.Fatal(err)
	}
	deployment, err := client.Deployments.Apply(ctx, paperspace.DeploymentUpsertParams{
		ProjectID: project.ID,
		Config: paperspace.DeploymentConfig{V1: &paperspace.DeploymentConfigV1{
			Name: "api", Image: "ghcr.io/acme/api:1.4",
			Resources: paperspace.DeploymentResources{MachineType: "C5", Replicas: new(2), Ports: []int{8080}},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(deployment.Name, "is healthy")

	// Output: api is healthy
}

func Example_remove() {
	srv := newServer()
	client, ctx := newClient(srv), context.Background()
	assignAddress(client, newMachine(client, "trainer"))

	machine, err := client.Machines.GetByName(ctx, "trainer")
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Machines.EnsureDeleted(ctx, machine.ID); err != nil {
		log.Fatal(err)
	}
	if machine.PublicIPType == paperspace.PublicIPTypeStatic { // it costs until it is released
		if err := client.PublicIPs.EnsureReleased(ctx, machine.PublicIP); err != nil {
			log.Fatal(err)
		}
	}

	fmt.Println("released:", len(srv.Calls("publicIps-release")) == 1)
	// Output: released: true
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
			fmt.Println(machine.Name, machine.MachineType, machine.State)
		}
	}

	// Output: worker-1 C5 off
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
