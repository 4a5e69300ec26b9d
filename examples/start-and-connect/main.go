// Start-and-connect finds a machine by its name, makes it ready with the least that is needed, and prints the command
// that logs in to it.
//
//	start-and-connect [-name trainer] [-user paperspace] [-off]
//
// Without an API key it talks to an in-memory Paperspace. With PAPERSPACE_API_KEY (or PAPERSPACE_API_KEY_FILE) set
// it talks to the real one, where a machine costs by the hour from its start on: -off turns it off again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func main() {
	name := flag.String("name", "trainer", "the machine's name")
	user := flag.String("user", "paperspace", "the user to log in as")
	off := flag.Bool("off", false, "turn the machine off instead")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends it at once
	if err := run(ctx, *name, *user, *off); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, name, user string, off bool) error {
	client, err := connect(ctx, name)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()

	machine, err := client.Machines.GetByName(ctx, name)
	if err != nil {
		return err // none, or several: the error names their ids
	}
	fmt.Fprintf(os.Stderr, "%s (%s) is %s\n", machine.Name, machine.ID, machine.State)
	ensure := client.Machines.EnsureReady
	if off {
		ensure = client.Machines.EnsureOff
	}
	machine, err = ensure(ctx, machine.ID, paperspace.WithOnChange(progress))
	if pending, ok := errors.AsType[*paperspace.WaitError](err); ok {
		// What was begun goes on. Run again, it is waited for, and nothing is done twice.
		return fmt.Errorf("gave up; what was begun, if anything, goes on: %w", pending)
	}
	switch {
	case err != nil:
		return err
	case off:
		return nil
	case machine.PublicIP == "":
		return fmt.Errorf("%s has no public address; it is %s in network %s", machine.Name, machine.PrivateIP, machine.NetworkID)
	}
	fmt.Printf("ssh %s@%s\n", user, machine.PublicIP)
	return nil
}

// progress goes to stderr, so that the program can stand in $( ).
func progress(u paperspace.WaitUpdate) {
	switch {
	case u.Event != nil:
		fmt.Fprintf(os.Stderr, "  event %s: %s\n", u.Event.Name, u.Event.State)
	case u.Machine != nil:
		fmt.Fprintf(os.Stderr, "  machine: %s\n", u.Machine.State)
	}
}

func connect(ctx context.Context, name string) (*paperspace.Client, error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		return paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("start-and-connect"))
	}
	fmt.Fprintln(os.Stderr, "(no API key: in memory)")
	// In memory, a minute of the service passes in a second, and there is a machine, not quite made yet.
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(60))
	client := srv.Client(paperspace.WithPollInterval(50*time.Millisecond, 500*time.Millisecond))
	_, err := client.Machines.Create(ctx, paperspace.MachineCreateParams{
		Name: name, MachineType: "A4000", TemplateID: "t0nspur5", DiskSize: 100, Region: paperspace.RegionNY2,
	})
	return client, err
}
