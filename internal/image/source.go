// SPDX-License-Identifier: MIT

// Package image names and builds the images that a project needs: the base,
// the boxes on top of it, and the Go services. An image's tag is the hash of
// what went into it, so an edited service is built anew by the next `up` and an
// unchanged one never is.
package image

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"systemlab/internal/problem"
)

const module = "systemlab"

// Source is a tree that holds stages/ and services/ and what the Go services
// are built from: a checkout, or the copy that the binary carries.
type Source struct{ Dir string }

// FindSource takes the checkout around dir, if it is in one, and else unpacks
// the embedded tree under cache, once for each version of it.
func FindSource(dir, cache string, embedded fs.FS) (Source, error) {
	for d := dir; ; d = filepath.Dir(d) {
		if b, err := os.ReadFile(filepath.Join(d, "go.mod")); err == nil && bytes.HasPrefix(b, []byte("module "+module+"\n")) {
			return Source{d}, nil
		}
		if d == filepath.Dir(d) {
			break
		}
	}
	files, err := readAll(embedded)
	if err != nil {
		return Source{}, err
	}
	target := filepath.Join(cache, "source-"+hashFiles(files))
	if _, err := os.Stat(target); err == nil {
		return Source{target}, nil
	}
	return Source{target}, unpack(target, files)
}

type file struct {
	name string // slash-separated, relative
	data []byte
}

func readAll(tree fs.FS) ([]file, error) {
	var out []file
	err := fs.WalkDir(tree, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(tree, p)
		out = append(out, file{p, b})
		return err
	})
	return out, err
}

// unpack writes beside the target first, so that one cut short is never taken for whole.
func unpack(target string, files []file) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return storage(err, target)
	}
	tmp, err := os.MkdirTemp(filepath.Dir(target), "unpack-")
	if err != nil {
		return storage(err, target)
	}
	defer os.RemoveAll(tmp)
	for _, f := range files {
		p := filepath.Join(tmp, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return storage(err, target)
		}
		mode := fs.FileMode(0o644)
		if strings.HasSuffix(f.name, ".sh") || bytes.HasPrefix(f.data, []byte("#!")) {
			mode = 0o755
		}
		if err := os.WriteFile(p, f.data, mode); err != nil {
			return storage(err, target)
		}
	}
	if err := os.Rename(tmp, target); err != nil && !errorsIsExist(target) {
		return storage(err, target)
	}
	return nil
}

func errorsIsExist(path string) bool { _, err := os.Stat(path); return err == nil }

func storage(err error, where string) error {
	return problem.Wrap(err, problem.Storage, "can't write "+where, "free some space, or set XDG_CACHE_HOME to another place")
}

// inputs are the files that a service's image is made of: its folder for one
// with a Dockerfile; for a Go service every package of ours that it reaches,
// and the module's versions.
func (s Source) inputs(service string) ([]file, error) {
	dir := path.Join("services", service)
	if s.isGo(service) {
		return s.goInputs(dir)
	}
	if _, err := os.Stat(filepath.Join(s.Dir, filepath.FromSlash(dir), "Dockerfile")); err != nil {
		return nil, problem.Newf(problem.Build, "it needs a Dockerfile or a main.go",
			"there is nothing to build image %s/%s from in %s", module, service, dir)
	}
	tree, err := fs.Sub(os.DirFS(s.Dir), dir)
	if err != nil {
		return nil, err
	}
	files, err := readAll(tree)
	return slices.DeleteFunc(files, func(f file) bool {
		return f.name == "compose.yaml" || strings.HasSuffix(f.name, ".md") || strings.HasSuffix(f.name, ".go")
	}), err
}

func (s Source) isGo(service string) bool {
	_, err := os.Stat(filepath.Join(s.Dir, "services", service, "main.go"))
	return err == nil
}

func (s Source) goInputs(dir string) ([]file, error) {
	var out []file
	for _, name := range []string{"go.mod", "go.sum"} {
		b, err := os.ReadFile(filepath.Join(s.Dir, name))
		if err != nil {
			return nil, err
		}
		out = append(out, file{name, b})
	}
	seen, queue := map[string]bool{}, []string{dir}
	for len(queue) > 0 {
		d := queue[0]
		queue = queue[1:]
		if seen[d] {
			continue
		}
		seen[d] = true
		entries, err := os.ReadDir(filepath.Join(s.Dir, filepath.FromSlash(d)))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			name := path.Join(d, e.Name())
			if e.IsDir() || strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "compose.yaml") || strings.HasSuffix(name, ".md") {
				continue
			}
			b, err := os.ReadFile(filepath.Join(s.Dir, filepath.FromSlash(name)))
			if err != nil {
				return nil, err
			}
			out = append(out, file{name, b})
			if strings.HasSuffix(name, ".go") {
				more, err := ownImports(name, b)
				if err != nil {
					return nil, err
				}
				queue = append(queue, more...)
			}
		}
	}
	return out, nil
}

// ownImports are the folders of this module that a file imports.
func ownImports(name string, src []byte) ([]string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, i := range f.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err == nil && strings.HasPrefix(p, module+"/") {
			out = append(out, strings.TrimPrefix(p, module+"/"))
		}
	}
	return out, nil
}

func hashFiles(files []file) string {
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%s %d\n", f.name, len(f.data))
		_, _ = io.Copy(h, bytes.NewReader(f.data))
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}
