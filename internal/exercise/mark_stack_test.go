// SPDX-License-Identifier: MIT

package exercise

import (
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	"systemlab/internal/analysis"
	"systemlab/internal/drill"
	"systemlab/internal/record"
)

// atCeiling are runs of a closed loop that served so much each, on three api and a
// postgres with these limits.
func atCeiling(api, postgres float64, served ...float64) []*record.Run {
	var out []*record.Run
	for _, x := range served {
		r := &record.Run{ID: "x", Stage: record.Stage{Number: 3}, Workload: record.Workload{Name: "users"}, Pace: "clients:32", DurationSeconds: 10,
			Machine: record.Machine{Cores: 2}, Host: record.Host{Known: true, Cores: 1, StackCores: 1},
			Windows: []record.Window{{Seconds: 10, Asked: int(10 * x), OK: int(10 * x)}},
			Containers: []record.Container{{Service: "api", Name: "s-api-1", LimitCores: api}, {Service: "api", Name: "s-api-2", LimitCores: api},
				{Service: "api", Name: "s-api-3", LimitCores: api}, {Service: "postgres", Name: "s-postgres-1", LimitCores: postgres}}}
		out = append(out, r)
	}
	return out
}

func each(runs []*record.Run, change func(*record.Run)) []*record.Run {
	for _, r := range runs {
		change(r)
	}
	return runs
}

func TestMarkReach(t *testing.T) {
	t.Parallel()
	e := Exercise{Kind: Reach, Stage: 3, Reach: &Goal{Workload: "users", Times: 1.5, Budget: 1.2}}
	was := func() []*record.Run { return atCeiling(0.25, 0.25, 300, 306, 303) }
	for name, c := range map[string]struct {
		a, b            []*record.Run
		decided, solved bool
		why             string
	}{
		"reached":                     {was(), atCeiling(0.25, 0.25, 600, 610, 606), true, true, ""},
		"with all of the budget":      {was(), atCeiling(0.25, 0.45, 600, 610, 606), true, true, ""},
		"over it":                     {was(), atCeiling(0.25, 0.46, 600, 610, 606), true, false, "the budget is 1.2"},
		"no limit at all":             {was(), atCeiling(0.25, 0, 600, 610, 606), true, false, "postgres has no CPU limit"},
		"surely more, and too little": {was(), atCeiling(0.25, 0.25, 390, 400, 396), true, false, "not 1.5 times"},
		"nothing":                     {was(), atCeiling(0.25, 0.25, 300, 306, 303), true, false, "not 1.5 times"},
		"its interval is wide":        {was(), atCeiling(0.25, 0.25, 420, 640, 550), true, true, ""},
		"anything may be":             {was(), atCeiling(0.25, 0.25, 200, 900, 500), false, false, "differ too much"},
		"a full machine":              {was(), each(atCeiling(0.25, 0.25, 390, 400, 396), func(r *record.Run) { r.Host.Cores = 1.99 }), false, false, "no core left"},
		"a full machine, and enough":  {was(), each(atCeiling(0.25, 0.25, 600, 610, 606), func(r *record.Run) { r.Host.Cores = 1.99 }), true, true, ""},
		"an invalid run": {was(), each(atCeiling(0.25, 0.25, 600, 610, 606), func(r *record.Run) {
			r.Verdict = record.Verdict{State: record.Invalid, Reasons: []record.Reason{{State: record.Invalid, Seen: "it died"}}}
		}), false, false, "it died"},
		"fast because wrong": {was(), each(atCeiling(0.25, 0.25, 600, 610, 606), func(r *record.Run) { r.Summary.Reads.Wrong = 3 }), true, false, "9 reads had another answer"},
		"too few rounds":     {was()[:2], atCeiling(0.25, 0.25, 600, 610), false, false, "3 rounds"},
		"a side short":       {was(), atCeiling(0.25, 0.25, 600, 610), false, false, "3 rounds"},
		"none":               {nil, nil, false, false, "3 rounds"},
		"nothing served":     {was(), atCeiling(0.25, 0.25, 0, 0, 0), false, false, "no good answers"},
		"another stage":      {was(), each(atCeiling(0.25, 0.25, 600, 610, 606), func(r *record.Run) { r.Stage.Number = 5 }), false, false, "stage 5"},
		"another load":       {was(), each(atCeiling(0.25, 0.25, 600, 610, 606), func(r *record.Run) { r.Workload.Name = "ping" }), false, false, "asked for ping"},
		"an open loop":       {was(), each(atCeiling(0.25, 0.25, 600, 610, 606), func(r *record.Run) { r.Pace = "const:600" }), false, false, "no closed loop"},
		"no limits at first": {each(was(), func(r *record.Run) { r.Containers = nil }), atCeiling(0.25, 0.25, 600, 610, 606), false, false, "no CPU limits"},
	} {
		m := e.Mark(Given{}, 1, Evidence{SideA: c.a, SideB: c.b})
		if m.Decided != c.decided || m.Solved != c.solved || !strings.Contains(m.Why, c.why) || (m.Why == "") != c.solved || (m.Points == 100) != c.solved || m.Asked == "" {
			t.Errorf("%s: %+v", name, m)
		}
	}
	if m := e.Mark(Given{}, 1, Evidence{SideA: was(), SideB: atCeiling(0.25, 0.5, 600, 612, 606)}); m.Measured != "2.00 times as much (2.00 to 2.00), with 1.25 times the cores (1.25 of 1)" {
		t.Errorf("%q", m.Measured)
	}
}

// trial of the drill: a fault at 6 s, healed at 9 s, with so many lost in between.
func trial(t *testing.T, lost int) *record.Run {
	t.Helper()
	h := hdrhistogram.New(1, 120_000_000, 3)
	if err := h.RecordValues(10_000, 50); err != nil {
		t.Fatal(err)
	}
	b, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	r := &record.Run{ID: "x", Stage: record.Stage{Number: 3}, Workload: record.Workload{Name: "mixed"}, DurationSeconds: 10, WarmupSeconds: 2,
		Summary: record.Summary{Rate: record.Rate{Asked: 200}}, Containers: []record.Container{{Service: "api", LimitCores: 0.25}, {Service: "postgres", LimitCores: 0.5}},
		Events: []record.Event{{AtSeconds: 5.9, Kind: analysis.EventFault, Service: "api", Container: "s-api-1", Detail: "kill api"}, {AtSeconds: 9, Kind: analysis.EventHeal}}}
	for i := range 48 {
		w := record.Window{StartSeconds: float64(i) / 4, Seconds: 0.25, Warmup: i < 8, Asked: 50, Sent: 50, OK: 50, Histogram: string(b)}
		if i == 26 && lost > 0 {
			w.OK, w.Failed, w.Endpoints = 50-lost, lost, map[string]record.EndpointWindow{"user": {Failed: lost}}
		}
		r.Windows = append(r.Windows, w)
	}
	return r
}

func TestMarkSurvival(t *testing.T) {
	t.Parallel()
	drills, err := drill.Parse([]byte("drills: [{name: api-killed, title: it dies, break: api, how: kill, hypothesis: [lost GET = 0]}]"))
	if err != nil {
		t.Fatal(err)
	}
	e := Exercise{Kind: Survive, Stage: 3, Survive: &Trial{Drill: "api-killed", Budget: 1, Script: &drills[0]}}
	trials := func(lost ...int) (out []*record.Run) {
		for _, n := range lost {
			out = append(out, trial(t, n))
		}
		return out
	}
	for name, c := range map[string]struct {
		runs            []*record.Run
		decided, solved bool
		why             string
	}{
		"nothing lost":      {trials(0, 0, 0, 0, 0), true, true, ""},
		"one in one":        {trials(0, 0, 0, 1, 0), true, false, "lost GET = 0"},
		"too few":           {trials(0, 0, 0, 0), false, false, "4 trials of 5"},
		"none":              {nil, false, false, "0 trials"},
		"another fault":     {each(trials(0, 0, 0, 0, 0), func(r *record.Run) { r.Events[0].Detail = "kill redis" }), false, false, "no trial of api-killed"},
		"no fault":          {each(trials(0, 0, 0, 0, 0), func(r *record.Run) { r.Events = nil }), false, false, "no trial of"},
		"overloaded before": {each(trials(0, 0, 0, 0, 0), func(r *record.Run) { r.Windows[10].Failed = 3 }), false, false, "before the fault"},
		"over the budget":   {each(trials(0, 0, 0, 0, 0), func(r *record.Run) { r.Containers[0].LimitCores = 0.6 }), true, false, "1.1 cores"},
		"no limit":          {each(trials(0, 0, 0, 0, 0), func(r *record.Run) { r.Containers[0].LimitCores = 0 }), true, false, "api has no CPU limit"},
		"another stage":     {each(trials(0, 0, 0, 0, 0), func(r *record.Run) { r.Stage.Number = 6 }), false, false, "stage 6"},
	} {
		m := e.Mark(Given{}, 1, Evidence{Drilled: c.runs})
		if m.Decided != c.decided || m.Solved != c.solved || !strings.Contains(m.Why, c.why) || (m.Why == "") != c.solved || (m.Points == 100) != c.solved {
			t.Errorf("%s: %+v", name, m)
		}
	}
	e.Survive = &Trial{Drill: "api-killed"}
	if m := e.Mark(Given{}, 1, Evidence{Drilled: trials(0, 0, 0, 0, 0)}); m.Decided || !strings.Contains(m.Why, "no drill") {
		t.Errorf("a drill that is not there: %+v", m)
	}
}

func TestMarkDiagnosis(t *testing.T) {
	t.Parallel()
	e := Exercise{Kind: Diagnose, Stage: 5, Diagnose: &Riddle{Workload: "mixed", Rate: 200,
		Faults: []Fault{{"redis", "disconnect"}, {"api-2", "cpu=10%"}, {"postgres:replica", "slow-queries=6"}, {"all:workers", "latency=50ms"}}}}
	run := func(at float64) *record.Run {
		r := &record.Run{ID: "x", Stage: record.Stage{Number: 5}, Workload: record.Workload{Name: "mixed"}, Summary: record.Summary{Rate: record.Rate{Asked: 200, Served: at}}}
		for _, s := range []string{"redis", "api", "postgres", "postgres-replica", "worker", "nginx"} {
			r.Containers = append(r.Containers, record.Container{Service: s, Name: "lab-" + s + "-1"})
		}
		return r
	}
	runs := Evidence{Broken: {run(150)}, Mended: {run(200)}}
	seeds := map[Fault]int64{}
	for seed := int64(1); seed < 200; seed += 2 { // as Learner.Seed gives them
		seeds[e.Fault(seed)] = seed
	}
	if len(seeds) != 4 {
		t.Fatalf("only these are ever made: %v", seeds)
	}
	for fault, right := range map[Fault][]string{
		{"redis", "disconnect"}:                {"redis disconnect", "redis-1 disconnect", "lab-redis-1 disconnect=db", "Redis  Disconnect", "all:redis disconnect"},
		{"api-2", "cpu=10%"}:                   {"api cpu=10%", "api-2 cpu", "api.1 cpu=50%", "api:any cpu", "all:api cpu"},
		{"postgres:replica", "slow-queries=6"}: {"postgres-replica slow-queries", "postgres:replica slow-queries=4", "lab-postgres-replica-1 slow-queries"},
		{"all:workers", "latency=50ms"}:        {"worker latency", "workers latency=1s", "all:workers jitter=3ms", "worker-3 latency=50ms,loss=1%"},
	} {
		for other, answers := range map[Fault][]string{fault: right, {}: {"nginx disconnect", "redis pause", "api kill", "postgres slow-queries", "worker loss=1%", "nosuch cpu"}} {
			for _, answer := range answers {
				m := e.Mark(Given{Answer: answer}, seeds[fault], runs)
				if m.Solved != (other == fault) || !m.Decided || (m.Points == 100) != m.Solved || (m.Why == "") != m.Solved {
					t.Errorf("%v, answered %q: %+v", fault, answer, m)
				}
				if strings.Contains(m.Measured+m.Asked, fault.How) {
					t.Errorf("%v is told: %+v", fault, m)
				}
			}
		}
	}
	for _, answer := range []string{"", "redis", "redis is broken", "redis frob"} {
		if m := e.Mark(Given{Answer: answer}, 1, runs); m.Decided || m.Why == "" || strings.Contains(m.Why, "\n") {
			t.Errorf("%q: %+v", answer, m)
		}
	}
	if m := e.Mark(Given{Answer: "redis disconnect"}, 1, Evidence{Broken: {run(1)}}); m.Decided || !strings.Contains(m.Why, "without are needed") {
		t.Errorf("%+v", m)
	}
}
