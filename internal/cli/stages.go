// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"systemlab/stages"
)

func (a *app) stagesCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "stages",
		Short:   "List the stages: what is new in each, and what it should show",
		Example: "  lab stages\n  lab stages -o json",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return a.runStages(c.Context()) },
	}
}

func (a *app) runStages(ctx context.Context) error {
	src, err := a.findSource()
	if err != nil {
		return err
	}
	all, err := stages.List(src.Dir)
	if err != nil {
		return err
	}
	type row struct {
		Stage    int      `json:"stage"`
		Name     string   `json:"name"`
		Title    string   `json:"title"`
		Idea     string   `json:"idea"`
		Shows    string   `json:"shows"`
		Services []string `json:"services"`
		Workload string   `json:"workload"`
	}
	rows := []row{}
	for _, s := range all {
		p, err := s.Load(ctx, "lab", stages.Given{Port: 8080})
		if err != nil {
			return err
		}
		r := row{Stage: s.Number, Name: s.Name, Title: s.Lab.Title, Idea: s.Lab.Idea, Shows: s.Lab.Shows, Workload: s.Lab.Workload}
		for _, svc := range p.Services {
			name := svc.Name
			if svc.Replicas != 1 {
				name = fmt.Sprintf("%s x%d", svc.Name, svc.Replicas)
			}
			r.Services = append(r.Services, name)
		}
		rows = append(rows, r)
	}
	if a.asJSON() {
		return a.json(rows)
	}
	w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", r.Stage, r.Name, r.Idea, strings.Join(r.Services, ", "))
	}
	return w.Flush()
}
