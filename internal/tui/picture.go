// SPDX-License-Identifier: MIT

package tui

import (
	"slices"

	"systemlab/internal/layout"
	"systemlab/internal/record"
)

// Sizes of the picture's parts.
const (
	minBox, maxBox = 10, 24 // width of a box, its frame included
	likeBox        = 12     // has room for "thr 12%" in its frame
	wideBox        = 17     // has room for "0.123 of 0.25" in a second line
	minGap, maxGap = 3, 8   // between two columns: out of a box, a line down, an arrow's head
)

// picture is the architecture with a place for everything.
type picture struct {
	graph  *layout.Graph
	width  int
	height int
}

// newPicture fits the architecture into w columns, with boxes of that height;
// nil where there is no room for it. The column of the clients goes first.
func newPicture(a record.Architecture, w, boxHeight int) *picture {
	g := layout.Of(a)
	if len(g.Layers) == 0 {
		return nil
	}
	widths := make([]int, len(g.Layers))
	for i, layer := range g.Layers {
		widths[i] = naturalWidth(layer, a)
	}
	gap := maxGap
	if total(widths, minGap) > w && len(g.Layers) > 1 && g.ByName[layout.Clients] != nil {
		g.DropFirst() // the clients and the door, whose load the line of figures says too
		widths = widths[1:]
	}
	for gap > minGap && total(widths, gap) > w {
		gap--
	}
	for total(widths, gap) > w {
		i := slices.Index(widths, slices.Max(widths))
		if widths[i] <= minBox {
			return nil
		}
		widths[i]--
	}
	for slices.Min(widths) < maxBox && total(widths, gap)+len(widths) <= w {
		for i := range widths {
			widths[i] = min(widths[i]+1, maxBox)
		}
	}
	if boxHeight > 3 && slices.Min(widths) < wideBox {
		return nil
	}
	p := &picture{graph: g, width: total(widths, gap)}
	p.height = g.Place(layout.Sizes{Widths: widths, Gap: gap, Left: (w - p.width) / 2, Box: boxHeight, Pass: 1, Copy: 1})
	return p
}

func total(widths []int, gap int) int {
	sum := gap * (len(widths) - 1)
	for _, w := range widths {
		sum += w
	}
	return sum
}

// naturalWidth leaves room for the longest title of a column: " name ×3 ".
func naturalWidth(layer []*layout.Node, a record.Architecture) int {
	w := likeBox
	for _, n := range layer {
		w = max(w, count(n.Name)+5)
		for _, s := range a.Services {
			if s.Name == n.Name && s.Replicas > 1 {
				w = max(w, count(n.Name)+8)
			}
		}
	}
	return min(w, maxBox)
}

func (p *picture) draw(c *screen, s *State, v *View, x0, y0 int) {
	p.arrows(c, x0, y0)
	busiest := s.busiest()
	for _, layer := range p.graph.Layers {
		for _, n := range layer {
			r := rect{n.Rect.X + x0, n.Rect.Y + y0, n.Rect.W, n.Rect.H}
			switch {
			case n.Passing():
			case n.Name == layout.Clients:
				drawClients(c, r, s)
			default:
				drawBox(c, r, s, v, n.Name, n.Name == busiest)
			}
		}
	}
}

var (
	thin  = [6]rune{'╭', '╮', '╰', '╯', '─', '│'}
	heavy = [6]rune{'┏', '┓', '┗', '┛', '━', '┃'}
)
