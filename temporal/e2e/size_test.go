package e2e

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/paperspace-go/paperspace"
	paperspacetemporal "github.com/paperspace-go/paperspace/temporal"
)

// A fleet of 20,000 on Temporal's test environment, with machines that take a minute: the ideal is 40 minutes. Its
// workflow has a hundred children, and neither what it keeps nor what they return grows with the names.
func TestTwentyThousand(t *testing.T) {
	const count, open = 20_000, 500
	suite := testsuite.WorkflowTestSuite{}
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	w := suite.NewTestWorkflowEnvironment()
	w.SetTestTimeout(2 * time.Minute)
	w.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute}) // the machine may be busy
	w.SetStartWorkflowOptions(paperspacetemporal.StartOptions(queue, "fleet"))
	w.RegisterWorkflow(paperspacetemporal.Fleet)
	w.RegisterWorkflow(paperspacetemporal.FleetGroup)
	w.RegisterWorkflow(paperspacetemporal.FleetAudit)
	now, most, begun := 0, 0, 0
	w.RegisterWorkflowWithOptions(func(ctx workflow.Context, in paperspacetemporal.ProvisionInput) (*paperspacetemporal.ProvisionResult, error) {
		now++
		begun++
		most = max(most, now)
		err := workflow.Sleep(ctx, 55*time.Second+time.Duration(begun%10)*time.Second)
		now--
		return &paperspacetemporal.ProvisionResult{Machine: paperspace.Machine{ID: "ps-" + in.Machine.Name}}, err
	}, workflow.RegisterOptions{Name: "Provision"})

	groups, bytes := 0, 0
	size := func(value any) int {
		payload, err := converter.GetDefaultDataConverter().ToPayload(value)
		require.NoError(t, err)
		return payload.Size()
	}
	w.SetOnChildWorkflowStartedListener(func(info *workflow.Info, _ workflow.Context, args converter.EncodedValues) {
		var in paperspacetemporal.GroupInput
		if info.WorkflowType.Name == "FleetGroup" && args.Get(&in) == nil {
			groups++
			bytes += size(in)
		}
	})
	w.SetOnChildWorkflowCompletedListener(func(info *workflow.Info, value converter.EncodedValue, _ error) {
		var result paperspacetemporal.GroupResult
		if info.WorkflowType.Name == "FleetGroup" && value.Get(&result) == nil {
			bytes += size(result)
		}
	})
	w.OnWorkflow(paperspacetemporal.FleetAudit, mock.Anything, mock.Anything).Return(&paperspacetemporal.AuditResult{}, nil)

	begin := w.Now()
	w.ExecuteWorkflow(paperspacetemporal.Fleet, paperspacetemporal.FleetInput{
		Series: paperspacetemporal.Series{Prefix: "worker-", Count: count}, Machine: machine(""), Open: open,
	})
	var result paperspacetemporal.FleetResult
	require.NoError(t, w.GetWorkflowResult(&result))
	took := w.Now().Sub(begin) - 5*time.Minute // the settle time before the audit
	t.Logf("%d machines in %v, %d open at most; the fleet's workflow had %d groups, with inputs and results of %d bytes", result.Ready, took, most, groups, bytes)
	require.Equal(t, count, result.Ready)
	require.LessOrEqual(t, most, open*11/10)
	require.Less(t, took, 44*time.Minute)
	require.Equal(t, count/200, groups)
	require.Less(t, bytes, 100_000)
	require.Less(t, size(result), 2000)
}
