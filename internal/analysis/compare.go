// SPDX-License-Identifier: MIT

package analysis

import (
	"fmt"
	"math"
	"slices"

	"systemlab/internal/record"
)

// Pair is one round: a run of each side, next to each other in time, with the
// same order and seed.
type Pair struct{ A, B *record.Run }

// sides in the order of their names.
func (p Pair) sides() [2]*record.Run { return [2]*record.Run{p.A, p.B} }

var sideNames = [2]string{"a", "b"}

// Comparison is what rounds say of two sides.
type Comparison struct {
	A, B       Side
	Rounds     int        // those with both sides
	Quantities []Quantity // in the order of a reader's interest
	Speed      Speed      // of the machine, from turn to turn
	Refused    string     // why nothing is concluded; "" where something may be
	Few        bool       // it is refused only because the rounds are too few
	Notes      []string   // what can't be concluded, and what should be known
}

// Side is one of the two that are compared.
type Side struct {
	Stage record.Stage
	Runs  []string // their ids, in the order of rounds

	Requests, Failed int // over all rounds; those that failed are among the first
	Wrong            int // reads that were answered wrong
}

func (s *Side) add(run *record.Run) {
	q := run.Summary.Requests
	s.Stage, s.Runs = run.Stage, append(s.Runs, run.ID)
	s.Requests, s.Failed, s.Wrong = s.Requests+q.OK+q.Failed, s.Failed+q.Failed, s.Wrong+run.Summary.Reads.Wrong
}

// failedShare of a side's requests; 0 where there is none.
func (s Side) failedShare() float64 { return float64(s.Failed) / float64(max(1, s.Requests)) }

// Quantity is one row of a comparison.
type Quantity struct {
	Name    string
	Service string // "" for the stage as a whole
	Unit    string
	A, B    float64 // of each side: the median over rounds, of a count the sum; 0 of a side that has none
	// Ratio of B by A, the geometric mean of the rounds' ratios, and not B by A of
	// the medians; 0 where a round has a 0: then Low and High are of B-A.
	Ratio      float64
	Low, High  float64 // the interval; 95% for all quantities together. 0 and 0 where there is none
	Difference bool    // Low, High and Detectable are of B-A
	AtOneSpeed bool    // Ratio and interval are for a machine as fast on both sides; see Speed
	// Detectable is the smallest ratio above 1, or the smallest difference, that
	// these rounds would have told in 80 of 100 cases; 0 where that isn't known.
	Detectable float64
	Conclusion string
}

// The conclusions. A side is lower when the whole interval says so.
const (
	ALower        = "a lower"
	BLower        = "b lower"
	NoDifference  = "no detectable difference"
	OnlyA         = "only a" // B has no such box
	OnlyB         = "only b"
	NotComparable = "not comparable" // some run can't carry it; a note says why
	NotConcluded  = "not concluded"  // the comparison is refused
)

// resolution is the least standard deviation of a log ratio: latencies are kept
// with three digits, so a value lies evenly within 0.1% (variance 1/12 of the
// width's square), and a ratio has two of them.
const resolution = 0.001 * math.Sqrt2 / 3.4641016151377544 // √12

// Compare concludes from rounds what differs between two sides, and by how much.
// The run is the unit: requests within one hang together.
func Compare(rounds []Pair) Comparison {
	whole := slices.DeleteFunc(slices.Clone(rounds), func(p Pair) bool { return p.A == nil || p.B == nil })
	c := Comparison{Rounds: len(whole), Refused: unfit(whole)}
	if n := len(whole); c.Refused == "" && n < LeastRounds {
		c.Few, c.Refused = true, tooFew(n)
	}
	if missing := len(rounds) - len(whole); missing > 0 {
		c.note("%d of %d rounds have one side alone and are left out", missing, len(rounds))
	}
	for _, p := range whole {
		c.A.add(p.A)
		c.B.add(p.B)
	}
	if len(whole) == 0 {
		return c
	}
	c.flag(whole)
	var rows []paired
	var of []int // of each row, its quantity
	c.Speed = speedOf(whole)
	c.flagSpeed()
	for _, m := range measures(whole) {
		if q, r, ok := c.quantity(m, whole); ok {
			if q.Conclusion == "" {
				rows, of = append(rows, r), append(of, len(c.Quantities))
			}
			c.Quantities = append(c.Quantities, q)
		}
	}
	c.conclude(rows, of)
	c.flagMemory()
	return c
}

func (c *Comparison) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(c.Notes, n) {
		c.Notes = append(c.Notes, n)
	}
}

// quantity gives one quantity's figures; ok is false where neither side has any.
// Its conclusion is empty where the row can be concluded from.
func (c *Comparison) quantity(m measure, rounds []Pair) (q Quantity, r paired, ok bool) {
	a, b := readAll(m, rounds, func(p Pair) *record.Run { return p.A }), readAll(m, rounds, func(p Pair) *record.Run { return p.B })
	q = Quantity{Name: m.name, Service: m.service, Unit: m.unit, A: figure(a, m.sum), B: figure(b, m.sum)}
	hasA, hasB, n := knowns(a), knowns(b), len(rounds)
	switch {
	case hasA == n && hasB == n:
		r = pair(&q, a, b, m, c.Speed)
		return q, r, true
	case hasA == 0 && hasB == 0 && m.why == "":
		return q, r, false
	case hasA == n && hasB == 0 && m.why == "":
		q.Conclusion = OnlyA
	case hasB == n && hasA == 0 && m.why == "":
		q.Conclusion = OnlyB
	default:
		q.Conclusion = NotComparable
		c.note("%s is not comparable: it is missing in %d of %d runs%s", q.Words(), 2*n-hasA-hasB, 2*n, because(m.why))
		return q, r, hasA+hasB > 0
	}
	return q, r, true
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return " (" + why + ")"
}

func readAll(m measure, rounds []Pair, side func(Pair) *record.Run) []reading {
	out := make([]reading, len(rounds))
	for i, p := range rounds {
		out[i] = m.read(side(p))
	}
	return out
}

func knowns(all []reading) int {
	n := 0
	for _, r := range all {
		if r.known {
			n++
		}
	}
	return n
}

// figure is one side's: the median, or the sum, of what is known.
func figure(all []reading, sum bool) float64 {
	var values []float64
	total := 0.0
	for _, r := range all {
		if r.known {
			values, total = append(values, r.value), total+r.value
		}
	}
	if sum {
		return total
	}
	return median(values)
}

// pair makes a row's values of both sides: log ratios, because effects on latency
// and CPU multiply and then a half and a double weigh the same; differences where
// a value is 0 and has no logarithm.
func pair(q *Quantity, a, b []reading, m measure, speed Speed) paired {
	n := float64(len(a))
	r := paired{values: make([]float64, len(a))}
	positive := !slices.ContainsFunc(append(slices.Clone(a), b...), func(r reading) bool { return r.value <= 0 })
	chance, size := 0.0, 0.0
	for i := range a {
		if positive {
			r.values[i] = math.Log(b[i].value) - math.Log(a[i].value)
			chance += (a[i].chance/a[i].value/a[i].value + b[i].chance/b[i].value/b[i].value) / n // by the delta method
			continue
		}
		r.values[i] = b[i].value - a[i].value
		chance += (a[i].chance + b[i].chance) / n
		size += math.Abs(r.values[i]) / n
	}
	if positive {
		if m.slows && speed.TakenOut {
			r.slowness, q.AtOneSpeed = speed.Slowness, true
		}
		mean, _ := r.mean()
		q.Ratio = math.Exp(mean)
		r.least = max(resolution, math.Sqrt(chance))
		return r
	}
	q.Difference = true
	r.least = max(resolution*size, math.Sqrt(chance))
	if m.sum { // the difference of the sums is n times the mean of the differences
		for i := range r.values {
			r.values[i] *= n
		}
		r.least *= n
	}
	return r
}

// conclude gives each row its interval and all quantities their conclusions.
func (c *Comparison) conclude(rows []paired, of []int) {
	if c.Refused != "" {
		for i := range c.Quantities {
			if c.Quantities[i].Conclusion == "" {
				c.Quantities[i].Conclusion = NotConcluded
			}
		}
		return
	}
	factors := map[int][2]float64{} // by degrees of freedom
	for i, r := range rows {
		f, known := factors[r.freedom()]
		if !known {
			f[0] = critical(rows, r.freedom())
			f[1] = detectable(f[0], r.freedom())
			factors[r.freedom()] = f
		}
		c.Quantities[of[i]].conclude(r, f[0], f[1])
	}
}

func (q *Quantity) conclude(r paired, factor, least float64) {
	mean, se := r.mean()
	low, high := mean-factor*se, mean+factor*se // 0 and 0 where neither side has any
	q.Conclusion = NoDifference
	switch {
	case low > 0:
		q.Conclusion = ALower
	case high < 0:
		q.Conclusion = BLower
	}
	q.Low, q.High, q.Detectable = low, high, least*se
	if !q.Difference {
		q.Low, q.High, q.Detectable = math.Exp(low), math.Exp(high), math.Exp(least*se)
	}
}

// Concluded tells whether the two sides were told apart.
func (q Quantity) Concluded() bool { return q.Conclusion == ALower || q.Conclusion == BLower }
