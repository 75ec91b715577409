// SPDX-License-Identifier: MIT

package tui

import (
	"context"
	"fmt"
	"strings"
	"time"

	"systemlab/internal/record"
)

// The smallest screen that is drawn on.
const (
	leastWidth  = 80
	leastHeight = 24
)

// Draw makes the screen: exactly h lines of exactly w columns. It is a pure
// function but for the places it leaves in v for the mouse.
func Draw(s *State, v *View, w, h int, t *Theme) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	v.hits = v.hits[:0]
	c := newScreen(w, h)
	if w < leastWidth || h < leastHeight {
		drawTooSmall(c)
		return c.render(t)
	}
	drawHeader(c, s, v)
	drawFigures(c, s)
	drawBody(c, s, v, rect{0, 2, w, h - 4})
	drawNotice(c, s, v, h-2)
	drawFooter(c, v, h-1)
	if v.Help {
		drawHelp(c, v)
	}
	if v.Menu != nil {
		drawMenu(c, v)
	}
	return c.render(t)
}

func drawTooSmall(c *screen) {
	for i, line := range []string{"too small", fmt.Sprintf("%d×%d", c.w, c.h), fmt.Sprintf("needs %d×%d", leastWidth, leastHeight)} {
		c.text(max((c.w-count(line))/2, 0), max((c.h-3)/2, 0)+i, dim, line)
	}
}

func drawHeader(c *screen, s *State, v *View) {
	x := c.text(0, 0, badge, " lab ") + 1
	right := drawPosition(c, s, v)
	left := c.within(rect{0, 0, right - 1, 1})
	if s.Stack.Stage.Number > 0 {
		x = left.text(x, 0, strong, fmt.Sprintf("stage %d", s.Stack.Stage.Number))
		x = left.text(x+1, 0, strong, s.Stack.Stage.Title)
	} else {
		x = left.text(x, 0, dim, "no stage is up")
	}
	if s.Load.Running {
		words := s.Load.Workload + " at " + paceWords(s.Load.Pace)
		left.text(x+2, 0, dim, fit(words, right-1-x-2))
	}
}

// paceWords says const:200 as a person does.
func paceWords(pace string) string {
	kind, figures, _ := strings.Cut(pace, ":")
	if kind == "const" {
		return figures + "/s"
	}
	return strings.TrimSpace(kind + " " + figures + "/s")
}

// drawPosition writes where in time we are, and returns where that begins.
func drawPosition(c *screen, s *State, v *View) int {
	p := v.Replay
	if p == nil {
		words, look := "● live "+clock(s.Clock), good
		if s.Trouble != "" {
			words, look = "○ no word since "+clock(s.Clock), bad
		}
		c.right(c.w-1, 0, look, words)
		return c.w - 1 - count(words)
	}
	sign := "▶"
	switch {
	case p.Ended():
		sign = "■"
	case p.Paused():
		sign = "‖"
	}
	words := fmt.Sprintf("%s %g× %s / %s", sign, p.Speed(), clock(p.At()), clock(p.End()))
	x := c.w - 1 - count(words)
	c.text(x, 0, accent, words)
	x = drawSeekBar(c, v, p, x-1)
	return drawVerdict(c, p, x-2)
}

// drawSeekBar ends before column x, and returns where it begins.
func drawSeekBar(c *screen, v *View, p *Player, x int) int {
	w := min(max(c.w/8, 8), 40)
	x -= w
	at := 0
	if p.End() > 0 {
		at = int(p.At() / p.End() * float64(w-1))
	}
	for i := range w {
		r, look := '─', faint
		if i < at {
			r, look = '━', accent
		}
		if i == at {
			r, look = '●', accent
		}
		c.set(x+i, 0, r, look)
		v.hit(rect{x + i, 0, 1, 1}, hit{seeks: true, seek: p.End() * float64(i) / float64(w-1)})
	}
	return x
}

// drawVerdict says how far the run can be trusted: figures that can't be must say so.
func drawVerdict(c *screen, p *Player, x int) int {
	words, look := string(p.Run.Verdict.State)+" run", good
	switch p.Run.Verdict.State {
	case record.Suspect:
		look = heat2
	case record.Invalid:
		look = bad
	}
	c.right(x, 0, look, words)
	return x - count(words)
}

// drawFigures writes the second line: the figures of the last second.
func drawFigures(c *screen, s *State) {
	x := 1
	put := func(name, value string, look style) {
		if x+count(name)+1+count(value) <= c.w {
			x = c.text(x, 1, dim, name+" ")
			x = c.text(x, 1, look, value) + 3
		}
	}
	w := s.window()
	if w == nil {
		put("load", "none", dim)
	} else {
		put("served", fmt.Sprintf("%-6s", perSecond(w.OK, w.Seconds)), plain)
		look := plain
		if w.Failed > 0 {
			look = bad
		}
		put("failed", fmt.Sprintf("%-4s", perSecond(w.Failed, w.Seconds)), look)
		if w.Late > 0 { // the generator fell behind: then latency is not the stage's alone
			put("sent late", perSecond(w.Late, w.Seconds), heat2)
		}
		put("p50", fmt.Sprintf("%-7s", duration(w.Latency.P50)), line1)
		put("p99", fmt.Sprintf("%-7s", duration(w.Latency.P99)), line3)
		put("in flight", fmt.Sprintf("%-3d", w.InFlight), plain)
		if asked := w.CacheHits + w.CacheMiss; asked > 0 {
			put("cache hits", fmt.Sprintf("%-4s", percent(float64(w.CacheHits)/float64(asked))), plain)
		}
	}
	if q := s.queue.last(); q != nil && s.Clock-q.AtSeconds <= stale {
		put("queue", fmt.Sprintf("%-3d", q.Depth), plain)
	}
	if r := s.replication.last(); r != nil && s.Clock-r.AtSeconds <= stale {
		put("replica lag", lag(r), plain)
	}
}

func lag(r *record.Replication) string {
	if r.LagSeconds < 0 {
		return "unknown"
	}
	return duration(r.LagSeconds)
}

// rule draws a pane's title, with a line to the end of its width, and makes the
// pane one that a click may choose.
func rule(c *screen, v *View, r rect, p pane, title string) {
	look := dim
	if v.Focus == p {
		look = accent
	}
	for x := r.x; x < r.x+r.w; x++ {
		c.set(x, r.y, '─', faint)
	}
	c.text(r.x+1, r.y, look, " "+fit(title, r.w-4)+" ")
	v.hit(r, hit{pane: p, panes: true})
}

func drawNotice(c *screen, s *State, v *View, y int) {
	words, look := s.Status, dim
	if v.Notice != "" {
		words, look = v.Notice, plain
	}
	if s.Trouble != "" {
		words, look = s.Trouble, bad
	}
	if v.Ask != "" {
		words, look = v.Ask+"  y yes   n no", heat2
	}
	c.text(1, y, look, fit(strings.Join(strings.Fields(words), " "), c.w-2))
}

func drawFooter(c *screen, v *View, y int) {
	x := 1
	for _, k := range v.Keys {
		w := count(k.Key) + 1 + count(k.Does)
		if x+w > c.w-1 {
			return
		}
		v.hit(rect{x, y, w, 1}, hit{key: k.Key})
		x = c.text(x, y, accent, k.Key)
		x = c.text(x+1, y, dim, k.Does) + 2
	}
}

func drawMenu(c *screen, v *View) {
	w := count(v.Menu.Title) + 6
	for _, item := range v.Menu.Items {
		w = max(w, count(item)+6)
	}
	h := min(len(v.Menu.Items)+2, c.h-4)
	r := rect{max((c.w-w)/2, 0), max((c.h-h)/2, 0), min(w, c.w), h}
	c.clear(r)
	border(c, r, thin, accent)
	c.text(r.x+2, r.y, strong, " "+fit(v.Menu.Title, r.w-6)+" ")
	first := max(v.Menu.At-(h-3), 0)
	for i := first; i < len(v.Menu.Items) && i-first < h-2; i++ {
		y := r.y + 1 + i - first
		c.text(r.x+3, y, plain, fit(v.Menu.Items[i], r.w-5))
		line := rect{r.x + 1, y, r.w - 2, 1}
		v.hit(line, hit{item: i + 1})
		if i == v.Menu.At {
			c.choose(line)
		}
	}
}

// Screen draws one moment of a run, as a replay that stands there shows it.
func Screen(run *record.Run, at float64, w, h int, t *Theme) string {
	p := NewPlayer(run)
	p.Seek(at)
	m := newProgram(context.Background(), Options{Feed: p})
	m.width, m.height, m.theme = w, h, t
	m.poll(time.Time{})
	return m.View().Content
}
