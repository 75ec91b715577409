// SPDX-License-Identifier: MIT

package image_test

import (
	"archive/tar"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"systemlab"
	"systemlab/internal/image"
	"systemlab/internal/problem"
)

// tree is a small checkout: a box with a Dockerfile, a Go service that reaches
// two packages, one of them through the other, and a package that it does not.
func tree() map[string]string {
	return map[string]string{
		"go.mod": "module systemlab\n\ngo 1.26\n", "go.sum": "",
		"services/box/Dockerfile": "FROM base\n", "services/box/box.conf": "a=1\n", "services/box/sub/more": "x\n",
		"services/box/compose.yaml": "services: {}\n", "services/box/README.md": "# Box\n",
		"services/prog/main.go":      "package main\n\nimport (\n\t\"fmt\"\n\tnear \"systemlab/services/internal/near\"\n)\n\nfunc main() { fmt.Println(near.X) }\n",
		"services/prog/main_test.go": "package main\n", "services/prog/compose.yaml": "services: {}\n", "services/prog/data.json": "{}",
		"services/internal/near/near.go":  "package near\n\nimport \"systemlab/deep\"\n\nvar X = deep.X\n",
		"services/internal/other/some.go": "package other\n", "deep/deep.go": "package deep\n\nvar X = 1\n",
		"services/hollow/note": "no Dockerfile and no main.go\n",
	}
}

// program is a folder with these files in it.
func program(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func write(t *testing.T, files map[string]string) image.Source {
	t.Helper()
	return image.Source{Dir: program(t, files)}
}

func hash(t *testing.T, s image.Source, service string) string {
	t.Helper()
	h, err := s.Hash(service)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// A tag changes exactly when something changes that goes into the image.
func TestHash(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, service, file, text string
		changes                   bool
	}{
		{"a box's configuration", "box", "services/box/box.conf", "a=2\n", true},
		{"a box's Dockerfile", "box", "services/box/Dockerfile", "FROM base\nRUN x\n", true},
		{"a file in a folder of a box", "box", "services/box/sub/more", "y\n", true},
		{"a new file of a box", "box", "services/box/new", "", true},
		{"a program", "prog", "services/prog/main.go", tree()["services/prog/main.go"] + "// changed\n", true},
		{"what a program may embed", "prog", "services/prog/data.json", "[]", true},
		{"a package that a program imports", "prog", "services/internal/near/near.go", "package near\n\nvar X = 2\n", true},
		{"a package behind that one", "prog", "deep/deep.go", "package deep\n\nvar X = 2\n", true},
		{"the versions of libraries", "prog", "go.sum", "x\n", true},
		// What must not: a hash too eager makes every up a build.
		{"how a box is run", "box", "services/box/compose.yaml", "services: {a: {}}\n", false},
		{"what is written about a box", "box", "services/box/README.md", "# Other\n", false},
		{"another box", "box", "services/prog/main.go", "package main\n\nfunc main() {}\n", false},
		{"the versions of libraries, to a box", "box", "go.sum", "x\n", false},
		{"how a program is run", "prog", "services/prog/compose.yaml", "services: {a: {}}\n", false},
		{"a program's tests", "prog", "services/prog/main_test.go", "package main\n\nvar x int\n", false},
		{"the tests of what it imports", "prog", "deep/deep_test.go", "package deep\n", false},
		{"a package that it doesn't import", "prog", "services/internal/other/some.go", "package other\n\nvar Y int\n", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			before := hash(t, write(t, tree()), c.service)
			changed := tree()
			changed[c.file] = c.text
			if after := hash(t, write(t, changed), c.service); (after != before) != c.changes {
				t.Errorf("before %s, after %s", before, after)
			}
		})
	}
}

// Two files may not trade their bytes, nor a name its end, without a change.
func TestHashTellsNamesFromBytes(t *testing.T) {
	t.Parallel()
	one := map[string]string{"services/b/Dockerfile": "x", "services/b/a": "1", "services/b/b": "2"}
	two := maps.Clone(one)
	two["services/b/a"], two["services/b/b"] = "2", "1"
	if hash(t, write(t, one), "b") == hash(t, write(t, two), "b") {
		t.Error("bytes that trade places leave the hash as it is")
	}
}

func TestHashRefuses(t *testing.T) {
	t.Parallel()
	broken := tree()
	broken["services/prog/main.go"] = "package main\n\nimport (\n"
	lost := tree()
	delete(lost, "deep/deep.go")
	for name, c := range map[string]struct {
		files   map[string]string
		service string
	}{"nothing to build from": {tree(), "hollow"}, "no such service": {tree(), "nosuch"}, "Go that is none": {broken, "prog"}, "a package that is gone": {lost, "prog"}} {
		if _, err := write(t, c.files).Hash(c.service); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	_, err := write(t, tree()).Hash("hollow")
	if p := problem.Of(err); p.Kind != problem.Build || !strings.Contains(p.Message, "services/hollow") || p.Hint == "" {
		t.Errorf("problem %+v", p)
	}
}

func TestOwnImports(t *testing.T) {
	t.Parallel()
	src := "package x\n\nimport (\n\t\"fmt\"\n\ta \"systemlab/one\"\n\t_ \"systemlab/two/three\"\n\t\"systemlabs/not\"\n\t\"example.org/systemlab/not\"\n)\n"
	got, err := image.OwnImports("x.go", []byte(src))
	if d := cmp.Diff([]string{"one", "two/three"}, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

// embedded is the tree as a binary carries it: without modes.
func embedded() fs.FS {
	out := fstest.MapFS{}
	for name, text := range tree() {
		out[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o444}
	}
	out["services/box/run.sh"] = &fstest.MapFile{Data: []byte("echo\n"), Mode: 0o444}
	out["services/box/start"] = &fstest.MapFile{Data: []byte("#!/bin/sh\n"), Mode: 0o444}
	return out
}

func TestFindSourceInACheckout(t *testing.T) {
	t.Parallel()
	s := write(t, tree())
	cache := t.TempDir()
	got, err := image.FindSource(filepath.Join(s.Dir, "services", "box", "sub"), cache, embedded())
	if err != nil || got != s {
		t.Errorf("source %v, %v, want %v", got, err, s)
	}
	if left, _ := os.ReadDir(cache); len(left) > 0 {
		t.Errorf("in a checkout the cache got %v", left)
	}
}

// Outside of a checkout the tree is unpacked once; another module is none.
func TestFindSourceUnpacks(t *testing.T) {
	t.Parallel()
	elsewhere := write(t, map[string]string{"go.mod": "module systemlab2\n"}).Dir
	cache := filepath.Join(t.TempDir(), "not", "there", "yet")
	first, err := image.FindSource(elsewhere, cache, embedded())
	if err != nil {
		t.Fatal(err)
	}
	if hash(t, first, "prog") != hash(t, write(t, tree()), "prog") {
		t.Error("what is unpacked is not what was embedded")
	}
	for name, want := range map[string]fs.FileMode{"run.sh": 0o755, "start": 0o755, "box.conf": 0o644} {
		info, err := os.Stat(filepath.Join(first.Dir, "services", "box", name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want %v", name, info.Mode(), err, want)
		}
	}
	mark := filepath.Join(first.Dir, "mark")
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := image.FindSource(elsewhere, cache, embedded())
	if _, gone := os.Stat(mark); err != nil || again != first || gone != nil {
		t.Errorf("the second time: %v, %v; the mark: %v", again, err, gone)
	}
	newer := embedded().(fstest.MapFS)
	newer["go.sum"] = &fstest.MapFile{Data: []byte("newer\n")}
	if other, err := image.FindSource(elsewhere, cache, newer); err != nil || other == first {
		t.Errorf("another version is at %v too: %v", other, err)
	}
	entries, _ := os.ReadDir(cache)
	if len(entries) != 2 {
		t.Errorf("the cache holds %v", entries)
	}
}

// An unpacking cut short leaves no tree that is taken for whole.
func TestFindSourceAfterACut(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	broken := embedded().(fstest.MapFS)
	broken["zz/"+strings.Repeat("x", 300)] = &fstest.MapFile{} // longer than a name may be: fails after others are written
	if _, err := image.FindSource(t.TempDir(), cache, broken); err == nil {
		t.Fatal("no error")
	}
	if left, _ := os.ReadDir(cache); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	// A process that was killed leaves its own folder; the next takes no notice.
	if err := os.MkdirAll(filepath.Join(cache, "unpack-1", "stages"), 0o755); err != nil {
		t.Fatal(err)
	}
	if s, err := image.FindSource(t.TempDir(), cache, embedded()); err != nil || hash(t, s, "box") == "" {
		t.Errorf("%v %v", s, err)
	}
}

func TestFindSourceAtOnce(t *testing.T) {
	t.Parallel()
	cache, dir := t.TempDir(), t.TempDir()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if s, err := image.FindSource(dir, cache, embedded()); err != nil {
				t.Error(err)
			} else if _, err := s.Hash("prog"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestFindSourceNowhereToWrite(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := image.FindSource(t.TempDir(), filepath.Join(file, "below"), embedded())
	if p := problem.Of(err); p.Kind != problem.Storage || p.Hint == "" {
		t.Errorf("problem %+v", p)
	}
}

// The binary must carry all that its services are built from, so that one that
// is installed elsewhere builds the very same images.
func TestBinaryCarriesAll(t *testing.T) {
	t.Parallel()
	checkout := image.Source{Dir: filepath.Join("..", "..")}
	carried, err := image.FindSource(t.TempDir(), t.TempDir(), systemlab.Source)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(checkout.Dir, "services"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == "internal" || !e.IsDir() {
			continue
		}
		// A service may be another one's image, started differently: then there is nothing to build.
		described, err := os.ReadFile(filepath.Join(checkout.Dir, "services", e.Name(), "compose.yaml"))
		if err == nil && !strings.Contains(string(described), "image: systemlab/"+e.Name()+"\n") {
			continue
		}
		want, err := checkout.Packages(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		got, err := carried.Packages(e.Name())
		if err != nil {
			t.Errorf("%s: %v", e.Name(), err)
		}
		if d := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); d != "" {
			t.Errorf("%s (-checkout +carried):\n%s", e.Name(), d)
		}
	}
}

func TestTarOf(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("very/long/", 30) + "name"
	r, err := image.TarOf(long, "text")
	if err != nil {
		t.Fatal(err)
	}
	in := tar.NewReader(r)
	h, err := in.Next()
	if err != nil || h.Name != long || h.FileInfo().Mode().Perm() != 0o755 {
		t.Fatalf("%+v %v", h, err)
	}
	if b, err := io.ReadAll(in); string(b) != "text" || err != nil {
		t.Errorf("%q %v", b, err)
	}
	if _, err := in.Next(); err != io.EOF {
		t.Errorf("after it: %v", err)
	}
}

func TestGoArch(t *testing.T) {
	t.Parallel()
	for engine, want := range map[string]string{"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64", "riscv64": "riscv64"} {
		if got := image.GoArch(engine); got != want {
			t.Errorf("goArch(%s) = %s, want %s", engine, got, want)
		}
	}
}
