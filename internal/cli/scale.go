// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"systemlab/internal/compose"
	"systemlab/internal/problem"
)

const maxReplicas = 32

func (a *app) scaleCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "scale SERVICE=N...",
		Short:   "Change how many replicas a service has",
		Example: "  lab scale api=5\n  lab scale api=1",
		Args:    cobra.MinimumNArgs(1), ValidArgsFunction: a.completeServices,
		RunE: func(c *cobra.Command, args []string) error { return a.runScale(c.Context(), args) },
	}
}

func (a *app) runScale(ctx context.Context, args []string) error {
	began := time.Now()
	want, err := parseScale(args)
	if err != nil {
		return err
	}
	s, done, err := a.openLocked(ctx)
	if err != nil {
		return err
	}
	defer done()
	_, p, err := s.current(ctx)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if err := scaleTo(p, name, want[name]); err != nil {
			return err
		}
	}
	if _, err := s.healFirst(ctx); err != nil {
		return err
	}
	plan, err := s.plan(ctx, p, s.stack, false)
	if err != nil {
		return err
	}
	if err := s.engine.Apply(ctx, plan, s.tellStep); err != nil {
		return err
	}
	if a.asJSON() {
		return a.json(map[string]any{"project": a.project, "replicas": want, "changes": plan.Changes(), "seconds": time.Since(began).Seconds()})
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		fmt.Fprintf(a.Out, "%s has %d replicas\n", name, want[name])
	}
	return nil
}

func parseScale(args []string) (map[string]int, error) {
	out := map[string]int{}
	for _, arg := range args {
		name, num, ok := strings.Cut(arg, "=")
		n, err := strconv.Atoi(num)
		if !ok || name == "" || err != nil {
			return nil, problem.Newf(problem.Usage, "lab scale api=5", "%q is not SERVICE=NUMBER", arg)
		}
		if n < 0 || n > maxReplicas {
			return nil, problem.Newf(problem.Usage, "lab scale "+name+"=3", "%s can have 0 to %d replicas, not %d", name, maxReplicas, n)
		}
		out[name] = n
	}
	return out, nil
}

// scaleTo refuses what can't be: two of a box that owns a port or a volume.
func scaleTo(p *compose.Project, name string, n int) error {
	svc, ok := p.Service(name)
	if !ok {
		return problem.Newf(problem.NotFound, "one of: "+strings.Join(p.ServiceNames(), ", "), "this stage has no service %q", name)
	}
	if n > 1 && len(svc.Ports) > 0 {
		return problem.Newf(problem.Unsupported, "scale the services behind it, such as lab scale api="+strconv.Itoa(n),
			"%s publishes a port, which only one container can have", name)
	}
	for _, m := range svc.Mounts {
		if n > 1 && m.Kind == "volume" {
			return problem.Newf(problem.Unsupported, "lab stages shows which stage adds a copy of the database", "%s keeps its data on one volume, which only one container may write", name)
		}
	}
	svc.Replicas = n
	return nil
}

func (a *app) completeServices(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	s, err := a.openStack(c.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer s.engine.Close()
	var out []string
	for _, ctr := range s.observed.Containers {
		name := ctr.Service
		if c.Name() == "scale" {
			name += "="
		}
		if !ctr.OneOff && (len(out) == 0 || out[len(out)-1] != name) {
			out = append(out, name)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
