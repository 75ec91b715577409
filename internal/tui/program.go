// SPDX-License-Identifier: MIT

package tui

import (
	"context"
	"errors"
	"io"
	"runtime/debug"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
)

// beat is how often the feed is asked. A screen without news is not drawn again.
const beat = 250 * time.Millisecond

// framesPerSecond is how often at most what was drawn goes to the terminal: a key
// is answered within a tenth of a second, and an idle view wakes that rarely.
const framesPerSecond = 10

// handTime is how long one act of the hands may take; a switch of stages builds
// images and waits for health.
const handTime = 15 * time.Minute

// Options of the program. Feed is needed; a Player is a Feed. Input and Output
// are the terminal when nil.
type Options struct {
	Feed   Feed
	Hands  Hands // nil: it only shows
	Input  io.Reader
	Output io.Writer
}

// Run shows the view until the person quits or the context ends. It leaves the
// terminal as it was, after a panic too.
func Run(ctx context.Context, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// A view that stands for hours shall be small: garbage is collected at a third
	// more than what is kept, not at double (measured in docs/benchmarks, The live view).
	defer debug.SetGCPercent(debug.SetGCPercent(33))
	options := []tea.ProgramOption{tea.WithContext(ctx), tea.WithFPS(framesPerSecond)}
	if o.Input != nil {
		options = append(options, tea.WithInput(o.Input))
	}
	if o.Output != nil {
		options = append(options, tea.WithOutput(o.Output))
	}
	_, err := tea.NewProgram(newProgram(ctx, o), options...).Run()
	if errors.Is(err, tea.ErrInterrupted) || errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil {
		return nil // to stop looking is no failure
	}
	return err
}

// program is the thin layer between Bubble Tea and the pure parts.
type program struct {
	ctx    context.Context
	feed   Feed
	player *Player
	hands  Hands
	keys   *keyMap
	state  *State
	view   *View

	width, height int
	profile       colorprofile.Profile
	dark          bool
	theme         *Theme

	confirm  func() tea.Cmd // what y does
	choose   func(int) tea.Cmd
	busy     string             // what the hands do now
	stopLogs context.CancelFunc // ends the log that is followed
	screen   string             // as drawn last
	stale    bool               // something changed since
}

type beatMsg time.Time

// doneMsg says how an act of the hands ended.
type doneMsg struct {
	words string
	err   error
}

// sayMsg is a line for the person.
type sayMsg string

func newProgram(ctx context.Context, o Options) *program {
	p := &program{
		ctx: ctx, feed: o.Feed, hands: o.Hands, keys: newKeys(), state: NewState(),
		view:    &View{Sort: shareColumn, Focus: chartPane},
		profile: colorprofile.TrueColor, dark: true, stale: true,
	}
	p.player, _ = o.Feed.(*Player)
	p.view.Replay = p.player
	p.theme = NewTheme(p.profile, p.dark)
	return p
}

func (p *program) Init() tea.Cmd {
	return tea.Batch(tea.RequestBackgroundColor, func() tea.Msg { return beatMsg(time.Now()) })
}

func (p *program) Update(m tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch m := m.(type) {
	case beatMsg:
		p.poll(time.Time(m))
		return p, tea.Tick(beat, func(t time.Time) tea.Msg { return beatMsg(t) })
	case tea.WindowSizeMsg:
		p.width, p.height = m.Width, m.Height
	case tea.ColorProfileMsg:
		p.profile = m.Profile
		p.theme = NewTheme(p.profile, p.dark)
	case tea.BackgroundColorMsg:
		p.dark = m.IsDark()
		p.theme = NewTheme(p.profile, p.dark)
	case tea.KeyPressMsg:
		cmd = p.press(m.String())
	case tea.MouseClickMsg:
		if m.Button == tea.MouseLeft {
			cmd = p.click(m.X, m.Y)
		}
	case tea.MouseWheelMsg:
		p.wheel(m.Button == tea.MouseWheelUp)
	case doneMsg:
		p.done(m)
	case sayMsg:
		p.view.Notice = string(m)
	default:
		return p, nil
	}
	p.stale = true
	return p, cmd
}

// poll takes in what the feed has. Readings are drawn once a second, by the
// clock; what happens, at once.
func (p *program) poll(now time.Time) {
	events, at := p.feed.Poll(now)
	second := int(p.state.Clock) // which events move on too
	for _, e := range events {
		p.state.Apply(e)
		p.stale = p.stale || !e.reading()
	}
	p.state.Clock = max(p.state.Clock, at)
	p.stale = p.stale || int(p.state.Clock) != second
	p.keepSelection()
}

// keepSelection follows containers as they come and go: there is always one
// whose CPU is shown, and first of all the busiest.
func (p *program) keepSelection() {
	if b := p.state.boxes[p.view.Selected]; b != nil && !b.removed {
		return
	}
	p.view.Selected = ""
	if rows := p.state.rows(&View{Sort: shareColumn}); len(rows) > 0 && rows[0].use.known {
		p.view.Selected = rows[0].box.Name
	}
}

func (p *program) View() tea.View {
	if p.stale {
		p.keys.enable(p.player != nil, p.hands != nil, p.view.Selected != "")
		p.view.Keys, p.view.Groups = p.keys.footer(), p.keys.help()
		p.screen = Draw(p.state, p.view, p.width, p.height, p.theme)
		p.stale = false
	}
	v := tea.NewView(p.screen)
	v.AltScreen = true
	v.MouseMode = tea.MouseModeCellMotion
	v.WindowTitle = "lab top"
	return v
}

// press does what a key means now: an answer, a choice, or an act.
func (p *program) press(k string) tea.Cmd {
	if k == "ctrl+c" {
		return tea.Quit
	}
	p.view.Notice = ""
	switch {
	case p.confirm != nil:
		return p.answer(k)
	case p.view.Menu != nil:
		return p.pick(k)
	case p.view.Help:
		p.view.Help = false
		return nil
	}
	is := func(b key.Binding) bool { return key.Matches(word(k), b) }
	if cmd, ok := p.look(is); ok {
		return cmd
	}
	if p.player != nil {
		p.turn(is)
	}
	if p.hands != nil {
		return p.act(is)
	}
	return nil
}

// word is a key's name, as the bindings compare it.
type word string

func (w word) String() string { return string(w) }

// spans that the charts can show, in seconds.
var spans = []float64{60, 120, 300, 600}

// look does what changes nothing but the screen.
func (p *program) look(is func(key.Binding) bool) (tea.Cmd, bool) {
	v, k := p.view, p.keys
	switch {
	case is(k.Quit):
		return tea.Quit, true
	case is(k.Help):
		v.Help = true
	case is(k.Focus):
		p.focus()
	case is(k.Zoom):
		v.Zoom = !v.Zoom
	case is(k.Up):
		p.move(-1)
	case is(k.Down):
		p.move(1)
	case is(k.Sort):
		v.Sort = (v.Sort + 1) % columns
	case is(k.Reverse):
		v.Reverse = !v.Reverse
	case is(k.Span):
		p.widen()
	default:
		return nil, false
	}
	return nil, true
}

func (p *program) focus() {
	p.view.Scroll = 0
	p.view.Focus = (p.view.Focus + 1) % panes
	if p.view.Focus == logPane && p.hands == nil {
		p.view.Focus = picturePane
	}
}

func (p *program) widen() {
	at := p.view.Span
	if at <= 0 {
		at = DefaultSpan
	}
	p.view.Span = spans[0]
	for _, s := range spans {
		if s > at {
			p.view.Span = s
			return
		}
	}
}

// move selects the container above or below.
func (p *program) move(by int) {
	rows := p.state.rows(p.view)
	at := -1
	for i, r := range rows {
		if r.box.Name == p.view.Selected {
			at = i
		}
	}
	if len(rows) > 0 {
		p.view.Selected = rows[min(max(at+by, 0), len(rows)-1)].box.Name
	}
}

// step of a seek, in seconds.
const step = 5

// turn does what a replay's clock can.
func (p *program) turn(is func(key.Binding) bool) {
	r, k := p.player, p.keys
	switch {
	case is(k.Pause):
		r.Pause()
	case is(k.Back):
		r.Seek(r.At() - step)
	case is(k.Forward):
		r.Seek(r.At() + step)
	case is(k.Begin):
		r.Seek(0)
	case is(k.End):
		r.Seek(r.End())
	case is(k.Slower):
		r.Faster(false)
	case is(k.Faster):
		r.Faster(true)
	default:
		return
	}
	p.poll(r.last) // at once, without moving the clock
}

func (p *program) wheel(up bool) {
	by := 3
	if up {
		by = -3
	}
	if p.view.Focus == logPane {
		p.view.Scroll = max(p.view.Scroll-by, 0)
		return
	}
	p.move(by / 3)
}

// click does what lies under the pointer.
func (p *program) click(x, y int) tea.Cmd {
	if p.view.Help {
		p.view.Help = false
		return nil
	}
	to, ok := p.view.under(x, y)
	if !ok || p.confirm != nil {
		return nil
	}
	switch {
	case to.item > 0 && p.view.Menu != nil:
		p.view.Menu.At = to.item - 1
		return p.pick("enter")
	case p.view.Menu != nil:
	case to.key != "":
		return p.press(keyOf(to.key))
	case to.seeks && p.player != nil:
		p.player.Seek(to.seek)
		p.poll(p.player.last)
	case to.container != "":
		p.view.Selected, p.view.Focus = to.container, tablePane
	case to.service != "":
		p.selectService(to.service)
	case to.sorts:
		p.view.Reverse = p.view.Sort == to.sort && !p.view.Reverse
		p.view.Sort = to.sort
	case to.panes:
		p.view.Focus = to.pane
	}
	return nil
}

// keyOf turns a key as the footer writes it into the key's own name.
func keyOf(shown string) string {
	switch shown {
	case "←":
		return "left"
	case "→":
		return "right"
	case "↑":
		return "up"
	case "↓":
		return "down"
	}
	return shown
}

// selectService goes through the replicas of a service, click by click.
func (p *program) selectService(name string) {
	boxes := p.state.service(name).boxes
	for i, b := range boxes {
		if b.Name == p.view.Selected {
			p.view.Selected = boxes[(i+1)%len(boxes)].Name
			return
		}
	}
	if len(boxes) > 0 {
		p.view.Selected = boxes[0].Name
	}
}
