package wire

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type (
	state string
	size  int64 // has an UnmarshalJSON
	place string
	raw   []byte // has an UnmarshalJSON
	item  struct {
		ID        string         `json:"id"`
		State     state          `json:"state"`
		Place     place          `json:"place,omitzero"`
		CPUs      int            `json:"cpus"`
		Big       int64          `json:"big,omitempty"`
		Rate      float64        `json:"rate"`
		Enabled   bool           `json:"enabled"`
		Size      size           `json:"size"`
		CreatedAt time.Time      `json:"dtCreated"`
		DeletedAt *time.Time     `json:"dtDeleted"`
		Timeout   *int           `json:"timeout"`
		Force     *bool          `json:"force"`
		Parent    *item          `json:"parent"`
		Parts     []part         `json:"parts"`
		Names     []string       `json:"names"`
		Ports     []int          `json:"ports"`
		Matrix    [][]float64    `json:"matrix"`
		Labels    map[string]int `json:"labels"`
		Meta      map[string]any `json:"meta"`
		Any       any            `json:"any"`
		Address   netip.Addr     `json:"address"`
		Upper     string         `json:"STATE"`
		Untagged  string
		Ignored   string `json:"-"`
	}
	part  struct{ Name, Kind string }
	outer struct {
		part
		Named part `json:"named"`
		Extra string
	}
	open struct {
		A     string          `json:"a"`
		Inner *part           `json:",embed,inline"`
		Rest  map[string]raw  `json:",embed,inline"`
		More  map[string]part `json:"more"`
	}
	page struct {
		Items    []item `json:"items"`
		HasMore  bool   `json:"hasMore"`
		NextPage string `json:"nextPage"`
	}
)

func (s *size) UnmarshalJSON(data []byte) error {
	odd, err := decoder.Decode(data, (*int64)(s))
	if len(odd) > 0 {
		return errors.New(odd[0].Kind)
	}
	return err
}

func (p *place) UnmarshalText(text []byte) error {
	*p = place(strings.ToLower(string(text)))
	return nil
}

func (r *raw) UnmarshalJSON(data []byte) error {
	*r = bytes.Clone(data)
	return nil
}

var decoder = &Decoder{FormOf: func(v any) Form {
	if union, ok := v.(interface {
		form(data []byte, decode func(any) bool) bool
	}); ok {
		return union.form
	}
	return nil
}}

// decode decodes a document of one type, and the same into a pointer to it.
func decode[T any](t *testing.T, document string) (T, []Odd) {
	t.Helper()
	var value T
	odd, err := decoder.Decode([]byte(document), &value)
	require.NoError(t, err, document)
	return value, odd
}

func TestUnexpectedFormsThatAreRead(t *testing.T) {
	utc := time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)
	five := 5
	for document, want := range map[string]item{
		`{"cpus":"8","big":"9223372036854775807","rate":" 0.5 ","size":"12"}`: {CPUs: 8, Big: 1<<63 - 1, Rate: 0.5, Size: 12},
		`{"cpus":8.0,"big":9007199254740993.0,"rate":1,"size":1e3}`:           {CPUs: 8, Big: 1<<53 + 1, Rate: 1, Size: 1000},
		`{"cpus":-0,"big":-12,"rate":-1e-1}`:                                  {Big: -12, Rate: -0.1},
		`{"cpus":"","rate":"","size":"","enabled":"","dtCreated":"","id":""}`: {},
		`{"timeout":"5","force":1,"dtDeleted":"2024-05-01 10:00:00"}`:         {Timeout: &five, Force: new(true), DeletedAt: &utc},
		`{"enabled":1}`:             {Enabled: true},
		`{"enabled":"True"}`:        {Enabled: true},
		`{"enabled":0,"force":"0"}`: {Force: new(false)},
		`{"id":12.50,"state":true}`: {ID: "12.50", State: "true"},
		`{"place":"NY2"}`:           {Place: "ny2"},
		`{"place":12}`:              {Place: "12"},
		`{"id":null,"state":null,"place":null,"cpus":null,"rate":null,"enabled":null,"size":null,"dtCreated":null,
		  "dtDeleted":null,"parent":null,"parts":null,"labels":null,"any":null,"address":null}`: {},
		`{"names":[1,"a",true]}`:              {Names: []string{"1", "a", "true"}},
		`{"parts":[],"ports":[]}`:             {Parts: []part{}, Ports: []int{}},
		`{"unknown":[{"cpus":"many"}],"x":1}`: {},
		`{"ID":"a","State":"b","STATE":"c"}`:  {Upper: "c"},
	} {
		got, odd := decode[item](t, document)
		assert.Empty(t, odd, document)
		assert.Equal(t, want, got, document)
	}
}

func TestTimesThatAreRead(t *testing.T) {
	want := time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)
	for _, text := range []string{
		"2024-05-01T10:00:00Z", "2024-05-01T10:00:00.000Z", "2024-05-01T10:00:00", "2024-05-01 10:00:00", "2024-05-01t10:00:00Z",
		"2024-05-01T10:00:00+0000", "2024-05-01 10:00:00+00", "2024-05-01 10:00:00 +0000", "2024-05-01 10:00:00 UTC",
		"2024-05-01T12:30:00+0230", "2024-05-01 12:30:00.000 +02:30", "2024-05-01T10:00", "2024-05-01T10:00Z", " 2024-05-01T10:00:00Z ",
	} {
		got, odd := decode[time.Time](t, strconv.Quote(text))
		assert.Empty(t, odd, text)
		assert.True(t, want.Equal(got), "%s is read as %s", text, got)
	}
	for _, text := range []string{"soon", "2024-13-01T10:00:00Z", "2024-05-01 10:00:00 EST", "10:00", "0000-00-00", "2024-05-01T10:00:00+24:00"} {
		got, odd := decode[time.Time](t, strconv.Quote(text))
		assert.Equal(t, []Odd{{"", "string where a time was expected"}}, odd, text)
		assert.Zero(t, got, text)
	}
}

// An odd value costs nothing but itself, and its report does not hold it.
func TestOddValues(t *testing.T) {
	for document, tc := range map[string]struct {
		want item
		odd  []Odd
	}{
		`{"cpus":"many","id":"a"}`:  {item{ID: "a"}, []Odd{{"/cpus", "string where an integer was expected"}}},
		`{"cpus":0.5,"id":"a"}`:     {item{ID: "a"}, []Odd{{"/cpus", "number where an integer was expected"}}},
		`{"cpus":1e30,"id":"a"}`:    {item{ID: "a"}, []Odd{{"/cpus", "number where an integer was expected"}}},
		`{"cpus":true,"id":"a"}`:    {item{ID: "a"}, []Odd{{"/cpus", "boolean where an integer was expected"}}},
		`{"rate":1e999,"id":"a"}`:   {item{ID: "a"}, []Odd{{"/rate", "number where a number that fits was expected"}}},
		`{"rate":"NaN","id":"a"}`:   {item{ID: "a"}, []Odd{{"/rate", "string where a number that fits was expected"}}},
		`{"rate":"0x10","id":"a"}`:  {item{ID: "a"}, []Odd{{"/rate", "string where a number that fits was expected"}}},
		`{"rate":"0X1p4","id":"a"}`: {item{ID: "a"}, []Odd{{"/rate", "string where a number that fits was expected"}}},
		`{"size":"0x1p4","id":"a"}`: {item{ID: "a"}, []Odd{{"/size", "string where an integer was expected"}}},
		`{"cpus":"inf","id":"a"}`:   {item{ID: "a"}, []Odd{{"/cpus", "string where an integer was expected"}}},
		`{"enabled":2,"id":"a"}`:    {item{ID: "a"}, []Odd{{"/enabled", "number where a boolean was expected"}}},
		`{"enabled":[],"id":"a"}`:   {item{ID: "a"}, []Odd{{"/enabled", "array where a boolean was expected"}}},
		`{"size":"lots","id":"a"}`:  {item{ID: "a"}, []Odd{{"/size", "string where an integer was expected"}}},
		`{"dtCreated":5,"id":"a"}`:  {item{ID: "a"}, []Odd{{"/dtCreated", "number where a time was expected"}}},
		`{"timeout":"x","id":"a"}`:  {item{ID: "a"}, []Odd{{"/timeout", "string where an integer was expected"}}},
		`{"parent":"x","id":"a"}`:   {item{ID: "a"}, []Odd{{"/parent", "string where an object was expected"}}},
		`{"parent":[{}],"id":"a"}`:  {item{ID: "a"}, []Odd{{"/parent", "array where an object was expected"}}},
		`{"parts":{"a":1}}`:         {item{}, []Odd{{"/parts", "object where an array was expected"}}},
		`{"labels":"x"}`:            {item{}, []Odd{{"/labels", "string where an object was expected"}}},
		`{"address":"here"}`:        {item{}, []Odd{{"/address", "string where an object was expected"}}},
		`{"cpus":8,"cpus":"many"}`:  {item{}, []Odd{{"/cpus", "string where an integer was expected"}}},
		`{"parts":[null,{"Name":"a"},null,7,{"Name":[1]}]}`: {
			item{Parts: []part{{Name: "a"}, {}}},
			[]Odd{
				{"/parts/0", "null where an object was expected"}, {"/parts/2", "null where an object was expected"},
				{"/parts/3", "number where an object was expected"}, {"/parts/4/Name", "array where a string was expected"},
			},
		},
		`{"ports":[80,null,"x",443],"names":[null]}`: {
			item{Ports: []int{80, 443}, Names: []string{}},
			[]Odd{
				{"/ports/1", "null where an integer was expected"}, {"/ports/2", "string where an integer was expected"},
				{"/names/0", "null where a string was expected"},
			},
		},
		`{"labels":{"a/b~c":"x","é":"y","z":1}}`: {
			item{Labels: map[string]int{"z": 1}},
			[]Odd{
				{"/labels/a~1b~0c", "string where an integer was expected"},
				{"/labels/é", "string where an integer was expected"},
			},
		},
		`{"parent":{"parent":{"cpus":[1],"id":"b"}},"any":{"a":[1,1e999,null]}}`: {
			item{Parent: &item{Parent: &item{ID: "b"}}, Any: map[string]any{"a": []any{1.0, nil}}},
			[]Odd{
				{"/parent/parent/cpus", "array where an integer was expected"},
				{"/any/a/1", "number where a number that fits was expected"},
			},
		},
	} {
		got, odd := decode[item](t, document)
		assert.Equal(t, tc.want, got, document)
		assert.Equal(t, tc.odd, odd, document)
	}
	for _, document := range []string{`"x"`, `[]`, `7`} {
		got, odd := decode[item](t, document)
		assert.Zero(t, got)
		require.Len(t, odd, 1)
		assert.Empty(t, odd[0].Pointer, "the whole document")
	}
}

// A slice with room from an earlier page is used again, and shows nothing of that page.
func TestReusedSlices(t *testing.T) {
	var p page
	_, err := decoder.Decode([]byte(`{"items":[{"id":"a","names":["x"]},{"id":"b","cpus":8},{"id":"c"}]}`), &p)
	require.NoError(t, err)
	first := &p.Items[0]
	p = page{Items: p.Items[:0]}
	_, err = decoder.Decode([]byte(`{"items":[{"cpus":1},null,{"cpus":2},5]}`), &p)
	require.NoError(t, err)
	assert.Equal(t, []item{{CPUs: 1}, {CPUs: 2}}, p.Items)
	assert.Same(t, first, &p.Items[0])
}

func TestWhatIsNotJSON(t *testing.T) {
	for _, document := range []string{
		"", " ", "{", "[", "nul", "nulll", "tru", "TRUE", "01", "1.", ".5", "+1", "1e", "-", "0x10", "NaN", "{}{}", "{} x", "{,}", `{"id"}`,
		`{"id":}`, `{"id":"a",}`, `{"id":"a"]`, `{id:"a"}`, `{'id':'a'}`, `{"id":"a`, `{"id":"a\`, `{"id":"\x"}`, `{"id":"\u12g4"}`,
		"{\"id\":\"a\nb\"}", `{"id":"a" "state":"b"}`, `{"ports":[1,]}`, `{"ports":[1 2]}`, `{"x":[1,]}`, `{"x":{"a":1,}}`, "\x00", "{}\x00",
		`{"meta":{"a":01}}`, `{"any":tru}`, `{"parent":{]}`, "<html>",
	} {
		got := item{}
		odd, err := decoder.Decode([]byte(document), &got)
		assert.ErrorContains(t, err, "invalid JSON at byte", document)
		assert.Empty(t, odd, document)
		assert.False(t, jsontext.Value(document).IsValid(tolerant), "the test itself: %s", document)
	}
}

func TestTextThatIsNotUTF8(t *testing.T) {
	got, odd := decode[item](t, "\ufeff {\"id\":\"a\xffb\",\"state\":\"\\ud800\",\"names\":[\"\\ud83d\\ude00\",\"\\u00e9\\n\",\"\xe2\x82\"]}")
	assert.Empty(t, odd)
	assert.Equal(t, item{ID: "a\ufffdb", State: "\ufffd", Names: []string{"😀", "é\n", "\ufffd\ufffd"}}, got)
}

// Embedded structs share the members of the object around them, and an embedded map keeps those that nothing else has.
func TestEmbedding(t *testing.T) {
	o, odd := decode[outer](t, `{"Name":"a","Kind":"b","named":{"Name":"c"},"Extra":"d"}`)
	assert.Empty(t, odd)
	assert.Equal(t, outer{part: part{"a", "b"}, Named: part{Name: "c"}, Extra: "d"}, o)

	w, odd := decode[open](t, `{"a":"1","x":{"y":[ 1 ]},"Kind":"k","more":{"m":{"Name":"n"}}, "z":null}`)
	assert.Empty(t, odd)
	assert.Equal(t, open{
		A: "1", Inner: &part{Kind: "k"}, Rest: map[string]raw{"x": raw(`{"y":[ 1 ]}`), "z": raw("null")}, More: map[string]part{"m": {Name: "n"}},
	}, w)
	w, _ = decode[open](t, `{"a":"1"}`)
	assert.Equal(t, open{A: "1"}, w)
}

// choice is a union: by its kind an item or a part, else raw.
type choice struct {
	Item *item
	Part *part
	Raw  raw
}

func (c *choice) form(data []byte, decode func(any) bool) bool {
	var kind struct{ Kind string }
	switch {
	case decode(&kind) && kind.Kind == "item" && decode(&c.Item):
	case kind.Kind == "part" && decode(&c.Part):
	default:
		*c = choice{Raw: bytes.Clone(data)}
	}
	return true
}

// loose is a union that keeps nothing raw.
type loose struct{ Ports []int }

func (l *loose) form(_ []byte, decode func(any) bool) bool { return decode(&l.Ports) }

func TestUnions(t *testing.T) {
	type choices struct {
		One  choice   `json:"one"`
		Many []choice `json:"many"`
		More *choice  `json:"more"`
		End  string   `json:"end"`
	}
	for document, tc := range map[string]struct {
		want choices
		odd  []Odd
	}{
		`{"one":{"Kind":"item","id":"a","cpus":"8"},"more":{"Kind":"part","Name":"b"},"many":[{"Kind":"part"}],"end":"x"}`: {
			want: choices{
				One: choice{Item: &item{ID: "a", CPUs: 8}}, More: &choice{Part: &part{Kind: "part", Name: "b"}},
				Many: []choice{{Part: &part{Kind: "part"}}}, End: "x",
			},
		},
		`{"one":null,"more":null,"many":null,"end":"x"}`: {want: choices{End: "x"}},
		`{"one":{"Kind":"new"},"end":"x"}`:               {want: choices{One: choice{Raw: raw(`{"Kind":"new"}`)}, End: "x"}},
		`{"one":{"Kind":"item","ports":8000},"end":"x"}`: {
			choices{One: choice{Raw: raw(`{"Kind":"item","ports":8000}`)}, End: "x"},
			[]Odd{{"/one/ports", "number where an array was expected"}},
		},
		`{"many":[{"Kind":"item","ports":8000},"y",null],"more":["z"],"end":"x"}`: {
			choices{Many: []choice{{Raw: raw(`{"Kind":"item","ports":8000}`)}, {Raw: raw(`"y"`)}}, More: &choice{Raw: raw(`["z"]`)}, End: "x"},
			[]Odd{
				{"/many/0/ports", "number where an array was expected"}, {"/many/1", "string where an object was expected"},
				{"/many/2", "null where an object was expected"}, {"/more", "array where an object was expected"},
			},
		},
	} {
		var got choices
		odd, err := decoder.Decode([]byte(document), &got)
		require.NoError(t, err)
		assert.Equal(t, tc.want, got, document)
		assert.Equal(t, tc.odd, odd, document)
	}

	var list []loose
	odd, err := decoder.Decode([]byte(`[[1,"x"],"y",[2]]`), &list)
	require.NoError(t, err)
	assert.Equal(t, []loose{{[]int{1}}, {[]int{2}}}, list, "what is lost as a whole is left out")
	assert.Equal(t, []Odd{
		{"/0/1", "string where an integer was expected"}, {"/1", "string where an array was expected"},
	}, odd)

	var c choice
	for _, document := range []string{`{"Kind":"item"`, `{"Kind":"item"} x`, `[`} {
		_, err = decoder.Decode([]byte(document), &c)
		assert.Error(t, err, document)
	}
}

// allocated returns what f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A document takes memory in proportion to its size, whatever its elements become in Go.
func TestMemoryIsInProportion(t *testing.T) {
	type fat struct {
		P   *fat    `json:"p"`
		Pad [64]int `json:"-"`
	}
	list := func(element string) string {
		return "[" + strings.Repeat(element+",", 3<<20/(len(element)+1)) + element + "]"
	}
	object := func(member string) string {
		var b strings.Builder
		for i := 0; b.Len() < 3<<20; i++ {
			fmt.Fprintf(&b, `"%x":%s,`, i, member)
		}
		return "{" + b.String() + `"end":` + member + "}"
	}
	for name, tc := range map[string]struct {
		document string
		out      any
		fits     bool
	}{
		"empty items":      {`{"items":` + list(`{}`) + `}`, new(page), false},
		"null items":       {`{"items":` + list(`null`) + `}`, new(page), false},
		"odd items":        {`{"items":` + list(`1`) + `}`, new(page), false},
		"odd members":      {`{"items":[{` + strings.Repeat(`"cpus":"x",`, 300_000) + `"cpus":"x"}]}`, new(page), false},
		"pointers":         {list(`{"parent":{}}`), new([]item), false},
		"pointers again":   {"{" + strings.Repeat(`"p":{},"p":null,`, 200_000) + `"p":{}}`, new(fat), false},
		"small integers":   {list(`1`), new([]int), true},
		"empty arrays":     {list(`[]`), new([][]int), false},
		"members":          {object(`{}`), new(map[string]part), false},
		"any objects":      {list(`{}`), new(any), false},
		"any numbers":      {list(`1`), new(any), false},
		"unknown members":  {object(`{}`), new(open), false},
		"skipped":          {`{"unknown":` + list(`{}`) + `}`, new(page), true},
		"one long string":  {`"` + strings.Repeat("a", 3<<20) + `"`, new(string), true},
		"escaped":          {`"` + strings.Repeat(`\n`, 3<<19) + `"`, new(string), true},
		"not UTF-8":        {`"` + strings.Repeat("\xff", 3<<20) + `"`, new(string), true},
		"strings":          {list(`"some text"`), new([]string), true},
		"any strings":      {list(`"some text of a usual length for something that is written by hand"`), new(any), true},
		"a full page":      {`{"items":[` + strings.Repeat(`{"id":"a"},`, 119) + `{"id":"a"}]}`, new(page), true},
		"a page of odd":    {`{"items":[` + strings.Repeat(`{"cpus":"x","rate":"x","enabled":"x"},`, 119) + `{}]}`, new(page), true},
		"nulls of one":     {`{"items":[` + strings.Repeat(`null,`, 119) + `null]}`, new(page), true},
		"forms":            {`{"Kind":"item",` + strings.Repeat(`"cpus":"x",`, 300_000) + `"cpus":"x"}`, new(choice), false},
		"a list of forms":  {list(`{"Kind":"item","parent":{}}`), new([]choice), false},
		"unclosed items":   {`{"items":` + strings.Repeat(`[{},`, 3<<18), new(page), false},
		"unclosed objects": {strings.Repeat(`{"parent":`, 3<<18), new(item), false},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			used := allocated(func() { _, err = decoder.Decode([]byte(tc.document), tc.out) })
			assert.Equal(t, tc.fits, err == nil, "%v", err)
			assert.LessOrEqual(t, used, uint64(3<<20+16*len(tc.document)), "bytes for %d", len(tc.document))
		})
	}
}

func TestDepthIsBounded(t *testing.T) {
	nested := func(open, end string, depth int) string {
		return strings.Repeat(open, depth) + strings.Repeat(end, depth)
	}
	for _, value := range []string{nested("[", "]", 1_000_000), nested(`{"a":`, "}", 300_000) /* not JSON within */, nested("[", "]", 10_001)} {
		for _, out := range []any{new(any), new(item), new(raw), new([]string)} {
			_, err := decoder.Decode([]byte(value), out)
			assert.Error(t, err)
		}
	}
	for _, out := range []any{new(item), new(raw), new([]string)} {
		_, err := decoder.Decode([]byte(nested("[", "]", 10_000)), out)
		assert.NoError(t, err)
	}
	deep := strings.Repeat(`{"parent":`, 900) + "{}" + strings.Repeat("}", 900)
	got, odd := decode[item](t, deep)
	assert.Empty(t, odd)
	assert.NotNil(t, got.Parent.Parent.Parent)
}

// Nothing fits what no response has, but nothing worse happens either.
func TestTypesThatNoResponseHas(t *testing.T) {
	type conflict struct {
		part
		Name int
	}
	type hidden struct {
		*part
		state `json:"place"`
		inner part
		A     string
	}
	h, odd := decode[hidden](t, `{"Name":"x","place":"y","inner":{},"A":"a"}`)
	assert.Equal(t, "a", h.A)
	assert.Zero(t, h.inner)
	assert.Zero(t, h.state)
	assert.Empty(t, odd)
	type quoted struct {
		A int    `json:",string"`
		B string `json:"b"`
	}
	for _, out := range []any{
		new(chan int), new(func()), new([2]int), new([]byte), new(map[int]string), new(error), new(complex128),
	} {
		odd, err := decoder.Decode([]byte(`7`), out)
		require.NoError(t, err)
		assert.Len(t, odd, 1, "%T", out)
		assert.Zero(t, reflect.ValueOf(out).Elem().Interface())
		odd, err = decoder.Decode([]byte(`null`), out)
		require.NoError(t, err)
		assert.Empty(t, odd, "%T", out)
	}
	q, odd := decode[quoted](t, `{"A":"7","b":"x"}`)
	assert.Equal(t, quoted{A: 7, B: "x"}, q, "with and without the option")
	assert.Empty(t, odd)
	c, odd := decode[conflict](t, `{"Name":"x","Kind":"k"}`)
	assert.Equal(t, conflict{part: part{Name: "x", Kind: "k"}}, c, "the first of a name")
	assert.Empty(t, odd)
}

// Decoders are shared, and so is what they remember.
func TestConcurrentDecoding(t *testing.T) {
	d := &Decoder{FormOf: decoder.FormOf}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 200 {
				id := fmt.Sprint(worker, "-", i)
				document := `{"id":"` + id + `","cpus":1,"state":"ready"}`
				if i%2 == 0 {
					document = `{"state":"ready","x":1,"cpus":1,"id":"` + id + `"}`
				}
				var got item
				odd, err := d.Decode([]byte(document), &got)
				assert.NoError(t, err)
				assert.Empty(t, odd)
				assert.Equal(t, item{ID: id, State: "ready", CPUs: 1}, got)
			}
		})
	}
	wg.Wait()
}

// Over random documents of odd types, what is decoded is what encoding/json/v2 makes of them, but for what expect says.
func TestAsLibrary(t *testing.T) {
	types := []reflect.Type{
		reflect.TypeFor[item](), reflect.TypeFor[page](), reflect.TypeFor[outer](), reflect.TypeFor[open](), reflect.TypeFor[[]*item](),
		reflect.TypeFor[map[string]item](), reflect.TypeFor[any](), reflect.TypeFor[***state](), reflect.TypeFor[[]raw](),
		reflect.TypeFor[*[]map[state][]time.Time](), reflect.TypeFor[[][]place](), reflect.TypeFor[map[string]any](), reflect.TypeFor[[]any](),
		reflect.TypeFor[[]size](), reflect.TypeFor[map[string]*netip.Addr](), reflect.TypeFor[string](), reflect.TypeFor[float64](),
	}
	documents := 10_000
	if testing.Short() {
		documents = 5_000
	}
	r := rand.New(rand.NewPCG(1, 2))
	invalid, strict, withOdd := 0, 0, 0
	for range documents {
		typ := types[r.IntN(len(types))]
		document := generator{r}.value(typ, 4)
		if r.IntN(20) == 0 {
			i := r.IntN(len(document) + 1)
			document = document[:i] + []string{"", "x", `"`, "{", "]", ",", "\x01"}[r.IntN(7)] + document[min(i+r.IntN(3), len(document)):]
		}
		if jsontext.Value(document).IsValid(tolerant) && !jsontext.Value(document).IsValid(jsontext.AllowInvalidUTF8(true)) {
			continue // it repeats a name, which expect cannot follow
		}
		want, wantOdd, wantErr := expect(t, []byte(document), typ)
		got := reflect.New(typ)
		odd, err := decoder.Decode([]byte(document), got.Interface())
		require.Equal(t, wantErr == nil, err == nil, "%s %s: %v, not %v", typ, document, err, wantErr)
		if err != nil {
			invalid++
			continue
		}
		require.Len(t, odd, wantOdd, "%s %s", typ, document)
		require.Equal(t, want, got.Interface(), "%s %s", typ, document)
		for _, o := range odd {
			start, _ := position(t, []byte(document), jsontext.Pointer(o.Pointer))
			require.True(t, strings.HasPrefix(o.Kind, kinds[jsontext.Value(document[start:]).Kind()]), "%s %v", document, o)
		}
		if len(odd) > 0 {
			withOdd++
		} else if json.Unmarshal([]byte(document), reflect.New(typ).Interface(), tolerant) == nil {
			strict++
		}
	}
	t.Logf("of %d documents, %d were not JSON, %d were as encoding/json/v2 reads them, %d had odd values", documents, invalid, strict, withOdd)
	assert.Greater(t, min(invalid, strict, withOdd), documents/50, "the documents are of all kinds")
}

// Members that come again are read as encoding/json/v2 reads them.
func TestRepeatedNames(t *testing.T) {
	for _, document := range []string{
		`{"id":"a","id":"b","cpus":1,"cpus":null}`, `{"parts":[{"Name":"a","Kind":"k"}],"parts":[{"Name":"b"}]}`, `{"names":["a","b"],"names":[]}`,
		`{"parent":{"id":"a"},"parent":{"cpus":2}}`, `{"labels":{"a":1},"labels":{"b":2}}`,
		`{"parent":{"id":"a"},"parent":null}`,
	} {
		var want item
		require.NoError(t, json.Unmarshal([]byte(document), &want, tolerant))
		got, odd := decode[item](t, document)
		assert.Empty(t, odd)
		assert.Equal(t, want, got, document)
	}
	got, _ := decode[any](t, `{"a":{"x":1},"a":{"y":2}}`)
	assert.Equal(t, map[string]any{"a": map[string]any{"y": 2.0}}, got, "the last one, where encoding/json/v2 merges them")
}

// generator makes documents that mostly fit a type.
type generator struct{ *rand.Rand }

var values = []string{
	"true", "false", "0", "-0", "7", "-12", "1.5", "50.0", "1e3", "1E-2", "123456789012345678901", "9223372036854775807", "-9223372036854775808", `""`,
	`"a"`, `"é"`, `"\n\"\u00e9"`, "\"\x80\"", `"\ud800"`, `"2024-05-14T09:26:53.012Z"`, `"2024-05-14 09:26:53+00"`, `"2024-05-14"`, `"1.2.3.4"`,
	`"some longer text in plain ASCII"`, `"12"`, `" 1.50 "`, `"1e2"`, `"true"`, `"FALSE"`, `"0"`, "1e400", `"null"`, "1",
}

func (g generator) pick(texts ...string) string { return texts[g.IntN(len(texts))] }

func (g generator) space() string { return g.pick("", "", "", "", " ", "\n\t") }

func (g generator) value(t reflect.Type, depth int) string {
	if depth == 0 || g.IntN(8) == 0 {
		if g.IntN(10) == 0 {
			return g.pick("[]", "{}", "[1]", `{"a":1}`)
		}
		return g.pick(values...)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.value(t.Elem(), depth)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return g.value(reflect.TypeFor[any](), depth-1)
		}
		var items []string
		for range g.IntN(4) {
			items = append(items, g.space()+g.value(t.Elem(), depth-1)+g.space())
		}
		return "[" + strings.Join(items, ",") + g.space() + "]"
	case reflect.Interface:
		return g.value([]reflect.Type{reflect.TypeFor[[]any](), reflect.TypeFor[map[string]any](), reflect.TypeFor[float64]()}[g.IntN(3)], depth-1)
	case reflect.Map:
		members := map[string]string{}
		for range g.IntN(4) {
			members[g.pick("a", "b/c~d", "é", "", `\u0041`)] = g.value(t.Elem(), depth-1)
		}
		return g.object(members)
	case reflect.Struct:
		members := map[string]string{}
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" {
				name = f.Name
			}
			if g.IntN(3) == 0 && f.IsExported() {
				if members[name] = g.value(f.Type, depth-1); g.IntN(10) == 0 {
					members[name] = "null"
				}
			}
		}
		if g.IntN(4) == 0 {
			members[g.pick("x", "ID", "-", "hidden", "é")] = g.value(reflect.TypeFor[any](), depth-1)
		}
		return g.object(members)
	}
	return g.pick(values...)
}

// object writes the members in a random order.
func (g generator) object(members map[string]string) string {
	names := slices.Sorted(maps.Keys(members))
	g.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(g.space() + `"` + name + `"` + g.space() + ":" + g.space() + members[name] + g.space())
	}
	return "{" + b.String() + "}"
}

// Whatever comes, it is decoded exactly if it is JSON, and as encoding/json/v2 decodes it if v2 does.
func FuzzDecode(f *testing.F) {
	for _, seed := range append(values, `{"items":[{"id":"a","cpus":"x"},null],"hasMore":1}`, "{", "[[[", "\ufeff{}", `{"items":[{},{},{}]}`) {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		for _, out := range []any{new(page), new(item), new(any), new(open), new([]choice)} {
			var odd []Odd
			var err error
			used := allocated(func() { odd, err = decoder.Decode(document, out) })
			assert.LessOrEqual(t, used, uint64(4<<20+40*len(document)), "bytes for %d", len(document))
			document := bytes.TrimPrefix(document, []byte("\ufeff"))
			require.Equal(t, jsontext.Value(document).IsValid(tolerant), err == nil, "%v", err)
			for _, o := range odd {
				position(t, document, jsontext.Pointer(o.Pointer))
			}
			want := reflect.New(reflect.TypeOf(out).Elem())
			if _, isUnion := out.(*[]choice); !isUnion && len(odd) == 0 && json.Unmarshal(document, want.Interface(), tolerant) == nil {
				assert.Equal(t, want.Interface(), out)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	one := `{"id":"psm%d","state":"ready","place":"ny2","cpus":8,"big":51539607552,"rate":0.76,"enabled":false,"size":"1024",` +
		`"dtCreated":"2024-05-14T09:26:53.012Z","dtDeleted":null,"timeout":null,"parts":[{"Name":"A4000","Kind":"gpu"}],"names":[],"address":"10.64.0.1"},`
	var items strings.Builder
	for i := range 120 {
		fmt.Fprintf(&items, one, i)
	}
	document := []byte(`{"items":[` + strings.TrimSuffix(items.String(), ",") + `],"hasMore":false,"nextPage":null}`)
	for name, decode := range map[string]func(*page) error{
		"wire": func(p *page) error { _, err := decoder.Decode(document, p); return err },
		"v2":   func(p *page) error { return json.Unmarshal(document, p, tolerant) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(document)))
			for b.Loop() {
				if err := decode(new(page)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
