package consumer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// Programs define interfaces with the few methods that they call, and fakes for them.
type (
	starter interface {
		EnsureReady(ctx context.Context, id string, opts ...paperspace.WaitOption) (*paperspace.Machine, error)
	}
	lister[T, P any] interface {
		List(ctx context.Context, params P, opts ...paperspace.RequestOption) (*paperspace.Page[T], error)
		All(ctx context.Context, params P, opts ...paperspace.RequestOption) iter.Seq2[T, error]
	}
	fakeStarter map[string]*paperspace.Machine
)

var (
	_ starter                                                        = (*paperspace.MachinesService)(nil)
	_ lister[paperspace.Machine, paperspace.MachineListParams]       = (*paperspace.MachinesService)(nil)
	_ lister[paperspace.Deployment, paperspace.DeploymentListParams] = (*paperspace.DeploymentsService)(nil)
	_ lister[paperspace.Dataset, paperspace.DatasetListParams]       = (*paperspace.DatasetsService)(nil)
	_ lister[paperspace.OSTemplate, paperspace.OSTemplateListParams] = (*paperspace.OSTemplatesService)(nil)
	_ interface {
		Wait(context.Context, ...paperspace.WaitOption) (*paperspace.Machine, error)
	} = (*paperspace.Operation[paperspace.Machine])(nil)
)

func (f fakeStarter) EnsureReady(_ context.Context, id string, _ ...paperspace.WaitOption) (*paperspace.Machine, error) {
	if m := f[id]; m != nil {
		return m, nil
	}
	return nil, &paperspace.Error{Endpoint: "machines-get", Code: "FORBIDDEN", StatusCode: http.StatusForbidden}
}

func address(ctx context.Context, s starter, id string) (string, error) {
	m, err := s.EnsureReady(ctx, id, paperspace.WithWaitTimeout(time.Minute))
	if err != nil {
		return "", fmt.Errorf("no address: %w", err)
	}
	return m.PublicIP, nil
}

func TestOwnFakes(t *testing.T) {
	fake := fakeStarter{"ps1": {ID: "ps1", PublicIP: "10.0.0.1"}}
	ip, err := address(t.Context(), fake, "ps1")
	require.NoError(t, err)
	assert.Equal(t, "10.0.0.1", ip)
	_, err = address(t.Context(), fake, "ps2")
	assert.ErrorIs(t, err, paperspace.ErrForbidden)
}

var trainer = paperspace.MachineCreateParams{
	Name: "trainer", MachineType: "A4000", TemplateID: paperspacetest.UbuntuID, DiskSize: 100,
	Region: paperspace.RegionNY2, StartOnCreate: new(true),
}

func TestMachineOverSocket(t *testing.T) {
	srv := paperspacetest.New(t, paperspacetest.WithSpeed(20_000))
	listener := httptest.NewServer(srv)
	defer listener.Close()
	t.Setenv("PAPERSPACE_API_KEY", srv.Key()+"\n")
	t.Setenv("PAPERSPACE_API_URL", listener.URL+"/v1")

	var logged bytes.Buffer
	var requests []string
	client, err := paperspace.NewClient(
		paperspace.FromEnv(),
		paperspace.WithHTTPClient(&http.Client{Transport: recorder{listener.Client().Transport, &requests}}),
		paperspace.WithLogger(slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		paperspace.WithUserAgent("consumer/1.0"),
		paperspace.WithPollInterval(time.Millisecond, 10*time.Millisecond),
		paperspace.WithRetryPolicy(paperspace.RetryPolicy{MaxAttempts: 3, MinDelay: time.Millisecond, MaxDelay: time.Millisecond}),
	)
	require.NoError(t, err)
	defer client.CloseIdleConnections()

	op, err := client.Machines.Create(t.Context(), trainer)
	require.NoError(t, err)
	_, err = op.Wait(t.Context())
	require.NoError(t, err)
	ip, err := address(t.Context(), client.Machines, op.Data.ID)
	require.NoError(t, err)
	assert.NotEmpty(t, ip)
	deletion, err := client.Machines.Delete(t.Context(), op.Data.ID)
	require.NoError(t, err)
	for event, err := range deletion.Watch(t.Context()) {
		require.NoError(t, err)
		assert.Equal(t, op.Data.ID, event.MachineID)
	}
	_, err = client.Machines.Get(t.Context(), op.Data.ID)
	assert.ErrorIs(t, err, paperspace.ErrNotFound)

	assert.Contains(t, requests, "machines-create /machines 1")
	assert.Contains(t, requests, "machines-get /machines/{id} 1")
	assert.Contains(t, logged.String(), "endpoint=machines-create")
	assert.NotContains(t, logged.String(), op.Data.ID)
	assert.NotContains(t, fmt.Sprintf("%+v", client), srv.Key())
	for _, c := range srv.Calls() {
		assert.True(t, strings.HasPrefix(c.Header.Get("User-Agent"), "consumer/1.0 paperspace-go/"))
	}
}

// recorder is a RoundTripper that records the endpoints of requests.
type recorder struct {
	http.RoundTripper
	requests *[]string
}

func (r recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	info, ok := paperspace.EndpointFromContext(req.Context())
	*r.requests = append(*r.requests, strings.TrimSpace(fmt.Sprint(info.Endpoint, " ", info.PathTemplate, " ", info.Attempt)))
	if !ok {
		return nil, errors.New("not a request of the SDK")
	}
	return r.RoundTripper.RoundTrip(req)
}

// An operation is sent through a queue, and another process waits for it.
func TestOperationThroughAQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := paperspacetest.New(t)
		op, err := srv.Client().Machines.Create(t.Context(), trainer)
		require.NoError(t, err)
		message, err := json.Marshal(op)
		require.NoError(t, err)

		var received paperspace.Operation[paperspace.Machine]
		require.NoError(t, json.Unmarshal(message, &received))
		assert.Equal(t, op.Data.ID, received.Data.ID)
		_, err = received.Wait(t.Context())
		require.Error(t, err, "a decoded operation has no client")

		elsewhere := srv.Client()
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = elsewhere.MachineEvents.Wait(short, []string{received.Event.ID})
		pending, ok := errors.AsType[*paperspace.WaitError](err)
		require.True(t, ok, "%v", err)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		events, err := elsewhere.MachineEvents.Wait(t.Context(), pending.IDs)
		require.NoError(t, err)
		assert.Equal(t, paperspace.MachineEventStateDone, events[0].State)
		assert.True(t, events[0].Finished())
	})
}

// errors.Is and errors.As find the SDK's errors through further wrapping.
func TestErrors(t *testing.T) {
	srv := paperspacetest.New(t)
	client := srv.Client()
	wrap := func(_ any, err error) error { return fmt.Errorf("reconcile: %w", err) }

	err := wrap(client.Machines.Get(t.Context(), "psnothing0000"))
	require.ErrorIs(t, err, paperspace.ErrNotFound)
	apiError, ok := errors.AsType[*paperspace.Error](err)
	require.True(t, ok)
	assert.Equal(t, "machines-get", apiError.Endpoint)
	assert.Equal(t, http.StatusNotFound, apiError.StatusCode)
	assert.Equal(t, 1, apiError.Attempts)
	assert.NotEmpty(t, apiError.RequestID)

	err = wrap(client.Machines.Get(t.Context(), ".."))
	paramError, ok := errors.AsType[*paperspace.ParamError](err)
	require.True(t, ok)
	assert.Equal(t, "machines-get", paramError.Endpoint)

	srv.Inject(paperspacetest.Fault{Endpoint: "projects-create", Times: 1, Cut: true, CarriedOut: true})
	err = wrap(client.Projects.Create(t.Context(), paperspace.ProjectCreateParams{Name: "search"}))
	require.ErrorIs(t, err, paperspace.ErrOutcomeUnknown)
	projects, err := paperspace.Collect(client.Projects.All(t.Context(), paperspace.ProjectListParams{}))
	require.NoError(t, err)
	require.Len(t, projects, 1)
	assert.Equal(t, "search", projects[0].Name)

	keyless, err := paperspace.NewClient(paperspace.WithBaseURL(srv.URL()), paperspace.WithHTTPClient(srv.HTTPClient()))
	require.NoError(t, err)
	_, err = keyless.Auth.Session(t.Context())
	assert.ErrorIs(t, err, paperspace.ErrNoAPIKey)
	_, err = keyless.OSTemplates.List(t.Context(), paperspace.OSTemplateListParams{})
	assert.NoError(t, err)
}

// A reconciler compares the wanted state with the current one and sends the difference.
func TestReconcileADescription(t *testing.T) {
	client := paperspacetest.New(t).Client()
	dataset, err := client.Datasets.Create(t.Context(), paperspace.DatasetCreateParams{
		Name: "images", Description: paperspace.Value("cats"),
	})
	require.NoError(t, err)
	for _, wanted := range []*string{new("dogs"), nil, nil} {
		if !reflect.DeepEqual(dataset.Description, wanted) {
			dataset, err = client.Datasets.Update(t.Context(), dataset.ID, paperspace.DatasetUpdateParams{
				Description: paperspace.NullableFrom(wanted),
			})
			require.NoError(t, err)
		}
		assert.Equal(t, wanted, dataset.Description)
	}
}

// A deployment's config is read from a file.
func TestDeployFromAFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := paperspacetest.New(t).Client()
		project, err := client.Projects.Create(t.Context(), paperspace.ProjectCreateParams{Name: "search"})
		require.NoError(t, err)
		var config paperspace.DeploymentConfig
		require.NoError(t, json.Unmarshal([]byte(`{
			"apiVersion": "v1", "name": "api", "image": "nginx:1.29", "env": [{"name": "TOKEN", "value": "hush"}],
			"resources": {"machineType": "C5", "ports": [80], "replicas": 2}
		}`), &config))
		assert.NotContains(t, fmt.Sprintf("%+v", config.V1), "hush")

		deployment, err := client.Deployments.Apply(t.Context(), paperspace.DeploymentUpsertParams{
			ProjectID: project.ID, Config: config,
		}, paperspace.WithWaitTimeout(10*time.Minute))
		require.NoError(t, err)
		assert.False(t, deployment.LatestSpec.HealthyAt.IsZero())
		found, err := client.Deployments.GetByName(t.Context(), project.ID, "api")
		require.NoError(t, err)
		assert.Equal(t, deployment.ID, found.ID)
	})
}

// Programs can send and read what the SDK does not support yet.
func TestEscapeHatches(t *testing.T) {
	srv := paperspacetest.New(t)
	client := srv.Client()
	var response paperspace.Response
	_, err := client.Projects.List(t.Context(), paperspace.ProjectListParams{ListParams: paperspace.ListParams{Limit: 5}},
		paperspace.WithHeader("X-Trace", "1"), paperspace.WithTimeout(time.Minute), paperspace.WithResponse(&response))
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, "1", srv.Calls("projects-list")[0].Header.Get("X-Trace"))
	assert.True(t, json.Valid(response.Body))

	var session struct {
		Team struct {
			ID string `json:"id"`
		} `json:"team"`
	}
	require.NoError(t, client.Do(t.Context(), paperspace.Request{Method: http.MethodGet, Path: "/auth/session"}, &session))
	assert.Equal(t, paperspacetest.TeamID, session.Team.ID)
}

// Programs log params as JSON. Params decoded from such a log have masked secrets, which are refused.
func TestSecretsInLogs(t *testing.T) {
	client := paperspacetest.New(t).Client()
	params := paperspace.StartupScriptCreateParams{Name: "setup", Script: "echo hush"}
	logged, err := json.Marshal(map[string]any{"params": params, "client": client})
	require.NoError(t, err)
	assert.NotContains(t, string(logged), "hush")
	assert.NotContains(t, string(logged), paperspacetest.DefaultKey)

	var replayed struct {
		Params paperspace.StartupScriptCreateParams
	}
	require.NoError(t, json.Unmarshal(logged, &replayed))
	_, err = client.StartupScripts.Create(t.Context(), replayed.Params)
	require.ErrorAs(t, err, new(*paperspace.ParamError))
	_, err = client.StartupScripts.Create(t.Context(), params)
	assert.NoError(t, err)
}

// A hook counts attempts, on a second client derived from the first.
func TestHooks(t *testing.T) {
	counts := map[string]int{}
	client := paperspacetest.New(t).Client()
	counted, err := client.With(paperspace.WithHook(
		func(ctx context.Context, info paperspace.CallInfo) (context.Context, func(paperspace.CallResult)) {
			return ctx, func(r paperspace.CallResult) { counts[info.Endpoint] += len(r.Attempts) }
		}))
	require.NoError(t, err)
	for _, c := range []*paperspace.Client{client, counted} {
		for template, err := range c.OSTemplates.All(t.Context(), paperspace.OSTemplateListParams{}) {
			require.NoError(t, err)
			assert.NotEmpty(t, template.ID)
		}
	}
	assert.Equal(t, map[string]int{"osTemplates-list": 1}, counts)
}

func TestEveryServiceIsSet(t *testing.T) {
	client, err := paperspace.NewClient(paperspace.WithAPIKey("key"))
	require.NoError(t, err)
	services := 0
	for field, value := range reflect.ValueOf(client).Elem().Fields() {
		if field.IsExported() && strings.HasSuffix(field.Type.String(), "Service") {
			services++
			assert.False(t, value.IsNil(), field.Name)
		}
	}
	assert.Positive(t, services)
}

// Programs read values from files and flags.
func TestValues(t *testing.T) {
	region, err := paperspace.ParseRegion("East Coast (NY2)")
	require.NoError(t, err)
	assert.Equal(t, paperspace.RegionNY2, region)
	perRegion := map[paperspace.Region]int{region: 1}
	assert.Equal(t, 1, perRegion[paperspace.RegionNY2])

	var machine paperspace.Machine
	require.NoError(t, json.Unmarshal([]byte(`{"id":"ps1","state":"dreaming","ram":"8589934592","region":"Europe (AMS1)","dtDeleted":null}`), &machine))
	assert.False(t, machine.State.Known())
	assert.Equal(t, paperspace.Bytes(8<<30), machine.RAM)
	assert.Equal(t, paperspace.RegionAMS1, machine.Region)
	assert.True(t, machine.DeletedAt.IsZero())
}
