package paperspace

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
)

// Operation is something that the service has begun and will end later: the event that tells how far it is, and the
// object as it was when the operation began. Save Event.ID to go on waiting in another process, with
// [MachineEventsService.Wait].
type Operation[T any] struct {
	// Event tells how far the operation is. It is nil only where the service began nothing: after an update that
	// needs no work on the machine.
	Event *MachineEvent `json:"event,omitzero"`
	// Data is the object as it came with the answer.
	Data T `json:"data"`

	client   *Client
	endpoint *endpoint
	keys     []string // the values in the call's path
}

// Equal reports whether both are about the same event and object, in the same state. It makes operations fit for go-cmp.
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
	o.client, o.endpoint, o.keys = c, ep, path
	return o, nil
}

// object is what the operation works on, to poll for.
func (o *Operation[T]) object() target {
	kind := &targetKind{read: func(ctx context.Context, c *Client, id string, opts ...RequestOption) (any, error) {
		return call[T](ctx, c, o.endpoint.subject, pathParams(id), nil, opts)
	}}
	switch data := any(&o.Data).(type) {
	case *Machine:
		return target{kind: machineKind, id: data.ID}
	case *Snapshot:
		return target{kind: kind, id: data.ID}
	case *CustomTemplate:
		return target{kind: kind, id: data.ID}
	}
	panic(fmt.Sprintf("paperspace: %s: no object of type %T can be polled for", o.endpoint.id, o.Data))
}

// Wait follows the operation to its end and returns the object as it is then; after a delete, as it came with the
// call. An operation that fails or is cancelled is an [*EventError], beside the object as it is, so that the caller
// can judge. What ends the wait before that is a [*WaitError]: the operation itself goes on.
//
// Unless an option or the context's deadline says otherwise, it waits 15 minutes for a start, 30 for a stop, 45 for
// the create of a machine, 10 for its delete and 30 for anything else.
//
// Calls machineEvents-get, machineEvents-list when many wait and after an update, and the Get of the object, or
// machines-list when many wait.
func (o *Operation[T]) Wait(ctx context.Context, opts ...WaitOption) (*T, error) {
	f, err := o.follow(ctx, opts)
	if err != nil {
		return nil, err
	}
	defer f.end()
	if err := o.run(f); err != nil {
		return nil, err
	}
	failed := f.failures()
	if failed == nil && o.endpoint.deletes() {
		return clone(&o.Data), nil
	}
	// After a failure the object may rightly not exist, and a 404 is not tolerated.
	r, err := f.read(o.object(), failed == nil)
	switch {
	case err == nil:
		return clone(r.value.(*T)), failed
	case o.endpoint.deletes() && errors.Is(err, ErrNotFound):
		return clone(&o.Data), failed
	case failed != nil:
		return nil, errors.Join(failed, fmt.Errorf("reading the object failed as well: %w", f.outcome(err)))
	case o.Event == nil:
		return nil, f.outcome(err)
	default:
		return nil, fmt.Errorf("paperspace: %s: event %s is done, but reading the object failed: %w",
			o.endpoint.id, o.Event.ID, f.outcome(err))
	}
}

// Watch yields the operation's event at every change that a poll sees, to its end. An operation that fails yields its
// last event together with an [*EventError]; what ends the wait before that is yielded as a [*WaitError]. Options and
// time limits are those of [Operation.Wait].
func (o *Operation[T]) Watch(ctx context.Context, opts ...WaitOption) iter.Seq2[MachineEvent, error] {
	return watchEvents(func() (*eventWait, error) { return o.follow(ctx, opts) }, o.run)
}

// run follows the operation's events to their end. An error says that the end of one is not known.
func (o *Operation[T]) run(f *eventWait) error {
	if err := f.run(); err != nil {
		return err
	}
	if o.endpoint.mayStartSeveral && o.Event != nil && !o.Event.CreatedAt.IsZero() {
		if err := f.runSiblings(o.keys[0], o.Event.CreatedAt); err != nil {
			return err
		}
	}
	return f.lost()
}

// follow begins the wait for the operation's event.
func (o *Operation[T]) follow(ctx context.Context, opts []WaitOption) (*eventWait, error) {
	switch {
	case o.endpoint == nil:
		return nil, errors.New("paperspace: this operation does not come from a call, and has nothing to wait with: " +
			"give its event's ID to MachineEvents.Wait")
	case o.Event == nil && !o.endpoint.mayStartSeveral:
		return nil, fmt.Errorf("paperspace: %s: the answer has no event to wait for", o.endpoint.id)
	}
	w, err := newWait(ctx, o.client, o.endpoint, waitKind{}, opts)
	if err != nil {
		return nil, err
	}
	f := w.follow()
	if o.Event != nil {
		f.add(*o.Event)
	}
	if o.endpoint.deletes() {
		f.deleted = o.object()
	}
	return f, nil
}
