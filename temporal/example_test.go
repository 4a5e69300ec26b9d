package paperspacetemporal_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
	paperspacetemporal "github.com/paperspace-go/paperspace/temporal"
)

// The response to the create is lost, and the machine is found and adopted. Temporal's test environment, whose clock
// jumps over waits, replaces its server and worker.
func ExampleProvision() {
	suite := testsuite.WorkflowTestSuite{}
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	engine := suite.NewTestWorkflowEnvironment()
	engine.SetStartWorkflowOptions(paperspacetemporal.StartOptions("paperspace", "trainer"))

	srv := paperspacetest.NewServer(paperspacetest.WithClock(engine.Now))
	srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Cut: true, CarriedOut: true})
	paperspacetemporal.Register(engine, srv.Client())

	engine.ExecuteWorkflow(paperspacetemporal.Provision, paperspacetemporal.ProvisionInput{
		Machine: paperspace.MachineCreateParams{
			Name: "trainer", MachineType: "A4000", TemplateID: "t0nspur5", DiskSize: 100,
			Region: paperspace.RegionNY2, StartOnCreate: new(true),
		},
	})
	var result paperspacetemporal.ProvisionResult
	if err := engine.GetWorkflowResult(&result); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Machine.Name, "is", result.Machine.State)
	fmt.Println("adopted:", result.Adopted)
	fmt.Println("creates sent:", len(srv.Calls("machines-create")))
	// Output:
	// trainer is ready
	// adopted: true
	// creates sent: 1
}

// A fleet that cannot be provisioned in full fails, and says what exists.
func ExampleFleet() {
	suite := testsuite.WorkflowTestSuite{}
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	engine := suite.NewTestWorkflowEnvironment()
	engine.SetStartWorkflowOptions(paperspacetemporal.StartOptions("paperspace", "rendering"))

	srv := paperspacetest.NewServer(paperspacetest.WithClock(engine.Now))
	srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Skip: 2, Times: 1, Status: 403})
	paperspacetemporal.Register(engine, srv.Client())

	engine.ExecuteWorkflow(paperspacetemporal.Fleet, paperspacetemporal.FleetInput{
		Names: []string{"renderer-1", "renderer-2", "renderer-3"},
		Machine: paperspace.MachineCreateParams{
			MachineType: "A4000", TemplateID: "t0nspur5", DiskSize: 100, Region: paperspace.RegionNY2, StartOnCreate: new(true),
		},
	})
	var failed *temporal.ApplicationError
	if err := engine.GetWorkflowError(); errors.As(err, &failed) && failed.Type() == paperspacetemporal.ErrorIncomplete {
		var result paperspacetemporal.FleetResult
		if err := failed.Details(&result); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(result.Ready, "ready,", result.Failed, "failed:", result.Failures[0].Kind)
	}
	// Output:
	// 2 ready, 1 failed: Refused
}

// Render is a workflow of one's own: it gets a machine, of the first type that is available, uses it, and deletes it.
func Render(ctx workflow.Context, scene string) (address string, err error) {
	name := "renderer-" + scene
	child := workflow.WithChildOptions(ctx, paperspacetemporal.ChildOptions("paperspace", name))
	var provisioned paperspacetemporal.ProvisionResult
	err = workflow.ExecuteChildWorkflow(child, paperspacetemporal.Provision, paperspacetemporal.ProvisionInput{
		Machine: paperspace.MachineCreateParams{
			Name: name, MachineType: "A100", TemplateID: "t0nspur5", DiskSize: 100,
			Region: paperspace.RegionNY2, StartOnCreate: new(true),
		},
		Alternatives: []paperspacetemporal.Alternative{
			{MachineType: "A6000"},
			{MachineType: "A4000", Region: paperspace.RegionAMS1},
		},
		DeleteOnCancel: true,
	}).Get(child, &provisioned)
	if err != nil {
		return "", err
	}
	// Here activities of one's own would use the machine.
	err = workflow.ExecuteChildWorkflow(child, paperspacetemporal.Deprovision,
		paperspacetemporal.DeprovisionInput{Name: name}).Get(child, nil)
	return fmt.Sprintf("%s in %s", provisioned.Machine.MachineType, provisioned.Machine.Region), err
}

// A workflow of one's own, which falls back to other machine types and regions when there is no capacity.
func ExampleChildOptions() {
	suite := testsuite.WorkflowTestSuite{}
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	engine := suite.NewTestWorkflowEnvironment()

	srv := paperspacetest.NewServer(paperspacetest.WithClock(engine.Now))
	srv.Inject(paperspacetest.Fault{
		Endpoint: "machines-create", Times: 1, Status: 400, Body: `{"message":"Out of capacity","code":"BAD_REQUEST"}`,
	})
	srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Fails("out of capacity"))
	paperspacetemporal.Register(engine, srv.Client())
	engine.RegisterWorkflow(Render)

	engine.ExecuteWorkflow(Render, "42")
	var machine string
	fmt.Println(engine.GetWorkflowResult(&machine))
	fmt.Println(machine)
	fmt.Println("creates sent:", len(srv.Calls("machines-create")))
	// Output:
	// <nil>
	// A4000 in ams1
	// creates sent: 3
}
