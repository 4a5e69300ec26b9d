package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/examples/terraform-resource/inprocess"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// engine is a Terraform: the program, or its calls in process.
type engine interface {
	Plan(ctx context.Context, config map[string]any) (action string, err error)
	Apply(ctx context.Context, config map[string]any) error
	Import(ctx context.Context, config map[string]any, id string) error
	Untaint(ctx context.Context) error
	Destroy(ctx context.Context) error
	State() (map[string]any, error)
}

// local is the engine in process.
type local struct{ *inprocess.Terraform }

func (l local) Import(ctx context.Context, _ map[string]any, id string) error {
	return l.Terraform.Import(ctx, id)
}
func (l local) Untaint(context.Context) error  { l.Terraform.Untaint(); return nil }
func (l local) State() (map[string]any, error) { return l.Terraform.State(), nil }

func TestMain(m *testing.M) {
	for _, name := range []string{"PAPERSPACE_API_KEY", "PAPERSPACE_API_KEY_FILE", "PAPERSPACE_API_URL"} {
		os.Unsetenv(name)
	}
	os.Exit(m.Run())
}

// bench is a Terraform with an in-memory Paperspace.
type bench struct {
	*testing.T
	terraform engine
	srv       *paperspacetest.Server
	client    *paperspace.Client
}

func TestInProcess(t *testing.T) {
	for name, scenario := range scenarios {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := paperspacetest.New(t)
				terraform, err := inprocess.New(t.Context(), providerserver.NewProtocol6(newProvider(fakeOptions(srv)...))(), "paperspace_machine", nil)
				require.NoError(t, err)
				scenario(bench{t, local{terraform}, srv, srv.Client()})
			})
		})
	}
}

func TestBinary(t *testing.T) {
	program := terraformBinary(t)
	if program == "" {
		t.Skip("NOTICE: no terraform or tofu found, and TF_ACC_TERRAFORM_PATH is not set: the same scenarios ran in process")
	}
	for name, scenario := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := paperspacetest.New(t, paperspacetest.WithSpeed(300))
			options := append(fakeOptions(srv), paperspace.WithPollInterval(10*time.Millisecond, 100*time.Millisecond))
			scenario(bench{t, newBinary(t, program, options...), srv, srv.Client(options...)})
		})
	}
}

// base is the configuration that most scenarios begin with.
func base(changes ...map[string]any) map[string]any {
	config := map[string]any{
		"name": "trainer", "machine_type": "C5", "template_id": paperspacetest.UbuntuID, "disk_size": 50, "region": "ny2",
	}
	for _, change := range changes {
		maps.Copy(config, change)
	}
	return config
}

// scenarios run with each engine.
var scenarios = map[string]func(b bench){
	"lifecycle": func(b bench) {
		b.plans("create", base())
		b.apply(base())
		b.has(map[string]any{"state": "ready", "running": true, "disk_size": 50.0, "region": "ny2"})
		assert.NotEmpty(b, b.state()["public_ip"])
		b.plans("no-op", base())

		larger := base(map[string]any{"name": "renamed", "machine_type": "A4000", "disk_size": 100})
		b.plans("update", larger)
		b.apply(larger)
		b.has(map[string]any{"name": "renamed", "machine_type": "A4000", "disk_size": 100.0, "state": "ready"})
		b.sent("machines-update", `{"name":"renamed","machineType":"A4000","diskSize":100}`)
		b.plans("no-op", larger)

		off := base(larger, map[string]any{"running": false})
		b.apply(off)
		b.has(map[string]any{"state": "off", "running": false})
		assert.Len(b, b.srv.Calls("machines-update"), 1, "updates")
		b.plans("no-op", off)
		b.plans("replace", base(off, map[string]any{"region": "ca1"}))
		b.plans("replace", base(off, map[string]any{"template_id": "tother000"}))
		b.plans("replace", base(off, map[string]any{"disk_size": 50}))

		require.NoError(b, b.terraform.Destroy(b.Context()))
		assert.Empty(b, b.state())
		assert.Zero(b, b.machines())
	},
	"only what differs is sent": func(b bench) {
		b.apply(base(map[string]any{"running": false}))
		b.apply(base(map[string]any{"running": false, "name": "renamed"}))
		b.sent("machines-update", `{"name":"renamed"}`)
		assert.Empty(b, b.srv.Calls("machines-start", "machines-stop"))
		b.apply(base(map[string]any{"running": false, "name": "renamed", "timeouts": map[string]any{"update": "1h"}}))
		assert.Len(b, b.srv.Calls("machines-update"), 1, "updates")
	},
	"import": func(b bench) {
		m := b.create("trainer")
		require.NoError(b, b.terraform.Import(b.Context(), base(), m.ID))
		b.has(map[string]any{"id": m.ID, "name": "trainer", "machine_type": "C5", "region": "ny2", "running": true})
		assert.NotContains(b, b.state(), "disk_size", "the size of the disk is not in the API's response")
		b.plans("update", base())
		b.apply(base())
		assert.Empty(b, b.srv.Calls("machines-update", "machines-stop"), "the first apply after an import only records")
		b.has(map[string]any{"disk_size": 50.0, "template_id": paperspacetest.UbuntuID})
		b.plans("no-op", base())
	},
	"import of a machine that does not exist": func(b bench) {
		require.Error(b, b.terraform.Import(b.Context(), base(), "psnothere0"))
		assert.Empty(b, b.state())
	},
	"drift": func(b bench) {
		b.apply(base())
		id := b.state()["id"].(string)
		op, err := b.client.Machines.Update(b.Context(), id, paperspace.MachineUpdateParams{Name: new("drifted")})
		require.NoError(b, err)
		_, err = op.Wait(b.Context())
		require.NoError(b, err)
		_, err = b.client.Machines.EnsureOff(b.Context(), id)
		require.NoError(b, err)
		b.plans("update", base())
		b.apply(base())
		b.has(map[string]any{"id": id, "name": "trainer", "state": "ready"})

		require.NoError(b, b.client.Machines.EnsureDeleted(b.Context(), id))
		b.plans("create", base())
		b.apply(base())
		assert.NotEqual(b, id, b.state()["id"])
		assert.Equal(b, 1, b.machines())
	},
	"a 404 of a proxy is no drift": func(b bench) {
		b.apply(base())
		lift := b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-get", HTML: true, Status: http.StatusNotFound})
		_, err := b.terraform.Plan(b.Context(), base())
		require.Error(b, err)
		lift()
		b.plans("no-op", base())
	},
	"the disk is not inferred from the total storage": func(b bench) {
		b.apply(base())
		m, err := b.client.Machines.Get(b.Context(), b.state()["id"].(string))
		require.NoError(b, err)
		m.StorageTotal = 47 << 30
		body, err := json.Marshal(m)
		require.NoError(b, err)
		b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-get", Status: http.StatusOK, Body: string(body)})
		b.plans("no-op", base())
		b.has(map[string]any{"disk_size": 50.0})
	},
	"a lost create is adopted": func(b bench) {
		b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Cut: true, CarriedOut: true})
		b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-list", Skip: 1, Times: 2, Status: http.StatusOK, Body: `{"items":[],"hasMore":false}`})
		b.apply(base())
		b.has(map[string]any{"state": "ready"})
		assert.Len(b, b.srv.Calls("machines-create"), 1, "creates that were sent")
		assert.Equal(b, 1, b.machines())
		b.plans("no-op", base())
	},
	"the name is taken": func(b bench) {
		m := b.create("trainer")
		_, err := b.client.Machines.EnsureOff(b.Context(), m.ID)
		require.NoError(b, err)
		creates := len(b.srv.Calls("machines-create"))
		require.ErrorContains(b, b.terraform.Apply(b.Context(), base()), m.ID)
		assert.Empty(b, b.state())
		assert.Len(b, b.srv.Calls("machines-create"), creates, "creates that were sent")
		assert.Empty(b, b.srv.Calls("machines-start"), "the other machine is left alone")
	},
	"an interrupted create is resumed with its event": func(b bench) {
		event := b.interrupt(paperspace.MachineEventNameCreate, base())
		b.has(map[string]any{"state": "provisioning", "running": true, "disk_size": 50.0})
		id := b.state()["id"]
		b.plans("update", base())
		b.resume(event, base())
		b.has(map[string]any{"id": id, "state": "ready"})
		assert.NotEmpty(b, b.state()["public_ip"])
		assert.Len(b, b.srv.Calls("machines-create"), 1, "creates that were sent")
		b.plans("no-op", base())
	},
	"an interrupt while the create is sent": func(b bench) {
		b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Latency: 2 * time.Second, CarriedOut: true})
		b.srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Hangs())
		b.interruptWhen(base(), func(context.Context) bool { return len(b.srv.Calls("machines-create")) > 0 })
		require.NotEmpty(b, b.state()["id"])
		b.plans("update", base())
		b.resume(b.unfinished(b.Context(), paperspace.MachineEventNameCreate), base())
		b.has(map[string]any{"state": "ready"})
		assert.Len(b, b.srv.Calls("machines-create"), 1, "creates that were sent")
		assert.Equal(b, 1, b.machines())
	},
	"an interrupted create that the API does not find yet": func(b bench) {
		event := b.interrupt(paperspace.MachineEventNameCreate, base())
		b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-get", Status: http.StatusNotFound})
		b.plans("update", base())
		b.srv.EndEvent(event, paperspacetest.Fails("no capacity"))
		b.plans("create", base())
	},
	"an interrupted create that fails": func(b bench) {
		event := b.interrupt(paperspace.MachineEventNameCreate, base())
		b.srv.EndEvent(event, paperspacetest.Fails("no capacity"))
		require.ErrorContains(b, b.terraform.Apply(b.Context(), base()), "no capacity")
		assert.Len(b, b.srv.Calls("machines-create"), 1, "creates that were sent")
	},
	"an interrupted update is resumed with its event": func(b bench) {
		b.apply(base())
		larger := base(map[string]any{"disk_size": 100})
		event := b.interrupt(paperspace.MachineEventNameVMUpgrade, larger)
		b.has(map[string]any{"disk_size": 50.0})
		b.plans("update", larger)
		b.resume(event, larger)
		b.has(map[string]any{"disk_size": 100.0, "state": "ready"})
		assert.Len(b, b.srv.Calls("machines-update"), 1, "updates that were sent")
		b.plans("no-op", larger)
	},
	"an interrupted update that fails is sent again": func(b bench) {
		b.apply(base())
		larger := base(map[string]any{"disk_size": 100})
		event := b.interrupt(paperspace.MachineEventNameVMUpgrade, larger)
		b.srv.EndEvent(event, paperspacetest.Fails("no capacity"))
		require.ErrorContains(b, b.terraform.Apply(b.Context(), larger), "no capacity")
		b.has(map[string]any{"disk_size": 50.0})
		b.apply(larger)
		b.has(map[string]any{"disk_size": 100.0, "state": "ready"})
		assert.Len(b, b.srv.Calls("machines-update"), 2, "updates that were sent")
	},
	"a create that takes too long": func(b bench) {
		b.srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Hangs())
		config := base(map[string]any{"timeouts": map[string]any{"create": "1s"}})
		require.Error(b, b.terraform.Apply(b.Context(), config))
		b.plans("replace", config)
		require.NoError(b, b.terraform.Untaint(b.Context()))
		b.plans("update", config)
		b.resume(b.unfinished(b.Context(), paperspace.MachineEventNameCreate), config)
		assert.Len(b, b.srv.Calls("machines-create"), 1, "creates that were sent")
		b.plans("no-op", config)
	},
	"a create that fails": func(b bench) {
		b.srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Fails("no capacity"))
		require.ErrorContains(b, b.terraform.Apply(b.Context(), base()), "no capacity")
		b.plans("replace", base())
		b.apply(base())
		b.has(map[string]any{"state": "ready"})
		assert.Equal(b, 1, b.machines())
	},
	"a refused create": func(b bench) {
		require.Error(b, b.terraform.Apply(b.Context(), base(map[string]any{"template_id": "tnothing0"})))
		assert.Empty(b, b.state())
		assert.Zero(b, b.machines())
	},
	"an invalid configuration": func(b bench) {
		_, err := b.terraform.Plan(b.Context(), base(map[string]any{"region": "atlantis"}))
		require.ErrorContains(b, err, "region")
	},
	"500s": func(b bench) {
		for _, endpoint := range []string{"machines-list", "machines-get", "machineEvents-get", "machines-update", "machines-stop", "machines-delete"} {
			b.srv.Inject(paperspacetest.Fault{Endpoint: endpoint, Times: 1, Status: http.StatusInternalServerError})
		}
		b.apply(base())
		b.apply(base(map[string]any{"disk_size": 100}))
		b.has(map[string]any{"disk_size": 100.0, "state": "ready"})
		require.NoError(b, b.terraform.Destroy(b.Context()))
		assert.Zero(b, b.machines())
	},
	"a lost delete": func(b bench) {
		b.apply(base(map[string]any{"running": false}))
		b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-delete", Times: 1, Cut: true, CarriedOut: true})
		require.NoError(b, b.terraform.Destroy(b.Context()))
		assert.Empty(b, b.state())
		assert.Zero(b, b.machines())
	},
}

// A create without effect is searched for, which takes a minute, so this scenario only runs in process.
func TestCreateWithoutEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := paperspacetest.New(t)
		terraform, err := inprocess.New(t.Context(), providerserver.NewProtocol6(newProvider(fakeOptions(srv)...))(), "paperspace_machine", nil)
		require.NoError(t, err)
		b := bench{t, local{terraform}, srv, srv.Client()}
		b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Status: http.StatusInternalServerError})
		require.ErrorContains(t, terraform.Apply(t.Context(), base()), "outcome is unknown")
		assert.Empty(t, b.state())
		b.apply(base())
		assert.Equal(t, 1, b.machines())
	})
}

// plans checks what an apply would do.
func (b bench) plans(want string, config map[string]any) {
	b.Helper()
	action, err := b.terraform.Plan(b.Context(), config)
	require.NoError(b, err)
	require.Equal(b, want, action, "planned action")
}

func (b bench) apply(config map[string]any) {
	b.Helper()
	require.NoError(b, b.terraform.Apply(b.Context(), config))
}

func (b bench) state() map[string]any {
	b.Helper()
	state, err := b.terraform.State()
	require.NoError(b, err)
	return state
}

// has checks some attributes of the state.
func (b bench) has(want map[string]any) {
	b.Helper()
	got := b.state()
	maps.DeleteFunc(got, func(name string, _ any) bool { _, ok := want[name]; return !ok })
	assert.Equal(b, want, got)
}

// sent checks the body of the last call of an endpoint.
func (b bench) sent(endpoint, body string) {
	b.Helper()
	calls := b.srv.Calls(endpoint)
	require.NotEmpty(b, calls)
	assert.JSONEq(b, body, string(calls[len(calls)-1].Body))
}

// machines returns the number of machines.
func (b bench) machines() int {
	b.Helper()
	list, err := paperspace.Collect(b.client.Machines.All(b.Context(), paperspace.MachineListParams{}))
	require.NoError(b, err)
	return len(list)
}

// create creates a machine outside of Terraform.
func (b bench) create(name string) *paperspace.Machine {
	b.Helper()
	m, err := b.client.Machines.EnsureCreated(b.Context(), paperspace.MachineCreateParams{
		Name: name, MachineType: "C5", TemplateID: paperspacetest.UbuntuID, DiskSize: 50, Region: "ny2", StartOnCreate: new(true),
	})
	require.NoError(b, err)
	return &m.Machine
}

// interrupt applies a configuration, and interrupts Terraform while it waits for an event, whose ID it returns.
func (b bench) interrupt(name paperspace.MachineEventName, config map[string]any) (event string) {
	b.Helper()
	b.srv.NextEvent(name, paperspacetest.Hangs())
	b.interruptWhen(config, func(ctx context.Context) bool {
		event = b.unfinished(ctx, name)
		return event != "" && b.polls(event) > 0
	})
	return event
}

// interruptWhen applies a configuration, and interrupts Terraform when a condition is true.
func (b bench) interruptWhen(config map[string]any, isTrue func(context.Context) bool) {
	b.Helper()
	ctx, interrupt := context.WithCancel(b.Context())
	defer interrupt()
	watched := make(chan bool, 1)
	go func() {
		defer interrupt()
		met := false
		for !met && ctx.Err() == nil {
			time.Sleep(20 * time.Millisecond)
			met = isTrue(ctx)
		}
		watched <- met
	}()
	_ = b.terraform.Apply(ctx, config) // the program exits with an error, whatever the provider returns
	interrupt()
	require.True(b, <-watched, "the apply ended before it could be interrupted")
}

// unfinished returns the ID of an unfinished event with the name, or "".
func (b bench) unfinished(ctx context.Context, name paperspace.MachineEventName) string {
	for m, err := range b.client.Machines.All(ctx, paperspace.MachineListParams{}) {
		if err != nil {
			return ""
		}
		for event, err := range b.client.MachineEvents.All(ctx, paperspace.MachineEventListParams{MachineID: m.ID}) {
			if err == nil && event.Name == name && !event.Finished() {
				return event.ID
			}
		}
	}
	return ""
}

// polls returns how often an event was polled for.
func (b bench) polls(event string) (n int) {
	for _, call := range b.srv.Calls("machineEvents-get") {
		if path.Base(call.Path) == event {
			n++
		}
	}
	return n
}

// resume ends the event well, and applies again, which must wait for the same event.
func (b bench) resume(event string, config map[string]any) {
	b.Helper()
	before := b.polls(event)
	b.srv.EndEvent(event, paperspacetest.Done())
	b.apply(config)
	assert.Greater(b, b.polls(event), before, "the second apply must poll for the event of the first")
}

// Calls to the API are logged through tflog, without the key.
func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		ctx := tflogtest.RootLogger(t.Context(), &log)
		srv := paperspacetest.New(t)
		terraform, err := inprocess.New(ctx, providerserver.NewProtocol6(newProvider(fakeOptions(srv)...))(), "paperspace_machine", nil)
		require.NoError(t, err)
		require.NoError(t, terraform.Apply(ctx, base()))

		assert.NotContains(t, log.String(), srv.Key())
		entries, err := tflogtest.MultilineJSONDecode(&log)
		require.NoError(t, err)
		statuses := map[any]any{}
		for _, entry := range entries {
			if entry["@message"] == "Paperspace API call" {
				statuses[entry["endpoint"]] = entry["status"]
			}
		}
		assert.Equal(t, map[any]any{
			"machines-list": 200.0, "machines-create": 200.0, "machineEvents-get": 200.0, "machineEvents-list": 200.0, "machines-get": 200.0,
		}, statuses)
	})
}
