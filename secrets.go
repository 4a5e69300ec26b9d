package paperspace

import "time"

// SecretListParams page through the secrets of a project or a team.
type SecretListParams struct{ ListParams }

// SecretCreateParams describe the secret of a project or a team to create.
type SecretCreateParams struct {
	// Name is the secret's name, such as "DB_PASSWORD": a letter and up to 127 more letters, digits and underscores.
	Name string `json:"name" check:"required"`
	// Value is the secret's value, 1 to 8192 characters long.
	Value Sensitive `json:"value" check:"required"`
}

// SecretUpdateParams are the fields to change.
type SecretUpdateParams struct {
	// Value is the secret's new value, 1 to 8192 characters long.
	Value Sensitive `json:"value" check:"required"`
}

// Secret is a secret of a project or a team. The service never returns its value.
type Secret struct {
	// Name is the secret's name, which identifies it within the project or team.
	Name string `json:"name"`
	// CreatedAt is when the secret was created.
	CreatedAt time.Time `json:"dtCreated"`
	// ModifiedAt is when the secret was last changed.
	ModifiedAt time.Time `json:"dtModified"`
	// HasDeploymentAttached reports whether a deployment uses the secret; nil in the responses to a create and an update.
	HasDeploymentAttached *bool `json:"hasDeploymentAttached,omitzero"`
}

// DeletedSecret is the response to the deletion of a secret.
type DeletedSecret struct {
	Name string `json:"name"`
}
