// SPDX-License-Identifier: MIT

package meter

import (
	"context"
	"time"

	"systemlab/internal/engine"
	"systemlab/internal/record"
)

// Snapshot is every counter at one moment.
type Snapshot struct {
	At         time.Time
	Containers []Total
	Host       HostCPU
	HostKnown  bool
}

// Total is one container's counters over all its incarnations that the meter saw.
type Total struct {
	Container        engine.Container
	At               time.Time // of the last reading; for one that has ended, its last
	CPUSeconds       float64
	Periods          uint64
	ThrottledPeriods uint64
	MemoryBytes      int64
	RxBytes, TxBytes int64  // -1 where unknown
	Incarnations     int    // how often the meter saw it start, the first time included
	Unread           string // why a running container can't be read; "" where it can
	Known            bool   // read at least once

	first float64 // CPUSeconds at the meter's first reading of it
}

// Growth is what was used between two snapshots.
type Growth struct {
	Seconds    float64
	Containers []record.Container // the architecture's, in the order in which they came
	OneOff     []record.Container // the load generator and the like
	Host       record.Host
	Unread     map[string]string // name of a container that could not be read, and why
}

// Mark reads every counter now, then lists the containers and reads those that
// it did not know. In this order, because an engine under load takes up to its
// time-out to list (2 s were seen), and the counters are asked for at a moment.
// It works beside Run and without it, and leaves Run's samples as they are.
func (m *Meter) Mark(ctx context.Context) (Snapshot, error) {
	began := time.Now()
	m.readAll(ctx, began, false)
	s, read := m.moment(), m.totals()
	if err := m.list(ctx); err != nil {
		return Snapshot{}, err
	}
	m.readAll(ctx, began, false)
	early := false // whether anyone was known, to be read before the list
	for _, c := range read {
		early = early || !c.at.Before(began)
	}
	if !early {
		s = m.moment()
	}
	if err := ctx.Err(); err != nil {
		return Snapshot{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range m.order {
		t := m.tracked[id]
		now := t.total()
		if then, ok := read[id]; ok && !then.at.Before(began) {
			now = then // Run has gone on reading meanwhile
		}
		s.Containers = append(s.Containers, Total{
			Container: t.container, At: now.at, CPUSeconds: float64(now.cpuNanos) / 1e9,
			Periods: now.periods, ThrottledPeriods: now.throttled, MemoryBytes: now.memory,
			RxBytes: now.rx, TxBytes: now.tx, Incarnations: t.incarnations, Unread: t.why,
			Known: t.known, first: float64(t.first.cpuNanos) / 1e9,
		})
	}
	return s, nil
}

// totals are the counters of all known containers, as they were read last.
func (m *Meter) totals() map[string]counters {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]counters{}
	for id, t := range m.tracked {
		out[id] = t.total()
	}
	return out
}

// moment is now, with the machine's counters.
func (m *Meter) moment() Snapshot {
	s := Snapshot{At: time.Now()}
	s.Host, s.HostKnown = m.opts.Reader.Host()
	return s
}

// Since is the growth from an earlier snapshot of the same meter to this one,
// straight from the counters at both ends. A container that came in between
// counts from its start, one that ended up to its last reading; the mean of
// both is over the whole interval, so that the containers add up.
func (s Snapshot) Since(earlier Snapshot) Growth {
	g := Growth{Seconds: s.At.Sub(earlier.At).Seconds(), Unread: map[string]string{}}
	before := map[string]Total{}
	for _, t := range earlier.Containers {
		before[t.Container.ID] = t
	}
	stack := 0.0
	for _, now := range s.Containers {
		was, had := before[now.Container.ID]
		// The generator ends with its schedule, often before its last reading; what it used, it says itself.
		if now.Unread != "" && !now.Container.OneOff {
			g.Unread[now.Container.Name] = now.Unread
		}
		if !now.Known || (had && was.Known && now.At.Equal(was.At) && !running(now.Container)) {
			continue // never ran, or had ended before the interval began
		}
		c := growth(now, was, had && was.Known, earlier.At, g.Seconds) // was is zero or unread: counts from 0
		stack += c.CPUSeconds
		if now.Container.OneOff {
			g.OneOff = append(g.OneOff, c)
		} else {
			g.Containers = append(g.Containers, c)
		}
	}
	if seconds := s.Host.At.Sub(earlier.Host.At).Seconds(); s.HostKnown && earlier.HostKnown && seconds > 0 {
		g.Host = record.Host{
			Known:      true,
			Cores:      max(0, s.Host.BusySeconds-earlier.Host.BusySeconds) / seconds,
			StealCores: max(0, s.Host.StealSeconds-earlier.Host.StealSeconds) / seconds,
		}
	}
	if g.Seconds > 0 {
		g.Host.StackCores = stack / g.Seconds
	}
	return g
}

// growth of one container. The length is between its own two readings where it
// was there at both ends, which is a little more exact than the snapshots'.
func growth(now, was Total, had bool, began time.Time, seconds float64) record.Container {
	c := now.Container
	out := record.Container{
		Service: c.Service, Replica: c.Replica, Name: c.Name, ID: c.ID,
		LimitCores: c.LimitCores, MemoryLimitBytes: c.LimitMemory,
		MemoryBytes: now.MemoryBytes, Restarts: max(0, now.Incarnations-1),
	}
	used := now.CPUSeconds - was.CPUSeconds
	out.ThrottledRatio = ratio(now.ThrottledPeriods-was.ThrottledPeriods, now.Periods-was.Periods)
	switch {
	case had:
		out.Restarts = max(now.Incarnations-was.Incarnations, c.Restarts-was.Container.Restarts)
		if running(c) {
			seconds = now.At.Sub(was.At).Seconds()
		}
	case c.Started.Before(began.Add(-time.Second)):
		// It ran before the interval, but could not be read then: what it used
		// until its first reading is not this interval's.
		used -= now.first
	}
	out.CPUSeconds = max(0, used)
	if seconds > 0 {
		out.CoresMean = out.CPUSeconds / seconds
	}
	return out
}

// PerRequest spreads each container's CPU over the requests of the interval.
func (g *Growth) PerRequest(requests int) {
	for _, list := range [][]record.Container{g.Containers, g.OneOff} {
		for i := range list {
			list[i].CPUSecondsPerRequest = 0
			if requests > 0 {
				list[i].CPUSecondsPerRequest = list[i].CPUSeconds / float64(requests)
			}
		}
	}
}
