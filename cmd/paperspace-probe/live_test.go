package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// lead takes a machine through its life against an empty in-memory Paperspace, after prepare.
func lead(t *testing.T, o liveOptions, prepare func(ctx context.Context, srv *paperspacetest.Server, stop func())) (l *life, names []string, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv := paperspacetest.New(t)
		p, probeErr := newProbe(srv.URL(), srv, io.Discard, paperspace.WithAPIKey(srv.Key()))
		require.NoError(t, probeErr)
		ctx, stop := context.WithCancelCause(t.Context())
		defer stop(nil)
		prepare(ctx, srv, func() { stop(errInterrupted) })
		err = p.liveOnce(ctx, t.Context(), o)
		l, names = p.life, left(t, srv)
	})
	return l, names, err
}

var errInterrupted = errors.New("interrupted")

// The life takes about four minutes. It is interrupted in each of its steps, and in between.
func TestInterruptedLifeLeavesNoMachine(t *testing.T) {
	interrupted := 0
	for after := time.Duration(0); after < 5*time.Minute; after += 7 * time.Second {
		l, names, err := lead(t, machineOptions(), func(_ context.Context, _ *paperspacetest.Server, stop func()) {
			time.AfterFunc(after, stop)
		})
		assert.Empty(t, names, "interrupted after %s", after)
		assert.False(t, l.mayExist, "interrupted after %s", after)
		if err != nil {
			assert.ErrorIs(t, err, errInterrupted, "interrupted after %s", after)
			assert.True(t, l.endedEarly)
			interrupted++
		}
	}
	assert.Greater(t, interrupted, 20, "the interrupts must come during the life")
}

// With each fault, the machine must be deleted in the end.
func TestLifeWithFaultsLeavesNoMachine(t *testing.T) {
	faults := map[string]paperspacetest.Fault{
		"the response to the create is lost": {Endpoint: "machines-create", Cut: true, CarriedOut: true, Times: 1},
		"the create is refused":              {Endpoint: "machines-create", Status: 400},
		"events cannot be read":              {Endpoint: "machineEvents-get", Status: 500},
		"the machine cannot be read":         {Endpoint: "machines-get", HTML: true, Times: 5},
		"restarts are refused":               {Endpoint: "machines-restart", Status: 400},
		"stops are refused":                  {Endpoint: "machines-stop", Status: 400},
		"starts are refused":                 {Endpoint: "machines-start", Status: 400},
		"the first deletes are refused":      {Endpoint: "machines-delete", Status: 400, Times: 4},
		"the delete is lost":                 {Endpoint: "machines-delete", Cut: true, CarriedOut: true, Times: 4},
		"a proxy refuses the delete":         {Endpoint: "machines-delete", Status: 403, HTML: true, Times: 6},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			l, names, _ := lead(t, machineOptions(), func(_ context.Context, srv *paperspacetest.Server, _ func()) {
				srv.Inject(fault)
			})
			assert.Empty(t, names)
			assert.False(t, l.mayExist)
		})
	}
}

func TestEventThatFailsEndsTheLife(t *testing.T) {
	l, names, err := lead(t, machineOptions(), func(_ context.Context, srv *paperspacetest.Server, _ func()) {
		srv.NextEvent(paperspace.MachineEventNameRestart, paperspacetest.Fails("no capacity"))
	})
	assert.ErrorContains(t, err, "restart failed")
	assert.True(t, l.endedEarly)
	assert.Empty(t, names)
}

// The machine must be found by its name, although lists fail for a while.
func TestLostCreateIsDeletedOnceListsWork(t *testing.T) {
	l, names, err := lead(t, machineOptions(), func(_ context.Context, srv *paperspacetest.Server, _ func()) {
		srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Cut: true, CarriedOut: true})
		srv.Inject(paperspacetest.Fault{Endpoint: "machines-list", Status: 503, Times: 30})
	})
	assert.ErrorIs(t, err, paperspace.ErrOutcomeUnknown)
	assert.Empty(t, names)
	assert.False(t, l.mayExist)
}

func TestStepWithoutEventEndsTheLife(t *testing.T) {
	_, _, err := live(replies(func(r *reply) {
		if r.to("PATCH", "/machines/*/stop") && r.StatusCode == http.StatusOK {
			delete(r.body.(object), "event")
		}
	})).probe(t)
	assert.ErrorContains(t, err, "the response to stop with an empty object as body has no event")
}

func TestMachineThatNeverGetsReadyIsDeleted(t *testing.T) {
	_, names, err := lead(t, machineOptions(), func(_ context.Context, srv *paperspacetest.Server, _ func()) {
		srv.SetAvailable("C5", paperspace.RegionNY2, false)
	})
	assert.ErrorContains(t, err, "create took too long")
	assert.Empty(t, names)
}

func TestMachineThatCannotBeDeletedIsNamed(t *testing.T) {
	l, names, err := lead(t, machineOptions(), func(_ context.Context, srv *paperspacetest.Server, _ func()) {
		srv.Inject(paperspacetest.Fault{Endpoint: "machines-delete", Status: 400})
	})
	require.Len(t, names, 1)
	assert.ErrorContains(t, err, names[0])
	assert.ErrorContains(t, err, "may still exist and cost money")
	assert.True(t, l.report().MayExist)
}

// A wait that ends at once must not turn the repeated deletes into a burst.
func TestDeletesAreRepeatedSlowly(t *testing.T) {
	var srv *paperspacetest.Server
	_, names, err := lead(t, machineOptions(), func(_ context.Context, s *paperspacetest.Server, stop func()) {
		srv = s
		time.AfterFunc(time.Minute+time.Millisecond, func() {
			for _, endpoint := range []string{"machines-get", "machines-delete"} {
				srv.Inject(paperspacetest.Fault{Endpoint: endpoint, Status: 401, Latency: time.Second})
			}
			stop()
		})
	})
	assert.Len(t, names, 1)
	assert.ErrorContains(t, err, "may still exist and cost money")
	deletes := len(srv.Calls("machines-delete"))
	assert.Greater(t, deletes, 1)
	assert.LessOrEqual(t, deletes, 1+int(cleanupTime/retryTime))
}

// The machine costs 0.08 an hour, and its life takes about four minutes.
func TestSpendingLimitEndsTheLife(t *testing.T) {
	for name, c := range map[string]struct {
		minutes int // that the limit pays for, before those for the delete
		ends    bool
	}{
		"before the delete could be paid": {-1, true}, "at once": {0, true}, "in the middle": {2, true}, "never": {6, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := machineOptions()
			o.limit = 0.08 / 60 * float64(c.minutes+int(deleteTime.Minutes()))
			l, names, err := lead(t, o, func(context.Context, *paperspacetest.Server, func()) {})
			assert.Empty(t, names)
			if !c.ends {
				assert.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, errSpent)
			for _, m := range l.moments {
				assert.LessOrEqual(t, m.after, time.Duration(c.minutes)*time.Minute)
			}
		})
	}
}

func TestMachineHasAutomaticShutdown(t *testing.T) {
	var body string
	_, _, _ = run{live: true, twist: func(next http.RoundTripper) http.RoundTripper {
		return &twist{next: next, request: func(r *http.Request) {
			if r.Method == http.MethodPost && r.URL.Path == "/v1/machines" {
				data, _ := io.ReadAll(r.Body)
				body, r.Body = string(data), io.NopCloser(strings.NewReader(string(data)))
			}
		}}
	}}.probe(t)
	assert.Contains(t, body, `"autoShutdownEnabled":true`)
	assert.Contains(t, body, `"autoShutdownTimeout":1`)
	assert.Contains(t, body, `"emailPassword":false`)
}

func TestLeftoversAreFoundByTheirNamesOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := paperspacetest.New(t)
		client := srv.Client()
		mine := []string{newName(), newName()}
		for _, name := range append(mine, "paperspace-probe-production", "paperspace-probe-", "my-"+mine[0], "trainer") {
			_, err := client.Machines.Create(t.Context(), paperspace.MachineCreateParams{
				Name: name, MachineType: "C5", TemplateID: paperspacetest.UbuntuID, DiskSize: 50, Region: paperspace.RegionNY2,
			})
			require.NoError(t, err)
			_, err = client.Projects.Create(t.Context(), paperspace.ProjectCreateParams{Name: name})
			require.NoError(t, err)
		}
		p, err := newProbe(srv.URL(), srv, io.Discard, paperspace.WithAPIKey(srv.Key()))
		require.NoError(t, err)
		machines, projects, err := p.leftovers(t.Context())
		require.NoError(t, err)
		assert.ElementsMatch(t, mine, projects)
		require.NoError(t, p.removeMachines(t.Context(), machines))
		require.NoError(t, p.removeProjects(t.Context(), projects))
		assert.ElementsMatch(t, []string{"paperspace-probe-production", "paperspace-probe-", "paperspace-probe-production", "paperspace-probe-"},
			left(t, srv))
	})
}

func TestInterruptedDeploymentsLeaveNoProject(t *testing.T) {
	for after := time.Duration(0); after < 12*time.Second; after += time.Second {
		synctest.Test(t, func(t *testing.T) {
			srv := paperspacetest.New(t)
			p, err := newProbe(srv.URL(), srv, io.Discard, paperspace.WithAPIKey(srv.Key()))
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(after, cancel)
			_ = p.deploy(ctx, t.Context(), machineOptions())
			cancel()
			assert.Empty(t, left(t, srv), "interrupted after %s", after)
			page, err := srv.Client().Deployments.List(t.Context(), paperspace.DeploymentListParams{})
			require.NoError(t, err)
			assert.Empty(t, page.Items, "interrupted after %s", after)
		})
	}
}
