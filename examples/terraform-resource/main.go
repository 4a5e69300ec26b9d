// Terraform-resource manages a machine as a Terraform resource does: create, read, update and delete, with a state that
// outlives the process. A provider could copy machine.go.
//
// Without an API key, it uses an in-memory Paperspace. With PAPERSPACE_API_KEY or PAPERSPACE_API_KEY_FILE set, it uses
// the real one, which costs money.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt kills the program
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	client, err := connect()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	machine := Machine{client}
	config := Config{
		Name: "kept", MachineType: "C5", DiskSize: 50, Running: true, TemplateID: "t0nspur5", Region: paperspace.RegionNY2,
	}
	var state State
	save := func(s State) error { // a real program writes to a file
		state = s
		fmt.Printf("saved    %+v\n", state)
		return nil
	}

	defer func() { // delete the machine in any case: it costs money
		if state.ID != "" {
			cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Minute)
			defer cancel()
			err = errors.Join(err, machine.Delete(cleanup, state))
			_, ok, readErr := machine.Read(cleanup, State{ID: state.ID})
			err = errors.Join(err, readErr)
			fmt.Printf("deleted  still exists: %t\n", ok)
		}
	}()
	if err := machine.Create(ctx, config, save); err != nil {
		return err
	}
	config.DiskSize, config.Running = 100, false
	if err := machine.Update(ctx, state, config, save); err != nil {
		return err
	}
	now, _, err := machine.Read(ctx, state)
	if err == nil && now != state {
		err = fmt.Errorf("the machine differs from the saved state: %+v", now)
	}
	return err
}

func connect() (*paperspace.Client, error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		return paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("terraform-resource"))
	}
	fmt.Fprintln(os.Stderr, "no API key: using an in-memory Paperspace")
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(60))
	return srv.Client(paperspace.WithPollInterval(50*time.Millisecond, 500*time.Millisecond)), nil
}
