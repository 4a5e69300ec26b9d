package paperspace_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// Wait polls the event until it ends, and then gets the object again.
func ExampleOperation_Wait() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	id := newMachine(client, "trainer").ID
	ctx := context.Background()

	op, err := client.Machines.Start(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	machine, err := op.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("before:", op.Data.State)
	fmt.Println("after:", machine.State)
	// Output:
	// before: starting
	// after: ready
}

// Watch yields each change of the operation's event that a poll sees, for example to show progress.
func ExampleOperation_Watch() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	id := newMachine(client, "trainer").ID
	ctx := context.Background()

	op, err := client.Machines.Start(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	for event, err := range op.Watch(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Name, event.State)
	}
	// Output:
	// start in progress
	// start done
}

// An operation can fail after the call that started it succeeded.
func ExampleEventError() {
	srv := newServer()
	client := newClient(srv) // paperspace.NewClient(paperspace.FromEnv())
	id := newMachine(client, "trainer").ID
	srv.NextEvent(paperspace.MachineEventNameStart, paperspacetest.Fails("no capacity"))
	ctx := context.Background()

	op, err := client.Machines.Start(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	machine, err := op.Wait(ctx)
	if failed, ok := errors.AsType[*paperspace.EventError](err); ok {
		fmt.Println(failed.Event.Name, "failed:", failed.Event.Error)
		fmt.Println("the machine is", machine.State)
	}
	// Output:
	// start failed: no capacity
	// the machine is off
}

// A wait that ends early leaves the operation running. Its error names what is pending.
func ExampleWaitError() {
	srv := newServer()
	client := newClient(srv) // paperspace.NewClient(paperspace.FromEnv())
	id := newMachine(client, "trainer").ID
	srv.NextEvent(paperspace.MachineEventNameStart, paperspacetest.Hangs())
	ctx := context.Background()

	op, err := client.Machines.Start(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	_, err = op.Wait(ctx, paperspace.WithWaitTimeout(250*time.Millisecond))
	if pending, ok := errors.AsType[*paperspace.WaitError](err); ok && errors.Is(err, paperspace.ErrWaitTimeout) {
		fmt.Println("pending is the start's event:", pending.IDs[0] == op.Event.ID)
		fmt.Println("it is", pending.LastStates[op.Event.ID])
	}
	// Output:
	// pending is the start's event: true
	// it is in progress
}

// Another process can wait for an operation with the id of its event.
func ExampleMachineEventsService_Wait() {
	srv := newServer()
	first := newClient(srv)
	op, err := first.Machines.Create(context.Background(), paperspace.MachineCreateParams{
		Name: "trainer", MachineType: "C5", TemplateID: paperspacetest.UbuntuID, DiskSize: 50, Region: paperspace.RegionNY2,
	})
	if err != nil {
		log.Fatal(err)
	}
	saved := op.Event.ID // for example in a database

	second := newClient(srv)
	events, err := second.MachineEvents.Wait(context.Background(), []string{saved})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(events[0].Name, events[0].State, events[0].MachineID == op.Data.ID)
	// Output: create done true
}

// Watch polls an event by its id, from any process, and yields each change that a poll sees.
func ExampleMachineEventsService_Watch() {
	client := newClient(newServer())
	op, err := client.Machines.Start(context.Background(), newMachine(client, "trainer").ID)
	if err != nil {
		log.Fatal(err)
	}
	saved := op.Event.ID

	for event, err := range client.MachineEvents.Watch(context.Background(), saved) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Name, event.State)
	}
	// Output:
	// start in progress
	// start done
}

// EnsureReady takes the fewest steps from any state of the machine. WithOnChange shows them.
func ExampleMachinesService_EnsureReady() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	id := newMachine(client, "trainer").ID

	machine, err := client.Machines.EnsureReady(context.Background(), id, paperspace.WithOnChange(func(u paperspace.WaitUpdate) {
		switch {
		case u.Machine != nil:
			fmt.Println("it is", u.Machine.State)
		case u.Event != nil && !u.Event.Finished():
			fmt.Println("under way:", u.Event.Name)
		}
	}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("reachable at", machine.PublicIP)
	// Output:
	// it is off
	// under way: start
	// it is ready
	// reachable at 184.105.0.3
}

// Watch yields the machine at each change that a poll sees, until the loop ends.
func ExampleMachinesService_Watch() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	id := newMachine(client, "trainer").ID
	ctx := context.Background()

	if _, err := client.Machines.Start(ctx, id); err != nil {
		log.Fatal(err)
	}
	for machine, err := range client.Machines.Watch(ctx, id) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(machine.State)
		if machine.State == paperspace.MachineStateReady {
			break
		}
	}
	// Output:
	// starting
	// ready
}

// Apply waits for the spec that it sends. An earlier healthy spec does not end the wait.
func ExampleDeploymentsService_Apply() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	deployment := newDeployment(client)

	config := *deployment.LatestSpec.Data
	config.V1.Image = "ghcr.io/acme/api:1.5"
	deployment, err := client.Deployments.Apply(context.Background(), paperspace.DeploymentUpsertParams{
		DeploymentID: &deployment.ID, ProjectID: deployment.ProjectID, Config: config,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(deployment.LatestSpec.Data.V1.Image, "is healthy:", !deployment.LatestSpec.HealthyAt.IsZero())
	// Output: ghcr.io/acme/api:1.5 is healthy: true
}

// DeploymentError has the messages of the failed instances.
func ExampleDeploymentError() {
	srv := newServer()
	client := newClient(srv) // paperspace.NewClient(paperspace.FromEnv())
	deployment := newDeployment(client)
	srv.NextSpec(paperspacetest.Unhealthy("cannot pull the image"))

	config := *deployment.LatestSpec.Data
	config.V1.Image = "ghcr.io/acme/api:typo"
	_, err := client.Deployments.Apply(context.Background(), paperspace.DeploymentUpsertParams{
		DeploymentID: &deployment.ID, ProjectID: deployment.ProjectID, Config: config,
	}, paperspace.WithFailureGrace(0)) // do not give the instances time for a restart
	if failed, ok := errors.AsType[*paperspace.DeploymentError](err); ok {
		for _, instance := range failed.Failed {
			fmt.Println(instance.State, instance.StateMessage)
		}
	}
	// Output:
	// error cannot pull the image
	// error cannot pull the image
}

// FollowLogs yields lines until the loop or the context ends.
func ExampleDeploymentsService_FollowLogs() {
	srv := newServer()
	client := newClient(srv) // paperspace.NewClient(paperspace.FromEnv())
	id := newDeployment(client).ID
	srv.AddLog(id, "", "listening on :8080")

	for line, err := range client.Deployments.FollowLogs(context.Background(), id, paperspace.FollowLogsParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(line.Message)
		if line.Message == "listening on :8080" {
			break
		}
	}
	// Output:
	// the instance is healthy
	// the instance is healthy
	// listening on :8080
}
