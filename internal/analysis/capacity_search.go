// SPDX-License-Identifier: MIT

package analysis

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"systemlab/internal/record"
)

// Purpose says why a search runs a step.
type Purpose string

// The purposes.
const (
	Doubling  Purpose = "doubling"  // no rate has missed yet
	Halving   Purpose = "halving"   // no rate has met it yet
	Bisection Purpose = "bisection" // between one that met it and one that missed
	Repeat    Purpose = "repeat"    // the same rate again: at the edge, or after an invalid run
	Below     Purpose = "below"     // under the edge, for the fit of the curve
)

// SearchOptions are the bounds of a search. Zero is the default.
type SearchOptions struct {
	Start     float64 // first rate, requests a second; 50
	Min, Max  float64 // no rate below, none above; 1 and 20,000
	Precision float64 // of the bracket, (high-low)/low; 0.05
	Repeats   int     // runs at each end of the bracket, of which the majority decides; odd, 3
	Below     int     // rates for the fit, up to the edge; 6
	MaxSteps  int     // runs in all; 60
}

// finest is the smallest precision: rates are rounded to three digits.
const finest = 0.02

func (o SearchOptions) withDefaults() SearchOptions {
	o.Start = cmp.Or(o.Start, 50)
	o.Min = cmp.Or(o.Min, min(1, o.Start))
	o.Max = cmp.Or(o.Max, max(20_000, o.Start))
	o.Precision = cmp.Or(o.Precision, 0.05)
	o.Repeats = cmp.Or(o.Repeats, 3)
	o.Below = cmp.Or(o.Below, leastSteps)
	o.MaxSteps = cmp.Or(o.MaxSteps, 60)
	return o
}

func (o SearchOptions) validate() error {
	switch {
	case !(o.Min > 0) || !(o.Min <= o.Start && o.Start <= o.Max) || math.IsInf(o.Max, 0):
		return fmt.Errorf("rates must be 0 < lowest ≤ first ≤ highest, not %g, %g, %g", o.Min, o.Start, o.Max)
	case !(o.Precision >= finest && o.Precision <= 1):
		return fmt.Errorf("the precision must be from %g%% to 100%%, not %g%%", finest*100, o.Precision*100)
	case o.Repeats < 1 || o.Repeats%2 == 0:
		return fmt.Errorf("repeats must be odd, not %d: the majority decides", o.Repeats)
	case o.Below < 0 || o.MaxSteps < 1:
		return errors.New("numbers of steps can't be negative")
	}
	return nil
}

// Search finds the highest rate that meets an objective. It runs nothing: Next
// says which rate to run and why, Tell takes what was measured. It holds no
// clock and draws no lots, so the same answers lead the same way.
//
// Each run is a vote on its rate. The edge lies where the fewest votes
// contradict it: misses below it and mets above. That lets a wrong vote, which
// one noisy run gives, be outvoted later, wherever it stands. The search ends,
// since it either repeats a rate, at most Repeats times, or tries a new one
// inside a bracket that is wider than the precision, of which there are
// finitely many; and MaxSteps bounds it in any case.
type Search struct {
	o       SearchOptions
	steps   []Step
	ballot  ballot
	below   []float64 // rates still to run under the edge, once that is found
	found   bool
	stopped bool // twice invalid
}

// ballot counts votes by rate.
type ballot map[float64]*votes

type votes struct{ met, missed int }

// NewSearch begins a search.
func NewSearch(o SearchOptions) (*Search, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	return &Search{o: o, ballot: ballot{}}, nil
}

// Next gives the rate to run next and why; done where there is nothing left to
// run. It changes nothing: asked again, it answers the same.
func (s *Search) Next() (rate float64, purpose Purpose, done bool) {
	if s.stopped || len(s.steps) >= s.o.MaxSteps {
		return 0, "", true
	}
	if n := len(s.steps); n > 0 && s.steps[n-1].Verdict == record.Invalid {
		return s.steps[n-1].Rate, Repeat, false
	}
	if !s.found {
		if rate, purpose, done := s.seek(); !done {
			return rate, purpose, false
		}
	}
	if len(s.below) > 0 {
		return s.below[0], Below, false
	}
	return 0, "", true
}

// Tell takes the run at the rate that Next named.
func (s *Search) Tell(step Step) {
	rate, purpose, done := s.Next()
	if done {
		return
	}
	again := len(s.steps) > 0 && s.steps[len(s.steps)-1].Verdict == record.Invalid
	step.Rate, step.Purpose = rate, purpose
	s.steps = append(s.steps, step)
	if step.Verdict == record.Invalid {
		s.stopped = again
		return
	}
	if s.found {
		s.below = s.below[1:]
		return
	}
	s.ballot.vote(rate, step.Meets)
	if _, _, done := s.seek(); done {
		s.found = true
		s.below = s.spread()
	}
}

func (b ballot) vote(rate float64, met bool) {
	v := b[rate]
	if v == nil {
		v = &votes{}
		b[rate] = v
	}
	if met {
		v.met++
	} else {
		v.missed++
	}
}

// decided tells whether enough runs agree on a rate that more of them, up to
// Repeats, can't change it.
func (s *Search) decided(rate float64) bool {
	v := s.ballot[rate]
	return v != nil && max(v.met, v.missed) > s.o.Repeats/2
}

// seek is the search for the edge; done once it is found.
func (s *Search) seek() (rate float64, purpose Purpose, done bool) {
	if len(s.ballot) == 0 {
		return s.o.Start, Doubling, false
	}
	low, high := s.ballot.edge()
	switch {
	case high == 0 && low < s.o.Max:
		return min(round3(2*low), s.o.Max), Doubling, false
	case low == 0 && high > s.o.Min:
		return max(round3(high/2), s.o.Min), Halving, false
	case low > 0 && high > 0 && high/low-1 > s.o.Precision:
		return round3(math.Sqrt(low * high)), Bisection, false
	case low > 0 && !s.decided(low):
		return low, Repeat, false
	case high > 0 && !s.decided(high):
		return high, Repeat, false
	}
	return 0, "", true
}

// edge gives the rates below and above the cut that the fewest votes
// contradict, the lower one of two that are equally good; 0 where there is none.
func (b ballot) edge() (low, high float64) {
	rates := slices.Sorted(maps.Keys(b))
	against := 0
	for _, r := range rates {
		against += b[r].met // all of them above the cut
	}
	least, cut := against, 0
	for i, r := range rates {
		against += b[r].missed - b[r].met
		if against < least {
			least, cut = against, i+1
		}
	}
	if cut > 0 {
		low = rates[cut-1]
	}
	if cut < len(rates) {
		high = rates[cut]
	}
	return low, high
}

// spread gives the rates under the edge that the fit still needs: evenly from
// near 0 to the edge, which is where a curve bends, without those that a run
// came near to already.
func (s *Search) spread() []float64 {
	low, _ := s.ballot.edge()
	if low == 0 {
		return nil
	}
	gap := low / float64(s.o.Below+1)
	var out []float64
	for i := range s.o.Below {
		rate := round3(gap * float64(i+1))
		if rate >= s.o.Min && rate < low && !s.near(rate, gap/4) {
			out = append(out, rate)
		}
	}
	return out
}

func (s *Search) near(rate, distance float64) bool {
	for r := range s.ballot {
		if math.Abs(r-rate) <= distance {
			return true
		}
	}
	return false
}

// Steps are those told so far, in their order.
func (s *Search) Steps() []Step { return slices.Clone(s.steps) }

// Capacity is what is known so far. Stage, Objective and Bounds are the caller's.
func (s *Search) Capacity() Capacity {
	c := Capacity{Steps: s.Steps(), USL: FitUSL(s.steps)}
	c.Low, c.High = s.ballot.edge()
	c.Rate, c.AtLeast = c.Low, c.Low > 0 && c.High == 0
	c.Notes = s.notes(c.Low, c.High)
	return c
}

// notes say what limits the answer.
func (s *Search) notes(low, high float64) []string {
	var out []string
	note := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	switch {
	case s.stopped:
		note("the run at %s/s was invalid twice: the search ended there, with what was known", number(s.steps[len(s.steps)-1].Rate))
	case len(s.steps) >= s.o.MaxSteps && (!s.found || len(s.below) > 0):
		note("the search ended after %d runs, before it was done", len(s.steps))
	}
	switch {
	case low == 0 && high == 0:
		note("no run says anything of the capacity")
	case low == 0:
		note("no rate met the objective, the lowest tried being %s/s", number(high))
	case high == 0:
		note("no rate missed the objective: the capacity is at least %s/s, and may be far more", number(low))
	case high/low-1 > s.o.Precision:
		note("the capacity lies between %s and %s/s; it was not narrowed further", number(low), number(high))
	}
	for _, end := range []float64{low, high} {
		if end > 0 && !s.decided(end) {
			note("%s/s was run too seldom to be sure of it", number(end))
		}
	}
	if n := s.against(low); n > 0 {
		note("runs that say otherwise: %d of %d; near the edge this stage is noisy", n, len(s.steps))
	}
	if s.untrusted(low) || s.untrusted(high) {
		note("the latency at the edge rests on too few answers for its quantile: use a longer --duration")
	}
	if n := s.suspects(); n > 0 {
		note("suspect runs: %d of %d; see their verdicts", n, len(s.steps))
	}
	return out
}

// against counts the runs that the edge contradicts, those under it for the fit included.
func (s *Search) against(low float64) int {
	n := 0
	for _, step := range s.steps {
		if step.Verdict != record.Invalid && step.Meets != (step.Rate <= low) {
			n++
		}
	}
	return n
}

func (s *Search) untrusted(rate float64) bool {
	return slices.ContainsFunc(s.steps, func(step Step) bool {
		return step.Rate == rate && step.Verdict != record.Invalid && !step.Trusted
	})
}

func (s *Search) suspects() int {
	n := 0
	for _, step := range s.steps {
		if step.Verdict == record.Suspect {
			n++
		}
	}
	return n
}

// round3 rounds a rate to three digits: 282.84 is 283.
func round3(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 2, 64), 64)
	if err != nil {
		return v
	}
	return r
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func sortBounds(b []Bound) {
	slices.SortStableFunc(b, func(x, y Bound) int { return cmp.Compare(x.Rate, y.Rate) })
}
