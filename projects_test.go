package paperspace

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const okModel = `{"id":"mo1","name":"bert","dtCreated":"2024-01-02T03:04:05Z","dtModified":"2024-01-02T03:04:05Z",
	"isPublic":false,"teamId":"te1","storageProviderId":null,"description":null,"projectId":"p1"}`

func TestAddModelHasNoBody(t *testing.T) {
	rt := play(reply(http.StatusBadGateway, ""), conformingReply(t, "projectModels-add", okModel))
	model, err := newTestClient(t, rt, WithRetryPolicy(RetryPolicy{MinDelay: 1, MaxDelay: 1})).Projects.AddModel(t.Context(), "p1", "mo1")
	require.NoError(t, err)
	lastRequest(t, rt, "projectModels-add")
	assert.Equal(t, 2, rt.count(), "attempts of an idempotent request")
	assert.Equal(t, "p1", model.ProjectID)
	assert.Nil(t, model.Description)
}

func TestRemoveTag(t *testing.T) {
	rt := play(conformingReply(t, "projectTags-remove", `{"id":4711,"name":"a, b","dtCreated":"2024-01-02T03:04:05Z"}`))
	tag, err := newTestClient(t, rt).Tags.Remove(t.Context(), "p1", TagRemoveParams{Name: "a, b"})
	require.NoError(t, err)
	query, _ := lastRequest(t, rt, "projectTags-remove")
	assert.Equal(t, url.Values{"name": {"a, b"}}, query)
	assert.Equal(t, &Tag{ID: 4711, Name: "a, b", CreatedAt: time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)}, tag)

	c := newTestClient(t, play(reply(http.StatusNotFound, `{"message":"Not found","code":"NOT_FOUND"}`)))
	tag, err = c.Tags.Remove(t.Context(), "p1", TagRemoveParams{Name: "a"})
	require.ErrorIs(t, err, ErrNotFound)
	assert.Nil(t, tag)
}

// After a create it is unknown whether a deployment uses the secret, which differs from knowing that none does.
func TestSecretHasDeploymentAttached(t *testing.T) {
	const secret = `{"name":"DB_PASSWORD","dtCreated":"2024-01-02T03:04:05Z","dtModified":"2024-01-02T03:04:05Z"`
	rt := play(
		conformingReply(t, "projectSecrets-create", secret+`}`), conformingReply(t, "teamSecrets-create", secret+`}`),
		conformingReply(t, "projectSecrets-getProjectSecret", secret+`,"hasDeploymentAttached":false}`),
		conformingReply(t, "teamSecrets-get", secret+`,"hasDeploymentAttached":true}`),
	)
	c := newTestClient(t, rt)
	params := SecretCreateParams{Name: "DB_PASSWORD", Value: "s"}
	for _, tc := range []struct {
		id   string
		call func() (*Secret, error)
		want *bool
	}{
		{"projectSecrets-create", func() (*Secret, error) { return c.Projects.CreateSecret(t.Context(), "p1", params) }, nil},
		{"teamSecrets-create", func() (*Secret, error) { return c.Teams.CreateSecret(t.Context(), "te1", params) }, nil},
		{"projectSecrets-getProjectSecret", func() (*Secret, error) { return c.Projects.GetSecret(t.Context(), "p1", "DB_PASSWORD") }, new(false)},
		{"teamSecrets-get", func() (*Secret, error) { return c.Teams.GetSecret(t.Context(), "te1", "DB_PASSWORD") }, new(true)},
	} {
		got, err := tc.call()
		require.NoError(t, err)
		lastRequest(t, rt, tc.id)
		assert.Equal(t, "DB_PASSWORD", got.Name)
		assert.Equal(t, tc.want, got.HasDeploymentAttached, tc.id)
	}
}

func TestProjectActivity(t *testing.T) {
	const id = "6e3a4f0c-0f5e-4a3c-9d53-5d3a1b1f0e01"
	rt := play(conformingReply(t, "projectActivity-list", `{"hasMore":false,"items":[
		{"id":"`+id+`","action":"deployment.scaled","dtCreated":"2024-01-02T03:04:05Z","data":{"from":1,"to":3.0},
			"deployment":{"id":"`+id+`","name":"d","dtDeleted":null},"actor":{"email":null,"fullName":"System"}},
		{"id":"`+id+`","action":"deployment.created","dtCreated":"2024-01-02T03:04:05Z","data":null,"deployment":null,"actor":null}]}`))
	params := ProjectActivityListParams{ListParams: ListParams{After: id}, DeploymentID: id}
	page, err := newTestClient(t, rt).Projects.ListActivity(t.Context(), "p1", params)
	require.NoError(t, err)
	query, _ := lastRequest(t, rt, "projectActivity-list")
	assert.Equal(t, url.Values{"after": {id}, "deploymentId": {id}}, query)
	at := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	assert.Equal(t, []ProjectActivity{
		{
			ID: id, Action: ProjectActivityActionDeploymentScaled, CreatedAt: at, Data: &ProjectActivityData{From: 1, To: 3},
			Deployment: &ProjectActivityDeployment{ID: id, Name: "d"}, Actor: &ProjectActivityActor{FullName: "System"},
		},
		{ID: id, Action: ProjectActivityActionDeploymentCreated, CreatedAt: at},
	}, page.Items)
}

// Lists and updates return members in two shapes. An update sends false explicitly.
func TestTeamMembers(t *testing.T) {
	rt := play(
		conformingReply(t, "teamMemberships-listByTeamId", `{"hasMore":false,"items":[{"isAdmin":true,"isOwner":false,
			"dtConfirmed":"2024-01-02T03:04:05Z","user":{"id":"u1","email":"a@example.com","lastActive":"2024-01-02T03:04:05Z"}}]}`),
		conformingReply(t, "teamMemberships-update", `{"isOwner":false,"isAdmin":false,"dtConfirmed":"2024-01-02T03:04:05Z","dtDeleted":null}`),
	)
	c := newTestClient(t, rt)
	at := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	members, err := c.Users.List(t.Context(), "te1", TeamMemberListParams{
		ListParams: ListParams{OrderBy: OrderByConfirmedAt}, Role: TeamRoleAdmin,
	})
	require.NoError(t, err)
	query, _ := lastRequest(t, rt, "teamMemberships-listByTeamId")
	assert.Equal(t, url.Values{"role": {"admin"}, "orderBy": {"dtConfirmed"}}, query)
	user := TeamMemberUser{ID: "u1", Email: "a@example.com", LastActive: at}
	assert.Equal(t, []TeamMember{{IsAdmin: true, ConfirmedAt: at, User: user}}, members.Items)

	membership, err := c.Users.Update(t.Context(), "te1", "u1", TeamMembershipUpdateParams{})
	require.NoError(t, err)
	_, body := lastRequest(t, rt, "teamMemberships-update")
	assert.Equal(t, `{"isAdmin":false}`, body)
	assert.Equal(t, &TeamMembership{ConfirmedAt: at}, membership)
}
