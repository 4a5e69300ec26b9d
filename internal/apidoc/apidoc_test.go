package apidoc_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/apidoc"
)

const source = `package p

var (
	things = get("things-list", "/things")
	add = post("things-add", "/things").idempotent()
)

// List lists.
//
// API: things-list, GET /things
func (s *ThingsService) List(ctx C, id, name string, params P, opts ...O) (*Page[Thing], error)

// All lists all pages. Calls things-list for each
// page.
func (s *ThingsService) All() iter.Seq2[Thing, error]

// GetByName looks for one. Calls things-list for each page.
func (s *ThingsService) GetByName() (*Thing, error)

// Add adds.
//
// API: things-add, POST /things
func (s *ThingsService) Add() (*Thing, error)
`

func methods(t *testing.T, source string) ([]apidoc.Method, error) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "p.go"), []byte(source), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "p_test.go"), []byte("not Go"), 0o600))
	return apidoc.Methods(dir)
}

func TestMethods(t *testing.T) {
	got, err := methods(t, source)
	require.NoError(t, err)
	assert.Equal(t, []apidoc.Method{{
		Endpoint: "things-list", Verb: "GET", Path: "/things", Service: "Things", Name: "List",
		Call: "List(ctx, id, name, P) (*Page[Thing], error)", All: "All", Class: "safe",
	}, {
		Endpoint: "things-add", Verb: "POST", Path: "/things", Service: "Things", Name: "Add",
		Call: "Add() (*Thing, error)", Class: "idempotent",
	}}, got)
}

func TestInvalidDocs(t *testing.T) {
	const method = "\nfunc (s *ThingsService) Get() (*Thing, error)\n"
	for name, source := range map[string]string{
		"not at the end":          "// API: a-get, GET /a\n//\n// More." + method,
		"no paragraph of its own": "// Get gets.\n// API: a-get, GET /a" + method,
		"twice":                   "// API: a-get, GET /a\n//\n// API: b-get, GET /b" + method,
		"malformed":               "// Get gets.\n//\n// API: a-get GET /a" + method,
		"function":                "// Get gets.\n//\n// API: a-get, GET /a\nfunc Get() (*Thing, error)\n",
		"not a service":           "// Get gets.\n//\n// API: a-get, GET /a\nfunc (t *Thing) Get() (*Thing, error)\n",
	} {
		_, err := methods(t, "package p\n\n"+source)
		assert.ErrorContains(t, err, "apidoc: Get: ", name)
	}
	_, err := methods(t, "not Go")
	assert.Error(t, err)
}
