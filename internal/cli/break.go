// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"systemlab/internal/fault"
	"systemlab/internal/meter"
	"systemlab/internal/problem"
)

// helper is the service whose image makes a network worse.
const helper = "fault"

type breakOptions struct {
	what string
	how  string
	last time.Duration
}

func (a *app) breakCmd() *cobra.Command {
	var o breakOptions
	c := &cobra.Command{
		Use:   "break WHAT HOW",
		Short: "Break something on the running stack, until it is healed",
		Long: `Break something on the running stack. It returns at once and the fault stands until lab heal,
lab up or lab down, unless --for says how long: then it waits, heals, and Ctrl-C heals earlier.

WHAT is a replica (api-2), a service (api: the first replica that runs whole), a role (lb:active,
lb:standby, postgres:primary, postgres:replica, api:any), or all replicas of a service (all:workers).

HOW is one of
  kill, stop             ends it; healed, it is started again
  pause                  freezes it
  restart                stops and starts it; nothing stays broken
  disconnect[=NETWORK]   takes it off one network, or off all
  cpu=10%                leaves it that share of its CPU limit
  memory=64m             lowers its memory limit
  latency=100ms,jitter=20ms,loss=1%,rate=1mbit
                         any of these, on all that it sends
  fill-disk              fills the place that it writes to, where that has a size of its own
  slow-queries[=4]       so many heavy queries at once, on a database`,
		Example: "  lab break lb:active kill --for 10s\n  lab break api-2 latency=100ms,jitter=20ms\n  lab break postgres cpu=10%\n  lab break all:workers pause",
		Args:    cobra.ExactArgs(2), ValidArgsFunction: a.completeFaults,
		RunE: func(c *cobra.Command, args []string) error {
			o.what, o.how = args[0], args[1]
			if c.Flags().Changed("for") && o.last <= 0 {
				return problem.New(problem.Usage, "--for must be above 0", "--for 10s")
			}
			return a.runBreak(c.Context(), o)
		},
	}
	c.Flags().DurationVar(&o.last, "for", 0, "heal after this time; until then the command waits")
	return c
}

func (s *session) breaker() fault.Breaker {
	return fault.Breaker{Engine: s.engine, Project: s.project, Helper: func(ctx context.Context) (string, error) {
		made, err := s.builder().Ensure(ctx, helper)
		return made[helper].Ref, err
	}}
}

func (a *app) runBreak(ctx context.Context, o breakOptions) error {
	f, err := fault.Parse(o.how)
	if err != nil {
		return err
	}
	if f.Momentary() && o.last > 0 {
		return problem.Newf(problem.Usage, "lab break "+o.what+" "+o.how, "%s is over as soon as it is done: --for has nothing to wait for", o.how)
	}
	s, broken, err := a.breakNow(ctx, o.what, f)
	if err != nil {
		return err
	}
	defer s.engine.Close()
	if o.last == 0 && ctx.Err() == nil {
		return a.printBroken(broken, f)
	}
	for _, b := range broken {
		a.note("broken: %s", describe(b))
	}
	a.note("it stands for %s; Ctrl-C heals it now", o.last)
	select {
	case <-time.After(o.last):
	case <-ctx.Done():
	}
	healed, err := s.healAgain(ctx, broken)
	if err != nil {
		return err
	}
	if err := a.printHealed(healed); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return exitCode(problem.Interrupted.ExitCode())
	}
	return nil
}

// breakNow breaks under the stack's lock, which others need while it stands.
func (a *app) breakNow(ctx context.Context, what string, f fault.Fault) (*session, []fault.Standing, error) {
	unlock, err := a.lock(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	s, err := a.openStack(ctx)
	if err != nil {
		return nil, nil, err
	}
	targets, err := fault.Resolve(what, s.observed, s.roles(ctx, what))
	if err != nil {
		s.engine.Close()
		return nil, nil, err
	}
	broken, err := s.breaker().BreakAll(ctx, targets, f)
	if err != nil {
		s.engine.Close()
		return nil, nil, err
	}
	for _, t := range targets {
		if t.Why != "" {
			a.note("%s: %s, %s", what, t.Container.Name, t.Why)
		}
	}
	return s, broken, nil
}

// describe tells what stands where, and by which means where the words don't say.
func describe(s fault.Standing) string {
	if s.Hidden != "" || s.Means == s.How {
		return s.String()
	}
	return s.String() + " (" + s.Means + ")"
}

// roles are asked for only where the words need them: asking costs CPU in the containers.
func (s *session) roles(ctx context.Context, what string) map[string][]string {
	out := map[string][]string{}
	if service, role, ok := strings.Cut(what, ":"); ok && service != "all" && role != "any" {
		for _, w := range meter.Ask(ctx, s.engine, s.observed.Containers) {
			out[w.Container.ID] = w.Roles
		}
	}
	return out
}

// healTime bounds healing after an interrupt.
const healTime = time.Minute

// healAgain heals what this command broke, whatever has happened meanwhile.
func (s *session) healAgain(ctx context.Context, broken []fault.Standing) ([]fault.Standing, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healTime)
	defer cancel()
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return s.breaker().Heal(ctx, broken...)
}

func (a *app) printBroken(broken []fault.Standing, f fault.Fault) error {
	if a.asJSON() {
		return a.json(map[string]any{"project": a.project, "broken": broken})
	}
	for _, s := range broken {
		fmt.Fprintf(a.Out, "broken: %s\n", describe(s))
	}
	if !f.Momentary() {
		fmt.Fprintf(a.Out, "next: lab %sheal\n", a.flag())
	}
	return nil
}

// flag is what a command needs to mean this stack.
func (a *app) flag() string {
	if a.project == "lab" {
		return ""
	}
	return "-p " + a.project + " "
}

func (a *app) completeFaults(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 1 {
		return fault.Ways(), cobra.ShellCompDirectiveNoFileComp
	}
	s, err := a.openStack(c.Context())
	if err != nil || len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer s.engine.Close()
	return fault.Names(s.observed), cobra.ShellCompDirectiveNoFileComp
}
