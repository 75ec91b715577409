// SPDX-License-Identifier: MIT

package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"systemlab/internal/report"
)

func (a *app) runsCmd() *cobra.Command {
	c := &cobra.Command{
		Use:     "runs",
		Short:   "List, show and remove saved runs",
		Example: "  lab runs list\n  lab runs show last\n  lab runs rm 20261121-101530-s5-a1b2",
	}
	show := &cobra.Command{Use: "show RUN", Short: "Show a saved run: its id, the start of it, a file, or last", Example: "  lab runs show last\n  lab runs show last -o json",
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeRuns,
		RunE: func(_ *cobra.Command, args []string) error { return a.runRunsShow(args[0]) }}
	rm := &cobra.Command{Use: "rm RUN...", Aliases: []string{"remove"}, Short: "Remove saved runs", Example: "  lab runs rm last",
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.completeRuns,
		RunE: func(_ *cobra.Command, args []string) error { return a.runRunsRemove(args) }}
	list := &cobra.Command{Use: "list", Short: "List saved runs, the newest first", Example: "  lab runs list", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.runRunsList() }}
	c.AddCommand(list, show, rm)
	c.RunE = list.RunE
	return c
}

func (a *app) runRunsShow(id string) error {
	run, err := store().Load(id)
	if err != nil {
		return err
	}
	return a.printRun(run)
}

func (a *app) runRunsRemove(ids []string) error {
	var removed []string
	for _, id := range ids {
		name, err := store().Remove(id)
		if err != nil {
			return err
		}
		removed = append(removed, name)
		if !a.asJSON() {
			fmt.Fprintf(a.Out, "removed %s\n", name)
		}
	}
	if a.asJSON() {
		return a.json(map[string]any{"removed": removed})
	}
	return nil
}

func (a *app) runRunsList() error {
	runs, err := store().List()
	if err != nil {
		return err
	}
	if a.asJSON() {
		return a.json(runs)
	}
	if len(runs) == 0 {
		fmt.Fprintln(a.Out, "no runs yet; lab load --rate 200 --duration 30s makes one")
		return nil
	}
	return report.WriteRuns(a.Out, runs, report.Options{Color: a.colour(a.Out)})
}

func (a *app) completeRuns(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	runs, err := store().List()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	out := []string{"last"}
	for _, r := range runs {
		out = append(out, r.ID)
	}
	return out, cobra.ShellCompDirectiveDefault
}
