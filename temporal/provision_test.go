package paperspacetemporal

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// What comes of a create, and what follows from that.
func TestProvision(t *testing.T) {
	const settle = 2 * time.Minute
	create := func(f paperspacetest.Fault) func(*testing.T, *world) {
		f.Endpoint = "machines-create"
		return func(_ *testing.T, w *world) { w.srv.Inject(f) }
	}
	for _, c := range []struct {
		name    string
		before  func(*testing.T, *world)
		machine func(*paperspace.MachineCreateParams)

		creates  int // that were sent
		machines int // of the name, in the end
		adopted  bool
		atLeast  time.Duration // that it takes
		state    paperspace.MachineState
		fails    string
	}{
		{name: "created", creates: 1, machines: 1},
		{
			name: "created and left off", machine: func(m *paperspace.MachineCreateParams) { m.StartOnCreate = nil },
			creates: 1, machines: 1, state: paperspace.MachineStateOff,
		},
		{
			name: "adopted: the answer was lost", before: create(paperspacetest.Fault{Times: 1, Cut: true, CarriedOut: true}),
			creates: 1, machines: 1, adopted: true, atLeast: settle,
		},
		{
			name: "adopted: 500, and yet carried out", before: create(paperspacetest.Fault{Times: 1, Status: 500, CarriedOut: true}),
			creates: 1, machines: 1, adopted: true, atLeast: settle,
		},
		{
			name: "adopted: an answer that cannot be read", before: create(paperspacetest.Fault{Times: 1, Truncate: true}),
			creates: 1, machines: 1, adopted: true, atLeast: settle,
		},
		{
			name: "lost: the request never got there", before: create(paperspacetest.Fault{Times: 1, Status: 502, HTML: true}),
			creates: 2, machines: 1, atLeast: settle,
		},
		{
			name: "lost again and again", before: create(paperspacetest.Fault{Status: 503}),
			creates: 10, machines: 0, atLeast: 10 * settle, fails: ErrorUnavailable,
		},
		{
			name: "the last one is carried out", before: func(_ *testing.T, w *world) {
				w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 9, Status: 503})
				w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Cut: true, CarriedOut: true})
			},
			creates: 10, machines: 1, adopted: true, atLeast: 10 * settle,
		},
		{
			name: "refused", before: create(paperspacetest.Fault{Status: 403}),
			creates: 1, machines: 0, fails: ErrorRefused,
		},
		{
			name: "refused by this package", machine: func(m *paperspace.MachineCreateParams) { m.DiskSize = 0 },
			creates: 0, machines: 0, fails: ErrorRefused,
		},
		{
			name: "doubled", before: func(t *testing.T, w *world) { w.create(t, name); w.create(t, name) },
			creates: 0, machines: 2, fails: ErrorDoubled,
		},
		{
			name: "429 with a Retry-After", before: create(paperspacetest.Fault{Times: 2, RetryAfter: 40 * time.Minute}),
			creates: 3, machines: 1, atLeast: 80 * time.Minute,
		},
		{
			name: "429 without one", before: create(paperspacetest.Fault{Times: 2, Status: 429}),
			creates: 3, machines: 1, atLeast: 30 * time.Second,
		},
		{
			name: "no connection", before: create(paperspacetest.Fault{Times: 1, Cut: true}),
			creates: 1 + 1, machines: 1, atLeast: 10 * time.Second,
		},
		{
			name: "the search meets a 429", before: func(_ *testing.T, w *world) {
				w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-list", Times: 1, RetryAfter: time.Hour})
			},
			creates: 1, machines: 1, atLeast: time.Hour,
		},
		{
			name: "the search meets an outage and a proxy's 404", before: func(_ *testing.T, w *world) {
				w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-list", Times: 4, Status: 503})
				w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-list", Times: 4, Status: 404, HTML: true})
			},
			creates: 1, machines: 1, atLeast: 2 * time.Minute,
		},
		{
			name: "a poll meets a 429", before: func(_ *testing.T, w *world) {
				w.srv.Inject(paperspacetest.Fault{Endpoint: "machineEvents-get", Times: 1, RetryAfter: 20 * time.Minute})
			},
			creates: 1, machines: 1, atLeast: 20 * time.Minute,
		},
		{
			name: "the machine is too new for a read", before: func(_ *testing.T, w *world) {
				w.srv.Inject(paperspacetest.Fault{Endpoint: "machineEvents-get", Times: 1, Status: 404})
				w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-get", Times: 1, Status: 404})
			},
			creates: 1, machines: 1, atLeast: 2 * settle,
		},
		{
			name: "there already, and ready", before: func(t *testing.T, w *world) {
				w.wait(t, w.create(t, name), paperspace.MachineStateReady)
			},
			creates: 0, machines: 1, adopted: true,
		},
		{
			name: "others of a like name", before: func(t *testing.T, w *world) {
				for range 130 {
					w.create(t, name+"-2")
				}
				w.create(t, name)
			},
			creates: 0, machines: 1, adopted: true,
		},
		{
			name: "its create failed", before: func(t *testing.T, w *world) {
				w.srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Fails("no room"))
			},
			creates: 1, machines: 1, fails: ErrorEventFailed,
		},
		{
			name: "its create failed before", before: func(t *testing.T, w *world) {
				w.srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Fails("no room"))
				w.create(t, name)
			},
			creates: 0, machines: 1, fails: ErrorEventFailed,
		},
		{
			name: "its create failed, so the service says", before: func(t *testing.T, w *world) {
				w.srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.FailsSilently())
			},
			creates: 1, machines: 1,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, name)
			if c.before != nil {
				c.before(t, w)
			}
			w.srv.ResetCalls()
			machine := trainer
			if c.machine != nil {
				c.machine(&machine)
			}
			result, took, err := w.provision(machine)
			require.Len(t, w.srv.Calls("machines-create"), c.creates, "%v", err)
			ids := w.ids(t)[name]
			require.Len(t, ids, c.machines)
			require.GreaterOrEqual(t, took, c.atLeast)
			if c.fails != "" {
				requireType(t, c.fails, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, ids[0], result.Machine.ID)
			require.Equal(t, c.adopted, result.Adopted)
			if c.state == "" {
				c.state = paperspace.MachineStateReady
			}
			require.Equal(t, c.state, result.Machine.State)
		})
	}
}

func TestProvisionNamesDoubles(t *testing.T) {
	w := newWorld(t, name)
	ids := []string{w.create(t, name), w.create(t, name)}
	_, _, err := w.provision(trainer)
	e := requireType(t, ErrorDoubled, err)
	var details []string
	require.NoError(t, e.Details(&details))
	require.ElementsMatch(t, ids, details)
	for _, id := range ids {
		require.ErrorContains(t, err, id)
	}
}

func TestSearch(t *testing.T) {
	one, two := MachineRef{ID: "ps1", Name: name}, MachineRef{ID: "ps2", Name: name}
	for _, c := range []struct {
		what  string
		pages map[string]FindResult // by cursor
		found []MachineRef
	}{
		{"none", map[string]FindResult{}, nil},
		{"an empty page before the last", map[string]FindResult{"": {Next: "b"}, "b": {Machines: []MachineRef{one}}}, []MachineRef{one}},
		{"a repeated machine", map[string]FindResult{"": {Machines: []MachineRef{one}, Next: "b"}, "b": {Machines: []MachineRef{one, two}}}, []MachineRef{one, two}},
		{"a circle", map[string]FindResult{"": {Next: "b"}, "b": {Next: "c"}, "c": {Next: "b"}}, nil},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t, name)
			w.OnActivity("Find", mock.Anything, mock.Anything).Return(func(_ context.Context, in FindInput) (*FindResult, error) {
				page := c.pages[in.After]
				return &page, nil
			})
			w.ExecuteWorkflow(func(ctx workflow.Context) ([]MachineRef, error) { return Timing{}.withDefaults().search(ctx, name) })
			if c.what == "a circle" {
				requireType(t, ErrorRefused, w.GetWorkflowError())
				return
			}
			var found []MachineRef
			require.NoError(t, w.GetWorkflowResult(&found))
			require.Equal(t, c.found, found)
		})
	}
}

// A worker that dies, or is cut off, with a create in its hands leaves the engine a timeout.
func TestProvisionAfterTimeout(t *testing.T) {
	w := newWorld(t, name)
	w.OnActivity("Create", mock.Anything, mock.Anything).Return(func(context.Context, CreateInput) (*CreateResult, error) {
		w.create(t, name)
		return nil, temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_START_TO_CLOSE, nil)
	}).Once()
	result, took, err := w.provision(trainer)
	require.NoError(t, err)
	require.True(t, result.Adopted)
	require.GreaterOrEqual(t, took, 2*time.Minute)
	require.Len(t, w.ids(t)[name], 1)
}

// What a machine is like that is adopted.
func TestProvisionAdopts(t *testing.T) {
	// off makes a machine that was turned off.
	off := func(t *testing.T, w *world) string {
		id := w.create(t, name)
		w.wait(t, id, paperspace.MachineStateReady)
		_, err := w.client.Machines.Stop(t.Context(), id)
		require.NoError(t, err)
		w.wait(t, id, paperspace.MachineStateOff)
		return id
	}
	t.Run("off", func(t *testing.T) {
		w := newWorld(t, name)
		id := off(t, w)
		result, _, err := w.provision(trainer)
		require.NoError(t, err)
		require.Equal(t, id, result.Machine.ID)
		require.Equal(t, paperspace.MachineStateReady, result.Machine.State)
		require.Len(t, w.srv.Calls("machines-start"), 1)
	})
	t.Run("off, as it should be", func(t *testing.T) {
		w := newWorld(t, name)
		off(t, w)
		machine := trainer
		machine.StartOnCreate = nil
		result, _, err := w.provision(machine)
		require.NoError(t, err)
		require.Equal(t, paperspace.MachineStateOff, result.Machine.State)
		require.Empty(t, w.srv.Calls("machines-start"))
	})
	t.Run("off, and the answer to its start is lost", func(t *testing.T) {
		w := newWorld(t, name)
		off(t, w)
		w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-start", Times: 1, Cut: true, CarriedOut: true})
		result, _, err := w.provision(trainer)
		require.NoError(t, err)
		require.Equal(t, paperspace.MachineStateReady, result.Machine.State)
	})
	t.Run("off, and it may not start", func(t *testing.T) {
		w := newWorld(t, name)
		off(t, w)
		w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-start", Status: 403})
		_, _, err := w.provision(trainer)
		requireType(t, ErrorRefused, err)
	})
	t.Run("being deleted", func(t *testing.T) {
		w := newWorld(t, name)
		id := w.create(t, name)
		w.wait(t, id, paperspace.MachineStateReady)
		_, err := w.client.Machines.Delete(t.Context(), id)
		require.NoError(t, err)
		result, _, err := w.provision(trainer)
		require.NoError(t, err)
		require.NotEqual(t, id, result.Machine.ID)
		require.Equal(t, []string{result.Machine.ID}, w.ids(t)[name])
	})
	t.Run("never ready", func(t *testing.T) {
		w := newWorld(t, name)
		w.srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Hangs())
		_, _, err := w.provision(trainer)
		requireType(t, ErrorPending, err) // the test's engine gives up after ten attempts already
	})
}

// wait moves the engine's clock.
func (w *world) wait(t *testing.T, id string, state paperspace.MachineState) {
	t.Helper()
	for range 100 {
		m, err := w.client.Machines.Get(t.Context(), id)
		require.NoError(t, err)
		if m.State == state {
			return
		}
		w.ahead += 10 * time.Second
	}
	t.Fatalf("machine %s never got %s", id, state)
}

// A reset may make the engine repeat a create whose search lies before the reset. In the test's engine all side effects
// say that the search was made in another run.
func TestProvisionCreatesNothingAfterAnOldSearch(t *testing.T) {
	w := newWorld(t, name)
	w.OnSideEffect().Return("an-earlier-run")
	_, took, err := w.provision(trainer)
	requireType(t, ErrorUnavailable, err)
	require.Empty(t, w.srv.Calls("machines-create"))
	require.GreaterOrEqual(t, took, 10*2*time.Minute, "the settle time before each search")
}

// A cancel does not end the workflow while a create is on its way, nor before its machine would show.
func TestProvisionCancelled(t *testing.T) {
	for _, c := range []struct {
		name    string
		err     error
		atLeast time.Duration
	}{
		{"created", nil, time.Minute},
		{"unknown", unknown("no answer"), 3 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, name)
			w.OnActivity("Create", mock.Anything, mock.Anything).After(time.Minute).Return(&CreateResult{MachineID: "ps1"}, c.err)
			w.RegisterDelayedCallback(w.CancelWorkflow, 10*time.Second)
			_, took, err := w.provision(trainer)
			var cancelled *temporal.CanceledError
			require.ErrorAs(t, err, &cancelled)
			require.GreaterOrEqual(t, took, c.atLeast)
			require.Less(t, took, c.atLeast+time.Minute)
			w.AssertActivityNumberOfCalls(t, "Create", 1)
		})
	}
}

func TestWorkflowIDIsTheName(t *testing.T) {
	for _, c := range []struct{ id, name string }{{"trainer-2", name}, {name, ""}, {"", ""}} {
		machine := trainer
		machine.Name = c.name
		for workflow, in := range map[string]any{
			"Provision":   ProvisionInput{Machine: machine},
			"Deprovision": DeprovisionInput{Name: c.name},
		} {
			w := newWorld(t, c.id)
			w.ExecuteWorkflow(workflow, in)
			requireType(t, ErrorRefused, w.GetWorkflowError())
			require.Empty(t, w.srv.Calls())
		}
	}
}
