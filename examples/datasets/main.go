// Datasets makes a dataset with a few versions, moves a tag from one version to the next, lists them and deletes them.
//
// A version tells where its files are, and what is put there (with any S3 client, say) is counted by the service. This
// program puts nothing there, so it costs nothing: without an API key it talks to an in-memory Paperspace, with
// PAPERSPACE_API_KEY (or PAPERSPACE_API_KEY_FILE) set to the real one.
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
	context.AfterFunc(ctx, stop) // a second interrupt ends it at once
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
		Name: name, Description: paperspace.Value("made by an example; may be deleted"),
	})
	if err != nil && !errors.Is(err, paperspace.ErrOutcomeUnknown) {
		return err // there is no dataset
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
		defer cancel()
		if removeErr := remove(ctx, client, name); removeErr != nil {
			err = errors.Join(err, fmt.Errorf("dataset %s may still be there: %w", name, removeErr))
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

// publish makes a version and commits it.
func publish(ctx context.Context, client *paperspace.Client, datasetID, message string) (*paperspace.DatasetVersion, error) {
	version, err := client.Versions.Create(ctx, datasetID, paperspace.DatasetVersionCreateParams{
		Message: &message, Metadata: map[string]any{"source": "examples/datasets"},
	})
	if err != nil {
		return nil, err
	}
	// Here a real program puts files into the version, and only then says that it is complete.
	return client.Versions.Update(ctx, datasetID, version.Version, paperspace.DatasetVersionUpdateParams{IsCommitted: new(true)})
}

// moveTag gives a tag to a version and takes it from all others, in that order, so that there is
// always a version that has it.
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
	versions, err := paperspace.Collect(holders) // all first: what is listed changes below
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

// remove finds the dataset by its name, since its id is lost if the answer to the create is. A new one may not show for a
// while.
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
	return errors.New("it has not shown for a minute")
}

func connect() (*paperspace.Client, error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		return paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("datasets"))
	}
	fmt.Fprintln(os.Stderr, "(no API key: in memory)")
	return paperspacetest.NewServer().Client(), nil
}
