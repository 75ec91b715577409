// SPDX-License-Identifier: MIT

package layout

import "slices"

// Sizes say how much room a drawing gives, in its own units.
type Sizes struct {
	Widths []int // of each column
	Gap    int   // between two columns
	Left   int   // before the first
	Box    int   // height of a box, with what stays free around it
	Pass   int   // height of the place where an arrow passes
	Copy   int   // above a replica: room for the arrow to what it copies
}

// DropFirst takes the first column away.
func (g *Graph) DropFirst() {
	for _, n := range g.Layers[0] {
		for _, a := range n.Out {
			a.To.In = slices.DeleteFunc(a.To.In, func(b *Arrow) bool { return a == b })
		}
	}
	g.Layers = g.Layers[1:]
}

// Place gives each node its rectangle, and returns the height of the whole. The
// tallest column is stacked; from it to both sides each node goes as near to the
// middle of its neighbours as it can.
func (g *Graph) Place(s Sizes) (height int) {
	tallest := 0
	x := s.Left
	for i, layer := range g.Layers {
		y := 0
		for _, n := range layer {
			h := s.Box
			if n.Passing() {
				h = s.Pass
			}
			y += g.space(n, s)
			n.Rect = Rect{x, y, s.Widths[i], h}
			y += h
		}
		if y > height {
			height, tallest = y, i
		}
		x += s.Widths[i] + s.Gap
	}
	for i := tallest - 1; i >= 0; i-- {
		g.settle(i, height, s, func(n *Node) []*Arrow { return n.Out }, func(a *Arrow) *Node { return a.To })
	}
	for i := tallest + 1; i < len(g.Layers); i++ {
		g.settle(i, height, s, func(n *Node) []*Arrow { return n.In }, func(a *Arrow) *Node { return a.From })
	}
	return height
}

// space stays free above a node.
func (g *Graph) space(n *Node, s Sizes) int {
	if g.Copies[n.Name] != "" {
		return s.Copy
	}
	return 0
}

// settle moves the nodes of one column beside their neighbours, in their order.
func (g *Graph) settle(column, height int, s Sizes, arrows func(*Node) []*Arrow, neighbour func(*Arrow) *Node) {
	layer := g.Layers[column]
	below := 0 // room that the rest of the column needs
	for _, n := range layer {
		below += g.space(n, s) + n.Rect.H
	}
	top := 0
	for _, n := range layer {
		below -= g.space(n, s) + n.Rect.H
		top += g.space(n, s)
		want := top
		if next := arrows(n); g.Copies[n.Name] != "" {
			want = top
		} else if len(next) > 0 {
			sum := 0
			for _, a := range next {
				sum += neighbour(a).Middle()
			}
			want = sum/len(next) - (n.Rect.H-1)/2
		} else if len(layer) == 1 {
			want = (height - n.Rect.H) / 2
		}
		n.Rect.Y = min(max(want, top), height-below-n.Rect.H)
		top = n.Rect.Y + n.Rect.H
	}
}
