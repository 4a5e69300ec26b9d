package paperspace

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
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

// newSpecGrace is how long Apply waits for the spec that an upsert creates.
const newSpecGrace = time.Minute

// WaitUntilHealthyParams select the spec that [DeploymentsService.WaitUntilHealthy] waits for. The zero value selects
// the spec that is the latest at the first poll.
type WaitUntilHealthyParams struct {
	// SpecID is the ID of the spec. A spec that was replaced before the wait began cannot be told from a spec that does
	// not exist yet: the wait ends at its time limit.
	SpecID string
	// AfterSpecID is the ID of the spec before it, such as the latest spec before an upsert.
	AfterSpecID string
}

// Watch yields a deployment as it is now, and then each change that a poll sees. It has no default time limit. It ends
// with an error when the context ends or the API refuses a poll.
//
// Calls deployments-get.
func (s *DeploymentsService) Watch(ctx context.Context, id string, opts ...WaitOption) iter.Seq2[Deployment, error] {
	begin := func() (*deploymentWait, error) { return s.wait(ctx, id, watchKind, opts) }
	return watch(begin, func(w *deploymentWait, yield func(Deployment, error) bool) (none Deployment, err error) {
		_, err = w.watch(func(d *Deployment, changed bool) (bool, error) { return changed && !yield(*clone(d), nil), nil })
		return none, err
	})
}

// describe describes the state of the latest spec for errors, and which spec the wait is for if that is another one.
func (w *deploymentWait) describe(latest *DeploymentSpec) string {
	state := specState(latest)
	switch {
	case latest == nil || w.specSeen:
	case w.spec != "" && w.spec != latest.ID:
		state += ", waiting for spec " + w.spec
	case w.before == latest.ID:
		state += ", waiting for the next spec"
	}
	return state
}

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

// WaitUntilHealthy waits until a spec of the deployment is applied and healthy: the spec that params select, or else
// the spec that is the latest at the first poll. A spec that is disabled or has no replicas only needs to be applied.
//
// The time limit is 30 minutes, unless an option or the context's deadline sets another. The error is a
// [*DeploymentError], with the messages of the failed instances. It matches [ErrSpecFailed] if the service could not
// apply the spec, or if all its instances have been in a failed state for 2 minutes or the time of [WithFailureGrace];
// [ErrSpecReplaced] if another spec replaced it; and [ErrWaitTimeout] at the time limit. [WithOnChange] shows the
// instances during the wait.
//
// Calls deployments-get and deploymentRuns-get.
func (s *DeploymentsService) WaitUntilHealthy(ctx context.Context, id string, params WaitUntilHealthyParams, opts ...WaitOption) (*Deployment, error) {
	w, err := s.wait(ctx, id, healthyKind, opts)
	if err != nil {
		return nil, err
	}
	defer w.end()
	w.spec, w.before = params.SpecID, params.AfterSpecID
	return w.untilHealthy()
}

// Apply upserts a deployment, and waits until the new spec is healthy, as [DeploymentsService.WaitUntilHealthy] does.
// Without a DeploymentID the deployment is the one with the configuration's name in the project; if there is none, the
// upsert creates it. [WithUpsertOptions] passes request options to the upsert.
//
// The spec to wait for is the first one after the upsert that has every member that was sent. If within a minute the
// service makes only other specs, the error matches [ErrSpecReplaced]. If it makes none, the previous spec counts if it
// has every member that was sent; otherwise Apply returns an error. An upsert whose outcome is unknown is not sent again:
// Apply looks for the deployment and its spec, and the error matches [ErrOutcomeUnknown] as well if the spec does not
// become healthy.
//
// Calls projectDeployments-list, deployments-get, deployments-upsert and deploymentRuns-get.
func (s *DeploymentsService) Apply(ctx context.Context, params DeploymentUpsertParams, opts ...WaitOption) (*Deployment, error) {
	base, err := newWait(ctx, s.client, deploymentsUpsert, nil, applyKind, opts)
	if err != nil {
		return nil, err
	}
	defer base.end()
	w := &deploymentWait{wait: base}
	upsert, err := deploymentsUpsert.request(nil, &params, w.config.upsert) // before any request is sent
	if err != nil {
		return nil, err
	}
	id, err := w.existing(params)
	if err != nil {
		return nil, err
	}
	result, unknown := exchange[DeploymentUpsertResult](w.ctx, s.client, upsert, nil)
	switch {
	case unknown == nil:
		if result.DeploymentID != id {
			id, w.before = result.DeploymentID, ""
		}
	case !errors.Is(unknown, ErrOutcomeUnknown) || w.ctx.Err() != nil:
		return nil, w.failedCall(unknown)
	case id == "":
		if id, err = w.created(params, unknown); err != nil {
			return nil, err
		}
	}
	w.target, w.sent, w.sentAt = target{kind: deploymentKind, id: id}, &params.Config, time.Now()
	d, err := w.untilHealthy()
	if err != nil && unknown != nil {
		err = join(unknown, err)
	}
	return d, err
}

// created returns the ID of the deployment that an upsert with an unknown outcome created.
func (w *deploymentWait) created(params DeploymentUpsertParams, unknown error) (id string, err error) {
	byName := &targetKind{read: func(ctx context.Context, c *Client, name string, opts ...RequestOption) (any, error) {
		return c.Deployments.GetByName(ctx, params.ProjectID, name, opts...)
	}}
	name := params.Config.name()
	r, err := w.read(target{kind: byName, id: name})
	switch {
	case errors.Is(err, ErrNotFound):
		return "", fmt.Errorf("%w; found no new deployment named %q", unknown, name)
	case err != nil:
		return "", join(unknown, err)
	}
	return r.value.(*Deployment).ID, nil
}

// existing returns the ID of the deployment that an upsert changes, "" if it creates one, and remembers its latest spec.
func (w *deploymentWait) existing(params DeploymentUpsertParams) (id string, err error) {
	if params.DeploymentID != nil {
		id = *params.DeploymentID
	} else if name := params.Config.name(); name != "" {
		found, err := w.client.Deployments.GetByName(w.ctx, params.ProjectID, name)
		if errors.Is(err, ErrNotFound) {
			return "", nil
		}
		if err != nil {
			return "", w.failedCall(err)
		}
		id = found.ID
	}
	if id == "" {
		return "", nil
	}
	w.target = target{kind: deploymentKind, id: id}
	d, err := w.client.Deployments.Get(w.ctx, id) // a list may lag
	if err != nil {
		return "", w.failedCall(err, w.target)
	}
	if d.LatestSpec != nil {
		w.before = d.LatestSpec.ID
	}
	return id, nil
}

var errNoNewSpec = fmt.Errorf("the service made no new spec within %s, and the latest one is not what was sent", newSpecGrace)

var (
	healthyKind = waitKind{options: []string{"WithNotFoundGrace", "WithOnChange", "WithFailureGrace"}}
	applyKind   = waitKind{options: append([]string{"WithUpsertOptions"}, healthyKind.options...)}
)

// deploymentWait is a wait for a deployment, or for one of its specs.
type deploymentWait struct {
	*wait
	target target
	latest *Deployment // as of the last poll

	spec     string            // the ID of the spec, if known
	specSeen bool              // a poll has seen that spec
	before   string            // the ID of the spec before it
	sent     *DeploymentConfig // the configuration that Apply has sent
	sentAt   time.Time

	instances    []DeploymentInstance // of the spec, as of the last poll
	failingSince time.Time            // when a poll first saw that all of them failed; zero if they do not
}

func (s *DeploymentsService) wait(ctx context.Context, id string, kind waitKind, opts []WaitOption) (*deploymentWait, error) {
	w, err := newWait(ctx, s.client, deploymentsGet, pathParams(id), kind, opts)
	if err != nil {
		return nil, err
	}
	return &deploymentWait{wait: w, target: target{kind: deploymentKind, id: id}}, nil
}

// watch polls for the deployment until done reports true or returns an error.
func (w *deploymentWait) watch(done func(d *Deployment, changed bool) (bool, error)) (*Deployment, error) {
	w.start(w.target)
	for {
		t, r, err := w.nextFor(w.target)
		switch {
		case err != nil:
			return nil, err
		case t == w.target:
			d := r.value.(*Deployment)
			changed := !equal(d, w.latest)
			if w.states[t] = w.describe(d.LatestSpec); changed {
				w.latest = clone(d)
				w.show()
			}
			if ended, err := done(d, changed); ended || err != nil {
				return d, err
			}
		case r.err == nil:
			if err := w.sawRuns(r.value.([]DeploymentRun)); err != nil {
				return nil, err
			}
		}
	}
}

func (w *deploymentWait) show() {
	w.config.onChange(WaitUpdate{Deployment: clone(w.latest), Instances: *clone(&w.instances)})
}

// sawRuns records the instances of the spec. It returns an error once all of them have failed for too long.
func (w *deploymentWait) sawRuns(runs []DeploymentRun) error {
	var instances []DeploymentInstance
	if run := newest(runs); len(run.Instances) > 0 && run.mayBeOf(w.latest.LatestSpec) {
		instances = run.Instances
	}
	if !equal(&instances, &w.instances) {
		w.instances = *clone(&instances)
		w.show()
	}
	if !allFailed(instances) {
		w.failingSince = time.Time{}
		return nil
	}
	if w.failingSince.IsZero() {
		w.failingSince = time.Now()
	}
	if lasted := time.Since(w.failingSince); lasted >= w.config.failureGrace {
		return fmt.Errorf("%w: all instances have been in a failed state for %s", ErrSpecFailed, lasted.Round(time.Second))
	}
	return nil
}

// untilHealthy waits until the spec is applied and healthy.
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
		w.start(target{kind: deploymentRunsKind, id: w.target.id}) // until now, the runs were another spec's
		return false, nil
	})
	failed := failedInstances(w.instances)
	switch {
	case err == nil:
		return d, nil
	case len(failed) > 0 || errors.Is(err, ErrSpecFailed) || errors.Is(err, ErrSpecReplaced) || errors.Is(err, errNoNewSpec):
		return nil, &DeploymentError{DeploymentID: w.target.id, SpecID: w.spec, Failed: failed, Err: err}
	}
	return nil, err
}

// find reports whether the latest spec is the spec of the wait. If Apply has sent a spec, it is the one with all fields
// that were sent.
func (w *deploymentWait) find(latest *DeploymentSpec) (bool, error) {
	switch {
	case latest == nil || !w.specSeen && w.spec != "" && w.spec != latest.ID:
		return false, nil
	case w.specSeen && w.spec == latest.ID:
		return true, nil
	case w.specSeen && w.before == latest.ID:
		return false, nil // the response is older than an earlier one
	case w.specSeen:
		return false, fmt.Errorf("%w: %s", ErrSpecReplaced, latest.ID)
	case w.spec != "":
	case w.before == latest.ID:
		if w.sent == nil || time.Since(w.sentAt) < newSpecGrace {
			return false, nil
		}
		if latest.Data == nil || !latest.Data.holds(w.sent) {
			return false, errNoNewSpec
		}
	case w.sent != nil && latest.Data != nil && !latest.Data.holds(w.sent): // another caller's
		if time.Since(w.sentAt) < newSpecGrace {
			return false, nil // it may be older than the one that was sent
		}
		return false, fmt.Errorf("%w: %s", ErrSpecReplaced, latest.ID)
	}
	w.spec, w.specSeen = latest.ID, true
	return true, nil
}

// newest returns the run with the newest instance. Runs do not name their spec, but only the newest run can belong to
// the latest spec. A run without instances has just begun.
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

// mayBeOf reports whether the run may be of a spec that is applied. While the spec's own run is not listed yet, the
// newest one is of an earlier spec, and its instances are older.
func (r *DeploymentRun) mayBeOf(spec *DeploymentSpec) bool {
	const slack = time.Minute // an instance may be created before the service records that the spec is applied
	return spec == nil || slices.ContainsFunc(r.Instances, func(i DeploymentInstance) bool {
		return i.CreatedAt.IsZero() || i.CreatedAt.After(spec.ExternalApplied.Add(-slack))
	})
}

// allFailed reports whether there are instances and all have failed, apart from those that have finished otherwise.
func allFailed(instances []DeploymentInstance) bool {
	hasFailed := func(i DeploymentInstance) bool { return i.Failed() }
	isRunning := func(i DeploymentInstance) bool { return !i.Failed() && i.FinishedAt.IsZero() }
	return slices.ContainsFunc(instances, hasFailed) && !slices.ContainsFunc(instances, isRunning)
}

func failedInstances(instances []DeploymentInstance) (failed []DeploymentInstance) {
	for _, instance := range instances {
		if instance.Failed() {
			failed = append(failed, *clone(&instance))
		}
	}
	return failed
}
