package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// fakeEnvironment is an environment whose documents are stored contracts.
type fakeEnvironment struct {
	saved   []byte
	saveErr error
}

func (e *fakeEnvironment) importDocument(document io.Reader) ([]byte, error) {
	return io.ReadAll(document)
}

func (e *fakeEnvironment) save(data []byte) error {
	e.saved = data
	return e.saveErr
}

func file(t *testing.T, data string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "document.json")
	require.NoError(t, os.WriteFile(name, []byte(data), 0o600))
	return name
}

func stored(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../contract/contract.json")
	require.NoError(t, err)
	return string(data)
}

func TestImportSavesTheContract(t *testing.T) {
	const data = `{"endpoints": [], "schemas": {}}`
	var env fakeEnvironment
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 0, run([]string{"import", file(t, data)}, &env, &stdout, &stderr))
	assert.Equal(t, data, string(env.saved))
	assert.Empty(t, stdout.String()+stderr.String())
}

func TestDiffOfTheSameContractIsEmpty(t *testing.T) {
	var env fakeEnvironment
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 0, run([]string{"diff", file(t, stored(t))}, &env, &stdout, &stderr))
	assert.Empty(t, stdout.String()+stderr.String())
	assert.Nil(t, env.saved)
}

// Several responses use the shared schema of machines.
func TestDiffListsEveryEndpointThatASharedSchemaAffects(t *testing.T) {
	const before, after = `{"name": "ram", "required": true,`, `{"name": "ram",`
	newer := strings.Replace(stored(t), before, after, 1)
	var stdout, stderr bytes.Buffer
	assert.Equal(t, exitDifferent, run([]string{"diff", file(t, newer)}, &fakeEnvironment{}, &stdout, &stderr))
	assert.Empty(t, stderr.String())
	assert.Equal(t, strings.Count(newer, `"ref": "machine"`), strings.Count(stdout.String(), "ram: required yes -> no\n"), stdout.String())
	assert.Contains(t, stdout.String(), "~ machines-list: GET /machines\n  ~ response items[].ram: required yes -> no\n")
}

func TestErrors(t *testing.T) {
	good := file(t, `{"endpoints": [], "schemas": {}}`)
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no arguments":     {nil, "usage: contract import FILE"},
		"no file argument": {[]string{"diff"}, "usage: contract import FILE"},
		"too many":         {[]string{"diff", good, good}, "usage: contract import FILE"},
		"unknown verb":     {[]string{"merge", good}, "usage: contract import FILE"},
		"no such file":     {[]string{"diff", good + ".missing"}, "contract: open "},
		"not a contract":   {[]string{"diff", file(t, `nonsense`)}, "contract: import "},
		"cannot save":      {[]string{"import", good}, "contract: save: disk full"},
		"a directory":      {[]string{"import", filepath.Dir(good)}, "contract: import "},
		"invalid JSON":     {[]string{"import", file(t, `{`)}, "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			env := fakeEnvironment{saveErr: errors.New("disk full")}
			var stdout, stderr bytes.Buffer
			assert.Equal(t, exitError, run(test.args, &env, &stdout, &stderr))
			assert.Contains(t, stderr.String(), test.want)
			assert.Empty(t, stdout.String())
			if name != "cannot save" {
				assert.Nil(t, env.saved)
			}
		})
	}
}

func TestRepositoryFindsTheContract(t *testing.T) {
	dir, err := repository{}.contractDir()
	require.NoError(t, err)
	assert.FileExists(t, filepath.Join(dir, "contract.json"))
}

func TestErrorHasTheOutputOfAFailedCommand(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := repository{}.contractDir()
	assert.ErrorContains(t, err, "go list")
	assert.ErrorContains(t, err, "go.mod")
}

func parse(t *testing.T, endpoints string) []*contract.Endpoint {
	t.Helper()
	all, err := contract.Parse([]byte(`{"endpoints": [` + endpoints + `]}`))
	require.NoError(t, err)
	return all
}
