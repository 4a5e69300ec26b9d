package paperspacetemporal

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// What a create may end in, and what follows from it.
func TestProvision(t *testing.T) {
	const settle = 5 * time.Minute
	create := func(f paperspacetest.Fault) func(*testing.T, *world) {
		f.Endpoint = "machines-create"
		return func(_ *testing.T, w *world) { w.srv.Inject(f) }
	}
	for _, c := range []struct {
		name   string
		before func(*testing.T, *world)
		input  func(*ProvisionInput)

		creates  int // that were sent
		machines int // of the name, in the end
		adopted  bool
		atLeast  time.Duration // that it takes
		atMost   time.Duration // if set
		state    paperspace.MachineState
		fails    string
	}{
		{name: "created", creates: 1, machines: 1},
		{
			name: "created and left off", input: func(in *ProvisionInput) { in.Machine.StartOnCreate = nil },
			creates: 1, machines: 1, state: paperspace.MachineStateOff,
		},
		{
			name: "adopted: the response was lost", before: create(paperspacetest.Fault{Times: 1, Cut: true, CarriedOut: true}),
			creates: 1, machines: 1, adopted: true, atLeast: settle,
		},
		{
			name: "adopted: 500, but carried out", before: create(paperspacetest.Fault{Times: 1, Status: 500, CarriedOut: true}),
			creates: 1, machines: 1, adopted: true, atLeast: settle,
		},
		{
			name: "adopted: an unreadable response", before: create(paperspacetest.Fault{Times: 1, Truncate: true}),
			creates: 1, machines: 1, adopted: true, atLeast: settle,
		},
		{
			name: "the request never arrived", before: create(paperspacetest.Fault{Times: 1, Status: 502, HTML: true}),
			creates: 2, machines: 1, atLeast: settle,
		},
		{
			name: "no request arrives", before: create(paperspacetest.Fault{Status: 503}),
			creates: 10, machines: 0, atLeast: 10 * settle, fails: ErrorUnavailable,
		},
		{
			name: "the last of ten creates is carried out", before: func(_ *testing.T, w *world) {
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
			name: "refused by this package", input: func(in *ProvisionInput) { in.Machine.DiskSize = 0 },
			creates: 0, machines: 0, fails: ErrorRefused,
		},
		{
			name: "doubled", before: func(t *testing.T, w *world) { w.create(t, name); w.create(t, name) },
			creates: 0, machines: 2, fails: ErrorDoubled,
		},
		{
			name: "429 with a Retry-After", before: create(paperspacetest.Fault{Times: 2, RetryAfter: 4 * time.Minute}),
			creates: 3, machines: 1, atLeast: 8 * time.Minute,
		},
		{
			name: "429 with a Retry-After of 30 days", before: create(paperspacetest.Fault{Times: 2, RetryAfter: 30 * 24 * time.Hour}),
			creates: 3, machines: 1, atLeast: 10 * time.Minute, atMost: 20 * time.Minute,
		},
		{
			name: "429 without one", before: create(paperspacetest.Fault{Times: 2, Status: 429}),
			creates: 3, machines: 1, atLeast: 30 * time.Second,
		},
		{
			name: "429 thirty times", before: create(paperspacetest.Fault{Times: 30, Status: 429}),
			creates: 31, machines: 1, atLeast: 2 * time.Hour,
		},
		{
			name: "a firewall's 403 to the create", before: create(paperspacetest.Fault{Times: 1, Status: 403, HTML: true}),
			creates: 2, machines: 1, atLeast: settle,
		},
		{
			name:    "a gateway's 401 to the create, which was carried out",
			before:  create(paperspacetest.Fault{Times: 1, Status: 401, Body: `{"message":"no session"}`, CarriedOut: true}),
			creates: 1, machines: 1, adopted: true, atLeast: settle,
		},
		{
			name: "no connection", before: create(paperspacetest.Fault{Times: 1, Cut: true}),
			creates: 1 + 1, machines: 1, atLeast: 10 * time.Second,
		},
		{
			name: "the search meets a 429", before: func(_ *testing.T, w *world) {
				w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-list", Times: 1, RetryAfter: 30 * 24 * time.Hour})
			},
			creates: 1, machines: 1, atLeast: 5 * time.Minute, atMost: 10 * time.Minute,
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
				w.srv.Inject(paperspacetest.Fault{Endpoint: "machineEvents-get", Times: 1, RetryAfter: time.Hour})
			},
			creates: 1, machines: 1, atLeast: 5 * time.Minute, atMost: 10 * time.Minute,
		},
		{
			name: "polls meet a firewall's 401, 403 and 404", before: func(_ *testing.T, w *world) {
				for _, operation := range []string{"machineEvents-get", "machines-get", "machines-list"} {
					for _, status := range []int{401, 403, 404} {
						w.srv.Inject(paperspacetest.Fault{Endpoint: operation, Skip: 1, Times: 1, Status: status, HTML: true})
					}
				}
			},
			creates: 1, machines: 1,
		},
		{
			name: "the machine is too new for a read", before: func(_ *testing.T, w *world) {
				w.srv.Inject(paperspacetest.Fault{Endpoint: "machineEvents-get", Times: 1, Status: 404})
				w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-get", Times: 1, Status: 404})
			},
			creates: 1, machines: 1, atLeast: 2 * settle,
		},
		{
			name: "exists already, and is ready", before: func(t *testing.T, w *world) {
				w.wait(t, w.create(t, name), paperspace.MachineStateReady)
			},
			creates: 0, machines: 1, adopted: true,
		},
		{
			name: "others have a similar name", before: func(t *testing.T, w *world) {
				for range 130 {
					w.create(t, name+"-2")
				}
				w.create(t, name)
			},
			creates: 0, machines: 1, adopted: true,
		},
		{
			name: "its creation failed", before: func(t *testing.T, w *world) {
				w.srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Fails("no room"))
			},
			creates: 1, machines: 1, fails: ErrorEventFailed,
		},
		{
			name: "its creation failed in an earlier run", before: func(t *testing.T, w *world) {
				w.srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Fails("no room"))
				w.create(t, name)
			},
			creates: 0, machines: 1, fails: ErrorEventFailed,
		},
		{
			name: "its creation failed without a reason, which means that it is done", before: func(t *testing.T, w *world) {
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
			in := ProvisionInput{Machine: trainer}
			if c.input != nil {
				c.input(&in)
			}
			result, took, err := w.provision(in)
			require.Len(t, w.srv.Calls("machines-create"), c.creates, "%v", err)
			ids := w.ids(t)[name]
			require.Len(t, ids, c.machines)
			require.GreaterOrEqual(t, took, c.atLeast)
			if c.atMost > 0 {
				require.LessOrEqual(t, took, c.atMost)
			}
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

func TestProvisionNamesDoubledMachines(t *testing.T) {
	w := newWorld(t, name)
	ids := []string{w.create(t, name), w.create(t, name)}
	_, _, err := w.provision(ProvisionInput{Machine: trainer})
	requireType(t, ErrorDoubled, err)
	require.ElementsMatch(t, ids, MachineIDs(err))
	for _, id := range ids {
		require.ErrorContains(t, err, id)
	}
}

func TestSearch(t *testing.T) {
	one, two := MachineRef{ID: "ps1", Name: name}, MachineRef{ID: "ps2", Name: name}
	for _, c := range []struct {
		what  string
		pages map[string]FindResult // by cursor
		found []string
		fails bool
	}{
		{"none", map[string]FindResult{}, nil, false},
		{"an empty page before the last", map[string]FindResult{"": {Next: "b"}, "b": {Machines: []MachineRef{one}}}, []string{"ps1"}, false},
		{"a repeated machine", map[string]FindResult{"": {Machines: []MachineRef{one}, Next: "b"}, "b": {Machines: []MachineRef{one, two}}}, []string{"ps1", "ps2"}, false},
		{"pages that form a circle", map[string]FindResult{"": {Next: "b"}, "b": {Next: "c"}, "c": {Next: "b"}}, nil, true},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t, name)
			w.OnActivity("Find", mock.Anything, mock.Anything).Return(func(_ context.Context, in FindInput) (*FindResult, error) {
				page := c.pages[in.After]
				return &page, nil
			})
			w.ExecuteWorkflow(func(ctx workflow.Context) ([]string, error) { return Timing{}.withDefaults().search(ctx, name) })
			if c.fails {
				requireType(t, ErrorUnavailable, w.GetWorkflowError())
				return
			}
			var found []string
			require.NoError(t, w.GetWorkflowResult(&found))
			require.Equal(t, c.found, found)
		})
	}
}

// A worker that dies with a create that it has sent leaves Temporal a timeout.
func TestProvisionAfterTimeout(t *testing.T) {
	w := newWorld(t, name)
	w.OnActivity("Create", mock.Anything, mock.Anything).Return(func(context.Context, CreateInput) (*CreateResult, error) {
		w.create(t, name)
		return nil, temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_START_TO_CLOSE, nil)
	}).Once()
	result, took, err := w.provision(ProvisionInput{Machine: trainer})
	require.NoError(t, err)
	require.True(t, result.Adopted)
	require.GreaterOrEqual(t, took, 5*time.Minute)
	require.Len(t, w.ids(t)[name], 1)
}

// The states in which a machine may be found.
func TestProvisionAdopts(t *testing.T) {
	// off creates a machine that is off.
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
		result, _, err := w.provision(ProvisionInput{Machine: trainer})
		require.NoError(t, err)
		require.Equal(t, id, result.Machine.ID)
		require.Equal(t, paperspace.MachineStateReady, result.Machine.State)
		require.Len(t, w.srv.Calls("machines-start"), 1)
	})
	t.Run("off, as asked for", func(t *testing.T) {
		w := newWorld(t, name)
		off(t, w)
		machine := trainer
		machine.StartOnCreate = nil
		result, _, err := w.provision(ProvisionInput{Machine: machine})
		require.NoError(t, err)
		require.Equal(t, paperspace.MachineStateOff, result.Machine.State)
		require.Empty(t, w.srv.Calls("machines-start"))
	})
	t.Run("off, and the response to its start is lost", func(t *testing.T) {
		w := newWorld(t, name)
		off(t, w)
		w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-start", Times: 1, Cut: true, CarriedOut: true})
		result, _, err := w.provision(ProvisionInput{Machine: trainer})
		require.NoError(t, err)
		require.Equal(t, paperspace.MachineStateReady, result.Machine.State)
	})
	t.Run("off, and its start is refused", func(t *testing.T) {
		w := newWorld(t, name)
		off(t, w)
		w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-start", Status: 403})
		_, _, err := w.provision(ProvisionInput{Machine: trainer})
		requireType(t, ErrorRefused, err)
	})
	t.Run("being deleted", func(t *testing.T) {
		w := newWorld(t, name)
		id := w.create(t, name)
		w.wait(t, id, paperspace.MachineStateReady)
		_, err := w.client.Machines.Delete(t.Context(), id)
		require.NoError(t, err)
		result, _, err := w.provision(ProvisionInput{Machine: trainer})
		require.NoError(t, err)
		require.NotEqual(t, id, result.Machine.ID)
		require.Equal(t, []string{result.Machine.ID}, w.ids(t)[name])
	})
	t.Run("never ready", func(t *testing.T) {
		w := newWorld(t, name)
		w.srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Hangs())
		_, took, err := w.provision(ProvisionInput{Machine: trainer, Timing: Timing{Ready: 4 * time.Minute}})
		requireType(t, ErrorPending, err)
		require.Equal(t, w.ids(t)[name], MachineIDs(err))
		require.Less(t, took, 6*time.Minute)
	})
	for what, change := range map[string]func(*paperspace.MachineCreateParams){
		"of another type":   func(m *paperspace.MachineCreateParams) { m.MachineType = "A100" },
		"in another region": func(m *paperspace.MachineCreateParams) { m.Region = paperspace.RegionAMS1 },
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t, name)
			id := w.create(t, name)
			wanted := trainer
			change(&wanted)
			_, _, err := w.provision(ProvisionInput{Machine: wanted})
			requireType(t, ErrorMismatch, err)
			require.Equal(t, []string{id}, MachineIDs(err))
		})
	}
	t.Run("one of the alternatives", func(t *testing.T) {
		w := newWorld(t, name)
		id := w.create(t, name)
		wanted := trainer
		wanted.MachineType, wanted.Region = "A100", "Europe (AMS1)"
		result, _, err := w.provision(ProvisionInput{
			Machine: wanted, Alternatives: []Alternative{{MachineType: "c5", Region: "East Coast (NY2)"}},
		})
		require.NoError(t, err)
		require.Equal(t, id, result.Machine.ID)
	})
}

// A wait ends only with a response that came after its limit: a machine that became ready while its polls were queued,
// or while the service was unreachable, is ready.
func TestQueueingIsNoFailure(t *testing.T) {
	w := newWorld(t, name)
	w.activities.elapsed = func(activity.Info) time.Duration { return 24 * time.Hour } // in the queue
	w.create(t, name)
	w.wait(t, w.ids(t)[name][0], paperspace.MachineStateReady)
	result, _, err := w.provision(ProvisionInput{Machine: trainer})
	require.NoError(t, err)
	require.Equal(t, paperspace.MachineStateReady, result.Machine.State)

	w = newWorld(t, name)
	w.srv.Inject(paperspacetest.Fault{Endpoint: "machineEvents-get", Times: 8, Status: 503})
	result, took, err := w.provision(ProvisionInput{Machine: trainer, Timing: Timing{Ready: 2 * time.Minute}})
	require.NoError(t, err)
	require.Greater(t, took, 4*time.Minute)
	require.Equal(t, paperspace.MachineStateReady, result.Machine.State)
}

// A machine that lists do not show cannot be told from one that was never created.
func TestListLag(t *testing.T) {
	t.Run("longer than half of the settle time", func(t *testing.T) {
		w := newWorld(t, name)
		w.hide(func(string) bool { return true })
		_, took, err := w.provision(ProvisionInput{Machine: trainer})
		requireType(t, ErrorListLag, err)
		require.Equal(t, w.ids(t)[name], MachineIDs(err))
		require.GreaterOrEqual(t, took, 150*time.Second)
		require.Less(t, took, 5*time.Minute)
	})
	t.Run("shorter", func(t *testing.T) {
		w := newWorld(t, name)
		start := w.Now()
		w.hide(func(string) bool { return w.Now().Sub(start) < 2*time.Minute })
		_, _, err := w.provision(ProvisionInput{Machine: trainer})
		require.NoError(t, err)
		require.Len(t, w.ids(t)[name], 1)
	})
	t.Run("and a response is lost", func(t *testing.T) { // the events show what the list does not
		w := newWorld(t, name)
		w.hide(func(string) bool { return true })
		for _, other := range []string{"before", "gone"} {
			w.create(t, other)
		}
		w.wait(t, w.ids(t)["gone"][0], paperspace.MachineStateReady)
		_, err := w.client.Machines.Delete(t.Context(), w.ids(t)["gone"][0])
		require.NoError(t, err)
		w.srv.ResetCalls()
		w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Cut: true, CarriedOut: true})
		result, _, err := w.provision(ProvisionInput{Machine: trainer})
		require.NoError(t, err)
		require.Equal(t, []string{result.Machine.ID}, w.ids(t)[name])
		require.Len(t, w.srv.Calls("machines-create"), 1)
	})
	t.Run("the machine was deleted meanwhile", func(t *testing.T) {
		w := newWorld(t, name)
		var first string
		w.hide(func(id string) bool { return first == "" || id == first })
		w.RegisterDelayedCallback(func() {
			first = w.ids(t)[name][0]
			w.wait(t, first, paperspace.MachineStateReady)
			_, err := w.client.Machines.Delete(t.Context(), first)
			require.NoError(t, err)
		}, 10*time.Second)
		result, _, err := w.provision(ProvisionInput{Machine: trainer})
		require.NoError(t, err)
		require.NotEqual(t, first, result.Machine.ID)
	})
}

// An alternative is tried only when the service has refused the one before, or has failed to create its machine.
func TestAlternatives(t *testing.T) {
	alternatives := []Alternative{{MachineType: "A4000"}, {MachineType: "P4000", Region: paperspace.RegionCA1}}
	refusal := paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Status: 400, Body: `{"message":"Out of capacity","code":"BAD_REQUEST"}`}
	for _, c := range []struct {
		name        string
		before      func(*testing.T, *world)
		alternative int
		creates     int
		fails       string
	}{
		{name: "the first is available", creates: 1},
		{
			name: "refused", before: func(_ *testing.T, w *world) { w.srv.Inject(refusal) },
			alternative: 1, creates: 2,
		},
		{
			name: "refused, and the creation of the next one fails", before: func(_ *testing.T, w *world) {
				w.srv.Inject(refusal)
				w.srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Fails("out of capacity"))
			},
			alternative: 2, creates: 3,
		},
		{
			name: "all refused", before: func(_ *testing.T, w *world) {
				refusal := refusal
				refusal.Times = 0
				w.srv.Inject(refusal)
			},
			creates: 3, fails: ErrorRefused,
		},
		{
			name: "the key is refused", before: func(_ *testing.T, w *world) {
				w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Status: 403})
			},
			creates: 1, fails: ErrorRefused,
		},
		{
			name: "unknown outcome", before: func(_ *testing.T, w *world) {
				w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Status: 503})
			},
			creates: 2,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, name)
			if c.before != nil {
				c.before(t, w)
			}
			result, _, err := w.provision(ProvisionInput{Machine: trainer, Alternatives: alternatives})
			require.Len(t, w.srv.Calls("machines-create"), c.creates)
			if c.fails != "" {
				requireType(t, c.fails, err)
				require.Empty(t, w.ids(t))
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.alternative, result.Alternative)
			require.Len(t, w.ids(t)[name], 1)
			if c.alternative > 0 {
				require.Equal(t, alternatives[c.alternative-1].MachineType, result.Machine.MachineType)
			}
		})
	}
}

// A machine whose creation failed in an earlier run is replaced if asked for.
func TestReplaceFailed(t *testing.T) {
	w := newWorld(t, name)
	w.srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Fails("no room"))
	failed := w.create(t, name)
	w.ahead += time.Hour
	result, _, err := w.provision(ProvisionInput{Machine: trainer, ReplaceFailed: true})
	require.NoError(t, err)
	require.NotEqual(t, failed, result.Machine.ID)
	require.Equal(t, []string{result.Machine.ID}, w.ids(t)[name])
}

// A reset may make Temporal repeat a create whose search lies before the reset. Here all side effects return another
// run than the current one.
func TestNothingIsCreatedAfterTheSearchOfAnotherRun(t *testing.T) {
	w := newWorld(t, name)
	w.OnSideEffect().Return("an-earlier-run")
	_, took, err := w.provision(ProvisionInput{Machine: trainer})
	requireType(t, ErrorUnavailable, err)
	require.Empty(t, w.srv.Calls("machines-create"))
	require.GreaterOrEqual(t, took, 10*5*time.Minute, "the settle time before each search")
}

// A cancel recalls a queued create. The test environment recalls one that a worker has begun, too; for that see e2e.
func TestCancelRecallsACreate(t *testing.T) {
	w := newWorld(t, name)
	w.OnActivity("Create", mock.Anything, mock.Anything).After(time.Minute).Return(&CreateResult{MachineID: "ps1"}, nil)
	w.RegisterDelayedCallback(w.CancelWorkflow, 10*time.Second)
	_, took, err := w.provision(ProvisionInput{Machine: trainer})
	var cancelled *temporal.CanceledError
	require.ErrorAs(t, err, &cancelled)
	require.Empty(t, MachineIDs(err))
	require.Equal(t, 10*time.Second, took)
}

// A cancelled workflow names the machine that is left, or deletes it. After an unknown outcome it ends when the machine
// would show in lists.
func TestProvisionCancelled(t *testing.T) {
	for _, c := range []struct {
		name    string
		err     error
		delete  bool
		atLeast time.Duration
		left    int
	}{
		{name: "created", atLeast: 10 * time.Second, left: 1},
		{name: "created, and deleted", delete: true, atLeast: 10 * time.Second},
		{name: "unknown outcome", err: unknown("no response"), atLeast: 5 * time.Minute, left: 1},
		{name: "unknown outcome, and deleted", err: unknown("no response"), delete: true, atLeast: 5 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, name)
			w.OnActivity("Create", mock.Anything, mock.Anything).Return(func(context.Context, CreateInput) (*CreateResult, error) {
				return &CreateResult{MachineID: w.create(t, name)}, c.err
			})
			w.RegisterDelayedCallback(w.CancelWorkflow, 10*time.Second)
			_, took, err := w.provision(ProvisionInput{Machine: trainer, DeleteOnCancel: c.delete})
			var cancelled *temporal.CanceledError
			require.ErrorAs(t, err, &cancelled)
			require.GreaterOrEqual(t, took, c.atLeast)
			require.Less(t, took, c.atLeast+3*time.Minute)
			w.AssertActivityNumberOfCalls(t, "Create", 1)
			require.Len(t, w.ids(t)[name], c.left)
			require.Equal(t, w.ids(t)[name], MachineIDs(err))
		})
	}
}

// DeleteOnCancel deletes only what the workflow has created.
func TestAnAdoptedMachineIsNotDeletedOnCancel(t *testing.T) {
	w := newWorld(t, name)
	id := w.create(t, name)
	w.RegisterDelayedCallback(w.CancelWorkflow, time.Second)
	_, _, err := w.provision(ProvisionInput{Machine: trainer, DeleteOnCancel: true})
	var cancelled *temporal.CanceledError
	require.ErrorAs(t, err, &cancelled)
	require.Equal(t, []string{id}, w.ids(t)[name])
	require.Equal(t, []string{id}, MachineIDs(err))
}

// The progress is there for queries, and as search attributes if asked for.
func TestProvisionProgress(t *testing.T) {
	w := newWorld(t, name)
	var phases []Phase
	w.OnUpsertTypedSearchAttributes(mock.Anything).Run(func(args mock.Arguments) {
		if phase, ok := args.Get(0).(temporal.SearchAttributes).GetKeyword(PhaseAttribute); ok {
			phases = append(phases, Phase(phase))
		}
	}).Return(nil)
	var progress ProvisionProgress
	w.RegisterDelayedCallback(func() {
		value, err := w.QueryWorkflow(ProgressQuery)
		require.NoError(t, err)
		require.NoError(t, value.Get(&progress))
	}, 20*time.Second)
	result, _, err := w.provision(ProvisionInput{Machine: trainer, SearchAttributes: true})
	require.NoError(t, err)
	require.Equal(t, ProvisionProgress{Phase: PhaseWaiting, MachineID: result.Machine.ID}, progress)
	require.Equal(t, []Phase{PhaseSearching, PhaseCreating, PhaseWaiting, PhaseReady}, phases)
}

func TestWorkflowIDIsTheName(t *testing.T) {
	for _, c := range []struct{ id, team, name string }{
		{"trainer-2", "", name}, {name, "", ""}, {"", "", ""}, {name, "blue", name}, {"blue/" + name, "", name}, {"red/" + name, "blue", name},
	} {
		machine := trainer
		machine.Name = c.name
		for workflow, in := range map[string]any{
			"Provision":   ProvisionInput{Team: c.team, Machine: machine},
			"Deprovision": DeprovisionInput{Team: c.team, Name: c.name},
		} {
			w := newWorld(t, c.id)
			w.ExecuteWorkflow(workflow, in)
			requireType(t, ErrorRefused, w.GetWorkflowError())
			require.Empty(t, w.srv.Calls())
		}
	}
	w := newWorld(t, WorkflowID("blue", name))
	_, _, err := w.provision(ProvisionInput{Team: "blue", Machine: trainer})
	require.NoError(t, err)
}
