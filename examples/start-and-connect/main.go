// Start-and-connect finds a machine by its name, starts it if necessary, and prints the ssh command that logs in to it.
//
//	start-and-connect [-name trainer] [-user paperspace] [-off]
//
// Without an API key, it uses an in-memory Paperspace. With PAPERSPACE_API_KEY or PAPERSPACE_API_KEY_FILE set, it uses
// the real one, where a machine is charged by the hour once it has started. The flag -off turns it off.
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
	name := flag.String("name", "trainer", "name of the machine")
	user := flag.String("user", "paperspace", "user to log in as")
	off := flag.Bool("off", false, "turn the machine off instead")
	flag.Parse()
	if flag.NArg() > 0 {
		log.Fatalf("unexpected argument %q", flag.Arg(0))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt kills the program
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
		return err // not found or ambiguous; the error has the ids
	}
	fmt.Fprintf(os.Stderr, "%s (%s) is %s\n", machine.Name, machine.ID, machine.State)
	ensure := client.Machines.EnsureReady
	if off {
		ensure = client.Machines.EnsureOff
	}
	machine, err = ensure(ctx, machine.ID, paperspace.WithOnChange(progress))
	if pending, ok := errors.AsType[*paperspace.WaitError](err); ok {
		// The operation continues at the service. Another run of the program waits for it.
		return fmt.Errorf("stopped waiting; an operation may still be in progress: %w", pending)
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

// progress writes to stderr, so that the program can be used in $( ).
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
	fmt.Fprintln(os.Stderr, "no API key: using an in-memory Paperspace")
	// A minute passes in a second, and a machine is just being created.
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(60))
	client := srv.Client(paperspace.WithPollInterval(50*time.Millisecond, 500*time.Millisecond))
	_, err := client.Machines.Create(ctx, paperspace.MachineCreateParams{
		Name: name, MachineType: "A4000", TemplateID: "t0nspur5", DiskSize: 100, Region: paperspace.RegionNY2,
	})
	return client, err
}
