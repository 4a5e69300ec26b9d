package main

import (
	"slices"
	"testing"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/internal/exampletest"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func TestOnlyReadsWithoutCreate(t *testing.T) {
	exampletest.OnlyReads(t, func() error { return run(t.Context(), "", "C5", 0, false) })
}

// Whatever fails, everything that was created is deleted.
func TestCleanUp(t *testing.T) {
	lost := func(endpoint string) paperspacetest.Fault {
		return paperspacetest.Fault{Endpoint: endpoint, Times: 1, Cut: true, CarriedOut: true}
	}
	for name, faults := range map[string][]paperspacetest.Fault{
		"lost responses": {
			lost("startupScripts-create"), lost("machines-create"), lost("machines-delete"), lost("publicIps-release"),
		},
		"refused address":    {{Endpoint: "publicIps-claim", Status: 400}},
		"refused machine":    {{Endpoint: "machines-create", Status: 400}},
		"refused assignment": {{Endpoint: "publicIps-assign", Status: 400}},
	} {
		srv := exampletest.Service(t)
		for _, fault := range faults {
			srv.Inject(fault)
		}
		if err := run(t.Context(), "", "C5", 0, true); (err != nil) != (name != "lost responses") {
			t.Errorf("%s: %v", name, err)
		}
		if n := len(srv.Calls("machines-create")); n > 1 {
			t.Errorf("%s: %d creates", name, n)
		}
		client := srv.Client()
		machines, err := paperspace.Collect(client.Machines.All(t.Context(), paperspace.MachineListParams{}))
		if err != nil || len(machines) > 0 {
			t.Errorf("%s: machines %v, %v", name, machines, err)
		}
		addresses, err := paperspace.Collect(client.PublicIPs.All(t.Context(), paperspace.PublicIPListParams{}))
		if err != nil || len(addresses) > 0 {
			t.Errorf("%s: addresses %v, %v", name, addresses, err)
		}
		scripts, err := paperspace.Collect(client.StartupScripts.All(t.Context(), paperspace.StartupScriptListParams{}))
		if scripts = slices.DeleteFunc(scripts, func(s paperspace.StartupScript) bool { return !s.DeletedAt.IsZero() }); err != nil || len(scripts) > 0 {
			t.Errorf("%s: scripts %v, %v", name, scripts, err)
		}
	}
}
