// SPDX-License-Identifier: MIT

package analysis

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

func wantNear(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s is %g, want %g", what, got, want)
	}
}

// One row's interval is Student's. The example is his own: "The probable error of
// a mean", Biometrika 6, 1908, section IX, hours of sleep gained by ten patients;
// t and interval as R's manual page of t.test has them for the same data (`sleep`).
func TestStudentsSleep(t *testing.T) {
	t.Parallel()
	r := paired{values: []float64{1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4}}
	mean, se := r.mean()
	wantNear(t, "t", mean/se, 4.0621, 5e-5)
	c := critical([]paired{r}, 9)
	wantNear(t, "low", mean-c*se, 0.7001142, 1e-6)
	wantNear(t, "high", mean+c*se, 2.4598858, 1e-6)
}

// The examples of R's manual page of power.t.test, two samples of n, so that the
// difference has √(n/2) standard errors and t 2n−2 degrees of freedom: n = 20
// gives a power of 0.8689528, and 0.90 takes n = 22.02110. And with many degrees
// of freedom the 2.80 standard errors of Bloom, Minimum Detectable Effects,
// Evaluation Review 19, 1995: two-sided 5%, a power of 80%.
func TestPower(t *testing.T) {
	t.Parallel()
	c := distuv.StudentsT{Sigma: 1, Nu: 38}.Quantile(0.975)
	wantNear(t, "power of 20", powerOf(math.Sqrt(10), c, spreads(38)), 0.8689528, 2e-4)
	c = distuv.StudentsT{Sigma: 1, Nu: 42}.Quantile(0.975)
	wantNear(t, "power of 22.02", powerOf(math.Sqrt(22.0211/2), c, spreads(42)), 0.90, 5e-4)
	wantNear(t, "multiplier", detectable(1.96, 9_999), 2.80, 0.005)
}

// The Bonferroni t statistic, two-sided 5% in all: Bailey, Journal of the American
// Statistical Association 72, 1977, tabulates it. It is Student's t at 1 − 0.025/m,
// which for 1, 5 and 50 rows any table of Student's t has.
func TestCriticalValue(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rounds, rows int
		want         float64
	}{
		{6, 1, 2.571}, {6, 5, 4.032}, {6, 50, 6.869}, {8, 1, 2.365}, {8, 5, 3.499}, {8, 50, 5.408},
		{11, 1, 2.228}, {11, 5, 3.169}, {11, 50, 4.587}, {21, 5, 2.845}, {21, 50, 3.850},
	} {
		rows := make([]paired, test.rows)
		for i := range rows {
			rows[i].values = []float64{float64(i + 1)}
		}
		wantNear(t, fmt.Sprintf("c of %d rows, %d rounds", test.rows, test.rounds), critical(rows, test.rounds-1), test.want, 6e-4)
	}
}

// A row by another name, or one in which nothing differs, is no further chance to be wrong.
func TestChances(t *testing.T) {
	t.Parallel()
	a, b, none := paired{values: []float64{1, 2}}, paired{values: []float64{1, 3}}, paired{values: []float64{0, 0}}
	for want, rows := range [][]paired{{none}, {a, none, a}, {a, b, a, b, none}} {
		if n := chances(rows); n != want {
			t.Errorf("%d chances in %v, want %d", n, rows, want)
		}
	}
}

// Rounds that agree to the last digit have the spread that must be assumed.
func TestRowWithoutSpread(t *testing.T) {
	t.Parallel()
	still := paired{values: []float64{0.3, 0.3, 0.3, 0.3, 0.3, 0.3}, least: 0.01}
	mean, se := still.mean()
	wantNear(t, "mean", mean, 0.3, 1e-12)
	wantNear(t, "standard error", se, 0.01/math.Sqrt(6), 1e-12)
}
