// Package paperspaceotel traces and measures the calls of package paperspace through OpenTelemetry. One option switches
// it on:
//
//	client, err := paperspace.NewClient(paperspace.FromEnv(), paperspaceotel.WithTelemetry())
//
// It goes to the global tracer and meter providers unless [WithTracerProvider] and [WithMeterProvider] say otherwise.
//
// # Spans
//
// Each call is a span of kind internal, named by the operation's id, such as "machines-get". Each page of a list and
// each poll of a wait is a call of its own. The attempts of a call are child spans of kind client, named by method and
// path template, such as "GET /machines/{id}", with the times that they had; they follow the semantic conventions for
// HTTP clients, except that url.full is left out: it holds ids. A call that is refused before anything could be sent makes no span.
//
//	attribute                  of             what it is
//	paperspace.endpoint       calls          the operation's id, "do" for Client.Do
//	paperspace.attempts        calls          how many attempts were made
//	http.request.method        both           the method
//	url.template               both           the path template, below the base URL; missing for Client.Do
//	http.response.status_code  both           the status, of a call that of its last attempt; missing without an answer
//	error.type                 both           why it failed; missing if it did not
//	http.request.resend_count  attempts       how many attempts went before; missing for the first
//	server.address, .port      attempts       the host and the port of the base URL
//
// error.type is "canceled", "timeout", the status, the API's own error code where the status is good, or else the Go
// type of the error. No id of a machine or of anything else is in a name or an attribute, and no text of an error: what
// an error says goes to the caller. Log records of [paperspace.WithLogger], which hold the request id, come with the
// span in their context, where log bridges look for it.
//
// # Metrics
//
//	histogram                             unit       attributes
//	paperspace.client.call.duration  s          paperspace.endpoint, error.type
//	paperspace.client.call.attempts  {attempt}  paperspace.endpoint, error.type
//	http.client.request.duration          s          those of the attempts' spans but for the resend count
//
// # Propagation
//
// Requests carry no trace headers, since the service makes nothing of them and others have no need to learn of our
// traces. Where something on the way does (a gateway of your own, say), give the client an instrumented transport, such
// as otelhttp's. Its spans become children of the calls' spans; [WithoutAttempts] then keeps each attempt from being
// traced and measured twice. Mind that otelhttp records whole URLs, which hold ids.
//
//	client, err := paperspace.NewClient(
//		paperspace.FromEnv(),
//		paperspace.WithHTTPClient(&http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport)}),
//		paperspaceotel.WithTelemetry(paperspaceotel.WithoutAttempts()),
//	)
package paperspaceotel
