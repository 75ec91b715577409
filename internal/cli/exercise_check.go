// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"systemlab/internal/exercise"
	"systemlab/internal/problem"
	"systemlab/internal/record"
)

func (a *app) exerciseCheckCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "check NAME [ANSWER...]",
		Short: "Measure an exercise, and say whether it is solved",
		Long: `Check an exercise by measuring it. One that asks for a prediction needs one that is sealed; others
take the answer here, or the stack as you changed it. What was concluded and its runs are kept in
the log. Exit code 0: solved; 16: not solved; 13: the runs can't tell, and it counts for nothing.`,
		Example: "  lab exercise check cache-takes\n  lab exercise check who-holds-up SERVICE",
		Args:    cobra.MinimumNArgs(1), ValidArgsFunction: a.completeExercises,
		RunE: func(c *cobra.Command, args []string) error {
			return a.runExerciseCheck(c.Context(), args[0], strings.Join(args[1:], " "))
		},
	}
}

// made is a run of a check, and its part in it.
type made struct {
	part string
	run  *record.Run
}

func (a *app) runExerciseCheck(ctx context.Context, name, answer string) error {
	e, err := a.exercise(name)
	if err != nil {
		return err
	}
	if err := answered(e, answer); err != nil {
		return err
	}
	d, err := a.doing(name)
	if err != nil {
		return err
	}
	given, err := d.given(answer)
	if err != nil {
		return err
	}
	if err := store().Check(); err != nil {
		return err
	}
	runs, err := a.measure(ctx, e, given, d.seed)
	if err != nil {
		return err
	}
	entry := d.entry(exercise.Checked)
	entry.Given = given
	if entry.Runs, err = refs(runs); err != nil {
		return err
	}
	mark := e.Mark(given, d.seed, evidence(runs))
	entry.Mark = &mark
	if err := learnerLog().Append(entry); err != nil {
		return err
	}
	return a.printMark(d, entry)
}

// answered refuses an answer where none is asked for, and none where one is.
func answered(e exercise.Exercise, answer string) error {
	wants := e.Kind == exercise.Attribute || e.Kind == exercise.Diagnose
	switch {
	case wants && answer == "":
		return problem.Newf(problem.Usage, howTo(e), "%s needs an answer", e.Name)
	case !wants && answer != "" && e.Kind == exercise.Predict:
		return problem.Newf(problem.Usage, howTo(e), "%s takes no answer when it is checked: a prediction is sealed before", e.Name)
	case !wants && answer != "":
		return problem.Newf(problem.Usage, howTo(e), "%s takes no answer: it is your stack that is measured", e.Name)
	}
	return nil
}

// given is what is checked: the prediction that is sealed, or the answer.
func (d doing) given(answer string) (exercise.Given, error) {
	s := d.stand
	switch {
	case d.Kind != exercise.Predict && !s.Began:
		return exercise.Given{}, problem.Newf(problem.Usage, "lab exercise start "+d.Name, "%s has not begun", d.Name)
	case d.Kind != exercise.Predict:
		return exercise.Given{Answer: answer}, nil
	case s.Sealed == nil:
		return exercise.Given{}, problem.Newf(problem.Usage, howTo(d.Exercise), "nothing is measured before you predicted: no prediction of %s is sealed", d.Name)
	case s.Sealed.Hash != d.Hash():
		return exercise.Given{}, problem.Newf(problem.Unsupported, "lab exercise reset "+d.Name+", then predict again", "the exercise %s was changed since you predicted", d.Name)
	}
	return s.Sealed.Given, nil
}

// measure makes the runs of a check.
func (a *app) measure(ctx context.Context, e exercise.Exercise, given exercise.Given, seed int64) ([]made, error) {
	switch e.Kind {
	case exercise.Predict:
		return a.measurePredict(ctx, e, given, seed)
	case exercise.Attribute:
		return a.measureAttribute(ctx, e, given, seed)
	case exercise.Reach:
		return a.measureReach(ctx, e, given, seed)
	case exercise.Survive:
		return a.measureSurvive(ctx, e, given, seed)
	default:
		return a.measureDiagnose(ctx, e, given, seed)
	}
}

func evidence(runs []made) exercise.Evidence {
	out := exercise.Evidence{}
	for _, m := range runs {
		out[m.part] = append(out[m.part], m.run)
	}
	return out
}

func refs(runs []made) ([]exercise.Ref, error) {
	var out []exercise.Ref
	for _, m := range runs {
		sum, err := store().SHA256(m.run.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, exercise.Ref{Run: m.run.ID, Part: m.part, SHA256: sum})
	}
	return out, nil
}

// printMark prints what a check came to, and ends with its exit code.
func (a *app) printMark(d doing, entry exercise.Entry) error {
	m := *entry.Mark
	explain := ""
	if m.Solved || m.Decided && d.Kind == exercise.Predict { // of the others it would give the next try away
		explain = strings.TrimSpace(d.Explain)
	}
	// After a reset what is graded may be another prediction than the one just checked.
	var graded *exercise.Given
	if g := d.stand.Graded; g != nil && g.Given != entry.Given {
		graded = &g.Given
	}
	if a.asJSON() {
		if err := a.json(map[string]any{"exercise": d.Name, "kind": d.Kind, "stage": d.Stage, "learner": d.who, "seed": d.seed, "given": entry.Given,
			"runs": slices.Concat([]exercise.Ref{}, entry.Runs), "mark": m, "explain": explain, "graded_instead": graded}); err != nil {
			return err
		}
		return code(m)
	}
	a.writeMark(d, m)
	if graded != nil {
		fmt.Fprintf(a.Out, "graded    what you sealed first: %g to %g, %g%% sure\n", graded.Low, graded.High, 100*graded.Sure)
	}
	if explain != "" {
		fmt.Fprintf(a.Out, "\n%s\n", explain)
	}
	if m.Decided && graded == nil && d.Kind == exercise.Predict {
		fmt.Fprintf(a.Out, "\nyour mark stays as it is. What you believe now is shown beside what you believed, to you and your teacher:\n  lab exercise reset %s, then lab exercise predict %s LOW..HIGH\n", d.Name, d.Name)
	}
	if m.Solved && d.Kind != exercise.Predict {
		fmt.Fprintf(a.Out, "\nthe stage stays up as it is; next: lab %sdown --volumes\n", a.flag())
	}
	return code(m)
}

func (a *app) writeMark(d doing, m exercise.Mark) {
	word, colour := "not decided: it counts for nothing", "33"
	switch {
	case m.Decided && m.Solved:
		word, colour = fmt.Sprintf("solved, %.0f points", m.Points), "32"
	case m.Decided:
		word, colour = fmt.Sprintf("not solved, %.0f points", m.Points), "31"
	}
	fmt.Fprintf(a.Out, "%s: %s\n", d.Name, a.paint(a.Out, colour, word))
	for _, line := range []struct{ name, text string }{{"measured", m.Measured}, {"asked", m.Asked}, {"why", m.Why}} {
		if line.text != "" {
			fmt.Fprintf(a.Out, "%-9s %s\n", line.name, line.text)
		}
	}
}

// code of a check: solved, not solved, or not decided.
func code(m exercise.Mark) error {
	switch {
	case !m.Decided:
		return exitCode(problem.NotValid.ExitCode())
	case !m.Solved:
		return exitCode(problem.NotSolved.ExitCode())
	}
	return nil
}
