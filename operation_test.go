package paperspace

import (
	"encoding/json"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An operation without a client is enough for a fake whose event has ended.
func TestOperationWithoutAClient(t *testing.T) {
	done := &MachineEvent{ID: "e", Name: MachineEventNameCreate, State: MachineEventStateDone}
	op := NewOperation(nil, done, Machine{ID: "m", State: MachineStateOff})
	assert.Equal(t, "e", op.EventID())
	m, err := op.Wait(t.Context())
	require.NoError(t, err)
	assert.Equal(t, &Machine{ID: "m", State: MachineStateOff}, m)
	assert.NotSame(t, &op.Data, m)
	for e, err := range op.Watch(t.Context()) {
		require.NoError(t, err)
		assert.Equal(t, *done, e)
	}

	failed := NewOperation(nil, &MachineEvent{ID: "e", State: MachineEventStateError, Error: "no capacity"}, Snapshot{ID: "s"})
	s, err := failed.Wait(t.Context())
	require.ErrorIs(t, err, ErrEventFailed)
	assert.Equal(t, "s", s.ID, "the object is returned beside the error")

	_, err = NewOperation(nil, &MachineEvent{ID: "e", State: MachineEventStateNew}, Machine{ID: "m"}).Wait(t.Context())
	require.ErrorContains(t, err, "no client")

	unchanged := NewOperation(nil, nil, Machine{ID: "m"})
	assert.Empty(t, unchanged.EventID())
	_, err = unchanged.Wait(t.Context())
	require.NoError(t, err, "an update may start nothing")
	_, err = NewOperation(nil, nil, CustomTemplate{ID: "t"}).Wait(t.Context())
	require.ErrorContains(t, err, "no event")
	_, err = (&Operation[Project]{Event: done}).Wait(t.Context())
	require.ErrorContains(t, err, "no endpoint")
}

// An operation waits in the same way after it was stored as JSON and bound to another client.
func TestOperationThatIsBoundAgain(t *testing.T) {
	empty := reply(200, `{"hasMore":false,"items":[]}`)
	for _, tc := range []struct {
		name  string
		s     service
		begin func(t *testing.T, c *Client) *Operation[Machine]
		want  string // the machine's name
	}{
		{
			name: "start", want: "as it is",
			s: service{
				"PATCH /machines/m/start": play(operation200(event("e", "new"))), "GET /machines/m": play(ready),
				"GET /machine-events/e": play(is("e", "new"), is("e", "done")),
			},
			begin: func(t *testing.T, c *Client) *Operation[Machine] {
				op, err := c.Machines.Start(t.Context(), "m")
				require.NoError(t, err)
				return op
			},
		},
		{
			name: "update with two events, named like other operations", want: "as it is",
			s: service{
				"PUT /machines/m": play(operation200(event("e", "new", "name=stop"))), "GET /machines/m": play(ready),
				"GET /machine-events/e": play(is("e", "done", "name=stop")),
				"GET /machine-events": play(
					reply(200, `{"hasMore":false,"items":[`+event("f", "new", "name=start")+`,`+event("e", "done", "name=stop")+`]}`),
					reply(200, `{"hasMore":false,"items":[`+event("f", "done", "name=start")+`,`+event("e", "done", "name=stop")+`]}`)),
			},
			begin: func(t *testing.T, c *Client) *Operation[Machine] {
				op, err := c.Machines.Update(t.Context(), "m", MachineUpdateParams{Name: new("x")})
				require.NoError(t, err)
				return op
			},
		},
		{
			name: "delete, under an event name that is not known", want: "as it came",
			s: service{
				"DELETE /machines/m": play(operation200(event("e", "new", "name=purge"))), "GET /machines/m": play(notFound),
				"GET /machine-events/e": play(notFound), "GET /machine-events": play(empty),
			},
			begin: func(t *testing.T, c *Client) *Operation[Machine] {
				op, err := c.Machines.Delete(t.Context(), "m")
				require.NoError(t, err)
				return op
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stored, err := json.Marshal(tc.begin(t, newTestClient(t, tc.s)))
				require.NoError(t, err)
				var op Operation[Machine]
				require.NoError(t, json.Unmarshal(stored, &op))
				m, err := op.Bind(newTestClient(t, tc.s)).Wait(t.Context())
				require.NoError(t, err)
				assert.Equal(t, tc.want, m.Name)
				if lists := tc.s["GET /machine-events"]; tc.s["PUT /machines/m"] != nil {
					assert.Equal(t, 2, lists.count(), "the update's other event is waited for")
				}
			})
		})
	}
}

// Where the endpoint is not known, the event's name determines it.
func TestOperationInfersItsEndpoint(t *testing.T) {
	machine := func(name MachineEventName) *endpoint {
		return NewOperation(nil, &MachineEvent{Name: name}, Machine{}).endpoint()
	}
	assert.Same(t, machinesCreate, machine(MachineEventNameCreate))
	assert.Same(t, machinesStart, machine(MachineEventNameStart))
	assert.Same(t, machinesStop, machine(MachineEventNameStop))
	assert.Same(t, machinesStop, machine(MachineEventNameVMShutdownForce))
	assert.Same(t, machinesRestart, machine(MachineEventNameRestart))
	assert.Same(t, machinesDelete, machine(MachineEventNameDeactivate))
	assert.Same(t, machinesUpdate, machine(MachineEventNameVMUpgrade))
	snapshot := func(name MachineEventName) *endpoint {
		return NewOperation(nil, &MachineEvent{Name: name}, Snapshot{}).endpoint()
	}
	assert.Same(t, snapshotsCreate, snapshot(MachineEventNameSnapshotCreate))
	assert.Same(t, snapshotsDelete, snapshot(MachineEventNameSnapshotDelete))
	assert.Same(t, snapshotsRestore, snapshot(MachineEventNameSnapshotRestore))
	assert.Same(t, customTemplatesCreate, NewOperation(nil, nil, CustomTemplate{}).endpoint())

	for _, ep := range operations {
		switch ep.subject {
		case machinesGet:
			assert.Same(t, ep, (&Operation[Machine]{Endpoint: ep.id}).endpoint())
		case snapshotsGet:
			assert.Same(t, ep, (&Operation[Snapshot]{Endpoint: ep.id}).endpoint())
		case customTemplatesGet:
			assert.Same(t, ep, (&Operation[CustomTemplate]{Endpoint: ep.id}).endpoint())
		default:
			t.Errorf("%s is of a type that operation.go does not know", ep.id)
		}
	}
	assert.Same(t, machinesUpdate, (&Operation[Machine]{Endpoint: "snapshots-create"}).endpoint(), "of another type")
}
