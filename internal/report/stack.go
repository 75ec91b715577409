// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"math"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

func (p *page) containers() {
	if len(p.run.Containers) == 0 {
		return
	}
	p.line("")
	t := Table{Head: []string{"container", "cores", "limit", "share", "throttled", "memory", "CPU ms/request"}, Left: 1}
	for _, use := range analysis.Services(p.run) {
		for _, c := range p.run.Containers {
			if c.Service == use.Service {
				throttled := None // without a limit there is nothing to meet
				if c.LimitCores > 0 {
					throttled = Percent(c.ThrottledRatio)
				}
				t.Row(name(c, use.Replicas), Cores(c.CoresMean), limit(c.LimitCores), share(c.CoresMean, c.LimitCores), throttled,
					Bytes(c.MemoryBytes), Milliseconds(c.CPUSecondsPerRequest))
			}
		}
		if use.Replicas > 1 {
			t.Row(fmt.Sprintf("%s, all %d", use.Service, use.Replicas), Cores(use.Cores), limit(use.LimitCores), share(use.Cores, use.LimitCores),
				"", Bytes(use.MemoryBytes), Milliseconds(use.CPUSecondsPerRequest))
		}
	}
	p.table(&t)
	if u, ok := analysis.Bottleneck(p.run); ok {
		full := ""
		if at := u.SaturatesAt(); at > 0 && finite(at) {
			full = fmt.Sprintf("; full at about %s requests a second", Rate(math.Round(at)))
		}
		p.line("Nearest its limit: %s at %s%s", u.Service, Percent(u.Utilisation()), full)
	}
}

func name(c record.Container, replicas int) string {
	if replicas > 1 {
		return fmt.Sprintf("%s %d", c.Service, c.Replica)
	}
	return c.Service
}

func limit(cores float64) string {
	if cores <= 0 || !finite(cores) {
		return None
	}
	return trim(Cores(cores))
}

func share(cores, limit float64) string {
	if limit <= 0 {
		return None
	}
	return Percent(cores / limit)
}

func (p *page) machine() {
	if h := p.run.Host; h.Known {
		steal := ""
		if h.StealCores > 0.005 {
			steal = fmt.Sprintf(", %s stolen", Cores(h.StealCores))
		}
		p.line("%s%s of %d cores busy, %s by stage and generator%s", p.label("Machine"), Cores(h.Cores), p.run.Machine.Cores, Cores(h.StackCores), steal)
		if h.Cores < h.StackCores {
			// The whole machine can't be less busy than a part of it.
			p.line("%sthe machine's own count is too low: some kernels count by ticks, and miss short work", p.label(""))
		}
	}
	if p.run.Meter != "" {
		p.line("%scontainers read by %s", p.label("Meter"), p.run.Meter)
	}
}

// shownEvents is how many events fit a summary; the run's file has them all.
const shownEvents = 8

func (p *page) events() {
	if len(p.run.Events) == 0 {
		return
	}
	p.line("")
	t := Table{Head: []string{"event", "of", "", "at"}, Left: 3}
	for _, e := range p.run.Events[:min(shownEvents, len(p.run.Events))] {
		of := e.Container
		if of == "" {
			of = e.Service
		}
		t.Row(e.Kind, of, shorten(e.Detail, 30), at(e.AtSeconds))
	}
	p.table(&t)
	if more := len(p.run.Events) - shownEvents; more > 0 {
		p.line("and %d more", more)
	}
}

// at prints a moment of the run, which may be before its start.
func at(seconds float64) string {
	if !plausible(seconds) {
		return None
	}
	return fmt.Sprintf("%.1f s", seconds)
}
