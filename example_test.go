package paperspace_test

// Examples in this file use nothing from another file of the package, because pkg.go.dev runs only such examples.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"strings"
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

// The README's snippets are paragraphs of the following examples; snippets_test.go compares the two.

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

// All fetches a page when the loop reaches it, so a loop that ends early sends no more requests than it needs.
func ExampleMachinesService_All() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	for _, name := range []string{"worker-1", "worker-2", "trainer"} {
		newMachine(client, name)
	}

	params := paperspace.MachineListParams{Region: paperspace.RegionNY2}
	params.OrderBy, params.Order = paperspace.OrderByName, paperspace.OrderAsc
	for machine, err := range client.Machines.All(context.Background(), params) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(machine.Name, machine.State)
	}
	// Output:
	// trainer off
	// worker-1 off
	// worker-2 off
}

// List fetches one page, for programs that pass the cursor on.
func ExampleMachinesService_List() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	for _, name := range []string{"worker-1", "worker-2", "worker-3"} {
		newMachine(client, name)
	}

	ctx := context.Background()
	page, err := client.Machines.List(ctx, paperspace.MachineListParams{ListParams: paperspace.ListParams{Limit: 2}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Items), "machines, more:", page.HasMore)

	page, err = client.Machines.List(ctx, paperspace.MachineListParams{
		ListParams: paperspace.ListParams{Limit: 2, After: page.NextPage},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Items), "machine, more:", page.HasMore)
	// Output:
	// 2 machines, more: true
	// 1 machine, more: false
}

func ExampleCollect() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())

	templates, err := paperspace.Collect(client.OSTemplates.All(context.Background(), paperspace.OSTemplateListParams{}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(templates), "templates")
	// Output: 4 templates
}

func ExampleWithPrefetch() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	for _, name := range []string{"worker-1", "worker-2", "worker-3"} {
		newMachine(client, name)
	}

	// The second page is fetched while the loop handles the machines of the first.
	params := paperspace.MachineListParams{ListParams: paperspace.ListParams{Limit: 2}}
	count := 0
	for _, err := range client.Machines.All(context.Background(), params, paperspace.WithPrefetch()) {
		if err != nil {
			log.Fatal(err)
		}
		count++
	}
	fmt.Println(count, "machines")
	// Output: 3 machines
}

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

// Check errors with errors.Is. Error has the details.
func ExampleError() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())

	_, err := client.Machines.Get(context.Background(), "psm9u09bwu5i")
	if errors.Is(err, paperspace.ErrNotFound) {
		fmt.Println("there is no such machine")
	}
	if failed, ok := errors.AsType[*paperspace.Error](err); ok {
		fmt.Println(failed.Endpoint, failed.StatusCode, failed.Code, failed.Attempts)
	}
	// Output:
	// there is no such machine
	// machines-get 404 NOT_FOUND 1
}

// The response to a create can get lost after the service has created the object. Creates are not retried, so look for
// the object.
func ExampleError_outcomeUnknown() {
	srv := newServer()
	client := newClient(srv) // paperspace.NewClient(paperspace.FromEnv())
	srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Cut: true, CarriedOut: true})
	ctx := context.Background()

	const name = "trainer-7f3a" // names need not be unique, so make one that is
	_, err := client.Machines.Create(ctx, paperspace.MachineCreateParams{
		Name: name, MachineType: "C5", TemplateID: paperspacetest.UbuntuID, DiskSize: 50, Region: paperspace.RegionNY2,
	})
	if errors.Is(err, paperspace.ErrOutcomeUnknown) {
		machine, err := client.Machines.GetByName(ctx, name)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("it was created nevertheless:", machine.Name)
	}
	fmt.Println("creates:", len(srv.Calls("machines-create")))
	// Output:
	// it was created nevertheless: trainer-7f3a
	// creates: 1
}

// EnsureCreated looks by itself. It sends the create at most once, and can be called again at any time.
func ExampleMachinesService_EnsureCreated() {
	srv := newServer()
	client := newClient(srv) // paperspace.NewClient(paperspace.FromEnv())
	srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Cut: true, CarriedOut: true})
	ctx := context.Background()

	params := paperspace.MachineCreateParams{
		Name: "trainer", MachineType: "C5", TemplateID: paperspacetest.UbuntuID, DiskSize: 50, Region: paperspace.RegionNY2,
		StartOnCreate: new(true),
	}
	for range 2 {
		machine, err := client.Machines.EnsureCreated(ctx, params)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(machine.Name, "is", machine.State, "and was created by this call:", machine.Created)
	}
	fmt.Println("creates:", len(srv.Calls("machines-create")))
	// Output:
	// trainer is ready and was created by this call: true
	// trainer is ready and was created by this call: false
	// creates: 1
}

// FindOrCreate returns before the machine is ready, so that another process can store what it waits for.
func ExampleMachinesService_FindOrCreate() {
	srv := newServer()
	client := newClient(srv) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()

	found, err := client.Machines.FindOrCreate(ctx, paperspace.MachineCreateParams{
		Name: "trainer", MachineType: "C5", TemplateID: paperspacetest.UbuntuID, DiskSize: 50, Region: paperspace.RegionNY2,
		StartOnCreate: new(true),
	})
	if err != nil {
		log.Fatal(err)
	}
	stored, err := json.Marshal(found)
	if err != nil {
		log.Fatal(err)
	}

	// In another process:
	var resumed paperspace.EnsuredMachine
	if err := json.Unmarshal(stored, &resumed); err != nil {
		log.Fatal(err)
	}
	if resumed.Operation != nil { // nil if the machine was found
		if _, err := resumed.Operation.Bind(client).Wait(ctx); err != nil {
			log.Fatal(err)
		}
	}
	machine, err := client.Machines.EnsureReady(ctx, resumed.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(machine.Name, "is", machine.State)
	// Output:
	// trainer is ready
}

// EnsureDeleted succeeds if the machine does not exist, even if the response to the delete is lost.
func ExampleMachinesService_EnsureDeleted() {
	srv := newServer()
	client := newClient(srv) // paperspace.NewClient(paperspace.FromEnv())
	id := newMachine(client, "trainer").ID
	srv.Inject(paperspacetest.Fault{Endpoint: "machines-delete", Cut: true, CarriedOut: true})
	for range 2 {
		if err := client.Machines.EnsureDeleted(context.Background(), id); err != nil {
			log.Fatal(err)
		}
	}
	_, err := client.Machines.Get(context.Background(), id)
	fmt.Println("deleted:", errors.Is(err, paperspace.ErrNotFound))
	// Output:
	// deleted: true
}

// Invalid params are refused before anything is sent.
func ExampleParamError() {
	srv := newServer()
	client := newClient(srv) // paperspace.NewClient(paperspace.FromEnv())

	_, err := client.Machines.Create(context.Background(), paperspace.MachineCreateParams{Name: "trainer", MachineType: "C5"})
	if wrong, ok := errors.AsType[*paperspace.ParamError](err); ok {
		fmt.Println("wrong:", wrong.Field, "of", wrong.Endpoint)
	}
	fmt.Println("sent:", len(srv.Calls()))
	// Output:
	// wrong: templateId of machines-create
	// sent: 0
}

// Names need not be unique, and GetByName does not guess.
func ExampleMachinesService_GetByName() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	newMachine(client, "trainer")
	newMachine(client, "trainer")

	_, err := client.Machines.GetByName(context.Background(), "trainer")
	fmt.Println("ambiguous:", errors.Is(err, paperspace.ErrAmbiguous))
	_, err = client.Machines.GetByName(context.Background(), "train")
	fmt.Println("not found:", errors.Is(err, paperspace.ErrNotFound))
	// Output:
	// ambiguous: true
	// not found: true
}

// A client gets its key from an option, here from a vault, or with FromEnv from the environment.
func ExampleNewClient() {
	keyFromVault := func() string { return "0123456789abcdef" }

	client, err := paperspace.NewClient(paperspace.WithAPIKey(keyFromVault()), paperspace.WithUserAgent("my-tool/1.2"))
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
	fmt.Println(client)
	// Output: paperspace.Client{BaseURL: https://api.paperspace.com/v1, APIKey: [REDACTED]}
}

// With returns a copy with other options, here with more attempts. Both share their connections.
func ExampleClient_With() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())

	patient, err := client.With(paperspace.WithRetryPolicy(paperspace.RetryPolicy{MaxAttempts: 10}))
	if err != nil {
		log.Fatal(err)
	}
	session, err := patient.Auth.Session(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.User.Email)
	// Output: ada@example.com
}

// Do calls endpoints without a method, with the client's authentication, retries and errors.
func ExampleClient_Do() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())

	var templates struct {
		Items []struct {
			Name string `json:"name"`
		} `json:"items"`
	}
	err := client.Do(context.Background(), paperspace.Request{
		Method: http.MethodGet, Path: "/os-templates", Query: map[string][]string{"limit": {"1"}},
	}, &templates)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(templates.Items[0].Name)
	// Output: Windows 10 (Server 2022)
}

// A hook sees each call with all its attempts, as metrics, traces and audit logs need it.
func ExampleWithHook() {
	srv := newServer()
	client := newClient(srv, paperspace.WithHook(func(ctx context.Context, info paperspace.CallInfo) (context.Context, func(paperspace.CallResult)) {
		return ctx, func(result paperspace.CallResult) {
			for _, attempt := range result.Attempts {
				fmt.Println(info.Endpoint, info.PathTemplate, attempt.StatusCode)
			}
		}
	}))
	srv.Inject(paperspacetest.Fault{Endpoint: "projects-list", Times: 1, Status: http.StatusServiceUnavailable})

	if _, err := client.Projects.List(context.Background(), paperspace.ProjectListParams{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// projects-list /projects 503
	// projects-list /projects 200
}

// A header function tells a gateway which endpoint a request is for, and which attempt it is.
func ExampleWithHeaderFunc() {
	srv := newServer()
	srv.Inject(paperspacetest.Fault{Times: 1, Status: http.StatusServiceUnavailable})
	client := newClient(srv, paperspace.WithHeaderFunc(func(ctx context.Context, header http.Header) {
		info, _ := paperspace.EndpointFromContext(ctx)
		header.Set("X-Attempt", fmt.Sprintf("%s/%d", info.Endpoint, info.Attempt))
	}))

	if _, err := client.Projects.List(context.Background(), paperspace.ProjectListParams{}); err != nil {
		log.Fatal(err)
	}
	for _, received := range srv.Calls() {
		fmt.Println(received.Header.Get("X-Attempt"))
	}
	// Output:
	// projects-list/1
	// projects-list/2
}

func ExampleWithLogger() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr { // drops attributes that differ between runs
			if a.Key == slog.TimeKey || a.Key == "duration" || a.Key == "request_id" {
				return slog.Attr{}
			}
			return a
		},
	}))
	client := newClient(newServer(), paperspace.WithLogger(logger))

	if _, err := client.Auth.Session(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output: level=DEBUG msg="paperspace attempt" endpoint=auth-session method=GET path_template=/auth/session status=200 attempt=1
}

// tracer is a RoundTripper that wraps another.
type tracer struct{ next http.RoundTripper }

func (t tracer) RoundTrip(req *http.Request) (*http.Response, error) {
	if info, ok := paperspace.EndpointFromContext(req.Context()); ok {
		fmt.Println("attempt", info.Attempt, "of", info.Endpoint)
	}
	return t.next.RoundTrip(req)
}

// A RoundTripper sees each attempt, and the endpoint that it belongs to.
func ExampleEndpointFromContext() {
	srv := newServer()
	client := newClient(srv, paperspace.WithHTTPClient(&http.Client{
		Transport: tracer{srv}, // or http.DefaultTransport, for the real service
	}))
	srv.Inject(paperspacetest.Fault{Endpoint: "projects-list", Times: 1, Status: http.StatusServiceUnavailable})

	if _, err := client.Projects.List(context.Background(), paperspace.ProjectListParams{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// attempt 1 of projects-list
	// attempt 2 of projects-list
}

// A call can have its own options.
func ExampleRequestOption() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())

	var response paperspace.Response
	_, err := client.Machines.List(context.Background(), paperspace.MachineListParams{},
		paperspace.WithTimeout(10*time.Second),                             // includes all attempts
		paperspace.WithRetryPolicy(paperspace.RetryPolicy{MaxAttempts: 1}), // no retries
		paperspace.WithHeader("X-Correlation-Id", "7f3a"),                  // for a proxy
		paperspace.WithResponse(&response),                                 // status, header and body as received
	)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.StatusCode, len(response.Attempts))
	// Output: 200 1
}

// WithBodyField sends a field that this package does not know yet.
func ExampleWithBodyField() {
	srv := newServer()
	client := newClient(srv) // paperspace.NewClient(paperspace.FromEnv())

	_, err := client.Projects.Create(context.Background(), paperspace.ProjectCreateParams{Name: "search"},
		paperspace.WithBodyField("description", "finds things"))
	fmt.Printf("%s\n", srv.Calls("projects-create")[0].Body)
	fmt.Println("refused:", errors.Is(err, paperspace.ErrBadRequest)) // the API does not know it either
	// Output:
	// {"description":"finds things","name":"search"}
	// refused: true
}

// A nullable field is left unchanged, set to null or set to a value.
func ExampleNullable() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()
	dataset, err := client.Datasets.Create(ctx, paperspace.DatasetCreateParams{
		Name: "pictures", Description: paperspace.Value("of cats"),
	})
	if err != nil {
		log.Fatal(err)
	}

	for _, params := range []paperspace.DatasetUpdateParams{
		{Name: new("images")},                          // leaves the description unchanged
		{Description: paperspace.Value("of all cats")}, // sets it
		{Description: paperspace.Null[string]()},       // removes it
	} {
		if dataset, err = client.Datasets.Update(ctx, dataset.ID, params); err != nil {
			log.Fatal(err)
		}
		if dataset.Description == nil {
			fmt.Println(dataset.Name, "has no description")
		} else {
			fmt.Println(dataset.Name, "are", *dataset.Description)
		}
	}
	// Output:
	// images are of cats
	// images are of all cats
	// images has no description
}

// A controller sends only what differs from what it reads, and nothing if nothing does.
func ExampleChanged() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()
	id := newMachine(client, "trainer").ID

	want := paperspace.MachineUpdateParams{
		Name: new("trainer"), AutoShutdownEnabled: new(true), AutoShutdownTimeout: new(8),
	}
	for range 2 {
		machine, err := client.Machines.Get(ctx, id)
		if err != nil {
			log.Fatal(err)
		}
		change := paperspace.Changed(machine.UpdateParams(), want)
		if change.IsZero() {
			fmt.Println("nothing to change")
			continue
		}
		fmt.Println("rename:", change.Name != nil, "shutdown after hours:", *change.AutoShutdownTimeout)
		op, err := client.Machines.Update(ctx, id, change)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := op.Wait(ctx); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// rename: false shutdown after hours: 8
	// nothing to change
}

// A Sensitive does not get into a log by accident, alone or inside params.
func ExampleSensitive() {
	params := paperspace.SecretCreateParams{Name: "HF_TOKEN", Value: "hf_abc123"}

	fmt.Printf("%+v\n", params)
	encoded, err := json.Marshal(params)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(encoded))
	fmt.Println(params.Value.Reveal())
	// Output:
	// {Name:HF_TOKEN Value:[REDACTED]}
	// {"name":"HF_TOKEN","value":"[REDACTED]"}
	// hf_abc123
}

func ExampleParseRegion() {
	region, err := paperspace.ParseRegion("East Coast (NY2)")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(region, region == paperspace.RegionNY2, region.Long())
	// Output: ny2 true East Coast (NY2)
}

// A configuration decodes from the API's JSON, and from YAML with a package that converts it to JSON.
func ExampleDeploymentConfig() {
	var config paperspace.DeploymentConfig
	err := json.Unmarshal([]byte(`{
		"apiVersion": "v1", "name": "api", "image": "ghcr.io/acme/api:1.4",
		"resources": {"machineType": "C5", "replicas": 2, "ports": [8080]},
		"env": [{"name": "TOKEN", "value": "secret:API_TOKEN"}]
	}`), &config)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(config.V1.Image, *config.V1.Resources.Replicas, config.V1.Env[0].Value)
	// Output: ghcr.io/acme/api:1.4 2 [REDACTED]
}

func ExampleAuthService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())

	session, err := client.Auth.Session(context.Background())
	if err != nil {
		log.Fatal(err) // a wrong key matches ErrUnauthorized
	}
	fmt.Println(session.User.Email, "in team", session.Team.Namespace)
	// Output: ada@example.com in team example
}

func ExampleContainerRegistriesService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()

	registry, err := client.ContainerRegistries.Create(ctx, paperspace.ContainerRegistryCreateParams{
		Name: "acme", Kind: new(paperspace.ContainerRegistryKindGHCR), Namespace: "acme", URL: "ghcr.io",
		Username: "acme-bot", Password: "ghp_abc123",
	})
	if err != nil {
		log.Fatal(err)
	}
	test, err := client.ContainerRegistries.TestConnection(ctx, registry.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(registry.Kind, "login works:", test.Success)
	// Output: ghcr login works: true
}

func ExampleCustomTemplatesService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	machine := newMachine(client, "trainer")
	ctx := context.Background()

	op, err := client.CustomTemplates.Create(ctx, paperspace.CustomTemplateCreateParams{
		Name: "trainer with drivers", MachineID: machine.ID,
	})
	if err != nil {
		log.Fatal(err)
	}
	template, err := op.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(template.Name, template.DefaultSizeGB)
	// Output: trainer with drivers 50
}

func ExampleDatasetsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()

	dataset, err := client.Datasets.Create(ctx, paperspace.DatasetCreateParams{Name: "pictures"})
	if err != nil {
		log.Fatal(err)
	}
	for dataset, err := range client.Datasets.All(ctx, paperspace.DatasetListParams{Privacy: paperspace.DatasetPrivacyPrivate}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(dataset.Name)
	}
	if _, err := client.Datasets.Delete(ctx, dataset.ID); err != nil {
		log.Fatal(err)
	}
	// Output: pictures
}

func ExampleDeploymentsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	id := newDeployment(client).ID
	ctx := context.Background()

	runs, err := client.Deployments.ListRuns(ctx, id, paperspace.DeploymentRunListParams{Limit: 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, instance := range runs[0].Instances {
		fmt.Println("instance", instance.State)
	}
	metrics, err := client.Deployments.GetMetrics(ctx, id, paperspace.DeploymentMetricsParams{Metric: paperspace.DeploymentMetricCPU})
	if err != nil {
		log.Fatal(err)
	}
	for _, sample := range metrics.Flat() {
		fmt.Println("cpu", sample.Value)
	}
	// Output:
	// instance healthy
	// instance healthy
	// cpu 0.25
	// cpu 0.25
}

func ExampleMachineEventsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	machine := newMachine(client, "trainer")

	for event, err := range client.MachineEvents.All(context.Background(), paperspace.MachineEventListParams{MachineID: machine.ID}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Name, event.State)
	}
	// Output: create done
}

func ExampleMachineTypesService() {
	srv := newServer()
	client := newClient(srv) // paperspace.NewClient(paperspace.FromEnv())
	srv.SetAvailable("H100", paperspace.RegionCA1, false)

	for _, region := range []paperspace.Region{paperspace.RegionNY2, paperspace.RegionCA1} {
		availability, err := client.MachineTypes.GetAvailability(context.Background(), paperspace.MachineAvailabilityParams{
			MachineType: "H100", Region: region,
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(region, availability.Available)
	}
	// Output:
	// ny2 true
	// ca1 false
}

// The machine type can only be changed while the machine is off, and the change takes time.
func ExampleMachinesService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	id := newMachine(client, "trainer").ID
	ctx := context.Background()

	op, err := client.Machines.Update(ctx, id, paperspace.MachineUpdateParams{MachineType: new("A4000")})
	if err != nil {
		log.Fatal(err)
	}
	machine, err := op.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(machine.MachineType, machine.Accelerators[0].Name, machine.RAM)
	// Output: A4000 Ampere A4000 45 GiB
}

func ExampleModelsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()

	model, err := client.Models.Create(ctx, paperspace.ModelCreateParams{Name: "classifier"})
	if err != nil {
		log.Fatal(err)
	}
	project := newProject(client)
	if _, err := client.Projects.AddModel(ctx, project.ID, model.ID); err != nil {
		log.Fatal(err)
	}
	model, err = client.Models.Get(ctx, model.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(model.Name, model.ProjectID == project.ID)
	// Output: classifier true
}

// Listing templates needs no API key.
func ExampleOSTemplatesService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())

	for template, err := range client.OSTemplates.All(context.Background(), paperspace.OSTemplateListParams{Name: "Ubuntu 22.04"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(template.ID, template.Name, template.AgentType)
	}
	// Unordered output:
	// t0nspur5 Ubuntu 22.04 LinuxHeadless
	// tvimtol9 Ubuntu 22.04 Desktop LinuxDesktop
}

func ExamplePrivateNetworksService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()

	network, err := client.PrivateNetworks.Create(ctx, paperspace.PrivateNetworkCreateParams{
		Name: "cluster", Region: paperspace.RegionNY2,
	})
	if err != nil {
		log.Fatal(err)
	}
	id := newMachine(client, "trainer").ID
	op, err := client.Machines.Update(ctx, id, paperspace.MachineUpdateParams{NetworkID: &network.ID})
	if err != nil {
		log.Fatal(err)
	}
	machine, err := op.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("in the network:", machine.NetworkID == network.ID)
	// Output: in the network: true
}

func ExampleProjectsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()

	project, err := client.Projects.Create(ctx, paperspace.ProjectCreateParams{Name: "search"})
	if err != nil {
		log.Fatal(err)
	}
	collaborator, err := client.Projects.CreateCollaborator(ctx, project.ID, paperspace.ProjectCollaboratorCreateParams{
		UserID: paperspacetest.MemberID,
	})
	if err != nil {
		log.Fatal(err)
	}
	secret, err := client.Projects.CreateSecret(ctx, project.ID, paperspace.SecretCreateParams{Name: "HF_TOKEN", Value: "hf_abc123"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(project.Name, collaborator.User.Email, secret.Name)
	// Output: search grace@example.com HF_TOKEN
}

// A static address belongs to the team until it is released, even if the machine is deleted.
func ExamplePublicIPsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	machine := newMachine(client, "web")
	ctx := context.Background()

	address, err := client.PublicIPs.Claim(ctx, paperspace.PublicIPClaimParams{Region: machine.Region})
	if err != nil {
		log.Fatal(err)
	}
	for _, to := range []paperspace.Nullable[string]{paperspace.Value(machine.ID), paperspace.Null[string]()} {
		address, err = client.PublicIPs.Assign(ctx, address.IP, paperspace.PublicIPAssignParams{MachineID: to})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("assigned:", address.AssignedMachineID == machine.ID)
	}
	released, err := client.PublicIPs.Release(ctx, address.IP)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("released:", released.IP == address.IP)
	// Output:
	// assigned: true
	// assigned: false
	// released: true
}

func ExampleSharedDrivesService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())

	drive, err := client.SharedDrives.Create(context.Background(), paperspace.SharedDriveCreateParams{
		Name: "scratch", Size: 250, Region: paperspace.RegionNY2, NetworkID: paperspacetest.NetworkID,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(drive.Name, drive.Region, drive.MountPoint != "", drive.Password)
	// Output: scratch ny2 true [REDACTED]
}

func ExampleSnapshotsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	machine := newMachine(client, "trainer")
	ctx := context.Background()

	op, err := client.Snapshots.Create(ctx, paperspace.SnapshotCreateParams{Name: "before the upgrade", MachineID: machine.ID})
	if err != nil {
		log.Fatal(err)
	}
	snapshot, err := op.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	op, err = client.Snapshots.Restore(ctx, snapshot.ID, paperspace.SnapshotRestoreParams{})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := op.Wait(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("restored:", snapshot.Name)
	// Output: restored: before the upgrade
}

// The service never returns the text of a script.
func ExampleStartupScriptsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	machine := newMachine(client, "trainer")
	ctx := context.Background()

	script, err := client.StartupScripts.Create(ctx, paperspace.StartupScriptCreateParams{
		Name: "install docker", Script: "#!/bin/sh\napt-get install -y docker.io\n", IsRunOnce: new(true),
	})
	if err != nil {
		log.Fatal(err)
	}
	script, err = client.StartupScripts.Assign(ctx, script.ID, paperspace.StartupScriptAssignParams{MachineID: machine.ID})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(script.Name, len(script.AssignedMachineIDs))
	// Output: install docker 1
}

func ExampleStorageService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())

	used, err := client.Storage.GetUtilization(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d MiB, %d of them for datasets\n", used.TotalUsage>>20, used.DatasetUsage>>20)
	// Output: 1024 MiB, 256 of them for datasets
}

func ExampleTagsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	project := newProject(client)
	ctx := context.Background()

	if _, err := client.Tags.Add(ctx, project.ID, paperspace.TagAddParams{Name: "production"}); err != nil {
		log.Fatal(err)
	}
	for tag, err := range client.Tags.All(ctx, project.ID, paperspace.TagListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(tag.Name)
	}
	// Output: production
}

func ExampleTeamsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()

	session, err := client.Auth.Session(ctx) // the key's team
	if err != nil {
		log.Fatal(err)
	}
	secret, err := client.Teams.CreateSecret(ctx, session.Team.ID, paperspace.SecretCreateParams{Name: "HF_TOKEN", Value: "hf_abc123"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(secret.Name)
	// Output: HF_TOKEN
}

func ExampleUsersService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())

	for member, err := range client.Users.All(context.Background(), paperspacetest.TeamID, paperspace.TeamMemberListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(member.User.Email, "owner:", member.IsOwner)
	}
	// Unordered output:
	// ada@example.com owner: true
	// grace@example.com owner: false
}

// A version is committed once its files are complete.
func ExampleVersionsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()
	dataset, err := client.Datasets.Create(ctx, paperspace.DatasetCreateParams{Name: "pictures"})
	if err != nil {
		log.Fatal(err)
	}

	version, err := client.Versions.Create(ctx, dataset.ID, paperspace.DatasetVersionCreateParams{
		Message: new("first scan"), Tags: paperspace.VersionTags{"raw"},
	})
	if err != nil {
		log.Fatal(err)
	}
	version, err = client.Versions.Update(ctx, dataset.ID, version.Version, paperspace.DatasetVersionUpdateParams{
		Tags: paperspace.VersionTags{"raw", "checked"}, IsCommitted: new(true),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(version.Message, version.Tags, version.IsCommitted)
	// Output: first scan [raw checked] true
}
