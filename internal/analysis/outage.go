// SPDX-License-Identifier: MIT

package analysis

import (
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"

	"systemlab/internal/record"
)

// Kinds of the events that a drill leaves in its run.
const (
	EventFault = "fault"
	EventHeal  = "heal"
	eventDone  = " done"
)

const (
	// backShare is how far p99 may be above what it was before, and a second be
	// called as before.
	backShare = 0.20
	// backSeconds is how long a stretch must be good to be one.
	backSeconds = 1.0
)

// Outage is what one fault did to what clients saw, from one run.
type Outage struct {
	At     float64 // the fault's moment, seconds into the run
	Healed float64 // the heal's; the run's end where there was none

	// Gap is the longest stretch without one good answer, of those that end after
	// the fault began; 0 where there is none that is called a gap. Each of its ends
	// is known to Resolution. Open says that the run ended in it.
	Gap        float64
	Open       bool
	Resolution float64

	// From the fault to the end.
	Asked      int
	Lost       int
	Errors     map[string]int // lost, by kind of error
	LostBy     map[string]int // lost, by endpoint
	LostHealed int            // of Lost: ended after the heal
	Recovered  *float64       // nil: not within the run

	Before Steady
}

// Steady is the part before the fault.
type Steady struct {
	Seconds    float64
	Asked, OK  int
	Failed     int
	Late       int
	P99, Worst float64 // of all its answers, and of its worst second
}

// MeasureOutage reads a run with one fault; false where the run has none.
func MeasureOutage(run *record.Run) (Outage, bool) {
	began, ok := eventAt(run, EventFault)
	if !ok {
		return Outage{}, false
	}
	o := Outage{At: momentOfFault(run, began), Healed: run.WarmupSeconds + run.DurationSeconds, Errors: map[string]int{}, LostBy: map[string]int{}}
	if healed, ok := eventAt(run, EventHeal); ok {
		o.Healed = healed.AtSeconds
	}
	if run.Summary.Rate.Asked > 0 {
		o.Resolution = 1 / run.Summary.Rate.Asked
	}
	before, after := split(measured(run), began.AtSeconds)
	o.Before = steadyPart(before)
	o.gap(run, began.AtSeconds)
	for _, w := range after {
		o.Asked += w.Asked
		o.lose(w)
	}
	o.recover(after, run.Summary.Gaps)
	return o, true
}

func eventAt(run *record.Run, kind string) (record.Event, bool) {
	i := slices.IndexFunc(run.Events, func(e record.Event) bool { return e.Kind == kind })
	if i < 0 {
		return record.Event{}, false
	}
	return run.Events[i], true
}

// momentOfFault is when the engine says that it laid hand on the container; for
// a fault that the engine does not tell of, when making it was done.
func momentOfFault(run *record.Run, began record.Event) float64 {
	done, ok := eventAt(run, EventFault+eventDone)
	if !ok {
		return began.AtSeconds
	}
	for _, e := range run.Events {
		if e.Container == began.Container && e.AtSeconds >= began.AtSeconds && e.AtSeconds <= done.AtSeconds &&
			slices.Contains([]string{"kill", "stop", "pause", "restart", "update", "die"}, e.Kind) {
			return e.AtSeconds
		}
	}
	return done.AtSeconds
}

// split parts windows: those that ended before a moment, and all from the one
// that holds it.
func split(windows []record.Window, at float64) (before, after []record.Window) {
	i := slices.IndexFunc(windows, func(w record.Window) bool { return w.StartSeconds+w.Seconds > at })
	if i < 0 {
		i = len(windows)
	}
	return windows[:i], windows[i:]
}

func steadyPart(windows []record.Window) Steady {
	var s Steady
	for i, w := range windows {
		s.Seconds += w.Seconds
		s.Asked, s.OK, s.Failed, s.Late = s.Asked+w.Asked, s.OK+w.OK, s.Failed+w.Failed, s.Late+w.Late
		if second := secondFrom(windows[i:]); second != nil {
			s.Worst = max(s.Worst, p99(second))
		}
	}
	s.P99 = p99(windows)
	return s
}

func (o *Outage) gap(run *record.Run, from float64) {
	end := run.WarmupSeconds + run.DurationSeconds
	for _, g := range run.Summary.Gaps {
		if until := g.StartSeconds + g.Seconds; until > from && g.Seconds > o.Gap {
			o.Gap, o.Open = g.Seconds, until >= end-1e-6
		}
	}
}

func (o *Outage) lose(w record.Window) {
	o.Lost += w.Failed
	if w.StartSeconds >= o.Healed {
		o.LostHealed += w.Failed
	}
	for kind, n := range w.Errors {
		o.Errors[kind] += n
	}
	for name, e := range w.Endpoints {
		if e.Failed > 0 {
			o.LostBy[name] += e.Failed
		}
	}
}

// recover finds the first second that is as before. No failure may follow it: up
// to the heal, or, where it lies after the heal, to the end.
func (o *Outage) recover(after []record.Window, gaps []record.Gap) {
	bound := max(o.Before.P99*(1+backShare), o.Before.Worst)
	for i := range after {
		second := secondFrom(after[i:])
		if second == nil {
			return
		}
		from, last := second[0].StartSeconds, second[len(second)-1]
		until := o.Healed
		if last.StartSeconds+last.Seconds > o.Healed {
			until = after[len(after)-1].StartSeconds + 1
		}
		if p99(second) <= bound && undisturbed(after[i:], gaps, until) && answered(second) {
			back := max(0, from-o.At)
			o.Recovered = &back
			return
		}
	}
}

// undisturbed tells whether nothing failed, and no gap was, in the windows that
// begin before a moment.
func undisturbed(windows []record.Window, gaps []record.Gap, until float64) bool {
	from := windows[0].StartSeconds
	for _, g := range gaps {
		if g.StartSeconds < until && g.StartSeconds+g.Seconds > from {
			return false
		}
	}
	return !slices.ContainsFunc(windows, func(w record.Window) bool { return w.StartSeconds < until && w.Failed > 0 })
}

// answered tells whether every window that was asked for something, answered.
func answered(windows []record.Window) bool {
	return !slices.ContainsFunc(windows, func(w record.Window) bool { return w.Asked > 0 && w.OK == 0 })
}

// secondFrom is as many windows as make up a second; nil where there are not.
func secondFrom(windows []record.Window) []record.Window {
	sum := 0.0
	for i, w := range windows {
		if sum += w.Seconds; sum >= backSeconds-1e-3 {
			return windows[:i+1]
		}
	}
	return nil
}

// p99 of windows together, in seconds; 0 without answers.
func p99(windows []record.Window) float64 {
	var all *hdrhistogram.Histogram
	for _, w := range windows {
		h, err := hdrhistogram.Decode([]byte(w.Histogram))
		if err != nil || h.TotalCount() == 0 {
			continue
		}
		if all == nil {
			all = h
		} else {
			all.Merge(h)
		}
	}
	if all == nil {
		return 0
	}
	return float64(all.ValueAtQuantile(99)) / 1e6
}
