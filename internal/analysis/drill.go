// SPDX-License-Identifier: MIT

package analysis

import (
	"fmt"
	"slices"
	"strings"

	"systemlab/internal/record"
)

// What a drill, or one of its trials, came to.
const (
	Held       = "held"
	NotHeld    = "not held"
	NotDecided = "not decided"
)

// lateBefore is the share of late requests before the fault, beyond which the
// generator does not keep its schedule: a gap could be its own.
const lateBefore = lateInvalid

// steadyLeast is how many seconds before the fault can be called steady.
const steadyLeast = 1.0

// Trial is one fault, measured.
type Trial struct {
	Run     string // the run's id
	Target  string // the container
	State   string // Held, NotHeld, NotDecided
	Reason  string // which conditions broke, or why nothing is decided
	Outage  Outage
	Verdict record.Verdict // of the whole run, the fault included
}

// Prediction is what the configuration says of the gap, in seconds.
type Prediction struct {
	Low, High float64
	Because   string // the formula, with its numbers
}

// Drilled is a drill's result.
type Drilled struct {
	Stage      record.Stage
	Name       string
	Title      string
	What, How  string // what was broken, and how
	ForSeconds float64
	Workload   string
	Rate       float64
	Hypothesis Hypothesis
	Predicted  *Prediction
	Unforeseen string // why there is no prediction
	Trials     []Trial

	State  string
	Reason string
	// Inside says that the measured median gap lies in the prediction; nil where
	// there is nothing to compare.
	Inside *bool
}

// JudgeTrial measures a run and holds it against the hypothesis.
func JudgeTrial(run *record.Run, h Hypothesis) Trial {
	t := Trial{Run: run.ID, Verdict: run.Verdict, State: NotDecided, Reason: "the run has no fault in it"}
	o, ok := MeasureOutage(run)
	if !ok {
		return t
	}
	t.Outage = o
	if e, ok := eventAt(run, EventFault); ok {
		t.Target = e.Container
	}
	switch t.Reason = unsteady(o.Before); {
	case t.Reason != "":
	case spoilt(run) != "":
		t.Reason = spoilt(run)
	case len(h.broken(o)) > 0:
		t.State, t.Reason = NotHeld, strings.Join(h.broken(o), ", ")
	default:
		t.State = Held
	}
	return t
}

// unsteady says what was wrong before the fault; "" for nothing.
func unsteady(s Steady) string {
	switch {
	case s.Seconds < steadyLeast || s.Asked == 0:
		return "there was no steady part before the fault"
	case s.Failed > 0:
		return fmt.Sprintf("%d requests had failed before the fault", s.Failed)
	case float64(s.OK) < (1-lateBefore)*float64(s.Asked):
		return fmt.Sprintf("before the fault only %d of %d requests were answered: it was overloaded already", s.OK, s.Asked)
	case float64(s.Late) > lateBefore*float64(s.Asked):
		return fmt.Sprintf("before the fault %d of %d requests left late: the machine was busy", s.Late, s.Asked)
	}
	return ""
}

// spoilt says what of the generator or the machine makes the run no measurement;
// "" for nothing. The fault's own traces are no reason.
func spoilt(run *record.Run) string {
	for _, r := range run.Verdict.Reasons {
		if r.State == record.Invalid && slices.Contains([]string{CheckSchedule, CheckDropped, CheckSent, CheckHost, CheckSteal, CheckClock, CheckGenerator, CheckLimits, CheckNothing}, r.Check) {
			return r.Seen
		}
	}
	return ""
}

// Conclude says what the trials came to, all together.
func (d *Drilled) Conclude() {
	decided := []Outage{}
	d.State, d.Reason, d.Inside = NotDecided, "", nil
	broke, last := []string{}, ""
	for _, t := range d.Trials {
		if t.State == NotDecided {
			last = t.Reason
			continue
		}
		decided = append(decided, t.Outage)
		broke = append(broke, d.Hypothesis.broken(t.Outage)...)
	}
	if len(decided) > 0 {
		broke = append(broke, d.Hypothesis.brokenMedian(decided)...)
	}
	switch {
	case len(d.Trials) == 0:
		d.Reason = "no trial was made"
	case 2*len(decided) < len(d.Trials) || len(decided) == 0:
		d.Reason = last
	case len(broke) > 0:
		d.State, d.Reason = NotHeld, d.Hypothesis.only(broke)
	default:
		d.State = Held
	}
	if gap, ok := overTrials(d.gaps()); ok && d.Predicted != nil {
		inside := gap.Median >= d.Predicted.Low && gap.Median <= d.Predicted.High
		d.Inside = &inside
	}
}

// figures of the trials that were decided.
func (d *Drilled) figures(of func(Outage) (float64, bool)) []float64 {
	var out []float64
	for _, t := range d.Trials {
		if v, ok := of(t.Outage); ok && t.State != NotDecided {
			out = append(out, v)
		}
	}
	return out
}

func (d *Drilled) gaps() []float64 {
	return d.figures(func(o Outage) (float64, bool) { return o.Gap, true })
}

// Gap over the trials that were decided; false without any.
func (d *Drilled) Gap() (Spread, bool) { return overTrials(d.gaps()) }

// Lost requests, likewise.
func (d *Drilled) Lost() (Spread, bool) {
	return overTrials(d.figures(func(o Outage) (float64, bool) { return float64(o.Lost), true }))
}

// Recovered is the time until all was as before, over the trials in which it was.
func (d *Drilled) Recovered() (Spread, bool) {
	return overTrials(d.figures(func(o Outage) (float64, bool) {
		if o.Recovered == nil {
			return 0, false
		}
		return *o.Recovered, true
	}))
}

func overTrials(values []float64) (Spread, bool) {
	if len(values) == 0 {
		return Spread{}, false
	}
	return spread(values), true
}
