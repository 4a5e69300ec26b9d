// Fleet rents many machines at once, shows how far they are, waits until they are ready and deletes them again.
//
//	fleet -n 40
//
// Without an API key it talks to an in-memory Paperspace. With PAPERSPACE_API_KEY or PAPERSPACE_API_KEY_FILE set it talks
// to the real one, and costs money.
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

// atOnce bounds the calls that are under way. Waiting needs no bound: all waits of a client share their polls.
const atOnce = 8

func main() {
	n := flag.Int("n", 40, "how many machines")
	machineType := flag.String("type", "C5", "their machine type")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends it at once
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
	name := func(i int) string { return fmt.Sprintf("fleet-%s-%03d", run, i) } // no machine but ours has it
	lost := make([]bool, n)                                                    // whether there may be a machine whose id we do not know
	ids, createErr := each(ctx, n, atOnce, func(ctx context.Context, i int) (string, error) {
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
			return nil, nil // its create failed, which is known already
		}
		return client.Machines.WaitForState(ctx, ids[i], paperspace.MachineStateReady, paperspace.WithWaitTimeout(5*time.Minute))
	})
	// Whatever became of them, the machines must not go on costing.
	cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Minute)
	defer cancel()
	_, deleteErr := each(cleanup, n, atOnce, func(ctx context.Context, i int) (*paperspace.Machine, error) {
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
		case errors.Is(err, paperspace.ErrOutcomeUnknown): // the answer was lost, but it may be under way
			return nil, client.Machines.WaitUntilDeleted(ctx, id)
		}
		return nil, err
	})
	bars.Wait()
	err = errors.Join(createErr, readyErr, deleteErr)
	if err == nil {
		fmt.Printf("%d machines were rented, became ready and are gone again\n", n)
	}
	return err
}

// each calls f for 0 to n-1, with so many calls at once at most. It returns the results in that order, and the errors
// joined, each with its number; when it returns, nothing is left running.
func each[T any](ctx context.Context, n, atOnce int, f func(ctx context.Context, i int) (T, error)) ([]T, error) {
	results, errs := make([]T, n), make([]error, n)
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range n {
		group.Go(func() error {
			if errs[i] = ctx.Err(); errs[i] == nil {
				results[i], errs[i] = f(ctx, i)
			}
			if errs[i] != nil {
				errs[i] = fmt.Errorf("machine %d: %w", i, errs[i])
			}
			return nil // one that fails does not stop the others
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
	fmt.Fprintln(os.Stderr, "(no API key: in memory)")
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(60))
	return srv.Client(paperspace.WithPollInterval(50*time.Millisecond, 500*time.Millisecond)), nil
}
