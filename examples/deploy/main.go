// Deploy shows the life of a deployment: it loads a spec from a file, applies it, shows the progress until the spec is
// healthy, follows the logs for a while and switches the deployment off.
//
//	deploy [-f deployment.yaml] [-project ID] [-create] [-logs 3s] [-keep]
//
// The file is a deployment configuration of the API in YAML or JSON. Without an API key, the program uses an in-memory
// Paperspace. With PAPERSPACE_API_KEY or PAPERSPACE_API_KEY_FILE set, it uses the real one. There it only reads unless
// -create is given: the two replicas of deployment.yaml cost $0.16 an hour until they are switched off.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/configfile"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

type settings struct {
	file, project string
	create, keep  bool
	logs          time.Duration
}

func main() {
	var s settings
	flag.StringVar(&s.file, "f", "deployment.yaml", "the `file` with the spec")
	flag.StringVar(&s.project, "project", "", "the `id` of the project; the real service needs one")
	flag.BoolVar(&s.create, "create", false, "apply the spec at the real service")
	flag.BoolVar(&s.keep, "keep", false, "do not switch the deployment off")
	flag.DurationVar(&s.logs, "logs", 3*time.Second, "how long to follow the logs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt kills the program
	if err := run(ctx, s); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, s settings) (err error) {
	config, err := load(s.file)
	if err != nil {
		return err
	}
	client, project, real, err := connect(ctx, s.project)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	params := paperspace.DeploymentUpsertParams{ProjectID: project, Config: config}
	if real && !s.create {
		return show(ctx, client, params)
	}

	var upsert paperspace.Response
	if !s.keep {
		defer func() { // even after an interrupt or a failure, unless nothing was changed
			if len(upsert.Attempts) > 0 && upsert.StatusCode/100 != 4 {
				err = errors.Join(err, switchOff(context.WithoutCancel(ctx), client, params))
			}
		}()
	}
	shown := ""
	deployment, err := client.Deployments.Apply(ctx, params,
		paperspace.WithUpsertOptions(paperspace.WithResponse(&upsert)),
		paperspace.WithOnChange(func(u paperspace.WaitUpdate) {
			if now := progress(u); now != shown {
				fmt.Println("deploy  ", now)
				shown = now
			}
		}))
	if err != nil {
		return err // contains the messages of failed instances
	}
	fmt.Println("healthy ", deployment.URL())
	return follow(ctx, client, deployment.ID, s.logs)
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

// progress describes how far a spec is, such as "2 of 3 healthy, image not found on 1".
func progress(u paperspace.WaitUpdate) string {
	switch spec := u.Deployment.LatestSpec; {
	case spec == nil || spec.ExternalApplied.IsZero():
		return "waiting for the spec to be applied"
	case len(u.Instances) == 0:
		return "applied"
	}
	healthy, failed := 0, map[string]int{}
	for _, instance := range u.Instances {
		switch {
		case instance.State == "healthy":
			healthy++
		case instance.Failed():
			failed[instance.StateMessage]++
		}
	}
	parts := []string{fmt.Sprintf("%d of %d healthy", healthy, len(u.Instances))}
	for _, message := range slices.Sorted(maps.Keys(failed)) {
		parts = append(parts, fmt.Sprintf("%s on %d", message, failed[message]))
	}
	return strings.Join(parts, ", ")
}

// follow prints the logs of a deployment for a while.
func follow(ctx context.Context, client *paperspace.Client, id string, d time.Duration) error {
	for line, err := range client.Deployments.FollowLogs(ctx, id, paperspace.FollowLogsParams{}, paperspace.WithWaitTimeout(d)) {
		switch {
		case errors.Is(err, paperspace.ErrWaitTimeout), ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		fmt.Printf("log      %s: %s\n", line.InstanceID, line.Message)
	}
	return nil
}

// switchOff applies the same spec with enabled set to false.
func switchOff(ctx context.Context, client *paperspace.Client, params paperspace.DeploymentUpsertParams) error {
	params.Config.V1.Enabled = new(false)
	_, err := client.Deployments.Apply(ctx, params, paperspace.WithWaitTimeout(5*time.Minute))
	if err != nil {
		return fmt.Errorf("deployment %s may still run: %w", params.Config.V1.Name, err)
	}
	fmt.Println("off     ", params.Config.V1.Name)
	return nil
}

// show prints the state of the deployment, and changes nothing.
func show(ctx context.Context, client *paperspace.Client, params paperspace.DeploymentUpsertParams) error {
	deployment, err := client.Deployments.GetByName(ctx, params.ProjectID, params.Config.V1.Name)
	switch {
	case errors.Is(err, paperspace.ErrNotFound):
		fmt.Println("read-only: -create would create the deployment", params.Config.V1.Name)
	case err != nil:
		return err
	default:
		fmt.Println("read-only: -create would change the deployment", deployment.Name, "at", deployment.URL())
	}
	return nil
}

// connect returns a client and the project to use. In the in-memory Paperspace it creates one.
func connect(ctx context.Context, project string) (client *paperspace.Client, projectID string, real bool, err error) {
	if os.Getenv("PAPERSPACE_API_KEY")+os.Getenv("PAPERSPACE_API_KEY_FILE") != "" {
		if project == "" {
			return nil, "", true, errors.New("-project is required at the real service")
		}
		client, err = paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("deploy"))
		return client, project, true, err
	}
	fmt.Fprintln(os.Stderr, "no API key: using an in-memory Paperspace")
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(30)) // half a minute passes in a second
	client = srv.Client(paperspace.WithPollInterval(50*time.Millisecond, 200*time.Millisecond))
	created, err := client.Projects.Create(ctx, paperspace.ProjectCreateParams{Name: "deploy-example"})
	if err != nil {
		return nil, "", false, err
	}
	return client, created.ID, false, nil
}
