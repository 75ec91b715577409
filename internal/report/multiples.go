// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"math"
	"strings"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
	"systemlab/internal/report/chart"
)

// smallWidth is that of a figure of which two stand side by side.
const smallWidth = 420

// rung is one row of a small figure: a stage's figure with its range.
type rung struct {
	name           string
	low, mid, high float64
	note           string
	doubtful       bool
}

// ladderFigures draw a ladder as small figures, one a quantity, all with the same
// rows: the median of a stage's runs, from the lowest to the highest.
func ladderFigures(id string, l analysis.Ladder) (out []chart.Figure) {
	for i, of := range []struct {
		what string
		take func(analysis.Rung) analysis.Spread
		show func(float64) string
	}{
		{"p50", func(r analysis.Rung) analysis.Spread { return r.P50 }, Seconds},
		{"p99", func(r analysis.Rung) analysis.Spread { return r.P99 }, Seconds},
		{"CPU a request, all boxes", func(r analysis.Rung) analysis.Spread { return r.CPU }, Seconds},
		{"CPU a request, databases", func(r analysis.Rung) analysis.Spread { return r.Databases }, Seconds},
		{"Memory, all boxes, MiB", func(r analysis.Rung) analysis.Spread { return mebibytes(r.Memory) }, Rate},
		{"Busiest service, share of its limit", func(r analysis.Rung) analysis.Spread { return r.Share }, Percent},
	} {
		var rows []rung
		for _, r := range l.Rungs {
			s := of.take(r)
			rows = append(rows, rung{name: stageName(r.Stage), low: s.Low, mid: s.Median, high: s.High, note: of.show(s.Median), doubtful: r.Verdict == record.Invalid})
		}
		out = append(out, rungFigure(fmt.Sprintf("%s-%d", id, i+1), of.what, rows, of.show))
	}
	return out
}

// capacitiesFigure draws what several stages serve within one objective: from the
// rate that was met to the one that was missed.
func capacitiesFigure(id string, all []analysis.Capacity) chart.Figure {
	var rows []rung
	for _, c := range all {
		r := rung{name: stageName(c.Stage), low: c.Low, mid: c.Rate, high: c.High, note: Rate(c.Rate) + "/s"}
		switch {
		case c.AtLeast: // goes on beyond the axis
			r.high, r.note = math.Inf(1), "at least "+r.note
		case c.Rate <= 0:
			r.mid, r.note = 0, "below "+Rate(c.High)+"/s"
		}
		rows = append(rows, r)
	}
	f := rungFigure(id, "Highest rate that met the objective, requests a second; the bar ends at the rate that missed", rows, Rate)
	f.Width = chart.Width
	return f
}

// rungFigure is a row a stage, from 0 on.
func rungFigure(id, what string, rows []rung, show func(float64) string) chart.Figure {
	n := len(rows)
	p := chart.Panel{Heading: what, Height: 58 + 20*float64(n), Y: chart.Axis{Min: -0.7, Max: float64(n) - 0.3, NoGrid: true}}
	for i, r := range rows {
		at := float64(n - 1 - i)
		p.Y.Ticks = append(p.Y.Ticks, chart.Tick{At: at, Label: shorten(r.name, 18)})
		p.Intervals = append(p.Intervals, chart.Interval{Row: at, Low: r.low, Mid: r.mid, High: min(r.high, 1e11), Series: 0, Hollow: r.doubtful, Note: r.note})
	}
	var scale string
	p.X, scale = rungAxis(rows, show)
	p.Heading += scale
	return chart.Figure{ID: id, Title: what + ", by stage", Desc: rungWords(rows), Width: smallWidth, Panels: []chart.Panel{p}}
}

// rungAxis begins at 0, or is logarithmic where a stage has 50 times another one's figure.
func rungAxis(rows []rung, show func(float64) string) (axis chart.Axis, words string) {
	low, high := math.Inf(1), 0.0
	for _, r := range rows {
		low = min(low, r.low)
		for _, v := range []float64{r.mid, r.high} {
			if v > high && v < 1e11 {
				high = v
			}
		}
	}
	format := func(v float64) string { return tickOf(show(v)) }
	if low > 0 && high/low >= 50 {
		low, high = stepBelow(low), chart.Step(high, 1, 2, 5, 10)
		return chart.Axis{Min: low, Max: high, Log: true, Ticks: chart.LogTicks(low, high, format)}, ", logarithmic"
	}
	high = chart.Step(high*1.02, 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
	return chart.Axis{Min: 0, Max: high, Ticks: thin(chart.LinearTicks(0, high, 4, format))}, ""
}

// thin keeps the first of ticks alone if they can't be told apart by their labels.
func thin(ticks []chart.Tick) []chart.Tick {
	for i := 1; i < len(ticks); i++ {
		if ticks[i].Label == ticks[i-1].Label {
			return ticks[:1]
		}
	}
	return ticks
}

// tickOf is a figure with its unit, without decimals that are zero.
func tickOf(figure string) string {
	number, unit, _ := strings.Cut(figure, " ")
	return strings.TrimSpace(trim(number) + " " + unit)
}

func mebibytes(s analysis.Spread) analysis.Spread {
	return analysis.Spread{Median: s.Median / (1 << 20), Low: s.Low / (1 << 20), High: s.High / (1 << 20)}
}

func stageName(s record.Stage) string { return fmt.Sprintf("%d %s", s.Number, s.Title) }

func rungWords(rows []rung) string {
	parts := make([]string, len(rows))
	for i, r := range rows {
		parts[i] = r.name + ": " + r.note
	}
	return strings.Join(parts, "; ") + "."
}
