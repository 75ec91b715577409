// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"systemlab/internal/analysis"
	"systemlab/internal/drill"
	"systemlab/internal/problem"
	"systemlab/internal/report"
	"systemlab/stages"
)

const (
	defaultTrials = 10
	matrixTrials  = 3 // of each drill of each stage: there are many
	maxTrials     = 100
)

type drillOptions struct {
	trials int
	seed   int64
	rate   float64 // 0 is the drill's own
	stages string
	keep   bool
}

func (a *app) drillCmd() *cobra.Command {
	var o drillOptions
	c := &cobra.Command{
		Use:   "drill NAME | all | list [STAGE]",
		Short: "Break something under load, and measure what clients notice",
		Long: `Play a scripted fault again and again: a steady load, what is expected, the fault, the recovery.
Each trial measures the gap (from the last good answer before to the first good one after), the
requests lost, and the time until latency is as it was; the gap that the configuration predicts
stands beside them. What was broken is healed, whatever happens.

NAME is a drill of the stage that is up. With --stages it is played on each of these stages, as a
stack of its own; all plays every drill of them, and prints which stage survives what.`,
		Example: "  lab drill list 6\n  lab drill lb-killed\n  lab drill lb-killed --trials 3 -o json\n  lab drill all --stages 3,6,7,8",
		Args:    cobra.RangeArgs(1, 2), ValidArgsFunction: a.completeDrills,
		RunE: func(c *cobra.Command, args []string) error {
			if !c.Flags().Changed("trials") && (args[0] == "all" || o.stages != "") {
				o.trials = matrixTrials
			}
			switch {
			case args[0] == "list":
				return a.runDrillList(c.Context(), append(args, "")[1])
			case len(args) > 1:
				return problem.Newf(problem.Usage, "lab drill "+args[0]+" --stages "+args[1], "lab drill takes one name, not also %q", args[1])
			}
			return a.runDrill(c.Context(), args[0], o)
		},
	}
	f := c.Flags()
	f.IntVar(&o.trials, "trials", defaultTrials, "how often the fault is made (of several stages 3)")
	f.Int64Var(&o.seed, "seed", 1, "of the load, and of the moments at which the fault comes")
	f.Float64Var(&o.rate, "rate", 0, "requests a second (default: the drill's own)")
	f.StringVar(&o.stages, "stages", "", "play it on these stages, one after the other: 3,6,7,8 or 3..8")
	f.BoolVar(&o.keep, "keep", false, "with --stages or all: leave the stack up at the end")
	return c
}

func (a *app) runDrill(ctx context.Context, name string, o drillOptions) error {
	if o.trials < 1 || o.trials > maxTrials {
		return problem.Newf(problem.Usage, "--trials 10", "--trials %d: it must be 1 to %d", o.trials, maxTrials)
	}
	if o.rate != 0 && !(o.rate >= drill.MinRate && o.rate <= drill.MaxRate) {
		return problem.Newf(problem.Usage, "--rate 200", "--rate %g: it must be %d to %d", o.rate, drill.MinRate, drill.MaxRate)
	}
	if name == "all" || o.stages != "" {
		return a.runMatrix(ctx, name, o)
	}
	if o.keep {
		return problem.New(problem.Usage, "--keep is for a stack that the drill brings up; this one stays up anyway", "lab drill "+name)
	}
	if err := a.known(name); err != nil {
		return err
	}
	s, done, err := a.openLocked(ctx)
	if err != nil {
		return err
	}
	defer done()
	st, _, err := s.current(ctx)
	if err != nil {
		return err
	}
	d, err := drillOf(st, name)
	if err != nil {
		return err
	}
	result, err := s.drill(ctx, d, o, a.note)
	if len(result.Trials) == 0 {
		return err
	}
	if failed := a.printDrill(result); failed != nil {
		return failed
	}
	if err == nil && result.State == analysis.NotDecided {
		return exitCode(problem.NotValid.ExitCode())
	}
	return a.after(err)
}

func (a *app) printDrill(d analysis.Drilled) error {
	if a.asJSON() {
		return a.json(report.DrillJSON(d))
	}
	return report.WriteDrill(a.Out, d, report.Options{Color: a.colour(a.Out)})
}

// drillsOf a stage, read from its folder.
func drillsOf(st stages.Stage) ([]drill.Drill, error) { return drill.Load(filepath.Dir(st.File)) }

// drillOf finds a stage's drill by name.
func drillOf(st stages.Stage, name string) (drill.Drill, error) {
	all, err := drillsOf(st)
	if err != nil {
		return drill.Drill{}, err
	}
	if i := slices.IndexFunc(all, func(d drill.Drill) bool { return d.Name == name }); i >= 0 {
		return all[i], nil
	}
	return drill.Drill{}, problem.Newf(problem.NotFound, fmt.Sprintf("one of: %s; lab drill list shows those of all stages", strings.Join(drillNames(all), ", ")),
		"stage %d has no drill %q", st.Number, name)
}

func drillNames(all []drill.Drill) []string {
	names := make([]string, len(all))
	for i, d := range all {
		names[i] = d.Name
	}
	return names
}

// known says that a name is no drill of any stage, before an engine is asked.
func (a *app) known(name string) error {
	src, err := a.findSource()
	if err != nil {
		return err
	}
	list, err := stages.List(src.Dir)
	if err != nil {
		return err
	}
	var names []string
	for _, st := range list {
		all, err := drillsOf(st)
		if err != nil {
			return err
		}
		for _, d := range all {
			if d.Name == name {
				return nil
			}
			if !slices.Contains(names, d.Name) {
				names = append(names, d.Name)
			}
		}
	}
	return problem.Newf(problem.NotFound, "lab drill list; there are "+strings.Join(names, ", "), "there is no drill %q", name)
}

func (a *app) runDrillList(ctx context.Context, which string) error {
	src, err := a.findSource()
	if err != nil {
		return err
	}
	found, err := stages.List(src.Dir)
	if which != "" {
		var st stages.Stage
		st, err = stages.Find(src.Dir, which)
		found = []stages.Stage{st}
	}
	if err != nil {
		return err
	}
	plans := []report.DrillPlan{}
	for _, st := range found {
		if _, err := st.Load(ctx, "lab", stages.Given{Port: 8080}); err != nil {
			return err
		}
		all, err := drillsOf(st)
		if err != nil {
			return err
		}
		for _, d := range all {
			plans = append(plans, planOf(st, d))
		}
	}
	if a.asJSON() {
		return a.json(map[string]any{"drills": plans})
	}
	if len(plans) == 0 {
		a.note("stage %s has no drills", which)
		return nil
	}
	return report.WriteDrillPlans(a.Out, plans, report.Options{Color: a.colour(a.Out)})
}

func planOf(st stages.Stage, d drill.Drill) report.DrillPlan {
	p := report.DrillPlan{Stage: st.Number, StageName: st.Name, Name: d.Name, Title: d.Title, Break: d.What, How: d.How, ForSeconds: d.For.Seconds(),
		Workload: d.Workload, Rate: d.Rate, Hypothesis: d.Hypothesis.String()}
	if p.Workload == "" {
		p.Workload = st.Lab.Workload
	}
	if d.Predict != nil {
		p.PredictBy = d.Predict.By
	}
	return p
}

func (a *app) completeDrills(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	src, err := a.findSource()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	out := []string{"all\tevery drill", "list\twhat there is"}
	found, _ := stages.List(src.Dir)
	for _, st := range found {
		all, _ := drillsOf(st)
		for _, d := range all {
			if word := d.Name + "\t" + d.Title; !slices.ContainsFunc(out, func(o string) bool { return strings.HasPrefix(o, d.Name+"\t") }) {
				out = append(out, word)
			}
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
