// SPDX-License-Identifier: MIT

package fault_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systemlab/internal/compose"
	"systemlab/internal/engine"
	"systemlab/internal/engine/enginetest"
	"systemlab/internal/fault"
	"systemlab/internal/problem"
)

// up puts two boxes on a fake engine, one network between them.
func up(t *testing.T) (*enginetest.Engine, *engine.Engine) {
	t.Helper()
	f, err := enginetest.Start("")
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
	net := compose.Network{Key: "web", Name: "p_web"}
	s := compose.Service{Name: "api", Image: "api", ImageID: "1", Replicas: 2, Cores: 0.5, Memory: 128 << 20,
		Networks: []compose.Attachment{{Network: "web", Aliases: []string{"door"}}}}
	p := &compose.Project{Name: "p", Services: []compose.Service{s}, Networks: []compose.Network{net}}
	if err := e.Apply(t.Context(), engine.Reconcile(p, engine.Observed{Project: "p"}, engine.Stack{Stage: "s", Port: 8080}), nil); err != nil {
		t.Fatal(err)
	}
	return f, e
}

func breakIt(ctx context.Context, e *engine.Engine, what, how string) ([]fault.Standing, error) {
	f, err := fault.Parse(how)
	if err != nil {
		return nil, err
	}
	o, err := e.Observe(ctx, "p")
	if err != nil {
		return nil, err
	}
	targets, err := fault.Resolve(what, o, nil)
	if err != nil {
		return nil, err
	}
	return fault.Breaker{Engine: e, Project: "p"}.BreakAll(ctx, targets, f)
}

func heal(t *testing.T, e *engine.Engine) []fault.Standing {
	t.Helper()
	healed, err := fault.Breaker{Engine: e, Project: "p"}.Heal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return healed
}

func text(t *testing.T, s enginetest.State) string {
	t.Helper()
	b, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var kinds = []string{"kill", "stop", "pause", "restart", "disconnect", "disconnect=web", "cpu=10%", "memory=64m"}

func TestBreakIsKnownAndHealed(t *testing.T) {
	f, e := up(t)
	before := text(t, f.State())
	for _, how := range kinds {
		broken, err := breakIt(t.Context(), e, "all:api", how)
		if err != nil || len(broken) != 2 {
			t.Fatalf("%s: %v, %v", how, broken, err)
		}
		o, err := e.Observe(t.Context(), "p")
		if err != nil {
			t.Fatal(err)
		}
		momentary := how == "restart"
		if in := fault.InForce(o); len(in) != 2 && !momentary || momentary && len(in) != 0 || !momentary && (in[0].How != how || in[0].Means == "") {
			t.Errorf("%s: known are %v", how, in)
		}
		if !momentary && text(t, f.State()) == before {
			t.Errorf("%s changed nothing", how)
		}
		heal(t, e)
		if d := cmp.Diff(before, text(t, f.State())); d != "" {
			t.Errorf("after %s and healing (-before +after):\n%s", how, d)
		}
	}
	if again := heal(t, e); len(again) != 0 {
		t.Errorf("healed what was whole: %v", again)
	}
}

// Wherever lab is killed in the middle of a break, and again in the middle of the
// healing, the next healing leaves nothing behind.
func TestKilledAnywhere(t *testing.T) {
	f, e := up(t)
	before := text(t, f.State())
	for _, how := range kinds {
		for _, fate := range []enginetest.Fate{enginetest.Cut, enginetest.CutAnswer} {
			for n := 1; ; n++ {
				from := dieAt(f, n, fate)
				_, err := breakIt(t.Context(), e, "api-1", how)
				f.SetFate(nil)
				if !from() {
					if err != nil {
						t.Fatalf("%s: %v", how, err)
					}
					heal(t, e)
					break
				}
				dieAt(f, 1, fate) // in the middle of the first healing
				_, _ = fault.Breaker{Engine: e, Project: "p"}.Heal(t.Context())
				f.SetFate(nil)
				heal(t, e)
				if d := cmp.Diff(before, text(t, f.State())); d != "" {
					t.Fatalf("%s cut at change %d (-before +after):\n%s", how, n, d)
				}
			}
		}
	}
}

// A stop whose lab was killed may come after the healing has looked: the container
// must have had its end before it is called healed.
func TestHealWaitsForTheEnd(t *testing.T) {
	for _, how := range []string{"kill", "stop", "restart"} {
		f, e := up(t)
		began := func() time.Time {
			o, err := e.Observe(t.Context(), "p")
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(o.Containers, func(c engine.Container) bool { return c.Name == "p-api-1" })
			return o.Containers[i].Started
		}
		before := began()
		dieAt(f, 2, enginetest.Cut) // the first change is the marker
		_, _ = breakIt(t.Context(), e, "api-1", how)
		f.SetFate(nil)
		if !began().Equal(before) {
			t.Fatalf("%s: the container has ended already", how)
		}
		if healed := heal(t, e); len(healed) != 1 || began().Equal(before) {
			t.Errorf("%s: healed %v, and the run that it was to end goes on", how, healed)
		}
	}
}

// What the engine refuses to end goes on as it was, and leaves no marker behind.
func TestRefusedToEnd(t *testing.T) {
	f, e := up(t)
	f.Set(func(e *enginetest.Engine) { e.Deathless = map[string]bool{"p-api-1": true} })
	before := text(t, f.State())
	for _, how := range []string{"kill", "stop", "restart"} {
		if _, err := breakIt(t.Context(), e, "api-1", how); err == nil || !strings.Contains(err.Error(), "api-1") {
			t.Errorf("%s: %v", how, err)
		}
		if d := cmp.Diff(before, text(t, f.State())); d != "" {
			t.Errorf("%s was refused, and (-before +after):\n%s", how, d)
		}
	}
}

// dieAt lets nothing through from the nth change on, and tells whether it came to that.
func dieAt(f *enginetest.Engine, n int, fate enginetest.Fate) (reached func() bool) {
	var mu sync.Mutex // the fake answers on its own goroutines
	changes, dead := 0, false
	f.SetFate(func(c enginetest.Call) enginetest.Fate {
		mu.Lock()
		defer mu.Unlock()
		if c.Changes() {
			changes++
		}
		switch {
		case dead:
			return enginetest.Cut
		case changes == n:
			dead = true
			return fate
		}
		return enginetest.Serve
	})
	return func() bool {
		mu.Lock()
		defer mu.Unlock()
		return changes >= n
	}
}

func TestContradictions(t *testing.T) {
	f, e := up(t)
	for _, c := range []struct{ first, second string }{
		{"kill", "pause"}, {"pause", "pause"}, {"stop", "latency=1ms"}, {"cpu=10%", "cpu=20%"}, {"disconnect", "latency=1ms"}, {"memory=64m", "memory=32m"},
		{"disconnect=web", "disconnect"}, {"pause", "cpu=10%"},
	} {
		if _, err := breakIt(t.Context(), e, "api-1", c.first); err != nil {
			t.Fatalf("%s: %v", c.first, err)
		}
		before := text(t, f.State())
		runs := !slices.Contains([]string{"kill", "stop", "pause"}, c.first)
		what := "api-1"
		if runs {
			what = "all:api" // neither may be broken, though the other could
		}
		_, err := breakIt(t.Context(), e, what, c.second)
		if err == nil || problem.Of(err).Kind != problem.Unsupported || problem.Of(err).Hint == "" {
			t.Errorf("%s after %s: %v", c.second, c.first, err)
		}
		if d := cmp.Diff(before, text(t, f.State())); d != "" {
			t.Errorf("%s after %s was refused, and (-before +after):\n%s", c.second, c.first, d)
		}
		heal(t, e)
	}
}

func TestRefusedBeforeAnything(t *testing.T) {
	f, e := up(t)
	before := text(t, f.State())
	for how, kind := range map[string]problem.Kind{
		"cpu=1%": problem.Usage, "memory=128m": problem.Usage, "memory=1m": problem.Usage, "disconnect=nosuch": problem.NotFound,
		"fill-disk": problem.Unsupported,
	} {
		if _, err := breakIt(t.Context(), e, "api-1", how); err == nil || problem.Of(err).Kind != kind || problem.Of(err).Hint == "" {
			t.Errorf("%s: %v", how, err)
		}
		if d := cmp.Diff(before, text(t, f.State())); d != "" {
			t.Errorf("%s was refused, and (-before +after):\n%s", how, d)
		}
	}
}

// A container that was made anew since has nothing left to heal.
func TestTargetGone(t *testing.T) {
	f, e := up(t)
	if _, err := breakIt(t.Context(), e, "api-1", "cpu=10%"); err != nil {
		t.Fatal(err)
	}
	f.Remove("p-api-1")
	if healed := heal(t, e); len(healed) != 1 {
		t.Errorf("healed %v", healed)
	}
	o, err := e.Observe(t.Context(), "p")
	if err != nil || len(o.Containers) != 1 {
		t.Errorf("left: %v, %v", o.Containers, err)
	}
}

// A riddle's fault is made and healed like any other, and told by nothing but what
// it does: no word of what it is stands in anything that others get to see.
func TestHidden(t *testing.T) {
	f, e := up(t)
	whole := text(t, f.State())
	hide := func(how string) ([]fault.Standing, error) {
		o, err := e.Observe(t.Context(), "p")
		if err != nil {
			t.Fatal(err)
		}
		targets, err := fault.Resolve("all:api", o, nil)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := fault.Parse(how)
		if err != nil {
			t.Fatal(err)
		}
		parsed.Hidden = "who-is-it"
		return fault.Breaker{Engine: e, Project: "p"}.BreakAll(t.Context(), targets, parsed)
	}
	for _, how := range []string{"cpu=10%", "pause", "disconnect", "memory=64m"} {
		made, err := hide(how)
		if err != nil {
			t.Fatal(err)
		}
		o, err := e.Observe(t.Context(), "p")
		if err != nil {
			t.Fatal(err)
		}
		riddle, ok := fault.Riddle(o)
		if !ok || riddle.Hidden != "who-is-it" || riddle.String() != "the fault of exercise who-is-it" {
			t.Errorf("%s: %+v", how, riddle)
		}
		for _, s := range append(append(made, fault.InForce(o)...), riddle) {
			told, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			kind, _, _ := strings.Cut(how, "=")
			if said := string(told) + s.String(); strings.Contains(said, kind) || strings.Contains(said, "api") || s.Replica != 0 {
				t.Errorf("%s is told: %s", how, said)
			}
		}
		// Nothing may be added: what is refused would tell where it stands.
		for _, what := range []string{"api-1", "api-2"} {
			for _, another := range []string{how, "kill"} {
				if _, err := breakIt(t.Context(), e, what, another); err == nil || !strings.Contains(err.Error(), "exercise who-is-it stands") {
					t.Errorf("%s, then %s %s: %v", how, what, another, err)
				}
			}
		}
		if healed := heal(t, e); len(healed) != 2 || healed[0].Hidden != "who-is-it" {
			t.Errorf("%s: healed %+v", how, healed)
		}
		if now := text(t, f.State()); now != whole {
			t.Errorf("%s: not as before:\n%s", how, cmp.Diff(whole, now))
		}
	}
	if o, err := e.Observe(t.Context(), "p"); err != nil || func() bool { _, ok := fault.Riddle(o); return ok }() {
		t.Errorf("a riddle is left: %v", err)
	}
}
