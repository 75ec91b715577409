// SPDX-License-Identifier: MIT

package analysis

import (
	"fmt"
	"math"
	"slices"

	"systemlab/internal/record"
)

// The states of a proof.
const (
	Proven    = "proven"
	Refuted   = "refuted"
	Undecided = "undecided"
)

// Bounds of a proof; docs/decisions/proof.md says why these.
const (
	// RaisedLimit is what a limit is multiplied by.
	RaisedLimit = 1.5
	// AboveCeiling is how far above its ceiling a stage is loaded: less than a
	// raised limit can give, so that it is not drowned.
	AboveCeiling = 1.3
	// overloadShare of what is asked is served at most, above the ceiling.
	overloadShare = 0.95
	// drownedShare: below it most CPU may go into requests that fail.
	drownedShare = 0.60
	// tightShare: above it the ceiling has too little room to move up.
	tightShare = 0.85
	// MinRepeats of each side.
	MinRepeats = 2
	// floorShare by which a ceiling must move at least to have moved.
	floorShare = 0.05
	// blurredShare is the threshold beyond which half of what a raised limit
	// gives (AboveCeiling) would not be seen: then only a ceiling that moves by
	// twice the threshold is believed.
	blurredShare = 0.15
	// quickerStep is the least by which the next probe is faster where all was
	// served: demand falls as the rate rises, so predictions from below are too
	// low. Less than 1/drownedShare, so that the step across the ceiling doesn't drown.
	quickerStep = 1.6
	// edgeShare: rates this near each other, the one served and the other not, are an edge.
	edgeShare = 1.2
)

// Proof is what came of raising limits. Before, After and DecoyAfter are
// ceilings in good answers a second, medians over the repeats.
type Proof struct {
	State         string // proven, refuted or undecided
	Before, After float64
	DecoyService  string
	DecoyAfter    float64
	Threshold     float64 // by which share a ceiling must have moved
	Reason        string
}

// Prove compares the ceilings of runs made with the limits as they are, with the
// limit of what binds raised, and with a decoy's limit raised instead, all at one
// rate above the ceiling. A ceiling has moved when the medians differ by more
// than repeats of the same side do, and by 5% at least, and when all of the
// one side's runs lie above all of the other's.
func Prove(before, after, decoy []*record.Run) Proof {
	b, a, d := ceilingsOf(before), ceilingsOf(after), ceilingsOf(decoy)
	p := Proof{State: Undecided, Before: median(b), After: median(a), DecoyAfter: median(d)}
	if p.Reason = cantTell(before, after, decoy); p.Reason != "" {
		return p
	}
	p.Threshold = max(floorShare, repeatSpread(b), repeatSpread(a), repeatSpread(d))
	up, decoyUp := hasMoved(b, a, p.Threshold), hasMoved(b, d, p.Threshold)
	// A ceiling that rose has found a core. One that did not may have found none.
	full := slices.ContainsFunc(slices.Concat(before, after), machineFull)
	blurred := p.Threshold > blurredShare
	clear := p.After > (1+2*p.Threshold)*p.Before // far above the noise, however large that is
	switch {
	case blurred && !(up && clear):
		p.Reason = fmt.Sprintf("repeats of the same thing differ by %.0f%%: too much to see a ceiling move", 100*p.Threshold)
	case hasMoved(d, b, p.Threshold):
		p.Reason = "the ceiling fell when the decoy got more: something else changed between the runs"
	case up && decoyUp:
		p.Reason = "the ceiling moved with the decoy's limit too: both bind, or something else changed"
	case up:
		p.State, p.Reason = Proven, "the ceiling moves with this limit and not with the decoy's"
	case full:
		p.Reason = "the machine had no core left: a raised limit can't help"
	case decoyUp:
		p.State, p.Reason = Refuted, "the ceiling moves with the decoy's limit and not with this one"
	default:
		p.State, p.Reason = Refuted, "the ceiling does not move with this limit"
	}
	return p
}

// cantTell says why runs are of no use for a proof; "" where they are.
func cantTell(before, after, decoy []*record.Run) string {
	for _, side := range [][]*record.Run{before, after, decoy} {
		if len(side) < MinRepeats {
			return fmt.Sprintf("%d runs of each side are needed", MinRepeats)
		}
		for _, run := range side {
			if why := spoiled(run); why != "" {
				return "a run is invalid: " + why
			}
		}
	}
	for _, run := range before {
		if !Overloaded(run) {
			return "the load did not reach the ceiling: all that was asked for was served"
		}
	}
	return ""
}

// spoiled says why a run's ceiling can't be used; "" where it can. What else ran
// on the machine, and requests that left late by it, spoil latencies. A ceiling
// they make noisy, and that is in the repeats; where they leave no core, a
// ceiling that does not move says nothing.
func spoiled(run *record.Run) string {
	for _, r := range run.Verdict.Reasons {
		switch r.Check {
		case CheckHost, CheckSteal, CheckSchedule, CheckShare:
		default:
			if r.State == record.Invalid {
				return r.Seen
			}
		}
	}
	return ""
}

func ceilingsOf(runs []*record.Run) []float64 {
	var out []float64
	for _, run := range runs {
		out = append(out, Throughput(run))
	}
	return out
}

// repeatSpread of repeats: the highest by the lowest, less 1.
func repeatSpread(x []float64) float64 {
	if len(x) == 0 || slices.Min(x) <= 0 {
		return math.Inf(1)
	}
	return slices.Max(x)/slices.Min(x) - 1
}

// hasMoved says whether to lies above from.
func hasMoved(from, to []float64, threshold float64) bool {
	return slices.Min(to) > slices.Max(from) && median(to) > (1+threshold)*median(from)
}

// Overloaded says whether a run asked for more than was served while the load was on.
func Overloaded(run *record.Run) bool {
	return Throughput(run) < overloadShare*run.Summary.Rate.Asked
}

// Probe says at which rate to load next to be AboveCeiling times above the
// ceiling. It is found where the run was overloaded, with room to see a ceiling
// rise, and not drowned: then a proof can be made at that run's own rate.
func Probe(run *record.Run) (rate float64, found bool) {
	x, asked := Throughput(run), run.Summary.Rate.Asked
	if Overloaded(run) {
		return AboveCeiling * x, x > drownedShare*asked && x < tightShare*asked
	}
	ceiling := x
	if b := Explain(run).Binding; b != nil {
		ceiling = max(ceiling, b.SaturatesAt)
	}
	return max(AboveCeiling*ceiling, quickerStep*asked), false
}

// Probing looks for a rate above the ceiling, probe by probe; its zero value is
// ready. A stage may go from serving all to serving next to nothing within a few
// percent: then it closes in on that edge, and ends just above it.
type Probing struct {
	served, drowned float64 // the highest rate that was served, the lowest that drowned; 0 where there is none
	found           bool    // by the last probe
}

// Next says, after a run, at which rate to probe next, or that this run is above
// the ceiling and so was the one before.
func (s *Probing) Next(run *record.Run) (rate float64, done bool) {
	asked := run.Summary.Rate.Asked
	rate, found := Probe(run)
	before := s.found
	s.found = found
	if found {
		return asked, before // the first time it may still have been warming up
	}
	if Throughput(run) < tightShare*asked {
		s.drowned = asked
		if s.served >= asked {
			s.served = 0
		}
	} else {
		s.served = max(s.served, asked)
		if s.drowned <= asked {
			s.drowned = 0
		}
	}
	if s.served == 0 || s.drowned == 0 {
		return rate, false
	}
	if s.drowned < edgeShare*s.served {
		return s.drowned, asked == s.drowned
	}
	return math.Sqrt(s.served * s.drowned), false
}

// Decoy is the box whose limit should make no difference: of those that do not
// bind the one nearest its limit.
func Decoy(e Explanation) (Box, bool) {
	if e.Binding == nil {
		return Box{}, false
	}
	for _, b := range e.Boxes { // nearest first
		if b.Service != e.Binding.Service && b.LimitCores > 0 && !b.Saturated && b.Busiest < (1-closeShare)*e.Binding.Utilisation {
			return b, true
		}
	}
	return Box{}, false
}
