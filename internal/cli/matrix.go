// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"systemlab/internal/analysis"
	"systemlab/internal/compose"
	"systemlab/internal/drill"
	"systemlab/internal/problem"
	"systemlab/internal/record"
	"systemlab/internal/report"
	"systemlab/stages"
)

// drillRound is a stage and its drills that are to be played.
type drillRound struct {
	st     stages.Stage
	drills []drill.Drill
}

// runMatrix plays drills on several stages, one after the other, as a stack of
// its own that is removed at the end.
func (a *app) runMatrix(ctx context.Context, name string, o drillOptions) (err error) {
	rounds, err := a.drillRounds(ctx, name, o.stages)
	if err != nil {
		return err
	}
	if err := store().Check(); err != nil {
		return err
	}
	own := *a
	own.project, own.Out, own.Err, own.output = compose.Beside(a.project, "drill-turns"), io.Discard, io.Discard, "text"
	unlock, err := a.alone(ctx, "drill")
	if err != nil {
		return err
	}
	defer unlock()
	s, err := own.open(ctx) // without an engine there is nothing to begin, or to remove
	if err != nil {
		return err
	}
	s.engine.Close()
	var all []analysis.Drilled
	for _, r := range rounds {
		var done []analysis.Drilled
		a.note("%s: stage %d, %s", own.project, r.st.Number, r.st.Lab.Title)
		done, err = own.playRound(ctx, r, o, a.note)
		all = append(all, done...)
		if err != nil {
			break
		}
	}
	if o.keep {
		a.note("left up: lab -p %s status", own.project)
	} else {
		inner, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Minute)
		defer cancel()
		err = earlier(err, own.runDown(inner, true))
	}
	if len(all) == 0 {
		return err
	}
	if failed := a.printMatrix(all); failed != nil {
		return failed
	}
	return a.after(err)
}

func (a *app) printMatrix(all []analysis.Drilled) error {
	if a.asJSON() {
		out := []report.DrillResult{}
		for _, d := range all {
			out = append(out, report.DrillJSON(d))
		}
		return a.json(map[string]any{"drills": out})
	}
	return report.WriteMatrix(a.Out, all, report.Options{Color: a.colour(a.Out)})
}

// drillRounds finds the stages asked for, or all, and which drills of theirs are meant.
func (a *app) drillRounds(ctx context.Context, name, which string) ([]drillRound, error) {
	src, err := a.findSource()
	if err != nil {
		return nil, err
	}
	found, err := someStages(src.Dir, which)
	if err != nil {
		return nil, err
	}
	var out []drillRound
	for _, st := range found {
		if _, err := st.Load(ctx, a.project, stages.Given{Port: 8080}); err != nil {
			return nil, err
		}
		all, err := drillsOf(st)
		if err != nil {
			return nil, err
		}
		r := drillRound{st: st}
		for _, d := range all {
			if name == "all" || d.Name == name {
				r.drills = append(r.drills, d)
			}
		}
		if len(r.drills) > 0 {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return nil, earlier(a.known(name), problem.Newf(problem.NotFound, "lab drill list", "none of these stages has a drill %q", name))
	}
	return out, nil
}

// someStages finds those of 3,6,7 or 3..8; all for "".
func someStages(dir, which string) ([]stages.Stage, error) {
	switch {
	case which == "":
		return stages.List(dir)
	case strings.Contains(which, ".."):
		return rungs(dir, which)
	}
	var out []stages.Stage
	for one := range strings.SplitSeq(which, ",") {
		st, err := stages.Find(dir, strings.TrimSpace(one))
		if err != nil {
			return nil, err
		}
		out = append(out, st)
	}
	return out, nil
}

// playRound brings a stage up and plays its drills. One that can't be played is
// not decided, and the stage is put right for the next.
func (a *app) playRound(ctx context.Context, r drillRound, o drillOptions, tell func(string, ...any)) ([]analysis.Drilled, error) {
	var all []analysis.Drilled
	up := func() error { return a.runUp(ctx, upOptions{stage: r.st.Name}) }
	if err := up(); err != nil {
		return nil, err
	}
	for _, d := range r.drills {
		result, err := a.playOne(ctx, d, o, tell)
		if ctx.Err() != nil {
			return all, err
		}
		if err != nil {
			tell("  not played to its end: %v", err)
			result.State, result.Reason = analysis.NotDecided, err.Error()
			if err := up(); err != nil {
				return all, fmt.Errorf("put stage %d right: %w", r.st.Number, err)
			}
		}
		result.Stage = record.Stage{Number: r.st.Number, Name: r.st.Name, Title: r.st.Lab.Title}
		all = append(all, result)
	}
	return all, nil
}

// playOne plays a drill on the stack that is up.
func (a *app) playOne(ctx context.Context, d drill.Drill, o drillOptions, tell func(string, ...any)) (analysis.Drilled, error) {
	unlock, err := a.lock(ctx)
	if err != nil {
		return analysis.Drilled{}, err
	}
	defer unlock()
	s, err := a.openStack(ctx)
	if err != nil {
		return analysis.Drilled{}, err
	}
	defer s.engine.Close()
	return s.drill(ctx, d, o, tell)
}
