// Datasets creates a dataset with a few versions, moves a tag from one version to the next, lists the versions and
// deletes the dataset.
//
//	datasets [-create]
//
// A version has the URL of its files, which any S3 client can upload. This program uploads none.
//
// Without an API key, it uses an in-memory Paperspace. With PAPERSPACE_API_KEY or PAPERSPACE_API_KEY_FILE set, it uses
// the real one, and only lists the datasets unless -create is given.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func main() {
	create := flag.Bool("create", false, "create a dataset at the real service, and delete it afterwards")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt kills the program
	if err := run(ctx, *create); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, create bool) (err error) {
	client, real, err := connect()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	if real && !create {
		return list(ctx, client)
	}
	name := "datasets-example-" + strings.ToLower(rand.Text()[:8])
	dataset, err := client.Datasets.Create(ctx, paperspace.DatasetCreateParams{
		Name: name, Description: paperspace.Value("created by an example; may be deleted"),
	})
	cleanup := context.WithoutCancel(ctx) // which an interrupt must not stop
	if errors.Is(err, paperspace.ErrOutcomeUnknown) {
		dataset, err = client.Datasets.GetByName(cleanup, name)
	}
	if err != nil {
		return fmt.Errorf("creating dataset %s: %w", name, err)
	}
	defer func() {
		if _, deleteErr := client.Datasets.Delete(cleanup, dataset.ID); deleteErr != nil && !errors.Is(deleteErr, paperspace.ErrNotFound) {
			err = errors.Join(err, fmt.Errorf("dataset %s may still exist: %w", name, deleteErr))
			return
		}
		fmt.Println("deleted", name)
	}()
	for _, message := range []string{"raw scans", "without duplicates", "labelled"} {
		version, err := publish(ctx, client, dataset.ID, message)
		if err != nil {
			return err
		}
		if err := moveTag(ctx, client, version, "latest"); err != nil {
			return err
		}
	}
	for version, err := range client.Versions.All(ctx, dataset.ID, paperspace.DatasetVersionListParams{}) {
		if err != nil {
			return err
		}
		fmt.Printf("%-14s  committed %-5t  %8v  %-18.18s  %s\n", version.Version, version.IsCommitted, version.UsageBytes,
			version.Message, strings.Join(version.Tags, ", "))
	}
	return nil
}

// list prints the team's datasets.
func list(ctx context.Context, client *paperspace.Client) error {
	fmt.Println("-create would create a dataset, and delete it; these exist:")
	for dataset, err := range client.Datasets.All(ctx, paperspace.DatasetListParams{}) {
		if err != nil {
			return err
		}
		fmt.Println(dataset.ID, dataset.Name)
	}
	return nil
}

// publish creates a version and commits it.
func publish(ctx context.Context, client *paperspace.Client, datasetID, message string) (*paperspace.DatasetVersion, error) {
	version, err := client.Versions.Create(ctx, datasetID, paperspace.DatasetVersionCreateParams{
		Message: &message, Metadata: map[string]any{"source": "examples/datasets"},
	})
	if err != nil {
		return nil, err
	}
	// A real program uploads the files here, before it commits the version.
	return client.Versions.Update(ctx, datasetID, version.Version, paperspace.DatasetVersionUpdateParams{IsCommitted: new(true)})
}

// moveTag adds a tag to a version and then removes it from all others, so that at any time a version has it.
func moveTag(ctx context.Context, client *paperspace.Client, version *paperspace.DatasetVersion, tag string) error {
	if err := setTags(ctx, client, version, append(version.Tags, tag)); err != nil {
		return err
	}
	holders := client.Versions.All(ctx, version.DatasetID, paperspace.DatasetVersionListParams{Tags: paperspace.VersionTags{tag}})
	versions, err := paperspace.Collect(holders) // collect first: the changes below affect the list
	if err != nil {
		return err
	}
	for _, other := range versions {
		if other.Version == version.Version {
			continue
		}
		rest := slices.DeleteFunc(slices.Clone(other.Tags), func(t string) bool { return t == tag })
		if err := setTags(ctx, client, &other, rest); err != nil {
			return err
		}
	}
	return nil
}

// setTags replaces the tags of a version, unless it has these.
func setTags(ctx context.Context, client *paperspace.Client, version *paperspace.DatasetVersion, tags paperspace.VersionTags) error {
	change := paperspace.Changed(version.UpdateParams(), paperspace.DatasetVersionUpdateParams{Tags: tags})
	if change.IsZero() {
		return nil
	}
	_, err := client.Versions.Update(ctx, version.DatasetID, version.Version, change)
	return err
}

// connect returns a client and reports whether it uses the real service.
func connect() (client *paperspace.Client, real bool, err error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		client, err = paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("datasets"))
		return client, true, err
	}
	fmt.Fprintln(os.Stderr, "no API key: using an in-memory Paperspace")
	return paperspacetest.NewServer().Client(), false, nil
}
