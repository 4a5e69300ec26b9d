package paperspace

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An example has at most 100 lines of logic. These are the lines with code of its package main, apart from tests, the
// package clause, the imports and func main, which only reads flags and handles interrupts. Examples of frameworks, which
// need a schema or an API type, are longer.
func TestExamplesAreShort(t *testing.T) {
	const limit = 100
	frameworks := []string{"terraform-resource", "kubernetes"}
	files, err := filepath.Glob("examples/*/*.go")
	require.NoError(t, err)
	lines := map[string]int{}
	for _, name := range files {
		if !strings.HasSuffix(name, "_test.go") {
			lines[filepath.Dir(name)] += logicLines(t, name)
		}
	}
	require.GreaterOrEqual(t, len(lines), 10)
	for example, n := range lines {
		t.Logf("%3d lines in %s", n, example)
		if slices.Contains(frameworks, filepath.Base(example)) {
			continue
		}
		assert.LessOrEqual(t, n, limit, "lines of logic in %s", example)
	}
}

// logicLines returns the number of lines of logic in a file.
func logicLines(t *testing.T, name string) int {
	t.Helper()
	source, err := os.ReadFile(name)
	require.NoError(t, err)
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, name, source, 0)
	require.NoError(t, err)
	skipped := []ast.Node{parsed.Name}
	for _, decl := range parsed.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "main" {
			skipped = append(skipped, f)
		}
		if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.IMPORT {
			skipped = append(skipped, d)
		}
	}
	isSkipped := map[int]bool{files.Position(parsed.Package).Line: true}
	for _, node := range skipped {
		for line := files.Position(node.Pos()).Line; line <= files.Position(node.End()).Line; line++ {
			isSkipped[line] = true
		}
	}
	code := map[int]bool{}
	var s scanner.Scanner
	file := token.NewFileSet().AddFile(name, -1, len(source))
	s.Init(file, source, nil, 0) // without comments
	for {
		pos, tok, text := s.Scan()
		if tok == token.EOF {
			return len(code)
		}
		first := file.Line(pos)
		for line := first; line <= first+bytes.Count([]byte(text), []byte("\n")); line++ {
			if !isSkipped[line] && text != "\n" {
				code[line] = true
			}
		}
	}
}
