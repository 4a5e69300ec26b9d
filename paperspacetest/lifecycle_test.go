package paperspacetest_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// lifecycle tests a resource from its creation to its deletion through the SDK. Under faults it ends early when the
// outcome of a call is unknown.
type lifecycle struct {
	*testing.T
	underFaults bool
}

// outcomeUnknown is the panic value that ends a lifecycle early.
type outcomeUnknown struct{}

// stopIfUnknown ends the lifecycle early if the error leaves it open what a call did or why it was refused.
func (t *lifecycle) stopIfUnknown(err error) {
	e, ok := errors.AsType[*paperspace.Error](err)
	if t.underFaults && (errors.Is(err, paperspace.ErrOutcomeUnknown) || ok && e.Message == "") {
		panic(outcomeUnknown{})
	}
}

// lifecycles are the lifecycles of all resources.
var lifecycles = map[string]func(*lifecycle, context.Context, *paperspacetest.Server, *paperspace.Client){
	"machines":             lifecycleOfMachines,
	"an event that fails":  lifecycleOfAnEventThatFails,
	"public IPs":           lifecycleOfPublicIPs,
	"snapshots":            lifecycleOfSnapshots,
	"templates":            lifecycleOfTemplates,
	"startup scripts":      lifecycleOfStartupScripts,
	"private networks":     lifecycleOfPrivateNetworks,
	"shared drives":        lifecycleOfSharedDrives,
	"container registries": lifecycleOfContainerRegistries,
	"projects":             lifecycleOfProjects,
	"models":               lifecycleOfModels,
	"datasets":             lifecycleOfDatasets,
	"storage providers":    lifecycleOfStorageProviders,
	"teams":                lifecycleOfTeams,
	"deployments":          lifecycleOfDeployments,
}

// slowDurations gives a lifecycle time to observe intermediate states, even if faults delay its reads.
var slowDurations = paperspacetest.Durations{Boot: 10 * time.Minute, Visible: 20 * time.Second, Healthy: 10 * time.Minute}

func TestLifecycles(t *testing.T) {
	for name, run := range lifecycles {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := paperspacetest.New(t, paperspacetest.WithDurations(slowDurations))
				run(&lifecycle{T: t}, t.Context(), srv, srv.Client())
			})
		})
	}
}

// must returns a call's result and fails the test on an error.
func must[T any](v T, err error) func(t *lifecycle) T {
	return func(t *lifecycle) T {
		t.Helper()
		t.stopIfUnknown(err)
		require.NoError(t, err)
		return v
	}
}

// requireErrorIs requires that a call or a wait ended with the error.
func requireErrorIs(t *lifecycle, err, want error) {
	t.Helper()
	t.stopIfUnknown(err)
	require.ErrorIs(t, err, want)
}

func requireNotFound(t *lifecycle, err error) {
	t.Helper()
	requireErrorIs(t, err, paperspace.ErrNotFound)
}

// carriedOut returns the number of calls of an endpoint that took effect.
func carriedOut(srv *paperspacetest.Server, endpoint string) (n int) {
	for _, c := range srv.Calls(endpoint) {
		if c.CarriedOut {
			n++
		}
	}
	return n
}

// ids returns the keys of the items that a list yields.
func ids[T any](t testing.TB, seq func(func(T, error) bool), key func(T) string) []string {
	t.Helper()
	items, err := paperspace.Collect(seq)
	require.NoError(t, err)
	var keys []string
	for _, item := range items {
		keys = append(keys, key(item))
	}
	return keys
}

var trainer = paperspace.MachineCreateParams{
	Name: "trainer", MachineType: "A4000", TemplateID: paperspacetest.UbuntuID, DiskSize: 100,
	Region: paperspace.RegionNY2, StartOnCreate: new(true),
}

func readyMachine(t *lifecycle, ctx context.Context, c *paperspace.Client) *paperspace.Machine {
	t.Helper()
	op := must(c.Machines.Create(ctx, trainer))(t)
	return must(c.Machines.WaitForState(ctx, op.Data.ID, paperspace.MachineStateReady))(t)
}

func lifecycleOfMachines(t *lifecycle, ctx context.Context, srv *paperspacetest.Server, c *paperspace.Client) {
	op := must(c.Machines.Create(ctx, trainer))(t)
	m := must(op.Wait(ctx))(t)
	assert.NotEqual(t, paperspace.MachineStateReady, m.State)
	m = must(c.Machines.WaitForState(ctx, m.ID, paperspace.MachineStateReady))(t)
	assert.Equal(t, paperspace.RegionNY2, m.Region)
	assert.Equal(t, paperspace.Bytes(45<<30), m.RAM)
	assert.NotEmpty(t, m.PublicIP)
	require.Len(t, m.Accelerators, 1)

	assert.Equal(t, m.ID, must(c.Machines.GetByName(ctx, "trainer"))(t).ID)
	m = must(c.Machines.EnsureOff(ctx, m.ID))(t)
	assert.Empty(t, m.PublicIP)
	m = must(must(c.Machines.Update(ctx, m.ID, paperspace.MachineUpdateParams{MachineType: new("C3"), DiskSize: new(250)}))(t).Wait(ctx))(t)
	assert.Equal(t, "C3", m.MachineType)
	assert.Equal(t, paperspace.MachineStateOff, m.State)
	m = must(c.Machines.EnsureReady(ctx, m.ID))(t)
	m = must(must(c.Machines.Restart(ctx, m.ID))(t).Wait(ctx))(t)
	assert.Equal(t, paperspace.MachineStateReady, m.State)

	must(c.Machines.AddAccessor(ctx, m.ID, paperspace.MachineAccessorAddParams{UserID: paperspacetest.MemberID}))(t)
	assert.ElementsMatch(t, []string{paperspacetest.UserID, paperspacetest.MemberID},
		ids(t, c.Machines.AllAccessors(ctx, m.ID, paperspace.MachineAccessorListParams{}),
			func(a paperspace.Accessor) string { return a.User.ID }))
	must(c.Machines.RemoveAccessor(ctx, m.ID, paperspacetest.MemberID))(t)
	_, err := c.Machines.GetAccessor(ctx, m.ID, paperspacetest.MemberID)
	requireNotFound(t, err)

	must(must(c.Machines.Delete(ctx, m.ID))(t).Wait(ctx))(t)
	require.NoError(t, c.Machines.WaitUntilDeleted(ctx, m.ID))
	_, err = c.Machines.Get(ctx, m.ID)
	requireNotFound(t, err)
	assert.Empty(t, ids(t, c.Machines.All(ctx, paperspace.MachineListParams{}), func(m paperspace.Machine) string { return m.ID }))
	assert.Equal(t, 1, carriedOut(srv, "machines-create"))
}

func lifecycleOfAnEventThatFails(t *lifecycle, ctx context.Context, srv *paperspacetest.Server, c *paperspace.Client) {
	m := must(c.Machines.EnsureOff(ctx, readyMachine(t, ctx, c).ID))(t)
	srv.NextEvent(paperspace.MachineEventNameStart, paperspacetest.Fails("no capacity"), paperspacetest.Hangs())
	m, err := must(c.Machines.Start(ctx, m.ID))(t).Wait(ctx)
	requireErrorIs(t, err, paperspace.ErrEventFailed)
	assert.ErrorContains(t, err, "no capacity")
	assert.Equal(t, paperspace.MachineStateOff, m.State)
	_, err = must(c.Machines.Start(ctx, m.ID))(t).Wait(ctx)
	requireErrorIs(t, err, paperspace.ErrWaitTimeout)

	srv.SetAvailable("H100", paperspace.RegionNY2, false)
	params := trainer
	params.MachineType = "H100"
	stuck := must(c.Machines.Create(ctx, params))(t)
	_, err = stuck.Wait(ctx)
	requireErrorIs(t, err, paperspace.ErrWaitTimeout) // for lack of capacity
	available := must(c.MachineTypes.GetAvailability(ctx, paperspace.MachineAvailabilityParams{MachineType: "H100", Region: paperspace.RegionNY2}))(t)
	assert.False(t, available.Available)
	available = must(c.MachineTypes.GetAvailability(ctx, paperspace.MachineAvailabilityParams{MachineType: "H100", Region: paperspace.RegionCA1}))(t)
	assert.True(t, available.Available)
}

func lifecycleOfPublicIPs(t *lifecycle, ctx context.Context, _ *paperspacetest.Server, c *paperspace.Client) {
	m := readyMachine(t, ctx, c)
	ip := must(c.PublicIPs.Claim(ctx, paperspace.PublicIPClaimParams{Region: paperspace.RegionNY2}))(t)
	assert.Empty(t, ip.AssignedMachineID)
	ip = must(c.PublicIPs.Assign(ctx, ip.IP, paperspace.PublicIPAssignParams{MachineID: paperspace.Value(m.ID)}))(t)
	assert.Equal(t, m.ID, ip.AssignedMachineID)
	assert.Equal(t, ip.IP, must(c.Machines.Get(ctx, m.ID))(t).PublicIP)
	_, err := c.PublicIPs.Release(ctx, ip.IP)
	requireErrorIs(t, err, paperspace.ErrConflict)
	assert.Equal(t, ip.IP, must(c.Machines.EnsureOff(ctx, m.ID))(t).PublicIP, "a static address is kept while the machine is off")

	elsewhere := must(c.PublicIPs.Claim(ctx, paperspace.PublicIPClaimParams{Region: paperspace.RegionAMS1}))(t)
	_, err = c.PublicIPs.Assign(ctx, elsewhere.IP, paperspace.PublicIPAssignParams{MachineID: paperspace.Value(m.ID)})
	requireErrorIs(t, err, paperspace.ErrBadRequest)
	key := func(ip paperspace.PublicIP) string { return ip.IP }
	assert.Equal(t, []string{elsewhere.IP}, ids(t, c.PublicIPs.All(ctx, paperspace.PublicIPListParams{Region: paperspace.RegionAMS1}), key))

	must(must(c.Machines.Delete(ctx, m.ID))(t).Wait(ctx))(t)
	assert.Len(t, ids(t, c.PublicIPs.All(ctx, paperspace.PublicIPListParams{}), key), 2, "a static address outlives its machine")
	must(c.PublicIPs.Release(ctx, ip.IP))(t)
	_, err = c.PublicIPs.Release(ctx, ip.IP)
	requireNotFound(t, err)
}

func lifecycleOfSnapshots(t *lifecycle, ctx context.Context, srv *paperspacetest.Server, c *paperspace.Client) {
	_, err := c.Snapshots.Create(ctx, paperspace.SnapshotCreateParams{Name: "s", MachineID: "psnothing"})
	requireNotFound(t, err)
	m := readyMachine(t, ctx, c)
	s := must(must(c.Snapshots.Create(ctx, paperspace.SnapshotCreateParams{Name: "before", MachineID: m.ID}))(t).Wait(ctx))(t)
	s = must(c.Snapshots.Update(ctx, s.ID, paperspace.SnapshotUpdateParams{Name: new("after")}))(t)
	assert.Equal(t, "after", must(c.Snapshots.Get(ctx, s.ID))(t).Name)
	must(must(c.Snapshots.Restore(ctx, s.ID, paperspace.SnapshotRestoreParams{CreateSnapshotBeforeRestore: new(true)}))(t).Wait(ctx))(t)
	key := func(s paperspace.Snapshot) string { return s.Name }
	assert.Equal(t, []string{"after", "Before restore of after"},
		ids(t, c.Snapshots.All(ctx, paperspace.SnapshotListParams{MachineID: m.ID, ListParams: paperspace.ListParams{Order: paperspace.OrderAsc}}), key))
	assert.Empty(t, ids(t, c.Snapshots.All(ctx, paperspace.SnapshotListParams{MachineID: "psother"}), key))
	must(must(c.Snapshots.Delete(ctx, s.ID))(t).Wait(ctx))(t)
	_, err = c.Snapshots.Get(ctx, s.ID)
	requireNotFound(t, err)

	srv.NextEvent(paperspace.MachineEventNameSnapshotCreate, paperspacetest.Cancelled(""))
	op := must(c.Snapshots.Create(ctx, paperspace.SnapshotCreateParams{Name: "never", MachineID: m.ID}))(t)
	_, err = op.Wait(ctx)
	requireErrorIs(t, err, paperspace.ErrEventCancelled)
	_, err = c.Snapshots.Get(ctx, op.Data.ID)
	requireNotFound(t, err)

	assert.NotEmpty(t, ids(t, c.Snapshots.All(ctx, paperspace.SnapshotListParams{}), key))
	must(must(c.Machines.Delete(ctx, m.ID))(t).Wait(ctx))(t)
	assert.Empty(t, ids(t, c.Snapshots.All(ctx, paperspace.SnapshotListParams{}), key), "snapshots are deleted with their machine")
}

func lifecycleOfTemplates(t *lifecycle, ctx context.Context, _ *paperspacetest.Server, c *paperspace.Client) {
	os := must(paperspace.Collect(c.OSTemplates.All(ctx, paperspace.OSTemplateListParams{Name: "ubuntu 22.04"})))(t)
	require.NotEmpty(t, os)
	m := readyMachine(t, ctx, c)
	_, err := c.CustomTemplates.Create(ctx, paperspace.CustomTemplateCreateParams{Name: "mine", MachineID: m.ID})
	requireErrorIs(t, err, paperspace.ErrBadRequest)
	must(c.Machines.EnsureOff(ctx, m.ID))(t)
	tmpl := must(must(c.CustomTemplates.Create(ctx, paperspace.CustomTemplateCreateParams{Name: "mine", MachineID: m.ID}))(t).Wait(ctx))(t)
	assert.Equal(t, m.ID, tmpl.ParentMachineID)
	assert.Equal(t, paperspace.RegionNY2, tmpl.Region)
	assert.Equal(t, "ours", must(c.CustomTemplates.Update(ctx, tmpl.ID, paperspace.CustomTemplateUpdateParams{Name: "ours"}))(t).Name)
	key := func(t paperspace.CustomTemplate) string { return t.Name }
	assert.Equal(t, []string{"ours"}, ids(t, c.CustomTemplates.All(ctx, paperspace.CustomTemplateListParams{MachineID: m.ID}), key))
	params := trainer
	params.TemplateID = tmpl.ID
	must(c.Machines.Create(ctx, params))(t)
	params.Region = paperspace.RegionCA1
	_, err = c.Machines.Create(ctx, params)
	requireErrorIs(t, err, paperspace.ErrBadRequest)
	deleted := must(c.CustomTemplates.Delete(ctx, tmpl.ID))(t)
	assert.False(t, deleted.DeletedAt.IsZero())
	_, err = c.CustomTemplates.Get(ctx, tmpl.ID)
	requireNotFound(t, err)
	assert.Len(t, ids(t, c.CustomTemplates.All(ctx, paperspace.CustomTemplateListParams{}), key), 2, "the templates of a new server remain")
}

func lifecycleOfStartupScripts(t *lifecycle, ctx context.Context, _ *paperspacetest.Server, c *paperspace.Client) {
	s := must(c.StartupScripts.Create(ctx, paperspace.StartupScriptCreateParams{Name: "keys", Script: "#!/bin/sh"}))(t)
	params := trainer
	params.StartupScriptID = &s.ID
	first := must(c.Machines.Create(ctx, params))(t).Data
	second := readyMachine(t, ctx, c)
	s = must(c.StartupScripts.Assign(ctx, s.ID, paperspace.StartupScriptAssignParams{MachineID: second.ID}))(t)
	assert.Equal(t, []string{first.ID, second.ID}, s.AssignedMachineIDs)
	s = must(c.StartupScripts.Assign(ctx, s.ID, paperspace.StartupScriptAssignParams{MachineID: second.ID}))(t)
	assert.Len(t, s.AssignedMachineIDs, 2, "assigning twice has the effect of once")
	must(must(c.Machines.Delete(ctx, first.ID))(t).Wait(ctx))(t)
	assert.Equal(t, []string{second.ID}, must(c.StartupScripts.Get(ctx, s.ID))(t).AssignedMachineIDs)
	s = must(c.StartupScripts.Unassign(ctx, s.ID, paperspace.StartupScriptAssignParams{MachineID: second.ID}))(t)
	assert.Empty(t, s.AssignedMachineIDs)
	_, err := c.StartupScripts.Assign(ctx, s.ID, paperspace.StartupScriptAssignParams{MachineID: "psnothing"})
	requireNotFound(t, err)
	s = must(c.StartupScripts.Update(ctx, s.ID, paperspace.StartupScriptUpdateParams{IsEnabled: new(false)}))(t)
	assert.False(t, s.IsEnabled)
	assert.Equal(t, []string{"keys"}, ids(t, c.StartupScripts.All(ctx, paperspace.StartupScriptListParams{Name: "key"}),
		func(s paperspace.StartupScript) string { return s.Name }))
	must(c.StartupScripts.Delete(ctx, s.ID))(t)
	_, err = c.StartupScripts.Get(ctx, s.ID)
	requireNotFound(t, err)
}

func lifecycleOfPrivateNetworks(t *lifecycle, ctx context.Context, _ *paperspacetest.Server, c *paperspace.Client) {
	m := readyMachine(t, ctx, c)
	n := must(c.PrivateNetworks.Create(ctx, paperspace.PrivateNetworkCreateParams{
		Name: "team", Region: paperspace.RegionNY2, MigrateMachines: new(true),
	}))(t)
	events := must(paperspace.Collect(c.MachineEvents.All(ctx, paperspace.MachineEventListParams{MachineID: m.ID})))(t)
	require.Equal(t, paperspace.MachineEventNameVMMigrate, events[0].Name)
	must(c.MachineEvents.Wait(ctx, []string{events[0].ID}))(t)
	assert.Equal(t, n.ID, must(c.Machines.Get(ctx, m.ID))(t).NetworkID)
	_, err := c.PrivateNetworks.Delete(ctx, n.ID)
	requireErrorIs(t, err, paperspace.ErrConflict)

	must(must(c.Machines.Update(ctx, m.ID, paperspace.MachineUpdateParams{NetworkID: new(paperspacetest.NetworkID)}))(t).Wait(ctx))(t)
	assert.Equal(t, "renamed", must(c.PrivateNetworks.Update(ctx, n.ID, paperspace.PrivateNetworkUpdateParams{Name: new("renamed")}))(t).Name)
	key := func(n paperspace.PrivateNetwork) string { return n.Name }
	assert.Equal(t, []string{"Default network", "private", "renamed"},
		ids(t, c.PrivateNetworks.All(ctx, paperspace.PrivateNetworkListParams{
			Region:     paperspace.RegionNY2,
			ListParams: paperspace.ListParams{OrderBy: paperspace.OrderByName, Order: paperspace.OrderAsc},
		}), key))
	must(c.PrivateNetworks.Delete(ctx, n.ID))(t)
	_, err = c.PrivateNetworks.Get(ctx, n.ID)
	requireNotFound(t, err)

	wrong := trainer
	wrong.Region, wrong.NetworkID = paperspace.RegionCA1, new(paperspacetest.NetworkID)
	_, err = c.Machines.Create(ctx, wrong)
	requireErrorIs(t, err, paperspace.ErrBadRequest)
}

func lifecycleOfSharedDrives(t *lifecycle, ctx context.Context, _ *paperspacetest.Server, c *paperspace.Client) {
	params := paperspace.SharedDriveCreateParams{Name: "data", Size: 100, Region: paperspace.RegionNY2, NetworkID: paperspacetest.NetworkID}
	d := must(c.SharedDrives.Create(ctx, params))(t)
	assert.EqualValues(t, 100, d.Size)
	assert.NotEmpty(t, d.Password.Reveal())
	params.NetworkID = "nnothing"
	_, err := c.SharedDrives.Create(ctx, params)
	requireNotFound(t, err)
	assert.Equal(t, "more", must(c.SharedDrives.Update(ctx, d.ID, paperspace.SharedDriveUpdateParams{Name: new("more")}))(t).Name)
	assert.Equal(t, "more", must(c.SharedDrives.Get(ctx, d.ID))(t).Name)
	key := func(d paperspace.SharedDrive) string { return d.ID }
	assert.Equal(t, []string{d.ID}, ids(t, c.SharedDrives.All(ctx, paperspace.SharedDriveListParams{Name: "mor", Region: paperspace.RegionNY2}), key))
	assert.Empty(t, ids(t, c.SharedDrives.All(ctx, paperspace.SharedDriveListParams{Region: paperspace.RegionCA1}), key))
	_, err = c.PrivateNetworks.Delete(ctx, paperspacetest.NetworkID)
	requireErrorIs(t, err, paperspace.ErrConflict)
	must(c.SharedDrives.Delete(ctx, d.ID))(t)
	_, err = c.SharedDrives.Get(ctx, d.ID)
	requireNotFound(t, err)
}

func lifecycleOfContainerRegistries(t *lifecycle, ctx context.Context, srv *paperspacetest.Server, c *paperspace.Client) {
	r := must(c.ContainerRegistries.Create(ctx, paperspace.ContainerRegistryCreateParams{
		Name: "ours", URL: "https://registry.example.com", Username: "robot", Password: "secret",
	}))(t)
	assert.True(t, must(c.ContainerRegistries.TestConnection(ctx, r.ID))(t).Success)
	r = must(c.ContainerRegistries.Update(ctx, r.ID, paperspace.ContainerRegistryUpdateParams{Name: new("theirs"), Password: new(paperspace.Sensitive(""))}))(t)
	assert.Equal(t, "theirs", must(c.ContainerRegistries.Get(ctx, r.ID))(t).Name)
	assert.False(t, must(c.ContainerRegistries.TestConnection(ctx, r.ID))(t).Success)
	key := func(r paperspace.ContainerRegistry) string { return r.ID }
	assert.Equal(t, []string{r.ID}, ids(t, c.ContainerRegistries.All(ctx, paperspace.ContainerRegistryListParams{}), key))
	must(c.ContainerRegistries.Delete(ctx, r.ID))(t)
	_, err := c.ContainerRegistries.Get(ctx, r.ID)
	requireNotFound(t, err)
}

func lifecycleOfProjects(t *lifecycle, ctx context.Context, _ *paperspacetest.Server, c *paperspace.Client) {
	p := must(c.Projects.Create(ctx, paperspace.ProjectCreateParams{Name: "search"}))(t)
	other := must(c.Projects.Create(ctx, paperspace.ProjectCreateParams{Name: "other"}))(t)
	assert.Equal(t, "find", must(c.Projects.Update(ctx, p.ID, paperspace.ProjectUpdateParams{Name: "find"}))(t).Name)
	assert.Equal(t, "find", must(c.Projects.Get(ctx, p.ID))(t).Name)
	assert.Equal(t, []string{"other", "find"}, ids(t, c.Projects.All(ctx, paperspace.ProjectListParams{}), func(p paperspace.Project) string { return p.Name }))

	member := paperspace.ProjectCollaboratorCreateParams{UserID: paperspacetest.MemberID}
	must(c.Projects.CreateCollaborator(ctx, p.ID, member))(t)
	_, err := c.Projects.CreateCollaborator(ctx, p.ID, member)
	requireErrorIs(t, err, paperspace.ErrConflict)
	collaborator := func(c paperspace.ProjectCollaborator) string { return c.User.ID }
	assert.Equal(t, []string{paperspacetest.MemberID}, ids(t, c.Projects.AllCollaborators(ctx, p.ID, paperspace.ProjectCollaboratorListParams{}), collaborator))
	assert.Empty(t, ids(t, c.Projects.AllCollaborators(ctx, other.ID, paperspace.ProjectCollaboratorListParams{}), collaborator))
	assert.Equal(t, paperspacetest.MemberID, must(c.Projects.DeleteCollaborator(ctx, p.ID, paperspacetest.MemberID))(t).UserID)
	_, err = c.Projects.DeleteCollaborator(ctx, p.ID, paperspacetest.MemberID)
	requireNotFound(t, err)

	tag := must(c.Tags.Add(ctx, p.ID, paperspace.TagAddParams{Name: "prod"}))(t)
	assert.NotZero(t, tag.ID)
	must(c.Tags.Add(ctx, p.ID, paperspace.TagAddParams{Name: "eu"}))(t)
	must(c.Tags.Remove(ctx, p.ID, paperspace.TagRemoveParams{Name: "prod"}))(t)
	_, err = c.Tags.Remove(ctx, p.ID, paperspace.TagRemoveParams{Name: "prod"})
	requireNotFound(t, err)
	assert.Equal(t, []string{"eu"}, ids(t, c.Tags.All(ctx, p.ID, paperspace.TagListParams{}), func(t paperspace.Tag) string { return t.Name }))

	must(c.Projects.CreateSecret(ctx, p.ID, paperspace.SecretCreateParams{Name: "TOKEN", Value: "x"}))(t)
	_, err = c.Projects.CreateSecret(ctx, p.ID, paperspace.SecretCreateParams{Name: "TOKEN", Value: "x"})
	requireErrorIs(t, err, paperspace.ErrConflict)
	must(c.Projects.UpdateSecret(ctx, p.ID, "TOKEN", paperspace.SecretUpdateParams{Value: "y"}))(t)
	secret := must(c.Projects.GetSecret(ctx, p.ID, "TOKEN"))(t)
	require.NotNil(t, secret.HasDeploymentAttached)
	assert.False(t, *secret.HasDeploymentAttached)
	config := serving("web", 1)
	config.V1.Env = []paperspace.EnvVar{{Name: "TOKEN", Value: "secret:TOKEN"}}
	must(c.Deployments.Upsert(ctx, paperspace.DeploymentUpsertParams{ProjectID: p.ID, Config: config}))(t)
	assert.True(t, *must(c.Projects.GetSecret(ctx, p.ID, "TOKEN"))(t).HasDeploymentAttached)
	assert.Len(t, must(paperspace.Collect(c.Projects.AllSecrets(ctx, p.ID, paperspace.SecretListParams{})))(t), 1)
	must(c.Projects.DeleteSecret(ctx, p.ID, "TOKEN"))(t)
	_, err = c.Projects.GetSecret(ctx, p.ID, "TOKEN")
	requireNotFound(t, err)

	must(c.Projects.Delete(ctx, p.ID))(t)
	_, err = c.Projects.Get(ctx, p.ID)
	requireNotFound(t, err)
	_, err = c.Tags.List(ctx, p.ID, paperspace.TagListParams{})
	requireNotFound(t, err)
	assert.Empty(t, must(paperspace.Collect(c.Deployments.All(ctx, paperspace.DeploymentListParams{})))(t), "deleting a project deletes its deployments")
}

func lifecycleOfModels(t *lifecycle, ctx context.Context, _ *paperspacetest.Server, c *paperspace.Client) {
	p := must(c.Projects.Create(ctx, paperspace.ProjectCreateParams{Name: "search"}))(t)
	m := must(c.Models.Create(ctx, paperspace.ModelCreateParams{Name: "bert", Description: paperspace.Value("a model")}))(t)
	_, err := c.Models.Create(ctx, paperspace.ModelCreateParams{Name: "lost", ProjectID: new("pnothing")})
	requireNotFound(t, err)
	assert.Equal(t, p.ID, must(c.Projects.AddModel(ctx, p.ID, m.ID))(t).ProjectID)
	key := func(m paperspace.Model) string { return m.ID }
	assert.Equal(t, []string{m.ID}, ids(t, c.Models.All(ctx, paperspace.ModelListParams{ProjectID: p.ID}), key))
	assert.Equal(t, []string{m.ID}, ids(t, c.Projects.AllModels(ctx, p.ID, paperspace.ProjectModelListParams{Name: "ber"}), key))
	must(c.Projects.RemoveModel(ctx, p.ID, m.ID))(t)
	assert.Empty(t, ids(t, c.Projects.AllModels(ctx, p.ID, paperspace.ProjectModelListParams{}), key))
	_, err = c.Projects.RemoveModel(ctx, p.ID, m.ID)
	requireNotFound(t, err)
	assert.Equal(t, "bert", must(c.Models.Get(ctx, m.ID))(t).Name)
	assert.Equal(t, m.ID, must(c.Models.Delete(ctx, m.ID))(t).ID)
	_, err = c.Models.Get(ctx, m.ID)
	requireNotFound(t, err)
}

func lifecycleOfDatasets(t *lifecycle, ctx context.Context, _ *paperspacetest.Server, c *paperspace.Client) {
	d := must(c.Datasets.Create(ctx, paperspace.DatasetCreateParams{Name: "faces", Description: paperspace.Value("old")}))(t)
	public := must(c.Datasets.Create(ctx, paperspace.DatasetCreateParams{Name: "open", IsPublic: new(true)}))(t)
	key := func(d paperspace.Dataset) string { return d.ID }
	assert.Equal(t, []string{d.ID}, ids(t, c.Datasets.All(ctx, paperspace.DatasetListParams{}), key), "private datasets are the default")
	assert.Equal(t, []string{public.ID}, ids(t, c.Datasets.All(ctx, paperspace.DatasetListParams{Privacy: "PUBLIC", TeamID: paperspacetest.TeamID}), key))
	assert.Empty(t, ids(t, c.Datasets.All(ctx, paperspace.DatasetListParams{TeamID: "tother"}), key))
	d = must(c.Datasets.Update(ctx, d.ID, paperspace.DatasetUpdateParams{Description: paperspace.Null[string]()}))(t)
	assert.Nil(t, d.Description)
	assert.Equal(t, "faces", must(c.Datasets.Get(ctx, d.ID))(t).Name)

	v := must(c.Versions.Create(ctx, d.ID, paperspace.DatasetVersionCreateParams{Tags: []string{"a", "b"}, Metadata: map[string]any{"n": 1.0}}))(t)
	second := must(c.Versions.Create(ctx, d.ID, paperspace.DatasetVersionCreateParams{}))(t)
	assert.Equal(t, []string{"a", "b"}, []string(v.Tags))
	assert.EqualValues(t, 1, v.Metadata["n"])
	v = must(c.Versions.Update(ctx, d.ID, v.Version, paperspace.DatasetVersionUpdateParams{Tags: []string{"c"}, IsCommitted: new(true)}))(t)
	assert.True(t, must(c.Versions.Get(ctx, d.ID, v.Version))(t).IsCommitted)
	version := func(v paperspace.DatasetVersion) string { return v.Version }
	assert.Equal(t, []string{v.Version}, ids(t, c.Versions.All(ctx, d.ID, paperspace.DatasetVersionListParams{Tags: []string{"c", "d"}}), version))
	assert.Equal(t, []string{second.Version, v.Version}, ids(t, c.Versions.All(ctx, d.ID, paperspace.DatasetVersionListParams{}), version))
	must(c.Versions.Delete(ctx, d.ID, v.Version))(t)
	_, err := c.Versions.Get(ctx, d.ID, v.Version)
	requireNotFound(t, err)

	must(c.Datasets.Delete(ctx, d.ID))(t)
	_, err = c.Datasets.Get(ctx, d.ID)
	requireNotFound(t, err)
	_, err = c.Versions.Get(ctx, d.ID, second.Version)
	requireNotFound(t, err)
}

func lifecycleOfStorageProviders(t *lifecycle, ctx context.Context, _ *paperspacetest.Server, c *paperspace.Client) {
	config := paperspace.S3Config{Bucket: "ours", AccessKey: "AK", SecretAccessKey: "SK"}
	p := must(c.Storage.Create(ctx, paperspace.StorageProviderCreateParams{
		Name: "s3", StorageProviderType: paperspace.StorageProviderTypeS3, IsTeamDefault: new(true), S3Config: config,
	}))(t)
	d := must(c.Datasets.Create(ctx, paperspace.DatasetCreateParams{Name: "faces"}))(t)
	assert.Equal(t, p.ID, d.StorageProviderID, "the default is the team's default provider")
	_, err := c.Datasets.Create(ctx, paperspace.DatasetCreateParams{Name: "faces", StorageProviderID: new("spnothing")})
	requireNotFound(t, err)
	config.Bucket = "theirs"
	p = must(c.Storage.Update(ctx, p.ID, paperspace.StorageProviderUpdateParams{Name: "s3", S3Config: config}))(t)
	assert.Equal(t, "theirs", must(c.Storage.Get(ctx, p.ID))(t).S3Config.Bucket)
	assert.Len(t, must(paperspace.Collect(c.Storage.All(ctx, paperspace.StorageProviderListParams{})))(t), 2)
	_, err = c.Storage.Delete(ctx, p.ID)
	requireErrorIs(t, err, paperspace.ErrConflict)
	must(c.Datasets.Delete(ctx, d.ID))(t)
	must(c.Storage.Delete(ctx, p.ID))(t)
	_, err = c.Storage.Get(ctx, p.ID)
	requireNotFound(t, err)
	assert.NotZero(t, must(c.Storage.GetUtilization(ctx))(t).TotalUsage)
}

func lifecycleOfTeams(t *lifecycle, ctx context.Context, srv *paperspacetest.Server, c *paperspace.Client) {
	session := must(c.Auth.Session(ctx))(t)
	require.Equal(t, paperspacetest.TeamID, session.Team.ID)
	admin := srv.AddUser(paperspacetest.User{Email: "alan@example.com", TeamID: session.Team.ID, IsAdmin: true})
	key := func(m paperspace.TeamMember) string { return m.User.ID }
	members := func(role paperspace.TeamRole) []string {
		return ids(t, c.Users.All(ctx, session.Team.ID, paperspace.TeamMemberListParams{Role: role}), key)
	}
	assert.ElementsMatch(t, []string{paperspacetest.UserID, paperspacetest.MemberID, admin}, members(""))
	assert.Equal(t, []string{paperspacetest.UserID}, members("owner"))
	assert.ElementsMatch(t, []string{paperspacetest.UserID, admin}, members("admin"))
	assert.Equal(t, []string{paperspacetest.MemberID}, members("member"))
	assert.True(t, must(c.Users.Update(ctx, session.Team.ID, paperspacetest.MemberID, paperspace.TeamMembershipUpdateParams{IsAdmin: true}))(t).IsAdmin)
	assert.Empty(t, members("member"))
	_, err := c.Users.Remove(ctx, session.Team.ID, paperspacetest.UserID)
	requireErrorIs(t, err, paperspace.ErrForbidden) // the owner cannot be removed
	must(c.Users.Remove(ctx, session.Team.ID, paperspacetest.MemberID))(t)
	assert.NotContains(t, members(""), paperspacetest.MemberID)

	must(c.Teams.CreateSecret(ctx, session.Team.ID, paperspace.SecretCreateParams{Name: "TOKEN", Value: "x"}))(t)
	must(c.Teams.UpdateSecret(ctx, session.Team.ID, "TOKEN", paperspace.SecretUpdateParams{Value: "y"}))(t)
	assert.Equal(t, "TOKEN", must(c.Teams.GetSecret(ctx, session.Team.ID, "TOKEN"))(t).Name)
	assert.Len(t, must(paperspace.Collect(c.Teams.AllSecrets(ctx, session.Team.ID, paperspace.SecretListParams{})))(t), 1)
	must(c.Teams.DeleteSecret(ctx, session.Team.ID, "TOKEN"))(t)
	_, err = c.Teams.GetSecret(ctx, session.Team.ID, "TOKEN")
	requireNotFound(t, err)

	other := srv.AddTeam(paperspacetest.Team{Name: "Other", Namespace: "other"})
	assert.Len(t, must(c.Auth.Session(ctx))(t).User.TeamMemberships, 2)
	assert.Equal(t, []string{paperspacetest.UserID}, ids(t, c.Users.All(ctx, other, paperspace.TeamMemberListParams{}), key))
}

// serving returns the config of a web server.
func serving(name string, replicas int) paperspace.DeploymentConfig {
	return paperspace.DeploymentConfig{V1: &paperspace.DeploymentConfigV1{
		Name: name, Image: "nginx:1.27",
		Resources: paperspace.DeploymentResources{MachineType: "C5", Replicas: &replicas, Ports: []int{80}},
	}}
}

func lifecycleOfDeployments(t *lifecycle, ctx context.Context, srv *paperspacetest.Server, c *paperspace.Client) {
	p := must(c.Projects.Create(ctx, paperspace.ProjectCreateParams{Name: "search"}))(t)
	params := paperspace.DeploymentUpsertParams{ProjectID: p.ID, Config: serving("web", 2)}
	id := must(c.Deployments.Upsert(ctx, params))(t).DeploymentID
	assert.Empty(t, must(c.Deployments.ListRuns(ctx, id, paperspace.DeploymentRunListParams{}))(t), "a new deployment has no runs")
	d := must(c.Deployments.WaitUntilHealthy(ctx, id, paperspace.WaitUntilHealthyParams{}))(t)
	assert.False(t, d.LatestSpec.HealthyAt.IsZero())
	runs := must(c.Deployments.ListRuns(ctx, id, paperspace.DeploymentRunListParams{}))(t)
	require.Len(t, runs, 1)
	require.Len(t, runs[0].Instances, 2)
	assert.EqualValues(t, "healthy", runs[0].Instances[0].State)

	instance := runs[0].Instances[0].InstanceID
	srv.AddLog(id, instance, "hello")
	lines := must(paperspace.Collect(c.Deployments.AllLogs(ctx, id, paperspace.DeploymentLogListParams{InstanceID: instance})))(t)
	assert.Equal(t, "hello", lines[0].Message)
	for _, metric := range []paperspace.DeploymentMetric{"cpu", "gpu", "requests_total"} {
		must(c.Deployments.GetMetrics(ctx, id, paperspace.DeploymentMetricsParams{Metric: metric}))(t)
	}

	// After a change the old spec remains visible for a while.
	old := d.LatestSpec.ID
	params.DeploymentID, params.Config = &id, serving("web", 3)
	must(c.Deployments.Upsert(ctx, params))(t)
	d = must(c.Deployments.Get(ctx, id))(t)
	assert.Equal(t, old, d.LatestSpec.ID)
	assert.False(t, d.LatestSpec.HealthyAt.IsZero())
	time.Sleep(slowDurations.Visible)
	d = must(c.Deployments.Get(ctx, id))(t)
	assert.NotEqual(t, old, d.LatestSpec.ID)
	assert.True(t, d.LatestSpec.HealthyAt.IsZero())
	must(c.Deployments.WaitUntilHealthy(ctx, id, paperspace.WaitUntilHealthyParams{}))(t)
	runs = must(c.Deployments.ListRuns(ctx, id, paperspace.DeploymentRunListParams{}))(t)
	require.Len(t, runs, 2)
	assert.Len(t, runs[0].Instances, 3)
	assert.False(t, runs[1].Instances[0].FinishedAt.IsZero())
	assert.Len(t, must(paperspace.Collect(c.Deployments.AllHistory(ctx, id, paperspace.DeploymentHistoryListParams{})))(t), 2)

	// A spec that disables the deployment is applied but never healthy.
	must(c.Deployments.SetEnabled(ctx, id, false))(t)
	time.Sleep(2 * slowDurations.Visible)
	d = must(c.Deployments.Get(ctx, id))(t)
	assert.False(t, d.LatestSpec.ExternalApplied.IsZero())
	assert.True(t, d.LatestSpec.HealthyAt.IsZero())

	// Specs end with the queued outcomes.
	srv.NextSpec(paperspacetest.Fails("no such image"), paperspacetest.Unhealthy("it crashes"), paperspacetest.Hangs())
	_, err := c.Deployments.Apply(ctx, paperspace.DeploymentUpsertParams{DeploymentID: &id, ProjectID: p.ID, Config: serving("web", 1)})
	t.stopIfUnknown(err)
	require.ErrorContains(t, err, "no such image")
	for range 2 {
		_, err = c.Deployments.Apply(ctx, paperspace.DeploymentUpsertParams{DeploymentID: &id, ProjectID: p.ID, Config: serving("web", 1)},
			paperspace.WithWaitTimeout(5*time.Minute))
		t.stopIfUnknown(err)
		require.Error(t, err)
		assert.False(t, errors.Is(err, paperspace.ErrNotFound))
	}
	runs = must(c.Deployments.ListRuns(ctx, id, paperspace.DeploymentRunListParams{Limit: 1}))(t)
	require.Len(t, runs, 1)
	assert.EqualValues(t, "error", runs[0].Instances[0].State)
	assert.Equal(t, "it crashes", runs[0].Instances[0].StateMessage)

	key := func(d paperspace.Deployment) string { return d.ID }
	assert.Equal(t, []string{id}, ids(t, c.Deployments.AllByProject(ctx, p.ID, paperspace.DeploymentListByProjectParams{Name: "we"}), key))
	assert.Equal(t, []string{id}, ids(t, c.Deployments.All(ctx, paperspace.DeploymentListParams{}), key))
	_, err = c.Deployments.ListByProject(ctx, "pnothing", paperspace.DeploymentListByProjectParams{})
	requireNotFound(t, err)
	assert.Equal(t, id, must(c.Deployments.Delete(ctx, id))(t).ID)
	_, err = c.Deployments.Get(ctx, id)
	requireNotFound(t, err)

	actions := ids(t, c.Projects.AllActivity(ctx, p.ID, paperspace.ProjectActivityListParams{
		ListParams: paperspace.ListParams{Limit: 2, Order: paperspace.OrderAsc}, DeploymentID: id,
	}), func(a paperspace.ProjectActivity) string { return string(a.Action) })
	assert.Equal(t, []string{
		"deployment.created", "deployment.scaled", "deployment.disabled", "deployment.enabled", "deployment.scaled", "deployment.deleted",
	}, slices.Compact(actions))
}
