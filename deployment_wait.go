package paperspace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
)

var (
	deploymentKind = &targetKind{0, func(ctx context.Context, c *Client, id string, opts ...RequestOption) (any, error) {
		return c.Deployments.Get(ctx, id, opts...)
	}}
	deploymentRunsKind = &targetKind{0, func(ctx context.Context, c *Client, id string, opts ...RequestOption) (any, error) {
		return c.Deployments.ListRuns(ctx, id, DeploymentRunListParams{}, opts...)
	}}
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
	return func(yield func(Deployment, error) bool) {
		w, err := s.wait(ctx, id, watchKind, opts)
		if err != nil {
			yield(Deployment{}, err)
			return
		}
		defer w.end()
		_, err = w.watch(func(d *Deployment, changed bool) (bool, error) { return changed && !yield(*clone(d), nil), nil })
		if err != nil {
			yield(Deployment{}, err)
		}
	}
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
	w, err := s.wait(ctx, id, deploymentWaitKind, opts)
	if err != nil {
		return nil, err
	}
	defer w.end()
	w.spec, w.before = params.SpecID, params.AfterSpecID
	return w.untilHealthy()
}

// Apply gives a deployment a spec, or creates one where params have no DeploymentID, and waits until that spec is
// healthy, as [DeploymentsService.WaitUntilHealthy] does. Where the service makes no new spec within a minute the
// latest one counts if it holds every member that was sent; else that is an error.
//
// Calls deployments-get, deployments-upsert and deploymentRuns-get.
func (s *DeploymentsService) Apply(ctx context.Context, params DeploymentUpsertParams, opts ...WaitOption) (*Deployment, error) {
	base, err := newWait(ctx, s.client, deploymentsUpsert, deploymentWaitKind, opts)
	if err != nil {
		return nil, err
	}
	defer base.end()
	w := &deploymentWait{wait: base}
	if params.DeploymentID != nil {
		w.target = target{kind: deploymentKind, id: *params.DeploymentID}
		d, err := s.Get(w.ctx, w.target.id)
		if err != nil {
			return nil, w.failedCall(err, w.pending(w.target))
		}
		if d.LatestSpec != nil {
			w.before = d.LatestSpec.ID
		}
	}
	result, err := s.Upsert(w.ctx, params)
	if err != nil {
		return nil, w.failedCall(err)
	}
	w.target, w.sent, w.sentAt = target{kind: deploymentKind, id: result.DeploymentID}, &params.Config, time.Now()
	return w.untilHealthy()
}

var errNoNewSpec = fmt.Errorf("the service made no new spec within %s, and the latest one is not what was sent", newSpecGrace)

// holds reports whether a received configuration has every member that was sent, with its value.
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

var deploymentWaitKind = waitKind{unused: []string{"WithSilentErrorsAsDone"}}

// deploymentWait is a wait for a deployment, or for one of its specs.
type deploymentWait struct {
	*wait
	target target
	latest *Deployment          // as the last poll saw it
	failed []DeploymentInstance // as the last poll saw them

	spec   string            // the spec to wait for, once it is known
	bound  bool              // it was seen
	before string            // the spec that it replaces
	sent   *DeploymentConfig // what it was made from, if the wait has done that
	sentAt time.Time
}

func (s *DeploymentsService) wait(ctx context.Context, id string, kind waitKind, opts []WaitOption) (*deploymentWait, error) {
	if _, err := deploymentsGet.expand(pathParams(id)); err != nil {
		return nil, err
	}
	w, err := newWait(ctx, s.client, deploymentsGet, kind, opts)
	if err != nil {
		return nil, err
	}
	return &deploymentWait{wait: w, target: target{kind: deploymentKind, id: id}}, nil
}

// watch polls for the deployment until enough reports true or returns an error.
func (w *deploymentWait) watch(enough func(d *Deployment, changed bool) (bool, error)) (*Deployment, error) {
	w.start(w.target)
	for {
		t, r, err := w.next()
		switch {
		case err != nil:
			return nil, w.broken(err, w.pending(w.target))
		case t != w.target:
			if r.err == nil {
				w.failed = failedInstances(newest(r.value.([]DeploymentRun)))
			}
		case w.refused(r):
			return nil, w.broken(r.err, w.pending(w.target))
		case r.err == nil:
			d := r.value.(*Deployment)
			changed := !equal(d, w.latest)
			if w.states[t] = specState(d.LatestSpec); changed {
				w.latest = clone(d)
				w.config.onChange(WaitUpdate{Deployment: clone(d)})
			}
			if done, err := enough(d, changed); done || err != nil {
				return d, err
			}
		}
	}
}

// untilHealthy waits until the spec to wait for is applied and healthy, or applied and has nothing to be healthy.
func (w *deploymentWait) untilHealthy() (*Deployment, error) {
	d, err := w.watch(func(d *Deployment, _ bool) (bool, error) {
		spec := d.LatestSpec
		if found, err := w.find(spec); !found {
			return false, err
		}
		if spec.ExternalApplied.IsZero() {
			if spec.Error != "" {
				return false, fmt.Errorf("%w: %s", ErrSpecFailed, spec.Error)
			}
			return false, nil
		}
		if !spec.HealthyAt.IsZero() || !spec.Data.runs() {
			return true, nil
		}
		w.start(target{kind: deploymentRunsKind, id: w.target.id}) // before it was applied they were another spec's
		return false, nil
	})
	switch {
	case err == nil:
		return d, nil
	case len(w.failed) > 0 || errors.Is(err, ErrSpecFailed) || errors.Is(err, ErrSpecReplaced) || errors.Is(err, errNoNewSpec):
		return nil, &DeploymentError{DeploymentID: w.target.id, SpecID: cmp.Or(w.spec, w.before), Failed: w.failed, Err: err}
	}
	return nil, err
}

// find reports whether the latest spec is the one to wait for. If the service makes no new spec, the latest one will do
// that has what was sent.
func (w *deploymentWait) find(latest *DeploymentSpec) (bool, error) {
	switch {
	case latest == nil || !w.bound && w.spec != "" && w.spec != latest.ID:
		return false, nil // not there yet
	case w.spec == "" && w.before == latest.ID:
		if w.sent == nil || time.Since(w.sentAt) < newSpecGrace {
			return false, nil
		}
		if latest.Data == nil || !holds(*latest.Data, *w.sent) {
			return false, errNoNewSpec
		}
	case w.bound && w.spec != latest.ID:
		return false, fmt.Errorf("%w: %s", ErrSpecReplaced, latest.ID)
	}
	w.spec, w.bound = latest.ID, true
	return true, nil
}

// runs reports whether there are to be any instances.
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
