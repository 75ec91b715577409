// SPDX-License-Identifier: MIT

package tui

import "strings"

func drawEvents(c *screen, s *State, v *View, r rect) {
	rule(c, v, r, eventPane, paneNames[eventPane])
	y := r.y + 1
	for i := s.happened.len() - 1; i >= 0 && y < r.y+r.h; i-- {
		e := s.happened.at(i)
		words, look := wordsOf(s.Stack.Project, e)
		if words == "" {
			continue
		}
		c.right(r.x+8, y, dim, clock(e.AtSeconds))
		x := c.text(r.x+10, y, look, words)
		if e.Kind == "die" && e.Detail != "" {
			c.text(x+1, y, dim, fit(strings.Join(strings.Fields(e.Detail), " "), r.x+r.w-x-2))
		}
		y++
	}
	if y == r.y+1 {
		c.text(r.x+1, y, faint, "nothing happened so far")
	}
}

func drawLog(c *screen, s *State, v *View, r rect) {
	title := paneNames[logPane]
	if l := s.log.last(); l != nil {
		name, _ := parts(s.Stack.Project, l.Container)
		title += " of " + name
	}
	rule(c, v, r, logPane, title)
	if s.log.len() == 0 {
		c.text(r.x+1, r.y+1, faint, "no log is followed: select a container and press l")
		return
	}
	room := r.h - 1
	last := max(s.log.len()-v.Scroll, min(room, s.log.len()))
	for i := range min(room, last) {
		line := s.log.at(last - min(room, last) + i)
		c.text(r.x+1, r.y+1+i, dim, fit(line.Text, r.w-2))
	}
}
