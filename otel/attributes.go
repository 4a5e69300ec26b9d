package paperspaceotel

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/paperspace-go/paperspace"
)

// Attributes have a limited number of values, whatever the service sends: each combination of values is a time series
// of its own, and backends drop or charge for those beyond a limit.

var knownMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	http.MethodConnect, http.MethodOptions, http.MethodTrace, "QUERY",
}

// requestMethod returns the attribute for a method. If that is "_OTHER", original, which is for spans only, has the
// method that the caller of [paperspace.Client.Do] chose.
func requestMethod(method string) (known attribute.KeyValue, original []attribute.KeyValue) {
	if slices.Contains(knownMethods, method) {
		return semconv.HTTPRequestMethodKey.String(method), nil
	}
	return semconv.HTTPRequestMethodOther, []attribute.KeyValue{semconv.HTTPRequestMethodOriginal(method)}
}

// statusCode returns the attribute for a status, or none for 0 and statuses that are not known.
func statusCode(status int) []attribute.KeyValue {
	if !isKnownStatus(status) {
		return nil
	}
	return []attribute.KeyValue{semconv.HTTPResponseStatusCode(status)}
}

// isKnownStatus reports whether HTTP or a widespread proxy defines the status.
func isKnownStatus(status int) bool {
	return http.StatusText(status) != "" || status == 499 || 520 <= status && status <= 530
}

// knownCodes are the error codes of the service.
var knownCodes = []string{
	"BAD_REQUEST", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "METHOD_NOT_SUPPORTED", "TIMEOUT", "CONFLICT",
	"PRECONDITION_FAILED", "PAYLOAD_TOO_LARGE", "UNPROCESSABLE_CONTENT", "TOO_MANY_REQUESTS", "CLIENT_CLOSED_REQUEST",
	"INTERNAL_SERVER_ERROR",
}

// errorType returns the kind of an error.
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
		if isKnownStatus(status) {
			return semconv.ErrorTypeKey.String(strconv.Itoa(status))
		}
		return semconv.ErrorTypeOther
	case call != nil && call.Code != "":
		if slices.Contains(knownCodes, call.Code) {
			return semconv.ErrorTypeKey.String(call.Code)
		}
		return semconv.ErrorTypeOther
	case call != nil && call.Err != nil:
		err = call.Err
	}
	return semconv.ErrorType(err)
}

// fail marks a span as failed. It sets no description, because error texts may contain ids.
func fail(span trace.Span, errorType attribute.KeyValue) {
	span.SetAttributes(errorType)
	span.SetStatus(codes.Error, "")
}
