package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// check checks that each released module, and each program, will work once the release is public. It uses each in a new
// module, which gets the released modules from a module proxy. The proxy is a directory with the content of the working
// tree; nothing is published. Compiling takes minutes and proves little that the tests do not, so the checks of every
// change only resolve all imports.
func (r *repository) check(compile bool) (err error) {
	tmp, err := os.MkdirTemp("", "release")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	env, err := environment(tmp)
	if err != nil {
		return err
	}
	sums, err := r.publish(filepath.Join(tmp, "proxy"))
	if err != nil {
		return err
	}
	for _, m := range r.modules {
		dir := filepath.Join(tmp, "user", m.dir, "try")
		switch {
		case m.isReleased():
			if err := writeFile(filepath.Join(dir, "go.sum"), sums); err != nil {
				return err
			}
			if _, err := outputWith(env, dir, "go", "mod", "init", "try"); err != nil {
				return err
			}
			_, err = outputWith(env, dir, "go", "get", m.path+"@"+r.version)
		case m.isProgram():
			err = r.copyProgram(m, dir, env)
		default:
			continue
		}
		if err != nil {
			return fmt.Errorf("module %s: %w", m.dir, err)
		}
		if err := r.use(m, dir, env, compile); err != nil {
			return fmt.Errorf("module %s: %w", m.dir, err)
		}
		fmt.Printf("ok  %s %s\n", m.path, r.version)
	}
	return nil
}

// environment returns the environment of a user's go commands. Their first module proxy is the one in tmp. The second
// is the module cache, but they do not add to it, because our modules may still change under the same version.
func environment(tmp string) ([]string, error) {
	settings, err := output(tmp, "go", "env", "GOPROXY", "GOMODCACHE")
	if err != nil {
		return nil, err
	}
	proxies, cache, _ := strings.Cut(settings, "\n")
	cache = filepath.Join(strings.TrimSpace(cache), "cache", "download")
	return []string{
		"GOPROXY=" + strings.Join([]string{fileURL(filepath.Join(tmp, "proxy")), fileURL(cache), strings.TrimSpace(proxies)}, ","),
		"GOMODCACHE=" + filepath.Join(tmp, "cache"), "GOFLAGS=-mod=mod -modcacherw", "GOWORK=off",
		"GOENV=off", "GOPRIVATE=", "GONOPROXY=", "GOSUMDB=off", // our modules come from the proxy, and are in no database
	}, nil
}

func fileURL(dir string) string {
	return "file:///" + strings.TrimPrefix(filepath.ToSlash(dir), "/")
}

// publish writes the released modules to a directory that serves as a module proxy. It returns the checksums of what
// they require, so that these need not be looked up.
func (r *repository) publish(proxy string) (sums []byte, err error) {
	license, err := os.ReadFile(filepath.Join(r.dir, "LICENSE"))
	if err != nil {
		return nil, err
	}
	for _, m := range r.modules {
		if !m.isReleased() && !m.isProgram() {
			continue
		}
		sum, err := os.ReadFile(filepath.Join(r.dir, m.dir, "go.sum"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		sums = append(sums, sum...)
		if !m.isReleased() {
			continue
		}
		gomod, err := os.ReadFile(filepath.Join(r.dir, m.dir, "go.mod"))
		if err != nil {
			return nil, err
		}
		archive, err := r.archive(m, license)
		if err != nil {
			return nil, err
		}
		info := fmt.Sprintf(`{"Version":%q,"Time":%q}`, r.version, time.Now().UTC().Format(time.RFC3339))
		for suffix, content := range map[string][]byte{".info": []byte(info), ".mod": gomod, ".zip": archive} {
			if err := writeFile(filepath.Join(proxy, m.path, "@v", r.version+suffix), content); err != nil {
				return nil, err
			}
		}
	}
	return sums, nil
}

// archive returns the zip file of a module: its files without those of the modules below it, and the license, which
// the go command adds where a module has none.
func (r *repository) archive(m module, license []byte) ([]byte, error) {
	var buffer bytes.Buffer
	w := zip.NewWriter(&buffer)
	add := func(name string, content []byte) error {
		f, err := w.Create(path.Join(m.path+"@"+r.version, name))
		if err == nil {
			_, err = f.Write(content)
		}
		return err
	}
	for _, name := range m.files {
		content, err := os.ReadFile(filepath.Join(r.dir, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		if err := add(below(m.dir, name), content); err != nil {
			return nil, err
		}
	}
	if !slices.Contains(m.files, path.Join(m.dir, "LICENSE")) {
		if err := add("LICENSE", license); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return buffer.Bytes(), err
}

// below returns the name of a file below a directory.
func below(dir, name string) string {
	if dir == "." {
		return name
	}
	return strings.TrimPrefix(name, dir+"/")
}

// copyProgram copies a program to a directory and removes its replace directives.
func (r *repository) copyProgram(m module, dir string, env []string) error {
	for _, name := range m.files {
		content, err := os.ReadFile(filepath.Join(r.dir, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(dir, filepath.FromSlash(below(m.dir, name))), content); err != nil {
			return err
		}
	}
	args := []string{"mod", "edit"}
	for required := range m.requires {
		args = append(args, "-dropreplace="+required, "-require="+required+"@"+r.version)
	}
	_, err := outputWith(env, dir, "go", args...)
	return err
}

// use resolves, or compiles, the packages of a module in dir, where a module requires it or is a copy of it. It checks
// that all of our modules there have the released version.
func (r *repository) use(m module, dir string, env []string, compile bool) error {
	args := []string{"list", "-deps", "-test", "./..."}
	if m.isReleased() {
		args = []string{"list", "-deps", m.path + "/..."}
	}
	if _, err := outputWith(env, dir, "go", args...); err != nil {
		return err
	}
	if compile {
		if _, err := outputWith(env, dir, "go", "build", args[len(args)-1]); err != nil {
			return err
		}
	}
	const format = "{{if not .Main}}{{.Path}} {{.Version}}{{if .Replace}} replaced{{end}}{{end}}"
	list, err := outputWith(env, dir, "go", "list", "-m", "-f", format, "all")
	if err != nil {
		return err
	}
	for line := range strings.Lines(list) {
		modulePath, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		if isOurs(modulePath) && version != r.version {
			return fmt.Errorf("its build uses %s %s instead of %s", modulePath, version, r.version)
		}
	}
	return nil
}
