// SPDX-License-Identifier: MIT

package tui

// HelpGroup is a part of the help with its keys.
type HelpGroup struct {
	Title string
	Keys  []Key
}

// legend explains the signs of the screen.
var legend = []struct {
	sign string
	look style
	says string
}{
	{"━━", heat2, "heavy frame: the service nearest its limit"},
	{"██", heat0, "share of the CPU limit, from calm"},
	{"██", heat4, "to hot"},
	{"×3", strong, "replicas"},
	{"vip", role, "who holds the virtual IP, who is primary"},
	{"▾", bad, "something happened at this moment"},
}

const helpColumn = 28

// drawHelp lays the keys and the signs over the screen, in two columns.
func drawHelp(c *screen, v *View) {
	left, right := 0, 0
	for i, g := range v.Groups {
		if i < (len(v.Groups)+1)/2 {
			left += len(g.Keys) + 2
		} else {
			right += len(g.Keys) + 2
		}
	}
	h := min(max(left, right)+len(legend)+4, c.h)
	r := rect{max((c.w-2*helpColumn-4)/2, 0), max((c.h-h)/2, 0), 2*helpColumn + 4, h}
	c.clear(r)
	border(c, r, thin, accent)
	c.text(r.x+2, r.y, strong, " help: any key closes it ")
	inner := c.within(rect{r.x + 1, r.y + 1, r.w - 2, r.h - 2})
	x, y := r.x+3, r.y+2
	for i, g := range v.Groups {
		if i == (len(v.Groups)+1)/2 {
			x, y = r.x+3+helpColumn, r.y+2
		}
		y = drawGroup(inner, g, x, y)
	}
	y = r.y + 2 + max(left, right)
	for i, l := range legend {
		inner.text(r.x+3, y+i, l.look, l.sign)
		inner.text(r.x+8, y+i, dim, l.says)
	}
}

func drawGroup(c *screen, g HelpGroup, x, y int) int {
	c.text(x, y, strong, g.Title)
	for _, k := range g.Keys {
		y++
		c.text(x, y, accent, k.Key)
		c.text(x+7, y, dim, k.Does)
	}
	return y + 2
}
