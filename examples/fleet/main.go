// Fleet creates many machines at once, shows their progress, waits until they are ready and deletes them.
//
//	fleet [-n 40] [-type C5] [-create]
//
// Without an API key, it uses an in-memory Paperspace. With PAPERSPACE_API_KEY or PAPERSPACE_API_KEY_FILE set, it uses
// the real one, and only says what it would do unless -create is given: machines cost money.
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

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/sync/errgroup"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// maxCalls bounds concurrent calls. Waits need no bound, since they share a budget of requests.
const maxCalls = 8

func main() {
	n := flag.Int("n", 40, "number of machines")
	machineType := flag.String("type", "C5", "machine type")
	create := flag.Bool("create", false, "create the machines at the real service, and delete them afterwards")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt kills the program
	if err := run(ctx, *n, *machineType, *create); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, n int, machineType string, create bool) error {
	client, real, err := connect()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	if real && !create {
		fmt.Printf("-create would create %d machines of type %s, and delete them when they are ready\n", n, machineType)
		return nil
	}

	// An interrupt ends ctx. It must neither hide the ID of a new machine nor stop the cleanup.
	cleanup := context.WithoutCancel(ctx)
	bars := mpb.New(mpb.WithWidth(60))
	id := strings.ToLower(rand.Text()[:8]) // new, so that FindOrCreate finds no machine
	machines := make([]*paperspace.EnsuredMachine, n)
	err = each(bars, "created", n, maxCalls, func(i int) (err error) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		machines[i], err = client.Machines.FindOrCreate(cleanup, paperspace.MachineCreateParams{
			Name: fmt.Sprintf("fleet-%s-%03d", id, i), MachineType: machineType, TemplateID: "t0nspur5",
			DiskSize: 50, Region: paperspace.RegionNY2, StartOnCreate: new(true),
		})
		return err
	})
	readyErr := each(bars, "ready", n, n, func(i int) error {
		if machines[i] == nil {
			return nil
		}
		_, err := client.Machines.EnsureReady(ctx, machines[i].ID)
		return err
	})
	deleteErr := each(bars, "deleted", n, n, func(i int) error {
		if machines[i] == nil {
			return nil
		}
		return client.Machines.EnsureDeleted(cleanup, machines[i].ID)
	})
	bars.Wait()
	if err = errors.Join(err, readyErr, deleteErr); err == nil {
		fmt.Printf("%d machines were created, became ready and were deleted\n", n)
	}
	return err
}

// each calls f for 0 to n-1, with at most limit concurrent calls, and shows the progress. A failure does not stop the
// others.
func each(bars *mpb.Progress, title string, n, limit int, f func(i int) error) error {
	bar := bars.AddBar(int64(n),
		mpb.PrependDecorators(decor.Name(title, decor.WCSyncSpaceR)), mpb.AppendDecorators(decor.CountersNoUnit("%d / %d")))
	errs := make([]error, n)
	var group errgroup.Group
	group.SetLimit(limit)
	for i := range n {
		group.Go(func() error {
			defer bar.Increment()
			if err := f(i); err != nil {
				errs[i] = fmt.Errorf("machine %d, not %s: %w", i, title, err)
			}
			return nil
		})
	}
	_ = group.Wait()
	return errors.Join(errs...)
}

// connect returns a client and reports whether it uses the real service.
func connect() (client *paperspace.Client, real bool, err error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		client, err = paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("fleet"))
		return client, true, err
	}
	fmt.Fprintln(os.Stderr, "no API key: using an in-memory Paperspace")
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(60)) // a minute passes in a second
	return srv.Client(paperspace.WithPollInterval(50*time.Millisecond, 500*time.Millisecond)), false, nil
}
