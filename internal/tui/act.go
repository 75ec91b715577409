// SPDX-License-Identifier: MIT

package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// faster is by what the rate grows or shrinks with one key.
const faster = 1.25

// startRate is what a load begins with when nothing was asked before.
const startRate = 200

// act does what hands can. What breaks or replaces something asks first.
func (p *program) act(is func(key.Binding) bool) tea.Cmd {
	k, h := p.keys, p.hands
	switch {
	case is(k.Load):
		return p.toggleLoad()
	case is(k.More):
		return p.changeRate(p.state.Load.Rate * faster)
	case is(k.Less):
		return p.changeRate(p.state.Load.Rate / faster)
	case is(k.Workload):
		return p.chooseWorkload()
	case is(k.Stage):
		return p.chooseStage()
	case is(k.Save):
		return p.do("save the run", "", func(ctx context.Context) (string, error) {
			id, err := h.Save(ctx)
			return "saved as " + id, err
		})
	}
	if b := p.state.boxes[p.view.Selected]; b != nil {
		return p.actOn(b, is)
	}
	return nil
}

func (p *program) actOn(b *box, is func(key.Binding) bool) tea.Cmd {
	k, h, name := p.keys, p.hands, b.Name
	one := func(what string, act func(context.Context, string) error) func() tea.Cmd {
		return func() tea.Cmd {
			return p.do(what+" "+b.title(), "", func(ctx context.Context) (string, error) { return "", act(ctx, name) })
		}
	}
	switch {
	case is(k.Freeze) && b.State == "paused":
		return one("let go on", h.Unpause)()
	case is(k.Freeze):
		p.ask("pause "+b.title()+"? It keeps its connections and answers nothing.", one("pause", h.Pause))
	case is(k.Stop):
		p.ask("stop "+b.title()+"?", one("stop", h.Stop))
	case is(k.Kill):
		p.ask("kill "+b.title()+"? It gets no chance to say goodbye.", one("kill", h.Kill))
	case is(k.Start):
		return one("start", h.Start)()
	case is(k.ScaleUp):
		return p.scale(b.Service, 1)
	case is(k.ScaleDown):
		return p.scale(b.Service, -1)
	case is(k.Logs):
		return p.follow(b)
	}
	return nil
}

// do calls the hands, one act at a time: two at once would meet half-done work.
func (p *program) do(what, done string, act func(context.Context) (string, error)) tea.Cmd {
	if p.busy != "" {
		p.view.Notice = "wait: still at work to " + p.busy
		return nil
	}
	p.busy = what
	p.view.Notice = what + " …"
	ctx := p.ctx
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, handTime)
		defer cancel()
		words, err := act(ctx)
		if words == "" {
			words = done
		}
		if words == "" {
			words = what + ": done"
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", what, err)
		}
		return doneMsg{words, err}
	}
}

func (p *program) done(m doneMsg) {
	p.busy = ""
	p.view.Notice = m.words
	if m.err != nil && !errors.Is(m.err, context.Canceled) {
		p.view.Notice = "could not " + m.err.Error()
	}
}

// ask puts a question; only y does it.
func (p *program) ask(question string, yes func() tea.Cmd) {
	p.view.Ask, p.confirm = question, yes
}

func (p *program) answer(k string) tea.Cmd {
	yes := p.confirm
	p.view.Ask, p.confirm = "", nil
	if k == "y" || k == "Y" {
		return yes()
	}
	p.view.Notice = "left as it is"
	return nil
}

func (p *program) toggleLoad() tea.Cmd {
	if p.state.Load.Running {
		return p.do("stop the load", "", func(ctx context.Context) (string, error) { return "", p.hands.StopLoad(ctx) })
	}
	workload, rate := p.state.Load.Workload, p.state.Load.Rate
	if rate <= 0 {
		rate = startRate
	}
	if !slices.Contains(p.hands.Workloads(), workload) {
		workload = "" // the stage's own
	}
	return p.do("start the load", "", func(ctx context.Context) (string, error) { return "", p.hands.StartLoad(ctx, workload, rate) })
}

func (p *program) changeRate(to float64) tea.Cmd {
	if !p.state.Load.Running || to <= 0 {
		p.view.Notice = "no load runs: g starts one"
		return nil
	}
	to = max(float64(int(to+0.5)), 1)
	return p.do(fmt.Sprintf("ask for %g a second", to), "", func(ctx context.Context) (string, error) { return "", p.hands.SetRate(ctx, to) })
}

func (p *program) chooseWorkload() tea.Cmd {
	all := p.hands.Workloads()
	p.open("workload", all, max(slices.Index(all, p.state.Load.Workload), 0), func(i int) tea.Cmd {
		rate := p.state.Load.Rate
		if rate <= 0 {
			rate = startRate
		}
		running := p.state.Load.Running
		return p.do("ask for "+all[i], "", func(ctx context.Context) (string, error) {
			if running {
				if err := p.hands.StopLoad(ctx); err != nil {
					return "", err
				}
			}
			return "", p.hands.StartLoad(ctx, all[i], rate)
		})
	})
	return nil
}

func (p *program) chooseStage() tea.Cmd {
	all := p.hands.Stages()
	at := 0
	var items []string
	for i, s := range all {
		items = append(items, fmt.Sprintf("%d  %s", s.Number, s.Title))
		if s.Number == p.state.Stack.Stage.Number {
			at = i
		}
	}
	p.open("stage", items, at, func(i int) tea.Cmd {
		to := all[i]
		p.ask(fmt.Sprintf("switch to stage %d, %s? What differs is replaced; a load that runs begins anew.", to.Number, to.Title), func() tea.Cmd {
			return p.do(fmt.Sprintf("switch to stage %d", to.Number), "", func(ctx context.Context) (string, error) {
				return "", p.hands.SwitchStage(ctx, to.Number)
			})
		})
		return nil
	})
	return nil
}

func (p *program) scale(service string, by int) tea.Cmd {
	n := p.state.service(service).Replicas + by
	if n < 1 {
		p.view.Notice = "the last one stays; stop it with x"
		return nil
	}
	do := func() tea.Cmd {
		return p.do(fmt.Sprintf("make it %d × %s", n, service), "", func(ctx context.Context) (string, error) { return "", p.hands.Scale(ctx, service, n) })
	}
	if by > 0 {
		return do()
	}
	p.ask(fmt.Sprintf("take one %s away, so that %d are left?", service, n), do)
	return nil
}

// follow shows a container's log; a second time it ends.
func (p *program) follow(b *box) tea.Cmd {
	if p.stopLogs != nil {
		p.stopLogs()
		p.stopLogs = nil
	}
	if p.view.Focus == logPane {
		p.view.Focus = chartPane
		return nil
	}
	ctx, cancel := context.WithCancel(p.ctx)
	p.stopLogs = cancel
	p.view.Focus, p.view.Scroll = logPane, 0
	p.state.log = newRing[LogLine](keptLines)
	hands, name, title := p.hands, b.Name, b.title()
	return func() tea.Msg {
		defer cancel()
		err := hands.Logs(ctx, name)
		if err != nil && ctx.Err() == nil {
			return sayMsg(fmt.Sprintf("could not follow the log of %s: %v", title, err))
		}
		return nil
	}
}

func (p *program) open(title string, items []string, at int, choose func(int) tea.Cmd) {
	if len(items) == 0 {
		p.view.Notice = "there is no " + title + " to choose"
		return
	}
	p.view.Menu, p.choose = &Menu{title, items, at}, choose
}

// pick moves in the menu, takes what is marked or closes it.
func (p *program) pick(k string) tea.Cmd {
	m := p.view.Menu
	switch k {
	case "up", "k":
		m.At = max(m.At-1, 0)
	case "down", "j", "tab":
		m.At = min(m.At+1, len(m.Items)-1)
	case "enter", "space":
		choose := p.choose
		p.view.Menu, p.choose = nil, nil
		return choose(m.At)
	case "esc", "q":
		p.view.Menu, p.choose = nil, nil
	default:
		if n := int(k[0]) - '1'; len(k) == 1 && n >= 0 && n < len(m.Items) {
			m.At = n
			return p.pick("enter")
		}
	}
	return nil
}
