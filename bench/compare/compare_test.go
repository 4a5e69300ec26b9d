package compare

import (
	"context"
	"net/http"
	"testing"

	"github.com/paperspace-go/paperspace/internal/contract"
)

func TestResponsesConformToTheContract(t *testing.T) {
	for id, body := range map[string][]byte{
		"machines-list": page(0, 2), "machines-get": []byte(machine(1)), "machines-create": created(),
	} {
		for _, issue := range contract.Lookup(id).Response.CheckJSON(body) {
			t.Errorf("%s: %s", id, issue)
		}
	}
}

func TestContestantsDecodeAllResponses(t *testing.T) {
	for _, c := range contestants() {
		t.Run(c.Name, func(t *testing.T) {
			ctx, pages := context.Background(), newMemory(3)
			client, err := c.New(baseURL, apiKey, &http.Client{Transport: pages})
			if err != nil {
				t.Fatal(err)
			}
			items, next, err := client.List(ctx, "1")
			if err := expect(items, PageSize, err); err != nil || next != "2" {
				t.Errorf("list: %v, next %q", err, next)
			}
			ram, err := client.Get(ctx, someID)
			if err := expect(ram, someRAM, err); err != nil {
				t.Errorf("get: %v", err)
			}
			id, err := client.Create(ctx)
			if err := expect(id, someID, err); err != nil {
				t.Errorf("create: %v", err)
			}
			items, err = client.ListAll(ctx)
			if err := expect(items, 3*PageSize, err); err != nil {
				t.Errorf("list all: %v", err)
			}
		})
	}
}
