package paperspaceotel

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
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
// it records everything twice.
func WithTelemetry(opts ...Option) paperspace.Option {
	var c config
	for _, opt := range opts {
		opt.apply(&c)
	}
	return paperspace.WithHook(newTelemetry(c).begin)
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
	t.odd, errs[3] = meter.Int64Counter("paperspace.client.response.odd_values",
		metric.WithDescription("Values in responses that do not fit the API's contract."), metric.WithUnit("{value}"))
	requestDuration, err := httpconv.NewClientRequestDuration(meter)
	t.requestDuration, errs[2] = requestDuration.Float64Histogram, err
	if err := errors.Join(errs[:]...); err != nil {
		otel.Handle(err) // the instruments are usable or no-ops
	}
	return t
}

// begin is the hook for [paperspace.WithHook].
func (t *telemetry) begin(ctx context.Context, info paperspace.CallInfo) (context.Context, func(paperspace.CallResult)) {
	if ctx.Err() != nil {
		return ctx, nil // nothing will be sent
	}
	endpoint := endpointKey.String(info.Endpoint)
	request := []attribute.KeyValue{semconv.HTTPRequestMethodKey.String(info.Method)}
	if info.PathTemplate != "" {
		request = append(request, semconv.URLTemplate(info.PathTemplate))
	}
	server := []attribute.KeyValue{semconv.ServerAddress(info.ServerAddress), semconv.ServerPort(info.ServerPort)}
	ctx, span := t.tracer.Start(ctx, info.Endpoint, trace.WithAttributes(endpoint), trace.WithAttributes(request...))
	return ctx, func(r paperspace.CallResult) {
		if !t.withoutAttempts {
			name := strings.TrimSpace(info.Method + " " + info.PathTemplate)
			t.recordAttempts(ctx, name, slices.Concat(request, server), r.Attempts)
		}
		labels := []attribute.KeyValue{endpoint}
		span.SetAttributes(attemptsKey.Int(len(r.Attempts)))
		span.SetAttributes(statusCode(r.StatusCode)...)
		if n := len(r.Odd); n > 0 {
			span.SetAttributes(oddKey.Int(n))
			t.odd.Add(ctx, int64(n), metric.WithAttributes(endpoint))
		}
		if r.Err != nil {
			failed := errorType(r.StatusCode, r.Err)
			labels = append(labels, failed)
			fail(span, failed)
		}
		span.End()
		set := metric.WithAttributeSet(attribute.NewSet(labels...))
		t.duration.Record(ctx, r.Duration.Seconds(), set)
		t.attempts.Record(ctx, int64(len(r.Attempts)), set)
	}
}

// recordAttempts creates the spans of finished attempts as children of the span in ctx.
func (t *telemetry) recordAttempts(ctx context.Context, name string, request []attribute.KeyValue, list []paperspace.Attempt) {
	for i, a := range list {
		attributes := slices.Concat(request, statusCode(a.StatusCode))
		attemptCtx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient),
			trace.WithTimestamp(a.Start), trace.WithAttributes(attributes...))
		if i > 0 {
			span.SetAttributes(semconv.HTTPRequestResendCount(i))
		}
		if a.Err != nil || a.StatusCode >= 400 {
			failed := errorType(a.StatusCode, a.Err)
			attributes = append(attributes, failed)
			fail(span, failed)
		}
		span.End(trace.WithTimestamp(a.Start.Add(a.Duration)))
		t.requestDuration.Record(attemptCtx, a.Duration.Seconds(), metric.WithAttributes(attributes...))
	}
}

// statusCode returns the attribute for a status, or none for 0.
func statusCode(status int) []attribute.KeyValue {
	if status == 0 {
		return nil
	}
	return []attribute.KeyValue{semconv.HTTPResponseStatusCode(status)}
}

// fail marks a span as failed. It sets no description, because error texts may contain ids.
func fail(span trace.Span, errorType attribute.KeyValue) {
	span.SetAttributes(errorType)
	span.SetStatus(codes.Error, "")
}

// errorType returns the kind of an error, with low cardinality.
func errorType(status int, err error) attribute.KeyValue {
	timeout, timed := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	call, _ := errors.AsType[*paperspace.Error](err)
	switch {
	case errors.Is(err, context.Canceled):
		return semconv.ErrorTypeKey.String("canceled")
	case timed && timeout.Timeout():
		return semconv.ErrorTypeKey.String("timeout")
	case status != 0 && status/100 != 2:
		return semconv.ErrorTypeKey.String(strconv.Itoa(status))
	case call != nil && call.Code != "":
		return semconv.ErrorTypeKey.String(call.Code)
	case call != nil && call.Err != nil:
		err = call.Err
	}
	return semconv.ErrorType(err)
}
