// Provision creates a machine with an SSH key and a static address, keeps it for a while and then deletes everything in
// the right order, even after an error or an interrupt. A second interrupt stops it without deleting the rest.
//
//	provision [-key ~/.ssh/id_ed25519.pub] [-keep 10m] [-type C5]
//
// Without an API key, it uses an in-memory Paperspace. With PAPERSPACE_API_KEY or PAPERSPACE_API_KEY_FILE set, it uses
// the real one, where the machine (of type C5, $0.08 an hour) and the address cost money until the program ends.
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
	keyFile := flag.String("key", "", "file of a public SSH key; if empty, an example key that nobody has")
	keep := flag.Duration("keep", 0, "how long to keep the machine, unless interrupted")
	machineType := flag.String("type", "C5", "machine type")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt kills the program
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
		// The interrupt that ended ctx must not stop the cleanup.
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

// provisioner creates objects with a unique name and records how to delete them.
type provisioner struct {
	client *paperspace.Client
	name   string
	undo   []func(context.Context) error
}

// provision creates everything. It records how to undo each step that succeeded or may have succeeded.
func (p *provisioner) provision(ctx context.Context, key, machineType string) (*paperspace.Machine, error) {
	region := paperspace.RegionNY2
	script, err := p.client.StartupScripts.Create(ctx, paperspace.StartupScriptCreateParams{
		Name:      p.name,
		Script:    paperspace.Sensitive("#!/bin/sh\ncat >> /home/paperspace/.ssh/authorized_keys <<'KEY'\n" + key + "\nKEY\n"),
		IsRunOnce: new(true),
	})
	if mayExist(err) {
		p.undo = append(p.undo, p.deleteScript)
	}
	if err != nil {
		return nil, fmt.Errorf("startup script: %w", err)
	}
	fmt.Println("created startup script", script.ID)

	address, err := p.client.PublicIPs.Claim(ctx, paperspace.PublicIPClaimParams{Region: region})
	if err != nil {
		return nil, fmt.Errorf("static address (if the outcome is unknown, check for an unassigned one): %w", err)
	}
	fmt.Println("claimed", address.IP)
	p.undo = append(p.undo, func(ctx context.Context) error {
		return undone("address "+address.IP, p.client.PublicIPs.EnsureReleased(ctx, address.IP))
	})

	op, err := p.client.Machines.Create(ctx, paperspace.MachineCreateParams{
		Name: p.name, MachineType: machineType, TemplateID: ubuntu, DiskSize: 50, Region: region,
		StartupScriptID: &script.ID, PublicIPType: new(paperspace.PublicIPTypeNone), StartOnCreate: new(true),
	})
	if mayExist(err) {
		p.undo = append(p.undo, p.deleteMachine)
	}
	if err != nil {
		return nil, fmt.Errorf("machine: %w", err)
	}
	fmt.Println("created machine", op.Data.ID)
	if _, err := op.Wait(ctx); err != nil {
		return nil, err
	}
	_, err = p.client.PublicIPs.Assign(ctx, address.IP, paperspace.PublicIPAssignParams{MachineID: paperspace.Value(op.Data.ID)})
	if err != nil {
		return nil, fmt.Errorf("assigning the address: %w", err)
	}
	return p.client.Machines.WaitForState(ctx, op.Data.ID, paperspace.MachineStateReady)
}

// tearDown undoes all steps in reverse order, since an address cannot be released while a machine has it. An error does
// not stop it.
func (p *provisioner) tearDown(ctx context.Context) error {
	var errs []error
	for _, undo := range slices.Backward(p.undo) {
		errs = append(errs, undo(ctx))
	}
	return errors.Join(errs...)
}

// mayExist reports whether a create with this error created the object or may have.
func mayExist(err error) bool { return err == nil || errors.Is(err, paperspace.ErrOutcomeUnknown) }

// deleteMachine finds the machine by its name, since its id may be unknown. A new one may not be listed for a while.
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
	return undone("machine "+machine.ID, p.client.Machines.EnsureDeleted(ctx, machine.ID))
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

// undone reports the result of a deletion. An object that does not exist counts as deleted.
func undone(what string, err error) error {
	if err != nil && !errors.Is(err, paperspace.ErrNotFound) {
		return fmt.Errorf("%s may still exist: %w", what, err)
	}
	fmt.Println("deleted", what)
	return nil
}

func connect() (*paperspace.Client, error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		return paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("provision"))
	}
	fmt.Fprintln(os.Stderr, "no API key: using an in-memory Paperspace")
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(60)) // a minute passes in a second
	return srv.Client(paperspace.WithPollInterval(50*time.Millisecond, 500*time.Millisecond)), nil
}
