package paperspace

import (
	"context"
	"iter"
	"time"
)

// UsersService has the operations on the members of teams, of the tags Teams and Users.
type UsersService struct{ client *Client }

var (
	teamMembershipsListByTeamID = get("teamMemberships-listByTeamId", "/teams/{teamId}/users")
	teamMembershipsUpdate       = put("teamMemberships-update", "/teams/{teamId}/users/{userId}")
	teamMembershipsRemoveUser   = remove("teamMemberships-removeUser", "/teams/{teamId}/users/{userId}")
)

// List fetches one page of the team's members, newest first. It can be ordered by [OrderByConfirmedAt] only.
//
// API: teamMemberships-listByTeamId, GET /teams/{teamId}/users
func (s *UsersService) List(ctx context.Context, teamID string, params TeamMemberListParams, opts ...RequestOption) (*Page[TeamMember], error) {
	return call[Page[TeamMember]](ctx, s.client, teamMembershipsListByTeamID, pathParams(teamID), params, opts)
}

// All iterates over the team's members, newest first. Calls teamMemberships-listByTeamId for each page.
func (s *UsersService) All(ctx context.Context, teamID string, params TeamMemberListParams, opts ...RequestOption) iter.Seq2[TeamMember, error] {
	return all[TeamMember](ctx, s.client, teamMembershipsListByTeamID, pathParams(teamID), params, opts)
}

// Update makes a member an administrator of the team, or no longer one.
//
// API: teamMemberships-update, PUT /teams/{teamId}/users/{userId}
func (s *UsersService) Update(ctx context.Context, teamID, userID string, params TeamMembershipUpdateParams, opts ...RequestOption) (*TeamMembership, error) {
	return call[TeamMembership](ctx, s.client, teamMembershipsUpdate, pathParams(teamID, userID), params, opts)
}

// Remove takes a user out of the team, and returns what the membership was.
//
// API: teamMemberships-removeUser, DELETE /teams/{teamId}/users/{userId}
func (s *UsersService) Remove(ctx context.Context, teamID, userID string, opts ...RequestOption) (*TeamMembership, error) {
	return deleted(ctx, s.client, teamMembershipsRemoveUser, pathParams(teamID, userID), TeamMembership{}, opts)
}

// TeamMemberListParams filter the list of members.
type TeamMemberListParams struct {
	ListParams
	// Role asks for the members in the role.
	Role TeamRole `url:"role,omitempty"`
}

// TeamMembershipUpdateParams are what changes of a membership.
type TeamMembershipUpdateParams struct {
	// IsAdmin makes the member an administrator; false, which is also what it is if not set, makes it none.
	IsAdmin bool `json:"isAdmin"`
}

// TeamMember is a user who is in a team.
type TeamMember struct {
	// IsAdmin reports whether the user is an administrator of the team.
	IsAdmin bool `json:"isAdmin"`
	// IsOwner reports whether the user owns the team.
	IsOwner bool `json:"isOwner"`
	// ConfirmedAt is when the user accepted the membership; zero if not yet.
	ConfirmedAt time.Time `json:"dtConfirmed,omitzero"`
	// User is who it is.
	User TeamMemberUser `json:"user"`
}

// TeamMemberUser is the user of a [TeamMember].
type TeamMemberUser struct {
	// ID is the user's id.
	ID string `json:"id"`
	// Email is the user's email address.
	Email string `json:"email"`
	// FirstName is empty if the user gave none.
	FirstName string `json:"firstName,omitzero"`
	// LastName is empty if the user gave none.
	LastName string `json:"lastName,omitzero"`
	// PublicProfileImageURL is empty if there is no image.
	PublicProfileImageURL string `json:"publicProfileImageUrl,omitzero"`
	// LastActive is when the user last did something; zero if that is not known.
	LastActive time.Time `json:"lastActive,omitzero"`
}

// TeamMembership is how a user is in a team; it does not say who and in which.
type TeamMembership struct {
	// IsOwner reports whether the user owns the team.
	IsOwner bool `json:"isOwner"`
	// IsAdmin reports whether the user is an administrator of the team.
	IsAdmin bool `json:"isAdmin"`
	// ConfirmedAt is when the user accepted the membership; zero if not yet.
	ConfirmedAt time.Time `json:"dtConfirmed,omitzero"`
	// DeletedAt is when the user was taken out of the team; zero while the user is in it.
	DeletedAt time.Time `json:"dtDeleted,omitzero"`
}

// TeamRole is what a member is in a team.
type TeamRole string

// The roles in a team.
const (
	TeamRoleMember TeamRole = "member"
	TeamRoleAdmin  TeamRole = "admin"
	TeamRoleOwner  TeamRole = "owner"
)

// Known reports whether the API documents the value.
func (r TeamRole) Known() bool {
	return r == TeamRoleMember || r == TeamRoleAdmin || r == TeamRoleOwner
}
