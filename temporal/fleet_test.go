package paperspacetemporal

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// alike describes the machines of a fleet.
func alike() paperspace.MachineCreateParams {
	machine := trainer
	machine.Name = ""
	return machine
}

func names(n int) []string { return Series{Prefix: "worker-", Count: n, Digits: 4}.Names() }

// stubbed runs a fleet whose machines are provisioned by a stub. Its Deprovision deletes one machine.
func stubbed(t *testing.T, provision func(workflow.Context, ProvisionInput) (*ProvisionResult, error)) *world {
	w := bareWorld(t, "fleet")
	w.RegisterWorkflow(Fleet)
	w.RegisterWorkflow(FleetGroup)
	w.RegisterWorkflow(FleetAudit)
	w.RegisterWorkflowWithOptions(provision, workflow.RegisterOptions{Name: "Provision"})
	w.RegisterWorkflowWithOptions(func(ctx workflow.Context, in DeprovisionInput) (*DeprovisionResult, error) {
		return &DeprovisionResult{MachineIDs: []string{"id-of-" + in.Name}}, nil
	}, workflow.RegisterOptions{Name: "Deprovision"})
	w.RegisterActivity(w.activities)
	return w
}

// made is the result of a stub.
func made(name string) *ProvisionResult {
	return &ProvisionResult{Machine: paperspace.Machine{ID: "id-of-" + name}}
}

func (w *world) fleet(in FleetInput) (*FleetResult, error) {
	in.Machine = alike()
	w.ExecuteWorkflow(Fleet, in)
	var result FleetResult
	if err := w.GetWorkflowError(); err != nil {
		return nil, err
	}
	return &result, w.GetWorkflowResult(&result)
}

// resultIn returns the result in the details of an error.
func resultIn[T any](t *testing.T, err error) T {
	t.Helper()
	result, ok := details[T](err)
	require.True(t, ok, "%v", err)
	return result
}

func TestFleet(t *testing.T) {
	w := newWorld(t, "fleet")
	existing := w.create(t, "worker-0001")
	w.create(t, "worker-00011")
	w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Cut: true, CarriedOut: true})
	result, err := w.fleet(FleetInput{Names: names(5)})
	require.NoError(t, err)
	require.Len(t, result.MachineIDs, 5)
	require.Equal(t, existing, result.MachineIDs["worker-0001"])
	require.Equal(t, FleetProgress{Names: 5, Begun: 5, Ended: 5, Ready: 5, Adopted: 2, Existing: 5}, result.counts())
	ids := w.ids(t)
	require.Len(t, ids, 6)
	for name, id := range result.MachineIDs {
		require.Equal(t, []string{id}, ids[name])
	}
}

func TestFleetIncomplete(t *testing.T) {
	w := newWorld(t, "fleet")
	w.srv.Inject(paperspacetest.Fault{
		Endpoint: "machines-create", Times: 2, Status: 403, Body: `{"message":"` + strings.Repeat("no ", 200) + `","code":"FORBIDDEN"}`,
	})
	w.srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Fails("no room"))
	_, err := w.fleet(FleetInput{Names: names(5)})
	requireType(t, ErrorIncomplete, err)
	result := resultIn[FleetResult](t, err)
	require.Equal(t, FleetProgress{Names: 5, Begun: 5, Ended: 5, Ready: 2, Existing: 3, Failed: 3}, result.counts())
	require.Len(t, result.MachineIDs, 3, "the failed one exists, too")
	require.Equal(t, 2, result.MissingNames)
	kinds := map[string]int{}
	for _, failure := range result.Failures {
		kinds[failure.Kind]++
		if failure.Kind == ErrorRefused {
			require.Contains(t, result.Missing, failure.Name)
			require.Contains(t, failure.Reason, "paperspace: machines-create: 403")
			require.Len(t, failure.Reason, maxReason)
		} else {
			require.Equal(t, []string{result.MachineIDs[failure.Name]}, failure.MachineIDs)
			require.Contains(t, failure.Reason, "no room")
		}
	}
	require.Equal(t, map[string]int{ErrorRefused: 2, ErrorEventFailed: 1}, kinds)
}

// The audit finds what no workflow has created, and what was deleted meanwhile.
func TestFleetAudit(t *testing.T) {
	t.Run("doubled", func(t *testing.T) {
		w := newWorld(t, "fleet")
		w.RegisterDelayedCallback(func() { w.create(t, "worker-0003") }, 3*time.Minute)
		_, err := w.fleet(FleetInput{Names: names(5)})
		requireType(t, ErrorDoubled, err)
		result := resultIn[FleetResult](t, err)
		require.Len(t, result.MachineIDs, 5)
		require.Equal(t, 1, result.DoubledNames)
		require.ElementsMatch(t, w.ids(t)["worker-0003"], result.Doubled["worker-0003"])
		for _, id := range result.Doubled["worker-0003"] {
			require.ErrorContains(t, err, id)
		}
	})
	t.Run("missing", func(t *testing.T) {
		w := newWorld(t, "fleet")
		w.RegisterDelayedCallback(func() {
			_, err := w.client.Machines.Delete(t.Context(), w.ids(t)["worker-0002"][0])
			require.NoError(t, err)
		}, 5*time.Minute)
		_, err := w.fleet(FleetInput{Names: names(5)})
		requireType(t, ErrorIncomplete, err)
		result := resultIn[FleetResult](t, err)
		require.Equal(t, 5, result.Ready)
		require.Equal(t, 1, result.MissingNames)
		require.Equal(t, []string{"worker-0002"}, result.Missing)
	})
}

// When a list lags, the fleet creates nothing more: a machine that does not show may be created twice.
func TestFleetListLag(t *testing.T) {
	w := newWorld(t, "fleet")
	w.hide(func(string) bool { return true })
	_, err := w.fleet(FleetInput{Names: names(30), Open: 10})
	requireType(t, ErrorListLag, err)
	result := resultIn[FleetResult](t, err)
	require.LessOrEqual(t, len(w.srv.Calls("machines-create")), 10)
	require.Equal(t, len(w.ids(t)), len(result.MachineIDs), "every machine that exists is named")
	for name, ids := range w.ids(t) {
		require.Equal(t, []string{result.MachineIDs[name]}, ids)
	}
}

// One that takes long occupies its own place only.
func TestFleetWindow(t *testing.T) {
	for _, c := range []struct {
		names, open, most int
		hanging           int // every how-many-th machine takes an hour
		minutes           float64
	}{
		{names: 200, open: 50, most: 50, minutes: 5},
		{names: 200, open: 50, most: 50, hanging: 20, minutes: 65},
		{names: 2000, open: 100, most: 110, minutes: 24},
		{names: 2000, open: 100, most: 110, hanging: 400, minutes: 85},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			open, most, all := 0, 0, 0
			w := stubbed(t, func(ctx workflow.Context, in ProvisionInput) (*ProvisionResult, error) {
				open++
				most = max(most, open)
				all++
				takes := 55*time.Second + time.Duration(all%10)*time.Second
				if c.hanging > 0 && all%c.hanging == 0 {
					takes = time.Hour
				}
				err := workflow.Sleep(ctx, takes)
				open--
				return made(in.Machine.Name), err
			})
			w.OnWorkflow(FleetAudit, mock.Anything, mock.Anything).Return(&AuditResult{}, nil)
			start := w.Now()
			result, err := w.fleet(FleetInput{Series: Series{Prefix: "worker-", Count: c.names}, Open: c.open})
			require.NoError(t, err)
			require.LessOrEqual(t, most, c.most)
			require.Greater(t, most, c.open*9/10)
			require.Equal(t, c.names, result.Ready)
			took := w.Now().Sub(start) - 5*time.Minute // without the settle time before the audit
			t.Logf("%v, %d open at most", took, most)
			require.Less(t, took.Minutes(), c.minutes)
		})
	}
}

func TestFleetInput(t *testing.T) {
	named := alike()
	named.Name = name
	long := strings.Repeat("<", maxName/6+1)
	for _, c := range []struct {
		what string
		in   FleetInput
	}{
		{"a name in Machine", FleetInput{Names: names(1), Machine: named}},
		{"a name twice", FleetInput{Names: []string{"a", "b", "a"}}},
		{"an empty name", FleetInput{Names: []string{"a", ""}}},
		{"a long name", FleetInput{Names: []string{long}}},
		{"a long name in a series", FleetInput{Series: Series{Prefix: long, Count: 1}}},
		{"its own ID", FleetInput{Names: []string{"a", "fleet"}}},
		{"its own ID, with a team", FleetInput{Team: "fl", Names: []string{"a", "eet"}}},
		{"no names", FleetInput{}},
		{"two kinds of names", FleetInput{Names: names(1), Series: Series{Count: 1}}},
		{"a negative count", FleetInput{Series: Series{Count: -1}}},
		{"numbers beyond an int", FleetInput{Series: Series{First: math.MaxInt, Count: 2}}},
		{"too many", FleetInput{Series: Series{Count: maxSeries + 1}}},
		{"names that are too long together", FleetInput{Names: Series{Prefix: strings.Repeat("x", 240), Count: 5000}.Names()}},
		{"a Timing in nanoseconds", FleetInput{Names: names(1), Timing: Timing{Settle: 120}}},
		{"a negative Open", FleetInput{Names: names(1), Open: -1}},
		{"an Open that is too large", FleetInput{Names: names(1), Open: maxOpen + 1}},
	} {
		t.Run(c.what, func(t *testing.T) {
			id := "fleet"
			if c.in.Team != "" {
				id = WorkflowID(c.in.Team, "eet")
			}
			w := newWorld(t, id)
			w.ExecuteWorkflow(Fleet, c.in)
			requireType(t, ErrorRefused, w.GetWorkflowError())
			require.Empty(t, w.srv.Calls())
		})
	}
}

// What a fleet keeps fits into what Temporal takes, 2 MB, whatever becomes of it, and however its texts are escaped.
func TestFleetResultIsBounded(t *testing.T) {
	in := FleetInput{Names: Series{Prefix: strings.Repeat("<", 35), Count: 4500}.Names(), Machine: alike()} // 213 bytes each
	begun := 0
	w := stubbed(t, func(ctx workflow.Context, in ProvisionInput) (*ProvisionResult, error) {
		begun++ // at different times, because the test environment has room for 1000 callbacks
		if err := workflow.Sleep(ctx, time.Minute+time.Duration(begun)*time.Millisecond); err != nil {
			return nil, err
		}
		return nil, withMachines(temporal.NewNonRetryableApplicationError(strings.Repeat("\x00<\"", 1000), ErrorRefused, nil), []string{"ps" + in.Machine.Name})
	})
	w.OnWorkflow(FleetAudit, mock.Anything, mock.Anything).Return(&AuditResult{}, nil)
	largest := 0
	w.SetOnChildWorkflowCompletedListener(func(_ *workflow.Info, result converter.EncodedValue, _ error) {
		var group GroupResult
		if result != nil && result.HasValue() && result.Get(&group) == nil {
			largest = max(largest, size(t, group))
		}
	})
	w.ExecuteWorkflow(Fleet, in)
	err := w.GetWorkflowError()
	requireType(t, ErrorIncomplete, err)
	result := resultIn[FleetResult](t, err)
	require.Equal(t, 4500, result.Failed)
	require.Equal(t, 4500, result.Existing)
	require.Greater(t, len(result.Failures), 40)
	t.Logf("input %d, group %d, result %d bytes", size(t, in), largest, size(t, result))
	require.Less(t, size(t, in), 1200_000)
	require.Less(t, largest, 10_000)
	require.Less(t, size(t, result), 150_000)
}

func size(t *testing.T, value any) int {
	t.Helper()
	payload, err := converter.GetDefaultDataConverter().ToPayload(value)
	require.NoError(t, err)
	return payload.Size()
}

// A cancelled fleet says what is left, by ID, or deletes what it has created.
func TestFleetCancelled(t *testing.T) {
	for _, c := range []struct {
		names  int
		delete bool
		late   bool // all machines are ready, and the audit is to come
	}{{20, false, false}, {20, true, false}, {20, true, true}, {500, false, false}, {500, true, false}, {500, true, true}} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			created, found := 0, 0
			w := stubbed(t, func(ctx workflow.Context, in ProvisionInput) (*ProvisionResult, error) {
				i, ok := Series{Prefix: "worker-", Count: c.names}.index(in.Machine.Name)
				require.True(t, ok)
				result := made(in.Machine.Name)
				if i >= c.names/2 && !c.late {
					require.Error(t, workflow.Sleep(ctx, time.Hour))
					if in.DeleteOnCancel {
						return nil, temporal.NewCanceledError()
					}
					found++
					return nil, temporal.NewCanceledError([]string{result.Machine.ID})
				}
				result.Adopted = i%5 < 2
				result.Created = i%5 > 0 // also if it was found because its response was lost
				if result.Created {
					created++
				} else {
					found++
				}
				return result, workflow.Sleep(ctx, time.Second)
			})
			w.RegisterDelayedCallback(w.CancelWorkflow, time.Minute)
			w.ExecuteWorkflow(Fleet, FleetInput{
				Series: Series{Prefix: "worker-", Count: c.names}, Machine: alike(), Open: c.names, DeleteOnCancel: c.delete,
			})
			err := w.GetWorkflowError()
			require.True(t, temporal.IsCanceledError(err), "%v", err)
			result := resultIn[FleetResult](t, err)
			require.Zero(t, result.Failed)
			require.Greater(t, created, found/10)
			if c.delete {
				require.Equal(t, created, result.Deleted)
				created = 0
			}
			require.Equal(t, created+found, result.Existing)
			require.Len(t, result.MachineIDs, created+found)
		})
	}
}

// A name that another workflow works on is waited for.
func TestFleetWaitsForAName(t *testing.T) {
	tries := 0
	w := bareWorld(t, "fleet")
	w.RegisterWorkflow(Fleet)
	w.RegisterWorkflow(Provision)
	w.OnWorkflow(Provision, mock.Anything, mock.Anything).Return(func(workflow.Context, ProvisionInput) (*ProvisionResult, error) {
		if tries++; tries < 4 {
			return nil, &temporal.ChildWorkflowExecutionAlreadyStartedError{}
		}
		return made("worker-0000"), nil
	})
	w.RegisterWorkflow(FleetAudit)
	w.OnWorkflow(FleetAudit, mock.Anything, mock.Anything).Return(&AuditResult{}, nil)
	result, err := w.fleet(FleetInput{Names: names(1)})
	require.NoError(t, err)
	require.Equal(t, 1, result.Ready)
	require.Equal(t, 4, tries)
}

func TestFleetProgress(t *testing.T) {
	for _, n := range []int{20, 500} {
		w := stubbed(t, func(ctx workflow.Context, in ProvisionInput) (*ProvisionResult, error) {
			i, _ := Series{Prefix: "worker-", Count: n}.index(in.Machine.Name)
			err := workflow.Sleep(ctx, time.Duration(i+1)*time.Second)
			return made(in.Machine.Name), err
		})
		w.OnWorkflow(FleetAudit, mock.Anything, mock.Anything).Return(&AuditResult{}, nil)
		w.RegisterDelayedCallback(func() {
			value, err := w.QueryWorkflow(ProgressQuery)
			require.NoError(t, err)
			var progress FleetProgress
			require.NoError(t, value.Get(&progress))
			require.Equal(t, n, progress.Names)
			require.InDelta(t, n/2, progress.Ready, float64(n)/50*2.5)
			require.Equal(t, progress.Ready, progress.Ended)
		}, time.Duration(n/2)*time.Second+500*time.Millisecond)
		_, err := w.fleet(FleetInput{Series: Series{Prefix: "worker-", Count: n}, Open: 1000})
		require.NoError(t, err)
	}
}

// Progress names a machine as soon as it is known to exist, in groups, too.
func TestFleetProgressNamesPendingMachines(t *testing.T) {
	for _, n := range []int{20, 210} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			w := newWorld(t, "fleet")
			adopted := w.create(t, "worker-0003")
			var progress FleetProgress
			w.RegisterDelayedCallback(func() { // a machine takes 80 s
				value, err := w.QueryWorkflow(ProgressQuery)
				require.NoError(t, err)
				require.NoError(t, value.Get(&progress))
			}, 30*time.Second)
			result, err := w.fleet(FleetInput{Names: names(n)})
			require.NoError(t, err)
			require.Zero(t, progress.Ready)
			require.Equal(t, n, progress.Existing)
			require.Equal(t, adopted, progress.MachineIDs["worker-0003"])
			require.Equal(t, result.MachineIDs, progress.MachineIDs)
		})
	}
}

// In a fleet with too many names for one list, each group names its machines.
func TestGroupProgressNamesPendingMachines(t *testing.T) {
	const n = maxIDs + 100
	begun := 0
	w := stubbed(t, func(ctx workflow.Context, in ProvisionInput) (*ProvisionResult, error) {
		err := workflow.SignalExternalWorkflow(ctx, in.Fleet.ReportTo, "", MachineSignal, MachineRef{ID: "id-of-" + in.Machine.Name, Name: in.Machine.Name}).Get(ctx, nil)
		require.NoError(t, err)
		begun++ // they end at different times, because the test environment has room for 1000 callbacks
		return made(in.Machine.Name), workflow.Sleep(ctx, time.Hour+time.Duration(begun)*time.Second)
	})
	w.OnWorkflow(FleetAudit, mock.Anything, mock.Anything).Return(&AuditResult{}, nil)
	var fleet, group FleetProgress
	w.RegisterDelayedCallback(func() {
		value, err := w.QueryWorkflow(ProgressQuery)
		require.NoError(t, err)
		require.NoError(t, value.Get(&fleet))
		value, err = w.QueryWorkflowByID("fleet/group-0000", ProgressQuery)
		require.NoError(t, err)
		require.NoError(t, value.Get(&group))
	}, 30*time.Minute)
	result, err := w.fleet(FleetInput{Names: names(n), Open: 50})
	require.NoError(t, err)
	require.Nil(t, fleet.MachineIDs)
	require.InDelta(t, 50, fleet.Existing, n/50)
	require.Len(t, group.MachineIDs, 10)
	require.Equal(t, "id-of-worker-0007", group.MachineIDs["worker-0007"])
	require.Nil(t, result.MachineIDs)
	require.Equal(t, n, result.Existing)
}

// A machine that does not exist any more is not in the progress.
func TestFleetProgressForgetsAMachine(t *testing.T) {
	w := newWorld(t, "fleet")
	w.srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Fails("no room"))
	var seen []string // the machine, each 10 s
	for i := 1; i < 60; i++ {
		w.RegisterDelayedCallback(func() {
			value, err := w.QueryWorkflow(ProgressQuery)
			require.NoError(t, err)
			var progress FleetProgress
			require.NoError(t, value.Get(&progress))
			require.Len(t, progress.MachineIDs, progress.Existing)
			seen = append(seen, progress.MachineIDs["worker-0000"])
		}, time.Duration(i)*10*time.Second)
	}
	result, err := w.fleet(FleetInput{Names: names(1), Alternatives: []Alternative{{MachineType: "C7"}}})
	require.NoError(t, err)
	seen = slices.Compact(seen)
	require.Len(t, seen, 2, "the machine whose creation failed, and the one of the alternative")
	require.Equal(t, result.MachineIDs["worker-0000"], seen[1])
}

func TestDeprovision(t *testing.T) {
	for _, c := range []struct {
		name    string
		before  func(*testing.T, *world)
		deletes int
		deleted int
		fails   string
	}{
		{name: "one", before: func(t *testing.T, w *world) { w.create(t, name) }, deletes: 1, deleted: 1},
		{name: "none", before: func(*testing.T, *world) {}},
		{name: "doubled machines", before: func(t *testing.T, w *world) { w.create(t, name); w.create(t, name) }, deletes: 2, deleted: 2},
		{name: "one that does not show yet", before: func(t *testing.T, w *world) {
			w.RegisterDelayedCallback(func() { w.create(t, name) }, time.Minute)
		}, deletes: 1, deleted: 1},
		{name: "the response is lost", before: func(t *testing.T, w *world) {
			w.create(t, name)
			w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-delete", Times: 1, Cut: true, CarriedOut: true})
		}, deletes: 2, deleted: 1},
		{name: "429", before: func(t *testing.T, w *world) {
			w.create(t, name)
			w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-delete", Times: 1, RetryAfter: time.Minute})
		}, deletes: 2, deleted: 1},
		{name: "gone in the meantime", before: func(t *testing.T, w *world) {
			w.create(t, name)
			w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-delete", Times: 1, Status: 404})
		}, deletes: 2, deleted: 1},
		{name: "a double that shows later", before: func(t *testing.T, w *world) {
			w.create(t, name)
			late := w.create(t, name)
			start := w.Now()
			w.hide(func(id string) bool { return id == late && w.Now().Sub(start) < 4*time.Minute })
		}, deletes: 2, deleted: 2},
		{name: "a gateway's 404 to the polls", before: func(t *testing.T, w *world) {
			w.create(t, name)
			w.srv.NextEvent(paperspace.MachineEventNameDeactivate, paperspacetest.Hangs())
			w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-get", Status: 404, Body: `{"message":"no Route matched with those values"}`})
		}, deletes: 1, fails: ErrorUnavailable},
		{name: "refused once", before: func(t *testing.T, w *world) {
			w.create(t, name)
			w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-delete", Times: 1, Status: 400, Body: `{"message":"It is starting","code":"BAD_REQUEST"}`})
		}, deletes: 2, deleted: 1},
		{name: "refused", before: func(t *testing.T, w *world) {
			w.create(t, name)
			w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-delete", Status: 403})
		}, deletes: 5, fails: ErrorRefused},
		{name: "the delete does not end", before: func(t *testing.T, w *world) {
			w.create(t, name)
			w.srv.NextEvent(paperspace.MachineEventNameDeactivate, paperspacetest.Hangs())
		}, deletes: 1, fails: ErrorPending},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, name)
			w.create(t, name+"-2")
			c.before(t, w)
			w.ExecuteWorkflow(Deprovision, DeprovisionInput{Name: name, Timing: Timing{PollMax: 5 * time.Minute}})
			require.Len(t, w.srv.Calls("machines-delete"), c.deletes)
			require.Len(t, w.ids(t)[name+"-2"], 1)
			if c.fails != "" {
				requireType(t, c.fails, w.GetWorkflowError())
				require.Equal(t, w.ids(t)[name], MachineIDs(w.GetWorkflowError()))
				return
			}
			var result DeprovisionResult
			require.NoError(t, w.GetWorkflowResult(&result))
			require.Len(t, result.MachineIDs, c.deleted)
		})
	}
}

func TestFleetDown(t *testing.T) {
	w := newWorld(t, "fleet")
	for _, name := range append(names(4), "worker-0003", "another") {
		w.create(t, name)
	}
	w.ExecuteWorkflow(FleetDown, FleetDownInput{Names: names(5)})
	var result FleetDownResult
	require.NoError(t, w.GetWorkflowResult(&result))
	require.Equal(t, 5, result.Deleted)
	require.Equal(t, 5, result.Ended)
	require.Len(t, w.ids(t), 1)
	require.Contains(t, w.ids(t), "another")

	w = newWorld(t, "fleet")
	for _, name := range names(4) {
		w.create(t, name)
	}
	w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-delete", Times: 5, Status: 403})
	w.ExecuteWorkflow(FleetDown, FleetDownInput{Names: names(1), Timing: Timing{PollMax: 5 * time.Minute}})
	requireType(t, ErrorIncomplete, w.GetWorkflowError())
	down := resultIn[FleetDownResult](t, w.GetWorkflowError())
	require.Equal(t, 1, down.Failed)
	require.Equal(t, w.ids(t)["worker-0000"], down.Failures[0].MachineIDs)
}
