// Deploy applies a deployment configuration from a file, shows the progress until it is healthy, and follows the logs for
// a while.
//
//	deploy [-f deployment.yaml] [-project ID] [-create | -delete] [-logs 3s]
//
// The file is a deployment configuration of the API in YAML or JSON. Without an API key, the program uses an in-memory
// Paperspace, and deletes the deployment at the end. With PAPERSPACE_API_KEY or PAPERSPACE_API_KEY_FILE set, it uses the
// real one. There it only says what it would do, unless -create or -delete is given: the replicas cost money until the
// deployment is deleted.
package main

import (
	"cmp"
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
	file, project  string
	create, delete bool
	logs           time.Duration
}

func main() {
	var s settings
	flag.StringVar(&s.file, "f", "deployment.yaml", "the `file` with the configuration")
	flag.StringVar(&s.project, "project", "", "the `id` of the project; the real service needs one")
	flag.BoolVar(&s.create, "create", false, "apply the configuration at the real service")
	flag.BoolVar(&s.delete, "delete", false, "delete the deployment with the name in the configuration")
	flag.DurationVar(&s.logs, "logs", 3*time.Second, "how long to follow the logs")
	flag.Parse()
	if flag.NArg() > 0 {
		log.Fatalf("unexpected argument %q", flag.Arg(0))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt kills the program
	if err := run(ctx, s); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, s settings) error {
	content, err := os.ReadFile(s.file)
	if err != nil {
		return err
	}
	config, err := configfile.ParseDeploymentConfig(content)
	if err != nil || config.V1 == nil {
		return fmt.Errorf("%s: %w", s.file, cmp.Or(err, errors.New("apiVersion must be v1")))
	}
	client, project, real, err := connect(ctx, s.project)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	switch {
	case s.delete:
		return remove(ctx, client, project, config.V1.Name)
	case real && !s.create:
		fmt.Printf("-create would create or change the deployment %s in project %s\n", config.V1.Name, project)
		return nil
	}

	shown := ""
	deployment, err := client.Deployments.Apply(ctx, paperspace.DeploymentUpsertParams{ProjectID: project, Config: config},
		paperspace.WithOnChange(func(u paperspace.WaitUpdate) {
			if now := progress(u.Instances); now != shown {
				fmt.Println("deploy  ", now)
				shown = now
			}
		}))
	if err != nil {
		return err // contains the messages of failed instances
	}
	fmt.Println("healthy ", deployment.URL())
	if err := follow(ctx, client, deployment.ID, s.logs); err != nil || real {
		return err
	}
	return remove(ctx, client, project, config.V1.Name)
}

// progress describes the instances of a spec, such as "2 healthy, 1 pending".
func progress(instances []paperspace.DeploymentInstance) string {
	if len(instances) == 0 {
		return "no instances yet"
	}
	counts := map[string]int{}
	for _, instance := range instances {
		counts[instance.State]++
	}
	var parts []string
	for _, state := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprint(counts[state], " ", state))
	}
	return strings.Join(parts, ", ")
}

// follow prints the logs of a deployment for a while.
func follow(ctx context.Context, client *paperspace.Client, id string, d time.Duration) error {
	for line, err := range client.Deployments.FollowLogs(ctx, id, paperspace.FollowLogsParams{}, paperspace.WithWaitTimeout(d)) {
		if errors.Is(err, paperspace.ErrWaitTimeout) {
			return nil
		} else if err != nil {
			return err
		}
		fmt.Printf("log      %s: %s\n", line.InstanceID, line.Message)
	}
	return nil
}

func remove(ctx context.Context, client *paperspace.Client, project, name string) error {
	deployment, err := client.Deployments.GetByName(ctx, project, name)
	if err != nil {
		return err
	}
	if err := client.Deployments.EnsureDeleted(ctx, deployment.ID); err != nil {
		return err
	}
	fmt.Println("deleted ", name)
	return nil
}

// connect returns a client and the project to use, and reports whether it uses the real service. In the in-memory
// Paperspace it creates a project.
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
