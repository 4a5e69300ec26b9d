// Reconcile keeps a number of machines running, as a controller does: each pass creates and starts what is missing, and
// deletes what is not wanted. It keeps no state: the names of the machines say which ones are its own, so that the next
// process continues what a killed one began. A create whose response is lost is not sent again.
//
//	reconcile [-n 3] [-crash 300ms] [-create]
//
// The program demonstrates this: a first controller is stopped while it waits, a second one continues, and a third one
// wants no machines, so that it deletes them all. After an interrupt, reconcile -n 0 -create deletes the rest.
//
// Without an API key, it uses an in-memory Paperspace, which loses the response to the second create. With
// PAPERSPACE_API_KEY or PAPERSPACE_API_KEY_FILE set, it uses the real one, and only says what it would do unless -create is
// given: machines cost money.
//
// One gap remains. If the process is killed while it sends a create, and the service does not list the new machine before
// the next process looks, that process creates another one. The module temporal closes it.
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
	"sync"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

const prefix = "reconcile-" // of the names of our machines; others are not touched

func main() {
	n := flag.Int("n", 3, "number of machines")
	crash := flag.Duration("crash", 300*time.Millisecond, "when to stop the first controller")
	create := flag.Bool("create", false, "create and delete machines at the real service")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt kills the program
	if err := run(ctx, *n, *crash, *create); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, n int, crash time.Duration, create bool) error {
	client, real, err := connect()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	if real && !create {
		fmt.Printf("-create would create %d machines, and delete all that are named %s…\n", n, prefix)
		return nil
	}
	fmt.Println("first controller")
	stopped, cancel := context.WithTimeout(ctx, crash)
	defer cancel()
	if err := reconcile(stopped, client, n); err != nil && (ctx.Err() != nil || stopped.Err() == nil) {
		return err
	}
	fmt.Println("second controller")
	if err := reconcile(ctx, client, n); err != nil {
		return err
	}
	fmt.Println("third controller")
	return reconcile(ctx, client, 0)
}

// reconcile makes passes until one succeeds. A real controller continues, to see changes that others make.
func reconcile(ctx context.Context, client *paperspace.Client, n int) error {
	for pause := time.Second; ; pause = min(2*pause, time.Minute) {
		err := pass(ctx, client, n)
		if err == nil || ctx.Err() != nil {
			return err
		}
		log.Print("will retry: ", err)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// pass brings all machines into their states at once, and waits for them.
func pass(ctx context.Context, client *paperspace.Client, n int) error {
	machines, err := paperspace.Collect(client.Machines.All(ctx, paperspace.MachineListParams{}))
	if err != nil {
		return err
	}
	steps := map[string]func() error{} // by machine name
	for _, m := range machines {
		if strings.HasPrefix(m.Name, prefix) {
			steps[m.Name] = func() error { return remove(ctx, client, m) }
		}
	}
	for i := range n {
		name := fmt.Sprint(prefix, i+1)
		steps[name] = func() error { return keep(ctx, client, name) }
	}
	var group sync.WaitGroup
	errs := make(chan error, len(steps))
	for _, step := range steps {
		group.Go(func() { errs <- step() })
	}
	group.Wait()
	for range steps {
		err = errors.Join(err, <-errs)
	}
	return err
}

// keep ensures that a machine exists and is ready. An interrupt must not leave open whether a create was carried out.
func keep(ctx context.Context, client *paperspace.Client, name string) error {
	found, err := client.Machines.FindOrCreate(context.WithoutCancel(ctx), paperspace.MachineCreateParams{
		Name: name, MachineType: "C5", TemplateID: "t0nspur5", DiskSize: 50, Region: paperspace.RegionNY2, StartOnCreate: new(true),
	})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Printf("  %s exists, created by this controller: %t\n", name, found.Created)
	if _, err := client.Machines.EnsureReady(ctx, found.ID); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Printf("  %s is ready\n", name)
	return nil
}

func remove(ctx context.Context, client *paperspace.Client, m paperspace.Machine) error {
	if err := client.Machines.EnsureDeleted(ctx, m.ID); err != nil {
		return fmt.Errorf("%s: %w", m.Name, err)
	}
	fmt.Printf("  %s is deleted\n", m.Name)
	return nil
}

// connect returns a client and reports whether it uses the real service.
func connect() (client *paperspace.Client, real bool, err error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		client, err = paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("reconcile"))
		return client, true, err
	}
	fmt.Fprintln(os.Stderr, "no API key: using an in-memory Paperspace")
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(60)) // a minute passes in a second
	srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Skip: 1, Times: 1, Cut: true, CarriedOut: true})
	return srv.Client(paperspace.WithPollInterval(50*time.Millisecond, 500*time.Millisecond)), false, nil
}
