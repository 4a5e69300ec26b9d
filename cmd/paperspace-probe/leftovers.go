package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/paperspace-go/paperspace"
)

const namePrefix = "paperspace-probe-"

// newName returns the name of a machine or a project, by which a later run finds it if this one cannot delete it.
func newName() string { return namePrefix + strings.ToLower(rand.Text()[:8]) }

// probeName matches the names of newName and no others, so that nothing else is deleted.
var probeName = regexp.MustCompile(`^` + namePrefix + `[a-z2-7]{8}$`)

// leftovers returns what earlier runs left behind: machines, and the names of projects. It does not rely on the filters
// of lists.
func (p *probe) leftovers(ctx context.Context) (machines []paperspace.Machine, projects []string, err error) {
	for machine, err := range p.client.Machines.All(ctx, paperspace.MachineListParams{}) {
		if err != nil {
			return nil, nil, err
		}
		if probeName.MatchString(machine.Name) {
			machines = append(machines, machine)
		}
	}
	for project, err := range p.client.Projects.All(ctx, paperspace.ProjectListParams{}) {
		if err != nil {
			return nil, nil, err
		}
		if probeName.MatchString(project.Name) {
			projects = append(projects, project.Name)
		}
	}
	return machines, projects, nil
}

// removeMachines deletes machines, and returns an error that names those that may still exist.
func (p *probe) removeMachines(ctx context.Context, machines []paperspace.Machine) error {
	var errs []error
	for _, machine := range machines {
		fmt.Fprintf(p.log, "deleting %s, which an earlier run left behind\n", machine.Name)
		errs = append(errs, p.remove(ctx, machine.ID, machine.Name))
	}
	return errors.Join(errs...)
}

const (
	cleanupTime = 15 * time.Minute // the longest search for a machine, and the longest deletion of one
	retryTime   = 30 * time.Second // between the deletes of a machine, at least
)

// remove deletes a machine and waits until it does not exist anymore. The service may refuse the delete for a while,
// for example because an operation is in progress, so it is repeated.
func (p *probe) remove(ctx context.Context, id, name string) error {
	ctx, cancel := context.WithTimeout(ctx, cleanupTime)
	defer cancel()
	for {
		retry := time.After(retryTime)
		_, err := p.client.Machines.Delete(ctx, id)
		if errors.Is(err, paperspace.ErrNotFound) {
			return nil
		}
		wait := retryTime
		if err == nil {
			wait = deleteTime
		}
		waitErr := p.client.Machines.WaitUntilDeleted(ctx, id, paperspace.WithWaitTimeout(wait))
		if waitErr == nil {
			return nil
		}
		select { // the wait may have ended early, for example because the key is not accepted anymore
		case <-ctx.Done():
		case <-retry:
		}
		if ctx.Err() != nil {
			return fmt.Errorf("machine %s (%s) may still exist and cost money: %w", name, id, errors.Join(err, waitErr))
		}
	}
}

// cleanUp deletes the life's machine if it may exist.
func (l *life) cleanUp(ctx context.Context) error {
	if !l.mayExist {
		return nil
	}
	fmt.Fprintf(l.log, "deleting %s; interrupt again to leave it\n", l.name)
	var err error
	if l.id == "" { // the response to the create was lost
		l.id, err = l.find(ctx)
	}
	if err == nil && l.id != "" {
		err = l.remove(ctx, l.id, l.name)
	}
	l.mayExist = err != nil
	return err
}

// find returns the ID of the machine with the life's name, or "" if there is none. A new machine may not be listed yet,
// and lists may fail for a while.
func (l *life) find(ctx context.Context) (id string, err error) {
	for begin := time.Now(); ; {
		machine, err := l.client.Machines.GetByName(ctx, l.name)
		unlisted := errors.Is(err, paperspace.ErrNotFound)
		switch {
		case err == nil:
			return machine.ID, nil
		case unlisted && time.Since(begin) > time.Minute:
			return "", nil
		case !unlisted && time.Since(begin) > cleanupTime:
			return "", fmt.Errorf("machine %s may exist and cost money: %w", l.name, err)
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("machine %s may exist and cost money: %w", l.name, errors.Join(context.Cause(ctx), err))
		case <-time.After(5 * time.Second):
		}
	}
}
