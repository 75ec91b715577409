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
	"systemlab/loadgen"
)

type explainOptions struct {
	prove    bool
	rounds   int
	workload string
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

With --prove the stack that is up is kept at its ceiling by clients that ask again as soon as they
were answered; the limit of what binds is raised by half, and the ceiling must move; then the limit
of another service instead, and it must not. All limits are put back.`,
		Example: "  lab explain\n  lab explain last -o json\n  lab explain --prove --workload messages",
		Args:    cobra.MaximumNArgs(1), ValidArgsFunction: a.completeRuns,
		RunE: func(c *cobra.Command, args []string) error {
			if o.prove {
				return a.runProve(c.Context(), o, args)
			}
			for _, flag := range []string{"rounds", "workload", "duration", "warmup", "seed"} {
				if c.Flags().Changed(flag) {
					return problem.Newf(problem.Usage, "lab explain --prove", "--%s is for --prove: a saved run has its own", flag)
				}
			}
			return a.runExplain(append(args, "last")[0])
		},
	}
	f := c.Flags()
	f.BoolVar(&o.prove, "prove", false, "prove it on the running stack, by raising limits")
	f.IntVar(&o.rounds, "rounds", 4, "rounds of a run with the limits as they are, with more for what binds, and with more for the decoy; up to 16 where they differ too much")
	f.StringVar(&o.workload, "workload", "", "as of lab load (default: the stage's own)")
	f.DurationVar(&o.duration, "duration", 5*time.Second, "length of the measured part of each run")
	f.DurationVar(&o.warmup, "warmup", proofWarmup, "load before it, which is not counted")
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
		return problem.Newf(problem.Usage, "--rounds 4", "--rounds %d: it must be %d to %d", o.rounds, analysis.MinRepeats, maxRounds)
	}
	_, err := o.load().order()
	return err
}

// load as the flags of `lab load` would say it; how many clients is found out.
func (o explainOptions) load() loadOptions {
	return loadOptions{pace: loadgen.Closed(1).String(), workload: o.workload, duration: o.duration, warmup: o.warmup, seed: o.seed, timeout: 10 * time.Second}
}

func (a *app) runProve(ctx context.Context, o explainOptions, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	s, done, err := a.openLocked(ctx) // limits change: no other lab may meanwhile
	if err != nil {
		return err
	}
	defer done()
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
