// SPDX-License-Identifier: MIT

package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"systemlab/internal/exercise"
	"systemlab/internal/problem"
)

func (a *app) exerciseHintCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "hint NAME",
		Short:   "The next hint",
		Long:    "Give the next hint. It is noted, and costs no points.",
		Example: "  lab exercise hint cache-takes",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: a.completeExercises,
		RunE: func(_ *cobra.Command, args []string) error { return a.runExerciseHint(args[0]) },
	}
}

func (a *app) runExerciseHint(name string) error {
	d, err := a.doing(name)
	if err != nil {
		return err
	}
	n := d.stand.Hints
	if n >= len(d.Hints) {
		return problem.Newf(problem.NotFound, "lab exercise show "+name+" shows them again", "there are no more hints for %s: you have seen all %d", name, len(d.Hints))
	}
	if err := learnerLog().Append(d.entry(exercise.Hinted)); err != nil {
		return err
	}
	if a.asJSON() {
		return a.json(map[string]any{"exercise": name, "hint": d.Hints[n], "number": n + 1, "of": len(d.Hints)})
	}
	fmt.Fprintf(a.Out, "hint %d of %d: %s", n+1, len(d.Hints), wrapped(d.Hints[n]))
	return nil
}

func (a *app) exerciseResetCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "reset NAME",
		Short: "Begin an exercise again",
		Long: `Begin an exercise again. Nothing is forgotten: the log is never rewritten. A prediction may be
sealed anew afterwards, but once it was measured the first one stays what is graded.`,
		Example: "  lab exercise reset cache-takes",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: a.completeExercises,
		RunE: func(_ *cobra.Command, args []string) error { return a.runExerciseReset(args[0]) },
	}
}

func (a *app) runExerciseReset(name string) error {
	d, err := a.doing(name)
	if err != nil {
		return err
	}
	if !d.stand.Began {
		return problem.Newf(problem.Usage, "lab exercise start "+name, "%s has not begun: there is nothing to reset", name)
	}
	if err := learnerLog().Append(d.entry(exercise.Reset)); err != nil {
		return err
	}
	next := "lab exercise start " + name
	if a.asJSON() {
		var graded *exercise.Given
		if d.stand.Graded != nil {
			graded = &d.stand.Graded.Given
		}
		return a.json(map[string]any{"exercise": name, "learner": d.who, "graded": graded, "next": next})
	}
	fmt.Fprintf(a.Out, "%s begins again\n", name)
	if g := d.stand.Graded; g != nil {
		fmt.Fprintf(a.Out, "what is graded stays what you sealed first: %g to %g, %g%% sure\n", g.Given.Low, g.Given.High, 100*g.Given.Sure)
	}
	fmt.Fprintf(a.Out, "next: %s\n", next)
	return nil
}
