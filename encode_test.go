package paperspace

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Params are encoded as encode does it, whichever way is taken.
func TestParamsAreEncodedAsAnyValue(t *testing.T) {
	own := 0
	same := func(params any) {
		want, wantErr := encode(params)
		got, err := encodeParams(params)
		assert.Equal(t, wantErr, err)
		if err == nil {
			assert.JSONEq(t, string(want), string(got)) // maps have no order
		}
	}
	eachEndpoint(t, func(t *testing.T, m conformingMethod) {
		if m.op.Request == nil || m.params == nil {
			return
		}
		if membersOf(m.params) != nil {
			own++
		}
		for _, required := range []bool{true, false} {
			maker{required: required}.eachChoice(m.requestSchema(), func(value any) {
				params := m.paramsFrom(t, value)
				same(params.Interface())
				same(params.Addr().Interface())
			})
		}
	})
	assert.Greater(t, own, 20, "types that take the short way")

	type word string
	type unusual struct {
		S     string            `json:"s"`
		W     *word             `json:"w"`
		N     int64             `json:"n,omitzero"`
		F     float64           `json:"f,omitzero"`
		Key   Sensitive         `json:"key,omitzero"`
		Keys  []Sensitive       `json:"keys,omitzero"`
		To    *Region           `json:"to,omitzero"`
		From  Region            `json:"from,omitzero"`
		Bytes Bytes             `json:"bytes,omitzero"`
		Any   any               `json:"any,omitzero"`
		Map   map[string]string `json:"map,omitzero"`
		Wait  time.Duration     `json:"wait,omitzero"`
	}
	for _, params := range []unusual{
		{}, {S: "\"\\\n\x00<>&\u2028é😀"}, {S: "\xff"}, {W: new(word(""))}, {W: new(word("\xffw"))}, {N: -1 << 63, F: 1e21},
		{Key: "hunter2", Keys: []Sensitive{"a", ""}}, {Key: mask}, {Keys: []Sensitive{mask}}, {From: "NY2", To: new(Region("East Coast (NY2)"))},
		{From: "\xff"}, {Bytes: 1 << 40}, {Any: map[string]any{"k": Sensitive("s")}}, {Map: map[string]string{}}, {Wait: time.Second},
		{S: string(make([]byte, 2000))},
	} {
		same(params)
		same(&params)
	}
	_, err := encodeParams(&unusual{Keys: []Sensitive{"a", mask}})
	require.ErrorContains(t, err, "mask")
	assert.Equal(t, "keys[1]", memberPath("", memberOf(err)))
}

// An error names the field that cannot be encoded, in a bounded text, and never repeats its value.
func TestFieldsThatCannotBeEncoded(t *testing.T) {
	loop := map[string]any{}
	loop["loop"] = loop
	machine := minimalMachine
	machine.AccessorIDs = []string{"u1", "\xff"}
	spec := func(config DeploymentConfigV1) DeploymentUpsertParams {
		config.Name, config.Image, config.Resources = "n", "i", DeploymentResources{MachineType: "C5", Ports: []int{80}}
		return DeploymentUpsertParams{ProjectID: "p", Config: DeploymentConfig{V1: &config}}
	}
	rt := play()
	c := newTestClient(t, rt)
	for want, call := range map[string]func() error{
		"accessorIds[1]: cannot be encoded: invalid UTF-8": func() error {
			_, err := c.Machines.Create(t.Context(), machine)
			return err
		},
		"config.env[0].value: cannot be encoded: invalid UTF-8": func() error {
			_, err := c.Deployments.Upsert(t.Context(), spec(DeploymentConfigV1{Env: []EnvVar{{Name: "A", Value: "hunter2\xff"}}}))
			return err
		},
		"config.later: cannot be encoded: invalid surrogate pair in string": func() error {
			later := UnknownMembers{"later": RawJSON(`"\ud800hunter2"`)}
			_, err := c.Deployments.Upsert(t.Context(), spec(DeploymentConfigV1{Unknown: later}))
			return err
		},
		"extra: cannot be encoded: json: ": func() error {
			_, err := c.Machines.Create(t.Context(), minimalMachine, WithBodyField("extra", make(chan int)))
			return err
		},
		"extra.list[0]: cannot be encoded: ": func() error {
			value := map[string]any{"list": []any{math.NaN()}}
			_, err := c.Machines.Create(t.Context(), minimalMachine, WithBodyField("extra", value))
			return err
		},
		"extra.loop.loop.loop": func() error {
			_, err := c.Machines.Create(t.Context(), minimalMachine, WithBodyField("extra", loop))
			return err
		},
		"WithBodyField: the body already has a field named \"extra\"": func() error {
			_, err := c.Machines.Create(t.Context(), minimalMachine, WithBodyField("extra", 1), WithBodyField("extra", 2))
			return err
		},
		"body: cannot be encoded: json: ": func() error {
			return c.Do(t.Context(), Request{Method: "POST", Path: "/x", Body: func() {}}, nil)
		},
	} {
		err := call()
		_, ok := errors.AsType[*ParamError](err)
		require.True(t, ok, "%s: %v", want, err)
		assert.ErrorContains(t, err, ": "+want)
		assert.NotContains(t, err.Error(), "hunter2")
		assert.Less(t, len(err.Error()), 1000, want)
	}
	assert.Zero(t, rt.count())
}

type (
	withJSON struct {
		A string `json:"a"`
	}
	withJSONTo struct {
		A string `json:"a"`
	}
	withText struct {
		A string `json:"a"`
	}
	withAppend struct {
		A string `json:"a"`
	}
	appended string
)

func (withJSON) MarshalJSON() ([]byte, error) { return []byte(`"own"`), nil }
func (*withJSONTo) MarshalJSONTo(enc *jsontext.Encoder) error {
	return enc.WriteToken(jsontext.String("own"))
}
func (withText) MarshalText() ([]byte, error)          { return []byte("own"), nil }
func (withAppend) AppendText(b []byte) ([]byte, error) { return append(b, "own"...), nil }
func (appended) AppendText(b []byte) ([]byte, error)   { return append(b, "own"...), nil }

// Types with other tags or methods than params usually have are left to encode.
func TestParamsThatOnlyTheEncoderKnows(t *testing.T) {
	type embedded struct {
		ListParams
		A string `json:"a"`
	}
	for _, params := range []any{
		MachineListParams{}, embedded{A: "a"}, struct {
			A int `json:"a,string"`
		}{7}, struct {
			A int `json:"-"`
			B int
		}{1, 2}, struct {
			A Nullable[string] `json:"a,omitzero"`
		}{Null[string]()}, struct {
			ListParams `json:"list"`
			A          string `json:"a"`
		}{A: "a"}, struct {
			A appended `json:"a"`
		}{"x"}, withJSON{"a"}, &withJSONTo{"a"}, withText{"a"}, &withAppend{"a"}, time.Time{}, DeploymentConfig{}, (*MachineCreateParams)(nil),
		map[string]Sensitive{"a": "b"}, []string{"a"}, "text", Sensitive("s"), RawJSON("[1]"), Operation[Machine]{Endpoint: "machines-create"},
	} {
		want, err := encode(params)
		require.NoError(t, err)
		got, err := encodeParams(params)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "%T", params)
	}
}
