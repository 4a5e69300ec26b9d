// Kubernetes is a controller that keeps Paperspace machines as custom resources describe them. It shows how the SDK fits
// into controller-runtime: steps that return within seconds, a finalizer, conditions, lost responses, and crashes.
//
//	kubernetes            reconciles a machine with an in-memory cluster and an in-memory Paperspace
//	kubernetes -cluster   runs in the cluster of the current kubeconfig, which needs crd.yaml, and with the API key from
//	                      PAPERSPACE_API_KEY; machines cost money until their resources are deleted
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func main() {
	inCluster := flag.Bool("cluster", false, "run in a cluster, with the real Paperspace")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := demonstrate
	if *inCluster {
		run = runManager
	}
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func runManager(ctx context.Context) error {
	ctrl.SetLogger(logr.FromSlogHandler(slog.Default().Handler()))
	paperspaceClient, err := paperspace.NewClient(paperspace.FromEnv(), paperspace.WithUserAgent("kubernetes-example"))
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := addToScheme(scheme); err != nil {
		return err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(config, ctrl.Options{Scheme: scheme})
	if err != nil {
		return err
	}
	if err := (&Reconciler{mgr.GetClient(), paperspaceClient}).SetupWithManager(mgr); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

// demonstrate creates a machine, whose create loses its response, and deletes it. Twenty seconds pass in one.
func demonstrate(ctx context.Context) error {
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(20))
	srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Cut: true, CarriedOut: true})
	r := &Reconciler{newFakeClient(), srv.Client(paperspace.WithPollInterval(50*time.Millisecond, 500*time.Millisecond))}
	m := &Machine{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "trainer", UID: "7f3a"},
		Spec:       MachineSpec{MachineType: "C5", TemplateID: paperspacetest.UbuntuID, DiskSize: 50, Region: paperspace.RegionNY2},
	}
	if err := r.Create(ctx, m); err != nil {
		return err
	}
	if err := untilDone(ctx, r, m); err != nil {
		return err
	}
	if err := r.Delete(ctx, m); err != nil {
		return err
	}
	return untilDone(ctx, r, m)
}

// untilDone takes steps until there is nothing left to do, as the queue of a controller does.
func untilDone(ctx context.Context, r *Reconciler, m *Machine) error {
	for {
		result, err := r.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(m)})
		if err != nil {
			return err
		}
		var now Machine
		switch err := r.Get(ctx, client.ObjectKeyFromObject(m), &now); {
		case client.IgnoreNotFound(err) != nil:
			return err
		case err != nil:
			fmt.Println("the resource is gone")
		default:
			ready := now.Status.Conditions[0]
			fmt.Printf("Ready=%s %s: %s\n", ready.Status, ready.Reason, ready.Message)
		}
		if result.RequeueAfter == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(result.RequeueAfter / 20):
		}
	}
}

// newFakeClient returns a client of an in-memory cluster.
func newFakeClient(objects ...client.Object) client.WithWatch {
	scheme := runtime.NewScheme()
	if err := addToScheme(scheme); err != nil {
		panic(err)
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&Machine{}).WithObjects(objects...).Build()
}
