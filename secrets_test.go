package paperspace

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// marker stands for every secret in these tests: the API key, passwords, scripts, the values of environment variables
// and the credentials of registries and storage.
const marker = "hunter2-marker-4711"

// markerForms are the marker and its encodings, in lower case.
var markerForms = []string{
	marker, hex.EncodeToString([]byte(marker)), strings.ToLower(base64.StdEncoding.EncodeToString([]byte(marker))),
	strings.Trim(fmt.Sprint([]byte(marker)), "[]"),
}

// showsMarker reports whether a text contains the marker in any form.
func showsMarker(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(markerForms, func(form string) bool { return strings.Contains(text, form) })
}

// eachSensitive calls f for every settable Sensitive in a value.
func eachSensitive(v reflect.Value, f func(reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			eachSensitive(v.Elem(), f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachSensitive(v.Index(i), f)
		}
	case reflect.Struct:
		for field, value := range v.Fields() {
			if field.IsExported() {
				eachSensitive(value, f)
			}
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[Sensitive]() {
			f(v)
		}
	}
}

// allVerbs are the verbs of fmt except %w and %p, which do not call Format. fewVerbs suffice for more values of a type
// that was printed with allVerbs.
const (
	allVerbs = "vsdqxXtbcoOeEfFgGUT"
	fewVerbs = "vsdx"
)

// printAll returns the output of fmt, slog and the JSON encoders for a value, alone and inside other values, by method.
func printAll(v any, someVerbs string) map[string]string {
	out := map[string]string{}
	verbs := func(name string, v any, verbs string) {
		for _, verb := range verbs {
			for _, flags := range []string{"", "+", "#"} {
				format := "%" + flags + string(verb)
				out[name+" with "+format] = fmt.Sprintf(format, v)
			}
		}
	}
	verbs("alone", v, someVerbs)
	verbs("in a slice", []any{v}, someVerbs)
	verbs("in a map", map[string]any{"k": v}, someVerbs)
	verbs("in a struct", struct{ X, Y any }{v, 1}, someVerbs)
	out["as a text"] = fmt.Sprint(v) + fmt.Sprintln(v) + fmt.Sprintf("%v", fmt.Errorf("wrapped: %v", v))
	values := map[string]any{"": v, " in a slice": []any{v}, " in a map": map[string]any{"k": v}, " in a struct": struct{ X any }{v}}
	if value := reflect.ValueOf(v); value.IsValid() && value.Kind() != reflect.Func {
		// In fields of the value's type, as in the caller's structs. TestWhatIsNotMasked has the formats that vet
		// refuses.
		pointer := reflect.New(value.Type())
		pointer.Elem().Set(value)
		own := reflect.New(reflect.StructOf([]reflect.StructField{
			{Name: "Value", Type: value.Type()}, {Name: "Pointer", Type: pointer.Type()},
			{Name: "List", Type: reflect.SliceOf(value.Type())}, {Name: "Map", Type: reflect.MapOf(reflect.TypeFor[string](), value.Type())},
		})).Elem()
		own.Field(0).Set(value)
		own.Field(1).Set(pointer)
		own.Field(2).Set(reflect.Append(reflect.Zero(own.Field(2).Type()), value))
		own.Field(3).Set(reflect.MakeMap(own.Field(3).Type()))
		own.Field(3).SetMapIndex(reflect.ValueOf("k"), value)
		verbs("in a field", own.Interface(), "v")
		verbs("in a struct by pointer", own.Addr().Interface(), "v")
		values[" in a field"] = own.Interface()
	}
	for name, v := range values {
		if b, err := json.Marshal(v); err == nil {
			out["as JSON"+name] = string(b)
		} else {
			out["as JSON"+name] = err.Error()
		}
		if b, err := jsonv2.Marshal(v); err == nil {
			out["as JSON v2"+name] = string(b)
		} else {
			out["as JSON v2"+name] = err.Error()
		}
		var text, object bytes.Buffer
		for _, logger := range []*slog.Logger{
			slog.New(slog.NewTextHandler(&text, nil)), slog.New(slog.NewJSONHandler(&object, nil)),
		} {
			logger.Info("m", "v", v)
			logger.With("v", v).WithGroup("g").Info("m", slog.Group("h", slog.Any("v", v)))
		}
		out["in slog's text"+name], out["in slog's JSON"+name] = text.String(), object.String()
	}
	return out
}

var printed = map[reflect.Type]bool{}

// assertHidden asserts that the marker is not in the output of any way to print the value.
func assertHidden(t *testing.T, what string, v any) {
	t.Helper()
	verbs := fewVerbs
	if of := reflect.TypeOf(v); !printed[of] {
		printed[of], verbs = true, allVerbs
	}
	for how, text := range printAll(v, verbs) {
		if showsMarker(text) {
			t.Errorf("%s %s: %s", what, how, text)
			return
		}
	}
}

// secretNames matches the paths of secret members, independently of the Go types.
var secretNames = regexp.MustCompile(`(?i)(password|script|accessKey|accessKeyId|basicAuthKey)$|(env|headers)\[\]\.value$|^value$|repositories\[\]\.username$`)

// countSecrets counts the secrets in JSON.
func countSecrets(path string, tree any) (n int) {
	switch tree := tree.(type) {
	case map[string]any:
		for name, value := range tree {
			n += countSecrets(strings.TrimPrefix(path+"."+name, "."), value)
		}
	case []any:
		for _, value := range tree {
			n += countSecrets(path+"[]", value)
		}
	case string:
		if secretNames.MatchString(path) {
			n++
		}
	}
	return n
}

// secretCase is an endpoint whose params and response have markers as their secrets.
type secretCase struct {
	conformingMethod
	params   reflect.Value // invalid if the method has none
	response []byte
	first    bool
	sent     int // number of secrets in the params
	got      int // number of secrets in the response
}

// eachSecretCase calls f for every endpoint, with each form of its params and its response.
func eachSecretCase(t *testing.T, f func(t *testing.T, s secretCase)) {
	eachEndpoint(t, func(t *testing.T, m conformingMethod) {
		var list []secretCase
		maker{}.eachChoice(m.requestSchema(), func(value any) {
			s := secretCase{conformingMethod: m, params: m.paramsFrom(t, value)}
			if m.params != nil {
				eachSensitive(s.params, func(v reflect.Value) { v.SetString(marker); s.sent++ })
				assert.Equal(t, countSecrets("", value), s.sent, "secrets in the params")
			}
			list = append(list, s)
		})
		i := 0
		maker{}.eachChoice(m.op.Response, func(value any) {
			response := toJSON(t, value)
			result := reflect.New(m.result).Elem()
			result.Set(reflect.ValueOf(m.resultOf(t, value)))
			got := 0
			eachSensitive(result, func(v reflect.Value) {
				got++
				response = bytes.ReplaceAll(response, toJSON(t, v.String()), toJSON(t, marker))
			})
			assert.Equal(t, countSecrets("response", value), got, "secrets in the response")
			if i == len(list) {
				list = append(list, list[0])
			}
			list[i].response, list[i].got = response, got
			i++
		})
		for i, s := range list {
			if s.first = i == 0; s.response == nil {
				s.response, s.got = list[0].response, list[0].got
			}
			if s.first || s.sent+s.got > 0 {
				f(t, s)
			}
		}
	})
}

// failuresWithMarker are failures that hold the marker wherever a service may repeat it, except in its own message.
var failuresWithMarker = map[string]step{
	"refusal": reply(400, `{"message":"no","code":"BAD_REQUEST","issues":[{"path":["password"],"message":"too short"}],`+
		`"details":{"given":"`+marker+`"},"echo":"`+marker+`"}`),
	"proxy":               reply(502, "<html>"+marker+"</html>"),
	"undecodable":         reply(200, `{"id":"`+marker),
	"not JSON":            reply(200, marker),
	"JSON array":          reply(200, `["`+marker+`"]`),
	"JSON string":         reply(200, `"`+marker+`"`),
	"error under 200":     reply(200, `{"message":"no","code":"CONFLICT","details":"`+marker+`"}`),
	"redirect":            reply(307, marker, "Location: https://user:"+marker+"@elsewhere.example.com/"+marker+"?k="+marker+"#"+marker),
	"redirect to nowhere": reply(307, "", "Location: https://"+marker+":99999999/%zz"),
	"no connection":       failUnsent,
	"timeout":             hang,
}

// TestNoSecretIsShown sets every secret to the marker, calls every endpoint with success and with failures, logs at
// debug level, and searches all output for the marker.
func TestNoSecretIsShown(t *testing.T) {
	if raceEnabled {
		t.Skip("no concurrency, so no races to detect")
	}
	sent, got, places := 0, 0, 0
	eachSecretCase(t, func(t *testing.T, s secretCase) {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			debug := &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}
			logger := slog.New(slog.NewMultiHandler(slog.NewTextHandler(&log, debug), slog.NewJSONHandler(&log, debug)))
			rt := play(reply(200, string(s.response)))
			client, hooked := newMarkedClient(t, rt, logger)
			result, err := s.call(t.Context(), client, s.params)
			require.NoError(t, err)
			if s.params.IsValid() {
				assertHidden(t, "params", s.params.Interface())
			}
			assertHidden(t, "the result", result)
			assertHidden(t, "the hook's result", hooked())
			found := 0
			eachSensitive(reflect.ValueOf(result), func(v reflect.Value) {
				assert.Equal(t, marker, v.String())
				found++
			})
			assert.Equal(t, s.got, found, "secrets with their real values in the result")

			// The request has the real values.
			assert.Equal(t, "Bearer "+marker, rt.requests[0].Header.Get("Authorization"))
			assert.Equal(t, s.sent, strings.Count(rt.bodies[0], `"`+marker+`"`), "%s", rt.bodies[0])
			assert.NotContains(t, rt.bodies[0], mask)
			assert.NotContains(t, rt.requests[0].URL.String(), marker)
			sent, got = sent+s.sent, got+s.got
			for name, step := range failuresWithMarker {
				if !s.first {
					break
				}
				client, hooked := newMarkedClient(t, play(step), logger)
				_, err := s.call(t.Context(), client, s.params)
				require.Error(t, err, name)
				assertHidden(t, "the error of "+name, err)
				assertHidden(t, "the cause of "+name, errors.Unwrap(err))
				assertHidden(t, "the hook's result of "+name, hooked())
			}
			assert.NotEmpty(t, log.String())
			assert.False(t, showsMarker(log.String()), "the log")
			places++
		})
	})
	assert.Positive(t, sent)
	assert.Positive(t, got)
	t.Logf("%d forms of calls, with %d secrets sent and %d received", places, sent, got)
}

// newMarkedClient returns a client with the marker as its key, and a function that returns what its hook received.
func newMarkedClient(t *testing.T, rt http.RoundTripper, logger *slog.Logger) (*Client, func() []any) {
	var seen []any
	return newTestClient(t, rt, WithAPIKey(marker), WithLogger(logger), WithHook(
		func(ctx context.Context, info CallInfo) (context.Context, func(CallResult)) {
			seen = append(seen, info)
			return ctx, func(r CallResult) { seen = append(seen, r) }
		})), func() []any { return seen }
}

func TestClientAndOptionsShowNoSecret(t *testing.T) {
	client, err := NewClient(WithAPIKey(marker))
	require.NoError(t, err)
	assertHidden(t, "a client", client)
	assertHidden(t, "a client's value", *client)
	assertHidden(t, "a copy", client.With)
	for field, service := range reflect.ValueOf(*client).Fields() {
		if field.IsExported() {
			assertHidden(t, field.Name, service.Interface())
			assertHidden(t, field.Name, service.Elem().Interface())
		}
	}
	for _, option := range []any{
		WithAPIKey(marker), WithHeader("X-Secret", marker), WithQuery("secret", marker), WithBodyField("secret", marker),
		WithBaseURL("https://user:" + marker + "@example.com"), FromEnv(),
	} {
		assertHidden(t, "an option", option)
	}
	t.Setenv("PAPERSPACE_API_KEY", marker+"\u00e4")
	for _, option := range []Option{
		WithAPIKey(marker + "\n" + marker), WithAPIKey(marker + "\u00e4"), FromEnv(),
		WithBaseURL("https://user:" + marker + "@example.com"), WithBaseURL("https://example.com/%zz" + marker),
		WithBaseURL("http://example.com/?" + marker), WithBaseURL("https://example.com/#" + marker),
		WithUserAgent(marker + "\n"),
	} {
		_, err := NewClient(option)
		require.Error(t, err)
		assertHidden(t, "the error of an option", err)
	}
	for _, option := range []RequestOption{
		WithHeader("Authorization", marker), WithHeader("X-Secret", marker+"\n"), WithQuery("", marker), WithBodyField("", marker),
		WithBodyField("userId", Sensitive(marker)), WithQuery("x", marker),
	} {
		_, err := client.Machines.AddAccessor(t.Context(), "", MachineAccessorAddParams{}, option)
		require.Error(t, err)
		assertHidden(t, "the error of a request option", err)
	}
}

// A mask in params, for example decoded from a log or a queue, is refused in any position, and nothing is sent.
func TestMasksAreRefused(t *testing.T) {
	places := 0
	eachSecretCase(t, func(t *testing.T, s secretCase) {
		if s.sent == 0 {
			return
		}
		refused := func(params reflect.Value) {
			rt := play(reply(200, string(s.response)))
			_, err := s.call(t.Context(), newTestClient(t, rt), params)
			e, ok := errors.AsType[*ParamError](err)
			if assert.True(t, ok, "%v", err) {
				assert.Contains(t, e.Reason, mask)
				assert.NotEmpty(t, e.Field)
			}
			assert.Zero(t, rt.count())
		}
		eachSensitive(s.params, func(v reflect.Value) {
			v.SetString(mask)
			refused(s.params)
			v.SetString(marker)
			places++
		})
		logged, err := json.Marshal(s.params.Interface())
		require.NoError(t, err)
		require.Contains(t, string(logged), mask)
		back := reflect.New(s.params.Type())
		require.NoError(t, json.Unmarshal(logged, back.Interface()))
		refused(back.Elem())
	})
	assert.Positive(t, places)
	t.Logf("%d positions", places)

	rt := play(reply(200, okMachine))
	c := newTestClient(t, rt)
	require.Error(t, c.Do(t.Context(), Request{Method: "POST", Path: "/x", Body: map[string]any{"k": Sensitive(mask)}}, nil))
	_, err := c.Machines.AddAccessor(t.Context(), "a", MachineAccessorAddParams{UserID: "b"}, WithBodyField("k", Sensitive(mask)))
	require.Error(t, err)
	assert.Zero(t, rt.count())
}

// textKey is a string that encodes as a different text.
type textKey string

func (textKey) MarshalText() ([]byte, error) { return []byte("text"), nil }

// masksKeys reports whether encoding/json calls the methods of map keys that are strings, which depends on its version.
func masksKeys(t *testing.T) bool {
	key, err := json.Marshal(map[textKey]int{"key": 1})
	require.NoError(t, err)
	return string(key) == `{"text":1}`
}

// TestWhatIsNotMasked demonstrates what cannot be masked, as the docs of Sensitive and RawJSON and SECURITY.md list it.
// If a check fails, the gap is closed: remove it from the docs.
func TestWhatIsNotMasked(t *testing.T) {
	secret := Sensitive(marker)
	format := func(format string, v any) string { return fmt.Sprintf(format, v) } // hidden from vet
	assert.True(t, showsMarker(format("%p", secret)), "verbs that vet refuses")
	assert.True(t, showsMarker(format("%w", secret)), "verbs that vet refuses")
	type callers struct{ Password Sensitive }
	assert.True(t, showsMarker(format("%s", []any{&callers{secret}})), "the caller's types behind a pointer, with a verb that does not fit it")
	assert.False(t, showsMarker(format("%s", []any{&SecretCreateParams{Value: secret}})), "types of this package behind a pointer are masked")
	key, err := json.Marshal(map[Sensitive]int{secret: 1})
	require.NoError(t, err)
	assert.Equal(t, !masksKeys(t), showsMarker(string(key)), "the keys of a map in encoding/json")
	assert.True(t, showsMarker(fmt.Sprint(struct{ s Sensitive }{secret})), "unexported fields of other packages' types")

	var b bytes.Buffer
	require.NoError(t, gob.NewEncoder(&b).Encode(SecretCreateParams{Value: secret}))
	assert.True(t, showsMarker(b.String()), "encoding/gob")

	var config DeploymentConfig
	require.NoError(t, json.Unmarshal([]byte(`{"apiVersion":"v1","new":"`+marker+`"}`), &config))
	encoded, err := json.Marshal(config)
	require.NoError(t, err)
	assert.True(t, showsMarker(string(encoded)), "unknown members as JSON")
	b.Reset()
	slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "config", config)
	assert.True(t, showsMarker(b.String()), "unknown members in slog's JSON")
	b.Reset()
	slog.New(slog.NewTextHandler(&b, nil)).Info("m", "config", config)
	assert.False(t, showsMarker(b.String()+fmt.Sprintf("%v %+v %#v %s", config, config, config, config)), "unknown members elsewhere are masked")

	rt := play(reply(400, `{"message":"the password `+marker+` is too short","code":"BAD_REQUEST"}`))
	_, err = newTestClient(t, rt).Machines.Get(t.Context(), "a")
	assert.True(t, showsMarker(err.Error()), "the message of the service")
	var response Response
	rt = play(reply(200, okMachine, "Set-Cookie: "+marker))
	_, err = newTestClient(t, rt).Machines.Get(t.Context(), "a", WithResponse(&response))
	require.NoError(t, err)
	assert.True(t, showsMarker(fmt.Sprint(response)), "the header of a captured response")
	response.Header = nil
	response.Body = RawJSON(marker)
	assertHidden(t, "a captured response", response)
}

// fmt calls no method of a value behind a pointer if the verb does not fit it. So every type of this package that can
// hold a secret implements fmt.Formatter.
func TestTypesWithSecretsPrintThemselves(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var holds func(reflect.Type) bool
	holds = func(typ reflect.Type) bool {
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			return typ == reflect.TypeFor[RawJSON]() || holds(typ.Elem())
		case reflect.String:
			return typ == reflect.TypeFor[Sensitive]()
		case reflect.Struct:
			known, found := seen[typ]
			if found {
				return known
			}
			seen[typ] = false
			for field := range typ.Fields() {
				if holds(field.Type) && field.IsExported() {
					seen[typ] = true // continue with the other fields
				}
			}
			return seen[typ]
		}
		return false
	}
	eachEndpoint(t, func(_ *testing.T, m conformingMethod) {
		holds(m.result)
		if m.params != nil {
			holds(m.params)
		}
	})
	for _, typ := range []reflect.Type{
		reflect.TypeFor[Request](), reflect.TypeFor[Response](), reflect.TypeFor[Error](), reflect.TypeFor[WaitUpdate](),
		reflect.TypeFor[DeploymentError](), reflect.TypeFor[CallResult](), reflect.TypeFor[Attempt](),
	} {
		holds(typ)
	}
	secretCase := 0
	for typ, holds := range seen {
		if holds && typ.Name() != "" && strings.HasSuffix(typ.PkgPath(), "paperspace") {
			secretCase++
			assert.True(t, reflect.PointerTo(typ).Implements(reflect.TypeFor[fmt.Formatter]()), "%v can hold a secret, but has no Format method", typ)
		}
	}
	assert.Greater(t, secretCase, 25)
}
