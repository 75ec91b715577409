// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
	"systemlab/internal/report/chart"
)

// timeFigure draws latency over time with CPU and throttling under it, on one
// time axis, with the warm-up and what happened.
func timeFigure(id string, run *record.Run, moments []moment) chart.Figure {
	last := moments[len(moments)-1]
	to := last.Start + last.Seconds
	x := chart.Axis{Min: 0, Max: to, Ticks: chart.TimeTicks(0, to, 12, tickTime)}
	bare := x // the upper panels: the same grid, words under the last alone
	bare.Ticks = nil
	for _, t := range x.Ticks {
		bare.Ticks = append(bare.Ticks, chart.Tick{At: t.At})
	}
	rules, bands := eventRules(run, to), warmup(run)
	shown, rest := busiest(moments)
	latency := latencyPanel(moments)
	latency.X, latency.Bands, latency.Rules = bare, bands, rules
	panels := []chart.Panel{latency}
	unnamed := nameless(rules)
	if len(shown) > 0 {
		cpu := cpuPanel(moments, shown, rest)
		cpu.X, cpu.Bands, cpu.Rules = bare, nameBands(bands, ""), unnamed
		panels = append(panels, cpu)
	}
	if p := throttledPanel(moments, slices.Concat(shown, rest)); len(p.Lines) > 0 {
		p.X, p.Bands, p.Rules = bare, nameBands(bands, ""), unnamed
		panels = append(panels, p)
	}
	end := &panels[len(panels)-1]
	end.X = x
	end.X.Label = "time since the load began"
	end.Height += 34
	return chart.Figure{ID: id, Panels: panels, Title: fmt.Sprintf("Latency and CPU over time, run %s", run.ID), Desc: timeWords(run, moments, shown)}
}

func timeWords(run *record.Run, moments []moment, shown []string) string {
	var p50, p99 []float64
	for _, m := range moments {
		if !math.IsNaN(m.P50) {
			p50 = append(p50, m.P50)
		}
		if !math.IsNaN(m.P99) {
			p99 = append(p99, m.P99)
		}
	}
	var b strings.Builder
	if len(p50) > 0 && len(p99) > 0 {
		fmt.Fprintf(&b, "Over %s, p50 of a moment runs from %s to %s, p99 from %s to %s. ", Seconds(moments[len(moments)-1].middle()),
			Seconds(slices.Min(p50)), Seconds(slices.Max(p50)), Seconds(slices.Min(p99)), Seconds(slices.Max(p99)))
	}
	if len(shown) > 0 {
		fmt.Fprintf(&b, "Most CPU was used by %s. ", shown[0])
	}
	fmt.Fprintf(&b, "%d events. The figures are in the table below.", len(run.Events))
	return b.String()
}

func latencyPanel(moments []moment) chart.Panel {
	lines := []chart.Line{{Name: "p50", Series: 0}, {Name: "p95", Series: 1}, {Name: "p99", Series: 2}}
	for _, m := range moments {
		for i, v := range []float64{m.P50, m.P95, m.P99} {
			lines[i].Points = append(lines[i].Points, chart.Point{X: m.middle(), Y: v})
		}
	}
	y, scale := latencyAxis(lines)
	return chart.Panel{Heading: "Latency" + scale, Height: 250, Y: y, Lines: lines}
}

// latencyAxis is logarithmic where the values span a decade or more.
func latencyAxis(lines []chart.Line) (axis chart.Axis, words string) {
	low, high := math.Inf(1), 0.0
	for _, l := range lines {
		for _, p := range l.Points {
			if p.Y > 0 && plausible(p.Y) { // not NaN
				low, high = min(low, p.Y), max(high, p.Y)
			}
		}
	}
	if high == 0 {
		return chart.Axis{Min: 0, Max: 1}, ""
	}
	if high/low < 10 {
		top := chart.Step(high*1.02, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
		return chart.Axis{Min: 0, Max: top, Ticks: chart.LinearTicks(0, top, 6, tickSeconds)}, ""
	}
	low, high = stepBelow(low), chart.Step(high, 1, 2, 5, 10)
	return chart.Axis{Min: low, Max: high, Log: true, Ticks: chart.LogTicks(low, high, tickSeconds)}, ", logarithmic"
}

func stepBelow(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{5, 2} {
		if m*p <= v {
			return m * p
		}
	}
	return p
}

func cpuPanel(moments []moment, shown, rest []string) chart.Panel {
	var lines []chart.Line
	for i, name := range shown {
		lines = append(lines, cpuLine(moments, name, i, []string{name}))
	}
	if len(rest) > 0 {
		lines = append(lines, cpuLine(moments, othersName(rest), len(shown), rest))
	}
	high := 0.0
	for _, l := range lines {
		for _, p := range l.Points {
			if p.Y > high && plausible(p.Y) {
				high = p.Y
			}
		}
	}
	top := max(chart.Step(high*1.02, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10), 0.01)
	return chart.Panel{
		Heading: "CPU, in cores, all replicas of a service together", Height: 190, Lines: lines,
		Y: chart.Axis{Min: 0, Max: top, Ticks: chart.LinearTicks(0, top, 5, tickNumber)},
	}
}

func cpuLine(moments []moment, name string, series int, services []string) chart.Line {
	l := chart.Line{Name: shorten(name, 20), Series: series}
	for _, m := range moments {
		l.Points = append(l.Points, chart.Point{X: m.middle(), Y: coresOf(m, services)})
	}
	return l
}

// throttledPanel has a line for each service that was ever throttled, up to
// shownServices of them, in the order and the colours of the CPU's.
func throttledPanel(moments []moment, services []string) chart.Panel {
	p := chart.Panel{Heading: "Throttled: share of 100 ms periods in which a container met its CPU limit", Height: 140}
	high := 0.0
	for i, name := range services {
		l := chart.Line{Name: shorten(name, 20), Series: i}
		most := 0.0
		for _, m := range moments {
			v, ok := m.Throttled[name]
			if !ok {
				v = math.NaN()
			}
			if v > most {
				most = v
			}
			l.Points = append(l.Points, chart.Point{X: m.middle(), Y: v})
		}
		if most > 0 && len(p.Lines) < shownServices {
			p.Lines, high = append(p.Lines, l), max(high, most)
		}
	}
	top := min(max(chart.Step(high, 1, 2, 5, 10), 0.05), 1)
	p.Y = chart.Axis{Min: 0, Max: top, Ticks: chart.LinearTicks(0, top, 4, Percent)}
	return p
}

func warmup(run *record.Run) []chart.Band {
	if run.WarmupSeconds <= 0 {
		return nil
	}
	return []chart.Band{{From: 0, To: run.WarmupSeconds, Name: "warm-up"}}
}

func nameBands(bands []chart.Band, name string) []chart.Band {
	out := slices.Clone(bands)
	for i := range out {
		out[i].Name = name
	}
	return out
}

func nameless(rules []chart.Rule) []chart.Rule {
	out := slices.Clone(rules)
	for i := range out {
		out[i].Name = ""
	}
	return out
}

// markedEvents is how many events are marked at most; the table has more.
const markedEvents = 40

// eventRules marks events by their numbers in the table; those too near each
// other for two numbers share one mark.
func eventRules(run *record.Run, to float64) []chart.Rule {
	var out []chart.Rule
	first := 0
	for i, e := range run.Events {
		if i >= markedEvents {
			break
		}
		if !(e.AtSeconds >= 0 && e.AtSeconds <= to) {
			continue
		}
		if n := len(out); n > 0 && math.Abs(e.AtSeconds-out[n-1].At) < to/25 {
			out[n-1].Name = fmt.Sprintf("%d–%d", first, i+1)
			continue
		}
		first = i + 1
		out = append(out, chart.Rule{At: e.AtSeconds, Name: fmt.Sprint(first)})
	}
	return out
}

// tail is one latency distribution.
type tail struct {
	name   string
	of     *hdrhistogram.Histogram
	beyond bool // show, faintly, what too few answers carry
}

// tailFigure draws distributions as percentiles on a logarithmic tail: at
// x = 1/(1-q) every nine has the same width. A line ends where fewer than ten
// answers lie beyond it.
func tailFigure(id, title string, tails []tail) (f chart.Figure, ok bool) {
	var lines []chart.Line
	most, series := 100.0, 0
	for _, t := range tails {
		sure, faint := t.lines(series)
		if len(sure.Points) == 0 {
			continue
		}
		series++
		if lines = append(lines, sure); t.beyond {
			lines = append(lines, faint)
		}
		last := lines[len(lines)-1].Points
		most = max(most, last[len(last)-1].X)
	}
	if len(lines) == 0 {
		return f, false
	}
	y, scale := latencyAxis(lines)
	return chart.Figure{ID: id, Title: title, Desc: tailWords(lines), Panels: []chart.Panel{{
		Heading: "Latency" + scale + ", by percentile", Height: 320, Y: y, Lines: lines,
		X: chart.Axis{Label: "percentile: so many of all answers were at least as fast", Min: 1, Max: most, Log: true, Ticks: nines(most)},
	}}}, true
}

// lines are the distribution as far as its answers carry it, and the rest up to
// its slowest answer.
func (t tail) lines(series int) (sure, faint chart.Line) {
	sure, faint = chart.Line{Name: shorten(t.name, 26), Series: series}, chart.Line{Series: series, Faint: true}
	h := t.of
	if h == nil {
		return sure, faint
	}
	const each = 24 // points to a nine
	for k := 0; ; k++ {
		x := math.Pow(10, float64(k)/each)
		if n := float64(h.TotalCount()); x >= n || x > 1e9 {
			faint.Points = append(faint.Points, chart.Point{X: n, Y: float64(h.Max()) / 1e6})
			return sure, faint
		}
		p := chart.Point{X: x, Y: micros(h, 1-1/x)}
		if analysis.Trusted(1-1/x, int(h.TotalCount())) {
			sure.Points = append(sure.Points, p)
			faint.Points = []chart.Point{p} // where the rest begins
		} else {
			faint.Points = append(faint.Points, p)
		}
	}
}

func tailWords(lines []chart.Line) string {
	var parts []string
	for _, l := range lines {
		if l.Faint {
			continue
		}
		first, last := l.Points[0], l.Points[len(l.Points)-1]
		parts = append(parts, fmt.Sprintf("%s: from %s to %s at %s", l.Name, Seconds(first.Y), Seconds(last.Y), percentile(1-1/last.X)))
	}
	return strings.Join(parts, ". ") + "."
}

func percentile(q float64) string {
	return fmt.Sprintf("p%.4g", 100*q)
}

func nines(most float64) []chart.Tick {
	ticks := []chart.Tick{{At: 1, Label: "min"}, {At: 2, Label: "p50"}, {At: 10, Label: "p90"}, {At: 100, Label: "p99"}}
	for i, x := 1, 1000.0; x <= most*1.001; i, x = i+1, x*10 {
		ticks = append(ticks, chart.Tick{At: x, Label: "p99." + strings.Repeat("9", i)})
	}
	return ticks
}

// tickSeconds is a time at an axis.
func tickSeconds(v float64) string { return tickOf(Seconds(v)) }

func tickTime(v float64) string {
	if v < 120 {
		return fmt.Sprintf("%.3g s", v)
	}
	return Seconds(v)
}

func tickNumber(v float64) string { return trim(fmt.Sprintf("%.4f", v)) }
