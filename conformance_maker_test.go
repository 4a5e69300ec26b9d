package paperspace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// maker makes values of schemas, as encoding/json with UseNumber would decode them. Each value differs from the last,
// and at each union, enum or boolean the maker takes the next choice.
type maker struct {
	required bool   // make required fields only
	null     bool   // null wherever the contract allows it
	nullAt   int    // objects at this depth have null in every field; 0 means none
	integers string // encoding of integers: "" as in the contract, "text" as strings, "empty" as ""
	newer    bool   // enums have values, and objects members, that the contract lacks

	n     int
	depth int
	turns map[*contract.Schema]int
	sizes map[*contract.Schema]int // number of choices
	met   map[*contract.Schema]bool
}

// eachChoice calls f with new values of the schema until every variant of every union, every enum value and both
// booleans have occurred.
func (m maker) eachChoice(s *contract.Schema, f func(value any)) maker {
	m.turns, m.sizes, m.met = map[*contract.Schema]int{}, map[*contract.Schema]int{}, map[*contract.Schema]bool{}
	for more := true; more; {
		f(m.value("", s))
		more = false
		for s, size := range m.sizes {
			more = more || m.turns[s] < size
		}
	}
	return m
}

// nextChoice returns the number of the next choice.
func (m *maker) nextChoice(s *contract.Schema, size int) int {
	turn := m.turns[s]
	m.turns[s], m.sizes[s] = turn+1, size
	return turn % size
}

func (m *maker) value(name string, s *contract.Schema) any {
	m.n++
	m.met[s] = true
	switch {
	case s.Nullable && m.null:
		return nil
	case len(s.Variants) > 0:
		return m.value(name, s.Variants[m.nextChoice(s, len(s.Variants))])
	case len(s.Enum) > 0:
		if s.Type == "string" && m.newer && len(s.Enum) > 1 {
			return fmt.Sprint("newer ", m.n)
		}
		return s.Enum[m.nextChoice(s, len(s.Enum))]
	}
	switch s.Type {
	case "object":
		return m.object(s)
	case "array":
		return m.array(name, s)
	case "string":
		return m.text(name, s)
	case "boolean":
		return m.nextChoice(s, 2) == 0
	case "number", "integer":
		return m.number(name, s)
	}
	return map[string]any{"any": []any{fmt.Sprint("text ", m.n), json.Number("0.5"), true, nil}}
}

func (m *maker) object(s *contract.Schema) any {
	m.depth++
	defer func() { m.depth-- }()
	object := map[string]any{}
	for _, f := range s.Fields {
		switch {
		case m.required && !f.Required:
		case m.depth == m.nullAt:
			object[f.Name] = nil
		default:
			object[f.Name] = m.value(f.Name, f.Schema)
		}
	}
	if s.Additional != nil {
		for range 2 {
			object[fmt.Sprint("key ", m.n)] = m.value("", s.Additional)
		}
	}
	if m.newer && s.Additional == nil {
		object["newer"] = map[string]any{"than": json.Number("1")}
	}
	return object
}

// array has one or two items for each variant. With required fields only, it has at most one item.
func (m *maker) array(name string, s *contract.Schema) any {
	items := []any{}
	count := max(2, len(s.Items.Variants))
	if m.required {
		count = 1 - m.nextChoice(s, 2)
	}
	for range count {
		items = append(items, m.value(strings.TrimSuffix(name, "s"), s.Items))
	}
	return items
}

// byteCountNames are the string fields of the contract that hold a number.
var byteCountNames = []string{
	"usageBytes", "totalFreeStorage", "remainingFreeStorage", "totalUsage", "modelUsage", "datasetUsage",
	"sharedStorageUsage", "notebookWorkspaceUsage",
}

// exampleTexts are formats of example strings, by pattern or format.
var exampleTexts = map[string]string{
	`^[a-zA-Z][a-zA-Z0-9_]*$`:                                       `NAME_%d`,
	`^(s3:\/\/[a-zA-Z0-9_-]*\/[a-zA-Z0-9_-]*)`:                      `s3://bucket-%d/prefix`,
	`^https:\/\/[a-z0-9-]+\.([a-z0-9-]+)\.digitaloceanspaces\.com$`: `https://space-%d.ams3.digitaloceanspaces.com`,
	`secret\:`: `secret:NAME_%d`,
	"uuid":     `00000000-0000-4000-8000-%012d`,
	"email":    `user-%d@example.com`,
	"uri":      `https://host-%d.example.com`,
}

func (m *maker) text(name string, s *contract.Schema) any {
	switch {
	case s.Format == "date-time":
		return time.Date(2024, 5, 1, 12, 0, 0, 123e6, time.UTC).Add(time.Duration(m.n) * time.Second).Format("2006-01-02T15:04:05.000Z")
	case slices.Contains(byteCountNames, name):
		return m.integer(1<<53+1+2*int64(m.n), true)
	case name == "tags":
		return fmt.Sprintf("tag %d,tag/%d", m.n, m.n)
	}
	form := `some "text" %d`
	if known, ok := exampleTexts[s.Pattern+s.Format]; ok {
		form = known
	}
	return fmt.Sprintf(form, m.n)
}

// fractionNames are the number fields of the contract that may have a fraction.
var fractionNames = []string{"usageRate", "storageRate", "fontSize"}

func (m *maker) number(name string, s *contract.Schema) any {
	switch {
	case s.Format == "int64" || name == "memory":
		return m.integer(1<<53+1+2*int64(m.n), false)
	case slices.Contains(fractionNames, name) || s.ExclusiveMinimum == "0.01":
		return json.Number(fmt.Sprintf("%d.5", m.n%100))
	}
	n := m.n
	if s.Maximum != "" {
		limit, _ := strconv.Atoi(s.Maximum.String())
		n = 1 + n%limit
	}
	if s.Type == "number" {
		if m.integers == "text" {
			return json.Number(fmt.Sprintf("%d.0", n))
		}
		return json.Number(fmt.Sprint(n))
	}
	return m.integer(int64(n), false)
}

func (m *maker) integer(n int64, asText bool) any {
	switch {
	case m.integers == "empty":
		return ""
	case m.integers == "text", m.integers == "" && asText:
		return fmt.Sprint(n)
	}
	return json.Number(fmt.Sprint(n))
}

// nestedSchemas returns s and all schemas within it.
func nestedSchemas(s *contract.Schema) map[*contract.Schema]bool {
	all := map[*contract.Schema]bool{}
	var visit func(*contract.Schema)
	visit = func(s *contract.Schema) {
		if !all[s] {
			all[s] = true
			for _, child := range s.Children() {
				visit(child)
			}
		}
	}
	visit(s)
	return all
}

// fieldCount counts the fields in a schema by path, separately for each variant.
func fieldCount(s *contract.Schema) int {
	n := len(s.Fields)
	for _, child := range s.Children() {
		n += fieldCount(child)
	}
	return n
}

func toJSON(t testing.TB, tree any) []byte {
	t.Helper()
	b, err := json.Marshal(tree)
	require.NoError(t, err)
	return b
}

// fromJSON decodes JSON and keeps the text of its numbers, which may exceed a float64.
func fromJSON(t testing.TB, data []byte) (tree any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	require.NoError(t, dec.Decode(&tree), "%s", data)
	return tree
}

// diffJSON compares decoded JSON by meaning: 1 equals "1", times are compared as instants, and regions in any spelling.
// It calls report for each value that is missing from got, only in got, or different.
func diffJSON(path string, want, got any, report func(path string, want, got any)) {
	switch want := want.(type) {
	case map[string]any:
		gotObject, is := got.(map[string]any)
		if !is {
			break
		}
		for name, value := range want {
			if gotValue, given := gotObject[name]; given {
				diffJSON(path+"."+name, value, gotValue, report)
			} else {
				report(path+"."+name, value, absent)
			}
		}
		for name, value := range gotObject {
			if _, given := want[name]; !given {
				report(path+"."+name, absent, value)
			}
		}
		return
	case []any:
		gotArray, is := got.([]any)
		if !is || len(gotArray) != len(want) {
			break
		}
		for i := range want {
			diffJSON(fmt.Sprintf("%s[%d]", path, i), want[i], gotArray[i], report)
		}
		return
	default:
		if sameScalar(want, got) {
			return
		}
	}
	report(path, want, got)
}

// absent stands for a missing member.
var absent = struct{ no string }{"nothing"}

func sameScalar(a, b any) bool {
	if a == nil || b == nil {
		return a == b
	}
	textA, textB := fmt.Sprint(a), fmt.Sprint(b)
	if fmt.Sprintf("%T", a) == fmt.Sprintf("%T", b) && textA == textB {
		return true
	}
	numberA, okA := new(big.Float).SetPrec(200).SetString(textA)
	numberB, okB := new(big.Float).SetPrec(200).SetString(textB)
	if okA && okB {
		return numberA.Cmp(numberB) == 0
	}
	timeA, errA := time.Parse(time.RFC3339, textA)
	timeB, errB := time.Parse(time.RFC3339, textB)
	if errA == nil && errB == nil {
		return timeA.Equal(timeB)
	}
	regionA, errA := ParseRegion(textA)
	regionB, errB := ParseRegion(textB)
	return errA == nil && errB == nil && regionA == regionB
}

// assertSame asserts that decoded JSON means the same; see diffJSON.
func assertSame(t testing.TB, want, got any) {
	t.Helper()
	diffJSON("", want, got, func(path string, want, got any) { t.Errorf("%s: want %v, got %v", path, want, got) })
}
