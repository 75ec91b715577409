// SPDX-License-Identifier: MIT

package loadgen_test

import (
	"context"
	"math"
	"net/http"
	"testing"
	"time"

	"systemlab/loadgen"
)

func TestStopIsPrompt(t *testing.T) {
	t.Parallel()
	hanging := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, test := range map[string]struct {
		handler  http.HandlerFunc
		pace     string
		canceled bool
	}{
		"a slow pace":    {quick, "0.1", false}, // vegeta's own loop would sleep for 10 s
		"a fast pace":    {quick, "500", false},
		"hung in flight": {hanging, "100", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := loadgen.Order{Target: serve(t, test.handler), Workload: "ping", Pace: test.pace, DurationSeconds: 60, ReadySeconds: -1}
			ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
			defer cancel()
			began := time.Now()
			r := attack(ctx, t, o, nil).result
			if took := time.Since(began); took > 1500*time.Millisecond {
				t.Errorf("stopped %s after it began, asked to at 400ms", took)
			}
			if !r.StoppedEarly || math.Abs(r.DurationSeconds-0.4) > 0.2 {
				t.Errorf("stopped early %v after %g s", r.StoppedEarly, r.DurationSeconds)
			}
			if q := r.Summary.Requests; (r.Canceled > 0) != test.canceled || q.Failed != 0 || q.Asked != q.Sent+q.Dropped || q.Dropped > 2 { // what was due at that moment
				t.Errorf("canceled %d, %+v", r.Canceled, q)
			}
		})
	}
}

func TestControl(t *testing.T) {
	t.Parallel()
	control := make(chan loadgen.Control)
	go func() {
		time.Sleep(300 * time.Millisecond)
		control <- loadgen.Control{Rate: 400}
		control <- loadgen.Control{Rate: -1}
		time.Sleep(400 * time.Millisecond)
		control <- loadgen.Control{Stop: true}
	}()
	// One in 2 s: without being woken, the attack would not notice in time.
	o := loadgen.Order{Target: serve(t, quick), Workload: "ping", Pace: "0.5", DurationSeconds: 60, ReadySeconds: -1}
	r := attack(t.Context(), t, o, control).result
	q := r.Summary.Requests
	if q.Asked < 140 || q.Asked > 240 || q.Sent+q.Dropped != q.Asked || q.Sent < 140 || !r.StoppedEarly {
		t.Errorf("%+v, want about 160 in the last 400 ms", q)
	}
	want := []string{"const:400", "refused: rate -1/s is out of range: 0.01 to 100000", ""}
	if len(r.Events) != 3 {
		t.Fatalf("events %+v", r.Events)
	}
	for i, e := range r.Events {
		if (e.Detail != want[i] && want[i] != "") || e.AtSeconds < 0.2 || e.AtSeconds > 2 {
			t.Errorf("event %d: %+v", i, e)
		}
	}
}

// Turning the knob again and again to the same rate is no change: what was due
// of the next request is carried over each time.
func TestControlKeepsPhase(t *testing.T) {
	t.Parallel()
	control := make(chan loadgen.Control)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			time.Sleep(7 * time.Millisecond)
			select {
			case control <- loadgen.Control{Rate: 100}:
			case <-ctx.Done():
			}
		}
	}()
	o := loadgen.Order{Target: serve(t, quick), Workload: "ping", Pace: "100", DurationSeconds: 0.6, ReadySeconds: -1}
	q := attack(ctx, t, o, control).result.Summary.Requests
	if q.Asked < 59 || q.Asked > 61 || q.Sent != q.Asked {
		t.Errorf("%+v, want 60", q)
	}
}

func TestHello(t *testing.T) {
	t.Parallel()
	o := loadgen.Order{Target: serve(t, quick), Workload: "ping", Pace: "10", DurationSeconds: 0.2}
	before := time.Now()
	a := attack(t.Context(), t, o, nil)
	if a.hello == nil || a.hello.PID == 0 || a.hello.MaxProcs < 1 || a.hello.Now.Before(before) || a.hello.Now.After(time.Now()) {
		t.Errorf("hello %+v", a.hello)
	}
}
