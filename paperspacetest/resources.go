package paperspacetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Handlers and checks of single kinds of objects. Machines and deployments have their own files.

// embedUser adds the user named in the body to the object.
func embedUser(c *call, data object) error {
	u, err := c.lookup(users, c.str("userId"))
	if err == nil {
		data["user"] = u.data
	}
	return err
}

// byMachine selects objects whose field equals the parameter machineId.
func byMachine(field string) filter {
	return func(c *call) (func(object) bool, error) {
		if !c.query.Has("machineId") {
			return nil, nil
		}
		want := c.query.Get("machineId")
		return func(o object) bool { return o[field] == want }, nil
	}
}

// getSession returns the user and the team of the API key.
func getSession(c *call) (any, error) {
	user := maps.Clone(c.store.get(users, "", UserID).data)
	team := c.store.get(teams, "", TeamID).data
	var in []any
	for _, m := range c.store.rows(memberships) {
		if m.key == UserID {
			in = append(in, object{
				"team": c.store.get(teams, "", m.parent).data, "isOwner": m.data["isOwner"], "isAdmin": m.data["isAdmin"],
			})
		}
	}
	maps.Copy(user, object{
		"dtConfirmed": user["dtCreated"], "teamMemberships": in, "isPhoneVerified": true, "isPasswordAuthEnabled": true,
		"isQrCodeBasedMfaEnabled": false, "isQrCodeBasedMfaConfirmed": false, "preferences": nil,
		"analyticsId": number(1), "metadata": object{},
	})
	return object{"user": user, "team": team}, nil
}

func getAvailability(c *call) (any, error) {
	t, err := c.lookup(machineTypes, c.query.Get("machineType"))
	if err != nil {
		return nil, err
	}
	region, err := c.region(c.query.Get("region"))
	return object{"available": isTrue(t.data[availableIn(region)])}, err
}

func createTemplate(c *call) (any, error) {
	m, err := c.lookup(machines, c.str("machineId"))
	if err == nil {
		err = c.checkState(m, "off")
	}
	if err != nil {
		return nil, err
	}
	r := c.addTemplate(c.id("t", 7), c.str("name"), m.data)
	event := c.begin(plan{
		name: "template-create", machine: m, takes: c.durations.Template,
		failed: func() { c.store.remove(customTemplates, r) },
	})
	return object{"event": event, "data": r.data}, nil
}

func (s *Server) addTemplate(id, name string, machine object) *row {
	return s.store.add(customTemplates, "", id, object{
		"id": id, "name": name, "agentType": machine["agentType"], "operatingSystemLabel": machine["os"],
		"region": machine["region"], "defaultSizeGb": machine["diskSize"], "parentMachineId": machine["id"],
		"availableMachineTypes": s.availableTypes, "dtCreated": s.stamp(), "dtDeleted": nil,
	})
}

func createSnapshot(c *call) (any, error) {
	m, err := c.lookup(machines, c.str("machineId"))
	if err == nil {
		err = c.checkState(m, "off", "ready")
	}
	if err != nil {
		return nil, err
	}
	event, data := c.snapshot(m, c.str("name"))
	return object{"event": event, "data": data}, nil
}

// snapshot begins a snapshot of a machine.
func (s *Server) snapshot(m *row, name string) (event, data object) {
	id := s.id("ss", 10)
	r := s.store.add(snapshots, "", id,
		object{"id": id, "name": name, "machineId": m.key, "isAutoSnapshot": false, "dtCreated": s.stamp()})
	event = s.begin(plan{
		name: "snapshot-create", machine: m, takes: s.durations.Snapshot,
		failed: func() { s.store.remove(snapshots, r) },
	})
	return event, r.data
}

// findSnapshot returns the snapshot at the path and its machine.
func (c *call) findSnapshot() (snapshot, machine *row, err error) {
	r, err := c.find(snapshots)
	if err != nil {
		return nil, nil, err
	}
	return r, c.store.get(machines, "", text(r.data["machineId"])), nil
}

func deleteSnapshot(c *call) (any, error) {
	r, m, err := c.findSnapshot()
	if err != nil {
		return nil, err
	}
	if isTrue(r.data["deleting"]) {
		return nil, badRequest("This snapshot is currently being deleted.")
	}
	r.data["deleting"] = true
	event := c.begin(plan{
		name: "snapshot-delete", machine: m, takes: c.durations.Snapshot,
		done:   func() { c.store.remove(snapshots, r) },
		failed: func() { r.data["deleting"] = false },
	})
	return object{"event": event, "data": r.data}, nil
}

func restoreSnapshot(c *call) (any, error) {
	r, m, err := c.findSnapshot()
	if err == nil {
		err = c.checkState(m, "off", "ready")
	}
	if err != nil {
		return nil, err
	}
	if isTrue(c.body["createSnapshotBeforeRestore"]) {
		c.snapshot(m, "Before restore of "+text(r.data["name"]))
	}
	previous := m.data["state"]
	m.data["state"] = "restarting"
	reset := func() { m.data["state"] = previous }
	event := c.begin(plan{name: "snapshot-restore", machine: m, takes: c.durations.Restore, done: reset, failed: reset})
	return object{"event": event, "data": r.data}, nil
}

// changeScript assigns a startup script to a machine or unassigns it.
func changeScript(change func(s *Server, script *row, machineID string)) handler {
	return func(c *call) (any, error) {
		script, err := c.find(startupScripts)
		if err != nil {
			return nil, err
		}
		m, err := c.lookup(machines, c.str("machineId"))
		if err != nil {
			return nil, err
		}
		change(c.Server, script, m.key)
		return script.data, nil
	}
}

func (s *Server) assignScript(script *row, machineID string) {
	s.unassignScript(script, machineID)
	script.data["assignedMachineIds"] = append(script.data["assignedMachineIds"].([]any), machineID)
}

func (s *Server) unassignScript(script *row, machineID string) {
	ids := script.data["assignedMachineIds"].([]any)
	script.data["assignedMachineIds"] = slices.DeleteFunc(slices.Clone(ids), func(id any) bool { return id == machineID })
}

func createNetwork(c *call) (any, error) {
	region, err := c.region(c.str("region"))
	if err != nil {
		return nil, err
	}
	n := c.addNetwork(c.id("n", 8), c.str("name"), region)
	if isTrue(c.body["migrateMachines"]) {
		for _, m := range c.store.rows(machines) {
			if m.data["networkId"] == DefaultNetworkID && m.data["region"] == region && !isTrue(m.data["deleting"]) && !c.isMoving(m) {
				c.migrate(m, n.key)
			}
		}
	}
	return n.data, nil
}

// isMoving reports whether an unfinished event moves a machine to a network.
func (s *Server) isMoving(m *row) bool {
	for _, r := range s.running {
		if r.machine == m && r.network != "" {
			return true
		}
	}
	return false
}

func (s *Server) addNetwork(id, name, region string) *row {
	s.networks++
	return s.store.add(privateNetworks, "", id, object{
		"id": id, "name": name, "region": region, "network": fmt.Sprintf("10.%d.0.0", s.networks), "netmask": "255.255.0.0",
		"dtCreated": s.stamp(), "dtDeleted": nil,
	})
}

func getNetwork(c *call) (any, error) {
	n, err := c.find(privateNetworks)
	switch {
	case !c.strict[NullPrivateNetwork] && (err != nil || n.key == DefaultNetworkID):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return n.data, nil
}

func networkUnused(c *call, n *row) error {
	if n.key == DefaultNetworkID {
		return badRequest("The default network cannot be deleted.")
	}
	for _, r := range c.running {
		if r.network == n.key { // the machine does not have it yet
			return conflict("The private network is in use by machine %s.", r.machine.key)
		}
	}
	for _, k := range []kind{machines, sharedDrives} {
		for _, r := range c.store.rows(k) {
			if r.data["networkId"] == n.key {
				return conflict("The private network is in use by %s %s.", strings.ToLower(string(k)), r.key)
			}
		}
	}
	return nil
}

func claimIP(c *call) (any, error) {
	region, err := c.region(c.str("region"))
	if err != nil {
		return nil, err
	}
	return c.claim(region).data, nil
}

func assignIP(c *call) (any, error) {
	ip, err := c.find(publicIPs)
	if err != nil {
		return nil, err
	}
	var to *row
	if c.given("machineId") {
		if to, err = c.lookup(machines, c.str("machineId")); err != nil {
			return nil, err
		}
		if to.data["region"] != ip.data["region"] {
			return nil, badRequest("The machine is in another region than the public IP.")
		}
	}
	if from := c.store.get(machines, "", text(ip.data["assignedMachineId"])); from != nil && from != to {
		from.data["publicIp"], from.data["publicIpType"] = nil, "none"
	}
	delete(ip.data, "assignedMachineId")
	if to != nil {
		c.assign(ip, to)
	}
	return ip.data, nil
}

func ipUnassigned(_ *call, ip *row) error {
	if id, ok := ip.data["assignedMachineId"]; ok {
		return conflict("The public IP is assigned to machine %s.", id)
	}
	return nil
}

// checkDrive checks the network, the region and the size of a new drive.
func checkDrive(c *call, data object) error {
	if err := checkInteger("size", data["size"], maxGiB); err != nil {
		return err
	}
	region, err := c.region(c.str("region"))
	if err == nil {
		data["region"] = region
		_, err = c.networkIn(region)
	}
	return err
}

func setMount(c *call, data object) error {
	name := text(data["id"])
	maps.Copy(data, object{
		"mountPoint": fmt.Sprintf(`\\%s\%s`, c.address("10.30"), name), "username": "u-" + name, "password": c.id("", 16),
	})
	return nil
}

// testConnection fails for a registry without a password.
func testConnection(c *call) (any, error) {
	r, err := c.find(registries)
	switch {
	case err != nil:
		return nil, err
	case r.data["password"] == "":
		return object{"success": false, "error": "unauthorized: authentication required"}, nil
	}
	return object{"success": true}, nil
}

// clearProject deletes the deployments of a project and detaches its models.
func clearProject(c *call, project *row) error {
	for _, d := range slices.Clone(c.store.rows(deployments)) {
		if d.data["projectId"] == project.key {
			c.store.remove(deployments, d)
		}
	}
	for _, m := range c.store.rows(models) {
		if m.data["projectId"] == project.key {
			m.data["projectId"] = nil
		}
	}
	return nil
}

// byProject selects objects of the project at the path.
func byProject(c *call) (func(object) bool, error) {
	project := c.path[0]
	if c.store.get(projects, "", project) == nil {
		return nil, notFound(projects)
	}
	return func(o object) bool { return o["projectId"] == project }, nil
}

// findModel returns the project and the model at the path.
func (c *call) findModel() (project, model *row, err error) {
	if project, err = c.lookup(projects, c.path[0]); err != nil {
		return nil, nil, err
	}
	model, err = c.lookup(models, c.path[1])
	return project, model, err
}

func addModel(c *call) (any, error) {
	project, model, err := c.findModel()
	if err != nil {
		return nil, err
	}
	model.data["projectId"], model.data["dtModified"] = project.key, c.stamp()
	return model.data, nil
}

func removeModel(c *call) (any, error) {
	project, model, err := c.findModel()
	switch {
	case err != nil:
		return nil, err
	case model.data["projectId"] != project.key:
		return nil, notFound(models)
	}
	model.data["projectId"], model.data["dtModified"] = nil, c.stamp()
	return model.data, nil
}

// trackUse makes a secret report whether a deployment of its project or team refers to it.
func trackUse(owner string) func(*call, object) error {
	return func(c *call, data object) error {
		ownerID, reference := c.path[0], "secret:"+text(data["name"])
		data["hasDeploymentAttached"] = func() any {
			return slices.ContainsFunc(c.store.rows(deployments), func(d *row) bool {
				return d.data[owner] == ownerID && mentions(d.data["latestSpec"], reference)
			})
		}
		return nil
	}
}

// mentions reports whether a string in a JSON value equals the text.
func mentions(value any, text string) bool {
	switch value := value.(type) {
	case string:
		return value == text
	case []any:
		return slices.ContainsFunc(value, func(v any) bool { return mentions(v, text) })
	case object:
		for _, v := range value {
			if mentions(v, text) {
				return true
			}
		}
	}
	return false
}

func setNumericID(c *call, data object) error {
	data["id"] = number(c.store.seq + 1)
	return nil
}

func removeTag(c *call) (any, error) {
	project, err := c.lookup(projects, c.path[0])
	if err != nil {
		return nil, err
	}
	tag := c.store.get(tags, project.key, c.query.Get("name"))
	if tag == nil {
		return nil, notFound(tags)
	}
	c.store.remove(tags, tag)
	return tag.data, nil
}

// setStorage sets the team of a dataset or model, and its storage provider: the one in the body or the team's default.
func setStorage(c *call, data object) error {
	data["teamId"] = TeamID
	if !c.given("storageProviderId") {
		for _, p := range c.store.rows(storageProviders) {
			if isTrue(p.data["isTeamDefault"]) {
				data["storageProviderId"] = p.key
			}
		}
		return nil
	}
	_, err := c.lookup(storageProviders, c.str("storageProviderId"))
	return err
}

func projectExists(c *call, _ object) error {
	if !c.given("projectId") {
		return nil
	}
	_, err := c.lookup(projects, c.str("projectId"))
	return err
}

func byPrivacy(c *call) (func(object) bool, error) {
	public := c.param("privacy") == "PUBLIC"
	return func(o object) bool { return isTrue(o["isPublic"]) == public }, nil
}

func setVersionFields(c *call, data object) error {
	data["version"], data["datasetId"], data["userId"] = data["id"], c.path[0], UserID
	if c.given("tags") {
		data["tags"] = split(c.str("tags"))
	}
	return nil
}

func splitTags(c *call, _ *row) error {
	if c.given("tags") {
		c.body["tags"] = split(c.str("tags"))
	}
	return nil
}

// split parses tags such as "a,b".
func split(tags string) []any {
	list := []any{}
	for tag := range strings.SplitSeq(tags, ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			list = append(list, tag)
		}
	}
	return list
}

// byTags selects versions that have one of the tags.
func byTags(c *call) (func(object) bool, error) {
	if !c.query.Has("tags") {
		return nil, nil
	}
	wanted := split(c.query.Get("tags"))
	return func(o object) bool {
		return slices.ContainsFunc(o["tags"].([]any), func(tag any) bool { return slices.Contains(wanted, tag) })
	}, nil
}

// keepOneDefault unsets the team's default storage provider if data sets a new one.
func keepOneDefault(c *call, data object) error {
	if isTrue(data["isTeamDefault"]) {
		for _, p := range c.store.rows(storageProviders) {
			p.data["isTeamDefault"] = false
		}
	}
	return nil
}

func keepOneDefaultOnUpdate(c *call, _ *row) error { return keepOneDefault(c, c.body) }

func notManaged(_ *call, p *row) error {
	if isTrue(p.data["isManaged"]) {
		return &apiError{status: 403, code: "FORBIDDEN", message: "The storage provider is managed by the service."}
	}
	return nil
}

func providerUnused(c *call, p *row) error {
	for _, k := range []kind{datasets, models} {
		for _, r := range c.store.rows(k) {
			if r.data["storageProviderId"] == p.key {
				return conflict("The storage provider is in use by %s %s.", strings.ToLower(string(k)), r.key)
			}
		}
	}
	return nil
}

func getUtilization(*call) (any, error) {
	return object{
		"totalFreeStorage": "5368709120", "remainingFreeStorage": "4294967296", "totalUsage": "1073741824",
		"modelUsage": "536870912", "datasetUsage": "268435456", "sharedStorageUsage": "268435456",
		"notebookWorkspaceUsage": "0",
	}, nil
}

func byRole(c *call) (func(object) bool, error) {
	switch c.query.Get("role") {
	case "owner":
		return func(o object) bool { return isTrue(o["isOwner"]) }, nil
	case "admin":
		return func(o object) bool { return isTrue(o["isAdmin"]) }, nil
	case "member":
		return func(o object) bool { return !isTrue(o["isAdmin"]) && !isTrue(o["isOwner"]) }, nil
	}
	return nil, nil
}

func notOwner(_ *call, m *row) error {
	if isTrue(m.data["isOwner"]) {
		return &apiError{status: 403, code: "FORBIDDEN", message: "The owner of a team cannot be changed."}
	}
	return nil
}
