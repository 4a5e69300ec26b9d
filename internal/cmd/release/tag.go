package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// tag creates a signed tag for each released module, after it has checked that they can be released.
func (r *repository) tag() error {
	changelog, err := os.ReadFile(filepath.Join(r.dir, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	heading := regexp.MustCompile(`(?m)^## \[` + regexp.QuoteMeta(r.version[1:]) + `\] - \d{4}-\d\d-\d\d$`)
	if !heading.Match(changelog) {
		return fmt.Errorf("CHANGELOG.md has no heading ## [%s] - YYYY-MM-DD", r.version[1:])
	}
	changes, err := output(r.dir, "git", "status", "--porcelain")
	if err != nil {
		return err
	}
	if changes != "" {
		return fmt.Errorf("there are changes that are not committed:\n%s", changes)
	}
	var tags []string
	for _, m := range r.modules {
		if m.isReleased() {
			tags = append(tags, m.tag(r.version))
		}
	}
	existing, err := output(r.dir, "git", append([]string{"tag", "--list"}, tags...)...)
	if err != nil {
		return err
	}
	if existing != "" {
		return fmt.Errorf("these tags exist, and must never move:\n%s", existing)
	}
	if err := r.check(true); err != nil {
		return err
	}
	for _, tag := range tags {
		if _, err := output(r.dir, "git", "tag", "-s", tag, "-m", tag); err != nil {
			return err
		}
	}
	fmt.Printf("\nThe tags exist in this clone only. To release, push all of them at once:\n\n\tgit push --atomic origin %s\n", strings.Join(tags, " "))
	return nil
}
