// SPDX-License-Identifier: MIT

package exercise

import (
	"fmt"
	"slices"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// markReach compares the learner's stack with the stage as it begins, at their
// ceilings and in paired rounds, and the limits of both.
//
// It is solved where the best estimate of the ratio reaches Times and its interval
// lies above 1. The interval as a whole is not asked to lie above Times: on a noisy
// laptop it is wide, and who did the right thing would fail by the machine. Nor is it
// enough that it touches Times: then noise would be a help. Where it holds both 1
// and Times the rounds differ too much to tell.
func (e Exercise) markReach(runs Evidence) Mark {
	was, is, goal := runs[SideA], runs[SideB], e.Reach
	m := Mark{Asked: fmt.Sprintf("%g times as much, with at most %g times the cores", goal.Times, goal.Budget)}
	if m.Why = e.unfit(goal.Workload, slices.Concat(was, is)...); m.Why != "" {
		return m
	}
	if slices.ContainsFunc(slices.Concat(was, is), func(r *record.Run) bool { return !closed(r) }) {
		m.Why = "a run is of no closed loop: it shows no ceiling"
		return m
	}
	var move analysis.Move
	if move, m.Why = analysis.Moved(was, is); m.Why != "" {
		return m
	}
	had, _ := granted(was)
	has, unlimited := granted(is)
	m.Measured = fmt.Sprintf("%s times as much (%s to %s), with %s times the cores (%.4g of %.4g)", analysis.Factor(move.Ratio),
		analysis.Factor(move.Low), analysis.Factor(move.High), share(has, had), has, had)
	switch {
	case had <= 0:
		m.Why = "the stage as it begins has no CPU limits in its runs"
	case unlimited != "":
		m.Decided, m.Why = true, unlimited+" has no CPU limit: that is any number of cores"
	case wrong(is) > 0:
		m.Decided, m.Why = true, fmt.Sprintf("fast because wrong: %d reads had another answer than they should", wrong(is))
	case has > goal.Budget*had+slack:
		m.Decided, m.Why = true, fmt.Sprintf("it has %.4g cores, and the budget is %.4g", has, goal.Budget*had)
	case move.Ratio >= goal.Times && move.Low > 1:
		m.Decided, m.Solved, m.Points = true, true, 100
	case move.Low <= 1 && move.High >= goal.Times:
		m.Why = "the rounds differ too much to tell: check again when the machine does nothing else"
	case slices.ContainsFunc(is, analysis.MachineFull):
		m.Why = "the machine had no core left, so the stack may be able to do more: stop what else runs"
	default:
		m.Decided, m.Why = true, fmt.Sprintf("that is not %g times", goal.Times)
	}
	return m
}

// wrong reads in runs, as the generator judged them.
func wrong(runs []*record.Run) (n int) {
	for _, run := range runs {
		n += run.Summary.Reads.Wrong
	}
	return n
}

func share(has, had float64) string {
	if had <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", has/had)
}
