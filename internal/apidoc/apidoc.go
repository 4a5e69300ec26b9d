// Package apidoc finds the methods of the SDK that call an endpoint, by the API lines in their docs. Tests compare
// these methods with the contract, and API.md lists them.
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

// A Method calls one endpoint.
type Method struct {
	Endpoint string // the endpoint's id: machines-get
	Verb     string // the HTTP method in the API line
	Path     string // the path template in the API line
	Service  string // field of Client: Machines
	Name     string // method name: Get
	Call     string // a call without options, and its results
	All      string // the method that lists all pages, if any
	Class    string // safe, idempotent or once
}

var (
	apiLine  = regexp.MustCompile(`(?m)^API: (.*)$`)
	apiFacts = regexp.MustCompile(`^(\S+), ([A-Z]+) (/\S*)$`)
	pageLine = regexp.MustCompile(`Calls (\S+) for each page\.`)
)

// Methods returns the methods in a directory whose docs end in a line such as "API: machines-get, GET /machines/{id}".
func Methods(dir string) ([]Method, error) {
	files, err := parse(dir)
	if err != nil {
		return nil, err
	}
	var methods []Method
	listAll, classes := map[string]string{}, map[string]string{}
	for _, file := range files {
		for _, declaration := range file.Decls {
			switch declaration := declaration.(type) {
			case *ast.FuncDecl:
				doc := strings.TrimSpace(declaration.Doc.Text())
				if m := pageLine.FindStringSubmatch(strings.Join(strings.Fields(doc), " ")); m != nil && strings.HasPrefix(declaration.Name.Name, "All") {
					listAll[m[1]] = declaration.Name.Name
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
					if call, ok := n.(*ast.CallExpr); ok {
						if id, class := endpoint(call); id != "" && classes[id] == "" { // Inspect visits the outermost call first
							classes[id] = class
						}
					}
					return true
				})
			}
		}
	}
	for i := range methods {
		methods[i].All = listAll[methods[i].Endpoint]
		methods[i].Class = classes[methods[i].Endpoint]
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
		return Method{}, fmt.Errorf("%q does not have the form: API: <endpoint>, <VERB> <path>", lines[0][0])
	}
	if f.Recv == nil {
		return Method{}, errors.New("is not a method")
	}
	receiver := strings.TrimPrefix(text(f.Recv.List[0].Type), "*")
	service, ok := strings.CutSuffix(receiver, "Service")
	if !ok {
		return Method{}, fmt.Errorf("%s is not a service", receiver)
	}
	return Method{
		Endpoint: facts[1], Verb: facts[2], Path: facts[3], Service: service, Name: f.Name.Name, Call: call(f),
	}, nil
}

// call formats a call without options, with arguments by name but params by type:
// Update(ctx, id, MachineUpdateParams) (*Operation[Machine], error).
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

// defaultClasses are the default classes of endpoints, by constructor.
var defaultClasses = map[string]string{
	"get": "safe", "put": "idempotent", "remove": "idempotent", "post": "once", "patch": "once",
}

// endpoint returns the id and the class in a call such as post("things-add", "/things").idempotent(), or "".
func endpoint(call *ast.CallExpr) (id, class string) {
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		if class = defaultClasses[fun.Name]; class != "" && len(call.Args) == 2 {
			id, _ = strconv.Unquote(text(call.Args[0]))
		}
	case *ast.SelectorExpr:
		if inner, ok := fun.X.(*ast.CallExpr); ok {
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

const head = `# Endpoints and their methods

<!-- Generated by "go run ./internal/cmd/apidoc". DO NOT EDIT. -->

The %d endpoints of the API, grouped by the service of the client: ` + "`client.Machines.Get(ctx, id)`" + `.
Every method also accepts request options. Of two methods, the second lists all pages.

The class determines when a failed request is retried: *safe* requests only read, *idempotent* requests have the same
effect when repeated, and *once* requests are retried only if they cannot have taken effect.
`

const docs = "https://pkg.go.dev/github.com/paperspace-go/paperspace#"

// Page returns the content of API.md for the SDK in a directory.
func Page(dir string) ([]byte, error) {
	methods, err := Methods(dir)
	if err != nil {
		return nil, err
	}
	endpoints := contract.Endpoints()
	position := map[string]int{}
	for i, e := range endpoints {
		position[e.ID] = i
	}
	slices.SortFunc(methods, func(a, b Method) int {
		if a.Service != b.Service {
			return strings.Compare(a.Service, b.Service)
		}
		return position[a.Endpoint] - position[b.Endpoint]
	})

	var page bytes.Buffer
	fmt.Fprintf(&page, head, len(endpoints))
	service := ""
	for _, m := range methods {
		e := contract.Lookup(m.Endpoint)
		if e == nil {
			return nil, fmt.Errorf("apidoc: %s.%s: the contract has no endpoint %s", m.Service, m.Name, m.Endpoint)
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
		fmt.Fprintf(&page, "| %s | `%s %s` | %s `(%s` | %s |\n", e.ID, e.Method, e.Path, names, rest, m.Class)
	}
	return page.Bytes(), nil
}

func link(service, name string) string {
	return fmt.Sprintf("[`%s`](%s%sService.%s)", name, docs, service, name)
}

// Write writes API.md in the directory.
func Write(dir string) error {
	page, err := Page(dir)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "API.md"), page, 0o644)
}
