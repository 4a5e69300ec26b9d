// Deploy applies the spec in a YAML file to the deployment with that name, which it creates if necessary, and shows its
// progress and logs until it is healthy.
//
//	deploy [-f deployment.yaml] [-project ID] [-keep]
//
// The file is a deployment configuration of the API. Without -keep, the program deletes what it created.
//
// Without an API key, it uses an in-memory Paperspace. With PAPERSPACE_API_KEY or PAPERSPACE_API_KEY_FILE set, it uses
// the real one, where the two replicas of deployment.yaml cost $0.16 an hour until they are deleted.
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
	"sync"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/configfile"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func main() {
	file := flag.String("f", "deployment.yaml", "the YAML file")
	project := flag.String("project", "", "project id; if empty, a project is created, and deleted with its contents")
	keep := flag.Bool("keep", false, "keep what was created")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt kills the program
	if err := run(ctx, *file, *project, *keep); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, file, projectID string, keep bool) (err error) {
	config, err := load(file)
	if err != nil {
		return err
	}
	client, err := connect()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()

	// Delete what was created, in reverse order, even after an interrupt.
	cleanup := func(undo func(context.Context) error) {
		if keep {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
		defer cancel()
		err = errors.Join(err, undo(ctx))
	}
	if projectID == "" {
		name := "deploy-example-" + strings.ToLower(rand.Text()[:8])
		project, err := client.Projects.Create(ctx, paperspace.ProjectCreateParams{Name: name})
		if err == nil || errors.Is(err, paperspace.ErrOutcomeUnknown) {
			defer cleanup(func(ctx context.Context) error { return removeProject(ctx, client, name) })
		}
		if err != nil {
			return fmt.Errorf("project %s: %w", name, err)
		}
		projectID = project.ID
	}

	params := paperspace.DeploymentUpsertParams{ProjectID: projectID, Config: config}
	existing, err := client.Deployments.GetByName(ctx, projectID, config.V1.Name)
	switch {
	case err == nil:
		params.DeploymentID = &existing.ID
	case errors.Is(err, paperspace.ErrNotFound):
		defer cleanup(func(ctx context.Context) error {
			return remove(ctx, client, projectID, config.V1.Name, errors.Is(err, paperspace.ErrOutcomeUnknown))
		})
	default:
		return err
	}
	deployment, err := apply(ctx, client, params)
	if err != nil {
		return err // includes the messages of failed instances
	}
	fmt.Println("healthy at", deployment.URL())
	return nil
}

// load reads a deployment configuration.
func load(file string) (config paperspace.DeploymentConfig, err error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return config, err
	}
	if config, err = configfile.ParseDeploymentConfig(content); err != nil {
		return config, fmt.Errorf("%s: %w", file, err)
	}
	if config.V1 == nil {
		return config, fmt.Errorf("%s: apiVersion must be v1", file)
	}
	return config, nil
}

// apply applies the spec and waits until it is healthy. Meanwhile it shows the progress and the logs.
func apply(ctx context.Context, client *paperspace.Client, params paperspace.DeploymentUpsertParams) (*paperspace.Deployment, error) {
	logCtx, stopLogs := context.WithCancel(ctx)
	var logs sync.WaitGroup
	defer func() {
		time.AfterFunc(time.Second, stopLogs) // the last lines may arrive after it is healthy
		logs.Wait()
		stopLogs()
	}()
	shown := ""
	return client.Deployments.Apply(ctx, params, paperspace.WithWaitTimeout(15*time.Minute), paperspace.WithOnChange(func(u paperspace.WaitUpdate) {
		if shown == "" { // the first update has the id
			logs.Go(func() { follow(logCtx, client, u.Deployment.ID) })
		}
		if now := progress(u.Deployment.LatestSpec); now != shown {
			fmt.Println("deploy", now)
			shown = now
		}
	}))
}

func progress(spec *paperspace.DeploymentSpec) string {
	switch {
	case spec == nil:
		return "no spec yet"
	case spec.Error != "":
		return "failed"
	case !spec.HealthyAt.IsZero():
		return "healthy"
	case !spec.ExternalApplied.IsZero():
		return "applied"
	}
	return "sent"
}

// follow prints the logs of a deployment until ctx ends. An error does not stop the deployment.
func follow(ctx context.Context, client *paperspace.Client, id string) {
	for line, err := range client.Deployments.FollowLogs(ctx, id, paperspace.FollowLogsParams{}) {
		switch {
		case err == nil:
			fmt.Printf("log    %s: %s\n", line.InstanceID, line.Message)
		case ctx.Err() == nil:
			log.Print("logs: ", err)
		}
	}
}

// remove finds the deployment by its name, since its id may be unknown, and deletes it. If the response to its create
// was lost, remove retries for a while: a new deployment may not be listed at once.
func remove(ctx context.Context, client *paperspace.Client, projectID, name string, lost bool) error {
	deployment, err := client.Deployments.GetByName(ctx, projectID, name)
	for since := time.Now(); lost && errors.Is(err, paperspace.ErrNotFound) && time.Since(since) < time.Minute; {
		time.Sleep(5 * time.Second)
		deployment, err = client.Deployments.GetByName(ctx, projectID, name)
	}
	if errors.Is(err, paperspace.ErrNotFound) && !lost {
		return nil
	}
	if err != nil {
		return fmt.Errorf("deployment %s may still exist: %w", name, err)
	}
	if _, err := client.Deployments.Delete(ctx, deployment.ID); err != nil && !errors.Is(err, paperspace.ErrNotFound) {
		return fmt.Errorf("deployment %s may still exist: %w", name, err)
	}
	fmt.Println("deleted", name)
	return nil
}

// removeProject finds the project by its name, since its id is lost if the response to the create is. A new one may not
// be listed for a while.
func removeProject(ctx context.Context, client *paperspace.Client, name string) error {
	for since := time.Now(); time.Since(since) < time.Minute; time.Sleep(5 * time.Second) {
		projects, err := paperspace.Collect(client.Projects.All(ctx, paperspace.ProjectListParams{}))
		if err != nil {
			return fmt.Errorf("project %s may still exist: %w", name, err)
		}
		i := slices.IndexFunc(projects, func(p paperspace.Project) bool { return p.Name == name })
		if i < 0 {
			continue
		}
		if _, err := client.Projects.Delete(ctx, projects[i].ID); err != nil && !errors.Is(err, paperspace.ErrNotFound) {
			return fmt.Errorf("project %s may still exist: %w", name, err)
		}
		fmt.Println("deleted", name)
		return nil
	}
	return fmt.Errorf("project %s may exist, but was not listed within a minute", name)
}

func connect() (*paperspace.Client, error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		return paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("deploy"))
	}
	fmt.Fprintln(os.Stderr, "no API key: using an in-memory Paperspace")
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(30)) // half a minute passes in a second
	return srv.Client(paperspace.WithPollInterval(50*time.Millisecond, 200*time.Millisecond)), nil
}
