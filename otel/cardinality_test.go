package paperspaceotel_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/paperspace-go/paperspace"
)

// A service that sends another status, code, type and text each time adds a limited number of values.
func TestAttributesAreBounded(t *testing.T) {
	const requests = 1800 // each status once, and as many error codes in a 200
	b := newBench(t)
	n := 0
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		n++
		status := http.StatusOK
		if n%2 == 0 {
			status = 100 + n/2%900
		}
		body := fmt.Sprintf(`{"message":"hostile-%d","code":"HOSTILE_%d","type":"https://hostile/%[1]d"}`, n, n)
		return &http.Response{
			StatusCode: status, Status: fmt.Sprintf("%d hostile-%d", status, n), Request: r,
			Header: http.Header{
				"Content-Type": {fmt.Sprintf("application/hostile-%d", n)}, "Location": {fmt.Sprintf("https://hostile-%d.example", n)},
				"Server": {fmt.Sprintf("hostile-%d", n)}, "X-Request-Id": {fmt.Sprintf("hostile-%d", n)},
			},
			Body: io.NopCloser(strings.NewReader(body)),
		}, nil
	})
	client, err := paperspace.NewClient(paperspace.WithAPIKey("k"), b.telemetry(),
		paperspace.WithHTTPClient(&http.Client{Transport: transport}), paperspace.WithRetryPolicy(paperspace.RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)
	codes := map[string]bool{}
	for range requests {
		_, err := client.Machines.Get(t.Context(), "m")
		var e *paperspace.Error
		require.ErrorAs(t, err, &e)
		codes[e.Code] = true
	}
	require.Greater(t, len(codes), requests/2, "the codes that the service sent reached the errors")

	allowed := map[attribute.Key][]string{ // besides known statuses
		"paperspace.endpoint": {"machines-get"}, "paperspace.attempts": {"1"}, "url.template": {"/machines/{id}"},
		"http.request.method": {"GET"}, "server.address": {"api.paperspace.com"}, "server.port": {"443"},
		"http.response.status_code": {}, "error.type": {"_OTHER", "*errors.errorString"},
	}
	check := func(set []attribute.KeyValue) {
		for _, kv := range set {
			require.Contains(t, allowed, kv.Key)
			value := kv.Value.String()
			known := slices.Contains(allowed[kv.Key], value)
			if kv.Key == "error.type" || kv.Key == "http.response.status_code" {
				known = known || knownStatuses[value]
			}
			require.True(t, known, "%s=%s", kv.Key, value)
		}
	}
	spans := b.exporter.GetSpans()
	require.Len(t, spans, 2*requests)
	for _, span := range spans {
		assert.Contains(t, []string{"machines-get", "GET /machines/{id}"}, span.Name)
		assert.Empty(t, span.Status.Description)
		assert.Empty(t, span.Events)
		check(span.Attributes)
	}
	for name, m := range b.metrics() {
		sets := attributeSets(t, m)
		assert.LessOrEqual(t, len(sets), len(knownStatuses)+5, "%s: unknown ones share few series", name)
		assert.Greater(t, len(sets), len(knownStatuses)/2, "%s tells known statuses apart", name)
		for _, set := range sets {
			check(set.ToSlice())
		}
	}
}

// knownStatuses are those that HTTP or a widespread proxy defines.
var knownStatuses = func() map[string]bool {
	known := map[string]bool{"499": true}
	for status := range 1000 {
		if http.StatusText(status) != "" || 520 <= status && status <= 530 {
			known[fmt.Sprint(status)] = true
		}
	}
	return known
}()

// attributeSets returns the attributes of each time series.
func attributeSets(t *testing.T, m metricdata.Metrics) (sets []attribute.Set) {
	switch data := m.Data.(type) {
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			sets = append(sets, p.Attributes)
		}
	case metricdata.Histogram[int64]:
		for _, p := range data.DataPoints {
			sets = append(sets, p.Attributes)
		}
	default:
		require.Fail(t, "unexpected metric", "%s %T", m.Name, m.Data)
	}
	return sets
}

// The codes that the service is known to send stay apart, in responses whose status does not say as much.
func TestKnownErrorCodes(t *testing.T) {
	for code, want := range map[string]string{
		"NOT_FOUND": "NOT_FOUND", "CONFLICT": "CONFLICT", "INTERNAL_SERVER_ERROR": "INTERNAL_SERVER_ERROR", "SOMETHING_NEW": "_OTHER",
	} {
		b := newBench(t)
		client, err := paperspace.NewClient(paperspace.WithAPIKey("k"), b.telemetry(), paperspace.WithHTTPClient(&http.Client{
			Transport: respond(fmt.Sprintf(`{"message":"m","code":%q}`, code)),
		}), paperspace.WithRetryPolicy(paperspace.RetryPolicy{MaxAttempts: 1}))
		require.NoError(t, err)
		_, err = client.Machines.Get(t.Context(), "m")
		require.Error(t, err)
		calls, _ := b.spans()
		assert.Equal(t, want, values(calls[0].Attributes)["error.type"])
	}
}

// A method of the caller's own is not a label.
func TestUnknownMethod(t *testing.T) {
	b := newBench(t)
	client, err := paperspace.NewClient(paperspace.WithAPIKey("k"), b.telemetry(), paperspace.WithHTTPClient(&http.Client{Transport: respond(`{}`)}))
	require.NoError(t, err)
	require.NoError(t, client.Do(t.Context(), paperspace.Request{Method: "PURGE", Path: "/projects"}, nil))
	calls, attempts := b.spans()
	require.Len(t, attempts, 1)
	assert.Equal(t, "HTTP", attempts[0].Name)
	for _, span := range []map[string]any{values(calls[0].Attributes), values(attempts[0].Attributes)} {
		assert.Equal(t, "_OTHER", span["http.request.method"])
		assert.Equal(t, "PURGE", span["http.request.method_original"])
	}
	for _, set := range attributeSets(t, b.metrics()["http.client.request.duration"]) {
		assert.Equal(t, "_OTHER", values(set.ToSlice())["http.request.method"])
		assert.NotContains(t, values(set.ToSlice()), "http.request.method_original")
	}
}
