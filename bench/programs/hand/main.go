// Hand lists machines with the hand-written client. Only its size matters.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/paperspace-go/paperspace/bench/hand"
)

func main() {
	client := &hand.Client{BaseURL: "https://api.paperspace.com/v1", APIKey: os.Getenv("PAPERSPACE_API_KEY"), HTTP: http.DefaultClient}
	page, err := client.List(context.Background(), hand.ListParams{Limit: 120})
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range page.Items {
		fmt.Println(m.ID, m.Name, m.State)
	}
}
