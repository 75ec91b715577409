// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"math"

	"systemlab/internal/analysis"
	"systemlab/internal/report/chart"
)

// How far the axis of ratios reaches: beyond the rows' own ratios by spare, and
// never beyond widest. An interval that goes on gets an arrow's head.
const (
	spareRatio  = 4
	widestRatio = 100
)

// ratioOf is a row's interval on an axis of ratios; ok is false for a row that has none.
func ratioOf(q analysis.Quantity) (low, mid, high float64, ok bool) {
	low, mid, high = max(q.Low, 1e-9), q.Ratio, min(q.High, 1e9)
	ok = !q.Difference && mid > 0 && plausible(mid) && q.High > 0 && low <= mid && mid <= high // false for NaN
	return low, mid, high, ok
}

// forestFigure draws a comparison as a forest plot: a row a quantity, the first on
// top, the ratio with its interval on a logarithmic axis, a line at 1. What tells
// no difference is hollow and of another colour; its conclusion says it too.
func forestFigure(id string, c analysis.Comparison) (fig chart.Figure, ok bool) {
	low, high := 0.8, 1.25
	n := len(c.Quantities)
	p := chart.Panel{Heading: "Ratio of B to A, each with its interval; left of 1 B is lower, right of it A is", Height: 70 + 24*float64(n)}
	p.Y = chart.Axis{Min: -0.7, Max: float64(n) - 0.3, NoGrid: true}
	for i, q := range c.Quantities {
		at := float64(n - 1 - i)
		p.Y.Ticks = append(p.Y.Ticks, chart.Tick{At: at, Label: shorten(q.Words(), 34)})
		row := chart.Interval{Row: at, Low: math.NaN(), Mid: math.NaN(), High: math.NaN(), Note: short(q.Conclusion), Hollow: true}
		if from, mid, to, drawn := ratioOf(q); drawn {
			ok = true
			row.Low, row.Mid, row.High = from, mid, to
			low, high = min(low, max(from, mid/spareRatio)), max(high, min(to, mid*spareRatio))
		} else if words := interval(q); q.Difference && words != None {
			row.Note += ", " + words
		}
		if q.Concluded() {
			row.Series, row.Hollow = 3, false
		}
		p.Intervals = append(p.Intervals, row)
	}
	low, high = max(low/1.05, 1.0/widestRatio), min(high*1.05, widestRatio)
	p.X = chart.Axis{Label: "B/A, logarithmic", Min: low, Max: high, Log: true, Ticks: ratioTicks(low, high)}
	p.Rules = []chart.Rule{{At: 1, Solid: true}}
	return chart.Figure{ID: id, Title: "Comparison: ratio of B to A with intervals", Desc: forestWords(c), Panels: []chart.Panel{p}}, ok
}

func forestWords(c analysis.Comparison) string {
	differ := 0
	for _, q := range c.Quantities {
		if q.Concluded() {
			differ++
		}
	}
	return fmt.Sprintf("%d quantities, of which %d were told apart. The figures are in the table below.", len(c.Quantities), differ)
}

// ratioTicks are more than the decades: a ratio of 1.1 must find its place.
func ratioTicks(low, high float64) []chart.Tick {
	var out []chart.Tick
	for _, v := range []float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 5, 10, 20, 50, 100} {
		near := v >= 0.5 && v <= 2 // labelled on narrow axes alone
		fine := v == 0.8 || v == 0.9 || v == 1.1 || v == 1.25 || v == 0.7 || v == 1.5
		if v < low || v > high || near && fine && high/low > 12 || high/low > 4 && (v == 0.9 || v == 1.1) {
			continue
		}
		out = append(out, chart.Tick{At: v, Label: trim(fmt.Sprintf("%.2f", v))})
	}
	return out
}
