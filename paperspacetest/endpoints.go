package paperspacetest

// The kinds of objects.
const (
	accessors        kind = "Accessor"
	activities       kind = "Activity"
	collaborators    kind = "Collaborator"
	customTemplates  kind = "Template"
	datasets         kind = "Dataset"
	datasetVersions  kind = "Dataset version"
	deployments      kind = "Deployment"
	deploymentRuns   kind = "Deployment run"
	events           kind = "Machine event"
	logs             kind = "Log"
	machines         kind = "Machine"
	machineTypes     kind = "Machine type"
	memberships      kind = "Team membership"
	models           kind = "Model"
	osTemplates      kind = "OS template"
	privateNetworks  kind = "Private network"
	projects         kind = "Project"
	projectSecrets   kind = "Secret"
	publicIPs        kind = "Public IP"
	registries       kind = "Container registry"
	sharedDrives     kind = "Shared drive"
	snapshots        kind = "Snapshot"
	specs            kind = "Deployment spec"
	startupScripts   kind = "Startup script"
	storageProviders kind = "Storage provider"
	tags             kind = "Tag"
	teams            kind = "Team"
	teamSecrets      kind = "Team secret"
	users            kind = "User"
)

// parents maps a kind to the kind of its parent.
var parents = map[kind]kind{
	accessors:       machines,
	activities:      projects,
	collaborators:   projects,
	datasetVersions: datasets,
	deploymentRuns:  deployments,
	logs:            deployments,
	memberships:     teams,
	projectSecrets:  projects,
	specs:           deployments,
	tags:            projects,
	teamSecrets:     teams,
}

// uuidCursors are the kinds whose cursor is the id of the last item, a UUID.
var uuidCursors = map[kind]bool{activities: true}

// handlers holds the handler of each endpoint.
var handlers = map[string]handler{
	"auth-session": getSession,

	"machines-create":          createMachine,
	"machines-list":            list(machines, contains("name"), byRegion, equals("agentType"), equals("machineType")),
	"machines-get":             get(machines),
	"machines-update":          updateMachine,
	"machines-delete":          deleteMachine,
	"machines-start":           startMachine,
	"machines-stop":            stopMachine,
	"machines-restart":         restartMachine,
	"machines-addAccessor":     create(accessors, keyIs("userId"), object{"dtDeleted": nil}, embedUser),
	"machines-listAccessors":   list(accessors),
	"machines-getAccessor":     get(accessors),
	"machines-removeAccessor":  remove(accessors),
	"machines-getDesktop":      getDesktop,
	"machineEvents-get":        get(events),
	"machineEvents-list":       list(events, equals("machineId")),
	"machineAvailability-list": getAvailability,

	"osTemplates-list":       list(osTemplates, contains("name")),
	"customTemplates-create": createTemplate,
	"customTemplates-list":   list(customTemplates, contains("name"), byMachine("parentMachineId")),
	"customTemplates-get":    get(customTemplates),
	"customTemplates-update": update(customTemplates),
	"customTemplates-delete": remove(customTemplates),

	"snapshots-create":  createSnapshot,
	"snapshots-list":    list(snapshots, byMachine("machineId")),
	"snapshots-get":     get(snapshots),
	"snapshots-update":  update(snapshots),
	"snapshots-delete":  deleteSnapshot,
	"snapshots-restore": restoreSnapshot,

	"startupScripts-create": create(startupScripts, newID("sc", 8),
		object{"description": nil, "isEnabled": true, "isRunOnce": false, "assignedMachineIds": []any{}, "dtDeleted": nil}),
	"startupScripts-list":     list(startupScripts, contains("name")),
	"startupScripts-get":      get(startupScripts),
	"startupScripts-update":   update(startupScripts),
	"startupScripts-delete":   remove(startupScripts),
	"startupScripts-assign":   changeScript((*Server).assignScript),
	"startupScripts-unassign": changeScript((*Server).unassignScript),

	"privateNetworks-create": createNetwork,
	"privateNetworks-list":   list(privateNetworks, contains("name"), byRegion),
	"privateNetworks-get":    getNetwork,
	"privateNetworks-update": update(privateNetworks),
	"privateNetworks-delete": remove(privateNetworks, networkUnused),

	"publicIps-list":    list(publicIPs, byRegion),
	"publicIps-claim":   claimIP,
	"publicIps-assign":  assignIP,
	"publicIps-release": remove(publicIPs, ipUnassigned),

	"sharedDrives-create": create(sharedDrives, newID("sd", 8), object{"dtDeleted": nil}, checkDrive, setMount),
	"sharedDrives-list":   list(sharedDrives, contains("name"), byRegion),
	"sharedDrives-get":    get(sharedDrives),
	"sharedDrives-update": update(sharedDrives),
	"sharedDrives-delete": remove(sharedDrives),

	"containerRegistries-create":         create(registries, newUUID, object{"kind": "other"}),
	"containerRegistries-list":           list(registries),
	"containerRegistries-get":            get(registries),
	"containerRegistries-update":         update(registries),
	"containerRegistries-delete":         remove(registries),
	"containerRegistries-testConnection": testConnection,

	"projects-create": create(projects, newID("p", 10),
		object{"dtDeleted": nil, "repoNodeId": nil, "repoName": nil, "repoUrl": nil}),
	"projects-list":                   list(projects),
	"projects-get":                    get(projects),
	"projects-update":                 update(projects),
	"projects-delete":                 remove(projects, clearProject),
	"projectActivity-list":            list(activities, byDeployment),
	"projectCollaborators-create":     create(collaborators, keyIs("userId"), object{"dtDeleted": nil}, embedUser),
	"projectCollaborators-list":       list(collaborators),
	"projectCollaborators-delete":     remove(collaborators),
	"projectDeployments-list":         list(deployments, byProject, contains("name")),
	"projectModels-list":              list(models, byProject, contains("name")),
	"projectModels-add":               addModel,
	"projectModels-remove":            removeModel,
	"projectSecrets-create":           create(projectSecrets, keyIs("name"), nil, trackUse("projectId")),
	"projectSecrets-list":             list(projectSecrets),
	"projectSecrets-getProjectSecret": get(projectSecrets),
	"projectSecrets-update":           update(projectSecrets),
	"projectSecrets-delete":           remove(projectSecrets),
	"projectTags-add":                 create(tags, keyIs("name"), nil, setNumericID),
	"projectTags-list":                list(tags),
	"projectTags-remove":              removeTag,

	"models-create": create(models, newID("mo", 10),
		object{"description": nil, "storageProviderId": nil, "projectId": nil, "isPublic": false}, setStorage, projectExists),
	"models-list":   list(models, equals("projectId")),
	"models-get":    get(models),
	"models-delete": remove(models),

	"datasets-create": create(datasets, newID("ds", 10),
		object{"description": nil, "storageProviderId": nil, "isPublic": false}, setStorage),
	"datasets-list":   list(datasets, equals("teamId"), byPrivacy),
	"datasets-get":    get(datasets),
	"datasets-update": update(datasets),
	"datasets-delete": remove(datasets),
	"datasetVersions-create": create(datasetVersions, newID("v", 7),
		object{"message": nil, "metadata": nil, "isCommitted": false, "url": nil, "tags": []any{}, "usageBytes": "0"}, setVersionFields),
	"datasetVersions-list":   list(datasetVersions, byTags),
	"datasetVersions-get":    get(datasetVersions),
	"datasetVersions-update": update(datasetVersions, splitTags),
	"datasetVersions-delete": remove(datasetVersions),

	"storageProviders-create": create(storageProviders, newID("sp", 10),
		object{"isTeamDefault": false, "isManaged": false}, keepOneDefault),
	"storageProviders-list":        list(storageProviders),
	"storageProviders-get":         get(storageProviders),
	"storageProviders-update":      update(storageProviders, notManaged, keepOneDefaultOnUpdate),
	"storageProviders-delete":      remove(storageProviders, notManaged, providerUnused),
	"storageUtilization-getPublic": getUtilization,

	"teamMemberships-listByTeamId": list(memberships, byRole),
	"teamMemberships-update":       update(memberships, notOwner),
	"teamMemberships-removeUser":   remove(memberships, notOwner),
	"teamSecrets-create":           create(teamSecrets, keyIs("name"), nil, trackUse("teamId")),
	"teamSecrets-list":             list(teamSecrets),
	"teamSecrets-get":              get(teamSecrets),
	"teamSecrets-update":           update(teamSecrets),
	"teamSecrets-delete":           remove(teamSecrets),

	"deployments-upsert":     upsertDeployment,
	"deployments-list":       list(deployments),
	"deployments-get":        get(deployments),
	"deployments-delete":     deleteDeployment,
	"deploymentRuns-get":     getRuns,
	"deploymentMetrics-get":  getMetrics,
	"deploymentLogs-list":    list(logs, equals("instanceId")),
	"deploymentHistory-list": list(specs),
}
