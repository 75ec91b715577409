// SPDX-License-Identifier: MIT

package exercise

import "math"

// worthless is the width of an interval that earns nothing even if it holds: a factor of 100.
const worthless = 100

// Score is the points, 0 to 100, of the interval from low to high that someone is sure of
// (0 < sure < 1), where the measured ratio lies between from and to. All are above 0.
//
// It is the interval score of logarithms (Gneiting & Raftery, Strictly Proper Scoring Rules,
// Prediction, and Estimation, JASA 102, 2007, section 6.2), which is best served by saying what one
// believes: S = (u-l) + 2/α (l-x)₊ + 2/α (x-u)₊ with α = 1-sure. The measured end nearest to the interval
// counts as x, so that nobody loses for what the measurement leaves open. Points are
// 100 max(0, 1 - S/ln 100).
func Score(low, high, sure, from, to float64) float64 {
	l, u, alpha := math.Log(low), math.Log(high), 1-sure
	s := u - l + 2/alpha*(math.Max(0, l-math.Log(to))+math.Max(0, math.Log(from)-u))
	return 100 * math.Max(0, 1-s/math.Log(worthless))
}
