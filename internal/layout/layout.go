// SPDX-License-Identifier: MIT

// Package layout places the boxes of an architecture in columns, from the
// clients on, with the arrows between them. It draws nothing: the live view and
// the report do, in cells and in pixels.
package layout

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"systemlab/internal/record"
)

// Clients is the box that stands for whoever asks. It is no service.
const Clients = "clients"

// Rect is the place of a node, in the units of whoever draws.
type Rect struct{ X, Y, W, H int }

// Node is a box of the picture, or the place where an arrow passes a column.
type Node struct {
	Name    string // of the service; "" where an arrow only passes
	Layer   int
	In, Out []*Arrow
	Rect    Rect
	row     float64 // for sorting within the column
}

// Passing tells the place of an arrow from a box.
func (n *Node) Passing() bool { return n.Name == "" }

// Middle is the line that arrows use.
func (n *Node) Middle() int { return n.Rect.Y + (n.Rect.H-1)/2 }

// Arrow leads from one column to the next. Back says that it was turned round:
// its head is where it begins.
type Arrow struct {
	From, To *Node
	Back     bool
}

// Graph is the architecture in columns, from the clients on.
type Graph struct {
	Layers [][]*Node
	ByName map[string]*Node
	Copies map[string]string // a replica and what it copies
}

// Of sorts services into columns: each right of all that call it. What no
// request comes through (a worker fetches its work itself) stands right of what
// it calls, with its arrows turned; what calls the entry stands beside the clients.
func Of(a record.Architecture) *Graph {
	g := &Graph{ByName: map[string]*Node{}, Copies: map[string]string{}}
	for _, s := range a.Services {
		g.ByName[s.Name] = &Node{Name: s.Name, Layer: -1}
	}
	links := g.known(a.Links)
	entry := g.ByName[a.Entry]
	if entry != nil {
		g.ByName[Clients] = &Node{Name: Clients}
		g.sink(a.Entry, 1, links, map[string]bool{})
		links = append([]record.Link{{From: Clients, To: a.Entry}}, links...)
	}
	for copied, original := range g.Copies {
		if n := g.ByName[copied]; n.Layer >= 0 {
			g.sink(original, n.Layer, links, map[string]bool{})
		}
		g.ByName[copied].Layer = g.ByName[original].Layer
	}
	turned := g.placeRest(a, links)
	g.connect(links, turned)
	g.order()
	return g
}

// known are the links between services that there are. One from NAME-anything
// to NAME is a replica that follows its original: no request goes that way.
func (g *Graph) known(links []record.Link) []record.Link {
	var out []record.Link
	for _, l := range links {
		switch {
		case g.ByName[l.From] == nil || g.ByName[l.To] == nil || l.From == l.To:
		case strings.HasPrefix(l.From, l.To+"-"):
			g.Copies[l.From] = l.To
		default:
			out = append(out, l)
		}
	}
	return out
}

// sink puts a service at least that far right, and what it calls further. A
// circle of calls is cut where it closes.
func (g *Graph) sink(name string, layer int, links []record.Link, above map[string]bool) {
	n := g.ByName[name]
	if layer <= n.Layer || above[name] {
		return
	}
	n.Layer = layer
	above[name] = true
	for _, l := range links {
		if l.From == name {
			g.sink(l.To, layer+1, links, above)
		}
	}
	delete(above, name)
}

// placeRest finds a column for what the entry does not reach, and returns the
// services whose arrows are turned.
func (g *Graph) placeRest(a record.Architecture, links []record.Link) map[string]bool {
	turned := map[string]bool{}
	for range a.Services { // as often as one may have to wait for another
		for _, s := range a.Services {
			n := g.ByName[s.Name]
			if n.Layer >= 0 {
				continue
			}
			deepest, toEntry := -1, false
			for _, l := range links {
				if l.From == s.Name {
					deepest = max(deepest, g.ByName[l.To].Layer)
					toEntry = toEntry || l.To == a.Entry
				}
			}
			switch {
			case toEntry:
				n.Layer = 0
			case deepest >= 0:
				n.Layer, turned[s.Name] = deepest+1, true
			}
		}
	}
	for _, s := range a.Services { // what nothing ties to anything
		if n := g.ByName[s.Name]; n.Layer < 0 {
			n.Layer = 1
		}
	}
	return turned
}

// connect draws the arrows, through as many columns as they cross.
func (g *Graph) connect(links []record.Link, turned map[string]bool) {
	names := make([]string, 0, len(g.ByName))
	for name := range g.ByName {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		g.add(g.ByName[name])
	}
	for _, l := range links {
		from, to, back := g.ByName[l.From], g.ByName[l.To], turned[l.From]
		if back {
			from, to = to, from
		}
		if from.Layer >= to.Layer { // of a circle: its boxes say enough
			continue
		}
		for from.Layer+1 < to.Layer {
			pass := &Node{Layer: from.Layer + 1}
			g.add(pass)
			g.tie(from, pass, back)
			from = pass
		}
		g.tie(from, to, back)
	}
}

func (g *Graph) add(n *Node) {
	for len(g.Layers) <= n.Layer {
		g.Layers = append(g.Layers, nil)
	}
	g.Layers[n.Layer] = append(g.Layers[n.Layer], n)
}

func (g *Graph) tie(from, to *Node, back bool) {
	a := &Arrow{from, to, back}
	from.Out, to.In = append(from.Out, a), append(to.In, a)
}

// tries is how many orders of the columns are compared at most; stage 8 has 288.
const tries = 20_000

// order finds the order within the columns that has the fewest crossings and,
// among those, the least way up and down. With too many orders it stays at the
// names'.
func (g *Graph) order() {
	count := 1
	for i, layer := range g.Layers {
		slices.SortStableFunc(layer, byRank)
		g.Layers[i] = g.together(layer)
		for n := 2; n <= len(layer) && count <= tries; n++ {
			count *= n
		}
	}
	g.number()
	if count > tries {
		return
	}
	best, least := slices.Clone(g.Layers), g.cost()
	g.each(0, func() {
		if c := g.cost(); c < least {
			best, least = slices.Clone(g.Layers), c
		}
	})
	g.Layers = best
	g.number()
}

// byRank is the order that a column has where no arrow says otherwise.
func byRank(a, b *Node) int {
	return cmp.Or(cmp.Compare(btoi(b.Name == Clients), btoi(a.Name == Clients)), cmp.Compare(btoi(a.Passing()), btoi(b.Passing())),
		strings.Compare(a.Name, b.Name))
}

// each calls try with every order of the columns from that one on.
func (g *Graph) each(column int, try func()) {
	if column == len(g.Layers) {
		g.number()
		try()
		return
	}
	before := g.Layers[column]
	permute(slices.Clone(before), 0, func(order []*Node) {
		g.Layers[column] = g.together(order)
		g.each(column+1, try)
	})
	g.Layers[column] = before
}

func permute(nodes []*Node, from int, use func([]*Node)) {
	if from >= len(nodes)-1 {
		use(nodes)
		return
	}
	for i := from; i < len(nodes); i++ {
		nodes[from], nodes[i] = nodes[i], nodes[from]
		permute(nodes, from+1, use)
		nodes[from], nodes[i] = nodes[i], nodes[from]
	}
}

// cost of an order: a crossing is worse than any way.
func (g *Graph) cost() float64 {
	sum := 0.0
	for _, layer := range g.Layers {
		var arrows []*Arrow
		for _, n := range layer {
			arrows = append(arrows, n.Out...)
		}
		for i, a := range arrows {
			sum += math.Abs(a.From.row - a.To.row)
			for _, b := range arrows[:i] {
				if (a.From.row-b.From.row)*(a.To.row-b.To.row) < 0 {
					sum += 100
				}
			}
		}
	}
	return sum
}

// number notes each node's place, counted from its column's middle.
func (g *Graph) number() {
	for _, layer := range g.Layers {
		for i, n := range layer {
			n.row = float64(i) - float64(len(layer)-1)/2
		}
	}
}

// together puts replicas right under what they copy.
func (g *Graph) together(layer []*Node) []*Node {
	var out []*Node
	for _, n := range layer {
		if g.Copies[n.Name] != "" && slices.Contains(layer, g.ByName[g.Copies[n.Name]]) {
			continue
		}
		out = append(out, n)
		for _, m := range layer {
			if n.Name != "" && g.Copies[m.Name] == n.Name {
				out = append(out, m)
			}
		}
	}
	return out
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
