// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"systemlab/internal/engine"
)

func (a *app) downCmd() *cobra.Command {
	var volumes bool
	c := &cobra.Command{
		Use:     "down",
		Short:   "Remove the stack; its data stays unless you ask",
		Example: "  lab down\n  lab down --volumes\n  lab down -p second",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return a.runDown(c.Context(), volumes) },
	}
	c.Flags().BoolVarP(&volumes, "volumes", "v", false, "remove the data too")
	return c
}

func (a *app) runDown(ctx context.Context, volumes bool) error {
	unlock, err := a.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.engine.Close()
	if err := s.clearContract(ctx); err != nil {
		return err
	}
	plan := engine.Teardown(s.observed, volumes)
	if err := s.engine.Apply(ctx, plan, s.tellStep); err != nil {
		return err
	}
	kept := 0
	if !volumes {
		kept = len(s.observed.Volumes)
	}
	if a.asJSON() {
		return a.json(map[string]any{"project": a.project, "removed": len(plan.Steps), "volumes_kept": kept})
	}
	switch {
	case len(plan.Steps) == 0:
		fmt.Fprintf(a.Out, "nothing of %s is up\n", a.project)
	default:
		fmt.Fprintf(a.Out, "%s is down\n", a.project)
	}
	if kept > 0 {
		fmt.Fprintln(a.Out, "its data stays for the next time; lab down --volumes removes that too")
	}
	return nil
}
