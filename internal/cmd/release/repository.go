package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// released are the directories of the modules that are released, each after those that it requires. They all have the
// same version.
var released = []string{".", "configfile", "credentials", "otel", "temporal"}

// programs are patterns of directories of modules that are not released, but must work with the released ones, because
// people copy them to modules of their own.
var programs = []string{"examples/*", "internal/consumer"}

// private are patterns of directories of all other modules.
var private = []string{"bench", "internal/cmd/contract/importer", "internal/*test", "temporal/e2e", "tools"}

// repository is the working tree, including files that git does not know yet.
type repository struct {
	dir     string
	version string   // with its v
	modules []module // in the order of released, then the others
}

type module struct {
	dir      string // with slashes, "." for the root
	path     string
	requires map[string]string // our own modules, and the versions
	files    []string          // below the root of the repository, with slashes
}

func (m module) isReleased() bool { return slices.Contains(released, m.dir) }

func (m module) isProgram() bool { return matches(programs, m.dir) }

// tag is the git tag of a version of the module.
func (m module) tag(version string) string { return path.Join(m.dir, version) }

func matches(patterns []string, dir string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, _ := path.Match(pattern, dir)
		return ok
	})
}

var versionConstant = regexp.MustCompile(`(?m)^const Version = "(.*)"$`)

// versionPattern matches the versions below v2, which the paths of our modules allow.
var versionPattern = regexp.MustCompile(`^[01]\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$`)

// readRepository reads the modules and checks that their requirements fit together.
func readRepository(dir string) (*repository, error) {
	client, err := os.ReadFile(filepath.Join(dir, "client.go"))
	if err != nil {
		return nil, err
	}
	constant := versionConstant.FindSubmatch(client)
	if constant == nil || !versionPattern.Match(constant[1]) {
		return nil, fmt.Errorf("client.go has no constant Version such as 1.2.3")
	}
	r := &repository{dir: dir, version: "v" + string(constant[1])}
	if err := r.readModules(); err != nil {
		return nil, err
	}
	return r, r.checkRequirements()
}

func (r *repository) readModules() error {
	files, err := listFiles(r.dir)
	if err != nil {
		return err
	}
	var dirs []string
	for _, name := range files {
		if path.Base(name) == "go.mod" {
			dirs = append(dirs, path.Dir(name))
		}
	}
	slices.SortStableFunc(dirs, func(a, b string) int { return rank(a) - rank(b) })
	for _, dir := range dirs {
		m, err := readModule(r.dir, dir)
		if err != nil {
			return err
		}
		for _, name := range files {
			if owner(dirs, name) == dir {
				m.files = append(m.files, name)
			}
		}
		r.modules = append(r.modules, m)
	}
	for _, dir := range released {
		if !slices.Contains(dirs, dir) {
			return fmt.Errorf("module %s does not exist", dir)
		}
	}
	return nil
}

// listFiles lists the regular files that git does not ignore, or all regular files if the directory is no git
// repository.
func listFiles(dir string) (files []string, err error) {
	if _, err := os.Stat(filepath.Join(dir, ".git")); err != nil {
		err = fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() {
				files = append(files, name)
			}
			return err
		})
		return files, err
	}
	list, err := output(dir, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(list, "\x00") {
		info, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(name)))
		if err == nil && info.Mode().IsRegular() { // not deleted, and no link
			files = append(files, name)
		}
	}
	return files, nil
}

// rank returns the position of a module in released; other modules come last.
func rank(dir string) int {
	if i := slices.Index(released, dir); i >= 0 {
		return i
	}
	return len(released)
}

// owner returns the directory of the module that a file belongs to.
func owner(dirs []string, name string) string {
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		if dir == "." || slices.Contains(dirs, dir) {
			return dir
		}
	}
}

func readModule(root, dir string) (module, error) {
	text, err := output(filepath.Join(root, dir), "go", "mod", "edit", "-json")
	if err != nil {
		return module{}, err
	}
	var file struct {
		Module  struct{ Path string }
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		return module{}, err
	}
	m := module{dir: dir, path: file.Module.Path, requires: map[string]string{}}
	for _, require := range file.Require {
		if isOurs(require.Path) {
			m.requires[require.Path] = require.Version
		}
	}
	return m, nil
}

const rootPath = "github.com/paperspace-go/paperspace"

func isOurs(modulePath string) bool {
	return modulePath == rootPath || strings.HasPrefix(modulePath, rootPath+"/")
}

// checkRequirements checks that each module is either released or not, and that released modules require the version
// that is being released, of modules whose tags come before theirs. A replace directive in a go.mod has no effect on
// those who use the module, so these requirements must be real.
func (r *repository) checkRequirements() error {
	tagged := map[string]bool{}
	for _, m := range r.modules {
		if !m.isReleased() {
			if !m.isProgram() && !matches(private, m.dir) {
				return fmt.Errorf("module %s is new: add it to one of the lists in internal/cmd/release/repository.go", m.dir)
			}
			continue
		}
		if want := path.Join(rootPath, m.dir); m.path != want {
			return fmt.Errorf("module %s has the path %s instead of %s", m.dir, m.path, want)
		}
		for required, version := range m.requires {
			switch {
			case !tagged[required]:
				return fmt.Errorf("module %s requires %s, which is not released before it", m.dir, required)
			case version != r.version:
				return fmt.Errorf("module %s requires %s %s instead of %s: run .ci/release set %s", m.dir, required, version, r.version, r.version[1:])
			}
		}
		tagged[m.path] = true
	}
	return nil
}

// setVersion writes the version to client.go and to the requirements of all modules that have one of ours.
func setVersion(dir, version string) error {
	if !versionPattern.MatchString(version) {
		return fmt.Errorf("%q is not a version such as 1.2.3", version)
	}
	file := filepath.Join(dir, "client.go")
	client, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	changed := versionConstant.ReplaceAll(client, []byte(`const Version = "`+version+`"`))
	if !bytes.Contains(changed, []byte(`const Version = "`+version+`"`)) {
		return fmt.Errorf("client.go has no constant Version")
	}
	if err := os.WriteFile(file, changed, 0o644); err != nil {
		return err
	}
	r := &repository{dir: dir}
	if err := r.readModules(); err != nil {
		return err
	}
	for _, m := range r.modules {
		for required := range m.requires {
			if _, err := output(filepath.Join(dir, m.dir), "go", "mod", "edit", "-require="+required+"@v"+version); err != nil {
				return err
			}
		}
	}
	return nil
}

// output runs a command and returns what it prints.
func output(dir, name string, args ...string) (string, error) {
	return outputWith(nil, dir, name, args...)
}

// outputWith runs a command with additional environment variables.
func outputWith(env []string, dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return stdout.String(), nil
}

func writeFile(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, content, 0o644)
}
