// Provision rents a machine that takes an SSH key and has a static address, keeps it for a while and takes everything
// away again, in the right order, whatever fails and whenever it is interrupted; a second interrupt leaves what is there.
//
//	provision [-key ~/.ssh/id_ed25519.pub] [-keep 10m] [-type C5]
//
// Without an API key it talks to an in-memory Paperspace. With PAPERSPACE_API_KEY (or PAPERSPACE_API_KEY_FILE) set
// it talks to the real one, where the machine (of type C5, $0.08 an hour) and the address cost from their creation to the
// end of this program.
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
	"slices"
	"strings"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

const ubuntu = "t0nspur5" // the OS template of Ubuntu 22.04

func main() {
	keyFile := flag.String("key", "", "the file of a public SSH key; without it, a key that nobody has")
	keep := flag.Duration("keep", 0, "how long to keep the machine; an interrupt ends that")
	machineType := flag.String("type", "C5", "the machine type")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends it at once
	if err := run(ctx, *keyFile, *machineType, *keep); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, keyFile, machineType string, keep time.Duration) (err error) {
	key := "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHn4bodyHasThisKeyItIsAnExampleOfOne/ nobody"
	if keyFile != "" {
		content, err := os.ReadFile(keyFile)
		if err != nil {
			return err
		}
		key = strings.TrimSpace(string(content))
	}
	client, err := connect()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()

	p := &provisioner{client: client, name: "provision-" + strings.ToLower(rand.Text()[:8])}
	defer func() {
		// The interrupt that ended ctx must not end this too.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Minute)
		defer cancel()
		err = errors.Join(err, p.tearDown(ctx))
	}()
	machine, err := p.provision(ctx, key, machineType)
	if err != nil {
		return err
	}
	fmt.Printf("ready: ssh paperspace@%s\n", machine.PublicIP)
	select {
	case <-ctx.Done():
	case <-time.After(keep):
	}
	return nil
}

// provisioner makes things under one name, which nothing else has, and remembers how to undo it.
type provisioner struct {
	client *paperspace.Client
	name   string
	undo   []func(context.Context) error
}

// provision makes everything. How to undo a thing is noted if it was made, and if it may have been.
func (p *provisioner) provision(ctx context.Context, key, machineType string) (*paperspace.Machine, error) {
	region := paperspace.RegionNY2
	script, err := p.client.StartupScripts.Create(ctx, paperspace.StartupScriptCreateParams{
		Name:      p.name,
		Script:    paperspace.Sensitive("#!/bin/sh\ncat >> /home/paperspace/.ssh/authorized_keys <<'KEY'\n" + key + "\nKEY\n"),
		IsRunOnce: new(true),
	})
	if mayBeMade(err) {
		p.undo = append(p.undo, p.deleteScript)
	}
	if err != nil {
		return nil, fmt.Errorf("startup script: %w", err)
	}
	fmt.Println("made startup script", script.ID)

	address, err := p.client.PublicIPs.Claim(ctx, paperspace.PublicIPClaimParams{Region: region})
	if err != nil {
		return nil, fmt.Errorf("static address (if its outcome is unknown, look for one that no machine has): %w", err)
	}
	fmt.Println("claimed", address.IP)
	p.undo = append(p.undo, func(ctx context.Context) error {
		_, err := p.client.PublicIPs.Release(ctx, address.IP)
		return undone("address "+address.IP, err)
	})

	op, err := p.client.Machines.Create(ctx, paperspace.MachineCreateParams{
		Name: p.name, MachineType: machineType, TemplateID: ubuntu, DiskSize: 50, Region: region,
		StartupScriptID: &script.ID, PublicIPType: new(paperspace.PublicIPTypeNone), StartOnCreate: new(true),
	})
	if mayBeMade(err) {
		p.undo = append(p.undo, p.deleteMachine)
	}
	if err != nil {
		return nil, fmt.Errorf("machine: %w", err)
	}
	fmt.Println("made machine", op.Data.ID)
	if _, err := op.Wait(ctx); err != nil {
		return nil, err
	}
	_, err = p.client.PublicIPs.Assign(ctx, address.IP, paperspace.PublicIPAssignParams{MachineID: paperspace.Value(op.Data.ID)})
	if err != nil {
		return nil, fmt.Errorf("assigning the address: %w", err)
	}
	return p.client.Machines.WaitForState(ctx, op.Data.ID, paperspace.MachineStateReady)
}

// tearDown undoes everything, the last thing first: an address cannot be released while a machine has it. What cannot
// be undone does not keep the rest from it.
func (p *provisioner) tearDown(ctx context.Context) error {
	var errs []error
	for _, undo := range slices.Backward(p.undo) {
		errs = append(errs, undo(ctx))
	}
	return errors.Join(errs...)
}

// mayBeMade says whether a create has made something, or may have although its answer was lost.
func mayBeMade(err error) bool { return err == nil || errors.Is(err, paperspace.ErrOutcomeUnknown) }

// deleteMachine finds the machine by its name, as its id may never have come. A new one may not show for a while.
func (p *provisioner) deleteMachine(ctx context.Context) error {
	machine, err := p.client.Machines.GetByName(ctx, p.name)
	for since := time.Now(); errors.Is(err, paperspace.ErrNotFound) && time.Since(since) < time.Minute; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Second):
		}
		machine, err = p.client.Machines.GetByName(ctx, p.name)
	}
	if err != nil {
		return undone("machine "+p.name, err)
	}
	op, err := p.client.Machines.Delete(ctx, machine.ID)
	switch {
	case err == nil:
		_, err = op.Wait(ctx)
	case errors.Is(err, paperspace.ErrOutcomeUnknown): // the answer was lost, but it may be under way
		err = p.client.Machines.WaitUntilDeleted(ctx, machine.ID)
	}
	return undone("machine "+machine.ID, err)
}

func (p *provisioner) deleteScript(ctx context.Context) error {
	for script, err := range p.client.StartupScripts.All(ctx, paperspace.StartupScriptListParams{Name: p.name}) {
		if err == nil && script.Name == p.name {
			_, err = p.client.StartupScripts.Delete(ctx, script.ID)
		}
		if err := undone("startup script "+p.name, err); err != nil {
			return err
		}
	}
	return nil
}

// undone tells what became of an undoing. That there is nothing to undo is as good.
func undone(what string, err error) error {
	if err != nil && !errors.Is(err, paperspace.ErrNotFound) {
		return fmt.Errorf("%s may still be there: %w", what, err)
	}
	fmt.Println("gone:", what)
	return nil
}

func connect() (*paperspace.Client, error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		return paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("provision"))
	}
	fmt.Fprintln(os.Stderr, "(no API key: in memory)")
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(60)) // in memory, a minute passes in a second
	return srv.Client(paperspace.WithPollInterval(50*time.Millisecond, 500*time.Millisecond)), nil
}
