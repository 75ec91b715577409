// SPDX-License-Identifier: MIT

package tui

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"systemlab/internal/record"
)

// screenOf draws a run at a moment, without colours.
func screenOf(t testing.TB, run *record.Run, at float64, w, h int, change func(*View)) string {
	t.Helper()
	return ansi.Strip(render(t, run, at, w, h, NewTheme(colorprofile.NoTTY, true), change))
}

func render(t testing.TB, run *record.Run, at float64, w, h int, theme *Theme, change func(*View)) string {
	t.Helper()
	p := NewPlayer(run)
	p.Seek(at)
	m := newProgram(t.Context(), Options{Feed: p})
	m.width, m.height, m.theme = w, h, theme
	m.poll(time.Unix(1, 0))
	if change != nil {
		change(m.view)
	}
	return m.View().Content
}

// Every size, and every state of the screen, makes lines of exactly the width,
// exactly as many as the height.
func TestEverySizeFits(t *testing.T) {
	t.Parallel()
	run := bigRun()
	p := NewPlayer(run)
	p.Seek(45)
	m := newProgram(t.Context(), Options{Feed: p})
	m.poll(time.Unix(1, 0))
	m.keys.enable(true, true, true)
	theme := NewTheme(colorprofile.NoTTY, true)
	n := 0
	for w := 20; w <= 250; w += 1 + n%3 {
		for h := 5; h <= 80; h += 1 + n%4 {
			n++
			v := m.view
			v.Keys, v.Groups = m.keys.footer(), m.keys.help()
			v.Focus, v.Zoom, v.Help = pane(n%int(panes)), n%5 == 0, n%7 == 0
			v.Menu = nil
			if n%11 == 0 {
				v.Menu = &Menu{Title: "stage", Items: strings.Fields("one two three four five six seven"), At: n % 7}
			}
			exact(t, Draw(m.state, v, w, h, theme), w, h)
		}
	}
}

func exact(t *testing.T, screen string, w, h int) {
	t.Helper()
	lines := strings.Split(ansi.Strip(screen), "\n")
	if len(lines) != h {
		t.Fatalf("%d×%d: %d lines", w, h, len(lines))
	}
	for i, line := range lines {
		if got := ansi.StringWidth(line); got != w {
			t.Fatalf("%d×%d: line %d is %d wide: %q", w, h, i, got, line)
		}
	}
}

// 16, 256 and true colours, none, light and dark differ in escapes alone.
func TestThemesShowTheSame(t *testing.T) {
	t.Parallel()
	run := bigRun()
	want := screenOf(t, run, 45, 120, 40, nil)
	seen := map[string]bool{}
	for _, p := range []colorprofile.Profile{colorprofile.NoTTY, colorprofile.ASCII, colorprofile.ANSI, colorprofile.ANSI256, colorprofile.TrueColor} {
		for _, dark := range []bool{true, false} {
			got := render(t, run, 45, 120, 40, NewTheme(p, dark), nil)
			if ansi.Strip(got) != want {
				t.Errorf("%v, dark %v: another text", p, dark)
			}
			if p <= colorprofile.ASCII && (strings.Contains(got, "\x1b[3") || strings.Contains(got, "[38")) {
				t.Errorf("%v has a colour", p)
			}
			seen[got] = true
		}
	}
	if len(seen) != 7 { // without colours dark and light are one, and NoTTY is ASCII
		t.Errorf("%d different screens, wanted 7", len(seen))
	}
}

func TestScreenShowsTrouble(t *testing.T) {
	t.Parallel()
	for at, want := range map[float64][]string{
		5:  {"200/s", "lb ×2", "nginx ×2", "worker ×3", "postgres-replica", "◀", "▲", "cache hits", "queue", "replica lag"},
		20: {"1 gone", "vip", "lb 1 gone"},
		27: {"1 paused", "worker 2 paused", "400/s"},
		40: {"not running", "redis 1 gone"},
	} {
		screen := screenOf(t, bigRun(), at, 200, 60, nil)
		for _, words := range want {
			if !strings.Contains(screen, words) {
				t.Errorf("at %g: no %q in\n%s", at, words, screen)
			}
		}
	}
}

func TestBusiestHasAHeavyFrame(t *testing.T) {
	t.Parallel()
	if screen := screenOf(t, bigRun(), 45, 120, 40, nil); strings.Count(screen, "┏") != 1 || !strings.Contains(screen, "┏ dblb ") {
		t.Error(screen)
	}
}

// What an engine or a log says must not steer the terminal.
func TestForeignWordsAreHarmless(t *testing.T) {
	t.Parallel()
	run := bigRun()
	run.Stage.Title = "\x1b[2J\a界界 \u200b\u202e"
	run.Events[0].Detail = "\x1b]0;title\a\r\n\tboo"
	run.Workload.Name = "👩‍👩‍👧"
	p := NewPlayer(run)
	p.Seek(30)
	m := newProgram(t.Context(), Options{Feed: p})
	m.poll(time.Unix(1, 0))
	trouble := "no answer:\n\x1b[31mdial\x00"
	m.state.Apply(Event{At: 30, Trouble: &trouble})
	screen := Draw(m.state, m.view, 120, 40, NewTheme(colorprofile.NoTTY, true))
	exact(t, screen, 120, 40)
	for _, r := range ansi.Strip(screen) {
		if r < ' ' && r != '\n' || r == 0x200b || r == 0x202e {
			t.Errorf("%q is on the screen", r)
		}
	}
	if strings.Contains(screen, "\x1b[2J") || strings.Contains(screen, "\x1b]0") {
		t.Error("an escape of others is on the screen")
	}
}

func TestNothingYet(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{80, 24}, {250, 80}, {1, 1}} {
		exact(t, Draw(NewState(), &View{}, size[0], size[1], NewTheme(colorprofile.NoTTY, true)), size[0], size[1])
	}
}

func BenchmarkDraw(b *testing.B) {
	p := NewPlayer(bigRun())
	p.Seek(59)
	m := newProgram(b.Context(), Options{Feed: p})
	m.poll(time.Unix(1, 0))
	theme := NewTheme(colorprofile.TrueColor, true)
	b.ReportAllocs()
	for b.Loop() {
		_ = Draw(m.state, m.view, 200, 60, theme)
	}
}
