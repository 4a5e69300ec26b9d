package paperspace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// newSpecGrace is how long Apply waits for the spec that an upsert makes.
const newSpecGrace = time.Minute

// WaitUntilHealthyParams bind [DeploymentsService.WaitUntilHealthy] to one spec. The zero value binds it to the spec that
// is the latest at its first poll.
type WaitUntilHealthyParams struct {
	// SpecID is the spec to wait for. A spec that was replaced before the wait began looks like one that is still to
	// come: the wait then ends at its time limit.
	SpecID string
	// AfterSpecID is a spec that does not count: the wait is for the next one, which an upsert makes.
	AfterSpecID string
}

// DeploymentError is a spec that did not become healthy: it could not be applied, another one replaced it, or the wait
// for it ended; Err says which.
type DeploymentError struct {
	// DeploymentID is the deployment.
	DeploymentID string
	// SpecID is the spec that was waited for; empty if none was seen.
	SpecID string
	// Failed are the instances of the newest run that were last seen in a failed state, with their messages.
	Failed []DeploymentInstance
	// Err is why the wait ended.
	Err error
}

// Error tells what ended the wait, and what the failed instances say.
func (e *DeploymentError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "paperspace: deployment %s, spec %s: %s", e.DeploymentID, cmp.Or(e.SpecID, "unknown"),
		strings.TrimPrefix(e.Err.Error(), "paperspace: "))
	for _, instance := range e.Failed {
		fmt.Fprintf(&b, "; instance %s is in state %s: %s", instance.ID, instance.State, cmp.Or(instance.StateMessage, "no message"))
	}
	return b.String()
}

// Unwrap returns why the wait ended.
func (e *DeploymentError) Unwrap() error { return e.Err }

// ErrSpecReplaced is a wait for a deployment's spec that another spec took the place of.
var ErrSpecReplaced = errors.New("paperspace: another spec took its place")

// ErrSpecFailed is a deployment's spec that the service could not apply.
var ErrSpecFailed = errors.New("paperspace: the spec could not be applied")

// Watch yields the deployment as it is now, and then at every change that a poll sees, until the consumer breaks off,
// the context ends or the service refuses to answer, which is then yielded as an error. It has no time limit of its
// own.
//
// Calls deployments-get.
func (s *DeploymentsService) Watch(ctx context.Context, id string, opts ...WaitOption) iter.Seq2[Deployment, error] {
	if _, err := deploymentsGet.expand(pathParams(id)); err != nil {
		return func(yield func(Deployment, error) bool) { yield(Deployment{}, err) }
	}
	return watch(ctx, s.client, deploymentsGet, target{deploymentKind, id}, opts, func(n news) (*Deployment, string) {
		return n.deployment, specState(n.deployment.LatestSpec)
	})
}

// specState puts into words how far a spec is.
func specState(spec *DeploymentSpec) string {
	switch {
	case spec == nil:
		return "no spec"
	case spec.ExternalApplied.IsZero() && spec.Error != "":
		return "spec " + spec.ID + " failed"
	case spec.ExternalApplied.IsZero():
		return "spec " + spec.ID + " not applied"
	case spec.HealthyAt.IsZero():
		return "spec " + spec.ID + " not healthy"
	}
	return "spec " + spec.ID + " healthy"
}

// WaitUntilHealthy waits until one spec of the deployment is applied and healthy: the one that params name, else the latest one at
// the first poll. What an earlier spec was does not count.
// A deployment that is disabled, or has no replicas, is done once the spec is applied.
//
// It waits 30 minutes at most, unless an option or the context's deadline says otherwise. A spec that could not be
// applied is a [*DeploymentError] that matches [ErrSpecFailed], one that another spec replaced matches
// [ErrSpecReplaced], and one that did not become healthy in time matches [ErrWaitTimeout]; the messages of failed
// instances are in the error.
//
// Calls deployments-get and deploymentRuns-get.
func (s *DeploymentsService) WaitUntilHealthy(ctx context.Context, id string, params WaitUntilHealthyParams, opts ...WaitOption) (*Deployment, error) {
	w, err := s.wait(ctx, id, params, opts)
	if err != nil {
		return nil, err
	}
	defer w.end()
	return w.until((*deploymentWait).healthy)
}

// Apply gives a deployment a spec, or creates one where params have no DeploymentID, and waits until that spec is
// healthy, as [DeploymentsService.WaitUntilHealthy] does. Where the service makes no new spec within a minute the
// latest one counts if it holds every member that was sent; else that is an error.
//
// Calls deployments-get, deployments-upsert and deploymentRuns-get.
func (s *DeploymentsService) Apply(ctx context.Context, params DeploymentUpsertParams, opts ...WaitOption) (*Deployment, error) {
	w, err := newWait(ctx, s.client, deploymentsUpsert, deploymentKinds, opts)
	if err != nil {
		return nil, err
	}
	defer w.end()
	before := ""
	if params.DeploymentID != nil {
		d, err := s.Get(w.ctx, *params.DeploymentID)
		if err != nil {
			return nil, w.failedCall(err, target{deploymentKind, *params.DeploymentID})
		}
		if d.LatestSpec != nil {
			before = d.LatestSpec.ID
		}
	}
	result, err := s.Upsert(w.ctx, params)
	if err != nil {
		return nil, w.failedCall(err)
	}
	made, err := s.newSpec(w, result.DeploymentID, before, params.Config)
	if err != nil {
		return nil, err
	}
	return (&deploymentWait{wait: w, id: result.DeploymentID, spec: made}).until((*deploymentWait).healthy)
}

// newSpec returns the ID of the spec that an upsert made, or of the latest one if there is no other and it will do.
func (s *DeploymentsService) newSpec(w *wait, id, before string, sent DeploymentConfig) (string, error) {
	for {
		ctx, cancel := context.WithTimeout(w.ctx, newSpecGrace)
		short := *w
		short.waiter = s.client.poller.newWaiter(ctx, s.client)
		dw := &deploymentWait{wait: &short, id: id, params: WaitUntilHealthyParams{AfterSpecID: before}}
		d, err := dw.until(func(*deploymentWait, *Deployment) (bool, error) { return true, nil })
		inTime := ctx.Err() == nil
		short.leave()
		cancel()
		switch {
		case err == nil:
			return d.LatestSpec.ID, nil
		case inTime || w.ctx.Err() != nil:
			return "", err
		case dw.latest == nil: // no poll was answered, which says nothing of the spec
		case dw.latest.LatestSpec != nil && dw.latest.LatestSpec.Data != nil && holds(*dw.latest.LatestSpec.Data, sent):
			return dw.latest.LatestSpec.ID, nil
		default:
			return "", &DeploymentError{DeploymentID: id, SpecID: before, Err: errNoNewSpec}
		}
	}
}

var errNoNewSpec = fmt.Errorf("the service made no new spec within %s, and the latest one is not what was sent", newSpecGrace)

// holds says whether a received configuration has every member that was sent, with its value.
func holds(received, sent DeploymentConfig) bool {
	var r, s any
	for config, v := range map[*DeploymentConfig]*any{&received: &r, &sent: &s} {
		b, err := encode(*config)
		if err != nil || unmarshal(b, v) != nil {
			return false
		}
	}
	return contains(r, s)
}

func contains(received, sent any) bool {
	switch sent := sent.(type) {
	case map[string]any:
		received, ok := received.(map[string]any)
		for name, value := range sent {
			ok = ok && contains(received[name], value)
		}
		return ok
	case []any:
		received, ok := received.([]any)
		return ok && slices.EqualFunc(received, sent, contains)
	}
	return received == sent
}

// SetEnabled turns a deployment on or off. The API can do that only by a new spec, so the latest one is sent again, as
// it was received but for its member enabled; [DeploymentsService.WaitUntilHealthy] waits for what comes of it.
//
// Calls deployments-get and deployments-upsert.
func (s *DeploymentsService) SetEnabled(ctx context.Context, id string, enabled bool, opts ...RequestOption) (*DeploymentUpsertResult, error) {
	type received struct {
		ProjectID  string `json:"projectId"`
		LatestSpec *struct {
			Data map[string]RawJSON `json:"data"`
		} `json:"latestSpec"`
	}
	d, err := call[received](ctx, s.client, deploymentsGet, pathParams(id), nil, opts)
	if err != nil {
		return nil, err
	}
	if d.LatestSpec == nil || d.LatestSpec.Data == nil {
		return nil, deploymentsUpsert.paramError("id", "the deployment has no spec that could be sent again")
	}
	config := maps.Clone(d.LatestSpec.Data)
	config["enabled"] = RawJSON(fmt.Sprint(enabled))
	return call[DeploymentUpsertResult](ctx, s.client, deploymentsUpsert, nil, struct {
		DeploymentID string             `json:"deploymentId"`
		ProjectID    string             `json:"projectId"`
		Config       map[string]RawJSON `json:"config"`
	}{id, d.ProjectID, config}, opts)
}

var deploymentKinds = waitKind{unused: []string{"WithSilentErrorsAsDone"}}

// deploymentWait is a wait for one spec of one deployment.
type deploymentWait struct {
	*wait
	id     string
	params WaitUntilHealthyParams
	latest *Deployment          // as the last poll saw it
	spec   string               // the one that the wait is bound to, once that is known
	failed []DeploymentInstance // as the last poll saw them
}

func (s *DeploymentsService) wait(ctx context.Context, id string, params WaitUntilHealthyParams, opts []WaitOption) (*deploymentWait, error) {
	if _, err := deploymentsGet.expand(pathParams(id)); err != nil {
		return nil, err
	}
	w, err := newWait(ctx, s.client, deploymentsGet, deploymentKinds, opts)
	if err != nil {
		return nil, err
	}
	return &deploymentWait{wait: w, id: id, params: params}, nil
}

// until waits until done says so of the spec that the wait is bound to.
func (w *deploymentWait) until(done func(*deploymentWait, *Deployment) (bool, error)) (*Deployment, error) {
	deployment, runs := target{deploymentKind, w.id}, target{deploymentRunsKind, w.id}
	w.want(deployment, time.Time{})
	for {
		inbox, err := w.next()
		if err != nil {
			return nil, w.explain(w.broken(err, deployment))
		}
		if n, ok := inbox[runs]; ok && n.err == nil {
			w.failed = failedInstances(newest(n.runs))
		}
		n, ok := inbox[deployment]
		switch {
		case ok && n.err != nil && w.refused(deployment, n.err):
			return nil, w.explain(w.broken(n.err, deployment))
		case !ok || n.err != nil:
			continue
		}
		delete(w.absent, deployment)
		d := clone(n.deployment)
		if w.states[w.id] = specState(d.LatestSpec); !reflect.DeepEqual(d, w.latest) {
			w.latest = d
			w.config.onChange(WaitUpdate{Deployment: clone(d)})
		}
		if ours, err := w.bound(d.LatestSpec); err != nil || !ours {
			if err != nil {
				return nil, w.explain(err)
			}
			continue
		}
		switch ended, err := done(w, d); {
		case err != nil:
			return nil, w.explain(err)
		case ended:
			return d, nil
		}
		if !d.LatestSpec.ExternalApplied.IsZero() { // what fails before that is of another spec
			w.want(runs, time.Time{})
		}
	}
}

// bound says whether the latest spec is the one that is waited for.
func (w *deploymentWait) bound(latest *DeploymentSpec) (bool, error) {
	switch {
	case latest == nil || w.spec == "" && w.params.AfterSpecID == latest.ID:
		return false, nil
	case w.spec == "" && w.params.SpecID != "" && w.params.SpecID != latest.ID:
		return false, nil // not there yet
	case w.spec == "":
		w.spec = latest.ID
	}
	if w.spec != latest.ID {
		return false, fmt.Errorf("%w: %s", ErrSpecReplaced, latest.ID)
	}
	return true, nil
}

// healthy says whether the spec is applied and healthy, or applied and has nothing to be healthy.
func (w *deploymentWait) healthy(d *Deployment) (bool, error) {
	spec := d.LatestSpec
	switch {
	case !spec.ExternalApplied.IsZero():
		return !spec.HealthyAt.IsZero() || !spec.Data.runs(), nil
	case spec.Error != "":
		return false, fmt.Errorf("%w: %s", ErrSpecFailed, spec.Error)
	}
	return false, nil
}

// runs says whether there are to be any instances.
func (c *DeploymentConfig) runs() bool {
	var config struct {
		Enabled   *bool `json:"enabled"`
		Resources struct {
			Replicas *int `json:"replicas"`
		} `json:"resources"`
	}
	if c == nil {
		return true
	}
	if b, err := c.MarshalJSON(); err != nil || unmarshal(b, &config) != nil {
		return true
	}
	enabled, replicas := config.Enabled, config.Resources.Replicas
	return (enabled == nil || *enabled) && (replicas == nil || *replicas > 0)
}

// newest returns the run that began last, by its instances. Runs do not say which spec they are of, but only the last
// one can be of the latest spec. One without instances is about to begin.
func newest(runs []DeploymentRun) (newest DeploymentRun) {
	var began time.Time
	for i, run := range runs {
		if len(run.Instances) == 0 {
			return run
		}
		last := slices.MaxFunc(run.Instances, func(a, b DeploymentInstance) int { return a.CreatedAt.Compare(b.CreatedAt) }).CreatedAt
		if i == 0 || last.After(began) {
			newest, began = run, last
		}
	}
	return newest
}

func failedInstances(run DeploymentRun) (failed []DeploymentInstance) {
	for _, instance := range run.Instances {
		if slices.Contains([]string{"error", "errored", "failed"}, instance.State) {
			failed = append(failed, *clone(&instance))
		}
	}
	return failed
}

// explain adds what is known of the spec and its instances to the reason why a wait ended.
func (w *deploymentWait) explain(err error) error {
	if len(w.failed) == 0 && !errors.Is(err, ErrSpecFailed) && !errors.Is(err, ErrSpecReplaced) {
		return err
	}
	return &DeploymentError{DeploymentID: w.id, SpecID: w.spec, Failed: w.failed, Err: err}
}
