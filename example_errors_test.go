package paperspace_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

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
		fmt.Println("it was made all the same:", machine.Name)
	}
	fmt.Println("creates:", len(srv.Calls("machines-create")))
	// Output:
	// it was made all the same: trainer-7f3a
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
