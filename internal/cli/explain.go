// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"systemlab/internal/analysis"
	"systemlab/internal/problem"
	"systemlab/internal/record"
	"systemlab/internal/report"
)

type explainOptions struct {
	prove    bool
	rounds   int
	workload string
	rate     float64
	duration time.Duration
	warmup   time.Duration
	seed     int64
}

func (a *app) explainCmd() *cobra.Command {
	var o explainOptions
	c := &cobra.Command{
		Use:   "explain [RUN]",
		Short: "Name the bottleneck of a run, and prove it",
		Long: `Name the resource that binds in a saved run (the newest by default): each service's demand for CPU,
how much of its limit was used, what waited, and the rate at which it is full.

With --prove the stack that is up is loaded above its ceiling, the limit of what binds is raised
by half, and the ceiling must move; then the limit of another service instead, and it must not.
All limits are put back.`,
		Example: "  lab explain\n  lab explain last -o json\n  lab explain --prove --rate 200",
		Args:    cobra.MaximumNArgs(1), ValidArgsFunction: a.completeRuns,
		RunE: func(c *cobra.Command, args []string) error {
			if o.prove {
				return a.runProve(c.Context(), o, args)
			}
			for _, flag := range []string{"rounds", "workload", "rate", "duration", "warmup", "seed"} {
				if c.Flags().Changed(flag) {
					return problem.Newf(problem.Usage, "lab explain --prove", "--%s is for --prove: a saved run has its own", flag)
				}
			}
			return a.runExplain(append(args, "last")[0])
		},
	}
	f := c.Flags()
	f.BoolVar(&o.prove, "prove", false, "prove it on the running stack, by raising limits")
	f.IntVar(&o.rounds, "rounds", analysis.MinRepeats, "repeats of each side")
	f.StringVar(&o.workload, "workload", "", "as of lab load (default: the stage's own)")
	f.Float64Var(&o.rate, "rate", 200, "requests a second to begin with; the ceiling is looked for from there")
	f.DurationVar(&o.duration, "duration", 10*time.Second, "length of the measured part of each run")
	f.DurationVar(&o.warmup, "warmup", 3*time.Second, "load before it, which is not counted")
	f.Int64Var(&o.seed, "seed", 1, "the same seed gives the same sequence of requests")
	return c
}

func (a *app) runExplain(name string) error {
	run, err := store().Load(name)
	if err != nil {
		return err
	}
	return a.printExplanation(run, analysis.Explain(run), nil)
}

func (a *app) printExplanation(run *record.Run, e analysis.Explanation, proof *analysis.Proof) error {
	if a.asJSON() {
		return a.json(report.ExplainJSON(run, e, proof))
	}
	return report.WriteExplanation(a.Out, run, e, proof, report.Options{Color: a.colour(a.Out)})
}

// check says at once what is wrong with the flags.
func (o explainOptions) check(args []string) error {
	if len(args) > 0 {
		return problem.New(problem.Usage, "--prove loads the stack that is up: it takes no saved run", "lab explain --prove")
	}
	if o.rounds < analysis.MinRepeats || o.rounds > maxRounds {
		return problem.Newf(problem.Usage, "--rounds 2", "--rounds %d: it must be %d to %d", o.rounds, analysis.MinRepeats, maxRounds)
	}
	_, err := o.load(o.rate).order()
	return err
}

// load at a rate, as the flags of `lab load` would say it.
func (o explainOptions) load(rate float64) loadOptions {
	return loadOptions{rate: rate, workload: o.workload, duration: o.duration, warmup: o.warmup, seed: o.seed, timeout: 10 * time.Second}
}

func (a *app) runProve(ctx context.Context, o explainOptions, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	unlock, err := a.lock(ctx) // limits change: no other lab may meanwhile
	if err != nil {
		return err
	}
	defer unlock()
	s, err := a.openStack(ctx)
	if err != nil {
		return err
	}
	defer s.engine.Close()
	p, err := s.prover(ctx, o)
	if err != nil {
		return err
	}
	run, e, proof, err := p.explain(ctx)
	if err != nil {
		return err
	}
	return a.printExplanation(run, e, &proof)
}
