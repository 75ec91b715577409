// SPDX-License-Identifier: MIT

package analysis

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// docs/decisions/intervals.md has the table that this prints:
//
//	go test ./internal/analysis -run TestCoverage -v -candidates 2000
var Candidates = flag.Int("candidates", 0, "compare all kinds of intervals in this many comparisons of each sort")

// The table of a comparison: 15 rows that hang together in two groups, latencies
// (0 to 2) and CPU (4 to 8, 13), and some by themselves.
const (
	tableRows = 15
	rowP50    = 0
	rowP99    = 2
	rowCPU    = 4
)

var (
	groupOf = [tableRows]int{0, 0, 0, 2, 1, 1, 1, 1, 1, 2, 2, 2, 2, 1, 2}
	weight  = [tableRows]float64{.9, .9, .7, 0, .8, .8, .8, .8, .8, .3, 0, 0, 0, .5, 0}
)

// factors draws one run's noise: standard normal, correlated within groups.
func factors(r *rand.Rand) (x [tableRows]float64) {
	groups := [3]float64{r.NormFloat64(), r.NormFloat64(), r.NormFloat64()}
	for j, w := range weight {
		x[j] = w*groups[groupOf[j]] + math.Sqrt(1-w*w)*r.NormFloat64()
	}
	return x
}

// world draws the noise of one round's two runs, with mean 0. At tells which
// round it is; before is the noise of the run before, for what lasts.
type world struct {
	name     string
	promised float64 // the share of tables in which all intervals hold
	draw     func(r *rand.Rand, at int, before *[tableRows]float64) (a, b [tableRows]float64)
}

// mapped draws normal noise and bends it.
func mapped(bend func(z float64) float64) func(*rand.Rand, int, *[tableRows]float64) (a, b [tableRows]float64) {
	return func(r *rand.Rand, _ int, _ *[tableRows]float64) (a, b [tableRows]float64) {
		a, b = factors(r), factors(r)
		for j := range a {
			a[j], b[j] = bend(a[j]), bend(b[j])
		}
		return a, b
	}
}

// lasting noise goes on from run to run (a correlation of 0.6), on a machine that
// warms. Swap tells whether B goes first.
func lasting(swap func(r *rand.Rand, at int) bool) func(*rand.Rand, int, *[tableRows]float64) (a, b [tableRows]float64) {
	return func(r *rand.Rand, at int, before *[tableRows]float64) (a, b [tableRows]float64) {
		for _, side := range []*[tableRows]float64{&a, &b} {
			for j, z := range factors(r) {
				before[j] = 0.6*before[j] + 0.8*z
				side[j] = before[j]
			}
		}
		for j := range b {
			b[j] += 0.1
		}
		if swap(r, at) {
			a, b = b, a
		}
		return a, b
	}
}

// lognormal noise of standard deviation 1 and a skewness of 3.7.
func lognormal(z float64) float64 {
	const s = 0.8
	return (math.Exp(s*z) - math.Exp(s*s/2)) / math.Sqrt((math.Exp(s*s)-1)*math.Exp(s*s))
}

// exponential noise of standard deviation 1 and a skewness of 2.
func exponential(z float64) float64 { return -math.Log(1-distuv.UnitNormal.CDF(z)) - 1 }

var worlds = []world{
	{"normal", 0.95, mapped(func(z float64) float64 { return z })},
	{"lognormal", 0.95, mapped(lognormal)},
	{"exponential", 0.95, mapped(exponential)},
	{"two values", 0.95, mapped(func(z float64) float64 { return math.Copysign(1, z) + 0.1*z })}, // a counter that ticks
	{"lasting, A B B A", 0.91, lasting(func(_ *rand.Rand, at int) bool { return at%2 == 1 })},
	{"lasting, order by lot", 0.95, lasting(func(r *rand.Rand, _ int) bool { return r.IntN(2) == 1 })},
	{"B skewed, A quiet", 0.85, func(r *rand.Rand, _ int, _ *[tableRows]float64) (a, b [tableRows]float64) { // the hardest: the ratios themselves are skewed
		a, b = factors(r), factors(r)
		for j := range a {
			a[j], b[j] = 0.6*a[j], 1.28*exponential(b[j])
		}
		return a, b
	}},
}

// rounds draws the rows of an A/A comparison: every true value is 0. Noise is in
// standard deviations of one run, so that a pair's is √2.
func (w world) rounds(r *rand.Rand, n int) []paired {
	rows := make([]paired, tableRows)
	var before [tableRows]float64
	for i := range n {
		a, b := w.draw(r, i, &before)
		for j := range rows {
			rows[j].values = append(rows[j].values, b[j]-a[j])
		}
	}
	return rows
}

// span is an interval.
type span struct{ low, high float64 }

// kind is one way to make intervals.
type kind struct {
	name  string
	spans func(r *rand.Rand, rows []paired) []span
}

func around(rows []paired, c float64) []span {
	out := make([]span, len(rows))
	for j, row := range rows {
		mean, se := row.mean()
		out[j] = span{mean - c*se, mean + c*se}
	}
	return out
}

var chosen = kind{"Student's t, Bonferroni (chosen)", func(_ *rand.Rand, rows []paired) []span {
	return around(rows, critical(rows, len(rows[0].values)-1))
}}

// score of a kind over many comparisons.
type score struct {
	row, all   float64 // share of rows, and of whole tables, whose intervals hold the true value
	half       float64 // median half-width, in standard deviations of a run
	found      float64 // share in which a planted 10% on a noise of 3% a run was found
	falses     float64 // false differences in 10 tables, of p50, p99 and CPU
	moreThan1  float64 // share of tens of tables with more than one such
	comparison int
}

func (k kind) score(w world, n, comparisons int) score {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	planted := math.Log(1.10) / 0.03
	var halves []float64
	s := score{comparison: comparisons}
	tens, ten := 0, 0
	for i := range comparisons {
		all := true
		for j, v := range k.spans(r, w.rounds(r, n)) {
			halves = append(halves, (v.high-v.low)/2)
			if holds := v.low <= 0 && v.high >= 0; holds {
				s.row++
			} else {
				all = false
				if j == rowP50 || j == rowP99 || j == rowCPU {
					s.falses++
					ten++
				}
			}
			if j == rowCPU && v.low+planted > 0 {
				s.found++
			}
		}
		if all {
			s.all++
		}
		if i%10 == 9 {
			if ten > 1 {
				s.moreThan1++
			}
			tens, ten = tens+1, 0
		}
	}
	c := float64(comparisons)
	slices.Sort(halves)
	s.row, s.all, s.found, s.falses = s.row/c/tableRows, s.all/c, s.found/c, 10*s.falses/c
	s.half, s.moreThan1 = stat.Quantile(0.5, stat.Empirical, halves, nil), s.moreThan1/float64(max(tens, 1))
	return s
}

// The chosen intervals hold in at least 95 of 100 tables where rounds are
// independent and identical sides have the same noise, whatever its shape; they
// make no false differences to speak of, and find what was planted. Where rounds
// hang together, or one side's noise is skewed and the other's is not, fewer hold.
func TestCoverage(t *testing.T) {
	t.Parallel()
	if *Candidates > 0 {
		printCandidates(t, *Candidates)
		return
	}
	const comparisons = 400
	for _, w := range worlds {
		for _, n := range []int{6, 8, 12} {
			s := chosen.score(w, n, comparisons)
			// Three standard errors of a share of 95% in so many comparisons.
			if least := w.promised - 3*math.Sqrt(0.05*0.95/comparisons); s.all < least {
				t.Errorf("%s, %d rounds: all rows hold in %.1f%% of the tables, want %.1f%%", w.name, n, 100*s.all, 100*least)
			}
			if most := 6 * (1 - w.promised); s.row < 0.985 || s.falses > most { // of 30; 15 rows at 5% in all make 0.1
				t.Errorf("%s, %d rounds: %.1f%% of the rows hold; %.1f false differences in 10 tables", w.name, n, 100*s.row, s.falses)
			}
			if n == 8 && s.found < 0.85 || n == 12 && s.found < 0.95 {
				t.Errorf("%s: 10%% more CPU found in %.1f%% with %d rounds", w.name, 100*s.found, n)
			}
		}
	}
}

// What Detectable names is found in 80 of 100 comparisons.
func TestDetectableIsFound(t *testing.T) {
	t.Parallel()
	const comparisons = 1000
	for _, n := range []int{6, 8, 12} {
		r := rand.New(rand.NewPCG(uint64(n), 9))
		c := studentQuantile([]paired{{values: make([]float64, n)}}, 1-0.025/tableRows)
		difference, found := detectable(c, n-1)/math.Sqrt(float64(n)), 0
		for range comparisons {
			row := paired{values: make([]float64, n)}
			for i := range row.values {
				row.values[i] = difference + r.NormFloat64()
			}
			if mean, se := row.mean(); mean-c*se > 0 {
				found++
			}
		}
		wantNear(t, fmt.Sprintf("share found with %d rounds", n), float64(found)/comparisons, detectPower, 0.038) // three standard errors of it
	}
}
