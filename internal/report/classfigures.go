// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"math"
	"slices"

	"systemlab/internal/exercise"
	"systemlab/internal/report/chart"
	"systemlab/internal/submission"
)

// belief is one learner's about one exercise.
type belief struct {
	name     string
	first    exercise.Given
	later    *exercise.Given
	measured *exercise.Ratio
}

// held tells whether an interval holds what was measured, as its score has it: the
// measured interval and the one that was said meet.
func held(g exercise.Given, r exercise.Ratio) bool { return g.Low <= r.High && g.High >= r.Low }

// beliefs about an exercise, in the order of papers.
func beliefs(c *submission.Class, name string) []belief {
	var out []belief
	for _, p := range c.Papers {
		r, ok := p.Of(name)
		if ok && r.First != nil && r.First.Low > 0 && r.First.High >= r.First.Low && r.First.High < 1e9 {
			out = append(out, belief{clipped(c.Name(p)), *r.First, r.Later, r.Ratio})
		}
	}
	return out
}

// measuredBy the class: the medians of the ends of what each measured.
func measuredBy(all []belief) (r exercise.Ratio, ok bool) {
	var low, mid, high []float64
	for _, b := range all {
		if b.measured != nil {
			low, mid, high = append(low, b.measured.Low), append(mid, b.measured.Value), append(high, b.measured.High)
		}
	}
	if len(mid) == 0 {
		return r, false
	}
	middle := func(v []float64) float64 { slices.Sort(v); return v[len(v)/2] }
	return exercise.Ratio{Value: middle(mid), Low: middle(low), High: middle(high)}, true
}

// beliefFigure draws each learner's sealed interval against what was measured, and under
// it what was believed afterwards.
func beliefFigure(id, title string, all []belief) chart.Figure {
	low, high := math.Inf(1), 0.0
	for _, b := range all {
		low, high = min(low, b.first.Low), max(high, b.first.High)
	}
	known, ok := measuredBy(all)
	if ok {
		low, high = min(low, known.Low), max(high, known.High)
	}
	low, high = max(low/1.2, 0.01), min(high*1.2, 1000)
	x := chart.Axis{Label: "ratio of A to B, logarithmic", Min: low, Max: high, Log: true, Ticks: ratioTicks(low, high)}
	before := rows("Before: what was sealed", all, x, func(b belief) *exercise.Given { return &b.first })
	figure := chart.Figure{ID: id, Title: title, Desc: fmt.Sprintf("%d sealed intervals. The figures are in the table below.", len(all)), Panels: []chart.Panel{before}}
	var later []belief
	for _, b := range all {
		if b.later != nil {
			later = append(later, b)
		}
	}
	if len(later) > 0 {
		figure.Panels = append(figure.Panels, rows("After: sealed again, once it was measured", later, x, func(b belief) *exercise.Given { return b.later }))
	}
	for i := range figure.Panels {
		if ok {
			figure.Panels[i].Bands = []chart.Band{{From: known.Low, To: known.High}}
			figure.Panels[i].Rules = []chart.Rule{{At: known.Value, Solid: true, Name: "measured"}}
		}
	}
	return figure
}

func rows(heading string, all []belief, x chart.Axis, of func(belief) *exercise.Given) chart.Panel {
	p := chart.Panel{Heading: heading, X: x, Height: 90 + 20*float64(len(all))}
	p.Y = chart.Axis{Min: -0.8, Max: float64(len(all)) - 0.2, NoGrid: true}
	for i, b := range all {
		g, at := of(b), float64(len(all)-1-i)
		p.Y.Ticks = append(p.Y.Ticks, chart.Tick{At: at, Label: shorten(b.name, 24)})
		row := chart.Interval{Row: at, Low: g.Low, Mid: math.Sqrt(g.Low * g.High), High: g.High, Note: saidSure(g.Sure)}
		switch {
		case b.measured == nil:
			row.Hollow = true
		case held(*g, *b.measured):
			row.Series, row.Note = 3, row.Note+", held"
		default:
			row.Series, row.Hollow, row.Note = 2, true, row.Note+", missed"
		}
		p.Intervals = append(p.Intervals, row)
	}
	return p
}

func saidSure(sure float64) string { return fmt.Sprintf("%.0f%% sure", 100*sure) }

func beliefTable(all []belief) *Table {
	t := &Table{Head: []string{"learner", "sealed", "sure", "measured", "held", "later"}, Left: 1}
	for _, b := range all {
		measured, holds, later := None, None, None
		if b.measured != nil {
			measured, holds = fromTo(b.measured.Low, b.measured.High), "no"
			if held(b.first, *b.measured) {
				holds = "yes"
			}
		}
		if b.later != nil {
			later = fmt.Sprintf("%s, %s", fromTo(b.later.Low, b.later.High), saidSure(b.later.Sure))
		}
		t.Row(b.name, fromTo(b.first.Low, b.first.High), fmt.Sprintf("%.0f%%", 100*b.first.Sure), measured, holds, later)
	}
	return t
}

func fromTo(low, high float64) string { return Number(low) + " to " + Number(high) }

// said is how often intervals held that were said with about the same confidence.
type said struct {
	words       string
	sure        float64 // mean
	n, held     int
	above, upto float64
}

// calibration of a class over all its first predictions that were measured.
func calibration(c *submission.Class) []said {
	bins := []said{{words: "under 60%", upto: 0.60}, {words: "60% to 75%", above: 0.60, upto: 0.75}, {words: "75% to 85%", above: 0.75, upto: 0.85},
		{words: "85% to 95%", above: 0.85, upto: 0.95}, {words: "95% and more", above: 0.95, upto: 1.01}}
	for _, name := range c.Exercises() {
		for _, b := range beliefs(c, name) {
			for i := range bins {
				if s := &bins[i]; b.measured != nil && b.first.Sure >= s.above && b.first.Sure < s.upto {
					s.n++
					s.sure += b.first.Sure
					if held(b.first, *b.measured) {
						s.held++
					}
				}
			}
		}
	}
	bins = slices.DeleteFunc(bins, func(s said) bool { return s.n == 0 })
	for i := range bins {
		bins[i].sure /= float64(bins[i].n)
	}
	return bins
}

func calibrationFigure(id string, bins []said) chart.Figure {
	percent := func(v float64) string { return fmt.Sprintf("%.0f%%", v) }
	var points []chart.Point
	for _, s := range bins {
		points = append(points, chart.Point{X: 100 * s.sure, Y: 100 * float64(s.held) / float64(s.n)})
	}
	p := chart.Panel{
		Heading: "Share of intervals that held, by how sure their learners were", Height: 300,
		X: chart.Axis{Label: "how sure", Min: 0, Max: 100, Ticks: chart.LinearTicks(0, 100, 6, percent)}, Y: chart.Axis{Min: 0, Max: 105, Ticks: chart.LinearTicks(0, 100, 6, percent)},
		Lines: []chart.Line{{Name: "as sure as right", Series: 6, Faint: true, Points: []chart.Point{{X: 0, Y: 0}, {X: 100, Y: 100}}}, {Name: "the class", Series: 0, Bare: true, Mark: chart.Disc, Points: points}},
	}
	return chart.Figure{ID: id, Title: "Calibration of the class", Desc: "Points under the line were too sure. The figures are in the table below.", Panels: []chart.Panel{p}}
}

func calibrationTable(bins []said) *Table {
	t := &Table{Head: []string{"how sure", "predictions", "held", "share"}, Left: 1}
	for _, s := range bins {
		t.Row(s.words, fmt.Sprint(s.n), fmt.Sprint(s.held), fmt.Sprintf("%.0f%%", 100*float64(s.held)/float64(s.n)))
	}
	return t
}

func hardFigure(id string, all []hard) chart.Figure {
	p := chart.Panel{Heading: "Share of those who began it that solved it, the hardest on top", Height: 80 + 24*float64(len(all))}
	p.X = chart.Axis{Label: "solved", Min: -3, Max: 103, Ticks: chart.LinearTicks(0, 100, 6, func(v float64) string { return fmt.Sprintf("%.0f%%", v) })}
	p.Y = chart.Axis{Min: -0.7, Max: float64(len(all)) - 0.3, NoGrid: true}
	for i, h := range all {
		at := float64(len(all) - 1 - i)
		p.Y.Ticks = append(p.Y.Ticks, chart.Tick{At: at, Label: shorten(printable(h.Name), 34)})
		v := 100 * h.Share
		p.Intervals = append(p.Intervals, chart.Interval{Row: at, Low: v, Mid: v, High: v, Note: fmt.Sprintf("%d of %d", h.Solved, h.Began)})
	}
	return chart.Figure{ID: id, Title: "What was hard", Desc: fmt.Sprintf("%d exercises. The figures are in the table below.", len(all)), Panels: []chart.Panel{p}}
}
