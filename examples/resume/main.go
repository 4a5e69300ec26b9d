// Resume begins an operation in one process and waits for it in another, which needs only the id of the event.
//
//	resume begin            creates a machine and prints the id of its event
//	resume finish EVENT     waits for the event and prints the machine
//	resume                  runs both, each in its own process, with an in-memory Paperspace
//
// The first two use the real service, with the API key from PAPERSPACE_API_KEY. The machine costs money until you
// delete it.
package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"strings"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt kills the program
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 0:
		err = demonstrate(ctx)
	case len(args) == 1 && args[0] == "begin":
		err = begin(ctx)
	case len(args) == 2 && args[0] == "finish":
		err = finish(ctx, args[1])
	default:
		log.Fatal("usage: resume [begin | finish EVENT]")
	}
	if err != nil {
		log.Fatal(err)
	}
}

func begin(ctx context.Context) error {
	client, err := paperspace.NewClient(paperspace.FromEnv())
	if err != nil {
		return err
	}
	op, err := client.Machines.Create(ctx, paperspace.MachineCreateParams{
		Name: "resumed", MachineType: "C5", TemplateID: "t0nspur5", DiskSize: 50, Region: paperspace.RegionNY2, StartOnCreate: new(true),
	})
	if err != nil {
		return err
	}
	fmt.Println(op.Event.ID) // a real program saves the id before anything else
	return nil
}

func finish(ctx context.Context, eventID string) error {
	client, err := paperspace.NewClient(paperspace.FromEnv())
	if err != nil {
		return err
	}
	var machineID string
	for event, err := range client.MachineEvents.Watch(ctx, eventID) {
		if err != nil {
			return err
		}
		machineID = event.MachineID
		fmt.Fprintln(os.Stderr, event.Name, event.State)
	}
	machine, err := client.Machines.WaitForState(ctx, machineID, paperspace.MachineStateReady)
	if err != nil {
		return err
	}
	fmt.Printf("machine %s is %s at %s\n", machine.ID, machine.State, machine.PublicIP)
	return nil
}

// demonstrate serves an in-memory Paperspace, where a minute passes in a second, and runs both steps with it.
func demonstrate(ctx context.Context) error {
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(60))
	listener := httptest.NewServer(srv)
	defer listener.Close()
	step := func(args ...string) (string, error) {
		self, err := os.Executable()
		if err != nil {
			return "", err
		}
		cmd := exec.CommandContext(ctx, self, args...)
		cmd.Env = append(os.Environ(), "PAPERSPACE_API_KEY="+srv.Key(), "PAPERSPACE_API_URL="+listener.URL+"/v1")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, os.Stderr
		if err := cmd.Start(); err != nil {
			return "", err
		}
		err = cmd.Wait()
		fmt.Printf("process %d, resume %s: %s", cmd.Process.Pid, strings.Join(args, " "), out.String())
		return strings.TrimSpace(out.String()), err
	}
	eventID, err := step("begin")
	if err != nil {
		return err
	}
	_, err = step("finish", eventID)
	return err
}
