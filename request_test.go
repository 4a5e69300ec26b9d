package paperspace

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestIDsReachTheServerAsOneSegment(t *testing.T) {
	for id, want := range map[string]string{
		"psm9u09bwu5i": "/v1/machines/psm9u09bwu5i",
		"a/b":          "/v1/machines/a%2Fb",
		"a?b#c":        "/v1/machines/a%3Fb%23c",
		"50%":          "/v1/machines/50%25",
		"%2e%2e":       "/v1/machines/%252e%252e",
		"...":          "/v1/machines/...",
		"a b\nü":       "/v1/machines/a%20b%0A%C3%BC",
		"{id}":         "/v1/machines/%7Bid%7D",
		"a:b":          "/v1/machines/a:b",
	} {
		rt := play(reply(200, okMachine))
		_, err := newTestClient(t, rt).Machines.Get(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, want, rt.requests[0].URL.RequestURI(), "%q", id)
	}
	for _, id := range []string{"", ".", ".."} {
		rt := play(reply(200, okMachine))
		c := newTestClient(t, rt)
		for field, call := range map[string]func() error{
			"id":     func() error { _, err := c.Machines.Get(t.Context(), id); return err },
			"userId": func() error { _, err := c.Machines.GetAccessor(t.Context(), "m", id); return err },
		} {
			e, ok := errors.AsType[*ParamError](call())
			require.True(t, ok, "%q", id)
			assert.Equal(t, field, e.Field)
		}
		assert.Zero(t, rt.count())
	}
}

func TestInvalidParams(t *testing.T) {
	good := MachineCreateParams{Name: "n", MachineType: "C5", TemplateID: "t", DiskSize: 50, Region: RegionNY2}
	for field, change := range map[string]func(*MachineCreateParams){
		"name":            func(p *MachineCreateParams) { p.Name = "" },
		"machineType":     func(p *MachineCreateParams) { p.MachineType = "" },
		"templateId":      func(p *MachineCreateParams) { p.TemplateID = "" },
		"diskSize":        func(p *MachineCreateParams) { p.DiskSize = 0 },
		"region":          func(p *MachineCreateParams) { p.Region = "" },
		"networkId":       func(p *MachineCreateParams) { p.NetworkID = new("") },
		"publicIpType":    func(p *MachineCreateParams) { p.PublicIPType = new(PublicIPType("")) },
		"startupScriptId": func(p *MachineCreateParams) { p.StartupScriptID = new("") },
	} {
		params := good
		change(&params)
		rt := play(reply(200, `{}`))
		_, err := newTestClient(t, rt).Machines.Create(t.Context(), params)
		e, ok := errors.AsType[*ParamError](err)
		require.True(t, ok, field)
		assert.Equal(t, field, e.Field)
		assert.Equal(t, "machines-create", e.Endpoint)
		assert.Zero(t, rt.count())
	}
	negative := good
	negative.DiskSize = -1
	_, err := newTestClient(t, play(reply(200, `{}`))).Machines.Create(t.Context(), negative)
	require.ErrorContains(t, err, "diskSize: must be at least 1")

	rt := play(reply(200, `{"items":[],"hasMore":false}`))
	c := newTestClient(t, rt)
	for limit, ok := range map[int]bool{-1: false, 0: true, 1: true, 120: true, 121: false} {
		_, err := c.Machines.List(t.Context(), MachineListParams{ListParams: ListParams{Limit: limit}})
		assert.Equal(t, ok, err == nil, "limit %d: %v", limit, err)
		_, err = Collect(c.Machines.All(t.Context(), MachineListParams{ListParams: ListParams{Limit: limit}}))
		assert.Equal(t, ok, err == nil, "limit %d: %v", limit, err)
	}
	assert.Equal(t, 6, rt.count())
}

// checkedParams has every kind of rule in every position.
type checkedParams struct {
	ListParams
	Inner  *checkedInner            `json:"inner,omitzero"`
	List   []checkedInner           `json:"list,omitzero"`
	Named  map[string]*checkedInner `json:"named,omitzero"`
	Any    any                      `json:"any,omitzero"`
	Secret *Sensitive               `json:"secret,omitzero"`
	Ratio  *float64                 `json:"ratio,omitzero" check:"min=0.5,max=2"`
	Counts []int                    `json:"counts,omitzero" check:"min=0"`
}

type checkedInner struct {
	ID     string               `json:"id" check:"required"`
	Env    map[string]Sensitive `json:"env,omitzero"`
	hidden Sensitive
}

func TestValidate(t *testing.T) {
	masked := checkedInner{ID: "a", Env: map[string]Sensitive{"KEY": mask}}
	for field, p := range map[string]checkedParams{
		"inner.id":        {Inner: &checkedInner{}},
		"list[1].id":      {List: []checkedInner{{ID: "a"}, {}}},
		"named[x].id":     {Named: map[string]*checkedInner{"x": {}}},
		"any.id":          {Any: checkedInner{}},
		"any[0].env[KEY]": {Any: []any{&masked}},
		"inner.env[KEY]":  {Inner: &masked},
		"secret":          {Secret: new(Sensitive(mask))},
		"ratio":           {Ratio: new(2.5)},
		"counts[1]":       {Counts: []int{0, -1}},
		"limit":           {ListParams: ListParams{Limit: 500}},
		"valid":           {Inner: &checkedInner{ID: "a", hidden: mask}, Secret: new(Sensitive("")), Ratio: new(0.5)},
		"zero value":      {},
		"nil pointers":    {Inner: nil, Named: map[string]*checkedInner{"x": nil}, Any: nil},
	} {
		err := validate(machinesGet, p)
		if e, ok := errors.AsType[*ParamError](err); ok {
			assert.Equal(t, field, e.Field)
		} else {
			assert.Contains(t, []string{"valid", "zero value", "nil pointers"}, field, "cases without an error")
		}
	}
}

func TestNilContextAndOptions(t *testing.T) {
	rt := play(reply(200, okMachine))
	c := newTestClient(t, rt)
	var none context.Context
	_, err := c.Machines.Get(none, "a")
	require.ErrorContains(t, err, "ctx")
	_, err = c.Machines.Get(t.Context(), "a", nil)
	require.ErrorContains(t, err, "nil option")
	_, err = c.MachineEvents.Wait(none, []string{"a"})
	require.ErrorContains(t, err, "ctx")
	assert.Zero(t, rt.count())
}

func TestHeaderOption(t *testing.T) {
	rt := play(reply(200, okMachine))
	c := newTestClient(t, rt)
	_, err := c.Machines.Get(t.Context(), "a", WithHeader("x-trace", "1"), WithHeader("X-Other", "a\tb"))
	require.NoError(t, err)
	assert.Equal(t, "1", rt.requests[0].Header.Get("X-Trace"))
	assert.Equal(t, "a\tb", rt.requests[0].Header.Get("X-Other"))
	for _, name := range []string{
		"authorization", "HOST", "Content-Length", "content-type", "Transfer-Encoding", "idempotency-key", "X-Idempotency-Key",
		"", "a b", "a:b", "ä", "a\n",
	} {
		_, err := c.Machines.Get(t.Context(), "a", WithHeader(name, "hunter2"))
		e, ok := errors.AsType[*ParamError](err)
		require.True(t, ok, "%q", name)
		assert.Equal(t, fmt.Sprintf("WithHeader(%q)", name), e.Field)
		assert.NotContains(t, err.Error(), "hunter2")
	}
	_, err = c.Machines.Get(t.Context(), "a", WithHeader("X-A", "b\r\nX-C: d"))
	require.Error(t, err)
	assert.Equal(t, 1, rt.count())
}

func TestHeaderFunc(t *testing.T) {
	add := func(name, value string) Option {
		return WithHeaderFunc(func(_ context.Context, h http.Header) { h[name] = []string{value} })
	}
	rt := play(reply(503, ""), reply(200, okMachine))
	var attempts []string
	c, err := newTestClient(t, rt).With(add("x-a", "first"), add("X-B", "first"), add("X-A", "second"), add("X-C", "func"),
		WithHeaderFunc(func(ctx context.Context, h http.Header) {
			info, _ := EndpointFromContext(ctx)
			h.Set("X-Attempt", fmt.Sprint(info.Endpoint, " ", info.Attempt))
			attempts = append(attempts, h.Get("X-Attempt"))
		}))
	require.NoError(t, err)
	_, err = c.Machines.Get(t.Context(), "a", WithHeader("X-C", "option"))
	require.NoError(t, err)
	for i, want := range []string{"machines-get 1", "machines-get 2"} {
		h := rt.requests[i].Header
		assert.Equal(t, []string{"second"}, h["X-A"])
		assert.Equal(t, []string{"first"}, h["X-B"])
		assert.Equal(t, []string{"option"}, h["X-C"])
		assert.Equal(t, []string{want}, h["X-Attempt"])
	}
	assert.Equal(t, []string{"machines-get 1", "machines-get 2"}, attempts, "the function runs once an attempt")

	_, err = NewClient(WithHeaderFunc(nil))
	require.ErrorContains(t, err, "WithHeaderFunc: is nil")
}

func TestJoinOptions(t *testing.T) {
	rt := play(reply(200, okMachine))
	opts := []Option{WithAPIKey("first"), WithUserAgent("joined/1"), WithHTTPClient(&http.Client{Transport: rt})}
	joined := JoinOptions(opts...)
	opts[0] = nil // the caller's slice is not kept
	c, err := NewClient(WithAPIKey("zeroth"), joined, WithAPIKey("last"))
	require.NoError(t, err)
	_, err = c.Machines.Get(t.Context(), "a")
	require.NoError(t, err)
	assert.Equal(t, "Bearer last", rt.requests[0].Header.Get("Authorization"), "options apply in order")
	assert.Contains(t, rt.requests[0].Header.Get("User-Agent"), "joined/1")

	_, err = NewClient(JoinOptions(WithAPIKey("key"), nil))
	require.ErrorContains(t, err, "option 2 of 2: is nil")
	_, err = NewClient(JoinOptions(WithAPIKey("")))
	require.ErrorContains(t, err, "WithAPIKey")
	_, err = NewClient(JoinOptions())
	require.NoError(t, err)
}

func TestHeaderFuncThatSetsWhatItMayNot(t *testing.T) {
	for name, value := range map[string]string{
		"authorization": "hunter2", "Content-Type": "hunter2", "Idempotency-Key": "hunter2", "a b": "hunter2", "": "hunter2",
		"X-A": "b\r\nX-Evil: hunter2",
	} {
		rt := play(reply(200, `{"id":"p"}`))
		c, err := newTestClient(t, rt).With(WithHeaderFunc(func(_ context.Context, h http.Header) { h[name] = []string{value} }))
		require.NoError(t, err)
		_, err = c.Projects.Create(t.Context(), ProjectCreateParams{Name: "p"})
		require.ErrorContains(t, err, fmt.Sprintf("WithHeaderFunc(%q)", name))
		assert.NotContains(t, err.Error(), "hunter2")
		assert.NotErrorIs(t, err, ErrOutcomeUnknown)
		assert.Zero(t, rt.count(), "requests sent")
	}
}

// A header can change the response, so a copy of a client with another function polls for itself.
func TestHeaderFuncAndSharedPolls(t *testing.T) {
	c := newTestClient(t, play(reply(200, okMachine)))
	with, err := c.With(WithHeaderFunc(func(context.Context, http.Header) {}))
	require.NoError(t, err)
	copied, err := with.With()
	require.NoError(t, err)
	assert.NotSame(t, c.polls, with.polls)
	assert.Same(t, with.polls, copied.polls)
}

func TestQueryOption(t *testing.T) {
	rt := play(reply(200, `{"items":[],"hasMore":false}`))
	c := newTestClient(t, rt)
	_, err := c.Machines.List(t.Context(), MachineListParams{Name: "x"}, WithQuery("beta", "1"), WithQuery("beta", "2&3"))
	require.NoError(t, err)
	assert.Equal(t, url.Values{"name": {"x"}, "beta": {"1", "2&3"}}, rt.requests[0].URL.Query())
	for _, name := range []string{"name", "region", "limit", "after", ""} {
		_, err = c.Machines.List(t.Context(), MachineListParams{}, WithQuery(name, "y"))
		assert.Error(t, err, name)
	}
	assert.Equal(t, 1, rt.count())
}

func TestBodyFieldOption(t *testing.T) {
	rt := play(reply(200, `{"user":{"id":"u"}}`))
	c := newTestClient(t, rt)
	add := func(opts ...RequestOption) error {
		_, err := c.Machines.AddAccessor(t.Context(), "a", MachineAccessorAddParams{UserID: "u"}, opts...)
		return err
	}
	require.NoError(t, add(WithBodyField("role", "owner"), WithBodyField("secret", Sensitive("hunter2"))))
	assert.JSONEq(t, `{"userId":"u","role":"owner","secret":"hunter2"}`, rt.bodies[0])
	for _, opt := range []RequestOption{WithBodyField("userId", "v"), WithBodyField("", 1), WithBodyField("f", func() {})} {
		assert.Error(t, add(opt))
	}
	_, err := c.Machines.Start(t.Context(), "a", WithBodyField("x", 1))
	require.ErrorContains(t, err, "no body")
	_, err = c.Machines.Update(t.Context(), "a", MachineUpdateParams{}, WithBodyField("name", "n"))
	require.ErrorContains(t, err, `"name"`, "a field of the params, although it is not set")
	assert.Equal(t, 1, rt.count())
}

func TestResponseOption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := play(reply(500, "broken"), reply(200, okMachine, "X-Request-Id: r2"))
		var got Response
		_, err := newTestClient(t, rt).Machines.Get(t.Context(), "a", WithResponse(&got))
		require.NoError(t, err)
		assert.Equal(t, 200, got.StatusCode)
		assert.Equal(t, "r2", got.Header.Get("X-Request-Id"))
		assert.Equal(t, okMachine, string(got.Body))
		require.Len(t, got.Attempts, 2)
		assert.Equal(t, 500, got.Attempts[0].StatusCode)
		assert.NotContains(t, fmt.Sprintf("%+v", got), "trainer")

		_, err = newTestClient(t, play(reply(404, "gone"))).Machines.Get(t.Context(), "a", WithResponse(&got))
		require.Error(t, err)
		assert.Equal(t, 404, got.StatusCode)
		assert.Equal(t, "gone", string(got.Body))

		_, err = newTestClient(t, play(fail(errBroken))).Machines.Get(t.Context(), "a", WithResponse(&got))
		require.Error(t, err)
		assert.Zero(t, got.StatusCode)
		assert.Len(t, got.Attempts, 4)
		assert.ErrorIs(t, got.Attempts[3].Err, errBroken)
		_, err = newTestClient(t, rt).Machines.Get(t.Context(), "a", WithResponse(nil))
		require.Error(t, err)
	})
}

// The service refuses start, stop and restart requests that have a content type but no body.
func TestBodylessWrites(t *testing.T) {
	rt := play(reply(200, `{"event":{"id":"e"},"data":{"id":"a"}}`))
	c := newTestClient(t, rt)
	for _, call := range []func(context.Context, string, ...RequestOption) (*Operation[Machine], error){
		c.Machines.Start, c.Machines.Stop, c.Machines.Restart, c.Machines.Delete,
	} {
		_, err := call(t.Context(), "a")
		require.NoError(t, err)
	}
	for i, r := range rt.requests {
		assert.Empty(t, rt.bodies[i])
		assert.NotContains(t, r.Header, "Content-Type")
		assert.Zero(t, r.ContentLength)
	}
	_, err := c.Machines.Update(t.Context(), "a", MachineUpdateParams{})
	require.NoError(t, err)
	assert.Equal(t, "{}", rt.bodies[4])
	assert.Equal(t, "application/json", rt.requests[4].Header.Get("Content-Type"))
}

func TestCreateBody(t *testing.T) {
	mock := httpmock.NewMockTransport()
	var body map[string]any
	mock.RegisterResponder(http.MethodPost, DefaultBaseURL+"/machines", func(r *http.Request) (*http.Response, error) {
		return httpmock.NewStringResponse(200, `{"event":{"id":"e","state":"new"},"data":{"id":"a"}}`), readJSON(r, &body)
	})
	op, err := newTestClient(t, mock).Machines.Create(t.Context(), MachineCreateParams{
		Name: "trainer", MachineType: "A4000", TemplateID: "t0nspur5", DiskSize: 100, Region: "East Coast (NY2)",
		StartOnCreate: new(true), EmailPassword: new(false), AccessorIDs: []string{},
	})
	require.NoError(t, err)
	assert.Equal(t, "e", op.Event.ID)
	assert.Equal(t, "a", op.Data.ID)
	assert.Equal(t, map[string]any{
		"name": "trainer", "machineType": "A4000", "templateId": "t0nspur5", "diskSize": 100.0, "region": "ny2",
		"startOnCreate": true, "emailPassword": false, "accessorIds": []any{},
	}, body)
}

func TestHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		var log []string
		var result CallResult
		outer := WithHook(func(ctx context.Context, info CallInfo) (context.Context, func(CallResult)) {
			log = append(log, "outer "+info.Endpoint)
			return context.WithValue(ctx, key{}, "v"), func(r CallResult) { log = append(log, "outer ends"); result = r }
		})
		inner := WithHook(func(ctx context.Context, info CallInfo) (context.Context, func(CallResult)) {
			log = append(log, fmt.Sprint("inner ", ctx.Value(key{}), " ", info.Method, " ", info.PathTemplate, " ", info.Attempt))
			return nil, func(CallResult) { log = append(log, "inner ends") }
		})
		none := WithHook(func(ctx context.Context, _ CallInfo) (context.Context, func(CallResult)) { return ctx, nil })
		rt := play(func(r *http.Request) (*http.Response, error) {
			info, ok := EndpointFromContext(r.Context())
			log = append(log, fmt.Sprint("sent ", ok, " ", info, " ", r.Context().Value(key{})))
			return reply(500, "")(r)
		}, func(r *http.Request) (*http.Response, error) {
			info, _ := EndpointFromContext(r.Context())
			log = append(log, fmt.Sprint("sent ", info.Attempt))
			return reply(200, okMachine, "X-Request-Id: r2")(r)
		})
		c, err := newTestClient(t, rt, outer, none).With(inner)
		require.NoError(t, err)
		_, err = c.Machines.Get(t.Context(), "a")
		require.NoError(t, err)
		assert.Equal(t, []string{
			"outer machines-get", "inner v GET /machines/{id} 0",
			"sent true {machines-get GET /machines/{id} api.paperspace.com 443 1} v", "sent 2",
			"inner ends", "outer ends",
		}, log)
		assert.Equal(t, 200, result.StatusCode)
		assert.Equal(t, "r2", result.RequestID)
		require.Len(t, result.Attempts, 2)
		assert.Equal(t, 500, result.Attempts[0].StatusCode)
		assert.Equal(t, result.Duration, time.Since(result.Attempts[0].Start))

		log = nil
		_, err = c.Machines.Get(t.Context(), "")
		require.Error(t, err)
		assert.Empty(t, log, "hook calls without an attempt")
	})
	_, ok := EndpointFromContext(t.Context())
	assert.False(t, ok)
}

func TestDo(t *testing.T) {
	rt := play(reply(200, `{"x":1}`))
	c := newTestClient(t, rt)
	var out struct{ X int }
	in := struct {
		A Sensitive `json:"a"`
	}{"b"}
	err := c.Do(t.Context(), Request{Method: "POST", Path: "/beta/a%2Fb", Query: url.Values{"q": {"1"}}, Body: in}, &out, WithQuery("r", "2"))
	require.NoError(t, err)
	assert.Equal(t, 1, out.X, "names match case-insensitively, as in encoding/json")
	assert.Equal(t, "https://api.paperspace.com/v1/beta/a%2Fb?q=1&r=2", rt.requests[0].URL.String())
	assert.Equal(t, `{"a":"b"}`, rt.bodies[0])
	assert.Equal(t, "Bearer "+testKey, rt.requests[0].Header.Get("Authorization"))
	var raw RawJSON
	require.NoError(t, c.Do(t.Context(), Request{Method: "GET", Path: "/x"}, &raw))
	assert.Equal(t, `{"x":1}`, string(raw))
	require.NoError(t, newTestClient(t, play(reply(204, ""))).Do(t.Context(), Request{Method: "DELETE", Path: "/x"}, nil))
	require.Error(t, newTestClient(t, play(reply(204, ""))).Do(t.Context(), Request{Method: "DELETE", Path: "/x"}, &raw))
	err = newTestClient(t, play(reply(404, `{"message":"no","code":"NOT_FOUND"}`))).Do(t.Context(), Request{Method: "GET", Path: "/secret"}, nil)
	require.ErrorIs(t, err, ErrNotFound)
	assert.NotContains(t, err.Error(), "secret")

	before := rt.count()
	var nilPointer *RawJSON
	for field, r := range map[string]Request{
		"Method":   {Path: "/x"},
		"Method ":  {Method: "get", Path: "/x"},
		"Class":    {Method: "GET", Path: "/x", Class: 9},
		"Path":     {Method: "GET"},
		"Path 1":   {Method: "GET", Path: "x"},
		"Path 2":   {Method: "GET", Path: "//evil.example.com/x"},
		"Path 3":   {Method: "GET", Path: "https://evil.example.com/x"},
		"Path 4":   {Method: "GET", Path: "/a/../b"},
		"Path 5":   {Method: "GET", Path: "/a/%2e%2E/b"},
		"Path 6":   {Method: "GET", Path: "/a?b=c"},
		"Path 7":   {Method: "GET", Path: "/a#b"},
		"Path 8":   {Method: "GET", Path: "/a%zz"},
		"Path 9":   {Method: "GET", Path: "/."},
		"Path 10":  {Method: "GET", Path: "/a\\..\\b"},
		"Path 11":  {Method: "GET", Path: "/a\nb"},
		"Path 12":  {Method: "GET", Path: "/a/..%2Fb"},
		"Path 13?": {Method: "GET", Path: "/a?"},
	} {
		e, ok := errors.AsType[*ParamError](c.Do(t.Context(), r, nil))
		require.True(t, ok, field)
		assert.Contains(t, field, e.Field)
	}
	for _, out := range []any{RawJSON{}, nilPointer} {
		require.ErrorContains(t, c.Do(t.Context(), Request{Method: "GET", Path: "/x"}, out), "out")
	}
	require.Error(t, c.Do(t.Context(), Request{Method: "GET", Path: "/x", Query: url.Values{"q": {"1"}}}, nil, WithQuery("q", "2")))
	assert.Equal(t, before, rt.count())
}

func TestBodyFieldsNeedAnObject(t *testing.T) {
	rt := play(reply(200, `{}`))
	for _, body := range []any{RawJSON(nil), (*MachineCreateParams)(nil), []int{1}, "x"} {
		err := newTestClient(t, rt).Do(t.Context(), Request{Method: "POST", Path: "/x", Body: body}, nil, WithBodyField("f", 1))
		require.ErrorContains(t, err, "only a JSON object takes more fields", "%T", body)
	}
	assert.Zero(t, rt.count())
}

func TestRetryClassesOfDo(t *testing.T) {
	for _, tc := range []struct {
		method   string
		class    Class
		attempts int
	}{
		{"GET", 0, 4}, {"HEAD", 0, 4}, {"PUT", 0, 4}, {"DELETE", 0, 4}, {"POST", 0, 1}, {"PATCH", 0, 1},
		{"POST", ClassIdempotent, 4}, {"POST", ClassSafe, 4}, {"GET", ClassOnce, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			rt := play(reply(500, ""))
			err := newTestClient(t, rt).Do(t.Context(), Request{Method: tc.method, Path: "/x", Class: tc.class}, nil)
			require.ErrorIs(t, err, ErrServer)
			assert.Equal(t, tc.attempts, rt.count(), "%s %d", tc.method, tc.class)
		})
	}
}

// A response with none of the expected fields does not come from the API, and is not an empty list or a zero machine.
func TestResponsesWithoutExpectedFields(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, body := range []string{`{"status":"ok"}`, `{"error":"maintenance"}`, `{"message":"down"}`} {
			c := newTestClient(t, play(reply(200, body)))
			_, err := c.Machines.List(t.Context(), MachineListParams{})
			require.ErrorContains(t, err, "none of the expected fields", body)
			_, err = c.Machines.Get(t.Context(), "a")
			require.ErrorContains(t, err, "none of the expected fields", body)
			_, err = c.Machines.AddAccessor(t.Context(), "a", MachineAccessorAddParams{UserID: "u"})
			require.ErrorIs(t, err, ErrOutcomeUnknown, body)
		}
		_, err := newTestClient(t, play(reply(200, `{}`))).Machines.List(t.Context(), MachineListParams{})
		require.ErrorContains(t, err, "none of the expected fields")
		c := newTestClient(t, play(reply(200, `{"items":null,"hasMore":null}`)))
		page, err := c.Machines.List(t.Context(), MachineListParams{})
		require.NoError(t, err, "nulls in required fields occur")
		assert.Empty(t, page.Items)
		_, err = newTestClient(t, play(reply(200, `{}`))).Machines.GetDesktop(t.Context(), "a")
		require.NoError(t, err, "a machine may have no desktop")
	})
}

func TestSpaceAroundAResponse(t *testing.T) {
	c := newTestClient(t, play(reply(200, "         null ")))
	_, err := c.Auth.Session(t.Context())
	require.ErrorIs(t, err, ErrUnauthorized)
	_, err = newTestClient(t, play(reply(200, "         <html>"))).Machines.RemoveAccessor(t.Context(), "a", "b")
	require.ErrorIs(t, err, ErrOutcomeUnknown)
	a, err := newTestClient(t, play(reply(200, "           "))).Machines.RemoveAccessor(t.Context(), "a", "b")
	require.NoError(t, err)
	assert.Equal(t, "b", a.User.ID)
}

func TestMasksAreNotSent(t *testing.T) {
	rt := play(reply(200, `{}`))
	c := newTestClient(t, rt)
	body := map[string]any{"p": Sensitive(mask)}
	require.ErrorContains(t, c.Do(t.Context(), Request{Method: "POST", Path: "/x", Body: body}, nil), "mask")
	nested := map[string]any{"p": Value(Sensitive(mask))}
	require.ErrorContains(t, c.Do(t.Context(), Request{Method: "POST", Path: "/x", Body: nested}, nil), "mask")
	_, err := c.Machines.AddAccessor(t.Context(), "a", MachineAccessorAddParams{UserID: "u"}, WithBodyField("p", Sensitive(mask)))
	require.ErrorContains(t, err, "mask")
	raw := RawJSON(`{"p":"` + mask + `"}`)
	require.ErrorContains(t, c.Do(t.Context(), Request{Method: "POST", Path: "/x", Body: raw}, nil), "mask")
	_, err = c.Machines.AddAccessor(t.Context(), "a", MachineAccessorAddParams{UserID: "u"}, WithBodyField("p", raw))
	require.ErrorContains(t, err, "mask")
	assert.Zero(t, rt.count())
	require.NoError(t, c.Do(t.Context(), Request{Method: "POST", Path: "/x", Body: map[string]any{"p": Value(Sensitive("hunter2"))}}, nil))
	assert.JSONEq(t, `{"p":"hunter2"}`, rt.bodies[0])
}

func TestCyclicParams(t *testing.T) {
	loop := map[string]any{}
	loop["self"] = loop
	_, err := newTestClient(t, play(reply(200, `{}`))).Versions.Create(t.Context(), "d", DatasetVersionCreateParams{Metadata: loop})
	require.ErrorContains(t, err, "contains itself")
}

// Validation does not recurse forever into a type that contains itself.
func TestRecursiveParamsType(t *testing.T) {
	type tree map[string]tree
	type list []list
	type holder struct {
		Tree tree
		List list
	}
	rt := play(reply(200, `{}`))
	_, err := newTestClient(t, rt).Versions.Create(t.Context(), "d", DatasetVersionCreateParams{
		Metadata: map[string]any{"x": holder{Tree: tree{"a": {"b": nil}}, List: list{{}, {}}}},
	})
	require.NotErrorIs(t, err, ErrNoAPIKey)
	assert.JSONEq(t, `{"metadata":{"x":{"Tree":{"a":{"b":{}}},"List":[[],[]]}}}`, rt.bodies[0])
}

func TestRefusedCallClearsTheCapturedResponse(t *testing.T) {
	c := newTestClient(t, play(reply(200, okMachine)))
	var none context.Context
	for name, call := range map[string]func(captured RequestOption) error{
		"an option after WithResponse": func(o RequestOption) error {
			_, err := c.Machines.Get(t.Context(), "a", o, WithHeader("Host", "x"))
			return err
		},
		"an option before WithResponse": func(o RequestOption) error {
			_, err := c.Machines.Get(t.Context(), "a", WithHeader("Host", "x"), o)
			return err
		},
		"the id": func(o RequestOption) error {
			_, err := c.Machines.Get(t.Context(), "", o)
			return err
		},
		"the params": func(o RequestOption) error {
			_, err := c.Machines.Create(t.Context(), MachineCreateParams{}, o)
			return err
		},
		"the context": func(o RequestOption) error {
			_, err := c.Machines.Get(none, "a", o)
			return err
		},
		"Do's path": func(o RequestOption) error {
			return c.Do(t.Context(), Request{Method: "GET", Path: "x"}, nil, o)
		},
	} {
		got := Response{StatusCode: 777}
		err := call(WithResponse(&got))
		_, ok := errors.AsType[*ParamError](err)
		require.True(t, ok, "%s: %v", name, err)
		assert.Zero(t, got, "%s: the response of an earlier call is cleared", name)
	}
}

// Captured and kept bodies are not in the buffer that the next call reads into.
func TestCapturedBodiesAreCopies(t *testing.T) {
	rt := play(reply(400, `{"message":"first","code":"BAD_REQUEST"}`), reply(200, okMachine))
	c := newTestClient(t, rt)
	var captured Response
	_, err := c.Machines.Get(t.Context(), "a", WithResponse(&captured))
	e, ok := errors.AsType[*Error](err)
	require.True(t, ok)
	for range 20 {
		_, err := c.Machines.Get(t.Context(), "a")
		require.NoError(t, err)
	}
	assert.JSONEq(t, `{"message":"first","code":"BAD_REQUEST"}`, string(e.Body))
	assert.JSONEq(t, `{"message":"first","code":"BAD_REQUEST"}`, string(captured.Body))
}

// A transport that modifies the request of one attempt does not affect the next.
func TestAttemptsShareNoRequest(t *testing.T) {
	rt := play(func(r *http.Request) (*http.Response, error) {
		assert.Equal(t, "/v1/machines/a", r.URL.Path)
		assert.Equal(t, []string{"b"}, r.Header["X-A"])
		assert.Equal(t, "application/json", r.Header.Get("Accept"))
		r.URL.Path = "/proxy" + r.URL.Path
		r.Header["X-A"][0] = "changed"
		r.Header.Set("Accept", "text/html")
		return reply(503, "")(r)
	})
	c := newTestClient(t, rt, WithRetryPolicy(RetryPolicy{MaxDelay: time.Nanosecond}))
	_, err := c.Machines.Get(t.Context(), "a", WithHeader("X-A", "b"))
	require.ErrorIs(t, err, ErrServer)
	assert.Equal(t, 4, rt.count())
}

func TestHooksEndWhenACallPanics(t *testing.T) {
	var ends []string
	hook := func(name string) Option {
		return WithHook(func(ctx context.Context, _ CallInfo) (context.Context, func(CallResult)) {
			return ctx, func(r CallResult) {
				ends = append(ends, fmt.Sprint(name, " ", r.Err))
				panic(name)
			}
		})
	}
	rt := step(func(*http.Request) (*http.Response, error) { panic("transport") })
	assert.Panics(t, func() {
		_, _ = newTestClient(t, rt, hook("outer"), hook("inner")).Machines.Get(t.Context(), "a")
	})
	assert.Equal(t, []string{"inner paperspace: the call panicked", "outer paperspace: the call panicked"}, ends)

	ends = nil
	panics := WithHook(func(context.Context, CallInfo) (context.Context, func(CallResult)) { panic("begin") })
	assert.Panics(t, func() {
		_, _ = newTestClient(t, rt, hook("outer"), panics).Machines.Get(t.Context(), "a")
	})
	assert.Equal(t, []string{"outer paperspace: the call panicked"}, ends, "a hook that was started is ended")
}

func TestClientCopiesShareNoHooks(t *testing.T) {
	var ran []string
	hook := func(name string) Option {
		return WithHook(func(ctx context.Context, _ CallInfo) (context.Context, func(CallResult)) {
			ran = append(ran, name)
			return ctx, nil
		})
	}
	base := newTestClient(t, play(reply(200, okMachine)), hook("1"), hook("2"), hook("3")) // append leaves capacity for a fourth
	first, err := base.With(hook("first"))
	require.NoError(t, err)
	second, err := base.With(hook("second"))
	require.NoError(t, err)
	for _, c := range []*Client{first, second, base} {
		_, err := c.Machines.Get(t.Context(), "a")
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"1", "2", "3", "first", "1", "2", "3", "second", "1", "2", "3"}, ran)
}
