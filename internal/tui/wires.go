// SPDX-License-Identifier: MIT

package tui

import "systemlab/internal/layout"

// Lines of arrows are kept as directions until all are drawn, so that they join.
const (
	up = 1 << iota
	down
	toLeft
	toRight
)

var joints = [16]rune{
	0: ' ', up: '│', down: '│', up | down: '│', toLeft: '─', toRight: '─', toLeft | toRight: '─',
	up | toLeft: '╯', up | toRight: '╰', down | toLeft: '╮', down | toRight: '╭',
	up | down | toLeft: '┤', up | down | toRight: '├', toLeft | toRight | up: '┴', toLeft | toRight | down: '┬',
	up | down | toLeft | toRight: '┼',
}

// wires collects the arrows' lines by place.
type wires struct {
	at    map[[2]int]int
	heads map[[2]int]rune
}

func (w *wires) across(y, x0, x1 int) {
	for x := x0; x <= x1; x++ {
		if x > x0 {
			w.at[[2]int{x, y}] |= toLeft
		}
		if x < x1 {
			w.at[[2]int{x, y}] |= toRight
		}
	}
}

func (w *wires) along(x, y0, y1 int) {
	for y := min(y0, y1); y <= max(y0, y1); y++ {
		if y > min(y0, y1) {
			w.at[[2]int{x, y}] |= up
		}
		if y < max(y0, y1) {
			w.at[[2]int{x, y}] |= down
		}
	}
}

// arrows draws all lines. Within a gap each box that branches has a column of
// its own for the way up and down, as far as there are columns.
func (p *picture) arrows(c *screen, x0, y0 int) {
	w := &wires{at: map[[2]int]int{}, heads: map[[2]int]rune{}}
	for _, layer := range p.graph.Layers {
		lane := 0
		for _, n := range layer {
			if n.Passing() {
				w.across(n.Middle(), n.Rect.X-1, n.Rect.X+n.Rect.W)
			}
			bends := false
			for _, a := range n.Out {
				w.wire(a, lane)
				bends = bends || a.To.Middle() != n.Middle()
			}
			if bends {
				lane++
			}
		}
	}
	for replica, original := range p.graph.Copies {
		r, o := p.graph.ByName[replica].Rect, p.graph.ByName[original].Rect
		for y := o.Y + o.H; y < r.Y; y++ {
			w.heads[[2]int{r.X + r.W/2, y}] = '▲'
		}
	}
	for at, mask := range w.at {
		c.set(x0+at[0], y0+at[1], joints[mask], dim)
	}
	for at, head := range w.heads {
		c.set(x0+at[0], y0+at[1], head, dim)
	}
}

func (w *wires) wire(a *layout.Arrow, lane int) {
	from, to := a.From.Rect.X+a.From.Rect.W, a.To.Rect.X-1
	bend := from + 1 + lane%max(to-from-1, 1)
	w.across(a.From.Middle(), from, bend)
	w.along(bend, a.From.Middle(), a.To.Middle())
	w.across(a.To.Middle(), bend, to)
	// Where a line only touches a box it begins in its frame.
	w.at[[2]int{from, a.From.Middle()}] |= toLeft
	w.at[[2]int{to, a.To.Middle()}] |= toRight
	if !a.Back && !a.To.Passing() {
		w.heads[[2]int{to, a.To.Middle()}] = '▶'
	}
	if a.Back && !a.From.Passing() {
		w.heads[[2]int{from, a.From.Middle()}] = '◀'
	}
}
