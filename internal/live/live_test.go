// SPDX-License-Identifier: MIT

package live_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"systemlab/internal/compose"
	"systemlab/internal/engine"
	"systemlab/internal/engine/enginetest"
	"systemlab/internal/live"
	"systemlab/internal/record"
	"systemlab/internal/tui"
)

// watched is a source over a fake engine with one api on it, and all that it has told so far.
type watched struct {
	t      *testing.T
	fake   *enginetest.Engine
	engine *engine.Engine
	source *live.Source
	told   []tui.Event
}

func watch(t *testing.T) *watched {
	t.Helper()
	f, err := enginetest.Start(filepath.Join(t.TempDir(), "docker.sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	f.Set(func(e *enginetest.Engine) { e.AnyImage = true })
	t.Setenv("DOCKER_HOST", f.Host())
	e, err := engine.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	p := &compose.Project{Name: "p", Services: []compose.Service{{
		Name: "api", Image: "api", ImageID: "api", Replicas: 1, Env: map[string]string{}, Networks: []compose.Attachment{{Network: "web"}},
	}}, Networks: []compose.Network{{Key: "web", Name: "p_web"}}}
	o, err := e.Observe(t.Context(), "p")
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Apply(t.Context(), engine.Reconcile(p, o, engine.Stack{Stage: "01-small", Port: 8080, Password: "x"}), nil); err != nil {
		t.Fatal(err)
	}
	w := &watched{t: t, fake: f, engine: e}
	w.source = live.New(live.Options{
		Engine: e, Project: "p",
		Describe: func(context.Context, engine.Observed) (live.Stage, error) {
			return live.Stage{Stage: record.Stage{Number: 1, Name: "01-small"}, Target: "http://api", Workload: "ping", Workloads: []string{"ping"}}, nil
		},
		Generator: func(context.Context) (string, error) { return "load", nil },
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.source.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return w
}

// until polls the feed, as the view does, until an event is as it should be.
func (w *watched) until(what string, is func(tui.Event) bool) {
	w.t.Helper()
	w.within(10*time.Second, what, is)
}

func (w *watched) within(patience time.Duration, what string, is func(tui.Event) bool) {
	w.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		events, _ := w.source.Poll(time.Now())
		w.told = append(w.told, events...)
		for i, e := range w.told {
			if is(e) {
				w.told = w.told[i+1:]
				return
			}
		}
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatalf("never told: %s; but %+v", what, w.told)
		}
	}
}

func state(want string) func(tui.Event) bool {
	return func(e tui.Event) bool {
		return e.Stack != nil && len(e.Stack.Containers) == 1 && e.Stack.Containers[0].State == want
	}
}

func TestWhatHappensOutside(t *testing.T) {
	w := watch(t)
	w.until("the stack as it is", state("running"))
	if err := w.source.Kill(t.Context(), "p-api-1"); err != nil {
		t.Fatal(err)
	}
	w.until("it died", func(e tui.Event) bool {
		return e.Happened != nil && e.Happened.Kind == "die" && e.Happened.Container == "p-api-1"
	})
	w.until("and is gone", state("exited"))
	if err := w.source.Start(t.Context(), "p-api-1"); err != nil {
		t.Fatal(err)
	}
	w.until("it is back", state("running"))
	for what, act := range map[string]func(context.Context, string) error{"kill": w.source.Kill, "pause": w.source.Pause, "start": w.source.Start, "stop": w.source.Stop} {
		if err := act(t.Context(), "another-1"); err == nil || !strings.Contains(err.Error(), "no container another-1") {
			t.Errorf("%s of what is not ours: %v", what, err)
		}
	}
}

func TestEngineGoesAndComesBack(t *testing.T) {
	w := watch(t)
	w.until("the stack as it is", state("running"))
	w.fake.Kill()
	w.until("that it is gone", func(e tui.Event) bool { return e.Trouble != nil && strings.Contains(*e.Trouble, "does not answer") })
	if err := w.fake.Revive(); err != nil {
		t.Fatal(err)
	}
	w.until("that it is back", func(e tui.Event) bool { return e.Trouble != nil && *e.Trouble == "" })
	if err := w.source.Pause(t.Context(), "p-api-1"); err != nil {
		t.Fatal(err)
	}
	w.until("what happens after it", state("paused"))
}

// What happens after the first look, and before anyone listens for events, is seen soon all the same.
func TestWhatNobodyHeard(t *testing.T) {
	w := watch(t)
	w.until("the stack as it is", state("running"))
	w.fake.Kill()
	w.until("that it is gone", func(e tui.Event) bool { return e.Trouble != nil && *e.Trouble != "" })
	var once sync.Once
	w.fake.SetFate(func(c enginetest.Call) enginetest.Fate {
		if strings.HasSuffix(c.Path, "/events") {
			once.Do(func() { w.fake.SetState("p-api-1", "paused") })
		}
		return enginetest.Serve
	})
	if err := w.fake.Revive(); err != nil {
		t.Fatal(err)
	}
	w.until("the stack as it was", state("running"))
	w.within(6*time.Second, "what happened meanwhile", state("paused")) // it looks every 10 s anyway
}

func TestHandsWithoutALoad(t *testing.T) {
	w := watch(t)
	w.until("the stack as it is", state("running"))
	if _, err := w.source.Save(t.Context()); err == nil || !strings.Contains(err.Error(), "start a load") {
		t.Errorf("save: %v", err)
	}
	if err := w.source.StopLoad(t.Context()); err == nil {
		t.Error("a load that does not run was stopped")
	}
	if err := w.source.SetRate(t.Context(), 300); err == nil {
		t.Error("the rate of no load was set")
	}
	if err := w.source.StartLoad(t.Context(), "nosuch", 100); err == nil || !strings.Contains(err.Error(), "nosuch") {
		t.Errorf("a workload that is none: %v", err)
	}
}
