package paperspacetest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func TestCreateMachine(t *testing.T) {
	b := newBench(t)
	created := b.ok("POST", "/machines", machineBody+`,"startOnCreate":true}`)
	id := at(created, "data.id").(string)
	assert.Equal(t, "new", at(created, "event.state"))
	assert.Equal(t, "create", at(created, "event.name"))
	assert.Equal(t, id, at(created, "event.machineId"))
	assert.Equal(t, "provisioning", at(created, "data.state"))
	assert.Nil(t, at(created, "data.publicIp"))
	assert.Nil(t, at(created, "data.ram"))

	b.clock.Advance(2 * time.Second)
	assert.Equal(t, "in progress", b.event(created)["state"])
	b.clock.Advance(50 * time.Second)
	assert.Equal(t, "starting", b.state(id), "a machine starts before its create event is done")
	assert.Equal(t, "in progress", b.event(created)["state"])
	b.clock.Advance(8 * time.Second)
	event := b.event(created)
	assert.Equal(t, "done", event["state"])
	assert.Equal(t, "2026-03-01T12:00:00.000Z", event["dtCreated"])
	assert.Equal(t, "2026-03-01T12:00:02.000Z", event["dtStarted"])
	assert.Equal(t, "2026-03-01T12:01:00.000Z", event["dtFinished"])
	assert.Equal(t, "starting", b.state(id), "the event may be done before the machine is ready")
	b.clock.Advance(10 * time.Second)
	assert.Equal(t, "serviceready", b.state(id))
	b.clock.Advance(10 * time.Second)
	m := b.ok("GET", "/machines/"+id, "")
	assert.Equal(t, "ready", m["state"])
	assert.NotEmpty(t, m["publicIp"], "a dynamic address is assigned at the start")
	assert.NotEmpty(t, m["privateIp"])
	assert.Equal(t, "2147483648", m["ram"])
	assert.Equal(t, "East Coast (NY2)", m["region"])
	assert.Equal(t, "Ubuntu 22.04", m["os"])
}

func TestMachineWithoutStartIsOffBeforeItsEventIsDone(t *testing.T) {
	b := newBench(t)
	created := b.ok("POST", "/machines", machineBody+`}`)
	b.clock.Advance(50 * time.Second)
	assert.Equal(t, "off", b.state(at(created, "data.id").(string)))
	assert.Equal(t, "in progress", b.event(created)["state"])
	path := "/machines/" + at(created, "data.id").(string)
	b.refused(http.StatusBadRequest, "PATCH", path+"/start", "")
	b.clock.Advance(time.Hour)
	m := b.ok("GET", path, "")
	assert.Equal(t, "off", m["state"])
	assert.Nil(t, m["publicIp"])
}

func TestStartStopAndRestartMachine(t *testing.T) {
	b := newBench(t)
	id := b.machine(false)
	path := "/machines/" + id

	started := b.ok("PATCH", path+"/start", "")
	assert.Equal(t, "starting", at(started, "data.state"))
	assert.Equal(t, "This machine is currently starting.", b.refused(http.StatusBadRequest, "PATCH", path+"/start", ""))
	b.clock.Advance(time.Minute)
	assert.Equal(t, "done", b.event(started)["state"])
	assert.Equal(t, "ready", b.state(id))
	ip := b.ok("GET", path, "")["publicIp"]
	assert.NotEmpty(t, ip)

	restarted := b.ok("PATCH", path+"/restart", "")
	assert.Equal(t, "ready", b.state(id), "a machine is still ready just after a restart was accepted")
	b.refused(http.StatusBadRequest, "PATCH", path+"/restart", "")
	b.clock.Advance(10 * time.Second)
	assert.Equal(t, "restarting", b.state(id))
	b.clock.Advance(time.Minute)
	assert.Equal(t, "done", b.event(restarted)["state"])
	assert.Equal(t, "ready", b.state(id))
	assert.Equal(t, ip, b.ok("GET", path, "")["publicIp"])

	stopped := b.ok("PATCH", path+"/stop", "")
	assert.Equal(t, "stopping", at(stopped, "data.state"))
	assert.Equal(t, "This machine is currently stopping.", b.refused(http.StatusBadRequest, "PATCH", path+"/stop", ""))
	b.clock.Advance(time.Minute)
	m := b.ok("GET", path, "")
	assert.Equal(t, "off", m["state"])
	assert.Nil(t, m["publicIp"], "a dynamic address is released at the stop")

	events := b.ok("GET", "/machine-events?machineId="+id+"&order=asc", "")["items"].([]any)
	var names []any
	for _, e := range events {
		names = append(names, e.(object)["name"])
	}
	assert.Equal(t, []any{"create", "start", "restart", "stop"}, names)
}

func TestDeleteMachine(t *testing.T) {
	b := newBench(t)
	id := b.machine(true)
	other := b.machine(false)
	deleted := b.ok("DELETE", "/machines/"+id, "")
	b.refused(http.StatusBadRequest, "DELETE", "/machines/"+id, "")
	b.ok("GET", "/machines/"+id, "")
	b.clock.Advance(time.Minute)
	assert.Equal(t, "Machine not found", b.refused(http.StatusNotFound, "GET", "/machines/"+id, ""))
	b.refused(http.StatusNotFound, "DELETE", "/machines/"+id, "")
	b.refused(http.StatusNotFound, "GET", "/machines/"+id+"/accessors", "")
	assert.Equal(t, "done", b.event(deleted)["state"])
	items := b.ok("GET", "/machines", "")["items"].([]any)
	require.Len(t, items, 1)
	assert.Equal(t, other, items[0].(object)["id"])
}

func TestDeleteCancelsUnfinishedEvents(t *testing.T) {
	b := newBench(t)
	created := b.ok("POST", "/machines", machineBody+`}`)
	id := at(created, "data.id").(string)
	b.ok("DELETE", "/machines/"+id, "")
	assert.Equal(t, "cancelled", b.event(created)["state"])
	b.clock.Advance(5 * time.Minute)
	b.refused(http.StatusNotFound, "GET", "/machines/"+id, "")
}

func TestUpdateMachine(t *testing.T) {
	b := newBench(t)
	id := b.machine(true)
	path := "/machines/" + id

	updated := b.ok("PUT", path, `{"name":"renamed","autoShutdownTimeout":24}`)
	assert.NotContains(t, updated, "event", "a change of settings has no event")
	assert.Equal(t, "renamed", b.ok("GET", path, "")["name"])
	assert.EqualValues(t, 24, b.ok("GET", path, "")["autoShutdownTimeout"])

	b.refused(http.StatusBadRequest, "PUT", path, `{"name":"not this either","machineType":"C3"}`)
	b.refused(http.StatusBadRequest, "PUT", path, `{"diskSize":100}`)
	assert.Equal(t, "renamed", b.ok("GET", path, "")["name"], "a refused update has no effect")
	b.ok("PATCH", path+"/stop", "")
	b.refused(http.StatusBadRequest, "PUT", path, `{"name":"too early"}`)
	b.clock.Advance(time.Minute)

	b.refused(http.StatusNotFound, "PUT", path, `{"machineType":"C99"}`)
	b.refused(http.StatusBadRequest, "PUT", path, `{"diskSize":10}`)
	upgraded := b.ok("PUT", path, `{"machineType":"C3","diskSize":100}`)
	assert.Equal(t, "vm-upgrade", at(upgraded, "event.name"))
	assert.Equal(t, "upgrading", at(upgraded, "data.state"))
	assert.EqualValues(t, 1, at(upgraded, "data.cpus"))
	unfinished := b.ok("GET", "/machine-events?machineId="+id+"&limit=2", "")["items"].([]any)
	assert.Equal(t, "bill-upgrade", unfinished[0].(object)["name"], "a change of type or disk begins two events")
	b.clock.Advance(45 * time.Second)
	assert.Equal(t, "done", b.event(upgraded)["state"])
	assert.Equal(t, "in progress", b.event(object{"event": unfinished[0]})["state"], "the second event outlasts the first")
	b.clock.Advance(time.Minute)
	m := b.ok("GET", path, "")
	assert.Equal(t, "off", m["state"])
	assert.Equal(t, "C3", m["machineType"])
	assert.EqualValues(t, 2, m["cpus"])
	assert.Equal(t, "107374182400", m["storageTotal"])

	b.ok("PUT", path, `{"publicIpType":"static"}`)
	m = b.ok("GET", path, "")
	assert.NotEmpty(t, m["publicIp"], "a static address is assigned even to a machine that is off")
	assert.Equal(t, "static", m["publicIpType"])
}

func TestMachineRefersToExistingObjects(t *testing.T) {
	b := newBench(t)
	for name, field := range map[string]string{
		"machine type":   `"machineType":"Z1"`,
		"template":       `"templateId":"tnothing"`,
		"network":        `"networkId":"nnothing"`,
		"startup script": `"startupScriptId":"scnothing"`,
		"accessor":       `"accessorIds":["unobody"]`,
	} {
		t.Run(name, func(t *testing.T) {
			b.refused(http.StatusNotFound, "POST", "/machines", machineBody+","+field+"}")
		})
	}
	b.refused(http.StatusBadRequest, "POST", "/machines",
		`{"name":"a","machineType":"C2","templateId":"t0nspur5","diskSize":50,"region":"mars"}`)
	assert.Empty(t, b.ok("GET", "/machines", "")["items"])
}

func TestEventOutcomes(t *testing.T) {
	for name, test := range map[string]struct {
		outcome       paperspacetest.Outcome
		state, reason any
		finished      bool
		machine       string
	}{
		"fails":            {paperspacetest.Fails("no capacity"), "error", "no capacity", true, "off"},
		"fails silently":   {paperspacetest.FailsSilently(), "error", nil, true, "ready"},
		"fails unfinished": {paperspacetest.FailsUnfinished(), "error", nil, false, "off"},
		"cancelled":        {paperspacetest.Cancelled(""), "cancelled", nil, true, "off"},
		"with a reason":    {paperspacetest.Cancelled("by hand"), "cancelled", "by hand", true, "off"},
		"hangs":            {paperspacetest.Hangs(), "in progress", nil, false, "starting"},
		"done":             {paperspacetest.Done(), "done", nil, true, "ready"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			id := b.machine(false)
			b.NextEvent(paperspace.MachineEventNameStart, test.outcome)
			started := b.ok("PATCH", "/machines/"+id+"/start", "")
			b.clock.Advance(time.Hour)
			event := b.event(started)
			assert.Equal(t, test.state, event["state"])
			assert.Equal(t, test.reason, event["error"])
			assert.Equal(t, test.finished, event["dtFinished"] != nil)
			assert.Equal(t, test.machine, b.state(id))

			if test.machine != "off" {
				return
			}
			again := b.ok("PATCH", "/machines/"+id+"/start", "")
			b.clock.Advance(time.Hour)
			assert.Equal(t, "done", b.event(again)["state"], "the outcome applies to one event only")
		})
	}
}

func TestEndEvent(t *testing.T) {
	b := newBench(t)
	id := b.machine(false)
	started := b.ok("PATCH", "/machines/"+id+"/start", "")
	eventID := at(started, "event.id").(string)
	b.EndEvent(eventID, paperspacetest.Hangs())
	b.clock.Advance(time.Hour)
	assert.Equal(t, "in progress", b.event(started)["state"])
	b.EndEvent(eventID, paperspacetest.Fails("gave up"))
	assert.Equal(t, "gave up", b.event(started)["error"])
	assert.Equal(t, "off", b.state(id))
}

func TestAccessors(t *testing.T) {
	b := newBench(t)
	path := "/machines/" + b.machine(false) + "/accessors"
	owner := b.ok("GET", path, "")["items"].([]any)
	require.Len(t, owner, 1, "the creator of a machine is an accessor")
	added := b.ok("POST", path, `{"userId":"u3c9x2kfa"}`)
	assert.Equal(t, "grace@example.com", at(added, "user.email"))
	b.refused(http.StatusConflict, "POST", path, `{"userId":"u3c9x2kfa"}`)
	b.refused(http.StatusNotFound, "POST", path, `{"userId":"unobody"}`)
	assert.Equal(t, added, b.ok("GET", path+"/u3c9x2kfa", ""))
	assert.Len(t, b.ok("GET", path, "")["items"], 2)
	removed := b.ok("DELETE", path+"/u3c9x2kfa", "")
	assert.Equal(t, added["user"], removed["user"])
	assert.NotNil(t, removed["dtDeleted"])
	b.refused(http.StatusNotFound, "GET", path+"/u3c9x2kfa", "")
}

func TestDesktop(t *testing.T) {
	b := newBench(t)
	for template, want := range map[string]string{"t0nspur5": "", "tvimtol9": "vnc", "t9taj00e": "windows"} {
		m := b.ok("POST", "/machines", `{"name":"a","machineType":"C5","templateId":"`+template+`","diskSize":100,"region":"ca1"}`)
		desktop := b.ok("GET", "/machines/"+at(m, "data.id").(string)+"/desktop", "")
		if want == "" {
			assert.Empty(t, desktop)
		} else {
			assert.NotEmpty(t, desktop[want])
		}
	}
}

func TestSession(t *testing.T) {
	b := newBench(t)
	session := b.ok("GET", "/auth/session", "")
	assert.Equal(t, "taekk107hp", at(session, "team.id"))
	assert.Equal(t, "ur7p0nb7n", at(session, "user.id"))
}

func TestCreateMachineWithAllOptions(t *testing.T) {
	b := newBench(t)
	script := b.ok("POST", "/startup-scripts", `{"name":"s","script":"x"}`)["id"].(string)
	created := b.ok("POST", "/machines", machineBody+`,"startupScriptId":"`+script+`","accessorIds":["u3c9x2kfa","ur7p0nb7n"],
		"networkId":"n8fw0k2me","publicIpType":"static","takeInitialSnapshot":true,"autoSnapshotEnabled":true,
		"autoSnapshotFrequency":"daily","autoSnapshotSaveCount":3}`)
	id := at(created, "data.id").(string)
	b.clock.Advance(time.Hour)
	m := b.ok("GET", "/machines/"+id, "")
	assert.Equal(t, "n8fw0k2me", m["networkId"])
	assert.Equal(t, "daily", m["autoSnapshotFrequency"])
	assert.Equal(t, "static", m["publicIpType"])
	ips := b.ok("GET", "/public-ips", "")["items"].([]any)
	require.Len(t, ips, 1)
	assert.Equal(t, m["publicIp"], ips[0].(object)["ip"], "a static address is listed as a public IP of the team")
	assert.Equal(t, id, ips[0].(object)["assignedMachineId"])
	assert.Len(t, b.ok("GET", "/machines/"+id+"/accessors", "")["items"], 2)
	assert.Len(t, b.ok("GET", "/snapshots?machineId="+id, "")["items"], 1)
	assert.Equal(t, []any{id}, b.ok("GET", "/startup-scripts/"+script, "")["assignedMachineIds"])
}

func TestPublicIPType(t *testing.T) {
	b := newBench(t)
	path := "/machines/" + b.machine(true)
	first := b.ok("GET", path, "")["publicIp"]
	static := at(b.ok("PUT", path, `{"publicIpType":"static"}`), "data.publicIp").(string)
	assert.NotEqual(t, first, static)
	assert.Nil(t, at(b.ok("PUT", path, `{"publicIpType":"none"}`), "data.publicIp"))
	ip := b.ok("GET", "/public-ips", "")["items"].([]any)[0].(object)
	assert.Equal(t, static, ip["ip"])
	assert.NotContains(t, ip, "assignedMachineId", "the address remains claimed and is unassigned")
	assert.NotEmpty(t, at(b.ok("PUT", path, `{"publicIpType":"dynamic"}`), "data.publicIp"))

	other := b.machine(false)
	b.ok("PUT", "/public-ips/"+static, `{"machineId":"`+other+`"}`)
	assert.Equal(t, static, b.ok("GET", "/machines/"+other, "")["publicIp"])
	b.refused(http.StatusBadRequest, "PUT", "/public-ips/"+static, `{}`)
	second := b.ok("POST", "/public-ips", `{"region":"ny2"}`)["ip"].(string)
	b.ok("PUT", "/public-ips/"+second, `{"machineId":"`+other+`"}`)
	items := b.ok("GET", "/public-ips?order=asc", "")["items"].([]any)
	assert.NotContains(t, items[0], "assignedMachineId", "a machine has one static address")
	b.ok("PUT", "/public-ips/"+static, `{"machineId":"`+other+`"}`)
	b.ok("PUT", "/public-ips/"+static, `{"machineId":null}`)
	assert.Nil(t, b.ok("GET", "/machines/"+other, "")["publicIp"])
	b.ok("DELETE", "/public-ips/"+static, "")
	b.refused(http.StatusNotFound, "PUT", "/public-ips/"+static, `{"machineId":null}`)
}

func TestFailedEventLeavesTheMachineUnchanged(t *testing.T) {
	for name, test := range map[string]struct {
		event       paperspace.MachineEventName
		ready       bool
		method, way string
		body        string
		state       string
	}{
		"stop":    {paperspace.MachineEventNameStop, true, "PATCH", "/stop", "", "ready"},
		"restart": {paperspace.MachineEventNameRestart, true, "PATCH", "/restart", "", "ready"},
		"upgrade": {paperspace.MachineEventNameVMUpgrade, false, "PUT", "", `{"machineType":"C3"}`, "off"},
		"delete":  {paperspace.MachineEventNameDeactivate, true, "DELETE", "", "", "ready"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			id := b.machine(test.ready)
			b.NextEvent(test.event, paperspacetest.Fails("no"))
			failed := b.ok(test.method, "/machines/"+id+test.way, test.body)
			b.clock.Advance(time.Hour)
			assert.Equal(t, "error", b.event(failed)["state"])
			m := b.ok("GET", "/machines/"+id, "")
			assert.Equal(t, test.state, m["state"])
			assert.Equal(t, "C2", m["machineType"])
			b.ok(test.method, "/machines/"+id+test.way, test.body)
		})
	}
}

func TestMachineIsBusyUntilTheBillUpgradeEnds(t *testing.T) {
	b := newBench(t)
	path := "/machines/" + b.machine(false)
	b.ok("PUT", path, `{"diskSize":100}`)
	assert.Equal(t, "This machine is currently upgrading.", b.refused(http.StatusBadRequest, "PATCH", path+"/start", ""))
	b.clock.Advance(46 * time.Second)
	assert.Equal(t, "off", b.ok("GET", path, "")["state"])
	assert.Equal(t, "This machine is currently upgrading.", b.refused(http.StatusBadRequest, "PATCH", path+"/start", ""))
	b.clock.Advance(2 * time.Second)
	b.ok("PATCH", path+"/start", "")
}

func TestSnapshotsAndTemplatesRequireAnIdleMachine(t *testing.T) {
	b := newBench(t)
	id := at(b.ok("POST", "/machines", machineBody+`}`), "data.id").(string)
	b.refused(http.StatusBadRequest, "POST", "/snapshots", `{"name":"s","machineId":"`+id+`"}`)
	b.refused(http.StatusBadRequest, "POST", "/custom-templates", `{"name":"s","machineId":"`+id+`"}`)
	b.clock.Advance(time.Hour)
	snapshot := at(b.ok("POST", "/snapshots", `{"name":"s","machineId":"`+id+`"}`), "data.id").(string)
	b.NextEvent(paperspace.MachineEventNameTemplateCreate, paperspacetest.Fails("no"))
	template := at(b.ok("POST", "/custom-templates", `{"name":"s","machineId":"`+id+`"}`), "data.id").(string)
	b.clock.Advance(time.Hour)
	b.refused(http.StatusNotFound, "GET", "/custom-templates/"+template, "")

	restored := b.ok("POST", "/snapshots/"+snapshot+"/restore", `{}`)
	assert.Equal(t, "snapshot-restore", at(restored, "event.name"))
	b.refused(http.StatusBadRequest, "POST", "/snapshots/"+snapshot+"/restore", `{}`)
	b.clock.Advance(time.Hour)
	assert.Equal(t, "off", b.state(id))

	b.NextEvent(paperspace.MachineEventNameSnapshotDelete, paperspacetest.Fails("no"))
	b.ok("DELETE", "/snapshots/"+snapshot, "")
	b.refused(http.StatusBadRequest, "DELETE", "/snapshots/"+snapshot, "")
	b.clock.Advance(time.Hour)
	b.ok("GET", "/snapshots/"+snapshot, "")
	b.ok("DELETE", "/machines/"+id, "")
	b.clock.Advance(time.Hour)
	b.refused(http.StatusNotFound, "POST", "/snapshots/"+snapshot+"/restore", `{}`)
	b.refused(http.StatusNotFound, "DELETE", "/snapshots/"+snapshot, "")
}

func TestEventEndedEarlyTakesEffect(t *testing.T) {
	for name, test := range map[string]struct {
		before func(b *bench)
		begin  func(b *bench) object
		wait   time.Duration
		state  any
		public bool // whether it has a public address in the end
	}{
		"create": {nil, func(b *bench) object { return b.ok("POST", "/machines", machineBody+`}`) }, 0, "off", false},
		"create and start": {nil, func(b *bench) object { return b.ok("POST", "/machines", machineBody+`,"startOnCreate":true}`) },
			0, "ready", true},
		"static": {nil, func(b *bench) object { return b.ok("POST", "/machines", machineBody+`,"publicIpType":"static"}`) },
			0, "off", true},
		"halfway": {nil, func(b *bench) object { return b.ok("POST", "/machines", machineBody+`,"publicIpType":"static"}`) },
			50 * time.Second, "off", true},
		"hung": {func(b *bench) { b.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Hangs()) },
			func(b *bench) object { return b.ok("POST", "/machines", machineBody+`}`) }, time.Hour, "off", false},
		"failing": {func(b *bench) { b.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Fails("no")) },
			func(b *bench) object { return b.ok("POST", "/machines", machineBody+`}`) }, 59 * time.Second, "off", false},
		"no capacity": {func(b *bench) { b.SetAvailable("C2", paperspace.RegionNY2, false) },
			func(b *bench) object { return b.ok("POST", "/machines", machineBody+`}`) }, time.Hour, "off", false},
		"start": {nil, func(b *bench) object { return b.ok("PATCH", "/machines/"+b.machine(false)+"/start", "") }, 0, "ready", true},
		"start halfway": {nil, func(b *bench) object { return b.ok("PATCH", "/machines/"+b.machine(false)+"/start", "") },
			25 * time.Second, "ready", true},
		"restart": {nil, func(b *bench) object { return b.ok("PATCH", "/machines/"+b.machine(true)+"/restart", "") }, 0, "ready", true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			if test.before != nil {
				test.before(b)
			}
			begun := test.begin(b)
			b.clock.Advance(test.wait)
			b.EndEvent(at(begun, "event.id").(string), paperspacetest.Done())
			b.clock.Advance(time.Hour)
			assert.Equal(t, "done", b.event(begun)["state"])
			m := b.ok("GET", "/machines/"+at(begun, "data.id").(string), "")
			assert.Equal(t, test.state, m["state"])
			assert.Equal(t, paperspacetest.DefaultNetworkID, m["networkId"])
			assert.NotNil(t, m["privateIp"])
			assert.Equal(t, test.public, m["publicIp"] != nil)
			claimed := 0
			if m["publicIpType"] == "static" {
				claimed = 1
			}
			assert.Len(t, b.ok("GET", "/public-ips", "")["items"], claimed)
		})
	}
}

func TestEventThatFailsLateRevertsItsEffects(t *testing.T) {
	b := newBench(t)
	for _, body := range []string{`}`, `,"startOnCreate":true}`, `,"publicIpType":"static"}`} {
		created := b.ok("POST", "/machines", machineBody+body)
		b.clock.Advance(50 * time.Second)
		path := "/machines/" + at(created, "data.id").(string)
		require.NotEqual(t, "provisioning", b.ok("GET", path, "")["state"])
		b.EndEvent(at(created, "event.id").(string), paperspacetest.Fails("no"))
		b.clock.Advance(time.Hour)
		m := b.ok("GET", path, "")
		assert.Equal(t, "provisioning", m["state"], "the API has no state for a failed machine")
		for _, field := range []string{"networkId", "privateIp", "publicIp"} {
			assert.Nil(t, m[field], field)
		}
		assert.Empty(t, b.ok("GET", "/public-ips", "")["items"])
	}

	path := "/machines/" + b.machine(false)
	started := b.ok("PATCH", path+"/start", "")
	b.clock.Advance(25 * time.Second)
	require.Equal(t, "serviceready", b.ok("GET", path, "")["state"])
	require.NotNil(t, b.ok("GET", path, "")["publicIp"])
	b.EndEvent(at(started, "event.id").(string), paperspacetest.Fails("no"))
	m := b.ok("GET", path, "")
	assert.Equal(t, "off", m["state"])
	assert.Nil(t, m["publicIp"], "a dynamic address is released")
	b.ok("PATCH", path+"/start", "")
}

func TestFailedCreateKeepsAReassignedAddress(t *testing.T) {
	b := newBench(t)
	other := b.machine(false)
	created := b.ok("POST", "/machines", machineBody+`,"publicIpType":"static"}`)
	b.clock.Advance(50 * time.Second)
	ip := b.ok("GET", "/machines/"+at(created, "data.id").(string), "")["publicIp"].(string)
	b.ok("PUT", "/public-ips/"+ip, `{"machineId":"`+other+`"}`)
	b.EndEvent(at(created, "event.id").(string), paperspacetest.Fails("no"))
	assert.Equal(t, ip, b.ok("GET", "/machines/"+other, "")["publicIp"])
	assert.Len(t, b.ok("GET", "/public-ips", "")["items"], 1)
}

// TestBusyMachineRefusesOtherChanges tests that one event at a time changes a machine, whatever state it has meanwhile.
func TestBusyMachineRefusesOtherChanges(t *testing.T) {
	for name, test := range map[string]struct {
		ready   bool
		begin   string
		wait    time.Duration
		state   string // during the event
		message string
		ends    string // the state after the event
	}{
		"accepted restart": {true, "/restart", 0, "ready", "This machine is currently restarting.", "ready"},
		"restart":          {true, "/restart", 10 * time.Second, "restarting", "This machine is currently restarting.", "ready"},
		"late restart":     {true, "/restart", 35 * time.Second, "serviceready", "This machine is currently restarting.", "ready"},
		"late start":       {false, "/start", 25 * time.Second, "serviceready", "This machine is currently starting.", "ready"},
		"stop":             {true, "/stop", 0, "stopping", "This machine is currently stopping.", "off"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			id := b.machine(test.ready)
			snapshot := at(b.ok("POST", "/snapshots", `{"name":"s","machineId":"`+id+`"}`), "data.id").(string)
			b.clock.Advance(time.Hour)
			path := "/machines/" + id
			b.ok("PATCH", path+test.begin, "")
			b.clock.Advance(test.wait)
			require.Equal(t, test.state, b.state(id))
			for _, call := range []struct{ method, path, body string }{
				{"PATCH", path + "/stop", ""},
				{"PATCH", path + "/start", ""},
				{"PATCH", path + "/restart", ""},
				{"PUT", path, `{"machineType":"C3"}`},
				{"POST", "/snapshots/" + snapshot + "/restore", `{}`},
			} {
				b.refused(http.StatusBadRequest, call.method, call.path, call.body)
			}
			assert.Equal(t, test.message, b.refused(http.StatusBadRequest, "PATCH", path+"/stop", ""))
			b.clock.Advance(time.Hour)
			assert.Equal(t, test.ends, b.state(id))
		})
	}
}

func TestDeleteRestartingMachine(t *testing.T) {
	b := newBench(t)
	path := "/machines/" + b.machine(true)
	restarted := b.ok("PATCH", path+"/restart", "")
	b.ok("DELETE", path, "")
	assert.Equal(t, "cancelled", b.event(restarted)["state"])
	b.clock.Advance(9 * time.Second)
	assert.Equal(t, "stopping", b.ok("GET", path, "")["state"])
	b.clock.Advance(time.Second)
	b.refused(http.StatusNotFound, "GET", path, "")
}

func TestFailedDeleteInterruptsNothing(t *testing.T) {
	for name, test := range map[string]struct {
		after time.Duration
		state string
	}{
		"new":            {0, "provisioning"},
		"nearly created": {50 * time.Second, "starting"},
		"starting":       {61 * time.Second, "starting"},
		"nearly started": {70 * time.Second, "serviceready"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			created := b.ok("POST", "/machines", machineBody+`,"startOnCreate":true,"networkId":"n8fw0k2me"}`)
			path := "/machines/" + at(created, "data.id").(string)
			b.clock.Advance(test.after)
			require.Equal(t, test.state, b.ok("GET", path, "")["state"])
			b.NextEvent(paperspace.MachineEventNameDeactivate, paperspacetest.Fails("no"))
			b.ok("DELETE", path, "")
			b.refused(http.StatusConflict, "DELETE", "/private-networks/n8fw0k2me", "")
			b.clock.Advance(time.Hour)
			m := b.ok("GET", path, "")
			assert.Equal(t, "ready", m["state"])
			assert.Equal(t, "n8fw0k2me", m["networkId"])
		})
	}
}

func TestNewNetworkMigratesMachines(t *testing.T) {
	b := newBench(t)
	machine := func(more string) string {
		body := `{"name":"a","machineType":"C2","templateId":"t0nspur5","diskSize":50` + more + `}`
		id := at(b.ok("POST", "/machines", body), "data.id").(string)
		b.clock.Advance(time.Hour)
		return id
	}
	free := machine(`,"region":"ny2"`)
	taken := machine(`,"region":"ny2","networkId":"n8fw0k2me"`)
	elsewhere := machine(`,"region":"ca1"`)
	leaving := machine(`,"region":"ny2"`)
	b.ok("PUT", "/machines/"+leaving, `{"networkId":"n8fw0k2me"}`)
	begun := at(b.ok("POST", "/machines", machineBody+`,"networkId":"n8fw0k2me"}`), "data.id").(string)

	network := b.ok("POST", "/private-networks", `{"name":"n","region":"ny2","migrateMachines":true}`)["id"].(string)
	b.clock.Advance(time.Hour)
	for id, want := range map[string]string{
		free: network, taken: "n8fw0k2me", elsewhere: paperspacetest.DefaultNetworkID, leaving: "n8fw0k2me", begun: "n8fw0k2me",
	} {
		assert.Equal(t, want, b.ok("GET", "/machines/"+id, "")["networkId"])
	}
}

// A machine cannot move to the default network, and its own ID is not accepted either.
func TestUpdateDoesNotAcceptTheDefaultNetwork(t *testing.T) {
	b := newBench(t)
	path := "/machines/" + b.machine(false)
	body := `{"networkId":"` + paperspacetest.DefaultNetworkID + `"}`
	assert.Equal(t, paperspacetest.DefaultNetworkID, b.ok("GET", path, "")["networkId"])
	b.refused(http.StatusNotFound, "PUT", path, body)
	b.ok("PUT", path, `{"networkId":"`+paperspacetest.NetworkID+`"}`)
	b.clock.Advance(time.Hour)
	b.refused(http.StatusNotFound, "PUT", path, body)
	assert.Equal(t, paperspacetest.NetworkID, b.ok("GET", path, "")["networkId"])
}

func TestNetworkOfMovingMachinesCannotBeDeleted(t *testing.T) {
	b := newBench(t)
	network := func() string {
		return b.ok("POST", "/private-networks", `{"name":"n","region":"ny2"}`)["id"].(string)
	}
	created := network()
	begun := b.ok("POST", "/machines", machineBody+`,"networkId":"`+created+`"}`)
	b.refused(http.StatusConflict, "DELETE", "/private-networks/"+created, "")
	b.EndEvent(at(begun, "event.id").(string), paperspacetest.Fails("no"))
	b.ok("DELETE", "/private-networks/"+created, "")

	id := b.machine(false)
	moved := network()
	b.ok("PUT", "/machines/"+id, `{"networkId":"`+moved+`"}`)
	b.refused(http.StatusConflict, "DELETE", "/private-networks/"+moved, "")
	b.clock.Advance(time.Hour)
	b.refused(http.StatusConflict, "DELETE", "/private-networks/"+moved, "")
	b.ok("DELETE", "/machines/"+id, "")
	b.clock.Advance(time.Hour)
	b.ok("DELETE", "/private-networks/"+moved, "")
}
