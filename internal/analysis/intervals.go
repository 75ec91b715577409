// SPDX-License-Identifier: MIT

package analysis

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// The choice of these intervals, and what it was measured against, is in
// docs/decisions/intervals.md.
const (
	// rowConfidence holds for all rows of a table together: in 95 of 100 tables no
	// interval misses its true value.
	rowConfidence = 0.95

	// LeastRounds: with n rounds a sign-flip test of one row has no p-value under
	// 2/2ⁿ. Five make 6.25%, six 3.1%. Student's t would go on with fewer, on the
	// strength of its assumption of normal noise alone.
	LeastRounds = 6

	// detectPower is the chance at which a difference counts as one that could
	// have been seen.
	detectPower = 0.80
)

// paired is one quantity of a comparison in numbers: one value a round, B against
// A, as a log ratio or a difference.
type paired struct {
	values []float64
	// least is the smallest standard deviation of a value that can be believed:
	// by the resolution of the figures, or by the chance in a count. Six rounds
	// that agree to the last digit don't make an exact figure.
	least float64

	// slowness is by how much slower the machine was in each round's turn of B than
	// in that of A, as a log ratio; nil where that isn't known, or nothing to the row.
	slowness []float64
}

// mean and its standard error over rounds, at the same speed of the machine on both sides
// where the row has it. That is the intercept of the least-squares line of the values over the
// slowness (the analysis of covariance; Fisher, Statistical Methods for Research Workers, 1932, § 49.1),
// and takes one degree of freedom more.
func (r paired) mean() (mean, se float64) {
	n := float64(len(r.values))
	if r.slowness == nil {
		mean, sd := stat.MeanStdDev(r.values, nil)
		return mean, max(sd, r.least) / math.Sqrt(n)
	}
	x, deviation := stat.MeanStdDev(r.slowness, nil)
	mean, slope := stat.LinearRegression(r.slowness, r.values, nil, false)
	rest := 0.0
	for i, v := range r.values {
		e := v - mean - slope*r.slowness[i]
		rest += e * e
	}
	sd := math.Sqrt(rest / (n - 2))
	return mean, max(sd, r.least) * math.Sqrt(1/n+x*x/((n-1)*deviation*deviation))
}

// freedom is the degrees of freedom of the standard error.
func (r paired) freedom() int {
	if r.slowness == nil {
		return len(r.values) - 1
	}
	return len(r.values) - 2
}

// critical gives the factor c by which a row's standard error is multiplied to
// make its interval, mean ± c·se: Student's t with its degrees of freedom, at
// 1 − 5%/2m for m rows, so that by Bonferroni's inequality all of them hold
// together, whatever their correlation (Miller, Simultaneous Statistical
// Inference, 1981, chapter 1).
func critical(rows []paired, freedom int) float64 {
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(freedom)}
	return t.Quantile(1 - (1-rowConfidence)/2/float64(max(1, chances(rows))))
}

// chances counts the rows that could be wrong by themselves: not those that are
// another one by another name (the CPU of a stage with one box), nor those in
// which no round differs at all.
func chances(rows []paired) int {
	n := 0
	for i, r := range rows {
		again := slices.ContainsFunc(rows[:i], func(s paired) bool { return slices.Equal(s.values, r.values) })
		if !again && slices.ContainsFunc(r.values, func(v float64) bool { return v != 0 }) {
			n++
		}
	}
	return n
}

// detectable is how many standard errors a true difference must have to be found,
// by |t| > c, with a chance of detectPower.
func detectable(c float64, freedom int) float64 {
	spreads := spreads(freedom)
	low, high := 0.0, 4*c+10
	for high-low > 1e-4 {
		if mid := (low + high) / 2; powerOf(mid, c, spreads) < detectPower {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// powerOf is the chance that t is above c where the true difference is delta
// standard errors: the upper tail of the noncentral t distribution (Johnson,
// Kotz & Balakrishnan, Continuous Univariate Distributions 2, chapter 31),
//
//	P(t > c) = E Φ(δ − c·√(χ²_ν/ν))
//
// The spread is itself an estimate, and with few rounds a poor one: c + t₀.₈
// standard errors (Bloom 1995), which leaves that out, are found in 70 of 100
// comparisons of six rounds, not in 80.
func powerOf(delta, c float64, spreads []float64) float64 {
	sum := 0.0
	for _, s := range spreads {
		sum += distuv.UnitNormal.CDF(delta - c*s)
	}
	return sum / float64(len(spreads))
}

// spreads are evenly spaced quantiles of √(χ²_ν/ν), of a standard deviation that
// was estimated with ν degrees of freedom by the true one.
func spreads(freedom int) []float64 {
	chi := distuv.ChiSquared{K: float64(freedom)}
	out := make([]float64, 100)
	for i := range out {
		out[i] = math.Sqrt(chi.Quantile((float64(i)+0.5)/float64(len(out))) / chi.K)
	}
	return out
}
