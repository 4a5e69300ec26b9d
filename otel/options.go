package paperspaceotel

import (
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// Option changes what [WithTelemetry] does.
type Option interface{ apply(*config) }

type option func(*config)

func (o option) apply(c *config) { o(c) }

// config is what options set.
type config struct {
	tracers         trace.TracerProvider
	meters          metric.MeterProvider
	withoutAttempts bool
}

// WithTracerProvider sets where spans go; nil is the global provider.
func WithTracerProvider(p trace.TracerProvider) Option {
	return option(func(c *config) { c.tracers = p })
}

// WithMeterProvider sets where measurements go; nil is the global provider.
func WithMeterProvider(p metric.MeterProvider) Option {
	return option(func(c *config) { c.meters = p })
}

// WithoutAttempts leaves the attempts to a transport that is instrumented itself: there are no spans of them, and no
// http.client.request.duration.
func WithoutAttempts() Option {
	return option(func(c *config) { c.withoutAttempts = true })
}
