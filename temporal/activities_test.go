package paperspacetemporal

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
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

// Whether the engine repeats what failed, and when.
func TestFailure(t *testing.T) {
	answer := func(status int) error { return &paperspace.Error{Endpoint: "machines-list", StatusCode: status} }
	for _, c := range []struct {
		err      error
		kind     string
		repeated bool
		delay    time.Duration
	}{
		{err: &paperspace.Error{StatusCode: 500, OutcomeUnknown: true}, kind: ErrorOutcomeUnknown, repeated: true},
		{err: &paperspace.Error{OutcomeUnknown: true, Err: errors.New("connection reset")}, kind: ErrorOutcomeUnknown, repeated: true},
		{err: errors.New("nobody knows"), kind: ErrorOutcomeUnknown, repeated: true},
		{err: &paperspace.Error{StatusCode: 429, RetryAfter: time.Hour}, kind: ErrorUnavailable, repeated: true, delay: time.Hour},
		{err: &paperspace.Error{StatusCode: 503, RetryAfter: time.Second}, kind: ErrorUnavailable, repeated: true, delay: time.Second},
		{err: &paperspace.Error{Err: errors.New("connection refused")}, kind: ErrorUnavailable, repeated: true},
		{err: answer(200), kind: ErrorUnavailable, repeated: true},
		{err: answer(302), kind: ErrorUnavailable, repeated: true},
		{err: answer(404), kind: ErrorUnavailable, repeated: true}, // a proxy's
		{err: answer(408), kind: ErrorUnavailable, repeated: true},
		{err: answer(499), kind: ErrorUnavailable, repeated: true},
		{err: answer(502), kind: ErrorUnavailable, repeated: true},
		{err: fmt.Errorf("%w", paperspace.ErrNotFound), kind: ErrorNotFound},
		{err: answer(400), kind: ErrorRefused},
		{err: answer(401), kind: ErrorRefused},
		{err: answer(403), kind: ErrorRefused},
		{err: answer(409), kind: ErrorRefused},
		{err: answer(422), kind: ErrorRefused},
		{err: &paperspace.ParamError{Field: "name", Reason: "is required"}, kind: ErrorRefused},
		{err: fmt.Errorf("%w, and machines-list needs one", paperspace.ErrNoAPIKey), kind: ErrorRefused},
	} {
		t.Run(c.err.Error(), func(t *testing.T) {
			e := requireType(t, c.kind, failure(c.err))
			require.Equal(t, c.repeated, !e.NonRetryable())
			require.Equal(t, c.delay, e.NextRetryDelay())
			require.Equal(t, c.err.Error(), e.Message())
		})
	}
}

// The request has to be over before the engine gives the activity up, whenever this process got to it.
func TestRequestTime(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		info activity.Info
		late time.Duration // the worker's clock over the engine's
		want time.Duration
	}{
		{activity.Info{StartToCloseTimeout: 80 * time.Second}, 0, 60 * time.Second},
		{activity.Info{StartToCloseTimeout: 80 * time.Second}, 20 * time.Second, 40 * time.Second},
		{activity.Info{StartToCloseTimeout: 80 * time.Second}, time.Hour, time.Minute - time.Hour}, // it was stopped: nothing is sent
		{activity.Info{StartToCloseTimeout: 80 * time.Second}, -time.Hour, 60 * time.Second},       // its clock is slow
		{activity.Info{ScheduleToCloseTimeout: 40 * time.Second}, 0, 30 * time.Second},
	} {
		c.info.StartedTime = start
		require.Equal(t, c.want, requestTime(c.info, start.Add(c.late)))
	}
}

// A workflow that lets the engine repeat a create gets no second machine.
func TestCreateIsAttemptedOnce(t *testing.T) {
	w := newWorld(t, name)
	w.srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Cut: true, CarriedOut: true})
	w.ExecuteWorkflow(func(ctx workflow.Context) error {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute}) // repeats for ever
		var a *Activities
		return workflow.ExecuteActivity(ctx, a.Create, CreateInput{Machine: trainer}).Get(ctx, nil)
	})
	requireType(t, ErrorOutcomeUnknown, w.GetWorkflowError())
	require.ErrorContains(t, w.GetWorkflowError(), "an earlier attempt")
	require.Len(t, w.srv.Calls("machines-create"), 1)
}

// Each activity makes one request, whatever comes of it.
func TestActivitiesMakeOneRequest(t *testing.T) {
	var a *Activities
	for operation, c := range map[string]struct {
		activity any
		input    any
	}{
		"machines-create":    {a.Create, CreateInput{Machine: trainer}},
		"machines-list":      {a.Find, FindInput{Name: name}},
		"machineEvents-get":  {a.Await, AwaitInput{EventID: "e"}},
		"machineEvents-list": {a.Await, AwaitInput{MachineID: "m"}},
		"machines-get":       {a.Await, AwaitInput{MachineID: "m", States: []paperspace.MachineState{paperspace.MachineStateOff}}},
		"machines-start":     {a.Start, "m"},
		"machines-stop":      {a.Stop, "m"},
		"machines-delete":    {a.Delete, "m"},
	} {
		t.Run(operation, func(t *testing.T) {
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
				require.Equal(t, operation, w.srv.Calls()[0].Endpoint)
			}
		})
	}
}

func TestStop(t *testing.T) {
	w := newWorld(t, name)
	id := w.create(t, name)
	w.wait(t, id, paperspace.MachineStateReady)
	w.ExecuteWorkflow(func(ctx workflow.Context) (*paperspace.Machine, error) {
		timing := Timing{}.withDefaults()
		var a *Activities
		var event string
		if err := workflow.ExecuteActivity(timing.repeated(ctx), a.Stop, id).Get(ctx, &event); err != nil {
			return nil, err
		}
		if _, err := timing.await(ctx, time.Hour, AwaitInput{EventID: event}); err != nil {
			return nil, err
		}
		return timing.await(ctx, time.Hour, AwaitInput{MachineID: id, States: []paperspace.MachineState{paperspace.MachineStateOff}})
	})
	var machine paperspace.Machine
	require.NoError(t, w.GetWorkflowResult(&machine))
	require.Equal(t, paperspace.MachineStateOff, machine.State)
}

// The engine keeps inputs and results as JSON: nothing may get lost on the way, and nothing secret be there.
func TestPayloads(t *testing.T) {
	conv := converter.GetDefaultDataConverter()
	for _, empty := range []any{
		paperspace.MachineCreateParams{}, paperspace.Machine{},
		ProvisionInput{}, ProvisionResult{}, DeprovisionInput{}, DeprovisionResult{},
		FleetInput{}, FleetResult{}, FleetDownInput{}, FleetDownResult{},
		CreateInput{}, CreateResult{}, FindInput{}, FindResult{}, AwaitInput{},
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

// fill sets every field there is to something that is not its zero value.
func fill(t *testing.T, v reflect.Value, count *int) {
	*count++
	switch v.Interface().(type) {
	case paperspace.Sensitive:
		t.Fatal("a Sensitive is masked on its way through the engine")
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
