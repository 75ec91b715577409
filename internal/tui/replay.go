// SPDX-License-Identifier: MIT

package tui

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"systemlab/internal/record"
)

// Speeds that a replay knows.
var Speeds = []float64{1, 2, 4, 8, 16, 20}

// Player plays a saved run on a clock of its own: faster, paused, from
// anywhere. It is a Feed.
type Player struct {
	Run *record.Run

	events []Event // by time
	end    float64
	at     float64
	next   int // first event that is not out yet
	again  bool
	speed  float64
	paused bool
	last   time.Time
}

// NewPlayer makes the events of a run and stands at its beginning.
func NewPlayer(run *record.Run) *Player {
	p := &Player{Run: run, speed: 1, events: eventsOf(run)}
	for _, e := range p.events {
		p.end = max(p.end, e.At)
	}
	return p
}

// Poll moves the clock by the time that went by, and returns what fell into it.
// After a seek backwards everything comes again, from a Reset on.
func (p *Player) Poll(now time.Time) ([]Event, float64) {
	if p.last.IsZero() {
		p.last = now
	}
	passed := now.Sub(p.last).Seconds()
	p.last = now
	if !p.paused && passed > 0 {
		p.at = min(p.at+passed*p.speed, p.end)
	}
	var out []Event
	if p.again {
		p.again, p.next = false, 0
		out = append(out, Event{Reset: true})
	}
	from := p.next
	for p.next < len(p.events) && p.events[p.next].At <= p.at {
		p.next++
	}
	return append(out, p.events[from:p.next]...), p.at
}

// Seek goes to a moment of the run.
func (p *Player) Seek(to float64) {
	if math.IsNaN(to) {
		return
	}
	to = min(max(to, 0), p.end)
	p.again = p.again || to < p.at
	p.at = to
}

// Pause stops the clock, or lets it run. At the end it begins again.
func (p *Player) Pause() {
	if p.Ended() {
		p.Seek(0)
		p.paused = false
		return
	}
	p.paused = !p.paused
}

// Ended says that all was played.
func (p *Player) Ended() bool { return p.at >= p.end }

// Paused says that the clock stands.
func (p *Player) Paused() bool { return p.paused }

// At is the clock, End where it stops, Speed how fast it goes.
func (p *Player) At() float64    { return p.at }
func (p *Player) End() float64   { return p.end }
func (p *Player) Speed() float64 { return p.speed }

// SetSpeed sets how fast the clock goes: 1 to 20 times.
func (p *Player) SetSpeed(v float64) { p.speed = min(max(v, Speeds[0]), Speeds[len(Speeds)-1]) }

// Faster takes the next speed, up or down.
func (p *Player) Faster(up bool) {
	if up {
		for _, v := range Speeds {
			if v > p.speed {
				p.speed = v
				return
			}
		}
		return
	}
	for _, v := range slices.Backward(Speeds) {
		if v < p.speed {
			p.speed = v
			return
		}
	}
}

// eventsOf turns a run into what a live feed would have said.
func eventsOf(run *record.Run) []Event {
	out := []Event{
		{Stack: stackOf(run)},
		{Load: &Load{Running: true, Workload: run.Workload.Name, Pace: run.Pace}},
	}
	for i := range run.Windows {
		out = append(out, Event{At: end(&run.Windows[i]), Window: &run.Windows[i]})
	}
	for i := range run.Samples {
		out = append(out, Event{At: run.Samples[i].AtSeconds, Sample: &run.Samples[i]})
	}
	for i := range run.Events {
		out = append(out, Event{At: run.Events[i].AtSeconds, Happened: &run.Events[i]})
	}
	for i := range run.Queue {
		out = append(out, Event{At: run.Queue[i].AtSeconds, Queue: &run.Queue[i]})
	}
	for i := range run.Replication {
		out = append(out, Event{At: run.Replication[i].AtSeconds, Replication: &run.Replication[i]})
	}
	out = slices.DeleteFunc(out, func(e Event) bool { return math.IsNaN(e.At) || e.At > maxReplay })
	slices.SortStableFunc(out, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	return out
}

// maxReplay is longer than any run; a time beyond it is a fault of the file.
const maxReplay = 7 * 24 * 3600

// stackOf is what was up when the run began. A run lists its containers as they
// were at the end, and what happened meanwhile: so that is taken back.
func stackOf(run *record.Run) *Stack {
	st := &Stack{Project: run.Project, Stage: run.Stage, Architecture: run.Architecture}
	if len(st.Architecture.Services) == 0 {
		st.Architecture = guess(run)
	}
	s := NewState()
	s.Stack = *st
	limits := map[string]record.Container{}
	for _, c := range run.Containers {
		limits[c.Name] = c
		s.meet(c.Name, "running")
	}
	for _, sample := range run.Samples {
		if !s.isGenerator(sample.Container) && s.boxes[sample.Container] == nil {
			s.meet(sample.Container, "running")
		}
	}
	for _, b := range s.list() {
		if s.isGenerator(b.Name) || cameLater(run, b.Name) {
			continue
		}
		c := b.Container
		if known, ok := limits[c.Name]; ok {
			c.Service, c.Replica = known.Service, known.Replica
			c.LimitCores, c.MemoryLimitBytes = known.LimitCores, known.MemoryLimitBytes
			c.Roles = slices.Clone(known.Roles)
		}
		c.Roles = rolesBefore(run.Events, c)
		c.State = stateBefore(run.Events, c.Name)
		st.Containers = append(st.Containers, c)
	}
	return st
}

// cameLater says that a container was made during the run.
func cameLater(run *record.Run, name string) bool {
	for _, e := range run.Events {
		if e.Container == name && e.Kind == "create" {
			return true
		}
	}
	return false
}

// stateBefore follows from the first thing that happened to it.
func stateBefore(events []record.Event, name string) string {
	for _, e := range events {
		if e.Container != name {
			continue
		}
		switch e.Kind {
		case "start":
			return "exited"
		case "unpause":
			return "paused"
		case "die", "pause", "kill", "stop":
			return "running"
		}
	}
	return "running"
}

// rolesBefore takes the changes of roles back, from the last to the first. One
// that died lost its roles without giving them up.
func rolesBefore(events []record.Event, c Container) []string {
	roles := slices.Clone(c.Roles)
	drop := func(role string) { roles = slices.DeleteFunc(roles, func(r string) bool { return r == role }) }
	for _, e := range slices.Backward(events) {
		if e.Container != c.Name {
			continue
		}
		switch e.Kind {
		case "takes role":
			drop(e.Detail)
		case "gives up role":
			drop(e.Detail)
			roles = append(roles, e.Detail)
		}
	}
	return roles
}

// guess makes a picture for a run that holds none: boxes without arrows.
func guess(run *record.Run) record.Architecture {
	var a record.Architecture
	for _, c := range run.Containers {
		i := slices.IndexFunc(a.Services, func(s record.Service) bool { return s.Name == c.Service })
		if i < 0 {
			a.Services = append(a.Services, record.Service{Name: c.Service, LimitCores: c.LimitCores, MemoryLimitBytes: c.MemoryLimitBytes})
			i = len(a.Services) - 1
		}
		a.Services[i].Replicas++
	}
	slices.SortFunc(a.Services, func(x, y record.Service) int { return strings.Compare(x.Name, y.Name) })
	return a
}
