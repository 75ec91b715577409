// SPDX-License-Identifier: MIT

package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"systemlab/internal/report/chart"
)

// CapacityCurve is throughput against requests in flight: what was measured, the
// fit, and the bounds that follow from the measured demands. Whoever searches
// for the capacity fills it.
type CapacityCurve struct {
	Name      string // of the stage
	Objective string // as typed: p99<100ms,errors<0.1%
	Result    string // in one line: the highest rate that met it, or why none is said
	Points    []CapacityPoint
	Fit       []CurvePoint   // of the Universal Scalability Law; none where it was refused
	Bounds    []CapacityLine // asymptotes
	Notes     []string
}

// CapacityPoint is one step of the search.
type CapacityPoint struct {
	Rate        float64 // asked, a second
	Concurrency float64 // requests in flight, mean
	Served      float64 // a second
	P99         float64 // seconds
	Meets       bool    // the objective
}

// CurvePoint is one point of a curve.
type CurvePoint struct{ Concurrency, Served float64 }

// CapacityLine is a named curve.
type CapacityLine struct {
	Name   string
	Points []CurvePoint
}

// figure draws the steps as points: discs where the objective was met, rings
// where it was not.
func (c CapacityCurve) figure(id string) (fig chart.Figure, ok bool) {
	met, missed := chart.Line{Name: "met", Series: 0, Mark: chart.Disc, Bare: true}, chart.Line{Name: "missed", Series: 3, Mark: chart.Ring, Bare: true}
	right, top := 0.0, 0.0
	for _, p := range c.Points {
		if !(p.Concurrency >= 0 && p.Served >= 0 && plausible(p.Concurrency) && plausible(p.Served)) {
			continue
		}
		right, top = max(right, p.Concurrency), max(top, p.Served)
		line := &missed
		if p.Meets {
			line = &met
		}
		line.Points = append(line.Points, chart.Point{X: p.Concurrency, Y: p.Served})
	}
	if right == 0 || top == 0 {
		return fig, false
	}
	right = right * 1.08
	top = c.withBounds(right, top)
	top = chart.Step(top*1.05, 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
	panel := chart.Panel{
		Heading: "Served, requests a second", Height: 330,
		X: chart.Axis{Label: "requests in flight, mean", Min: 0, Max: right, Ticks: chart.LinearTicks(0, right, 10, tickNumber)},
		Y: chart.Axis{Min: 0, Max: top, Ticks: chart.LinearTicks(0, top, 6, Rate)},
	}
	for i, b := range c.Bounds {
		panel.Lines = append(panel.Lines, curve(b.Name, i+4, b.Points, right, top))
		if low := b.lowest(); low > top && plausible(low) { // a bound that can't be seen must be said
			panel.Heading += fmt.Sprintf("; %s lies above, at %s", b.Name, Rate(low))
		}
	}
	panel.Lines = append(panel.Lines, curve("fit (USL)", 1, c.Fit, right, top), met, missed)
	return chart.Figure{ID: id, Title: "Capacity of " + orElse(c.Name, "the stage"), Desc: c.words(), Panels: []chart.Panel{panel}}, true
}

// withBounds makes room for the bounds that are flat and near what was measured.
func (c CapacityCurve) withBounds(right, top float64) float64 {
	measured := top
	for _, b := range c.Bounds {
		if high := b.highest(right); high <= 2*measured {
			top = max(top, high)
		}
	}
	return top * 1.05
}

// highest is where a line is at its highest, up to right.
func (l CapacityLine) highest(right float64) float64 {
	high := 0.0
	for _, p := range l.Points {
		if p.Concurrency <= right && p.Served > high {
			high = p.Served
		}
	}
	return high
}

// lowest is where a line is at its lowest; 0 without points.
func (l CapacityLine) lowest() float64 {
	if len(l.Points) == 0 {
		return 0
	}
	return slices.MinFunc(l.Points, func(a, b CurvePoint) int { return cmp.Compare(a.Served, b.Served) }).Served
}

// curve keeps what lies within the axes, so that its name stands where it can be seen.
func curve(name string, series int, points []CurvePoint, right, top float64) chart.Line {
	l := chart.Line{Name: name, Series: series}
	for _, p := range points {
		if p.Concurrency > right || p.Served > top {
			p.Concurrency = math.NaN()
		}
		l.Points = append(l.Points, chart.Point{X: p.Concurrency, Y: p.Served})
	}
	return l
}

func (c CapacityCurve) words() string {
	met := 0
	for _, p := range c.Points {
		if p.Meets {
			met++
		}
	}
	return fmt.Sprintf("%d steps, of which %d met the objective %s. %s The figures are in the table below.", len(c.Points), met, c.Objective, c.Result)
}
