// Package apidoc finds the methods that perform the API's operations in the
// source of the SDK, for the tests that hold them to the contract, and writes
// the table of them that is API.md.
package apidoc

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// A Method performs one operation.
type Method struct {
	Operation string // the id: machines-get
	Verb      string // the HTTP method, as the method's doc has it
	Path      string // the path template, likewise
	Service   string // the field of Client: Machines
	Name      string // Get
	Call      string // what a call of it looks like, and what it returns
	All       string // the method that walks all pages of the list, if there is one
	Class     string // safe, idempotent or once
}

var (
	apiLine  = regexp.MustCompile(`(?m)^API: (.*)$`)
	apiFacts = regexp.MustCompile(`^(\S+), ([A-Z]+) (/\S*)$`)
	pageLine = regexp.MustCompile(`Calls (\S+) for each page\.`)
)

// Methods returns the methods of the Go files in the folder whose docs end in
// a line such as "API: machines-get, GET /machines/{id}".
func Methods(dir string) ([]Method, error) {
	files, err := parse(dir)
	if err != nil {
		return nil, err
	}
	var methods []Method
	walkers, classes := map[string]string{}, map[string]string{}
	for _, file := range files {
		for _, declaration := range file.Decls {
			switch declaration := declaration.(type) {
			case *ast.FuncDecl:
				doc := strings.TrimSpace(declaration.Doc.Text())
				if m := pageLine.FindStringSubmatch(strings.Join(strings.Fields(doc), " ")); m != nil && strings.HasPrefix(declaration.Name.Name, "All") {
					walkers[m[1]] = declaration.Name.Name
				}
				if apiLine.MatchString(doc) {
					m, err := method(declaration, doc)
					if err != nil {
						return nil, fmt.Errorf("apidoc: %s: %w", declaration.Name.Name, err)
					}
					methods = append(methods, m)
				}
			case *ast.GenDecl:
				ast.Inspect(declaration, func(n ast.Node) bool {
					if call, is := n.(*ast.CallExpr); is {
						if id, class := endpoint(call); id != "" && classes[id] == "" { // the outermost call comes first
							classes[id] = class
						}
					}
					return true
				})
			}
		}
	}
	for i := range methods {
		methods[i].All = walkers[methods[i].Operation]
		methods[i].Class = classes[methods[i].Operation]
	}
	return methods, nil
}

func parse(dir string) ([]*ast.File, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

func method(f *ast.FuncDecl, doc string) (Method, error) {
	lines := apiLine.FindAllStringSubmatch(doc, -1)
	if len(lines) > 1 || !strings.HasSuffix(doc, "\n\n"+lines[0][0]) {
		return Method{}, errors.New("the API line must be the last paragraph of the doc, and the only such line")
	}
	facts := apiFacts.FindStringSubmatch(lines[0][1])
	if facts == nil {
		return Method{}, fmt.Errorf("%q is not of the form: API: <operation>, <VERB> <path>", lines[0][0])
	}
	if f.Recv == nil {
		return Method{}, errors.New("is not a method")
	}
	receiver := strings.TrimPrefix(text(f.Recv.List[0].Type), "*")
	service, is := strings.CutSuffix(receiver, "Service")
	if !is {
		return Method{}, fmt.Errorf("%s is not a service", receiver)
	}
	return Method{
		Operation: facts[1], Verb: facts[2], Path: facts[3], Service: service, Name: f.Name.Name, Call: call(f),
	}, nil
}

// call writes a call without the options, with strings by their names and
// params by their type: Update(ctx, id, MachineUpdateParams) (*Operation[Machine], error).
func call(f *ast.FuncDecl) string {
	var arguments, results []string
	for _, p := range f.Type.Params.List {
		if _, variadic := p.Type.(*ast.Ellipsis); variadic {
			continue
		}
		for _, name := range p.Names {
			if name.Name == "params" {
				arguments = append(arguments, text(p.Type))
			} else {
				arguments = append(arguments, name.Name)
			}
		}
	}
	for _, r := range f.Type.Results.List {
		results = append(results, text(r.Type))
	}
	return fmt.Sprintf("%s(%s) (%s)", f.Name.Name, strings.Join(arguments, ", "), strings.Join(results, ", "))
}

// defaultClasses are the classes of the endpoints that say nothing else, by their constructor.
var defaultClasses = map[string]string{
	"get": "safe", "put": "idempotent", "remove": "idempotent", "post": "once", "patch": "once",
}

// endpoint reads the id and the class out of a call such as post("things-add", "/things").idempotent().
func endpoint(call *ast.CallExpr) (id, class string) {
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		if class = defaultClasses[fun.Name]; class != "" && len(call.Args) == 2 {
			id, _ = strconv.Unquote(text(call.Args[0]))
		}
	case *ast.SelectorExpr:
		if inner, is := fun.X.(*ast.CallExpr); is {
			id, class = endpoint(inner)
		}
		if fun.Sel.Name == "idempotent" {
			class = "idempotent"
		}
	}
	return id, class
}

func text(node ast.Node) string {
	if node == nil {
		return ""
	}
	var b strings.Builder
	_ = printer.Fprint(&b, token.NewFileSet(), node) // a Builder never fails
	return b.String()
}

const head = `# The endpoints and their methods

<!-- Made by "go run ./internal/cmd/apidoc". Do not edit. -->

All %d endpoints of the API, by the service of the client that has them: ` + "`client.Machines.Get(ctx, id)`" + `.
All methods take request options at the end. Where there are two, the second iterates over all pages of the list.

The class determines when a failed request is sent again: *safe* requests only read, *idempotent* ones have the same
effect when they are carried out twice, and *once* marks those that must not be.
`

const docs = "https://pkg.go.dev/github.com/paperspace-go/paperspace#"

// Page returns what API.md has to be for the SDK in the folder.
func Page(dir string) ([]byte, error) {
	methods, err := Methods(dir)
	if err != nil {
		return nil, err
	}
	operations := contract.Operations()
	position := map[string]int{}
	for i, op := range operations {
		position[op.ID] = i
	}
	slices.SortFunc(methods, func(a, b Method) int {
		if a.Service != b.Service {
			return strings.Compare(a.Service, b.Service)
		}
		return position[a.Operation] - position[b.Operation]
	})

	var page bytes.Buffer
	fmt.Fprintf(&page, head, len(operations))
	service := ""
	for _, m := range methods {
		op := contract.Lookup(m.Operation)
		if op == nil {
			return nil, fmt.Errorf("apidoc: %s.%s: the contract has no operation %s", m.Service, m.Name, m.Operation)
		}
		if m.Service != service {
			service = m.Service
			fmt.Fprintf(&page, "\n## %s\n\n| endpoint | request | method | class |\n| --- | --- | --- | --- |\n", service)
		}
		name, rest, _ := strings.Cut(m.Call, "(")
		names := link(service, name)
		if m.All != "" {
			names += ", " + link(service, m.All)
		}
		fmt.Fprintf(&page, "| %s | `%s %s` | %s `(%s` | %s |\n", op.ID, op.Method, op.Path, names, rest, m.Class)
	}
	return page.Bytes(), nil
}

func link(service, name string) string {
	return fmt.Sprintf("[`%s`](%s%sService.%s)", name, docs, service, name)
}

// Write puts the page where it belongs, below the folder.
func Write(dir string) error {
	page, err := Page(dir)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "API.md"), page, 0o644)
}
