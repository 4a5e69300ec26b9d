// Command apidoc writes API.md, the table of endpoints and their methods. Run it in the root of the repository:
//
//	go run ./internal/cmd/apidoc
package main

import (
	"fmt"
	"os"

	"github.com/paperspace-go/paperspace/internal/apidoc"
)

func main() {
	if err := apidoc.Write("."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
