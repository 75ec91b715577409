// SPDX-License-Identifier: MIT

// Package cli is the face: one short file a command, which parses, calls and
// prints. Results go to stdout, progress and complaints to stderr.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"systemlab/internal/problem"
	"systemlab/internal/report"
)

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// app is what all commands share: the streams and the global flags.
type app struct {
	Streams
	version string
	args    []string
	project string
	output  string
}

// exitCode ends a command whose result has been printed already.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// Run runs one command and returns the process's exit code.
func Run(ctx context.Context, s Streams, version string, args []string) int {
	a := &app{Streams: s, version: version, args: args}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	err := root.ExecuteContext(ctx)
	var code exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	}
	p := problem.Of(err)
	if ctx.Err() != nil && p.Kind != problem.Interrupted {
		p = problem.New(problem.Interrupted, "interrupted", "the same command again goes on from here; lab down removes what is there")
	}
	a.complain(p)
	return p.Kind.ExitCode()
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "lab",
		Short: "A system-design laboratory on one laptop",
		Long: `lab grows one small web service through numbered architectures on real containers,
drives the same load at each, and measures what the new box bought and what it cost.`,
		Example: "  lab up 5\n  lab load --rate 200 --duration 30s\n  lab status\n  lab down",
		Version: a.version, SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.output != "text" && a.output != "json" {
				return problem.Newf(problem.Usage, "-o text or -o json", "unknown output format %q", a.output)
			}
			return nil
		},
	}
	project := os.Getenv("LAB_PROJECT")
	if project == "" {
		project = "lab"
	}
	root.PersistentFlags().StringVarP(&a.project, "project", "p", project, "name of the stack; several can be up side by side (LAB_PROJECT)")
	root.PersistentFlags().StringVarP(&a.output, "output", "o", "text", "text or json")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		// The bad flag may stand before -o, which is then not read any more.
		if asksJSON(a.args) {
			a.output = "json"
		}
		return problem.New(problem.Usage, err.Error(), c.CommandPath()+" --help")
	})
	root.AddCommand(a.doctorCmd(), a.stagesCmd(), a.lessonCmd(), a.upCmd(), a.statusCmd(), a.loadCmd(), a.topCmd(), a.compareCmd(), a.explainCmd(), a.capacityCmd(),
		a.scaleCmd(), a.logsCmd(), a.diffCmd(), a.runsCmd(), a.reportCmd(), a.breakCmd(), a.healCmd(), a.drillCmd(), a.exerciseCmd(), a.submitCmd(), a.gradeCmd(), a.imagesCmd(), a.contractCmd(), a.kitCmd(), a.downCmd())
	root.InitDefaultCompletionCmd() // now, so that a slip in its words is a usage error too
	usageErrors(root)
	return root
}

// asksJSON finds -o json, however it is written, in what was typed.
func asksJSON(args []string) bool {
	for i, arg := range args {
		if arg == "--" {
			return false
		}
		value, found := strings.CutPrefix(arg, "--output")
		if !found {
			value, found = strings.CutPrefix(arg, "-o")
		}
		if found && value == "" && i+1 < len(args) {
			value = args[i+1]
		}
		if found && strings.TrimPrefix(value, "=") == "json" {
			return true
		}
	}
	return false
}

// usageErrors gives every command's own argument check the hint to its help,
// and every group of commands an error for a word that it does not know.
func usageErrors(c *cobra.Command) {
	if c.HasSubCommands() {
		c.Args = unknownCommand
		if c.RunE == nil {
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
		}
	} else if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return problem.New(problem.Usage, err.Error(), c.CommandPath()+" --help")
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		usageErrors(sub)
	}
}

func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	c.SuggestionsMinimumDistance = 2 // letters; cobra's own default reaches its own errors alone
	hint := c.CommandPath() + " --help"
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = c.CommandPath() + " " + near[0]
	}
	return problem.Newf(problem.Usage, hint, "there is no command %q", c.CommandPath()+" "+args[0])
}

// complain prints one problem: what is wrong, and what to type next.
func (a *app) complain(p *problem.Error) {
	if a.output == "json" {
		_ = a.json(map[string]any{"error": errorOf(p)})
		return
	}
	fmt.Fprintf(a.Err, "%s %s\n", a.paint(a.Err, "31", "lab:"), p.Error())
	if p.Hint != "" {
		fmt.Fprintf(a.Err, "  try: %s\n", p.Hint)
	}
}

func errorOf(p *problem.Error) map[string]string {
	return map[string]string{"kind": string(p.Kind), "message": p.Error(), "hint": p.Hint}
}

func (a *app) json(v any) error { return report.WriteJSON(a.Out, v) }

func (a *app) asJSON() bool { return a.output == "json" }

// note writes one line of progress.
func (a *app) note(format string, args ...any) { fmt.Fprintf(a.Err, format+"\n", args...) }

// colour is used on a terminal alone, unless NO_COLOR asks for none.
func (a *app) colour(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

func (a *app) paint(w io.Writer, code, s string) string {
	if !a.colour(w) {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
