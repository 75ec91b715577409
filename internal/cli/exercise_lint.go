// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"systemlab/internal/compose"
	"systemlab/internal/exercise"
	"systemlab/internal/fault"
	"systemlab/internal/problem"
	"systemlab/stages"
)

func (a *app) exerciseNewCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "new KIND",
		Short:   "Print an exercise to write your own from",
		Long:    "Print a file with one exercise of a kind, with comments: predict, attribute, reach, survive or diagnose.",
		Example: "  lab exercise new predict > my-exercises.yaml\n  lab exercise new attribute",
		Args:    cobra.ExactArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return kinds(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.runExerciseNew(args[0]) },
	}
}

func kinds() (out []string) {
	for _, k := range exercise.Kinds() {
		out = append(out, string(k))
	}
	return out
}

func (a *app) runExerciseNew(kind string) error {
	text, ok := exercise.Template(exercise.Kind(kind))
	if !ok {
		return problem.Newf(problem.Usage, "lab exercise new predict; one of "+strings.Join(kinds(), ", "), "there is no kind of exercises %q", kind)
	}
	if a.asJSON() {
		return a.json(map[string]string{"kind": kind, "yaml": text})
	}
	_, err := fmt.Fprint(a.Out, text)
	return err
}

func (a *app) exerciseLintCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "lint FILE...",
		Short:   "Say all that is wrong with files of exercises",
		Example: "  lab exercise lint my-exercises.yaml\n  lab exercise lint stages/05-cache/exercises.yaml -o json",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return a.runExerciseLint(c.Context(), args) },
	}
}

// linted is what was found in a file.
type linted struct {
	File      string   `json:"file"`
	Exercises []string `json:"exercises"`
	Findings  []string `json:"findings"`
	Apart     bool     `json:"apart"` // in no stage's folder, though there are exercises of one stage in it
}

func (a *app) runExerciseLint(ctx context.Context, files []string) error {
	out := []linted{}
	found := 0
	names := map[string]string{}
	for _, file := range files {
		all, findings, err := exercise.Lint(file)
		if err != nil {
			return err
		}
		l := linted{File: file, Exercises: []string{}, Findings: []string{}}
		for _, f := range findings {
			l.Findings = append(l.Findings, f.Error())
		}
		for _, e := range all {
			l.Exercises = append(l.Exercises, e.Name)
			if other := names[e.Name]; other != "" && other != file {
				l.Findings = append(l.Findings, fmt.Sprintf("%q: %s has an exercise of that name too", e.Name, other))
			}
			names[e.Name] = file
			l.Apart = l.Apart || e.Stage == 0 && e.Kind != exercise.Predict
			if len(findings) == 0 {
				misfits, err := a.misfits(ctx, e)
				if err != nil {
					return err
				}
				for _, m := range misfits {
					l.Findings = append(l.Findings, fmt.Sprintf("%q: %s", e.Name, m))
				}
			}
		}
		found += len(l.Findings)
		out = append(out, l)
	}
	if a.asJSON() {
		if err := a.json(map[string]any{"files": out}); err != nil {
			return err
		}
	} else {
		a.writeLinted(out)
	}
	if found > 0 {
		return exitCode(problem.Usage.ExitCode())
	}
	return nil
}

func (a *app) writeLinted(all []linted) {
	for _, l := range all {
		for _, f := range l.Findings {
			fmt.Fprintf(a.Out, "%s: %s\n", l.File, f)
		}
		if len(l.Findings) == 0 {
			where := ""
			if l.Apart {
				where = " (in no stage's folder: whether the stage has what it names was not looked at)"
			}
			fmt.Fprintf(a.Out, "%s: nothing wrong with %s%s\n", l.File, strings.Join(l.Exercises, ", "), where)
		}
	}
}

// misfits says in what an exercise does not fit the stages: stages, services and
// workloads that are not there. The stage of a file that is not in a stage's folder isn't known.
func (a *app) misfits(ctx context.Context, e exercise.Exercise) (out []string, err error) {
	src, err := a.findSource()
	if err != nil {
		return nil, err
	}
	try := func(err error) {
		if err != nil {
			out = append(out, problem.Of(err).Error())
		}
	}
	if c := e.Predict; c != nil {
		a, errA := loadStage(ctx, src.Dir, c.A)
		b, errB := loadStage(ctx, src.Dir, c.B)
		if failed := errors.Join(errA, errB); failed != nil {
			try(earlier(errA, errB))
			return out, nil
		}
		for _, side := range []struct {
			loadedStage
			env []string
		}{{a, c.EnvA}, {b, c.EnvB}} {
			try(override(side.project, side.env))
			api, _ := side.project.Service("api")
			try(canServe(side.stage, api.Env, c.Workload))
		}
		_, inA := a.project.Service(c.Service)
		_, inB := b.project.Service(c.Service)
		if c.Service != "" && (!inA || !inB) {
			out = append(out, fmt.Sprintf("service %q is not in both stages: there is no ratio", c.Service))
		}
	}
	if e.Diagnose != nil {
		for _, f := range e.Diagnose.Faults {
			_, err := fault.Parse(f.How)
			try(err)
		}
	}
	if e.Stage == 0 {
		return out, nil
	}
	st, err := loadStage(ctx, src.Dir, strconv.Itoa(e.Stage))
	if err != nil {
		try(err)
		return out, nil
	}
	for _, c := range []exercise.Change{e.Begin, e.Reference.Change, e.Naive.Change} {
		try(override(st.project, c.Env))
		for _, name := range slices.Concat(slices.Sorted(maps.Keys(c.Scale)), slices.Sorted(maps.Keys(c.Limits))) {
			if _, ok := st.project.Service(name); !ok {
				out = append(out, fmt.Sprintf("stage %d has no service %q", e.Stage, name))
			}
		}
	}
	for _, name := range named(e) {
		if !slices.ContainsFunc(st.project.ServiceNames(), func(service string) bool { return means(name, service) }) {
			out = append(out, fmt.Sprintf("stage %d has no service %q", e.Stage, name))
		}
	}
	if workload := asked(e); workload != "" {
		api, _ := st.project.Service("api")
		try(canServe(st.stage, api.Env, workload))
	}
	return out, nil
}

// named are the services that an exercise's answers and faults name.
func named(e exercise.Exercise) (out []string) {
	if e.Attribute != nil {
		out = append(out, e.Reference.Answer, e.Naive.Answer)
	}
	if e.Diagnose != nil {
		for _, f := range e.Diagnose.Faults {
			out = append(out, f.What)
		}
	}
	return out
}

// means tells whether what a fault is made on is of a service: api, api-2, api.2, api:any, all:api, all:apis.
func means(what, service string) bool {
	name, role, of := strings.Cut(what, ":")
	if of && name == "all" {
		return role == service || role == service+"s"
	}
	number, ok := strings.CutPrefix(name, service)
	if !ok || number == "" {
		return ok
	}
	_, err := strconv.Atoi(number[1:])
	return err == nil && strings.ContainsAny(number[:1], "-.")
}

// asked is the workload of an exercise on its own stage, "" of another.
func asked(e exercise.Exercise) string {
	switch {
	case e.Attribute != nil:
		return e.Attribute.Workload
	case e.Reach != nil:
		return e.Reach.Workload
	case e.Diagnose != nil:
		return e.Diagnose.Workload
	}
	return ""
}

// loadedStage is a stage with its project.
type loadedStage struct {
	stage   stages.Stage
	project *compose.Project
}

func loadStage(ctx context.Context, dir, name string) (loadedStage, error) {
	st, err := stages.Find(dir, name)
	if err != nil {
		return loadedStage{}, err
	}
	p, err := st.Load(ctx, "lab", stages.Given{Port: 8080})
	return loadedStage{st, p}, err
}
