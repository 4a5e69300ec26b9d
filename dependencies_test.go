package paperspace

import (
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var requirement = regexp.MustCompile(`(?m)^(?:require)?\s+(\S+\.\S+/\S+) v`)

// The SDK depends on three modules and on one that the first of them needs. Its tests need two more.
func TestDependencies(t *testing.T) {
	gomod, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	var required []string
	for _, match := range requirement.FindAllStringSubmatch(string(gomod), -1) {
		required = append(required, match[1])
	}
	ours := []string{"github.com/go-json-experiment/json", "github.com/google/go-querystring", "github.com/hashicorp/go-retryablehttp"}
	theirs := []string{"github.com/hashicorp/go-cleanhttp"}
	tests := []string{"github.com/jarcoal/httpmock", "github.com/stretchr/testify", "go.yaml.in/yaml/v3"}
	assert.ElementsMatch(t, slices.Concat(ours, theirs, tests), required)
	assert.NotContains(t, string(gomod), "replace")

	// Imports are limited to these modules, for the package and for its tests.
	count := 0
	err = filepath.WalkDir(".", func(dir string, entry os.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		_, notMod := os.Stat(filepath.Join(dir, "go.mod"))
		if name := entry.Name(); dir != "." && (notMod == nil || name == "testdata" || strings.HasPrefix(name, ".")) {
			return filepath.SkipDir // another module, or not Go code
		}
		pkg, err := build.ImportDir(dir, 0)
		if err != nil { // no Go files
			return nil
		}
		count++
		allowed := slices.Concat(ours, []string{"github.com/paperspace-go/paperspace"})
		for _, path := range pkg.Imports {
			assert.True(t, isStandard(path) || within(path, allowed), "%s imports %s", dir, path)
		}
		for _, path := range slices.Concat(pkg.TestImports, pkg.XTestImports) {
			assert.True(t, isStandard(path) || within(path, allowed) || within(path, tests), "a test in %s imports %s", dir, path)
		}
		return nil
	})
	require.NoError(t, err)
	assert.Greater(t, count, 5)
}

// ownPackages are the packages of this module that the SDK consists of.
var ownPackages = []string{"", "internal/transport", "internal/wire", "internal/poll"}

// ownSources returns the names of their source files, for all platforms.
func ownSources(t *testing.T) (names []string) {
	t.Helper()
	for _, dir := range ownPackages {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		files = slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
		require.NotEmpty(t, files, dir)
		names = append(names, files...)
	}
	return names
}

// The contract is for tests: programs that use the SDK do not contain it.
func TestContractIsNotImported(t *testing.T) {
	for _, name := range ownSources(t) {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range file.Imports {
			path := strings.Trim(spec.Path.Value, `"`)
			if own, is := strings.CutPrefix(path, "github.com/paperspace-go/paperspace/"); is {
				assert.Contains(t, ownPackages, own, name)
			}
		}
	}
}

// The package uses nothing that makes the linker keep unused methods: not text/template, which calls methods by name,
// and no calls by name of its own. It does not contain the contract either.
func TestLinkerCanDropDeadCode(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	deps := strings.Fields(string(out))
	require.Contains(t, deps, "net/http")
	for _, path := range []string{
		"github.com/paperspace-go/paperspace/internal/contract", "text/template", "html/template", "testing", "embed",
	} {
		assert.NotContains(t, deps, path)
	}
	byName := regexp.MustCompile(`\.MethodByName\(|\.Method\(`)
	for _, name := range ownSources(t) {
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Empty(t, byName.FindAllString(string(source), -1), name)
	}
}

func TestDependabotWatchesEveryModule(t *testing.T) {
	config, err := os.ReadFile(".github/dependabot.yml")
	require.NoError(t, err)
	var want []string
	err = filepath.WalkDir(".", func(name string, entry os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".ogen": // bench generates it
			return filepath.SkipDir
		case entry.Name() == "go.mod":
			want = append(want, strings.TrimSuffix("/"+filepath.ToSlash(filepath.Dir(name)), "/."))
		}
		return nil
	})
	require.NoError(t, err)
	want[slices.Index(want, "")] = "/"
	var got []string
	for _, match := range regexp.MustCompile(`(?m)^      - (/\S*)$`).FindAllStringSubmatch(string(config), -1) {
		got = append(got, match[1])
	}
	assert.ElementsMatch(t, want, got)
}

// The systems and Go versions in TESTING.md are those of the workflow, which runs what contributors run.
func TestCIRunsOnWhatIsDocumented(t *testing.T) {
	read := func(name string) string {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		return string(content)
	}
	workflow, testing := read(".github/workflows/ci.yml"), strings.Join(strings.Fields(read("TESTING.md")), " ")
	var runs []string
	for _, match := range regexp.MustCompile(`(?m)^\s*(?:- )?run: +(.+)$`).FindAllStringSubmatch(workflow, -1) {
		runs = append(runs, match[1])
	}
	assert.Equal(t, []string{".ci/run"}, runs)
	assert.Contains(t, workflow, "os: [ubuntu-latest, macos-latest, windows-latest]")
	versions := regexp.MustCompile(`go: \["([\d.]+)", "([\d.]+)"\]`).FindStringSubmatch(workflow)
	require.NotNil(t, versions)
	assert.Contains(t, testing, "`.ci/run` runs everything, on Linux, macOS and Windows, with Go "+versions[1]+" and "+versions[2]+".")
	assert.Regexp(t, `(?m)^go `+regexp.QuoteMeta(versions[1])+`(\.\d+)?$`, read("go.mod"), "the oldest version is the one that go.mod allows")
}

// Each part of a -run pattern in the documentation matches a test, and in each of its packages.
func TestDocumentedPatternsMatchTests(t *testing.T) {
	commands := 0
	for _, page := range []string{"TESTING.md", "CONTRIBUTING.md"} {
		content, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile("`go test [^`]*-run '?([\\w\\\\|]+)'?((?: \\.[^\\s`]*)+)").FindAllStringSubmatch(string(content), -1) {
			commands++
			for _, dir := range strings.Fields(match[2]) {
				files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
				require.NoError(t, err)
				var source []byte
				for _, name := range files {
					text, err := os.ReadFile(name)
					require.NoError(t, err)
					source = append(source, text...)
				}
				for pattern := range strings.SplitSeq(match[1], `\|`) { // a table escapes the bar
					found := regexp.MustCompile(`(?m)^func Test\w*` + pattern).Match(source)
					assert.True(t, found, "%s: no test in %s matches %s", page, dir, pattern)
				}
			}
		}
	}
	assert.GreaterOrEqual(t, commands, 5, "commands with -run in the documentation")
}

func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func within(path string, modules []string) bool {
	return slices.ContainsFunc(modules, func(m string) bool { return path == m || strings.HasPrefix(path, m+"/") })
}

// CI runs no tool at its latest version: go.mod files pin the versions.
func TestToolsArePinned(t *testing.T) {
	scripts, err := filepath.Glob(".ci/*")
	require.NoError(t, err)
	workflows, err := filepath.Glob(".github/workflows/*")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	floating := regexp.MustCompile(`@latest\b|@master\b|@main\b|\bgo (run|install) \S+@`)
	for _, name := range slices.Concat(scripts, workflows) {
		script, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Empty(t, floating.FindAllString(string(script), -1), name)
	}
	gomod, err := os.ReadFile("tools/go.mod")
	require.NoError(t, err)
	for _, tool := range []string{"honnef.co/go/tools/cmd/staticcheck", "golang.org/x/vuln/cmd/govulncheck", "golang.org/x/exp/cmd/apidiff"} {
		assert.Contains(t, string(gomod), tool)
	}
}
