// Devserver starts a Temporal server in memory, with a worker that has everything of the Temporal module registered, to
// try things out. When it ends all is lost, except machines that are real.
//
//	devserver [-queue paperspace] [-rate 5]
//
// Without an API key the worker talks to an in-memory Paperspace, in which a minute passes in a second. With
// PAPERSPACE_API_KEY set it talks to the real one, and machines cost money.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/server/temporaltest"
	"golang.org/x/time/rate"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
	paperspacetemporal "github.com/paperspace-go/paperspace/temporal"
)

func main() {
	queue := flag.String("queue", "paperspace", "the task queue")
	rate := flag.Float64("rate", 5, "requests a second")
	flag.Parse()
	if err := run(*queue, *rate); err != nil {
		log.Fatal(err)
	}
}

func run(queue string, requests float64) error {
	paperspaceClient, err := connect(rate.NewLimiter(rate.Limit(requests), 1))
	if err != nil {
		return err
	}
	defer paperspaceClient.CloseIdleConnections()
	server := temporaltest.NewServer()
	defer server.Stop()
	temporalClient, err := open(server)
	if err != nil {
		return err
	}
	defer temporalClient.Close()

	w := worker.New(temporalClient, queue, paperspacetemporal.WorkerOptions(requests))
	paperspacetemporal.Register(w, paperspaceClient)
	fmt.Printf(`Temporal serves namespace "default" at %[1]s, until an interrupt. A machine, with Temporal's own command:

	temporal workflow execute --address %[1]s --task-queue %[2]s --type Provision --workflow-id trainer --input \
		'{"Machine":{"name":"trainer","machineType":"C5","templateId":"t0nspur5","diskSize":50,"region":"ny2","startOnCreate":true}}'
	temporal workflow execute --address %[1]s --task-queue %[2]s --type Deprovision --workflow-id trainer --input '{"Name":"trainer"}'

`, server.GetFrontendHostPort(), queue)
	return w.Run(worker.InterruptCh())
}

// open returns a client of the namespace "default", which it registers first.
func open(server *temporaltest.TestServer) (client.Client, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	address := server.GetFrontendHostPort()
	namespaces, err := client.NewNamespaceClient(client.Options{HostPort: address})
	if err != nil {
		return nil, err
	}
	defer namespaces.Close()
	if err := namespaces.Register(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: "default", WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	}); err != nil {
		return nil, err
	}
	for { // it takes a while
		_, err := namespaces.Describe(ctx, "default")
		if _, missing := errors.AsType[*serviceerror.NamespaceNotFound](err); !missing {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	return client.DialContext(ctx, client.Options{HostPort: address})
}

func connect(limiter *rate.Limiter) (*paperspace.Client, error) {
	if os.Getenv("PAPERSPACE_API_KEY") != "" {
		return paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("paperspace-devserver"),
			paperspace.WithLimiter(limiter))
	}
	return paperspacetest.NewServer(paperspacetest.WithSpeed(60), paperspacetest.WithoutCalls()).Client(), nil
}
