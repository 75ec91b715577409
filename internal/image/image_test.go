// SPDX-License-Identifier: MIT

package image_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"systemlab/internal/compose"
	"systemlab/internal/engine"
	"systemlab/internal/engine/enginetest"
	"systemlab/internal/image"
	"systemlab/internal/problem"
)

// builder works on a fake engine and on the small checkout. Its tests set
// DOCKER_HOST, and so they don't run in parallel.
func builder(t *testing.T) (*image.Builder, *enginetest.Engine) {
	t.Helper()
	f, err := enginetest.Start("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	t.Setenv("DOCKER_HOST", f.Host())
	e, err := engine.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return &image.Builder{Engine: e, Source: write(t, tree())}, f
}

func changes(f *enginetest.Engine) (n int) {
	for _, c := range f.Calls() {
		if c.Changes() {
			n++
		}
	}
	return n
}

// A box is built when it is missing, from the base that is there, and then no
// more until something of it changes.
func TestEnsure(t *testing.T) {
	b, f := builder(t)
	f.AddImage("systemlab/base:trixie", "sha256:base")
	var told []string
	b.Tell = func(what string, done bool, _ time.Duration) {
		if done {
			told = append(told, what)
		}
	}
	first, err := b.Ensure(t.Context(), "box")
	if err != nil {
		t.Fatal(err)
	}
	if made := first["box"]; made.ID == "" || made.Ref != "systemlab/box:"+hash(t, b.Source, "box") {
		t.Errorf("made %+v", made)
	}
	f.SetFate(nil)
	again, err := b.Ensure(t.Context(), "box")
	if err != nil || again["box"] != first["box"] || changes(f) > 0 {
		t.Errorf("again: %+v, %d changes, %v", again, changes(f), err)
	}
	changed := tree()
	changed["services/box/box.conf"] = "a=2\n"
	b.Source = write(t, changed)
	if other, err := b.Ensure(t.Context(), "box"); err != nil || other["box"] == first["box"] {
		t.Errorf("after a change: %+v, %v", other, err)
	}
	if strings.Join(told, ", ") != "image systemlab/box, image systemlab/box" {
		t.Errorf("told %v", told)
	}
}

// The newest build is `latest` too, for who looks with docker; going back to an
// older source takes the name back.
func TestLatestFollowsTheSource(t *testing.T) {
	b, f := builder(t)
	f.AddImage("systemlab/base:trixie", "sha256:base")
	old := b.Source
	changed := tree()
	changed["services/box/box.conf"] = "a=2\n"
	for _, s := range []image.Source{old, write(t, changed), old} {
		b.Source = s
		made, err := b.Ensure(t.Context(), "box")
		if err != nil {
			t.Fatal(err)
		}
		if id, err := b.Engine.ImageID(t.Context(), "systemlab/box"); id != made["box"].ID || err != nil {
			t.Errorf("latest is %s, not %s; %v", id, made["box"].ID, err)
		}
	}
}

// A dry run changes nothing: it builds, pulls and names nothing.
func TestDry(t *testing.T) {
	b, f := builder(t)
	b.Dry = true
	f.AddImage("systemlab/box:"+hash(t, b.Source, "box"), "sha256:box") // and no `latest`
	p := &compose.Project{Services: []compose.Service{{Name: "a", Image: "systemlab/box"}, {Name: "b", Image: "systemlab/prog"}, {Name: "c", Image: "foreign:1"}}}
	if err := b.Resolve(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if n := changes(f); n > 0 {
		t.Errorf("%d changes: %v", n, f.Calls())
	}
	if s := p.Services; s[0].ImageID != "sha256:box" || s[1].ImageID != "" || !strings.HasPrefix(s[1].Image, "systemlab/prog:") || s[2].ImageID != "" {
		t.Errorf("services %+v", s)
	}
}

// An image that is not ours is used as it is; one that can't be had is named.
func TestForeign(t *testing.T) {
	b, f := builder(t)
	f.AddImage("there:1", "sha256:there")
	p := &compose.Project{Services: []compose.Service{{Name: "a", Image: "there:1"}}}
	if err := b.Resolve(t.Context(), p); err != nil || p.Services[0].ImageID != "sha256:there" || p.Services[0].Image != "there:1" {
		t.Errorf("%+v %v", p.Services[0], err)
	}
	p.Services[0].Image = "nosuch:1"
	problemOf(t, b.Resolve(t.Context(), p), problem.Build, "nosuch:1")
}

func TestBuildFails(t *testing.T) {
	t.Run("a step of a Dockerfile", func(t *testing.T) {
		b, f := builder(t)
		f.AddImage("systemlab/base:trixie", "sha256:base")
		f.Set(func(e *enginetest.Engine) { e.BuildFail = "apt-get returned 100" })
		_, err := b.Ensure(t.Context(), "box")
		problemOf(t, err, problem.Build, "systemlab/box", "returned 100", "RUN something")
	})
	t.Run("no Go toolchain", func(t *testing.T) {
		b, _ := builder(t)
		t.Setenv("PATH", "")
		_, err := b.Ensure(t.Context(), "prog")
		problemOf(t, err, problem.Build, "Go toolchain", "prog")
	})
	t.Run("no registry and no mmdebstrap", func(t *testing.T) {
		b, _ := builder(t)
		t.Setenv("PATH", "")
		_, err := b.Ensure(t.Context(), "box")
		problemOf(t, err, problem.Build, "base image", "mmdebstrap is missing", "registry")
	})
	t.Run("nothing to build from", func(t *testing.T) {
		b, _ := builder(t)
		_, err := b.Ensure(t.Context(), "hollow")
		problemOf(t, err, problem.Build, "services/hollow")
	})
	t.Run("the engine goes", func(t *testing.T) {
		b, f := builder(t)
		f.AddImage("systemlab/base:trixie", "sha256:base")
		f.SetFate(func(c enginetest.Call) enginetest.Fate {
			if c.Path == "/build" {
				return enginetest.Cut
			}
			return enginetest.Serve
		})
		_, err := b.Ensure(t.Context(), "box")
		problemOf(t, err, problem.Unreachable, "no engine answers")
	})
}

// Where the public image is there already, nothing is pulled: it gets our name.
func TestBaseFromThePublicImage(t *testing.T) {
	b, f := builder(t)
	f.AddImage("debian:trixie-slim", "sha256:debian")
	if have, err := image.HaveBase(t.Context(), b.Engine); !have || err != nil {
		t.Errorf("have the base: %v %v", have, err)
	}
	if _, err := b.Ensure(t.Context(), "box"); err != nil {
		t.Fatal(err)
	}
	for _, c := range f.Calls() {
		if c.Path == "/images/create" {
			t.Error("something was pulled")
		}
	}
	if id, err := b.Engine.ImageID(t.Context(), "systemlab/base:trixie"); id == "" || err != nil {
		t.Errorf("the base: %q %v", id, err)
	}
}

// Ctrl-C during a build is an interrupt, not a failure of the build.
func TestBuildInterrupted(t *testing.T) {
	b, f := builder(t)
	f.AddImage("systemlab/base:trixie", "sha256:base")
	ctx, cancel := context.WithCancel(t.Context())
	f.SetFate(func(c enginetest.Call) enginetest.Fate {
		if c.Path == "/build" {
			cancel()
			return enginetest.Lose
		}
		return enginetest.Serve
	})
	if _, err := b.Ensure(ctx, "box"); err == nil || ctx.Err() == nil || problem.Of(err).Kind == problem.Build {
		t.Errorf("error %v", err)
	}
}

func problemOf(t *testing.T, err error, kind problem.Kind, says ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	p := problem.Of(err)
	if p.Kind != kind || p.Hint == "" {
		t.Errorf("kind %s, hint %q, want %s: %v", p.Kind, p.Hint, kind, err)
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("%q does not say %q", err, s)
		}
	}
}
