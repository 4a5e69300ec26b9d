package paperspace

import (
	"context"
	"iter"
	"net/http"
)

// TeamsService has the operations on the secrets of teams, of the tag Teams. The members of a team are in
// [UsersService].
type TeamsService struct{ client *Client }

var (
	teamSecretsList   = &operation{id: "teamSecrets-list", method: http.MethodGet, path: "/teams/{id}/secrets", class: ClassSafe}
	teamSecretsCreate = &operation{id: "teamSecrets-create", method: http.MethodPost, path: "/teams/{id}/secrets", class: ClassNeither}
	teamSecretsGet    = &operation{id: "teamSecrets-get", method: http.MethodGet, path: "/teams/{id}/secrets/{name}", class: ClassSafe}
	teamSecretsUpdate = &operation{id: "teamSecrets-update", method: http.MethodPatch, path: "/teams/{id}/secrets/{name}", class: ClassIdempotent}
	teamSecretsDelete = &operation{id: "teamSecrets-delete", method: http.MethodDelete, path: "/teams/{id}/secrets/{name}", class: ClassIdempotent}
)

// ListSecrets fetches one page of the team's secrets, newest first.
//
// API: teamSecrets-list, GET /teams/{id}/secrets
func (s *TeamsService) ListSecrets(ctx context.Context, id string, params SecretListParams, opts ...RequestOption) (*Page[Secret], error) {
	return call[Page[Secret]](ctx, s.client, teamSecretsList, pathParams(id), params, opts)
}

// AllSecrets walks the team's secrets, newest first. Calls teamSecrets-list for each page.
func (s *TeamsService) AllSecrets(ctx context.Context, id string, params SecretListParams, opts ...RequestOption) iter.Seq2[Secret, error] {
	return all[Secret](ctx, s.client, teamSecretsList, pathParams(id), params, opts)
}

// CreateSecret makes a secret of the team.
//
// API: teamSecrets-create, POST /teams/{id}/secrets
func (s *TeamsService) CreateSecret(ctx context.Context, id string, params SecretCreateParams, opts ...RequestOption) (*Secret, error) {
	return call[Secret](ctx, s.client, teamSecretsCreate, pathParams(id), params, opts)
}

// GetSecret fetches the team's secret of the given name, without its value.
//
// API: teamSecrets-get, GET /teams/{id}/secrets/{name}
func (s *TeamsService) GetSecret(ctx context.Context, id, name string, opts ...RequestOption) (*Secret, error) {
	return call[Secret](ctx, s.client, teamSecretsGet, pathParams(id, name), nil, opts)
}

// UpdateSecret gives a secret of the team another value.
//
// API: teamSecrets-update, PATCH /teams/{id}/secrets/{name}
func (s *TeamsService) UpdateSecret(ctx context.Context, id, name string, params SecretUpdateParams, opts ...RequestOption) (*Secret, error) {
	return call[Secret](ctx, s.client, teamSecretsUpdate, pathParams(id, name), params, opts)
}

// DeleteSecret deletes a secret of the team.
//
// API: teamSecrets-delete, DELETE /teams/{id}/secrets/{name}
func (s *TeamsService) DeleteSecret(ctx context.Context, id, name string, opts ...RequestOption) (*DeletedSecret, error) {
	return call[DeletedSecret](ctx, s.client, teamSecretsDelete, pathParams(id, name), nil, opts)
}
