package e2e

import (
	"context"
	"errors"
	"flag"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.temporal.io/server/temporaltest"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
	paperspacetemporal "github.com/paperspace-go/paperspace/temporal"
)

// long makes faults last as long as they may in production.
var long = flag.Bool("long", false, "many more machines, kills and freezes")

const unlimited = 200 // requests a second of a worker: more than a test needs

var timing = paperspacetemporal.Timing{
	Settle: 6 * time.Second, Request: 12 * time.Second, PollMin: time.Second, PollMax: 4 * time.Second,
}

func machine(name string) paperspace.MachineCreateParams {
	return paperspace.MachineCreateParams{
		Name: name, MachineType: "C5", TemplateID: paperspacetest.UbuntuID, DiskSize: 50, Region: paperspace.RegionNY2,
		StartOnCreate: new(true),
	}
}

func names(n int) []string {
	return paperspacetemporal.Series{Prefix: "worker-", Count: n, Digits: 4}.Names()
}

// scaled is the first figure, or with -long the second.
func scaled[T any](usual, longer T) T {
	if *long {
		return longer
	}
	return usual
}

func start(ctx context.Context, t *testing.T, c client.Client, in paperspacetemporal.FleetInput) client.WorkflowRun {
	t.Helper()
	in.Machine = machine("")
	if in.Timing == (paperspacetemporal.Timing{}) {
		in.Timing = timing
	}
	run, err := c.ExecuteWorkflow(ctx, paperspacetemporal.StartOptions(queue, "fleet"), paperspacetemporal.Fleet, in)
	require.NoError(t, err)
	return run
}

// hold starts a worker, the victim, and waits until it holds creates: some before, some after they were carried out.
func hold(ctx context.Context, t *testing.T, ts *temporaltest.TestServer, g *gateway, before, after int) *exec.Cmd {
	t.Helper()
	g.hold("victim", before, after)
	victim := startWorker(t, ts, g, "victim", unlimited)
	for range before + after {
		g.waitHeld(ctx, t)
	}
	return victim
}

// A worker is killed when the service has carried two of its creates out, and two more not. With -long: 2,000 machines.
func TestWorkerIsKilled(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	g := newGateway(t)
	ts, c := newTemporal(t)
	names := names(scaled(210, 2000)) // two groups, or ten
	begin := time.Now()
	fleet := start(ctx, t, c, paperspacetemporal.FleetInput{Names: names})
	victim := hold(ctx, t, ts, g, 2, 2)
	startWorker(t, ts, g, "first", unlimited)
	startWorker(t, ts, g, "second", unlimited)
	require.NoError(t, victim.Process.Kill()) // SIGKILL
	_ = victim.Wait()
	var result paperspacetemporal.FleetResult
	require.NoError(t, fleet.Get(ctx, &result))
	g.requireExactlyOnce(t, names)
	require.Equal(t, len(names), result.Ready)
	require.GreaterOrEqual(t, result.Adopted, 2)
	t.Logf("%d of them adopted, with %d requests in %v", result.Adopted, g.requests(), time.Since(begin).Round(time.Second))
	replay(ctx, t, c, []string{names[0], "fleet", "fleet/group-0001", "fleet/audit"})
}

// A worker is frozen with creates that the service gets late. As long as it has them, and shows their machines, Request
// and Settle after the activity began, no machine is doubled; later than that it is, and the audit says so.
func TestWorkerIsFrozen(t *testing.T) {
	for _, test := range []struct {
		name string
		safe bool
	}{{"within Request and Settle", true}, {"later", false}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			g := newGateway(t)
			g.late, g.later = timing.Request+timing.Settle/2, !test.safe
			ts, c := newTemporal(t)
			names := names(10)
			fleet := start(ctx, t, c, paperspacetemporal.FleetInput{Names: names})
			victim := hold(ctx, t, ts, g, 2, 0)
			require.NoError(t, victim.Process.Signal(syscall.SIGSTOP))
			startWorker(t, ts, g, "first", unlimited)
			time.Sleep(timing.Request + timing.Settle/2)
			require.NoError(t, victim.Process.Signal(syscall.SIGCONT))
			err := fleet.Get(ctx, nil)
			if test.safe {
				require.NoError(t, err)
				g.requireExactlyOnce(t, names)
				return
			}
			result := doubled(t, err)
			require.Equal(t, count{wanted: 10, existing: 12, doubled: 2}, g.count(t, names))
			require.Equal(t, 2, result.DoubledNames)
			for name, ids := range result.Doubled {
				require.ElementsMatch(t, g.machines(t)[name], ids)
			}

			down, err := c.ExecuteWorkflow(ctx, paperspacetemporal.StartOptions(queue, "fleet"), paperspacetemporal.FleetDown,
				paperspacetemporal.FleetDownInput{Names: names, Timing: timing})
			require.NoError(t, err)
			var gone paperspacetemporal.FleetDownResult
			require.NoError(t, down.Get(ctx, &gone))
			require.Equal(t, 12, gone.Deleted)
			require.Empty(t, g.machines(t))
			replay(ctx, t, c, []string{names[0], "fleet"})
		})
	}
}

func doubled(t *testing.T, err error) (result paperspacetemporal.FleetResult) {
	t.Helper()
	requireFailed(t, err, paperspacetemporal.ErrorDoubled, &result)
	return result
}

func requireFailed(t *testing.T, err error, kind string, result *paperspacetemporal.FleetResult) {
	t.Helper()
	var e *temporal.ApplicationError
	require.ErrorAs(t, err, &e)
	require.Equal(t, kind, e.Type(), "%v", err)
	require.NoError(t, e.Details(result))
}

// Workers are killed and frozen at random. With -long: 120 machines, for two minutes.
func TestKillsAndFreezes(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	g := newGateway(t)
	ts, c := newTemporal(t)
	names := names(scaled(40, 120))
	startWorker(t, ts, g, "steady", 2)
	fleet := start(ctx, t, c, paperspacetemporal.FleetInput{Names: names})
	kills, freezes := 0, 0
	for end := time.Now().Add(scaled(15*time.Second, 2*time.Minute)); time.Now().Before(end); {
		w := startWorker(t, ts, g, "victim", 5)
		time.Sleep(time.Duration(1000+g.requests()%7*300) * time.Millisecond)
		if g.requests()%2 == 0 {
			require.NoError(t, w.Process.Signal(syscall.SIGSTOP))
			freezes++
			time.AfterFunc(scaled(14*time.Second, 20*time.Second), func() { _ = w.Process.Signal(syscall.SIGCONT) })
			continue
		}
		require.NoError(t, w.Process.Kill())
		_ = w.Wait()
		kills++
	}
	startWorker(t, ts, g, "last", unlimited)
	require.NoError(t, fleet.Get(ctx, nil))
	t.Logf("%d kills, %d freezes", kills, freezes)
	g.requireExactlyOnce(t, names)
}

// The service is down for some time. With -long: 2.5 minutes, 100 machines.
func TestOutage(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	g := newGateway(t)
	ts, c := newTemporal(t)
	names := names(scaled(30, 100))
	startWorker(t, ts, g, "first", 5)
	startWorker(t, ts, g, "second", 5)
	fleet := start(ctx, t, c, paperspacetemporal.FleetInput{Names: names})
	for g.creates() < 10 {
		require.NoError(t, ctx.Err())
		time.Sleep(50 * time.Millisecond)
	}
	g.outage(true)
	end := time.Now().Add(scaled(15*time.Second, 150*time.Second))
	requireProgressNamesAll(ctx, t, c, g)
	time.Sleep(time.Until(end))
	g.outage(false)
	require.NoError(t, fleet.Get(ctx, nil))
	g.requireExactlyOnce(t, names)
	g.requirePace(t, 12) // 10, and a burst of one for each worker
}

// requireProgressNamesAll requires that the progress of a fleet comes to name the machines that exist, ready or not, while
// no others are created.
func requireProgressNamesAll(ctx context.Context, t *testing.T, c client.Client, g *gateway) {
	t.Helper()
	require.EventuallyWithT(t, func(collect *assert.CollectT) {
		value, err := c.QueryWorkflow(ctx, "fleet", "", paperspacetemporal.ProgressQuery)
		require.NoError(collect, err)
		var progress paperspacetemporal.FleetProgress
		require.NoError(collect, value.Get(&progress))
		exist := map[string]string{}
		for name, ids := range g.machines(t) {
			exist[name] = ids[0]
		}
		require.Equal(collect, exist, progress.MachineIDs)
		require.Equal(collect, len(exist), progress.Existing)
	}, time.Minute, 500*time.Millisecond)
}

// With a slow queue, each activity waits for longer than a machine may take: that is no failure. The test runs alone,
// because it measures how long the fleet takes.
func TestSlowQueue(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	g := newGateway(t)
	ts, c := newTemporal(t)
	startWorker(t, ts, g, "first", 5)
	names := names(60)
	slow := timing
	slow.Ready = 5 * time.Second // a machine takes 4
	begin, clock := time.Now(), lateness(t)
	fleet := start(ctx, t, c, paperspacetemporal.FleetInput{Names: names, Timing: slow})
	var result paperspacetemporal.FleetResult
	require.NoError(t, fleet.Get(ctx, &result))
	g.requireExactlyOnce(t, names)
	took := time.Since(begin) - slow.Settle // before the audit
	needed := time.Duration(g.requests()) * time.Second / 5
	t.Logf("%d requests at 5 a second need %v, and took %v", g.requests(), needed, took.Round(time.Second))
	if late := clock(); late > 0.05 {
		t.Logf("NOTICE: this machine was too busy to measure that: sleeping took %.0f %% too long", late*100)
		return
	}
	require.Less(t, took, needed*12/10)
}

// lateness returns a function that returns by how much, as a fraction, sleeping has taken too long since.
func lateness(t *testing.T) func() float64 {
	t.Helper()
	begin, stop, slept := time.Now(), make(chan bool), make(chan time.Duration)
	go func() {
		const nap = 50 * time.Millisecond
		for sum := time.Duration(0); ; sum += nap {
			select {
			case <-stop:
				slept <- sum
				return
			case <-t.Context().Done():
				return
			case <-time.After(nap):
			}
		}
	}()
	return func() float64 {
		took := time.Since(begin)
		close(stop)
		return 1 - float64(<-slept)/float64(took)
	}
}

// A list lags for longer than the settle time, and a worker is killed with creates that were carried out. Nothing is
// doubled, because the fleet ends; when the list has caught up, a rerun adopts what exists.
func TestListLag(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	g := newGateway(t)
	g.lag(true)
	ts, c := newTemporal(t)
	names := names(30)
	fleet := start(ctx, t, c, paperspacetemporal.FleetInput{Names: names})
	victim := hold(ctx, t, ts, g, 2, 2)
	startWorker(t, ts, g, "first", 5)
	require.NoError(t, victim.Process.Kill())
	_ = victim.Wait()
	var result paperspacetemporal.FleetResult
	requireFailed(t, fleet.Get(ctx, nil), paperspacetemporal.ErrorListLag, &result)
	lagging := g.count(t, names)
	t.Logf("while the list lags: %+v", lagging)
	require.Zero(t, lagging.doubled)
	require.NotEmpty(t, result.MachineIDs)
	for name, id := range result.MachineIDs {
		require.Equal(t, []string{id}, g.machines(t)[name])
	}

	g.lag(false)
	require.NoError(t, start(ctx, t, c, paperspacetemporal.FleetInput{Names: names}).Get(ctx, &result))
	g.requireExactlyOnce(t, names)
}

// A cancelled fleet stops creating at once, and says what is left, or deletes it. When the cancel has returned, each
// worker sends at most the one create that it was about to send.
func TestCancel(t *testing.T) {
	for _, test := range []struct {
		name   string
		delete bool
	}{{name: "leaves what exists"}, {name: "deletes what it created", delete: true}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			g := newGateway(t)
			ts, c := newTemporal(t)
			for _, name := range []string{"first", "second", "third"} {
				startWorker(t, ts, g, name, 2)
			}
			names := names(60)
			fleet := start(ctx, t, c, paperspacetemporal.FleetInput{Names: names, DeleteOnCancel: test.delete})
			for g.creates() < 3 {
				require.NoError(t, ctx.Err())
				time.Sleep(10 * time.Millisecond)
			}
			require.NoError(t, c.CancelWorkflow(ctx, "fleet", ""))
			cancelledAt := time.Now()
			err := fleet.Get(ctx, nil)
			var cancelled *temporal.CanceledError
			require.ErrorAs(t, err, &cancelled)
			var result paperspacetemporal.FleetResult
			require.NoError(t, cancelled.Details(&result))
			after := g.createsAfter(cancelledAt)
			t.Logf("%d creates, after the cancel %v; %d machines left", g.creates(), after, len(g.machines(t)))
			for worker, n := range after {
				require.LessOrEqual(t, n, 1, worker)
			}
			if test.delete {
				require.Empty(t, g.machines(t))
				require.Empty(t, result.MachineIDs)
				return
			}
			require.Len(t, result.MachineIDs, len(g.machines(t)))
			for name, ids := range g.machines(t) {
				require.Equal(t, []string{result.MachineIDs[name]}, ids)
			}
			replay(ctx, t, c, []string{names[0], "fleet"})
		})
	}
}

// A create that a worker has sent when its workflow is cancelled is awaited, and its machine is named.
func TestCancelDuringACreate(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	_, c := newTemporal(t)
	g := newGateway(t)
	inProcess(t, c, g, 0, 1)
	run, err := c.ExecuteWorkflow(ctx, paperspacetemporal.StartOptions(t.Name(), "trainer"), paperspacetemporal.Provision,
		paperspacetemporal.ProvisionInput{Machine: machine("trainer"), Timing: timing})
	require.NoError(t, err)
	g.waitHeld(ctx, t)
	begin := time.Now()
	require.NoError(t, c.CancelWorkflow(ctx, "trainer", ""))
	err = run.Get(ctx, nil)
	var cancelled *temporal.CanceledError
	require.ErrorAs(t, err, &cancelled)
	require.Equal(t, g.machines(t)["trainer"], paperspacetemporal.MachineIDs(err))
	require.Len(t, paperspacetemporal.MachineIDs(err), 1)
	require.Greater(t, time.Since(begin), timing.Settle)
}

// A create that a worker holds back for its pace is not sent when its workflow has ended or was cancelled meanwhile.
func TestCancelBeforeACreate(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(client.Client, context.Context) error
	}{
		{"cancelled", func(c client.Client, ctx context.Context) error { return c.CancelWorkflow(ctx, "trainer", "") }},
		{"terminated", func(c client.Client, ctx context.Context) error {
			return c.TerminateWorkflow(ctx, "trainer", "", "a test")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			_, c := newTemporal(t)
			g := newGateway(t)
			pace := createHolder{held: make(chan bool), release: make(chan bool)}
			stop := inProcess(t, c, g, 0, 0, paperspace.WithLimiter(pace))
			run, err := c.ExecuteWorkflow(ctx, paperspacetemporal.StartOptions(t.Name(), "trainer"), paperspacetemporal.Provision,
				paperspacetemporal.ProvisionInput{Machine: machine("trainer"), Timing: timing})
			require.NoError(t, err)
			select {
			case <-pace.held:
			case <-ctx.Done():
				t.Fatal("no create was held")
			}
			require.NoError(t, test.end(c, ctx))
			if test.name == "cancelled" { // Temporal records it at once, but asks the activity to stop only after the workflow's task
				requireEvent(ctx, t, c, "trainer", enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED)
			}
			close(pace.release)
			require.Error(t, run.Get(ctx, nil))
			stop() // when the activity has ended
			require.Zero(t, g.creates())
			require.Empty(t, g.machines(t))
		})
	}
}

// createHolder is a limiter that holds creates.
type createHolder struct{ held, release chan bool }

func (h createHolder) Wait(ctx context.Context) error {
	if info, _ := paperspace.EndpointFromContext(ctx); info.Endpoint != "machines-create" {
		return nil
	}
	select {
	case h.held <- true:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-h.release:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// requireEvent waits until a workflow has an event of a type.
func requireEvent(ctx context.Context, t *testing.T, c client.Client, workflowID string, kind enumspb.EventType) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, event := range history(ctx, t, c, workflowID).Events {
			if event.EventType == kind {
				return true
			}
		}
		return false
	}, time.Minute, 50*time.Millisecond)
}

// No second has more requests than the rate allows and a burst of two, over all workers.
func TestPace(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	const rate, workers = 10, 3
	g := newGateway(t)
	ts, c := newTemporal(t)
	for _, name := range []string{"first", "second", "third"} {
		startWorker(t, ts, g, name, float64(rate)/workers)
	}
	names := names(50)
	begin := time.Now()
	require.NoError(t, start(ctx, t, c, paperspacetemporal.FleetInput{Names: names}).Get(ctx, nil))
	g.requireExactlyOnce(t, names)
	took := time.Since(begin) - timing.Settle
	needed := time.Duration(g.requests()) * time.Second / rate
	t.Logf("%d requests need %v, and took %v", g.requests(), needed, took.Round(time.Second))
	require.GreaterOrEqual(t, g.requirePace(t, rate+2), rate/2, "the limit was not put to the test")
}

// Workers of a changed build replace the old ones while a fleet runs.
func TestDeploy(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	g := newGateway(t)
	ts, c := newTemporal(t)
	current := func(build string) {
		t.Helper()
		handle := c.WorkerDeploymentClient().GetHandle(deployment)
		require.Eventually(t, func() bool {
			_, err := handle.SetCurrentVersion(ctx, client.WorkerDeploymentSetCurrentVersionOptions{BuildID: build})
			if err != nil {
				t.Log(err)
			}
			return err == nil
		}, time.Minute, time.Second)
	}
	old := startBuild(t, ts, g, "a", 5, "a")
	current("a")
	first := names(30)
	fleet := start(ctx, t, c, paperspacetemporal.FleetInput{Names: first})
	for g.creates() < 10 {
		require.NoError(t, ctx.Err())
		time.Sleep(50 * time.Millisecond)
	}
	startBuild(t, ts, g, "b", 20, "b")
	current("b")
	second := paperspacetemporal.Series{Prefix: "renderer-", Count: 30}.Names()
	another, err := c.ExecuteWorkflow(ctx, paperspacetemporal.StartOptions(queue, "another"), paperspacetemporal.Fleet,
		paperspacetemporal.FleetInput{Names: second, Machine: machine(""), Timing: timing})
	require.NoError(t, err)
	require.NoError(t, another.Get(ctx, nil))
	require.NoError(t, fleet.Get(ctx, nil))
	g.requireExactlyOnce(t, append(first, second...))
	for i, name := range append(first, second...) {
		require.Equal(t, []string{map[bool]string{true: "a", false: "b"}[i < len(first)]}, g.senders[name], name)
	}
	require.NoError(t, old.Process.Kill())
}

// parent is a workflow of one's own with a Provision as its child.
func parent(ctx workflow.Context, name string) error {
	ctx = workflow.WithChildOptions(ctx, paperspacetemporal.ChildOptions("", name))
	return workflow.ExecuteChildWorkflow(ctx, paperspacetemporal.Provision,
		paperspacetemporal.ProvisionInput{Machine: machine(name), Timing: timing}).Get(ctx, nil)
}

// A parent that times out while its child has a create on its way, and is started again at once, gets one machine.
func TestParentTimesOut(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	_, c := newTemporal(t)
	g := newGateway(t)
	inProcess(t, c, g, 0, 1)
	options := client.StartWorkflowOptions{ID: "parent", TaskQueue: t.Name(), WorkflowExecutionTimeout: 8 * time.Second} // the create is held for 9
	run, err := c.ExecuteWorkflow(ctx, options, parent, "trainer")
	require.NoError(t, err)
	g.waitHeld(ctx, t)
	require.True(t, temporal.IsTimeoutError(run.Get(ctx, nil)))

	options.WorkflowExecutionTimeout = 0
	again := errors.New("not started")
	for try := 0; try < 30 && again != nil; try++ { // the child of the first parent may still be ending
		time.Sleep(time.Second)
		run, err = c.ExecuteWorkflow(ctx, options, parent, "trainer")
		require.NoError(t, err)
		if again = run.Get(ctx, nil); again != nil {
			require.ErrorContains(t, again, "already started")
		}
	}
	require.NoError(t, again)
	g.requireExactlyOnce(t, []string{"trainer"})
	require.Equal(t, 1, g.creates())
}

// inProcess starts a worker in this process, of whose creates some are held. It returns a function that stops it.
func inProcess(t *testing.T, c client.Client, g *gateway, before, after int, options ...paperspace.Option) (stop func()) {
	t.Helper()
	g.hold("worker", before, after)
	pc, err := paperspace.NewClient(append(options, paperspace.WithBaseURL(g.url), paperspace.WithAPIKey(paperspacetest.DefaultKey),
		paperspace.WithUserAgent("worker"))...)
	require.NoError(t, err)
	t.Cleanup(pc.CloseIdleConnections)
	w := worker.New(c, t.Name(), worker.Options{WorkerStopTimeout: 20 * time.Second}) // Stop waits for activities
	paperspacetemporal.Register(w, pc)
	w.RegisterWorkflow(parent)
	require.NoError(t, w.Start())
	stop = sync.OnceFunc(w.Stop)
	t.Cleanup(stop)
	return stop
}

// A reset repeats what Temporal remembers, and must not repeat a create with it.
func TestReset(t *testing.T) {
	t.Parallel()
	ts, c := newTemporal(t)
	for i, test := range []struct {
		name  string
		nudge bool // a signal makes Temporal begin a task while the create is on its way
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
			name := names(3)[i]
			run, err := c.ExecuteWorkflow(ctx, paperspacetemporal.StartOptions(t.Name(), name), paperspacetemporal.Provision,
				paperspacetemporal.ProvisionInput{Machine: machine(name), Timing: timing})
			require.NoError(t, err)
			g.waitHeld(ctx, t)
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
			begin := time.Now()
			reset(ctx, t, ts, run, to)

			var result paperspacetemporal.ProvisionResult
			require.NoError(t, c.GetWorkflow(ctx, name, "").Get(ctx, &result))
			require.True(t, result.Adopted)
			require.GreaterOrEqual(t, time.Since(begin), timing.Request+timing.Settle, "the create might just have been begun")
			g.requireExactlyOnce(t, []string{name})
			require.Len(t, g.srv.Calls("machines-create"), 1)
			replay(ctx, t, c, []string{name})
		})
	}
}

// A name that another workflow works on is waited for, whoever starts it, directly or through a fleet. Progress is
// there for queries and as search attributes.
func TestOneWorkflowForAName(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	ts, c := newTemporal(t)
	g := newGateway(t)
	inProcess(t, c, g, 1, 0)
	registerAttributes(ctx, t, ts, c)
	names := names(3)
	options := paperspacetemporal.StartOptions(t.Name(), names[1])
	in := paperspacetemporal.ProvisionInput{Machine: machine(names[1]), Timing: timing}
	_, err := c.ExecuteWorkflow(ctx, options, paperspacetemporal.Provision, in)
	require.NoError(t, err)
	g.waitHeld(ctx, t)
	_, err = c.ExecuteWorkflow(ctx, options, paperspacetemporal.Provision, in)
	require.True(t, temporal.IsWorkflowExecutionAlreadyStartedError(err), "%v", err)
	_, err = c.ExecuteWorkflow(ctx, options, paperspacetemporal.Deprovision, paperspacetemporal.DeprovisionInput{Name: names[1], Timing: timing})
	require.True(t, temporal.IsWorkflowExecutionAlreadyStartedError(err), "%v", err)

	fleetInput := paperspacetemporal.FleetInput{Names: names, Machine: machine(""), Timing: timing, SearchAttributes: true}
	fleet, err := c.ExecuteWorkflow(ctx, paperspacetemporal.StartOptions(t.Name(), "fleet"), paperspacetemporal.Fleet, fleetInput)
	require.NoError(t, err)
	var result paperspacetemporal.FleetResult
	require.NoError(t, fleet.Get(ctx, &result))
	require.Equal(t, 1, result.Adopted)
	g.requireExactlyOnce(t, names)
	replay(ctx, t, c, append(names, "fleet", "fleet/audit"))

	var progress paperspacetemporal.FleetProgress
	value, err := c.QueryWorkflow(ctx, "fleet", "", paperspacetemporal.ProgressQuery)
	require.NoError(t, err)
	require.NoError(t, value.Get(&progress))
	require.Equal(t, result.FleetProgress, progress)
	requireAttributes(ctx, t, c, result)

	// A rerun finds everything.
	fleet, err = c.ExecuteWorkflow(ctx, paperspacetemporal.StartOptions(t.Name(), "fleet"), paperspacetemporal.Fleet, fleetInput)
	require.NoError(t, err)
	require.NoError(t, fleet.Get(ctx, &result))
	require.Equal(t, len(names), result.Adopted)
	g.requireExactlyOnce(t, names)
}

// registerAttributes registers the search attributes, and waits until workers can set them.
func registerAttributes(ctx context.Context, t *testing.T, ts *temporaltest.TestServer, c client.Client) {
	t.Helper()
	_, err := c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: ts.GetDefaultNamespace(),
		SearchAttributes: map[string]enumspb.IndexedValueType{
			paperspacetemporal.MachineIDAttribute.GetName(): enumspb.INDEXED_VALUE_TYPE_KEYWORD,
			paperspacetemporal.PhaseAttribute.GetName():     enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		},
	})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
			Namespace: ts.GetDefaultNamespace(), Query: "PaperspacePhase = 'ready' AND PaperspaceMachineID = 'x'",
		})
		return err == nil
	}, time.Minute, 100*time.Millisecond)
}

// requireAttributes requires that the machines of a fleet are found by it, by their phase and by their IDs.
func requireAttributes(ctx context.Context, t *testing.T, c client.Client, result paperspacetemporal.FleetResult) {
	t.Helper()
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		found, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
			Query: "ParentWorkflowId = 'fleet' AND PaperspacePhase = 'ready' AND WorkflowType = 'Provision'",
		})
		require.NoError(t, err)
		require.Equal(t, int64(len(result.MachineIDs)), found.Count)
		for name, id := range result.MachineIDs {
			list, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: "PaperspaceMachineID = '" + id + "'"})
			require.NoError(t, err)
			require.Len(t, list.Executions, 1)
			require.Equal(t, name, list.Executions[0].Execution.WorkflowId)
		}
	}, time.Minute, 500*time.Millisecond)
}
