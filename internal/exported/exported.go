// Package exported lists what packages export, one line for each name, field and method, and compares the list with a
// recorded one, so that no breaking change goes unnoticed.
package exported

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Dirs are the directories of the packages that are released, from the root of the repository.
var Dirs = []string{".", "paperspacetest", "configfile", "credentials", "otel", "temporal"}

// Lines returns the sorted exports of the packages in the directories. A line has the package, the name, its kind and
// type:
//
//	paperspace Machine.ID field string `json:"id"`
//
// Parameter names are omitted, since they may change.
func Lines(dirs ...string) ([]string, error) {
	var lines []string
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				return nil, err
			}
			l := lister{pkg: file.Name.Name}
			for _, declaration := range file.Decls {
				l.declaration(declaration)
			}
			lines = append(lines, l.lines...)
		}
	}
	slices.Sort(lines)
	return lines, nil
}

type lister struct {
	pkg   string
	lines []string
}

func (l *lister) add(name, kind, what string) {
	l.lines = append(l.lines, strings.TrimSpace(l.pkg+" "+name+" "+kind+" "+what))
}

func (l *lister) declaration(declaration ast.Decl) {
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		l.function(d)
	case *ast.GenDecl:
		var previous *ast.ValueSpec // whose type and values a constant group repeats
		for i, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				l.typeSpec(spec)
			case *ast.ValueSpec:
				if spec.Type != nil || spec.Values != nil || previous == nil || d.Tok != token.CONST {
					previous = spec
				}
				l.values(d.Tok, spec, previous, i)
			}
		}
	}
}

func (l *lister) function(f *ast.FuncDecl) {
	if !f.Name.IsExported() {
		return
	}
	if f.Recv == nil {
		l.add(f.Name.Name, "func", text(f.Type.TypeParams)+signature(f.Type))
		return
	}
	receiver := f.Recv.List[0].Type
	base, _ := strings.CutPrefix(text(receiver), "*")
	if base, _, _ = strings.Cut(base, "["); ast.IsExported(base) {
		l.add(base+"."+f.Name.Name, "method", "("+text(receiver)+") "+signature(f.Type))
	}
}

func (l *lister) typeSpec(spec *ast.TypeSpec) {
	if !spec.Name.IsExported() {
		return
	}
	name := spec.Name.Name
	what := text(spec.TypeParams)
	if spec.Assign.IsValid() {
		what = "= "
	}
	switch t := spec.Type.(type) {
	case *ast.StructType:
		l.add(name, "type", what+"struct")
		for _, f := range t.Fields.List {
			l.field(name, f)
		}
	case *ast.InterfaceType:
		l.add(name, "type", what+"interface")
		for _, f := range t.Methods.List {
			if len(f.Names) == 0 {
				l.add(name+"."+text(f.Type), "embeds", text(f.Type))
			}
			for _, method := range f.Names { // unexported ones too, since they restrict implementations
				l.add(name+"."+method.Name, "requires", signature(f.Type.(*ast.FuncType)))
			}
		}
	default:
		l.add(name, "type", what+text(spec.Type))
	}
}

func (l *lister) field(owner string, f *ast.Field) {
	tag := ""
	if f.Tag != nil {
		tag = " " + f.Tag.Value
	}
	if len(f.Names) == 0 {
		base := strings.TrimPrefix(text(f.Type), "*")
		if base, _, _ = strings.Cut(base, "["); ast.IsExported(base[strings.LastIndex(base, ".")+1:]) {
			l.add(owner+"."+base, "embeds", text(f.Type)+tag)
		}
	}
	for _, name := range f.Names {
		if name.IsExported() {
			l.add(owner+"."+name.Name, "field", text(f.Type)+tag)
		}
	}
}

func (l *lister) values(kind token.Token, spec, like *ast.ValueSpec, index int) {
	for i, name := range spec.Names {
		if !name.IsExported() {
			continue
		}
		what := ""
		if like.Type != nil {
			what = text(like.Type)
		}
		if kind == token.CONST && i < len(like.Values) {
			value := text(like.Values[i])
			if strings.Contains(value, "iota") {
				value += fmt.Sprintf(" (%d)", index)
			}
			what += " = " + value
		}
		l.add(name.Name, kind.String(), strings.TrimSpace(what))
	}
}

// signature returns the parameter and result types of a function.
func signature(f *ast.FuncType) string {
	parameters := "(" + strings.Join(types(f.Params), ", ") + ")"
	switch results := types(f.Results); len(results) {
	case 0:
		return parameters
	case 1:
		return parameters + " " + results[0]
	default:
		return parameters + " (" + strings.Join(results, ", ") + ")"
	}
}

func types(fields *ast.FieldList) (list []string) {
	if fields == nil {
		return nil
	}
	for _, f := range fields.List {
		for range max(1, len(f.Names)) {
			list = append(list, text(f.Type))
		}
	}
	return list
}

func text(node any) string {
	switch node := node.(type) {
	case *ast.FuncType:
		return "func" + signature(node)
	case *ast.FieldList: // type parameters
		if node == nil {
			return ""
		}
		var list []string
		for _, f := range node.List {
			for _, name := range f.Names {
				list = append(list, name.Name+" "+text(f.Type))
			}
		}
		return "[" + strings.Join(list, ", ") + "]"
	}
	var b bytes.Buffer
	_ = printer.Fprint(&b, token.NewFileSet(), node)
	return strings.Join(strings.Fields(b.String()), " ")
}

// A record has an entry for each line of the last release and each line added since. An entry is a mark and a line:
const (
	Kept  = "  " // in the last release and unchanged
	Added = "+ " // added since the last release
	Gone  = "- " // in the last release, and removed or changed since
)

// Update returns the record updated to the current lines.
func Update(record, lines []string) []string {
	var updated []string
	released := map[string]bool{}
	for _, entry := range record {
		mark, line := entry[:2], entry[2:]
		if mark == Added {
			continue
		}
		released[line] = true
		if slices.Contains(lines, line) {
			updated = append(updated, Kept+line)
		} else {
			updated = append(updated, Gone+line)
		}
	}
	for _, line := range lines {
		if !released[line] {
			updated = append(updated, Added+line)
		}
	}
	slices.SortFunc(updated, func(a, b string) int { return strings.Compare(a[2:]+a[:1], b[2:]+b[:1]) })
	return updated
}

// Release returns the record after a release: all current lines are kept.
func Release(record []string) []string {
	var released []string
	for _, entry := range record {
		if !strings.HasPrefix(entry, Gone) {
			released = append(released, Kept+entry[2:])
		}
	}
	return released
}

// Unnamed returns the Gone entries whose names are not in the changelog.
func Unnamed(record []string, changelog string) []string {
	var unnamed []string
	for _, entry := range record {
		if strings.HasPrefix(entry, Gone) && !Named(Name(entry[2:]), changelog) {
			unnamed = append(unnamed, entry)
		}
	}
	return unnamed
}

// Named reports whether the changelog's unreleased section has the name under Changed or Removed, in backquotes:
// `Machine.ID` or, for a method of a service, `Machines.Get`.
func Named(name, changelog string) bool {
	_, section, _ := strings.Cut(changelog, "## [Unreleased]")
	section, _, _ = strings.Cut(section, "\n## ")
	for part := range strings.SplitSeq(section, "\n### ") {
		if !strings.HasPrefix(part, "Changed") && !strings.HasPrefix(part, "Removed") {
			continue
		}
		if strings.Contains(part, "`"+name+"`") || strings.Contains(part, "`"+strings.Replace(name, "Service.", ".", 1)+"`") {
			return true
		}
	}
	return false
}

// Name returns the name in a line: Machine.ID or, outside package paperspace, paperspacetest.New.
func Name(line string) string {
	words := strings.SplitN(line, " ", 3)
	if words[0] == "paperspace" {
		return words[1]
	}
	return words[0] + "." + words[1]
}

// Read reads a record.
func Read(name string) ([]string, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var record []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSuffix(line, "\n"); len(line) > 2 && line[0] != '#' {
			record = append(record, line)
		}
	}
	return record, nil
}

const header = `# The exported API, one name per line. "+" was added since the last release. "-" was removed or changed since, and must be
# named in CHANGELOG.md. Generated by "go run ./internal/cmd/exported", with -release at a release. DO NOT EDIT.
`

// Write writes a record.
func Write(name string, record []string) error {
	return os.WriteFile(name, []byte(header+strings.Join(record, "\n")+"\n"), 0o644)
}
