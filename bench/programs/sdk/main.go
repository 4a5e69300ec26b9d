// Sdk lists machines with the SDK. Only its size matters.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/paperspace-go/paperspace"
)

func main() {
	client, err := paperspace.NewClient(paperspace.WithAPIKey(os.Getenv("PAPERSPACE_API_KEY")))
	if err != nil {
		log.Fatal(err)
	}
	page, err := client.Machines.List(context.Background(), paperspace.MachineListParams{ListParams: paperspace.ListParams{Limit: 120}})
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range page.Items {
		fmt.Println(m.ID, m.Name, m.State)
	}
}
