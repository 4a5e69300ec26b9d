package paperspace_test

import (
	"bufio"
	"fmt"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
)

// readmeProgram returns the README's first program.
func readmeProgram(t *testing.T, readme string) string {
	t.Helper()
	program := regexp.MustCompile("(?s)\n```go\n(package main\n.*?)```\n").FindStringSubmatch(readme)
	require.NotNil(t, program, "the README has no program")
	return program[1]
}

// readmeSnippets returns the README's snippets of common jobs, and the line of the README at which each begins.
func readmeSnippets(t *testing.T, readme string) (snippets []string, lines []int) {
	t.Helper()
	start := strings.Index(readme, "\n## Common jobs\n")
	require.Positive(t, start, "the README has no section of common jobs")
	end := start + 1 + strings.Index(readme[start+1:], "\n## ")
	for _, m := range regexp.MustCompile("(?s)\n```go\n(.*?\n)```\n").FindAllStringSubmatchIndex(readme[start:end], -1) {
		snippets = append(snippets, readme[start+m[2]:start+m[3]])
		lines = append(lines, 1+strings.Count(readme[:start+m[2]], "\n"))
	}
	require.NotEmpty(t, snippets)
	return snippets, lines
}

func readReadme(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	return strings.ReplaceAll(string(readme), "\r\n", "\n")
}

// examples returns the examples in example_test.go by name, and the file's source.
func examples(t *testing.T) ([]*doc.Example, []byte) {
	t.Helper()
	source, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	file, err := parser.ParseFile(token.NewFileSet(), "example_test.go", source, parser.ParseComments)
	require.NoError(t, err)
	found := doc.Examples(file)
	require.NotEmpty(t, found)
	return found, source
}

// The examples have an output to check, and run on pkg.go.dev.
func TestExamplesRun(t *testing.T) {
	found, _ := examples(t)
	for _, example := range found {
		assert.True(t, example.Output != "" || example.EmptyOutput, "Example%s has no output to check, and is not run", example.Name)
		assert.NotNil(t, example.Play, "pkg.go.dev cannot run Example%s: it uses something from another file", example.Name)
	}
}

// Each snippet of the README is a paragraph of an example, where it runs and its output is checked.
func TestReadmeSnippetsRun(t *testing.T) {
	_, source := examples(t)
	snippets, lines := readmeSnippets(t, readReadme(t))
	for i, snippet := range snippets {
		indented := regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(snippet, "\t$1")
		assert.True(t, strings.Contains(string(source), "\n\n"+indented+"\n"),
			"no example in example_test.go has a paragraph equal to the snippet at README.md:%d", lines[i])
	}
}

// Each snippet of the README compiles when it is pasted alone at the end of the first program's main.
func TestReadmeSnippetsCompileAlone(t *testing.T) {
	readme := readReadme(t)
	program := readmeProgram(t, readme)
	_, body, found := strings.Cut(program, "\nfunc main() {\n")
	require.True(t, found)
	body, found = strings.CutSuffix(body, "}\n")
	require.True(t, found)
	// One function for each snippet compiles as one program for each would, in a fraction of the time.
	source := program
	snippets, lines := readmeSnippets(t, readme)
	for i, snippet := range snippets {
		source += fmt.Sprintf("\nfunc snippet%d() {\n%s//line README.md:%d\n%s}\n", i, body, lines[i], snippet)
	}
	file := filepath.Join(t.TempDir(), "main.go")
	require.NoError(t, os.WriteFile(file, []byte(source), 0o600))
	output, err := exec.Command("go", "vet", file).CombinedOutput()
	assert.NoError(t, err, "%s", output)
}

// The README's two commands run its first program against paperspace-fake. Only the port differs here.
func TestReadmeProgramRuns(t *testing.T) {
	readme := readReadme(t)
	commands := regexp.MustCompile("\ngo run (\\./paperspacetest/cmd/paperspace-fake .*)\n" +
		"PAPERSPACE_API_URL=http://(127.0.0.1:8080)/v1 PAPERSPACE_API_KEY=(.*) go run \\./hello\n").FindStringSubmatch(readme)
	require.NotNil(t, commands, "the README does not have the two commands")
	dir := t.TempDir()
	fake := filepath.Join(dir, "fake.exe")
	flags := strings.Fields(commands[1])
	output, err := exec.Command("go", "build", "-o", fake, flags[0]).CombinedOutput()
	require.NoError(t, err, "%s", output)
	help, _ := exec.Command(fake, "-h").CombinedOutput()
	assert.Contains(t, string(help), `(default "`+commands[2]+`")`, "the address that paperspace-fake listens on by default")

	server := exec.Command(fake, append(flags[1:], "-addr", "127.0.0.1:0")...)
	stdout, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	url, found := strings.CutPrefix(strings.TrimSpace(line), "serving ")
	require.True(t, found, line)

	program := filepath.Join(dir, "main.go")
	require.NoError(t, os.WriteFile(program, []byte(readmeProgram(t, readme)), 0o600))
	run := exec.Command("go", "run", program)
	run.Env = append(os.Environ(), "PAPERSPACE_API_KEY="+commands[3], "PAPERSPACE_API_URL="+url)
	output, err = run.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Contains(t, string(output), "trainer ready ")
}

// The README lists every example and every module for users, with a link.
func TestReadmeListsExamplesAndModules(t *testing.T) {
	readme := readReadme(t)
	dirs, err := filepath.Glob("examples/*/main.go")
	require.NoError(t, err)
	modules, err := filepath.Glob("*/go.mod")
	require.NoError(t, err)
	modules = slices.DeleteFunc(modules, func(name string) bool { return filepath.Dir(name) == "bench" || filepath.Dir(name) == "tools" })
	require.NotEmpty(t, dirs)
	require.NotEmpty(t, modules)
	for _, name := range append(dirs, modules...) {
		dir := filepath.ToSlash(filepath.Dir(name))
		assert.Contains(t, readme, "\n| ["+path.Base(dir)+"]("+dir+") | ", "README.md has no row for "+dir)
	}
	for _, link := range regexp.MustCompile(`\]\(([^:)#]+)\)`).FindAllStringSubmatch(readme, -1) {
		_, err := os.Stat(link[1])
		assert.NoError(t, err, "README.md has a link to what does not exist")
	}
}

// TestServicesHaveExamples checks that each service has an example.
func TestServicesHaveExamples(t *testing.T) {
	found, _ := examples(t)
	client := reflect.TypeFor[paperspace.Client]()
	services := 0
	for field := range client.Fields() {
		if field.Type.Kind() == reflect.Pointer && strings.HasSuffix(field.Type.Elem().Name(), "Service") {
			services++
			name := field.Type.Elem().Name()
			assert.True(t, slices.ContainsFunc(found, func(e *doc.Example) bool { return e.Name == name }), "example_test.go has no Example%s", name)
		}
	}
	assert.Positive(t, services)
}
