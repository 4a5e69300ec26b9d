package paperspace_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// applyParams describe a deployment in a new project.
func applyParams(t *testing.T, client *paperspace.Client, image string) paperspace.DeploymentUpsertParams {
	t.Helper()
	project, err := client.Projects.Create(t.Context(), paperspace.ProjectCreateParams{Name: "p"})
	require.NoError(t, err)
	return paperspace.DeploymentUpsertParams{ProjectID: project.ID, Config: paperspace.DeploymentConfig{V1: &paperspace.DeploymentConfigV1{
		Name: "api", Image: image, Resources: paperspace.DeploymentResources{MachineType: "C5"},
	}}}
}

func TestApplyKeepsToItsProject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := paperspacetest.New(t).Client()
		theirs, err := client.Deployments.Apply(t.Context(), applyParams(t, client, "theirs"))
		require.NoError(t, err)
		ours, err := client.Deployments.Apply(t.Context(), applyParams(t, client, "ours"))
		require.NoError(t, err)
		assert.NotEqual(t, theirs.ID, ours.ID)
		again, err := client.Deployments.Get(t.Context(), theirs.ID)
		require.NoError(t, err)
		assert.Equal(t, theirs.LatestSpec.ID, again.LatestSpec.ID, "the other project's deployment has a new spec")
	})
}

func TestApplyWhenAnotherCallerUpserts(t *testing.T) {
	for _, delay := range []time.Duration{0, 500 * time.Millisecond, 4 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			client := paperspacetest.New(t).Client()
			params := applyParams(t, client, "nginx:1")
			_, err := client.Deployments.Apply(t.Context(), params)
			require.NoError(t, err)

			params.Config.V1.Image = "nginx:2"
			other := params
			other.Config.V1 = new(*params.Config.V1)
			other.Config.V1.Image = "nginx:3"
			sent := false
			client, err = client.With(paperspace.WithHook(func(ctx context.Context, info paperspace.CallInfo) (context.Context, func(paperspace.CallResult)) {
				return ctx, func(paperspace.CallResult) {
					if info.Endpoint == "deployments-upsert" && !sent {
						sent = true
						time.AfterFunc(delay, func() { _, _ = client.Deployments.Upsert(context.Background(), other) })
					}
				}
			}))
			require.NoError(t, err)
			_, err = client.Deployments.Apply(t.Context(), params)
			require.ErrorIs(t, err, paperspace.ErrSpecReplaced, "another upsert %s later", delay)
		})
	}
}

func TestApplySendsTheCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := paperspacetest.New(t).Client()
		var headers []paperspace.RequestOption
		for name, value := range map[string]string{
			"x-git-host": "github", "x-git-actor": "ann", "x-git-sha": "abc", "x-git-ref": "main", "x-git-owner": "acme", "x-git-repo": "api",
		} {
			headers = append(headers, paperspace.WithHeader(name, value))
		}
		d, err := client.Deployments.Apply(t.Context(), applyParams(t, client, "nginx:1"), paperspace.WithUpsertOptions(headers...))
		require.NoError(t, err)
		require.NotNil(t, d.LatestSpec.Metadata)
		assert.Equal(t, "abc", d.LatestSpec.Metadata.GitHeaders.SHA)
	})
}

// An upsert whose response is lost is not sent again. Apply finds out whether it was carried out.
func TestApplyWhenTheUpsertIsLost(t *testing.T) {
	for _, exists := range []bool{false, true} {
		for _, carriedOut := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				srv := paperspacetest.New(t)
				client := srv.Client()
				params := applyParams(t, client, "nginx:1")
				if exists {
					_, err := client.Deployments.Apply(t.Context(), params)
					require.NoError(t, err)
					params.Config.V1.Image = "nginx:2"
				}
				srv.ResetCalls()
				srv.Inject(paperspacetest.Fault{Endpoint: "deployments-upsert", Status: 502, HTML: true, CarriedOut: carriedOut})
				start := time.Now()
				d, err := client.Deployments.Apply(t.Context(), params)
				assert.Len(t, srv.Calls("deployments-upsert"), 1, "exists: %t, carried out: %t", exists, carriedOut)
				if carriedOut {
					require.NoError(t, err, "exists: %t", exists)
					assert.Equal(t, params.Config.V1.Image, d.LatestSpec.Data.V1.Image)
					return
				}
				require.ErrorIs(t, err, paperspace.ErrOutcomeUnknown, "exists: %t", exists)
				assert.NotErrorIs(t, err, paperspace.ErrNotFound, "exists: %t", exists)
				assert.Less(t, time.Since(start), 3*time.Minute)
			})
		}
	}
}
