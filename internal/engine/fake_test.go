// SPDX-License-Identifier: MIT

package engine_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"systemlab/internal/compose"
	"systemlab/internal/engine"
	"systemlab/internal/engine/enginetest"
	"systemlab/internal/problem"
)

// oneStack is what holds for every project of these tests.
var oneStack = engine.Stack{Stage: "01-small", Port: 8080, Password: "secret"}

// fake starts a fake engine that holds every image.
func fake(t *testing.T) *enginetest.Engine {
	t.Helper()
	f, err := enginetest.Start("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	f.Set(func(e *enginetest.Engine) { e.AnyImage = true })
	return f
}

// open connects to it.
func open(t *testing.T, f *enginetest.Engine) *engine.Engine {
	t.Helper()
	e, err := engine.OpenAt(t.Context(), f.Host())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func observe(t *testing.T, e *engine.Engine, project string) engine.Observed {
	t.Helper()
	o, err := e.Observe(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// plan is what would make the engine match the project now.
func plan(t *testing.T, e *engine.Engine, p *compose.Project) *engine.Plan {
	t.Helper()
	return engine.Reconcile(p, observe(t, e, p.Name), oneStack)
}

// up makes the engine match the project, and holds that nothing is left to do.
func up(t *testing.T, e *engine.Engine, p *compose.Project) {
	t.Helper()
	if err := e.Apply(t.Context(), plan(t, e, p), nil); err != nil {
		t.Fatal(err)
	}
	if again := plan(t, e, p); len(again.Steps) > 0 {
		t.Errorf("after an up there is still to do:\n%s", again)
	}
}

// same compares what two engines hold.
func same(t *testing.T, what string, want, got enginetest.State) {
	t.Helper()
	text := func(s enginetest.State) string {
		b, err := json.MarshalIndent(s, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if reflect.DeepEqual(want, got) { // by far the most frequent, and quick
		return
	}
	if d := cmp.Diff(text(want), text(got)); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// kind checks an error's kind and that it says what to do next.
func kind(t *testing.T, err error, want problem.Kind) *problem.Error {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one of kind %s", want)
	}
	p := problem.Of(err)
	if p.Kind != want || p.Hint == "" {
		t.Errorf("kind %s, hint %q, want kind %s: %v", p.Kind, p.Hint, want, err)
	}
	return p
}
