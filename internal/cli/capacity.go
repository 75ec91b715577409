// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"systemlab/internal/analysis"
	"systemlab/internal/problem"
	"systemlab/internal/record"
	"systemlab/internal/report"
	"systemlab/internal/trial"
	"systemlab/stages"
)

type capacityOptions struct {
	load      loadOptions // rate is the first one
	slo       string
	precision string
	most      float64
	keep      bool
	env       []string
}

// A step is long enough for its percentile, within this.
const longestStep = 60 * time.Second

func (a *app) capacityCmd() *cobra.Command {
	o := capacityOptions{load: loadOptions{timeout: 10 * time.Second}}
	c := &cobra.Command{
		Use:   "capacity STAGE | A..B",
		Short: "Find the highest rate that a stage serves within an objective",
		Long: `Find the highest rate at which a stage meets an objective: doubling until it is missed,
bisection with repeats at the edge, then rates below it for a fit of the Universal
Scalability Law. The stage is brought up as a stack of its own, which is removed at the end.
A..B does so for every stage from A to B.`,
		Example: "  lab capacity 5\n  lab capacity 4 --slo 'p99<50ms,errors<1%' --workload messages\n  lab capacity 2..5 --duration 5s",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: a.completeStages,
		RunE: func(c *cobra.Command, args []string) error { return a.runCapacity(c.Context(), args[0], o) },
	}
	f := c.Flags()
	f.StringVar(&o.slo, "slo", analysis.DefaultObjective().String(), "the objective: a percentile's bound and one of errors")
	f.Float64Var(&o.load.rate, "start", 50, "the first rate, requests a second")
	f.Float64Var(&o.most, "max", 20_000, "no rate above it is tried")
	f.StringVar(&o.precision, "precision", "5%", "how far apart the highest rate that met it and the lowest that missed may be")
	f.StringVar(&o.load.workload, "workload", "", "what is asked (default: the stage's own; of several the last one's if all can serve it, else that of the one before)")
	f.DurationVar(&o.load.duration, "duration", 8*time.Second, "length of a step's measured part, at least: a percentile needs answers enough")
	f.DurationVar(&o.load.warmup, "warmup", 2*time.Second, "load before it, which is thrown away")
	f.Int64Var(&o.load.seed, "seed", 1, "of all steps")
	f.StringArrayVar(&o.env, "env", nil, "SERVICE.NAME=VALUE: set a service's variable")
	f.BoolVar(&o.keep, "keep", false, "leave the stack up at the end")
	return c
}

func (a *app) runCapacity(ctx context.Context, what string, o capacityOptions) error {
	objective, err := analysis.ParseObjective(o.slo)
	if err != nil {
		return problem.New(problem.Usage, oneLine(err.Error()), "lab capacity 5 --slo 'p99<100ms,errors<0.1%'")
	}
	share, err := precision(o.precision)
	if err != nil {
		return err
	}
	options := analysis.SearchOptions{Start: o.load.rate, Max: o.most, Precision: share}
	if _, err := analysis.NewSearch(options); err != nil || share == 0 {
		if err == nil {
			err = problem.New(problem.Usage, "a precision of 0 is never reached", "")
		}
		return problem.New(problem.Usage, oneLine(err.Error()), "lab capacity 5 --start 50 --max 5000 --precision 5%")
	}
	src, err := a.findSource()
	if err != nil {
		return err
	}
	found, err := oneOrRungs(src.Dir, what)
	if err != nil {
		return err
	}
	env := make([][]string, len(found))
	for i := range env {
		env[i] = o.env
	}
	c, err := a.contest(ctx, found, env, compareOptions{load: o.load, rounds: 1, sequential: true, maxTime: time.Hour, keep: o.keep})
	if err != nil {
		return err
	}
	c.id = "k" + strings.TrimPrefix(c.id, "c")
	all, err := c.climb(ctx, objective, options)
	if len(all) == 0 {
		return err
	}
	c.offerReport()
	if failed := a.printCapacities(all); failed != nil {
		return failed
	}
	return a.after(err)
}

// oneOrRungs finds a stage, or those of A..B.
func oneOrRungs(dir, what string) ([]stages.Stage, error) {
	if strings.Contains(what, "..") {
		return rungs(dir, what)
	}
	st, err := stages.Find(dir, what)
	return []stages.Stage{st}, err
}

// climb searches for each side's capacity, one after the other.
func (c *contest) climb(ctx context.Context, objective analysis.Objective, o analysis.SearchOptions) (all []analysis.Capacity, err error) {
	defer func() {
		if after := c.end(context.WithoutCancel(ctx)); err == nil {
			err = after
		}
	}()
	for i, one := range c.sides {
		c.note("%s: stage %d, %s; %s within %s", one.project, one.st.Number, one.st.Lab.Title, c.order.Workload, objective)
		if err := c.bring(ctx, i); err != nil {
			return all, err
		}
		search, err := analysis.NewSearch(o)
		if err != nil {
			return all, err
		}
		var runs []*record.Run
		mark := record.Search{Objective: objective.String(), Start: o.Start, Max: o.Max, Precision: o.Precision}
		for err == nil {
			rate, why, done := search.Next()
			if done {
				break
			}
			mark.Rate, mark.Purpose = rate, string(why)
			var run *record.Run
			if run, err = c.step(ctx, one, len(runs)+1, mark); err == nil {
				runs = append(runs, run)
				step := objective.Step(run)
				search.Tell(step)
				c.note("  %s", report.CapacityStepLine(why, step))
			}
		}
		if len(runs) > 0 {
			complete := search.Capacity()
			complete.Objective = objective
			complete.Complete(runs[0].Stage, runs)
			all = append(all, complete)
		}
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// step makes one run of a search, after the one before has been digested.
func (c *contest) step(ctx context.Context, one *side, number int, of record.Search) (*record.Run, error) {
	objective, err := analysis.ParseObjective(of.Objective)
	if err != nil {
		return nil, err
	}
	if err := one.answers(ctx); err != nil {
		return nil, err
	}
	o := one.load.Options
	o.Order.Pace = "const:" + strconv.FormatFloat(of.Rate, 'f', -1, 64)
	o.Order.DurationSeconds = min(max(o.Order.DurationSeconds, float64(analysis.Needed(objective.Quantile))/of.Rate*1.02), longestStep.Seconds())
	run, err := trial.Run(ctx, o)
	if err != nil {
		return nil, err
	}
	run.Round = &record.Round{Comparison: c.id, Side: one.st.Name, Number: number, Search: &of}
	st := record.Stage{Number: one.st.Number, Name: one.st.Name, Title: one.st.Lab.Title, Hash: one.load.project.Hash()}
	return run, one.s.save(run, st, architecture(one.st, one.load.project))
}

func (a *app) printCapacities(all []analysis.Capacity) error {
	if a.asJSON() {
		if len(all) == 1 {
			return a.json(report.CapacityJSON(all[0]))
		}
		out := []report.CapacityResult{}
		for _, c := range all {
			out = append(out, report.CapacityJSON(c))
		}
		return a.json(out)
	}
	o := report.Options{Color: a.colour(a.Out)}
	for _, c := range all {
		if err := report.WriteCapacity(a.Out, c, o); err != nil {
			return err
		}
		if _, err := a.Out.Write([]byte("\n")); err != nil {
			return err
		}
	}
	if len(all) < 2 {
		return nil
	}
	return report.WriteCapacities(a.Out, all, o)
}
