package main

import (
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// In a synctest bubble, waits of minutes take no real time.
func TestTurnOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := paperspacetest.New(t)
		client := srv.Client()
		for _, name := range []string{"trainer", "keep-database", "notebook"} {
			if err := create(t.Context(), client, name); err != nil {
				t.Fatal(err)
			}
		}
		srv.Inject(paperspacetest.Fault{Endpoint: "machines-list", Times: 2, RetryAfter: 5 * time.Second})

		names, err := TurnOff(t.Context(), client)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(names)
		if !slices.Equal(names, []string{"notebook", "trainer"}) {
			t.Errorf("turned off %q", names)
		}
		if n := len(srv.Calls("machines-stop")); n != 2 {
			t.Errorf("%d calls to stop a machine", n)
		}
		kept, err := client.Machines.GetByName(t.Context(), "keep-database")
		if err != nil || kept.State != paperspace.MachineStateReady {
			t.Errorf("the machine to keep: %+v, %v", kept, err)
		}
	})
}

// Without -really the machines of the real service are only listed.
func TestOnlyLists(t *testing.T) {
	srv := paperspacetest.New(t, paperspacetest.WithSpeed(6000))
	client := srv.Client(paperspace.WithPollInterval(time.Millisecond, 10*time.Millisecond))
	for _, name := range []string{"trainer", "keep-database"} {
		if err := create(t.Context(), client, name); err != nil {
			t.Fatal(err)
		}
	}
	listener := httptest.NewServer(srv)
	defer listener.Close()
	t.Setenv("PAPERSPACE_API_KEY", srv.Key())
	t.Setenv("PAPERSPACE_API_URL", listener.URL+"/v1")

	if err := run(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if n := len(srv.Calls("machines-stop")); n != 0 {
		t.Errorf("%d calls to stop a machine", n)
	}
	if err := run(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if n := len(srv.Calls("machines-stop")); n != 1 {
		t.Errorf("with -really, %d calls to stop a machine", n)
	}
}

// A machine that fails to stop is reported, and the others are turned off.
func TestTurnOffWithAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := paperspacetest.New(t)
		client := srv.Client()
		for _, name := range []string{"a", "b", "c"} {
			if err := create(t.Context(), client, name); err != nil {
				t.Fatal(err)
			}
		}
		srv.NextEvent(paperspace.MachineEventNameStop, paperspacetest.Done(), paperspacetest.Fails("the hypervisor is busy"))

		names, err := TurnOff(t.Context(), client)
		if len(names) != 2 || err == nil {
			t.Errorf("turned off %q, %v", names, err)
		}
	})
}
