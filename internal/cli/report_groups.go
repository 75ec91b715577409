// SPDX-License-Identifier: MIT

package cli

import (
	"slices"

	"systemlab/internal/problem"
	"systemlab/internal/record"
)

// collect finds what a report is of: the runs named and, unless they shall stand
// alone, all that belong to the same comparison or search. A name of one of these
// takes all its runs.
func collect(names []string, alone bool) ([]*record.Run, error) {
	var runs []*record.Run
	add := func(more ...*record.Run) {
		for _, run := range more {
			if !slices.ContainsFunc(runs, func(r *record.Run) bool { return r.ID == run.ID }) {
				runs = append(runs, run)
			}
		}
	}
	taken := map[string]bool{}
	for _, name := range names {
		if record.IsTogether(name) {
			all, err := store().Together(name)
			if err != nil {
				return nil, err
			}
			if len(all) == 0 {
				return nil, problem.Newf(problem.NotFound, "lab runs list names them", "there is no run of %s in %s", name, store().Dir)
			}
			taken[name] = true
			add(all...)
			continue
		}
		run, err := findRun(name)
		if err != nil {
			return nil, err
		}
		if of := run.Round; of != nil && !alone && !taken[of.Comparison] {
			all, err := store().Beside(name).Together(of.Comparison)
			if err != nil {
				return nil, err
			}
			taken[of.Comparison] = true
			add(all...)
		}
		add(run)
	}
	return runs, nil
}

// offerReport says how to see what was measured in one page.
func (c *contest) offerReport() { c.note("to see it in a browser: lab report %s", c.id) }
