// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"systemlab/internal/analysis"
	"systemlab/internal/problem"
	"systemlab/internal/record"
	"systemlab/internal/report"
	"systemlab/internal/rounds"
	"systemlab/stages"
)

type compareOptions struct {
	load       loadOptions
	rounds     int
	sequential bool
	precision  string
	maxTime    time.Duration
	envA, envB []string
	keep       bool

	replaceA, replaceB []string
}

func (a *app) compareCmd() *cobra.Command {
	o := compareOptions{load: loadOptions{timeout: 10 * time.Second, seed: 1}}
	c := &cobra.Command{
		Use:   "compare A B | A..B",
		Short: "Compare two stages, or saved runs, so that the answer can be believed",
		Long: `Compare two stages under the same load: both are brought up side by side as stacks of
their own and take turns in rounds, A B B A, each with the same sequence of requests, the
idle one frozen. Every difference is given with an interval that holds for the whole table;
where it contains 1 no difference was detected. The stacks are removed at the end.

Two saved runs, or a run of each side of an earlier comparison, are compared as they are.
A..B makes the ladder: every stage from A to B at one load, in one table.`,
		Example: "  lab compare 4 5 --rate 200\n  lab compare 2 2 --env-b api.POOL=off\n  lab compare 2..8\n  lab compare last 20261121-101530-s5-a1b2",
		Args:    cobra.RangeArgs(1, 2), ValidArgsFunction: a.completeCompared,
		RunE: func(c *cobra.Command, args []string) error { return a.runCompare(c.Context(), args, o) },
	}
	f := c.Flags()
	f.Float64Var(&o.load.rate, "rate", 200, "requests a second")
	f.StringVar(&o.load.workload, "workload", "", "what is asked (default: the last stage's own if all can serve it, else that of the one before)")
	f.DurationVar(&o.load.duration, "duration", 8*time.Second, "length of a turn's measured part")
	f.DurationVar(&o.load.warmup, "warmup", 3*time.Second, "load before it, which is thrown away")
	f.Int64Var(&o.load.seed, "seed", 1, "of the first round; each round has the next one")
	f.IntVar(&o.rounds, "rounds", 0, "rounds at least (default 8; for a ladder 2)")
	f.BoolVar(&o.sequential, "sequential", false, "one stack that changes its stage, not two side by side: slower, for machines with little memory")
	f.StringVar(&o.precision, "precision", "5%", "go on until p50 and CPU a request are known this well; 0 makes no more rounds")
	f.DurationVar(&o.maxTime, "max-time", 15*time.Minute, "begin no more rounds that would last longer")
	f.StringArrayVar(&o.envA, "env-a", nil, "SERVICE.NAME=VALUE for A alone")
	f.StringArrayVar(&o.envB, "env-b", nil, "SERVICE.NAME=VALUE for B alone")
	f.StringArrayVar(&o.replaceA, "replace-a", nil, "SERVICE=PROGRAM for A alone: a program of your own, as for lab up --replace")
	f.StringArrayVar(&o.replaceB, "replace-b", nil, "SERVICE=PROGRAM for B alone")
	f.BoolVar(&o.keep, "keep", false, "leave the stacks up at the end")
	return c
}

func (a *app) completeCompared(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	names, _ := a.completeStages(c, nil, word)
	runs, directive := a.completeRuns(c, args, word)
	return append(names, runs...), directive
}

func (a *app) runCompare(ctx context.Context, args []string, o compareOptions) error {
	ladder := len(args) == 1
	switch {
	case o.rounds < 0 || o.rounds > 100:
		return problem.Newf(problem.Usage, "--rounds 8", "%d rounds: it must be 1 to 100", o.rounds)
	case o.rounds == 0 && ladder:
		o.rounds = 2
	case o.rounds == 0:
		o.rounds = 8
	}
	src, err := a.findSource()
	if err != nil {
		return err
	}
	if ladder {
		return a.runLadder(ctx, args[0], src.Dir, o)
	}
	var found []stages.Stage
	for _, arg := range args {
		if st, err := stages.Find(src.Dir, arg); err == nil {
			found = append(found, st)
		}
	}
	switch len(found) {
	case 2:
		return a.compareStages(ctx, found, o)
	case 0:
		return a.compareRuns(args)
	}
	for _, arg := range args {
		if _, err := stages.Find(src.Dir, arg); err != nil {
			if _, err := store().Load(arg); err != nil {
				return err
			}
		}
	}
	return problem.Newf(problem.Usage, "lab compare 4 5, or two runs: lab runs list", "%s and %s: a stage and a run can't be compared, for they were not measured in turns", args[0], args[1])
}

// compareStages plays the rounds and prints what they tell.
func (a *app) compareStages(ctx context.Context, found []stages.Stage, o compareOptions) error {
	wanted, err := precision(o.precision)
	if err != nil {
		return err
	}
	c, err := a.contest(ctx, found, [][]string{o.envA, o.envB}, o)
	if err != nil {
		return err
	}
	began := time.Now()
	played, err := c.play(ctx, func(done []rounds.Round) bool {
		why := wanting(analysis.Compare(pairs(done)), wanted)
		if why == "" || !rounds.Within(began, o.maxTime, len(done)) {
			return false
		}
		a.note("%s: two more rounds", why)
		return true
	})
	if len(played) == 0 {
		return err
	}
	told := analysis.Compare(pairs(played))
	c.offerReport()
	if failed := a.printComparison(told, played[0][0].Architecture, played[0][1].Architecture); failed != nil {
		return failed
	}
	if err != nil {
		return a.after(err)
	}
	return believed(told.Refused == "")
}

// wanting says why more rounds are needed to know what is asked this well; "" where
// none are, or none would help.
func wanting(told analysis.Comparison, wanted float64) string {
	switch {
	case wanted <= 0:
		return ""
	case told.Few:
		return fmt.Sprintf("%d rounds conclude nothing, it takes %d", told.Rounds, analysis.LeastRounds)
	case told.Refused != "" || told.Width() <= wanted:
		return ""
	}
	return fmt.Sprintf("known to %.1f%%, wanted %.1f%%", told.Width()*100, wanted*100)
}

// believed is the exit code of what was printed, and can be believed or not.
func believed(yes bool) error {
	if yes {
		return nil
	}
	return exitCode(problem.NotValid.ExitCode())
}

func (a *app) printComparison(c analysis.Comparison, of, with record.Architecture) error {
	if a.asJSON() {
		return a.json(report.ComparisonJSON(c))
	}
	return report.WriteComparison(a.Out, c, analysis.Describe(c, of, with), report.Options{Color: a.colour(a.Out)})
}

// compareRuns compares what is saved: two runs, or the rounds that they belong to.
func (a *app) compareRuns(args []string) error {
	var two [2]*record.Run
	for i, arg := range args {
		run, err := store().Load(arg)
		if err != nil {
			return err
		}
		two[i] = run
	}
	if refuse, _ := analysis.Comparable(two[0], two[1]); refuse != "" { // what else differs, Compare notes
		return problem.New(problem.Unsupported, refuse, "compare runs of one workload; lab runs list shows them")
	}
	all := []analysis.Pair{{A: two[0], B: two[1]}}
	if rounds, err := roundsOf(two); err != nil {
		return err
	} else if len(rounds) > 0 {
		all = rounds
	}
	told := analysis.Compare(all)
	if err := a.printComparison(told, all[0].A.Architecture, all[0].B.Architecture); err != nil {
		return err
	}
	return believed(told.Refused == "")
}

// roundsOf finds all rounds of the comparison that two runs are the sides of.
// Steps of a search for capacity are no rounds: each is at a rate of its own.
func roundsOf(two [2]*record.Run) ([]analysis.Pair, error) {
	a, b := two[0].Round, two[1].Round
	if a == nil || b == nil || a.Search != nil || b.Search != nil || a.Comparison != b.Comparison || a.Side == b.Side {
		return nil, nil
	}
	runs, err := store().Together(a.Comparison)
	if err != nil {
		return nil, err
	}
	whole := slices.DeleteFunc(analysis.PairsOf(runs, a.Side, b.Side), func(p analysis.Pair) bool { return p.A == nil || p.B == nil })
	return whole, nil
}

func pairs(played []rounds.Round) []analysis.Pair {
	var out []analysis.Pair
	for _, r := range played {
		out = append(out, analysis.Pair{A: r[0], B: r[1]})
	}
	return out
}

// precision reads 5% or 0.05 as a share.
func precision(s string) (float64, error) {
	number, percent := strings.CutSuffix(strings.TrimSpace(s), "%")
	v, err := strconv.ParseFloat(number, 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v >= 0) || v > 1 {
		return 0, problem.Newf(problem.Usage, "--precision 5%", "a precision of %q: it must be between 0%% and 100%%", s)
	}
	return v, nil
}

// sideName is a side's letter.
func sideName(i int) string { return string(rune('a' + i)) }

// tellTurn is the line of one turn.
func (a *app) tellTurn(round int, side string, run *record.Run) {
	cpu := 0.0
	for _, c := range run.Containers {
		cpu += c.CPUSecondsPerRequest
	}
	text := fmt.Sprintf("  round %d, %s: p50 %s, p99 %s, %.2f CPU-ms a request, %s", round+1, side,
		report.Seconds(run.Summary.Latency.P50), report.Seconds(run.Summary.Latency.P99), cpu*1e3, run.Verdict.State)
	if len(run.Verdict.Reasons) > 0 && run.Verdict.State != record.Valid {
		text += ": " + run.Verdict.Reasons[0].Seen
	}
	a.note("%s", text)
}
