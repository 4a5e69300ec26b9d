// Provision creates a machine with an SSH key and a static address, keeps it for a while and then deletes everything in
// the right order, even after an error or an interrupt. A second interrupt stops it without deleting the rest.
//
//	provision [-key ~/.ssh/id_ed25519.pub] [-keep 10m] [-type C5] [-create]
//
// Without an API key, it uses an in-memory Paperspace. With PAPERSPACE_API_KEY or PAPERSPACE_API_KEY_FILE set, it uses
// the real one, and only says what it would do unless -create is given: the machine and the address cost money until the
// program ends.
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

func main() {
	keyFile := flag.String("key", "", "file of a public SSH key; if empty, an example key that nobody has")
	keep := flag.Duration("keep", 0, "how long to keep the machine, unless interrupted")
	machineType := flag.String("type", "C5", "machine type")
	create := flag.Bool("create", false, "create everything at the real service, and delete it afterwards")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt kills the program
	if err := run(ctx, *keyFile, *machineType, *keep, *create); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, keyFile, machineType string, keep time.Duration, create bool) (err error) {
	key := []byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHn4bodyHasThisKeyItIsAnExampleOfOne/ nobody")
	if keyFile != "" {
		if key, err = os.ReadFile(keyFile); err != nil {
			return err
		}
	}
	client, real, err := connect()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	if real && !create {
		fmt.Printf("-create would create a machine of type %s and a static address\n", machineType)
		return nil
	}
	p := &provisioner{client: client}
	defer func() { err = errors.Join(err, p.cleanUp(context.WithoutCancel(ctx))) }() // even after an interrupt
	address, err := p.provision(ctx, strings.TrimSpace(string(key)), machineType)
	if err != nil {
		return err
	}
	fmt.Printf("ready: ssh paperspace@%s\n", address)
	select {
	case <-ctx.Done():
	case <-time.After(keep):
	}
	return nil
}

// provisioner records how to delete what it creates.
type provisioner struct {
	client *paperspace.Client
	undo   []func(context.Context) error
}

// provision creates everything and returns the machine's address.
func (p *provisioner) provision(ctx context.Context, key, machineType string) (string, error) {
	lasting := context.WithoutCancel(ctx)                   // an interrupt ends ctx, and must not hide the ID of a new object
	name := "provision-" + strings.ToLower(rand.Text()[:8]) // new, so that FindOrCreate finds no machine
	script, err := p.client.StartupScripts.Create(ctx, paperspace.StartupScriptCreateParams{
		Name:      name,
		Script:    paperspace.Sensitive("#!/bin/sh\ncat >> /home/paperspace/.ssh/authorized_keys <<'KEY'\n" + key + "\nKEY\n"),
		IsRunOnce: new(true),
	})
	if errors.Is(err, paperspace.ErrOutcomeUnknown) {
		script, err = p.client.StartupScripts.GetByName(lasting, name)
	}
	if err != nil {
		return "", fmt.Errorf("startup script %s: %w", name, err)
	}
	p.created("startup script "+script.ID, func(ctx context.Context) error {
		_, err := p.client.StartupScripts.Delete(ctx, script.ID)
		return err
	})
	address, err := p.client.PublicIPs.Claim(ctx, paperspace.PublicIPClaimParams{Region: paperspace.RegionNY2})
	if err != nil {
		return "", fmt.Errorf("static address (if the outcome is unknown, check for an unassigned one): %w", err)
	}
	p.created("address "+address.IP, func(ctx context.Context) error {
		return p.client.PublicIPs.EnsureReleased(ctx, address.IP)
	})

	machine, err := p.client.Machines.FindOrCreate(lasting, paperspace.MachineCreateParams{
		Name: name, MachineType: machineType, TemplateID: "t0nspur5", DiskSize: 50, Region: paperspace.RegionNY2,
		StartupScriptID: &script.ID, PublicIPType: new(paperspace.PublicIPTypeNone), StartOnCreate: new(true),
	})
	if err != nil {
		return "", err
	}
	p.created("machine "+machine.ID, func(ctx context.Context) error {
		return p.client.Machines.EnsureDeleted(ctx, machine.ID)
	})
	if _, err := p.client.Machines.EnsureReady(ctx, machine.ID); err != nil {
		return "", err
	}
	_, err = p.client.PublicIPs.Assign(ctx, address.IP, paperspace.PublicIPAssignParams{MachineID: paperspace.Value(machine.ID)})
	return address.IP, err
}

// created records how to delete an object that exists now.
func (p *provisioner) created(object string, remove func(context.Context) error) {
	fmt.Println("created", object)
	p.undo = append(p.undo, func(ctx context.Context) error {
		if err := remove(ctx); err != nil && !errors.Is(err, paperspace.ErrNotFound) {
			return fmt.Errorf("%s may still exist: %w", object, err)
		}
		fmt.Println("deleted", object)
		return nil
	})
}

// cleanUp deletes everything in reverse order, since an address cannot be released while a machine has it. An error does
// not stop it.
func (p *provisioner) cleanUp(ctx context.Context) (err error) {
	for _, undo := range slices.Backward(p.undo) {
		err = errors.Join(err, undo(ctx))
	}
	return err
}

// connect returns a client and reports whether it uses the real service.
func connect() (client *paperspace.Client, real bool, err error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		client, err = paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("provision"))
		return client, true, err
	}
	fmt.Fprintln(os.Stderr, "no API key: using an in-memory Paperspace")
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(60)) // a minute passes in a second
	return srv.Client(paperspace.WithPollInterval(50*time.Millisecond, 500*time.Millisecond)), false, nil
}
