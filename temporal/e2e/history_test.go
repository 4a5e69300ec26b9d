package e2e

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.temporal.io/server/temporaltest"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"

	paperspacetemporal "github.com/paperspace-go/paperspace/temporal"
)

// history returns the history of the last run of a workflow.
func history(ctx context.Context, t *testing.T, c client.Client, workflowID string) *historypb.History {
	t.Helper()
	h := &historypb.History{}
	events := c.GetWorkflowHistory(ctx, workflowID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		h.Events = append(h.Events, event)
	}
	return h
}

// tasksDone returns the IDs of the events with which the workflow's tasks ended.
func tasksDone(ctx context.Context, t *testing.T, c client.Client, workflowID string) (ids []int64) {
	t.Helper()
	for _, event := range history(ctx, t, c, workflowID).Events {
		if event.EventType == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			ids = append(ids, event.EventId)
		}
	}
	return ids
}

// replay runs the workflows over their histories, which fails if their code is not deterministic. With -record it
// writes the histories to the testdata of the Temporal module.
func replay(ctx context.Context, t *testing.T, c client.Client, workflowIDs []string) {
	t.Helper()
	r := worker.NewWorkflowReplayer()
	for _, f := range []any{
		paperspacetemporal.Provision, paperspacetemporal.Deprovision, paperspacetemporal.Fleet, paperspacetemporal.FleetDown,
		paperspacetemporal.FleetGroup, paperspacetemporal.FleetAudit,
	} {
		r.RegisterWorkflow(f)
	}
	for _, id := range workflowIDs {
		options := worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{ID: id}}
		h := history(ctx, t, c, id)
		require.NoError(t, r.ReplayWorkflowHistoryWithOptions(quiet(), h, options), id)
		if *record != "" {
			for _, event := range h.Events {
				anonymize(event.ProtoReflect())
			}
			content, err := protojson.Marshal(h)
			require.NoError(t, err)
			host, err := os.Hostname()
			require.NoError(t, err)
			content = bytes.ReplaceAll(content, []byte(`"`+host+":"), []byte(`"host:`)) // in the names of task queues
			file := strings.ReplaceAll(t.Name()+"-"+id, "/", "-") + ".json"
			require.NoError(t, os.WriteFile(filepath.Join(*record, file), content, 0o644))
		}
	}
}

// anonymize removes the names of the machine and the process.
func anonymize(m protoreflect.Message) {
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.Name() == "identity":
			m.Set(field, protoreflect.ValueOfString("worker"))
		case field.Message() != nil && !field.IsList() && !field.IsMap():
			anonymize(value.Message())
		}
		return true
	})
}

var record = flag.String("record", "", "the directory to write histories to")

// reset begins a new run of a workflow, which continues before the end of a task.
func reset(ctx context.Context, t *testing.T, ts *temporaltest.TestServer, run client.WorkflowRun, task int64) {
	t.Helper()
	_, err := ts.GetDefaultClient().ResetWorkflowExecution(ctx, &workflowservice.ResetWorkflowExecutionRequest{
		Namespace:                 ts.GetDefaultNamespace(),
		WorkflowExecution:         &commonpb.WorkflowExecution{WorkflowId: run.GetID(), RunId: run.GetRunID()},
		Reason:                    t.Name(),
		WorkflowTaskFinishEventId: task,
		RequestId:                 t.Name(),
	})
	require.NoError(t, err)
}
