// Quickstart checks the session, rents a machine, shows what becomes of it until it is ready, lists all machines and
// deletes the one that it rented.
//
// Without an API key it talks to an in-memory Paperspace. With PAPERSPACE_API_KEY set it talks to the real one, and then
// only reads unless -create is given: machines cost money.
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
	create := flag.Bool("create", false, "rent a machine from the real service, and delete it again")
	machineType := flag.String("type", "C5", "its machine type")
	template := flag.String("template", "t0nspur5", "its OS template")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *create, *machineType, *template); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, create bool, machineType, template string) error {
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
		fmt.Println("          (reading only; -create rents a machine)")
		return list(ctx, client)
	}
	op, err := client.Machines.Create(ctx, paperspace.MachineCreateParams{
		Name: "quickstart", MachineType: machineType, TemplateID: template,
		DiskSize: 50, Region: paperspace.RegionNY2, StartOnCreate: new(true),
	})
	if err != nil {
		return err
	}
	// Whatever happens next, the machine must not go on costing.
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Minute)
		defer cancel()
		if err := remove(ctx, client, op.Data.ID); err != nil {
			log.Printf("machine %s is still there: %v", op.Data.ID, err)
		}
	}()
	fmt.Printf("create    machine %s, event %s\n", op.Data.ID, op.Event.ID)
	if err := untilReady(ctx, client, op); err != nil {
		return err
	}
	return list(ctx, client)
}

// connect returns a client, and whether it talks to the real service.
func connect() (client *paperspace.Client, real bool, err error) {
	if os.Getenv("PAPERSPACE_API_KEY") != "" {
		client, err = paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("quickstart"))
		return client, true, err
	}
	// In memory, thirty seconds of the service pass in one, and there are machines already.
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

// untilReady follows the event and then the machine: that the event is done does not mean that the machine is ready.
func untilReady(ctx context.Context, client *paperspace.Client, op *paperspace.Operation[paperspace.Machine]) error {
	for event, err := range op.Watch(ctx) {
		if err != nil {
			return err
		}
		switch machine, err := client.Machines.Get(ctx, op.Data.ID); {
		case errors.Is(err, paperspace.ErrNotFound): // normal for a while
			fmt.Printf("watch     event %-12s machine not there yet\n", event.State)
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
	params := paperspace.MachineListParams{ListParams: paperspace.ListParams{Limit: 3}} // small, to see several pages
	for machine, err := range client.Machines.All(ctx, params) {
		if err != nil {
			return err
		}
		fmt.Printf("list      %-14s %-12s %-6s %-5s %s\n", machine.ID, machine.Name, machine.MachineType, machine.Region, machine.State)
	}
	return nil
}

func remove(ctx context.Context, client *paperspace.Client, id string) error {
	op, err := client.Machines.Delete(ctx, id)
	if err != nil {
		return err
	}
	if _, err := op.Wait(ctx); err != nil {
		return err
	}
	fmt.Printf("delete    machine %s is gone\n", id)
	return nil
}
