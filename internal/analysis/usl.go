// SPDX-License-Identifier: MIT

package analysis

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"systemlab/internal/record"
)

// Estimate is a fitted number with its interval. The intervals of one fit hold
// together: in 95 of 100 fits all of them contain what they estimate.
type Estimate struct{ Value, Low, High float64 }

// USL is the Universal Scalability Law fitted to throughput against concurrency
// (Gunther, A Simple Capacity Model of Massively Parallel Transaction Systems,
// CMG 1993; Guerrilla Capacity Planning, 2007, chapter 4):
//
//	X(N) = λN / (1 + σ(N−1) + κN(N−1))
//
// With Refused, the rest says nothing.
type USL struct {
	Lambda Estimate // requests a second with one in flight
	Sigma  Estimate // contention: the share that is done one at a time, 0 to 1
	Kappa  Estimate // coherency: what each pair of requests costs each other

	// Peak is the concurrency beyond which throughput falls, √((1−σ)/κ). It is
	// nil where the interval of κ includes 0, and where no step past it served
	// less: a server that is merely full bends the curve as κ does.
	Peak *Estimate

	Steps    int        // that the fit rests on
	Spread   float64    // standard error of the residuals, relative to throughput
	Measured [2]float64 // the least and the greatest concurrency among them
	Refused  string     // why there is no fit; "" where there is one
}

// At is the throughput that the law says of a concurrency.
func (u USL) At(n float64) float64 {
	return u.Lambda.Value * n / (1 + u.Sigma.Value*(n-1) + u.Kappa.Value*pairs(n))
}

// Bounds of what is fitted at all.
const (
	// Three parameters need more than three points; six leave three degrees of
	// freedom for the intervals (the least that Gunther recommends).
	leastSteps = 6
	// With the greatest concurrency less than three times the least, 5% of noise
	// leaves a third of the fits, and soon nearly all, without an upper end to
	// their intervals (docs/decisions/capacity.md).
	leastSpan = 3.0
	// Runs of one rate on one machine vary by 5%, saturated ones by 15%. Where
	// the law misses by more, it is not the law of these steps.
	mostSpread = 0.15
	// An interval of σ that leaves out less than a tenth of what is possible
	// says that the steps don't tell.
	widestSigma = 0.90
)

// FitUSL fits the law to the steps that kept up with their rate: where requests
// pile up, how many are in flight depends on when one looks. See
// docs/decisions/capacity.md for the choice of estimator and intervals.
func FitUSL(steps []Step) USL {
	f := newFit(steps)
	u := USL{Steps: len(f.n), Measured: f.span()}
	if u.Refused = f.lacking(); u.Refused != "" {
		return u
	}
	best, sum := f.solve()
	freedom := float64(len(f.n) - 3)
	u.Spread = math.Sqrt(sum / freedom)
	// All that is within the F quantile of the least sum of squares belongs to
	// the interval (Seber & Wild, Nonlinear Regression, 1989, section 5.3). The
	// floor keeps rounding from deciding where the fit is exact.
	sum = max(sum, float64(len(f.n))*1e-20)
	within := func(extra, level float64) float64 {
		return sum * (1 + extra/freedom*distuv.F{D1: extra, D2: freedom}.Quantile(level))
	}
	if u.Refused = f.doubtful(u.Spread, within(2, 0.95)); u.Refused != "" {
		return u
	}
	bound := within(1, 1-0.05/3) // three intervals that hold together (Bonferroni)
	sigma, kappa := best.sigma(), best.kappa()
	u.Lambda = interval(1/best.one(), 0, math.Inf(1), bound, f.withLambda)
	u.Sigma = interval(sigma, 0, 1, bound, f.withSigma)
	u.Kappa = interval(kappa, 0, math.Inf(1), bound, f.withKappa)
	switch {
	case u.Sigma.High-u.Sigma.Low > widestSigma || math.IsInf(u.Lambda.High, 1) || math.IsInf(u.Kappa.High, 1):
		return USL{Steps: u.Steps, Measured: u.Measured, Spread: u.Spread,
			Refused: "the steps don't pin the parameters down: their intervals include nearly everything"}
	case u.Kappa.Low > 0 && f.fell(best.peak(), u.Spread):
		peak := interval(best.peak(), 0, math.Inf(1), bound, f.withPeak)
		u.Peak = &peak
	}
	return u
}

// uslFit holds the points. It fits the residence time R = N/X, which by the law is
// a straight combination of three shapes,
//
//	R(N) = r + bN + cN(N−1), with 1/λ = r+b, σ = b/(r+b), κ = c/(r+b),
//
// where r, b, c ≥ 0 is the same as λ > 0, 0 ≤ σ ≤ 1 and κ ≥ 0. The residual of a
// point relative to its residence time is
//
//	1 − R(N)·X/N = 1 − X/X(N),
//
// the error of its throughput relative to the law's. So the least sum of squares
// of relative errors, which is what noise in proportion to throughput asks for,
// is found without iteration: it is linear in r, b and c.
type uslFit struct{ n, x, weight []float64 }

// curve is a fitted R(N).
type curve struct{ r, b, c float64 }

func (c curve) one() float64   { return c.r + c.b } // R(1) = 1/λ
func (c curve) sigma() float64 { return c.b / c.one() }
func (c curve) kappa() float64 { return c.c / c.one() }
func (c curve) peak() float64  { return math.Sqrt(c.r / c.c) } // (1−σ)/κ = r/c

func newFit(steps []Step) *uslFit {
	f, limit := &uslFit{}, overloaded(steps)
	for _, s := range steps {
		usable := s.Verdict != record.Invalid && s.Concurrency > 0 && s.Served > 0 && s.keptUp() && s.Rate < limit
		if usable && !math.IsInf(s.Concurrency+s.Served, 0) && !math.IsInf(s.Concurrency/s.Served, 0) { // next to nothing served has no time of residence
			f.n, f.x = append(f.n, s.Concurrency), append(f.x, s.Served)
			f.weight = append(f.weight, s.Served/s.Concurrency)
		}
	}
	return f
}

// overloaded is the lowest rate that runs did not keep up with: by the same vote
// as the edge of a search, so that one hiccup at a low rate says nothing. Of the
// runs at that rate and above, those that kept up were the lucky ones: to fit
// these alone would draw the curve too high.
func overloaded(steps []Step) float64 {
	kept := ballot{}
	for _, s := range steps {
		if s.Verdict != record.Invalid {
			kept.vote(s.Rate, s.keptUp())
		}
	}
	if _, high := kept.edge(); high > 0 {
		return high
	}
	return math.Inf(1)
}

func (s Step) keptUp() bool { return s.Served >= servedShare*s.Asked }

func (f *uslFit) span() [2]float64 {
	if len(f.n) == 0 {
		return [2]float64{}
	}
	low, high := f.n[0], f.n[0]
	for _, n := range f.n {
		low, high = min(low, n), max(high, n)
	}
	return [2]float64{low, high}
}

// lacking says what the points lack before any fit.
func (f *uslFit) lacking() string {
	if len(f.n) < leastSteps {
		return fmt.Sprintf("%d steps are of use, those at rates that the stage kept up with, and a fit needs %d", len(f.n), leastSteps)
	}
	if s := f.span(); s[1] < leastSpan*s[0] {
		return fmt.Sprintf("concurrency went from %.3g to %.3g only: a fit needs %g times as much at one end as at the other", s[0], s[1], leastSpan)
	}
	return ""
}

// doubtful says why the best fit is not one to quote; straight is the sum of
// squares up to which σ = κ = 0 can't be told from it.
func (f *uslFit) doubtful(spread, straight float64) string {
	if spread > mostSpread {
		return fmt.Sprintf("the steps lie %.0f%% off the law's best curve: it doesn't describe them", spread*100)
	}
	if _, sum := f.least(f.column(func(float64) float64 { return 1 })); sum <= straight {
		return "the steps lie on a straight line: σ and κ can't be told from 0, so there is no limit to be seen"
	}
	return ""
}

// fell tells whether throughput was seen to fall beyond a concurrency: whether
// the step with the most in flight lies there and served less than the best one,
// by more than what steps vary by.
func (f *uslFit) fell(peak, spread float64) bool {
	last := slices.Index(f.n, slices.Max(f.n))
	return f.n[last] > peak && f.x[last] < slices.Max(f.x)*(1-spread)
}

// column is one shape of R(N), weighted.
func (f *uslFit) column(shape func(n float64) float64) []float64 {
	out := make([]float64, len(f.n))
	for i, n := range f.n {
		out[i] = shape(n) * f.weight[i]
	}
	return out
}

func pairs(n float64) float64 { return n * (n - 1) }

// solve gives the best curve and its sum of squares.
func (f *uslFit) solve() (curve, float64) {
	p, sum := f.least(
		f.column(func(float64) float64 { return 1 }),
		f.column(func(n float64) float64 { return n }),
		f.column(pairs))
	return curve{p[0], p[1], p[2]}, sum
}

// withSigma, withKappa, withLambda and withPeak give the least sum of squares
// that is left once a parameter has a given value: its profile. Each leaves two
// shapes to combine.
func (f *uslFit) withSigma(sigma float64) float64 {
	_, sum := f.least(f.column(func(n float64) float64 { return 1 + sigma*(n-1) }), f.column(pairs))
	return sum
}

func (f *uslFit) withKappa(kappa float64) float64 {
	_, sum := f.least(
		f.column(func(n float64) float64 { return 1 + kappa*pairs(n) }),
		f.column(func(n float64) float64 { return n + kappa*pairs(n) }))
	return sum
}

func (f *uslFit) withPeak(peak float64) float64 { // κ = (1−σ)/N*²
	_, sum := f.least(
		f.column(func(n float64) float64 { return 1 + pairs(n)/(peak*peak) }),
		f.column(func(n float64) float64 { return n }))
	return sum
}

func (f *uslFit) withLambda(lambda float64) float64 {
	p, sum := f.given(1 / lambda)
	if p[0] > 1/lambda { // σ stays at its bound
		_, sum = f.leastTo(f.rest(func(n float64) float64 { return n / lambda }), f.column(pairs))
	}
	return sum
}

// given fits b and c to what a fixed R(1) leaves.
func (f *uslFit) given(one float64) (factors []float64, sum float64) {
	return f.leastTo(f.rest(func(float64) float64 { return one }), f.column(func(n float64) float64 { return n - 1 }), f.column(pairs))
}

// rest is what a known shape leaves of the residence times, weighted.
func (f *uslFit) rest(known func(n float64) float64) []float64 {
	out := f.column(func(n float64) float64 { return -known(n) })
	for i := range out {
		out[i] += f.n[i] / f.x[i] * f.weight[i]
	}
	return out
}

func (f *uslFit) least(columns ...[]float64) ([]float64, float64) {
	return f.leastTo(f.rest(func(float64) float64 { return 0 }), columns...)
}

// leastTo solves least squares with no factor below 0: of all choices of columns
// it takes the best one whose factors are not. With three columns there are
// eight; if all columns will do, no other choice is better.
func (f *uslFit) leastTo(target []float64, columns ...[]float64) (factors []float64, sum float64) {
	sum = math.Inf(1)
	all := 1<<len(columns) - 1
	for choice := all; choice >= 0; choice-- {
		var used [][]float64
		var index []int
		for i, c := range columns {
			if choice>>i&1 == 1 {
				used, index = append(used, c), append(index, i)
			}
		}
		p, left, ok := ordinary(target, used)
		if !ok || left >= sum {
			continue
		}
		sum, factors = left, make([]float64, len(columns))
		for i, v := range p {
			factors[index[i]] = v
		}
		if choice == all {
			break
		}
	}
	return factors, sum
}

// ordinary solves least squares by QR; not ok where a factor is below 0 or the
// columns hang together. Columns are brought to one length first, since N(N−1)
// is thousands of times the constant.
func ordinary(target []float64, columns [][]float64) (factors []float64, sum float64, ok bool) {
	left := mat.NewVecDense(len(target), slices.Clone(target))
	if len(columns) == 0 {
		return nil, mat.Dot(left, left), true
	}
	a := mat.NewDense(len(target), len(columns), nil)
	length := make([]float64, len(columns))
	for i, c := range columns {
		length[i] = mat.Norm(mat.NewVecDense(len(c), c), 2)
		if !(length[i] > 0) {
			return nil, 0, false
		}
		for row, v := range c {
			a.Set(row, i, v/length[i])
		}
	}
	var p, fitted mat.VecDense
	if err := p.SolveVec(a, left); err != nil {
		return nil, 0, false
	}
	for i := range columns {
		if !(p.AtVec(i) >= 0) {
			return nil, 0, false
		}
		factors = append(factors, p.AtVec(i)/length[i])
	}
	fitted.MulVec(a, &p)
	left.SubVec(left, &fitted)
	return factors, mat.Dot(left, left), true
}

// interval finds where a profile crosses a bound, to both sides of its least
// value. Where it doesn't cross, the end is the parameter's own.
func interval(at, lowest, highest, bound float64, profile func(float64) float64) Estimate {
	e := Estimate{Value: at, Low: lowest, High: highest}
	least := min(profile(at), bound)
	// The root of what a profile rises by is nearly a straight line.
	height := func(v float64) float64 {
		return math.Sqrt(max(profile(v)-least, 0)) - math.Sqrt(bound-least)
	}
	if lower := max(lowest, 1e-9*at); lower < at && height(lower) > 0 {
		e.Low = crossing(at, lower, height)
	}
	if !math.IsInf(highest, 1) {
		if at < highest && height(highest) > 0 {
			e.High = crossing(at, highest, height)
		}
		return e
	}
	inside := at
	for step := max(at, 1e-12); step < 1e12; step *= 2 {
		if height(at+step) > 0 {
			e.High = crossing(inside, at+step, height)
			return e
		}
		inside = at + step
	}
	return e
}

// crossing finds where a height that is at most 0 inside and above 0 outside
// crosses 0, by the Illinois variant of regula falsi (Dowell & Jarratt 1971).
func crossing(inside, outside float64, height func(float64) float64) float64 {
	const (
		most  = 60
		close = 1e-7 // of the distance from 0: three digits are shown
	)
	below, above := height(inside), height(outside)
	side := 0
	for range most {
		if below >= 0 || math.Abs(outside-inside) <= close*math.Abs(outside) {
			break
		}
		v := (inside*above - outside*below) / (above - below)
		switch h := height(v); {
		case h > 0:
			outside, above = v, h
			if side == 1 {
				below /= 2
			}
			side = 1
		default:
			inside, below = v, h
			if side == -1 {
				above /= 2
			}
			side = -1
		}
	}
	return inside
}
