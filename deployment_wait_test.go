package paperspace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// spec answers with deployment d and its latest spec; flags are "applied", "healthy", "error=…" and members of its
// config.
func spec(id string, flags ...string) step {
	config := map[string]any{"apiVersion": "v1", "name": "api", "image": "i", "resources": map[string]any{"machineType": "C5"}}
	s := map[string]any{"id": id, "deploymentId": "d", "userId": "u", "data": config, "externalApplied": nil, "dtHealthy": nil, "error": nil}
	for _, f := range flags {
		name, value, _ := strings.Cut(f, "=")
		switch name {
		case "applied":
			s["externalApplied"] = epoch
		case "healthy":
			s["externalApplied"], s["dtHealthy"] = epoch, epoch.Add(time.Second)
		case "error":
			s["error"] = value
		case "replicas":
			config["resources"] = map[string]any{"machineType": "C5", "replicas": 0}
		case "disabled":
			config["enabled"] = false
		default:
			config[name] = value
		}
	}
	b, _ := json.Marshal(map[string]any{"id": "d", "name": "api", "projectId": "p", "latestSpec": s})
	return reply(200, string(b))
}

var (
	noRuns     = play(reply(200, `[]`))
	failedRuns = `[{"id":"r","instances":[{"id":"i1","state":"healthy"},{"id":"i2","state":"errored","stateMessage":"image not found"}]}]`
)

func TestWaitUntilHealthy(t *testing.T) {
	for _, tc := range []struct {
		name   string
		steps  []step
		params WaitUntilHealthyParams
		spec   string // of the result
		is     error
		text   string
		took   time.Duration // at least
	}{
		{name: "healthy already", steps: []step{spec("1", "healthy")}, spec: "1"},
		{name: "in its time", steps: []step{spec("1"), spec("1", "applied"), reply(500, ""), spec("1", "healthy")}, spec: "1"},
		{name: "disabled", steps: []step{spec("1", "disabled"), spec("1", "disabled", "applied")}, spec: "1"},
		{name: "no replicas", steps: []step{spec("1", "replicas"), spec("1", "replicas", "applied")}, spec: "1"},
		{name: "cannot be applied", steps: []step{spec("1", "error=bad image")}, is: ErrSpecFailed, text: "bad image"},
		{name: "an error after it was applied is not fatal", steps: []step{spec("1", "applied", "error=x"), spec("1", "healthy")}, spec: "1"},
		{name: "never healthy", steps: []step{spec("1", "applied")}, is: ErrWaitTimeout, text: "instance i2 is in state errored: image not found", took: 30 * time.Minute},
		{name: "never applied", steps: []step{spec("1")}, is: ErrWaitTimeout, text: "spec 1 not applied", took: 30 * time.Minute},
		{name: "replaced", steps: []step{spec("1"), spec("2", "healthy")}, is: ErrSpecReplaced, text: "2"},
		{name: "after another spec", steps: []step{spec("1", "healthy"), spec("1", "healthy"), spec("2"), spec("2", "healthy")}, params: WaitUntilHealthyParams{AfterSpecID: "1"}, spec: "2"},
		{name: "for a spec", steps: []step{spec("1", "healthy"), spec("2"), spec("2", "healthy")}, params: WaitUntilHealthyParams{SpecID: "2"}, spec: "2"},
		{name: "for a spec that was replaced", steps: []step{spec("2"), spec("3", "healthy")}, params: WaitUntilHealthyParams{SpecID: "2"}, is: ErrSpecReplaced},
		{name: "404 for a while", steps: []step{notFound, spec("1", "healthy")}, spec: "1"},
		{name: "404", steps: []step{notFound}, is: ErrNotFound, took: time.Minute},
		{name: "403", steps: []step{refuse(403)}, is: ErrForbidden},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := service{"GET /deployments/d": play(tc.steps...), "GET /deployments/d/runs": play(reply(200, failedRuns))}
				begin := time.Now()
				d, err := newTestClient(t, s).Deployments.WaitUntilHealthy(t.Context(), "d", tc.params)
				assert.GreaterOrEqual(t, time.Since(begin), tc.took)
				if tc.is == nil {
					require.NoError(t, err)
					assert.Equal(t, tc.spec, d.LatestSpec.ID)
					return
				}
				require.ErrorIs(t, err, tc.is)
				assert.ErrorContains(t, err, tc.text)
				assert.Nil(t, d)
			})
		})
	}
	_, err := newTestClient(t, play(notFound)).Deployments.WaitUntilHealthy(t.Context(), "..", WaitUntilHealthyParams{})
	require.ErrorContains(t, err, "id")
}

func TestDeploymentErrorHasTheInstances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := service{"GET /deployments/d": play(spec("1", "applied")), "GET /deployments/d/runs": play(reply(200, failedRuns))}
		_, err := newTestClient(t, s).Deployments.WaitUntilHealthy(t.Context(), "d", WaitUntilHealthyParams{})
		e, ok := errors.AsType[*DeploymentError](err)
		require.True(t, ok)
		assert.Equal(t, "1", e.SpecID)
		require.Len(t, e.Failed, 1)
		assert.Equal(t, "i2", e.Failed[0].ID)
		var we *WaitError
		require.ErrorAs(t, err, &we)
		assert.Equal(t, []string{"d"}, we.IDs)
	})
}

// What an earlier spec's instances did is no news of this one's.
func TestFailuresOfEarlierSpecs(t *testing.T) {
	old := `{"id":"r1","instances":[{"id":"i1","state":"failed","stateMessage":"old","dtCreated":"2024-05-01T10:00:00Z","history":[]}]}`
	now := `{"id":"r2","instances":[{"id":"i2","state":"failed","stateMessage":"new","dtCreated":"2024-05-01T12:00:00Z","history":[{"state":"failed"}]}]}`
	starting := `{"id":"r2","instances":[{"id":"i2","state":"pending","dtCreated":"2024-05-01T12:00:00Z"}]}`
	for runs, message := range map[string]string{
		old + "," + now: "new", now + "," + old: "new", starting + "," + old: "", old + "," + starting: "", `{"id":"r2","instances":[]},` + old: "",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := service{"GET /deployments/d": play(spec("1", "applied")), "GET /deployments/d/runs": play(reply(200, "["+runs+"]"))}
			c := newTestClient(t, s)
			var errs [2]error
			var wg sync.WaitGroup
			for i := range errs {
				wg.Go(func() {
					_, errs[i] = c.Deployments.WaitUntilHealthy(t.Context(), "d", WaitUntilHealthyParams{}, WithWaitTimeout(time.Minute))
				})
			}
			wg.Wait()
			require.ErrorIs(t, errs[0], ErrWaitTimeout)
			first, ok := errors.AsType[*DeploymentError](errs[0])
			if message == "" {
				assert.False(t, ok, "%v", errs[0])
				return
			}
			require.True(t, ok)
			require.Len(t, first.Failed, 1)
			assert.Equal(t, message, first.Failed[0].StateMessage)
			second, _ := errors.AsType[*DeploymentError](errs[1])
			assert.NotSame(t, &first.Failed[0].History[0], &second.Failed[0].History[0], "each has its own")
		})
	}
	synctest.Test(t, func(t *testing.T) {
		runs := play(reply(200, "["+old+"]"))
		s := service{"GET /deployments/d": play(spec("1")), "GET /deployments/d/runs": runs}
		_, err := newTestClient(t, s).Deployments.WaitUntilHealthy(t.Context(), "d", WaitUntilHealthyParams{}, WithWaitTimeout(time.Minute))
		require.ErrorIs(t, err, ErrWaitTimeout)
		assert.NotContains(t, err.Error(), "old")
		assert.Zero(t, runs.count(), "nothing runs of a spec that is not applied")
	})
}

func TestApply(t *testing.T) {
	config := testConfig
	upsert := reply(200, `{"deploymentId":"d"}`)
	for _, tc := range []struct {
		name   string
		create bool
		steps  []step
		upsert step
		spec   string
		is     error
		text   string
	}{
		{name: "a new spec", steps: []step{spec("1", "healthy"), spec("1", "healthy"), spec("2"), spec("2", "healthy")}, spec: "2"},
		{name: "create", create: true, steps: []step{notFound, spec("1"), spec("1", "healthy")}, spec: "1"},
		{name: "nothing new, and it is what was sent", steps: []step{spec("1", "healthy")}, spec: "1"},
		{name: "nothing new, and it is something else", steps: []step{spec("1", "healthy", "image=other")}, is: errNoNewSpec},
		{name: "the upsert fails", steps: []step{spec("1")}, upsert: reply(500, ""), is: ErrOutcomeUnknown},
		{name: "there is no such deployment", steps: []step{notFound}, is: ErrNotFound},
		{name: "the new spec is replaced", steps: []step{spec("1", "healthy"), spec("2"), spec("3", "healthy")}, is: ErrSpecReplaced, text: "spec 2"},
		{name: "the deployment is gone", steps: []step{spec("1", "healthy"), notFound}, is: ErrNotFound, text: "waited 1m"},
		{name: "gone for a while", steps: []step{spec("1", "healthy"), notFound, notFound, spec("2", "healthy")}, spec: "2"},
		{name: "the new spec fails", steps: []step{spec("1", "healthy"), spec("2", "error=bad image")}, is: ErrSpecFailed, text: "bad image"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if tc.upsert == nil {
					tc.upsert = upsert
				}
				s := service{"GET /deployments/d": play(tc.steps...), "GET /deployments/d/runs": noRuns, "POST /deployments": play(tc.upsert)}
				params := DeploymentUpsertParams{ProjectID: "p", Config: config}
				if !tc.create {
					params.DeploymentID = new("d")
				}
				d, err := newTestClient(t, s).Deployments.Apply(t.Context(), params)
				assert.LessOrEqual(t, s["POST /deployments"].count(), 1)
				if tc.is != nil {
					require.ErrorIs(t, err, tc.is)
					assert.ErrorContains(t, err, tc.text)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, tc.spec, d.LatestSpec.ID)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := service{"GET /deployments/d": play(spec("1", "healthy")), "POST /deployments": play(upsert)}
		begin := time.Now()
		s["GET /deployments/d"] = play(spec("1"))
		_, err := newTestClient(t, s).Deployments.Apply(t.Context(), DeploymentUpsertParams{DeploymentID: new("d"), ProjectID: "p", Config: config}, WithWaitTimeout(20*time.Second))
		require.ErrorIs(t, err, ErrWaitTimeout)
		assert.Equal(t, 20*time.Second, time.Since(begin))

		// No poll is answered for longer than the service has for its new spec, which says nothing of that.
		begin = time.Now()
		outage := step(func(r *http.Request) (*http.Response, error) {
			if time.Since(begin) < 3*time.Minute {
				return reply(502, "")(r)
			}
			return spec("2", "healthy")(r)
		})
		s["GET /deployments/d"] = play(spec("1", "healthy"), outage)
		d, err := newTestClient(t, s).Deployments.Apply(t.Context(), DeploymentUpsertParams{DeploymentID: new("d"), ProjectID: "p", Config: config})
		require.NoError(t, err)
		assert.Equal(t, "2", d.LatestSpec.ID)

		begin = time.Now()
		s["GET /deployments/d"] = play(spec("1", "healthy"), notFound)
		_, err = newTestClient(t, s).Deployments.Apply(t.Context(), DeploymentUpsertParams{DeploymentID: new("d"), ProjectID: "p", Config: config}, WithNotFoundGrace(150*time.Second))
		require.ErrorIs(t, err, ErrNotFound)
		assert.InDelta(t, 155*time.Second, time.Since(begin), float64(6*time.Second))
		var we *WaitError
		require.ErrorAs(t, err, &we)
		assert.Equal(t, time.Since(begin), we.Waited, "from the call of Apply")
	})
}

var testConfig = DeploymentConfig{V1: &DeploymentConfigV1{Name: "api", Image: "i", Resources: DeploymentResources{MachineType: "C5"}}}

// Without an ID, Apply changes the deployment that has the configuration's name in the project.
func TestApplyByName(t *testing.T) {
	listed := func(ids ...string) step {
		var items []string
		for _, id := range ids {
			items = append(items, fmt.Sprintf(`{"id":%q,"name":"api","projectId":"p"}`, id))
		}
		return reply(200, `{"items":[`+strings.Join(items, ",")+`],"hasMore":false}`)
	}
	old, other := spec("1", "healthy"), spec("2", "healthy", "image=other")
	for _, tc := range []struct {
		name    string
		list    step
		steps   []step // the first is the one before the upsert, if the name is listed
		spec    string // of the result
		is      error
		upserts int
		took    time.Duration // at least
	}{
		{name: "the old spec shows for three more reads", list: listed("d"), steps: []step{old, old, old, old, spec("2"), spec("2", "healthy")}, spec: "2", upserts: 1},
		{name: "a read lags behind an earlier one", list: listed("d"), steps: []step{old, spec("2"), old, spec("2", "healthy")}, spec: "2", upserts: 1},
		{name: "the service adds members", list: listed("d"), steps: []step{old, spec("2", "healthy", "region=r")}, spec: "2", upserts: 1},
		{name: "another caller's spec came before ours", list: listed("d"), steps: []step{old, other, spec("3"), spec("3", "healthy")}, spec: "3", upserts: 1},
		{name: "another caller's spec replaced ours unseen", list: listed("d"), steps: []step{old, other}, is: ErrSpecReplaced, upserts: 1, took: time.Minute},
		{name: "another caller created it with another spec", list: listed(), steps: []step{other}, is: ErrSpecReplaced, upserts: 1, took: time.Minute},
		{name: "another caller's spec replaced ours", list: listed("d"), steps: []step{old, spec("2"), spec("3", "healthy")}, is: ErrSpecReplaced, upserts: 1},
		{name: "the name is new", list: listed(), steps: []step{spec("1"), spec("1", "healthy")}, spec: "1", upserts: 1},
		{name: "the upsert changed another deployment than the listed one", list: listed("e"), steps: []step{spec("9", "healthy")}, spec: "9", upserts: 1},
		{name: "two deployments have the name", list: listed("d", "e"), is: ErrAmbiguous},
		{name: "the list is refused", list: refuse(403), is: ErrForbidden},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := service{
					"GET /projects/p/deployments": play(tc.list), "POST /deployments": play(reply(200, `{"deploymentId":"d"}`)),
					"GET /deployments/d": play(tc.steps...), "GET /deployments/e": play(spec("9", "healthy")), "GET /deployments/d/runs": noRuns,
				}
				begin := time.Now()
				d, err := newTestClient(t, s).Deployments.Apply(t.Context(), DeploymentUpsertParams{ProjectID: "p", Config: testConfig})
				assert.Equal(t, tc.upserts, s["POST /deployments"].count(), "upserts")
				assert.GreaterOrEqual(t, time.Since(begin), tc.took)
				if tc.is != nil {
					require.ErrorIs(t, err, tc.is)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, tc.spec, d.LatestSpec.ID)
			})
		})
	}
}

func TestApplyPassesOptionsToTheUpsertOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := service{"POST /deployments": play(reply(200, `{"deploymentId":"d"}`)), "GET /deployments/d": play(spec("1", "healthy"))}
		var response Response
		_, err := newTestClient(t, s).Deployments.Apply(t.Context(), DeploymentUpsertParams{ProjectID: "p", Config: testConfig},
			WithUpsertOptions(WithHeader("x-git-sha", "abc"), WithBodyField("extra", 1)), WithUpsertOptions(WithResponse(&response)))
		require.NoError(t, err)
		upsert := s["POST /deployments"]
		assert.Equal(t, "abc", upsert.requests[0].Header.Get("x-git-sha"))
		assert.Contains(t, upsert.bodies[0], `"extra":1`)
		assert.JSONEq(t, `{"deploymentId":"d"}`, string(response.Body))
		for _, get := range s["GET /deployments/d"].requests {
			assert.Empty(t, get.Header.Get("x-git-sha"), "another request has the header")
		}
	})
}

// What the upsert would refuse is refused before any other request is sent.
func TestApplyValidatesBeforeTheLookup(t *testing.T) {
	noImage := DeploymentConfig{V1: &DeploymentConfigV1{Name: "api"}}
	for field, apply := range map[string]func(*Client) error{
		"WithBodyField": func(c *Client) error {
			_, err := c.Deployments.Apply(t.Context(), DeploymentUpsertParams{ProjectID: "p", Config: testConfig}, WithUpsertOptions(WithBodyField("", 1)))
			return err
		},
		"WithFailureGrace": func(c *Client) error {
			_, err := c.Deployments.Apply(t.Context(), DeploymentUpsertParams{ProjectID: "p", Config: testConfig}, WithFailureGrace(-1))
			return err
		},
		"projectId": func(c *Client) error {
			_, err := c.Deployments.Apply(t.Context(), DeploymentUpsertParams{DeploymentID: new("d"), Config: testConfig})
			return err
		},
		"config.image": func(c *Client) error {
			_, err := c.Deployments.Apply(t.Context(), DeploymentUpsertParams{DeploymentID: new("d"), ProjectID: "p", Config: noImage})
			return err
		},
	} {
		t.Run(field, func(t *testing.T) {
			rt := play(notFound)
			refused, ok := errors.AsType[*ParamError](apply(newTestClient(t, rt)))
			require.True(t, ok)
			assert.Equal(t, field, refused.Field)
			assert.Zero(t, rt.count(), "requests")
		})
	}
}

// runOf returns a run whose instances have a state, a colon and a message.
func runOf(created string, instances ...string) string {
	var list []string
	for n, instance := range instances {
		state, message, _ := strings.Cut(instance, ":")
		finished := "null"
		if state == "stopped" {
			finished = `"2024-05-01T12:05:00Z"`
		}
		list = append(list, fmt.Sprintf(`{"id":"i%d","state":%q,"stateMessage":%q,"dtCreated":%q,"dtFinished":%s}`, n+1, state, message, created, finished))
	}
	return `{"id":"r` + created + `","instances":[` + strings.Join(list, ",") + `]}`
}

// A rollout whose instances have all failed for a while cannot become healthy.
func TestWaitUntilHealthyEndsWhenAllInstancesFail(t *testing.T) {
	const before, after = "2024-05-01T09:00:00Z", "2024-05-01T12:00:00Z" // the spec was applied at 12:00
	failing := runOf(after, "error:image not found", "errored:image not found")
	for _, tc := range []struct {
		name     string
		runs     string
		then     string // after a minute
		again    bool   // the first runs come back 30 s later
		opts     []WaitOption
		is       error
		min, max time.Duration
	}{
		{name: "all fail", runs: failing, is: ErrSpecFailed, min: 2 * time.Minute, max: 2*time.Minute + 15*time.Second},
		{name: "all fail, without a grace time", runs: failing, opts: []WaitOption{WithFailureGrace(0)}, is: ErrSpecFailed, max: 5 * time.Second},
		{name: "all fail, for longer than the grace time", runs: failing, opts: []WaitOption{WithFailureGrace(5 * time.Minute)}, is: ErrSpecFailed,
			min: 5 * time.Minute, max: 5*time.Minute + 15*time.Second},
		{name: "they fail later", runs: runOf(after, "pending", "failed"), then: failing, is: ErrSpecFailed, min: 3 * time.Minute, max: 3*time.Minute + 25*time.Second},
		{name: "one has stopped", runs: runOf(after, "stopped", "failed:crashed"), is: ErrSpecFailed, min: 2 * time.Minute, max: 2*time.Minute + 15*time.Second},
		{name: "one is restarted", runs: failing, then: runOf(after, "pending", "error"), is: ErrWaitTimeout, min: 30 * time.Minute, max: 30 * time.Minute},
		{name: "they fail again after a restart", runs: failing, then: runOf(after, "pending", "error"), again: true, is: ErrSpecFailed,
			min: 210 * time.Second, max: 240 * time.Second},
		{name: "one is healthy", runs: runOf(after, "healthy", "error"), is: ErrWaitTimeout, min: 30 * time.Minute, max: 30 * time.Minute},
		{name: "all have stopped", runs: runOf(after, "stopped"), is: ErrWaitTimeout, min: 30 * time.Minute, max: 30 * time.Minute},
		{name: "those of an earlier spec fail", runs: runOf(before, "error:old"), is: ErrWaitTimeout, min: 30 * time.Minute, max: 30 * time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				runs := step(func(r *http.Request) (*http.Response, error) {
					if since := time.Since(begin); tc.then != "" && since > time.Minute && !(tc.again && since > 90*time.Second) {
						return reply(200, "["+tc.then+"]")(r)
					}
					return reply(200, "["+tc.runs+"]")(r)
				})
				s := service{"GET /deployments/d": play(spec("1", "applied")), "GET /deployments/d/runs": play(runs)}
				_, err := newTestClient(t, s).Deployments.WaitUntilHealthy(t.Context(), "d", WaitUntilHealthyParams{}, tc.opts...)
				require.ErrorIs(t, err, tc.is)
				assert.GreaterOrEqual(t, time.Since(begin), tc.min)
				assert.LessOrEqual(t, time.Since(begin), tc.max)
				assert.NotContains(t, err.Error(), "old")
				if tc.is == ErrSpecFailed {
					failed, ok := errors.AsType[*DeploymentError](err)
					require.True(t, ok)
					assert.Equal(t, "1", failed.SpecID)
					assert.NotEmpty(t, failed.Failed)
				}
			})
		})
	}
}

func TestOnChangeHasTheInstances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const at = "2024-05-01T12:00:00Z"
		s := service{
			"GET /deployments/d": play(spec("1"), spec("1", "applied"), spec("1", "applied"), spec("1", "applied"), spec("1", "applied"), spec("1", "healthy")),
			"GET /deployments/d/runs": play(reply(200, `[]`), reply(200, "["+runOf(at, "pending", "pending")+"]"),
				reply(200, "["+runOf(at, "healthy", "error:image pull failed")+"]")),
		}
		var lines []string
		_, err := newTestClient(t, s).Deployments.WaitUntilHealthy(t.Context(), "d", WaitUntilHealthyParams{}, WithOnChange(func(u WaitUpdate) {
			line := specState(u.Deployment.LatestSpec)
			for _, instance := range u.Instances {
				line += " " + instance.State + instance.StateMessage
			}
			lines = append(lines, line)
			u.Instances = append(u.Instances[:0], DeploymentInstance{}) // they are the caller's
		}))
		require.NoError(t, err)
		assert.Equal(t, []string{
			"spec 1 not applied", "spec 1 not healthy", "spec 1 not healthy pending pending",
			"spec 1 not healthy healthy errorimage pull failed", "spec 1 healthy healthy errorimage pull failed",
		}, lines)
	})
}

func TestSetEnabled(t *testing.T) {
	latest := `{"apiVersion":"latest","name":"api","healthchecks":{"x":1},"healthChecks":{"y":[2.50]},"unknown":{"b":1,"a":[null]},"env":[{"name":"K","value":"hunter2"}]}`
	s := service{
		"GET /deployments/d": play(reply(200, `{"id":"d","projectId":"p","latestSpec":{"id":"1","data":`+latest+`}}`)),
		"POST /deployments":  play(reply(200, `{"deploymentId":"d"}`)),
	}
	c := newTestClient(t, s)
	result, err := c.Deployments.SetEnabled(t.Context(), "d", false)
	require.NoError(t, err)
	assert.Equal(t, "d", result.DeploymentID)
	want := strings.Replace(latest, `{"apiVersion"`, `{"enabled":false,"apiVersion"`, 1)
	assert.JSONEq(t, `{"deploymentId":"d","projectId":"p","config":`+want+`}`, s["POST /deployments"].bodies[0])
	assert.Contains(t, s["POST /deployments"].bodies[0], "2.50", "what is not changed goes back as it came")

	s["GET /deployments/d"] = play(reply(200, `{"id":"d","projectId":"p","latestSpec":null}`))
	_, err = c.Deployments.SetEnabled(t.Context(), "d", true)
	require.ErrorContains(t, err, "no spec")
	assert.Equal(t, 1, s["POST /deployments"].count())
}

func TestDeploymentsWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := service{"GET /deployments/d": play(spec("1"), spec("1"), spec("1", "applied"), spec("1", "healthy"))}
		var states, changes []string
		note := WithOnChange(func(u WaitUpdate) { changes = append(changes, specState(u.Deployment.LatestSpec)) })
		for d, err := range newTestClient(t, s).Deployments.Watch(t.Context(), "d", note) {
			require.NoError(t, err)
			states = append(states, specState(d.LatestSpec))
			if !d.LatestSpec.HealthyAt.IsZero() {
				break
			}
		}
		assert.Equal(t, []string{"spec 1 not applied", "spec 1 not healthy", "spec 1 healthy"}, states)
		assert.Equal(t, states, changes)
	})
}

// logs is a deployment's log that grows; its lines are their numbers.
type logs struct {
	mu    sync.Mutex
	lines []LogLine // oldest first
	fail  []step    // instead of answering, the next time
	asked int
}

func (l *logs) add(numbers ...int) {
	for _, n := range numbers {
		l.lines = append(l.lines, LogLine{ID: fmt.Sprint(n), Message: fmt.Sprint(n), CreatedAt: epoch.Add(time.Duration(n) * time.Second)})
	}
}

// after changes the log in a while.
func (l *logs) after(d time.Duration, change func()) {
	time.AfterFunc(d, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		change()
	})
}

func (l *logs) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	if len(l.fail) > 0 {
		next := l.fail[0]
		l.fail = l.fail[1:]
		return next(r)
	}
	at := func(i int) LogLine { return l.lines[i] }
	if r.URL.Query().Get("order") == "desc" {
		at = func(i int) LogLine { return l.lines[len(l.lines)-1-i] }
	}
	b, _ := json.Marshal(pageOf(r, len(l.lines), at))
	return reply(200, string(b))(r)
}

func TestFollowLogs(t *testing.T) {
	follow := func(t *testing.T, l *logs, stop time.Duration, params FollowLogsParams, opts ...WaitOption) (got []string, last error) {
		ctx, cancel := context.WithTimeout(t.Context(), stop)
		defer cancel()
		for line, err := range newTestClient(t, l).Deployments.FollowLogs(ctx, "d", params, opts...) {
			if last = err; err == nil {
				got = append(got, line.Message)
			}
		}
		return got, last
	}
	texts := func(from, to int) (list []string) {
		for i := from; i < to; i++ {
			list = append(list, fmt.Sprint(i))
		}
		return list
	}
	t.Run("the newest, and what comes", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := &logs{}
			l.add(numbers(500)...)
			l.after(5*time.Second, func() { l.add(500, 501) })
			l.after(60*time.Second, func() { l.add(numbers(1000)[502:1000]...) }) // more than four pages at once
			l.after(90*time.Second, func() { l.fail = []step{reply(500, ""), fail(errBroken), reply(429, "", "Retry-After: 20")} })
			l.after(100*time.Second, func() { l.add(1000) })
			got, err := follow(t, l, 3*time.Minute, FollowLogsParams{})
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, texts(380, 1001), got)
		})
	})
	t.Run("from the start", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := &logs{}
			l.add(numbers(500)...)
			l.after(20*time.Second, func() { l.add(500) })
			got, err := follow(t, l, time.Minute, FollowLogsParams{FromStart: true})
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, texts(0, 501), got)
		})
	})
	t.Run("a line that is late", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := &logs{}
			l.add(1, 2, 4)
			l.after(5*time.Second, func() {
				l.lines = nil
				l.add(0, 1, 2, 3, 4)
			})
			l.after(20*time.Second, func() { l.add(5) })
			got, _ := follow(t, l, time.Minute, FollowLogsParams{})
			assert.Equal(t, []string{"1", "2", "4", "3", "5"}, got, "0 is older than where it began")
		})
	})
	t.Run("a burst with failures in it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := &logs{}
			l.add(1)
			l.after(time.Second, func() {
				l.add(numbers(3000)[2:]...)
				for range 6 {
					l.fail = append(l.fail, func(r *http.Request) (*http.Response, error) { l.asked--; return reply(429, "")(r) })
				}
			})
			got, _ := follow(t, l, 5*time.Minute, FollowLogsParams{})
			assert.Equal(t, texts(1, 3000), got)
		})
	})
	t.Run("a burst of more than fifty pages", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := &logs{}
			l.add(0, 1)
			l.after(time.Second, func() { l.add(numbers(20_000)[2:]...) })
			l.after(2*time.Minute, func() { l.add(20_000) })
			got, err := follow(t, l, 4*time.Minute, FollowLogsParams{})
			assert.Equal(t, texts(0, 20_001), got)
			assert.ErrorContains(t, err, "d (20001 lines)")
		})
	})
	t.Run("a burst of more than can be held", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := &logs{}
			l.add(0, 1)
			l.after(time.Second, func() { l.add(numbers(logBurst*maxLimit + 500)[2:]...) })
			got, _ := follow(t, l, 4*time.Minute, FollowLogsParams{})
			require.Len(t, got, logBurst*maxLimit+2)
			assert.Equal(t, texts(500, 503), got[2:5], "the newest of them")
		})
	})
	t.Run("an empty page first", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := &logs{}
			l.add(numbers(500)...)
			l.fail = []step{reply(200, `{"items":[],"hasMore":true,"nextPage":"0"}`)}
			got, _ := follow(t, l, time.Minute, FollowLogsParams{})
			assert.Equal(t, texts(380, 500), got)
		})
	})
	t.Run("cursors that change without an end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			for range newTestClient(t, step(func(r *http.Request) (*http.Response, error) {
				n++
				return reply(200, fmt.Sprintf(`{"items":[],"hasMore":true,"nextPage":"%d"}`, n))(r)
			})).Deployments.FollowLogs(ctx, "d", FollowLogsParams{}) {
			}
			assert.Greater(t, n, logBurst, "it begins anew")
		})
	})
	t.Run("cursors without an end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			endless := reply(200, `{"items":[],"hasMore":true,"nextPage":"x"}`)
			rt := play(endless)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			for range newTestClient(t, rt).Deployments.FollowLogs(ctx, "d", FollowLogsParams{}) {
			}
			assert.Less(t, rt.count(), 150, "two for each interval")
		})
	})
	t.Run("nothing yet", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := &logs{}
			l.after(20*time.Second, func() { l.add(numbers(300)...) })
			got, _ := follow(t, l, time.Minute, FollowLogsParams{})
			assert.Equal(t, texts(0, 300), got)
		})
	})
	t.Run("what ends it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, err := follow(t, &logs{fail: []step{refuse(401)}}, time.Hour, FollowLogsParams{})
			require.ErrorIs(t, err, ErrUnauthorized)
			_, err = follow(t, &logs{fail: []step{refuse(400)}}, time.Hour, FollowLogsParams{})
			require.ErrorIs(t, err, ErrBadRequest)
			_, err = follow(t, &logs{fail: []step{notFound}}, time.Hour, FollowLogsParams{}, WithNotFoundGrace(0))
			require.ErrorIs(t, err, ErrNotFound)
			_, err = follow(t, &logs{}, time.Hour, FollowLogsParams{}, WithWaitTimeout(time.Minute))
			require.ErrorIs(t, err, ErrWaitTimeout)
			_, err = follow(t, &logs{}, time.Hour, FollowLogsParams{}, WithWaitTimeout(-1))
			require.Error(t, err)
			l := &logs{}
			l.add(1, 2)
			for range newTestClient(t, l).Deployments.FollowLogs(t.Context(), "d", FollowLogsParams{}) {
				break
			}
			assert.Equal(t, 1, l.asked)
			for _, err := range newTestClient(t, l).Deployments.FollowLogs(t.Context(), "", FollowLogsParams{}) {
				require.ErrorContains(t, err, "id")
			}
		})
	})
}
