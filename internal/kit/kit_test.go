// SPDX-License-Identifier: MIT

package kit_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"systemlab/internal/kit"
	"systemlab/internal/problem"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// images stand in for what an engine streams: they compress, and not to nothing.
func images() []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 100_000)
	for i := range b {
		b[i] = byte(r.IntN(4))
	}
	return b
}

func save(t *testing.T) (path string, m kit.Manifest) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "class.tar")
	w, err := kit.Create(path, noon)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abandon()
	err = errors.Join(
		w.Add("lab-linux-amd64", 0o755, strings.NewReader("the program")),
		w.AddPacked(kit.Images, bytes.NewReader(images())),
		w.Add("runs/20261121-101530-s5-a1b2.json.gz", 0o644, strings.NewReader("a run")),
	)
	if err != nil {
		t.Fatal(err)
	}
	m, err = w.Finish(kit.Manifest{Tool: "test", Arch: "amd64", Images: []kit.Image{{Ref: "systemlab/api:1", ID: "sha256:1"}}})
	if err != nil {
		t.Fatal(err)
	}
	return path, m
}

func TestWhatGoesInComesOut(t *testing.T) {
	t.Parallel()
	path, m := save(t)
	k, err := kit.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if k.Tool != "test" || k.Binary() != "lab-linux-amd64" || len(k.Images) != 1 || len(k.Parts) != 4 || !k.Created.Equal(noon) || len(k.SHA256) != 64 {
		t.Errorf("manifest %+v", k.Manifest)
	}
	stream, done, err := k.Unpacked(kit.Images)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	if got, err := io.ReadAll(stream); err != nil || !bytes.Equal(got, images()) {
		t.Errorf("%d bytes of images, %v", len(got), err)
	}
	if p := m.Parts[2]; p.Plain != 100_000 || p.Bytes >= p.Plain {
		t.Errorf("images %+v", p)
	}
	part, err := k.Part("runs/20261121-101530-s5-a1b2.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(part); string(got) != "a run" {
		t.Errorf("run %q", got)
	}
	if _, err := k.Part("nosuch"); err == nil {
		t.Error("a part that is not there")
	}
	if _, err := os.Stat(path + ".partial"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
}

// Who has no lab yet takes the program out with tar.
func TestItIsAPlainTar(t *testing.T) {
	t.Parallel()
	path, _ := save(t)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var names []string
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Name == "lab-linux-amd64" && h.Mode != 0o755 {
			t.Errorf("mode %o", h.Mode)
		}
		names = append(names, h.Name)
	}
	want := []string{"README.txt", "lab-linux-amd64", "images.tar.zst", "runs/20261121-101530-s5-a1b2.json.gz", "manifest.json", "manifest.sha256"}
	if !slices.Equal(names, want) {
		t.Errorf("parts %v", names)
	}
}

func refused(t *testing.T, path string, kind problem.Kind) {
	t.Helper()
	k, err := kit.Open(t.Context(), path)
	if err == nil {
		k.Close()
		t.Errorf("%s was taken", path)
		return
	}
	if p := problem.Of(err); p.Kind != kind || p.Hint == "" || strings.Contains(p.Error(), "\n") {
		t.Errorf("%s: %s %q", path, p.Kind, p.Error())
	}
}

// However short it is, and whichever byte of what matters was altered.
func TestDamage(t *testing.T) {
	t.Parallel()
	path, _ := save(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(b []byte) string {
		p := filepath.Join(dir, "damaged.tar")
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for n := 700; n < len(whole)-1024; n += 997 {
		refused(t, write(whole[:n]), problem.Storage)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		at := 600 + r.IntN(len(whole)-600-2048)
		b := bytes.Clone(whole)
		b[at] ^= 0x10
		k, err := kit.Open(t.Context(), write(b))
		if err == nil { // only the filling between two parts may be altered
			k.Close()
			if whole[at] != 0 {
				t.Errorf("byte %d was altered and nobody noticed", at)
			}
		}
	}
	refused(t, write([]byte("no kit at all")), problem.Usage)
	refused(t, write(nil), problem.Usage)
	refused(t, filepath.Join(dir, "nosuch.tar"), problem.NotFound)
	refused(t, write(bytes.Replace(whole, []byte(`"sha256":`), []byte(`"sha257":`), 1)), problem.Storage)
}

func TestNewerFormat(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "newer.tar")
	w, err := kit.Create(path, noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.FinishAs(kit.Format+1, kit.Manifest{}); err != nil {
		t.Fatal(err)
	}
	refused(t, path, problem.Storage)
}

// A stream that fails leaves nothing behind, nor does it touch what was there.
func TestHalfAKit(t *testing.T) {
	t.Parallel()
	path, _ := save(t)
	before, _ := os.ReadFile(path)
	w, err := kit.Create(path, noon)
	if err != nil {
		t.Fatal(err)
	}
	lost := errors.New("the engine has gone")
	if err := w.AddPacked(kit.Images, io.MultiReader(bytes.NewReader(images()), failing{lost})); !errors.Is(err, lost) {
		t.Errorf("error %v", err)
	}
	w.Abandon()
	after, _ := os.ReadFile(path)
	entries, _ := os.ReadDir(filepath.Dir(path))
	if !bytes.Equal(before, after) || len(entries) != 1 {
		t.Errorf("%d files", len(entries))
	}
	if _, err := kit.Create(filepath.Join(path, "below-a-file"), noon); problem.Of(err).Kind != problem.Storage {
		t.Errorf("error %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestInterrupted(t *testing.T) {
	t.Parallel()
	path, _ := save(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := kit.Open(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestCarries(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "lab-linux-amd64")
	if err := os.WriteFile(program, []byte("\x7fELF one two \x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	tree := fstest.MapFS{"a": {Data: []byte("one")}, "d/b": {Data: []byte("two")}}
	if ok, err := kit.Carries(program, tree); !ok || err != nil {
		t.Errorf("%v %v", ok, err)
	}
	tree["d/c"] = &fstest.MapFile{Data: []byte("three")}
	if ok, err := kit.Carries(program, tree); ok || err != nil {
		t.Errorf("%v %v", ok, err)
	}
	if _, err := kit.Carries(program+"x", tree); err == nil {
		t.Error("no such program")
	}
}
