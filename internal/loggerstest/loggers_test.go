// Package loggerstest holds the SDK to its word with what the root module does not depend on: that hclog and zap show
// no secret, and that goleak finds no goroutine.
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

const marker = "hunter2-marker-4711"

// fill sets everything in a value, secrets to the marker. Where exactly one field of several is to be set, it sets that
// of the choice.
func fill(v reflect.Value, choice int) {
	switch v.Type() {
	case reflect.TypeFor[paperspace.Sensitive]():
		v.SetString(marker)
		return
	case reflect.TypeFor[paperspace.RawJSON](): // as JSON it shows what it holds, as its docs say
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

// values returns a value of every type that the client's methods take or return, filled, by pointer and by value.
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
			for _, of := range types {
				for choice := range 6 {
					v := reflect.New(of)
					fill(v.Elem(), choice)
					all[fmt.Sprint(of, " ", choice)] = v.Elem().Interface()
					all[fmt.Sprint("*", of, " ", choice)] = v.Interface()
				}
			}
		}
	}
	require.Greater(t, len(all), 500)
	return all
}

// failures returns the errors of calls that fail, from a service that repeats what it was sent.
func failures(t *testing.T, client func(http.RoundTripper) *paperspace.Client) map[string]any {
	all := map[string]any{}
	for name, answer := range map[string]struct {
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
			require.Contains(t, string(sent), marker, "what is sent is the secret itself")
			if answer.status == 0 {
				return nil, errors.New("broken")
			}
			body := fmt.Sprintf(answer.body, marker, r.Header.Get("Authorization"))
			return &http.Response{StatusCode: answer.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
		})
		_, err := client(rt).StartupScripts.Create(context.Background(), paperspace.StartupScriptCreateParams{Name: "n", Script: marker})
		require.Error(t, err)
		all[name] = err
	}
	return all
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// loggers are how programs log: each takes a value under a key and writes to w.
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

func TestLoggersShowNoSecret(t *testing.T) {
	client := func(rt http.RoundTripper) *paperspace.Client {
		c, err := paperspace.NewClient(paperspace.WithAPIKey(marker), paperspace.WithHTTPClient(&http.Client{Transport: rt}),
			paperspace.WithRetryPolicy(paperspace.RetryPolicy{MaxAttempts: 1}))
		require.NoError(t, err)
		return c
	}
	all := values(t)
	for name, err := range failures(t, client) {
		all["the error of "+name] = err
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
				t.Errorf("%s shows %s: %s", logger, name, out)
			}
			if strings.Contains(out, "[REDACTED]") {
				masked++
			}
		}
	}
	assert.Greater(t, masked, 100)
	t.Logf("%d values, %d loggers, %d masked", len(all), len(loggers), masked)
}

// What cannot be masked, as SECURITY.md says: hclog writes a slice of strings by itself, whatever they are. No type of
// the SDK has such a slice.
func TestWhatIsNotMasked(t *testing.T) {
	var b bytes.Buffer
	hclogTo(&b, false, []paperspace.Sensitive{marker})
	assert.Contains(t, b.String(), marker)
	b.Reset()
	hclogTo(&b, true, []paperspace.Sensitive{marker})
	assert.NotContains(t, b.String(), marker)
}

// TestMain holds this to goleak: calls, a list that is left early, and waits, one of which is given up.
func TestNoGoroutineIsLeft(t *testing.T) {
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
