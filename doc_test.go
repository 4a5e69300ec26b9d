package paperspace

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// optionRow is one row of the package doc's table of options.
type optionRow struct{ configures, refusedBy string }

// optionTable parses the package doc's table of options.
func optionTable(t *testing.T) map[string]optionRow {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	require.NoError(t, err)
	_, table, found := strings.Cut(file.Doc.Text(), "\n\toption ")
	require.True(t, found, "the package doc has no table of options")
	table, _, _ = strings.Cut(table, "\n\n")
	rows, name := map[string]optionRow{}, ""
	for _, line := range strings.Split(table, "\n")[1:] {
		cells := append(regexp.MustCompile(`\s{2,}`).Split(strings.TrimPrefix(line, "\t"), -1), "")
		if cells[0] == "" { // a continuation of the row above
			rows[name] = optionRow{rows[name].configures, rows[name].refusedBy + " " + cells[1]}
			continue
		}
		name = cells[0]
		rows[name] = optionRow{cells[1], cells[2]}
	}
	return rows
}

// The package doc's table lists every option and what it configures.
func TestOptionTableIsComplete(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	want := map[string]string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !f.Name.IsExported() || f.Type.Results == nil {
				continue
			}
			if result, ok := f.Type.Results.List[0].Type.(*ast.Ident); ok {
				configures := map[string]string{
					"Option": "client", "RequestOption": "request", "ClientOrRequestOption": "client, request", "WaitOption": "wait",
					"EnsureOption": "Machines.EnsureCreated, Machines.FindOrCreate",
				}[result.Name]
				if configures != "" {
					want[f.Name.Name] = configures
				}
			}
		}
	}
	got := map[string]string{}
	for name, row := range optionTable(t) {
		got[name] = row.configures
	}
	assert.Equal(t, want, got)
}

// The package doc says what the API has no endpoint for.
func TestAPIOffersNoMoreThanThePackageDocSays(t *testing.T) {
	for _, ep := range contract.Endpoints() {
		for _, word := range []string{"upload", "files", "machine-types", "notebook", "workflow"} {
			assert.NotContains(t, ep.Path, word, "the package doc says that the API does not offer this")
		}
		assert.NotEqual(t, "GET /teams", ep.Method+" "+ep.Path, "the package doc says that the API does not offer this")
	}
	for id, field := range map[string]string{
		"startupScripts-get": "script", "projectSecrets-getProjectSecret": "value", "teamSecrets-get": "value",
	} {
		assert.Nil(t, contract.Lookup(id).Response.Field(field), "the package doc says that %s does not return it", id)
	}
}

// Every method that waits refuses the wait options that the package doc's table says it refuses, and no others.
func TestOptionTableNamesRefusedWaitOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestClient(t, play(reply(400, `{"message":"no","code":"BAD_REQUEST"}`)))
		receivers := map[string]reflect.Value{
			"Operation": reflect.ValueOf(&Operation[Machine]{
				Event: &MachineEvent{ID: "e"}, Data: Machine{ID: "m"}, Endpoint: machinesStart.id, client: c,
			}),
		}
		for field, value := range reflect.ValueOf(c).Elem().Fields() {
			if strings.HasSuffix(field.Type.String(), "Service") {
				receivers[field.Name] = value
			}
		}
		options := map[string]WaitOption{
			"WithWaitTimeout":        WithWaitTimeout(time.Second),
			"WithFailureGrace":       WithFailureGrace(0),
			"WithNotFoundGrace":      WithNotFoundGrace(0),
			"WithOnChange":           WithOnChange(func(WaitUpdate) {}),
			"WithSilentErrorsAsDone": WithSilentErrorsAsDone(),
			"WithUpsertOptions":      WithUpsertOptions(),
		}
		got := map[string][]string{}
		var waits []string
		for service, receiver := range receivers {
			for method, value := range receiver.Methods() {
				if !method.Type.IsVariadic() || method.Type.In(method.Type.NumIn()-1) != reflect.TypeFor[[]WaitOption]() {
					continue
				}
				waits = append(waits, service+"."+method.Name)
				for name, option := range options {
					if e, ok := errors.AsType[*ParamError](callWithOption(t, value, option)); ok && e.Field == name {
						got[name] = append(got[name], service+"."+method.Name)
					}
				}
			}
		}
		for name, row := range optionTable(t) {
			if row.configures != "wait" {
				continue
			}
			require.Contains(t, options, name)
			list, allBut := strings.CutPrefix(row.refusedBy, "all but ")
			want := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
			if allBut {
				assert.Subset(t, waits, want, "methods that wait")
				want = slices.DeleteFunc(slices.Clone(waits), func(method string) bool { return slices.Contains(want, method) })
			}
			assert.ElementsMatch(t, want, got[name], "methods that refuse %s", name)
		}
	})
}

// callWithOption calls a method that waits, with one option, and returns its error.
func callWithOption(t *testing.T, method reflect.Value, option WaitOption) error {
	t.Helper()
	var args []reflect.Value
	for i := range method.Type().NumIn() - 1 {
		switch in := method.Type().In(i); in {
		case reflect.TypeFor[context.Context]():
			args = append(args, reflect.ValueOf(t.Context()))
		case reflect.TypeFor[[]string]():
			args = append(args, reflect.ValueOf([]string{"x"}))
		default:
			arg := reflect.New(in).Elem()
			if in.Kind() == reflect.String {
				arg.SetString("x")
			}
			args = append(args, arg)
		}
	}
	results := method.Call(append(args, reflect.ValueOf(option)))
	last := results[len(results)-1]
	if last.Kind() == reflect.Func { // the method returns an iterator
		for _, err := range last.Seq2() {
			if !err.IsNil() {
				return err.Interface().(error)
			}
		}
		return nil
	}
	err, _ := last.Interface().(error)
	return err
}
