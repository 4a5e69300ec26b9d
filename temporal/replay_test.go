package paperspacetemporal

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// The histories of released versions, recorded by e2e on a real server, are replayed: workflows that were started by
// these versions can be continued by this one. Where a change makes that impossible, the changelog says so and the
// version's directory goes.
func TestReplay(t *testing.T) {
	files, err := filepath.Glob("testdata/histories/*/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			require.NoError(t, replay(t, file, Provision, Deprovision, Fleet, FleetDown, FleetGroup, FleetAudit))
		})
	}
}

// Without this, the test above might succeed whatever the code does.
func TestReplayNoticesAChange(t *testing.T) {
	files, err := filepath.Glob("testdata/histories/*/TestWorkerIsKilled-worker-0000.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	changed := func(ctx workflow.Context, in ProvisionInput) (*ProvisionResult, error) {
		if err := workflow.Sleep(ctx, in.Timing.withDefaults().PollMin); err != nil {
			return nil, err
		}
		return Provision(ctx, in)
	}
	require.ErrorContains(t, replay(t, files[0], workflow.RegisterOptions{Name: "Provision"}, changed), "TMPRL1100") // what Temporal calls nondeterminism
}

// replay replays a history with workflows, of which each may be preceded by the options for its registration.
func replay(t *testing.T, file string, workflows ...any) error {
	t.Helper()
	r := worker.NewWorkflowReplayer()
	var options workflow.RegisterOptions
	for _, w := range workflows {
		if o, ok := w.(workflow.RegisterOptions); ok {
			options = o
			continue
		}
		r.RegisterWorkflowWithOptions(w, options)
	}
	content, err := os.Open(file)
	require.NoError(t, err)
	defer content.Close()
	history, err := client.HistoryFromJSON(content, client.HistoryJSONOptions{})
	require.NoError(t, err)
	logger := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	return r.ReplayWorkflowHistoryWithOptions(logger, history, worker.ReplayWorkflowHistoryOptions{OriginalExecution: execution(history)})
}

// execution is the workflow that a history belongs to.
func execution(history *historypb.History) workflow.Execution {
	started := history.Events[0].GetWorkflowExecutionStartedEventAttributes()
	return workflow.Execution{ID: started.WorkflowId, RunID: started.OriginalExecutionRunId}
}
