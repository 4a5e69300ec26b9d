package paperspace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// service answers by method and path; every path plays its own steps.
type service map[string]*script

func (s service) RoundTrip(r *http.Request) (*http.Response, error) {
	if road, ok := s[r.Method+" "+strings.TrimPrefix(r.URL.Path, "/v1")]; ok {
		return road.RoundTrip(r)
	}
	return reply(404, `{"message":"Not found","code":"NOT_FOUND"}`)(r)
}

func (s service) polls(id string) int { return s["GET /machine-events/"+id].count() }

var epoch = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

// event answers with an event; fields are name=value pairs that replace its own.
func event(id, state string, fields ...string) string {
	e := map[string]any{
		"id": id, "name": "start", "state": state, "machineId": "m",
		"dtCreated": epoch.Format(time.RFC3339), "dtStarted": nil, "dtFinished": nil, "error": nil,
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		e[name] = value
	}
	b, _ := json.Marshal(e)
	return string(b)
}

func is(id, state string, fields ...string) step { return reply(200, event(id, state, fields...)) }

func operation200(event string) step {
	return reply(200, `{"event":`+event+`,"data":{"id":"m","name":"as it came"}}`)
}

var (
	notFound = refuse(404)
	ready    = reply(200, `{"id":"m","name":"as it is","state":"ready"}`)
)

// start begins the operation that the tests wait for.
func start(t *testing.T, s service, opts ...Option) *Operation[Machine] {
	t.Helper()
	if s["PATCH /machines/m/start"] == nil {
		s["PATCH /machines/m/start"] = play(operation200(event("e", "new")))
	}
	op, err := newTestClient(t, s, opts...).Machines.Start(t.Context(), "m")
	require.NoError(t, err)
	return op
}

func TestWait(t *testing.T) {
	for _, tc := range []struct {
		name   string
		steps  []step
		opts   []WaitOption
		is     error // nil: ends well
		object bool  // although it failed
		polls  int
	}{
		{name: "done", steps: []step{is("e", "new"), is("e", "in progress"), is("e", "done")}, polls: 3},
		{name: "failed", steps: []step{is("e", "error", "error=no capacity")}, is: ErrEventFailed, object: true, polls: 1},
		{name: "failed without a reason", steps: []step{is("e", "error")}, is: ErrEventFailed, object: true, polls: 1},
		{name: "failed without a reason, finished", steps: []step{is("e", "error", "dtFinished=2024-05-01T12:00:09Z")}, is: ErrEventFailed, object: true, polls: 1},
		{name: "cancelled", steps: []step{is("e", "cancelled")}, is: ErrEventCancelled, object: true, polls: 1},
		{name: "silent error taken for done", steps: []step{is("e", "error", "dtFinished=2024-05-01T12:00:09Z")}, opts: []WaitOption{WithSilentErrorsAsDone()}, polls: 1},
		{name: "silent error that did not finish", steps: []step{is("e", "error")}, opts: []WaitOption{WithSilentErrorsAsDone()}, is: ErrEventFailed, object: true, polls: 1},
		{name: "error with a reason is not silent", steps: []step{is("e", "error", "error=x", "dtFinished=2024-05-01T12:00:09Z")}, opts: []WaitOption{WithSilentErrorsAsDone()}, is: ErrEventFailed, object: true, polls: 1},
		{name: "unknown state", steps: []step{is("e", "paused"), is("e", "done")}, polls: 2},
		{name: "unknown state that finished", steps: []step{is("e", "paused", "dtFinished=2024-05-01T12:00:09Z")}, is: ErrEventFailed, object: true, polls: 1},
		{name: "failed polls", steps: []step{reply(500, ""), fail(errBroken), reply(429, ""), reply(200, "<html>"), refuse(409), reply(200, ""), is("e", "done")}, polls: 7},
		{name: "404 for a while", steps: []step{notFound, notFound, is("e", "done")}, polls: 3},
		{name: "404 for too long", steps: []step{notFound}, is: ErrNotFound, polls: 11},
		{name: "404 without grace", steps: []step{notFound}, opts: []WaitOption{WithNotFoundGrace(0)}, is: ErrNotFound, polls: 1},
		{name: "404 of a proxy", steps: []step{reply(404, "<html>")}, opts: []WaitOption{WithWaitTimeout(2 * time.Minute)}, is: ErrWaitTimeout, polls: 18},
		{name: "401", steps: []step{is("e", "new"), refuse(401)}, is: ErrUnauthorized, polls: 2},
		{name: "403", steps: []step{refuse(403)}, is: ErrForbidden, polls: 1},
		{name: "400", steps: []step{refuse(400)}, is: ErrBadRequest, polls: 1},
		{name: "never", steps: []step{is("e", "in progress")}, is: ErrWaitTimeout, polls: 99},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := service{"GET /machine-events/e": play(tc.steps...), "GET /machines/m": play(ready)}
				begin := time.Now()
				m, err := start(t, s).Wait(t.Context(), tc.opts...)
				if tc.is == nil {
					require.NoError(t, err)
				} else {
					require.ErrorIs(t, err, tc.is)
				}
				if tc.is == nil || tc.object {
					require.NotNil(t, m)
					assert.Equal(t, "as it is", m.Name)
				} else {
					assert.Nil(t, m)
					var we *WaitError
					require.ErrorAs(t, err, &we)
					assert.Equal(t, []string{"e"}, we.IDs)
				}
				assert.InDelta(t, tc.polls, s.polls("e"), float64(tc.polls)/10+1)
				if tc.name == "never" {
					assert.Equal(t, 15*time.Minute, time.Since(begin), "the default for a start")
					var we *WaitError
					require.ErrorAs(t, err, &we)
					assert.Equal(t, map[string]string{"e": "in progress"}, we.LastStates)
					assert.Equal(t, 15*time.Minute, we.Waited)
					assert.NotErrorIs(t, err, context.DeadlineExceeded, "the caller's context has not ended")
				}
			})
		})
	}
}

func TestWaitForAnEventThatCameFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := service{
			"PATCH /machines/m/start": play(operation200(event("e", "done"))),
			"GET /machine-events/e":   play(is("e", "done")),
			"GET /machines/m":         play(ready),
		}
		op := start(t, s)
		_, err := op.Wait(t.Context())
		require.NoError(t, err)
		assert.Zero(t, s.polls("e"))
		var states []string
		for e, err := range op.Watch(t.Context()) {
			require.NoError(t, err)
			states = append(states, string(e.State))
		}
		assert.Equal(t, []string{"done"}, states)
	})
}

func TestWaitsEndWithTheContext(t *testing.T) {
	for name, poll := range map[string]step{"between polls": is("e", "in progress"), "in a poll": hang} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := service{"GET /machine-events/e": play(is("e", "in progress"), poll), "GET /machines/m": play(ready)}
				op := start(t, s)
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				begin := time.Now()
				_, err := op.Wait(ctx)
				assert.Equal(t, 20*time.Second, time.Since(begin))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.NotErrorIs(t, err, ErrWaitTimeout)
				assert.ErrorContains(t, err, "e (in progress)")

				ctx, cancelCause := context.WithCancelCause(t.Context())
				why := errors.New("shutting down")
				time.AfterFunc(5*time.Second, func() { cancelCause(why) })
				_, err = op.Wait(ctx)
				require.ErrorIs(t, err, context.Canceled)
			})
		})
	}
}

// The context's deadline replaces the default limit, and an option replaces both as far as the context goes.
func TestWaitLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := service{"GET /machine-events/e": play(is("e", "new"))}
		op := start(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		begin := time.Now()
		_, err := op.Wait(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Hour, time.Since(begin))

		begin = time.Now()
		_, err = op.Wait(t.Context(), WithWaitTimeout(90*time.Second))
		require.ErrorIs(t, err, ErrWaitTimeout)
		assert.Equal(t, 90*time.Second, time.Since(begin))

		for _, opt := range []WaitOption{nil, WithWaitTimeout(0), WithWaitTimeout(-1), WithNotFoundGrace(-1)} {
			_, err = op.Wait(t.Context(), opt)
			require.Error(t, err)
		}
		var none context.Context
		_, err = op.Wait(none)
		require.ErrorContains(t, err, "ctx")
	})
}

func TestDefaultLimits(t *testing.T) {
	limits := map[*endpoint]time.Duration{
		machinesStart: 15 * time.Minute, machinesStop: 30 * time.Minute, machinesCreate: 45 * time.Minute,
		machinesDelete: 10 * time.Minute, machinesRestart: 30 * time.Minute, machinesUpdate: 30 * time.Minute,
	}
	for op, limit := range limits {
		synctest.Test(t, func(t *testing.T) {
			w, err := newWait(t.Context(), newTestClient(t, play(notFound)), op, nil, waitKind{}, nil)
			require.NoError(t, err)
			defer w.end()
			deadline, ok := w.ctx.Deadline()
			require.True(t, ok)
			assert.Equal(t, limit, time.Until(deadline), op.id)
		})
	}
}

func TestPollIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		s := service{"GET /machine-events/e": play(func(r *http.Request) (*http.Response, error) {
			at = append(at, time.Now())
			return is("e", "new")(r)
		})}
		_, err := start(t, s, WithPollInterval(2*time.Second, 8*time.Second)).Wait(t.Context(), WithWaitTimeout(5*time.Minute))
		require.ErrorIs(t, err, ErrWaitTimeout)
		for i := range at[1:] {
			gap := at[i+1].Sub(at[i])
			assert.GreaterOrEqual(t, gap, 1600*time.Millisecond)
			assert.LessOrEqual(t, gap, 8*time.Second)
		}
		assert.Less(t, at[1].Sub(at[0]), 2001*time.Millisecond)
		assert.Greater(t, at[len(at)-1].Sub(at[len(at)-2]), 6*time.Second)
	})
}

func TestRetryAfterMovesThePoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		s := service{"GET /machines/m": play(ready), "GET /machine-events/e": play(func(r *http.Request) (*http.Response, error) {
			at = append(at, time.Now())
			switch len(at) {
			case 1:
				return reply(429, "", "Retry-After: 33")(r)
			case 2:
				return reply(429, "", "Retry-After: 3600")(r)
			}
			return is("e", "done")(r)
		})}
		_, err := start(t, s).Wait(t.Context())
		require.NoError(t, err)
		require.Len(t, at, 3)
		assert.Equal(t, 33*time.Second, at[1].Sub(at[0]))
		assert.Equal(t, time.Minute, at[2].Sub(at[1]), "capped by the policy")
	})
}

func TestRereadThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := service{"GET /machine-events/e": play(is("e", "done")), "GET /machines/m": play(reply(500, ""))}
		_, err := start(t, s).Wait(t.Context())
		require.ErrorIs(t, err, ErrWaitTimeout, "a failed poll is no failed operation")
		assert.ErrorContains(t, err, "event e is done")
		assert.ErrorContains(t, err, "500")

		s = service{"GET /machine-events/e": play(is("e", "done")), "GET /machines/m": play(hang)}
		_, err = start(t, s).Wait(t.Context(), WithWaitTimeout(10*time.Second))
		require.ErrorIs(t, err, ErrWaitTimeout)
		assert.NotErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "event e is done")

		s = service{"GET /machine-events/e": play(is("e", "error")), "GET /machines/m": play(reply(500, ""))}
		m, err := start(t, s).Wait(t.Context())
		assert.Nil(t, m)
		require.ErrorIs(t, err, ErrEventFailed)
		require.ErrorIs(t, err, ErrWaitTimeout)
	})
}

// A 404 is normal for a while after a create, whose event may be done by then; after an event that failed it is not.
func TestRereadIsPatient(t *testing.T) {
	for _, tc := range []struct {
		event string
		reads []step
		opts  []WaitOption
		is    error
		took  time.Duration
	}{
		{event: "done", reads: []step{notFound, notFound, ready}},
		{event: "done", reads: []step{notFound}, is: ErrNotFound, took: time.Minute},
		{event: "done", reads: []step{notFound}, opts: []WaitOption{WithNotFoundGrace(0)}, is: ErrNotFound},
		{event: "error", reads: []step{notFound}, is: ErrEventFailed},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := service{"GET /machine-events/e": play(is("e", tc.event)), "GET /machines/m": play(tc.reads...)}
			begin := time.Now()
			m, err := start(t, s).Wait(t.Context(), tc.opts...)
			assert.GreaterOrEqual(t, time.Since(begin), tc.took)
			assert.Less(t, time.Since(begin), tc.took+15*time.Second)
			if tc.is == nil {
				require.NoError(t, err)
				assert.Equal(t, "as it is", m.Name)
				return
			}
			require.ErrorIs(t, err, tc.is)
			assert.ErrorContains(t, err, "404")
		})
	}
}

func TestMachineEventsWatch(t *testing.T) {
	collect := func(t *testing.T, s service, opts ...WaitOption) (states []string, last error) {
		for e, err := range newTestClient(t, s).MachineEvents.Watch(t.Context(), "e", opts...) {
			states = append(states, string(e.State))
			last = err
		}
		return states, last
	}
	synctest.Test(t, func(t *testing.T) {
		s := service{"GET /machine-events/e": play(notFound, is("e", "new"), reply(500, ""), is("e", "new"), is("e", "done"))}
		var changes int
		states, err := collect(t, s, WithOnChange(func(u WaitUpdate) { changes++; assert.NotNil(t, u.Event) }))
		require.NoError(t, err)
		assert.Equal(t, []string{"new", "done"}, states)
		assert.Equal(t, 2, changes)

		states, err = collect(t, service{"GET /machine-events/e": play(is("e", "new"), is("e", "cancelled"))})
		require.ErrorIs(t, err, ErrEventCancelled)
		assert.Equal(t, []string{"new", "cancelled"}, states)

		states, err = collect(t, service{"GET /machine-events/e": play(is("e", "new"), refuse(400))})
		require.ErrorIs(t, err, ErrBadRequest)
		assert.Equal(t, []string{"new", ""}, states)
		var we *WaitError
		require.ErrorAs(t, err, &we)
		assert.Equal(t, []string{"e"}, we.IDs)

		begin := time.Now()
		_, err = collect(t, service{"GET /machine-events/e": play(is("e", "new"))})
		require.ErrorIs(t, err, ErrWaitTimeout)
		assert.Equal(t, 30*time.Minute, time.Since(begin))
		_, err = collect(t, service{"GET /machine-events/e": play(notFound)}, WithNotFoundGrace(0))
		require.ErrorIs(t, err, ErrNotFound)
		_, err = collect(t, s, WithWaitTimeout(-1))
		require.ErrorContains(t, err, "WithWaitTimeout")

		s = service{"GET /machine-events/e": play(is("e", "new"))}
		for range newTestClient(t, s).MachineEvents.Watch(t.Context(), "e") {
			break
		}
		assert.Equal(t, 1, s.polls("e"))
	})
	for _, err := range newTestClient(t, service{}).MachineEvents.Watch(t.Context(), "..") {
		require.ErrorContains(t, err, "id")
	}
}

func TestWatch(t *testing.T) {
	collect := func(t *testing.T, op *Operation[Machine]) (states []string, last error) {
		for e, err := range op.Watch(t.Context()) {
			states = append(states, string(e.State))
			last = err
		}
		return states, last
	}
	synctest.Test(t, func(t *testing.T) {
		s := service{"GET /machine-events/e": play(is("e", "new"), is("e", "new"), reply(500, ""),
			is("e", "in progress"), is("e", "in progress"), is("e", "done"))}
		states, err := collect(t, start(t, s))
		require.NoError(t, err)
		assert.Equal(t, []string{"new", "in progress", "done"}, states)

		s = service{"GET /machine-events/e": play(is("e", "new"), is("e", "error", "error=x"))}
		states, err = collect(t, start(t, s))
		require.ErrorIs(t, err, ErrEventFailed)
		assert.Equal(t, []string{"new", "error"}, states)

		s = service{"GET /machine-events/e": play(is("e", "new"), refuse(401))}
		states, err = collect(t, start(t, s))
		require.ErrorIs(t, err, ErrUnauthorized)
		assert.Equal(t, []string{"new", ""}, states)

		s = service{"GET /machine-events/e": play(is("e", "new"), refuse(400))}
		states, err = collect(t, start(t, s))
		require.ErrorIs(t, err, ErrBadRequest)
		assert.Equal(t, []string{"new", ""}, states)

		s = service{"GET /machine-events/e": play(is("e", "new"), is("e", "done"))}
		for range start(t, s).Watch(t.Context()) {
			break
		}
		assert.Equal(t, 1, s.polls("e"))
	})
}

func TestWaitOnADelete(t *testing.T) {
	begin := func(t *testing.T, s service) *Operation[Machine] {
		s["DELETE /machines/m"] = play(operation200(event("e", "new")))
		op, err := newTestClient(t, s).Machines.Delete(t.Context(), "m")
		require.NoError(t, err)
		return op
	}
	synctest.Test(t, func(t *testing.T) {
		s := service{"GET /machine-events/e": play(is("e", "done")), "GET /machines/m": play(ready)}
		m, err := begin(t, s).Wait(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "as it came", m.Name)
		assert.Zero(t, s["GET /machines/m"].count(), "there is nothing to read again")

		// The event goes with its machine.
		s = service{"GET /machine-events/e": play(is("e", "new"), notFound), "GET /machines/m": play(notFound)}
		m, err = begin(t, s).Wait(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "as it came", m.Name)

		// A 404 of the event alone says nothing yet.
		s = service{"GET /machine-events/e": play(notFound), "GET /machines/m": play(ready, ready, notFound)}
		_, err = begin(t, s).Wait(t.Context())
		require.NoError(t, err)
		assert.GreaterOrEqual(t, s.polls("e"), 2)

		s = service{"GET /machine-events/e": play(notFound), "GET /machines/m": play(reply(404, "<html>"))}
		_, err = begin(t, s).Wait(t.Context())
		require.ErrorIs(t, err, ErrNotFound, "after the grace time")

		// Each wait has its own copy of what came.
		s = service{"GET /machine-events/e": play(is("e", "done"))}
		op := begin(t, s)
		first, err := op.Wait(t.Context())
		require.NoError(t, err)
		second, err := op.Wait(t.Context())
		require.NoError(t, err)
		assert.NotSame(t, first, second)
		assert.NotSame(t, first, &op.Data)

		s = service{"GET /machine-events/e": play(is("e", "error", "error=busy")), "GET /machines/m": play(ready)}
		m, err = begin(t, s).Wait(t.Context())
		require.ErrorIs(t, err, ErrEventFailed)
		assert.Equal(t, "as it is", m.Name, "the caller can judge")
	})
}

func TestWaitOnAnUpdate(t *testing.T) {
	list := func(events ...string) step {
		return reply(200, `{"hasMore":false,"items":[`+strings.Join(events, ",")+`]}`)
	}
	at := func(seconds int) string {
		return "dtCreated=" + epoch.Add(time.Duration(seconds)*time.Second).Format(time.RFC3339)
	}
	begin := func(t *testing.T, s service, answer string) *Operation[Machine] {
		s["PUT /machines/m"] = play(reply(200, answer))
		op, err := newTestClient(t, s).Machines.Update(t.Context(), "m", MachineUpdateParams{DiskSize: new(500)})
		require.NoError(t, err)
		return op
	}
	withEvent := `{"event":` + event("e", "new") + `,"data":{"id":"m"}}`

	synctest.Test(t, func(t *testing.T) {
		s := service{"GET /machines/m": play(ready)}
		op := begin(t, s, `{"data":{"id":"m"}}`)
		assert.Nil(t, op.Event)
		m, err := op.Wait(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "as it is", m.Name, "with nothing to wait for it is read again")

		s = service{
			"GET /machines/m":       play(ready),
			"GET /machine-events/e": play(is("e", "new"), is("e", "done")),
			"GET /machine-events": play(
				reply(500, ""),
				list(event("later", "in progress", at(2)), event("e", "done"), event("old", "new", at(-11))),
				list(event("last", "new", at(9)), event("later", "done", at(2)), event("e", "done")),
				list(event("last", "done", at(9)), event("later", "done", at(2)), event("e", "done")),
			),
		}
		op = begin(t, s, withEvent)
		_, err = op.Wait(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 4, s["GET /machine-events"].count())
		assert.Equal(t, "m", s["GET /machine-events"].requests[0].URL.Query().Get("machineId"))

		s = service{
			"GET /machines/m":       play(ready),
			"GET /machine-events/e": play(is("e", "error", "error=one")),
			"GET /machine-events":   play(list(event("later", "error", "error=two", at(2)), event("e", "error"))),
		}
		m, err = begin(t, s, withEvent).Wait(t.Context())
		require.ErrorIs(t, err, ErrEventFailed)
		assert.ErrorContains(t, err, "one")
		assert.ErrorContains(t, err, "two", "all are followed, and joined")
		assert.NotNil(t, m)

		// The answer need not name the oldest of the events that the call began. One that ended before it was seen is
		// another call's.
		s = service{
			"GET /machines/m":       play(ready),
			"GET /machine-events/e": play(is("e", "done")),
			"GET /machine-events": play(
				list(event("e", "done"), event("twin", "in progress", at(-1)), event("before", "error", "error=old", at(-2))),
				list(event("e", "done"), event("twin", "error", "error=two", at(-1)), event("before", "error", "error=old", at(-2))),
			),
		}
		_, err = begin(t, s, withEvent).Wait(t.Context())
		require.ErrorContains(t, err, "two")
		assert.NotContains(t, err.Error(), "old")

		// What is created later is another call's, such as when the operation was stored and is continued in another process.
		ended := "dtFinished=" + epoch.Add(30*time.Second).Format(time.RFC3339)
		s = service{
			"GET /machines/m":       play(ready),
			"GET /machine-events/e": play(is("e", "done", ended)),
			"GET /machine-events": play(list(
				event("another", "error", "error=no disk", "name=vm-upgrade", at(41)),
				event("start", "error", "error=no capacity", at(31)),
				event("last", "done", "name=bill-upgrade", at(31), ended),
				event("e", "done", ended))),
		}
		_, err = begin(t, s, withEvent).Wait(t.Context())
		require.NoError(t, err)

		// An error names the events that are pending, which MachineEvents.Wait can wait for, and the machine if none is known.
		s = service{
			"GET /machine-events/e": play(is("e", "done", ended)),
			"GET /machine-events":   play(list(event("last", "new", "name=bill-upgrade", at(39)), event("e", "done", ended))),
		}
		_, err = begin(t, s, withEvent).Wait(t.Context())
		require.ErrorIs(t, err, ErrWaitTimeout)
		we, _ := errors.AsType[*WaitError](err)
		assert.Equal(t, []string{"last"}, we.IDs)
		assert.Equal(t, map[string]string{"last": "new"}, we.LastStates)
		s["GET /machine-events"] = play(reply(500, ""))
		_, err = begin(t, s, withEvent).Wait(t.Context())
		we, _ = errors.AsType[*WaitError](err)
		assert.Equal(t, []string{"m"}, we.IDs)

		s = service{"GET /machine-events/e": play(is("e", "done")), "GET /machine-events": play(refuse(403))}
		_, err = begin(t, s, withEvent).Wait(t.Context())
		require.ErrorIs(t, err, ErrForbidden)
	})
}

func TestOperationWithoutWhatItNeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := service{"PATCH /machines/m/start": play(reply(200, `{"data":{"id":"m"}}`))}
		_, err := start(t, s).Wait(t.Context())
		require.ErrorContains(t, err, "no event")

		var op Operation[Machine]
		require.NoError(t, json.Unmarshal([]byte(`{"event":{"id":"e","state":"new"},"data":{"id":"m"}}`), &op))
		assert.Equal(t, "e", op.Event.ID)
		_, err = op.Wait(t.Context())
		require.ErrorContains(t, err, "Operation.Bind")
		for _, err := range op.Watch(t.Context()) {
			require.ErrorContains(t, err, "Operation.Bind")
		}

		_, err = newTestClient(t, play(reply(200, `{}`))).Machines.Start(t.Context(), "m")
		require.ErrorContains(t, err, "none of the expected fields")
		require.ErrorIs(t, err, ErrOutcomeUnknown)
		_, err = newTestClient(t, play(reply(200, ``))).Machines.Delete(t.Context(), "m")
		require.ErrorIs(t, err, ErrOutcomeUnknown, "an event is due")
	})
}

func TestMachineEventsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := service{
			"GET /machine-events/a": play(is("a", "new"), is("a", "done")),
			"GET /machine-events/b": play(is("b", "error", "error=no capacity")),
			"GET /machine-events/c": play(is("c", "new"), is("c", "new"), is("c", "cancelled")),
			"GET /machine-events/d": play(refuse(400)),
		}
		c := newTestClient(t, s)
		events, err := c.MachineEvents.Wait(t.Context(), []string{"c", "a", "b", "a"})
		require.ErrorIs(t, err, ErrEventFailed)
		require.ErrorIs(t, err, ErrEventCancelled)
		var states []string
		for _, e := range events {
			states = append(states, fmt.Sprint(e.ID, " ", e.State))
		}
		assert.Equal(t, []string{"c cancelled", "a done", "b error", "a done"}, states)
		assert.Equal(t, 1, s.polls("b"), "one that has ended is not asked for again")

		events, err = c.MachineEvents.Wait(t.Context(), []string{"d", "a"})
		require.ErrorIs(t, err, ErrBadRequest)
		assert.Equal(t, MachineEventStateDone, events[1].State, "the others are followed to their end")

		events, err = c.MachineEvents.Wait(t.Context(), nil)
		require.NoError(t, err)
		assert.Empty(t, events)
		_, err = c.MachineEvents.Wait(t.Context(), []string{"a", ".."})
		require.ErrorContains(t, err, "id")

		begin := time.Now()
		s["GET /machine-events/c"] = play(is("c", "in progress"))
		events, err = c.MachineEvents.Wait(t.Context(), []string{"c", "a"})
		require.ErrorIs(t, err, ErrWaitTimeout)
		assert.Equal(t, 30*time.Minute, time.Since(begin))
		var we *WaitError
		require.ErrorAs(t, err, &we)
		assert.Equal(t, []string{"c"}, we.IDs)
		assert.Equal(t, MachineEventStateInProgress, events[0].State)
	})
	c, err := NewClient()
	require.NoError(t, err)
	_, err = c.MachineEvents.Wait(t.Context(), []string{"a"})
	require.ErrorIs(t, err, ErrNoAPIKey)
}

// A poll is one attempt, whatever the client's policy: the next tick is its retry.
func TestAPollIsOneAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		count := WithHook(func(ctx context.Context, info CallInfo) (context.Context, func(CallResult)) {
			return ctx, func(r CallResult) {
				if info.Endpoint == "machineEvents-get" {
					attempts = max(attempts, len(r.Attempts))
				}
			}
		})
		s := service{"GET /machine-events/e": play(reply(503, ""), reply(503, ""), is("e", "done")), "GET /machines/m": play(ready)}
		_, err := start(t, s, count, WithRetryPolicy(RetryPolicy{MaxAttempts: 9})).Wait(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 1, attempts)
	})
}

// An event that does not say which machine it belongs to must not have other machines' events followed.
func TestUpdateFollowsItsOwnMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := event("e", "new", "machineId=")
		s := service{
			"PUT /machines/m":       play(reply(200, `{"event":`+own+`,"data":{"id":"m"}}`)),
			"GET /machine-events/e": play(is("e", "done")),
			"GET /machine-events":   play(reply(200, `{"hasMore":false,"items":[]}`)),
			"GET /machines/m":       play(ready),
		}
		op, err := newTestClient(t, s).Machines.Update(t.Context(), "m", MachineUpdateParams{})
		require.NoError(t, err)
		_, err = op.Wait(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "m", s["GET /machine-events"].requests[0].URL.Query().Get("machineId"))
	})
}

// An option that a method cannot use is refused before anything is sent.
func TestUnusedWaitOptions(t *testing.T) {
	onChange := WithOnChange(func(WaitUpdate) {})
	for name, tc := range map[string]struct {
		option string
		wait   func(*Client) error
	}{
		"FollowLogs with WithOnChange": {"WithOnChange", func(c *Client) error {
			return firstError(c.Deployments.FollowLogs(t.Context(), "d", FollowLogsParams{}, onChange))
		}},
		"FollowLogs with WithSilentErrorsAsDone": {"WithSilentErrorsAsDone", func(c *Client) error {
			return firstError(c.Deployments.FollowLogs(t.Context(), "d", FollowLogsParams{}, WithSilentErrorsAsDone()))
		}},
		"Machines.Watch with WithSilentErrorsAsDone": {"WithSilentErrorsAsDone", func(c *Client) error {
			return firstError(c.Machines.Watch(t.Context(), "m", WithSilentErrorsAsDone()))
		}},
		"Deployments.Watch with WithSilentErrorsAsDone": {"WithSilentErrorsAsDone", func(c *Client) error {
			return firstError(c.Deployments.Watch(t.Context(), "d", WithSilentErrorsAsDone()))
		}},
		"WaitUntilHealthy with WithSilentErrorsAsDone": {"WithSilentErrorsAsDone", func(c *Client) error {
			_, err := c.Deployments.WaitUntilHealthy(t.Context(), "d", WaitUntilHealthyParams{}, WithSilentErrorsAsDone())
			return err
		}},
		"Apply with WithSilentErrorsAsDone": {"WithSilentErrorsAsDone", func(c *Client) error {
			_, err := c.Deployments.Apply(t.Context(), DeploymentUpsertParams{ProjectID: "p"}, WithSilentErrorsAsDone())
			return err
		}},
		"WaitUntilDeleted with WithNotFoundGrace": {"WithNotFoundGrace", func(c *Client) error {
			return c.Machines.WaitUntilDeleted(t.Context(), "m", WithNotFoundGrace(time.Minute))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			rt := play(notFound)
			err := tc.wait(newTestClient(t, rt))
			refused, ok := errors.AsType[*ParamError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, tc.option, refused.Field)
			assert.Empty(t, rt.requests)
		})
	}
}

// firstError returns the first error that seq yields.
func firstError[T any](seq iter.Seq2[T, error]) error {
	for _, err := range seq {
		if err != nil {
			return err
		}
	}
	return nil
}

// The error of a wait that did not end shows what kept it from ending.
func TestWaitErrorShowsTheReason(t *testing.T) {
	event := func(ctx context.Context, c *Client) error {
		_, err := c.MachineEvents.Wait(ctx, []string{"e"}, WithWaitTimeout(30*time.Second))
		return err
	}
	healthy := func(params WaitUntilHealthyParams) func(context.Context, *Client) error {
		return func(ctx context.Context, c *Client) error {
			_, err := c.Deployments.WaitUntilHealthy(ctx, "d", params, WithWaitTimeout(30*time.Second))
			return err
		}
	}
	blocked := limiterFunc(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	for name, tc := range map[string]struct {
		rt   http.RoundTripper
		opts []Option
		wait func(context.Context, *Client) error
		text string
	}{
		"every poll fails":   {reply(502, ""), nil, event, "e (not seen): the wait timed out; the last poll failed: machineEvents-get: 502"},
		"the limiter blocks": {is("e", "new"), []Option{WithLimiter(blocked)}, event, "e (not seen): the wait timed out; the last poll failed: no response after 30s"},
		"a hook blocks":      {is("e", "new"), []Option{hanging(time.Hour)}, event, "the last poll failed: no response after 1h0m0s"},
		"another spec":       {spec("1", "healthy"), nil, healthy(WaitUntilHealthyParams{SpecID: "7"}), "d (spec 1 healthy, waiting for spec 7)"},
		"the spec before":    {spec("1", "healthy"), nil, healthy(WaitUntilHealthyParams{AfterSpecID: "1"}), "d (spec 1 healthy, waiting for the next spec)"},
		"the runs are refused": {service{"GET /deployments/d": play(spec("1", "applied")), "GET /deployments/d/runs": play(refuse(403))}, nil,
			healthy(WaitUntilHealthyParams{}), "d (spec 1 not healthy): the wait timed out; the last poll failed: deploymentRuns-get: 403"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := tc.wait(t.Context(), newTestClient(t, tc.rt, tc.opts...))
				require.ErrorIs(t, err, ErrWaitTimeout)
				assert.ErrorContains(t, err, tc.text)
			})
		})
	}
	t.Run("the service asked another wait for a pause", func(t *testing.T) {
		for _, first := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				c := newTestClient(t, step(func(r *http.Request) (*http.Response, error) {
					if strings.HasPrefix(r.URL.Path, "/v1/deployments/") {
						return reply(429, "", "Retry-After: 3600")(r)
					}
					return is("e", "new")(r)
				}))
				ctx, cancel := context.WithCancel(t.Context())
				var wg sync.WaitGroup
				limited := func() { wg.Go(func() { _ = healthy(WaitUntilHealthyParams{})(ctx, c) }) }
				if first {
					limited()
					synctest.Wait()
				} else {
					time.AfterFunc(10*time.Second, limited)
				}
				assert.ErrorContains(t, event(ctx, c), "; the last poll failed: deployments-get: 429")
				cancel()
				wg.Wait()
			})
		}
	})
}

// limiterFunc is a limiter.
type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }
