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
var candidates = flag.Int("candidates", 0, "compare all kinds of intervals in this many comparisons of each sort")

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
	name string
	draw func(r *rand.Rand, at int, before *[tableRows]float64) (a, b [tableRows]float64)
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

// lognormal noise of standard deviation 1 and a skewness of 3.7.
func lognormal(z float64) float64 {
	const s = 0.8
	return (math.Exp(s*z) - math.Exp(s*s/2)) / math.Sqrt((math.Exp(s*s)-1)*math.Exp(s*s))
}

// exponential noise of standard deviation 1 and a skewness of 2.
func exponential(z float64) float64 { return -math.Log(1-distuv.UnitNormal.CDF(z)) - 1 }

var worlds = []world{
	{"normal", mapped(func(z float64) float64 { return z })},
	{"lognormal", mapped(lognormal)},
	{"exponential", mapped(exponential)},
	{"two values", mapped(func(z float64) float64 { return math.Copysign(1, z) + 0.1*z })}, // a counter that ticks
	{"drift", func(r *rand.Rand, at int, before *[tableRows]float64) (a, b [tableRows]float64) { // what lasts from run to run, and a warming machine
		for _, side := range []*[tableRows]float64{&a, &b} {
			for j, z := range factors(r) {
				before[j] = 0.6*before[j] + 0.8*z
				side[j] = before[j]
			}
		}
		for j := range b {
			b[j] += 0.1
		}
		if at%2 == 1 {
			a, b = b, a
		}
		return a, b
	}},
	{"B skewed, A quiet", func(r *rand.Rand, _ int, _ *[tableRows]float64) (a, b [tableRows]float64) { // the hardest: the ratios themselves are skewed
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

func chosen(draws int) kind {
	return kind{"max |t|, parametric (chosen)", func(_ *rand.Rand, rows []paired) []span {
		return around(rows, critical(rows, len(rows[0].values), draws))
	}}
}

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

// The chosen intervals hold in at least 95 of 100 tables, whatever the noise of
// identical sides, make no false differences to speak of, and find what was planted.
func TestCoverage(t *testing.T) {
	t.Parallel()
	if *candidates > 0 {
		printCandidates(t, *candidates)
		return
	}
	const comparisons = 80
	for _, test := range []struct {
		world  string
		rounds int
	}{{"normal", 6}, {"normal", 8}, {"normal", 12}, {"lognormal", 8}, {"two values", 6}, {"drift", 8}} { // all of them with -candidates
		w := worlds[slices.IndexFunc(worlds, func(w world) bool { return w.name == test.world })]
		s := chosen(150).score(w, test.rounds, comparisons)
		// Three standard errors of a share of 95% in so many comparisons.
		if least := 0.95 - 3*math.Sqrt(0.05*0.95/comparisons); s.all < least {
			t.Errorf("%s, %d rounds: all rows hold in %.0f%% of the tables, want %.0f%%", w.name, test.rounds, 100*s.all, 100*least)
		}
		if s.row < 0.985 || s.falses > 0.5 {
			t.Errorf("%s, %d rounds: %.1f%% of the rows hold; %.1f false differences in 10 tables", w.name, test.rounds, 100*s.row, s.falses)
		}
		if test.rounds >= 8 && s.found < 0.9 {
			t.Errorf("%s: 10%% more CPU found in %.0f%% with %d rounds", w.name, 100*s.found, test.rounds)
		}
	}
}

// What Detectable names is found in 80 of 100 comparisons.
func TestDetectableIsFound(t *testing.T) {
	t.Parallel()
	const comparisons = 2000
	for _, n := range []int{6, 8, 12} {
		r := rand.New(rand.NewPCG(uint64(n), 9))
		c := studentQuantile([]paired{{values: make([]float64, n)}}, 1-0.025/tableRows)
		difference, found := detectable(c, n)/math.Sqrt(float64(n)), 0
		for range comparisons {
			row := paired{values: make([]float64, n)}
			for i := range row.values {
				row.values[i] = difference + r.NormFloat64()
			}
			if mean, se := row.mean(); mean-c*se > 0 {
				found++
			}
		}
		wantNear(t, fmt.Sprintf("share found with %d rounds", n), float64(found)/comparisons, detectPower, 0.027) // three standard errors of it
	}
}
