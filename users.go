package paperspace

import (
	"context"
	"iter"
	"time"
)

// UsersService manages the members of teams (tags Teams and Users).
type UsersService struct{ client *Client }

var (
	teamMembershipsListByTeamID = get("teamMemberships-listByTeamId", "/teams/{teamId}/users")
	teamMembershipsUpdate       = put("teamMemberships-update", "/teams/{teamId}/users/{userId}")
	teamMembershipsRemoveUser   = remove("teamMemberships-removeUser", "/teams/{teamId}/users/{userId}")
)

// List fetches one page of the team's members, newest first. OrderBy can only be [OrderByConfirmedAt].
//
// API: teamMemberships-listByTeamId, GET /teams/{teamId}/users
func (s *UsersService) List(ctx context.Context, teamID string, params TeamMemberListParams, opts ...RequestOption) (*Page[TeamMember], error) {
	return call[Page[TeamMember]](ctx, s.client, teamMembershipsListByTeamID, pathParams(teamID), &params, opts)
}

// All iterates over the team's members, newest first. Calls teamMemberships-listByTeamId for each page.
func (s *UsersService) All(ctx context.Context, teamID string, params TeamMemberListParams, opts ...RequestOption) iter.Seq2[TeamMember, error] {
	return all[TeamMember](ctx, s.client, teamMembershipsListByTeamID, pathParams(teamID), params, opts)
}

// Update makes a member an administrator of the team, or a plain member.
//
// API: teamMemberships-update, PUT /teams/{teamId}/users/{userId}
func (s *UsersService) Update(ctx context.Context, teamID, userID string, params TeamMembershipUpdateParams, opts ...RequestOption) (*TeamMembership, error) {
	return call[TeamMembership](ctx, s.client, teamMembershipsUpdate, pathParams(teamID, userID), &params, opts)
}

// Remove removes a user from the team and returns the membership.
//
// API: teamMemberships-removeUser, DELETE /teams/{teamId}/users/{userId}
func (s *UsersService) Remove(ctx context.Context, teamID, userID string, opts ...RequestOption) (*TeamMembership, error) {
	return deleted(ctx, s.client, teamMembershipsRemoveUser, pathParams(teamID, userID), TeamMembership{}, opts)
}

// TeamMemberListParams filter the list of members.
type TeamMemberListParams struct {
	ListParams
	// Role selects the members with this role.
	Role TeamRole `url:"role,omitempty"`
}

// TeamMembershipUpdateParams are the fields to change.
type TeamMembershipUpdateParams struct {
	// IsAdmin makes the member an administrator. It is always sent: false, its zero value, removes that role.
	IsAdmin bool `json:"isAdmin"`
}

// TeamMember is a user in a team.
type TeamMember struct {
	// IsAdmin reports whether the user is an administrator of the team.
	IsAdmin bool `json:"isAdmin"`
	// IsOwner reports whether the user owns the team.
	IsOwner bool `json:"isOwner"`
	// ConfirmedAt is when the user accepted the membership; zero if it is not accepted yet.
	ConfirmedAt time.Time      `json:"dtConfirmed,omitzero"`
	User        TeamMemberUser `json:"user"`
}

// TeamMemberUser is the user of a [TeamMember].
type TeamMemberUser struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	// FirstName is the user's first name; empty if not set.
	FirstName string `json:"firstName,omitzero"`
	// LastName is the user's last name; empty if not set.
	LastName string `json:"lastName,omitzero"`
	// PublicProfileImageURL is the URL of the user's profile image; empty if there is none.
	PublicProfileImageURL string `json:"publicProfileImageUrl,omitzero"`
	// LastActive is when the user was last active; zero if unknown.
	LastActive time.Time `json:"lastActive,omitzero"`
}

// TeamMembership is the role of a user in a team. It does not include the user or the team.
type TeamMembership struct {
	// IsOwner reports whether the user owns the team.
	IsOwner bool `json:"isOwner"`
	// IsAdmin reports whether the user is an administrator of the team.
	IsAdmin bool `json:"isAdmin"`
	// ConfirmedAt is when the user accepted the membership; zero if it is not accepted yet.
	ConfirmedAt time.Time `json:"dtConfirmed,omitzero"`
	// DeletedAt is when the user was removed from the team; zero if they were not.
	DeletedAt time.Time `json:"dtDeleted,omitzero"`
}

// TeamRole is the role of a member in a team.
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
