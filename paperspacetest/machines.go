package paperspacetest

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

const (
	gib    = 1 << 30
	maxGiB = math.MaxInt64 / gib // fits in an int64 in bytes
)

// typeFields returns the fields that a machine has from its type.
func typeFields(machineType object) object {
	o := object{}
	for _, name := range []string{"machineType", "cpus", "ram", "accelerators", "usageRate"} {
		o[name] = machineType[name]
	}
	return o
}

// diskFields returns the fields that a machine has from its disk size, in GB.
func diskFields(size int64) object {
	size = min(size, maxGiB)
	return object{
		"diskSize": number(size), "storageTotal": number(size * gib), "storageUsed": number(size * gib / 10),
		"storageRate": price(float64(size) * 0.0001),
	}
}

func createMachine(c *call) (any, error) {
	machineType, err := c.lookup(machineTypes, c.str("machineType"))
	if err != nil {
		return nil, err
	}
	template, err := c.template(c.str("templateId"))
	if err != nil {
		return nil, err
	}
	region, err := c.region(c.str("region"))
	if err != nil {
		return nil, err
	}
	if only, ok := template["region"]; ok && only != region {
		return nil, badRequest("The template is in another region.")
	}
	networkID := DefaultNetworkID
	if c.given("networkId") {
		if networkID, err = c.networkIn(region); err != nil {
			return nil, err
		}
	}
	if c.given("startupScriptId") {
		if _, err := c.lookup(startupScripts, c.str("startupScriptId")); err != nil {
			return nil, err
		}
	}
	userIDs := []string{UserID}
	accessorIDs, _ := c.body["accessorIds"].([]any)
	for _, id := range accessorIDs {
		if _, err := c.lookup(users, text(id)); err != nil {
			return nil, err
		}
		if !slices.Contains(userIDs, text(id)) {
			userIDs = append(userIDs, text(id))
		}
	}

	id := c.id("ps", 10)
	data := object{
		"id": id, "state": "provisioning", "os": template["operatingSystemLabel"], "agentType": template["agentType"],
		"privateIp": nil, "publicIp": nil, "publicIpType": "dynamic",
		"autoShutdownEnabled": false, "autoShutdownTimeout": nil, "autoShutdownForce": nil,
		"autoSnapshotEnabled": false, "autoSnapshotFrequency": nil, "autoSnapshotSaveCount": nil,
		"restorePointEnabled": false, "restorePointFrequency": nil, "restorePointSnapshotId": nil,
		"updatesPending": false, "reservation": nil,
		"dtCreated": c.stamp(), "dtModified": c.stamp(), "dtDeleted": nil,
	}
	maps.Copy(data, c.body)
	maps.Copy(data, typeFields(machineType.data))
	maps.Copy(data, diskFields(integer(c.body["diskSize"])))
	data["region"], data["networkId"] = region, nil
	m := c.store.add(machines, "", id, data)
	for _, userID := range userIDs {
		c.addAccessor(m, userID)
	}
	if c.given("startupScriptId") {
		c.assignScript(c.store.get(startupScripts, "", c.str("startupScriptId")), id)
	}

	return object{"event": c.provision(m, networkID), "data": data}, nil
}

// provision begins the create event of a machine.
func (s *Server) provision(m *row, networkID string) object {
	starts := isTrue(m.data["startOnCreate"])
	var claimed *row
	return s.begin(plan{
		name: "create", machine: m, takes: s.durations.Create, stuck: !s.hasCapacity(m), network: networkID,
		halfway: func() {
			m.data["networkId"], m.data["privateIp"] = networkID, s.address("10.10")
			if m.data["publicIpType"] == "static" && m.data["publicIp"] == nil {
				claimed = s.claimFor(m)
			}
			m.data["state"] = "off"
			if starts {
				m.data["state"] = "starting"
			}
		},
		done: func() {
			if starts {
				s.boot(m)
			}
			if isTrue(m.data["takeInitialSnapshot"]) {
				s.snapshot(m, "Initial snapshot")
			}
		},
		failed: func() {
			m.data["state"], m.data["networkId"], m.data["privateIp"] = "provisioning", nil, nil
			if claimed != nil && claimed.data["assignedMachineId"] == m.key {
				m.data["publicIp"] = nil
				s.store.remove(publicIPs, claimed)
			}
		},
	})
}

// boot schedules the states of a starting machine: serviceready, then ready.
func (s *Server) boot(m *row) {
	s.after(s.durations.Boot/2, func() {
		if m.data["state"] == "starting" {
			s.serviceReady(m)
		}
	})
	s.after(s.durations.Boot, func() {
		if m.data["state"] == "serviceready" {
			m.data["state"] = "ready"
		}
	})
}

func (s *Server) serviceReady(m *row) {
	m.data["state"] = "serviceready"
	if m.data["publicIpType"] == "dynamic" && m.data["publicIp"] == nil {
		m.data["publicIp"] = s.address("184.105")
	}
}

// address returns a new IP address.
func (s *Server) address(network string) string {
	s.addresses++
	return fmt.Sprintf("%s.%d.%d", network, s.addresses/250, s.addresses%250+1)
}

// hasCapacity reports whether the machine's type is available in its region.
func (s *Server) hasCapacity(m *row) bool {
	t := s.store.get(machineTypes, "", text(m.data["machineType"]))
	return t != nil && isTrue(t.data[availableIn(text(m.data["region"]))])
}

// template returns an OS template or a custom template.
func (c *call) template(id string) (object, error) {
	for _, k := range []kind{osTemplates, customTemplates} {
		if r := c.store.get(k, "", id); r != nil {
			return r.data, nil
		}
	}
	return nil, notFound("Template")
}

// networkIn returns the id of the network in the body, which must be in the region.
func (c *call) networkIn(region string) (string, error) {
	n, err := c.lookup(privateNetworks, c.str("networkId"))
	if err != nil {
		return "", err
	}
	if n.data["region"] != region {
		return "", badRequest("The private network is in another region.")
	}
	return n.key, nil
}

// findMachineIn returns the machine at the path, which must be in one of the states.
func (c *call) findMachineIn(states ...string) (*row, error) {
	m, err := c.find(machines)
	if err != nil {
		return nil, err
	}
	return m, c.checkState(m, states...)
}

// busyState is the state that refusals report while an event is unfinished. The machine's own state may differ: it is
// still ready just after a restart was accepted, and already off or serviceready shortly before an event ends.
var busyState = map[string]string{
	"create": "provisioning", "start": "starting", "stop": "stopping", "restart": "restarting",
	"snapshot-restore": "restarting", "vm-upgrade": "upgrading", "bill-upgrade": "upgrading",
}

// checkState refuses the call unless the machine is in one of the states and no unfinished event will change that.
func (c *call) checkState(m *row, states ...string) error {
	if isTrue(m.data["deleting"]) {
		return badRequest("This machine is currently being deleted.")
	}
	if !slices.Contains(states, text(m.data["state"])) {
		return badRequest("This machine is currently %s.", m.data["state"])
	}
	for _, r := range c.running {
		if busyState[r.name] != "" && r.machine == m {
			return badRequest("This machine is currently %s.", busyState[r.name])
		}
	}
	return nil
}

func startMachine(c *call) (any, error) {
	m, err := c.findMachineIn("off")
	if err != nil {
		return nil, err
	}
	m.data["state"] = "starting"
	event := c.begin(plan{
		name: "start", machine: m, takes: c.durations.Start, stuck: !c.hasCapacity(m),
		halfway: func() { c.serviceReady(m) },
		done:    func() { m.data["state"] = "ready" },
		failed:  func() { c.turnOff(m) },
	})
	return object{"event": event, "data": m.data}, nil
}

func stopMachine(c *call) (any, error) {
	m, err := c.findMachineIn("ready", "serviceready")
	if err != nil {
		return nil, err
	}
	m.data["state"] = "stopping"
	event := c.begin(plan{
		name: "stop", machine: m, takes: c.durations.Stop,
		done:   func() { c.turnOff(m) },
		failed: func() { m.data["state"] = "ready" },
	})
	return object{"event": event, "data": m.data}, nil
}

// turnOff sets a machine off, which releases a dynamic address.
func (s *Server) turnOff(m *row) {
	m.data["state"] = "off"
	if m.data["publicIpType"] == "dynamic" {
		m.data["publicIp"] = nil
	}
}

func restartMachine(c *call) (any, error) {
	m, err := c.findMachineIn("ready")
	if err != nil {
		return nil, err
	}
	setReady := func() { m.data["state"] = "ready" }
	event := c.begin(plan{
		name: "restart", machine: m, takes: c.durations.Restart,
		started: func() { m.data["state"] = "restarting" },
		halfway: func() { c.serviceReady(m) },
		done:    setReady, failed: setReady,
	})
	return object{"event": event, "data": m.data}, nil
}

func deleteMachine(c *call) (any, error) {
	m, err := c.find(machines)
	if err != nil {
		return nil, err
	}
	if isTrue(m.data["deleting"]) {
		return nil, c.checkState(m)
	}
	var createdIn string // the network, if the machine is still being created
	for _, r := range c.running {
		if r.machine == m && r.name == "create" {
			createdIn = r.network
		}
	}
	c.cancelEvents(m)
	m.data["deleting"] = true
	previous := m.data["state"]
	if previous != "off" {
		m.data["state"] = "stopping"
	}
	event := c.begin(plan{
		name: "deactivate", machine: m, takes: c.durations.Delete, network: createdIn,
		done: func() {
			m.data["dtDeleted"] = c.stamp()
			c.unassignIP(m)
			for _, snapshot := range slices.Clone(c.store.rows(snapshots)) {
				if snapshot.data["machineId"] == m.key {
					c.store.remove(snapshots, snapshot)
				}
			}
			for _, script := range c.store.rows(startupScripts) {
				c.unassignScript(script, m.key)
			}
			c.store.remove(machines, m)
		},
		failed: func() {
			m.data["deleting"], m.data["state"] = false, previous
			switch { // resume what the delete interrupted
			case createdIn != "":
				c.provision(m, createdIn)
			case previous == "starting" || previous == "serviceready":
				c.boot(m)
			}
		},
	})
	return object{"event": event, "data": m.data}, nil
}

func updateMachine(c *call) (any, error) {
	m, err := c.findMachineIn("off", "ready")
	if err != nil {
		return nil, err
	}
	machineType, size := m.data["machineType"], integer(m.data["diskSize"])
	var upgraded object
	if c.given("machineType") && c.body["machineType"] != machineType {
		t, err := c.lookup(machineTypes, c.str("machineType"))
		if err != nil {
			return nil, err
		}
		upgraded = typeFields(t.data)
	}
	if wanted := integer(c.body["diskSize"]); c.given("diskSize") && wanted != size {
		if wanted < size {
			return nil, badRequest("The disk cannot be made smaller.")
		}
		if upgraded == nil {
			upgraded = object{}
		}
		maps.Copy(upgraded, diskFields(wanted))
	}
	if upgraded != nil && m.data["state"] != "off" {
		return nil, badRequest("The machine must be off to change its machine type or disk.")
	}
	if c.given("restorePointSnapshotId") {
		if _, err := c.lookup(snapshots, c.str("restorePointSnapshotId")); err != nil {
			return nil, err
		}
	}
	var networkID string
	switch {
	case c.str("networkId") == DefaultNetworkID: // even if the machine is in it
		return nil, notFound(privateNetworks)
	case c.given("networkId") && c.body["networkId"] != m.data["networkId"]:
		if networkID, err = c.networkIn(text(m.data["region"])); err != nil {
			return nil, err
		}
	}

	for name, value := range c.body {
		if name != "machineType" && name != "diskSize" && name != "networkId" && name != "publicIpType" {
			m.data[name] = value
		}
	}
	m.data["dtModified"] = c.stamp()
	if c.given("publicIpType") && c.body["publicIpType"] != m.data["publicIpType"] {
		c.setPublicIPType(m, c.str("publicIpType"))
	}
	result := object{"data": m.data}
	if networkID != "" {
		result["event"] = c.migrate(m, networkID)
	}
	if upgraded != nil {
		result["event"] = c.upgrade(m, upgraded)
	}
	return result, nil
}

// upgrade changes the type or the disk of a machine. It begins two events and returns the first.
func (s *Server) upgrade(m *row, to object) object {
	m.data["state"] = "upgrading"
	setOff := func() { m.data["state"] = "off" }
	event := s.begin(plan{
		name: "vm-upgrade", machine: m, takes: s.durations.Upgrade,
		done: func() {
			maps.Copy(m.data, to)
			setOff()
		},
		failed: setOff,
	})
	s.begin(plan{name: "bill-upgrade", machine: m, takes: s.durations.Upgrade + s.durations.Queue})
	return event
}

// migrate begins a machine's move to another network.
func (s *Server) migrate(m *row, networkID string) object {
	return s.begin(plan{
		name: "vm-migrate", machine: m, takes: s.durations.Migrate, network: networkID,
		done: func() { m.data["networkId"], m.data["privateIp"] = networkID, s.address("10.20") },
	})
}

// setPublicIPType changes the type of a machine's public address, and so the address.
func (s *Server) setPublicIPType(m *row, to string) {
	s.unassignIP(m)
	m.data["publicIpType"], m.data["publicIp"] = to, nil
	switch {
	case to == "static":
		s.claimFor(m)
	case to == "dynamic" && m.data["state"] == "ready":
		m.data["publicIp"] = s.address("184.105")
	}
}

// claimFor claims a static address and assigns it to a machine.
func (s *Server) claimFor(m *row) *row {
	ip := s.claim(text(m.data["region"]))
	s.assign(ip, m)
	return ip
}

func (s *Server) claim(region string) *row {
	ip := s.address("74.82")
	return s.store.add(publicIPs, "", ip, object{"ip": ip, "region": region, "dtCreated": s.stamp()})
}

func (s *Server) assign(ip, m *row) {
	s.unassignIP(m)
	ip.data["assignedMachineId"] = m.key
	m.data["publicIp"], m.data["publicIpType"] = ip.key, "static"
}

// unassignIP unassigns a machine's static address, which remains claimed.
func (s *Server) unassignIP(m *row) {
	for _, ip := range s.store.rows(publicIPs) {
		if ip.data["assignedMachineId"] == m.key {
			delete(ip.data, "assignedMachineId")
		}
	}
}

func (s *Server) addAccessor(m *row, userID string) {
	s.store.add(accessors, m.key, userID, object{
		"id": userID, "user": s.store.get(users, "", userID).data, "dtDeleted": nil,
	})
}

func getDesktop(c *call) (any, error) {
	m, err := c.find(machines)
	if err != nil {
		return nil, err
	}
	host := m.key + ".desktop.paperspace.test"
	desktop := object{}
	switch m.data["agentType"] {
	case "LinuxDesktop":
		desktop["vnc"] = object{"hostname": host, "port": number(5901), "password": "vnc-" + m.key}
	case "WindowsDesktop":
		desktop["windows"] = object{"hostname": host, "port": number(3389)}
		if ip := m.data["publicIp"]; ip != nil {
			desktop["windows"].(object)["publicIp"] = ip
		}
	}
	return desktop, nil
}
