// SPDX-License-Identifier: MIT

package tui

import (
	"fmt"
	"maps"
	"slices"

	"systemlab/internal/record"
)

// tierSpan is over how many seconds the time of a tier is a mean.
const tierSpan = 10

// tier is the time that answers say they spent in one place.
type tier struct {
	name string
	mean float64
}

// tiers of the last seconds, each window weighted by its answers.
func (s *State) tiers() []tier {
	sum, answers := map[string]float64{}, map[string]float64{}
	for i := range s.windows.len() {
		w := s.windows.at(i)
		if end(w) <= s.Clock-tierSpan {
			continue
		}
		for name, v := range w.TierMean {
			sum[name] += v * float64(w.OK+w.Failed)
			answers[name] += float64(w.OK + w.Failed)
		}
	}
	var out []tier
	for _, name := range slices.Sorted(maps.Keys(sum)) {
		if answers[name] > 0 {
			out = append(out, tier{name, sum[name] / answers[name]})
		}
	}
	return out
}

// endpoint is one endpoint over the last seconds: a count, and the newest
// percentiles that there are.
type endpoint struct {
	name       string
	ok, failed int
	p50, p99   float64
}

func (s *State) endpoints() (list []endpoint, seconds float64) {
	found := map[string]*endpoint{}
	for i := range s.windows.len() {
		w := s.windows.at(i)
		if end(w) <= s.Clock-tierSpan {
			continue
		}
		seconds += w.Seconds
		for name, v := range w.Endpoints {
			e := found[name]
			if e == nil {
				e = &endpoint{name: name}
				found[name] = e
			}
			e.ok += v.OK
			e.failed += v.Failed
			if v.OK+v.Failed > 0 {
				e.p50, e.p99 = v.P50, v.P99
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		list = append(list, *found[name])
	}
	return list, seconds
}

// gauge is a figure that a box has besides its CPU, with its past.
type gauge struct {
	name, value string
	look        style
	past        []float64
}

func (s *State) gauges() []gauge {
	var out []gauge
	var hits []float64
	for i := range s.windows.len() {
		if w := s.windows.at(i); w.CacheHits+w.CacheMiss > 0 {
			hits = append(hits, float64(w.CacheHits)/float64(w.CacheHits+w.CacheMiss))
		}
	}
	if len(hits) > 0 {
		out = append(out, gauge{"cache hits", percent(hits[len(hits)-1]), good, hits})
	}
	if q := s.queue.last(); q != nil {
		g := gauge{name: "queue", look: line2, value: fmt.Sprintf("%d wait, %d in hand, %d workers", q.Depth, q.Unacknowledged, q.Consumers)}
		for i := range s.queue.len() {
			g.past = append(g.past, float64(s.queue.at(i).Depth))
		}
		out = append(out, g)
	}
	if r := s.replication.last(); r != nil {
		out = append(out, s.lagGauge(r))
	}
	return out
}

func (s *State) lagGauge(r *record.Replication) gauge {
	g := gauge{name: "replica lag", look: line3, value: lag(r) + ", " + size(float64(r.LagBytes)) + " behind"}
	if r.Replicas == 0 {
		g.value, g.look = "no replica streams", bad
	}
	for i := range s.replication.len() {
		g.past = append(g.past, max(s.replication.at(i).LagSeconds, 0))
	}
	return g
}

// latencyRows is how many lines the pane can use below its title.
func (s *State) latencyRows() int {
	endpoints, _ := s.endpoints()
	n := len(s.tiers()) + len(s.gauges())
	if len(endpoints) > 0 {
		n += len(endpoints) + 1
	}
	return max(n, 1)
}

func drawLatency(c *screen, s *State, v *View, r rect) {
	rule(c, v, r, latencyPane, fmt.Sprintf("where time goes, last %d s", tierSpan))
	y, last := r.y+1, r.y+r.h
	endpoints, seconds := s.endpoints()
	tiers, gauges := s.tiers(), s.gauges()
	if len(endpoints)+len(tiers)+len(gauges) == 0 {
		c.text(r.x+1, y, faint, "no answers yet")
		return
	}
	for _, g := range gauges {
		if y < last {
			drawGauge(c, g, r, y)
			y++
		}
	}
	most := 0.0
	for _, t := range tiers {
		most = max(most, t.mean)
	}
	for _, t := range tiers {
		if y < last {
			drawTier(c, t, most, r, y)
			y++
		}
	}
	drawEndpoints(c, endpoints, seconds, rect{r.x, y, r.w, last - y})
}

const labelWidth = 14

func drawTier(c *screen, t tier, most float64, r rect, y int) {
	c.text(r.x+1, y, dim, fit("in "+t.name, labelWidth-1))
	c.right(r.x+labelWidth+9, y, plain, duration(t.mean))
	w := r.w - labelWidth - 12
	length := 0
	if most > 0 {
		length = max(int(t.mean/most*float64(w)+0.5), 1)
	}
	for i := range length {
		c.set(r.x+labelWidth+11+i, y, '━', line1)
	}
}

func drawGauge(c *screen, g gauge, r rect, y int) {
	c.text(r.x+1, y, dim, g.name)
	x := r.x + labelWidth + 1
	if count(g.value) <= 8 {
		c.right(r.x+labelWidth+9, y, g.look, g.value)
		x = r.x + labelWidth + 9
	} else {
		x = c.text(x, y, g.look, fit(g.value, r.w-labelWidth-2))
	}
	spark(c, x+2, y, r.x+r.w-1-x-2, g)
}

var levels = []rune("▁▂▃▄▅▆▇█")

// spark draws the newest values as columns, from zero to the greatest.
func spark(c *screen, x, y, w int, g gauge) {
	if w < 4 {
		return
	}
	past := g.past[max(len(g.past)-w, 0):]
	most := slices.Max(append([]float64{1e-9}, past...))
	for i, p := range past {
		c.set(x+i, y, levels[min(int(p/most*float64(len(levels)-1)+0.5), len(levels)-1)], g.look)
	}
}

func drawEndpoints(c *screen, list []endpoint, seconds float64, r rect) {
	if len(list) == 0 || r.h < 2 || seconds <= 0 {
		return
	}
	at := []int{r.x + 24, r.x + 33, r.x + 43, r.x + 53}
	for i, head := range []string{"rate", "failed", "p50", "p99"} {
		if at[i] < r.x+r.w {
			c.right(at[i], r.y, dim, head)
		}
	}
	c.text(r.x+1, r.y, dim, "endpoint")
	for i, e := range list {
		y := r.y + 1 + i
		if y >= r.y+r.h {
			return
		}
		look := dim
		if e.failed > 0 {
			look = bad
		}
		c.text(r.x+1, y, plain, fit(e.name, 15))
		c.right(at[0], y, plain, rate(float64(e.ok+e.failed)/seconds))
		for j, cell := range []struct {
			text string
			look style
		}{{rate(float64(e.failed) / seconds), look}, {duration(e.p50), line1}, {duration(e.p99), line3}} {
			if at[j+1] < r.x+r.w {
				c.right(at[j+1], y, cell.look, cell.text)
			}
		}
	}
}
