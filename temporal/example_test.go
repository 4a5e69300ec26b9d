package paperspacetemporal_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
	paperspacetemporal "github.com/paperspace-go/paperspace/temporal"
)

// The answer to the create gets lost, and the machine is found and adopted. Temporal's own test environment, whose clock
// jumps over waits, stands for its server and worker.
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

// A fleet that cannot be had in full fails, and says what there is.
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
		fmt.Println(len(result.MachineIDs), "machines,", len(result.Failed), "failed")
	}
	// Output:
	// 2 machines, 1 failed
}
