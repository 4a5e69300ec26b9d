package paperspace_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func ensured(start *bool) paperspace.MachineCreateParams {
	return paperspace.MachineCreateParams{
		Name: "trainer", MachineType: "C5", TemplateID: paperspacetest.UbuntuID, DiskSize: 50, Region: paperspace.RegionNY2,
		StartOnCreate: start,
	}
}

// makeMachine creates a machine and waits for it.
func makeMachine(t *testing.T, c *paperspace.Client, params paperspace.MachineCreateParams) *paperspace.Machine {
	t.Helper()
	op, err := c.Machines.Create(t.Context(), params)
	require.NoError(t, err)
	m, err := op.Wait(t.Context())
	require.NoError(t, err)
	return m
}

// emptyList makes the next lists of machines show none.
func emptyList(times int) paperspacetest.Fault {
	return paperspacetest.Fault{Endpoint: "machines-list", Times: times, Status: 200, Body: `{"hasMore":false,"items":[]}`}
}

func TestEnsureCreated(t *testing.T) {
	lost := paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Cut: true, CarriedOut: true}
	cases := []struct {
		name    string
		start   *bool
		prepare func(t *testing.T, srv *paperspacetest.Server, c *paperspace.Client)
		opts    []paperspace.EnsureOption

		is       error
		text     string // of the error
		created  bool
		state    paperspace.MachineState
		creates  int
		machines int
		atLeast  time.Duration
	}{
		{name: "no machine, ready", start: new(true), created: true, state: "ready", creates: 1, machines: 1},
		{name: "no machine, off", start: new(false), created: true, state: "off", creates: 1, machines: 1},
		{name: "no machine, either state", created: true, state: "off", creates: 1, machines: 1},
		{
			name: "found off, to be ready", start: new(true), state: "ready", machines: 1,
			prepare: func(t *testing.T, _ *paperspacetest.Server, c *paperspace.Client) { makeMachine(t, c, ensured(nil)) },
		},
		{
			name: "found ready, and not stopped", start: new(false), state: "ready", machines: 1,
			prepare: func(t *testing.T, _ *paperspacetest.Server, c *paperspace.Client) {
				_, err := c.Machines.EnsureReady(t.Context(), makeMachine(t, c, ensured(new(true))).ID)
				require.NoError(t, err)
			},
		},
		{
			name: "found while it is provisioned", start: new(true), state: "ready", machines: 1,
			prepare: func(t *testing.T, _ *paperspacetest.Server, c *paperspace.Client) {
				_, err := c.Machines.Create(t.Context(), ensured(nil))
				require.NoError(t, err)
			},
		},
		{
			name: "the list has only longer names", created: true, state: "off", creates: 1, machines: 2,
			prepare: func(t *testing.T, _ *paperspacetest.Server, c *paperspace.Client) {
				other := ensured(nil)
				other.Name = "trainer-2"
				makeMachine(t, c, other)
			},
		},
		{
			name: "found while it is deleted", created: true, state: "off", creates: 1, machines: 1,
			prepare: func(t *testing.T, _ *paperspacetest.Server, c *paperspace.Client) {
				_, err := c.Machines.Delete(t.Context(), makeMachine(t, c, ensured(nil)).ID)
				require.NoError(t, err)
			},
		},
		{
			name: "several", is: paperspace.ErrAmbiguous, machines: 2,
			prepare: func(t *testing.T, _ *paperspacetest.Server, c *paperspace.Client) {
				makeMachine(t, c, ensured(nil))
				makeMachine(t, c, ensured(nil))
			},
		},
		{
			name: "lost create", start: new(true), created: true, state: "ready", creates: 1, machines: 1,
			prepare: func(_ *testing.T, srv *paperspacetest.Server, _ *paperspace.Client) { srv.Inject(lost) },
		},
		{
			name: "lost create, and the list lags", start: new(true), created: true, state: "ready", creates: 1, machines: 1,
			prepare: func(_ *testing.T, srv *paperspacetest.Server, _ *paperspace.Client) {
				srv.Inject(lost)
				srv.Inject(emptyList(8))
			},
		},
		{
			name: "lost create, and the list fails for a while", created: true, state: "off", creates: 1, machines: 1,
			prepare: func(_ *testing.T, srv *paperspacetest.Server, _ *paperspace.Client) {
				srv.Inject(lost)
				srv.Inject(paperspacetest.Fault{Endpoint: "machines-list", Skip: 1, Times: 5, HTML: true})
			},
		},
		{
			name: "lost create, beside a machine that does not match", created: true, state: "off", creates: 1, machines: 2,
			opts: []paperspace.EnsureOption{paperspace.WithMatch(func(m paperspace.Machine) bool { return m.StorageTotal < 100e9 })},
			prepare: func(t *testing.T, srv *paperspacetest.Server, c *paperspace.Client) {
				other := ensured(nil)
				other.DiskSize = 500
				makeMachine(t, c, other)
				srv.Inject(lost)
			},
		},
		{
			name: "lost create that was not carried out", is: paperspace.ErrOutcomeUnknown, creates: 1, atLeast: 5 * time.Minute,
			prepare: func(_ *testing.T, srv *paperspacetest.Server, _ *paperspace.Client) {
				srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Status: 503})
			},
		},
		{
			name: "lost create that is listed too late", is: paperspace.ErrOutcomeUnknown, creates: 1, machines: 1, atLeast: 20 * time.Minute,
			opts: []paperspace.EnsureOption{paperspace.WithSearchTimeout(20 * time.Minute)},
			prepare: func(_ *testing.T, srv *paperspacetest.Server, _ *paperspace.Client) {
				srv.Inject(lost)
				lift := srv.Inject(emptyList(0))
				time.AfterFunc(21*time.Minute, lift)
			},
		},
		{
			name: "lost create, and the list fails", is: paperspace.ErrOutcomeUnknown, text: "machines-list: 500", creates: 1, machines: 1, atLeast: time.Minute,
			opts: []paperspace.EnsureOption{paperspace.WithSearchTimeout(time.Minute)},
			prepare: func(_ *testing.T, srv *paperspacetest.Server, _ *paperspace.Client) {
				srv.Inject(lost)
				lift := srv.Inject(paperspacetest.Fault{Endpoint: "machines-list", Skip: 1, Status: 500})
				time.AfterFunc(time.Hour, lift)
			},
		},
		{
			name: "lost create, and the limit of the wait ends the search", is: paperspace.ErrWaitTimeout, creates: 1, atLeast: time.Minute,
			opts: []paperspace.EnsureOption{paperspace.WithWaitTimeout(time.Minute)},
			prepare: func(_ *testing.T, srv *paperspacetest.Server, _ *paperspace.Client) {
				srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Status: 503})
			},
		},
		{
			name: "refused create", is: paperspace.ErrBadRequest, creates: 1,
			prepare: func(_ *testing.T, srv *paperspacetest.Server, _ *paperspace.Client) {
				srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Status: 400})
			},
		},
		{
			name: "the list fails until the limit", is: paperspace.ErrWaitTimeout, text: "the last poll failed: machines-list: 502", atLeast: time.Minute,
			opts: []paperspace.EnsureOption{paperspace.WithWaitTimeout(time.Minute)},
			prepare: func(_ *testing.T, srv *paperspacetest.Server, _ *paperspace.Client) {
				lift := srv.Inject(paperspacetest.Fault{Endpoint: "machines-list", HTML: true})
				time.AfterFunc(time.Minute+time.Second, lift)
			},
		},
		{
			name: "refused search", is: paperspace.ErrForbidden,
			prepare: func(_ *testing.T, srv *paperspacetest.Server, _ *paperspace.Client) {
				srv.Inject(paperspacetest.Fault{Endpoint: "machines-list", Status: 403, Times: 1})
			},
		},
		{
			name: "the create fails", start: new(true), is: paperspace.ErrEventFailed, created: true, creates: 1, machines: 1,
			prepare: func(_ *testing.T, srv *paperspacetest.Server, _ *paperspace.Client) {
				srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Fails("no capacity"))
			},
		},
		{
			name: "the create fails silently", opts: []paperspace.EnsureOption{paperspace.WithSilentErrorsAsDone()}, start: new(true), created: true, state: "ready", creates: 1, machines: 1,
			prepare: func(_ *testing.T, srv *paperspacetest.Server, _ *paperspace.Client) {
				srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.FailsSilently())
			},
		},
		{
			name: "created, and does not match", is: errParam, created: true, creates: 1, machines: 1,
			opts: []paperspace.EnsureOption{paperspace.WithMatch(func(m paperspace.Machine) bool { return m.NetworkID == "other" })},
		},
		{
			name: "request options apply to the create", created: true, state: "off", creates: 1, machines: 1,
			opts: []paperspace.EnsureOption{paperspace.WithHeader("X-Trace", "1"), paperspace.WithTimeout(time.Second)},
		},
		{
			name: "invalid request option", is: errParam,
			opts: []paperspace.EnsureOption{paperspace.WithPrefetch()},
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := paperspacetest.New(t)
				c := srv.Client()
				if tc.prepare != nil {
					tc.prepare(t, srv, c)
				}
				srv.ResetCalls()
				begin := time.Now()
				got, err := c.Machines.EnsureCreated(t.Context(), ensured(tc.start), tc.opts...)
				took := time.Since(begin)
				assert.Len(t, srv.Calls("machines-create"), tc.creates, "creates that were sent")
				machines, listErr := paperspace.Collect(c.Machines.All(t.Context(), paperspace.MachineListParams{}))
				if listErr == nil && tc.name != "lost create that is listed too late" {
					assert.Len(t, machines, tc.machines, "machines that exist")
				}
				assert.GreaterOrEqual(t, took, tc.atLeast)
				if tc.name == "request options apply to the create" {
					for _, call := range srv.Calls() {
						assert.Equal(t, call.Endpoint == "machines-create", call.Header.Get("X-Trace") == "1", call)
					}
				}
				switch {
				case tc.is == errParam:
					require.ErrorAs(t, err, new(*paperspace.ParamError))
				case tc.is != nil:
					require.ErrorIs(t, err, tc.is)
					assert.ErrorContains(t, err, tc.text)
					assert.LessOrEqual(t, took, tc.atLeast+2*time.Minute)
				default:
					require.NoError(t, err)
					assert.Equal(t, tc.state, got.State)
				}
				if tc.created {
					require.NotNil(t, got, "the created machine is returned beside the error")
					assert.NotEmpty(t, got.ID)
				}
				if got != nil {
					assert.Equal(t, tc.created, got.Created)
				}
				if tc.is == paperspace.ErrWaitTimeout {
					assert.Equal(t, tc.creates > 0, errors.Is(err, paperspace.ErrOutcomeUnknown))
				}

				if tc.is == nil { // once more changes nothing
					changes := len(srv.Calls("machines-create", "machines-start", "machines-stop"))
					again, err := c.Machines.EnsureCreated(t.Context(), ensured(tc.start), tc.opts[:min(len(tc.opts), 1)]...)
					require.NoError(t, err)
					assert.Equal(t, got.ID, again.ID)
					assert.False(t, again.Created)
					assert.Len(t, srv.Calls("machines-create", "machines-start", "machines-stop"), changes)
				}
			})
		})
	}
}

// errParam stands for any ParamError.
var errParam = errors.New("a ParamError")

func TestFindOrCreate(t *testing.T) {
	test := func(name string, f func(t *testing.T, srv *paperspacetest.Server, c *paperspace.Client)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := paperspacetest.New(t)
				f(t, srv, srv.Client())
			})
		})
	}
	test("a new machine is returned with its operation, without a wait", func(t *testing.T, srv *paperspacetest.Server, c *paperspace.Client) {
		begin := time.Now()
		got, err := c.Machines.FindOrCreate(t.Context(), ensured(new(true)))
		require.NoError(t, err)
		assert.Zero(t, time.Since(begin))
		assert.True(t, got.Created)
		assert.Equal(t, paperspace.MachineStateProvisioning, got.State)
		assert.Equal(t, got.ID, got.Operation.Event.MachineID)

		stored, err := json.Marshal(got)
		require.NoError(t, err)
		var resumed paperspace.EnsuredMachine
		require.NoError(t, json.Unmarshal(stored, &resumed))
		m, err := resumed.Operation.Bind(c).Wait(t.Context())
		require.NoError(t, err)
		assert.Equal(t, got.ID, m.ID)
	})
	test("a machine that is found is left in its state", func(t *testing.T, srv *paperspacetest.Server, c *paperspace.Client) {
		off := makeMachine(t, c, ensured(nil))
		srv.ResetCalls()
		got, err := c.Machines.FindOrCreate(t.Context(), ensured(new(true)))
		require.NoError(t, err)
		assert.Equal(t, &paperspace.EnsuredMachine{Machine: *off}, got)
		assert.Len(t, srv.Calls(), len(srv.Calls("machines-list")), "calls besides machines-list")
	})
	test("a lost create is searched for, and not sent again", func(t *testing.T, srv *paperspacetest.Server, c *paperspace.Client) {
		srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Cut: true, CarriedOut: true})
		srv.Inject(paperspacetest.Fault{Endpoint: "machines-list", Skip: 1, Times: 2, Status: 200, Body: `{"items":[],"hasMore":false}`})
		got, err := c.Machines.FindOrCreate(t.Context(), ensured(new(true)))
		require.NoError(t, err)
		assert.True(t, got.Created)
		assert.Nil(t, got.Operation)
		assert.Len(t, srv.Calls("machines-create"), 1)
	})
	test("a create without effect is an unknown outcome after the search", func(t *testing.T, srv *paperspacetest.Server, c *paperspace.Client) {
		srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Status: 500})
		begin := time.Now()
		_, err := c.Machines.FindOrCreate(t.Context(), ensured(nil), paperspace.WithSearchTimeout(2*time.Second))
		require.ErrorIs(t, err, paperspace.ErrOutcomeUnknown)
		assert.Equal(t, 2*time.Second, time.Since(begin))
		assert.Len(t, srv.Calls("machines-create"), 1)
	})
	test("invalid params are refused before the search", func(t *testing.T, srv *paperspacetest.Server, c *paperspace.Client) {
		_, err := c.Machines.FindOrCreate(t.Context(), paperspace.MachineCreateParams{})
		require.ErrorAs(t, err, new(*paperspace.ParamError))
		assert.Empty(t, srv.Calls())
	})
}

func TestEnsureState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := paperspacetest.New(t).Client()
		id := makeMachine(t, c, ensured(nil)).ID
		for _, state := range []paperspace.MachineState{"ready", "ready", "off", "ready"} {
			m, err := c.Machines.EnsureState(t.Context(), id, state)
			require.NoError(t, err)
			assert.Equal(t, state, m.State)
		}
		for _, state := range []paperspace.MachineState{"", "starting", "gone"} {
			_, err := c.Machines.EnsureState(t.Context(), id, state)
			require.ErrorAs(t, err, new(*paperspace.ParamError))
		}
	})
}

// Every method that ensures that an object is gone tolerates the same faults.
func TestEnsureGone(t *testing.T) {
	type object struct {
		endpoint string
		ensure   func(context.Context, ...paperspace.WaitOption) error
		exists   func() bool
	}
	exists := func(err error) bool { return !errors.Is(err, paperspace.ErrNotFound) }
	kinds := map[string]func(t *testing.T, c *paperspace.Client) object{
		"machine": func(t *testing.T, c *paperspace.Client) object {
			id := makeMachine(t, c, ensured(nil)).ID
			return object{
				"machines-delete",
				func(ctx context.Context, opts ...paperspace.WaitOption) error {
					return c.Machines.EnsureDeleted(ctx, id, opts...)
				},
				func() bool { _, err := c.Machines.Get(t.Context(), id); return exists(err) },
			}
		},
		"deployment": func(t *testing.T, c *paperspace.Client) object {
			project, err := c.Projects.Create(t.Context(), paperspace.ProjectCreateParams{Name: "search"})
			require.NoError(t, err)
			var config paperspace.DeploymentConfig
			require.NoError(t, json.Unmarshal([]byte(`{"apiVersion":"v1","name":"api","image":"nginx:1.29",
				"resources":{"machineType":"C5","ports":[80],"replicas":1}}`), &config))
			d, err := c.Deployments.Upsert(t.Context(), paperspace.DeploymentUpsertParams{ProjectID: project.ID, Config: config})
			require.NoError(t, err)
			return object{
				"deployments-delete",
				func(ctx context.Context, opts ...paperspace.WaitOption) error {
					return c.Deployments.EnsureDeleted(ctx, d.DeploymentID, opts...)
				},
				func() bool { _, err := c.Deployments.Get(t.Context(), d.DeploymentID); return exists(err) },
			}
		},
		"public IP": func(t *testing.T, c *paperspace.Client) object {
			ip, err := c.PublicIPs.Claim(t.Context(), paperspace.PublicIPClaimParams{Region: paperspace.RegionNY2})
			require.NoError(t, err)
			return object{
				"publicIps-release",
				func(ctx context.Context, opts ...paperspace.WaitOption) error {
					return c.PublicIPs.EnsureReleased(ctx, ip.IP, opts...)
				},
				func() bool {
					all, err := paperspace.Collect(c.PublicIPs.All(t.Context(), paperspace.PublicIPListParams{}))
					require.NoError(t, err)
					return len(all) > 0
				},
			}
		},
	}
	for kind, create := range kinds {
		for _, tc := range []struct {
			name  string
			fault paperspacetest.Fault
			is    error
		}{
			{name: "nothing fails"},
			{name: "one response is lost", fault: paperspacetest.Fault{Cut: true, CarriedOut: true, Times: 1}},
			{name: "every response is lost", fault: paperspacetest.Fault{Cut: true, CarriedOut: true}},
			{name: "every response is a proxy's", fault: paperspacetest.Fault{HTML: true, CarriedOut: true}},
			{name: "not carried out for a while", fault: paperspacetest.Fault{Status: 500, Times: 6}},
			{name: "never carried out", fault: paperspacetest.Fault{Status: 500}, is: paperspace.ErrOutcomeUnknown},
			{name: "not found at first", fault: paperspacetest.Fault{Status: 404, Times: 1}},
			{name: "forbidden", fault: paperspacetest.Fault{Status: 403}, is: paperspace.ErrForbidden},
			{name: "a proxy's 404", fault: paperspacetest.Fault{HTML: true, Status: 404}, is: paperspace.ErrOutcomeUnknown},
		} {
			t.Run(kind+"/"+tc.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := paperspacetest.New(t)
					o := create(t, srv.Client())
					if tc.name != "nothing fails" {
						tc.fault.Endpoint = o.endpoint
						srv.Inject(tc.fault)
					}
					err := o.ensure(t.Context())
					assert.Equal(t, tc.is != nil, o.exists())
					if tc.is != nil {
						require.ErrorIs(t, err, tc.is)
						return
					}
					require.NoError(t, err)
					require.NoError(t, o.ensure(t.Context()), "it is gone already")
				})
			})
		}
	}
}

func TestEnsureDeletedWhileTheMachineChanges(t *testing.T) {
	for name, begin := range map[string]func(ctx context.Context, c *paperspace.Client, id string) error{
		"starting": func(ctx context.Context, c *paperspace.Client, id string) error {
			_, err := c.Machines.Start(ctx, id)
			return err
		},
		"deleted by another caller": func(ctx context.Context, c *paperspace.Client, id string) error {
			_, err := c.Machines.Delete(ctx, id)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := paperspacetest.New(t).Client()
				id := makeMachine(t, c, ensured(nil)).ID
				require.NoError(t, begin(t.Context(), c, id))
				require.NoError(t, c.Machines.EnsureDeleted(t.Context(), id))
				_, err := c.Machines.Get(t.Context(), id)
				require.ErrorIs(t, err, paperspace.ErrNotFound)
			})
		})
	}
	t.Run("the delete fails", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := paperspacetest.New(t)
			c := srv.Client()
			id := makeMachine(t, c, ensured(nil)).ID
			srv.NextEvent(paperspace.MachineEventNameDeactivate, paperspacetest.Fails("locked"))
			require.ErrorIs(t, c.Machines.EnsureDeleted(t.Context(), id), paperspace.ErrEventFailed)
			assert.Len(t, srv.Calls("machines-delete"), 1)
		})
	})
	t.Run("the wait ends", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := paperspacetest.New(t).Client()
			id := makeMachine(t, c, ensured(nil)).ID
			err := c.Machines.EnsureDeleted(t.Context(), id, paperspace.WithWaitTimeout(time.Second))
			require.ErrorIs(t, err, paperspace.ErrWaitTimeout)
			require.NoError(t, c.Machines.EnsureDeleted(t.Context(), id), "another call continues")
		})
	})
}

func TestEnsureReleasedLeavesAnAssignedAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := paperspacetest.New(t)
		c := srv.Client()
		m := makeMachine(t, c, ensured(nil))
		ip, err := c.PublicIPs.Claim(t.Context(), paperspace.PublicIPClaimParams{Region: paperspace.RegionNY2})
		require.NoError(t, err)
		_, err = c.PublicIPs.Assign(t.Context(), ip.IP, paperspace.PublicIPAssignParams{MachineID: paperspace.Value(m.ID)})
		require.NoError(t, err)
		err = c.PublicIPs.EnsureReleased(t.Context(), ip.IP)
		failed, ok := errors.AsType[*paperspace.Error](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, http.StatusConflict, failed.StatusCode)
		assert.Len(t, srv.Calls("publicIps-release"), 1)
	})
}
