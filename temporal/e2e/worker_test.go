package e2e

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/server/temporaltest"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
	paperspacetemporal "github.com/paperspace-go/paperspace/temporal"
)

const queue = "paperspace"

// What a worker of its own process is told.
const (
	workerVariable    = "E2E_WORKER"
	addressVariable   = "E2E_ADDRESS"
	namespaceVariable = "E2E_NAMESPACE"
	urlVariable       = "E2E_URL"
	rateVariable      = "E2E_RATE"
)

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
	rate, err := strconv.ParseFloat(os.Getenv(rateVariable), 64)
	if err != nil {
		return err
	}
	paperspaceClient, err := paperspace.NewClient(paperspace.WithBaseURL(os.Getenv(urlVariable)),
		paperspace.WithAPIKey(paperspacetest.DefaultKey), paperspace.WithUserAgent(os.Getenv(workerVariable)))
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
	w := worker.New(temporalClient, queue, worker.Options{TaskQueueActivitiesPerSecond: rate})
	paperspacetemporal.Register(w, paperspaceClient)
	end := make(chan any)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(end)
	}()
	return w.Run(end)
}

func quiet() log.Logger { return log.NewStructuredLogger(slog.New(slog.DiscardHandler)) }

// startWorker starts a process with a worker, and ends it with the test.
func startWorker(t *testing.T, ts *temporaltest.TestServer, g *gateway, name string, rate float64) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), workerVariable+"="+name, addressVariable+"="+ts.GetFrontendHostPort(),
		namespaceVariable+"="+ts.GetDefaultNamespace(), urlVariable+"="+g.url, rateVariable+"="+strconv.FormatFloat(rate, 'g', -1, 64))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
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
