// SPDX-License-Identifier: MIT

package trial

import (
	"time"

	"systemlab/internal/record"
)

// The way of the generator's first word, at most. Beyond that the two ends don't
// read the same clock, or one was set; a word from the future is one, too, but two
// readings of one clock by two processes may be a little apart in a virtual machine.
const (
	wordEarly = 100 * time.Millisecond
	wordLate  = time.Second
)

// onThisClock turns the generator's zero into a moment of this process's
// monotonic clock. On one machine both read the same clock; a virtual machine's
// may be off, and then the message's arrival, now, is the better guess: ahead is
// by how much the generator's clock is ahead of ours, 0 where it was believed.
func onThisClock(zero, now time.Time) (start time.Time, ahead time.Duration) {
	ago := now.Round(0).Sub(zero)
	if ago < -wordEarly || ago > wordLate {
		return now, -ago
	}
	return now.Add(-ago), 0
}

// begin sets the zero of all that the run keeps.
func (t *trial) begin(zero, now time.Time) {
	t.zero = zero
	t.start, t.ahead = onThisClock(zero, now)
	t.steps.day = t.start
}

// steps holds the time of day against the clock that no one can set, which also
// stands still while a machine sleeps.
type steps struct {
	day time.Time // at the beginning
	far time.Duration
}

// look takes the time of day after so much of a run has passed. What is kept is
// the furthest that the two ever were apart: a clock that was set and set back
// misplaced what happened between.
func (s *steps) look(day time.Time, passed time.Duration) {
	if off := day.Round(0).Sub(s.day.Round(0)) - passed; off.Abs() > s.far.Abs() {
		s.far = off
	}
}

// timeOfDay of a moment. A test sets it, as it can't set the machine's.
var timeOfDay = func(now time.Time) time.Time { return now.Round(0) }

// watchClock looks at both clocks once more, in one reading: between two the process
// may have to wait for a core.
func (t *trial) watchClock() {
	now := time.Now()
	t.steps.look(timeOfDay(now), now.Sub(t.start))
}

// clocks is what was wrong with them. Less than a millisecond is between two readings.
func (t *trial) clocks() record.Clock {
	whole := func(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }
	return record.Clock{StepSeconds: whole(t.steps.far), AheadSeconds: whole(t.ahead), Remote: !t.Engine.Info().Local}
}
