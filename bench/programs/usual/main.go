// Usual lists machines with the usual client. Only its size matters.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/paperspace-go/paperspace/bench/hand"
	"github.com/paperspace-go/paperspace/bench/usual"
)

func main() {
	client := usual.New("https://api.paperspace.com/v1", os.Getenv("PAPERSPACE_API_KEY"), nil)
	page, err := client.List(context.Background(), hand.ListParams{Limit: 120})
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range page.Items {
		fmt.Println(m.ID, m.Name, m.State)
	}
}
