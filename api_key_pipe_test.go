//go:build darwin || linux

package paperspace

import (
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Secret managers serve a key through a named pipe. To open it again would block until somebody writes to it.
func TestKeyFromAPipeIsReadOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "key")
	require.NoError(t, syscall.Mkfifo(name, 0o600))
	t.Setenv("PAPERSPACE_API_KEY", "")
	t.Setenv("PAPERSPACE_API_KEY_FILE", name)
	written := make(chan error, 1)
	go func() { written <- os.WriteFile(name, []byte("piped\n"), 0o600) }()
	rt := play(reply(200, okMachine), refuse(401))
	c, err := NewClient(FromEnv(), WithHTTPClient(&http.Client{Transport: rt}))
	require.NoError(t, err)
	require.NoError(t, <-written)
	later := time.Now().Add(time.Minute)
	require.NoError(t, os.Chtimes(name, later, later))

	got := make(chan error, 2)
	go func() {
		for range 2 {
			_, err := c.Machines.Get(t.Context(), "m")
			got <- err
		}
	}()
	for _, want := range []error{nil, ErrUnauthorized} {
		select {
		case err := <-got:
			require.ErrorIs(t, err, want)
		case <-time.After(10 * time.Second):
			require.Fail(t, "the pipe was opened again")
		}
	}
	assert.Equal(t, []string{"Bearer piped", "Bearer piped"}, sentAPIKeys(rt))
}
