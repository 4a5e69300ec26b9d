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
//	attribute                  on             value
//	paperspace.endpoint        calls          the endpoint's id, "do" for Client.Do
//	paperspace.attempts        calls          number of attempts
//	paperspace.odd_values      calls          number of odd values in the response; not set without any
//	http.request.method        both           the method
//	url.template               both           the path template below the base URL; not set for Client.Do
//	http.response.status_code  both           the status (for a call, of the last attempt); not set without a response
//	error.type                 both           the kind of error; not set on success
//	http.request.resend_count  attempts       number of earlier attempts; not set for the first
//	server.address, .port      attempts       the host and the port of the base URL
//
// The error.type is "canceled", "timeout", the status, the API's error code if the status is 2xx, or otherwise the Go
// type of the error. No name or attribute contains the id of a machine or another object, or the text of an error,
// which only the caller gets. Log records of [paperspace.WithLogger], which have the request id, have the span in their
// context, where log bridges find it.
//
// # Metrics
//
//	histogram                        unit       attributes
//	paperspace.client.call.duration  s          paperspace.endpoint, error.type
//	paperspace.client.call.attempts  {attempt}  paperspace.endpoint, error.type
//	http.client.request.duration     s          those of the attempts' spans, except the resend count
//
//	counter                                 unit     attributes
//	paperspace.client.response.odd_values   {value}  paperspace.endpoint
//
// # Propagation
//
// Requests carry no trace headers: the service does not use them, and should not learn about the caller's traces. If an
// intermediary such as your own gateway does use them, give the client an instrumented transport, such as otelhttp's.
// Its spans become children of the calls' spans, and [WithoutAttempts] prevents that attempts are traced and measured
// twice. Note that otelhttp records full URLs, which contain ids.
//
//	client, err := paperspace.NewClient(
//		paperspace.FromEnv(),
//		paperspace.WithHTTPClient(&http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport)}),
//		paperspaceotel.WithTelemetry(paperspaceotel.WithoutAttempts()),
//	)
package paperspaceotel
