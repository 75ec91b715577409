// SPDX-License-Identifier: MIT

package image_test

import (
	"strings"
	"testing"

	"systemlab/internal/compose"
	"systemlab/internal/problem"
)

func mine() map[string]string {
	return map[string]string{"Dockerfile": "FROM systemlab/base:trixie\nCOPY . /srv\n", "a.py": "1\n", "deep/b.py": "2\n", "left/out.bin": "x", ".dockerignore": "left\n*.md\n"}
}

// A folder is built once, on the base, and again when something of it changes
// that is not left out.
func TestOwnFolder(t *testing.T) {
	b, f := builder(t)
	f.AddImage("systemlab/base:trixie", "sha256:base")
	files := mine()
	first, err := b.Own(t.Context(), "api", program(t, files))
	if err != nil || first.ID == "" || !strings.HasPrefix(first.Ref, "systemlab/own/api:") {
		t.Fatalf("%+v %v", first, err)
	}
	f.SetFate(nil)
	files["left/out.bin"], files["notes.md"] = "y", "z"
	if same, err := b.Own(t.Context(), "api", program(t, files)); err != nil || same != first || changes(f) > 0 {
		t.Errorf("again: %+v, %d changes, %v", same, changes(f), err)
	}
	files["deep/b.py"] = "3\n"
	if other, err := b.Own(t.Context(), "api", program(t, files)); err != nil || other == first {
		t.Errorf("after a change: %+v, %v", other, err)
	}
}

// An image that a user names stays as it is: ours stands on it.
func TestOwnImage(t *testing.T) {
	b, f := builder(t)
	f.AddImage("mine:1", "sha256:0123456789abcdef0123")
	made, err := b.Own(t.Context(), "api", "mine:1")
	if err != nil || made.Ref != "systemlab/own/api:0123456789abcdef" || made.ID == "sha256:0123456789abcdef0123" {
		t.Errorf("%+v %v", made, err)
	}
}

func TestOwnRefused(t *testing.T) {
	b, f := builder(t)
	for _, tt := range []struct {
		name, program string
		kind          problem.Kind
	}{
		{"no folder", "./nosuch", problem.NotFound},
		{"no image", "nosuch", problem.NotFound},
		{"no Dockerfile", program(t, map[string]string{"a.py": "1\n"}), problem.Build},
		{"a pattern that is none", program(t, map[string]string{"Dockerfile": "FROM x\n", ".dockerignore": "[\n"}), problem.Build},
	} {
		_, err := b.Own(t.Context(), "api", tt.program)
		if p := problem.Of(err); err == nil || p.Kind != tt.kind || p.Hint == "" {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	f.BuildFail = "pull access denied"
	_, err := b.Own(t.Context(), "api", program(t, map[string]string{"Dockerfile": "FROM python:3\n"}))
	if p := problem.Of(err); err == nil || p.Kind != problem.Build || !strings.Contains(p.Hint, "FROM systemlab/base:trixie") {
		t.Errorf("a base that is not there: %v, %q", err, problem.Of(err).Hint)
	}
}

// A mark goes with the image, not with the name.
func TestMark(t *testing.T) {
	b, f := builder(t)
	f.AddImage("mine:1", "sha256:0123456789abcdef0123")
	made, err := b.Own(t.Context(), "api", "mine:1")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := b.Marked(t.Context(), made, "kept-v1"); ok || err != nil {
		t.Errorf("before: %v %v", ok, err)
	}
	if err := b.Mark(t.Context(), made, "kept-v1"); err != nil {
		t.Fatal(err)
	}
	if ok, err := b.Marked(t.Context(), made, "kept-v1"); !ok || err != nil {
		t.Errorf("after: %v %v", ok, err)
	}
	made.ID = "sha256:other"
	if ok, err := b.Marked(t.Context(), made, "kept-v1"); ok || err != nil {
		t.Errorf("of another: %v %v", ok, err)
	}
}

// A replaced service keeps its program's image; one that has gone is a clear error.
func TestResolveReplaced(t *testing.T) {
	b, f := builder(t)
	f.AddImage("systemlab/own/box:1", "sha256:own")
	p := &compose.Project{Services: []compose.Service{{Name: "box", Image: "systemlab/box", Env: map[string]string{}}}}
	if err := p.Replace("box", "./mine", "systemlab/own/box:1", nil); err != nil {
		t.Fatal(err)
	}
	if err := b.Resolve(t.Context(), p); err != nil || p.Services[0].ImageID != "sha256:own" || p.Services[0].Image != "systemlab/own/box:1" {
		t.Errorf("%+v %v", p.Services[0], err)
	}
	_ = p.Replace("box", "./mine", "systemlab/own/box:2", nil)
	if err := b.Resolve(t.Context(), p); problem.Of(err).Kind != problem.Build {
		t.Errorf("a missing image: %v", err)
	}
}
