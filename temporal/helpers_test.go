package paperspacetemporal

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

const name = "trainer"

var trainer = paperspace.MachineCreateParams{
	Name: name, MachineType: "C5", TemplateID: paperspacetest.UbuntuID, DiskSize: 50, Region: paperspace.RegionNY2,
	StartOnCreate: new(true),
}

// world is an engine whose clock jumps over waits, and a Paperspace that goes by the same clock.
type world struct {
	*testsuite.TestWorkflowEnvironment
	srv    *paperspacetest.Server
	client *paperspace.Client
	ahead  time.Duration // of Paperspace's clock, before the workflow begins
}

func newWorld(t *testing.T, workflowID string) *world {
	t.Helper()
	w := bareWorld(t, workflowID)
	Register(w, w.client)
	return w
}

// bareWorld has nothing registered.
func bareWorld(t *testing.T, workflowID string) *world {
	t.Helper()
	suite := testsuite.WorkflowTestSuite{}
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	w := &world{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment()}
	w.SetStartWorkflowOptions(StartOptions("paperspace", workflowID))
	w.srv = paperspacetest.New(t, paperspacetest.WithClock(func() time.Time { return w.Now().Add(w.ahead) }))
	w.client = w.srv.Client()
	return w
}

// create makes a machine that is there before the workflow begins.
func (w *world) create(t *testing.T, name string) string {
	t.Helper()
	params := trainer
	params.Name = name
	op, err := w.client.Machines.Create(t.Context(), params)
	require.NoError(t, err)
	return op.Data.ID
}

// ids are those of the machines that there are, by name.
func (w *world) ids(t *testing.T) map[string][]string {
	t.Helper()
	ids := map[string][]string{}
	for m, err := range w.client.Machines.All(t.Context(), paperspace.MachineListParams{}) {
		require.NoError(t, err)
		ids[m.Name] = append(ids[m.Name], m.ID)
	}
	return ids
}

// provision runs the workflow for the trainer, and returns how long it took by the engine's clock.
func (w *world) provision(machine paperspace.MachineCreateParams) (*ProvisionResult, time.Duration, error) {
	start := w.Now()
	w.ExecuteWorkflow(Provision, ProvisionInput{Machine: machine})
	took := w.Now().Sub(start)
	if err := w.GetWorkflowError(); err != nil {
		return nil, took, err
	}
	var result ProvisionResult
	err := w.GetWorkflowResult(&result)
	return &result, took, err
}

func requireType(t *testing.T, kind string, err error) *temporal.ApplicationError {
	t.Helper()
	var e *temporal.ApplicationError
	require.ErrorAs(t, err, &e)
	require.Equal(t, kind, e.Type(), "%v", err)
	return e
}
