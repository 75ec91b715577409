// SPDX-License-Identifier: MIT

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"systemlab/internal/compose"
	"systemlab/internal/engine"
	"systemlab/internal/engine/enginetest"
	"systemlab/internal/problem"
)

// later is what small grows into: a service and a network go, one of each
// comes, one service is configured anew, one has one replica less.
const later = `
services:
  app:
    image: app
    environment: {NEW: "1"}
    networks: [back, side]
    deploy: {replicas: 1, resources: {limits: {cpus: "0.25", memory: 64M}}}
    depends_on: {db: {condition: service_healthy}, cache: {condition: service_started}}
  db:
    image: db
    networks: [back]
    volumes: ["data:/data"]
    healthcheck: {test: ["CMD", "true"], interval: 15s}
  cache: {image: cache, networks: [side], volumes: ["more:/m"], ports: ["127.0.0.1:8080:80"]}
networks:
  back: {internal: true}
  side:
volumes:
  data:
  more:
`

// journey is a change that may be interrupted.
type journey struct {
	name  string
	api   string
	begin *compose.Project // what stands before; nil is nothing
	end   *compose.Project // what is to stand after; nil is nothing
}

func (j journey) plan(t *testing.T, e *engine.Engine) *engine.Plan {
	t.Helper()
	o := observe(t, e, "p")
	if o.Up() && o.Stack().Password != oneStack.Password {
		t.Errorf("there are containers, and the password is lost: %+v", o.Stack())
	}
	if j.end == nil {
		return engine.Teardown(o, true)
	}
	return engine.Reconcile(j.end, o, oneStack)
}

func (j journey) standing(t *testing.T) (*enginetest.Engine, *engine.Engine) {
	t.Helper()
	f := fake(t)
	f.Set(func(e *enginetest.Engine) { e.API = j.api })
	e := open(t, f)
	if j.begin != nil {
		up(t, e, j.begin)
	}
	return f, e
}

// Interrupted anywhere, the same command again ends in the same state. It is
// tried at each request that changes something, in three ways: Ctrl-C, after
// which what has begun is seen to its end (Serve), and a lab that is killed, whose
// request is lost (Cut) or carried out for nobody (CutAnswer).
func TestInterruptedAnywhere(t *testing.T) {
	t.Parallel()
	a, b := load(t, small), load(t, later)
	journeys := []journey{
		{"up from nothing", "1.52", nil, a},
		{"up from nothing, networks one by one", "1.41", nil, a},
		{"up from another stage", "1.43", a, b},
		{"down", "1.52", a, nil},
	}
	for _, j := range journeys {
		t.Run(j.name, func(t *testing.T) {
			t.Parallel()
			f, e := j.standing(t)
			if err := e.Apply(t.Context(), j.plan(t, e), nil); err != nil {
				t.Fatal(err)
			}
			want := f.State()
			for _, fate := range []enginetest.Fate{enginetest.Serve, enginetest.Cut, enginetest.CutAnswer} {
				k := 1
				for j.interruptedAt(t, k, fate, want) {
					k++
				}
				if k < 9 {
					t.Errorf("only %d moments were tried", k)
				}
			}
		})
	}
}

// interruptedAt makes the journey, interrupted at the k-th change, and then once
// more, to its end. False means that there are fewer changes than that.
func (j journey) interruptedAt(t *testing.T, k int, fate enginetest.Fate, want enginetest.State) bool {
	t.Helper()
	f, e := j.standing(t)
	plan := j.plan(t, e)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	changes := make(chan int, 1)
	changes <- 0
	f.SetFate(func(c enginetest.Call) enginetest.Fate {
		if !c.Changes() {
			return enginetest.Serve
		}
		n := <-changes + 1
		changes <- n
		if n < k {
			return enginetest.Serve
		}
		if fate == enginetest.Serve {
			interrupt()
		}
		return fate
	})
	err := e.Apply(ctx, plan, nil)
	if err == nil {
		return false
	}
	what := fmt.Sprintf("after fate %d at change %d", fate, k)
	if fate != enginetest.Serve {
		kind(t, err, problem.Unreachable)
	} else if !errors.Is(err, context.Canceled) {
		t.Errorf("%s: %v", what, err)
	}
	e = afterwards(t, f)
	if err := e.Apply(t.Context(), j.plan(t, e), nil); err != nil {
		t.Errorf("%s: the same again: %v", what, err)
		return true
	}
	same(t, what, want, f.State())
	if left := j.plan(t, e); len(left.Steps) > 0 {
		t.Errorf("%s there is still to do:\n%s", what, left)
	}
	return !t.Failed()
}

// An up that was killed can be taken down just as well.
func TestKilledThenDown(t *testing.T) {
	t.Parallel()
	p := load(t, small)
	for k := 1; ; k++ {
		f := fake(t)
		e := open(t, f)
		steps := engine.Reconcile(p, observe(t, e, "p"), oneStack)
		changes := make(chan int, 1)
		changes <- 0
		f.SetFate(func(c enginetest.Call) enginetest.Fate {
			n := <-changes
			if c.Changes() {
				n++
			}
			changes <- n
			if n < k {
				return enginetest.Serve
			}
			return enginetest.CutAnswer
		})
		if err := e.Apply(t.Context(), steps, nil); err == nil {
			break
		}
		e = afterwards(t, f)
		if err := e.Apply(t.Context(), engine.Teardown(observe(t, e, "p"), true), nil); err != nil {
			t.Fatalf("killed at change %d: %v", k, err)
		}
		if s := f.State(); len(s.Boxes)+len(s.Networks)+len(s.Volumes) > 0 {
			t.Fatalf("killed at change %d, left after down: %+v", k, s)
		}
	}
}

// Ctrl-C while an engine hangs in the middle of a change ends soon all the same.
func TestInterruptedWhileTheEngineHangs(t *testing.T) {
	t.Parallel()
	f := fake(t)
	e := open(t, f)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	steps := plan(t, e, load(t, small))
	f.SetFate(func(c enginetest.Call) enginetest.Fate {
		if !strings.HasSuffix(c.Path, "/start") {
			return enginetest.Serve
		}
		interrupt()
		f.SetFate(func(enginetest.Call) enginetest.Fate { return enginetest.Lose }) // and whatever is asked then
		return enginetest.Lose
	})
	began := time.Now()
	if err := e.Apply(ctx, steps, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s to end", took)
	}
}

// afterwards is the engine seen by the next lab, when no request of the one
// before is on its way any more.
func afterwards(t *testing.T, f *enginetest.Engine) *engine.Engine {
	t.Helper()
	f.SetFate(nil)
	if err := f.Restart(); err != nil {
		t.Fatal(err)
	}
	return open(t, f)
}
