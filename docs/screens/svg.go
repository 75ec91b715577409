// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"html"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Sizes of a cell and of the margin, in pixels.
const (
	cellWidth  = 8
	cellHeight = 17
	margin     = 12
)

// look of a cell, as the escapes before it say.
type look struct {
	fg, bg        string
	bold, reverse bool
}

// canvas collects what is drawn by colour: one path each for fills, lines and
// dots keeps a screen of thousands of cells small. Only words are text: lines
// and bars made of glyphs would not meet in every font.
type canvas struct {
	dark  bool
	under map[string]*strings.Builder // behind all else
	fills map[string]*strings.Builder
	lines map[string]*strings.Builder
	bolds map[string]*strings.Builder
	dots  map[string]*strings.Builder
	texts strings.Builder
}

// svg turns a screen with escapes into a picture.
func svg(screen string, w, h int, dark bool, title string) string {
	c := &canvas{dark: dark, under: map[string]*strings.Builder{}, fills: map[string]*strings.Builder{}, lines: map[string]*strings.Builder{}, bolds: map[string]*strings.Builder{}, dots: map[string]*strings.Builder{}}
	for y, line := range strings.Split(screen, "\n") {
		c.row(line, y)
	}
	width, height := w*cellWidth+2*margin, h*cellHeight+2*margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="%s">`+"\n", width, height, width, height, html.EscapeString(title))
	fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(title))
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="8" fill="%s"/>`+"\n", width, height, c.ground())
	fmt.Fprintf(&b, `<g transform="translate(%d %d)" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="13.2" xml:space="preserve">`+"\n", margin, margin)
	paths(&b, c.under, `fill="%s" stroke="none"`)
	paths(&b, c.fills, `fill="%s" stroke="none"`)
	paths(&b, c.lines, `fill="none" stroke="%s" stroke-width="1.2"`)
	paths(&b, c.bolds, `fill="none" stroke="%s" stroke-width="2.6"`)
	paths(&b, c.dots, `fill="none" stroke="%s" stroke-width="2" stroke-linecap="round"`)
	b.WriteString(c.texts.String())
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

func paths(b *strings.Builder, by map[string]*strings.Builder, attributes string) {
	for _, colour := range slices.Sorted(maps.Keys(by)) {
		fmt.Fprintf(b, `<path `+attributes+` d="%s"/>`+"\n", colour, by[colour])
	}
}

func (c *canvas) ground() string {
	if c.dark {
		return "#12161f"
	}
	return "#ffffff"
}

func (c *canvas) ink() string {
	if c.dark {
		return "#d5dbe6"
	}
	return "#20262e"
}

// colours of a look, reversed where asked.
func (c *canvas) colours(l look) (fg, bg string) {
	fg, bg = l.fg, l.bg
	if fg == "" {
		fg = c.ink()
	}
	if l.reverse {
		under := bg
		if under == "" {
			under = c.ground()
		}
		return under, fg
	}
	return fg, bg
}

// row draws one line of the screen.
func (c *canvas) row(line string, y int) {
	var l, began look
	var word []rune
	x, from := 0, 0
	flush := func() {
		if text := strings.TrimRight(string(word), " "); text != "" {
			c.text(text, from, y, began)
		}
		word = nil
	}
	runes := []rune(line)
	for i := 0; i < len(runes); i++ {
		if runes[i] == 0x1b {
			flush()
			end := i
			for end < len(runes) && runes[end] != 'm' {
				end++
			}
			l = apply(l, string(runes[i+2:end]))
			i = end
			continue
		}
		fg, bg := c.colours(l)
		if bg != "" {
			rect(c.into(c.under, bg), x, y, 0, 0, cellWidth, cellHeight)
		}
		switch r := runes[i]; {
		case c.glyph(r, x, y, fg):
			flush()
		case r == ' ' && (len(word) == 0 || word[len(word)-1] == ' '):
			flush()
		default:
			if len(word) == 0 {
				from, began = x, l
			}
			word = append(word, r)
		}
		x++
	}
	flush()
}

// apply reads the numbers of one escape.
func apply(l look, codes string) look {
	n := strings.Split(codes, ";")
	for i := 0; i < len(n); i++ {
		switch n[i] {
		case "", "0":
			l = look{}
		case "1":
			l.bold = true
		case "7":
			l.reverse = true
		case "38", "48":
			if i+4 < len(n) && n[i+1] == "2" {
				colour := "#" + hex(n[i+2]) + hex(n[i+3]) + hex(n[i+4])
				if n[i] == "38" {
					l.fg = colour
				} else {
					l.bg = colour
				}
				i += 4
			}
		}
	}
	return l
}

func hex(decimal string) string {
	v, _ := strconv.Atoi(decimal)
	return fmt.Sprintf("%02x", v)
}

func (c *canvas) into(by map[string]*strings.Builder, colour string) *strings.Builder {
	b := by[colour]
	if b == nil {
		b = &strings.Builder{}
		by[colour] = b
	}
	return b
}

func rect(b *strings.Builder, x, y int, dx, dy, w, h float64) {
	fmt.Fprintf(b, "M%g %gh%gv%gh%gz", float64(x*cellWidth)+dx, float64(y*cellHeight)+dy, w, h, -w)
}

func (c *canvas) text(s string, x, y int, l look) {
	fg, _ := c.colours(l)
	weight := ""
	if l.bold {
		weight = ` font-weight="bold"`
	}
	fmt.Fprintf(&c.texts, `<text x="%d" y="%d" fill="%s"%s textLength="%d" lengthAdjust="spacingAndGlyphs">%s</text>`+"\n",
		x*cellWidth, y*cellHeight+13, fg, weight, len([]rune(s))*cellWidth, html.EscapeString(s))
}

// ends of the lines of box drawing runes: left, right, up, down.
var boxes = map[rune]string{
	'─': "lr", '│': "ud", '╭': "rd", '╮': "ld", '╰': "ru", '╯': "lu", '├': "rud", '┤': "lud", '┬': "lrd", '┴': "lru", '┼': "lrud",
}

var heavies = map[rune]string{'━': "lr", '┃': "ud", '┏': "rd", '┓': "ld", '┗': "ru", '┛': "lu"}

// glyph draws a rune that is no letter; false leaves it to the font.
func (c *canvas) glyph(r rune, x, y int, colour string) bool {
	if ends, ok := boxes[r]; ok {
		strokes(c.into(c.lines, colour), x, y, ends)
		return true
	}
	if ends, ok := heavies[r]; ok {
		strokes(c.into(c.bolds, colour), x, y, ends)
		return true
	}
	switch {
	case r == '┊':
		b := c.into(c.lines, colour)
		for _, dy := range []float64{2, 8, 14} {
			fmt.Fprintf(b, "M%g %gv2", float64(x*cellWidth)+cellWidth/2, float64(y*cellHeight)+dy)
		}
	case r >= '▁' && r <= '█': // lower eighths
		h := float64(r-'▁'+1) / 8 * (cellHeight - 3)
		if r == '█' {
			rect(c.into(c.fills, colour), x, y, 0, 2, cellWidth, cellHeight-4)
			break
		}
		rect(c.into(c.fills, colour), x, y, 0.5, cellHeight-1.5-h, cellWidth-1, h)
	case r > '█' && r <= '▏': // left eighths
		rect(c.into(c.fills, colour), x, y, 0, 2, float64('▏'-r+1), cellHeight-4)
	case r > 0x2800 && r <= 0x28ff:
		dots(c.into(c.dots, colour), x, y, r-0x2800)
	default:
		return false
	}
	return true
}

func strokes(b *strings.Builder, x, y int, ends string) {
	cx, cy := float64(x*cellWidth)+cellWidth/2, float64(y*cellHeight)+cellHeight/2.0
	for _, e := range ends {
		fmt.Fprintf(b, "M%g %g", cx, cy)
		switch e {
		case 'l':
			fmt.Fprintf(b, "h%g", -cellWidth/2.0)
		case 'r':
			fmt.Fprintf(b, "h%g", cellWidth/2.0)
		case 'u':
			fmt.Fprintf(b, "v%g", -cellHeight/2.0)
		case 'd':
			fmt.Fprintf(b, "v%g", cellHeight/2.0)
		}
	}
}

// dots of a Braille rune, by their bits.
func dots(b *strings.Builder, x, y int, bits rune) {
	places := [8][2]float64{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}, {0, 3}, {1, 3}}
	for i, p := range places {
		if bits&(1<<i) != 0 {
			fmt.Fprintf(b, "M%g %gh0", float64(x*cellWidth)+2+p[0]*4, float64(y*cellHeight)+2.125+p[1]*4.25)
		}
	}
}
