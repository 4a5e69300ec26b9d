package paperspaceotel_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/paperspace-go/paperspace"
	paperspaceotel "github.com/paperspace-go/paperspace/otel"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// bench is a test bench: an in-memory Paperspace and everything that was recorded with OpenTelemetry.
type bench struct {
	*paperspacetest.Server
	t        *testing.T
	exporter *tracetest.InMemoryExporter
	tracers  *sdktrace.TracerProvider
	reader   *sdkmetric.ManualReader
	meters   *sdkmetric.MeterProvider
}

func newBench(t *testing.T) *bench {
	exporter, reader := tracetest.NewInMemoryExporter(), sdkmetric.NewManualReader()
	return &bench{
		Server: paperspacetest.New(t), t: t,
		exporter: exporter, tracers: sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter)),
		reader: reader, meters: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
	}
}

func (b *bench) telemetry(opts ...paperspaceotel.Option) paperspace.Option {
	return paperspaceotel.WithTelemetry(append([]paperspaceotel.Option{
		paperspaceotel.WithTracerProvider(b.tracers), paperspaceotel.WithMeterProvider(b.meters),
	}, opts...)...)
}

// spans returns the spans of calls and of attempts, in the order in which they ended.
func (b *bench) spans() (calls, attempts tracetest.SpanStubs) {
	for _, s := range b.exporter.GetSpans() {
		if s.SpanKind == trace.SpanKindClient {
			attempts = append(attempts, s)
		} else {
			calls = append(calls, s)
		}
	}
	return calls, attempts
}

func (b *bench) metrics() map[string]metricdata.Metrics {
	var rm metricdata.ResourceMetrics
	require.NoError(b.t, b.reader.Collect(context.Background(), &rm))
	byName := map[string]metricdata.Metrics{}
	for _, scope := range rm.ScopeMetrics {
		assert.Equal(b.t, paperspaceotel.ScopeName, scope.Scope.Name)
		assert.Equal(b.t, paperspace.Version, scope.Scope.Version)
		for _, m := range scope.Metrics {
			byName[m.Name] = m
		}
	}
	return byName
}

// points returns the data points of a histogram by their attributes.
func points[N int64 | float64](t *testing.T, m metricdata.Metrics, unit string) map[string]metricdata.HistogramDataPoint[N] {
	t.Helper()
	require.IsType(t, metricdata.Histogram[N]{}, m.Data, m.Name)
	assert.Equal(t, unit, m.Unit)
	found := map[string]metricdata.HistogramDataPoint[N]{}
	for _, p := range m.Data.(metricdata.Histogram[N]).DataPoints {
		found[p.Attributes.Encoded(attribute.DefaultEncoder())] = p
	}
	return found
}

// values returns attributes as plain values.
func values(list []attribute.KeyValue) map[string]any {
	m := map[string]any{}
	for _, kv := range list {
		m[string(kv.Key)] = kv.Value.AsInterface()
	}
	return m
}

func TestCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.Inject(paperspacetest.Fault{Latency: 2 * time.Second})
		client := b.Client(b.telemetry())
		ctx, parent := b.tracers.Tracer("test").Start(t.Context(), "reconcile")

		_, err := client.Machines.List(ctx, paperspace.MachineListParams{Name: "trainer"})
		require.NoError(t, err)

		calls, attempts := b.spans()
		require.Len(t, calls, 1)
		require.Len(t, attempts, 1)
		call, attempt := calls[0], attempts[0]

		assert.Equal(t, "machines-list", call.Name)
		assert.Equal(t, trace.SpanKindInternal, call.SpanKind)
		assert.Equal(t, parent.SpanContext().SpanID(), call.Parent.SpanID())
		assert.Equal(t, 2*time.Second, call.EndTime.Sub(call.StartTime))
		assert.Equal(t, codes.Unset, call.Status.Code)
		assert.Equal(t, paperspaceotel.ScopeName, call.InstrumentationScope.Name)
		assert.Equal(t, paperspace.Version, call.InstrumentationScope.Version)
		assert.Equal(t, map[string]any{
			"paperspace.endpoint": "machines-list", "paperspace.attempts": int64(1),
			"http.request.method": "GET", "url.template": "/machines", "http.response.status_code": int64(200),
		}, values(call.Attributes))

		assert.Equal(t, "GET /machines", attempt.Name)
		assert.Equal(t, call.SpanContext.SpanID(), attempt.Parent.SpanID())
		assert.Equal(t, 2*time.Second, attempt.EndTime.Sub(attempt.StartTime))
		assert.Equal(t, codes.Unset, attempt.Status.Code)
		assert.Equal(t, map[string]any{
			"http.request.method": "GET", "url.template": "/machines", "http.response.status_code": int64(200),
			"server.address": "paperspace.test", "server.port": int64(443),
		}, values(attempt.Attributes))

		m := b.metrics()
		assert.Len(t, m, 3)
		duration := points[float64](t, m["paperspace.client.call.duration"], "s")
		assert.Equal(t, 2.0, duration["paperspace.endpoint=machines-list"].Sum)
		count := points[int64](t, m["paperspace.client.call.attempts"], "{attempt}")
		assert.Equal(t, int64(1), count["paperspace.endpoint=machines-list"].Sum)
		request := points[float64](t, m["http.client.request.duration"], "s")
		assert.Equal(t, 2.0, request["http.request.method=GET,http.response.status_code=200,"+
			"server.address=paperspace.test,server.port=443,url.template=/machines"].Sum)
	})
}

// variants are the options that must not change what is recorded.
var variants = map[string][]paperspaceotel.Option{
	"": nil, "with propagation": {paperspaceotel.WithPropagator(propagation.TraceContext{})},
}

func TestRetries(t *testing.T) {
	for name, opts := range variants {
		t.Run(name, func(t *testing.T) { testRetries(t, opts) })
	}
}

func testRetries(t *testing.T, opts []paperspaceotel.Option) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.Inject(paperspacetest.Fault{Times: 1, Status: http.StatusServiceUnavailable, Latency: time.Second})
		b.Inject(paperspacetest.Fault{Times: 1, RetryAfter: 7 * time.Second})
		b.Inject(paperspacetest.Fault{Times: 1, Cut: true, CarriedOut: true})
		var recorded []paperspace.Attempt
		client := b.Client(b.telemetry(opts...), paperspace.WithHook(
			func(ctx context.Context, _ paperspace.CallInfo) (context.Context, func(paperspace.CallResult)) {
				return ctx, func(r paperspace.CallResult) { recorded = r.Attempts }
			}))

		_, err := client.Projects.List(t.Context(), paperspace.ProjectListParams{})
		require.NoError(t, err)

		calls, attempts := b.spans()
		require.Len(t, calls, 1)
		require.Len(t, attempts, 4)
		assert.Equal(t, codes.Unset, calls[0].Status.Code, "the call succeeded")
		assert.Equal(t, int64(4), values(calls[0].Attributes)["paperspace.attempts"])
		for i, want := range []struct {
			status    any
			errorType any
		}{{int64(503), "503"}, {int64(429), "429"}, {nil, "*net.OpError"}, {int64(200), nil}} {
			attempt := attempts[i]
			got := values(attempt.Attributes)
			assert.Equal(t, "GET /projects", attempt.Name)
			assert.Equal(t, calls[0].SpanContext.SpanID(), attempt.Parent.SpanID())
			assert.Equal(t, want.status, got["http.response.status_code"], i)
			assert.Equal(t, want.errorType, got["error.type"], i)
			assert.Equal(t, want.errorType != nil, attempt.Status.Code == codes.Error, i)
			assert.Empty(t, attempt.Status.Description)
			assert.Empty(t, attempt.Events)
			assert.True(t, attempt.StartTime.Equal(recorded[i].Start), i)
			assert.Equal(t, recorded[i].Duration, attempt.EndTime.Sub(attempt.StartTime), i)
			if i == 0 {
				assert.NotContains(t, got, "http.request.resend_count")
			} else {
				assert.Equal(t, int64(i), got["http.request.resend_count"])
			}
		}
		assert.Equal(t, 7*time.Second, attempts[2].StartTime.Sub(attempts[1].EndTime))

		m := b.metrics()
		count := points[int64](t, m["paperspace.client.call.attempts"], "{attempt}")
		assert.Equal(t, int64(4), count["paperspace.endpoint=projects-list"].Sum)
		assert.Equal(t, uint64(1), count["paperspace.endpoint=projects-list"].Count)
		request := points[float64](t, m["http.client.request.duration"], "s")
		assert.Len(t, request, 4)
		assert.Equal(t, 1.0, request["error.type=503,http.request.method=GET,http.response.status_code=503,server.address=paperspace.test,server.port=443,url.template=/projects"].Sum)
		assert.Contains(t, request, "error.type=*net.OpError,http.request.method=GET,server.address=paperspace.test,server.port=443,url.template=/projects")
	})
}

func TestFailures(t *testing.T) {
	once := paperspace.WithRetryPolicy(paperspace.RetryPolicy{MaxAttempts: 1, AttemptTimeout: 10 * time.Second})
	get := func(ctx context.Context, c *paperspace.Client) error {
		_, err := c.PrivateNetworks.Get(ctx, "nx5t0c2e7f9k", once)
		return err
	}
	for name, c := range map[string]struct {
		fault            paperspacetest.Fault
		call             func(context.Context, *paperspace.Client) error
		status           any
		errorType        any
		attemptErrorType any
	}{
		"refused":         {paperspacetest.Fault{Status: 403}, get, int64(403), "403", "403"},
		"server error":    {paperspacetest.Fault{HTML: true}, get, int64(502), "502", "502"},
		"redirect":        {paperspacetest.Fault{Status: 302}, get, int64(302), "302", nil},
		"no connection":   {paperspacetest.Fault{Cut: true}, get, nil, "*net.OpError", "*net.OpError"},
		"truncated body":  {paperspacetest.Fault{Truncate: true}, get, nil, "*errors.errorString", "*errors.errorString"},
		"attempt timeout": {paperspacetest.Fault{Latency: time.Minute}, get, nil, "timeout", "timeout"},
		"null body":       {paperspacetest.Fault{Status: 200, Body: "null"}, get, int64(200), "NOT_FOUND", nil},
		"wrong JSON type": {paperspacetest.Fault{Status: 200, Body: `[]`}, get, int64(200), "*paperspace.oddError", "*paperspace.oddError"},
		"deadline": {paperspacetest.Fault{Latency: time.Minute}, func(ctx context.Context, c *paperspace.Client) error {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			return get(ctx, c)
		}, nil, "timeout", "timeout"},
		"cancelled": {paperspacetest.Fault{Latency: time.Minute}, func(ctx context.Context, c *paperspace.Client) error {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return get(ctx, c)
		}, nil, "canceled", "canceled"},
		"cancelled during the back-off": {paperspacetest.Fault{Status: 429, RetryAfter: time.Minute}, func(ctx context.Context, c *paperspace.Client) error {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			_, err := c.Machines.Get(ctx, "psm9u09bwu5i")
			return err
		}, int64(429), "canceled", "429"},
	} {
		for variant, opts := range variants {
			t.Run(strings.TrimSpace(name+" "+variant), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newBench(t)
					b.Inject(c.fault)
					require.Error(t, c.call(t.Context(), b.Client(b.telemetry(opts...))))

					calls, attempts := b.spans()
					require.Len(t, calls, 1)
					require.Len(t, attempts, 1)
					got := values(calls[0].Attributes)
					assert.Equal(t, codes.Error, calls[0].Status.Code)
					assert.Equal(t, c.status, got["http.response.status_code"])
					assert.Equal(t, c.errorType, got["error.type"])
					got = values(attempts[0].Attributes)
					assert.Equal(t, c.status, got["http.response.status_code"])
					assert.Equal(t, c.attemptErrorType, got["error.type"])
					for _, s := range b.exporter.GetSpans() {
						assert.Empty(t, s.Status.Description)
						assert.Empty(t, s.Events)
					}
					label := "error.type=" + c.errorType.(string) + ",paperspace.endpoint=" + calls[0].Name
					assert.Contains(t, points[float64](t, b.metrics()["paperspace.client.call.duration"], "s"), label)
					assert.Contains(t, points[int64](t, b.metrics()["paperspace.client.call.attempts"], "{attempt}"), label)
				})
			})
		}
	}
}

func TestUnsentCallsAreNotRecorded(t *testing.T) {
	b := newBench(t)
	client := b.Client(b.telemetry())
	ended, cancel := context.WithCancel(t.Context())
	cancel()

	_, err := client.Machines.Get(t.Context(), "")
	require.ErrorAs(t, err, new(*paperspace.ParamError))
	_, err = client.Machines.Create(t.Context(), paperspace.MachineCreateParams{})
	require.ErrorAs(t, err, new(*paperspace.ParamError))
	_, err = client.Machines.Get(ended, "psm9u09bwu5i")
	require.ErrorIs(t, err, context.Canceled)
	keyless, err := paperspace.NewClient(paperspace.WithHTTPClient(b.HTTPClient()), b.telemetry())
	require.NoError(t, err)
	_, err = keyless.Machines.Get(t.Context(), "psm9u09bwu5i")
	require.ErrorIs(t, err, paperspace.ErrNoAPIKey)

	assert.Empty(t, b.exporter.GetSpans())
	assert.Empty(t, b.metrics())
}

func TestEscapeHatch(t *testing.T) {
	b := newBench(t)
	require.NoError(t, b.Client(b.telemetry()).Do(t.Context(), paperspace.Request{Method: "GET", Path: "/projects"}, nil))

	calls, attempts := b.spans()
	require.Len(t, calls, 1)
	assert.Equal(t, "do", calls[0].Name)
	assert.NotContains(t, values(calls[0].Attributes), "url.template")
	require.Len(t, attempts, 1)
	assert.Equal(t, "GET", attempts[0].Name)
	assert.NotContains(t, values(attempts[0].Attributes), "url.template")
}

// Spans and metrics contain neither ids nor the service's messages.
func TestNoIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		client := b.Client(b.telemetry())

		op, err := client.Machines.Create(t.Context(), paperspace.MachineCreateParams{
			Name: "trainer", MachineType: "A4000", TemplateID: paperspacetest.UbuntuID, DiskSize: 100, Region: paperspace.RegionNY2,
		})
		require.NoError(t, err)
		machine, err := op.Wait(t.Context())
		require.NoError(t, err)
		_, err = client.Machines.Stop(t.Context(), machine.ID)
		require.ErrorIs(t, err, paperspace.ErrBadRequest)
		_, err = client.Machines.GetAccessor(t.Context(), machine.ID, "nobody")
		require.ErrorIs(t, err, paperspace.ErrNotFound)

		calls, _ := b.spans()
		names := map[string]bool{}
		for _, s := range calls {
			names[s.Name] = true
		}
		assert.Equal(t, map[string]bool{
			"machines-create": true, "machineEvents-get": true, "machines-get": true, "machines-stop": true, "machines-getAccessor": true,
		}, names)
		exported, err := json.Marshal([]any{b.exporter.GetSpans(), b.metrics()})
		require.NoError(t, err)
		assert.Contains(t, string(exported), "/machines/{id}/accessors/{userId}")
		for _, secret := range []string{machine.ID, op.Event.ID, "nobody", "trainer", "currently", b.Key(), "req-"} {
			assert.NotContains(t, string(exported), secret)
		}
	})
}

func TestLogRecordsCarryTheSpan(t *testing.T) {
	b := newBench(t)
	var seen []trace.SpanID
	logger := slog.New(handler(func(ctx context.Context, r slog.Record) {
		if r.Level < slog.LevelDebug {
			return // headers and bodies
		}
		seen = append(seen, trace.SpanContextFromContext(ctx).SpanID())
		r.Attrs(func(a slog.Attr) bool {
			if a.Key == "request_id" {
				assert.NotEmpty(t, a.Value.String())
			}
			return true
		})
	}))
	_, err := b.Client(b.telemetry(), paperspace.WithLogger(logger)).Projects.List(t.Context(), paperspace.ProjectListParams{})
	require.NoError(t, err)

	calls, _ := b.spans()
	require.Len(t, calls, 1)
	assert.Equal(t, []trace.SpanID{calls[0].SpanContext.SpanID()}, seen)
}

// handler is a slog.Handler that calls a function for each record.
type handler func(context.Context, slog.Record)

func (h handler) Enabled(context.Context, slog.Level) bool { return true }
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	h(ctx, r)
	return nil
}
func (h handler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h handler) WithGroup(string) slog.Handler      { return h }

// An instrumented transport sends trace headers, and its spans replace those of attempts.
func TestInstrumentedTransport(t *testing.T) {
	b := newBench(t)
	client := b.Client(
		b.telemetry(paperspaceotel.WithoutAttempts()),
		paperspace.WithHTTPClient(&http.Client{Transport: otelhttp.NewTransport(b.Server,
			otelhttp.WithTracerProvider(b.tracers), otelhttp.WithPropagators(propagation.TraceContext{}))}),
	)
	b.Inject(paperspacetest.Fault{Times: 1, Cut: true})
	_, err := client.Projects.List(t.Context(), paperspace.ProjectListParams{})
	require.NoError(t, err)

	calls, attempts := b.spans()
	require.Len(t, calls, 1)
	assert.Equal(t, "projects-list", calls[0].Name)
	require.Len(t, attempts, 2)
	for i, received := range b.Calls() {
		assert.Equal(t, otelhttp.ScopeName, attempts[i].InstrumentationScope.Name)
		assert.Equal(t, calls[0].SpanContext.SpanID(), attempts[i].Parent.SpanID())
		assert.Contains(t, received.Header.Get("Traceparent"), attempts[i].SpanContext.SpanID().String())
	}
	assert.NotContains(t, b.metrics(), "http.client.request.duration")
	assert.Contains(t, b.metrics(), "paperspace.client.call.duration")
}

func TestGlobalProviders(t *testing.T) {
	b := newBench(t)
	setGlobals(t, b)
	for _, telemetry := range []paperspace.Option{
		paperspaceotel.WithTelemetry(),
		paperspaceotel.WithTelemetry(paperspaceotel.WithTracerProvider(nil), paperspaceotel.WithMeterProvider(nil)),
	} {
		b.exporter.Reset()
		_, err := b.Client(telemetry).Projects.List(t.Context(), paperspace.ProjectListParams{})
		require.NoError(t, err)
		assert.Len(t, b.exporter.GetSpans(), 2)
	}
	assert.Len(t, b.metrics(), 3)
}

// setGlobals sets the global providers and the propagator for the duration of the test.
func setGlobals(t *testing.T, b *bench) {
	tracers, meters, propagator := otel.GetTracerProvider(), otel.GetMeterProvider(), otel.GetTextMapPropagator()
	t.Cleanup(func() {
		otel.SetTracerProvider(tracers)
		otel.SetMeterProvider(meters)
		otel.SetTextMapPropagator(propagator)
	})
	otel.SetTracerProvider(b.tracers)
	otel.SetMeterProvider(b.meters)
	otel.SetTextMapPropagator(propagation.TraceContext{})
}

// Errors in creating instruments are reported to OpenTelemetry; calls still work.
func TestInstrumentErrors(t *testing.T) {
	b := newBench(t)
	previous := otel.GetErrorHandler()
	t.Cleanup(func() { otel.SetErrorHandler(previous) })
	var reported error
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { reported = err }))

	client := b.Client(b.telemetry(paperspaceotel.WithMeterProvider(brokenMeters{})))
	assert.ErrorIs(t, reported, errBroken)
	_, err := client.Projects.List(t.Context(), paperspace.ProjectListParams{})
	assert.NoError(t, err)
	assert.Len(t, b.exporter.GetSpans(), 2)
}

var errBroken = errors.New("no histograms")

type brokenMeters struct{ noop.MeterProvider }

func (brokenMeters) Meter(string, ...metric.MeterOption) metric.Meter { return brokenMeter{} }

type brokenMeter struct{ noop.Meter }

func (brokenMeter) Float64Histogram(string, ...metric.Float64HistogramOption) (metric.Float64Histogram, error) {
	return noop.Float64Histogram{}, errBroken
}

// Odd values are counted; neither their values nor their places are recorded.
func TestOddValues(t *testing.T) {
	b := newBench(t)
	client, err := paperspace.NewClient(paperspace.WithAPIKey("k"), b.telemetry(), paperspace.WithHTTPClient(&http.Client{
		Transport: respond(`{"id":"m","cpus":"many","ram":"much","name":"n"}`),
	}))
	require.NoError(t, err)
	for range 2 {
		_, err = client.Machines.Get(t.Context(), "m")
		require.NoError(t, err)
	}
	calls, _ := b.spans()
	require.Len(t, calls, 2)
	assert.Equal(t, int64(2), values(calls[0].Attributes)["paperspace.odd_values"])
	m := b.metrics()["paperspace.client.response.odd_values"]
	assert.Equal(t, "{value}", m.Unit)
	require.IsType(t, metricdata.Sum[int64]{}, m.Data)
	points := m.Data.(metricdata.Sum[int64]).DataPoints
	require.Len(t, points, 1)
	assert.Equal(t, int64(4), points[0].Value)
	assert.Equal(t, map[string]any{"paperspace.endpoint": "machines-get"}, values(points[0].Attributes.ToSlice()))
}

// respond answers every request with the body.
type respond string

func (body respond) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(body))), Request: r}, nil
}
