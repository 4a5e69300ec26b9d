package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
	paperspacetemporal "github.com/paperspace-go/paperspace/temporal"
)

const unlimited = 100_000 // activities a second: the engine's own default

var timing = paperspacetemporal.Timing{
	Settle: 5 * time.Second, Request: 12 * time.Second, PollMin: time.Second, PollMax: 4 * time.Second,
}

func machine(name string) paperspace.MachineCreateParams {
	return paperspace.MachineCreateParams{
		Name: name, MachineType: "C5", TemplateID: paperspacetest.UbuntuID, DiskSize: 50, Region: paperspace.RegionNY2,
		StartOnCreate: new(true),
	}
}

func names(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("worker-%04d", i)
	}
	return names
}

// exactlyOnce is the check: each name has one machine, and there are no others.
func exactlyOnce(names []string, machines map[string][]string) error {
	all := 0
	for _, name := range names {
		if ids := machines[name]; len(ids) != 1 {
			return fmt.Errorf("%q has the machines %q", name, ids)
		}
		all++
	}
	if len(machines) != all {
		return fmt.Errorf("there are %d names, not %d", len(machines), all)
	}
	return nil
}

// crash runs a fleet over three workers, of which one is killed when the service has carried two of its creates out, and
// two more not.
func crash(ctx context.Context, t *testing.T, g *gateway, names []string) (client.Client, client.WorkflowRun) {
	ts, c := newTemporal(t)
	startWorker(t, ts, g, "first", unlimited)
	startWorker(t, ts, g, "second", unlimited)
	victim := startWorker(t, ts, g, "victim", unlimited)
	g.hold("victim", 2, 2)
	fleet, err := c.ExecuteWorkflow(ctx, paperspacetemporal.StartOptions(queue, "fleet"), paperspacetemporal.Fleet,
		paperspacetemporal.FleetInput{Names: names, Machine: machine(""), Timing: timing})
	require.NoError(t, err)
	for range 4 {
		select {
		case <-g.held:
		case <-ctx.Done():
			t.Fatal("the victim had no four creates to hold")
		}
	}
	require.NoError(t, victim.Process.Kill()) // SIGKILL
	_ = victim.Wait()
	t.Logf("killed process %d with four creates in its hands", victim.Process.Pid)
	return c, fleet
}

func TestWorkerIsKilled(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	g := newGateway(t)
	names := names(200)
	start := time.Now()
	c, fleet := crash(ctx, t, g, names)
	var result paperspacetemporal.FleetResult
	require.NoError(t, fleet.Get(ctx, &result))
	require.NoError(t, exactlyOnce(names, g.machines(t)))
	require.Len(t, result.MachineIDs, len(names))
	require.GreaterOrEqual(t, result.Adopted, 2)
	t.Logf("%d machines, %d of them adopted, with %d requests in %v", len(names), result.Adopted, len(g.times), time.Since(start).Round(time.Second))
	replay(ctx, t, c, append(names, "fleet"))
}

// The same with a service whose list lags for longer than the settle time: the check has to fail, or it would prove
// nothing. The audit of the fleet sees it, too, and what it takes to clean up is FleetDown.
func TestWorkerIsKilledAndTheListLags(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	g := newGateway(t)
	names := names(40)
	g.lag(true)
	c, fleet := crash(ctx, t, g, names)
	for doubled := 0; doubled < 2; time.Sleep(50 * time.Millisecond) {
		doubled = 0
		require.NoError(t, ctx.Err(), "no machine got doubled")
		for _, ids := range g.machines(t) {
			doubled += len(ids) - 1
		}
	}
	require.Error(t, exactlyOnce(names, g.machines(t)))
	g.lag(false)

	err := fleet.Get(ctx, nil)
	var e *temporal.ApplicationError
	require.ErrorAs(t, err, &e)
	require.Equal(t, paperspacetemporal.ErrorDoubled, e.Type(), "%v", err)
	var result paperspacetemporal.FleetResult
	require.NoError(t, e.Details(&result))
	machines := g.machines(t)
	require.GreaterOrEqual(t, len(result.Doubled), 2)
	for name, ids := range result.Doubled {
		require.ElementsMatch(t, machines[name], ids)
	}
	t.Log(err)

	down, err := c.ExecuteWorkflow(ctx, paperspacetemporal.StartOptions(queue, "fleet"), paperspacetemporal.FleetDown,
		paperspacetemporal.FleetDownInput{Names: names, Timing: timing})
	require.NoError(t, err)
	var gone paperspacetemporal.FleetDownResult
	require.NoError(t, down.Get(ctx, &gone))
	require.GreaterOrEqual(t, gone.Deleted, len(names)+2)
	require.Empty(t, g.machines(t))
}

// The rate holds over all workers. In a second it bursts to twice the figure at most.
func TestRate(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	const rate = 10
	g := newGateway(t)
	ts, c := newTemporal(t)
	startWorker(t, ts, g, "first", rate)
	startWorker(t, ts, g, "second", rate)
	names := names(30)
	start := time.Now()
	fleet, err := c.ExecuteWorkflow(ctx, paperspacetemporal.StartOptions(queue, "fleet"), paperspacetemporal.Fleet,
		paperspacetemporal.FleetInput{Names: names, Machine: machine(""), Timing: timing})
	require.NoError(t, err)
	require.NoError(t, fleet.Get(ctx, nil))
	require.NoError(t, exactlyOnce(names, g.machines(t)))
	busiest := g.busiest(time.Second)
	t.Logf("%d requests in %v, %d in the busiest second, %d in the busiest ten", len(g.times), time.Since(start).Round(time.Second), busiest, g.busiest(10*time.Second))
	require.LessOrEqual(t, busiest, 2*rate)
	require.Greater(t, busiest, rate/2, "the limit was not put to the test")
}

// inProcess starts a worker in this process, whose first create is held.
func inProcess(t *testing.T, c client.Client, g *gateway, before, after int) {
	t.Helper()
	g.hold("worker", before, after)
	pc, err := paperspace.NewClient(paperspace.WithBaseURL(g.url), paperspace.WithAPIKey(paperspacetest.DefaultKey),
		paperspace.WithUserAgent("worker"))
	require.NoError(t, err)
	t.Cleanup(pc.CloseIdleConnections)
	w := worker.New(c, t.Name(), worker.Options{})
	paperspacetemporal.Register(w, pc)
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
}

// A reset repeats what the engine remembers, and must not repeat a create with it.
func TestReset(t *testing.T) {
	t.Parallel()
	ts, c := newTemporal(t)
	for i, test := range []struct {
		name  string
		nudge bool // a signal makes the engine begin a task while the create is on its way
		last  bool // the reset is to the last task, not to the first
	}{
		{name: "to the search"},
		{name: "to the create", last: true},
		{name: "to after the create was begun", nudge: true, last: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			g := newGateway(t)
			inProcess(t, c, g, 0, 1)
			name := fmt.Sprint("trainer-", i)
			run, err := c.ExecuteWorkflow(ctx, paperspacetemporal.StartOptions(t.Name(), name), paperspacetemporal.Provision,
				paperspacetemporal.ProvisionInput{Machine: machine(name), Timing: timing})
			require.NoError(t, err)
			<-g.held
			wanted := 2 // tasks: the search and the create
			if test.nudge {
				require.NoError(t, c.SignalWorkflow(ctx, name, "", "nudge", nil))
				wanted++
			}
			tasks := tasksDone(ctx, t, c, name)
			for ; len(tasks) < wanted; tasks = tasksDone(ctx, t, c, name) {
				time.Sleep(50 * time.Millisecond)
			}
			to := tasks[0]
			if test.last {
				to = tasks[len(tasks)-1]
			}
			start := time.Now()
			reset(ctx, t, ts, run, to)

			var result paperspacetemporal.ProvisionResult
			require.NoError(t, c.GetWorkflow(ctx, name, "").Get(ctx, &result))
			require.True(t, result.Adopted)
			require.GreaterOrEqual(t, time.Since(start), timing.Request+timing.Settle, "the create might just have been begun")
			require.NoError(t, exactlyOnce([]string{name}, g.machines(t)))
			require.Len(t, g.srv.Calls("machines-create"), 1)
			replay(ctx, t, c, []string{name})
		})
	}
}

// A name that another workflow works on is waited for: whoever starts it, directly or through a fleet.
func TestOneWorkflowForAName(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	_, c := newTemporal(t)
	g := newGateway(t)
	inProcess(t, c, g, 1, 0)
	names := names(3)
	options := paperspacetemporal.StartOptions(t.Name(), names[1])
	in := paperspacetemporal.ProvisionInput{Machine: machine(names[1]), Timing: timing}
	_, err := c.ExecuteWorkflow(ctx, options, paperspacetemporal.Provision, in)
	require.NoError(t, err)
	<-g.held
	_, err = c.ExecuteWorkflow(ctx, options, paperspacetemporal.Provision, in)
	require.True(t, temporal.IsWorkflowExecutionAlreadyStartedError(err), "%v", err)
	_, err = c.ExecuteWorkflow(ctx, options, paperspacetemporal.Deprovision, paperspacetemporal.DeprovisionInput{Name: names[1], Timing: timing})
	require.True(t, temporal.IsWorkflowExecutionAlreadyStartedError(err), "%v", err)

	fleet, err := c.ExecuteWorkflow(ctx, paperspacetemporal.StartOptions(t.Name(), "fleet"), paperspacetemporal.Fleet,
		paperspacetemporal.FleetInput{Names: names, Machine: machine(""), Timing: timing})
	require.NoError(t, err)
	var result paperspacetemporal.FleetResult
	require.NoError(t, fleet.Get(ctx, &result))
	require.Equal(t, 1, result.Adopted)
	require.NoError(t, exactlyOnce(names, g.machines(t)))
	replay(ctx, t, c, append(names, "fleet"))

	// A rerun finds everything.
	fleet, err = c.ExecuteWorkflow(ctx, paperspacetemporal.StartOptions(t.Name(), "fleet"), paperspacetemporal.Fleet,
		paperspacetemporal.FleetInput{Names: names, Machine: machine(""), Timing: timing})
	require.NoError(t, err)
	require.NoError(t, fleet.Get(ctx, &result))
	require.Equal(t, len(names), result.Adopted)
	require.NoError(t, exactlyOnce(names, g.machines(t)))
}
