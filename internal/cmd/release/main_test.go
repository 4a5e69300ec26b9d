package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const signerVariable = "RELEASE_TEST_SIGNS"

// TestMain lets git use this program in place of gpg.
func TestMain(m *testing.M) {
	if os.Getenv(signerVariable) != "" {
		_, _ = io.Copy(io.Discard, os.Stdin) // git fails if its write of the tag does
		fmt.Fprint(os.Stderr, "\n[GNUPG:] SIG_CREATED ")
		fmt.Print("-----BEGIN PGP SIGNATURE-----\n\ntest\n-----END PGP SIGNATURE-----\n")
		return
	}
	os.Exit(m.Run())
}

// The modules of this repository are all in a list, and the released ones require each other's current version.
func TestThisRepository(t *testing.T) {
	r, err := readRepository("../../..")
	require.NoError(t, err)
	var tags []string
	for _, m := range r.modules {
		if m.isReleased() {
			tags = append(tags, m.tag("v1.2.3"))
		}
	}
	releasing, err := os.ReadFile("../../../RELEASING.md")
	require.NoError(t, err)
	push := "git push --atomic origin " + strings.Join(tags, " ")
	assert.Contains(t, string(releasing), strings.ReplaceAll(push, "v1.2.3", "vX.Y.Z"))
	assert.Equal(t, []string{"v1.2.3", "configfile/v1.2.3", "credentials/v1.2.3", "otel/v1.2.3", "temporal/v1.2.3"}, tags)
}

// newRepository creates a repository with a root module, a released module that imports it, a program and a tool. The
// module proxy is off: all that they need is in the repository.
func newRepository(t *testing.T) string {
	t.Helper()
	lists := [3]*[]string{&released, &programs, &private}
	for _, list := range lists {
		before := *list
		t.Cleanup(func() { *list = before })
	}
	released, programs, private = []string{".", "otel"}, []string{"examples/*"}, []string{"tools"}
	t.Setenv("GOPROXY", "off")
	dir := t.TempDir()
	gomod := func(name string) string {
		return "module " + rootPath + name + "\n\ngo 1.26\n\nrequire " + rootPath + " v0.2.0\n\nreplace " + rootPath + " => ..\n"
	}
	for name, content := range map[string]string{
		"go.mod":              "module " + rootPath + "\n\ngo 1.26\n",
		"LICENSE":             "none",
		"CHANGELOG.md":        "## [Unreleased]\n\n## [0.2.0] - 2026-01-02\n",
		"client.go":           "package paperspace\n\nconst Version = \"0.2.0\"\n",
		".gitignore":          "ignored.go\n",
		"otel/go.mod":         gomod("/otel"),
		"otel/otel.go":        "package otel\n\nimport \"" + rootPath + "\"\n\nconst Version = paperspace.Version\n",
		"examples/one/go.mod": strings.Replace(gomod("/examples/one"), "..", "../..", 1),
		"examples/one/one.go": "package main\n\nimport _ \"" + rootPath + "\"\n\nfunc main() {}\n",
		"tools/go.mod":        "module " + rootPath + "/tools\n",
	} {
		write(t, dir, name, content)
	}
	return dir
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	require.NoError(t, writeFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(content)))
}

func replace(t *testing.T, dir, name, old, with string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	require.Contains(t, string(content), old)
	write(t, dir, name, strings.ReplaceAll(string(content), old, with))
}

// commit makes the directory a git repository, if it is none, and commits all files.
func commit(t *testing.T, dir string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	program, err := os.Executable()
	require.NoError(t, err)
	config := filepath.Join(t.TempDir(), "gitconfig") // instead of the user's own
	require.NoError(t, writeFile(config, nil))
	t.Setenv("GIT_CONFIG_GLOBAL", config)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv(signerVariable, "1")
	for _, args := range [][]string{
		{"init", "--quiet"}, {"config", "user.name", "n"}, {"config", "user.email", "e"}, {"config", "gpg.program", program},
		{"config", "core.autocrlf", "false"}, {"add", "--all"}, {"commit", "--quiet", "--message", "m"},
	} {
		_, err := output(dir, "git", args...)
		require.NoError(t, err)
	}
}

func checkRepository(dir string) error {
	r, err := readRepository(dir)
	if err != nil {
		return err
	}
	return r.check(false)
}

func TestCheckAcceptsModulesThatResolve(t *testing.T) {
	dir := newRepository(t)
	require.NoError(t, checkRepository(dir))
	assert.NoFileExists(t, filepath.Join(dir, "go.sum"), "nothing changes")
}

// Each of these works in this repository, and would not for those who use the release.
func TestCheckRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, dir string)
		want   string
	}{
		"requirement of another version": {func(t *testing.T, dir string) {
			replace(t, dir, "otel/go.mod", "v0.2.0", "v0.1.0")
		}, "module otel requires github.com/paperspace-go/paperspace v0.1.0 instead of v0.2.0"},
		"requirement of a module that is not released": {func(t *testing.T, dir string) {
			replace(t, dir, "otel/go.mod", "require ", "require "+rootPath+"/tools v0.2.0\nrequire ")
		}, "module otel requires github.com/paperspace-go/paperspace/tools, which is not released before it"},
		"requirement of a module that is released later": {func(t *testing.T, dir string) {
			replace(t, dir, "go.mod", "go 1.26", "go 1.26\n\nrequire "+rootPath+"/otel v0.2.0")
		}, "module . requires github.com/paperspace-go/paperspace/otel, which is not released before it"},
		"module in no list": {func(t *testing.T, dir string) {
			write(t, dir, "new/go.mod", "module "+rootPath+"/new\n")
		}, "module new is new: add it"},
		"module that does not exist": {func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "otel/go.mod")))
		}, "module otel does not exist"},
		"module with another path": {func(t *testing.T, dir string) {
			replace(t, dir, "otel/go.mod", "/otel", "/telemetry")
		}, "module otel has the path github.com/paperspace-go/paperspace/telemetry"},
		"package that only replace has": {func(t *testing.T, dir string) {
			replace(t, dir, "otel/go.mod", "require ", "require example.com/local v0.0.0\nreplace example.com/local => ../local\nrequire ")
			write(t, dir, "local/go.mod", "module example.com/local\n")
			replace(t, dir, "otel/otel.go", "const", "import _ \"example.com/local\"\n\nconst")
			private = append(private, "local")
		}, "module otel: go get"},
		"package that git ignores": {func(t *testing.T, dir string) {
			write(t, dir, "ignored/ignored.go", "package ignored\n")
			replace(t, dir, "client.go", "package paperspace\n", "package paperspace\n\nimport _ \""+rootPath+"/ignored\"\n")
			commit(t, dir)
		}, "module .: go get"},
		"package of a program": {func(t *testing.T, dir string) {
			write(t, dir, "missing/go.mod", "module "+rootPath+"/missing\n")
			private = append(private, "missing")
			replace(t, dir, "examples/one/one.go", "func main", "import _ \""+rootPath+"/missing\"\n\nfunc main")
		}, "module examples/one: go list"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newRepository(t)
			c.change(t, dir)
			require.ErrorContains(t, checkRepository(dir), c.want)
		})
	}
}

func TestSetWritesTheVersion(t *testing.T) {
	dir := newRepository(t)
	require.NoError(t, setVersion(dir, "0.3.0-rc.1"))
	for _, name := range []string{"client.go", "otel/go.mod", "examples/one/go.mod"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Contains(t, string(content), "0.3.0-rc.1", name)
		assert.NotContains(t, string(content), "0.2.0", name)
	}
	r, err := readRepository(dir)
	require.NoError(t, err)
	assert.Equal(t, "v0.3.0-rc.1", r.version)
	for _, bad := range []string{"", "v0.3.0", "0.3", "0.03.0", "2.0.0", "0.3.0\n", "latest"} {
		require.ErrorContains(t, setVersion(dir, bad), "is not a version", "%q", bad)
	}
}

func TestTag(t *testing.T) {
	dir := newRepository(t)
	replace(t, dir, "CHANGELOG.md", "[0.2.0] - 2026-01-02", "[0.2.0] - soon")
	commit(t, dir)
	tag := func() error {
		r, err := readRepository(dir)
		require.NoError(t, err)
		return r.tag()
	}
	tags := func() string {
		list, err := output(dir, "git", "for-each-ref", "--sort=creatordate", "--format=%(refname:short) %(contents:signature)", "refs/tags")
		require.NoError(t, err)
		return list
	}
	require.ErrorContains(t, tag(), "CHANGELOG.md has no heading ## [0.2.0] - YYYY-MM-DD")
	replace(t, dir, "CHANGELOG.md", "soon", "2026-01-02")
	require.ErrorContains(t, tag(), "not committed:\n M CHANGELOG.md")
	commit(t, dir)
	assert.Empty(t, tags())

	require.NoError(t, tag())
	for _, want := range []string{"v0.2.0 -----BEGIN PGP SIGNATURE", "otel/v0.2.0 -----BEGIN PGP SIGNATURE"} {
		assert.Contains(t, tags(), want)
	}
	require.ErrorContains(t, tag(), "these tags exist, and must never move:\notel/v0.2.0\nv0.2.0")
}

func TestCommands(t *testing.T) {
	for _, args := range [][]string{{"publish"}, {"set"}, {"check", "0.2.0"}, {"tag", "0.2.0"}} {
		require.ErrorContains(t, run(args), "usage: release", args)
	}
}
