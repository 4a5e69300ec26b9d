// Datasets creates a dataset with a few versions, moves a tag from one version to the next, lists the versions and
// deletes the dataset.
//
// A version has the URL of its files, which any S3 client can upload. This program uploads none, so it costs nothing.
//
// Without an API key, it uses an in-memory Paperspace. With PAPERSPACE_API_KEY or PAPERSPACE_API_KEY_FILE set, it uses
// the real one.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt kills the program
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	client, err := connect()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()

	name := "datasets-example-" + strings.ToLower(rand.Text()[:8])
	dataset, err := client.Datasets.Create(ctx, paperspace.DatasetCreateParams{
		Name: name, Description: paperspace.Value("created by an example; may be deleted"),
	})
	if err != nil && !errors.Is(err, paperspace.ErrOutcomeUnknown) {
		return err // no dataset was created
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
		defer cancel()
		if removeErr := remove(ctx, client, name); removeErr != nil {
			err = errors.Join(err, fmt.Errorf("dataset %s may still exist: %w", name, removeErr))
		}
	}()
	if err != nil {
		return err
	}
	for _, message := range []string{"raw scans", "without duplicates", "labelled"} {
		version, err := publish(ctx, client, dataset.ID, message)
		if err != nil {
			return err
		}
		if err := moveTag(ctx, client, dataset.ID, "latest", version.Version); err != nil {
			return err
		}
	}
	for version, err := range client.Versions.All(ctx, dataset.ID, paperspace.DatasetVersionListParams{}) {
		if err != nil {
			return err
		}
		fmt.Printf("%s  committed %-5t  %10d bytes  %-20s  %s\n", version.Version, version.IsCommitted, version.UsageBytes,
			version.Message, strings.Join(version.Tags, ", "))
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
func moveTag(ctx context.Context, client *paperspace.Client, datasetID, tag, to string) error {
	version, err := client.Versions.Get(ctx, datasetID, to)
	if err != nil {
		return err
	}
	if !slices.Contains(version.Tags, tag) {
		if err := setTags(ctx, client, version, append(version.Tags, tag)); err != nil {
			return err
		}
	}
	holders := client.Versions.All(ctx, datasetID, paperspace.DatasetVersionListParams{Tags: paperspace.VersionTags{tag}})
	versions, err := paperspace.Collect(holders) // collect first: the changes below affect the list
	if err != nil {
		return err
	}
	for _, version := range versions {
		if version.Version == to || !slices.Contains(version.Tags, tag) {
			continue
		}
		rest := slices.DeleteFunc(version.Tags, func(t string) bool { return t == tag })
		if err := setTags(ctx, client, &version, rest); err != nil {
			return err
		}
	}
	return nil
}

func setTags(ctx context.Context, client *paperspace.Client, version *paperspace.DatasetVersion, tags paperspace.VersionTags) error {
	_, err := client.Versions.Update(ctx, version.DatasetID, version.Version, paperspace.DatasetVersionUpdateParams{Tags: tags})
	return err
}

// remove finds the dataset by its name, since its id is lost if the response to the create is. A new one may not be
// listed for a while.
func remove(ctx context.Context, client *paperspace.Client, name string) error {
	for since := time.Now(); time.Since(since) < time.Minute; time.Sleep(5 * time.Second) {
		datasets, err := paperspace.Collect(client.Datasets.All(ctx, paperspace.DatasetListParams{}))
		if err != nil {
			return err
		}
		i := slices.IndexFunc(datasets, func(d paperspace.Dataset) bool { return d.Name == name })
		if i < 0 {
			continue
		}
		if _, err := client.Datasets.Delete(ctx, datasets[i].ID); err != nil && !errors.Is(err, paperspace.ErrNotFound) {
			return err
		}
		fmt.Println("deleted", name)
		return nil
	}
	return errors.New("not listed within a minute")
}

func connect() (*paperspace.Client, error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		return paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("datasets"))
	}
	fmt.Fprintln(os.Stderr, "no API key: using an in-memory Paperspace")
	return paperspacetest.NewServer().Client(), nil
}
