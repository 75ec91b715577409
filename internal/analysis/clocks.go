// SPDX-License-Identifier: MIT

package analysis

import (
	"math"

	"systemlab/internal/record"
)

// stepSuspectSeconds is how far the time of day may move against the clock that no
// one can set. Slewing moves both alike (adjtimex), so what is left is reading one
// after the other; 50 ms is far beyond that, and little beside an outage.
const stepSuspectSeconds = 0.050

// step: windows and samples count on a clock that no one can set; what the engine
// tells has the time of day. Sleep, too, is counted by the time of day alone.
func (j *judge) step() {
	s := j.Clock.StepSeconds
	switch {
	case math.Abs(s) <= stepSuspectSeconds:
	case j.Clock.Remote:
		j.add(CheckClock, record.Valid, "events have the engine's time, whose clock is not watched from here",
			"this machine's clock was set by %+.2f s during the run, or the machine slept; the engine is on another", s)
	default:
		j.add(CheckClock, record.Suspect, "events may stand at wrong times against the load: repeat, and keep the machine awake",
			"the machine's clock was set by %+.2f s during the run, or the machine slept", s)
	}
}

// ahead: the generator's first word says when the load began. On one machine both
// ends read the same clock, so a word from the future, or one that took long,
// means a set clock or a stalled machine. Another machine may have another time:
// there the load is taken to begin when the word comes, which is a matter of its way.
func (j *judge) ahead() {
	s := j.Clock.AheadSeconds
	switch {
	case s == 0:
	case j.Clock.Remote:
		j.add(CheckClock, record.Valid, "samples are placed by when the generator's first word came: late by its way, a few ms at most on one desk",
			"the engine's clock is %+.2f s off this machine's", s)
	default:
		j.add(CheckClock, record.Suspect, "samples and events may stand at wrong times against the load: repeat",
			"the load began at %+.2f s from the moment its first word came: the clock was set just then, or the machine stalled", s)
	}
}
