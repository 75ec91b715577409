// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"systemlab/internal/engine"
	"systemlab/internal/fault"
	"systemlab/internal/problem"
)

func (a *app) healCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "heal [WHAT]...",
		Short: "Heal all that lab break has broken, or only on some containers",
		Long: `Heal all that lab break has broken, whichever lab did it and however that one ended, or only
what stands on the containers or services that are named.`,
		Example: "  lab heal\n  lab heal api-2",
		Args:    cobra.ArbitraryArgs, ValidArgsFunction: a.completeFaults,
		RunE: func(c *cobra.Command, args []string) error { return a.runHeal(c.Context(), args) },
	}
}

func (a *app) runHeal(ctx context.Context, what []string) error {
	s, done, err := a.openLocked(ctx)
	if err != nil {
		return err
	}
	defer done()
	which, err := s.standingOn(what)
	if err != nil {
		return err
	}
	if riddle, ok := fault.Riddle(s.observed); ok && len(what) > 0 {
		return riddle.Refuse("one thing alone can't be healed")
	}
	if len(what) > 0 && len(which) == 0 {
		return a.printHealed(nil)
	}
	healed, err := s.breaker().Heal(ctx, which...)
	if err != nil {
		return err
	}
	return a.printHealed(healed)
}

// standingOn finds the faults on what is named: services and replicas.
func (s *session) standingOn(what []string) ([]fault.Standing, error) {
	var out []fault.Standing
	for _, w := range what {
		meant, err := s.meant(w)
		if err != nil {
			return nil, err
		}
		for _, f := range fault.InForce(s.observed) {
			if slices.Contains(meant, f.Container) {
				out = append(out, f)
			}
		}
	}
	return out, nil
}

// meant are the names of a service's containers, or of one replica. A role is not
// asked for: what is broken has none.
func (s *session) meant(what string) ([]string, error) {
	all := s.observed.Of(strings.TrimPrefix(what, "all:"))
	if len(all) == 0 {
		targets, err := fault.Resolve(what, s.observed, nil)
		if err != nil {
			return nil, err
		}
		all = []engine.Container{targets[0].Container}
	}
	var names []string
	for _, c := range all {
		names = append(names, c.Name)
	}
	return names, nil
}

// healFirst puts right what stands before anything is decided on what is seen.
func (s *session) healFirst(ctx context.Context) ([]fault.Standing, error) {
	if !fault.Traces(s.observed) {
		return nil, nil
	}
	healed, err := s.breaker().Heal(ctx)
	for _, f := range told(healed) {
		s.note("  healed %s", f)
	}
	if err != nil {
		return healed, err
	}
	return healed, s.look(ctx)
}

// sayStanding tells a dry run what would be healed.
func (s *session) sayStanding() {
	for _, f := range fault.InForce(s.observed) {
		s.note("%s stands: it would be healed before all this", f)
	}
}

func (a *app) printHealed(healed []fault.Standing) error {
	if a.asJSON() {
		return a.json(map[string]any{"project": a.project, "healed": append([]fault.Standing{}, told(healed)...)})
	}
	if len(healed) == 0 {
		fmt.Fprintln(a.Out, "nothing is broken")
	}
	for _, s := range told(healed) {
		fmt.Fprintf(a.Out, "healed: %s\n", s)
	}
	return nil
}

// told leaves one of several that hide the same thing: how many there are would
// say something of it.
func told(all []fault.Standing) []fault.Standing {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(all), func(s fault.Standing) bool {
		again := s.Hidden != "" && seen[s.Hidden]
		seen[s.Hidden] = true
		return again
	})
}

// refuseBroken is for what can't be meant on a broken stack.
func (s *session) refuseBroken(why string) error {
	if riddle, ok := fault.Riddle(s.observed); ok {
		return riddle.Refuse(why)
	}
	if all := fault.InForce(s.observed); len(all) > 0 {
		return problem.Newf(problem.Unsupported, "lab "+s.flag()+"heal", "%s stands on %s: %s", all[0].How, all[0].Container, why)
	}
	return nil
}
