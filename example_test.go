package paperspace_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync/atomic"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// newServer returns an in-memory Paperspace for an example. Its clock advances five seconds with each call, so the
// example runs at once and its output never varies.
func newServer() *paperspacetest.Server {
	var calls atomic.Int64
	start := time.Now()
	return paperspacetest.NewServer(paperspacetest.WithClock(func() time.Time {
		return start.Add(time.Duration(calls.Add(1)) * 5 * time.Second)
	}))
}

// newClient returns a client of the server that polls without delay. A program uses
// paperspace.NewClient(paperspace.FromEnv()).
func newClient(srv *paperspacetest.Server, opts ...paperspace.Option) *paperspace.Client {
	quick := []paperspace.Option{
		paperspace.WithPollInterval(time.Millisecond, time.Millisecond),
		paperspace.WithRetryPolicy(paperspace.RetryPolicy{MinDelay: time.Millisecond, MaxDelay: time.Millisecond}),
	}
	return srv.Client(append(quick, opts...)...)
}

// newMachine creates a machine, which is off, for an example about something else.
func newMachine(client *paperspace.Client, name string) *paperspace.Machine {
	ctx := context.Background()
	op, err := client.Machines.Create(ctx, paperspace.MachineCreateParams{
		Name: name, MachineType: "C5", TemplateID: paperspacetest.UbuntuID, DiskSize: 50, Region: paperspace.RegionNY2,
	})
	if err != nil {
		log.Fatal(err)
	}
	machine, err := op.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	return machine
}

// assignAddress gives the machine a static address, for an example about something else.
func assignAddress(client *paperspace.Client, machine *paperspace.Machine) {
	ctx := context.Background()
	address, err := client.PublicIPs.Claim(ctx, paperspace.PublicIPClaimParams{Region: machine.Region})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.PublicIPs.Assign(ctx, address.IP, paperspace.PublicIPAssignParams{MachineID: paperspace.Value(machine.ID)}); err != nil {
		log.Fatal(err)
	}
}

// newProject creates a project for an example about something else.
func newProject(client *paperspace.Client) *paperspace.Project {
	project, err := client.Projects.Create(context.Background(), paperspace.ProjectCreateParams{Name: "search"})
	if err != nil {
		log.Fatal(err)
	}
	return project
}

// newDeployment creates a deployment of two instances for an example about something else.
func newDeployment(client *paperspace.Client) *paperspace.Deployment {
	deployment, err := client.Deployments.Apply(context.Background(), paperspace.DeploymentUpsertParams{
		ProjectID: newProject(client).ID,
		Config: paperspace.DeploymentConfig{V1: &paperspace.DeploymentConfigV1{
			Name: "api", Image: "ghcr.io/acme/api:1.4",
			Resources: paperspace.DeploymentResources{MachineType: "C5", Replicas: new(2), Ports: []int{8080}},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	return deployment
}

// Create a machine, wait until it is ready, and delete it.
func Example() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()

	op, err := client.Machines.Create(ctx, paperspace.MachineCreateParams{
		Name: "trainer", MachineType: "A4000", TemplateID: paperspacetest.UbuntuID, DiskSize: 100,
		Region: paperspace.RegionNY2, StartOnCreate: new(true),
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := op.Wait(ctx); err != nil {
		log.Fatal(err)
	}
	machine, err := client.Machines.WaitForState(ctx, op.Data.ID, paperspace.MachineStateReady)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s is %s at %s\n", machine.Name, machine.State, machine.PublicIP)

	if op, err = client.Machines.Delete(ctx, machine.ID); err != nil {
		log.Fatal(err)
	}
	if _, err := op.Wait(ctx); err != nil {
		log.Fatal(err)
	}
	_, err = client.Machines.Get(ctx, machine.ID)
	fmt.Println("gone:", errors.Is(err, paperspace.ErrNotFound))
	// Output:
	// trainer is ready at 184.105.0.3
	// gone: true
}
