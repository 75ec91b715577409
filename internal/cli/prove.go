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
)

const (
	maxRounds = 20
	// maxProbes bounds the search for a rate above the ceiling.
	maxProbes = 12
	// maxAttempts to find a ceiling that stays where it is.
	maxAttempts = 3
	// gentleShare of the rate to begin with: pools fill and caches warm without
	// the time-outs that would keep them from it.
	gentleShare = 0.2
	// maxStep is how many times faster one probe may be than the one before: what
	// a stage does at a tenth of a rate says little about it.
	maxStep = 10
	// maxProbeRate is what the generator sends beside a stage on two cores
	// without being what binds itself.
	maxProbeRate = 5000
	// recoverTime is for a stage that was drowned by one run to answer again
	// before the next one.
	recoverTime = 20 * time.Second
	// putBackTime is for limits to be put back, after an interrupt too.
	putBackTime = 30 * time.Second
)

// prover loads a stack again and again, with limits changed in between.
type prover struct {
	*session
	o            explainOptions
	load         func(ctx context.Context, rate float64) (*record.Run, error) // one trial
	stage        record.Stage
	architecture record.Architecture
}

// prover makes sure of all that a load needs.
func (s *session) prover(ctx context.Context, o explainOptions) (*prover, error) {
	st, p, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	if o.workload == "" {
		o.workload = st.Lab.Workload
	}
	if err := s.canServe(st, o.workload); err != nil {
		return nil, err
	}
	if err := s.standing(st); err != nil {
		return nil, err
	}
	for _, c := range s.observed.Containers {
		if c.OneOff && c.State == "running" {
			return nil, problem.New(problem.Unsupported, "a load is running on this stack: the two would measure each other", "wait for it to end")
		}
	}
	made, err := s.builder().Ensure(ctx, generator)
	if err != nil {
		return nil, err
	}
	if err := store().Check(); err != nil {
		return nil, err
	}
	network, _ := p.Network(st.Lab.Network)
	load := func(ctx context.Context, rate float64) (*record.Run, error) {
		order, err := o.load(rate).order()
		if err != nil {
			return nil, err
		}
		order.Target, order.Users, order.ReadySeconds = "http://"+st.Lab.Address, s.users(), recoverTime.Seconds()
		return trial.Run(ctx, trial.Options{Engine: s.engine, Project: s.project, Network: network.Name, Generator: made[generator].Ref, Order: order})
	}
	return &prover{
		session: s, o: o, load: load, architecture: architecture(st, p),
		stage: record.Stage{Number: st.Number, Name: st.Name, Title: st.Lab.Title, Hash: p.Hash()},
	}, nil
}

// run makes one run at a rate, judges and saves it.
func (p *prover) run(ctx context.Context, what string, rate float64) (*record.Run, error) {
	run, err := p.load(ctx, rate)
	if err != nil {
		return nil, err
	}
	if err := p.save(run, p.stage, p.architecture); err != nil {
		return nil, err
	}
	p.note("%-28s asked %5.0f/s, served %5.0f/s, %s (%s)", what, run.Summary.Rate.Asked, analysis.Throughput(run), run.Verdict.State, run.ID)
	return run, nil
}

// explain names what binds above the ceiling, and proves it. Where the ceiling
// turns out to lie higher in the proof's own runs, all begins again from there.
func (p *prover) explain(ctx context.Context) (*record.Run, analysis.Explanation, analysis.Proof, error) {
	p.o.rate = math.Max(1, math.Round(gentleShare*p.o.rate))
	for attempt := 1; ; attempt++ {
		run, err := p.aboveCeiling(ctx)
		if err != nil {
			return nil, analysis.Explanation{}, analysis.Proof{}, err
		}
		e := analysis.Explain(run)
		proof, err := p.prove(ctx, run, e)
		if !errors.Is(err, errHigher) {
			return run, e, proof, err
		}
		if attempt == maxAttempts {
			proof.Reason = "the ceiling rises from run to run: the stage, or what else the machine does, has not settled"
			return run, e, proof, nil
		}
	}
}

// errHigher says that the ceiling lies higher than it was found to.
var errHigher = errors.New("the ceiling lies higher")

// aboveCeiling looks for a rate at which the stage serves less than is asked,
// keeps it in the options, and gives the run there; or the last one, where there
// is no such rate.
func (p *prover) aboveCeiling(ctx context.Context) (*record.Run, error) {
	var search analysis.Probing
	for probe := 1; ; probe++ {
		run, err := p.run(ctx, "looking for the ceiling", p.o.rate)
		if err != nil {
			return nil, err
		}
		next, done := search.Next(run)
		next = math.Min(math.Min(math.Round(next), maxStep*p.o.rate), maxProbeRate)
		if done || probe == maxProbes || next < 1 || next == p.o.rate && next == maxProbeRate {
			return run, nil
		}
		p.o.rate = next
	}
}

// prove raises limits in turn: of what binds, of a decoy, and back, so that what
// else changes on the machine meets all three sides alike.
func (p *prover) prove(ctx context.Context, above *record.Run, e analysis.Explanation) (analysis.Proof, error) {
	proof := analysis.Proof{State: analysis.Undecided, Before: analysis.Throughput(above)}
	decoy, ok := analysis.Decoy(e)
	if proof.Reason = cantProve(above, e, ok); proof.Reason != "" {
		return proof, nil
	}
	sides := []struct {
		what, service string
		runs          []*record.Run
	}{{what: "limits as they are"}, {what: "more for " + e.Binding.Service, service: e.Binding.Service}, {what: "more for " + decoy.Service + ", the decoy", service: decoy.Service}}
	for round := range p.o.rounds {
		for i := range sides {
			s := &sides[i]
			if round%2 == 1 { // A B C, C B A, A B C
				s = &sides[len(sides)-1-i]
			}
			run, err := p.raised(ctx, s.what, s.service)
			if err != nil {
				return proof, err
			}
			if next, found := analysis.Probe(run); round == 0 && i == 0 && !found && next > p.o.rate {
				return proof, errHigher
			}
			s.runs = append(s.runs, run)
		}
	}
	proof = analysis.Prove(sides[0].runs, sides[1].runs, sides[2].runs)
	proof.DecoyService = decoy.Service
	return proof, nil
}

// cantProve says why raising a CPU limit would tell nothing; "" where it would.
func cantProve(above *record.Run, e analysis.Explanation, decoy bool) string {
	b := e.Binding
	switch {
	case b == nil:
		return "nothing could be named"
	case b.Resource == analysis.ResourceMachine && b.Saturated:
		return "the machine had no core left: a raised limit can't help"
	case !analysis.Overloaded(above):
		return "no rate was found above the ceiling: all that was asked for was served, up to " + strconv.FormatFloat(math.Round(above.Summary.Rate.Asked), 'f', -1, 64) + " a second"
	case b.Resource != analysis.ResourceCPU || !b.Saturated:
		return "what binds is no CPU limit: there is none to raise"
	case !decoy:
		return "there is no other service with a limit that could be the decoy"
	}
	return ""
}

// raised makes a run with a service's limit raised, and puts it back whatever
// happens; without a service the limits are as they are.
func (p *prover) raised(ctx context.Context, what, service string) (run *record.Run, err error) {
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
	return p.run(ctx, what, p.o.rate)
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
