package paperspace

import (
	"context"
	"time"
)

// AuthService has the operation of the tag Authentication.
type AuthService struct{ client *Client }

var authSession = get("auth-session", "/auth/session").nullMeans("UNAUTHORIZED")

// Session returns the user and the team that the API key belongs to. A key that the service does not know is
// [ErrUnauthorized].
//
// API: auth-session, GET /auth/session
func (s *AuthService) Session(ctx context.Context, opts ...RequestOption) (*Session, error) {
	return call[Session](ctx, s.client, authSession, nil, nil, opts)
}

// Session is who an API key belongs to.
type Session struct {
	// User is the user who made the key.
	User SessionUser `json:"user"`
	// Team is the team that the key works for.
	Team SessionTeam `json:"team"`
}

// SessionUser is the user of a [Session].
type SessionUser struct {
	// ID is the user's id.
	ID string `json:"id"`
	// FirstName is empty if the user gave none.
	FirstName string `json:"firstName"`
	// LastName is empty if the user gave none.
	LastName string `json:"lastName"`
	// Email is the user's email address.
	Email string `json:"email"`
	// CreatedAt is when the user signed up.
	CreatedAt time.Time `json:"dtCreated"`
	// ConfirmedAt is when the user confirmed the email address; zero if not yet.
	ConfirmedAt time.Time `json:"dtConfirmed"`
	// TeamMemberships are the teams that the user is in.
	TeamMemberships []SessionMembership `json:"teamMemberships"`
	// IsPhoneVerified reports whether the user's phone number is verified.
	IsPhoneVerified bool `json:"isPhoneVerified"`
	// IsPasswordAuthEnabled reports whether the user can log in with a password.
	IsPasswordAuthEnabled bool `json:"isPasswordAuthEnabled"`
	// IsQRCodeBasedMFAEnabled reports whether the user has a second factor by QR code.
	IsQRCodeBasedMFAEnabled bool `json:"isQrCodeBasedMfaEnabled"`
	// IsQRCodeBasedMFAConfirmed reports whether that second factor is confirmed.
	IsQRCodeBasedMFAConfirmed bool `json:"isQrCodeBasedMfaConfirmed"`
	// Preferences are the user's settings; nil if there are none.
	Preferences *SessionPreferences `json:"preferences,omitzero"`
	// AnalyticsID is the user's number in analytics.
	AnalyticsID int64 `json:"analyticsId"`
	// Metadata is what else the service keeps of the user.
	Metadata SessionMetadata `json:"metadata"`
}

// SessionMembership is a team that the user of a [Session] is in.
type SessionMembership struct {
	// Team is the team.
	Team SessionMembershipTeam `json:"team"`
	// IsOwner reports whether the user owns the team.
	IsOwner bool `json:"isOwner"`
	// IsAdmin reports whether the user is an administrator of the team.
	IsAdmin bool `json:"isAdmin"`
}

// SessionMembershipTeam is the team of a [SessionMembership].
type SessionMembershipTeam struct {
	// ID is the team's id.
	ID string `json:"id"`
	// Name is the team's name.
	Name string `json:"name"`
	// Namespace is the team's name in URLs.
	Namespace string `json:"namespace"`
	// PublicProfileImageURL is empty if there is no image.
	PublicProfileImageURL string `json:"publicProfileImageUrl,omitzero"`
	// IsUserTeam reports whether it is the user's private team.
	IsUserTeam bool `json:"isUserTeam"`
	// CreatedAt is when the team was made.
	CreatedAt time.Time `json:"dtCreated"`
}

// SessionPreferences are settings of the user of a [Session].
type SessionPreferences struct {
	// DefaultProduct is empty if not set.
	DefaultProduct string `json:"defaultProduct,omitzero"`
	// DefaultTeamID is empty if not set.
	DefaultTeamID string `json:"defaultTeamId,omitzero"`
	// Theme is empty if not set.
	Theme Theme `json:"theme,omitzero"`
	// FontSize is nil if not set.
	FontSize *float64 `json:"fontSize,omitzero"`
	// DisableHotkeys is nil if not set.
	DisableHotkeys *bool `json:"disableHotkeys,omitzero"`
}

// Theme is how the console looks.
type Theme string

// The themes of the console.
const (
	ThemeLight Theme = "light"
	ThemeDark  Theme = "dark"
)

// Known reports whether the API documents the value.
func (t Theme) Known() bool { return t == ThemeLight || t == ThemeDark }

// SessionMetadata is what else the service keeps of the user of a [Session].
type SessionMetadata struct {
	// Tags is empty if there are none.
	Tags string `json:"tags,omitzero"`
	// CoreSurvey holds the answers to a survey, by question.
	CoreSurvey map[string]string `json:"coreSurvey,omitzero"`
	// GradientSurvey holds the answers to a survey, by question.
	GradientSurvey map[string]string `json:"gradientSurvey,omitzero"`
	// GraphcoreTermsAccepted reports whether the terms of use of Graphcore machines are accepted.
	GraphcoreTermsAccepted bool `json:"graphcoreTermsAccepted,omitzero"`
}

// SessionTeam is the team of a [Session].
type SessionTeam struct {
	// ID is the team's id.
	ID string `json:"id"`
	// Namespace is the team's name in URLs.
	Namespace string `json:"namespace"`
	// IsPrivate reports whether it is a user's private team.
	IsPrivate bool `json:"isPrivate"`
	// MaxMachines is how many machines the team may have.
	MaxMachines int `json:"maxMachines"`
	// AnalyticsID is the team's number in analytics.
	AnalyticsID int64 `json:"analyticsId"`
}
