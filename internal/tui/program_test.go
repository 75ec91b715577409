// SPDX-License-Identifier: MIT

package tui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"systemlab/internal/record"
)

// fakeHands notes what it is asked.
type fakeHands struct {
	mu   sync.Mutex
	done []string
	fail error
}

func (h *fakeHands) note(format string, args ...any) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.done = append(h.done, fmt.Sprintf(format, args...))
	return h.fail
}

func (h *fakeHands) StartLoad(_ context.Context, workload string, rate float64) error {
	return h.note("load %s %g", workload, rate)
}
func (h *fakeHands) StopLoad(context.Context) error                { return h.note("stop load") }
func (h *fakeHands) SetRate(_ context.Context, rate float64) error { return h.note("rate %g", rate) }
func (h *fakeHands) Workloads() []string                           { return []string{"mixed", "users"} }
func (h *fakeHands) Stages() []StageName                           { return []StageName{{1, "Base"}, {8, "Read replicas"}} }
func (h *fakeHands) SwitchStage(_ context.Context, n int) error    { return h.note("stage %d", n) }
func (h *fakeHands) Scale(_ context.Context, s string, n int) error {
	return h.note("scale %s %d", s, n)
}
func (h *fakeHands) Stop(_ context.Context, c string) error    { return h.note("stop %s", c) }
func (h *fakeHands) Kill(_ context.Context, c string) error    { return h.note("kill %s", c) }
func (h *fakeHands) Pause(_ context.Context, c string) error   { return h.note("pause %s", c) }
func (h *fakeHands) Unpause(_ context.Context, c string) error { return h.note("unpause %s", c) }
func (h *fakeHands) Start(_ context.Context, c string) error   { return h.note("start %s", c) }
func (h *fakeHands) Logs(_ context.Context, c string) error    { return h.note("logs %s", c) }
func (h *fakeHands) Save(context.Context) (string, error)      { return "an-id", h.note("save") }

// feed gives its events once.
type feed struct{ events []Event }

func (f *feed) Poll(time.Time) ([]Event, float64) {
	out := f.events
	f.events = nil
	return out, 1
}

// session is a live program with two containers, without a terminal.
func session(t *testing.T, h Hands) *program {
	t.Helper()
	sample := func(name string, cores float64) Event {
		e := Event{At: 1, Sample: sampleOf(name, cores)}
		return e
	}
	m := newProgram(t.Context(), Options{Hands: h, Feed: &feed{[]Event{
		{Stack: stackFor("lab-api-1", "lab-api-2")}, {Load: &Load{Running: true, Workload: "users", Pace: "const:200", Rate: 200}},
		sample("lab-api-1", 0.2), sample("lab-api-2", 0.1),
	}}})
	m.width, m.height = 120, 40
	m.poll(time.Unix(1, 0))
	m.View()
	return m
}

// keys presses keys, one after another, and runs what they start.
func keys(m *program, list ...string) {
	for _, k := range list {
		if cmd := m.press(k); cmd != nil {
			if msg := cmd(); msg != nil {
				m.Update(msg)
			}
		}
		m.stale = true
		m.View()
	}
}

func TestKeysReachTheHands(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ keys, does string }{
		{"g", "stop load"},
		{"+", "rate 250"},
		{"-", "rate 160"},
		{"m up enter", "stop load; load mixed 200"},
		{"m 2", "stop load; load users 200"},
		{"m esc", ""},
		{"s 2 y", "stage 8"},
		{"s 2 n", ""},
		{"S", "save"},
		{"K y", "kill lab-api-1"},
		{"K n", ""},
		{"K q", ""},
		{"down K y", "kill lab-api-2"},
		{"x y", "stop lab-api-1"},
		{"p y", "pause lab-api-1"},
		{"a", "start lab-api-1"},
		{">", "scale api 3"},
		{"< y", "scale api 1"},
		{"< enter", ""},
		{"l", "logs lab-api-1"},
		{"space left ] ?", ""},
	} {
		h := &fakeHands{}
		keys(session(t, h), strings.Fields(c.keys)...)
		if got := strings.Join(h.done, "; "); got != c.does {
			t.Errorf("%s does %q, wanted %q", c.keys, got, c.does)
		}
	}
}

func TestHandsThatFailSaySo(t *testing.T) {
	t.Parallel()
	m := session(t, &fakeHands{fail: errors.New("no engine\nanswers")})
	keys(m, "K", "y")
	if screen := m.View().Content; !strings.Contains(screen, "could not kill api 1: no engine answers") {
		t.Error(screen)
	}
	keys(m, "S")
	if !strings.Contains(m.view.Notice, "could not save") || m.busy != "" {
		t.Errorf("%q, busy %q", m.view.Notice, m.busy)
	}
}

func TestOneActAtATime(t *testing.T) {
	t.Parallel()
	h := &fakeHands{}
	m := session(t, h)
	first := m.press("S")
	if again := m.press("S"); again != nil || !strings.Contains(m.view.Notice, "wait") {
		t.Errorf("a second act began: %q", m.view.Notice)
	}
	m.Update(first())
	if cmd := m.press("S"); cmd == nil {
		t.Error("nothing is possible after the first is done")
	}
}

func TestReplayHasNoHands(t *testing.T) {
	t.Parallel()
	p := NewPlayer(bigRun())
	p.Seek(30)
	m := newProgram(t.Context(), Options{Feed: p})
	m.width, m.height = 120, 40
	m.poll(time.Unix(1, 0))
	keys(m, "K", "y", "g", "+", "s", "m", "x", "S", "l")
	if m.confirm != nil || m.view.Menu != nil || m.view.Notice != "" {
		t.Errorf("a replay did something: %+v", m.view)
	}
	for _, k := range m.view.Keys {
		if slices.Contains([]string{"kill", "stage", "rate", "save"}, k.Does) {
			t.Errorf("the footer offers %q", k.Does)
		}
	}
	keys(m, "right")
	if p.At() != 35 {
		t.Errorf("right: at %g", p.At())
	}
	keys(m, "left", "left", "]", "space")
	if p.At() != 25 || p.Speed() != 2 || !p.Paused() {
		t.Errorf("at %g, %g times, paused %v", p.At(), p.Speed(), p.Paused())
	}
	keys(m, "end")
	if !p.Ended() || m.state.Clock != p.End() {
		t.Errorf("end: at %g", p.At())
	}
	keys(m, "home")
	if p.At() != 0 || m.state.windows.len() != 0 {
		t.Errorf("home: at %g with %d windows", p.At(), m.state.windows.len())
	}
}

// where finds words on the screen.
func where(t *testing.T, m *program, words string) (x, y int) {
	t.Helper()
	m.stale = true
	m.theme = &Theme{} // no escapes: a place in the text is a place on the screen
	for y, line := range strings.Split(m.View().Content, "\n") {
		if before, _, found := strings.Cut(line, words); found {
			return count(before), y
		}
	}
	t.Fatalf("%q is not on the screen:\n%s", words, m.View().Content)
	return 0, 0
}

func TestMouse(t *testing.T) {
	t.Parallel()
	h := &fakeHands{}
	m := session(t, h)
	click := func(words string) {
		x, y := where(t, m, words)
		_, cmd := m.Update(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
		if cmd != nil {
			if msg := cmd(); msg != nil {
				m.Update(msg)
			}
		}
	}
	click("api 2 ")
	if m.view.Selected != "lab-api-2" {
		t.Errorf("a click on a row selects %q", m.view.Selected)
	}
	click("api ×2")
	if m.view.Selected != "lab-api-1" {
		t.Errorf("a click on a box selects %q", m.view.Selected)
	}
	click("throttled ") // the head of the column
	click("events")
	if m.view.Focus != eventPane {
		t.Errorf("a click on a pane focuses %d", m.view.Focus)
	}
	click("K kill")
	if m.confirm == nil || len(h.done) > 0 {
		t.Error("a click on a key does not ask")
	}
	keys(m, "n")
	click("s stage")
	click("8  Read replicas")
	keys(m, "y")
	if !slices.Equal(h.done, []string{"stage 8"}) {
		t.Errorf("clicks did %v", h.done)
	}
	m.Update(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
	if m.view.Selected != "lab-api-2" {
		t.Errorf("the wheel selects %q", m.view.Selected)
	}
}

// Readings that come four times a second are drawn once in each second.
func TestReadingsAreDrawnOnceASecond(t *testing.T) {
	t.Parallel()
	m := session(t, nil)
	start := m.state.Clock
	m.View()
	drawn := 0
	for i := range 40 {
		at := math.Ceil(start) + 0.1 + float64(i)*0.25
		f := m.feed.(*feed)
		f.events = []Event{{At: at, Sample: &record.Sample{AtSeconds: at, Seconds: 0.25, Container: "lab-api-1", Cores: at}}}
		m.Update(beatMsg(time.Unix(int64(at), 0)))
		if m.stale {
			drawn++
			m.View()
		}
	}
	if drawn < 9 || drawn > 10 {
		t.Errorf("drawn %d times in 10 s", drawn)
	}
}

func TestClickOnTheBarSeeks(t *testing.T) {
	t.Parallel()
	p := NewPlayer(bigRun())
	m := newProgram(t.Context(), Options{Feed: p})
	m.width, m.height = 120, 40
	m.poll(time.Unix(1, 0))
	x, y := where(t, m, "●")
	m.Update(tea.MouseClickMsg{X: x + 7, Y: y, Button: tea.MouseLeft})
	if p.At() < 20 || p.At() > 40 {
		t.Errorf("at %g", p.At())
	}
}

// A screen without news is not drawn again.
func TestNoNewsNoDrawing(t *testing.T) {
	t.Parallel()
	m := session(t, nil)
	m.View()
	m.Update(beatMsg(time.Unix(2, 0)))
	if m.stale {
		t.Error("a beat without news draws")
	}
	words := "the engine does not answer"
	m.feed.(*feed).events = []Event{{At: 2, Trouble: &words}}
	m.Update(beatMsg(time.Unix(3, 0)))
	if !m.stale || !strings.Contains(m.View().Content, words) {
		t.Error("news are not drawn")
	}
}

// broken panics when it is asked.
type broken struct{}

func (broken) Poll(time.Time) ([]Event, float64) { panic("broken feed") }

// However it ends, the terminal is as it was: the other screen is left, the
// cursor shown, the mouse free.
func TestTheTerminalIsLeftClean(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for name, c := range map[string]struct {
		ctx   context.Context
		feed  Feed
		input string
		fails bool
	}{
		"q":         {t.Context(), NewPlayer(bigRun()), "q", false},
		"ctrl+c":    {t.Context(), NewPlayer(bigRun()), "\x03", false},
		"cancelled": {cancelled, NewPlayer(bigRun()), "", false},
		"panic":     {t.Context(), broken{}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, typed := io.Pipe()
			defer in.Close()
			go func() { _, _ = io.WriteString(typed, c.input) }()
			var out bytes.Buffer
			err := Run(c.ctx, Options{Feed: c.feed, Input: in, Output: &out})
			if (err != nil) != c.fails {
				t.Fatalf("ended with %v", err)
			}
			for on, off := range map[string]string{"\x1b[?1049h": "\x1b[?1049l", "\x1b[?25l": "\x1b[?25h", "\x1b[?1002h": "\x1b[?1002l"} {
				if name != "panic" && name != "cancelled" && !strings.Contains(out.String(), on) {
					t.Errorf("%q was never asked for", on)
				}
				if strings.LastIndex(out.String(), on) > strings.LastIndex(out.String(), off) {
					t.Errorf("%q is not taken back: %q", on, out.String())
				}
			}
		})
	}
}
