package paperspacetest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// fast returns a server on which a minute takes a fraction of a millisecond, and a client that polls as fast.
func fast() (*paperspacetest.Server, *paperspace.Client) {
	srv := paperspacetest.NewServer(paperspacetest.WithSpeed(200_000))
	return srv, srv.Client(paperspace.WithPollInterval(time.Millisecond, time.Millisecond))
}

func Example() {
	srv, client := fast() // in a test: srv := paperspacetest.New(t); client := srv.Client()
	ctx := context.Background()

	op, err := client.Machines.Create(ctx, paperspace.MachineCreateParams{
		Name: "trainer", MachineType: "A4000", TemplateID: paperspacetest.UbuntuID, DiskSize: 100,
		Region: paperspace.RegionNY2, StartOnCreate: new(true),
	})
	if err != nil {
		log.Fatal(err)
	}
	m, err := client.Machines.WaitForState(ctx, op.Data.ID, paperspace.MachineStateReady)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Name, m.State, m.PublicIP != "")
	fmt.Println(len(srv.Calls("machines-create")), "call to create a machine")
	// Output:
	// trainer ready true
	// 1 call to create a machine
}

// In a synctest bubble, a wait takes no real time.
func ExampleNew() {
	test := func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client := paperspacetest.New(t).Client()
			op, err := client.Machines.Create(t.Context(), paperspace.MachineCreateParams{
				Name: "trainer", MachineType: "A4000", TemplateID: paperspacetest.UbuntuID, DiskSize: 100,
				Region: paperspace.RegionNY2,
			})
			if err != nil {
				t.Fatal(err)
			}
			if m, err := op.Wait(t.Context()); err != nil || m.State != paperspace.MachineStateOff {
				t.Errorf("%v, %v", m.State, err)
			}
		})
	}
	_ = test // your own TestXxx
}

func ExampleServer_Inject() {
	srv, client := fast()
	srv.Inject(paperspacetest.Fault{Endpoint: "projects-create", Times: 1, Cut: true, CarriedOut: true})

	_, err := client.Projects.Create(context.Background(), paperspace.ProjectCreateParams{Name: "search"})
	fmt.Println(errors.Is(err, paperspace.ErrOutcomeUnknown))
	for p, err := range client.Projects.All(context.Background(), paperspace.ProjectListParams{}) {
		fmt.Println(p.Name, err)
	}
	// Output:
	// true
	// search <nil>
}

func ExampleServer_NextEvent() {
	srv, client := fast()
	srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Fails("no capacity"))

	op, err := client.Machines.Create(context.Background(), paperspace.MachineCreateParams{
		Name: "trainer", MachineType: "H100", TemplateID: paperspacetest.UbuntuID, DiskSize: 100,
		Region: paperspace.RegionNY2,
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = op.Wait(context.Background())
	if e, ok := errors.AsType[*paperspace.EventError](err); ok {
		fmt.Println(e.Event.State, e.Event.Error)
	}
	// Output: error no capacity
}

// Over a socket, the server also tests programs that have their own HTTP client.
func ExampleServer_ServeHTTP() {
	srv := paperspacetest.NewServer()
	ts := httptest.NewServer(srv)
	defer ts.Close()

	client, err := paperspace.NewClient(paperspace.WithBaseURL(ts.URL+"/v1"), paperspace.WithAPIKey(srv.Key()))
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
	session, err := client.Auth.Session(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.User.FirstName, session.Team.ID)
	// Output: Ada taekk107hp
}
