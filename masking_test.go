package paperspace

import (
	"bytes"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTraceLevelShowsTheWireWithoutSecrets(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: LevelTrace}))
	const secret = "hunter2\n\"quoted\""
	rt := play(
		reply(400, `{"message":"the script hunter2\n\"quoted\" is too short","code":"BAD_REQUEST"}`, "Set-Cookie: session=cookie-value", "X-Request-Id: r1"),
		reply(200, `{"id":"s","name":"setup"}`))
	c := newTestClient(t, rt, WithLogger(logger))
	create := func() error {
		_, err := c.StartupScripts.Create(t.Context(), StartupScriptCreateParams{Name: "setup", Script: secret})
		return err
	}
	require.ErrorIs(t, create(), ErrBadRequest)
	require.NoError(t, create())
	for _, hidden := range []string{"hunter2", testKey, "cookie-value"} {
		assert.NotContains(t, out.String(), hidden)
	}
	for _, shown := range []string{`"paperspace request"`, `"paperspace response"`, "setup", "is too short", "BAD_REQUEST", "X-Request-Id"} {
		assert.Contains(t, out.String(), shown)
	}
	out.Reset()
	debug := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	_, _ = newTestClient(t, play(reply(200, okMachine)), WithLogger(debug)).Machines.Get(t.Context(), "m")
	assert.NotContains(t, out.String(), "paperspace request", "bodies are logged at trace level only")
}

func TestMaskBody(t *testing.T) {
	for body, want := range map[string]string{
		`{"name":"a","password":"p4ss"}`:                   `{"name":"a","password":"[REDACTED]"}`,
		`{"env":[{"name":"A","value":"v"},{"value":"w"}]}`: `{"env":[{"name":"A","value":"[REDACTED]"},{"value":"[REDACTED]"}]}`,
		`{"s3":{"secretAccessKey":"x","accessKeyId":"y"}}`: `{"s3":{"secretAccessKey":"[REDACTED]","accessKeyId":"[REDACTED]"}}`,
		`{"secrets":["a",{"b":"c"}],"n":1}`:                `{"secrets":["[REDACTED]",{"b":"[REDACTED]"}],"n":1}`,
		`<html>blocked</html>`:                             `<html>blocked</html>`,
		`{"cut":"sh`:                                       `[invalid JSON]`,
		``:                                                 ``,
		`{"message":"no long secret here, nor longsecret-1"}`: `{"message":"no long secret here, nor [REDACTED]"}`,
	} {
		assert.Equal(t, want, string(maskBody([]byte(body), []byte(`{"password":"longsecret-1"}`))), body)
	}
}

// Every member that is declared as a secret is masked by name.
func TestSecretMembers(t *testing.T) {
	seen, secrets := map[reflect.Type]bool{}, 0
	var look func(reflect.Type)
	look = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			look(typ.Elem())
		case reflect.Struct:
			if seen[typ] {
				return
			}
			seen[typ] = true
			for field := range typ.Fields() {
				name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
				if field.Type == reflect.TypeFor[Sensitive]() || field.Type == reflect.TypeFor[*Sensitive]() {
					secrets++
					assert.True(t, isSecretMember(name), "%v.%s", typ, name)
				}
				look(field.Type)
			}
		}
	}
	eachEndpoint(t, func(_ *testing.T, m conformingMethod) {
		look(m.result)
		if m.params != nil {
			look(m.params)
		}
	})
	assert.Greater(t, secrets, 10)
}
