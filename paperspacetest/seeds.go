package paperspacetest

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/internal/contract"
)

// Ids of objects that every new server has.
const (
	// UserID is the user of the API key, who owns the team.
	UserID = "ur7p0nb7n"
	// MemberID is another member of the team.
	MemberID = "u3c9x2kfa"
	// TeamID is the team of the API key.
	TeamID = "taekk107hp"
	// DefaultNetworkID is the team's default network.
	DefaultNetworkID = "nzq3r1c7d"
	// NetworkID is a private network in ny2.
	NetworkID = "n8fw0k2me"
	// UbuntuID is the OS template for Ubuntu 22.04.
	UbuntuID = "t0nspur5"
)

// addDefaults adds the objects that every new server has.
func (s *Server) addDefaults() {
	s.AddUser(User{ID: UserID, Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"})
	s.AddTeam(Team{ID: TeamID, Name: "Example", Namespace: "example"})
	s.AddUser(User{ID: MemberID, Email: "grace@example.com", FirstName: "Grace", LastName: "Hopper", TeamID: TeamID})
	for _, t := range builtinTypes {
		s.AddMachineType(t)
	}
	for _, t := range builtinTemplates {
		s.AddOSTemplate(t)
	}
	s.addNetwork(DefaultNetworkID, "Default network", "ny2")
	s.addNetwork(NetworkID, "private", "ny2")
	for _, t := range []struct{ id, name, region string }{{"tq1x8trn2", "trainer", "ny2"}, {"tb6m0web4", "web server", "ca1"}} {
		s.addTemplate(t.id, t.name, object{
			"id": s.id("ps", 10), "agentType": "LinuxHeadless", "os": "Ubuntu 22.04", "region": t.region,
			"diskSize": number(100),
		})
	}
	s.store.add(storageProviders, "", "spmanaged0", object{
		"id": "spmanaged0", "name": "Paperspace storage", "isTeamDefault": true, "isManaged": true, "dtCreated": s.stamp(),
		"s3Config": object{"bucket": "paperspace", "region": "us-east-1", "accessKey": "managed", "secretAccessKey": "managed"},
	})
}

// addObject adds an object, which must conform to the schema that responses have for it.
func (s *Server) addObject(k kind, parent, key string, data object, schema *contract.Schema) error {
	if issues := schema.Check(selectFields(schema, data)); len(issues) > 0 {
		return fmt.Errorf("%v", issues)
	}
	if key == "." || key == ".." {
		return fmt.Errorf("the id %q is not valid in a path", key)
	}
	if s.store.get(k, parent, key) != nil {
		return fmt.Errorf("%s %q already exists", strings.ToLower(string(k)), key)
	}
	s.store.add(k, parent, key, data)
	return nil
}

// itemOf returns the schema of the items of a list endpoint.
func itemOf(id string) *contract.Schema {
	return contract.Lookup(id).Response.Field("items").Items
}

// User is a user of the service.
type User struct {
	// ID is the user's id. If empty, an id is generated.
	ID string
	// Email is the user's email address.
	Email string
	// FirstName and LastName may be empty.
	FirstName, LastName string
	// TeamID is a team of the user, empty for none.
	TeamID string
	// IsAdmin makes the user an administrator of the team.
	IsAdmin bool
}

// AddUser adds a user and returns the id.
func (s *Server) AddUser(u User) string {
	s.t.Helper()
	id, err := s.addUser(u)
	if err != nil {
		s.t.Fatalf("paperspacetest: AddUser: %v", err)
	}
	return id
}

func (s *Server) addUser(u User) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	if u.TeamID != "" && s.store.get(teams, "", u.TeamID) == nil {
		return "", fmt.Errorf("team %q does not exist", u.TeamID)
	}
	id := cmp.Or(u.ID, s.id("u", 8))
	err := s.addObject(users, "", id, object{
		"id": id, "email": u.Email, "firstName": u.FirstName, "lastName": u.LastName, "publicProfileImageUrl": nil,
		"dtCreated": s.stamp(), "lastActive": nil,
	}, itemOf("machines-listAccessors").Field("user").Schema)
	if err == nil && u.TeamID != "" {
		err = s.addMember(u.TeamID, id, false, u.IsAdmin)
	}
	return id, err
}

func (s *Server) addMember(teamID, userID string, owner, admin bool) error {
	return s.addObject(memberships, teamID, userID, object{
		"id": userID, "user": s.store.get(users, "", userID).data, "isOwner": owner, "isAdmin": admin,
		"dtConfirmed": s.stamp(), "dtDeleted": nil,
	}, itemOf("teamMemberships-listByTeamId"))
}

// Team is a team.
type Team struct {
	// ID is the team's id. If empty, an id is generated.
	ID string
	// Name is the team's name.
	Name string
	// Namespace is the team's name in URLs.
	Namespace string
}

// AddTeam adds a team, owned by the user of the API key, and returns the id.
func (s *Server) AddTeam(t Team) string {
	s.t.Helper()
	id, err := s.addTeam(t)
	if err != nil {
		s.t.Fatalf("paperspacetest: AddTeam: %v", err)
	}
	return id
}

func (s *Server) addTeam(t Team) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	if t.Name == "" || t.Namespace == "" {
		return "", errors.New("a team needs a name and a namespace")
	}
	id := cmp.Or(t.ID, s.id("t", 9))
	team := object{
		"id": id, "name": t.Name, "namespace": t.Namespace, "isUserTeam": false, "isPrivate": false,
		"publicProfileImageUrl": nil, "maxMachines": number(100), "analyticsId": number(1), "dtCreated": s.stamp(),
	}
	err := s.addObject(teams, "", id, team, contract.Lookup("auth-session").Response.Field("team").Schema)
	if err == nil {
		err = s.addMember(id, UserID, true, true)
	}
	return id, err
}

// MachineType is a type of machines.
type MachineType struct {
	// Label is the name of the type, such as "A4000".
	Label string
	// CPUs is the number of virtual CPUs.
	CPUs int
	// RAM is the memory in GiB.
	RAM int64
	// GPU is the name of the GPUs, empty for none.
	GPU string
	// GPUs is the number of GPUs.
	GPUs int
	// GPUMemory is the memory of each GPU in GiB.
	GPUMemory int64
	// UsageRate is the price per hour in US dollars.
	UsageRate float64
}

// builtinTypes are the machine types of a new server, available in all regions.
var builtinTypes = []MachineType{
	{Label: "C1", CPUs: 1, RAM: 1, UsageRate: 0.0075}, {Label: "C2", CPUs: 1, RAM: 2, UsageRate: 0.018},
	{Label: "C3", CPUs: 2, RAM: 4, UsageRate: 0.036}, {Label: "C4", CPUs: 2, RAM: 8, UsageRate: 0.06},
	{Label: "C5", CPUs: 4, RAM: 8, UsageRate: 0.08}, {Label: "C6", CPUs: 8, RAM: 16, UsageRate: 0.15},
	{Label: "C7", CPUs: 12, RAM: 30, UsageRate: 0.3}, {Label: "C8", CPUs: 16, RAM: 60, UsageRate: 0.5},
	{Label: "C9", CPUs: 24, RAM: 120, UsageRate: 0.91}, {Label: "C10", CPUs: 32, RAM: 244, UsageRate: 1.79},
	{Label: "P4000", CPUs: 8, RAM: 30, GPU: "Quadro P4000", GPUs: 1, GPUMemory: 8, UsageRate: 0.51},
	{Label: "P5000", CPUs: 8, RAM: 30, GPU: "Quadro P5000", GPUs: 1, GPUMemory: 16, UsageRate: 0.78},
	{Label: "P6000", CPUs: 8, RAM: 30, GPU: "Quadro P6000", GPUs: 1, GPUMemory: 24, UsageRate: 1.1},
	{Label: "RTX4000", CPUs: 8, RAM: 30, GPU: "Quadro RTX4000", GPUs: 1, GPUMemory: 8, UsageRate: 0.56},
	{Label: "RTX5000", CPUs: 8, RAM: 30, GPU: "Quadro RTX5000", GPUs: 1, GPUMemory: 16, UsageRate: 0.82},
	{Label: "A4000", CPUs: 8, RAM: 45, GPU: "Ampere A4000", GPUs: 1, GPUMemory: 16, UsageRate: 0.76},
	{Label: "A5000", CPUs: 8, RAM: 45, GPU: "Ampere A5000", GPUs: 1, GPUMemory: 24, UsageRate: 1.38},
	{Label: "A6000", CPUs: 8, RAM: 45, GPU: "Ampere A6000", GPUs: 1, GPUMemory: 48, UsageRate: 1.89},
	{Label: "V100", CPUs: 8, RAM: 30, GPU: "Tesla V100", GPUs: 1, GPUMemory: 16, UsageRate: 2.3},
	{Label: "A100", CPUs: 12, RAM: 90, GPU: "Ampere A100", GPUs: 1, GPUMemory: 40, UsageRate: 3.09},
	{Label: "A100-80G", CPUs: 12, RAM: 90, GPU: "Ampere A100", GPUs: 1, GPUMemory: 80, UsageRate: 3.18},
	{Label: "A100-80Gx8", CPUs: 96, RAM: 640, GPU: "Ampere A100", GPUs: 8, GPUMemory: 80, UsageRate: 25.44},
	{Label: "H100", CPUs: 20, RAM: 250, GPU: "Hopper H100", GPUs: 1, GPUMemory: 80, UsageRate: 5.95},
	{Label: "H100x8", CPUs: 128, RAM: 1638, GPU: "Hopper H100", GPUs: 8, GPUMemory: 80, UsageRate: 47.6},
}

var regions = []string{"ny2", "ca1", "ams1"}

// availableIn returns the name of the field that holds whether a machine type is available in the region.
func availableIn(region string) string { return "available in " + region }

// AddMachineType adds a machine type, available in all regions.
func (s *Server) AddMachineType(t MachineType) {
	s.t.Helper()
	if err := s.addMachineType(t); err != nil {
		s.t.Fatalf("paperspacetest: AddMachineType: %v", err)
	}
}

func (s *Server) addMachineType(t MachineType) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case t.Label == "":
		return errors.New("a machine type needs a label")
	case t.CPUs < 1 || t.RAM < 1 || t.RAM > maxGiB || t.GPUs < 0 || t.GPUMemory < 0 || t.GPUMemory > maxGiB,
		!(t.UsageRate >= 0) || math.IsInf(t.UsageRate, 1):
		return fmt.Errorf("machine type %s has a number out of range", t.Label)
	case (t.GPUs > 0) != (t.GPU != ""), t.GPUs == 0 && t.GPUMemory > 0:
		return fmt.Errorf("machine type %s must have both a name and a number of GPUs, or neither", t.Label)
	case s.store.get(machineTypes, "", t.Label) != nil:
		return fmt.Errorf("machine type %s already exists", t.Label)
	}
	o := object{
		"machineType": t.Label, "cpus": number(t.CPUs), "ram": number(t.RAM * gib), "usageRate": price(t.UsageRate),
		"accelerators": nil,
	}
	if t.GPUs > 0 {
		o["accelerators"] = []any{object{"name": t.GPU, "memory": number(t.GPUMemory * gib), "count": number(t.GPUs)}}
	}
	for _, region := range regions {
		o[availableIn(region)] = true
	}
	s.store.add(machineTypes, "", t.Label, o)
	return nil
}

// SetAvailable sets whether a machine type is available in a region. Where it is not, creating or starting a machine
// never ends.
func (s *Server) SetAvailable(machineType string, region paperspace.Region, available bool) {
	s.t.Helper()
	short, err := paperspace.ParseRegion(string(region))
	if err != nil {
		s.t.Fatalf("paperspacetest: SetAvailable: %v", err)
	}
	s.mu.Lock()
	t := s.store.get(machineTypes, "", machineType)
	if t != nil {
		t.data[availableIn(string(short))] = available
	}
	s.mu.Unlock()
	if t == nil {
		s.t.Fatalf("paperspacetest: SetAvailable: no machine type %q", machineType)
	}
}

// availableTypes returns the machine types as templates list them.
func (s *Server) availableTypes() any {
	var all []any
	for _, t := range s.store.rows(machineTypes) {
		available := false
		for _, region := range regions {
			available = available || isTrue(t.data[availableIn(region)])
		}
		all = append(all, object{"machineTypeLabel": t.key, "isAvailable": available})
	}
	return all
}

// OSTemplate is an operating system that machines can start from.
type OSTemplate struct {
	// ID is the template's id. If empty, an id is generated.
	ID string
	// Name is the template's name, such as "Ubuntu 22.04".
	Name string
	// AgentType is the kind of machine: "LinuxHeadless" (the default), "LinuxDesktop" or "WindowsDesktop".
	AgentType string
	// DefaultSize is the default size of the disk in GB, 0 for none.
	DefaultSize int
}

// builtinTemplates are the OS templates of a new server.
var builtinTemplates = []OSTemplate{
	{UbuntuID, "Ubuntu 22.04", "LinuxHeadless", 50},
	{"tkni3aa4", "Ubuntu 20.04", "LinuxHeadless", 50},
	{"tvimtol9", "Ubuntu 22.04 Desktop", "LinuxDesktop", 50},
	{"t9taj00e", "Windows 10 (Server 2022)", "WindowsDesktop", 100},
}

// AddOSTemplate adds an OS template and returns its id.
func (s *Server) AddOSTemplate(t OSTemplate) string {
	s.t.Helper()
	id, err := s.addOSTemplate(t)
	if err != nil {
		s.t.Fatalf("paperspacetest: AddOSTemplate: %v", err)
	}
	return id
}

func (s *Server) addOSTemplate(t OSTemplate) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.Name == "" {
		return "", errors.New("an OS template needs a name")
	}
	id := cmp.Or(t.ID, s.id("t", 7))
	o := object{
		"id": id, "name": t.Name, "agentType": cmp.Or(t.AgentType, "LinuxHeadless"), "operatingSystemLabel": t.Name, "defaultSizeGb": nil,
		"availableMachineTypes": s.availableTypes, "dtCreated": timestamp(time.Date(2022, 5, 4, 9, 30, 0, 0, time.UTC)),
	}
	if t.DefaultSize != 0 {
		o["defaultSizeGb"] = number(t.DefaultSize)
	}
	return id, s.addObject(osTemplates, "", id, o, itemOf("osTemplates-list"))
}

// AddLog adds a line to the logs of a deployment. The instanceID may be empty.
func (s *Server) AddLog(deploymentID, instanceID, message string) {
	s.t.Helper()
	s.mu.Lock()
	s.advance()
	d := s.store.get(deployments, "", deploymentID)
	if d != nil {
		s.addLog(d, instanceID, message)
	}
	s.mu.Unlock()
	if d == nil {
		s.t.Fatalf("paperspacetest: AddLog: no deployment %q", deploymentID)
	}
}
