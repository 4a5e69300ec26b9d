// Testing has a function that a program might be made of, and in main_test.go its tests on an in-memory Paperspace.
//
// It turns off all machines that are ready, but for those whose names begin with "keep-". Run as a program it does that
// in memory, or, with PAPERSPACE_API_KEY set and the flag -really, to the machines of that key's team.
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

// TurnOff turns off the ready machines that are not to be kept, and returns their names. One that fails does not keep
// it from the others.
func TurnOff(ctx context.Context, client *paperspace.Client) (names []string, err error) {
	var errs []error
	for machine, err := range client.Machines.All(ctx, paperspace.MachineListParams{}) {
		if err != nil {
			return names, errors.Join(append(errs, err)...)
		}
		if machine.State != paperspace.MachineStateReady || strings.HasPrefix(machine.Name, "keep-") {
			continue
		}
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
	context.AfterFunc(ctx, stop) // a second interrupt ends it at once
	client, err := connect(ctx, *really)
	if err != nil {
		log.Fatal(err)
	}
	names, err := TurnOff(ctx, client)
	fmt.Println("turned off:", strings.Join(names, ", "))
	if err != nil {
		log.Fatal(err)
	}
}

func connect(ctx context.Context, really bool) (*paperspace.Client, error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		if !really {
			return nil, errors.New("this would turn off the machines of your team: say -really")
		}
		return paperspace.NewClient(paperspace.FromEnv())
	}
	fmt.Fprintln(os.Stderr, "(no API key: in memory)")
	client := paperspacetest.NewServer(paperspacetest.WithSpeed(120)).
		Client(paperspace.WithPollInterval(50*time.Millisecond, 200*time.Millisecond))
	for _, name := range []string{"trainer", "keep-database", "notebook"} {
		if err := rent(ctx, client, name); err != nil {
			return nil, err
		}
	}
	return client, nil
}

// rent rents a machine and waits until it is ready.
func rent(ctx context.Context, client *paperspace.Client, name string) error {
	op, err := client.Machines.Create(ctx, paperspace.MachineCreateParams{
		Name: name, MachineType: "C5", TemplateID: paperspacetest.UbuntuID, DiskSize: 50,
		Region: paperspace.RegionNY2, StartOnCreate: new(true),
	})
	if err != nil {
		return err
	}
	_, err = client.Machines.EnsureReady(ctx, op.Data.ID)
	return err
}
