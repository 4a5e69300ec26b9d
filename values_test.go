package paperspace

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSensitive(t *testing.T) {
	const secret = Sensitive("hunter2")
	type inner struct {
		P *Sensitive
		M map[string]Sensitive
		L []Sensitive
	}
	value := struct {
		S Sensitive
		I inner
	}{secret, inner{new(secret), map[string]Sensitive{"k": secret}, []Sensitive{secret}}}
	var out strings.Builder
	for _, v := range []any{secret, new(secret), value, &value, []any{value}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		b, err := json.Marshal(v)
		require.NoError(t, err)
		out.Write(b)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
	}
	assert.NotContains(t, out.String(), "hunter2")
	assert.NotContains(t, strings.ToLower(out.String()), fmt.Sprintf("%x", "hunter2"))
	assert.Contains(t, out.String(), "[REDACTED]")
	assert.Equal(t, "hunter2", secret.Reveal())

	sent, err := encode(value)
	require.NoError(t, err)
	assert.Equal(t, 4, strings.Count(string(sent), `"hunter2"`), "%s", sent)

	var got Sensitive
	require.NoError(t, json.Unmarshal([]byte(`"hunter2"`), &got))
	assert.Equal(t, secret, got)
}

// Text that encoding/json decodes as U+FFFD is kept as U+FFFD, because the original could not be encoded again.
func TestRawJSONCanBeEncodedAgain(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":"\u00e9 \ud83d\ude00","n":1.50,"n":2}`: `{"a":"\u00e9 \ud83d\ude00","n":1.50,"n":2}`,
		"{\"a\":\"x\xffy\"}":                         `{"a":"x` + "\ufffd" + `y"}`,
		`{"\ud800":["\udc00","\ud800\u0041"]}`:       `{"` + "\ufffd" + `":["` + "\ufffd\",\"\ufffdA" + `"]}`,
	} {
		var raw RawJSON
		require.NoError(t, json.Unmarshal([]byte(text), &raw), text)
		assert.Equal(t, want, string(raw))
		_, err := encode(raw)
		assert.NoError(t, err, text)
	}
	spec := `"latestSpec":{"id":"s","data":{"apiVersion":"v1","name":"n","later":"\ud800","ports":"\udc00"}}`
	rt := play(reply(200, `{"id":"d","projectId":"p",`+spec+`}`), reply(200, `{"deploymentId":"d"}`))
	_, err := newTestClient(t, rt).Deployments.SetEnabled(t.Context(), "d", false)
	assert.NoError(t, err)
}

func TestRawJSONPrintsItsLengthOnly(t *testing.T) {
	raw := RawJSON(`{"a":"hunter2"}`)
	out := fmt.Sprintf("%v %+v %#v %s %x", raw, struct{ R RawJSON }{raw}, &raw, raw, []RawJSON{raw})
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", raw)
	assert.NotContains(t, out+log.String(), "hunter2")
	assert.Contains(t, out, "15 bytes")
	b, err := json.Marshal(raw)
	require.NoError(t, err)
	assert.Equal(t, string(raw), string(b))
}

func TestNullable(t *testing.T) {
	type params struct {
		D Nullable[string] `json:"d,omitzero"`
	}
	for _, tc := range []struct {
		value Nullable[string]
		json  string
		text  string
	}{
		{Nullable[string]{}, `{}`, "unset"},
		{Null[string](), `{"d":null}`, "null"},
		{Value(""), `{"d":""}`, ""},
		{Value("x"), `{"d":"x"}`, "x"},
		{NullableFrom[string](nil), `{"d":null}`, "null"},
		{NullableFrom(new("x")), `{"d":"x"}`, "x"},
	} {
		for _, marshal := range []func(any) ([]byte, error){json.Marshal, encode} {
			b, err := marshal(params{tc.value})
			require.NoError(t, err)
			assert.Equal(t, tc.json, string(b))
		}
		for _, unmarshal := range []func([]byte, any) error{json.Unmarshal, decode} {
			var p params
			require.NoError(t, unmarshal([]byte(tc.json), &p))
			assert.Equal(t, tc.value, p.D)
			assert.True(t, tc.value == p.D, "comparable")
		}
		assert.Equal(t, tc.text, fmt.Sprint(tc.value))
		v, ok := tc.value.Get()
		assert.Equal(t, ok, !tc.value.IsNull() && !tc.value.IsZero())
		if ok {
			assert.Equal(t, tc.text, v)
		}
	}
}

func TestRegion(t *testing.T) {
	for _, s := range []string{"ny2", "NY2", "East Coast (NY2)", " east coast (ny2)\n"} {
		r, err := ParseRegion(s)
		require.NoError(t, err)
		assert.Equal(t, RegionNY2, r)
	}
	_, err := ParseRegion("mars1")
	require.ErrorContains(t, err, "mars1")

	type holder struct {
		R Region `json:"r"`
	}
	for in, want := range map[string]Region{
		`{"r":"Europe (AMS1)"}`: RegionAMS1, `{"r":"CA1"}`: RegionCA1, `{"r":"Moon (M1)"}`: "Moon (M1)", `{"r":null}`: "", `{}`: "",
	} {
		for _, unmarshal := range []func([]byte, any) error{json.Unmarshal, decode} {
			var h holder
			require.NoError(t, unmarshal([]byte(in), &h))
			assert.Equal(t, want, h.R)
		}
	}
	b, err := encode(holder{"West Coast (CA1)"})
	require.NoError(t, err)
	assert.JSONEq(t, `{"r":"ca1"}`, string(b))
	assert.Equal(t, "East Coast (NY2)", RegionNY2.Long())
	assert.Equal(t, "Moon (M1)", Region("Moon (M1)").Long())
	assert.True(t, RegionNY2.Known())
	assert.False(t, Region("Moon (M1)").Known())
}

func TestIntegersInAnyForm(t *testing.T) {
	type result struct {
		B Bytes     `json:"b"`
		P *Bytes    `json:"p"`
		N int       `json:"n"`
		Q *int      `json:"q"`
		F float64   `json:"f"`
		S string    `json:"s"`
		T time.Time `json:"t"`
		E Order     `json:"e"`
		R Region    `json:"r"`
		W Sensitive `json:"w"`
		O *bool     `json:"o"`
	}
	for in, want := range map[string]result{
		`{"b":"8589934592","p":"1","n":8}`:         {B: 8589934592, P: new(Bytes(1)), N: 8},
		`{"b":9223372036854775807,"p":null}`:       {B: math.MaxInt64},
		`{"b":"","p":"","n":"","f":"","t":""}`:     {P: new(Bytes(0))},
		`{"b":null,"n":null,"f":null,"t":null}`:    {},
		`{"b":50.0,"n":50.0,"q":5e1,"f":"0.5"}`:    {B: 50, N: 50, Q: new(50), F: 0.5},
		`{"b":"9007199254740993","n":"3","s":12}`:  {B: 9007199254740993, N: 3, S: "12"},
		`{"t":"2024-05-01T12:00:00.000Z","n":"1"}`: {T: time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC), N: 1},
		`{"n":1,"n":2,"s":"` + "\xff" + `"}`:       {N: 2, S: "\ufffd"},
		`{"b":"9007199254740993.0","n":" 50 "}`:    {B: 9007199254740993, N: 50},
		`{"e":5,"r":6,"w":8080,"o":"true"}`:        {E: "5", R: "6", W: "8080", O: new(true)},
		`{"e":null,"r":"NY2","w":"x","n":"1"}`:     {R: RegionNY2, W: "x", N: 1},
		`{"t":"2024-05-01T12:00:00"}`:              {T: time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)},
		`{"t":"2024-05-01 12:00:00"}`:              {T: time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)},
		`{"t":"2024-05-01"}`:                       {T: time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)},
	} {
		var got result
		require.NoError(t, decode([]byte(in), &got), in)
		assert.Equal(t, want, got, in)
	}
	for _, in := range []string{`{"b":"x"}`, `{"b":1.5}`, `{"n":1.5}`, `{"b":1e400}`, `{"b":9223372036854775808}`, `{"n":"x"}`, `{"b":{}}`,
		`{"b":"0x10p0"}`, `{"f":"NaN"}`, `{"f":"Inf"}`, `{"f":"0x1p4"}`, `{"o":"yes"}`, `{"t":"soon"}`} {
		assert.Error(t, decode([]byte(in), new(result)), in)
	}
	b, err := json.Marshal(result{B: 5})
	require.NoError(t, err)
	assert.Contains(t, string(b), `"b":5,`)
	var viaV1 struct{ B Bytes }
	require.NoError(t, json.Unmarshal([]byte(`{"B":"7"}`), &viaV1))
	assert.Equal(t, Bytes(7), viaV1.B)
	require.NoError(t, jsonv2.Unmarshal([]byte(`{"B":"8"}`), &viaV1))
	assert.Equal(t, Bytes(8), viaV1.B)
}

func TestBytesString(t *testing.T) {
	for n, want := range map[Bytes]string{
		0: "0 B", 1: "1 B", 1000: "1000 B", 1023: "1023 B", 1024: "1 KiB", 1536: "1.5 KiB", 500_000: "500 KB", 2_000_000: "2 MB",
		8 << 30: "8 GiB", 48_000_000_000: "48 GB", 50 << 30: "50 GiB", 123_456_789: "117.7 MiB", 16 << 40: "16 TiB",
		1<<20 - 1: "1 MiB", 1<<40 - 1: "1 TiB", 1e12: "1000 GB", 4e12: "4 TB", math.MaxInt64: "8 EiB", math.MinInt64: "-8 EiB", -1500: "-1.5 KiB",
	} {
		assert.Equal(t, want, n.String(), "%d", n)
	}
	assert.Equal(t, "8 GiB 8589934592", fmt.Sprintf("%v %d", Bytes(8<<30), Bytes(8<<30)))
	b, err := json.Marshal(Bytes(8 << 30))
	require.NoError(t, err)
	assert.Equal(t, "8589934592", string(b))
}
