// SPDX-License-Identifier: MIT

package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"systemlab/internal/problem"
)

// buildContext is what an engine builds from, in the order of its names.
type buildContext struct {
	files  []entry
	bytes  int64
	hash   string
	onBase bool // it stands on lab's base image
}

// entry is one file: its data, or where that is.
type entry struct {
	name string
	mode fs.FileMode
	size int64
	link string // of a symbolic link: where it points
	data []byte
	path string // where the data is, if not in data
}

// collect lists a folder, without what its .dockerignore leaves out. As docker
// does, the Dockerfile goes along in any case.
func (c *buildContext) collect(dir string) error {
	ignored, err := ignore(dir)
	if err != nil {
		return err
	}
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		leave, err := ignored.MatchesOrParentMatches(rel)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if leave && name != "Dockerfile" {
			if d.IsDir() && !ignored.Exclusions() {
				return fs.SkipDir
			}
			return nil
		}
		return c.add(name, path, d)
	})
}

func (c *buildContext) add(name, path string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	e := entry{name: name, path: path, mode: 0o644}
	if info.Mode()&0o111 != 0 || runtime.GOOS == "windows" { // where no file says that it is a program, all may be
		e.mode = 0o755
	}
	switch {
	case info.Mode().IsRegular():
		e.size = info.Size()
	case info.Mode()&fs.ModeSymlink != 0:
		if e.link, err = os.Readlink(path); err != nil {
			return err
		}
	default:
		return nil // folders come with their files; sockets and the like are nothing to build from
	}
	c.bytes += e.size
	c.files = append(c.files, e)
	return nil
}

func ignore(dir string) (*patternmatcher.PatternMatcher, error) {
	file := filepath.Join(dir, ".dockerignore")
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	patterns, err := ignorefile.ReadAll(bytes.NewReader(text))
	if err == nil {
		var m *patternmatcher.PatternMatcher
		if m, err = patternmatcher.New(patterns); err == nil {
			return m, nil
		}
	}
	return nil, problem.Wrap(err, problem.Build, "can't understand "+file, "a pattern a line, as for docker build")
}

func (e entry) open() (io.ReadCloser, error) {
	if e.path == "" {
		return io.NopCloser(bytes.NewReader(e.data)), nil
	}
	return os.Open(e.path)
}

// sum is the hash of all of it: names, contents, links, and who may be run.
func (c *buildContext) sum() (string, error) {
	h := sha256.New()
	for _, e := range c.files {
		fmt.Fprintf(h, "%q %o %d %q\n", e.name, e.mode, e.size, e.link)
		if e.link != "" {
			continue
		}
		if err := e.copy(h); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

func (e entry) copy(w io.Writer) error {
	r, err := e.open()
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(w, r)
	return err
}

// tar streams it; done must be called when nobody reads any more.
func (c *buildContext) tar() (stream io.Reader, done func()) {
	r, w := io.Pipe()
	go func() { _ = w.CloseWithError(c.write(tar.NewWriter(w))) }()
	return r, func() { _ = r.Close() }
}

func (c *buildContext) write(t *tar.Writer) error {
	for _, e := range c.files {
		h := &tar.Header{Name: e.name, Mode: int64(e.mode), Size: e.size, Format: tar.FormatPAX}
		if e.link != "" {
			h.Typeflag, h.Linkname = tar.TypeSymlink, e.link
		}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if e.link == "" {
			if err := e.copy(t); err != nil {
				return err
			}
		}
	}
	return t.Close()
}
