// List lists machines with the client that ogen generates. Only its size matters.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/paperspace-go/paperspace/bench/ogen/oas"
)

type key string

func (k key) Key(context.Context, oas.OperationName) (oas.Key, error) {
	return oas.Key{Token: string(k)}, nil
}

func main() {
	client, err := oas.NewClient("https://api.paperspace.com/v1", key(os.Getenv("PAPERSPACE_API_KEY")))
	if err != nil {
		log.Fatal(err)
	}
	page, err := client.MachinesList(context.Background(), oas.MachinesListParams{Limit: oas.NewOptInt(120)})
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range page.Items {
		fmt.Println(m.ID, m.Name, m.State)
	}
}
