// Command importer reads an OpenAPI document from standard input and writes its contract, in the form of
// internal/contract/contract.json, to standard output.
//
// It is a module of its own to keep the OpenAPI library out of the SDK's module. The command internal/cmd/contract runs
// it.
package main

import (
	"fmt"
	"io"
	"os"
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
	endpoints, err := readOpenAPI(data)
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
