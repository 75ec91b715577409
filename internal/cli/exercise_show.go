// SPDX-License-Identifier: MIT

package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"systemlab/internal/exercise"
)

func (a *app) exerciseShowCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "show NAME",
		Short:   "What an exercise asks for, and how to answer",
		Example: "  lab exercise show cache-takes",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: a.completeExercises,
		RunE: func(_ *cobra.Command, args []string) error { return a.runExerciseShow(args[0]) },
	}
}

func (a *app) runExerciseShow(name string) error {
	e, err := a.exercise(name)
	if err != nil {
		return err
	}
	l, err := a.readLog()
	if err != nil {
		return err
	}
	who, _ := l.Learner()
	stand := l.Stand(name, who)
	seen := e.Hints[:min(stand.Hints, len(e.Hints))]
	if a.asJSON() {
		return a.json(map[string]any{"exercise": rowOf(e, stand), "ask": e.Ask, "answer_with": howTo(e), "hints_seen": append([]string{}, seen...), "hints": len(e.Hints)})
	}
	fmt.Fprintf(a.Out, "%s: %s (stage %d, %s, %s)\n\n%s\n", e.Name, e.Title, e.Stage, e.Kind, stand.Word(), wrapped(e.Ask))
	for i, h := range seen {
		fmt.Fprintf(a.Out, "hint %d: %s", i+1, wrapped(h))
	}
	if more := len(e.Hints) - len(seen); more > 0 {
		fmt.Fprintf(a.Out, "%d hints left: lab exercise hint %s\n", more, e.Name)
	}
	if !stand.Began {
		fmt.Fprintf(a.Out, "begin: lab exercise start %s\n", e.Name)
	}
	fmt.Fprintf(a.Out, "answer: %s\n", howTo(e))
	if e.Kind == exercise.Predict {
		fmt.Fprintf(a.Out, "then: lab exercise check %s\n", e.Name)
	}
	return nil
}
