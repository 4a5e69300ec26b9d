// Package exampletest tests the programs in examples.
package exampletest

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/paperspace-go/paperspace/paperspacetest"
)

// OnlyReads runs an example with a key, but without -create. It must say what -create would do, and change nothing.
func OnlyReads(t *testing.T, run func() error) {
	t.Helper()
	srv := Service(t)
	output := Output(t, run)
	if !strings.Contains(output, "-create would") {
		t.Errorf("does not say what -create would do: %s", output)
	}
	for _, call := range srv.Calls() {
		if call.Method != http.MethodGet {
			t.Errorf("calls %s", call.Endpoint)
		}
	}
}

// Service serves an in-memory Paperspace as the real one, in which a minute takes 60 ms.
func Service(t *testing.T) *paperspacetest.Server {
	t.Helper()
	srv := paperspacetest.New(t, paperspacetest.WithSpeed(1000))
	socket := httptest.NewServer(srv)
	t.Cleanup(socket.Close)
	t.Setenv("PAPERSPACE_API_KEY", srv.Key())
	t.Setenv("PAPERSPACE_API_KEY_FILE", "")
	t.Setenv("PAPERSPACE_API_URL", socket.URL+"/v1")
	return srv
}

// InMemory makes the examples use the in-memory Paperspace of their own.
func InMemory(t *testing.T) {
	t.Helper()
	t.Setenv("PAPERSPACE_API_KEY", "")
	t.Setenv("PAPERSPACE_API_KEY_FILE", "")
}

// Output runs an example and returns what it prints. As in a pipe, there must be no control characters, no line of more
// than 80 columns and none that is printed twice.
func Output(t *testing.T, run func() error) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "output"))
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = file
	runErr := run()
	os.Stdout = stdout
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	output, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	if runErr != nil {
		t.Fatalf("%v after %s", runErr, output)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(output)) {
		line = strings.TrimSuffix(line, "\n")
		if columns := utf8.RuneCountInString(line); columns > 80 {
			t.Errorf("%d columns: %q", columns, line)
		}
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' }) {
			t.Errorf("control characters: %q", line)
		}
		if seen[line] {
			t.Errorf("printed twice: %q", line)
		}
		seen[line] = true
	}
	return string(output)
}
