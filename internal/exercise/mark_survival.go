// SPDX-License-Identifier: MIT

package exercise

import (
	"fmt"
	"slices"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// Trials of the drill in a check. A loss of one request in three trials of ten is
// missed by five in 17 of 100.
const Trials = 5

// markSurvival holds the trials against the drill's hypothesis, and the limits
// against the budget.
func (e Exercise) markSurvival(runs Evidence) Mark {
	trials, d := runs[Drilled], e.Survive.Script
	if d == nil {
		return Mark{Why: "the stage has no drill " + e.Survive.Drill}
	}
	drilled := analysis.Drilled{Hypothesis: d.Hypothesis}
	m := Mark{Asked: d.Hypothesis.String()}
	if e.Survive.Budget > 0 {
		m.Asked += fmt.Sprintf(", with at most %g cores", e.Survive.Budget)
	}
	if m.Why = e.unfit(d.Workload, trials...); m.Why != "" {
		return m
	}
	if len(trials) < Trials {
		m.Why = fmt.Sprintf("%d trials of %d were made", len(trials), Trials)
		return m
	}
	for _, run := range trials {
		if !broke(run, d.How+" "+d.What) {
			m.Why = fmt.Sprintf("run %s is no trial of %s", run.ID, d.Name)
			return m
		}
		drilled.Trials = append(drilled.Trials, analysis.JudgeTrial(run, d.Hypothesis))
	}
	drilled.Conclude()
	has, unlimited := granted(trials)
	m.Measured = told(drilled) + fmt.Sprintf("; %.4g cores", has)
	switch {
	case drilled.State == analysis.NotDecided:
		m.Why = drilled.Reason
	case e.Survive.Budget > 0 && unlimited != "":
		m.Decided, m.Why = true, unlimited+" has no CPU limit: that is any number of cores"
	case e.Survive.Budget > 0 && has > e.Survive.Budget+slack:
		m.Decided, m.Why = true, fmt.Sprintf("it has %.4g cores, and the budget is %g", has, e.Survive.Budget)
	case drilled.State == analysis.NotHeld:
		m.Decided, m.Why = true, "it did not hold: "+drilled.Reason
	default:
		m.Decided, m.Solved, m.Points = true, true, 100
	}
	return m
}

// broke tells whether the fault of a run is the one that was to be made.
func broke(run *record.Run, how string) bool {
	return slices.ContainsFunc(run.Events, func(e record.Event) bool { return e.Kind == analysis.EventFault && e.Detail == how })
}

// told says what the trials came to.
func told(d analysis.Drilled) string {
	lost, ok := d.Lost()
	gap, _ := d.Gap()
	if !ok {
		return fmt.Sprintf("%d trials, none of them decided", len(d.Trials))
	}
	return fmt.Sprintf("%d trials: %.0f requests lost (median; %.0f to %.0f), gap %.0f ms", len(d.Trials), lost.Median, lost.Low, lost.High, gap.Median*1e3)
}
