package main

import (
	"context"

	"github.com/paperspace-go/paperspace"
)

// A kind names the objects whose ids the path of a step needs, or that its response lists.
type kind string

const (
	none             kind = ""
	accessors        kind = "accessor"
	customTemplates  kind = "custom template"
	datasets         kind = "dataset"
	datasetVersions  kind = "dataset version"
	deployments      kind = "deployment"
	events           kind = "event"
	machines         kind = "machine"
	models           kind = "model"
	osTemplates      kind = "OS template"
	privateNetworks  kind = "private network"
	projects         kind = "project"
	projectSecrets   kind = "project secret"
	registries       kind = "container registry"
	sharedDrives     kind = "shared drive"
	snapshots        kind = "snapshot"
	startupScripts   kind = "startup script"
	storageProviders kind = "storage provider"
	teams            kind = "team"
	teamSecrets      kind = "team secret"
)

// A step calls an endpoint that only reads.
type step struct {
	endpoint string
	of       kind   // the objects whose ids are in the path
	gives    kind   // the objects that the response lists
	key      string // the member of a listed object that identifies it in a path
	call     func(args) error
}

// args are the arguments of a step. Steps ignore those that their endpoint does not have.
type args struct {
	*paperspace.Client
	ctx  context.Context
	path []string // the values of the path parameters
	page paperspace.ListParams
	name string // filters a list
	opts []paperspace.RequestOption
}

// get describes an endpoint that returns one object, or a list without pages.
func get(endpoint string, of kind, call func(args) error) step {
	return step{endpoint: endpoint, of: of, call: call}
}

// list describes an endpoint that returns a page of objects.
func list(endpoint string, of, gives kind, key string, call func(args) error) step {
	return step{endpoint: endpoint, of: of, gives: gives, key: key, call: call}
}

// drop discards the result of a call: the probe examines the response's body.
func drop[T any](_ T, err error) error { return err }

// plan returns the steps in an order in which each follows the one that gives the objects in its path.
func plan() []step {
	session := get("auth-session", none, func(a args) error {
		return drop(a.Auth.Session(a.ctx, a.opts...))
	})
	session.gives, session.key = teams, "team.id"
	return []step{
		session,

		list("machines-list", none, machines, "id", func(a args) error {
			return drop(a.Machines.List(a.ctx, paperspace.MachineListParams{ListParams: a.page, Name: a.name}, a.opts...))
		}),
		get("machines-get", machines, func(a args) error {
			return drop(a.Machines.Get(a.ctx, a.path[0], a.opts...))
		}),
		get("machines-getDesktop", machines, func(a args) error {
			return drop(a.Machines.GetDesktop(a.ctx, a.path[0], a.opts...))
		}),
		list("machines-listAccessors", machines, accessors, "user.id", func(a args) error {
			return drop(a.Machines.ListAccessors(a.ctx, a.path[0], paperspace.MachineAccessorListParams{ListParams: a.page}, a.opts...))
		}),
		get("machines-getAccessor", accessors, func(a args) error {
			return drop(a.Machines.GetAccessor(a.ctx, a.path[0], a.path[1], a.opts...))
		}),
		list("machineEvents-list", none, events, "id", func(a args) error {
			return drop(a.MachineEvents.List(a.ctx, paperspace.MachineEventListParams{ListParams: a.page}, a.opts...))
		}),
		get("machineEvents-get", events, func(a args) error {
			return drop(a.MachineEvents.Get(a.ctx, a.path[0], a.opts...))
		}),
		get("machineAvailability-list", none, func(a args) error {
			params := paperspace.MachineAvailabilityParams{MachineType: "C5", Region: paperspace.RegionNY2}
			return drop(a.MachineTypes.GetAvailability(a.ctx, params, a.opts...))
		}),

		list("osTemplates-list", none, osTemplates, "id", func(a args) error {
			return drop(a.OSTemplates.List(a.ctx, paperspace.OSTemplateListParams{ListParams: a.page, Name: a.name}, a.opts...))
		}),
		list("customTemplates-list", none, customTemplates, "id", func(a args) error {
			return drop(a.CustomTemplates.List(a.ctx, paperspace.CustomTemplateListParams{ListParams: a.page, Name: a.name}, a.opts...))
		}),
		get("customTemplates-get", customTemplates, func(a args) error {
			return drop(a.CustomTemplates.Get(a.ctx, a.path[0], a.opts...))
		}),
		list("snapshots-list", none, snapshots, "id", func(a args) error {
			return drop(a.Snapshots.List(a.ctx, paperspace.SnapshotListParams{ListParams: a.page}, a.opts...))
		}),
		get("snapshots-get", snapshots, func(a args) error {
			return drop(a.Snapshots.Get(a.ctx, a.path[0], a.opts...))
		}),
		list("startupScripts-list", none, startupScripts, "id", func(a args) error {
			return drop(a.StartupScripts.List(a.ctx, paperspace.StartupScriptListParams{ListParams: a.page, Name: a.name}, a.opts...))
		}),
		get("startupScripts-get", startupScripts, func(a args) error {
			return drop(a.StartupScripts.Get(a.ctx, a.path[0], a.opts...))
		}),
		list("privateNetworks-list", none, privateNetworks, "id", func(a args) error {
			return drop(a.PrivateNetworks.List(a.ctx, paperspace.PrivateNetworkListParams{ListParams: a.page, Name: a.name}, a.opts...))
		}),
		get("privateNetworks-get", privateNetworks, func(a args) error {
			return drop(a.PrivateNetworks.Get(a.ctx, a.path[0], a.opts...))
		}),
		list("publicIps-list", none, none, "ip", func(a args) error {
			return drop(a.PublicIPs.List(a.ctx, paperspace.PublicIPListParams{ListParams: a.page}, a.opts...))
		}),
		list("sharedDrives-list", none, sharedDrives, "id", func(a args) error {
			return drop(a.SharedDrives.List(a.ctx, paperspace.SharedDriveListParams{ListParams: a.page, Name: a.name}, a.opts...))
		}),
		get("sharedDrives-get", sharedDrives, func(a args) error {
			return drop(a.SharedDrives.Get(a.ctx, a.path[0], a.opts...))
		}),
		list("containerRegistries-list", none, registries, "id", func(a args) error {
			return drop(a.ContainerRegistries.List(a.ctx, paperspace.ContainerRegistryListParams{ListParams: a.page}, a.opts...))
		}),
		get("containerRegistries-get", registries, func(a args) error {
			return drop(a.ContainerRegistries.Get(a.ctx, a.path[0], a.opts...))
		}),
		get("containerRegistries-testConnection", registries, func(a args) error {
			return drop(a.ContainerRegistries.TestConnection(a.ctx, a.path[0], a.opts...))
		}),

		list("projects-list", none, projects, "id", func(a args) error {
			return drop(a.Projects.List(a.ctx, paperspace.ProjectListParams{ListParams: a.page}, a.opts...))
		}),
		get("projects-get", projects, func(a args) error {
			return drop(a.Projects.Get(a.ctx, a.path[0], a.opts...))
		}),
		list("projectActivity-list", projects, none, "id", func(a args) error {
			return drop(a.Projects.ListActivity(a.ctx, a.path[0], paperspace.ProjectActivityListParams{ListParams: a.page}, a.opts...))
		}),
		list("projectCollaborators-list", projects, none, "user.id", func(a args) error {
			return drop(a.Projects.ListCollaborators(a.ctx, a.path[0], paperspace.ProjectCollaboratorListParams{ListParams: a.page}, a.opts...))
		}),
		list("projectDeployments-list", projects, none, "id", func(a args) error {
			return drop(a.Deployments.ListByProject(a.ctx, a.path[0], paperspace.DeploymentListByProjectParams{ListParams: a.page, Name: a.name}, a.opts...))
		}),
		list("projectModels-list", projects, none, "id", func(a args) error {
			return drop(a.Projects.ListModels(a.ctx, a.path[0], paperspace.ProjectModelListParams{ListParams: a.page, Name: a.name}, a.opts...))
		}),
		list("projectSecrets-list", projects, projectSecrets, "name", func(a args) error {
			return drop(a.Projects.ListSecrets(a.ctx, a.path[0], paperspace.SecretListParams{ListParams: a.page}, a.opts...))
		}),
		get("projectSecrets-getProjectSecret", projectSecrets, func(a args) error {
			return drop(a.Projects.GetSecret(a.ctx, a.path[0], a.path[1], a.opts...))
		}),
		list("projectTags-list", projects, none, "name", func(a args) error {
			return drop(a.Tags.List(a.ctx, a.path[0], paperspace.TagListParams{ListParams: a.page}, a.opts...))
		}),

		list("deployments-list", none, deployments, "id", func(a args) error {
			return drop(a.Deployments.List(a.ctx, paperspace.DeploymentListParams{ListParams: a.page}, a.opts...))
		}),
		get("deployments-get", deployments, func(a args) error {
			return drop(a.Deployments.Get(a.ctx, a.path[0], a.opts...))
		}),
		get("deploymentRuns-get", deployments, func(a args) error {
			return drop(a.Deployments.ListRuns(a.ctx, a.path[0], paperspace.DeploymentRunListParams{}, a.opts...))
		}),
		list("deploymentHistory-list", deployments, none, "id", func(a args) error {
			return drop(a.Deployments.ListHistory(a.ctx, a.path[0], paperspace.DeploymentHistoryListParams{ListParams: a.page}, a.opts...))
		}),
		list("deploymentLogs-list", deployments, none, "id", func(a args) error {
			return drop(a.Deployments.ListLogs(a.ctx, a.path[0], paperspace.DeploymentLogListParams{ListParams: a.page}, a.opts...))
		}),
		metrics(paperspace.DeploymentMetricRequestsTotal), // the three forms that a metric can have
		metrics(paperspace.DeploymentMetricCPU),
		metrics(paperspace.DeploymentMetricGPU),

		list("datasets-list", none, datasets, "id", func(a args) error {
			return drop(a.Datasets.List(a.ctx, paperspace.DatasetListParams{ListParams: a.page}, a.opts...))
		}),
		get("datasets-get", datasets, func(a args) error {
			return drop(a.Datasets.Get(a.ctx, a.path[0], a.opts...))
		}),
		list("datasetVersions-list", datasets, datasetVersions, "version", func(a args) error {
			return drop(a.Versions.List(a.ctx, a.path[0], paperspace.DatasetVersionListParams{ListParams: a.page}, a.opts...))
		}),
		get("datasetVersions-get", datasetVersions, func(a args) error {
			return drop(a.Versions.Get(a.ctx, a.path[0], a.path[1], a.opts...))
		}),
		list("models-list", none, models, "id", func(a args) error {
			return drop(a.Models.List(a.ctx, paperspace.ModelListParams{ListParams: a.page}, a.opts...))
		}),
		get("models-get", models, func(a args) error {
			return drop(a.Models.Get(a.ctx, a.path[0], a.opts...))
		}),
		list("storageProviders-list", none, storageProviders, "id", func(a args) error {
			return drop(a.Storage.List(a.ctx, paperspace.StorageProviderListParams{ListParams: a.page}, a.opts...))
		}),
		get("storageProviders-get", storageProviders, func(a args) error {
			return drop(a.Storage.Get(a.ctx, a.path[0], a.opts...))
		}),
		get("storageUtilization-getPublic", none, func(a args) error {
			return drop(a.Storage.GetUtilization(a.ctx, a.opts...))
		}),

		list("teamMemberships-listByTeamId", teams, none, "user.id", func(a args) error {
			return drop(a.Users.List(a.ctx, a.path[0], paperspace.TeamMemberListParams{ListParams: a.page}, a.opts...))
		}),
		list("teamSecrets-list", teams, teamSecrets, "name", func(a args) error {
			return drop(a.Teams.ListSecrets(a.ctx, a.path[0], paperspace.SecretListParams{ListParams: a.page}, a.opts...))
		}),
		get("teamSecrets-get", teamSecrets, func(a args) error {
			return drop(a.Teams.GetSecret(a.ctx, a.path[0], a.path[1], a.opts...))
		}),
	}
}

func metrics(metric paperspace.DeploymentMetric) step {
	return get("deploymentMetrics-get", deployments, func(a args) error {
		return drop(a.Deployments.GetMetrics(a.ctx, a.path[0], paperspace.DeploymentMetricsParams{Metric: metric}, a.opts...))
	})
}
