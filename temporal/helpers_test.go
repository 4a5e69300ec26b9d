package paperspacetemporal

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

const name = "trainer"

var trainer = paperspace.MachineCreateParams{
	Name: name, MachineType: "C5", TemplateID: paperspacetest.UbuntuID, DiskSize: 50, Region: paperspace.RegionNY2,
	StartOnCreate: new(true),
}

// world is Temporal's test environment, whose clock jumps over waits, and a Paperspace that goes by the same clock.
type world struct {
	*testsuite.TestWorkflowEnvironment
	srv        *paperspacetest.Server
	client     *paperspace.Client
	activities *Activities
	ahead      time.Duration // of Paperspace's clock, before the workflow begins
}

func newWorld(t *testing.T, workflowID string) *world {
	t.Helper()
	w := bareWorld(t, workflowID)
	register(w, w.activities)
	return w
}

// bareWorld has nothing registered.
func bareWorld(t *testing.T, workflowID string) *world {
	t.Helper()
	suite := testsuite.WorkflowTestSuite{}
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	w := &world{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment()}
	w.SetStartWorkflowOptions(StartOptions("paperspace", workflowID))
	w.SetTestTimeout(time.Minute)
	w.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute}) // the machine may be busy
	w.srv = paperspacetest.New(t, paperspacetest.WithClock(func() time.Time { return w.Now().Add(w.ahead) }))
	w.client = w.srv.Client()
	w.activities = newActivities(w.client)
	var mu sync.Mutex
	first := map[string]time.Time{} // when an activity was first attempted, by the test environment's clock
	w.activities.elapsed = func(info activity.Info) time.Duration {
		mu.Lock()
		defer mu.Unlock()
		key := info.WorkflowExecution.RunID + "/" + info.ActivityID
		if first[key].IsZero() {
			first[key] = w.Now()
		}
		return w.Now().Sub(first[key])
	}
	return w
}

// create creates a machine that exists before the workflow begins.
func (w *world) create(t *testing.T, name string) string {
	t.Helper()
	params := trainer
	params.Name = name
	op, err := w.client.Machines.Create(t.Context(), params)
	require.NoError(t, err)
	return op.Data.ID
}

// wait moves Paperspace's clock until the machine is in the state.
func (w *world) wait(t *testing.T, id string, state paperspace.MachineState) {
	t.Helper()
	for range 100 {
		m, err := w.client.Machines.Get(t.Context(), id)
		require.NoError(t, err)
		if m.State == state {
			return
		}
		w.ahead += 10 * time.Second
	}
	t.Fatalf("machine %s never became %s", id, state)
}

// ids returns the IDs of all machines, by name.
func (w *world) ids(t *testing.T) map[string][]string {
	t.Helper()
	ids := map[string][]string{}
	for m, err := range w.client.Machines.All(t.Context(), paperspace.MachineListParams{}) {
		require.NoError(t, err)
		ids[m.Name] = append(ids[m.Name], m.ID)
	}
	return ids
}

// hide lets lists leave out the machines for which it returns true.
func (w *world) hide(hidden func(id string) bool) {
	client, err := paperspace.NewClient(paperspace.WithBaseURL(w.srv.URL()), paperspace.WithAPIKey(w.srv.Key()),
		paperspace.WithHTTPClient(&http.Client{Transport: laggingLists{w.srv.HTTPClient().Transport, hidden}}))
	if err != nil {
		panic(err)
	}
	w.activities.client = client
}

// laggingLists leaves machines out of lists.
type laggingLists struct {
	http.RoundTripper
	hidden func(id string) bool
}

func (l laggingLists) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.RoundTripper.RoundTrip(r)
	if err != nil || r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/machines") || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	var page map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		return nil, err
	}
	page["items"] = slices.DeleteFunc(page["items"].([]any), func(item any) bool { return l.hidden(item.(map[string]any)["id"].(string)) })
	body, err := json.Marshal(page)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp.Header.Del("Content-Length")
	return resp, err
}

// provision runs the workflow, and returns how long it took by the test environment's clock.
func (w *world) provision(in ProvisionInput) (*ProvisionResult, time.Duration, error) {
	start := w.Now()
	w.ExecuteWorkflow(Provision, in)
	took := w.Now().Sub(start)
	if err := w.GetWorkflowError(); err != nil {
		return nil, took, err
	}
	var result ProvisionResult
	err := w.GetWorkflowResult(&result)
	return &result, took, err
}

func requireType(t *testing.T, kind string, err error) *temporal.ApplicationError {
	t.Helper()
	var e *temporal.ApplicationError
	require.ErrorAs(t, err, &e)
	require.Equal(t, kind, e.Type(), "%v", err)
	return e
}
