// SPDX-License-Identifier: MIT

package tui

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/NimbleMarkets/ntcharts/v2/canvas"
	"github.com/NimbleMarkets/ntcharts/v2/canvas/graph"

	"systemlab/internal/record"
)

// point of a curve; NaN is a hole.
type point struct{ x, y float64 }

// curve is one line of a chart with its name and its newest value for the head.
type curve struct {
	name   string
	value  string
	look   style
	points []point
}

// chart is one diagram: curves over the time that all charts share.
type chart struct {
	title  string
	curves []curve
	top    float64 // of the axis; 0 follows the data
	label  func(float64) string
	log    bool // allowed: used when the data span decades
}

const (
	axisWidth = 9
	hole      = 3.5 // seconds without a point that break a line
	decades   = 30  // the ratio from which on the axis is logarithmic
	// DefaultSpan is how many seconds the charts show.
	DefaultSpan = 120
)

// span of time that the charts show: all of a short run, the newest part else.
func (s *State) span(v *View) (from, to float64) {
	span := v.Span
	if span <= 0 {
		span = DefaultSpan
	}
	if v.Replay != nil && v.Replay.End() <= span {
		return 0, max(v.Replay.End(), 1)
	}
	if s.Clock < span {
		return 0, span
	}
	return s.Clock - span, s.Clock
}

func drawCharts(c *screen, s *State, v *View, r rect) {
	rule(c, v, r, chartPane, paneNames[chartPane])
	from, to := s.span(v)
	list := []chart{s.latencyChart(from), s.rateChart(from), s.coresChart(v, from)}
	switch room := r.h - 3; { // title, events and the axis of time
	case room >= 10:
	case room >= 6:
		list = list[:2]
	default:
		list = list[:1]
	}
	var plots []rect
	y, left, weight := r.y+2, r.h-3, len(list)+1
	for i, ch := range list {
		h := left / weight
		if i == 0 { // latency is what one looks at: it gets twice the room
			h, weight = left*2/weight, weight-1
		}
		weight--
		ch.draw(c, rect{r.x, y, r.w - 1, h}, from, to)
		plots = append(plots, rect{r.x + axisWidth, y + 1, r.w - axisWidth - 1, h - 1})
		y, left = y+h, left-h
	}
	s.drawMarks(c, plots, r.y+1, from, to)
	drawTimes(c, plots[0], r.y+r.h-1, from, to)
}

func (s *State) windowPoints(from float64, value func(*record.Window) float64) []point {
	var out []point
	for i := range s.windows.len() {
		if w := s.windows.at(i); end(w) >= from-hole && w.Seconds > 0.5 { // the rest of a second is no second
			out = append(out, point{end(w), value(w)})
		}
	}
	return out
}

func (s *State) latencyChart(from float64) chart {
	percentile := func(name string, look style, value func(record.Percentiles) float64) curve {
		points := s.windowPoints(from, func(w *record.Window) float64 {
			if w.OK+w.Failed == 0 {
				return math.NaN()
			}
			return value(w.Latency)
		})
		return curve{name: name, value: duration(lastOf(points)), look: look, points: points}
	}
	return chart{title: "latency", label: duration, log: true, curves: []curve{
		percentile("p50", line1, func(p record.Percentiles) float64 { return p.P50 }),
		percentile("p95", line2, func(p record.Percentiles) float64 { return p.P95 }),
		percentile("p99", line3, func(p record.Percentiles) float64 { return p.P99 }),
	}}
}

func (s *State) rateChart(from float64) chart {
	asked := s.windowPoints(from, func(w *record.Window) float64 { return float64(w.Asked) / w.Seconds })
	served := s.windowPoints(from, func(w *record.Window) float64 { return float64(w.OK) / w.Seconds })
	failed := s.windowPoints(from, func(w *record.Window) float64 { return float64(w.Failed) / w.Seconds })
	return chart{title: "rate", label: rate, curves: []curve{
		{"asked", rate(lastOf(asked)), faint, asked},
		{"failed", rate(lastOf(failed)), bad, failed},
		{"served", rate(lastOf(served)), good, served},
	}}
}

func (s *State) coresChart(v *View, from float64) chart {
	b := s.boxes[v.Selected]
	if b == nil {
		return chart{title: "cores", label: cores}
	}
	var used, held []point
	for i := range b.samples.len() {
		if sample := b.samples.at(i); sample.AtSeconds >= from-hole {
			used = append(used, point{sample.AtSeconds, sample.Cores})
			held = append(held, point{sample.AtSeconds, sample.ThrottledRatio * max(b.LimitCores, 0)})
		}
	}
	now := b.now(s.Clock) // the same figure as the table's
	amount := "-"
	if now.known {
		amount = cores(now.cores)
	}
	ch := chart{title: "cores of " + b.title(), label: func(v float64) string { return trim(strconv.FormatFloat(v, 'f', 3, 64)) }}
	if b.LimitCores > 0 {
		ch.title += ", at most " + limit(b.LimitCores)
		ch.top = b.LimitCores
		ch.curves = append(ch.curves, curve{"throttled", percent(now.throttled), bad, held})
	}
	ch.curves = append(ch.curves, curve{"used", amount, line1, used})
	return ch
}

func lastOf(points []point) float64 {
	for _, p := range slices.Backward(points) {
		if !math.IsNaN(p.y) {
			return p.y
		}
	}
	return math.NaN()
}

// bounds of the values, over all curves.
func (ch *chart) bounds() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, cv := range ch.curves {
		for _, p := range cv.points {
			if !math.IsNaN(p.y) && !math.IsInf(p.y, 0) {
				low, high = min(low, p.y), max(high, p.y)
			}
		}
	}
	return low, high
}

// scale maps values to the axis, and back for its labels.
type scale struct {
	low, high float64
	log       bool
}

func (ch *chart) scale() (scale, bool) {
	low, high := ch.bounds()
	if low > high {
		return scale{}, false
	}
	if ch.log && low > 0 && high/low >= decades {
		return scale{math.Floor(math.Log10(low)*2) / 2, math.Ceil(math.Log10(high)*2) / 2, true}, true
	}
	if ch.top > 0 && high <= ch.top*1.3 {
		return scale{0, ch.top, false}, true
	}
	return scale{0, nice(high * 1.05), false}, true
}

func (sc scale) to(v float64) float64 {
	if sc.log {
		return math.Log10(max(v, 1e-9))
	}
	return v
}

// nice is the next round number.
func nice(v float64) float64 {
	if v <= 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, step := range []float64{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10} {
		if v <= step*unit*1.0001 {
			return step * unit
		}
	}
	return 10 * unit
}

// draw writes a head line with the newest values, and the curves below it.
func (ch *chart) draw(c *screen, r rect, from, to float64) {
	ch.drawHead(c, r)
	plot := rect{r.x + axisWidth, r.y + 1, r.w - axisWidth, r.h - 1}
	if plot.w < 4 || plot.h < 1 {
		return
	}
	sc, ok := ch.scale()
	ch.drawAxis(c, plot, sc, ok)
	if !ok {
		c.text(plot.x+1, plot.y+plot.h/2, faint, "nothing yet")
		return
	}
	for _, cv := range ch.curves {
		if cv.look == bad && !slices.ContainsFunc(cv.points, func(p point) bool { return p.y > 0 }) {
			continue // what never failed needs no line
		}
		drawCurve(c, plot, cv, sc, from, to)
	}
}

func (ch *chart) drawHead(c *screen, r rect) {
	x := c.text(r.x+1, r.y, strong, fit(ch.title, r.w-2)) + 2
	for _, cv := range slices.Backward(ch.curves) {
		if x+count(cv.name)+count(cv.value)+1 > r.x+r.w {
			return
		}
		x = c.text(x, r.y, dim, cv.name+" ")
		look := cv.look
		if look == faint || look == bad && strings.HasPrefix(cv.value, "0") {
			look = dim
		}
		x = c.text(x, r.y, look, cv.value) + 2
	}
}

// drawAxis labels the axis: both ends, and where there is room what lies between.
func (ch *chart) drawAxis(c *screen, plot rect, sc scale, ok bool) {
	for y := range plot.h {
		c.set(plot.x-1, plot.y+y, '│', faint)
	}
	if !ok {
		return
	}
	for _, t := range sc.ticks(plot.h) {
		y := plot.y + plot.h - 1 - int(math.Round((t-sc.low)/(sc.high-sc.low)*float64(plot.h-1)))
		v := t
		if sc.log {
			v = math.Pow(10, t)
		}
		c.set(plot.x-1, y, '┤', faint)
		c.right(plot.x-1, y, dim, fit(short(ch.label(v)), axisWidth-2))
	}
}

// short takes decimals off a label that says nothing by them.
func short(label string) string {
	number, unit, _ := strings.Cut(label, " ")
	if unit == "" {
		return trim(number)
	}
	return trim(number) + " " + unit
}

// ticks are the labelled values: whole decades, or the ends and the middle.
func (sc scale) ticks(h int) []float64 {
	if h < 2 {
		return []float64{sc.high}
	}
	var out []float64
	if sc.log {
		for t := math.Ceil(sc.low); t <= sc.high; t++ {
			out = append(out, t)
		}
		if len(out) <= h {
			return out
		}
		return []float64{out[0], out[len(out)-1]}
	}
	out = []float64{sc.low, sc.high}
	if h >= 5 {
		out = append(out, (sc.low+sc.high)/2)
	}
	return out
}

func drawCurve(c *screen, plot rect, cv curve, sc scale, from, to float64) {
	grid := graph.NewBrailleGrid(plot.w, plot.h, from, to, sc.low, sc.high)
	place := func(p point) canvas.Point {
		y := min(max(sc.to(p.y), sc.low), sc.high)
		return grid.GridPoint(canvas.Float64Point{X: p.x, Y: y})
	}
	var before *point
	for i := range cv.points {
		p := &cv.points[i]
		if math.IsNaN(p.y) || math.IsInf(p.y, 0) || p.x < from || p.x > to {
			before = nil
			continue
		}
		at := place(*p)
		if before != nil && p.x-before.x <= hole {
			for _, q := range graph.GetLinePoints(place(*before), at) {
				grid.Set(q)
			}
		}
		grid.Set(at)
		before = p
	}
	for y, line := range grid.BraillePatterns() {
		for x, r := range line {
			over(c, plot.x+x, plot.y+y, r, cv.look)
		}
	}
}

// over lays dots over those of an earlier curve: both stay to be seen.
func over(c *screen, x, y int, r rune, look style) {
	if r <= 0x2800 || r > 0x28ff {
		return
	}
	if old := c.get(x, y).r; old > 0x2800 && old <= 0x28ff {
		r |= old
	}
	c.set(x, y, r, look)
}

func drawTimes(c *screen, plot rect, y int, from, to float64) {
	step := 1.0
	for _, s := range []float64{1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600} {
		step = s
		if (to-from)/s*10 <= float64(plot.w) {
			break
		}
	}
	for t := math.Ceil(from/step) * step; t <= to; t += step {
		x := plot.x + int((t-from)/(to-from)*float64(plot.w-1))
		label := clock(t)
		if x+count(label) <= plot.x+plot.w+1 {
			c.text(x, y, dim, label)
		}
	}
}
