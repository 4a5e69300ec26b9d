// This command is bench with ogen's client as another contestant. It is built in the module of the generated client.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"

	"github.com/paperspace-go/paperspace/bench/compare"
	"github.com/paperspace-go/paperspace/bench/ogen/oas"
)

func main() {
	options := compare.Flags()
	flag.Parse()
	err := compare.Run(os.Stdout, *options, compare.Contestant{
		Name: "ogen", New: newOgen, Program: "github.com/paperspace-go/paperspace/bench/ogen/list",
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type key string

func (k key) Key(context.Context, oas.OperationName) (oas.Key, error) {
	return oas.Key{Token: string(k)}, nil
}

type calls struct{ client *oas.Client }

func newOgen(baseURL, apiKey string, hc *http.Client) (compare.Client, error) {
	var options []oas.ClientOption
	if hc != nil {
		options = append(options, oas.WithClient(hc))
	}
	client, err := oas.NewClient(baseURL, key(apiKey), options...)
	return calls{client}, err
}

func (c calls) List(ctx context.Context, after string) (int, string, error) {
	params := oas.MachinesListParams{Limit: oas.NewOptInt(compare.PageSize)}
	if after != "" {
		params.After = oas.NewOptString(after)
	}
	page, err := c.client.MachinesList(ctx, params)
	if err != nil {
		return 0, "", err
	}
	return len(page.Items), page.NextPage.Or(""), nil
}

func (c calls) Get(ctx context.Context, id string) (int64, error) {
	m, err := c.client.MachinesGet(ctx, oas.MachinesGetParams{ID: id})
	if err != nil {
		return 0, err
	}
	return m.RAM, nil
}

func (c calls) Create(ctx context.Context) (string, error) {
	created, err := c.client.MachinesCreate(ctx, &oas.MachinesCreateReq{
		Name: "trainer", MachineType: "A4000", TemplateId: "t0nspur5", DiskSize: 100, Region: "ny2",
		PublicIpType: oas.NewOptMachinesCreateReqPublicIpType("dynamic"), StartOnCreate: oas.NewOptBool(true),
	})
	if err != nil {
		return "", err
	}
	return created.Data.ID, nil
}

func (c calls) ListAll(ctx context.Context) (int, error) { return compare.ListPages(ctx, c) }
