package paperspace

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
)

// Operation is work that the service has started: the event that tracks it, and the object as it was when the work
// began. An operation can be stored as JSON and continued in another process:
//
//	var op paperspace.Operation[paperspace.Machine]
//	err := json.Unmarshal(stored, &op)
//	machine, err := op.Bind(client).Wait(ctx)
type Operation[T any] struct {
	// Event tracks the operation. It is nil only if the service started no work: after an update that needs no work on
	// the machine.
	Event *MachineEvent `json:"event,omitzero"`
	// Data is the object as it came with the response.
	Data T `json:"data"`
	// Endpoint is the ID of the endpoint that started the operation, such as "machines-create". It determines the time
	// limit of a wait, and what the wait does besides following Event. If it is empty, the name of Event determines the
	// endpoint.
	Endpoint string `json:"endpoint,omitzero"`

	client *Client
}

// NewOperation returns an operation of which only the event and the object are known. Set its Endpoint if that is known
// as well. With a nil client, [Operation.Wait] returns data if the event is done, and an error if it is not: a fake of a
// method that returns an operation needs no service.
func NewOperation[T Machine | Snapshot | CustomTemplate](client *Client, event *MachineEvent, data T) *Operation[T] {
	return &Operation[T]{Event: event, Data: data, client: client}
}

// Bind makes the operation wait with client, and returns the operation. One that was decoded from JSON has no client.
func (o *Operation[T]) Bind(client *Client) *Operation[T] {
	o.client = client
	return o
}

// EventID returns the ID of the event; empty if there is none. [MachineEventsService.Wait] waits for events by ID.
func (o *Operation[T]) EventID() string {
	if o.Event == nil {
		return ""
	}
	return o.Event.ID
}

// Equal reports whether both are about the same event and object, in the same state. It makes operations fit for
// go-cmp.
func (o Operation[T]) Equal(other Operation[T]) bool {
	return reflect.DeepEqual(o.Event, other.Event) && reflect.DeepEqual(o.Data, other.Data)
}

func (o *Operation[T]) isEmpty() bool { return o.Event == nil && reflect.ValueOf(o.Data).IsZero() }

func (o *Operation[T]) data() any { return &o.Data }

// operate calls an endpoint that returns {event, data}.
func operate[T any](ctx context.Context, c *Client, ep *endpoint, path []string, params any, opts []RequestOption) (*Operation[T], error) {
	o, err := call[Operation[T]](ctx, c, ep, path, params, opts)
	if err != nil {
		return nil, err
	}
	o.client, o.Endpoint = c, ep.id
	return o, nil
}

// startedBy maps the names of events to the endpoints that start them. An update starts events of other names.
var startedBy = map[MachineEventName]*endpoint{
	MachineEventNameCreate: machinesCreate, MachineEventNameDeactivate: machinesDelete, MachineEventNameRestart: machinesRestart,
	MachineEventNameStart: machinesStart, MachineEventNameStop: machinesStop, MachineEventNameVMShutdownForce: machinesStop,
	MachineEventNameSnapshotDelete: snapshotsDelete, MachineEventNameSnapshotRestore: snapshotsRestore,
}

// endpoint returns the endpoint that started the operation, or nil if no endpoint is known to return such an object.
func (o *Operation[T]) endpoint() *endpoint {
	var inferred *endpoint
	switch any(o.Data).(type) {
	case Machine:
		inferred = machinesUpdate
	case Snapshot:
		inferred = snapshotsCreate
	case CustomTemplate:
		inferred = customTemplatesCreate
	default:
		return nil
	}
	if o.Event != nil {
		if ep := startedBy[o.Event.Name]; ep != nil && ep.subject == inferred.subject {
			inferred = ep
		}
	}
	for _, ep := range operations {
		if ep.id == o.Endpoint && ep.subject == inferred.subject {
			return ep
		}
	}
	return inferred
}

// object is what the operation works on, to poll for.
func (o *Operation[T]) object() target {
	subject := o.endpoint().subject
	t := target{kind: &targetKind{read: func(ctx context.Context, c *Client, id string, opts ...RequestOption) (any, error) {
		return call[T](ctx, c, subject, pathParams(id), nil, opts)
	}}}
	switch data := any(&o.Data).(type) {
	case *Machine:
		t = target{kind: machineKind, id: data.ID}
	case *Snapshot:
		t.id = data.ID
	case *CustomTemplate:
		t.id = data.ID
	}
	return t
}

// Wait waits until the operation ends and returns the object as it is then, or Data after a delete. If the operation
// fails or is cancelled, Wait returns the object and an [*EventError]. If the wait ends first, the error is a
// [*WaitError] and the operation continues. A delete has ended, too, when neither its event nor the object exists any
// more.
//
// The default time limit is 15 minutes for a start, 45 for a create and 10 for a delete of a machine, and 30 for all
// other operations.
//
// Calls machineEvents-get, machineEvents-list when several waits run and after an update, and the Get of the object, or
// machines-list when several waits run.
func (o *Operation[T]) Wait(ctx context.Context, opts ...WaitOption) (*T, error) {
	f, err := o.follow(ctx, opts)
	if err != nil {
		return nil, err
	}
	defer f.end()
	if err := o.run(f); err != nil {
		return nil, err
	}
	failed, ep := f.failures(), o.endpoint()
	if o.client == nil || failed == nil && ep.deletes() {
		return clone(&o.Data), failed
	}
	if failed != nil {
		f.config.grace = 0 // its object may not exist
	}
	r, err := f.read(o.object())
	switch {
	case err == nil:
		return clone(r.value.(*T)), failed
	case ep.deletes() && errors.Is(err, ErrNotFound):
		return clone(&o.Data), failed
	case failed != nil:
		return nil, join(failed, fmt.Errorf("reading the object failed as well: %w", err))
	case o.Event == nil:
		return nil, err
	default:
		return nil, fmt.Errorf("paperspace: %s: event %s is done, but reading the object failed: %w",
			ep.id, o.Event.ID, err)
	}
}

// Watch yields the event of the operation as it is now, and then each change that a poll sees, until the event ends. If
// the operation fails, its last event is yielded with an [*EventError]. If the wait ends first, a [*WaitError] is
// yielded. The default time limit is that of [Operation.Wait].
func (o *Operation[T]) Watch(ctx context.Context, opts ...WaitOption) iter.Seq2[MachineEvent, error] {
	return watch(func() (*eventWait, error) { return o.follow(ctx, opts) },
		func(f *eventWait, yield func(MachineEvent, error) bool) (none MachineEvent, err error) {
			f.yield = yield
			return none, o.run(f)
		})
}

// run waits until all events of the operation have ended. An error means that the wait ended first, or that the API
// refused to return an event.
func (o *Operation[T]) run(f *eventWait) error {
	if err := f.run(); err != nil {
		return err
	}
	if o.client != nil && o.endpoint().mayStartSeveral && o.Event != nil && !o.Event.CreatedAt.IsZero() {
		if err := f.runSiblings(o.object().id, o.Event.CreatedAt); err != nil {
			return err
		}
	}
	return f.lost()
}

// follow begins a wait for the event of the operation.
func (o *Operation[T]) follow(ctx context.Context, opts []WaitOption) (*eventWait, error) {
	client, ep := o.client, o.endpoint()
	switch {
	case ep == nil:
		return nil, fmt.Errorf("paperspace: no endpoint starts an operation on a %T", o.Data)
	case o.Event == nil && !ep.mayStartSeveral:
		return nil, fmt.Errorf("paperspace: %s: the response has no event to wait for", ep.id)
	case client == nil && o.Event != nil && !o.Event.Finished():
		return nil, errors.New("paperspace: this operation has no client to wait with: see Operation.Bind")
	case client == nil:
		var err error
		if client, err = NewClient(); err != nil { // for the wait's options only: nothing is sent
			return nil, err
		}
	}
	w, err := newWait(ctx, client, ep, nil, eventsKind, opts)
	if err != nil {
		return nil, err
	}
	f := w.follow()
	if o.Event != nil {
		f.add(*o.Event)
	}
	if ep.deletes() {
		f.deleted = o.object()
	}
	return f, nil
}
