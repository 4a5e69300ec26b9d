package paperspacetest

import (
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
)

func TestResponseThatViolatesTheContractPanics(t *testing.T) {
	for name, damage := range map[string]func(object){
		"wrong type":  func(o object) { o["name"] = 1 },
		"wrong value": func(o object) { o["state"] = "exploded" },
		"missing":     func(o object) { delete(o, "cpus") },
		"null":        func(o object) { o["region"] = nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := New(t)
			data := object{}
			for _, f := range itemOf("machines-list").Fields {
				if data[f.Name] = nil; f.Type == "string" {
					data[f.Name] = "ny2"
				}
			}
			for name, value := range map[string]any{"state": "off", "publicIpType": "none", "autoSnapshotFrequency": nil, "restorePointFrequency": nil} {
				data[name] = value
			}
			for _, name := range []string{"cpus", "ram", "storageTotal", "storageUsed", "usageRate", "storageRate"} {
				data[name] = number(1)
			}
			for _, name := range []string{"autoShutdownEnabled", "autoSnapshotEnabled", "updatesPending", "restorePointEnabled"} {
				data[name] = false
			}
			data["dtCreated"], data["dtModified"], data["dtDeleted"] = s.stamp(), s.stamp(), nil
			s.store.add(machines, "", "ps1", data)
			get := func() {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/machines/ps1", nil)
				require.NoError(t, err)
				req.Header.Set("Authorization", "Bearer "+s.Key())
				resp, err := s.RoundTrip(req)
				require.NoError(t, err)
				assert.Equal(t, http.StatusOK, resp.StatusCode)
			}
			get()
			damage(data)
			assert.Panics(t, get)
			delete(data, "dtDeleted")
			s.Calls() // the server must not remain locked
		})
	}
}

func TestEveryEndpointHasAHandler(t *testing.T) {
	for id := range handlers {
		assert.NotNil(t, contract.Lookup(id), id)
	}
	for _, e := range contract.Endpoints() {
		if handlers[e.ID] == nil {
			t.Errorf("%s: add a handler to handlers in paperspacetest/endpoints.go", e.ID)
		}
	}
}

func TestPackageDocListsEveryDeviation(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	for _, d := range Deviations() {
		assert.Contains(t, string(doc), "//\t"+string(d)+" ")
	}
}
