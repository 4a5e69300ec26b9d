package paperspacetemporal

import (
	"fmt"
	"strings"
	"testing"
	"time"

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

func names(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("worker-%04d", i)
	}
	return names
}

// stubbed runs a fleet whose machines are provisioned by a stub.
func stubbed(t *testing.T, provision func(workflow.Context, ProvisionInput) (*ProvisionResult, error)) *world {
	w := bareWorld(t, "fleet")
	w.RegisterWorkflow(Fleet)
	w.RegisterWorkflowWithOptions(provision, workflow.RegisterOptions{Name: "Provision"})
	w.RegisterActivity(&Activities{client: w.client})
	return w
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

func TestFleet(t *testing.T) {
	w := newWorld(t, "fleet")
	there := w.create(t, "worker-0001")
	w.create(t, "worker-00011")
	w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Cut: true, CarriedOut: true})
	result, err := w.fleet(FleetInput{Names: names(5)})
	require.NoError(t, err)
	require.Len(t, result.MachineIDs, 5)
	require.Equal(t, there, result.MachineIDs["worker-0001"])
	require.Equal(t, 2, result.Adopted)
	ids := w.ids(t)
	require.Len(t, ids, 6)
	for name, id := range result.MachineIDs {
		require.Equal(t, []string{id}, ids[name])
	}
}

func TestFleetIncomplete(t *testing.T) {
	w := newWorld(t, "fleet")
	w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 2, Status: 403, Body: `{"message":"` + strings.Repeat("no ", 200) + `"}`})
	_, err := w.fleet(FleetInput{Names: names(5)})
	e := requireType(t, ErrorIncomplete, err)
	var result FleetResult
	require.NoError(t, e.Details(&result))
	require.Len(t, result.MachineIDs, 3)
	require.Len(t, result.Failed, 2)
	for name, reason := range result.Failed {
		require.NotContains(t, result.MachineIDs, name)
		require.Contains(t, reason, "paperspace: machines-create: 403")
		require.Len(t, reason, maxReason)
	}
}

// The audit finds what no workflow has made.
func TestFleetDoubled(t *testing.T) {
	w := newWorld(t, "fleet")
	w.RegisterDelayedCallback(func() { w.create(t, "worker-0003") }, 3*time.Minute)
	_, err := w.fleet(FleetInput{Names: names(5), Timing: Timing{Settle: 5 * time.Minute}})
	e := requireType(t, ErrorDoubled, err)
	var result FleetResult
	require.NoError(t, e.Details(&result))
	require.Len(t, result.MachineIDs, 5)
	require.Len(t, result.Doubled, 1)
	require.ElementsMatch(t, w.ids(t)["worker-0003"], result.Doubled["worker-0003"])
	for _, id := range result.Doubled["worker-0003"] {
		require.ErrorContains(t, err, id)
	}
}

// However many there are, 500 children are open at most; and with a long history a new run takes the rest over.
func TestFleetOpensFiveHundred(t *testing.T) {
	open, most, all := 0, 0, 0
	var w *world
	w = stubbed(t, func(ctx workflow.Context, in ProvisionInput) (*ProvisionResult, error) {
		if open++; open > most {
			most = open
		}
		all++
		err := workflow.Sleep(ctx, time.Minute+time.Duration(all)*time.Second)
		open--
		if all >= 550 {
			w.SetContinueAsNewSuggested(true)
		}
		return &ProvisionResult{Machine: paperspace.Machine{ID: "id-of-" + in.Machine.Name}}, err
	})
	_, err := w.fleet(FleetInput{Names: names(900)})
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, err, &next)
	require.Equal(t, maxOpen, most)
	require.Empty(t, w.srv.Calls(), "the audit is for the last run")

	var in FleetInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
	require.Equal(t, names(900), in.Names)
	require.Equal(t, alike(), in.Machine)
	require.Equal(t, all, in.Progress.Done)
	require.GreaterOrEqual(t, all, 550)
	require.Less(t, all, 900)
	require.Len(t, in.Progress.Fleet.MachineIDs, all)

	var rest []string
	again := stubbed(t, func(_ workflow.Context, in ProvisionInput) (*ProvisionResult, error) {
		rest = append(rest, in.Machine.Name)
		return &ProvisionResult{Machine: paperspace.Machine{ID: "id-of-" + in.Machine.Name}}, nil
	})
	result, err := again.fleet(in)
	require.NoError(t, err)
	require.ElementsMatch(t, names(900)[all:], rest)
	require.Len(t, result.MachineIDs, 900)
}

func TestFleetInput(t *testing.T) {
	named := alike()
	named.Name = name
	for _, c := range []struct {
		what string
		in   FleetInput
	}{
		{"a name", FleetInput{Names: names(1), Machine: named}},
		{"twice", FleetInput{Names: []string{"a", "b", "a"}}},
		{"empty", FleetInput{Names: []string{"a", ""}}},
		{"its own id", FleetInput{Names: []string{"a", "fleet"}}},
		{"too many", FleetInput{Names: names(maxNames + 1)}},
		{"negative", FleetInput{Names: names(1), Timing: Timing{Settle: -1}}},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t, "fleet")
			w.ExecuteWorkflow(Fleet, c.in)
			requireType(t, ErrorRefused, w.GetWorkflowError())
			require.Empty(t, w.srv.Calls())
		})
	}
}

// The largest fleet fits into what the engine takes, whatever becomes of it.
func TestFleetSize(t *testing.T) {
	in := FleetInput{Progress: &FleetProgress{Fleet: FleetResult{Failed: map[string]string{}}}}
	for i := range maxNames {
		name := fmt.Sprintf("%060d", i)
		in.Names = append(in.Names, name)
		in.Progress.Fleet.Failed[name] = strings.Repeat("x", maxReason)
	}
	payload, err := converter.GetDefaultDataConverter().ToPayload(in)
	require.NoError(t, err)
	require.Less(t, payload.Size(), 2<<20)
}

func TestFleetCancelled(t *testing.T) {
	cancelled := 0
	w := stubbed(t, func(ctx workflow.Context, _ ProvisionInput) (*ProvisionResult, error) {
		err := workflow.Sleep(ctx, time.Hour)
		if temporal.IsCanceledError(err) {
			cancelled++
		}
		return nil, err
	})
	w.RegisterDelayedCallback(w.CancelWorkflow, time.Minute)
	_, err := w.fleet(FleetInput{Names: names(600)})
	var canceled *temporal.CanceledError
	require.ErrorAs(t, err, &canceled)
	require.Equal(t, maxOpen, cancelled)
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
		{name: "doubled", before: func(t *testing.T, w *world) { w.create(t, name); w.create(t, name) }, deletes: 2, deleted: 2},
		{name: "one that does not show yet", before: func(t *testing.T, w *world) {
			w.RegisterDelayedCallback(func() { w.create(t, name) }, time.Minute)
		}, deletes: 1, deleted: 1},
		{name: "the answer is lost", before: func(t *testing.T, w *world) {
			w.create(t, name)
			w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-delete", Times: 1, Cut: true, CarriedOut: true})
		}, deletes: 2, deleted: 1},
		{name: "429", before: func(t *testing.T, w *world) {
			w.create(t, name)
			w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-delete", Times: 1, RetryAfter: time.Minute})
		}, deletes: 2, deleted: 1},
		{name: "gone meanwhile", before: func(t *testing.T, w *world) {
			w.create(t, name)
			w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-delete", Times: 1, Status: 404})
		}, deletes: 1, deleted: 1},
		{name: "refused", before: func(t *testing.T, w *world) {
			w.create(t, name)
			w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-delete", Status: 403})
		}, deletes: 1, fails: ErrorRefused},
		{name: "it does not end", before: func(t *testing.T, w *world) {
			w.create(t, name)
			w.srv.NextEvent(paperspace.MachineEventNameDeactivate, paperspacetest.Hangs())
		}, deletes: 1, fails: ErrorPending},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, name)
			w.create(t, name+"-2")
			c.before(t, w)
			w.ExecuteWorkflow(Deprovision, DeprovisionInput{Name: name})
			require.Len(t, w.srv.Calls("machines-delete"), c.deletes)
			require.Len(t, w.ids(t)[name+"-2"], 1)
			if c.fails != "" {
				requireType(t, c.fails, w.GetWorkflowError())
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
	require.Len(t, w.ids(t), 1)
	require.Contains(t, w.ids(t), "another")

	w = newWorld(t, "fleet")
	for _, name := range names(4) {
		w.create(t, name)
	}
	w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-delete", Times: 1, Status: 403})
	w.ExecuteWorkflow(FleetDown, FleetDownInput{Names: names(4), Timing: Timing{PollMax: 10 * time.Minute}})
	require.NoError(t, requireType(t, ErrorIncomplete, w.GetWorkflowError()).Details(&result))
	require.Equal(t, 3, result.Deleted)
	require.Len(t, result.Failed, 1)
}
