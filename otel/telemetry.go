package paperspaceotel

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"
	"go.opentelemetry.io/otel/trace"

	"github.com/paperspace-go/paperspace"
)

// ScopeName is the name of the instrumentation scope of all spans and metrics.
const ScopeName = "github.com/paperspace-go/paperspace/otel"

const (
	endpointKey = attribute.Key("paperspace.endpoint")
	attemptsKey = attribute.Key("paperspace.attempts")
	oddKey      = attribute.Key("paperspace.odd_values")
)

// WithTelemetry traces and measures every call of a client. It adds a hook, as [paperspace.WithHook] does. Used twice,
// it records everything twice. See [WithPropagator] for trace headers.
func WithTelemetry(opts ...Option) paperspace.Option {
	var c config
	for _, opt := range opts {
		opt.apply(&c)
	}
	t := newTelemetry(c)
	if c.propagator == nil {
		return paperspace.WithHook(t.begin)
	}
	return paperspace.JoinOptions(paperspace.WithHook(t.begin), paperspace.WithHeaderFunc(t.addHeaders))
}

type telemetry struct {
	config
	tracer          trace.Tracer
	duration        metric.Float64Histogram
	attempts        metric.Int64Histogram
	odd             metric.Int64Counter
	requestDuration metric.Float64Histogram
}

func newTelemetry(c config) *telemetry {
	if c.tracers == nil {
		c.tracers = otel.GetTracerProvider()
	}
	if c.meters == nil {
		c.meters = otel.GetMeterProvider()
	}
	t := &telemetry{config: c, tracer: c.tracers.Tracer(
		ScopeName, trace.WithInstrumentationVersion(paperspace.Version), trace.WithSchemaURL(semconv.SchemaURL),
	)}
	meter := c.meters.Meter(
		ScopeName, metric.WithInstrumentationVersion(paperspace.Version), metric.WithSchemaURL(semconv.SchemaURL),
	)
	var errs [4]error
	t.duration, errs[0] = meter.Float64Histogram("paperspace.client.call.duration",
		metric.WithDescription("Duration of calls, including retries."), metric.WithUnit("s"),
		metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 120))
	t.attempts, errs[1] = meter.Int64Histogram("paperspace.client.call.attempts",
		metric.WithDescription("Number of attempts per call."), metric.WithUnit("{attempt}"),
		metric.WithExplicitBucketBoundaries(0, 1, 2, 3, 4, 5, 6, 8, 10))
	t.odd, errs[2] = meter.Int64Counter("paperspace.client.response.odd_values",
		metric.WithDescription("Values in responses that do not fit the API's contract."), metric.WithUnit("{value}"))
	requestDuration, err := httpconv.NewClientRequestDuration(meter)
	t.requestDuration, errs[3] = requestDuration.Float64Histogram, err
	if err := errors.Join(errs[:]...); err != nil {
		otel.Handle(err) // the instruments are usable or no-ops
	}
	return t
}

// call is a call under way. Its attempts run one after the other.
type call struct {
	*telemetry
	span     trace.Span
	request  []attribute.KeyValue // of its attempts
	original []attribute.KeyValue // only of their spans
	name     string               // of their spans
	spans    []trace.Span         // those of attempts that were started before they were sent
}

// begin is the hook for [paperspace.WithHook].
func (t *telemetry) begin(ctx context.Context, info paperspace.CallInfo) (context.Context, func(paperspace.CallResult)) {
	if ctx.Err() != nil {
		return ctx, nil // nothing will be sent
	}
	endpoint := endpointKey.String(info.Endpoint)
	method, original := requestMethod(info.Method)
	request := []attribute.KeyValue{method}
	name := method.Value.AsString()
	if original != nil {
		name = "HTTP" // as the semantic conventions have it
	}
	if info.PathTemplate != "" {
		request = append(request, semconv.URLTemplate(info.PathTemplate))
		name += " " + info.PathTemplate
	}
	c := &call{telemetry: t, original: original, name: name}
	ctx, c.span = t.tracer.Start(ctx, info.Endpoint, trace.WithAttributes(endpoint), trace.WithAttributes(request...),
		trace.WithAttributes(original...))
	c.request = append(request, semconv.ServerAddress(info.ServerAddress), semconv.ServerPort(info.ServerPort))
	ctx = context.WithValue(ctx, t, c) // the telemetry is the key: a context may lead through several
	return ctx, func(r paperspace.CallResult) { c.end(ctx, endpoint, r) }
}

// addHeaders is the function for [paperspace.WithHeaderFunc]. It starts the span that the headers propagate.
func (t *telemetry) addHeaders(ctx context.Context, header http.Header) {
	if c, ok := ctx.Value(t).(*call); ok && !t.withoutAttempts {
		var span trace.Span
		ctx, span = c.startAttempt(ctx, len(c.spans), time.Now())
		c.spans = append(c.spans, span)
	}
	t.propagator.Inject(ctx, propagation.HeaderCarrier(header))
}

// startAttempt starts the span of an attempt; the first one has number 0.
func (c *call) startAttempt(ctx context.Context, number int, at time.Time) (context.Context, trace.Span) {
	attributes := slices.Concat(c.request, c.original)
	if number > 0 {
		attributes = append(attributes, semconv.HTTPRequestResendCount(number))
	}
	return c.tracer.Start(trace.ContextWithSpan(ctx, c.span), c.name, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithTimestamp(at), trace.WithAttributes(attributes...))
}

func (c *call) end(ctx context.Context, endpoint attribute.KeyValue, r paperspace.CallResult) {
	if !c.withoutAttempts {
		c.endAttempts(ctx, r)
	}
	labels := []attribute.KeyValue{endpoint}
	c.span.SetAttributes(attemptsKey.Int(len(r.Attempts)))
	c.span.SetAttributes(statusCode(r.StatusCode)...)
	if n := len(r.Odd); n > 0 {
		c.span.SetAttributes(oddKey.Int(n))
		c.odd.Add(ctx, int64(n), metric.WithAttributes(endpoint))
	}
	if r.Err != nil {
		failed := errorType(r.StatusCode, r.Err)
		labels = append(labels, failed)
		fail(c.span, failed)
	}
	c.span.End()
	set := metric.WithAttributeSet(attribute.NewSet(labels...))
	c.duration.Record(ctx, r.Duration.Seconds(), set)
	c.attempts.Record(ctx, int64(len(r.Attempts)), set)
}

// endAttempts ends the spans of attempts. It first creates those that were not started before.
func (c *call) endAttempts(ctx context.Context, r paperspace.CallResult) {
	for i, a := range r.Attempts {
		if i == len(c.spans) {
			_, span := c.startAttempt(ctx, i, a.Start)
			c.spans = append(c.spans, span)
		}
		span, attributes := c.spans[i], slices.Concat(c.request, statusCode(a.StatusCode))
		span.SetAttributes(statusCode(a.StatusCode)...)
		if a.Err != nil || a.StatusCode >= 400 {
			failed := errorType(a.StatusCode, a.Err)
			attributes = append(attributes, failed)
			fail(span, failed)
		}
		span.End(trace.WithTimestamp(a.Start.Add(a.Duration)))
		c.requestDuration.Record(trace.ContextWithSpan(ctx, span), a.Duration.Seconds(), metric.WithAttributes(attributes...))
	}
	for _, span := range c.spans[len(r.Attempts):] { // something panicked
		fail(span, errorType(0, r.Err))
		span.End()
	}
}
