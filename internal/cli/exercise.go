// SPDX-License-Identifier: MIT

package cli

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"systemlab/internal/exercise"
	"systemlab/internal/problem"
	"systemlab/stages"
)

func (a *app) exerciseCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "exercise",
		Short: "Predict, find, repair: exercises that are checked by measuring",
		Long: `Each stage has exercises. Predict what a change does, name what binds, get more out of a stage,
make it survive, find what was broken without a word. What you did is checked by measuring it on
your own machine, with a sequence of requests of your own, and kept in a log.`,
		Example: "  lab exercise list\n  lab exercise start cache-takes --name \"Ada Lovelace\" --class spring\n  lab exercise predict cache-takes 1.2..2 --sure 80%\n  lab exercise check cache-takes",
	}
	c.AddCommand(a.exerciseListCmd(), a.exerciseShowCmd(), a.exerciseStartCmd(), a.exercisePredictCmd(), a.exerciseCheckCmd(),
		a.exerciseHintCmd(), a.exerciseResetCmd(), a.exerciseNewCmd(), a.exerciseLintCmd())
	return c
}

// exercises of all stages, in their order.
func (a *app) exercises() ([]exercise.Exercise, error) {
	src, err := a.findSource()
	if err != nil {
		return nil, err
	}
	found, err := stages.List(src.Dir)
	if err != nil {
		return nil, err
	}
	var all []exercise.Exercise
	where := map[string]string{}
	for _, st := range found {
		here, err := exercise.Load(filepath.Dir(st.File))
		if err != nil {
			return nil, err
		}
		for _, e := range here {
			if where[e.Name] != "" {
				return nil, problem.Newf(problem.Usage, "give one of them another name", "the stages %s and %s both have an exercise named %q", where[e.Name], st.Name, e.Name)
			}
			where[e.Name] = st.Name
		}
		all = append(all, here...)
	}
	return all, nil
}

// exercise finds one by name.
func (a *app) exercise(name string) (exercise.Exercise, error) {
	all, err := a.exercises()
	if err != nil {
		return exercise.Exercise{}, err
	}
	for _, e := range all {
		if e.Name == name {
			return e, nil
		}
	}
	return exercise.Exercise{}, problem.Newf(problem.NotFound, "lab exercise list", "there is no exercise %q", name)
}

func learnerLog() exercise.Log { return exercise.LogIn(home()) }

// readLog reads the log, and says what a crash left at its end.
func (a *app) readLog() (exercise.Logged, error) {
	l, err := learnerLog().Read()
	if err == nil && len(l.Torn) > 0 {
		a.note("the log of exercises ends in the middle of a line: that act was not kept, and the log goes on from the line before")
	}
	return l, err
}

// doing is an exercise, who does it, and where they stand.
type doing struct {
	exercise.Exercise
	who   exercise.Learner
	seed  int64
	stand exercise.Standing
}

// doing finds an exercise for the learner who was named.
func (a *app) doing(name string) (doing, error) {
	e, err := a.exercise(name)
	if err != nil {
		return doing{}, err
	}
	l, err := a.readLog()
	if err != nil {
		return doing{}, err
	}
	who, ok := l.Learner()
	if !ok {
		return doing{}, problem.New(problem.Usage, "nobody has been named yet whose exercise it is", fmt.Sprintf("lab exercise start %s --name \"YOUR NAME\" --class WORD", name))
	}
	return doing{e, who, who.Seed(name), l.Stand(name, who)}, nil
}

// entry of the log for an act.
func (d doing) entry(act string) exercise.Entry {
	return exercise.Entry{Time: now(), Act: act, Exercise: d.Name, Hash: d.Hash(), Learner: d.who, Seed: d.seed}
}

// howTo says how an exercise is answered.
func howTo(e exercise.Exercise) string {
	switch e.Kind {
	case exercise.Predict:
		return "lab exercise predict " + e.Name + " LOW..HIGH --sure 80%"
	case exercise.Attribute:
		return "lab exercise check " + e.Name + " SERVICE"
	case exercise.Diagnose:
		return "lab exercise check " + e.Name + " WHAT HOW"
	}
	return "lab exercise check " + e.Name
}

func (a *app) completeExercises(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var out []string
	if all, err := a.exercises(); err == nil && len(args) == 0 {
		for _, e := range all {
			out = append(out, e.Name+"\t"+e.Title)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// wrapped ends each line of a text from a file once.
func wrapped(text string) string { return strings.TrimSpace(text) + "\n" }
