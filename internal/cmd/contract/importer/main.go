// Command importer reads an OpenAPI document from standard input and writes its contract, in the form of
// internal/contract/contract.json, to standard output. It also reads that form, to format what was edited by hand.
//
// It is a module of its own to keep the OpenAPI library out of the SDK's module. The command internal/cmd/contract runs
// it.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/paperspace-go/paperspace/internal/contract"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "importer:", err)
		os.Exit(1)
	}
}

func run(document io.Reader, out io.Writer) error {
	data, err := io.ReadAll(document)
	if err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	read := readOpenAPI
	if isContract(data) {
		read = contract.Parse
	}
	endpoints, err := read(data)
	if err != nil {
		return err
	}
	text, err := encode(share(endpoints))
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

// isContract reports whether a document has the form of internal/contract/contract.json.
func isContract(data []byte) bool {
	var file struct{ Endpoints json.RawMessage }
	return json.Unmarshal(data, &file) == nil && file.Endpoints != nil
}
