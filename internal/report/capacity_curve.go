// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"math"

	"systemlab/internal/analysis"
	"systemlab/internal/report/chart"
)

// searchFigure draws a search's steps over the rate that was asked: what was
// served, with the CPU bounds, and under it the latency, with the objective's
// bound. Discs met the objective, rings missed it.
func searchFigure(id string, c analysis.Capacity) (fig chart.Figure, ok bool) {
	right, top := 0.0, 0.0
	for _, s := range c.Steps {
		if drawable(s.Rate, s.Served) {
			right, top = max(right, s.Rate), max(top, s.Served)
		}
	}
	if right == 0 || top == 0 {
		return fig, false
	}
	right = chart.Step(right*1.02, 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
	served := chart.Panel{Heading: "Served, requests a second", Height: 260, X: chart.Axis{Min: 0, Max: right, Ticks: chart.LinearTicks(0, right, 8, tickRate)}}
	top = servedAxis(&served, c, top)
	served.Lines = append(served.Lines, chart.Line{Name: "all that is asked", Series: 6, Faint: true, Points: []chart.Point{{X: 0, Y: 0}, {X: min(right, top), Y: min(right, top)}}})
	for i, b := range shownIn(c.Bounds, top) {
		served.Lines = append(served.Lines, level("limit of "+b.Service, i+4, right, b.Rate))
	}
	served.Lines = append(served.Lines, marked(c, func(s analysis.Step) (x, y float64) { return s.Rate, s.Served })...)
	served.Bands, served.Rules = edge(c)
	panels := []chart.Panel{served}
	if p, drawn := stepLatencies(c, right); drawn {
		panels[0].X.Ticks = unlabelled(panels[0].X.Ticks)
		panels = append(panels, p)
	}
	last := &panels[len(panels)-1]
	last.X.Label, last.Height = "asked, requests a second", last.Height+34
	return chart.Figure{ID: id, Title: fmt.Sprintf("Search for the capacity of stage %d", c.Stage.Number), Desc: searchWords(c), Panels: panels}, true
}

// stepLatencies is the lower panel: latency at the objective's quantile.
func stepLatencies(c analysis.Capacity, right float64) (p chart.Panel, ok bool) {
	lines := marked(c, func(s analysis.Step) (x, y float64) {
		if !s.Trusted || !(s.Latency > 0) || s.Rate > right {
			return math.NaN(), math.NaN()
		}
		return s.Rate, s.Latency
	})
	ok = len(lines) > 0
	lines = append(lines, level("objective", 2, right, c.Objective.LatencySeconds))
	y, scale := latencyAxis(lines)
	p = chart.Panel{Heading: percentile(c.Objective.Quantile) + scale, Height: 190, Y: y, Lines: lines}
	p.X = chart.Axis{Min: 0, Max: right, Ticks: chart.LinearTicks(0, right, 8, tickRate)}
	p.Bands, p.Rules = edge(c)
	p.Bands, p.Rules = nameBands(p.Bands, ""), nameless(p.Rules)
	return p, ok
}

// curveFigure draws what was served over how many requests were in flight, with the
// fit of the Universal Scalability Law and the two asymptotes: the limit of the
// service that is full first, and what would be served if no request waited.
func curveFigure(id string, c analysis.Capacity) (fig chart.Figure, ok bool) {
	least, most, top := math.Inf(1), 0.0, 0.0
	for _, s := range c.Steps {
		if drawable(s.Concurrency, s.Served) && s.Concurrency > 0 {
			least, most, top = min(least, s.Concurrency), max(most, s.Concurrency), max(top, s.Served)
		}
	}
	if most == 0 || top == 0 {
		return fig, false
	}
	left, right := stepBelow(least), chart.Step(most*1.05, 1, 2, 5, 10)
	p := chart.Panel{Heading: "Served, requests a second, by requests in flight", Height: 330, X: chart.Axis{
		Label: "requests in flight, mean, logarithmic", Min: left, Max: right, Log: true, Ticks: chart.LogTicks(left, right, tickNumber)}}
	top = servedAxis(&p, c, top)
	for i, b := range shownIn(c.Bounds, top) {
		p.Lines = append(p.Lines, chart.Line{Name: "limit of " + b.Service, Series: i + 4, Points: []chart.Point{{X: left, Y: b.Rate}, {X: right, Y: b.Rate}}})
	}
	if perFlight := unhindered(c); perFlight > 0 {
		p.Lines = append(p.Lines, sampled("if none waited", 6, left, right, top, func(n float64) float64 { return n * perFlight }))
	}
	if u := c.USL; u.Refused != "" {
		p.Notes = append(p.Notes, wrap("No fit: "+u.Refused+".", 105)...)
	} else if u.Steps > 0 {
		p.Lines = append(p.Lines, fitLines(u, left, right, top)...)
	}
	p.Height += 14 * float64(len(p.Notes))
	p.Lines = append(p.Lines, marked(c, func(s analysis.Step) (x, y float64) { return s.Concurrency, s.Served })...)
	return chart.Figure{ID: id, Title: fmt.Sprintf("Throughput of stage %d by concurrency", c.Stage.Number), Desc: curveWords(c), Panels: []chart.Panel{p}}, true
}

// fitLines are the fit where it was measured, and dotted beyond.
func fitLines(u analysis.USL, left, right, top float64) []chart.Line {
	low, high := max(left, u.Measured[0]), min(right, u.Measured[1])
	beyond := sampled("", 1, high, right, top, u.At)
	beyond.Faint = true
	return []chart.Line{sampled("fit (USL)", 1, low, high, top, u.At), beyond}
}

// sampled is a curve, evenly on a logarithmic axis, as far as it lies under the top.
func sampled(name string, series int, from, to, top float64, of func(float64) float64) chart.Line {
	l := chart.Line{Name: name, Series: series}
	const points = 60
	for i := range points + 1 {
		x := from * math.Pow(to/from, float64(i)/points)
		y := of(x)
		if y > top {
			y = math.NaN()
		}
		l.Points = append(l.Points, chart.Point{X: x, Y: y})
	}
	return l
}

// unhindered is what one request in flight serves a second where the least wait:
// at the step with the fewest in flight.
func unhindered(c analysis.Capacity) float64 {
	least, rate := math.Inf(1), 0.0
	for _, s := range c.Steps {
		if drawable(s.Concurrency, s.Served) && s.Concurrency > 0 && s.Concurrency < least {
			least, rate = s.Concurrency, s.Served/s.Concurrency
		}
	}
	return rate
}

// servedAxis makes room for what was served and for the bounds near to it; a bound
// that lies too far above is said in the heading.
func servedAxis(p *chart.Panel, c analysis.Capacity, measured float64) (top float64) {
	top = measured
	for _, b := range c.Bounds[:min(shownBounds, len(c.Bounds))] {
		if b.Rate > 0 && b.Rate <= 1.5*measured {
			top = max(top, b.Rate)
		}
	}
	top = chart.Step(top*1.05, 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
	if len(c.Bounds) > 0 && c.Bounds[0].Rate > top && plausible(c.Bounds[0].Rate) {
		p.Heading += fmt.Sprintf("; the limit of %s lies above, at %s", c.Bounds[0].Service, Rate(c.Bounds[0].Rate))
	}
	p.Y = chart.Axis{Min: 0, Max: top, Ticks: chart.LinearTicks(0, top, 6, tickRate)}
	return top
}

// shownIn are the bounds that can be seen under the top.
func shownIn(bounds []analysis.Bound, top float64) (out []analysis.Bound) {
	for _, b := range bounds[:min(shownBounds, len(bounds))] {
		if b.Rate > 0 && b.Rate <= top {
			out = append(out, b)
		}
	}
	return out
}

// marked are the steps as points, those that met the objective and those that missed it.
func marked(c analysis.Capacity, at func(analysis.Step) (x, y float64)) (lines []chart.Line) {
	met := chart.Line{Name: "met", Series: 0, Mark: chart.Disc, Bare: true}
	missed := chart.Line{Name: "missed", Series: 3, Mark: chart.Ring, Bare: true}
	none := chart.Line{Name: "invalid", Series: 2, Mark: chart.Ring, Bare: true}
	for _, s := range c.Steps {
		x, y := at(s)
		if !drawable(x, y) {
			continue
		}
		line := map[string]*chart.Line{"yes": &met, "no": &missed, None: &none}[meets(s)]
		line.Points = append(line.Points, chart.Point{X: x, Y: y})
	}
	for _, l := range []chart.Line{met, missed, none} {
		if len(l.Points) > 0 {
			lines = append(lines, l)
		}
	}
	return lines
}

// edge marks the highest rate that met the objective, and the bracket above it.
func edge(c analysis.Capacity) ([]chart.Band, []chart.Rule) {
	if c.AtLeast || !(c.Rate > 0) || !plausible(c.Rate) {
		return nil, nil
	}
	return []chart.Band{{From: c.Low, To: c.High}}, []chart.Rule{{At: c.Rate, Name: "capacity " + Rate(c.Rate) + "/s"}}
}

func level(name string, series int, right, at float64) chart.Line {
	return chart.Line{Name: name, Series: series, Points: []chart.Point{{X: 0, Y: at}, {X: right, Y: at}}}
}

func drawable(x, y float64) bool { return x >= 0 && y >= 0 && plausible(x) && plausible(y) }

func unlabelled(ticks []chart.Tick) (out []chart.Tick) {
	for _, t := range ticks {
		out = append(out, chart.Tick{At: t.At})
	}
	return out
}

func tickRate(v float64) string {
	if v >= 10 || v == 0 {
		return Rate(v)
	}
	return tickNumber(v)
}

func searchWords(c analysis.Capacity) string {
	met := 0
	for _, s := range c.Steps {
		if meets(s) == "yes" {
			met++
		}
	}
	return fmt.Sprintf("%d steps, of which %d met the objective %s. Capacity: %s. The figures are in the table below.", len(c.Steps), met, c.Objective, Capacity(c))
}

func curveWords(c analysis.Capacity) string {
	if c.USL.Refused != "" {
		return "The steps as points, without a fit: " + c.USL.Refused + ". The figures are in the table below."
	}
	return fmt.Sprintf("The steps as points, and a fit to %d of them. The figures are in the table below.", c.USL.Steps)
}
