package contract_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
)

func TestMatch(t *testing.T) {
	for name, test := range map[string]struct {
		method, path string
		id           string
		params       map[string]string
	}{
		"no placeholder":     {"GET", "/machines", "machines-list", map[string]string{}},
		"one placeholder":    {"DELETE", "/machines/ps1a2b3c", "machines-delete", map[string]string{"id": "ps1a2b3c"}},
		"verb after it":      {"PATCH", "/machines/ps1/start", "machines-start", map[string]string{"id": "ps1"}},
		"two placeholders":   {"DELETE", "/machines/ps1/accessors/u2", "machines-removeAccessor", map[string]string{"id": "ps1", "userId": "u2"}},
		"escaped":            {"GET", "/projects/a%2Fb/secrets/%C3%A9%20", "projectSecrets-getProjectSecret", map[string]string{"id": "a/b", "name": "é "}},
		"literal preferred":  {"GET", "/storage-providers/utilization", "storageUtilization-getPublic", map[string]string{}},
		"only other matches": {"PUT", "/storage-providers/utilization", "storageProviders-update", map[string]string{"id": "utilization"}},
	} {
		t.Run(name, func(t *testing.T) {
			e, params, known := contract.Match(test.method, test.path)
			require.NotNil(t, e)
			assert.Equal(t, test.id, e.ID)
			assert.Equal(t, test.params, params)
			assert.True(t, known)
		})
	}
}

func TestNoMatch(t *testing.T) {
	for name, test := range map[string]struct {
		method, path string
		known        bool
	}{
		"other method":      {"POST", "/machines/ps1", true},
		"method is exact":   {"get", "/machines", true},
		"unknown path":      {"GET", "/machine", false},
		"too long":          {"GET", "/machines/ps1/start/now", false},
		"empty segment":     {"GET", "/machines/", false},
		"no slash in front": {"GET", "machines", false},
		"bad escape":        {"GET", "/machines/%zz", false},
		"nothing":           {"GET", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			e, params, known := contract.Match(test.method, test.path)
			assert.Nil(t, e)
			assert.Nil(t, params)
			assert.Equal(t, test.known, known)
		})
	}
}

func TestMatchFindsEveryEndpointByItsTemplate(t *testing.T) {
	for _, e := range contract.Endpoints() {
		found, _, _ := contract.Match(e.Method, e.Path)
		assert.Same(t, e, found, e.ID)
	}
}
