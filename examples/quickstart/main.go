// Quickstart checks the session, creates a machine, shows its progress until it is ready, lists all machines and deletes
// the one that it created.
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
	session, err := client.Auth.Session(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("signed in as %s, team %s\n", session.User.Email, session.Team.Namespace)
	if real && !create {
		fmt.Printf("-create would create a machine of type %s, and delete it when it is ready\n", machineType)
		return list(ctx, client)
	}

	// An interrupt ends ctx. It must neither hide the ID of a new machine nor stop the cleanup.
	cleanup := context.WithoutCancel(ctx)
	name := "quickstart-" + strings.ToLower(rand.Text()[:8]) // new, so that FindOrCreate finds no machine
	machine, err := client.Machines.FindOrCreate(cleanup, paperspace.MachineCreateParams{
		Name: name, MachineType: machineType, TemplateID: template,
		DiskSize: 50, Region: paperspace.RegionNY2, StartOnCreate: new(true),
	})
	if err != nil {
		return err
	}
	progress := newProgress(name)
	onChange := paperspace.WithOnChange(progress.update)
	defer func() {
		state := "deleted"
		if deleteErr := client.Machines.EnsureDeleted(cleanup, machine.ID, onChange); deleteErr != nil {
			state, err = "may still exist", errors.Join(err, deleteErr)
		}
		progress.show(state, "\n")
	}()
	ready, err := client.Machines.EnsureReady(ctx, machine.ID, onChange)
	if err != nil {
		return err
	}
	progress.show("ready at "+ready.PublicIP, "\n")
	return list(ctx, client)
}

func list(ctx context.Context, client *paperspace.Client) error {
	for m, err := range client.Machines.All(ctx, paperspace.MachineListParams{}) {
		if err != nil {
			return err
		}
		fmt.Printf("  %-20.20s  %-14.14s  %-8.8s  %-6.6s  %.20s\n", m.Name, m.ID, m.MachineType, m.Region, m.State)
	}
	return nil
}

// connect returns a client and reports whether it uses the real service.
func connect() (client *paperspace.Client, real bool, err error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		client, err = paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("quickstart"))
		return client, true, err
	}
	fmt.Println("no API key: using an in-memory Paperspace, where a minute takes two seconds")
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(30))
	client = srv.Client(paperspace.WithPollInterval(50*time.Millisecond, 500*time.Millisecond))
	return client, false, nil
}
