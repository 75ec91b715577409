// SPDX-License-Identifier: MIT

package tui

// part is a pane that wants room in a column of the screen.
type part struct {
	pane        pane
	least, like int // lines, its title included; like is what it can use
	greedy      bool
	height      int
}

// drawBody shares the screen out. A pane that has no room is left out; Tab
// brings it back, since the focused pane has the first right to room.
func drawBody(c *screen, s *State, v *View, r rect) {
	if v.Zoom {
		drawPart(c, s, v, v.Focus, r)
		return
	}
	switch {
	case r.w >= 110 && r.h >= 26:
		top := s.parts(v, r.w, r.h/2, picturePane)
		high := stack(c, s, v, rect{r.x, r.y, r.w, r.h / 2}, top)
		rest := rect{r.x, r.y + high, r.w, r.h - high}
		left := r.w / 2
		stack(c, s, v, rect{rest.x, rest.y, left, rest.h}, s.parts(v, left, 0, chartPane))
		stack(c, s, v, rect{rest.x + left + 2, rest.y, r.w - left - 2, rest.h}, s.parts(v, r.w-left-2, 0, tablePane, latencyPane, eventPane, logPane))
	default:
		stack(c, s, v, r, s.parts(v, r.w, r.h-8, picturePane, chartPane, tablePane, latencyPane, eventPane, logPane))
	}
}

// parts are the panes of a column with what each needs. most is how high the
// picture may be.
func (s *State) parts(v *View, w, most int, names ...pane) []part {
	var out []part
	for _, name := range names {
		switch name {
		case picturePane:
			if p := s.picture(w, most-1); p != nil {
				out = append(out, part{pane: name, least: p.height + 1, like: p.height + 1})
			}
		case chartPane:
			out = append(out, part{pane: name, least: 8, like: 40, greedy: true})
		case tablePane:
			rows := len(s.list()) + 2
			out = append(out, part{pane: name, least: min(rows, 8), like: rows + 1})
		case latencyPane:
			rows := s.latencyRows() + 1
			out = append(out, part{pane: name, least: min(rows, 8), like: rows + 1})
		case eventPane:
			out = append(out, part{pane: name, least: 4, like: max(s.happened.len()+2, 4), greedy: true})
		case logPane:
			if s.log.len() > 0 || v.Focus == logPane {
				out = append(out, part{pane: name, least: 5, like: 20, greedy: true})
			}
		}
	}
	return out
}

// picture takes the tallest boxes that fit. To lay it out costs more than to
// draw it, so it is kept until the stack or the screen changes.
func (s *State) picture(w, most int) *picture {
	size := [2]int{w, most}
	if p, ok := s.pictures[size]; ok {
		return p
	}
	if s.pictures == nil || len(s.pictures) > 16 {
		s.pictures = map[[2]int]*picture{}
	}
	s.pictures[size] = nil
	for _, box := range []int{4, 3} {
		if p := newPicture(s.Stack.Architecture, w-2, box); p != nil && p.height <= most {
			s.pictures[size] = p
			break
		}
	}
	return s.pictures[size]
}

// stack gives each part a height, top to bottom, draws them and returns how
// many lines they took.
func stack(c *screen, s *State, v *View, r rect, parts []part) int {
	left := r.h
	take := func(p *part, h int) {
		if h <= left {
			p.height = h
			left -= h
		}
	}
	for i := range parts {
		if parts[i].pane == v.Focus {
			take(&parts[i], parts[i].least)
		}
	}
	for i := range parts {
		if parts[i].height == 0 {
			take(&parts[i], parts[i].least)
		}
	}
	left = grow(parts, left, func(p *part) int { return p.like - p.height })
	left = grow(parts, left, func(p *part) int {
		if p.greedy {
			return left
		}
		return 0
	})
	y := r.y
	for _, p := range parts {
		if p.height > 0 {
			drawPart(c, s, v, p.pane, rect{r.x, y, r.w, p.height})
			y += p.height
		}
	}
	return y - r.y
}

// grow deals out lines one at a time, so that parts that want more get alike.
func grow(parts []part, left int, wants func(*part) int) int {
	for left > 0 {
		dealt := false
		for i := range parts {
			if p := &parts[i]; left > 0 && p.height > 0 && wants(p) > 0 {
				p.height++
				left--
				dealt = true
			}
		}
		if !dealt {
			break
		}
	}
	return left
}

func drawPart(c *screen, s *State, v *View, p pane, r rect) {
	c = c.within(r)
	switch p {
	case picturePane:
		drawPicture(c, s, v, r)
	case chartPane:
		drawCharts(c, s, v, r)
	case tablePane:
		drawTable(c, s, v, r)
	case latencyPane:
		drawLatency(c, s, v, r)
	case eventPane:
		drawEvents(c, s, v, r)
	case logPane:
		drawLog(c, s, v, r)
	}
}

func drawPicture(c *screen, s *State, v *View, r rect) {
	rule(c, v, r, picturePane, paneNames[picturePane])
	p := s.picture(r.w, r.h-1)
	if p == nil {
		c.text(r.x+1, r.y+1, dim, "no room for the picture: make the window wider or higher")
		return
	}
	p.draw(c, s, v, r.x+1, r.y+1+(r.h-1-p.height)/2)
}
