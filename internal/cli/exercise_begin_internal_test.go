// SPDX-License-Identifier: MIT

package cli

import (
	"bytes"
	"context"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"systemlab/internal/engine"
	"systemlab/internal/engine/enginetest"
	"systemlab/internal/exercise"
	"systemlab/internal/fault"
	"systemlab/internal/problem"
	"systemlab/internal/record"
	"systemlab/stages"
)

// says runs a command and gives all that it prints.
func (l laboratory) says(args ...string) string {
	var out bytes.Buffer
	Run(l.t.Context(), Streams{Out: &out, Err: &out}, "test", append(args, "-p", "s"))
	return out.String()
}

// A stack that an exercise begins with has its variables, replicas and limits.
func TestBegins(t *testing.T) {
	l := newLaboratory(t, "1")
	e := exercise.Exercise{Name: "x", Stage: 3, Begin: exercise.Change{Env: []string{"api.POOL=off"}, Scale: map[string]int{"api": 1}, Limits: map[string]float64{"postgres": 0.15}}}
	if err := l.app.begin(t.Context(), e, 1); err != nil {
		t.Fatal(err)
	}
	s := l.session()
	api := s.observed.Of("api")
	if limits := l.limits(); len(api) != 1 || api[0].Overrides()["POOL"] != "off" || limits["postgres"] != 0.15 || limits["api"] != 0.25 {
		t.Errorf("%d api, %v, %v", len(api), api[0].Overrides(), limits)
	}
	e.Begin.Scale = map[string]int{"postgres": 2}
	if err := l.app.begin(t.Context(), e, 1); problem.Of(err).Kind != problem.Unsupported {
		t.Errorf("two of one volume: %v", err)
	}
}

// A reach exercise may have a data set of its own size; a stack whose data set has another
// one is refused when it starts, not when somebody has worked on it.
func TestReachAndTheDataSet(t *testing.T) {
	l := newLaboratory(t, "1")
	e := exercise.Exercise{Name: "x", Stage: 3, Reach: &exercise.Goal{}, Begin: exercise.Change{Env: []string{"postgres.SEED_MESSAGES=1000"}}}
	if err := l.app.begin(t.Context(), e, 1); err != nil {
		t.Fatal(err)
	}
	if err := l.session().sameData(t.Context(), e); err != nil {
		t.Errorf("as it begins: %v", err)
	}
	e.Begin.Env = nil
	if err := l.app.begin(t.Context(), e, 1); problem.Of(err).Kind != problem.Unsupported || !strings.Contains(err.Error(), "SEED_MESSAGES=1000") {
		t.Errorf("begun with another data set: %v", err)
	}
	e.Begin.Env = []string{"postgres.SEED_MESSAGES=500000"} // the stage's own
	other := newLaboratory(t, "1")
	if err := other.app.begin(t.Context(), e, 1); err != nil {
		t.Fatal(err)
	}
	e.Begin.Env = nil
	if err := other.session().sameData(t.Context(), e); err != nil {
		t.Errorf("the stage's own size: %v", err)
	}
}

// No command tells what an exercise has broken, and each that should heals it.
func TestRiddleIsNotTold(t *testing.T) {
	l := newLaboratory(t, "5")
	before := l.limits()
	for _, c := range []struct {
		fault  exercise.Fault
		healer []string
	}{
		{exercise.Fault{What: "redis", How: "disconnect"}, []string{"heal"}},
		{exercise.Fault{What: "api-2", How: "cpu=10%"}, []string{"heal", "-o", "json"}},
		{exercise.Fault{What: "all:api", How: "memory=64m"}, []string{"up", "5"}},
		{exercise.Fault{What: "redis", How: "pause"}, []string{"scale", "api=3"}},
	} {
		f := c.fault
		if err := l.app.hide(t.Context(), "who-is-ill", f); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"status"}, {"status", "-o", "json"}, {"up", "5", "--dry-run"}, {"heal", "redis"}, {"break", "redis", f.How}, {"break", "api-2", f.How},
			{"drill", "redis-killed"}, {"explain", "--prove"}, c.healer} {
			said := l.says(args...)
			if !strings.Contains(said, "who-is-ill") {
				t.Errorf("lab %v says nothing of it:\n%s", args, said)
			}
			for line := range strings.Lines(said) {
				told := strings.Contains(line, f.How) || strings.Contains(line, "s-redis") || strings.Contains(line, "s-api")
				if told && (args[0] != "status" || strings.Contains(line, "exercise")) {
					t.Errorf("lab %v tells of %v:\n%s", args, f, line)
				}
			}
		}
		if _, left := fault.Riddle(l.session().observed); left || l.limits()["api"] != before["api"] {
			t.Errorf("after lab %v: a fault is left: %v, limits %v", c.healer, left, l.limits())
		}
	}
}

// A diagnosis needs its own fault, and an answer that can be read, before anything runs.
func TestDiagnosisIsRefused(t *testing.T) {
	l := newLaboratory(t, "5")
	e, err := l.app.exercise("who-is-ill")
	if err != nil {
		t.Fatal(err)
	}
	for answer, kind := range map[string]problem.Kind{"redis": problem.Usage, "redis frob": problem.Usage, "redis pause": problem.Unsupported} {
		if _, err := l.app.measureDiagnose(t.Context(), e, exercise.Given{Answer: answer}, 1); problem.Of(err).Kind != kind {
			t.Errorf("%q: %v", answer, err)
		}
	}
	if err := l.app.hide(t.Context(), "another", exercise.Fault{What: "redis", How: "disconnect"}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.app.measureDiagnose(t.Context(), e, exercise.Given{Answer: "redis pause"}, 1); problem.Of(err).Kind != problem.Unsupported {
		t.Errorf("another one's fault: %v", err)
	}
}

// A check of reach that fails, or is interrupted, leaves the learner's stack running
// and none of its own.
func TestReachLeavesNothing(t *testing.T) {
	l := newLaboratory(t, "3")
	e, err := l.app.exercise("same-cores-more")
	if err != nil {
		t.Fatal(err)
	}
	held, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(l.session().stack.Port)))) // the fake engine holds no port
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	frozen := func() bool {
		return slices.ContainsFunc(l.engine.State().Boxes, func(b enginetest.Box) bool { return strings.HasPrefix(b.Name, "s-api") && b.State == "paused" })
	}
	seen := make(chan bool, 1)
	go func() { // Ctrl-C as soon as the learner's stack is frozen
		for !frozen() && ctx.Err() == nil {
			runtime.Gosched()
		}
		seen <- frozen()
		interrupt()
	}()
	_, err = l.app.measureReach(ctx, e, exercise.Given{}, 1)
	interrupt()
	if err == nil {
		t.Error("it was interrupted")
	}
	if !<-seen {
		t.Errorf("the learner's stack was not frozen in the other one's turn: %v", err)
	}
	for _, b := range l.engine.State().Boxes {
		if strings.HasPrefix(b.Name, "s-exercise") || b.State == "paused" {
			t.Errorf("%s is %s", b.Name, b.State)
		}
	}
	if c := l.session().observed.Containers; slices.ContainsFunc(c, func(c engine.Container) bool { return c.State != "running" }) {
		t.Errorf("%+v", c)
	}
}

// Every exercise that ships with lab can begin, its faults and its reference can be
// made, and what must solve it is within its budget.
func TestShippedExercisesCanBegin(t *testing.T) {
	t.Setenv("LAB_SOURCE", filepath.Join("..", ".."))
	a := &app{project: "s"}
	all, err := a.exercises()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[exercise.Kind]int{}
	cores := func(e exercise.Exercise, changes ...exercise.Change) float64 {
		st, err := stages.Find(filepath.Join("..", ".."), beginsAs(e).stage)
		if err != nil {
			t.Fatal(err)
		}
		p, err := st.Load(t.Context(), "s", stages.Given{Port: 8080, Password: "x"})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			for service, n := range c.Scale {
				if err := scaleTo(p, service, n); err != nil {
					t.Errorf("%s: %v", e.Name, err)
				}
			}
			for service, n := range c.Limits {
				if err := p.Limit(service, n); err != nil {
					t.Errorf("%s: %v", e.Name, err)
				}
			}
			if err := override(p, c.Env); err != nil {
				t.Errorf("%s: %v", e.Name, err)
			}
		}
		sum := 0.0
		for _, s := range p.Services {
			sum += s.Cores * float64(s.Replicas)
		}
		return sum
	}
	for _, e := range all {
		kinds[e.Kind]++
		begins, solved := cores(e, e.Begin), cores(e, e.Begin, e.Reference.Change)
		cores(e, e.Begin, e.Naive.Change)
		switch e.Kind {
		case exercise.Reach:
			if solved > e.Reach.Budget*begins+1e-9 {
				t.Errorf("%s: the reference has %g cores of %g", e.Name, solved, e.Reach.Budget*begins)
			}
		case exercise.Survive:
			if e.Survive.Script == nil || solved > e.Survive.Budget+1e-9 || begins > e.Survive.Budget {
				t.Errorf("%s: %g cores, then %g, of %g", e.Name, begins, solved, e.Survive.Budget)
			}
		case exercise.Diagnose:
			for _, f := range e.Diagnose.Faults {
				if _, err := fault.Parse(f.How); err != nil {
					t.Errorf("%s: %v", e.Name, err)
				}
				run := &record.Run{}
				m := e.Mark(exercise.Given{Answer: f.What + " " + f.How}, 1, exercise.Evidence{exercise.Broken: {run}, exercise.Mended: {run}})
				if strings.Contains(m.Why, "no way") {
					t.Errorf("%s: %v can't be answered: %+v", e.Name, f, m)
				}
			}
		}
	}
	for _, kind := range exercise.Kinds() {
		if kinds[kind] < 2 {
			t.Errorf("%d exercises of kind %s", kinds[kind], kind)
		}
	}
}
