// Resume begins an operation in one process and waits for it in another, which needs only the operation as JSON.
//
//	resume [-create] begin FILE    creates a machine and stores the operation in a file
//	resume finish FILE             waits for the operation and prints the machine
//	resume                         runs both, each in its own process, with an in-memory Paperspace
//
// The first two use the real service, with the API key from PAPERSPACE_API_KEY. The first only says what it would do
// unless -create is given: the machine costs money until you delete it.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func main() {
	create := flag.Bool("create", false, "create the machine")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt kills the program
	var err error
	switch args := flag.Args(); {
	case len(args) == 0:
		err = demonstrate(ctx)
	case len(args) == 2 && args[0] == "begin":
		err = begin(ctx, args[1], *create)
	case len(args) == 2 && args[0] == "finish":
		err = finish(ctx, args[1])
	default:
		log.Fatal("usage: resume [[-create] begin FILE | finish FILE]")
	}
	if err != nil {
		log.Fatal(err)
	}
}

func begin(ctx context.Context, file string, create bool) error {
	client, err := paperspace.NewClient(paperspace.FromEnv())
	if err != nil {
		return err
	}
	if !create {
		fmt.Println("-create would create a machine of type C5")
		return nil
	}
	machine, err := client.Machines.FindOrCreate(ctx, paperspace.MachineCreateParams{
		Name: "resumed", MachineType: "C5", TemplateID: "t0nspur5", DiskSize: 50, Region: paperspace.RegionNY2, StartOnCreate: new(true),
	})
	if err != nil {
		return err
	}
	content, err := json.Marshal(machine) // with the operation
	if err != nil {
		return err
	}
	fmt.Println("began", machine.ID)
	return os.WriteFile(file, content, 0o600)
}

func finish(ctx context.Context, file string) error {
	client, err := paperspace.NewClient(paperspace.FromEnv())
	if err != nil {
		return err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var machine paperspace.EnsuredMachine
	if err := json.Unmarshal(content, &machine); err != nil {
		return err
	}
	if machine.Operation != nil { // nil if begin found the machine
		for event, err := range machine.Operation.Bind(client).Watch(ctx) {
			if err != nil {
				return err
			}
			fmt.Println(event.Name, event.State)
		}
	}
	ready, err := client.Machines.EnsureReady(ctx, machine.ID)
	if err != nil {
		return err
	}
	fmt.Printf("machine %s is %s at %s\n", ready.ID, ready.State, ready.PublicIP)
	return nil
}

// demonstrate serves an in-memory Paperspace, where a minute passes in a second, and runs both steps with it.
func demonstrate(ctx context.Context) error {
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(60))
	listener := httptest.NewServer(srv)
	defer listener.Close()
	dir, err := os.MkdirTemp("", "resume")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "operation.json")
	for _, args := range [][]string{{"-create", "begin", file}, {"finish", file}} {
		cmd := exec.CommandContext(ctx, self, args...)
		cmd.Env = append(os.Environ(), "PAPERSPACE_API_KEY="+srv.Key(), "PAPERSPACE_API_URL="+listener.URL+"/v1")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			return err
		}
		fmt.Println("process", cmd.Process.Pid, "has ended")
	}
	return nil
}
