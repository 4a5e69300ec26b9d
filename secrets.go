package paperspace

import "time"

// SecretListParams page through the secrets of a project or a team.
type SecretListParams struct{ ListParams }

// SecretCreateParams describe a secret of a project or a team.
type SecretCreateParams struct {
	// Name begins with a letter and has up to 128 letters, digits and underscores, such as "DB_PASSWORD".
	Name string `json:"name" check:"required"`
	// Value has up to 8192 characters.
	Value Sensitive `json:"value" check:"required"`
}

// SecretUpdateParams hold the new value of a secret.
type SecretUpdateParams struct {
	// Value has up to 8192 characters.
	Value Sensitive `json:"value" check:"required"`
}

// Secret is a secret of a project or a team. The service never returns its value.
type Secret struct {
	// Name is the secret's name, and its key.
	Name string `json:"name"`
	// CreatedAt is when it was created.
	CreatedAt time.Time `json:"dtCreated"`
	// ModifiedAt is when its value was last set.
	ModifiedAt time.Time `json:"dtModified"`
	// HasDeploymentAttached reports whether a deployment uses it; nil in the answers to a create and an update.
	HasDeploymentAttached *bool `json:"hasDeploymentAttached,omitzero"`
}

// DeletedSecret is the response to the delete of a secret.
type DeletedSecret struct {
	// Name is the secret's name.
	Name string `json:"name"`
}
