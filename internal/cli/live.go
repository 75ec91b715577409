// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"io"
	"strconv"
	"strings"

	"systemlab/internal/engine"
	"systemlab/internal/live"
	"systemlab/internal/problem"
	"systemlab/internal/record"
	"systemlab/internal/report"
	"systemlab/internal/tui"
	"systemlab/loadgen"
	"systemlab/stages"
)

// runLive is the live view of the stack that is up; begin, if any, starts its load.
func (a *app) runLive(ctx context.Context, begin func(context.Context, *live.Source) error) error {
	s, err := a.openStack(ctx)
	if err != nil {
		return err
	}
	defer s.engine.Close()
	if err := a.onTerminal(); err != nil {
		return err
	}
	source, err := s.liveSource(ctx)
	if err != nil {
		return err
	}
	return live.Show(ctx, source, begin)
}

// liveSource connects the live view to the stack. What it prints would tear the
// screen, so all that tells of progress goes into the view.
func (s *session) liveSource(ctx context.Context) (*live.Source, error) {
	all, err := stages.List(s.source.Dir)
	if err != nil {
		return nil, err
	}
	var names []tui.StageName
	for _, st := range all {
		if _, err := st.Load(ctx, s.project, stages.Given{Port: 8080}); err != nil {
			return nil, err
		}
		names = append(names, tui.StageName{Number: st.Number, Title: st.Lab.Title})
	}
	quiet := *s.app
	quiet.Err, quiet.Out = io.Discard, io.Discard
	return live.New(live.Options{
		Engine: s.engine, Project: s.project, Stages: names,
		Describe: func(ctx context.Context, o engine.Observed) (live.Stage, error) { return s.describe(ctx, o) },
		Generator: func(ctx context.Context) (string, error) {
			made, err := s.builder().Ensure(ctx, generator)
			return made[generator].Ref, err
		},
		Up: func(ctx context.Context, stage int, tell func(string)) error {
			told := quiet
			told.Err = teller(tell)
			return told.runUp(ctx, upOptions{stage: stageName(all, stage)})
		},
		Scale: func(ctx context.Context, service string, replicas int) error {
			return quiet.runScale(ctx, []string{scaleArg(service, replicas)})
		},
		Keep: func(run *record.Run, of live.Stage) (string, error) {
			err := s.save(run, of.Stage, of.Architecture)
			return run.ID, err
		},
	}), nil
}

// describe reads the stage that is up as the live view needs it.
func (s *session) describe(ctx context.Context, o engine.Observed) (live.Stage, error) {
	now := *s
	now.observed, now.stack = o, o.Stack()
	if !o.Up() {
		return live.Stage{}, noStack(s.project)
	}
	st, p, err := now.current(ctx)
	if err != nil {
		return live.Stage{}, err
	}
	network, _ := p.Network(st.Lab.Network)
	out := live.Stage{
		Stage:        record.Stage{Number: st.Number, Name: st.Name, Title: st.Lab.Title, Hash: p.Hash()},
		Architecture: architecture(st, p), Network: network.Name, Target: "http://" + st.Lab.Address,
		Workload: st.Lab.Workload, Users: now.users(),
	}
	for _, w := range loadgen.Workloads() {
		if now.canServe(st, w.Name) == nil {
			out.Workloads = append(out.Workloads, w.Name)
		}
	}
	return out, nil
}

// runLoadLive is lab load in the live view. The run is kept when the view ends,
// and printed.
func (a *app) runLoadLive(ctx context.Context, o loadOptions) error {
	order, err := o.order()
	if err != nil {
		return err
	}
	if a.asJSON() {
		return problem.New(problem.Usage, "--live draws on the terminal, where -o json prints", "lab load --live, then lab runs show last -o json")
	}
	var kept string
	err = a.runLive(ctx, func(ctx context.Context, source *live.Source) error {
		if err := source.AwaitStage(ctx); err != nil {
			return err
		}
		if err := source.StartOrder(ctx, order, o.rate); err != nil {
			return err
		}
		source.Wait(ctx)
		id, err := source.Save(context.WithoutCancel(ctx))
		if err == nil {
			kept = id
			source.Say("saved as " + id)
		}
		return err
	})
	if err != nil || kept == "" {
		return err
	}
	run, err := store().Load(kept)
	if err != nil {
		return err
	}
	return report.WriteRun(a.Out, run, report.Options{Color: a.colour(a.Out)})
}

// teller makes a line of progress out of what is written.
type teller func(string)

func (t teller) Write(b []byte) (int, error) {
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line != "" {
			t(line)
		}
	}
	return len(b), nil
}

func stageName(all []stages.Stage, number int) string {
	for _, st := range all {
		if st.Number == number {
			return st.Name
		}
	}
	return strconv.Itoa(number)
}

func scaleArg(service string, replicas int) string { return service + "=" + strconv.Itoa(replicas) }
