package paperspaceotel_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/paperspace-go/paperspace"
	paperspaceotel "github.com/paperspace-go/paperspace/otel"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

var w3c = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

var quick = paperspace.WithRetryPolicy(paperspace.RetryPolicy{MinDelay: time.Millisecond, MaxDelay: time.Millisecond})

// callerContext returns a context with a remote span, a trace state and baggage, as the handler of a request
// has it.
func callerContext(t *testing.T) context.Context {
	return w3c.Extract(t.Context(), propagation.MapCarrier{
		"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate": "vendor=1", "baggage": "tenant=7",
	})
}

// sentSpan returns the span that a request carries.
func sentSpan(header http.Header) trace.SpanContext {
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), propagation.HeaderCarrier(header)))
}

func TestEachAttemptCarriesItsSpan(t *testing.T) {
	b := newBench(t)
	b.Inject(paperspacetest.Fault{Times: 1, Status: http.StatusServiceUnavailable})
	b.Inject(paperspacetest.Fault{Times: 1, Cut: true})
	client := b.Client(b.telemetry(paperspaceotel.WithPropagator(w3c)), quick)
	_, err := client.Projects.List(callerContext(t), paperspace.ProjectListParams{})
	require.NoError(t, err)

	calls, attempts := b.spans()
	require.Len(t, calls, 1)
	require.Len(t, attempts, 3)
	require.Len(t, b.Calls(), 3)
	for i, received := range b.Calls() {
		sent := sentSpan(received.Header)
		assert.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", sent.TraceID().String())
		assert.Equal(t, attempts[i].SpanContext.SpanID(), sent.SpanID(), "attempt %d", i)
		assert.Equal(t, calls[0].SpanContext.SpanID(), attempts[i].Parent.SpanID())
		assert.True(t, sent.IsSampled())
		assert.Equal(t, "vendor=1", received.Header.Get("Tracestate"))
		assert.Equal(t, "tenant=7", received.Header.Get("Baggage"))
	}
}

func TestWithoutAttemptsTheCallsSpanIsSent(t *testing.T) {
	b := newBench(t)
	client := b.Client(b.telemetry(paperspaceotel.WithPropagator(w3c), paperspaceotel.WithoutAttempts()))
	_, err := client.Projects.List(callerContext(t), paperspace.ProjectListParams{})
	require.NoError(t, err)
	calls, attempts := b.spans()
	require.Len(t, calls, 1)
	assert.Empty(t, attempts)
	assert.Equal(t, calls[0].SpanContext.SpanID(), sentSpan(b.Calls()[0].Header).SpanID())
}

func TestUnsampledTraceIsPropagated(t *testing.T) {
	b := newBench(t)
	client := b.Client(b.telemetry(paperspaceotel.WithPropagator(w3c),
		paperspaceotel.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())))))
	_, err := client.Projects.List(callerContext(t), paperspace.ProjectListParams{})
	require.NoError(t, err)
	sent := sentSpan(b.Calls()[0].Header)
	assert.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", sent.TraceID().String())
	assert.False(t, sent.IsSampled())
}

func TestGlobalPropagator(t *testing.T) {
	b := newBench(t)
	client := b.Client(b.telemetry(paperspaceotel.WithPropagator(nil)))
	setGlobals(t, b)
	_, err := client.Projects.List(t.Context(), paperspace.ProjectListParams{})
	require.NoError(t, err)
	assert.True(t, sentSpan(b.Calls()[0].Header).IsValid())
}

func TestRequestsCarryNoTraceHeadersUnlessAskedTo(t *testing.T) {
	b := newBench(t)
	setGlobals(t, b)
	_, err := b.Client(b.telemetry()).Projects.List(callerContext(t), paperspace.ProjectListParams{})
	require.NoError(t, err)
	for _, name := range []string{"Traceparent", "Tracestate", "Baggage"} {
		assert.NotContains(t, b.Calls()[0].Header, name)
	}
}

// The service may redirect to anywhere. The trace continues within its origin only.
func TestTraceHeadersAndRedirects(t *testing.T) {
	b := newBench(t)
	type request struct {
		path string
		span trace.SpanID
	}
	var received []request
	record := func(_ http.ResponseWriter, r *http.Request) {
		received = append(received, request{r.URL.Path, sentSpan(r.Header).SpanID()})
	}
	foreign := httptest.NewServer(http.HandlerFunc(record))
	defer foreign.Close()
	var location string
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		record(w, r)
		if r.URL.Path == "/projects" {
			http.Redirect(w, r, location, http.StatusTemporaryRedirect)
			return
		}
		_, _ = w.Write([]byte(`{"items":[],"hasMore":false}`))
	}))
	defer service.Close()
	client, err := paperspace.NewClient(paperspace.WithAPIKey("k"), paperspace.WithBaseURL(service.URL),
		b.telemetry(paperspaceotel.WithPropagator(w3c)))
	require.NoError(t, err)

	location = "/elsewhere"
	_, err = client.Projects.List(t.Context(), paperspace.ProjectListParams{})
	require.NoError(t, err)
	_, attempts := b.spans()
	require.Len(t, attempts, 1)
	span := attempts[0].SpanContext.SpanID()
	assert.Equal(t, []request{{"/projects", span}, {"/elsewhere", span}}, received)

	received, location = nil, foreign.URL+"/projects2"
	_, err = client.Projects.List(t.Context(), paperspace.ProjectListParams{})
	require.Error(t, err)
	require.Len(t, received, 1)
	assert.Equal(t, "/projects", received[0].path)
}

// A new key in the key file makes the client send the request again, in the same call.
func TestAttemptsWithANewKeyKeepTheirSpans(t *testing.T) {
	b := newBench(t)
	file := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(file, []byte("old"), 0o600))
	t.Setenv("PAPERSPACE_API_KEY", "")
	t.Setenv("PAPERSPACE_API_KEY_FILE", file)
	t.Setenv("PAPERSPACE_API_URL", b.URL())
	var sent []trace.SpanID
	client, err := paperspace.NewClient(paperspace.FromEnv(), b.telemetry(paperspaceotel.WithPropagator(w3c)), quick,
		paperspace.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			sent = append(sent, sentSpan(r.Header).SpanID())
			resp, err := b.RoundTrip(r)
			if len(sent) == 1 { // the first request has the old key
				require.NoError(t, os.WriteFile(file, []byte(b.Key()), 0o600))
			}
			return resp, err
		})}))
	require.NoError(t, err)
	_, err = client.Projects.List(t.Context(), paperspace.ProjectListParams{})
	require.NoError(t, err)
	_, attempts := b.spans()
	require.Len(t, attempts, 2)
	for i, status := range []int64{401, 200} {
		assert.Equal(t, sent[i], attempts[i].SpanContext.SpanID())
		assert.Equal(t, status, values(attempts[i].Attributes)["http.response.status_code"])
	}
}

// A call that another one makes within its attempt, for example to fetch the key, has spans of its own.
func TestNestedCalls(t *testing.T) {
	b := newBench(t)
	telemetry := b.telemetry(paperspaceotel.WithPropagator(w3c))
	inner := b.Client(telemetry, paperspace.WithUserAgent("inner"))
	outer := b.Client(telemetry, paperspace.WithUserAgent("outer"), paperspace.WithAPIKeyFunc(func(ctx context.Context) (string, error) {
		_, err := inner.PrivateNetworks.List(ctx, paperspace.PrivateNetworkListParams{})
		return b.Key(), err
	}))
	_, err := outer.Projects.List(t.Context(), paperspace.ProjectListParams{})
	require.NoError(t, err)
	calls, attempts := b.spans()
	require.Len(t, calls, 2)
	require.Len(t, attempts, 2)
	for i, endpoint := range []string{"privateNetworks-list", "projects-list"} {
		assert.Equal(t, endpoint, calls[i].Name)
		assert.Equal(t, calls[i].SpanContext.SpanID(), attempts[i].Parent.SpanID())
		assert.Equal(t, attempts[i].SpanContext.SpanID(), sentSpan(b.Calls()[i].Header).SpanID())
	}
}

// A later hook may have a span of its own. Attempts are children of the call in any case.
func TestAttemptsAreChildrenOfTheCall(t *testing.T) {
	for name, opts := range variants {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			hook := paperspace.WithHook(func(ctx context.Context, _ paperspace.CallInfo) (context.Context, func(paperspace.CallResult)) {
				ctx, span := b.tracers.Tracer("test").Start(ctx, "of the hook")
				return ctx, func(paperspace.CallResult) { span.End() }
			})
			_, err := b.Client(b.telemetry(opts...), hook).Projects.List(t.Context(), paperspace.ProjectListParams{})
			require.NoError(t, err)
			others, attempts := b.spans()
			require.Len(t, others, 2)
			require.Len(t, attempts, 1)
			call := others[1]
			assert.Equal(t, "projects-list", call.Name)
			assert.Equal(t, call.SpanContext.SpanID(), attempts[0].Parent.SpanID())
		})
	}
}

// Spans that were started end even if nothing was sent or something panicked.
func TestAllSpansEnd(t *testing.T) {
	for name, opt := range map[string]paperspace.Option{
		"limiter": paperspace.WithLimiter(limiterFunc(func(context.Context) error { return errors.New("stop") })),
		"key":     paperspace.WithAPIKeyFunc(func(context.Context) (string, error) { return "", errors.New("stop") }),
		"panic": paperspace.WithHTTPClient(&http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			panic("stop")
		})}),
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			client := b.Client(b.telemetry(paperspaceotel.WithPropagator(w3c)), opt)
			func() {
				defer func() { assert.Equal(t, name == "panic", recover() != nil) }()
				_, err := client.Projects.List(t.Context(), paperspace.ProjectListParams{})
				require.Error(t, err)
			}()
			calls, attempts := b.spans()
			require.Len(t, calls, 1)
			require.Len(t, attempts, 1)
			for _, span := range []string{calls[0].Status.Code.String(), attempts[0].Status.Code.String()} {
				assert.Equal(t, codes.Error.String(), span)
			}
		})
	}
}

type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
