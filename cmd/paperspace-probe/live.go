package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/paperspace-go/paperspace"
)

// The purposes of the calls in a machine's life. Those of operations are also the steps of the life.
const (
	creating      purpose = "create"
	startingReady purpose = "start while ready"
	ownEvents     purpose = "events of the new machine"
	renaming      purpose = "rename"
	restarting    purpose = "restart"
	stopping      purpose = "stop with an empty object as body"
	stoppingPlain purpose = "stop without a body"
	stoppingOff   purpose = "stop while off"
	starting      purpose = "start"
	startingAgain purpose = "start while starting"
	deleting      purpose = "delete"
	deletingAgain purpose = "delete while being deleted"
	deletedEvent  purpose = "event of the delete, after the delete"
	polling       purpose = "poll"
)

var lifeSteps = []purpose{
	creating, startingReady, ownEvents, renaming, restarting, stopping, stoppingPlain, stoppingOff, starting, startingAgain,
	deleting, deletingAgain, deletedEvent,
}

// liveOptions describe the machine to create.
type liveOptions struct {
	machineType string
	template    string
	region      paperspace.Region
	limit       float64       // US dollars
	poll        time.Duration // between polls
}

// A life is what was seen of one machine, from its creation to its deletion.
type life struct {
	*probe
	liveOptions
	name       string
	id         string // empty until it is known
	start      time.Time
	spending   *budget
	mayExist   bool // whether the machine may exist
	moments    []moment
	endedEarly bool
}

// liveOnce takes a machine through its life and deletes it, whatever happens. The second context is for the deletion,
// which continues when the first ends. The error names what is left.
func (p *probe) liveOnce(ctx, cleanup context.Context, o liveOptions) (err error) {
	l := &life{probe: p, liveOptions: o, name: newName(), start: time.Now()}
	p.life = l
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	l.spending = newBudget(o.limit, stop)
	defer l.spending.end()
	defer func() { err = errors.Join(err, l.cleanUp(cleanup)) }()
	if err = l.run(ctx); err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		l.endedEarly = true
		return fmt.Errorf("the machine's life ended early: %w", err)
	}
	return nil
}

func (l *life) run(ctx context.Context) error {
	x := l.act(creating, "machines-create", func(opts []paperspace.RequestOption) error {
		l.mayExist = true
		op, err := l.client.Machines.Create(ctx, paperspace.MachineCreateParams{
			Name: l.name, MachineType: l.machineType, TemplateID: l.template, DiskSize: diskSize, Region: l.region,
			PublicIPType: new(paperspace.PublicIPTypeDynamic), StartOnCreate: new(true), EmailPassword: new(false),
			// Limits the cost if this program is killed and nobody runs it again.
			AutoShutdownEnabled: new(true), AutoShutdownTimeout: new(1), AutoShutdownForce: new(true),
		}, opts...)
		if err == nil {
			l.id = op.Data.ID
			l.spending.setRate(op.Data.UsageRate)
		} else {
			l.mayExist = errors.Is(err, paperspace.ErrOutcomeUnknown)
		}
		return err
	})
	if x.err != nil {
		return x.err
	}
	if err := l.watch(ctx, x, "ready"); err != nil {
		return err
	}

	l.act(startingReady, "machines-start", func(opts []paperspace.RequestOption) error {
		return drop(l.client.Machines.Start(ctx, l.id, opts...))
	})
	l.act(ownEvents, "machineEvents-list", func(opts []paperspace.RequestOption) error {
		return drop(l.client.MachineEvents.List(ctx, paperspace.MachineEventListParams{MachineID: l.id}, opts...))
	})
	l.name = newName()
	l.act(renaming, "machines-update", func(opts []paperspace.RequestOption) error {
		return drop(l.client.Machines.Update(ctx, l.id, paperspace.MachineUpdateParams{Name: &l.name}, opts...))
	})
	x = l.act(restarting, "machines-restart", func(opts []paperspace.RequestOption) error {
		return drop(l.client.Machines.Restart(ctx, l.id, opts...))
	})
	if err := l.watch(ctx, x, "ready"); err != nil {
		return err
	}

	x = l.act(stopping, "machines-stop", func(opts []paperspace.RequestOption) error {
		request := paperspace.Request{Method: http.MethodPatch, Path: "/machines/" + l.id + "/stop", Body: struct{}{}}
		return l.client.Do(ctx, request, nil, opts...)
	})
	if !x.succeeded() {
		x = l.act(stoppingPlain, "machines-stop", func(opts []paperspace.RequestOption) error {
			return drop(l.client.Machines.Stop(ctx, l.id, opts...))
		})
	}
	if err := l.watch(ctx, x, "off"); err != nil {
		return err
	}
	l.act(stoppingOff, "machines-stop", func(opts []paperspace.RequestOption) error {
		return drop(l.client.Machines.Stop(ctx, l.id, opts...))
	})

	start := func(opts []paperspace.RequestOption) error { return drop(l.client.Machines.Start(ctx, l.id, opts...)) }
	x = l.act(starting, "machines-start", start)
	l.act(startingAgain, "machines-start", start)
	if err := l.watch(ctx, x, "ready"); err != nil {
		return err
	}

	remove := func(opts []paperspace.RequestOption) error { return drop(l.client.Machines.Delete(ctx, l.id, opts...)) }
	x = l.act(deleting, "machines-delete", remove)
	l.act(deletingAgain, "machines-delete", remove)
	if err := l.watch(ctx, x, notFound); err != nil {
		return err
	}
	l.mayExist = false
	l.act(deletedEvent, "machineEvents-get", func(opts []paperspace.RequestOption) error {
		return drop(l.client.MachineEvents.Get(ctx, textAt(x.body, "event.id"), opts...))
	})
	return nil
}

// diskSize is the size of the machine's disk in GB.
const diskSize = 50

// act carries out one step of the life.
func (l *life) act(step purpose, endpoint string, f func(opts []paperspace.RequestOption) error) *exchange {
	fmt.Fprintf(l.log, "%6.0fs  %s\n", time.Since(l.start).Seconds(), step)
	x := l.call(step, endpoint, f)
	x.object = l.id
	return x
}
