package paperspace

import (
	"context"
	"time"
)

// AuthService returns the user and the team of the API key (tag Authentication).
type AuthService struct{ client *Client }

var authSession = get("auth-session", "/auth/session").nullMeans("UNAUTHORIZED")

// Session returns the user and the team that the API key belongs to. If the service does not know the key, it fails
// with [ErrUnauthorized].
//
// API: auth-session, GET /auth/session
func (s *AuthService) Session(ctx context.Context, opts ...RequestOption) (*Session, error) {
	return call[Session](ctx, s.client, authSession, nil, nil, opts)
}

// Session is the user and the team that an API key belongs to.
type Session struct {
	// User is the user who created the key.
	User SessionUser `json:"user"`
	// Team is the team that the key gives access to.
	Team SessionTeam `json:"team"`
}

// SessionUser is the user of a [Session].
type SessionUser struct {
	ID string `json:"id"`
	// FirstName is the user's first name; empty if not set.
	FirstName string `json:"firstName"`
	// LastName is the user's last name; empty if not set.
	LastName string `json:"lastName"`
	Email    string `json:"email"`
	// CreatedAt is when the user was created.
	CreatedAt time.Time `json:"dtCreated"`
	// ConfirmedAt is when the user's account was confirmed; zero if it was not.
	ConfirmedAt time.Time `json:"dtConfirmed"`
	// TeamMemberships are the teams that the user is a member of.
	TeamMemberships []SessionMembership `json:"teamMemberships"`
	// IsPhoneVerified reports whether the user's phone number is verified.
	IsPhoneVerified bool `json:"isPhoneVerified"`
	// IsPasswordAuthEnabled reports whether the user has set a password.
	IsPasswordAuthEnabled bool `json:"isPasswordAuthEnabled"`
	// IsQRCodeBasedMFAEnabled reports whether multi-factor authentication by QR code is enabled.
	IsQRCodeBasedMFAEnabled bool `json:"isQrCodeBasedMfaEnabled"`
	// IsQRCodeBasedMFAConfirmed reports whether multi-factor authentication by QR code is confirmed.
	IsQRCodeBasedMFAConfirmed bool `json:"isQrCodeBasedMfaConfirmed"`
	// Preferences are the user's settings; nil if there are none.
	Preferences *SessionPreferences `json:"preferences,omitzero"`
	// AnalyticsID is the user's internal numeric ID.
	AnalyticsID int64 `json:"analyticsId"`
	// Metadata is additional data about the user.
	Metadata SessionMetadata `json:"metadata"`
}

// SessionMembership is the membership of the user of a [Session] in one team.
type SessionMembership struct {
	Team SessionMembershipTeam `json:"team"`
	// IsOwner reports whether the user owns the team.
	IsOwner bool `json:"isOwner"`
	// IsAdmin reports whether the user is an administrator of the team.
	IsAdmin bool `json:"isAdmin"`
}

// SessionMembershipTeam is the team of a [SessionMembership].
type SessionMembershipTeam struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Namespace is the team's name in URLs.
	Namespace string `json:"namespace"`
	// PublicProfileImageURL is the URL of the team's profile image; empty if there is none.
	PublicProfileImageURL string `json:"publicProfileImageUrl,omitzero"`
	// IsUserTeam reports whether this is the user's private team.
	IsUserTeam bool `json:"isUserTeam"`
	// CreatedAt is when the team was created.
	CreatedAt time.Time `json:"dtCreated"`
}

// SessionPreferences are the settings of the user of a [Session].
type SessionPreferences struct {
	// DefaultProduct is the user's default product; empty if not set.
	DefaultProduct string `json:"defaultProduct,omitzero"`
	// DefaultTeamID is the ID of the user's default team; empty if not set.
	DefaultTeamID string `json:"defaultTeamId,omitzero"`
	// Theme is the console's colour theme; empty if not set.
	Theme Theme `json:"theme,omitzero"`
	// FontSize is the console's font size; nil if not set. The API does not document the unit.
	FontSize *float64 `json:"fontSize,omitzero"`
	// DisableHotkeys reports whether keyboard shortcuts are disabled; nil if not set.
	DisableHotkeys *bool `json:"disableHotkeys,omitzero"`
}

// Theme is a colour theme of the console.
type Theme string

// The themes of the console.
const (
	ThemeLight Theme = "light"
	ThemeDark  Theme = "dark"
)

// Known reports whether the API documents the value.
func (t Theme) Known() bool { return t == ThemeLight || t == ThemeDark }

// SessionMetadata is additional data about the user of a [Session].
type SessionMetadata struct {
	// Tags are the user's tags in one string; empty if there are none.
	Tags string `json:"tags,omitzero"`
	// CoreSurvey holds the user's answers to the core survey, by question.
	CoreSurvey map[string]string `json:"coreSurvey,omitzero"`
	// GradientSurvey holds the user's answers to the Gradient survey, by question.
	GradientSurvey map[string]string `json:"gradientSurvey,omitzero"`
	// GraphcoreTermsAccepted reports whether the user has accepted Graphcore's terms of service.
	GraphcoreTermsAccepted bool `json:"graphcoreTermsAccepted,omitzero"`
}

// SessionTeam is the team of a [Session].
type SessionTeam struct {
	ID string `json:"id"`
	// Namespace is the team's name in URLs.
	Namespace string `json:"namespace"`
	// IsPrivate reports whether the team is private.
	IsPrivate bool `json:"isPrivate"`
	// MaxMachines is the maximum number of machines that the team may have.
	MaxMachines int `json:"maxMachines"`
	// AnalyticsID is the team's internal numeric ID.
	AnalyticsID int64 `json:"analyticsId"`
}
