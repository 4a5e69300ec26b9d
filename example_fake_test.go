package paperspace_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/paperspace-go/paperspace"
)

// machineService has the methods that the program needs of [paperspace.MachinesService].
type machineService interface {
	GetByName(ctx context.Context, name string, opts ...paperspace.RequestOption) (*paperspace.Machine, error)
	Start(ctx context.Context, id string, opts ...paperspace.RequestOption) (*paperspace.Operation[paperspace.Machine], error)
}

var _ machineService = (*paperspace.MachinesService)(nil)

// start is the program to test.
func start(ctx context.Context, machines machineService, name string) (string, error) {
	machine, err := machines.GetByName(ctx, name)
	if errors.Is(err, paperspace.ErrNotFound) {
		return "there is none", nil
	} else if err != nil {
		return "", err
	}
	op, err := machines.Start(ctx, machine.ID)
	if err != nil {
		return "", err
	}
	machine, err = op.Wait(ctx)
	if failed, ok := errors.AsType[*paperspace.EventError](err); ok {
		return "it does not start: " + failed.Event.Error, nil
	} else if err != nil {
		return "", err
	}
	return "it is " + string(machine.State), nil
}

// fakeMachines returns the event with which a start ends, by the name of the machine.
type fakeMachines map[string]paperspace.MachineEvent

func (f fakeMachines) GetByName(_ context.Context, name string, _ ...paperspace.RequestOption) (*paperspace.Machine, error) {
	if _, ok := f[name]; !ok {
		return nil, fmt.Errorf("%w: %s", paperspace.ErrNotFound, name)
	}
	return &paperspace.Machine{ID: name, State: paperspace.MachineStateOff}, nil
}

func (f fakeMachines) Start(_ context.Context, id string, _ ...paperspace.RequestOption) (*paperspace.Operation[paperspace.Machine], error) {
	event := f[id]
	return paperspace.NewOperation(nil, &event, paperspace.Machine{ID: id, State: paperspace.MachineStateReady}), nil
}

// A program can be tested with a fake of the few methods that it calls. Operations of the fake need no client, if their
// events have ended, and errors match. A test of more than that is easier with [paperspacetest].
func ExampleNewOperation_fake() {
	machines := fakeMachines{
		"trainer": {ID: "e1", Name: paperspace.MachineEventNameStart, State: paperspace.MachineEventStateDone},
		"broken":  {ID: "e2", Name: paperspace.MachineEventNameStart, State: paperspace.MachineEventStateError, Error: "no capacity"},
	}
	for _, name := range []string{"trainer", "broken", "unknown"} {
		result, err := start(context.Background(), machines, name)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(name+":", result)
	}
	// Output:
	// trainer: it is ready
	// broken: it does not start: no capacity
	// unknown: there is none
}
