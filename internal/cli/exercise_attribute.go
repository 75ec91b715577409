// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"systemlab/internal/analysis"
	"systemlab/internal/exercise"
	"systemlab/internal/problem"
	"systemlab/internal/record"
)

// attributeRounds: with three a service that does not bind was often not refuted but
// undecided, which tells a learner nothing; five give intervals half as wide.
const attributeRounds = 5

// measureAttribute keeps the stage at its ceiling, and raises the limit of the
// service that was named, and of another one, in turns.
func (a *app) measureAttribute(ctx context.Context, e exercise.Exercise, given exercise.Given, seed int64) ([]made, error) {
	s, done, err := a.openExercise(ctx, e)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := s.asBegun(ctx, e); err != nil {
		return nil, err
	}
	if err := s.limited(given.Answer); err != nil {
		return nil, err
	}
	p, err := s.prover(ctx, explainOptions{workload: e.Attribute.Workload, rounds: attributeRounds, duration: 5 * time.Second, warmup: proofWarmup, seed: seed})
	if err != nil {
		return nil, err
	}
	return p.attribute(ctx, given.Answer)
}

// attribute makes the runs of the proof that a service binds, after the search for
// the ceiling, which is kept too.
func (p *prover) attribute(ctx context.Context, named string) ([]made, error) {
	var out []made
	load := p.load
	p.load = func(ctx context.Context, clients int) (*record.Run, error) {
		run, err := load(ctx, clients)
		if err == nil {
			out = append(out, made{exercise.Unneeded, run})
		}
		return run, err
	}
	clients, run, err := p.ceiling(ctx)
	if err != nil {
		return nil, err
	}
	p.load = load
	decoy, ok := decoyOf(analysis.Explain(run), named)
	if !ok {
		return nil, problem.Newf(problem.Unsupported, "lab explain", "there is no other service with a CPU limit beside %s", named)
	}
	runs, _, err := p.inTurns(ctx, clients, []turn{{what: "limits as they are"}, {"more for " + named, named}, {"more for another one", decoy}})
	if err != nil {
		return nil, err
	}
	for round := range runs[0] {
		for i, part := range []string{exercise.AsIs, exercise.Raised, exercise.Decoy} {
			out = append(out, made{part, runs[i][round]})
		}
	}
	return out, nil
}

// decoyOf is the service whose limit is raised in turn with the one that was
// named: the one that lab itself would take, or another one that does not seem to
// bind, or any.
func decoyOf(e analysis.Explanation, named string) (string, bool) {
	if box, ok := analysis.Decoy(e); ok && box.Service != named && e.Binding.Service == named {
		return box.Service, true
	}
	others := slices.DeleteFunc(slices.Clone(e.Boxes), func(b analysis.Box) bool { return b.Service == named || b.LimitCores <= 0 })
	for _, b := range others {
		if !b.Saturated && (e.Binding == nil || b.Service != e.Binding.Service) {
			return b.Service, true
		}
	}
	if len(others) == 0 {
		return "", false
	}
	return others[0].Service, true
}

// limited refuses a service that is not there, or has no limit that could bind.
func (s *session) limited(service string) error {
	var names []string
	limit := 0.0
	for _, c := range s.observed.Containers {
		if c.OneOff || c.LimitCores <= 0 {
			continue
		}
		if !slices.Contains(names, c.Service) {
			names = append(names, c.Service)
		}
		if c.Service == service {
			limit = c.LimitCores
		}
	}
	slices.Sort(names)
	if limit <= 0 {
		return problem.Newf(problem.NotFound, "one of: "+strings.Join(names, ", "), "the stage has no service %q with a CPU limit", service)
	}
	return nil
}
