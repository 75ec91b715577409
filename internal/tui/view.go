// SPDX-License-Identifier: MIT

package tui

// View is what the person at the keyboard chose. The drawing reads it, and
// leaves in it where things came to stand, for the mouse.
type View struct {
	Selected string // container
	Sort     column
	Reverse  bool
	Scroll   int // first row of the table, and of the log
	Focus    pane
	Zoom     bool // the focused pane alone
	Help     bool
	Span     float64 // seconds that the charts show

	Replay *Player     // what the header shows of it; nil in a live view
	Keys   []Key       // for the footer: what is possible now
	Groups []HelpGroup // for the help: likewise
	Ask    string      // a question that waits for y or n
	Menu   *Menu
	Notice string // the result of the last key

	hits []placed
}

// Key is one entry of the footer.
type Key struct{ Key, Does string }

// Menu is a choice laid over the screen.
type Menu struct {
	Title string
	Items []string
	At    int
}

// pane is a part of the screen with a title.
type pane int

const (
	picturePane pane = iota
	chartPane
	tablePane
	latencyPane
	eventPane
	logPane
	panes
)

var paneNames = [panes]string{"architecture", "over time", "containers", "latency", "events", "log"}

// hit is what a click on a place means; one field is set.
type hit struct {
	container string
	service   string
	sort      column
	sorts     bool
	seek      float64
	seeks     bool
	pane      pane
	panes     bool
	key       string
	item      int // of the menu, from 1
}

type placed struct {
	at rect
	to hit
}

func (v *View) hit(r rect, to hit) { v.hits = append(v.hits, placed{r, to}) }

// under finds what lies at a place; what was drawn last lies on top.
func (v *View) under(x, y int) (hit, bool) {
	for i := len(v.hits) - 1; i >= 0; i-- {
		if v.hits[i].at.has(x, y) {
			return v.hits[i].to, true
		}
	}
	return hit{}, false
}
