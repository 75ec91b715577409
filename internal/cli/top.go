// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"systemlab/internal/problem"
	"systemlab/internal/record"
	"systemlab/internal/tui"
)

type topOptions struct {
	run   string
	speed float64
}

func (a *app) topCmd() *cobra.Command {
	var o topOptions
	c := &cobra.Command{
		Use:   "top",
		Short: "Watch the architecture work: the live view, or a saved run played again",
		Long: `The live view of a stage: its picture, its containers, latency and CPU over time.
--run plays a saved run, with no engine at all; --run demo plays one that ships with lab.`,
		Example: "  lab top --run demo\n  lab top --run demo-5 --speed 4\n  lab top --run last",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return a.runTop(c.Context(), o) },
	}
	c.Flags().StringVar(&o.run, "run", "", "play a saved run: its id, the start of it, a file, last, demo or demo-N (N is a stage)")
	c.Flags().Float64Var(&o.speed, "speed", 1, "how fast it is played: 1 to 20 times")
	_ = c.RegisterFlagCompletionFunc("run", func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		names, rest := a.completeRuns(c, args, word)
		names = append(names, "demo")
		for _, n := range tui.Demos() {
			names = append(names, "demo-"+strconv.Itoa(n))
		}
		return names, rest
	})
	return c
}

func (a *app) runTop(ctx context.Context, o topOptions) error {
	if o.run == "" {
		return a.runLive(ctx, nil)
	}
	if !(o.speed >= 1 && o.speed <= 20) {
		return problem.Newf(problem.Usage, "--speed 4", "a speed of %g: it must be 1 to 20", o.speed)
	}
	run, err := findRun(o.run)
	if err != nil {
		return err
	}
	if err := a.onTerminal(); err != nil {
		return err
	}
	p := tui.NewPlayer(run)
	p.SetSpeed(o.speed)
	return tui.Run(ctx, tui.Options{Feed: p})
}

// onTerminal refuses to draw where no one can look: into a file or a pipe.
func (a *app) onTerminal() error {
	out, ok := a.Out.(*os.File)
	if ok && !a.asJSON() && term.IsTerminal(int(out.Fd())) && term.IsTerminal(int(os.Stdin.Fd())) && os.Getenv("TERM") != "dumb" {
		return nil
	}
	return problem.New(problem.Unsupported, "lab top draws on a terminal, and this is none", "lab runs show last prints a run; lab status -o json says what is up")
}

// findRun finds a run by name, or one of those that ship with lab.
func findRun(name string) (*record.Run, error) {
	word, number, numbered := strings.Cut(name, "-")
	if word != "demo" {
		return store().Load(name)
	}
	all := tui.Demos()
	if len(all) == 0 {
		return nil, problem.New(problem.NotFound, "this lab was built without demo runs", "lab top --run last")
	}
	stage := all[len(all)-1]
	if numbered {
		n, err := strconv.Atoi(number)
		if err != nil {
			return nil, problem.Newf(problem.Usage, "lab top --run demo", "there is no demo %q", name)
		}
		stage = n
	}
	run, err := tui.Demo(stage)
	if err != nil {
		return nil, problem.Newf(problem.NotFound, fmt.Sprintf("lab top --run demo-%d", all[len(all)-1]), "no demo run of stage %d; there are those of %s", stage, listed(all))
	}
	return run, nil
}

func listed(numbers []int) string {
	var words []string
	for _, n := range numbers {
		words = append(words, strconv.Itoa(n))
	}
	return strings.Join(words, ", ")
}
