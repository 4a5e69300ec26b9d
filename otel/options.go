package paperspaceotel

import (
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Option configures [WithTelemetry].
type Option interface{ apply(*config) }

type option func(*config)

func (o option) apply(c *config) { o(c) }

type config struct {
	tracers         trace.TracerProvider
	meters          metric.MeterProvider
	propagator      propagation.TextMapPropagator // nil: none
	withoutAttempts bool
}

// WithTracerProvider sets the tracer provider. The default, also for nil, is the global one.
func WithTracerProvider(p trace.TracerProvider) Option {
	return option(func(c *config) { c.tracers = p })
}

// WithMeterProvider sets the meter provider. The default, also for nil, is the global one.
func WithMeterProvider(p metric.MeterProvider) Option {
	return option(func(c *config) { c.meters = p })
}

// WithoutAttempts omits the attempts' spans and http.client.request.duration, for use with an instrumented transport.
func WithoutAttempts() Option {
	return option(func(c *config) { c.withoutAttempts = true })
}

// WithPropagator adds the headers of p to each attempt, such as Traceparent, Tracestate and Baggage, so that the traces
// of an intermediary continue that of the attempt, or with [WithoutAttempts] that of the call. Nil means the global
// propagator, which adds no headers unless the program sets one. A header that [paperspace.WithHeader] would refuse
// ends the call, and nothing is sent.
func WithPropagator(p propagation.TextMapPropagator) Option {
	return option(func(c *config) {
		if p == nil {
			p = otel.GetTextMapPropagator()
		}
		c.propagator = p
	})
}
