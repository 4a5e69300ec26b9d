package paperspace_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// A client gets its key from an option, here from a vault, or with FromEnv from the environment.
func ExampleNewClient() {
	keyFromVault := func() string { return "0123456789abcdef" }

	client, err := paperspace.NewClient(paperspace.WithAPIKey(keyFromVault()), paperspace.WithUserAgent("my-tool/1.2"))
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
	fmt.Println(client)
	// Output: paperspace.Client{BaseURL: https://api.paperspace.com/v1, APIKey: [REDACTED]}
}

// With returns a copy with other options, here with more attempts. Both share their connections.
func ExampleClient_With() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())

	patient, err := client.With(paperspace.WithRetryPolicy(paperspace.RetryPolicy{MaxAttempts: 10}))
	if err != nil {
		log.Fatal(err)
	}
	session, err := patient.Auth.Session(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.User.Email)
	// Output: ada@example.com
}

// Do calls endpoints without a method, with the client's authentication, retries and errors.
func ExampleClient_Do() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())

	var templates struct {
		Items []struct {
			Name string `json:"name"`
		} `json:"items"`
	}
	err := client.Do(context.Background(), paperspace.Request{
		Method: http.MethodGet, Path: "/os-templates", Query: map[string][]string{"limit": {"1"}},
	}, &templates)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(templates.Items[0].Name)
	// Output: Windows 10 (Server 2022)
}

// A hook sees each call with all its attempts, as metrics, traces and audit logs need it.
func ExampleWithHook() {
	srv := newServer()
	client := newClient(srv, paperspace.WithHook(func(ctx context.Context, info paperspace.CallInfo) (context.Context, func(paperspace.CallResult)) {
		return ctx, func(result paperspace.CallResult) {
			for _, attempt := range result.Attempts {
				fmt.Println(info.Endpoint, info.PathTemplate, attempt.StatusCode)
			}
		}
	}))
	srv.Inject(paperspacetest.Fault{Endpoint: "projects-list", Times: 1, Status: http.StatusServiceUnavailable})

	if _, err := client.Projects.List(context.Background(), paperspace.ProjectListParams{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// projects-list /projects 503
	// projects-list /projects 200
}

// A header function tells a gateway which endpoint a request is for, and which attempt it is.
func ExampleWithHeaderFunc() {
	srv := newServer()
	srv.Inject(paperspacetest.Fault{Times: 1, Status: http.StatusServiceUnavailable})
	client := newClient(srv, paperspace.WithHeaderFunc(func(ctx context.Context, header http.Header) {
		info, _ := paperspace.EndpointFromContext(ctx)
		header.Set("X-Attempt", fmt.Sprintf("%s/%d", info.Endpoint, info.Attempt))
	}))

	if _, err := client.Projects.List(context.Background(), paperspace.ProjectListParams{}); err != nil {
		log.Fatal(err)
	}
	for _, received := range srv.Calls() {
		fmt.Println(received.Header.Get("X-Attempt"))
	}
	// Output:
	// projects-list/1
	// projects-list/2
}

func ExampleWithLogger() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr { // drops attributes that differ between runs
			if a.Key == slog.TimeKey || a.Key == "duration" || a.Key == "request_id" {
				return slog.Attr{}
			}
			return a
		},
	}))
	client := newClient(newServer(), paperspace.WithLogger(logger))

	if _, err := client.Auth.Session(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output: level=DEBUG msg="paperspace attempt" endpoint=auth-session method=GET path_template=/auth/session status=200 attempt=1
}

// tracer is a RoundTripper that wraps another.
type tracer struct{ next http.RoundTripper }

func (t tracer) RoundTrip(req *http.Request) (*http.Response, error) {
	if info, ok := paperspace.EndpointFromContext(req.Context()); ok {
		fmt.Println("attempt", info.Attempt, "of", info.Endpoint)
	}
	return t.next.RoundTrip(req)
}

// A RoundTripper sees each attempt, and the endpoint that it belongs to.
func ExampleEndpointFromContext() {
	srv := newServer()
	client := newClient(srv, paperspace.WithHTTPClient(&http.Client{
		Transport: tracer{srv}, // or http.DefaultTransport, for the real service
	}))
	srv.Inject(paperspacetest.Fault{Endpoint: "projects-list", Times: 1, Status: http.StatusServiceUnavailable})

	if _, err := client.Projects.List(context.Background(), paperspace.ProjectListParams{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// attempt 1 of projects-list
	// attempt 2 of projects-list
}

// A call can have its own options.
func ExampleRequestOption() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())

	var response paperspace.Response
	_, err := client.Machines.List(context.Background(), paperspace.MachineListParams{},
		paperspace.WithTimeout(10*time.Second),                             // includes all attempts
		paperspace.WithRetryPolicy(paperspace.RetryPolicy{MaxAttempts: 1}), // no retries
		paperspace.WithHeader("X-Correlation-Id", "7f3a"),                  // for a proxy
		paperspace.WithResponse(&response),                                 // status, header and body as received
	)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.StatusCode, len(response.Attempts))
	// Output: 200 1
}

// WithBodyField sends a field that this package does not know yet.
func ExampleWithBodyField() {
	srv := newServer()
	client := newClient(srv) // paperspace.NewClient(paperspace.FromEnv())

	_, err := client.Projects.Create(context.Background(), paperspace.ProjectCreateParams{Name: "search"},
		paperspace.WithBodyField("description", "finds things"))
	fmt.Printf("%s\n", srv.Calls("projects-create")[0].Body)
	fmt.Println("refused:", errors.Is(err, paperspace.ErrBadRequest)) // the API does not know it either
	// Output:
	// {"description":"finds things","name":"search"}
	// refused: true
}
