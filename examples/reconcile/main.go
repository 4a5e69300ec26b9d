// Reconcile keeps a number of machines running, as a Kubernetes controller does: in each pass it lists the machines,
// does one step for each, saves what it waits for, and waits. It can be killed at any time: the next process resumes
// the waits, and no machine is created twice, even if the response to a create is lost.
//
//	reconcile [-n 3] [-state reconcile.json] [-crash 300ms]
//
// The program demonstrates this: a first controller is killed while it waits, a second one resumes from the file, and a
// third one wants no machines, so that it deletes them all. After an interrupt, reconcile -n 0 deletes the rest.
//
// Without an API key, it uses an in-memory Paperspace, which loses the response to the second create. With
// PAPERSPACE_API_KEY or PAPERSPACE_API_KEY_FILE set, it uses the real one, where three machines of type C5 cost $0.24
// an hour until they are deleted.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func main() {
	n := flag.Int("n", 3, "number of machines")
	file := flag.String("state", "", "file for the controller's state; if empty, a temporary file")
	crash := flag.Duration("crash", 300*time.Millisecond, "when to kill the first controller")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt kills the program
	if err := demonstrate(ctx, *n, *file, *crash); err != nil {
		log.Fatal(err)
	}
}

func demonstrate(ctx context.Context, n int, file string, crash time.Duration) error {
	if file == "" {
		dir, err := os.MkdirTemp("", "reconcile")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		file = filepath.Join(dir, "state.json")
	}
	client, pause, err := connect()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()

	fmt.Println("first controller")
	killed, cancel := context.WithTimeout(ctx, crash)
	defer cancel()
	err = reconcile(killed, client, file, n, pause)
	if err != nil && (ctx.Err() != nil || killed.Err() == nil) {
		return err
	}
	fmt.Println("second controller")
	if err := reconcile(ctx, client, file, n, pause); err != nil {
		return err
	}
	fmt.Println("third controller")
	return reconcile(ctx, client, file, 0, pause)
}

// reconcile is the loop of one controller. It returns when n machines are ready; a real controller would run forever.
func reconcile(ctx context.Context, client *paperspace.Client, file string, n int, shortPause time.Duration) error {
	c, err := load(client, file)
	if err != nil {
		return err
	}
	for pause := shortPause; ; {
		done, err := c.pass(ctx, n)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			log.Print("will retry: ", err) // a later pass may succeed
			pause = min(2*pause, longPause)
		case done:
			return nil
		default:
			pause = shortPause
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

const (
	prefix    = "reconcile-" // of the names of our machines; others are not touched
	longPause = time.Minute  // between passes that fail
	waitLimit = time.Minute  // of the wait in a pass
	invisible = time.Minute  // how long a new machine may not be listed
)

// controller keeps records of what it began. It reads everything else from the service in each pass.
type controller struct {
	client *paperspace.Client
	file   string
	begun  map[string]*record // by machine name
}

// record is what the controller began for a machine.
type record struct {
	AskedAt time.Time // when the create was sent
	ID      string    // empty until the response arrives
	EventID string    // the event to wait for, if any
}

// pass does one step for each machine and waits for what was begun. It reports whether nothing is left to do.
func (c *controller) pass(ctx context.Context, n int) (done bool, err error) {
	machines := map[string]paperspace.Machine{}
	for machine, err := range c.client.Machines.All(ctx, paperspace.MachineListParams{}) {
		if err != nil {
			return false, err // with a partial list we would create machines that exist
		}
		if strings.HasPrefix(machine.Name, prefix) {
			machines[machine.Name] = machine
		}
	}
	done = true
	var errs []error
	step := func(ready bool, err error) {
		done = done && ready
		errs = append(errs, err)
	}
	wanted := map[string]bool{}
	for i := range n {
		name := fmt.Sprint(prefix, i+1)
		wanted[name] = true
		if machine, ok := machines[name]; ok {
			step(c.improve(ctx, machine))
		} else {
			step(c.create(ctx, name))
		}
	}
	for name, machine := range machines {
		if !wanted[name] {
			step(c.remove(ctx, machine))
		}
	}
	for name, r := range c.begun {
		if _, there := machines[name]; !there && !wanted[name] {
			step(c.forget(ctx, name, r))
		}
	}
	return done, errors.Join(append(errs, c.wait(ctx))...)
}

// create creates a machine unless that is already in progress. It saves a record first, and retries only when the
// machine would be listed if it existed.
func (c *controller) create(ctx context.Context, name string) (ready bool, err error) {
	if r := c.begun[name]; r != nil {
		if gone, err := c.forget(ctx, name, r); !gone {
			return false, err
		}
	}
	r := &record{AskedAt: time.Now()}
	c.begun[name] = r
	if err := c.save(); err != nil {
		return false, err
	}
	op, err := c.client.Machines.Create(ctx, paperspace.MachineCreateParams{
		Name: name, MachineType: "C5", TemplateID: "t0nspur5", DiskSize: 50, Region: paperspace.RegionNY2, StartOnCreate: new(true),
	})
	switch {
	case err == nil:
		fmt.Println("  created", name)
		r.ID, r.EventID = op.Data.ID, op.Event.ID
	case !errors.Is(err, paperspace.ErrOutcomeUnknown):
		delete(c.begun, name) // it was not created
	}
	return false, errors.Join(err, c.save())
}

// forget deletes the record of a machine that is not listed, once it certainly does not exist.
func (c *controller) forget(ctx context.Context, name string, r *record) (gone bool, err error) {
	if time.Since(r.AskedAt) < invisible && r.ID == "" {
		return false, nil // it may still appear
	}
	if r.ID != "" {
		_, err := c.client.Machines.Get(ctx, r.ID)
		if !errors.Is(err, paperspace.ErrNotFound) || r.EventID != "" {
			return false, err
		}
	}
	delete(c.begun, name)
	return true, c.save()
}

// improve starts a machine that is off.
func (c *controller) improve(ctx context.Context, m paperspace.Machine) (ready bool, err error) {
	r := c.adopt(m)
	if m.State != paperspace.MachineStateOff || r.EventID != "" {
		return m.State == paperspace.MachineStateReady, nil
	}
	op, err := c.client.Machines.Start(ctx, m.ID)
	if err != nil {
		return false, err
	}
	fmt.Println("  started", m.Name)
	r.EventID = op.Event.ID
	return false, c.save()
}

// remove deletes a machine that is not wanted.
func (c *controller) remove(ctx context.Context, m paperspace.Machine) (gone bool, err error) {
	r := c.adopt(m)
	if r.EventID != "" {
		return false, nil
	}
	op, err := c.client.Machines.Delete(ctx, m.ID)
	if err != nil {
		return false, err
	}
	fmt.Println("  deleted", m.Name)
	r.EventID = op.Event.ID
	return false, c.save()
}

// adopt returns the record of an existing machine, and creates one if there is none.
func (c *controller) adopt(m paperspace.Machine) *record {
	if c.begun[m.Name] == nil || c.begun[m.Name].ID != m.ID {
		fmt.Println("  adopted", m.Name)
		c.begun[m.Name] = &record{ID: m.ID, AskedAt: m.CreatedAt}
	}
	return c.begun[m.Name]
}

// wait waits for a while for the events that this process or an earlier one began.
func (c *controller) wait(ctx context.Context) error {
	var pending []*record
	var ids []string
	for _, r := range c.begun {
		if r.EventID != "" {
			pending, ids = append(pending, r), append(ids, r.EventID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	fmt.Println("  waiting for", len(ids), "events")
	events, err := c.client.MachineEvents.Wait(ctx, ids, paperspace.WithWaitTimeout(waitLimit))
	for i, event := range events {
		if event.Finished() {
			pending[i].EventID = ""
		}
	}
	if unknown, ok := errors.AsType[*paperspace.WaitError](err); ok && errors.Is(err, paperspace.ErrNotFound) {
		for _, r := range pending { // the event no longer exists, perhaps because its machine was deleted
			if r.EventID == unknown.IDs[0] {
				r.EventID = ""
			}
		}
	}
	if errors.Is(err, paperspace.ErrWaitTimeout) {
		err = nil // the next pass continues to wait
	}
	return errors.Join(err, c.save())
}

func load(client *paperspace.Client, file string) (*controller, error) {
	c := &controller{client: client, file: file, begun: map[string]*record{}}
	content, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(content, &c.begun)
	}
	return c, err
}

// save replaces the file atomically, so that a kill leaves either the old or the new state.
func (c *controller) save() error {
	content, err := json.Marshal(c.begun)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.file+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(c.file+".new", c.file)
}

// connect returns a client and the pause between two passes, each of which lists all machines.
func connect() (client *paperspace.Client, pause time.Duration, err error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		client, err = paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("reconcile"))
		return client, 5 * time.Second, err
	}
	fmt.Fprintln(os.Stderr, "no API key: using an in-memory Paperspace")
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(60)) // a minute passes in a second
	srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Skip: 1, Times: 1, Cut: true, CarriedOut: true})
	client = srv.Client(paperspace.WithPollInterval(50*time.Millisecond, 500*time.Millisecond))
	return client, 200 * time.Millisecond, nil
}
