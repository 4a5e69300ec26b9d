package paperspace

import (
	"context"
	"iter"
)

// TeamsService manages the secrets of teams (tag Teams). Their members are in [UsersService].
type TeamsService struct{ client *Client }

var (
	teamSecretsList   = get("teamSecrets-list", "/teams/{id}/secrets")
	teamSecretsCreate = post("teamSecrets-create", "/teams/{id}/secrets")
	teamSecretsGet    = get("teamSecrets-get", "/teams/{id}/secrets/{name}")
	teamSecretsUpdate = patch("teamSecrets-update", "/teams/{id}/secrets/{name}").idempotent()
	teamSecretsDelete = remove("teamSecrets-delete", "/teams/{id}/secrets/{name}")
)

// ListSecrets fetches one page of the team's secrets, newest first.
//
// API: teamSecrets-list, GET /teams/{id}/secrets
func (s *TeamsService) ListSecrets(ctx context.Context, id string, params SecretListParams, opts ...RequestOption) (*Page[Secret], error) {
	return call[Page[Secret]](ctx, s.client, teamSecretsList, pathParams(id), &params, opts)
}

// AllSecrets iterates over the team's secrets, newest first. Calls teamSecrets-list for each page.
func (s *TeamsService) AllSecrets(ctx context.Context, id string, params SecretListParams, opts ...RequestOption) iter.Seq2[Secret, error] {
	return all[Secret](ctx, s.client, teamSecretsList, pathParams(id), params, opts)
}

// CreateSecret creates a secret of the team.
//
// API: teamSecrets-create, POST /teams/{id}/secrets
func (s *TeamsService) CreateSecret(ctx context.Context, id string, params SecretCreateParams, opts ...RequestOption) (*Secret, error) {
	return call[Secret](ctx, s.client, teamSecretsCreate, pathParams(id), &params, opts)
}

// GetSecret fetches the team's secret with the given name, without its value.
//
// API: teamSecrets-get, GET /teams/{id}/secrets/{name}
func (s *TeamsService) GetSecret(ctx context.Context, id, name string, opts ...RequestOption) (*Secret, error) {
	return call[Secret](ctx, s.client, teamSecretsGet, pathParams(id, name), nil, opts)
}

// UpdateSecret changes the value of a secret of the team.
//
// API: teamSecrets-update, PATCH /teams/{id}/secrets/{name}
func (s *TeamsService) UpdateSecret(ctx context.Context, id, name string, params SecretUpdateParams, opts ...RequestOption) (*Secret, error) {
	return call[Secret](ctx, s.client, teamSecretsUpdate, pathParams(id, name), &params, opts)
}

// DeleteSecret deletes a secret of the team.
//
// API: teamSecrets-delete, DELETE /teams/{id}/secrets/{name}
func (s *TeamsService) DeleteSecret(ctx context.Context, id, name string, opts ...RequestOption) (*DeletedSecret, error) {
	return deleted(ctx, s.client, teamSecretsDelete, pathParams(id, name), DeletedSecret{Name: name}, opts)
}
