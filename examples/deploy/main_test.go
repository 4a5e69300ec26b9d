package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/internal/exampletest"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// newService serves an in-memory Paperspace as the real one, and returns a client and a project.
func newService(t *testing.T) (*paperspacetest.Server, *paperspace.Client, string) {
	t.Helper()
	srv := exampletest.Service(t)
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

func TestCreateAndDelete(t *testing.T) {
	srv, client, project := newService(t)
	settings := settings{file: "deployment.yaml", project: project, create: true, logs: time.Millisecond}
	if err := run(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Deployments.GetByName(t.Context(), project, "deploy-example"); err != nil {
		t.Fatal(err)
	}
	srv.NextSpec(paperspacetest.Fails("image not found"))
	settings.file = filepath.Join(t.TempDir(), "changed.yaml")
	changed := "apiVersion: v1\nname: deploy-example\nimage: no/such\nresources: {machineType: C5, replicas: 1, ports: [80]}\n"
	if err := os.WriteFile(settings.file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), settings); err == nil || !strings.Contains(err.Error(), "image not found") {
		t.Errorf("a failed spec returned %v", err)
	}
	settings.delete = true
	if err := run(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Deployments.GetByName(t.Context(), project, "deploy-example"); !errors.Is(err, paperspace.ErrNotFound) {
		t.Errorf("the deployment was not deleted: %v", err)
	}
}

func TestOtherVersionsAreRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "old.json")
	if err := os.WriteFile(file, []byte(`{"apiVersion": "v0alpha0", "image": "x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), settings{file: file}); err == nil || !strings.Contains(err.Error(), "must be v1") {
		t.Errorf("%v", err)
	}
}
