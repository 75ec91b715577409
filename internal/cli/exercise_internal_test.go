// SPDX-License-Identifier: MIT

package cli

import (
	"bytes"
	"context"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"systemlab/internal/exercise"
	"systemlab/internal/record"
)

// All shipped exercises fit their stages: services, stages and workloads are there.
func TestShippedExercisesFit(t *testing.T) {
	t.Setenv("LAB_SOURCE", filepath.Join("..", ".."))
	a := &app{}
	all, err := a.exercises()
	if err != nil || len(all) < 9 {
		t.Fatalf("%d exercises: %v", len(all), err)
	}
	for _, e := range all {
		if why, err := a.misfits(t.Context(), e); err != nil || len(why) > 0 {
			t.Errorf("%s: %q, %v", e.Name, why, err)
		}
	}
	bad := all[0]
	bad.Stage, bad.Predict = 2, nil
	bad.Begin.Limits = map[string]float64{"nosuch": 1}
	bad.Begin.Env = []string{"redis.X=1"}
	if why, err := a.misfits(t.Context(), bad); err != nil || len(why) != 2 {
		t.Errorf("%q, %v", why, err)
	}
}

// What an exercise begins with stays whatever the learner changes, where no container
// was made anew for it too, until the stack is down or of another stage.
func TestBeginningStays(t *testing.T) {
	l := newLaboratory(t, "3")
	lab := func(args ...string) {
		t.Helper()
		if code := Run(t.Context(), l.app.Streams, "test", append(args, "-p", "s")); code != 0 {
			t.Fatalf("lab %v: exit code %d", args, code)
		}
	}
	is := func(api int, pool string, cores float64) {
		t.Helper()
		here := l.session().observed.Of("api")
		if len(here) != api {
			t.Fatalf("%d replicas of the api, want %d", len(here), api)
		}
		for _, c := range here {
			if c.Overrides()["POOL"] != pool || c.LimitCores != cores {
				t.Errorf("%s: POOL=%q, %g cores; want %q, %g", c.Name, c.Overrides()["POOL"], c.LimitCores, pool, cores)
			}
		}
	}
	lab("exercise", "start", "two-small-ones", "--name", "Ada")
	is(1, "", 0.25)
	lab("up", "3", "--limit", "api=0.2")
	is(1, "", 0.2)
	lab("scale", "api=2")
	is(2, "", 0.2)
	lab("exercise", "start", "same-cores-more")
	is(3, "off", 0.25)
	lab("up", "3")
	is(3, "off", 0.25)
	lab("scale", "api=1")
	is(1, "off", 0.25)
	lab("up", "3")
	is(3, "off", 0.25)
	lab("up", "3", "--env", "api.POOL=on")
	is(3, "on", 0.25)
	lab("up", "4")
	is(3, "", 0.25)
	lab("up", "3")
	is(3, "", 0.25)
	lab("exercise", "start", "two-small-ones")
	is(1, "", 0.25)
	lab("down")
	lab("up", "3")
	is(3, "", 0.25)
}

// A plant is found by the one who names it and by no other, whatever else was
// named: the limits that the engine has are what is raised, and they are put back.
func TestAttributionIsMeasured(t *testing.T) {
	l := newLaboratory(t, "4")
	if code := Run(t.Context(), l.app.Streams, "test", []string{"up", "4", "--limit", "postgres=0.15", "-p", "s"}); code != 0 {
		t.Fatalf("up: exit code %d", code)
	}
	e, err := l.app.exercise("who-holds-up")
	if err != nil {
		t.Fatal(err)
	}
	before := l.limits()
	if before["postgres"] != 0.15 {
		t.Fatalf("limits %v", before)
	}
	if err := l.session().asBegun(t.Context(), e); err != nil {
		t.Error(err)
	}
	for named, solved := range map[string]bool{"postgres": true, "api": false, "nginx": false} {
		p := l.prover()
		model := l.model(map[string]float64{"postgres": 0.002, "api": 0.001, "nginx": 0.0003})
		p.load = func(ctx context.Context, clients int) (*record.Run, error) {
			run, err := model(ctx, clients)
			run.Pace = "clients:" + strconv.Itoa(clients)
			return run, err
		}
		runs, err := p.attribute(t.Context(), named)
		if err != nil {
			t.Fatal(err)
		}
		of := evidence(runs)
		if len(of[exercise.AsIs]) != 3 || len(of[exercise.Raised]) != 3 || len(of[exercise.Decoy]) != 3 || len(of[exercise.Unneeded]) < 2 {
			t.Errorf("%s: %d, %d, %d and %d runs", named, len(of[exercise.AsIs]), len(of[exercise.Raised]), len(of[exercise.Decoy]), len(of[exercise.Unneeded]))
		}
		if m := e.Mark(exercise.Given{Answer: named}, 1, of); !m.Decided || m.Solved != solved {
			t.Errorf("%s: %+v", named, m)
		}
		if refs, err := refs(runs); err != nil || len(refs) != len(runs) || len(refs[0].SHA256) != 64 {
			t.Errorf("%s: %d refs, %v", named, len(refs), err)
		}
		if after := l.limits(); after["postgres"] != before["postgres"] || after[named] != before[named] {
			t.Errorf("%s: limits %v, before %v", named, after, before)
		}
	}
}

// Once measuring began a prediction stays; after a reset another may be sealed, and
// what was sealed first is what is graded.
func TestPredictionStaysSealed(t *testing.T) {
	t.Setenv("LAB_SOURCE", filepath.Join("..", ".."))
	t.Setenv("LAB_HOME", t.TempDir())
	run := func(args ...string) (int, string) {
		var out bytes.Buffer
		code := Run(t.Context(), Streams{Out: &out, Err: &out}, "test", append([]string{"exercise"}, args...))
		return code, out.String()
	}
	says := func(code int, word string, args ...string) {
		t.Helper()
		if got, text := run(args...); got != code || !strings.Contains(text, word) {
			t.Errorf("lab exercise %s: exit code %d, want %d and %q in:\n%s", strings.Join(args, " "), got, code, word, text)
		}
	}
	says(0, "Ada, class spring", "start", "cache-takes", "--name", "Ada", "--class", "spring")
	says(0, "sealed: 3 to 8, 80% sure", "predict", "cache-takes", "3..8")
	says(0, "sealed: 2 to 4, 60% sure", "predict", "cache-takes", "2..4", "--sure", "60%")
	a := &app{Streams: Streams{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}}
	d, err := a.doing("cache-takes")
	if err != nil {
		t.Fatal(err)
	}
	if err := learnerLog().Append(d.entry(exercise.Measuring)); err != nil {
		t.Fatal(err)
	}
	says(11, "measuring it has begun", "predict", "cache-takes", "5..6")
	says(0, "what is graded stays what you sealed first: 2 to 4, 60% sure", "reset", "cache-takes")
	says(2, "nothing to reset", "reset", "cache-takes")
	says(0, "what is graded stays what you sealed first: 2 to 4, 60% sure", "predict", "cache-takes", "5..6")
	says(0, "predicted", "list", "5")
	l, err := learnerLog().Read()
	if err != nil || len(l.Entries) != 6 || l.Entries[0].Time.After(time.Now()) || l.Entries[0].Seed != (exercise.Learner{Name: "Ada", Class: "spring"}).Seed("cache-takes") {
		t.Errorf("%+v, %v", l.Entries, err)
	}
}

// What a check came to ends with a code of its own.
func TestMarkCodes(t *testing.T) {
	for want, m := range map[int]exercise.Mark{0: {Decided: true, Solved: true, Points: 88}, 13: {Why: "too noisy"}, 16: {Decided: true, Points: 12, Why: "it misses"}} {
		for _, output := range []string{"text", "json"} {
			var out bytes.Buffer
			a := &app{Streams: Streams{Out: &out, Err: &out}, output: output}
			d := doing{Exercise: exercise.Exercise{Name: "x", Explain: "because"}}
			err := a.printMark(d, exercise.Entry{Mark: &m})
			got := 0
			if code, ok := err.(exitCode); ok {
				got = int(code)
			} else if err != nil {
				t.Error(err)
			}
			if got != want || strings.Contains(out.String(), "because") != m.Solved || !strings.Contains(out.String(), m.Why) {
				t.Errorf("%+v, %s: exit code %d\n%s", m, output, got, out.String())
			}
		}
	}
}
