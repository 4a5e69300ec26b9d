// Command contract updates internal/contract from an OpenAPI 3 document, such as
// https://api.paperspace.com/v1/openapi.json. Run it in the repository:
//
//	go run ./internal/cmd/contract import FILE
//	go run ./internal/cmd/contract diff FILE
//
// import converts the document to internal/contract/contract.json. FILE may also be that file itself, to format it after
// an edit by hand.
//
// diff prints what the document adds (+), removes (-) and changes (~). Its exit status is 0 without differences, 1 with
// differences and 2 on errors. (go run exits with 1 in both cases; build the command to distinguish them.)
//
// Only the importer needs the OpenAPI library, so it is a module of its own in the directory below.
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
	exitError     = 2
)

const usage = `usage: contract import FILE
       contract diff FILE
`

func main() {
	os.Exit(run(os.Args[1:], repository{}, os.Stdout, os.Stderr))
}

// An environment gives the command access to the repository.
type environment interface {
	// importDocument converts an OpenAPI document to a stored contract.
	importDocument(document io.Reader) ([]byte, error)
	// save replaces the stored contract.
	save(data []byte) error
}

func run(args []string, env environment, stdout, stderr io.Writer) (exit int) {
	if len(args) != 2 || args[0] != "import" && args[0] != "diff" {
		fmt.Fprint(stderr, usage)
		return exitError
	}
	data, newer, err := read(args[1], env)
	if err != nil {
		fmt.Fprintln(stderr, "contract:", err)
		return exitError
	}
	if args[0] == "import" {
		if err := env.save(data); err != nil {
			fmt.Fprintln(stderr, "contract: save:", err)
			return exitError
		}
		return 0
	}
	changes := diff(contract.Endpoints(), newer)
	for _, line := range changes {
		fmt.Fprintln(stdout, line)
	}
	if len(changes) > 0 {
		return exitDifferent
	}
	return 0
}

func read(name string, env environment) ([]byte, []*contract.Endpoint, error) {
	document, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer document.Close()
	data, err := env.importDocument(document)
	if err != nil {
		return nil, nil, fmt.Errorf("import %s: %w", name, err)
	}
	endpoints, err := contract.Parse(data)
	if err != nil {
		return nil, nil, fmt.Errorf("import %s: %w", name, err)
	}
	return data, endpoints, nil
}

// repository is the environment of a checkout.
type repository struct{}

func (r repository) importDocument(document io.Reader) ([]byte, error) {
	dir, err := r.contractDir()
	if err != nil {
		return nil, err
	}
	importer := exec.Command("go", "run", ".")
	importer.Dir = filepath.Join(dir, "..", "cmd", "contract", "importer")
	importer.Stdin = document
	return output(importer)
}

func (r repository) save(data []byte) error {
	dir, err := r.contractDir()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "contract.json"), data, 0o644)
}

// contractDir returns the directory internal/contract, from any directory of the repository.
func (r repository) contractDir() (string, error) {
	const pkg = "github.com/paperspace-go/paperspace/internal/contract"
	out, err := output(exec.Command("go", "list", "-f", "{{.Dir}}", pkg))
	return strings.TrimSpace(string(out)), err
}

// output returns the output of a command. An error includes what the command wrote to standard error.
func output(cmd *exec.Cmd) ([]byte, error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}
