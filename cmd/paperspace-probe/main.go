// Paperspace-probe compares the Paperspace API with what this SDK assumes about it, and writes a report that can be
// published: it has no value of a response, and no ID, name, address or key.
//
//	paperspace-probe                           only read
//	paperspace-probe -live C5                  also create, use and delete one machine, for some cents
//	paperspace-probe -against FILE             also list the changes since an earlier report
//	paperspace-probe -against FILE NEWER-FILE  compare two reports, without any call
//	paperspace-probe -cleanup                  only delete what earlier runs left behind
//
// It reads PAPERSPACE_API_KEY, or the file that PAPERSPACE_API_KEY_FILE names, and PAPERSPACE_API_URL. Machines and
// projects of the probe are named paperspace-probe- and eight letters or digits. It deletes them at the end, after an
// error and after an interrupt.
package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/paperspace-go/paperspace"
)

func main() {
	// The first signal ends the calls that probe the service, and the second the cleanup after them.
	ctx, stop := context.WithCancelCause(context.Background())
	cleanup, stopCleanup := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, interrupts...)
	go func() {
		stop(fmt.Errorf("received signal %s", <-signals))
		stopCleanup(fmt.Errorf("received signal %s again", <-signals))
	}()
	c := &command{in: bufio.NewReader(os.Stdin), out: os.Stdout, log: os.Stderr, transport: http.DefaultTransport, cleanup: cleanup}
	os.Exit(c.run(ctx, os.Args[1:]))
}

// A command is one run of the program.
type command struct {
	in        *bufio.Reader
	out, log  io.Writer
	transport http.RoundTripper
	cleanup   context.Context // of the deletion of machines

	live    liveOptions
	only    bool // delete leftovers only
	yes     bool
	strict  bool
	output  string
	against string
	newer   string
}

// run runs the program and returns the exit status: 0 if it wrote a report, and with -strict only if all assumptions
// held.
func (c *command) run(ctx context.Context, args []string) int {
	switch err := c.parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errFlags): // the flag package has printed it
		return 2
	case err != nil:
		fmt.Fprintln(c.log, "paperspace-probe:", err)
		return 2
	}
	if err := c.work(ctx); err != nil {
		fmt.Fprintln(c.log, "paperspace-probe:", err)
		return 1
	}
	return 0
}

var errFlags = errors.New("invalid flags")

func (c *command) parse(args []string) error {
	flags := flag.NewFlagSet("paperspace-probe", flag.ContinueOnError)
	flags.SetOutput(c.log)
	flags.StringVar(&c.live.machineType, "live", "", "create, use and delete one machine of this `type`, which costs money")
	flags.StringVar(&c.live.template, "template", "t0nspur5", "OS template of the machine")
	flags.StringVar((*string)(&c.live.region), "region", "ny2", "region of the machine")
	flags.Float64Var(&c.live.limit, "limit", 0.5, "spending limit in US `dollars`: the machine is deleted before it costs more")
	flags.DurationVar(&c.live.poll, "poll", 2*time.Second, "time between polls for the machine")
	flags.BoolVar(&c.yes, "yes", false, "do not ask before a machine is created or deleted")
	flags.BoolVar(&c.only, "cleanup", false, "only delete what earlier runs left behind")
	flags.StringVar(&c.output, "o", "paperspace-probe", "write the report to `NAME`.md and NAME.json")
	flags.StringVar(&c.against, "against", "", "compare with the earlier report in this JSON `file`")
	flags.BoolVar(&c.strict, "strict", false, "fail unless all assumptions held")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return errFlags
	case flags.NArg() > 1, flags.NArg() == 1 && c.against == "":
		return fmt.Errorf("unexpected argument %q", flags.Arg(flags.NArg()-1))
	case !(c.live.limit > 0) || math.IsInf(c.live.limit, 1):
		return errors.New("-limit must be a finite number above 0")
	case c.live.poll <= 0:
		return errors.New("-poll must be positive")
	case c.output == "":
		return errors.New("-o must not be empty")
	}
	c.newer = flags.Arg(0)
	region, err := paperspace.ParseRegion(string(c.live.region))
	c.live.region = region
	return err
}

func (c *command) work(ctx context.Context) error {
	var earlier *report
	if c.against != "" {
		var err error
		if earlier, err = readReport(c.against); err != nil {
			return err
		}
	}
	if c.newer != "" {
		newer, err := readReport(c.newer)
		if err != nil {
			return err
		}
		m := &markdown{}
		m.list(compare(earlier, newer), "No changes.")
		_, err = io.WriteString(c.out, m.String())
		return err
	}

	began := time.Now()
	baseURL := cmp.Or(strings.TrimSpace(os.Getenv("PAPERSPACE_API_URL")), paperspace.DefaultBaseURL)
	p, err := newProbe(baseURL, c.transport, c.log, paperspace.FromEnv())
	if err != nil {
		return err
	}
	if c.only {
		return c.removeLeftovers(ctx, p)
	}
	if _, err := p.client.Auth.Session(ctx); err != nil {
		if e, ok := errors.AsType[*paperspace.Error](err); !ok || e.StatusCode == 0 || errors.Is(err, paperspace.ErrUnauthorized) {
			return err // there is nothing to learn without a connection and a key
		}
	}
	callsErr := c.makeCalls(ctx, p)
	r := p.report(began)
	return errors.Join(callsErr, c.write(r, earlier), c.judge(r))
}

// makeCalls makes the calls that probe the service.
func (c *command) makeCalls(ctx context.Context, p *probe) error {
	p.read(ctx)
	if ctx.Err() == nil {
		p.provoke(ctx)
	}
	if ctx.Err() != nil || c.live.machineType == "" {
		return context.Cause(ctx)
	}
	if err := c.removeLeftovers(ctx, p); err != nil {
		return err
	}
	available, err := p.client.MachineTypes.GetAvailability(ctx, paperspace.MachineAvailabilityParams{
		MachineType: c.live.machineType, Region: c.live.region,
	})
	switch {
	case err != nil:
		return fmt.Errorf("machine type %s: %w", c.live.machineType, err)
	case !available.Available:
		return fmt.Errorf("machine type %s is not available in %s", c.live.machineType, c.live.region)
	}
	question := fmt.Sprintf("Create a machine of type %s with a disk of %d GB in %s? It is used for about ten minutes and then "+
		"deleted, at the latest before it has cost $%.2f by its usage rate, or after %s. Two projects with disabled "+
		"deployments, which cost nothing, are created and deleted too.",
		c.live.machineType, diskSize, c.live.region, c.live.limit, maxLife)
	if !c.confirm(ctx, question) {
		return errors.New("no machine was created")
	}
	err = p.deploy(ctx, c.cleanup, c.live)
	if ctx.Err() != nil {
		return err
	}
	return errors.Join(err, p.liveOnce(ctx, c.cleanup, c.live))
}

func (c *command) removeLeftovers(ctx context.Context, p *probe) error {
	machines, projects, err := p.leftovers(ctx)
	if err != nil || len(machines)+len(projects) == 0 {
		return err
	}
	names := slices.Clone(projects)
	for _, machine := range machines {
		names = append(names, machine.Name)
	}
	if !c.confirm(ctx, fmt.Sprintf("Delete what earlier runs left behind: %s?", strings.Join(names, ", "))) {
		return errors.New("what earlier runs left behind still exists, and a machine costs money")
	}
	return errors.Join(p.removeMachines(ctx, machines), p.removeProjects(ctx, projects))
}

// confirm asks a question and reports whether the answer is yes. The end of the context is a no.
func (c *command) confirm(ctx context.Context, question string) bool {
	fmt.Fprintln(c.log, question)
	if c.yes {
		return true
	}
	fmt.Fprint(c.log, "[y/N] ")
	answered := make(chan string, 1)
	go func() { // a read from a terminal cannot be interrupted
		line, _ := c.in.ReadString('\n')
		answered <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		return false
	case answer := <-answered:
		return answer == "y" || answer == "yes"
	}
}

// write writes the report to files, and a summary to the output.
func (c *command) write(r, earlier *report) error {
	var changes []string
	if earlier != nil {
		changes = compare(earlier, r)
	}
	err := errors.Join(
		writeFile(c.output+".md", func(w io.Writer) error { return r.markdown(w, changes) }),
		writeFile(c.output+".json", r.writeJSON),
	)
	if err != nil {
		return err
	}
	for _, a := range r.Assumptions {
		if a.Verdict != held {
			fmt.Fprintf(c.out, "%-9s %s: %s\n", a.Verdict, a.Name, a.Claim)
		}
	}
	fmt.Fprintf(c.out, "%d assumptions held, %d refuted, %d not seen; the report is in %s.md and %s.json\n",
		r.count(held), r.count(refuted), r.count(notSeen), c.output, c.output)
	for _, change := range changes {
		fmt.Fprintln(c.out, "changed:", change)
	}
	return nil
}

func writeFile(name string, write func(io.Writer) error) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}

// judge returns an error with -strict unless all assumptions held.
func (c *command) judge(r *report) error {
	if n := len(r.Assumptions); c.strict && r.count(held) < n {
		return fmt.Errorf("only %d of %d assumptions held", r.count(held), n)
	}
	return nil
}
