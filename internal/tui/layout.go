// SPDX-License-Identifier: MIT

package tui

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"systemlab/internal/record"
)

// clients is the box that stands for whoever asks. It is no service.
const clients = "clients"

// node is a box of the picture, or the place where an arrow passes a column.
type node struct {
	name    string // of the service; "" where an arrow only passes
	layer   int
	row     float64 // for sorting within the column
	in, out []*arrow
	rect    rect
}

func (n *node) passing() bool { return n.name == "" }

// middle is the line that arrows use.
func (n *node) middle() int { return n.rect.y + (n.rect.h-1)/2 }

// arrow leads from one column to the next. Back says that it was turned round:
// its head is where it begins.
type arrow struct {
	from, to *node
	back     bool
}

// layout is the architecture in columns, from the clients on.
type layout struct {
	layers [][]*node
	byName map[string]*node
	copies map[string]string // a replica and what it copies
}

// layOut sorts services into columns: each right of all that call it. What no
// request comes through (a worker fetches its work itself) stands right of what
// it calls, with its arrows turned; what calls the entry stands beside the clients.
func layOut(a record.Architecture) *layout {
	g := &layout{byName: map[string]*node{}, copies: map[string]string{}}
	for _, s := range a.Services {
		g.byName[s.Name] = &node{name: s.Name, layer: -1}
	}
	links := g.known(a.Links)
	entry := g.byName[a.Entry]
	if entry != nil {
		g.byName[clients] = &node{name: clients}
		g.sink(a.Entry, 1, links, map[string]bool{})
		links = append([]record.Link{{From: clients, To: a.Entry}}, links...)
	}
	for copied, original := range g.copies {
		if n := g.byName[copied]; n.layer >= 0 {
			g.sink(original, n.layer, links, map[string]bool{})
		}
		g.byName[copied].layer = g.byName[original].layer
	}
	turned := g.placeRest(a, links)
	g.connect(links, turned)
	g.order()
	return g
}

// known are the links between services that there are. One from NAME-anything
// to NAME is a replica that follows its original: no request goes that way.
func (g *layout) known(links []record.Link) []record.Link {
	var out []record.Link
	for _, l := range links {
		switch {
		case g.byName[l.From] == nil || g.byName[l.To] == nil || l.From == l.To:
		case strings.HasPrefix(l.From, l.To+"-"):
			g.copies[l.From] = l.To
		default:
			out = append(out, l)
		}
	}
	return out
}

// sink puts a service at least that far right, and what it calls further. A
// circle of calls is cut where it closes.
func (g *layout) sink(name string, layer int, links []record.Link, above map[string]bool) {
	n := g.byName[name]
	if layer <= n.layer || above[name] {
		return
	}
	n.layer = layer
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
func (g *layout) placeRest(a record.Architecture, links []record.Link) map[string]bool {
	turned := map[string]bool{}
	for range a.Services { // as often as one may have to wait for another
		for _, s := range a.Services {
			n := g.byName[s.Name]
			if n.layer >= 0 {
				continue
			}
			deepest, toEntry := -1, false
			for _, l := range links {
				if l.From == s.Name {
					deepest = max(deepest, g.byName[l.To].layer)
					toEntry = toEntry || l.To == a.Entry
				}
			}
			switch {
			case toEntry:
				n.layer = 0
			case deepest >= 0:
				n.layer, turned[s.Name] = deepest+1, true
			}
		}
	}
	for _, s := range a.Services { // what nothing ties to anything
		if n := g.byName[s.Name]; n.layer < 0 {
			n.layer = 1
		}
	}
	return turned
}

// connect draws the arrows, through as many columns as they cross.
func (g *layout) connect(links []record.Link, turned map[string]bool) {
	names := make([]string, 0, len(g.byName))
	for name := range g.byName {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		g.add(g.byName[name])
	}
	for _, l := range links {
		from, to, back := g.byName[l.From], g.byName[l.To], turned[l.From]
		if back {
			from, to = to, from
		}
		if from.layer >= to.layer { // of a circle: its boxes say enough
			continue
		}
		for from.layer+1 < to.layer {
			pass := &node{layer: from.layer + 1}
			g.add(pass)
			g.tie(from, pass, back)
			from = pass
		}
		g.tie(from, to, back)
	}
}

func (g *layout) add(n *node) {
	for len(g.layers) <= n.layer {
		g.layers = append(g.layers, nil)
	}
	g.layers[n.layer] = append(g.layers[n.layer], n)
}

func (g *layout) tie(from, to *node, back bool) {
	a := &arrow{from, to, back}
	from.out, to.in = append(from.out, a), append(to.in, a)
}

// tries is how many orders of the columns are compared at most; stage 8 has 288.
const tries = 20_000

// order finds the order within the columns that has the fewest crossings and,
// among those, the least way up and down. With too many orders it stays at the
// names'.
func (g *layout) order() {
	count := 1
	for i, layer := range g.layers {
		slices.SortStableFunc(layer, byRank)
		g.layers[i] = g.together(layer)
		for n := 2; n <= len(layer) && count <= tries; n++ {
			count *= n
		}
	}
	g.number()
	if count > tries {
		return
	}
	best, least := slices.Clone(g.layers), g.cost()
	g.each(0, func() {
		if c := g.cost(); c < least {
			best, least = slices.Clone(g.layers), c
		}
	})
	g.layers = best
	g.number()
}

// byRank is the order that a column has where no arrow says otherwise.
func byRank(a, b *node) int {
	return cmp.Or(cmp.Compare(btoi(b.name == clients), btoi(a.name == clients)), cmp.Compare(btoi(a.passing()), btoi(b.passing())),
		strings.Compare(a.name, b.name))
}

// each calls try with every order of the columns from that one on.
func (g *layout) each(column int, try func()) {
	if column == len(g.layers) {
		g.number()
		try()
		return
	}
	before := g.layers[column]
	permute(slices.Clone(before), 0, func(order []*node) {
		g.layers[column] = g.together(order)
		g.each(column+1, try)
	})
	g.layers[column] = before
}

func permute(nodes []*node, from int, use func([]*node)) {
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
func (g *layout) cost() float64 {
	sum := 0.0
	for _, layer := range g.layers {
		var arrows []*arrow
		for _, n := range layer {
			arrows = append(arrows, n.out...)
		}
		for i, a := range arrows {
			sum += math.Abs(a.from.row - a.to.row)
			for _, b := range arrows[:i] {
				if (a.from.row-b.from.row)*(a.to.row-b.to.row) < 0 {
					sum += 100
				}
			}
		}
	}
	return sum
}

// number notes each node's place, counted from its column's middle.
func (g *layout) number() {
	for _, layer := range g.layers {
		for i, n := range layer {
			n.row = float64(i) - float64(len(layer)-1)/2
		}
	}
}

// together puts replicas right under what they copy.
func (g *layout) together(layer []*node) []*node {
	var out []*node
	for _, n := range layer {
		if g.copies[n.name] != "" && slices.Contains(layer, g.byName[g.copies[n.name]]) {
			continue
		}
		out = append(out, n)
		for _, m := range layer {
			if n.name != "" && g.copies[m.name] == n.name {
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
