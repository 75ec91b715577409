// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"

	"systemlab/internal/analysis"
	"systemlab/internal/layout"
	"systemlab/internal/record"
	"systemlab/internal/report/chart"
)

// Sizes of the drawing, in CSS pixels.
const (
	boxWidth  = 128
	boxHeight = 62
	boxFree   = 16 // between two boxes of a column
	boxGap    = 46 // between two columns
)

// drawing is the architecture as boxes and arrows, each box with what it used.
func drawing(id string, run *record.Run) string {
	g := layout.Of(run.Architecture)
	if len(g.Layers) == 0 || len(run.Architecture.Services) == 0 {
		return ""
	}
	sizes := layout.Sizes{Gap: boxGap, Left: 2, Box: boxHeight + boxFree, Pass: 14, Copy: 6}
	for range g.Layers {
		sizes.Widths = append(sizes.Widths, boxWidth)
	}
	height := g.Place(sizes)
	width := len(g.Layers)*(boxWidth+boxGap) - boxGap + 12
	d := &draft{graph: g, run: run, uses: map[string]analysis.Use{}}
	for _, u := range analysis.Services(run) {
		d.uses[u.Service] = u
	}
	if u, ok := analysis.Bottleneck(run); ok {
		d.busiest = u.Service
	}
	d.draw()
	title := fmt.Sprintf("The architecture of stage %d, %s", run.Stage.Number, run.Stage.Title)
	// A small architecture isn't blown up to the width of the page.
	svg := chart.Frame(id, title, d.words(), float64(width), float64(height+8), d.String())
	return strings.Replace(svg, "<svg ", fmt.Sprintf(`<svg style="max-width:%dpx" `, width), 1)
}

// draft collects the drawing's elements.
type draft struct {
	strings.Builder
	graph   *layout.Graph
	run     *record.Run
	uses    map[string]analysis.Use
	busiest string // the service that is nearest its limit
}

func (d *draft) add(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }

func (d *draft) draw() {
	for _, layer := range d.graph.Layers {
		for _, n := range layer {
			if n.Passing() {
				y := n.Middle()
				d.add(`<path class="wire" d="M%d %dH%d"/>`, n.Rect.X, y, n.Rect.X+n.Rect.W)
			}
			for _, a := range n.Out {
				d.arrow(a)
			}
		}
	}
	for _, copied := range slices.Sorted(maps.Keys(d.graph.Copies)) {
		d.follow(d.graph.ByName[copied], d.graph.ByName[d.graph.Copies[copied]])
	}
	for _, layer := range d.graph.Layers {
		for _, n := range layer {
			switch {
			case n.Passing():
			case n.Name == layout.Clients:
				d.clients(n)
			default:
				d.box(n)
			}
		}
	}
}

// stacked is how far the outlines of further replicas stand out.
const stacked = 4

// arrow runs from the right edge of one box to the left edge of the next.
func (d *draft) arrow(a *layout.Arrow) {
	x0, y0, x1, y1 := a.From.Rect.X+a.From.Rect.W, a.From.Middle(), a.To.Rect.X, a.To.Middle()
	if d.uses[a.From.Name].Replicas > 1 {
		x0 += stacked
	}
	head := ""
	switch {
	case a.Back && !a.From.Passing():
		head = fmt.Sprintf(`<path class="head" d="M%d %dl8 -4v8z"/>`, x0, y0)
		x0 += 6
	case !a.Back && !a.To.Passing():
		head = fmt.Sprintf(`<path class="head" d="M%d %dl-8 -4v8z"/>`, x1, y1)
		x1 -= 6
	}
	bend := (x1 - x0) / 2
	d.add(`<path class="wire" d="M%d %dC%d %d %d %d %d %d"/>%s`, x0, y0, x0+bend, y0, x1-bend, y1, x1, y1, head)
}

// follow ties a replica to what it copies: no request goes that way.
func (d *draft) follow(replica, original *layout.Node) {
	r, o := replica.Rect, original.Rect
	if replica.Layer != original.Layer {
		return
	}
	x := r.X + r.W/2
	d.add(`<path class="wire copies" d="M%d %dV%d"/><path class="head" d="M%d %dl-4 8h8z"/>`, x, r.Y+boxFree/2, o.Y+o.H-boxFree/2+6, x, o.Y+o.H-boxFree/2)
}

func (d *draft) clients(n *layout.Node) {
	r := n.Rect
	d.add(`<rect class="outside" x="%d" y="%d" width="%d" height="%d" rx="31"/>`, r.X, r.Y+boxFree/2, r.W, boxHeight)
	d.line(n, 0, "name", "clients")
	d.line(n, 1, "", Rate(d.run.Summary.Rate.Sent)+"/s")
}

func (d *draft) box(n *layout.Node) {
	r, u := n.Rect, d.uses[n.Name]
	class := "box"
	if n.Name == d.busiest {
		class += " busiest"
	}
	for i := range min(max(u.Replicas, 1), 3) - 1 {
		off := stacked * (min(u.Replicas, 3) - 1 - i) / 2
		d.add(`<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="5"/>`, class, r.X+off, r.Y+boxFree/2+off, r.W, boxHeight)
	}
	d.add(`<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="5"/>`, class, r.X, r.Y+boxFree/2, r.W, boxHeight)
	name := n.Name
	if u.Replicas > 1 {
		name = fmt.Sprintf("%s ×%d", shorten(n.Name, 13), u.Replicas)
	}
	d.line(n, 0, "name", shorten(name, 18))
	if u.Replicas == 0 {
		d.line(n, 1, "", "not measured")
		return
	}
	d.line(n, 1, "", coresWords(u))
	throttled := ""
	if u.ThrottledRatio > 0 && plausible(u.ThrottledRatio) {
		throttled = " · thr " + Percent(u.ThrottledRatio)
	}
	if share := u.Utilisation(); share > 0 && plausible(share) {
		d.line(n, 2, "", Percent(share)+throttled)
		d.add(`<rect class="free" x="%d" y="%d" width="%d" height="4"/><rect class="used" x="%[1]d" y="%[2]d" width="%.1[4]f" height="4"/>`,
			r.X+6, r.Y+boxFree/2+boxHeight-8, r.W-12, float64(r.W-12)*min(share, 1))
	}
}

func coresWords(u analysis.Use) string {
	if u.LimitCores > 0 && plausible(u.LimitCores) {
		return fmt.Sprintf("%s of %s cores", Cores(u.Cores), limit(u.LimitCores))
	}
	return Cores(u.Cores) + " cores"
}

// line writes the i-th line of a box.
func (d *draft) line(n *layout.Node, i int, class, text string) {
	d.add(`<text class="%s" x="%d" y="%d" text-anchor="middle">%s</text>`, class, n.Rect.X+n.Rect.W/2, n.Rect.Y+boxFree/2+17+16*i, html.EscapeString(text))
}

// words say what the drawing shows.
func (d *draft) words() string {
	var b strings.Builder
	if e := d.run.Architecture.Entry; e != "" {
		fmt.Fprintf(&b, "Clients enter by %s. ", e)
	}
	for _, l := range d.run.Architecture.Links {
		fmt.Fprintf(&b, "%s calls %s. ", l.From, l.To)
	}
	if d.busiest != "" {
		fmt.Fprintf(&b, "Nearest its limit is %s, at %s.", d.busiest, Percent(d.uses[d.busiest].Utilisation()))
	}
	return strings.TrimSpace(b.String())
}
