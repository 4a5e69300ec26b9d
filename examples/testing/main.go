// Testing shows how to test a program with an in-memory Paperspace. The tests are in main_test.go.
//
// The program turns off all machines that are ready, except those whose names begin with "keep-". Without an API key,
// it uses an in-memory Paperspace. With PAPERSPACE_API_KEY or PAPERSPACE_API_KEY_FILE set, it uses the real one, and
// only lists the machines unless -really is given.
package main

import (
	"context"
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

// Idle returns the ready machines, except those to keep.
func Idle(ctx context.Context, client *paperspace.Client) (idle []paperspace.Machine, err error) {
	for machine, err := range client.Machines.All(ctx, paperspace.MachineListParams{}) {
		if err != nil {
			return nil, err
		}
		if machine.State == paperspace.MachineStateReady && !strings.HasPrefix(machine.Name, "keep-") {
			idle = append(idle, machine)
		}
	}
	return idle, nil
}

// TurnOff turns off the ready machines, except those to keep, and returns their names. A failure does not stop it.
func TurnOff(ctx context.Context, client *paperspace.Client) (names []string, err error) {
	idle, err := Idle(ctx, client)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, machine := range idle {
		if _, err := client.Machines.EnsureOff(ctx, machine.ID); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", machine.Name, err))
			continue
		}
		names = append(names, machine.Name)
	}
	return names, errors.Join(errs...)
}

func main() {
	really := flag.Bool("really", false, "turn off the machines of the real service")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt kills the program
	if err := run(ctx, *really); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, really bool) error {
	client, real, err := connect(ctx)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()

	if real && !really {
		idle, err := Idle(ctx, client)
		if err != nil {
			return err
		}
		fmt.Printf("-really would turn off %d machines\n", len(idle))
		for _, machine := range idle {
			fmt.Println(" ", machine.Name)
		}
		return nil
	}
	names, err := TurnOff(ctx, client)
	fmt.Println("turned off:", strings.Join(names, ", "))
	return err
}

// connect returns a client and reports whether it uses the real service.
func connect(ctx context.Context) (client *paperspace.Client, real bool, err error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		client, err = paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("testing"))
		return client, true, err
	}
	fmt.Fprintln(os.Stderr, "no API key: using an in-memory Paperspace")
	client = paperspacetest.NewServer(paperspacetest.WithSpeed(120)).
		Client(paperspace.WithPollInterval(50*time.Millisecond, 200*time.Millisecond))
	for _, name := range []string{"trainer", "keep-database", "notebook"} {
		if err := create(ctx, client, name); err != nil {
			return nil, false, err
		}
	}
	return client, false, nil
}

// create creates a machine and waits until it is ready.
func create(ctx context.Context, client *paperspace.Client, name string) error {
	_, err := client.Machines.EnsureCreated(ctx, paperspace.MachineCreateParams{
		Name: name, MachineType: "C5", TemplateID: paperspacetest.UbuntuID, DiskSize: 50,
		Region: paperspace.RegionNY2, StartOnCreate: new(true),
	})
	return err
}
