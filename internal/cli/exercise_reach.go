// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"io"
	"strings"
	"time"

	"systemlab/internal/compose"
	"systemlab/internal/exercise"
	"systemlab/internal/problem"
	"systemlab/internal/record"
	"systemlab/internal/rounds"
)

const (
	// reachRounds: three are the fewest that give an interval, and five one half as wide.
	reachRounds   = 5
	reachDuration = 5 * time.Second
	reachWarmup   = proofWarmup
)

// reach is the learner's stack and the stage as it begins, in turns. The second is a
// stack of its own, which is removed at the end.
type reach struct {
	*app
	sides   [2]*side   // the stage as it begins, the learner's
	provers [2]*prover // each keeps its side at its ceiling
	clients [2]int     // that do so
	made    []made
}

var reachParts = [2]string{exercise.SideA, exercise.SideB}

// measureReach finds the ceiling of each of the two, and measures them in turns, the
// other one frozen. Whatever happens nothing stays frozen, and nothing of its own up.
func (a *app) measureReach(ctx context.Context, e exercise.Exercise, _ exercise.Given, seed int64) (out []made, err error) {
	s, done, err := a.openExercise(ctx, e)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := s.refuseBroken("what it serves at most would be the fault's"); err != nil {
		return nil, err
	}
	if err := s.sameData(ctx, e); err != nil {
		return nil, err
	}
	o := explainOptions{workload: e.Reach.Workload, duration: reachDuration, warmup: reachWarmup, seed: seed, rounds: reachRounds}
	mine, err := s.prover(ctx, o) // all that can be refused is, before anything is brought up
	if err != nil {
		return nil, err
	}
	if err := s.roomFor(ctx, e); err != nil {
		return nil, err
	}
	r := &reach{app: a}
	silent := *a
	silent.project, silent.Out, silent.Err, silent.output = compose.Beside(a.project, "exercise-begin"), io.Discard, io.Discard, "text"
	unlock, err := a.alone(ctx, "exercise")
	if err != nil {
		return nil, err
	}
	defer unlock()
	r.sides = [2]*side{{app: &silent}, {app: a, s: s}}
	defer func() { err = earlier(err, r.end(ctx)) }()
	a.note("bringing up %s: stage %d as it begins", silent.project, e.Stage)
	if err := silent.runUp(ctx, beginsAs(e)); err != nil {
		return nil, err
	}
	if r.sides[0].s, err = silent.openStack(ctx); err != nil {
		return nil, err
	}
	theirs, err := r.sides[0].s.prover(ctx, o)
	if err != nil {
		return nil, err
	}
	r.provers = [2]*prover{theirs, mine}
	for i, p := range r.provers {
		r.keep(p, i)
		if err := r.bring(ctx, i); err != nil {
			return nil, err
		}
		if r.clients[i], err = r.ceiling(ctx, i); err != nil {
			return nil, err
		}
	}
	_, err = rounds.Run(ctx, rounds.Options{Sides: 2, Rounds: reachRounds, Seed: seed, Bring: r.bring, Try: r.try})
	return r.made, err
}

// roomFor refuses where the memory limits of both stacks are more than the machine
// should give.
func (s *session) roomFor(ctx context.Context, e exercise.Exercise) error {
	_, p, err := s.current(ctx)
	if err != nil {
		return err
	}
	begins, err := s.begins(ctx, e)
	if err != nil {
		return err
	}
	need := int64(0)
	for _, both := range []*compose.Project{p, begins} {
		for _, svc := range both.Services {
			need += svc.Memory * int64(svc.Replicas)
		}
	}
	if have := s.engine.Info().MemoryBytes; need > have*8/10 {
		return problem.Newf(problem.Unsupported, "a machine with more memory, or another exercise", "%s needs your stack and the stage as it begins side by side: %d MB of limits, and the machine has %d MB", e.Name, need>>20, have>>20)
	}
	return nil
}

// sameData refuses a stack whose data set has another size than that of the stage as it
// begins: less data is no better stage.
func (s *session) sameData(ctx context.Context, e exercise.Exercise) error {
	p, err := s.begins(ctx, e)
	if err != nil {
		return err
	}
	for _, c := range s.observed.Containers {
		svc, there := p.Service(c.Service)
		for name, value := range c.Overrides() {
			if strings.HasPrefix(name, "SEED_") && there && svc.Env[name] != value {
				return problem.Newf(problem.Unsupported, "lab "+s.flag()+"down --volumes; "+s.startAgain(e),
					"%s of your stack has a data set of another size (%s=%s) than the stage as %s begins", c.Service, name, value, e.Name)
			}
		}
	}
	return nil
}

// keep notes every run of a side's prover as one of the search, until the rounds say
// otherwise.
func (r *reach) keep(p *prover, i int) {
	load := p.load
	p.load = func(ctx context.Context, clients int) (*record.Run, error) {
		run, err := load(ctx, clients)
		if err == nil {
			r.made = append(r.made, made{exercise.Unneeded, run})
		}
		return run, err
	}
}

// ceiling is how many clients keep a side at its ceiling.
func (r *reach) ceiling(ctx context.Context, i int) (int, error) {
	r.note("looking for the ceiling of %s", r.sides[i].project)
	clients, _, err := r.provers[i].ceiling(ctx)
	return clients, err
}

// bring gives a side the machine for its turn.
func (r *reach) bring(ctx context.Context, turn int) error {
	other := r.sides[1-turn]
	if err := other.s.engine.PauseAll(ctx, other.project); err != nil {
		return err
	}
	if err := r.sides[turn].s.engine.UnpauseAll(ctx, r.sides[turn].project); err != nil {
		return err
	}
	return r.sides[turn].answers(ctx)
}

// try makes a side's run of a round.
func (r *reach) try(ctx context.Context, turn, round int, seed int64) (*record.Run, error) {
	what := [2]string{"as it begins", "your stack"}[turn]
	run, err := r.provers[turn].run(ctx, what, r.clients[turn])
	if err != nil {
		return nil, err
	}
	r.made[len(r.made)-1].part = reachParts[turn]
	if turn == 0 { // whose own notes go nowhere
		r.note("%-28s %4d clients (%s)", what, r.clients[turn], run.ID)
	}
	return run, nil
}

// end lets the learner's stack go on, and removes the other one.
func (r *reach) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Minute)
	defer cancel()
	mine := r.sides[1]
	err := mine.s.engine.UnpauseAll(ctx, mine.project)
	err = earlier(err, r.sides[0].runDown(ctx, true))
	r.sides[0].close()
	return err
}
