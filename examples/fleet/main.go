// Fleet creates many machines at once, shows their progress, waits until they are ready and deletes them.
//
//	fleet -n 40
//
// Without an API key, it uses an in-memory Paperspace. With PAPERSPACE_API_KEY or PAPERSPACE_API_KEY_FILE set, it uses
// the real one, which costs money.
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
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt kills the program
	if err := run(ctx, *n, *machineType); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, n int, machineType string) error {
	client, err := connect()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()

	bars := mpb.NewWithContext(ctx, mpb.WithWidth(60))
	created, ready, deleted := bar(bars, "created", n), bar(bars, "ready", n), bar(bars, "deleted", n)

	run := strings.ToLower(rand.Text()[:8])
	name := func(i int) string { return fmt.Sprintf("fleet-%s-%03d", run, i) } // unique to this run
	lost := make([]bool, n)                                                    // whether a machine may exist whose id is unknown
	ids, createErr := each(ctx, n, maxCalls, func(ctx context.Context, i int) (string, error) {
		defer created.Increment()
		op, err := client.Machines.Create(ctx, paperspace.MachineCreateParams{
			Name: name(i), MachineType: machineType, TemplateID: "t0nspur5",
			DiskSize: 50, Region: paperspace.RegionNY2, StartOnCreate: new(true),
		})
		if err != nil {
			lost[i] = errors.Is(err, paperspace.ErrOutcomeUnknown)
			return "", err
		}
		return op.Data.ID, nil
	})
	_, readyErr := each(ctx, n, n, func(ctx context.Context, i int) (*paperspace.Machine, error) {
		defer ready.Increment()
		if ids[i] == "" {
			return nil, nil // its create failed
		}
		return client.Machines.WaitForState(ctx, ids[i], paperspace.MachineStateReady, paperspace.WithWaitTimeout(5*time.Minute))
	})
	// Delete the machines in any case: they cost money.
	cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Minute)
	defer cancel()
	_, deleteErr := each(cleanup, n, maxCalls, func(ctx context.Context, i int) (*paperspace.Machine, error) {
		defer deleted.Increment()
		id := ids[i]
		if lost[i] {
			machine, err := client.Machines.GetByName(ctx, name(i))
			if err != nil && !errors.Is(err, paperspace.ErrNotFound) {
				return nil, err
			} else if err == nil {
				id = machine.ID
			}
		}
		if id == "" {
			return nil, nil
		}
		op, err := client.Machines.Delete(ctx, id)
		switch {
		case err == nil:
			return op.Wait(ctx)
		case errors.Is(err, paperspace.ErrOutcomeUnknown): // the response was lost; the delete may be in progress
			return nil, client.Machines.WaitUntilDeleted(ctx, id)
		}
		return nil, err
	})
	bars.Wait()
	err = errors.Join(createErr, readyErr, deleteErr)
	if err == nil {
		fmt.Printf("%d machines were created, became ready and were deleted\n", n)
	}
	return err
}

// each calls f for 0 to n-1, with at most limit concurrent calls, and waits for all of them. It returns the results in
// that order and the joined errors, each with its index.
func each[T any](ctx context.Context, n, limit int, f func(ctx context.Context, i int) (T, error)) ([]T, error) {
	results, errs := make([]T, n), make([]error, n)
	var group errgroup.Group
	group.SetLimit(limit)
	for i := range n {
		group.Go(func() error {
			if errs[i] = ctx.Err(); errs[i] == nil {
				results[i], errs[i] = f(ctx, i)
			}
			if errs[i] != nil {
				errs[i] = fmt.Errorf("machine %d: %w", i, errs[i])
			}
			return nil // a failure does not stop the others
		})
	}
	_ = group.Wait()
	return results, errors.Join(errs...)
}

func bar(bars *mpb.Progress, name string, n int) *mpb.Bar {
	return bars.AddBar(int64(n), mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR)), mpb.AppendDecorators(decor.CountersNoUnit("%d / %d")))
}

func connect() (*paperspace.Client, error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		return paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("fleet"))
	}
	fmt.Fprintln(os.Stderr, "no API key: using an in-memory Paperspace")
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(60))
	return srv.Client(paperspace.WithPollInterval(50*time.Millisecond, 500*time.Millisecond)), nil
}
