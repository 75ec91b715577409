// SPDX-License-Identifier: MIT

package analysis

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"systemlab/internal/record"
)

// Retrace draws a search's conclusions again from its saved runs, all of one
// stage. Runs that are gone cast no vote, and a note says so; those that are of no
// search have none either.
func Retrace(runs []*record.Run) Capacity {
	of := slices.DeleteFunc(slices.Clone(runs), func(r *record.Run) bool { return r.Round == nil || r.Round.Search == nil })
	if len(of) == 0 {
		var stage record.Stage
		if len(runs) > 0 {
			stage = runs[0].Stage
		}
		return untraced(stage, errors.New("they are of no search"))
	}
	runs = of
	slices.SortStableFunc(runs, func(a, b *record.Run) int { return cmp.Compare(a.Round.Number, b.Round.Number) })
	asked := runs[0].Round.Search
	objective, err := ParseObjective(asked.Objective)
	if err != nil {
		return untraced(runs[0].Stage, err)
	}
	s, err := NewSearch(SearchOptions{Start: asked.Start, Max: asked.Max, Precision: asked.Precision})
	if err != nil {
		return untraced(runs[0].Stage, err)
	}
	for _, run := range runs {
		step := objective.Step(run)
		step.Rate, step.Purpose = run.Round.Search.Rate, Purpose(run.Round.Search.Purpose)
		s.recall(step)
	}
	c := s.Capacity()
	c.Objective = objective
	c.Complete(runs[len(runs)-1].Stage, runs)
	if gone := runs[len(runs)-1].Round.Number - len(runs); gone > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("%d of its runs are not among those saved", gone))
	} else if _, _, done := s.Next(); !done {
		c.Notes = append(c.Notes, "the search was not finished: there were more rates to run")
	}
	return c
}

func untraced(stage record.Stage, err error) Capacity {
	return Capacity{Stage: stage, USL: FitUSL(nil), Notes: []string{"the runs don't say what they were searching for: " + err.Error()}}
}

// recall takes a step as it was taken when it was run.
func (s *Search) recall(step Step) {
	again := len(s.steps) > 0 && s.steps[len(s.steps)-1].Verdict == record.Invalid
	s.steps = append(s.steps, step)
	switch {
	case step.Verdict == record.Invalid:
		s.stopped = again
		return
	case step.Purpose == Below || s.found: // a repeat after an invalid run under the edge is one under the edge
		s.found = true
		s.below = slices.DeleteFunc(s.below, func(rate float64) bool { return rate == step.Rate })
		return
	}
	s.ballot.vote(step.Rate, step.Meets)
	if _, _, done := s.seek(); done {
		s.found = true
		s.below = s.spread()
	}
}

// Complete adds what a search doesn't know by itself: the stage, and what the
// run at the edge says of CPU.
func (c *Capacity) Complete(stage record.Stage, runs []*record.Run) {
	c.Stage = stage
	for _, step := range c.Steps {
		i := slices.IndexFunc(runs, func(r *record.Run) bool { return r.ID == step.Run })
		if i >= 0 && (c.Bounds == nil || step.Rate == c.Rate) {
			c.Bounds = AsymptoticBounds(runs[i])
		}
	}
}
