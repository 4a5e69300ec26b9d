package credentials_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/credentials"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// loggedIn is what pspace writes after a login to two teams.
const (
	loggedIn      = "version = 1\n\n[keys]\nmy-team = \"key-of-my-team\"\n42-lab = \"key-of-lab\"\n"
	myTeamCurrent = "version = 1\nteam = \"my-team\"\nlocale = \"en-US\"\n"
	labCurrent    = "version = 1\nteam = \"42-lab\"\nlocale = \"en-US\"\n"
	noneCurrent   = "version = 1\nlocale = \"en-US\"\n\n[team]\n" // after pspace logout
)

// home is a home directory with the files of pspace.
type home struct {
	t   *testing.T
	dir string
}

// newHome returns the home directory of this test. Files with an empty content do not exist.
func newHome(t *testing.T, credentials, config string) home {
	h := home{t, t.TempDir()}
	t.Setenv("HOME", h.dir)
	require.NoError(t, os.Mkdir(filepath.Join(h.dir, ".paperspace"), 0o700))
	for name, content := range map[string]string{"credentials.toml": credentials, "config.toml": config} {
		if content != "" {
			h.write(name, content)
		}
	}
	return h
}

func (h home) file(name string) string { return filepath.Join(h.dir, ".paperspace", name) }

func (h home) write(name, content string) {
	h.t.Helper()
	require.NoError(h.t, os.WriteFile(h.file(name), []byte(content), 0o600))
}

// usedKey sends a request and returns the API key in it, or the error.
func usedKey(t *testing.T, opts ...paperspace.Option) (string, error) {
	t.Helper()
	return recorder(t, opts...)()
}

// recorder returns a function that sends a request with the same client each time.
func recorder(t *testing.T, opts ...paperspace.Option) func() (string, error) {
	t.Helper()
	var mu sync.Mutex
	var header string
	transport := roundTripper(func(req *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		header = req.Header.Get("Authorization")
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`{"items":[]}`)), Request: req}, nil
	})
	client, err := paperspace.NewClient(append(opts, paperspace.WithHTTPClient(&http.Client{Transport: transport}))...)
	require.NoError(t, err)
	return func() (string, error) {
		_, err := client.Projects.List(t.Context(), paperspace.ProjectListParams{})
		mu.Lock()
		defer mu.Unlock()
		return strings.TrimPrefix(header, "Bearer "), err
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestKeyOfTeam(t *testing.T) {
	for name, c := range map[string]struct{ credentials, config, team, want string }{
		"named team":                        {loggedIn, myTeamCurrent, "42-lab", "key-of-lab"},
		"current team":                      {loggedIn, labCurrent, "", "key-of-lab"},
		"named team without config.toml":    {loggedIn, "", "my-team", "key-of-my-team"},
		"named team, config.toml is broken": {loggedIn, "team = ", "my-team", "key-of-my-team"},
		"named team, none is current":       {loggedIn, noneCurrent, "my-team", "key-of-my-team"},
		"byte order mark and CRLF":          {"\ufeff" + strings.ReplaceAll(loggedIn, "\n", "\r\n"), myTeamCurrent, "", "key-of-my-team"},
		"inline table":                      {`keys = { my-team = "key" }`, myTeamCurrent, "", "key"},
		"quoted names":                      {"[keys]\n'my.team' = 'key'", "", "my.team", "key"},
		"members of newer versions":         {loggedIn + "[users]\nmy-team = \"u\"\n", "version = 2\nteam = \"my-team\"\n[more]\n", "", "key-of-my-team"},
		"space around the key":              {"[keys]\nmy-team = \" key\\n\"", myTeamCurrent, "", "key"},
	} {
		t.Run(name, func(t *testing.T) {
			newHome(t, c.credentials, c.config)
			got, err := usedKey(t, credentials.FromCLI(c.team))
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestErrorsExplainWhatToDoAndContainNoKey(t *testing.T) {
	many := "[keys]\n"
	for i := range 25 {
		many += fmt.Sprintf("team-%02d = \"key-%02d\"\n", i, i)
	}
	for name, c := range map[string]struct {
		credentials, config, team string
		want                      []string
	}{
		"no credentials.toml":           {"", myTeamCurrent, "", []string{"credentials.toml", `"pspace login"`}},
		"no config.toml":                {loggedIn, "", "", []string{"config.toml", `"42-lab", "my-team"`}},
		"no team is current":            {loggedIn, noneCurrent, "", []string{"config.toml selects no team", `"42-lab", "my-team"`}},
		"broken config.toml":            {loggedIn, "version = 1\nteam = my-team", "", []string{"config.toml is not valid TOML in line 2"}},
		"unknown team":                  {loggedIn, "", "other", []string{`no key of team "other"`, `it has "42-lab", "my-team"`}},
		"current team has no key":       {loggedIn, `team = "other"`, "", []string{`no key of team "other"`, `it has "42-lab", "my-team"`}},
		"no teams":                      {"version = 1\n\n[keys]\n", "", "my-team", []string{"it has no team"}},
		"no table of keys":              {"keys = \"key-of-my-team\"", "", "my-team", []string{"it has no team"}},
		"many teams":                    {many, "", "my-team", []string{`"team-00", "team-01"`, `"team-19" and 5 others`}},
		"control characters":            {"[keys]\n\"a\\nb\" = \"key\"\n", "", "my-team", []string{`it has "a\nb"`}},
		"empty key":                     {"[keys]\nmy-team = \"\"", "", "my-team", []string{`the key of team "my-team" is empty`}},
		"key is a number":               {"[keys]\nmy-team = 42", "", "my-team", []string{`the key of team "my-team" is empty or not a string`}},
		"key is not ASCII":              {"[keys]\nmy-team = \"key\\u0007\"", "", "my-team", []string{"not printable ASCII"}},
		"key without quotes":            {"[keys]\nmy-team = key-of-my-team\n", "", "my-team", []string{"not valid TOML in line 2"}},
		"key without the closing quote": {"[keys]\nmy-team = \"key-of-my-team\n", "", "my-team", []string{"not valid TOML in line 2"}},
		"two keys of a team":            {loggedIn + "my-team = \"key-of-my-team\"", "", "my-team", []string{"not valid TOML in line 6"}},
		"only a key":                    {"key-of-my-team", "", "my-team", []string{"not valid TOML in line 1"}},
		"binary":                        {"\x00\xff\xfe key-of-my-team", "", "my-team", []string{"not valid TOML in line 1"}},
		"larger than 1 MiB":             {loggedIn + strings.Repeat("#", 1<<20), "", "my-team", []string{"at most 1 MiB"}},
	} {
		t.Run(name, func(t *testing.T) {
			newHome(t, c.credentials, c.config)
			got, err := usedKey(t, credentials.FromCLI(c.team))
			require.Error(t, err)
			assert.Empty(t, got, "a request was sent")
			for _, want := range c.want {
				assert.ErrorContains(t, err, want)
			}
			for _, secret := range []string{"key-of", "key-0", "u0007"} {
				assert.NotContains(t, err.Error(), secret)
			}
			assert.Equal(t, c.credentials == "" || c.config == "" && c.team == "", errors.Is(err, fs.ErrNotExist), "%v", err)
		})
	}
}

func TestFilesThatOthersMayAccess(t *testing.T) {
	h := newHome(t, loggedIn, myTeamCurrent)
	for _, mode := range []os.FileMode{0o644, 0o640, 0o620, 0o602} {
		require.NoError(t, os.Chmod(h.file("credentials.toml"), mode))
		_, err := usedKey(t, credentials.FromCLI("my-team"))
		if runtime.GOOS == "windows" { // such modes do not exist there
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, fmt.Sprintf(`as its mode is %#o: run "chmod 600" on it`, mode))
	}
	require.NoError(t, os.Chmod(h.file("credentials.toml"), 0o400))
	require.NoError(t, os.Chmod(h.file("config.toml"), 0o644)) // has no secrets
	_, err := usedKey(t, credentials.FromCLI(""))
	require.NoError(t, err)
}

func TestDirectoryInsteadOfFile(t *testing.T) {
	h := newHome(t, "", "")
	require.NoError(t, os.Mkdir(h.file("credentials.toml"), 0o700))
	_, err := usedKey(t, credentials.FromCLI("my-team"))
	require.ErrorContains(t, err, "not a regular file")
}

func TestHomeDirectory(t *testing.T) {
	h := newHome(t, loggedIn, myTeamCurrent)
	t.Setenv("HOME", "")
	t.Setenv("USERPROFILE", h.dir)
	got, err := usedKey(t, credentials.FromCLI(""))
	if runtime.GOOS == "windows" {
		require.NoError(t, err)
		assert.Equal(t, "key-of-my-team", got)
		return
	}
	require.ErrorContains(t, err, "$HOME is not defined")
}

// A new login replaces the key of a running program. What is no login does not.
func TestNewLogin(t *testing.T) {
	h := newHome(t, loggedIn, myTeamCurrent)
	send := recorder(t, credentials.FromCLI("my-team"))
	for _, step := range []struct{ event, credentials, want string }{
		{"start", loggedIn, "key-of-my-team"},
		{"new login", "[keys]\nmy-team = \"newer-key\"\n", "newer-key"},
		{"same size", "[keys]\nmy-team = \"NEWER-key\"\n", "NEWER-key"},
		{"truncated", "", "NEWER-key"},
		{"half written", "version = 1\n\n[keys]\nmy-te", "NEWER-key"},
		{"logged out", "version = 1\n\n[keys]\n", "NEWER-key"},
		{"logged in again", loggedIn, "key-of-my-team"},
	} {
		h.write("credentials.toml", step.credentials)
		got, err := send()
		require.NoError(t, err, step.event)
		assert.Equal(t, step.want, got, step.event)
	}
	require.NoError(t, os.Remove(h.file("credentials.toml")))
	got, err := send()
	require.NoError(t, err)
	assert.Equal(t, "key-of-my-team", got, "removed")
}

// A wait for a machine of one team must not continue with the key of another, which does not have that machine.
func TestClientKeepsItsTeam(t *testing.T) {
	h := newHome(t, loggedIn, myTeamCurrent)
	send := recorder(t, credentials.FromCLI(""))
	for _, config := range []string{myTeamCurrent, labCurrent, noneCurrent, "team = "} {
		h.write("config.toml", config)
		got, err := send()
		require.NoError(t, err)
		assert.Equal(t, "key-of-my-team", got, config)
	}
	h.write("credentials.toml", "[keys]\nmy-team = \"newer-key\"\n42-lab = \"key-of-lab\"\n")
	got, err := send()
	require.NoError(t, err)
	assert.Equal(t, "newer-key", got)
}

// A client that was made before the first login works after it.
func TestLoginAfterTheFirstRequest(t *testing.T) {
	h := newHome(t, "", "")
	send := recorder(t, credentials.FromCLI(""))
	_, err := send()
	require.ErrorIs(t, err, fs.ErrNotExist)
	h.write("credentials.toml", loggedIn)
	h.write("config.toml", labCurrent)
	got, err := send()
	require.NoError(t, err)
	assert.Equal(t, "key-of-lab", got)
}

func TestEnvironmentTakesPrecedence(t *testing.T) {
	newHome(t, loggedIn, myTeamCurrent)
	t.Setenv("PAPERSPACE_API_KEY_FILE", "")
	t.Setenv("PAPERSPACE_API_URL", "")
	for variable, want := range map[string]string{"": "key-of-my-team", "key-of-environment": "key-of-environment"} {
		t.Setenv("PAPERSPACE_API_KEY", variable)
		got, err := usedKey(t, credentials.FromCLI(""), paperspace.FromEnv())
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestOptionPrintsNoKey(t *testing.T) {
	newHome(t, loggedIn, myTeamCurrent)
	option := credentials.FromCLI("")
	_, err := usedKey(t, option)
	require.NoError(t, err)
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", option, option, option), "key-of")
}

func TestConcurrentRequests(t *testing.T) {
	h := newHome(t, loggedIn, "")
	srv := paperspacetest.New(t)
	h.write("credentials.toml", fmt.Sprintf("[keys]\nmy-team = %q\n", srv.Key()))
	client, err := paperspace.NewClient(credentials.FromCLI("my-team"), paperspace.WithHTTPClient(srv.HTTPClient()),
		paperspace.WithBaseURL(srv.URL()))
	require.NoError(t, err)
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			_, err := client.Projects.List(t.Context(), paperspace.ProjectListParams{})
			assert.NoError(t, err)
		})
	}
	group.Wait()
	assert.Len(t, srv.Calls(), 16)
}
