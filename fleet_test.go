package paperspace_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

const fleetSize = 500

// createFleet rents machines, a few at once, and returns their operations.
func createFleet(t *testing.T, client *paperspace.Client, n int) []*paperspace.Operation[paperspace.Machine] {
	t.Helper()
	ops := make([]*paperspace.Operation[paperspace.Machine], n)
	for i := range ops {
		op, err := client.Machines.Create(t.Context(), paperspace.MachineCreateParams{
			Name: fmt.Sprintf("fleet-%d", i), MachineType: "C5", TemplateID: paperspacetest.UbuntuID,
			DiskSize: 50, Region: paperspace.RegionNY2, StartOnCreate: new(true),
		})
		require.NoError(t, err)
		ops[i] = op
	}
	return ops
}

// busiestSecond returns the largest number of polls within a second, and the number of all polls.
func busiestSecond(srv *paperspacetest.Server) (most, total int) {
	calls := srv.Calls("machineEvents-get", "machineEvents-list", "machines-get", "machines-list")
	for first, last := 0, 0; last < len(calls); last++ {
		for calls[last].Time.Sub(calls[first].Time) >= time.Second {
			first++
		}
		most = max(most, last-first+1)
	}
	return most, len(calls)
}

// outcome is how an event may end, and the error that its wait must return.
type outcome struct {
	set paperspacetest.Outcome
	is  error // nil for a wait without an error
}

var outcomes = []outcome{
	{paperspacetest.Done(), nil},
	{paperspacetest.Fails("no capacity"), paperspace.ErrEventFailed},
	{paperspacetest.FailsSilently(), paperspace.ErrEventFailed},
	{paperspacetest.FailsUnfinished(), paperspace.ErrEventFailed},
	{paperspacetest.Cancelled("by an operator"), paperspace.ErrEventCancelled},
	{paperspacetest.Hangs(), paperspace.ErrWaitTimeout},
}

// Every wait of a fleet ends in time and with the right result, whatever happens to its machine and to the polls.
func TestFleet(t *testing.T) {
	const limit = 6 * time.Minute
	for name, tc := range map[string]struct {
		total  int           // polls at most
		within time.Duration // the waits begin
		lag    time.Duration // of a page
		faults []paperspacetest.Fault
	}{
		"no faults": {total: 500},
		"failed polls": {total: 2000, faults: []paperspacetest.Fault{
			{Endpoint: "machineEvents-list", Chance: 0.3, Status: 503},
			{Endpoint: "machineEvents-get", Chance: 0.3, Cut: true},
			{Endpoint: "machineEvents-get", Chance: 0.3, CarriedOut: true, Truncate: true},
			{Endpoint: "machineEvents-list", Chance: 0.1, HTML: true},
		}},
		"rate limits": {total: 500, faults: []paperspacetest.Fault{
			{Endpoint: "machineEvents-list", Skip: 3, Times: 5, RetryAfter: 20 * time.Second},
		}},
		"no list":             {total: 4500, faults: []paperspacetest.Fault{{Endpoint: "machineEvents-list", Status: 400}}},
		"a list that lags":    {total: 500, lag: 800 * time.Millisecond},
		"one after the other": {total: 700, lag: 300 * time.Millisecond, within: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := paperspacetest.New(t)
				client := srv.Client()
				expected := make([]outcome, fleetSize)
				for i := range expected {
					if expected[i] = outcomes[0]; i%5 == 0 {
						expected[i] = outcomes[rand.IntN(len(outcomes))]
					}
					srv.NextEvent(paperspace.MachineEventNameCreate, expected[i].set)
				}
				ops := createFleet(t, client, fleetSize)
				if tc.lag > 0 {
					srv.Inject(paperspacetest.Fault{Endpoint: "machineEvents-list", Latency: tc.lag})
				}
				for _, f := range tc.faults {
					srv.Inject(f)
				}
				srv.ResetCalls()
				begin := time.Now()
				var wg sync.WaitGroup
				for i, op := range ops {
					wg.Go(func() {
						arrival := tc.within * time.Duration(i) / fleetSize
						time.Sleep(arrival)
						m, err := op.Wait(t.Context(), paperspace.WithWaitTimeout(limit))
						took := time.Since(begin)
						if expected[i].is == nil {
							assert.NoError(t, err)
							assert.Equal(t, op.Data.ID, m.ID)
							assert.LessOrEqual(t, took, 5*time.Minute)
							return
						}
						assert.ErrorIs(t, err, expected[i].is)
						if expected[i].is == paperspace.ErrWaitTimeout {
							assert.Equal(t, arrival+limit, took)
							var we *paperspace.WaitError
							if assert.ErrorAs(t, err, &we) {
								assert.Equal(t, []string{op.Event.ID}, we.IDs)
							}
						} else {
							assert.LessOrEqual(t, took, 5*time.Minute)
							assert.NotNil(t, m, "the machine is returned with the error")
						}
					})
				}
				wg.Wait()
				most, total := busiestSecond(srv)
				assert.LessOrEqual(t, most, 10, "polls a second")
				assert.LessOrEqual(t, total, tc.total, "polls in all; waits that share none would make about 20,000")
				t.Logf("%d polls, at most %d a second", total, most)
			})
		})
	}
}

// A wait that its caller cancels disturbs no other wait, even if it was the one that polled for all.
func TestFleetWithCancellations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := paperspacetest.New(t)
		client := srv.Client()
		ops := createFleet(t, client, fleetSize)
		const lag = 900 * time.Millisecond
		srv.Inject(paperspacetest.Fault{Endpoint: "machineEvents-list", Latency: lag})
		srv.ResetCalls()
		begin := time.Now()
		var wg sync.WaitGroup
		for i, op := range ops {
			wg.Go(func() {
				ctx := t.Context()
				leaves := i%2 == 0 // also the first, which polls for all
				if leaves {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, time.Duration(rand.Int64N(int64(time.Minute))))
					defer cancel()
				}
				_, err := op.Wait(ctx)
				if leaves && err != nil {
					assert.ErrorIs(t, err, context.DeadlineExceeded)
					return
				}
				assert.NoError(t, err)
				assert.LessOrEqual(t, time.Since(begin), 2*time.Minute)
			})
		}
		wg.Wait()
		most, total := busiestSecond(srv)
		assert.LessOrEqual(t, most, 10)
		assert.LessOrEqual(t, total, 500)
	})
}

func TestFleetWithARevokedKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := paperspacetest.New(t, paperspacetest.WithDurations(paperspacetest.Durations{Create: time.Hour}))
		client := srv.Client()
		ops := createFleet(t, client, 50)
		begin := time.Now()
		time.AfterFunc(time.Minute, func() { srv.Inject(paperspacetest.Fault{Status: http.StatusUnauthorized}) })
		var wg sync.WaitGroup
		for _, op := range ops {
			wg.Go(func() {
				_, err := op.Wait(t.Context())
				assert.ErrorIs(t, err, paperspace.ErrUnauthorized)
				assert.LessOrEqual(t, time.Since(begin), 75*time.Second)
			})
		}
		wg.Wait()
	})
}

// Clients with different transports poll separately.
func TestTwoClientsOfDifferentTransports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := paperspacetest.New(t)
		ops := createFleet(t, srv.Client(), 40)
		other := srv.Client(paperspace.WithHTTPClient(&http.Client{Transport: srv, Timeout: time.Minute}))
		var wg sync.WaitGroup
		for i, op := range ops {
			client := srv.Client()
			if i%2 == 0 {
				client = other
			}
			wg.Go(func() {
				events, err := client.MachineEvents.Wait(t.Context(), []string{op.Event.ID})
				assert.NoError(t, err)
				assert.Equal(t, paperspace.MachineEventStateDone, events[0].State)
			})
		}
		wg.Wait()
	})
}

// The common use of a machine: find a machine by its name, have it ready, use it, turn it off, and delete it in the end.
func TestLifeOfAMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		srv := paperspacetest.New(t)
		client := srv.Client()
		createFleet(t, client, 3)
		m, err := client.Machines.GetByName(ctx, "fleet-1")
		require.NoError(t, err)
		var progress []string
		note := paperspace.WithOnChange(func(u paperspace.WaitUpdate) {
			if u.Machine != nil {
				progress = append(progress, string(u.Machine.State))
			}
		})
		m, err = client.Machines.EnsureReady(ctx, m.ID, note)
		require.NoError(t, err)
		assert.NotEmpty(t, m.PublicIP)
		assert.Empty(t, srv.Calls("machines-start"), "it started with its create")
		assert.Equal(t, "ready", progress[len(progress)-1])

		op, err := client.Machines.Restart(ctx, m.ID)
		require.NoError(t, err)
		begin := time.Now()
		m, err = client.Machines.WaitForState(ctx, m.ID, paperspace.MachineStateReady)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, time.Since(begin), 40*time.Second, "it is still ready for a while after the restart was accepted")
		e, err := client.MachineEvents.Get(ctx, op.Event.ID)
		require.NoError(t, err)
		assert.Equal(t, paperspace.MachineEventStateDone, e.State)

		m, err = client.Machines.EnsureOff(ctx, m.ID)
		require.NoError(t, err)
		assert.Equal(t, paperspace.MachineStateOff, m.State)
		update, err := client.Machines.Update(ctx, m.ID, paperspace.MachineUpdateParams{DiskSize: new(100), MachineType: new("C7")})
		require.NoError(t, err)
		m, err = update.Wait(ctx)
		require.NoError(t, err)
		assert.Equal(t, "C7", m.MachineType, "everything that the update began has ended")

		start, err := client.Machines.Start(ctx, m.ID)
		require.NoError(t, err)
		_, err = client.Machines.Start(ctx, m.ID)
		require.ErrorContains(t, err, "currently starting")
		m, err = client.Machines.EnsureReady(ctx, m.ID)
		require.NoError(t, err)
		assert.Equal(t, paperspace.MachineStateReady, m.State)
		_, err = start.Wait(ctx)
		require.NoError(t, err)

		deletion, err := client.Machines.Delete(ctx, m.ID)
		require.NoError(t, err)
		require.NoError(t, client.Machines.WaitUntilDeleted(ctx, m.ID))
		_, err = deletion.Wait(ctx)
		require.NoError(t, err)
		_, err = client.Machines.GetByName(ctx, "fleet-1")
		require.ErrorIs(t, err, paperspace.ErrNotFound)
	})
}

func TestLifeOfADeployment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		srv := paperspacetest.New(t)
		client := srv.Client()
		project, err := client.Projects.Create(ctx, paperspace.ProjectCreateParams{Name: "p"})
		require.NoError(t, err)
		config := func(image string) paperspace.DeploymentConfig {
			return paperspace.DeploymentConfig{V1: &paperspace.DeploymentConfigV1{
				Name: "api", Image: image, Resources: paperspace.DeploymentResources{MachineType: "C5", Ports: []int{80}},
			}}
		}
		params := paperspace.DeploymentUpsertParams{ProjectID: project.ID, Config: config("nginx:1")}
		d, err := client.Deployments.Apply(ctx, params)
		require.NoError(t, err)
		assert.False(t, d.LatestSpec.HealthyAt.IsZero())
		first := d.LatestSpec.ID

		params.Config = config("nginx:2") // the name is the same, and so is the deployment
		d, err = client.Deployments.Apply(ctx, params)
		require.NoError(t, err)
		assert.NotEqual(t, first, d.LatestSpec.ID)
		assert.Equal(t, "nginx:2", d.LatestSpec.Data.V1.Image)

		srv.NextSpec(paperspacetest.Unhealthy("image pull back-off"))
		params.Config = config("nginx:none")
		_, err = client.Deployments.Apply(ctx, params)
		require.ErrorIs(t, err, paperspace.ErrSpecFailed)
		assert.ErrorContains(t, err, "image pull back-off")

		found, err := client.Deployments.GetByName(ctx, params.ProjectID, "api")
		require.NoError(t, err)
		before := found.LatestSpec.ID
		_, err = client.Deployments.SetEnabled(ctx, found.ID, false)
		require.NoError(t, err)
		d, err = client.Deployments.WaitUntilHealthy(ctx, found.ID, paperspace.WaitUntilHealthyParams{AfterSpecID: before})
		require.NoError(t, err)
		assert.False(t, *d.LatestSpec.Data.V1.Enabled)

		_, err = client.Deployments.Delete(ctx, d.ID)
		require.NoError(t, err)
		_, err = client.Deployments.GetByName(ctx, params.ProjectID, "api")
		require.True(t, errors.Is(err, paperspace.ErrNotFound))
	})
}
