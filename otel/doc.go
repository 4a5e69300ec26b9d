// Package paperspaceotel traces and measures the calls of package paperspace with OpenTelemetry. One option enables it:
//
//	client, err := paperspace.NewClient(paperspace.FromEnv(), paperspaceotel.WithTelemetry())
//
// It uses the global tracer and meter providers unless [WithTracerProvider] and [WithMeterProvider] set others.
//
// # Spans
//
// Each call is a span of kind internal, named after the endpoint's id, such as "machines-get". Each page of a list and
// each poll of a wait is a call of its own. The attempts of a call are child spans of kind client, named after the
// method and path template, such as "GET /machines/{id}", with their actual times. They follow the semantic conventions
// for HTTP clients, except that they have no url.full, which would contain ids. A call that fails before it sends
// anything has no span.
//
//	attribute                    on        value
//	paperspace.endpoint          calls     the endpoint's id, "do" for Client.Do
//	paperspace.attempts          calls     number of attempts
//	paperspace.odd_values        calls     number of odd values in the response; not set without any
//	http.request.method          both      the method, "_OTHER" for one that HTTP does not define
//	http.request.method_original both      the method, if that is "_OTHER"
//	url.template                 both      the path template below the base URL; not set for Client.Do
//	http.response.status_code    both      the status (for a call, of the last attempt); not set without a response
//	error.type                   both      the kind of error; not set on success
//	http.request.resend_count    attempts  number of earlier attempts; not set for the first
//	server.address, .port        attempts  the host and the port of the base URL
//
// The error.type is "canceled", "timeout", the status, the API's error code if the status is 2xx, or otherwise the Go
// type of the error. No name or attribute contains the id of a machine or another object, or the text of an error,
// which only the caller gets. Log records of [paperspace.WithLogger], which have the request id, have the span in their
// context, where log bridges find it.
//
// Whatever the service sends, attributes have a limited number of values. A status that neither HTTP nor a widespread
// proxy defines is not set, and if it is an error, its error.type is "_OTHER". So is that of an unknown error code.
//
// # Metrics
//
//	histogram                        unit       attributes
//	paperspace.client.call.duration  s          paperspace.endpoint, error.type
//	paperspace.client.call.attempts  {attempt}  paperspace.endpoint, error.type
//	http.client.request.duration     s          as for attempts, without original method and resend count
//
//	counter                                 unit     attributes
//	paperspace.client.response.odd_values   {value}  paperspace.endpoint
//
// # Propagation
//
// By default, requests carry no trace headers: the service does not use them, and should not learn about the caller's
// traces. If an intermediary such as your own gateway does use them, [WithPropagator] adds them:
//
//	paperspaceotel.WithTelemetry(paperspaceotel.WithPropagator(propagation.TraceContext{}))
//
// Each attempt carries its own span, as the semantic conventions for HTTP clients have it. The headers are sent only to
// the origin of the base URL, which this SDK does not leave when it follows a redirect.
//
// Instead, the client can have an instrumented transport, such as otelhttp's. Its spans become children of the calls'
// spans, and [WithoutAttempts] prevents that attempts are traced and measured twice. Note that otelhttp records full
// URLs, which contain ids.
//
//	client, err := paperspace.NewClient(
//		paperspace.FromEnv(),
//		paperspace.WithHTTPClient(&http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport)}),
//		paperspaceotel.WithTelemetry(paperspaceotel.WithoutAttempts()),
//	)
package paperspaceotel
