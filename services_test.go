package paperspace

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A delete with an empty response returns the ids it was called with, unless it begins an operation.
func TestDeletesWithAnEmptyResponse(t *testing.T) {
	ctx := context.Background()
	for id, tc := range map[string]struct {
		call func(*Client) (any, error)
		want any
	}{
		"containerRegistries-delete":  {func(c *Client) (any, error) { return c.ContainerRegistries.Delete(ctx, "a") }, &ContainerRegistry{ID: "a"}},
		"customTemplates-delete":      {func(c *Client) (any, error) { return c.CustomTemplates.Delete(ctx, "a") }, &CustomTemplate{ID: "a"}},
		"datasets-delete":             {func(c *Client) (any, error) { return c.Datasets.Delete(ctx, "a") }, &Deleted{ID: "a"}},
		"datasetVersions-delete":      {func(c *Client) (any, error) { return c.Versions.Delete(ctx, "a", "b") }, &DeletedVersion{DatasetID: "a", Version: "b"}},
		"models-delete":               {func(c *Client) (any, error) { return c.Models.Delete(ctx, "a") }, &Deleted{ID: "a"}},
		"privateNetworks-delete":      {func(c *Client) (any, error) { return c.PrivateNetworks.Delete(ctx, "a") }, &Deleted{ID: "a"}},
		"projectCollaborators-delete": {func(c *Client) (any, error) { return c.Projects.DeleteCollaborator(ctx, "a", "b") }, &DeletedCollaborator{UserID: "b"}},
		"projectModels-remove":        {func(c *Client) (any, error) { return c.Projects.RemoveModel(ctx, "a", "b") }, &Model{ID: "b"}},
		"projectSecrets-delete":       {func(c *Client) (any, error) { return c.Projects.DeleteSecret(ctx, "a", "b") }, &DeletedSecret{Name: "b"}},
		"projects-delete":             {func(c *Client) (any, error) { return c.Projects.Delete(ctx, "a") }, &Project{ID: "a"}},
		"projectTags-remove":          {func(c *Client) (any, error) { return c.Tags.Remove(ctx, "a", TagRemoveParams{Name: "b"}) }, &Tag{Name: "b"}},
		"publicIps-release":           {func(c *Client) (any, error) { return c.PublicIPs.Release(ctx, "a") }, &ReleasedIP{IP: "a"}},
		"sharedDrives-delete":         {func(c *Client) (any, error) { return c.SharedDrives.Delete(ctx, "a") }, &Deleted{ID: "a"}},
		"snapshots-delete":            {func(c *Client) (any, error) { return c.Snapshots.Delete(ctx, "a") }, nil},
		"startupScripts-delete":       {func(c *Client) (any, error) { return c.StartupScripts.Delete(ctx, "a") }, &StartupScript{ID: "a"}},
		"storageProviders-delete":     {func(c *Client) (any, error) { return c.Storage.Delete(ctx, "a") }, &Deleted{ID: "a"}},
		"teamMemberships-removeUser":  {func(c *Client) (any, error) { return c.Users.Remove(ctx, "a", "b") }, &TeamMembership{}},
		"teamSecrets-delete":          {func(c *Client) (any, error) { return c.Teams.DeleteSecret(ctx, "a", "b") }, &DeletedSecret{Name: "b"}},
	} {
		t.Run(id, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // a failed delete is tried again
				rt := play(reply(http.StatusNoContent, ""))
				got, err := tc.call(newTestClient(t, rt))
				lastRequest(t, rt, id)
				if tc.want == nil {
					assert.ErrorIs(t, err, ErrOutcomeUnknown)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, tc.want, got)
			})
		})
	}
}

// Missing and invalid required params are refused before anything is sent.
func TestRequiredParamsOfServices(t *testing.T) {
	ctx := t.Context()
	key := S3Config{Bucket: "b", AccessKey: "k", SecretAccessKey: "s"}
	without := func(change func(*S3Config)) S3Config {
		changed := key
		change(&changed)
		return changed
	}
	registry := ContainerRegistryCreateParams{Name: "n", URL: "u", Username: "u"}
	for _, tc := range []struct {
		id, field string
		call      func(*Client) error
	}{
		{"containerRegistries-create", "kind", func(c *Client) error {
			p := registry
			p.Kind = new(ContainerRegistryKind(""))
			_, err := c.ContainerRegistries.Create(ctx, p)
			return err
		}},
		{"containerRegistries-update", "username", func(c *Client) error {
			_, err := c.ContainerRegistries.Update(ctx, "a", ContainerRegistryUpdateParams{Username: new("")})
			return err
		}},
		{"customTemplates-create", "machineId", func(c *Client) error {
			_, err := c.CustomTemplates.Create(ctx, CustomTemplateCreateParams{Name: "n"})
			return err
		}},
		{"machineAvailability-list", "machineType", func(c *Client) error {
			_, err := c.MachineTypes.GetAvailability(ctx, MachineAvailabilityParams{Region: RegionNY2})
			return err
		}},
		{"machineAvailability-list", "region", func(c *Client) error {
			_, err := c.MachineTypes.GetAvailability(ctx, MachineAvailabilityParams{MachineType: "C5"})
			return err
		}},
		{"projects-update", "name", func(c *Client) error {
			_, err := c.Projects.Update(ctx, "a", ProjectUpdateParams{})
			return err
		}},
		{"projectSecrets-create", "value", func(c *Client) error {
			_, err := c.Projects.CreateSecret(ctx, "a", SecretCreateParams{Name: "n"})
			return err
		}},
		{"teamSecrets-update", "value", func(c *Client) error {
			_, err := c.Teams.UpdateSecret(ctx, "a", "n", SecretUpdateParams{Value: mask})
			return err
		}},
		{"projectTags-remove", "name", func(c *Client) error {
			_, err := c.Tags.Remove(ctx, "a", TagRemoveParams{})
			return err
		}},
		{"publicIps-assign", "machineId", func(c *Client) error {
			_, err := c.PublicIPs.Assign(ctx, "192.0.2.1", PublicIPAssignParams{})
			return err
		}},
		{"publicIps-assign", "machineId", func(c *Client) error {
			_, err := c.PublicIPs.Assign(ctx, "192.0.2.1", PublicIPAssignParams{MachineID: Value("")})
			return err
		}},
		{"sharedDrives-create", "size", func(c *Client) error {
			_, err := c.SharedDrives.Create(ctx, SharedDriveCreateParams{Name: "n", Region: RegionNY2, NetworkID: "n"})
			return err
		}},
		{"startupScripts-create", "script", func(c *Client) error {
			_, err := c.StartupScripts.Create(ctx, StartupScriptCreateParams{Name: "n", Script: mask})
			return err
		}},
		{"startupScripts-update", "script", func(c *Client) error {
			_, err := c.StartupScripts.Update(ctx, "a", StartupScriptUpdateParams{Script: new(Sensitive(mask))})
			return err
		}},
		{"startupScripts-unassign", "machineId", func(c *Client) error {
			_, err := c.StartupScripts.Unassign(ctx, "a", StartupScriptAssignParams{})
			return err
		}},
		{"storageProviders-create", "storageProviderType", func(c *Client) error {
			_, err := c.Storage.Create(ctx, StorageProviderCreateParams{Name: "n", S3Config: key})
			return err
		}},
		{"storageProviders-update", "s3Config.bucket", func(c *Client) error {
			p := StorageProviderUpdateParams{Name: "n", S3Config: without(func(s *S3Config) { s.Bucket = "" })}
			_, err := c.Storage.Update(ctx, "a", p)
			return err
		}},
		{"storageProviders-update", "s3Config.secretAccessKey", func(c *Client) error {
			p := StorageProviderUpdateParams{Name: "n", S3Config: without(func(s *S3Config) { s.SecretAccessKey = "" })}
			_, err := c.Storage.Update(ctx, "a", p)
			return err
		}},
		{"storageProviders-update", "s3Config.accessKey", func(c *Client) error {
			p := StorageProviderUpdateParams{Name: "n", S3Config: without(func(s *S3Config) { s.AccessKey = mask })}
			_, err := c.Storage.Update(ctx, "a", p)
			return err
		}},
	} {
		t.Run(tc.id+" "+tc.field, func(t *testing.T) { assertRefused(t, tc.id, tc.field, tc.call) })
	}
}

func TestOSTemplatesNeedNoKey(t *testing.T) {
	rt := play(conformingReply(t, "osTemplates-list", `{"hasMore":false,"items":[
		{"id":"t0nspur5","name":"Ubuntu","agentType":"LinuxHeadless","operatingSystemLabel":"Ubuntu 22.04","defaultSizeGb":50.0,
		"availableMachineTypes":[{"machineTypeLabel":"C5","isAvailable":true}],"dtCreated":"2024-01-02T03:04:05.678Z"},
		{"id":"t","name":"n","agentType":"a","operatingSystemLabel":"o","defaultSizeGb":null,"availableMachineTypes":[],
		"dtCreated":"2024-01-02T03:04:05.678Z"}]}`))
	c, err := NewClient(WithHTTPClient(&http.Client{Transport: rt}))
	require.NoError(t, err)
	templates, err := Collect(c.OSTemplates.All(t.Context(), OSTemplateListParams{Name: "Ubuntu"}))
	require.NoError(t, err)
	query, _ := lastRequest(t, rt, "osTemplates-list")
	assert.Equal(t, url.Values{"name": {"Ubuntu"}, "limit": {"120"}}, query)
	require.Len(t, templates, 2)
	assert.Equal(t, new(50), templates[0].DefaultSizeGB)
	assert.Nil(t, templates[1].DefaultSizeGB)
	assert.Equal(t, []TemplateMachineType{{MachineTypeLabel: "C5", IsAvailable: true}}, templates[0].AvailableMachineTypes)
}

func TestFailedConnectionTest(t *testing.T) {
	for response, want := range map[string]ConnectionTest{
		`{"success":false,"error":"unauthorized"}`: {Message: "unauthorized"},
		`{"success":true}`:                         {Success: true},
	} {
		c := newTestClient(t, play(conformingReply(t, "containerRegistries-testConnection", response)))
		got, err := c.ContainerRegistries.TestConnection(t.Context(), "a")
		require.NoError(t, err)
		assert.Equal(t, want, *got)
	}
}

// Secrets are sent unmasked, and masked in all other output.
func TestSecretsAreSentUnmasked(t *testing.T) {
	ctx := t.Context()
	const secret = Sensitive("hunter2\n#!/bin/sh")
	key := S3Config{Bucket: "b", AccessKey: "k", SecretAccessKey: secret}

	assertSentUnmasked(t, "containerRegistries-create", ContainerRegistryCreateParams{Name: "n", URL: "u", Username: "u", Password: secret},
		func(c *Client, p ContainerRegistryCreateParams) (any, error) {
			return c.ContainerRegistries.Create(ctx, p)
		})
	assertSentUnmasked(t, "containerRegistries-update", ContainerRegistryUpdateParams{Password: new(secret)},
		func(c *Client, p ContainerRegistryUpdateParams) (any, error) {
			return c.ContainerRegistries.Update(ctx, "a", p)
		})
	assertSentUnmasked(t, "projectSecrets-create", SecretCreateParams{Name: "n", Value: secret},
		func(c *Client, p SecretCreateParams) (any, error) { return c.Projects.CreateSecret(ctx, "a", p) })
	assertSentUnmasked(t, "projectSecrets-update", SecretUpdateParams{Value: secret},
		func(c *Client, p SecretUpdateParams) (any, error) { return c.Projects.UpdateSecret(ctx, "a", "n", p) })
	assertSentUnmasked(t, "startupScripts-create", StartupScriptCreateParams{Name: "n", Script: secret},
		func(c *Client, p StartupScriptCreateParams) (any, error) { return c.StartupScripts.Create(ctx, p) })
	assertSentUnmasked(t, "startupScripts-update", StartupScriptUpdateParams{Script: new(secret)},
		func(c *Client, p StartupScriptUpdateParams) (any, error) { return c.StartupScripts.Update(ctx, "a", p) })
	assertSentUnmasked(t, "storageProviders-update", StorageProviderUpdateParams{Name: "n", S3Config: key},
		func(c *Client, p StorageProviderUpdateParams) (any, error) { return c.Storage.Update(ctx, "a", p) })
}

func assertSentUnmasked[P any](t *testing.T, id string, params P, call func(*Client, P) (any, error)) {
	t.Helper()
	rt := play(reply(http.StatusOK, `{"id":"a","name":"n"}`))
	_, err := call(newTestClient(t, rt), params)
	require.NoError(t, err)
	_, body := lastRequest(t, rt, id)
	assert.Contains(t, body, `hunter2\n#!/bin/sh`)

	logged, err := json.Marshal(params)
	require.NoError(t, err)
	assert.Contains(t, string(logged), mask)
	assert.NotContains(t, fmt.Sprintf("%s %v %+v %#v", logged, params, params, params), "hunter2")
}
