package configfile_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/configfile"
)

// Each file in testdata has a file .want with the configuration that is sent, or with the error.
func TestParseDeploymentConfig(t *testing.T) {
	files, err := filepath.Glob("testdata/*.[yj]*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			want, err := os.ReadFile(strings.TrimSuffix(file, filepath.Ext(file)) + ".want")
			require.NoError(t, err)
			for _, data := range []string{string(data), "\ufeff" + string(data), strings.ReplaceAll(string(data), "\n", "\r\n")} {
				config, err := configfile.ParseDeploymentConfig([]byte(data))
				if text, ok := strings.CutPrefix(string(want), "error: "); ok {
					require.ErrorContains(t, err, strings.TrimSpace(text))
					continue
				}
				require.NoError(t, err)
				assert.Equal(t, exactly(t, string(want)), exactly(t, sent(t, config)))
			}
		})
	}
}

// sent returns a configuration as an Upsert sends it.
func sent(t *testing.T, config paperspace.DeploymentConfig) string {
	if config.V1 != nil && config.V1.Image == "" { // a file may leave it open, a request may not
		config.V1.Image = "filled in"
	}
	var body struct{ Config map[string]json.RawMessage }
	transport := roundTripper(func(req *http.Request) (*http.Response, error) {
		assert.NoError(t, json.NewDecoder(req.Body).Decode(&body))
		return nil, errors.New("not sent")
	})
	client, err := paperspace.NewClient(paperspace.WithAPIKey("key"), paperspace.WithHTTPClient(&http.Client{Transport: transport}),
		paperspace.WithRetryPolicy(paperspace.RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)
	_, err = client.Deployments.Upsert(t.Context(), paperspace.DeploymentUpsertParams{ProjectID: "p", Config: config})
	if e, ok := errors.AsType[*paperspace.ParamError](err); ok && strings.HasPrefix(e.Field, "config.resources.autoscaling") {
		text, err := json.Marshal(config) // {enabled: false} alone is refused
		require.NoError(t, err)
		return string(text)
	}
	require.ErrorContains(t, err, "not sent")
	if string(body.Config["image"]) == `"filled in"` {
		delete(body.Config, "image")
	}
	text, err := json.Marshal(body.Config)
	require.NoError(t, err)
	return string(text)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func exactly(t *testing.T, text string) (value any) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	require.NoError(t, dec.Decode(&value), text)
	_, err := dec.Token()
	require.ErrorIs(t, err, io.EOF)
	return value
}

func TestFilesWithoutAConfig(t *testing.T) {
	for text, want := range map[string]string{
		"": "no configuration in the file", "\n\n": "no configuration", "# nothing\n": "no configuration", "null": "no configuration",
		"---\n": "no configuration", "~": "no configuration", "// nothing\nnull": "no configuration",
		"[]": "config: must be an object, not a list", "- a": "must be an object, not a list", "42": "must be an object, not a number",
		"name": "must be an object, not a string", `"name"`: "must be an object, not a string",
		"{": "configfile: ", `{"a":1,,}`: "configfile: ", `{,}`: "configfile: ", "a: b: c": "configfile: yaml: ",
	} {
		_, err := configfile.ParseDeploymentConfig([]byte(text))
		assert.ErrorContains(t, err, want, "%q", text)
	}
}

func TestErrorsNameTheMember(t *testing.T) {
	_, err := configfile.ParseDeploymentConfig([]byte("apiVersion: v1\nenv:\n- name: A\n  value: [1]\n"))
	e, ok := errors.AsType[*paperspace.ParamError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, "config.env[0].value", e.Field)
}

// Whatever a file has: no panic, and what was read can be encoded.
func FuzzParseDeploymentConfig(f *testing.F) {
	files, err := filepath.Glob("testdata/*.[yj]*")
	require.NoError(f, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		config, err := configfile.ParseDeploymentConfig(data)
		if err != nil {
			return
		}
		text, err := json.Marshal(config)
		require.NoError(t, err)
		_, err = configfile.ParseDeploymentConfig(text)
		require.NoError(t, err, "%s", text)
	})
}
