package paperspace_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// readyByName is the function under test, of a program that uses this package.
func readyByName(ctx context.Context, client *paperspace.Client, name string) (address string, err error) {
	machine, err := client.Machines.GetByName(ctx, name)
	if err != nil {
		return "", err
	}
	if machine, err = client.Machines.EnsureReady(ctx, machine.ID); err != nil {
		return "", err
	}
	return machine.PublicIP, nil
}

// TestReadyByName runs in a synctest bubble, where half an hour passes in a moment.
func TestReadyByName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := paperspacetest.New(t)
		client := srv.Client()
		newMachine(client, "trainer")

		if address, err := readyByName(t.Context(), client, "trainer"); err != nil || address == "" {
			t.Errorf("the machine is not reachable: %q, %v", address, err)
		}
		if n := len(srv.Calls("machines-start")); n != 1 {
			t.Errorf("it was started %d times", n)
		}
	})
}

// Test programs against an in-memory Paperspace, which can also inject faults.
func Example_testing() {
	srv := newServer()       // in a test: paperspacetest.New(t)
	client := newClient(srv) // paperspace.NewClient(paperspace.FromEnv())
	newMachine(client, "trainer")
	srv.NextEvent(paperspace.MachineEventNameStart, paperspacetest.Fails("no capacity"))

	_, err := readyByName(context.Background(), client, "trainer")
	fmt.Println("failed:", errors.Is(err, paperspace.ErrEventFailed))
	fmt.Println("starts:", len(srv.Calls("machines-start")))
	// Output:
	// failed: true
	// starts: 1
}
