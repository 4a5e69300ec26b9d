package paperspace

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// keySource returns the API key. The key is in a closure, so that printing by reflection does not show it.
type keySource struct {
	// authorization returns the Authorization header for one attempt.
	authorization func(context.Context) (string, error)
	// version returns how often the key has changed, after reading it again if reload is true. It is nil if authorization
	// always returns the current key.
	version func(reload bool) int
	// hash is that of a key that does not change. Keys that change are the same if their sources are.
	hash [sha256.Size]byte
}

// same reports whether both sources always return the same key.
func (s *keySource) same(other *keySource) bool {
	return s == other || s != nil && other != nil && s.hash != [sha256.Size]byte{} && s.hash == other.hash
}

const bearer = "Bearer "

func constantKey(key string) *keySource {
	header := bearer + key
	return &keySource{
		authorization: func(context.Context) (string, error) { return header, nil }, hash: sha256.Sum256([]byte(key)),
	}
}

// changingKey is the source of a key that get returns for each attempt. A nil version means that get always returns the
// current key.
func changingKey(get func(context.Context) (string, error), version func(reload bool) int) *keySource {
	return &keySource{
		authorization: func(ctx context.Context) (string, error) {
			key, err := get(ctx)
			return bearer + key, err
		},
		version: version,
	}
}

// WithAPIKey sets the API key. Surrounding space is trimmed. An empty key is an error, and so is one with white space or
// a character that is not printable ASCII, such as a control character or a byte order mark.
func WithAPIKey(key string) Option {
	return clientOption(func(c *config) error {
		trimmed, err := checkKey("WithAPIKey", key)
		if err != nil {
			return err
		}
		c.key = constantKey(trimmed)
		return nil
	})
}

// WithAPIKeyFunc calls f for the API key of each attempt, so that the key can change while a client is in use, even
// during a wait. The context is that of the attempt. An error of f, or a key that [WithAPIKey] would refuse, ends the
// call, and nothing is sent. f must be safe for concurrent use.
func WithAPIKeyFunc(f func(context.Context) (string, error)) Option {
	return clientOption(func(c *config) error {
		if f == nil {
			return &ParamError{Field: "WithAPIKeyFunc", Reason: "is nil"}
		}
		c.key = changingKey(func(ctx context.Context) (string, error) {
			key, err := f(ctx)
			if err != nil {
				return "", fmt.Errorf("paperspace: getting the API key: %w", err)
			}
			return checkKey("WithAPIKeyFunc", key)
		}, nil)
		return nil
	})
}

func checkKey(source, key string) (string, error) {
	key = strings.TrimSpace(key)
	switch {
	case key == "":
		return "", &ParamError{Field: source, Reason: "the API key is empty"}
	case strings.ContainsAny(key, " \t\r\n"):
		return "", &ParamError{Field: source, Reason: "the API key contains white space"}
	case strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", &ParamError{Field: source, Reason: "the API key contains a character that is not printable ASCII"}
	}
	return key, nil
}

const (
	keyVariable     = "PAPERSPACE_API_KEY"
	keyFileVariable = "PAPERSPACE_API_KEY_FILE"
	urlVariable     = "PAPERSPACE_API_URL"
)

// FromEnv sets the API key from PAPERSPACE_API_KEY or, if that is not set, from the file that PAPERSPACE_API_KEY_FILE
// names, and the base URL from PAPERSPACE_API_URL, if that is set. If the environment has no valid key, that is an
// error only if no other option sets one.
//
// The file is read again when it changes, and once more when the service responds with 401 to the key that was in it. A
// pipe is read once.
func FromEnv() Option {
	return clientOption(func(c *config) error {
		if u := strings.TrimSpace(os.Getenv(urlVariable)); u != "" {
			c.baseURL, c.baseURLSource = u, urlVariable
		}
		key, err := keyFromEnv()
		if err != nil {
			c.envError = err
			return nil
		}
		c.key = key
		return nil
	})
}

func keyFromEnv() (*keySource, error) {
	if key := os.Getenv(keyVariable); strings.TrimSpace(key) != "" {
		key, err := checkKey(keyVariable, key)
		return constantKey(key), err
	}
	name := os.Getenv(keyFileVariable)
	if name == "" {
		return nil, &ParamError{Field: keyVariable, Reason: "is not set, and neither is " + keyFileVariable}
	}
	f := &keyFile{name: name}
	if err := f.read(); err != nil {
		return nil, err
	}
	if !f.isRegular { // a pipe, which can be read once
		return constantKey(f.key), nil
	}
	return changingKey(f.get, f.version), nil
}

// keyFile is a file that holds an API key.
type keyFile struct {
	name      string
	isRegular bool

	mu       sync.Mutex
	key      string
	changes  int // of the key
	modified time.Time
	size     int64
}

// get returns the key. If the file has changed, and is valid, that is the new one.
func (f *keyFile) get(context.Context) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if info, err := os.Stat(f.name); err == nil && (info.Size() != f.size || !info.ModTime().Equal(f.modified)) {
		_ = f.read() // it may be half written; the next attempt looks again
	}
	return f.key, nil
}

func (f *keyFile) version(reload bool) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if reload {
		_ = f.read() // an error leaves the key unchanged
	}
	return f.changes
}

func (f *keyFile) read() error {
	file, err := os.Open(f.name)
	if err != nil {
		return fmt.Errorf("paperspace: %s: %w", keyFileVariable, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("paperspace: %s: %w", keyFileVariable, err)
	}
	content, err := io.ReadAll(io.LimitReader(file, 64<<10)) // it may be an endless device
	if err != nil {
		return fmt.Errorf("paperspace: %s: %w", keyFileVariable, err)
	}
	key, err := checkKey(keyFileVariable, string(content))
	if err != nil {
		return err
	}
	if key != f.key {
		f.changes++
	}
	f.key, f.isRegular, f.modified, f.size = key, info.Mode().IsRegular(), info.ModTime(), info.Size()
	return nil
}
