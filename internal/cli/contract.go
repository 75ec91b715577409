// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"systemlab/internal/contract"
	"systemlab/internal/image"
	"systemlab/internal/problem"
	"systemlab/stages"
)

// replaceable is the one service with a contract that a program can be held
// against from outside; the others are configuration of well-known programs, or
// speak with the api alone.
const replaceable = "api"

// contractStage is asked when nobody says: it has a database, a cache and work.
const contractStage = "5"

func (a *app) contractCmd() *cobra.Command {
	var stage string
	c := &cobra.Command{
		Use:   "contract SERVICE PROGRAM",
		Short: "Check that a program of your own keeps a service's contract",
		Long: `Run a program of your own, in any language, against a real database and cache in a stack beside,
and hold it against the contract of the service whose place it is to take. PROGRAM is a folder with a Dockerfile
or an image that the engine has. The rules are those that the stage asks for; api can be replaced.`,
		Example: "  lab contract api ./my-api\n  lab contract api my-image:1 --stage 1\n  lab contract api ./my-api -o json",
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return a.runContract(c.Context(), args[0], args[1], stage)
		},
	}
	c.Flags().StringVar(&stage, "stage", contractStage, "the stage whose api it is to be")
	return c
}

// replacement is a program in the place of a service's.
type replacement struct {
	service, program string
	made             image.Made
	check            []string // of its health, which it brings itself; nil without one
}

func checkReplaceable(service string) error {
	if service != replaceable {
		return problem.Newf(problem.Unsupported, "lab contract "+replaceable+" ./my-api", "%s can't be replaced: %s is the service with a contract of its own", service, replaceable)
	}
	return nil
}

func (a *app) runContract(ctx context.Context, service, program, stage string) error {
	if err := checkReplaceable(service); err != nil {
		return err
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.engine.Close()
	st, err := stages.Find(s.source.Dir, stage)
	if err != nil {
		return err
	}
	r, err := s.bring(ctx, service, program)
	if err != nil {
		return err
	}
	report, err := s.hold(ctx, st, r)
	if err != nil {
		return err
	}
	if err := a.printContract(st, r, report); err != nil {
		return err
	}
	if !report.Kept() {
		return exitCode(problem.Contract.ExitCode())
	}
	return nil
}

// bring makes the image of a program.
func (s *session) bring(ctx context.Context, service, program string) (replacement, error) {
	r := replacement{service: service, program: program}
	if program == "" {
		return r, problem.New(problem.Usage, "no program is named", "lab contract "+service+" ./my-api")
	}
	var err error
	if r.made, err = s.builder().Own(ctx, service, program); err != nil {
		return r, err
	}
	r.check, err = s.engine.ImageCheck(ctx, r.made.Ref)
	return r, err
}

// hold checks a program against the contract, and marks an image that keeps it.
func (s *session) hold(ctx context.Context, st stages.Stage, r replacement) (contract.Report, error) {
	t, err := s.trialStack(ctx, st, r)
	if err != nil {
		return contract.Report{}, err
	}
	report, err := t.check(ctx)
	if err == nil && report.Kept() {
		err = s.builder().Mark(ctx, r.made, t.has.Mark())
	}
	return report, err
}

func (a *app) printContract(st stages.Stage, r replacement, report contract.Report) error {
	if a.asJSON() {
		return a.json(map[string]any{"service": r.service, "program": r.program, "image": r.made.Ref, "stage": st.Number, "kept": report.Kept(),
			"rules": report.Rules, "findings": report.Findings})
	}
	if report.Kept() {
		_, err := fmt.Fprintf(a.Out, "%s keeps the contract of %s as stage %d needs it (%d rules)\nnext: lab up %d --replace %s=%s\n",
			r.program, r.service, st.Number, len(report.Rules), st.Number, r.service, r.program)
		return err
	}
	fmt.Fprintf(a.Out, "%s breaks the contract of %s in %s (%d rules checked, stage %d):\n", r.program, r.service, ways(report), len(report.Rules), st.Number)
	return writeFindings(a.Out, report.Findings)
}

func ways(r contract.Report) string {
	if len(r.Findings) == 1 {
		return "one way"
	}
	return fmt.Sprintf("%d ways", len(r.Findings))
}

func writeFindings(w io.Writer, findings []contract.Finding) error {
	for _, f := range findings {
		if _, err := fmt.Fprintf(w, "  %s: %s\n", f.Rule, f); err != nil {
			return err
		}
	}
	return nil
}

// broken is how a command refuses a program that breaks the contract.
func broken(r replacement, report contract.Report) error {
	const shown = 5
	var b strings.Builder
	fmt.Fprintf(&b, "%s breaks the contract of %s in %s:\n", r.program, r.service, ways(report))
	_ = writeFindings(&b, report.Findings[:min(shown, len(report.Findings))])
	if more := len(report.Findings) - shown; more > 0 {
		fmt.Fprintf(&b, "  and %d more", more)
	}
	return problem.New(problem.Contract, strings.TrimSpace(b.String()),
		"lab contract "+r.service+" "+r.program+" shows all; --force runs it all the same")
}
