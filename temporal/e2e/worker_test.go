package e2e

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.temporal.io/server/temporaltest"
	"golang.org/x/time/rate"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
	paperspacetemporal "github.com/paperspace-go/paperspace/temporal"
)

const queue = "paperspace"

// The settings of a worker process.
const (
	workerVariable    = "E2E_WORKER"
	addressVariable   = "E2E_ADDRESS"
	namespaceVariable = "E2E_NAMESPACE"
	urlVariable       = "E2E_URL"
	rateVariable      = "E2E_RATE"
	buildVariable     = "E2E_BUILD"
)

// deployment is the name of the workers' deployment where they have builds.
const deployment = "paperspace-workers"

// TestMain makes the test's binary a worker, where it is started as one.
func TestMain(m *testing.M) {
	if os.Getenv(workerVariable) == "" {
		os.Exit(m.Run())
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, os.Getenv(workerVariable), err)
		os.Exit(1)
	}
}

// work is a worker until its standard input ends: with the test, however that ends.
func work() error {
	requests, err := strconv.ParseFloat(os.Getenv(rateVariable), 64)
	if err != nil {
		return err
	}
	pace := &pacer{limiter: rate.NewLimiter(rate.Limit(requests), 1), granted: make(chan time.Time, 1000)}
	paperspaceClient, err := paperspace.NewClient(paperspace.WithBaseURL(os.Getenv(urlVariable)),
		paperspace.WithAPIKey(paperspacetest.DefaultKey), paperspace.WithUserAgent(os.Getenv(workerVariable)),
		paperspace.WithLimiter(pace), paperspace.WithHTTPClient(&http.Client{Transport: stamped{http.DefaultTransport, pace}}))
	if err != nil {
		return err
	}
	temporalClient, err := client.Dial(client.Options{
		HostPort: os.Getenv(addressVariable), Namespace: os.Getenv(namespaceVariable), Logger: quiet(),
	})
	if err != nil {
		return err
	}
	defer temporalClient.Close()
	options := paperspacetemporal.WorkerOptions(requests)
	build := os.Getenv(buildVariable)
	if build != "" {
		options.DeploymentOptions = worker.DeploymentOptions{
			UseVersioning: true, Version: worker.WorkerDeploymentVersion{DeploymentName: deployment, BuildID: build},
		}
	}
	w := worker.New(temporalClient, queue, options)
	paperspacetemporal.Register(w, paperspaceClient)
	if build == "b" {
		w.RegisterWorkflowWithOptions(changedProvision, workflow.RegisterOptions{
			Name: "Provision", VersioningBehavior: workflow.VersioningBehaviorPinned, DisableAlreadyRegisteredCheck: true,
		})
	}
	end := make(chan any)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(end)
	}()
	return w.Run(end)
}

// changedProvision begins with other commands than Provision, so that neither can replay the other's history.
func changedProvision(ctx workflow.Context, in paperspacetemporal.ProvisionInput) (*paperspacetemporal.ProvisionResult, error) {
	if err := workflow.Sleep(ctx, 100*time.Millisecond); err != nil {
		return nil, err
	}
	return paperspacetemporal.Provision(ctx, in)
}

// The headers that say when a worker sent a request, which a busy machine may receive later, and when its limiter let
// it through.
const (
	sentHeader    = "X-Sent"
	grantedHeader = "X-Granted"
)

// pacer is a limiter that remembers when it let requests through.
type pacer struct {
	limiter *rate.Limiter
	granted chan time.Time
}

func (p *pacer) Wait(ctx context.Context) error {
	now := time.Now()
	reservation := p.limiter.ReserveN(now, 1)
	delay := reservation.DelayFrom(now)
	select {
	case <-time.After(delay):
		p.granted <- now.Add(delay)
		return nil
	case <-ctx.Done():
		reservation.Cancel()
		return ctx.Err()
	}
}

// stamped adds the times to requests.
type stamped struct {
	http.RoundTripper
	pace *pacer
}

func (s stamped) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	select {
	case granted := <-s.pace.granted:
		r.Header.Set(grantedHeader, granted.Format(time.RFC3339Nano))
	default: // it did not ask
	}
	r.Header.Set(sentHeader, time.Now().Format(time.RFC3339Nano))
	return s.RoundTripper.RoundTrip(r)
}

func quiet() log.Logger { return log.NewStructuredLogger(slog.New(slog.DiscardHandler)) }

// startWorker starts a process with a worker, and ends it with the test. The rate is in requests a second.
func startWorker(t *testing.T, ts *temporaltest.TestServer, g *gateway, name string, rate float64) *exec.Cmd {
	t.Helper()
	return startBuild(t, ts, g, name, rate, "")
}

// startBuild starts a worker with a build ID.
func startBuild(t *testing.T, ts *temporaltest.TestServer, g *gateway, name string, rate float64, build string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), workerVariable+"="+name, addressVariable+"="+ts.GetFrontendHostPort(),
		namespaceVariable+"="+ts.GetDefaultNamespace(), urlVariable+"="+g.url, buildVariable+"="+build,
		rateVariable+"="+strconv.FormatFloat(rate, 'g', -1, 64))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGCONT)
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	return cmd
}

// newTemporal starts a server, and stops it with the test.
func newTemporal(t *testing.T) (*temporaltest.TestServer, client.Client) {
	t.Helper()
	ts := temporaltest.NewServer(temporaltest.WithT(t), temporaltest.WithBaseClientOptions(client.Options{Logger: quiet()}))
	return ts, ts.GetDefaultClient()
}
