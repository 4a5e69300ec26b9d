// Command contract keeps internal/contract up with the service. From the root
// of the repository:
//
//	go run ./internal/cmd/contract import FILE
//	go run ./internal/cmd/contract diff FILE
//
// FILE is an OpenAPI 3 document. import makes internal/contract/contract.json
// from it. diff prints what the document adds (+), removes (-) and changes (~)
// against the contract that is there, and exits with 1 when there is anything,
// with 0 when there is nothing, and with 2 when it cannot tell. Note that go
// run itself knows only 0 and 1: build the command to tell 1 from 2.
//
// The OpenAPI library is needed by the importer alone, which is a module of
// its own in the folder below.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/paperspace-go/paperspace/internal/contract"
)

const (
	exitDifferent = 1
	exitTrouble   = 2
)

const usage = `usage: contract import FILE
       contract diff FILE
`

func main() {
	os.Exit(run(os.Args[1:], repository{}, os.Stdout, os.Stderr))
}

// A workplace is what the command needs from the world around it.
type workplace interface {
	// importDocument returns the contract that an OpenAPI document states.
	importDocument(document io.Reader) ([]byte, error)
	// save replaces the stored contract.
	save(data []byte) error
}

func run(args []string, in workplace, stdout, stderr io.Writer) (exit int) {
	if len(args) != 2 || args[0] != "import" && args[0] != "diff" {
		fmt.Fprint(stderr, usage)
		return exitTrouble
	}
	data, newer, err := read(args[1], in)
	if err != nil {
		fmt.Fprintln(stderr, "contract:", err)
		return exitTrouble
	}
	if args[0] == "import" {
		if err := in.save(data); err != nil {
			fmt.Fprintln(stderr, "contract: save:", err)
			return exitTrouble
		}
		return 0
	}
	changes := diff(contract.Operations(), newer)
	for _, line := range changes {
		fmt.Fprintln(stdout, line)
	}
	if len(changes) > 0 {
		return exitDifferent
	}
	return 0
}

func read(name string, in workplace) ([]byte, []*contract.Operation, error) {
	document, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer document.Close()
	data, err := in.importDocument(document)
	if err != nil {
		return nil, nil, fmt.Errorf("import %s: %w", name, err)
	}
	operations, err := contract.Parse(data)
	if err != nil {
		return nil, nil, fmt.Errorf("import %s: %w", name, err)
	}
	return data, operations, nil
}

// repository is the checkout that the command is run in.
type repository struct{}

func (r repository) importDocument(document io.Reader) ([]byte, error) {
	folder, err := r.folder()
	if err != nil {
		return nil, err
	}
	importer := exec.Command("go", "run", ".")
	importer.Dir = filepath.Join(folder, "..", "cmd", "contract", "importer")
	importer.Stdin = document
	return output(importer)
}

func (r repository) save(data []byte) error {
	folder, err := r.folder()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "contract.json"), data, 0o644)
}

// folder finds internal/contract from any folder of the repository.
func (r repository) folder() (string, error) {
	const pkg = "github.com/paperspace-go/paperspace/internal/contract"
	out, err := output(exec.Command("go", "list", "-f", "{{.Dir}}", pkg))
	return strings.TrimSpace(string(out)), err
}

// output runs a command and makes what it complained about part of the error.
func output(cmd *exec.Cmd) ([]byte, error) {
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(complaints.Bytes()))
	}
	return out, nil
}
