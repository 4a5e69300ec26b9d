package paperspace_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
)

// TestReadmeSnippets checks that each snippet of the README's most common jobs is a paragraph of an example in
// example_jobs_test.go, in the same order: there it is compiled and run, and its output is checked.
func TestReadmeSnippets(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(readme), "\n## The ten most common jobs\n")
	require.True(t, found, "the README lacks the section")
	section, _, _ = strings.Cut(section, "\n## ")
	snippets := regexp.MustCompile("(?s)\n```go\n(.*?)\n```\n").FindAllStringSubmatch(section, -1)

	source, err := os.ReadFile("example_jobs_test.go")
	require.NoError(t, err)
	file, err := parser.ParseFile(token.NewFileSet(), "example_jobs_test.go", source, parser.ParseComments)
	require.NoError(t, err)
	var jobs []*ast.FuncDecl
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok {
			jobs = append(jobs, f)
		}
	}

	require.Equal(t, 10, len(snippets), "snippets in the README")
	require.Equal(t, len(snippets), len(jobs), "functions in example_jobs_test.go")
	for i, job := range jobs {
		body := string(source[job.Body.Lbrace-1 : job.Body.Rbrace])
		require.True(t, strings.Contains(body, "// Output:"), "%s has no output to check, and is not run", job.Name.Name)
		indented := regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(snippets[i][1], "\t$1")
		assert.True(t, strings.Contains(body, "\n\n"+indented+"\n\n"), "%s in example_jobs_test.go has no paragraph equal to snippet %d of the README:\n%s",
			job.Name.Name, i+1, snippets[i][1])
	}
}

// TestReadmeProgram runs the README's first program against a server.
func TestReadmeProgram(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	program := regexp.MustCompile("(?s)\n```go\n(package main\n.*?)```\n").FindStringSubmatch(string(readme))
	require.NotNil(t, program)
	file := filepath.Join(t.TempDir(), "main.go")
	require.NoError(t, os.WriteFile(file, []byte(program[1]), 0o600))

	srv := newServer()
	newMachine(newClient(srv), "trainer")
	socket := httptest.NewServer(srv)
	defer socket.Close()
	cmd := exec.Command("go", "run", file)
	cmd.Env = append(os.Environ(), "PAPERSPACE_API_KEY="+srv.Key(), "PAPERSPACE_API_URL="+socket.URL+"/v1")
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Contains(t, string(output), "trainer ")
}

// TestServicesHaveExamples checks that each service has an example.
func TestServicesHaveExamples(t *testing.T) {
	source, err := os.ReadFile("example_services_test.go")
	require.NoError(t, err)
	client := reflect.TypeFor[paperspace.Client]()
	services := 0
	for field := range client.Fields() {
		if field.Type.Kind() == reflect.Pointer && strings.HasSuffix(field.Type.Elem().Name(), "Service") {
			services++
			example := "func Example" + field.Type.Elem().Name() + "() {"
			assert.True(t, strings.Contains(string(source), "\n"+example+"\n"), "example_services_test.go has no %s", example)
		}
	}
	assert.Positive(t, services)
}
