// SPDX-License-Identifier: MIT

package analysis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// turn is a run of a round, so many seconds after the beginning.
func turn(id string, second int, r record.Round) *record.Run {
	return &record.Run{ID: id, Started: time.Date(2026, 11, 21, 10, 0, second, 0, time.UTC), Round: &r, Pace: "const:200", DurationSeconds: 8,
		Stage: record.Stage{Number: 4, Name: "04-load-queries"}, Verdict: record.Verdict{State: record.Valid}}
}

func ids(pairs []analysis.Pair) string {
	var out []string
	for _, p := range pairs {
		one := [2]string{"-", "-"}
		for i, run := range []*record.Run{p.A, p.B} {
			if run != nil {
				one[i] = run.ID
			}
		}
		out = append(out, one[0]+"/"+one[1])
	}
	return strings.Join(out, " ")
}

func TestRoundsOfAComparison(t *testing.T) {
	t.Parallel()
	of := func(side string, number int) record.Round {
		return record.Round{Comparison: "c-1", Side: side, Number: number}
	}
	runs := []*record.Run{
		turn("a1", 1, of("a", 1)), turn("b1", 2, of("b", 1)),
		// The second round was played again, and then once more until one side's turn.
		turn("b2", 3, of("b", 2)), turn("a2", 4, of("a", 2)), turn("b2-again", 5, of("b", 2)), turn("a2-again", 6, of("a", 2)), turn("b2-cut", 7, of("b", 2)),
		turn("a3", 8, of("a", 3)), // interrupted
	}
	if got := ids(analysis.PairsOf(runs, "a", "b")); got != "a1/b1 a2-again/b2-again a3/-" {
		t.Error(got)
	}
	if got := ids(analysis.PairsOf(runs, "b", "a")); got != "b1/a1 b2-again/a2-again -/a3" {
		t.Error(got)
	}
	by := turn("by itself", 9, record.Round{})
	by.Round = nil
	lone := turn("lone", 10, record.Round{Comparison: "c-2", Side: "b", Number: 1})
	groups, alone := analysis.Groups(append(runs, by, lone))
	if len(groups) != 1 || len(alone) != 2 || groups[0].ID != "c-1" || len(groups[0].Runs) != 8 {
		t.Fatalf("%d groups, %d alone", len(groups), len(alone))
	}
	if c := groups[0].Comparison; c == nil || c.Rounds != 2 || c.A.Runs[1] != "a2-again" || !strings.Contains(strings.Join(c.Notes, " "), "1 of 3 rounds have one side alone") {
		t.Errorf("%+v", c)
	}
}

func TestLadderOfRuns(t *testing.T) {
	t.Parallel()
	var runs []*record.Run
	for round := 1; round <= 2; round++ {
		for n, stage := range []int{10, 2, 3} {
			if round == 2 && stage == 3 {
				continue // interrupted
			}
			r := turn(fmt.Sprintf("s%d-%d", stage, round), 10*round+n, record.Round{Comparison: "c-1", Side: fmt.Sprintf("%02d", stage), Number: round})
			r.Stage = record.Stage{Number: stage}
			runs = append(runs, r)
		}
	}
	groups, _ := analysis.Groups(runs)
	l := groups[0].Ladder
	if l == nil || l.Rounds != 1 || len(l.Rungs) != 3 || l.Rungs[0].Stage.Number != 2 || l.Rungs[2].Stage.Number != 10 {
		t.Fatalf("%+v", l)
	}
	groups, _ = analysis.Groups(append(runs[1:2:2], runs[2:]...)) // no round is whole: what there is
	if l := groups[0].Ladder; l == nil || len(l.Rungs) != 3 {
		t.Fatalf("%+v", l)
	}
}

// searched runs a search on a server that can do so many a second, with a noisy
// and an invalid run on the way, and gives its runs with what it concluded.
func searchedRuns(t *testing.T, most int) ([]*record.Run, analysis.Capacity) {
	t.Helper()
	objective := analysis.DefaultObjective()
	s, err := analysis.NewSearch(analysis.SearchOptions{Start: 50, Max: 20_000, Precision: 0.05})
	if err != nil {
		t.Fatal(err)
	}
	var runs []*record.Run
	for len(runs) < most {
		rate, why, done := s.Next()
		if done {
			break
		}
		n := len(runs) + 1
		run := turn(fmt.Sprintf("k%d", n), n, record.Round{Comparison: "k-1", Side: "04", Number: n, Search: &record.Search{
			Objective: objective.String(), Start: 50, Max: 20_000, Precision: 0.05, Rate: rate, Purpose: string(why)}})
		latency := 0.004
		if rate > 322 || n == 3 {
			latency = 0.4
		}
		if n == 5 {
			run.Verdict.State = record.Invalid
		}
		run.Summary = record.Summary{Rate: record.Rate{Asked: rate * 1.001, Sent: rate, Served: rate}, Requests: record.Requests{OK: 4000, Sent: 4000},
			Latency: record.Percentiles{P99: latency}}
		run.Containers = []record.Container{{Service: "api", LimitCores: 0.5, CoresMean: 0.1, CPUSecondsPerRequest: 0.001}}
		runs = append(runs, run)
		s.Tell(objective.Step(run))
	}
	c := s.Capacity()
	c.Objective = objective
	c.Complete(runs[0].Stage, runs)
	return runs, c
}

// From its saved runs a search concludes what it concluded when it ran.
func TestRetrace(t *testing.T) {
	t.Parallel()
	runs, want := searchedRuns(t, 100)
	groups, _ := analysis.Groups(runs)
	if len(groups) != 1 || len(groups[0].Capacities) != 1 {
		t.Fatalf("%+v", groups)
	}
	if diff := cmp.Diff(want, groups[0].Capacities[0]); diff != "" {
		t.Error(diff)
	}
	if want.Rate < 300 || want.Rate > 322 || len(want.Bounds) != 1 {
		t.Errorf("found %g", want.Rate)
	}
	for name, c := range map[string]struct {
		runs []*record.Run
		note string
	}{
		"cut short":    {runs[:4], "was not finished"},
		"runs removed": {append(runs[:2:2], runs[4:]...), "2 of its runs are not among those saved"},
	} {
		if got := analysis.Retrace(c.runs); !strings.Contains(strings.Join(got.Notes, "; "), c.note) {
			t.Errorf("%s: %q", name, got.Notes)
		}
	}
	// SAD PATH: runs of no search, alone or among those of one; a file that was written by hand.
	lone, rung := turn("lone", 1, record.Round{}), turn("rung", 1, record.Round{Comparison: "c-1", Side: "x", Number: 1})
	lone.Round = nil
	for _, none := range [][]*record.Run{nil, {lone}, {rung, lone}} {
		if got := analysis.Retrace(none); len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "of no search") || got.USL.Refused == "" {
			t.Errorf("%d runs of no search: %+v", len(none), got)
		}
	}
	if diff := cmp.Diff(want, analysis.Retrace(append([]*record.Run{lone, rung}, runs...))); diff != "" {
		t.Errorf("among runs of no search: %s", diff)
	}
	for _, odd := range []record.Search{{Objective: "soon"}, {Objective: "p99<1s", Start: -1}, {Objective: "p99<1s", Start: 100, Max: 1}} {
		run := turn("odd", 1, record.Round{Comparison: "k-1", Side: "x", Number: 1, Search: &odd})
		if got := analysis.Retrace([]*record.Run{run}); len(got.Notes) == 0 || got.USL.Refused == "" {
			t.Errorf("%+v: %+v", odd, got)
		}
	}
}
