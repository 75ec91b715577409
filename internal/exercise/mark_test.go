// SPDX-License-Identifier: MIT

package exercise_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"systemlab/internal/exercise"
	"systemlab/internal/record"
)

var cache = exercise.Exercise{Name: "cache", Kind: exercise.Predict, Stage: 5,
	Predict: &exercise.Contest{A: "4", B: "cache", Workload: "users", Rate: 200, Quantity: "cpu_per_request", Service: "postgres"}}

// turnOf is a run of a stage whose requests use so many CPU-milliseconds in postgres.
func turnOf(id string, stage int, name string, ms float64) *record.Run {
	return &record.Run{ID: id, Stage: record.Stage{Number: stage, Name: name, Hash: "h"}, Machine: record.Machine{Cores: 2},
		Workload: record.Workload{Name: "users", Mix: map[string]float64{"user": 1}}, Pace: "const:200", Seed: 7, DurationSeconds: 8, Verdict: record.Verdict{State: record.Valid},
		Summary:    record.Summary{Requests: record.Requests{Sent: 1600, OK: 1600}},
		Containers: []record.Container{{Service: "api", CPUSecondsPerRequest: 0.0004, LimitCores: 0.25}, {Service: "postgres", CPUSecondsPerRequest: ms / 1e3, LimitCores: 0.5}}}
}

// contest of so many rounds in which A uses times what B does, with some noise.
func contest(rounds int, times, noise float64) exercise.Evidence {
	r := rand.New(rand.NewPCG(1, 2))
	out := exercise.Evidence{}
	for i := range rounds {
		wobble := func() float64 { return math.Exp(noise * r.NormFloat64()) }
		out[exercise.SideA] = append(out[exercise.SideA], turnOf(fmt.Sprint("a", i), 4, "04-load-queries", 0.03*times*wobble()))
		out[exercise.SideB] = append(out[exercise.SideB], turnOf(fmt.Sprint("b", i), 5, "05-cache", 0.03*wobble()))
	}
	return out
}

func sure(low, high float64) exercise.Given { return exercise.Given{Low: low, High: high, Sure: 0.8} }

// The ratio is that of A by B, with the interval around it.
func TestMeasured(t *testing.T) {
	t.Parallel()
	for _, times := range []float64{5, 0.2} {
		r, why := cache.Measured(contest(6, times, 0.02))
		if why != "" || math.Abs(r.Value/times-1) > 0.05 || r.Low > times || r.High < times || !(r.Low < r.Value && r.Value < r.High) || r.High/r.Low > 1.3 {
			t.Errorf("A is %g times B: %v, %q", times, r, why)
		}
	}
}

func TestMarkOfAPrediction(t *testing.T) {
	t.Parallel()
	foreign := contest(6, 5, 0.02)
	foreign[exercise.SideB][3].Stage = record.Stage{Number: 6, Name: "06-vip"}
	otherLoad := contest(6, 5, 0.02)
	for _, side := range otherLoad {
		for _, run := range side {
			run.Pace = "const:50"
		}
	}
	invalid := contest(6, 5, 0.02)
	invalid[exercise.SideA][1].Verdict = record.Verdict{State: record.Invalid, Reasons: []record.Reason{{State: record.Invalid, Seen: "it died"}}}
	oneShort := contest(6, 5, 0.02)
	oneShort[exercise.SideA] = oneShort[exercise.SideA][:5]
	copied := contest(6, 5, 0.02)
	copied[exercise.SideA][1] = copied[exercise.SideA][0]
	idle := contest(6, 5, 0.02)
	idle[exercise.SideB][2].Containers[1].CPUSecondsPerRequest = 0
	turned := exercise.Evidence{exercise.SideA: contest(6, 5, 0.02)[exercise.SideB], exercise.SideB: contest(6, 5, 0.02)[exercise.SideA]}
	for name, c := range map[string]struct {
		given           exercise.Given
		runs            exercise.Evidence
		decided, solved bool
		points          float64 // 0 to 100, to 5
		why             string
	}{
		"holds":              {sure(3, 8), contest(6, 5, 0.02), true, true, 79, ""},
		"holds, too wide":    {sure(0.5, 50), contest(6, 5, 0.02), true, false, 11, "ends may be a factor of 13.2 apart"},
		"holds at its edge":  {sure(1, 5), contest(6, 5, 0.02), true, false, 0, "most likely to you was 2.24"},
		"wide, hardly sure":  {exercise.Given{Low: 2, High: 12, Sure: 0.2}, contest(6, 5, 0.02), true, false, 0, "20% sure"},
		"as wide, very sure": {exercise.Given{Low: 2, High: 12, Sure: 0.99}, contest(6, 5, 0.02), true, true, 82, ""},
		"misses narrowly":    {sure(4, 4.6), contest(6, 5, 0.02), true, false, 75, "it misses"},
		"misses":             {sure(1, 1.2), contest(6, 5, 0.02), true, false, 0, "you were 80% sure"},
		"A and B mixed up":   {sure(0.12, 0.3), contest(6, 5, 0.02), true, false, 0, "misses"},
		"nothing sealed":     {exercise.Given{}, contest(6, 5, 0.02), false, false, 0, "nothing was predicted"},
		"too noisy to tell":  {sure(3, 8), contest(6, 5, 0.8), false, false, 0, "differ too much"},
		"five rounds":        {sure(3, 8), contest(5, 5, 0.02), false, false, 0, "too few"},
		"no rounds":          {sure(3, 8), nil, false, false, 0, "no round"},
		"one run short":      {sure(3, 8), oneShort, false, false, 0, "not every round"},
		"an invalid run":     {sure(3, 8), invalid, false, false, 0, "it died"},
		"a run twice":        {sure(3, 8), copied, false, false, 0, "more than one place"},
		"of another stage":   {sure(3, 8), foreign, false, false, 0, "another stage or load"},
		"of another load":    {sure(3, 8), otherLoad, false, false, 0, "another stage or load"},
		"sides changed over": {sure(3, 8), turned, false, false, 0, "another stage or load"},
		"a zero":             {sure(3, 8), idle, false, false, 0, "no ratio"},
	} {
		m := cache.Mark(c.given, 1, c.runs)
		if m.Decided != c.decided || m.Solved != c.solved || math.Abs(m.Points-c.points) > 5 || !strings.Contains(m.Why, c.why) || (m.Why == "") != c.solved {
			t.Errorf("%s: %+v", name, m)
		}
		if m.Decided && !strings.Contains(m.Measured, "stage 4 by stage cache: ") {
			t.Errorf("%s: measured %q", name, m.Measured)
		}
	}
}

var starved = exercise.Exercise{Name: "starved", Kind: exercise.Attribute, Stage: 4, Attribute: &exercise.Plant{Workload: "mixed"}}

// ceilings are runs of one part: what each served, with the limits of two services.
func ceilings(postgres, nginx float64, served ...float64) (out []*record.Run) {
	for _, x := range served {
		r := &record.Run{Stage: record.Stage{Number: 4, Name: "04-load-queries"}, Workload: record.Workload{Name: "mixed"}, Pace: "clients:16", DurationSeconds: 10,
			Machine: record.Machine{Cores: 2}, Host: record.Host{Known: true, Cores: 0.5, StackCores: 0.5}, Verdict: record.Verdict{State: record.Valid},
			Summary:    record.Summary{Rate: record.Rate{Asked: x, Sent: x, Served: x}, Requests: record.Requests{Sent: int(10 * x), OK: int(10 * x)}},
			Containers: []record.Container{{Service: "postgres", LimitCores: postgres}, {Service: "nginx", LimitCores: nginx}}}
		for i := range 10 {
			r.Windows = append(r.Windows, record.Window{StartSeconds: float64(i), Seconds: 1, Asked: int(x), Sent: int(x), OK: int(x)})
		}
		out = append(out, r)
	}
	return out
}

func TestMarkOfAnAttribution(t *testing.T) {
	t.Parallel()
	as, moves, still := ceilings(0.15, 0.25, 300, 306, 303), []float64{390, 396, 400}, []float64{298, 309, 301}
	evidence := func(raised, decoy []*record.Run) exercise.Evidence {
		return exercise.Evidence{exercise.AsIs: as, exercise.Raised: raised, exercise.Decoy: decoy, exercise.Unneeded: ceilings(0.15, 0.25, 100)}
	}
	other := ceilings(0.225, 0.25, moves...)
	other[1].Stage.Number = 5
	open := ceilings(0.225, 0.25, moves...)
	open[0].Pace = "const:200"
	for name, c := range map[string]struct {
		answer          string
		runs            exercise.Evidence
		decided, solved bool
		why             string
	}{
		"right":                     {"postgres", evidence(ceilings(0.225, 0.25, moves...), ceilings(0.15, 0.375, still...)), true, true, ""},
		"wrong":                     {"nginx", evidence(ceilings(0.15, 0.375, still...), ceilings(0.225, 0.25, moves...)), true, false, "moves with the decoy's limit"},
		"wrong, and so the decoy":   {"nginx", evidence(ceilings(0.15, 0.375, still...), ceilings(0.15, 0.25, still...)), true, false, "does not move"},
		"both move":                 {"postgres", evidence(ceilings(0.225, 0.25, moves...), ceilings(0.15, 0.375, 391, 395, 399)), false, false, "too"},
		"rounds that say nothing":   {"postgres", evidence(ceilings(0.225, 0.25, 310, 480, 301), ceilings(0.15, 0.375, still...)), false, false, "differ too much"},
		"two rounds":                {"postgres", exercise.Evidence{exercise.AsIs: as[:2], exercise.Raised: ceilings(0.225, 0.25, 390, 396), exercise.Decoy: ceilings(0.15, 0.375, 300, 301)}, false, false, "rounds are needed"},
		"another was raised":        {"nginx", evidence(ceilings(0.225, 0.25, moves...), ceilings(0.15, 0.25, still...)), false, false, "not what was raised"},
		"raised with the decoy's":   {"postgres", evidence(ceilings(0.225, 0.25, moves...), ceilings(0.225, 0.375, still...)), false, false, "not what was raised"},
		"a service of none":         {"redis", evidence(ceilings(0.225, 0.25, moves...), ceilings(0.15, 0.375, still...)), false, false, "not what was raised"},
		"a run of another stage":    {"postgres", evidence(other, ceilings(0.15, 0.375, still...)), false, false, "another stage or load"},
		"a run that was no ceiling": {"postgres", evidence(open, ceilings(0.15, 0.375, still...)), false, false, "another stage or load"},
		"nothing":                   {"postgres", nil, false, false, "not every round"},
	} {
		m := starved.Mark(exercise.Given{Answer: c.answer}, 1, c.runs)
		if m.Decided != c.decided || m.Solved != c.solved || m.Solved != (m.Points == 100) || !strings.Contains(m.Why, c.why) || (m.Why == "") != c.solved {
			t.Errorf("%s: %+v", name, m)
		}
	}
	if m := starved.Mark(exercise.Given{Answer: "postgres"}, 1, evidence(ceilings(0.225, 0.25, moves...), ceilings(0.15, 0.375, still...))); !strings.Contains(m.Measured, "1.3") {
		t.Errorf("measured: %q", m.Measured)
	}
}

// A mark is the same however often it is drawn.
func TestMarkIsPure(t *testing.T) {
	t.Parallel()
	runs := contest(6, 5, 0.05)
	first := cache.Mark(sure(3, 8), 1, runs)
	if again := cache.Mark(sure(3, 8), 1, runs); again != first {
		t.Errorf("%+v, then %+v", first, again)
	}
}
