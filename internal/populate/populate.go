// Package populate fills an in-memory Paperspace with one or two objects of every kind, so that every endpoint that
// reads has something to return.
package populate

import (
	"context"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// Server fills a server through its API. The pass function lets time pass for the server: machines and deployments take
// some minutes. Server panics on an error, which is a bug in this repository.
func Server(s *paperspacetest.Server, pass func(time.Duration)) {
	ctx, c := context.Background(), s.Client()
	var ids []string // of machines
	for _, name := range []string{"trainer", "web server"} {
		op := must(c.Machines.Create(ctx, paperspace.MachineCreateParams{
			Name: name, MachineType: "A4000", TemplateID: paperspacetest.UbuntuID, DiskSize: 50, Region: paperspace.RegionNY2,
			StartOnCreate: new(true),
		}))
		ids = append(ids, op.Data.ID)
		pass(5 * time.Minute)
	}
	must(c.Snapshots.Create(ctx, paperspace.SnapshotCreateParams{Name: "before the upgrade", MachineID: ids[0]}))
	pass(5 * time.Minute)
	s.NextEvent(paperspace.MachineEventNameStop, paperspacetest.FailsSilently())
	must(c.Machines.Stop(ctx, ids[1]))
	pass(5 * time.Minute)
	must(c.Machines.AddAccessor(ctx, ids[0], paperspace.MachineAccessorAddParams{UserID: paperspacetest.MemberID}))
	for _, name := range []string{"install tools", "mount drives"} {
		must(c.StartupScripts.Create(ctx, paperspace.StartupScriptCreateParams{Name: name, Script: "#!/bin/sh\n"}))
		must(c.SharedDrives.Create(ctx, paperspace.SharedDriveCreateParams{
			Name: name, Size: 250, Region: paperspace.RegionNY2, NetworkID: paperspacetest.NetworkID,
		}))
		must(c.PublicIPs.Claim(ctx, paperspace.PublicIPClaimParams{Region: paperspace.RegionNY2}))
		must(c.ContainerRegistries.Create(ctx, paperspace.ContainerRegistryCreateParams{
			Name: name, Namespace: "example", URL: "https://registry.example.com", Username: "example", Password: "secret",
		}))
	}
	for _, name := range []string{"REGISTRY_TOKEN", "DATABASE_URL"} {
		must(c.Teams.CreateSecret(ctx, paperspacetest.TeamID, paperspace.SecretCreateParams{Name: name, Value: "secret"}))
	}
	for _, public := range []bool{false, false, true} {
		d := must(c.Datasets.Create(ctx, paperspace.DatasetCreateParams{Name: "images", IsPublic: &public}))
		must(c.Versions.Create(ctx, d.ID, paperspace.DatasetVersionCreateParams{Tags: paperspace.VersionTags{"raw"}}))
		must(c.Versions.Create(ctx, d.ID, paperspace.DatasetVersionCreateParams{Metadata: map[string]any{"count": 12}}))
	}
	must(c.Storage.Create(ctx, paperspace.StorageProviderCreateParams{
		Name: "bucket", StorageProviderType: paperspace.StorageProviderTypeS3,
		S3Config: paperspace.S3Config{Bucket: "example", AccessKey: "AKIAEXAMPLE", SecretAccessKey: "secret"},
	}))
	for _, name := range []string{"research", "product"} {
		project(ctx, c, name)
	}
	pass(5 * time.Minute) // the deployments become healthy
	s.ResetCalls()
}

// project makes a project with something of all that projects have.
func project(ctx context.Context, c *paperspace.Client, name string) {
	p := must(c.Projects.Create(ctx, paperspace.ProjectCreateParams{Name: name}))
	must(c.Projects.CreateCollaborator(ctx, p.ID, paperspace.ProjectCollaboratorCreateParams{UserID: paperspacetest.MemberID}))
	for _, part := range []string{"frontend", "backend"} {
		must(c.Projects.CreateSecret(ctx, p.ID, paperspace.SecretCreateParams{Name: part, Value: "secret"}))
		must(c.Tags.Add(ctx, p.ID, paperspace.TagAddParams{Name: part}))
		must(c.Models.Create(ctx, paperspace.ModelCreateParams{Name: part, ProjectID: &p.ID}))
		must(c.Deployments.Upsert(ctx, paperspace.DeploymentUpsertParams{
			ProjectID: p.ID,
			Config: paperspace.DeploymentConfig{V1: &paperspace.DeploymentConfigV1{
				Name: part, Image: "registry.example.com/" + part + ":1.4",
				Env:       []paperspace.EnvVar{{Name: "MODE", Value: "production"}},
				Resources: paperspace.DeploymentResources{MachineType: "C5", Replicas: new(2), Ports: []int{8080}},
			}},
		}))
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic("populate: " + err.Error())
	}
	return value
}
