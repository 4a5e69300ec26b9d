package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/paperspace-go/paperspace/paperspacetest"
)

// newService serves an in-memory Paperspace as the real one.
func newService(t *testing.T) *paperspacetest.Server {
	srv := paperspacetest.New(t, paperspacetest.WithSpeed(1000))
	socket := httptest.NewServer(srv)
	t.Cleanup(socket.Close)
	t.Setenv("PAPERSPACE_API_KEY", srv.Key())
	t.Setenv("PAPERSPACE_API_URL", socket.URL+"/v1")
	return srv
}

func TestNothingIsCreatedWithoutCreate(t *testing.T) {
	srv := newService(t)
	if err := run(t.Context(), 3, "C5", false); err != nil {
		t.Fatal(err)
	}
	for _, call := range srv.Calls() {
		if call.Method != http.MethodGet {
			t.Errorf("called %s", call.Endpoint)
		}
	}
}

// A create whose response is lost is not sent again, and its machine is deleted with the others.
func TestAllMachinesAreDeleted(t *testing.T) {
	srv := newService(t)
	srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Skip: 1, Times: 1, Cut: true, CarriedOut: true})
	if err := run(t.Context(), 3, "C5", true); err != nil {
		t.Fatal(err)
	}
	if n := len(srv.Calls("machines-create")); n != 3 {
		t.Errorf("%d creates for 3 machines", n)
	}
	if n := len(srv.Calls("machines-delete")); n != 3 {
		t.Errorf("%d deletes of 3 machines", n)
	}
}
