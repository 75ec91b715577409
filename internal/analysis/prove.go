// SPDX-License-Identifier: MIT

package analysis

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

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
	// MinRepeats of each side: an interval of two has next to no power.
	MinRepeats = 3
	// floorShare by which a ceiling must move at least to have moved.
	floorShare = 0.05
	// stillShare: one that surely moved by less did not move.
	stillShare = 0.20
	// proofConfidence of each interval.
	proofConfidence = 0.95
)

// Move is by what factor a ceiling changed, from paired rounds: the geometric
// mean and its interval. AtOneSpeed says that they are for a machine as fast on
// both sides (see Speed), where it changed from round to round.
type Move struct {
	Ratio, Low, High float64
	AtOneSpeed       bool
}

// Proof is what came of raising limits. Before, After and DecoyAfter are
// ceilings in good answers a second, medians over the repeats.
type Proof struct {
	State         string // proven, refuted or undecided
	Rounds        int    // of a run of each side
	Before, After float64
	DecoyService  string
	DecoyAfter    float64
	Raised, Decoy Move // After and DecoyAfter by Before, round by round; zero where unknown
	Reason        string
	// Imprecise says that it is undecided for want of precision alone: more rounds
	// may tell.
	Imprecise bool
}

// Prove compares the ceilings of runs made with the limits as they are, with the
// limit of what binds raised, and with a decoy's limit raised instead, in rounds
// of one of each. A ceiling has moved when the interval of its ratio lies above
// 1.05, and has stayed when it lies below 1.2.
func Prove(before, after, decoy []*record.Run) Proof {
	b, a, d := ceilingsOf(before), ceilingsOf(after), ceilingsOf(decoy)
	p := Proof{State: Undecided, Rounds: len(before), Before: median(b), After: median(a), DecoyAfter: median(d)}
	if p.Reason = cantTell(before, after, decoy); p.Reason != "" {
		return p
	}
	p.Raised, p.Decoy = moved(before, after), moved(before, decoy)
	// A ceiling that rose has found a core. One that did not may have found none.
	full := slices.ContainsFunc(slices.Concat(before, after), machineFull)
	p.decide(moved(decoy, after), full)
	return p
}

// decide concludes from how the ceiling moved with either limit, and from by how
// much more it moved with the one that is named than with the decoy's.
func (p *Proof) decide(more Move, full bool) {
	switch {
	case p.Decoy.High < 1-floorShare:
		p.Reason = "the ceiling fell when the decoy got more: something else changed between the runs"
	case p.Raised.up() && p.Decoy.up():
		p.Reason = "the ceiling moved with the decoy's limit too: both bind, or something else changed"
	case p.Raised.up() && !more.up():
		p.imprecise("the ceiling moved, but not surely more than with the decoy's limit")
	case p.Raised.up() && !p.Decoy.stayed():
		p.imprecise("the ceiling moved, but may have moved with the decoy's limit too: with that it became %.2f to %.2f times what it was", p.Decoy.Low, p.Decoy.High)
	case p.Raised.up():
		p.State, p.Reason = Proven, "the ceiling moves with this limit and not with the decoy's"
	case !p.Raised.stayed():
		p.imprecise("the rounds differ too much: the ceiling became %.2f to %.2f times what it was", p.Raised.Low, p.Raised.High)
	case full:
		p.Reason = "the machine had no core left: a raised limit can't help"
	case p.Decoy.up():
		p.State, p.Reason = Refuted, "the ceiling moves with the decoy's limit and "+p.Raised.little("not", "")+" with this one"
	default:
		p.State, p.Reason = Refuted, "the ceiling "+p.Raised.little("does not move", "moves ")+" with this limit"
	}
}

func (p *Proof) imprecise(format string, args ...any) {
	p.Imprecise, p.Reason = true, fmt.Sprintf(format, args...)+"; more --rounds may tell"
}

// up says whether the ceiling surely rose.
func (m Move) up() bool { return m.Low > 1+floorShare }

// stayed says whether the ceiling surely moved by less than would be a bottleneck's.
func (m Move) stayed() bool { return m.High < 1+stillShare }

// little says in words how far a ceiling moved that stayed; not is for one that did
// not move at all, and verb stands before how far.
func (m Move) little(not, verb string) string {
	by := verb + "by less than a fifth"
	switch {
	case m.High <= 1+floorShare:
		return not
	case m.Low > 1:
		return by
	}
	return by + ", if at all,"
}

// moved is the ratio of ceilings in paired rounds, by Student's t on its logarithm; at
// one speed of the machine where that can be known, as in a comparison.
func moved(from, to []*record.Run) Move {
	var logs paired
	var slower []float64
	for i := range from {
		logs.values = append(logs.values, math.Log(Throughput(to[i])/Throughput(from[i])))
		if s, ok := slowness(from[i], to[i]); ok {
			slower = append(slower, s)
		}
	}
	if len(slower) == len(from) && byChance(slower) {
		logs.slowness = slower
	}
	mean, se := logs.mean()
	half := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(logs.freedom())}.Quantile((1+proofConfidence)/2) * se
	const most = 50 // of a logarithm: its exponential stays a number that JSON can say
	return Move{math.Exp(mean), math.Exp(max(-most, mean-half)), math.Exp(min(most, mean+half)), logs.slowness != nil}
}

// Moved is by what factor the ceiling of the runs in to lies above that of those in
// from, where each pair is one round; why says what makes them of no use, "" for
// nothing.
func Moved(from, to []*record.Run) (m Move, why string) {
	if why = cantTell(from, to); why != "" {
		return m, why
	}
	return moved(from, to), ""
}

// MachineFull says whether a run left the machine no core: a ceiling that it shows may be
// the machine's.
func MachineFull(run *record.Run) bool { return machineFull(run) }

// cantTell says why runs are of no use for a proof; "" where they are.
func cantTell(sides ...[]*record.Run) string {
	for _, side := range sides {
		if len(side) < MinRepeats || len(side) != len(sides[0]) {
			return fmt.Sprintf("%d rounds are needed, each with a run of all sides", MinRepeats)
		}
		for _, run := range side {
			if why := spoiled(run); why != "" {
				return "a run is invalid: " + why
			}
			if Throughput(run) <= 0 {
				return "a run had no good answers"
			}
		}
	}
	return ""
}

// spoiled says why a run's ceiling can't be used; "" where it can. What else ran
// on the machine spoils latencies. A ceiling it makes noisy, and that is in the
// repeats; where it leaves no core, a ceiling that does not move says nothing.
func spoiled(run *record.Run) string {
	for _, r := range run.Verdict.Reasons {
		switch r.Check {
		case CheckHost, CheckSteal, CheckSchedule, CheckShare, CheckFull:
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

// Bounds of the search for enough clients.
const (
	firstClients = 4
	clientsStep  = 4
	mostClients  = 256
	// patience: with more clients than are served in it, they wait into the
	// time-outs of pools and queues, and most CPU may go into answers that fail.
	patience = 0.4 // seconds
	// spareClients keep a stage at its ceiling when that is raised (RaisedLimit).
	spareClients = 2
	// failingShare of an endpoint's requests: where more fail, the clients ask the
	// faster for whatever still works, as a full queue turns requests away at once.
	failingShare = 0.05
	// risenShare: less than this more for four times the clients is the ceiling.
	risenShare = 0.10
)

// Saturating looks for how many clients keep a stage at its ceiling without
// drowning it, trial by trial; its zero value is ready.
type Saturating struct {
	clients int
	served  float64 // with these
}

// Clients is how many to try first.
func (s *Saturating) Clients() int { return firstClients }

// Next says, after a run of so many clients, how many to try next; or that those
// of `enough` are enough.
func (s *Saturating) Next(clients int, run *record.Run) (enough int, done bool) {
	x := Throughput(run)
	most := min(mostClients, int(patience*x))
	switch before := s.served; {
	case before > 0 && (x < (1-risenShare)*before || failing(run)): // it drowns, or turns away
		return s.clients, true
	case before > 0 && x < (1+risenShare)*before: // fewer were enough already
		return min(spareClients*s.clients, clients), true
	case before > 0 && most <= clients || failing(run):
		return clients, true
	}
	s.clients, s.served = clients, x
	// Two steps at least: one request may take longer by itself than it should wait.
	return min(clientsStep*clients, max(most, clientsStep*firstClients)), false
}

// failing says whether an endpoint mostly can't be served any more: it may be a
// small part of all that is asked.
func failing(run *record.Run) bool {
	return slices.ContainsFunc(run.Summary.Endpoints, func(e record.Endpoint) bool {
		return float64(e.Failed) > failingShare*float64(e.Requests)
	})
}
