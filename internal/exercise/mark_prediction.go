// SPDX-License-Identifier: MIT

package exercise

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

const (
	// solvedPoints of a prediction's score solve it.
	solvedPoints = 50
	// mostApart of a measurement's ends, high by low, that a prediction is judged by: from a
	// wider one almost any prediction would have its points.
	mostApart = 4
)

// Ratio of A by B as measured: the geometric mean of the rounds and its interval.
type Ratio struct{ Value, Low, High float64 }

// Measured is the ratio that a prediction is about, from the runs of a check; why
// says why there is none, and is "" where there is one.
func (e Exercise) Measured(runs Evidence) (r Ratio, why string) {
	a, b := runs[SideA], runs[SideB]
	if why := e.Predict.foreign(a, b); why != "" {
		return r, why
	}
	var rounds []analysis.Pair
	for i := range min(len(a), len(b)) {
		rounds = append(rounds, analysis.Pair{A: a[i], B: b[i]})
	}
	told := analysis.Compare(rounds)
	if told.Refused != "" {
		return r, told.Refused
	}
	i := slices.IndexFunc(told.Quantities, func(q analysis.Quantity) bool {
		return q.Name == e.Predict.Quantity && q.Service == e.Predict.Service
	})
	if i < 0 {
		return r, "the runs have no such row: " + e.Predict.words()
	}
	q := told.Quantities[i]
	if q.Difference || !(q.Ratio > 0 && q.Low > 0 && q.High > 0) {
		return r, "there is no ratio of " + e.Predict.words() + ": one side has none, or a round has a 0"
	}
	// Compare's ratio is of B by A; the same rounds, turned over.
	r = Ratio{1 / q.Ratio, 1 / q.High, 1 / q.Low}
	if r.High/r.Low > mostApart {
		return r, fmt.Sprintf("the rounds differ too much to tell: %s; check again when the machine is quiet", r)
	}
	return r, ""
}

func (e Exercise) markPrediction(given Given, runs Evidence) Mark {
	m := Mark{Asked: fmt.Sprintf("an interval that holds it; yours is %s to %s, %s sure", figure(given.Low), figure(given.High), percent(given.Sure))}
	if !(given.Low > 0 && given.High >= given.Low && given.Sure > 0 && given.Sure < 1) {
		m.Why = "nothing was predicted"
		return m
	}
	r, why := e.Measured(runs)
	if m.Why = why; why != "" {
		return m
	}
	m.Decided = true
	m.Measured = fmt.Sprintf("%s, %s: %s", e.Predict.words(), e.Predict.sides(), r)
	m.Points = Score(given.Low, given.High, given.Sure, r.Low, r.High)
	hit := given.Low <= r.High && given.High >= r.Low
	m.Solved = hit && m.Points >= solvedPoints
	widest := solvingFactor(given.Sure)
	switch {
	case m.Solved:
	case hit && given.High/given.Low > widest:
		m.Why = fmt.Sprintf("it holds, but says little: %s sure, its ends may be a factor of %s apart at most to have %d points", percent(given.Sure), figure(widest), solvedPoints)
	case hit:
		m.Why = fmt.Sprintf("it holds, but at its edge: most likely to you was %s, the middle", figure(math.Sqrt(given.Low*given.High)))
	default:
		m.Why = fmt.Sprintf("it misses, though you were %s sure", percent(given.Sure))
	}
	return m
}

// foreign says why runs are not of this contest; "" where they are.
func (c Contest) foreign(a, b []*record.Run) string {
	if len(a) != len(b) {
		return "not every round has a run of both sides"
	}
	for _, side := range []struct {
		stage string
		runs  []*record.Run
	}{{c.A, a}, {c.B, b}} {
		for _, run := range side.runs {
			if run == nil || !of(run.Stage, side.stage) || run.Pace != c.pace() || !asks(run, c.Workload) {
				return "a run is of another stage or load than the exercise's"
			}
		}
	}
	return ""
}

// of tells whether a stage is what someone calls it: 5, 05-cache or cache.
func of(st record.Stage, called string) bool {
	_, short, _ := strings.Cut(st.Name, "-")
	n, err := strconv.Atoi(called)
	return st.Name == called || short == called || err == nil && st.Number == n
}

func (c Contest) pace() string { return "const:" + strconv.FormatFloat(c.Rate, 'f', -1, 64) }

// words for what is compared: cpu_per_request of postgres.
func (c Contest) words() string {
	if c.Service == "" {
		return c.Quantity
	}
	return c.Quantity + " of " + c.Service
}

// sides in words: stage 4 by stage 5.
func (c Contest) sides() string {
	return "stage " + withEnv(c.A, c.EnvA) + " by stage " + withEnv(c.B, c.EnvB)
}

func withEnv(stage string, env []string) string {
	return strings.Join(append([]string{stage}, env...), " ")
}

func (r Ratio) String() string {
	return fmt.Sprintf("%s (%s to %s)", figure(r.Value), figure(r.Low), figure(r.High))
}

func figure(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }

func percent(share float64) string { return strconv.FormatFloat(100*share, 'g', 3, 64) + "%" }
