// SPDX-License-Identifier: MIT

package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"systemlab/internal/exercise"
	"systemlab/stages"
)

func (a *app) exerciseListCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "list [STAGE]",
		Short:   "The exercises, and how far you are with each",
		Example: "  lab exercise list\n  lab exercise list 5 -o json",
		Args:    cobra.MaximumNArgs(1), ValidArgsFunction: a.completeStages,
		RunE: func(_ *cobra.Command, args []string) error { return a.runExerciseList(append(args, "")[0]) },
	}
}

// exerciseRow is an exercise in a list. Points are what counts so far, 0 to 100.
type exerciseRow struct {
	Stage  int           `json:"stage"`
	Name   string        `json:"name"`
	Kind   exercise.Kind `json:"kind"`
	Title  string        `json:"title"`
	State  string        `json:"state"` // not begun, started, predicted, not decided, not solved, solved
	Points *float64      `json:"points"`
	Checks int           `json:"checks"`
	Hints  int           `json:"hints"`
}

func (a *app) runExerciseList(which string) error {
	only := 0
	if which != "" {
		src, err := a.findSource()
		if err != nil {
			return err
		}
		st, err := stages.Find(src.Dir, which)
		if err != nil {
			return err
		}
		only = st.Number
	}
	all, err := a.exercises()
	if err != nil {
		return err
	}
	l, err := a.readLog()
	if err != nil {
		return err
	}
	who, _ := l.Learner()
	rows := []exerciseRow{}
	for _, e := range all {
		if only == 0 || e.Stage == only {
			rows = append(rows, rowOf(e, l.Stand(e.Name, who)))
		}
	}
	if a.asJSON() {
		return a.json(map[string]any{"learner": who, "exercises": rows})
	}
	if len(rows) == 0 {
		a.note("stage %s has no exercises", which)
		return nil
	}
	w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		state := r.State
		if r.Points != nil {
			state += fmt.Sprintf(", %.0f points", *r.Points)
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", r.Stage, r.Name, r.Kind, r.Title, state)
	}
	return w.Flush()
}

func rowOf(e exercise.Exercise, s exercise.Standing) exerciseRow {
	r := exerciseRow{Stage: e.Stage, Name: e.Name, Kind: e.Kind, Title: e.Title, State: s.Word(), Checks: s.Checks, Hints: s.Hints}
	if s.Mark != nil && s.Mark.Decided {
		r.Points = &s.Mark.Points
	}
	return r
}
