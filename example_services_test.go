package paperspace_test

import (
	"context"
	"fmt"
	"log"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func ExampleAuthService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())

	session, err := client.Auth.Session(context.Background())
	if err != nil {
		log.Fatal(err) // a wrong key matches ErrUnauthorized
	}
	fmt.Println(session.User.Email, "in team", session.Team.Namespace)
	// Output: ada@example.com in team example
}

func ExampleContainerRegistriesService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()

	registry, err := client.ContainerRegistries.Create(ctx, paperspace.ContainerRegistryCreateParams{
		Name: "acme", Kind: new(paperspace.ContainerRegistryKindGHCR), Namespace: "acme", URL: "ghcr.io",
		Username: "acme-bot", Password: "ghp_abc123",
	})
	if err != nil {
		log.Fatal(err)
	}
	test, err := client.ContainerRegistries.TestConnection(ctx, registry.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(registry.Kind, "login works:", test.Success)
	// Output: ghcr login works: true
}

func ExampleCustomTemplatesService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	machine := newMachine(client, "trainer")
	ctx := context.Background()

	op, err := client.CustomTemplates.Create(ctx, paperspace.CustomTemplateCreateParams{
		Name: "trainer with drivers", MachineID: machine.ID,
	})
	if err != nil {
		log.Fatal(err)
	}
	template, err := op.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(template.Name, template.DefaultSizeGB)
	// Output: trainer with drivers 50
}

func ExampleDatasetsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()

	dataset, err := client.Datasets.Create(ctx, paperspace.DatasetCreateParams{Name: "pictures"})
	if err != nil {
		log.Fatal(err)
	}
	for dataset, err := range client.Datasets.All(ctx, paperspace.DatasetListParams{Privacy: paperspace.DatasetPrivacyPrivate}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(dataset.Name)
	}
	if _, err := client.Datasets.Delete(ctx, dataset.ID); err != nil {
		log.Fatal(err)
	}
	// Output: pictures
}

func ExampleDeploymentsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	id := newDeployment(client).ID
	ctx := context.Background()

	runs, err := client.Deployments.ListRuns(ctx, id, paperspace.DeploymentRunListParams{Limit: 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, instance := range runs[0].Instances {
		fmt.Println("instance", instance.State)
	}
	metrics, err := client.Deployments.GetMetrics(ctx, id, paperspace.DeploymentMetricsParams{Metric: paperspace.DeploymentMetricCPU})
	if err != nil {
		log.Fatal(err)
	}
	for _, sample := range metrics.Flat() {
		fmt.Println("cpu", sample.Value)
	}
	// Output:
	// instance healthy
	// instance healthy
	// cpu 0.25
	// cpu 0.25
}

func ExampleMachineEventsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	machine := newMachine(client, "trainer")

	for event, err := range client.MachineEvents.All(context.Background(), paperspace.MachineEventListParams{MachineID: machine.ID}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Name, event.State)
	}
	// Output: create done
}

func ExampleMachineTypesService() {
	srv := newServer()
	client := newClient(srv) // paperspace.NewClient(paperspace.FromEnv())
	srv.SetAvailable("H100", paperspace.RegionCA1, false)

	for _, region := range []paperspace.Region{paperspace.RegionNY2, paperspace.RegionCA1} {
		availability, err := client.MachineTypes.GetAvailability(context.Background(), paperspace.MachineAvailabilityParams{
			MachineType: "H100", Region: region,
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(region, availability.Available)
	}
	// Output:
	// ny2 true
	// ca1 false
}

// The machine type can only be changed while the machine is off, and the change takes time.
func ExampleMachinesService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	id := newMachine(client, "trainer").ID
	ctx := context.Background()

	op, err := client.Machines.Update(ctx, id, paperspace.MachineUpdateParams{MachineType: new("A4000")})
	if err != nil {
		log.Fatal(err)
	}
	machine, err := op.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(machine.MachineType, machine.Accelerators[0].Name, machine.RAM)
	// Output: A4000 Ampere A4000 45 GiB
}

func ExampleModelsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()

	model, err := client.Models.Create(ctx, paperspace.ModelCreateParams{Name: "classifier"})
	if err != nil {
		log.Fatal(err)
	}
	project := newProject(client)
	if _, err := client.Projects.AddModel(ctx, project.ID, model.ID); err != nil {
		log.Fatal(err)
	}
	model, err = client.Models.Get(ctx, model.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(model.Name, model.ProjectID == project.ID)
	// Output: classifier true
}

// Listing templates needs no API key.
func ExampleOSTemplatesService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())

	for template, err := range client.OSTemplates.All(context.Background(), paperspace.OSTemplateListParams{Name: "Ubuntu 22.04"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(template.ID, template.Name, template.AgentType)
	}
	// Unordered output:
	// t0nspur5 Ubuntu 22.04 LinuxHeadless
	// tvimtol9 Ubuntu 22.04 Desktop LinuxDesktop
}

func ExamplePrivateNetworksService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()

	network, err := client.PrivateNetworks.Create(ctx, paperspace.PrivateNetworkCreateParams{
		Name: "cluster", Region: paperspace.RegionNY2,
	})
	if err != nil {
		log.Fatal(err)
	}
	id := newMachine(client, "trainer").ID
	op, err := client.Machines.Update(ctx, id, paperspace.MachineUpdateParams{NetworkID: &network.ID})
	if err != nil {
		log.Fatal(err)
	}
	machine, err := op.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("in the network:", machine.NetworkID == network.ID)
	// Output: in the network: true
}

func ExampleProjectsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()

	project, err := client.Projects.Create(ctx, paperspace.ProjectCreateParams{Name: "search"})
	if err != nil {
		log.Fatal(err)
	}
	collaborator, err := client.Projects.CreateCollaborator(ctx, project.ID, paperspace.ProjectCollaboratorCreateParams{
		UserID: paperspacetest.MemberID,
	})
	if err != nil {
		log.Fatal(err)
	}
	secret, err := client.Projects.CreateSecret(ctx, project.ID, paperspace.SecretCreateParams{Name: "HF_TOKEN", Value: "hf_abc123"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(project.Name, collaborator.User.Email, secret.Name)
	// Output: search grace@example.com HF_TOKEN
}

// A static address belongs to the team until it is released, even if the machine is deleted.
func ExamplePublicIPsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	machine := newMachine(client, "web")
	ctx := context.Background()

	address, err := client.PublicIPs.Claim(ctx, paperspace.PublicIPClaimParams{Region: machine.Region})
	if err != nil {
		log.Fatal(err)
	}
	for _, to := range []paperspace.Nullable[string]{paperspace.Value(machine.ID), paperspace.Null[string]()} {
		address, err = client.PublicIPs.Assign(ctx, address.IP, paperspace.PublicIPAssignParams{MachineID: to})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("assigned:", address.AssignedMachineID == machine.ID)
	}
	released, err := client.PublicIPs.Release(ctx, address.IP)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("released:", released.IP == address.IP)
	// Output:
	// assigned: true
	// assigned: false
	// released: true
}

func ExampleSharedDrivesService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())

	drive, err := client.SharedDrives.Create(context.Background(), paperspace.SharedDriveCreateParams{
		Name: "scratch", Size: 250, Region: paperspace.RegionNY2, NetworkID: paperspacetest.NetworkID,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(drive.Name, drive.Region, drive.MountPoint != "", drive.Password)
	// Output: scratch ny2 true [REDACTED]
}

func ExampleSnapshotsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	machine := newMachine(client, "trainer")
	ctx := context.Background()

	op, err := client.Snapshots.Create(ctx, paperspace.SnapshotCreateParams{Name: "before the upgrade", MachineID: machine.ID})
	if err != nil {
		log.Fatal(err)
	}
	snapshot, err := op.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	op, err = client.Snapshots.Restore(ctx, snapshot.ID, paperspace.SnapshotRestoreParams{})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := op.Wait(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("restored:", snapshot.Name)
	// Output: restored: before the upgrade
}

// The service never returns the text of a script.
func ExampleStartupScriptsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	machine := newMachine(client, "trainer")
	ctx := context.Background()

	script, err := client.StartupScripts.Create(ctx, paperspace.StartupScriptCreateParams{
		Name: "install docker", Script: "#!/bin/sh\napt-get install -y docker.io\n", IsRunOnce: new(true),
	})
	if err != nil {
		log.Fatal(err)
	}
	script, err = client.StartupScripts.Assign(ctx, script.ID, paperspace.StartupScriptAssignParams{MachineID: machine.ID})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(script.Name, len(script.AssignedMachineIDs))
	// Output: install docker 1
}

func ExampleStorageService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())

	used, err := client.Storage.GetUtilization(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d MiB, %d of them for datasets\n", used.TotalUsage>>20, used.DatasetUsage>>20)
	// Output: 1024 MiB, 256 of them for datasets
}

func ExampleTagsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	project := newProject(client)
	ctx := context.Background()

	if _, err := client.Tags.Add(ctx, project.ID, paperspace.TagAddParams{Name: "production"}); err != nil {
		log.Fatal(err)
	}
	for tag, err := range client.Tags.All(ctx, project.ID, paperspace.TagListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(tag.Name)
	}
	// Output: production
}

func ExampleTeamsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()

	session, err := client.Auth.Session(ctx) // the key's team
	if err != nil {
		log.Fatal(err)
	}
	secret, err := client.Teams.CreateSecret(ctx, session.Team.ID, paperspace.SecretCreateParams{Name: "HF_TOKEN", Value: "hf_abc123"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(secret.Name)
	// Output: HF_TOKEN
}

func ExampleUsersService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())

	for member, err := range client.Users.All(context.Background(), paperspacetest.TeamID, paperspace.TeamMemberListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(member.User.Email, "owner:", member.IsOwner)
	}
	// Unordered output:
	// ada@example.com owner: true
	// grace@example.com owner: false
}

// A version is committed once its files are complete.
func ExampleVersionsService() {
	client := newClient(newServer()) // paperspace.NewClient(paperspace.FromEnv())
	ctx := context.Background()
	dataset, err := client.Datasets.Create(ctx, paperspace.DatasetCreateParams{Name: "pictures"})
	if err != nil {
		log.Fatal(err)
	}

	version, err := client.Versions.Create(ctx, dataset.ID, paperspace.DatasetVersionCreateParams{
		Message: new("first scan"), Tags: paperspace.VersionTags{"raw"},
	})
	if err != nil {
		log.Fatal(err)
	}
	version, err = client.Versions.Update(ctx, dataset.ID, version.Version, paperspace.DatasetVersionUpdateParams{
		Tags: paperspace.VersionTags{"raw", "checked"}, IsCommitted: new(true),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(version.Message, version.Tags, version.IsCommitted)
	// Output: first scan [raw checked] true
}
