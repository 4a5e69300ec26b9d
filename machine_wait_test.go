package paperspace

import (
	"context"
	"errors"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWaitForState(t *testing.T) {
	restart := func(states ...step) service {
		created := "dtCreated=" + time.Now().Format(time.RFC3339)
		return service{
			"GET /machine-events":   play(reply(200, `{"hasMore":false,"items":[`+event("e", "new", created)+`]}`)),
			"GET /machine-events/e": play(is("e", "in progress", created), is("e", "error", created)),
			"GET /machines/m":       play(states...),
		}
	}
	machine := func(state string) step { return reply(200, `{"id":"m","state":"`+state+`"}`) }
	synctest.Test(t, func(t *testing.T) {
		s := restart(machine("ready"))
		m, err := newTestClient(t, s).Machines.WaitForState(t.Context(), "m", MachineStateReady)
		require.NoError(t, err)
		assert.Equal(t, MachineStateReady, m.State)
		assert.Equal(t, 2, s.polls("e"), "ready counts only once the event has ended, however it ended")

		s = restart(notFound, machine("off"), machine("starting"), machine("ready"))
		var seen []string
		progress := WithOnChange(func(u WaitUpdate) {
			if u.Machine != nil {
				seen = append(seen, string(u.Machine.State))
			} else {
				seen = append(seen, "event "+string(u.Event.State))
			}
		})
		_, err = newTestClient(t, s).Machines.WaitForState(t.Context(), "m", MachineStateReady, progress)
		require.NoError(t, err)
		assert.Equal(t, []string{"event in progress", "event error", "off", "starting", "ready"}, seen)

		begin := time.Now()
		_, err = newTestClient(t, restart(machine("provisioning"))).Machines.WaitForState(t.Context(), "m", MachineStateReady)
		require.ErrorIs(t, err, ErrWaitTimeout)
		assert.ErrorContains(t, err, "waited 30m0s for m (provisioning)")
		assert.Equal(t, 30*time.Minute, time.Since(begin))

		_, err = newTestClient(t, restart(machine("off"), notFound)).Machines.WaitForState(t.Context(), "m", MachineStateReady)
		require.ErrorIs(t, err, ErrNotFound)

		for _, id := range []string{"", ".."} {
			_, err = newTestClient(t, s).Machines.WaitForState(t.Context(), id, MachineStateReady)
			require.ErrorContains(t, err, "id")
		}
		_, err = newTestClient(t, s).Machines.WaitForState(t.Context(), "m", "")
		require.ErrorContains(t, err, "state")
	})
}

// A machine is in the states that it passes through while its event is unfinished.
func TestWaitForAStateThatAMachinePassesThrough(t *testing.T) {
	for _, state := range []MachineState{"starting", "stopping", "restarting", "serviceready", "upgrading", "provisioning"} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			unfinished := event("e", "in progress", "dtCreated="+begin.Format(time.RFC3339))
			m, err := newTestClient(t, service{
				"GET /machine-events": play(reply(200, page(unfinished))), "GET /machine-events/e": play(reply(200, unfinished)),
				"GET /machines/m": play(reply(200, `{"id":"m","state":"off"}`), reply(200, `{"id":"m","state":"`+string(state)+`"}`)),
			}).Machines.WaitForState(t.Context(), "m", state)
			require.NoError(t, err)
			assert.Equal(t, state, m.State)
			assert.Less(t, time.Since(begin), time.Minute)
		})
	}
}

// An unfinished event is stuck when it is an hour old by the service's clock, however long the wait may be.
func TestStuckEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, tc := range map[string]struct {
			age, skew time.Duration // of the event, and of the local clock
			noDate    bool
			limit     time.Duration // of the wait
			stuckIn   time.Duration // -1: not within the limit
		}{
			"an hour old":                        {age: time.Hour, limit: 2 * time.Hour},
			"new, and a short wait":              {age: 10 * time.Second, limit: 2 * time.Second, stuckIn: -1},
			"older than the wait may be":         {age: 31 * time.Minute, limit: 20 * time.Minute, stuckIn: -1},
			"an hour old during the wait":        {age: 50 * time.Minute, limit: time.Hour, stuckIn: 10 * time.Minute},
			"the local clock is ahead":           {age: 31 * time.Minute, skew: 31 * time.Minute, limit: 20 * time.Minute, stuckIn: -1},
			"the local clock is behind":          {age: time.Hour, skew: -31 * time.Minute, limit: 20 * time.Minute},
			"no Date in the response":            {age: 59 * time.Minute, noDate: true, limit: 20 * time.Minute, stuckIn: time.Minute},
			"an event that does not say its age": {age: -1, limit: 20 * time.Minute, stuckIn: -1},
		} {
			for method, wait := range map[string]func(ctx context.Context, c *Client) (*Machine, error){
				"WaitForState": func(ctx context.Context, c *Client) (*Machine, error) {
					return c.Machines.WaitForState(ctx, "m", MachineStateReady, WithWaitTimeout(tc.limit))
				},
				"EnsureReady": func(ctx context.Context, c *Client) (*Machine, error) {
					ctx, cancel := context.WithTimeout(ctx, tc.limit)
					defer cancel()
					return c.Machines.EnsureReady(ctx, "m")
				},
			} {
				begin, serviceTime := time.Now(), func() time.Time { return time.Now().Add(-tc.skew) }
				created := ""
				if tc.age >= 0 {
					created = serviceTime().Add(-tc.age).Format(time.RFC3339)
				}
				old := event("old", "in progress", "dtCreated="+created)
				dated := func(body string) *script {
					return play(func(r *http.Request) (*http.Response, error) {
						if tc.noDate {
							return reply(200, body)(r)
						}
						return reply(200, body, "Date: "+serviceTime().UTC().Format(http.TimeFormat))(r)
					})
				}
				_, err := wait(t.Context(), newTestClient(t, service{
					"GET /machine-events":     dated(`{"hasMore":false,"items":[` + old + `]}`),
					"GET /machine-events/old": dated(old),
					"GET /machines/m":         play(ready),
				}))
				took := time.Since(begin)
				if tc.stuckIn < 0 {
					we, ok := errors.AsType[*WaitError](err)
					require.True(t, ok, "%s, %s: %v", name, method, err)
					assert.Equal(t, []string{"m"}, we.IDs, "the machine is named")
					assert.Equal(t, map[string]string{"m": "event old in progress"}, we.LastStates)
					assert.Equal(t, tc.limit, took, "%s, %s", name, method)
				} else if assert.NoError(t, err, "%s, %s", name, method) {
					assert.InDelta(t, tc.stuckIn, took, float64(11*time.Second), "%s, %s", name, method)
				}
			}
		}
	})
}

func TestEnsure(t *testing.T) {
	machine := func(state string) step { return reply(200, `{"id":"m","state":"`+state+`"}`) }
	none := play(reply(200, `{"hasMore":false,"items":[]}`))
	busy := reply(400, `{"message":"This machine is currently starting.","code":"BAD_REQUEST"}`)
	for _, tc := range []struct {
		name   string
		off    bool // ensure off, else ready
		states []step
		act    []step
		event  []step
		acts   int
		is     error
	}{
		{name: "ready already", states: []step{machine("ready")}},
		{name: "starting already", states: []step{machine("starting"), machine("serviceready"), machine("ready")}},
		{name: "off", states: []step{machine("off"), machine("starting"), machine("ready")}, acts: 1},
		{name: "stopping", states: []step{machine("stopping"), machine("off"), machine("ready")}, acts: 1},
		{name: "somebody else was quicker", states: []step{machine("off"), machine("starting"), machine("ready")}, act: []step{busy}, acts: 1},
		{name: "refused for good", states: []step{machine("off")}, act: []step{busy}, acts: 1, is: ErrBadRequest},
		{name: "refused key", states: []step{machine("off")}, act: []step{refuse(401)}, acts: 1, is: ErrUnauthorized},
		{name: "unknown outcome, and it started", states: []step{machine("off"), machine("starting"), machine("ready")}, act: []step{reply(500, "")}, acts: 4},
		{
			name: "unknown outcome, it started, and responses lag", act: []step{failSent, busy}, acts: 2,
			states: []step{machine("off"), machine("off"), machine("off"), machine("off"), machine("starting"), machine("ready")},
		},
		{name: "unknown outcome, and it did not", states: []step{machine("off")}, act: []step{reply(500, "")}, acts: 4, is: ErrOutcomeUnknown},
		{name: "the start fails", states: []step{machine("off")}, event: []step{is("e", "error", "error=no capacity")}, acts: 1, is: ErrEventFailed},
		{name: "the start fails, and it is ready", states: []step{machine("off"), machine("ready")}, event: []step{is("e", "error")}, acts: 1},
		{name: "never", states: []step{machine("off")}, acts: 1, is: ErrWaitTimeout},
		{name: "off already", off: true, states: []step{machine("off")}},
		{name: "ready, to be off", off: true, states: []step{machine("ready"), machine("stopping"), machine("off")}, acts: 1},
		{name: "starting, to be off", off: true, states: []step{machine("starting"), machine("ready"), machine("off")}, acts: 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				act := tc.act
				if act == nil {
					act = []step{operation200(event("e", "new"))}
				}
				polls := tc.event
				if polls == nil {
					polls = []step{is("e", "done")}
				}
				road := play(act...)
				s := service{
					"GET /machine-events": none, "GET /machine-events/e": play(polls...), "GET /machines/m": play(tc.states...),
					"PATCH /machines/m/start": road, "PATCH /machines/m/stop": road,
				}
				c := newTestClient(t, s)
				ensure, wanted := c.Machines.EnsureReady, MachineStateReady
				if tc.off {
					ensure, wanted = c.Machines.EnsureOff, MachineStateOff
				}
				m, err := ensure(t.Context(), "m")
				assert.Equal(t, tc.acts, road.count(), "starts and stops")
				if tc.is != nil {
					require.ErrorIs(t, err, tc.is)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, wanted, m.State)
			})
		})
	}
}

// A start or stop that another caller undoes before the wait has seen its effect ends the wait.
func TestEnsureEndsWhenALaterEventHasUndoneIt(t *testing.T) {
	at := func(seconds int) string {
		return "dtCreated=" + epoch.Add(time.Duration(seconds)*time.Second).Format(time.RFC3339)
	}
	machine := func(state string) step { return reply(200, `{"id":"m","state":"`+state+`"}`) }
	before, own := event("before", "done", "name=stop", at(-60)), event("e", "done", at(0))
	for _, tc := range []struct {
		name   string
		off    bool
		states []step
		events []string // the later lists of events
		undone time.Duration
	}{
		{name: "stopped", states: []step{machine("off")}, events: []string{event("x", "done", "name=stop", at(9))}, undone: 20 * time.Second},
		{
			name: "being stopped", states: []step{machine("off"), machine("stopping"), machine("off")},
			events: []string{event("x", "in progress", "name=stop", at(9)), event("x", "done", "name=stop", at(9))}, undone: 2 * time.Minute,
		},
		{name: "started again", off: true, states: []step{machine("ready")}, events: []string{event("x", "done", at(9))}, undone: 20 * time.Second},
		{
			name: "stopped, and started again", states: []step{machine("off"), machine("off"), machine("off"), machine("ready")},
			events: []string{event("y", "in progress", at(10)) + "," + event("x", "done", "name=stop", at(9))},
		},
		{name: "a response that lags", states: []step{machine("off"), machine("off"), machine("off"), machine("ready")}, events: []string{own}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lists := []step{reply(200, page(before))}
				for _, later := range tc.events {
					lists = append(lists, reply(200, page(later+","+own+","+before)))
				}
				act := play(operation200(event("e", "new", at(0))))
				c := newTestClient(t, service{
					"GET /machine-events": play(lists...), "GET /machine-events/e": play(reply(200, own)), "GET /machines/m": play(tc.states...),
					"PATCH /machines/m/start": act, "PATCH /machines/m/stop": act,
				})
				ensure := c.Machines.EnsureReady
				if tc.off {
					ensure = c.Machines.EnsureOff
				}
				begin := time.Now()
				m, err := ensure(t.Context(), "m")
				assert.Equal(t, 1, act.count(), "starts and stops")
				require.NotNil(t, m)
				if tc.undone == 0 {
					require.NoError(t, err)
					return
				}
				assert.Less(t, time.Since(begin), tc.undone)
				we, ok := errors.AsType[*WaitError](err)
				require.True(t, ok, "%v", err)
				assert.Equal(t, map[string]string{"m": string(m.State)}, we.LastStates)
				assert.ErrorContains(t, err, "a later event, x (")
			})
		})
	}
}

func TestWaitUntilDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		require.NoError(t, newTestClient(t, service{}).Machines.WaitUntilDeleted(t.Context(), "m"))
		s := service{"GET /machines/m": play(ready, ready, reply(500, ""), reply(404, "<html>"), notFound)}
		require.NoError(t, newTestClient(t, s).Machines.WaitUntilDeleted(t.Context(), "m"))
		assert.Equal(t, 5, s["GET /machines/m"].count())
		begin := time.Now()
		err := newTestClient(t, service{"GET /machines/m": play(ready)}).Machines.WaitUntilDeleted(t.Context(), "m")
		require.ErrorIs(t, err, ErrWaitTimeout)
		assert.Equal(t, 10*time.Minute, time.Since(begin))
	})
}

// A machine that the service still returns after it was deleted, with the time of that, is not found.
func TestMachineThatIsReturnedAfterItsDeletion(t *testing.T) {
	const deleted = `{"id":"m","state":"off","dtDeleted":"2024-05-01T12:00:00Z"}`
	for name, tc := range map[string]struct {
		call func(ctx context.Context, c *Client) error
		is   error
	}{
		"WaitUntilDeleted": {call: func(ctx context.Context, c *Client) error { return c.Machines.WaitUntilDeleted(ctx, "m") }},
		"EnsureDeleted":    {call: func(ctx context.Context, c *Client) error { return c.Machines.EnsureDeleted(ctx, "m") }},
		"EnsureReady": {is: ErrNotFound, call: func(ctx context.Context, c *Client) error {
			_, err := c.Machines.EnsureReady(ctx, "m")
			return err
		}},
		"EnsureOff": {is: ErrNotFound, call: func(ctx context.Context, c *Client) error {
			_, err := c.Machines.EnsureOff(ctx, "m")
			return err
		}},
		"WaitForState": {is: ErrNotFound, call: func(ctx context.Context, c *Client) error {
			_, err := c.Machines.WaitForState(ctx, "m", MachineStateOff)
			return err
		}},
		"Watch": {is: ErrNotFound, call: func(ctx context.Context, c *Client) (err error) {
			for _, err = range c.Machines.Watch(ctx, "m") {
			}
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				err := tc.call(t.Context(), newTestClient(t, service{ // other requests are not found
					"GET /machines/m":     play(reply(200, deleted)),
					"GET /machines":       play(reply(200, page(deleted))),
					"GET /machine-events": play(reply(200, page(event("old", "done")))),
				}))
				require.ErrorIs(t, err, tc.is)
				if tc.is != nil {
					assert.ErrorContains(t, err, "the machine was deleted at 2024-05-01T12:00:00Z")
				}
				assert.Less(t, time.Since(begin), 2*time.Minute)
			})
		})
	}
	t.Run("on a page that several waits share", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := service{}
			var items []string
			ids := []string{"a", "b", "c"}
			for _, id := range ids {
				items = append(items, `{"id":"`+id+`","state":"off","dtDeleted":"2024-05-01T12:00:00Z"}`)
				s["GET /machines/"+id] = play(reply(200, items[len(items)-1]))
			}
			s["GET /machines"] = play(reply(200, page(strings.Join(items, ","))))
			c := newTestClient(t, s)
			var waits sync.WaitGroup
			for _, id := range ids {
				waits.Go(func() { assert.NoError(t, c.Machines.WaitUntilDeleted(t.Context(), id)) })
			}
			waits.Wait()
			assert.NotZero(t, s["GET /machines"].count(), "the page was read")
		})
	})
}

// What an unknown outcome was stays in the error of a wait that its own limit ended.
func TestLimitThatCutsOffAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := service{
			"GET /machine-events": play(reply(200, `{"hasMore":false,"items":[]}`)), "GET /machines/m": play(reply(200, `{"id":"m","state":"off"}`)),
			"PATCH /machines/m/start": play(hang),
		}
		_, err := newTestClient(t, s).Machines.EnsureReady(t.Context(), "m", WithWaitTimeout(20*time.Second))
		require.ErrorIs(t, err, ErrOutcomeUnknown)
		require.ErrorIs(t, err, ErrWaitTimeout)
		assert.NotErrorIs(t, err, context.DeadlineExceeded)
		var we *WaitError
		require.ErrorAs(t, err, &we)
	})
}

func TestMachinesWatch(t *testing.T) {
	machine := func(state string) step { return reply(200, `{"id":"m","state":"`+state+`"}`) }
	collect := func(t *testing.T, s service, opts ...WaitOption) (states []string, last error) {
		for m, err := range newTestClient(t, s).Machines.Watch(t.Context(), "m", opts...) {
			if last = err; err == nil {
				states = append(states, string(m.State))
			}
			if m.State == MachineStateReady {
				break
			}
		}
		return states, last
	}
	synctest.Test(t, func(t *testing.T) {
		s := service{"GET /machines/m": play(notFound, machine("off"), machine("off"), reply(500, ""), machine("starting"), machine("ready"))}
		var changes []string
		states, err := collect(t, s, WithOnChange(func(u WaitUpdate) { changes = append(changes, string(u.Machine.State)) }))
		require.NoError(t, err)
		assert.Equal(t, []string{"off", "starting", "ready"}, states)
		assert.Equal(t, states, changes)

		begin := time.Now()
		states, err = collect(t, service{"GET /machines/m": play(machine("off"), notFound)})
		require.ErrorIs(t, err, ErrNotFound)
		assert.Equal(t, []string{"off"}, states)
		assert.GreaterOrEqual(t, time.Since(begin), time.Minute)

		_, err = collect(t, service{"GET /machines/m": play(machine("off"), refuse(401))})
		require.ErrorIs(t, err, ErrUnauthorized)

		_, err = collect(t, service{"GET /machines/m": play(machine("off"))}, WithWaitTimeout(time.Hour))
		require.ErrorIs(t, err, ErrWaitTimeout)
		assert.ErrorContains(t, err, "m (off)")

		_, err = collect(t, service{}, WithWaitTimeout(-1))
		require.Error(t, err)
	})
}

// timeline is a machine and its events as they change with time: each is listed from its time on, until the next state.
type timeline struct {
	begin  time.Time
	states []moment
	events map[string][]moment // by "id name"
	acts   int                 // starts and stops
}

type moment struct {
	at    time.Duration
	state string
	text  string // an event's reason
}

func (l *timeline) now(moments []moment) (now *moment) {
	for i := range moments {
		if time.Since(l.begin) >= moments[i].at {
			now = &moments[i]
		}
	}
	return now
}

func (l *timeline) event(key string) string {
	id, name, _ := strings.Cut(key, " ")
	m := l.now(l.events[key])
	if m == nil {
		return ""
	}
	fields := []string{"name=" + name, "dtCreated=" + l.begin.Add(l.events[key][0].at).Format(time.RFC3339Nano)}
	if m.text != "" {
		fields = append(fields, "error="+m.text)
	}
	return event(id, m.state, fields...)
}

func (l *timeline) RoundTrip(r *http.Request) (*http.Response, error) {
	p := strings.TrimPrefix(r.URL.Path, "/v1")
	switch {
	case p == "/machines/m":
		if m := l.now(l.states); m != nil && m.state != "" {
			return reply(200, `{"id":"m","state":"`+m.state+`"}`)(r)
		}
	case p == "/machine-events":
		var items []string
		for key := range l.events {
			if e := l.event(key); e != "" {
				items = append(items, e)
			}
		}
		return reply(200, `{"hasMore":false,"items":[`+strings.Join(items, ",")+`]}`)(r)
	case r.Method == http.MethodPatch:
		l.acts++
		return reply(200, `{"event":`+event("act", "done", "name="+path.Base(p))+`,"data":{"id":"m"}}`)(r)
	}
	for key := range l.events {
		if id, _, _ := strings.Cut(key, " "); p == "/machine-events/"+id && l.event(key) != "" {
			return reply(200, l.event(key))(r)
		}
	}
	return notFound(r)
}

// A create or start that failed with a reason ends the waits that it makes hopeless, with its reason and the machine.
func TestFailedOperationEndsWaitsForItsMachine(t *testing.T) {
	const never = -1
	always := func(state string) []moment { return []moment{{state: state}} }
	for name, tc := range map[string]struct {
		states []moment
		events map[string][]moment
		// wait, ensure and watch are when they end with an EventError, or never.
		wait, ensure, watch time.Duration
		acts                int
	}{
		"the create fails during the wait": {
			always("provisioning"), map[string][]moment{"e create": {{state: "new"}, {40 * time.Second, "error", "no capacity"}}},
			40 * time.Second, 40 * time.Second, 60 * time.Second, 0,
		},
		"the create has failed": {
			always("provisioning"), map[string][]moment{"e create": {{-time.Minute, "error", "no capacity"}}},
			0, 0, 0, 0,
		},
		"the create has failed long ago": {
			always("provisioning"), map[string][]moment{"e create": {{-50 * time.Hour, "error", "no capacity"}}},
			0, 0, 0, 0,
		},
		"the create fails without a reason": {
			always("provisioning"), map[string][]moment{"e create": {{state: "new"}, {40 * time.Second, "error", ""}}},
			never, never, never, 0,
		},
		"the create has been cancelled": {
			always("provisioning"), map[string][]moment{"e create": {{-time.Minute, "cancelled", ""}}},
			0, 0, 0, 0,
		},
		"the create is cancelled, and the machine is used nevertheless": {
			[]moment{{state: "starting"}, {40 * time.Second, "ready", ""}},
			map[string][]moment{"e create": {{-time.Minute, "cancelled", ""}}},
			never, never, never, 0,
		},
		"the create is listed late": {
			always("provisioning"), map[string][]moment{"e create": {{5 * time.Second, "new", ""}, {40 * time.Second, "error", "no capacity"}}},
			60 * time.Second, 60 * time.Second, 60 * time.Second, 0,
		},
		"somebody's start fails during the wait": {
			[]moment{{state: "starting"}, {40 * time.Second, "off", ""}},
			map[string][]moment{"e start": {{state: "new"}, {40 * time.Second, "error", "no capacity"}}},
			40 * time.Second, 40 * time.Second, 60 * time.Second, 0,
		},
		"somebody's start begins and fails during the wait": {
			[]moment{{state: "off"}, {5 * time.Minute, "starting", ""}, {6 * time.Minute, "off", ""}},
			map[string][]moment{"e start": {{5 * time.Minute, "new", ""}, {6 * time.Minute, "error", "no capacity"}}},
			6 * time.Minute, 6 * time.Minute, 6 * time.Minute, 1,
		},
		"a start has failed": { // the machine waits for another one, which may not be listed yet
			always("off"), map[string][]moment{"e start": {{-time.Minute, "error", "no capacity"}}},
			time.Minute, never, never, 1,
		},
		"a start has failed yesterday": {
			always("off"), map[string][]moment{"e start": {{-24 * time.Hour, "error", "no capacity"}}},
			never, never, never, 1,
		},
		"a start has failed, and another is not listed yet": {
			[]moment{{state: "starting"}, {40 * time.Second, "ready", ""}},
			map[string][]moment{"e start": {{-time.Minute, "error", "no capacity"}}, "f start": {{5 * time.Second, "done", ""}}},
			never, never, never, 0,
		},
		"a start has failed, and the next one went well": {
			always("provisioning"), map[string][]moment{"e start": {{-2 * time.Minute, "error", "no capacity"}}, "f start": {{-time.Minute, "done", ""}}},
			never, never, never, 0,
		},
		"a stop fails while it is started": {
			always("starting"), map[string][]moment{"e stop": {{state: "new"}, {40 * time.Second, "error", "busy"}}},
			never, never, never, 0,
		},
		"it is ready although its start failed": {
			always("ready"), map[string][]moment{"e start": {{-time.Minute, "error", "timed out"}}},
			never, never, never, 0,
		},
	} {
		for method, wait := range map[string]func(ctx context.Context, c *Client) (m *Machine, err error){
			"WaitForState": func(ctx context.Context, c *Client) (*Machine, error) {
				return c.Machines.WaitForState(ctx, "m", MachineStateReady)
			},
			"EnsureReady": func(ctx context.Context, c *Client) (*Machine, error) { return c.Machines.EnsureReady(ctx, "m") },
			"Watch": func(ctx context.Context, c *Client) (last *Machine, err error) {
				var m Machine
				for m, err = range c.Machines.Watch(ctx, "m", WithWaitTimeout(30*time.Minute)) {
					last = &m
				}
				return last, err
			},
		} {
			ends := map[string]time.Duration{"WaitForState": tc.wait, "EnsureReady": tc.ensure, "Watch": tc.watch}[method]
			t.Run(name+"/"+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := &timeline{begin: time.Now(), states: tc.states, events: tc.events}
					m, err := wait(t.Context(), newTestClient(t, l))
					if ends == never {
						assert.NotErrorIs(t, err, ErrEventFailed)
						assert.NotErrorIs(t, err, ErrEventCancelled)
					} else {
						e, ok := errors.AsType[*EventError](err)
						require.True(t, ok, "%v", err)
						assert.Equal(t, tc.events["e "+string(e.Event.Name)][len(tc.events["e "+string(e.Event.Name)])-1].text, e.Event.Error)
						assert.ErrorContains(t, err, "machine m")
						require.NotNil(t, m, "the machine is returned beside the error")
						assert.Equal(t, "m", m.ID)
						assert.GreaterOrEqual(t, time.Since(l.begin), ends)
						late := 21 * time.Second
						if ends > time.Minute { // it is seen when the events are looked at again
							late += lookInterval
						}
						assert.LessOrEqual(t, time.Since(l.begin), ends+late)
					}
					if method == "EnsureReady" {
						assert.Equal(t, tc.acts, l.acts, "starts")
					}
				})
			})
		}
	}
}

func TestEnsureOffEndsWithTheFailedStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &timeline{
			begin: time.Now(), states: []moment{{state: "stopping"}, {30 * time.Second, "ready", ""}},
			events: map[string][]moment{"e stop": {{state: "new"}, {30 * time.Second, "error", "busy"}}, "f start": {{-time.Hour, "error", "old"}}},
		}
		_, err := newTestClient(t, l).Machines.EnsureOff(t.Context(), "m")
		require.ErrorContains(t, err, "busy")
		assert.Zero(t, l.acts)
	})
}

func TestWaitForAStateThatTheAPIDoesNotDocument(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &timeline{begin: time.Now(), states: []moment{{state: "hibernating"}}}
		m, err := newTestClient(t, l).Machines.WaitForState(t.Context(), "m", "hibernating")
		require.NoError(t, err, "the machine is in it")
		assert.Equal(t, MachineState("hibernating"), m.State)
		begin := time.Now()
		_, err = newTestClient(t, l).Machines.WaitForState(t.Context(), "m", "reday")
		pe, ok := errors.AsType[*ParamError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, "state", pe.Field)
		assert.Zero(t, time.Since(begin))
		_, err = newTestClient(t, service{}).Machines.WaitForState(t.Context(), "m", "reday", WithNotFoundGrace(0))
		require.ErrorIs(t, err, ErrNotFound)
	})
}

// Right after a create a machine may not be found yet: to be deleted it must not be found twice.
func TestMachineThatIsNotFoundAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		l := &timeline{begin: begin, states: []moment{{500 * time.Millisecond, "provisioning", ""}, {30 * time.Second, "", ""}}}
		require.NoError(t, newTestClient(t, l).Machines.WaitUntilDeleted(t.Context(), "m"))
		assert.GreaterOrEqual(t, time.Since(begin), 30*time.Second)

		s := service{
			"DELETE /machines/m":    play(operation200(event("e", "new"))),
			"GET /machine-events/e": play(notFound, is("e", "new"), is("e", "error", "error=busy")),
			"GET /machines/m":       play(notFound, ready),
		}
		op, err := newTestClient(t, s).Machines.Delete(t.Context(), "m")
		require.NoError(t, err)
		_, err = op.Wait(t.Context())
		require.ErrorContains(t, err, "busy", "neither the event nor the machine was found at first")

		s = service{"DELETE /machines/m": play(operation200(event("e", "new")))}
		op, err = newTestClient(t, s).Machines.Delete(t.Context(), "m")
		require.NoError(t, err)
		begin = time.Now()
		_, err = op.Wait(t.Context(), WithNotFoundGrace(0))
		require.NoError(t, err, "neither is found at the second look")
		assert.InDelta(t, time.Second, time.Since(begin), float64(time.Second))
	})
}

// An event or a machine that has not changed is no change, whatever the offset of its times.
func TestOnChangeFiresForChangesOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := func(time string) string { return "dtCreated=" + time }
		s := service{
			"GET /machine-events/e": play(
				is("e", "new", at("2024-05-01T17:30:00+05:30")), is("e", "new", at("2024-05-01T17:30:00+05:30")),
				is("e", "new", at("2024-05-01T12:00:00Z")), is("e", "done", at("2024-05-01T17:30:00+05:30"))),
			"GET /machines/m": play(
				reply(200, `{"id":"m","state":"off","dtCreated":"2024-05-01T17:30:00+05:30"}`), reply(200, `{"id":"m","state":"off","dtCreated":"2024-05-01T12:00:00Z"}`),
				reply(200, `{"id":"m","state":"ready"}`)),
			"GET /machine-events": play(reply(200, `{"hasMore":false,"items":[]}`)),
		}
		var changes []string
		note := WithOnChange(func(u WaitUpdate) {
			if u.Event != nil {
				changes = append(changes, string(u.Event.State))
				u.Event.State = "changed by the hook"
			} else {
				changes = append(changes, string(u.Machine.State))
				u.Machine.State = "changed by the hook"
			}
		})
		c := newTestClient(t, s)
		events, err := c.MachineEvents.Wait(t.Context(), []string{"e"}, note)
		require.NoError(t, err)
		assert.Equal(t, MachineEventStateDone, events[0].State)
		_, err = c.Machines.WaitForState(t.Context(), "m", MachineStateReady, note)
		require.NoError(t, err)
		assert.Equal(t, []string{"new", "done", "off", "ready"}, changes)
	})
}

// The caller of an Ensure method knows the machine, and not the event that the method has started.
func TestEnsureNamesTheMachineInItsErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := service{
			"GET /machine-events": play(reply(200, `{"hasMore":false,"items":[]}`)), "GET /machine-events/e": play(is("e", "in progress")),
			"GET /machines/m":         play(reply(200, `{"id":"m","state":"off"}`)),
			"PATCH /machines/m/start": play(operation200(event("e", "new"))), "DELETE /machines/m": play(operation200(event("e", "new"))),
		}
		c := newTestClient(t, s)
		_, ready := c.Machines.EnsureReady(t.Context(), "m")
		for _, err := range []error{ready, c.Machines.EnsureDeleted(t.Context(), "m")} {
			we, ok := errors.AsType[*WaitError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, []string{"m"}, we.IDs)
			assert.Equal(t, map[string]string{"m": "event e in progress"}, we.LastStates)
		}
	})
}

// A wait that is shorter than the grace period for a 404 shows the 404.
func TestNotFoundWithinTheGracePeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := service{"GET /machine-events": play(reply(200, `{"hasMore":false,"items":[]}`))}
		_, err := newTestClient(t, s).Machines.EnsureReady(t.Context(), "m", WithWaitTimeout(2*time.Second))
		require.ErrorIs(t, err, ErrWaitTimeout)
		require.NotErrorIs(t, err, ErrNotFound)
		we, ok := errors.AsType[*WaitError](err)
		require.True(t, ok)
		require.ErrorIs(t, we.LastPoll, ErrNotFound)
	})
}
