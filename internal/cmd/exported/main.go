// Command exported records the exported API in testdata/api.txt. Run it in the root of the repository after a change to
// the exported API, and with -release at a release.
package main

import (
	"errors"
	"flag"
	"io/fs"
	"log"
	"os"

	"github.com/paperspace-go/paperspace/internal/exported"
)

func main() {
	log.SetFlags(0)
	release := flag.Bool("release", false, "start a new record from the current API, at a release")
	named := flag.String("named", "", "exit with status 0 if CHANGELOG.md names `name` as a breaking change and with 1 otherwise; write nothing")
	flag.Parse()

	changelog, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		log.Fatal(err)
	}
	if *named != "" {
		if !exported.Named(*named, string(changelog)) {
			os.Exit(1)
		}
		return
	}
	const file = "testdata/api.txt"
	record, err := exported.Read(file)
	if errors.Is(err, fs.ErrNotExist) {
		*release = true // this is the first record
	} else if err != nil {
		log.Fatal(err)
	}
	lines, err := exported.Lines(exported.Dirs...)
	if err != nil {
		log.Fatal(err)
	}
	record = exported.Update(record, lines)
	for _, entry := range exported.Unnamed(record, string(changelog)) {
		log.Printf("name %s in CHANGELOG.md, under Changed or Removed: %s", exported.Name(entry[2:]), entry)
	}
	if *release {
		record = exported.Release(record)
	}
	if err := exported.Write(file, record); err != nil {
		log.Fatal(err)
	}
}
