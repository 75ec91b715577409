// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"math"

	"systemlab/internal/report/chart"
)

// Forest is a comparison as a forest plot: one row a quantity, the ratio of B to
// A with its interval on a logarithmic axis, a line at 1. Whoever compares fills it.
type Forest struct {
	A, B  string // what is compared, in a few words
	Rows  []ForestRow
	Notes []string // what can't be concluded, and what should be known
}

// ForestRow is one quantity. A ratio of 0, or one that is no number, is not
// drawn: its conclusion stands alone.
type ForestRow struct {
	Label            string  // the quantity, with its service
	A, B             string  // its value on each side, with its unit
	Ratio, Low, High float64 // B by A, with its 95% interval
	Interval         string  // in words, where it is not of a ratio: "+12 to +40"
	Conclusion       string  // "b lower", "no detectable difference", ...
}

// drawn tells whether a row has an interval on a ratio's axis.
func (r ForestRow) drawn() bool {
	ok := func(v float64) bool { return v > 0 && plausible(v) }
	return ok(r.Ratio) && ok(r.Low) && ok(r.High) && r.Low <= r.High
}

// decided tells whether the interval leaves 1 out.
func (r ForestRow) decided() bool { return r.drawn() && (r.Low > 1 || r.High < 1) }

// widestRatio is how far the axis reaches; what lies beyond gets an arrow.
const widestRatio = 100

// figure draws the rows, the first on top. What differs is in another colour
// than what doesn't, and its conclusion says so.
func (f Forest) figure(id string) (fig chart.Figure, ok bool) {
	low, high := 0.8, 1.25
	p := chart.Panel{Heading: fmt.Sprintf("Ratio of %s to %s, with 95%% interval", orElse(f.B, "B"), orElse(f.A, "A")), Height: 70 + 24*float64(len(f.Rows))}
	p.Y = chart.Axis{Min: -0.7, Max: float64(len(f.Rows)) - 0.3, NoGrid: true}
	for i, r := range f.Rows {
		at := float64(len(f.Rows) - 1 - i)
		p.Y.Ticks = append(p.Y.Ticks, chart.Tick{At: at, Label: shorten(r.Label, 34)})
		interval := chart.Interval{Row: at, Low: math.NaN(), Mid: math.NaN(), High: math.NaN(), Note: shorten(r.Conclusion, 30)}
		if r.drawn() {
			ok = true
			interval.Low, interval.Mid, interval.High = r.Low, r.Ratio, r.High
			low, high = min(low, r.Low), max(high, r.High)
		}
		if r.decided() {
			interval.Series = 3
		}
		p.Intervals = append(p.Intervals, interval)
	}
	low, high = max(low/1.05, 1.0/widestRatio), min(high*1.05, widestRatio)
	p.X = chart.Axis{Label: "ratio, logarithmic", Min: low, Max: high, Log: true, Ticks: ratioTicks(low, high)}
	p.Rules = []chart.Rule{{At: 1, Solid: true}}
	return chart.Figure{
		ID: id, Title: "Comparison: " + p.Heading, Desc: f.words(), Panels: []chart.Panel{p},
	}, ok
}

func (f Forest) words() string {
	differ := 0
	for _, r := range f.Rows {
		if r.decided() {
			differ++
		}
	}
	return fmt.Sprintf("%d quantities, of which %d have an interval that leaves 1 out. The figures are in the table below.", len(f.Rows), differ)
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

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
