// SPDX-License-Identifier: MIT

package exercise_test

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"systemlab/internal/exercise"
)

// The closed form is the integral that defines it: ∫ (F(y) - 1{y ≥ x})² dy.
func TestLossIsTheIntegral(t *testing.T) {
	t.Parallel()
	const ninety = 1.6448536269514722 // Φ⁻¹(0.95): the ends of 90%
	for _, x := range []float64{-3, -0.5, 0, 1, 4} {
		belief := distuv.Normal{Mu: 0.3, Sigma: 0.7}
		want, step := 0.0, 1e-4
		for y := -12.0; y < 12; y += step {
			d := belief.CDF(y)
			if y >= x {
				d--
			}
			want += d * d * step
		}
		got := exercise.LossOf(0.3-ninety*0.7, 0.3+ninety*0.7, 0.9, x)
		if math.Abs(got-want) > 2e-4 {
			t.Errorf("x = %g: %g, the integral is %g", x, got, want)
		}
	}
	if got := exercise.LossOf(2, 2, 0.8, 2.5); got != 0.5 {
		t.Errorf("one number without doubt: %g", got)
	}
}

// Who believes something does best, on average, to say just that: neither another interval,
// nor the same one with another certainty, loses less.
func TestHonestyIsBest(t *testing.T) {
	t.Parallel()
	const sigma, sure = 0.5, 0.8
	end := distuv.UnitNormal.Quantile((1+sure)/2) * sigma
	average := func(low, high, sure float64) (loss float64) {
		belief := distuv.Normal{Mu: 1, Sigma: sigma}
		const n = 4000
		for i := range n {
			loss += exercise.LossOf(low, high, sure, belief.Quantile((float64(i)+0.5)/n)) / n
		}
		return loss
	}
	honest := average(1-end, 1+end, sure)
	for _, c := range []struct {
		name            string
		low, high, sure float64
	}{
		{"less sure", 1 - end, 1 + end, 0.3}, {"a little less sure", 1 - end, 1 + end, 0.7}, {"surer", 1 - end, 1 + end, 0.95},
		{"wider", 1 - 2*end, 1 + 2*end, sure}, {"narrower", 1 - end/2, 1 + end/2, sure},
		{"higher", 1.3 - end, 1.3 + end, sure}, {"a point", 1, 1, sure},
	} {
		if got := average(c.low, c.high, c.sure); got <= honest {
			t.Errorf("%s loses %g, who says what they believe %g", c.name, got, honest)
		}
	}
}

// Each step away from the truth, and each doubt, costs; what the measurement leaves open costs nothing.
func TestScore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                      string
		low, high, sure, from, to float64
		want                      float64
	}{
		{"one number, and it was", 5, 5, 0.8, 5, 5, 100},
		{"one number, within what was measured", 5, 5, 0.8, 4, 6, 100},
		{"one number, wrong by a factor of √1.6", 5, 5, 0.8, 5 * math.Sqrt(1.6), 20, 50},
		{"one number, wrong by a factor of 1.6", 5, 5, 0.8, 1, 5 / 1.6, 0},
		{"a factor of 2 apart", 5 / math.Sqrt2, 5 * math.Sqrt2, 0.8, 5, 5, 87},
		{"a factor of 10 apart", 5 / math.Sqrt(10), 5 * math.Sqrt(10), 0.8, 5, 5, 55},
		{"a factor of 100 apart", 0.5, 50, 0.8, 5, 5, 11},
		{"a factor of 2, at its edge", 2.5, 5, 0.8, 5, 5, 53},
		{"far off", 1, 1.2, 0.8, 5, 5, 0},
	} {
		if got := exercise.Score(c.low, c.high, c.sure, c.from, c.to); math.Abs(got-c.want) > 0.6 {
			t.Errorf("%s: %.1f points, want %g", c.name, got, c.want)
		}
	}
}
