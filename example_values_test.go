package paperspace_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/paperspace-go/paperspace"
)

// A nullable field is left unchanged, set to null or set to a value.
func ExampleNullable() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()
	dataset, err := client.Datasets.Create(ctx, paperspace.DatasetCreateParams{
		Name: "pictures", Description: paperspace.Value("of cats"),
	})
	if err != nil {
		log.Fatal(err)
	}

	for _, params := range []paperspace.DatasetUpdateParams{
		{Name: new("images")},                          // leaves the description unchanged
		{Description: paperspace.Value("of all cats")}, // sets it
		{Description: paperspace.Null[string]()},       // removes it
	} {
		if dataset, err = client.Datasets.Update(ctx, dataset.ID, params); err != nil {
			log.Fatal(err)
		}
		if dataset.Description == nil {
			fmt.Println(dataset.Name, "has no description")
		} else {
			fmt.Println(dataset.Name, "are", *dataset.Description)
		}
	}
	// Output:
	// images are of cats
	// images are of all cats
	// images has no description
}

// A controller sends only what differs from what it reads, and nothing if nothing does.
func ExampleChanged() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()
	id := newMachine(client, "trainer").ID

	want := paperspace.MachineUpdateParams{
		Name: new("trainer"), AutoShutdownEnabled: new(true), AutoShutdownTimeout: new(8),
	}
	for range 2 {
		machine, err := client.Machines.Get(ctx, id)
		if err != nil {
			log.Fatal(err)
		}
		change := paperspace.Changed(machine.UpdateParams(), want)
		if change.IsZero() {
			fmt.Println("nothing to change")
			continue
		}
		fmt.Println("rename:", change.Name != nil, "shutdown after hours:", *change.AutoShutdownTimeout)
		op, err := client.Machines.Update(ctx, id, change)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := op.Wait(ctx); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// rename: false shutdown after hours: 8
	// nothing to change
}

// A Sensitive does not get into a log by accident, alone or inside params.
func ExampleSensitive() {
	params := paperspace.SecretCreateParams{Name: "HF_TOKEN", Value: "hf_abc123"}

	fmt.Printf("%+v\n", params)
	encoded, err := json.Marshal(params)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(encoded))
	fmt.Println(params.Value.Reveal())
	// Output:
	// {Name:HF_TOKEN Value:[REDACTED]}
	// {"name":"HF_TOKEN","value":"[REDACTED]"}
	// hf_abc123
}

func ExampleParseRegion() {
	region, err := paperspace.ParseRegion("East Coast (NY2)")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(region, region == paperspace.RegionNY2, region.Long())
	// Output: ny2 true East Coast (NY2)
}

// A configuration decodes from the API's JSON, and from YAML with a package that converts it to JSON.
func ExampleDeploymentConfig() {
	var config paperspace.DeploymentConfig
	err := json.Unmarshal([]byte(`{
		"apiVersion": "v1", "name": "api", "image": "ghcr.io/acme/api:1.4",
		"resources": {"machineType": "C5", "replicas": 2, "ports": [8080]},
		"env": [{"name": "TOKEN", "value": "secret:API_TOKEN"}]
	}`), &config)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(config.V1.Image, *config.V1.Resources.Replicas, config.V1.Env[0].Value)
	// Output: ghcr.io/acme/api:1.4 2 [REDACTED]
}
