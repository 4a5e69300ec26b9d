package paperspace_test

import (
	"context"
	"fmt"
	"log"

	"github.com/paperspace-go/paperspace"
)

// All fetches a page when the loop reaches it, so a loop that ends early sends no more requests than it needs.
func ExampleMachinesService_All() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	for _, name := range []string{"worker-1", "worker-2", "trainer"} {
		newMachine(client, name)
	}

	params := paperspace.MachineListParams{Region: paperspace.RegionNY2}
	params.OrderBy, params.Order = paperspace.OrderByName, paperspace.OrderAsc
	for machine, err := range client.Machines.All(context.Background(), params) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(machine.Name, machine.State)
	}
	// Output:
	// trainer off
	// worker-1 off
	// worker-2 off
}

// List fetches one page, for programs that pass the cursor on.
func ExampleMachinesService_List() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	for _, name := range []string{"worker-1", "worker-2", "worker-3"} {
		newMachine(client, name)
	}

	ctx := context.Background()
	page, err := client.Machines.List(ctx, paperspace.MachineListParams{ListParams: paperspace.ListParams{Limit: 2}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Items), "machines, more:", page.HasMore)

	page, err = client.Machines.List(ctx, paperspace.MachineListParams{
		ListParams: paperspace.ListParams{Limit: 2, After: page.NextPage},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Items), "machine, more:", page.HasMore)
	// Output:
	// 2 machines, more: true
	// 1 machine, more: false
}

func ExampleCollect() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())

	templates, err := paperspace.Collect(client.OSTemplates.All(context.Background(), paperspace.OSTemplateListParams{}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(templates), "templates")
	// Output: 4 templates
}

func ExampleWithPrefetch() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	for _, name := range []string{"worker-1", "worker-2", "worker-3"} {
		newMachine(client, name)
	}

	// The second page is fetched while the loop handles the machines of the first.
	params := paperspace.MachineListParams{ListParams: paperspace.ListParams{Limit: 2}}
	count := 0
	for _, err := range client.Machines.All(context.Background(), params, paperspace.WithPrefetch()) {
		if err != nil {
			log.Fatal(err)
		}
		count++
	}
	fmt.Println(count, "machines")
	// Output: 3 machines
}
