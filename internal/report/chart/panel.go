// SPDX-License-Identifier: MIT

package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// plot turns a panel into gonum's plot, with parts of our own for what it has
// not: names at the lines' ends that don't overlap, broken lines, numbered rules.
func (p Panel) plot() *plot.Plot {
	p.X, p.Y = p.X.sane(), p.Y.sane()
	g := plot.New()
	g.BackgroundColor = nil
	set(&g.X, p.X, words(muted, text.XCenter, text.YTop))
	set(&g.Y, p.Y, words(muted, text.XRight, text.YCenter))
	g.X.Label.TextStyle = words(muted, text.XCenter, text.YBottom)
	g.X.Label.Padding = 3
	g.Add(part{p, (*brush).bands}, part{p, (*brush).grid}, part{p, (*brush).rules})
	for _, l := range p.Lines {
		g.Add(part{p, func(b *brush) { b.line(l) }})
	}
	g.Add(part{p, (*brush).intervals}, names(p), heading(p))
	return g
}

func set(to *plot.Axis, a Axis, style text.Style) {
	to.Min, to.Max, to.Label.Text = a.Min, a.Max, a.Label
	if a.Log {
		to.Scale = plot.LogScale{}
	}
	ticks := make(plot.ConstantTicks, 0, len(a.Ticks))
	for _, t := range a.Ticks {
		if a.shows(t.At) {
			ticks = append(ticks, plot.Tick{Value: t.At, Label: t.Label})
		}
	}
	to.Tick.Marker, to.Tick.Label = ticks, style
	to.Tick.LineStyle, to.Tick.Length = stroke(grid, 0.8, nil), 4
	to.LineStyle = stroke(muted, 0.8, nil)
	if len(ticks) == 0 {
		to.LineStyle.Width = 0
	}
	to.Padding = 0
}

func stroke(c color.Color, width vg.Length, dash []vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: c, Width: width, Dashes: dash}
}

// part is one layer of a panel.
type part struct {
	panel Panel
	draw  func(*brush)
}

func (p part) Plot(c draw.Canvas, g *plot.Plot) {
	b := &brush{Canvas: c, panel: p.panel}
	b.x, b.y = g.Transforms(&c)
	p.draw(b)
}

// brush draws into the data's area of a panel.
type brush struct {
	draw.Canvas
	panel Panel
	x, y  func(float64) vg.Length
}

func (b *brush) bands() {
	for _, s := range b.panel.Bands {
		if !b.panel.X.shows(s.From) || !b.panel.X.shows(s.To) {
			continue
		}
		from, to := max(b.x(s.From), b.Min.X), min(b.x(s.To), b.Max.X)
		if to <= from {
			continue
		}
		b.SetColor(band)
		b.Fill(vg.Rectangle{Min: vg.Point{X: from, Y: b.Min.Y}, Max: vg.Point{X: to, Y: b.Max.Y}}.Path())
		if style := words(muted, text.XCenter, text.YTop); style.Width(s.Name) < to-from {
			b.FillText(style, vg.Point{X: (from + to) / 2, Y: b.Max.Y - 2}, s.Name)
		}
	}
}

func (b *brush) grid() {
	for _, t := range b.panel.Y.Ticks {
		if y := b.panel.Y; !y.NoGrid && y.shows(t.At) && b.ContainsY(b.y(t.At)) {
			b.StrokeLine2(stroke(grid, 0.6, nil), b.Min.X, b.y(t.At), b.Max.X, b.y(t.At))
		}
	}
	for _, t := range b.panel.X.Ticks {
		if x := b.panel.X; !x.NoGrid && x.shows(t.At) && b.ContainsX(b.x(t.At)) {
			b.StrokeLine2(stroke(grid, 0.6, nil), b.x(t.At), b.Min.Y, b.x(t.At), b.Max.Y)
		}
	}
}

func (b *brush) rules() {
	for _, r := range b.panel.Rules {
		if !b.panel.X.shows(r.At) || !b.ContainsX(b.x(r.At)) {
			continue
		}
		dash := []vg.Length{3, 3}
		if r.Solid {
			dash = nil
		}
		b.StrokeLine2(stroke(ink, 1, dash), b.x(r.At), b.Min.Y, b.x(r.At), b.Max.Y)
	}
}

func (b *brush) line(l Line) {
	style := stroke(seriesInk(l.Series), 1.8, dashes(l.Series))
	if l.Faint {
		style = stroke(seriesInk(l.Series), 1, []vg.Length{1, 3})
	}
	var run []vg.Point
	flush := func() {
		switch {
		case l.Bare || len(run) == 0:
		case len(run) == 1 && l.Mark == NoMark: // alone between two gaps
			b.DrawGlyph(draw.GlyphStyle{Color: style.Color, Radius: 1.5, Shape: draw.CircleGlyph{}}, run[0])
		default:
			b.StrokeLines(style, b.ClipLinesXY(run)...)
		}
		run = nil
	}
	for _, p := range l.Points {
		if !b.panel.X.shows(p.X) || !b.panel.Y.shows(p.Y) {
			flush()
			continue
		}
		run = append(run, vg.Point{X: b.x(p.X), Y: b.y(p.Y)})
		glyph(&b.Canvas, l.Mark, l.Series, run[len(run)-1])
	}
	flush()
}

func glyph(c *draw.Canvas, m Mark, series int, at vg.Point) {
	style := draw.GlyphStyle{Color: seriesInk(series), Radius: 3.5}
	switch m {
	case Disc:
		style.Shape = draw.CircleGlyph{}
	case Ring: // gonum's own is a hair's breadth wide
		var p vg.Path
		p.Move(vg.Point{X: at.X + style.Radius, Y: at.Y})
		p.Arc(at, style.Radius, 0, 2*math.Pi)
		c.SetLineStyle(stroke(style.Color, 1.6, nil))
		c.Stroke(p)
		return
	default:
		return
	}
	c.DrawGlyphNoClip(style, at)
}

// intervals draws each from its low to its high end, with an arrow's head where
// an end lies outside of the axis.
func (b *brush) intervals() {
	for _, i := range b.panel.Intervals {
		x := b.panel.X
		if !x.shows(i.Mid) || !x.shows(i.Low) || !x.shows(i.High) || !b.panel.Y.shows(i.Row) {
			continue
		}
		style := stroke(seriesInk(i.Series), 2, nil)
		y := b.y(i.Row)
		from, to := max(b.x(i.Low), b.Min.X), min(b.x(i.High), b.Max.X)
		if from > b.Max.X || to < b.Min.X { // all of it: the arrow's head alone
			at, inward := b.Max.X, vg.Length(-5)
			if to < b.Min.X {
				at, inward = b.Min.X, 5
			}
			b.end(style, at, y, inward, true)
			continue
		}
		b.StrokeLine2(style, from, y, to, y)
		b.end(style, from, y, 5, b.x(i.Low) < b.Min.X)
		b.end(style, to, y, -5, b.x(i.High) > b.Max.X)
		if at := (vg.Point{X: b.x(i.Mid), Y: y}); b.Contains(at) && i.Hollow {
			glyph(&b.Canvas, Ring, i.Series, at)
		} else if b.Contains(at) {
			b.DrawGlyph(draw.GlyphStyle{Color: style.Color, Radius: 3.5, Shape: draw.BoxGlyph{}}, at)
		}
	}
}

func (b *brush) end(style draw.LineStyle, x, y, inward vg.Length, cut bool) {
	if cut {
		b.StrokeLines(style, []vg.Point{{X: x + inward, Y: y + 4}, {X: x, Y: y}, {X: x + inward, Y: y - 4}})
		return
	}
	b.StrokeLine2(style, x, y-4, x, y+4)
}
