// Costs shows what the team's machines cost: a table of all machines, most expensive first, and a chart by machine
// type. It only reads, and costs nothing.
//
// A machine costs its usage rate while it is on, and its storage rate always. Other agreements, such as reservations,
// are not included in these rates.
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
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

const hoursPerMonth = 730 // 365 days / 12

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
	slices.SortStableFunc(machines, func(a, b paperspace.Machine) int { return cmp.Compare(hourly(b), hourly(a)) })
	report(machines)
	chart(machines)
	return nil
}

// hourly returns what the machine costs per hour in its current state, in US dollars.
func hourly(m paperspace.Machine) float64 {
	if m.State == paperspace.MachineStateOff {
		return m.StorageRate
	}
	return m.UsageRate + m.StorageRate
}

func report(machines []paperspace.Machine) {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"Machine", "Type", "Region", "State", "Usage $/h", "Storage $/h", "Now $/h", "$/month"})
	var total float64
	for _, m := range machines {
		now := hourly(m)
		total += now
		t.AppendRow(table.Row{m.Name, m.MachineType, m.Region, m.State, dollars(m.UsageRate), dollars(m.StorageRate), dollars(now), month(now)})
	}
	t.AppendFooter(table.Row{"", "", "", "", "", "", dollars(total), month(total)})
	var right []table.ColumnConfig
	for n := 5; n <= 8; n++ {
		right = append(right, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignFooter: text.AlignRight})
	}
	t.SetColumnConfigs(right)
	fmt.Println(t.Render())
}

// chart draws a bar for each machine type.
func chart(machines []paperspace.Machine) {
	const width = 50
	rates := map[string]float64{}
	for _, m := range machines {
		rates[m.MachineType] += hourly(m)
	}
	types := slices.SortedFunc(maps.Keys(rates), func(a, b string) int {
		return cmp.Or(cmp.Compare(rates[b], rates[a]), cmp.Compare(a, b))
	})
	for _, name := range types {
		bar := strings.Repeat("█", 1+int((width-1)*rates[name]/max(rates[types[0]], 0.0001)))
		fmt.Printf("%12s %s %s\n", name, bar, dollars(rates[name]))
	}
}

func dollars(rate float64) string { return fmt.Sprintf("%.4f", rate) }

func month(rate float64) string { return fmt.Sprintf("%.2f", rate*hoursPerMonth) }

func connect(ctx context.Context) (*paperspace.Client, error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		return paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("costs"))
	}
	fmt.Fprintln(os.Stderr, "no API key: using an in-memory Paperspace")
	// Create some machines, most of them on.
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(600))
	client := srv.Client(paperspace.WithPollInterval(20*time.Millisecond, 20*time.Millisecond))
	for i, machineType := range []string{"C5", "C5", "A4000", "A4000", "A4000", "A6000", "P4000", "H100"} {
		op, err := client.Machines.Create(ctx, paperspace.MachineCreateParams{
			Name: fmt.Sprintf("%s-%d", strings.ToLower(machineType), i+1), MachineType: machineType, TemplateID: "t0nspur5",
			DiskSize: 100, Region: paperspace.RegionNY2, StartOnCreate: new(i%4 != 3),
		})
		if err != nil {
			return nil, err
		}
		if _, err := op.Wait(ctx); err != nil {
			return nil, err
		}
	}
	return client, nil
}
