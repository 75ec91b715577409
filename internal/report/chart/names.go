// SPDX-License-Identifier: MIT

package chart

import (
	"cmp"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes of what stands beside the data.
const (
	lineHeight = 14 // of a line of text
	swatch     = 18 // a piece of the line, before its name
	lead       = 14 // from the line's end to the swatch
)

// end is the name of a line, or the note of an interval, at the right of a panel.
type end struct {
	name   string
	series int
	at     Point
	plain  bool // a note: no swatch, no way to it
	mark   Mark // of a line of points: it is the swatch
	bare   bool
	y      vg.Length
}

// nameEnds draws the names of a panel's lines where they end.
type nameEnds struct{ ends []end }

func names(p Panel) nameEnds {
	var n nameEnds
	for _, l := range p.Lines {
		if l.Name == "" {
			continue
		}
		for _, at := range slices.Backward(l.Points) { // the last that can be seen
			if p.X.shows(at.X) && p.Y.shows(at.Y) {
				n.ends = append(n.ends, end{name: l.Name, series: l.Series, at: at, mark: l.Mark, bare: l.Bare})
				break
			}
		}
	}
	for _, i := range p.Intervals {
		if p.Y.shows(i.Row) {
			n.ends = append(n.ends, end{name: i.Note, at: Point{p.X.Max, i.Row}, plain: true})
		}
	}
	return n
}

// GlyphBoxes reserves the room at the right.
func (n nameEnds) GlyphBoxes(*plot.Plot) []plot.GlyphBox {
	width := vg.Length(0)
	style := words(ink, text.XLeft, text.YCenter)
	for _, e := range n.ends {
		w := style.Width(e.name) + lead + 2
		if !e.plain {
			w += swatch
		}
		width = max(width, w)
	}
	return []plot.GlyphBox{{X: 1, Y: 0.5, Rectangle: vg.Rectangle{Max: vg.Point{X: width}}}}
}

func (n nameEnds) Plot(c draw.Canvas, g *plot.Plot) {
	x, y := g.Transforms(&c)
	ends := slices.Clone(n.ends)
	for i := range ends {
		ends[i].y = min(max(y(ends[i].at.Y), c.Min.Y), c.Max.Y)
	}
	slices.SortStableFunc(ends, func(a, b end) int { return cmp.Compare(a.y, b.y) })
	places := make([]vg.Length, len(ends))
	for i, e := range ends {
		places[i] = e.y
	}
	spread(places, c.Min.Y, c.Max.Y)
	for i, e := range ends {
		at := c.Max.X + lead
		switch {
		case e.plain:
		case e.bare:
			glyph(&c, e.mark, e.series, vg.Point{X: at + swatch/2 - 2, Y: places[i]})
			at += swatch
		default:
			from := min(max(x(e.at.X), c.Min.X), c.Max.X)
			c.StrokeLines(stroke(grid, 1, nil), []vg.Point{{X: from, Y: e.y}, {X: c.Max.X + 2, Y: e.y}, {X: at - 2, Y: places[i]}})
			c.StrokeLine2(stroke(seriesInk(e.series), 2.2, dashes(e.series)), at, places[i], at+swatch-4, places[i])
			at += swatch
		}
		c.FillText(words(ink, text.XLeft, text.YCenter), vg.Point{X: at, Y: places[i] + 1.5}, e.name)
	}
}

// spread moves sorted places apart so that no two are nearer than a line of
// text, and keeps them within low and high as far as there is room.
func spread(places []vg.Length, low, high vg.Length) {
	for i := range places {
		places[i] = max(places[i], low)
		if i > 0 {
			places[i] = max(places[i], places[i-1]+lineHeight)
		}
	}
	for i := len(places) - 1; i >= 0; i-- {
		if i == len(places)-1 {
			places[i] = min(places[i], max(high, low+vg.Length(i)*lineHeight))
		} else {
			places[i] = min(places[i], places[i+1]-lineHeight)
		}
	}
}

// above is what stands over a panel: its heading and the words of its rules.
type above struct {
	text  string
	notes []string
	rules []Rule
	x     Axis
}

func heading(p Panel) above { return above{p.Heading, p.Notes, p.Rules, p.X} }

// GlyphBoxes reserves the lines.
func (a above) GlyphBoxes(*plot.Plot) []plot.GlyphBox {
	return []plot.GlyphBox{{X: 0.5, Y: 1, Rectangle: vg.Rectangle{Min: vg.Point{X: -1}, Max: vg.Point{X: 1, Y: a.height()}}}}
}

func (a above) named() bool {
	return slices.ContainsFunc(a.rules, func(r Rule) bool { return r.Name != "" })
}

func (a above) height() vg.Length {
	h := vg.Length(4)
	if a.text != "" {
		h += lineHeight + 2
	}
	h += lineHeight * vg.Length(len(a.notes))
	if a.named() {
		h += lineHeight
	}
	return h
}

func (a above) Plot(c draw.Canvas, g *plot.Plot) {
	if a.text != "" {
		c.FillText(words(ink, text.XLeft, text.YTop), vg.Point{X: c.Min.X, Y: c.Max.Y + a.height()}, a.text)
	}
	for i, note := range a.notes {
		c.FillText(words(muted, text.XLeft, text.YTop), vg.Point{X: c.Min.X, Y: c.Max.Y + a.height() - lineHeight*vg.Length(i+1) - 2}, note)
	}
	x, _ := g.Transforms(&c)
	for _, r := range a.rules {
		if a.x.shows(r.At) && c.ContainsX(x(r.At)) {
			c.FillText(words(ink, text.XCenter, text.YBottom), vg.Point{X: x(r.At), Y: c.Max.Y + 2}, r.Name)
		}
	}
}
