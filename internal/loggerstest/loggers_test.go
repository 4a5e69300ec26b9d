// Package loggerstest tests the SDK with packages that the root module does not depend on: hclog and zap must not print
// secrets, and goleak must not find leaked goroutines.
package loggerstest

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// marker is the value of every secret.
const marker = "hunter2-marker-4711"

// fill sets all fields in a value, secrets to the marker. In a union, where one field must be set, choice selects it.
func fill(v reflect.Value, choice int) {
	switch v.Type() {
	case reflect.TypeFor[paperspace.Sensitive]():
		v.SetString(marker)
		return
	case reflect.TypeFor[paperspace.RawJSON](): // is not masked in JSON, as documented
		v.SetBytes([]byte(`{}`))
		return
	case reflect.TypeFor[paperspace.DeploymentConfig](), reflect.TypeFor[paperspace.Integration]():
		fields := v.NumField()
		for !v.Type().Field(choice % fields).IsExported() {
			choice++
		}
		fill(v.Field(choice%fields), choice)
		return
	case reflect.TypeFor[paperspace.HealthCheck]():
		fill(v.Field(choice%2), choice)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), choice)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), choice)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, choice)
		fill(value, choice)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for field, value := range v.Fields() {
			if field.IsExported() {
				fill(value, choice)
			}
		}
	case reflect.String:
		v.SetString("text")
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Float64:
		v.SetFloat(7)
	case reflect.Bool:
		v.SetBool(true)
	}
}

// values returns filled values of every params and result type of the client's methods, as values and as pointers.
func values(t *testing.T) map[string]any {
	all := map[string]any{}
	for field, service := range reflect.ValueOf(paperspace.Client{}).Fields() {
		if !field.IsExported() {
			continue
		}
		for i := range service.NumMethod() {
			method := service.Type().Method(i).Type
			var types []reflect.Type
			for in := range method.Ins() {
				if strings.HasSuffix(in.Name(), "Params") {
					types = append(types, in)
				}
			}
			if method.NumOut() == 2 {
				types = append(types, method.Out(0))
			}
			for _, typ := range types {
				for choice := range 6 {
					v := reflect.New(typ)
					fill(v.Elem(), choice)
					all[fmt.Sprint(typ, " ", choice)] = v.Elem().Interface()
					all[fmt.Sprint("*", typ, " ", choice)] = v.Interface()
				}
			}
		}
	}
	require.Greater(t, len(all), 500)
	return all
}

// failures returns the errors of failed calls. The responses echo the secret and the key.
func failures(t *testing.T, client func(http.RoundTripper) *paperspace.Client) map[string]any {
	all := map[string]any{}
	for name, response := range map[string]struct {
		status int
		body   string
	}{
		"refusal":     {400, `{"message":"no","code":"BAD_REQUEST","details":"%s","given":"%s"}`},
		"page":        {502, `<html>%s %s</html>`},
		"undecodable": {200, `{"id":["%s","%s"`},
		"transport":   {0, ""},
	} {
		rt := roundTripper(func(r *http.Request) (*http.Response, error) {
			sent, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			require.Contains(t, string(sent), marker, "the request must have the secret, not the mask")
			if response.status == 0 {
				return nil, errors.New("broken")
			}
			body := fmt.Sprintf(response.body, marker, r.Header.Get("Authorization"))
			return &http.Response{StatusCode: response.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
		})
		_, err := client(rt).StartupScripts.Create(context.Background(), paperspace.StartupScriptCreateParams{Name: "n", Script: marker})
		require.Error(t, err)
		all[name] = err
	}
	return all
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// loggers log a value in the usual ways and write to w.
var loggers = map[string]func(w io.Writer, v any){
	"hclog":         func(w io.Writer, v any) { hclogTo(w, false, v) },
	"hclog as JSON": func(w io.Writer, v any) { hclogTo(w, true, v) },
	"zap": func(w io.Writer, v any) {
		zapTo(w, zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()), v)
	},
	"zap as JSON": func(w io.Writer, v any) {
		zapTo(w, zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), v)
	},
}

func hclogTo(w io.Writer, json bool, v any) {
	l := hclog.New(&hclog.LoggerOptions{Output: w, JSONFormat: json, Level: hclog.Trace})
	l.Debug("m", "v", v, "formatted", hclog.Fmt("%v %+v %#v", v, v, v))
	l.With("v", v).Error("m", "list", []any{v}, "map", map[string]any{"k": v}, "struct", struct{ X any }{v})
}

func zapTo(w io.Writer, encoder zapcore.Encoder, v any) {
	l := zap.New(zapcore.NewCore(encoder, zapcore.AddSync(w), zap.DebugLevel))
	l.Debug("m", zap.Any("v", v), zap.Reflect("reflected", v), zap.Any("list", []any{v}), zap.Any("map", map[string]any{"k": v}))
	if err, ok := v.(error); ok {
		l.Error("m", zap.Error(err), zap.NamedError("cause", errors.Unwrap(err)))
	}
	if s, ok := v.(fmt.Stringer); ok {
		l.Info("m", zap.Stringer("stringer", s))
	}
	sugar := l.With(zap.Any("with", v)).Sugar()
	sugar.Infow("m", "v", v, "struct", struct{ X any }{v})
	sugar.Infof("%v %+v %#v", v, v, v)
	sugar.Infoln(v, []any{v})
}

func TestLoggersPrintNoSecret(t *testing.T) {
	client := func(rt http.RoundTripper) *paperspace.Client {
		c, err := paperspace.NewClient(paperspace.WithAPIKey(marker), paperspace.WithHTTPClient(&http.Client{Transport: rt}),
			paperspace.WithRetryPolicy(paperspace.RetryPolicy{MaxAttempts: 1}))
		require.NoError(t, err)
		return c
	}
	all := values(t)
	for name, err := range failures(t, client) {
		all["error: "+name] = err
	}
	c := client(http.DefaultTransport)
	all["client"], all["client's value"], all["service"] = c, *c, c.Machines
	all["option"], all["request option"] = paperspace.WithAPIKey(marker), paperspace.WithHeader("X-Secret", marker)
	all["secret"], all["secrets"] = paperspace.Sensitive(marker), map[string]paperspace.Sensitive{"k": marker}
	masked := 0
	for name, v := range all {
		for logger, log := range loggers {
			var b bytes.Buffer
			log(&b, v)
			out := b.String()
			assert.NotEmpty(t, out)
			if strings.Contains(out, marker) || strings.Contains(out, hex.EncodeToString([]byte(marker))) {
				t.Errorf("%s prints a secret in %s: %s", logger, name, out)
			}
			if strings.Contains(out, "[REDACTED]") {
				masked++
			}
		}
	}
	assert.Greater(t, masked, 100)
	t.Logf("%d values, %d loggers, %d masked", len(all), len(loggers), masked)
}

// SECURITY.md lists what cannot be masked: hclog formats every slice of a string type itself. No type of the SDK has a
// []Sensitive.
func TestWhatIsNotMasked(t *testing.T) {
	var b bytes.Buffer
	hclogTo(&b, false, []paperspace.Sensitive{marker})
	assert.Contains(t, b.String(), marker)
	b.Reset()
	hclogTo(&b, true, []paperspace.Sensitive{marker})
	assert.NotContains(t, b.String(), marker)
}

// TestNoGoroutineLeaks makes calls, breaks out of a list, and completes and cancels waits. TestMain checks for leaks.
func TestNoGoroutineLeaks(t *testing.T) {
	srv := paperspacetest.New(t, paperspacetest.WithSpeed(1e6))
	c := srv.Client(paperspace.WithPollInterval(time.Millisecond, time.Millisecond))
	params := paperspace.MachineCreateParams{
		Name: "a", MachineType: "C5", TemplateID: paperspacetest.UbuntuID, DiskSize: 50, Region: paperspace.RegionNY2,
	}
	for range 3 {
		op, err := c.Machines.Create(t.Context(), params)
		require.NoError(t, err)
		_, err = op.Wait(t.Context())
		require.NoError(t, err)
	}
	for range c.Machines.All(t.Context(), paperspace.MachineListParams{ListParams: paperspace.ListParams{Limit: 1}}) {
		break
	}
	srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Hangs())
	op, err := c.Machines.Create(t.Context(), params)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = op.Wait(ctx)
	require.ErrorIs(t, err, context.Canceled)
}
