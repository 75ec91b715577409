// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"systemlab/internal/analysis"
	"systemlab/internal/engine"
	"systemlab/internal/problem"
	"systemlab/internal/record"
	"systemlab/internal/trial"
	"systemlab/loadgen"
)

const (
	maxRounds = 20
	// proofWarmup is how long it takes until the clients of a closed loop stand where it is slow: stage 7
	// with starved workers serves 800 a second at first, and 200 once all wait in its queue.
	proofWarmup = 3 * time.Second
	// recoverTime is for a stage that was drowned by one run to answer again
	// before the next one.
	recoverTime = 20 * time.Second
	// putBackTime is for limits to be put back, after an interrupt too.
	putBackTime = 30 * time.Second
	// mostWarming runs are made before the search for the ceiling begins, and fewer where one is within
	// coldShare of the best before it.
	mostWarming = 8
	coldShare   = 0.20
)

// prover loads a stack again and again, with limits changed in between.
type prover struct {
	*session
	o            explainOptions
	load         func(ctx context.Context, clients int) (*record.Run, error) // one trial
	stage        record.Stage
	architecture record.Architecture
}

// prover makes sure of all that a load needs.
func (s *session) prover(ctx context.Context, o explainOptions) (*prover, error) {
	order, err := o.load().order()
	if err != nil {
		return nil, err
	}
	order.ReadySeconds = recoverTime.Seconds()
	load, err := s.ready(ctx, order)
	if err != nil {
		return nil, err
	}
	if err := s.refuseBroken("limits that are raised and put back would be mixed up with it"); err != nil {
		return nil, err
	}
	if err := store().Check(); err != nil {
		return nil, err
	}
	return &prover{
		session: s, o: o, architecture: architecture(load.stage, load.project),
		load: func(ctx context.Context, clients int) (*record.Run, error) {
			o := load.Options
			o.Order.Pace = loadgen.Closed(clients).String()
			return trial.Run(ctx, o)
		},
		stage: record.Stage{Number: load.stage.Number, Name: load.stage.Name, Title: load.stage.Lab.Title, Hash: load.project.Hash()},
	}, nil
}

// run makes one run of so many clients, judges and saves it.
func (p *prover) run(ctx context.Context, what string, clients int) (*record.Run, error) {
	run, err := p.load(ctx, clients)
	if err != nil {
		return nil, err
	}
	if err := p.save(run, p.stage, p.architecture); err != nil {
		return nil, err
	}
	p.note("%-28s %4d clients, served %5.0f/s, %s (%s)", what, clients, analysis.Throughput(run), run.Verdict.State, run.ID)
	return run, nil
}

// explain names what binds at the ceiling, and proves it.
func (p *prover) explain(ctx context.Context) (*record.Run, analysis.Explanation, analysis.Proof, error) {
	clients, run, err := p.ceiling(ctx)
	if err != nil {
		return nil, analysis.Explanation{}, analysis.Proof{}, err
	}
	e := analysis.Explain(run)
	proof, err := p.prove(ctx, clients, e)
	return run, e, proof, err
}

// warm loads the stage until it serves about as much as the best run before. One that has just come up reads
// from the disk what it has in memory later, and not at an even pace: the search would take that for its ceiling,
// and the first round for a gain (a database at 0.15 cores served 10, 56, 16, 19, 92 and then 200 a second).
func (p *prover) warm(ctx context.Context) error {
	var search analysis.Saturating
	best := 0.0
	for range mostWarming {
		run, err := p.run(ctx, "warming up", search.Clients())
		if err != nil {
			return err
		}
		served := analysis.Throughput(run)
		if best > 0 && served < (1+coldShare)*best && best < (1+coldShare)*served {
			return nil
		}
		best = max(best, served)
	}
	return nil
}

// ceiling finds how many clients keep the stage at its ceiling, and gives a run
// of so many: one after the search, when pools are full and caches warm.
func (p *prover) ceiling(ctx context.Context) (int, *record.Run, error) {
	if err := p.warm(ctx); err != nil {
		return 0, nil, err
	}
	var search analysis.Saturating
	for clients := search.Clients(); ; {
		run, err := p.run(ctx, "looking for the ceiling", clients)
		if err != nil {
			return 0, nil, err
		}
		next, done := search.Next(clients, run)
		clients = next
		if done {
			run, err = p.run(ctx, "at the ceiling", clients)
			return clients, run, err
		}
	}
}

// prove raises limits in turn: of what binds, of a decoy, and back, so that what
// else changes on the machine meets all three sides alike.
func (p *prover) prove(ctx context.Context, clients int, e analysis.Explanation) (analysis.Proof, error) {
	proof := analysis.Proof{State: analysis.Undecided}
	decoy, ok := analysis.Decoy(e)
	if proof.Reason = cantProve(e, ok); proof.Reason != "" {
		return proof, nil
	}
	sides := []turn{{what: "limits as they are"}, {"more for " + e.Binding.Service, e.Binding.Service}, {"more for " + decoy.Service + ", the decoy", decoy.Service}}
	_, proof, err := p.inTurns(ctx, clients, sides)
	proof.DecoyService = decoy.Service
	return proof, err
}

// moreRounds is how many to play after so many that have not decided; 0 for no more. That
// the rounds differ is seen only when they have been played. As many again, since each
// look at the same rounds is one more chance to be wrong.
func moreRounds(played int) int { return max(0, min(played, mostRounds-played)) }

const mostRounds = 16

// turn is one side of a proof: whose limit is raised; of no service, none.
type turn struct{ what, service string }

// inTurns makes the rounds that were asked for, and more while only their noise keeps them from
// telling. It gives the runs of each of the three sides, and what they prove.
func (p *prover) inTurns(ctx context.Context, clients int, sides []turn) ([][]*record.Run, analysis.Proof, error) {
	runs := make([][]*record.Run, len(sides))
	for rounds := p.o.rounds; ; {
		if err := p.play(ctx, clients, sides, runs, rounds); err != nil {
			return nil, analysis.Proof{State: analysis.Undecided}, err
		}
		proof := analysis.Prove(runs[0], runs[1], runs[2])
		played := len(runs[0])
		rounds = moreRounds(played)
		if !proof.Imprecise || rounds == 0 {
			return runs, proof, nil
		}
		p.note("not decided after %d rounds: %d more", played, rounds)
	}
}

// play makes so many rounds after those that there are, and adds to each side's runs.
func (p *prover) play(ctx context.Context, clients int, sides []turn, runs [][]*record.Run, rounds int) error {
	for range rounds {
		back := len(runs[0])%2 == 1
		for i := range sides {
			if back { // A B C, C B A, A B C
				i = len(sides) - 1 - i
			}
			run, err := p.raised(ctx, sides[i].what, sides[i].service, clients)
			if err != nil {
				return err
			}
			runs[i] = append(runs[i], run)
		}
	}
	return nil
}

// cantProve says why raising a CPU limit would tell nothing; "" where it would.
func cantProve(e analysis.Explanation, decoy bool) string {
	b := e.Binding
	switch {
	case b == nil:
		return "nothing could be named"
	case b.Resource == analysis.ResourceMachine && b.Saturated:
		return "the machine had no core left: a raised limit can't help"
	case b.Resource != analysis.ResourceCPU || !b.Saturated:
		return "what binds is no CPU limit: there is none to raise"
	case !decoy:
		return "there is no other service with a limit that could be the decoy"
	}
	return ""
}

// raised makes a run with a service's limit raised, and puts it back whatever
// happens; without a service the limits are as they are.
func (p *prover) raised(ctx context.Context, what, service string, clients int) (run *record.Run, err error) {
	if service != "" {
		containers := p.observed.Of(service)
		defer func() {
			inner, cancel := context.WithTimeout(context.WithoutCancel(ctx), putBackTime)
			defer cancel()
			if back := p.limit(inner, containers, 1); back != nil {
				p.note("%v", back) // an interrupt's own words must not hide this
				err = errors.Join(back, err)
			}
		}()
		if err := p.limit(ctx, containers, analysis.RaisedLimit); err != nil {
			return nil, err
		}
	}
	return p.run(ctx, what, clients)
}

// limit sets each container's limit to times what it was when the stack was
// observed; all are tried, whichever fails.
func (p *prover) limit(ctx context.Context, containers []engine.Container, times float64) error {
	var errs []error
	for _, c := range containers {
		if c.LimitCores <= 0 {
			continue
		}
		if err := p.engine.SetLimits(ctx, c.ID, math.Min(times*c.LimitCores, float64(p.engine.Info().Cores)), 0); err != nil {
			errs = append(errs, problem.Wrap(err, problem.Internal, "the limit of "+c.Name+" could not be set", "lab up "+strconv.Itoa(p.stage.Number)+" puts limits right"))
		}
	}
	return errors.Join(errs...)
}
