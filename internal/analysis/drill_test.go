// SPDX-License-Identifier: MIT

package analysis_test

import (
	"strings"
	"testing"

	"systemlab/internal/analysis"
)

func endpoints(word string) []string {
	return map[string][]string{"GET": {"user", "ping"}, "user-update": {"user-update"}}[word]
}

func hypothesis(t *testing.T, texts ...string) analysis.Hypothesis {
	t.Helper()
	var h analysis.Hypothesis
	for _, text := range texts {
		c, err := analysis.ParseCondition(text, endpoints)
		if err != nil {
			t.Fatal(err)
		}
		h = append(h, c)
	}
	return h
}

func TestParseCondition(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"gap < 500ms", "median gap <= 1.5s", "recovered < 2s", "lost = 0", "lost GET = 0", "lost  user-update <  3", "lost < 1%"} {
		if c, err := analysis.ParseCondition(text, endpoints); err != nil || c.String() != strings.Join(strings.Fields(text), " ") {
			t.Errorf("%q: %v %v", text, c, err)
		}
	}
	// SAD PATH
	for text, want := range map[string]string{
		"": "needs a figure", "gap": "needs a figure", "median": "needs a figure", "gap 500ms": "needs a figure", "gap > 500ms": "is not <, <= or =",
		"gap < 500": "is no time", "gap < -1s": "is no time", "lost < many": "neither a count nor a share", "lost < -1": "neither a count nor a share",
		"lost PONG = 0": "neither a method nor an endpoint", "gap GET < 1s": "of lost alone", "lost GET PUT = 0": "one word", "p99 < 1s": "p99 is not gap",
	} {
		if _, err := analysis.ParseCondition(text, endpoints); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// trial is one with a gap and lost requests; a negative gap is one not decided.
func trial(gap float64, lost int, h analysis.Hypothesis) analysis.Trial {
	back := gap * 2
	o := analysis.Outage{Gap: gap, Lost: lost, Asked: 1000, Recovered: &back, LostBy: map[string]int{"user": lost}}
	if gap < 0 {
		return analysis.Trial{State: analysis.NotDecided, Reason: "the machine was busy"}
	}
	return analysis.Trial{State: analysis.Held, Outage: o}
}

// No condition that broke hides another one, of the same trial, of another or of all.
func TestConcludeTellsAllThatBroke(t *testing.T) {
	t.Parallel()
	h := hypothesis(t, "median gap < 500ms", "lost GET = 0", "recovered < 20s", "lost <= 100")
	d := analysis.Drilled{Hypothesis: h, Trials: []analysis.Trial{trial(5, 0, h), trial(5, 200, h), trial(5, 1, h)}}
	if d.Conclude(); d.State != analysis.NotHeld || d.Reason != "median gap < 500ms, lost GET = 0, lost <= 100" {
		t.Errorf("%s: %s", d.State, d.Reason)
	}
}

func TestConclude(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, hypothesis string
		gaps             []float64
		state, reason    string
		median           float64
		inside           string
	}{
		{"all hold", "median gap < 500ms", []float64{0.3, 0.31, 0.29}, analysis.Held, "", 0.30, "yes"},
		{"a median forgives one", "median gap < 500ms", []float64{0.3, 0.9, 0.29}, analysis.Held, "", 0.30, "yes"},
		{"a median does not forgive two", "median gap < 500ms", []float64{0.3, 0.9, 0.8}, analysis.NotHeld, "median gap < 500ms", 0.8, "no"},
		{"half is enough", "median gap < 500ms", []float64{0.3, -1}, analysis.Held, "", 0.3, "yes"},
		{"less is not", "median gap < 500ms", []float64{0.3, -1, -1}, analysis.NotDecided, "the machine was busy", 0.3, "yes"},
		{"none", "median gap < 500ms", nil, analysis.NotDecided, "no trial was made", 0, ""},
	} {
		h := hypothesis(t, c.hypothesis)
		d := analysis.Drilled{Hypothesis: h, Predicted: &analysis.Prediction{Low: 0.2, High: 0.35}}
		for _, g := range c.gaps {
			d.Trials = append(d.Trials, trial(g, 0, h))
		}
		d.Conclude()
		gap, _ := d.Gap()
		inside := ""
		if d.Inside != nil {
			inside = map[bool]string{true: "yes", false: "no"}[*d.Inside]
		}
		if gap.Median < c.median-0.011 || gap.Median > c.median+0.011 || d.State != c.state || d.Reason != c.reason || inside != c.inside {
			t.Errorf("%s: %s (%s), median %g, inside %q", c.name, d.State, d.Reason, gap.Median, inside)
		}
	}
}
