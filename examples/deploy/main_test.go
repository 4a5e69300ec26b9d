package main

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// newService serves an in-memory Paperspace as the real one, and returns a client and a project.
func newService(t *testing.T) (*paperspacetest.Server, *paperspace.Client, string) {
	srv := paperspacetest.New(t, paperspacetest.WithSpeed(1000))
	socket := httptest.NewServer(srv)
	t.Cleanup(socket.Close)
	t.Setenv("PAPERSPACE_API_KEY", srv.Key())
	t.Setenv("PAPERSPACE_API_URL", socket.URL+"/v1")
	client := srv.Client()
	project, err := client.Projects.Create(t.Context(), paperspace.ProjectCreateParams{Name: "p"})
	if err != nil {
		t.Fatal(err)
	}
	return srv, client, project.ID
}

func TestNothingIsCreatedWithoutCreate(t *testing.T) {
	_, client, project := newService(t)
	if err := run(t.Context(), settings{file: "deployment.yaml", project: project}); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), settings{file: "deployment.yaml"}); err == nil {
		t.Error("run without a project succeeded")
	}
	for d, err := range client.Deployments.All(t.Context(), paperspace.DeploymentListParams{}) {
		t.Error("found a deployment:", d.Name, err)
	}
}

func TestTheDeploymentIsSwitchedOff(t *testing.T) {
	srv, client, project := newService(t)
	for _, problem := range []string{"", "image not found"} {
		if problem != "" {
			srv.NextSpec(paperspacetest.Fails(problem))
		}
		err := run(t.Context(), settings{file: "deployment.yaml", project: project, create: true, logs: time.Millisecond})
		if (err != nil) != (problem != "") || err != nil && !strings.Contains(err.Error(), problem) {
			t.Fatalf("problem %q: %v", problem, err)
		}
		d, err := client.Deployments.GetByName(t.Context(), project, "deploy-example")
		if err != nil {
			t.Fatal(err)
		}
		if enabled := d.LatestSpec.Data.V1.Enabled; enabled == nil || *enabled {
			t.Errorf("problem %q: the deployment is not switched off", problem)
		}
	}
}
