package paperspaceotel

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
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
	server          []attribute.KeyValue
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

// WithServer sets server.address and server.port of the attempts, such as "api.paperspace.com" and 443. A hook does not
// learn the client's base URL, so they are missing unless they are set.
func WithServer(address string, port int) Option {
	return option(func(c *config) {
		c.server = []attribute.KeyValue{semconv.ServerAddress(address), semconv.ServerPort(port)}
	})
}

// WithoutAttempts leaves the attempts to a transport that is instrumented itself: there are no spans of them, and no
// http.client.request.duration.
func WithoutAttempts() Option {
	return option(func(c *config) { c.withoutAttempts = true })
}
