package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/paperspace-go/paperspace"
)

// The purposes of the calls for disabled deployments, which cost nothing.
const (
	deploying          purpose = "upsert of a disabled deployment"
	deployingAgain     purpose = "second upsert of the name"
	deployingElsewhere purpose = "upsert of the name in another project"
	specBefore         purpose = "deployment before the second upsert"
	specAfter          purpose = "deployment after the second upsert"
	deploymentDeleted  purpose = "deployment after its delete"
)

var deploymentSteps = []purpose{deploying, deployingAgain, deployingElsewhere, specBefore, specAfter, deploymentDeleted}

// What the probe's deployments have in their specs.
const (
	probeImage = "nginx:alpine"
	probeEnv   = "probe"
)

const (
	newSpecTime = time.Minute     // how long Deployments.Apply waits for a new spec
	appliedTime = 5 * time.Minute // how long the probe waits until a spec is applied
)

// deploy finds out how upserts identify deployments, in two projects that it deletes at the end, whatever happens. The
// second context is for the deletion.
func (p *probe) deploy(ctx, cleanup context.Context, o liveOptions) (err error) {
	names := []string{newName(), newName()}
	defer func() { err = errors.Join(err, p.removeProjects(cleanup, names)) }()
	var projects []string
	for _, name := range names {
		project, err := p.client.Projects.Create(ctx, paperspace.ProjectCreateParams{Name: name})
		if err != nil {
			return fmt.Errorf("a project for deployments: %w", err)
		}
		projects = append(projects, project.ID)
	}
	upsert := func(step purpose, project string, port int) (id string) {
		fmt.Fprintln(p.log, step)
		p.call(step, "deployments-upsert", func(opts []paperspace.RequestOption) error {
			result, err := p.client.Deployments.Upsert(ctx, paperspace.DeploymentUpsertParams{
				ProjectID: project,
				Config: paperspace.DeploymentConfig{V1: &paperspace.DeploymentConfigV1{
					Enabled: new(false), Name: names[0], Image: probeImage,
					Env:       []paperspace.EnvVar{{Name: "PROBE", Value: probeEnv}},
					Resources: paperspace.DeploymentResources{MachineType: o.machineType, Ports: []int{port}},
				}},
			}, opts...)
			if err == nil {
				id = result.DeploymentID
			}
			return err
		})
		return id
	}
	id := upsert(deploying, projects[0], 8080)
	if id == "" {
		return errors.New("the service accepted no disabled deployment")
	}
	before := p.pollDeployment(ctx, o.poll, specBefore, id, appliedTime, isApplied)
	upsert(deployingAgain, projects[0], 8081)
	p.pollDeployment(ctx, o.poll, specAfter, id, newSpecTime, func(x *exchange) bool {
		return textAt(x.body, "latestSpec.id") != textAt(before.body, "latestSpec.id")
	})
	upsert(deployingElsewhere, projects[1], 8080)
	if _, err := p.client.Deployments.Delete(ctx, id); err != nil {
		return fmt.Errorf("deleting a deployment: %w", err)
	}
	p.pollDeployment(ctx, o.poll, deploymentDeleted, id, time.Minute, func(x *exchange) bool { return !x.succeeded() })
	return context.Cause(ctx)
}

func isApplied(x *exchange) bool { return textAt(x.body, "latestSpec.externalApplied") != "" }

// pollDeployment fetches a deployment until a condition is true, for a limited time, and returns the last response.
func (p *probe) pollDeployment(
	ctx context.Context, interval time.Duration, purpose purpose, id string, limit time.Duration, enough func(*exchange) bool,
) *exchange {
	for begin := time.Now(); ; {
		x := p.call(purpose, "deployments-get", func(opts []paperspace.RequestOption) error {
			return drop(p.client.Deployments.Get(ctx, id, opts...))
		})
		if enough(x) || time.Since(begin) > limit || ctx.Err() != nil {
			return x
		}
		select {
		case <-ctx.Done():
		case <-time.After(interval):
		}
	}
}

// removeProjects deletes the projects with the names, and their deployments. The names are unique, so that this also
// deletes projects whose create got no response.
func (p *probe) removeProjects(ctx context.Context, names []string) error {
	ctx, cancel := context.WithTimeout(ctx, cleanupTime)
	defer cancel()
	var errs []error
	for project, err := range p.client.Projects.All(ctx, paperspace.ProjectListParams{}) {
		if err == nil && slices.Contains(names, project.Name) {
			err = p.removeProject(ctx, project.ID)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("project %s may still exist: %w", project.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (p *probe) removeProject(ctx context.Context, id string) error {
	deployments, err := paperspace.Collect(
		p.client.Deployments.AllByProject(ctx, id, paperspace.DeploymentListByProjectParams{}))
	if err != nil {
		return err
	}
	for _, d := range deployments {
		if _, err := p.client.Deployments.Delete(ctx, d.ID); err != nil && !errors.Is(err, paperspace.ErrNotFound) {
			return err
		}
	}
	_, err = p.client.Projects.Delete(ctx, id)
	if errors.Is(err, paperspace.ErrNotFound) {
		return nil
	}
	return err
}

func upsertUpdatesByName(p *probe) tally { return p.sameDeployment(deployingAgain, true) }

func projectsAreSeparate(p *probe) tally { return p.sameDeployment(deployingElsewhere, false) }

// sameDeployment compares the deployment of a later upsert with that of the first.
func (p *probe) sameDeployment(later purpose, same bool) (t tally) {
	for _, one := range p.of(deploying) {
		for _, other := range p.of(later) {
			if one.succeeded() && other.succeeded() {
				t.add((textAt(one.body, "deploymentId") == textAt(other.body, "deploymentId")) == same)
			}
		}
	}
	return t
}

// last returns the last exchange with a purpose, nil if there is none with a response.
func (p *probe) last(purpose purpose) *exchange {
	found := p.of(purpose)
	if len(found) == 0 || !found[len(found)-1].answered() {
		return nil
	}
	return found[len(found)-1]
}

func upsertMakesSpec(p *probe) (t tally) {
	if before, after := p.last(specBefore), p.last(specAfter); before != nil && after != nil && after.succeeded() {
		t.add(textAt(before.body, "latestSpec.id") != textAt(after.body, "latestSpec.id"))
	}
	return t
}

func specHoldsWhatWasSent(p *probe) (t tally) {
	x := p.last(specBefore)
	if x == nil || at(x.body, "latestSpec.data") == nil {
		return t
	}
	env, _ := at(x.body, "latestSpec.data.env").([]any)
	t.add(textAt(x.body, "latestSpec.data.apiVersion") == "v1")
	t.add(textAt(x.body, "latestSpec.data.image") == probeImage)
	t.add(at(x.body, "latestSpec.data.enabled") == false)
	t.add(len(env) == 1 && textAt(env[0], "value") == probeEnv)
	return t
}

func disabledIsApplied(p *probe) (t tally) {
	if x := p.last(specBefore); x != nil {
		t.add(isApplied(x))
	}
	return t
}

func deletedDeploymentIsNotFound(p *probe) (t tally) {
	if x := p.last(deploymentDeleted); x != nil {
		t.add(x.isError(404, "NOT_FOUND"))
	}
	return t
}
