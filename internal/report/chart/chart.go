// SPDX-License-Identifier: MIT

// Package chart draws figures of one or more panels as SVG, by gonum's plot. It
// knows no run: numbers and words in, one <svg> out, to stand within a page.
//
// Its text stays text. Colours are the page's CSS variables, so that one drawing
// serves light, dark and paper: --ink, --muted, --grid, --band, and --s1 to --s8
// for series. A series has a dash of its own besides its colour, and its name
// stands at its end.
package chart

import "math"

// Width of a figure that names none, in the units of their viewBox (CSS pixels where a page is wide).
const Width = 760

// Figure is one or more panels on one x axis, one below the other.
type Figure struct {
	ID          string  // of the SVG's title and description; once in a page
	Title, Desc string  // for those who can't see it
	Width       float64 // 0 is Width
	Panels      []Panel
}

// Panel is one system of axes and what is in it.
type Panel struct {
	Heading   string   // above its left corner: what is drawn, and its unit
	Notes     []string // lines under it: what can't be drawn
	Height    float64  // of the whole panel
	X, Y      Axis
	Bands     []Band
	Rules     []Rule
	Lines     []Line
	Intervals []Interval
}

// Axis of a panel. Values beyond Min and Max are cut off. Without ticks it has
// no line of its own.
type Axis struct {
	Label    string
	Min, Max float64
	Log      bool
	Ticks    []Tick
	NoGrid   bool
}

// Tick is one mark of an axis. One without a label is only a line of the grid.
type Tick struct {
	At    float64
	Label string
}

// Point is one point of a line. One that is no number, or that a logarithmic
// axis can't show, breaks it.
type Point struct{ X, Y float64 }

// Line is one series. Name stands at its right end, if it has one.
type Line struct {
	Name   string
	Series int // 0, 1, ...: which colour and dash
	Points []Point
	Faint  bool // for what can't be relied on: thin, dotted
	Mark   Mark // at each point
	Bare   bool // no line from point to point
}

// Mark is what stands at each point of a line.
type Mark int

// The marks.
const (
	NoMark Mark = iota
	Disc
	Ring
)

// Band is a stripe from one x to another, such as the warm-up.
type Band struct {
	From, To float64
	Name     string
}

// Rule is a line across the panel at one x, such as an event, with a word above it.
type Rule struct {
	At    float64
	Name  string
	Solid bool
}

// Interval is a point with its interval on a row of its own (y = Row).
type Interval struct {
	Row            float64
	Low, Mid, High float64
	Series         int
	Hollow         bool   // the point: for what says nothing
	Note           string // at the right
}

// far is beyond what an axis can show: nothing measured is as great, and the
// reciprocal of nothing measured is.
const far = 1e12

// shows tells whether an axis has a place for v.
func (a Axis) shows(v float64) bool {
	return math.Abs(v) <= far && (!a.Log || v >= 1/far) // false for NaN
}

// sane gives an axis a range that can be drawn, whatever it was given.
func (a Axis) sane() Axis {
	if !a.shows(a.Min) || !a.shows(a.Max) {
		a.Min, a.Max = 1, 10
	}
	if a.Max < a.Min {
		a.Min, a.Max = a.Max, a.Min
	}
	if a.Log && a.Max < a.Min*1.01 {
		a.Min, a.Max = a.Min/2, a.Max*2
	}
	if !a.Log && a.Max-a.Min < 1e-9*math.Max(math.Abs(a.Min), math.Abs(a.Max))+1/far {
		a.Max = a.Min + math.Max(1, math.Abs(a.Min))
	}
	return a
}
