package paperspace_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// ensuring describes a method that brings an object into a state.
type ensuring struct {
	name string
	// prepare makes what the method needs, with a client that meets no faults. It returns a call of the method, and a
	// function that reports whether the object is as the method promises.
	prepare func(t *testing.T, c *paperspace.Client) (ensureCall, ensureCheck)
	// objects counts what the method creates; nil if it creates nothing.
	objects func(context.Context, *paperspace.Client) (int, error)
}

type (
	ensureCall  = func(context.Context, *paperspace.Client) error
	ensureCheck = func() bool
)

func ensuringMethods() []ensuring {
	machines := func(ctx context.Context, c *paperspace.Client) (int, error) {
		all, err := paperspace.Collect(c.Machines.All(ctx, paperspace.MachineListParams{}))
		return len(all), err
	}
	deployments := func(ctx context.Context, c *paperspace.Client) (int, error) {
		all, err := paperspace.Collect(c.Deployments.All(ctx, paperspace.DeploymentListParams{}))
		return len(all), err
	}
	isGone := func(get func() error) ensureCheck {
		return func() bool { return errors.Is(get(), paperspace.ErrNotFound) }
	}
	stateIs := func(t *testing.T, c *paperspace.Client, state paperspace.MachineState) ensureCheck {
		return func() bool {
			m, err := c.Machines.GetByName(t.Context(), "trainer")
			return err == nil && m.State == state
		}
	}
	deploy := func(t *testing.T, c *paperspace.Client) paperspace.DeploymentUpsertParams {
		project, err := c.Projects.Create(t.Context(), paperspace.ProjectCreateParams{Name: "search"})
		require.NoError(t, err)
		params := paperspace.DeploymentUpsertParams{ProjectID: project.ID}
		require.NoError(t, json.Unmarshal([]byte(`{"apiVersion":"v1","name":"api","image":"nginx:1.29",
			"resources":{"machineType":"C5","ports":[80],"replicas":1}}`), &params.Config))
		return params
	}
	return []ensuring{
		{"Machines.EnsureCreated, none exists", func(t *testing.T, c *paperspace.Client) (ensureCall, ensureCheck) {
			return func(ctx context.Context, c *paperspace.Client) error {
				m, err := c.Machines.EnsureCreated(ctx, ensured(new(true)))
				if err == nil {
					assert.Equal(t, paperspace.MachineStateReady, m.State)
				}
				return err
			}, stateIs(t, c, paperspace.MachineStateReady)
		}, machines},
		{"Machines.EnsureCreated, one is off", func(t *testing.T, c *paperspace.Client) (ensureCall, ensureCheck) {
			makeMachine(t, c, ensured(nil))
			return func(ctx context.Context, c *paperspace.Client) error {
				_, err := c.Machines.EnsureCreated(ctx, ensured(new(true)))
				return err
			}, stateIs(t, c, paperspace.MachineStateReady)
		}, machines},
		{"Machines.FindOrCreate", func(t *testing.T, c *paperspace.Client) (ensureCall, ensureCheck) {
			return func(ctx context.Context, c *paperspace.Client) error {
				_, err := c.Machines.FindOrCreate(ctx, ensured(new(true)))
				return err
			}, func() bool { _, err := c.Machines.GetByName(t.Context(), "trainer"); return err == nil }
		}, machines},
		{"Machines.EnsureReady", func(t *testing.T, c *paperspace.Client) (ensureCall, ensureCheck) {
			id := makeMachine(t, c, ensured(nil)).ID
			return func(ctx context.Context, c *paperspace.Client) error {
				m, err := c.Machines.EnsureReady(ctx, id)
				if err == nil {
					assert.Equal(t, paperspace.MachineStateReady, m.State)
				}
				return err
			}, stateIs(t, c, paperspace.MachineStateReady)
		}, nil},
		{"Machines.EnsureOff", func(t *testing.T, c *paperspace.Client) (ensureCall, ensureCheck) {
			m, err := c.Machines.EnsureReady(t.Context(), makeMachine(t, c, ensured(new(true))).ID)
			require.NoError(t, err)
			return func(ctx context.Context, c *paperspace.Client) error {
				m, err := c.Machines.EnsureOff(ctx, m.ID)
				if err == nil {
					assert.Equal(t, paperspace.MachineStateOff, m.State)
				}
				return err
			}, stateIs(t, c, paperspace.MachineStateOff)
		}, nil},
		{"Machines.EnsureDeleted", func(t *testing.T, c *paperspace.Client) (ensureCall, ensureCheck) {
			id := makeMachine(t, c, ensured(nil)).ID
			return func(ctx context.Context, c *paperspace.Client) error { return c.Machines.EnsureDeleted(ctx, id) },
				isGone(func() error { _, err := c.Machines.Get(t.Context(), id); return err })
		}, nil},
		{"Deployments.Apply", func(t *testing.T, c *paperspace.Client) (ensureCall, ensureCheck) {
			params := deploy(t, c)
			return func(ctx context.Context, c *paperspace.Client) error {
					_, err := c.Deployments.Apply(ctx, params)
					return err
				}, func() bool {
					d, err := c.Deployments.GetByName(t.Context(), params.ProjectID, "api")
					return err == nil && d.LatestSpec != nil && !d.LatestSpec.ExternalApplied.IsZero()
				}
		}, deployments},
		{"Deployments.EnsureDeleted", func(t *testing.T, c *paperspace.Client) (ensureCall, ensureCheck) {
			d, err := c.Deployments.Upsert(t.Context(), deploy(t, c))
			require.NoError(t, err)
			return func(ctx context.Context, c *paperspace.Client) error {
					return c.Deployments.EnsureDeleted(ctx, d.DeploymentID)
				},
				isGone(func() error { _, err := c.Deployments.Get(t.Context(), d.DeploymentID); return err })
		}, nil},
		{"PublicIPs.EnsureReleased", func(t *testing.T, c *paperspace.Client) (ensureCall, ensureCheck) {
			ip, err := c.PublicIPs.Claim(t.Context(), paperspace.PublicIPClaimParams{Region: paperspace.RegionNY2})
			require.NoError(t, err)
			return func(ctx context.Context, c *paperspace.Client) error { return c.PublicIPs.EnsureReleased(ctx, ip.IP) }, func() bool {
				all, err := paperspace.Collect(c.PublicIPs.All(t.Context(), paperspace.PublicIPListParams{}))
				return err == nil && len(all) == 0
			}
		}, nil},
	}
}

// Each method that ensures a state meets each fault at its first request to each endpoint, once and for a while. It
// never creates a second object, never succeeds before the object is in the state, and never returns ErrNotFound for an
// object that exists. It succeeds if the fault happens once and the request is carried out or sent again.
func TestEnsureUnderFaults(t *testing.T) {
	const once, aWhile = 1, 12
	cells, succeeded := 0, 0
	for _, method := range ensuringMethods() {
		t.Run(method.name, func(t *testing.T) {
			var first []int // requests to each endpoint
			synctest.Test(t, func(t *testing.T) {
				calls, err := method.run(t, new(paperspace.Fault), 0, 0)
				require.NoError(t, err)
				seen := map[string]bool{}
				for i, call := range calls {
					if !seen[call.Endpoint] {
						first = append(first, i)
					}
					seen[call.Endpoint] = true
				}
			})
			for _, f := range paperspace.Faults() {
				synctest.Test(t, func(t *testing.T) {
					for _, skip := range first {
						for _, times := range []int{once, aWhile} {
							_, err := method.run(t, &f, skip, times)
							if cells++; err == nil {
								succeeded++
							} else if times == once {
								assert.False(t, f.IsCarriedOut(), "%s at request %d: %v", f.Name(), skip, err)
							}
						}
					}
				})
			}
		})
	}
	t.Logf("%d methods, %d cells, of which %d succeeded", len(ensuringMethods()), cells, succeeded)
}

// run calls the method. The fault happens the given number of times, after skip requests.
func (e *ensuring) run(t *testing.T, f *paperspace.Fault, skip, times int) ([]paperspacetest.Call, error) {
	srv := paperspacetest.New(t, paperspacetest.WithKey(paperspace.FaultKey))
	direct := srv.Client()
	call, holds := e.prepare(t, direct)
	srv.ResetCalls()
	client, stop := f.Client(t, skip, times, srv)
	err := call(t.Context(), client)
	stop()
	calls := srv.Calls()

	where := fmt.Sprintf("%s at request %d, %d times: %v", f.Name(), skip, times, err)
	assert.False(t, err == nil && !holds(), "false success: %s", where)
	assert.False(t, errors.Is(err, paperspace.ErrNotFound), "false ErrNotFound: %s", where)
	if e.objects != nil {
		n, listErr := e.objects(t.Context(), direct)
		require.NoError(t, listErr)
		assert.LessOrEqual(t, n, 1, "created twice: %s", where)
	}
	return calls, err
}
