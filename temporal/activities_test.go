package paperspacetemporal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// Whether Temporal repeats what failed, and when.
func TestFailure(t *testing.T) {
	own := func(method string, status int) error {
		return &paperspace.Error{Endpoint: "op", Method: method, StatusCode: status, Code: "CODE", Message: "no"}
	}
	other := func(method string, status int) error {
		return &paperspace.Error{Endpoint: "op", Method: method, StatusCode: status}
	}
	after := func(status int, delay time.Duration) error {
		return &paperspace.Error{Endpoint: "op", StatusCode: status, RetryAfter: delay}
	}
	for _, c := range []struct {
		err      error
		kind     string
		repeated bool
		delay    time.Duration
	}{
		{err: &paperspace.Error{StatusCode: 500, OutcomeUnknown: true}, kind: ErrorOutcomeUnknown, repeated: true},
		{err: &paperspace.Error{OutcomeUnknown: true, Err: errors.New("connection reset")}, kind: ErrorOutcomeUnknown, repeated: true},
		{err: errors.New("nobody knows"), kind: ErrorOutcomeUnknown, repeated: true},
		{err: &paperspace.Error{Method: "POST", Err: errors.New("connection refused")}, kind: ErrorUnavailable, repeated: true},
		{err: after(429, time.Minute), kind: ErrorUnavailable, repeated: true, delay: time.Minute},
		{err: after(429, 30*24*time.Hour), kind: ErrorUnavailable, repeated: true, delay: maxRetryAfter},
		{err: own("POST", 429), kind: ErrorUnavailable, repeated: true},
		{err: other("POST", 429), kind: ErrorUnavailable, repeated: true},

		{err: own("GET", 408), kind: ErrorUnavailable, repeated: true},
		{err: own("GET", 425), kind: ErrorUnavailable, repeated: true},
		{err: own("GET", 499), kind: ErrorUnavailable, repeated: true},
		{err: own("GET", 502), kind: ErrorUnavailable, repeated: true},
		{err: own("GET", 200), kind: ErrorUnavailable, repeated: true},
		{err: other("GET", 302), kind: ErrorUnavailable, repeated: true},
		{err: other("GET", 400), kind: ErrorUnavailable, repeated: true},
		{err: other("GET", 401), kind: ErrorUnavailable, repeated: true},
		{err: other("GET", 403), kind: ErrorUnavailable, repeated: true},
		{err: other("GET", 404), kind: ErrorUnavailable, repeated: true},
		{err: other("GET", 407), kind: ErrorUnavailable, repeated: true},
		{err: other("POST", 401), kind: ErrorOutcomeUnknown, repeated: true},
		{err: other("POST", 403), kind: ErrorOutcomeUnknown, repeated: true},
		{err: other("POST", 404), kind: ErrorOutcomeUnknown, repeated: true},

		{err: fmt.Errorf("%w", paperspace.ErrNotFound), kind: ErrorNotFound},
		{err: own("GET", 400), kind: ErrorRefused},
		{err: own("GET", 401), kind: ErrorRefused},
		{err: own("POST", 403), kind: ErrorRefused},
		{err: own("POST", 409), kind: ErrorRefused},
		{err: own("POST", 422), kind: ErrorRefused},
		{err: &paperspace.ParamError{Field: "name", Reason: "is required"}, kind: ErrorRefused},
		{err: fmt.Errorf("%w, and machines-list needs one", paperspace.ErrNoAPIKey), kind: ErrorRefused},
	} {
		t.Run(fmt.Sprintf("%s %v", c.kind, c.err), func(t *testing.T) {
			e := requireType(t, c.kind, (&request{}).failure(c.err))
			require.Equal(t, c.repeated, !e.NonRetryable())
			require.Equal(t, c.delay, e.NextRetryDelay())
			require.Equal(t, c.err.Error(), e.Message())
		})
	}
}

// The policy of an activity may allow for more than 5 minutes, and its ScheduleToClose for less: Temporal fails an
// activity at once whose next attempt lies after it.
func TestRetryDelay(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		retryAfter time.Duration
		info       activity.Info
		want       time.Duration
	}{
		{0, activity.Info{}, 0},
		{time.Minute, activity.Info{}, time.Minute},
		{time.Hour, activity.Info{}, 5 * time.Minute},
		{time.Hour, activity.Info{RetryPolicy: &temporal.RetryPolicy{MaximumInterval: time.Minute}}, 5 * time.Minute},
		{time.Hour, activity.Info{RetryPolicy: &temporal.RetryPolicy{MaximumInterval: 30 * time.Minute}}, 30 * time.Minute},
		{time.Hour, activity.Info{ScheduleToCloseTimeout: 10 * time.Minute, ScheduledTime: start, StartedTime: start.Add(8 * time.Minute)}, time.Minute},
		{time.Hour, activity.Info{ScheduleToCloseTimeout: 10 * time.Minute, ScheduledTime: start, StartedTime: start.Add(20 * time.Minute)}, 0},
	} {
		require.Equal(t, c.want, retryDelay(c.retryAfter, c.info), "%+v", c)
	}
}

// Texts go into histories bounded, as valid UTF-8, and without the API key.
func TestErrorText(t *testing.T) {
	r := &request{}
	r.wrote("authorization", []string{"Bearer s3cr3t"})
	for text, want := range map[string]string{
		"refused Bearer s3cr3t":                 "refused Bearer [REDACTED]",
		"the key s3cr3t is unknown":             "the key [REDACTED] is unknown",
		`{"authorization":"bearer other-key"}`:  `{"authorization":"bearer [REDACTED]"}`,
		"authorization=Basic%20dXNlcjpwYXNz&x=": "authorization=Basic [REDACTED]&x=",
		"a\xffb":                                "a\uFFFDb",
		strings.Repeat("<", maxText):            strings.Repeat("<", maxText/6),
	} {
		require.Equal(t, want, r.text(errors.New(text)))
	}
	require.Equal(t, "a\uFFFDb", clip("a\xffb", 100))
	for _, text := range []string{"plain", `quotes "\`, "<html>&\u2028", "\x00\x1f\n\t\x7f", "äöü€😀\xff\uFFFD"} {
		encoded, err := json.Marshal(strings.ToValidUTF8(text, "\uFFFD"))
		require.NoError(t, err)
		require.LessOrEqual(t, len(encoded)-2, encodedSize(strings.ToValidUTF8(text, "\uFFFD")), "%q", text)
		for most := range 40 {
			encoded, err := json.Marshal(clip(text, most))
			require.NoError(t, err)
			require.LessOrEqual(t, len(encoded)-2, most)
		}
	}
}

// A firewall that repeats the request's headers does not bring the API key into the history.
func TestNoKeyInTheHistory(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		_, _ = fmt.Fprintf(w, `{"message":"no access for %s (%s)","code":"FORBIDDEN"}`, key, r.Header.Get("Authorization"))
	}))
	defer server.Close()
	client, err := paperspace.NewClient(paperspace.WithBaseURL(server.URL+"/v1"), paperspace.WithAPIKey("s3cr3t-k3y"))
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	w := newWorld(t, name)
	w.activities.client = client
	_, _, err = w.provision(ProvisionInput{Machine: trainer})
	requireType(t, ErrorRefused, err)
	require.ErrorContains(t, err, "no access for [REDACTED] (Bearer [REDACTED])")
	require.NotContains(t, fmt.Sprintf("%+v", err), "s3cr3t")
}

// The request has to be over before Temporal gives the activity up, whenever this process got to it.
func TestRequestTime(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		what string
		info activity.Info
		late time.Duration // the worker's clock ahead of Temporal's
		want time.Duration
	}{
		{"at once", activity.Info{StartToCloseTimeout: 80 * time.Second}, 0, 60 * time.Second},
		{"late", activity.Info{StartToCloseTimeout: 80 * time.Second}, 20 * time.Second, 40 * time.Second},
		{"after a suspension: nothing is sent", activity.Info{StartToCloseTimeout: 80 * time.Second}, time.Hour, time.Minute - time.Hour},
		{"with a slow clock", activity.Info{StartToCloseTimeout: 80 * time.Second}, -time.Hour, 60 * time.Second},
		{"with ScheduleToClose only", activity.Info{ScheduleToCloseTimeout: 40 * time.Second, ScheduledTime: start}, 0, 30 * time.Second},
		{"after 20 s in the queue", activity.Info{ScheduleToCloseTimeout: 40 * time.Second, ScheduledTime: start.Add(-20 * time.Second)}, 0, 15 * time.Second},
		{"with both", activity.Info{
			StartToCloseTimeout: 80 * time.Second, ScheduleToCloseTimeout: 100 * time.Second, ScheduledTime: start.Add(-time.Minute),
		}, 0, 30 * time.Second},
	} {
		c.info.StartedTime = start
		require.Equal(t, c.want, requestTime(c.info, start.Add(c.late)), c.what)
	}
}

// Await waits until its limit has passed, by what a response says after it.
func TestAwaitLimit(t *testing.T) {
	for _, c := range []struct {
		elapsed time.Duration
		in      AwaitInput
		final   bool
		kind    string
	}{
		{time.Hour, AwaitInput{}, false, ErrorPending},
		{time.Hour, AwaitInput{Limit: 2 * time.Hour}, false, ErrorPending},
		{time.Hour, AwaitInput{Limit: time.Hour}, true, ErrorPending},
		{time.Hour, AwaitInput{Limit: time.Hour, ListedAs: "another"}, true, ErrorListLag},
	} {
		w := newWorld(t, name)
		w.activities.elapsed = func(activity.Info) time.Duration { return c.elapsed }
		c.in.MachineID = w.create(t, name)
		w.ExecuteWorkflow(func(ctx workflow.Context) error {
			ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
				StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
			})
			var a *Activities
			return workflow.ExecuteActivity(ctx, a.Await, c.in).Get(ctx, nil)
		})
		require.Equal(t, c.final, requireType(t, c.kind, w.GetWorkflowError()).NonRetryable(), "%+v", c)
	}
}

// A duration that is too short to be meant is refused before anything is sent.
func TestTimingCheck(t *testing.T) {
	for _, wrong := range []Timing{
		{Settle: 120}, {Request: -time.Second}, {Ready: 45}, {Gone: 1}, {PollMin: time.Millisecond}, {PollMax: -1},
	} {
		w := newWorld(t, name)
		_, _, err := w.provision(ProvisionInput{Machine: trainer, Timing: wrong})
		requireType(t, ErrorRefused, err)
		require.ErrorContains(t, err, "nanoseconds")
		require.Empty(t, w.srv.Calls())
	}
	require.Empty(t, Timing{}.check())
	require.Empty(t, Timing{}.withDefaults().check())
}

// A workflow that lets Temporal repeat a create gets no second machine.
func TestCreateIsAttemptedOnce(t *testing.T) {
	w := newWorld(t, name)
	w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Cut: true, CarriedOut: true})
	w.ExecuteWorkflow(func(ctx workflow.Context) error {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute}) // without a limit
		var a *Activities
		return workflow.ExecuteActivity(ctx, a.Create, CreateInput{Machine: trainer}).Get(ctx, nil)
	})
	requireType(t, ErrorOutcomeUnknown, w.GetWorkflowError())
	require.ErrorContains(t, w.GetWorkflowError(), "an earlier attempt")
	require.Len(t, w.srv.Calls("machines-create"), 1)
}

// A create that waits for its pace while its fleet is cancelled is not sent, and certainly has not been carried out.
func TestCreateLooksAtItsFleetLast(t *testing.T) {
	for _, c := range []struct {
		name    string
		fleetID string
		ending  bool
		fails   error
		sent    int
	}{
		{name: "the fleet runs", fleetID: "fleet", sent: 1},
		{name: "the fleet was cancelled", fleetID: "fleet", ending: true},
		{name: "Temporal does not respond", fleetID: "fleet", fails: errors.New("unavailable")},
		{name: "there is no fleet", ending: true, sent: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, name)
			paced, asked := 0, 0
			w.activities.client = w.srv.Client(paperspace.WithLimiter(limiter(func() { paced++ })))
			w.activities.ending = func(_ context.Context, workflowID string) (bool, error) {
				require.Equal(t, "fleet", workflowID)
				require.Equal(t, 1, paced, "the fleet may be cancelled while the request waits for its pace")
				asked++
				return c.ending, c.fails
			}
			w.ExecuteWorkflow(func(ctx workflow.Context) error {
				var a *Activities
				ctx = workflow.WithActivityOptions(ctx, Timing{}.CreateOptions())
				return workflow.ExecuteActivity(ctx, a.Create, CreateInput{Machine: trainer, FleetID: c.fleetID}).Get(ctx, nil)
			})
			require.Len(t, w.srv.Calls("machines-create"), c.sent)
			if c.sent == 0 {
				requireType(t, ErrorUnavailable, w.GetWorkflowError())
				require.Equal(t, 1, asked)
				return
			}
			require.NoError(t, w.GetWorkflowError())
		})
	}
}

// limiter calls a function for each request, and lets it through.
type limiter func()

func (l limiter) Wait(context.Context) error { l(); return nil }

// A Provision whose fleet was cancelled waits for its own cancel, and creates nothing.
func TestProvisionOfACancelledFleet(t *testing.T) {
	w := newWorld(t, name)
	w.activities.ending = func(context.Context, string) (bool, error) { return true, nil }
	w.RegisterDelayedCallback(w.CancelWorkflow, time.Hour)
	_, took, err := w.provision(ProvisionInput{Machine: trainer, Fleet: FleetMember{ID: "fleet"}})
	require.True(t, temporal.IsCanceledError(err), "%v", err)
	require.Empty(t, MachineIDs(err))
	require.Empty(t, w.srv.Calls("machines-create"))
	require.Equal(t, time.Hour, took)
	require.Less(t, len(w.srv.Calls("machines-list")), 30, "it looks less and less often")
}

// Each activity sends one request, whatever its response.
func TestActivitiesSendOneRequest(t *testing.T) {
	var a *Activities
	for _, c := range []struct {
		operation string
		activity  any
		input     any
	}{
		{"machines-create", a.Create, CreateInput{Machine: trainer}},
		{"machines-list", a.Find, FindInput{Name: name}},
		{"machineEvents-get", a.Await, AwaitInput{EventID: "e"}},
		{"machineEvents-list", a.Await, AwaitInput{MachineID: "m"}},
		{"machines-get", a.Await, AwaitInput{MachineID: "m", States: []paperspace.MachineState{paperspace.MachineStateOff}}},
		{"machines-get", a.Get, "m"},
		{"machineEvents-list", a.CreatedSince, time.Now()},
		{"machines-start", a.Start, "m"},
		{"machines-stop", a.Stop, "m"},
		{"machines-delete", a.Delete, "m"},
	} {
		t.Run(c.operation, func(t *testing.T) {
			for _, status := range []int{0, 429, 503} {
				w := newWorld(t, name)
				if status != 0 {
					w.srv.Inject(paperspacetest.Fault{Status: status})
				}
				w.ExecuteWorkflow(func(ctx workflow.Context) error {
					ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
						StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
					})
					return workflow.ExecuteActivity(ctx, c.activity, c.input).Get(ctx, nil)
				})
				require.Len(t, w.srv.Calls(), 1)
				require.Equal(t, c.operation, w.srv.Calls()[0].Endpoint)
			}
		})
	}
}

// Workflows of one's own call the activities with the exported options.
func TestStop(t *testing.T) {
	w := newWorld(t, name)
	id := w.create(t, name)
	w.wait(t, id, paperspace.MachineStateReady)
	w.ExecuteWorkflow(func(ctx workflow.Context) (*paperspace.Machine, error) {
		ctx = workflow.WithActivityOptions(ctx, Timing{}.RequestOptions())
		polls := workflow.WithActivityOptions(ctx, Timing{}.PollOptions())
		var a *Activities
		var event string
		var machine *paperspace.Machine
		if err := workflow.ExecuteActivity(ctx, a.Stop, id).Get(ctx, &event); err != nil {
			return nil, err
		}
		if err := workflow.ExecuteActivity(polls, a.Await, AwaitInput{EventID: event, Limit: time.Hour}).Get(ctx, nil); err != nil {
			return nil, err
		}
		off := AwaitInput{MachineID: id, States: []paperspace.MachineState{paperspace.MachineStateOff}, Limit: time.Hour}
		err := workflow.ExecuteActivity(polls, a.Await, off).Get(ctx, &machine)
		return machine, err
	})
	var machine paperspace.Machine
	require.NoError(t, w.GetWorkflowResult(&machine))
	require.Equal(t, paperspace.MachineStateOff, machine.State)
}

// Temporal keeps inputs and results as JSON: nothing may get lost on the way, and nothing secret be there.
func TestPayloads(t *testing.T) {
	conv := converter.GetDefaultDataConverter()
	for _, empty := range []any{
		paperspace.MachineCreateParams{}, paperspace.Machine{},
		ProvisionInput{}, ProvisionResult{}, DeprovisionInput{}, DeprovisionResult{},
		FleetInput{}, FleetResult{}, FleetDownInput{}, FleetDownResult{}, ProvisionProgress{}, FleetProgress{},
		GroupInput{}, GroupResult{}, GroupSignal{}, AuditInput{}, AuditResult{}, CreateInput{}, CreateResult{}, FindInput{}, FindResult{}, AwaitInput{},
	} {
		t.Run(fmt.Sprintf("%T", empty), func(t *testing.T) {
			full := reflect.New(reflect.TypeOf(empty)).Elem()
			fill(t, full, new(int))
			for _, value := range []any{empty, full.Interface()} {
				payload, err := conv.ToPayload(value)
				require.NoError(t, err)
				back := reflect.New(reflect.TypeOf(empty))
				require.NoError(t, conv.FromPayload(payload, back.Interface()))
				require.Equal(t, value, back.Elem().Interface())
			}
		})
	}
}

// fill sets every field to something other than its zero value.
func fill(t *testing.T, v reflect.Value, count *int) {
	*count++
	switch v.Interface().(type) {
	case paperspace.Sensitive:
		t.Fatal("a Sensitive is masked on its way through Temporal")
	case paperspace.Region:
		v.SetString(string(paperspace.RegionNY2))
		return
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 1, 2, 3, 4, 5, *count, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("s" + strconv.Itoa(*count))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*count))
	case reflect.Uint8:
		v.SetUint(uint64(*count % 256))
	case reflect.Float64:
		v.SetFloat(float64(*count) / 8)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), count)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0), count)
	case reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		fill(t, value, count)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("s"+strconv.Itoa(*count)), value)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), count)
		}
	default:
		t.Fatalf("no value for a %s", v.Type())
	}
}
