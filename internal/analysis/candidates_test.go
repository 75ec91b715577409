// SPDX-License-Identifier: MIT

package analysis

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// resamples of each bootstrap that the chosen intervals were compared with.
const resamples = 1000

// kinds of intervals that were compared, the chosen one last.
var kinds = []kind{
	{"Student's t, each row by itself", func(_ *rand.Rand, rows []paired) []span {
		return around(rows, studentQuantile(rows, 0.975))
	}},
	{"percentile bootstrap, each row", percentileBootstrap},
	{"BCa bootstrap, each row", bcaBootstrap},
	{"studentized bootstrap, each row", studentizedBootstrap},
	{"Student's t, Bonferroni", func(_ *rand.Rand, rows []paired) []span {
		return around(rows, studentQuantile(rows, 1-0.025/float64(len(rows))))
	}},
	{"max |t|, rounds resampled", func(r *rand.Rand, rows []paired) []span {
		_, most := resampledT(r, rows)
		return around(rows, stat.Quantile(0.95, stat.Empirical, most, nil))
	}},
	{"max |t|, signs flipped", func(_ *rand.Rand, rows []paired) []span {
		return around(rows, stat.Quantile(0.95, stat.Empirical, flippedT(rows), nil))
	}},
	chosen(resamples),
}

func studentQuantile(rows []paired, p float64) float64 {
	return distuv.StudentsT{Sigma: 1, Nu: float64(len(rows[0].values) - 1)}.Quantile(p)
}

func printCandidates(t *testing.T, comparisons int) {
	for _, n := range []int{6, 8, 12} {
		for _, w := range worlds {
			t.Logf("%d rounds, %s", n, w.name)
			t.Logf("| %-32s | row | all | half-width | found | false in 10 | more than 1 |", "interval")
			for _, k := range kinds {
				s := k.score(w, n, comparisons)
				t.Logf("| %-32s | %.1f%% | %.1f%% | %.2f | %.1f%% | %.2f | %.1f%% |", k.name, 100*s.row, 100*s.all, s.half, 100*s.found, s.falses, 100*s.moreThan1)
			}
		}
	}
}

// resampledMeans draws rounds with replacement, the same ones for every row
// (Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
func resampledMeans(r *rand.Rand, rows []paired) [][]float64 {
	n := len(rows[0].values)
	out := make([][]float64, len(rows))
	at := make([]int, n)
	for range resamples {
		for i := range at {
			at[i] = r.IntN(n)
		}
		for j, row := range rows {
			sum := 0.0
			for _, i := range at {
				sum += row.values[i]
			}
			out[j] = append(out[j], sum/float64(n))
		}
	}
	for j := range out {
		slices.Sort(out[j])
	}
	return out
}

func percentileBootstrap(r *rand.Rand, rows []paired) []span {
	out := make([]span, len(rows))
	for j, means := range resampledMeans(r, rows) {
		out[j] = span{stat.Quantile(0.025, stat.Empirical, means, nil), stat.Quantile(0.975, stat.Empirical, means, nil)}
	}
	return out
}

// bcaBootstrap: Efron & Tibshirani 1993, section 14.3.
func bcaBootstrap(r *rand.Rand, rows []paired) []span {
	out := make([]span, len(rows))
	for j, means := range resampledMeans(r, rows) {
		mean := stat.Mean(rows[j].values, nil)
		below, _ := slices.BinarySearch(means, mean)
		z0 := distuv.UnitNormal.Quantile(min(max(float64(below), 0.5), resamples-0.5) / resamples)
		var squares, cubes float64
		for _, v := range rows[j].values { // the jackknife's acceleration of a mean
			squares += (v - mean) * (v - mean)
			cubes += (v - mean) * (v - mean) * (v - mean)
		}
		a := cubes / 6 / math.Pow(squares, 1.5)
		at := func(z float64) float64 {
			p := distuv.UnitNormal.CDF(z0 + (z0+z)/(1-a*(z0+z)))
			return stat.Quantile(p, stat.Empirical, means, nil)
		}
		z := distuv.UnitNormal.Quantile(0.975)
		out[j] = span{at(-z), at(z)}
	}
	return out
}

// resampledT gives each row's t of resampled rounds, and of each resample the
// largest |t|, all sorted.
func resampledT(r *rand.Rand, rows []paired) (each [][]float64, most []float64) {
	n := len(rows[0].values)
	each, most = make([][]float64, len(rows)), make([]float64, resamples)
	drawn := make([]float64, n)
	at := make([]int, n)
	for b := range most {
		for i := range at {
			at[i] = r.IntN(n)
		}
		for j, row := range rows {
			for i, k := range at {
				drawn[i] = row.values[k]
			}
			mean, se := paired{values: drawn, least: 1e-9}.mean()
			t := (mean - stat.Mean(row.values, nil)) / se
			each[j] = append(each[j], t)
			most[b] = max(most[b], math.Abs(t))
		}
	}
	for j := range each {
		slices.Sort(each[j])
	}
	slices.Sort(most)
	return each, most
}

// studentizedBootstrap: Efron & Tibshirani 1993, section 12.5.
func studentizedBootstrap(r *rand.Rand, rows []paired) []span {
	each, _ := resampledT(r, rows)
	out := make([]span, len(rows))
	for j, row := range rows {
		mean, se := row.mean()
		out[j] = span{mean - stat.Quantile(0.975, stat.Empirical, each[j], nil)*se, mean - stat.Quantile(0.025, stat.Empirical, each[j], nil)*se}
	}
	return out
}

// flippedT gives the largest |t| of all ways to flip the residuals' signs (wild
// bootstrap with Rademacher's weights; Davidson & Flachaire 2008), sorted.
func flippedT(rows []paired) []float64 {
	n := len(rows[0].values)
	flipped := make([]float64, n)
	out := make([]float64, 1<<(n-1))
	for signs := range out {
		for _, row := range rows {
			center := stat.Mean(row.values, nil)
			for i, v := range row.values {
				flipped[i] = v - center
				if signs>>i&1 == 1 {
					flipped[i] = -flipped[i]
				}
			}
			mean, se := paired{values: flipped}.mean()
			out[signs] = max(out[signs], math.Abs(mean)/se)
		}
	}
	slices.Sort(out)
	return out
}
