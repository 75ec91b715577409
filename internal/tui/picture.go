// SPDX-License-Identifier: MIT

package tui

import (
	"slices"

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
	graph  *layout
	width  int
	height int
	box    int // height of a box
}

// newPicture fits the architecture into w columns, with boxes of that height;
// nil where there is no room for it. The column of the clients goes first.
func newPicture(a record.Architecture, w, boxHeight int) *picture {
	g := layOut(a)
	if len(g.layers) == 0 {
		return nil
	}
	widths := make([]int, len(g.layers))
	for i, layer := range g.layers {
		widths[i] = naturalWidth(layer, a)
	}
	gap := maxGap
	if total(widths, minGap) > w && len(g.layers) > 1 && g.byName[clients] != nil {
		g.dropOutside()
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
	p := &picture{graph: g, width: total(widths, gap), box: boxHeight}
	p.place(widths, gap, (w-p.width)/2)
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
func naturalWidth(layer []*node, a record.Architecture) int {
	w := likeBox
	for _, n := range layer {
		w = max(w, count(n.name)+5)
		for _, s := range a.Services {
			if s.Name == n.name && s.Replicas > 1 {
				w = max(w, count(n.name)+8)
			}
		}
	}
	return min(w, maxBox)
}

// dropOutside takes the first column away: the clients and the door, whose load
// the line of figures says too.
func (g *layout) dropOutside() {
	for _, n := range g.layers[0] {
		for _, a := range n.out {
			a.to.in = slices.DeleteFunc(a.to.in, func(b *arrow) bool { return a == b })
		}
	}
	g.layers = g.layers[1:]
}

// place gives each node its rectangle. The tallest column is stacked; from it
// to both sides each node goes as near to the middle of its neighbours as it can.
func (p *picture) place(widths []int, gap, left int) {
	layers := p.graph.layers
	tallest := 0
	x := left
	for i, layer := range layers {
		y := 0
		for _, n := range layer {
			h := p.box
			if n.passing() {
				h = 1
			}
			y += p.graph.space(n)
			n.rect = rect{x, y, widths[i], h}
			y += h
		}
		if y > p.height {
			p.height, tallest = y, i
		}
		x += widths[i] + gap
	}
	for i := tallest - 1; i >= 0; i-- {
		p.settle(layers[i], func(n *node) []*arrow { return n.out }, func(a *arrow) *node { return a.to })
	}
	for i := tallest + 1; i < len(layers); i++ {
		p.settle(layers[i], func(n *node) []*arrow { return n.in }, func(a *arrow) *node { return a.from })
	}
}

// space is how many lines stay free above a node: one for the arrow of a replica
// to what it copies.
func (g *layout) space(n *node) int { return btoi(g.copies[n.name] != "") }

// settle moves the nodes of one column beside their neighbours, in their order.
func (p *picture) settle(layer []*node, arrows func(*node) []*arrow, neighbour func(*arrow) *node) {
	below := 0 // room that the rest of the column needs
	for _, n := range layer {
		below += p.graph.space(n) + n.rect.h
	}
	top := 0
	for _, n := range layer {
		below -= p.graph.space(n) + n.rect.h
		top += p.graph.space(n)
		want := top
		if next := arrows(n); p.graph.copies[n.name] != "" {
			want = top
		} else if len(next) > 0 {
			sum := 0
			for _, a := range next {
				sum += neighbour(a).middle()
			}
			want = sum/len(next) - (n.rect.h-1)/2
		} else if len(layer) == 1 {
			want = (p.height - n.rect.h) / 2
		}
		n.rect.y = min(max(want, top), p.height-below-n.rect.h)
		top = n.rect.y + n.rect.h
	}
}

func (p *picture) draw(c *screen, s *State, v *View, x0, y0 int) {
	p.arrows(c, x0, y0)
	busiest := s.busiest()
	for _, layer := range p.graph.layers {
		for _, n := range layer {
			r := n.rect
			r.x, r.y = r.x+x0, r.y+y0
			switch {
			case n.passing():
			case n.name == clients:
				drawClients(c, r, s)
			default:
				drawBox(c, r, s, v, n.name, n.name == busiest)
			}
		}
	}
}

var (
	thin  = [6]rune{'╭', '╮', '╰', '╯', '─', '│'}
	heavy = [6]rune{'┏', '┓', '┗', '┛', '━', '┃'}
)
