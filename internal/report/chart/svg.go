// SPDX-License-Identifier: MIT

package chart

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"math"
	"regexp"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// vgsvg writes colours as #RRGGBB and can't write a CSS variable. So each
// variable has a colour that nothing else uses, and is put in its place. None is
// black: vgsvg leaves black out.
var (
	ink   = color.RGBA{1, 0, 1, 255}
	muted = color.RGBA{1, 0, 2, 255}
	grid  = color.RGBA{1, 0, 3, 255}
	band  = color.RGBA{1, 0, 4, 255}
)

// seriesInk is the colour of a series; there are eight.
func seriesInk(i int) color.Color { return color.RGBA{2, 0, uint8(i%seriesCount) + 1, 255} }

const seriesCount = 8

var variables = func() *strings.Replacer {
	pairs := []string{"#010001", "var(--ink)", "#010002", "var(--muted)", "#010003", "var(--grid)", "#010004", "var(--band)"}
	for i := range seriesCount {
		pairs = append(pairs, fmt.Sprintf("#0200%02X", i+1), fmt.Sprintf("var(--s%d)", i+1))
	}
	return strings.NewReplacer(pairs...)
}()

// dashes tell series apart without colour.
func dashes(i int) []vg.Length {
	return [seriesCount][]vg.Length{nil, {7, 3}, {2, 2}, {9, 3, 2, 3}, {4, 2}, {12, 4}, {1, 2.5}, {14, 3, 2, 3, 2, 3}}[i%seriesCount]
}

// size of all text in a figure.
const fontSize = 11.5

// words is a style of text. Its widths are those of Liberation Sans, which are
// Arial's and Helvetica's.
func words(c color.Color, x text.XAlignment, y text.YAlignment) text.Style {
	return text.Style{
		Color: c, Font: font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, fontSize),
		XAlign: x, YAlign: y, Handler: plot.DefaultTextHandler,
	}
}

// fontStyle is how vgsvg names a font in each text; the page does it once.
var fontStyle = regexp.MustCompile(`font-family:[^;"]*;font-variant:[^;"]*;font-weight:[^;"]*;font-style:[^;"]*;font-size:[^;"]*;?`)

// SVG draws the figure. It is one element, without a declaration, for HTML.
func (f Figure) SVG() string {
	height, width := 0.0, f.Width
	if width <= 0 {
		width = Width
	}
	plots := make([]*plot.Plot, len(f.Panels))
	for i, p := range f.Panels {
		plots[i] = p.plot()
		height += p.Height
	}
	canvas := vgsvg.NewWith(vgsvg.UseWH(vg.Length(width), vg.Length(math.Max(height, 1))))
	whole := draw.New(canvas)
	tiles := make([]draw.Canvas, len(plots))
	left, right, top := vg.Length(0), vg.Length(0), 0.0
	for i, p := range plots {
		tiles[i] = draw.Crop(whole, 0, 0, vg.Length(height-top-f.Panels[i].Height), -vg.Length(top))
		top += f.Panels[i].Height
		data := p.DataCanvas(tiles[i])
		left, right = max(left, data.Min.X-tiles[i].Min.X), max(right, tiles[i].Max.X-data.Max.X)
	}
	for i, p := range plots {
		data := p.DataCanvas(tiles[i]) // all panels share the x axis: same margins
		p.Draw(draw.Crop(tiles[i], left-(data.Min.X-tiles[i].Min.X), -(right - (tiles[i].Max.X - data.Max.X)), 0, 0))
	}
	var b bytes.Buffer
	_, _ = canvas.WriteTo(&b) // into memory
	return Frame(f.ID, f.Title, f.Desc, width, height, inner(b.String()))
}

// inner is what stands between <svg> and </svg>, in the page's colours.
func inner(svg string) string {
	_, rest, _ := strings.Cut(svg, "<svg")
	_, rest, _ = strings.Cut(rest, ">\n")
	rest, _, _ = strings.Cut(rest, "</svg>")
	rest = fontStyle.ReplaceAllString(rest, "")
	rest = textElement.ReplaceAllStringFunc(rest, fitText)
	return strings.ReplaceAll(variables.Replace(rest), "\n\tstyle", " style")
}

var textElement = regexp.MustCompile(`<text [^>]*>[^<]*</text>`)

// fitText makes a text as wide as it was measured, in whatever font the reader
// has: else it would run into its neighbours, or out of the figure.
func fitText(element string) string {
	attributes, said, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(element, "<text "), "</text>"), ">")
	width := words(ink, text.XLeft, text.YTop).Width(html.UnescapeString(said))
	if width <= 0 {
		return ""
	}
	return fmt.Sprintf(`<text textLength="%.1f" lengthAdjust="spacingAndGlyphs" %s>%s</text>`, width.Points(), attributes, said)
}

// Frame puts a drawing into an <svg> that says what it shows.
func Frame(id, title, desc string, width, height float64, inner string) string {
	return fmt.Sprintf(`<svg role="img" viewBox="0 0 %.0f %.0f" aria-labelledby="%[3]s-t %[3]s-d">`+
		`<title id="%[3]s-t">%[4]s</title><desc id="%[3]s-d">%[5]s</desc>`+"\n%[6]s</svg>",
		width, height, html.EscapeString(id), html.EscapeString(title), html.EscapeString(desc), inner)
}
