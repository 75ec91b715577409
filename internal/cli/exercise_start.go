// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"systemlab/internal/exercise"
	"systemlab/internal/problem"
)

func (a *app) exerciseStartCmd() *cobra.Command {
	var name, class string
	c := &cobra.Command{
		Use:   "start NAME",
		Short: "Begin an exercise: bring its stage up as it begins",
		Long: `Begin an exercise. The stage comes up as the exercise has it; one that asks for a prediction
brings nothing up. Your name, and the word of your class if there is one, are asked for once:
your sequence of requests follows from them.`,
		Example: "  lab exercise start who-holds-up --name \"Ada Lovelace\" --class spring\n  lab exercise start cache-takes",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: a.completeExercises,
		RunE: func(c *cobra.Command, args []string) error {
			return a.runExerciseStart(c.Context(), args[0], given(c, "name", name), given(c, "class", class))
		},
	}
	c.Flags().StringVar(&name, "name", "", "your name, as your teacher knows it (needed the first time)")
	c.Flags().StringVar(&class, "class", "", "the word that your teacher gave out")
	return c
}

// given is a flag's value if it was given.
func given(c *cobra.Command, flag, value string) *string {
	if !c.Flags().Changed(flag) {
		return nil
	}
	return &value
}

func (a *app) runExerciseStart(ctx context.Context, what string, name, class *string) error {
	e, err := a.exercise(what)
	if err != nil {
		return err
	}
	l, err := a.readLog()
	if err != nil {
		return err
	}
	who, err := learner(l, what, name, class)
	if err != nil {
		return err
	}
	d := doing{e, who, who.Seed(what), l.Stand(what, who)}
	if e.Kind != exercise.Predict {
		inner := *a // its result is ours to print
		inner.Out, inner.output = io.Discard, "text"
		if err := inner.begin(ctx, e, d.seed); err != nil {
			return err
		}
	}
	if err := learnerLog().Append(d.entry(exercise.Started)); err != nil {
		return err
	}
	if a.asJSON() {
		return a.json(map[string]any{"exercise": e.Name, "kind": e.Kind, "stage": e.Stage, "project": a.project, "learner": who, "answer_with": howTo(e)})
	}
	if e.Kind != exercise.Predict {
		fmt.Fprintf(a.Out, "stage %d is up as the exercise begins\n", e.Stage)
	}
	fmt.Fprintf(a.Out, "%s: %s, for %s\n\n%s\nnext: %s\n", e.Name, e.Title, nameOf(who), wrapped(e.Ask), howTo(e))
	return nil
}

func nameOf(who exercise.Learner) string {
	if who.Class == "" {
		return who.Name
	}
	return who.Name + ", class " + who.Class
}

// learner is who was named last, changed by what is given now.
func learner(l exercise.Logged, what string, name, class *string) (exercise.Learner, error) {
	who, known := l.Learner()
	hint := fmt.Sprintf("lab exercise start %s --name \"YOUR NAME\" --class WORD", what)
	if name == nil && !known {
		return who, problem.New(problem.Usage, "whose exercise is it? Your name is needed once", hint)
	}
	for _, w := range []struct {
		flag string
		from *string
		to   *string
		must bool
	}{{"--name", name, &who.Name, true}, {"--class", class, &who.Class, false}} {
		if w.from == nil {
			continue
		}
		word := strings.TrimSpace(*w.from)
		if w.must && word == "" || utf8.RuneCountInString(word) > 100 || !utf8.ValidString(word) || strings.ContainsFunc(word, unicode.IsControl) {
			return who, problem.Newf(problem.Usage, hint, "%s %q: it is a word or a few, in one line", w.flag, *w.from)
		}
		*w.to = word
	}
	return who, nil
}

// now is the time of an act.
func now() time.Time { return time.Now().UTC() }
