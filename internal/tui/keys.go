// SPDX-License-Identifier: MIT

package tui

import "charm.land/bubbles/v2/key"

// keyMap is every key there is. What is not possible now is disabled: it does
// nothing and stands neither in the footer nor in the help.
type keyMap struct {
	Help, Quit, Focus, Zoom, Span         key.Binding
	Up, Down, Sort, Reverse               key.Binding
	Pause, Back, Forward, Slower, Faster  key.Binding
	Begin, End                            key.Binding
	Load, More, Less, Workload, Stage     key.Binding
	ScaleUp, ScaleDown                    key.Binding
	Freeze, Stop, Kill, Start, Logs, Save key.Binding
}

func bind(help, does string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(help, does))
}

func newKeys() *keyMap {
	return &keyMap{
		Help: bind("?", "help", "?", "h"), Quit: bind("q", "quit", "q", "ctrl+c"),
		Focus: bind("tab", "pane", "tab"), Zoom: bind("z", "zoom", "z"), Span: bind("w", "span", "w"),
		Up: bind("↑", "up", "up", "k"), Down: bind("↓", "down", "down", "j"),
		Sort: bind("o", "sort", "o"), Reverse: bind("O", "reverse", "O"),
		Pause: bind("space", "pause", "space"), Back: bind("←", "5 s back", "left"), Forward: bind("→", "5 s on", "right"),
		Slower: bind("[", "slower", "["), Faster: bind("]", "faster", "]"),
		Begin: bind("home", "begin", "home"), End: bind("end", "to the end", "end"),
		Load: bind("g", "go/stop", "g"), More: bind("+", "more", "+", "="), Less: bind("-", "less", "-"),
		Workload: bind("m", "workload", "m"), Stage: bind("s", "stage", "s"),
		ScaleUp: bind(">", "one more", ">"), ScaleDown: bind("<", "one less", "<"),
		Freeze: bind("p", "pause", "p"), Stop: bind("x", "stop", "x"), Kill: bind("K", "kill", "K"), Start: bind("a", "start", "a"),
		Logs: bind("l", "log", "l"), Save: bind("S", "save", "S"),
	}
}

// enable switches on what a view can do: all can look, a replay has a clock to
// turn, and hands can act, on a container where one is selected.
func (k *keyMap) enable(replay, hands, selected bool) {
	for _, b := range []*key.Binding{&k.Pause, &k.Back, &k.Forward, &k.Slower, &k.Faster, &k.Begin, &k.End} {
		b.SetEnabled(replay)
	}
	for _, b := range []*key.Binding{&k.Load, &k.More, &k.Less, &k.Workload, &k.Stage, &k.Save} {
		b.SetEnabled(hands)
	}
	for _, b := range []*key.Binding{&k.ScaleUp, &k.ScaleDown, &k.Freeze, &k.Stop, &k.Kill, &k.Start, &k.Logs} {
		b.SetEnabled(hands && selected)
	}
}

// groups are the keys as the help shows them, with a title each.
func (k *keyMap) groups() []keyGroup {
	return []keyGroup{
		{"Play", []key.Binding{k.Pause, k.Back, k.Forward, k.Slower, k.Faster, k.Begin, k.End}},
		{"Load", []key.Binding{k.Load, k.More, k.Less, k.Workload, k.Stage, k.Save}},
		{"Container", []key.Binding{k.Freeze, k.Stop, k.Kill, k.Start, k.ScaleUp, k.ScaleDown, k.Logs}},
		{"Look", []key.Binding{k.Up, k.Down, k.Focus, k.Zoom, k.Sort, k.Reverse, k.Span, k.Help, k.Quit}},
	}
}

// footer are the keys that the last line shows, as many as there is room for.
// Pairs of keys share an entry.
func (k *keyMap) footer() []Key {
	var out []Key
	one := func(b key.Binding) {
		if b.Enabled() {
			out = append(out, Key{b.Help().Key, b.Help().Desc})
		}
	}
	two := func(b key.Binding, keys, does string) {
		if b.Enabled() {
			out = append(out, Key{keys, does})
		}
	}
	for _, b := range []key.Binding{k.Quit, k.Help, k.Pause} {
		one(b)
	}
	two(k.Back, "← →", "seek")
	two(k.Slower, "[ ]", "speed")
	one(k.Load)
	two(k.More, "+ -", "rate")
	for _, b := range []key.Binding{k.Workload, k.Stage, k.Kill, k.Stop, k.Freeze, k.Start} {
		one(b)
	}
	two(k.ScaleUp, "< >", "scale")
	one(k.Logs)
	one(k.Save)
	two(k.Up, "↑ ↓", "select")
	for _, b := range []key.Binding{k.Focus, k.Zoom, k.Sort, k.Span} {
		one(b)
	}
	return out
}

type keyGroup struct {
	title string
	keys  []key.Binding
}

// lines of the help: only what is possible, in groups.
func (k *keyMap) help() []HelpGroup {
	var out []HelpGroup
	for _, g := range k.groups() {
		h := HelpGroup{Title: g.title}
		for _, b := range g.keys {
			if b.Enabled() {
				h.Keys = append(h.Keys, Key{b.Help().Key, b.Help().Desc})
			}
		}
		if len(h.Keys) > 0 {
			out = append(out, h)
		}
	}
	return out
}
