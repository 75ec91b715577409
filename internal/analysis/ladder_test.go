// SPDX-License-Identifier: MIT

package analysis_test

import (
	"strings"
	"testing"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// The note names the run that is meant; an invalid one is said to be there.
func TestClimbOnWhatCantBeBelieved(t *testing.T) {
	for worst, invalid := range map[record.State]bool{record.Valid: false, record.Suspect: false, record.Invalid: true, "": true} {
		fine, odd := climbed(2, 0.002, record.Valid), climbed(2, 0.002, worst)
		fine.ID, odd.ID = "fine", "odd"
		l := analysis.Climb([][]*record.Run{{climbed(1, 0.001, record.Valid)}, {fine, odd}})
		if l.Invalid() != invalid {
			t.Errorf("%q: invalid: %v", worst, l.Invalid())
		}
		if named := len(l.Notes) == 1 && strings.Contains(l.Notes[0], "lab runs show odd says why"); named != (worst != record.Valid) {
			t.Errorf("%q: %q", worst, l.Notes)
		}
	}
}

// Stages that took turns in one stack began their turns colder than side by side.
func TestTurnsInOneStack(t *testing.T) {
	for name, test := range map[string]struct {
		project, stage string // of the second side
		round          *record.Round
		told           bool
	}{
		"one stack":         {"s-turns", "05-cache", &record.Round{Comparison: "c-1"}, true},
		"side by side":      {"s-b", "05-cache", &record.Round{Comparison: "c-1"}, false},
		"the same stage":    {"s-turns", "04-load", &record.Round{Comparison: "c-1"}, false},
		"of no comparison":  {"s-turns", "05-cache", nil, false},
		"of two of them":    {"s-turns", "05-cache", &record.Round{Comparison: "c-2"}, false},
		"projects not kept": {"", "05-cache", &record.Round{Comparison: "c-1"}, false},
	} {
		a, b := climbed(4, 0.001, record.Valid), climbed(5, 0.001, record.Valid)
		a.ID, a.Project, a.Stage.Name, a.Round = "a", "s-turns", "04-load", &record.Round{Comparison: "c-1"}
		b.ID, b.Project, b.Stage.Name, b.Round = "b", test.project, test.stage, test.round
		if test.project == "" {
			a.Project = ""
		}
		says := func(notes []string) bool {
			return strings.Contains(strings.Join(notes, "|"), "took turns in one stack")
		}
		if c, l := says(analysis.Compare([]analysis.Pair{{A: a, B: b}}).Notes), says(analysis.Climb([][]*record.Run{{a}, {b}}).Notes); c != test.told || l != test.told {
			t.Errorf("%s: the comparison tells it: %v, the ladder: %v; want %v", name, c, l, test.told)
		}
	}
}

func climbed(stage int, p50 float64, state record.State, containers ...record.Container) *record.Run {
	return &record.Run{ID: "r", Stage: record.Stage{Number: stage, Name: "0x"}, Pace: "const:200", Workload: record.Workload{Name: "mixed"},
		Summary:    record.Summary{Latency: record.Percentiles{P50: p50}, Requests: record.Requests{Sent: 100, Failed: 1}},
		Containers: containers, Verdict: record.Verdict{State: state}}
}

func TestClimb(t *testing.T) {
	api := record.Container{Service: "api", CPUSecondsPerRequest: 0.001, CoresMean: 0.2, LimitCores: 0.25, MemoryBytes: 10}
	idle := record.Container{Service: "api", CPUSecondsPerRequest: 0.001, CoresMean: 0.1, LimitCores: 0.25, MemoryBytes: 10}
	db := record.Container{Service: "postgres", CPUSecondsPerRequest: 0.002, CoresMean: 0.2, LimitCores: 0.5, MemoryBytes: 100}
	l := analysis.Climb([][]*record.Run{
		{climbed(1, 0.003, record.Valid, api), climbed(1, 0.001, record.Valid, api)},
		{climbed(2, 0.002, record.Valid, api, idle, db), climbed(2, 0.004, record.Suspect, api, idle, db), climbed(2, 0.009, record.Valid, api, idle, db)},
	})
	if l.Workload != "mixed" || l.Rounds != 2 || len(l.Rungs) != 2 || len(l.Notes) != 1 {
		t.Fatalf("%+v", l)
	}
	if got, want := l.Rungs[0].P50, (analysis.Spread{Median: 0.002, Low: 0.001, High: 0.003}); got != want {
		t.Errorf("p50 of two %+v, want %+v", got, want)
	}
	two := l.Rungs[1]
	if got, want := two.P50, (analysis.Spread{Median: 0.004, Low: 0.002, High: 0.009}); got != want {
		t.Errorf("p50 of three %+v, want %+v", got, want)
	}
	if two.Boxes != 3 || two.Verdict != record.Suspect || two.CPU.Median != 0.004 || two.Databases.Median != 0.002 || two.Memory.Median != 120 || two.Failed.Median != 0.01 {
		t.Errorf("%+v", two)
	}
	if two.Busiest != "api" || two.Share.Median < 0.599 || two.Share.Median > 0.601 { // 0.3 of 0.5, against 0.2 of 0.5
		t.Errorf("busiest %s at %v", two.Busiest, two.Share)
	}
}
