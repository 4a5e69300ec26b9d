package paperspace

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// newReportingClient returns a client of a service that responds with the body, and the odd values that its hook and
// logger report for the last call.
func newReportingClient(t *testing.T, body string, opts ...Option) (c *Client, odd *[]Odd, log *bytes.Buffer) {
	t.Helper()
	odd, log = new([]Odd), new(bytes.Buffer)
	hook := WithHook(func(ctx context.Context, _ CallInfo) (context.Context, func(CallResult)) {
		return ctx, func(r CallResult) { *odd = r.Odd }
	})
	logger := WithLogger(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})))
	return newTestClient(t, play(reply(http.StatusOK, body)), append([]Option{once, hook, logger}, opts...)...), odd, log
}

// An odd value in one machine leaves the rest of the list intact.
func TestOddValuesOfAList(t *testing.T) {
	c, odd, log := newReportingClient(t, `{"items":[
		{"id":"a","dtCreated":"2024-05-01T10:00:00+0000","autoShutdownEnabled":1,"cpus":"8","name":12},
		null,
		{"id":"b","cpus":0.5,"ram":"hunter2","usageRate":0.76,"dtCreated":"hunter2","accelerators":["hunter2",{"name":"A4000"}]}
	],"hasMore":true,"nextPage":"n"}`)
	page, err := c.Machines.List(t.Context(), MachineListParams{})
	require.NoError(t, err)
	require.Len(t, page.Items, 2)
	first, second := page.Items[0], page.Items[1]
	assert.True(t, first.CreatedAt.Equal(time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)))
	assert.Equal(t, Machine{
		ID: "a", Name: "12", CPUs: 8, AutoShutdownEnabled: true, CreatedAt: first.CreatedAt,
	}, first)
	assert.Equal(t, Machine{ID: "b", UsageRate: 0.76, Accelerators: []Accelerator{{Name: "A4000"}}}, second)
	assert.Equal(t, []Odd{
		{"/items/1", "null where an object was expected"},
		{"/items/2/cpus", "number where an integer was expected"},
		{"/items/2/ram", "string where an integer was expected"},
		{"/items/2/dtCreated", "string where a time was expected"},
		{"/items/2/accelerators/0", "string where an object was expected"},
	}, *odd)
	for _, text := range []string{"level=WARN", "endpoint=machines-list", "count=5", "/items/2/cpus: number where"} {
		assert.Contains(t, log.String(), text)
	}
	assert.False(t, showsMarker(log.String()+fmt.Sprint(*odd)), "the report contains a value")
}

func TestOddValuesOfACreate(t *testing.T) {
	c, odd, _ := newReportingClient(t, `{"event":{"id":"e","dtStarted":"soon"},"data":{"id":"m","cpus":"many"}}`)
	op, err := c.Machines.Create(t.Context(), minimalMachine)
	require.NoError(t, err)
	assert.Equal(t, "m", op.Data.ID)
	assert.Equal(t, "e", op.Event.ID)
	assert.Equal(t, []Odd{
		{"/event/dtStarted", "string where a time was expected"}, {"/data/cpus", "string where an integer was expected"},
	}, *odd)
}

var minimalMachine = MachineCreateParams{Name: "n", MachineType: "C5", TemplateID: "t", DiskSize: 50, Region: RegionNY2}

// A create whose response lacks the key may have succeeded.
func TestCreatesWithoutAKey(t *testing.T) {
	for body, call := range map[string]func(*Client) error{
		`{}`: func(c *Client) error {
			_, err := c.Deployments.Upsert(t.Context(), DeploymentUpsertParams{
				ProjectID: "p",
				Config:    DeploymentConfig{V1: &DeploymentConfigV1{Name: "n", Image: "i", Resources: DeploymentResources{MachineType: "C5"}}},
			})
			return err
		},
		`{"event":{"id":"e"},"data":{}}`: func(c *Client) error {
			_, err := c.Machines.Create(t.Context(), minimalMachine)
			return err
		},
		`{"event":"e","data":{"id":"m"}}`: func(c *Client) error {
			_, err := c.Machines.Create(t.Context(), minimalMachine)
			return err
		},
		`{"event":{"id":"e"},"data":{"id":{"a":1}}}`: func(c *Client) error {
			_, err := c.Machines.Create(t.Context(), minimalMachine)
			return err
		},
		`{"name":"n","id":null}`: func(c *Client) error {
			_, err := c.Projects.Create(t.Context(), ProjectCreateParams{Name: "n"})
			return err
		},
	} {
		c, _, _ := newReportingClient(t, body)
		assert.ErrorIs(t, call(c), ErrOutcomeUnknown, body)
	}
}

// A program may create an object again because a list is empty, so an unreadable list must not pass for an empty one.
func TestOddValuesThatAreErrors(t *testing.T) {
	list := func(c *Client) error {
		_, err := Collect(c.Machines.All(t.Context(), MachineListParams{}))
		return err
	}
	for body, call := range map[string]func(*Client) error{
		`{"items":"none","hasMore":false}`:                     list,
		`{"items":{},"hasMore":false}`:                         list,
		`{"items":[{"id":"a"}],"hasMore":"more"}`:              list,
		`{"items":["a","b"],"hasMore":false}`:                  list,
		`["a"]`:                                                list,
		`{"items":[],"hasMore":true,"nextPage":{"after":"a"}}`: list,
		`"a"`: list,
		`[7]`: func(c *Client) error {
			_, err := c.Deployments.ListRuns(t.Context(), "d", DeploymentRunListParams{})
			return err
		},
		`["x"]`: func(c *Client) error {
			_, err := c.Deployments.GetMetrics(t.Context(), "d", DeploymentMetricsParams{Metric: DeploymentMetricCPU})
			return err
		},
		`{"cpus":"x"}`: func(c *Client) error {
			_, err := c.Machines.Get(t.Context(), "m")
			return err
		},
	} {
		c, _, _ := newReportingClient(t, body)
		err := call(c)
		e, ok := errors.AsType[*Error](err)
		require.True(t, ok, "%s: %v", body, err)
		assert.ErrorContains(t, e, "cannot be decoded", body)
	}
	c, odd, _ := newReportingClient(t, `{"items":[null],"hasMore":false}`)
	require.NoError(t, list(c))
	assert.Len(t, *odd, 1)
}

func TestStrictDecoding(t *testing.T) {
	body := `{"event":{"id":"e"},"data":{"id":"m","cpus":"hunter2","ram":"hunter2"}}`
	c, odd, log := newReportingClient(t, body, WithStrictDecoding())
	_, err := c.Machines.Create(t.Context(), minimalMachine)
	require.ErrorIs(t, err, ErrOutcomeUnknown)
	assert.ErrorContains(t, err, "2 odd values: /data/cpus: string where an integer was expected, /data/ram: ")
	assert.False(t, showsMarker(err.Error()))
	assert.Len(t, *odd, 2)
	assert.NotContains(t, log.String(), "odd")

	c, _, _ = newReportingClient(t, `{"id":"m","cpus":"8"}`, WithStrictDecoding())
	_, err = c.Machines.Get(t.Context(), "m")
	assert.NoError(t, err, "values that can be converted are not odd")
}

// A stored configuration that does not match its version is kept raw. The list and the other members are intact.
func TestOddConfigurationsAreKeptRaw(t *testing.T) {
	config := `{"apiVersion":"v1","name":"a","image":"i","resources":{"machineType":"C5","ports":8000}}`
	odds := map[string]string{
		config: "/ports: number where an array was expected",
		`{"apiVersion":"v1","name":"a","resources":{"ports":[80,null]}}`:                         "/ports/1: null where an integer was expected",
		`{"apiVersion":"v0alpha0","resources":{"replicas":"two"}}`:                               "/replicas: string where an integer was expected",
		`{"apiVersion":"v1","name":"a","healthChecks":{"startup":{"path":"/","port":"x"}}}`:      "/port: string where an integer was expected",
		`{"apiVersion":"v1","name":"a","healthChecks":{"startup":7}}`:                            "/startup: number where an object was expected",
		`"` + strings.Repeat("x", 20) + `"`:                                                      "data: string where an object was expected",
		`{"apiVersion":"v1","env":[{"name":"A","value":"hunter2"}],"resources":{"replicas":{}}}`: "/replicas: object where an integer was expected",
	}
	for config, want := range odds {
		c, odd, log := newReportingClient(t, `{"items":[{"id":"a","latestSpec":{"id":"s","data":`+config+`}},{"id":"b"}],"hasMore":false}`)
		page, err := c.Deployments.List(t.Context(), DeploymentListParams{})
		require.NoError(t, err, config)
		require.Len(t, page.Items, 2)
		assert.Equal(t, &DeploymentConfig{Raw: RawJSON(config)}, page.Items[0].LatestSpec.Data)
		require.Len(t, *odd, 1)
		assert.Contains(t, (*odd)[0].String(), want)
		assert.False(t, showsMarker(log.String()))
		sent, err := encode(page.Items[0].LatestSpec.Data)
		require.NoError(t, err)
		assert.Equal(t, config, string(sent))
	}
}

func TestDoDecodesAsEncodingJSONDoes(t *testing.T) {
	body := "\ufeff" + `{"id":"a","NAME":"n","cpus":"8","other":{"count":1}}`
	type theirs = struct { // an unnamed type belongs to no package
		ID, Name string
		Other    struct{ Count int }
		Skipped  time.Duration `json:"-"`
	}
	do := func(out any) error {
		return newTestClient(t, play(reply(http.StatusOK, body)), once).Do(t.Context(), Request{Method: "GET", Path: "/x"}, out)
	}
	want := theirs{ID: "a", Name: "n"}
	want.Other.Count = 1
	var got theirs
	require.NoError(t, do(&got))
	assert.Equal(t, want, got)
	var pointer *theirs
	require.NoError(t, do(&pointer))
	assert.Equal(t, &want, pointer)
	var object map[string]any
	require.NoError(t, do(&object))
	assert.Equal(t, map[string]any{"id": "a", "NAME": "n", "cpus": "8", "other": map[string]any{"count": 1.0}}, object)
	var raw json.RawMessage
	require.NoError(t, do(&raw))
	var mismatch struct{ CPUs int }
	assert.ErrorContains(t, do(&mismatch), "cannot be decoded")
	var machine Machine
	require.NoError(t, do(&machine))
	assert.Equal(t, Machine{ID: "a", CPUs: 8}, machine, "a type of this package")
	body = `{"items":[{"id":"a","cpus":"8"}],"hasMore":false}`
	var page Page[Machine]
	require.NoError(t, do(&page))
	assert.Equal(t, 8, page.Items[0].CPUs)
	var foreign Page[theirs]
	require.NoError(t, do(&foreign))
	assert.Equal(t, []theirs{{ID: "a"}}, foreign.Items)
}

func TestNumbersInABodyField(t *testing.T) {
	rt := play(reply(http.StatusOK, `{"event":{"id":"e"},"data":{"id":"m"}}`))
	_, err := newTestClient(t, rt).Machines.Create(t.Context(), minimalMachine, WithBodyField("gpuCount", json.Number("8")),
		WithBodyField("more", map[string]any{"a": []any{json.Number("1.50"), json.Number("")}}))
	require.NoError(t, err)
	assert.Contains(t, rt.bodies[0], `"gpuCount":8,`)
	assert.Contains(t, rt.bodies[0], `"more":{"a":[1.50,0]}`)
	_, err = newTestClient(t, rt).Machines.Create(t.Context(), minimalMachine, WithBodyField("gpuCount", json.Number("eight")))
	_, ok := errors.AsType[*ParamError](err)
	assert.True(t, ok, "%v", err)
}

// eachSample calls f for each response in testdata, with the type of its result.
func eachSample(t *testing.T, f func(id string, body []byte, result reflect.Type)) {
	methods := allMethods(t)
	for _, op := range contract.Endpoints() {
		body, err := os.ReadFile("testdata/" + op.ID + ".json")
		require.NoError(t, err)
		m := methods[op.ID]
		result, err := m.call(t.Context(), newTestClient(t, play(reply(http.StatusOK, string(body)))), m.minimal(t))
		require.NoError(t, err)
		typ := reflect.TypeOf(result)
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		f(op.ID, body, typ)
	}
}

// Every response in testdata decodes without odd values, to the same result as with encoding/json/v2.
func TestSamplesDecodeAsEncodingJSONDoes(t *testing.T) {
	count := 0
	eachSample(t, func(id string, body []byte, result reflect.Type) {
		got, want := reflect.New(result), reflect.New(result)
		odd, err := decodeResponse(body, got.Interface())
		require.NoError(t, err, id)
		assert.Empty(t, odd, id)
		require.NoError(t, jsonv2.Unmarshal(body, want.Interface(), decodeOptions), id)
		assert.Equal(t, want.Interface(), got.Interface(), id)
		count++
	})
	assert.Equal(t, len(contract.Endpoints()), count)
}

// Each value of each response in testdata is replaced in turn. If encoding/json/v2 accepts the new value, the result is
// the same. If the new value is odd, only it is reported, and the result is as if it were null, or absent in an array
// or map. Any other value was converted.
func TestSamplesWithOneOddValue(t *testing.T) {
	replacements := []string{`"odd"`, `"12"`, `7`, `0.5`, `3.0`, `true`, `[]`, `["odd"]`, `{}`, `{"odd":1}`, `""`, `null`, `"2024-05-01T10:00:00+0000"`}
	const maxPerSample = 60 // replaced values
	same, odd, lenient, refused := 0, 0, 0, 0
	eachSample(t, func(id string, body []byte, result reflect.Type) {
		places := valuesOf(t, body)
		step := max(1, len(places)/maxPerSample)
		for i := 0; i < len(places); i += step {
			p := places[i]
			for _, replacement := range replacements {
				mutated := []byte(string(body[:p.start]) + replacement + string(body[p.end:]))
				got, want := reflect.New(result), reflect.New(result)
				found, err := decodeResponse(mutated, got.Interface())
				switch {
				case err != nil:
					isOnlyItem := p.pointer == "/items/0"
					assert.True(t, strings.Count(p.pointer, "/") == 1 || isOnlyItem, "%s with %s at %s: %v", id, replacement, p.pointer, err)
					refused++
				case jsonv2.Unmarshal(mutated, want.Interface(), decodeOptions) == nil && len(found) == 0:
					require.Equal(t, want.Interface(), got.Interface(), "%s with %s at %s", id, replacement, p.pointer)
					same++
				case len(found) == 0:
					lenient++
				default:
					for _, o := range found {
						require.True(t, o.Pointer == p.pointer || strings.HasPrefix(o.Pointer, p.pointer+"/"), "%s with %s at %s: %v", id, replacement, p.pointer, found)
					}
					isConfig := strings.Contains(strings.ToLower(id), "deployment") && strings.Contains(p.pointer, "/data")
					isNullable := strings.Contains(p.pointer, "3Config/")
					isInMap := strings.Contains(p.pointer, "Survey/")
					if isConfig || isNullable || isInMap || found[0].Pointer != p.pointer {
						odd++
						continue // raw configuration, null other than the zero value or an absent member, or partly odd value
					}
					without := []byte(string(body[:p.start]) + "null" + string(body[p.end:]))
					_, err := decodeResponse(without, want.Interface())
					require.NoError(t, err)
					require.Equal(t, want.Interface(), got.Interface(), "%s with %s at %s", id, replacement, p.pointer)
					odd++
				}
			}
		}
	})
	t.Logf("%d results as in encoding/json/v2, %d with odd values, %d converted, %d refused", same, odd, lenient, refused)
	assert.Greater(t, min(same, odd, lenient, refused), 100)
}

type place struct {
	pointer    string
	start, end int
}

// valuesOf returns the places of all values in a document, except the document itself.
func valuesOf(t *testing.T, document []byte) (places []place) {
	var walk func(value []byte, offset int, pointer string)
	walk = func(value []byte, offset int, pointer string) {
		dec := jsontext.NewDecoder(bytes.NewBuffer(value))
		open, err := dec.ReadToken()
		require.NoError(t, err)
		if kind := open.Kind(); kind != '{' && kind != '[' {
			return
		}
		for i := 0; dec.PeekKind() != '}' && dec.PeekKind() != ']'; i++ {
			name := strconv.Itoa(i)
			if open.Kind() == '{' {
				token, err := dec.ReadToken()
				require.NoError(t, err)
				name = token.String()
			}
			v, err := dec.ReadValue()
			require.NoError(t, err)
			end := int(dec.InputOffset())
			p := place{string(jsontext.Pointer(pointer).AppendToken(name)), offset + end - len(v), offset + end}
			places = append(places, p)
			walk(bytes.Clone(v), p.start, p.pointer)
		}
	}
	walk(document, 0, "")
	return places
}
