// SPDX-License-Identifier: MIT

package trial_test

import (
	"encoding/json"
	"io"
	"math"
	"path/filepath"
	"testing"
	"time"

	"systemlab/internal/compose"
	"systemlab/internal/engine"
	"systemlab/internal/engine/enginetest"
	"systemlab/internal/record"
	"systemlab/internal/trial"
	"systemlab/loadgen"
)

// stack is an engine that fakes one service, and its generator a program of the test's.
func stack(t *testing.T, generator func(stdin io.Reader, stdout, stderr io.Writer) int) *engine.Engine {
	t.Helper()
	f, err := enginetest.Start(filepath.Join(t.TempDir(), "docker.sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	f.Set(func(e *enginetest.Engine) {
		e.AnyImage = true
		e.Services["load"] = enginetest.Behaviour{Program: generator}
	})
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
	return e
}

// short is a run of a generator whose time of day is off.
func short(t *testing.T, off time.Duration) *record.Run {
	t.Helper()
	e := stack(t, func(stdin io.Reader, stdout, _ io.Writer) int {
		var o loadgen.Order
		if json.NewDecoder(stdin).Decode(&o) != nil {
			return 1
		}
		out := json.NewEncoder(stdout)
		for _, m := range []loadgen.Message{
			{Hello: &loadgen.Hello{Now: time.Now().Add(off), PID: 1}},
			{Window: &record.Window{Seconds: 1}},
			{Result: &loadgen.Result{Order: o, DurationSeconds: 1}},
		} {
			if out.Encode(m) != nil {
				return 1
			}
		}
		return 0
	})
	run, err := trial.Run(t.Context(), trial.Options{Engine: e, Project: "p", Network: "p_web", Generator: "load",
		Order: loadgen.Order{Target: "http://api", Workload: "ping", Pace: "1", DurationSeconds: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// A run keeps that the generator's clock was off, here on an engine that is not of
// this machine.
func TestRunKeepsAnotherClock(t *testing.T) {
	for _, off := range []time.Duration{0, time.Hour, -5 * time.Second} {
		run := short(t, off)
		if c := run.Clock; math.Abs(c.AheadSeconds-off.Seconds()) > 0.5 || (c.AheadSeconds == 0) != (off == 0) || !c.Remote || math.Abs(c.StepSeconds) > 0.05 {
			t.Errorf("off by %s: %+v", off, c)
		}
		if late := time.Since(run.Started); late < 0 || late > time.Minute {
			t.Errorf("off by %s: the run began %s ago by this machine's clock", off, late)
		}
	}
}

// A run keeps that the machine's clock was set while it ran.
func TestRunKeepsASetClock(t *testing.T) {
	for _, by := range []time.Duration{2 * time.Second, -time.Hour} {
		right := trial.SetTimeOfDay(by)
		run := short(t, 0)
		right()
		if c := run.Clock; math.Abs(c.StepSeconds-by.Seconds()) > 0.05 || c.AheadSeconds != 0 {
			t.Errorf("set by %s: %+v", by, c)
		}
	}
}
