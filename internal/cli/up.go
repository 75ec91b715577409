// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"systemlab/internal/compose"
	"systemlab/internal/engine"
	"systemlab/internal/exercise"
	"systemlab/internal/fault"
	"systemlab/internal/problem"
	"systemlab/stages"
)

type upOptions struct {
	stage  string
	port   int
	env    []string
	net    string
	dryRun bool
	limits []string // SERVICE=CORES

	begins *exercise.Exercise // what begins with it; no flag

	replace []string
	force   bool
}

func (a *app) upCmd() *cobra.Command {
	var o upOptions
	c := &cobra.Command{
		Use:   "up STAGE",
		Short: "Bring a stage up, from nothing or from any other stage",
		Long: `Bring a stage up, given by its number or its folder's name. What runs already and is
as it should be stays untouched; only what differs is created, recreated or removed.`,
		Example: "  lab up 5\n  lab up cache --dry-run\n  lab up 2 --env api.POOL=off\n  lab up 3 -p second\n  lab up 4 --limit postgres=0.25\n  lab up 5 --replace api=./my-api",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: a.completeStages,
		RunE: func(c *cobra.Command, args []string) error {
			o.stage = args[0]
			return a.runUp(c.Context(), o)
		},
	}
	c.Flags().IntVar(&o.port, "port", 0, "port of the entry on 127.0.0.1 (default 8080, or the one that the stack has)")
	c.Flags().StringArrayVar(&o.env, "env", nil, "SERVICE.NAME=VALUE: set a service's variable, such as api.POOL=off")
	c.Flags().StringArrayVar(&o.limits, "limit", nil, "SERVICE=CORES: set the CPU limit of each replica of a service, such as postgres=0.25; postgres= is the stage's own")
	c.Flags().StringVar(&o.net, "net", "", "first three numbers of the virtual IP's network, such as 10.20.30 (default: free ones, or those that the stack has)")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "print what would be done, with the cause of each step, and do nothing")
	c.Flags().StringArrayVar(&o.replace, "replace", nil, "SERVICE=PROGRAM: run a program of your own in a service's place, a folder with a Dockerfile or an image; api= puts lab's own back")
	c.Flags().BoolVar(&o.force, "force", false, "run it even if it breaks the service's contract (lab contract)")
	return c
}

func (a *app) runUp(ctx context.Context, o upOptions) error {
	began := time.Now()
	limits, err := parseLimits(o.limits)
	if err != nil {
		return err
	}
	if !o.dryRun {
		unlock, err := a.lock(ctx)
		if err != nil {
			return err
		}
		defer unlock()
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.engine.Close()
	st, err := stages.Find(s.source.Dir, o.stage)
	if err != nil {
		return err
	}
	if riddle, ok := fault.Riddle(s.observed); ok && o.dryRun {
		return riddle.Refuse("what there is to put right would tell of it")
	}
	if o.dryRun {
		s.sayStanding()
	} else if _, err := s.healFirst(ctx); err != nil {
		return err
	}
	p, want, err := s.wanted(ctx, &st, o)
	if err != nil {
		return err
	}
	own, err := s.replacements(ctx, o.replace, o.dryRun)
	if err != nil {
		return err
	}
	if err := s.replace(p, own); err != nil {
		return err
	}
	if err := s.limitTo(p, limits); err != nil {
		return err
	}
	if !o.dryRun && !o.force {
		if err := s.accept(ctx, st, p, own); err != nil {
			return err
		}
	}
	plan, err := s.plan(ctx, p, want, o.dryRun)
	if err != nil {
		return err
	}
	if o.dryRun {
		return a.printPlan(plan)
	}
	if err := s.engine.Apply(ctx, plan, s.tellStep); err != nil {
		return err
	}
	for _, r := range own {
		a.note("%s runs in the place of %s; --replace %s= puts lab's own back", r.program, r.service, r.service)
	}
	return a.printUp(st, want, plan, time.Since(began))
}

// wanted loads the stage with the stack's port and password, or new ones, and
// the user's overrides.
func (s *session) wanted(ctx context.Context, st *stages.Stage, o upOptions) (*compose.Project, engine.Stack, error) {
	want := engine.Stack{Stage: st.Name, Password: s.stack.Password}
	var err error
	if want.Port, err = s.choosePort(o.port); err != nil {
		return nil, want, err
	}
	if want.Password == "" {
		want.Password = newPassword()
	}
	if want.Net, err = s.chooseNet(ctx, o.net); err != nil {
		return nil, want, err
	}
	p, err := st.Load(ctx, s.project, stages.Given{Port: want.Port, Password: want.Password, Net: want.Net})
	if err != nil {
		return nil, want, err
	}
	if err := s.keepSeed(p); err != nil {
		return nil, want, err
	}
	if o.begins != nil && o.begins.Reach != nil { // before somebody works in vain
		if err := s.sameData(ctx, *o.begins); err != nil {
			return nil, want, err
		}
	}
	if e := s.tryOf(st, o); e != nil {
		if e.Diagnose == nil { // lab up gives a riddle up
			p.TryOf(e.Name)
		}
		if err := s.beginAs(p, e.Begin); err != nil {
			return nil, want, err
		}
	}
	if err := override(p, o.env); err != nil {
		return nil, want, err
	}
	return p, want, nil
}

// tryOf is the exercise that the stack begins with, or is a try of already: its beginning
// holds until the stack is down or of another stage, or `lab up` of anything
// else would undo it unseen. nil where there is none.
func (s *session) tryOf(st *stages.Stage, o upOptions) *exercise.Exercise {
	if o.begins != nil || s.stack.Exercise == "" {
		return o.begins
	}
	e, err := s.exercise(s.stack.Exercise)
	if err != nil || e.Stage != st.Number {
		return nil
	}
	s.note("a try of the exercise %s: the stage as it begins, and what you give now; variables and limits that were given before are gone; lab down ends that", e.Name)
	return &e
}

// beginAs changes a stage that was loaded to how an exercise begins.
func (s *session) beginAs(p *compose.Project, begin exercise.Change) error {
	if err := override(p, begin.Env); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(begin.Scale)) {
		if err := scaleTo(p, name, begin.Scale[name]); err != nil {
			return err
		}
	}
	return s.limitTo(p, begin.Limits)
}

// override sets what was given as SERVICE.NAME=VALUE.
func override(p *compose.Project, env []string) error {
	for _, e := range env {
		name, value, ok := strings.Cut(e, "=")
		service, key, dotted := strings.Cut(name, ".")
		if !ok || !dotted || key == "" {
			return problem.Newf(problem.Usage, "--env api.POOL=off", "--env %q is not SERVICE.NAME=VALUE", e)
		}
		if err := p.Override(service, key, value); err != nil {
			return err
		}
	}
	return nil
}

// chooseNet is the one asked for, else the one that the stack has, else a free one.
func (s *session) chooseNet(ctx context.Context, asked string) (string, error) {
	switch {
	case asked != "":
		return asked, engine.CheckNet(asked)
	case s.stack.Net != "":
		return s.stack.Net, nil
	}
	return s.engine.FreeNet(ctx, s.project)
}

// keepSeed carries over how large a data set was asked for: going to another
// stage must not make the data anew. `down --volumes` forgets it.
func (s *session) keepSeed(p *compose.Project) error {
	for _, c := range s.observed.Containers {
		if _, still := p.Service(c.Service); !still || c.OneOff {
			continue
		}
		for k, v := range c.Overrides() {
			if strings.HasPrefix(k, "SEED_") {
				if err := p.Override(c.Service, k, v); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// plan resolves the images, building what is missing, and decides.
func (s *session) plan(ctx context.Context, p *compose.Project, want engine.Stack, dry bool) (*engine.Plan, error) {
	b := s.builder()
	b.Dry = dry
	if err := b.Resolve(ctx, p); err != nil {
		return nil, err
	}
	return engine.Reconcile(p, s.observed, want), nil
}

func newPassword() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails, by its contract
	return hex.EncodeToString(b)
}

func (a *app) printPlan(p *engine.Plan) error {
	if !a.asJSON() {
		_, err := fmt.Fprint(a.Out, p.String())
		return err
	}
	type step struct {
		Step   string `json:"step"`
		Target string `json:"target"`
		Cause  string `json:"cause"`
		After  []int  `json:"after"`
	}
	out := []step{}
	for _, s := range p.Steps {
		out = append(out, step{s.Kind.String(), s.Target, s.Cause, append([]int{}, s.After...)})
	}
	return a.json(map[string]any{"steps": out, "changes": p.Changes()})
}

func (a *app) printUp(st stages.Stage, want engine.Stack, plan *engine.Plan, took time.Duration) error {
	if a.asJSON() {
		return a.json(map[string]any{"project": a.project, "stage": st.Number, "name": st.Name, "entry": entryURL(want.Port),
			"changes": plan.Changes(), "seconds": took.Seconds()})
	}
	what := fmt.Sprintf("%d changes", plan.Changes())
	if plan.Changes() == 0 {
		what = "nothing to change"
	}
	fmt.Fprintf(a.Out, "stage %d, %s: up at %s (%s, %.1f s)\n", st.Number, st.Lab.Title, a.paint(a.Out, "1", entryURL(want.Port)), what, took.Seconds())
	fmt.Fprintf(a.Out, "next: lab %sload --rate 200 --duration 30s\n", a.flag())
	return nil
}

func (s *session) tellBuild(what string, done bool, took time.Duration) {
	if done {
		s.note("  made %s (%.1f s)", what, took.Seconds())
	} else {
		s.note("  making %s", what)
	}
}

// tellStep prints steps as they end; a wait is told only when it was long.
func (s *session) tellStep(step engine.Step, done bool, took time.Duration, err error) {
	var stays *engine.Stays
	if errors.As(err, &stays) {
		s.note("  %s", stays)
		return
	}
	if !done || err != nil || step.Kind == engine.WaitHealthy && took < 2*time.Second {
		return
	}
	if step.Kind == engine.WaitHealthy {
		s.note("  %s answers (%.1f s)", step.Target, took.Seconds())
		return
	}
	s.note("  %s %s: %s", step.Kind, step.Target, step.Cause)
}

func (a *app) completeStages(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	src, err := a.findSource()
	if err != nil || len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	all, _ := stages.List(src.Dir)
	var out []string
	for _, s := range all {
		out = append(out, fmt.Sprintf("%d\t%s", s.Number, s.Name), s.Name)
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
