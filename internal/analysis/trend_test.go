// SPDX-License-Identifier: MIT

package analysis_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// S and its variance worked by hand.
func TestMannKendall(t *testing.T) {
	up := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10} // S=45, Var=125
	if z := analysis.MannKendall(up); math.Abs(z-44/math.Sqrt(125)) > 1e-12 {
		t.Errorf("rising: %g", z)
	}
	ties := []float64{1, 1, 2, 2, 3, 3, 4, 4, 5, 5} // S=40, Var=125−5·(2·1·9)/18=120
	if z := analysis.MannKendall(ties); math.Abs(z-39/math.Sqrt(120)) > 1e-12 {
		t.Errorf("with ties: %g", z)
	}
	// A published one, with a tie: S=54, Z=2.9058 (J. Little, College of the Holy Cross,
	// mathcs.holycross.edu/~little/Montserrat/MannKendallByHand.txt).
	published := []float64{12.9, 14.8, 13.2, 15.7, 13.8, 15.6, 12.9, 11.0, 17.3, 15.9, 19.0, 18.3, 20.1, 21.7}
	if z := analysis.MannKendall(published); math.Abs(z-2.9058) > 5e-5 {
		t.Errorf("published: %g", z)
	}
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOf(rapid.Float64Range(0, 10)).Draw(t, "x")
		z := analysis.MannKendall(x)
		minus := make([]float64, len(x))
		for i := range x {
			minus[i] = -x[i]
		}
		if math.IsNaN(z) || math.Abs(z+analysis.MannKendall(minus)) > 1e-9 {
			t.Errorf("%v: %g", x, z)
		}
	})
}

// Kendall's table of P(S ≥ s) (Gilbert 1987, table A18), as printed there.
func TestTrendChance(t *testing.T) {
	for _, test := range []struct {
		n, s  int
		table float64
		digit float64 // the last printed one
	}{
		{4, 4, 0.167, 0.001}, {4, 6, 0.042, 0.001}, {5, 8, 0.042, 0.001}, {5, 10, 0.0083, 0.0001},
		{8, 2, 0.452, 0.001}, {8, 10, 0.138, 0.001}, {8, 16, 0.031, 0.001}, {8, 18, 0.016, 0.001}, {8, 20, 0.0071, 0.0001}, {8, 22, 0.0028, 0.0001},
		{9, 16, 0.060, 0.001}, {9, 20, 0.022, 0.001}, {9, 24, 0.0063, 0.0001}, {10, 21, 0.036, 0.001}, {10, 27, 0.0083, 0.0001},
	} {
		for _, x := range [][]float64{ordered(test.n, test.s), ordered(test.n, -test.s)} {
			if p := analysis.TrendChance(x); math.Abs(p/2-test.table) > test.digit/2 {
				t.Errorf("n %d, S %d: %.5f, the table says %g", test.n, test.s, p/2, test.table)
			}
		}
	}
	// R's example of cor.test, the tuna of Hollander & Wolfe (1973, table 1 on page 188) by
	// their lightness: T = 26 of 36, one-sided p = 0.05972.
	tuna := []float64{2.5, 4.0, 2.6, 3.6, 2.8, 3.1, 5.2, 5.0, 3.8}
	if p := analysis.TrendChance(tuna); math.Abs(p/2-0.05972) > 5e-6 {
		t.Errorf("tuna: %.5f", p/2)
	}
	for _, x := range [][]float64{nil, {1}, {1, 1, 1, 1, 1, 1, 1, 1}, {1, 2, 3, 3, 2, 1, 0, 4}} {
		if p := analysis.TrendChance(x); p < 0.5 || p > 1 {
			t.Errorf("%v: %g", x, p)
		}
	}
}

// ordered is 1 to n in an order whose S is s.
func ordered(n, s int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i + 1)
	}
	for inversions := (n*(n-1)/2 - s) / 2; inversions > 0; {
		for i := 1; i < n && inversions > 0; i++ {
			if x[i-1] < x[i] {
				x[i-1], x[i] = x[i], x[i-1]
				inversions--
			}
		}
	}
	return x
}

// Of constant runs at most one in a hundred is suspected, however noisy its windows
// are; one whose warm-up was too short nearly always.
func TestSettledErrors(t *testing.T) {
	const trials = 2000
	random := rand.New(rand.NewPCG(1, 2))
	suspected := func(windows int, falls float64) float64 {
		n := 0
		for range trials {
			r := &record.Run{Pace: "const:200", DurationSeconds: float64(windows)}
			for i := range windows {
				p50 := 0.010 * math.Exp(0.3*random.NormFloat64()-falls*float64(i))
				r.Windows = append(r.Windows, record.Window{StartSeconds: float64(i), Seconds: 1, Asked: 200, OK: 200, Latency: record.Percentiles{P50: p50}})
			}
			if slices.ContainsFunc(analysis.Judge(r).Reasons, func(r record.Reason) bool { return r.Check == analysis.CheckSettled }) {
				n++
			}
		}
		return float64(n) / trials
	}
	for _, windows := range []int{8, 9, 10, 11, 20, 60} {
		constant, falling := suspected(windows, 0), suspected(windows, 4/float64(windows))
		t.Logf("%d windows: suspected in %.2f%% of the constant runs, in %.1f%% of those that fall", windows, 100*constant, 100*falling)
		if constant > 0.016 || falling < 0.9 {
			t.Errorf("%d windows: suspected in %.4f of the constant runs, in %.4f of those that fall", windows, constant, falling)
		}
	}
}
