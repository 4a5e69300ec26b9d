package paperspaceotel_test

import (
	"context"
	"fmt"
	"log"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/paperspace-go/paperspace"
	paperspaceotel "github.com/paperspace-go/paperspace/otel"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func ExampleWithTelemetry() {
	exporter := tracetest.NewInMemoryExporter() // use the exporter of your backend instead
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))

	srv := paperspacetest.NewServer() // use paperspace.NewClient instead
	srv.Inject(paperspacetest.Fault{Endpoint: "projects-list", Times: 1, Status: 503})
	client := srv.Client(paperspaceotel.WithTelemetry(paperspaceotel.WithTracerProvider(tracers)))

	if _, err := client.Projects.List(context.Background(), paperspace.ProjectListParams{}); err != nil {
		log.Fatal(err)
	}
	for _, span := range exporter.GetSpans() {
		fmt.Println(span.SpanKind, span.Name, span.Status.Code)
	}
	// Output:
	// client GET /projects Error
	// client GET /projects Unset
	// internal projects-list Unset
}
