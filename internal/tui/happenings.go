// SPDX-License-Identifier: MIT

package tui

import (
	"strconv"
	"strings"

	"systemlab/internal/record"
)

// happening is an event with its place in the charts.
type happening struct {
	x     int
	words string
	look  style
}

func (s *State) happenings(plot rect, from, to float64) []happening {
	var out []happening
	for i := range s.happened.len() {
		e := s.happened.at(i)
		words, look := wordsOf(s.Stack.Project, e)
		if words != "" && e.AtSeconds >= from && e.AtSeconds <= to {
			out = append(out, happening{plot.x + int((e.AtSeconds-from)/(to-from)*float64(plot.w-1)), words, look})
		}
	}
	return out
}

// drawMarks shows what happened: words above the charts where they have room,
// and a line through the charts where no curve runs.
func (s *State) drawMarks(c *screen, plots []rect, y int, from, to float64) {
	list := s.happenings(plots[0], from, to)
	taken := plots[0].x - 1 // columns up to here have words
	for i, h := range list {
		for _, plot := range plots {
			for line := plot.y; line < plot.y+plot.h; line++ {
				if c.get(h.x, line).r == ' ' {
					c.set(h.x, line, '┊', faint)
				}
			}
		}
		free := plots[0].x + plots[0].w
		if i+1 < len(list) {
			free = list[i+1].x - 1
		}
		c.set(h.x, y, '▾', h.look)
		words := count(h.words)
		switch {
		case h.x+1+words <= free:
			taken = c.text(h.x+1, y, h.look, h.words)
		case h.x-words > taken:
			c.text(h.x-words, y, h.look, h.words)
			fallthrough
		default:
			taken = h.x
		}
	}
}

// wordsOf says what happened, as one reads it; "" is no news.
func wordsOf(project string, e *record.Event) (string, style) {
	name, n := parts(project, e.Container)
	if n > 0 {
		name += " " + strconv.Itoa(n)
	}
	switch e.Kind {
	case "die":
		return name + " gone", bad
	case "oom":
		return name + " out of memory", bad
	case "start":
		return name + " started", good
	case "pause":
		return name + " paused", heat2
	case "unpause":
		return name + " goes on", good
	case "health":
		return name + " " + e.Detail, heat2
	case "takes role":
		return name + " takes " + e.Detail, role
	case "gives up role":
		return name + " gives up " + e.Detail, role
	case "rate":
		return strings.TrimPrefix(e.Detail, "const:") + "/s", accent
	case "stop":
		if e.Container == "" {
			return "load stopped", accent
		}
	}
	return "", plain
}
