// SPDX-License-Identifier: MIT

package tui

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// rect is a part of the screen.
type rect struct{ x, y, w, h int }

func (r rect) has(x, y int) bool { return x >= r.x && x < r.x+r.w && y >= r.y && y < r.y+r.h }

// cell is one place of the screen: a rune one column wide and how it looks.
type cell struct {
	r      rune
	s      style
	chosen bool // of the selected row
}

// screen is a screen in memory. Nothing can be drawn outside of it or outside
// of the clip, so panes never overlap and lines never grow.
type screen struct {
	w, h  int
	cells []cell
	clip  rect
}

func newScreen(w, h int) *screen {
	c := &screen{w: w, h: h, cells: make([]cell, w*h), clip: rect{0, 0, w, h}}
	for i := range c.cells {
		c.cells[i].r = ' '
	}
	return c
}

// within returns a canvas onto the same cells that draws inside of r alone.
func (c *screen) within(r rect) *screen {
	sub := *c
	x0, y0 := max(r.x, c.clip.x), max(r.y, c.clip.y)
	x1, y1 := min(r.x+r.w, c.clip.x+c.clip.w), min(r.y+r.h, c.clip.y+c.clip.h)
	sub.clip = rect{x0, y0, max(x1-x0, 0), max(y1-y0, 0)}
	return &sub
}

func (c *screen) get(x, y int) cell {
	if !c.clip.has(x, y) {
		return cell{}
	}
	return c.cells[y*c.w+x]
}

func (c *screen) set(x, y int, r rune, s style) {
	if c.clip.has(x, y) {
		p := &c.cells[y*c.w+x]
		p.r, p.s = r, s
	}
}

// text writes from x on and returns the column after it.
func (c *screen) text(x, y int, s style, text string) int {
	for _, r := range text {
		c.set(x, y, printable(r), s)
		x++
	}
	return x
}

// right writes so that the text ends before column x.
func (c *screen) right(x, y int, s style, text string) { c.text(x-count(text), y, s, text) }

// choose marks the cells of a row as selected.
func (c *screen) choose(r rect) {
	for y := r.y; y < r.y+r.h; y++ {
		for x := r.x; x < r.x+r.w; x++ {
			if c.clip.has(x, y) {
				c.cells[y*c.w+x].chosen = true
			}
		}
	}
}

// clear empties a part, for what is laid over the screen.
func (c *screen) clear(r rect) {
	for y := r.y; y < r.y+r.h; y++ {
		for x := r.x; x < r.x+r.w; x++ {
			if c.clip.has(x, y) {
				c.cells[y*c.w+x] = cell{r: ' '}
			}
		}
	}
}

// render turns the cells into lines of exactly w columns, with the theme's
// escapes around each stretch of one look.
func (c *screen) render(t *Theme) string {
	var b strings.Builder
	b.Grow(len(c.cells) * 4)
	for y := range c.h {
		if y > 0 {
			b.WriteByte('\n')
		}
		row := c.cells[y*c.w : (y+1)*c.w]
		for x := 0; x < len(row); {
			look := t.look(row[x].s, row[x].chosen)
			b.WriteString(look.open)
			from := row[x]
			for x < len(row) && row[x].s == from.s && row[x].chosen == from.chosen {
				b.WriteRune(row[x].r)
				x++
			}
			b.WriteString(look.close)
		}
	}
	return b.String()
}

// printable replaces what a terminal would not draw in exactly one column: what
// an engine or a log says is not ours to trust.
func printable(r rune) rune {
	switch {
	case r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0xad:
		return ' '
	case r < 0x300 || r >= 0x2500 && r < 0x25a0 || r >= 0x2800 && r < 0x2900:
		return r
	case lipgloss.Width(string(r)) == 1:
		return r
	}
	return '?'
}

func count(text string) int {
	n := 0
	for range text {
		n++
	}
	return n
}

// fit cuts a text to a width, with a sign that it was cut.
func fit(text string, width int) string {
	if count(text) <= width {
		return text
	}
	if width <= 0 {
		return ""
	}
	runes := []rune(text)
	return string(runes[:width-1]) + "…"
}
