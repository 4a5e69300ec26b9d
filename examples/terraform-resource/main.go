// Terraform-resource keeps a machine as a configuration wants it, in the way of a Terraform resource: create, read,
// update and delete, with a state that survives the process. machine.go is what a provider would copy.
//
// Without an API key it plays the life of a machine against an in-memory Paperspace. With PAPERSPACE_API_KEY (or
// PAPERSPACE_API_KEY_FILE) set it does the same at the real one, and costs money.
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
	context.AfterFunc(ctx, stop) // a second interrupt ends it at once
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
	save := func(s State) error { // a program that means it writes to a file
		state = s
		fmt.Printf("saved    %+v\n", state)
		return nil
	}

	defer func() { // whatever happened, the machine must not go on costing
		if state.ID != "" {
			cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Minute)
			defer cancel()
			err = errors.Join(err, machine.Delete(cleanup, state))
			_, ok, readErr := machine.Read(cleanup, State{ID: state.ID})
			err = errors.Join(err, readErr)
			fmt.Printf("deleted  still there: %t\n", ok)
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
		err = fmt.Errorf("the machine is not what was saved: %+v", now)
	}
	return err
}

func connect() (*paperspace.Client, error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		return paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("terraform-resource"))
	}
	fmt.Fprintln(os.Stderr, "(no API key: in memory)")
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(60))
	return srv.Client(paperspace.WithPollInterval(50*time.Millisecond, 500*time.Millisecond)), nil
}
