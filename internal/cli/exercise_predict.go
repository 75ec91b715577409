// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"systemlab/internal/analysis"
	"systemlab/internal/exercise"
	"systemlab/internal/problem"
	"systemlab/stages"
)

func (a *app) exercisePredictCmd() *cobra.Command {
	sure := "80%"
	c := &cobra.Command{
		Use:   "predict NAME LOW..HIGH",
		Short: "Seal a prediction, before it is measured",
		Long: `Seal the interval that you believe the ratio lies in, and how sure you are of it. A narrow interval
that holds is worth the most; one that misses costs the more, the surer you were. Until the first
check you may seal another one.`,
		Example: "  lab exercise predict cache-takes 1.2..2\n  lab exercise predict cache-takes 1.1..3 --sure 60%",
		Args:    cobra.ExactArgs(2), ValidArgsFunction: a.completeExercises,
		RunE: func(_ *cobra.Command, args []string) error { return a.runExercisePredict(args[0], args[1], sure) },
	}
	c.Flags().StringVar(&sure, "sure", sure, "how sure you are that the ratio lies in it: 1% to 99%")
	return c
}

func (a *app) runExercisePredict(name, interval, sure string) error {
	hint := "lab exercise predict " + name + " LOW..HIGH --sure 80%"
	e, err := a.exercise(name)
	if err != nil {
		return err
	}
	if e.Kind != exercise.Predict {
		return problem.Newf(problem.Usage, howTo(e), "%s asks for no prediction: it is of kind %s", name, e.Kind)
	}
	low, high, err := exercise.ParseInterval(interval)
	if err != nil {
		return problem.Newf(problem.Usage, hint, "%q: %v", interval, err)
	}
	share, err := exercise.ParseSure(sure)
	if err != nil {
		return problem.Newf(problem.Usage, hint, "--sure %q: %v", sure, err)
	}
	d, err := a.doing(name)
	if err != nil {
		return err
	}
	if d.stand.Sealed != nil && !d.stand.Open {
		return problem.Newf(problem.Unsupported, "lab exercise check "+name+"; lab exercise reset "+name+" lets you predict again, but what was sealed first is what is graded",
			"the prediction of %s is sealed: measuring it has begun", name)
	}
	entry := d.entry(exercise.Predicted)
	entry.Given = exercise.Given{Low: low, High: high, Sure: share}
	if err := learnerLog().Append(entry); err != nil {
		return err
	}
	if a.asJSON() {
		return a.json(map[string]any{"exercise": name, "given": entry.Given, "learner": d.who, "graded": d.stand.Graded == nil})
	}
	fmt.Fprintf(a.Out, "sealed: %g to %g, %g%% sure\n", low, high, 100*share)
	if d.stand.Graded != nil {
		g := d.stand.Graded.Given
		fmt.Fprintf(a.Out, "what is graded stays what you sealed first: %g to %g, %g%% sure\n", g.Low, g.High, 100*g.Sure)
	}
	fmt.Fprintf(a.Out, "next: lab exercise check %s\n", name)
	return nil
}

// Turns of a prediction's measurement: those of lab compare.
const (
	predictTurn   = 8 * time.Second
	predictWarmup = 3 * time.Second
)

// measurePredict lets both sides take turns on stacks of their own. From when it
// begins the prediction can't be sealed anew.
func (a *app) measurePredict(ctx context.Context, e exercise.Exercise, given exercise.Given, seed int64) ([]made, error) {
	src, err := a.findSource()
	if err != nil {
		return nil, err
	}
	var found []stages.Stage
	for _, name := range []string{e.Predict.A, e.Predict.B} {
		st, err := stages.Find(src.Dir, name)
		if err != nil {
			return nil, err
		}
		found = append(found, st)
	}
	c, err := a.contest(ctx, found, [][]string{e.Predict.EnvA, e.Predict.EnvB}, compareOptions{
		load:   loadOptions{rate: e.Predict.Rate, workload: e.Predict.Workload, duration: predictTurn, warmup: predictWarmup, seed: seed, timeout: 10 * time.Second},
		rounds: analysis.LeastRounds, maxTime: 15 * time.Minute,
	})
	if err != nil {
		return nil, err
	}
	d, err := a.doing(e.Name)
	if err == nil && (d.stand.Sealed == nil || d.stand.Sealed.Given != given) { // in another terminal, while this one made ready
		err = problem.Newf(problem.Unsupported, "lab exercise check "+e.Name, "another prediction of %s was sealed meanwhile: nothing was measured", e.Name)
	}
	if err == nil {
		entry := d.entry(exercise.Measuring)
		entry.Given = given
		err = learnerLog().Append(entry)
	}
	if err != nil {
		return nil, earlier(err, c.end(ctx))
	}
	played, err := c.play(ctx, nil)
	if err != nil {
		return nil, err
	}
	var out []made
	for _, round := range played {
		out = append(out, made{exercise.SideA, round[0]}, made{exercise.SideB, round[1]})
	}
	return out, nil
}
