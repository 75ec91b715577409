// SPDX-License-Identifier: MIT

package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// column is one of the table.
type column int

const (
	nameColumn column = iota
	stateColumn
	coresColumn
	shareColumn
	throttledColumn
	memoryColumn
	inColumn
	outColumn
	columns
)

// heads of the columns, their widths, and the order in which they make room.
var (
	heads       = [columns]string{"container", "state", "cores", "share of limit", "throttled", "memory", "net in", "net out"}
	columnWidth = [columns]int{0, 9, 6, 15, 9, 11, 9, 9}
	firstToGo   = []column{outColumn, inColumn, stateColumn, memoryColumn, throttledColumn, coresColumn}
)

const nameWidth = 18

// shown are the columns that a width has room for.
func shown(w int) []column {
	var out []column
	sum := nameWidth
	for i := nameColumn; i < columns; i++ {
		out = append(out, i)
		if i > nameColumn {
			sum += columnWidth[i] + 2
		}
	}
	for _, gone := range firstToGo {
		if sum <= w {
			break
		}
		out = slices.DeleteFunc(out, func(i column) bool { return i == gone })
		sum -= columnWidth[gone] + 2
	}
	return out
}

// row is a container with its figures.
type row struct {
	box *box
	use use
}

// rows of the table, sorted as asked. Figures sort the greatest first.
func (s *State) rows(v *View) []row {
	var out []row
	for _, b := range s.list() {
		out = append(out, row{b, b.now(s.Clock)})
	}
	key := func(r row) float64 {
		switch v.Sort {
		case coresColumn:
			return r.use.cores
		case shareColumn:
			return share(r.use.cores, r.box.LimitCores)
		case throttledColumn:
			return r.use.throttled
		case memoryColumn:
			return float64(r.use.memory)
		case inColumn:
			return r.use.in
		case outColumn:
			return r.use.out
		}
		return 0
	}
	slices.SortStableFunc(out, func(a, b row) int {
		order := cmp.Compare(key(b), key(a))
		if v.Sort == stateColumn {
			order = strings.Compare(a.box.State, b.box.State)
		}
		order = cmp.Or(order, byName(a.box, b.box))
		if v.Reverse {
			return -order
		}
		return order
	})
	return out
}

func drawTable(c *screen, s *State, v *View, r rect) {
	rows := s.rows(v)
	title := fmt.Sprintf("%d %s", len(rows), paneNames[tablePane])
	if len(rows) == 1 {
		title = "1 container"
	}
	rule(c, v, r, tablePane, title)
	list := shown(r.w - 2)
	nameRoom := nameWidth
	drawHeads(c, v, r, list, nameRoom)
	room := r.h - 2
	chosen := slices.IndexFunc(rows, func(x row) bool { return x.box.Name == v.Selected })
	first := scrolled(v.Scroll, chosen, len(rows), room)
	for i := first; i < len(rows) && i-first < room; i++ {
		y := r.y + 2 + i - first
		line := rect{r.x, y, r.w, 1}
		v.hit(line, hit{container: rows[i].box.Name})
		x := drawRow(c, rows[i], list, r.x+1, y, nameRoom)
		drawPast(c, s, rows[i], x, y, r.x+r.w-1-x)
		if i == chosen {
			c.choose(line)
		}
	}
	if hidden := len(rows) - first - room; hidden > 0 && room > 0 {
		c.right(r.x+r.w-1, r.y, dim, fmt.Sprintf(" %d more ", hidden))
	}
}

// scrolled is the first row that is shown: as far as was scrolled, but never
// past the end, and the selected row stays in sight.
func scrolled(scroll, chosen, rows, room int) int {
	first := min(max(scroll, 0), max(rows-room, 0))
	if chosen >= 0 && chosen < first {
		first = chosen
	}
	if chosen >= first+room {
		first = chosen - room + 1
	}
	return max(first, 0)
}

func drawHeads(c *screen, v *View, r rect, list []column, nameRoom int) {
	x := r.x + 1
	for _, i := range list {
		w := columnWidth[i]
		if i == nameColumn {
			w = nameRoom
		}
		look, text := dim, heads[i]
		if i == v.Sort {
			look = accent
			sign := "▾"
			if v.Reverse {
				sign = "▴"
			}
			if count(text) < w {
				text += sign
			}
		}
		if leftColumn(i) {
			c.text(x, r.y+1, look, text)
		} else {
			c.right(x+w, r.y+1, look, text)
		}
		v.hit(rect{x, r.y + 1, w, 1}, hit{sort: i, sorts: true})
		x += w + 2
	}
}

func leftColumn(i column) bool { return i == nameColumn || i == stateColumn || i == shareColumn }

// drawPast fills what is left of a row with the CPU of the last minute, against
// the limit, so that eight levels mean the same in every row.
func drawPast(c *screen, s *State, r row, x, y, w int) {
	const seconds = 60
	if w < 10 || r.box.LimitCores <= 0 {
		return
	}
	w = min(w, seconds)
	sum, n := make([]float64, w), make([]float64, w)
	for i := range r.box.samples.len() {
		sample := r.box.samples.at(i)
		if at := w - 1 - int((s.Clock-sample.AtSeconds)*float64(w)/seconds); at >= 0 && at < w {
			sum[at] += sample.Cores / r.box.LimitCores
			n[at]++
		}
	}
	for i := range w {
		if n[i] > 0 {
			l := min(sum[i]/n[i], 1)
			c.set(x+i, y, levels[int(l*float64(len(levels)-1)+0.5)], heat(l))
		}
	}
}

// drawRow returns the column after the row's last one.
func drawRow(c *screen, r row, list []column, x, y, nameRoom int) int {
	for _, i := range list {
		w := columnWidth[i]
		if i == nameColumn {
			w = nameRoom
		}
		if i == shareColumn {
			drawShare(c, r, x, y, w, slices.Contains(list, stateColumn))
		} else if text, look := r.cell(i, w); leftColumn(i) {
			at := c.text(x, y, look, text)
			if i == nameColumn && len(r.box.Roles) > 0 {
				at = c.text(at+1, y, role, fit(strings.Join(r.box.Roles, " "), x+w-at-1))
			}
			if i == nameColumn && len(r.box.Faults) > 0 && x+w-at > 1 {
				c.text(at+1, y, bad, fit(strings.Join(r.box.Faults, " "), x+w-at-1))
			}
		} else {
			c.right(x+w, y, look, text)
		}
		x += w + 2
	}
	return x
}

// drawShare draws a bar with its figure, or in its place why there is none.
func drawShare(c *screen, r row, x, y, w int, stated bool) {
	l := share(r.use.cores, r.box.LimitCores)
	switch {
	case r.box.State != "running" && stated:
		c.text(x, y, dim, none)
	case r.box.State != "running":
		words, look := r.state()
		c.text(x, y, look, words)
	case !r.use.known:
		c.text(x, y, dim, none)
	case l < 0:
		c.text(x, y, dim, "no limit")
	default:
		bar(c, x, y, w-5, l)
		c.right(x+w, y, heat(l), percent(l))
	}
}

// state is the engine's word with the health where that is no good news.
func (r row) state() (string, style) {
	switch {
	case r.box.State == "running" && r.box.Health == "unhealthy":
		return "unhealthy", bad
	case r.box.State == "running" && r.box.Health == "starting":
		return "starting", heat1
	case r.box.State == "running":
		return "running", good
	case r.box.State == "paused":
		return "paused", heat2
	case r.box.State == "exited" || r.box.State == "dead":
		return "gone", bad
	}
	return r.box.State, dim
}

func (r row) cell(i column, w int) (string, style) {
	u := r.use
	switch i {
	case nameColumn:
		look := strong
		if r.box.State != "running" {
			look = dim
		}
		return fit(r.box.title(), w), look
	case stateColumn:
		words, look := r.state()
		return fit(words, w), look
	}
	if !u.known {
		return none, dim
	}
	switch i {
	case coresColumn:
		return cores(u.cores), plain
	case throttledColumn:
		if r.box.LimitCores <= 0 {
			return none, dim
		}
		look := dim
		if u.throttled >= 0.01 {
			look = heat(0.5 + u.throttled)
		}
		return percent(u.throttled), look
	case memoryColumn:
		if r.box.MemoryLimitBytes <= 0 {
			return size(float64(u.memory)), plain
		}
		text := size(float64(u.memory)) + "/" + whole(r.box.MemoryLimitBytes)
		if share(float64(u.memory), float64(r.box.MemoryLimitBytes)) >= 0.9 {
			return text, bad
		}
		return text, plain
	case inColumn:
		return flow(u.in), dim
	case outColumn:
		return flow(u.out), dim
	}
	return "", plain
}

// whole prints a limit: 128M, where size would say 128M too but 1.00G for 1G.
func whole(n int64) string {
	for i, unit := range "GMK" {
		if one := int64(1) << (30 - 10*i); n >= one && n%one == 0 {
			return fmt.Sprintf("%d%c", n/one, unit)
		}
	}
	return size(float64(n))
}

func flow(v float64) string {
	if v < 0 {
		return none
	}
	return size(v) + "/s"
}
