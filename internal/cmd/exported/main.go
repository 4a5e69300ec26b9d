// Command exported records what the packages export in testdata/api.txt. Run it in the root of the repository after a
// change to the API, and with -release when a version is released.
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
	release := flag.Bool("release", false, "a version is released: begin anew from what there is")
	named := flag.String("named", "", "only tell, by the exit status, whether CHANGELOG.md names this as a breaking change")
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
		*release = true // the first record
	} else if err != nil {
		log.Fatal(err)
	}
	lines, err := exported.Lines(".", "paperspacetest")
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
