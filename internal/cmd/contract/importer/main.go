// Command importer reads an OpenAPI document from standard input and writes
// the contract that it states, in the form of internal/contract/contract.json,
// to standard output.
//
// It is a module of its own so that the OpenAPI library stays out of the
// SDK's. The command above it, internal/cmd/contract, runs it.
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
	operations, err := readOpenAPI(data)
	if err != nil {
		return err
	}
	text, err := encode(share(operations))
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}
