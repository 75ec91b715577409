// SPDX-License-Identifier: MIT

package exercise

import "math"

// worthless is the factor by which a prediction of one number, without any doubt, is wrong
// when it earns nothing.
const worthless = 1.6

// Score is the points, 0 to 100, of the interval from low to high that someone is sure of
// (0 < sure < 1), where the measured ratio lies between from and to. All are above 0. Points are
// 100 max(0, 1 - crps/ln 1.6) with the loss of lossOf. The measured end nearest to the middle of
// the interval counts, or the middle itself where it was measured, so that nobody loses for what
// the measurement leaves open.
func Score(low, high, sure, from, to float64) float64 {
	middle := (math.Log(low) + math.Log(high)) / 2
	x := min(max(middle, math.Log(from)), math.Log(to))
	return 100 * max(0, 1-lossOf(math.Log(low), math.Log(high), sure, x)/math.Log(worthless))
}

// lossOf a prediction of a logarithm x, in its unit: 0 is best. The interval is read as the middle of a
// normal distribution with the share sure between its ends, and the loss is that distribution's
// continuous ranked probability score (Gneiting & Raftery, Strictly Proper Scoring Rules, Prediction,
// and Estimation, JASA 102, 2007, equation 21):
//
//	μ = (low+high)/2   σ = (high-low) / 2Φ⁻¹((1+sure)/2)   ζ = (x-μ)/σ
//	crps = σ [ ζ(2Φ(ζ)-1) + 2φ(ζ) - 1/√π ],  |x-μ| where σ is 0
//
// It is strictly proper in μ and σ: on average nobody is better off with another interval, or with
// another certainty of it, than they believe. The interval score is so only where all give the same certainty.
func lossOf(low, high, sure, x float64) float64 {
	middle := (low + high) / 2
	sigma := (high - low) / (2 * half(sure))
	if !(sigma > 0) {
		return math.Abs(x - middle)
	}
	z := (x - middle) / sigma
	return sigma * (z*math.Erf(z/math.Sqrt2) + 2*math.Exp(-z*z/2)/math.Sqrt(2*math.Pi) - 1/math.Sqrt(math.Pi))
}

// solvingFactor is how far apart the ends of an interval may be, as a factor, that solves if its
// middle is what was measured: there the loss is σ (√2-1)/√π.
func solvingFactor(sure float64) float64 {
	sigma := (1 - solvedPoints/100.0) * math.Log(worthless) * math.Sqrt(math.Pi) / (math.Sqrt2 - 1)
	return math.Exp(2 * half(sure) * sigma)
}

// half of the interval that holds the share sure of a normal distribution, in its σ: Φ⁻¹((1+sure)/2).
func half(sure float64) float64 { return math.Sqrt2 * math.Erfinv(sure) }
