// Package credentials uses the API keys that Paperspace's command-line interface, pspace, has stored. One option
// enables it:
//
//	client, err := paperspace.NewClient(credentials.FromCLI("my-team"))
//
// "pspace login" stores the key of each team in ~/.paperspace/credentials.toml, and the current team in config.toml
// beside it:
//
//	version = 1                    version = 1
//	                               team = "my-team"
//	[keys]                         locale = "en-US"
//	my-team = "0123456789abcdef"
//
// This package only reads these files.
package credentials

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"

	"github.com/paperspace-go/paperspace"
)

// FromCLI sets the API key to the one that pspace has stored for a team, which is named by its namespace, such as
// "my-team". For an empty name, that is the current team of pspace when the first request is made; later requests keep
// to that team, even if "pspace config set team" selects another.
//
// The files are read when a request needs the key, not by [paperspace.NewClient], and again for each attempt, so that a
// new "pspace login" replaces the key of a running program. If the credentials cannot be read then, or no longer have
// the team, the last key remains in use. Without one, the request fails and nothing is sent. The error matches
// [os.ErrNotExist] if there is no such file. If the file does not have the team, the error lists the teams that it has.
// No error contains a key.
//
// As pspace does, FromCLI looks in the directory .paperspace below HOME, or below the user's home directory if HOME is
// not set. It is an error if other users may read or write credentials.toml, except on Windows, where permissions are
// not checked.
//
// To let the environment take precedence, as pspace does, add [paperspace.FromEnv] after it:
//
//	client, err := paperspace.NewClient(credentials.FromCLI(""), paperspace.FromEnv())
func FromCLI(team string) paperspace.Option {
	s := &store{team: team}
	return paperspace.WithAPIKeyFunc(func(context.Context) (string, error) { return s.key() })
}

// store returns the key of one team.
type store struct {
	mu   sync.Mutex
	team string // empty until the current team is known
	last string // the last key; empty if there is none
}

func (s *store) key() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	team, key, err := readKey(s.team)
	if err != nil && s.last != "" {
		return s.last, nil // pspace may be writing the file, which it first truncates
	}
	if err != nil {
		return "", fmt.Errorf("credentials: %w", err)
	}
	s.team, s.last = team, key
	return key, nil
}

// readKey returns the team and its key. An empty name means the current team.
func readKey(team string) (string, string, error) {
	home := os.Getenv("HOME")
	if home == "" {
		var err error
		if home, err = os.UserHomeDir(); err != nil { // on Windows, from USERPROFILE
			return "", "", err
		}
	}
	dir := filepath.Join(home, ".paperspace")
	file := filepath.Join(dir, "credentials.toml")
	credentials, err := readTOML(file, private)
	if err != nil {
		return "", "", fmt.Errorf(`%w; "pspace login" stores a key there`, err)
	}
	keys, _ := credentials["keys"].(map[string]any)
	if team == "" {
		if team, err = currentTeam(filepath.Join(dir, "config.toml")); err != nil {
			return "", "", fmt.Errorf("%w; %s has %s", err, file, teams(keys))
		}
	}
	if keys[team] == nil {
		return "", "", fmt.Errorf("%s has no key of team %q; it has %s", file, team, teams(keys))
	}
	key, _ := keys[team].(string)
	if strings.TrimSpace(key) == "" {
		return "", "", fmt.Errorf("%s: the key of team %q is empty or not a string", file, team)
	}
	return team, key, nil
}

func currentTeam(file string) (string, error) {
	config, err := readTOML(file, func(os.FileInfo) error { return nil })
	if err != nil {
		return "", err
	}
	team, _ := config["team"].(string) // without a current team, pspace writes an empty table
	if team == "" {
		return "", fmt.Errorf(`%s selects no team; "pspace config set team" does`, file)
	}
	return team, nil
}

// teams lists the names of the teams, but never their keys.
func teams(keys map[string]any) string {
	if len(keys) == 0 {
		return "no team"
	}
	const most = 20
	names := make([]string, 0, most)
	for i, name := range slices.Sorted(maps.Keys(keys)) {
		if i == most {
			return fmt.Sprintf("%s and %d others", strings.Join(names, ", "), len(keys)-most)
		}
		names = append(names, fmt.Sprintf("%q", name))
	}
	return strings.Join(names, ", ")
}

// private returns an error if other users may read or write the file.
func private(info os.FileInfo) error {
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf(`other users may access it, as its mode is %#o: run "chmod 600" on it`, mode)
	}
	return nil
}

const maxSize = 1 << 20

// readTOML decodes a file. Its errors never contain a value from the file, because that may be a key.
func readTOML(name string, check func(os.FileInfo) error) (map[string]any, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if err := check(info); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxSize {
		return nil, fmt.Errorf("%s is not a regular file of at most 1 MiB", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize))
	if err != nil {
		return nil, err
	}
	var document map[string]any
	if _, err := toml.Decode(string(data), &document); err != nil {
		if e, ok := errors.AsType[toml.ParseError](err); ok {
			return nil, fmt.Errorf("%s is not valid TOML in line %d", name, e.Position.Line)
		}
		return nil, fmt.Errorf("%s is not valid TOML", name)
	}
	return document, nil
}
