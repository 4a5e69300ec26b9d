// Command release checks and tags a release of all modules. Run it in the root of the repository:
//
//	release check        check that each module resolves without its replace directives; change nothing
//	release set X.Y.Z    write the version to client.go and to the go.mod of each module
//	release tag          check, then create the tags of the commit, which must be clean; push nothing
package main

import (
	"fmt"
	"log"
	"os"
)

func main() {
	log.SetFlags(0)
	if err := run(os.Args[1:]); err != nil {
		log.Fatal("release: ", err)
	}
}

func run(args []string) error {
	command := "check"
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch {
	case command == "set" && len(args) == 1:
		return setVersion(".", args[0])
	case command == "check" && len(args) == 0:
		r, err := readRepository(".")
		if err != nil {
			return err
		}
		return r.check(false)
	case command == "tag" && len(args) == 0:
		r, err := readRepository(".")
		if err != nil {
			return err
		}
		return r.tag()
	}
	return fmt.Errorf("usage: release [check | set X.Y.Z | tag]")
}
