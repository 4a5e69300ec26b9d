package paperspacetest

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

const (
	gib     = 1 << 30
	mostGiB = math.MaxInt64 / gib // can be told in bytes
)

// sizeOf is what a machine has because of its type.
func sizeOf(machineType object) object {
	o := object{}
	for _, name := range []string{"machineType", "cpus", "ram", "accelerators", "usageRate"} {
		o[name] = machineType[name]
	}
	return o
}

// disk is what a machine has because of the size of its disk, in GB.
func disk(size int64) object {
	size = min(size, mostGiB)
	return object{
		"diskSize": number(size), "storageTotal": number(size * gib), "storageUsed": number(size * gib / 10),
		"storageRate": price(float64(size) * 0.0001),
	}
}

func createMachine(c *call) (any, error) {
	machineType, err := c.reference(machineTypes, c.str("machineType"))
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
	networkID := DefaultNetworkID
	if c.given("networkId") {
		if networkID, err = c.networkIn(region); err != nil {
			return nil, err
		}
	}
	if c.given("startupScriptId") {
		if _, err := c.reference(startupScripts, c.str("startupScriptId")); err != nil {
			return nil, err
		}
	}
	userIDs := []string{UserID}
	accessorIDs, _ := c.body["accessorIds"].([]any)
	for _, id := range accessorIDs {
		if _, err := c.reference(users, text(id)); err != nil {
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
	maps.Copy(data, sizeOf(machineType.data))
	maps.Copy(data, disk(whole(c.body["diskSize"])))
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

// provision makes a machine what it was created as.
func (s *Server) provision(m *row, networkID string) object {
	starts := truth(m.data["startOnCreate"])
	var claimed *row
	return s.begin(plan{
		name: "create", machine: m, takes: s.durations.Create, stuck: !s.capacity(m), network: networkID,
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
			if truth(m.data["takeInitialSnapshot"]) {
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

// boot brings a machine that is starting to ready, by way of serviceready.
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

// address returns an address that no other thing has.
func (s *Server) address(network string) string {
	s.addresses++
	return fmt.Sprintf("%s.%d.%d", network, s.addresses/250, s.addresses%250+1)
}

// capacity reports whether there is room for a machine.
func (s *Server) capacity(m *row) bool {
	t := s.store.get(machineTypes, "", text(m.data["machineType"]))
	return t != nil && truth(t.data[availableIn(text(m.data["region"]))])
}

// template returns an OS template or a custom one.
func (c *call) template(id string) (object, error) {
	for _, k := range []kind{osTemplates, customTemplates} {
		if r := c.store.get(k, "", id); r != nil {
			return r.data, nil
		}
	}
	return nil, notFound("Template")
}

// networkIn returns the network that the body names, which has to be in the region.
func (c *call) networkIn(region string) (string, error) {
	n, err := c.reference(privateNetworks, c.str("networkId"))
	if err != nil {
		return "", err
	}
	if n.data["region"] != region {
		return "", badRequest("The private network is in another region.")
	}
	return n.key, nil
}

// machineIn finds the machine of the path and refuses the call unless it is in one of the states.
func (c *call) machineIn(states ...string) (*row, error) {
	m, err := c.find(machines)
	if err != nil {
		return nil, err
	}
	return m, c.machineMustBe(m, states...)
}

// doing is what a machine does while an event goes on with it. Its state may say otherwise: it is ready for a while
// after a restart was accepted, and off or serviceready before what brings it there has ended.
var doing = map[string]string{
	"create": "provisioning", "start": "starting", "stop": "stopping", "restart": "restarting",
	"snapshot-restore": "restarting", "vm-upgrade": "upgrading", "bill-upgrade": "upgrading",
}

// machineMustBe refuses the call unless the machine is in one of the states, and nothing is about to change that.
func (c *call) machineMustBe(m *row, states ...string) error {
	if truth(m.data["deleting"]) {
		return badRequest("This machine is currently being deleted.")
	}
	if !slices.Contains(states, text(m.data["state"])) {
		return badRequest("This machine is currently %s.", m.data["state"])
	}
	for _, r := range c.running {
		if doing[r.name] != "" && r.machine == m {
			return badRequest("This machine is currently %s.", doing[r.name])
		}
	}
	return nil
}

func startMachine(c *call) (any, error) {
	m, err := c.machineIn("off")
	if err != nil {
		return nil, err
	}
	m.data["state"] = "starting"
	event := c.begin(plan{
		name: "start", machine: m, takes: c.durations.Start, stuck: !c.capacity(m),
		halfway: func() { c.serviceReady(m) },
		done:    func() { m.data["state"] = "ready" },
		failed:  func() { c.turnOff(m) },
	})
	return object{"event": event, "data": m.data}, nil
}

func stopMachine(c *call) (any, error) {
	m, err := c.machineIn("ready", "serviceready")
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

// turnOff has a machine be off, with which a dynamic address goes.
func (s *Server) turnOff(m *row) {
	m.data["state"] = "off"
	if m.data["publicIpType"] == "dynamic" {
		m.data["publicIp"] = nil
	}
}

func restartMachine(c *call) (any, error) {
	m, err := c.machineIn("ready")
	if err != nil {
		return nil, err
	}
	settle := func() { m.data["state"] = "ready" }
	event := c.begin(plan{
		name: "restart", machine: m, takes: c.durations.Restart,
		started: func() { m.data["state"] = "restarting" },
		halfway: func() { c.serviceReady(m) },
		done:    settle, failed: settle,
	})
	return object{"event": event, "data": m.data}, nil
}

func deleteMachine(c *call) (any, error) {
	m, err := c.find(machines)
	if err != nil {
		return nil, err
	}
	if truth(m.data["deleting"]) {
		return nil, c.machineMustBe(m)
	}
	var createdIn string // if it is still being made
	for _, r := range c.running {
		if r.machine == m && r.name == "create" {
			createdIn = r.network
		}
	}
	c.cancelEvents(m)
	m.data["deleting"] = true
	was := m.data["state"]
	if was != "off" {
		m.data["state"] = "stopping"
	}
	event := c.begin(plan{
		name: "deactivate", machine: m, takes: c.durations.Delete, network: createdIn,
		done: func() {
			m.data["dtDeleted"] = c.stamp()
			c.releaseFrom(m)
			for _, script := range c.store.rows(startupScripts) {
				c.unassignScript(script, m.key)
			}
			c.store.remove(machines, m)
		},
		failed: func() {
			m.data["deleting"], m.data["state"] = false, was
			switch { // what the delete broke off goes on
			case createdIn != "":
				c.provision(m, createdIn)
			case was == "starting" || was == "serviceready":
				c.boot(m)
			}
		},
	})
	return object{"event": event, "data": m.data}, nil
}

func updateMachine(c *call) (any, error) {
	m, err := c.machineIn("off", "ready")
	if err != nil {
		return nil, err
	}
	machineType, size := m.data["machineType"], whole(m.data["diskSize"])
	var upgraded object
	if c.given("machineType") && c.body["machineType"] != machineType {
		t, err := c.reference(machineTypes, c.str("machineType"))
		if err != nil {
			return nil, err
		}
		upgraded = sizeOf(t.data)
	}
	if wanted := whole(c.body["diskSize"]); c.given("diskSize") && wanted != size {
		if wanted < size {
			return nil, badRequest("The disk cannot be made smaller.")
		}
		if upgraded == nil {
			upgraded = object{}
		}
		maps.Copy(upgraded, disk(wanted))
	}
	if upgraded != nil && m.data["state"] != "off" {
		return nil, badRequest("The machine must be off to change its machine type or disk.")
	}
	if c.given("restorePointSnapshotId") {
		if _, err := c.reference(snapshots, c.str("restorePointSnapshotId")); err != nil {
			return nil, err
		}
	}
	var networkID string
	if c.given("networkId") && c.body["networkId"] != m.data["networkId"] {
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
	answer := object{"data": m.data}
	if networkID != "" {
		answer["event"] = c.migrate(m, networkID)
	}
	if upgraded != nil {
		answer["event"] = c.upgrade(m, upgraded)
	}
	return answer, nil
}

// upgrade gives a machine another type or disk, in two events of which the first is returned.
func (s *Server) upgrade(m *row, to object) object {
	m.data["state"] = "upgrading"
	back := func() { m.data["state"] = "off" }
	event := s.begin(plan{
		name: "vm-upgrade", machine: m, takes: s.durations.Upgrade,
		done: func() {
			maps.Copy(m.data, to)
			back()
		},
		failed: back,
	})
	s.begin(plan{name: "bill-upgrade", machine: m, takes: s.durations.Upgrade + s.durations.Queue})
	return event
}

// migrate moves a machine to another network.
func (s *Server) migrate(m *row, networkID string) object {
	return s.begin(plan{
		name: "vm-migrate", machine: m, takes: s.durations.Migrate, network: networkID,
		done: func() { m.data["networkId"], m.data["privateIp"] = networkID, s.address("10.20") },
	})
}

// setPublicIPType changes the kind of a machine's public address, and with it the address.
func (s *Server) setPublicIPType(m *row, to string) {
	s.releaseFrom(m)
	m.data["publicIpType"], m.data["publicIp"] = to, nil
	switch {
	case to == "static":
		s.claimFor(m)
	case to == "dynamic" && m.data["state"] == "ready":
		m.data["publicIp"] = s.address("184.105")
	}
}

// claimFor claims a static address and gives it to a machine.
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
	s.releaseFrom(m)
	ip.data["assignedMachineId"] = m.key
	m.data["publicIp"], m.data["publicIpType"] = ip.key, "static"
}

// releaseFrom takes a machine its static address, which stays claimed.
func (s *Server) releaseFrom(m *row) {
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
