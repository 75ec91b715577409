// SPDX-License-Identifier: MIT

package engine_test

import (
	"strings"
	"testing"
	"time"

	"systemlab/internal/compose"
	"systemlab/internal/engine"
	"systemlab/internal/engine/enginetest"
	"systemlab/internal/problem"
)

// Each failure of an up names what failed and says what to do next, and ends
// the rest: nothing begins after it.
func TestApplyFails(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		spoil func(*enginetest.Engine)
		kind  problem.Kind
		says  []string
		hint  string
	}{
		{"the port is taken", func(f *enginetest.Engine) { f.TakePort("8080") }, problem.Port, []string{"port 8080", "127.0.0.1"}, "--port"},
		{"a container dies", func(f *enginetest.Engine) {
			f.Set(func(e *enginetest.Engine) {
				e.Services["db"] = enginetest.Behaviour{Dies: true, ExitCode: 3, Log: "1\n2\n3\n4\n5\nno space\nFATAL: gave up\n"}
			})
		}, problem.Unhealthy, []string{"p-db-1", "exit code 3", "FATAL: gave up", "no space", "\n  3\n"}, "lab logs db"},
		{"a container dies without a word", func(f *enginetest.Engine) {
			f.Set(func(e *enginetest.Engine) { e.Services["db"] = enginetest.Behaviour{Dies: true, ExitCode: 137} })
		}, problem.Unhealthy, []string{"p-db-1 ended with exit code 137"}, "lab logs db"},
		{"a container without a check dies", func(f *enginetest.Engine) {
			f.Set(func(e *enginetest.Engine) {
				e.Services["app"] = enginetest.Behaviour{Dies: true, ExitCode: 1, Log: "bad flag"}
			})
		}, problem.Unhealthy, []string{"p-app-", "exit code 1", "bad flag"}, "lab logs app"},
		{"a container is unhealthy", func(f *enginetest.Engine) {
			f.Set(func(e *enginetest.Engine) {
				e.Services["db"] = enginetest.Behaviour{Unhealthy: true, Log: "who am I\n"}
			})
		}, problem.Unhealthy, []string{"p-db-1", "unhealthy", "who am I"}, "lab logs db"},
		{"an image is gone", func(f *enginetest.Engine) { f.Set(func(e *enginetest.Engine) { e.AnyImage = false }) }, problem.Internal, []string{"create p-", "No such image"}, "again"},
		{"the engine dies", func(f *enginetest.Engine) {
			f.SetFate(func(c enginetest.Call) enginetest.Fate {
				if strings.HasSuffix(c.Path, "/start") {
					f.Kill()
				}
				return enginetest.Serve
			})
		}, problem.Unreachable, []string{"no engine answers at tcp://"}, "make engine"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := fake(t)
			c.spoil(f)
			e := open(t, f)
			p := load(t, small)
			failed, later := false, 0
			steps := engine.Reconcile(p, observe(t, e, "p"), oneStack)
			serial := make(chan struct{}, 1)
			err := e.Apply(t.Context(), steps, func(s engine.Step, done bool, _ time.Duration, err error) {
				serial <- struct{}{}
				defer func() { <-serial }()
				if failed && !done && s.Kind == engine.StartContainer && s.Target == "p-web-1" {
					later++ // it waits, through app, for db
				}
				failed = failed || err != nil
			})
			got := kind(t, err, c.kind)
			for _, say := range c.says {
				if !strings.Contains(got.Error(), say) {
					t.Errorf("%q does not say %q", got.Error(), say)
				}
			}
			if !strings.Contains(got.Hint, c.hint) {
				t.Errorf("hint %q, want %q in it", got.Hint, c.hint)
			}
			if !failed || later > 0 {
				t.Errorf("told of a failure: %v; steps that began after it: %d", failed, later)
			}
		})
	}
}

// What was made before a failure stays, and once the cause is gone the same
// command goes on from there.
func TestApplyAfterFailure(t *testing.T) {
	t.Parallel()
	p := load(t, small)
	whole := fake(t)
	up(t, open(t, whole), p)
	for name, bad := range map[string]enginetest.Behaviour{
		"died": {Dies: true, ExitCode: 1}, "unhealthy": {Unhealthy: true},
	} {
		f := fake(t)
		f.Set(func(e *enginetest.Engine) { e.Services["db"] = bad })
		e := open(t, f)
		if err := e.Apply(t.Context(), plan(t, e, p), nil); err == nil {
			t.Errorf("%s: no error", name)
		}
		f.Set(func(e *enginetest.Engine) { e.Services = nil })
		up(t, e, p)
		same(t, name, whole.State(), f.State())
	}
}

// The engine calls a container unhealthy that was paused, until its next check;
// one that answers is fine.
func TestPausedIsNotUnhealthy(t *testing.T) {
	t.Parallel()
	f := fake(t)
	e := open(t, f)
	p := load(t, small)
	up(t, e, p)
	f.SetState("p-db-1", "paused")
	f.SetHealth("p-db-1", "unhealthy")
	up(t, e, p)
}

// The engine goes in the middle and comes back with what it held.
func TestEngineDiesAndComesBack(t *testing.T) {
	t.Parallel()
	p := load(t, small)
	f := fake(t)
	e := open(t, f)
	f.SetFate(func(c enginetest.Call) enginetest.Fate {
		if strings.HasSuffix(c.Path, "/containers/create") {
			f.Kill()
		}
		return enginetest.Serve
	})
	kind(t, e.Apply(t.Context(), plan(t, e, p), nil), problem.Unreachable)
	_, err := e.Observe(t.Context(), "p")
	kind(t, err, problem.Unreachable)
	up(t, afterwards(t, f), p)
}

// A container that is removed while it is waited for is named.
func TestRemovedWhileItStarts(t *testing.T) {
	t.Parallel()
	f := fake(t)
	f.Set(func(e *enginetest.Engine) { e.Services["db"] = enginetest.Behaviour{Mute: true} })
	e := open(t, f)
	f.SetFate(func(c enginetest.Call) enginetest.Fate {
		if strings.HasPrefix(c.Path, "/exec/") {
			f.Remove("p-db-1")
		}
		return enginetest.Serve
	})
	err := e.Apply(t.Context(), plan(t, e, load(t, small)), nil)
	if p := kind(t, err, problem.Unhealthy); !strings.Contains(p.Message, "p-db-1 was removed") {
		t.Errorf("it says %q", p.Message)
	}
}

// A service that the stack doesn't have is answered with those that it has.
func TestFind(t *testing.T) {
	t.Parallel()
	o := standing(load(t, small))
	if got, err := o.Find("app"); err != nil || len(got) != 2 {
		t.Errorf("app: %d containers, %v", len(got), err)
	}
	_, err := o.Find("redis")
	if p := kind(t, err, problem.NotFound); p.Hint != "one of: app, db, web" {
		t.Errorf("hint %q", p.Hint)
	}
}

// An engine finishes what a killed lab had asked for: a container may come to be
// after the snapshot. One of the project's own is replaced; another's is not.
func TestNameTakenSinceTheSnapshot(t *testing.T) {
	t.Parallel()
	f := fake(t)
	e := open(t, f)
	p := load(t, small)
	up(t, e, p)
	app, _ := p.Service("app")
	app.Replicas = 3
	first, second := plan(t, e, p), plan(t, e, p)
	for _, plan := range []*engine.Plan{first, second} {
		if err := e.Apply(t.Context(), plan, nil); err != nil {
			t.Fatal(err)
		}
	}
	if left := plan(t, e, p); len(left.Steps) > 0 {
		t.Errorf("there is still to do:\n%s", left)
	}
	// SAD PATH: two projects whose names lead to one container's name.
	theirs, mine := load(t, "services: {b-a: {image: x}}"), load(t, "services: {a: {image: x}}")
	for name, project := range map[string]*compose.Project{"z": theirs, "z-b": mine} {
		project.Name, project.Networks[0].Name = name, name+"_default"
	}
	up(t, e, theirs)
	err := e.Apply(t.Context(), plan(t, e, mine), nil)
	if p := kind(t, err, problem.Internal); !strings.Contains(p.Error(), "z-b-a-1") {
		t.Errorf("it says %q", p.Error())
	}
	if left := plan(t, e, theirs); len(left.Steps) > 0 {
		t.Errorf("the other project's container was touched:\n%s", left)
	}
}
