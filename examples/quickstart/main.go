// Quickstart checks the session, creates a machine, watches it until it is ready, lists all machines and deletes the
// one that it created.
//
// Without an API key, it uses an in-memory Paperspace. With PAPERSPACE_API_KEY or PAPERSPACE_API_KEY_FILE set, it uses
// the real one, and only reads unless -create is given: machines cost money.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func main() {
	create := flag.Bool("create", false, "create a machine at the real service, and delete it afterwards")
	machineType := flag.String("type", "C5", "machine type")
	template := flag.String("template", "t0nspur5", "OS template")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt kills the program
	if err := run(ctx, *create, *machineType, *template); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, create bool, machineType, template string) (err error) {
	client, real, err := connect()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()

	session, err := client.Auth.Session(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("session   %s, team %s\n", session.User.Email, session.Team.Namespace)

	if real && !create {
		fmt.Println("          (read-only; use -create to create a machine)")
		return list(ctx, client)
	}
	name := "quickstart-" + strings.ToLower(rand.Text()[:8]) // unique to this run
	op, err := client.Machines.Create(ctx, paperspace.MachineCreateParams{
		Name: name, MachineType: machineType, TemplateID: template,
		DiskSize: 50, Region: paperspace.RegionNY2, StartOnCreate: new(true),
	})
	if err != nil && !errors.Is(err, paperspace.ErrOutcomeUnknown) {
		return err // no machine was created
	}
	// Whatever happens next, delete the machine: it costs money.
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Minute)
		defer cancel()
		if removeErr := remove(ctx, client, name); removeErr != nil {
			err = errors.Join(err, fmt.Errorf("machine %s may still exist: %w", name, removeErr))
		}
	}()
	if err != nil {
		return err
	}
	fmt.Printf("create    machine %s, event %s\n", op.Data.ID, op.Event.ID)
	if err := untilReady(ctx, client, op); err != nil {
		return err
	}
	return list(ctx, client)
}

// connect returns a client and reports whether it uses the real service.
func connect() (client *paperspace.Client, real bool, err error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		client, err = paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("quickstart"))
		return client, true, err
	}
	fmt.Fprintln(os.Stderr, "no API key: using an in-memory Paperspace")
	// Half a minute passes in a second, and some machines exist already.
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(30))
	client = srv.Client(paperspace.WithPollInterval(50*time.Millisecond, 500*time.Millisecond))
	for i := range 7 {
		_, err := client.Machines.Create(context.Background(), paperspace.MachineCreateParams{
			Name: fmt.Sprintf("worker-%d", i+1), MachineType: "C5", TemplateID: "t0nspur5", DiskSize: 50, Region: paperspace.RegionNY2,
		})
		if err != nil {
			return nil, false, err
		}
	}
	return client, false, nil
}

// untilReady watches the event and then the machine, which may become ready only after the event is done.
func untilReady(ctx context.Context, client *paperspace.Client, op *paperspace.Operation[paperspace.Machine]) error {
	for event, err := range op.Watch(ctx) {
		if err != nil {
			return err
		}
		switch machine, err := client.Machines.Get(ctx, op.Data.ID); {
		case errors.Is(err, paperspace.ErrNotFound): // normal for a new machine
			fmt.Printf("watch     event %-12s machine not found yet\n", event.State)
		case err != nil:
			return err
		default:
			fmt.Printf("watch     event %-12s machine %s\n", event.State, machine.State)
		}
	}
	for machine, err := range client.Machines.Watch(ctx, op.Data.ID) {
		if err != nil {
			return err
		}
		fmt.Printf("watch                        machine %s\n", machine.State)
		if machine.State == paperspace.MachineStateReady {
			fmt.Printf("ready     at %s\n", machine.PublicIP)
			break
		}
	}
	return nil
}

func list(ctx context.Context, client *paperspace.Client) error {
	params := paperspace.MachineListParams{ListParams: paperspace.ListParams{Limit: 3}} // small, for several pages
	for machine, err := range client.Machines.All(ctx, params) {
		if err != nil {
			return err
		}
		fmt.Printf("list      %-14s %-20s %-6s %-5s %s\n", machine.ID, machine.Name, machine.MachineType, machine.Region, machine.State)
	}
	return nil
}

// remove finds the machine by its name, since its id is lost if the response to the create is. A new one may not be
// listed for a while.
func remove(ctx context.Context, client *paperspace.Client, name string) error {
	machine, err := client.Machines.GetByName(ctx, name)
	for wait := time.Second; errors.Is(err, paperspace.ErrNotFound) && wait < time.Minute; wait *= 2 {
		fmt.Printf("delete    machine %s not found yet\n", name)
		time.Sleep(wait)
		machine, err = client.Machines.GetByName(ctx, name)
	}
	if err != nil {
		return err
	}
	op, err := client.Machines.Delete(ctx, machine.ID)
	switch {
	case err == nil:
		_, err = op.Wait(ctx)
	case errors.Is(err, paperspace.ErrOutcomeUnknown): // the response was lost; the delete may be in progress
		err = client.Machines.WaitUntilDeleted(ctx, machine.ID)
	case errors.Is(err, paperspace.ErrNotFound): // already deleted
		err = nil
	}
	if err == nil {
		fmt.Printf("delete    machine %s deleted\n", machine.ID)
	}
	return err
}
