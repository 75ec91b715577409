// SPDX-License-Identifier: MIT

package analysis

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
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
	c := critical([]paired{r}, 10, maxTDraws)
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
	wantNear(t, "multiplier", detectable(1.96, 10_000), 2.80, 0.005)
}

// helmert gives rows whose residuals have no correlation at all: the contrasts of
// Helmert, n−1 of them for n rounds.
func helmert(n int) []paired {
	rows := make([]paired, n-1)
	for j := range rows {
		rows[j].values = make([]float64, n)
		for i := range j + 1 {
			rows[j].values[i] = 1
		}
		rows[j].values[j+1] = -float64(j + 1)
	}
	return rows
}

// The largest |t| of rows without correlation is known: Šidák, Journal of the
// American Statistical Association 62, 1967: P(all |t| ≤ c) is the product of
// each. And of rows that are the same one: Student's.
func TestCriticalValue(t *testing.T) {
	t.Parallel()
	for _, n := range []int{6, 8, 12} {
		rows := helmert(n)
		student := distuv.StudentsT{Sigma: 1, Nu: float64(n - 1)}
		c := critical(rows, n, maxTDraws)
		want := student.Quantile((1 + math.Pow(rowConfidence, 1/float64(len(rows)))) / 2)
		wantNear(t, fmt.Sprintf("c of %d independent rows", n-1), c, want, 0.03*want)
		same := []paired{rows[0], rows[0], rows[0], rows[0]}
		c = critical(same, n, maxTDraws)
		want = student.Quantile((1 + rowConfidence) / 2)
		wantNear(t, "c of four times the same row", c, want, 0.03*want)
	}
}

// Rows that agree to the last digit take part as rows of their own, by the
// spread that had to be assumed.
func TestRowWithoutSpread(t *testing.T) {
	t.Parallel()
	still := paired{values: []float64{0.3, 0.3, 0.3, 0.3, 0.3, 0.3}, least: 0.01}
	mean, se := still.mean()
	wantNear(t, "mean", mean, 0.3, 1e-12)
	wantNear(t, "standard error", se, 0.01/math.Sqrt(6), 1e-12)
	one, two := critical([]paired{still}, 6, 1000), critical([]paired{still, still}, 6, 1000)
	if two <= one {
		t.Errorf("c of two independent rows is %g, of one %g", two, one)
	}
	if (paired{values: make([]float64, 6)}).informative() {
		t.Error("zeros without a least spread say nothing")
	}
}

func TestCriticalValueOfAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(LeastRounds, 12).Draw(t, "rounds")
		rows := make([]paired, rapid.IntRange(1, 6).Draw(t, "rows"))
		for i := range rows {
			rows[i] = paired{values: rapid.SliceOfN(rapid.Float64Range(-10, 10), n, n).Draw(t, "values"), least: resolution}
		}
		c, again := critical(rows, n, 50), critical(rows, n, 50)
		student := distuv.StudentsT{Sigma: 1, Nu: float64(n - 1)}
		bonferroni := student.Quantile(1 - (1-rowConfidence)/2/float64(len(rows)))
		if c != again || !(c >= student.Quantile(0.975)) || !(c <= bonferroni*(1+1e-12)) {
			t.Fatalf("c %g, again %g", c, again)
		}
	})
}
