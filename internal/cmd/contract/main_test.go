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

// desk is a workplace whose documents are contracts already.
type desk struct {
	saved   []byte
	saveErr error
}

func (d *desk) importDocument(document io.Reader) ([]byte, error) { return io.ReadAll(document) }

func (d *desk) save(data []byte) error {
	d.saved = data
	return d.saveErr
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
	const data = `{"operations": [], "schemas": {}}`
	var d desk
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 0, run([]string{"import", file(t, data)}, &d, &stdout, &stderr))
	assert.Equal(t, data, string(d.saved))
	assert.Empty(t, stdout.String()+stderr.String())
}

func TestDiffOfTheSameContractIsEmpty(t *testing.T) {
	var d desk
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 0, run([]string{"diff", file(t, stored(t))}, &d, &stdout, &stderr))
	assert.Empty(t, stdout.String()+stderr.String())
	assert.Nil(t, d.saved)
}

// The machine is shared by eight answers, and each of them has to be looked at.
func TestDiffNamesEveryOperationThatAChangeReaches(t *testing.T) {
	const before, after = `{"name": "ram", "required": true,`, `{"name": "ram",`
	newer := strings.Replace(stored(t), before, after, 1)
	var stdout, stderr bytes.Buffer
	assert.Equal(t, exitDifferent, run([]string{"diff", file(t, newer)}, &desk{}, &stdout, &stderr))
	assert.Empty(t, stderr.String())
	assert.Equal(t, 8, strings.Count(stdout.String(), "ram: required yes -> no\n"), stdout.String())
	assert.Contains(t, stdout.String(), "~ machines-list: GET /machines\n  ~ response items[].ram: required yes -> no\n")
}

func TestMisuseAndTrouble(t *testing.T) {
	good := file(t, `{"operations": [], "schemas": {}}`)
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no arguments":     {nil, "usage: contract import FILE"},
		"no file":          {[]string{"diff"}, "usage: contract import FILE"},
		"too many":         {[]string{"diff", good, good}, "usage: contract import FILE"},
		"unknown verb":     {[]string{"merge", good}, "usage: contract import FILE"},
		"no such file":     {[]string{"diff", good + ".missing"}, "contract: open "},
		"not a contract":   {[]string{"diff", file(t, `nonsense`)}, "contract: import "},
		"cannot save":      {[]string{"import", good}, "contract: save: disk full"},
		"folder, no file":  {[]string{"import", filepath.Dir(good)}, "contract: import "},
		"nothing is saved": {[]string{"import", file(t, `{`)}, "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			d := desk{saveErr: errors.New("disk full")}
			var stdout, stderr bytes.Buffer
			assert.Equal(t, exitTrouble, run(test.args, &d, &stdout, &stderr))
			assert.Contains(t, stderr.String(), test.want)
			assert.Empty(t, stdout.String())
			if name != "cannot save" {
				assert.Nil(t, d.saved)
			}
		})
	}
}

func TestRepositoryFindsTheContract(t *testing.T) {
	folder, err := repository{}.folder()
	require.NoError(t, err)
	assert.FileExists(t, filepath.Join(folder, "contract.json"))
}

func TestOutputTellsWhatACommandComplainedAbout(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := repository{}.folder()
	assert.ErrorContains(t, err, "go list")
	assert.ErrorContains(t, err, "go.mod")
}

func parse(t *testing.T, operations string) []*contract.Operation {
	t.Helper()
	all, err := contract.Parse([]byte(`{"operations": [` + operations + `]}`))
	require.NoError(t, err)
	return all
}
