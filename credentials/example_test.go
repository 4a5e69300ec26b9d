package credentials_test

import (
	"context"
	"fmt"
	"log"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/credentials"
)

// List the machines of a team that "pspace login" has stored the key of.
func ExampleFromCLI() {
	client, err := paperspace.NewClient(credentials.FromCLI("my-team"))
	if err != nil {
		log.Fatal(err)
	}
	for machine, err := range client.Machines.All(context.Background(), paperspace.MachineListParams{}) {
		if err != nil {
			log.Fatal(err) // for example, that credentials.toml does not have the team
		}
		fmt.Println(machine.Name, machine.State)
	}
}

// Do as pspace does: use the key in the environment, or otherwise that of the current team.
func ExampleFromCLI_environment() {
	client, err := paperspace.NewClient(credentials.FromCLI(""), paperspace.FromEnv())
	if err != nil {
		log.Fatal(err)
	}
	session, err := client.Auth.Session(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.Team.Namespace)
}
