// SPDX-License-Identifier: MIT

package tui

import (
	"fmt"
	"strconv"
	"strings"

	"systemlab/internal/layout"
	"systemlab/internal/record"
)

// service sums up one service's containers, as its box shows them.
type service struct {
	record.Service
	boxes                          []*box
	running, gone, paused, unwell  int
	cores, throttled, limit, share float64 // share is negative without a limit or figures
	roles, faults                  []string
}

func (s *State) service(name string) service {
	v := service{share: -1}
	for _, a := range s.Stack.Architecture.Services {
		if a.Name == name {
			v.Service = a
		}
	}
	for _, b := range s.list() {
		if b.Service == name {
			v.add(b, b.now(s.Clock))
		}
	}
	v.gone = max(v.gone, v.Replicas-v.running-v.paused)
	v.limit = v.LimitCores * float64(max(v.running+v.paused, 1))
	if n := v.running; n > 0 {
		v.throttled /= float64(n)
	}
	return v
}

func (v *service) add(b *box, u use) {
	v.boxes = append(v.boxes, b)
	switch b.State {
	case "running":
		v.running++
	case "paused":
		v.paused++
	default:
		v.gone++
	}
	if b.State == "running" && b.Health == "unhealthy" { // what is gone or paused is that alone
		v.unwell++
	}
	if u.known {
		v.cores += u.cores
		v.throttled += u.throttled
		v.share = max(v.share, 0)
	}
	for _, f := range b.Faults {
		if b.Replica > 0 && v.Replicas > 1 {
			f += " on " + strconv.Itoa(b.Replica)
		}
		v.faults = append(v.faults, f)
	}
	for _, r := range b.Roles {
		if r == v.Name || len(b.Roles) > 0 && r == strings.TrimPrefix(v.Name, "postgres-") {
			continue // a replica that is called one needs no sign
		}
		if b.Replica > 0 && v.Replicas > 1 {
			r += " on " + strconv.Itoa(b.Replica)
		}
		v.roles = append(v.roles, r)
	}
}

// load is how much of what it may use a service uses.
func (v *service) load() float64 {
	if v.share < 0 || v.limit <= 0 {
		return -1
	}
	return v.cores / v.limit
}

// busiest is the service nearest its limit, if any is worth a look.
func (s *State) busiest() string {
	name, most := "", 0.05
	for _, a := range s.Stack.Architecture.Services {
		v := s.service(a.Name)
		if l := v.load(); l > most {
			name, most = a.Name, l
		}
	}
	return name
}

// mark is a sign on a box, in words that fit and in fewer.
type mark struct {
	words, short string
	look         style
}

// marks are what is wrong with a service, the worst first, and the roles.
func (v *service) marks() []mark {
	var out []mark
	add := func(n int, what string) {
		words := what
		if n > 1 || v.Replicas > 1 {
			words = fmt.Sprintf("%d %s", n, what)
		}
		if n > 0 {
			out = append(out, mark{words, words, bad})
		}
	}
	add(v.gone, "gone")
	add(v.paused, "paused")
	add(v.unwell, "unhealthy")
	for _, f := range v.faults {
		out = append(out, mark{f, strings.Replace(f, " on ", " ", 1), bad})
	}
	for _, r := range v.roles {
		out = append(out, mark{r, strings.Replace(r, " on ", " ", 1), role})
	}
	if v.throttled >= 0.01 {
		out = append(out, mark{"throttled " + percent(v.throttled), "thr " + percent(v.throttled), heat(0.5 + v.throttled)})
	}
	return out
}

// drawMarks writes as many marks as fit into the lower edge of a box, in long
// words if all fit so.
func (v *service) drawMarks(c *screen, r rect) {
	marks := v.marks()
	long := 0
	for _, m := range marks {
		long += count(m.words) + 1
	}
	x, y, last := r.x+1, r.y+r.h-1, r.x+r.w-2
	for i, m := range marks {
		words := m.short
		if long+1 <= r.w-2 {
			words = m.words
		}
		if i > 0 && x+count(words)+1 > last {
			return
		}
		c.set(x, y, ' ', plain)
		x = c.text(x+1, y, m.look, fit(words, last-x-1))
		c.set(x, y, ' ', plain)
	}
}

// border draws a frame with a title in its upper edge.
func border(c *screen, r rect, set [6]rune, s style) {
	for x := r.x + 1; x < r.x+r.w-1; x++ {
		c.set(x, r.y, set[4], s)
		c.set(x, r.y+r.h-1, set[4], s)
	}
	for y := r.y + 1; y < r.y+r.h-1; y++ {
		c.set(r.x, y, set[5], s)
		c.set(r.x+r.w-1, y, set[5], s)
	}
	c.set(r.x, r.y, set[0], s)
	c.set(r.x+r.w-1, r.y, set[1], s)
	c.set(r.x, r.y+r.h-1, set[2], s)
	c.set(r.x+r.w-1, r.y+r.h-1, set[3], s)
}

func drawClients(c *screen, r rect, s *State) {
	border(c, r, thin, faint)
	c.text(r.x+2, r.y, dim, " "+layout.Clients+" ")
	words, look := "no load", dim
	if w := s.window(); w != nil {
		words, look = perSecond(w.Sent, w.Seconds), plain
	}
	inner := c.within(rect{r.x + 1, r.y + 1, r.w - 2, r.h - 2})
	inner.text(r.x+2, r.y+(r.h-1)/2, look, words)
}

func drawBox(c *screen, r rect, s *State, view *View, name string, busiest bool) {
	v := s.service(name)
	set, edge, head := thin, faint, strong
	if busiest {
		set, edge = heavy, heat(v.load())
	}
	if v.running == 0 {
		edge, head = bad, bad
	}
	view.hit(r, hit{service: name})
	border(c, r, set, edge)
	title := name
	if v.Replicas > 1 {
		times := " ×" + strconv.Itoa(v.Replicas)
		title = fit(name, r.w-4-count(times)) + times
	}
	if chosen := s.boxes[view.Selected]; chosen != nil && chosen.Service == name {
		head = accent
	}
	c.text(r.x+1, r.y, head, " "+fit(title, r.w-4)+" ")
	drawLoad(c, rect{r.x + 1, r.y + 1, r.w - 2, r.h - 2}, &v)
	v.drawMarks(c, r)
}

// drawLoad fills a box: a bar with the share and, where there is a second line,
// the cores.
func drawLoad(c *screen, r rect, v *service) {
	l := v.load()
	y := r.y
	switch {
	case v.running+v.paused == 0:
		c.within(r).text(r.x+1, y, bad, "not running")
		return
	case v.share < 0:
		c.within(r).text(r.x+1, y, dim, "no figures")
		return
	case l < 0:
		c.within(r).text(r.x+1, y, plain, cores(v.cores)+" cores")
		return
	}
	figure := percent(l)
	bar(c, r.x+1, y, r.w-3-max(count(figure), 3), l)
	c.right(r.x+r.w-1, y, heat(l), figure)
	if r.h > 1 {
		at := c.text(r.x+1, y+1, plain, cores(v.cores))
		c.within(r).text(at, y+1, dim, fit(" of "+limit(v.limit), r.w-2-(at-r.x-1)))
	}
}

var eighths = []rune(" ▏▎▍▌▋▊▉█")

// bar draws a share in a width, from calm to hot, over a faint track.
func bar(c *screen, x, y, w int, share float64) {
	if w <= 0 {
		return
	}
	filled := int(min(max(share, 0), 1)*float64(w*8) + 0.5)
	if share > 0 && filled == 0 {
		filled = 1
	}
	look := heat(share)
	for i := range w {
		switch n := min(filled-i*8, 8); {
		case n > 0:
			c.set(x+i, y, eighths[n], look)
		default:
			c.set(x+i, y, '·', faint)
		}
	}
}
