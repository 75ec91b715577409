// SPDX-License-Identifier: MIT

package analysis

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// trendExact is up to how many values the trend test counts permutations. The
// normal approximation is for more than 10 (Gilbert 1987, section 16.4.1).
const trendExact = 10

// TrendChance is the two-sided p-value of the Mann-Kendall trend test: how often
// values in an order by chance rise or fall as steadily as these. Up to 10
// values without ties it is exact (Kendall, Rank Correlation Methods, 1975;
// Gilbert 1987, table A18), else from the normal approximation.
func TrendChance(x []float64) float64 {
	s, ties := rises(x)
	if len(x) <= trendExact && len(ties) == len(x) {
		return min(1, 2*atLeastByChance(len(x), max(s, -s)))
	}
	return 2 * distuv.UnitNormal.Survival(math.Abs(MannKendall(x)))
}

// MannKendall is the standard score of the Mann-Kendall trend test (Mann 1945,
// Kendall 1975; Gilbert, Statistical Methods for Environmental Pollution
// Monitoring, 1987, section 16.4): positive where values tend to rise.
//
//	S   = Σ_{i<k} sign(x_k − x_i)
//	Var = [n(n−1)(2n+5) − Σ_ties t(t−1)(2t+5)] / 18
//	Z   = (S ∓ 1) / √Var, 0 where S is 0
func MannKendall(x []float64) float64 {
	n := len(x)
	s, ties := rises(x)
	spread := n * (n - 1) * (2*n + 5)
	for _, t := range ties {
		spread -= t * (t - 1) * (2*t + 5)
	}
	if s == 0 || spread <= 0 {
		return 0
	}
	if s > 0 {
		s--
	} else {
		s++
	}
	return float64(s) / math.Sqrt(float64(spread)/18)
}

// rises is S, and how often each value comes.
func rises(x []float64) (s int, ties map[float64]int) {
	ties = map[float64]int{}
	for i := range x {
		ties[x[i]]++
		for k := i + 1; k < len(x); k++ {
			switch {
			case x[k] > x[i]:
				s++
			case x[k] < x[i]:
				s--
			}
		}
	}
	return s, ties
}

// atLeastByChance is the share of the n! orders of n different values whose S is
// s or more. S is n(n−1)/2 less two for each inversion. The orders of m values
// with k inversions are those of m−1 with k, k−1, … k−m+1: the largest value
// stands before 0 to m−1 of the others.
func atLeastByChance(n, s int) float64 {
	pairs := n * (n - 1) / 2
	share := make([]float64, pairs+1) // of the orders, by inversions
	share[0] = 1
	for m := 2; m <= n; m++ {
		next := make([]float64, pairs+1)
		for k := range next {
			for j := range min(m, k+1) {
				next[k] += share[k-j] / float64(m)
			}
		}
		share = next
	}
	sum := 0.0
	for k := 0; k <= (pairs-s)/2; k++ {
		sum += share[k]
	}
	return sum
}
