package paperspacetemporal

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
)

// An audit reads the list in runs of 40 pages, and carries a bit for each name from one to the next.
func TestAuditOfALargeFleet(t *testing.T) {
	const count, perPage = 20_000, 120
	in := AuditInput{Roster: Roster{Series: Series{Prefix: "worker-", Count: count}}}
	machines := []MachineRef{{ID: "other", Name: "other"}}
	for i := range count {
		if i == 7 || i == 19_999 {
			continue // missing
		}
		machines = append(machines, MachineRef{ID: fmt.Sprint("ps", i), Name: in.at(i)})
	}
	machines = append(machines, MachineRef{ID: "again", Name: in.at(5)}, MachineRef{ID: "ps6", Name: in.at(6)}) // doubled, and shown twice

	find := func(_ context.Context, in FindInput) (*FindResult, error) {
		first := 0
		_, _ = fmt.Sscan(in.After, &first)
		result := &FindResult{}
		if in.Name != "" {
			ids := map[string]bool{}
			for _, m := range machines {
				if m.Name == in.Name && !ids[m.ID] {
					ids[m.ID] = true
					result.Machines = append(result.Machines, m)
				}
			}
			return result, nil
		}
		next := min(first+perPage, len(machines))
		result.Machines = machines[first:next]
		if next < len(machines) {
			result.Next = fmt.Sprint(next)
		}
		return result, nil
	}
	largest, runs := 0, 0
	for {
		runs++
		w := newWorld(t, "fleet/audit")
		w.OnActivity("Find", mock.Anything, mock.Anything).Return(find)
		w.ExecuteWorkflow(FleetAudit, in)
		var next *workflow.ContinueAsNewError
		if errors.As(w.GetWorkflowError(), &next) {
			in = AuditInput{}
			require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
			largest = max(largest, size(t, in))
			continue
		}
		var result AuditResult
		require.NoError(t, w.GetWorkflowResult(&result))
		require.Equal(t, 2, result.MissingNames)
		require.Equal(t, []string{in.at(7), in.at(19_999)}, result.Missing)
		require.Equal(t, 1, result.DoubledNames)
		require.Equal(t, map[string][]string{in.at(5): {"ps5", "again"}}, result.Doubled)
		break
	}
	t.Logf("%d runs, input of at most %d bytes", runs, largest)
	require.Equal(t, 5, runs)
	require.Less(t, largest, 5000)
}

// However many names are missing, 100 are searched for and named.
func TestAuditOfAFleetThatIsGone(t *testing.T) {
	w := newWorld(t, "fleet/audit")
	w.ExecuteWorkflow(FleetAudit, AuditInput{Roster: Roster{Series: Series{Prefix: "worker-", Count: 5000}}})
	var result AuditResult
	require.NoError(t, w.GetWorkflowResult(&result))
	require.Equal(t, 5000, result.MissingNames)
	require.Len(t, result.Missing, maxFailures)
	require.Len(t, w.srv.Calls("machines-list"), 1+maxFailures)
}
