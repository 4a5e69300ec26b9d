// Costs shows the rates of the team's machines: a table, highest usage rate first, and a chart by machine type. It only
// reads.
//
// The API documents neither currency nor period of the rates, so the program shows them as they are. A usage rate applies
// while a machine is on, a storage rate always, and other agreements, such as reservations, may change both.
//
// Without an API key, it uses an in-memory Paperspace. With PAPERSPACE_API_KEY or PAPERSPACE_API_KEY_FILE set, it uses
// the real one.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt kills the program
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	client, err := connect(ctx)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()

	machines, err := paperspace.Collect(client.Machines.All(ctx, paperspace.MachineListParams{}))
	if err != nil {
		return err // a report without some machines would be wrong
	}
	slices.SortStableFunc(machines, func(a, b paperspace.Machine) int { return cmp.Compare(b.UsageRate, a.UsageRate) })
	report(machines)
	chart(machines)
	return nil
}

// report prints a table, no wider than 80 columns.
func report(machines []paperspace.Machine) {
	const row = "%-24.24s  %-9.9s  %-6.6s  %-12.12s  %9s  %9s\n"
	fmt.Printf(row, "MACHINE", "TYPE", "REGION", "STATE", "USAGE", "STORAGE")
	var on, storage float64
	for _, m := range machines {
		fmt.Printf(row, m.Name, m.MachineType, m.Region, m.State, rate(m.UsageRate), rate(m.StorageRate))
		storage += m.StorageRate
		if m.State != paperspace.MachineStateOff {
			on += m.UsageRate
		}
	}
	fmt.Printf(row, "TOTAL, USAGE IF NOT OFF", "", "", "", rate(on), rate(storage))
}

// chart draws a bar for the usage rate of each machine type, without machines that are off.
func chart(machines []paperspace.Machine) {
	const width = 50
	rates := map[string]float64{}
	for _, m := range machines {
		if m.State != paperspace.MachineStateOff {
			rates[m.MachineType] += m.UsageRate
		}
	}
	types := slices.SortedFunc(maps.Keys(rates), func(a, b string) int {
		return cmp.Or(cmp.Compare(rates[b], rates[a]), cmp.Compare(a, b))
	})
	for _, name := range types {
		bar := strings.Repeat("█", 1+int((width-1)*rates[name]/max(rates[types[0]], 0.0001)))
		fmt.Printf("%12.12s %s %s\n", name, bar, rate(rates[name]))
	}
}

// rate returns a rate with two decimal places, or with more if it has them.
func rate(r float64) string {
	text := strings.TrimRight(fmt.Sprintf("%.4f", r), "0")
	return text + strings.Repeat("0", max(0, 2-len(text[strings.Index(text, ".")+1:])))
}

func connect(ctx context.Context) (*paperspace.Client, error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		return paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("costs"))
	}
	fmt.Fprintln(os.Stderr, "no API key: using an in-memory Paperspace")
	// Create some machines, most of them on. A minute passes in 10 ms.
	client := paperspacetest.NewServer(paperspacetest.WithSpeed(6000)).Client()
	var events []string
	for i, machineType := range []string{"C5", "C5", "A4000", "A4000", "A4000", "A6000", "P4000", "H100"} {
		op, err := client.Machines.Create(ctx, paperspace.MachineCreateParams{
			Name: fmt.Sprintf("%s-%d", strings.ToLower(machineType), i+1), MachineType: machineType, TemplateID: "t0nspur5",
			DiskSize: 100, Region: paperspace.RegionNY2, StartOnCreate: new(i%4 != 3),
		})
		if err != nil {
			return nil, err
		}
		events = append(events, op.EventID())
	}
	_, err := client.MachineEvents.Wait(ctx, events)
	return client, err
}
